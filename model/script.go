package model

import "encoding/binary"

// ScriptKind is the standard form that a locking script has. The values are
// stable: they stand in the bytes of addresses and in the text "script:<hex>".
type ScriptKind uint8

// Forms of locking scripts. ScriptNone is the kind of the zero [Address]: no
// script at all is known, which differs from ScriptEmpty, a script of no bytes.
const (
	ScriptNone     ScriptKind = 0
	ScriptOther    ScriptKind = 1  // none of the forms below
	P2PK           ScriptKind = 2  // <public key> OP_CHECKSIG
	P2PKH          ScriptKind = 3  // OP_DUP OP_HASH160 <20> OP_EQUALVERIFY OP_CHECKSIG
	P2SH           ScriptKind = 4  // OP_HASH160 <20> OP_EQUAL (BIP 16)
	P2WPKH         ScriptKind = 5  // OP_0 <20> (BIP 141)
	P2WSH          ScriptKind = 6  // OP_0 <32> (BIP 141)
	P2TR           ScriptKind = 7  // OP_1 <32> (BIP 341)
	P2A            ScriptKind = 8  // OP_1 <4e73>: pay to anchor, anyone may spend
	Multisig       ScriptKind = 9  // m <keys> n OP_CHECKMULTISIG, bare
	NullData       ScriptKind = 10 // begins with OP_RETURN: never spendable
	WitnessUnknown ScriptKind = 11 // a witness program of a version or length without meaning yet
	ScriptEmpty    ScriptKind = 12 // no bytes: anyone may spend
	scriptKinds    ScriptKind = 13 // count
)

var scriptKindNames = [scriptKinds]string{
	"none", "other", "p2pk", "p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr",
	"p2a", "multisig", "nulldata", "witness_unknown", "empty",
}

// Script is what [Classify] reads off a locking script. Payload aliases the
// script: the hash or witness program, the public key of P2PK, nothing for the
// other kinds.
type Script struct {
	Kind    ScriptKind
	Version uint8 // witness version, for witness programs
	M, N    uint8 // for bare multisig: signatures needed, keys
	Payload []byte
}

// String returns the kind's name in lower case, such as "p2wpkh"; "invalid"
// for a value that is none of the constants.
func (k ScriptKind) String() string {
	if k >= scriptKinds {
		return "invalid"
	}
	return scriptKindNames[k]
}

// Opcodes that the rules of this package name.
const (
	op0                   = 0x00
	opPushData1           = 0x4c
	opPushData2           = 0x4d
	opPushData4           = 0x4e
	opReserved            = 0x50
	op1                   = 0x51
	op16                  = 0x60
	opVer                 = 0x62
	opVerIf               = 0x65
	opVerNotIf            = 0x66
	opElse                = 0x67
	opEndIf               = 0x68
	opReturn              = 0x6a
	opDup                 = 0x76
	opEqual               = 0x87
	opEqualVerify         = 0x88
	opReserved1           = 0x89
	opReserved2           = 0x8a
	opHash160             = 0xa9
	opCheckSig            = 0xac
	opCheckSigVerify      = 0xad
	opCheckMultisig       = 0xae
	opCheckMultisigVerify = 0xaf
	opFirstUndefined      = 0xba // this opcode and all above have no meaning outside tapscript
)

// maxMultisigKeys is MAX_PUBKEYS_PER_MULTISIG of Bitcoin Core.
const maxMultisigKeys = 20

// Classify reads the form of a locking script, by the rules of Bitcoin Core's
// Solver, with one difference: whatever begins with OP_RETURN is NullData, for
// no such output can be spent. A witness program of version 0 that is neither
// 20 nor 32 bytes long is ScriptOther, as in Core. Classify does not allocate,
// and it accepts any bytes.
func Classify(script []byte) Script {
	// The forms of fixed length, most frequent first. Each length below
	// belongs to one form, but 22 and 34 also to unknown witness programs.
	switch len(script) {
	case 0:
		return Script{Kind: ScriptEmpty}
	case 22:
		if script[0] == op0 && script[1] == 20 {
			return Script{Kind: P2WPKH, Payload: script[2:22]}
		}
	case 25:
		if script[0] == opDup && script[1] == opHash160 && script[2] == 20 && script[23] == opEqualVerify && script[24] == opCheckSig {
			return Script{Kind: P2PKH, Payload: script[3:23]}
		}
	case 23:
		if script[0] == opHash160 && script[1] == 20 && script[22] == opEqual {
			return Script{Kind: P2SH, Payload: script[2:22]}
		}
	case 34:
		if script[1] == 32 {
			switch script[0] {
			case op1:
				return Script{Kind: P2TR, Version: 1, Payload: script[2:34]}
			case op0:
				return Script{Kind: P2WSH, Payload: script[2:34]}
			}
		}
	case 35, 67:
		if int(script[0]) == len(script)-2 && script[len(script)-1] == opCheckSig && isPublicKey(script[1:len(script)-1]) {
			return Script{Kind: P2PK, Payload: script[1 : len(script)-1]}
		}
	}
	if script[0] == opReturn {
		return Script{Kind: NullData}
	}
	if version, program, ok := witnessProgram(script); ok && version > 0 {
		kind := WitnessUnknown
		if version == 1 && len(program) == 2 && program[0] == 0x4e && program[1] == 0x73 {
			kind = P2A
		}
		return Script{Kind: kind, Version: version, Payload: program}
	}
	if m, n, ok := bareMultisig(script); ok {
		return Script{Kind: Multisig, M: m, N: n}
	}
	return Script{Kind: ScriptOther}
}

