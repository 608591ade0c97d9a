package deposit

import (
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// target is what labels say of a payee.
type target struct {
	best model.Label   // names a service that takes deposits
	all  []model.Label // every label that holds at the time, or may
}

// target reads the labels of an output; nil where none names a service.
func (p Params) target(pass *heuristics.Pass, tx *model.Tx, ls []model.Label) *target {
	var t target
	expired := 0
	for _, l := range ls {
		if holds, _ := l.HoldsAt(tx.Block); !holds {
			if slices.Contains(targets, l.Category) {
				expired++
			}
			continue
		}
		t.all = append(t.all, l)
		if slices.Contains(targets, l.Category) && better(&l, &t.best) {
			t.best = l
		}
	}
	if t.best.On.IsZero() {
		pass.Note("payment to an address whose label was not valid at the time", expired)
		return nil
	}
	return &t
}

// better prefers services that sell hash power to pools, of two labels of one
// entity the one from outside, then confidence, then the fixed order of labels.
func better(l, old *model.Label) bool {
	if old.On.IsZero() {
		return true
	}
	if p, q := l.Category == model.MiningPool, old.Category == model.MiningPool; p != q {
		return q
	}
	if p, q := len(l.Derivation) > 0, len(old.Derivation) > 0; p != q && model.SameEntity(l.Entity, old.Entity) {
		return q
	}
	if l.Confidence != old.Confidence {
		return l.Confidence > old.Confidence
	}
	return l.Compare(old) < 0
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
