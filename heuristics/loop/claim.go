package loop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// telling is one finding in the making.
type telling struct {
	*cause
	f *fitted
	v *verdict
	model.Finding
	parts  []*beneficiary.Beneficiary
	counts []int // the rounds that count, by index, the base first
	pools  string
	seed   model.Label
}

// report writes the finding about a candidate.
func (c *cause) report(ctx context.Context, f *fitted, v *verdict) error {
	w := &telling{cause: c, f: f, v: v, parts: c.people.beneficiaries(f.b)}
	w.counts = []int{f.base}
	for r := range f.fits {
		if r != f.base && f.counts(c.a.p, r) {
			w.counts = append(w.counts, r)
		}
	}
	slices.Sort(w.counts)
	w.pools = w.poolNames()
	for _, r := range w.counts {
		for _, in := range c.rounds[r].ins {
			if w.seed.On.IsZero() || in.label.Confidence > w.seed.Confidence {
				w.seed = in.label
			}
		}
	}
	last := f.fits[w.counts[len(w.counts)-1]]
	paid := c.people.counted(f.b, last.to-1, last.to)
	w.Finding = model.Finding{
		Kind: v.kind, Subject: model.RefAddress(w.parts[0].Head), Score: v.score,
		RefutedBy: []string{
			fmt.Sprintf("%s's order book naming another pool account, or another payout address, for these deposits.", c.party.service),
			fmt.Sprintf("%s's books showing that the account behind %s was served by other machines at the time.", w.pools, w.parts[0].Head),
			fmt.Sprintf("Proof that the label which gives %s to %s is wrong.", w.seed.On.ID(), c.party.service),
		},
		ErrorRates: []model.ErrorRate{model.NotMeasured("loops and leads on real cases")},
		Chance:     v.p,
	}
	if len(paid) > 0 {
		w.Block = paid[0].Block
	}
	for _, step := range []func(context.Context) error{w.claim, w.amounts, w.evidenceText, w.against, w.premises} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	w.related()
	w.grade()
	w.search()
	w.leaveOut()
	w.Sensitivity = c.sensitivity(f, v)
	c.t.Report(w.Finding)
	out := Candidate{Kind: v.kind, Actor: c.party.actor, Service: c.party.service, Head: w.parts[0].Head, Probability: v.score.Probability}
	for _, r := range w.counts {
		out.Rounds = append(out.Rounds, *c.rounds[r])
	}
	c.result.Candidates = append(c.result.Candidates, out)
	return nil
}

// poolNames names the pools whose payouts count.
func (w *telling) poolNames() string {
	var names []string
	for _, r := range w.counts {
		for _, rc := range w.people.counted(w.f.b, w.f.fits[r].from, w.f.fits[r].to) {
			name := fmt.Sprintf("a pool on %s", rc.Address.Network())
			if rc.Address.Network() == w.t.Network() {
				name = "a pool that nothing names"
				if ps := w.people.x.Pools(); int(rc.Pool) < len(ps) && ps[rc.Pool].Entity != "" {
					name = ps[rc.Pool].Entity
				}
			}
			names = append(names, name)
		}
	}
	return list(compact(names))
}

// payees returns the addresses that the rounds paid.
func (w *telling) payees() []string {
	var out []string
	for _, r := range w.counts {
		for _, in := range w.rounds[r].ins {
			out = append(out, in.Address.String())
		}
	}
	return compact(out)
}

func (w *telling) paidAt() string {
	var out []string
	for _, b := range w.parts {
		for i := range b.Addresses {
			out = append(out, b.Addresses[i].String())
		}
	}
	return list(compact(out))
}

