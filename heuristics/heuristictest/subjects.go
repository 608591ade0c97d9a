package heuristictest

import (
	"context"
	"iter"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// subjects lists what the scope of a session holds of the kinds that its
// heuristics accept, in ledger order: every transaction, and after each its
// block, outputs, inputs and addresses; then the extra ones. Each is there once.
func subjects(ctx context.Context, s *heuristics.Session, extra ...model.Ref) ([]heuristics.Subject, error) {
	wanted := map[model.RefKind]bool{model.KindTx: true}
	for _, h := range s.Engine().Heuristics() {
		for _, k := range h.Subjects {
			wanted[k] = true
		}
	}
	var subs []heuristics.Subject
	seen := map[model.Ref]bool{}
	add := func(r model.Ref, tx *model.Tx) {
		if wanted[r.Kind()] && !seen[r] {
			seen[r] = true
			subs = append(subs, heuristics.Subject{Ref: r, Tx: tx})
		}
	}
	for sub, err := range s.Sweep(ctx) {
		if err != nil {
			return nil, err
		}
		tx := sub.Tx
		add(model.RefBlock(tx.Block.Hash), nil)
		add(sub.Ref, tx)
		for i := range tx.Inputs {
			add(model.RefInpoint(tx.Inpoint(i)), tx)
			if tx.Inputs[i].OwnerBy != model.OwnerUnknown {
				add(model.RefAddress(tx.Inputs[i].Owner), nil)
			}
		}
		for i := range tx.Outputs {
			add(model.RefOutpoint(tx.Outpoint(i)), tx)
			add(model.RefAddress(tx.Outputs[i].Owner), nil)
		}
	}
	for _, r := range extra {
		add(r, nil)
	}
	return subs, nil
}

// list yields subjects.
func list(subs []heuristics.Subject) iter.Seq2[heuristics.Subject, error] {
	return func(yield func(heuristics.Subject, error) bool) {
		for _, s := range subs {
			if !yield(s, nil) {
				return
			}
		}
	}
}
