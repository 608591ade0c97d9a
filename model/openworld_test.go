package model_test

import (
	"math"
	"slices"
	"testing"

	"github.com/goldwash/goldwash/model"
)

// The worked example of section 12.6 of the heuristics reference, without the cap
// on the total of weights, which has no place among many candidates.
func TestLOOP1(t *testing.T) {
	const n = 10_083
	// The joint ratio of one round is 1,378, of which 30 is the time's.
	quantity := model.Evidence{Family: "quantity", Weight: model.LnRatio(1_378, 30), Discounted: model.LnRatio(1_378, 30)}
	timing := model.Evidence{Family: "timing", Weight: model.LnRatio(30, 1), Discounted: model.LnRatio(30, 1)}
	repeated := model.Evidence{Family: "repetition", Weight: model.LnRatio(300, 1), Discounted: model.LnRatio(300, 1)}
	signed := model.Evidence{Family: "ownership", Weight: model.LnRatio(180, 1), Discounted: model.LnRatio(180, 1)}
	rivals := model.Open{N: n, Pi0: model.Percent(50), HasRivals: true, Rivals: model.LnRatio(17*400, 1), RivalsGiven: model.LnRatio(17*400, 1)}
	for _, c := range []struct {
		name              string
		open              model.Open
		cap               model.Probability
		ev                []model.Evidence
		p, none, reported float64
	}{
		{"one round", rivals, 0, []model.Evidence{quantity, timing}, 0.07546, 0.55216, 0.07546},
		{"two rounds", rivals, 0, []model.Evidence{quantity, timing, repeated}, 0.96076, 0.02343, 0.96076},
		{"two rounds, no ownership", rivals, model.Percent(80), []model.Evidence{quantity, timing, repeated}, 0.80, 0.02343, 0.80},
		{"one round and a co-spend", rivals, 0, []model.Evidence{quantity, timing, signed}, 0.93627, 0.03806, 0.93627},
	} {
		s := model.OpenWorld(c.open, c.ev, c.cap, "no ownership")
		near := func(got model.Probability, want float64) bool { return math.Abs(float64(got)/1e6-want) <= 0.000005 }
		if !near(s.Probability, c.reported) || !near(s.None, c.none) {
			t.Errorf("%s: %v, nobody seen %v; want %v, %v", c.name, s.Probability, s.None, c.reported, c.none)
		}
	}
	// What is presumed of all multiplies what remains after the cap.
	presumed := rivals
	presumed.Premise = model.Percent(90)
	s := model.OpenWorld(presumed, []model.Evidence{quantity, timing, repeated}, model.Percent(80), "no ownership")
	if s.Probability != model.Percent(72) || s.Given != model.Percent(80) || s.Likelihood != "likely" {
		t.Errorf("0.80 on a premise of 0.90: %v, %v given, %s", s.Probability, s.Given, s.Likelihood)
	}
	if want := model.Probability(100_000 + 900_000*23_433/1_000_000); s.None < want-2 || s.None > want+2 {
		t.Errorf("nobody seen: %v, want %v", s.None, want)
	}
	// With everybody in sight and no rival, the closed world's 0.120.
	alone := model.OpenWorld(model.Open{N: n, Pi0: 1}, []model.Evidence{quantity, timing}, 0, "")
	if alone.Probability < model.Percent(50) {
		t.Errorf("no rivals and nothing unseen: %v", alone.Probability)
	}
}

func TestLnSum(t *testing.T) {
	ln := func(n int64) model.MicroNats { return model.LnRatio(n, 1) }
	for _, c := range []struct {
		ws   []model.MicroNats
		want model.MicroNats
	}{
		{[]model.MicroNats{0}, 0},
		{[]model.MicroNats{ln(2), ln(3)}, ln(5)},
		{[]model.MicroNats{ln(1), ln(1_000_000_000)}, ln(1_000_000_001)},
		{slices.Repeat([]model.MicroNats{ln(400)}, 17), ln(6_800)},
		{[]model.MicroNats{-30 * model.Nat, 30 * model.Nat}, 30 * model.Nat},
		{[]model.MicroNats{-90 * model.Nat, -90 * model.Nat}, -90*model.Nat + ln(2)},
	} {
		got := model.LnSum(c.ws...)
		slices.Reverse(c.ws)
		if again := model.LnSum(c.ws...); again != got {
			t.Errorf("LnSum(%v) = %v, backwards %v", c.ws, got, again)
		}
		if d := got - c.want; d < -2 || d > 2 {
			t.Errorf("LnSum(%v) = %d, want %d", c.ws, got, c.want)
		}
	}
}
