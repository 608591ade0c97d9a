package blockfile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

var (
	_ sources.TxReader      = (*Chain)(nil)
	_ sources.SpendReader   = (*Chain)(nil)
	_ sources.BlockReader   = (*Chain)(nil)
	_ sources.HistoryReader = (*Chain)(nil)
	_ sources.Provenancer   = (*Chain)(nil)
)

var errChanged = errors.New("the file changed since it was opened")

// Tip returns the last block of the chain: the highest, or where no height is
// known the last of the segment with the most work.
func (c *Chain) Tip(ctx context.Context) (model.BlockRef, error) {
	if err := ctx.Err(); err != nil {
		return model.BlockRef{}, err
	}
	return c.ref(&c.blocks[c.tip]), nil
}

// Txs returns transactions by id, nil where the chain does not have one.
// Transactions of stale branches are not on the chain.
func (c *Chain) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	done, err := c.use("Txs")
	if err != nil {
		return nil, err
	}
	defer done()
	out := make([]*model.Tx, len(ids))
	for i := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, ok := c.lookup(&ids[i])
		if !ok {
			continue
		}
		if out[i], err = c.tx(n); err != nil {
			return nil, readError("Txs", ids[i].String(), err)
		}
	}
	return out, nil
}

// Spenders returns what became of outputs. Spent is told wherever the spending
// input was read, also of an output that was not. An output is Unspent as of the
// tip only where every block from its own to the tip was read; else nothing is
// known.
func (c *Chain) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	done, err := c.use("Spenders")
	if err != nil {
		return nil, err
	}
	defer done()
	tip := &c.blocks[c.tip]
	spends := make([]model.Spend, len(outs))
	for i, o := range outs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tx, out, found, ok := c.output(o)
		var by spender
		switch {
		case ok:
			by = c.spentBy[out]
		case !found && !o.Null():
			if by, err = c.looseSpender(o); err != nil {
				return nil, readError("Spenders", o.String(), err)
			}
		}
		switch {
		case by.tx != 0:
			spends[i] = model.Spend{State: model.Spent, By: model.Inpoint{Tx: c.ids[by.tx-1], Vin: by.vin}}
		case ok && c.segmentOf(c.blockOf(tx)) == c.segmentOf(tip):
			spends[i] = model.Spend{State: model.Unspent}
			if tip.height != noHeight {
				spends[i].AsOf, spends[i].AsOfKnown = tip.height, true
			}
		}
	}
	return spends, nil
}

// segmentOf returns the index of a chain block's segment.
func (c *Chain) segmentOf(b *block) int {
	lo, hi := 0, len(c.segments)
	for lo < hi {
		if mid := (lo + hi) / 2; c.segments[mid].to <= b.pos {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Blocks yields the blocks of the range by height. For the zero range, which is
// everything, blocks of unknown height follow in the order of reading.
func (c *Chain) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		if err := ctx.Err(); err != nil { // also where the range is empty
			yield(nil, err)
			return
		}
		var view model.BlockView
		for i := range c.within(r) {
			b := &c.blocks[i]
			blk, err := c.readBlock(ctx, b, &view)
			if err != nil {
				if ctx.Err() == nil {
					err = readError("Blocks", b.hash.String(), err)
				}
				yield(nil, err)
				return
			}
			if !yield(blk, nil) {
				return
			}
		}
	}
}

// within yields the indexes of the chain's blocks in a range.
func (c *Chain) within(r sources.Range) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for _, s := range c.segments {
			from, to := s.from, s.to
			if !s.known && !r.All() {
				return // unknown heights are last
			}
			if s.known {
				base := c.blocks[c.chain[s.from]].height
				if r.From > base {
					from += min(r.From-base, s.to-s.from)
				}
				if last := base + (s.to - s.from) - 1; r.To != 0 && r.To < last {
					to -= min(last-r.To, s.to-s.from)
				}
			}
			for k := from; k < to; k++ {
				if !yield(c.chain[k]) {
					return
				}
			}
		}
	}
}

