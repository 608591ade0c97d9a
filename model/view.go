package model

import (
	"crypto/sha256"
	"encoding/binary"
)

// BlockView is a block parsed in place: flat slices of offsets into the raw
// bytes, reused from block to block, so that a sweep over a chain allocates
// nothing per transaction. A rich [Tx] is made only for the transactions that
// are wanted, by [BlockView.Tx].
//
// The zero value is ready for [BlockView.Decode]. A BlockView is not safe for
// concurrent use; what Tx and Block return stays valid after the next Decode,
// as long as the raw bytes do. The slices may be read but not changed.
type BlockView struct {
	Header BlockHeader
	Txs    []TxView
	Ins    []InView
	Outs   []OutView

	raw     []byte
	scratch []byte
}

// TxView is one transaction of a [BlockView]. InFrom, InTo and OutFrom, OutTo
// are indexes into Ins and Outs, as half-open ranges.
type TxView struct {
	Start, End     uint32 // the serialisation, as offsets into the raw bytes
	InFrom, InTo   uint32
	OutFrom, OutTo uint32
	WitFrom        uint32 // offset of the witnesses; 0 where there are none
	Version        int32
	LockTime       uint32
}

// InView is one input of a [BlockView].
type InView struct {
	Prev      uint32 // offset of the 36 bytes of the outpoint
	Script    uint32 // offset of the unlocking script
	ScriptLen uint32
	Sequence  uint32
	Witness   uint32 // offset of the input's witness; 0 where the transaction has none
}

// OutView is one output of a [BlockView].
type OutView struct {
	Value     Amount
	Script    uint32 // offset of the locking script
	ScriptLen uint32
}

// TxID hashes the i-th transaction without its witnesses. It does not allocate
// once a buffer within the view has grown to the size of the transactions.
func (v *BlockView) TxID(i int) TxID {
	tx := &v.Txs[i]
	if tx.WitFrom == 0 {
		return doubleSHA256(v.raw[tx.Start:tx.End])
	}
	b := append(v.scratch[:0], v.raw[tx.Start:tx.Start+4]...)
	b = append(b, v.raw[tx.Start+6:tx.WitFrom]...)
	b = append(b, v.raw[tx.End-4:tx.End]...)
	v.scratch = b
	return doubleSHA256(b)
}

func doubleSHA256(b []byte) [32]byte {
	h := sha256.Sum256(b)
	return sha256.Sum256(h[:])
}

// Hash returns the hash of the header; zero for an empty view. It does not
// allocate.
func (v *BlockView) Hash() BlockHash {
	if len(v.raw) < headerSize {
		return BlockHash{}
	}
	return doubleSHA256(v.raw[:headerSize])
}

// Ref says where the block stands: hash and header time always; the height where
// the coinbase declares it and consensus makes that binding: the version is at
// least 2 and the declared height not below the network's BIP34Height. The median
// time past is never known from one block.
func (v *BlockView) Ref(net Network) BlockRef {
	r := BlockRef{Hash: v.Hash(), Time: int64(v.Header.Time), Bits: v.Header.Bits, Known: KnownHash | KnownTime | KnownBits}
	if len(v.Ins) > 0 && v.Header.Version >= 2 {
		if h, ok := CoinbaseHeight(v.InScript(0)); ok && h >= net.BIP34Height() {
			r.Height = h
			r.Known |= KnownHeight
		}
	}
	return r
}

// OutScript returns the locking script of Outs[o]; it aliases the raw bytes.
func (v *BlockView) OutScript(o int) []byte {
	out := &v.Outs[o]
	return v.cut(out.Script, out.ScriptLen)
}

// InScript returns the unlocking script of Ins[i]; it aliases the raw bytes.
func (v *BlockView) InScript(i int) []byte {
	in := &v.Ins[i]
	return v.cut(in.Script, in.ScriptLen)
}

// cut returns bytes whose capacity ends with them, so that an append by their
// reader cannot write into the block.
func (v *BlockView) cut(at, size uint32) []byte { return v.raw[at : at+size : at+size] }

// Prev returns the outpoint that Ins[i] spends.
func (v *BlockView) Prev(i int) Outpoint {
	b := v.raw[v.Ins[i].Prev:]
	return Outpoint{TxID(b[:32]), binary.LittleEndian.Uint32(b[32:])}
}

// AppendWitness appends the witness items of Ins[i] to dst, none where it has
// none. The items alias the raw bytes; with a dst that is used again it does not
// allocate.
func (v *BlockView) AppendWitness(dst [][]byte, i int) [][]byte {
	p := int(v.Ins[i].Witness)
	if p == 0 {
		return dst
	}
	// Decode has been over these bytes: none of the lengths can fail.
	count, p, _ := compactSize(v.raw, p)
	for range count {
		size, next, _ := compactSize(v.raw, p)
		p = next + int(size)
		dst = append(dst, v.raw[next:p:p])
	}
	return dst
}

// Tx builds the i-th transaction. Its scripts alias the raw bytes. Owners of
// inputs are inferred from what unlocks them (OwnerUnlocking); values are
// unknown; Block is ref with Pos set to i.
func (v *BlockView) Tx(i int, net Network, ref BlockRef) *Tx {
	ref.Pos = int32(i)
	ref.Known |= KnownPos
	t, _ := v.tx(i, net, ref, &Beyond{}) // it cannot fail on its own
	return t
}

// TxWith builds the i-th transaction, which says that it stands in ref, as
// [BlockView.BlockWith] does: it shares no memory with others.
func (v *BlockView) TxWith(i int, net Network, ref BlockRef, b Beyond) (*Tx, error) {
	return v.tx(i, net, ref, &b)
}

