package beneficiary

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// baseRates are the published shares of addresses that two pools paid, of all that
// either did, over 4,032 blocks of 2018.
const baseRates = "of the addresses paid by two pools' recognised payouts in 4,032 blocks of 2018, both paid 1.14 % (AntPool and BTC.com), 0.91 % (BTC.com and ViaBTC), 0.40 % (AntPool and ViaBTC)"

// scored says what the number of a finding is of.
const scored = "the number is that of payouts to one party's addresses; whether hash power was rented is not scored"

// maxTrains bounds the trains that a claim lists.
const maxTrains = 4

// subject is a beneficiary that is written down.
type subject struct {
	*Beneficiary
	b      *build
	n      int
	trains []Train
	tested []Train  // all of its runs of payouts, passed or not
	lines  []Series // by pool, as pools
	pools  []uint16
	total  model.Amount
	named  []string // its pools
}

func (b *build) finding(ctx context.Context, i int, trains []Train) (model.Finding, error) {
	s := &subject{Beneficiary: b.x.At(i), b: b, n: i, trains: trains, tested: b.x.Trains(i, b.Params)}
	s.pools = s.Beneficiary.Pools()
	for _, p := range s.pools {
		s.lines = append(s.lines, SeriesOf(s.Of(p), b.x.pools[p].Cadence))
		s.named = append(s.named, poolName(b.x.pools[p].Entity))
	}
	f := model.Finding{
		Partial: b.lost > 0,
		Kind:    FindingKind, Subject: model.RefAddress(s.Head), Block: s.Receipts[0].Block,
		Labels: s.used(), Score: s.score(),
		ErrorRates: []model.ErrorRate{model.NotMeasured("addresses joined to one beneficiary"), model.NotMeasured("trains that pass the test and were not rented")},
		RefutedBy: []string{
			"the pool's own records, where another account or none named the address",
			"a marketplace's order book, where no order named the pool and the time of the payouts",
			"proof that the address belonged to somebody else at the time",
		},
	}
	for _, a := range s.Addresses[1:min(len(s.Addresses), b.MaxParts)] {
		f.Related = append(f.Related, model.RefAddress(a))
	}
	items, err := s.money(ctx, &f)
	if err != nil {
		return f, err
	}
	f.Claim = s.claim()
	f.Facts = s.facts()
	f.Evidence = s.evidence(items)
	f.Premises = s.premises()
	f.Alternatives = s.alternatives()
	f.Counter = s.counter()
	f.Unseen = s.unseen()
	f.Search = []model.Fact{
		{Name: "beneficiaries in the run", Value: strconv.Itoa(b.x.Len())},
		{Name: "payouts in the run", Value: strconv.Itoa(len(b.x.txs))},
		{Name: "pools in the run", Value: strconv.Itoa(len(b.x.pools))},
	}
	b.t.Grade(&f, s.grounds())
	return f, nil
}

// grounds are joint signatures, where they alone join the addresses; the trains, which
// are apart from each other; and the labels of the account and of the pools, where
// what names the payers of a pool's payouts counts as one. That an address is no
// account depends on how many of those are labelled.
func (s *subject) grounds() model.Grounds {
	byCoSpend := !slices.ContainsFunc(s.Edges, func(e Edge) bool { return e.Rule != CoSpend })
	g := model.Grounds{
		Ownership: len(s.Addresses) > 1 && byCoSpend, Rounds: len(s.trains), CoverageUnknown: true,
		Labels: append([]model.Label{}, s.used()...), Notes: []string{scored},
	}
	for _, p := range s.pools {
		if entity := s.b.x.pools[p].Entity; entity != "" {
			g.Labels = append(g.Labels, model.Label{Entity: entity, Category: model.MiningPool, Role: model.RolePayout, Confidence: s.confidence(p), Source: "what names the payer"})
		}
	}
	if s.ServiceLike {
		g.Ceilings = append(g.Ceilings, model.Ceiling{Level: model.Low, Because: "the addresses' cluster behaves like a service"})
	}
	if !byCoSpend {
		g.Notes = append(g.Notes, "addresses are joined by other than joint signatures")
	}
	return g
}

