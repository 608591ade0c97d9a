package heuristics_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// ways are settings that may change neither findings nor coverage.
var ways = []struct {
	name  string
	opt   heuristics.Options
	order uint64
	cache bool
}{
	{"one worker", heuristics.Options{Workers: 1}, 0, false},
	{"again", heuristics.Options{Workers: 1}, 0, false},
	{"another order", heuristics.Options{Workers: 1}, 1, false},
	{"a third order", heuristics.Options{Workers: 1}, 2, false},
	{"many workers", heuristics.Options{Workers: 8}, 0, false},
	{"no memory for results", heuristics.Options{Workers: 1, Memory: 1}, 0, false},
	{"hardly any memory", heuristics.Options{Workers: 4, Memory: 20_000}, 3, false},
	{"through a cache", heuristics.Options{Workers: 1}, 0, true},
	{"all at once", heuristics.Options{Workers: 8, Memory: 1}, 4, true},
}

// The same bytes come out however a run is made, for every budget: for one that
// ends most evaluations as for one that ends none.
func TestSameBytesWhateverTheWay(t *testing.T) {
	f := parse(t, chain)
	counts := map[string]bool{}
	for budget := int64(1); budget <= 64; budget *= 2 {
		t.Run(fmt.Sprint("budget ", budget), func(t *testing.T) {
			depth := parents("depth")
			// It goes on with what it has, and says so.
			patient := make1("patient", nil, depth)
			patient.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
				n := 0
				for range 3 {
					d, err := heuristics.Ask[int](ctx, p, depth, p.Subject, 3)
					if errors.Is(err, sources.ErrBudget) {
						p.Partial("the budget is spent")
						break
					}
					if err != nil {
						return nil, err
					}
					n += d
				}
				p.Report(finding("test", p.Subject, fmt.Sprintf("It adds up to %d.", n)))
				return n, nil
			}
			var first [2]string
			for i, w := range ways {
				opt := w.opt
				opt.Lookups = budget
				src := f.Ledger.Set()
				if w.cache {
					src = src.Wrap(sources.Cache(sources.CacheOptions{}))
				}
				s := open(t, src, opt, heuristics.Scope{}, patient, depth)
				findings, coverage := bytesOf(t, s, subjectsOf(t, s, w.order))
				if i == 0 {
					first = [2]string{findings, coverage}
					counts[findings] = true
					continue
				}
				if diff := cmp.Diff(first[0], findings); diff != "" {
					t.Errorf("%s: findings differ (-first +this)\n%s", w.name, diff)
				}
				if diff := cmp.Diff(first[1], coverage); diff != "" {
					t.Errorf("%s: coverage differs (-first +this)\n%s", w.name, diff)
				}
			}
		})
	}
	if len(counts) < 4 {
		t.Errorf("the budgets give %d different outcomes; the test does not show much", len(counts))
	}
}

// What was remembered costs its asker what it cost the first time.
func TestRememberedEvaluationsAreCharged(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, err := p.Txs(ctx, model.TxID{1}, model.TxID{2}, model.TxID{3})
		return 1, err
	})
	var evaluated atomic.Int64
	obs := heuristics.Observer{Pass: func(i heuristics.PassInfo) {
		if i.Heuristic == "base" {
			evaluated.Add(1)
		}
	}}
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		for range 4 {
			if _, err := heuristics.Ask[int](ctx, p, base, p.Subject, 0); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}, base)
	s := session(t, f, heuristics.Options{Lookups: 12, Observer: obs}, h)
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "a"))))
	if c := coverageOf(t, s, "h"); c.Lookups != 12 || c.Partial != 0 || evaluated.Load() != 1 {
		t.Errorf("coverage %+v after %d evaluations", c, evaluated.Load())
	}
	s = session(t, f, heuristics.Options{Lookups: 11}, h)
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "a"))))
	if c := coverageOf(t, s, "h"); c.Lookups != 9 || c.Partial != 1 || c.Failed != 0 {
		t.Errorf("one less: coverage %+v", c)
	}
}

