package model

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Amount counts base units of a coin: satoshi on Bitcoin's networks. It is
// signed, so that differences can be written; values on a ledger are never
// negative. In JSON an Amount is a decimal string of base units, because some
// ledgers pass the 2^53 that JSON readers keep exact.
type Amount int64

// Coin is one whole coin in base units, the same on every network of this
// package.
const Coin Amount = 100_000_000

// MaxMoney is the largest amount that Bitcoin's consensus rules let an output
// hold: 21 million coins.
const MaxMoney = 21_000_000 * Coin

// String returns the amount in whole coins with all eight decimals, such as
// "0.35000000". It is exact.
func (a Amount) String() string {
	neg, u := "", uint64(a)
	if a < 0 {
		neg, u = "-", -uint64(a)
	}
	return fmt.Sprintf("%s%d.%08d", neg, u/uint64(Coin), u%uint64(Coin))
}

// ParseAmount reads an amount in whole coins: digits, and at most eight
// decimals after a point. It is exact: a ninth decimal is an error, even a
// zero, and so are exponents, signs other than a leading minus, and amounts
// that int64 cannot hold.
func ParseAmount(s string) (Amount, error) {
	body, neg := strings.CutPrefix(s, "-")
	whole, frac, point := strings.Cut(body, ".")
	if whole == "" || point && frac == "" {
		return 0, fmt.Errorf("amount %q: want digits, as in 0.35", clip(s))
	}
	if len(frac) > 8 {
		return 0, fmt.Errorf("amount %q: more than eight decimals", clip(s))
	}
	limit := uint64(math.MaxInt64)
	if neg {
		limit++
	}
	var v uint64
	for _, c := range []byte(whole + (frac + "00000000")[:8]) {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("amount %q: want digits, as in 0.35", clip(s))
		}
		if v > (limit-uint64(c-'0'))/10 {
			return 0, fmt.Errorf("amount %q: more than int64 holds", clip(s))
		}
		v = v*10 + uint64(c-'0')
	}
	if neg {
		return Amount(-v), nil
	}
	return Amount(v), nil
}

// MarshalJSON writes base units as a string: "35000000".
func (a Amount) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatInt(int64(a), 10) + `"`), nil
}

// UnmarshalJSON reads base units as a string. A JSON number is an error.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("amount: want a string of base units: %w", err)
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(v, 10) != s {
		return fmt.Errorf("amount: %q is not a whole number of base units", clip(s))
	}
	*a = Amount(v)
	return nil
}

// Add returns a+b; ok is false, and the sum 0, where int64 cannot hold it.
func (a Amount) Add(b Amount) (sum Amount, ok bool) {
	sum = a + b
	if (sum > a) != (b > 0) && b != 0 {
		return 0, false
	}
	return sum, true
}

// Sum adds amounts; ok is false, and the sum 0, where int64 cannot hold it at
// any step.
func Sum(as ...Amount) (sum Amount, ok bool) {
	for _, a := range as {
		if sum, ok = sum.Add(a); !ok {
			return 0, false
		}
	}
	return sum, true
}

// Share returns floor(a*num/den) by 128-bit arithmetic, for a, num >= 0 and
// den > 0; ok is false where the arguments are outside that or the quotient
// is more than int64 holds.
func (a Amount) Share(num, den int64) (part Amount, ok bool) {
	if a < 0 || num < 0 || den <= 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(num))
	if hi >= uint64(den) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(den))
	if q > math.MaxInt64 {
		return 0, false
	}
	return Amount(q), true
}
