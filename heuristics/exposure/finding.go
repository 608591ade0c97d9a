package exposure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// start makes a finding with what all kinds have.
func (r *reporter) start(kind string) model.Finding {
	return model.Finding{
		Kind: kind, Subject: r.x.Subject, Block: r.x.Last,
		ErrorRates: []model.ErrorRate{model.NotMeasured("exposure of addresses by bookkeeping policies")},
	}
}

// grounds are the labels that name the parties of rows. That coins descend from
// others is no evidence of ownership, and a second payment makes the arithmetic of
// the first no truer, so that nothing is counted for rounds. A service that is not
// labelled, and passes for a wallet on the way, makes it wrong.
func (r *reporter) grounds(rows ...*Row) model.Grounds {
	g := model.Grounds{CoverageUnknown: true, Labels: []model.Label{}, Notes: []string{"a policy is a convention of bookkeeping, and no observation"}}
	several := false
	for _, row := range rows {
		several = several || row.Several
		for _, l := range row.rests() {
			if !slices.ContainsFunc(g.Labels, l.Equal) {
				g.Labels = append(g.Labels, l)
			}
		}
	}
	if len(g.Labels) > 0 {
		g.Notes = append(g.Notes, "it rests on labels from outside, which this library cannot check")
	}
	if several {
		g.Notes = append(g.Notes, "several parties signed a transaction on the way")
	}
	return g
}

// summaryGrounds are those of all parties that the summary names.
func (r *reporter) summaryGrounds() model.Grounds {
	var rows []*Row
	for _, sent := range []bool{false, true} {
		side := r.side(sent)
		for i := range side.Rows {
			if side.Rows[i].Rest == WithParty {
				rows = append(rows, &side.Rows[i])
			}
		}
	}
	g := r.grounds(rows...)
	g.Notes = append(g.Notes, "it says nothing of who anybody is, beyond labels", "what cannot be told is a part of it")
	return g
}

// rests returns the labels that name the party of a row, and not those that name
// other holders of its addresses. What attributes blocks to a pool counts as one.
func (r *Row) rests() []model.Label {
	switch {
	case r.Party.Entity == "":
		return nil
	case r.Party.Kind == taint.Mined:
		return []model.Label{{Entity: r.Party.Entity, Category: model.MiningPool, Role: model.RoleCoinbase, Confidence: r.Least, Source: "what attributes the coins' blocks"}}
	}
	return slices.DeleteFunc(slices.Clone(r.Labels), func(l model.Label) bool { return !model.SameEntity(l.Entity, r.Party.Entity) })
}

func (r *reporter) subject() string {
	a, _ := r.x.Subject.Address()
	if n := len(r.x.Addresses); n > 1 {
		return fmt.Sprintf("the wallet of %s, %s,", a, words.Plural(n, "address"))
	}
	return a.String()
}

// party writes the finding about one party in one direction.
func (r *reporter) party(side *Side, row *Row, sent bool) (model.Finding, error) {
	f := r.start(Kind)
	if sent {
		f.Kind = KindSent
	}
	who := party(&row.Party)
	if sent {
		f.Claim = fmt.Sprintf("Of %s BTC that %s had, %s BTC by haircut reached %s, %s%s.", side.Value, r.subject(), side.Amount(row, taint.Haircut), who, distance(row, "sent directly", "through"), others(side, row))
	} else {
		f.Claim = fmt.Sprintf("Of %s BTC that %s received, %s BTC by haircut descend from %s, %s%s.", side.Value, r.subject(), side.Amount(row, taint.Haircut), who, distance(row, "paid directly", "through"), others(side, row))
	}
	f.Score = model.Product(0, "", r.factors(row)...)
	for _, a := range row.Addresses[:min(len(row.Addresses), r.MaxItems)] {
		f.Related = append(f.Related, model.RefAddress(a))
	}
	f.Labels = slices.Clone(row.Labels[:min(len(row.Labels), r.MaxItems)])
	f.Facts = []model.Fact{
		{Name: "party", Value: row.Party.Entity}, {Name: "category", Value: words.Slug(row.Party.Category)}, {Name: "as", Value: row.Party.Kind.String()},
		{Name: "hops", Value: span(row)}, {Name: "outputs", Value: strconv.Itoa(len(row.Places))},
		{Name: "share by haircut", Value: percent(side.Amount(row, taint.Haircut), side.Value)},
	}
	if err := r.fill(&f, side, row, sent); err != nil {
		return f, err
	}
	f.Premises = append(f.Premises, model.Premise{
		Text:     fmt.Sprintf("The labels are right: %s had the addresses when the coins passed through them.", row.Party.Entity),
		Question: "How does the source know, and did the label hold at the time?", Answer: knows(row),
	})
	f.RefutedBy = []string{fmt.Sprintf("%s, or the labels' sources, showing that the addresses were not its own then.", row.Party.Entity)}
	if row.Far > 0 {
		f.RefutedBy = append(f.RefutedBy, "A service showing that an address on the way is its own.")
	}
	f.Counter = append(f.Counter, model.Counter{Text: "labels that give the same addresses to somebody else", Found: r.contested(row)})
	return f, nil
}

