package heuristics

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/goldwash/goldwash/model"
)

// overlay are labels beside those of the sources: what the scope states and
// indexes derive. It does not change.
type overlay struct {
	by  map[model.Ref][]model.Label
	all []model.Label // sorted
}

// with returns the overlay with more labels.
func (o *overlay) with(ls []model.Label) *overlay {
	if len(ls) == 0 {
		return o
	}
	all := slices.Concat(o.all, ls)
	slices.SortFunc(all, func(a, b model.Label) int { return a.Compare(&b) })
	all = slices.CompactFunc(all, model.Label.Equal)
	by := map[model.Ref][]model.Label{}
	for _, l := range all {
		by[l.On] = append(by[l.On], l)
	}
	return &overlay{by, all}
}

// indexes builds the indexes of a session. An index waits for those that its
// heuristic requires, directly or not, but for [Heuristic.Later], and for no others. Those that are ready at
// a time read the scope together: a block is read from the source once and handed
// to each. What an index sees depends on the scope and on what it requires alone,
// so neither company nor order makes a difference to it.
type indexes struct {
	s       *Session
	needs   [][]int // by heuristic: what its index waits for, in the engine's order
	state   []indexState
	errs    []error
	derived [][]model.Label
	failed  int // the first of the heuristics whose index failed; their number if none did
	active  int // goroutines at work, rather than waiting to read
	events  chan indexEvent
	waiting []*reading
	telling sync.Mutex
}

type indexState uint8

const (
	indexWaits indexState = iota
	indexRuns
	indexDone
)

// indexEvent says that an index is done, or waits to read.
type indexEvent struct {
	done  int
	wants *reading
}

// reading is one index's part in a reading of the scope.
type reading struct {
	parts chan part     // closed at the end
	gone  chan struct{} // closed where the index reads no further
}

// part is a block, or what ended the reading before its time.
type part struct {
	txs []*model.Tx
	err error
	bad any // what the source panicked with
}

func newIndexes(s *Session) *indexes {
	n := len(s.e.hs)
	x := &indexes{
		s: s, needs: make([][]int, n), state: make([]indexState, n), errs: make([]error, n),
		derived: make([][]model.Label, n), failed: n, events: make(chan indexEvent, n),
	}
	whole := make([][]int, n) // what each requires, directly or not
	for i, h := range s.e.hs {
		for _, q := range s.e.requires[i] { // requirements come first
			whole[i] = append(append(whole[i], whole[q]...), q)
			if !h.later(s.e.hs[q].Name) {
				x.needs[i] = append(append(x.needs[i], whole[q]...), q)
			}
		}
		whole[i], x.needs[i] = sorted(whole[i]), sorted(x.needs[i])
	}
	return x
}

// sorted returns places in order, each once.
func sorted(is []int) []int {
	slices.Sort(is)
	return slices.Compact(is)
}

// build builds all indexes. Where some fail it returns the error of the first in
// the order of the engine, and those that come later may not have been begun.
func (x *indexes) build(ctx context.Context) error {
	for i, h := range x.s.e.hs {
		if h.Index == nil {
			x.state[i] = indexDone
		}
	}
	for {
		x.start(ctx)
		if x.active == 0 {
			if len(x.waiting) == 0 {
				break
			}
			x.read(ctx)
			continue
		}
		x.active--
		if e := <-x.events; e.wants != nil {
			x.waiting = append(x.waiting, e.wants)
		} else {
			x.state[e.done] = indexDone
			if x.errs[e.done] != nil {
				x.failed = min(x.failed, e.done)
			}
		}
	}
	if x.failed < len(x.errs) {
		return x.errs[x.failed]
	}
	all := slices.Concat(x.derived...)
	x.s.overlay = x.s.overlay.with(all)
	for i := range all {
		x.s.marked.add(&all[i])
	}
	return nil
}

// start begins every index that waits for nothing more.
func (x *indexes) start(ctx context.Context) {
	for i := range x.s.e.hs {
		if x.state[i] != indexWaits || i > x.failed || slices.ContainsFunc(x.needs[i], func(q int) bool { return x.state[q] != indexDone }) {
			continue
		}
		x.state[i] = indexRuns
		x.active++
		over := x.s.overlay
		for _, q := range x.needs[i] {
			over = over.with(x.derived[q])
		}
		go func() {
			x.run(ctx, i, over)
			x.events <- indexEvent{done: i}
		}()
	}
}

func (x *indexes) run(ctx context.Context, i int, over *overlay) {
	s, h := x.s, x.s.e.hs[i]
	scan := &Scan{Lookups: s.free(i), indexes: x}
	scan.over, scan.scans = over, true
	tell := func(done bool, txs int64, err error) {
		if told := s.e.opt.Observer.Index; told != nil {
			x.telling.Lock()
			defer x.telling.Unlock()
			told(IndexInfo{Heuristic: h.Name, Done: done, Txs: txs, Err: err})
		}
	}
	tell(false, 0, nil)
	defer func() {
		if r := recover(); r != nil {
			x.errs[i] = &PassError{Heuristic: h.Name, Err: fmt.Errorf("index: panic: %v", r), Stack: debug.Stack()}
		}
		s.tallies[i].note(scan.notes)
		tell(true, scan.read, x.errs[i])
	}()
	v, err := h.Index(ctx, scan)
	if err != nil {
		x.errs[i] = &PassError{Heuristic: h.Name, Err: fmt.Errorf("index: %w", err)}
		return
	}
	s.indexes[i], x.derived[i] = v, scan.derived
}

// read reads the scope for all that wait.
func (x *indexes) read(ctx context.Context) {
	rs := x.waiting
	x.waiting = nil
	x.active += len(rs)
	defer func() {
		if bad := recover(); bad != nil {
			hand(rs, part{bad: bad})
		}
		for _, r := range rs {
			close(r.parts)
		}
	}()
	for blk, err := range x.s.blocks(ctx) {
		p := part{err: err}
		if err == nil {
			p.txs = blk.Txs
		}
		if !hand(rs, p) || err != nil {
			return
		}
	}
}

// hand gives a part to all that still read, and reports whether anybody does.
func hand(rs []*reading, p part) (any bool) {
	for _, r := range rs {
		select {
		case <-r.gone: // whoever is gone may have room for a part
			continue
		default:
		}
		select {
		case r.parts <- p:
			any = true
		case <-r.gone:
		}
	}
	return any
}

// parts yields the blocks of the scope to an index, read together with others
// that wait to read it now.
func (x *indexes) parts() iter.Seq[part] {
	return func(yield func(part) bool) {
		r := &reading{parts: make(chan part, 1), gone: make(chan struct{})}
		defer close(r.gone)
		x.events <- indexEvent{wants: r}
		for p := range r.parts {
			if p.bad != nil {
				panic(p.bad)
			}
			if !yield(p) {
				return
			}
		}
	}
}
