package heuristics_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func wantLines(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

var bg = context.Background()

// Subjects as they come, for each what is required first, then visits, then
// totals.
func TestOrderOfFindings(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", reports("%s"))
	top := make1("top", nil, base)
	top.Run = func(_ context.Context, p *heuristics.Pass) (any, error) {
		p.Report(finding("test", p.Subject, "one "+p.Subject.String()))
		p.Report(finding("test/total", p.Subject, "two "+p.Subject.String()))
		return nil, nil
	}
	top.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		t.Report(finding("test/total", model.RefBlock(t.Tip().Hash), "total"))
		return nil, nil
	}
	s := session(t, f, heuristics.Options{Workers: 3}, top, base)
	wantLines(t, []string{
		"base tx:c", "top one tx:c", "top two tx:c",
		"base tx:a", "top one tx:a", "top two tx:a",
		"base tx:b", "top one tx:b", "top two tx:b",
		"top total",
	}, say(f, s.Run(bg, txs(t, f, "c", "a", "b"))))
}

// Findings of what is required but not listed are not told, its results are.
func TestRequiredHeuristicsAreSilent(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", reports("%s"))
	top := make1("top", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		v, err := heuristics.Ask[string](ctx, p, base, p.Subject, 0)
		p.Report(finding("test", p.Subject, "base says "+v))
		return nil, err
	}, base)
	wantLines(t, []string{"top base says tx:a"}, say(f, session(t, f, heuristics.Options{}, top).Run(bg, txs(t, f, "a"))))
}

func TestSubjectsThatNobodyAccepts(t *testing.T) {
	f := parse(t, chain)
	s := session(t, f, heuristics.Options{}, make1("h", reports("%s")))
	a, err := f.Address("a")
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, nil, say(f, s.Run(bg, heuristics.Refs(model.RefAddress(a)))))
	if c := coverageOf(t, s, "h"); c.Offered != 0 {
		t.Errorf("coverage %+v", c)
	}
}

// A transaction that the generator does not bring is looked up for free; one
// that nobody knows is a failure.
func TestUnknownSubject(t *testing.T) {
	f := parse(t, chain)
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		_, err := p.Tx(ctx)
		return nil, err
	})
	s := session(t, f, heuristics.Options{Lookups: 1}, h)
	_, failed, last := passErrors(s.Run(bg, heuristics.Refs(model.RefTx(model.TxID{1}), refs(t, f, "a")[0])))
	if last != nil || len(failed) != 1 || !errors.Is(failed[0], sources.ErrNotFound) || failed[0].Subject != model.RefTx(model.TxID{1}) {
		t.Errorf("failures %v, last %v", failed, last)
	}
	if c := coverageOf(t, s, "h"); c.Lookups != 0 || c.Failed != 1 || c.Ran != 1 {
		t.Errorf("coverage %+v", c)
	}
}

func TestRepeatedSubjectsAreToldOnce(t *testing.T) {
	f := parse(t, chain)
	s := session(t, f, heuristics.Options{}, make1("h", reports("%s")))
	wantLines(t, []string{"h tx:a", "h tx:b"}, say(f, s.Run(bg, txs(t, f, "a", "a", "b", "a"))))
	if c := coverageOf(t, s, "h"); c.Offered != 3 || c.Findings != 2 {
		t.Errorf("coverage %+v: the same subject twice running is one", c)
	}
	wantLines(t, []string{"h tx:a"}, say(f, s.Run(bg, txs(t, f, "a"))))
}

// Two findings of one identity that say different things would make the
// identity worthless.
func TestOneStatementMadeTwice(t *testing.T) {
	f := parse(t, chain)
	h := make1("h", func(_ context.Context, p *heuristics.Pass) (any, error) {
		p.Report(finding("test", model.RefBlock(model.BlockHash{7}), "seen from "+p.Subject.String()))
		return nil, nil
	})
	s := session(t, f, heuristics.Options{}, h)
	got := say(f, s.Run(bg, txs(t, f, "a", "b")))
	if len(got) != 2 || got[0] != "h seen from tx:a" || !strings.Contains(got[1], `two different findings of kind "test" make one statement`) {
		t.Errorf("got %q", got)
	}
	if c := s.Coverage(); c.Failures != 1 || !c.Incomplete {
		t.Errorf("failures %d, incomplete %v", c.Failures, c.Incomplete)
	}
}

