package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// owner is a symbolic owner: a name, with its number where it has one, and the
// form of the script that locks its outputs.
type owner struct {
	name string
	kind model.ScriptKind
}

// The names that have a meaning of their own.
const (
	outside      = "outside" // whoever owned what "new" spends
	defaultMiner = "miner"   // whom coinbases pay that the ledger adds
)

const defaultKind = model.P2WPKH

var ownerKinds = []model.ScriptKind{
	model.P2PKH, model.P2SH, model.P2WPKH, model.P2WSH, model.P2TR, model.P2PK, model.Multisig,
}

// String returns the owner as the language writes it: without the kind where
// it is the default.
func (o owner) String() string {
	if o.kind == defaultKind {
		return o.name
	}
	return o.name + ":" + o.kind.String()
}

// parseOwner reads NAME, NAME#N, NAME:KIND or NAME#N:KIND.
func parseOwner(s string) (owner, error) {
	name, kind, err := splitKind(s)
	if err != nil {
		return owner{}, err
	}
	base, number, numbered := strings.Cut(name, "#")
	if !isName(base) {
		return owner{}, fmt.Errorf("owner %q: want a name of letters, digits, _ and -", clip(s))
	}
	if numbered {
		if _, err := parseOwnerNumber(number); err != nil {
			return owner{}, fmt.Errorf("owner %q: %w", clip(s), err)
		}
	}
	return owner{name, kind}, nil
}

func splitKind(s string) (name string, kind model.ScriptKind, err error) {
	name, text, ok := strings.Cut(s, ":")
	if !ok {
		return name, defaultKind, nil
	}
	for _, k := range ownerKinds {
		if k.String() == text {
			return name, k, nil
		}
	}
	return "", 0, fmt.Errorf("owner %q: kind %q is not p2pkh, p2sh, p2wpkh, p2wsh, p2tr, p2pk or multisig", clip(s), clip(text))
}

func parseOwnerNumber(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("number %q after # is not a plain number", clip(s))
	}
	return int(n), nil
}

// isName reports whether s is a name: [A-Za-z_][A-Za-z0-9_-]*.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return s != ""
}

// key returns the owner's public key: the right form, and a hash of the name in
// place of a point, so that nobody can know a private key to it.
func (o owner) key() []byte {
	h := sha256.Sum256([]byte("goldwash ledger owner " + o.name))
	return append([]byte{2}, h[:]...)
}

// secondKey is the other key of a 1-of-2 multisig.
func (o owner) secondKey() []byte {
	h := sha256.Sum256([]byte("goldwash ledger second key " + o.name))
	return append([]byte{3}, h[:]...)
}

const (
	opDup           = 0x76
	opEqual         = 0x87
	opEqualVerify   = 0x88
	opHash160       = 0xa9
	opCheckSig      = 0xac
	opCheckMultisig = 0xae
	opReturn        = 0x6a
	op0             = 0x00
	op1             = 0x51
	op2             = 0x52
)

// script returns the script that locks the owner's outputs.
func (o owner) script() []byte {
	key := o.key()
	switch o.kind {
	case model.P2PK:
		return append(push(nil, key), opCheckSig)
	case model.P2PKH:
		h := model.Hash160(key)
		return append(push([]byte{opDup, opHash160}, h[:]), opEqualVerify, opCheckSig)
	case model.P2SH:
		h := model.Hash160(o.witnessProgram())
		return append(push([]byte{opHash160}, h[:]), opEqual)
	case model.P2WSH:
		h := sha256.Sum256(o.witnessScript())
		return push([]byte{op0}, h[:])
	case model.P2TR:
		return push([]byte{op1}, key[1:])
	case model.Multisig:
		return append(push(push([]byte{op1}, key), o.secondKey()), op2, opCheckMultisig)
	}
	return o.witnessProgram()
}

// witnessProgram is P2WPKH, and the redeem script of P2SH.
func (o owner) witnessProgram() []byte {
	h := model.Hash160(o.key())
	return push([]byte{op0}, h[:])
}

func (o owner) witnessScript() []byte { return append(push(nil, o.key()), opCheckSig) }

