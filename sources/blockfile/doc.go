// Package blockfile reads a chain from the files of a Bitcoin node, or from
// single raw blocks, without a node and without an index on disk.
//
//	c, err := blockfile.Open(ctx, []string{"/home/me/.bitcoin/blocks"}, blockfile.Options{})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	for _, p := range c.Problems() {
//		log.Print(p)
//	}
//	engine, err := heuristics.New(sources.Of(c, labels), suite.Mining, heuristics.Options{})
//
// # What it reads
//
// A path is a folder with files blk*.dat, one such file, or one serialised block,
// as bytes or as the hexadecimal that "bitcoin-cli getblock HASH 0" prints. Each
// file may be gzipped. What a file is shows in its content, not in its name, so
// that paths of all kinds can be mixed. The rest is as a node leaves it: files
// allocated ahead and padded with zeros, blocks out of order, stale branches, and
// since Bitcoin Core 28 content XORed with the key in the file xor.dat beside it.
// Copy that file along with the others.
//
// # What it checks
//
// The transactions of a block must be those of its Merkle root, and its witnesses
// those of the commitment in its coinbase, where it has one; else the block is
// dropped. With [Options.CheckWork] the header must have the work that it claims.
// Scripts and signatures are not checked, nor is the subsidy: the node that wrote
// the files did so.
//
// Nothing is dropped in silence. [Chain.Problems] tells of every truncated file,
// stretch of garbage, damaged or repeated block, stale branch and gap, with file,
// offset and reason.
//
// # The chain
//
// Blocks are joined by the hash of the one before. Of branches the one with the
// most work stays, of equal ones the one that was read first. What is not joined
// to the rest forms a segment of its own: [Chain.Segments] lists them by height.
// A height is known of everything that is linked to the genesis block, or to a
// block whose coinbase must declare its height (BIP 34); a declaration that
// contradicts the links is a problem, and the links are right. Two segments that
// cannot be on one chain, because they have different blocks at one height,
// compete like branches. Segments without heights come last.
//
// The median time past of a block is over its own time and those of the ten
// blocks before it, as a node tells it, and is known only where these were read.
//
// # Values and owners of inputs
//
// An input of a transaction knows the value and owner of the output that it
// spends where that output was read, be it before or after. Otherwise the value
// is unknown, and the owner what the unlocking script tells, marked as an
// inference ([model.OwnerUnlocking]).
//
// A single block need not stay so poor: [Options.Spent] names companions, files
// with the outputs that a block spends, in the order of its inputs, coinbase
// apart. They may be gzipped and have one of two formats, told apart by content:
//
//   - for each input the value as eight bytes, the least significant first, then
//     the length of the locking script in Bitcoin's compact form, then the script;
//   - a JSON array of {"txout":{"value":SATOSHI,"script_pubkey":"HEX"}}, other
//     keys aside.
//
// A companion belongs to the block that has as many inputs, none of whose
// transactions pays more than the companion says it spends, and whose known and
// inferred owners agree with it. Where several blocks fit, the one whose file
// name is the same up to the first dot is taken, else the first without a
// companion. One that fits no block is an error.
//
// # What is spent
//
// [Chain.Spenders] knows the spender of an output where it was read, even if the
// output was not. That an output is unspent it says only where every block from
// the output's to the tip was read.
//
// # Cost
//
// Plain files are read in place and never loaded whole, two times at Open and
// again as blocks are asked for; gzipped files are unpacked into memory. The
// index takes 48 to 56 bytes of memory for a transaction, 12 for an output, 4 for an
// input, and 24 more for one whose output was not read; [Chain.History] adds 16 for
// each output and input when it is first called. So a hundred million transactions,
// with three outputs each, take some 10 GB: a part of the chain, not the whole, which
// wants an index on disk. Up to 64 MiB of the blocks that were read last are kept,
// because most outputs are spent soon.
package blockfile
