package depaddr_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

var equal = cmp.Options{cmp.Comparer(model.Address.Equal), cmp.Comparer(model.Ref.Equal)}

// explorer is a ledger as an explorer shows it: no blocks to scan.
func explorer(f *ledger.File) sources.Set {
	l := f.Ledger
	return sources.Set{Txs: l, Spends: l, History: l, Labels: l}
}

// of returns the inferences of one entity.
func of(x *depaddr.Index, entity string) []depaddr.Inference {
	out := []depaddr.Inference{}
	for _, a := range x.All() {
		if model.SameEntity(a.Seed.Entity, entity) {
			out = append(out, a)
		}
	}
	return out
}

func expand(t testing.TB, f *ledger.File, src sources.Set, owner string, o depaddr.ExpandOptions) depaddr.Expansion {
	t.Helper()
	a, err := f.Address(owner)
	if err != nil {
		t.Fatal(err)
	}
	e, err := depaddr.Expand(context.Background(), src, f.Ledger.Network(), a, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestExpandAgreesWithIndex: on every ledger, what the index infers from the
// labels of an entity, an expansion infers from the best of them.
func TestExpandAgreesWithIndex(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ledger"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			x := index(t, f)
			for l, err := range f.Ledger.Find(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				a, _ := l.On.Address()
				if !l.Category.Custodial() || l.Confidence < model.Percent(50) || l.Role == model.RoleAccount || l.Role == model.RolePayout {
					if _, err := depaddr.Expand(t.Context(), explorer(f), f.Ledger.Network(), a, depaddr.ExpandOptions{}); err == nil {
						t.Errorf("the label %v %v serves as a seed", l.Entity, l.Role)
					}
					continue
				}
				e, err := depaddr.Expand(t.Context(), explorer(f), f.Ledger.Network(), a, depaddr.ExpandOptions{Depth: 64})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(lines(f, of(x, l.Entity)), lines(f, e.Inferred)); diff != "" {
					owner, _ := f.Owner(a)
					t.Errorf("from %s (-index +expansion)\n%s", owner, diff)
				}
				if len(e.Cut) > 0 {
					t.Errorf("cut: %v", e.Cut)
				}
			}
		})
	}
}

func TestExpandKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	x := index(t, f)
	for seed, entity := range map[string]string{"D1": "HashBazaar", "PH": "Portmere", "SK": "Skarn Cloud"} {
		e := expand(t, f, explorer(f), seed, depaddr.ExpandOptions{})
		if diff := cmp.Diff(of(x, entity), e.Inferred, equal); diff != "" {
			t.Errorf("from %s (-index +expansion)\n%s", seed, diff)
		}
		if len(e.Cut) > 0 {
			t.Errorf("from %s: cut %v", seed, e.Cut)
		}
	}
	// The labels are the caller's.
	src := explorer(f)
	src.Labels = nil
	e := expand(t, f, src, "D1", depaddr.ExpandOptions{Label: model.Label{Entity: "HashBazaar", Category: model.HashMarketplace}})
	if diff := cmp.Diff(lines(f, of(x, "HashBazaar")), lines(f, e.Inferred)); diff != "" {
		t.Errorf("with a label of the caller's (-want +got)\n%s", diff)
	}
	if c := e.Collectors(); len(c) != 1 || c[0].Label.Category != model.HashMarketplace || c[0].Label.Role != model.RoleCollector {
		t.Errorf("collectors: %v", lines(f, c))
	}
	// Another customer's address shows the same operator, without a name.
	a, _ := f.Address("olga")
	e = expand(t, f, src, "olga", depaddr.ExpandOptions{})
	got := lines(f, e.Inferred)
	want := []string{}
	for _, o := range []string{"D1", "D2", "D7", "pete", "ruth", "sven"} {
		want = append(want, o+" operator of "+a.String()+" co-spend deposit 0.81")
	}
	want = append(want, "H operator of "+a.String()+" collector collector 0.729")
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from olga (-want +got)\n%s", diff)
	}
}

// TestExpandBudgets: an expansion that a budget ends says so, and infers nothing
// that it would not infer without the budget, but that a role may be missing.
func TestExpandBudgets(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	budgets(t, f, "D1")
	budgets(t, f, "PH")
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f := heuristictest.Ledger(t, string(text))
		for l, err := range f.Ledger.Find(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if a, _ := l.On.Address(); l.Category == model.HashMarketplace || l.Role == model.RoleHot {
				owner, _ := f.Owner(a)
				budgets(t, f, owner)
			}
		}
	}
}

