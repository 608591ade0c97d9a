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
// labels of an entity, expansions infer from these labels, and nothing else.
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
			serves := func(l model.Label) bool {
				return l.Category.Custodial() && l.Confidence >= model.Percent(50) && l.Role != model.RoleAccount && l.Role != model.RolePayout
			}
			got := []string{}
			for l, err := range f.Ledger.Find(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				a, _ := l.On.Address()
				e, err := depaddr.Expand(t.Context(), explorer(f), f.Ledger.Network(), a, depaddr.ExpandOptions{Depth: 64})
				ls, _ := f.Ledger.Labels(t.Context(), []model.Ref{l.On})
				if ok := slices.ContainsFunc(ls[0], serves); ok != (err == nil) {
					t.Errorf("the label %v %v %v: error %v", l.Entity, l.Category, l.Role, err)
				}
				if len(e.Cut) > 0 {
					t.Errorf("cut: %v", e.Cut)
				}
				got = append(got, lines(f, e.Inferred)...)
			}
			slices.Sort(got)
			if diff := cmp.Diff(lines(f, index(t, f).All()), slices.Compact(got)); diff != "" {
				t.Errorf("(-index +expansions)\n%s", diff)
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

// bare is a source whose histories tell neither values nor owners of inputs.
type bare struct{ sources.HistoryReader }

func (h bare) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		for tx, err := range h.HistoryReader.History(ctx, a, r) {
			if err == nil && !tx.Coinbase() {
				t := *tx
				t.Inputs = slices.Clone(tx.Inputs)
				for i := range t.Inputs {
					t.Inputs[i].Value, t.Inputs[i].ValueKnown, t.Inputs[i].Owner, t.Inputs[i].OwnerBy = 0, false, model.Address{}, model.OwnerUnknown
				}
				tx = &t
			}
			if !yield(tx, err) {
				return
			}
		}
	}
}

// TestExpandOfBareHistories: owners that a history leaves open are looked up;
// where nothing tells them, nobody is joined, and the result says so.
func TestExpandOfBareHistories(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit
tx w: new(x) => ann 1, bea 1
tx f1: w.0 => d1 0.35, ann 0.65
tx f2: w.1 => d2 0.25, bea 0.75
tx s: f1.0 f2.0 => col 0.6`)
	src := explorer(f)
	src.History = bare{src.History}
	e := expand(t, f, src, "d1", depaddr.ExpandOptions{})
	if diff := cmp.Diff([]string{"d2 HashBazaar co-spend deposit 0.81"}, lines(f, e.Inferred)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	src.Txs = nil
	e = expand(t, f, src, "d1", depaddr.ExpandOptions{})
	said := slices.ContainsFunc(e.Unseen, func(s string) bool { return strings.HasPrefix(s, "inputs of which the owner is not known: 3") })
	if len(e.Inferred) != 0 || !said {
		t.Errorf("inferred %v, unseen %q", lines(f, e.Inferred), e.Unseen)
	}
}

func TestExpandRefuses(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Thief: addr(k) category=actor
tx s: new(a) 1 new(b) 1 => k 2`)
	a, _ := f.Address("a")
	k, _ := f.Address("k")
	label := func(c model.Category, p model.Probability) depaddr.ExpandOptions {
		return depaddr.ExpandOptions{Label: model.Label{Entity: "X", Category: c, Confidence: p}}
	}
	for name, v := range map[string]struct {
		net  model.Network
		seed model.Address
		o    depaddr.ExpandOptions
	}{
		"an actor":            {model.Mainnet, k, depaddr.ExpandOptions{}},
		"a label of an actor": {model.Mainnet, a, label(model.Actor, model.Percent(90))},
		"a weak label":        {model.Mainnet, a, label(model.Exchange, model.Percent(40))},
		"another network":     {model.Testnet3, a, depaddr.ExpandOptions{}},
		"no address":          {model.Mainnet, model.Address{}, depaddr.ExpandOptions{}},
		"negative budget":     {model.Mainnet, a, depaddr.ExpandOptions{Lookups: -1}},
	} {
		if _, err := depaddr.Expand(t.Context(), explorer(f), v.net, v.seed, v.o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// Nobody ever paid or spent the address: nothing is inferred, and said.
	e := expand(t, f, explorer(f), "nobody", depaddr.ExpandOptions{})
	if len(e.Inferred) != 0 || e.Lookups != 1 || !slices.Contains(e.Unseen, "any transaction of the seed: its history is empty") {
		t.Errorf("%+v", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := depaddr.Expand(ctx, explorer(f), model.Mainnet, a, depaddr.ExpandOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

// TestExpandNeverInventsACollector: where a deposit address was not read, what it
// paid is not known, and a share of all that was paid out cannot be told.
func TestExpandNeverInventsACollector(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit
tx f: new(x) => d1 1, d2 1
tx w1: f.0 f.1 => customer 2
tx g: new(x) => d1 1, d2 1
tx w2: g.0 g.1 => customer 2
tx h: new(x) => d2 0.1, d3 0.1
tx w3: h.0 h.1 => somebody 0.2
tx i: new(x) => d3 5, d4 5
tx w4: i.0 i.1 => another 10`)
	if e := expand(t, f, explorer(f), "d1", depaddr.ExpandOptions{}); len(e.Collectors()) != 0 {
		t.Errorf("with all histories: %v", lines(f, e.Inferred))
	}
	d3, _ := f.Address("d3")
	src := explorer(f)
	src.History = failing{src.History, d3, &sources.Error{Source: "explorer", Op: "History", Err: sources.ErrUnavailable}}
	if e := expand(t, f, src, "d1", depaddr.ExpandOptions{}); len(e.Collectors()) != 0 || len(e.Cut) != 1 {
		t.Errorf("without d3's: %v, cut %v", lines(f, e.Inferred), e.Cut)
	}
}
