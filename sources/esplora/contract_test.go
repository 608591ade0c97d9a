package esplora_test

import (
	"net/http/httptest"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

func TestContract(t *testing.T) {
	// Where the ledger ends, the chain of a real server goes on: what was made
	// outside has a value only where the text states one.
	const outside = sourcetest.OutsidePrevouts | sourcetest.OutsideSpends
	for _, c := range []struct {
		name string
		o    esplora.Options
		s    esploratest.Options
		want sourcetest.Options
	}{
		{"plain", esplora.Options{}, esploratest.Options{},
			sourcetest.Options{Lacks: outside, Place: model.KnownPos | model.KnownMedian | model.KnownBits}},
		{"proved", esplora.Options{Prove: true}, esploratest.Options{}, sourcetest.Options{Lacks: outside}},
		{"raw blocks", esplora.Options{RawBlocks: true}, esploratest.Options{},
			sourcetest.Options{Lacks: outside | sourcetest.Prevouts, Place: model.KnownPos | model.KnownMedian | model.KnownBits}},
		{"small pages", esplora.Options{Parallel: 1}, esploratest.Options{PageSize: 2},
			sourcetest.Options{Lacks: outside, Place: model.KnownPos | model.KnownMedian | model.KnownBits}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
				server := httptest.NewServer(esploratest.Serve(l, c.s))
				t.Cleanup(server.Close)
				c.o.Network, c.o.Client = l.Network(), server.Client()
				client, err := esplora.New(server.URL, c.o)
				if err != nil {
					t.Fatal(err)
				}
				return client.Set()
			}, c.want)
		})
	}
}
