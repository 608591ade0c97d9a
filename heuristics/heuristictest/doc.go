// Package heuristictest checks a heuristic against ledgers written as text.
//
// What a test expects stands in the ledger, as a comment on the line that it is
// about; package ledger describes the language. One file shows one behaviour,
// and its name says which:
//
//	// testdata/pays_a_labelled_deposit_address.ledger
//	label HashBazaar: addr(d1) category=hash_marketplace role=deposit
//	tx theft: new(victim) 0.9 => thief 0.9
//	tx order: theft.0 => d1 0.35, thief rest      // want deposit:"HashBazaar" >=0.6
//	tx other: new(bob) 1 => carol 1               // want skip
//
//	func TestLedgers(t *testing.T) { heuristictest.Run(t, deposit.Heuristic, "testdata/*.ledger") }
//
// # Wants
//
// A want is met by one finding of the heuristic under test, whose kind is exactly
// the one that the want names, whose claim matches, and whose probability is
// within the bounds. A want on a transaction's line is about findings whose
// subject is the transaction, one of its outputs or one of its inputs; with @N,
// that output alone; with @addr, that address; and a want that stands alone is
// about any finding. Each finding meets one want. Every want that is not met,
// every finding that no want asks for, and every failure of a pass is an error.
//
// A want of the kind "result" is met where fmt.Sprint of the heuristic's result
// for the transaction matches, and "skip" where the heuristic passes it over.
//
// # What else is checked
//
// [Run] also repeats the run in ways that may not change the findings: subjects
// in another order with many workers and hardly any memory for results, through
// a cache, and without the filters of Select. Results must stay the same too. It
// makes look-ups fail, which may change findings only where something says so:
// an error, a partial pass, a note, or the finding itself in Unseen. It breaks
// out of a run and looks for goroutines left behind. Findings must survive their
// JSON form, be valid, be of a declared kind, and name addresses and
// transactions in full.
//
// [Fuzz] does much of that on ledgers that are changed at random.
package heuristictest
