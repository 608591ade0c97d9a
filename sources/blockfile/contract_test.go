package blockfile_test

import (
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

func TestContract(t *testing.T) {
	for _, form := range []string{"plain", "gzipped"} {
		t.Run(form, func(t *testing.T) {
			sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
				b := l.AppendBlocks(nil)
				if form == "gzipped" {
					b = gzipped(t, b)
				}
				return open(t, blockfile.Options{Network: l.Network()}, write(t, t.TempDir(), "blk00000.dat", b)).Set()
			}, sourcetest.Options{
				// A ledger may begin in the middle of a chain; its files do not
				// hold what came before.
				Lacks: sourcetest.OutsidePrevouts | sourcetest.NoChain,
				Place: model.KnownMedian,
			})
		})
	}
}
