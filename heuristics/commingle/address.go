package commingle

import (
	"context"
	"errors"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// holder is an address, or a cluster that behaves like a service, with what it
// received.
type holder struct {
	address  model.Address // the address, or the one that stands for the cluster
	members  int           // of the cluster; 0 for an address
	coins    []Coin        // those that may be mined or come from an actor
	came     []bool        // by coin: it may come from an actor
	receipts int64         // all of them
	received model.Amount
	spends   int                    // of coins of the address
	dropped  int                    // coins that were not looked at
	plain    []Coin                 // other receipts: neither of a possible payout nor of what an actor's coins reach
	fan      bool                   // a possible payout may have paid it
	signed   map[model.Address]bool // signed together with it, where a history shows it
	listed   bool                   // from the index of the scope, not from a history

	doubts  []model.Label    // that say so with too little confidence
	label   *model.Label     // of a service's address, or of somebody's account
	verdict *service.Verdict // of a cluster that behaves like a service's
}

// service reports whether the holder is a service's, as far as anything says so.
func (h *holder) service() bool { return h.label != nil || h.verdict != nil }

// last returns the block of the last of the coins.
func (h *holder) last() (b model.BlockRef) {
	for i := range h.coins {
		if c := h.coins[i].Block; i == 0 || b.Compare(c) < 0 {
			b = c
		}
	}
	return b
}

// address looks at what an address received, or its cluster: C2, C3 and C5.
func (r *rule) address(ctx context.Context, pass *heuristics.Pass, x *Index, a model.Address) (*Commingling, error) {
	h := &holder{address: a}
	g, on := x.subject(a)
	// A scope that is not all there is does not show what an address received,
	// or spent, before and after.
	whole := x.whole(pass.Scope())
	switch {
	case g != nil && on != a:
		// A finding about a cluster is made once.
		pass.Visit(model.RefAddress(on))
		return nil, heuristics.ErrSkip
	case g != nil && g.kind == ofActor:
		return r.cluster(ctx, pass, x, g, on)
	case g != nil && (whole || g.kind == likeService || !pass.Can(sources.History)):
		r.indexed(pass, x, g, h)
	case whole || !pass.Can(sources.History):
		return nil, heuristics.ErrSkip
	default:
		if err := r.history(ctx, pass, h); err != nil {
			return nil, err
		}
	}
	if err := r.nature(ctx, pass, h); err != nil {
		return nil, err
	}
	c := &Commingling{Kind: KindReceipt, Address: a, Coins: h.coins}
	if h.service() {
		c.Kind = KindService
	}
	both := false
	if h.fan {
		var err error
		if both, err = r.sort(ctx, pass, h, c); err != nil {
			return nil, err
		}
	}
	if !h.service() && c.count(Mined) == 0 {
		return r.flow(ctx, pass, h)
	}
	c.doubts = h.doubts
	if !both || !c.settle(&r.Params) {
		return nil, heuristics.ErrSkip
	}
	rest, ok := h.received.Add(-c.Mined - c.Own)
	if !ok || rest < 0 {
		return nil, heuristics.ErrSkip
	}
	c.Other = rest
	if c.Kind == KindReceipt {
		gone, err := r.gone(ctx, pass, h)
		if err != nil {
			return nil, err
		}
		if gone {
			pass.Note("address that received mined coins and an actor's, and has spent: not reported", 1)
			return nil, heuristics.ErrSkip
		}
	}
	if !r.material(c) {
		pass.Note("address or service that received mined coins and an actor's, not material: suppressed", 1)
		return nil, heuristics.ErrSkip
	}
	c.Coins = slices.DeleteFunc(slices.Clone(c.Coins), func(coin Coin) bool { return coin.Class == Other && coin.Left == "" })
	f, err := r.arrived(ctx, pass, h, c)
	if err != nil {
		return nil, err
	}
	c.complete(&f)
	pass.Grade(&f, r.grounds(pass, c))
	pass.Report(f)
	return c, nil
}

// indexed fills in what the index of the scope has.
func (r *rule) indexed(pass *heuristics.Pass, x *Index, g *group, h *holder) {
	h.listed, h.receipts, h.received, h.spends, h.dropped, h.fan = true, g.receipts, g.received, g.spends, g.dropped, g.fan
	for i := range x.others(g) {
		h.plain = append(h.plain, x.coin(&x.others(g)[i]))
	}
	if g.kind == likeService {
		v := service.Of(pass).Verdict(h.address)
		h.verdict, h.members = &v, cluster.Of(pass).Size(h.address)
	}
	held := x.held(g)
	h.coins, h.came = make([]Coin, len(held)), make([]bool, len(held))
	for i := range held {
		h.coins[i], h.came[i] = x.coin(&held[i]), held[i].reach
		if held[i].paid > 0 {
			h.coins[i].Block = x.txs[held[i].paid-1].block
		}
	}
}

// history reads what an address received from its history.
func (r *rule) history(ctx context.Context, pass *heuristics.Pass, h *holder) error {
	if _, own := actor.Of(pass).Own(h.address, pass.Tip()); own {
		return heuristics.ErrSkip // what lies there is the actor's own
	}
	h.fan = true
	n := 0
	for tx, err := range pass.History(ctx, h.address, sources.Range{}) {
		if err != nil {
			return err
		}
		if n++; n > r.History {
			pass.Note("address with more transactions than the bound, left out", 1)
			return heuristics.ErrSkip
		}
		self := false
		if !tx.Coinbase() {
			for i := range tx.Inputs {
				if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner == h.address {
					h.spends++
					self = true
				}
			}
		}
		if self {
			h.together(tx)
		}
		for i := range tx.Outputs {
			o := &tx.Outputs[i]
			if o.Owner != h.address || o.Value <= 0 || self {
				continue
			}
			h.receipts++
			if sum, fits := h.received.Add(o.Value); fits {
				h.received = sum
			}
			if len(h.coins) >= r.Coins {
				h.dropped++
				continue
			}
			h.coins = append(h.coins, Coin{Vin: -1, Source: tx.Outpoint(i), Address: h.address, Value: o.Value, Known: true, Block: tx.Block})
			h.came = append(h.came, !tx.Coinbase())
		}
	}
	if h.receipts < 2 {
		return heuristics.ErrSkip
	}
	return nil
}

// together remembers who signed with the address.
func (h *holder) together(tx *model.Tx) {
	if h.signed == nil {
		h.signed = map[model.Address]bool{}
	}
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown {
			h.signed[in.Owner] = true
		}
	}
}