// mined writes the finding about what pools and unknown miners mined.
func (r *reporter) mined(side *Side, rows []*Row) (model.Finding, error) {
	f := r.start(KindMined)
	all := Row{Near: -1, Direct: make([]model.Amount, len(side.Policies)), Indirect: make([]model.Amount, len(side.Policies))}
	var names []string
	least := model.Certain
	for _, row := range rows {
		for k := range side.Policies {
			all.Direct[k] += row.Direct[k]
			all.Indirect[k] += row.Indirect[k]
		}
		if all.Near < 0 || row.Near < all.Near {
			all.Near = row.Near
		}
		all.Far = max(all.Far, row.Far)
		all.Places = append(all.Places, row.Places...)
		name := "unknown miners"
		if row.Party.Entity != "" {
			name, least = row.Party.Entity, min(least, row.Least)
		}
		names = append(names, fmt.Sprintf("%s %s BTC", name, side.Amount(row, taint.Haircut)))
		f.Facts = append(f.Facts, model.Fact{Name: "mined by " + name, Value: percent(side.Amount(row, taint.Haircut), side.Value) + " by haircut"})
	}
	f.Facts = append(f.Facts, model.Fact{Name: "hops", Value: span(&all)})
	f.Claim = fmt.Sprintf("Of %s BTC that %s received, %s BTC by haircut descend from coinbases, %s%s: %s.",
		side.Value, r.subject(), side.Amount(&all, taint.Haircut), distance(&all, "with no other transaction between", "through"), others(side, &all), strings.Join(names, ", "))
	fs := []model.Factor{{Name: "the blocks are attributed rightly", Given: model.Certain, Probability: least}}
	f.Score = model.Product(0, "", append(fs, r.wallet()...)...)
	if err := r.fill(&f, side, &all, false); err != nil {
		return f, err
	}
	f.Premises = append(f.Premises, model.Premise{Text: "The blocks were mined by the pools named.", Question: "What attributes a block?", Answer: "its coinbase tag, or a listed address; the tag names who built the block, which need not be who pays the miners"})
	f.RefutedBy = []string{"A pool showing that a block is not its own.", "A service showing that an address on the way is its own."}
	return f, nil
}

