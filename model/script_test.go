package model_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

func TestClassify(t *testing.T) {
	key, longKey := "21"+keyHex, "41"+longKeyHex
	hash32 := strings.Repeat("ab", 32)
	type want struct {
		Kind          string
		Version, M, N uint8
		Payload       string
	}
	for _, c := range []struct {
		name, script string
		want         want
	}{
		{"empty", "", want{Kind: "empty"}},
		{"compressed key", key + "ac", want{Kind: "p2pk", Payload: keyHex}},
		{"uncompressed key", longKey + "ac", want{Kind: "p2pk", Payload: longKeyHex}},
		{"hybrid key", "4106" + longKeyHex[2:] + "ac", want{Kind: "p2pk", Payload: "06" + longKeyHex[2:]}},
		{"key of the wrong first byte", "2104" + keyHex[2:] + "ac", want{Kind: "other"}},
		{"uncompressed length, compressed first byte", "4102" + longKeyHex[2:] + "ac", want{Kind: "other"}},
		{"key without CHECKSIG", key + "ad", want{Kind: "other"}},
		{"p2pkh", "76a914" + keyHash + "88ac", want{Kind: "p2pkh", Payload: keyHash}},
		{"p2pkh with one byte more", "76a914" + keyHash + "88ac00", want{Kind: "other"}},
		{"p2pkh by EQUAL", "76a914" + keyHash + "87ac", want{Kind: "other"}},
		{"p2sh", "a914" + keyHash + "87", want{Kind: "p2sh", Payload: keyHash}},
		{"hash256 lock", "aa20" + hash32 + "87", want{Kind: "other"}},
		{"p2wpkh", "0014" + keyHash, want{Kind: "p2wpkh", Payload: keyHash}},
		{"p2wsh", "0020" + hash32, want{Kind: "p2wsh", Payload: hash32}},
		{"p2tr", "5120" + hash32, want{Kind: "p2tr", Version: 1, Payload: hash32}},
		{"p2a", "51024e73", want{Kind: "p2a", Version: 1, Payload: "4e73"}},
		{"version 1 of two other bytes", "51024e74", want{Kind: "witness_unknown", Version: 1, Payload: "4e74"}},
		{"version 2 like p2a", "52024e73", want{Kind: "witness_unknown", Version: 2, Payload: "4e73"}},
		{"version 1 of 20 bytes", "5114" + keyHash, want{Kind: "witness_unknown", Version: 1, Payload: keyHash}},
		{"version 16 of 40 bytes", "6028" + hash32 + "0102030405060708", want{Kind: "witness_unknown", Version: 16, Payload: hash32 + "0102030405060708"}},
		{"version 2 of 32 bytes", "5220" + hash32, want{Kind: "witness_unknown", Version: 2, Payload: hash32}},
		{"version 2 of 41 bytes", "5229" + hash32 + "010203040506070809", want{Kind: "other"}},
		{"version 2 of one byte", "520101", want{Kind: "other"}},
		{"version 0 of 16 bytes", "0010" + keyHash[:32], want{Kind: "other"}},
		{"OP_RESERVED is no version", "5020" + hash32, want{Kind: "other"}},
		{"OP_NEGATE is no version", "4f20" + hash32, want{Kind: "other"}},
		{"null data", "6a0b68656c6c6f20776f726c64", want{Kind: "nulldata"}},
		{"bare OP_RETURN", "6a", want{Kind: "nulldata"}},
		{"OP_RETURN and a push cut short", "6a4c", want{Kind: "nulldata"}},
		{"OP_RETURN of 22 bytes", "6a14" + keyHash, want{Kind: "nulldata"}},
		{"1 of 1", "51" + key + "51ae", want{Kind: "multisig", M: 1, N: 1}},
		{"2 of 3 of mixed keys", "52" + key + longKey + key + "53ae", want{Kind: "multisig", M: 2, N: 3}},
		{"16 of 16", "60" + strings.Repeat(key, 16) + "60ae", want{Kind: "multisig", M: 16, N: 16}},
		{"1 of 20, pushed as a number", "51" + strings.Repeat(key, 20) + "0114ae", want{Kind: "multisig", M: 1, N: 20}},
		{"17 of 20", "0111" + strings.Repeat(key, 20) + "0114ae", want{Kind: "multisig", M: 17, N: 20}},
		{"key by PUSHDATA1", "514c21" + keyHex + "51ae", want{Kind: "multisig", M: 1, N: 1}},
		{"key by PUSHDATA2", "514d2100" + keyHex + "51ae", want{Kind: "multisig", M: 1, N: 1}},
		{"key by PUSHDATA4", "514e21000000" + keyHex + "51ae", want{Kind: "multisig", M: 1, N: 1}},
		{"PUSHDATA1 without a length", "514cae", want{Kind: "other"}},
		{"PUSHDATA2 with half a length", "514dae", want{Kind: "other"}},
		{"PUSHDATA4 with part of a length", "514e2100ae", want{Kind: "other"}},
		{"no count of keys", "51" + key + "ae", want{Kind: "other"}},
		{"1 of 21", "51" + strings.Repeat(key, 21) + "0115ae", want{Kind: "other"}},
		{"2 of 1", "52" + key + "51ae", want{Kind: "other"}},
		{"0 of 1", "00" + key + "51ae", want{Kind: "other"}},
		{"1 of 0", "5100ae", want{Kind: "other"}},
		{"1 of 2 with one key", "51" + key + "52ae", want{Kind: "other"}},
		{"1 of 1 with two keys", "51" + key + key + "51ae", want{Kind: "other"}},
		{"count of keys not minimal", "51" + key + "0101ae", want{Kind: "other"}},
		{"key of 32 bytes", "5120" + hash32 + "51ae", want{Kind: "other"}},
		{"MULTISIG alone", "ae", want{Kind: "other"}},
		{"more after MULTISIG", "51" + key + "51ae51ae", want{Kind: "other"}},
		{"PUSHDATA4 beyond the end", "4effffffffae", want{Kind: "other"}},
		{"true", "51", want{Kind: "other"}},
	} {
		s := model.Classify(unhex(t, c.script))
		got := want{s.Kind.String(), s.Version, s.M, s.N, hex.EncodeToString(s.Payload)}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestScriptKindNamesAreDistinct(t *testing.T) {
	seen := map[string]model.ScriptKind{}
	for k := model.ScriptNone; k <= model.ScriptEmpty; k++ {
		if prev, dup := seen[k.String()]; dup || k.String() == "invalid" {
			t.Errorf("kind %d is named %q, as is %d", k, k, prev)
		}
		seen[k.String()] = k
	}
	if got := model.ScriptKind(200).String(); got != "invalid" {
		t.Errorf("kind 200 is named %q", got)
	}
}

func TestClassifyDoesNotAllocate(t *testing.T) {
	scripts := [][]byte{
		unhex(t, "0014"+keyHash), unhex(t, "76a914"+keyHash+"88ac"), unhex(t, "21"+keyHex+"ac"),
		unhex(t, "52"+strings.Repeat("21"+keyHex, 3)+"53ae"), {}, bytes.Repeat([]byte{0x6a}, 90), unhex(t, "51024e73"),
	}
	var sink model.Address
	if n := testing.AllocsPerRun(100, func() {
		for _, s := range scripts {
			model.Classify(s)
			sink = model.AddressOf(s, model.Mainnet)
		}
	}); n != 0 {
		t.Errorf("Classify and AddressOf allocate %v times", n)
	}
	_ = sink
}
