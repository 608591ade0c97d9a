// Package cluster joins the addresses that sign together: each transaction of a
// scope that spends outputs of several addresses joins them (multi-input or
// co-spend clustering), in ledger order.
//
// A joint signature says who could sign, not who owns, and several parties can
// sign one transaction. Whoever is joined by mistake may be accused by mistake,
// while what is not joined is merely missed, so whatever speaks for several
// parties prevents a union, with a recorded reason (see [Reason]):
//
//   - A signature that leaves inputs or outputs to others (any but ALL and taproot's
//     DEFAULT), as in a sale by partially signed transactions. An input in which no
//     signature is found is no evidence.
//   - A shape that may be collaborative, a CoinJoin's above all, also where package
//     shape would not name it.
//   - The shape of a payjoin: an owner among the inputs whose coins the payment did
//     not need, unless he is the payee. What was not tested for it, or let pass
//     though two parties fit, is told ([Index.Payjoin]).
//   - Payments that two parties may have made into a contract of theirs, as a channel
//     that both fund: three outputs, one to a new script that may be a contract's,
//     and change for each of two.
//   - Labels, of at least even confidence, that name different holders for two of
//     the addresses, or for the clusters they belong to. Then either several
//     parties signed or a label is wrong, and the whole transaction joins nobody.
//     Names are compared by letters and digits. A cluster keeps the names on which
//     all of its labelled addresses agree, so that an address with two names is no
//     bridge between the two.
//   - An empty script or one of no standard form, which anybody may use, never joins.
//     Nor does an input whose owner is unknown.
//
// Labels of custodians do not prevent a union: what an exchange signs together is
// the exchange's cluster. That it is not one customer's is for package service to
// say. Labels of the role account do not name the holder of a key and count for
// nothing here, and neither do those of an actor in any other role but that of a
// key; package actor sees to it that no actor grows from one. Labels guard whatever
// their bounds in time, because a union has none. [Index.Custodian] gives the label
// that protects a cluster as a custodian's.
//
// A union is no proof about the transaction that made it. Who asks what a
// transaction shows about those who signed it asks [Index.LinkedWithout], which
// leaves its union out.
//
// What links two addresses is told by [Index.Explain], as transactions and not as
// the number of a cluster, and what a cluster would be without one of them by
// [Index.LinkedWithout] and [Index.LinkedWithoutLink].
//
// # Change
//
// Where it is asked for ([Params.Change]), the change that package change predicts
// joins addresses too, as a link of a weaker type. It is off by default: on the real
// chain the rule of Meiklejohn, left to itself, has grown the cluster of one exchange
// from 13.2 to 427 million addresses (heuristics reference 6.3). The order of the transactions does not decide
// between the two types: all joint signatures come first, because one of them outranks
// any prediction, also an earlier one. Then the predictions follow in ledger order,
// each when a week of blocks has passed, and behind guards in this order ([Guard]):
//
//   - What a prediction takes for a payment is kept out of the payer's cluster from
//     then on. A prediction that would put it there is refused, and so is one whose
//     own payment is there already. Where a joint signature has put it there after the
//     prediction had joined, the prediction is retracted, and the log names both
//     ([Refusal.Retracted]).
//   - Labels that name different holders refuse it (kind "cluster/conflict").
//   - It does not join two large clusters.
//   - It does not join before that week has passed, and never if the address was
//     paid again in it, which does not look like change.
//   - It joins nothing to a custodian's cluster.
//   - Each link is kept by itself and can be left out again, and each refusal is
//     kept with what it was made for ([Index.Changes], [Index.Refusals]).
//
// Findings are made about the addresses that the scope names as seeds (kind
// "cluster"), and about labels that disagree on who holds a key (kind
// "cluster/conflict"). The score of the former is the probability, chosen and not
// measured, that two addresses joined by one transaction have one controller; the
// latter are read, not inferred.
//
// [Index] answers questions. A cluster has no name of its own: [Index.Root] gives
// its least address, which does not depend on where a scan began. Heuristics that
// require [Heuristic] read the index with [Of]:
//
//	x := cluster.Of(pass)
//	if x.Same(a, b) { ... }
package cluster
