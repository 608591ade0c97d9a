// Package deposit finds coins that are paid to a hash marketplace or a cloud
// miner, and those that come back.
//
// A finding of kind "deposit" says that an actor, as labels or the operator of
// the run name one, paid an address of such a service; "deposit/pool" says the
// same of a mining pool, which can serve as a mixer because pools that keep
// wallets take deposits; and "deposit/unattributed" says that nobody in
// particular paid a marketplace or a cloud miner, which is an observation and
// feeds no other conclusion. "deposit/returned" says that a marketplace seems to
// have sent a deposit back, as marketplaces do with what lies idle.
//
// The rule is that of section 8.2 of the heuristics reference. The payer is found
// at the inputs, or behind them by a trail (see package trail); the payee by a
// label, or by one that package depaddr derived. The probability is the product of
// the two. A service that pays itself makes no deposit.
//
// A deposit need not buy anything, so what speaks against that is looked for in
// the payments of the services that the scope shows: withdrawals to the payer, a
// return of exactly the amount less a fee after the time for which a marketplace
// keeps idle money, and any other payment to the payer, who may be a seller. A
// deposit that came back is still a finding, with the return stated and the net
// amount given. That hash power was bought, and by whom, a ledger cannot show.
package deposit

import (
	"context"
	"fmt"
	"strconv"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/model"
)

// Kinds of finding.
const (
	Kind             = "deposit"
	KindPool         = "deposit/pool"
	KindUnattributed = "deposit/unattributed"
	KindReturned     = "deposit/returned"
)

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// MinSat is the least amount that counts; smaller outputs are dust, or the
	// postage of token wallets.
	MinSat model.Amount
	// Hops is how many addresses the coins may pass through between the
	// actor's own and the payment; package trail has a bound of its own.
	Hops int
	// A withdrawal to the payer within ReturnDays that makes up ReturnShare of
	// the deposit speaks against hash power having been bought for it.
	ReturnDays  int
	ReturnShare model.Probability
	// A marketplace returns what lay idle from the day IdleFrom to the day
	// IdleTo after the payment, less exactly IdleFee. IdleMatch is the
	// probability that a payment of just that amount, at that time, is such a
	// return, where it fits one deposit only.
	IdleFrom, IdleTo int
	IdleFee          model.Amount
	IdleMatch        model.Probability
	// MaxPayments bounds the payments by and to services that are kept for
	// the search.
	MaxPayments int
	// History bounds the transactions of an address that are read where the
	// scope has no blocks, and Addresses the addresses of a payer.
	History, Addresses int
	// MaxItems bounds the payments that a finding lists, MaxInputs the inputs
	// and the addresses of the payer.
	MaxItems, MaxInputs int
	// MaxFindings bounds the outputs of a transaction that have a finding
	// each. The others have one for each address that they pay.
	MaxFindings int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		MinSat: 20_001, Hops: 4,
		ReturnDays: 60, ReturnShare: model.Percent(70),
		IdleFrom: 50, IdleTo: 64, IdleFee: 10_000, IdleMatch: model.Percent(90),
		MaxPayments: 2_000_000, History: 200, Addresses: 8, MaxItems: 10, MaxInputs: 50, MaxFindings: 100,
	}
}

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	const idle = "the published rule of a marketplace: unused for 50 days, checked weekly, moved for a fee of 0.0001 BTC"
	num := strconv.Itoa
	ps := []model.Parameter{
		{Name: "deposit.min_sat", Value: fmt.Sprint(int64(p.MinSat)), Origin: model.Chosen,
			Source: "above twice the 10,000 sat that token wallets put in each output"},
		{Name: "deposit.hops", Value: num(p.Hops), Origin: model.Chosen,
			Source: "three transactions strictly between the actor's own and the payment, so four addresses"},
		{Name: "deposit.return_days", Value: num(p.ReturnDays), Origin: model.Chosen},
		{Name: "deposit.return_share", Value: p.ReturnShare.String(), Origin: model.Chosen},
		{Name: "deposit.idle_from_days", Value: num(p.IdleFrom), Origin: model.Published, Source: idle},
		{Name: "deposit.idle_to_days", Value: num(p.IdleTo), Origin: model.Chosen, Source: "a week to be checked, and another to be moved"},
		{Name: "deposit.idle_fee_sat", Value: fmt.Sprint(int64(p.IdleFee)), Origin: model.Published, Source: idle},
		{Name: "deposit.idle_match", Value: p.IdleMatch.String(), Origin: model.Chosen},
		{Name: "deposit.max_payments", Value: num(p.MaxPayments), Origin: model.Chosen},
		{Name: "deposit.history", Value: num(p.History), Origin: model.Chosen},
		{Name: "deposit.addresses", Value: num(p.Addresses), Origin: model.Chosen},
		{Name: "deposit.max_items", Value: num(p.MaxItems), Origin: model.Chosen},
		{Name: "deposit.max_inputs", Value: num(p.MaxInputs), Origin: model.Chosen},
		{Name: "deposit.max_findings", Value: num(p.MaxFindings), Origin: model.Chosen},
	}
	return ps
}

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the given parameters.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	r.self = &heuristics.Heuristic{
		Name: "deposit",
		Doc: `payments to hash marketplaces and cloud miners

An output of at least the dust floor that pays an address of a hash_marketplace or of
cloud_mining, by a label or by one that is inferred, is a deposit, unless an input belongs
to the payee's own cluster or entity. It is attributed where the inputs belong to an actor:
by label, by co-spending with a labelled address outside custodial clusters, or by a trail
through a few addresses that pass everything on. What the transaction itself joins does not
count, nor does dust. The inputs of that one actor must come to what the transaction pays to
such services; where they do not, but are at least half of all, the probability is lowered by
their share and the claim says how much they can have paid. In a transaction that several
parties may have signed, it is attributed only if every input belongs to that actor, or if
his come to the amount and nothing but the shape of a payjoin speaks for a second party.
A payment to a mining_pool is reported only if attributed. Withdrawals to the payer, and returns of idle
funds to anybody, are looked for and stated.

It is wrong where a label is: stale, recycled, or a service's other business; where coins
changed hands on the way; and where somebody pays into a friend's account. Sellers of hash
power top up their balance too. A return is wrong where somebody else withdraws just that
amount at that time.`,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: Kind, Doc: "an actor paid a hash marketplace or cloud miner; wrong where a label is, where coins changed hands on the way, or where the payer paid for somebody else"},
			{Name: KindPool, Doc: "an actor paid a mining pool; wrong where a label is, or where the pool sells something else"},
			{Name: KindUnattributed, Doc: "somebody paid a hash marketplace or cloud miner; an observation about nobody in particular"},
			{Name: KindReturned, Doc: "a hash marketplace sent an idle deposit back; wrong where somebody else withdraws just that amount at that time"},
		},
		Subjects: []model.RefKind{model.KindTx},
		Requires: []*heuristics.Heuristic{cluster.Heuristic, service.Heuristic, actor.Heuristic, depaddr.Heuristic, trail.Heuristic},
		Select:   []model.Filter{{NotCoinbase: true, Pays: targets}},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Index:    func(ctx context.Context, s *heuristics.Scan) (any, error) { return build(ctx, s, p) },
		Run:      r.run,
	}
	return r.self
}