func budgets(t *testing.T, f *ledger.File, seed string) {
	full := expand(t, f, explorer(f), seed, depaddr.ExpandOptions{})
	whole := map[model.Address]depaddr.Inference{}
	for _, a := range full.Inferred {
		whole[a.Address] = a
	}
	check := func(o depaddr.ExpandOptions) {
		t.Helper()
		e := expand(t, f, explorer(f), seed, o)
		for _, a := range e.Inferred {
			w, ok := whole[a.Address]
			if !ok || a.Route != w.Route || a.Label.Confidence != w.Label.Confidence || a.Label.Role != w.Label.Role && a.Label.Role != "" {
				t.Errorf("%s from %s with %+v: %v, without budgets %v", f.Name, seed, o, a.Label, w.Label)
			}
		}
		if len(e.Inferred) < len(full.Inferred) && len(e.Cut) == 0 {
			t.Errorf("%s from %s with %+v: less is inferred, and nothing is said to be cut", f.Name, seed, o)
		}
		if o.Lookups > 0 && e.Lookups > o.Lookups || o.Addresses > 0 && e.Addresses > o.Addresses || o.Depth > 0 && e.Rounds > o.Depth {
			t.Errorf("%s from %s with %+v: %d look-ups, %d addresses, %d rounds", f.Name, seed, o, e.Lookups, e.Addresses, e.Rounds)
		}
	}
	for n := int64(1); n <= full.Lookups; n++ {
		check(depaddr.ExpandOptions{Lookups: n})
	}
	for n := 1; n <= full.Addresses; n++ {
		check(depaddr.ExpandOptions{Addresses: n})
	}
	for n := 1; n <= full.Rounds; n++ {
		check(depaddr.ExpandOptions{Depth: n})
	}
	for n := 1; n <= 6; n++ {
		check(depaddr.ExpandOptions{History: n})
	}
}

// failing refuses the history of one address.
type failing struct {
	sources.HistoryReader
	on  model.Address
	err error
}

func (h failing) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	if a == h.on {
		return func(yield func(*model.Tx, error) bool) { yield(nil, h.err) }
	}
	return h.HistoryReader.History(ctx, a, r)
}

func TestExpandWhereAHistoryFails(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(owner string, err error) sources.Set {
		a, _ := f.Address(owner)
		s := explorer(f)
		s.History = failing{s.History, a, err}
		return s
	}
	busy := &sources.Error{Source: "explorer", Op: "History", Key: "too many", Err: sources.ErrUnavailable}

	// The collector is too busy for the server: it is not inferred.
	e := expand(t, f, refuse("H", busy), "D1", depaddr.ExpandOptions{})
	if len(e.Collectors()) != 0 || len(e.Inferred) != 6 {
		t.Errorf("inferred: %v", lines(f, e.Inferred))
	}
	if h, _ := f.Address("H"); len(e.Cut) != 1 || e.Cut[0].Address != h || !strings.Contains(e.Cut[0].Why, "too many") {
		t.Errorf("cut: %v", e.Cut)
	}
	// A customer's address: its role is open.
	e = expand(t, f, refuse("olga", busy), "D1", depaddr.ExpandOptions{})
	if !slices.Contains(lines(f, e.Inferred), "olga HashBazaar co-spend - 0.81") {
		t.Errorf("inferred: %v", lines(f, e.Inferred))
	}
	// The seed itself, a chain that changes, and no histories at all.
	d1, _ := f.Address("D1")
	for _, v := range []struct {
		src  sources.Set
		want error
	}{
		{refuse("olga", &sources.Error{Source: "explorer", Op: "History", Err: sources.ErrReorg}), sources.ErrReorg},
		{sources.Set{Txs: f.Ledger}, sources.ErrUnavailable},
	} {
		if _, err := depaddr.Expand(t.Context(), v.src, model.Mainnet, d1, depaddr.ExpandOptions{}); !errors.Is(err, v.want) {
			t.Errorf("error %v, want %v", err, v.want)
		}
	}
	if _, err := depaddr.Expand(t.Context(), refuse("D1", busy), model.Mainnet, d1, depaddr.ExpandOptions{}); err == nil || !strings.Contains(err.Error(), d1.String()) {
		t.Errorf("the seed's history fails: error %v", err)
	}
}

func TestExpandIsDeterministic(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	for _, seed := range []string{"D1", "PH"} {
		a := expand(t, f, explorer(f), seed, depaddr.ExpandOptions{})
		for range 5 {
			if diff := cmp.Diff(a, expand(t, f, explorer(f), seed, depaddr.ExpandOptions{}), equal); diff != "" {
				t.Fatalf("(-first +again)\n%s", diff)
			}
		}
	}
}
