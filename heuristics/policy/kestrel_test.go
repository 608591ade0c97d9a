package policy_test

import (
	"slices"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/policy"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
)

// In the case kestrel a loop and a commingling cite the one transaction that signs
// for mined and for stolen coins. It counts once for whoever controls the address.
func TestTheSlipCountsOnce(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := heuristics.New(f.Ledger.Set(), suite.Mining(), heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var found []model.Finding
	for x, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		if x.Kind == "loop" || x.Kind == "commingling" {
			found = append(found, x)
		}
	}
	p1, err := f.Address("P1")
	if err != nil {
		t.Fatal(err)
	}
	p := policy.Policy{
		Actions: []policy.Action{"review"},
		Rules:   []policy.Rule{{Kind: "loop", Action: "review", Points: 100}, {Kind: "commingling", Action: "review", Points: 100}},
		By:      policy.Touching,
	}
	for _, a := range assess(t, p, found...) {
		if a.Subject != model.RefAddress(p1) {
			continue
		}
		at := slices.IndexFunc(a.Findings, func(w policy.Weighed) bool { return w.Counted < model.Certain })
		if len(a.Findings) != 2 || at != 1 || a.Findings[1].Shared[0] != a.Findings[0].Finding.ID {
			t.Errorf("what is shared is not told: %q", a.Why)
		}
		if a.Points >= 170 {
			t.Errorf("%d points: the slip counts twice: %q", a.Points, a.Why)
		}
		t.Logf("%d points: %q", a.Points, a.Why)
		return
	}
	t.Error("nothing is about P1")
}
