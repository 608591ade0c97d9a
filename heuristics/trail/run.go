package trail

import (
	"context"
	"errors"
	"math"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

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
		return nil, heuristics.ErrSkip
	}
	s := &Search{}
	if !heuristics.IndexOf[bool](p, w.self) {
		s.Payers.Unowned = unowned(tx)
		return s, nil
	}
	if s.Payers, err = payers(ctx, p, tx); err != nil {
		return nil, err
	}
	w.hold(tx, s)
	if t := s.whole(); t != nil {
		s.Trail = t
	} else if len(s.Holdings) > 0 && s.Payers.Several == "" && p.Hops > 0 {
		if err := w.beside(ctx, p, tx, s, p.Hops-1); err != nil {
			return nil, err
		}
		if s.Trail = s.whole(); s.Trail == nil {
			s.refuse(Minor, 1)
		}
	}
	// An address that is the actor's by co-spending counts for less than one
	// that the actor's labelled address paid and signed together with.
	if len(s.Holdings) == 0 || s.Trail != nil && s.Trail.Attribution.Via != actor.ByLabel && p.Hops > 0 {
		if err := w.follow(ctx, p, tx, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func unowned(tx *model.Tx) (n int) {
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy == model.OwnerUnknown {
			n++
		}
	}
	return n
}

// whole is the trail of the actor to whom the greater part of the inputs belongs,
// whatever is paid; nil where there is none.
func (s *Search) whole() *Trail {
	c := s.Payer(math.MaxInt64)
	return c.Trail
}

// add counts an input whose value is all the actor's or not at all.
func (s *Share) add(v model.Amount, known, his bool) {
	sum, ok := s.Of.Add(v)
	if !known || !ok {
		s.Unknown++
		return
	}
	s.Of = sum
	if his {
		s.Attributed += v // never more than Of
	}
}

// follow looks for trails through the transactions that paid the inputs. Where
// nobody's own coins are among them, every coin but dust must be on a trail of
// one actor. Else only a trail that says more of the actor's own counts.
func (w *walk) follow(ctx context.Context, p *heuristics.Pass, tx *model.Tx, s *Search) error {
	coins, why := w.coins(ctx, p, tx, s)
	if why.err != nil {
		return why.err
	}
	if why.reason != "" {
		s.refuse(why.reason, 1)
		return nil
	}
	var best *Trail
	share := Share{}
	for i := range coins {
		c := &coins[i]
		t, part, err := w.through(ctx, p, tx, s, c, best != nil, p.Hops-1)
		switch {
		case err != nil:
			return err
		case t == nil && s.Trail != nil:
			continue
		case t == nil:
			return nil // through has said why
		case best != nil && !model.SameEntity(best.Entity, t.Entity):
			s.refuse(Mixed, 1)
			return nil
		}
		if s.Trail == nil {
			share.mix(c, part)
		}
		if best == nil || better(t, best) {
			best = t
		}
	}
	switch {
	case best == nil:
	case s.Trail == nil:
		for i := range tx.Inputs {
			if w.dust(&tx.Inputs[i]) {
				share.add(tx.Inputs[i].Value, true, false)
			}
		}
		best.Share = share
		s.Trail = best
	case model.SameEntity(best.Entity, s.Trail.Entity) && best.Confidence > s.Trail.Confidence:
		best.Share = s.Trail.Share
		s.Trail = best
	}
	return nil
}

// mix counts a coin of which the share of the transaction that paid it is the
// actor's.
func (s *Share) mix(c *coin, part Share) {
	sum, ok := s.Of.Add(c.value)
	his, fits := part.Part(c.value)
	if !c.valued || !ok || !fits {
		s.Unknown++
		return
	}
	s.Of = sum
	s.Attributed += his
}

// better reports whether a trail is to be preferred: for its confidence, then for
// having fewer hops. Of equal ones the first in the order of inputs stays,
// unless the other began in an earlier block.
func better(t, old *Trail) bool {
	if t.Confidence != old.Confidence {
		return t.Confidence > old.Confidence
	}
	if t.Hops != old.Hops {
		return t.Hops < old.Hops
	}
	if len(t.Steps) > 0 && len(old.Steps) > 0 {
		return t.Steps[0].Paid.Compare(old.Steps[0].Paid) < 0
	}
	return false
}

func (w *walk) dust(in *model.Input) bool { return in.ValueKnown && in.Value < w.params.MinSat }

func (s *Search) refuse(r Reason, n int) {
	for i := range s.Refused {
		if s.Refused[i].Reason == r {
			s.Refused[i].N += n
			return
		}
	}
	s.Refused = append(s.Refused, Refusal{r, n})
}

// coin is an input that may be on a trail.
type coin struct {
	vin    int
	prev   model.Outpoint
	owner  model.Address
	value  model.Amount
	valued bool
	paid   model.BlockRef
	paidBy *model.Tx
}

// refusal is why coins are not followed, or an error.
type refusal struct {
	reason Reason
	err    error
}

func because(r Reason) refusal { return refusal{reason: r} }

// coins reads the inputs that trails may come through, with the transactions
// that paid them, in one batch. What rules a trail out without a look-up comes
// first.
func (w *walk) coins(ctx context.Context, p *heuristics.Pass, tx *model.Tx, s *Search) ([]coin, refusal) {
	if s.Payers.Several != "" && s.Trail == nil {
		return nil, because(SeveralTx)
	}
	var out []coin
	at := map[model.TxID]int{}
	var ids []model.TxID
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if w.dust(in) || s.Trail != nil && !s.Payers.Is(i) {
			continue
		}
		c := coin{vin: i, prev: in.Prev, value: in.Value, valued: in.ValueKnown}
		if in.OwnerBy != model.OwnerUnknown {
			c.owner = in.Owner
		}
		if _, ok := at[in.Prev.Tx]; !ok {
			at[in.Prev.Tx] = len(ids)
			ids = append(ids, in.Prev.Tx)
		}
		out = append(out, c)
	}
	switch {
	case len(out) == 0:
		return nil, because(OnlyDust)
	case p.Hops == 0:
		return nil, because(Hops)
	case len(ids) > w.limit(p.Hops):
		p.Partial("trail: look-ups of the search spent")
		return nil, because(NoLookups)
	}
	if s.Trail == nil {
		if r := w.elsewhere(ctx, p, out); r != (refusal{}) {
			return nil, r
		}
	}
	txs, err := p.Txs(ctx, ids...)
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		p.Partial("trail: budget spent")
		return nil, because(NoLookups)
	case err != nil:
		return nil, refusal{err: err}
	}
	s.Lookups += len(ids)
	var late, known []coin
	for _, c := range out {
		c.paidBy = txs[at[c.prev.Tx]]
		if c.paidBy == nil {
			if s.Trail == nil {
				return nil, because(NoOrigin)
			}
			s.refuse(NoOrigin, 1)
			continue
		}
		if uint64(c.prev.Vout) >= uint64(len(c.paidBy.Outputs)) {
			return nil, refusal{err: malformed(tx, c.prev, len(c.paidBy.Outputs))}
		}
		o := &c.paidBy.Outputs[c.prev.Vout]
		c.paid = c.paidBy.Block
		if !c.valued {
			if c.value, c.valued = o.Value, true; c.value < w.params.MinSat {
				continue
			}
		}
		if c.owner.IsZero() {
			c.owner = o.Owner
			late = append(late, c)
		}
		switch {
		case s.Trail != nil:
		case c.paidBy.Coinbase():
			return nil, because(OnlyMinted)
		case !c.owner.Ownable():
			return nil, because(NoOwner)
		}
		known = append(known, c)
	}
	if s.Trail != nil {
		return known, refusal{}
	}
	if len(known) == 0 {
		return nil, because(OnlyDust)
	}
	return known, w.elsewhere(ctx, p, late)
}

