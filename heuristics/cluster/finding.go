package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// report says what became of the seeds of the scope, and where labels disagree.
func report(t *heuristics.Totals, x *Index, p *Params) {
	clusters := x.seeds(t.Scope().Seeds, p)
	var last model.Ref
	for _, r := range t.Scope().Seeds {
		a, ok := r.Address()
		switch {
		case !ok || r == last:
		case x.Size(a) == 1:
			t.Note("named address that signed with no other in the scope", 1)
		default:
			f, g := x.about(a, clusters[x.Root(a)], p)
			t.Grade(&f, g)
			t.Report(f)
		}
		last = r
	}
	for i := range x.conflicts {
		f, g := x.conflicts[i].finding(p)
		t.Grade(&f, g)
		t.Report(f)
	}
}

// seeded is what findings tell of a cluster, once for all of its seeds.
type seeded struct {
	members []model.Address
	joints  int // joint transactions that link them; counted where there are changes
	changes int // predictions of change that link them
	skips   int
	by      map[Reason]*skipped
}

// skipped are the transactions that spend from a cluster and were not used for one
// reason: how many, and the first of them.
type skipped struct {
	n     int
	first []model.Item
}

// seeds gathers, in one pass, the clusters that seeds are in, by their roots.
func (x *Index) seeds(seeds []model.Ref, p *Params) map[model.Address]*seeded {
	byRoot, byNumber := map[model.Address]*seeded{}, map[uint32]*seeded{}
	for _, r := range seeds {
		a, ok := r.Address()
		if !ok || x.Size(a) == 1 {
			continue
		}
		root := x.Root(a)
		if byRoot[root] != nil {
			continue
		}
		id, _ := x.addrs.id(a)
		s := &seeded{members: x.Members(a), by: map[Reason]*skipped{}}
		byRoot[root], byNumber[x.cluster[id]] = s, s
	}
	if len(byNumber) == 0 {
		return byRoot
	}
	for i := range x.weak {
		if s := byNumber[x.cluster[x.weak[i].payer]]; s != nil {
			s.changes++
		}
	}
	for i := range x.joints.ends {
		if len(x.weak) == 0 {
			break
		}
		if s := byNumber[x.cluster[x.joints.of(i)[0]]]; s != nil {
			s.joints++
		}
	}
	from := 0
	var near []uint32 // the clusters that a transaction spends from; reused
	for i, end := range x.ownersEnd {
		near = near[:0]
		for _, o := range x.owners[from:end] {
			near = append(near, x.cluster[o])
		}
		slices.Sort(near)
		for _, c := range slices.Compact(near) {
			if s := byNumber[c]; s != nil {
				s.skip(&x.skips[i], p.MaxParts)
			}
		}
		from = end
	}
	return byRoot
}

func (s *seeded) skip(t *Skip, most int) {
	r := s.by[t.Reason]
	if r == nil {
		r = &skipped{}
		s.by[t.Reason] = r
	}
	s.skips++
	if r.n++; len(r.first) < most {
		r.first = append(r.first, t.item())
	}
}

