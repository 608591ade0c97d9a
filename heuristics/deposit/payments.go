package deposit

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// payments are what the services of the scope that sell hash power paid, and what
// they were paid, as columns. It does not change once built.
type payments struct {
	p        Params
	scanned  bool // there were blocks to read
	clusters *cluster.Index
	services map[string]uint32 // by the entity's key
	holds    map[uint32][]held // by address id: labels of services on the address
	grows    map[uint32][]held // by cluster: those on its members
	actors   map[string][]uint32
	txs      []paying
	paid     []flow // by services; sorted by service, payee's cluster, then order
	byValue  []uint32
	received []flow // by services; sorted by service, value, then order
	visits   []visit
	first    model.BlockRef
	last     model.BlockRef
	// cut is where the columns were full; nothing of later stands in them.
	cut  model.BlockRef
	full bool
}

// held is a label of a service with the number of the service.
type held struct {
	service uint32
	label   model.Label
}

// paying is a transaction of a flow.
type paying struct {
	id    model.TxID
	block model.BlockRef
	from  *held // the service's address that paid, where a service did
}

// flow is an output.
type flow struct {
	service uint32
	payee   uint32 // cluster
	addr    uint32 // id of the address
	tx      uint32 // place in txs
	vout    uint32
	value   model.Amount
}

// visit says that a wallet paid a service on a day. They are sorted by service and
// payer, each once.
type visit struct {
	service uint32
	payer   uint32 // cluster
	day     int32  // since 1970, UTC
}

// mine are the categories whose payments are kept. Pools pay their members all
// day: that a pool pays says nothing about a deposit.
func mine(c model.Category) bool { return c == model.HashMarketplace || c == model.CloudMining }

func build(ctx context.Context, s *heuristics.Scan, p Params) (*payments, error) {
	x := &payments{
		p: p, scanned: s.Can(sources.Blocks), clusters: cluster.Of(s), services: map[string]uint32{},
		holds: map[uint32][]held{}, grows: map[uint32][]held{}, actors: map[string][]uint32{},
	}
	if err := x.labels(ctx, s); err != nil {
		return nil, err
	}
	if len(x.holds) == 0 {
		return x, nil // nobody to read about; the bounds of the scope are of no use
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
		x.add(tx, ins, outs)
	}
	if x.full {
		s.Note("payments of services that were not kept: the bound of the columns is reached", 1)
	}
	x.sort()
	return x, nil
}

// labels reads which addresses are the services', and which are actors'.
func (x *payments) labels(ctx context.Context, s *heuristics.Scan) error {
	for _, c := range [...]model.Category{model.HashMarketplace, model.CloudMining} {
		for l, err := range s.Find(ctx, c) {
			if err != nil {
				return err
			}
			a, ok := l.On.Address()
			if !ok || l.Role == model.RoleAccount {
				continue
			}
			id, seen := x.clusters.ID(a)
			if !seen {
				continue
			}
			key := model.EntityKey(l.Entity)
			n, ok := x.services[key]
			if !ok {
				n = uint32(len(x.services))
				x.services[key] = n
			}
			x.holds[id] = append(x.holds[id], held{n, l})
			x.grows[x.clusters.ClusterOf(id)] = append(x.grows[x.clusters.ClusterOf(id)], held{n, l})
		}
	}
	for l, err := range s.Find(ctx, model.Actor) {
		if err != nil {
			return err
		}
		if a, ok := l.On.Address(); ok && l.Role != model.RoleAccount {
			if id, seen := x.clusters.ID(a); seen {
				key := model.EntityKey(l.Entity)
				x.actors[key] = append(x.actors[key], x.clusters.ClusterOf(id))
			}
		}
	}
	return nil
}

// holder returns the label by which an address of the id is a service's at the time
// of a block: one on itself, else one on a member of its cluster; nil where none is.
func (x *payments) holder(id uint32, at model.BlockRef) *held {
	hs := x.holds[id]
	if hs == nil {
		if hs = x.grows[x.clusters.ClusterOf(id)]; hs == nil {
			return nil
		}
	}
	var best *held
	for i := range hs {
		h := &hs[i]
		if holds, _ := h.label.HoldsAt(at); !holds {
			continue
		}
		if best == nil || better(&h.label, &best.label) {
			best = h
		}
	}
	return best
}

