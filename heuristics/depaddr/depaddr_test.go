package depaddr_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
)

// TestDEP1 is the payee's half of vector DEP-1: an address that is swept together
// with a labelled one of confidence 0.5 has 0.45.
func TestDEP1(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(X) category=hash_marketplace role=deposit confidence=0.5
label Thief: addr(A) category=actor confidence=0.7
tx t0: new(V) => A 60_015_000sat
tx t1: t0.0 => X 35_000_000sat, B 25_005_000sat
tx t2: t1.1 => Y 25_000_000sat
tx t3: t1.0 t2.0 => Z rest`)
	x := index(t, f)
	if diff := cmp.Diff([]string{"Y HashBazaar co-spend deposit 0.45"}, lines(f, x.All())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	y, _ := f.Address("Y")
	got, _ := x.Inferred(y)
	t3, _ := f.Tx("t3")
	if got.Sweeps != 1 || len(got.First) != 1 || got.First[0].Tx != t3 {
		t.Errorf("the sweeps are %v, want t3", got.First)
	}
	// What the label comes from is told, so that nobody takes it for a second
	// opinion.
	want := []string{"depaddr", "route: co-spend", "label: ", model.RefTx(t3).String()}
	if len(got.Label.Derivation) != len(want) {
		t.Fatalf("derivation %q", got.Label.Derivation)
	}
	for i, w := range want {
		if !strings.HasPrefix(got.Label.Derivation[i], w) {
			t.Errorf("derivation %q, want %q", got.Label.Derivation[i], w)
		}
	}
}

// TestDerivedLabelsAreSeen: what is looked up later has the derived labels, with
// what they come from, and so do filters.
func TestDerivedLabelsAreSeen(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	var ran []string
	reader := &heuristics.Heuristic{
		Name: "reader", Doc: "reads labels", Version: 1, Requires: []*heuristics.Heuristic{depaddr.Heuristic},
		Subjects: []model.RefKind{model.KindTx},
		Select:   []model.Filter{{NotCoinbase: true, Pays: []model.Category{model.HashMarketplace}}},
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			for l, err := range s.Find(ctx, model.HashMarketplace) {
				if err != nil {
					return nil, err
				}
				a, _ := l.On.Address()
				owner, _ := f.Owner(a)
				found = append(found, fmt.Sprintf("%s %s %v", owner, l.Source, len(l.Derivation) > 0))
			}
			return nil, nil
		},
		Run: func(_ context.Context, p *heuristics.Pass) (any, error) {
			id, _ := p.Subject.Tx()
			name, _ := f.TxName(id)
			ran = append(ran, name)
			return nil, heuristics.ErrSkip
		},
	}
	heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, reader))
	slices.Sort(found)
	want := []string{
		"D1 own test deposit false", "D2 depaddr true", "D7 depaddr true", "H depaddr true",
		"olga depaddr true", "pete depaddr true", "ruth depaddr true", "sven depaddr true",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("labels (-want +got)\n%s", diff)
	}
	slices.Sort(ran)
	if diff := cmp.Diff([]string{"olga1", "pete1", "t14", "t17", "t18", "t18a", "t20", "t20r", "t21", "t21a", "t21b", "t4", "t6", "t7", "t8"}, ran); diff != "" {
		t.Errorf("transactions that pay the marketplace (-want +got)\n%s", diff)
	}
}

func TestFindingsOfKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, depaddr.Heuristic))
	var got []string
	for _, g := range fs {
		got = append(got, g.Claim+" "+g.Score.Probability.String())
	}
	slices.Sort(got)
	name := func(owner string) string { a, _ := f.Address(owner); return a.String() }
	want := []string{
		"2 addresses belong to the operator of " + name("PH") + ", given that its label, Portmere (exchange), is right: inferred 0 by co-spending, 2 by behaviour, 0 as a collector. 0.695649",
		"7 addresses belong to the operator of " + name("D1") + ", given that its label, HashBazaar (hash_marketplace), is right: inferred 6 by co-spending, 0 by behaviour, 1 as a collector. 0.729",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// marketplace is a service with so many customers, each paid and swept several
// times, in sweeps that overlap.
func marketplace(customers, sweeps int) string {
	var b strings.Builder
	b.WriteString("label Bazaar: addr(d#1) category=hash_marketplace role=deposit\n")
	for s := range sweeps {
		var ins []string
		for i := range customers {
			if (i+s)%3 == 0 {
				continue
			}
			fmt.Fprintf(&b, "tx f%d-%d: new(w#%d) => d#%d 0.1\n", s, i, i+1, i+1)
			ins = append(ins, fmt.Sprintf("f%d-%d.0", s, i))
		}
		fmt.Fprintf(&b, "tx s%d: %s => col rest\n", s, strings.Join(ins, " "))
	}
	return b.String()
}

// TestCaps: a finding lists so many addresses, and says how many there are.
func TestCaps(t *testing.T) {
	f := heuristictest.Ledger(t, marketplace(40, 3))
	p := depaddr.DefaultParams()
	p.MaxParts, p.MaxSweeps = 7, 1
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, depaddr.New(p)))
	if len(fs) != 1 || len(fs[0].Parts) != 7 || !strings.HasPrefix(fs[0].Claim, "40 addresses belong") {
		t.Fatalf("%d findings: %v", len(fs), fs)
	}
	if !slices.Contains(fs[0].Unseen, "33 of 40 addresses are not listed here; the index has them all") {
		t.Errorf("unseen: %q", fs[0].Unseen)
	}
	for _, a := range index(t, f).All() {
		if a.Label.Role == model.RoleDeposit && (a.Sweeps != 2 || len(a.First) != 2) {
			t.Errorf("%v: %d sweeps, %d listed", a.Address, a.Sweeps, len(a.First))
		}
	}
}

func TestParametersAreListed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range depaddr.DefaultParams().Parameters() {
		if seen[p.Name] || p.Value == "" || p.Origin == "" {
			t.Errorf("parameter %+v", p)
		}
		seen[p.Name] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d parameters, want one for each field", len(seen))
	}
}

func BenchmarkIndex(b *testing.B) {
	f := heuristictest.Ledger(b, marketplace(2_000, 4))
	b.ReportAllocs()
	for b.Loop() {
		if n := len(index(b, f).All()); n != 2_000 {
			b.Fatalf("%d inferred", n)
		}
	}
}

// BenchmarkExpand prints the look-ups that an inferred address costs.
func BenchmarkExpand(b *testing.B) {
	f := heuristictest.Ledger(b, marketplace(200, 4))
	b.ReportAllocs()
	var e depaddr.Expansion
	for b.Loop() {
		e = expand(b, f, explorer(f), "d#1", depaddr.ExpandOptions{})
	}
	b.ReportMetric(float64(e.Lookups), "look-ups")
	b.ReportMetric(float64(e.Lookups)/float64(len(e.Inferred)), "look-ups/address")
}
