package model

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Ref names an entity of a ledger: a transaction, an output, an input, an
// address or a block. It is a comparable value, so it serves as a map key. The
// zero value names nothing. There is no reference to a cluster, because
// clusters change with the scope of a run: name one by one of its addresses.
//
// Its text is "kind:id", its JSON an object with the kind as its one key, such
// as {"address":"1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}.
type Ref struct {
	kind RefKind
	data [36]byte
}

// RefKind is the kind of entity that a [Ref] names.
type RefKind uint8

// Kinds of [Ref].
const (
	KindNone RefKind = iota
	KindTx
	KindOutpoint
	KindInpoint
	KindAddress
	KindBlock
)

var refKinds = [...]string{"none", "tx", "outpoint", "inpoint", "address", "block"}

// String returns the kind's key in JSON: tx, outpoint, inpoint, address, block.
func (k RefKind) String() string {
	if int(k) >= len(refKinds) {
		return fmt.Sprintf("refkind(%d)", uint8(k))
	}
	return refKinds[k]
}

// RefTx names a transaction.
func RefTx(id TxID) Ref {
	r := Ref{kind: KindTx}
	copy(r.data[:], id[:])
	return r
}

// RefBlock names a block.
func RefBlock(h BlockHash) Ref {
	r := Ref{kind: KindBlock}
	copy(r.data[:], h[:])
	return r
}

// RefOutpoint names an output.
func RefOutpoint(o Outpoint) Ref { return refPoint(KindOutpoint, o.Tx, o.Vout) }

// RefInpoint names an input.
func RefInpoint(i Inpoint) Ref { return refPoint(KindInpoint, i.Tx, i.Vin) }

func refPoint(k RefKind, id TxID, n uint32) Ref {
	r := Ref{kind: k}
	copy(r.data[:], id[:])
	binary.BigEndian.PutUint32(r.data[32:], n)
	return r
}

// RefAddress names an address, and with it the locking script that it stands
// for. The reference to no address is the zero Ref.
func RefAddress(a Address) Ref {
	if a.IsZero() {
		return Ref{}
	}
	r := Ref{kind: KindAddress}
	r.data[0], r.data[1], r.data[2], r.data[3] = byte(a.net), byte(a.kind), a.ver, a.n
	copy(r.data[4:], a.data[:])
	return r
}

// Kind returns what r names; KindNone for the zero value.
func (r Ref) Kind() RefKind { return r.kind }

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// Tx returns the transaction that r names, or the one that holds the output or
// input that it names.
func (r Ref) Tx() (TxID, bool) {
	switch r.kind {
	case KindTx, KindOutpoint, KindInpoint:
		return TxID(r.data[:32]), true
	}
	return TxID{}, false
}

// Outpoint returns the output that r names.
func (r Ref) Outpoint() (Outpoint, bool) {
	if r.kind != KindOutpoint {
		return Outpoint{}, false
	}
	return Outpoint{TxID(r.data[:32]), binary.BigEndian.Uint32(r.data[32:])}, true
}

// Inpoint returns the input that r names.
func (r Ref) Inpoint() (Inpoint, bool) {
	if r.kind != KindInpoint {
		return Inpoint{}, false
	}
	return Inpoint{TxID(r.data[:32]), binary.BigEndian.Uint32(r.data[32:])}, true
}

// Address returns the address that r names.
func (r Ref) Address() (Address, bool) {
	if r.kind != KindAddress {
		return Address{}, false
	}
	return Address{net: Network(r.data[0]), kind: ScriptKind(r.data[1]), ver: r.data[2], n: r.data[3], data: [32]byte(r.data[4:])}, true
}

// Block returns the block that r names.
func (r Ref) Block() (BlockHash, bool) {
	if r.kind != KindBlock {
		return BlockHash{}, false
	}
	return BlockHash(r.data[:32]), true
}

// Compare orders references by kind, then bytes; it returns -1, 0 or +1. The
// order has no meaning beyond being the same everywhere.
func (r Ref) Compare(o Ref) int {
	if r.kind != o.kind {
		return cmp.Compare(r.kind, o.kind)
	}
	return bytes.Compare(r.data[:], o.data[:])
}

// ID returns the text of what r names, without its kind.
func (r Ref) ID() string {
	switch r.kind {
	case KindTx:
		return TxID(r.data[:32]).String()
	case KindBlock:
		return BlockHash(r.data[:32]).String()
	case KindOutpoint, KindInpoint:
		return pointText(TxID(r.data[:32]), binary.BigEndian.Uint32(r.data[32:]))
	case KindAddress:
		a, _ := r.Address()
		return a.String()
	}
	return ""
}

// String returns "kind:id", such as "tx:4a5e...", and nothing for the zero
// value.
func (r Ref) String() string {
	if r.kind == KindNone {
		return ""
	}
	return r.kind.String() + ":" + r.ID()
}

// ParseRef reads what [Ref.String] writes. The network tells to which one an
// address belongs.
func ParseRef(s string, net Network) (Ref, error) {
	if s == "" {
		return Ref{}, nil
	}
	kind, id, ok := strings.Cut(s, ":")
	if !ok {
		return Ref{}, fmt.Errorf("reference %q: want kind:id", clip(s))
	}
	return parseRef(kind, id, func(s string) (Address, error) { return ParseAddress(s, net) })
}

func parseRef(kind, id string, address func(string) (Address, error)) (Ref, error) {
	switch kind {
	case "tx":
		return refOf(id, ParseTxID, RefTx)
	case "block":
		return refOf(id, ParseBlockHash, RefBlock)
	case "outpoint":
		return refOf(id, ParseOutpoint, RefOutpoint)
	case "inpoint":
		return refOf(id, ParseInpoint, RefInpoint)
	case "address":
		if id == "" {
			return Ref{}, errors.New("reference: an address without text")
		}
		return refOf(id, address, RefAddress)
	}
	return Ref{}, fmt.Errorf("reference: kind %q is not tx, outpoint, inpoint, address or block", clip(kind))
}

func refOf[T any](id string, parse func(string) (T, error), ref func(T) Ref) (Ref, error) {
	v, err := parse(id)
	if err != nil {
		return Ref{}, err
	}
	return ref(v), nil
}

// Equal reports whether both name the same; it is ==, for packages that compare
// values by reflection.
func (r Ref) Equal(o Ref) bool { return r == o }

// MarshalJSON writes an object with one key, or null for the zero value.
func (r Ref) MarshalJSON() ([]byte, error) {
	if r.kind == KindNone {
		return []byte("null"), nil
	}
	return json.Marshal(map[string]string{r.kind.String(): r.ID()})
}

// UnmarshalJSON reads what MarshalJSON writes. An address reads as
// [Address.UnmarshalText] says; [Finding.UnmarshalJSON] corrects its network.
func (r *Ref) UnmarshalJSON(b []byte) error {
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	if m == nil {
		*r = Ref{}
		return nil
	}
	if len(m) != 1 {
		return fmt.Errorf("reference: %d keys, want one", len(m))
	}
	for kind, id := range m {
		v, err := parseRef(kind, id, func(s string) (a Address, err error) {
			err = a.UnmarshalText([]byte(s))
			return a, err
		})
		if err != nil {
			return err
		}
		*r = v
	}
	return nil
}

// on returns r with an address moved to the network.
func (r Ref) on(net Network) Ref {
	if r.kind == KindAddress {
		r.data[0] = byte(net)
	}
	return r
}
