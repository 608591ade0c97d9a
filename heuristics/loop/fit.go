package loop

import (
	"cmp"
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
)

// window is a round as the gates see it.
type window struct {
	start, end int64 // of the deposits, Unix seconds
	paid       int64 // net of what came back
	orders     int
	cloud      bool
}

// first returns until when the first payout may come, last until when the last.
func (w *window) bounds(p *Params) (first, last int64) {
	if w.cloud {
		return w.end + secs(p.CloudStart), w.end + secs(p.CloudLength+p.CloudSettle)
	}
	run := min(time.Duration(w.orders)*p.OrderMax, p.OrdersMax)
	return w.end + secs(p.StartWithin), w.end + secs(run+p.Settlement)
}

// ratios returns the bounds of payouts over deposits.
func (w *window) ratios(p *Params) (least, most model.Probability) {
	if w.cloud {
		return p.CloudMin, p.CloudMax
	}
	return p.RatioMin, p.RatioMax
}

func (w window) shifted(by int64) window {
	w.start, w.end = w.start+by, w.end+by
	return w
}

// maxLag is how far the median time past is behind the time of the block on a
// chain whose blocks come as they should. Where it is further, the median is of
// blocks long ago and says little.
const maxLag = 6 * 3600

// clock returns when a block was found, in Unix seconds: by the median time past,
// which nobody can set; by the header where that is unknown or far behind.
func clock(b model.BlockRef) (int64, bool) {
	if b.Has(model.KnownMedian|model.KnownTime) && b.Time-b.Median > maxLag {
		return b.Time, true
	}
	t, ok := b.When()
	return t.Unix(), ok
}

func secs(d time.Duration) int64 { return int64(d / time.Second) }

// fit is what speaks for and against a beneficiary in one round, ownership left
// out.
type fit struct {
	ok       bool
	from, to int // receipts that count, to left out
	// shared is true where some of them answer another round, for which they
	// count.
	shared bool
	end    int // and where those of the window end
	got    int64
	// cut is true where more came in the window than the gate allows: got is
	// what came until then, and excess what came besides.
	cut    bool
	excess int64
	// started is true where the payouts begin a series; early, where they do
	// so as soon as a buyer's would.
	started, early bool
	resident       bool
	continues      bool
	stops          bool

	quantity, start, shape, stop, stay, goOn model.MicroNats
}

// timing is the weight of the fit's evidence of time, as model.Weigh has it
// within a family.
func (f *fit) timing() model.MicroNats {
	return model.WeighFamily(f.start, f.shape, f.stop, f.stay, f.goOn)
}

// alone is the weight of a round on its own.
func (f *fit) alone() model.MicroNats { return model.WeighFamily(f.quantity) + f.timing() }

// again is what the round counts for beside another.
func (f *fit) again(p *Params) model.MicroNats {
	w := f.quantity + f.start
	return max(w, 0) * model.MicroNats(p.Repetition) / model.MicroNats(model.Certain)
}

// meets reports whether a receipt counts for both fits.
func (f *fit) meets(g *fit) bool { return f.from < g.to && g.from < f.to }

// combine returns the weight of fits together, and which is the one that counts in
// full: the one that gives the most. A receipt counts for one round only.
func combine(p *Params, fits []fit) (total model.MicroNats, base int) {
	base = -1
	for b := range fits {
		if !fits[b].ok {
			continue
		}
		first, best := further(p, fits, b, b)
		var next model.MicroNats
		if first >= 0 {
			_, next = further(p, fits, b, first)
		}
		if w := fits[b].alone() + min(best+next/2, model.FamilyCap); base < 0 || w > total {
			total, base = w, b
		}
	}
	return total, base
}

// further returns the fit that adds most to two others without a receipt of theirs;
// -1 where none adds anything.
func further(p *Params, fits []fit, a, b int) (at int, most model.MicroNats) {
	at = -1
	for i := range fits {
		f := &fits[i]
		if i == a || i == b || !f.ok || f.meets(&fits[a]) || f.meets(&fits[b]) {
			continue
		}
		if w := f.again(p); w > most {
			at, most = i, w
		}
	}
	return at, most
}

