package heuristics

import "github.com/goldwash/goldwash/model"

// Observer is told what happens, for logs, metrics and progress bars. Nil
// functions are not called. Progress and Index are called from one goroutine
// at a time; Pass from many. None may block for long, and what they see has no
// influence on findings.
type Observer struct {
	// Index is called before and after an index is built. Several may be under
	// way.
	Index func(IndexInfo)
	// Pass is called after each evaluation that was not remembered.
	Pass func(PassInfo)
	// Progress is called after each batch of subjects.
	Progress func(Progress)
}

// IndexInfo says that an index is begun or done.
type IndexInfo struct {
	Heuristic string
	Done      bool
	Txs       int64 // transactions read so far by this index
	Err       error
}

// PassInfo says how an evaluation went.
type PassInfo struct {
	Heuristic string
	Subject   model.Ref
	Lookups   int64 // logical look-ups, those of what it asked for included
	Findings  int
	Skipped   bool
	Partial   bool
	Err       error
}

// Progress says how far a run is.
type Progress struct {
	Stage    string         `json:"stage"` // "subjects", "visits", "finish"
	Subjects int64          `json:"subjects"`
	Findings int64          `json:"findings"`
	Failures int64          `json:"failures"`
	At       model.BlockRef `json:"at,omitzero"` // where the last subject stands
}