func (w *telling) claim(context.Context) error {
	payees := list(w.payees())
	n := words.Plural(len(w.counts), "round")
	if w.flow != nil {
		n = words.Plural(len(w.rounds[0].ins), "deposit") + " with which payouts keep pace"
	}
	switch {
	case w.v.account:
		custodian := ""
		for _, b := range w.parts {
			if b.Kind == beneficiary.Account {
				custodian = b.Custodian
			}
		}
		who := "a custodian"
		if custodian != "" {
			who = custodian
		}
		w.Claim = fmt.Sprintf("Whoever paid %s at %s may be the customer of %s whom %s pays at %s (%s): an account, not a wallet, and %s knows its holder.",
			w.party.service, payees, who, w.pools, w.paidAt(), n, who)
	case w.v.kind == KindLead:
		w.Claim = fmt.Sprintf("Whoever paid %s at %s may be the one whom %s pays at %s (%s): a lead, to be asked about, as anyone can have a pool pay any address.",
			w.party.service, payees, w.pools, w.paidAt(), n)
	default:
		w.Claim = fmt.Sprintf("One party funds %s (%s) and controls %s (%s), in %s.",
			payees, w.party.service, w.paidAt(), w.pools, n)
	}
	w.Facts = append(w.Facts,
		model.Fact{Name: "service", Value: w.party.service},
		model.Fact{Name: "pool", Value: w.pools},
		model.Fact{Name: "given the label", Value: w.given()},
		model.Fact{Name: "who the party is", Value: fmt.Sprintf("%s by label (%s), not scored", w.party.actor, w.rounds[w.counts[0]].ins[0].Payer.Label.Confidence)},
		model.Fact{Name: "path", Value: "none on the ledger joins the two sides; that is inherent"},
		model.Fact{Name: "rounds", Value: fmt.Sprint(len(w.counts))},
	)
	if w.v.kind == KindLead {
		w.Facts = append(w.Facts, model.Fact{Name: "a lead because", Value: w.v.why})
	}
	if o, ok := w.owner[w.f.b]; ok {
		w.Facts = append(w.Facts, model.Fact{Name: "ownership", Value: o.what})
	} else {
		w.Facts = append(w.Facts, model.Fact{Name: "ownership", Value: "no evidence"})
	}
	for _, r := range w.counts {
		w.Facts = append(w.Facts, model.Fact{Name: fmt.Sprintf("round %d", w.rounds[r].number), Value: w.round(r)})
	}
	return nil
}

// given says what the number presumes, and what it were if that were certain.
func (w *telling) given() string {
	l := &w.seed
	s := fmt.Sprintf("%s is %s's: %s", l.On.ID(), l.Entity, l.Confidence)
	if l.Source != "" {
		s += ", " + l.Source
	}
	if !l.Asserted.IsZero() {
		s += ", " + words.Date(l.Asserted.Unix())
	}
	return s + fmt.Sprintf("; were that certain: %s", w.v.score.Given)
}

// round says what was paid in and out, when, and how much hash power that is.
func (w *telling) round(r int) string {
	f, x := &w.f.fits[r], w.rounds[r]
	s := fmt.Sprintf("paid in %s BTC net in %s on %s", x.Net(), words.Plural(len(x.ins), "deposit"), words.Date(x.window.start))
	if d := words.Date(x.window.end); d != words.Date(x.window.start) {
		s += " to " + d
	}
	return s + "; " + w.payouts(r, f)
}

// payouts says what came, when, and how much hash power that is.
func (w *telling) payouts(r int, f *fit) string {
	x := w.rounds[r]
	rs := w.people.counted(w.f.b, f.from, f.to)
	s := words.Plural(f.to-f.from, "payout")
	if !w.people.abroad {
		s += fmt.Sprintf(" of %s BTC", model.Amount(f.got))
	}
	s += fmt.Sprintf(" from %s to %s, R %s, starting %s after the first deposit", words.Date(w.people.at[f.from]), words.Date(w.people.at[f.to-1]),
		ratio(f.got, x.window.paid), hours(w.people.at[f.from]-x.window.start))
	tr := w.people.train(w.f.b, f.from, f.to, w.a.p)
	if tr.HashRate > 0 {
		s += fmt.Sprintf("; as of %s", tr.HashRate)
		if tr.Equivalent > 0 {
			s += " for " + hours(secs(tr.Equivalent))
		}
	}
	if len(rs) > 0 && rs[0].Coinbase {
		s += "; paid in coinbase transactions themselves"
	}
	return s
}

