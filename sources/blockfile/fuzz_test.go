package blockfile_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

// FuzzOpen reads arbitrary bytes as a file, perhaps obfuscated, and whatever
// comes of it must hold together.
func FuzzOpen(f *testing.F) {
	// Short, for the fuzzer's sake.
	file := parse(f, "network regtest\nheight 0\ncoinbase c: => m rest\ntx a: c.0 => b 1, c rest\ntx b: a.0 => d 1").Ledger.AppendBlocks(nil)
	key := []byte("\xfa\xbf\x01\x02\x03\x04\x05\x06")
	f.Add(file, []byte(nil))
	f.Add(xored(key, file), key)
	f.Add(append(xored(key, file), make([]byte, 100)...), key)
	f.Add(gzipped(f, file), []byte(nil))
	f.Add(file[8:], []byte(nil))
	f.Add(bytes.Join(split(f, file), []byte("garbage\xfa\xbf\xb5\xda\xff\x00\x00\x00")), []byte(nil))
	f.Add(file[:len(file)-10], []byte(nil))
	f.Add(records(slices.Concat(grow(elsewhere, 50, 1, 3), grow(model.BlockHash{0xaa}, 52, 2, 4), grow(model.BlockHash{}, -1, 9, 2))...), []byte(nil))
	f.Add(bytes.Repeat([]byte("\xfa\xbf\xb5\xda\xa0\x00\x00\x00"), 40), []byte(nil))
	f.Fuzz(func(t *testing.T, b, key []byte) {
		dir := t.TempDir()
		path := write(t, dir, "blk00000.dat", b)
		if len(key) == 8 {
			write(t, dir, "xor.dat", key)
		}
		c, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{Network: model.Regtest, MaxUnpacked: 1 << 20})
		if err != nil {
			var e *sources.Error
			if !errors.As(err, &e) {
				t.Fatalf("an error of another type: %v", err)
			}
			return
		}
		defer c.Close()
		n := 0
		for _, s := range c.Segments() {
			n += s.Blocks
		}
		var last model.BlockRef
		for blk, err := range c.Blocks(t.Context(), sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n--; last.Has(model.KnownHash) && blk.Ref.Compare(last) < 0 {
				t.Fatalf("%+v after %+v", blk.Ref, last)
			}
			last = blk.Ref
			ids := make([]model.TxID, len(blk.Txs))
			for i, x := range blk.Txs {
				ids[i] = x.ID
				for k := range x.Inputs {
					if !x.Inputs[k].Prev.Null() {
						s, err := c.Spenders(t.Context(), []model.Outpoint{x.Inputs[k].Prev})
						if err != nil || s[0].State == model.Unspent {
							t.Fatalf("what %v spends is %+v, %v", x.Inpoint(k), s, err)
						}
					}
				}
			}
			if model.MerkleRoot(ids) != blk.Header.MerkleRoot {
				t.Fatal("the Merkle root is not of the transactions")
			}
			xs, err := c.Txs(t.Context(), ids)
			if err != nil || slices.Contains(xs, nil) {
				t.Fatalf("transactions of the chain are not found: %v", err)
			}
		}
		if n != 0 {
			t.Fatalf("%d blocks of the segments were not yielded", n)
		}
		if _, err := c.Tip(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Problems()
	})
}

// FuzzSpent reads arbitrary bytes as a companion of a block.
func FuzzSpent(f *testing.F) {
	ok := []spentOutput{{2 * model.Coin, nil}, {2 * model.Coin, bytes.Repeat([]byte{1}, 300)}, {2 * model.Coin, []byte{0x51}}}
	f.Add(undo(ok...))
	f.Add(asJSON(ok...))
	f.Add(gzipped(f, undo(ok...)))
	f.Add([]byte("[]"))
	f.Add([]byte(`[{"txout":{"value":1,"script_pubkey":""}},`))
	dir := f.TempDir()
	raw := write(f, dir, "b", model.AppendBlock(nil, spending(1, 1, 3)))
	f.Fuzz(func(t *testing.T, b []byte) {
		name := write(t, t.TempDir(), "spent", b)
		c, err := blockfile.Open(t.Context(), []string{raw}, blockfile.Options{Network: model.Regtest, Spent: []string{name}})
		if err != nil {
			if !errors.Is(err, sources.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		defer c.Close()
		for blk, err := range c.Blocks(t.Context(), sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range blk.Txs[1:] {
				if _, ok := x.Fee(); !ok {
					t.Fatalf("a companion fits, but %v has no fee", x.ID)
				}
			}
		}
	})
}