// summary writes the finding that tells everything, and accuses nobody.
func (r *reporter) summary() model.Finding {
	f := r.start(KindSummary)
	in, out := &r.x.Received, &r.x.Sent
	named := func(row *Row) bool {
		return row.Rest == WithParty && row.Party.Kind != taint.Untold && row.Party.Kind != taint.Mined
	}
	mined := func(row *Row) bool { return row.Rest == WithParty && row.Party.Kind == taint.Mined }
	f.Claim = fmt.Sprintf("Of %s BTC that %s received in %s, by haircut %s BTC descend from coinbases, %s BTC come from other parties, services and mixes, and of %s BTC the origin cannot be told; of %s BTC that it had, %s BTC reached parties, services and mixes.",
		in.Value, r.subject(), words.Plural(in.Coins, "output"), in.Of(taint.Haircut, mined), in.Of(taint.Haircut, named), in.Untold(taint.Haircut), out.Value, out.Of(taint.Haircut, named))
	f.Score = model.Product(0, "", append([]model.Factor{{Name: "arithmetic on the ledger as given", Given: model.Certain, Probability: model.Certain}}, r.wallet()...)...)
	for _, part := range []struct {
		name string
		side *Side
	}{{"received", in}, {"had", out}} {
		// Coins of several days have no one price.
		f.Amounts = append(f.Amounts, model.Figure{Role: part.name, Money: model.Money{Amount: part.side.Value, Unit: r.pass.Network().Unit()}})
		for i := range part.side.Rows {
			row := &part.side.Rows[i]
			if i >= 4*r.MaxItems {
				f.Facts = append(f.Facts, model.Fact{Name: part.name + ", not listed", Value: words.Plural(len(part.side.Rows)-i, "row")})
				break
			}
			f.Facts = append(f.Facts, model.Fact{Name: part.name + ": " + rowName(row), Value: amounts(part.side, row)})
		}
		r.unseen(&f, part.side, part.name == "had")
	}
	f.ErrorRates = []model.ErrorRate{model.NotMeasured("unlabelled services taken for wallets")}
	f.Counter = []model.Counter{{Text: "services, accounts and mixes, beyond which nothing is followed", Found: stopped(in) || stopped(out)}}
	f.Alternatives = []model.Alternative{{Text: "An unlabelled service on the way paid with other coins than it was paid.", WhyNot: "labels cover few services, and behaviour shows some of the others"}}
	f.Premises = []model.Premise{policyPremise}
	f.RefutedBy = []string{"Other labels, or transactions that the sources do not have: then the parts change."}
	r.holder(&f)
	return f
}

var policyPremise = model.Premise{
	Text:     "Coins are divided at each transaction by the policies named.",
	Question: "Does the ledger say which input paid which output?",
	Answer:   "no: a policy is a convention, each gives another amount, and none is evidence of control",
}

// fill adds amounts, evidence, and what was and was not seen.
func (r *reporter) fill(f *model.Finding, side *Side, row *Row, sent bool) error {
	for k, p := range side.Policies {
		m, err := r.sum(row, k)
		if err != nil {
			return err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: "by " + p.String(), Money: m})
	}
	for k, p := range side.Policies {
		if row.Direct[k] > 0 && row.Indirect[k] > 0 {
			m, err := r.pass.Money(r.ctx, row.Direct[k], r.x.Last)
			if err != nil {
				return err
			}
			m.Fiat = nil // of several days
			f.Amounts = append(f.Amounts, model.Figure{Role: "directly, by " + p.String(), Money: m})
		}
	}
	role, what := "received", "outputs that the subject was paid and that show it"
	if sent {
		role, what = "reached", "outputs of the party that the coins reached"
	}
	e := model.Evidence{Family: "provenance", Text: fmt.Sprintf("Listed are %d of %d %s, each with the part that counts by haircut.", min(len(row.Places), r.MaxItems), len(row.Places), what)}
	for i := range row.Places[:min(len(row.Places), r.MaxItems)] {
		p := &row.Places[i]
		m, err := r.pass.Money(r.ctx, p.Amounts[0], p.Block)
		if err != nil {
			return err
		}
		e.Items = append(e.Items, model.Item{On: model.RefOutpoint(p.Out), Role: role, Address: p.Address, Value: &m, Block: p.Block})
	}
	f.Evidence = []model.Evidence{e}
	f.Premises = []model.Premise{policyPremise}
	if !sent {
		f.Premises = append(f.Premises, model.Premise{
			Text: "What the subject received is the sum of what others' transactions paid it.", Question: "Does a coin that left and came back count twice?", Answer: "yes: each time that it was received",
		})
	}
	f.Alternatives = []model.Alternative{{Text: "Another convention of bookkeeping, under which none of the coins are the same.", WhyNot: "no convention is better founded than another; the amounts by four of them stand beside each other"}}
	faith := "The subject was paid in good faith, for goods or services, or for other coins."
	why := "the ledger does not show what a payment is for"
	switch {
	case sent && row.Party.Category == model.Actor:
		faith = "The coins were taken from the subject, which is a victim; or it bought something of the party in good faith."
		why = "the ledger does not show who had a payment made, nor what for"
	case sent:
		faith = "The subject bought something of the party, or repaid it."
	}
	f.Alternatives = append(f.Alternatives, model.Alternative{Text: faith, WhyNot: why})
	if row.Several {
		f.Alternatives = append(f.Alternatives, model.Alternative{
			Text:   "Of a transaction on the way that several parties signed, one party's coins pass for another's.",
			WhyNot: "its signatures or its shape show several, and the ledger does not show whose coins paid which output; they are divided like any others",
		})
	}
	if row.Far > 0 {
		f.Alternatives = append(f.Alternatives,
			model.Alternative{Text: "Somebody on the way did so, and the subject has nothing to do with the party.", WhyNot: "the ledger does not show who has the addresses on the way"},
			model.Alternative{Text: "An unlabelled service on the way paid with other coins than it was paid.", WhyNot: "labels cover few services, and behaviour shows some of the others"})
	}
	f.Counter = []model.Counter{{Text: "services, accounts and mixes among the coins of the subject, beyond which nothing is followed", Found: stopped(side)}}
	r.unseen(f, side, sent)
	r.holder(f)
	return nil
}

