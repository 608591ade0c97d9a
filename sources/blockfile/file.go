package blockfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// file is one input: read in place where it is plain, held in memory where it
// was packed.
type file struct {
	name   string
	given  bool // named by the caller, not found in a folder
	digest model.Digest
	size   int64 // of the content
	seed   maphash.Seed

	disk *os.File
	mem  []byte // the content, without obfuscation; nil where it is read from disk
	// key undoes the obfuscation that Bitcoin Core 28 and later applies: each
	// byte of the file is XORed with the byte of the key at its offset, modulo
	// the key's length. A zero key does nothing.
	key [8]byte

	form   form
	block  int   // length of the one block of formBlock
	cut    error // the gzip stream ended early, and why
	blocks int
}

// form is what a file holds.
type form uint8

const (
	formUnknown form = iota
	formBlocks       // magic, size, block, again and again
	formBlock        // one serialised block and nothing else
)

// unmask undoes the obfuscation of bytes that were read at an offset.
func (f *file) unmask(p []byte, off int64) {
	if f.key == [8]byte{} {
		return
	}
	// The key again and again, so that it is applied by many bytes at once.
	var pattern [512]byte
	for i := range pattern {
		pattern[i] = f.key[i&7]
	}
	for from := int(off & 7); len(p) > 0; from = 0 {
		n := subtle.XORBytes(p, p, pattern[from:])
		p = p[n:]
	}
}

// bytes returns a part of the content, such as a block. It aliases the memory of an
// unpacked file; else it is read into buf where that is large enough, or into new
// memory.
func (f *file) bytes(off int64, n int, buf []byte) ([]byte, error) {
	if f.mem != nil {
		if off+int64(n) > int64(len(f.mem)) {
			return nil, io.ErrUnexpectedEOF
		}
		return f.mem[off : off+int64(n) : off+int64(n)], nil
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if k, err := f.disk.ReadAt(buf, off); k < n {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	f.unmask(buf, off)
	return buf, nil
}

// padding reports whether a byte of the content, at the offset, is one that
// was never written: a node allocates its files ahead, and what reads as zero
// on disk reads as the key afterwards.
func (f *file) padding(b byte, off int64) bool { return b == 0 || b == f.key[off&7] }

func (f *file) close() error {
	if f.disk == nil {
		return nil
	}
	return f.disk.Close()
}

// list finds the files of the paths: a file is itself, a folder the block
// files in it by name.
func list(paths []string) ([]*file, error) {
	var fs []*file
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, openError(p, sources.ErrUnavailable, err)
		}
		if !info.IsDir() {
			if !info.Mode().IsRegular() {
				return nil, openError(p, sources.ErrUnavailable, errors.New("neither a folder nor a regular file"))
			}
			fs = append(fs, &file{name: p, given: true})
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			return nil, openError(p, sources.ErrUnavailable, err)
		}
		n := len(fs)
		for _, e := range entries {
			name := e.Name()
			if ok, _ := filepath.Match("blk*.dat", strings.TrimSuffix(name, ".gz")); !ok {
				continue
			}
			full := filepath.Join(p, name)
			if info, err := os.Stat(full); err != nil || !info.Mode().IsRegular() {
				if err == nil {
					err = errors.New("not a regular file")
				}
				return nil, openError(full, sources.ErrUnavailable, err)
			}
			fs = append(fs, &file{name: full})
		}
		if len(fs) == n {
			err := errors.New("no blk*.dat in this folder")
			if _, sub := os.Stat(filepath.Join(p, "blocks")); sub == nil {
				err = errors.New(`no blk*.dat in this folder; a node keeps them in its folder "blocks"`)
			}
			return nil, openError(p, sources.ErrNotFound, err)
		}
	}
	return fs, nil
}

// open opens the file, finds out what it holds, and computes its digest.
func (f *file) open(ctx context.Context, o *Options) (err error) {
	if f.disk, err = os.Open(f.name); err != nil {
		return openError(f.name, sources.ErrUnavailable, err)
	}
	info, err := f.disk.Stat()
	if err != nil {
		return openError(f.name, sources.ErrUnavailable, err)
	}
	f.size = info.Size()
	if f.digest, err = digest(ctx, f.disk, f.size); err != nil {
		return fail(ctx, f.name, err)
	}
	key, err := xorKey(f.name)
	if err != nil {
		return err
	}
	magic := o.Network.Magic()
	if f.begins(key, magic[:]) {
		f.key, f.form = key, formBlocks
		return nil
	}
	if f.begins([8]byte{}, magic[:]) {
		f.form = formBlocks
		return nil
	}
	if f.begins([8]byte{}, []byte{0x1f, 0x8b, 8}) {
		if err := f.unpack(ctx, o.maxUnpacked()); err != nil {
			return err
		}
		// Unpacked content may still be obfuscated.
		if len(f.mem) >= len(magic) {
			head := [4]byte(f.mem)
			for i := range head {
				head[i] ^= key[i]
			}
			if head == magic && key != [8]byte{} {
				f.unmaskMemory(key)
			}
		}
		if bytes.HasPrefix(f.mem, magic[:]) {
			f.form = formBlocks
			return nil
		}
	}
	// A single block, as bytes or as the hexadecimal text that a node's
	// getblock prints.
	if f.size <= 2*model.MaxBlockSize+2 {
		raw, err := f.bytes(0, int(f.size), nil)
		if err != nil {
			return fail(ctx, f.name, err)
		}
		if n := blockLen(raw); n > 0 {
			f.hold(raw, n)
			return nil
		}
		if raw, err := hex.AppendDecode(nil, bytes.TrimSpace(raw)); err == nil {
			if n := blockLen(raw); n > 0 {
				f.hold(raw, n)
				return nil
			}
		}
	}
	// Blocks may follow garbage. The key applies unless nothing is found by it.
	if f.mem == nil {
		f.key = key
	} else {
		f.unmaskMemory(key)
	}
	return nil
}

