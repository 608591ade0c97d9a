package heuristics

import (
	"context"
	"iter"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Subject is what a pass is about. Tx is the transaction that Ref names, where
// the generator has it at hand; else the engine looks it up.
type Subject struct {
	Ref model.Ref
	Tx  *model.Tx
}

// Refs yields references as subjects.
func Refs(refs ...model.Ref) iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		for _, r := range refs {
			if !yield(Subject{Ref: r}, nil) {
				return
			}
		}
	}
}

// InBlocks yields every transaction of a range of blocks in ledger order.
func InBlocks(ctx context.Context, b sources.BlockReader, r sources.Range) iter.Seq2[Subject, error] {
	return inBlocks(b.Blocks(ctx, r))
}

func inBlocks(blocks iter.Seq2[*model.Block, error]) iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		for blk, err := range blocks {
			if err != nil {
				yield(Subject{}, err)
				return
			}
			for _, tx := range blk.Txs {
				if !yield(Subject{model.RefTx(tx.ID), tx}, nil) {
					return
				}
			}
		}
	}
}

// InHistory yields the transactions of addresses, address by address, each once
// for each address that it pays or spends.
func InHistory(ctx context.Context, h sources.HistoryReader, r sources.Range, as ...model.Address) iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		for _, a := range as {
			for tx, err := range h.History(ctx, a, r) {
				if err != nil {
					yield(Subject{}, err)
					return
				}
				if !yield(Subject{model.RefTx(tx.ID), tx}, nil) {
					return
				}
			}
		}
	}
}

// Join yields the subjects of several sequences, one after the other.
func Join(seqs ...iter.Seq2[Subject, error]) iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		for _, seq := range seqs {
			for s, err := range seq {
				if !yield(s, err) || err != nil {
					return
				}
			}
		}
	}
}
