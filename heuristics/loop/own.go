package loop

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// owned is a sign of one owner of a beneficiary and of the wallet that pays.
type owned struct {
	what   string // "C1", "same cluster" ...
	tx     model.TxID
	weight model.MicroNats
	trust  model.Probability
	text   string
	items  []model.Item
	labels []model.Label
	joint  *commingle.Commingling
}

// evidence looks for ownership, and for what speaks against each beneficiary that
// fits a round.
func (c *cause) evidence(ctx context.Context) error {
	c.extra, c.owner = map[int][]model.Evidence{}, map[int]owned{}
	joint := c.joint()
	for i := range c.a.fitted {
		f := &c.a.fitted[i]
		var signs []owned
		for _, b := range c.people.beneficiaries(f.b) {
			if b.Head.Network() != c.t.Network() {
				continue
			}
			if b.Kind == beneficiary.Account {
				signs = append(signs, c.straight(b, f)...)
				continue
			}
			if b.ServiceLike {
				continue
			}
			signs = append(signs, c.commingled(f.b, joint)...)
			signs = append(signs, c.clustered(b, signs)...)
			if c.early(f) {
				more, err := c.forwarded(ctx, b, f)
				if err != nil {
					return err
				}
				signs = append(signs, more...)
			}
		}
		slices.SortStableFunc(signs, func(x, y owned) int {
			return cmp.Compare(y.weight.Discount(y.trust), x.weight.Discount(x.trust))
		})
		for k, o := range signs {
			if k == 0 {
				c.owner[f.b] = o
			}
			e := model.Evidence{Family: ownershipFamily, Text: o.text, Items: o.items}
			if k == 0 { // the strongest of
				e.Weight, e.Discounted = o.weight, o.weight.Discount(o.trust)
			}
			c.extra[f.b] = append(c.extra[f.b], e)
		}
		c.extra[f.b] = append(c.extra[f.b], c.contrary(f)...)
	}
	return nil
}

// early reports whether a fit starts when a buyer's payouts would.
func (c *cause) early(f *fitted) bool {
	return slices.ContainsFunc(f.fits, func(x fit) bool { return x.ok && x.early })
}

// joint returns the findings of package commingle that join mined coins with the
// actor's own, by beneficiary.
func (c *cause) joint() map[int][]*commingle.Commingling {
	home := map[int]int{}
	for k, w := range c.people.who {
		if w.index >= 0 {
			home[w.index] = k
		}
	}
	out := map[int][]*commingle.Commingling{}
	for _, x := range heuristics.Results[*commingle.Commingling](c.t, commingle.Heuristic) {
		if x == nil || x.Kind != commingle.Kind && x.Kind != commingle.KindCluster || c.leftOut(x) {
			continue
		}
		theirs := slices.ContainsFunc(x.Coins, func(k commingle.Coin) bool {
			return k.Class == commingle.Own && model.SameEntity(k.Actor.Entity, c.party.actor)
		})
		if !theirs {
			continue
		}
		for i := range x.Coins {
			if x.Coins[i].Class != commingle.Mined {
				continue
			}
			n, ok := c.people.x.Find(x.Coins[i].Address)
			if b, known := home[n]; ok && known && !slices.Contains(out[b], x) {
				out[b] = append(out[b], x)
			}
		}
	}
	return out
}

// leftOut reports whether the caller keeps a transaction that it rests on from
// being used.
func (c *cause) leftOut(x *commingle.Commingling) bool {
	if x.Kind == commingle.Kind {
		return slices.Contains(c.LeaveOut, x.Tx)
	}
	return slices.ContainsFunc(x.Coins, func(k commingle.Coin) bool {
		return slices.Contains(c.LeaveOut, k.By) || slices.Contains(c.LeaveOut, k.Source.Tx)
	})
}

func (c *cause) commingled(b int, joint map[int][]*commingle.Commingling) []owned {
	var out []owned
	for _, x := range joint[b] {
		var mined, own []string
		o := owned{trust: x.Confidence, joint: x}
		for i := range x.Coins {
			k := &x.Coins[i]
			role := "mined"
			switch k.Class {
			case commingle.Mined:
				mined = append(mined, k.Address.String())
			case commingle.Own:
				role = "attributed"
				own = append(own, k.Address.String())
				o.labels = append(o.labels, k.Actor.Label)
			default:
				continue
			}
			it := model.Item{On: model.RefOutpoint(k.Source), Role: role, Address: k.Address, Block: k.Block}
			if k.Known {
				it.Value = &model.Money{Amount: k.Value, Unit: c.t.Network().Unit()}
			}
			if len(o.items) < c.MaxParts {
				o.items = append(o.items, it)
			}
		}
		mined, own = compact(mined), compact(own)
		if x.Kind == commingle.Kind {
			o.what, o.tx, o.weight = "C1", x.Tx, model.LnRatio(max(c.C1, 1), 1)
			o.text = fmt.Sprintf("Transaction %s signs for %s BTC mined at %s and for %s BTC from %s, which a label gives to %s.",
				x.Tx, x.Mined, list(mined), x.Own, list(own), c.party.actor)
			o.items = append([]model.Item{{On: model.RefTx(x.Tx), Role: "signs for both", Block: blockOf(x)}}, o.items...)
		} else {
			o.what, o.weight = "C2", c.C2
			o.text = fmt.Sprintf("One cluster of addresses spends %s BTC mined at %s and %s BTC from %s, which a label gives to %s, in separate transactions.",
				x.Mined, list(mined), x.Own, list(own), c.party.actor)
		}
		out = append(out, o)
	}
	return out
}

