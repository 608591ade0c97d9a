package model

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Address identifies a locking script on a network. It is a comparable value
// of 36 bytes without padding, so it serves as a map key at no cost. It keys on
// the locking script: two addresses are equal exactly if their networks and
// scripts are (up to SHA-256 for the forms that have no address of their own).
//
// The zero value is no address. An address says who *can be paid*; whether one
// party controls it is for [Address.Ownable] and the heuristics to say.
type Address struct {
	net  Network
	kind ScriptKind
	ver  uint8 // witness version
	n    uint8 // length of the payload in data; 0 where data is the SHA-256 of the script
	data [32]byte
}

// emptyScript is the SHA-256 of no bytes.
var emptyScript = sha256.Sum256(nil)

// AddressOf returns the address of a locking script. The payload is the hash or
// witness program where the form has one of at most 32 bytes, else the SHA-256
// of the script. It does not allocate.
func AddressOf(script []byte, net Network) Address {
	s := Classify(script)
	a := Address{net: net, kind: s.Kind, ver: s.Version}
	switch s.Kind {
	case P2PKH, P2SH, P2WPKH:
		a.n = 20
		copy(a.data[:20], s.Payload)
		return a
	case P2TR, P2WSH:
		a.n = 32
		copy(a.data[:], s.Payload)
		return a
	case P2A, WitnessUnknown:
		if len(s.Payload) <= 32 {
			a.n = uint8(len(s.Payload))
			copy(a.data[:], s.Payload)
			return a
		}
	case ScriptEmpty:
		a.data = emptyScript
		return a
	}
	a.data = sha256.Sum256(script)
	return a
}

// addressOfHash is the address of a form with a payload of 20 bytes.
func addressOfHash(kind ScriptKind, h [20]byte, net Network) Address {
	a := Address{net: net, kind: kind, n: 20}
	copy(a.data[:], h[:])
	return a
}

// ParseAddress reads the text of an address on the given network: base58check,
// bech32 or bech32m as the script's form demands, or "script:<hex>" as
// [Address.String] writes it. Text that belongs to another network, has a bad
// checksum, mixes cases or is not canonical is an error that says which, and so
// is the empty text. Bech32 wholly in upper case is read, as BIP 173 demands.
func ParseAddress(s string, net Network) (Address, error) {
	p := net.params()
	t, err := readAddressText(s)
	switch {
	case err != nil:
	case t.form == textBech32 && t.hrp != p.hrp:
		err = fmt.Errorf("prefix %q belongs to %s", clip(t.hrp), networksNamed(func(p *networkParams) bool { return p.hrp == t.hrp }))
	case t.form == textBase58 && t.version != p.p2pkh && t.version != p.p2sh:
		err = fmt.Errorf("version byte %#02x belongs to %s", t.version, networksNamed(t.versionOf))
	default:
		return t.address(net), nil
	}
	return Address{}, fmt.Errorf("address %q on %s: %w", clip(s), net, err)
}

// Network returns the address's network; Mainnet for the zero value.
func (a Address) Network() Network { return a.net }

// Kind returns the form of the locking script.
func (a Address) Kind() ScriptKind { return a.kind }

// IsZero reports whether a is no address.
func (a Address) IsZero() bool { return a == Address{} }

// Ownable reports whether equal addresses speak of one controller: the script
// demands a key or a secret. It is false for the zero value, empty and
// non-standard scripts, null data, pay-to-anchor and witness programs without
// meaning yet, which anyone may use.
func (a Address) Ownable() bool {
	switch a.kind {
	case P2PK, P2PKH, P2SH, P2WPKH, P2WSH, P2TR, Multisig:
		return true
	}
	return false
}

const scriptText = "script:"

// String returns the text that wallets show, in full: base58check for P2PKH and
// P2SH, bech32 for witness version 0, bech32m for later versions. Other scripts
// have no address; their text is "script:" and 68 hexadecimal digits: kind,
// witness version and SHA-256 of the script. So have witness programs of more
// than 32 bytes, of which an Address holds the hash alone. The zero value's text
// is empty. [ParseAddress] reads every other text that String writes, given the
// network.
func (a Address) String() string {
	switch a.kind {
	case ScriptNone:
		return ""
	case P2PKH:
		return base58.CheckEncode(a.data[:20], a.net.params().p2pkh)
	case P2SH:
		return base58.CheckEncode(a.data[:20], a.net.params().p2sh)
	}
	if a.n == 0 {
		var b [34]byte
		b[0], b[1] = byte(a.kind), a.ver
		copy(b[2:], a.data[:])
		return scriptText + hex.EncodeToString(b[:])
	}
	// Neither call can fail: the data are groups of five bits.
	groups, _ := bech32.ConvertBits(a.data[:a.n], 8, 5, true)
	groups = append([]byte{a.ver}, groups...)
	encode := bech32.EncodeM
	if a.ver == 0 {
		encode = bech32.Encode
	}
	s, _ := encode(a.net.params().hrp, groups)
	return s
}

