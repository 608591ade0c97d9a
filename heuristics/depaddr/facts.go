package depaddr

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// none stands for an address, a cluster or an operator that is not known.
const none = cluster.None

// facts are the transactions of the scope that pay or spend watched clusters,
// with addresses by their ids. They are read in rounds, because which clusters
// matter shows only from the transactions of others.
type facts struct {
	x       *cluster.Index
	watched []bool // by cluster
	moves   []move // in ledger order
	ins     []in
	outs    []out
	spends  []uint64 // address and move, sorted
	pays    []uint64 // the same of what pays an address
}

// move is a transaction.
type move struct {
	tx    model.TxID
	block model.BlockRef
	seq   int // place in the scope
	// payer is the cluster that signs; none where nobody is known to, several
	// parties may, or the coins are new.
	payer          uint32
	mint           bool
	apart          bool // several parties may have signed
	unowned        bool // an input's owner is not known, or may be anybody
	inFrom, inTo   int
	outFrom, outTo int
	total          model.Amount // of the outputs that can be spent
	signers        int          // different addresses that it spends
}

type in struct {
	id   uint32
	prev model.Outpoint
}

type out struct {
	id    uint32
	vout  uint32
	value model.Amount
}

func newFacts(x *cluster.Index) *facts { return &facts{x: x, watched: make([]bool, x.Clusters())} }

// gather reads the scope once more and keeps the transactions that touch the
// clusters and none that were watched before.
func (f *facts) gather(ctx context.Context, s *heuristics.Scan, clusters []uint32) error {
	fresh, some := make([]bool, len(f.watched)), false
	for _, c := range clusters {
		if !f.watched[c] {
			fresh[c], some = true, true
		}
	}
	if !some {
		return nil
	}
	seq := 0
	walk := cluster.WalkOf(s)
	for tx, err := range s.Txs(ctx) {
		var ins, outs []uint32
		if err == nil {
			ins, outs, err = walk.Next(tx)
		}
		if err == nil {
			f.add(tx, seq, fresh, ins, outs)
		}
		if err != nil {
			return err
		}
		seq++
	}
	for c, is := range fresh {
		f.watched[c] = f.watched[c] || is
	}
	f.sort()
	return nil
}

// touches reports whether one of the ids is of a cluster that is to be watched.
func (f *facts) touches(fresh []bool, ids []uint32) bool {
	for _, id := range ids {
		if id != none && fresh[f.x.ClusterOf(id)] {
			return true
		}
	}
	return false
}

// add keeps a transaction if it matters. Its addresses have the ids.
func (f *facts) add(tx *model.Tx, seq int, fresh []bool, inIDs, outIDs []uint32) {
	if !f.touches(fresh, inIDs) && !f.touches(fresh, outIDs) {
		return // nearly all
	}
	m := move{tx: tx.ID, block: tx.Block, seq: seq, payer: none, mint: tx.Coinbase(), inFrom: len(f.ins), outFrom: len(f.outs)}
	matters, kept := false, false
	see := func(id uint32) {
		c := f.x.ClusterOf(id)
		matters, kept = matters || fresh[c], kept || f.watched[c]
	}
	if !m.mint {
		for i, id := range inIDs {
			t := &tx.Inputs[i]
			if id == none || !t.Owner.Ownable() {
				m.unowned = true
				continue
			}
			see(id)
			f.ins = append(f.ins, in{id, t.Prev})
		}
		if len(tx.Inputs) > 1 {
			_, m.apart = f.x.Skipped(tx.ID)
		}
		if len(f.ins) > m.inFrom && !m.apart {
			m.payer = f.x.ClusterOf(f.ins[m.inFrom].id)
		}
	}
	for i, id := range outIDs {
		o := &tx.Outputs[i]
		if !o.Spendable() || o.Value <= 0 {
			continue
		}
		if id != none {
			see(id)
		}
		f.outs = append(f.outs, out{id, uint32(i), o.Value})
		m.total = plus(m.total, o.Value)
	}
	if !matters || kept {
		f.ins, f.outs = f.ins[:m.inFrom], f.outs[:m.outFrom]
		return
	}
	m.inTo, m.outTo = len(f.ins), len(f.outs)
	f.moves = append(f.moves, m)
	last := &f.moves[len(f.moves)-1]
	last.signers = len(f.owners(uint32(len(f.moves) - 1)))
}

// sort puts the transactions in ledger order and makes the lists by address.
func (f *facts) sort() {
	slices.SortFunc(f.moves, func(a, b move) int { return cmp.Compare(a.seq, b.seq) })
	f.spends, f.pays = f.spends[:0], f.pays[:0]
	for i := range f.moves {
		for _, t := range f.insOf(uint32(i)) {
			f.spends = f.list(f.spends, t.id, i)
		}
		for _, o := range f.outsOf(uint32(i)) {
			f.pays = f.list(f.pays, o.id, i)
		}
	}
	slices.Sort(f.spends)
	slices.Sort(f.pays)
	f.spends, f.pays = slices.Compact(f.spends), slices.Compact(f.pays)
}

func (f *facts) list(pairs []uint64, id uint32, i int) []uint64 {
	if id == none || !f.watched[f.x.ClusterOf(id)] {
		return pairs
	}
	return append(pairs, uint64(id)<<32|uint64(i))
}

func (f *facts) insOf(m uint32) []in   { return f.ins[f.moves[m].inFrom:f.moves[m].inTo] }
func (f *facts) outsOf(m uint32) []out { return f.outs[f.moves[m].outFrom:f.moves[m].outTo] }

// spendsOf returns the moves that spend an address of a watched cluster, and
// paysTo those that pay it, in ledger order; the moves are the lower halves.
func (f *facts) spendsOf(id uint32) []uint64 { return of(f.spends, id) }
func (f *facts) paysTo(id uint32) []uint64   { return of(f.pays, id) }

func of(pairs []uint64, id uint32) []uint64 {
	from, _ := slices.BinarySearch(pairs, uint64(id)<<32)
	to := len(pairs)
	if id != none {
		to, _ = slices.BinarySearch(pairs, (uint64(id)+1)<<32)
	}
	return pairs[from:to]
}

// members returns the ids of a cluster, in the order of the addresses.
func (f *facts) members(c uint32) []uint32 {
	as := f.x.Members(f.x.Head(c))
	ids := make([]uint32, len(as))
	for i, a := range as {
		ids[i], _ = f.x.ID(a)
	}
	return ids
}

// owners returns the different addresses that a move spends, sorted by id.
func (f *facts) owners(m uint32) []uint32 {
	ids := make([]uint32, 0, 8)
	for _, t := range f.insOf(m) {
		ids = append(ids, t.id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// single returns the only output of a move that can be spent; none where there
// are several, or the script of it may be anybody's.
func (f *facts) single(m uint32) uint32 {
	outs := f.outsOf(m)
	if len(outs) != 1 || outs[0].id == none || !f.x.At(outs[0].id).Ownable() {
		return none
	}
	return outs[0].id
}

// plus adds values, at most the largest.
func plus(a, b model.Amount) model.Amount {
	if sum, ok := a.Add(max(b, 0)); ok {
		return sum
	}
	return math.MaxInt64
}

// within reports whether part is at most a share of the whole.
func within(part, whole model.Amount, share model.Probability) bool {
	most, ok := whole.Share(int64(share), int64(model.Certain))
	return !ok || part <= most
}

// atLeast reports whether part is a share of the whole, or more.
func atLeast(part, whole model.Amount, share model.Probability) bool {
	least, ok := whole.Share(int64(share), int64(model.Certain))
	return ok && part >= least
}
