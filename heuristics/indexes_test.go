package heuristics_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// counted is a source of blocks that counts how often it is read, and ends with an
// error or a panic after so many blocks.
type counted struct {
	sources.BlockReader
	reads  atomic.Int32
	after  int
	fail   error
	panics bool
}

func (c *counted) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	c.reads.Add(1)
	return func(yield func(*model.Block, error) bool) {
		n := 0
		for b, err := range c.BlockReader.Blocks(ctx, r) {
			if n == c.after && c.panics {
				panic("the source is broken")
			}
			if n == c.after && c.fail != nil {
				yield(nil, c.fail)
				return
			}
			n++
			if !yield(b, err) {
				return
			}
		}
	}
}

func countBlocks(f *ledger.File) (sources.Set, *counted) {
	src := f.Ledger.Set()
	c := &counted{BlockReader: src.Blocks}
	src.Blocks = c
	return src, c
}

// small is a memory in which no block is kept.
var small = heuristics.Options{Memory: 1}

// reader returns a heuristic whose index is the transactions that it read, by their
// names: it stops after so many, or never for 0.
func reader(f *ledger.File, name string, stop int, requires ...*heuristics.Heuristic) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: name, Version: 1, Doc: "reads the scope", Requires: requires,
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) { return readNames(ctx, f, s, stop) },
	}
}

func readNames(ctx context.Context, f *ledger.File, s *heuristics.Scan, stop int) (seen []string, err error) {
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		name, ok := f.TxName(tx.ID)
		if !ok {
			continue // a coinbase
		}
		if seen = append(seen, name); len(seen) == stop {
			break
		}
	}
	return seen, nil
}

// collected returns a heuristic whose index is those of the others.
func collected(into *[][]string, hs ...*heuristics.Heuristic) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: "collected", Version: 1, Doc: "hands the indexes to a test", Requires: hs,
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			for _, h := range hs {
				*into = append(*into, heuristics.IndexOf[[]string](s, h))
			}
			return nil, nil
		},
	}
}

// Indexes that wait for no other read the scope together, each all of it in ledger
// order, or as much as it likes.
func TestIndexesShareAReading(t *testing.T) {
	f := parse(t, chain)
	first, second, early := reader(f, "first", 0), reader(f, "second", 0), reader(f, "early", 3)
	third := reader(f, "third", 0, first)
	twice := &heuristics.Heuristic{
		Name: "twice", Version: 1, Doc: "reads the scope two times",
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			a, err := readNames(ctx, f, s, 0)
			if err != nil {
				return nil, err
			}
			b, err := readNames(ctx, f, s, 2)
			return append(a, b...), err
		},
	}
	whole := strings.Split("abcdefgh", "")
	want := [][]string{whole, whole, {"a", "b", "c"}, whole, append(slices.Clone(whole), "a", "b")}
	for _, o := range []struct {
		heuristics.Options
		reads int32
	}{
		{heuristics.Options{}, 1},
		{small, 2},
	} {
		var got [][]string
		src, c := countBlocks(f)
		s := open(t, src, o.Options, heuristics.Scope{}, collected(&got, first, second, early, third, twice))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("memory %d (-want +got)\n%s", o.Memory, diff)
		}
		if n := c.reads.Load(); n != o.reads {
			t.Errorf("memory %d: the source was read %d times, want %d", o.Memory, n, o.reads)
		}
		// A sweep reads what is kept.
		before := c.reads.Load()
		swept := 0
		for _, err := range s.Sweep(bg) {
			if err != nil {
				t.Fatal(err)
			}
			swept++
		}
		if read := c.reads.Load() - before; swept != 16 || (read == 0) != (o.Memory == 0) {
			t.Errorf("memory %d: a sweep of %d transactions reads %d times", o.Memory, swept, read)
		}
	}
}

// An index may read the scope while it reads the scope: it does not wait for itself.
func TestAReadingWithinAReading(t *testing.T) {
	f := parse(t, chain)
	nested := &heuristics.Heuristic{
		Name: "nested", Version: 1, Doc: "reads the scope within a reading",
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			var all []string
			for tx, err := range s.Txs(ctx) {
				if err != nil {
					return nil, err
				}
				if tx.Coinbase() {
					continue
				}
				inner, err := readNames(ctx, f, s, 1)
				if err != nil {
					return nil, err
				}
				all = append(all, inner...)
			}
			return all, nil
		},
	}
	for _, o := range []heuristics.Options{{}, small} {
		var got [][]string
		session(t, f, o, collected(&got, nested, reader(f, "first", 0)))
		if diff := cmp.Diff(strings.Split("aaaaaaaa", ""), got[0]); diff != "" {
			t.Errorf("memory %d (-want +got)\n%s", o.Memory, diff)
		}
	}
}

// What is kept ends like the source when nobody wants the result any more.
func TestKeptBlocksAndACancelledSweep(t *testing.T) {
	f := parse(t, chain)
	s := session(t, f, heuristics.Options{}, reader(f, "first", 0))
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	n := 0
	for _, err := range s.Sweep(ctx) {
		if n++; err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			return
		}
		cancel()
	}
	t.Errorf("%d transactions and no error", n)
}

