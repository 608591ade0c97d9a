// Package fresh measures how much of a transaction's money is freshly mined:
// the share of the inputs' value that descends from coinbase outputs within a
// few transactions, by the haircut rule, and which pools mined it.
//
// The haircut rule gives every output of a transaction the same share, that of
// the inputs' value taken together; the fee carries its part away. So the share
// of a transaction is the mean of the shares of those it spends, weighted by
// value, and a coinbase transaction is wholly fresh. The walk goes backwards
// from the transaction asked about, one transaction a hop, at most MaxHops.
//
// What cannot be told is never counted as either: [Share] keeps it apart, with
// the reason. An input whose value is unknown makes every weight unknown, and
// so the whole share, unless the transaction that it spends can be read. Coins
// that come out of a labelled service other than a pool are not fresh, whatever
// was paid in: a service holds coins for many, and the ledger does not show
// whose it pays with. An account at one is such a service's address, and stays it
// when the label's time is over.
//
// [Heuristic] reports no findings. Others ask it:
//
//	share, err := fresh.Of(ctx, pass, txid, fresh.MaxHops)
//	if err != nil { ... }
//	mined := fresh.AtLeast(share.Coinbase, 50) // half of it, or more
//
// [Output] answers for one output, or for an address, with a finding.
package fresh

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/internal/prevouts"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// MaxHops is how far back the default instance may look.
const MaxHops = 6

// Maturity is how many blocks deep a coinbase output must be before consensus
// lets it be spent.
const Maturity = 100

// Params are the public parameters. [DefaultParams] returns the defaults; the
// zero value looks at nothing but the transaction itself.
type Params struct {
	// Hops is how many transactions back the walk goes.
	Hops int
	// Lookups bounds how many transactions one walk reads: the first step may
	// read so many, each step back half of the one before, so that the whole
	// reads at most twice as many. What is beyond is unknown.
	Lookups int
}

// DefaultParams returns the parameters of [Heuristic].
func DefaultParams() Params { return Params{Hops: MaxHops, Lookups: 4000} }

// Parameters lists every field.
func (p Params) Parameters() []model.Parameter {
	return []model.Parameter{
		{Name: "fresh.hops", Value: strconv.Itoa(p.Hops), Origin: model.Chosen},
		{Name: "fresh.lookups", Value: strconv.Itoa(p.Lookups), Origin: model.Chosen},
	}
}

// Heuristic is the instance with default parameters.
var Heuristic = New(DefaultParams())

const doc = `share of freshly mined coins in a transaction's inputs

The share of the inputs' value that descends from coinbase outputs within six
transactions, by the haircut rule: every output of a transaction carries the
share of its inputs taken together. Exact in integers; the parts sum to the whole
by largest remainder. The pools that mined the coins are named by the tags and
addresses of the coinbase transactions reached. The walk stops at coins that come
out of a labelled service other than a pool, which count as not fresh.

It is wrong where a pool's coinbase is attributed wrongly, and it says nothing
about who controls the coins. An unlabelled service passes for an ordinary
wallet. A share is unknown, not zero, where an input's value or a parent
transaction is unknown, or the hops or look-ups are spent.

A coinbase output spent before it is 100 blocks deep cannot exist on a valid
chain. Where data say so, what it spends is unknown for that reason, here and in
all that descends from it, and the share of the spender says that it is the one.

A label that names an address as a pool's, so that its coins may be fresh, counts
only where it is known to hold at the time; one that names it as another
service's, or as somebody's account, so that they are not, at whatever time: an
account passes to others, and its key stays the service's.

Haircut: Moeser, Boehme and Breuker, Towards Risk Scoring of Bitcoin
Transactions, 2014.`

// New returns an instance with other parameters.
func New(params Params) *heuristics.Heuristic {
	w := &walk{params: params}
	h := &heuristics.Heuristic{
		Name:     "fresh",
		Doc:      doc,
		Version:  1,
		Subjects: []model.RefKind{model.KindTx},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{pool.Heuristic},
		Params:   params.Parameters(),
		Horizon:  heuristics.Past,
		MaxHops:  params.Hops,
		Run:      w.run,
	}
	w.self = h
	return h
}

// Of asks for the share of a transaction's inputs, inside a pass of a heuristic
// that requires [Heuristic].
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID, hops int) (*Share, error) {
	return heuristics.Ask[*Share](ctx, p, Heuristic, model.RefTx(tx), hops)
}

// walk is an instance.
type walk struct {
	params Params
	self   *heuristics.Heuristic
}

// limit is how many look-ups a step with so many hops left may cost.
func (w *walk) limit(hops int) int { return w.params.Lookups >> max(0, w.params.Hops-hops) }

func (w *walk) run(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	if tx.Coinbase() {
		return w.minted(ctx, p, tx)
	}
	if p.Hops == 0 {
		return unknown(NoHops, len(tx.Inputs), 0), nil
	}
	return w.spent(ctx, p, tx)
}

// minted is the share of a coinbase transaction: all of it, to whoever mined it.
func (w *walk) minted(ctx context.Context, p *heuristics.Pass, tx *model.Tx) (*Share, error) {
	a, err := pool.Of(ctx, p, tx.ID)
	switch {
	case errors.Is(err, heuristics.ErrSkip):
		a = nil
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		p.Partial("miner of a block not looked up: budget spent")
		a = nil
	case err != nil:
		return nil, err
	}
	mined := PoolShare{Share: Whole, Coinbases: []model.TxID{tx.ID}}
	if a != nil && !a.Conflict {
		// Where two pools claim the block, nobody is said to have mined it.
		mined.Entity, mined.Confidence = a.Entity, a.Probability
	}
	return &Share{Coinbase: Whole, Pools: []PoolShare{mined}}, nil
}

