package actor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
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
	if diff := cmp.Diff(want, levels(heuristictest.Graded(t, f, actor.Heuristic, heuristics.Scope{}, "", "cluster/label_role_conflict"))); diff != "" {
		t.Errorf("measured (-want +got)\n%s", diff)
	}
	want["acct"] = model.Low
	if diff := cmp.Diff(want, levels(heuristictest.Graded(t, f, actor.Heuristic, heuristics.Scope{}, ""))); diff != "" {
		t.Errorf("not measured (-want +got)\n%s", diff)
	}
}
