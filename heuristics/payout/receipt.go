package payout

import (
	"fmt"

	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// reason says why an output has its class.
type reason uint8

const (
	isNullData reason = iota
	isEmpty
	isAnyones
	isPayer
	isPayerCluster
	isListed
	isListedCluster
	isService
	isServiceCluster
	isAccount
	isToken
	isSmall
	isBelowFloor
	isChange
	isChainEnd
	isPiece
	continues
	sends
	maySend
	isMember
)

// text says it in words.
func (rc *Receipt) text(labels []model.Label) string {
	entity := func() string {
		l := &labels[rc.label]
		by := "by "
		if len(l.Derivation) > 0 {
			by = "inferred by "
		}
		s := fmt.Sprintf("%s (%s, %s%s)", party(l.Entity), l.Category, by, l.Source)
		if rc.undated {
			s += " for a time, which may not be that of the block"
		}
		return s
	}
	switch rc.why {
	case isNullData:
		return "null data: nobody can spend it"
	case isEmpty:
		return "holds no value"
	case isAnyones:
		return "its script names no key: anyone may spend it"
	case isPayer:
		return "its address is that of an input"
	case isPayerCluster:
		return "its address is in a cluster with an input's"
	case isListed:
		return "listed address of " + entity()
	case isListedCluster:
		return "in a cluster with a listed address of " + entity()
	case isService:
		return "labelled " + entity() + ": the payee is a customer of it, and nothing beyond is followed"
	case isServiceCluster:
		return "in a cluster labelled " + entity() + ": the payee is a customer of it, and nothing beyond is followed"
	case isAccount:
		return "labelled as an account of " + entity() + " at a custodian, who holds the key"
	case isToken:
		return "exactly the value that token wallets send"
	case isSmall:
		return "too small to be evidence of a member"
	case isBelowFloor:
		return "below the least amount that the pool pays in a coinbase"
	case isChange:
		return "the largest output by far: it may be the pool's change"
	case isChainEnd:
		return "the largest output of the last link of a chain that is recognised: it may be the pool's change"
	case isPiece:
		return "a piece of the pool's own funds"
	case continues:
		return fmt.Sprintf("pays for the next link of the chain, %v", rc.tx)
	case sends:
		return fmt.Sprintf("pays for %v, which is a payout itself", rc.tx)
	case maySend:
		return fmt.Sprintf("pays for %v, which may be a payout itself", rc.tx)
	case isMember:
		return "no sign of the pool's own wallet or of a service"
	}
	return fmt.Sprintf("reason(%d)", uint8(rc.why))
}

// sorter classifies the outputs of one transaction by what came before it.
type sorter struct {
	p      *Params
	x      *cluster.Index
	roots  map[model.Address]bool // of the payer
	owners map[model.Address]bool // of the inputs
	floor  model.Amount           // of the pool's coinbases; 0 for none
	at     model.BlockRef
	labels []model.Label // that receipts rest on
	kept   map[*model.Label]int32
	// clusters remembers the best labels of the clusters met.
	clusters map[model.Address][labelKinds]*model.Label
}

// own reports whether an address is the payer's.
func (s *sorter) own(a model.Address) bool { return s.owners[a] || s.roots[s.x.Root(a)] }

func (s *sorter) class(o *model.Output) Receipt {
	r := Receipt{label: -1}
	set := func(c Class, why reason) Receipt {
		r.Class, r.why = c, why
		return r
	}
	switch {
	case o.Owner.Kind() == model.NullData:
		return set(Unspendable, isNullData)
	case o.Value <= 0:
		return set(Unspendable, isEmpty)
	case !o.Owner.Ownable():
		return set(Unspendable, isAnyones)
	case s.owners[o.Owner]:
		return set(Internal, isPayer)
	case s.roots[s.x.Root(o.Owner)]:
		return set(Internal, isPayerCluster)
	}
	for _, k := range [...]struct {
		kind            labelKind
		class           Class
		direct, cluster reason
	}{
		{poolLabel, Internal, isListed, isListedCluster},
		{serviceLabel, Service, isService, isServiceCluster},
		{accountLabel, Service, isAccount, isAccount},
	} {
		l, direct := s.label(o.Owner, k.kind)
		if l == nil {
			continue
		}
		r.label = s.keep(l)
		_, known := l.HoldsAt(s.at)
		r.undated = !known
		if direct {
			return set(k.class, k.direct)
		}
		return set(k.class, k.cluster)
	}
	switch {
	case s.p.tokenValue(o.Value):
		return set(Small, isToken)
	case o.Value <= s.p.MinMember:
		return set(Small, isSmall)
	case o.Value < s.floor:
		return set(Small, isBelowFloor)
	}
	return set(Member, isMember)
}

// labelKind is what a label makes of a payee.
type labelKind uint8

const (
	poolLabel    labelKind = iota // a pool's own address
	serviceLabel                  // one of another custodian
	accountLabel                  // somebody's account at a custodian
	labelKinds
)

// has reports whether a label is of the kind. That somebody has an account says
// nothing of the other addresses of its cluster, which are the custodian's.
func (k labelKind) has(l *model.Label, direct bool) bool {
	switch {
	case l.Role == model.RoleAccount:
		return k == accountLabel && direct
	case l.Category == model.MiningPool:
		return k == poolLabel
	}
	return k == serviceLabel && l.Category.Custodial()
}

// label returns the best label of a kind on an address, else on its cluster: the
// one of most confidence, of equal ones the first. The pointer is the same for
// the same place in the index of clusters.
func (s *sorter) label(a model.Address, kind labelKind) (best *model.Label, direct bool) {
	if l := s.best(s.x.LabelsOn(a), kind, true); l != nil {
		return l, true
	}
	root := s.x.Root(a)
	found, ok := s.clusters[root]
	if !ok {
		all := s.x.Labels(a)
		for k := range labelKinds {
			found[k] = s.best(all, k, false)
		}
		s.clusters[root] = found
	}
	return found[kind], false
}

func (s *sorter) best(ls []model.Label, kind labelKind, direct bool) (best *model.Label) {
	for i := range ls {
		l := &ls[i]
		if kind.has(l, direct) && (best == nil || l.Confidence > best.Confidence) {
			if holds, _ := valid(l, s.at); holds {
				best = l
			}
		}
	}
	return best
}

// keep returns the index of a label among those that receipts rest on.
func (s *sorter) keep(l *model.Label) int32 {
	at, ok := s.kept[l]
	if !ok {
		at = int32(len(s.labels))
		s.kept[l] = at
		s.labels = append(s.labels, *l)
	}
	return at
}

// valid reports whether a label may be used for a transaction: it does not rest
// on findings of this package, and nothing says that it did not hold at that
// time. Known is false where it has bounds and the time is not known. Labels of
// payees protect them, so those that hold are enough.
func valid(l *model.Label, at model.BlockRef) (holds, known bool) {
	if derived(l) {
		return false, false
	}
	return l.HoldsAt(at)
}
