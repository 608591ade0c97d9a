package actor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// maxCustodial bounds the labels of custodians that a finding lists: the most
// confident ones. A pool's cluster may have thousands.
const maxCustodial = 16

// finding says that a label of an actor is taken for one of an account, and on what
// grounds.
func (x *Index) finding(d *Demoted, known map[custodyKey]custody) (model.Finding, model.Grounds) {
	v := x.services.Verdict(d.Address)
	key := custodyKey{x.clusters.Root(d.Address), d.Reason}
	c, ok := known[key]
	if !ok {
		c = x.custody(d, v)
		known[key] = c
	}
	f := model.Finding{
		Kind:    "cluster/label_role_conflict",
		Subject: model.RefAddress(d.Address),
		Claim: fmt.Sprintf("Address %s is labelled as one of %s, but %s; the label is taken for one of an account%s, and no other address is attributed by it.",
			d.Address, names(d.Labels), d.Reason.text(v.Why), d.Reason.where()),
		Score: model.Product(x.p.AccountCap, "that a custodian holds a key is inferred", c.factor),
		Facts: []model.Fact{
			{Name: "reason", Value: string(d.Reason)},
			{Name: "cluster_size", Value: fmt.Sprint(x.clusters.Size(d.Address))},
		},
		Labels: append(slices.Clone(d.Labels), c.labels...),
		Premises: []model.Premise{{
			Text:     "The key of the address is a custodian's.",
			Question: "Could the actor run a wallet that looks like a service's, or be a service?",
			Answer:   "unknown: a seized key, or a label of role key with its source, would tell",
		}},
		Alternatives: []model.Alternative{
			{Text: "The actor holds the key, and the wallet has many addresses.", WhyNot: "the votes count behaviour, which a wallet can share"},
			{Text: "The actor is the service.", WhyNot: "the label does not say so"},
			{Text: "The label is wrong.", WhyNot: "labels are claims"},
		},
		RefutedBy:  []string{"a signature by the actor with the address's key, or the seizure of that key"},
		Unseen:     []string{"the custodian's own books, which name the holder of the account", "what was signed outside the scope of the run"},
		ErrorRates: []model.ErrorRate{model.NotMeasured("labels taken for those of an account that name the holder of the key")},
	}
	if v.Like {
		for _, vote := range v.Votes {
			yes := "no"
			if vote.Yes {
				yes = "yes"
			}
			f.Facts = append(f.Facts, model.Fact{Name: "vote_" + vote.Name, Value: fmt.Sprintf("%s: %s, needed %s", yes, vote.Value, vote.Threshold)})
		}
	}
	held := slices.ContainsFunc(d.Labels, func(l model.Label) bool { return l.Role == model.RoleKey })
	f.Counter = []model.Counter{{Text: "Looked for: a label that says the actor holds the key.", Found: held}}
	if d.Reason == Custodian || d.Reason != OtherRole && x.clusters.Size(d.Address) > 1 {
		f.Premises = append(f.Premises, model.Premise{
			Text:     "Who signs for an address together with another one holds both keys.",
			Question: "Could a transaction that joins them be collaborative?",
			Answer:   "unknown: those whose signatures or shape say so join nobody, the others need not be one party's",
		})
	}
	g := model.Grounds{
		// Co-spending with another address that a label gives to a custodian,
		// or to an account there. What a cluster behaves like is no evidence of
		// who owns it.
		Ownership: slices.ContainsFunc(c.labels, func(l model.Label) bool { return l.On != f.Subject }),
		Notes:     []string{"who holds the key is inferred from labels and behaviour"},
	}
	return f, g
}

// custody is how likely it is that a custodian holds the keys of a cluster, and
// the labels that say so. It is the same for all of its addresses that are
// demoted for one reason.
type custody struct {
	factor model.Factor
	labels []model.Label
}

type custodyKey struct {
	root   model.Address
	reason Reason
}

func (x *Index) custody(d *Demoted, v service.Verdict) custody {
	var ls []model.Label
	switch {
	case d.Reason == ServiceLike && v.Why == service.Labelled:
		ls = custodial(x.clusters.Labels(d.Address))
	case d.Reason == Custodian:
		conflicts := x.clusters.Conflicts()
		for _, i := range x.by[x.clusters.Root(d.Address)].conflicts {
			ls = append(ls, custodial(conflicts[i].Labels)...)
		}
	case d.Reason == WithAccount:
		for _, l := range x.clusters.Labels(d.Address) {
			if l.Category == model.Actor && l.Role != "" && l.Role != model.RoleKey {
				ls = append(ls, l)
			}
		}
	case d.Reason == OtherRole:
		return custody{factor: model.Factor{Name: "an address in such a role is a service's, who holds the key", Given: x.p.Structural, Probability: x.p.Structural}}
	}
	if len(ls) == 0 {
		return custody{factor: model.Factor{Name: "a cluster that behaves like this is a custodian's", Given: x.p.Structural, Probability: x.p.Structural}}
	}
	slices.SortFunc(ls, func(a, b model.Label) int { return a.Compare(&b) })
	ls = slices.CompactFunc(ls, model.Label.Equal)
	slices.SortStableFunc(ls, func(a, b model.Label) int { return cmp.Compare(b.Confidence, a.Confidence) })
	best := ls[0].Confidence
	ls = ls[:min(len(ls), maxCustodial)]
	return custody{model.Factor{Name: "the most confident label that gives a key of the cluster to a custodian is right", Given: model.Certain, Probability: best}, ls}
}

func custodial(ls []model.Label) []model.Label {
	var out []model.Label
	for _, l := range ls {
		if cluster.Custodial(&l, 0, model.BlockRef{}) {
			out = append(out, l)
		}
	}
	return out
}

// text says why, in words.
func (r Reason) text(why string) string {
	switch r {
	case Custodian:
		return "it, or an address of its cluster, signed together with one that is labelled as a custodian's"
	case WithAccount:
		return "another address of its cluster is labelled as an account at a custodian"
	case OtherRole:
		return "in a role that is not that of a key"
	}
	if why == service.Labelled {
		return "its cluster is labelled as a custodian's"
	}
	return "its cluster is consistent with a service that holds coins for many customers"
}

// where refers to the custodian that the words of [Reason.text] name, if any.
func (r Reason) where() string {
	if r == OtherRole {
		return ""
	}
	return " there"
}

// names lists the entities of the labels. Names are data from outside, and a
// claim is one line.
func names(ls []model.Label) string {
	var out []string
	for _, l := range ls {
		if n := words.Line(l.Entity); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " and ")
}