// add keeps what a service pays or is paid in a transaction, whose addresses have
// the ids.
func (x *payments) add(tx *model.Tx, ins, outs []uint32) {
	if x.first.IsZero() {
		x.first = tx.Block
	}
	x.last = tx.Block
	if tx.Coinbase() || x.full {
		return
	}
	var payer *held
	for _, id := range ins {
		if id == cluster.None {
			continue
		}
		if payer = x.holder(id, tx.Block); payer != nil {
			break
		}
	}
	if payer != nil {
		if _, skipped := x.clusters.Skipped(tx.ID); skipped {
			return // several parties may have signed: whose payments these are is not known
		}
	}
	kept := false
	keep := func() uint32 {
		if !kept {
			kept = true
			x.txs = append(x.txs, paying{tx.ID, tx.Block, payer})
		}
		return uint32(len(x.txs) - 1)
	}
	for i, id := range outs {
		o := &tx.Outputs[i]
		if id == cluster.None || !o.Owner.Ownable() || o.Value < max(1, x.p.MinSat-x.p.IdleFee) {
			continue
		}
		to := x.holder(id, tx.Block)
		switch {
		case payer != nil && (to == nil || to.service != payer.service):
			x.paid = append(x.paid, flow{payer.service, x.clusters.ClusterOf(id), id, keep(), uint32(i), o.Value})
		case payer == nil && to != nil:
			x.received = append(x.received, flow{to.service, x.clusters.ClusterOf(id), id, keep(), uint32(i), o.Value})
			if o.Value >= x.p.MinSat {
				x.visit(tx, ins, to.service)
			}
		}
	}
	if len(x.paid)+len(x.received) > x.p.MaxPayments {
		x.full, x.cut = true, tx.Block
	}
}

// visit keeps that the wallet whose coins a transaction spends, if all whose owner
// is known are of one, paid a service.
func (x *payments) visit(tx *model.Tx, ins []uint32, service uint32) {
	when, ok := tx.Block.Clock()
	payer := uint32(cluster.None)
	for _, id := range ins {
		if id == cluster.None {
			continue
		}
		switch c := x.clusters.ClusterOf(id); {
		case payer == cluster.None:
			payer = c
		case payer != c:
			ok = false
		}
	}
	v := visit{service, payer, int32(when.Unix() / secondsOfDay)}
	if n := len(x.visits); ok && payer != cluster.None && (n == 0 || x.visits[n-1] != v) {
		x.visits = append(x.visits, v)
	}
}

const secondsOfDay = 24 * 60 * 60

// visited counts the days on which one of the wallets paid a service.
func (x *payments) visited(service uint32, wallets []uint32) int {
	var days []int32
	for _, c := range wallets {
		from, _ := slices.BinarySearchFunc(x.visits, visit{service, c, math.MinInt32}, visit.compare)
		for _, v := range x.visits[from:] {
			if v.service != service || v.payer != c {
				break
			}
			days = append(days, v.day)
		}
	}
	slices.Sort(days)
	return len(slices.Compact(days))
}

func (v visit) compare(w visit) int {
	return cmp.Or(cmp.Compare(v.service, w.service), cmp.Compare(v.payer, w.payer), cmp.Compare(v.day, w.day))
}

func (x *payments) sort() {
	slices.SortFunc(x.visits, visit.compare)
	x.visits = slices.Clip(slices.Compact(x.visits))
	order := func(a, b flow) int { return cmp.Or(cmp.Compare(a.tx, b.tx), cmp.Compare(a.vout, b.vout)) }
	slices.SortFunc(x.paid, func(a, b flow) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.payee, b.payee), order(a, b))
	})
	slices.SortFunc(x.received, func(a, b flow) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.value, b.value), order(a, b))
	})
	x.byValue = make([]uint32, len(x.paid))
	for i := range x.byValue {
		x.byValue[i] = uint32(i)
	}
	slices.SortFunc(x.byValue, func(i, j uint32) int {
		a, b := x.paid[i], x.paid[j]
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.value, b.value), order(a, b))
	})
}

// to returns what a service paid to a cluster, in ledger order.
func (x *payments) to(service, payee uint32) []flow {
	at := func(p uint64) int {
		return sort.Search(len(x.paid), func(i int) bool {
			return uint64(x.paid[i].service)<<32|uint64(x.paid[i].payee) >= p
		})
	}
	key := uint64(service)<<32 | uint64(payee)
	return x.paid[at(key):at(key+1)]
}

// of returns the payments by a service of exactly an amount, in ledger order.
func (x *payments) of(service uint32, v model.Amount) []flow {
	at := func(v model.Amount) int {
		return sort.Search(len(x.byValue), func(i int) bool {
			f := &x.paid[x.byValue[i]]
			return f.service > service || f.service == service && f.value >= v
		})
	}
	var out []flow
	for _, i := range x.byValue[at(v):at(v+1)] {
		out = append(out, x.paid[i])
	}
	return out
}

// deposits returns the payments to a service of exactly an amount, in ledger
// order.
func (x *payments) deposits(service uint32, v model.Amount) []flow {
	at := func(v model.Amount) int {
		return sort.Search(len(x.received), func(i int) bool {
			f := &x.received[i]
			return f.service > service || f.service == service && f.value >= v
		})
	}
	return x.received[at(v):at(v+1)]
}

func (x *payments) outpoint(f flow) model.Outpoint {
	return model.Outpoint{Tx: x.txs[f.tx].id, Vout: f.vout}
}
