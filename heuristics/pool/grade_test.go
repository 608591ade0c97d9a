package pool_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
)

// One block repeats nothing and shows no owner: no rate makes its pool more than
// lowly founded. What the claim rests on is counted, tags like labels.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
tag "/Northpool/" Northpool confidence=0.9 source="tag list"
tag "/Southpool/" Southpool confidence=0.8 source="tag list"
label Northpool: addr(np) category=mining_pool role=coinbase confidence=0.95 source="address list"
label Eastpool: addr(ep) category=mining_pool role=coinbase confidence=0.7 source="address list"
coinbase both: tag="/Northpool/" => np rest
coinbase tag: tag="/Southpool/" => x rest
coinbase address: tag="/?/" => ep rest
coinbase conflict: tag="/Southpool/" => ep rest
`)
	const (
		none     = "no evidence of ownership, and no repetition"
		measured = "the rate of error is measured, but not on a population like this one"
		word     = "the tag is the miner's own word; tags are counted as labels here"
	)
	type grade struct {
		Level        string
		Reasons      []string
		Corroborated string
	}
	weakest := func(p string) string { return "the weakest label that it rests on is held to be right with " + p }
	want := map[string]grade{
		"both": {model.Low, []string{none, weakest("0.90"), "independent sources of its labels: 2", measured, word},
			"yes: a label names the same pool for an address that the coinbase pays"},
		"tag": {model.Low, []string{none, weakest("0.80"), "independent sources of its labels: 1", measured, word},
			"no: no list names an address that the coinbase pays for the pool"},
		"address": {model.Low, []string{none, weakest("0.70"), "independent sources of its labels: 1", measured},
			"unknown: no list knows a tag of it; the address stands alone"},
		"conflict": {model.Low, []string{none, weakest("0.70"), "independent sources of its labels: 2", measured, word, "lists contradict each other"},
			"no: the lists name several pools"},
	}
	got := map[string]grade{}
	for _, g := range heuristictest.Graded(t, f, pool.Heuristic, heuristics.Scope{}, "", "pool", "pool/conflict") {
		id, _ := g.Subject.Tx()
		name, _ := f.TxName(id)
		v := grade{Level: g.Confidence.Level, Reasons: g.Confidence.Reasons}
		for _, p := range g.Premises {
			if p.Question == "Is the pool's tag corroborated by an address?" {
				v.Corroborated = p.Answer
			}
		}
		got[name] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, g := range heuristictest.Graded(t, f, pool.Heuristic, heuristics.Scope{}, "") {
		if g.Confidence.Level != model.Low || g.Confidence.Reasons[3] != "the rate of error is not measured" {
			t.Errorf("not measured: %v", g.Confidence)
		}
	}
}