// readBlock reads a block of the chain whole.
func (c *Chain) readBlock(ctx context.Context, b *block, view *model.BlockView) (*model.Block, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done, err := c.use("Blocks")
	if err != nil {
		return nil, err
	}
	defer done()
	raw, err := c.files[b.file].bytes(b.off, int(b.size), nil)
	if err != nil {
		return nil, err
	}
	if err := view.Decode(raw); err != nil || view.Hash() != b.hash || len(view.Txs) != int(b.txs) {
		return nil, errChanged
	}
	blk := &model.Block{Header: view.Header, Ref: c.ref(b), Txs: make([]*model.Tx, len(view.Txs))}
	for i := range blk.Txs {
		t := view.Tx(i, c.net, blk.Ref)
		if t.ID != c.ids[b.txFrom+uint32(i)] {
			return nil, errChanged
		}
		if err := c.resolve(t, b, i); err != nil {
			return nil, err
		}
		blk.Txs[i] = t
	}
	return blk, nil
}

// tx reads one transaction of the chain.
func (c *Chain) tx(n uint32) (*model.Tx, error) {
	b := c.blockOf(n)
	i := n - b.txFrom
	from, to := c.txOff[n], b.size
	if i+1 < b.txs {
		to = c.txOff[n+1]
	}
	raw, err := c.files[b.file].bytes(b.off+int64(from), int(to-from), nil)
	if err != nil {
		return nil, err
	}
	t, err := model.DecodeTx(raw, c.net)
	if err != nil || t.ID != c.ids[n] {
		return nil, errChanged
	}
	t.Block = c.ref(b)
	t.Block.Pos = int32(i)
	t.Block.Known |= model.KnownPos
	return t, c.resolve(t, b, int(i))
}

// resolve completes the inputs of the i-th transaction of a block, which is not
// shared yet, with the values and owners of what they spend.
func (c *Chain) resolve(t *model.Tx, b *block, i int) error {
	if i == 0 {
		return nil // the coinbase spends nothing
	}
	companion := c.companions[c.chain[b.pos]]
	var buf [64]byte
	for j := range t.Inputs {
		in := &t.Inputs[j]
		tx, out, _, ok := c.output(in.Prev)
		var value model.Amount
		var script []byte
		switch {
		case ok:
			var err error
			if value, script, err = c.readOutput(tx, out, buf[:]); err != nil {
				return err
			}
		case companion != nil:
			value, script = companion.output(i, j)
		default:
			continue
		}
		in.Value, in.ValueKnown = value, true
		in.Owner, in.OwnerBy = model.AddressOf(script, c.net), model.OwnerPrevout
	}
	return nil
}

// readOutput reads an output of the chain in place. The script may alias buf.
func (c *Chain) readOutput(tx, out uint32, buf []byte) (model.Amount, []byte, error) {
	b := c.blockOf(tx)
	f := c.files[b.file]
	at := int64(c.outOff[out])
	// An output of the usual forms fits into the buffer.
	raw, err := f.bytes(b.off+at, int(min(int64(len(buf)), int64(b.size)-at)), buf)
	if err != nil {
		return 0, nil, err
	}
	if len(raw) < 13 { // value and lock time at least, with the longest length
		return 0, nil, errChanged
	}
	value := model.Amount(binary.LittleEndian.Uint64(raw))
	n, size := uint32(raw[8]), 1
	switch n {
	case 0xfd:
		n, size = uint32(binary.LittleEndian.Uint16(raw[9:])), 3
	case 0xfe:
		n, size = binary.LittleEndian.Uint32(raw[9:]), 5
	case 0xff:
		return 0, nil, errChanged
	}
	if at+8+int64(size)+int64(n) > int64(b.size) {
		return 0, nil, errChanged
	}
	if 8+size+int(n) <= len(raw) {
		return value, raw[8+size : 8+size+int(n)], nil
	}
	script, err := f.bytes(b.off+at+8+int64(size), int(n), nil)
	return value, script, err
}

func readError(op, key string, err error) error {
	var e *sources.Error
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errChanged
	}
	return &sources.Error{Source: "blockfile", Op: op, Key: key, Err: fmt.Errorf("%w: %w", sources.ErrUnavailable, err)}
}
