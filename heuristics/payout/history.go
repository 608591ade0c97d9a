package payout

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
)

// history is what the scope shows of earlier fan-outs, by payer: whom each paid
// first when, and when each paid. A payer is a pool, by the labels of its
// clusters, or else a cluster. It does not change once built.
type history struct {
	pools map[model.Address][]listing // by root of a cluster with a pool's label: its payers
	roots map[model.Address]uint32    // payers without a label, by root
	names map[string]uint32           // payers with one, by entity key
	next  uint32
	paid  []paid // sorted by payer, payee, place; one for each pair, the first
	fans  []past // sorted by payer, place
	max   int
	full  bool
	lost  int // pairs that found no room
}

// listing says that labels name a cluster as a payer's: in the bounds of the
// label, which is nil where one has none.
type listing struct {
	payer  uint32
	bounds *model.Label
}

// holds reports whether it is known to hold at a block.
func (l *listing) holds(at model.BlockRef) bool {
	if l.bounds == nil {
		return true
	}
	holds, known := l.bounds.HoldsAt(at)
	return holds && known
}

// paid says that a payer first paid an address at a place of the chain.
type paid struct {
	to    model.Address
	payer uint32
	at    place
}

// past is an earlier fan-out.
type past struct {
	payer   uint32
	at      place
	minute  int16 // of the day, UTC; -1 where the time is unknown
	outputs int32
}

// place orders transactions on the chain.
type place struct{ height, pos int32 }

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.height, b.height), cmp.Compare(a.pos, b.pos))
}

// placeOf returns the place of a transaction that may come before others. Where
// its position in the block is not known it is the last, so that it comes before
// nothing of the same block.
func placeOf(b model.BlockRef) (at place, ok bool) {
	return placeOr(b, math.MaxInt32)
}

// placeAfter returns the place of a transaction that others may come before.
// Where its position is not known it is the first, so that nothing of the same
// block comes before it.
func placeAfter(b model.BlockRef) (at place, ok bool) { return placeOr(b, -1) }

func placeOr(b model.BlockRef, pos int32) (place, bool) {
	if b.Has(model.KnownPos) {
		pos = b.Pos
	}
	return place{b.Height, pos}, b.Has(model.KnownHeight)
}

func minuteOf(b model.BlockRef) int16 {
	t, ok := b.Clock()
	if !ok {
		return -1
	}
	return int16(t.Hour()*60 + t.Minute())
}

// index reads the scope.
func (r *rule) index(ctx context.Context, s *heuristics.Scan) (any, error) {
	x := cluster.Of(s)
	h := &history{
		pools: map[model.Address][]listing{}, roots: map[model.Address]uint32{}, names: map[string]uint32{},
		max: r.p.Receipts,
	}
	for l, err := range s.Find(ctx, model.MiningPool) {
		if err != nil {
			return nil, err
		}
		a, ok := l.On.Address()
		if !ok || !payerRole(l.Role) || derived(&l) {
			continue
		}
		on := listing{payer: h.named(l.Entity)}
		if !l.From.IsZero() || !l.To.IsZero() {
			on.bounds = &model.Label{From: l.From, To: l.To}
		}
		root := x.Root(a)
		h.pools[root] = append(h.pools[root], on)
	}
	for root, ls := range h.pools {
		h.pools[root] = compactListings(ls)
	}
	tags := pool.TagsOf(s)
	unplaced := 0
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		if len(tx.Outputs) < min(r.p.MinLabelled, r.p.MinOutputs, r.p.ManyMin) {
			continue
		}
		if tx.Coinbase() {
			if at, ok := placeOf(tx.Block); ok {
				h.recordCoinbase(x, tx, at, pool.Attribute(tx, tags, nil, pool.DefaultParams(), s.Network()), &r.p)
			}
			continue
		}
		at, ok := placeOf(tx.Block)
		if !ok {
			unplaced++
			continue
		}
		h.record(x, tx, at, &r.p)
	}
	h.finish()
	s.Note("earlier payouts: fan-outs without a known height", unplaced)
	s.Note("earlier payouts: pairs of payer and payee that found no room in the index", h.lost)
	return h, nil
}

func (h *history) named(entity string) uint32 {
	key := model.EntityKey(entity)
	id, ok := h.names[key]
	if !ok {
		id = h.next
		h.next++
		h.names[key] = id
	}
	return id
}

