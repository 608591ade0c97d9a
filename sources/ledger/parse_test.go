package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func mustParse(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse("test", text)
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return f
}

// tx returns the transaction of a name.
func tx(t testing.TB, f *File, name string) *model.Tx {
	t.Helper()
	id, ok := f.Tx(name)
	if !ok {
		t.Fatalf("no transaction %q", name)
	}
	return f.Ledger.txs[f.Ledger.byID[id]]
}

// outs renders outputs as the language writes them.
func outs(f *File, t *model.Tx) (s []string) {
	for _, o := range t.Outputs {
		name, ok := f.Owner(o.Owner)
		if !ok {
			name = o.Owner.Kind().String()
		}
		s = append(s, fmt.Sprintf("%s %v", name, o.Value))
	}
	return s
}

// ins renders inputs.
func ins(f *File, t *model.Tx) (s []string) {
	for _, in := range t.Inputs {
		name, value := "?", "?"
		if in.OwnerBy != model.OwnerUnknown {
			name, _ = f.Owner(in.Owner)
			name += " by " + in.OwnerBy.String()
		}
		if in.ValueKnown {
			value = in.Value.String()
		}
		s = append(s, name+" "+value+" "+in.SigHash.String())
	}
	return s
}

func check(t *testing.T, what string, want, got any, opts ...cmp.Option) {
	t.Helper()
	opts = append(opts, cmpopts.EquateComparable(model.Address{}, model.Ref{}))
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestParseTransactions(t *testing.T) {
	f := mustParse(t, `
// The parts of the language, one after the other.
tx f1: new => alice 1.1
tx f2: new(bob) 1.5 => carol 1, carol#2 49_000_000sat
tx f3: unknown => bob 1.2
tx f4: unknown(bob:p2sh) unknown => bob 0.2
tx mix: f1.0 f2.0 => a2 1, b2 1, a3:p2tr 0.0999, b3 rest
tx pay: mix.0!SINGLE|ANYONECANPAY fee=0.0001 version=1 locktime=800004 sequence=0xfffffffe => dave 0.4, a4 rest
tx fan: f2.1 fee=0 => m#1..3 0.05, data "hello", data 0x00ff, m#8..9:p2pkh 1000sat, col rest
tx sweep: mix.1..3 => x 1, y 0.05
tx two: new 0.5 new(bob) new(eve) 0.25 fee=0.01 => z 1
`)
	check(t, "f1", []string{"alice 1.10000000"}, outs(f, tx(t, f, "f1")))
	check(t, "f1 inputs", []string{"outside by prevout 1.10000000 ALL"}, ins(f, tx(t, f, "f1")))
	check(t, "f2 inputs", []string{"bob by prevout 1.50000000 ALL"}, ins(f, tx(t, f, "f2")))
	check(t, "f2", []string{"carol 1.00000000", "carol#2 0.49000000"}, outs(f, tx(t, f, "f2")))
	check(t, "f3 inputs", []string{"? ? ALL"}, ins(f, tx(t, f, "f3")))
	check(t, "f4 inputs", []string{"bob:p2sh by unlocking ? ALL", "? ? ALL"}, ins(f, tx(t, f, "f4")))
	check(t, "mix", []string{"a2 1.00000000", "b2 1.00000000", "a3:p2tr 0.09990000", "b3 0.00010000"}, outs(f, tx(t, f, "mix")))
	check(t, "pay inputs", []string{"a2 by prevout 1.00000000 SINGLE|ANYONECANPAY"}, ins(f, tx(t, f, "pay")))
	check(t, "pay", []string{"dave 0.40000000", "a4 0.59990000"}, outs(f, tx(t, f, "pay")))
	pay := tx(t, f, "pay")
	check(t, "pay fields", []uint32{1, 800004, 0xfffffffe}, []uint32{uint32(pay.Version), pay.LockTime, pay.Inputs[0].Sequence})
	check(t, "fan", []string{"m#1 0.05000000", "m#2 0.05000000", "m#3 0.05000000", "nulldata 0.00000000", "nulldata 0.00000000",
		"m#8:p2pkh 0.00001000", "m#9:p2pkh 0.00001000", "col 0.33998000"}, outs(f, tx(t, f, "fan")))
	check(t, "payloads", []string{"6a0568656c6c6f", "6a0200ff"},
		[]string{fmt.Sprintf("%x", tx(t, f, "fan").Outputs[3].Script), fmt.Sprintf("%x", tx(t, f, "fan").Outputs[4].Script)})
	check(t, "sweep inputs", []string{"b2 by prevout 1.00000000 ALL", "a3:p2tr by prevout 0.09990000 ALL", "b3 by prevout 0.00010000 ALL"},
		ins(f, tx(t, f, "sweep")))
	fee, ok := tx(t, f, "sweep").Fee()
	check(t, "fee of sweep", "0.05000000 true", fmt.Sprint(fee, ok))
	_, ok = tx(t, f, "f4").Fee()
	check(t, "fee of f4 is known", false, ok)
	check(t, "two inputs", []string{"outside by prevout 0.50000000 ALL", "bob by prevout 0.26000000 ALL", "eve by prevout 0.25000000 ALL"},
		ins(f, tx(t, f, "two")))
}

func TestParseLiteralAddress(t *testing.T) {
	const boat = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
	f := mustParse(t, `
label Boat: addr(`+boat+`) category=exchange
tx a: new(addr(`+boat+`)) 1 => addr(`+boat+`) rest
tx b: a.0!NONE => c 1
`)
	a := tx(t, f, "a")
	check(t, "output", boat, a.Outputs[0].Owner.String())
	check(t, "input", boat, a.Inputs[0].Owner.String())
	in := tx(t, f, "b").Inputs[0]
	check(t, "unlocking data of a literal address", 0, len(in.Script)+len(in.Witness))
	check(t, "stated signature type", "NONE", in.SigHash.String())
	if _, ok := f.Owner(a.Outputs[0].Owner); ok {
		t.Error("a literal address has an owner")
	}
}

func TestAddressesAreStable(t *testing.T) {
	f := mustParse(t, "network testnet4\ntx a: new => alice 1")
	main := mustParse(t, "tx b: new => bob 1, alice:p2tr 1")
	// Computed by another implementation, from the definitions.
	for name, want := range map[string]string{
		"d1":              "bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3",
		"alice:p2pkh":     "14DNLuXLxFk9qNwhJW2UZ2Tp5eSFqTUdG4",
		"alice#2:p2sh":    "3Be6e6she2RJTYPuFdu8RB8E7DE4QVC8sA",
		"alice#2:p2wpkh":  "bc1qjgxc9g5atjapvesrts9ylthfgul5h2mk0dg92t",
		"nobody#9:p2wsh":  "bc1qkdqh835jutsdm5ne42dkfffdvjr0jlhzvxuhfktp69tf8ft54w5s6xx6k7",
		"nobody:p2tr":     "bc1p6ldejmzyl9lravaw2v8tfr2j9mzwkhtzqvwzfy9hyaqjj2z24clqugr5z0",
		"nobody:p2pk":     "script:0200bcd3217036694c9a8ad65f4c3e45fd696eda4ee2d5537e7fcbd4dbb21f58d592",
		"nobody:multisig": "script:0900931028fd032d9a83fe925987699db449603612eeae3ed4fe065d6e9197e9cabc",
	} {
		check(t, name, want, mustAddress(t, main, name))
	}
	if a, b := mustAddress(t, main, "alice"), mustAddress(t, main, "alice#1"); a == b {
		t.Error("alice and alice#1 share an address")
	}
	if s := mustAddress(t, f, "alice"); !strings.HasPrefix(s, "tb1q") {
		t.Errorf("address on testnet4 is %s", s)
	}
	for _, bad := range []string{"", "#1", "a#01", "a#x", "a:p2xx", "a b", "9a", "a#", "a:"} {
		if a, err := main.Address(bad); err == nil {
			t.Errorf("Address(%q) = %v, want an error", bad, a)
		}
	}
	a, err := main.Address("alice:p2tr")
	if err != nil {
		t.Fatal(err)
	}
	name, ok := main.Owner(a)
	check(t, "owner of alice:p2tr", "alice:p2tr true", fmt.Sprint(name, " ", ok))
}

func mustAddress(t *testing.T, f *File, name string) string {
	t.Helper()
	a, err := f.Address(name)
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}

func TestClock(t *testing.T) {
	place := func(f *File, name string) string {
		b := tx(t, f, name).Block
		if !b.Has(model.KnownHash | model.KnownHeight | model.KnownPos | model.KnownTime | model.KnownMedian) {
			t.Errorf("%s: not every field of its place is known", name)
		}
		return fmt.Sprintf("%d/%d %s", b.Height, b.Pos, time.Unix(b.Time, 0).UTC().Format("2006-01-02 15:04:05"))
	}
	f := mustParse(t, `
tx a: new => x 1
tx b: new => x 1
time 2023-07-24 00:15
tx c: new => x 1
time 2023-07-24 00:19:59
tx d: new => x 1
time 2023-07-24 00:20
tx e: new => x 1
time 2023-07-25
tx f: new => x 1
height 800200
tx g: new => x 1
height 800200
coinbase h: tag="/T/" => x 6.25
time 2023-07-25 00:12
height 800200
tx i: new => x 1
tx j: new => x 1
`)
	for name, want := range map[string]string{
		"a": "800000/1 2023-07-24 00:00:00",
		"b": "800001/1 2023-07-24 00:10:00", // ten minutes and one height on
		"c": "800001/2 2023-07-24 00:10:00", // same ten minutes
		"d": "800001/3 2023-07-24 00:10:00",
		"e": "800002/1 2023-07-24 00:20:00", // another slot, though one second later
		"f": "800144/1 2023-07-25 00:00:00", // 23 h 40 min = 142 blocks
		"g": "800200/1 2023-07-25 00:10:00", // stated height
		"h": "800200/0 2023-07-25 00:10:00", // a coinbase stands first
		"i": "800200/2 2023-07-25 00:10:00",
		"j": "800201/1 2023-07-25 00:20:00",
	} {
		check(t, name, want, place(f, name))
	}

	f = mustParse(t, "time 2022-08-15 09:17\ntx a: new => x 1\ntx b: new => x 1")
	check(t, "time before the first transaction", "800000/1 2022-08-15 09:10:00", place(f, "a"))
	check(t, "the next", "800001/1 2022-08-15 09:20:00", place(f, "b"))
	f = mustParse(t, "time 2022-08-15\nheight 749000\ntx a: new => x 1")
	check(t, "time and height", "749000/1 2022-08-15 00:00:00", place(f, "a"))
}

func TestMedianTime(t *testing.T) {
	f := mustParse(t, strings.Repeat("tx a: new => x 1\n", 1)+"tx b: new => x 1\ntime 2023-07-24 02:00\ntx c: new => x 1")
	start := time.Date(2023, 7, 24, 0, 0, 0, 0, time.UTC).Unix()
	for name, want := range map[string]int64{"a": 0, "b": 600, "c": 600} {
		check(t, name, want, tx(t, f, name).Block.Median-start)
	}
}

func TestBlocks(t *testing.T) {
	f := mustParse(t, `
tx f: new 1 => x 0.9
time 2023-07-24 00:05
coinbase cb: tag="/Northpool/" extra="00ff" => npc 6, npc#2 rest
tx g: cb.1 => y rest
`)
	l := f.Ledger
	check(t, "coinbase", []string{"npc 6.00000000", "npc#2 0.35000000"}, outs(f, tx(t, f, "cb"))) // 6.25 and a fee of 0.1
	script := tx(t, f, "cb").Inputs[0].Script
	h, ok := model.CoinbaseHeight(script)
	check(t, "height in the coinbase", "800000 true", fmt.Sprint(h, " ", ok)[:11])
	tag, _ := model.CoinbaseTag(script, 800000, true)
	check(t, "tag", "/Northpool/\x00\xff", string(tag))
	check(t, "coinbase of the second block", []string{"miner 6.25000000"}, outs(f, l.blocks[1].Txs[0]))
	check(t, "parent", l.blocks[0].Ref.Hash, l.blocks[1].Header.Prev)
	check(t, "y", []string{"y 0.35000000"}, outs(f, tx(t, f, "g")))

	name, _ := f.TxName(tx(t, f, "cb").ID)
	check(t, "name", "cb", name)
	if _, ok := f.TxName(l.blocks[1].Txs[0].ID); ok {
		t.Error("an added coinbase has a name")
	}
	line, _ := f.Line(tx(t, f, "g").ID)
	check(t, "line", 5, line)
}

func TestHeightScript(t *testing.T) {
	for _, h := range []int32{0, 1, 16, 17, 127, 128, 255, 256, 32767, 32768, 65535, 8388607, 8388608, maxHeight} {
		s := heightScript(h)
		if got, ok := model.CoinbaseHeight(s); !ok || got != h || len(s) < 2 {
			t.Errorf("script %x of height %d reads as %d, %v", s, h, got, ok)
		}
	}
}

// A serialised ledger tells the same facts as the ledger.
func TestUnlockingDataAgrees(t *testing.T) {
	var text strings.Builder
	kinds := []string{"p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "p2pk", "multisig"}
	flags := []string{"", "!ALL", "!NONE", "!SINGLE", "!ANYONECANPAY", "!ALL|ANYONECANPAY", "!NONE|ANYONECANPAY", "!SINGLE|ANYONECANPAY"}
	for _, k := range kinds {
		for j, flag := range flags {
			fmt.Fprintf(&text, "tx in_%s_%d: new(o#%d:%s)%s 1 new(p:%s)%s 1 => o#%d:%s 1, q 1\n", k, j, j, k, flag, k, flag, j+100, k)
			fmt.Fprintf(&text, "tx spend_%s_%d: in_%s_%d.0%s unknown%s => out 1\n", k, j, k, j, flag, flag)
		}
	}
	text.WriteString("tx d: in_p2tr_0.1 new(t:p2tr)!DEFAULT 1 => out 1\n")
	f := mustParse(t, text.String())
	seen := 0
	for _, want := range f.Ledger.txs {
		got, err := model.DecodeTx(model.AppendTx(nil, want), model.Mainnet)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "id, size and weight", fmt.Sprint(want.ID, want.Size, want.Weight), fmt.Sprint(got.ID, got.Size, got.Weight))
		for i, in := range got.Inputs {
			w := want.Inputs[i]
			if in.Prev.Null() {
				continue
			}
			if in.SigHash != w.SigHash {
				t.Errorf("line %v input %d: signature type %v, serialised %v", want.ID, i, w.SigHash, in.SigHash)
			}
			name, _ := f.Owner(w.Owner)
			tells := w.OwnerBy != model.OwnerUnknown && (owner{kind: w.Owner.Kind()}).tells()
			switch {
			case tells && (in.OwnerBy != model.OwnerUnlocking || in.Owner != w.Owner):
				t.Errorf("input of %s: its unlocking data tells %v %v", name, in.OwnerBy, in.Owner)
			case !tells && in.OwnerBy != model.OwnerUnknown:
				t.Errorf("input of %s (%v): its unlocking data tells %v, and should tell nothing", name, w.OwnerBy, in.Owner)
			}
			if tells {
				seen++
			}
		}
	}
	if want := 4 * 3 * len(flags); seen < want {
		t.Errorf("%d owners told, want at least %d", seen, want)
	}
}

func TestParseLabelsTagsPrices(t *testing.T) {
	f := mustParse(t, `
price 2022-08-18 USD 23212.74
price 2022-08-18 EUR 23000
network signet
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9 method=test_payment source="own // list" detail="a, b" asserted=2022-07-30 retrieved="2022-08-01 10:00" from=2022-01-01 to=2023-01-01
label "Two Words": tx(f1) category=exchange
label Third: out(f1.0) category=""
label "A: b": addr(d1) category=exchange confidence=0.5
tag "/Northpool/" Northpool confidence=0.5
tag "/A\xffB/" "Other pool" source=mine
tx f1: new => d1 1
`)
	ctx := context.Background()
	d1, _ := f.Address("d1")
	f1, _ := f.Tx("f1")
	got, err := f.Ledger.Labels(ctx, []model.Ref{model.RefAddress(d1), model.RefTx(f1), {}, model.RefOutpoint(model.Outpoint{Tx: f1})})
	if err != nil {
		t.Fatal(err)
	}
	day := func(y int, m time.Month, d, h int) time.Time { return time.Date(y, m, d, h, 0, 0, 0, time.UTC) }
	check(t, "labels", [][]model.Label{
		{
			{On: model.RefAddress(d1), Entity: "A: b", Category: "exchange", Confidence: model.Percent(50), Source: "ledger"},
			{On: model.RefAddress(d1), Entity: "HashBazaar", Category: model.HashMarketplace, Role: model.RoleDeposit, Method: model.MethodTestPayment,
				Confidence: model.Percent(90), Source: "own // list", Detail: "a, b", Asserted: day(2022, 7, 30, 0), Retrieved: day(2022, 8, 1, 10),
				From: day(2022, 1, 1, 0), To: day(2023, 1, 1, 0)},
		},
		{{On: model.RefTx(f1), Entity: "Two Words", Category: "exchange", Confidence: model.Percent(90), Source: "ledger"}},
		nil,
		{{On: model.RefOutpoint(model.Outpoint{Tx: f1}), Entity: "Third", Confidence: model.Percent(90), Source: "ledger"}},
	}, got)
	check(t, "tags", []model.Tag{
		{Bytes: []byte("/A\xffB/"), Entity: "Other pool", Confidence: model.Percent(97), Source: "mine"},
		{Bytes: []byte("/Northpool/"), Entity: "Northpool", Confidence: model.Percent(50), Source: "ledger"},
	}, f.Ledger.tags)
	ps, err := f.Ledger.Prices(ctx, model.Signet, "USD", []time.Time{day(2022, 8, 18, 23), day(2022, 8, 19, 0), day(2022, 8, 17, 23)})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "price", "23212.74", ps[0].Rate.String())
	check(t, "no price is carried over", true, ps[1].IsZero() && ps[2].IsZero())
}

