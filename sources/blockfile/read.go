package blockfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"slices"

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
		var br blockReader
		for i := range c.within(r) {
			b := &c.blocks[i]
			blk, err := c.readBlock(ctx, b, &br)
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

// blockReader reads blocks one after the other and uses its memory again.
type blockReader struct {
	view  model.BlockView
	spent [][]byte // by input: from where the output begins that it spends; nil where that is not at hand
	buf   []byte   // of a block
	out   [64]byte // of an output
}

// readBlock reads a block of the chain whole.
func (c *Chain) readBlock(ctx context.Context, b *block, r *blockReader) (*model.Block, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	done, err := c.use("Blocks")
	if err != nil {
		return nil, err
	}
	defer done()
	at := c.chain[b.pos]
	raw, err := c.readRaw(at, r)
	if err != nil {
		return nil, err
	}
	// These bytes were checked against the header when the chain was opened, so
	// that the ids are known.
	if err := r.view.Decode(raw); err != nil || len(r.view.Txs) != int(b.txs) {
		return nil, errChanged
	}
	prev := c.prev[b.prevFrom : b.prevFrom+b.ins]
	r.find(c, prev, at)
	companion := c.companions[at]
	return r.view.BlockWith(c.net, c.ref(b), model.Beyond{
		IDs: c.ids[b.txFrom : b.txFrom+b.txs],
		Spent: func(in int, _ *model.Outpoint) (value model.Amount, owner model.Address, ok bool, err error) {
			n := in - 1 // the first is the coinbase's
			var script []byte
			switch {
			case r.spent[n] != nil:
				value, script, err = cutOutput(r.spent[n])
			case prev[n] > 0:
				value, script, err = c.readOutput(prev[n]-1, at, r.out[:])
			case companion != nil:
				value, script = companion.at(n)
			default:
				return 0, owner, false, nil
			}
			return value, model.AddressOf(script, c.net), true, err
		},
	})
}

// find looks for the outputs that a block spends among the blocks at hand. Their
// bytes are seldom in a processor's cache. Here none is waited for before the next
// is asked for.
func (r *blockReader) find(c *Chain, prev []uint32, at int32) {
	r.spent = slices.Grow(r.spent[:0], len(prev))[:len(prev)]
	for n, out := range prev {
		r.spent[n] = nil
		if out == 0 {
			continue
		}
		if raw := c.held(c.blockOfOutput(out-1, at)); raw != nil {
			r.spent[n] = raw[c.outOff[out-1]:]
		}
	}
	for _, raw := range r.spent {
		if len(raw) > 8 {
			r.out[0] ^= raw[8]
		}
	}
}

// held returns the bytes of a block where they are in memory.
func (c *Chain) held(block int32) []byte {
	b := &c.blocks[block]
	if mem := c.files[b.file].mem; mem != nil {
		return mem[b.off : b.off+int64(b.size)]
	}
	return c.recent.get(block)
}

// readRaw reads the bytes of a block and checks that they are what they were when
// the chain was opened.
func (c *Chain) readRaw(block int32, r *blockReader) ([]byte, error) {
	b := &c.blocks[block]
	f := c.files[b.file]
	held := c.held(block)
	if f.mem != nil {
		return held, nil
	}
	var buf []byte
	if held != nil {
		buf = r.buf
	}
	raw, err := f.bytes(b.off, int(b.size), buf)
	switch {
	case err != nil:
		return nil, err
	case maphash.Bytes(c.seed, raw) != b.sum:
		return nil, errChanged
	case held != nil:
		r.buf = raw
		return held, nil
	}
	c.recent.add(block, raw)
	return raw, nil
}

// tx reads one transaction of the chain.
func (c *Chain) tx(n uint32) (*model.Tx, error) {
	b := c.blockOf(n)
	at := c.chain[b.pos]
	i := n - b.txFrom
	from, to := c.txOff[n], b.size
	if i+1 < b.txs {
		to = c.txOff[n+1]
	}
	raw, err := c.files[b.file].bytes(b.off+int64(from), int(to-from), nil)
	if err != nil {
		return nil, err
	}
	var ids []model.TxID // where they need not be computed again
	if held := c.held(at); held != nil && bytes.Equal(raw, held[from:to]) {
		ids = c.ids[n : n+1]
	}
	ref := c.ref(b)
	ref.Pos = int32(i)
	ref.Known |= model.KnownPos
	companion := c.companions[at]
	r, _ := c.readers.Get().(*blockReader)
	if r == nil {
		r = new(blockReader)
	}
	defer c.readers.Put(r)
	if err := r.view.DecodeTx(raw); err != nil {
		return nil, errChanged
	}
	t, err := r.view.TxWith(0, c.net, ref, model.Beyond{
		IDs: ids,
		Spent: func(in int, prev *model.Outpoint) (value model.Amount, owner model.Address, ok bool, err error) {
			var script []byte
			if _, out, _, known := c.output(*prev); known {
				value, script, err = c.readOutput(out, at, r.out[:])
			} else if companion != nil {
				value, script = companion.output(int(i), in)
			} else {
				return 0, owner, false, nil
			}
			return value, model.AddressOf(script, c.net), true, err
		},
	})
	if err != nil {
		return nil, err
	}
	if t.ID != c.ids[n] {
		return nil, errChanged
	}
	return t, nil
}

// readOutput reads an output of the chain in place, for a transaction of the
// block near. The script may alias buf.
func (c *Chain) readOutput(out uint32, near int32, buf []byte) (model.Amount, []byte, error) {
	block := c.blockOfOutput(out, near)
	b := &c.blocks[block]
	f := c.files[b.file]
	at := int64(c.outOff[out])
	if raw := c.held(block); raw != nil {
		return cutOutput(raw[at:])
	}
	// An output of the usual forms fits into the buffer.
	raw, err := f.bytes(b.off+at, int(min(int64(len(buf)), int64(b.size)-at)), buf)
	if err != nil {
		return 0, nil, err
	}
	value, script, err := cutOutput(raw)
	if err == nil || len(raw) < len(buf) {
		return value, script, err
	}
	_, size, ok := scriptSize(raw)
	if !ok || at+int64(size) > int64(b.size) {
		return 0, nil, errChanged
	}
	if raw, err = f.bytes(b.off+at, size, nil); err != nil {
		return 0, nil, err
	}
	return cutOutput(raw)
}

// cutOutput reads an output, the script of which aliases raw. It is an error where
// raw ends before the script does.
func cutOutput(raw []byte) (model.Amount, []byte, error) {
	from, to, ok := scriptSize(raw)
	if !ok || to > len(raw) {
		return 0, nil, errChanged
	}
	return model.Amount(binary.LittleEndian.Uint64(raw)), raw[from:to], nil
}

// scriptSize tells where the script of an output begins and ends.
func scriptSize(raw []byte) (from, to int, ok bool) {
	if len(raw) < 13 { // value and lock time at least, with the longest length
		return 0, 0, false
	}
	switch n := raw[8]; n {
	default:
		return 9, 9 + int(n), true
	case 0xfd:
		return 11, 11 + int(binary.LittleEndian.Uint16(raw[9:])), true
	case 0xfe:
		n := binary.LittleEndian.Uint32(raw[9:])
		return 13, 13 + int(n), n <= model.MaxBlockSize
	case 0xff:
		return 0, 0, false
	}
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
