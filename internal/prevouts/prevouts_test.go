package prevouts_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/prevouts"
	"github.com/goldwash/goldwash/model"
)

// Parents are read once each, as far as the limit reaches, and none for an input
// that is settled and of known value.
func TestInputs(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx a: new(x) 3 => a 1, b 2
tx c: new(y) 3 => c 3
tx joined: a.0 a.1 c.0 => d rest
`)
	joined, _ := f.Tx("joined")
	ask := func(limit int, settled ...string) (got []string, lookups int) {
		probe := &heuristics.Heuristic{
			Name: "probe", Doc: "what is spent", Version: 1, Subjects: []model.RefKind{model.KindTx},
			Run: func(ctx context.Context, p *heuristics.Pass) (any, error) {
				tx, err := p.Tx(ctx)
				if err != nil {
					return nil, err
				}
				calls := 0
				list, n, err := prevouts.Search{By: "probe", Name: "search", Limit: limit, Settle: func(list []prevouts.Input) error {
					calls++
					for i := range list {
						for _, s := range settled {
							a, _ := f.Address(s)
							list[i].Settled = list[i].Settled || list[i].Owner == a
						}
					}
					return nil
				}}.Inputs(ctx, p, tx)
				if err != nil {
					return nil, err
				}
				if calls != 2 {
					t.Errorf("settled %d times, want before and after the look-ups", calls)
				}
				for _, in := range list {
					s := in.Value.String()
					switch {
					case in.Unread:
						s += " unread"
					case in.Parent != nil:
						name, _ := f.TxName(in.Parent.ID)
						s += " of " + name
					}
					got = append(got, s)
				}
				lookups = n
				return nil, heuristics.ErrSkip
			},
		}
		s := heuristictest.Open(t, f, heuristics.Scope{}, probe)
		if _, _, err := heuristics.Eval[*int](t.Context(), s, probe, model.RefTx(joined)); !errors.Is(err, heuristics.ErrSkip) {
			t.Fatal(err)
		}
		return got, lookups
	}
	for _, c := range []struct {
		name    string
		limit   int
		settled []string
		want    []string
		lookups int
	}{
		{"all", 9, nil, []string{"1.00000000 of a", "2.00000000 of a", "3.00000000 of c"}, 2},
		{"the limit", 1, nil, []string{"1.00000000 of a", "2.00000000 of a", "3.00000000 unread"}, 1},
		{"one output of the two is settled", 9, []string{"a"}, []string{"1.00000000 of a", "2.00000000 of a", "3.00000000 of c"}, 2},
		{"all of a transaction", 9, []string{"a", "b"}, []string{"1.00000000 unread", "2.00000000 unread", "3.00000000 of c"}, 1},
	} {
		got, lookups := ask(c.limit, c.settled...)
		if diff := cmp.Diff(c.want, got); diff != "" || lookups != c.lookups {
			t.Errorf("%s: %d look-ups, want %d (-want +got)\n%s", c.name, lookups, c.lookups, diff)
		}
	}
}