// about is the finding about the cluster of one address, and what it is grounded
// on: joint signatures where they alone link the members, and no label. That a
// custodian may hold the keys is a part of the claim.
func (x *Index) about(a model.Address, s *seeded, p *Params) (model.Finding, model.Grounds) {
	g := model.Grounds{Ownership: s.changes == 0, Labels: []model.Label{}, Notes: []string{"who signed is inferred from who could sign"}}
	members := s.members
	n := len(members)
	f := model.Finding{
		Kind:    "cluster",
		Subject: model.RefAddress(a),
		Claim: fmt.Sprintf("Address %s signed with %s, directly or through others; one party controls the keys, or a custodian does for its customers.",
			a, words.Plural(n-1, "other address")),
		Score: model.Product(0, "", model.Factor{
			Name:  "two addresses that one transaction joins have one controller; a chain of such steps is weaker",
			Given: p.Cospend, Probability: p.Cospend,
		}),
		Facts: []model.Fact{
			{Name: "members", Value: strconv.Itoa(n)},
			{Name: "labels", Value: strconv.Itoa(len(x.Labels(a)))},
			{Name: "transactions_not_joined", Value: strconv.Itoa(s.skips)},
		},
		Labels: slices.Clone(x.Labels(a)[:min(len(x.Labels(a)), p.MaxParts)]),
		Premises: []model.Premise{
			{
				Text:     "Each transaction that joins members was signed by one party.",
				Question: "Could one of them be collaborative?",
				Answer:   "unknown: those whose signatures or shape say so were left out, the others need not be one party's",
			},
			{
				Text:     "The party that signs is the party that owns.",
				Question: "Could a custodian hold the keys for others?",
				Answer:   x.custodian(a, p),
			},
		},
		Alternatives: []model.Alternative{
			{Text: "The cluster is a custodian's, and its members are accounts of many customers.", WhyNot: "co-spending shows who signs, not for whom; see the heuristic service"},
			{Text: "Keys of one party were imported into the wallet of another.", WhyNot: "an import leaves no trace on the ledger"},
			{Text: "A payee added a coin of his own to a payment that joins members.", WhyNot: "a payjoin whose inputs are all necessary looks like any payment"},
			{Text: "Two parties paid into a contract of theirs with a transaction that joins members.", WhyNot: "one that leaves a party no change looks like any payment"},
		},
		RefutedBy: []string{"records or keys that show different owners of two members that one transaction spends together"},
		Search: []model.Fact{
			{Name: "transactions", Value: strconv.FormatInt(x.counts.Txs, 10)},
			{Name: "transactions_of_several_addresses", Value: strconv.FormatInt(x.counts.Joint, 10)},
		},
		ErrorRates: []model.ErrorRate{model.NotMeasured("two addresses in one cluster have different controllers")},
	}
	if s.changes > 0 {
		x.weaken(&f, a, s, p)
		if s.joints > 0 {
			g.Notes = append(g.Notes, "the addresses that joint signatures alone link are better founded than the others")
		}
	}
	for i, m := range members[:min(n, p.MaxParts)] {
		f.Parts = append(f.Parts, model.Item{On: model.RefAddress(m), Role: "member", Address: m, Note: fmt.Sprintf("%d of %d", i+1, n)})
	}
	if n > p.MaxParts {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d members are not listed here; the index has them all", n-p.MaxParts, n))
	}
	if k := len(x.Labels(a)); k > p.MaxParts {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d labels of members are not listed here; the index has them all", k-p.MaxParts, k))
	}
	f.Unseen = append(f.Unseen, "what was signed outside the scope of the run, which may join more addresses")
	if x.counts.Inferred > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("the locking scripts of %d inputs in the scope: their owners are inferred from what unlocks them", x.counts.Inferred))
	}
	if x.counts.Unowned > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("the owners of %d inputs in the scope, which therefore join nobody", x.counts.Unowned))
	}
	for _, r := range [...]struct {
		reason Reason
		text   string
	}{
		{Signatures, "signatures that leave part of a transaction to another party"},
		{Collaborative, "transactions with the shape of a CoinJoin"},
		{Payjoin, "payments with the shape of a payjoin"},
		{Contract, "payments that two parties may have made into a contract of theirs"},
		{LabelConflict, "labels that name different holders"},
	} {
		c := model.Counter{Text: "Looked for, among what members sign with others: " + r.text + "."}
		if found := s.by[r.reason]; found != nil {
			c.Found, c.Items = true, slices.Clone(found.first)
			if found.n > len(c.Items) {
				c.Text += fmt.Sprintf(" Found %d, of which the first %d are listed.", found.n, len(c.Items))
			}
		}
		f.Counter = append(f.Counter, c)
	}
	if p.Change {
		f.Counter = append(f.Counter, x.refusedNear(a, p))
	}
	return f, g
}

