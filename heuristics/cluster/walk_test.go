package cluster_test

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const walked = `
	coinbase cb: => miner rest
	tx a: new(x) 4 unknown => y 1, data "note", x 2
	tx b: a.0 a.2 fee=0 => z rest
`

// walker returns a heuristic whose index goes through the scope beside a walk, with
// what to do about each transaction.
func walker(f func(x *cluster.Index, tx *model.Tx, ins, outs []uint32)) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: "walker", Version: 1, Doc: "walks", Requires: []*heuristics.Heuristic{cluster.Heuristic},
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			w := cluster.WalkOf(s)
			for tx, err := range s.Txs(ctx) {
				if err != nil {
					return nil, err
				}
				ins, outs, err := w.Next(tx)
				if err != nil {
					return nil, err
				}
				f(cluster.Of(s), tx, ins, outs)
			}
			return nil, nil
		},
	}
}

// The walk tells the ids that the clusters' index would tell.
func TestWalk(t *testing.T) {
	txs, none := 0, 0
	h := walker(func(x *cluster.Index, tx *model.Tx, ins, outs []uint32) {
		txs++
		if len(ins) != len(tx.Inputs) || len(outs) != len(tx.Outputs) {
			t.Fatalf("%d and %d ids for %d inputs and %d outputs", len(ins), len(outs), len(tx.Inputs), len(tx.Outputs))
		}
		check := func(id uint32, a model.Address) {
			want, ok := x.ID(a)
			if !ok {
				want = cluster.None
				none++
			}
			if id != want {
				t.Errorf("%v has the id %d, the walk says %d", a, want, id)
			}
		}
		for i := range ins {
			check(ins[i], tx.Inputs[i].Owner)
		}
		for i := range outs {
			check(outs[i], tx.Outputs[i].Owner)
		}
	})
	heuristictest.Open(t, heuristictest.Ledger(t, walked), heuristics.Scope{}, h)
	// The coinbase's input, the unknown one and the note.
	if txs < 3 || none < 3 {
		t.Errorf("%d transactions, %d without an address", txs, none)
	}
}

// later leaves a transaction out of every reading but the first ones.
type later struct {
	sources.BlockReader
	drop  model.TxID
	reads *int
}

func (l later) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	*l.reads++
	n := *l.reads
	return func(yield func(*model.Block, error) bool) {
		for b, err := range l.BlockReader.Blocks(ctx, r) {
			if err == nil && n > 1 {
				c := *b
				c.Txs = nil
				for _, tx := range b.Txs {
					if tx.ID != l.drop {
						c.Txs = append(c.Txs, tx)
					}
				}
				b = &c
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// A source that tells another story the next time is found out.
func TestWalkBesideAChangedSource(t *testing.T) {
	f := heuristictest.Ledger(t, walked)
	id, _ := f.Tx("a")
	reads := 0
	src := f.Ledger.Set()
	src.Blocks = later{src.Blocks, id, &reads}
	e, err := heuristics.New(src, []*heuristics.Heuristic{walker(func(*cluster.Index, *model.Tx, []uint32, []uint32) {})}, heuristics.Options{Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(t.Context(), heuristics.Scope{}); err == nil || !strings.Contains(err.Error(), "the source has changed") {
		t.Errorf("%v after %d readings", err, reads)
	}
}
