package records_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/records"
)

// hold checks what must hold of any text: it reads or it is a *sources.Error; what
// it yields is sorted and complete, and the same after a round through the
// library's own form.
func hold(t *testing.T, text string, o records.Options) {
	s, err := records.Read(strings.NewReader(text), "x.csv", o, model.Mainnet)
	if err != nil {
		var e *sources.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Key, "x.csv") || len(e.Error()) > 4000 {
			t.Fatalf("error %#v", err)
		}
		return
	}
	es := all(t, s)
	var b strings.Builder
	for i := range es {
		e := &es[i]
		if e.Kind < sources.EntryDeposit || e.Kind > sources.EntryPayout || e.Service == "" || e.Line < 1 || e.Digest == (model.Digest{}) ||
			e.Confidence > model.Certain || e.Amount < 0 || e.Amount > model.MaxMoney || e.Amount != 0 && !e.AmountKnown {
			t.Fatalf("entry %+v", e)
		}
		if i > 0 && es[i-1].Compare(e) > 0 {
			t.Fatalf("%+v comes before %+v", es[i-1], e)
		}
		writeLine(t, &b, *e)
	}
	if p := s.Provenance(); len(p) != 1 || len(p[0].Note) > 20_000 {
		t.Fatalf("provenance %+v", p)
	}
	if len(es) == 0 {
		return
	}
	again, err := records.Read(strings.NewReader(b.String()), "x.csv", records.Options{Kind: 1, Service: "x"}, model.Mainnet)
	if err != nil {
		t.Fatalf("%v: what was read does not read again\n%s", err, b.String())
	}
	got := all(t, again)
	for _, l := range [][]sources.Entry{es, got} {
		for i := range l {
			// Times of a fraction of a second are written without it.
			l[i].Time, l[i].Until, l[i].Dated = l[i].Time.Truncate(1e9), l[i].Until.Truncate(1e9), l[i].Dated.Truncate(1e9)
			l[i].Line, l[i].Digest = 0, model.Digest{}
		}
	}
	if diff := cmp.Diff(count(es), count(got)); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

func count(es []sources.Entry) map[sources.Entry]int {
	n := map[sources.Entry]int{}
	for _, e := range es {
		n[e]++
	}
	return n
}

func FuzzCSV(f *testing.F) {
	f.Add("kind,service,account,time,until,amount,network,currency,order,pool,worker,address,tx,vout,custodian,dated,confidence\n" +
		"deposit,H,17,2022-08-18,,0.35,mainnet,BTC,,,," + a1 + "," + tx + ",1,H Ltd.,2023-01-05,0.8\n")
	f.Add("# c\nkind;sats;outpoint\n\n\"pay\"\"out\";5;\"" + tx + ":0\"\r\norder;;\n")
	f.Add("Start\tStratum URL\n1660780800000\tstratum+tcp://u:p@h:3333\n")
	f.Fuzz(func(t *testing.T, text string) {
		hold(t, text, records.Options{Service: "H", Kind: sources.EntryOrder})
		hold(t, "kind,time,amount,worker\n"+text, records.Options{Service: "H", Pools: map[string]string{"h": "P"}})
	})
}

func FuzzJSONLines(f *testing.F) {
	f.Add(`{"kind":"order","service":"H","account":17,"time":1660780800,"amount":0.35,"worker":"` + a1 + `.x","address":null}` + "\n" + `{"sats":5,"tx":"` + tx + `"}`)
	f.Add(`{"a":true,"b":{}}`)
	f.Add("{\"worker\":\"\\ud800\"}\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		hold(t, "{"+text, records.Options{Service: "H", Kind: sources.EntryOrder})
		hold(t, text, records.Options{Service: "H", Kind: sources.EntryPayout, Columns: map[string]string{"account": "a", "worker": "b"}})
	})
}