// weaken tells in the finding about a cluster that predictions of change link
// members of it too.
func (x *Index) weaken(f *model.Finding, a model.Address, s *seeded, p *Params) {
	by, factors := "by joint signatures and ", f.Score.Factors
	if s.joints == 0 {
		by, factors = "", nil
	}
	f.Claim = fmt.Sprintf("Address %s is linked with %s %sby %s of change, directly or through others; if the predictions are right, one party controls the keys, or a custodian does for its customers.",
		a, words.Plural(len(s.members)-1, "other address"), by, words.Plural(s.changes, "prediction"))
	f.Score = model.Product(0, "", append(factors, model.Factor{
		Name: "a prediction of change is right; an address that several of them link is less sure", Given: p.Votes.Right, Probability: p.Votes.Right,
	})...)
	f.Facts = append(f.Facts, model.Fact{Name: "predictions_of_change", Value: strconv.Itoa(s.changes)})
	f.Alternatives = append(f.Alternatives, model.Alternative{
		Text: "A prediction takes a payment for change, and joins payer and payee.", WhyNot: "a payment may look like change; guards refuse what contradicts itself, labels or a joint signature",
	})
	f.RefutedBy = append(f.RefutedBy, "a transaction that spends what a prediction takes for change together with what it takes for the payment")
	f.ErrorRates = append(f.ErrorRates, model.NotMeasured("a prediction of change joins two parties, on this ledger"))
	e := model.Evidence{Family: "recognition", Text: fmt.Sprintf("Predictions of change that link members: %d.", s.changes)}
	n, _ := x.addrs.id(a)
	for i := range x.weak {
		w := &x.weak[i]
		if x.cluster[w.payer] != x.cluster[n] {
			continue
		}
		if len(e.Items) == p.MaxParts {
			e.Text += fmt.Sprintf(" The first %d are listed.", p.MaxParts)
			break
		}
		l := x.changeLink(w)
		e.Items = append(e.Items, model.Item{
			On: model.RefOutpoint(model.Outpoint{Tx: w.tx, Vout: w.out}), Role: "change", Address: l.B, Block: l.Block,
			Note: fmt.Sprintf("%d rules name it as change of %s, %d more than name the next output", l.For, l.A, l.Lead),
		})
	}
	f.Evidence = append(f.Evidence, e)
}

// refusedNear tells of the predictions of change by or to members that guards
// refused, with what spoke against each.
func (x *Index) refusedNear(a model.Address, p *Params) model.Counter {
	c := model.Counter{Text: "Looked for: predictions of change from or to members that guards kept from joining."}
	n := 0
	for i := range x.refusals {
		r := &x.refusals[i]
		if !x.Same(a, r.Link.A) && !x.Same(a, r.Link.B) {
			continue
		}
		if n++; n > p.MaxParts {
			continue
		}
		note := fmt.Sprintf("%s: from %s to %s", r.Guard, r.Link.A, r.Link.B)
		if r.Retracted {
			note += ", retracted"
		}
		if r.By != (model.TxID{}) {
			note += ", by transaction " + r.By.String()
		}
		if r.Detail != "" {
			note += "; " + r.Detail
		}
		c.Items = append(c.Items, model.Item{On: model.RefTx(r.Link.Tx), Role: "refused", Block: r.Link.Block, Note: note})
	}
	if c.Found = n > 0; n > len(c.Items) {
		c.Text += fmt.Sprintf(" Found %d, of which the first %d are listed.", n, len(c.Items))
	}
	return c
}

// custodian says whether a label gives a's cluster to a custodian.
func (x *Index) custodian(a model.Address, p *Params) string {
	if l, ok := x.Custodian(a, model.BlockRef{}); ok {
		return fmt.Sprintf("yes, if the label %s (%s) of a member is right", l.Entity, l.Category)
	}
	return fmt.Sprintf("unknown: no label of a member says so with a confidence of %s or more", p.LabelConfidence)
}

func (s *Skip) item() model.Item {
	note := string(s.Reason)
	if s.Detail != "" {
		note += ": " + s.Detail
	}
	return model.Item{On: model.RefTx(s.Tx), Role: "not joined", Block: s.Block, Note: note}
}