// amounts states what was paid in and out, with values at the time of each
// transaction.
func (w *telling) amounts(ctx context.Context) error {
	var in, out, gross summed
	for _, r := range w.counts {
		for _, d := range w.rounds[r].ins {
			if err := in.add(ctx, w, d.net, d.block); err != nil {
				return err
			}
			if err := gross.add(ctx, w, d.Amount, d.block); err != nil {
				return err
			}
		}
		f := &w.f.fits[r]
		for _, rc := range w.people.counted(w.f.b, f.from, f.to) {
			if rc.Address.Network() != w.t.Network() {
				continue
			}
			if err := out.add(ctx, w, rc.Amount, rc.Block); err != nil {
				return err
			}
		}
	}
	w.Amounts = append(w.Amounts, model.Figure{Role: "paid in", Money: in.money(w)}, model.Figure{Role: "paid out", Money: out.money(w)})
	if gross.sum != in.sum {
		w.Amounts = append(w.Amounts, model.Figure{Role: "paid in before returns", Money: gross.money(w)})
	}
	var ratios []string
	for _, r := range w.counts {
		ratios = append(ratios, ratio(w.f.fits[r].got, w.rounds[r].window.paid))
	}
	w.Facts = append(w.Facts, model.Fact{Name: "deposits", Value: fmt.Sprint(in.n)}, model.Fact{Name: "payouts", Value: fmt.Sprint(out.n)},
		model.Fact{Name: "R", Value: strings.Join(ratios, ", ")})
	return nil
}

// summed adds amounts and their values.
type summed struct {
	n       int
	sum     model.Amount
	fiat    *model.Fiat
	unknown bool
}

func (s *summed) add(ctx context.Context, w *telling, a model.Amount, at model.BlockRef) error {
	m, err := w.t.Money(ctx, a, at)
	if err != nil {
		return err
	}
	s.n++
	s.sum += a // of payments of one chain: no overflow
	switch {
	case m.Fiat == nil:
		s.unknown = true
	case s.fiat == nil:
		f := *m.Fiat
		s.fiat = &f
	default:
		s.fiat.Amount = s.fiat.Amount.Add(m.Fiat.Amount)
	}
	return nil
}

func (s *summed) money(w *telling) model.Money {
	m := model.Money{Amount: s.sum, Unit: w.t.Network().Unit()}
	if !s.unknown {
		m.Fiat = s.fiat
	}
	return m
}

