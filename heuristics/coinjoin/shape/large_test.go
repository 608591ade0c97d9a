package shape_test

import (
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// Twenty thousand inputs and outputs, in forms that come far in the rules, are
// judged in a moment.
func TestLargeTransactions(t *testing.T) {
	build := func(n int, value func(int) model.Amount) *model.Tx {
		tx := &model.Tx{ID: model.TxID{1}, Block: model.BlockRef{Height: 800_000, Known: model.KnownHeight}}
		owner := func(kind byte, i int) model.Address {
			script := append([]byte{0, 20, kind, byte(i), byte(i >> 8), byte(i >> 16)}, make([]byte, 16)...)
			return model.AddressOf(script, model.Mainnet)
		}
		for i := range n {
			tx.Inputs = append(tx.Inputs, model.Input{Prev: model.Outpoint{Tx: model.TxID{2}, Vout: uint32(i)}, Owner: owner(1, i), OwnerBy: model.OwnerPrevout, Value: model.Amount(10_000_000_000 - i), ValueKnown: true})
			tx.Outputs = append(tx.Outputs, model.Output{Value: value(i), Owner: owner(2, i)})
		}
		return tx
	}
	for name, value := range map[string]func(int) model.Amount{
		"equal":     func(int) model.Amount { return 10_000_000 },
		"different": func(i int) model.Amount { return model.Amount(9_000_000_000 - i) },
		"pairs":     func(i int) model.Amount { return model.Amount(9_000_000_000 - i/2) },
		"powers":    func(i int) model.Amount { return 1 << (33 - i/1000) },
	} {
		took := func(n int) time.Duration {
			tx := build(n, value)
			start := time.Now()
			shape.Classify(tx, shape.DefaultParams())
			return time.Since(start)
		}
		if small, big := took(2_000), took(20_000); big > 50*small+time.Second {
			t.Errorf("%s: ten times the outputs take %v, and %v before", name, big, small)
		} else {
			t.Logf("%s: %v, %v", name, small, big)
		}
	}
}