// finding is the finding about a disagreement of labels, and what it is grounded
// on: the labels. Joint signatures would be evidence of ownership, but that is
// what the labels deny.
func (c *Conflict) finding(p *Params) (model.Finding, model.Grounds) {
	g := model.Grounds{Labels: c.Labels, Notes: []string{"which of the labels is right, if any, is not known"}}
	f := model.Finding{
		Kind:    "cluster/conflict",
		Subject: model.RefAddress(c.A),
		Score: model.Product(0, "", model.Factor{
			Name:  "the labels name different holders: read, not inferred",
			Given: model.Certain, Probability: model.Certain,
		}),
		Labels: c.Labels,
		Premises: []model.Premise{{
			Text:     "Different names mean different parties.",
			Question: "Could one be another name, a brand or a successor of the other?",
			Answer:   "unknown: names were compared by their letters and digits alone",
		}},
		Alternatives: []model.Alternative{
			{Text: "The names mean one party.", WhyNot: "no list of aliases was consulted"},
			{Text: "A custodian or a service shared by several parties holds the key.", WhyNot: "the labels do not tell"},
		},
		RefutedBy:  []string{"a source that shows the names to mean one party"},
		Unseen:     []string{"labels that were not loaded"},
		ErrorRates: []model.ErrorRate{model.NotMeasured("labels that seem to contradict each other and do not")},
	}
	for i, e := range entities(c.Labels) {
		f.Facts = append(f.Facts, model.Fact{Name: fmt.Sprintf("entity_%d", i+1), Value: e.text})
	}
	if c.B.IsZero() {
		es := entities(c.Labels)
		f.Claim = fmt.Sprintf("Labels give address %s to %d different entities: %s.", c.A, len(es), list(es))
		return f, g
	}
	f.Related = []model.Ref{model.RefAddress(c.B)}
	if c.Txs == 0 {
		f.Claim = fmt.Sprintf("A prediction of change would join addresses %s and %s, or clusters that they belong to, but labels give the one to %s and the other to %s; they were not joined.",
			c.A, c.B, list(entities(on(c.Labels, c.A))), list(entities(on(c.Labels, c.B))))
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "The prediction takes a payment for change.", WhyNot: "the labels suggest it; nothing else was looked at"})
		f.Evidence = []model.Evidence{{Family: "recognition", Text: fmt.Sprintf("Predictions of change that would join them: %d.", c.Changes)}}
		return f, g
	}
	f.Claim = fmt.Sprintf("Addresses %s and %s, or clusters that they belong to, signed together, but labels give the one to %s and the other to %s; they were not joined.",
		c.A, c.B, list(entities(on(c.Labels, c.A))), list(entities(on(c.Labels, c.B))))
	f.Alternatives = append(f.Alternatives, model.Alternative{
		Text: "The transactions are collaborative, and both labels are right.", WhyNot: "neither signatures nor shape tell",
	})
	e := model.Evidence{Family: "ownership", Text: fmt.Sprintf("Transactions that would join them: %d.", c.Txs)}
	for i := range c.First[:min(len(c.First), p.MaxParts)] {
		e.Items = append(e.Items, c.First[i].item())
	}
	if c.Txs > len(e.Items) {
		e.Text += fmt.Sprintf(" The first %d are listed.", len(e.Items))
	}
	f.Evidence = []model.Evidence{e}
	g.Notes = append(g.Notes, "joint signatures are not counted as ownership where labels deny it")
	return f, g
}

func on(ls []model.Label, a model.Address) []model.Label {
	var out []model.Label
	for _, l := range ls {
		if l.On == model.RefAddress(a) {
			out = append(out, l)
		}
	}
	return out
}

// entity is one of the names that labels give.
type entity struct{ key, name, text string }

// entities returns the different names that the labels give, by their keys, each
// with the label that is most confident of it.
func entities(ls []model.Label) []entity {
	ls = slices.Clone(ls)
	slices.SortStableFunc(ls, func(a, b model.Label) int {
		return cmp.Or(cmp.Compare(model.EntityKey(a.Entity), model.EntityKey(b.Entity)), cmp.Compare(b.Confidence, a.Confidence))
	})
	var es []entity
	for _, l := range ls {
		key := model.EntityKey(l.Entity)
		if len(es) > 0 && es[len(es)-1].key == key {
			continue
		}
		es = append(es, entity{key, l.Entity, fmt.Sprintf("%s (%s, %s, %s)", l.Entity, l.Category, l.Confidence.Short(), l.Source)})
	}
	return es
}

func list(es []entity) string {
	names := make([]string, len(es))
	for i, e := range es {
		names[i] = words.Line(e.name)
	}
	if len(names) == 0 {
		return "nobody"
	}
	return words.List(names, len(names))
}
