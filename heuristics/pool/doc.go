// Package pool tells which mining pool mined a block: by the tag that the pool
// writes into the coinbase script, and by the addresses that its coinbase pays.
//
// Both come from lists, as tags and labels of the sources; the package has none
// of its own. [Heuristic] reports a finding of kind "pool" for each coinbase that
// the lists know, and of kind "pool/conflict" where they name several pools and
// none by both tag and address:
//
//	tag and address name one pool    0.99
//	a tag names one                  0.97, at most what the list is trusted
//	an address names one             0.95, at most what the list is trusted
//	several                          an equal share for each
//
// Other heuristics ask by [Of]. Short tags must match exactly and stand apart,
// because random bytes spell them now and then; see [Tags.Find].
//
// The attribution is of the block, not of its coins: who was paid for mining it
// is for other heuristics, and a pool's block holds the work of many.
package pool