// The limit of the sources is a hard end: an error, the last of the run, and
// nothing is said that an unlimited run does not say.
func TestLimitEndsARun(t *testing.T) {
	f := parse(t, chain)
	h := parents("depth")
	s := session(t, f, heuristics.Options{Workers: 2}, h)
	all := say(f, s.Run(bg, subjectsOf(t, s, 0)))
	ended := 0
	for limit := int64(12); limit < 200; limit += 9 {
		// What Open and the generator look up counts too.
		src := f.Ledger.Set().Wrap(sources.Limit(limit))
		e, err := heuristics.New(src, []*heuristics.Heuristic{h}, heuristics.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Open(bg, heuristics.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		fs, failed, last := passErrors(s.Run(bg, s.Sweep(bg)))
		if len(failed) > 0 {
			t.Errorf("limit %d: failures of passes: %v", limit, failed)
		}
		if last != nil && !errors.Is(last, sources.ErrBudget) {
			t.Errorf("limit %d: the run ends with %v", limit, last)
		}
		if (last == nil) != (len(fs) == len(all)) {
			t.Errorf("limit %d: %d of %d findings, and the error %v", limit, len(fs), len(all), last)
		}
		if last != nil {
			ended++
		}
	}
	if ended < 3 || ended > 20 {
		t.Errorf("%d runs were ended; the test does not show much", ended)
	}
}

// Where the budget ends an evaluation, its findings so far stand and are marked.
func TestFindingsUpToTheBudget(t *testing.T) {
	f := parse(t, chain)
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		p.Report(finding("test", p.Subject, "first"))
		if _, err := p.Txs(ctx, model.TxID{1}, model.TxID{2}); err != nil {
			return nil, fmt.Errorf("looking: %w", err)
		}
		p.Report(finding("test/total", p.Subject, "second"))
		return nil, nil
	})
	for budget, want := range map[int64][]string{1: {"first true"}, 2: {"first false", "second false"}} {
		s := session(t, f, heuristics.Options{Lookups: budget}, h)
		var got []string
		for f, err := range s.Run(bg, txs(t, f, "a")) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(f.Claim, " ", f.Partial))
		}
		wantLines(t, want, got)
		c := s.Coverage()
		if c.Failures != 0 || c.Incomplete {
			t.Errorf("budget %d: %d failures", budget, c.Failures)
		}
	}
	s := session(t, f, heuristics.Options{Lookups: 1}, h)
	_, fs, err := heuristics.Eval[any](bg, s, h, refs(t, f, "a")[0])
	if !errors.Is(err, sources.ErrBudget) || len(fs) != 1 || !fs[0].Partial {
		t.Errorf("Eval gives %v, %v", fs, err)
	}
}

// A look-up that is too large spends the budget: that a smaller one would have
// fitted is not to be found out by trying.
func TestBudgetIsSpentAtOnce(t *testing.T) {
	f := parse(t, chain)
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, large := p.Txs(ctx, make([]model.TxID, 6)...)
		_, small := p.Spenders(ctx, model.Outpoint{})
		var atAll error
		for _, err := range p.History(ctx, model.Address{}, sources.Range{}) {
			atAll = err
		}
		if !errors.Is(large, sources.ErrBudget) || !errors.Is(small, sources.ErrBudget) || atAll != nil {
			return nil, fmt.Errorf("large: %v, small: %v, an empty history: %v", large, small, atAll)
		}
		_, err := p.Tx(ctx) // the subject is free
		return nil, err
	})
	s := session(t, f, heuristics.Options{Lookups: 5}, h)
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "a"))))
}

// The budget of what is asked for is not that of the sources: it ends neither
// the run nor, unless the asker gives up, the asker.
func TestBudgetOfARequirementEndsNoRun(t *testing.T) {
	f := parse(t, chain)
	greedy := make1("greedy", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, err := p.Txs(ctx, make([]model.TxID, 10)...)
		return nil, err
	})
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		p.Report(finding("test", p.Subject, p.Subject.String()))
		_, err := heuristics.Ask[any](ctx, p, greedy, p.Subject, 0)
		return nil, err
	}, greedy)
	s := session(t, f, heuristics.Options{Lookups: 5}, h)
	wantLines(t, []string{"h tx:a", "h tx:b"}, say(f, s.Run(bg, txs(t, f, "a", "b"))))
	if c := coverageOf(t, s, "h"); c.Partial != 2 || c.Failed != 0 {
		t.Errorf("coverage %+v", c)
	}
}

