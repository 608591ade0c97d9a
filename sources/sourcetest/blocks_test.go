package sourcetest_test

import (
	"encoding/binary"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

// A provider that has nothing but the blocks keeps the contract, but for what
// blocks cannot tell.
func TestFromBlocks(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		var blocks []*model.Block
		for raw := l.AppendBlocks(nil); len(raw) > 0; {
			end := 8 + binary.LittleEndian.Uint32(raw[4:])
			b, err := model.DecodeBlock(raw[8:end], l.Network())
			if err != nil {
				t.Fatal(err)
			}
			blocks, raw = append(blocks, b), raw[end:]
		}
		again, err := ledger.New(l.Network(), blocks, ledger.Contents{})
		if err != nil {
			t.Fatal(err)
		}
		s := again.Set()
		s.Labels, s.Tags, s.Prices, s.Books = nil, nil, nil, nil
		return s
	}, sourcetest.Options{Lacks: sourcetest.OutsidePrevouts, Place: model.KnownMedian})
}
