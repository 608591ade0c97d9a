package cluster

import (
	"cmp"
	"slices"
	"sync"

	"github.com/goldwash/goldwash/model"
)

// joints are the transactions that joined addresses, and which, as the scan met
// them.
type joints struct {
	txs    [][]model.TxID // in pieces, which do not move as they grow in number
	height []int32        // by transaction, -1 where unknown
	owners []uint32       // ids, of each transaction sorted and each once
	ends   []int          // by transaction: where its owners end
}

func (j *joints) add(tx model.TxID, height int32, owners []uint32) {
	from := len(j.owners)
	j.owners = append(j.owners, owners...)
	these := j.owners[from:]
	slices.Sort(these)
	j.owners = j.owners[:from+len(slices.Compact(these))]
	j.ends, j.height = append(j.ends, len(j.owners)), append(j.height, height)
	last := len(j.txs) - 1
	if last < 0 || len(j.txs[last]) == cap(j.txs[last]) {
		j.txs = append(j.txs, make([]model.TxID, 0, min(max(len(j.ends), 16), 1<<13)))
		last++
	}
	j.txs[last] = append(j.txs[last], tx)
}

// of returns the owners of a joint transaction.
func (j *joints) of(i int) []uint32 {
	from := 0
	if i > 0 {
		from = j.ends[i-1]
	}
	return j.owners[from:j.ends[i]]
}

// LinkedWithout reports whether two addresses are in one cluster by the joins of
// other transactions than this one. Who asks what a transaction shows about its
// inputs must not let it prove that they are one party's. An address is always
// linked with itself.
func (x *Index) LinkedWithout(tx model.TxID, a, b model.Address) bool {
	return a == b || x.Same(a, b) && x.PartWithout(tx, a) == x.PartWithout(tx, b)
}

// PartWithout returns the number of the part that an address is in if the join of
// a transaction falls away: two addresses of one cluster are linked without it
// where their parts are equal. Numbers of different transactions or clusters mean
// nothing to each other; one of a transaction that did not join the cluster is 0.
//
// Predictions of change that the transaction gave rise to fall away too; see
// [Index.PartWithoutLink]. The first call reads all joins of the scope once.
func (x *Index) PartWithout(tx model.TxID, a model.Address) uint32 {
	id, ok := x.addrs.id(a)
	if !ok {
		return 0
	}
	return x.cuts().part(tx, Cospend, id)
}

// PartWithoutLink is as [Index.PartWithout] for the one link of a type that a
// transaction made: the joint signature of its inputs, or the prediction of its
// change, while its other link stays.
//
// Nothing that was refused on account of the link comes in for it: the parts are
// what the other links of the cluster make, and not what a new clustering would,
// which may join more, and refuse what contradicts that. [Params.Skip] makes one.
func (x *Index) PartWithoutLink(t LinkType, tx model.TxID, a model.Address) uint32 {
	id, ok := x.addrs.id(a)
	if !ok {
		return 0
	}
	if len(x.weak) == 0 {
		if t != Cospend {
			return 0
		}
		return x.cuts().part(tx, t, id)
	}
	return x.linkCuts().part(tx, t, id)
}

// LinkedWithoutLink is as [Index.LinkedWithout] for one link of a transaction.
func (x *Index) LinkedWithoutLink(t LinkType, tx model.TxID, a, b model.Address) bool {
	return a == b || x.Same(a, b) && x.PartWithoutLink(t, tx, a) == x.PartWithoutLink(t, tx, b)
}

// cuts tell what falls apart without each joint transaction: which of them are
// cut vertices of the graph of addresses and joint transactions, and what they
// part (Hopcroft and Tarjan 1973). Addresses are the vertices up to len(first),
// transactions those from there on.
type cuts struct {
	txs    []model.TxID // sorted, each once, or once for each type of link
	types  []LinkType   // by transaction, where types are told apart
	start  []int        // by transaction, one more at the end: where its owners begin
	owners []uint32     // of each transaction first those that it was left by
	left   []uint32     // by transaction: how many of them
	in     []uint32     // by vertex: when the search came to it, 0 for never
	last   []uint32     // by vertex: when it came to the last one that was reached through it
	low    []uint32     // by vertex: the earliest that is adjacent to any of these
	addrs  int
}

