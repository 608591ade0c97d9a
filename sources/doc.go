// Package sources says what a provider of ledger data can do, as one small
// interface for each capability, and joins providers into a [Set].
//
// A provider implements the capabilities it has; a nil field of a Set means
// that the capability is absent. Everything is in batches: the answer is a
// slice aligned with the question, and the place of what is not known holds the
// zero value, which says so. Sequences are iter.Seq2[T, error]: values come
// with nil errors, an error comes with a zero value and is the last element,
// and breaking out of the loop releases everything.
//
// Every provider is safe for concurrent use, respects its context, and bounds
// what it reads. What it returns is shared and read-only. Package sourcetest
// holds the suite of tests that checks a provider against this contract.
//
// Middleware ([Cache], [Limit], [Observe], [Inject]) maps a Set to a Set, so
// no capability is lost on the way.
package sources
