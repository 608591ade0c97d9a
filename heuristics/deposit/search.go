package deposit

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// found is a deposit in the making: with what is known of both sides, and what
// was found against it.
type found struct {
	*rule
	pass *heuristics.Pass
	tx   *model.Tx
	d    *Deposit
	t    *target
	r    *payer

	receipts []Return // every payment by the service to the payer, in ledger order
	idle     bool     // returns of idle funds were looked for
	where    string   // what was searched
	unseen   []string // what was not, as sentences for Unseen
}

// search looks for what speaks against the deposit in the payments of the
// service.
func (f *found) search(ctx context.Context) error {
	x := heuristics.IndexOf[*payments](f.pass, f.self)
	number, known := x.services[model.EntityKey(f.d.Payee.Entity)]
	_, dated := f.tx.Block.Clock()
	switch {
	case f.d.Payee.Category == model.MiningPool:
		f.lack("Whether the pool returned the money: not looked for, because a pool pays its members all the time.")
		return nil
	case !dated:
		f.lack("Whether the service returned the money: not looked for, because the time of the payment is not known.")
		return nil
	case f.many():
		f.lack("Whether the service also pays the payer: not looked for, because the payer looks like a service, which receives for its customers.")
		if known && x.covers(f.tx.Block) && f.scanIdle(x, number) {
			f.bounds(x, f.IdleTo)
		}
		return nil
	case known && x.covers(f.tx.Block):
		days := f.ReturnDays
		f.scan(x, number)
		if f.scanIdle(x, number) {
			days = max(days, f.IdleTo)
		}
		f.bounds(x, days)
		return nil
	case f.pass.Can(sources.History):
		return f.histories(ctx)
	}
	f.lack("Whether the service returned the money: not looked for, because the sources have neither the blocks of that time nor histories of addresses.")
	return nil
}

func (f *found) lack(sentence string) { f.unseen = append(f.unseen, sentence) }

// many reports whether an input is of a cluster that looks like a service's.
func (f *found) many() bool { return f.r.many }

// covers reports whether the scope that was read holds the place of a block.
func (x *payments) covers(at model.BlockRef) bool {
	return !x.last.IsZero() && x.first.Compare(at) <= 0 && at.Compare(x.last) <= 0
}

// days returns the whole days from the deposit to a block, and whether that comes
// after it.
func (f *found) days(at model.BlockRef) (int, bool) {
	a, ok := f.tx.Block.Clock()
	b, also := at.Clock()
	if !ok || !also {
		return 0, false
	}
	after := f.tx.Block.Compare(at) < 0 || b.After(a)
	return int(max(0, b.Sub(a)) / (24 * time.Hour)), after
}

// scan reads the columns of the scope for payments to the payer.
func (f *found) scan(x *payments, number uint32) {
	f.d.Searched = true
	f.where = "the scope"
	key := model.EntityKey(f.d.Payee.Entity) + "\x00" + model.EntityKey(f.d.Payer.Entity)
	if rs, ok := f.r.receipts[key]; ok {
		f.receipts = rs
		f.soon()
		return
	}
	own := actor.Of(f.pass)
	clusters := slices.Clone(f.wallets(x))
	if f.d.Attributed() {
		clusters = append(clusters, x.actors[model.EntityKey(f.d.Payer.Entity)]...)
	}
	slices.Sort(clusters)
	for _, c := range slices.Compact(clusters) {
		_, signed := slices.BinarySearch(f.r.clusters, c)
		for _, fl := range x.to(number, c) {
			a := x.clusters.At(fl.addr)
			if !signed {
				if by, ok := own.Own(a, x.txs[fl.tx].block); !ok || !model.SameEntity(by.Entity, f.d.Payer.Entity) {
					continue
				}
			}
			f.receipt(x.txs[fl.tx].block, x.outpoint(fl), a, fl.value, x.txs[fl.tx].from.label)
		}
	}
	f.sortReceipts()
	f.r.receipts[key] = f.receipts
	f.soon()
}

// wallets returns the clusters of the payer's addresses.
func (f *found) wallets(x *payments) []uint32 {
	if f.r.clusters == nil {
		for _, a := range f.payerAddresses() {
			if id, ok := x.clusters.ID(a); ok {
				f.r.clusters = append(f.r.clusters, x.clusters.ClusterOf(id))
			}
		}
		slices.Sort(f.r.clusters)
		f.r.clusters = slices.Compact(f.r.clusters)
	}
	return f.r.clusters
}

// payerAddresses returns the addresses that signed, and those on the way.
func (f *found) payerAddresses() []model.Address {
	var as []model.Address
	for _, a := range f.r.addresses {
		if a.Ownable() {
			as = append(as, a)
		}
	}
	if f.d.Trail != nil {
		for i := range f.d.Trail.Steps {
			as = append(as, f.d.Trail.Steps[i].Address)
		}
	}
	slices.SortFunc(as, model.Address.Compare)
	return slices.Compact(as)
}

// receipt keeps a payment by the service to the payer.
func (f *found) receipt(at model.BlockRef, out model.Outpoint, a model.Address, v model.Amount, from model.Label) {
	days, _ := f.days(at)
	f.receipts = append(f.receipts, Return{Out: out, Block: at, Amount: v, Address: a, From: from, Days: days, ToPayer: true})
}

// soon counts as returns what came soon enough after the deposit.
func (f *found) soon() {
	for _, r := range f.receipts {
		if _, after := f.days(r.Block); after && r.Days <= f.ReturnDays && r.Out.Tx != f.tx.ID {
			f.d.Returns = append(f.d.Returns, r)
		}
	}
}

