package commingle

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/internal/sieve"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Index holds what the scope shows of the addresses and clusters where an
// actor's coins may meet mined ones: their coins, and what they signed together.
// It keeps nothing of others. It does not change once built and is safe for
// concurrent use.
type Index struct {
	read     bool // the sources have blocks, so that the scope was read
	clusters *cluster.Index
	// reach holds the transactions that may spend an actor's coins: more than
	// those that package trail follows, never fewer as long as the scope holds
	// the way.
	reach map[model.TxID]uint8
	full  bool // reach found no more room
	// alike holds payments of dust by an address that looks like an actor's,
	// with that address.
	alike     map[model.TxID]model.Address
	byAddress map[uint32]uint32 // groups, by the ids of addresses
	byCluster map[uint32]uint32 // and by the numbers of clusters
	groups    []group
	// places are the addresses where C4 may be, by the transaction that spends
	// an actor's own coins which reach them.
	places map[model.TxID][]uint32
	coins  []coin // sorted by group, then as the scope has them
	plain  []coin // the same, of what else addresses of interest received
	txs    []place
	near   sieve.Sieve // of the addresses that subject is about
}

// group is an address of interest, or a cluster: one with an actor's own
// address, or one that behaves like a service and was paid by an actor.
type group struct {
	kind     groupKind
	id       uint32 // of the address, or the number of the cluster
	coins    [2]uint32
	held     uint32 // coins kept
	plain    [2]uint32
	also     uint32 // of the other coins kept
	fan      bool   // a possible payout paid it
	actor    bool   // a transaction that may spend an actor's coins paid it
	receipts int64  // from outside, of the groups that are not own
	received model.Amount
	spends   int // of its coins, of a group that is an address
	dropped  int // coins that found no room
	joint    []joint
	vetoed   []joint
}

type groupKind uint8

const (
	anAddress groupKind = iota
	ofActor             // the cluster has an address that is labelled as an actor's
	likeService
)

// coin is an output that a group received.
type coin struct {
	group, id uint32
	source    model.Outpoint
	value     model.Amount
	known     bool
	fan       bool
	reach     bool
	paid      uint32 // place in txs, plus 1; 0 where the scope does not show it
	by        uint32 // of the transaction that spends it, plus 1; 0 for none
	vin       uint32
}

// place is a transaction that the index speaks of.
type place struct {
	id    model.TxID
	block model.BlockRef
}

// joint is a transaction that spends several addresses of a group.
type joint struct {
	tx  uint32 // in txs
	ids []uint32
}

// builder reads the scope twice: first for what an actor's coins reach, then for
// what the addresses there received.
type builder struct {
	p        *Params
	x        *Index
	actors   *actor.Index
	services *service.Index
	known    faces
	at       map[model.Outpoint]uint32
	labelled map[uint32]bool // by cluster that looks like a service's: by a label
	starts   []model.TxID    // the transactions that spend an actor's own coins
	start    map[model.TxID]uint32
	reached  [][]uint32 // by start: groups that are addresses
}

func build(ctx context.Context, s *heuristics.Scan, p *Params) (*Index, error) {
	x := &Index{
		read: s.Can(sources.Blocks), clusters: cluster.Of(s),
		reach: map[model.TxID]uint8{}, alike: map[model.TxID]model.Address{},
		byAddress: map[uint32]uint32{}, byCluster: map[uint32]uint32{},
	}
	b := &builder{p: p, x: x, actors: actor.Of(s), services: service.Of(s), known: faces{}, at: map[model.Outpoint]uint32{}, labelled: map[uint32]bool{}, start: map[model.TxID]uint32{}}
	named := false
	for l, err := range s.Find(ctx, model.Actor) {
		if err != nil {
			return nil, err
		}
		a, ok := l.On.Address()
		if !ok {
			continue
		}
		named = true
		b.known.add(a)
		if id, seen := x.clusters.ID(a); seen && l.Role != model.RoleAccount && !b.services.Like(a) {
			b.group(x.byCluster, x.clusters.ClusterOf(id), ofActor)
		}
	}
	if !named || !x.read {
		return x, nil
	}
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		if err := b.follow(tx); err != nil {
			return nil, err
		}
	}
	if x.full {
		s.Note("transactions that an actor's coins reach are too many: not all were followed", 1)
	}
	if len(x.groups) == 0 {
		return x, nil
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
		if b.touches(tx, ins, outs) {
			b.gather(tx, ins, outs)
		}
	}
	b.finish()
	x.sift()
	return x, nil
}

