// Package report writes the findings of a run for people and programs.
//
// The wire form is NDJSON: one JSON object a line, each with exactly one key.
// The first is run: the version, the data and the options. Then come one
// heuristic for each rule, finding and failure as they happen, progress, which
// may be ignored, withdrawn for findings that no longer hold, and coverage last.
// [Encoder] writes it and [Decode] reads it; every other form is a consumer of
// the same messages.
//
// [Text] writes a finding the way an analyst reads it: the word before the
// number, what speaks for and against, what was not seen.
package report
