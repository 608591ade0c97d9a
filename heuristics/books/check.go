package books

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// check compares a record with the ledger, always in the same respects and in the
// same order.
func (p *rule) check(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, r *Recorded) error {
	out := &tx.Outputs[r.Out.Vout]
	r.Checks = []Check{p.amount(r, out), p.address(r, out), p.time(r, tx)}
	label, err := p.label(ctx, pass, r, out, tx.Block)
	if err != nil {
		return err
	}
	r.Checks = append(r.Checks, label, p.order(r))
	paid := Check{Of: "payouts", Record: "nothing of an address", Ledger: "nothing, for no address is known"}
	if !r.Address.IsZero() {
		if paid, err = p.paid(ctx, pass, r, tx.Block); err != nil {
			return err
		}
	}
	r.Checks = append(r.Checks, paid)
	for _, f := range p.factors(r) {
		if r.Probability == 0 {
			r.Probability = model.Certain
		}
		r.Probability = r.Probability.Times(f.Probability)
	}
	r.Probability = min(r.Probability, p.Cap)
	return nil
}

func state(agrees bool) State {
	if agrees {
		return Agrees
	}
	return Differs
}

// amount compares what was credited with the output. What an order that names an
// output is for may be a part of it.
func (p *rule) amount(r *Recorded, out *model.Output) Check {
	c := Check{Of: "amount", Record: "nothing of the amount", Ledger: out.Value.String() + " BTC"}
	if e := &r.Deposit; e.AmountKnown && e.Kind == sources.EntryDeposit {
		c.Record, c.State = e.Amount.String()+" BTC", state(e.Amount == out.Value)
	}
	return c
}

func (p *rule) address(r *Recorded, out *model.Output) Check {
	c := Check{Of: "address", Record: "nothing of the address that was paid", Ledger: "an output without an address"}
	if !out.Owner.IsZero() {
		c.Ledger = out.Owner.String()
	}
	if e := &r.Deposit; !e.Address.IsZero() && e.Kind == sources.EntryDeposit {
		c.Record, c.State = e.Address.String(), state(e.Address == out.Owner)
	}
	return c
}

func (p *rule) time(r *Recorded, tx *model.Tx) Check {
	c := Check{Of: "time", Record: "no time", Ledger: "no time"}
	at, ok := tx.Block.Clock()
	if ok {
		c.Ledger = "a block of " + at.UTC().Format(time.RFC3339)
	}
	if e := &r.Deposit; e.Kind == sources.EntryDeposit && !e.Time.IsZero() {
		c.Record = "credited at " + e.Time.Format(time.RFC3339)
		if ok {
			c.State = state(p.credited(e.Time, at))
		}
	}
	return c
}

// label compares the service of the book with whom labels name at the address that
// was paid.
func (p *rule) label(ctx context.Context, pass *heuristics.Pass, r *Recorded, out *model.Output, at model.BlockRef) (Check, error) {
	c := Check{Of: "label", Record: "an address of " + r.Deposit.Service, Ledger: "nothing, for no label is on it"}
	if out.Owner.IsZero() {
		return c, nil
	}
	direct, err := pass.Labels(ctx, model.RefAddress(out.Owner))
	if err != nil {
		return c, err
	}
	var held []model.Label
	for _, ls := range [...][]model.Label{direct[0], cluster.Of(pass).Labels(out.Owner)} {
		for _, l := range ls {
			// Whose account an address is says nothing about whose it is.
			if holds, _ := l.HoldsAt(at); holds && l.Role != model.RoleAccount && l.Category != model.Actor {
				held = append(held, l)
			}
		}
	}
	if len(held) == 0 {
		return c, nil
	}
	slices.SortFunc(held, func(a, b model.Label) int { return a.Compare(&b) })
	held = slices.CompactFunc(held, model.Label.Equal)
	r.labels = held
	names := model.Entities(held)
	c.Ledger = "labels of " + strings.Join(names, ", ")
	c.State = Differs
	for _, n := range names {
		if model.SameEntity(n, r.Deposit.Service) {
			c.State = Agrees
		}
	}
	return c, nil
}

// order compares the rows with each other: what is ordered is paid for before.
func (p *rule) order(r *Recorded) Check {
	c := Check{Of: "order", Record: "no time of the order", Ledger: "nothing of orders"}
	if r.Deposit.Kind == sources.EntryOrder || r.Deposit.Time.IsZero() {
		return c
	}
	first := firstOrder(r)
	if first.IsZero() {
		return c
	}
	c.Record = "an order of " + first.Format(time.RFC3339)
	c.Ledger = "a deposit credited at " + r.Deposit.Time.Format(time.RFC3339) + ", by the record itself"
	c.State = state(!first.Before(r.Deposit.Time))
	return c
}

