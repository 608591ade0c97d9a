package payout

import (
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// sender is what labels say of who pays.
type sender struct {
	Payer
	custodian model.Label // the best label that names it as a custodian other than a pool
	doubt     model.Probability
	payout    bool // a label gives it the role of paying members
	undated   int  // labels that would name it, and hold for a time where that of the block is unknown
}

// maxLabels bounds the labels on input addresses that a finding repeats.
const maxLabels = 64

// senderOf reads the labels on the inputs' addresses and their clusters. One that
// names the payer as a pool counts only where it is known to hold at the time;
// one that names it as another custodian, and so speaks against a payout,
// wherever nothing says that it does not.
func senderOf(x *cluster.Index, tx *model.Tx, p *Params) sender {
	var s sender
	var names []string
	best := map[string]int{} // by entity and category: place in s.Labels of the best label of a cluster
	read := func(l *model.Label, direct bool) {
		pool := l.Category == model.MiningPool && payerRole(l.Role)
		custodian := l.Category.Custodial() && l.Category != model.MiningPool && l.Role != model.RoleAccount
		if !pool && !custodian {
			return
		}
		holds, known := valid(l, tx.Block)
		switch {
		case !holds:
			return
		case pool && !known:
			s.undated++
			return
		}
		c := l.Confidence
		if !direct {
			c = c.Times(p.ByCluster)
		}
		s.payout = s.payout || l.Role == model.RolePayout && known
		switch {
		case custodian:
			if c > s.doubt {
				s.custodian, s.doubt = *l, c
			}
		default:
			names = append(names, model.EntityName(l.Entity))
			if c > s.Confidence || c == s.Confidence && direct {
				s.Confidence, s.Via = c, "cluster"
				if direct {
					s.Via = "label"
				}
			}
		}
		if direct {
			if len(s.Labels) < maxLabels {
				s.Labels = append(s.Labels, *l)
			}
			return
		}
		key := model.EntityKey(l.Entity) + "\x00" + string(l.Category)
		if k, ok := best[key]; !ok {
			best[key] = len(s.Labels)
			s.Labels = append(s.Labels, *l)
		} else if l.Confidence > s.Labels[k].Confidence {
			s.Labels[k] = *l
		}
	}
	owners, roots := map[model.Address]bool{}, map[model.Address]bool{}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || !in.Owner.Ownable() || owners[in.Owner] {
			continue
		}
		owners[in.Owner] = true
		own := x.LabelsOn(in.Owner)
		for j := range own {
			read(&own[j], true)
		}
		root := x.Root(in.Owner)
		if roots[root] {
			continue
		}
		roots[root] = true
		// A cluster may have tens of thousands of labels: each is read once.
		all := x.Labels(in.Owner)
		for j := range all {
			if a, ok := all[j].On.Address(); !ok || !owners[a] {
				read(&all[j], false)
			}
		}
	}
	s.Names = entities(names)
	if len(s.Names) == 1 {
		s.Pool = s.Names[0]
	}
	slices.SortFunc(s.Labels, func(a, b model.Label) int { return a.Compare(&b) })
	s.Labels = slices.CompactFunc(s.Labels, func(a, b model.Label) bool { return a.Compare(&b) == 0 })
	return s
}

// party returns a name for texts: a list may give none.
func party(entity string) string {
	if strings.TrimSpace(entity) == "" {
		return "a party that the list does not name"
	}
	return entity
}

// inferred reports whether all the labels of pools are derived from others.
func inferred(ls []model.Label) bool {
	some := false
	for i := range ls {
		if ls[i].Category != model.MiningPool {
			continue
		}
		if some = len(ls[i].Derivation) > 0; !some {
			return false
		}
	}
	return some
}

// entities sorts names and drops other spellings of the same entity.
func entities(names []string) []string {
	slices.SortFunc(names, func(a, b string) int {
		if c := strings.Compare(model.EntityKey(a), model.EntityKey(b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return slices.CompactFunc(names, model.SameEntity)
}
