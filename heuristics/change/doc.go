// Package change predicts which output of a payment is the payer's change.
//
// Each published rule is one vote that names an output or abstains, with the
// reason ([Rule]). The votes are counted ([Predict]): an output is taken for change
// where it leads over the next by at least six, and one of the rules that were
// hardly ever wrong is among those that name it ([Rule.Strong]). What may have been
// signed by several parties has no prediction. Change that goes back to an input's
// own address is a fact and no prediction; it links no address.
//
// A rule compares outputs, so that it says nothing before it knows all of them.
// Whether a script is new to the chain ([Output.Fresh]) can be told by whoever has
// seen the chain from its beginning: a [Book] of it, or a source of histories.
// Whether an output's spender is made like the transaction can be told once all
// outputs are spent. What is unknown is an abstention that says so.
//
// [Predict] is a function of its arguments. [Heuristic] gathers what it needs from
// the sources, for others who ask with [Of] and for the transactions that a scope
// names as seeds; it looks at nothing else. A clustering that also follows
// predictions is package cluster's, with its parameter Change.
//
// [Rule.Published] gives each rule's accuracy on the population on which it was
// published, [Population]. That is not the accuracy here: see [Shift].
package change