func TestParseBooks(t *testing.T) {
	f := mustParse(t, `
network signet
book HashBazaar: order account=17 time="2022-08-18 11:50" until=2022-08-24 amount=0.34 order="77, a" pool=Northpool worker=addr(p1).rig7
book "Hash Bazaar": deposit account="a b" time="2022-08-18 11:40" amount=35000000sat on=out(f1.0) address=addr(d1) custodian="H Ltd." dated=2023-01-05 confidence=0.8
book Northpool: worker worker="addr p1"
tx f1: new => d1 1
tx f2: f1.0 => p1 1
`)
	d1, _ := f.Address("d1")
	p1, _ := f.Address("p1")
	f1, _ := f.Tx("f1")
	day := func(s string) time.Time {
		at, err := parseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	var got []sources.Entry
	for e, err := range f.Ledger.Entries(context.Background(), sources.EntryQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Digest == (model.Digest{}) {
			t.Errorf("line %d has no digest", e.Line)
		}
		e.Digest = model.Digest{}
		got = append(got, e)
	}
	check(t, "entries", []sources.Entry{
		{Kind: sources.EntryWorker, Service: "Northpool", Worker: "addr p1", Network: model.Signet, Source: "ledger", Line: 5},
		{Kind: sources.EntryDeposit, Service: "Hash Bazaar", Account: "a b", Time: day("2022-08-18 11:40"), Amount: 35_000_000, AmountKnown: true, Network: model.Signet,
			On: model.RefOutpoint(model.Outpoint{Tx: f1}), Address: d1, Custodian: "H Ltd.", Dated: day("2023-01-05"), Confidence: model.Percent(80), Source: "ledger", Line: 4},
		{Kind: sources.EntryOrder, Service: "HashBazaar", Account: "17", Time: day("2022-08-18 11:50"), Until: day("2022-08-24"), Amount: 34_000_000, AmountKnown: true, Network: model.Signet,
			Order: "77, a", Pool: "Northpool", Worker: p1.String() + ".rig7", Source: "ledger", Line: 3},
	}, got, cmp.Comparer(func(a, b sources.Entry) bool { return a.Compare(&b) == 0 }))
}

func TestParseWants(t *testing.T) {
	f := mustParse(t, `
// want cluster:"^3 addresses" >=0.25
// want pool:`+"`\\d+`"+` +2
// wanted: this is only a comment
tx f1: new => alice 1, bob 2   // want deposit:"0.35 \"x\"" >=0.6 <=0.9 @1  deposit/unattributed:"y" ~0.98 @addr bob skip
time 2023-07-24 01:00
tx f2: new => alice 1 // want result:"{true}"
`)
	var got []string
	for _, w := range f.Wants {
		got = append(got, w.String())
	}
	f1, _ := f.Tx("f1")
	f2, _ := f.Tx("f2")
	bob, _ := f.Address("bob")
	check(t, "wants", []string{
		`test:2: want cluster:"^3 addresses" >=0.25`,
		`test:3: want pool:"\\d+" on tx:` + f1.String(),
		`test:5: want deposit:"0.35 \"x\"" >=0.60 <=0.90 on outpoint:` + f1.String() + ":1",
		`test:5: want deposit/unattributed:"y" >=0.93 <=1.00 on address:` + bob.String(),
		`test:5: want skip on tx:` + f1.String(),
		`test:7: want result:"{true}" on tx:` + f2.String(),
	}, got)
}

func TestParseErrors(t *testing.T) {
	const ok = "tx f: new => a 1, b 1\n"
	for _, c := range []struct{ text, want string }{
		{"tx a: b.0 => c 1", `1:7: unknown transaction "b"`},
		{ok + "tx g: f.0 => c 1\ntx h: f.0 => c 1", "3:7: f.0 is already spent on line 2"},
		{ok + "tx g: f.0 f.0..1 => c 1", "2:11: f.0 is already spent on line 2"},
		{ok + "tx g: f.0 => c 1.5", "2:1: g pays 1.50000000, more than the 1.00000000 that it takes"},
		{ok + "tx g: f.2 => c 1", "2:9: f has 2 outputs, there is no f.2"},
		{ok + "tx g: f.0..7 => c 1", "2:12: f has 2 outputs, there is no f.7"},
		{ok + "tx g: f.1..0 => c 1", "2:9: the range 1..0 runs backwards"},
		{ok + "tx g: f.x => c 1", `2:9: "x" is not the number of an output`},
		{ok + "tx g: f => c 1", `2:7: "f" is not an input`},
		{ok + "tx f: new => c 1", "2:4: the name f is taken on line 1"},
		{ok + "tx g: g.0 => c 1", "2:7: g spends itself"},
		{ok + "tx g: f.0 => c 1e3", `2:16: amount "1e3"`},
		{ok + "tx g: f.0 => c -1", `2:16: amount "-1"`},
		{ok + "tx g: f.0 => c 1_0", `2:16: amount "1_0"`},
		{ok + "tx g: f.0 => c 1__0sat", `2:16: amount "1__0sat"`},
		{ok + "tx g: f.0 => c 0.123456789", `2:16: amount "0.123456789": more than eight decimals`},
		{ok + "tx g: f.0 => c 22000000", `2:16: amount "22000000": not from 0 to 21 million coins`},
		{ok + "tx g: f.0 fee=0.1 => c 1", "2:11: g takes 1.00000000 and pays 1.00000000: the fee is 0.00000000, not 0.10000000"},
		{ok + "tx g: f.0 fee=0.1 => c 0.8", "2:11: g takes 1.00000000 and pays 0.80000000: the fee is 0.20000000, not 0.10000000"},
		{ok + "tx g: f.0 fee=2 => c rest", "2:1: g takes 1.00000000 and pays 0.00000000 with a fee of 2.00000000: nothing is left for rest"},
		{ok + "tx g: f.0 new => c rest", "2:11: both new and rest are open"},
		{ok + "tx g: new new => c 1", "2:11: a second new without an amount"},
		{ok + "tx g: f.0..1 new => c 1", "2:14: outputs and fee of 1.00000000 leave nothing for new"},
		{ok + "tx g: unknown => c rest", "2:1: g has inputs of unknown value, so there is no rest"},
		{ok + "tx g: unknown new => c 1", "2:15: g has inputs of unknown value, so new needs an amount"},
		{ok + "tx g: unknown fee=1 => c 1", "2:15: g has inputs of unknown value, so there is no fee"},
		{ok + "tx g: unknown(x:p2tr) => c 1", "2:15: nothing that unlocks an output of x:p2tr tells its owner"},
		{ok + "tx g: f.0 => c rest, d rest", "2:24: a second rest"},
		{ok + "tx g: f.0 => m#1..3 rest", "2:21: rest goes to one owner"},
		{ok + "tx g: f.0 => m#3..1 0.1", `2:14: the range "m#3..1"`},
		{ok + "tx g: f.0 => m#1..999999999 0sat", "2:14: more than 250000 inputs and outputs"},
		{ok + "tx g: f.0 => c", "2:14: want OWNER AMOUNT"},
		{ok + "tx g: f.0 => c 1 d 1", "2:14: want OWNER AMOUNT"},
		{ok + "tx g: f.0 => c 1,", "2:1: a comma after the last output"},
		{ok + "tx g: f.0 =>", "2:1: no outputs"},
		{ok + "tx g: => c 1", "2:1: g has no inputs"},
		{ok + "tx g: f.0", "2:1: no => between inputs and outputs"},
		{ok + "tx g f.0 => c 1", "2:1: tx: want a name with a colon"},
		{ok + "tx 9: f.0 => c 1", `2:4: "9" is not a name`},
		{ok + "tx g: f.0, f.1 => c 1", "2:10: inputs are separated by blanks"},
		{ok + "tx g: f.0 feee=1 => c 1", `2:11: unknown option "feee"`},
		{ok + "tx g: f.0!BOTH => c 1", `2:11: signature type "BOTH"`},
		{ok + "tx g: f.0!ALL|NONE => c 1", "2:11: signature type \"ALL|NONE\": these do not go together"},
		{ok + "tx g: f.0!DEFAULT => c 1", "2:7: signature type DEFAULT is for p2tr"},
		{ok + "tx g: f.0 => outside 1", `2:14: the owner "outside" is reserved`},
		{ok + "tx g: f.0 => c:p2x 1", `2:14: owner "c:p2x": kind "p2x"`},
		{ok + "tx g: f.0 => addr(1BoatSLRHtKNngkdXEeobR76b53LETtpyU) 1", "2:19: address"},
		{ok + "tx g: f.0 => data hello", "2:19: data:"},
		{ok + "tx g: f.0 => data 0x0", "2:19: data:"},
		{ok + "tx g: f.0 => data \"x\"\ntx h: g.0 => c 0", "3:7: g.0 is null data"},
		{ok + "tx g: f.0 => data \"x => c 1", `2:19: the string "x => c 1 does not end`},
		{"time 2022-13-01", "1:6: time:"},
		{"time 1999-01-01", "1:6: time:"},
		{"time 2022-01-02\ntime 2022-01-01", `2:6: time "2022-01-01": time goes back`},
		{ok + "time 2023-07-23", `2:6: time "2023-07-23": time goes back`},
		{ok + "height 799999", "2:8: height 799999: height goes back"},
		{ok + "height x", `2:8: height "x"`},
		{ok + "height 800000\ntime 2023-07-25\ntx g: f.0 => c 1", "4:1: the time moves on, but height 800000 stays"},
		{ok + "network signet", "2:1: network: must stand before the first transaction"},
		{"network bitcoin", `1:9: network "bitcoin"`},
		{"foo bar", `1:1: unknown directive "foo"`},
		{ok + "label X addr(a) category=exchange", "2:1: label: want an entity with a colon"},
		{ok + "label X: addr(zed) category=exchange", `2:15: owner "zed" has no output or input in this ledger`},
		{ok + "label X: addr(a)", "2:1: label: category= is missing"},
		{ok + "label X: tx(zed) category=exchange", `2:13: unknown transaction "zed"`},
		{ok + "label X: out(f.9) category=exchange", "2:16: f has 2 outputs"},
		{ok + "label X: foo(f) category=exchange", `2:10: label: "foo(f)" is not`},
		{ok + "label X: tx(f) category=exchange confidence=1.5", `2:34: probability "1.5"`},
		{ok + "label X: tx(f) categorie=exchange", `2:16: unknown option "categorie"`},
		{ok + "label X: tx(f) category=e from=2022-01-02 to=2022-01-01", "2:1: label: from= is not before to="},
		{"tag \"\" X", `1:5: tag ""`},
		{"tag \"a\" confidence=1", "1:9: tag: confidence=1 is not an entity"},
		{"book HashBazaar", "1:1: book: want a service with a colon"},
		{"book HashBazaar: gift", `1:18: book: kind of entry "gift"`},
		{ok + "book H: deposit on=out(f.7)", "2:26: f has 2 outputs"},
		{ok + "book H: deposit address=d1", `2:17: address: "d1" is not addr(OWNER)`},
		{ok + "book H: order worker=addr(nobody).x", `2:27: owner "nobody" has no output`},
		{ok + "book H: order amount=-1", "2:15: amount"},
		{ok + "book H: order time=x", `2:15: "x" is not a date`},
		{ok + "book H: order shop=x", `2:15: unknown option "shop" of an entry`},
		{"price 2022-08-18 USD 1e9", `1:22: price: "1e9" is not a rate`},
		{"price 2022-08-18 USD 0", "1:22: price: the rate 0 is not positive"},
		{"price 2022-08-18 usd 1", `1:18: price: "usd" is not a currency`},
		{"price 2022-08-18 USD 1\nprice 2022-08-18 USD 2", "2:7: price: 2022-08-18 has a price in USD on line 1 already"},
		{"coinbase c: => a 7", "1:1: c pays 7.00000000, more than subsidy and fees of 6.25000000"},
		{"coinbase c: tag=" + strings.Repeat("x", 97) + " => a 1", "1:1: the coinbase script has 101 bytes"},
		{"coinbase c: extra=0 => a 1", "1:13: extra:"},
		{"coinbase c: fee=1 => a 1", `1:13: unknown option "fee" of a coinbase`},
		{"coinbase c: => a 1\nheight 800000\ntx d: c.0 => b 1", "3:7: c is the coinbase of the same block"},
		{"coinbase c: => a 1\nheight 800000\ncoinbase d: => b 1", "3:1: the block at height 800000 has a coinbase on line 1"},
		{ok + "tx g: f.0 => c 1 // want", "2:25: want: nothing after it"},
		{ok + "tx g: f.0 => c 1 // want foo", `2:26: want: "foo" is neither`},
		{ok + "tx g: f.0 => c 1 // want foo:bar", "2:26: want: foo: bar is not a Go string"},
		{ok + "tx g: f.0 => c 1 // want foo:\"(\"", "2:26: want: error parsing regexp"},
		{ok + "tx g: f.0 => c 1 // want foo:\"x\" >=2", `2:34: want: probability "2"`},
		{ok + "tx g: f.0 => c 1 // want foo:\"x\" >=0.6 <=0.5", "2:26: want: no probability is"},
		{ok + "tx g: f.0 => c 1 // want foo:\"x\" @1", "2:26: want: g has 1 outputs, there is no @1"},
		{ok + "tx g: f.0 => c 1 // want foo:\"x\" @addr zed", `2:40: owner "zed" has no output or input`},
		{ok + "tx g: f.0 => c 1 // want foo:\"x\" +1", "2:26: want: there is no transaction on line 3"},
		{ok + "tx g: f.0 => c 1 // so // want foo:\"x\"", "2:21: a want stands at the beginning"},
		{ok + "// want skip", "2:9: want: there is no transaction on line 2"},
		{ok + "time 2023-07-25 // want foo:\"x\"", "2:25: want: there is no transaction on line 2"},
		{ok + "// want >=0.5", `2:9: want: ">=0.5" stands before any want`},
		{ok + "\xff", "2: the line is not UTF-8"},
		{ok + strings.Repeat("x", MaxLine+1), "2: the line has 65537 bytes"},
		{strings.Repeat("\n", MaxFile+1), "1: the text has 16777217 bytes"},
	} {
		_, err := Parse("test", c.text)
		if err == nil {
			t.Errorf("%s\nis read, want the error %q", c.text, c.want)
			continue
		}
		var pe *ParseError
		if !errors.As(err, &pe) {
			t.Errorf("%s\n%T is not a ParseError", c.text, err)
		}
		if !strings.HasPrefix(err.Error(), "test:"+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\ngot  %v\nwant test:%s", clip(c.text), err, c.want)
		}
	}
}

// One slip makes one error, and every slip makes one.
func TestParseTellsEveryProblem(t *testing.T) {
	_, err := Parse("test", `
tx a: nothing.0 => x 1
tx b: a.0 => y 1 // want foo:"x"
label L: tx(b) category=exchange
tx c: b.0 b.7 => z 1
tx d: new => z one
foo
`)
	check(t, "errors", `test:2:7: unknown transaction "nothing"
test:6:16: amount "one": want digits, as in 0.35
test:7:1: unknown directive "foo": want tx, coinbase, time, height, difficulty, fill, network, label, book, tag or price`, fmt.Sprint(err))

	_, err = Parse("test", strings.Repeat("foo\n", 1000))
	if n := strings.Count(fmt.Sprint(err), "\n") + 1; n != maxErrors {
		t.Errorf("%d lines of errors, want %d", n, maxErrors)
	}
}

func TestAppendBlocks(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(filepath.Base(name), string(b))
		if err != nil {
			t.Fatal(err)
		}
		checkBlocks(t, f)
	}
}

