package payout

import (
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
)

// Families of evidence.
const (
	provenance  = "provenance"
	recognition = "recognition"
	timing      = "timing"
)

// maxItems bounds the places that one item of evidence points at.
const maxItems = 50

// evidence lists what speaks for and against a payout, strongest provenance
// first, and sets what the next link of a chain inherits.
func (r *rule) evidence(net model.Network, tx *model.Tx, c *Candidacy, from sender) []model.Evidence {
	w := &r.p.Weights
	var ev []model.Evidence
	add := func(family string, given, discounted model.MicroNats, items []model.Item, format string, args ...any) {
		ev = append(ev, model.Evidence{Family: family, Weight: given, Discounted: discounted, Items: items, Text: fmt.Sprintf(format, args...)})
		if family == provenance && discounted > c.carry.discounted {
			c.carry = weight{given, discounted}
		}
	}
	switch c.Payer.Via {
	case "label", "cluster":
		conf := c.Payer.Confidence
		who := party(c.Payer.Pool)
		switch {
		case c.Payer.Conflict():
			who = "different mining pools (" + strings.Join(c.Payer.Names, ", ") + "), each of them a pool"
		case len(c.Payer.Names) == 0:
			who = "a custodian that pays a pool's members"
		}
		labels := "labels"
		if inferred(c.Payer.Labels) {
			labels = "inferred labels"
		}
		where := "on the address of an input"
		if c.Payer.Via == "cluster" {
			where = "on an address in a cluster with an input's"
		}
		add(provenance, w.Labelled, w.Labelled.Discount(conf), r.senders(net, tx, c), "%s %s name the payer as %s", labels, where, who)
	}
	if c.Shape == Chain {
		given, discounted := c.carry.given, c.carry.discounted
		add(provenance, given, discounted, []model.Item{{On: model.RefTx(c.Parent), Role: "link before"}},
			"it spends the largest output of the payout before, %v, in as many outputs; what names the payer of that one counts here, less a little for each of %d links", c.Parent, c.Links)
	}
	if s := c.Fresh; s != nil {
		text := mintedText(s)
		conf := model.Certain
		if c.Payer.Via == "coins" {
			conf = c.Payer.Confidence
		}
		var given model.MicroNats
		switch {
		case fresh.AtLeast(s.Coinbase, r.p.FreshHigh):
			given = w.FreshHigh
		case fresh.AtLeast(s.Coinbase, r.p.FreshMin):
			given = w.FreshMin
		}
		var items []model.Item
		for _, q := range s.Pools {
			for _, id := range q.Coinbases {
				items = append(items, model.Item{On: model.RefTx(id), Role: "coinbase", Note: q.Entity})
			}
		}
		add(provenance, given, given.Discount(conf), items, "%s", text)
	}
	if c.more.custodian.Category != "" && c.more.exempt == "" {
		l := &c.more.custodian
		add(provenance, w.Service, w.Service.Discount(from.doubt), []model.Item{{On: l.On, Role: "payer"}}, "a label names the payer as %s (%s), with little confidence", party(l.Entity), l.Category)
	}
	if o := c.more.received; o != (model.Outpoint{}) {
		add(provenance, w.Received, w.Received, []model.Item{{On: model.RefOutpoint(o), Role: "receipt"}}, "it spends %v, which a payout paid to a member: a member pays here, not the pool", o)
	}
	h := &c.more.habits
	if h.payees > 0 && h.returning*100 >= h.payees*r.p.ReturningMin {
		add(recognition, w.Returning, w.Returning, nil, "%d of %d payees were paid by the same payer before", h.returning, h.payees)
	}
	switch {
	case c.Shape == Chain:
		add(recognition, w.SameCount, w.SameCount, nil, "as many outputs (%d) as the link before", c.fan.outputs)
	case h.sameCount:
		add(recognition, w.SameCount, w.SameCount, nil, "as many outputs (%d) as the payer's fan-out before", c.fan.outputs)
	}
	if c.fan.outputs < r.p.MinOutputs && !from.payout {
		add(recognition, w.Few, w.Few, nil, "only %d outputs, and the label does not say that its address pays members", c.fan.outputs)
	}
	if c.fan.over(c.fan.equal, r.p.EqualMax) {
		add(recognition, w.Equal, w.Equal, nil, "%d of %d outputs hold the same value, %v BTC", c.fan.equal, c.fan.outputs, c.fan.equalValue)
	}
	if c.fan.over(c.fan.round, r.p.RoundMax) {
		add(recognition, w.Round, w.Round, nil, "%d of %d values are multiples of %v BTC", c.fan.round, c.fan.outputs, r.p.RoundUnit)
	}
	if h.timed >= r.p.HourMin && h.sameHour*100 >= h.timed*r.p.HourShare {
		add(timing, w.SameHour, w.SameHour, nil, "%d of the payer's %d earlier fan-outs whose time is known (%d percent) lie within %d minutes of the same time of day, UTC; spread evenly over the day %d percent would",
			h.sameHour, h.timed, h.sameHour*100/h.timed, r.p.HourBand, min(100, 2*r.p.HourBand*100/minutes))
	}
	return ev
}

