package payout

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// finding writes an accepted payout down.
func (m *members) finding(ctx context.Context, p *heuristics.Pass, tx *model.Tx, out *Payout) (model.Finding, error) {
	f := model.Finding{
		Kind: kindOf(out.Shape), Subject: model.RefTx(tx.ID), Block: tx.Block,
		Score: out.Score, Evidence: out.Evidence,
		ErrorRates: []model.ErrorRate{model.NotMeasured("payouts among transactions that pass the rule"), model.NotMeasured("members among the outputs classified as such")},
	}
	sums := [len(classNames)]model.Amount{}
	for i := range out.Receipts {
		c := out.Receipts[i].Class
		if sum, ok := sums[c].Add(tx.Outputs[i].Value); ok {
			sums[c] = sum
		}
	}
	f.Claim = m.claim(tx, out, sums[Member]+sums[Service])
	for _, a := range []struct {
		role string
		v    model.Amount
		show bool
	}{
		{"paid to members", sums[Member], true},
		{"paid to customers of services", sums[Service], sums[Service] > 0},
		{"kept by the pool, for certain or perhaps", sums[Internal] + sums[InternalMaybe], sums[Internal]+sums[InternalMaybe] > 0},
		{"all outputs", out.fan.total, true},
	} {
		if !a.show {
			continue
		}
		money, err := p.Money(ctx, a.v, tx.Block)
		if err != nil {
			return f, err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: a.role, Money: money})
	}
	f.Facts = facts(tx, out)
	f.Parts = parts(p.Network(), tx, out)
	f.Labels = labelsOf(out)
	f.Premises = m.premises(tx, out)
	f.Alternatives = m.alternatives(out)
	f.Counter = m.counter(tx, out)
	f.RefutedBy = []string{
		"the pool's own payout records, where they do not hold this transaction",
		"proof that the payer's address belonged to somebody else at the time",
		"an exchange's or employer's records that hold the payments",
	}
	f.Unseen = m.unseen(p, tx, out)
	f.Search = []model.Fact{{Name: "earlier fan-outs of the payer within the scope", Value: strconv.Itoa(out.more.habits.earlier)}}
	p.Grade(&f, grounds(tx, out))
	return f, nil
}

// grounds are what names the payer, and how often it was seen to pay some of the
// same. Labels of payees do not count: they tell a customer of a service from a
// member, and neither makes the transaction a payout. That it is one depends on
// how many addresses of the pool, and of custodians who pay batches, are labelled.
func grounds(tx *model.Tx, out *Payout) model.Grounds {
	g := model.Grounds{Rounds: 1, CoverageUnknown: true, Labels: []model.Label{}}
	for _, l := range out.Payer.Labels {
		if l.Category == model.MiningPool || out.Shape == Custody {
			g.Labels = append(g.Labels, l)
		}
	}
	if h := &out.more.habits; h.returning > 0 {
		g.Rounds += h.rounds
	}
	switch a := out.more.tagged; {
	case a != nil && out.Payer.Via == "coinbase":
		g.Labels = a.Labels()
		if len(a.Candidates[0].Tags) > 0 {
			g.Notes = append(g.Notes, "the tag is the miner's own word; tags are counted as labels here")
		}
	case len(g.Labels) == 0 && out.Payer.Pool != "":
		g.Labels = append(g.Labels, model.Label{Entity: out.Payer.Pool, Category: model.MiningPool, Role: model.RoleCoinbase, Confidence: out.Payer.Confidence, Source: "tags of the coins' blocks"})
		g.Notes = append(g.Notes, "who mined the coins is known by the tags and addresses of their blocks, which are counted as one label here")
	}
	if l := out.more.listed; l.Category != "" && !slices.ContainsFunc(g.Labels, l.Equal) {
		g.Labels = append(g.Labels, l)
	}
	if out.Payer.Conflict() {
		g.Notes = append(g.Notes, "labels contradict each other about the payer")
	}
	if tx.Unresolved() > 0 {
		g.Notes = append(g.Notes, "the coins that it spends could not be traced")
	}
	return g
}

func kindOf(s Shape) string {
	switch s {
	case Coinbase, Solo, Chain, Custody:
		return "payout/" + s.String()
	}
	return "payout"
}

// maxPayers bounds the payer's addresses that a finding lists.
const maxPayers = 10

// payerText names who pays, never surer than the labels are.
func payerText(p *Payer) string {
	switch {
	case p.Conflict():
		return "a mining pool that is named differently (" + strings.Join(p.Names, ", ") + ")"
	case strings.TrimSpace(p.Pool) == "":
		return "a mining pool that nothing names"
	}
	return p.Pool
}

