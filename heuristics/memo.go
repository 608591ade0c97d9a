package heuristics

import (
	"context"
	"errors"
	"sync"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// memo remembers evaluations by heuristic, subject and hops, and makes sure
// that each is done by one goroutine at a time. When it holds more bytes than
// it may, it forgets in the order of completion: results are pure, so forgetting
// costs time only.
type memo struct {
	mu    sync.Mutex
	max   int64
	bytes int64
	by    map[memoKey]*memoEntry
	order []memoKey // done and remembered, oldest first
	head  int
}

type memoKey struct {
	heuristic uint16
	hops      uint8
	on        model.Ref
}

type memoEntry struct {
	done chan struct{} // made by the first who waits, closed when ev is there
	ev   *evaluation
	// handed is true where the evaluation read the subject's transaction, and
	// had been given it; fetched, where that was looked up since.
	handed, fetched bool
}

// evaluate returns the remembered evaluation, or runs it. It cannot deadlock:
// requirements have no circles, and a heuristic asks itself with fewer hops. Whoever
// has the subject's transaction hands it over.
func (s *Session) evaluate(ctx context.Context, i int, on model.Ref, hops int, tx *model.Tx) *evaluation {
	key := memoKey{uint16(i), uint8(hops), on}
	m := &s.memo
	m.mu.Lock()
	for e, ok := m.by[key]; ok; e, ok = m.by[key] {
		if e.ev == nil && e.done == nil {
			e.done = make(chan struct{})
		}
		ev, done := e.ev, e.done
		m.mu.Unlock()
		if ev == nil {
			select {
			case <-done:
				ev = e.ev
			case <-ctx.Done():
			}
		}
		if ev != nil && !ev.cut {
			if tx == nil && e.handed {
				return s.fetched(ctx, e, on)
			}
			return ev
		}
		if ctx.Err() != nil {
			return &evaluation{err: context.Cause(ctx), cut: true}
		}
		// The run that had begun it was cancelled; this one was not.
		m.mu.Lock()
	}
	e := &memoEntry{}
	m.by[key] = e
	m.mu.Unlock()

	ev, handed := s.run(ctx, i, on, hops, tx)

	m.mu.Lock()
	defer m.mu.Unlock()
	e.ev, e.handed = ev, handed
	if e.done != nil {
		close(e.done)
	}
	if ev == skipped && tx != nil {
		// Most subjects of a sweep, of which nobody will ask: it costs less to
		// find this out again than to remember it.
		delete(m.by, key)
		return ev
	}
	// What was cut short is no result. A source that is away may come back:
	// whoever asks later in the session shall not be told of the past.
	if ev.cut || errors.Is(ev.err, sources.ErrUnavailable) {
		delete(m.by, key)
		return ev
	}
	m.bytes += ev.bytes
	m.order = append(m.order, key)
	for m.bytes > m.max && m.head < len(m.order) {
		old := m.order[m.head]
		m.head++
		m.bytes -= m.by[old].ev.bytes
		delete(m.by, old)
	}
	if m.head > 1024 && m.head > len(m.order)/2 {
		m.order = append([]memoKey(nil), m.order[m.head:]...)
		m.head = 0
	}
	return ev
}

// fetched returns an evaluation that was given its transaction to somebody who has
// it not. Had the evaluation been forgotten, it would be looked up now; so it is, for
// what a run asks of its sources, and what comes of their failures, must not depend on
// what is remembered.
func (s *Session) fetched(ctx context.Context, e *memoEntry, on model.Ref) *evaluation {
	m := &s.memo
	m.mu.Lock()
	done := e.fetched
	m.mu.Unlock()
	if done {
		return e.ev
	}
	if _, err := s.fetch(ctx, on); err != nil {
		return &evaluation{err: err, cut: ctx.Err() != nil}
	}
	m.mu.Lock()
	e.fetched = true
	m.mu.Unlock()
	return e.ev
}
