package sources

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/goldwash/goldwash/model"
)

// RetryOptions says how often and how patiently to ask again. The zero value is
// useful.
type RetryOptions struct {
	// Attempts is how often a call is made at most, the first time included; 0
	// means 5, and 1 never asks again.
	Attempts int
	// Base is the wait before the second attempt, which doubles with each one
	// after; 0 means half a second.
	Base time.Duration
	// Max bounds every wait; 0 means a minute. A source that asks for a longer
	// one in [Error.RetryAfter] is not asked again: to come back before would
	// be rude, and to wait so long is for the caller to decide.
	Max time.Duration
	// Jitter changes a wait, so that many clients do not come back all at once;
	// what it returns is held between 0 and Max. It is called concurrently where
	// callers are. The library leaves chance to its callers: nil changes
	// nothing.
	Jitter func(time.Duration) time.Duration
}

// Retry makes calls again that failed with an [Error] of kind [ErrUnavailable],
// after waits that grow exponentially and are never shorter than the source's
// [Error.RetryAfter]. Other errors are final: the source has answered, or asking
// again would be the same. A call that fails to the end returns its last error.
// A context that ends during a wait ends the call with the context's error.
//
// A sequence is begun again only where it failed before its first element: later
// on, its reader has already acted on what it was given, and a source that was
// away may go on differently.
//
// Put [RateLimit] inside it, so that a retry takes its turn like any call, and
// [Cache] and [Recorder] outside.
func Retry(o RetryOptions) Middleware {
	if o.Attempts <= 0 {
		o.Attempts = 5
	}
	if o.Base <= 0 {
		o.Base = 500 * time.Millisecond
	}
	if o.Max <= 0 {
		o.Max = time.Minute
	}
	return func(s Set) Set {
		if s.Txs != nil {
			s.Txs = retryTxs{s.Txs, &o}
		}
		if s.Spends != nil {
			s.Spends = retrySpends{s.Spends, &o}
		}
		if s.History != nil {
			s.History = retryHistory{s.History, &o}
		}
		if s.Blocks != nil {
			s.Blocks = retryBlocks{s.Blocks, &o}
		}
		if s.Labels != nil {
			s.Labels = retryLabels{s.Labels, &o}
		}
		if s.Tags != nil {
			s.Tags = retryTags{s.Tags, &o}
		}
		if s.Prices != nil {
			s.Prices = retryPrices{s.Prices, &o}
		}
		if s.Select != nil {
			s.Select = retrySelect{s.Select, &o}
		}
		if s.Books != nil {
			s.Books = retryBooks{s.Books, &o}
		}
		return s
	}
}

// wait waits before the attempt after the n-th, counted from 1. It returns the
// error that ends the call, or nil where it is to be made again.
func (o *RetryOptions) wait(ctx context.Context, n int, err error) error {
	if n >= o.Attempts || ctx.Err() != nil || !passing(err) {
		return err
	}
	d := o.Max
	if shift := n - 1; shift < 62 && o.Base <= o.Max>>shift {
		d = o.Base << shift
	}
	if o.Jitter != nil {
		d = min(max(o.Jitter(d), 0), o.Max)
	}
	var at *Error
	if errors.As(err, &at) {
		if at.RetryAfter > o.Max {
			return err
		}
		d = max(d, at.RetryAfter)
	}
	return sleep(ctx, d)
}

// passing reports whether the same call may succeed later.
func passing(err error) bool {
	if !errors.Is(err, ErrUnavailable) {
		return false
	}
	for _, final := range [...]error{ErrNotFound, ErrBudget, ErrReorg, ErrMalformed} {
		if errors.Is(err, final) {
			return false
		}
	}
	return true
}

// sleep returns after the duration, or with the error of a context that ended
// before.
func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func retried[T any](ctx context.Context, o *RetryOptions, call func() (T, error)) (T, error) {
	for n := 1; ; n++ {
		v, err := call()
		if err == nil {
			return v, nil
		}
		if err := o.wait(ctx, n, err); err != nil {
			var zero T
			return zero, err
		}
	}
}

func retriedSequence[T any](ctx context.Context, o *RetryOptions, begin func() iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for n := 1; ; n++ {
			var failed error
			begun := false
			for v, err := range begin() {
				if err != nil && !begun {
					failed = err
					break
				}
				begun = true
				if !yield(v, err) || err != nil {
					return
				}
			}
			if failed == nil {
				return
			}
			if err := o.wait(ctx, n, failed); err != nil {
				var zero T
				yield(zero, err)
				return
			}
		}
	}
}

type retryTxs struct {
	next TxReader
	o    *RetryOptions
}

func (r retryTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return retried(ctx, r.o, func() ([]*model.Tx, error) { return r.next.Txs(ctx, ids) })
}

type retrySpends struct {
	next SpendReader
	o    *RetryOptions
}

func (r retrySpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return retried(ctx, r.o, func() ([]model.Spend, error) { return r.next.Spenders(ctx, outs) })
}

type retryHistory struct {
	next HistoryReader
	o    *RetryOptions
}

func (r retryHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return retriedSequence(ctx, r.o, func() iter.Seq2[*model.Tx, error] { return r.next.History(ctx, a, rg) })
}

type retryBlocks struct {
	next BlockReader
	o    *RetryOptions
}

func (r retryBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	return retried(ctx, r.o, func() (model.BlockRef, error) { return r.next.Tip(ctx) })
}

func (r retryBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return retriedSequence(ctx, r.o, func() iter.Seq2[*model.Block, error] { return r.next.Blocks(ctx, rg) })
}

type retryLabels struct {
	next LabelReader
	o    *RetryOptions
}

func (r retryLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return retried(ctx, r.o, func() ([][]model.Label, error) { return r.next.Labels(ctx, on) })
}

func (r retryLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return retriedSequence(ctx, r.o, func() iter.Seq2[model.Label, error] { return r.next.Find(ctx, c) })
}

type retryTags struct {
	next TagReader
	o    *RetryOptions
}

func (r retryTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return retriedSequence(ctx, r.o, func() iter.Seq2[model.Tag, error] { return r.next.Tags(ctx) })
}

type retryPrices struct {
	next PriceReader
	o    *RetryOptions
}

func (r retryPrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	return retried(ctx, r.o, func() ([]model.Price, error) { return r.next.Prices(ctx, net, currency, at) })
}

type retrySelect struct {
	next Selector
	o    *RetryOptions
}

func (r retrySelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return retriedSequence(ctx, r.o, func() iter.Seq2[*model.Tx, error] { return r.next.Select(ctx, fs, rg) })
}

type retryBooks struct {
	next BookReader
	o    *RetryOptions
}

func (r retryBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return retriedSequence(ctx, r.o, func() iter.Seq2[Entry, error] { return r.next.Entries(ctx, q) })
}
