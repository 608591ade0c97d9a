package exposure

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// Exposure is arithmetic on labels: neither a measured rate nor a payment on each of
// three days makes it evidence of who controls what.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
tag "/Northpool/" Northpool
label Kestrel: addr(K) category=actor confidence=0.9
label Kestrel: addr(K2) category=actor confidence=0.5
label Rumour: addr(K) category=merchant confidence=0.6
coinbase cb: tag="/Northpool/" => np 6.25
height 800200
time 2023-09-01 10:00
tx k0: new(v) 9 => K 9
tx k1: k0.0 => A 1, K rest
tx pay: cb.0 => A 3, other rest
tx weak: new(w) 1 => K2 1
tx late: weak.0 => B 1
time 2023-09-02 10:00
tx k2: k1.1 => A 1, K rest
time 2023-09-03 10:00
tx k3: k2.1 => A 1, K rest
`)
	const (
		none     = "no evidence of ownership, and no repetition"
		coverage = "how many of the service's addresses are labelled is not known"
		policy   = "a policy is a convention of bookkeeping, and no observation"
		outside  = "it rests on labels from outside, which this library cannot check"
		measured = "the rate of error is measured on a population like this one"
	)
	weakest := func(p string) string { return "the weakest label that it rests on is held to be right with " + p }
	sources := func(n string) string { return "independent sources of its labels: " + n }
	for _, c := range []struct {
		of, kind string
		want     []string
	}{
		{"A", Kind, []string{none, weakest("0.90"), sources("1"), measured, coverage, policy, outside}},
		{"B", Kind, []string{none, weakest("0.50"), sources("1"), measured, coverage, policy, outside}},
		{"A", KindMined, []string{none, weakest("0.97"), sources("1"), measured, coverage, policy, outside}},
		{"A", KindSummary, []string{none, weakest("0.90"), sources("2"), measured, coverage, policy, outside,
			"it says nothing of who anybody is, beyond labels", "what cannot be told is a part of it"}},
		{"v", KindSummary, []string{none, "rests on no label", measured, coverage, policy,
			"it says nothing of who anybody is, beyond labels", "what cannot be told is a part of it"}},
	} {
		scope := heuristics.Scope{Seeds: []model.Ref{address(t, f, c.of)}}
		for _, kinds := range [][]string{{Kind, KindMined, KindSummary}, nil} {
			want := model.AnalyticConfidence{Level: model.Low}
			for _, r := range c.want {
				if r == measured && kinds == nil {
					r = "the rate of error is not measured"
				}
				want.Reasons = append(want.Reasons, r)
			}
			n := 0
			for _, fd := range heuristictest.Graded(t, f, Heuristic, scope, "cases of 2022", kinds...) {
				if fd.Kind != c.kind {
					continue
				}
				n++
				if diff := cmp.Diff(want, fd.Confidence); diff != "" {
					t.Errorf("%s %s (-want +got)\n%s", c.of, c.kind, diff)
				}
			}
			if n != 1 {
				t.Errorf("%s %s: %d findings", c.of, c.kind, n)
			}
		}
	}
}
