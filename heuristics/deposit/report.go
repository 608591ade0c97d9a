package deposit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// report writes the finding of one deposit, and those of its returns.
func (f *found) report(ctx context.Context) error {
	d := f.d
	paid, err := f.worth(ctx, d.Amount)
	if err != nil {
		return err
	}
	kind := Kind
	switch {
	case !d.Attributed():
		kind = KindUnattributed
	case d.Payee.Category == model.MiningPool:
		kind = KindPool
	}
	g := model.Finding{
		Kind: kind, Subject: model.RefOutpoint(d.Out), Related: []model.Ref{model.RefAddress(d.Address)}, Block: f.tx.Block,
		Claim:   f.claim(),
		Score:   model.Product(0, "", f.factors()...),
		Amounts: []model.Figure{{Role: "paid", Money: paid}},
		Facts: []model.Fact{
			{Name: "service", Value: d.Payee.Entity}, {Name: "category", Value: string(d.Payee.Category)}, {Name: "hops", Value: f.hops()},
			{Name: "payee", Value: [...]string{"labelled", "inferred"}[btoi(d.Inferred())]},
		},
		Labels:     f.labelsUsed(),
		ErrorRates: []model.ErrorRate{model.NotMeasured("deposits to labelled addresses")},
		RefutedBy:  []string{fmt.Sprintf("%s showing that %s is not, or was not then, its address.", d.Payee.Entity, d.Address)},
	}
	if d.Attributed() {
		g.RefutedBy = append(g.RefutedBy, fmt.Sprintf("%s's books crediting the payment to somebody else's account.", d.Payee.Entity))
		if d.Hops() > 0 {
			g.RefutedBy = append(g.RefutedBy, "Somebody else showing that an address on the way was his at the time.")
		}
	}
	for _, w := range []func(context.Context, *model.Finding) error{f.payees, f.payers, f.path, f.counter} {
		if err := w(ctx, &g); err != nil {
			return err
		}
	}
	f.premises(&g)
	f.pass.Grade(&g, f.grounds())
	f.pass.Report(g)
	return f.returned(ctx)
}

func (f *found) claim() string {
	d := f.d
	who := "Somebody"
	if d.Attributed() {
		who = d.Payer.Entity
	}
	of := "an address of the"
	if d.Inferred() {
		of = "an address inferred to be of the"
	}
	way := ""
	if n := d.Hops(); n > 0 {
		way = ", by way of " + words.Plural(n, "other address")
	}
	switch {
	case d.Partly && f.r.paid > d.Amount:
		way += fmt.Sprintf(", which with other outputs to services makes %s BTC, of which at most %s BTC is attributed", f.r.paid, d.AtMost)
	case d.Partly:
		way += fmt.Sprintf(", of which at most %s BTC is attributed", d.AtMost)
	}
	outputs := ""
	if len(d.More) > 0 {
		outputs = fmt.Sprintf(" in %d outputs", 1+len(d.More))
	}
	return fmt.Sprintf("%s paid %s BTC%s to %s, %s %s %s%s.", who, d.Amount, outputs, d.Address, of, category(d.Payee.Category), d.Payee.Entity, way)
}

// factors are the payee's and the payer's.
func (f *found) factors() []model.Factor {
	d := f.d
	payee := model.Factor{Name: "payee is " + d.Payee.Entity, Given: model.Certain, Probability: d.Payee.Confidence}
	if d.Inferred() {
		payee.Name, payee.Given = "payee inferred to be "+d.Payee.Entity, max(f.inferredGiven(), d.Payee.Confidence)
	}
	if !d.Attributed() {
		return []model.Factor{payee}
	}
	payer := model.Factor{Name: "payer is " + d.Payer.Entity, Given: model.Certain, Probability: d.Confidence}
	if d.Hops() > 0 {
		payer.Given = d.Trail.Way
		payer.Name += ", " + words.Plural(d.Hops(), "address") + " before"
	}
	if d.Partly {
		payer.Given = payer.Given.Times(f.r.Claim.Share)
		payer.Name += fmt.Sprintf(", with %s of the inputs", f.r.Claim.Share)
	}
	if f.r.Claim.Jointly {
		payer.Given = payer.Given.Times(f.r.Claim.Share)
		payer.Name += ", by signing together with inputs of unknown value in this transaction alone"
	}
	return []model.Factor{payee, payer}
}

// inferredGiven is the probability of the payee's inference if the label that it
// began with is true.
func (f *found) inferredGiven() model.Probability {
	if inf, ok := depaddr.Of(f.pass).Inferred(f.d.Address); ok {
		return inf.Score.Given
	}
	return model.Certain
}

func (f *found) hops() string {
	t := f.d.Trail
	switch {
	case t == nil || t.Hops == 0:
		return "0, direct"
	case t.Self > 0:
		return fmt.Sprintf("%d, of which %d in the payer's own wallet", t.Hops, t.Self)
	}
	return strconv.Itoa(t.Hops)
}

