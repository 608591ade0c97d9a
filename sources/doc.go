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
// Books are apart from the rest: they are no fact of the ledger but what a service
// wrote down about its customers. See [Entry].
//
// Middleware maps a Set to a Set, so no capability is lost on the way:
//
//   - [Cache] keeps what is settled.
//   - [Retry] asks again where a source was away.
//   - [RateLimit] holds calls back.
//   - [Limit] ends a run that has asked enough.
//   - [Observe] tells of every call.
//   - [Inject] makes calls fail where a test wants it.
//   - [Record] writes every question and its answer to an evidence file, from
//     which [Replay] repeats the run without any source.
//
// The last to be applied is the first to be asked, so an order that serves a
// public explorer is this:
//
//	set = set.Wrap(sources.RateLimit(4, 8), sources.Retry(sources.RetryOptions{}),
//		sources.Cache(sources.CacheOptions{}), rec.Middleware)
package sources