// group returns the group of an address or a cluster, a new one where it has
// none.
func (b *builder) group(by map[uint32]uint32, id uint32, kind groupKind) uint32 {
	g, ok := by[id]
	if !ok {
		g = uint32(len(b.x.groups))
		by[id] = g
		b.x.groups = append(b.x.groups, group{kind: kind, id: id})
	}
	return g
}

// of returns the group of an address by its id: its cluster's, or its own.
func (x *Index) of(id uint32) (uint32, bool) {
	if g, ok := x.byCluster[x.clusters.ClusterOf(id)]; ok {
		return g, true
	}
	g, ok := x.byAddress[id]
	return g, ok
}

// follow marks a transaction that may spend an actor's coins, and whom it pays.
func (b *builder) follow(tx *model.Tx) error {
	if tx.Coinbase() {
		return nil
	}
	hops, start, found := b.hops(tx)
	if found {
		if len(b.x.reach) >= b.p.Reach {
			b.x.full = true
			found = false
		} else {
			b.x.reach[tx.ID], b.start[tx.ID] = hops, start
		}
	}
	small := false
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		small = small || o.Value > 0 && o.Value < b.p.MinSat
		if !found || !o.Owner.Ownable() {
			continue
		}
		id, ok := b.x.clusters.ID(o.Owner)
		if !ok {
			return errors.New("commingle: the scope holds an address that was not there when the clusters were built: the source has changed")
		}
		c := b.x.clusters.ClusterOf(id)
		if _, done := b.x.byCluster[c]; done {
			continue
		}
		if b.services.Like(o.Owner) && !b.byLabel(c, o.Owner) {
			b.group(b.x.byCluster, c, likeService)
			continue
		}
		g := b.group(b.x.byAddress, id, anAddress)
		if int(hops) < b.p.FlowHops && (len(b.reached[start]) == 0 || b.reached[start][len(b.reached[start])-1] != g) {
			b.reached[start] = append(b.reached[start], g)
		}
	}
	if small {
		for i := range tx.Inputs {
			if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown {
				if known, ok := b.known.like(in.Owner); ok {
					b.x.alike[tx.ID] = known
					break
				}
			}
		}
	}
	return nil
}

// byLabel reports whether a cluster is a service's by a label. Such a one holds
// the deposits of many customers, so that its addresses are looked at one by one.
func (b *builder) byLabel(c uint32, a model.Address) bool {
	yes, ok := b.labelled[c]
	if !ok {
		_, yes = b.x.clusters.Custodian(a, model.BlockRef{})
		b.labelled[c] = yes
	}
	return yes
}

// hops returns how many addresses an actor's coins passed through before the
// transaction, at least, and the number of the transaction that they started with.
func (b *builder) hops(tx *model.Tx) (best uint8, start uint32, found bool) {
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy != model.OwnerUnknown {
			if _, own := b.actors.Own(in.Owner, tx.Block); own {
				b.starts, b.reached = append(b.starts, tx.ID), append(b.reached, nil)
				return 0, uint32(len(b.starts) - 1), true
			}
		}
		n, ok := b.x.reach[in.Prev.Tx]
		if !ok || int(n) >= b.p.Hops || in.ValueKnown && in.Value < b.p.MinSat ||
			in.OwnerBy != model.OwnerUnknown && b.services.Like(in.Owner) {
			continue
		}
		if !found || n+1 < best {
			best, start, found = n+1, b.start[in.Prev.Tx], true
		}
	}
	if found && len(tx.Inputs) > 1 {
		if _, skipped := b.x.clusters.Skipped(tx.ID); skipped {
			return 0, 0, false
		}
	}
	return best, start, found
}