func TestFailuresDoNotEndARun(t *testing.T) {
	f := parse(t, chain)
	var none []int
	h := make1("h", nil)
	h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
		tx, err := p.Tx(ctx)
		if err != nil {
			return nil, err
		}
		switch name, _ := f.TxName(tx.ID); name {
		case "a":
			return nil, errors.New("broken")
		case "b":
			return none[len(tx.Inputs)], nil
		case "c":
			p.Report(finding("other", p.Subject, "a kind that is not declared"))
		case "d":
			p.Report(finding("test", p.Subject, "more than\none line"))
		case "e":
			return nil, fmt.Errorf("not this one: %w", heuristics.ErrSkip)
		default:
			p.Report(finding("test", p.Subject, name))
		}
		return nil, nil
	}
	s := session(t, f, heuristics.Options{}, h)
	fs, failed, last := passErrors(s.Run(bg, txs(t, f, "a", "b", "c", "d", "e", "f")))
	if last != nil || len(fs) != 1 {
		t.Errorf("%d findings, last error %v", len(fs), last)
	}
	var got []string
	for _, e := range failed {
		got = append(got, plain(f, e.Error()))
	}
	wantLines(t, []string{
		"h tx:a: broken",
		"h tx:b: panic: runtime error: index out of range [2] with length 0",
		`h tx:c: reports kind "other", which is not among its Kinds`,
		`h tx:d: finding of kind "test": claim is more than one line`,
	}, got)
	if len(failed) == 4 && (!strings.Contains(string(failed[1].Stack), "run_test.go") || failed[0].Stack != nil) {
		t.Errorf("the stack of a panic does not lead to where it was:\n%s", failed[1].Stack)
	}
	c := coverageOf(t, s, "h")
	c.Lookups = 0
	if diff := cmp.Diff(heuristics.HeuristicCoverage{Heuristic: "h", Version: 1, Offered: 6, Ran: 1, Skipped: 1, Failed: 4, Findings: 1}, c); diff != "" {
		t.Errorf("coverage (-want +got)\n%s", diff)
	}
}

// A failure of what is asked is told with its name; that it does not apply is
// no failure of the asker either.
func TestFailureOfARequirement(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		if p.Subject == refs(t, f, "a")[0] {
			return nil, heuristics.ErrSkip
		}
		panic("no idea")
	})
	top := make1("top", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		return heuristics.Ask[string](ctx, p, base, p.Subject, 0)
	}, base)
	s := session(t, f, heuristics.Options{}, top)
	wantLines(t, []string{"top tx:b: base on tx:b: panic: no idea"}, say(f, s.Run(bg, txs(t, f, "a", "b"))))
	if c := coverageOf(t, s, "top"); c.Skipped != 1 || c.Failed != 1 {
		t.Errorf("coverage %+v", c)
	}
}

// Mistakes of the programmer are failures with advice.
func TestMisuse(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", reports("%s"))
	base.MaxHops = 3
	index := make1("index", reports("%s"))
	index.Run, index.Subjects = nil, nil
	index.Index = func(context.Context, *heuristics.Scan) (any, error) { return 5, nil }
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error)
		want string
	}{
		{"asks itself with as many hops", func(ctx context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.Ask[string](ctx, p, me, refs(t, f, "b")[0], p.Hops)
		}, "heuristics: me asks itself with 2 hops and has 2; ask a parent, with fewer"},
		{"asks with fewer than no hops", func(ctx context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.Ask[string](ctx, p, base, p.Subject, -1)
		}, "heuristics: me asks base with -1 hops; stop before"},
		{"takes a result for what it is not", func(ctx context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.Ask[int](ctx, p, base, p.Subject, 0)
		}, "heuristics: me reads the result of base as int, it is string"},
		{"asks what it does not require", func(ctx context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.Ask[string](ctx, p, make1("other", reports("")), p.Subject, 0)
		}, "heuristics: me reads the result of other: add it to Requires"},
		{"asks what has no Run", func(ctx context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.Ask[string](ctx, p, index, p.Subject, 0)
		}, "heuristics: me asks index, which has no Run"},
		{"takes an index for what it is not", func(_ context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.IndexOf[string](p, index), nil
		}, "heuristics: me reads the index of index as string, it is int"},
		{"reads an index that there is not", func(_ context.Context, p *heuristics.Pass, me *heuristics.Heuristic) (any, error) {
			return heuristics.IndexOf[string](p, base), nil
		}, "heuristics: me reads the index of base, which builds none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			me := make1("me", nil, base, index)
			me.MaxHops = 2
			me.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) { return c.run(ctx, p, me) }
			_, failed, _ := passErrors(session(t, f, heuristics.Options{}, me).Run(bg, txs(t, f, "a")))
			if len(failed) != 1 || failed[0].Err.Error() != "panic: "+c.want {
				t.Errorf("got %v\nwant %s", failed, c.want)
			}
		})
	}
}

