// Package shape judges by its shape alone whether a transaction is a CoinJoin:
// by the number, values and scripts of its inputs and outputs and its height.
//
// [Classify] compares a transaction with published rules and says which it
// meets, as a [Verdict]: a mix by Whirlpool, Wasabi 1 or 2, possibly by
// JoinMarket; a preparation for Whirlpool; equal outputs of no known protocol;
// or ambiguous, where it may be collaborative or not. Whatever is not ordinary
// must not be used to take its inputs for one owner's ([Verdict.SkipUnion]); only
// a named protocol supports saying that coins were mixed ([Verdict.Named]).
//
// # Eras
//
// Each rule holds within the protocol's time, by heights of the main network.
// Without that, most rounds of Wasabi 1 also meet a published rule for Wasabi 2,
// and batches of payments of 2014 the one for Wasabi 1. Where the height is
// unknown, or the network is another, every era fits, [Verdict.EraKnown] is
// false, and [Verdict.Protocols] lists all whose rules are met.
//
// # What is not known of the inputs
//
// A raw block tells no input values, and not every owner. Of the rules only the
// one for Whirlpool mixes needs values: each participant brings the denomination
// or a little more. Without all of them a transaction of that shape is
// ambiguous. The other rules count scripts. Where the scripts of inputs are
// unknown, a protocol is named only if the known ones suffice (JoinMarket) or
// none is unknown (Wasabi), and the rules that only keep strangers apart take
// each unknown one for a script of its own.
//
// # What is no evidence
//
// Outputs of 294, 330, 546 and 10,000 sat are what token and inscription wallets
// make; however many are equal, they count for nothing. Preparations carry null
// data of 64 or 80 bytes, in which the coordinator finds its fee; without it, a
// payment of the same form is no preparation.
//
// Rounds of Wasabi 1 before height 610,000 that are known only by the
// coordinator's fixed addresses, and CoinJoins of other protocols, are not
// recognised, or only as equal outputs.
package shape
