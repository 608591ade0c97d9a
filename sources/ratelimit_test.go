package sources_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// clock notes when calls reach the source.
func clock() (at *[]time.Duration, s sources.Set) {
	start := time.Now()
	var mu sync.Mutex
	at = &[]time.Duration{}
	return at, sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(_, key string) error {
		mu.Lock()
		defer mu.Unlock()
		*at = append(*at, time.Since(start))
		return nil
	}))
}

func TestRateLimitSpreadsCalls(t *testing.T) {
	for _, c := range []struct {
		name      string
		perSecond float64
		burst     int
		pause     time.Duration // of the caller, after the fourth call
		want      []time.Duration
	}{
		{"one at a time", 2, 1, 0, seconds(0, 0.5, 1, 1.5, 2, 2.5)},
		{"no burst means one", 2, -3, 0, seconds(0, 0.5, 1, 1.5, 2, 2.5)},
		{"a burst", 2, 3, 0, seconds(0, 0, 0, 0.5, 1, 1.5)},
		{"slower than one a second", 0.1, 1, 0, seconds(0, 10, 20, 30, 40, 50)},
		{"a pause fills the bucket", 2, 3, time.Minute, seconds(0, 0, 0, 0.5, 60.5, 60.5)},
		{"a short pause fills part of it", 2, 3, time.Second, seconds(0, 0, 0, 0.5, 1.5, 1.5)},
		{"faster than the clock", 1e12, 1, 0, seconds(0, 0, 0, 0, 0, 0)},
		{"without end", math.Inf(1), 1, 0, seconds(0, 0, 0, 0, 0, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at, set := clock()
				set = set.Wrap(sources.RateLimit(c.perSecond, c.burst))
				for i := range 6 {
					if i == 4 {
						time.Sleep(c.pause)
					}
					if _, err := set.Blocks.Tip(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(c.want, *at); diff != "" {
					t.Errorf("calls (-want +got)\n%s", diff)
				}
			})
		})
	}
}

// A batch is one call, and so is a whole sequence.
func TestRateLimitCountsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := sources.Of(&source{tip: 50}).Wrap(sources.RateLimit(1, 1))
		start := time.Now()
		n := 0
		for _, ask := range everyMethod() {
			if err := ask(t.Context(), set); err != nil {
				t.Fatal(err)
			}
			if took, want := time.Since(start), time.Duration(n)*time.Second; took != want {
				t.Errorf("call %d came after %v, want %v", n, took, want)
			}
			n++
		}
		if _, err := set.Txs.Txs(t.Context(), ids(1, 2, 3, 4, 5)); err != nil {
			t.Fatal(err)
		}
		if took, want := time.Since(start), time.Duration(n)*time.Second; took != want {
			t.Errorf("a batch of five came after %v, want %v", took, want)
		}
	})
}

// A sequence that nobody reads asks for nothing.
func TestRateLimitCountsASequenceWhenItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, set := clock()
		set = set.Wrap(sources.RateLimit(1, 1))
		for range 10 {
			set.Tags.Tags(t.Context())
		}
		start := time.Now()
		if err := last(set.Tags.Tags(t.Context())); err != nil || time.Since(start) != 0 {
			t.Errorf("waited %v, error %v", time.Since(start), err)
		}
	})
}

func TestRateLimitHoldsForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, set := clock()
		set = set.Wrap(sources.RateLimit(4, 2))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := set.Blocks.Tip(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if diff := cmp.Diff(seconds(0, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2), *at); diff != "" {
			t.Errorf("calls (-want +got)\n%s", diff)
		}
	})
}

func TestRateLimitEndsWithItsContext(t *testing.T) {
	for op, ask := range everyMethod() {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at, set := clock()
				set = set.Wrap(sources.RateLimit(0.1, 1))
				if _, err := set.Blocks.Tip(t.Context()); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				if err := ask(ctx, set); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
					t.Errorf("error %v after %v, want that of the context after 1s", err, time.Since(start))
				}
				if err := ask(ctx, set); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
					t.Errorf("with a context that has ended: error %v after %v", err, time.Since(start))
				}
				if len(*at) != 1 {
					t.Errorf("the source was asked %d times, want once", len(*at))
				}
				// The turn was given back.
				if _, err := set.Blocks.Tip(t.Context()); err != nil || time.Since(start) != 10*time.Second {
					t.Errorf("the next call came after %v, want 10s; error %v", time.Since(start), err)
				}
			})
		})
	}
}

// A turn given back is not one more for those who have a later one.
func TestRateLimitIsNotPassedWhereACallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, set := clock()
		set = set.Wrap(sources.RateLimit(1, 1))
		tip := func(ctx context.Context) { _, _ = set.Blocks.Tip(ctx) }
		tip(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { tip(ctx) }) // for 1s
		synctest.Wait()
		wg.Go(func() { tip(t.Context()) }) // for 2s
		synctest.Wait()
		cancel()
		synctest.Wait()
		wg.Go(func() { tip(t.Context()) })
		wg.Wait()
		if diff := cmp.Diff(seconds(0, 2, 3), *at); diff != "" {
			t.Errorf("calls (-want +got)\n%s", diff)
		}
	})
}

func TestARetryTakesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, set := newFlaky(away(0), away(0))
		set = set.Wrap(sources.RateLimit(0.1, 1), sources.Retry(sources.RetryOptions{}))
		if _, err := set.Txs.Txs(t.Context(), []model.TxID{id(1)}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(seconds(0, 10, 20), f.at); diff != "" {
			t.Errorf("calls (-want +got)\n%s", diff)
		}
	})
}

func TestRateLimitWithoutARateIsAMistake(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a rate of %v passes", rate)
				}
			}()
			sources.RateLimit(rate, 1)
		}()
	}
}
