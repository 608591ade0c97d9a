// Package model is the vocabulary of goldwash: identifiers, amounts, addresses,
// transactions, labels and findings of a UTXO ledger. It does no I/O, and no
// type of another library stands in its exported signatures but the decimal
// behind [Fiat].
//
// # Identifiers and amounts
//
// [TxID], [BlockHash], [Outpoint] and [Inpoint] are arrays of bytes that convert
// to and from those of other libraries by plain conversion; their texts are the
// reversed hexadecimal of explorers, exact both ways. [Amount] counts base units
// in an int64, with sums that tell when they overflow. [Address] is a comparable
// value of 36 bytes that keys on the locking script, so it serves as a map key
// at no cost. [Ref] names any entity of a ledger in one comparable value.
//
// # Transactions
//
// [BlockView] parses a block in place without allocating per transaction;
// [DecodeBlock] and [DecodeTx] build the rich form, [Tx]. Unknown is not zero: an
// [Input] says whether its value is known, and how its owner is known, from the
// spent output or only inferred from what unlocks it; a [BlockRef] says which of
// its fields are known; the zero [Spend] is unknown, not unspent.
//
// # Labels and findings
//
// A [Label] is somebody's claim about an entity, with its source, method and
// confidence; labels that conflict stand side by side. A [Finding] is the product
// of the library: a claim, one probability that can be redone from its evidence,
// a confidence in words, and what was not seen. Scores are integers ([Probability]
// in millionths, weights in [MicroNats]), so they are the same to the last digit
// on every platform; [Combine] and [Product] are the two rules, and
// [Finding.Validate] redoes the sum.
//
// # Filters and prices
//
// A [Filter] is a condition on transactions that any source can answer. A [Price]
// values an amount exactly and rounds once.
package model