func (v *BlockView) tx(i int, net Network, ref BlockRef, b *Beyond) (*Tx, error) {
	x := &v.Txs[i]
	t := &Tx{Inputs: make([]Input, x.InTo-x.InFrom), Outputs: make([]Output, x.OutTo-x.OutFrom)}
	_, err := v.build(t, i, net, ref, b, make([][]byte, 0, v.witnessItems(x)))
	return t, err
}

// fill sets everything but addresses and values of inputs. The witnesses are
// appended to a slice that has room for them, and the longer slice is returned.
func (v *BlockView) fill(t *Tx, i int, ref BlockRef, id TxID, witnesses [][]byte) [][]byte {
	x := &v.Txs[i]
	size := int32(x.End - x.Start)
	base := size
	if x.WitFrom != 0 {
		base = int32(x.WitFrom-x.Start) - 2 + 4
	}
	t.ID, t.Version, t.LockTime, t.Block = id, x.Version, x.LockTime, ref
	t.Size, t.Weight = size, 3*base+size
	for j := range t.Inputs {
		k := int(x.InFrom) + j
		in := &t.Inputs[j]
		in.Prev, in.Sequence, in.Script = v.Prev(k), v.Ins[k].Sequence, v.InScript(k)
		from := len(witnesses)
		witnesses = v.AppendWitness(witnesses, k)
		if len(witnesses) > from {
			in.Witness = witnesses[from:len(witnesses):len(witnesses)]
		}
		if !in.Prev.Null() { // a coinbase signs nothing
			in.SigHash = SigHashOf(in.Script, in.Witness)
		}
	}
	for j := range t.Outputs {
		k := int(x.OutFrom) + j
		out := &t.Outputs[j]
		out.Value, out.Script = v.Outs[k].Value, v.OutScript(k)
	}
	return witnesses
}

// infer sets the owner to what the unlocking script tells.
func (in *Input) infer(net Network) {
	if in.Prev.Null() {
		return // a coinbase unlocks nothing
	}
	if owner, ok := UnlockingOwner(in.Script, in.Witness, net); ok {
		in.Owner, in.OwnerBy = owner, OwnerUnlocking
	}
}

// witnessItems counts the witness items of all inputs of a transaction.
func (v *BlockView) witnessItems(x *TxView) (n int) {
	if x.WitFrom == 0 {
		return 0
	}
	for k := x.InFrom; k < x.InTo; k++ {
		count, _, _ := compactSize(v.raw, int(v.Ins[k].Witness))
		n += int(count)
	}
	return n
}

// Beyond is what a source knows of a block beyond its bytes. Its zero value is
// nothing.
type Beyond struct {
	// IDs are those of the transactions, in their order, where they need not
	// be computed again.
	IDs []TxID
	// Spent tells value and owner of the output that an input spends; ok is
	// false where it is not known. It is called in order for each input but the
	// coinbase's, with the input's place in Ins. An error ends the work.
	Spent func(in int, prev *Outpoint) (value Amount, owner Address, ok bool, err error)
}

// BlockWith builds the whole block with all its transactions, which say that
// they stand in ref. Owners are inferred for the inputs of which b does not tell
// more. The only errors are those of b. The transactions share their memory, so
// that who keeps one keeps all.
func (v *BlockView) BlockWith(net Network, ref BlockRef, b Beyond) (*Block, error) {
	n := len(v.Txs)
	items := 0
	for i := range v.Txs {
		items += v.witnessItems(&v.Txs[i])
	}
	blk := &Block{Header: v.Header, Ref: ref, Txs: make([]*Tx, n)}
	txs, ins, outs := make([]Tx, n), make([]Input, len(v.Ins)), make([]Output, len(v.Outs))
	witnesses := make([][]byte, 0, items)
	ref.Known |= KnownPos
	for i := range txs {
		x, t := &v.Txs[i], &txs[i]
		t.Inputs = ins[x.InFrom:x.InTo:x.InTo]
		t.Outputs = outs[x.OutFrom:x.OutTo:x.OutTo]
		ref.Pos = int32(i)
		var err error
		if witnesses, err = v.build(t, i, net, ref, &b, witnesses); err != nil {
			return nil, err
		}
		blk.Txs[i] = t
	}
	return blk, nil
}

// build sets everything of a transaction that has room for its inputs and
// outputs. See fill for the witnesses.
func (v *BlockView) build(t *Tx, i int, net Network, ref BlockRef, b *Beyond, witnesses [][]byte) ([][]byte, error) {
	var id TxID
	if b.IDs != nil {
		id = b.IDs[i]
	} else {
		id = v.TxID(i)
	}
	witnesses = v.fill(t, i, ref, id, witnesses)
	for j := range t.Inputs {
		in := &t.Inputs[j]
		if b.Spent != nil && !in.Prev.Null() {
			value, owner, ok, err := b.Spent(int(v.Txs[i].InFrom)+j, &in.Prev)
			if err != nil {
				return witnesses, err
			}
			if ok {
				in.Value, in.ValueKnown, in.Owner, in.OwnerBy = value, true, owner, OwnerPrevout
				continue
			}
		}
		in.infer(net)
	}
	for j := range t.Outputs {
		out := &t.Outputs[j]
		out.Owner = AddressOf(out.Script, net)
	}
	return witnesses, nil
}

// Block builds the whole block with all its transactions. They share their
// memory, so that who keeps one keeps all.
func (v *BlockView) Block(net Network) *Block {
	blk, _ := v.BlockWith(net, v.Ref(net), Beyond{}) // it cannot fail on its own
	return blk
}
