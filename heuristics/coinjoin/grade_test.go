package coinjoin

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A shape is judged once and by itself: a measured rate is told, and makes it no
// better founded.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
height 700000
tx round: new(a#1) 0.1218 new(a#2) 0.1218 new(a#3) 0.1218 new(a#4) 0.1218 new(a#5) 0.1218 new(a#6) 0.1218 new(a#7) 0.1218 new(a#8) 0.1218 new(a#9) 0.1218 new(a#10) 0.1218 new(a#11) 0.1218 new(a#12) 0.1218 => m#1..12 0.10013, x#1 1234567sat, x#2 2345678sat, x#3 345678sat, x#4 4567890sat, x#5 567891sat, x#6 6789012sat, x#7 789013sat, x#8 8901234sat, x#9 360468sat
`)
	for _, c := range []struct {
		rate  string
		kinds []string
	}{
		{"the rate of error is not measured", nil},
		{"the rate of error is measured, but not on a population like this one", []string{"coinjoin/wasabi1"}},
	} {
		fs := heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, "", c.kinds...)
		if len(fs) != 1 {
			t.Fatalf("%d findings", len(fs))
		}
		want := model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			"no evidence of ownership, and no repetition", "rests on no label", c.rate,
			"the shape alone is judged: nobody who took part has confirmed it",
			"batches of payments have the shape too, and how many of those who make them are labelled is not known",
		}}
		if diff := cmp.Diff(want, fs[0].Confidence); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}
