package deposit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A deposit is moderately founded where the rule's errors were measured, the labels
// are good, and the payer's wallet paid the service on three days.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(d) category=hash_marketplace role=deposit confidence=0.9
label Kestrel: addr(k) category=actor role=key confidence=0.9
label Lark: addr(l) category=actor role=key confidence=0.9
label Finch: addr(w) category=actor role=key confidence=0.4
label Wren: addr(o) category=actor role=key confidence=0.9
time 2023-03-01 10:00
tx k0: new(k) 9 => k 9
tx l0: new(l) 9 => l 9
tx w0: new(w) 9 => w 9
tx b0: new(b) 9 => b 9
tx o0: new(o) 9 => o 9
tx k1: k0.0 => d 0.5, k rest
tx l1: l0.0 => d 0.5, l rest
tx w1: w0.0 => d 0.5, w rest
tx b1: b0.0 => d 0.5, b rest
tx o1: o0.0 => d 0.5, o rest
time 2023-03-02 10:00
tx k2: k1.1 => d 0.5, k rest
tx l2: l1.1 => d 0.5, l rest
tx l3: l2.1 => d 0.5, l rest
tx w2: w1.1 => d 0.5, w rest
tx b2: b1.1 => d 0.5, b rest
tx o2: o1.1 => p 0.5, o rest
time 2023-03-03 10:00
tx k3: k2.1 => d 0.5, k rest
tx w3: w2.1 => d 0.5, w rest
tx b3: b2.1 => d 0.5, b rest
tx o3: o2.1 => d 10000sat, o rest
`)
	levels := func(fs []model.Finding) map[string]string {
		out := map[string]string{}
		for i := range fs {
			who, _, _ := strings.Cut(fs[i].Claim, " ")
			if old, ok := out[who]; ok && old != fs[i].Confidence.Level {
				t.Errorf("%s: %s and %s", who, old, fs[i].Confidence.Level)
			}
			out[who] = fs[i].Confidence.Level
		}
		return out
	}
	want := map[string]string{
		"Kestrel":  model.Moderate,
		"Lark":     model.Low, // thrice, and on two days
		"Finch":    model.Low, // by a weak label
		"Wren":     model.Low, // once; the others are another payment and dust
		"Somebody": model.Low, // who is nobody in particular
	}
	fs := heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, "", Kind, KindUnattributed)
	if diff := cmp.Diff(want, levels(fs)); diff != "" {
		t.Errorf("measured (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"no evidence of ownership; rounds: 3",
		"the weakest label that it rests on is held to be right with 0.90",
		"independent sources of its labels: 1",
		"the rate of error is measured, but not on a population like this one",
		"how many of the service's addresses are labelled is not known",
		unchecked,
	}, one(t, f, fs, "k3").Confidence.Reasons); diff != "" {
		t.Errorf("reasons (-want +got)\n%s", diff)
	}
	want["Kestrel"] = model.Low
	if diff := cmp.Diff(want, levels(heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, ""))); diff != "" {
		t.Errorf("not measured (-want +got)\n%s", diff)
	}
}

// Every finding answers whether the labels that it rests on were current.
func TestCriticalQuestions(t *testing.T) {
	f, fs := kestrelFindings(t)
	kinds := map[string]int{}
	for i := range fs {
		n := 0
		for _, p := range fs[i].Premises {
			if p.Question == "Was the label current at that height?" && (strings.HasPrefix(p.Answer, "yes: ") || strings.HasPrefix(p.Answer, "unknown: ")) {
				n++
			}
		}
		want := 1
		if fs[i].Kind == KindReturned {
			want = 2 // of the payee, and of what paid back
		}
		if id, _ := fs[i].Subject.Tx(); n != want {
			name, _ := f.TxName(id)
			t.Errorf("%s %s: answered %d times, want %d: %v", name, fs[i].Kind, n, want, fs[i].Premises)
		}
		kinds[fs[i].Kind]++
	}
	if kinds[Kind] == 0 || kinds[KindUnattributed] == 0 || kinds[KindReturned] == 0 {
		t.Errorf("kinds %v", kinds)
	}
}
