package esplora_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
)

// BenchmarkRequests tells what look-ups cost in requests.
func BenchmarkRequests(b *testing.B) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "tx t%d: new 1 => alice 0.4, bob 0.5\n", i)
	}
	f := parse(b, text.String())
	var ids []model.TxID
	var outs []model.Outpoint
	for i := range 200 {
		id, _ := f.Tx(fmt.Sprintf("t%d", i))
		ids = append(ids, id)
		outs = append(outs, model.Outpoint{Tx: id}, model.Outpoint{Tx: id, Vout: 1})
	}
	alice := address(b, f, "alice")
	for _, prove := range []bool{false, true} {
		for _, ask := range []struct {
			name string
			per  float64
			call func(*esplora.Client) error
		}{
			{"Txs", 200, func(c *esplora.Client) error { _, err := c.Txs(b.Context(), ids); return err }},
			{"Spenders", 400, func(c *esplora.Client) error { _, err := c.Spenders(b.Context(), outs); return err }},
			{"History", 200, func(c *esplora.Client) error {
				_, err := all(c.History(b.Context(), alice, sources.Range{}))
				return err
			}},
		} {
			name := ask.name
			if prove {
				name += "/proved"
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				var requests int64
				for b.Loop() {
					c := client(b, "http://localhost", esplora.Options{Prove: prove,
						Client: &http.Client{Transport: esploratest.Transport(esploratest.Serve(f.Ledger, esploratest.Options{}))}})
					if err := ask.call(c); err != nil {
						b.Fatal(err)
					}
					requests += c.Requests()
				}
				b.ReportMetric(float64(requests)/float64(b.N), "requests/op")
				b.ReportMetric(float64(requests)/float64(b.N)/ask.per, "requests/item")
			})
		}
	}
}
