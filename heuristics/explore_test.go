package heuristics_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// An actor's coins go by two hops to a deposit address, which a sweep spends; a
// pool pays the actor; around it are transactions that have nothing to do with it.
const explored = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit
tx fund: new(np) => np 6
tx theft: new(victim) => k 0.9
tx payout: fund.0 => k2 0.05, m#1..35 0.01, np rest
tx peel: theft.0 => c1 0.3, c2 rest
tx order: peel.0 => d1 0.2, c3 rest
tx sweep: order.0 new(other) 0.3 => h rest
tx seller: sweep.0 => s 0.1, h rest
tx both: peel.1 payout.0 => x rest
tx away1: new(stranger) => stranger 1
tx away2: away1.0 => stranger#2 0.5, stranger#3 rest
tx onward: payout.3 => m#50 0.005, m#51 rest
`

func explore(t *testing.T, src sources.Set, f *ledger.File, o heuristics.ExploreOptions, owners ...string) *heuristics.Explored {
	t.Helper()
	var seeds []model.Ref
	for _, name := range owners {
		a, err := f.Address(name)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, model.RefAddress(a))
	}
	x, err := heuristics.Explore(t.Context(), src, seeds, o)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func names(f *ledger.File, x *heuristics.Explored) (out []string) {
	for _, tx := range x.Txs {
		n, _ := f.TxName(tx.ID)
		out = append(out, n)
	}
	return out
}

func cuts(x *heuristics.Explored) string {
	var s []string
	for _, c := range x.Cut {
		s = append(s, c.Why)
	}
	return strings.Join(s, "\n")
}

func TestExploreFollowsCoinsBothWays(t *testing.T) {
	f, err := ledger.Parse("explored", explored)
	if err != nil {
		t.Fatal(err)
	}
	x := explore(t, f.Ledger.Set(), f, heuristics.ExploreOptions{}, "k")
	// Forward to the deposit and the sweep that spends it, but not behind it, and
	// to where the actor's coins meet the payout's; strangers are left alone.
	if diff := cmp.Diff([]string{"theft", "peel", "order", "sweep", "both"}, names(f, x)); diff != "" {
		t.Errorf("gathered (-want +got):\n%s", diff)
	}
	if !strings.Contains(cuts(x), "paid to HashBazaar") {
		t.Errorf("cuts do not say where coins reached a service:\n%s", cuts(x))
	}
	// From the address that both meet in, back to the payout and its coins.
	x = explore(t, f.Ledger.Set(), f, heuristics.ExploreOptions{}, "x")
	if diff := cmp.Diff([]string{"fund", "theft", "payout", "peel", "both"}, names(f, x)); diff != "" {
		t.Errorf("gathered backward (-want +got):\n%s", diff)
	}
}

func TestExploreBounds(t *testing.T) {
	f, err := ledger.Parse("explored", explored)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		o    heuristics.ExploreOptions
		seed string
		want []string
		cut  string
	}{
		{"one hop", heuristics.ExploreOptions{Forward: 1}, "k", []string{"theft", "peel", "order", "both"}, "1 transactions away from a seed"},
		{"large coins only", heuristics.ExploreOptions{MinValue: model.Coin / 2}, "k", []string{"theft", "peel", "both"}, ""},
		{"fan-out", heuristics.ExploreOptions{}, "np", []string{"fund", "payout"}, "37 outputs"},
		{"one look-up", heuristics.ExploreOptions{Lookups: 1}, "k", nil, "budget"},
		{"five look-ups", heuristics.ExploreOptions{Lookups: 5}, "k", []string{"theft", "peel", "both"}, "budget"},
		{"history", heuristics.ExploreOptions{History: 1, Forward: 1}, "k", []string{"theft"}, "more than 1 transactions"},
		{"stopped", heuristics.ExploreOptions{Stop: func(tx *model.Tx) string { return "enough" }}, "k", []string{"theft", "peel"}, "enough"},
		{"unknown address", heuristics.ExploreOptions{}, "nobody", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := explore(t, f.Ledger.Set(), f, c.o, c.seed)
			if diff := cmp.Diff(c.want, names(f, x)); diff != "" {
				t.Errorf("gathered (-want +got):\n%s", diff)
			}
			if !strings.Contains(cuts(x), c.cut) {
				t.Errorf("cuts do not say %q:\n%s", c.cut, cuts(x))
			}
			if c.o.Lookups != 0 && x.Lookups > c.o.Lookups {
				t.Errorf("%d look-ups, more than %d", x.Lookups, c.o.Lookups)
			}
		})
	}
}

func TestExploreIsTheSameTwice(t *testing.T) {
	f, err := ledger.Parse("explored", explored)
	if err != nil {
		t.Fatal(err)
	}
	a := explore(t, f.Ledger.Set(), f, heuristics.ExploreOptions{Lookups: 9}, "k", "k2", "np")
	b := explore(t, f.Ledger.Set().Wrap(sources.Cache(sources.CacheOptions{})), f, heuristics.ExploreOptions{Lookups: 9}, "np", "k2", "k", "k")
	if diff := cmp.Diff(names(f, a), names(f, b)); diff != "" || !slices.Equal(a.Cut, b.Cut) || a.Lookups != b.Lookups {
		t.Errorf("the order of seeds or a cache makes a difference:\n%s\n%v\n%v", diff, a.Cut, b.Cut)
	}
}

func TestExploreLacks(t *testing.T) {
	f, err := ledger.Parse("explored", explored)
	if err != nil {
		t.Fatal(err)
	}
	whole := f.Ledger.Set()
	if _, err := heuristics.Explore(t.Context(), sources.Set{}, nil, heuristics.ExploreOptions{}); !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("without transactions: %v", err)
	}
	blind := whole
	blind.History = nil
	if x := explore(t, blind, f, heuristics.ExploreOptions{}, "k"); len(x.Txs) != 0 || !strings.Contains(cuts(x), "no source has histories") {
		t.Errorf("without histories: %v, cuts %s", names(f, x), cuts(x))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, _ := f.Address("k")
	if _, err := heuristics.Explore(ctx, whole, []model.Ref{model.RefAddress(a)}, heuristics.ExploreOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	busy := whole.Wrap(sources.Inject(func(op, key string) error {
		if op == "History" && strings.Contains(key, a.String()) {
			return &sources.Error{Source: "test", Op: op, Key: key, Err: sources.ErrUnavailable}
		}
		return nil
	}))
	if x := explore(t, busy, f, heuristics.ExploreOptions{}, "k"); !strings.Contains(cuts(x), "unavailable") {
		t.Errorf("a refused history is not told: %s", cuts(x))
	}
}

func TestSessionOverWhatWasExplored(t *testing.T) {
	f, err := ledger.Parse("explored", explored)
	if err != nil {
		t.Fatal(err)
	}
	src := f.Ledger.Set()
	x := explore(t, src, f, heuristics.ExploreOptions{}, "k")
	indexed := 0
	h := &heuristics.Heuristic{
		Name: "seen", Doc: "transactions that are seen", Version: 1, Subjects: []model.RefKind{model.KindTx},
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			for _, err := range s.Txs(ctx) {
				if err != nil {
					return nil, err
				}
				indexed++
			}
			return indexed, nil
		},
		Run: func(context.Context, *heuristics.Pass) (any, error) { return 1, nil },
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{h}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{Explored: x})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
	}
	c := s.Coverage()
	if indexed != len(x.Txs) || c.Txs != int64(len(x.Txs)) || c.Explored == nil || len(c.Explored.Cut) == 0 || c.Explored.Txs != len(x.Txs) {
		t.Errorf("%d gathered, %d indexed, coverage %+v", len(x.Txs), indexed, c)
	}
}