// evidenceText gives the evidence its words: the same weights in the same families
// as the score has them.
func (w *telling) evidenceText(ctx context.Context) error {
	seed := w.a.seed(w.f)
	f := &w.f.fits[w.f.base]
	c := w.a.trust(w.f, w.f.base, seed)
	items, err := w.items(ctx, w.f.base)
	if err != nil {
		return err
	}
	add := func(family string, weight model.MicroNats, text string, items []model.Item) {
		w.Evidence = append(w.Evidence, model.Evidence{Family: family, Text: text, Weight: weight, Discounted: weight.Discount(c), Items: items})
	}
	n := w.rounds[w.f.base].number
	// Ownership first: it is what identifies.
	w.Evidence = append(w.Evidence, w.extra[w.f.b]...)
	add(quantityFamily, f.quantity, w.quantity(w.f.base), items)
	x := w.rounds[w.f.base]
	if f.start != 0 {
		add(timingFamily, f.start, fmt.Sprintf("Round %d: payouts start %s after the first deposit, and none came to it before, back to %s.",
			n, hours(w.people.at[f.from]-x.window.start), words.Date(max(w.people.first, w.lastBefore(f)))), nil)
	}
	if f.shape != 0 {
		tr := w.people.train(w.f.b, f.from, f.to, w.a.p)
		text := fmt.Sprintf("Round %d: the payouts have the form of rented hash power", n)
		if f.shape < 0 {
			text = fmt.Sprintf("Round %d: the payouts do not have the form of rented hash power", n)
		}
		if tr.HashRate > 0 {
			text += fmt.Sprintf(", as of %s", tr.HashRate)
			if tr.Equivalent > 0 {
				text += " for " + hours(secs(tr.Equivalent))
			}
		}
		if len(tr.Reasons) > 0 {
			text += ": " + strings.TrimSuffix(strings.Join(tr.Reasons, "; "), ".")
		}
		add(timingFamily, f.shape, text+".", nil)
	}
	if f.stop != 0 {
		add(timingFamily, f.stop, fmt.Sprintf("Round %d: the last payout is below the median, and none follows for %s.", n, hours(secs(w.Continue))), nil)
	}
	if f.stay != 0 {
		add(timingFamily, f.stay, fmt.Sprintf("Round %d: for %s before, payouts came at half the rate of these or more.", n, hours(secs(w.Resident))), nil)
	}
	if f.goOn != 0 {
		add(timingFamily, f.goOn, fmt.Sprintf("Round %d: when the money was exhausted, payouts went on for more than %s at half the rate or more.", n, hours(secs(w.Continue))), nil)
	}
	for _, r := range w.counts {
		if r == w.f.base {
			continue
		}
		items, err := w.items(ctx, r)
		if err != nil {
			return err
		}
		g := &w.f.fits[r]
		again := g.again(w.a.p)
		w.Evidence = append(w.Evidence, model.Evidence{Family: repetitionFamily, Weight: again, Discounted: again.Discount(w.a.trust(w.f, r, seed)), Items: items,
			Text: w.quantity(r) + " It counts for " + w.Repetition.String() + " of what it would alone."})
	}
	return nil
}

// lastBefore returns when the payout before a fit came, or when the data begin.
func (w *telling) lastBefore(f *fit) int64 {
	lo, _ := w.people.of(w.f.b)
	if f.from == lo {
		return w.people.first
	}
	return w.people.at[f.from-1]
}

func (w *telling) quantity(r int) string {
	f, x := &w.f.fits[r], w.rounds[r]
	if w.flow != nil {
		return w.steadyText(f)
	}
	g := &w.a.usual[r].density
	s := fmt.Sprintf("Round %d: %s.", x.number, w.payouts(r, f))
	switch {
	case f.cut:
		s += fmt.Sprintf(" More came in the window than the round can have bought, so the amount says nothing: %s besides.", w.units(f.excess))
	case x.window.cloud:
		s += " What a contract pays out does not follow from its price, so the amount says nothing."
	case int(g.n) >= w.Samples:
		s += fmt.Sprintf(" Of %d beneficiaries in the window, %d received about as much, within 19 to 41 %%.", g.n, g.near(f.got))
	default:
		s += fmt.Sprintf(" The window has %s, too few for a density: amounts are taken as uniform in the logarithm over the observed range.", words.Plural(int(g.n), "beneficiary"))
	}
	return s
}

func (w *telling) units(v int64) string {
	if w.people.abroad {
		return fmt.Sprintf("%d.%02d of the currency", v/100, v%100)
	}
	return model.Amount(v).String() + " BTC"
}

// items lists the deposits and payouts of a round.
func (w *telling) items(ctx context.Context, r int) ([]model.Item, error) {
	var out []model.Item
	for _, in := range w.rounds[r].ins {
		m, err := w.t.Money(ctx, in.Amount, in.block)
		if err != nil {
			return nil, err
		}
		it := model.Item{On: model.RefOutpoint(in.Out), Role: "deposit", Address: in.Address, Value: &m, Block: in.block}
		if in.Inferred() {
			it.Note = "the address is inferred to be the service's"
		}
		if in.net != in.Amount {
			it.Note = strings.TrimPrefix(it.Note+fmt.Sprintf("; %s BTC of it came back", in.Amount-in.net), "; ")
		}
		out = append(out, it)
	}
	f := &w.f.fits[r]
	for _, rc := range w.people.counted(w.f.b, f.from, f.to) {
		it := model.Item{On: model.RefOutpoint(rc.Out), Role: "payout", Address: rc.Address, Block: rc.Block}
		if rc.Address.Network() == w.t.Network() {
			m, err := w.t.Money(ctx, rc.Amount, rc.Block)
			if err != nil {
				return nil, err
			}
			it.Value = &m
		} else {
			it.Value = &model.Money{Amount: rc.Amount, Unit: rc.Address.Network().Unit()}
			it.Note = "on " + rc.Address.Network().String()
		}
		if rc.Coinbase {
			it.Note = strings.TrimPrefix(it.Note+"; in a coinbase transaction", "; ")
		}
		if len(out) < w.MaxParts {
			out = append(out, it)
		}
	}
	return out, nil
}

