package sources_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

func away(after time.Duration) error {
	return &sources.Error{Source: "test", Op: "any", RetryAfter: after, Err: fmt.Errorf("%w: 503", sources.ErrUnavailable)}
}

// flaky fails the first calls, and notes when each was made.
type flaky struct {
	*source
	fails []error
	start time.Time
	at    []time.Duration
}

func (f *flaky) call() error {
	f.at = append(f.at, time.Since(f.start))
	if len(f.at) <= len(f.fails) {
		return f.fails[len(f.at)-1]
	}
	return nil
}

func newFlaky(fails ...error) (*flaky, sources.Set) {
	f := &flaky{source: &source{tip: 3}, fails: fails, start: time.Now()}
	return f, sources.Of(f.source).Wrap(sources.Inject(func(string, string) error { return f.call() }))
}

func seconds(ns ...float64) (ds []time.Duration) {
	for _, n := range ns {
		ds = append(ds, time.Duration(n*float64(time.Second)))
	}
	return ds
}

func TestRetryKeepsTheContract(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		return l.Set().Wrap(sources.Retry(sources.RetryOptions{}), sources.RateLimit(1e12, 1))
	}, sourcetest.Options{})
}

func TestRetryWaitsLongerAndLonger(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     sources.RetryOptions
		fails []error
		want  []time.Duration // when calls were made
		err   error
	}{
		{"a source that answers", sources.RetryOptions{}, nil, seconds(0), nil},
		{"away once", sources.RetryOptions{}, []error{away(0)}, seconds(0, 0.5), nil},
		{"away for good", sources.RetryOptions{}, slices.Repeat([]error{away(0)}, 9), seconds(0, 0.5, 1.5, 3.5, 7.5), sources.ErrUnavailable},
		{"bounded waits", sources.RetryOptions{Attempts: 6, Base: time.Second, Max: 3 * time.Second}, slices.Repeat([]error{away(0)}, 9),
			seconds(0, 1, 3, 6, 9, 12), sources.ErrUnavailable},
		{"many attempts", sources.RetryOptions{Attempts: 100, Base: 1, Max: time.Second}, slices.Repeat([]error{away(0)}, 99), nil, nil},
		{"one attempt", sources.RetryOptions{Attempts: 1}, []error{away(0)}, seconds(0), sources.ErrUnavailable},
		{"told to wait", sources.RetryOptions{}, []error{away(10 * time.Second), away(0)}, seconds(0, 10, 11), nil},
		{"told to wait less than it would", sources.RetryOptions{Base: 20 * time.Second}, []error{away(10 * time.Second)}, seconds(0, 20), nil},
		{"told to wait too long", sources.RetryOptions{}, []error{away(time.Hour)}, seconds(0), sources.ErrUnavailable},
		{"jitter", sources.RetryOptions{Jitter: func(d time.Duration) time.Duration { return d / 2 }}, []error{away(0), away(0)}, seconds(0, 0.25, 0.75), nil},
		{"jitter below what was told", sources.RetryOptions{Jitter: func(time.Duration) time.Duration { return -5 }}, []error{away(0), away(time.Second)},
			seconds(0, 0, 1), nil},
		{"jitter without bounds", sources.RetryOptions{Max: 2 * time.Second, Jitter: func(time.Duration) time.Duration { return time.Hour }}, []error{away(0)},
			seconds(0, 2), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, set := newFlaky(c.fails...)
				_, err := set.Wrap(sources.Retry(c.o)).Txs.Txs(t.Context(), ids(1))
				if !errors.Is(err, c.err) {
					t.Errorf("error %v, want %v", err, c.err)
				}
				if diff := cmp.Diff(c.want, f.at); c.want != nil && diff != "" {
					t.Errorf("calls (-want +got)\n%s", diff)
				}
			})
		})
	}
}

