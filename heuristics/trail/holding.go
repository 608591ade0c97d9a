package trail

import (
	"context"
	"errors"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/model"
)

// Holding is what of a transaction's inputs is one actor's, apart from what the
// transaction itself would join. Dust is left out.
type Holding struct {
	// Trail is of no hops and begins with the first input in the actor's own
	// wallet. Where every input of his is on a trail, it is the best of those.
	Trail *Trail
	// Inputs counts his inputs, and Traced those of them that are on a trail
	// and not in his own wallet.
	Inputs, Traced int
	stated         int // see merged
	// Value is the sum of those of known value. Unvalued counts the others.
	Value    model.Amount
	Unvalued int
}

// Claim says whether an actor may be said to have paid an output.
type Claim struct {
	// Trail is how the actor's coins came; nil where nobody may be named.
	Trail *Trail
	// Partly is true where the actor's inputs cannot have paid all of it,
	// though they are the greater part: AtMost is what they can have paid, and
	// Share what they are of the inputs.
	Partly bool
	AtMost model.Amount
	Share  model.Probability
	// Unvalued is true where that could not be told, because values are
	// unknown. Jointly is true where then some inputs of known owner are the
	// actor's only because they are signed for together with his, in this
	// very transaction, and Share is what that costs.
	Unvalued, Jointly bool
	// Inputs counts what is the actor's, and Value is the sum of those of known
	// value. Traced of them were followed back to him, and Stated are of
	// somebody who is merely stated to be under investigation and may be him.
	Inputs, Traced, Stated int
	Value                  model.Amount
}

// Payer tells who may be said to have paid an output of an amount. It is an actor
// who has every input but dust, or whose inputs come to the amount where nothing
// but the shape of a payjoin speaks for several parties, and nobody else's do. An
// only actor with at least the share Material is named in part, and so he is where
// values are unknown and other inputs are signed for together with his. A trail of several addresses is
// of all inputs, and its actor is named for any output.
func (s *Search) Payer(v model.Amount) Claim {
	if s.Trail != nil && s.Trail.Hops > 0 && len(s.Holdings) == 0 {
		return Claim{Trail: s.Trail}
	}
	hs := s.merged()
	var covers *Holding
	for i := range hs {
		h := &hs[i]
		if h.Inputs == s.Counted {
			return s.claim(h, Claim{})
		}
		if h.Value < v {
			continue
		}
		if covers != nil {
			return Claim{} // either may have paid
		}
		covers = h
	}
	switch {
	case s.Payers.Several != "" && !s.Payers.Payjoin:
		return Claim{}
	case covers != nil:
		if len(hs) > 1 && slices.ContainsFunc(hs, func(h Holding) bool { return h.Unvalued > 0 }) {
			return Claim{} // the other's may be worth more
		}
		return s.claim(covers, Claim{})
	case len(hs) != 1 || s.Payers.Several != "":
		return Claim{}
	}
	h := &hs[0]
	if s.Unvalued > 0 {
		// Without values no share can say whether the others merely signed
		// along. One signer is the rule in a transaction that shows no sign of
		// several, so the actor is named, at the cost of the share at which a
		// known one would do.
		if h.Inputs+s.Unowned < s.Counted {
			return s.claim(h, Claim{Unvalued: true, Jointly: true, Share: s.material})
		}
		return s.claim(h, Claim{Unvalued: true})
	}
	share, ok := h.share(s.Value)
	if !ok || share < s.material {
		return Claim{}
	}
	return s.claim(h, Claim{Partly: true, AtMost: h.Value, Share: share})
}

// merged returns the holdings in which what is of somebody who is merely stated to
// be under investigation counts for the only actor who is named, if there is one:
// the former may have any name, and is no rival to the latter.
func (s *Search) merged() []Holding {
	named := -1
	for i := range s.Holdings {
		if s.Holdings[i].Trail.Attribution.Label.Method != model.MethodStated {
			if named >= 0 {
				return s.Holdings
			}
			named = i
		}
	}
	if named < 0 || len(s.Holdings) == 1 {
		return s.Holdings
	}
	all := s.Holdings[named]
	for i := range s.Holdings {
		if o := &s.Holdings[i]; i != named {
			all.Inputs += o.Inputs
			all.stated += o.Inputs
			all.Traced += o.Traced
			all.Value += o.Value // of coins that were summed: no overflow
			all.Unvalued += o.Unvalued
		}
	}
	return []Holding{all}
}

// claim names the holder. Whoever has no input of his own is only a rival.
func (s *Search) claim(h *Holding, c Claim) Claim {
	if h.Trail.Hops > 0 {
		return Claim{}
	}
	c.Trail, c.Inputs, c.Traced, c.Stated, c.Value = h.Trail, h.Inputs, h.Traced, h.stated, h.Value
	if s.Trail != nil && model.SameEntity(s.Trail.Entity, h.Trail.Entity) && s.Trail.Confidence > h.Trail.Confidence {
		c.Trail = s.Trail
	}
	return c
}

// share returns what the holding is of a sum.
func (h *Holding) share(of model.Amount) (model.Probability, bool) {
	if of <= 0 {
		return 0, false
	}
	v, ok := h.Value.Share(int64(model.Certain), int64(of))
	return model.Probability(v), ok
}

