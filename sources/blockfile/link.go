package blockfile

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// segment is a part of the chain without gaps, as a range of places.
type segment struct {
	from, to int32
	known    bool // whether its heights are
}

// tree is the blocks that descend from one parent that was not read.
type tree struct {
	order []int32 // its blocks, parents before children, in the order of reading otherwise
	main  []int32 // the branch with the most work
	work  u256    // of main
	base  int64   // height of the first block of main, or noHeight
}

// link finds the chain: it joins blocks by the hash of the one before, keeps
// the branch with the most work of each tree, tells heights and median times,
// and puts the trees in order.
func (c *Chain) link() {
	trees := c.trees()
	var known, unknown []*tree
	for i := range trees {
		t := &trees[i]
		c.choose(t)
		c.place(t)
		if t.base == int64(noHeight) {
			unknown = append(unknown, t)
		} else {
			known = append(known, t)
		}
	}
	c.settle(known)
	known = slices.DeleteFunc(known, func(t *tree) bool { return len(t.main) == 0 })
	slices.SortStableFunc(known, func(a, b *tree) int { return cmp.Compare(a.base, b.base) })
	for _, t := range slices.Concat(known, unknown) {
		c.append(t)
	}
	for i := range trees {
		c.reportStale(&trees[i])
	}
	c.reportPlaces(known, unknown)

	// The tip is the last block by height; where no height is known, the end
	// of the segment with the most work.
	switch {
	case len(known) > 0:
		main := known[len(known)-1].main
		c.tip = main[len(main)-1]
	case len(unknown) > 0:
		best := unknown[0]
		for _, t := range unknown[1:] {
			if best.work.less(t.work) || best.work == t.work && len(t.main) > len(best.main) {
				best = t
			}
		}
		c.tip = best.main[len(best.main)-1]
	}
}

// trees joins the blocks. Those whose parent was not read belong together where
// the parent is the same, for then at most one of them is on the chain.
func (c *Chain) trees() []tree {
	byHash := make(map[model.BlockHash]int32, len(c.blocks))
	for i := range c.blocks {
		byHash[c.blocks[i].hash] = int32(i)
	}
	// Children as lists through two flat slices, in the order of reading.
	first := make([]int32, len(c.blocks))
	next := make([]int32, len(c.blocks))
	for i := range first {
		first[i], next[i] = noBlock, noBlock
	}
	var ts []tree
	rootsOf := make(map[model.BlockHash]int32)
	for i := len(c.blocks) - 1; i >= 0; i-- {
		b := &c.blocks[i]
		if p, ok := byHash[b.prev]; ok {
			b.parent = p
			next[i], first[p] = first[p], int32(i)
		}
	}
	for i := range c.blocks {
		b := &c.blocks[i]
		if b.parent != noBlock {
			continue
		}
		t, ok := rootsOf[b.prev]
		if !ok {
			t = int32(len(ts))
			rootsOf[b.prev] = t
			ts = append(ts, tree{base: int64(noHeight)})
		}
		ts[t].order = append(ts[t].order, int32(i))
	}
	for i := range ts {
		t := &ts[i]
		for k := 0; k < len(t.order); k++ {
			for child := first[t.order[k]]; child != noBlock; child = next[child] {
				t.order = append(t.order, child)
			}
		}
	}
	return ts
}

// choose finds the branch with the most work, of equal ones the longest, of
// those the one that was read whole first.
func (c *Chain) choose(t *tree) {
	work := make(map[uint32]u256) // by compact target
	sums := make(map[int32]branchSum, len(t.order))
	best := noBlock
	for _, i := range t.order {
		b := &c.blocks[i]
		w, ok := work[b.bits]
		if !ok {
			w = workOf(b.bits)
			work[b.bits] = w
		}
		s := sums[b.parent] // zero for a root
		s = branchSum{s.work.add(w), s.length + 1}
		sums[i] = s
		if best == noBlock || s.above(sums[best], i < best) {
			best = i
		}
	}
	t.work = sums[best].work
	t.main = make([]int32, sums[best].length)
	for k, i := len(t.main)-1, best; i != noBlock; k, i = k-1, c.blocks[i].parent {
		t.main[k] = i
	}
}