// unchecked is a note of every finding here.
const unchecked = "it rests on labels from outside, which this library cannot check"

// grounds are those of the claim that the payer paid the service: the label of the
// payee, or the one that it was inferred from as well, and that of the payer. Labels
// that contradict them are alternatives, and have lowered the number. Nobody signs
// for both sides, so there is no ownership. Where few of the service's addresses
// are labelled, what it pays itself passes for a deposit, and returns are missed.
func (f *found) grounds() model.Grounds {
	d := f.d
	g := model.Grounds{CoverageUnknown: true, Labels: []model.Label{d.Payee}, Notes: []string{unchecked}}
	if d.Inferred() {
		g.Notes = append(g.Notes, "the payee is inferred, not labelled")
		if inf, ok := depaddr.Of(f.pass).Inferred(d.Address); ok {
			g.Labels = append(g.Labels, inf.Seed)
		}
	}
	if !d.Attributed() {
		g.Notes = append(g.Notes, "an observation about nobody in particular")
		return g
	}
	g.Labels = append(g.Labels, d.Payer.Label)
	g.Rounds = f.rounds()
	if f.many() {
		g.Ceilings = append(g.Ceilings, model.Ceiling{Level: model.Low, Because: "an input is of a cluster that is a service's or looks like one"})
	}
	if d.Partly {
		g.Notes = append(g.Notes, "the payer's inputs do not come to what was paid")
	}
	if d.Hops() > 0 {
		g.Notes = append(g.Notes, "the payer is followed through addresses that nobody has labelled")
	}
	return g
}

// rounds counts the days on which the wallet that pays here paid the service, this
// one included. Where the scope does not show them, it is the only one.
func (f *found) rounds() int {
	x := heuristics.IndexOf[*payments](f.pass, f.self)
	service, known := x.services[model.EntityKey(f.d.Payee.Entity)]
	if !known || !x.covers(f.tx.Block) {
		return 1
	}
	return max(1, x.visited(service, f.wallets(x)))
}

// category writes a category as a reader would say it.
func category(c model.Category) string {
	switch c {
	case model.HashMarketplace:
		return "hash marketplace"
	case model.CloudMining:
		return "cloud miner"
	}
	return words.Slug(c)
}

// labelsUsed lists the payee's labels, what those were derived from, and those
// that name the payer.
func (f *found) labelsUsed() []model.Label {
	ls := append([]model.Label(nil), f.t.all...)
	if f.d.Inferred() {
		if inf, ok := depaddr.Of(f.pass).Inferred(f.d.Address); ok {
			ls = append(ls, inf.Seed)
		}
	}
	for _, a := range f.d.Payers {
		ls = append(append(ls, a.Label), a.Others...)
	}
	return ls
}

// payees lists the output that was paid, and how its address was inferred.
func (f *found) payees(ctx context.Context, g *model.Finding) error {
	d := f.d
	paid := g.Amounts[0].Money
	what := "labelled"
	if d.Inferred() {
		what = "inferred"
	}
	g.Evidence = append(g.Evidence, model.Evidence{
		Family: "payee", Text: fmt.Sprintf("Output %d of the transaction pays the %s address.", d.Out.Vout, what),
		Items: []model.Item{{On: model.RefOutpoint(d.Out), Role: "payee", Address: d.Address, Value: &paid, Block: f.tx.Block}},
	})
	if err := f.parts(ctx, g); err != nil || !d.Inferred() {
		return err
	}
	inf, ok := depaddr.Of(f.pass).Inferred(d.Address)
	if !ok {
		return nil // another heuristic derived the label: it speaks for itself
	}
	e := model.Evidence{Family: "payee", Text: inference(&inf)}
	for i := range inf.First {
		s := &inf.First[i]
		e.Items = append(e.Items, model.Item{On: model.RefTx(s.Tx), Role: "sweep", Block: s.Block, Note: "spends " + words.Plural(s.Addresses, "address")})
	}
	g.Evidence = append(g.Evidence, e)
	return nil
}

func inference(inf *depaddr.Inference) string {
	seed := inf.Seed.On.String()
	if a, ok := inf.Seed.On.Address(); ok {
		seed = a.String()
	}
	return fmt.Sprintf("%s is inferred to be of the operator of %s, which a label gives to %s (%s): %s",
		inf.Address, seed, inf.Seed.Entity, inf.Seed.Source, sentence(inf.Reason))
}

