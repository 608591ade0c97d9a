package beneficiary_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A beneficiary is founded on joint signatures, where they alone join its addresses,
// or on three trains, and on what names the pools.
func TestGrade(t *testing.T) {
	const (
		coverage = "how many of the service's addresses are labelled is not known"
		scored   = "the number is that of payouts to one party's addresses; whether hash power was rented is not scored"
	)
	weakest := func(p string) string { return "the weakest label that it rests on is held to be right with " + p }
	sources := func(n string) string { return "independent sources of its labels: " + n }
	for _, c := range []struct {
		ledger, level string
		want          []string
	}{
		{"fires_on_addresses_that_sign_together", model.Moderate, []string{"ownership: evidence on the ledger that one party signs for both sides", weakest("0.95"), sources("1"), "rate", coverage, scored}},
		{"fires_on_a_train", model.Low, []string{"no evidence of ownership; rounds: 1", weakest("0.95"), sources("1"), "rate", coverage, scored}},
		{"fires_on_two_trains", model.Low, []string{"no evidence of ownership; rounds: 2", weakest("0.95"), sources("1"), "rate", coverage, scored}},
		{"fires_on_a_handover_to_an_address_that_forwards_alike", model.Low, nil},
		{"fires_on_an_account", model.Low, []string{"no evidence of ownership; rounds: 1", weakest("0.90"), sources("2"), "rate", coverage, "at most low: the addresses' cluster behaves like a service", scored}},
	} {
		text, err := os.ReadFile("testdata/" + c.ledger + ".ledger")
		if err != nil {
			t.Fatal(err)
		}
		f := heuristictest.Ledger(t, string(text))
		for _, kinds := range [][]string{{beneficiary.FindingKind}, nil} {
			want := model.AnalyticConfidence{Level: c.level, Reasons: append([]string(nil), c.want...)}
			for i, r := range want.Reasons {
				if r == "rate" {
					want.Reasons[i] = "the rate of error is measured on a population like this one"
				}
				if r == "rate" && kinds == nil {
					want.Reasons[i] = "the rate of error is not measured"
				}
			}
			if kinds == nil {
				want.Level = model.Low
			}
			fs := heuristictest.Graded(t, f, beneficiary.Heuristic, heuristics.Scope{}, heuristictest.GradedPopulation, kinds...)
			if len(fs) != 1 {
				t.Fatalf("%s: %d findings", c.ledger, len(fs))
			}
			if c.want == nil {
				want.Reasons = fs[0].Confidence.Reasons
			}
			if diff := cmp.Diff(want, fs[0].Confidence); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.ledger, diff)
			}
		}
	}
}
