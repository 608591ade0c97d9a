package model

import (
	"crypto/sha256"
	"strings"
)

// SigHash is the set of ways in which the signatures of one input commit to
// the transaction (signature-hash types). It is a set of flags, because one
// input may hold several signatures. The zero value says that none was found:
// no signature, or one that a hidden script keeps from being recognised.
type SigHash uint8

// Flags of [SigHash].
const (
	// SigAll is set where a signature commits to every input and output
	// (ALL, or taproot's DEFAULT).
	SigAll SigHash = 1 << iota
	// SigNone and SigSingle are set where a signature leaves all outputs, or
	// all but one, to others.
	SigNone
	SigSingle
	// SigAnyoneCanPay is set where a signature leaves the other inputs to
	// others.
	SigAnyoneCanPay
	// SigInvalid is set for a type byte that no rule defines.
	SigInvalid
)

// OnlyAll reports whether at least one signature was found and every one
// commits to the whole transaction.
func (s SigHash) OnlyAll() bool { return s == SigAll }

// MultiParty reports whether some signature leaves part of the transaction for
// another party to fill in. It is false where no signature was found.
func (s SigHash) MultiParty() bool {
	return s&(SigNone|SigSingle|SigAnyoneCanPay|SigInvalid) != 0
}

// String returns the flags joined by "|", such as "SINGLE|ANYONECANPAY", or
// "none found".
func (s SigHash) String() string {
	if s == 0 {
		return "none found"
	}
	var names []string
	for i, name := range [...]string{"ALL", "NONE", "SINGLE", "ANYONECANPAY", "INVALID"} {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "invalid"
	}
	return strings.Join(names, "|")
}

// SigHashOf reads the signature-hash types of an input's signatures from its
// unlocking script and witness. Signatures are recognised by strict DER form
// (BIP 66) with one type byte, in pushes of the script and items of the witness,
// and for key-path taproot spends as a single item (after an annex is taken off)
// of 64 bytes (DEFAULT) or 65; 64- and 65-byte items are read as Schnorr
// signatures in script-path spends too (BIP 341). The last item of a longer
// witness is a key or a script and is not searched. It does not allocate and
// accepts any bytes.
func SigHashOf(script []byte, witness [][]byte) SigHash {
	var s SigHash
	for p := 0; ; {
		_, data, next, ok := nextOp(script, p)
		if !ok {
			break
		}
		if isSignature(data) {
			s |= sigHashFlags(data[len(data)-1])
		}
		p = next
	}
	if len(witness) == 0 {
		return s
	}
	stack, taproot := witness, false
	if len(script) == 0 { // BIP 341 gives no meaning to taproot inside P2SH
		stack, taproot = taprootStack(witness)
	}
	switch {
	case taproot:
		for _, item := range stack {
			s |= schnorrFlags(item)
		}
	case len(stack) == 1: // a witness script without arguments
	default:
		for _, item := range stack[:len(stack)-1] {
			if isSignature(item) {
				s |= sigHashFlags(item[len(item)-1])
			}
		}
	}
	return s
}

// taprootStack returns the items of a taproot witness in which signatures can
// stand: the one item of a key-path spend, or what comes before script and
// control block in a script-path spend. For other witnesses it returns them
// whole.
//
// The forms do not overlap: the first byte of a control block of leaf version
// 0xc0, and of an annex, is an opcode with which no P2WSH script can begin and
// succeed, and P2WPKH ends in a key. A P2WSH script of 64 or 65 bytes without
// arguments is read as a signature; only the locking script could tell.
func taprootStack(witness [][]byte) (stack [][]byte, taproot bool) {
	stack = witness
	if n := len(stack); n >= 2 && len(stack[n-1]) > 0 && stack[n-1][0] == annexTag {
		stack, taproot = stack[:n-1], true
	}
	n := len(stack)
	if n == 1 {
		return stack, taproot || len(stack[0]) == 64 || len(stack[0]) == 65
	}
	if n >= 2 && isControlBlock(stack[n-1]) {
		return stack[:n-2], true
	}
	return stack, taproot
}

const annexTag = 0x50 // BIP 341

// isControlBlock reports whether b has the form of a control block for the one
// leaf version with a meaning, 0xc0 (BIP 341, BIP 342).
func isControlBlock(b []byte) bool {
	return len(b) >= 33 && len(b) <= 33+32*128 && (len(b)-33)%32 == 0 && b[0]&0xfe == 0xc0
}

// schnorrFlags reads an item as a Schnorr signature (BIP 341): 64 bytes commit
// to everything, a 65th byte is the type and may not be 0.
func schnorrFlags(item []byte) SigHash {
	switch {
	case len(item) == 64:
		return SigAll
	case len(item) == 65 && item[64] == 0:
		return SigInvalid
	case len(item) == 65:
		return sigHashFlags(item[64])
	}
	return 0
}

func sigHashFlags(t byte) (s SigHash) {
	switch t &^ 0x80 {
	case 1:
		s = SigAll
	case 2:
		s = SigNone
	case 3:
		s = SigSingle
	default:
		return SigInvalid
	}
	if t&0x80 != 0 {
		s |= SigAnyoneCanPay
	}
	return s
}

// isSignature reports whether b is an ECDSA signature in the strict DER form of
// BIP 66 with one type byte after it, of any value.
func isSignature(b []byte) bool {
	if len(b) < 9 || len(b) > 73 || b[0] != 0x30 || int(b[1]) != len(b)-3 {
		return false
	}
	r := int(b[3])
	if r+6 >= len(b) {
		return false
	}
	s := int(b[r+5])
	return r+s+7 == len(b) && isDERInteger(b[2:4+r]) && isDERInteger(b[4+r:6+r+s])
}

