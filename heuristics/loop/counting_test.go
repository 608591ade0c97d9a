package loop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

// A start says the less the longer the deposits go on: who begins within three days
// of one deposit is rarer than who begins within two months of them.
func TestStartOfALongRound(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	n := &bench{field: &field{first: t0, last: t0 + 400*dayS}, p: &p}
	for _, c := range []struct{ days, millionths int64 }{
		{0, 30_000_000}, {2, 18_000_000}, {6, 10_000_000}, {42, 2_000_000}, {87, 1_000_000}, {300, 1_000_000},
	} {
		w := window{start: t0 + 50*dayS, end: t0 + (50+c.days)*dayS}
		near(t, fmt.Sprintf("deposits over %d days", c.days), n.startWeight(w, 1_000), float64(lnOf(t, c.millionths))/1e6, 1e-6)
	}
}

// A receipt counts for one round, however many windows it lies in.
func TestReceiptsCountOnce(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	f := func(from, to int, quantity model.MicroNats) fit {
		return fit{ok: true, from: from, to: to, quantity: quantity, start: model.Nat}
	}
	for _, c := range []struct {
		name   string
		fits   []fit
		base   int
		counts []bool
	}{
		{"apart", []fit{f(0, 7, 3*model.Nat), f(7, 12, 2*model.Nat)}, 0, []bool{true, true}},
		{"the same receipts", []fit{f(0, 7, 3*model.Nat), f(0, 7, 2*model.Nat)}, 0, []bool{true, false}},
		{"one in both", []fit{f(0, 7, 2*model.Nat), f(6, 12, 3*model.Nat)}, 1, []bool{false, true}},
		{"the third counts with either", []fit{f(0, 7, 3*model.Nat), f(6, 12, 2*model.Nat), f(12, 14, model.Nat)}, 0, []bool{true, false, true}},
		{"what is shared takes nothing from a third", []fit{f(0, 7, 3*model.Nat), f(6, 12, 2*model.Nat), f(11, 14, model.Nat)}, 0, []bool{true, false, true}},
	} {
		total, base := combine(&p, c.fits)
		settle(&p, c.fits, base)
		g := &fitted{fits: c.fits, base: base}
		var counts []bool
		want := c.fits[base].alone()
		var more []model.MicroNats
		for r := range c.fits {
			counts = append(counts, g.counts(&p, r))
			if counts[r] && r != base {
				more = append(more, c.fits[r].again(&p))
			}
		}
		if want += model.WeighFamily(more...); base != c.base || total != want {
			t.Errorf("%s: base %d with %v, want %d with %v", c.name, base, total, c.base, want)
		}
		if diff := cmp.Diff(c.counts, counts); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

// Deposits four days apart and one series of payouts that lies in both windows: it
// is counted as one answer.
func TestSeriesOverTwoRounds(t *testing.T) {
	t.Parallel()
	p := &people{x: &beneficiary.Index{}, pi0: model.Percent(50)}
	p.invent(shift(train(150*dayS), 3*dayS))
	for i := range 30 {
		var rs [][2]int64
		for d := int64(0); d < 400; d += 2 {
			rs = append(rs, [2]int64{d * dayS, 1_000_000 + int64(i)*400_000})
		}
		p.invent(rs)
	}
	rule := &rule{Params: DefaultParams()}
	p.close(t0, t0+400*dayS, secs(rule.Quiet))
	var rounds []*Round
	for i, at := range []int64{150 * dayS, 154 * dayS} {
		w := window{start: t0 + at, end: t0 + at, paid: 60_000_000, orders: 1}
		rounds = append(rounds, &Round{number: i + 1, window: w, seed: model.Certain, way: model.Certain})
	}
	a := rule.analyse(p, rounds, &rule.Params)
	f := &a.fitted[a.at[0]]
	if !f.fits[0].ok || !f.fits[1].ok {
		t.Fatalf("the series does not fit both: %+v", f.fits)
	}
	if f.counts(a.p, 0) == f.counts(a.p, 1) {
		t.Error("one series counts for two rounds")
	}
}

// Chance is not told more finely than the room for shifts allows: 999 shifts within
// two months do not make 999 trials.
func TestChanceIsNoFinerThanItsRoom(t *testing.T) {
	t.Parallel()
	rule := &rule{Params: DefaultParams()}
	for _, c := range []struct {
		days, span int64
		early      bool
		p          model.Probability
	}{
		{60, 0, true, 47_619}, // 20 times three days, and the one that was seen
		{60, 3, true, 90_909}, // deposits over three days
		{60, 0, false, 76_923},
		{3_000, 0, true, 1_000}, // then the number of shifts is what limits
	} {
		w := window{start: t0, end: t0 + c.span*dayS}
		d := &cause{search: &search{rule: rule, searches: 2}, room: c.days * dayS, null: make([]model.MicroNats, 999), done: true}
		d.a = &analysis{bench: bench{p: &rule.Params}, ws: []window{w}}
		f := &fitted{fits: []fit{{ok: true, early: c.early}}, total: model.Nat}
		got := d.chance(f)
		if got.P != c.p || got.Corrected != 2*c.p || got.AsGood != 0 {
			t.Errorf("%d days, deposits over %d: %+v, want %v", c.days, c.span, got, c.p)
		}
		if c.p > 1_000 && !strings.HasPrefix(got.Correction, "p is no less than 1 in ") {
			t.Errorf("%d days: it is not said why p is not less: %s", c.days, got.Correction)
		}
	}
}

// What came back whole was no time of an order, and a deposit of unknown value makes
// the sum of its round unknown.
func TestDepositsThatDoNotCount(t *testing.T) {
	t.Parallel()
	in := func(days int64, net, gross model.Amount) *paidIn {
		d := &paidIn{at: t0 + days*dayS, net: net, value: int64(net)}
		d.Amount = gross
		return d
	}
	r := &rule{Params: DefaultParams()}
	rounds := r.rounds(nil, &party{ins: []*paidIn{in(0, 0, 9_000_000), in(2, 30_000_000, 30_000_000), in(4, 0, 5_000_000)}})
	want := window{start: t0 + 2*dayS, end: t0 + 2*dayS, paid: 30_000_000, orders: 1}
	if len(rounds) != 1 || rounds[0].window != want || len(rounds[0].Deposits) != 3 {
		t.Errorf("%+v", rounds)
	}
	blind := in(20, 30_000_000, 30_000_000)
	blind.unvalued, blind.value = true, 0
	if rounds := r.rounds(nil, &party{ins: []*paidIn{in(19, 50_000_000, 50_000_000), blind}}); len(rounds) != 0 {
		t.Errorf("a round with a deposit of unknown value: %+v", rounds[0].window)
	}
}

// A payout of unknown value is not nothing: with it the sum may be too much.
func TestPayoutOfUnknownValue(t *testing.T) {
	t.Parallel()
	var w world
	known := w.add(train(100 * dayS)...)
	rs := train(100 * dayS)
	rs[3][1] = 0
	unknown := w.add(append(rs, [2]int64{107*dayS + 14*3_600, 9_280_000})...)
	n := w.bench(t, 400)
	if f := n.gate(known, round1(100*dayS)); !f.ok {
		t.Error("the train does not fit")
	}
	if f := n.gate(unknown, round1(100*dayS)); f.ok {
		t.Errorf("it fits without what is unknown: %+v", f)
	}
}

// What is not seen of pools of which no block was seen counts too.
func TestUnseenOfPools(t *testing.T) {
	t.Parallel()
	r := &rule{Params: DefaultParams()}
	for _, c := range []struct {
		name          string
		pools         []beneficiary.Pool
		want          int
		measured, all bool
	}{
		{"none", nil, 80, false, false},
		{"no block of it", []beneficiary.Pool{{Paid: 100}}, 80, false, false},
		{"seen whole", []beneficiary.Pool{{Paid: 100, Mined: 100}}, 50, true, true},
		{"seen for 14 percent", []beneficiary.Pool{{Paid: 14, Mined: 100}}, 86, true, true},
		{"never seen to pay", []beneficiary.Pool{{Paid: 90, Mined: 100}, {Mined: 200}}, 70, true, true},
		{"one whole, and as much paid by one of which no block was seen", []beneficiary.Pool{{Paid: 100, Mined: 100}, {Paid: 100}}, 67, true, false},
		{"more paid than mined", []beneficiary.Pool{{Paid: 300, Mined: 100}}, 50, true, true},
		{"hardly anything", []beneficiary.Pool{{Paid: 1, Mined: 100_000}}, 99, true, true},
	} {
		got, measured, all := r.unseen(c.pools)
		if (got+5_000)/10_000 != model.Probability(c.want) || measured != c.measured || all != c.all {
			t.Errorf("%s: %v %v %v, want 0.%d", c.name, got, measured, all, c.want)
		}
	}
}

// Very many rounds: the largest are looked at, in order.
func TestLargestRounds(t *testing.T) {
	t.Parallel()
	r := &rule{Params: DefaultParams()}
	r.MaxRounds = 2
	var rounds []*Round
	for i, paid := range []int64{5, 9, 1, 7} {
		rounds = append(rounds, &Round{number: i + 1, window: window{paid: paid}})
	}
	got := r.largest(rounds)
	if len(got) != 2 || got[0].number != 2 || got[1].number != 4 || rounds[0].number != 1 {
		t.Errorf("%d rounds", len(got))
	}
}

// Where nothing tells how many members a pool has, the few that were seen are not
// taken to be all.
func TestFewSeen(t *testing.T) {
	t.Parallel()
	judged := func(covered bool) *verdict {
		p := &people{x: &beneficiary.Index{}, pi0: model.Percent(80), covered: covered}
		p.invent(train(150 * dayS))
		for i := range 6 {
			var rs [][2]int64
			for d := int64(0); d < 400; d += 14 {
				rs = append(rs, [2]int64{d * dayS, 500_000 + int64(i)*600_000})
			}
			p.invent(rs)
		}
		rule := &rule{Params: DefaultParams()}
		p.close(t0, t0+400*dayS, secs(rule.Quiet))
		rounds := []*Round{{number: 1, window: round1(150 * dayS), seed: model.Percent(90), way: model.Certain}}
		c := &cause{search: &search{rule: rule, people: p, searches: 1}, party: &party{}, rounds: rounds}
		c.a = rule.analyse(p, rounds, &rule.Params)
		return c.judge(c.a, &c.a.fitted[c.a.at[0]], nil, p.pi0, false)
	}
	all, few := judged(true), judged(false)
	if all.n != 7 || few.n != 200 || few.seen != 7 {
		t.Errorf("%d and %d candidates, %d seen", all.n, few.n, few.seen)
	}
	if few.score.Probability >= model.Percent(50) || few.score.Probability >= all.score.Probability || !strings.Contains(few.score.PriorOf, "where 7 were seen") {
		t.Errorf("%v among seven that are all, %v where that is not known: %s", all.score.Probability, few.score.Probability, few.score.PriorOf)
	}
}

// Payouts that answer the deposits of two actors are those of one at most.
func TestAnswersOfAnother(t *testing.T) {
	t.Parallel()
	me, other := &party{actor: "Kestrel"}, &party{actor: "Heron"}
	f := &fitted{b: 3, fits: []fit{{ok: true, from: 10, to: 17}, {ok: true, from: 20, to: 25}}}
	c := &cause{party: me, search: &search{answers: map[int][]answer{3: {
		{party: other, round: 1, from: 16, to: 18, doubts: 1},
		{party: other, round: 2, from: 9, to: 11, doubts: 2},
		{party: other, round: 3, from: 21, to: 22, doubts: 9},
		{party: me, round: 4, from: 10, to: 17, doubts: 9},
	}}}}
	got := c.elsewhere(f, func(r int) bool { return r == 0 })
	if len(got) != 1 || got[0].round != 2 {
		t.Errorf("%+v", got)
	}
	if got := c.elsewhere(&fitted{b: 4, fits: f.fits}, func(int) bool { return true }); len(got) != 0 {
		t.Errorf("of another beneficiary: %+v", got)
	}
}

// The range of a number does not reach below what was measured not to be seen.
func TestRangeOverWhatWasMeasured(t *testing.T) {
	t.Parallel()
	r := &rule{Params: DefaultParams()}
	p := &people{x: &beneficiary.Index{}, pi0: model.Percent(86), floor: model.Percent(86), covered: true}
	p.invent(train(150 * dayS))
	p.close(t0, t0+400*dayS, secs(r.Quiet))
	rounds := []*Round{{number: 1, window: round1(150 * dayS), seed: model.Certain, way: model.Certain}}
	c := &cause{search: &search{rule: r, people: p, searches: 1}, party: &party{}, rounds: rounds}
	c.a = r.analyse(p, rounds, &r.Params)
	v := c.judge(c.a, &c.a.fitted[0], nil, p.pi0, false)
	if !strings.HasPrefix(v.score.RangeOver, "pi0 from 0.86 to 0.86") || v.score.High != v.score.Probability {
		t.Errorf("%v to %v over %s", v.score.Low, v.score.High, v.score.RangeOver)
	}
}