// checkBlocks decodes the serialised ledger and compares ids.
func checkBlocks(t *testing.T, f *File) {
	t.Helper()
	raw := f.Ledger.AppendBlocks(nil)
	magic := f.Ledger.Network().Magic()
	var view model.BlockView
	n := 0
	for len(raw) > 0 {
		if !bytes.HasPrefix(raw, magic[:]) {
			t.Fatalf("block %d: no magic", n)
		}
		size := binary.LittleEndian.Uint32(raw[4:])
		if err := view.Decode(raw[8 : 8+size]); err != nil {
			t.Fatalf("block %d: %v", n, err)
		}
		blk := f.Ledger.blocks[n]
		if view.Hash() != blk.Ref.Hash || len(view.Txs) != len(blk.Txs) {
			t.Fatalf("block %d: hash %v with %d transactions, want %v with %d", n, view.Hash(), len(view.Txs), blk.Ref.Hash, len(blk.Txs))
		}
		for i := range view.Txs {
			if view.TxID(i) != blk.Txs[i].ID {
				t.Fatalf("block %d: transaction %d is %v, want %v", n, i, view.TxID(i), blk.Txs[i].ID)
			}
		}
		raw = raw[8+size:]
		n++
	}
	if n != len(f.Ledger.blocks) {
		t.Fatalf("%d blocks, want %d", n, len(f.Ledger.blocks))
	}
}

