package ledger

import (
	"context"
	"iter"
	"sort"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Every method below looks at its context before each answer, so that code
// under test meets a cancelled context wherever it would with a remote source.

// Txs implements [sources.TxReader].
func (l *Ledger) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]*model.Tx, len(ids))
	for i, id := range ids {
		if at, ok := l.byID[id]; ok {
			out[i] = l.txs[at]
		}
	}
	return out, nil
}

// Spenders implements [sources.SpendReader]. Outputs of the ledger are spent, or
// unspent as of its tip. Of an output from outside it knows the input that
// spends it, if there is one, and nothing otherwise.
func (l *Ledger) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]model.Spend, len(outs))
	for i, o := range outs {
		if by, ok := l.spent[o]; ok {
			out[i] = model.Spend{State: model.Spent, By: by}
		} else if at, ok := l.byID[o.Tx]; ok && int64(o.Vout) < int64(len(l.txs[at].Outputs)) {
			tip := l.blocks[len(l.blocks)-1].Ref
			out[i] = model.Spend{State: model.Unspent, AsOf: tip.Height, AsOfKnown: true}
		}
	}
	return out, nil
}

// History implements [sources.HistoryReader].
func (l *Ledger) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		for _, at := range l.history[a] {
			t := l.txs[at]
			if !r.Contains(t.Block.Height) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(t, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Tip implements [sources.BlockReader].
func (l *Ledger) Tip(ctx context.Context) (model.BlockRef, error) {
	if err := ctx.Err(); err != nil {
		return model.BlockRef{}, err
	}
	if len(l.blocks) == 0 {
		return model.BlockRef{}, &sources.Error{Source: "ledger", Op: "Tip", Err: sources.ErrNotFound}
	}
	return l.blocks[len(l.blocks)-1].Ref, nil
}

// Blocks implements [sources.BlockReader].
func (l *Ledger) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		from := sort.Search(len(l.blocks), func(i int) bool { return l.blocks[i].Ref.Height >= r.From })
		for _, b := range l.blocks[from:] {
			if !r.Contains(b.Ref.Height) {
				break
			}
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(b, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Labels implements [sources.LabelReader].
func (l *Ledger) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([][]model.Label, len(on))
	for i, r := range on {
		out[i] = l.labelsOn[r]
	}
	return out, nil
}

// Find implements [sources.LabelReader].
func (l *Ledger) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return each(ctx, l.labels, func(b *model.Label) bool { return c == "" || b.Category == c })
}

// Tags implements [sources.TagReader].
func (l *Ledger) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return each(ctx, l.tags, func(*model.Tag) bool { return true })
}

// Prices implements [sources.PriceReader]. A rate holds for its day in UTC.
func (l *Ledger) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]model.Price, len(at))
	for i, t := range at {
		out[i] = l.prices[keyOfPrice(net, currency, t)]
	}
	return out, nil
}

// Select implements [sources.Selector]. A filter by label looks at the labels
// of the ledger whatever the time for which they hold.
func (l *Ledger) Select(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		for b, err := range l.Blocks(ctx, r) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, t := range b.Txs {
				if !model.MatchAny(fs, t, l.categoriesOf) {
					continue
				}
				if err := ctx.Err(); err != nil {
					yield(nil, err)
					return
				}
				if !yield(t, nil) {
					return
				}
			}
		}
	}
}

func (l *Ledger) categoriesOf(a model.Address) []model.Category { return l.categories[a] }

// each yields the values that pass.
func each[T any](ctx context.Context, vs []T, pass func(*T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for i := range vs {
			if !pass(&vs[i]) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(zero, err)
				return
			}
			if !yield(vs[i], nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(zero, err)
		}
	}
}