// isDERInteger reports whether b, whose length is that which it states, holds
// a positive integer without leading zeros that it does not need.
func isDERInteger(b []byte) bool {
	return b[0] == 0x02 && len(b) > 2 && b[2]&0x80 == 0 && (len(b) == 3 || b[2] != 0 || b[3]&0x80 != 0)
}

// UnlockingOwner infers the owner of the spent output from the unlocking script
// and witness: P2PKH from a signature and a key, P2WPKH from a two-item witness
// of a signature and a compressed key, P2SH-P2WPKH and other P2SH from the redeem
// script, P2WSH from the witness script. Ambiguous forms, key-path and
// script-path taproot, P2PK and bare multisig (which show no key), and redeem
// and witness scripts that check no signature give ok false.
//
// It is an inference: the caller marks it OwnerUnlocking. A form is taken only
// where the input could satisfy consensus as that form, and where no other form
// in use could look the same; a stranger who makes a non-standard output and
// spends it can still dress it as another. It must not be asked about a
// coinbase, whose script and witness unlock nothing. It does not allocate and
// accepts any bytes.
func UnlockingOwner(script []byte, witness [][]byte, net Network) (owner Address, ok bool) {
	switch {
	case len(witness) == 0:
		return legacyOwner(script, net)
	case len(script) == 0:
		return witnessOwner(witness, net)
	}
	// Segwit inside P2SH: the unlocking script is one push of the program, and
	// nothing else (BIP 141). The program must be that of the witness.
	op, redeem, next, ok := nextOp(script, 0)
	if !ok || next != len(script) || int(op) != len(redeem) {
		return Address{}, false
	}
	version, program, ok := witnessProgram(redeem)
	if !ok || version != 0 {
		return Address{}, false
	}
	last := witness[len(witness)-1]
	switch len(program) {
	case 20:
		if len(witness) != 2 || hash160(last) != [20]byte(program) {
			return Address{}, false
		}
	case 32:
		if sha256.Sum256(last) != [32]byte(program) {
			return Address{}, false
		}
	default:
		return Address{}, false
	}
	return addressOfHash(P2SH, hash160(redeem), net), true
}

// witnessOwner is UnlockingOwner of an input with a witness alone.
func witnessOwner(witness [][]byte, net Network) (Address, bool) {
	if _, taproot := taprootStack(witness); taproot {
		return Address{}, false
	}
	last := witness[len(witness)-1]
	if len(witness) == 2 && len(last) == 33 && isPublicKey(last) && isSignature(witness[0]) {
		return addressOfHash(P2WPKH, hash160(last), net), true
	}
	// Outputs of later witness versions may be spent with any witness, so
	// here too the script must be one that demands a signature.
	if !canSucceed(last) || !demandsSignature(last) {
		return Address{}, false
	}
	return Address{net: net, kind: P2WSH, n: 32, data: sha256.Sum256(last)}, true
}

// legacyOwner is UnlockingOwner of an input without a witness.
func legacyOwner(script []byte, net Network) (Address, bool) {
	var first, last []byte
	pushes := 0
	for p := 0; p < len(script); pushes++ {
		op, data, next, ok := nextOp(script, p)
		if !ok || op > op16 || op == opReserved {
			return Address{}, false // P2SH demands pushes alone (BIP 16)
		}
		if pushes == 0 {
			first = data
		}
		last, p = data, next
	}
	if pushes == 2 && isSignature(first) && isPublicKey(last) {
		return addressOfHash(P2PKH, hash160(last), net), true
	}
	// What is left is P2SH, if the last push is a script. The last push of
	// P2PK and bare multisig is a signature, before BIP 66 perhaps a sloppy
	// one, and bare hash locks and the like end in data; so the push must be a
	// script that demands a signature, or it is left unknown.
	if len(last) >= 3 && last[0] == 0x30 && last[2] == 0x02 || isPublicKey(last) || !canSucceed(last) || !demandsSignature(last) {
		return Address{}, false
	}
	return addressOfHash(P2SH, hash160(last), net), true
}

// canSucceed reports whether an execution of the script could succeed as far
// as its form tells: it is not empty, every push is complete, no opcode is one
// that fails even where it is not executed, and the first is none that fails
// where it is.
func canSucceed(script []byte) bool {
	if len(script) == 0 {
		return false
	}
	switch op := script[0]; {
	case op >= opFirstUndefined, op == opReserved, op == opVer, op == opElse, op == opEndIf, op == opReturn, op == opReserved1, op == opReserved2:
		return false
	}
	for p := 0; p < len(script); {
		op, _, next, ok := nextOp(script, p)
		if !ok || op == opVerIf || op == opVerNotIf || disabled(op) {
			return false
		}
		p = next
	}
	return true
}

// disabled reports whether an opcode fails wherever it stands: CAT to RIGHT,
// INVERT to XOR, 2MUL and 2DIV, MUL to RSHIFT.
func disabled(op byte) bool {
	return op >= 0x7e && op <= 0x81 || op >= 0x83 && op <= 0x86 || op == 0x8d || op == 0x8e || op >= 0x95 && op <= 0x99
}

// demandsSignature reports whether the script has an opcode that checks one.
func demandsSignature(script []byte) bool {
	for p := 0; ; {
		op, _, next, ok := nextOp(script, p)
		if !ok {
			return false
		}
		if op >= opCheckSig && op <= opCheckMultisigVerify {
			return true
		}
		p = next
	}
}
