package peel

import (
	"context"
	"errors"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Kind is the kind of its findings.
const Kind = "peel"

const doc = `peeling chains

One address spends one coin, or a few, to two outputs: the lesser pays somebody, the
greater carries the remainder on, and the next transaction does the same with it. Four
such links with the same version, the same use of lock time and of replacement, and the
same form of locking script are a chain; it is reported once, on its first link, with what
each link paid off, how long the coin had rested, and where and why the chain ends.

No chain runs through a service, labelled or by its behaviour, through transactions
signed in parts, or through pieces of equal value, and a payment the size of dust or of a
token's postage is no link.

It is wrong where a link's greater output is the payment and the lesser the change, and
where coins changed hands on the way to somebody with the same software. It says nothing
of intent: a wallet that holds one large coin can pay in no other way.

References: section 6.2 of the heuristics reference (peeling; tracking of peel chains
after Kappos et al. 2022).`

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the parameters. It gives a [*Chain] for the
// first transaction of each chain, and skips all others.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	r.self = &heuristics.Heuristic{
		Name:     "peel",
		Doc:      doc,
		Version:  1,
		Kinds:    []heuristics.Kind{{Name: Kind, Doc: "one party pays small parts off a coin and carries the remainder on, again and again; wrong where a remainder was the payment"}},
		Subjects: []model.RefKind{model.KindTx},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, service.Heuristic, depaddr.Heuristic},
		Later:    []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, service.Heuristic, depaddr.Heuristic}, // the index goes by form alone
		Select:   []model.Filter{{NotCoinbase: true, MinOutputs: 2}},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Index:    func(ctx context.Context, s *heuristics.Scan) (any, error) { return build(ctx, s, &r.Params) },
		Run:      r.run,
	}
	return r.self
}

// Of returns the chain that begins with a transaction, inside a pass of a heuristic
// that requires [Heuristic]. The error is [heuristics.ErrSkip] where none does.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) (*Chain, error) {
	return heuristics.Ask[*Chain](ctx, p, Heuristic, model.RefTx(tx), 0)
}

// Chain is a peeling chain. It is immutable.
type Chain struct {
	Links []Link
	// End says why the chain ends with its last link, and EndTx which
	// transaction spends what that carried, where one was seen.
	End   End
	EndTx model.TxID
	// Begins says what is known of the time before the first link.
	Begins Begin
}

// Peeled returns the sum of what was paid off.
func (c *Chain) Peeled() (sum model.Amount) {
	for i := range c.Links {
		if s, ok := sum.Add(c.Links[i].PeeledValue); ok {
			sum = s
		}
	}
	return sum
}

// Last returns the last link.
func (c *Chain) Last() *Link { return &c.Links[len(c.Links)-1] }

// SelfChange counts the links whose remainder returned to the paying address.
func (c *Chain) SelfChange() (n int) {
	for i := range c.Links {
		if c.Links[i].SelfChange {
			n++
		}
	}
	return n
}

// String returns the length, what was peeled and the end: "4 links, 0.78000000
// peeled, 0.81987700 carried on; unspent".
func (c *Chain) String() string {
	return fmt.Sprintf("%d links, %v peeled, %v carried on; %v", len(c.Links), c.Peeled(), c.Last().CarriedValue, c.End)
}

// Size returns about how many bytes the chain holds.
func (c *Chain) Size() int { return 128 + 640*len(c.Links) }

// End says why a chain ends.
type End uint8

// Ends of a chain.
const (
	Unspent   End = iota // what the last link carried is unspent
	AtService            // a service received the remainder, or the greater part of it
	CoinJoin             // it went into a coinjoin, or into the preparation of one
	Joined               // it was spent together with coins of other addresses
	Changed              // it was spent in another form, or by other software
	NotSeen              // the sources do not tell what became of it
	Bound                // the parameter MaxLinks
	Budget               // the look-ups were spent
)

