package deposit

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// report writes the finding of one deposit.
func report(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, d *Deposit, t *target, r *payer) (model.Finding, error) {
	paid, err := pass.Money(ctx, d.Amount, tx.Block)
	if err != nil {
		return model.Finding{}, err
	}
	kind, service := Kind, words(d.Payee.Category)
	switch {
	case !d.Attributed():
		kind = KindUnattributed
	case d.Payee.Category == model.MiningPool:
		kind = KindPool
	}
	f := model.Finding{
		Kind: kind, Subject: model.RefOutpoint(d.Out), Related: []model.Ref{model.RefAddress(d.Address)}, Block: tx.Block,
		Amounts: []model.Figure{{Role: "paid", Money: paid}},
		Facts: []model.Fact{
			{Name: "service", Value: d.Payee.Entity}, {Name: "category", Value: string(d.Payee.Category)}, {Name: "hops", Value: "0, direct"},
		},
		Labels:     d.labelsUsed(t),
		ErrorRates: []model.ErrorRate{model.NotMeasured("deposits to labelled addresses")},
		Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{
			"it rests on labels from outside, which this library cannot check",
			"the error rate of the rule is not measured"}},
		RefutedBy: []string{fmt.Sprintf("%s showing that %s is not, or was not then, its address.", d.Payee.Entity, d.Address)},
	}
	if d.Attributed() {
		f.Claim = fmt.Sprintf("%s paid %s BTC to %s, an address of the %s %s.", d.Payer.Entity, d.Amount, d.Address, service, d.Payee.Entity)
		f.Score = model.Product(0, "",
			model.Factor{Name: "payee is " + d.Payee.Entity, Given: model.Certain, Probability: d.Payee.Confidence},
			model.Factor{Name: "payer is " + d.Payer.Entity, Given: model.Certain, Probability: d.Payer.Confidence})
		f.RefutedBy = append(f.RefutedBy, fmt.Sprintf("%s's books crediting the payment to somebody else's account.", d.Payee.Entity))
	} else {
		f.Claim = fmt.Sprintf("Somebody paid %s BTC to %s, an address of the %s %s.", d.Amount, d.Address, service, d.Payee.Entity)
		f.Score = model.Product(0, "", model.Factor{Name: "payee is " + d.Payee.Entity, Given: model.Certain, Probability: d.Payee.Confidence})
	}
	if err := evidence(ctx, pass, &f, tx, d, r); err != nil {
		return model.Finding{}, err
	}
	premises(&f, tx, d, t, r)
	return f, nil
}

// words writes a category as a reader would say it.
func words(c model.Category) string {
	switch c {
	case model.HashMarketplace:
		return "hash marketplace"
	case model.CloudMining:
		return "cloud miner"
	}
	return strings.ReplaceAll(string(c), "_", " ")
}

// labelsUsed lists the payee's labels and those that name the payer.
func (d *Deposit) labelsUsed(t *target) []model.Label {
	ls := append([]model.Label(nil), t.all...)
	for _, a := range d.Payers {
		ls = append(ls, a.Label)
	}
	return ls
}