// rule is an instance.
type rule struct {
	Params
	self *heuristics.Heuristic
}

var targets = []model.Category{model.HashMarketplace, model.CloudMining, model.MiningPool}

// Deposit is one payment to a service.
type Deposit struct {
	Out     model.Outpoint
	Amount  model.Amount        // with that of More
	More    []model.Outpoint    // further outputs to the address, where a transaction has very many
	Address model.Address       // of the payee
	Payee   model.Label         // the best label of the payee
	Payer   actor.Attribution   // the zero value where unattributed
	Payers  []actor.Attribution // every actor among the inputs, each once, or the one behind them
	// Confidence is that of the payer: the label's, less what the addresses on
	// the way cost, and where Partly times the share of the inputs that is the
	// payer's. 0 where unattributed.
	Confidence model.Probability
	// Trail is how the payer's coins came; nil where unattributed.
	Trail *trail.Trail
	// Partly is true where the payer's inputs do not come to what the
	// transaction pays to such services: AtMost is what they come to.
	Partly bool
	AtMost model.Amount
	// Returns are payments by the service that may have brought the money
	// back, in ledger order. The same payment may stand with several deposits:
	// whoever adds deposits up must count it once.
	Returns []Return
	// Searched reports whether returns were looked for at all.
	Searched bool
}

// Attributed reports whether an actor paid.
func (d *Deposit) Attributed() bool { return d.Payer.Entity != "" }

// Inferred reports whether the payee is known by a derived label alone.
func (d *Deposit) Inferred() bool { return len(d.Payee.Derivation) > 0 }