// compactListings drops what says nothing new: the same bounds again, and bounds
// where a label of the same payer has none. It sorts ls, and overwrites it.
func compactListings(ls []listing) []listing {
	slices.SortFunc(ls, func(a, b listing) int {
		if c := cmp.Compare(a.payer, b.payer); c != 0 || a.bounds == b.bounds {
			return c
		}
		switch {
		case a.bounds == nil:
			return -1
		case b.bounds == nil:
			return 1
		}
		return a.bounds.Compare(b.bounds)
	})
	kept := ls[:0]
	for _, l := range ls {
		if n := len(kept); n > 0 && kept[n-1].payer == l.payer {
			if b := kept[n-1].bounds; b == nil || l.bounds != nil && b.Compare(l.bounds) == 0 {
				continue
			}
		}
		kept = append(kept, l)
	}
	return kept
}

// payerIn returns the payer of a coinbase and its place on the chain; ok is false
// where one of them is not known.
func (h *history) payerIn(p *Payer, tx *model.Tx) (ids []uint32, at place, ok bool) {
	at, ok = placeAfter(tx.Block)
	if !ok || p.Pool == "" {
		return nil, at, false
	}
	if id, known := h.names[model.EntityKey(p.Pool)]; known {
		ids = []uint32{id}
	}
	return ids, at, true
}

// payers returns who pays in a transaction: the pools that labels name, else
// the cluster of the first input with a known owner. Add makes a payer known
// that is not yet.
func (h *history) payers(x *cluster.Index, tx *model.Tx, add bool) (ids []uint32, labelled bool) {
	var first, last model.Address
	var seen map[model.Address]bool // of those that labels name
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || !in.Owner.Ownable() {
			continue
		}
		root := x.Root(in.Owner)
		if first.IsZero() {
			first = root
		}
		if root == last {
			continue
		}
		last = root
		ls := h.pools[root]
		if len(ls) == 0 || seen[root] {
			continue
		}
		if seen == nil {
			seen = map[model.Address]bool{}
		}
		seen[root] = true
		for k := range ls {
			if ls[k].holds(tx.Block) {
				ids = append(ids, ls[k].payer)
			}
		}
	}
	if len(ids) > 0 || first.IsZero() {
		slices.Sort(ids)
		ids = slices.Compact(ids)
		return ids, len(ids) > 0
	}
	id, ok := h.roots[first]
	if !ok && add {
		id, ok = h.next, true
		h.next++
		h.roots[first] = id
	}
	if !ok {
		return nil, false
	}
	return []uint32{id}, false
}

// record keeps a fan-out, if it is one: so many outputs that hold a value.
func (h *history) record(x *cluster.Index, tx *model.Tx, at place, p *Params) {
	n := payables(tx)
	if n < min(p.MinLabelled, p.MinOutputs) {
		return
	}
	ids, labelled := h.payers(x, tx, n >= p.MinOutputs)
	if !labelled && n < p.MinOutputs {
		return
	}
	for _, id := range ids {
		h.fans = append(h.fans, past{id, at, minuteOf(tx.Block), int32(n)})
		for i := range tx.Outputs {
			o := &tx.Outputs[i]
			if !payable(o) || o.Value <= p.MinMember {
				continue
			}
			h.receipt(o.Owner, id, at)
		}
	}
}

// recordCoinbase keeps whom a coinbase pays that pays many, if the tags name one
// pool: each payee of at most so much of the whole. A coinbase that pays few is
// left out, because the few may be the pool itself.
func (h *history) recordCoinbase(x *cluster.Index, tx *model.Tx, at place, a *pool.Attribution, p *Params) {
	if a == nil || a.Conflict || payables(tx) < p.ManyMin {
		return
	}
	var total model.Amount
	paid := map[model.Address]*payee{}
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !payable(o) {
			continue
		}
		if sum, ok := total.Add(o.Value); ok {
			total = sum
		}
		root := x.Root(o.Owner)
		if len(h.pools[root]) > 0 {
			continue
		}
		if paid[root] == nil {
			paid[root] = &payee{}
		}
		paid[root].add(o.Value)
	}
	most, n := p.mostOf(total), 0
	for _, q := range paid {
		if q.paid <= most {
			n++
		}
	}
	if n < p.ManyMin {
		return
	}
	id := h.named(a.Entity)
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !payable(o) || o.Value <= p.MinMember {
			continue
		}
		if q := paid[x.Root(o.Owner)]; q != nil && q.paid <= most {
			h.receipt(o.Owner, id, at)
		}
	}
}

// receipt keeps that a payer paid an address, as long as there is room.
func (h *history) receipt(to model.Address, id uint32, at place) {
	if len(h.paid) >= h.max && !h.full {
		// Sort only where that is likely to make room.
		h.compact()
		h.full = len(h.paid) > h.max/4*3
	}
	if h.full {
		h.lost++
		return
	}
	h.paid = append(h.paid, paid{to, id, at})
}

