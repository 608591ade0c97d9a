package blockfile

import (
	"cmp"
	"context"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// history finds the transactions of an address. It is built when it is first
// asked for, by one more reading of the chain, and takes 16 bytes for each
// output and each input of known owner.
type history struct {
	lock    chan struct{} // holds one token: the right to look and to build
	built   bool
	entries []touch
}

// touch says that a transaction pays or spends an address with the key, which
// is a hash: others may share it.
type touch struct {
	key uint64
	pos int32  // of the block in the chain
	tx  uint32 // in the block
}

func (a touch) compare(b touch) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.pos, b.pos), cmp.Compare(a.tx, b.tx))
}

// History yields the transactions of the range that pay or spend an address, in
// ledger order. Owners of inputs count as [Chain.Txs] tells them, inferred ones
// too. For the zero range, which is everything, transactions of unknown height
// come last. The first call reads the whole chain to build an index.
func (c *Chain) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		entries, err := c.touches(ctx)
		if err != nil {
			if ctx.Err() == nil {
				err = readError("History", a.String(), err)
			}
			yield(nil, err)
			return
		}
		key := maphash.Comparable(c.seed, a)
		at, _ := slices.BinarySearchFunc(entries, key, func(t touch, key uint64) int { return cmp.Compare(t.key, key) })
		for ; at < len(entries) && entries[at].key == key; at++ {
			b := &c.blocks[c.chain[entries[at].pos]]
			if !r.All() && (b.height == noHeight || !r.Contains(b.height)) {
				continue
			}
			t, err := c.touched(ctx, b, entries[at].tx)
			if err != nil {
				if ctx.Err() == nil {
					err = readError("History", a.String(), err)
				}
				yield(nil, err)
				return
			}
			if concerns(t, a) && !yield(t, nil) {
				return
			}
		}
	}
}

func (c *Chain) touched(ctx context.Context, b *block, i uint32) (*model.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done, err := c.use("History")
	if err != nil {
		return nil, err
	}
	defer done()
	return c.tx(b.txFrom + i)
}

func concerns(t *model.Tx, a model.Address) bool {
	for i := range t.Outputs {
		if t.Outputs[i].Owner == a {
			return true
		}
	}
	for i := range t.Inputs {
		if t.Inputs[i].OwnerBy != model.OwnerUnknown && t.Inputs[i].Owner == a {
			return true
		}
	}
	return false
}

// touches returns the index, and builds it where that was not done. Whoever
// waits for another to build it goes on waiting only as long as its context
// allows; where the builder gives up, the next one begins anew.
func (c *Chain) touches(ctx context.Context) ([]touch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.history.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.history.lock }()
	if c.history.built {
		return c.history.entries, nil
	}
	var entries []touch
	var r blockReader
	for pos, i := range c.chain {
		blk, err := c.readBlock(ctx, &c.blocks[i], &r)
		if err != nil {
			return nil, err
		}
		for n, t := range blk.Txs {
			from := len(entries)
			add := func(a model.Address) {
				if !a.IsZero() {
					entries = append(entries, touch{maphash.Comparable(c.seed, a), int32(pos), uint32(n)})
				}
			}
			for k := range t.Outputs {
				add(t.Outputs[k].Owner)
			}
			for k := range t.Inputs {
				if t.Inputs[k].OwnerBy != model.OwnerUnknown {
					add(t.Inputs[k].Owner)
				}
			}
			slices.SortFunc(entries[from:], touch.compare)
			entries = entries[:from+len(slices.Compact(entries[from:]))]
		}
	}
	slices.SortFunc(entries, touch.compare)
	c.history.entries, c.history.built = slices.Clip(entries), true
	return c.history.entries, nil
}
