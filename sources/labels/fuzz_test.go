package labels_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/labels"
)

// hold checks what must hold of any text: it reads or it is a *sources.Error;
// what it yields is sorted, complete, found by its reference, told in the note,
// and the same after a round through JSON.
func hold(t *testing.T, name, text string, o labels.Options) {
	s, err := labels.Read(strings.NewReader(text), name, model.Mainnet, o)
	if err != nil {
		var e *sources.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Key, name) || len(e.Error()) > 4000 {
			t.Fatalf("error %#v", err)
		}
		return
	}
	ls := find(t, s, "")
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for i := range ls {
		l := &ls[i]
		if l.On.IsZero() || l.Entity == "" || l.Category == "" || l.Source == "" || l.Confidence > model.Certain {
			t.Fatalf("label %+v", l)
		}
		if i > 0 && ls[i-1].Compare(l) >= 0 {
			t.Fatalf("%+v comes before %+v", ls[i-1], l)
		}
		if got, err := s.Labels(context.Background(), []model.Ref{l.On}); err != nil || len(got[0]) == 0 {
			t.Fatalf("labels of %v: %v, %v", l.On, got, err)
		}
		if err := enc.Encode(l); err != nil {
			t.Fatal(err)
		}
	}
	for _, tag := range tags(t, s) {
		if len(tag.Bytes) == 0 || len(tag.Bytes) > 100 || tag.Entity == "" {
			t.Fatalf("tag %+v", tag)
		}
	}
	if p := s.Provenance(); len(p) != 1 || len(p[0].Note) > 20_000 {
		t.Fatalf("provenance %+v", p)
	}
	if len(ls) == 0 {
		return
	}
	again, err := labels.Read(strings.NewReader(b.String()), name, model.Mainnet, labels.Options{})
	if err != nil {
		t.Fatalf("%v: what was read does not read again\n%s", err, b.String())
	}
	if diff := cmp.Diff(ls, find(t, again, ""), sameRef); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("address,entity,category,role,method,confidence,source,detail,asserted,retrieved,from,to\n" + a1 + ",X,exchange,hot,report,0.5,s,d,2022-01-01,,,2023-01-01\n")
	f.Add("tx;owner;type\n" + tx + ";X;Mining Pool\n")
	f.Add("script\tlabel\ttype\tcurrency\n6a\tX\tsanction\tBTC\n51\tX\tx\tETH\n")
	f.Add("# c\naddress,entity,category\n\"" + a3 + "\",\"a \"\"b\"\"\",exchange")
	f.Fuzz(func(t *testing.T, text string) {
		hold(t, "x.csv", "address,entity,category\n"+text, labels.Options{})
		hold(t, "x.csv", text, labels.Options{})
		hold(t, "x.csv", text, labels.Options{Columns: map[string]string{"address": "a", "detail": "d"}, Entity: "X", Category: "exchange"})
	})
}

func FuzzJSON(f *testing.F) {
	one := `{"on":{"address":"` + a1 + `"},"entity":"X","category":"exchange","confidence":0.25,"derivation":["h"],"from":"2022-01-01T00:00:00+01:00"}`
	f.Add(one + "\n" + one)
	f.Add("[" + one + `,{"on":{"outpoint":"` + tx + `:1"},"entity":"Y","category":"actor"}]`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) { hold(t, "x.json", text, labels.Options{}) })
}

func FuzzTagPack(f *testing.F) {
	f.Add("title: T\ncreator: C\ncurrency: BTC\nlabel: L\ntags:\n- address: " + a1 + "\n- tx_hash: " + tx + "\n  concepts: [sanction, hot_wallet]\n  confidence: forensic\n  lastmod: 2021-01-01\n")
	f.Add("title: &a T\ntags:\n- {address: " + a3 + ", currency: BTC, label: *a, source: 'https://ofac.treasury.gov/x'}\n")
	f.Add("title: |\n  T\ntags:\n- ? address\n  : " + a2 + "\n  network: ETH\n")
	f.Fuzz(func(t *testing.T, text string) {
		hold(t, "x.yaml", text, labels.Options{})
		hold(t, "x.yaml", "title: T\ncurrency: BTC\nlabel: L\ntags:\n"+text, labels.Options{})
	})
}

func FuzzPools(f *testing.F) {
	f.Add(`[{"id":1,"name":"A","addresses":["` + a1 + `"],"tags":["/a/"],"link":"l"}]`)
	f.Add(`{"coinbase_tags":{"/a/":{"name":"A","link":"l"}},"payout_addresses":{"` + a1 + `":{"name":"A","link":"l"}},"slugs":{}}`)
	f.Fuzz(func(t *testing.T, text string) { hold(t, "p.json", text, labels.Options{}) })
}

func FuzzList(f *testing.F) {
	f.Add(a1 + "\n# c\n" + a3 + "\r\n")
	f.Add("script:" + strings.Repeat("0", 68))
	f.Fuzz(func(t *testing.T, text string) {
		hold(t, "x.txt", text, labels.Options{Entity: "X", Category: "actor"})
		hold(t, "sanctioned_addresses_XBT.txt", text, labels.Options{})
	})
}
