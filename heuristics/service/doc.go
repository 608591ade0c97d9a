// Package service tells clusters of services, which hold coins for many
// customers, from wallets.
//
// Two coins that are spent together have one owner only if whoever signs owns
// them. An exchange, a broker, a pool or a marketplace signs for others; the
// heuristics that speak of owners ask this one first, and are silent or say less
// where a cluster looks like a service's. That a label says so is one way to
// know. Most services have no label, so the behaviour of each cluster in the
// scope is put to votes:
//
//	labelled               a label of a custodial category on a member; decides alone
//	single_use_addresses   addresses with one receipt and one spend, a sweep
//	swept_addresses        addresses that only sweeps spend, of several payers
//	mixed_sweep            one sweep of addresses with one receipt, of payers some of whom fan out; decides alone
//	batched_withdrawals    payments to many scripts that were never seen before
//	labelled_payers        payers that are different labelled services
//	pool_paid_addresses    addresses paid by fan-outs of different payers
//	round_the_clock        signing in every hour of the day
//	fan_in_and_out         many paying clusters, and many paid scripts
//
// Votes of one family, such as those on deposit addresses, count once, and two
// families decide. A sweep is a transaction that spends many addresses to one
// output. Transactions whose addresses were not joined, CoinJoins above all, have
// no payer here: a user of CoinJoins does not look like a service for being paid
// by one.
//
// The index is read inside a heuristic that requires [Heuristic]:
//
//	v := service.Of(pass).Verdict(address)
//	if v.Like {
//		// say "consistent with a service that holds coins for many customers", and why: v.Votes
//	}
package service
