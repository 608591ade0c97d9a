// Package beneficiary groups the payouts of mining pools by who receives them, and
// tells which of them look like those of rented hash power.
//
// # Who receives
//
// The receipts of accepted payouts, in generation transactions too, are grouped by
// their address, and addresses by edges with weights, in nats:
//
//	co_spend        +5  one cluster of addresses that sign together
//	consolidation   +3  both forward 95 percent within 30 days to one address
//	                    that is no service's and that at most 50 others pay
//	handover        +2  payouts to one stop where those to the other start, at
//	                    the same rate, and no other address of the pool fits
//	revenue_share    -  payouts pay both in a constant ratio
//
// Two addresses are taken for one beneficiary's where the weights between them reach
// 5, as one co-spend does, or a consolidation with a hand-over. What is weaker is a
// [Relation]. A constant ratio is what a host and its client have: two owners. It
// never joins, and keeps the two from being joined by anything but a signature.
//
// Innocent people stand behind most addresses, so whatever speaks for several
// parties prevents a union. An address that a custodian holds, by label, by inference
// or because its cluster behaves like a service's, is an [Account]: one beneficiary by
// itself, which counts among the beneficiaries, and behind which nothing is
// followed. The payee is a customer there, and the custodian knows which. Nothing is
// joined through addresses that a pool uses. Transactions that several parties may
// have signed join nobody, as package cluster says. More than 5,000 addresses are
// left apart, pending review.
//
// # Trains
//
// Payouts of rented hash power begin at once, stay the same for some days, and end:
// a train. [Seen.Test] demands near-constant amounts, at most 13 days, and no payout
// of the pool to the beneficiary in the 30 days before; within a run, no more
// in the 14 days after either. A resident, who was paid for 60 days before, counts
// against it. Whether payouts were seen at all that long before is part of the test:
// what was not seen passes nothing.
//
// A train is no accusation. Whoever mines at home for a week has one, and anybody
// can order a pool to pay an address that is not his. The weight of a train is for
// those who compare it with a deposit.
//
// # Hash rate
//
// Amounts mean little: the same machines earn less after each adjustment of the
// difficulty. [Implied] tells the hash rate at which an amount is the expected share
// of the subsidy at the block's difficulty; the pool's fee and the fees of blocks
// are not known, and are left out. A [Series] has it for every payout over the time
// since the one before, so that a train reads "21 PH/s for six days". Where the target
// or the height of a block is unknown, so is the hash rate.
//
// # Use
//
// The heuristic reads every transaction of a run that may be a payout, and groups at
// the end. Findings, of kind "beneficiary", are about those beneficiaries that have
// a train, and about those of which the scope names an address as a seed or an
// actor's. All others stand in the [Index], and in no finding. Heuristics that
// require it read the index in Finish with [Of]; programs do so after a run:
//
//	x, ok := heuristics.Finished[*beneficiary.Index](session, beneficiary.Heuristic)
//	i, ok := x.Find(address)
//	b := x.At(i)
//
// Only payouts among the subjects of the run are seen; sweep the scope to see all.
package beneficiary
