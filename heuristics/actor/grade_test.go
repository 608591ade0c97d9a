package actor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// That a custodian holds a key is moderately founded where it signed together with
// an address labelled as the custodian's, and the rule's errors were measured: not
// where the label stands on the address itself, is weak, or only says a role.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Portmere: addr(hot) category=exchange role=hot confidence=0.9
label Thief: addr(acct) category=actor confidence=0.6
tx f: new(acct) 1 new(mate) 1 => x 2
tx sweep: new(acct) 1 new(hot) 1 => hot 2
label Dunmore: addr(hot2) category=exchange role=hot confidence=0.9
label Thief: addr(faint) category=actor confidence=0.4
tx g: new(faint) 1 new(mate2) 1 => y 2
tx sweep2: new(faint) 1 new(hot2) 1 => hot2 2
label Alder: addr(both) category=exchange confidence=0.9
label Thief: addr(both) category=actor confidence=0.6
tx h: new(both) 1 => z 1
label Thief: addr(role) category=actor role=deposit confidence=0.9
tx i: new(role) 1 => z 1
`)
	levels := func(fs []model.Finding) map[string]string {
		out := map[string]string{}
		for i := range fs {
			a, _ := fs[i].Subject.Address()
			name, _ := f.Owner(a)
			out[name] = fs[i].Confidence.Level
		}
		return out
	}
	want := map[string]string{"acct": model.Moderate, "faint": model.Low, "both": model.Low, "role": model.Low}
	if diff := cmp.Diff(want, levels(graded(t, f, actor.Heuristic, "cluster/label_role_conflict"))); diff != "" {
		t.Errorf("measured (-want +got)\n%s", diff)
	}
	want["acct"] = model.Low
	if diff := cmp.Diff(want, levels(graded(t, f, actor.Heuristic))); diff != "" {
		t.Errorf("not measured (-want +got)\n%s", diff)
	}
}

// graded returns the findings of a run, with real cases measured for kinds of them.
func graded(t *testing.T, f *ledger.File, h *heuristics.Heuristic, kinds ...string) []model.Finding {
	t.Helper()
	table := calibration.Table{Name: "cases", Version: 1}
	for _, k := range kinds {
		table.Rows = append(table.Rows, calibration.Row{Population: "cases of 2022", Heuristic: h.Name, Version: h.Version, Kind: k, Of: "claims", Measured: true, N: 200, FalsePos: 4})
	}
	if err := table.Validate(); err != nil {
		t.Fatal(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{h}, heuristics.Options{Network: f.Ledger.Network(), Workers: 1, ErrorRates: table.Rates})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	return heuristictest.Findings(t, s)
}