// Hops run out, so that a heuristic that asks itself comes to an end, and more
// than MaxHops means MaxHops.
func TestAskingItself(t *testing.T) {
	f := parse(t, chain)
	h := parents("depth")
	outer := make1("outer", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		return heuristics.Ask[int](ctx, p, h, p.Subject, 1000)
	}, h)
	s := session(t, f, heuristics.Options{}, h, outer)
	for name, want := range map[string]int{"a": 1, "b": 2, "e": 5, "g": 7, "h": 7} {
		on := refs(t, f, name)[0]
		got, _, err := heuristics.Eval[int](bg, s, h, on)
		if err != nil || got != want {
			t.Errorf("%s: %d generations, %v, want %d", name, got, err, want)
		}
		if got, _, err := heuristics.Eval[int](bg, s, outer, on); err != nil || got != want {
			t.Errorf("%s by way of another: %d generations, %v, want %d", name, got, err, want)
		}
	}
}

// Each visit is made once, after the subjects, in an order that does not depend
// on who asked.
func TestVisits(t *testing.T) {
	f := parse(t, chain)
	onward := map[string][]string{"a": {"c", "d", "b"}, "b": {"d"}, "c": {"e", "a"}, "e": {"e"}}
	h := make1("h", nil)
	h.Run = func(_ context.Context, p *heuristics.Pass) (any, error) {
		id, _ := p.Subject.Tx()
		name, _ := f.TxName(id)
		for _, r := range refs(t, f, onward[name]...) {
			p.Visit(r)
		}
		p.Report(finding("test", p.Subject, name))
		return nil, nil
	}
	// What is not listed has no say in where to go.
	h2 := make1("h2", func(_ context.Context, p *heuristics.Pass) (any, error) {
		p.Visit(refs(t, f, "g")[0])
		return nil, nil
	})
	h.Requires = []*heuristics.Heuristic{h2}
	h.Finish = func(context.Context, *heuristics.Totals) (any, error) { return nil, nil }

	forwards := say(f, session(t, f, heuristics.Options{}, h).Run(bg, txs(t, f, "a", "b")))
	if len(forwards) != 5 {
		t.Fatalf("got %q", forwards)
	}
	wantLines(t, []string{"h a", "h b"}, forwards[:2])
	if got := forwards[4]; got != "h e" {
		t.Errorf("the last of the second round is %q, want e", got)
	}
	backwards := say(f, session(t, f, heuristics.Options{}, h).Run(bg, txs(t, f, "b", "a")))
	wantLines(t, forwards[2:], backwards[2:])
}

