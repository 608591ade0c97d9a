package heuristics

import (
	"context"
	"iter"
	"sync/atomic"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// kept holds the blocks of a scope that is small enough, so that its second reader
// finds them parsed. It is all of them or none.
type kept struct {
	max    int64
	blocks atomic.Pointer[[]*model.Block]
}

// read yields the blocks of a range: those that are kept, or else the source's. It
// keeps them where the source tells all, and they fit.
func (k *kept) read(ctx context.Context, src sources.BlockReader, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		if all := k.blocks.Load(); all != nil {
			for _, b := range *all {
				if err := ctx.Err(); err != nil {
					yield(nil, err)
					return
				}
				if !yield(b, nil) {
					return
				}
			}
			return
		}
		var all []*model.Block
		bytes := int64(0)
		for b, err := range src.Blocks(ctx, r) {
			if !yield(b, err) || err != nil {
				return
			}
			if bytes <= k.max {
				if bytes += sizeOf(b); bytes <= k.max {
					all = append(all, b)
				} else {
					all = nil
				}
			}
		}
		if bytes <= k.max {
			k.blocks.Store(&all)
		}
	}
}

// sizeOf estimates what a block takes, its own bytes included.
func sizeOf(b *model.Block) int64 {
	n := int64(256)
	for _, tx := range b.Txs {
		n += 256 + int64(tx.Size) + 152*int64(len(tx.Inputs)) + 72*int64(len(tx.Outputs))
		for i := range tx.Inputs {
			n += 24 * int64(len(tx.Inputs[i].Witness))
		}
	}
	return n
}
