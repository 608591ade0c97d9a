// Package peel finds peeling chains: one coin after another is spent to pay a
// small part off, and the remainder is carried on to be spent the same way.
//
// A link of a chain is a transaction that one address signs, of one input or a few,
// with two outputs that differ. The lesser is peeled off, the greater is carried on;
// where one output returns to the address that pays, it has to be the greater. The
// next link spends what was carried, and shares the features of the wallet that made
// the first: transaction version, whether there is a lock time, whether replacement
// is signalled, and the form of the locking script. Who makes one such payment and
// who makes the next is not written on the ledger. That features stay the same over
// many links is what speaks for one wallet; that the remainder returns to the paying
// address, as early software did, settles it.
//
// The chain ends where something else happens: the remainder is unspent, goes to a
// service or into a coinjoin, is joined with other coins, or is spent in another form.
// [End] says which. A finding is made once, on the first link.
//
// Peeling is how any wallet pays that holds one large coin. It is a form, and no sign
// of wrong; it matters to those who follow coins of which something else is known.
// Pools and exchanges pay their customers in this form too, so that no chain runs
// through a labelled service or a cluster that behaves like one. What goes on in the
// same form from a payment of a service is taken for the service's own: a chain whose
// coin was withdrawn so is missed.
//
//	found, _, err := heuristics.Eval[*peel.Chain](ctx, session, peel.Heuristic, model.RefTx(first))
//	for _, l := range found.Links {
//		fmt.Println(l.Tx, l.Payee, l.PeeledValue, l.Dwell)
//	}
package peel
