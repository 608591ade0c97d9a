// Package sourcetest checks a provider of ledger data against the contract of
// package sources. A provider passes if it answers, loaded with a ledger, what
// the ledger in memory answers:
//
//	func TestContract(t *testing.T) {
//		sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
//			path := filepath.Join(t.TempDir(), "blk00000.dat")
//			if err := os.WriteFile(path, l.AppendBlocks(nil), 0o600); err != nil {
//				t.Fatal(err)
//			}
//			p, err := myprovider.Open(path)
//			if err != nil {
//				t.Fatal(err)
//			}
//			return sources.Of(p)
//		}, sourcetest.Options{Lacks: sourcetest.OutsidePrevouts, Place: model.KnownMedian})
//	}
//
// Every capability that the set has is asked; the others are not. Checked are
// that answers are right and aligned with the question, with unknown and
// repeated entries and with none; that sequences are complete, in order and
// within their range, that an error is their last element and comes with a zero
// value, and that breaking out ends them and leaves no goroutine; that a
// context that is cancelled or late ends every call with its error; that answers
// stay as they are when more is asked; and that all of it holds for several
// goroutines at once, for which the tests want to be run with -race.
//
// Options name what a provider cannot know. There, it may leave unknown what
// the ledger knows; what it says must still be right.
package sourcetest
