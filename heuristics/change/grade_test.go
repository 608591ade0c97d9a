package change_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A vote is no evidence of ownership, however well its error is known. Where the
// address that signs is paid, that is read.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx vote: new(a) 10.12345678 fee=0.0001 => b 1, c rest
tx self: new(d) 2 => e 1, d 1
height 802000
tx end: new(k) 1 => l 1
`)
	const published = "the rules' published figures are of another population than this ledger"
	for _, c := range []struct {
		name, tx, population string
		kinds                []string
		want                 model.AnalyticConfidence
	}{
		{"a vote, not measured", "vote", "", nil, model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			"no evidence of ownership, and no repetition", "rests on no label", "the rate of error is not measured", published}}},
		{"a vote, measured here", "vote", "cases of 2022", []string{"change"}, model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			"no evidence of ownership, and no repetition", "rests on no label", "the rate of error is measured on a population like this one", published}}},
		{"to the payer's address, not measured", "self", "", nil, model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			"ownership: evidence on the ledger that one party signs for both sides", "rests on no label", "the rate of error is not measured",
			"it is read, and who holds the key of the address is not asked"}}},
		{"to the payer's address, measured", "self", "", []string{"change"}, model.AnalyticConfidence{Level: model.Moderate, Reasons: []string{
			"ownership: evidence on the ledger that one party signs for both sides", "rests on no label", "the rate of error is measured, but not on a population like this one",
			"it is read, and who holds the key of the address is not asked"}}},
	} {
		id, ok := f.Tx(c.tx)
		if !ok {
			t.Fatalf("no transaction %s", c.tx)
		}
		fs := heuristictest.Graded(t, f, change.Heuristic, heuristics.Scope{Seeds: []model.Ref{model.RefTx(id)}}, c.population, c.kinds...)
		if len(fs) != 1 {
			t.Fatalf("%s: %d findings", c.name, len(fs))
		}
		if diff := cmp.Diff(c.want, fs[0].Confidence); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}