// What another attempt cannot change is not tried again.
func TestRetryTakesOtherErrorsAsFinal(t *testing.T) {
	for _, err := range []error{
		sources.ErrNotFound, sources.ErrBudget, sources.ErrReorg, sources.ErrMalformed, errors.New("of no kind"),
		fmt.Errorf("%w: %w", sources.ErrUnavailable, sources.ErrBudget), context.Canceled,
	} {
		synctest.Test(t, func(t *testing.T) {
			f, set := newFlaky(err)
			_, got := set.Wrap(sources.Retry(sources.RetryOptions{})).Blocks.Tip(t.Context())
			if got != err {
				t.Errorf("error %v, want %v as it is", got, err)
			}
			if len(f.at) != 1 {
				t.Errorf("%v: %d calls, want one", err, len(f.at))
			}
		})
	}
}

func TestRetryOfEveryMethod(t *testing.T) {
	for op, ask := range everyMethod() {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				set := sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(string, string) error {
					if calls++; calls < 3 {
						return away(0)
					}
					return nil
				}), sources.Retry(sources.RetryOptions{}))
				start := time.Now()
				if err := ask(t.Context(), set); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took != 1500*time.Millisecond {
					t.Errorf("took %v, want two waits of 1.5s together", took)
				}
			})
		})
	}
}

// everyMethod asks each method of a set for something.
func everyMethod() map[string]func(context.Context, sources.Set) error {
	return map[string]func(context.Context, sources.Set) error{
		"Txs": func(ctx context.Context, s sources.Set) error { _, err := s.Txs.Txs(ctx, ids(1)); return err },
		"Spenders": func(ctx context.Context, s sources.Set) error {
			_, err := s.Spends.Spenders(ctx, outpoints(1))
			return err
		},
		"History": func(ctx context.Context, s sources.Set) error {
			return last(s.History.History(ctx, model.Address{}, sources.Range{}))
		},
		"Tip":    func(ctx context.Context, s sources.Set) error { _, err := s.Blocks.Tip(ctx); return err },
		"Blocks": func(ctx context.Context, s sources.Set) error { return last(s.Blocks.Blocks(ctx, sources.Range{})) },
		"Labels": func(ctx context.Context, s sources.Set) error { _, err := s.Labels.Labels(ctx, refs(2)); return err },
		"Find":   func(ctx context.Context, s sources.Set) error { return last(s.Labels.Find(ctx, "")) },
		"Tags":   func(ctx context.Context, s sources.Set) error { return last(s.Tags.Tags(ctx)) },
		"Prices": func(ctx context.Context, s sources.Set) error {
			_, err := s.Prices.Prices(ctx, model.Mainnet, "USD", []time.Time{{}})
			return err
		},
		"Select": func(ctx context.Context, s sources.Set) error {
			return last(s.Select.Select(ctx, nil, sources.Range{}))
		},
		"Entries": func(ctx context.Context, s sources.Set) error {
			return last(s.Books.Entries(ctx, sources.EntryQuery{}))
		},
	}
}

// Its reader has acted on the first elements: to begin again would be to tell
// them twice.
func TestRetryLeavesASequenceThatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := 0
		set := sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(_, key string) error {
			switch key {
			case "0-0":
				begun++
			case id(1).String():
				return away(0)
			}
			return nil
		}), sources.Retry(sources.RetryOptions{}))
		var got []int
		var err error
		for tx, e := range set.Select.Select(t.Context(), nil, sources.Range{}) {
			if err = e; e == nil {
				got = append(got, number(tx.ID))
			}
		}
		if !errors.Is(err, sources.ErrUnavailable) {
			t.Errorf("error %v, want ErrUnavailable", err)
		}
		if diff := cmp.Diff([]int{0}, got); diff != "" || begun != 1 {
			t.Errorf("begun %d times, elements (-want +got)\n%s", begun, diff)
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	for op, ask := range everyMethod() {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
				defer cancel()
				calls := 0
				set := sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(string, string) error {
					calls++
					return away(0)
				}), sources.Retry(sources.RetryOptions{}))
				start := time.Now()
				if err := ask(ctx, set); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want that of the context", err)
				}
				if took := time.Since(start); took != 700*time.Millisecond || calls != 2 {
					t.Errorf("%d calls in %v, want 2 in 700ms", calls, took)
				}
			})
		})
	}
}