// touches reports whether a transaction, whose addresses have the ids, pays or
// spends a group, or spends a coin of one.
func (b *builder) touches(tx *model.Tx, ins, outs []uint32) bool {
	in := func(id uint32) bool {
		if id == cluster.None {
			return false
		}
		_, ok := b.x.of(id)
		return ok
	}
	if slices.ContainsFunc(outs, in) || slices.ContainsFunc(ins, in) {
		return true
	}
	for i := range tx.Inputs {
		// The owner may be another than that of the coin where it is inferred.
		if tx.Inputs[i].OwnerBy != model.OwnerPrevout {
			if _, held := b.at[tx.Inputs[i].Prev]; held {
				return true
			}
		}
	}
	return false
}

// gather keeps the coins of the groups that a transaction pays and spends. Its
// addresses have the ids.
func (b *builder) gather(tx *model.Tx, ins, outs []uint32) {
	x := b.x
	at := uint32(0) // place in txs, plus 1
	here := func() uint32 {
		if at == 0 {
			x.txs = append(x.txs, place{tx.ID, tx.Block})
			at = uint32(len(x.txs))
		}
		return at
	}
	var payers map[uint32]bool // clusters
	if !tx.Coinbase() {
		payers = b.spend(tx, ins, here)
	}
	payable := 0
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Value > 0 && o.Owner.Ownable() {
			payable++
		}
	}
	fan := tx.Coinbase() && payable > 1 || payable >= b.p.FanOut
	_, reach := x.reach[tx.ID]
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		id := outs[i]
		if !o.Owner.Ownable() || o.Value <= 0 || id == cluster.None {
			continue
		}
		n, ok := x.of(id)
		if !ok {
			continue
		}
		g := &x.groups[n]
		within := payers[x.clusters.ClusterOf(id)]
		if g.kind != ofActor {
			if within {
				continue // what a wallet pays itself is no receipt
			}
			g.receipts++
			if sum, fits := g.received.Add(o.Value); fits {
				g.received = sum
			}
			if !fan && !reach {
				if g.kind == anAddress && o.Value >= b.p.MinSat {
					b.also(coin{group: n, id: id, source: tx.Outpoint(i), value: o.Value, known: true, paid: here()})
				}
				continue
			}
		}
		g.fan = g.fan || fan && !within
		g.actor = g.actor || reach
		b.keep(coin{
			group: n, id: id, source: tx.Outpoint(i), value: o.Value, known: true,
			fan: fan && !within, reach: reach, paid: here(),
		})
	}
}

// keep adds a coin, as long as its group has room.
func (b *builder) keep(c coin) {
	g := &b.x.groups[c.group]
	if int(g.held) >= b.p.Coins {
		g.dropped++
		return
	}
	g.held++
	b.at[c.source] = uint32(len(b.x.coins))
	b.x.coins = append(b.x.coins, c)
}

// also adds what else an address received, as long as there is room for it.
func (b *builder) also(c coin) {
	g := &b.x.groups[c.group]
	if int(g.also) >= b.p.FlowCoins {
		return
	}
	g.also++
	b.x.plain = append(b.x.plain, c)
}

// spend marks the coins that a transaction spends, and returns the clusters that
// sign it; none where several parties may.
func (b *builder) spend(tx *model.Tx, owners []uint32, here func() uint32) (payers map[uint32]bool) {
	x := b.x
	_, skipped := x.clusters.Skipped(tx.ID)
	var ids []uint32
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if n, ok := b.at[in.Prev]; ok {
			x.coins[n].by, x.coins[n].vin = here(), uint32(i)
		}
		id := owners[i]
		if id == cluster.None || !in.Owner.Ownable() {
			continue
		}
		if !skipped {
			if payers == nil {
				payers = map[uint32]bool{}
			}
			payers[x.clusters.ClusterOf(id)] = true
		}
		n, ok := x.of(id)
		if !ok {
			continue
		}
		x.groups[n].spends++
		if x.groups[n].kind != ofActor {
			continue
		}
		ids = append(ids, id)
		if _, held := b.at[in.Prev]; !held {
			// Received before the scope began.
			b.keep(coin{group: n, id: id, source: in.Prev, value: in.Value, known: in.ValueKnown, by: here(), vin: uint32(i)})
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) < 2 {
		return payers
	}
	// Addresses of one transaction that was not skipped are in one group.
	slices.SortFunc(ids, func(a, b uint32) int {
		g, _ := x.of(a)
		h, _ := x.of(b)
		return cmp.Or(cmp.Compare(g, h), cmp.Compare(a, b))
	})
	for i := 0; i < len(ids); {
		g, _ := x.of(ids[i])
		j := i + 1
		for j < len(ids) {
			if h, _ := x.of(ids[j]); h != g {
				break
			}
			j++
		}
		if j-i > 1 {
			t := joint{here() - 1, ids[i:j:j]}
			if skipped {
				x.groups[g].vetoed = append(x.groups[g].vetoed, t)
			} else {
				x.groups[g].joint = append(x.groups[g].joint, t)
			}
		}
		i = j
	}
	return payers
}

