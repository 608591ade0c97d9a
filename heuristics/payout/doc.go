// Package payout recognises the transactions by which mining pools pay their
// members, and tells members from the pool's own addresses.
//
// It has two heuristics. [Candidate] judges a transaction by itself and by what
// came before it: its shape, labels on the payer, how much of its money is
// freshly mined and by whom, and whom the payer paid before. It reports nothing,
// and others ask it with [CandidateOf] whether a coin was paid to a member of a
// pool. [Heuristic] reports the payouts among the candidates and corrects who
// was paid by what became of the outputs. [Published] and [FollowPublished] are
// the published rule, for comparison.
//
// # Shapes
//
// Pools pay in many forms (see [Shape]): from a collector to many at once; in a
// chain whose largest output pays for the next link; in the coinbase itself; from
// the wallet of a custodian. A solo finder's block pays one party and a small fee
// to a listed address. A pool that cuts its funds into equal pieces on addresses
// of its own pays nobody.
//
// # Who pays
//
// A transaction with many outputs is nothing special: exchanges, employers and
// wallets make them too. So provenance comes first. A label must name the payer's
// cluster as a pool's, or at least half of the coins must be freshly mined and
// four fifths of those by one pool, or the transaction must continue a chain.
// Fresh coins alone leave an even chance; payees that the payer paid before
// decide. Where lists name the payer as several pools, the payout is reported,
// none of them is chosen, and the finding names them all.
//
// A label names a payer only where it is known to hold at the time of the block.
// One that holds for a time says nothing about a block of unknown time; the
// finding tells of it. Labels that protect somebody, such as an exchange's on a
// payee, count wherever nothing says that they do not hold.
//
// Where a signature leaves inputs or outputs for others to add, nobody can say
// that who pays chose who is paid, and nothing is claimed. A coinbase that is
// spent before its time is an error of the data: the transaction that does so
// fails, and what descends from it is judged with coins of unknown origin.
//
// # Coinbases
//
// A pool may keep its reward at a few addresses that nobody lists, the same in
// every block. So payees speak for a payout where they are many and small, ten
// of at most a tenth of the whole each; five are enough where the same pool paid
// three tenths of the payees before, in a fan-out or among the many of another
// coinbase. A coinbase with fewer is a candidate that is not accepted.
//
// # Who is paid
//
// Every output has a [Class] with its reason. An address that is the payer's, in
// a cluster with it or listed for a pool is the pool's own; so is one whose coins
// pay members in turn. A receipt at a labelled exchange is one of its customer's,
// and nothing beyond it is followed. Outputs of 20,000 satoshi and less, and of
// the values that token wallets send, are listed as small: some pools do pay so
// little, but so does anybody who wants an address to look like a member's. The
// rest are members': they named the address to the pool. Whose it is, the ledger
// does not say; anyone can order a pool to pay somebody else.
//
// # What unknown means here
//
// A single block tells who spends, and not how much. Then the share of fresh
// coins is unknown, labels alone say that a pool pays, and the finding says so.
// No value is made up. See [model.Finding] for where a finding lists what it
// did not see.
package payout