// nature finds out whether labels give an address to a service, or an account
// there to somebody. A service's own wallets are left out: what comes together
// there are the coins of all its customers.
func (r *rule) nature(ctx context.Context, pass *heuristics.Pass, h *holder) error {
	if h.verdict != nil {
		return nil
	}
	direct, err := pass.Labels(ctx, model.RefAddress(h.address))
	if err != nil {
		return err
	}
	at, expired := h.last(), false
	best := func(ls []model.Label, account bool) *model.Label {
		var b *model.Label
		for i := range ls {
			l := &ls[i]
			yes := l.Category.Custodial() && l.Role != model.RoleAccount || account && l.Role == model.RoleAccount
			if holds, _ := l.HoldsAt(at); yes && !holds {
				yes, expired = false, true
			}
			if yes && l.Confidence < r.Custodian {
				yes = false
				if len(h.doubts) < maxLabels && !slices.ContainsFunc(h.doubts, l.Equal) {
					h.doubts = append(h.doubts, *l)
				}
			}
			if yes && (b == nil || l.Confidence > b.Confidence) {
				b = l
			}
		}
		return b
	}
	if h.label = best(direct[0], true); h.label == nil {
		h.label = best(cluster.Of(pass).Labels(h.address), false)
	}
	if h.label == nil {
		if expired {
			pass.Note("address with a service's label that was not valid at the time, left out", 1)
			return heuristics.ErrSkip
		}
		if labelledActor(direct[0]) {
			return heuristics.ErrSkip // what lies there may be the actor's own
		}
		if service.Of(pass).Like(h.address) {
			pass.Note("address of a cluster that behaves like a service, left to a scope that holds the cluster", 1)
			return heuristics.ErrSkip
		}
		return nil
	}
	if on, _ := h.label.On.Address(); on == h.address && ownWallet(h.label.Role) {
		return heuristics.ErrSkip
	}
	return nil
}

// sort finds the classes of the coins, and reports whether both are there, dust
// included.
func (r *rule) sort(ctx context.Context, pass *heuristics.Pass, h *holder, c *Commingling) (both bool, err error) {
	for i := range c.Coins {
		if coin := &c.Coins[i]; coin.Value < r.MinSat {
			coin.Class = Dust
		}
	}
	found, err := r.mined(ctx, pass, c.Coins)
	if err != nil || !found {
		return false, err
	}
	for i := range c.Coins {
		coin := &c.Coins[i]
		if !h.came[i] || coin.Class == Mined {
			continue
		}
		if _, err := r.came(ctx, pass, coin); err != nil {
			return false, err
		}
		both = both || coin.Trail != nil
	}
	return both, nil
}

// gone reports whether a coin of an address was spent, so that whoever holds the
// key has acted since. A scope that ends before the tip does not show all.
func (r *rule) gone(ctx context.Context, pass *heuristics.Pass, h *holder) (bool, error) {
	if h.spends > 0 {
		return true, nil
	}
	if !h.listed || pass.Scope().To == 0 || !pass.Can(sources.Spends) {
		return false, nil
	}
	var outs []model.Outpoint
	for i := range h.coins {
		outs = append(outs, h.coins[i].Source)
	}
	spends, err := pass.Spenders(ctx, outs...)
	if err != nil && !errors.Is(err, sources.ErrNotFound) {
		return false, err
	}
	return slices.ContainsFunc(spends, func(s model.Spend) bool { return s.State == model.Spent }), nil
}