type branchSum struct {
	work   u256
	length int32
}

func (a branchSum) above(b branchSum, earlier bool) bool {
	if a.work != b.work {
		return b.work.less(a.work)
	}
	if a.length != b.length {
		return a.length > b.length
	}
	return earlier
}

// workOf is the number of hashes that a block with the compact target takes on
// average: 2^256 / (target + 1), and none where the target is invalid.
func workOf(compact uint32) (w u256) {
	target, ok := targetOf(compact)
	if !ok {
		return w
	}
	var b [32]byte
	for i, word := range target {
		for k := range 8 {
			b[8*i+k] = byte(word >> (56 - 8*k))
		}
	}
	n := new(big.Int).SetBytes(b[:])
	n.Add(n, big.NewInt(1))
	n.Div(new(big.Int).Lsh(big.NewInt(1), 256), n)
	n.FillBytes(b[:])
	for i := range w {
		for k := range 8 {
			w[i] = w[i]<<8 | uint64(b[8*i+k])
		}
	}
	return w
}

// place tells the heights of a branch: from the genesis block where it begins
// there, else from what most coinbases declare. Where they disagree, the links
// are right and the coinbases wrong.
func (c *Chain) place(t *tree) {
	root := &c.blocks[t.main[0]]
	genesis := c.net.Genesis()
	switch {
	case root.hash == genesis:
		t.base = 0
	case root.prev == genesis:
		t.base = 1
	default:
		t.base = c.declaredBase(t)
		if t.base == int64(noHeight) && root.prev == (model.BlockHash{}) {
			t.base = 0 // no parent: the first block of a chain of its own
		}
	}
	if t.base+int64(len(t.main))-1 > math.MaxInt32 {
		t.base = int64(noHeight)
	}
	if t.base == int64(noHeight) {
		return
	}
	wrong := Problem{Kind: Height}
	var at int32
	for k, i := range t.main {
		b := &c.blocks[i]
		b.height = int32(t.base) + int32(k)
		if b.declared == noHeight || b.declared == b.height {
			continue
		}
		if wrong.Blocks++; wrong.Blocks == 1 {
			at, wrong.Offset = b.file, b.off
			wrong.Detail = fmt.Sprintf("the coinbase of block %v declares height %d, but by its links it is at %d", b.hash, b.declared, b.height)
		}
	}
	if wrong.Blocks > 0 {
		if wrong.Blocks > 1 {
			wrong.Detail += fmt.Sprintf(" (%d such blocks in this segment)", wrong.Blocks)
		}
		c.bad.add(at, wrong)
	}
}

// declaredBase returns the height of a branch's first block that most of its
// coinbases imply, of equally many the first.
func (c *Chain) declaredBase(t *tree) int64 {
	least := int64(1)
	if c.blocks[t.main[0]].prev == (model.BlockHash{}) {
		least = 0
	}
	votes := make(map[int64]int)
	most := 0
	for k, i := range t.main {
		if d := c.blocks[i].declared; d != noHeight && int64(d)-int64(k) >= least {
			votes[int64(d)-int64(k)]++
			most = max(most, votes[int64(d)-int64(k)])
		}
	}
	for k, i := range t.main {
		if d := c.blocks[i].declared; d != noHeight && most > 0 && votes[int64(d)-int64(k)] == most {
			return int64(d) - int64(k)
		}
	}
	return int64(noHeight)
}

