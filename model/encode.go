package model

import (
	"encoding/binary"
	"slices"
)

// AppendTx appends the serialisation of t, with witnesses where any input has
// one (BIP 144).
func AppendTx(b []byte, t *Tx) []byte {
	return appendTx(b, t, slices.ContainsFunc(t.Inputs, func(in Input) bool { return len(in.Witness) > 0 }))
}

func appendTx(b []byte, t *Tx, segwit bool) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(t.Version))
	if segwit {
		b = append(b, 0, 1)
	}
	b = appendCompactSize(b, len(t.Inputs))
	for i := range t.Inputs {
		in := &t.Inputs[i]
		b = append(b, in.Prev.Tx[:]...)
		b = binary.LittleEndian.AppendUint32(b, in.Prev.Vout)
		b = appendBytes(b, in.Script)
		b = binary.LittleEndian.AppendUint32(b, in.Sequence)
	}
	b = appendCompactSize(b, len(t.Outputs))
	for i := range t.Outputs {
		b = binary.LittleEndian.AppendUint64(b, uint64(t.Outputs[i].Value))
		b = appendBytes(b, t.Outputs[i].Script)
	}
	if segwit {
		for i := range t.Inputs {
			b = appendCompactSize(b, len(t.Inputs[i].Witness))
			for _, item := range t.Inputs[i].Witness {
				b = appendBytes(b, item)
			}
		}
	}
	return binary.LittleEndian.AppendUint32(b, t.LockTime)
}

func appendBytes(b, item []byte) []byte {
	return append(appendCompactSize(b, len(item)), item...)
}

func appendCompactSize(b []byte, size int) []byte {
	switch n := uint64(size); {
	case n < 0xfd:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	case n < 1<<32:
		return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
	default:
		return binary.LittleEndian.AppendUint64(append(b, 0xff), n)
	}
}

// AppendBlock appends the serialisation of a block.
func AppendBlock(b []byte, blk *Block) []byte {
	h := &blk.Header
	b = binary.LittleEndian.AppendUint32(b, uint32(h.Version))
	b = append(b, h.Prev[:]...)
	b = append(b, h.MerkleRoot[:]...)
	b = binary.LittleEndian.AppendUint32(b, h.Time)
	b = binary.LittleEndian.AppendUint32(b, h.Bits)
	b = binary.LittleEndian.AppendUint32(b, h.Nonce)
	b = appendCompactSize(b, len(blk.Txs))
	for _, t := range blk.Txs {
		b = AppendTx(b, t)
	}
	return b
}

// HashTx computes the transaction id of t from its fields.
func HashTx(t *Tx) TxID { return doubleSHA256(appendTx(nil, t, false)) }
