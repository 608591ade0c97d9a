package loop

import (
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

// people are the beneficiaries of the run, and of other ledgers, with their
// receipts in the field.
type people struct {
	field
	x    *beneficiary.Index
	who  []who
	from int64 // the first receipt of all
	// abroad is true where values are of a currency.
	abroad   bool
	pi0      model.Probability // what of the pools' blocks is not seen in payouts
	floor    model.Probability // the least that pi0 can be, by what was measured
	covered  bool              // pi0 was measured
	partly   bool              // but not of every pool
	pools    int
	receipts []receiptAt
	// Beneficiaries that were asked for, by index, as the run's are made anew
	// each time.
	made map[int]*beneficiary.Beneficiary
	// trains are the outcomes of tests of form, which sensitivities ask for
	// again and again, by beneficiary and receipts.
	trains map[[3]int]beneficiary.Train
}

// who is one candidate: a beneficiary of the run, or several of other ledgers.
type who struct {
	index int // in the run's index; -1 for none
	more  []*Abroad
}

// receiptAt says where a receipt of the field comes from.
type receiptAt struct {
	of    int32 // index into who.more, or -1 for the run's own
	n     int32 // receipt
	trust model.Probability
}

// mostMade bounds how many beneficiaries are kept.
const mostMade = 4_096

// home returns a beneficiary of the run.
func (p *people) home(index int) *beneficiary.Beneficiary {
	b, ok := p.made[index]
	if !ok {
		if p.made == nil || len(p.made) >= mostMade {
			p.made = map[int]*beneficiary.Beneficiary{}
		}
		b = p.x.At(index)
		p.made[index] = b
	}
	return b
}

// people reads the beneficiaries of the run.
func (r *rule) people(ctx context.Context, t *heuristics.Totals) (*people, error) {
	x := beneficiary.Of(t)
	p := &people{x: x, abroad: len(r.Abroad) > 0}
	used := map[string]int{}
	for i := range x.Len() {
		p.who = append(p.who, who{index: i})
	}
	for i := range r.Abroad {
		a := &r.Abroad[i]
		if a.Beneficiary == nil {
			continue
		}
		k, ok := used[a.Party]
		if a.Party == "" || !ok {
			// A party may have a beneficiary of the run too, by its address.
			k = len(p.who)
			if home, err := model.ParseAddress(a.Party, t.Network()); err == nil {
				if n, found := x.Find(home); found {
					k = n
				}
			}
			if k == len(p.who) {
				p.who = append(p.who, who{index: -1})
			}
			used[a.Party] = k
		}
		p.who[k].more = append(p.who[k].more, a)
	}
	last := int64(0)
	for i := range p.who {
		if err := r.receipts(ctx, t, p, &p.who[i]); err != nil {
			return nil, err
		}
	}
	p.from = 1 << 62
	for _, at := range p.at {
		p.from, last = min(p.from, at), max(last, at)
	}
	if tip, ok := clock(t.Tip()); ok && t.Scope().To == 0 && t.Scope().Explored == nil {
		last = max(last, tip)
	}
	p.close(p.from, last, secs(r.Quiet))
	p.coverage(r)
	return p, nil
}

// receipts adds a candidate to the field.
func (r *rule) receipts(ctx context.Context, t *heuristics.Totals, p *people, w *who) error {
	type entry struct {
		at, value int64
		receiptAt
	}
	var es []entry
	unvalued, untimed := 0, 0
	add := func(rc *beneficiary.Receipt, of, n int, value int64, ok bool) {
		when, timed := clock(rc.Block)
		switch {
		case !timed:
			untimed++
		case !ok:
			// That it came is known, and what comes with it has no sum.
			unvalued++
			es = append(es, entry{when, 0, receiptAt{int32(of), int32(n), rc.Confidence}})
		case value > 0:
			es = append(es, entry{when, value, receiptAt{int32(of), int32(n), rc.Confidence}})
		}
	}
	if w.index >= 0 {
		b := p.x.At(w.index)
		for n := range b.Receipts {
			rc := &b.Receipts[n]
			if slices.Contains(r.LeaveOut, rc.Out.Tx) {
				continue
			}
			v, ok := int64(rc.Amount), true
			if p.abroad {
				var err error
				if v, ok, err = worth(ctx, t, rc.Amount, rc.Block); err != nil {
					return err
				}
			}
			add(rc, -1, n, v, ok)
		}
	}
	for of, a := range w.more {
		for n := range a.Beneficiary.Receipts {
			v := int64(-1)
			if n < len(a.Values) {
				v = a.Values[n]
			}
			add(&a.Beneficiary.Receipts[n], of, n, v, v >= 0)
		}
	}
	t.Note("payout at an unknown time, left out of rounds", untimed)
	t.Note("payout without a price at its time: what its beneficiary received then is not compared", unvalued)
	slices.SortStableFunc(es, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	at, value := make([]int64, len(es)), make([]int64, len(es))
	for i := range es {
		at[i], value[i] = es[i].at, es[i].value
		p.receipts = append(p.receipts, es[i].receiptAt)
	}
	p.add(at, value)
	return nil
}

// worth returns the value of an amount in hundredths of the session's currency.
func worth(ctx context.Context, t *heuristics.Totals, a model.Amount, at model.BlockRef) (int64, bool, error) {
	m, err := t.Money(ctx, a, at)
	if err != nil || m.Fiat == nil {
		return 0, false, err
	}
	return m.Fiat.Amount.Shift(2).Round(0).IntPart(), true, nil
}

// value fills in what deposits count for.
func (p *people) value(ctx context.Context, t *heuristics.Totals, ins []*paidIn) error {
	for _, in := range ins {
		in.value = int64(in.net)
		if !p.abroad {
			continue
		}
		v, ok, err := worth(ctx, t, in.net, in.block)
		if err != nil {
			return err
		}
		if in.value = v; !ok {
			in.value = 0
			in.unvalued = true
			t.Note("deposit without a price at its time", 1)
		}
	}
	return nil
}

// coverage measures which part of what the pools mined their payouts show.
func (p *people) coverage(r *rule) {
	for _, pool := range p.x.Pools() {
		if pool.Payouts > 0 {
			p.pools++
		}
	}
	var all bool
	p.pi0, p.covered, all = r.unseen(p.x.Pools())
	p.partly = p.covered && !all
	if p.covered {
		bare := rule{Params: r.Params}
		bare.Pi0 = 0
		p.floor, _, _ = bare.unseen(p.x.Pools())
	}
}

// unseen returns the prior probability that the buyer is paid outside the data, and
// whether it was measured: on any pool, and on all. What a pool mined of which no
// block was seen counts as so much that Pi0Unmeasured of it is not seen.
func (r *rule) unseen(pools []beneficiary.Pool) (pi0 model.Probability, measured, all bool) {
	var paid, mined model.Amount
	all = true
	for i := range pools {
		pool := &pools[i]
		switch {
		case pool.Mined > 0:
			measured = true
			paid, mined = paid+min(pool.Paid, pool.Mined), mined+pool.Mined
		case pool.Paid > 0:
			all = false
			if whole, ok := pool.Paid.Share(int64(model.Certain), int64(model.Certain-min(r.Pi0Unmeasured, model.Percent(99)))); ok {
				paid, mined = paid+pool.Paid, mined+whole
			}
		}
	}
	if !measured {
		return max(r.Pi0, r.Pi0Unmeasured), false, false
	}
	pi0 = r.Pi0
	if part, ok := paid.Share(int64(model.Certain), int64(mined)); ok {
		// Even a pool that is seen whole leaves other pools and other coins.
		pi0 = min(max(pi0, model.Certain-model.Probability(min(part, model.Amount(model.Certain)))), model.Percent(99))
	}
	return pi0, true, all
}

// beneficiaries returns what a candidate consists of, the run's own first.
func (p *people) beneficiaries(b int) []*beneficiary.Beneficiary {
	var out []*beneficiary.Beneficiary
	if i := p.who[b].index; i >= 0 {
		out = append(out, p.home(i))
	}
	for _, a := range p.who[b].more {
		out = append(out, a.Beneficiary)
	}
	return out
}

// counted returns the receipts of a candidate from one place in the field to
// another.
func (p *people) counted(b, from, to int) []beneficiary.Receipt {
	var home *beneficiary.Beneficiary
	if i := p.who[b].index; i >= 0 {
		home = p.home(i)
	}
	var out []beneficiary.Receipt
	for i := from; i < to; i++ {
		switch at := p.receipts[i]; {
		case at.of >= 0:
			out = append(out, p.who[b].more[at.of].Beneficiary.Receipts[at.n])
		case home != nil:
			out = append(out, home.Receipts[at.n])
		}
	}
	return out
}
