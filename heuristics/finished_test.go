package heuristics_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
)

// counting returns, from Finish, how many subjects a run had.
func counting(name string) *heuristics.Heuristic {
	h := make1(name, reports("%s"))
	h.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		n := 0
		for range heuristics.Results[any](t, h) {
			n++
		}
		return n, nil
	}
	return h
}

// Programs read the totals of the last run that came to its end.
func TestFinished(t *testing.T) {
	f := parse(t, chain)
	h := counting("counting")
	h.Run = func(context.Context, *heuristics.Pass) (any, error) { return 1, nil }
	top := make1("top", reports("%s"), h)
	s := session(t, f, heuristics.Options{}, top)
	finished := func(what string, want int, has bool) {
		t.Helper()
		if n, ok := heuristics.Finished[int](s, h); n != want || ok != has {
			t.Errorf("%s: %d, %t; want %d, %t", what, n, ok, want, has)
		}
	}
	finished("before any run", 0, false)
	for range s.Run(bg, txs(t, f, "a", "b")) {
		break
	}
	finished("after a run that was stopped", 0, false)
	say(f, s.Run(bg, txs(t, f, "a", "b")))
	finished("after a run", 2, true)
	for range s.Run(bg, txs(t, f, "a")) {
		break
	}
	finished("after another that was stopped", 2, true)
	say(f, s.Run(bg, txs(t, f, "c")))
	finished("after the next", 1, true)

	if _, ok := heuristics.Finished[int](s, counting("stranger")); ok {
		t.Error("a heuristic that the engine does not have finished")
	}
	for what, ask := range map[string]func(){
		"another type":  func() { heuristics.Finished[string](s, h) },
		"has no Finish": func() { heuristics.Finished[int](s, top) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			ask()
		}()
	}
}

// A Finish that failed left nothing, not even what an earlier run left.
func TestFinishedOfAFailure(t *testing.T) {
	f := parse(t, chain)
	fail := false
	h := make1("failing", reports("%s"))
	h.Finish = func(context.Context, *heuristics.Totals) (any, error) {
		if fail {
			return nil, errors.New("no")
		}
		return 1, nil
	}
	s := session(t, f, heuristics.Options{}, h)
	say(f, s.Run(bg, txs(t, f, "a")))
	if n, ok := heuristics.Finished[int](s, h); n != 1 || !ok {
		t.Fatalf("%d, %t", n, ok)
	}
	fail = true
	if got := say(f, s.Run(bg, txs(t, f, "a"))); !strings.Contains(strings.Join(got, "\n"), "finish: no") {
		t.Errorf("the run says %q", got)
	}
	if n, ok := heuristics.Finished[int](s, h); n != 0 || ok {
		t.Errorf("%d, %t after a failure", n, ok)
	}
}