// A source that fails because the caller has gone is not asked again.
func TestRetryDoesNotAskForACallerWhoHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		set := sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(string, string) error {
			calls++
			cancel()
			return away(0)
		}), sources.Retry(sources.RetryOptions{}))
		if _, err := set.Blocks.Tip(ctx); err == nil || calls != 1 {
			t.Errorf("%d calls, error %v", calls, err)
		}
	})
}

func TestRetriedSequenceIsReleasedWhereItsReaderBreaksOut(t *testing.T) {
	released := false
	set := sources.Set{Tags: tagsFunc(func(context.Context) iter.Seq2[model.Tag, error] {
		return func(yield func(model.Tag, error) bool) {
			defer func() { released = true }()
			_ = yield(model.Tag{Entity: "a"}, nil) && yield(model.Tag{Entity: "b"}, nil)
		}
	})}.Wrap(sources.Retry(sources.RetryOptions{}), sources.RateLimit(1e9, 1))
	n := 0
	for range set.Tags.Tags(t.Context()) {
		n++
		break
	}
	if n != 1 || !released {
		t.Errorf("%d elements, released %t", n, released)
	}
}

type tagsFunc func(context.Context) iter.Seq2[model.Tag, error]

func (f tagsFunc) Tags(ctx context.Context) iter.Seq2[model.Tag, error] { return f(ctx) }

func TestRetryRateLimitAndRecordKeepCapabilitiesAndProviders(t *testing.T) {
	all := func() []sources.Middleware {
		return []sources.Middleware{
			sources.RateLimit(1e9, 1), sources.Retry(sources.RetryOptions{}), sources.Record(nil, sources.RecordOptions{}).Middleware,
		}
	}
	full := sources.Of(&source{tip: 10}).Wrap(all()...)
	if got, want := full.Has().String(), "Txs|Spends|History|Blocks|Labels|Tags|Prices|Select|Books"; got != want {
		t.Errorf("has %s, want %s", got, want)
	}
	if p, ok := sources.As[*source](full); !ok || p.tip != 10 {
		t.Errorf("the provider is lost: %v, %t", p, ok)
	}
	if len(full.Provenance) != 1 {
		t.Errorf("provenance %+v", full.Provenance)
	}
	if none := (sources.Set{}).Wrap(all()...); none.Has() != 0 {
		t.Errorf("a set without capabilities has %v", none.Has())
	}
	for _, one := range []sources.Set{{Txs: full.Txs}, {Spends: full.Spends}, {History: full.History}, {Blocks: full.Blocks}, {Labels: full.Labels},
		{Tags: full.Tags}, {Prices: full.Prices}, {Select: full.Select}, {Books: full.Books}} {
		if got := one.Wrap(all()...).Has(); got != one.Has() {
			t.Errorf("has %v, want %v", got, one.Has())
		}
	}
}

func ExampleRetry() {
	away := 2
	f, err := ledger.Parse("example", "tx a: new => alice 1")
	if err != nil {
		fmt.Println(err)
		return
	}
	set := f.Ledger.Set().Wrap(
		sources.Inject(func(op, _ string) error { // a source that is away twice
			if away--; away >= 0 {
				fmt.Println(op, "fails")
				return sources.ErrUnavailable
			}
			return nil
		}),
		sources.Retry(sources.RetryOptions{Base: time.Millisecond}),
	)
	tip, err := set.Blocks.Tip(context.Background())
	fmt.Println(tip.Height, err)
	// Output:
	// Tip fails
	// Tip fails
	// 800000 <nil>
}