// used are the labels that the finding rests on: those by which an address is an
// account. Others on the address are no part of it.
func (s *subject) used() []model.Label {
	if s.Kind != Account {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Labels), func(l model.Label) bool {
		return l.Role != model.RoleAccount && (!custodial(&l) || !model.SameEntity(l.Entity, s.Custodian))
	})
}

// score multiplies what must hold: that the receipts are payouts, that one party's
// addresses were joined, and that a custodian holds the key.
func (s *subject) score() model.Score {
	given, sure := model.Certain, model.Certain
	for _, n := range s.b.x.order[s.b.x.first[s.n]:s.b.x.first[s.n+1]] {
		t := &s.b.x.txs[s.b.x.recs[n].tx]
		given, sure = min(given, t.given), min(sure, t.confidence)
	}
	fs := []model.Factor{{Name: "payouts, the least sure of them", Given: given, Probability: sure}}
	if len(s.Addresses) > 1 {
		one := s.b.Cospend
		if slices.ContainsFunc(s.Edges, func(e Edge) bool { return e.Rule != CoSpend }) {
			one = s.b.Joined
		}
		fs = append(fs, model.Factor{Name: "one party's addresses", Given: one, Probability: one})
	}
	switch {
	case s.Kind != Account:
	case s.Custodian != "":
		fs = append(fs, model.Factor{Name: "the custodian's address", Given: model.Certain, Probability: s.CustodianConfidence})
	default:
		fs = append(fs, model.Factor{Name: "a custodian's address, by behaviour or role", Given: s.b.Joined, Probability: s.b.Joined})
	}
	return model.Product(0, "", fs...)
}

// confidence is the least with which the payer of a pool's payouts is named.
func (s *subject) confidence(pool uint16) model.Probability {
	least := model.Certain
	for _, n := range s.b.x.order[s.b.x.first[s.n]:s.b.x.first[s.n+1]] {
		if t := &s.b.x.txs[s.b.x.recs[n].tx]; t.pool == pool {
			least = min(least, t.named)
		}
	}
	return least
}

// money values every receipt at its time, and lists the first.
func (s *subject) money(ctx context.Context, f *model.Finding) ([]model.Item, error) {
	var items []model.Item
	sum := model.Figure{Role: "paid out"}
	valued := 0
	rates := s.rates()
	for i := range s.Receipts {
		rc := &s.Receipts[i]
		m, err := s.b.t.Money(ctx, rc.Amount, rc.Block)
		if err != nil {
			return nil, err
		}
		s.total = add(s.total, rc.Amount)
		switch {
		case m.Fiat == nil:
		case valued == 0:
			v := *m.Fiat
			sum.Fiat = &v
			valued++
		default:
			sum.Fiat.Amount = sum.Fiat.Amount.Add(m.Fiat.Amount)
			valued++
		}
		sum.Unit = m.Unit
		if len(items) < s.b.MaxParts {
			note := fmt.Sprintf("paid by %s, probability %s", poolName(s.b.x.pools[rc.Pool].Entity), rc.Confidence.Short())
			if rc.Coinbase {
				note += "; in a generation transaction"
			}
			if r := rates[rc.Out.Tx]; r != 0 {
				note += "; " + r.String() + " implied"
			}
			items = append(items, model.Item{On: model.RefOutpoint(rc.Out), Role: "receipt", Address: rc.Address, Value: &m, Block: rc.Block, Note: note})
		}
	}
	sum.Amount = s.total
	if valued < len(s.Receipts) {
		// A sum of a part would pass for the whole.
		sum.Fiat = nil
	}
	f.Amounts = []model.Figure{sum}
	return items, nil
}

// rates are the implied hash rates of payouts.
func (s *subject) rates() map[model.TxID]HashRate {
	out := map[model.TxID]HashRate{}
	for i, p := range s.pools {
		for k, rc := range payouts(s.Of(p)) {
			out[rc.Out.Tx] = s.lines[i].Rates[k]
		}
	}
	return out
}

// txs counts payouts.
func (s *subject) txs() int {
	n := 0
	for i := range s.lines {
		n += s.lines[i].Payouts
	}
	return n
}