// Results come to Finish in ledger order, once each, whatever the order in which
// subjects came.
func TestFinishReadsResults(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		id, _ := p.Subject.Tx()
		switch name, _ := f.TxName(id); name {
		case "b":
			return nil, heuristics.ErrSkip
		case "c":
			return nil, errors.New("broken")
		case "d":
			return nil, nil
		default:
			return name, nil
		}
	})
	sum := make1("sum", nil, base)
	sum.Run, sum.Subjects = nil, nil
	sum.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		var all []string
		for r, name := range heuristics.Results[string](t, base) {
			if id, _ := r.Tx(); r.Kind() == model.KindTx {
				if got, _ := f.TxName(id); got != name {
					return nil, fmt.Errorf("result of %s stands at %s", name, got)
				}
			}
			all = append(all, name)
		}
		return strings.Join(all, " "), nil
	}
	last := make1("last", nil, sum)
	last.Run, last.Subjects = nil, nil
	last.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		t.Report(finding("test/total", model.RefBlock(t.Tip().Hash), heuristics.FinishOf[string](t, sum)))
		return nil, nil
	}
	s := session(t, f, heuristics.Options{}, last)
	wantLines(t, []string{"base tx:c: broken", "last a e f"}, say(f, s.Run(bg, txs(t, f, "f", "c", "e", "f", "b", "d", "a"))))
	wantLines(t, []string{"last g"}, say(f, s.Run(bg, txs(t, f, "g"))))
}

func TestFinishThatFails(t *testing.T) {
	f := parse(t, chain)
	bad := make1("bad", nil)
	bad.Run, bad.Subjects = nil, nil
	next := make1("next", nil, bad)
	next.Run, next.Subjects = nil, nil
	next.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		return heuristics.FinishOf[string](t, bad), nil
	}
	after := make1("after", reports("%s"))
	after.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		t.Report(finding("other", model.RefTx(model.TxID{1}), "a kind that is not declared"))
		t.Report(finding("test/total", model.RefTx(model.TxID{1}), "done"))
		return nil, nil
	}
	for how, finish := range map[string]func(context.Context, *heuristics.Totals) (any, error){
		"finish: broken":        func(context.Context, *heuristics.Totals) (any, error) { return "half", errors.New("broken") },
		"finish: panic: broken": func(context.Context, *heuristics.Totals) (any, error) { panic("broken") },
	} {
		bad.Finish = finish
		s := session(t, f, heuristics.Options{}, bad, next, after)
		wantLines(t, []string{
			"after tx:a", "bad: " + how, "next: finish: panic: Finish of bad failed",
			fmt.Sprintf("after tx:%v: reports kind \"other\", which is not among its Kinds", model.TxID{1}), "after done",
		}, say(f, s.Run(bg, txs(t, f, "a"))))
		if c := s.Coverage(); c.Failures != 3 {
			t.Errorf("%d failures", c.Failures)
		}
	}
}

func TestFiltersSpareEvaluations(t *testing.T) {
	f := parse(t, `
label Bazaar: addr(shop) category=hash_marketplace
tx small: new => alice 1
tx wide: new => alice 1, bob 1, carol 1
tx pays: new => shop 1
tx takes: pays.0 => bob 1
coinbase cb: => bob 1
`)
	for name, c := range map[string]struct {
		filters []model.Filter
		want    []string
	}{
		"none":           {nil, []string{"small", "wide", "pays", "takes", "cb"}},
		"three outputs":  {[]model.Filter{{MinOutputs: 3}}, []string{"wide"}},
		"any of two":     {[]model.Filter{{MinOutputs: 3}, {Coinbase: true}}, []string{"wide", "cb"}},
		"pays a label":   {[]model.Filter{{Pays: []model.Category{model.HashMarketplace}}}, []string{"pays"}},
		"spends a label": {[]model.Filter{{Spends: []model.Category{model.HashMarketplace}}}, []string{"takes"}},
		"pays an actor":  {[]model.Filter{{Pays: []model.Category{model.Actor}}}, []string{"wide"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := make1("h", reports("%s"))
			h.Select = c.filters
			carol, err := f.Address("carol")
			if err != nil {
				t.Fatal(err)
			}
			scope := heuristics.Scope{Actors: []model.Label{{On: model.RefAddress(carol), Entity: "the client", Confidence: model.Percent(90)}}}
			s := open(t, f.Ledger.Set(), heuristics.Options{}, scope, h)
			var want []string
			for _, n := range c.want {
				want = append(want, "h tx:"+n)
			}
			wantLines(t, want, say(f, s.Run(bg, txs(t, f, "small", "wide", "pays", "takes", "cb"))))
			if got := coverageOf(t, s, "h"); got.Offered != 5 || got.Filtered != int64(5-len(c.want)) || got.Ran != int64(len(c.want)) {
				t.Errorf("coverage %+v", got)
			}
		})
	}
}

