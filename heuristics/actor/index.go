package actor

import (
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/internal/sieve"
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
	// entities: the most confident one of each, at most 16 of them. They have
	// lowered the Confidence. The slice is shared.
	Others []model.Label `json:"others,omitempty"`
	// Omitted counts further entities that Others do not list.
	Omitted int `json:"omitted,omitempty"`
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
	near     sieve.Sieve              // of the addresses of these clusters
	demoted  []Demoted
	accounts int
	parts    parts
}

// group are the labels of category actor on one cluster.
type group struct {
	labels    []*label // sorted by confidence, then entity, then the label's own order
	service   bool     // the cluster looks like a service's
	conflicts []int    // with the labels of a custodian whose address signed together with the cluster's
	barred    bool     // a custodian holds one of the keys, so perhaps all
	keys      *claims  // who holds the keys of the cluster
	key       map[model.Address]*claims
	account   map[model.Address]*claims
}

// label is a label of an actor, with why it does not say that the actor holds
// the key; empty where it does.
type label struct {
	model.Label
	on  model.Address
	key string // of the entity
	why Reason
}

// Reason says why a label of an actor is taken for one of an account at a
// custodian.
type Reason string

// Reasons to take a label for one of an account.
const (
	// Stated: the label's role says so.
	Stated Reason = "role_account"
	// OtherRole: the label's role is neither that of a key nor unstated. A
	// deposit address of an actor, say, is one that a service gave him.
	OtherRole Reason = "role_not_key"
	// ServiceLike: the address belongs to a cluster that looks like a
	// service's.
	ServiceLike Reason = "service_like"
	// Custodian: the address signed together with one that a label gives to a
	// custodian, or belongs to a cluster that did.
	Custodian Reason = "custodian_signed"
	// WithAccount: the address belongs to a cluster of which another address
	// is labelled as an actor's account, or in a role that is taken for one.
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
// where the time of the block is unknown. Where labels name several entities, the
// most confident one keeps of its confidence the share that it has of the sum of
// all.
//
// A transaction that joins a stranger to the actor makes the stranger's address
// the actor's own here. Whoever asks what the transaction itself shows asks
// [Index.OwnWithout].
func (x *Index) Own(a model.Address, at model.BlockRef) (Attribution, bool) {
	return x.own(a, at, func(g *group) *claims { return g.keys })
}

// OwnWithout tells as [Index.Own] whose own wallet an address is in, as if the
// transaction had joined nobody: by a label on the address, or by one on another
// address of its cluster to which other transactions link it. What a transaction
// is said to show about those who signed it must not rest on their having signed
// it.
func (x *Index) OwnWithout(tx model.TxID, a model.Address, at model.BlockRef) (Attribution, bool) {
	return x.own(a, at, func(g *group) *claims { return x.linked(tx, a, g) })
}

func (x *Index) own(a model.Address, at model.BlockRef, of func(*group) *claims) (Attribution, bool) {
	g := x.group(a)
	if g == nil {
		return Attribution{}, false
	}
	if t, ok := g.key[a].at(at); ok {
		t.Via = ByLabel
		return t, true
	}
	if g.barred {
		return Attribution{}, false
	}
	t, ok := of(g).at(at)
	if ok {
		t.Via, t.Confidence = ByCluster, t.Confidence.Times(x.p.Cospend)
	}
	return t, ok
}

// Account tells which actor a label on the address gives it to without giving him
// its key, at the time of a block. A custodian pays from such an address for any
// of its customers, so this is no answer to who paid, but an alternative to be
// named beside others. In a cluster that looks like a service's it tells nothing.
func (x *Index) Account(a model.Address, at model.BlockRef) (Attribution, bool) {
	g := x.group(a)
	if g == nil {
		return Attribution{}, false
	}
	t, ok := g.account[a].at(at)
	if ok {
		t.Via = ByLabel
	}
	return t, ok
}

// group returns the labels of the address's cluster; nil where there are none, or
// the cluster looks like a service's.
func (x *Index) group(a model.Address) *group {
	if !x.near.May(a) {
		return nil // nearly all
	}
	g := x.by[x.clusters.Root(a)]
	if g == nil || g.service {
		return nil
	}
	return g
}

// Demoted returns the addresses with labels of actors that are taken for
// accounts though they do not say so, sorted.
func (x *Index) Demoted() []Demoted { return x.demoted }

func build(ctx context.Context, s *heuristics.Scan, p Params) (*Index, error) {
	x := &Index{p: p, clusters: cluster.Of(s), services: service.Of(s), by: map[model.Address]*group{}, parts: parts{of: map[partKey]map[uint32]*claims{}}}
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
		g.labels = append(g.labels, &label{Label: l, on: a, key: model.EntityKey(l.Entity)})
	}
	signed := custodians(x.clusters)
	for _, root := range roots {
		g := x.by[root]
		g.conflicts = signed[root]
		x.weigh(g)
	}
	x.sift(roots)
	slices.SortFunc(x.demoted, func(a, b Demoted) int { return a.Address.Compare(b.Address) })
	s.Note("label of an actor's account at a custodian, which no cluster grows from", x.accounts)
	s.Note("address labelled as an actor's that looks like an account at a custodian: never the actor's own", len(x.demoted))
	return x, nil
}

