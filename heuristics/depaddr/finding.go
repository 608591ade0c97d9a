package depaddr

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// report says of each operator what was inferred.
func report(t *heuristics.Totals, x *Index) {
	services := service.Of(t)
	for i := range x.operators {
		o := &x.operators[i]
		f, g := x.finding(o, services)
		t.Grade(&f, g)
		t.Report(f)
	}
}

// finding is the finding about one operator, and what it is grounded on.
func (x *Index) finding(o *operator, services *service.Index) (model.Finding, model.Grounds) {
	a, _ := o.seed.On.Address()
	n := len(o.all)
	by := map[Route]int{}
	weakest := &x.all[o.all[0]]
	var seeds []model.Label
	seeds = append(seeds, o.seed)
	for _, i := range o.all {
		f := &x.all[i]
		by[f.Route]++
		if f.Label.Confidence < weakest.Label.Confidence {
			weakest = f
		}
		if !slices.ContainsFunc(seeds, f.Seed.Equal) {
			seeds = append(seeds, f.Seed)
		}
	}
	slices.SortFunc(seeds[1:], func(a, b model.Label) int { return a.Compare(&b) })
	name := words.Line(o.seed.Entity)
	verb := "belong"
	if n == 1 {
		verb = "belongs"
	}
	f := model.Finding{
		Kind:    Kind,
		Subject: o.seed.On,
		Claim: fmt.Sprintf("%s %s to the operator of %s, given that its label, %s (%s), is right: inferred %d by co-spending, %d by behaviour, %d as a collector.",
			words.Plural(n, "address"), verb, a, name, o.seed.Category, by[CoSpend], by[Behaviour], by[Collection]),
		Score: weakest.Score,
		Facts: []model.Fact{
			{Name: "entity", Value: o.seed.Entity}, {Name: "category", Value: string(o.seed.Category)},
			{Name: "by_co_spend", Value: strconv.Itoa(by[CoSpend])}, {Name: "by_behaviour", Value: strconv.Itoa(by[Behaviour])},
			{Name: "collectors", Value: strconv.Itoa(by[Collection])},
			{Name: "score_of", Value: fmt.Sprintf("the weakest inference, that of %s; the others are at least as sure, but that all hold at once is less likely", weakest.Address)},
		},
		Labels:   seeds[:min(len(seeds), x.p.MaxParts)],
		Evidence: slices.Clone(weakest.Evidence),
		Premises: x.premises(o, a, services.Verdict(a), by),
		Alternatives: []model.Alternative{
			{Text: "Addresses that are paid by one party and swept together are a personal wallet that gathers its own coins.", WhyNot: x.personal(by)},
			{Text: "An operator within the operator, such as a broker with an account there, controls some of the addresses.", WhyNot: "the ledger shows who signs; for whom is in the operator's books"},
			{Text: "A payment processor or custodian runs the addresses for several brands, and the label names one of them.", WhyNot: "no name but the seed's was looked for"},
			{Text: "An address was given to another customer, or to nobody any more, since.", WhyNot: "inferred labels have the bounds in time of the seed's label, and none where that has none"},
		},
		Counter: []model.Counter{
			{Text: "labels in the cluster of a seed that name another party; where there are any, nothing is inferred from it"},
			{Text: "where behaviour decides, coins that the service paid to the address; where there are any, it is not inferred"},
		},
		RefutedBy: []string{
			fmt.Sprintf("%s showing that one of the addresses is not, or was not then, its own", name),
			"keys or records that give one of the addresses to somebody else",
		},
		Unseen: []string{
			"what was signed and paid outside the scope of the run, which may join more addresses and contradict some",
			"addresses that are always swept alone, and those of a service that pays customers from its deposit addresses",
		},
		Search: []model.Fact{
			{Name: "seeds", Value: strconv.Itoa(x.counts.seeds)},
			{Name: "seeds_in_conflict", Value: strconv.Itoa(x.counts.conflicts)},
			{Name: "transactions_of_operators_and_senders", Value: strconv.Itoa(x.counts.txs)},
		},
		ErrorRates: []model.ErrorRate{model.NotMeasured("addresses inferred to belong to a labelled operator")},
	}
	if k := len(seeds) - len(f.Labels); k > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d labels that serve as seeds are not listed here", k, len(seeds)))
	}
	f.Evidence = append(f.Evidence, x.links(o))
	for _, i := range o.all[:min(n, x.p.MaxParts)] {
		g := &x.all[i]
		role := string(g.Label.Role)
		if role == "" {
			role = "unstated"
		}
		f.Parts = append(f.Parts, model.Item{
			On: model.RefAddress(g.Address), Role: role, Address: g.Address,
			Note: fmt.Sprintf("%s, %s: %s", g.Route, g.Label.Confidence.Short(), g.Reason),
		})
	}
	if n > x.p.MaxParts {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d addresses are not listed here; the index has them all", n-x.p.MaxParts, n))
	}
	return f, x.grounds(o, by, seeds)
}