// finish sorts the coins by group.
func (b *builder) finish() {
	x := b.x
	for _, cs := range [...][]coin{x.coins, x.plain} {
		slices.SortStableFunc(cs, func(a, b coin) int { return cmp.Compare(a.group, b.group) })
	}
	x.places = map[model.TxID][]uint32{}
	for n, gs := range b.reached {
		for _, g := range gs {
			if x.groups[g].also > 0 {
				x.places[b.starts[n]] = append(x.places[b.starts[n]], g)
			}
		}
	}
	at, also := uint32(0), uint32(0)
	for i := range x.groups {
		g := &x.groups[i]
		g.coins, g.plain = [2]uint32{at, at + g.held}, [2]uint32{also, also + g.also}
		at, also = at+g.held, also+g.also
	}
}

// holds reports whether the scope holds what stands in a block.
func (x *Index) holds(s heuristics.Scope, at model.BlockRef) bool {
	return x.read && at.Has(model.KnownHeight) && at.Height >= s.From && (s.To == 0 || at.Height <= s.To)
}

// whole reports whether the scope holds all that there is.
func (x *Index) whole(s heuristics.Scope) bool { return x.read && s.From == 0 && s.To == 0 }

// held returns the coins of a group.
func (x *Index) held(g *group) []coin { return x.coins[g.coins[0]:g.coins[1]] }

// others returns what else an address received.
func (x *Index) others(g *group) []coin { return x.plain[g.plain[0]:g.plain[1]] }

// both reports whether a group may hold coins of both classes.
func (g *group) both() bool {
	return (g.fan || g.also > 0) && (g.kind == ofActor || g.actor)
}

// sift makes the sieve of the addresses whose groups may hold both.
func (x *Index) sift() {
	each := func(f func(*group)) {
		for i := range x.groups {
			if g := &x.groups[i]; g.both() {
				f(g)
			}
		}
	}
	n := 0
	each(func(g *group) {
		if g.kind == anAddress {
			n++
		} else {
			n += x.clusters.Size(x.clusters.Head(g.id))
		}
	})
	if n == 0 {
		return
	}
	x.near = sieve.New(n)
	each(func(g *group) {
		if g.kind == anAddress {
			x.near.Add(x.clusters.At(g.id))
			return
		}
		for _, a := range x.clusters.Members(x.clusters.Head(g.id)) {
			x.near.Add(a)
		}
	})
}

// subject returns the group of an address in which both classes of coins may be,
// and what a pass about it is to be about: the address, or the one that stands for
// its cluster.
func (x *Index) subject(a model.Address) (g *group, on model.Address) {
	if !x.near.May(a) {
		return nil, a // nearly all
	}
	id, ok := x.clusters.ID(a)
	if !ok {
		return nil, a
	}
	n, ok := x.of(id)
	if !ok {
		return nil, a
	}
	g = &x.groups[n]
	if !g.both() {
		return nil, a
	}
	if g.kind != anAddress {
		on = x.clusters.Head(g.id)
	} else {
		on = a
	}
	return g, on
}

// coin returns a coin of the index as heuristics tell it.
func (x *Index) coin(c *coin) Coin {
	out := Coin{Vin: -1, Source: c.source, Address: x.clusters.At(c.id), Value: c.value, Known: c.known}
	if c.paid > 0 {
		out.Block = x.txs[c.paid-1].block
	}
	if c.by > 0 {
		t := x.txs[c.by-1]
		out.Vin, out.By, out.Block = int(c.vin), t.id, t.block
	}
	return out
}
