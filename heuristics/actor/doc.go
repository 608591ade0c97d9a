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
//     A label of role account makes no address the actor's own.
//   - Most such labels do not say "account". Where the cluster of the address looks
//     like a service's (package service), the label is taken for one of an account,
//     whatever its role. Unless the role is key, so it is where the address signed
//     together with one that is labelled as a custodian's, and where another of its
//     cluster is labelled as an account. Each is reported as
//     "cluster/label_role_conflict".
//   - A label that is bounded in time counts within its bounds, at the time of the
//     block that is asked about.
//
// [Index.Own] answers whether an address is an actor's own, for claims about who
// controls coins; [Index.Payer] also knows accounts, for claims about who had
// coins paid. A label on the address itself counts in full, one on another of the
// cluster at 0.95 of its confidence, which is chosen, not measured. The score of
// a finding is the probability that a custodian holds the key: the confidence of
// the label that says so, else a chosen number for behaviour alone.
//
// The index is read inside a heuristic that requires [Heuristic]:
//
//	a, ok := actor.Of(pass).Own(in.Owner, tx.Block)
package actor
