package fresh_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A share is arithmetic on what attributes blocks, and says nothing of who controls
// what: a measured rate is told, and makes it no better founded.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
tag "/Northpool/" Northpool
tag "/Westpool/" Westpool
label Portmere: addr(px) category=exchange role=hot confidence=0.9
coinbase cb: tag="/Northpool/" => np 6.25
coinbase cc: tag="/Westpool/" => wp 6.25
coinbase cd: => someone 6.25
coinbase ce: => px 6.25
height 800200
tx both: cb.0 cc.0 => ann 12.5
tx none: cd.0 => bob 6.25
tx out: ce.0 => cid 6.25
`)
	const (
		unsigned = "no evidence of ownership, and no repetition"
		coverage = "how many of the service's addresses are labelled is not known"
		haircut  = "the haircut rule is a convention"
	)
	for _, c := range []struct {
		of   string
		want []string
	}{
		{"ann", []string{unsigned, "the weakest label that it rests on is held to be right with 0.97", "independent sources of its labels: 1", "rate", coverage, haircut}},
		{"bob", []string{unsigned, "rests on no label", "rate", coverage, haircut}},
		{"cid", []string{unsigned, "rests on no label", "rate", coverage, haircut, "it rests on labels of services too, which are not counted here"}},
	} {
		a, err := f.Address(c.of)
		if err != nil {
			t.Fatal(err)
		}
		for _, kinds := range [][]string{{fresh.Kind}, nil} {
			want := model.AnalyticConfidence{Level: model.Low, Reasons: append([]string(nil), c.want...)}
			for i, r := range want.Reasons {
				switch {
				case r != "rate":
				case kinds == nil:
					want.Reasons[i] = "the rate of error is not measured"
				default:
					want.Reasons[i] = "the rate of error is measured on a population like this one"
				}
			}
			n := 0
			for _, fd := range heuristictest.Graded(t, f, fresh.Output, heuristics.Scope{Seeds: []model.Ref{model.RefAddress(a)}}, heuristictest.GradedPopulation, kinds...) {
				if fd.Subject != model.RefAddress(a) {
					continue
				}
				n++
				if diff := cmp.Diff(want, fd.Confidence); diff != "" {
					t.Errorf("%s (-want +got)\n%s", c.of, diff)
				}
			}
			if n != 1 {
				t.Errorf("%s: %d findings", c.of, n)
			}
		}
	}
}