// Hops counts the addresses between the payer's own and the payment.
func (d *Deposit) Hops() int {
	if d.Trail == nil {
		return 0
	}
	return d.Trail.Hops
}

// Net returns the amount less what came back, not below 0. A return of idle funds
// counts where it fits no other deposit.
func (d *Deposit) Net() model.Amount {
	net := d.Amount
	for i := range d.Returns {
		if r := &d.Returns[i]; r.ToPayer || r.Fits == 1 {
			net -= min(net, r.Amount)
		}
	}
	return net
}

// Return is a payment by the service after a deposit.
type Return struct {
	Out     model.Outpoint
	Block   model.BlockRef
	Amount  model.Amount
	Address model.Address // that was paid
	From    model.Label   // of the address that paid
	Days    int           // whole days after the deposit
	// ToPayer is true where the address is the payer's: one that the payer
	// signed with, or another of the actor's own.
	ToPayer bool
	// Fits counts the deposits of which this may be the return, or the returns
	// that may be of this deposit, whichever are more. It is 0 where the
	// amount or the day is not that of a return of idle funds.
	Fits int
}

// Of returns the deposits of a transaction, inside a pass that requires
// Heuristic.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) ([]Deposit, error) {
	return heuristics.Ask[[]Deposit](ctx, p, Heuristic, model.RefTx(tx), 0)
}

func (p *rule) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	if tx.Coinbase() {
		return nil, heuristics.ErrSkip
	}
	refs := make([]model.Ref, len(tx.Outputs))
	for i := range tx.Outputs {
		refs[i] = model.RefAddress(tx.Outputs[i].Owner)
	}
	labels, err := pass.Labels(ctx, refs...)
	if err != nil {
		return nil, err
	}
	var r *payer
	var paid []*payment
	var sum model.Amount
	folded := map[model.Address]*payment{}
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !o.Owner.Ownable() {
			continue
		}
		if q := folded[o.Owner]; q != nil && o.Value >= p.MinSat {
			q.vouts = append(q.vouts, i)
			q.value += o.Value // of outputs of one transaction: no overflow
			sum += o.Value
			continue
		}
		t := p.target(pass, tx, labels[i])
		if t == nil {
			continue
		}
		if o.Value < p.MinSat {
			pass.Note("payment to a labelled service below the dust floor, left out", 1)
			continue
		}
		if r == nil {
			if r, err = p.payer(ctx, pass, tx); err != nil {
				return nil, err
			}
		}
		if r.is(pass, o.Owner, t.all) {
			pass.Note("a service that pays itself, left out", 1)
			continue
		}
		q := &payment{t: t, vouts: []int{i}, value: o.Value}
		if sum += o.Value; len(paid) >= p.MaxFindings {
			folded[o.Owner] = q
		}
		paid = append(paid, q)
	}
	if len(paid) == 0 {
		return nil, heuristics.ErrSkip
	}
	by, err := r.claim(ctx, pass, p.Hops, sum)
	if err != nil {
		return nil, err
	}
	r.paid = sum
	if by.Trail == nil {
		for _, x := range r.Refused {
			pass.Note("payer not looked for further: "+string(x.Reason), 1)
		}
	}
	var out []Deposit
	for _, q := range paid {
		d := Deposit{Out: tx.Outpoint(q.vouts[0]), Amount: q.value, Payee: q.t.best, Payers: r.Payers.Actors, Address: tx.Outputs[q.vouts[0]].Owner}
		for _, i := range q.vouts[1:] {
			d.More = append(d.More, tx.Outpoint(i))
		}
		if t := by.Trail; t != nil {
			d.Payer, d.Confidence, d.Trail = t.Attribution, t.Confidence, t
			if by.Partly {
				d.Confidence, d.Partly, d.AtMost = t.Confidence.Times(by.Share), true, by.AtMost
			}
			if by.Jointly {
				d.Confidence = t.Confidence.Times(by.Share)
			}
			if len(d.Payers) == 0 {
				d.Payers = []actor.Attribution{t.Attribution}
			}
		}
		if !d.Attributed() && q.t.best.Category == model.MiningPool {
			continue
		}
		f := &found{rule: p, pass: pass, tx: tx, d: &d, t: q.t, r: r}
		if err := f.search(ctx); err != nil {
			return nil, err
		}
		if err := f.report(ctx); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, heuristics.ErrSkip
	}
	return out, nil
}

// payment is what a transaction pays to an address, by one output or, where there
// are very many, by several.
type payment struct {
	t     *target
	vouts []int
	value model.Amount
}
