package blockfile_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

var (
	regtest = blockfile.Options{Network: model.Regtest}
	exactly = cmp.Options{
		cmp.Comparer(func(a, b model.Address) bool { return a == b }),
		cmp.Comparer(bytes.Equal), // nil scripts are empty ones
	}
)

// want returns the blocks that the economy's files must give, in order.
func want(t testing.TB) (blocks []*model.Block, file []byte) {
	t.Helper()
	l := parse(t, economy).Ledger
	for b, err := range l.Set().Blocks.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks, l.AppendBlocks(nil)
}

// However the bytes are laid out, the chain is the same: what the ledger says,
// with all values, owners, places and times.
func TestLayouts(t *testing.T) {
	blocks, file := want(t)
	parts := split(t, file)
	key := []byte{0xfa, 1, 2, 0x80, 0xff, 0, 7, 9} // begins as the magic does
	zeros := make([]byte, 5000)
	type layout struct {
		name  string
		files map[string][]byte
		paths []string // empty: the folder
		kinds string   // of the problems
	}
	shuffled := func(seed uint64) []byte {
		p := append([][]byte(nil), parts...)
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
		return bytes.Join(p, nil)
	}
	single := map[string][]byte{}
	var singles []string
	for i, p := range parts {
		name := fmt.Sprintf("block-%d", i)
		switch i % 3 {
		case 0:
			single[name] = p[8:]
		case 1:
			single[name] = gzipped(t, p[8:])
		case 2:
			single[name] = []byte(hex.EncodeToString(p[8:]) + "\n")
		}
		singles = append([]string{name}, singles...)
	}
	tests := []layout{
		{name: "folder", files: map[string][]byte{"blk00000.dat": file, "index.dat": []byte("another"), "rev00000.dat": []byte("undo")}},
		{name: "file", files: map[string][]byte{"any name": file}, paths: []string{"any name"}},
		{name: "gzipped", files: map[string][]byte{"blk00000.dat.gz": gzipped(t, file)}},
		{name: "gzipped under a plain name", files: map[string][]byte{"blk00000.dat": gzipped(t, file)}},
		{name: "gzipped in two members", files: map[string][]byte{"blk00000.dat.gz": append(gzipped(t, file[:300]), gzipped(t, file[300:])...)}},
		{name: "padded", files: map[string][]byte{"blk00000.dat": append(bytes.Clone(file), zeros...)}},
		{name: "padded and gzipped", files: map[string][]byte{"blk00000.dat.gz": gzipped(t, append(bytes.Clone(file), zeros...))}},
		{name: "zeros between blocks", files: map[string][]byte{"blk00000.dat": bytes.Join(parts, zeros)}},
		{name: "zeros first", files: map[string][]byte{"x": append(bytes.Clone(zeros), file...)}, paths: []string{"x"}},
		{name: "a file of zeros alone", files: map[string][]byte{"blk00000.dat": file, "blk00001.dat": zeros}},
		{name: "a file of zeros alone, named", files: map[string][]byte{"a": file, "b": zeros}, paths: []string{"a", "b"}},
		{name: "split", files: map[string][]byte{
			"blk00000.dat": bytes.Join(parts[:2], nil), "blk00001.dat.gz": gzipped(t, bytes.Join(parts[2:5], nil)), "blk00002.dat": bytes.Join(parts[5:], nil)}},
		{name: "split, in reverse", files: map[string][]byte{
			"a": bytes.Join(parts[:2], nil), "b": bytes.Join(parts[2:5], nil), "c": bytes.Join(parts[5:], nil)}, paths: []string{"c", "b", "a"}},
		{name: "obfuscated", files: map[string][]byte{"blk00000.dat": xored(key, file), "xor.dat": key}},
		{name: "obfuscated and padded before", files: map[string][]byte{
			"blk00000.dat": append(xored(key, file), zeros...), "xor.dat": key}},
		{name: "obfuscated, padding too", files: map[string][]byte{
			"blk00000.dat": xored(key, append(bytes.Clone(file), zeros...)), "xor.dat": key}},
		{name: "obfuscated and gzipped", files: map[string][]byte{"blk00000.dat.gz": gzipped(t, xored(key, file)), "xor.dat": key}},
		{name: "a key of zeros", files: map[string][]byte{"blk00000.dat": file, "xor.dat": make([]byte, 8)}},
		{name: "a key, but one file in the clear", files: map[string][]byte{
			"blk00000.dat": xored(key, bytes.Join(parts[:3], nil)), "blk00001.dat": bytes.Join(parts[3:], nil), "xor.dat": key}},
		{name: "a key, and a file in the clear that begins with zeros", files: map[string][]byte{
			"blk00000.dat": append(bytes.Clone(zeros), file...), "xor.dat": key}},
		{name: "single blocks beside a key", files: map[string][]byte{"b": parts[0][8:], "blk1.dat": xored(key, bytes.Join(parts[1:], nil)), "xor.dat": key}, paths: []string{"b", "blk1.dat"}},
		{name: "single blocks", files: single, paths: singles},
		{name: "duplicates", files: map[string][]byte{"blk00000.dat": file, "blk00001.dat": parts[1]}, kinds: "duplicate"},
		{name: "the same file twice", files: map[string][]byte{"a": file}, paths: []string{"a", "a"}, kinds: strings.TrimSpace(strings.Repeat("duplicate ", len(parts)))},
		{name: "garbage between", files: map[string][]byte{"blk00000.dat": bytes.Join(parts, []byte("garbage"))}, kinds: strings.TrimSpace(strings.Repeat("garbage ", len(parts)-1))},
		{name: "garbage first", files: map[string][]byte{"x": append([]byte("garbage"), file...)}, paths: []string{"x"}, kinds: "garbage"},
		{name: "garbage last", files: map[string][]byte{"x": append(bytes.Clone(file), "garbage"...)}, paths: []string{"x"}, kinds: "garbage"},
		{name: "garbage after a single block", files: map[string][]byte{"x": append(bytes.Clone(parts[0][8:]), "garbage"...), "y": bytes.Join(parts[1:], nil)}, paths: []string{"x", "y"}, kinds: "garbage"},
		{name: "a head alone between", files: map[string][]byte{"x": bytes.Join(parts, parts[0][:8])}, paths: []string{"x"}, kinds: strings.TrimSpace(strings.Repeat("malformed ", len(parts)-1))},
		{name: "half a block between", files: map[string][]byte{"x": bytes.Join(parts, parts[0][:100])}, paths: []string{"x"}, kinds: strings.TrimSpace(strings.Repeat("malformed ", len(parts)-1))},
		{name: "half a block last", files: map[string][]byte{"x": append(bytes.Clone(file), parts[0][:100]...)}, paths: []string{"x"}, kinds: "truncated"},
		{name: "half a block last, padded", files: map[string][]byte{"x": append(append(bytes.Clone(file), parts[0][:100]...), zeros...)}, paths: []string{"x"}, kinds: "malformed"},
		{name: "an absurd length", files: map[string][]byte{"x": append([]byte("\xfa\xbf\xb5\xda\xff\xff\xff\xff"), file...)}, paths: []string{"x"}, kinds: "garbage"},
	}
	for seed := range uint64(4) {
		tests = append(tests, layout{name: fmt.Sprintf("shuffled %d", seed), files: map[string][]byte{"blk00000.dat": shuffled(seed)}})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			at := map[string]string{}
			for name, b := range test.files {
				at[name] = write(t, dir, name, b)
			}
			paths := []string{dir}
			if test.paths != nil {
				paths = nil
				for _, p := range test.paths {
					paths = append(paths, at[p])
				}
			}
			c := open(t, regtest, paths...)
			if diff := cmp.Diff(blocks, all(t, c), exactly); diff != "" {
				t.Errorf("blocks (-want +got)\n%s", diff)
			}
			if got := kinds(c.Problems()); got != test.kinds {
				t.Errorf("problems %q, want %q: %v", got, test.kinds, c.Problems())
			}
			for _, p := range c.Problems() {
				if p.File == "" || p.Detail == "" || !strings.Contains(p.String(), p.Kind.String()) {
					t.Errorf("incomplete problem %+v", p)
				}
			}
			if s := c.Segments(); len(s) != 1 || s[0].Blocks != len(blocks) || s[0].Last != blocks[len(blocks)-1].Ref {
				t.Errorf("segments %+v", s)
			}
		})
	}
}