// Breaking out stops the generator, finishes nothing and leaves no goroutine; a
// goroutine left in the bubble would fail the test.
func TestBreakingOut(t *testing.T) {
	f := parse(t, chain)
	synctest.Test(t, func(t *testing.T) {
		finished := false
		h := make1("h", reports("%s"))
		h.Finish = func(context.Context, *heuristics.Totals) (any, error) { finished = true; return nil, nil }
		s := session(t, f, heuristics.Options{Workers: 8}, h)
		offered := 0
		endless := func(yield func(heuristics.Subject, error) bool) {
			for i := 0; ; i++ {
				offered++
				if !yield(heuristics.Subject{Ref: model.RefTx(model.TxID{byte(i), byte(i >> 8), byte(i >> 16)})}, nil) {
					return
				}
			}
		}
		seen := 0
		for range s.Run(bg, endless) {
			if seen++; seen == 3 {
				break
			}
		}
		if seen != 3 || offered > 4096 || finished {
			t.Errorf("%d findings, %d subjects, finished: %v", seen, offered, finished)
		}
	})
}

func TestCancelIsTheLastError(t *testing.T) {
	f := parse(t, chain)
	enough := errors.New("enough")
	for _, where := range []string{"before", "run", "finish", "generator"} {
		t.Run(where, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(bg)
			defer cancel(nil)
			h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
				if where == "run" {
					cancel(enough)
				}
				return nil, ctx.Err()
			})
			h.Finish = func(ctx context.Context, _ *heuristics.Totals) (any, error) {
				if where == "finish" {
					cancel(enough)
				}
				return nil, ctx.Err()
			}
			if where == "before" {
				cancel(enough)
			}
			subs := txs(t, f, "a", "b")
			if where == "generator" {
				subs = heuristics.Join(txs(t, f, "a"), func(yield func(heuristics.Subject, error) bool) {
					cancel(enough)
					yield(heuristics.Subject{}, enough)
				})
			}
			var errs []error
			for _, err := range session(t, f, heuristics.Options{}, h).Run(ctx, subs) {
				errs = append(errs, err)
			}
			if len(errs) != 1 || errs[0] != enough {
				t.Errorf("errors %v, want the cause alone", errs)
			}
		})
	}
}

// The sources' own budget and a chain that was reorganised end a run, wherever
// they are met.
func TestErrorsThatEndARun(t *testing.T) {
	f := parse(t, chain)
	for _, kind := range []error{sources.ErrBudget, sources.ErrReorg} {
		for _, where := range []string{"Run", "Finish", "an evaluation that is asked for"} {
			t.Run(fmt.Sprint(kind, " in ", where), func(t *testing.T) {
				src := lookingUp(f, func(ids []model.TxID) error {
					if ids[0] == (model.TxID{9}) {
						return &sources.Error{Source: "test", Op: "Txs", Err: kind}
					}
					return nil
				})
				fail := func(ctx context.Context, l *heuristics.Lookups) error {
					_, err := l.Txs(ctx, model.TxID{9})
					return err
				}
				base := make1("base", func(ctx context.Context, p *heuristics.Pass) (any, error) { return nil, fail(ctx, p.Lookups) })
				h := make1("h", nil, base)
				h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
					if p.Subject == refs(t, f, "b")[0] && where == "Run" {
						return nil, fail(ctx, p.Lookups)
					}
					if p.Subject == refs(t, f, "b")[0] && where != "Finish" {
						return heuristics.Ask[any](ctx, p, base, p.Subject, 0)
					}
					return reports("%s")(ctx, p)
				}
				h.Finish = func(ctx context.Context, t *heuristics.Totals) (any, error) {
					if where == "Finish" {
						return nil, fail(ctx, t.Lookups)
					}
					return nil, nil
				}
				// Finish makes the engine run base too; it is not to fail by itself.
				base.Subjects = nil
				fs, failed, last := passErrors(open(t, src, heuristics.Options{Workers: 1}, heuristics.Scope{}, h).Run(bg, txs(t, f, "a", "b", "c")))
				want := map[string]int{"Finish": 3}[where]
				if want == 0 {
					want = 1
				}
				if !errors.Is(last, kind) || len(failed) != 0 || len(fs) != want {
					t.Errorf("%d findings, want %d; failures %v, last error %v", len(fs), want, failed, last)
				}
			})
		}
	}
}