// sift makes the sieve of the addresses that have a group.
func (x *Index) sift(roots []model.Address) {
	n := 0
	for _, root := range roots {
		if !x.by[root].service {
			n += x.clusters.Size(root)
		}
	}
	if n == 0 {
		return
	}
	x.near = sieve.New(n)
	for _, root := range roots {
		if x.by[root].service {
			continue
		}
		for _, a := range x.clusters.Members(root) {
			x.near.Add(a)
		}
	}
}

// custodians returns, by their roots, the clusters that signed together with an
// address that a label gives to a custodian, and the numbers of the conflicts that
// say so.
func custodians(x *cluster.Index) map[model.Address][]int {
	roots := map[model.Address][]int{}
	for i, c := range x.Conflicts() {
		custodial := slices.ContainsFunc(c.Labels, func(l model.Label) bool { return l.Category.Custodial() })
		if !custodial || c.B.IsZero() {
			continue
		}
		a, b := x.Root(c.A), x.Root(c.B)
		roots[a] = append(roots[a], i)
		if a != b {
			roots[b] = append(roots[b], i)
		}
	}
	return roots
}

// weigh says of each label of a cluster whether it names the holder of the key,
// and keeps those that only seem to.
func (x *Index) weigh(g *group) {
	account := slices.ContainsFunc(g.labels, func(l *label) bool { return l.Role != "" && l.Role != model.RoleKey })
	for _, l := range g.labels {
		switch {
		case l.Role == model.RoleAccount:
			l.why = Stated
			x.accounts++
		case g.service:
			l.why = ServiceLike
		case l.Role == model.RoleKey:
		case l.Role != "":
			l.why = OtherRole
		case len(g.conflicts) > 0:
			l.why = Custodian
		case account:
			l.why = WithAccount
		}
	}
	slices.SortStableFunc(g.labels, func(a, b *label) int {
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
	g.claim()
}

// claim sorts the labels by what they claim of which address.
func (g *group) claim() {
	var keys []*label
	key, account := map[model.Address][]*label{}, map[model.Address][]*label{}
	for _, l := range g.labels {
		if l.why != "" {
			account[l.on] = append(account[l.on], l)
			continue
		}
		keys = append(keys, l)
		key[l.on] = append(key[l.on], l)
	}
	g.barred = len(g.conflicts) > 0 || len(account) > 0
	g.keys, g.key, g.account = newClaims(keys), map[model.Address]*claims{}, map[model.Address]*claims{}
	for a, ls := range key {
		g.key[a] = newClaims(ls)
	}
	for a, ls := range account {
		g.account[a] = newClaims(ls)
	}
}