var ends = [...]string{
	"unspent", "a service received it", "it went into a coinjoin or the preparation of one", "it was spent together with coins of other addresses",
	"it was spent in another form", "what became of it is not known", "the bound on links", "the look-ups were spent",
}

// String returns the end in words.
func (e End) String() string {
	if int(e) >= len(ends) {
		return fmt.Sprintf("end(%d)", uint8(e))
	}
	return ends[e]
}

// Begin says what is known of the time before a chain.
type Begin uint8

// Beginnings of a chain.
const (
	Seen    Begin = iota // the coin was paid by a transaction that is no link
	Minted               // by a coinbase transaction
	Missing              // by one that the source does not know: the chain may be longer
)

// rule is an instance.
type rule struct {
	Params
	self *heuristics.Heuristic
}

func (r *rule) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	first, ok := r.link(tx)
	if !ok || !heuristics.IndexOf[*index](pass, r.self).may(pass.Scope(), tx) || r.behaves(pass, &first) {
		return nil, heuristics.ErrSkip
	}
	if !pass.Can(sources.Spends) {
		pass.Note("transactions with the form of a peeling chain's link: no source says how outputs are spent, so that none is followed", 1)
		return nil, heuristics.ErrSkip
	}
	c := &Chain{}
	if inner, err := r.begins(ctx, pass, tx, &first, c); inner || err != nil {
		if err == nil {
			err = heuristics.ErrSkip
		}
		return nil, err
	}
	at, err := r.labels(ctx, pass, &first, true)
	if err != nil {
		return nil, err
	}
	if at {
		return nil, heuristics.ErrSkip
	}
	c.Links = append(c.Links, first)
	if err := r.follow(ctx, pass, tx, c); err != nil {
		return nil, err
	}
	if len(c.Links) < r.MinLinks {
		return nil, heuristics.ErrSkip
	}
	f, err := r.finding(ctx, pass, c)
	if err != nil {
		return nil, err
	}
	pass.Grade(&f, c.grounds())
	pass.Report(f)
	return c, nil
}

// behaves reports whether the payer of a link, or who carries on, looks like a
// service.
func (r *rule) behaves(pass *heuristics.Pass, l *Link) bool {
	x := service.Of(pass)
	return !l.Payer.IsZero() && x.Like(l.Payer) || x.Like(l.Onward)
}

// begins reports whether a chain that is already on reaches the link, and fills in
// what is known of the time before.
func (r *rule) begins(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, first *Link, c *Chain) (inner bool, err error) {
	before, err := pass.Txs(ctx, tx.Inputs[first.Vin].Prev.Tx)
	if err != nil {
		return false, err
	}
	switch parent := before[0]; {
	case parent == nil:
		c.Begins = Missing
	case parent.Coinbase():
		c.Begins = Minted
		first.rested(parent)
	default:
		l, ok := r.link(parent)
		if ok && first.follows(tx, &l, parent) && !r.behaves(pass, &l) {
			return true, nil
		}
		first.rested(parent)
	}
	return false, nil
}

// rested fills in how long the coin rested that a transaction paid.
func (l *Link) rested(parent *model.Tx) {
	from, ok := parent.Block.Clock()
	to, also := l.Block.Clock()
	if ok && also {
		l.Dwell, l.Timed = to.Sub(from), true
	}
}

// labels reports whether a label gives the payer of a link, or who carries on, to
// a service, and notes the payee's. Of links but the first the payer was looked
// at as who carried on.
func (r *rule) labels(ctx context.Context, pass *heuristics.Pass, l *Link, payer bool) (at bool, err error) {
	on := []model.Ref{model.RefAddress(l.Payee), model.RefAddress(l.Onward)}
	if payer && !l.Payer.IsZero() {
		on = append(on, model.RefAddress(l.Payer))
	}
	ls, err := pass.Labels(ctx, on...)
	if err != nil {
		return false, err
	}
	for k := range ls {
		for i := range ls[k] {
			lab := &ls[k][i]
			if !cluster.Custodial(lab, r.Custodian, l.Block) {
				continue
			}
			if k > 0 {
				return true, nil
			}
			if l.Label.On.IsZero() || lab.Confidence > l.Label.Confidence {
				l.Label = *lab
			}
		}
	}
	return false, nil
}