func (s *subject) claim() string {
	var b strings.Builder
	switch n := len(s.Addresses); {
	case s.Kind == Account:
		fmt.Fprintf(&b, "Address %v, an account at %s, was", s.Head, s.custodian())
	case n == 1:
		fmt.Fprintf(&b, "Address %v was", s.Head)
	default:
		names := make([]string, n)
		for i, a := range s.Addresses {
			names[i] = a.String()
		}
		fmt.Fprintf(&b, "Addresses %s, taken for one beneficiary's, were", words.List(names, maxNamed))
	}
	fmt.Fprintf(&b, " paid %v BTC in %s of %s", s.total, words.Plural(s.txs(), "payout"), words.List(s.named, maxNamed))
	switch n := len(s.trains); n {
	case 0:
		if from, to, ok := s.span(); ok {
			fmt.Fprintf(&b, " from %s to %s", words.Date(from), words.Date(to))
		}
		if s.open() != nil {
			b.WriteString("; whether with a train as of rented hash power is not known")
		} else {
			b.WriteString(", with no train as of rented hash power")
		}
	default:
		texts := make([]string, 0, n)
		for i := range s.trains[:min(n, maxTrains)] {
			texts = append(texts, s.trains[i].String())
		}
		if n > maxTrains {
			texts = append(texts, fmt.Sprintf("%d more", n-maxTrains))
		}
		fmt.Fprintf(&b, ", with %s as of rented hash power: %s", words.Plural(n, "train"), words.List(texts, maxNamed))
	}
	if s.Kind == Account {
		fmt.Fprintf(&b, "; payee is a customer of %s; the library stops here", s.custodian())
	}
	return b.String() + "."
}

// open returns the first run of payouts of which it is not known whether it is a
// train; nil where there is none.
func (s *subject) open() *Train {
	for i := range s.tested {
		if s.tested[i].Unknown {
			return &s.tested[i]
		}
	}
	return nil
}

func (s *subject) custodian() string {
	if c := words.Line(s.Custodian); c != "" {
		return c
	}
	return "a custodian that nothing names"
}

// String says what hash power the train implies, such as "21 PH/s for six days
// from 2022-08-20".
func (t Train) String() string {
	switch {
	case t.Start == 0:
		return words.Plural(t.Payouts, "payout") + " of unknown time"
	case t.HashRate == 0:
		return fmt.Sprintf("%s over %s from %s, hash rate unknown", words.Plural(t.Payouts, "payout"), days(t.Length), words.Date(t.Start))
	}
	return fmt.Sprintf("%v for %s from %s", t.HashRate, days(t.Equivalent), words.Date(t.Start))
}

// span returns the times of the first and the last payout.
func (s *subject) span() (from, to int64, ok bool) {
	for i := range s.lines {
		l := &s.lines[i]
		if !l.Timed {
			return 0, 0, false
		}
		if !ok || l.Start < from {
			from = l.Start
		}
		to, ok = max(to, l.End), true
	}
	return from, to, ok
}