// sum values a row at the time of each place; without a rate for any of them the
// whole has none.
func (r *reporter) sum(row *Row, policy int) (model.Money, error) {
	total := model.Money{Amount: row.Direct[policy] + row.Indirect[policy], Unit: r.pass.Network().Unit()}
	for i := range row.Places {
		p := &row.Places[i]
		if p.Amounts[policy] == 0 {
			continue
		}
		m, err := r.pass.Money(r.ctx, p.Amounts[policy], p.Block)
		switch {
		case err != nil:
			return total, err
		case m.Fiat == nil:
			total.Fiat = nil
			return total, nil
		case total.Fiat == nil:
			fiat := *m.Fiat
			total.Fiat = &fiat
		default:
			total.Fiat.Amount = total.Fiat.Amount.Add(m.Fiat.Amount)
		}
	}
	return total, nil
}

// unseen says what cannot be told of one direction.
func (r *reporter) unseen(f *model.Finding, side *Side, sent bool) {
	what := "Where %s of %s BTC (%s, by haircut) come from: %s."
	if sent {
		what = "Where %s of %s BTC (%s, by haircut) went: %s."
	}
	for i := range side.Rows {
		row := &side.Rows[i]
		if row.Rest == WithParty && row.Party.Kind == taint.Untold {
			v := side.Amount(row, taint.Haircut)
			f.Unseen = append(f.Unseen, fmt.Sprintf(what, v.String()+" BTC", side.Value, percent(v, side.Value), row.Party.Why))
		}
	}
	if r.x.Joint > 0 && !sent {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The origin of %s BTC that the subject gained in %s that it signed itself, perhaps with others: that is not among what it received.", r.x.Gained, words.Plural(r.x.Joint, "transaction")))
	}
	if side.More {
		f.Unseen = append(f.Unseen, "Further transactions of the subject, beyond the bound or the budget.")
	}
	if side.Beyond > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The origin of %s, for the budget is spent.", words.Plural(side.Beyond, "transaction")))
	}
	if side.Inexact > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%s of which the value of an input is unknown: its coins cannot be divided, and are not taken for clean.", words.Plural(side.Inexact, "transaction")))
	}
	if side.Capped > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The order of the coins of %s with too many parts.", words.Plural(side.Capped, "output")))
	}
}

// holder says where the subject is somebody's who holds coins for others.
func (r *reporter) holder(f *model.Finding) {
	x := r.x
	if !x.Held {
		return
	}
	name := party(&x.Holder)
	f.Facts = append(f.Facts, model.Fact{Name: "subject held by", Value: name})
	if x.Holder.Stops() {
		f.Alternatives = append(f.Alternatives, model.Alternative{
			Text:   "The address is " + name + ", and its coins are those of customers: what it was paid says nothing of what it pays with.",
			WhyNot: "a label or the cluster's behaviour says so; whose account it is, the service knows",
		})
	}
}

// factors of a party's finding: the least sure label, and the wallet.
func (r *reporter) factors(row *Row) []model.Factor {
	name := "labels give the addresses to " + row.Party.Entity
	if len(row.Addresses) == 1 {
		name = fmt.Sprintf("%s is %s", row.Addresses[0], possessive(&row.Party))
	}
	return append([]model.Factor{{Name: name, Given: model.Certain, Probability: row.Least}}, r.wallet()...)
}

