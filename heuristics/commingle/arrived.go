package commingle

import (
	"context"
	"fmt"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// arrived writes the finding about coins of both classes that came to one
// address, or to one service.
func (r *rule) arrived(ctx context.Context, pass *heuristics.Pass, h *holder, c *Commingling) (model.Finding, error) {
	f, err := r.start(ctx, pass, c, model.RefAddress(h.address), h.last())
	if err != nil {
		return f, err
	}
	actors, pools, _, paid := names(c)
	both := fmt.Sprintf("%s BTC mined at %s and %s BTC from %s", c.Mined, list(pools), c.Own, list(actors))
	if h.members > 0 {
		both += ", paid to " + list(paid) + ","
	}
	switch {
	case h.service():
		serviceText(&f, h, both)
	case c.Kind == KindFlow:
		r.flowText(&f, h, c)
	default:
		receiptText(&f, h, both)
	}
	counted := "receipts of the address"
	if h.members > 0 {
		counted = fmt.Sprintf("receipts of the %d addresses of the cluster, but for what it paid itself", h.members)
	}
	if h.listed {
		counted += ", within the scope"
	}
	f.Facts = append(f.Facts, model.Fact{Name: "counted", Value: counted}, model.Fact{Name: "receipts", Value: fmt.Sprint(h.receipts)})
	f.RefutedBy = append(f.RefutedBy, "Proof that the label that names the actor is wrong.")
	if h.dropped > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("What %d more receipts are that may be mined or come from the actor: beyond the bound, they count as other.", h.dropped))
	}
	if h.listed {
		f.Unseen = append(f.Unseen, "What was received, or spent, outside the scope of the run.")
	}
	return f, nil
}

// receiptText is about an address that received both and spent nothing.
func receiptText(f *model.Finding, h *holder, both string) {
	custodian := "unknown: no label seen says so, and its cluster does not behave like a service within the scope."
	if !h.listed {
		custodian = "unknown: no label seen says so, and whether its cluster behaves like a service was not tested."
	}
	f.Claim = fmt.Sprintf("Address %s received %s and has spent nothing; anyone can order a pool to pay this address.", h.address, both)
	f.Premises = []model.Premise{
		{Text: "Whoever holds the address asked for the payouts.", Question: "Who ordered the pool to pay it?",
			Answer: "unknown: anyone can order a pool to pay this address; the pool's account book would tell."},
		{Text: "Whoever holds the address asked for the actor's coins.", Question: "Were they sent unasked?",
			Answer: "unknown: nobody has to agree to a payment."},
		{Text: "The holder acts on the coins.", Question: "Did somebody sign for them?", Answer: "no: no spend of the address was seen."},
		{Text: "The address is no service's.", Question: "Could it be an account at a custodian?",
			Answer: custodian},
	}
	f.Alternatives = []model.Alternative{
		{Text: "The holder is a stranger whose published address was paid.", WhyNot: "nothing tells it apart, as nothing was spent."},
		{Text: "The holder mines, and was paid by the actor for goods.", WhyNot: "nothing tells it apart, as nothing was spent."},
	}
	f.Counter = []model.Counter{{Text: "a spend of the address, which would show that its holder has acted"}}
	f.RefutedBy = []string{"The pool's record of who named the address."}
}

const forMany = "consistent with a service that holds coins for many customers"

// serviceText is about a service.
func serviceText(f *model.Finding, h *holder, both string) {
	holds := ""
	switch l := h.label; {
	case h.verdict != nil:
		f.Claim = fmt.Sprintf("%s went to the cluster of %d addresses for which %s stands, which is %s, such as a broker.", both, h.members, h.address, forMany)
		holds = "its cluster behaves so within the scope; the votes are among the facts."
		for _, v := range h.verdict.Votes {
			yes := "no"
			if v.Yes {
				yes = "yes"
			}
			f.Facts = append(f.Facts, model.Fact{Name: "vote_" + v.Name, Value: fmt.Sprintf("%s: %s, needed %s", yes, v.Value, v.Threshold)})
		}
	case l.Role == model.RoleAccount:
		f.Claim = fmt.Sprintf("%s went to %s, an account of %s at a custodian by label; %s, or with a broker's account there.", both, h.address, words.Line(l.Entity), forMany)
		holds = fmt.Sprintf("a label of %s says that the address is an account, confidence %s.", words.Line(l.Source), l.Confidence.Short())
	default:
		by := "by label"
		on, _ := l.On.Address()
		switch {
		case len(l.Derivation) > 0:
			by = "by inference"
		case on != h.address:
			by = "by a label on an address that it signed together with"
		}
		f.Claim = fmt.Sprintf("%s went to %s, an address of %s %s; %s, or with a broker's account there.", both, h.address, words.Line(l.Entity), by, forMany)
		holds = fmt.Sprintf("a label of %s says so, confidence %s.", words.Line(l.Source), l.Confidence.Short())
		if len(l.Derivation) > 0 {
			holds = fmt.Sprintf("inferred by %s, confidence %s.", words.Line(l.Source), l.Confidence.Short())
		} else if on != h.address {
			holds = fmt.Sprintf("inferred: a label of %s says so of %s, with which it signed together directly or through others, confidence %s.", words.Line(l.Source), on, l.Confidence.Short())
		}
	}
	current := ""
	if l := h.label; l != nil {
		f.Labels = append(f.Labels, *l)
		switch _, known := l.HoldsAt(f.Block); {
		case !known:
			current = "unknown: the label is bounded in time, and the time of the coins is not known."
		case !l.From.IsZero() || !l.To.IsZero():
			current = "yes: the last of the coins came within the label's bounds."
		case !l.Asserted.IsZero():
			current = "unknown: the label has no bounds; it was asserted on " + l.Asserted.UTC().Format(time.DateOnly) + "."
		default:
			current = "unknown: the label has no bounds and no date."
		}
	}
	f.Premises = []model.Premise{
		{Text: "The address is one customer's.", Question: "Could many customers, or a broker for his, be behind it?",
			Answer: "unknown: the service's books would tell; the share of other coins is among the facts."},
		{Text: "A service holds the keys.", Question: "How is that known?", Answer: holds},
	}
	if h.label != nil {
		f.Premises = append(f.Premises, model.Premise{Text: "It did so when the coins came.", Question: "Was the label current?", Answer: current})
	}
	f.Alternatives = []model.Alternative{
		{Text: "The coins are of different customers of the service.", WhyNot: "it is the ordinary explanation; a service holds coins for many."},
		{Text: "A broker or a nested service pays in for its own customers.", WhyNot: "the ledger does not show for whom an address of a service is paid."},
	}
	if h.verdict != nil {
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "It is one party's own wallet.", WhyNot: "the votes count behaviour, which a large wallet can share."})
	}
	f.Counter = []model.Counter{{Text: "coins that are neither mined nor from the actor, as others' would be", Found: f.Amounts[2].Amount > 0}}
	f.RefutedBy = []string{"The service's books showing whose accounts were credited."}
}
