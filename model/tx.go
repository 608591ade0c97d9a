package model

import (
	"math/bits"
	"time"
)

// Tx is a transaction. It is shared between readers and read-only once built:
// neither its fields nor the bytes that its scripts alias may be changed.
type Tx struct {
	ID       TxID
	Version  int32
	LockTime uint32
	// Size is the length of the serialisation with witnesses, and Weight
	// three times the length without them plus Size (BIP 141). Both are 0
	// where the source does not tell.
	Size, Weight int32
	Inputs       []Input
	Outputs      []Output
	// Block says where the transaction stands. Its zero value says that
	// nothing is known: unconfirmed, or from a source that does not tell.
	Block BlockRef
}

// Input is one input of a transaction.
//
// Unknown is not zero: Value means something only where ValueKnown is set, and
// Owner only where OwnerBy is not OwnerUnknown. A raw block alone tells many
// owners, from the keys and scripts that unlock the outputs they spend, and no
// values.
type Input struct {
	Prev       Outpoint // the output that is spent; Null for a coinbase
	Value      Amount
	Owner      Address
	Sequence   uint32
	ValueKnown bool
	OwnerBy    OwnerBy
	// SigHash says how the input's signatures commit to the transaction.
	SigHash SigHash
	Script  []byte // the unlocking script (scriptSig)
	Witness [][]byte
}

// OwnerBy says how an input's owner is known.
type OwnerBy uint8

// Ways in which the owner of an input is known.
const (
	OwnerUnknown   OwnerBy = iota
	OwnerPrevout           // from the locking script of the spent output: a fact
	OwnerUnlocking         // inferred from the unlocking script or witness
)

// String returns "unknown", "prevout" or "unlocking".
func (o OwnerBy) String() string {
	return [...]string{"unknown", "prevout", "unlocking", "invalid"}[min(o, 3)]
}

// Output is one output of a transaction. Owner is derived from Script.
type Output struct {
	Value  Amount
	Owner  Address
	Script []byte // the locking script (scriptPubKey)
}

// Spendable reports whether the output could ever be spent: its script is not
// provably unspendable null data.
func (o *Output) Spendable() bool { return o.Owner.Kind() != NullData }

// Coinbase reports whether the transaction mints a block's subsidy: it has one
// input, which spends the null outpoint.
func (t *Tx) Coinbase() bool { return len(t.Inputs) == 1 && t.Inputs[0].Prev.Null() }

// Resolved reports whether the value of every input is known. It is true of a
// coinbase, which spends nothing.
func (t *Tx) Resolved() bool {
	if t.Coinbase() {
		return true
	}
	for i := range t.Inputs {
		if !t.Inputs[i].ValueKnown {
			return false
		}
	}
	return true
}

// Unresolved counts the inputs whose value is unknown. A coinbase has none.
func (t *Tx) Unresolved() int {
	if t.Coinbase() {
		return 0
	}
	n := 0
	for i := range t.Inputs {
		if !t.Inputs[i].ValueKnown {
			n++
		}
	}
	return n
}

// InputValue returns the sum of the input values; ok is false for a coinbase,
// where any value is unknown, and where the sum overflows.
func (t *Tx) InputValue() (sum Amount, ok bool) {
	if t.Coinbase() || !t.Resolved() {
		return 0, false
	}
	for i := range t.Inputs {
		if sum, ok = sum.Add(t.Inputs[i].Value); !ok {
			return 0, false
		}
	}
	return sum, len(t.Inputs) > 0
}

// OutputValue returns the sum of the output values; ok is false where it
// overflows.
func (t *Tx) OutputValue() (sum Amount, ok bool) {
	ok = true
	for i := range t.Outputs {
		if sum, ok = sum.Add(t.Outputs[i].Value); !ok {
			return 0, false
		}
	}
	return sum, ok
}

// Fee returns inputs less outputs; ok is false for a coinbase, where any input
// value is unknown, and where the difference is negative.
func (t *Tx) Fee() (fee Amount, ok bool) {
	in, ok := t.InputValue()
	if !ok {
		return 0, false
	}
	out, ok := t.OutputValue()
	if !ok || out > in {
		return 0, false
	}
	return in - out, true
}

// SignedInParts reports whether a signature of any input leaves part of the
// transaction for others to fill in, as in a trade: then its inputs need not be
// one party's, nor need whoever signed them have chosen who is paid. It is false
// where no signature was found; see [SigHash.MultiParty].
func (t *Tx) SignedInParts() bool {
	for i := range t.Inputs {
		if t.Inputs[i].SigHash.MultiParty() {
			return true
		}
	}
	return false
}

// Outpoint names the i-th output of t.
func (t *Tx) Outpoint(i int) Outpoint { return Outpoint{t.ID, uint32(i)} }

