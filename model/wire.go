package model

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Limits on what the parser accepts, by consensus.
const (
	MaxBlockSize = 4_000_000 // bytes of a serialised block with witnesses
)

const (
	headerSize = 80
	minInput   = 36 + 1 + 4
	minOutput  = 8 + 1
	minTx      = 4 + 1 + minInput + 1 + minOutput + 4
)

// Decode parses a block, all of raw, which the view keeps and which must not
// change while the view is in use. Errors are [*DecodeError] and say what is
// wrong at which offset: truncation, a count that cannot fit in what is left, a
// non-canonical length, trailing bytes, a missing or second coinbase, a value
// out of range, a block beyond MaxBlockSize. Nothing is checked that needs more
// than the form: neither the proof of work nor the Merkle root, nor any script
// or signature. Bytes that follow a whole block give [ErrTrailing]. The view is
// empty after an error. Decode does not allocate once
// its slices have grown to the size of the blocks.
func (v *BlockView) Decode(raw []byte) error {
	v.reset()
	if err := v.decode(raw); err != nil {
		v.reset()
		return err
	}
	return nil
}

func (v *BlockView) reset() {
	v.Header, v.raw = BlockHeader{}, nil
	v.Txs, v.Ins, v.Outs = v.Txs[:0], v.Ins[:0], v.Outs[:0]
}

func (v *BlockView) decode(raw []byte) error {
	if len(raw) > MaxBlockSize {
		return &DecodeError{0, "block", fmt.Errorf("%d bytes, more than %d", len(raw), MaxBlockSize)}
	}
	v.raw = raw
	if len(raw) < headerSize {
		return truncated(0, "block header")
	}
	v.Header = decodeHeader(raw)
	count, p, bad := compactSize(raw, headerSize)
	if bad != nil {
		return &DecodeError{headerSize, "transaction count", bad}
	}
	if count > uint64(len(raw)-p)/minTx {
		return tooMany(headerSize, "transaction count", count, len(raw)-p)
	}
	if count == 0 {
		return &DecodeError{headerSize, "transaction count", errNoCoinbase}
	}
	v.Txs = slices.Grow(v.Txs, int(count))
	for i := range int(count) {
		end, err := v.decodeTx(p)
		if err != nil {
			err.inTx(i)
			return err
		}
		tx := &v.Txs[i]
		switch null := v.spendsNull(tx); {
		case i == 0 && (!null || tx.InTo-tx.InFrom != 1):
			return &DecodeError{p, "transaction 0", errNoCoinbase}
		case i > 0 && null:
			return &DecodeError{p, fmt.Sprintf("transaction %d", i), errNullPrevout}
		}
		p = end
	}
	if p != len(raw) {
		return trailing(p, "end of block", len(raw)-p)
	}
	return nil
}

func decodeHeader(b []byte) BlockHeader {
	_ = b[headerSize-1]
	return BlockHeader{
		Version:    int32(binary.LittleEndian.Uint32(b)),
		Prev:       BlockHash(b[4:36]),
		MerkleRoot: [32]byte(b[36:68]),
		Time:       binary.LittleEndian.Uint32(b[68:]),
		Bits:       binary.LittleEndian.Uint32(b[72:]),
		Nonce:      binary.LittleEndian.Uint32(b[76:]),
	}
}

