// Package ledger is a chain in memory, and a small language to write one in.
// Tests and examples say in a dozen lines what happened on a ledger, and get a
// [Ledger], which is a source with every capability:
//
//	label HashBazaar: addr(d1) category=hash_marketplace role=deposit
//	tag "/Northpool/" Northpool
//	price 2023-07-24 USD 29176.91
//	time 2023-07-24 09:10
//	tx theft: new(victim) 0.9 => thief 0.9
//	tx order: theft.0 fee=0.000024 => d1 0.35, change rest   // want deposit:"0.35" >=0.6
//	coinbase cb: tag="/Northpool/" => collector rest
//	time 2023-07-25 02:10
//	tx payout: cb.0 => thief#2 0.3, m#1..45 0.01, collector rest
//
// [Parse] reads a text, [New] takes blocks that are there already.
//
// # Lines
//
// Each line is one directive; a comment runs from // to the end of the line.
//
//	network NAME               mainnet (default), testnet3, testnet4, signet or regtest; before the first transaction
//	time DATE [HH:MM[:SS]]     UTC clock of the next transaction
//	height N                   height of the next transaction
//	difficulty N               of the blocks from the next transaction's on; the least of regtest if not stated
//	tx NAME: INPUTS [OPTIONS] => OUTPUT, OUTPUT...
//	coinbase NAME: [tag="TEXT"] [extra="HEX"] => OUTPUT, OUTPUT...
//	fill                       every height between blocks gets one; before the first transaction
//	label ENTITY: ON category=C [role=] [method=] [confidence=] [source=] [detail=] [asserted=] [retrieved=] [from=] [to=]
//	book SERVICE: KIND [account=] [time=] [until=] [amount=] [order=] [pool=] [worker=] [address=] [on=] [custodian=] [dated=] [confidence=]
//	tag "BYTES" ENTITY [confidence=] [source=]
//	price DATE CURRENCY RATE
//
// Names are letters, digits, _ and -, and do not begin with a digit. Text with
// blanks or commas stands in quotes, as a Go string.
//
// # Inputs
//
//	f1.0            output 0 of f1
//	mix.0..3        outputs 0 to 3 of mix
//	new             an output from outside the ledger, of the owner "outside"; its value balances the transaction
//	new(bob) 1.5    the same with an owner, and a value; either may be left out
//	unknown         an output of which neither value nor owner is known
//	unknown(bob)    the value is not known, and the owner by what unlocks it only
//
// An input may end in !TYPE, the type of its signature: ALL, NONE, SINGLE,
// ANYONECANPAY, or one of the first three with |ANYONECANPAY; DEFAULT for p2tr.
// Options are fee=AMOUNT, version=, locktime= and sequence=, the last for all
// inputs.
//
// # Outputs
//
//	alice 1.1              so many coins; 110000000sat and 110_000_000sat say the same
//	alice rest             what is left: of the inputs after the fee, or of subsidy and fees in a coinbase
//	m#1..45 0.05           forty-five owners m#1 to m#45, 0.05 for each
//	data "hello"           null data, of value 0; or data 0x00ff
//
// The fee is what the outputs leave of the inputs. Where rest or new leaves it
// open, it is fee=, or nothing.
//
// # Owners
//
// An owner is a name, perhaps with a number, and a form of script: alice,
// alice#2, alice:p2tr, alice#2:p2tr. Forms are p2wpkh (default), p2pkh, p2sh
// (which is P2SH-P2WPKH), p2wsh, p2tr, p2pk and multisig (1 of 2). An owner has
// one address for each form. It follows from the name alone, so that it is the
// same in every text, and comes from a hash in place of a public key: nobody
// holds the private key. A literal address stands as addr(ADDRESS).
//
// What unlocks an output has the form that the network would demand, with
// signatures that are none, so that a serialised ledger tells what a real one
// would. The exception are literal addresses, which are spent without a
// signature.
//
// # Blocks
//
// The clock starts at 2023-07-24 00:00 and height 800000, and each transaction
// gets a block of its own, ten minutes and one height after the last. Neither
// runs backwards. A time before the first transaction is where the clock starts,
// at the same height if none is stated. Moving the time by more later moves the
// height too, one for each ten minutes; transactions
// whose times, stated for each, fall into the same ten minutes share a block.
// Stating the same height for several transactions does so too. A coinbase line
// takes its place like any transaction and stands first in its block; a block
// without one gets one that pays the subsidy to the owner "miner". Its outputs
// can be spent from the next block on, although consensus demands a hundred
// between: leave that much time where a heuristic looks. Blocks are linked and
// hashed as on a real chain, but without proof of work and witness commitments,
// and heights jump where the text makes them jump; after the line fill, empty
// blocks take the heights between, as on a real chain. The header time is the
// beginning of the ten
// minutes, and the median time past is that of at most eleven blocks of the
// ledger.
//
// # Labels
//
// ON is addr(OWNER), addr(ADDRESS), tx(NAME) or out(NAME.N); owner and
// transaction may stand anywhere in the text. The confidence is 0.9 for a label
// and 0.97 for a tag if not stated, and the source is "ledger".
//
// # Books
//
// A book line is an entry of a service's own books: KIND is deposit, order, worker
// or payout. address is addr(OWNER) or addr(ADDRESS); on is tx(NAME) or
// out(NAME.N); and worker may be addr(OWNER) with something after it, as in
// addr(bob).rig7, for the name of a worker that is an address.
//
// # Wants
//
// A comment that begins with "want" says what a test expects of the line's
// transaction, or of the whole run where it stands alone:
//
//	// want KIND:"regexp" [>=P] [<=P] [~P] [@N | @addr OWNER] [+N]
//	// want result:"regexp"
//	// want skip
//
// The bounds are on the finding's probability; ~P is within 0.05. @N speaks of
// output N of the transaction, and @addr of an address; +N of the transaction N
// lines below. One comment may hold several. Package heuristictest checks them.
package ledger
