package screen

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/words"
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
		}
		if r.Says == CannotSay && r.Blocks {
			f.Unseen = append(f.Unseen, r.Text)
		}
		f.Labels = append(f.Labels, r.labelled...)
	}
	a.counter(&f)
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

// counter adds what was looked for that would speak against it: only what could have
// been found.
func (a *Answer) counter(f *model.Finding) {
	s := &a.Seen
	look := func(found bool, format string, args ...any) {
		f.Counter = append(f.Counter, model.Counter{Text: fmt.Sprintf(format, args...), Found: found})
	}
	if s.Fresh != nil {
		look(s.Fresh.Stopped > 0, "coins that came out of services other than pools")
	}
	hops := words.Plural(a.params.Hops, "transaction")
	switch {
	case s.Direct:
		look(len(s.Actors) > 0, "a label that gives the address to an actor")
	case s.ActorUnknown < model.Certain || len(s.Mixes) > 0:
		look(s.Actor > 0, "coins from an actor's own wallet within %s", hops)
		look(len(s.Mixes) > 0, "a CoinJoin or a mixer within %s", hops)
	}
	if !s.Direct && len(s.Addresses) > 0 {
		look(len(s.Custodians) > 0, "a service that holds coins for many among those that signed")
	}
	if s.Series.Payouts > 0 && !s.Train.Unknown {
		look(s.Train.Passed || s.Steady < a.params.Steady, "payouts in the shape of rented machines'")
	}
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
	case a.Seen.Several:
		return "unknown: more than one party may have signed"
	case len(a.Seen.Addresses) == 0:
		return "unknown: who signed is not known"
	case len(a.Seen.Custodians) > 0:
		return "no: they are a service's"
	case a.Seen.Booked:
		return "yes: they signed for the deposit, or for others together with those that did, or a book has deposits of the same account at them"
	}
	return "yes: they signed for the deposit, or for others together with those that did"
}
