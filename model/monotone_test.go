package model_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/goldwash/goldwash/model"
)

// evidenceOf returns evidence of a few families, each resting on a label of the
// confidence.
func evidenceOf(r *rand.Rand, c model.Probability) []model.Evidence {
	var out []model.Evidence
	for range r.IntN(9) {
		w := model.MicroNats(r.Int64N(int64(14*model.Nat))) - 6*model.Nat
		out = append(out, model.Evidence{Family: string(rune('a' + r.IntN(4))), Weight: w, Discounted: w.Discount(c)})
	}
	return out
}

// scores returns a scoring by each rule that adds evidence up.
func scores(r *rand.Rand) map[string]func([]model.Evidence) model.Score {
	prior, capAt := model.Probability(1+r.IntN(999_998)), []model.Probability{0, model.Percent(80), model.Percent(99)}[r.IntN(3)]
	open := model.Open{N: 1 + r.IntN(20_000), Pi0: model.Probability(1 + r.IntN(999_998)), HasRivals: r.IntN(2) == 0}
	if open.HasRivals {
		open.Rivals = model.MicroNats(r.Int64N(int64(20*model.Nat))) - 5*model.Nat
		open.RivalsGiven = open.Rivals + model.MicroNats(r.Int64N(int64(model.Nat)))
	}
	return map[string]func([]model.Evidence) model.Score{
		"log-odds":   func(ev []model.Evidence) model.Score { return model.Combine(prior, "x", ev, capAt, "x") },
		"open-world": func(ev []model.Evidence) model.Score { return model.OpenWorld(open, ev, capAt, "x") },
	}
}

// Taking away what speaks for a claim never raises its number, and taking away what
// speaks against it never lowers it; a stronger label never lowers what supporting
// evidence makes of it.
func TestLessSupportNeverRaises(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 4))
		weak := model.Probability(r.IntN(1_000_001))
		strong := weak + model.Probability(r.IntN(int(model.Certain-weak)+1))
		ev := evidenceOf(r, weak)
		// The same evidence, under a stronger label where it supports.
		firmer := slices.Clone(ev)
		for i, e := range firmer {
			if e.Weight > 0 {
				firmer[i].Discounted = e.Weight.Discount(strong)
			}
		}
		for rule, score := range scores(r) {
			s := score(ev)
			if f := score(firmer); f.Probability < s.Probability || f.Given != s.Given {
				t.Fatalf("seed %d, %s: labels of %v instead of %v make %v of %v", seed, rule, strong, weak, f.Probability, s.Probability)
			}
			for i, e := range ev {
				less := score(slices.Delete(slices.Clone(ev), i, i+1))
				if e.Weight >= 0 && (less.Probability > s.Probability || less.Given > s.Given) ||
					e.Weight <= 0 && (less.Probability < s.Probability || less.Given < s.Given) {
					t.Fatalf("seed %d, %s: without a weight of %v, %v (%v given) becomes %v (%v)", seed, rule, e.Weight, s.Probability, s.Given, less.Probability, less.Given)
				}
				if rule == "open-world" && e.Weight >= 0 && less.None < s.None {
					t.Fatalf("seed %d: without a weight of %v, nobody seen falls from %v to %v", seed, e.Weight, s.None, less.None)
				}
			}
		}
	}
}
