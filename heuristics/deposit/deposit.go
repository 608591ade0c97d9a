// Package deposit finds coins that are paid to a hash marketplace or a cloud
// miner.
//
// A finding of kind "deposit" says that an actor, as labels or the operator of
// the run name one, paid an address that labels give to such a service;
// "deposit/pool" says the same of a mining pool, which can serve as a mixer
// because pools that keep wallets take deposits; and "deposit/unattributed"
// says that nobody in particular paid a marketplace or a cloud miner, which is
// an observation and feeds no other conclusion.
//
// The rule is that of section 8.2 of the heuristics reference: an output to a
// labelled address, from inputs in the actor's own wallet, above the dust
// floor. Its probability is that of the payee times that of the payer, both
// from labels. A service that pays itself makes no deposit. That hash power was
// bought, and by whom, a ledger cannot show.
package deposit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// Kinds of finding.
const (
	Kind             = "deposit"
	KindPool         = "deposit/pool"
	KindUnattributed = "deposit/unattributed"
)

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// MinSat is the least amount that counts; smaller outputs are dust, or the
	// postage of token wallets.
	MinSat model.Amount
}

// DefaultParams returns the defaults.
func DefaultParams() Params { return Params{MinSat: 20_001} }

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	return []model.Parameter{
		{Name: "deposit.min_sat", Value: fmt.Sprint(int64(p.MinSat)), Origin: model.Chosen,
			Source: "above twice the 10,000 sat that token wallets put in each output"},
	}
}

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the given parameters.
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: "deposit",
		Doc: `payments to hash marketplaces and cloud miners

An output of at least the dust floor that pays an address labelled hash_marketplace or
cloud_mining is a deposit, unless an input belongs to the payee's own cluster or entity.
It is attributed where the inputs belong to an actor: by label, or by co-spending with
a labelled address outside custodial clusters. In a transaction that several parties
may have signed, it is attributed only if every input belongs to that actor. A payment
to a mining_pool is reported only if attributed.

It is wrong where a label is: stale, recycled, or a service's other business; and where
somebody pays into a friend's account. Sellers of hash power top up their balance too.`,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: Kind, Doc: "an actor paid a hash marketplace or cloud miner; wrong where a label is, or where the payer paid for somebody else"},
			{Name: KindPool, Doc: "an actor paid a mining pool; wrong where a label is, or where the pool sells something else"},
			{Name: KindUnattributed, Doc: "somebody paid a hash marketplace or cloud miner; an observation about nobody in particular"},
		},
		Subjects: []model.RefKind{model.KindTx},
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, actor.Heuristic},
		Select:   []model.Filter{{NotCoinbase: true, Pays: targets}},
		Params:   p.Parameters(),
		Run:      p.run,
	}
}

var targets = []model.Category{model.HashMarketplace, model.CloudMining, model.MiningPool}

// Deposit is one payment to a service.
type Deposit struct {
	Out     model.Outpoint
	Amount  model.Amount
	Payee   model.Label         // the best label of the payee
	Payer   actor.Attribution   // the zero value where unattributed
	Payers  []actor.Attribution // every actor among the inputs, each once
	Address model.Address       // of the payee
}

// Attributed reports whether an actor paid.
func (d *Deposit) Attributed() bool { return d.Payer.Entity != "" }

// Of returns the deposits of a transaction, inside a pass that requires
// Heuristic.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) ([]Deposit, error) {
	return heuristics.Ask[[]Deposit](ctx, p, Heuristic, model.RefTx(tx), 0)
}

func (p Params) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
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
	var payer *payer
	var out []Deposit
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !o.Owner.Ownable() {
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
		if payer == nil {
			if payer, err = readPayer(ctx, pass, tx); err != nil {
				return nil, err
			}
		}
		if payer.is(pass, o.Owner, t.all) {
			pass.Note("a service that pays itself, left out", 1)
			continue
		}
		d := Deposit{Out: tx.Outpoint(i), Amount: o.Value, Payee: t.best, Payers: payer.actors, Address: o.Owner}
		if len(payer.actors) > 0 && payer.alone() {
			d.Payer = payer.actors[0]
		}
		if !d.Attributed() && t.best.Category == model.MiningPool {
			continue
		}
		f, err := report(ctx, pass, tx, &d, t, payer)
		if err != nil {
			return nil, err
		}
		pass.Report(f)
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, heuristics.ErrSkip
	}
	return out, nil
}