// newCuts makes the cuts of whole transactions, or of each link by itself.
func (x *Index) newCuts(byLink bool) *cuts {
	j := &x.joints
	txs := slices.Concat(j.txs...)
	for i := range x.weak {
		txs = append(txs, x.weak[i].tx)
	}
	typeOf := func(i uint32) LinkType {
		if byLink && int(i) >= len(j.ends) {
			return Change
		}
		return Cospend
	}
	order := make([]uint32, len(txs))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(compareTx(txs[a], txs[b]), cmp.Compare(typeOf(a), typeOf(b)), cmp.Compare(a, b))
	})
	c := &cuts{addrs: len(x.addrs.addrs), owners: make([]uint32, 0, len(j.owners)+2*len(x.weak))}
	var last LinkType
	for _, i := range order {
		// A source that hands out a transaction twice makes one of it.
		if n := len(c.txs); n == 0 || c.txs[n-1] != txs[i] || last != typeOf(i) {
			c.txs, c.start = append(c.txs, txs[i]), append(c.start, len(c.owners))
			if last = typeOf(i); byLink {
				c.types = append(c.types, last)
			}
		}
		c.owners = append(c.owners, x.linked(int(i))...)
		this := c.owners[c.start[len(c.start)-1]:]
		slices.Sort(this)
		c.owners = c.owners[:c.start[len(c.start)-1]+len(slices.Compact(this))]
	}
	c.start = append(c.start, len(c.owners))
	c.search()
	return c
}

// search walks the graph depth first.
func (c *cuts) search() {
	m := len(c.txs)
	// The joint transactions of each address.
	begin := make([]int, c.addrs+1)
	for _, o := range c.owners {
		begin[o+1]++
	}
	for i := range c.addrs {
		begin[i+1] += begin[i]
	}
	of, fill := make([]uint32, len(c.owners)), slices.Clone(begin[:c.addrs])
	for t := range m {
		for _, o := range c.owners[c.start[t]:c.start[t+1]] {
			of[fill[o]] = uint32(t)
			fill[o]++
		}
	}
	c.left = make([]uint32, m)
	c.in, c.last, c.low = make([]uint32, c.addrs+m), make([]uint32, c.addrs+m), make([]uint32, c.addrs+m)
	type step struct{ v, from, next int }
	var path []step
	clock := uint32(0)
	enter := func(v, from int) {
		clock++
		c.in[v], c.low[v] = clock, clock
		path = append(path, step{v, from, 0})
	}
	for root := range c.addrs {
		if begin[root] == begin[root+1] || c.in[root] != 0 {
			continue
		}
		enter(root, -1)
		for len(path) > 0 {
			s := &path[len(path)-1]
			v := s.v
			var w int
			if v < c.addrs {
				if s.next == begin[v+1]-begin[v] {
					w = -1
				} else {
					w = c.addrs + int(of[begin[v]+s.next])
				}
			} else if at := c.start[v-c.addrs] + s.next; at == c.start[v-c.addrs+1] {
				w = -1
			} else {
				w = int(c.owners[at])
			}
			if w < 0 {
				c.last[v] = clock
				from := s.from
				path = path[:len(path)-1]
				if from >= 0 {
					c.low[from] = min(c.low[from], c.low[v])
				}
				continue
			}
			s.next++
			switch {
			case w == s.from:
			case c.in[w] != 0:
				c.low[v] = min(c.low[v], c.in[w])
			default:
				if t := v - c.addrs; t >= 0 {
					at, front := c.start[t]+s.next-1, c.start[t]+int(c.left[t])
					c.owners[at], c.owners[front] = c.owners[front], c.owners[at]
					c.left[t]++
				}
				enter(w, v)
			}
		}
	}
}

// part is [Index.PartWithoutLink] by the address's id; where types are not told
// apart, [Index.PartWithout].
func (c *cuts) part(tx model.TxID, typ LinkType, id uint32) uint32 {
	t, ok := slices.BinarySearchFunc(c.txs, tx, compareTx)
	if !ok {
		return 0
	}
	if c.types != nil && c.types[t] != typ {
		if t++; t == len(c.txs) || c.txs[t] != tx || c.types[t] != typ {
			return 0
		}
	}
	v := c.addrs + t
	if c.in[id] < c.in[v] || c.in[id] > c.last[v] {
		return 0 // of another cluster, or reached otherwise
	}
	// The one through which the search went on to the address.
	left := c.owners[c.start[t] : c.start[t]+int(c.left[t])]
	k, exact := slices.BinarySearchFunc(left, c.in[id], func(o, at uint32) int { return cmp.Compare(c.in[o], at) })
	if !exact {
		k--
	}
	if c.low[left[k]] < c.in[v] {
		return 0 // another transaction leads back
	}
	return left[k] + 1
}

// lazyCuts returns a function that makes the cuts when first called.
func lazyCuts(x *Index, byLink bool) func() *cuts {
	return sync.OnceValue(func() *cuts { return x.newCuts(byLink) })
}
