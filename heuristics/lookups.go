package heuristics

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Lookups is what a heuristic reads the ledger through. Every transaction and
// spend that is asked for counts as one look-up against the budget of the
// evaluation, whether or not a cache has it; labels and prices do not count.
// When the budget is spent, look-ups fail with an error of kind
// [sources.ErrBudget]: the heuristic may then go on with what it has and call
// [Pass.Partial], or return the error, which the engine counts as partial.
//
// A look-up for which the sources lack the capability fails with an error of
// kind [sources.ErrUnavailable]; [Lookups.Can] tells beforehand.
type Lookups struct {
	s     *Session
	h     int // index of the heuristic in the engine
	over  *overlay
	left  int64
	spent int64
	notes map[string]int64
	scans bool // builds an index
}

// Can reports whether the sources have the capabilities.
func (l *Lookups) Can(c sources.Capability) bool { return l.s.e.has&c == c }

// Network returns the network of the ledger.
func (l *Lookups) Network() model.Network { return l.s.e.opt.Network }

// Tip returns the last block of the chain as the session pinned it; nothing in
// it is known where the sources have no blocks.
func (l *Lookups) Tip() model.BlockRef { return l.s.tip }

// Scope returns the scope of the session.
func (l *Lookups) Scope() Scope { return l.s.scope }

// Note counts something that could not be seen or was left out, for the
// coverage.
func (l *Lookups) Note(text string, n int) {
	if n <= 0 {
		return
	}
	if l.notes == nil {
		l.notes = map[string]int64{}
	}
	l.notes[text] += int64(n)
}

// Txs looks transactions up, nil where the source does not know one.
func (l *Lookups) Txs(ctx context.Context, ids ...model.TxID) ([]*model.Tx, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if l.s.e.src.Txs == nil {
		return nil, lacks("Txs")
	}
	if err := l.charge("Txs", len(ids)); err != nil {
		return nil, err
	}
	txs, err := l.s.e.src.Txs.Txs(ctx, ids)
	if err != nil {
		return nil, err
	}
	return txs, aligned("Txs", len(ids), len(txs))
}

// Spenders looks up what became of outputs.
func (l *Lookups) Spenders(ctx context.Context, outs ...model.Outpoint) ([]model.Spend, error) {
	if len(outs) == 0 {
		return nil, nil
	}
	if l.s.e.src.Spends == nil {
		return nil, lacks("Spenders")
	}
	if err := l.charge("Spenders", len(outs)); err != nil {
		return nil, err
	}
	ss, err := l.s.e.src.Spends.Spenders(ctx, outs)
	if err != nil {
		return nil, err
	}
	return ss, aligned("Spenders", len(outs), len(ss))
}

// History yields the transactions of an address in ledger order, each as one
// look-up.
func (l *Lookups) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		if l.s.e.src.History == nil {
			yield(nil, lacks("History"))
			return
		}
		for tx, err := range l.s.e.src.History.History(ctx, a, r) {
			if err == nil {
				err = l.charge("History", 1)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(tx, nil) {
				return
			}
		}
	}
}

// Labels returns, in the order of the references, every label of each: those of
// the sources, the actors stated in the scope, and those that indexes derived.
// Without a source of labels only the others exist.
func (l *Lookups) Labels(ctx context.Context, on ...model.Ref) ([][]model.Label, error) {
	return l.s.labels(ctx, l.over, on)
}

// Find yields every label of a category, or all for the empty category, in
// sorted order, the actors of the scope included.
func (l *Lookups) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return l.s.find(ctx, l.over, c)
}

// Tags returns the coinbase tags of mining pools; none without a source of tags.
func (l *Lookups) Tags(context.Context) ([]model.Tag, error) {
	return l.s.tags, nil
}

// Money values an amount at the time of a block, in the currency of the
// options. Fiat is nil where the time or a price for that day is unknown.
func (l *Lookups) Money(ctx context.Context, a model.Amount, at model.BlockRef) (model.Money, error) {
	m := model.Money{Amount: a, Unit: l.Network().Unit()}
	when, ok := at.Clock()
	if !ok || l.s.e.src.Prices == nil || l.s.e.opt.Currency == "" {
		return m, nil
	}
	ps, err := l.s.e.src.Prices.Prices(ctx, l.Network(), l.s.e.opt.Currency, []time.Time{when})
	if err != nil {
		return m, err
	}
	if err := aligned("Prices", 1, len(ps)); err != nil {
		return m, err
	}
	if !ps[0].IsZero() {
		f := ps[0].Of(a, 2)
		m.Fiat = &f
	}
	return m, nil
}

func (l *Lookups) charge(op string, n int) error {
	if int64(n) > l.left {
		l.left = 0
		return &sources.Error{Source: l.s.e.hs[l.h].Name, Op: op, Err: ErrEvaluationBudget}
	}
	l.left -= int64(n)
	l.spent += int64(n)
	return nil
}

func lacks(op string) error {
	return &sources.Error{Source: "sources", Op: op, Key: "no provider has this capability", Err: sources.ErrUnavailable}
}

func aligned(op string, want, got int) error {
	if want == got {
		return nil
	}
	return &sources.Error{Source: "sources", Op: op, Key: fmt.Sprintf("%d answers to %d questions", got, want), Err: sources.ErrMalformed}
}

// require returns the place of a required heuristic in the engine.
func (l *Lookups) require(h *Heuristic, what string) int {
	e := l.s.e
	me := e.hs[l.h]
	i, ok := e.byName[h.Name]
	if !ok || i != l.h && !slices.Contains(e.requires[l.h], i) {
		panic(fmt.Sprintf("heuristics: %s reads the %s of %s: add it to Requires", me.Name, what, h.Name))
	}
	return i
}

// Reader is a [*Scan], [*Pass] or [*Totals]: what the index of a required
// heuristic can be read from.
type Reader interface{ lookups() *Lookups }

func (l *Lookups) lookups() *Lookups { return l }

// IndexOf returns the index that a required heuristic built. It panics where h
// is not required or has no index of type T, which are mistakes of the
// programmer; the engine turns that into a failure of the pass.
func IndexOf[T any](r Reader, h *Heuristic) T {
	l := r.lookups()
	i := l.require(h, "index")
	if l.s.e.hs[i].Index == nil {
		panic(fmt.Sprintf("heuristics: %s reads the index of %s, which builds none", l.s.e.hs[l.h].Name, h.Name))
	}
	if me := l.s.e.hs[l.h]; l.scans && me.later(h.Name) {
		panic(fmt.Sprintf("heuristics: the index of %s reads that of %s: take it out of Later", me.Name, h.Name))
	}
	return typed[T](l.s.indexes[i], l, h, "index")
}

func typed[T any](v any, l *Lookups, h *Heuristic, what string) T {
	t, ok := v.(T)
	if !ok && v != nil {
		panic(fmt.Sprintf("heuristics: %s reads the %s of %s as %T, it is %T", l.s.e.hs[l.h].Name, what, h.Name, t, v))
	}
	return t
}
