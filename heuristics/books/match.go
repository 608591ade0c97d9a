package books

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Recorded is what a book says of a deposit.
type Recorded struct {
	Out     model.Outpoint
	Amount  model.Amount // on the ledger
	Deposit sources.Entry
	// ByAmount is true where the row names no output, and address, amount and
	// time fit this one.
	ByAmount bool
	Orders   []sources.Entry // of the account, that work for Address or, where that is none, for Pool
	Pool     string
	// Address is the one that the orders work for; the zero value where no
	// book tells.
	Address model.Address
	// PoolRows are the rows of the pool's own book that tell it; none where
	// the name of the worker is the address.
	PoolRows []sources.Entry
	Checks   []Check
	// Received is what recognised payouts to Address hold from the first order
	// on until all must be settled, and Payouts counts them. Earlier counts
	// those shortly before the first order.
	Received    model.Amount
	Payouts     int
	Earlier     int
	Probability model.Probability

	// Namesakes counts the accounts of the pool that had a worker of the name,
	// where its book tells the address: more than one, and at most one of them
	// is meant.
	Namesakes int

	// others counts further deposits that may have paid for the orders, and
	// labels are those that name a service at the address that was paid.
	others int
	labels []model.Label
}

// Of returns what books say of the outputs of a transaction, inside a pass of a
// heuristic that requires Heuristic.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) ([]Recorded, error) {
	return heuristics.Ask[[]Recorded](ctx, p, Heuristic, model.RefTx(tx), 0)
}

func (p *rule) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	x := heuristics.IndexOf[*index](pass, p.self)
	if len(x.entries) == 0 {
		return nil, heuristics.ErrSkip
	}
	if a, ok := pass.Subject.Address(); ok {
		return p.account(ctx, pass, x, a)
	}
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	var out []Recorded
	for _, m := range p.match(pass, x, tx) {
		rs, err := p.follow(ctx, pass, x, tx, m)
		if err != nil {
			return nil, err
		}
		for i := range rs {
			if err := p.report(ctx, pass, tx, &rs[i]); err != nil {
				return nil, err
			}
			if a := rs[i].Address; !a.IsZero() {
				pass.Visit(model.RefAddress(a))
			}
		}
		out = append(out, rs...)
	}
	if len(out) == 0 {
		return nil, heuristics.ErrSkip
	}
	return out, nil
}

// matched is an output with the row of a book that is about it.
type matched struct {
	row      int32
	vout     int
	byAmount bool
}

// match finds the rows that are about outputs of the transaction, in the order of
// the outputs and rows, one of an account for each output.
func (p *rule) match(pass *heuristics.Pass, x *index, tx *model.Tx) (ms []matched) {
	for _, i := range x.deposits[tx.ID] {
		e := &x.entries[i]
		if out, ok := e.On.Outpoint(); ok {
			if uint64(out.Vout) < uint64(len(tx.Outputs)) {
				ms = append(ms, matched{row: i, vout: int(out.Vout)})
			} else {
				pass.Note("a book names an output that the transaction does not have", 1)
			}
			continue
		}
		vout, ok := fits(tx, e)
		if !ok {
			pass.Note("a book names a transaction of which no single output fits", 1)
			continue
		}
		ms = append(ms, matched{row: i, vout: vout})
	}
	for v := range tx.Outputs {
		o := &tx.Outputs[v]
		for _, i := range x.paidIn[o.Owner] {
			e := &x.entries[i]
			at, ok := tx.Block.Clock()
			if e.Amount == o.Value && ok && p.credited(e.Time, at) {
				ms = append(ms, matched{row: i, vout: v, byAmount: true})
			}
		}
	}
	slices.SortStableFunc(ms, func(a, b matched) int { return a.vout - b.vout })
	seen := map[[3]string]bool{}
	ms = slices.DeleteFunc(ms, func(m matched) bool {
		e := &x.entries[m.row]
		k := [3]string{tx.Outpoint(m.vout).String(), model.EntityKey(e.Service), e.Account + "\x00" + e.Order}
		twice := seen[k]
		seen[k] = true
		return twice
	})
	if len(ms) > p.MaxOrders {
		pass.Note("partial: row of a book about a transaction beyond the bound", len(ms)-p.MaxOrders)
		ms = ms[:p.MaxOrders]
	}
	return ms
}

// credited reports whether a deposit in a block of the one time is credited at the
// other.
func (p *rule) credited(row, block time.Time) bool {
	return !row.Before(block.Add(-p.CreditBefore)) && !row.After(block.Add(p.CreditAfter))
}

// fits finds the one output that a row which names the transaction can mean.
func fits(tx *model.Tx, e *sources.Entry) (vout int, ok bool) {
	if len(tx.Outputs) == 1 {
		return 0, true
	}
	n := 0
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !e.Address.IsZero() && o.Owner == e.Address || e.Address.IsZero() && e.AmountKnown && o.Value == e.Amount {
			vout = i
			n++
		}
	}
	return vout, n == 1
}

