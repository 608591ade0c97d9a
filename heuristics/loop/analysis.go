package loop

import (
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

// fitted is a beneficiary that passes the gates of at least one round.
type fitted struct {
	b     int
	fits  []fit // by round
	total model.MicroNats
	base  int // the round that counts in full
}

// counts reports whether a round is part of what is said of the beneficiary: it
// fits by receipts of its own, and adds to the weight.
func (f *fitted) counts(p *Params, r int) bool {
	return f.fits[r].ok && !f.fits[r].shared && (r == f.base || f.fits[r].again(p) > 0)
}

// analysis is the search for the buyer of the rounds of one party, with one set of
// parameters.
type analysis struct {
	bench
	people *people
	rounds []*Round
	ws     []window
	usual  []*background
	fitted []fitted
	at     map[int]int // into fitted, by beneficiary
}

func (r *rule) bench(p *people, params *Params) bench {
	sigma := params.Sigma
	if p.abroad {
		sigma = params.SigmaAbroad
	}
	n := bench{field: &p.field, p: params, l: newLogs(min(p.len(), 1<<16)), k: newKernel(params.Ratio, sigma)}
	n.most = params.Train.Train
	n.shape = func(b, from, to int) model.MicroNats { return p.train(b, from, to, params).Weight }
	return n
}

// mostTrains bounds how many outcomes are kept.
const mostTrains = 1 << 15

// train tests the form of a beneficiary's payouts by the pool that pays most of
// them. The parameters of the test are the same throughout a run.
func (p *people) train(b, from, to int, params *Params) beneficiary.Train {
	key := [3]int{b, from, to}
	t, ok := p.trains[key]
	if !ok {
		if p.trains == nil || len(p.trains) >= mostTrains {
			p.trains = map[[3]int]beneficiary.Train{}
		}
		t = p.test(b, from, to, params)
		p.trains[key] = t
	}
	return t
}

func (p *people) test(b, from, to int, params *Params) beneficiary.Train {
	lo, hi := p.of(b)
	tested := p.counted(b, from, to)
	pool := mostly(tested)
	seen, cadence := p.seen(b, from, to, pool)
	return seen.Test(of(p.counted(b, lo, from), pool), of(tested, pool), of(p.counted(b, to, hi), pool), cadence, params.Train)
}

// seen returns in which time the payouts of a pool were looked for, and how often
// it pays. Of a pool of another ledger it is known only what its beneficiaries
// show.
func (p *people) seen(b, from, to int, s source) (beneficiary.Seen, time.Duration) {
	own := p.who[b].index >= 0 && slices.ContainsFunc(p.receipts[from:to], func(r receiptAt) bool { return r.of < 0 })
	if pools := p.x.Pools(); own && int(s.pool) < len(pools) && p.x.Head(p.who[b].index).Network() == s.net {
		return p.x.Seen(s.pool), pools[s.pool].Cadence
	}
	return beneficiary.Seen{From: p.first, To: p.last}, 0
}

// source is a pool of a ledger.
type source struct {
	net  model.Network
	pool uint16
}

func mostly(rs []beneficiary.Receipt) (best source) {
	var most model.Amount
	sums := map[source]model.Amount{}
	for i := range rs {
		k := source{rs[i].Address.Network(), rs[i].Pool}
		sums[k] += rs[i].Amount
	}
	for i := range rs { // in order, so that a tie does not depend on the map
		if k := (source{rs[i].Address.Network(), rs[i].Pool}); sums[k] > most {
			best, most = k, sums[k]
		}
	}
	return best
}

func of(rs []beneficiary.Receipt, s source) []beneficiary.Receipt {
	var out []beneficiary.Receipt
	for i := range rs {
		if rs[i].Pool == s.pool && rs[i].Address.Network() == s.net {
			out = append(out, rs[i])
		}
	}
	return out
}

// analyse fits everybody into every round.
func (r *rule) analyse(p *people, rounds []*Round, params *Params) *analysis {
	a := &analysis{bench: r.bench(p, params), people: p, rounds: rounds, at: map[int]int{}}
	for _, x := range rounds {
		a.ws = append(a.ws, x.window)
		a.usual = append(a.usual, a.background(x.window))
	}
	for b := range p.len() {
		var fits []fit
		for i := range rounds {
			f := a.fit(b, a.ws[i], a.usual[i])
			if !f.ok {
				continue
			}
			if fits == nil {
				fits = make([]fit, len(rounds))
			}
			fits[i] = f
		}
		if fits == nil {
			continue
		}
		f := fitted{b: b, fits: fits}
		f.total, f.base = combine(params, fits)
		settle(params, fits, f.base)
		a.at[b] = len(a.fitted)
		a.fitted = append(a.fitted, f)
	}
	return a
}

// observed counts the beneficiaries that were paid in the window of any of the
// rounds.
func (a *analysis) observed(in func(r int) bool) int {
	n := 0
	for b := range a.len() {
		for r := range a.ws {
			_, last := a.ws[r].bounds(a.p)
			if in(r) && a.between(b, a.ws[r].start, last) > 0 {
				n++
				break
			}
		}
	}
	return n
}

// only returns a fit of some rounds.
func (a *analysis) only(f *fitted, in func(r int) bool) (fitted, bool) {
	g := fitted{b: f.b, fits: append([]fit(nil), f.fits...)}
	for r := range g.fits {
		if !in(r) {
			g.fits[r] = fit{}
		}
	}
	g.total, g.base = combine(a.p, g.fits)
	settle(a.p, g.fits, g.base)
	return g, g.base >= 0
}

// terms is the evidence about a fit, without its words: the same families in the
// same order, so that a score of them is that of the finding.
func (a *analysis) terms(f *fitted, extra []model.Evidence, without bool) []model.Evidence {
	seed := a.seed(f)
	var out []model.Evidence
	add := func(family string, w model.MicroNats, c model.Probability) {
		if w != 0 {
			out = append(out, model.Evidence{Family: family, Weight: w, Discounted: w.Discount(c)})
		}
	}
	base := &f.fits[f.base]
	c := a.trust(f, f.base, seed)
	add(quantityFamily, base.quantity, c)
	for _, w := range []model.MicroNats{base.start, base.shape, base.stop, base.stay, base.goOn} {
		add(timingFamily, w, c)
	}
	for r := range f.fits {
		if r != f.base && f.counts(a.p, r) {
			add(repetitionFamily, f.fits[r].again(a.p), a.trust(f, r, seed))
		}
	}
	for i := range extra {
		if without && extra[i].Family == ownershipFamily {
			continue
		}
		out = append(out, extra[i])
	}
	return out
}

// Families of evidence.
const (
	quantityFamily   = "quantity"
	timingFamily     = "timing"
	repetitionFamily = "repetition"
	ownershipFamily  = "ownership"
	contraryFamily   = "contrary"
)

// seed returns the confidence of the label that the claim presumes: that of the
// round that rests on the best.
func (a *analysis) seed(f *fitted) model.Probability {
	var best model.Probability
	for r := range f.fits {
		if f.counts(a.p, r) {
			best = max(best, a.rounds[r].seed)
		}
	}
	return best
}

// trust returns what a round's evidence rests on beside that label: the way from
// the payer to the payee, a worse label, and that the payouts are payouts. It counts
// for each item, more than once for all of them, which errs on the low side.
func (a *analysis) trust(f *fitted, r int, seed model.Probability) model.Probability {
	c := a.rounds[r].way.Times(share(a.rounds[r].seed, seed))
	paid := model.Certain
	for _, rc := range a.people.receipts[f.fits[r].from:f.fits[r].to] {
		paid = min(paid, rc.trust)
	}
	return c.Times(paid)
}