// Script returns the locking script; ok is false where the address holds only
// its hash (see [Address.String]) and for the zero value.
func (a Address) Script() (script []byte, ok bool) {
	switch {
	case a.kind == P2PKH:
		script = append(make([]byte, 0, 25), opDup, opHash160, 20)
		script = append(script, a.data[:20]...)
		return append(script, opEqualVerify, opCheckSig), true
	case a.kind == P2SH:
		script = append(make([]byte, 0, 23), opHash160, 20)
		script = append(script, a.data[:20]...)
		return append(script, opEqual), true
	case a.kind == ScriptEmpty:
		return []byte{}, true
	case a.n == 0: // the zero value, or a hash alone
		return nil, false
	}
	return witnessScript(a.ver, a.data[:a.n]), true
}

// witnessScript returns the locking script of a witness program.
func witnessScript(version uint8, program []byte) []byte {
	op := byte(op0)
	if version > 0 {
		op = op1 + version - 1
	}
	script := append(make([]byte, 0, 2+len(program)), op, byte(len(program)))
	return append(script, program...)
}

// Equal reports whether a and b are the same address. It is ==, for packages
// that compare values by their methods.
func (a Address) Equal(b Address) bool { return a == b }

// Compare orders addresses by network, kind, version and payload, a shorter
// payload first; it returns -1, 0 or +1.
func (a Address) Compare(b Address) int {
	return cmp.Or(
		cmp.Compare(a.net, b.net),
		cmp.Compare(a.kind, b.kind),
		cmp.Compare(a.ver, b.ver),
		cmp.Compare(a.n, b.n),
		bytes.Compare(a.data[:], b.data[:]),
	)
}

// MarshalText returns [Address.String].
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an address of whichever network its text belongs to; the
// empty text is the zero value. The test networks share their base58 texts, and
// testnets and signet their bech32 texts; those read as Testnet3, and
// "script:<hex>" reads as Mainnet. Use [ParseAddress] where the network is
// known.
func (a *Address) UnmarshalText(b []byte) error {
	*a = Address{}
	if len(b) == 0 {
		return nil
	}
	s := string(b)
	t, err := readAddressText(s)
	if err == nil {
		for i := range networkTable {
			p := &networkTable[i]
			if t.form == textScript || t.form == textBech32 && t.hrp == p.hrp || t.form == textBase58 && t.versionOf(p) {
				*a = t.address(Network(i))
				return nil
			}
		}
		err = errors.New("belongs to no network known here")
	}
	return fmt.Errorf("address %q: %w", clip(s), err)
}

// networksNamed lists the networks that a condition holds for.
func networksNamed(is func(*networkParams) bool) string {
	var names []string
	for i := range networkTable {
		if is(&networkTable[i]) {
			names = append(names, networkTable[i].name)
		}
	}
	if names == nil {
		return "no network known here"
	}
	return strings.Join(names, ", ")
}

// addressText is what the text of an address says, before it is asked of which
// network it is.
type addressText struct {
	form    textForm
	version byte   // of base58
	hrp     string // of bech32
	witness uint8  // witness version, of bech32
	data    []byte // the hash or witness program
	hashed  Address
}

type textForm uint8

const (
	textBase58 textForm = iota
	textBech32
	textScript
)

// versionOf reports whether the version byte is one of the network's.
func (t *addressText) versionOf(p *networkParams) bool {
	return t.version == p.p2pkh || t.version == p.p2sh
}

// address puts the text on a network that it belongs to.
func (t *addressText) address(net Network) Address {
	switch t.form {
	case textScript:
		t.hashed.net = net
		return t.hashed
	case textBech32:
		return AddressOf(witnessScript(t.witness, t.data), net)
	}
	kind := P2PKH
	if t.version == net.params().p2sh {
		kind = P2SH
	}
	return addressOfHash(kind, [20]byte(t.data), net)
}