// target is what labels say of a payee.
type target struct {
	best model.Label   // names a service that takes deposits
	all  []model.Label // every label valid at the time
}

// target reads the labels of an output; nil where none names a service.
func (p Params) target(pass *heuristics.Pass, tx *model.Tx, ls []model.Label) *target {
	when, known := tx.Block.When()
	var t target
	expired := 0
	for _, l := range ls {
		if known && !l.ValidAt(when) {
			if slices.Contains(targets, l.Category) {
				expired++
			}
			continue
		}
		t.all = append(t.all, l)
		if slices.Contains(targets, l.Category) && better(&l, &t.best) {
			t.best = l
		}
	}
	if t.best.On.IsZero() {
		pass.Note("payment to an address whose label was not valid at the time", expired)
		return nil
	}
	return &t
}

// better prefers services that sell hash power to pools, then confidence, then
// the fixed order of labels.
func better(l, old *model.Label) bool {
	if old.On.IsZero() {
		return true
	}
	if p, q := l.Category == model.MiningPool, old.Category == model.MiningPool; p != q {
		return q
	}
	if l.Confidence != old.Confidence {
		return l.Confidence > old.Confidence
	}
	return l.Compare(old) < 0
}

// payer is what is known of the inputs of a transaction.
type payer struct {
	tx     *model.Tx
	labels [][]model.Label
	by     []actor.Attribution // aligned with the inputs; zero where not an actor's
	actors []actor.Attribution // each entity once, the most confident first
	shape  *shape.Verdict
	multi  bool // signed in parts
	unseen int  // inputs without known owner
}

func readPayer(ctx context.Context, pass *heuristics.Pass, tx *model.Tx) (*payer, error) {
	r := &payer{tx: tx, by: make([]actor.Attribution, len(tx.Inputs))}
	refs := make([]model.Ref, len(tx.Inputs))
	own := actor.Of(pass)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		refs[i] = model.RefAddress(in.Owner)
		r.multi = r.multi || in.SigHash.MultiParty()
		if in.OwnerBy == model.OwnerUnknown {
			r.unseen++
			continue
		}
		a, ok := own.Payer(in.Owner, tx.Block)
		if !ok {
			continue
		}
		r.by[i] = a
		j := slices.IndexFunc(r.actors, func(b actor.Attribution) bool { return model.SameEntity(a.Entity, b.Entity) })
		switch {
		case j < 0:
			r.actors = append(r.actors, a)
		case a.Confidence > r.actors[j].Confidence:
			r.actors[j] = a
		}
	}
	slices.SortStableFunc(r.actors, func(a, b actor.Attribution) int {
		if a.Confidence != b.Confidence {
			return int(b.Confidence) - int(a.Confidence)
		}
		return strings.Compare(a.Entity, b.Entity)
	})
	var err error
	if r.labels, err = pass.Labels(ctx, refs...); err != nil {
		return nil, err
	}
	r.shape, err = shape.Of(ctx, pass, tx.ID)
	return r, err
}

// alone reports whether the first actor may be said to have paid: the
// transaction has one signer's shape, or all its inputs are the actor's.
func (r *payer) alone() bool {
	if !r.multi && !r.shape.SkipUnion {
		return true
	}
	for i := range r.by {
		if !model.SameEntity(r.by[i].Entity, r.actors[0].Entity) || r.by[i].Entity == "" {
			return false
		}
	}
	return true
}

// is reports whether an input belongs to the payee: by cluster, or by entity.
func (r *payer) is(pass *heuristics.Pass, payee model.Address, ls []model.Label) bool {
	clusters := cluster.Of(pass)
	for i := range r.tx.Inputs {
		in := &r.tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown {
			continue
		}
		if in.Owner == payee || clusters.Same(in.Owner, payee) {
			return true
		}
		for _, a := range r.labels[i] {
			if sharesEntity(a, ls) {
				return true
			}
		}
		for _, a := range clusters.Labels(in.Owner) {
			if sharesEntity(a, ls) {
				return true
			}
		}
	}
	return false
}

func sharesEntity(a model.Label, ls []model.Label) bool {
	return slices.ContainsFunc(ls, func(b model.Label) bool { return model.SameEntity(a.Entity, b.Entity) })
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
