package cluster

import (
	"cmp"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// Custodial reports whether a label gives the key of what it is on to a party that
// holds coins for many customers, with at least that confidence, and holds at the
// time of a block or may: such a label protects, so that where its bounds or the
// block's time leave open whether it holds, it does. A label of role account
// speaks of whoever has the account and is none.
func Custodial(l *model.Label, least model.Probability, at model.BlockRef) bool {
	if !l.Category.Custodial() || l.Role == model.RoleAccount || l.Confidence < least {
		return false
	}
	holds, _ := l.HoldsAt(at)
	return holds
}

// Custodian returns the label that gives a key of a's cluster to a custodian at
// the time of a block, the most confident one, of equals the first. Only labels
// of at least the confidence that refuses a union count ([Params.LabelConfidence]);
// see [Custodial]. The zero BlockRef asks without a time, and any label counts.
func (x *Index) Custodian(a model.Address, at model.BlockRef) (model.Label, bool) {
	if len(x.labels) == 0 {
		return model.Label{}, false
	}
	id, ok := x.addrs.id(a)
	var ls []model.Label
	if ok {
		ls = x.custodians[x.cluster[id]]
	} else {
		ls = x.custodial(x.LabelsOn(a))
	}
	for i := range ls {
		if holds, _ := ls[i].HoldsAt(at); holds {
			return ls[i], true
		}
	}
	return model.Label{}, false
}

// custodial returns the labels of custodians, the most confident ones first, up to
// the first that always holds.
func (x *Index) custodial(ls []model.Label) []model.Label {
	var out []model.Label
	for i := range ls {
		if Custodial(&ls[i], x.p.LabelConfidence, model.BlockRef{}) {
			out = append(out, ls[i])
		}
	}
	slices.SortStableFunc(out, func(a, b model.Label) int { return cmp.Compare(b.Confidence, a.Confidence) })
	if i := slices.IndexFunc(out, func(l model.Label) bool { return l.From.IsZero() && l.To.IsZero() }); i >= 0 {
		out = slices.Clip(out[:i+1])
	}
	return out
}
