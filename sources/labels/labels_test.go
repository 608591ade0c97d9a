package labels_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/labels"
)

// Addresses for tests, of blocks 9 and 286 and of a donation page.
const (
	a1 = "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S"
	a2 = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
	a3 = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
	tx = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
)

var sameRef = cmp.Comparer(func(a, b model.Ref) bool { return a == b })

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func read(t testing.TB, name, text string, o labels.Options) *labels.Set {
	t.Helper()
	s, err := labels.Read(strings.NewReader(text), name, model.Mainnet, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantLabels compares everything that a text holds.
func wantLabels(t *testing.T, name, text string, o labels.Options, want ...model.Label) {
	t.Helper()
	if diff := cmp.Diff(want, find(t, read(t, name, text, o), ""), sameRef); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// wantError checks that a text is malformed at a place and that the error holds
// some words.
func wantError(t *testing.T, name, text string, o labels.Options, key, words string) {
	t.Helper()
	s, err := labels.Read(strings.NewReader(text), name, model.Mainnet, o)
	var e *sources.Error
	if !errors.As(err, &e) {
		t.Errorf("%.60q: got %+v, %v, want a *sources.Error", text, s, err)
		return
	}
	if e.Source != "labels" || e.Key != key || !strings.Contains(e.Error(), words) {
		t.Errorf("%.60q: got %q, want it at %s with %q", text, e, key, words)
	}
	if !strings.HasPrefix(words, "options") && !errors.Is(err, sources.ErrMalformed) {
		t.Errorf("%.60q: %v is not of kind ErrMalformed", text, err)
	}
}

func TestOwnCSV(t *testing.T) {
	wantLabels(t, "dir/mine.csv", `# my labels
tx,address,entity,category,role,method,confidence,source,detail,asserted,retrieved,from,to
,`+a1+`,HashBazaar,hash_marketplace,deposit,test_payment,0.9,me,"own deposit, refunded",2022-07-30,2022-08-01T10:00:00+02:00,2022-01-01,2023-01-01
,`+a1+`,Other,exchange,,,,,,,,,
`+tx+`,,theft,actor,,report,55%,,,,,,
`, labels.Options{},
		model.Label{On: model.RefTx(txid(t, tx)), Entity: "theft", Category: model.Actor, Method: model.MethodReport, Confidence: 550_000, Source: "mine.csv"},
		model.Label{On: address(t, a1), Entity: "Other", Category: model.Exchange, Confidence: 500_000, Source: "mine.csv"},
		model.Label{On: address(t, a1), Entity: "HashBazaar", Category: model.HashMarketplace, Role: model.RoleDeposit,
			Method: model.MethodTestPayment, Confidence: 900_000, Source: "me", Detail: "own deposit, refunded",
			Asserted: day("2022-07-30"), Retrieved: time.Date(2022, 8, 1, 8, 0, 0, 0, time.UTC), From: day("2022-01-01"), To: day("2023-01-01")},
	)
}

func txid(t testing.TB, s string) model.TxID {
	t.Helper()
	id, err := model.ParseTxID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCSVByLockingScript(t *testing.T) {
	// The key of block 9's coinbase, whose script has no address of its own,
	// and a P2PKH script, which does.
	key := "410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac"
	hash := "76a91411b366edfc0a8b66feebae5c2e25a7b6a5d1cf3188ac"
	s := read(t, "x.csv", "script,entity,category\n"+key+",Satoshi,miner\n"+hash+",Someone,miner\n", labels.Options{})
	ls := find(t, s, "")
	if len(ls) != 2 || ls[1].On == ls[0].On {
		t.Fatalf("labels %+v", ls)
	}
	if got := on(t, s, "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S"); len(got) != 1 || got[0].Entity != "Someone" {
		t.Errorf("labels of the script's address: %+v", got)
	}
}

func TestCSVOfOtherToolsIsRecognisedByItsHeader(t *testing.T) {
	const want = "Kraken"
	for name, text := range map[string]string{
		"names with spaces": "Bitcoin Address,Cluster Name,Cluster Category,Balance\n" + a1 + ",Kraken,Exchange,12.5\n",
		"semicolons":        "addr;owner;type\n" + a1 + ";Kraken;exchange\n",
		"tabs and gaps":     "address\tnote\towner\ttype\n" + a1 + "\t\tKraken\tEXCHANGE\n",
		"byte order mark":   "\xef\xbb\xbfaddress,label,category\r\n" + a1 + ",Kraken,exchange\r\n",
		"other currencies":  "currency,address,label,category\nETH,0x28c6c06298d514db089934071355e5743bf21d60,Kraken,exchange\nBTC," + a1 + ",Kraken,exchange\n",
		"preferred name":    "label,entity name,address,category\nhot 7,Kraken," + a1 + ",exchange\n",
	} {
		ls := find(t, read(t, "x.csv", text, labels.Options{}), "")
		if len(ls) != 1 || ls[0].Entity != want || ls[0].Category != model.Exchange || ls[0].On != address(t, a1) {
			t.Errorf("%s: %+v", name, ls)
		}
	}
}

func TestColumnsThatAreNotReadAreTold(t *testing.T) {
	s := read(t, "x.csv", "address,entity,category,confidnce,size\n"+a1+",X,exchange,0.9,3\n", labels.Options{})
	if got := s.Provenance()[0].Note; !strings.Contains(got, `columns not read: "confidnce", "size"`) {
		t.Errorf("note %q", got)
	}
}

func TestColumnMapping(t *testing.T) {
	text := "id,who,kind,sure\n" + a1 + ",HashBazaar,rental,80%\n" + a2 + ",Y,Mining Pool,\n"
	o := labels.Options{
		Columns:    map[string]string{"address": "id", "entity": "who", "category": "kind", "confidence": "sure"},
		Categories: map[string]model.Category{"rental": model.HashMarketplace},
		Method:     model.MethodStated,
		Confidence: 300_000,
	}
	ls := find(t, read(t, "x.csv", text, o), "")
	if len(ls) != 2 {
		t.Fatalf("%+v", ls)
	}
	got := map[string]model.Label{ls[0].Entity: ls[0], ls[1].Entity: ls[1]}
	if l := got["HashBazaar"]; l.Category != model.HashMarketplace || l.Confidence != 800_000 || l.Method != model.MethodStated {
		t.Errorf("%+v", l)
	}
	if l := got["Y"]; l.Category != model.MiningPool || l.Confidence != 300_000 {
		t.Errorf("%+v", l)
	}
	o.Columns["entity"] = "owner"
	wantError(t, "x.csv", text, o, "x.csv:1", `no column "owner" for the field entity`)
	o.Columns["owner"] = "who"
	o.Columns["entity"] = "who"
	wantError(t, "x.csv", text, o, "x.csv", `"owner" is no field of a label`)
}

func TestWordsOfOtherFormatsBecomeCategories(t *testing.T) {
	for word, want := range map[string]model.Category{
		"Mining Pool": "mining_pool", "miner": "mining_pool", "mining_service": "cloud_mining", "mixing_service": "mixer",
		"coinjoin": "mixer", "hosted-wallet": "custodian", "Payment Processor": "payment_processor", "ransomware": "actor",
		"Stolen Funds": "actor", "perpetrator": "actor", "victim": "victim", "market": "market", "Service": "service",
		"donation": "donation", "Hash Marketplace": "hash_marketplace",
	} {
		ls := find(t, read(t, "x.csv", "address,owner,type\n"+a1+",X,"+word+"\n", labels.Options{}), "")
		if len(ls) != 1 || ls[0].Category != want || ls[0].Role != "" {
			t.Errorf("%s: %+v, want %s", word, ls, want)
		}
	}
	// In the library's own columns a category is what it says.
	ls := find(t, read(t, "x.csv", "address,entity,category\n"+a1+",X,miner\n", labels.Options{}), "")
	if ls[0].Category != "miner" {
		t.Errorf("own column: %q", ls[0].Category)
	}
	ls = find(t, read(t, "x.csv", "address,owner,type\n"+a1+",X,Sanctions\n", labels.Options{}), "")
	if ls[0].Category != model.Actor || ls[0].Role != model.RoleAccount {
		t.Errorf("sanctions: %+v, want an actor's account", ls[0])
	}
}

func TestErrorsOfCSVNameTheirPlace(t *testing.T) {
	const h = "address,entity,category,role,confidence,from,to\n"
	for _, c := range []struct{ text, key, words string }{
		{h + "1BoatSLRHtKNngkdXEeobR76b53LETtpyU,X,exchange,,,,\n", "x.csv:2:1", "address: address \"1Boat"},
		{h + "# note\n\n" + a1 + ",X,Exchange,,,,\n", "x.csv:4:38", `category: "Exchange" is not a word`},
		{h + a1 + ",X,exchange,,1.5,,\n", "x.csv:2:48", "confidence: probability"},
		{h + a1 + ",X,exchange,,101%,,\n", "x.csv:2:48", "confidence: percentage"},
		{h + a1 + ",X,exchange,,-1%,,\n", "x.csv:2:48", "confidence: percentage"},
		{h + a1 + ",X,exchange,,,soon,\n", "x.csv:2:49", `from: "soon" is not a time`},
		{h + a1 + ",X,exchange,,,2022-01-02,2022-01-01\n", "x.csv:2:60", "to: not after from"},
		{h + a1 + ",,exchange,,,,\n", "x.csv:2:36", "entity: empty"},
		{h + a1 + ",X,,,,,\n", "x.csv:2:38", "category: empty"},
		{h + ",X,exchange,,,,\n", "x.csv:2", "0 of address, script and tx are filled"},
		{h + a1 + ",X,exchange\n", "x.csv:2:1", "wrong number of fields"},
		{h + a1 + ",\"X,exchange,,,,\n", "x.csv:2:52", "csv: "},
		{h + a1 + ",\x1b[31mX,exchange,,,,\n", "x.csv:2:36", "U+001B is not allowed"},
		{h + a1 + ",X\u202egnp,exchange,,,,\n", "x.csv:2:36", "U+202E is not allowed"},
		{h + a1 + "," + strings.Repeat("X", 257) + ",exchange,,,,\n", "x.csv:2:36", "257 bytes, more than 256"},
		{"address,tx,entity,category\n" + a1 + "," + tx + ",X,exchange\n", "x.csv:2", "2 of address, script and tx are filled"},
		{"tx,entity,category\n" + tx[1:] + ",X,exchange\n", "x.csv:2:1", "63 digits, want 64"},
		{"script,entity,category\n76a,X,exchange\n", "x.csv:2:1", "script: "},
		{"address,entity,entity,category\n", "x.csv:1:16", "stands there twice"},
		{"address,balance,category\n", "x.csv:1", "no column for the entity"},
		{"address,entity\n", "x.csv:1", "no column for the category"},
		{"# list\nentity,category,balance\n", "x.csv:2", "no column for the address, script or tx"},
		{"a,b" + strings.Repeat(",c", 1000) + "\n", "x.csv:1", "1002 columns"},
		{h + a1 + "," + strings.Repeat("X", 1<<20) + "\n", "x.csv:2", "a line of more than"},
		{h + "\xff", "x.csv:2", "not text in UTF-8"},
	} {
		wantError(t, "x.csv", c.text, labels.Options{}, c.key, c.words)
	}
}

func TestOwnJSON(t *testing.T) {
	one := `{"on":{"address":"` + a1 + `"},"entity":"X","category":"exchange","confidence":0.25,"source":"me","derivation":["h:1"]}`
	two := `{"on":{"tx":"` + tx + `"},"entity":"Y","category":"actor"}`
	want := []model.Label{
		{On: model.RefTx(txid(t, tx)), Entity: "Y", Category: model.Actor, Confidence: 500_000, Source: "x.json"},
		{On: address(t, a1), Entity: "X", Category: model.Exchange, Confidence: 250_000, Source: "me", Derivation: []string{"h:1"}},
	}
	wantLabels(t, "x.json", "["+one+",\n"+two+"]\n", labels.Options{}, want...)
	wantLabels(t, "x.json", one+"\n"+two+"\n", labels.Options{}, want...)
	wantLabels(t, "x.json", " [ ] ", labels.Options{})
	wantLabels(t, "x.json", `{"on":{"tx":"`+tx+`"},"entity":"Y","category":"actor","confidence":0}`, labels.Options{Confidence: 900_000},
		model.Label{On: model.RefTx(txid(t, tx)), Entity: "Y", Category: model.Actor, Source: "x.json"})
}

func TestJSONAddressesArePutOnTheNetwork(t *testing.T) {
	const signet = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
	text := `{"on":{"address":"` + signet + `"},"entity":"X","category":"exchange"}`
	s, err := labels.Read(strings.NewReader(text), "x.json", model.Signet, labels.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := model.ParseAddress(signet, model.Signet)
	if err != nil {
		t.Fatal(err)
	}
	ls, err := s.Labels(context.Background(), []model.Ref{model.RefAddress(a)})
	if err != nil || len(ls[0]) != 1 {
		t.Errorf("got %v, %v, want the label", ls, err)
	}
	wantError(t, "x.json", text, labels.Options{}, "x.json:1", "belongs to testnet3")
}

func TestErrorsOfJSONNameTheirLine(t *testing.T) {
	good := `{"on":{"address":"` + a1 + `"},"entity":"X","category":"exchange"}`
	for _, c := range []struct{ text, key, words string }{
		{good + "\n" + `{"on":{"address":"1Boat"},"entity":"X","category":"exchange"}`, "x.json:2", "address \"1Boat\""},
		{"[" + good + ",\n\n{\"on\":{},\"entity\":\"X\",\"category\":\"exchange\"}]", "x.json:3", "0 keys, want one"},
		{good + "\n" + strings.Replace(good, `"entity"`, `"Entitiy"`, 1), "x.json:2", "unknown field"},
		{good + "\n" + strings.Replace(good, `"X"`, `""`, 1), "x.json:2", "entity: empty"},
		{good + "\n" + strings.Replace(good, `"X"`, `"a\u0007b"`, 1), "x.json:2", "entity: the character U+0007"},
		{good + "\n" + strings.Replace(good, `exchange`, `Exchange!`, 1), "x.json:2", "category: "},
		{good + "\n" + strings.Replace(good, `"X"`, `"X","confidence":2`, 1), "x.json:2", "probability"},
		{good + "\n" + strings.Replace(good, `"X"`, `"X","role":"a b"`, 1), "x.json:2", "role: "},
		{good + "\n" + strings.Replace(good, `"X"`, `"X","from":"2022-01-02T00:00:00Z","to":"2022-01-02T00:00:00Z"`, 1), "x.json:2", "to: not after from"},
		{good + "\n{", "x.json:2", "ends early"},
		{"[" + good + "\n", "x.json:2", "ends early"},
		{"[" + good + "]\n[]", "x.json:2", "something follows"},
		{"[" + good + ",\n}]", "x.json:2", "invalid character"},
		{`{"a":1,"b":2}`, "x.json:1", "keys a, b is neither a label"},
		{`[1]`, "x.json:1", "want an object"},
		{`{"on":` + strings.Repeat("[", 20000), "x.json:1", "json: "},
	} {
		wantError(t, "x.json", c.text, labels.Options{}, c.key, c.words)
	}
}

func TestTagPack(t *testing.T) {
	wantLabels(t, "x.yaml", `---
title: A pack
creator: Someone
currency: BTC
confidence: forensic
lastmod: 2021-11-12
source: https://example.org/list
category: miner
label: Pool
tags:
- address: `+a1+`
- address: `+a2+`
  label: Other & Sons
  category: mixing_service
  abuse: sanction
  confidence: manual_transaction
  lastmod: 2022-01-02 03:04:05
  actor: other
  context: |
    two
    lines
- tx_hash: `+tx+`
  category:
  concepts: [user, ransomware]
  source: "https://example.org/tx"
- address: '`+a3+`'
  network: bitcoin
  concepts:
  - exchange
  - hot_wallet
  category: ~
- {address: `+a3+`, currency: ETH}
`, labels.Options{},
		model.Label{On: model.RefTx(txid(t, tx)), Entity: "Pool", Category: model.Actor, Method: model.MethodReport, Confidence: 500_000,
			Source: "A pack", Detail: "https://example.org/tx", Asserted: day("2021-11-12")},
		model.Label{On: address(t, a1), Entity: "Pool", Category: model.MiningPool, Method: model.MethodReport, Confidence: 500_000,
			Source: "A pack", Detail: "https://example.org/list; category miner", Asserted: day("2021-11-12")},
		model.Label{On: address(t, a2), Entity: "Other & Sons", Category: model.Mixer, Method: model.MethodTestPayment, Confidence: 900_000,
			Source: "A pack", Detail: "https://example.org/list; category mixing_service; abuse sanction; actor other; two lines",
			Asserted: time.Date(2022, 1, 2, 3, 4, 5, 0, time.UTC)},
		model.Label{On: address(t, a3), Entity: "Pool", Category: model.Exchange, Role: model.RoleHot, Method: model.MethodReport, Confidence: 500_000,
			Source: "A pack", Detail: "https://example.org/list", Asserted: day("2021-11-12")},
	)
}

func TestTheScaleOfTagPacks(t *testing.T) {
	for level, want := range map[string]model.Probability{
		"override": 1_000_000, "ownership": 1_000_000, "ledger_immanent": 1_000_000, "manual_transaction": 900_000,
		"service_api": 700_000, "forensic_investigation": 700_000, "authority_data": 600_000, "trusted_provider": 500_000,
		"service_data": 500_000, "forensic": 500_000, "untrusted_transaction": 400_000, "web_crawl": 200_000,
		"heuristic": 100_000, "unknown": 50_000, "": 50_000, "very_sure": 50_000,
	} {
		s := read(t, "x.yaml", "title: T\ncurrency: BTC\nconfidence: "+level+"\ntags:\n- address: "+a1+"\n  label: X\n", labels.Options{})
		if ls := find(t, s, ""); len(ls) != 1 || ls[0].Confidence != want {
			t.Errorf("%s: %+v, want %v", level, ls, want)
		}
		if told := strings.Contains(s.Provenance()[0].Note, "not on the scale"); told != (level == "very_sure") {
			t.Errorf("%s: note %q", level, s.Provenance()[0].Note)
		}
	}
}

func TestAbuseMakesAnActorButNotOfAServiceOrAVictim(t *testing.T) {
	for _, c := range []struct {
		fields   string
		category model.Category
		role     model.Role
	}{
		{"abuse: ransomware", model.Actor, ""},
		{"abuse: sanction", model.Actor, model.RoleAccount},
		{"category: user\n  abuse: sanction", model.Actor, model.RoleAccount},
		{"category: perpetrator", model.Actor, ""},
		{"concepts: [ransomware, sanction]", model.Actor, model.RoleAccount},
		{"category: user\n  source: https://www.treasury.gov/ofac/downloads/sdnlist.txt", model.Actor, model.RoleAccount},
		{"category: user\n  source: https://home.treasury.gov/policy-issues/financial-sanctions/recent-actions/20220506", model.Actor, model.RoleAccount},

		{"category: exchange\n  abuse: service_hack", model.Exchange, ""},
		{"category: mixing_service\n  abuse: sanction", model.Mixer, ""},
		{"category: victim\n  abuse: scam", "victim", ""},
		{"category: user", "user", ""},
		{"abuse: mixing", "mixing", ""},
		{"category: user\n  source: https://home.treasury.gov/about/history", "user", ""},
		{"category: user\n  source: https://treasury.gov.example.org/ofac/list", "user", ""},
		{"category: user\n  source: https://example.org/why-treasury.gov/ofac-is-wrong", "user", ""},
		{"context: nothing", "unknown", ""},
	} {
		s := read(t, "x.yaml", "title: T\ncurrency: BTC\ntags:\n- address: "+a1+"\n  label: X\n  "+c.fields+"\n", labels.Options{})
		if ls := find(t, s, ""); len(ls) != 1 || ls[0].Category != c.category || ls[0].Role != c.role {
			t.Errorf("%s: %+v, want %s %s", c.fields, ls, c.category, c.role)
		}
	}
}

func TestErrorsOfTagPacksNameTheirPlace(t *testing.T) {
	const h = "title: T\ncurrency: BTC\ntags:\n"
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for _, c := range []struct{ text, key, words string }{
		{h + "- address: " + a1 + "\n  label: X\n  lastmod: soon\n", "x.yaml:6:12", "lastmod: "},
		{h + "- address: " + a1 + "\n  label: X\n  label: Y\n", "x.yaml:6:3", `"label" stands there twice`},
		{h + "- address: " + a1 + "\n", "x.yaml:4:3", "label: neither"},
		{h + "- address: " + a1 + "\n  label: [X]\n", "x.yaml:5:10", "label: want a text"},
		{h + "- address: " + a1 + "\n  label: X\n  tx_hash: " + tx + "\n", "x.yaml:4:3", "address and tx_hash"},
		{h + "- tx_hash: 00\n  label: X\n", "x.yaml:4:12", "tx_hash: "},
		{h + "- " + a1 + "\n", "x.yaml:4:3", "a tag: want a mapping"},
		{h + "- address: " + a1 + "\n  label: \"a\\x07b\"\n", "x.yaml:5:10", "U+0007"},
		{h + "- address: " + a1 + "\n  label: X\n  concepts: " + deep + "\n", "", "yaml: "},
		{h + "- address: " + a1 + "\n  label: \"X\n", "", "yaml: "},
		{h + "- &t\n  address: " + a1 + "\n  label: X\n- <<: *t\n", "x.yaml:7:3", "plain word"},
		{h + "- &t\n  address: " + a1 + "\n  label: X\n- *t\n", "x.yaml:7:3", "a tag: want a mapping"},
		{"title: T\ntags:\n- address: " + a1 + "\n  label: X\n", "x.yaml:3:3", "currency: neither"},
		{"title: T\ntags: 7\n", "x.yaml:1:1", "tags: want a list"},
		{"title: T\ntags: []\n---\ntitle: U\n", "", "yaml: "},
		{"title: T\ntags:\n- " + strings.Repeat("- ", 2_000_000) + "x\n", "x.yaml:3", "a line of more than"},
		{"title: T\ntags:\n" + strings.Repeat("- 1\n", 3_100_000), "x.yaml", "more than 6000000 values"},
	} {
		if c.key == "" {
			_, err := labels.Read(strings.NewReader(c.text), "x.yaml", model.Mainnet, labels.Options{})
			if err == nil || !errors.Is(err, sources.ErrMalformed) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%.60q: got %v, want %q", c.text, err, c.words)
			}
			continue
		}
		wantError(t, "x.yaml", c.text, labels.Options{}, c.key, c.words)
	}
}

func TestAnAliasOfATextIsThatTextAndABombOfAliasesIsNone(t *testing.T) {
	s := read(t, "x.yaml", "title: T\ncurrency: BTC\ntags:\n- address: "+a1+"\n  label: &n X\n- address: "+a2+"\n  label: *n\n", labels.Options{})
	if ls := find(t, s, ""); len(ls) != 2 || ls[0].Entity != "X" || ls[1].Entity != "X" {
		t.Errorf("%+v", ls)
	}
	var bomb strings.Builder
	bomb.WriteString("title: T\ncurrency: BTC\nx0: &x0 [a,a,a,a,a,a,a,a,a]\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&bomb, "x%d: &x%d [%s*x%d]\n", i, i, strings.Repeat(fmt.Sprintf("*x%d,", i-1), 8), i-1)
	}
	bomb.WriteString("tags:\n- address: " + a1 + "\n  label: X\n")
	if ls := find(t, read(t, "x.yaml", bomb.String(), labels.Options{}), ""); len(ls) != 1 {
		t.Errorf("%+v", ls)
	}
}

func TestPools(t *testing.T) {
	pool := model.Label{On: address(t, a1), Entity: "Some Pool", Category: model.MiningPool, Role: model.RoleCoinbase,
		Method: model.MethodTag, Confidence: 950_000, Source: "p.json", Detail: "https://p.example"}
	tag := model.Tag{Bytes: []byte("/some 池/ "), Entity: "Some Pool", Confidence: 970_000, Source: "p.json"}
	for name, text := range map[string]string{
		"array":  `[{"id":1,"name":"Some Pool","addresses":["` + a1 + `"],"tags":["/some 池/ "],"link":"https://p.example"}]`,
		"object": `{"coinbase_tags":{"/some 池/ ":{"name":"Some Pool","link":"x"}},"slugs":{"a":"b"},"payout_addresses":{"` + a1 + `":{"name":"Some Pool","link":"https://p.example"}}}`,
	} {
		s := read(t, "p.json", text, labels.Options{})
		if diff := cmp.Diff([]model.Label{pool}, find(t, s, ""), sameRef); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff([]model.Tag{tag}, tags(t, s)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
	lost := read(t, "p.json", `[{"name":"A","tags":["\ud800/a/","/b/"]}]`, labels.Options{})
	if got := tags(t, lost); len(got) != 1 || len(lost.Skipped()) != 1 || lost.Skipped()[0].Reason != "tags whose bytes were lost" {
		t.Errorf("%+v, skipped %+v", got, lost.Skipped())
	}
	// One address under two pools, even under the same key, is a conflict.
	s := read(t, "p.json", `{"payout_addresses":{"`+a1+`":{"name":"A"},"`+a1+`":{"name":"B"}},"coinbase_tags":{}}`, labels.Options{})
	if got := model.Entities(on(t, s, a1)); len(got) != 2 {
		t.Errorf("entities %q, want both", got)
	}
	for _, c := range []struct{ text, key, words string }{
		{"[{\"name\":\"A\",\"tags\":[]},\n{\"name\":\"\",\"tags\":[]}]", "p.json:2", "name: empty"},
		{"[{\"name\":\"A\",\"tags\":[]},\n{\"name\":\"B\",\"tags\":[\"\"]}]", "p.json:2", "a tag of 0 bytes"},
		{`[{"name":"A","tags":["` + strings.Repeat("x", 101) + `"]}]`, "p.json:1", "a tag of 101 bytes"},
		{`[{"name":"A","tags":7}]`, "p.json:1", "json: "},
		{"{\"coinbase_tags\":{\n\"\":{\"name\":\"A\"}}}", "p.json:2", "a tag of 0 bytes"},
		{`{"coinbase_tags":[]}`, "p.json:1", "want an object"},
		{`{"coinbase_tags":{"a":{"name":"A"}}`, "p.json:1", "ends early"},
	} {
		wantError(t, "p.json", c.text, labels.Options{}, c.key, c.words)
	}
}

func TestLists(t *testing.T) {
	text := "# mine\n\n" + a1 + "\r\n  " + a2 + "\n"
	o := labels.Options{Entity: "Thief", Category: model.Actor, Role: model.RoleKey, Confidence: 700_000}
	l := model.Label{On: address(t, a1), Entity: "Thief", Category: model.Actor, Role: model.RoleKey, Confidence: 700_000, Source: "list.txt"}
	m := l
	m.On = address(t, a2)
	wantLabels(t, "list.txt", text, o, l, m)
	wantError(t, "list.txt", text, labels.Options{}, "list.txt:3", "give Options.Entity and Options.Category, or write a CSV")
	wantError(t, "list.txt", text, labels.Options{Entity: "X"}, "list.txt:3", "give Options.Entity and Options.Category")
	wantError(t, "list.txt", "", labels.Options{}, "list.txt:1", "an empty file")
	wantError(t, "list.txt", text+"1Boat\n", o, "list.txt:5:1", "address \"1Boat\"")
	// A column of addresses with its name on top is a CSV.
	wantLabels(t, "list.txt", "address\n"+a1+"\n"+a2+"\n", o, l, m)
}

func TestASanctionListIsKnownByItsName(t *testing.T) {
	l := model.Label{On: address(t, a1), Entity: "OFAC SDN (XBT)", Category: model.Actor, Role: model.RoleAccount,
		Method: model.MethodAuthority, Confidence: 600_000, Source: "sanctioned_addresses_XBT.txt"}
	wantLabels(t, "/some/where/sanctioned_addresses_XBT.txt", a1+"\n", labels.Options{}, l)
	l.Role = model.RoleKey
	wantLabels(t, "sanctioned_addresses_XBT.txt", a1+"\n", labels.Options{Role: model.RoleKey}, l)
	s := read(t, "sanctioned_addresses_ETH.txt", "0x01e2919679362dFBC9ee1644Ba9C6da6D6245BB1\n"+a1+"\n", labels.Options{})
	want := []labels.Skip{{File: "sanctioned_addresses_ETH.txt", Reason: "of other currencies", Count: 2, Line: 1}}
	if diff := cmp.Diff(want, s.Skipped()); diff != "" || s.Len() != 0 {
		t.Errorf("%d labels; skipped (-want +got)\n%s", s.Len(), diff)
	}
	if got := want[0].String(); got != "sanctioned_addresses_ETH.txt: 2 of other currencies, the first in line 1" {
		t.Errorf("text %q", got)
	}
	wantError(t, "my_sanctioned_addresses_XBT.txt", a1+"\n", labels.Options{}, "my_sanctioned_addresses_XBT.txt:1", "give Options.Entity")
}

func TestDuplicatesAreDroppedAndConflictsKept(t *testing.T) {
	s := read(t, "x.csv", "address,entity,category\n"+a1+",A,exchange\n"+a1+",B,exchange\n"+a1+",A,exchange\n"+a1+",A,mixer\n", labels.Options{})
	if got := on(t, s, a1); len(got) != 3 {
		t.Errorf("%+v, want three labels", got)
	}
	if note := s.Provenance()[0].Note; note != "csv; 3 labels, 2 exchange, 1 mixer; 1 duplicates" {
		t.Errorf("note %q", note)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []labels.Options{
		{Category: "Not A Slug"}, {Role: "x y"}, {Method: "ü"}, {Entity: "a\nb"}, {Confidence: 1_000_001},
		{Categories: map[string]model.Category{"x": "a b"}},
	} {
		wantError(t, "x.csv", "", o, "x.csv", "options: ")
	}
}

func TestOpenReadsPackedFilesAndSaysWhatItCannotOpen(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprintf(z, "address,entity,category\n%s,A,exchange\n", a1)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed, plain := filepath.Join(dir, "a.csv.gz"), filepath.Join(dir, "b.csv")
	if err := os.WriteFile(packed, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, []byte("address,entity,category\n"+a1+",B,exchange\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := labels.Open(model.Mainnet, packed, plain)
	if err != nil {
		t.Fatal(err)
	}
	if got := model.Entities(on(t, s, a1)); len(got) != 2 {
		t.Errorf("entities %q", got)
	}
	p := s.Provenance()
	if len(p) != 2 || p[0].Provider != "labels" || p[0].Name != "a.csv.gz" || p[1].Name != "b.csv" || p[0].Digest == p[1].Digest {
		t.Errorf("provenance %+v", p)
	}
	_, err = labels.Open(model.Mainnet, plain, filepath.Join(dir, "absent.csv"))
	if !errors.Is(err, os.ErrNotExist) || !errors.Is(err, sources.ErrUnavailable) || !strings.Contains(err.Error(), "absent.csv") {
		t.Errorf("got %v", err)
	}
	if s, err := labels.Open(model.Mainnet); err != nil || s.Len() != 0 {
		t.Errorf("no files: %v, %v", s, err)
	}
}

func TestASetServesItsCapabilities(t *testing.T) {
	s := labels.Curated(model.Mainnet)
	set := sources.Of(s)
	if got := set.Has(); got != sources.Labels|sources.Tags {
		t.Errorf("capabilities %v", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	refs := []model.Ref{address(t, a1), address(t, "1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne"), {}}
	ls, err := s.Labels(ctx, refs)
	if err != nil || len(ls) != 3 || ls[0] != nil || len(ls[1]) != 1 || ls[2] != nil {
		t.Errorf("got %+v, %v", ls, err)
	}
	for range s.Find(ctx, "") {
		break
	}
	cancel()
	if _, err := s.Labels(ctx, refs); !errors.Is(err, context.Canceled) {
		t.Errorf("Labels: %v", err)
	}
	for l, err := range s.Find(ctx, "") {
		if !errors.Is(err, context.Canceled) || !l.Equal(model.Label{}) {
			t.Errorf("Find: %+v, %v", l, err)
		}
	}
	for tag, err := range s.Tags(ctx) {
		if !errors.Is(err, context.Canceled) || tag.Entity != "" {
			t.Errorf("Tags: %+v, %v", tag, err)
		}
	}
	var none labels.Set
	if ls, err := none.Labels(context.Background(), refs); err != nil || len(ls) != 3 {
		t.Errorf("the zero value: %v, %v", ls, err)
	}
}

func TestOfKeepsItsArgumentsAndDigestsThem(t *testing.T) {
	ls := []model.Label{
		{On: address(t, a2), Entity: "B", Category: model.Actor, Confidence: 900_000, Source: "stated"},
		{On: address(t, a1), Entity: "A", Category: model.Actor, Confidence: 900_000, Source: "stated"},
	}
	s := labels.Of("stated", ls, nil)
	if ls[0].Entity != "B" {
		t.Error("the argument was sorted")
	}
	again := labels.Of("stated", []model.Label{ls[1], ls[0], ls[1]}, nil)
	if diff := cmp.Diff(s.Provenance(), again.Provenance()); diff != "" {
		t.Errorf("the order matters: %s", diff)
	}
	ls[1].Confidence = 800_000
	if other := labels.Of("stated", ls, nil); other.Provenance()[0].Digest == s.Provenance()[0].Digest {
		t.Error("another confidence has the same digest")
	}
}
