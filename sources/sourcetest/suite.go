package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Test loads a provider with each of several small ledgers, by open, and checks
// that it keeps the contract of package sources.
func Test(t *testing.T, open func(t *testing.T, l *ledger.Ledger) sources.Set, o Options) {
	t.Helper()
	for _, text := range texts {
		if text.empty && o.lacks(NoChain) {
			continue
		}
		t.Run(text.name, func(t *testing.T) {
			f, err := ledger.Parse(text.name, text.text)
			if err != nil {
				t.Fatal(err)
			}
			set := open(t, f.Ledger)
			for _, part := range parts {
				t.Run(part.name, func(t *testing.T) {
					c, err := newChecker(t, f.Ledger, set, o)
					if err != nil {
						t.Fatal(err)
					}
					part.run(c)
				})
			}
		})
	}
}

// T is what [Check] needs of a *testing.T. Its methods are called from the
// goroutine of the caller only.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check checks a set that is loaded with the ledger against it. It is [Test] for
// one ledger, which may be one of the caller's own, and reports to anything that
// takes errors.
func Check(t T, l *ledger.Ledger, set sources.Set, o Options) {
	t.Helper()
	c, err := newChecker(t, l, set, o)
	if err != nil {
		t.Errorf("sourcetest: %v", err)
		return
	}
	for _, part := range parts {
		part.run(c)
	}
}

// parts are the properties that are checked, each of every question.
var parts = []struct {
	name string
	run  func(*checker)
}{
	{"Answers", (*checker).answers},
	{"Kept", (*checker).kept},
	{"Cancelled", (*checker).cancelled},
	{"Break", (*checker).breaks},
	{"Concurrent", (*checker).concurrent},
}

// checker asks a set the questions to which it knows the answers.
type checker struct {
	T
	o         Options
	questions []question
	// stuck is set when a call hangs or leaves goroutines: to find out took all
	// the patience there is, and one complaint of the kind is enough.
	stuck bool
}

// question is one call with what it must answer.
type question struct {
	what string
	// ask makes the call. verify compares the answer with the right one and
	// returns what is wrong; it may be called again later. The error is the
	// call's, or a violation.
	ask func(ctx context.Context) (verify func() string, err error)
	// walk makes a call that answers with a sequence, and stops where visit
	// returns false; nil for other calls. n counts the elements.
	walk func(ctx context.Context, visit func(i int) bool) (n int, err error)
	// empty says that nothing is asked for, so that the call may answer
	// without a look at its context.
	empty bool
}

// violation is a breach of contract by something else than a wrong answer.
type violation string

func (v violation) Error() string { return string(v) }

func newChecker(t T, l *ledger.Ledger, set sources.Set, o Options) (*checker, error) {
	t.Helper()
	if set.Has() == 0 {
		return nil, errors.New("the set has no capability")
	}
	f, err := factsOf(l)
	if err != nil {
		return nil, fmt.Errorf("the ledger: %w", err)
	}
	q := &asker{facts: f, set: set, o: o}
	q.all()
	return &checker{T: t, o: o, questions: q.questions}, q.err
}

// answers checks every answer.
func (c *checker) answers() {
	c.Helper()
	for _, q := range c.questions {
		c.guard(q.what, func() string { return askAndVerify(context.Background(), q) })
	}
}

func askAndVerify(ctx context.Context, q question) string {
	verify, err := q.ask(ctx)
	if err != nil {
		return err.Error()
	}
	return verify()
}

// kept checks that answers are still right when everything has been asked
// again.
func (c *checker) kept() {
	c.Helper()
	var verify []func() string
	var what []string
	for range 2 {
		for _, q := range c.questions {
			ok := c.guard(q.what, func() string {
				v, err := q.ask(context.Background())
				if err != nil {
					return err.Error()
				}
				verify, what = append(verify, v), append(what, q.what)
				return ""
			})
			if !ok {
				return
			}
		}
	}
	for i, v := range verify {
		c.guard(what[i], func() string {
			if bad := v(); bad != "" {
				return "after more was asked: " + bad
			}
			return ""
		})
	}
}

// cancelled checks that a context that has ended, or ends on the way, ends the
// call with its error.
func (c *checker) cancelled() {
	c.Helper()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for _, q := range c.questions {
		if q.empty {
			continue
		}
		for _, ctx := range []context.Context{cancelled, late} {
			c.guard(q.what, func() string {
				_, err := q.ask(ctx)
				return wantError(err, ctx.Err(), "with a context that has ended")
			})
		}
		if q.walk == nil {
			continue
		}
		c.guard(q.what, func() string {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n, _ := q.walk(ctx, func(int) bool { return true })
			if n < 3 {
				return "" // it may be through before it can notice
			}
			_, err := q.walk(ctx, func(i int) bool { cancel(); return true })
			return wantError(err, context.Canceled, "with a context cancelled at the first element")
		})
	}
}