// evidence lists the output that was paid and the inputs that paid it.
func evidence(ctx context.Context, pass *heuristics.Pass, f *model.Finding, tx *model.Tx, d *Deposit, r *payer) error {
	paid := f.Amounts[0].Money
	f.Evidence = append(f.Evidence, model.Evidence{
		Family: "payee", Text: fmt.Sprintf("Output %d of the transaction pays the labelled address.", d.Out.Vout),
		Items: []model.Item{{On: model.RefOutpoint(d.Out), Role: "payee", Address: d.Address, Value: &paid, Block: tx.Block}},
	})
	var items []model.Item
	attributed, total, known := model.Amount(0), model.Amount(0), true
	seen := map[model.Address]bool{}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		it := model.Item{On: model.RefInpoint(tx.Inpoint(i)), Role: "input", Address: in.Owner, Block: tx.Block}
		switch {
		case in.OwnerBy == model.OwnerUnknown:
			it.Note = "owner unknown"
		case r.by[i].Entity != "":
			it.Role = "payer"
			it.Note = fmt.Sprintf("of %s, by %s", r.by[i].Entity, r.by[i].Via)
		}
		if in.OwnerBy == model.OwnerUnlocking {
			it.Note = strings.TrimPrefix(it.Note+"; owner inferred from what unlocks the input", "; ")
		}
		if in.ValueKnown {
			m, err := pass.Money(ctx, in.Value, tx.Block)
			if err != nil {
				return err
			}
			it.Value = &m
			total += in.Value
			if r.by[i].Entity != "" {
				attributed += in.Value
			}
		} else {
			known = false
		}
		if in.OwnerBy != model.OwnerUnknown && !seen[in.Owner] {
			seen[in.Owner] = true
			f.Related = append(f.Related, model.RefAddress(in.Owner))
		}
		items = append(items, it)
	}
	f.Evidence = append(f.Evidence, model.Evidence{Family: "payer", Text: fmt.Sprintf("The transaction spends %d inputs from %d addresses.", len(tx.Inputs), len(seen)), Items: items})
	switch {
	case !d.Attributed():
	case known && total > 0:
		ppm, _ := attributed.Share(int64(model.Certain), int64(total))
		f.Facts = append(f.Facts, model.Fact{Name: "attributed share of inputs", Value: model.Probability(ppm).String()})
	default:
		f.Facts = append(f.Facts, model.Fact{Name: "attributed share of inputs", Value: "unknown"})
		f.Unseen = append(f.Unseen, fmt.Sprintf("The value of %d inputs: what share of the payment is attributed cannot be said.", tx.Unresolved()))
	}
	return nil
}

// premises states what the claim rests on, and what else would explain it.
func premises(f *model.Finding, tx *model.Tx, d *Deposit, t *target, r *payer) {
	answer := "unknown: the time of the block is not known."
	if when, ok := tx.Block.Clock(); ok {
		switch {
		case !d.Payee.From.IsZero() || !d.Payee.To.IsZero():
			answer = "yes: the block's time is within the label's bounds."
		case !d.Payee.Asserted.IsZero():
			answer = fmt.Sprintf("unknown: the label has no bounds; it was asserted on %s, the payment was on %s.", day(d.Payee.Asserted), day(when))
		default:
			answer = "unknown: the label has neither bounds nor a date."
		}
	}
	f.Premises = append(f.Premises, model.Premise{Text: fmt.Sprintf("%s is an address of %s.", d.Address, d.Payee.Entity), Question: "Was the label current at that height?", Answer: answer})
	for _, l := range t.all {
		if !model.SameEntity(l.Entity, d.Payee.Entity) {
			f.Alternatives = append(f.Alternatives, model.Alternative{
				Text:   fmt.Sprintf("The address is %s's, as %s says.", l.Entity, l.Source),
				WhyNot: fmt.Sprintf("two labels conflict, with confidence %s against %s.", l.Confidence.Short(), d.Payee.Confidence.Short())})
		}
	}
	if d.Attributed() {
		answer := "yes: the labelled address itself is among the inputs."
		if d.Payer.Via != "label" {
			answer = "inferred: by co-spending with a labelled address, in transactions without a sign of several parties."
		}
		if d.Payer.Account {
			answer = "no: the label says that the address is the party's account, whose key a custodian holds; the payment may be the custodian's."
		}
		f.Premises = append(f.Premises, model.Premise{Text: fmt.Sprintf("%s controls what was spent.", d.Payer.Entity), Question: "Does the payer hold the key?", Answer: answer})
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "The payer paid into somebody else's account.", WhyNot: "the ledger does not show whose account is credited."})
	} else if len(r.actors) > 0 {
		f.Alternatives = append(f.Alternatives, model.Alternative{
			Text:   fmt.Sprintf("%s paid: some inputs are its own.", r.actors[0].Entity),
			WhyNot: "several parties may have signed the transaction, so which of them paid this output is not known."})
	}
	f.Alternatives = append(f.Alternatives, model.Alternative{Text: "The payer sells hash power there and tops up a balance or pays a fee.", WhyNot: "whether the service also pays the payer was not looked for."})
	f.Counter = append(f.Counter, model.Counter{Text: "an input of the service itself, which would make it a transfer of its own"})
	f.Unseen = append(f.Unseen,
		"Whether the service returned the money: not looked for.",
		"That hash power was bought, and by whom: that is in the service's books only.")
	if r.unseen > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The owner of %d inputs.", r.unseen))
	}
}
