package payout

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// Members and a custodian's customers are paid; the pool's own outputs are not, nor
// what is too small, nor an output that is not there. A transaction that is no
// payout pays nobody.
func TestPaid(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Northpool: addr(np) category=mining_pool role=payout confidence=0.95
label Portmere: addr(px) category=exchange role=deposit source="list"
tx pay: new(np) 15 => m#1 0.0411, m#2 0.0523, np 1.10001, px 0.03101, m#3 20_000sat, m#4 0.0633, m#5 0.0744, x rest
tx other: new(y) 1 => x#1 0.3, y rest
`)
	type result struct {
		Pool string
		Paid []int
	}
	probe := &heuristics.Heuristic{
		Name: "probe", Doc: "what is paid", Version: 1, Subjects: []model.RefKind{model.KindTx},
		Requires: []*heuristics.Heuristic{Heuristic},
		Run: func(ctx context.Context, p *heuristics.Pass) (any, error) {
			tx, err := p.Tx(ctx)
			if err != nil {
				return nil, err
			}
			out, paid, err := Paid(ctx, p, tx.ID, []int{6, 0, 2, 3, 4, 99})
			if out == nil {
				return &result{Paid: paid}, err
			}
			return &result{out.Payer.Pool, paid}, err
		},
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, probe)
	for name, want := range map[string]*result{"pay": {"Northpool", []int{6, 0, 3}}, "other": {}} {
		got, _, err := heuristics.Eval[*result](t.Context(), s, probe, model.RefTx(txOf(t, f, name).ID))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
