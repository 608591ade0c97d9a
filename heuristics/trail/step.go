package trail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// elsewhere says for which of the coins' addresses no trail goes on, whoever it
// is of: a service's, or one where the owner is not known. A label that does not
// hold at the time counts too: an address may pass from one customer to another,
// and its key stays the custodian's.
func (w *walk) elsewhere(ctx context.Context, p *heuristics.Pass, coins []coin) refusal {
	var refs []model.Ref
	services := service.Of(p)
	for i := range coins {
		a := coins[i].owner
		if a.IsZero() {
			continue // known once the transaction that paid it is
		}
		if services.Like(a) {
			return because(AtService)
		}
		refs = append(refs, model.RefAddress(a))
	}
	labels, err := p.Labels(ctx, refs...)
	if err != nil {
		return refusal{err: err}
	}
	for i := range labels {
		for j := range labels[i] {
			if l := &labels[i][j]; l.Category.Custodial() && l.Role != model.RoleAccount {
				return because(AtService)
			}
		}
	}
	return refusal{}
}

// account reports whether a label gives an address to a customer, so that a custodian
// holds its key: one that says so, or one of an actor in another role than that of
// a key; see [actor.OtherRole].
func account(l *model.Label) bool {
	return l.Role == model.RoleAccount || l.Category == model.Actor && l.Role != "" && l.Role != model.RoleKey
}

// label says whether a label keeps an address from being the next one of the
// actor's: one that names a service or an account, at whatever time, or somebody
// else.
func (w *walk) label(ctx context.Context, p *heuristics.Pass, at model.BlockRef, a model.Address, entity string, stated bool) refusal {
	own := actor.Of(p)
	if by, ok := own.Own(a, at); ok && !stated && by.Label.Method != model.MethodStated && !model.SameEntity(by.Entity, entity) {
		return because(SomebodyS)
	} else if _, held := own.Account(a, at); held && !ok {
		return because(AtAccount)
	}
	on, err := p.Labels(ctx, model.RefAddress(a))
	if err != nil {
		return refusal{err: err}
	}
	for _, ls := range [...][]model.Label{on[0], cluster.Of(p).Labels(a)} {
		for i := range ls {
			l := &ls[i]
			switch {
			case l.Category.Custodial() && l.Role != model.RoleAccount:
				return because(AtService)
			case account(l):
				return because(AtAccount)
			case !valid(l, at):
			case (stated || l.Method == model.MethodStated) && l.Category == model.Actor:
				// Who is merely stated may have any name.
			case l.Confidence >= w.params.OtherLabel && !model.SameEntity(l.Entity, entity):
				return because(SomebodyS)
			}
		}
	}
	return refusal{}
}

// valid reports whether a label may hold at the time of a block; where that is
// not known it does, because labels here only ever end a trail.
func valid(l *model.Label, at model.BlockRef) bool {
	holds, _ := l.HoldsAt(at)
	return holds
}

// passes says why the step's address is not one that coins merely pass through;
// the empty reason where it is, as far as the step's Unknown does not say
// otherwise.
func (w *walk) passes(ctx context.Context, p *heuristics.Pass, s *Search, c *coin, entity string, step *Step) (Reason, error) {
	bound := time.Duration(w.params.Dwell) * 24 * time.Hour
	if step.Dwell, step.Timed = between(step.Paid, step.Spent); !step.Timed {
		step.Unknown = append(step.Unknown, "how long the coin rested: the time of a block is not known")
	}
	if step.Dwell > bound {
		return Rested, nil
	}
	return w.forwards(ctx, p, s, c, entity, step, bound)
}

// between returns the time from one block to another, not below 0: header times
// may run backwards a little.
func between(from, to model.BlockRef) (time.Duration, bool) {
	a, ok := from.Clock()
	b, also := to.Clock()
	if !ok || !also {
		return 0, false
	}
	return max(0, b.Sub(a)), true
}

// receipt is one coin of an address, in the reading of its history.
type receipt struct {
	value model.Amount
	at    model.BlockRef
}

