package screen

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

const capReason = "that coins are mined does not show who mined them"

// report writes the finding, and the probability of the answer.
func (p *rule) report(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, a *Answer) error {
	m, err := pass.Money(ctx, a.Value, tx.Block)
	if err != nil {
		return err
	}
	f := model.Finding{
		Kind: Kind, Subject: model.RefOutpoint(a.On), Block: tx.Block,
		Claim:   fmt.Sprintf("Output %s (%s BTC) is its depositor's income from mining; what the ledger shows %s it.", a.On, a.Value, verb(a.Verdict)),
		Amounts: []model.Figure{{Role: "deposited", Money: m}},
		Facts:   []model.Fact{{Name: "verdict", Value: a.Verdict.String()}},
		Premises: []model.Premise{
			{Text: "The addresses are the depositor's.", Question: "Did the depositor sign for them, or does a book name them?", Answer: answer(a)},
			{Text: "Payouts are recognised.", Question: "Is the pool's name corroborated by its coinbases or labels?", Answer: "as far as the payouts' own findings say"},
		},
		Alternatives: []model.Alternative{
			{Text: "The coins were bought from a miner, or paid by one for something else.", WhyNot: "A ledger shows payments, not what for."},
			{Text: "The machines were rented, and paid for with other money.", WhyNot: "Only how long and how evenly a pool pays speaks to that; the contract of the machines would tell."},
			{Text: "Somebody else mines, and has the pool pay the depositor.", WhyNot: "Anybody can have a pool pay anybody."},
		},
		RefutedBy:  []string{"the pool's own book naming somebody else's account for the payouts", "the seller's invoice showing that the machines were rented"},
		ErrorRates: []model.ErrorRate{model.NotMeasured("how often the answer is wrong")},
	}
	for i := range a.Reasons {
		r := &a.Reasons[i]
		f.Facts = append(f.Facts, model.Fact{Name: r.Name, Value: r.Says.String()})
		ev := model.Evidence{Family: r.family, Text: r.Text, Weight: r.weight, Discounted: r.weight.Discount(r.trust), Items: r.items}
		if ev.Family == "" {
			ev.Family = r.Name
		}
		if r.weight == 0 {
			ev.Discounted = 0
		}
		f.Evidence = append(f.Evidence, ev)
		if r.Says == Contradicts {
			f.Counter = append(f.Counter, model.Counter{Text: r.Name + ": " + r.Text, Found: true, Items: r.items})
		} else {
			f.Counter = append(f.Counter, model.Counter{Text: "a contradiction by " + strings.ReplaceAll(r.Name, "_", " ")})
		}
		if r.Says == CannotSay && r.Blocks {
			f.Unseen = append(f.Unseen, r.Text)
		}
		f.Labels = append(f.Labels, r.labelled...)
	}
	for i, b := range a.Seen.Addresses {
		if i < p.MaxItems {
			f.Parts = append(f.Parts, model.Item{On: model.RefAddress(b), Role: "depositor", Address: b})
		}
	}
	f.Unseen = append(f.Unseen, "Payouts by Lightning, inside a pool or a custodian, and on other chains.")
	f.Score = model.Combine(p.Prior, "a deposit that its customer calls income from mining is that", f.Evidence, p.Cap, capReason)
	a.Probability = f.Score.Probability
	pass.Grade(&f, model.Grounds{Rounds: 1, CoverageUnknown: true})
	pass.Report(f)
	return nil
}

func verb(v Verdict) string {
	if v == CannotSay {
		return "neither supports nor contradicts"
	}
	return v.String()
}

func answer(a *Answer) string {
	switch {
	case a.Seen.Direct:
		return "unknown: the pool paid the address, and whose it is the service that holds it knows"
	case len(a.Seen.Custodians) > 0:
		return "no: they are a service's"
	}
	return "yes: they signed for the deposit, or for others together with those that did"
}