func (r *reporter) wallet() []model.Factor {
	if len(r.x.Addresses) < 2 {
		return nil
	}
	return []model.Factor{{Name: "the addresses of the cluster have one holder", Given: r.Cospend, Probability: r.Cospend}}
}

// contested reports whether labels on the row's addresses name anybody else.
func (r *reporter) contested(row *Row) bool {
	return slices.ContainsFunc(row.Labels, func(l model.Label) bool { return model.EntityKey(l.Entity) != model.EntityKey(row.Party.Entity) })
}

func stopped(s *Side) bool {
	return slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Party.Stops() })
}

func party(p *taint.Party) string {
	switch p.Kind {
	case taint.Customer:
		if p.Category.Custodial() {
			return fmt.Sprintf("an account at %s (%s)", p.Entity, words.Slug(p.Category))
		}
		return fmt.Sprintf("an account of %s at a custodian", p.Entity)
	case taint.Like:
		return fmt.Sprintf("a cluster that behaves like a service, or was one's by a label, that of %s", p.Address)
	}
	if p.Category == "" {
		return p.Entity
	}
	return fmt.Sprintf("%s (%s)", p.Entity, words.Slug(p.Category))
}

func possessive(p *taint.Party) string {
	if p.Kind == taint.Customer {
		return party(p)
	}
	return p.Entity + "'s"
}

func rowName(row *Row) string {
	if row.Rest != WithParty {
		return row.Rest.String()
	}
	switch row.Party.Kind {
	case taint.Untold:
		return "cannot be told, " + row.Party.Why.String()
	case taint.Mixed:
		return "a mix, or what may be one"
	case taint.Mined:
		if row.Party.Entity == "" {
			return "mined by unknown miners"
		}
		return "mined by " + row.Party.Entity
	}
	return party(&row.Party)
}

// amounts lists a row's amounts by policy.
func amounts(side *Side, row *Row) string {
	var b strings.Builder
	for k, p := range side.Policies {
		if k > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%v %s BTC", p, row.Direct[k]+row.Indirect[k])
	}
	return b.String()
}

// others lists what other policies give, where it differs.
func others(side *Side, row *Row) string {
	var parts []string
	for _, p := range side.Policies {
		if p == taint.Haircut || p == taint.Poison {
			continue
		}
		parts = append(parts, fmt.Sprintf("by %v %s BTC", p, side.Amount(row, p)))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func distance(row *Row, direct, through string) string {
	if row.Far == 0 {
		return direct
	}
	return fmt.Sprintf("%s %s", through, plurals(row.Near, row.Far, "other transaction"))
}

func span(row *Row) string {
	if row.Near == row.Far {
		return strconv.Itoa(row.Near)
	}
	return fmt.Sprintf("%d to %d", row.Near, row.Far)
}

func plurals(from, to int, noun string) string {
	if from == to {
		return words.Plural(to, noun)
	}
	return fmt.Sprintf("%d to %d %ss", from, to, noun)
}

// percent writes a share to a tenth of a percent, rounded down; a positive one is
// never 0.0.
func percent(part, whole model.Amount) string {
	if whole <= 0 {
		return "unknown"
	}
	t, ok := part.Share(1000, int64(whole))
	switch {
	case !ok:
		return "unknown"
	case t == 0 && part > 0:
		return "less than 0.1 %"
	}
	return fmt.Sprintf("%d.%d %%", t/10, t%10)
}

// knows says how the sources of a row's labels know.
func knows(row *Row) string {
	var parts []string
	for i := range row.Labels {
		l := &row.Labels[i]
		if i == 3 {
			parts = append(parts, fmt.Sprintf("and %d more", len(row.Labels)-i))
			break
		}
		method := string(l.Method)
		if method == "" {
			method = "the source does not tell how"
		}
		parts = append(parts, fmt.Sprintf("%s (%s): %s, %s", l.Source, l.Entity, strings.ReplaceAll(method, "_", " "), l.Confidence))
	}
	if len(parts) == 0 {
		return "unknown: no label says"
	}
	return "given the labels: " + strings.Join(parts, "; ")
}
