package records_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/records"
)

const (
	a1 = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
	a3 = "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"
	tx = "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"
)

func read(t *testing.T, text string, o records.Options) *records.Set {
	t.Helper()
	s, err := records.Read(strings.NewReader(text), "some/where/book.csv", o, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func all(t testing.TB, s *records.Set) (out []sources.Entry) {
	t.Helper()
	for e, err := range s.Entries(t.Context(), sources.EntryQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func address(t *testing.T, s string) model.Address {
	t.Helper()
	a, err := model.ParseAddress(s, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func outpoint(t *testing.T, s string) model.Ref {
	t.Helper()
	o, err := model.ParseOutpoint(s)
	if err != nil {
		t.Fatal(err)
	}
	return model.RefOutpoint(o)
}

func same(t *testing.T, want, got []sources.Entry) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b sources.Entry) bool { return a.Compare(&b) == 0 })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A row of a CSV and the same as a line of JSON are the same entry, each with the
// digest of its own bytes.
func TestOneEntryInBothFormats(t *testing.T) {
	row := `order,HashBazaar,17,2022-08-18T11:50:00Z,2022-08-24,0.34000000,BTC,"77, a",Northpool,` + a1 + `.rig7,,,HashBazaar Ltd.,2023-01-05,85%`
	csv := "# exported for the court\nkind,service,account,time,until,amount,currency,order,pool,worker,address,outpoint,custodian,dated,confidence\r\n\r\n# first\n" + row + "\r\n"
	object := `{"kind":"order","service":"HashBazaar","account":17,"time":"2022-08-18 11:50","until":"2022-08-24","amount_sat":34000000,"order":"77, a","pool":"Northpool","worker":"` + a1 + `.rig7","address":null,"custodian":"HashBazaar Ltd.","dated":"2023-01-05","confidence":0.85}`
	want := sources.Entry{
		Kind: sources.EntryOrder, Service: "HashBazaar", Account: "17", Time: at(t, "2022-08-18T11:50:00Z"), Until: at(t, "2022-08-24T00:00:00Z"),
		Amount: 34_000_000, AmountKnown: true, Order: "77, a", Pool: "Northpool", Worker: a1 + ".rig7",
		Custodian: "HashBazaar Ltd.", Dated: at(t, "2023-01-05T00:00:00Z"), Confidence: model.Percent(85), Source: "book.csv",
	}
	want.Line, want.Digest = 5, sha256.Sum256([]byte(row))
	same(t, []sources.Entry{want}, all(t, read(t, csv, records.Options{})))
	want.Line, want.Digest = 2, sha256.Sum256([]byte(object))
	same(t, []sources.Entry{want}, all(t, read(t, "\n"+object+"\r\n", records.Options{})))
}

// The lists that services keep apart, with their own headers.
func TestLists(t *testing.T) {
	day := at(t, "2022-08-18T00:00:00Z")
	for name, c := range map[string]struct {
		o    records.Options
		text string
		want sources.Entry
	}{
		"deposits": {
			records.Deposits("HashBazaar"),
			"Credited At;User ID;Amount (BTC);Tx Hash;Output Index;Deposit Address\n2022-08-18;17;0.35;" + tx + ";1;" + a3 + "\n",
			sources.Entry{Kind: sources.EntryDeposit, Service: "HashBazaar", Account: "17", Time: day, Amount: 35_000_000, AmountKnown: true,
				On: outpoint(t, tx+":1"), Address: address(t, a3)},
		},
		"orders": {
			records.Options{Kind: sources.EntryOrder, Service: "HashBazaar", Pools: map[string]string{"solo.example.org": "Solo"}},
			"Start\tRental ID\tBuyer\tStratum URL\tWorker Name\n1660780800\tr-1\tb\tstratum+tcp://u:p@solo.example.org:3333/x\t" + a1 + "+d=1024\n",
			sources.Entry{Kind: sources.EntryOrder, Service: "HashBazaar", Account: "b", Time: day, Order: "r-1", Pool: "Solo", Worker: a1 + "+d=1024"},
		},
		"workers": {
			records.Workers("Northpool"), "member,worker\nn4,somebody.1\n",
			sources.Entry{Kind: sources.EntryWorker, Service: "Northpool", Pool: "Northpool", Account: "n4", Worker: "somebody.1"},
		},
		"payouts": {
			records.Payouts("Northpool"), "paid_at,sub-account,payout address,satoshis,txid\n1660780800000,n4," + a1 + ",7950000," + tx + "\n",
			sources.Entry{Kind: sources.EntryPayout, Service: "Northpool", Pool: "Northpool", Account: "n4", Time: day, Amount: 7_950_000, AmountKnown: true, Address: address(t, a1),
				On: func() model.Ref { r, _ := outpoint(t, tx+":0").Tx(); return model.RefTx(r) }()},
		},
		"columns of one's own": {
			records.Options{Kind: sources.EntryPayout, Service: "N", Columns: map[string]string{"account": "wer", "address": "wohin"}},
			"wer,wohin,amount\nx," + a1 + ",not read\n",
			sources.Entry{Kind: sources.EntryPayout, Service: "N", Account: "x", Address: address(t, a1)},
		},
		"keys of one's own": {
			records.Options{Kind: sources.EntryPayout, Service: "N", Columns: map[string]string{"account": "wer", "order": "fehlt"}},
			`{"wer":"x","amount":[` + "]}\n",
			sources.Entry{},
		},
		"times of a zone": {
			records.Options{Kind: sources.EntryWorker, Service: "N", Zone: time.FixedZone("", -4*3600)}, "start\n2022-08-17 20:00:00\n",
			sources.Entry{Kind: sources.EntryWorker, Service: "N", Time: day},
		},
		"a word of one's own, and zeros": {
			records.Options{Service: "N", Kinds: map[string]sources.EntryKind{"Auszahlung": sources.EntryPayout}}, "kind,amount\nAuszahlung,0.1000000000\n",
			sources.Entry{Kind: sources.EntryPayout, Service: "N", Amount: 10_000_000, AmountKnown: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want.Kind == 0 {
				if _, err := records.Read(strings.NewReader(c.text), "x", c.o, model.Mainnet); err == nil {
					t.Error("a list in place of a value is read")
				}
				return
			}
			got := all(t, read(t, c.text, c.o))
			for i := range got {
				got[i].Source, got[i].Line, got[i].Digest = "", 0, model.Digest{}
			}
			same(t, []sources.Entry{c.want}, got)
		})
	}
}

// Rows of other things are left out, and counted.
func TestWhatIsLeftOut(t *testing.T) {
	s := read(t, "kind,coin,when\ndeposit,BTC,x\nfee,BTC,x\norder,LTC,x\nFee,BTC,x\nfee,BTC,x\n", records.Options{Service: "H"})
	if s.Len() != 1 {
		t.Errorf("%d entries, want 1", s.Len())
	}
	var got []string
	for _, k := range s.Skipped() {
		got = append(got, k.String())
	}
	if diff := cmp.Diff([]string{
		`book.csv: 2 of the kind "fee", the first in line 3`, "book.csv: 1 of other currencies, the first in line 4", `book.csv: 1 of the kind "Fee", the first in line 5`,
	}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := `csv; 1 entry; 1 deposit; left out 2 of the kind "fee"; left out 1 of other currencies; left out 1 of the kind "Fee"; columns not read: "when"`; s.Provenance()[0].Note != want {
		t.Errorf("note %q, want %q", s.Provenance()[0].Note, want)
	}
}

// Each line of JSON may have other keys than the one before.
func TestKeysOfEachLine(t *testing.T) {
	text := "{\"user\":\"a\",\"memo\":1}\n{\"user\":\"b\",\"memo\":2}\n{\"worker\":\"w\",\"user\":\"c\"}\n{}\n{\"user\":\"d\",\"memo\":3}\n"
	s := read(t, text, records.Orders("H"))
	var got []string
	for _, e := range all(t, s) {
		got = append(got, e.Account+"/"+e.Worker)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"/", "a/", "b/", "c/w", "d/"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if want := `json lines; 5 entries; 5 orders; columns not read: "memo"`; s.Provenance()[0].Note != want {
		t.Errorf("note %q, want %q", s.Provenance()[0].Note, want)
	}
}

// An error says where it is and repeats the word at fault.
func TestErrors(t *testing.T) {
	o := records.Orders("H")
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		text, want string
		o          records.Options
	}{
		{"", "b.csv: malformed data: no header", o},
		{"account,Account\n", "", o},
		{"account,account\n", `b.csv:1:9: malformed data: the column "account" stands there twice`, o},
		{"account\n", "b.csv:1: malformed data: no column for the kind of entry", records.Options{Service: "H"}},
		{"account\n", "b.csv:1: malformed data: no column for the service", records.Options{Kind: sources.EntryOrder}},
		{"account,time\n1,yesterday\n", `b.csv:2:3: malformed data: time: "yesterday" is not a time`, o},
		{"account,time\n1\n", "b.csv:2:1: malformed data: csv: wrong number of fields", o},
		{"account\n\"1\n", "malformed data: csv:", o},
		{"time,until\n2022-08-18,2022-08-17\n", "b.csv:2:12: malformed data: until: before time", o},
		{"a,amount\n1,0.123456789\n", "b.csv:2:3: malformed data: amount:", o},
		{"amount\n-1\n", "b.csv:2:1: malformed data: amount: -1.00000000 is not from 0 to 21 million", o},
		{"sats\n1e5\n", `b.csv:2:1: malformed data: amount_sat: "1e5" is not a whole number`, o},
		{"amount,sats\n1,100000000\n", "b.csv:2:3: malformed data: amount_sat: both", o},
		{"address\n1BoatSLRHtKNngkdXEeobR76b53LETtpyU\n", "b.csv:2:1: malformed data: address:", o},
		{"txid\nabc\n", "b.csv:2:1: malformed data: tx:", o},
		{"txid,vout\n" + tx + ",x\n", `b.csv:2:66: malformed data: vout: "x" is not the number`, o},
		{"a,vout\n,3\n", "b.csv:2:2: malformed data: vout: the number of an output without a txid", o},
		{"output,txid\n" + tx + ":0," + tx + "\n", "b.csv:2:1: malformed data: outpoint: both", o},
		{"network\nmoonnet\n", "b.csv:2:1: malformed data: network:", o},
		{"confidence\n1.5\n", "b.csv:2:1: malformed data: confidence:", o},
		{"confidence\n0\n", "b.csv:2:1: malformed data: confidence: 0 leaves nothing", o},
		{"confidence\n101%\n", "b.csv:2:1: malformed data: confidence: percentage", o},
		{"worker\n" + long + "\n", "b.csv:2:1: malformed data: worker: 300 bytes, more than 256", o},
		{"worker\na\u202eb\n", "b.csv:2:1: malformed data: worker: the character U+202E is not allowed", o},
		{"kind\n\n,\n", "", records.Options{Service: "H"}},
		{"kind,x\n,\n", "b.csv:2:1: malformed data: kind: empty", records.Options{Service: "H"}},
		{"kind,service\norder,\n", "b.csv:2:7: malformed data: service: empty", records.Options{}},
		{"x\n", `b.csv:1: malformed data: options: Columns: "no" is no field`, records.Options{Kind: 1, Service: "H", Columns: map[string]string{"no": "x"}}},
		{"x\n", `b.csv:1: malformed data: options: Columns: no column "y" for the field account`, records.Options{Kind: 1, Service: "H", Columns: map[string]string{"account": "y"}}},
		{"{\n", "b.csv:1:2: malformed data: json: the line ends early", o},
		{"{}\n[]\n", "b.csv:2:2: malformed data: json: want an object", o},
		{"{} {}\n", "malformed data: json: something follows", o},
		{`{"time":"2022-08-18","worker":{"a":1}}`, `malformed data: json: the value of "worker" is neither`, o},
		{`{"worker":"a","worker":"b"}`, `malformed data: json: the key "worker" stands there twice`, o},
		{`{"account":1,"time":"soon"}`, `b.csv:1:22: malformed data: time: "soon" is not a time`, o},
		{`{"account":1}`, `b.csv:1: malformed data: options: Columns: "no" is no field`, records.Options{Kind: 1, Service: "H", Columns: map[string]string{"no": "x"}}},
		{"x\n" + strings.Repeat("y", 1<<20+1), "b.csv:2: malformed data: a line of more than", o},
		{"a\xff\n", "b.csv:1: malformed data: not text", o},
		{"x\n", "options: Kind: entrykind(9) is no kind", records.Options{Kind: 9}},
		{"x\n", "options: Confidence: 1000001 is more", records.Options{Confidence: 1_000_001}},
		{"x\n", "options: Service: the character", records.Options{Service: "a\nb"}},
		{"x\n", `options: Pools["h"]`, records.Options{Pools: map[string]string{"h": ""}}},
		{"x\n", `options: Kinds["h"]: none is no kind`, records.Options{Kinds: map[string]sources.EntryKind{"h": 0}}},
	} {
		_, err := records.Read(strings.NewReader(c.text), "b.csv", c.o, model.Mainnet)
		if c.want == "" && (err == nil || strings.Contains(err.Error(), "wrong number")) {
			continue // read, or refused for its form
		}
		var e *sources.Error
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &e) {
			t.Errorf("%.60q: error %v, want %q", c.text, err, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.csv"), filepath.Join(dir, "two.jsonl")
	for path, text := range map[string]string{
		one: "time,account\n2022-08-19,b\n2022-08-17,a\n", two: `{"time":"2022-08-18","account":"c"}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := records.Open(records.Orders("H"), model.Mainnet, one, two)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range all(t, s) {
		got = append(got, e.Account+" "+e.Source)
	}
	if diff := cmp.Diff([]string{"a one.csv", "c two.jsonl", "b one.csv"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p := s.Provenance(); len(p) != 2 || p[0].Note != "csv; 2 entries; 2 orders; 2022-08-17 to 2022-08-19" || p[1].Note != "json lines; 1 entry; 1 order; 2022-08-18 to 2022-08-18" {
		t.Errorf("provenance %+v", p)
	}
	if _, err := records.Open(records.Orders("H"), model.Mainnet, filepath.Join(dir, "none")); !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("a file that is not there: %v", err)
	}
}