// follow goes from a deposit to the orders and to the addresses that they work
// for.
func (p *rule) follow(ctx context.Context, pass *heuristics.Pass, x *index, tx *model.Tx, m matched) ([]Recorded, error) {
	d := &x.entries[m.row]
	base := Recorded{Out: tx.Outpoint(m.vout), Amount: tx.Outputs[m.vout].Value, Deposit: *d, ByAmount: m.byAmount}
	orders := p.orders(pass, x, m.row)
	if len(orders) == 0 {
		return nil, nil
	}
	base.others = p.others(x, m.row, orders)
	var rs []Recorded
	place := func(pool string, a model.Address) *Recorded {
		for i := range rs {
			if rs[i].Address == a && model.SameEntity(rs[i].Pool, pool) {
				return &rs[i]
			}
		}
		r := base
		r.Pool, r.Address = pool, a
		rs = append(rs, r)
		return &rs[len(rs)-1]
	}
	type asked struct {
		pool, worker string
		work, paid   span
	}
	ties := map[asked]tie{} // the orders of an account are mostly for one worker
	for _, i := range orders {
		o := &x.entries[i]
		a, ok := addressOf(o.Worker, pass.Network())
		switch {
		case ok:
			r := place(o.Pool, a)
			r.Orders = append(r.Orders, *o)
			continue
		case o.Pool == "":
			continue
		}
		work, paid := p.times(o)
		q := asked{o.Pool, o.Worker, work, paid}
		t, ok := ties[q]
		if !ok {
			t = x.accounts(o.Pool, o.Worker, work, paid, p.MaxItems)
			ties[q] = t
			if t.cut {
				pass.Note("partial: row of a pool's book about a worker beyond the bound", 1)
			}
		}
		as := t.as
		if len(as) > p.MaxPayees {
			pass.Note("partial: address that a pool's book ties to a worker, beyond the bound", len(as)-p.MaxPayees)
			as = as[:p.MaxPayees]
		}
		for _, a := range as {
			r := place(o.Pool, a)
			r.Orders = append(r.Orders, *o)
			r.Namesakes = max(r.Namesakes, t.accounts)
			for _, j := range t.rows[a] {
				r.PoolRows = appendNew(r.PoolRows, &x.entries[j])
			}
		}
		if len(as) == 0 {
			r := place(o.Pool, model.Address{})
			r.Orders = append(r.Orders, *o)
		}
	}
	if len(rs) > p.MaxPayees {
		pass.Note("partial: address that the orders of an account work for, beyond the bound", len(rs)-p.MaxPayees)
		rs = rs[:p.MaxPayees]
	}
	for i := range rs {
		if err := p.check(ctx, pass, tx, &rs[i]); err != nil {
			return nil, err
		}
	}
	return rs, nil
}

// times returns when the machines of an order worked, and when a pool's book has
// payouts for them: from shortly before, as addresses are seldom changed, until all
// must be settled.
func (p *rule) times(o *sources.Entry) (work, paid span) {
	if o.Time.IsZero() {
		return span{}, span{}
	}
	work = span{o.Time, o.Until}
	if work.to.IsZero() {
		work.to = o.Time.Add(p.OrderLast)
	}
	return work, span{o.Time.Add(-p.Before), work.to.Add(p.Settlement)}
}

func appendNew(es []sources.Entry, e *sources.Entry) []sources.Entry {
	for i := range es {
		if es[i].Compare(e) == 0 {
			return es
		}
	}
	return append(es, *e)
}

// orders returns the rows of the orders that a deposit may have paid for.
func (p *rule) orders(pass *heuristics.Pass, x *index, row int32) (out []int32) {
	d := &x.entries[row]
	if d.Kind == sources.EntryOrder {
		return []int32{row}
	}
	if d.Order != "" {
		for _, i := range x.numbered[keyOf(d.Service, d.Order)] {
			if a := x.entries[i].Account; a == d.Account || a == "" || d.Account == "" {
				out = append(out, i)
			}
		}
	} else if d.Account != "" && !d.Time.IsZero() {
		all := x.orders[keyOf(d.Service, d.Account)]
		if len(all) > 0 && x.entries[all[0]].Time.IsZero() {
			pass.Note("an account with an order without a time in a book: it cannot be told from which deposit it was paid", 1)
		}
		out = slices.Clone(x.within(all, d.Time, d.Time.Add(p.OrderWithin)))
	}
	if len(out) > p.MaxOrders {
		pass.Note("partial: order of an account beyond the bound", len(out)-p.MaxOrders)
		out = out[:p.MaxOrders]
	}
	return out
}

// others counts the deposits of the account, beside the one, that came before the
// last of the orders and may have paid for them.
func (p *rule) others(x *index, row int32, orders []int32) (n int) {
	d := &x.entries[row]
	if d.Account == "" || d.Order != "" || d.Kind == sources.EntryOrder {
		return 0
	}
	last := x.entries[orders[len(orders)-1]].Time
	of := x.within(x.credits[keyOf(d.Service, d.Account)], last.Add(-p.OrderWithin), last)
	if slices.Contains(of, row) {
		return len(of) - 1
	}
	return len(of)
}

// within returns those of some rows that are of a time from one to another, both
// included. Rows are in the order of their times, and an account may have many.
func (x *index) within(rows []int32, from, to time.Time) []int32 {
	a := sort.Search(len(rows), func(i int) bool { return !x.entries[rows[i]].Time.Before(from) })
	b := sort.Search(len(rows), func(i int) bool { return x.entries[rows[i]].Time.After(to) })
	return rows[a:max(a, b)]
}
