package commingle

import (
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// cluster looks at what a cluster spent that has an actor's own address: C2.
func (r *rule) cluster(ctx context.Context, pass *heuristics.Pass, x *Index, g *group, on model.Address) (*Commingling, error) {
	all, ids, err := r.classes(ctx, pass, x, g)
	if err != nil {
		return nil, err
	}
	// What one transaction spends of both is a matter of C1, and so is that it
	// joins them.
	mixed := both(all)
	separate := func(c *Coin) bool { return !mixed[c.By] }
	sideA := map[uint32]bool{}
	for i := range all {
		if all[i].Class == Own && separate(&all[i]) {
			sideA[ids[i]] = true
		}
	}
	ways := x.join(g, sideA, mixed)
	c := &Commingling{Kind: KindCluster, Address: on}
	var rest model.Amount
	unjoined, unvalued := 0, 0
	miners := map[uint32]bool{}
	var spent []uint32 // the ids of the addresses of c.Coins
	var as []model.Address
	listed := map[model.Address]bool{}
	for i := range all {
		coin := &all[i]
		if !separate(coin) {
			continue
		}
		switch coin.Class {
		case Mined:
			if _, ok := ways.to(ids[i]); !ok {
				unjoined++
				continue
			}
			miners[ids[i]] = true
		case Own:
		default:
			if sum, fits := rest.Add(coin.Value); fits {
				rest = sum
			}
			if !coin.Known {
				unvalued++
			}
			continue
		}
		c.Coins, spent = append(c.Coins, *coin), append(spent, ids[i])
		if !listed[coin.Address] {
			listed[coin.Address] = true
			as = append(as, coin.Address)
		}
	}
	pass.Note("mined coins that only a transaction which spends both classes joins to an actor's: left to what that transaction shows", unjoined)
	if !c.sum() || c.Mined == 0 || c.Own == 0 {
		return nil, heuristics.ErrSkip
	}
	at := c.Coins[len(c.Coins)-1].Block
	why, doubts, err := r.doubt(ctx, pass, x, g, on, as, miners, sideA, at)
	if err != nil {
		return nil, err
	}
	if why != "" {
		pass.Note("cluster that spends mined coins and an actor's, left out: "+why, 1)
		return nil, heuristics.ErrSkip
	}
	c.doubts = doubts
	enough := c.settle(&r.Params)
	if sum, fits := c.Other.Add(rest); fits {
		c.Other = sum
	}
	c.unvalued[2] += unvalued
	if !enough || !r.material(c) {
		pass.Note("cluster that spends mined coins and an actor's, not material: suppressed", 1)
		return nil, heuristics.ErrSkip
	}
	path, ok := x.path(g, c, spent, mixed)
	if !ok {
		pass.Note("mined coins that co-spends join to another actor's coins than those of the claim: suppressed", 1)
		return nil, heuristics.ErrSkip
	}
	slices.Sort(path)
	path = slices.Compact(path)
	f, err := r.joined(ctx, pass, x, g, c, path)
	if err != nil {
		return nil, err
	}
	c.complete(&f)
	pass.Grade(&f, r.grounds(pass, c))
	pass.Report(f)
	return c, nil
}

// path returns the transactions, as places in the group's joints, that join each
// mined coin of a claim to the actor's; ids are of the coins' addresses. It reports
// false where one is joined to none.
func (x *Index) path(g *group, c *Commingling, ids []uint32, mixed map[model.TxID]bool) (path []uint32, ok bool) {
	from := map[uint32]bool{}
	for i := range c.Coins {
		if c.Coins[i].Class == Own {
			from[ids[i]] = true
		}
	}
	ways := x.join(g, from, mixed)
	done := map[uint32]bool{}
	for i := range c.Coins {
		if c.Coins[i].Class != Mined || done[ids[i]] {
			continue
		}
		done[ids[i]] = true
		way, ok := ways.to(ids[i])
		if !ok {
			return nil, false
		}
		path = append(path, way...)
	}
	return path, true
}

// classes returns the coins that a group spent, in the order of the spending
// transactions, with the ids of their addresses.
func (r *rule) classes(ctx context.Context, pass *heuristics.Pass, x *Index, g *group) ([]Coin, []uint32, error) {
	held := slices.DeleteFunc(slices.Clone(x.held(g)), func(c coin) bool { return c.by == 0 })
	slices.SortStableFunc(held, func(a, b coin) int { return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.vin, b.vin)) })
	actors := actor.Of(pass)
	all, ids := make([]Coin, len(held)), make([]uint32, len(held))
	var fans []Coin
	var at []int
	for i := range held {
		all[i], ids[i] = x.coin(&held[i]), held[i].id
		coin := &all[i]
		if coin.Known && coin.Value < r.MinSat {
			coin.Class = Dust
			continue
		}
		if held[i].fan {
			fans, at = append(fans, *coin), append(at, i)
		}
		if a, ok := actors.Own(coin.Address, coin.Block); ok && a.Via == actor.ByLabel {
			dust, err := r.dusting(ctx, pass, coin)
			if err != nil {
				return nil, nil, err
			}
			coin.Class, coin.Actor = Own, a
			if dust {
				coin.Class, coin.Actor = Dust, actor.Attribution{}
			}
		}
	}
	if _, err := r.mined(ctx, pass, fans); err != nil {
		return nil, nil, err
	}
	judged := slices.Clone(all)
	for i, n := range at {
		if all[n].Class != Dust {
			judged[n] = fans[i]
		}
	}
	r.receipts(all, judged)
	return all, ids, nil
}

