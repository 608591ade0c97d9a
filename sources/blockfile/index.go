package blockfile

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"sort"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// index is what is held of transactions and outputs: flat slices by number, in
// the order of reading, without pointers. A transaction takes 32 bytes for its
// id, 8 for where it is, and 8 to 16 in the table; an output takes 12, and an
// input whose output was not read 24.
type index struct {
	seed    maphash.Seed
	ids     []model.TxID
	txOff   []uint32 // offset in the block
	outFrom []uint32 // number of the first output
	outOff  []uint32 // offset of each output in the block
	spentBy []spender
	prev    []uint32 // by input of the chain, coinbases apart: number of the output that it spends, plus one; 0 where it was not read

	// table finds a transaction of the chain by its id: numbers plus one, by
	// open addressing; 0 is an empty slot.
	table []uint32

	// loose are the inputs whose outputs were not read, sorted by key, which
	// is a hash of the outpoint.
	loose []loose
}

// spender is the input that spends an output: the transaction's number plus
// one, or 0 where none that was read does.
type spender struct{ tx, vin uint32 }

type loose struct {
	key     uint64
	tx, vin uint32
	at      uint32 // offset of the outpoint in the block
}

// lookup returns the number of a transaction of the chain.
func (x *index) lookup(id *model.TxID) (n uint32, ok bool) {
	mask := uint64(len(x.table) - 1)
	for at := maphash.Bytes(x.seed, id[:]) & mask; ; at = (at + 1) & mask {
		switch n := x.table[at]; {
		case n == 0:
			return 0, false
		case x.ids[n-1] == *id:
			return n - 1, true
		}
	}
}

// put enters a transaction and returns the number under which its id stood
// before.
func (x *index) put(n uint32) (before uint32, ok bool) {
	mask := uint64(len(x.table) - 1)
	for at := maphash.Bytes(x.seed, x.ids[n][:]) & mask; ; at = (at + 1) & mask {
		switch m := x.table[at]; {
		case m == 0:
			x.table[at] = n + 1
			return 0, false
		case x.ids[m-1] == x.ids[n]:
			x.table[at] = n + 1
			return m - 1, true
		}
	}
}

// outputs returns the number of a transaction's first output and how many
// there are.
func (x *index) outputs(tx uint32) (from, count uint32) {
	from, to := x.outFrom[tx], uint32(len(x.outOff))
	if int(tx)+1 < len(x.outFrom) {
		to = x.outFrom[tx+1]
	}
	return from, to - from
}

// output returns the number of an output of a transaction of the chain; tx is
// its transaction's. found tells whether the transaction was read.
func (x *index) output(o model.Outpoint) (tx, out uint32, found, ok bool) {
	tx, found = x.lookup(&o.Tx)
	if !found {
		return 0, 0, false, false
	}
	from, count := x.outputs(tx)
	return tx, from + o.Vout, true, o.Vout < count
}

func (x *index) looseKey(outpoint []byte) uint64 { return maphash.Bytes(x.seed, outpoint) }

// build fills the table and finds what spends what, by reading the chain once
// more in its order.
func (c *Chain) build(ctx context.Context) error {
	total := 0
	for _, i := range c.chain {
		total += int(c.blocks[i].txs)
	}
	size := 16
	for size < 2*total {
		size *= 2
	}
	c.table = make([]uint32, size)
	for _, i := range c.chain {
		b := &c.blocks[i]
		for n := b.txFrom; n < b.txFrom+b.txs; n++ {
			if before, ok := c.put(n); ok {
				c.bad.add(b.file, Problem{Kind: Repeated, Offset: b.off, Blocks: 1,
					Detail: fmt.Sprintf("transaction %v stands in block %v already", c.ids[n], c.blockOf(before).hash)})
			}
		}
	}

	c.spentBy = make([]spender, len(c.outOff))
	inputs := uint64(0)
	for _, i := range c.chain {
		c.blocks[i].prevFrom = uint32(inputs)
		inputs += uint64(c.blocks[i].ins)
	}
	if inputs > maxIndex {
		return openError(c.files[0].name, sources.ErrUnavailable, errTooMany)
	}
	c.prev = make([]uint32, 0, inputs)
	var view model.BlockView
	var buf []byte
	for _, i := range c.chain {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &c.blocks[i]
		raw, err := c.files[b.file].bytes(b.off, int(b.size), buf)
		if err != nil {
			return fail(ctx, c.files[b.file].name, err)
		}
		if c.files[b.file].mem == nil {
			buf = raw
		}
		if err := view.Decode(raw); err != nil || maphash.Bytes(c.seed, raw) != b.sum {
			return openError(c.files[b.file].name, sources.ErrUnavailable, errChanged)
		}
		for k := 1; k < len(view.Txs); k++ {
			tx := &view.Txs[k]
			for in := tx.InFrom; in < tx.InTo; in++ {
				c.spend(b, b.txFrom+uint32(k), in-tx.InFrom, view.Prev(int(in)), raw, view.Ins[in].Prev)
			}
		}
	}
	return c.sortLoose()
}

