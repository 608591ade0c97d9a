package taint

import (
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
)

// Kind is what kind of party coins came from or went to.
type Kind uint8

// Kinds of a [Party].
const (
	Untold   Kind = iota // nobody can tell who; see [Party.Why]
	Actor                // an actor's own address, by a label on it
	Labelled             // an address labelled with another category that is no service
	Custody              // a service that holds coins for many customers, by a label on its address or cluster
	Customer             // an address labelled as somebody's account: its keys are a custodian's whom nobody names
	Like                 // a cluster that behaves like a service, or is one's by a label that does not hold at the time
	Mined                // new coins and fees of a coinbase
	Mixed                // a transaction of several parties
)

var kinds = [...]string{"untold", "actor", "labelled", "custody", "account", "service-like", "mined", "mixed"}

// String returns the kind in one word.
func (k Kind) String() string {
	if int(k) >= len(kinds) {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kinds[k]
}

// MarshalText writes the kind's word.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Party is somebody at whom a search for the origin or the whereabouts of coins
// ends. Two are the same party for a search where they are equal but for the
// labels.
type Party struct {
	Kind     Kind
	Entity   string         // as a label spells it; empty where nobody is named
	Category model.Category // of the label
	// Address is the labelled address, or of a cluster that is Like a service
	// the one that stands for it; zero of Mined, Mixed and Untold.
	Address model.Address
	// Confidence is that of the label, lowered where it is on another address
	// of the cluster; 0 where there is none. Of Mined it is that of the
	// attribution of the block.
	Confidence model.Probability
	Label      model.Label   // zero without one
	Also       []model.Label // on the address, with the confidence, of other holders of its key
	Why        Reason        // of Untold
}

// String returns "kind entity" or what there is of it.
func (p Party) String() string {
	s := p.Kind.String()
	switch {
	case p.Kind == Untold:
		return s + ": " + p.Why.String()
	case p.Entity != "":
		s += " " + p.Entity
	}
	return s
}

// Stops reports whether coins of the party are its customers' or of several
// parties, so that nothing is known of what was paid in.
func (p Party) Stops() bool {
	return p.Kind == Custody || p.Kind == Customer || p.Kind == Like || p.Kind == Mixed
}

// key tells parties apart.
type key struct {
	kind    Kind
	entity  string
	cat     model.Category
	address model.Address
	why     Reason
}

func (p *Party) key() key { return key{p.Kind, p.Entity, p.Category, p.Address, p.Why} }

// Parties tells who holds addresses at the time of a block, in their order; ok is
// false of whom nothing is known. It is for passes of heuristics that require
// [Requires]. An actor is named by a label on the address itself, and not by one
// on another of its cluster: that a wallet signs for two coins does not make one
// of them descend from the other.
//
// A label of less than the confidence names nobody; how many such were passed over
// is noted. One that protects an address, because a custodian holds its key,
// counts wherever nothing says that it had expired, and any other one only where
// it is known to hold.
func (p Params) Parties(ctx context.Context, pass *heuristics.Pass, at model.BlockRef, as []model.Address) ([]Party, []bool, error) {
	out, ok := make([]Party, len(as)), make([]bool, len(as))
	var refs []model.Ref
	var place []int
	for i, a := range as {
		if a.Ownable() {
			refs, place = append(refs, model.RefAddress(a)), append(place, i)
		}
	}
	if len(refs) == 0 {
		return out, ok, nil
	}
	labels, err := pass.Labels(ctx, refs...)
	if err != nil {
		return nil, nil, err
	}
	clusters, services, actors := cluster.Of(pass), service.Of(pass), actor.Of(pass)
	for j, i := range place {
		h := holder{p: &p, at: at, a: as[i], labels: labels[j]}
		out[i], ok[i] = h.find(clusters, services, actors)
		pass.Note("label of less than the confidence, passed over where coins came from or went", h.weak)
		pass.Note("label that did not hold at the time, passed over where coins came from or went", h.expired)
	}
	return out, ok, nil
}

// Requires lists what [Params.Parties] reads.
func Requires() []*heuristics.Heuristic {
	return []*heuristics.Heuristic{cluster.Heuristic, service.Heuristic, actor.Heuristic}
}

// holder is a search for who holds one address.
type holder struct {
	p             *Params
	at            model.BlockRef
	a             model.Address
	labels        []model.Label
	weak, expired int
}

func (h *holder) find(clusters *cluster.Index, services *service.Index, actors *actor.Index) (Party, bool) {
	custody := h.best(func(l *model.Label) bool { return l.Category.Custodial() && l.Role != model.RoleAccount }, false)
	other := h.best(func(l *model.Label) bool {
		return l.Category != model.Actor && !l.Category.Custodial() && l.Role != model.RoleAccount
	}, true)
	account := h.best(func(l *model.Label) bool { return l.Role == model.RoleAccount }, false)
	own, isOwn := actors.Own(h.a, h.at)
	isOwn = isOwn && own.Via == actor.ByLabel
	if isOwn && own.Confidence < h.p.LabelConfidence {
		h.weak++
		isOwn = false
	}
	in, isIn := actors.Account(h.a, h.at)
	switch {
	case custody != nil:
		return h.party(Custody, custody), true
	case account != nil:
		return h.party(Customer, account), true
	case isIn && in.Confidence >= h.p.LabelConfidence:
		return h.party(Customer, &in.Label), true
	case isOwn:
		p := h.party(Actor, &own.Label)
		p.Confidence = own.Confidence
		return p, true
	}
	if l, ok := clusters.Custodian(h.a, h.at); ok && l.Confidence >= h.p.LabelConfidence {
		p := h.party(Custody, &l)
		if on, direct := l.On.Address(); !direct || on != h.a {
			p.Confidence = l.Confidence.Times(h.p.Cospend)
		}
		return p, true
	}
	if other != nil {
		return h.party(Labelled, other), true
	}
	if services.Like(h.a) {
		return Party{Kind: Like, Address: clusters.Root(h.a)}, true
	}
	// An account may pass to another customer. Its key stays the custodian's.
	if slices.ContainsFunc(h.labels, func(l model.Label) bool {
		account := l.Role == model.RoleAccount || l.Category == model.Actor && l.Role != "" && l.Role != model.RoleKey
		return account && l.Confidence >= h.p.LabelConfidence
	}) {
		return Party{Kind: Like, Address: clusters.Root(h.a)}, true
	}
	return Party{}, false
}

// best returns the most confident label that is of a kind and holds, of equals
// the first.
func (h *holder) best(is func(*model.Label) bool, accuses bool) (b *model.Label) {
	for i := range h.labels {
		l := &h.labels[i]
		if l.Entity == "" || !is(l) {
			continue
		}
		if holds, known := l.HoldsAt(h.at); !holds || accuses && !known {
			h.expired++
			continue
		}
		if l.Confidence < h.p.LabelConfidence {
			h.weak++
			continue
		}
		if b == nil || l.Confidence > b.Confidence {
			b = l
		}
	}
	return b
}

func (h *holder) party(k Kind, l *model.Label) Party {
	p := Party{Kind: k, Entity: model.EntityName(l.Entity), Category: l.Category, Address: h.a, Confidence: l.Confidence, Label: *l}
	if k == Custody {
		// Of a cluster by whatever address: its labelled one stands for it.
		if on, ok := l.On.Address(); ok {
			p.Address = on
		}
	}
	for i := range h.labels {
		o := &h.labels[i]
		if o.Entity == "" || o.Role == model.RoleAccount || o.Confidence < h.p.LabelConfidence || model.SameEntity(o.Entity, l.Entity) {
			continue
		}
		if holds, _ := o.HoldsAt(h.at); holds {
			p.Also = append(p.Also, *o)
		}
	}
	return p
}
