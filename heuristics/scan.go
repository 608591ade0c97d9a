package heuristics

import (
	"context"
	"fmt"
	"iter"

	"github.com/goldwash/goldwash/model"
)

// Scan is what Index reads: the scope of the session, in ledger order. It is not
// safe for concurrent use. Look-ups in a scan have no budget.
type Scan struct {
	*Lookups
	indexes *indexes
	reads   bool  // is within [Scan.Txs]
	read    int64 // transactions
	derived []model.Label
}

// Derive adds a label that the index infers. When the session is open, every
// look-up of labels has it beside those of the sources, and filters see it; of the
// other indexes, those of heuristics that require this one, directly or not.
// Derivation must say what it comes from, and Source the heuristic; the engine
// turns a lack into a failure of the index.
func (s *Scan) Derive(l model.Label) {
	if len(l.Derivation) == 0 || l.Source == "" || l.On.IsZero() {
		panic(fmt.Sprintf("heuristics: %s derives a label without derivation, source or entity", s.s.e.hs[s.h].Name))
	}
	s.derived = append(s.derived, l)
}

// Txs yields every transaction of the scope in ledger order. It yields nothing
// where the sources have no blocks; [Lookups.Can] tells. It may be called more
// than once. Indexes that read at the same time share one reading, and go at the
// pace of the slowest.
func (s *Scan) Txs(ctx context.Context) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		if x := s.s.scope.Explored; x != nil {
			for _, tx := range x.Txs {
				s.read++
				if !yield(tx, nil) {
					return
				}
			}
			return
		}
		if s.s.e.src.Blocks == nil {
			return
		}
		if s.reads {
			// Within another reading: that one cannot wait for this.
			for blk, err := range s.s.blocks(ctx) {
				p := part{err: err}
				if err == nil {
					p.txs = blk.Txs
				}
				if !s.yield(p, yield) {
					return
				}
			}
			return
		}
		s.reads = true
		defer func() { s.reads = false }()
		for p := range s.indexes.parts() {
			if !s.yield(p, yield) {
				return
			}
		}
	}
}

// yield yields the transactions of a block, and reports whether to go on.
func (s *Scan) yield(p part, yield func(*model.Tx, error) bool) bool {
	if p.err != nil {
		yield(nil, p.err)
		return false
	}
	for _, tx := range p.txs {
		s.read++
		if !yield(tx, nil) {
			return false
		}
	}
	return true
}

// Totals is what Finish reads: the results of a whole run. It is not safe for
// concurrent use. Look-ups in Finish have no budget.
type Totals struct {
	*Lookups
	run      *run
	findings []model.Finding
}

// Report adds a finding. See [Pass.Report].
func (t *Totals) Report(f model.Finding) { t.findings = append(t.findings, f) }

// Results yields the results that a heuristic gave for the subjects of the run,
// in ledger order of the subjects; those that it skipped or failed at are left
// out. Only the heuristic itself and those in its Requires can be read.
func Results[R any](t *Totals, h *Heuristic) iter.Seq2[model.Ref, R] {
	rows := t.run.results(t.require(h, "results"))
	return func(yield func(model.Ref, R) bool) {
		for i := range rows {
			if rows[i].result == nil {
				continue
			}
			if !yield(rows[i].ref, typed[R](rows[i].result, t.Lookups, h, "results")) {
				return
			}
		}
	}
}

// FinishOf reads what Finish of a required heuristic returned. It panics where
// that Finish failed, so that nobody takes a lack of totals for empty totals.
func FinishOf[T any](t *Totals, h *Heuristic) T {
	i := t.require(h, "totals")
	if t.s.e.hs[i].Finish == nil {
		panic(fmt.Sprintf("heuristics: %s reads the totals of %s, which has no Finish", t.s.e.hs[t.h].Name, h.Name))
	}
	if t.run.broken[i] {
		panic(fmt.Sprintf("Finish of %s failed", h.Name))
	}
	return typed[T](t.run.finished[i], t.Lookups, h, "totals")
}
