package blockfile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

func TestOpenErrors(t *testing.T) {
	_, file := want(t)
	mainnet := model.Mainnet.Magic()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, zeros{}, 4<<20); err != nil {
		t.Fatal(err)
	}
	z.Close()
	forged := bytes.Clone(split(t, file)[0][8:])
	forged[len(forged)-1] ^= 1
	tests := []struct {
		name  string
		files map[string][]byte
		path  string
		o     blockfile.Options
		kind  error
		want  string
	}{
		{name: "absent", path: "absent", kind: sources.ErrUnavailable, want: "absent"},
		{name: "an empty folder", path: ".", kind: sources.ErrNotFound, want: "no blk*.dat"},
		{name: "a node's folder", files: map[string][]byte{"blocks/blk00000.dat": file}, path: ".", kind: sources.ErrNotFound, want: `"blocks"`},
		{name: "an empty file", files: map[string][]byte{"x": nil}, path: "x", kind: sources.ErrMalformed, want: "neither a block nor"},
		{name: "text", files: map[string][]byte{"x": []byte("txid,address,label\n")}, path: "x", kind: sources.ErrMalformed, want: "neither a block nor"},
		{name: "zeros alone", files: map[string][]byte{"x": make([]byte, 1000)}, path: "x", kind: sources.ErrMalformed, want: "no whole block"},
		{name: "another network", files: map[string][]byte{"x": append(mainnet[:], split(t, file)[0][4:]...)}, path: "x", kind: sources.ErrMalformed, want: "it begins as one of mainnet does"},
		{name: "the first block cut", files: map[string][]byte{"x": file[:100]}, path: "x", kind: sources.ErrMalformed, want: "truncated"},
		{name: "a single block cut", files: map[string][]byte{"x": split(t, file)[1][8:100]}, path: "x", kind: sources.ErrMalformed, want: "as a block: offset"},
		{name: "a single block forged", files: map[string][]byte{"x": forged}, path: "x", kind: sources.ErrMalformed, want: "Merkle"},
		{name: "a gzip header alone", files: map[string][]byte{"x": {0x1f, 0x8b, 8, 0}}, path: "x", kind: sources.ErrMalformed, want: "EOF"},
		{name: "a gzip bomb", files: map[string][]byte{"x": bomb.Bytes()}, path: "x", o: blockfile.Options{MaxUnpacked: 1 << 20}, kind: sources.ErrMalformed, want: "more than the 1048576 bytes"},
		{name: "a short key", files: map[string][]byte{"blk00000.dat": file, "xor.dat": {1, 2}}, path: ".", kind: sources.ErrMalformed, want: "the key has 2 bytes"},
		{name: "a missing key", files: map[string][]byte{"blk00000.dat": xored([]byte("8 bytes."), file)}, path: "blk00000.dat", kind: sources.ErrMalformed, want: "xor.dat"},
		{name: "a folder that is named as a file", files: map[string][]byte{"blk00000.dat/x": file}, path: ".", kind: sources.ErrUnavailable, want: "not a regular file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, b := range test.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
					t.Fatal(err)
				}
				write(t, dir, name, b)
			}
			test.o.Network = model.Regtest
			_, err := blockfile.Open(t.Context(), []string{filepath.Join(dir, test.path)}, test.o)
			var e *sources.Error
			if !errors.As(err, &e) || e.Source != "blockfile" || e.Op != "Open" || e.Key == "" || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %v with %q", err, test.kind, test.want)
			}
		})
	}
	t.Run("no paths", func(t *testing.T) {
		if _, err := blockfile.Open(t.Context(), nil, regtest); !errors.Is(err, sources.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestSet(t *testing.T) {
	c := chainOf(t, grow(model.BlockHash{}, 0, 1, 2)...)
	s := c.Set()
	if has := s.Has(); has != sources.Txs|sources.Spends|sources.History|sources.Blocks {
		t.Errorf("capabilities %v", has)
	}
	p := s.Provenance
	if len(p) != 1 || p[0].Provider != "blockfile" || p[0].Digest == (model.Digest{}) || !strings.Contains(p[0].Note, "2 blocks") {
		t.Errorf("provenance %+v", p)
	}
	if got, ok := sources.As[*blockfile.Chain](s); !ok || got != c {
		t.Error("the chain cannot be had from its set")
	}
}

// The history of every address is what a sweep over the blocks says.
func TestHistory(t *testing.T) {
	_, file := want(t)
	c := open(t, regtest, write(t, t.TempDir(), "x", file))
	sweep := make(map[model.Address][]string)
	for _, b := range all(t, c) {
		for _, x := range b.Txs {
			seen := map[model.Address]bool{}
			for i := range x.Outputs {
				seen[x.Outputs[i].Owner] = true
			}
			for i := range x.Inputs {
				if x.Inputs[i].OwnerBy != model.OwnerUnknown {
					seen[x.Inputs[i].Owner] = true
				}
			}
			for a := range seen {
				sweep[a] = append(sweep[a], x.ID.String())
			}
		}
	}
	list := func(a model.Address, r sources.Range) (ids []string) {
		for x, err := range c.History(t.Context(), a, r) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, x.ID.String())
		}
		return ids
	}
	for a, want := range sweep {
		if diff := cmp.Diff(want, list(a, sources.Range{})); diff != "" {
			t.Errorf("%v (-want +got)\n%s", a, diff)
		}
	}
	f := parse(t, economy)
	alice, err := f.Address("alice")
	if err != nil {
		t.Fatal(err)
	}
	whole := list(alice, sources.Range{})
	if len(whole) != 3 {
		t.Errorf("alice has %d transactions, want 3", len(whole))
	}
	if diff := cmp.Diff(whole[1:2], list(alice, sources.Range{From: 3, To: 3})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	stranger, err := f.Address("nobody")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []model.Address{stranger, {}} {
		if got := list(a, sources.Range{}); got != nil {
			t.Errorf("%v has the history %v", a, got)
		}
	}
	for range c.History(t.Context(), alice, sources.Range{}) {
		break
	}
}

// countdown is a context that is done after so many questions.
type countdown struct {
	context.Context
	mu   sync.Mutex
	left int
}

func (c *countdown) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Wherever the context ends, Open says so, leaves no goroutine, and a chain
// answers with the context's error.
func TestCancel(t *testing.T) {
	_, file := want(t)
	dir := t.TempDir()
	for i, p := range split(t, file) {
		write(t, dir, "blk0000"+string(rune('0'+i))+".dat", p)
	}
	before := runtime.NumGoroutine()
	opened := false
	for n := 0; n < 10_000 && !opened; n++ {
		c, err := blockfile.Open(&countdown{Context: t.Context(), left: n}, []string{dir}, regtest)
		switch {
		case err == nil:
			opened = true
			c.Close()
		case !errors.Is(err, context.Canceled):
			t.Fatalf("after %d: %v", n, err)
		}
	}
	if !opened {
		t.Error("never opened")
	}
	// One that is told to end may need a moment to be gone.
	end := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(end) {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}

	c := open(t, regtest, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	id := model.TxID{1}
	if _, err := c.Txs(ctx, []model.TxID{id}); !errors.Is(err, context.Canceled) {
		t.Errorf("Txs: %v", err)
	}
	if _, err := c.Spenders(ctx, []model.Outpoint{{Tx: id}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Spenders: %v", err)
	}
	if _, err := c.Tip(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Tip: %v", err)
	}
	n := 0
	for b, err := range c.Blocks(ctx, sources.Range{}) {
		if n++; b != nil || !errors.Is(err, context.Canceled) || n > 1 {
			t.Errorf("Blocks: %v, %v", b, err)
		}
	}
	for x, err := range c.History(ctx, model.Address{}, sources.Range{}) {
		if n++; x != nil || !errors.Is(err, context.Canceled) || n > 2 {
			t.Errorf("History: %v, %v", x, err)
		}
	}
	// A build of the history that was given up is begun anew.
	alice, err := parse(t, economy).Address("alice")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.History(&countdown{Context: t.Context(), left: 4}, alice, sources.Range{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("History: %v", err)
		}
	}
	n = 0
	for _, err := range c.History(t.Context(), alice, sources.Range{}) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 3 {
		t.Errorf("%d transactions, want 3", n)
	}
}

func TestClosed(t *testing.T) {
	blocks := grow(model.BlockHash{}, 0, 1, 3)
	c := chainOf(t, blocks...)
	var got error
	for b, err := range c.Blocks(t.Context(), sources.Range{}) {
		if got = err; b != nil {
			if err := c.Close(); err != nil { // within the loop: no deadlock
				t.Fatal(err)
			}
		}
	}
	if !errors.Is(got, sources.ErrUnavailable) {
		t.Errorf("Blocks: %v", got)
	}
	if _, err := c.Txs(t.Context(), []model.TxID{{}}); !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("Txs: %v", err)
	}
	if _, err := c.Spenders(t.Context(), []model.Outpoint{{}}); !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("Spenders: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

// A file that changes under an open chain is an error, never another answer;
// one that only grows is not.
func TestChangedFile(t *testing.T) {
	blocks, file := want(t)
	path := write(t, t.TempDir(), "x", file)
	c := open(t, regtest, path)
	grown, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grown.Write(file); err != nil {
		t.Fatal(err)
	}
	grown.Close()
	if n := len(all(t, c)); n != len(blocks) {
		t.Errorf("%d blocks, want %d", n, len(blocks))
	}
	for _, size := range []int64{0, int64(len(file) - 20)} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if size > 0 {
			write(t, filepath.Dir(path), "x", make([]byte, len(file)))
		}
		var got error
		for _, err := range c.Blocks(t.Context(), sources.Range{}) {
			got = err
		}
		if !errors.Is(got, sources.ErrUnavailable) || !strings.Contains(got.Error(), "changed") {
			t.Errorf("%d bytes: Blocks: %v", size, got)
		}
		if _, err := c.Txs(t.Context(), []model.TxID{blocks[3].Txs[1].ID}); !errors.Is(err, sources.ErrUnavailable) {
			t.Errorf("%d bytes: Txs: %v", size, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	blocks, file := want(t)
	c := open(t, regtest, write(t, t.TempDir(), "x", file))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if diff := cmp.Diff(hashes(blocks), hashes(all(t, c))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, b := range blocks {
				for _, x := range b.Txs {
					if _, err := c.Txs(t.Context(), []model.TxID{x.ID}); err != nil {
						t.Error(err)
					}
					n := 0
					for _, err := range c.History(t.Context(), x.Outputs[0].Owner, sources.Range{}) {
						if n++; err != nil {
							t.Error(err)
						}
					}
					if n == 0 {
						t.Errorf("%v has no history", x.Outputs[0].Owner)
					}
				}
			}
		})
	}
	group.Wait()
}

// Many problems of a kind are counted, not listed for ever.
func TestProblemsAreBounded(t *testing.T) {
	blocks := grow(model.BlockHash{}, 0, 1, 500)
	var b []byte
	for _, blk := range blocks {
		b = append(append(b, "xyz"...), records(blk)...)
	}
	c := open(t, regtest, write(t, t.TempDir(), "x", b))
	ps := c.Problems()
	if len(ps) > 100 {
		t.Errorf("%d problems", len(ps))
	}
	total := int64(0)
	for _, p := range ps {
		total += p.Bytes
	}
	if total != 3*500 {
		t.Errorf("%d bytes of garbage, want %d", total, 3*500)
	}
	if !strings.Contains(ps[len(ps)-1].Detail, "more problems") {
		t.Errorf("the last problem is %v", ps[len(ps)-1])
	}
}

// A file made so that blocks begin everywhere, each to be parsed far and in
// vain, is given up in time.
func TestHostileFile(t *testing.T) {
	// Each output's script is the beginning of a block whose outputs go on
	// with those that follow.
	start := []byte{0xfa, 0xbf, 0xb5, 0xda, 0x00, 0x09, 0x3d, 0x00} // 4,000,000 bytes
	start = append(start, make([]byte, 80)...)
	start = append(start, 1, 1, 0, 0, 0, 1)
	start = append(start, make([]byte, 32)...)
	start = append(start, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff)
	start = append(start, 0xfe, 0xe0, 0x93, 0x04, 0x00) // 300,000 outputs
	output := append(make([]byte, 8), byte(len(start)))
	b := bytes.Repeat(append(output, start...), (12<<20)/(len(output)+len(start)))
	b = append(b, records(grow(model.BlockHash{}, 0, 1, 1)...)...)
	c := open(t, regtest, write(t, t.TempDir(), "blk00000.dat", b))
	if n := len(all(t, c)); n != 1 {
		t.Errorf("%d blocks, want 1", n)
	}
	told := slices.ContainsFunc(c.Problems(), func(p blockfile.Problem) bool { return strings.Contains(p.Detail, "in vain") })
	if !told {
		t.Errorf("problems %v", c.Problems())
	}
}