// decodeTx parses the transaction at p, appends it to the view and returns
// where it ends.
func (v *BlockView) decodeTx(p int) (end int, _ *DecodeError) {
	raw := v.raw
	tx := TxView{Start: uint32(p), InFrom: uint32(len(v.Ins)), OutFrom: uint32(len(v.Outs))}
	if len(raw)-p < 4 {
		return 0, truncated(p, "version")
	}
	tx.Version = int32(binary.LittleEndian.Uint32(raw[p:]))
	p += 4

	// A count of no inputs is the marker of BIP 144, and a flag follows.
	segwit := false
	if len(raw)-p >= 1 && raw[p] == 0 {
		switch {
		case len(raw)-p < 2:
			return 0, truncated(p+1, "segwit flag")
		case raw[p+1] == 0:
			return 0, &DecodeError{p, "input count", errNoInputs}
		case raw[p+1] != 1:
			return 0, &DecodeError{p + 1, "segwit flag", fmt.Errorf("%#02x, want 0x01", raw[p+1])}
		}
		segwit = true
		p += 2
	}

	count, next, bad := compactSize(raw, p)
	if bad != nil {
		return 0, &DecodeError{p, "input count", bad}
	}
	if count == 0 {
		return 0, &DecodeError{p, "input count", errNoInputs}
	}
	if count > uint64(len(raw)-next)/minInput {
		return 0, tooMany(p, "input count", count, len(raw)-next)
	}
	p = next
	ins := slices.Grow(v.Ins, int(count))
	for i := range int(count) {
		if len(raw)-p < 37 {
			if len(raw)-p < 36 {
				return 0, truncated(p, "outpoint of input", i)
			}
			return 0, truncated(p+36, "script length of input", i)
		}
		in := InView{Prev: uint32(p)}
		size := int(raw[p+36])
		p += 37
		if size >= 0xfd {
			n, next, bad := compactSize(raw, p-1)
			if bad != nil {
				return 0, (&DecodeError{p - 1, "script length of input", bad}).item(i)
			}
			size, p = int(min(n, MaxBlockSize)), next
		}
		if len(raw)-p < size+4 {
			if len(raw)-p < size {
				return 0, truncated(p, "script of input", i)
			}
			return 0, truncated(p+size, "sequence of input", i)
		}
		in.Script, in.ScriptLen = uint32(p), uint32(size)
		p += size
		in.Sequence = binary.LittleEndian.Uint32(raw[p:])
		p += 4
		ins = append(ins, in)
	}
	v.Ins = ins
	tx.InTo = uint32(len(ins))

	count, next, bad = compactSize(raw, p)
	if bad != nil {
		return 0, &DecodeError{p, "output count", bad}
	}
	if count == 0 {
		return 0, &DecodeError{p, "output count", errNoOutputs}
	}
	if count > uint64(len(raw)-next)/minOutput {
		return 0, tooMany(p, "output count", count, len(raw)-next)
	}
	p = next
	outs := slices.Grow(v.Outs, int(count))
	sum := uint64(0)
	for i := range int(count) {
		if len(raw)-p < 9 {
			if len(raw)-p < 8 {
				return 0, truncated(p, "value of output", i)
			}
			return 0, truncated(p+8, "script length of output", i)
		}
		value := binary.LittleEndian.Uint64(raw[p:])
		// No sum of two values in range can wrap.
		if sum += value; value > uint64(MaxMoney) || sum > uint64(MaxMoney) {
			return 0, badValue(p, i, value)
		}
		size := int(raw[p+8])
		p += 9
		if size >= 0xfd {
			n, next, bad := compactSize(raw, p-1)
			if bad != nil {
				return 0, (&DecodeError{p - 1, "script length of output", bad}).item(i)
			}
			size, p = int(min(n, MaxBlockSize)), next
		}
		if len(raw)-p < size {
			return 0, truncated(p, "script of output", i)
		}
		outs = append(outs, OutView{Value: Amount(value), Script: uint32(p), ScriptLen: uint32(size)})
		p += size
	}
	v.Outs = outs
	tx.OutTo = uint32(len(outs))

	if segwit {
		tx.WitFrom = uint32(p)
		var err *DecodeError
		if p, err = skipWitnesses(raw, p, ins[tx.InFrom:]); err != nil {
			return 0, err
		}
	}
	if len(raw)-p < 4 {
		return 0, truncated(p, "lock time")
	}
	tx.LockTime = binary.LittleEndian.Uint32(raw[p:])
	p += 4
	tx.End = uint32(p)
	v.Txs = append(v.Txs, tx)
	return p, nil
}

