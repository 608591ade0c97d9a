package heuristictest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

func FuzzPayments(f *testing.F) { Fuzz(f, payments()) }

// Whatever the bytes say, the ledger that comes out is one.
func TestMutantsAreLedgers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	f := Ledger(t, seed)
	plain, err := mutate(f.Ledger, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain.AppendBlocks(nil), f.Ledger.AppendBlocks(nil)) {
		t.Error("no bytes change the chain")
	}
	differ := 0
	for range 500 {
		ops := make([]byte, r.IntN(200))
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		m, err := mutate(f.Ledger, ops)
		if err != nil {
			t.Fatalf("%x: %v", ops, err)
		}
		if !bytes.Equal(m.AppendBlocks(nil), plain.AppendBlocks(nil)) {
			differ++
		}
	}
	if differ < 400 {
		t.Errorf("%d of 500 mutants differ from their parent", differ)
	}
}

// A heuristic that stumbles over what is rare in ledgers by hand is caught.
func TestFuzzFindsMistakes(t *testing.T) {
	f := Ledger(t, seed)
	for name, h := range map[string]*heuristics.Heuristic{
		"panics on a value that is not known": counting(func(_ int64, tx *model.Tx, p *heuristics.Pass) (any, error) {
			if !tx.Inputs[0].ValueKnown {
				panic("no value")
			}
			return nil, nil
		}),
		"fails on many outputs": counting(func(_ int64, tx *model.Tx, p *heuristics.Pass) (any, error) {
			if len(tx.Outputs) > 60 {
				p.Report(model.Finding{Kind: "payment", Subject: p.Subject})
			}
			return nil, nil
		}),
		"counts on spends": with(payments(), func(h *heuristics.Heuristic) { h.Run = panicsWithoutSpends }),
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, 2))
			for range 300 {
				ops := make([]byte, 60)
				for i := range ops {
					ops[i] = byte(r.Uint32())
				}
				m, err := mutate(f.Ledger, ops)
				if err != nil {
					t.Fatal(err)
				}
				var rec recorder
				c := &checker{reporter: &rec, h: h, f: &ledger.File{Name: "fuzz", Ledger: m}}
				c.fuzz(lacking(m.Set(), 0, sources.Capability(r.Uint32())), 0)
				if len(rec.msgs) > 0 {
					return
				}
			}
			t.Error("not caught by 300 mutants")
		})
	}
}
