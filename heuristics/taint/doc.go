// Package taint divides coins by policies of bookkeeping: it says what part of an
// output descends from which source, forward from thefts and backward from a
// transaction.
//
// A ledger of transactions does not say which input paid which output. Each
// [Policy] is a convention that says so nonetheless, and they disagree, often
// wildly: of the same deposit stolen coins may be a half by [Haircut], a quarter by
// [FIFO], and with the inputs in another order three quarters. So amounts by
// several policies belong side by side, and none of them says who controls
// anything.
//
// # One transaction
//
// An output is a list of segments, each with a value and a colour. [Splitter.Split]
// takes those of all inputs and divides them among the outputs and the fee, in
// integers. Under every policy but [Poison] what goes in of a colour comes out of
// it, to the unit. Colour 0 is clean; other numbers are sources, the lower the
// earlier; and numbers with the bit [UnknownBit] stand for what cannot be told,
// which is neither clean nor tainted.
//
// # Forward
//
// A [Tracer] follows seeds through a ledger that it is fed in order, and says where
// every unit ended: held, with a service, in a mix, in a fee. [Forward] does so
// through look-ups alone, in rounds that ask for everything at once, and tells why
// it did not go on where it stops.
//
// Taint stops where the [Boundary] says. Behind an address of a service lie the
// coins of all its customers: what a marketplace pays its sellers is not what a
// thief paid in. In a mix no policy means anything, so that taint stops there too,
// and is booked as an arrival in the mix; a Boundary whose Mixes is always false
// goes through. Transactions that several parties sign without the shape of a mix,
// such as trades, are divided like all others; [Several] and [Origins.Several] tell
// of them.
//
// Where the value of an input is unknown, nothing can be divided exactly: all that
// comes out of the transaction is unknown from there on. Under Poison alone an
// input with taint still taints everything.
//
// Where two thefts meet, that is, where a seed lies on coins that are tainted
// already, the earlier colour keeps them and the [Collision] is logged: the second
// victim did not own the coins.
//
// # Fees
//
// Fees are no evidence: that a thief's fee reaches a pool says nothing about who
// controls what. So they end where they are. With [Rules.TaintFees], for accounting,
// a block's coinbase spends its new coins, which are clean, and then the fees in
// the order of the block; what the miner does not claim is burned and stands at the
// end.
//
// # Backward
//
// [Heuristic] goes the other way, on demand: it gives the [Origins] of a
// transaction's coins, the labelled parties, services, mixes and coinbases that
// they come from, by asking itself about the transactions before. It needs no
// thefts, because every origin has a colour of its own. That leaves the policies
// which need not know beforehand what is taint: Haircut, FIFO, LIFO, and Poison.
package taint