// readAddressText finds the form of a text and checks what does not depend on
// the network.
func readAddressText(s string) (addressText, error) {
	if s == "" {
		return addressText{}, errors.New("empty")
	}
	if body, ok := strings.CutPrefix(s, scriptText); ok {
		return readScriptText(body)
	}
	// The longest base58 text of 25 bytes has 35 digits. A bech32 text has a
	// 1 after a prefix that no base58 text of these networks begins with; what
	// is neither is reported by the reader that it resembles more.
	if i := strings.LastIndexByte(s, '1'); i > 0 {
		hrp := strings.ToLower(s[:i])
		known := func(p networkParams) bool { return p.hrp == hrp }
		if len(s) > 35 || slices.ContainsFunc(networkTable[:], known) {
			return readBech32Text(s)
		}
	}
	return readBase58Text(s)
}

func readScriptText(body string) (t addressText, err error) {
	var b [34]byte
	if len(body) != 2*len(b) {
		return t, fmt.Errorf("%d digits after %q, want %d", len(body), scriptText, 2*len(b))
	}
	if _, err := hex.Decode(b[:], []byte(body)); err != nil {
		return t, err
	}
	if strings.ToLower(body) != body {
		return t, errors.New("not canonical: hexadecimal in upper case")
	}
	a := Address{kind: ScriptKind(b[0]), ver: b[1], data: [32]byte(b[2:])}
	switch {
	case a.kind == WitnessUnknown:
		if a.ver < 1 || a.ver > 16 {
			return t, fmt.Errorf("witness version %d, want 1 to 16", a.ver)
		}
	case a.ver != 0:
		return t, fmt.Errorf("witness version %d for the kind %s", a.ver, a.kind)
	case a.kind == ScriptEmpty:
		if a.data != emptyScript {
			return t, errors.New("the digest is not of the empty script")
		}
	case a.kind == ScriptOther || a.kind == P2PK || a.kind == Multisig || a.kind == NullData:
	case a.kind > ScriptNone && a.kind < scriptKinds:
		return t, fmt.Errorf("not canonical: the kind %s has an address of its own", a.kind)
	default:
		return t, fmt.Errorf("no kind of script has the number %d", b[0])
	}
	return addressText{form: textScript, hashed: a}, nil
}

func readBase58Text(s string) (t addressText, err error) {
	if len(s) > 35 {
		return t, fmt.Errorf("%d characters, more than base58check of 20 bytes has", len(s))
	}
	payload, version, err := base58.CheckDecode(s)
	switch {
	case errors.Is(err, base58.ErrChecksum):
		return t, errors.New("base58: the checksum is wrong")
	case err != nil:
		return t, fmt.Errorf("base58: %w", err)
	case len(payload) != 20:
		return t, fmt.Errorf("base58: a payload of %d bytes, want 20", len(payload))
	}
	return addressText{form: textBase58, version: version, data: payload}, nil
}

func readBech32Text(s string) (t addressText, err error) {
	hrp, groups, flavour, err := bech32.DecodeGeneric(s)
	if err != nil {
		var mixed bech32.ErrMixedCase
		if errors.As(err, &mixed) {
			return t, errors.New("bech32: mixes upper and lower case")
		}
		return t, fmt.Errorf("bech32: %w", err)
	}
	if len(groups) == 0 {
		return t, errors.New("bech32: no witness version")
	}
	version := groups[0]
	if version > 16 {
		return t, fmt.Errorf("bech32: witness version %d, want 0 to 16", version)
	}
	if version == 0 && flavour != bech32.Version0 {
		return t, errors.New("bech32m checksum, but witness version 0 demands bech32")
	}
	if version > 0 && flavour != bech32.VersionM {
		return t, fmt.Errorf("bech32 checksum, but witness version %d demands bech32m", version)
	}
	program, err := bech32.ConvertBits(groups[1:], 5, 8, false)
	if err != nil {
		return t, fmt.Errorf("bech32: padding: %w", err)
	}
	if len(program) < 2 || len(program) > 40 {
		return t, fmt.Errorf("bech32: a witness program of %d bytes, want 2 to 40", len(program))
	}
	if version == 0 && len(program) != 20 && len(program) != 32 {
		return t, fmt.Errorf("bech32: a witness program of %d bytes, but version 0 demands 20 or 32", len(program))
	}
	return addressText{form: textBech32, hrp: hrp, witness: version, data: program}, nil
}