// settle marks the fits whose receipts count for another: for the base, or for one
// that adds more.
func settle(p *Params, fits []fit, base int) {
	if base < 0 {
		return
	}
	order := []int{base}
	for i := range fits {
		if fits[i].shared = false; fits[i].ok && i != base {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order[1:], func(a, b int) int { return cmp.Compare(fits[b].again(p), fits[a].again(p)) })
	for k, i := range order {
		fits[i].shared = slices.ContainsFunc(order[:k], func(j int) bool { return !fits[j].shared && fits[i].meets(&fits[j]) })
	}
}

// bench is what fits are weighed by: the receipts of everybody, and the
// parameters.
type bench struct {
	*field
	p *Params
	l *logs
	// shape weighs the form of a beneficiary's receipts from one to another;
	// most is what it says at best.
	shape func(b, from, to int) model.MicroNats
	most  model.MicroNats
	k     kernel
}

// background is what is usual in the window of a round.
type background struct {
	density density
	start   model.MicroNats // the weight of a start by chance
}

// background counts what beneficiaries receive in a window, and how often their
// payouts start.
func (n *bench) background(w window) *background {
	g := &background{}
	_, last := w.bounds(n.p)
	for b := range n.len() {
		lo, hi := n.of(b)
		i := n.after(lo, hi, w.start)
		g.density.add(n.total(i, n.after(i, hi, last+1)))
	}
	g.start = n.startWeight(w, int64(g.density.n))
	return g
}

// startWeight returns the weight of a start soon after the deposits. A buyer's is
// between the first deposit and Start after the last; others' fall into that time at
// the rate observed, so that it says the less the longer the deposits go on.
func (n *bench) startWeight(w window, beneficiaries int64) model.MicroNats {
	half := secs(n.p.StartSpan) / 2
	lo, hi := max(w.start-half, n.first+secs(n.p.Quiet)), min(w.start+half, n.last)
	i, _ := slices.BinarySearch(n.starts, lo)
	j, _ := slices.BinarySearch(n.starts, hi+1)
	starts := int64(max(j-i, 1))
	// One for each beneficiary in the span is the least that is believed.
	seen := max(hi-lo, 1)
	perSpan, ok := model.Amount(starts).Share(2*half, seen)
	if !ok || int64(perSpan) < beneficiaries {
		perSpan = model.Amount(max(beneficiaries, 1))
	}
	num, ok := model.Amount(2*half).Share(max(beneficiaries, 1), int64(perSpan))
	if !ok || num <= 0 {
		return 0
	}
	return max(model.LnRatio(int64(num), max(secs(n.p.Start)+max(w.end-w.start, 0), 1)), 0)
}

// gate finds which receipts count for a round, and whether they pass its gates.
func (n *bench) gate(b int, w window) fit {
	lo, hi := n.of(b)
	return n.gateAt(lo, hi, n.after(lo, hi, w.start), w)
}

// gateAt is gate where the first receipt that is not before the deposits is known.
func (n *bench) gateAt(lo, hi, i int, w window) (f fit) {
	first, last := w.bounds(n.p)
	if i == hi || n.at[i] > first || w.paid <= 0 {
		return f
	}
	least, most := w.ratios(n.p)
	floor, okFloor := model.Amount(w.paid).Share(int64(least), int64(model.Certain))
	ceiling, okCeiling := model.Amount(w.paid).Share(int64(most), int64(model.Certain))
	if !okFloor || !okCeiling {
		return f
	}
	end := i
	for end < hi && n.at[end] <= last && end-i < 8 {
		end++
	}
	if end-i == 8 {
		end = n.after(end, hi, last+1)
	}
	if n.blind[end] != n.blind[i] {
		return f // nobody knows what came
	}
	all := n.total(i, end)
	f.from, f.to, f.end, f.got = i, end, end, all
	if all > int64(ceiling) {
		f.cut = true
		for f.to > i && n.total(i, f.to) > int64(ceiling) {
			f.to--
		}
		f.got = n.total(i, f.to)
		f.excess = all - f.got
	}
	if f.to == i || f.got < int64(floor) || f.got <= 0 {
		return f
	}
	f.ok = true
	f.started = n.begins(lo, i, secs(n.p.Quiet))
	f.early = f.started && n.at[i] <= w.end+secs(n.p.Start)
	return f
}

// weigh fills in the weights of a fit that passed the gates, but for its shape.
func (n *bench) weigh(b int, w window, g *background, f *fit) {
	if !f.cut && !w.cloud {
		f.quantity = n.k.weigh(f.got, w.paid) - g.density.ln(f.got, n.p, n.l)
	}
	if f.early {
		f.start = g.start
	}
	lo, hi := n.of(b)
	// The rate of the train, over the time that its payouts stand for.
	span := n.at[f.to-1] - n.at[f.from]
	if k := int64(f.to - f.from); k > 1 {
		span += span / (k - 1)
	}
	span = max(span, secs(day))
	earlier := n.after(lo, hi, w.start-secs(n.p.Resident))
	if seen := w.start - max(w.start-secs(n.p.Resident), n.first); seen >= secs(n.p.Resident) &&
		n.rated(n.total(earlier, f.from), seen, f.got, span) {
		f.resident, f.stay = true, n.p.ResidentWeight
	}
	end := n.at[f.to-1]
	later := n.after(f.to, hi, end+secs(n.p.Continue)+1)
	goOn := n.total(f.to, later)
	if n.rated(goOn, secs(n.p.Continue), f.got, span) && later < hi {
		f.continues, f.goOn = true, n.p.ContinueWeight
	}
	if f.started && !f.cut && n.quietAfter(f.to, hi, end) && n.tail(f) {
		f.stops, f.stop = true, n.p.Stop
	}
}

// quietAfter reports whether nothing came for Continue after the last payout that
// counts, and that long was looked at.
func (n *bench) quietAfter(to, hi int, end int64) bool {
	until := end + secs(n.p.Continue)
	return until <= n.last && (to == hi || n.at[to] > until)
}

// tail reports whether the last payout is below the median.
func (n *bench) tail(f *fit) bool {
	k := f.to - f.from
	if k < 2 {
		return false
	}
	last, below, above := n.value[f.to-1], 0, 0
	for _, v := range n.value[f.from : f.to-1] {
		if v < last {
			below++
		} else if v > last {
			above++
		}
	}
	return above > below
}

// rated reports whether an amount in so many seconds comes at ResidentRate of the
// rate of the train.
func (n *bench) rated(amount, seconds, got, span int64) bool {
	if amount <= 0 {
		return false
	}
	// amount / seconds >= rate * got / span
	a, ok := model.Amount(amount).Share(span, seconds)
	if !ok {
		return true
	}
	b, ok := model.Amount(got).Share(int64(n.p.ResidentRate), int64(model.Certain))
	return ok && a >= b
}

// lnRoot2Pi is half of ln(2 pi).
const lnRoot2Pi = model.MicroNats(918_939)

// kernel is the density of the logarithm of payouts over deposits for a buyer: a
// normal one.
type kernel struct {
	mean, top model.MicroNats // where it is greatest, and its logarithm there
	sigma     int64           // in micro-nats
}

func newKernel(ratio, sigma model.Probability) kernel {
	s := int64(max(sigma, 1))
	return kernel{
		mean: model.LnRatio(int64(max(ratio, 1)), int64(model.Certain)), sigma: s,
		top: -lnRoot2Pi - model.LnRatio(s, int64(model.Certain)),
	}
}

// weigh returns the logarithm of the density.
func (k kernel) weigh(got, paid int64) model.MicroNats {
	z := int64(min(max(model.LnRatio(got, paid)-k.mean, -3*model.Nat), 3*model.Nat))
	// z^2 / 2 sigma^2 in micro-nats; the bound on z keeps 128 bits out of it.
	return k.top - model.MicroNats(z*z/k.sigma*int64(model.Nat/2)/k.sigma)
}

// fit weighs a beneficiary in a round.
func (n *bench) fit(b int, w window, g *background) fit {
	f := n.gate(b, w)
	if f.ok {
		n.weigh(b, w, g, &f)
		n.form(b, &f)
	}
	return f
}

// form adds the shape of the payouts, where they start: others have none.
func (n *bench) form(b int, f *fit) {
	if n.shape != nil && f.started {
		f.shape = n.shape(b, f.from, f.to)
	}
}