func wantError(err, want error, when string) string {
	var v violation
	switch {
	case errors.As(err, &v):
		return when + ": " + err.Error()
	case err == nil:
		return when + ": no error, want " + want.Error()
	case !errors.Is(err, want):
		return fmt.Sprintf("%s: the error %q does not wrap %q", when, err, want)
	}
	return ""
}

// breaks checks that a sequence ends where its reader breaks out, and leaves
// nothing behind.
func (c *checker) breaks() {
	c.Helper()
	for _, q := range c.questions {
		if q.walk == nil {
			continue
		}
		n := 0
		ok := c.guard(q.what, func() string {
			var err error
			if n, err = q.walk(context.Background(), func(int) bool { return true }); err != nil {
				return err.Error()
			}
			return ""
		})
		if !ok {
			return
		}
		for _, at := range []int{0, 1, n - 1} {
			if at < 0 || at >= n {
				continue
			}
			c.guard(q.what, func() string {
				got, err := q.walk(context.Background(), func(i int) bool { return i < at })
				switch {
				case err != nil:
					return fmt.Sprintf("broken out of at element %d: %v", at, err)
				case got != at+1:
					return fmt.Sprintf("broken out of at element %d: yielded %d", at, got)
				}
				return ""
			})
		}
	}
}

// workers is how many goroutines ask at once.
const workers = 8

// concurrent asks everything from several goroutines at once.
func (c *checker) concurrent() {
	c.Helper()
	c.guard("several goroutines at once", func() string {
		var wg sync.WaitGroup
		bad := make([]string, workers)
		for w := range workers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer func() {
					if r := recover(); r != nil {
						bad[w] = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
					}
				}()
				for i := range c.questions {
					q := c.questions[(i+w*len(c.questions)/workers)%len(c.questions)]
					if s := askAndVerify(context.Background(), q); s != "" {
						bad[w] = q.what + ": " + s
						return
					}
				}
			}()
		}
		wg.Wait()
		for _, s := range bad {
			if s != "" {
				return s
			}
		}
		return ""
	})
}

// guard runs f, which returns what is wrong, and reports that; it also reports a
// panic, a call that does not return, and goroutines that f leaves behind. It
// returns false where f still runs, or was not run because an earlier call was
// stuck.
func (c *checker) guard(what string, f func() string) bool {
	c.Helper()
	if c.stuck {
		return false
	}
	before := runtime.NumGoroutine()
	mark := strconv.FormatInt(marks.Add(1), 10)
	done := make(chan string, 1)
	go func() {
		// Goroutines inherit labels, so those of the provider can be told
		// from all others.
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(label, mark)))
		done <- func() (bad string) {
			defer func() {
				if r := recover(); r != nil {
					bad = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
				}
			}()
			return f()
		}()
	}()
	timer := time.NewTimer(c.o.patience())
	defer timer.Stop()
	select {
	case bad := <-done:
		if bad == "" && !settled(before) {
			bad = c.left(mark)
			c.stuck = bad != ""
		}
		if bad != "" {
			c.Errorf("%s: %s", what, bad)
		}
		return true
	case <-timer.C:
		c.stuck = true
		c.Errorf("%s: has not returned after %v", what, c.o.patience())
		return false
	}
}

const label = "goldwash-sourcetest"

// marks numbers the calls of all suites, which may run at once.
var marks atomic.Int64

// settled reports whether there are soon no more goroutines than before. It
// spares the look at their stacks in almost every case.
func settled(before int) bool {
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// left waits for goroutines with the mark to end and describes those that do
// not.
func (c *checker) left(mark string) string {
	deadline := time.NewTimer(min(c.o.patience(), 5*time.Second))
	defer deadline.Stop()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		stacks := goroutines(mark)
		if len(stacks) == 0 {
			return ""
		}
		select {
		case <-again.C:
		case <-deadline.C:
			return fmt.Sprintf("leaves %d goroutines, such as\n%s", len(stacks), stacks[0])
		}
	}
}

// goroutines returns the stacks of the goroutines with the mark, without those
// that keep a pooled connection.
func goroutines(mark string) (stacks []string) {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return []string{err.Error()}
	}
	marked := fmt.Sprintf("%q:%q", label, mark)
	for _, s := range strings.Split(b.String(), "\n\n") {
		if !strings.Contains(s, marked) || strings.Contains(s, "net/http.(*persistConn)") || strings.Contains(s, "database/sql.(*DB)") {
			continue
		}
		stacks = append(stacks, s)
	}
	return stacks
}