// A file cut anywhere keeps every block that is whole, and says where it ends.
func TestTruncation(t *testing.T) {
	blocks, file := want(t)
	parts := split(t, file)
	dir := t.TempDir()
	start := len(parts[0]) + len(parts[1])
	ends := map[int]int{} // whole blocks by length
	for i, n := 0, 0; i < len(parts); i++ {
		n += len(parts[i])
		ends[n] = i + 1
	}
	whole := 2
	for n := start; n < len(file); n++ {
		if k, ok := ends[n]; ok {
			whole = k
		} else if n > start+1200 && n%37 != 0 {
			continue // the rest by samples
		}
		c, err := blockfile.Open(t.Context(), []string{write(t, dir, "blk00000.dat", file[:n])}, regtest)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if diff := cmp.Diff(hashes(blocks[:whole]), hashes(all(t, c))); diff != "" {
			t.Fatalf("%d bytes (-want +got)\n%s", n, diff)
		}
		wantKinds := "truncated"
		if _, ok := ends[n]; ok {
			wantKinds = ""
		}
		ps := c.Problems()
		if kinds(ps) != wantKinds {
			t.Fatalf("%d bytes: %v", n, ps)
		}
		if len(ps) > 0 {
			boundary := 0
			for end, k := range ends {
				if k == whole {
					boundary = end
				}
			}
			if ps[0].Offset != int64(boundary) || ps[0].Bytes != int64(n-boundary) {
				t.Fatalf("%d bytes: %+v, want it at %d", n, ps[0], boundary)
			}
		}
		c.Close()
	}
}