// skipWitnesses passes over one witness for each input and notes where each
// begins.
func skipWitnesses(raw []byte, p int, ins []InView) (end int, _ *DecodeError) {
	from, any := p, false
	for i := range ins {
		ins[i].Witness = uint32(p)
		if p >= len(raw) {
			return 0, truncated(p, "witness count of input", i)
		}
		count, next := uint64(raw[p]), p+1
		if count >= 0xfd {
			var bad error
			if count, next, bad = compactSize(raw, p); bad != nil {
				return 0, (&DecodeError{p, "witness count of input", bad}).item(i)
			}
		}
		if count > uint64(len(raw)-next) {
			return 0, tooMany(p, "witness count of input", count, len(raw)-next).item(i)
		}
		p = next
		any = any || count > 0
		for range count {
			if p >= len(raw) {
				return 0, truncated(p, "witness item length of input", i)
			}
			size := int(raw[p])
			next := p + 1
			if size >= 0xfd {
				n, after, bad := compactSize(raw, p)
				if bad != nil {
					return 0, (&DecodeError{p, "witness item length of input", bad}).item(i)
				}
				size, next = int(min(n, MaxBlockSize)), after
			}
			if len(raw)-next < size {
				return 0, truncated(next, "witness item of input", i)
			}
			p = next + size
		}
	}
	if !any {
		return 0, &DecodeError{from, "witnesses", errNoWitness}
	}
	return p, nil
}

// compactSize reads the length or count at p. The caller names what it is.
func compactSize(raw []byte, p int) (n uint64, next int, bad error) {
	if p >= len(raw) {
		return 0, 0, io.ErrUnexpectedEOF
	}
	b := raw[p+1:]
	var least uint64
	switch first := raw[p]; first {
	default:
		return uint64(first), p + 1, nil
	case 0xfd:
		if len(b) < 2 {
			return 0, 0, io.ErrUnexpectedEOF
		}
		n, next, least = uint64(binary.LittleEndian.Uint16(b)), p+3, 0xfd
	case 0xfe:
		if len(b) < 4 {
			return 0, 0, io.ErrUnexpectedEOF
		}
		n, next, least = uint64(binary.LittleEndian.Uint32(b)), p+5, 1<<16
	case 0xff:
		if len(b) < 8 {
			return 0, 0, io.ErrUnexpectedEOF
		}
		n, next, least = binary.LittleEndian.Uint64(b), p+9, 1<<32
	}
	if n < least {
		return 0, 0, fmt.Errorf("%w: %d in %d bytes", errNotCanonical, n, next-p)
	}
	return n, next, nil
}

// spendsNull reports whether any input of the transaction spends the null
// outpoint, which only the one input of a coinbase may do.
func (v *BlockView) spendsNull(tx *TxView) bool {
	for i := tx.InFrom; i < tx.InTo; i++ {
		at := v.Ins[i].Prev
		if binary.LittleEndian.Uint32(v.raw[at+32:]) == 1<<32-1 && [32]byte(v.raw[at:]) == [32]byte{} {
			return true
		}
	}
	return false
}

// DecodeBlock parses a block into its rich form, all of raw, with the errors of
// [BlockView.Decode]. What is known of its place on the chain is what
// [BlockView.Ref] says. The result aliases raw.
func DecodeBlock(raw []byte, net Network) (*Block, error) {
	var v BlockView
	if err := v.Decode(raw); err != nil {
		return nil, err
	}
	return v.Block(net), nil
}

// DecodeTx parses one transaction, all of raw, with the errors of
// [BlockView.Decode]. The result aliases raw.
func DecodeTx(raw []byte, net Network) (*Tx, error) {
	var v BlockView
	if err := v.DecodeTx(raw); err != nil {
		return nil, err
	}
	return v.tx(0, net, BlockRef{}, &Beyond{})
}

// DecodeTx parses one transaction, all of raw, with the errors of
// [BlockView.Decode], as if it were a block without a header. It does not allocate
// once its slices have grown to the size of the transactions.
func (v *BlockView) DecodeTx(raw []byte) error {
	v.reset()
	if len(raw) > MaxBlockSize {
		return &DecodeError{0, "transaction", fmt.Errorf("%d bytes, more than %d", len(raw), MaxBlockSize)}
	}
	v.raw = raw
	end, err := v.decodeTx(0)
	switch {
	case err != nil:
	case end != len(raw):
		v.reset()
		return trailing(end, "end of transaction", len(raw)-end)
	case len(v.Ins) > 1 && v.spendsNull(&v.Txs[0]):
		err = &DecodeError{0, "transaction", errNullPrevout}
	default:
		return nil
	}
	v.reset()
	return err
}
