package esplora_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
)

func many(n int) []model.TxID {
	out := make([]model.TxID, n)
	for i := range out {
		out[i] = model.TxID{byte(i), byte(i >> 8), 1}
	}
	return out
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		url  string
		rate float64
		want time.Duration // of 41 requests
	}{
		{"https://mempool.space/api", 0, 10 * time.Second},
		{"https://mempool.space/api", 10, 4 * time.Second},
		{"https://mempool.space/api", -1, 0},
		{"http://localhost:3000", 0, 0},
		{"http://127.0.0.1:3000", 0, 0},
		{"http://10.1.2.3", 0, 0},
		{"http://umbrel.local/api", 0, 0},
		{"http://electrs:3000", 0, 0},
		{"http://8.8.8.8", 0, 10 * time.Second},
		{"http://localhost:3000", 4, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := esploratest.Serve(parse(t, small).Ledger, esploratest.Options{})
			x := client(t, c.url, esplora.Options{Rate: c.rate, Client: &http.Client{Transport: esploratest.Transport(h)}})
			from := time.Now()
			if _, err := x.Txs(t.Context(), many(41)); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(from); got != c.want {
				t.Errorf("%s at rate %v: 41 requests take %v, want %v", c.url, c.rate, got, c.want)
			}
		})
	}
}

func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second) // of the bubble's clock
			http.Error(w, "Transaction not found", http.StatusNotFound)
		})
		x := direct(t, h, esplora.Options{Parallel: 3})
		from := time.Now()
		// The bound is of the client, not of a call.
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if _, err := x.Txs(t.Context(), many(15)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := time.Since(from); got != 10*time.Second || most.Load() != 3 {
			t.Errorf("30 requests of a second, three at once: %v, %d at once", got, most.Load())
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  esploratest.Fault
		header string
		least  time.Duration
		most   time.Duration
		gives  time.Duration // of RetryAfter, where the call fails
	}{
		{"seconds", esploratest.Slow, "7", 7 * time.Second, 7 * time.Second, 0},
		{"503", esploratest.Down, "7", 7 * time.Second, 7 * time.Second, 0},
		{"a date", esploratest.Slow, "Sat, 01 Jan 2000 00:00:20 GMT", 20 * time.Second, 20 * time.Second, 0},
		{"a date that has passed", esploratest.Slow, "Fri, 01 Jan 1999 00:00:20 GMT", 250 * time.Millisecond, 500 * time.Millisecond, 0},
		{"nothing", esploratest.Slow, "", 250 * time.Millisecond, 500 * time.Millisecond, 0},
		{"nonsense", esploratest.Slow, "soon", 250 * time.Millisecond, 500 * time.Millisecond, 0},
		{"too long", esploratest.Slow, "3600", 0, 0, time.Hour},
		{"for ever", esploratest.Slow, "99999999999999", 0, 0, 1 << 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := parse(t, small)
				h := esploratest.Serve(f.Ledger, esploratest.Options{Fault: first("/tx/", c.fault), RetryAfter: c.header})
				x := direct(t, h, esplora.Options{})
				from := time.Now()
				_, err := x.Txs(t.Context(), []model.TxID{txid(t, f, "a")})
				if took := time.Since(from); took < c.least || took > c.most {
					t.Errorf("took %v, want %v to %v", took, c.least, c.most)
				}
				if c.gives == 0 {
					if err != nil {
						t.Error(err)
					}
					return
				}
				wantError(t, err, sources.ErrUnavailable, "Txs", "429")
				var e *sources.Error
				if errors.As(err, &e); e.RetryAfter != c.gives {
					t.Errorf("RetryAfter is %v, want %v", e.RetryAfter, c.gives)
				}
			})
		})
	}
}

// One refusal holds everything back, and a context ends every wait.
func TestDemandHoldsAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := parse(t, small)
		var n atomic.Int64
		h := esploratest.Serve(f.Ledger, esploratest.Options{RetryAfter: "30", Fault: func(string, int) esploratest.Fault {
			if n.Add(1) == 1 {
				return esploratest.Slow
			}
			return esploratest.None
		}})
		x := direct(t, h, esplora.Options{Parallel: 1})
		from := time.Now()
		var wg sync.WaitGroup
		for _, id := range many(5) {
			wg.Go(func() {
				if _, err := x.Txs(t.Context(), []model.TxID{id}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := time.Since(from); got != 30*time.Second || n.Load() != 6 {
			t.Errorf("after %v and %d requests", got, n.Load())
		}

		n.Store(0)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		from = time.Now()
		_, err := x.Txs(ctx, many(5))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(from) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(from), err)
		}
	})
}

// Waits grow, are not all the same, and are the same in every run.
func TestBackoff(t *testing.T) {
	took := func() (times []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			h := esploratest.Serve(parse(t, small).Ledger, esploratest.Options{Fault: always("/", esploratest.Broken)})
			for i, id := range many(4) {
				x := direct(t, h, esplora.Options{Retries: 4})
				from := time.Now()
				_, err := x.Txs(t.Context(), []model.TxID{id})
				wantError(t, err, sources.ErrUnavailable, "Txs", "500")
				times = append(times, time.Since(from))
				// 0.5, 1, 2 and 4 seconds, less up to a half.
				if times[i] < 3750*time.Millisecond || times[i] > 7500*time.Millisecond || x.Requests() != 5 {
					t.Errorf("%d requests in %v", x.Requests(), times[i])
				}
			}
		})
		return times
	}
	a, b := took(), took()
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("run 1 waits %v, run 2 %v", a[i], b[i])
		}
		if i > 0 && a[i] == a[0] {
			t.Errorf("requests %d and 0 wait the same, %v", i, a[0])
		}
	}
}