// mintedText says how much of the coins is freshly mined, as far as is known.
func mintedText(s *fresh.Share) string {
	if s.Coinbase == 0 && s.Unknown == fresh.Whole {
		return "how much of the coins is freshly mined is unknown"
	}
	share := fresh.Percent(s.Coinbase)
	if s.Unknown > 0 {
		share = "between " + share + " and " + fresh.Percent(s.Coinbase+s.Unknown)
	}
	text := fmt.Sprintf("%s of the coins are freshly mined: by haircut they descend from coinbase outputs within %d transactions", share, fresh.MaxHops)
	if p, ok := s.Main(); ok {
		text += fmt.Sprintf("; %s mined %s", p.Entity, fresh.Percent(p.Share))
	}
	return text
}

// senders points at the inputs whose address a label names.
func (r *rule) senders(net model.Network, tx *model.Tx, c *Candidacy) []model.Item {
	var items []model.Item
	for _, i := range c.more.senders {
		if len(items) == maxItems {
			break
		}
		in := &tx.Inputs[i]
		it := model.Item{On: model.RefInpoint(tx.Inpoint(int(i))), Role: "payer", Address: in.Owner, Block: tx.Block, Note: "owner by " + in.OwnerBy.String()}
		if in.ValueKnown {
			it.Value = &model.Money{Amount: in.Value, Unit: net.Unit()}
		}
		items = append(items, it)
	}
	return items
}

// coinbaseEvidence is that of a coinbase that pays so many parties. A pool that
// splits its reward among addresses of its own makes few outputs that hold much
// each, the same in every block; so it is many small payees that speak for
// members, or payees that the pool paid before in a payout to many.
func (r *rule) coinbaseEvidence(tx *model.Tx, c *Candidacy, pt parties) []model.Evidence {
	w := &r.p.Weights
	ev := []model.Evidence{r.minted(tx, c)}
	paid := w.ManyPaid
	text := fmt.Sprintf("it pays %d parties that no label or cluster gives to a pool, %d of them at most %d percent of the whole each", pt.all, pt.small, r.p.PayeeMax)
	if pt.small < r.p.ManyMin {
		paid = w.FewPaid
		text += "; a pool that keeps its reward at a few addresses of its own looks the same"
	}
	ev = append(ev, model.Evidence{Family: recognition, Weight: paid, Discounted: paid, Text: text})
	if pt.small >= r.p.MinLabelled && pt.returning*100 >= pt.all*r.p.ReturningMin {
		ev = append(ev, model.Evidence{Family: recognition, Weight: w.Returning, Discounted: w.Returning,
			Text: fmt.Sprintf("%d of %d parties were paid before by the same pool, in a fan-out or among the many of a coinbase", pt.returning, pt.all)})
	}
	if c.fan.over(c.fan.equal, r.p.EqualMax) {
		ev = append(ev, model.Evidence{Family: recognition, Weight: w.Equal, Discounted: w.Equal,
			Text: fmt.Sprintf("%d of %d outputs hold the same value, %v BTC", c.fan.equal, c.fan.outputs, c.fan.equalValue)})
	}
	return ev
}

// soloEvidence is that of a coinbase that pays one finder and a listed fee.
func (r *rule) soloEvidence(tx *model.Tx, c *Candidacy) []model.Evidence {
	w := r.p.Weights.SoloFee
	l := &c.more.listed
	given, discounted := w, w
	var items []model.Item
	if l.Category != "" {
		discounted = w.Discount(l.Confidence)
		items = []model.Item{{On: l.On, Role: "fee address"}}
	}
	return []model.Evidence{r.minted(tx, c), {Family: recognition, Weight: given, Discounted: discounted, Items: items,
		Text: fmt.Sprintf("it pays one party that no label gives to a pool, and %v BTC of %v BTC to an address that is listed for %s", c.more.solo, c.fan.total, party(l.Entity))}}
}

func (r *rule) minted(tx *model.Tx, c *Candidacy) model.Evidence {
	w := r.p.Weights.Minted
	who := "nobody is known to have mined the block"
	switch {
	case c.Payer.Conflict():
		who = "its tags and addresses name different pools: " + strings.Join(c.Payer.Names, ", ")
	case strings.TrimSpace(c.Payer.Pool) != "":
		who = "the block is " + c.Payer.Pool + "'s"
	}
	return model.Evidence{Family: provenance, Weight: w, Discounted: w, Text: "it is a generation transaction: what it pays is newly mined; " + who,
		Items: []model.Item{{On: model.RefTx(tx.ID), Role: "coinbase", Block: tx.Block}}}
}

// mined is who the miner of a block is.
func (r *rule) mined(a *pool.Attribution) Payer {
	p := Payer{Via: "coinbase", Confidence: a.Probability}
	for i := range a.Candidates {
		for j := range a.Candidates[i].Outputs {
			p.Labels = append(p.Labels, a.Candidates[i].Outputs[j].Labels...)
		}
	}
	if a.Entity != "" && !a.Conflict {
		p.Pool = model.EntityName(a.Entity)
		p.Names = []string{p.Pool}
		return p
	}
	for i := range a.Candidates {
		p.Names = append(p.Names, model.EntityName(a.Candidates[i].Entity))
	}
	p.Names = entities(p.Names)
	switch len(p.Names) {
	case 0:
		p.Confidence = 0
	case 1: // two names of one pool
		p.Pool = p.Names[0]
		p.Confidence = a.Probability * model.Probability(len(a.Candidates))
	}
	return p
}
