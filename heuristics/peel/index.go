package peel

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// index holds where chains begin in the scope, so that a sweep looks nothing up
// for the many transactions that only have the form. It is a filter: what it lets
// through is judged in full.
type index struct {
	read  bool
	heads map[model.TxID]struct{}
}

// open is a chain that the scan is on, by what its last link carried.
type open struct {
	head  model.TxID
	links int32
	made  features
}

// build follows all chains of the scope at once, in ledger order.
func build(ctx context.Context, s *heuristics.Scan, p *Params) (*index, error) {
	x := &index{heads: map[model.TxID]struct{}{}}
	if !s.Can(sources.Blocks) || s.Scope().Explored != nil {
		return x, nil // what was gathered around seeds has gaps
	}
	x.read = true
	chains := map[model.Outpoint]open{}
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		l, ok := p.link(tx)
		if !ok {
			if len(chains) > 0 && !tx.Coinbase() {
				for i := range tx.Inputs {
					x.end(p, chains, tx.Inputs[i].Prev)
				}
			}
			continue
		}
		made := featuresOf(tx, &l)
		c := open{head: tx.ID, links: 1, made: made}
		for i := range tx.Inputs {
			prev := tx.Inputs[i].Prev
			before, ok := chains[prev]
			if !ok {
				continue
			}
			if uint32(i) == l.Vin && before.made == made {
				c.head, c.links = before.head, before.links+1
				delete(chains, prev)
				continue
			}
			x.end(p, chains, prev)
		}
		chains[l.Carried] = c
	}
	whole := s.Scope().To == 0
	for _, c := range chains {
		// Beyond the end of the scope a chain may grow to its length.
		if int(c.links) >= p.MinLinks || !whole {
			x.heads[c.head] = struct{}{}
		}
	}
	return x, nil
}

// end closes the chain that a coin belongs to, if any.
func (x *index) end(p *Params, chains map[model.Outpoint]open, coin model.Outpoint) {
	c, ok := chains[coin]
	if !ok {
		return
	}
	if int(c.links) >= p.MinLinks {
		x.heads[c.head] = struct{}{}
	}
	delete(chains, coin)
}

// may reports whether a chain may begin with a transaction.
func (x *index) may(s heuristics.Scope, tx *model.Tx) bool {
	if !x.read || !tx.Block.Has(model.KnownHeight) || tx.Block.Height < s.From || s.To != 0 && tx.Block.Height > s.To {
		return true
	}
	_, ok := x.heads[tx.ID]
	return ok
}
