package peel_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/peel"
	"github.com/goldwash/goldwash/model"
)

// A chain is founded on remainders that all returned to the address that paid. Its
// length is no repetition, and whom it pays says nothing of who pays.
func TestGrade(t *testing.T) {
	const (
		unsigned = "no evidence of ownership; rounds: 1"
		coverage = "how many of the service's addresses are labelled is not known"
		inferred = "which output is the remainder is inferred from its value and from how it was spent"
	)
	for _, c := range []struct {
		ledger, level string
		want          []string
	}{
		{"fires_on_self_change", model.Moderate, []string{"ownership: evidence on the ledger that one party signs for both sides", "rests on no label", "", coverage}},
		{"fires_on_a_chain", model.Low, []string{unsigned, "rests on no label", "", coverage, inferred}},
		{"weaker_where_payees_rejoin", model.Low, []string{unsigned, "rests on no label", "", coverage, inferred}},
		{"ends_at_a_service", model.Low, []string{unsigned, "rests on no label", "", coverage, inferred}},
	} {
		text, err := os.ReadFile("testdata/" + c.ledger + ".ledger")
		if err != nil {
			t.Fatal(err)
		}
		f := heuristictest.Ledger(t, string(text))
		for _, kinds := range [][]string{{peel.Kind}, nil} {
			want := model.AnalyticConfidence{Level: c.level, Reasons: append([]string(nil), c.want...)}
			want.Reasons[2] = "the rate of error is measured on a population like this one"
			if kinds == nil {
				want.Level, want.Reasons[2] = model.Low, "the rate of error is not measured"
			}
			fs := heuristictest.Graded(t, f, peel.Heuristic, heuristics.Scope{}, heuristictest.GradedPopulation, kinds...)
			if len(fs) != 1 {
				t.Fatalf("%s: %d findings", c.ledger, len(fs))
			}
			if diff := cmp.Diff(want, fs[0].Confidence); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.ledger, diff)
			}
		}
	}
}
