// Package trail tells whose coins a transaction spends: an actor's own, or coins
// that the actor sent on through a few addresses first.
//
// Nobody launders from the address in the news. The coins move through change
// and passing addresses before they reach a service, and a rule that looks at
// the payer's address alone is silent. To follow coins is to accuse whoever holds
// them, though, and the ledger does not say where they change hands. So a trail
// is followed only as long as everything looks like one holder passing his own
// coins on, and each address on the way costs a part of the confidence:
//
//   - It begins in a transaction that spends coins in an actor's own wallet (see
//     package actor) and that one party signed. An actor's account at a custodian
//     begins none: what leaves it may be anybody's withdrawal.
//     The actor's inputs, apart from what the transaction itself joins, must come
//     to the coin or be at least the share Material of all ([Search.Payer]).
//   - It passes through at most Hops addresses, by transactions that one party
//     signed: none that looks like a CoinJoin or a payjoin, none signed in parts.
//     The preparation of a CoinJoin by one input is its holder's alone.
//   - Every coin that a transaction spends, dust left out, must be on the trail of
//     the same actor. Coins that are spent together with a stranger's may have
//     become the stranger's, as a merchant's do who is paid and pays.
//   - No address on the way belongs to a service, labelled or not, or is an account at
//     one, be the label's time over; nor to somebody else, by any label that holds.
//   - Each received mostly from the wallet that paid the coin, or from the actor's own,
//     and spends at least the share Forward of what it received within Dwell of the
//     receipt, as far as histories tell. Where they do not, the step says so.
//   - No transaction on the way pays more than Payees addresses.
//
// A coin below MinSat is dust. It neither carries a trail nor breaks one, or
// anybody could do either for the price of a stamp.
//
// The confidence is that of the actor's label times PerHop for each address, but
// for addresses that signed together with the one that paid them. That the coins
// changed hands on the way remains possible however short the trail, and whoever
// reports one has to say so.
//
// Inside a pass that requires [Heuristic]:
//
//	t, err := trail.Of(ctx, pass, tx, 3)
//	if errors.Is(err, heuristics.ErrSkip) {
//		// nobody's in particular, as far as was seen
//	}
package trail
