package trail

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, Heuristic, "testdata/*.ledger") }

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, Heuristic) }

// search evaluates one transaction of a ledger text over its sources as changed.
func search(t *testing.T, text, tx string, change func(*sources.Set)) *Search {
	t.Helper()
	f := heuristictest.Ledger(t, text)
	src := f.Ledger.Set()
	if change != nil {
		change(&src)
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, heuristics.Options{Network: f.Ledger.Network()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	id, ok := f.Tx(tx)
	if !ok {
		t.Fatalf("no transaction %s", tx)
	}
	r, _, err := heuristics.Eval[*Search](t.Context(), s, Heuristic, model.RefTx(id))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A stranger's coin, as large as the actor's own, halves what is the actor's; and
// coins that are mixed again are his in proportion.
func TestShare(t *testing.T) {
	const text = `
label Kestrel: addr(A) category=actor confidence=0.9
tx f: new(victim) 1 => A 1
tx g: new(somebody) 1 => S 1
tx h: new(victim) 1 => A#2 1
tx t0: f.0 g.0 fee=100_000sat => B 0.9995, C 0.9995
tx t1: t0.0 => D 0.9995
`
	own := search(t, text, "t0", nil).Trail
	if own == nil || own.Hops != 0 || own.Share != (Share{Attributed: model.Coin, Of: 2 * model.Coin}) {
		t.Fatalf("of the actor's own transaction: %+v", own)
	}
	on := search(t, text, "t1", nil).Trail
	if on == nil {
		t.Fatal("no trail")
	}
	if diff := cmp.Diff(Share{Attributed: 49_975_000, Of: 99_950_000}, on.Share); diff != "" {
		t.Errorf("share (-want +got)\n%s", diff)
	}
	if p, ok := on.Share.Part(1_000_001); !ok || p != 500_000 {
		t.Errorf("part %d %v, want it rounded down", p, ok)
	}
}

// What could not be tested is said, and does not end the trail.
func TestUnknownIsSaid(t *testing.T) {
	const text = `
label Kestrel: addr(A) category=actor confidence=0.9
tx f: new(victim) 1 => A 1
tx t0: f.0 fee=1000sat => B 0.5, A rest
tx t1: t0.0 fee=1000sat => X rest
`
	seen := search(t, text, "t1", nil).Trail
	if seen == nil || len(seen.Steps) != 1 || len(seen.Steps[0].Unknown) != 0 || seen.Steps[0].Forward != model.Certain || seen.Steps[0].SameSource != model.Certain {
		t.Fatalf("with histories: %+v", seen)
	}
	blind := search(t, text, "t1", func(s *sources.Set) { s.History = nil }).Trail
	if blind == nil || len(blind.Steps) != 1 || blind.Steps[0].Forward != 0 {
		t.Fatalf("without histories: %+v", blind)
	}
	if !slices.ContainsFunc(blind.Steps[0].Unknown, func(s string) bool { return strings.Contains(s, "no histories") }) {
		t.Errorf("unknown: %q", blind.Steps[0].Unknown)
	}
}

// A payee who knows that the transaction is no payjoin finds the trail that it
// then has.
func TestPossiblePayjoin(t *testing.T) {
	s := search(t, `
label Kestrel: addr(K) category=actor role=key confidence=0.9
tx k: new => K 1
tx m: new => payee 0.2
tx pj: k.0 m.0 fee=1000sat => payee#2 0.5, change rest
`, "pj", nil)
	if by := s.Payer(50_000_000).Trail; s.Trail != nil || by == nil || !s.Payers.Payjoin || by.Entity != "Kestrel" {
		t.Errorf("%v, payer %+v", s, by)
	}
	if by := s.Payer(100_000_001).Trail; by != nil {
		t.Errorf("said to have paid more than the coins come to: %+v", by)
	}
}

// Every step is given with what it rests on.
func TestSteps(t *testing.T) {
	r := search(t, `
label Kestrel: addr(A) category=actor confidence=0.9
time 2023-01-01 10:00
tx f: new(victim) 1 => A 1
tx t0: f.0 fee=1000sat => B 0.5, A rest
time 2023-01-08 10:00
tx t1: t0.0 fee=1000sat => C 0.4, D rest
time 2023-02-01 12:00
tx t2: t1.0 fee=1000sat => X rest
`, "t2", nil).Trail
	if r == nil || len(r.Steps) != 2 {
		t.Fatalf("%+v", r)
	}
	var got []int
	for i := range r.Steps {
		got = append(got, int(r.Steps[i].Value), r.Steps[i].Days())
	}
	if diff := cmp.Diff([]int{50_000_000, 6, 40_000_000, 24}, got); diff != "" {
		t.Errorf("values and days (-want +got)\n%s", diff)
	}
	if r.Start != r.Steps[0].Coin.Tx || r.Steps[0].By != r.Steps[1].Coin.Tx || r.Way != model.Percent(64) || r.Self != 0 {
		t.Errorf("%+v", r)
	}
}