// What is partial makes partial what rests on it.
func TestPartialIsHandedOn(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", func(_ context.Context, p *heuristics.Pass) (any, error) {
		p.Partial("only the first page was read")
		return 1, nil
	})
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		n, err := heuristics.Ask[int](ctx, p, base, p.Subject, 0)
		p.Report(finding("test", p.Subject, fmt.Sprint("counts ", n)))
		return nil, err
	}, base)
	s := session(t, f, heuristics.Options{}, h, base)
	fs, _, _ := passErrors(s.Run(bg, txs(t, f, "a")))
	if len(fs) != 1 || !fs[0].Partial {
		t.Errorf("findings %+v", fs)
	}
	want := []heuristics.Note{{Text: "partial: only the first page was read", Count: 1}}
	if diff := cmp.Diff(want, coverageOf(t, s, "base").Notes); diff != "" {
		t.Errorf("notes (-want +got)\n%s", diff)
	}
	if c := coverageOf(t, s, "h"); c.Partial != 1 || c.Ran != 1 {
		t.Errorf("coverage %+v", c)
	}
}

// big is a result that tells its size.
type big struct{ panics bool }

func (b *big) Size() int {
	if b.panics {
		panic("no size")
	}
	return 1 << 20
}

func TestMemoryForgetsTheOldestResults(t *testing.T) {
	f := parse(t, chain)
	evaluated := map[string]int{}
	h := make1("h", func(_ context.Context, p *heuristics.Pass) (any, error) {
		evaluated[plain(f, p.Subject.String())]++
		return &big{}, nil
	})
	s := session(t, f, heuristics.Options{Workers: 1, Memory: 2<<20 + 4096}, h)
	for _, name := range []string{"a", "b", "a", "c", "b", "a", "c"} {
		if _, _, err := heuristics.Eval[*big](bg, s, h, refs(t, f, name)[0]); err != nil {
			t.Fatal(err)
		}
	}
	// c drives a out, a then b; the last c is there.
	if diff := cmp.Diff(map[string]int{"tx:a": 2, "tx:b": 1, "tx:c": 1}, evaluated); diff != "" {
		t.Errorf("evaluations (-want +got)\n%s", diff)
	}
}

// A result whose size cannot be told is a failure, not the end of the process.
func TestSizeThatPanics(t *testing.T) {
	f := parse(t, chain)
	h := make1("h", func(context.Context, *heuristics.Pass) (any, error) { return &big{panics: true}, nil })
	wantLines(t, []string{"h tx:a: panic: no size"}, say(f, session(t, f, heuristics.Options{}, h).Run(bg, txs(t, f, "a"))))
}

// A run that waits for an evaluation which another, cancelled run had begun
// makes it itself.
func TestCancelledRunLeavesOthersAlone(t *testing.T) {
	f := parse(t, chain)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(bg)
		h := make1("h", func(c context.Context, p *heuristics.Pass) (any, error) {
			if c.Value(ctxKey{}) != nil {
				<-c.Done()
				return nil, c.Err()
			}
			return reports("%s")(c, p)
		})
		s := session(t, f, heuristics.Options{Workers: 1}, h)
		var first, second []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			first = say(f, s.Run(context.WithValue(ctx, ctxKey{}, true), txs(t, f, "a")))
		}()
		synctest.Wait() // it is in Run now
		go func() {
			synctest.Wait() // and the other waits for it
			cancel()
		}()
		second = say(f, s.Run(bg, txs(t, f, "a")))
		<-done
		wantLines(t, []string{"context canceled"}, first)
		wantLines(t, []string{"h tx:a"}, second)
	})
}

type ctxKey struct{}