// Inpoint names the i-th input of t.
func (t *Tx) Inpoint(i int) Inpoint { return Inpoint{t.ID, uint32(i)} }

// BlockRef says where a block, or a transaction in it, stands on the chain. Each
// field means something only where Known has its flag: a single raw block
// tells its hash and header time, but neither its median time past nor, before
// BIP 34, its height. Height 0 is the genesis block, not "unknown".
type BlockRef struct {
	Hash   BlockHash
	Height int32
	Pos    int32  // index of the transaction in its block
	Time   int64  // header time, Unix seconds; may run two hours ahead and backwards
	Median int64  // median time past (BIP 113), Unix seconds; never runs backwards
	Bits   uint32 // compact form of the target in the header; see Difficulty. Not part of the JSON
	Known  BlockKnown
}

// BlockKnown is a set of flags, one for each field of a [BlockRef].
type BlockKnown uint8

// Flags of [BlockKnown].
const (
	KnownHash BlockKnown = 1 << iota
	KnownHeight
	KnownPos
	KnownTime
	KnownMedian
	KnownBits
)

// Has reports whether every one of the flags is set.
func (r BlockRef) Has(k BlockKnown) bool { return r.Known&k == k }

// Difficulty returns how much harder the block is than the easiest of mainnet,
// rounded down; a block takes 2^32 hashes on average for each. ok is false where
// the target is unknown, is none, or is easier than that, as on a test network.
func (r BlockRef) Difficulty() (d uint64, ok bool) {
	const sign = 0x00800000
	m := uint64(r.Bits & 0x007fffff)
	shift := 208 - 8*(int(r.Bits>>24)-3)
	if !r.Has(KnownBits) || r.Bits&sign != 0 || m == 0 || shift < 0 || shift > 111 {
		return 0, false
	}
	hi, lo := uint64(0), uint64(0xffff)
	if shift < 64 {
		hi, lo = lo>>(64-shift), lo<<shift
	} else {
		hi, lo = lo<<(shift-64), 0
	}
	if hi >= m {
		return 0, false // no chain is that hard
	}
	d, _ = bits.Div64(hi, lo, m)
	return d, d > 0
}

// When returns the time to order and to bound by: the median time past, which
// never runs backwards, else the header time; ok is false where neither is
// known.
func (r BlockRef) When() (t time.Time, ok bool) {
	switch {
	case r.Has(KnownMedian):
		return time.Unix(r.Median, 0).UTC(), true
	case r.Has(KnownTime):
		return time.Unix(r.Time, 0).UTC(), true
	}
	return time.Time{}, false
}

// Clock returns the best guess at when the block was made: the header time, else
// the median time past, which is about an hour behind; ok is false where neither
// is known. Use it to value and to date, and [BlockRef.When] to order.
func (r BlockRef) Clock() (t time.Time, ok bool) {
	if r.Has(KnownTime) {
		return time.Unix(r.Time, 0).UTC(), true
	}
	return r.When()
}

// Compare orders by height and position; an unknown height comes after every
// known one, and an unknown position after every known one. It returns -1, 0
// or +1.
func (r BlockRef) Compare(o BlockRef) int {
	if c := compareKnown(r.Has(KnownHeight), o.Has(KnownHeight), r.Height, o.Height); c != 0 {
		return c
	}
	return compareKnown(r.Has(KnownPos), o.Has(KnownPos), r.Pos, o.Pos)
}

func compareKnown(aok, bok bool, a, b int32) int {
	switch {
	case aok && !bok:
		return -1
	case !aok && bok:
		return 1
	case !aok, a == b:
		return 0
	case a < b:
		return -1
	}
	return 1
}

// Block is a block with its transactions in order. It is read-only once built.
type Block struct {
	Header BlockHeader
	Ref    BlockRef // Pos is not known: it belongs to transactions
	Txs    []*Tx
}

// BlockHeader is the 80 bytes that a block's hash is of.
type BlockHeader struct {
	Version    int32
	Prev       BlockHash
	MerkleRoot [32]byte
	Time       uint32 // Unix seconds
	Bits       uint32 // the compact form of the target
	Nonce      uint32
}

// Spend says what became of an output, as far as the source knows. The zero
// value says that nothing is known.
type Spend struct {
	State SpendState
	By    Inpoint // the input that spends it, where State is Spent
	// AsOf is the height up to which an Unspent output is known to be so;
	// AsOfKnown is false where the source does not tell.
	AsOf      int32
	AsOfKnown bool
}

// SpendState is what is known of the spending of an output.
type SpendState uint8

// States of a [Spend].
const (
	SpendUnknown SpendState = iota
	Unspent
	Spent
)

// String returns "unknown", "unspent" or "spent".
func (s SpendState) String() string {
	return [...]string{"unknown", "unspent", "spent", "invalid"}[min(s, 3)]
}