// settle drops what cannot be on one chain with a segment of more work: another
// block at a height that is taken, or whose parent would be, and everything
// after it.
func (c *Chain) settle(known []*tree) {
	if len(known) < 2 {
		return
	}
	byWork := slices.Clone(known)
	slices.SortStableFunc(byWork, func(a, b *tree) int {
		switch {
		case b.work.less(a.work):
			return -1
		case a.work.less(b.work):
			return 1
		}
		return 0
	})
	taken := make(map[int64]model.BlockHash)
	for _, t := range byWork {
		keep := len(t.main)
		root := &c.blocks[t.main[0]]
		if h, ok := taken[t.base-1]; ok && h != root.prev {
			keep = 0
		}
		for k := range keep {
			if h, ok := taken[t.base+int64(k)]; ok && h != c.blocks[t.main[k]].hash {
				keep = k
				break
			}
		}
		for _, i := range t.main[keep:] {
			c.blocks[i].height = noHeight
		}
		if t.main = t.main[:keep]; keep == 0 {
			continue
		}
		if t.base > 0 {
			taken[t.base-1] = root.prev
		}
		for k, i := range t.main {
			taken[t.base+int64(k)] = c.blocks[i].hash
		}
	}
}

// append adds a branch to the chain and tells its median times.
func (c *Chain) append(t *tree) {
	from := int32(len(c.chain))
	for _, i := range t.main {
		c.blocks[i].pos = int32(len(c.chain))
		c.chain = append(c.chain, i)
	}
	known := t.base != int64(noHeight)
	c.segments = append(c.segments, segment{from, int32(len(c.chain)), known})

	// The median is over a block and the ten before it, as nodes and explorers
	// tell it, and over fewer only where the chain has no more.
	var times [11]uint32
	for k, i := range t.main {
		n := min(k+1, len(times))
		if n < len(times) && t.base != 0 {
			continue
		}
		for j := range n {
			times[j] = c.blocks[t.main[k-j]].time
		}
		slices.Sort(times[:n])
		c.blocks[i].median, c.blocks[i].medianKnown = times[n/2], true
	}
}

// reportStale reports each branch of a tree that is not on the chain.
func (c *Chain) reportStale(t *tree) {
	branch := make(map[int32]int32) // by block, the first of the branch
	var firsts []int32
	count := make(map[int32]*Problem)
	for _, i := range t.order {
		b := &c.blocks[i]
		if b.pos != noBlock {
			continue
		}
		first, ok := branch[b.parent]
		if !ok {
			first = i
			firsts = append(firsts, i)
			count[i] = &Problem{Kind: Stale, Offset: b.off}
		}
		branch[i] = first
		count[first].Blocks++
		count[first].Bytes += int64(b.size)
	}
	for _, i := range firsts {
		b, p := &c.blocks[i], count[i]
		p.Detail = fmt.Sprintf("a branch of %d blocks from %v, with less work than the one kept", p.Blocks, b.hash)
		if b.parent != noBlock && c.blocks[b.parent].height != noHeight {
			p.Detail = fmt.Sprintf("a branch of %d blocks from %v at height %d, with less work than the one kept", p.Blocks, b.hash, c.blocks[b.parent].height+1)
		}
		c.bad.add(b.file, *p)
	}
}

// reportPlaces reports missing heights between segments, and segments without
// heights.
func (c *Chain) reportPlaces(known, unknown []*tree) {
	for i := 1; i < len(known); i++ {
		last := known[i-1].base + int64(len(known[i-1].main)) - 1
		b := &c.blocks[known[i].main[0]]
		missing := known[i].base - last - 1
		c.bad.add(b.file, Problem{Kind: Gap, Offset: b.off, Blocks: int(missing),
			Detail: fmt.Sprintf("the blocks from height %d to %d, before this one, were not read", last+1, known[i].base-1)})
	}
	for _, t := range unknown {
		b := &c.blocks[t.main[0]]
		c.bad.add(b.file, Problem{Kind: Unplaced, Offset: b.off, Blocks: len(t.main),
			Detail: fmt.Sprintf("the height of block %v and the %d that follow it is not known", b.hash, len(t.main)-1)})
	}
}

// ref says where a block of the chain stands.
func (c *Chain) ref(b *block) model.BlockRef {
	r := model.BlockRef{Hash: b.hash, Time: int64(b.time), Bits: b.bits, Known: model.KnownHash | model.KnownTime | model.KnownBits}
	if b.height != noHeight {
		r.Height = b.height
		r.Known |= model.KnownHeight
	}
	if b.medianKnown {
		r.Median = int64(b.median)
		r.Known |= model.KnownMedian
	}
	return r
}
