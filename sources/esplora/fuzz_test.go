package esplora

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

// seeds are the answers of a server about a small chain.
func seeds(f *testing.F, paths func(*ledger.File) []string) {
	file, err := ledger.Parse("seeds", `
		tx f1: new(alice) 1.2 unknown(carol) => alice 0.5, bob:p2tr 0.5, data "x"
		tx f2: f1.0 f1.1!SINGLE => alice:multisig 0.1, dora:p2wsh 0.2
		coinbase cb: tag="/Northpool/" => f2pool rest
	`)
	if err != nil {
		f.Fatal(err)
	}
	h := esploratest.Serve(file.Ledger, esploratest.Options{})
	for _, p := range paths(file) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, p, nil))
		f.Add(rec.Body.Bytes())
	}
}

// FuzzTx reads arbitrary bytes as a transaction, and what is accepted must be one.
func FuzzTx(f *testing.F) {
	seeds(f, func(file *ledger.File) (paths []string) {
		for _, name := range []string{"f1", "f2", "cb"} {
			id, _ := file.Tx(name)
			paths = append(paths, "/tx/"+id.String())
		}
		return paths
	})
	f.Add([]byte(`{"a":[{"b":-1.5e+3,"c":"\u00e9\n"},null,true]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newScanner(bytes.NewReader(b))
		x, err := s.tx(model.Mainnet)
		if err == nil {
			err = s.end()
		}
		if err != nil {
			var bad *badJSON
			if !errors.As(err, &bad) && err != errCut {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !json.Valid(b) {
			t.Fatalf("accepted what is no JSON: %q", b)
		}
		if x.ID != model.HashTx(x) {
			t.Fatal("the id is not that of the content")
		}
		if x.Weight > maxWeight || x.Size > x.Weight || x.Weight > 4*x.Size {
			t.Fatalf("size %d, weight %d", x.Size, x.Weight)
		}
		if fee, ok := x.Fee(); x.Resolved() && !x.Coinbase() && (!ok || fee > model.MaxMoney) {
			t.Fatalf("fee %v, %v", fee, ok)
		}
		for i := range x.Inputs {
			in := &x.Inputs[i]
			if in.ValueKnown && (in.Value < 0 || in.Value > model.MaxMoney) || !in.ValueKnown && in.Value != 0 {
				t.Fatalf("input %d: value %v", i, in.Value)
			}
		}
	})
}

// FuzzSkip reads arbitrary bytes as any JSON, and may not be more generous than
// the standard library.
func FuzzSkip(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, `[1,2]`, `[,]`, `{"a":1,}`, `"\u0041"`, `-0.5e-7`, `01`, `1.`, `tru`, "\"\x01\"", `[[[[`, `{"a" 1}`, `"\x"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newScanner(bytes.NewReader(b))
		err := s.skip()
		if err == nil {
			err = s.end()
		}
		if err == nil && !json.Valid(b) {
			t.Fatalf("accepted what is no JSON: %q", b)
		}
	})
}

// FuzzAnswers reads arbitrary bytes as the other answers.
func FuzzAnswers(f *testing.F) {
	seeds(f, func(file *ledger.File) []string {
		id, _ := file.Tx("f1")
		return []string{"/tx/" + id.String() + "/outspends", "/tx/" + id.String() + "/status"}
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		spends, err := newScanner(bytes.NewReader(b)).outspends(model.TxID{1})
		for _, s := range spends {
			if err == nil && (s.State == model.SpendUnknown || s.State == model.Unspent && s != model.Spend{State: model.Unspent}) {
				t.Fatalf("%+v", s)
			}
		}
		if ref, err := newScanner(bytes.NewReader(b)).status(); err == nil && ref.Known != 0 && !ref.Has(model.KnownHash|model.KnownHeight) {
			t.Fatalf("%+v", ref)
		}
		newScanner(bytes.NewReader(b)).block(model.BlockHash{})
	})
}

// What no block can hold is refused before it takes memory.
func TestFloods(t *testing.T) {
	const input = `{"txid":"0000000000000000000000000000000000000000000000000000000000000001","vout":0,"scriptsig":"","sequence":0}`
	for name, text := range map[string]string{
		"inputs":  `{"vin":[` + strings.Repeat(input+",", maxWeight/inputWeight+1),
		"outputs": `{"vout":[` + strings.Repeat(`{"scriptpubkey":"","value":0},`, maxWeight/outputWeight+1),
		"witness": `{"vin":[{"witness":[` + strings.Repeat(`"",`, maxWeight),
		"script":  `{"vin":[{"scriptsig":"` + strings.Repeat("00", maxWeight/4),
		"item":    `{"vin":[{"witness":["` + strings.Repeat("00", maxWeight),
	} {
		_, err := newScanner(strings.NewReader(text)).tx(model.Mainnet)
		var bad *badJSON
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
