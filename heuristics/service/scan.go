package service

import (
	"bytes"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// Bits of what is known of one address.
const (
	paid       = 1 << iota // has a receipt from outside its cluster
	paidAgain              // has more than one
	payerKnown             // of one receipt at least it is known who paid
	byFanOut               // a fan-out paid it
	bySweep                // a sweep spends it
	byOther                // another transaction spends it
	spentAgain             // more than one transaction spends it
)

// none stands for a payer, a pool or a service that is not known.
const none = cluster.None

// builder reads the scope a second time, with the clusters known.
type builder struct {
	p       Params
	x       *cluster.Index
	col     columns
	addr    []uint8           // bits, by address
	from    []uint32          // by address: who paid its first known receipt
	next    uint32            // the first id that the scope has not shown yet
	names   map[string]uint32 // numbers of entities, above those of clusters
	service []uint32          // by cluster: which service labels say it is; pools left out
	pool    []uint32          // by cluster: which pool, by a label or by the coinbases that pay it
	named   []bool            // by cluster: a label says that it is a pool's
	tags    []model.Tag

	services, pools, payers, payees pairs

	signers  []uint32 // ids, of the transaction at hand
	sources  []uint32 // who paid them; reused
	unpaid   int      // receipts of which it is not known who paid
	timeless int      // signed transactions without a time
}

func build(ctx context.Context, s *heuristics.Scan, p Params) (*Index, error) {
	x := cluster.Of(s)
	n := x.Clusters()
	b := &builder{
		p: p, x: x, addr: make([]uint8, x.Addresses()), from: make([]uint32, x.Addresses()), names: map[string]uint32{},
		service: make([]uint32, n), pool: make([]uint32, n), named: make([]bool, n),
	}
	b.col.withdrawals, b.col.signed, b.col.hours, b.col.mixed = make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]uint32, n)
	b.readLabels()
	var err error
	if b.tags, err = s.Tags(ctx); err != nil {
		return nil, err
	}
	walk := cluster.WalkOf(s)
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		ins, outs, err := walk.Next(tx)
		if err != nil {
			return nil, err
		}
		b.add(tx, ins, outs)
	}
	s.Note("receipt of which it is not known who paid: nobody's input is known, or several parties signed", b.unpaid)
	s.Note("signed transaction without a time, which counts for no hour of the day", b.timeless)
	return b.index(), nil
}

// readLabels finds the clusters of labelled services and pools.
func (b *builder) readLabels() {
	for c := range b.service {
		b.service[c], b.pool[c] = none, none
		l := labelled(b.x.LabelsOf(uint32(c)), b.p.LabelConfidence)
		switch {
		case l == nil:
		case l.Category == model.MiningPool:
			b.pool[c], b.named[c] = b.number(l.Entity), true
		default:
			b.service[c] = b.number(l.Entity)
		}
	}
}

// number returns the number of an entity.
func (b *builder) number(entity string) uint32 {
	key := model.EntityKey(entity)
	n, ok := b.names[key]
	if !ok {
		n = uint32(len(b.service) + len(b.names))
		b.names[key] = n
	}
	return n
}

// see reports whether the scope shows an address for the first time.
func (b *builder) see(id uint32) (first bool) {
	if id >= b.next {
		b.next = id + 1
		return true
	}
	return false
}

// add reads one transaction, whose addresses have the ids.
func (b *builder) add(tx *model.Tx, ins, ids []uint32) {
	outs := 0
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Spendable() && o.Value > 0 {
			outs++
		}
	}
	if tx.Coinbase() {
		b.mint(tx, outs, ids)
		return
	}
	payer := b.sign(tx, outs, ins)
	fan := payer != none && (outs >= b.p.FanOut || b.named[payer])
	fresh := 0
	for _, id := range ids {
		if id == none {
			continue
		}
		first := b.see(id)
		to := b.x.ClusterOf(id)
		if to == payer {
			continue // change, or a transfer within
		}
		if payer == none {
			b.receive(id, none)
			b.unpaid++
			continue
		}
		by := b.pool[payer]
		if by == none {
			by = payer
		}
		b.receive(id, by)
		if first {
			fresh++
		}
		b.payers.add(to, payer)
		b.payees.add(payer, id)
		if s := b.service[payer]; s != none {
			b.services.add(to, s)
		}
		if fan {
			b.addr[id] |= byFanOut
			b.pools.add(to, by)
		}
	}
	if fresh >= b.p.FreshOutputs {
		b.col.withdrawals[payer]++
	}
}