// An index sees the labels that those derive that it requires, directly or not, and
// no others, whatever the order of the list; passes see all.
func TestWhoSeesDerivedLabels(t *testing.T) {
	f := parse(t, chain)
	a, err := f.Address("a")
	if err != nil {
		t.Fatal(err)
	}
	derives := func(name string) *heuristics.Heuristic {
		return &heuristics.Heuristic{
			Name: name, Version: 1, Doc: "derives",
			Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
				s.Derive(model.Label{On: model.RefAddress(a), Entity: name, Category: model.Exchange, Source: name, Derivation: []string{name}, Confidence: model.Percent(50)})
				return nil, nil
			},
		}
	}
	entities := func(l *heuristics.Lookups) string {
		ls, err := l.Labels(bg, model.RefAddress(a))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range ls[0] {
			out = append(out, x.Entity)
		}
		found := 0
		for range l.Find(bg, model.Exchange) {
			found++
		}
		return fmt.Sprint(out, found)
	}
	sees := func(name string, requires ...*heuristics.Heuristic) *heuristics.Heuristic {
		h := make1(name, nil, requires...)
		h.Index = func(_ context.Context, s *heuristics.Scan) (any, error) { return entities(s.Lookups), nil }
		h.Run = func(_ context.Context, p *heuristics.Pass) (any, error) {
			return heuristics.IndexOf[string](p, h) + " then " + entities(p.Lookups), nil
		}
		return h
	}
	x, y := derives("x"), derives("y")
	one := sees("one", x)
	both, none := sees("both", one, y), sees("none")
	for _, list := range [][]*heuristics.Heuristic{{x, y, one, both, none}, {none, both, y, one, x}} {
		s := session(t, f, heuristics.Options{}, list...)
		for _, c := range []struct {
			h    *heuristics.Heuristic
			want string
		}{{one, "[x] 1"}, {both, "[x y] 2"}, {none, "[] 0"}} {
			got, _, err := heuristics.Eval[string](bg, s, c.h, refs(t, f, "a")[0])
			if want := c.want + " then [x y] 2"; err != nil || got != want {
				t.Errorf("%s sees %s, %v; want %s", c.h.Name, got, err, want)
			}
		}
	}
}

// Where reading fails, or the source panics, no session opens, and nobody waits for
// ever: the error is that of the first index in the order of the engine.
func TestAReadingThatFails(t *testing.T) {
	f := parse(t, chain)
	for _, c := range []struct {
		name string
		set  func(*counted)
		says string
	}{
		{"error at once", func(c *counted) { c.fail = away }, "first: index"},
		{"error later", func(c *counted) { c.fail, c.after = away, 3 }, "first: index"},
		{"panic", func(c *counted) { c.panics, c.after = true, 3 }, "first: index: panic: the source is broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, blocks := countBlocks(f)
			c.set(blocks)
			early := reader(f, "early", 1)
			first, second := reader(f, "first", 0), reader(f, "second", 0)
			e, err := heuristics.New(src, []*heuristics.Heuristic{first, early, second, reader(f, "third", 0, second)}, small)
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				_, err = e.Open(bg, heuristics.Scope{})
				if err == nil || !strings.HasPrefix(err.Error(), c.says) {
					t.Fatalf("%v, want %q", err, c.says)
				}
			}
		})
	}
}

// Of several indexes that fail the first in the order of the engine is told, whoever
// fails first; what comes later may not have been begun.
func TestFirstFailure(t *testing.T) {
	f := parse(t, chain)
	fails := func(name string, read bool) *heuristics.Heuristic {
		return &heuristics.Heuristic{
			Name: name, Version: 1, Doc: "fails",
			Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
				if read {
					if _, err := readNames(ctx, f, s, 0); err != nil {
						return nil, err
					}
				}
				return nil, errors.New("on purpose")
			},
		}
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{reader(f, "fine", 0), fails("slow", true), fails("quick", false)}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err = e.Open(bg, heuristics.Scope{}); err == nil || !strings.HasPrefix(err.Error(), "slow:") {
			t.Fatal(err)
		}
	}
}

// An index that reads a requirement later shares the reading that it would come too
// late for; it sees no label that the requirement derives, and may not read it. Run
// and Finish may, and whoever requires both waits for both.
func TestLater(t *testing.T) {
	f := parse(t, chain)
	a, err := f.Address("Z")
	if err != nil {
		t.Fatal(err)
	}
	first := reader(f, "first", 0)
	first.Index = func(ctx context.Context, s *heuristics.Scan) (any, error) {
		s.Derive(model.Label{
			On: model.RefAddress(a), Entity: "Z", Category: model.Exchange, Source: "first",
			Confidence: model.Certain, Derivation: []string{"first"},
		})
		return readNames(ctx, f, s, 0)
	}
	labels, finished := -1, 0
	second := reader(f, "second", 0, first)
	second.Later = []*heuristics.Heuristic{first}
	second.Index = func(ctx context.Context, s *heuristics.Scan) (any, error) {
		labels = 0
		for _, err := range s.Find(ctx, model.Exchange) {
			if err != nil {
				return nil, err
			}
			labels++
		}
		return readNames(ctx, f, s, 0)
	}
	second.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		finished = len(heuristics.IndexOf[[]string](t, first))
		return nil, nil
	}
	third := reader(f, "third", 0, second)
	src, c := countBlocks(f)
	s := open(t, src, small, heuristics.Scope{}, third)
	if n := c.reads.Load(); n != 2 {
		t.Errorf("the source was read %d times, want 2: first and second share a reading, third comes after", n)
	}
	if labels != 0 {
		t.Errorf("the index saw %d labels of a requirement that it does not wait for", labels)
	}
	for _, err := range s.Run(bg, s.Sweep(bg)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := len("abcdefgh"); finished != want {
		t.Errorf("Finish read %d items of the index, want %d", finished, want)
	}

	second.Index = func(_ context.Context, s *heuristics.Scan) (any, error) {
		return heuristics.IndexOf[[]string](s, first), nil
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{second}, small)
	if err != nil {
		t.Fatal(err)
	}
	const want = "the index of second reads that of first: take it out of Later"
	if _, err := e.Open(bg, heuristics.Scope{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open() = %v, want %q", err, want)
	}
}
