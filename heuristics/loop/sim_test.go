package loop

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

// invented is a pool of residents and of other renters, whose trains begin at any
// time, with or without a buyer who answers the rounds. It is a simulation: what is
// measured on it says nothing about real pools, but a posterior that is wrong here
// is wrong.
func invented(r *random, rounds []*Round, buyer bool) *people {
	const days = 400
	p := &people{x: &beneficiary.Index{}, pi0: model.Percent(50)}
	// Spread over two and a half decades.
	income := func() int64 {
		v := int64(30_000)
		for range r.below(37) {
			v = v * 117 / 100
		}
		return v + r.below(v/8)
	}
	rental := func(at, paid int64) (rs [][2]int64) {
		// Ratio 0.93, give or take a tenth, over five to nine days.
		got := paid * (850 + r.below(80) + r.below(80)) / 1000
		n := 5 + r.below(5)
		at += 3_600*6 + r.below(2*dayS)
		for i := range n {
			v := got / n * (96 + r.below(9)) / 100
			if i == n-1 {
				v /= 4
			}
			rs = append(rs, [2]int64{at + i*dayS, v})
		}
		return rs
	}
	if buyer {
		var rs [][2]int64
		for _, x := range rounds {
			rs = append(rs, rental(x.window.end-t0, x.window.paid)...)
		}
		p.invent(rs)
	} else {
		p.invent(rental(5*dayS, income()*50))
	}
	for range 400 {
		v, from, step := income(), int64(0), 1+r.below(7)
		if r.below(5) == 0 {
			from = r.below(days)
		}
		var rs [][2]int64
		for d := from; d < days; d += step {
			rs = append(rs, [2]int64{d*dayS + r.below(dayS/2), v*step + r.below(v/5+1)})
		}
		p.invent(rs)
	}
	for range 200 {
		p.invent(rental(r.below((days-20)*dayS), income()*80))
	}
	rule := &rule{Params: DefaultParams()}
	p.close(t0, t0+days*dayS, secs(rule.Quiet))
	return p
}

// On the invented pools, a third of whose beneficiaries are renters like the buyer,
// probabilities are not too high: of those that are named as many are right as the
// numbers say, or more. Repetition by a stranger is rare.
func TestSimulated(t *testing.T) {
	if testing.Short() {
		t.Skip("forty invented worlds take too long under -short")
	}
	t.Parallel()
	const worlds = 40
	for _, c := range []struct {
		rounds, recall int // of the worlds with a buyer: at least
	}{{1, 13}, {2, 36}} {
		r := random(11)
		var found, wrong, repeated, named, right int
		var forecast, brier int64
		for k := range 2 * worlds {
			var rounds []*Round
			for i := range c.rounds {
				at := (120 + int64(i)*60 + r.below(30)) * dayS
				paid := 20_000_000 + r.below(100_000_000)
				rounds = append(rounds, &Round{number: i + 1, seed: model.Certain, way: model.Certain, window: window{start: t0 + at, end: t0 + at, paid: paid, orders: 1}})
			}
			buyer := k%2 == 0
			p := invented(&r, rounds, buyer)
			rule := &rule{Params: DefaultParams()}
			rule.Shifts = 0
			s := &search{rule: rule, people: p, searches: 1}
			d := &cause{search: s, party: &party{}, rounds: rounds, a: rule.analyse(p, rounds, &rule.Params)}
			for i := range d.a.fitted {
				f := &d.a.fitted[i]
				if !d.worth(f) {
					continue
				}
				v := d.judge(d.a, f, nil, p.pi0, false)
				if v.kind == "" {
					continue
				}
				named++
				q, y := int64(v.score.Probability), int64(0)
				if buyer && f.b == 0 {
					y = int64(model.Certain)
					right++
				}
				forecast += q
				brier += (q - y) / 1000 * ((q - y) / 1000)
				switch sure := q >= int64(model.Percent(50)); {
				case sure && y > 0:
					found++
				case sure:
					wrong++
					if v.rounds > 1 {
						repeated++
					}
				}
			}
		}
		t.Logf("simulated, %d rounds, no ownership, %d worlds, half with a buyer: %d named with %s in the mean, %d of them right; at 0.5 or more %d buyers and %d strangers; Brier %s",
			c.rounds, 2*worlds, named, model.Probability(forecast/int64(named)), right, found, wrong, model.Probability(brier/int64(named)))
		if int64(right)*int64(model.Certain) < forecast-forecast/10 {
			t.Errorf("%d rounds: %d right, where the numbers say %d", c.rounds, right, forecast/int64(model.Certain))
		}
		if found < c.recall || repeated > 1 {
			t.Errorf("%d rounds: found %d, want %d at least; strangers with several rounds %d, want one at most", c.rounds, found, c.recall, repeated)
		}
	}
}