// mint reads a coinbase of so many outputs. One with few pays the pool itself;
// one with many may be a payout.
func (b *builder) mint(tx *model.Tx, outs int, ids []uint32) {
	pool := b.tagged(tx)
	for i, id := range ids {
		if id == none {
			continue
		}
		o := &tx.Outputs[i]
		b.see(id)
		c := b.x.ClusterOf(id)
		if outs < b.p.CoinbaseFanOut {
			b.receive(id, none)
			if pool != none && b.pool[c] == none {
				b.pool[c] = pool
			}
			continue
		}
		if b.pool[c] == pool && pool != none || o.Value == 0 {
			continue // the pool's own share
		}
		if pool == none {
			pool = b.number("")
		}
		b.receive(id, pool)
		b.addr[id] |= byFanOut
		b.pools.add(c, pool)
	}
}

// tagged returns the pool that the coinbase's tag names: the longest tag, of
// equally long ones the first.
func (b *builder) tagged(tx *model.Tx) uint32 {
	best := -1
	for i := range b.tags {
		if t := b.tags[i].Bytes; len(t) > 0 && (best < 0 || len(t) > len(b.tags[best].Bytes)) && bytes.Contains(tx.Inputs[0].Script, t) {
			best = i
		}
	}
	if best < 0 {
		return none
	}
	return b.number(b.tags[best].Entity)
}

// sign reads the inputs of a transaction of so many outputs and returns the
// cluster that signs; none where nobody is known to, or several parties may.
func (b *builder) sign(tx *model.Tx, outs int, ids []uint32) (payer uint32) {
	b.signers = b.signers[:0]
	for i, id := range ids {
		if id == none {
			continue
		}
		b.see(id)
		if tx.Inputs[i].Owner.Ownable() {
			b.signers = append(b.signers, id)
		}
	}
	slices.Sort(b.signers)
	b.signers = slices.Compact(b.signers)
	payer = none
	if len(b.signers) > 0 {
		payer = b.x.ClusterOf(b.signers[0])
	}
	if len(tx.Inputs) > 1 {
		if _, skipped := b.x.Skipped(tx.ID); skipped {
			payer = none
		}
	}
	if payer != none && outs == 1 && b.mixed() {
		b.col.mixed[payer]++
	}
	how := uint8(byOther)
	if payer != none && outs == 1 && len(b.signers) >= b.p.Sweep {
		how = bySweep
	}
	for _, id := range b.signers {
		if b.addr[id]&(bySweep|byOther) != 0 {
			how |= spentAgain
		}
		b.addr[id] |= how
		how &^= spentAgain
	}
	if payer == none {
		return none
	}
	b.col.signed[payer]++
	if t, ok := tx.Block.Clock(); ok {
		b.col.hours[payer] |= 1 << t.Hour()
	} else {
		b.timeless++
	}
	return payer
}

// mixed reports whether the signers at hand, if they are spent to one output, are
// many addresses with one receipt each that many different payers paid, some of
// them with fan-outs: accounts of several customers, rather than one's.
func (b *builder) mixed() bool {
	if len(b.signers) < b.p.MixedSweep {
		return false
	}
	b.sources = b.sources[:0]
	fans := 0
	for _, id := range b.signers {
		if b.addr[id]&(paid|paidAgain|payerKnown|bySweep|byOther) != paid|payerKnown {
			continue
		}
		b.sources = append(b.sources, b.from[id])
		if b.addr[id]&byFanOut != 0 {
			fans++
		}
	}
	n := len(b.sources)
	slices.Sort(b.sources)
	return n >= b.p.MixedSweep && fans >= b.p.MixedFanOuts && len(slices.Compact(b.sources)) >= b.p.MixedPayers
}

// receive marks a receipt of an address, of a payer who may not be known.
func (b *builder) receive(id, by uint32) {
	bits := b.addr[id]
	if bits&paid != 0 {
		bits |= paidAgain
	}
	if by != none {
		if bits&payerKnown == 0 {
			b.from[id] = by
		}
		bits |= payerKnown
	}
	b.addr[id] = bits | paid
}

// index sums up the addresses by cluster and decides.
func (b *builder) index() *Index {
	n := len(b.service)
	c := &b.col
	c.singleUse, c.swept, c.poolAddrs, c.sweptPool = make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]bool, n)
	for id, bits := range b.addr {
		k := b.x.ClusterOf(uint32(id))
		if bits&byFanOut != 0 {
			c.poolAddrs[k]++
		}
		if bits&(payerKnown|bySweep|byOther) != payerKnown|bySweep {
			continue
		}
		c.swept[k]++
		c.sweptPool[k] = c.sweptPool[k] || bits&byFanOut != 0
		if bits&(paidAgain|spentAgain) == 0 {
			c.singleUse[k]++
		}
	}
	c.services, c.pools = b.services.counts(n), b.pools.counts(n)
	c.payers, c.payees = b.payers.counts(n), b.payees.counts(n)
	x := &Index{p: b.p, clusters: b.x, col: *c, like: make([]bool, n)}
	for k := range x.like {
		if labelled(b.x.LabelsOf(uint32(k)), b.p.LabelConfidence) != nil || b.p.decide(c.of(uint32(k))) != "" {
			x.like[k] = true
			x.likes++
		}
	}
	return x
}
