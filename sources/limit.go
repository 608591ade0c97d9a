package sources

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Limit is a hard end of a run: so many items may be looked up through the set,
// and then every call fails with an [Error] of kind [ErrBudget]. Every element
// of a batch counts, found or not, every element that a sequence yields, and
// every Tip. A batch that does not fit is not asked on, and no later call
// succeeds, however small. Where calls are made at the same time, it depends on
// chance which of them meets the end, and so what was found up to then.
//
// Put it outermost to count what is asked, inside [Cache] to count what is asked
// of the source. Where a run's findings must not depend on the order of its
// work, use the budgets of the heuristics instead.
func Limit(lookups int64) Middleware {
	return func(s Set) Set {
		l := &limit{max: lookups}
		if s.Txs != nil {
			s.Txs = limitTxs{s.Txs, l}
		}
		if s.Spends != nil {
			s.Spends = limitSpends{s.Spends, l}
		}
		if s.History != nil {
			s.History = limitHistory{s.History, l}
		}
		if s.Blocks != nil {
			s.Blocks = limitBlocks{s.Blocks, l}
		}
		if s.Labels != nil {
			s.Labels = limitLabels{s.Labels, l}
		}
		if s.Tags != nil {
			s.Tags = limitTags{s.Tags, l}
		}
		if s.Prices != nil {
			s.Prices = limitPrices{s.Prices, l}
		}
		if s.Select != nil {
			s.Select = limitSelect{s.Select, l}
		}
		if s.Books != nil {
			s.Books = limitBooks{s.Books, l}
		}
		return s
	}
}

type limit struct {
	max  int64
	used atomic.Int64
}

// take uses up n look-ups. What was used is never given back, so a limit that
// was passed stays so.
func (l *limit) take(op string, n int) error {
	if l.used.Add(int64(n)) > l.max {
		return &Error{Source: "limit", Op: op, Err: fmt.Errorf("%w: the run may look up %d items", ErrBudget, l.max)}
	}
	return nil
}

// limited counts the elements of a sequence.
func limited[T any](l *limit, op string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := l.take(op, 0); err != nil {
			yield(zero, err)
			return
		}
		for v, err := range seq {
			if err == nil {
				if err = l.take(op, 1); err != nil {
					v = zero
				}
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

type limitTxs struct {
	next TxReader
	*limit
}

func (r limitTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	if err := r.take("Txs", len(ids)); err != nil {
		return nil, err
	}
	return r.next.Txs(ctx, ids)
}

type limitSpends struct {
	next SpendReader
	*limit
}

func (r limitSpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	if err := r.take("Spenders", len(outs)); err != nil {
		return nil, err
	}
	return r.next.Spenders(ctx, outs)
}

type limitHistory struct {
	next HistoryReader
	*limit
}

func (r limitHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return limited(r.limit, "History", r.next.History(ctx, a, rg))
}

type limitBlocks struct {
	next BlockReader
	*limit
}

func (r limitBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	if err := r.take("Tip", 1); err != nil {
		return model.BlockRef{}, err
	}
	return r.next.Tip(ctx)
}

func (r limitBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return limited(r.limit, "Blocks", r.next.Blocks(ctx, rg))
}

type limitLabels struct {
	next LabelReader
	*limit
}

func (r limitLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	if err := r.take("Labels", len(on)); err != nil {
		return nil, err
	}
	return r.next.Labels(ctx, on)
}

func (r limitLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return limited(r.limit, "Find", r.next.Find(ctx, c))
}

type limitTags struct {
	next TagReader
	*limit
}

func (r limitTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return limited(r.limit, "Tags", r.next.Tags(ctx))
}

type limitPrices struct {
	next PriceReader
	*limit
}

func (r limitPrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	if err := r.take("Prices", len(at)); err != nil {
		return nil, err
	}
	return r.next.Prices(ctx, net, currency, at)
}

type limitSelect struct {
	next Selector
	*limit
}

func (r limitSelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return limited(r.limit, "Select", r.next.Select(ctx, fs, rg))
}

type limitBooks struct {
	next BookReader
	*limit
}

func (r limitBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return limited(r.limit, "Entries", r.next.Entries(ctx, q))
}