func (f *found) sortReceipts() {
	order := func(a, b Return) int {
		if c := a.Block.Compare(b.Block); c != 0 {
			return c
		}
		return model.RefOutpoint(a.Out).Compare(model.RefOutpoint(b.Out))
	}
	same := func(a, b Return) bool { return a.Out == b.Out }
	slices.SortFunc(f.receipts, order)
	slices.SortFunc(f.d.Returns, order)
	f.receipts, f.d.Returns = slices.CompactFunc(f.receipts, same), slices.CompactFunc(f.d.Returns, same)
}

// scanIdle reads the columns of the scope for returns of idle funds to anybody, if
// the service is of the kind that returns them.
func (f *found) scanIdle(x *payments, number uint32) bool {
	if f.d.Payee.Category != model.HashMarketplace || f.d.Amount <= f.IdleFee {
		return false
	}
	if len(f.d.More) > 0 {
		f.lack("Returns of idle funds: not looked for, because the finding is of several outputs.")
		return false
	}
	f.idle, f.d.Searched = true, true
	f.where = "the scope"
	var rs []Return
	for _, fl := range x.of(number, f.d.Amount-f.IdleFee) {
		at := x.txs[fl.tx].block
		days, after := f.days(at)
		if !after || days < f.IdleFrom || days > f.IdleTo {
			continue
		}
		rs = append(rs, Return{
			Out: x.outpoint(fl), Block: at, Amount: fl.value, Address: x.clusters.At(fl.addr), From: x.txs[fl.tx].from.label, Days: days,
			Fits: f.fitting(x, number, at),
		})
	}
	for i := range rs {
		rs[i].Fits = max(rs[i].Fits, len(rs))
		j := slices.IndexFunc(f.d.Returns, func(r Return) bool { return r.Out == rs[i].Out })
		if j < 0 {
			f.d.Returns = append(f.d.Returns, rs[i])
			continue
		}
		f.d.Returns[j].Fits = rs[i].Fits
	}
	f.sortReceipts()
	return true
}

// fitting counts the deposits of which a return at a block may be, by amount and
// day: at least the one at hand.
func (f *found) fitting(x *payments, number uint32, at model.BlockRef) int {
	n := 0
	to, _ := at.Clock()
	for _, fl := range x.deposits(number, f.d.Amount) {
		from, ok := x.txs[fl.tx].block.Clock()
		if days := int(to.Sub(from) / (24 * time.Hour)); ok && !to.Before(from) && days >= f.IdleFrom && days <= f.IdleTo {
			n++
		}
	}
	return max(n, 1)
}

// bounds says where the scope ends before the search should.
func (f *found) bounds(x *payments, days int) {
	end, why := x.last, "the scope ends"
	if x.full {
		end, why = x.cut, "the payments of services fill what is kept of them"
	}
	n, _ := f.days(end)
	if when, ok := end.Clock(); ok && n < days {
		f.lack("What the service paid after " + day(when) + ": " + why + " there, less than " + words.Plural(days, "day") + " after the payment.")
	}
}

// histories reads those of the payer's addresses, where there is no scope to
// read.
func (f *found) histories(ctx context.Context) error {
	f.lack("Whether the service returned the money to an address that is not among the payer's: not looked for, because the sources have no blocks of that time to read.")
	as := f.payerAddresses()
	if len(as) > f.Addresses {
		f.lack("What the service paid to " + words.Plural(len(as)-f.Addresses, "more address") + " of the payer: beyond the bound of the search.")
		as = as[:f.Addresses]
	}
	f.d.Searched = len(as) > 0
	f.where = "the histories of the payer's addresses"
	for _, a := range as {
		if err := f.history(ctx, a); err != nil {
			return err
		}
	}
	f.sortReceipts()
	f.soon()
	return nil
}

func (f *found) history(ctx context.Context, a model.Address) error {
	n := 0
	for tx, err := range f.pass.History(ctx, a, sources.Range{}) {
		switch {
		case errors.Is(err, heuristics.ErrEvaluationBudget):
			f.pass.Partial("payments by the service to the payer: budget spent")
			f.lack("What the service paid to " + a.String() + ": the budget of look-ups was spent.")
			return nil
		case errors.Is(err, sources.ErrUnavailable):
			f.pass.Note("history of a payer not available", 1)
			f.lack("What the service paid to " + a.String() + ": its history was not available.")
			return nil
		case err != nil:
			return err
		}
		if n++; n > f.History {
			f.lack("What the service paid to " + a.String() + " after the first " + words.Plural(f.History, "transaction") + ": beyond the bound of the search.")
			return nil
		}
		if err := f.paidIn(ctx, tx, a); err != nil {
			return err
		}
	}
	return nil
}

// paidIn keeps what a transaction of the service pays to the address.
func (f *found) paidIn(ctx context.Context, tx *model.Tx, a model.Address) error {
	pays := slices.ContainsFunc(tx.Outputs, func(o model.Output) bool { return o.Owner == a && o.Value >= f.MinSat-f.IdleFee })
	if !pays || tx.Coinbase() || tx.ID == f.tx.ID {
		return nil
	}
	var refs []model.Ref
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy != model.OwnerUnknown {
			refs = append(refs, model.RefAddress(tx.Inputs[i].Owner))
		}
	}
	labels, err := f.pass.Labels(ctx, refs...)
	if err != nil {
		return err
	}
	for _, ls := range labels {
		for _, l := range ls {
			holds, _ := l.HoldsAt(tx.Block)
			if !holds || l.Role == model.RoleAccount || !mine(l.Category) || !model.SameEntity(l.Entity, f.d.Payee.Entity) {
				continue
			}
			for i := range tx.Outputs {
				if o := &tx.Outputs[i]; o.Owner == a {
					f.receipt(tx.Block, tx.Outpoint(i), a, o.Value, l)
				}
			}
			return nil
		}
	}
	return nil
}