// forwards reads the history of the step's address up to its transaction, and a
// dwell bound on, and tells whether it had received mostly from the wallet before
// it, and spent nearly all of that.
func (w *walk) forwards(ctx context.Context, p *heuristics.Pass, s *Search, c *coin, entity string, step *Step, bound time.Duration) (Reason, error) {
	const what = "what else the address received: "
	if !p.Can(sources.History) {
		step.Unknown = append(step.Unknown, what+"the sources have no histories of addresses")
		return "", nil
	}
	open := map[model.Outpoint]receipt{}
	var received, forwarded, known model.Amount
	from := w.source(p, c, entity)
	n := 0
	for t, err := range p.History(ctx, step.Address, sources.Range{}) {
		switch {
		case errors.Is(err, heuristics.ErrEvaluationBudget):
			p.Partial("trail: budget spent")
			return NoLookups, nil
		case errors.Is(err, sources.ErrUnavailable):
			// A source may refuse the history of a busy address for good.
			p.Note("history of an address on the way not available", 1)
			step.Unknown = append(step.Unknown, what+"its history was not available")
			return "", nil
		case err != nil:
			return "", fmt.Errorf("history of %v: %w", step.Address, err)
		}
		s.Lookups++
		if n++; n > w.params.History {
			return Busy, nil
		}
		if d, ok := between(step.Spent, t.Block); ok && d > bound {
			break
		}
		for i := range t.Inputs {
			r, ok := open[t.Inputs[i].Prev]
			if !ok {
				continue
			}
			delete(open, t.Inputs[i].Prev)
			if d, _ := between(r.at, t.Block); d <= bound {
				forwarded += r.value // never more than received
			}
		}
		if t.Block.Compare(step.Spent) > 0 {
			continue // receipts of later say nothing of what was there
		}
		his, asked := false, false
		for i := range t.Outputs {
			o := &t.Outputs[i]
			if o.Owner != step.Address || o.Value < w.params.MinSat {
				continue
			}
			if !asked {
				his, asked = from(t), true
			}
			sum, ok := received.Add(o.Value)
			if !ok {
				return Kept, nil
			}
			if received = sum; his {
				known += o.Value // never more than received
			}
			open[t.Outpoint(i)] = receipt{o.Value, t.Block}
		}
	}
	if received == 0 || forwarded == 0 {
		// The history must at least show the coin itself.
		step.Unknown = append(step.Unknown, what+"its history does not show the coin")
		return "", nil
	}
	part, ok := forwarded.Share(int64(model.Certain), int64(received))
	if !ok || model.Probability(part) < w.params.Forward {
		return Kept, nil
	}
	step.Forward = model.Probability(part)
	if part, ok = known.Share(int64(model.Certain), int64(received)); !ok || model.Probability(part) < w.params.SameSource {
		return Gathers, nil
	}
	step.SameSource = model.Probability(part)
	return "", nil
}

// source tells of transactions whether the wallet that paid the coin signs them,
// or the actor does.
func (w *walk) source(p *heuristics.Pass, c *coin, entity string) func(*model.Tx) bool {
	x, own := cluster.Of(p), actor.Of(p)
	roots := map[model.Address]bool{}
	for i := range c.paidBy.Inputs {
		if in := &c.paidBy.Inputs[i]; in.OwnerBy != model.OwnerUnknown {
			roots[x.Root(in.Owner)] = true
		}
	}
	return func(t *model.Tx) bool {
		if t.ID == c.paidBy.ID {
			return true
		}
		for i := range t.Inputs {
			in := &t.Inputs[i]
			if t.Coinbase() || in.OwnerBy == model.OwnerUnknown {
				continue
			}
			if roots[x.Root(in.Owner)] {
				return true
			}
			if by, ok := own.Own(in.Owner, t.Block); ok && model.SameEntity(by.Entity, entity) {
				return true
			}
		}
		return false
	}
}

func malformed(tx *model.Tx, prev model.Outpoint, n int) error {
	return &sources.Error{Source: "trail", Op: "Txs", Key: tx.ID.String(), Err: fmt.Errorf("%w: spends output %v, and that transaction has %d", sources.ErrMalformed, prev, n)}
}