// follow goes from link to link.
func (r *rule) follow(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Chain) error {
	for {
		if len(c.Links) >= r.MaxLinks {
			c.End = Bound
			return nil
		}
		next, err := r.spender(ctx, pass, c)
		if next == nil || err != nil {
			return err
		}
		c.EndTx = next.ID
		l, ok := r.link(next)
		if !ok || !l.follows(next, c.Last(), tx) {
			return r.ended(ctx, pass, next, c)
		}
		at := r.behaves(pass, &l)
		if !at {
			if at, err = r.labels(ctx, pass, &l, false); err != nil {
				return err
			}
		}
		if at {
			c.End = AtService
			return nil
		}
		l.rested(tx)
		c.Links, c.EndTx = append(c.Links, l), model.TxID{}
		tx = next
	}
}

// spender returns the transaction that spends what the last link carried; nil, with
// the reason as the chain's end, where there is none to be seen.
func (r *rule) spender(ctx context.Context, pass *heuristics.Pass, c *Chain) (*model.Tx, error) {
	spent := func(err error) error {
		if !errors.Is(err, heuristics.ErrEvaluationBudget) {
			return err
		}
		c.End = Budget
		pass.Partial("peeling chain not followed to its end: budget spent")
		return nil
	}
	ss, err := pass.Spenders(ctx, c.Last().Carried)
	if err != nil {
		return nil, spent(err)
	}
	switch ss[0].State {
	case model.Unspent:
		c.End = Unspent
		return nil, nil
	case model.Spent:
	default:
		c.End = NotSeen
		return nil, nil
	}
	txs, err := pass.Txs(ctx, ss[0].By.Tx)
	if err != nil {
		return nil, spent(err)
	}
	if txs[0] == nil {
		c.End, c.EndTx = NotSeen, ss[0].By.Tx
		return nil, nil
	}
	if in := txs[0].Inputs; uint64(ss[0].By.Vin) >= uint64(len(in)) || in[ss[0].By.Vin].Prev != c.Last().Carried {
		return nil, &sources.Error{Source: "peel", Op: "Spenders", Key: c.Last().Carried.String(),
			Err: fmt.Errorf("%w: said to be spent by input %v, which spends another output", sources.ErrMalformed, ss[0].By)}
	}
	return txs[0], nil
}

// ended says why a transaction that spends a remainder is no link.
func (r *rule) ended(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Chain) error {
	c.End = Changed
	v, err := shape.Of(ctx, pass, tx.ID)
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		pass.Partial("end of a peeling chain not looked at: budget spent")
		return nil
	case err != nil:
		return err
	case v.Kind != shape.None:
		c.End = CoinJoin
		return nil
	}
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.OwnerBy == model.OwnerUnknown && len(tx.Inputs) > 1 || in.OwnerBy != model.OwnerUnknown && in.Owner != c.Last().Onward {
			c.End = Joined
			return nil
		}
	}
	most := 0
	for i := range tx.Outputs {
		if tx.Outputs[i].Value > tx.Outputs[most].Value {
			most = i
		}
	}
	if len(tx.Outputs) == 0 || !tx.Outputs[most].Owner.Ownable() {
		return nil
	}
	to := tx.Outputs[most].Owner
	ls, err := pass.Labels(ctx, model.RefAddress(to))
	if err != nil {
		return err
	}
	at := service.Of(pass).Like(to)
	for i := range ls[0] {
		at = at || cluster.Custodial(&ls[0][i], r.Custodian, tx.Block)
	}
	if at {
		c.End = AtService
	}
	return nil
}
