package model

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// TxID names a transaction: the double SHA-256 of its serialisation without
// witnesses, in the byte order of the hash function. Its text is the reversed
// hexadecimal that explorers show. It converts to and from btcd's
// chainhash.Hash by plain Go conversion. The zero value names no transaction;
// it stands as the previous transaction of a coinbase input.
type TxID [32]byte

// BlockHash names a block: the double SHA-256 of its 80-byte header, in the
// byte order of the hash function, with reversed hexadecimal as its text. The
// zero value names no block; it stands as the parent of a genesis block.
type BlockHash [32]byte

// String returns the 64 digits of reversed hexadecimal.
func (id TxID) String() string { return reversedHex(id) }

// String returns the 64 digits of reversed hexadecimal.
func (h BlockHash) String() string { return reversedHex(h) }

// ParseTxID reads 64 digits of reversed hexadecimal, in either case.
func ParseTxID(s string) (TxID, error) {
	h, err := parseReversedHex(s)
	if err != nil {
		return TxID{}, fmt.Errorf("txid %q: %w", clip(s), err)
	}
	return h, nil
}

// ParseBlockHash reads 64 digits of reversed hexadecimal, in either case.
func ParseBlockHash(s string) (BlockHash, error) {
	h, err := parseReversedHex(s)
	if err != nil {
		return BlockHash{}, fmt.Errorf("block hash %q: %w", clip(s), err)
	}
	return h, nil
}

// MarshalText returns the reversed hexadecimal.
func (id TxID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is [ParseTxID].
func (id *TxID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseTxID(string(b))
	return err
}

// MarshalText returns the reversed hexadecimal.
func (h BlockHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is [ParseBlockHash].
func (h *BlockHash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseBlockHash(string(b))
	return err
}

// Outpoint names an output: the transaction that made it and its index there
// (vout). Its text is "txid:vout".
type Outpoint struct {
	Tx   TxID
	Vout uint32
}

// Inpoint names an input: the transaction that holds it and its index there
// (vin). Its text is "txid:vin", so the kind of a point is never guessed from
// its text.
type Inpoint struct {
	Tx  TxID
	Vin uint32
}

// String returns "txid:vout".
func (o Outpoint) String() string { return pointText(o.Tx, o.Vout) }

// String returns "txid:vin".
func (i Inpoint) String() string { return pointText(i.Tx, i.Vin) }

// ParseOutpoint reads "txid:vout".
func ParseOutpoint(s string) (Outpoint, error) {
	tx, n, err := parsePoint(s)
	if err != nil {
		return Outpoint{}, fmt.Errorf("outpoint %q: %w", clip(s), err)
	}
	return Outpoint{tx, n}, nil
}

// ParseInpoint reads "txid:vin".
func ParseInpoint(s string) (Inpoint, error) {
	tx, n, err := parsePoint(s)
	if err != nil {
		return Inpoint{}, fmt.Errorf("inpoint %q: %w", clip(s), err)
	}
	return Inpoint{tx, n}, nil
}

// MarshalText returns "txid:vout".
func (o Outpoint) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText is [ParseOutpoint].
func (o *Outpoint) UnmarshalText(b []byte) (err error) {
	*o, err = ParseOutpoint(string(b))
	return err
}

// MarshalText returns "txid:vin".
func (i Inpoint) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText is [ParseInpoint].
func (i *Inpoint) UnmarshalText(b []byte) (err error) {
	*i, err = ParseInpoint(string(b))
	return err
}

// Null reports whether o is the outpoint that a coinbase input spends: no
// transaction, index 2^32-1.
func (o Outpoint) Null() bool { return o.Vout == 1<<32-1 && o.Tx == TxID{} }

// Digest is a SHA-256 of a canonical encoding. Its text is 64 digits of
// hexadecimal in plain (not reversed) order. The zero value means none.
type Digest [32]byte

// String returns 64 digits of hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads 64 digits of hexadecimal.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 64 {
		return d, fmt.Errorf("digest %q: %d digits, want 64", clip(s), len(s))
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("digest %q: %w", clip(s), err)
	}
	return d, nil
}

// MarshalText returns 64 digits of hexadecimal, or nothing for the zero value.
func (d Digest) MarshalText() ([]byte, error) {
	if d == (Digest{}) {
		return []byte{}, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Digest) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	*d, err = ParseDigest(string(b))
	return err
}

func reversedHex(h [32]byte) string {
	var out [64]byte
	const digits = "0123456789abcdef"
	for i, b := range h {
		out[62-2*i], out[63-2*i] = digits[b>>4], digits[b&15]
	}
	return string(out[:])
}

func parseReversedHex(s string) (h [32]byte, err error) {
	if len(s) != 64 {
		return h, fmt.Errorf("%d digits, want 64", len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return [32]byte{}, err
	}
	for i, j := 0, 31; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
	return h, nil
}

func pointText(tx TxID, n uint32) string {
	return tx.String() + ":" + strconv.FormatUint(uint64(n), 10)
}

func parsePoint(s string) (TxID, uint32, error) {
	id, idx, ok := strings.Cut(s, ":")
	if !ok {
		return TxID{}, 0, fmt.Errorf("want txid:index")
	}
	tx, err := ParseTxID(id)
	if err != nil {
		return TxID{}, 0, err
	}
	n, err := strconv.ParseUint(idx, 10, 32)
	if err != nil || (len(idx) > 1 && idx[0] == '0') || idx[0] == '+' {
		return TxID{}, 0, fmt.Errorf("index %q is not a number below 2^32", clip(idx))
	}
	return tx, uint32(n), nil
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}