func blockOf(x *commingle.Commingling) model.BlockRef {
	for i := range x.Coins {
		if x.Coins[i].By == x.Tx {
			return x.Coins[i].Block
		}
	}
	return model.BlockRef{}
}

// wallet returns the addresses that the party is known by: labelled ones, and
// those of the inputs of its direct deposits.
func (c *cause) wallet() (as []model.Address, labels []model.Label) {
	for _, in := range c.party.ins {
		if a, ok := in.Payer.Label.On.Address(); ok && !slices.Contains(as, a) {
			as, labels = append(as, a), append(labels, in.Payer.Label)
		}
	}
	return as, labels
}

// clustered looks for co-spends that join the beneficiary with the wallet that
// pays, or with the change of a deposit, other than those that are known already.
func (c *cause) clustered(b *beneficiary.Beneficiary, known []owned) []owned {
	x := cluster.Of(c.t)
	linked := func(a, other model.Address) bool {
		if !x.Same(a, other) || service.Of(c.t).Like(a) {
			return false
		}
		for _, id := range c.LeaveOut {
			if !x.LinkedWithout(id, a, other) {
				return false
			}
		}
		for i := range known {
			if known[i].what == "C1" && !x.LinkedWithout(known[i].tx, a, other) {
				return false
			}
		}
		return true
	}
	var out []owned
	wallet, labels := c.wallet()
	for i, w := range wallet {
		for _, a := range b.Addresses {
			if !linked(a, w) {
				continue
			}
			trust := labels[i].Confidence
			if a != w {
				trust = trust.Times(cluster.DefaultParams().Cospend)
			}
			return append(out, owned{
				what: "same cluster", weight: c.SameCluster, trust: trust, labels: labels[i : i+1],
				text:  fmt.Sprintf("The address %s, which is paid, signs together with %s, which pays and which a label gives to %s, directly or by way of others.", a, w, c.party.actor),
				items: append([]model.Item{{On: model.RefAddress(a), Role: "paid", Address: a}, {On: model.RefAddress(w), Role: "pays", Address: w}}, c.links(a, w)...),
			})
		}
	}
	for _, in := range c.party.ins {
		change, ok := changeOf(in)
		if !ok {
			continue
		}
		for _, a := range b.Addresses {
			if !linked(a, change) {
				continue
			}
			return append(out, owned{
				what: "change", tx: in.Out.Tx, weight: c.Change, trust: in.way.Times(cluster.DefaultParams().Cospend),
				text: fmt.Sprintf("The address %s, which is paid, signs together with %s, the one other output of deposit %s and so probably its change.", a, change, in.Out.Tx),
				items: append([]model.Item{
					{On: model.RefTx(in.Out.Tx), Role: "deposit", Block: in.block},
					{On: model.RefAddress(a), Role: "paid", Address: a}, {On: model.RefAddress(change), Role: "change", Address: change}}, c.links(a, change)...),
			})
		}
	}
	return out
}

// links lists the transactions that join two addresses of a cluster.
func (c *cause) links(a, b model.Address) []model.Item {
	var out []model.Item
	for _, l := range cluster.Of(c.t).Explain(a, b) {
		if len(out) == c.MaxParts {
			break
		}
		out = append(out, model.Item{On: model.RefTx(l.Tx), Role: "joins", Block: l.Block, Note: fmt.Sprintf("%s with %s", l.A, l.B)})
	}
	return out
}

// changeOf returns the address of the one output of a deposit that does not pay
// the service.
func changeOf(in *paidIn) (a model.Address, ok bool) {
	for i := range in.tx.Outputs {
		o := &in.tx.Outputs[i]
		if o.Owner == in.Address || o.Value == 0 || !o.Owner.Ownable() {
			continue
		}
		if ok {
			return model.Address{}, false
		}
		a, ok = o.Owner, true
	}
	return a, ok
}

