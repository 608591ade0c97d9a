package actor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
)

// Attribution says who an address is attributed to, and by what.
type Attribution struct {
	Entity     string            `json:"entity"`
	Confidence model.Probability `json:"confidence"`
	Label      model.Label       `json:"label"`
	// Via is "label" where the address itself carries the label, and
	// "cluster" where one does that it signed together with.
	Via string `json:"via"`
	// Account is true where the actor has an account at a custodian, who
	// holds the key: what comes from the address was not signed by the actor.
	Account bool `json:"account,omitempty"`
	// Others are labels that would have served as well but name other
	// entities.
	Others []model.Label `json:"others,omitempty"`
}

// Ways in which an address is attributed.
const (
	ByLabel   = "label"
	ByCluster = "cluster"
)

// Index holds the labels of actors of a scope, weighed against what their
// clusters look like. It does not change once built and is safe for concurrent
// use.
type Index struct {
	p        Params
	clusters *cluster.Index
	services *service.Index
	by       map[model.Address]*group // by the clusters' roots
	demoted  []Demoted
	accounts int
}

// group are the labels of category actor on one cluster.
type group struct {
	labels    []label // sorted by confidence, then entity, then the label's own order
	service   bool    // the cluster looks like a service's
	custodian bool    // or it signed together with a labelled custodian's address
}

// label is a label of an actor, with why it does not say that the actor holds
// the key; empty where it does.
type label struct {
	model.Label
	on  model.Address
	why Reason
}

// Reason says why a label of an actor is taken for one of an account at a
// custodian.
type Reason string

// Reasons to take a label for one of an account.
const (
	// Stated: the label's role says so.
	Stated Reason = "role_account"
	// ServiceLike: the address belongs to a cluster that looks like a
	// service's.
	ServiceLike Reason = "service_like"
	// Custodian: the address signed together with one that a label gives to a
	// custodian, or belongs to a cluster that did.
	Custodian Reason = "custodian_signed"
	// WithAccount: the address belongs to a cluster of which another address
	// is labelled as somebody's account.
	WithAccount Reason = "account_in_cluster"
)

// Demoted is a label of an actor that does not say "account", and is taken for
// one all the same.
type Demoted struct {
	Address model.Address
	Labels  []model.Label
	Reason  Reason
}

// Of returns the index that was built in the session of r.
func Of(r heuristics.Reader) *Index { return heuristics.IndexOf[*Index](r, Heuristic) }

// Own tells whose own wallet an address is in, at the time of a block: that of an
// actor whom a label on the address names as the holder of its key or without
// saying what the address is to him, or else one whom such a label names for
// another address of its cluster. A cluster that looks like a service's is
// nobody's own. Nor is one with a label of an account, or one that signed
// together with an address labelled as a custodian's, except for the very address
// that a label of role key names. A label that is bounded in time does not count
// where the time of the block is unknown.
func (x *Index) Own(a model.Address, at model.BlockRef) (Attribution, bool) {
	if len(x.by) == 0 {
		return Attribution{}, false
	}
	g := x.by[x.clusters.Root(a)]
	if g == nil || g.service {
		return Attribution{}, false
	}
	if t, ok := g.own(a, at, true); ok {
		return t, true
	}
	t, ok := g.own(a, at, false)
	t.Confidence = t.Confidence.Times(x.p.Cospend)
	return t, ok
}

// Payer tells who pays what comes from an address, at the time of a block: as
// [Index.Own], and also the actor whose account at a custodian a label on the
// address itself names. An account in a cluster that looks like a service's
// tells nothing, because the custodian pays from there for all customers.
func (x *Index) Payer(a model.Address, at model.BlockRef) (Attribution, bool) {
	t, ok := x.Own(a, at)
	if ok || len(x.by) == 0 {
		return t, ok
	}
	g := x.by[x.clusters.Root(a)]
	if g == nil || g.service {
		return Attribution{}, false
	}
	return g.pick(at, ByLabel, func(l *label) bool { return l.on == a })
}

// Demoted returns the addresses with labels of actors that are taken for
// accounts though they do not say so, sorted.
func (x *Index) Demoted() []Demoted { return x.demoted }

