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
}

// maxLabels bounds the labels on input addresses that a finding repeats.
const maxLabels = 64

// senderOf reads the labels on the inputs' addresses and their clusters.
func senderOf(x *cluster.Index, tx *model.Tx, p *Params) sender {
	var s sender
	seen := map[model.Address]bool{}
	var names []string
	best := map[string]int{} // by entity and category: place in s.Labels of the best label on a cluster
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || !in.Owner.Ownable() || seen[in.Owner] {
			continue
		}
		seen[in.Owner] = true
		ref := model.RefAddress(in.Owner)
		ls := x.Labels(in.Owner)
		for j := range ls {
			l := &ls[j]
			pool := l.Category == model.MiningPool && payerRole(l.Role)
			custodian := l.Category.Custodial() && l.Category != model.MiningPool && l.Role != model.RoleAccount
			if !pool && !custodian || !valid(l, tx.Block) {
				continue
			}
			direct := l.On == ref
			c := l.Confidence
			if !direct {
				c = c.Times(p.ByCluster)
			}
			s.payout = s.payout || l.Role == model.RolePayout
			if pool {
				names = append(names, p.name(l.Entity))
				if c > s.Confidence || c == s.Confidence && direct {
					s.Confidence = c
					s.Via = "cluster"
					if direct {
						s.Via = "label"
					}
				}
			} else if c > s.doubt {
				s.custodian, s.doubt = *l, c
			}
			if direct {
				if len(s.Labels) < maxLabels {
					s.Labels = append(s.Labels, *l)
				}
				continue
			}
			key := model.EntityKey(l.Entity) + "\x00" + string(l.Category)
			if k, ok := best[key]; !ok {
				best[key] = len(s.Labels)
				s.Labels = append(s.Labels, *l)
			} else if l.Confidence > s.Labels[k].Confidence {
				s.Labels[k] = *l
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
