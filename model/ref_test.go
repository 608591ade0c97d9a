package model_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/goldwash/goldwash/model"
)

// everyRef names one thing of each kind, in the order of Compare.
func everyRef(t testing.TB, net model.Network) []model.Ref {
	t.Helper()
	id := model.TxID{0xaa, 1}
	return []model.Ref{
		{},
		model.RefTx(id),
		model.RefOutpoint(model.Outpoint{Tx: id, Vout: 0}),
		model.RefOutpoint(model.Outpoint{Tx: id, Vout: 256}),
		model.RefOutpoint(model.Outpoint{Tx: id, Vout: 1<<32 - 1}),
		model.RefInpoint(model.Inpoint{Tx: id, Vin: 0}),
		model.RefAddress(model.AddressOf(unhex(t, "76a914"+keyHash+"88ac"), net)),
		model.RefAddress(model.AddressOf(unhex(t, "0014"+keyHash), net)),
		model.RefAddress(model.AddressOf([]byte{0x51, 0x52, 0x53}, net)),
		model.RefBlock(model.BlockHash{3}),
	}
}

func TestRefText(t *testing.T) {
	for _, net := range model.Networks() {
		for _, r := range everyRef(t, net) {
			got, err := model.ParseRef(r.String(), net)
			if got != r || err != nil {
				t.Errorf("%v: %q is read as %v, %v", net, r, got, err)
			}
		}
	}
	tx := strings.Repeat("0", 64)
	for _, s := range []string{
		"tx", "tx:", "tx:12", tx, "Tx:" + tx, "none:", ":", "transaction:" + tx, "outpoint:" + tx, "outpoint:" + tx + ":", "outpoint:" + tx + ":-1",
		"outpoint:" + tx + ":4294967296", "inpoint:" + tx + ":01", "address:", "address:" + keyP2PKH + "x", "block:" + tx + ":0", "address:tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
	} {
		if got, err := model.ParseRef(s, model.Mainnet); err == nil || !got.IsZero() {
			t.Errorf("%q is read as %v, %v", s, got, err)
		}
	}
}

func TestRefJSON(t *testing.T) {
	for _, r := range everyRef(t, model.Mainnet) {
		b, err := json.Marshal(r)
		got := model.RefTx(model.TxID{1})
		if err != nil || json.Unmarshal(b, &got) != nil || got != r {
			t.Errorf("%v: JSON %s is read as %v", r, b, got)
		}
	}
	b, err := json.Marshal(model.RefAddress(model.AddressOf(unhex(t, "76a914"+keyHash+"88ac"), model.Mainnet)))
	if want := `{"address":"` + keyP2PKH + `"}`; string(b) != want || err != nil {
		t.Errorf("got %s, %v, want %s", b, err, want)
	}
	tx := strings.Repeat("0", 64)
	for _, s := range []string{`{}`, `""`, `5`, `{"tx":5}`, `{"tx":"12"}`, `{"tx":"` + tx + `","block":"` + tx + `"}`, `{"address":""}`, `{"address":"x"}`, `{"none":""}`} {
		var r model.Ref
		if err := json.Unmarshal([]byte(s), &r); err == nil || !r.IsZero() {
			t.Errorf("%s is read as %v, %v", s, r, err)
		}
	}
}

// Each kind gives what it names, and nothing else.
func TestRefNames(t *testing.T) {
	for _, r := range everyRef(t, model.Regtest) {
		_, isTx := r.Tx()
		o, isOut := r.Outpoint()
		i, isIn := r.Inpoint()
		a, isAddress := r.Address()
		b, isBlock := r.Block()
		k := r.Kind()
		if isTx != (k == model.KindTx || isOut || isIn) || isOut != (k == model.KindOutpoint) || isIn != (k == model.KindInpoint) ||
			isAddress != (k == model.KindAddress) || isBlock != (k == model.KindBlock) || r.IsZero() != (k == model.KindNone) {
			t.Errorf("%v, a %v, is taken for something else", r, k)
		}
		switch {
		case isOut && model.RefOutpoint(o) != r, isIn && model.RefInpoint(i) != r, isBlock && model.RefBlock(b) != r,
			isAddress && (model.RefAddress(a) != r || a.Network() != model.Regtest):
			t.Errorf("%v does not give back what it is made of", r)
		}
	}
	if r := model.RefAddress(model.Address{}); !r.IsZero() {
		t.Errorf("no address is named by %v", r)
	}
	if got := model.RefKind(200).String(); got != "refkind(200)" {
		t.Errorf("an unknown kind is %q", got)
	}
}

func TestRefOrder(t *testing.T) {
	rs := everyRef(t, model.Mainnet)
	for i, a := range rs {
		for j, b := range rs {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			// Addresses come by kind of script, which is no order of meaning.
			if a.Kind() == model.KindAddress && b.Kind() == model.KindAddress {
				if got := a.Compare(b); got != -b.Compare(a) || (got == 0) != (i == j) {
					t.Errorf("%v and %v: %d", a, b, got)
				}
				continue
			}
			if got := a.Compare(b); got != want || a.Equal(b) != (i == j) {
				t.Errorf("%v and %v: %d, want %d", a, b, got, want)
			}
		}
	}
	// Outputs of one transaction come in the order of their numbers.
	var outs []model.Ref
	for _, n := range []uint32{300, 2, 1 << 31, 0} {
		outs = append(outs, model.RefOutpoint(model.Outpoint{Vout: n}))
	}
	slices.SortFunc(outs, model.Ref.Compare)
	var got []uint32
	for _, r := range outs {
		o, _ := r.Outpoint()
		got = append(got, o.Vout)
	}
	if !slices.Equal(got, []uint32{0, 2, 300, 1 << 31}) {
		t.Errorf("outputs are sorted as %v", got)
	}
}

// Both are keys of large maps: small, without padding to compare or pointers to
// follow.
func TestKeysAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(model.Address{}); n != 36 {
		t.Errorf("an Address has %d bytes, want 36", n)
	}
	if n := unsafe.Sizeof(model.Ref{}); n != 37 {
		t.Errorf("a Ref has %d bytes, want 37", n)
	}
	m := map[any]bool{}
	for range 2 {
		for _, r := range everyRef(t, model.Mainnet) {
			m[r] = true
			if a, ok := r.Address(); ok {
				m[a] = true
			}
		}
	}
	if len(m) != len(everyRef(t, model.Mainnet))+3 {
		t.Errorf("%d keys", len(m))
	}
	r := everyRef(t, model.Mainnet)[6]
	if n := testing.AllocsPerRun(100, func() {
		a, _ := r.Address()
		if model.RefAddress(a) != r {
			t.Fail()
		}
	}); n != 0 {
		t.Errorf("%v allocations to go between an Address and its Ref", n)
	}
}
