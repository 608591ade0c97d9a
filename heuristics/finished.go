package heuristics

import "fmt"

// totals are what the heuristics' Finish returned in one run.
type totals struct {
	of     []any
	broken []bool
}

// end remembers the totals of a run that came to its end.
func (s *Session) end(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = &totals{of: r.finished, broken: r.broken}
}

// Finished returns what Finish of a heuristic returned in the last run of the
// session that came to its end, for programs that embed the library; inside a
// heuristic, [FinishOf] reads it. The heuristic need not be listed: it is enough
// that a listed one requires it. It is false where no run came to its end, where
// the heuristic is not part of the engine, and where its Finish failed. It panics
// where the heuristic has no Finish or another type of result, which are mistakes
// of the programmer. The value is shared and must not be changed.
func Finished[T any](s *Session, h *Heuristic) (value T, ok bool) {
	i, ok := s.e.byName[h.Name]
	if !ok {
		return value, false
	}
	if s.e.hs[i].Finish == nil {
		panic(fmt.Sprintf("heuristics: %s has no Finish", h.Name))
	}
	s.mu.Lock()
	t := s.ended
	s.mu.Unlock()
	if t == nil || t.broken[i] || t.of[i] == nil {
		return value, false
	}
	value, ok = t.of[i].(T)
	if !ok {
		panic(fmt.Sprintf("heuristics: the totals of %s are asked for as %T, they are %T", h.Name, value, t.of[i]))
	}
	return value, true
}
