package cluster

import (
	"slices"

	"github.com/goldwash/goldwash/model"
)

// holder is who labels say holds the keys of an address, or of every labelled
// address of a cluster: the names on which all of them agree. Several names are
// left where the labels of each address give several.
type holder struct {
	names []name
	from  uint32 // the id of an address that is so labelled
}

type name struct {
	key    string // [model.EntityKey]
	actor  bool
	stated bool // says whom the run is about, not what he is called
}

// names reports whether the label says who holds the key. A label of the role
// account does not: it says that somebody else does. Nor does one of an actor in
// any role but that of a key: his deposit address is somebody else's.
func (p *Params) names(l *model.Label) bool {
	return l.Confidence >= p.LabelConfidence && keyHolder(l)
}

// keyHolder is as names, for any confidence.
func keyHolder(l *model.Label) bool {
	if l.Category == model.Actor {
		return l.Role == "" || l.Role == model.RoleKey
	}
	return l.Category.Custodial() && l.Role != model.RoleAccount
}

func nameOf(l *model.Label) name {
	actor := l.Category == model.Actor
	return name{model.EntityKey(l.Entity), actor, actor && l.Method == model.MethodStated}
}

// contradicts reports whether two names cannot be one party's. That one is under
// investigation and has a name as an actor is no contradiction.
func (n *name) contradicts(o *name) bool {
	return n.key != o.key && !(n.actor && o.actor && (n.stated || o.stated))
}

// add puts a label's name among those of an address.
func (h *holder) add(l *model.Label) {
	n := nameOf(l)
	if !slices.Contains(h.names, n) {
		h.names = append(h.names, n)
	}
}

// agree returns the holder on whose names both agree; nil where they conflict. A
// cluster that two sources call by two names can so be joined with one of either
// name, but never with both.
func agree(a, b *holder) *holder {
	var both []name
	for _, n := range a.names {
		if slices.ContainsFunc(b.names, func(o name) bool { return o.key == n.key }) {
			both = append(both, n)
		}
	}
	if both != nil {
		return &holder{both, a.from}
	}
	// That one is under investigation and has a name as an actor is no
	// contradiction.
	switch actors := a.all(name.isActor) && b.all(name.isActor); {
	case actors && a.all(name.isStated):
		return b
	case actors && b.all(name.isStated):
		return a
	}
	return nil
}

func (n name) isActor() bool  { return n.actor }
func (n name) isStated() bool { return n.stated }

func (h *holder) all(is func(name) bool) bool {
	return !slices.ContainsFunc(h.names, func(n name) bool { return !is(n) })
}
