package coinjoin_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin"
	"github.com/goldwash/goldwash/heuristics/coinjoin/internal/mixtest"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, coinjoin.Heuristic, "testdata/*.ledger") }

// transactions serves single transactions, of no chain.
type transactions map[model.TxID]*model.Tx

func (m transactions) Txs(_ context.Context, ids []model.TxID) ([]*model.Tx, error) {
	txs := make([]*model.Tx, len(ids))
	for i, id := range ids {
		txs[i] = m[id]
	}
	return txs, nil
}

// Every finding about the real transactions is valid, names what the shape
// names, and keeps to its bound.
func TestRealCoinJoins(t *testing.T) {
	bound := map[string]model.Probability{
		"coinjoin/whirlpool": model.Percent(60), "coinjoin/wasabi1": model.Percent(70), "coinjoin/wasabi2": model.Percent(60),
		"coinjoin/joinmarket": model.Percent(49), "coinjoin/premix": model.Percent(60),
	}
	for _, c := range []struct {
		file   string
		height int32
		want   map[string]int
	}{
		{"whirlpool-2024-03.txt.gz", 834_000, map[string]int{"coinjoin/whirlpool": 1403}},
		{"whirlpool-tx0-2024-03.txt.gz", 834_000, map[string]int{"coinjoin/premix": 749, "coinjoin/whirlpool": 151}},
		{"wasabi1.txt.gz", 697_000, map[string]int{"coinjoin/wasabi1": 196}},
		{"wasabi1.txt.gz", 0, map[string]int{"coinjoin/wasabi1": 196}},
		{"wasabi1-postmix.txt.gz", 0, map[string]int{"coinjoin/joinmarket": 10}},
		{"joinmarket-false-positives.txt.gz", 0, map[string]int{"coinjoin/joinmarket": 6}},
	} {
		t.Run(fmt.Sprint(c.file, " at ", c.height), func(t *testing.T) {
			m := transactions{}
			var refs []model.Ref
			for _, tx := range mixtest.Read(t, c.file) {
				if c.height > 0 {
					tx = mixtest.At(tx, c.height)
				}
				m[tx.ID] = tx
				refs = append(refs, model.RefTx(tx.ID))
			}
			eng, err := heuristics.New(sources.Of(m), []*heuristics.Heuristic{coinjoin.Heuristic}, heuristics.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := eng.Open(t.Context(), heuristics.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for f, err := range s.Run(t.Context(), heuristics.Refs(refs...)) {
				if err != nil {
					t.Fatal(err)
				}
				got[f.Kind]++
				if f.Score.Probability > bound[f.Kind] {
					t.Errorf("%s: probability %v", f.Claim, f.Score.Probability)
				}
			}
			for k, n := range c.want {
				if got[k] != n {
					t.Errorf("%d findings of kind %s, want %d", got[k], k, n)
				}
				delete(got, k)
			}
			if len(got) > 0 {
				t.Errorf("other findings: %v", got)
			}
		})
	}
}

// Parameters given to the shape hold for the claim.
func TestOtherParameters(t *testing.T) {
	p := shape.DefaultParams()
	p.Whirlpool.Pools = append(p.Whirlpool.Pools, shape.Pool{Denomination: 4_000_000})
	f := heuristictest.Ledger(t, "tx mix: new(a) 0.04 new(b) 0.04 new(c) 0.04000302 new(d) 0.04000302 new(e) 0.04000302 => m#1..5 0.04")
	for _, c := range []struct {
		hs   []*heuristics.Heuristic
		want int
	}{{[]*heuristics.Heuristic{coinjoin.Heuristic}, 0}, {[]*heuristics.Heuristic{coinjoin.Heuristic, shape.New(p)}, 1}} {
		if got := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, c.hs...)); len(got) != c.want {
			t.Errorf("%d findings, want %d: %v", len(got), c.want, got)
		}
	}
}