// A source that was away may be asked again in the same session; whatever else
// failed once is remembered.
func TestWhatIsRemembered(t *testing.T) {
	f := parse(t, chain)
	asked := 0
	src := lookingUp(f, func([]model.TxID) error {
		if asked++; asked == 1 {
			return away
		}
		return nil
	})
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, err := p.Txs(ctx, model.TxID{1})
		return "fine", err
	})
	s := open(t, src, heuristics.Options{}, heuristics.Scope{}, h)
	on := refs(t, f, "a")[0]
	if _, _, err := heuristics.Eval[string](bg, s, h, on); !errors.Is(err, sources.ErrUnavailable) {
		t.Fatalf("the source is away, but: %v", err)
	}
	if got, _, err := heuristics.Eval[string](bg, s, h, on); got != "fine" || err != nil {
		t.Errorf("the source is back, but: %q, %v", got, err)
	}
	for range 3 {
		heuristics.Eval[string](bg, s, h, on)
	}
	if asked != 2 {
		t.Errorf("asked %d times, want 2", asked)
	}
}

// What a source lacks is told, never taken for an empty answer.
func TestLackingCapabilities(t *testing.T) {
	f := parse(t, chain)
	var got []string
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, err := p.Txs(ctx, model.TxID{1})
		got = append(got, fmt.Sprint(err))
		_, err = p.Spenders(ctx, model.Outpoint{})
		got = append(got, fmt.Sprint(err))
		for _, err := range p.History(ctx, model.Address{}, sources.Range{}) {
			got = append(got, fmt.Sprint(err))
		}
		ls, err := p.Labels(ctx, p.Subject)
		got = append(got, fmt.Sprint(len(ls), err))
		tags, err := p.Tags(ctx)
		got = append(got, fmt.Sprint(len(tags), err))
		m, err := p.Money(ctx, model.Coin, model.BlockRef{Time: 1, Known: model.KnownTime})
		got = append(got, fmt.Sprint(m.Amount, m.Fiat, err))
		got = append(got, fmt.Sprint(p.Can(sources.Txs), p.Can(sources.Blocks|sources.Txs), p.Tip().IsZero()))
		_, err = p.Tx(ctx)
		return nil, err
	})
	s := open(t, sources.Set{}, heuristics.Options{}, heuristics.Scope{}, h)
	_, failed, _ := passErrors(s.Run(bg, txs(t, f, "a")))
	if len(failed) != 1 || !errors.Is(failed[0], sources.ErrUnavailable) {
		t.Errorf("failures %v", failed)
	}
	lacks := func(op string) string { return "sources: " + op + " no provider has this capability: unavailable" }
	wantLines(t, []string{
		lacks("Txs"), lacks("Spenders"), lacks("History"), "1 <nil>", "0 <nil>", "1.00000000 <nil> <nil>", "false false true",
	}, got)
	if c := s.Coverage(); c.Has != "none" || !strings.Contains(c.Lacks, "Txs|Spends|History|Blocks|Labels|Tags|Prices") {
		t.Errorf("coverage has %q, lacks %q", c.Has, c.Lacks)
	}
	for _, err := range s.Run(bg, s.Sweep(bg)) {
		if !errors.Is(err, sources.ErrUnavailable) {
			t.Errorf("Sweep without blocks: %v", err)
		}
	}
}

// misaligned answers with one item too few.
type misaligned struct{ sources.Set }

func (m misaligned) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	txs, err := m.Set.Txs.Txs(ctx, ids)
	return txs[:len(txs)-1], err
}

func (m misaligned) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return nil, nil
}

func TestAnswersThatDoNotFitTheQuestion(t *testing.T) {
	f := parse(t, chain)
	src := f.Ledger.Set()
	src.Txs, src.Spends = misaligned{f.Ledger.Set()}, misaligned{f.Ledger.Set()}
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, err := p.Spenders(ctx, model.Outpoint{})
		_, err2 := p.Txs(ctx, model.TxID{}, model.TxID{})
		_, err3 := p.Tx(ctx)
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, sources.ErrMalformed) {
				t.Errorf("got %v, want malformed data", err)
			}
		}
		return nil, err3
	})
	_, failed, last := passErrors(open(t, src, heuristics.Options{}, heuristics.Scope{}, h).Run(bg, txs(t, f, "a")))
	if len(failed) != 1 || last != nil {
		t.Errorf("failures %v, last %v", failed, last)
	}
}
