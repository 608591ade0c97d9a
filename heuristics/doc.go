// Package heuristics says what a heuristic is, and holds the engine that runs
// heuristics over a ledger and yields scored findings.
//
// A [Heuristic] is a value: a name, a description, what it needs, what it
// requires of other heuristics, its public parameters, and up to three
// functions. Index looks at the whole scope once, in ledger order, and builds
// what later passes read: clusters, derived labels. Run looks at one subject, a
// transaction or an address. Finish looks at all the results of a run at once.
//
// An [Engine] is made from a set of sources and a list of heuristics; New
// reports everything that is wrong with the list at once. [Engine.Open] pins the
// tip of the chain, scans the scope and gives a [Session]; [Session.Run] yields
// findings for subjects, and [Session.Coverage] tells what was looked at, what
// was not, and why, so that a reader can tell "clean" from "not looked".
//
// Results are demand-driven: inside a pass, [Ask] evaluates another heuristic on
// any transaction, once per session. They are deterministic: the same sources,
// scope and options give the same findings, byte for byte, whatever the number
// of workers, the order of subjects or the caches between, unless a failure or
// [sources.Limit] ended the run. Budgets therefore count logical look-ups, never
// time, and an evaluation that was remembered costs its asker what it cost the
// first time.
//
// A finding carries what it was made from: the digest of the rules, the digest of
// the labels, tags and books of the run ([Session.Data]), the tip, and the command
// that repeats it. It cannot rest on itself: one that uses a label derived from its
// own evidence is withheld, see [Pass.Report]. How often a rule is wrong is not
// known to this library; [Options.ErrorRates] takes what somebody has measured.
//
// A heuristic of your own has the same standing as the built-in ones. Package
// heuristictest runs it against ledgers written as text.
package heuristics
