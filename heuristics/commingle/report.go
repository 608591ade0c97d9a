package commingle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

func (p Params) report(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) (model.Finding, error) {
	given, discounted := p.weight(c.Confidence)
	f := model.Finding{Kind: Kind, Subject: model.RefTx(tx.ID), Block: tx.Block}
	for _, s := range [...]struct {
		role string
		sat  model.Amount
	}{{"mined", c.Mined}, {"attributed", c.Own}, {"other", c.Other}} {
		m, err := pass.Money(ctx, s.sat, tx.Block)
		if err != nil {
			return f, err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: s.role, Money: m})
	}
	items, err := coins(ctx, pass, tx, c)
	if err != nil {
		return f, err
	}
	actors, pools, mined := names(tx, c)
	f.Claim = fmt.Sprintf("One party controls the coins of %s and %s BTC mined at %s, paid to %s: transaction %s signs for both.",
		strings.Join(actors, " and "), c.Mined, strings.Join(pools, " and "), strings.Join(mined, " and "), tx.ID)
	for i := range c.Coins {
		if c.Coins[i].Class == Mined || c.Coins[i].Class == Own {
			r := model.RefAddress(tx.Inputs[i].Owner)
			if !slices.Contains(f.Related, r) {
				f.Related = append(f.Related, r)
			}
		}
	}
	f.Evidence = []model.Evidence{{Family: "ownership", Text: "One transaction signs for mined and for attributed coins.", Weight: given, Discounted: discounted, Items: items}}
	f.Score = model.Combine(p.Prior, "two classes of coins under one key-set in an ordinary transaction having one owner", f.Evidence, 0, "")
	whole := c.Mined + c.Own + c.Other
	f.Facts = []model.Fact{
		{Name: "level", Value: "C1"},
		{Name: "mined share", Value: share(c.Mined, whole)},
		{Name: "attributed share", Value: share(c.Own, whole)},
		{Name: "balance", Value: c.Balance().String()},
	}
	for i := range c.Coins {
		if a := c.Coins[i].Actor; a.Entity != "" && !slices.ContainsFunc(f.Labels, a.Label.Equal) {
			f.Labels = append(f.Labels, a.Label)
		}
	}
	questions(&f, tx, c)
	f.ErrorRates = []model.ErrorRate{model.NotMeasured("commingling at level C1")}
	f.Confidence = model.AnalyticConfidence{Level: model.Low, Reasons: []string{
		"there is evidence of ownership", "the error rate of the rule is not measured"}}
	return f, nil
}

// coins lists the inputs with their class.
func coins(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) ([]model.Item, error) {
	items := make([]model.Item, len(c.Coins))
	for i := range c.Coins {
		coin, in := &c.Coins[i], &tx.Inputs[i]
		it := model.Item{On: model.RefInpoint(tx.Inpoint(i)), Role: coin.Class.String(), Address: in.Owner, Block: tx.Block}
		if coin.Known {
			m, err := pass.Money(ctx, coin.Value, tx.Block)
			if err != nil {
				return nil, err
			}
			it.Value = &m
		}
		switch coin.Class {
		case Mined:
			it.Note = fmt.Sprintf("spends %s, paid by %s, probability %s", coin.Source, pool(coin.Pool), coin.Mining.Short())
		case Own:
			it.Note = fmt.Sprintf("spends %s; %s by label, confidence %s", coin.Source, coin.Actor.Entity, coin.Actor.Confidence.Short())
		case Dust:
			it.Note = "dust, ignored"
		}
		items[i] = it
	}
	return items, nil
}

func pool(name string) string {
	if name == "" {
		return "a pool of unknown name"
	}
	return name
}

// names lists the actors, the pools and the addresses that received mined coins,
// each once, in the order of the inputs.
func names(tx *model.Tx, c *Commingling) (actors, pools, mined []string) {
	add := func(to *[]string, s string) {
		if !slices.Contains(*to, s) {
			*to = append(*to, s)
		}
	}
	for i := range c.Coins {
		switch coin := &c.Coins[i]; coin.Class {
		case Mined:
			add(&pools, pool(coin.Pool))
			add(&mined, tx.Inputs[i].Owner.String())
		case Own:
			add(&actors, coin.Actor.Entity)
		}
	}
	return actors, pools, mined
}

// share writes part/whole with four decimals.
func share(part, whole model.Amount) string {
	v, ok := part.Share(10_000, int64(whole))
	if r, _ := part.Share(20_000, int64(whole)); r%2 == 1 {
		v++ // to the nearest
	}
	if !ok {
		return "unknown"
	}
	return fmt.Sprintf("%d.%04d", v/10_000, v%10_000)
}

// questions answers what counsel would ask, and lists what else would explain
// the transaction.
func questions(f *model.Finding, tx *model.Tx, c *Commingling) {
	onlyAll, none := true, 0
	for i := range tx.Inputs {
		switch s := tx.Inputs[i].SigHash; {
		case s == 0:
			none++
		default:
			onlyAll = onlyAll && s.OnlyAll()
		}
	}
	signed := "yes: a signature was found on every input, and each commits to the whole transaction."
	if none > 0 {
		signed = fmt.Sprintf("unknown: no signature was found on %d of %d inputs; the others commit to the whole transaction.", none, len(tx.Inputs))
	}
	if !onlyAll {
		signed = "no."
	}
	f.Premises = []model.Premise{
		{Text: "Whoever signs for both coins controls both.", Question: "Could the transaction be collaborative?",
			Answer: "no sign of it: not the shape of a coinjoin, and not that of a payjoin."},
		{Text: "The signatures are of one signer.", Question: "Does every signature commit to the whole transaction?", Answer: signed},
		{Text: "No custodian holds the keys.", Question: "Could a custodian hold both keys?",
			Answer: "no label of a custodian is on the inputs' clusters, and none behaves like a service within the scope."},
		{Text: "The attributed coins are the actor's own.", Question: "Did the actor hold them, or only pay them?",
			Answer: "held: they lie at an address that the label gives to the actor, and they did not merely come from one."},
	}
	f.Alternatives = []model.Alternative{
		{Text: "Two parties signed one transaction: a batch service, a swap, a channel funded by both.", WhyNot: "signatures that commit to everything can be two parties'."},
		{Text: "A custodian too small to show in the scope holds both.", WhyNot: "its cluster may be larger than what was scanned."},
	}
	dust := 0
	for i := range c.Coins {
		if c.Coins[i].Class == Dust {
			dust++
		}
	}
	if dust > 0 {
		f.Facts = append(f.Facts, model.Fact{Name: "dust inputs, ignored", Value: fmt.Sprint(dust)})
	}
	f.Counter = []model.Counter{
		{Text: "signatures that leave part of the transaction to others"},
		{Text: "the shape of a coinjoin or a payjoin"},
		{Text: "a custodian's label, or the behaviour of one, on the inputs' clusters"},
	}
	f.RefutedBy = []string{
		"A custodian's or a counterparty's record that it signed for some of the inputs.",
		"Proof that the label on the attributed address is wrong.",
	}
	f.Unseen = append(f.Unseen, "Who the party is: the label names it, the ledger does not.")
	if n := tx.Unresolved(); n > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The value of %d inputs; they count as nothing in the sums.", n))
	}
}
