package loop

import (
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

const week = 7 * 86_400

// flow is what a party paid, as cumulative sums.
type flow struct {
	at, sum []int64
	start   int64
	weeks   int // whole weeks from the first deposit to the last
}

// flow returns the deposits of a party as a flow; false where they are not paid
// steadily: in nearly every one of as many weeks as are asked for.
func (r *rule) flow(rounds []*Round) (*flow, []*paidIn, bool) {
	var ins []*paidIn
	for _, x := range rounds {
		if x.window.cloud {
			return nil, nil, false // what a contract pays out does not follow from its price
		}

		ins = append(ins, x.ins...)
	}
	if len(ins) < r.WeeksPaid {
		return nil, nil, false
	}
	f := &flow{start: ins[0].at}
	var paid []int64
	sum := int64(0)
	for _, in := range ins {
		sum += in.value
		f.at, f.sum = append(f.at, in.at), append(f.sum, sum)
		if k := (in.at - f.start) / week; in.value > 0 && (len(paid) == 0 || paid[len(paid)-1] != k) {
			paid = append(paid, k)
		}
	}
	const longest = 1_040 // twenty years: times are what strangers write
	f.weeks = int((ins[len(ins)-1].at-f.start)/week) + 1
	for i := range paid {
		n, _ := slices.BinarySearch(paid, paid[i]+int64(r.Weeks))
		if n-i >= r.WeeksPaid && f.weeks >= r.Weeks && f.weeks <= longest {
			return f, ins, true
		}
	}
	return nil, nil, false
}

// until returns what was paid by a time.
func (f *flow) until(t int64) int64 {
	i, ok := slices.BinarySearch(f.at, t)
	for ok && i < len(f.at) && f.at[i] == t {
		i++
	}
	if i == 0 {
		return 0
	}
	return f.sum[i-1]
}

// keeps returns for how many weeks at most, one after the other, a beneficiary's
// cumulative payouts stay within the ratios of the cumulative deposits, shifted by
// so much. Payouts may be up to a week behind.
func (n *bench) keeps(b int, f *flow, by int64) (most int) {
	lo, hi := n.of(b)
	from := n.after(lo, hi, f.start+by)
	if from == hi {
		return 0
	}
	run, i := 0, from
	for k := 1; k <= f.weeks; k++ {
		t := f.start + int64(k)*week
		for i < hi && n.at[i] <= t+by {
			i++
		}
		got := n.total(from, i)
		least, ok1 := model.Amount(f.until(t-week)).Share(int64(n.p.RatioMin), int64(model.Certain))
		upper, ok2 := model.Amount(f.until(t)).Share(int64(n.p.RatioMax), int64(model.Certain))
		if !ok1 || !ok2 || got < int64(least) || got > int64(upper) || got == 0 {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}

// steadyFits tests everybody against a flow. Its weight is how rare it is among
// all others to pass the test.
func (n *bench) steadyFits(f *flow, w window, by int64) []fitted {
	var out []fitted
	for b := range n.len() {
		if n.keeps(b, f, by) < n.p.Weeks {
			continue
		}
		lo, hi := n.of(b)
		from := n.after(lo, hi, w.start+by)
		to := n.after(from, hi, w.end+by+week+1)
		x := fit{ok: true, from: from, to: to, end: to, got: n.total(from, to)}
		x.started = n.begins(lo, from, secs(n.p.Quiet))
		x.early = x.started && n.at[from] <= w.start+by+secs(n.p.Start)
		out = append(out, fitted{b: b, fits: []fit{x}})
	}
	if len(out) == 0 {
		return nil
	}
	moved := w.shifted(by)
	seen := 0
	for b := range n.len() {
		if n.between(b, moved.start, moved.end+week) > 0 {
			seen++
		}
	}
	rare := model.LnRatio(int64(max(seen, len(out))), int64(len(out)))
	// A start counts within Start after the first deposit, not the last.
	start := n.startWeight(window{start: moved.start, end: moved.start}, int64(seen))
	for i := range out {
		x := &out[i].fits[0]
		x.quantity = min(rare, model.FamilyCap)
		if x.early {
			x.start = start
		}
		lo, hi := n.of(out[i].b)
		since := moved.start - secs(n.p.Resident)
		if since >= n.first && n.rated(n.total(n.after(lo, hi, since), x.from), secs(n.p.Resident), x.got, max(moved.end-moved.start, secs(day))) {
			x.resident, x.stay = true, n.p.ResidentWeight
		}
		out[i].total, out[i].base = combine(n.p, out[i].fits)
	}
	return out
}

// steady looks for beneficiaries whose payouts keep pace with deposits, and returns
// those of which a finding speaks.
func (s *search) steady(ctx context.Context, p *party, rounds []*Round) (map[int]bool, error) {
	f, ins, ok := s.flow(rounds)
	if !ok {
		return nil, nil
	}
	x := &Round{Start: ins[0].block, End: ins[len(ins)-1].block, number: 1, way: model.Certain, seed: ins[0].seed, ins: ins}
	x.window = window{start: f.start, end: ins[len(ins)-1].at, paid: f.sum[len(f.sum)-1], orders: len(ins)}
	for _, in := range ins {
		x.Deposits = append(x.Deposits, in.Out)
		x.Gross, x.Returned = x.Gross+in.Amount, x.Returned+in.Amount-in.net
		x.seed, x.way = min(x.seed, in.seed), min(x.way, in.way)
	}
	a := &analysis{bench: s.bench(s.people, &s.Params), people: s.people, rounds: []*Round{x}, ws: []window{x.window}, at: map[int]int{}}
	a.usual = []*background{a.background(x.window)}
	a.fitted = a.steadyFits(f, x.window, 0)
	for i := range a.fitted {
		a.at[a.fitted[i].b] = i
	}
	c := &cause{search: s, party: p, rounds: a.rounds, a: a, flow: f}
	if len(a.fitted) == 0 {
		return nil, nil
	}
	if err := c.evidence(ctx); err != nil {
		return nil, err
	}
	told := map[int]bool{}
	for i := range a.fitted {
		g := &a.fitted[i]
		if !c.worth(g) {
			continue
		}
		if err := c.shift(ctx); err != nil {
			return nil, err
		}
		v := c.judge(a, g, c.extra[g.b], s.people.pi0, false)
		if v.kind != KindSteady {
			s.t.Note("beneficiary whose payouts keep pace with deposits, with too little to say more", 1)
			continue
		}
		told[g.b] = true
		if err := c.report(ctx, g, v); err != nil {
			return nil, err
		}
	}
	return told, nil
}

// steadyNull returns the best score of anybody, by shift.
func (c *cause) steadyNull(ctx context.Context, shifts []int64) ([]model.MicroNats, error) {
	best := make([]model.MicroNats, len(shifts))
	for s, by := range shifts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		best[s] = least
		for _, f := range c.a.steadyFits(c.flow, c.a.ws[0], by) {
			best[s] = max(best[s], f.total)
		}
	}
	return best, nil
}

// steadyText says how payouts keep pace.
func (w *telling) steadyText(f *fit) string {
	n := w.a.keeps(w.f.b, w.flow, 0)
	return fmt.Sprintf("For %s, cumulative payouts stay between %s and %s of cumulative deposits, up to a week behind: %s of %s in all. Of %d beneficiaries in that time %d keep pace so.",
		words.Plural(n, "week"), w.RatioMin, w.RatioMax, w.units(f.got), w.units(w.rounds[0].window.paid), w.v.seen, len(w.a.fitted))
}
