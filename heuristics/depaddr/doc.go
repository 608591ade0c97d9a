// Package depaddr infers which addresses belong to the operator of a labelled
// one: the deposit addresses that a custodian gives to its customers, and the
// collectors to which it sweeps them.
//
// Public lists hold few addresses of hash marketplaces and cloud miners, and one
// or two of each of most exchanges. One confirmed address is often enough for the
// rest, because a custodian sweeps what its customers paid: it signs for many
// deposit addresses at once, and sends what they hold to its own wallet.
//
// # Routes
//
// By co-spending: every address that signs together with a seed, in its cluster
// as package cluster joins it, has the seed's operator. A CoinJoin or a
// transaction that several parties sign joins nobody. Where labels of the cluster
// name several parties, nothing is inferred; where the seed's label is bounded in
// time, only transactions within the bounds count, and the inferred labels have
// the same bounds. The role is deposit where somebody outside the service funded
// the address and sweeps alone spend it, else it is left open. The confidence is
// 0.9 of the seed's label.
//
// By collection: where deposit addresses of the operator are swept to one address
// and nowhere else, again and again, and nothing but sweeps pays that address, it
// is the operator's collector. That an address is paid by the service, or paid
// everything once, makes it nobody's: it may be a customer's or a seller's.
//
// By behaviour: addresses that sign with none of the seeds, but do nothing other
// than to sweep what strangers paid them, together, whole and within a month, to
// the operator's hot or cold wallet or to a collector. This is scored by
// log-odds, from a prior of 0.05, and labels are derived from a probability of
// 0.8 on; their confidence is that times 0.9 times that of the label or collector
// where the sweeps end. Paying a deposit address is what customers do, so a
// sweep must end where customers do not pay: a man who gathers the coins of his
// ten addresses in his account at an exchange keeps his ten addresses. An address
// whose label does not say what it is for is taken for one that customers pay.
//
// # How to get a seed
//
// The rules need one address that is certainly the service's. Of those that can
// be had, from the best on:
//
//   - Pay the service yourself: open an account, note the deposit address that it
//     shows you, pay a little more than the smallest deposit, and wait until the
//     coins move. Label the address with the role deposit, the method
//     test_payment and the date. An address that was never paid is never swept.
//   - A production order, or a victim's or a cooperating customer's own records,
//     which name the deposit address of an account.
//   - What the service publishes, such as a proof of reserves: method
//     self_disclosed. Say whether an address is hot, cold or for deposits; where
//     it does not say so, leave the role out.
//   - A list or a licensed tool, with the confidence that it deserves. Many were
//     themselves made by clustering, and are no second opinion on this.
//
// Do not give the role hot or collector to an address by guess. It is what tells
// an account from a wallet here.
//
// # Use
//
// As a heuristic it reads the scope of a session and derives labels, which every
// later look-up of labels and every filter sees; findings of the kind
// "cluster/deposit_addresses" say for each operator what was inferred and why.
// Other heuristics that require it read the [Index]:
//
//	if f, ok := depaddr.Of(pass).Inferred(address); ok {
//		// f.Label is the derived label, f.Reason says why
//	}
//
// [Expand] needs no scan: from one address it reads histories, as an explorer has
// them, within budgets, and says what it did not read.
package depaddr
