// Package calibration measures how far probabilities and rules can be believed,
// and keeps what was measured.
//
// # Are the probabilities right?
//
// A [Sample] is a forecast whose outcome is known. [Score] gives the Brier score,
// the log loss, the skill over always saying the base rate, the expected
// calibration error and a reliability table with Wilson intervals. Forecasts of
// 0.9 should come true nine times in ten; the table shows where they do not.
//
// Samples of one party are not independent: an entity that was learned from must
// not be tested on. [HoldOut] splits by entity, the same way everywhere (Möser and
// Narayanan split by cluster, because ignoring it inflates results).
//
// # Correcting them
//
// [Isotonic] fits the nondecreasing map from forecast to observed share that is
// nearest to the samples. A [Map] is stored with its name, version and
// population, so that whoever reads a corrected number can find what corrected
// it. No finding is corrected silently: this library applies no map by itself.
//
// # How often is a rule wrong?
//
// A [Table] holds rates of error: which rule, on which population, simulated or
// real, how many cases, how many wrongly claimed, how many missed. That nobody has
// measured is a row of its own. [Table.Rates] serves heuristics.Options.ErrorRates,
// and findings then carry the measured rates in place of "not measured".
//
// All arithmetic is in integers, so that figures are the same on every machine.
package calibration
