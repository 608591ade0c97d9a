// Package prevouts reads what a transaction spends, for the heuristics that ask where
// coins come from.
package prevouts

import (
	"context"
	"errors"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Input is an input with what it spends.
type Input struct {
	Value  model.Amount  // 0 unless Known
	Owner  model.Address // zero where it is unknown
	Parent *model.Tx     // nil where it was not needed or not read, or the sources lack it
	Known  bool          // the value is
	// Settled is the caller's mark that the owner says all that is asked: with a
	// known value the parent is not needed.
	Settled bool
	Unread  bool // the parent was not looked up
}

// Search is for whom inputs are read.
type Search struct {
	By    string // the heuristic
	Name  string // what it calls the search: "walk"
	Limit int    // on the transactions looked up
	// Settle marks inputs by their owners. It is called before the parents are
	// read, and again after, when more owners are known.
	Settle func([]Input) error
}

// Inputs reads the parents of a transaction in one batch, as far as they are needed
// and the look-ups reach, and returns how many it looked up. A spent budget is noted
// and is no error.
func (s Search) Inputs(ctx context.Context, p *heuristics.Pass, tx *model.Tx) (list []Input, lookups int, err error) {
	list = make([]Input, len(tx.Inputs))
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.ValueKnown {
			list[i].Value, list[i].Known = in.Value, true
		}
		if in.OwnerBy != model.OwnerUnknown {
			list[i].Owner = in.Owner
		}
	}
	if err := s.Settle(list); err != nil {
		return nil, 0, err
	}
	at := map[model.TxID]int{}
	var ids []model.TxID
	for i := range list {
		id := tx.Inputs[i].Prev.Tx
		if _, ok := at[id]; ok || list[i].Settled && list[i].Known {
			continue
		}
		at[id] = -1
		if len(ids) < s.Limit {
			at[id] = len(ids)
			ids = append(ids, id)
		}
	}
	txs, err := p.Txs(ctx, ids...)
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		txs = nil
		p.Partial("origin of coins: budget spent")
	case err != nil:
		return nil, 0, err
	default:
		lookups = len(ids)
		if len(ids) < len(at) {
			p.Partial("origin of coins: look-ups of the " + s.Name + " spent")
		}
	}
	for i := range list {
		in, prev := &list[i], tx.Inputs[i].Prev
		k, ok := at[prev.Tx]
		if !ok || k < 0 || k >= len(txs) {
			in.Unread = true
			continue
		}
		if in.Parent = txs[k]; in.Parent == nil {
			continue
		}
		if uint64(prev.Vout) >= uint64(len(in.Parent.Outputs)) {
			return nil, 0, &sources.Error{Source: s.By, Op: "Txs", Key: tx.ID.String(), Err: fmt.Errorf("%w: spends output %v, and that transaction has %d", sources.ErrMalformed, prev, len(in.Parent.Outputs))}
		}
		out := &in.Parent.Outputs[prev.Vout]
		if !in.Known {
			in.Value, in.Known = out.Value, true
		}
		if in.Owner.IsZero() {
			in.Owner = out.Owner
		}
	}
	return list, lookups, s.Settle(list)
}
