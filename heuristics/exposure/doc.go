// Package exposure answers what a screening desk asks first: what has this address
// to do with thieves, services and pools, directly or by way of others, received
// and sent, and how much?
//
// [Search] gives the [Exposure] of an address, of its cluster, of an output or of a
// transaction, as numbers:
//
//	x, _, err := heuristics.Eval[*exposure.Exposure](ctx, session, exposure.Search, model.RefAddress(a))
//	if err != nil { ... }
//	fmt.Println(x.Received.Category(model.Actor, taint.Haircut), "of", x.Received.Value)
//	fmt.Println(x.Received.Untold(taint.Haircut), "cannot be told")
//
// [Heuristic] reports on the addresses that are seeds of the scope, one finding for
// each party and direction, one for what pools mined, and a summary.
//
// # What the numbers say
//
// A row says how much of the subject's coins descends from those of one party, or
// reached it, under each policy of package taint. The policies disagree, because
// each is a convention; their amounts stand side by side. The rows of a direction
// sum to the whole, so that what cannot be told is a row of its own, with the
// reason: a transaction that the source does not know, a value that is unknown, or
// hops and look-ups that are spent. It is never counted as clean.
//
// Nothing is followed through a service, an account at one, a cluster that behaves
// like a service, or a mix: beyond it the coins are somebody else's. So whoever is
// paid by a marketplace into which a thief paid has an exposure to the marketplace,
// and none to the thief.
//
// The probability of a finding is the lowest confidence among the labels that its
// amounts rest on: given the labels, it is arithmetic. It is not the probability
// that anybody did anything. A party of good faith has exposures too, such as a
// merchant whom a thief paid, and every finding says so. Fees are no evidence.
package exposure
