package sources

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Inject makes a set fail where a test wants it to. The function is asked once
// for each item, before the source is; where it returns an error, the whole
// call fails with that error as it is, and a sequence ends with it. It is called
// concurrently where callers are.
//
// op is the method and key names the item:
//
//	Txs       the txid
//	Spenders  the outpoint
//	Labels    the reference, "address:..."
//	Prices    the currency and day, "USD 2022-08-18"
//	Tip       nothing
//	History   the address, and then the txid of each element
//	Blocks    the range, "100-200", and then the hash of each element
//	Find      the category, and then the reference of each element
//	Tags      nothing, and then the bytes of each element in hexadecimal
//	Select    the range, and then the txid of each element
//	Entries   the fields of the query that are set, and then file and line of each element
//
// A nil function injects nothing.
func Inject(f func(op, key string) error) Middleware {
	return func(s Set) Set {
		if f == nil {
			return s
		}
		if s.Txs != nil {
			s.Txs = injectTxs{s.Txs, f}
		}
		if s.Spends != nil {
			s.Spends = injectSpends{s.Spends, f}
		}
		if s.History != nil {
			s.History = injectHistory{s.History, f}
		}
		if s.Blocks != nil {
			s.Blocks = injectBlocks{s.Blocks, f}
		}
		if s.Labels != nil {
			s.Labels = injectLabels{s.Labels, f}
		}
		if s.Tags != nil {
			s.Tags = injectTags{s.Tags, f}
		}
		if s.Prices != nil {
			s.Prices = injectPrices{s.Prices, f}
		}
		if s.Select != nil {
			s.Select = injectSelect{s.Select, f}
		}
		if s.Books != nil {
			s.Books = injectBooks{s.Books, f}
		}
		return s
	}
}

type fault func(op, key string) error

// each asks for every item of a batch.
func each[T any](f fault, op string, items []T, key func(T) string) error {
	for _, v := range items {
		if err := f(op, key(v)); err != nil {
			return err
		}
	}
	return nil
}

// faulty asks for the question, when the sequence is begun, and for each
// element.
func faulty[T any](f fault, op, question string, seq iter.Seq2[T, error], key func(T) string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := f(op, question); err != nil {
			yield(zero, err)
			return
		}
		for v, err := range seq {
			if err == nil {
				if err = f(op, key(v)); err != nil {
					v = zero
				}
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func (r Range) key() string { return fmt.Sprintf("%d-%d", r.From, r.To) }

func txKey(t *model.Tx) string { return t.ID.String() }

type injectTxs struct {
	next TxReader
	f    fault
}

func (r injectTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	if err := each(r.f, "Txs", ids, model.TxID.String); err != nil {
		return nil, err
	}
	return r.next.Txs(ctx, ids)
}

type injectSpends struct {
	next SpendReader
	f    fault
}

func (r injectSpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	if err := each(r.f, "Spenders", outs, model.Outpoint.String); err != nil {
		return nil, err
	}
	return r.next.Spenders(ctx, outs)
}

type injectHistory struct {
	next HistoryReader
	f    fault
}

func (r injectHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return faulty(r.f, "History", a.String(), r.next.History(ctx, a, rg), txKey)
}

type injectBlocks struct {
	next BlockReader
	f    fault
}

func (r injectBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	if err := r.f("Tip", ""); err != nil {
		return model.BlockRef{}, err
	}
	return r.next.Tip(ctx)
}

func (r injectBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return faulty(r.f, "Blocks", rg.key(), r.next.Blocks(ctx, rg), func(b *model.Block) string { return b.Ref.Hash.String() })
}

type injectLabels struct {
	next LabelReader
	f    fault
}

func (r injectLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	if err := each(r.f, "Labels", on, model.Ref.String); err != nil {
		return nil, err
	}
	return r.next.Labels(ctx, on)
}

func (r injectLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return faulty(r.f, "Find", string(c), r.next.Find(ctx, c), func(l model.Label) string { return l.On.String() })
}

type injectTags struct {
	next TagReader
	f    fault
}

func (r injectTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return faulty(r.f, "Tags", "", r.next.Tags(ctx), func(t model.Tag) string { return hex.EncodeToString(t.Bytes) })
}

type injectPrices struct {
	next PriceReader
	f    fault
}

func (r injectPrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	key := func(t time.Time) string { return currency + " " + t.UTC().Format(time.DateOnly) }
	if err := each(r.f, "Prices", at, key); err != nil {
		return nil, err
	}
	return r.next.Prices(ctx, net, currency, at)
}

type injectSelect struct {
	next Selector
	f    fault
}

func (r injectSelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return faulty(r.f, "Select", rg.key(), r.next.Select(ctx, fs, rg), txKey)
}

type injectBooks struct {
	next BookReader
	f    fault
}

func (r injectBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return faulty(r.f, "Entries", q.key(), r.next.Entries(ctx, q), func(e Entry) string { return e.place() })
}