func TestProvenance(t *testing.T) {
	const text = "tx a: new => b 1"
	p := mustParse(t, text).Ledger.Set().Provenance
	if len(p) != 1 || p[0].Name != "test" || p[0].Digest != sha256.Sum256([]byte(text)) {
		t.Errorf("provenance %+v", p)
	}
	check(t, "note", "1 blocks, 2 transactions, 0 labels, 0 tags, 0 prices", p[0].Note)
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.ledger")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add("tx a: new!SINGLE|ANYONECANPAY => m#1..3:p2tr 1sat, data 0xff // want x:\"y\" >=0.5 @1 +0 @addr b")
	f.Add("height 5\ncoinbase c: extra=ff => x rest\nunknown(")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("fuzz", text)
		if err != nil {
			if strings.Contains(err.Error(), "not consistent") {
				t.Fatalf("the parser lets pass what New does not:\n%v", err)
			}
			return
		}
		checkBlocks(t, file)
		for _, w := range file.Wants {
			if (w.Claim == nil) != (w.Kind == "skip") {
				t.Fatalf("want %v has no regexp", w)
			}
		}
		if _, err := file.Ledger.Tip(context.Background()); err != nil && !errors.Is(err, sources.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestDifficulty(t *testing.T) {
	f := mustParse(t, `time 2022-08-18
fill
tx a: new => x 1
difficulty 28_350_000_000_000
time 2022-08-18 01:00
tx b: a.0 => x 1
time 2022-08-18 02:00
tx c: b.0 => x 1`)
	for name, want := range map[string]uint64{"a": 0, "b": 28_350_000_000_000, "c": 28_350_000_000_000} {
		id, _ := f.Tx(name)
		txs, err := f.Ledger.Txs(context.Background(), []model.TxID{id})
		if err != nil {
			t.Fatal(err)
		}
		d, ok := txs[0].Block.Difficulty()
		if ok != (want > 0) || max(d, want)-min(d, want) > want/30_000 {
			t.Errorf("%s: difficulty %d, %v, want %d", name, d, ok, want)
		}
	}
	for text, want := range map[string]string{"difficulty": "want one number", "difficulty 0": "want a whole number from 1", "difficulty 2e12": "want a whole number from 1"} {
		if _, err := Parse("bad", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
