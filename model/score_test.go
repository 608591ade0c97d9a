package model

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestLogOddsArithmetic(t *testing.T) {
	near := func(got MicroNats, want float64) {
		t.Helper()
		if math.Abs(float64(got)/1e6-want) > 1e-6 {
			t.Errorf("got %v micro-nats, want %v nats", int64(got), want)
		}
	}
	near(LnRatio(200, 1), math.Log(200))
	near(LnRatio(1, 3), -math.Log(3))
	near(LnRatio(math.MaxInt64, 1), math.Log(math.MaxInt64))
	near(Probability(1000).LogOdds(), math.Log(0.001/0.999))
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		w := MicroNats(r.Int64N(18e6) - 9e6)
		c := Probability(r.Uint32N(1_000_001))
		x := float64(w) / 1e6
		near(w.Discount(c), math.Log(float64(c)/1e6*math.Exp(x)+1-float64(c)/1e6))
		if got, want := float64(Logistic(w))/1e6, 1/(1+math.Exp(-x)); math.Abs(got-want) > 6e-7 {
			t.Fatalf("Logistic(%d) = %v, want %v", w, got, want)
		}
	}
	for _, w := range []MicroNats{math.MaxInt64, math.MinInt64 + 1, -40 * Nat, 40 * Nat, 0} {
		if got, want := float64(Logistic(w))/1e6, 1/(1+math.Exp(-float64(w)/1e6)); math.Abs(got-want) > 6e-7 {
			t.Errorf("Logistic(%d) = %v, want %v", w, got, want)
		}
	}
}

// The worked examples of the heuristics reference, section 13.1.
func TestScoringExamples(t *testing.T) {
	if got := LnRatio(200, 1).Discount(Percent(90)); got != 5193512 && math.Abs(float64(got)/1e6-5.194) > 6e-4 {
		t.Errorf("LR 200 at c 0.9: ln = %v, want 5.194", got)
	}
	sum := total([]Evidence{{Family: "a", Weight: LnRatio(12, 1)}, {Family: "a", Weight: LnRatio(30, 1)}}, func(e *Evidence) MicroNats { return e.Weight })
	if math.Abs(float64(sum)/1e6-4.644) > 6e-4 {
		t.Errorf("ln 12 and ln 30 in one family: %v, want 4.644", sum)
	}
	ev := func(family string, lr int64, c Probability) Evidence {
		w := LnRatio(lr, 1)
		return Evidence{Family: family, Weight: w, Discounted: w.Discount(c)}
	}
	var evs []Evidence
	for _, step := range []struct {
		ev   Evidence
		want float64
	}{
		{ev("quantity", 12, Certain), 0.0119},
		{ev("timing", 30, Certain), 0.2649},
		{ev("ownership", 200, Percent(90)), 0.9848},
	} {
		evs = append(evs, step.ev)
		got := Combine(1000, "a pair", evs, 0, "").Probability
		if math.Abs(float64(got)/1e6-step.want) > 1e-4 {
			t.Errorf("after %s: %v, want %v", step.ev.Family, got, step.want)
		}
	}
}
