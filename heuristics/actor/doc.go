// Package actor tells which addresses are in the wallets of the parties under
// investigation.
//
// Labels of category actor, from lists or stated in the scope of a run, name
// addresses. Co-spending adds the others of their wallets. Both steps can accuse
// a stranger, so both are guarded:
//
//   - Lists of sanctions and seizures name addresses that are a person's account
//     at an exchange. The exchange holds the key and sweeps the address with those
//     of its other customers, so co-spending would make the actor of the exchange.
//     A label of role account makes no address the actor's own. Nor does one of any
//     other role but that of a key: an actor's deposit address is a service's.
//   - Most such labels do not say "account". Where the cluster of the address looks
//     like a service's (package service), the label is taken for one of an account,
//     whatever its role. Unless the role is key, so it is where the address signed
//     together with one that is labelled as a custodian's, and where another of its
//     cluster is labelled as an account. Each is reported as
//     "cluster/label_role_conflict", as is a label of another role.
//   - A label that is bounded in time counts within its bounds, at the time of the
//     block that is asked about, where that time is known.
//
// Where labels name several actors for one address or cluster, the most confident
// keeps of its confidence the share that it has of the sum of the best label of
// each: of 0.9 and 0.6 the first is left with 0.54. The others are told. One who is
// merely stated to be under investigation is no rival to one who is named.
//
// [Index.Own] answers whether an address is an actor's own, for claims about who
// controls coins. [Index.OwnWithout] leaves out what one transaction joined, for
// claims about that transaction: that somebody signed it together with the actor
// must not be what makes him the actor. [Index.Account] knows accounts; a custodian
// pays from one for any customer, so that it names an alternative, not a payer. A
// label on the address itself counts in full, one on another of the cluster at 0.95
// of its confidence, which is chosen, not measured. The score of a finding is the
// probability that a custodian holds the key: the confidence of the label that says
// so, else a chosen number for behaviour or for the label's role alone.
//
// The index is read inside a heuristic that requires [Heuristic]:
//
//	a, ok := actor.Of(pass).OwnWithout(tx.ID, in.Owner, tx.Block)
package actor
