// Package coinjoin claims that transactions mix the coins of several parties.
//
// The work is in two heuristics. Package shape judges a transaction by itself and
// is asked before addresses are clustered, so that strangers who meet in a mix
// are not taken for one owner. [Heuristic] comes after: it knows whose the
// inputs are as far as labels tell, drops claims that a custodian's batch of
// payments would explain as well, and reports the rest.
//
//	coinjoin/whirlpool    0.60  a Whirlpool mix
//	coinjoin/wasabi1      0.70  a Wasabi 1 round
//	coinjoin/wasabi2      0.60  a Wasabi 2 round
//	coinjoin/joinmarket   0.49  possibly JoinMarket, and never more
//	coinjoin/premix       0.60  a preparation for Whirlpool, not a mix
//
// The numbers are the confidence that the published rules are given by their
// authors, not measured error rates. Shapes that fit no protocol, or that may be
// collaborative or not, are no findings; other heuristics see them through [Of]
// and take the inputs for no one owner's.
//
// It is no screening list. That somebody mixed coins says nothing of where the
// coins came from.
package coinjoin
