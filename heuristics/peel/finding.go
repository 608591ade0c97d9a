package peel

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// finding says what a chain is. Its identity is the first link, so that it stays
// one statement as the chain grows.
func (r *rule) finding(ctx context.Context, pass *heuristics.Pass, c *Chain) (model.Finding, error) {
	first, last := &c.Links[0], c.Last()
	n, self := len(c.Links), c.SelfChange()
	f := model.Finding{
		Kind: Kind, Subject: model.RefTx(first.Tx), Block: first.Block,
		Claim: fmt.Sprintf("One party spent in a peeling chain of %d transactions from %s on: it paid %s BTC off in parts and carried %s BTC on to %s in transaction %s.",
			n, first.Tx, c.Peeled(), last.CarriedValue, last.Onward, last.Tx),
		ErrorRates: []model.ErrorRate{model.NotMeasured("findings of kind " + Kind)},
		Facts: []model.Fact{
			{Name: "links", Value: fmt.Sprint(n)},
			{Name: "self-change", Value: fmt.Sprintf("%d of %d", self, n)},
			{Name: "end", Value: c.End.String()},
		},
	}
	for _, a := range [...]struct {
		role string
		sat  model.Amount
		at   model.BlockRef
	}{{"peeled", c.Peeled(), last.Block}, {"carried on", last.CarriedValue, last.Block}} {
		m, err := pass.Money(ctx, a.sat, a.at)
		if err != nil {
			return f, err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: a.role, Money: m})
	}
	if err := r.evidence(ctx, pass, &f, c); err != nil {
		return f, err
	}
	f.Score = model.Combine(r.Prior, "a chain of this form being one party's, who pays its lesser outputs and keeps its greater ones", f.Evidence,
		r.Most, "that a remainder stayed with the payer is inferred")
	r.argue(pass, &f, c)
	return f, nil
}

// grounds are that every remainder returned to the address that paid, where it did.
// A chain is one pattern, however long. The labels of payees say to whom it paid off
// and nothing of who pays; that no service pays so depends on how many are labelled.
func (c *Chain) grounds() model.Grounds {
	g := model.Grounds{Ownership: c.SelfChange() == len(c.Links), Rounds: 1, CoverageUnknown: true, Labels: []model.Label{}}
	if !g.Ownership {
		g.Notes = append(g.Notes, "which output is the remainder is inferred from its value and from how it was spent")
	}
	return g
}

// evidence lists the links and weighs them.
func (r *rule) evidence(ctx context.Context, pass *heuristics.Pass, f *model.Finding, c *Chain) error {
	n, self := len(c.Links), c.SelfChange()
	weight := min(model.MicroNats(n-1)*r.Link, r.Links)
	links := model.Evidence{Family: "repetition", Weight: weight, Discounted: weight,
		Text: fmt.Sprintf("Of %d remainders %d were spent in the same form.", n, n-1)}
	for i := range c.Links {
		l := &c.Links[i]
		if i >= r.Listed {
			f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d links are not listed here; they count in the sums.", n-r.Listed, n))
			break
		}
		peeled, err := pass.Money(ctx, l.PeeledValue, l.Block)
		if err != nil {
			return err
		}
		carried, err := pass.Money(ctx, l.CarriedValue, l.Block)
		if err != nil {
			return err
		}
		to, rested := "paid off", ""
		if !l.Label.On.IsZero() {
			to = fmt.Sprintf("paid to %s by label, confidence %s", words.Line(l.Label.Entity), l.Label.Confidence.Short())
			f.Labels = append(f.Labels, l.Label)
		}
		if l.Timed {
			rested = fmt.Sprintf("; the coin had rested for %d h", int64(l.Dwell.Hours()))
		}
		keeps := "the greater output"
		if l.SelfChange {
			keeps = "the greater output, back at the paying address"
		}
		links.Items = append(links.Items,
			model.Item{On: model.RefOutpoint(l.Peeled), Role: "peeled", Address: l.Payee, Value: &peeled, Block: l.Block, Note: to + rested},
			model.Item{On: model.RefOutpoint(l.Carried), Role: "carried", Address: l.Onward, Value: &carried, Block: l.Block, Note: keeps})
	}
	f.Evidence = append(f.Evidence, links, model.Evidence{Family: "recognition", Weight: r.Features, Discounted: r.Features,
		Text: fmt.Sprintf("All %d transactions share the version, the use of lock time and of replacement, and the form of the locking script.", n)})
	if self > 0 {
		w := r.SelfChange * model.MicroNats(self) / model.MicroNats(n)
		f.Evidence = append(f.Evidence, model.Evidence{Family: "ownership", Weight: w, Discounted: w,
			Text: fmt.Sprintf("Of %d remainders %d returned to the address that paid.", n, self)})
	}
	if joined := rejoined(pass, c); len(joined) > 0 {
		f.Evidence = append(f.Evidence, model.Evidence{Family: "ownership", Weight: r.Rejoined, Discounted: r.Rejoined,
			Text: fmt.Sprintf("Of %d payees %d signed together with an address that carries on, directly or through others: there nobody was paid.", n, len(joined))})
	}
	return nil
}