func (w *telling) related() {
	add := func(r model.Ref) {
		if r != w.Subject && !slices.Contains(w.Related, r) {
			w.Related = append(w.Related, r)
		}
	}
	for _, r := range w.counts {
		for _, in := range w.rounds[r].ins {
			add(model.RefAddress(in.Address))
			add(in.Payer.Label.On)
		}
	}
	for _, b := range w.parts {
		for i, a := range b.Addresses {
			if i < w.MaxParts {
				add(model.RefAddress(a))
			}
		}
	}
}

// grade states the analytic confidence and the labels that the claim rests on.
func (w *telling) grade() {
	add := func(l model.Label) {
		if !slices.ContainsFunc(w.Labels, func(k model.Label) bool { return k.Equal(l) }) {
			w.Labels = append(w.Labels, l)
		}
	}
	for _, r := range w.counts {
		for _, in := range w.rounds[r].ins {
			add(in.label)
			add(in.Payee)
		}
	}
	under := len(w.Labels)
	for _, r := range w.counts {
		for _, in := range w.rounds[r].ins {
			add(in.Payer.Label)
		}
	}
	if o, ok := w.owner[w.f.b]; ok {
		for _, l := range o.labels {
			add(l)
		}
	}
	g := model.Grounds{
		Ownership: w.v.owned, Rounds: len(w.counts), Labels: w.Labels[:under], CoverageUnknown: true,
	}
	if !w.v.owned {
		g.Ceilings = append(g.Ceilings, model.Ceiling{Level: model.Low, Because: "no evidence of one owner"})
	}
	if w.v.p == nil {
		g.Notes = append(g.Notes, "how often chance does as well was not computed")
	}
	w.t.Grade(&w.Finding, g)
}

// chosen says whether the parameters can have been chosen with the data in sight.
func (w *telling) chosen() string {
	var changed []string
	defaults := DefaultParams().Parameters()
	for i, p := range w.Params.Parameters() {
		if p.Value != defaults[i].Value {
			changed = append(changed, p.Name)
		}
	}
	if len(changed) == 0 {
		return "as the library sets them, so fixed before these data were seen"
	}
	return "as the library sets them but for " + list(changed) + ", set by the caller, whether before or after these data were seen"
}

// search states what was tried, as counts.
func (w *telling) search() {
	fact := func(name string, n int) { w.Search = append(w.Search, model.Fact{Name: name, Value: fmt.Sprint(n)}) }
	var actors, services []string
	for _, p := range w.gathered.parties {
		actors, services = append(actors, model.EntityKey(p.actor)), append(services, model.EntityKey(p.service))
	}
	fact("subjects", len(compact(actors)))
	fact("services", len(compact(services)))
	fact("searches (subject and service)", w.searches)
	fact("pools", w.people.pools)
	fact("beneficiaries", w.people.len())
	fact("beneficiaries in the windows", w.v.seen)
	fact("deposits", w.deposits)
	fact("rounds", w.tried)
	fact("windows", w.tried*w.people.len())
	w.Search = append(w.Search, model.Fact{Name: "parameters of the loop", Value: w.chosen()})
	if n := len(w.LeaveOut); n > 0 {
		fact("transactions left out by the caller", n)
	}
}
