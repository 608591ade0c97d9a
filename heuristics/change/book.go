package change

import (
	"errors"
	"math"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// Book keeps of the transactions of a stretch of the chain what the rules must
// know beside a transaction: which appears first with a script, what spends an
// output, and how. Make one with [NewBook], add every transaction in ledger order,
// then ask. It keeps about 150 bytes for each transaction and 50 for each output,
// and is safe for concurrent use once all are added.
//
// Whether a script appeared before is known only where the stretch begins with the
// chain and has no gap; that it does not appear later, and that an output is
// unspent, only after the last gap. The heights of the transactions tell.
type Book struct {
	number map[model.TxID]uint32
	ids    []model.TxID
	prints []Fingerprint
	height []int32
	start  []uint32 // by transaction, one more at the end: its first output
	by     []uint32 // by output: the number of what spends it plus one
	owner  []uint32 // by output
	next   []uint32 // by output: the next output that pays its owner, plus one
	owners map[model.Address]uint32
	first  []uint32 // by owner: the first transaction in which he appears
	last   []uint32 // by owner: the last output that pays him, plus one

	partial bool
	whole   int // how many transactions from the beginning of the chain on have no gap between
	joined  int // from which transaction on there is no gap
	at      int32
	gaps    [][2]int32 // the heights below and above each
}

// NewBook returns an empty book. Partial says that the transactions are a choice
// and not all of their blocks, so that nothing follows from what is not there.
func NewBook(partial bool) *Book {
	return &Book{number: map[model.TxID]uint32{}, owners: map[model.Address]uint32{}, start: []uint32{0}, partial: partial, at: -1}
}

// errFull says that a stretch holds more than can be numbered.
var errFull = errors.New("change: more than 2^32-2 outputs or transactions in one stretch")

// Add adds the next transaction. The error says that the book is full.
func (b *Book) Add(tx *model.Tx) error {
	n := len(b.ids)
	if uint64(n) >= math.MaxUint32-1 || uint64(len(b.by))+uint64(len(tx.Outputs)) >= math.MaxUint32-1 {
		return errFull
	}
	h := tx.Block.Height
	switch known := tx.Block.Has(model.KnownHeight); {
	case !known:
		b.joined, h = n+1, -1
	case h == b.at || h == b.at+1:
		if b.whole == n && b.joined == 0 {
			b.whole = n + 1
		}
		b.at = h
	default:
		b.joined = n
		b.gaps = append(b.gaps, [2]int32{b.at, h})
		b.at = h
	}
	b.ids = append(b.ids, tx.ID)
	b.prints = append(b.prints, FingerprintOf(tx))
	b.height = append(b.height, h)
	if !tx.Coinbase() {
		for i := range tx.Inputs {
			in := &tx.Inputs[i]
			if from, ok := b.number[in.Prev.Tx]; ok {
				if o := uint64(b.start[from]) + uint64(in.Prev.Vout); o < uint64(b.start[from+1]) {
					b.by[o] = uint32(n) + 1
				}
			}
			if in.OwnerBy != model.OwnerUnknown {
				b.see(in.Owner, n)
			}
		}
	}
	// After its inputs: malformed data may spend themselves.
	b.number[tx.ID] = uint32(n)
	for i := range tx.Outputs {
		id := b.see(tx.Outputs[i].Owner, n)
		if l := b.last[id]; l > 0 {
			b.next[l-1] = uint32(len(b.by)) + 1
		}
		b.by, b.owner, b.next = append(b.by, 0), append(b.owner, id), append(b.next, 0)
		b.last[id] = uint32(len(b.by))
	}
	b.start = append(b.start, uint32(len(b.by)))
	return nil
}

func (b *Book) see(a model.Address, n int) uint32 {
	id, ok := b.owners[a]
	if !ok {
		id = uint32(len(b.first))
		b.owners[a] = id
		b.first, b.last = append(b.first, uint32(n)), append(b.last, 0)
	}
	return id
}

// Facts fills the facts of a transaction that was added, with room for reuse. ok
// is false where it was not. Clustered and Collaborative are left to the caller.
func (b *Book) Facts(tx *model.Tx, p Params, room []Output) (f Facts, ok bool) {
	n, ok := b.number[tx.ID]
	if !ok {
		return f, false
	}
	f.Outputs = room[:0]
	for i := range tx.Outputs {
		o := b.start[n] + uint32(i)
		var of Output
		switch first := b.first[b.owner[o]]; {
		case first < n:
			of.Fresh = No
		case !b.partial && int(n) < b.whole:
			of.Fresh = Yes
		}
		after := !b.partial && int(n) >= b.joined
		switch {
		case b.again(n, o) > 0:
			of.Reused = Yes
		case after:
			of.Reused = No
		}
		switch by := b.by[o]; {
		case by > 0:
			of.Spend, of.Read, of.By = model.Spent, true, b.prints[by-1]
			of.Hops, of.HopsKnown = hops(b, &b.prints[n], n, i, p.PeelHops)
		case after:
			of.Spend = model.Unspent
		}
		f.Outputs = append(f.Outputs, of)
	}
	return f, true
}

// again returns the next transaction that pays the owner of an output of n, plus
// one; 0 where none does.
func (b *Book) again(n, o uint32) uint32 {
	for o = b.next[o]; o > 0; o = b.next[o-1] {
		if o > b.start[n+1] { // the output is o-1
			i, found := slices.BinarySearch(b.start, o-1)
			if found {
				for i+1 < len(b.start) && b.start[i+1] == o-1 {
					i++ // transactions without outputs come before
				}
				return uint32(i) + 1
			}
			return uint32(i)
		}
	}
	return 0
}

// Again returns the next transaction of the book that pays the owner of an output
// of a transaction that was added, and its height, -1 where that is unknown.
func (b *Book) Again(out model.Outpoint) (tx model.TxID, height int32, ok bool) {
	n, ok := b.number[out.Tx]
	if !ok || uint64(out.Vout) >= uint64(b.start[n+1]-b.start[n]) {
		return tx, 0, false
	}
	t := b.again(n, b.start[n]+out.Vout)
	if t == 0 {
		return tx, 0, false
	}
	return b.ids[t-1], b.height[t-1], true
}

// Whole reports whether the book has a transaction of every height from one to
// another, both included, so that nothing between them was missed.
func (b *Book) Whole(from, to int32) bool {
	if b.partial || to > b.at {
		return false
	}
	for _, g := range b.gaps {
		// Also a height that is below the one before it leaves a gap.
		if low, high := min(g[0], g[1]), max(g[0], g[1]); from < high && to > low {
			return false
		}
	}
	return true
}

func (b *Book) outputs(n uint32) int { return int(b.start[n+1] - b.start[n]) }

func (b *Book) spender(n uint32, out int) (uint32, Fingerprint, model.SpendState) {
	if by := b.by[b.start[n]+uint32(out)]; by > 0 {
		return by - 1, b.prints[by-1], model.Spent
	}
	return 0, Fingerprint{}, model.SpendUnknown
}