func (m *members) claim(tx *model.Tx, out *Payout, paid model.Amount) string {
	who := payerText(&out.Payer)
	n := out.Count(Member)
	members := strconv.Itoa(n) + " members"
	if n == 1 {
		members = "1 member"
	}
	switch s := out.Count(Service); {
	case s == 1:
		members += " and 1 customer of a service"
	case s > 1:
		members += fmt.Sprintf(" and %d customers of services", s)
	}
	switch out.Shape {
	case Coinbase:
		return fmt.Sprintf("Generation transaction %v is a payout of %s: it pays %s %v BTC.", tx.ID, who, members, paid)
	case Solo:
		finder := ""
		for i := range out.Receipts {
			if c := out.Receipts[i].Class; c == Member || c == Service {
				finder = tx.Outputs[i].Owner.String()
			}
		}
		return fmt.Sprintf("Generation transaction %v pays the finder of the block at %s %v BTC, and %v BTC of fee to an address listed for %s.",
			tx.ID, finder, paid, out.more.solo, party(out.more.listed.Entity))
	case Chain:
		return fmt.Sprintf("Transaction %v is a link of a chain of payouts of %s: it pays %s %v BTC.", tx.ID, who, members, paid)
	case Custody:
		return fmt.Sprintf("Transaction %v is a payout of %s, known by label only and paid by custodian %s: it pays %s %v BTC.", tx.ID, who, party(out.more.custodian.Entity), members, paid)
	}
	return fmt.Sprintf("Transaction %v is a payout of %s: it pays %s %v BTC.", tx.ID, who, members, paid)
}