// witnessProgram splits a script of the form that BIP 141 reserves: one of
// OP_0, OP_1 to OP_16, then one direct push of 2 to 40 bytes, and no more.
func witnessProgram(script []byte) (version uint8, program []byte, ok bool) {
	if len(script) < 4 || len(script) > 42 || int(script[1]) != len(script)-2 {
		return 0, nil, false
	}
	switch v := script[0]; {
	case v == op0:
		return 0, script[2:], true
	case v >= op1 && v <= op16:
		return v - op1 + 1, script[2:], true
	}
	return 0, nil, false
}

// bareMultisig matches m <keys> n OP_CHECKMULTISIG as Core's MatchMultisig does:
// keys of valid length pushed in any way, 1 <= m <= n <= 20, and the numbers as
// OP_1 to OP_16 or, above, minimally pushed.
func bareMultisig(script []byte) (m, n uint8, ok bool) {
	if script[len(script)-1] != opCheckMultisig {
		return 0, 0, false
	}
	op, data, p, ok := nextOp(script, 0)
	if !ok {
		return 0, 0, false
	}
	if m, ok = keyCount(op, data); !ok {
		return 0, 0, false
	}
	keys := 0
	for {
		if op, data, p, ok = nextOp(script, p); !ok {
			return 0, 0, false
		}
		if !isPublicKey(data) {
			break
		}
		keys++
	}
	n, ok = keyCount(op, data)
	if !ok || n < m || keys != int(n) || p+1 != len(script) {
		return 0, 0, false
	}
	return m, n, true
}

// keyCount reads a number from 1 to 20 that is pushed minimally.
func keyCount(op byte, data []byte) (uint8, bool) {
	switch {
	case op >= op1 && op <= op16:
		return op - op1 + 1, true
	case op == 1 && data[0] > 16 && data[0] <= maxMultisigKeys:
		return data[0], true
	}
	return 0, false
}

// isPublicKey reports whether b has the length that its first byte demands of
// a public key, as CPubKey::ValidSize does: 33 bytes after 2 or 3, 65 after 4,
// 6 or 7.
func isPublicKey(b []byte) bool {
	switch len(b) {
	case 33:
		return b[0] == 2 || b[0] == 3
	case 65:
		return b[0] == 4 || b[0] == 6 || b[0] == 7
	}
	return false
}

// nextOp reads the opcode at p and the data that it pushes, which is nil for
// what is not a push of bytes. ok is false at the end of the script and where
// a push runs beyond it.
func nextOp(script []byte, p int) (op byte, data []byte, next int, ok bool) {
	if p >= len(script) {
		return 0, nil, p, false
	}
	op = script[p]
	p++
	if op > opPushData4 {
		return op, nil, p, true
	}
	n, rest := int(op), script[p:]
	switch op {
	case opPushData1:
		if len(rest) < 1 {
			return 0, nil, p, false
		}
		n, p, rest = int(rest[0]), p+1, rest[1:]
	case opPushData2:
		if len(rest) < 2 {
			return 0, nil, p, false
		}
		n, p, rest = int(binary.LittleEndian.Uint16(rest)), p+2, rest[2:]
	case opPushData4:
		if len(rest) < 4 {
			return 0, nil, p, false
		}
		size := binary.LittleEndian.Uint32(rest)
		p, rest = p+4, rest[4:]
		if uint64(size) > uint64(len(rest)) {
			return 0, nil, p, false
		}
		n = int(size)
	}
	if n > len(rest) {
		return 0, nil, p, false
	}
	return op, rest[:n], p + n, true
}
