package model_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
)

func TestSigHashOf(t *testing.T) {
	key := unhex(t, keyHex)
	schnorr := bytes.Repeat([]byte{0xaa}, 64)
	control := append([]byte{0xc1}, make([]byte, 64)...)
	annex := []byte{0x50, 1, 2}
	w := func(items ...[]byte) [][]byte { return items }
	for _, c := range []struct {
		name    string
		script  []byte
		witness [][]byte
		want    string
	}{
		{"nothing", nil, nil, "none found"},
		{"p2pk", pushed(der(1)), nil, "ALL"},
		{"p2pkh NONE", pushed(der(2), key), nil, "NONE"},
		{"p2pkh SINGLE", pushed(der(3), key), nil, "SINGLE"},
		{"p2pkh ALL|ANYONECANPAY", pushed(der(0x81), key), nil, "ALL|ANYONECANPAY"},
		{"p2pkh of undefined types", pushed(der(0), key), nil, "INVALID"},
		{"the same with ANYONECANPAY", pushed(der(0x84), key), nil, "INVALID"},
		{"multisig of two kinds", append([]byte{0}, pushed(der(1), der(0x83))...), nil, "ALL|SINGLE|ANYONECANPAY"},
		{"signature by PUSHDATA1", append([]byte{0x4c, 9}, der(3)...), nil, "SINGLE"},
		{"push cut short", pushed(der(1), key)[:20], nil, "ALL"},
		{"not a signature: negative r", pushed([]byte{0x30, 6, 2, 1, 0x91, 2, 1, 0x22, 1}), nil, "none found"},
		{"not a signature: r with a zero too many", pushed([]byte{0x30, 7, 2, 2, 0, 0x11, 2, 1, 0x22, 1}), nil, "none found"},
		{"r with a zero that it needs", pushed([]byte{0x30, 7, 2, 2, 0, 0x91, 2, 1, 0x22, 1}), nil, "ALL"},
		{"not a signature: r of no bytes", pushed([]byte{0x30, 6, 2, 0, 2, 2, 0x11, 0x22, 1}), nil, "none found"},
		{"not a signature: wrong length", pushed([]byte{0x30, 7, 2, 1, 0x11, 2, 1, 0x22, 1}), nil, "none found"},
		{"not a signature: no type byte", pushed(derBody()), nil, "none found"},
		{"not a signature: longer than the parts", pushed([]byte{0x30, 7, 2, 1, 0x11, 2, 1, 0x22, 1, 1}), nil, "none found"},
		{"not a signature: length of r beyond the end", pushed([]byte{0x30, 6, 2, 200, 0x11, 2, 1, 0x22, 1}), nil, "none found"},

		{"p2wpkh", nil, w(der(1), key), "ALL"},
		{"p2wpkh in p2sh", pushed(unhex(t, "0014"+keyHash)), w(der(0x83), key), "SINGLE|ANYONECANPAY"},
		{"p2wsh multisig", nil, w(nil, der(1), der(2), pushed(key)), "ALL|NONE"},
		{"p2wsh script that looks like a signature", nil, w([]byte{1}, der(3)), "none found"},
		{"p2wsh with a preimage of 64 bytes", nil, w(schnorr, pushed(key)), "none found"},
		{"p2wsh script alone", nil, w([]byte{0x51}), "none found"},

		{"key path", nil, w(schnorr), "ALL"},
		{"key path with annex", nil, w(schnorr, annex), "ALL"},
		{"key path NONE", nil, w(append(schnorr[:64:64], 2)), "NONE"},
		{"key path 0x83 with annex", nil, w(append(schnorr[:64:64], 0x83), annex), "SINGLE|ANYONECANPAY"},
		{"key path of type 0, which BIP 341 forbids", nil, w(append(schnorr[:64:64], 0)), "INVALID"},
		{"script path of two signatures", nil, w(schnorr, append(schnorr[:64:64], 0x81), []byte{0x51}, control), "ALL|ANYONECANPAY"},
		{"script path with annex", nil, w(schnorr, []byte{0x51}, control, annex), "ALL"},
		{"script path without signatures", nil, w([]byte{0x51}, control), "none found"},
		{"script path whose script has 64 bytes", nil, w(schnorr, control), "none found"},
		{"script path with an item in DER form", nil, w(der(3), []byte{0x51}, control), "none found"},
		{"taproot has no meaning in p2sh", pushed(unhex(t, "5120"+strings.Repeat("00", 32))), w(schnorr), "none found"},
		{"one empty item", nil, w(nil), "none found"},
	} {
		if got := model.SigHashOf(c.script, c.witness).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSigHashMeaning(t *testing.T) {
	for _, c := range []struct {
		s                   model.SigHash
		onlyAll, multiParty bool
	}{
		{0, false, false},
		{model.SigAll, true, false},
		{model.SigAll | model.SigAnyoneCanPay, false, true},
		{model.SigAll | model.SigNone, false, true},
		{model.SigSingle, false, true},
		{model.SigInvalid, false, true},
	} {
		if c.s.OnlyAll() != c.onlyAll || c.s.MultiParty() != c.multiParty {
			t.Errorf("%s: OnlyAll %v, MultiParty %v", c.s, c.s.OnlyAll(), c.s.MultiParty())
		}
	}
}

// The witness script of BIP 143's example of P2WSH inside P2SH, its program and
// the hash that the output commits to.
const (
	bip143Script  = "56210307b8ae49ac90a048e9b53357a2354b3334e9c8bee813ecb98e99a7e07e8c3ba32103b28f0c28bfab54554ae8c658ac5c3e0ce6e79ad336331f78c428dd43eea8449b21034b8113d703413d57761b8b9781957b8c0ac1dfe69f492580ca4195f50376ba4a21033400f6afecb833092a9a21cfdf1ed1376e58c5d1f47de74683123987e967a8f42103a6d48b1131e94ba04d9737d61acdaa1322008af9602b3b14862c07a1789aac162102d8b661b0b3302ee2f162b09e07a55ad5dfbe673a9f01d9f0c19617681024306b56ae"
	bip143Program = "0020a16b5755f7f6f96dbd65f5f0d6ab9418b89af4b1f14a1bb8a09062c35f0dcb54"
	bip143Output  = "a9149993a429037b5d912407a71c252019287b8d27a587"
)

func TestUnlockingOwner(t *testing.T) {
	key, longKey := unhex(t, keyHex), unhex(t, longKeyHex)
	hybrid := append([]byte{6}, longKey[1:]...)
	program := unhex(t, "0014"+keyHash)
	script, wsh := unhex(t, bip143Script), unhex(t, bip143Program)
	keyed := append(append([]byte{33}, key...), 0xac) // <key> CHECKSIG
	schnorr := bytes.Repeat([]byte{0xaa}, 64)
	control := append([]byte{0xc1}, key[1:]...)
	annex := []byte{0x50, 1}
	w := func(items ...[]byte) [][]byte { return items }
	lock := func(hexScript string) string { return model.AddressOf(unhex(t, hexScript), model.Mainnet).String() }
	p2wsh := func(script []byte) string {
		h := sha256.Sum256(script)
		return lock("0020" + hex.EncodeToString(h[:]))
	}
	const none, someP2PKH, someP2SH = "", "p2pkh", "p2sh" // nothing; a kind; else the address
	likeKey := append([]byte{2, 7, 7}, append(bytes.Repeat([]byte{0x61}, 29), 0xac)...)
	for _, c := range []struct {
		name    string
		script  []byte
		witness [][]byte
		want    string
	}{
		{"p2pkh", pushed(der(1), key), nil, keyP2PKH},
		{"p2pkh of an uncompressed key", pushed(der(1), longKey), nil, longKeyP2PKH},
		{"p2pkh of a hybrid key", pushed(der(1), hybrid), nil, someP2PKH},
		{"p2wpkh", nil, w(der(0x83), key), keyP2WPKH},
		{"p2wpkh in p2sh", pushed(program), w(der(1), key), keyNested},
		{"p2sh multisig", append([]byte{0}, pushed(der(1), script)...), nil, someP2SH},
		{"p2sh of a key", pushed(der(1), keyed), nil, someP2SH},
		{"p2wsh", nil, w(nil, der(1), script), lock(bip143Program)},
		{"p2wsh in p2sh", pushed(wsh), w(nil, der(1), script), lock(bip143Output)},
		{"p2wsh of a key", nil, w(der(1), keyed), p2wsh(keyed)},
		{"p2wsh script alone", nil, w(keyed), p2wsh(keyed)},
		{"p2wsh of two items, the last like a key", nil, w(nil, likeKey), p2wsh(likeKey)},

		{"nothing", nil, nil, none},
		{"empty witness items", nil, w(nil, nil), none},
		{"p2pk", pushed(der(1)), nil, none},
		{"bare multisig", append([]byte{0}, pushed(der(1), der(1))...), nil, none},
		{"bare multisig with a sloppy signature", append([]byte{0}, pushed([]byte{0x30, 7, 2, 2, 0, 0x11, 2, 1, 0x22, 1})...), nil, none},
		{"key without a signature", pushed([]byte{1, 2, 3}, key), nil, none},
		{"three pushes, the last a key", pushed(der(1), der(1), key), nil, none},
		{"an opcode among the pushes", append(pushed(der(1), keyed), 0x61), nil, none},
		{"OP_RESERVED among the pushes", append([]byte{0x50}, pushed(keyed)...), nil, none},
		{"preimage of a bare hash lock", pushed([]byte("correct horse battery staple")), nil, none},
		{"redeem script that anyone may use", pushed([]byte{0x51}), nil, none},
		{"redeem script with a push cut short", pushed(der(1), append(keyed[:35:35], 0x4c)), nil, none},
		{"redeem script with a disabled opcode", pushed(der(1), append(keyed[:35:35], 0x7e)), nil, none},
		{"redeem script that fails at once", pushed(der(1), append([]byte{0x6a}, keyed...)), nil, none},
		{"unlocking script cut short", pushed(der(1), key)[:30], nil, none},

		{"key path", nil, w(schnorr), none},
		{"key path of 65 bytes", nil, w(append(schnorr[:64:64], 1)), none},
		{"key path with annex", nil, w(schnorr, annex), none},
		{"script path", nil, w(schnorr, keyed, control), none},
		{"script path of two items", nil, w(keyed, control), none},
		{"script path with annex", nil, w(keyed, control, annex), none},
		{"p2wsh that anyone may use", nil, w([]byte{0x51}), none},
		{"p2wsh that cannot succeed", nil, w(nil, append([]byte{0x6a}, keyed...)), none},
		{"nested program of another key", pushed(append(program[:21:21], 0)), w(der(1), key), none},
		{"nested program of another script", pushed(wsh), w(nil, der(1), append(script[:len(script):len(script)], 0x61)), none},
		{"nested program of version 1", pushed(unhex(t, "5120"+strings.Repeat("00", 32))), w(schnorr), none},
		{"witness beside an ordinary script", pushed(der(1), key), w(der(1), key), none},
		{"nested program by PUSHDATA1", append([]byte{0x4c, 22}, program...), w(der(1), key), none},
	} {
		owner, ok := model.UnlockingOwner(c.script, c.witness, model.Mainnet)
		if ok == owner.IsZero() {
			t.Errorf("%s: owner %q beside ok %v", c.name, owner, ok)
		}
		if got := owner.String(); got != c.want && owner.Kind().String() != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReadingInputsDoesNotAllocate(t *testing.T) {
	key := unhex(t, keyHex)
	legacy, witness := pushed(der(1), key), [][]byte{der(1), key}
	nested, wsh := pushed(unhex(t, "0014"+keyHash)), [][]byte{nil, der(1), unhex(t, bip143Script)}
	var owner model.Address
	var flags model.SigHash
	if n := testing.AllocsPerRun(100, func() {
		owner, _ = model.UnlockingOwner(legacy, nil, model.Mainnet)
		owner, _ = model.UnlockingOwner(nil, witness, model.Mainnet)
		owner, _ = model.UnlockingOwner(nested, witness, model.Mainnet)
		owner, _ = model.UnlockingOwner(nil, wsh, model.Mainnet)
		flags = model.SigHashOf(nested, witness) | model.SigHashOf(legacy, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if owner.IsZero() || !flags.OnlyAll() {
		t.Errorf("%s, %s", owner, flags)
	}
}

func FuzzUnlocking(f *testing.F) {
	key, _ := hex.DecodeString(keyHex)
	f.Add(pushed(der(1), key), []byte(nil), []byte(nil), []byte(nil))
	f.Add([]byte(nil), der(0x83), key, []byte(nil))
	f.Add([]byte(nil), []byte(nil), bytes.Repeat([]byte{1}, 64), []byte{0x50})
	f.Add([]byte(nil), bytes.Repeat([]byte{1}, 65), []byte{0x51}, append([]byte{0xc0}, key[1:]...))
	f.Fuzz(func(t *testing.T, script, a, b, c []byte) {
		for _, witness := range [][][]byte{nil, {a}, {a, b}, {a, b, c}} {
			if s := model.SigHashOf(script, witness); s.OnlyAll() && s.MultiParty() {
				t.Fatalf("%s commits to all and leaves something open", s)
			}
			owner, ok := model.UnlockingOwner(script, witness, model.Signet)
			if ok == owner.IsZero() {
				t.Fatalf("owner %s beside ok %v", owner, ok)
			}
			if !ok {
				continue
			}
			// What is inferred is a form that can show its owner, on the
			// network that was asked for.
			switch owner.Kind() {
			case model.P2PKH, model.P2SH, model.P2WPKH, model.P2WSH:
			default:
				t.Fatalf("owner of kind %s", owner.Kind())
			}
			if back, err := model.ParseAddress(owner.String(), model.Signet); err != nil || back != owner {
				t.Fatalf("%s reads as %s, %v", owner, back, err)
			}
		}
	})
}