// blockLen returns how many bytes from the start of raw are a block, 0 where
// none are.
func blockLen(raw []byte) int {
	var v model.BlockView
	err := v.Decode(raw)
	if err == nil {
		return len(raw)
	}
	// Where bytes follow the block, that is what was wrong, and where.
	var bad *model.DecodeError
	if errors.As(err, &bad) && bad.Offset >= minBlock && bad.Offset < len(raw) && v.Decode(raw[:bad.Offset]) == nil {
		return bad.Offset
	}
	return 0
}

// hold keeps the content in memory, which is small: a block of n bytes and what
// follows it.
func (f *file) hold(raw []byte, n int) {
	f.mem, f.size, f.key, f.form, f.block = raw, int64(len(raw)), [8]byte{}, formBlock, n
}

func (f *file) unmaskMemory(key [8]byte) {
	f.key = key
	f.unmask(f.mem, 0)
}

// begins reports whether the file begins with the bytes, under a key.
func (f *file) begins(key [8]byte, with []byte) bool {
	head := make([]byte, len(with))
	if n, _ := f.disk.ReadAt(head, 0); n < len(head) {
		return false
	}
	for i := range head {
		head[i] ^= key[i]
	}
	return bytes.Equal(head, with)
}

// unpack reads a gzipped file into memory. A stream that ends early is kept
// as far as it goes.
func (f *file) unpack(ctx context.Context, most int64) error {
	z, err := gzip.NewReader(reader(ctx, f.disk, f.size))
	if err != nil {
		return fail(ctx, f.name, fmt.Errorf("%w: %w", sources.ErrMalformed, err))
	}
	b, err := io.ReadAll(io.LimitReader(z, most+1))
	switch {
	case int64(len(b)) > most:
		return openError(f.name, sources.ErrMalformed, fmt.Errorf("unpacks to more than the %d bytes allowed (Options.MaxUnpacked)", most))
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		f.cut = err
	}
	if f.mem = b; b == nil {
		f.mem = []byte{}
	}
	f.size = int64(len(b))
	return nil
}

// reader reads a file from its start until the context is done.
func reader(ctx context.Context, r io.ReaderAt, size int64) io.Reader {
	return &readerOf{ctx, io.NewSectionReader(r, 0, size)}
}

type readerOf struct {
	ctx context.Context
	r   io.Reader
}

func (r *readerOf) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

func digest(ctx context.Context, r io.ReaderAt, size int64) (d model.Digest, err error) {
	h := sha256.New()
	if _, err := io.CopyBuffer(h, reader(ctx, r, size), make([]byte, 1<<18)); err != nil {
		return d, err
	}
	h.Sum(d[:0])
	return d, nil
}

// xorName is the file in which a node keeps the key beside its block files.
const xorName = "xor.dat"

// xorKey reads the key beside a file; it is zero where there is none.
func xorKey(beside string) (key [8]byte, err error) {
	name := filepath.Join(filepath.Dir(beside), xorName)
	r, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return key, nil
	}
	if err != nil {
		return key, openError(name, sources.ErrUnavailable, err)
	}
	defer r.Close()
	info, err := r.Stat()
	switch {
	case err != nil:
		return key, openError(name, sources.ErrUnavailable, err)
	case !info.Mode().IsRegular() || info.Size() != int64(len(key)):
		return key, openError(name, sources.ErrMalformed, fmt.Errorf("the key has %d bytes, want %d", info.Size(), len(key)))
	}
	if _, err := r.ReadAt(key[:], 0); err != nil {
		return [8]byte{}, openError(name, sources.ErrUnavailable, err)
	}
	return key, nil
}

// unrecognised is the error for a file in which nothing was found.
func (f *file) unrecognised(net model.Network) error {
	magic := net.Magic()
	why := fmt.Sprintf("neither a block nor a block file of %v, whose blocks begin with %x", net, magic)
	head, _ := f.bytes(0, int(min(f.size, 4)), nil)
	for _, other := range model.Networks() {
		if m := other.Magic(); other != net && bytes.Equal(head, m[:]) {
			why += fmt.Sprintf("; it begins as one of %v does", other)
		}
	}
	if f.size <= model.MaxBlockSize {
		if raw, err := f.bytes(0, int(f.size), nil); err == nil {
			var v model.BlockView
			if err := v.Decode(raw); err != nil {
				why += fmt.Sprintf("; as a block: %v", err)
			}
		}
	}
	if f.cut != nil {
		why += fmt.Sprintf("; gzip: %v", f.cut)
	}
	if !slices.Contains([]string{".gz", ".raw"}, filepath.Ext(f.name)) && f.key == [8]byte{} {
		why += "; Bitcoin Core 28 and later need the file xor.dat beside it"
	}
	return openError(f.name, sources.ErrMalformed, errors.New(why))
}

func openError(key string, kind, why error) error {
	return &sources.Error{Source: "blockfile", Op: "Open", Key: key, Err: fmt.Errorf("%w: %w", kind, why)}
}

// fail says that reading failed, unless the reason is that the context is done.
func fail(ctx context.Context, key string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, kind := range []error{sources.ErrMalformed, sources.ErrUnavailable} {
		if errors.Is(err, kind) {
			return &sources.Error{Source: "blockfile", Op: "Open", Key: key, Err: err}
		}
	}
	return openError(key, sources.ErrUnavailable, err)
}
