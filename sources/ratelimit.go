package sources

import (
	"context"
	"iter"
	"math"
	"sync"
	"time"

	"github.com/goldwash/goldwash/model"
)

// RateLimit holds calls back, so that on average no more than so many a second
// reach the set, and at once no more than burst where nothing was asked for a
// while; a burst below 1 means 1. It panics where perSecond is not above 0.
//
// A call counts as one, whatever it asks for: a batch is one, and so is a
// sequence, when its reader begins to read it. How many requests that makes is
// for the provider to know; one that speaks HTTP bounds its own. Calls go in the
// order in which they come. A context that ends while its call waits ends the
// call with the context's error; its turn goes to the next call, but for those
// that wait already.
//
// Put it inside [Cache] and [Retry], so that only what reaches the source
// counts. Each set that the middleware is applied to has a rate of its own.
func RateLimit(perSecond float64, burst int) Middleware {
	if !(perSecond > 0) { // not a number either
		panic("sources: RateLimit: the rate must be above 0; leave the middleware out for no limit")
	}
	return func(s Set) Set {
		l := newRate(perSecond, burst)
		if s.Txs != nil {
			s.Txs = rateTxs{s.Txs, l}
		}
		if s.Spends != nil {
			s.Spends = rateSpends{s.Spends, l}
		}
		if s.History != nil {
			s.History = rateHistory{s.History, l}
		}
		if s.Blocks != nil {
			s.Blocks = rateBlocks{s.Blocks, l}
		}
		if s.Labels != nil {
			s.Labels = rateLabels{s.Labels, l}
		}
		if s.Tags != nil {
			s.Tags = rateTags{s.Tags, l}
		}
		if s.Prices != nil {
			s.Prices = ratePrices{s.Prices, l}
		}
		if s.Select != nil {
			s.Select = rateSelect{s.Select, l}
		}
		if s.Books != nil {
			s.Books = rateBooks{s.Books, l}
		}
		return s
	}
}

// rate is a token bucket, kept as the time at which it will be full again (the
// generic cell rate algorithm): every call moves that time on by the interval of
// one token, and waits as far as it lies beyond a full bucket's worth. It is our
// own because golang.org/x/time raises the Go version in the go.mod of whoever
// embeds this library.
type rate struct {
	interval time.Duration // of one token
	slack    time.Duration // of all tokens of the bucket but one

	mu   sync.Mutex
	full time.Time
}

func newRate(perSecond float64, burst int) *rate {
	// Held to a span that sums of them do not overflow.
	hold := func(d float64) time.Duration { return time.Duration(math.Min(d, 1<<60)) }
	interval := hold(float64(time.Second) / perSecond)
	return &rate{interval: interval, slack: hold(float64(max(burst, 1)-1) * float64(interval))}
}

// take waits for a token.
func (l *rate) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := time.Now()
	l.mu.Lock()
	if l.full.Before(now) {
		l.full = now
	}
	wait := l.full.Sub(now) - l.slack
	l.full = l.full.Add(l.interval)
	mine := l.full
	l.mu.Unlock()
	err := sleep(ctx, wait)
	if err != nil {
		// Given back, where nobody has a later turn: those keep theirs, and one
		// more call at the time of the last would be one too many at once.
		l.mu.Lock()
		if l.full.Equal(mine) {
			l.full = l.full.Add(-l.interval)
		}
		l.mu.Unlock()
	}
	return err
}

func rated[T any](ctx context.Context, l *rate, call func() (T, error)) (T, error) {
	if err := l.take(ctx); err != nil {
		var zero T
		return zero, err
	}
	return call()
}

func ratedSequence[T any](ctx context.Context, l *rate, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := l.take(ctx); err != nil {
			var zero T
			yield(zero, err)
			return
		}
		seq(yield)
	}
}

type rateTxs struct {
	next TxReader
	l    *rate
}

func (r rateTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return rated(ctx, r.l, func() ([]*model.Tx, error) { return r.next.Txs(ctx, ids) })
}

type rateSpends struct {
	next SpendReader
	l    *rate
}

func (r rateSpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return rated(ctx, r.l, func() ([]model.Spend, error) { return r.next.Spenders(ctx, outs) })
}

type rateHistory struct {
	next HistoryReader
	l    *rate
}

func (r rateHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return ratedSequence(ctx, r.l, r.next.History(ctx, a, rg))
}

type rateBlocks struct {
	next BlockReader
	l    *rate
}

func (r rateBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	return rated(ctx, r.l, func() (model.BlockRef, error) { return r.next.Tip(ctx) })
}

func (r rateBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return ratedSequence(ctx, r.l, r.next.Blocks(ctx, rg))
}

type rateLabels struct {
	next LabelReader
	l    *rate
}

func (r rateLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return rated(ctx, r.l, func() ([][]model.Label, error) { return r.next.Labels(ctx, on) })
}

func (r rateLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return ratedSequence(ctx, r.l, r.next.Find(ctx, c))
}

type rateTags struct {
	next TagReader
	l    *rate
}

func (r rateTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return ratedSequence(ctx, r.l, r.next.Tags(ctx))
}

type ratePrices struct {
	next PriceReader
	l    *rate
}

func (r ratePrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	return rated(ctx, r.l, func() ([]model.Price, error) { return r.next.Prices(ctx, net, currency, at) })
}

type rateSelect struct {
	next Selector
	l    *rate
}

func (r rateSelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return ratedSequence(ctx, r.l, r.next.Select(ctx, fs, rg))
}

type rateBooks struct {
	next BookReader
	l    *rate
}

func (r rateBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return ratedSequence(ctx, r.l, r.next.Entries(ctx, q))
}