// sortLoose sorts the inputs whose outputs were not read, and keeps of several
// that spend the same one the first on the chain.
func (c *Chain) sortLoose() error {
	slices.SortFunc(c.loose, func(a, b loose) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.tx, b.tx), cmp.Compare(a.vin, b.vin))
	})
	kept := c.loose[:0]
	for from := 0; from < len(c.loose); {
		to := from + 1
		for to < len(c.loose) && c.loose[to].key == c.loose[from].key {
			to++
		}
		run := c.loose[from:to]
		if from = to; len(run) == 1 {
			kept = append(kept, run[0])
			continue
		}
		// The numbers follow the order of reading.
		slices.SortStableFunc(run, func(a, b loose) int { return cmp.Compare(c.blockOf(a.tx).pos, c.blockOf(b.tx).pos) })
		var outpoints [][36]byte // of the kept ones: one, unless the key is one of a collision
		for _, l := range run {
			b := c.blockOf(l.tx)
			f := c.files[b.file]
			raw, err := f.bytes(b.off+int64(l.at), 36, nil)
			if err != nil {
				return openError(f.name, sources.ErrUnavailable, err)
			}
			if o := [36]byte(raw); !slices.Contains(outpoints, o) {
				outpoints = append(outpoints, o)
				kept = append(kept, l)
				continue
			}
			c.bad.add(b.file, Problem{Kind: Overspent, Offset: b.off, Blocks: 1,
				Detail: fmt.Sprintf("input %d of transaction %v spends an output that was not read and that an earlier input spends", l.vin, c.ids[l.tx])})
		}
	}
	c.loose = slices.Clip(kept)
	return nil
}

// spend enters an input. Of several that spend the same output the first on the
// chain counts.
func (c *Chain) spend(b *block, tx, vin uint32, o model.Outpoint, raw []byte, at uint32) {
	_, out, found, ok := c.output(o)
	if ok {
		c.prev = append(c.prev, out+1)
	} else {
		c.prev = append(c.prev, 0)
	}
	switch {
	case !found:
		c.loose = append(c.loose, loose{c.looseKey(raw[at : at+36]), tx, vin, at})
	case !ok:
		c.bad.add(b.file, Problem{Kind: Overspent, Offset: b.off, Blocks: 1,
			Detail: fmt.Sprintf("input %d of transaction %v spends %v, which does not exist", vin, c.ids[tx], o)})
	case c.spentBy[out].tx != 0:
		c.bad.add(b.file, Problem{Kind: Overspent, Offset: b.off, Blocks: 1,
			Detail: fmt.Sprintf("input %d of transaction %v spends %v, which %v spends", vin, c.ids[tx], o, c.ids[c.spentBy[out].tx-1])})
	default:
		c.spentBy[out] = spender{tx + 1, vin}
	}
}

// blockOf returns the block that holds a transaction.
func (c *Chain) blockOf(tx uint32) *block {
	i := sort.Search(len(c.blocks), func(i int) bool { return c.blocks[i].txFrom > tx })
	return &c.blocks[i-1]
}

// blockOfOutput returns the index of the block that holds an output. Most
// outputs are spent soon, so it looks near that of the spending transaction
// first.
func (c *Chain) blockOfOutput(out uint32, near int32) int32 {
	first := func(i int32) uint32 { return c.outFrom[c.blocks[i].txFrom] }
	// Invariant: the block is in [lo, hi).
	lo, hi, step := near, int32(len(c.blocks)), int32(1)
	for lo > 0 && first(lo) > out {
		hi = lo
		lo = max(0, lo-step)
		step *= 2
	}
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; first(mid) > out {
			hi = mid
		} else {
			lo = mid
		}
	}
	return lo
}

// looseSpender finds the input that spends an output which was not read.
func (c *Chain) looseSpender(o model.Outpoint) (s spender, err error) {
	var want [36]byte
	copy(want[:], o.Tx[:])
	binary.LittleEndian.PutUint32(want[32:], o.Vout)
	key := c.looseKey(want[:])
	at, _ := slices.BinarySearchFunc(c.loose, key, func(l loose, key uint64) int { return cmp.Compare(l.key, key) })
	var buf [36]byte
	for ; at < len(c.loose) && c.loose[at].key == key; at++ {
		l := &c.loose[at]
		b := c.blockOf(l.tx)
		have, err := c.files[b.file].bytes(b.off+int64(l.at), len(want), buf[:])
		if err != nil {
			return s, err
		}
		if bytes.Equal(have, want[:]) {
			return spender{l.tx + 1, l.vin}, nil
		}
	}
	return s, nil
}