func facts(tx *model.Tx, out *Payout) []model.Fact {
	var fs []model.Fact
	add := func(name, format string, args ...any) {
		fs = append(fs, model.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	switch {
	case out.Payer.Conflict():
		add("pool", "conflict: %s", strings.Join(out.Payer.Names, ", "))
	case out.Payer.Pool == "":
		add("pool", "unknown")
	default:
		add("pool", "%s", out.Payer.Pool)
		add("pool_confidence", "%v", out.Payer.Confidence)
	}
	add("pool_known_by", "%s", out.Payer.Via)
	payers := 0
	if !tx.Coinbase() {
		seen := map[model.Address]bool{}
		for i := range tx.Inputs {
			if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner.Ownable() && !seen[in.Owner] {
				seen[in.Owner] = true
				if payers++; payers <= maxPayers {
					add("payer_address", "%v", in.Owner)
				}
			}
		}
	}
	if payers > maxPayers {
		add("payer_addresses", "%d", payers)
	}
	add("shape", "%s", out.Shape)
	add("inputs", "%d", len(tx.Inputs))
	add("outputs", "%d", len(tx.Outputs))
	for c := Member; int(c) < len(classNames); c++ {
		if n := out.Count(c); n > 0 || c == Member {
			add("outputs_"+c.String(), "%d", n)
		}
	}
	if n := out.Count(Unspendable); n > 0 {
		add("outputs_"+Unspendable.String(), "%d", n)
	}
	add("median_output", "%v BTC", out.fan.median())
	add("median_below", "%v", out.cap)
	switch s := out.Fresh; {
	case tx.Coinbase():
		add("fresh", "100.0 %%: newly mined")
	case s == nil || s.Unknown == fresh.Whole:
		add("fresh", "unknown")
	case s.Unknown > 0:
		add("fresh", "%s to %s", fresh.Percent(s.Coinbase), fresh.Percent(s.Coinbase+s.Unknown))
	default:
		add("fresh", "%s", fresh.Percent(s.Coinbase))
	}
	if out.more.hasMined {
		add("mined_by", "%s %s", out.more.mined.Entity, fresh.Percent(out.more.mined.Share))
	}
	if out.Shape == Chain {
		add("chain_parent", "%v", out.Parent)
		add("chain_links", "%d", out.Links)
	}
	if h := &out.more.habits; h.known {
		add("returning_payees", "%d of %d", h.returning, h.payees)
	}
	if !tx.Coinbase() {
		add("published_rule", "%t", Published(tx, DefaultPublishedParams()))
	}
	return fs
}

// parts classifies every output.
func parts(net model.Network, tx *model.Tx, out *Payout) []model.Item {
	items := make([]model.Item, len(tx.Outputs))
	for i := range tx.Outputs {
		o, rc := &tx.Outputs[i], &out.Receipts[i]
		items[i] = model.Item{
			On: model.RefOutpoint(tx.Outpoint(i)), Role: rc.Class.String(), Address: o.Owner,
			Value: &model.Money{Amount: o.Value, Unit: net.Unit()}, Note: rc.text(out.more.labels),
		}
	}
	return items
}

// labelsOf lists the labels that the payer and the classes rest on.
func labelsOf(out *Payout) []model.Label {
	ls := slices.Clone(out.Payer.Labels)
	used := make([]bool, len(out.more.labels))
	for i := range out.Receipts {
		if k := out.Receipts[i].label; k >= 0 && !used[k] {
			used[k] = true
			ls = append(ls, out.more.labels[k])
		}
	}
	if out.more.listed.Category != "" {
		ls = append(ls, out.more.listed)
	}
	slices.SortFunc(ls, func(a, b model.Label) int { return a.Compare(&b) })
	return slices.CompactFunc(ls, func(a, b model.Label) bool { return a.Compare(&b) == 0 })
}

func (m *members) premises(tx *model.Tx, out *Payout) []model.Premise {
	var ps []model.Premise
	add := func(text, question, format string, args ...any) {
		ps = append(ps, model.Premise{Text: text, Question: question, Answer: fmt.Sprintf(format, args...)})
	}
	switch out.Payer.Via {
	case "label", "cluster":
		switch {
		case out.Payer.Conflict():
			add("The payer is a mining pool.", "Do the labels agree on which?", "no: they name %s; that it is a pool is what they agree on", strings.Join(out.Payer.Names, ", "))
		default:
			add("The payer is "+payerText(&out.Payer)+".", "Is the label current at the time?", "%s", current(out.Payer.Labels, tx.Block))
		}
		if !tx.Coinbase() {
			add("Who mined the coins pays them.", "Is the pool's tag corroborated by an address?", "%s", corroborated(out))
		}
	case "coins":
		add("Who mined the coins pays them.", "Is the pool's tag corroborated by an address?", "unknown: the tags of the coinbase transactions name %s, with confidence %v at least; a custodian may pay for several pools", out.Payer.Pool, out.Payer.Confidence)
	case "chain":
		add("The largest output of the link before is the pool's change.", "Could it be a member's, who pays many in turn?", "unlikely: this transaction has as many outputs as the link before, %d", out.fan.outputs)
		add("Who mined the coins pays them.", "Is the pool's tag corroborated by an address?", "%s", corroborated(out))
	case "coinbase":
		add("Tag and reward are of one pool.", "Is the pool's tag corroborated by an address?", "%s", tagged(out.more.tagged))
		add("The outputs that nobody lists are not the pool's own.", "Does the pool split its reward among addresses of its own?", "unknown: no label or cluster says so of these")
	}
	switch out.Shape {
	case Coinbase, Solo:
		add("The payments are a pool's.", "Could this be an exchange's batch?",
			"no: only who mined the block can make its generation transaction; whether it pays customers of an exchange is another question")
	default:
		answer := "no sign of it: no label names the payer as a custodian, and %d of %d values are round"
		if out.more.custodian.Category != "" {
			answer = "perhaps: a label names the payer as a custodian, and %d of %d values are round"
		}
		add("The payments are a pool's.", "Could this be an exchange's batch?", answer, out.fan.round, out.fan.outputs)
		add("One party pays.", "Could the transaction be collaborative?", "%s", collaborativeText(tx, out))
	}
	return ps
}

// corroborated answers whether the label that names the payer and the tags of the
// blocks that its coins come from agree.
func corroborated(out *Payout) string {
	labelled := len(out.Payer.Labels) > 0
	switch m := &out.more; {
	case !m.hasMined && labelled && out.Payer.Via == "chain":
		return "unknown: no tag names who mined the coins; the payer is known by labels of a link before"
	case !m.hasMined && labelled:
		return "unknown: no tag names who mined the coins; the payer is known by a label alone"
	case !m.hasMined:
		return "unknown: no tag names who mined these coins; the payer is known by those of the links before"
	case slices.ContainsFunc(out.Payer.Names, func(n string) bool { return model.SameEntity(n, m.mined.Entity) }):
		if !labelled {
			return fmt.Sprintf("unknown: %s of the coins were mined by %s, by tags and addresses of their blocks; no label names an address that pays here", fresh.Percent(m.mined.Share), m.mined.Entity)
		}
		return fmt.Sprintf("yes: %s of the coins were mined by %s, whom a label names as the payer too", fresh.Percent(m.mined.Share), m.mined.Entity)
	case out.Payer.Pool == "":
		return fmt.Sprintf("unknown: %s of the coins were mined by %s, and labels do not name one pool as the payer", fresh.Percent(m.mined.Share), m.mined.Entity)
	}
	return fmt.Sprintf("no: %s of the coins were mined by %s", fresh.Percent(out.more.mined.Share), out.more.mined.Entity)
}

// tagged answers the same for a generation transaction.
func tagged(a *pool.Attribution) string {
	switch {
	case a == nil:
		return "unknown: no list knows a tag or an address of it"
	case a.Conflict:
		return "no: the lists name several pools"
	case a.Via == pool.ByBoth:
		return "yes: a label names the same pool for an address that it pays"
	case a.Via == pool.ByAddress:
		return "unknown: no list knows a tag of it; the address stands alone"
	}
	return "no: no list names an address that it pays for the pool"
}

// current answers whether the labels that name the payer held at the block.
func current(ls []model.Label, at model.BlockRef) string {
	all, bounded := 0, 0
	for i := range ls {
		l := &ls[i]
		if l.Category != model.MiningPool && l.Role != model.RolePayout {
			continue
		}
		all++
		if l.From.IsZero() && l.To.IsZero() {
			continue
		}
		bounded++
		if holds, known := l.HoldsAt(at); !holds || !known {
			return "unknown: a label holds for a time, and that of the block is unknown or another"
		}
	}
	switch {
	case bounded == 0:
		return "unknown: the labels state no bounds in time"
	case bounded < all:
		return fmt.Sprintf("yes by %d of %d labels, within the bounds that they state; the others state none", bounded, all)
	}
	return "yes, within the bounds that the labels state"
}

// signed counts the inputs of which a signature could be read.
func signed(tx *model.Tx) int {
	n := 0
	for i := range tx.Inputs {
		if tx.Inputs[i].SigHash != 0 {
			n++
		}
	}
	return n
}

// collaborativeText says what was looked at: candidates have no signature that
// leaves part of them to others, and those of no collaborative shape have an
// ordinary one.
func collaborativeText(tx *model.Tx, out *Payout) string {
	text := "no sign of it in its shape, which is that of an ordinary transaction"
	if v := out.more.verdict; v != nil {
		text = "by its shape it might be (" + v.Kind.String() + "), but a label names the payer"
	}
	switch n := signed(tx); {
	case n == 0:
		text += "; no signature could be read"
	case n < len(tx.Inputs):
		text += fmt.Sprintf("; the signatures, which could be read at %d of %d inputs, leave nothing to others", n, len(tx.Inputs))
	default:
		text += "; its signatures leave nothing to others"
	}
	if out.more.apart {
		text += "; labels name different parties for the addresses that it spends, so that these were not taken for one party's"
	}
	return text
}

func (m *members) alternatives(out *Payout) []model.Alternative {
	var as []model.Alternative
	add := func(text, why string) { as = append(as, model.Alternative{Text: text, WhyNot: why}) }
	if out.Payer.Conflict() {
		for _, n := range out.Payer.Names {
			add("The payer is "+n+", and not one of the others.", "labels contradict each other, and nothing on the ledger decides between them")
		}
	}
	switch out.Shape {
	case Solo:
		add("The large output is an address of the pool that nobody lists.", "lists of pool addresses are not complete")
		return as
	case Coinbase:
		add("The pool splits its reward among addresses of its own that nobody lists.", "lists of pool addresses are not complete, and the addresses need not have been used together yet")
		return as
	}
	add("A custodian pays withdrawals of its customers.", "custodians batch payments in the same shape, and most of their addresses carry no label")
	if out.Payer.Via == "coins" || out.Payer.Via == "chain" {
		add("A large miner, or an employer who is paid by one, splits freshly mined coins among many.", "freshly mined coins say where the money was made, not who pays")
	}
	if out.more.hasMined && out.Payer.Pool != "" && !model.SameEntity(out.more.mined.Entity, out.Payer.Pool) {
		add("The payer is a group that also serves "+out.more.mined.Entity+".", "most of the coins that can be traced were mined by "+out.more.mined.Entity+", and pools share custody")
	}
	if out.fan.over(out.fan.equal, m.p.EqualMax) {
		add("The payer cuts its own funds into equal pieces.", fmt.Sprintf("%d of %d outputs hold the same value", out.fan.equal, out.fan.outputs))
	}
	if v := out.more.verdict; v != nil {
		add("Several parties made the transaction together.", "its shape is "+v.Kind.String())
	}
	if out.more.apart {
		add("Not all of what pays is the payer's.", "labels name different parties for the addresses that it spends")
	}
	return as
}

func (m *members) counter(tx *model.Tx, out *Payout) []model.Counter {
	var cs []model.Counter
	add := func(found bool, format string, args ...any) {
		cs = append(cs, model.Counter{Text: fmt.Sprintf(format, args...), Found: found})
	}
	if out.Shape != Coinbase && out.Shape != Solo {
		if l := &out.more.custodian; l.Category != "" {
			add(true, "a label that names the payer as a custodian: %s (%s)", party(l.Entity), l.Category)
		} else {
			add(false, "a label that names the payer as a custodian")
		}
		if out.more.exempt != "" {
			add(true, "signs of a custodian's batch, set aside because %s", out.more.exempt)
		}
		add(out.fan.over(out.fan.round, m.p.RoundMax), "more than %d percent of round values (found %d of %d)", m.p.RoundMax, out.fan.round, out.fan.outputs)
		add(false, "a runestone or an inscription")
		if n := signed(tx); n > 0 {
			add(false, "signatures that leave part of the transaction to others (read at %d of %d inputs)", n, len(tx.Inputs))
		}
	}
	if out.Payer.Via == "coins" {
		add(out.more.received != (model.Outpoint{}), "coins that a payout paid to a member")
	}
	add(out.fan.over(out.fan.equal, m.p.EqualMax), "more than %d percent of equal values (found %d of %d)", m.p.EqualMax, out.fan.equal, out.fan.outputs)
	if out.SpendsKnown && !out.cut {
		n := 0
		for i := range out.Receipts {
			switch out.Receipts[i].why {
			case sends, maySend, continues:
				n++
			}
		}
		add(n > 0, "payees that send payouts themselves (found %d)", n)
	}
	return cs
}

func (m *members) unseen(p *heuristics.Pass, tx *model.Tx, out *Payout) []string {
	var us []string
	add := func(format string, args ...any) { us = append(us, fmt.Sprintf(format, args...)) }
	if n := tx.Unresolved(); n > 0 {
		add("the values of %d of the %d outputs that it spends: the fee and the share of freshly mined coins are not known, and that a pool pays rests on labels", n, len(tx.Inputs))
	}
	inferred, unowned := 0, 0
	if !tx.Coinbase() {
		for i := range tx.Inputs {
			switch tx.Inputs[i].OwnerBy {
			case model.OwnerUnlocking:
				inferred++
			case model.OwnerUnknown:
				unowned++
			}
		}
	}
	if inferred > 0 {
		add("the outputs that %d of the %d inputs spend: their addresses are inferred from what unlocks them", inferred, len(tx.Inputs))
	}
	if unowned > 0 {
		add("the addresses of %d of the %d inputs: a label on one of them would not be seen", unowned, len(tx.Inputs))
	}
	if s := out.Fresh; s != nil && s.Unknown > 0 && tx.Resolved() {
		for _, g := range s.Gaps {
			add("the origin of %s of the coins: %s, at %d inputs", fresh.Percent(g.Share), g.Reason, g.Inputs)
		}
	}
	if n := out.more.undated; n > 0 {
		add("whether %d more labels that name the payer held at the time, which is unknown: they hold for a time, and were not counted", n)
	}
	undated := 0
	for i := range out.Receipts {
		if out.Receipts[i].undated {
			undated++
		}
	}
	if undated > 0 {
		add("whether the labels of %d outputs held at the time, which is unknown: they hold for a time, and were counted", undated)
	}
	if out.more.cutFresh {
		add("the origin of the coins: the budget of look-ups is spent")
	}
	if out.more.cutChain || out.more.noParent {
		add("the link before, were this one of a chain: look-ups or hops are spent")
	}
	if !out.cap.relative {
		add("the height: the limit on the median output is the fixed one of %v BTC, not a part of the subsidy", out.cap.amount)
	}
	if !out.more.habits.known && !tx.Coinbase() {
		add("earlier payouts of the payer: its place on the chain or its address is unknown, so that returning payees were not counted")
	} else if out.more.habits.earlier == 0 && out.more.habits.returning == 0 && !tx.Coinbase() {
		add("earlier payouts of the payer: the scope holds none, so that returning payees were not counted")
	}
	switch {
	case out.cut:
		add("what became of some outputs: the budget of look-ups is spent")
	case !p.Can(sources.Spends) || !out.SpendsKnown:
		add("what became of the outputs: one that pays the pool's own wallet later passes for a member's")
	}
	add("payments by Lightning or within the pool's books, and payees at custodians that nobody has labelled")
	return us
}