// through returns the trail by which a coin came, if it came by one that goes on,
// and the share of the paying transaction that is the actor's. Found says that
// another coin of the transaction is on a trail.
func (w *walk) through(ctx context.Context, p *heuristics.Pass, tx *model.Tx, s *Search, c *coin, found bool, hops int) (*Trail, Share, error) {
	no := func(r Reason) (*Trail, Share, error) {
		s.refuse(r, 1)
		return nil, Share{}, nil
	}
	if c.paidBy.Coinbase() {
		return no(OnlyMinted)
	}
	if s.Lookups > w.limit(hops+1) {
		p.Partial("trail: look-ups of the search spent")
		return no(NoLookups)
	}
	up, err := heuristics.Ask[*Search](ctx, p, w.self, model.RefTx(c.prev.Tx), hops)
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		p.Partial("trail: budget spent")
		return no(NoLookups)
	case err != nil:
		return nil, Share{}, err
	}
	s.Lookups += up.Lookups
	before := up.Payer(c.value).Trail
	switch {
	case before == nil && len(up.Holdings) > 0 && up.Payers.Several == "":
		return no(Minor)
	case before == nil && len(up.Refused) == 0:
		return no(Stranger)
	case before == nil:
		for _, r := range up.Refused {
			s.refuse(r.Reason, r.N)
		}
		if s.Trail == nil && found {
			s.refuse(Mixed, 1)
		}
		return nil, Share{}, nil
	case up.Payers.Several != "":
		return no(SeveralTx)
	}
	step := Step{Coin: c.prev, Address: c.owner, Value: c.value, Valued: c.valued, Paid: c.paid, Spent: tx.Block, By: tx.ID}
	step.Self = w.same(p, c)
	if r := w.label(ctx, p, tx.Block, c.owner, before.Entity, before.Attribution.Label.Method == model.MethodStated); r != (refusal{}) {
		if r.err != nil {
			return nil, Share{}, r.err
		}
		return no(r.reason)
	}
	if many(c.paidBy, w.params.Payees) {
		return no(ManyPayees)
	}
	if r, err := w.passes(ctx, p, s, c, before.Entity, &step); err != nil || r != "" {
		if err != nil {
			return nil, Share{}, err
		}
		return no(r)
	}
	t := *before
	t.Hops++
	t.Steps = append(append(make([]Step, 0, len(before.Steps)+1), before.Steps...), step)
	t.Vin = c.vin
	if step.Self {
		t.Self++
	} else {
		t.Way = t.Way.Times(w.params.PerHop)
		t.Confidence = t.Attribution.Confidence.Times(t.Way)
	}
	return &t, before.Share, nil
}

// many reports whether a transaction pays more addresses than so many.
func many(tx *model.Tx, n int) bool {
	if len(tx.Outputs) <= n {
		return false
	}
	payees := map[model.Address]struct{}{}
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Spendable() {
			payees[o.Owner] = struct{}{}
		}
	}
	return len(payees) > n
}

// same reports whether a coin's address signed together with one that paid it.
func (w *walk) same(p *heuristics.Pass, c *coin) bool {
	x := cluster.Of(p)
	for i := range c.paidBy.Inputs {
		in := &c.paidBy.Inputs[i]
		if in.OwnerBy != model.OwnerUnknown && x.Same(in.Owner, c.owner) {
			return true
		}
	}
	return false
}
