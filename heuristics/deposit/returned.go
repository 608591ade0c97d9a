package deposit

import (
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// returned reports each payment that looks like the deposit's return as idle
// funds. Those to the payer's own addresses stand in the finding of the deposit
// as well.
func (f *found) returned(ctx context.Context) error {
	n := 0
	for i := range f.d.Returns {
		r := &f.d.Returns[i]
		if r.Fits == 0 {
			continue
		}
		if n++; n > f.MaxItems {
			f.pass.Note("return of idle funds that fits too many deposits, not reported", 1)
			continue
		}
		if err := f.reportReturn(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (f *found) reportReturn(ctx context.Context, r *Return) error {
	d := f.d
	paid, err := f.worth(ctx, d.Amount)
	if err != nil {
		return err
	}
	back, err := f.pass.Money(ctx, r.Amount, r.Block)
	if err != nil {
		return err
	}
	who := "nobody in particular"
	if d.Attributed() {
		who = fmt.Sprintf("%s, %s; see the finding of the deposit", d.Payer.Entity, d.Confidence.Short())
	}
	from, _ := r.From.On.Address()
	g := model.Finding{
		Kind: KindReturned, Subject: model.RefOutpoint(r.Out), Related: []model.Ref{model.RefOutpoint(d.Out)}, Block: r.Block,
		Claim: fmt.Sprintf("%s returned %s BTC to %s after %s: the deposit of %s BTC at %s, less %s BTC.",
			d.Payee.Entity, r.Amount, r.Address, words.Plural(r.Days, "day"), d.Amount, d.Address, f.IdleFee),
		Amounts: []model.Figure{{Role: "returned", Money: back}, {Role: "paid", Money: paid}},
		Facts: []model.Fact{
			{Name: "service", Value: d.Payee.Entity}, {Name: "payer of the deposit", Value: who}, {Name: "days", Value: fmt.Sprint(r.Days)},
			{Name: "deposits or returns that it may be", Value: fmt.Sprint(r.Fits)},
		},
		Evidence: []model.Evidence{
			{
				Family: "return", Text: "The service pays the amount of the deposit less a fixed fee, at the time for which it keeps idle money.",
				Items: []model.Item{{On: model.RefOutpoint(r.Out), Role: "paid back", Address: r.Address, Value: &back, Block: r.Block, Note: words.Plural(r.Days, "day") + " after the deposit"}},
			},
			{
				Family: "deposit", Text: "The deposit.",
				Items: []model.Item{{On: model.RefOutpoint(d.Out), Role: "payee", Address: d.Address, Value: &paid, Block: f.tx.Block}},
			},
		},
		Labels:     append(f.labelsUsed(), r.From),
		ErrorRates: []model.ErrorRate{model.NotMeasured("returns of idle funds")},
		RefutedBy: []string{
			fmt.Sprintf("%s's books showing that the payment was another customer's withdrawal.", d.Payee.Entity),
			fmt.Sprintf("%s's books showing that the deposit was spent on an order.", d.Payee.Entity)},
	}
	match := model.Factor{Name: fmt.Sprintf("a return of this deposit, of %d that it may be", r.Fits)}
	match.Probability = f.IdleMatch / model.Probability(r.Fits)
	match.Given = match.Probability
	g.Score = model.Product(0, "", f.factors()[0], f.payingFactor(r, from), match)
	g.Premises = []model.Premise{
		{
			Text: fmt.Sprintf("%s is an address of %s.", from, d.Payee.Entity), Question: "Is the label from outside?",
			Answer: [...]string{"yes: " + r.From.Source + ".", "no: it is inferred by " + r.From.Source + " from labels of other addresses."}[btoi(len(r.From.Derivation) > 0)],
		},
		{
			Text: "The address that paid was the service's when it paid.", Question: "Was the label current at that height?",
			Answer: current(&r.From, r.Block, "the label"),
		},
		{
			Text: "The address that the deposit was paid to was the service's then.", Question: "Was the label current at that height?",
			Answer: current(f.payeeLabel()),
		},
		{
			Text: fmt.Sprintf("%s returns idle money after that time and for that fee.", d.Payee.Entity), Question: "Does the service have such a rule?",
			Answer: "unknown: one marketplace has published it; a label does not say.",
		},
	}
	g.Alternatives = []model.Alternative{{
		Text:   "Another customer withdrew just that amount.",
		WhyNot: fmt.Sprintf("the amount is exact and the day is within %d to %d, but it fits %s.", f.IdleFrom, f.IdleTo, words.Plural(r.Fits, "deposit or return")),
	}}
	if !r.ToPayer {
		g.Alternatives = append(g.Alternatives, model.Alternative{
			Text: fmt.Sprintf("%s belongs to somebody else than the payer.", r.Address), WhyNot: "whoever holds the account names the address; that it is the payer's own is not claimed."})
	}
	named, err := f.pass.Labels(ctx, model.RefAddress(r.Address))
	if err != nil {
		return err
	}
	for _, l := range named[0] {
		if !d.Attributed() || !model.SameEntity(l.Entity, d.Payer.Entity) {
			g.Labels = append(g.Labels, l)
			g.Alternatives = append(g.Alternatives, model.Alternative{
				Text:   fmt.Sprintf("%s is %s's, as %s says, and was paid for reasons of its own.", r.Address, l.Entity, l.Source),
				WhyNot: fmt.Sprintf("the label has a confidence of %s.", l.Confidence.Short())})
		}
	}
	g.Counter = []model.Counter{{Text: "another deposit of the same amount, or another return of it, that fits as well", Found: r.Fits > 1}}
	g.Unseen = append(g.Unseen, "Whose account was credited and debited: that is in the service's books only.")
	f.pass.Grade(&g, f.returnGrounds(r))
	f.pass.Report(g)
	return nil
}

// returnGrounds are the labels of both of the service's addresses. One amount on one
// date repeats nothing.
func (f *found) returnGrounds(r *Return) model.Grounds {
	g := model.Grounds{CoverageUnknown: true, Labels: []model.Label{f.d.Payee}, Notes: []string{unchecked, "it rests on one amount and one date"}}
	if !r.From.Equal(f.d.Payee) {
		g.Labels = append(g.Labels, r.From)
	}
	for _, a := range [...]model.Ref{model.RefAddress(f.d.Address), r.From.On} {
		if on, ok := a.Address(); ok {
			if inf, ok := depaddr.Of(f.pass).Inferred(on); ok && !slices.ContainsFunc(g.Labels, inf.Seed.Equal) {
				g.Labels = append(g.Labels, inf.Seed)
			}
		}
	}
	if f.d.Inferred() || len(r.From.Derivation) > 0 {
		g.Notes = append(g.Notes, "addresses of the service are inferred, not labelled")
	}
	return g
}

// payingFactor is the probability that the service paid back. The doubt of a
// label that the payee rests on as well is in the payee's factor already.
func (f *found) payingFactor(r *Return, from model.Address) model.Factor {
	x := depaddr.Of(f.pass)
	root := func(l model.Label, a model.Address) (model.Label, model.Probability) {
		if len(l.Derivation) > 0 {
			if inf, ok := x.Inferred(a); ok {
				return inf.Seed, inf.Score.Given
			}
		}
		return l, model.Certain
	}
	label, given := root(r.From, from)
	seed, _ := root(f.d.Payee, f.d.Address)
	fac := model.Factor{Name: "paid back by " + f.d.Payee.Entity, Given: max(given, r.From.Confidence), Probability: r.From.Confidence}
	if len(r.From.Derivation) == 0 {
		fac.Given = model.Certain
	}
	if label.Equal(seed) {
		fac.Probability = fac.Given
	}
	return fac
}