func TestTruncatedGzip(t *testing.T) {
	blocks, file := want(t)
	z := gzipped(t, bytes.Repeat(file, 3)) // so that something follows
	c := open(t, regtest, write(t, t.TempDir(), "x.gz", z[:len(z)-12]))
	if diff := cmp.Diff(hashes(blocks), hashes(all(t, c))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if k := kinds(c.Problems()); !strings.Contains(k, "truncated") {
		t.Errorf("problems %s", k)
	}
}

// A flipped bit anywhere in a block but its header is found, and costs that
// block alone.
func TestFlippedBits(t *testing.T) {
	blocks, file := want(t)
	parts := split(t, file)
	dir := t.TempDir()
	last := len(parts) - 1
	from := len(file) - len(parts[last])
	for i := from + 8 + 80; i < len(file); i += 3 {
		b := bytes.Clone(file)
		b[i] ^= 1 << (i % 8)
		c, err := blockfile.Open(t.Context(), []string{write(t, dir, "blk00000.dat", b)}, regtest)
		if err != nil {
			t.Fatal(err)
		}
		got := hashes(all(t, c))
		// Witnesses are committed to only where the coinbase has a commitment,
		// which the ledger's has not.
		if len(got) == len(blocks) && kinds(c.Problems()) == "" && witnessed(blocks[last], all(t, c)[last]) {
			c.Close()
			continue
		}
		if diff := cmp.Diff(hashes(blocks[:last]), got); diff != "" {
			t.Fatalf("byte %d (-want +got)\n%s", i, diff)
		}
		if k := kinds(c.Problems()); k != "forged" && k != "malformed" {
			t.Fatalf("byte %d: problems %v", i, c.Problems())
		}
		c.Close()
	}
}

// witnessed reports whether blocks differ in witnesses alone.
func witnessed(a, b *model.Block) bool {
	for i := range a.Txs {
		if a.Txs[i].ID != b.Txs[i].ID {
			return false
		}
	}
	return true
}
