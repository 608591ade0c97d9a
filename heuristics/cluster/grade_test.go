package cluster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A cluster is founded on joint signatures, where they alone link its members. What
// predictions of change link is not, nor that labels disagree.
func TestGrade(t *testing.T) {
	const (
		signed     = "ownership: evidence on the ledger that one party signs for both sides"
		unsigned   = "no evidence of ownership, and no repetition"
		measured   = "the rate of error is measured, but not on a population like this one"
		matching   = "the rate of error is measured on a population like this one"
		unmeasured = "the rate of error is not measured"
		inferred   = "who signed is inferred from who could sign"
	)
	f := heuristictest.Ledger(t, `
fill
tx joint: new(a) 1 new(b) 1 => x 2
tx peel: new(f) 10.12345678 fee=0.0001 => g 1, h rest
tx mix1: new(u) 1 new(v) 1 => y 2
tx mix2: new(u) 10.12345678 fee=0.0001 => w 1, z rest
height 802000
tx end: new(k) 1 => l 1
label Portmere: addr(hot) category=exchange role=hot confidence=0.9
label HashBazaar: addr(dep) category=hash_marketplace role=deposit confidence=0.5
tx both: new(hot) 1 new(dep) 1 => q 2
tx again: new(hot) 1 new(dep) 1 => q 2
`)
	seed := func(name string) model.Ref {
		a, err := f.Address(name)
		if err != nil {
			t.Fatal(err)
		}
		return model.RefAddress(a)
	}
	for _, c := range []struct {
		name, seed, population string
		kinds                  []string
		want                   model.AnalyticConfidence
	}{
		{"joint signatures, not measured", "a", "cases of 2022", nil, model.AnalyticConfidence{Level: model.Low, Reasons: []string{signed, "rests on no label", unmeasured, inferred}}},
		{"joint signatures, measured", "a", "", []string{"cluster"}, model.AnalyticConfidence{Level: model.Moderate, Reasons: []string{signed, "rests on no label", measured, inferred}}},
		{"joint signatures, measured here", "a", "cases of 2022", []string{"cluster"}, model.AnalyticConfidence{Level: model.High, Reasons: []string{signed, "rests on no label", matching, inferred}}},
		{"change", "f", "cases of 2022", []string{"cluster"}, model.AnalyticConfidence{Level: model.Low, Reasons: []string{unsigned, "rests on no label", matching, inferred}}},
		{"joint signatures and change", "u", "cases of 2022", []string{"cluster"}, model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			unsigned, "rests on no label", matching, inferred, "the addresses that joint signatures alone link are better founded than the others"}}},
		{"labels that disagree", "", "cases of 2022", []string{"cluster/conflict"}, model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			unsigned, "the weakest label that it rests on is held to be right with 0.50", "independent sources of its labels: 1", matching,
			"which of the labels is right, if any, is not known", "joint signatures are not counted as ownership where labels deny it"}}},
	} {
		kind := "cluster"
		var scope heuristics.Scope
		if c.seed == "" {
			kind = "cluster/conflict"
		} else {
			scope.Seeds = []model.Ref{seed(c.seed)}
		}
		n := 0
		for _, fd := range heuristictest.Graded(t, f, cluster.New(following()), scope, c.population, c.kinds...) {
			if fd.Kind != kind {
				continue
			}
			n++
			if diff := cmp.Diff(c.want, fd.Confidence); diff != "" {
				t.Errorf("%s (-want +got)\n%s", c.name, diff)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d findings", c.name, n)
		}
	}
}
