package heuristics

import (
	"cmp"
	"slices"
	"sync"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Coverage says what a session looked at, and what it could not see. Without
// it, no findings would mean both "clean" and "not looked".
type Coverage struct {
	// Capabilities that the sources have, and those that they lack.
	Has   string         `json:"has"`
	Lacks string         `json:"lacks"`
	From  int32          `json:"from"`
	To    int32          `json:"to"`
	Tip   model.BlockRef `json:"tip,omitzero"`
	// Blocks counts the blocks of which a transaction was a subject, and Txs
	// the transactions that were, each time that one was. Of their inputs are
	// counted those whose spent output's value is unknown, and those without
	// known owner.
	Blocks           int64 `json:"blocks"`
	Txs              int64 `json:"txs"`
	Inputs           int64 `json:"inputs"`
	UnresolvedInputs int64 `json:"unresolved_inputs"`
	UnownedInputs    int64 `json:"unowned_inputs"`
	// Labels counts the labels that were loaded for each category, those
	// stated in the scope included, with a zero for each category that
	// heuristics filter by or give meaning to and nobody labelled.
	Labels     []model.Fact        `json:"labels"`
	Heuristics []HeuristicCoverage `json:"heuristics"`
	Failures   int64               `json:"failures"`
	// Incomplete is true where something failed, so that silence means less.
	Incomplete bool `json:"incomplete"`
	// Explored says what was gathered, where the scope is no range of blocks.
	Explored *ExploreCoverage `json:"explored,omitempty"`
}

// ExploreCoverage says how far an exploration went.
type ExploreCoverage struct {
	Txs     int   `json:"txs"`
	Lookups int64 `json:"lookups"`
	Cut     []Cut `json:"cut"` // where it stopped short
}

// HeuristicCoverage counts what became of the subjects that were offered to one
// heuristic.
type HeuristicCoverage struct {
	Heuristic string `json:"heuristic"`
	Version   int    `json:"version"`
	Offered   int64  `json:"offered"`
	Filtered  int64  `json:"filtered"` // its filters say it has nothing to say
	Ran       int64  `json:"ran"`
	Skipped   int64  `json:"skipped"` // it said that it does not apply
	Partial   int64  `json:"partial"` // a budget ended its search
	Failed    int64  `json:"failed"`
	Findings  int64  `json:"findings"`
	Lookups   int64  `json:"lookups"`
	// Notes are what it could not see, with how often.
	Notes []Note `json:"notes,omitempty"`
}

// Note is something that a heuristic could not see or left out, with how often.
type Note struct {
	Text  string `json:"text"`
	Count int64  `json:"count"`
}

// tally gathers the counts of one heuristic.
type tally struct {
	mu    sync.Mutex
	c     HeuristicCoverage
	notes map[string]int64
}

func (t *tally) add(f func(*HeuristicCoverage)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.c)
}

func (t *tally) note(notes map[string]int64) {
	if len(notes) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.notes == nil {
		t.notes = map[string]int64{}
	}
	for k, n := range notes {
		t.notes[k] += n
	}
}

func (t *tally) coverage() HeuristicCoverage {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.c
	for k, n := range t.notes {
		c.Notes = append(c.Notes, Note{k, n})
	}
	slices.SortFunc(c.Notes, func(a, b Note) int { return cmp.Compare(a.Text, b.Text) })
	return c
}

const allCapabilities = sources.Txs | sources.Spends | sources.History | sources.Blocks |
	sources.Labels | sources.Tags | sources.Prices | sources.Select | sources.Books
