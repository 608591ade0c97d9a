package commingle

import (
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/model"
)

// grounds are what a claim is founded on: joint signatures, where the keys are said
// to have one holder, and the labels of the actors and of the pools. Who received
// coins, or was sent them, has signed for nothing. That no custodian holds the keys
// depends on how many custodians' addresses are labelled.
func (r *rule) grounds(pass *heuristics.Pass, c *Commingling) model.Grounds {
	g := model.Grounds{CoverageUnknown: true, Labels: c.names()}
	low := func(why string) { g.Ceilings = append(g.Ceilings, model.Ceiling{Level: model.Low, Because: why}) }
	switch c.Kind {
	case Kind:
		g.Ownership = true
		if unseenBehaviour(pass, c) > 0 {
			low("whether the addresses' clusters behave like a service was not tested")
		}
		if slices.ContainsFunc(c.Coins, func(coin Coin) bool { return coin.Address.IsZero() }) {
			low("the owner of an input is unknown, so that it is not known whether a custodian or another party signs")
		}
		g.Notes = append(g.Notes, "two parties or a custodian can sign one transaction, and the ledger does not tell")
	case KindCluster:
		g.Ownership = true
		g.Notes = append(g.Notes, "it rests on co-spends, each of which may be two parties'")
	case KindReceived:
		low("receiving is not controlling")
	case KindReceipt:
		low("nobody signed for the coins")
		g.Notes = append(g.Notes, "anyone can have an address paid")
	case KindFlow:
		low("two parties can pay one address")
		g.Notes = append(g.Notes, "the coins may have changed hands on the way")
	case KindService:
		low("a service holds coins for many customers")
	}
	if len(c.doubts) > 0 {
		g.Notes = append(g.Notes, "a label of less than even confidence gives a key to a custodian")
	}
	return g
}

// names returns the labels that name the actors, and those that name the payers of
// mined coins. What names a pool otherwise counts as one.
func (c *Commingling) names() []model.Label {
	out := []model.Label{}
	add := func(l model.Label) {
		if !slices.ContainsFunc(out, l.Equal) {
			out = append(out, l)
		}
	}
	paid := map[*payout.Candidacy]bool{}
	for i := range c.Coins {
		coin := &c.Coins[i]
		if a, _ := coin.attribution(); a != nil {
			add(a.Label)
		}
		if coin.Class != Mined || coin.Payout != nil && paid[coin.Payout] {
			continue
		}
		named, sure := false, coin.Mining
		if p := coin.Payout; p != nil {
			paid[p] = true
			sure = p.Payer.Confidence
			for _, l := range p.Payer.Labels {
				if l.Category == model.MiningPool || p.Shape == payout.Custody {
					named = true
					add(l)
				}
			}
		}
		if !named && coin.Pool != "" {
			add(model.Label{Entity: coin.Pool, Category: model.MiningPool, Role: model.RoleCoinbase, Confidence: sure, Source: "what attributes the coins' blocks"})
		}
	}
	return out
}
