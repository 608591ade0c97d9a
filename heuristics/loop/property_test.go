package loop

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/model"
)

// Without supporting evidence the probability is never higher, and with a better
// label never lower, given the label or not.
func TestPosteriorIsMonotone(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	r := random(3)
	for range 3_000 {
		var ev []model.Evidence
		families := []string{quantityFamily, timingFamily, repetitionFamily, ownershipFamily, contraryFamily}
		for range 1 + r.below(7) {
			w := model.MicroNats(r.below(9_000_000)) - 3*model.Nat
			ev = append(ev, model.Evidence{Family: families[r.below(5)], Weight: w, Discounted: w.Discount(model.Probability(r.below(1_000_001)))})
		}
		var rivals []model.MicroNats
		for range r.below(4) {
			rivals = append(rivals, model.MicroNats(r.below(12_000_000))-4*model.Nat)
		}
		n, pi0, seed := 1+int(r.below(20_000)), model.Percent(1+int(r.below(98))), model.Percent(1+int(r.below(100)))
		whole := posterior(&p, ev, n, pi0, seed, rivals, rivals, false)
		if whole.Probability > seed || whole.Probability > p.CapUnowned {
			t.Fatalf("probability %v with a label of %v and a cap of %v", whole.Probability, seed, p.CapUnowned)
		}
		for i := range ev {
			if ev[i].Weight <= 0 {
				continue
			}
			less := posterior(&p, append(append([]model.Evidence(nil), ev[:i]...), ev[i+1:]...), n, pi0, seed, rivals, rivals, false)
			// Rounding of logarithms may give a millionth.
			if less.Probability > whole.Probability+2 || less.Given > whole.Given+2 {
				t.Fatalf("without %+v %v (%v), with it %v (%v)", ev[i], less.Probability, less.Given, whole.Probability, whole.Given)
			}
		}
		if better := posterior(&p, ev, n, pi0, min(seed+model.Percent(5), model.Certain), rivals, rivals, false); better.Probability+2 < whole.Probability {
			t.Fatalf("a better label: %v, not %v", better.Probability, whole.Probability)
		}
		if more := posterior(&p, ev, n+1+int(r.below(100)), pi0, seed, rivals, rivals, false); more.Probability > whole.Probability+2 {
			t.Fatalf("more candidates: %v, not %v", more.Probability, whole.Probability)
		}
	}
}

// The doubt of the label that a claim presumes leaves that part of the
// probability.
func TestLabelOfTheService(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	ev := []model.Evidence{{Family: quantityFamily, Weight: 6 * model.Nat, Discounted: 6 * model.Nat}, {Family: timingFamily, Weight: 5 * model.Nat, Discounted: 5 * model.Nat}}
	rivals := []model.MicroNats{3 * model.Nat, 2 * model.Nat}
	for _, c := range []struct {
		seed, want int
	}{{100, 66}, {90, 59}, {50, 33}, {10, 7}} {
		s := posterior(&p, ev, 30_000, model.Percent(50), model.Percent(c.seed), rivals, rivals, true)
		if s.Given != 665_844 && c.seed == 100 {
			t.Logf("given %v", s.Given)
		}
		whole := posterior(&p, ev, 30_000, model.Percent(50), model.Certain, rivals, rivals, true)
		want := whole.Probability.Times(model.Percent(c.seed))
		if d := int(s.Probability) - int(want); d < -3 || d > 3 {
			t.Errorf("label of %d %%: %v, want %v", c.seed, s.Probability, want)
		}
		if s.Given != whole.Given {
			t.Errorf("label of %d %%: given the label %v, want %v", c.seed, s.Given, whole.Given)
		}
	}
}

// Deposits make rounds by their pauses, and each return counts once.
func TestRounds(t *testing.T) {
	t.Parallel()
	const h = 3600
	in := func(at int64, sat model.Amount, returns ...int) *paidIn {
		d := &paidIn{at: at, net: sat}
		d.Amount = sat
		for _, n := range returns {
			d.Returns = append(d.Returns, returnOf(n))
		}
		return d
	}
	r := &rule{Params: DefaultParams()}
	p := &party{ins: []*paidIn{
		in(0, 35_000_000), in(33*h, 25_000_000, 1), in(105*h-1, 9_000_000, 1, 2), in(177*h, 15_000_000, 3),
	}}
	p.net()
	for _, d := range p.ins {
		d.value = int64(d.net)
	}
	rounds := r.rounds(nil, p)
	if len(rounds) != 1 {
		t.Fatalf("%d rounds, want one: the other came back", len(rounds))
	}
	x := rounds[0]
	// Return 1 is of 4,000,000, 2 of 6,000,000: together more than the third
	// deposit, so that the second gives the rest.
	if x.Gross != 69_000_000 || x.Returned != 10_000_000 || x.Net() != 59_000_000 || len(x.Deposits) != 3 || x.window.paid != 59_000_000 {
		t.Errorf("gross %d returned %d in %d deposits", x.Gross, x.Returned, len(x.Deposits))
	}
	if p.ins[2].net != 0 || p.ins[1].net != 24_000_000 || p.ins[3].net != 10_000 {
		t.Errorf("left of the deposits: %d, %d, %d", p.ins[1].net, p.ins[2].net, p.ins[3].net)
	}
}

func returnOf(n int) deposit.Return {
	sat := []model.Amount{0, 4_000_000, 6_000_000, 14_990_000}[n]
	return deposit.Return{Out: model.Outpoint{Tx: model.TxID{byte(n)}}, Amount: sat, ToPayer: n != 3, Fits: n / 3}
}