// hold sums up the inputs in actors' own wallets.
func (w *walk) hold(tx *model.Tx, s *Search) {
	s.material = w.params.Material
	s.whose = make([]string, len(tx.Inputs))
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if w.dust(in) {
			continue
		}
		s.Counted++
		if in.OwnerBy == model.OwnerUnknown {
			s.Unowned++
		}
		sum, ok := s.Value.Add(in.Value)
		if !in.ValueKnown || !ok {
			s.Unvalued++
		} else {
			s.Value = sum
		}
		if !s.Payers.Is(i) {
			continue
		}
		by := &s.Payers.By[i]
		h := s.holding(by.Entity)
		if h == nil {
			s.Holdings = append(s.Holdings, Holding{Trail: w.own(tx, &s.Payers, by.Entity)})
			h = &s.Holdings[len(s.Holdings)-1]
		}
		s.take(h, i, in.Value, in.ValueKnown && ok)
	}
}

func (s *Search) holding(entity string) *Holding {
	for i := range s.Holdings {
		if model.SameEntity(s.Holdings[i].Trail.Entity, entity) {
			return &s.Holdings[i]
		}
	}
	return nil
}

func (s *Search) take(h *Holding, vin int, v model.Amount, known bool) {
	s.whose[vin] = h.Trail.Entity
	h.Inputs++
	if known {
		h.Value += v // of coins that were summed: no overflow
	} else {
		h.Unvalued++
	}
}

// Whose returns the actor whose an input is, by its owner or by a trail; empty for
// dust and where it is nobody's in particular.
func (s *Search) Whose(vin int) string {
	if s.whose == nil {
		return ""
	}
	return s.whose[vin]
}

// own is the trail of no hops: the first input of the most confident attribution
// to the actor.
func (w *walk) own(tx *model.Tx, r *Payers, entity string) *Trail {
	t := &Trail{Way: model.Certain, Start: tx.ID, Vin: -1}
	var of actor.Attribution
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		his := r.By[i].Entity != "" && model.SameEntity(r.By[i].Entity, entity)
		if his && !w.dust(in) && (t.Vin < 0 || r.By[i].Confidence > of.Confidence) {
			t.Vin, of = i, r.By[i]
		}
		t.Share.add(in.Value, in.ValueKnown, his)
	}
	t.Entity, t.Confidence, t.Attribution = of.Entity, of.Confidence, of
	return t
}

// Beside returns the search with the inputs that are spent together with actors'
// own followed back as well, each by itself: at most so many hops to the
// transaction that paid it, and one more to the input. It is called inside a pass
// that requires [Heuristic], here with default parameters, and costs look-ups.
// Where several parties may have signed, but for the shape of a payjoin, nothing is
// followed.
func Beside(ctx context.Context, p *heuristics.Pass, tx *model.Tx, s *Search, hops int) (*Search, error) {
	w := &walk{params: DefaultParams(), self: Heuristic}
	next := *s
	next.Holdings, next.whose, next.Refused = slices.Clone(s.Holdings), slices.Clone(s.whose), slices.Clone(s.Refused)
	next.Lookups = 0
	err := w.beside(ctx, p, tx, &next, min(hops, w.params.Hops))
	next.Lookups += s.Lookups
	return &next, err
}

func (w *walk) beside(ctx context.Context, p *heuristics.Pass, tx *model.Tx, s *Search, hops int) error {
	if len(s.Holdings) == 0 || hops < 0 || s.Payers.Several != "" && !s.Payers.Payjoin {
		return nil
	}
	var coins []coin
	at := map[model.TxID]int{}
	var ids []model.TxID
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if w.dust(in) || s.whose[i] != "" {
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
		coins = append(coins, c)
	}
	if len(coins) == 0 {
		return nil
	}
	if len(ids) > w.limit(hops) {
		p.Partial("trail: look-ups of the search spent")
		s.refuse(NoLookups, 1)
		return nil
	}
	txs, err := p.Txs(ctx, ids...)
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		p.Partial("trail: budget spent")
		s.refuse(NoLookups, 1)
		return nil
	case err != nil:
		return err
	}
	s.Lookups += len(ids)
	for i := range coins {
		c := &coins[i]
		if c.paidBy = txs[at[c.prev.Tx]]; c.paidBy == nil {
			s.refuse(NoOrigin, 1)
			continue
		}
		if err := w.trace(ctx, p, tx, s, c, hops); err != nil {
			return err
		}
	}
	return nil
}

// trace counts an input for the actor on whose trail it is, if it is on one.
func (w *walk) trace(ctx context.Context, p *heuristics.Pass, tx *model.Tx, s *Search, c *coin, hops int) error {
	if uint64(c.prev.Vout) >= uint64(len(c.paidBy.Outputs)) {
		return malformed(tx, c.prev, len(c.paidBy.Outputs))
	}
	o := &c.paidBy.Outputs[c.prev.Vout]
	c.paid = c.paidBy.Block
	known := c.valued
	if !c.valued {
		c.value, c.valued = o.Value, true
	}
	if c.owner.IsZero() {
		c.owner = o.Owner
	}
	if c.paidBy.Coinbase() || !c.owner.Ownable() || c.value < w.params.MinSat {
		return nil
	}
	if r := w.elsewhere(ctx, p, []coin{*c}); r.err != nil {
		return r.err
	} else if r.reason != "" {
		s.refuse(r.reason, 1)
		return nil
	}
	t, part, err := w.through(ctx, p, tx, s, c, false, hops)
	if err != nil || t == nil {
		return err
	}
	h := s.holding(t.Entity)
	if h == nil {
		s.Holdings = append(s.Holdings, Holding{Trail: t})
		h = &s.Holdings[len(s.Holdings)-1]
	}
	h.Traced++
	s.take(h, c.vin, c.value, known)
	if his, ok := part.Part(c.value); ok && h.Trail.Hops == 0 && h.Trail.Share.Known() {
		own := *h.Trail // the first is shared
		own.Share.Attributed += his
		h.Trail = &own
	}
	return nil
}
