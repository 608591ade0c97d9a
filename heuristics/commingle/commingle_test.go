package commingle

import (
	"math"
	"testing"

	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, Heuristic, "testdata/*.ledger") }

// COM-1 of the heuristics reference, section 10: 9,280,000 sat from a pool
// (attribution 0.97), 35,000,000 sat of an actor (label 0.9), 500 sat of dust.
func TestCOM1(t *testing.T) {
	p := DefaultParams()
	tx := &model.Tx{}
	c := &Commingling{Coins: []Coin{
		{Class: Mined, Mining: model.Percent(97), Value: 9_280_000, Known: true},
		{Class: Own, Value: 35_000_000, Known: true},
		{Class: Dust, Value: 500, Known: true},
	}}
	c.Coins[1].Actor.Confidence = model.Percent(90)
	if !c.sum(tx) || !p.material(c) {
		t.Fatal("not material")
	}
	if c.Mined != 9_280_000 || c.Own != 35_000_000 || c.Other != 500 {
		t.Errorf("x, y, z = %d, %d, %d", c.Mined, c.Own, c.Other)
	}
	whole := c.Mined + c.Own + c.Other
	if a, b, z := share(c.Mined, whole), share(c.Own, whole), share(c.Other, whole); a != "0.2096" || b != "0.7904" || z != "0.0000" {
		t.Errorf("shares %s, %s, %s", a, b, z)
	}
	if got := c.Balance(); got/100 != 4191 {
		t.Errorf("balance %v, want 0.4191", got)
	}
	if c.Confidence != 873_000 {
		t.Errorf("confidence of the labels %v, want 0.873", c.Confidence)
	}
	given, discounted := p.weight(c.Confidence)
	if math.Abs(float64(given)/1e6-math.Log(200)) > 1e-6 || math.Abs(float64(discounted)/1e6-5.163) > 6e-4 {
		t.Errorf("weights %v, %v, want ln 200 and 5.163", given, discounted)
	}
}

func TestMateriality(t *testing.T) {
	p := DefaultParams()
	for _, c := range []struct {
		name              string
		mined, own, other model.Amount
		want              bool
	}{
		{"both large", 1_000_000, 1_000_000, 0, true},
		{"mined below the floor", 9_999, 100_000, 0, false},
		{"attributed below one in a hundred", 10_000_000, 99_000, 0, false},
		{"mined below one in a hundred of the whole", 100_000, 1_000_000, 20_000_000, false},
		{"nothing", 0, 0, 0, false},
		{"more than an amount holds", math.MaxInt64, math.MaxInt64, 0, false},
	} {
		if got := p.material(&Commingling{Mined: c.mined, Own: c.own, Other: c.other}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