// firstOrder returns the time of the first order; zero where no time is stated.
func firstOrder(r *Recorded) (first time.Time) {
	for i := range r.Orders {
		if t := r.Orders[i].Time; !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// lastDue returns when the last order must be paid for.
func (p *rule) lastDue(r *Recorded) (due time.Time) {
	for i := range r.Orders {
		o := &r.Orders[i]
		end := o.Until
		if end.IsZero() && !o.Time.IsZero() {
			end = o.Time.Add(p.OrderLast)
		}
		if end.After(due) {
			due = end
		}
	}
	if !due.IsZero() {
		due = due.Add(p.Settlement)
	}
	return due
}

// paid looks for what the address received from the first order on, until all must
// be settled.
func (p *rule) paid(ctx context.Context, pass *heuristics.Pass, r *Recorded, from model.BlockRef) (Check, error) {
	pool := r.Pool
	if pool == "" {
		pool = "a pool that it does not name"
	}
	c := Check{Of: "payouts", Record: fmt.Sprintf("hash power that works for %s at %s", r.Address, pool)}
	start, end := firstOrder(r), p.lastDue(r)
	switch {
	case start.IsZero():
		c.Ledger = "nothing, for the order has no time"
		return c, nil
	case !pass.Can(sources.History):
		c.Ledger = "nothing, for no source tells what an address received"
		return c, nil
	}
	var rg sources.Range
	if from.Has(model.KnownHeight) {
		rg.From = max(0, from.Height-int32(p.Before/(10*time.Minute)))
	}
	other, unrecognised, small, read := map[string]bool{}, 0, 0, 0
	var others []string
	whole := true
	for tx, err := range pass.History(ctx, r.Address, rg) {
		if errors.Is(err, heuristics.ErrEvaluationBudget) {
			pass.Partial("what the address of an order received: the budget is spent")
			whole = false
			break
		}
		if err != nil {
			return c, err
		}
		if read++; read > p.MaxHistory {
			pass.Note("transaction of an address of an order beyond the bound", 1)
			whole = false
			break
		}
		at, ok := tx.Block.Clock()
		early := at.Before(start.Add(-p.CreditBefore))
		if !ok || at.Before(start.Add(-p.Before)) {
			continue
		}
		if at.After(end) {
			break
		}
		vouts := p.pays(tx, r.Address)
		if len(vouts) == 0 {
			if !early && slices.ContainsFunc(tx.Outputs, func(o model.Output) bool { return o.Owner == r.Address && o.Value > 0 }) {
				small++
			}
			continue
		}
		who, amount, err := payouts(ctx, pass, tx, vouts)
		switch {
		case errors.Is(err, heuristics.ErrEvaluationBudget):
			pass.Partial("whether the address of an order received payouts: the budget is spent")
			whole = false
		case err != nil:
			return c, err
		case early:
			if amount > 0 && (r.Pool == "" || who == "" || model.SameEntity(who, r.Pool)) {
				r.Earlier++
			}
		case amount == 0:
			unrecognised++
		case r.Pool != "" && who != "" && !model.SameEntity(who, r.Pool):
			if !other[who] {
				other[who] = true
				others = append(others, who)
			}
		default:
			r.Payouts++
			r.Received += amount // of outputs of one ledger: no overflow
			if len(c.Items) < p.MaxItems {
				m, err := pass.Money(ctx, amount, tx.Block)
				if err != nil {
					return c, err
				}
				c.Items = append(c.Items, model.Item{On: model.RefOutpoint(tx.Outpoint(vouts[0])), Role: "payout", Address: r.Address, Value: &m, Block: tx.Block})
			}
		}
		if !whole {
			break
		}
	}
	// Only what was read to the end can be said not to be there.
	tip, ok := pass.Tip().Clock()
	settled := whole && ok && !tip.Before(end)
	by := r.Pool
	if by == "" {
		by = "a pool"
	}
	switch {
	case r.Payouts > 0 && r.Earlier > 0:
		c.Ledger = fmt.Sprintf("%s of %s to it after the order, %s BTC, and %d shortly before it as well, so that they confirm nothing", words.Plural(r.Payouts, "payout"), by, r.Received, r.Earlier)
	case r.Payouts > 0 && p.tooMuch(r):
		c.Ledger = fmt.Sprintf("%s of %s to it after the order, %s BTC, which is more than what was ordered earns", words.Plural(r.Payouts, "payout"), by, r.Received)
	case r.Payouts > 0:
		c.State = Agrees
		c.Ledger = fmt.Sprintf("%s of %s to it after the order, %s BTC", words.Plural(r.Payouts, "payout"), by, r.Received)
	case len(others) > 0:
		c.Ledger = "payouts to it after the order, but of " + strings.Join(others, ", ")
		if settled {
			c.State = Differs
		}
	case unrecognised > 0:
		c.Ledger = fmt.Sprintf("%s to it after the order, none of them recognised as a pool's payout", words.Plural(unrecognised, "payment"))
	case small > 0:
		c.Ledger = fmt.Sprintf("%s to it after the order of less than %d sat, which is not counted", words.Plural(small, "payment"), p.MinSat)
	case settled:
		c.State = Differs
		c.Ledger = "no payment to it from the order until all must be settled, on " + end.Format(time.DateOnly)
	default:
		c.Ledger = "no payment to it as far as was read, which is not to the end of the time"
	}
	return c, nil
}

// tooMuch reports whether the address received more than the orders can have
// earned, where the book states what they cost.
func (p *rule) tooMuch(r *Recorded) bool {
	var sum model.Amount
	for i := range r.Orders {
		if !r.Orders[i].AmountKnown {
			return false
		}
		sum += min(r.Orders[i].Amount, model.MaxMoney)
	}
	most, ok := sum.Share(int64(p.MaxRatio), int64(model.Certain))
	return ok && r.Received > most
}

// pays returns the outputs that pay an address enough to count.
func (p *rule) pays(tx *model.Tx, a model.Address) (vouts []int) {
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Owner == a && o.Value >= p.MinSat {
			vouts = append(vouts, i)
		}
	}
	return vouts
}

// payouts returns what outputs of an accepted payout hold, and of which pool; 0
// where it is none.
func payouts(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, vouts []int) (pool string, sum model.Amount, err error) {
	t, paid, err := payout.Paid(ctx, pass, tx.ID, vouts)
	if t == nil {
		return "", 0, err
	}
	for _, v := range paid {
		sum += tx.Outputs[v].Value
	}
	return t.Payer.Pool, sum, nil
}

// factors are what the probability is made of.
func (p *rule) factors(r *Recorded) []model.Factor {
	one := func(name string, v model.Probability) model.Factor {
		return model.Factor{Name: name, Given: v, Probability: v}
	}
	trust := p.trust(&r.Deposit)
	for i := range r.Orders {
		trust = min(trust, p.trust(&r.Orders[i]))
	}
	fs := []model.Factor{one("the book of "+r.Deposit.Service+" is right", trust)}
	if len(r.PoolRows) > 0 {
		trust := model.Certain
		for i := range r.PoolRows {
			trust = min(trust, p.trust(&r.PoolRows[i]))
		}
		fs = append(fs, one("the book of "+r.PoolRows[0].Service+" is right", trust))
	}
	if r.Namesakes > 1 {
		fs = append(fs, one(fmt.Sprintf("of %d accounts with a worker of the name, it is this one's", r.Namesakes), model.Certain/model.Probability(r.Namesakes)))
	}
	row := model.Certain
	if r.ByAmount {
		row = p.ByAmount
	}
	fs = append(fs, one("the row means this output", row))
	agreed, differs := map[string]bool{}, false
	for i := range r.Checks {
		agreed[r.Checks[i].Of] = r.Checks[i].State == Agrees
		differs = differs || r.Checks[i].State == Differs
	}
	if !r.Address.IsZero() && len(r.PoolRows) == 0 {
		named := p.Named
		if agreed["payouts"] || p.byAddress(r.Pool) {
			named = model.Certain
		}
		fs = append(fs, one("the name of the worker is the address that is paid", named))
	}
	ledger := p.Unchecked
	switch {
	case differs:
		ledger = p.Contradicted
	case agreed["amount"] && (agreed["payouts"] || r.Address.IsZero() && !r.ByAmount):
		ledger = model.Certain
	}
	return append(fs, one("the ledger bears the record out", ledger))
}

func (p *rule) trust(e *sources.Entry) model.Probability {
	if e.Confidence != 0 {
		return e.Confidence
	}
	return p.Confidence
}

// byAddress reports whether a pool knows its users by address.
func (p *rule) byAddress(pool string) bool {
	for _, n := range p.AddressPools {
		if model.SameEntity(n, pool) {
			return true
		}
	}
	return false
}
