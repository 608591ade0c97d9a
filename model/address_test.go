package model_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

// The address of every form, beside its script. Segwit texts are the vectors of
// BIP 173 and BIP 350.
func TestAddressText(t *testing.T) {
	for _, c := range []struct {
		net          model.Network
		script, text string
	}{
		{model.Mainnet, "76a914" + keyHash + "88ac", keyP2PKH},
		{model.Mainnet, "76a914" + strings.Repeat("00", 20) + "88ac", "1111111111111111111114oLvT2"},
		{model.Testnet3, "76a914" + keyHash + "88ac", "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r"},
		{model.Regtest, "76a914" + keyHash + "88ac", "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r"},
		{model.Mainnet, "a914bcfeb728b584253d5f3f70bcb780e9ef218a68f487", keyNested},
		{model.Mainnet, "0014" + keyHash, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{model.Testnet4, "0014" + keyHash, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"},
		{model.Signet, "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"},
		{model.Testnet3, "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy"},
		{model.Testnet3, "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433", "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c"},
		{model.Mainnet, "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
		{model.Mainnet, "6002751e", "bc1sw50qgdz25j"},
		{model.Mainnet, "5210751e76e8199196d454941c45d1b3a323", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"},
		{model.Mainnet, "51024e73", "bc1pfeessrawgf"},
		{model.Testnet3, "51024e73", "tb1pfees9rn5nz"},
		{model.Regtest, "51024e73", "bcrt1pfeesnyr2tx"},
		// Forms without an address of their own.
		{model.Mainnet, "", "script:0c00e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{model.Mainnet, "51", "script:01004ae81572f06e1b88fd5ced7a1a000945432e83e1551e6f721ee9c00b8cc33260"},
	} {
		script := unhex(t, c.script)
		a := model.AddressOf(script, c.net)
		if a.String() != c.text {
			t.Errorf("AddressOf(%s, %s) = %s, want %s", c.script, c.net, a, c.text)
		}
		back, err := model.ParseAddress(c.text, c.net)
		if err != nil || back != a {
			t.Errorf("ParseAddress(%s, %s) = %v, %v; want the address of %s", c.text, c.net, back, err, c.script)
		}
		if a.Network() != c.net || a.Kind() != model.Classify(script).Kind || a.IsZero() {
			t.Errorf("%s: network %s, kind %s", c.text, a.Network(), a.Kind())
		}
		if got, ok := a.Script(); ok != (a.Kind() != model.ScriptOther) || ok && !bytes.Equal(got, script) {
			t.Errorf("%s: Script() = %x, %v", c.text, got, ok)
		}
	}
}

// Scripts that an address holds only the hash of come back as text, not as
// script, and each kind keeps its name.
func TestAddressOfHashedScripts(t *testing.T) {
	for _, c := range []struct{ script, prefix string }{
		{"21" + keyHex + "ac", "script:0200"},
		{"51", "script:0100"},
		{"51" + "21" + keyHex + "51ae", "script:0900"},
		{"6a0102", "script:0a00"},
		{"5228" + strings.Repeat("00", 40), "script:0b02"},
	} {
		a := model.AddressOf(unhex(t, c.script), model.Signet)
		if !strings.HasPrefix(a.String(), c.prefix) || len(a.String()) != len("script:")+68 {
			t.Errorf("%s: %s, want %s...", c.script, a, c.prefix)
		}
		if s, ok := a.Script(); ok {
			t.Errorf("%s: script %x from a hash", c.script, s)
		}
		if back, err := model.ParseAddress(a.String(), model.Signet); err != nil || back != a {
			t.Errorf("%s: reads back as %v, %v", a, back, err)
		}
	}
}

// A witness program of more than 32 bytes has a text that wallets show, but an
// address keeps its hash: the text reads as the same address as the script.
func TestAddressOfLongWitnessProgram(t *testing.T) {
	const text = "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"
	a, err := model.ParseAddress(text, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	if want := model.AddressOf(unhex(t, "5128"+keyHash+keyHash), model.Mainnet); a != want {
		t.Errorf("%s reads as %s, want %s", text, a, want)
	}
	// It may not be taken for the program of 32 bytes that its hash is.
	raw := unhex(t, strings.TrimPrefix(a.String(), "script:0b01"))
	if short := model.AddressOf(append([]byte{0x52, 32}, raw...), model.Mainnet); short == a {
		t.Errorf("%s equals %s", a, short)
	}
}

func TestParseAddressReadsUpperCaseBech32(t *testing.T) {
	for _, text := range []string{strings.ToUpper(keyP2WPKH), "BC1SW50QGDZ25J"} {
		a, err := model.ParseAddress(text, model.Mainnet)
		if err != nil || a.String() != strings.ToLower(text) {
			t.Errorf("ParseAddress(%s) = %v, %v", text, a, err)
		}
	}
}

func TestParseAddressRejects(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	for _, c := range []struct {
		net       model.Network
		text, why string
	}{
		// BIP 350, invalid addresses.
		{model.Mainnet, "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", `prefix "tc" belongs to no network`},
		{model.Mainnet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "demands bech32m"},
		{model.Testnet3, "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", "demands bech32m"},
		{model.Mainnet, "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", "demands bech32m"},
		{model.Mainnet, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "demands bech32"},
		{model.Testnet3, "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", "demands bech32"},
		{model.Mainnet, "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", "bech32: invalid character"},
		{model.Mainnet, "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "witness version 17"},
		{model.Mainnet, "bc1pw5dgrnzv", "1 bytes, want 2 to 40"},
		{model.Mainnet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", "41 bytes, want 2 to 40"},
		{model.Mainnet, "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", "16 bytes, but version 0 demands"},
		{model.Testnet3, "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", "mixes upper and lower case"},
		{model.Mainnet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", "padding"},
		{model.Testnet3, "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", "padding"},
		{model.Mainnet, "bc1gmk9yu", "no witness version"},
		// The wrong network.
		{model.Testnet3, keyP2WPKH, `prefix "bc" belongs to mainnet`},
		{model.Mainnet, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", `prefix "tb" belongs to testnet3, testnet4, signet`},
		{model.Regtest, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", `prefix "tb" belongs to testnet3, testnet4, signet`},
		{model.Signet, "bcrt1pfeesnyr2tx", `prefix "bcrt" belongs to regtest`},
		{model.Signet, keyP2PKH, "version byte 0x00 belongs to mainnet"},
		{model.Mainnet, "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", "version byte 0x6f belongs to testnet3, testnet4, signet, regtest"},
		{model.Mainnet, "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "version byte 0x30 belongs to no network"},
		// Damage.
		{model.Mainnet, "", "empty"},
		{model.Mainnet, keyP2PKH[:33] + "J", "the checksum is wrong"},
		{model.Mainnet, "1" + keyP2PKH, "the checksum is wrong"},
		{model.Mainnet, keyP2PKH + " ", "base58"},
		{model.Mainnet, "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAM0", "base58"},
		{model.Mainnet, "3QJmnh", "base58: invalid format"},
		{model.Mainnet, keyP2WPKH[:41] + "5", "bech32: invalid checksum"},
		{model.Mainnet, keyP2WPKH + "\x00", "bech32: invalid character"},
		{model.Mainnet, strings.Repeat("1", 5000), "bech32"},
		{model.Mainnet, strings.Repeat("z", 5000), "5000 characters"},
		{model.Mainnet, "bitcoin:" + keyP2PKH, "bech32"},
		// Text of a hash that is not as String writes it.
		{model.Mainnet, "script:", "0 digits"},
		{model.Mainnet, "script:0200" + digest + "00", "70 digits"},
		{model.Mainnet, "script:0200" + strings.ToUpper(digest), "upper case"},
		{model.Mainnet, "script:02zz" + digest, "invalid byte"},
		{model.Mainnet, "script:0000" + digest, "no kind of script has the number 0"},
		{model.Mainnet, "script:0d00" + digest, "no kind of script has the number 13"},
		{model.Mainnet, "script:0300" + digest, "the kind p2pkh has an address of its own"},
		{model.Mainnet, "script:0801" + digest, "witness version 1 for the kind p2a"},
		{model.Mainnet, "script:0201" + digest, "witness version 1 for the kind p2pk"},
		{model.Mainnet, "script:0b00" + digest, "witness version 0, want 1 to 16"},
		{model.Mainnet, "script:0b11" + digest, "witness version 17, want 1 to 16"},
		{model.Mainnet, "script:0c00" + digest, "not of the empty script"},
		{model.Mainnet, "SCRIPT:0200" + digest, "base58"},
	} {
		a, err := model.ParseAddress(c.text, c.net)
		if err == nil {
			t.Errorf("ParseAddress(%q, %s) = %s, want an error", c.text, c.net, a)
			continue
		}
		if !a.IsZero() {
			t.Errorf("ParseAddress(%q, %s) returns %s beside an error", c.text, c.net, a)
		}
		if !strings.Contains(err.Error(), c.why) {
			t.Errorf("ParseAddress(%q, %s): %v; want it to say %q", c.text, c.net, err, c.why)
		}
		if len(err.Error()) > 400 {
			t.Errorf("an error of %d characters", len(err.Error()))
		}
	}
}

func TestAddressUnmarshalText(t *testing.T) {
	script := "script:0200" + strings.Repeat("ab", 32)
	for _, c := range []struct {
		text string
		net  model.Network
	}{
		{keyP2PKH, model.Mainnet},
		{keyNested, model.Mainnet},
		{keyP2WPKH, model.Mainnet},
		{script, model.Mainnet},
		{"", model.Mainnet},
		{"mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", model.Testnet3},
		{"tb1pfees9rn5nz", model.Testnet3},
		{"bcrt1pfeesnyr2tx", model.Regtest},
	} {
		a := model.AddressOf([]byte{1, 2, 3}, model.Signet)
		if err := a.UnmarshalText([]byte(c.text)); err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		back, _ := a.MarshalText()
		if a.Network() != c.net || string(back) != c.text || (c.text == "") != a.IsZero() {
			t.Errorf("%s reads as %s on %s", c.text, back, a.Network())
		}
	}
	for _, text := range []string{"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "?"} {
		var a model.Address
		if err := a.UnmarshalText([]byte(text)); err == nil || !a.IsZero() {
			t.Errorf("%s reads as %s, %v; want an error", text, a, err)
		}
	}
}

func TestAddressIsAPlainKey(t *testing.T) {
	if size := unsafe.Sizeof(model.Address{}); size != 36 {
		t.Errorf("an address has %d bytes, want 36", size)
	}
	script := unhex(t, "0014"+keyHash)
	m := map[model.Address]int{model.AddressOf(script, model.Mainnet): 1, model.AddressOf(script, model.Signet): 2}
	if m[model.AddressOf(bytes.Clone(script), model.Signet)] != 2 || len(m) != 2 {
		t.Error("addresses of one script on two networks are one key")
	}
	// One key under two scripts is two addresses.
	if model.AddressOf(unhex(t, "21"+keyHex+"ac"), model.Mainnet) == model.AddressOf(unhex(t, "76a914"+keyHash+"88ac"), model.Mainnet) {
		t.Error("P2PK and P2PKH of one key are one address")
	}
}

func TestAddressOwnable(t *testing.T) {
	h := strings.Repeat("ab", 32)
	for script, want := range map[string]bool{
		"21" + keyHex + "ac": true, "76a914" + keyHash + "88ac": true, "a914" + keyHash + "87": true,
		"0014" + keyHash: true, "0020" + h: true, "5120" + h: true, "5121" + keyHex + "51ae": true,
		"": false, "51": false, "6a": false, "51024e73": false, "5220" + h: false, "0010" + h[:32]: false,
	} {
		if got := model.AddressOf(unhex(t, script), model.Mainnet).Ownable(); got != want {
			t.Errorf("%s: ownable %v, want %v", script, got, want)
		}
	}
	if (model.Address{}).Ownable() {
		t.Error("no address is ownable")
	}
}

func TestAddressCompare(t *testing.T) {
	var prev model.Address
	for _, c := range []struct {
		net    model.Network
		script string
	}{
		{model.Mainnet, "51"},                            // other
		{model.Mainnet, "0014" + keyHash},                // p2wpkh
		{model.Mainnet, "00149" + keyHash[1:]},           // greater payload
		{model.Mainnet, "0020" + keyHash + keyHash[:24]}, // p2wsh
		{model.Mainnet, "5228" + keyHash + keyHash},      // witness_unknown, hashed
		{model.Mainnet, "52024e73"},                      // longer payload
		{model.Mainnet, "53024e73"},                      // greater version
		{model.Testnet3, "51"},
	} {
		a := model.AddressOf(unhex(t, c.script), c.net)
		if prev.Compare(a) != -1 || a.Compare(prev) != 1 || a.Compare(a) != 0 {
			t.Errorf("%s does not come right after %s", a, prev)
		}
		prev = a
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{keyP2PKH, keyNested, keyP2WPKH, strings.ToUpper(keyP2WPKH), "tb1pfees9rn5nz", "bc1sw50qgdz25j", "script:0200" + strings.Repeat("ab", 32), ""} {
		f.Add(s, uint8(0))
	}
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		net := model.Network(n % uint8(len(model.Networks())))
		a, err := model.ParseAddress(s, net)
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("%q: %v beside an error", s, a)
			}
			return
		}
		text := a.String()
		if back, err := model.ParseAddress(text, net); err != nil || back != a {
			t.Fatalf("%q reads as %v, which reads as %v, %v", s, text, back, err)
		}
		// Equal addresses have one text, but for case and for long programs.
		if !strings.EqualFold(text, s) && a.Kind() != model.WitnessUnknown {
			t.Fatalf("%q reads as %q", s, text)
		}
		var u model.Address
		if err := u.UnmarshalText([]byte(text)); err != nil || u.String() != text && a.Network() == u.Network() {
			t.Fatalf("%q: %v, %v", text, u, err)
		}
	})
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "0014" + keyHash, "76a914" + keyHash + "88ac", "21" + keyHex + "ac", "51" + "21" + keyHex + "51ae", "51024e73", "6a4c", "4effffffffae", "5228" + strings.Repeat("01", 40)} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		s := model.Classify(script)
		if !bytes.Contains(script, s.Payload) {
			t.Fatalf("payload %x is not in the script", s.Payload)
		}
		if (s.Kind == model.Multisig) != (s.M > 0) || s.M > s.N || s.N > 20 {
			t.Fatalf("%s: %d of %d", s.Kind, s.M, s.N)
		}
		a := model.AddressOf(script, model.Regtest)
		if a.Kind() != s.Kind || a.Kind() == model.ScriptNone {
			t.Fatalf("kind %s, address of kind %s", s.Kind, a.Kind())
		}
		if back, ok := a.Script(); ok && !bytes.Equal(back, script) {
			t.Fatalf("script %x comes back as %x", script, back)
		}
		back, err := model.ParseAddress(a.String(), model.Regtest)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a, back, cmp.Comparer(func(a, b model.Address) bool { return a == b })); diff != "" {
			t.Fatalf("%x: (-want +got)\n%s", script, diff)
		}
	})
}