// grounds are co-spending where it alone decides, for all addresses; how many
// transactions link the one that the fewest do; and the labels of the seeds. Where
// behaviour or collectors decide, customers of others are told from the operator's
// by the labels that there are.
func (x *Index) grounds(o *operator, by map[Route]int, seeds []model.Label) model.Grounds {
	g := model.Grounds{
		Ownership: by[CoSpend] == len(o.all), Rounds: x.all[o.all[0]].Sweeps, Labels: seeds,
		CoverageUnknown: by[CoSpend] < len(o.all),
		Notes:           []string{"it rests on labels from outside, which this library cannot check"},
	}
	for _, i := range o.all {
		g.Rounds = min(g.Rounds, x.all[i].Sweeps)
	}
	if !g.Ownership && by[CoSpend] > 0 {
		g.Notes = append(g.Notes, "the addresses that co-spending alone decides are better founded than the others")
	}
	return g
}

// links lists the transactions that link the addresses with the seed.
func (x *Index) links(o *operator) model.Evidence {
	seen := map[model.TxID]bool{}
	var all []Sweep
	for _, i := range o.all {
		for _, s := range x.all[i].First {
			if !seen[s.Tx] {
				seen[s.Tx] = true
				all = append(all, s)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Sweep) int {
		if c := a.Block.Compare(b.Block); c != 0 {
			return c
		}
		return slices.Compare(a.Tx[:], b.Tx[:])
	})
	e := model.Evidence{Family: "ownership", Text: fmt.Sprintf("Transactions that link the addresses with the labelled one: %d kept, at most %d for each address.", len(all), x.p.MaxSweeps)}
	for _, s := range all[:min(len(all), x.p.MaxParts)] {
		it := model.Item{On: model.RefTx(s.Tx), Role: "sweep", Block: s.Block, Note: "spends " + words.Plural(s.Addresses, "address")}
		if !s.To.IsZero() {
			it.Address = s.To
			it.Note += ", pays one"
		}
		e.Items = append(e.Items, it)
	}
	if len(all) > len(e.Items) {
		e.Text += fmt.Sprintf(" The first %d are listed.", len(e.Items))
	}
	return e
}

func (x *Index) personal(by map[Route]int) string {
	if by[Behaviour] == 0 {
		return "none is inferred from where it is swept to; a customer does not hold the key that signs with his"
	}
	return "payers are counted by their clusters, and one party may own several; sweeps end where customers do not pay, if the labels say so rightly"
}

// premises are the critical questions of the inference.
func (x *Index) premises(o *operator, a model.Address, v service.Verdict, by map[Route]int) []model.Premise {
	current := "unknown: the label has neither bounds nor a date"
	switch {
	case !o.seed.From.IsZero() || !o.seed.To.IsZero():
		current = "yes: only transactions within the label's bounds link addresses with it"
	case !o.seed.Asserted.IsZero():
		current = "unknown: the label has no bounds; it was asserted on " + o.seed.Asserted.UTC().Format("2006-01-02")
	}
	yes := 0
	for _, vote := range v.Votes {
		if vote.Yes && vote.Name != "labelled" {
			yes++
		}
	}
	ps := []model.Premise{
		{
			Text:     fmt.Sprintf("%s is an address of the labelled operator, who holds its key.", a),
			Question: "Was the label current when the addresses were swept?",
			Answer:   current,
		},
		{
			Text:     "The operator holds coins for many customers.",
			Question: "Does its cluster behave so, apart from the label?",
			Answer:   fmt.Sprintf("%d of %d votes of the heuristic service on its behaviour say so", yes, len(v.Votes)-1),
		},
	}
	if by[CoSpend] > 0 {
		ps = append(ps, model.Premise{
			Text:     "Each transaction that joins the addresses was signed by one party.",
			Question: "Could one of them be collaborative?",
			Answer:   "unknown: those whose signatures or shape say so were left out, the others need not be one party's",
		}, model.Premise{
			Text:     "Who signs for both addresses is the labelled operator.",
			Question: "Could another custodian hold both keys?",
			Answer:   "unknown: no label in the cluster names another party, and most custodians' addresses carry no label",
		})
	}
	if by[Behaviour] > 0 {
		ps = append(ps, model.Premise{
			Text:     "Customers do not pay to the address where the sweeps end.",
			Question: "Is it a deposit address that is labelled otherwise?",
			Answer:   "unknown: no label says so; the ledger does not show what an address was given out for",
		})
	}
	if by[Collection] > 0 {
		ps = append(ps, model.Premise{
			Text:     "What the operator sweeps to is its own.",
			Question: "Could a collector be the operator's account at another custodian, or a customer who withdrew everything?",
			Answer:   "unknown: nobody else pays it or an address that it signs with, and no label gives it to another party",
		})
	}
	return ps
}