// rejoined returns the links whose payee is in one cluster with an address that
// pays or carries on.
func rejoined(pass *heuristics.Pass, c *Chain) (at []int) {
	x := cluster.Of(pass)
	own := map[model.Address]bool{}
	for i := range c.Links {
		own[x.Root(c.Links[i].Onward)] = true
	}
	own[x.Root(c.Links[0].Payer)] = true
	for i := range c.Links {
		if own[x.Root(c.Links[i].Payee)] {
			at = append(at, i)
		}
	}
	return at
}

// argue adds what the claim rests on and what speaks against it.
func (r *rule) argue(pass *heuristics.Pass, f *model.Finding, c *Chain) {
	n, self := len(c.Links), c.SelfChange()
	kept := "inferred: it is the greater, and all but the last were spent in the same form."
	switch {
	case self == n:
		kept = "known: every remainder returned to the address that paid."
	case self > 0:
		kept = fmt.Sprintf("known of %d of %d, which returned to the address that paid; inferred of the others from value and form.", self, n)
	}
	f.Premises = []model.Premise{
		{Text: "The greater output of each transaction is the remainder.", Question: "Was it the payment, and the lesser one the change?", Answer: kept},
		{Text: "Nobody else came in between.", Question: "Could a remainder have been handed over?",
			Answer: "unknown: a new owner with the same software would go on in the same form."},
		{Text: "No service signs.", Question: "Does a label, or the behaviour of a cluster, say that a service pays its customers so?",
			Answer: "none seen says so; a small service, or one outside the scope, does not show."},
	}
	f.Alternatives = []model.Alternative{
		{Text: "A person pays for goods from a wallet that holds one coin.", WhyNot: "it has the same form; the chain is no sign of intent."},
		{Text: "A service without a label pays its customers one by one.", WhyNot: "its cluster may be larger than what was scanned."},
		{Text: "The coins changed hands on the way.", WhyNot: "the ledger does not show who holds a key."},
	}
	// What could not be looked for was not looked for.
	f.Counter = []model.Counter{{Text: "a service's label on an address that pays or carries on"}}
	if scanned(pass, c) {
		f.Counter = append(f.Counter,
			model.Counter{Text: "a service's behaviour on an address that pays or carries on, within the scope"},
			model.Counter{Text: "payees that sign together with an address of the chain", Found: len(rejoined(pass, c)) > 0})
	} else {
		f.Unseen = append(f.Unseen, "Whether a payee signs together with an address of the chain, and whether one behaves like a service: the scope does not hold them all.")
	}
	blind := 0
	for i := range c.Links {
		if c.Links[i].blind {
			blind++
		}
	}
	if blind == 0 {
		f.Counter = append(f.Counter, model.Counter{Text: "signatures that leave part of a transaction to others"})
	} else {
		f.Unseen = append(f.Unseen, fmt.Sprintf("What the signatures of %d of %d transactions commit to, which may leave a part to others.", blind, n))
	}
	f.RefutedBy = []string{"Proof that one of the remainders was a payment to somebody else.", "A custodian's record that it signed."}
	if c.Begins == Missing {
		f.Unseen = append(f.Unseen, "What came before the first transaction: the source does not know the one that it spends, so the chain may be longer.")
	}
	if c.Begins == Minted {
		f.Facts = append(f.Facts, model.Fact{Name: "begins", Value: "with a newly mined coin"})
	}
	switch c.End {
	case NotSeen, Budget, Bound:
		f.Unseen = append(f.Unseen, "What came after the last transaction: "+c.End.String()+".")
	default:
		if c.EndTx != (model.TxID{}) {
			f.Facts = append(f.Facts, model.Fact{Name: "end transaction", Value: c.EndTx.String()})
		}
	}
	if !c.Last().SelfChange {
		f.Unseen = append(f.Unseen, "Which output of the last transaction is the remainder: nothing that came after tells, and the greater counts as it.")
	}
	unowned := 0
	for i := range c.Links {
		if c.Links[i].Payer.IsZero() {
			unowned++
		}
	}
	if unowned > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("Who signs for %d of %d transactions: the owner of the input is not known.", unowned, n))
	}
}

// scanned reports whether the clusters of the scope hold every address that carries
// on, so that what they show was looked for.
func scanned(pass *heuristics.Pass, c *Chain) bool {
	x := cluster.Of(pass)
	for i := range c.Links {
		if _, ok := x.ID(c.Links[i].Onward); !ok {
			return false
		}
	}
	return true
}
