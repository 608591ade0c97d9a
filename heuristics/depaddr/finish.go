package depaddr

import (
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// finish sorts what was found and derives the labels.
func (b *builder) finish(s *heuristics.Scan) {
	x := b.out
	for _, op := range b.ops {
		if len(op.found) == 0 {
			continue
		}
		best := op.found[0].Seed
		for i := range op.found {
			if l := &op.found[i].Seed; l.Confidence > best.Confidence || l.Confidence == best.Confidence && l.Compare(&best) < 0 {
				best = *l
			}
		}
		x.operators = append(x.operators, operator{seed: best})
		x.all = append(x.all, op.found...)
	}
	slices.SortFunc(x.all, func(a, b Inference) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(x.operators, func(a, b operator) int { return a.seed.Compare(&b.seed) })
	byKey := map[string]int{}
	for i := range x.operators {
		byKey[key(&x.operators[i].seed)] = i
	}
	for i := range x.all {
		o := &x.operators[byKey[key(&x.all[i].Seed)]]
		o.all = append(o.all, i)
		s.Derive(x.all[i].Label)
	}
	x.counts.conflicts, x.counts.txs = b.conflicts, len(b.f.moves)
	if x.counts.seeds == 0 {
		s.Note("no label of a custodian in the scope from which addresses can be inferred", 1)
	}
	s.Note("label of a custodian from which nothing is inferred: labels of its cluster name several parties", b.conflicts)
	if b.view != nil {
		b.view.index = x
	}
}

func key(l *model.Label) string { return model.EntityKey(l.Entity) }