// both returns the transactions that spend mined and attributed coins together.
func both(coins []Coin) map[model.TxID]bool {
	mined := map[model.TxID]bool{}
	for i := range coins {
		if coins[i].Class == Mined {
			mined[coins[i].By] = true
		}
	}
	mixed := map[model.TxID]bool{}
	for i := range coins {
		if coins[i].Class == Own && mined[coins[i].By] {
			mixed[coins[i].By] = true
		}
	}
	return mixed
}

// ways are the shortest ways by co-spends from some addresses to others.
type ways struct {
	g    *group
	from map[uint32]bool
	by   map[uint32]uint32 // by address reached: the place in g.joint that reaches it
	prev map[uint32]uint32 // and the address before
}

// join follows the transactions that spend several addresses of a group, but
// those left out, from some addresses on.
func (x *Index) join(g *group, from map[uint32]bool, without map[model.TxID]bool) *ways {
	w := &ways{g: g, from: from, by: map[uint32]uint32{}, prev: map[uint32]uint32{}}
	in := map[uint32][]uint32{} // joints by address
	for i := range g.joint {
		if without[x.txs[g.joint[i].tx].id] {
			continue
		}
		for _, id := range g.joint[i].ids {
			in[id] = append(in[id], uint32(i))
		}
	}
	var next []uint32
	for id := range from {
		next = append(next, id)
	}
	slices.Sort(next)
	used := map[uint32]bool{}
	for len(next) > 0 {
		id := next[0]
		next = next[1:]
		for _, j := range in[id] {
			if used[j] {
				continue
			}
			used[j] = true
			for _, to := range g.joint[j].ids {
				if _, ok := w.by[to]; ok || from[to] {
					continue
				}
				w.by[to], w.prev[to] = j, id
				next = append(next, to)
			}
		}
	}
	return w
}

// to returns the transactions on the way to an address, as places in the group's
// joints.
func (w *ways) to(id uint32) (path []uint32, ok bool) {
	for !w.from[id] {
		j, ok := w.by[id]
		if !ok {
			return nil, false
		}
		path = append(path, j)
		id = w.prev[id]
	}
	return path, true
}

// doubt says why nothing may be concluded from a cluster, if so.
func (r *rule) doubt(ctx context.Context, pass *heuristics.Pass, x *Index, g *group, on model.Address, as []model.Address, miners, sideA map[uint32]bool, at model.BlockRef) (string, []model.Label, error) {
	clusters := cluster.Of(pass)
	for _, c := range clusters.Conflicts() {
		if clusters.Same(c.A, on) || !c.B.IsZero() && clusters.Same(c.B, on) {
			return "labels name different holders of its keys, or of keys that signed with them", nil, nil
		}
	}
	has := func(ids []uint32, set map[uint32]bool) bool {
		return slices.ContainsFunc(ids, func(id uint32) bool { return set[id] })
	}
	for i := range g.vetoed {
		if t := &g.vetoed[i]; has(t.ids, miners) && has(t.ids, sideA) {
			return "a transaction that spends both sides may be several parties'", nil, nil
		}
	}
	return r.custody(ctx, pass, as, at)
}
