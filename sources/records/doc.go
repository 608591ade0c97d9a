// Package records reads a service's own books: a marketplace's deposits and
// orders, a pool's workers and payouts, as the service exported them or handed
// them over. They say what no ledger shows, such as which pool the hash power of
// an order worked for, and under which name.
//
// What is read are [sources.Entry] values, rows as their custodian wrote them. A
// book can be wrong, and it can be forged: heuristics compare it with the ledger
// and say where the two differ. Each entry keeps its file, its line and the
// SHA-256 of its row, so that a finding can be traced to the paper.
//
// # Formats
//
// A file is a CSV with a header, or JSON Lines: one object a line, with the same
// names. Names are compared without case, blanks and punctuation. The library's
// own come first; others that services use are recognised too, and
// [Options.Columns] maps any.
//
//	kind        deposit, order, worker, payout
//	service     who ran the business
//	account     the service's id of its customer
//	time        when it happened: 2022-08-18, 2022-08-18 11:50:00, RFC 3339, or Unix time
//	until       when an order or worker ended
//	amount      in coins, 0.35; or in base units, amount_sat
//	network     mainnet where none is given
//	currency    other than bitcoin: the row is left out, and counted
//	order       the service's id of an order
//	pool        name, or the URL or host of its server
//	worker      user name or worker at the pool
//	address     that was paid
//	outpoint    txid:vout; or tx, and vout where it is known
//	custodian   who kept the book
//	dated       when it was exported
//	confidence  more than 0, to 1; or 85%
//
// What every row has in common need not be a column: [Options] has it. [Deposits],
// [Orders], [Workers] and [Payouts] are the options for the lists that services
// keep apart. Rows of other kinds, fees for example, are left out and counted; see
// [Set.Skipped]. Everything else that does not read is an error with file, line and
// column, for half a book is none. At most 256 MiB are read of a file, unpacked, and
// at most two million entries.
//
// # People
//
// Accounts, orders and workers are data about people who may have done nothing.
// Load what the question needs, and remember that a recording of a run (see
// [sources.Record]) holds what the run read.
package records