// An error of the generator comes after the findings of what it yielded before.
func TestErrorOfTheGenerator(t *testing.T) {
	f := parse(t, chain)
	broken := errors.New("disk is gone")
	seq := heuristics.Join(txs(t, f, "a"), func(yield func(heuristics.Subject, error) bool) { yield(heuristics.Subject{}, broken) }, txs(t, f, "b"))
	n := 0
	for sub, err := range seq {
		if n++; n > 2 || (n == 2) != (err == broken) {
			t.Errorf("element %d of the joined sequences is %v, %v; an error is the last", n, sub.Ref, err)
		}
	}
	wantLines(t, []string{"h tx:a", "disk is gone"}, say(f, session(t, f, heuristics.Options{}, make1("h", reports("%s"))).Run(bg, seq)))
}

func TestGenerators(t *testing.T) {
	f := parse(t, `
tx a: new => alice 1
tx b: a.0 => bob 1
tx c: b.0 => alice 1, bob 0.0
`)
	l := f.Ledger
	alice, _ := f.Address("alice")
	bob, _ := f.Address("bob")
	names := func(seq iter.Seq2[heuristics.Subject, error]) (got []string) {
		for s, err := range seq {
			if err != nil {
				return append(got, err.Error())
			}
			if id, ok := s.Ref.Tx(); s.Tx == nil || !ok || s.Tx.ID != id {
				t.Errorf("subject %v brings another transaction", s.Ref)
			}
			if name, ok := f.TxName(s.Tx.ID); ok {
				got = append(got, name)
			}
		}
		return got
	}
	wantLines(t, []string{"a", "b", "c"}, names(heuristics.InBlocks(bg, l, sources.Range{})))
	wantLines(t, []string{"b"}, names(heuristics.InBlocks(bg, l, sources.Range{From: 800001, To: 800001})))
	wantLines(t, []string{"a", "b", "c", "b", "c"}, names(heuristics.InHistory(bg, l, sources.Range{}, alice, bob)))
	for s := range heuristics.InHistory(bg, l, sources.Range{}, alice, bob) {
		if s.Ref.IsZero() {
			t.Error("zero subject")
		}
		break // the generators stop when asked to
	}
	cancelled, cancel := context.WithCancel(bg)
	cancel()
	wantLines(t, []string{"context canceled"}, names(heuristics.InBlocks(cancelled, l, sources.Range{})))
	wantLines(t, []string{"context canceled"}, names(heuristics.InHistory(cancelled, l, sources.Range{}, alice)))
}

func TestEval(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", reports("%s"))
	h := make1("h", nil, base)
	h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
		id, _ := p.Subject.Tx()
		switch name, _ := f.TxName(id); name {
		case "a":
			return nil, heuristics.ErrSkip
		case "b":
			return nil, errors.New("broken")
		case "c":
			return nil, nil
		}
		return reports("%s")(ctx, p)
	}
	s := session(t, f, heuristics.Options{}, h)
	on := refs(t, f, "a", "b", "c", "d")
	if _, _, err := heuristics.Eval[string](bg, s, h, on[0]); err != heuristics.ErrSkip {
		t.Errorf("skipped: %v", err)
	}
	var pass *heuristics.PassError
	if _, _, err := heuristics.Eval[string](bg, s, h, on[1]); !errors.As(err, &pass) || pass.Heuristic != "h" || pass.Subject != on[1] {
		t.Errorf("failed: %v", err)
	}
	if v, fs, err := heuristics.Eval[string](bg, s, h, on[2]); v != "" || fs != nil || err != nil {
		t.Errorf("no result: %q, %v, %v", v, fs, err)
	}
	if v, fs, err := heuristics.Eval[string](bg, s, h, on[3]); v != on[3].String() || len(fs) != 1 || err != nil || fs[0].Validate() != nil {
		t.Errorf("a result: %q, %v, %v", v, fs, err)
	}
	if v, fs, err := heuristics.Eval[string](bg, s, base, on[3]); v != on[3].String() || len(fs) != 1 || err != nil {
		t.Errorf("of what is required: %q, %v, %v", v, fs, err)
	}
	if _, _, err := heuristics.Eval[int](bg, s, h, on[3]); err == nil || err.Error() != `heuristic "h" gives string, not int` {
		t.Errorf("another type: %v", err)
	}
	if _, _, err := heuristics.Eval[int](bg, s, make1("other", nil), on[3]); err == nil || err.Error() != `heuristic "other" is not in the engine` {
		t.Errorf("another heuristic: %v", err)
	}
}