// spent is the share of a transaction that spends outputs.
func (w *walk) spent(ctx context.Context, p *heuristics.Pass, tx *model.Tx) (*Share, error) {
	list, lookups, err := w.inputs(ctx, p, tx)
	if err != nil {
		return nil, err
	}
	unvalued := 0
	for i := range list {
		if !list[i].Known {
			unvalued++
		}
	}
	if unvalued > 0 {
		return unknown(NoValue, unvalued, lookups), nil
	}
	var m mixture
	shares := map[model.TxID]*Share{} // of parents asked already
	limit, spent, early := w.limit(p.Hops), false, 0
	for i := range list {
		in := &list[i]
		switch {
		case in.Settled:
			m.stop(in.Value)
			continue
		case in.Unread:
			m.gap(NoBudget, in.Value)
			continue
		case in.Parent == nil:
			m.gap(NoParent, in.Value)
			continue
		case immature(tx, in.Parent):
			early++
			m.gap(Immature, in.Value)
			continue
		case spent && !in.Parent.Coinbase():
			m.gap(NoBudget, in.Value)
			continue
		case p.Hops == 1 && !in.Parent.Coinbase():
			m.gap(NoHops, in.Value)
			continue
		}
		s, seen := shares[in.Parent.ID]
		if !seen {
			s, err = heuristics.Ask[*Share](ctx, p, w.self, model.RefTx(in.Parent.ID), p.Hops-1)
			switch {
			case errors.Is(err, heuristics.ErrEvaluationBudget):
				p.Partial("origin of coins: budget spent")
				s, err = unknown(NoBudget, 1, 0), nil
				spent = true
			case err != nil:
				return nil, err
			}
			shares[in.Parent.ID] = s
			if lookups += s.Lookups; lookups >= limit && !spent {
				spent = true
				if i+1 < len(list) {
					p.Partial("origin of coins: look-ups of the walk spent")
				}
			}
		}
		m.mix(s, in.Value)
	}
	s := m.share(lookups)
	if early > 0 {
		s.Immature = early
		p.Note("data errors: spends of coinbase outputs less than 100 blocks deep", early)
	}
	return s, nil
}

// inputs reads the parents, as far as they are needed and the look-ups reach, and
// the labels of the owners: the settled are those that stop the walk.
func (w *walk) inputs(ctx context.Context, p *heuristics.Pass, tx *model.Tx) ([]prevouts.Input, int, error) {
	asked := make([]bool, len(tx.Inputs))
	return prevouts.Search{
		By: "fresh", Name: "walk", Limit: max(w.limit(p.Hops), 1),
		Settle: func(list []prevouts.Input) error { return w.stops(ctx, p, tx, list, asked) },
	}.Inputs(ctx, p, tx)
}

// custody reports whether a label gives the key of an address to a service other
// than a pool: one of such a service, of an account, or of an actor in another role
// than that of a key.
func custody(l *model.Label) bool {
	switch l.Category {
	case model.MiningPool:
		return false
	case model.Actor:
		return l.Role != "" && l.Role != model.RoleKey
	}
	return l.Category.Custodial() || l.Role == model.RoleAccount
}

// immature reports whether tx spends outputs of a coinbase that, by the heights
// of both, is less deep than consensus demands.
func immature(tx, parent *model.Tx) bool {
	return parent.Coinbase() && tx.Block.Has(model.KnownHeight) && parent.Block.Has(model.KnownHeight) &&
		int64(tx.Block.Height)-int64(parent.Block.Height) < Maturity
}

func malformed(tx *model.Tx, format string, args ...any) error {
	return &sources.Error{Source: "fresh", Op: "Txs", Key: tx.ID.String(), Err: fmt.Errorf("%w: "+format, append([]any{sources.ErrMalformed}, args...)...)}
}

// stops marks the inputs whose key a label gives to a service other than a pool, be
// it by naming somebody's account there. Such a label counts at whatever time: an
// address may pass from one customer to another, and its key stays the service's.
// An address that is labelled as a pool's too, at the time, is a pool's.
func (w *walk) stops(ctx context.Context, p *heuristics.Pass, tx *model.Tx, list []prevouts.Input, asked []bool) error {
	var refs []model.Ref
	at := map[model.Address]int{}
	for i := range list {
		if a := list[i].Owner; a.Ownable() && !asked[i] {
			if _, ok := at[a]; !ok {
				at[a] = len(refs)
				refs = append(refs, model.RefAddress(a))
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	labels, err := p.Labels(ctx, refs...)
	if err != nil {
		return err
	}
	verdicts := make([]bool, len(refs))
	for k := range labels {
		service, mined := false, false
		for j := range labels[k] {
			l := &labels[k][j]
			holds, known := l.HoldsAt(tx.Block)
			mined = mined || l.Category == model.MiningPool && holds && known
			service = service || custody(l)
		}
		verdicts[k] = service && !mined
	}
	for i := range list {
		if k, ok := at[list[i].Owner]; ok && !asked[i] {
			asked[i], list[i].Settled = true, verdicts[k]
		}
	}
	return nil
}
