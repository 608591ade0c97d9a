package heuristics

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goldwash/goldwash/model"
)

// batch is how many subjects are evaluated at a time before their findings are
// yielded.
const batch = 512

// run is the state of one Run.
type run struct {
	s        *Session
	runs     []bool // heuristics that run on subjects
	keep     []bool // whose results a Finish may read
	rows     [][]row
	sorted   []bool
	finished []any
	broken   []bool                        // whose Finish failed
	said     map[model.Digest]model.Digest // statements yielded, with their bodies
	visited  map[model.Ref]bool
	next     []model.Ref
	progress Progress
	evs      []*evaluation // of a batch, used again
}

type row struct {
	ref    model.Ref
	block  model.BlockRef
	result any
}

// Run evaluates every listed heuristic on every subject that it accepts, then
// on the subjects that passes asked to visit, then lets each finish. It yields
// findings in the order of the subjects, for each in the order of
// [Engine.Heuristics], for each as reported; findings of visits and totals come
// last.
//
// An error that is a [*PassError] says that one evaluation failed, and the run
// goes on; any other error is the last element. Breaking out stops the work.
// The sequence may be ranged over more than once; each time is a new run.
func (s *Session) Run(ctx context.Context, subjects iter.Seq2[Subject, error]) iter.Seq2[model.Finding, error] {
	return func(yield func(model.Finding, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r := s.newRun()
		if !r.subjects(ctx, subjects, yield) || !r.visits(ctx, yield) {
			return
		}
		r.finish(ctx, yield)
	}
}

func (s *Session) newRun() *run {
	n := len(s.e.hs)
	r := &run{
		s: s, runs: make([]bool, n), keep: make([]bool, n), rows: make([][]row, n), sorted: make([]bool, n),
		finished: make([]any, n), broken: make([]bool, n), said: map[model.Digest]model.Digest{}, visited: map[model.Ref]bool{},
	}
	for i, h := range s.e.hs {
		if h.Finish == nil {
			continue
		}
		r.keep[i] = true
		for _, q := range s.e.requires[i] {
			r.keep[q] = true
		}
	}
	for i, h := range s.e.hs {
		r.runs[i] = h.Run != nil && (s.e.listed[i] || r.keep[i])
	}
	return r
}

// subjects runs what the generator yields. It reports whether to go on.
func (r *run) subjects(ctx context.Context, seq iter.Seq2[Subject, error], yield func(model.Finding, error) bool) bool {
	r.progress.Stage = "subjects"
	var todo []Subject
	for sub, err := range seq {
		if err != nil {
			if len(todo) > 0 && !r.batch(ctx, todo, yield) {
				return false
			}
			yield(model.Finding{}, err)
			return false
		}
		if n := len(todo); n > 0 && todo[n-1].Ref == sub.Ref {
			continue
		}
		if todo = append(todo, sub); len(todo) < batch {
			continue
		}
		if !r.batch(ctx, todo, yield) {
			return false
		}
		todo = todo[:0]
	}
	return r.batch(ctx, todo, yield)
}

// visits runs what passes asked for, round by round, each round in the order of
// the references.
func (r *run) visits(ctx context.Context, yield func(model.Finding, error) bool) bool {
	r.progress.Stage = "visits"
	for len(r.next) > 0 {
		refs := r.next
		r.next = nil
		slices.SortFunc(refs, model.Ref.Compare)
		for part := range slices.Chunk(refs, batch) {
			todo := make([]Subject, len(part))
			for i, ref := range part {
				todo[i].Ref = ref
			}
			if !r.batch(ctx, todo, yield) {
				return false
			}
		}
	}
	return true
}

// batch evaluates subjects in parallel and yields their findings in order.
func (r *run) batch(ctx context.Context, subs []Subject, yield func(model.Finding, error) bool) bool {
	if len(subs) == 0 {
		return true
	}
	r.fetch(ctx, subs)
	n := len(r.s.e.hs)
	evs := slices.Grow(r.evs[:0], len(subs)*n)[:len(subs)*n]
	clear(evs)
	r.evs = evs
	r.parallel(len(subs), func(k int) {
		sub := &subs[k]
		for i, h := range r.s.e.hs {
			if ctx.Err() != nil {
				return
			}
			if !r.runs[i] || !h.accepts(sub.Ref.Kind()) {
				continue
			}
			if sub.Ref.Kind() == model.KindTx && sub.Tx != nil && !model.MatchAny(h.Select, sub.Tx, r.s.marked.of) {
				evs[k*n+i] = filtered
				continue
			}
			evs[k*n+i] = r.s.evaluate(ctx, i, sub.Ref, h.MaxHops, sub.Tx)
		}
	})
	if ctx.Err() != nil {
		yield(model.Finding{}, context.Cause(ctx))
		return false
	}
	for k := range subs {
		r.look(&subs[k])
		for i := range r.s.e.hs {
			if ev := evs[k*n+i]; ev != nil && !r.settle(i, &subs[k], ev, yield) {
				return false
			}
		}
	}
	if f := r.s.e.opt.Observer.Progress; f != nil {
		if tx := subs[len(subs)-1].Tx; tx != nil {
			r.progress.At = tx.Block
		}
		f(r.progress)
	}
	return true
}

// filtered stands for an evaluation that the heuristic's filters made needless.
var filtered = &evaluation{err: ErrSkip}

// parallel calls f for 0 to n-1 from as many goroutines as there are workers,
// and returns when all are done.
func (r *run) parallel(n int, f func(int)) {
	workers := r.s.e.opt.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers = min(workers, n); workers == 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// fetch looks up the transactions of subjects that came without, in one batch.
// What fails here fails again, and is reported, in the passes that need it.
func (r *run) fetch(ctx context.Context, subs []Subject) {
	if r.s.e.src.Txs == nil {
		return
	}
	var ids []model.TxID
	var at []int
	for k := range subs {
		if id, ok := subs[k].Ref.Tx(); ok && subs[k].Tx == nil {
			ids, at = append(ids, id), append(at, k)
		}
	}
	if len(ids) == 0 {
		return
	}
	txs, err := r.s.e.src.Txs.Txs(ctx, ids)
	if err != nil || len(txs) != len(ids) {
		return
	}
	for j, k := range at {
		subs[k].Tx = txs[j]
	}
}

// look counts a subject's transaction.
func (r *run) look(sub *Subject) {
	r.progress.Subjects++
	tx := sub.Tx
	if tx == nil || sub.Ref.Kind() != model.KindTx {
		return
	}
	unowned := 0
	if !tx.Coinbase() {
		for i := range tx.Inputs {
			if tx.Inputs[i].OwnerBy == model.OwnerUnknown {
				unowned++
			}
		}
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	n := &r.s.seen
	n.txs++
	n.inputs += int64(len(tx.Inputs))
	n.unresolved += int64(tx.Unresolved())
	n.unowned += int64(unowned)
	if tx.Block.Has(model.KnownHash) && tx.Block.Hash != n.last {
		n.last = tx.Block.Hash
		n.blocks[n.last] = struct{}{}
	}
}

// settle counts an evaluation, keeps its result, and yields its findings.
func (r *run) settle(i int, sub *Subject, ev *evaluation, yield func(model.Finding, error) bool) bool {
	t := &r.s.tallies[i]
	listed := r.s.e.listed[i]
	skipped := errors.Is(ev.err, ErrSkip)
	failed := ev.err != nil && !skipped && !ev.budget
	t.add(func(c *HeuristicCoverage) {
		c.Offered++
		c.Lookups += ev.cost
		switch {
		case ev == filtered:
			c.Filtered++
		case skipped:
			c.Skipped++
		case failed:
			c.Failed++
		default:
			c.Ran++
			if ev.partial {
				c.Partial++
			}
		}
	})
	t.note(ev.notes)
	if failed {
		if endsRun(ev.err) {
			yield(model.Finding{}, ev.err)
			return false
		}
		return r.fail(r.s.failure(i, sub.Ref, ev), yield)
	}
	if r.keep[i] && ev.err == nil && ev.result != nil {
		at := model.BlockRef{}
		if sub.Tx != nil {
			at = sub.Tx.Block
		}
		r.rows[i] = append(r.rows[i], row{sub.Ref, at, ev.result})
	}
	if !listed {
		return true
	}
	for _, v := range ev.visits {
		if !r.visited[v] {
			r.visited[v] = true
			r.next = append(r.next, v)
		}
	}
	for _, f := range ev.findings {
		if !r.say(i, f, yield) {
			return false
		}
	}
	return true
}

// say yields a finding once. Two different findings that make one statement
// are a mistake of the heuristic.
func (r *run) say(i int, f model.Finding, yield func(model.Finding, error) bool) bool {
	if old, ok := r.said[f.ID]; ok {
		if old == f.Digest {
			return true
		}
		return r.fail(&PassError{Heuristic: r.s.e.hs[i].Name, Subject: f.Subject, Err: fmt.Errorf("two different findings of kind %q make one statement (%v)", f.Kind, f.ID)}, yield)
	}
	r.said[f.ID] = f.Digest
	r.s.tallies[i].add(func(c *HeuristicCoverage) { c.Findings++ })
	r.progress.Findings++
	return yield(f.Clone(), nil)
}

func (r *run) fail(err error, yield func(model.Finding, error) bool) bool {
	r.progress.Failures++
	r.s.mu.Lock()
	r.s.seen.failures++
	r.s.mu.Unlock()
	return yield(model.Finding{}, err)
}

// results returns the kept results in ledger order, each subject once.
func (r *run) results(i int) []row {
	if !r.sorted[i] {
		slices.SortStableFunc(r.rows[i], func(a, b row) int {
			if c := a.block.Compare(b.block); c != 0 {
				return c
			}
			return a.ref.Compare(b.ref)
		})
		r.rows[i] = slices.CompactFunc(r.rows[i], func(a, b row) bool { return a.ref == b.ref })
		r.sorted[i] = true
	}
	return r.rows[i]
}

// finish calls Finish of each heuristic and yields what is reported.
func (r *run) finish(ctx context.Context, yield func(model.Finding, error) bool) {
	r.progress.Stage = "finish"
	for i, h := range r.s.e.hs {
		if h.Finish == nil {
			continue
		}
		if ctx.Err() != nil {
			yield(model.Finding{}, context.Cause(ctx))
			return
		}
		t := &Totals{Lookups: r.s.free(i), run: r}
		var err error
		r.finished[i], err = r.finishOne(ctx, h, t)
		r.s.tallies[i].note(t.notes)
		switch {
		case ctx.Err() != nil:
			yield(model.Finding{}, context.Cause(ctx))
			return
		case endsRun(err):
			yield(model.Finding{}, err.(*PassError).Err)
			return
		case err != nil:
			r.broken[i] = true
			if !r.fail(err, yield) {
				return
			}
			continue
		}
		if !r.s.e.listed[i] {
			continue
		}
		for _, f := range t.findings {
			if err := r.s.stamp(i, &f, false); errors.Is(err, errCircular) {
				r.s.tallies[i].note(map[string]int64{err.Error(): 1})
				continue
			} else if err != nil {
				if !r.fail(&PassError{Heuristic: h.Name, Subject: f.Subject, Err: err}, yield) {
					return
				}
				continue
			}
			if !r.say(i, f, yield) {
				return
			}
		}
	}
	if err := r.s.moved(ctx); err != nil {
		yield(model.Finding{}, err)
		return
	}
	r.s.end(r)
	if f := r.s.e.opt.Observer.Progress; f != nil {
		f(r.progress)
	}
}

func (r *run) finishOne(ctx context.Context, h *Heuristic, t *Totals) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, &PassError{Heuristic: h.Name, Err: fmt.Errorf("finish: panic: %v", p), Stack: debug.Stack()}
		}
	}()
	v, err = h.Finish(ctx, t)
	if err != nil {
		return nil, &PassError{Heuristic: h.Name, Err: fmt.Errorf("finish: %w", err)}
	}
	return v, nil
}