// sentence ends a text with a full stop.
func sentence(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") + "." }

// parts lists the outputs of a finding of several.
func (f *found) parts(ctx context.Context, g *model.Finding) error {
	if len(f.d.More) == 0 {
		return nil
	}
	g.Evidence[0].Text = fmt.Sprintf("Output %d of the transaction and %s pay the address.", f.d.Out.Vout, words.Plural(len(f.d.More), "other output"))
	g.Evidence[0].Items = nil
	for i, out := range append([]model.Outpoint{f.d.Out}, f.d.More...) {
		m, err := f.worth(ctx, f.tx.Outputs[out.Vout].Value)
		if err != nil {
			return err
		}
		it := model.Item{On: model.RefOutpoint(out), Role: "payee", Address: f.d.Address, Value: &m, Block: f.tx.Block}
		g.Parts = append(g.Parts, it)
		if i < f.MaxItems {
			g.Evidence[0].Items = append(g.Evidence[0].Items, it)
		}
	}
	return nil
}

// payers lists the inputs, and what share of them is attributed.
func (f *found) payers(ctx context.Context, g *model.Finding) error {
	d, r, tx := f.d, f.r, f.tx
	items, err := f.inputs(ctx)
	if err != nil {
		return err
	}
	seen := map[model.Address]bool{}
	for i := range items {
		if a := items[i].Address; !a.IsZero() && !seen[a] {
			seen[a] = true
			g.Related = append(g.Related, model.RefAddress(a))
		}
	}
	text := fmt.Sprintf("The transaction spends %s from %s.", words.Plural(len(tx.Inputs), "input"), words.Plural(len(r.addresses), "address"))
	if n := len(tx.Inputs) - len(items); n > 0 {
		text += fmt.Sprintf(" Listed are %d, and %d more are not.", len(items), n)
	}
	g.Evidence = append(g.Evidence, model.Evidence{Family: "payer", Text: text, Items: items})
	if d.Trail == nil {
		return nil
	}
	share, ok := d.Trail.Share.Fraction()
	if !ok {
		g.Facts = append(g.Facts, model.Fact{Name: "attributed share of inputs", Value: "unknown"})
		g.Unseen = append(g.Unseen, fmt.Sprintf("The value of %d inputs: what share of the payment is attributed cannot be said.", max(tx.Unresolved(), d.Trail.Share.Unknown)))
		return nil
	}
	g.Facts = append(g.Facts, model.Fact{Name: "attributed share of inputs", Value: share.String()})
	if d.Partly {
		m, err := f.worth(ctx, min(d.AtMost, d.Amount))
		if err != nil {
			return err
		}
		g.Amounts = append(g.Amounts, model.Figure{Role: "attributed at most", Money: m})
	}
	part, ok := d.Trail.Share.Part(d.Amount)
	if !ok || part == d.Amount {
		return nil
	}
	m, err := f.worth(ctx, part)
	g.Amounts = append(g.Amounts, model.Figure{Role: "attributed by haircut", Money: m})
	return err
}

// path lists the addresses between the payer's own and the payment.
func (f *found) path(ctx context.Context, g *model.Finding) error {
	d := f.d
	if d.Hops() == 0 {
		return nil
	}
	t := d.Trail
	e := model.Evidence{
		Family: "path",
		Text:   fmt.Sprintf("The coins left %s's own wallet with transaction %s and passed through %s.", d.Payer.Entity, t.Start, words.Plural(t.Hops, "address")),
		Items: []model.Item{{
			On: model.RefTx(t.Start), Role: "start", Block: t.Steps[0].Paid,
			Note: fmt.Sprintf("spends coins of %s's own, by %s", d.Payer.Entity, d.Payer.Via),
		}},
	}
	in := map[model.Ref]bool{}
	for _, r := range g.Related {
		in[r] = true
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		it := model.Item{On: model.RefOutpoint(s.Coin), Role: "step", Address: s.Address, Block: s.Paid, Note: note(s)}
		if s.Valued {
			m, err := f.pass.Money(ctx, s.Value, s.Paid)
			if err != nil {
				return err
			}
			it.Value = &m
		}
		e.Items = append(e.Items, it)
		if ref := model.RefAddress(s.Address); !in[ref] {
			in[ref] = true
			g.Related = append(g.Related, ref)
		}
		for _, u := range s.Unknown {
			g.Unseen = append(g.Unseen, fmt.Sprintf("Of %s, which the coins passed through, %s.", s.Address, u))
		}
	}
	g.Evidence = append(g.Evidence, e)
	return nil
}

// note says of a step what was found.
func note(s *trail.Step) string {
	var parts []string
	if s.Timed {
		parts = append(parts, "rested "+words.Plural(s.Days(), "day"))
	}
	parts = append(parts, "spent by "+s.By.String())
	if s.Forward > 0 {
		parts = append(parts, fmt.Sprintf("the address spent %s of what it had received", s.Forward))
	}
	if s.Self {
		parts = append(parts, "of one wallet with the address before, by co-spending")
	}
	return strings.Join(parts, "; ")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
