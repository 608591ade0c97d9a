// Package report writes the findings of a run for people and programs.
//
// # For programs
//
// The wire form is NDJSON: one JSON object a line, each with exactly one key,
// which names the [Message]:
//
//	run        first: version, data, scope, options, the command that repeats it
//	heuristic  once for each rule: what it says, when it is wrong, its parameters
//	finding    each finding, as it is found
//	failure    what failed; silence means less because of it
//	progress   how far the run is; may be ignored
//	withdrawn  a finding that was reported before and no longer holds
//	coverage   last: what was looked at, and what could not be seen
//
// [Encoder] writes it and [Decode] reads it back; every other form is a consumer
// of the same messages. Amounts are strings of base units beside their unit;
// transaction ids and addresses are plain strings. A reader checks a finding with
// [model.Finding.Validate], which redoes its score and its digests. Whoever finds
// no coverage at the end holds a run that was cut short.
//
// # For people
//
// [Text] writes a finding the way an analyst reads it: the word before the
// number, what speaks for and against, what was not seen. Addresses and ids stand
// in full, always. [Brief] writes the heart of it on less than a page. [RunText], [FailureText], [Totals] and [CoverageText] write what
// stands around it. Whatever they print passes through [Printable], because
// labels, tags and names of files are written by strangers and a terminal obeys
// what it is sent.
package report