func (s *subject) facts() []model.Fact {
	var fs []model.Fact
	fact := func(name, format string, args ...any) {
		fs = append(fs, model.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	fact("beneficiary", "%s", s.Kind)
	if s.Kind == Account {
		fact("custodian", "%s", s.custodian())
		if s.Custodian != "" {
			fact("custodian_confidence", "%v", s.CustodianConfidence)
		}
	}
	fact("addresses", "%d", len(s.Addresses))
	fact("receipts", "%d", len(s.Receipts))
	if s.ServiceLike {
		fact("service_like", "its cluster is consistent with a service that holds coins for many customers")
	}
	for i, p := range s.pools {
		l, pool := &s.lines[i], &s.b.x.pools[p]
		name := "pool " + s.named[i]
		if !l.Timed {
			fact(name, "%s, %v BTC; times unknown", words.Plural(l.Payouts, "payout"), l.Total)
			continue
		}
		fact(name, "%s, %v BTC, from %s to %s", words.Plural(l.Payouts, "payout"), l.Total, words.Date(l.Start), words.Date(l.End))
		if pool.Entity != "" {
			fact(name+" confidence", "%v at least that it is the payer", s.confidence(p))
		}
		fact(name+" median day", "%v BTC, %v implied", l.Daily, l.HashRate)
		fact(name+" variation", "%s, %s of more than two intervals of %s", ppm(l.CV), words.Plural(l.Gaps, "gap"), days(l.Cadence))
		if c, ok := pool.Coverage(); ok {
			fact(name+" value coverage", "%s: recognised payouts hold %v of %v BTC that its %s in the run paid", c.Short(), pool.Paid, pool.Mined, words.Plural(pool.Blocks, "block"))
		} else {
			fact(name+" value coverage", "unknown: no block of it is among the subjects of the run")
		}
	}
	if len(s.pools) > 1 {
		fact("cross_pool", "paid by %d pools; %s (Romiti et al. 2019)", len(s.pools), baseRates)
	}
	for i := range s.trains {
		t := &s.trains[i]
		fact(fmt.Sprintf("train %d", i+1), "%v; %s of %s, %v BTC; mean of the middle 80 %% %v BTC, variation %s", t, words.Plural(t.Payouts, "payout"), poolName(s.b.x.pools[t.Pool].Entity), t.Total, t.Mean, ppm(t.CV))
		fact(fmt.Sprintf("train %d weight", i+1), "%v where it is compared with a deposit", t.Weight)
	}
	return fs
}

var edgeTexts = map[string]string{
	CoSpend:       "Transactions sign for both addresses, or link them through others.",
	Consolidation: "Both addresses forward what they receive to one other, which few pay.",
	Handover:      "Payouts to one address stop where those to the other start, at the same rate, and no other address of the pool fits.",
}

func (s *subject) evidence(items []model.Item) []model.Evidence {
	es := []model.Evidence{{Family: "recognition", Text: "Recognised payouts pay the beneficiary.", Items: items}}
	for i := range s.Edges[:min(len(s.Edges), s.b.MaxParts)] {
		e := &s.Edges[i]
		ev := model.Evidence{Family: "ownership", Text: fmt.Sprintf("%s Weight %v for %v and %v.", edgeTexts[e.Rule], e.Weight, e.A, e.B)}
		for _, tx := range e.Tx[:min(len(e.Tx), s.b.MaxParts)] {
			ev.Items = append(ev.Items, model.Item{On: model.RefTx(tx), Role: e.Rule})
		}
		es = append(es, ev)
	}
	for i := range s.trains {
		t := &s.trains[i]
		es = append(es, model.Evidence{Family: "shape", Text: fmt.Sprintf("A train as of rented hash power: %v. Tested: %s.", t, strings.Join(t.Reasons, "; "))})
	}
	return es
}

func (s *subject) premises() []model.Premise {
	var ps []model.Premise
	ask := func(text, question, format string, args ...any) {
		ps = append(ps, model.Premise{Text: text, Question: question, Answer: fmt.Sprintf(format, args...)})
	}
	if s.Kind == Account {
		ask("The address is an account's, and a custodian holds its key.", "Who is the customer?", "unknown: %s knows", s.custodian())
	} else {
		ask("Who is paid is who had the pool pay.", "Could somebody else have named the address to the pool?", "unknown: anybody can order a pool to pay any address, and the ledger does not show who did")
	}
	for i, p := range s.pools {
		if s.b.x.pools[p].Entity != "" {
			ask("The payer is "+s.named[i]+".", "Who says so?", "labels of the payer or tags of the blocks, with confidence %v at least; the findings of the payouts tell which", s.confidence(p))
		} else {
			ask("One pool pays.", "Which?", "unknown: nothing names the payers, or labels name them differently, and they may be several")
		}
	}
	if len(s.Addresses) > 1 {
		ask("The addresses are one party's.", "Could two parties have signed together?", "no sign of it: transactions that may be several parties' join nobody, and none of the addresses is in a cluster that behaves like a service's")
	}
	if len(s.trains) > 0 {
		ask("A train is rented hash power's.", "Who else is paid like that?", "whoever mines with machines of his own for some days at this pool and then stops, moves to another address, or to another pool")
		ask("All payouts of the pool to the beneficiary are seen.", "Could there be others?", "yes: those that were not recognised, were not subjects of the run, or were paid off the ledger")
	}
	return ps
}

func (s *subject) alternatives() []model.Alternative {
	var as []model.Alternative
	say := func(text, why string, args ...any) {
		as = append(as, model.Alternative{Text: text, WhyNot: fmt.Sprintf(why, args...)})
	}
	if len(s.trains) > 0 {
		say("A miner with machines of his own tried the pool for some days.", "the payouts of one who comes and goes have the same shape")
		say("A miner moved: from another address or pool to this one, and on to another.", "addresses that nothing joins are different beneficiaries here")
		say("A host or a reseller of hash power mined for a customer.", "what a customer is to whoever owns the machines is not on the ledger")
		say("Somebody had the pool pay a stranger.", "anybody can name any address to a pool")
	}
	if s.Kind == Account {
		say("A broker or another service is the customer, and mines for many.", "the holder of an account may have customers of its own")
	} else {
		say("The address is at a custodian that has no label and shows no behaviour of one.", "most custodians' addresses carry no label")
	}
	shown := map[string]int{}
	for i := range s.Related {
		r := &s.Related[i]
		if shown[r.Rule]++; shown[r.Rule] > maxShown {
			continue
		}
		switch r.Rule {
		case RevenueShare:
			say(fmt.Sprintf("The revenue of %v is shared with %v, as a host and its client do.", r.Address, r.Other), "payouts pay both in a constant ratio; that they have one owner is not claimed")
		case Handover:
			say(fmt.Sprintf("%v and %v are one party's.", r.Address, r.Other), "payouts to one stop where those to the other start, at the same rate; %v of %v", r.Weight, s.b.Union)
		case Consolidation:
			say(fmt.Sprintf("%v and %v are one party's.", r.Address, r.Other), "both forward what they receive to one address; %v of %v", r.Weight, s.b.Union)
		}
	}
	return as
}

func (s *subject) counter() []model.Counter {
	var cs []model.Counter
	if len(s.trains) > 0 {
		resident, other := false, false
		for i := range s.tested {
			t := &s.tested[i]
			resident = resident || t.Passed && t.Resident
			other = other || !t.Passed
		}
		cs = append(cs,
			model.Counter{Text: fmt.Sprintf("earlier payouts for %d days at %s of a train's rate: a resident miner's", s.b.ResidentDays, s.b.ResidentRate.Short()), Found: resident},
			model.Counter{Text: "other payouts of these pools to the beneficiary, that are no train", Found: other})
	}
	return append(cs, []model.Counter{
		{Text: "payouts to it by other pools of the run", Found: len(s.pools) > 1},
		{Text: "a cluster that behaves like a service's", Found: s.ServiceLike},
		{Text: "addresses that share its revenue in a constant ratio", Found: slices.ContainsFunc(s.Related, func(r Relation) bool { return r.Rule == RevenueShare })},
	}...)
}

func (s *subject) unseen() []string {
	out := []string{
		"The pool's fee, and the fees of the blocks, are not known: the implied hash rate counts the subsidy alone, and is that of all the luck that the pool had.",
		"What the first payout of a train pays for is not known; the hash rate is that of those which follow another within two intervals.",
		"Payouts by Lightning or within a pool's books are not on the ledger.",
	}
	if t := s.open(); t != nil {
		out = append(out, fmt.Sprintf("Whether the payouts from %s to %s are a train is not known: %s.", words.Date(t.Start), words.Date(t.End), strings.Join(t.Reasons, "; ")))
	}
	if len(s.Receipts) > s.b.MaxParts {
		out = append(out, fmt.Sprintf("%d of %d receipts are not listed here; they count in the sums.", len(s.Receipts)-s.b.MaxParts, len(s.Receipts)))
	}
	if n := len(s.Addresses); n > s.b.MaxParts {
		out = append(out, fmt.Sprintf("%d of %d addresses are not listed here.", n-s.b.MaxParts, n))
	}
	unknown := slices.ContainsFunc(s.lines, func(l Series) bool { return l.HashRate == 0 })
	if unknown {
		out = append(out, "The difficulty, the height or the time of a block is not known, so that an implied hash rate is not either.")
	}
	for _, p := range s.pools {
		if pool := &s.b.x.pools[p]; pool.First != 0 {
			out = append(out, fmt.Sprintf("Payouts of %s before %s and after %s are not seen.", poolName(pool.Entity), words.Date(pool.First), words.Date(pool.Last)))
		}
	}
	if s.Kind == Account {
		out = append(out, "Who the customer is, and what became of the coins, is in the custodian's books.")
	}
	return out
}