// forwarded looks for payouts that were sent on to a deposit address which the
// actor had used before, and nobody else.
func (c *cause) forwarded(ctx context.Context, b *beneficiary.Beneficiary, f *fitted) ([]owned, error) {
	if !c.t.Can(sources.Spends|sources.Txs) || len(c.gathered.taken) == 0 {
		return nil, nil
	}
	rs := b.Receipts[:min(len(b.Receipts), c.MaxParts)]
	outs := make([]model.Outpoint, len(rs))
	for i := range rs {
		outs[i] = rs[i].Out
	}
	spends, err := c.t.Spenders(ctx, outs...)
	if err != nil {
		return nil, err
	}
	var ids []model.TxID
	for i := range spends {
		if id := spends[i].By.Tx; spends[i].State == model.Spent && !slices.Contains(ids, id) && !slices.Contains(c.LeaveOut, id) {
			ids = append(ids, id)
		}
	}
	txs, err := c.t.Txs(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, tx := range txs {
		if tx == nil {
			continue
		}
		when, ok := clock(tx.Block)
		if !ok {
			continue
		}
		for i := range tx.Outputs {
			a := tx.Outputs[i].Owner
			for _, in := range c.gathered.taken[a] {
				others := slices.ContainsFunc(c.gathered.strangers[a], func(id model.TxID) bool { return !slices.Contains(ids, id) })
				if others || in.at >= when || !model.SameEntity(in.Payer.Entity, c.party.actor) {
					continue
				}
				return []owned{{
					what: "forwarded", tx: tx.ID, weight: c.Forwarded, trust: in.Confidence.Times(share(in.Payee.Confidence, c.a.seed(f))),
					labels: []model.Label{in.Payer.Label, in.label},
					text:   fmt.Sprintf("Payouts were sent on by transaction %s to %s, an address of %s that %s had paid before, and nobody else seen.", tx.ID, a, in.Payee.Entity, c.party.actor),
					items: []model.Item{
						{On: model.RefOutpoint(tx.Outpoint(i)), Role: "forwarded to", Address: a, Block: tx.Block},
						{On: model.RefOutpoint(in.Out), Role: "paid before", Address: a, Block: in.block}},
				}}, nil
			}
		}
	}
	return nil, nil
}

// straight looks for payouts that go straight to a deposit address which the actor
// had used before, and nobody else but the pool.
func (c *cause) straight(b *beneficiary.Beneficiary, f *fitted) []owned {
	for _, a := range b.Addresses {
		for _, in := range c.gathered.taken[a] {
			others := slices.ContainsFunc(c.gathered.strangers[a], func(id model.TxID) bool {
				return !slices.ContainsFunc(b.Receipts, func(r beneficiary.Receipt) bool { return r.Out.Tx == id })
			})
			if others || in.at >= c.people.at[f.fits[f.base].from] || !model.SameEntity(in.Payer.Entity, c.party.actor) {
				continue
			}
			return []owned{{
				what: "own account", tx: in.Out.Tx, weight: c.Forwarded, trust: in.Confidence.Times(share(in.Payee.Confidence, c.a.seed(f))),
				labels: []model.Label{in.Payer.Label, in.label},
				text:   fmt.Sprintf("The pool pays %s, an address of %s that %s had paid before, and nobody else but the pool is seen to pay.", a, in.Payee.Entity, c.party.actor),
				items:  []model.Item{{On: model.RefOutpoint(in.Out), Role: "paid before", Address: a, Block: in.block}},
			}}
		}
	}
	return nil
}

// contrary is what speaks against a beneficiary beside times: a label or behaviour
// that makes it somebody who is paid for many, and deposits that came back.
func (c *cause) contrary(f *fitted) []model.Evidence {
	var out []model.Evidence
	for _, b := range c.people.beneficiaries(f.b) {
		if b.ServiceLike && b.Kind != beneficiary.Account {
			out = append(out, model.Evidence{Family: contraryFamily, Weight: c.Labelled, Discounted: c.Labelled,
				Text: fmt.Sprintf("The cluster of %s behaves like that of a service which holds coins for many customers.", b.Head)})
			continue
		}
		for i := range b.Labels {
			l := &b.Labels[i]
			if !ownOf(l, b.Kind) {
				continue
			}
			out = append(out, model.Evidence{Family: contraryFamily, Weight: c.Labelled, Discounted: c.Labelled.Discount(l.Confidence),
				Text: fmt.Sprintf("A label makes %s the address of %s (%s, %s).", b.Head, l.Entity, l.Category, l.Source)})
			break
		}
	}
	for r := range f.fits {
		if f.counts(c.a.p, r) && c.withdrawn(c.rounds[r]) {
			out = append(out, model.Evidence{Family: contraryFamily, Weight: c.Withdrawn, Discounted: c.Withdrawn,
				Text: fmt.Sprintf("Of round %d, %s BTC of %s BTC came back.", c.rounds[r].number, c.rounds[r].Returned, c.rounds[r].Gross)})
		}
	}
	return out
}

// ownOf reports whether a label makes an address that of somebody who is paid for
// his own work or for many: a pool, a seller of hash power, the wallet of a service.
// An address that a service gave to a customer is the customer's account.
func ownOf(l *model.Label, k beneficiary.Kind) bool {
	switch l.Category {
	case model.HashMarketplace, model.CloudMining, model.MiningPool, "miner":
		return l.Role != model.RoleDeposit && l.Role != model.RoleAccount
	}
	if !l.Category.Custodial() {
		return false
	}
	switch l.Role {
	case model.RoleHot, model.RoleCold, model.RolePayout, model.RoleCollector, model.RoleCoinbase:
		return true
	}
	return k != beneficiary.Account
}
