package actor

import (
	"sync"

	"github.com/goldwash/goldwash/model"
)

// maxParts bounds the transactions whose parts are kept. A heuristic asks of one
// transaction's inputs one after the other.
const maxParts = 64

// parts keep which labels of a cluster are left to which of its parts without a
// transaction.
type parts struct {
	mu sync.Mutex
	of map[partKey]map[uint32]*claims
}

type partKey struct {
	tx model.TxID
	g  *group
}

// linked returns the labels of keys in the part of its cluster that an address is
// in without the transaction.
func (x *Index) linked(tx model.TxID, a model.Address, g *group) *claims {
	if g.keys == nil {
		return nil
	}
	part := x.clusters.PartWithout(tx, a)
	if ls := g.keys.labels; len(ls) == 1 {
		if x.clusters.PartWithout(tx, ls[0].on) == part {
			return g.keys
		}
		return nil
	}
	x.parts.mu.Lock()
	defer x.parts.mu.Unlock()
	k := partKey{tx, g}
	of, ok := x.parts.of[k]
	if !ok {
		of = x.split(tx, g)
		if len(x.parts.of) == maxParts {
			clear(x.parts.of)
		}
		x.parts.of[k] = of
	}
	return of[part]
}

// split sorts the labels of a cluster's keys by its parts without a transaction.
func (x *Index) split(tx model.TxID, g *group) map[uint32]*claims {
	ls := map[uint32][]*label{}
	for _, l := range g.keys.labels {
		p := x.clusters.PartWithout(tx, l.on)
		ls[p] = append(ls[p], l)
	}
	of := map[uint32]*claims{}
	for p := range ls {
		if len(ls) == 1 {
			of[p] = g.keys
			break
		}
		of[p] = newClaims(ls[p])
	}
	return of
}
