// Package esplora reads a chain from the HTTP API of Esplora, which mempool.space,
// blockstream.info and many self-hosted explorers speak:
//
//	c, err := esplora.New("https://mempool.space/api", esplora.Options{})
//	if err != nil {
//		return err
//	}
//	if err := c.Check(ctx); err != nil {
//		return err // another network, or no such API
//	}
//	set := sources.Of(c, labels).Wrap(sources.Cache(sources.CacheOptions{}))
//
// It looks transactions, spends and histories up, and reads blocks. It is the way
// to follow a few wallets without an index of one's own; for a whole chain there
// are other packages.
//
// Whoever runs the server learns which addresses are looked into. For work that
// nobody should know of, run one, or bring an [http.Client] that goes through Tor.
// Credentials are the client's business too, or user and password in the base URL.
// No error and no record repeats them.
//
// # What is believed
//
// The id of a transaction is computed from what arrives and compared with the one
// that was asked for; so are the hashes of blocks, and the transactions of a block
// with its header. What unlocks an input must fit the owner that the server names,
// where the form of the address commits to it. Where something does not fit, the
// call fails with an error of kind [sources.ErrMalformed] that names both sides.
//
// The server is believed in the rest: the values that inputs spend, and the owners
// of taproot, P2PK and bare multisig inputs, except that no transaction may pay
// more than it spends; witnesses; heights and times; what became of an output; and
// that a history is complete as long as it has as many transactions as the server
// counts. With [Options.Prove] a transaction is proved to be in the block that the
// server names, down to the block's header, though not that the header has any
// work. Ask a second server, or a node, for what must stand in court.
//
// # What is unknown
//
// Without [Options.Prove] a transaction's position in its block and the median
// time past are unknown outside of [Client.Blocks] and [Client.Tip].
//
// What is not in a block yet is not part of a history, leaves outputs unspent, and
// has the zero [model.BlockRef] where it is asked for by its id.
//
// The history of an address comes whole or not at all. The servers list it from
// its end, refuse some that are long, and would be asked for hours about others:
// see [Options.MaxPages]. Such an address is an error of kind
// [sources.ErrUnavailable], which a run counts in its coverage; it is never an
// empty history. Servers do not index null data.
//
// # Requests
//
// Requests go in parallel under a rate; both are shared by all callers of one
// client. A transaction is one request, the spends of all outputs of a transaction
// another, a history one for the count and one for each 25 transactions, and one
// for each block that has several of them. [Client.Requests] counts them.
//
// A request that fails in a way that may pass is sent again, after what the server
// demands (Retry-After with 429 and 503), else after half a second and then twice
// as long each time, less up to a half that depends on the path alone. A demand
// holds all requests of the client back. Nothing waits longer than its context.
//
// Answers are read as they arrive, and only what is wanted is kept; their size,
// depth and number are bounded.
package esplora
