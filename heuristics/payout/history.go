package payout

import (
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// history is what the scope shows of earlier fan-outs, by payer: whom each paid
// first when, and when each paid. A payer is a pool, by the labels of its
// clusters, or else a cluster. It does not change once built.
type history struct {
	pools map[model.Address][]uint32 // by root of a cluster with a pool's label: its payers
	roots map[model.Address]uint32   // payers without a label, by root
	names map[string]uint32          // payers with one, by entity key
	next  uint32
	paid  []paid // sorted by payer, payee, place; one for each pair, the first
	fans  []past // sorted by payer, place
	max   int
	full  bool
	lost  int // pairs that found no room
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

func placeOf(b model.BlockRef) (place, bool) {
	return place{b.Height, b.Pos}, b.Has(model.KnownHeight | model.KnownPos)
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
		pools: map[model.Address][]uint32{}, roots: map[model.Address]uint32{}, names: map[string]uint32{},
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
		id := h.named(model.EntityName(l.Entity))
		if root := x.Root(a); !slices.Contains(h.pools[root], id) {
			h.pools[root] = append(h.pools[root], id)
		}
	}
	unplaced := 0
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		if len(tx.Outputs) < min(r.p.MinLabelled, r.p.MinOutputs) || tx.Coinbase() {
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
	s.Note("earlier payouts: fan-outs without a known place on the chain", unplaced)
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

// payers returns who pays in a transaction: the pools that labels name, else
// the cluster of the first input with a known owner. Add makes a payer known
// that is not yet.
func (h *history) payers(x *cluster.Index, tx *model.Tx, add bool) (ids []uint32, labelled bool) {
	var first model.Address
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || !in.Owner.Ownable() {
			continue
		}
		root := x.Root(in.Owner)
		if first.IsZero() {
			first = root
		}
		for _, id := range h.pools[root] {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) > 0 || first.IsZero() {
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
			if len(h.paid) >= h.max && !h.full {
				// Sort only where that is likely to make room.
				h.compact()
				h.full = len(h.paid) > h.max/4*3
			}
			if h.full {
				h.lost++
				continue
			}
			h.paid = append(h.paid, paid{o.Owner, id, at})
		}
	}
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
	earlier   int  // fan-outs of the payers
	payees    int  // outputs that could have been paid before
	returning int  // of those, paid before
	sameHour  int  // earlier fan-outs within the band of the time of day
	sameCount bool // the last had as many outputs
}

func (h *history) habits(x *cluster.Index, tx *model.Tx, f *fan, own func(model.Address) bool, p *Params) habits {
	at, ok := placeOf(tx.Block)
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
		b.earlier = max(b.earlier, len(fans))
		hour := 0
		for _, q := range fans {
			if near(minute, q.minute, p.HourBand) {
				hour++
			}
		}
		b.sameHour = max(b.sameHour, hour)
		if n := len(fans); n > 0 && last.at.compare(fans[n-1].at) < 0 {
			last = fans[n-1]
		}
	}
	b.sameCount = b.earlier > 0 && last.outputs == int32(f.outputs)
	return b
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
	return min(d, 1440-d) <= band
}

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