func TestObserverIsTold(t *testing.T) {
	f := parse(t, chain)
	h := parents("h")
	h.Index = func(ctx context.Context, s *heuristics.Scan) (any, error) {
		for _, err := range s.Txs(ctx) {
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	var passes atomic.Int64
	var told []string
	o := heuristics.Observer{
		Index: func(i heuristics.IndexInfo) {
			told = append(told, fmt.Sprint("index ", i.Done, " ", i.Txs, " ", i.Err))
		},
		Pass: func(heuristics.PassInfo) { passes.Add(1) },
		Progress: func(p heuristics.Progress) {
			told = append(told, fmt.Sprint(p.Stage, " ", p.Subjects, " ", p.Findings, " ", p.Failures, " ", p.At.Height))
		},
	}
	s := session(t, f, heuristics.Options{Observer: o}, h)
	for _, err := range s.Run(bg, txs(t, f, "a", "b")) {
		if err != nil {
			t.Fatal(err)
		}
	}
	// Eight transactions and their coinbases.
	wantLines(t, []string{"index false 0 <nil>", "index true 16 <nil>", "subjects 2 2 0 800001", "finish 2 2 0 800001"}, told)
	// a and b with all hops, and a again as a parent, with one less.
	if n := passes.Load(); n != 3 {
		t.Errorf("%d evaluations are told, want 3", n)
	}
}

// Misuse of totals is a failure with advice, and breaking out of results or
// findings of totals is fine.
func TestTotals(t *testing.T) {
	f := parse(t, chain)
	base := make1("base", reports("%s"))
	for _, c := range []struct {
		name   string
		finish func(*heuristics.Totals) error
		want   []string
	}{
		{"results of what is not required", func(t *heuristics.Totals) error {
			heuristics.Results[string](t, make1("other", nil))
			return nil
		}, []string{"me: finish: panic: heuristics: me reads the results of other: add it to Requires"}},
		{"totals that there are not", func(t *heuristics.Totals) error {
			heuristics.FinishOf[string](t, base)
			return nil
		}, []string{"me: finish: panic: heuristics: me reads the totals of base, which has no Finish"}},
		{"the first result alone", func(t *heuristics.Totals) error {
			for r := range heuristics.Results[string](t, base) {
				t.Report(finding("test/total", r, "first"))
				t.Report(finding("test", r, "first again"))
				return nil
			}
			return errors.New("no results")
		}, []string{"me first", "me first again"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			me := make1("me", nil, base)
			me.Run, me.Subjects = nil, nil
			me.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) { return nil, c.finish(t) }
			s := session(t, f, heuristics.Options{}, me)
			wantLines(t, c.want, say(f, s.Run(bg, txs(t, f, "b", "a"))))
			for range s.Run(bg, txs(t, f, "a")) {
				break
			}
		})
	}
}

func TestDescriptions(t *testing.T) {
	h := &heuristics.Heuristic{Doc: "finds things\n\nBy looking."}
	if h.Title() != "finds things" || (&heuristics.Heuristic{Doc: "finds"}).Title() != "finds" {
		t.Errorf("title %q", h.Title())
	}
	if heuristics.Past.String() != "past" || heuristics.Tip.String() != "tip" {
		t.Error("horizons have other names")
	}
}