// own picks from the labels of holders of keys: those on the address itself, or
// those on the others of its cluster.
func (g *group) own(a model.Address, at model.BlockRef, direct bool) (Attribution, bool) {
	via := ByCluster
	if direct {
		via = ByLabel
	} else if g.custodian || slices.ContainsFunc(g.labels, func(l label) bool { return l.why != "" }) {
		return Attribution{}, false // a custodian holds one of the keys, so perhaps all
	}
	return g.pick(at, via, func(l *label) bool { return l.why == "" && (l.on == a) == direct })
}

// pick returns the most confident label, of equally confident ones the first by
// entity.
func (g *group) pick(at model.BlockRef, via string, fits func(*label) bool) (t Attribution, ok bool) {
	when, timed := at.When()
	for i := range g.labels {
		l := &g.labels[i]
		if !fits(l) || !valid(&l.Label, when, timed) {
			continue
		}
		if !ok {
			t, ok = Attribution{Entity: l.Entity, Confidence: l.Confidence, Label: l.Label, Via: via, Account: l.why != ""}, true
		} else if !model.SameEntity(l.Entity, t.Entity) {
			t.Others = append(t.Others, l.Label)
		}
	}
	return t, ok
}

func valid(l *model.Label, when time.Time, timed bool) bool {
	if l.From.IsZero() && l.To.IsZero() {
		return true
	}
	return timed && l.ValidAt(when)
}

func build(ctx context.Context, s *heuristics.Scan, p Params) (*Index, error) {
	x := &Index{p: p, clusters: cluster.Of(s), services: service.Of(s), by: map[model.Address]*group{}}
	var roots []model.Address
	for l, err := range s.Find(ctx, model.Actor) {
		if err != nil {
			return nil, err
		}
		a, ok := l.On.Address()
		if !ok {
			continue
		}
		root := x.clusters.Root(a)
		g := x.by[root]
		if g == nil {
			g = &group{service: x.services.Like(a)}
			x.by[root] = g
			roots = append(roots, root)
		}
		g.labels = append(g.labels, label{Label: l, on: a})
	}
	signed := custodians(x.clusters)
	for _, root := range roots {
		g := x.by[root]
		g.custodian = signed[root]
		x.weigh(g)
	}
	slices.SortFunc(x.demoted, func(a, b Demoted) int { return a.Address.Compare(b.Address) })
	s.Note("label of an actor's account at a custodian, which no cluster grows from", x.accounts)
	s.Note("address labelled as an actor's that looks like an account at a custodian: never the actor's own", len(x.demoted))
	return x, nil
}

// custodians returns the roots of the clusters that signed together with an
// address that a label gives to a custodian.
func custodians(x *cluster.Index) map[model.Address]bool {
	roots := map[model.Address]bool{}
	for _, c := range x.Conflicts() {
		custodial := slices.ContainsFunc(c.Labels, func(l model.Label) bool { return l.Category.Custodial() })
		if !custodial || c.B.IsZero() {
			continue
		}
		roots[x.Root(c.A)], roots[x.Root(c.B)] = true, true
	}
	return roots
}

// weigh says of each label of a cluster whether it names the holder of the key,
// and keeps those that only seem to.
func (x *Index) weigh(g *group) {
	account := slices.ContainsFunc(g.labels, func(l label) bool { return l.Role == model.RoleAccount })
	for i := range g.labels {
		l := &g.labels[i]
		switch key := l.Role == model.RoleKey; {
		case l.Role == model.RoleAccount:
			l.why = Stated
			x.accounts++
		case g.service:
			l.why = ServiceLike
		case key:
		case g.custodian:
			l.why = Custodian
		case account:
			l.why = WithAccount
		}
	}
	slices.SortStableFunc(g.labels, func(a, b label) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Entity, b.Entity), a.Label.Compare(&b.Label))
	})
	at := map[model.Address]int{}
	for _, l := range g.labels {
		if l.why == "" || l.why == Stated {
			continue
		}
		i, ok := at[l.on]
		if !ok {
			i = len(x.demoted)
			at[l.on] = i
			x.demoted = append(x.demoted, Demoted{Address: l.on, Reason: l.why})
		}
		x.demoted[i].Labels = append(x.demoted[i].Labels, l.Label)
	}
}
