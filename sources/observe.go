package sources

import (
	"context"
	"iter"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Lookup tells of one call through an observed set.
type Lookup struct {
	// Op is the method: Txs, Spenders, History, Tip, Blocks, Labels, Find, Tags,
	// Prices, Select or Entries.
	Op string
	// Items is the number of elements asked for in a batch, 1 for Tip, and the
	// number that a sequence yielded.
	Items int
	// Duration is the time spent in the source; what the reader of a sequence
	// does between its elements is not part of it. It is for people who look
	// for what is slow, and reaches no finding.
	Duration time.Duration
	// Err is the error of the call; nil where the reader of a sequence broke
	// out of it.
	Err error
}

// Observe calls f after each call, and after each sequence has ended or its
// reader has broken out of it. f is called from the goroutine of the caller,
// concurrently where callers are, and holds them up while it runs. A nil f
// observes nothing.
func Observe(f func(Lookup)) Middleware {
	return func(s Set) Set {
		if f == nil {
			return s
		}
		o := observer(f)
		if s.Txs != nil {
			s.Txs = observeTxs{s.Txs, o}
		}
		if s.Spends != nil {
			s.Spends = observeSpends{s.Spends, o}
		}
		if s.History != nil {
			s.History = observeHistory{s.History, o}
		}
		if s.Blocks != nil {
			s.Blocks = observeBlocks{s.Blocks, o}
		}
		if s.Labels != nil {
			s.Labels = observeLabels{s.Labels, o}
		}
		if s.Tags != nil {
			s.Tags = observeTags{s.Tags, o}
		}
		if s.Prices != nil {
			s.Prices = observePrices{s.Prices, o}
		}
		if s.Select != nil {
			s.Select = observeSelect{s.Select, o}
		}
		if s.Books != nil {
			s.Books = observeBooks{s.Books, o}
		}
		return s
	}
}

type observer func(Lookup)

// observed makes a call and tells of it.
func observed[T any](o observer, op string, items int, call func() (T, error)) (T, error) {
	start := time.Now()
	v, err := call()
	o(Lookup{Op: op, Items: items, Duration: time.Since(start), Err: err})
	return v, err
}

// observedSeq tells of a sequence when it has ended.
func observedSeq[T any](o observer, op string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		l := Lookup{Op: op}
		start := time.Now()
		for v, err := range seq {
			l.Duration += time.Since(start)
			if err != nil {
				l.Err = err
			} else {
				l.Items++
			}
			more := yield(v, err)
			start = time.Now()
			if !more || err != nil {
				break
			}
		}
		l.Duration += time.Since(start)
		o(l)
	}
}

type observeTxs struct {
	next TxReader
	observer
}

func (r observeTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return observed(r.observer, "Txs", len(ids), func() ([]*model.Tx, error) { return r.next.Txs(ctx, ids) })
}

type observeSpends struct {
	next SpendReader
	observer
}

func (r observeSpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return observed(r.observer, "Spenders", len(outs), func() ([]model.Spend, error) { return r.next.Spenders(ctx, outs) })
}

type observeHistory struct {
	next HistoryReader
	observer
}

func (r observeHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return observedSeq(r.observer, "History", r.next.History(ctx, a, rg))
}

type observeBlocks struct {
	next BlockReader
	observer
}

func (r observeBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	return observed(r.observer, "Tip", 1, func() (model.BlockRef, error) { return r.next.Tip(ctx) })
}

func (r observeBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return observedSeq(r.observer, "Blocks", r.next.Blocks(ctx, rg))
}

type observeLabels struct {
	next LabelReader
	observer
}

func (r observeLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return observed(r.observer, "Labels", len(on), func() ([][]model.Label, error) { return r.next.Labels(ctx, on) })
}

func (r observeLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return observedSeq(r.observer, "Find", r.next.Find(ctx, c))
}

type observeTags struct {
	next TagReader
	observer
}

func (r observeTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return observedSeq(r.observer, "Tags", r.next.Tags(ctx))
}

type observePrices struct {
	next PriceReader
	observer
}

func (r observePrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	return observed(r.observer, "Prices", len(at), func() ([]model.Price, error) { return r.next.Prices(ctx, net, currency, at) })
}

type observeSelect struct {
	next Selector
	observer
}

func (r observeSelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return observedSeq(r.observer, "Select", r.next.Select(ctx, fs, rg))
}

type observeBooks struct {
	next BookReader
	observer
}

func (r observeBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return observedSeq(r.observer, "Entries", r.next.Entries(ctx, q))
}