// unlock returns what an input shows that spends the owner's output: in form,
// what the network would demand, with a signature that is none.
func (o owner) unlock(prev model.Outpoint, sig sigType) (script []byte, witness [][]byte) {
	switch o.kind {
	case model.P2PK:
		return push(nil, ecdsa(prev, sig)), nil
	case model.P2PKH:
		return push(push(nil, ecdsa(prev, sig)), o.key()), nil
	case model.P2SH:
		return push(nil, o.witnessProgram()), [][]byte{ecdsa(prev, sig), o.key()}
	case model.P2WSH:
		return nil, [][]byte{ecdsa(prev, sig), o.witnessScript()}
	case model.P2TR:
		return nil, [][]byte{schnorr(prev, sig)}
	case model.Multisig:
		return push([]byte{op0}, ecdsa(prev, sig)), nil
	}
	return nil, [][]byte{ecdsa(prev, sig), o.key()}
}

// tells reports whether what unlocks the owner's outputs tells whose they are.
func (o owner) tells() bool {
	switch o.kind {
	case model.P2PKH, model.P2SH, model.P2WPKH, model.P2WSH:
		return true
	}
	return false
}

// sigType is the type byte of a signature; 0 where none is stated, which is
// DEFAULT for taproot and ALL for the others.
type sigType byte

const (
	sigUnstated sigType = 0
	sigDefault  sigType = 0xff // stated as DEFAULT
)

// parseSigType reads ALL, NONE, SINGLE, DEFAULT or ANYONECANPAY, or one of the
// first three with |ANYONECANPAY.
func parseSigType(s string) (sigType, error) {
	var t sigType
	for _, name := range strings.Split(s, "|") {
		var flag sigType
		switch name {
		case "ALL":
			flag = 1
		case "NONE":
			flag = 2
		case "SINGLE":
			flag = 3
		case "DEFAULT":
			flag = sigDefault
		case "ANYONECANPAY":
			flag = 0x80
		default:
			return 0, fmt.Errorf("signature type %q: want ALL, NONE, SINGLE, ANYONECANPAY or DEFAULT", clip(s))
		}
		if flag == sigDefault && t != 0 || t == sigDefault || flag == 0x80 && t&0x80 != 0 || flag < 0x80 && t&0x7f != 0 {
			return 0, fmt.Errorf("signature type %q: these do not go together", clip(s))
		}
		t |= flag
	}
	if t == 0x80 {
		t |= 1
	}
	return t, nil
}

// flags returns what model.SigHashOf reads off a signature of the type.
func (t sigType) flags() (f model.SigHash) {
	if t == sigUnstated || t == sigDefault {
		return model.SigAll
	}
	switch t & 0x7f {
	case 1:
		f = model.SigAll
	case 2:
		f = model.SigNone
	case 3:
		f = model.SigSingle
	}
	if t&0x80 != 0 {
		f |= model.SigAnyoneCanPay
	}
	return f
}

// ecdsa returns 71 bytes in the form of a DER signature with its type, which
// follow from the outpoint.
func ecdsa(prev model.Outpoint, t sigType) []byte {
	if t == sigUnstated {
		t = 1
	}
	r, s := noise(prev, 'r'), noise(prev, 's')
	b := append([]byte{0x30, 0x44, 0x02, 0x20}, r[:]...)
	b = append(b, 0x02, 0x20)
	b = append(b, s[:]...)
	return append(b, byte(t))
}

// schnorr returns bytes in the form of a taproot signature: 64, and the type
// where one is stated that is not DEFAULT.
func schnorr(prev model.Outpoint, t sigType) []byte {
	r, s := noise(prev, 'r'), noise(prev, 's')
	b := append(r[:], s[:]...)
	if t != sigUnstated && t != sigDefault {
		b = append(b, byte(t))
	}
	return b
}

// noise returns 32 bytes that are a positive number without leading zeros, as
// DER demands.
func noise(prev model.Outpoint, half byte) [32]byte {
	b := append([]byte("goldwash ledger signature "), half)
	b = append(b, prev.Tx[:]...)
	h := sha256.Sum256(binary.LittleEndian.AppendUint32(b, prev.Vout))
	h[0] = h[0]&0x7f | 1
	return h
}

// push appends a push of the data.
func push(b, data []byte) []byte {
	switch n := len(data); {
	case n < 0x4c:
		b = append(b, byte(n))
	case n <= 0xff:
		b = append(b, 0x4c, byte(n))
	case n <= 0xffff:
		b = binary.LittleEndian.AppendUint16(append(b, 0x4d), uint16(n))
	default:
		b = binary.LittleEndian.AppendUint32(append(b, 0x4e), uint32(n))
	}
	return append(b, data...)
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}
