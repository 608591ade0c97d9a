package beneficiary

import (
	"fmt"
	"math/big"

	"github.com/goldwash/goldwash/model"
)

// HashRate is a rate of hashing in GH/s: 10^9 hashes a second. 0 stands for an
// unknown one.
type HashRate uint64

var units = [...]string{"GH/s", "TH/s", "PH/s", "EH/s", "ZH/s"}

// String returns two digits at most of what is below 100 of a unit, all of what
// is above: "21 PH/s", "4.2 TH/s"; "unknown" for 0.
func (h HashRate) String() string {
	if h == 0 {
		return "unknown"
	}
	whole, rest, unit := uint64(h), uint64(0), 0
	for whole >= 1000 && unit < len(units)-1 {
		whole, rest, unit = whole/1000, whole%1000, unit+1
	}
	switch {
	case whole < 10 && unit > 0:
		tenths := (whole*1000 + rest + 50) / 100
		if tenths >= 100 {
			return fmt.Sprintf("10 %s", units[unit])
		}
		return fmt.Sprintf("%d.%d %s", tenths/10, tenths%10, units[unit])
	case rest >= 500:
		whole++
	}
	if whole == 1000 && unit < len(units)-1 {
		return "1.0 " + units[unit+1]
	}
	return fmt.Sprintf("%d %s", whole, units[unit])
}

// Implied returns the hash rate that earns an amount in so many seconds at the
// difficulty of a block and the subsidy of its height, without fees, luck and the
// pool's fee: hashes = amount / subsidy x difficulty x 2^32. It is 0 where the
// height or the difficulty is unknown, or no time passed.
func Implied(a model.Amount, seconds int64, at model.BlockRef, net model.Network) HashRate {
	d, ok := at.Difficulty()
	if !ok || d == 0 || a <= 0 || seconds <= 0 || !at.Has(model.KnownHeight) {
		return 0
	}
	subsidy := net.Subsidy(at.Height)
	if subsidy <= 0 {
		return 0
	}
	n := new(big.Int).SetUint64(uint64(a))
	n.Mul(n, new(big.Int).SetUint64(d)).Lsh(n, 32)
	m := new(big.Int).SetUint64(uint64(subsidy))
	m.Mul(m, big.NewInt(seconds)).Mul(m, big.NewInt(1_000_000_000))
	half := new(big.Int).Rsh(m, 1)
	if n.Add(n, half).Quo(n, m); !n.IsUint64() {
		return 0
	}
	return HashRate(n.Uint64())
}