// compact keeps the first receipt of each pair.
func (h *history) compact() {
	slices.SortFunc(h.paid, func(a, b paid) int {
		return cmp.Or(cmp.Compare(a.payer, b.payer), a.to.Compare(b.to), a.at.compare(b.at))
	})
	h.paid = slices.CompactFunc(h.paid, func(a, b paid) bool { return a.payer == b.payer && a.to == b.to })
}

func (h *history) finish() {
	h.compact()
	h.paid = slices.Clip(h.paid)
	slices.SortFunc(h.fans, func(a, b past) int { return cmp.Or(cmp.Compare(a.payer, b.payer), a.at.compare(b.at)) })
}

// returning reports whether one of the payers paid the address before.
func (h *history) returning(ids []uint32, to model.Address, before place) bool {
	for _, id := range ids {
		i, ok := slices.BinarySearchFunc(h.paid, paid{to, id, place{}}, func(a, b paid) int {
			return cmp.Or(cmp.Compare(a.payer, b.payer), a.to.Compare(b.to))
		})
		if ok && h.paid[i].at.compare(before) < 0 {
			return true
		}
	}
	return false
}

// earlier returns the fan-outs of a payer before a place, in order.
func (h *history) earlier(id uint32, before place) []past {
	order := func(a, b past) int { return cmp.Or(cmp.Compare(a.payer, b.payer), a.at.compare(b.at)) }
	from, _ := slices.BinarySearchFunc(h.fans, past{payer: id, at: place{-1, -1}}, order)
	to, _ := slices.BinarySearchFunc(h.fans, past{payer: id, at: before}, order)
	return h.fans[from:to]
}

// habits is what the history says of one fan-out.
type habits struct {
	known     bool // the place is, and a payer
	earlier   int  // fan-outs of the payer, of several the one of most
	rounds    int  // of those, that lie apart from each other and from this one
	timed     int  // of those, with a known time
	payees    int  // outputs that could have been paid before
	returning int  // of those, paid before
	sameHour  int  // of the timed, within the band of the time of day
	sameCount bool // the last had as many outputs
}

func (h *history) habits(x *cluster.Index, tx *model.Tx, f *fan, own func(model.Address) bool, p *Params) habits {
	at, ok := placeAfter(tx.Block)
	ids, _ := h.payers(x, tx, false)
	if !ok || len(ids) == 0 {
		return habits{}
	}
	b := habits{known: true}
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !payable(o) || o.Value <= p.MinMember || own(o.Owner) {
			continue
		}
		b.payees++
		if h.returning(ids, o.Owner, at) {
			b.returning++
		}
	}
	minute := minuteOf(tx.Block)
	var last past
	for _, id := range ids {
		fans := h.earlier(id, at)
		if len(fans) > b.earlier {
			b.earlier, b.timed, b.sameHour = len(fans), 0, 0
			b.rounds = apart(fans, at, p.RoundApart)
			for _, q := range fans {
				if minute >= 0 && q.minute >= 0 {
					b.timed++
				}
				if near(minute, q.minute, p.HourBand) {
					b.sameHour++
				}
			}
		}
		if n := len(fans); n > 0 && last.at.compare(fans[n-1].at) < 0 {
			last = fans[n-1]
		}
	}
	b.sameCount = b.earlier > 0 && last.outputs == int32(f.outputs)
	return b
}

// apart counts fan-outs before a place that lie so many blocks apart, from each
// other and from the place: what a pool pays at one time is often several links.
func apart(fans []past, at place, blocks int) (n int) {
	last := at.height
	for i := len(fans) - 1; i >= 0; i-- {
		if h := fans[i].at.height; int(last-h) >= blocks {
			n, last = n+1, h
		}
	}
	return n
}

// near reports whether two minutes of the day are within a band, around
// midnight too.
func near(a, b int16, band int) bool {
	if a < 0 || b < 0 {
		return false
	}
	d := int(a) - int(b)
	if d < 0 {
		d = -d
	}
	return min(d, minutes-d) <= band
}

// minutes are those of a day.
const minutes = 1440

// payerRole reports whether a pool's label of the role speaks of an address
// that pays members.
func payerRole(r model.Role) bool {
	switch r {
	case "", model.RolePayout, model.RoleCollector, model.RoleCoinbase:
		return true
	}
	return false
}

// derived reports whether a label rests on findings of this package: it must
// not come back as evidence.
func derived(l *model.Label) bool {
	for _, d := range l.Derivation {
		if d == "payout" || d == "payout.candidate" {
			return true
		}
	}
	return false
}
