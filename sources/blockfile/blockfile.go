package blockfile

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Options says how [Open] reads. The zero value reads mainnet.
type Options struct {
	Network model.Network
	// Spent names companions of single raw blocks: files with the outputs that
	// a block spends, in the order of its inputs. See the package
	// documentation for the two formats.
	Spent []string
	// CheckWork drops blocks whose hash does not have the work that the
	// header's own difficulty claims, or whose difficulty is below the least
	// that the network allows. Whether the difficulty is the one that the rules
	// demand at that height is not checked. It is off by default, because
	// synthetic chains have no work; turn it on for block files of unknown
	// origin.
	CheckWork bool
	// MaxUnpacked bounds the bytes to which one gzipped file may unpack, all
	// of which are held in memory; 0 means 512 MiB. Plain files are never held
	// in memory, whatever their size.
	MaxUnpacked int64
}

func (o *Options) maxUnpacked() int64 {
	if o.MaxUnpacked > 0 {
		return o.MaxUnpacked
	}
	return 512 << 20
}

// Chain is the chain that block files hold. It does not change after [Open] and
// is safe for concurrent use; what it returns is shared and read-only. It
// implements [sources.TxReader], [sources.SpendReader], [sources.BlockReader],
// [sources.HistoryReader] and [sources.Provenancer].
//
// Files may be appended to while a Chain is open, as a running node does: it
// goes on to tell what they held at Open. A block that is no longer what it was
// is an error of kind [sources.ErrUnavailable].
type Chain struct {
	net      model.Network
	files    []*file
	blocks   []block   // in the order of reading, with the dropped ones
	chain    []int32   // indexes into blocks, in chain order
	segments []segment // parts of chain
	tip      int32     // index into blocks, or noBlock
	bad      problems

	index
	companions map[int32]*companion // by index into blocks
	spent      []sources.Provenance
	history    history
	recent     recent
	readers    sync.Pool // of *blockReader

	mu     sync.RWMutex // held for writing to close
	unlock func()       // RUnlock of mu, made once
	closed bool
}

// Segment is a part of the chain without gaps: each of its blocks is the parent
// of the next.
type Segment struct {
	First, Last model.BlockRef
	Blocks      int
}

// Open reads block files and links what they hold. Each path is a folder with
// files blk*.dat, one such file, or a single block, as bytes or in hexadecimal;
// each file may be gzipped. What a file is shows in its content, not its name.
//
// What cannot be read is dropped and told by [Chain.Problems]. It is an error
// when a path or companion cannot be opened, when a folder has no block files,
// when a named file holds nothing that resembles a block, when no block was read
// at all, and when a companion belongs to no block.
//
// Open reads everything twice: once to check each block against its header, once
// to find what spends what. Files are read by several goroutines, none of which
// outlives it.
func Open(ctx context.Context, paths []string, o Options) (_ *Chain, err error) {
	files, err := list(paths)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, &sources.Error{Source: "blockfile", Op: "Open", Err: fmt.Errorf("%w: no paths given", sources.ErrNotFound)}
	}
	c := &Chain{net: o.Network, files: files, tip: noBlock, history: history{lock: make(chan struct{}, 1)}}
	c.seed, c.unlock = maphash.MakeSeed(), c.mu.RUnlock
	for _, f := range files {
		f.seed = c.seed
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if err := c.readAll(ctx, &o); err != nil {
		return nil, err
	}
	if len(c.blocks) == 0 {
		err := error(errors.New("no whole block"))
		if ps := c.Problems(); len(ps) > 0 {
			err = fmt.Errorf("no whole block; first problem of %d: %v", len(ps), ps[0])
		}
		return nil, openError(files[0].name, sources.ErrMalformed, err)
	}
	c.recent.by = make([]atomic.Pointer[[]byte], len(c.blocks))
	c.link()
	if err := c.build(ctx); err != nil {
		return nil, err
	}
	if err := c.readCompanions(ctx, &o); err != nil {
		return nil, err
	}
	return c, nil
}

// readAll reads the files, a few at a time, and joins what they hold in their
// order.
func (c *Chain) readAll(ctx context.Context, o *Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		*read
		err error
	}
	// Each file has a place for its result, and a worker takes the next file
	// only when its last result was joined, so that few wait in memory.
	results := make([]chan result, len(c.files))
	for i := range results {
		results[i] = make(chan result)
	}
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel() // before the wait, so that no worker goes on
	workers := min(runtime.GOMAXPROCS(0), len(c.files))
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(c.files); i += workers {
				r, err := c.files[i].read(ctx, o)
				select {
				case results[i] <- result{r, err}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	seen := make(map[model.BlockHash]int32)
	for i := range c.files {
		var r result
		select {
		case r = <-results[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.err != nil {
			return r.err
		}
		if err := c.join(int32(i), r.read, seen); err != nil {
			return err
		}
	}
	return nil
}

// read opens and scans a file.
func (f *file) read(ctx context.Context, o *Options) (*read, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := f.open(ctx, o); err != nil {
		return nil, err
	}
	r, err := scan(ctx, f, o)
	if err == nil && len(r.blocks) == 0 && f.form == formUnknown && f.key != [8]byte{} {
		// Nothing under the key: perhaps the file was never obfuscated.
		masked := f.key
		if f.mem != nil {
			f.unmask(f.mem, 0)
		}
		f.key = [8]byte{}
		if r, err = scan(ctx, f, o); err == nil && len(r.blocks) == 0 {
			if f.mem != nil {
				f.key = masked
				f.unmask(f.mem, 0)
			}
			f.key = masked
		}
	}
	if err != nil {
		return nil, fail(ctx, f.name, err)
	}
	f.blocks = len(r.blocks)
	if f.form == formUnknown && len(r.blocks) == 0 && f.given {
		empty := r.bad.list == nil
		for _, p := range r.bad.list {
			empty = empty || p.Kind == Forged
		}
		if !empty || f.size == 0 {
			return nil, f.unrecognised(o.Network)
		}
	}
	if n := len(r.blocks); f.mem != nil && n > 0 {
		// The padding behind the last block need not be kept.
		end := r.blocks[n-1].off + int64(r.blocks[n-1].size)
		if end < int64(len(f.mem))*3/4 {
			f.mem = slices.Clone(f.mem[:end])
		}
	} else if n == 0 && f.mem != nil {
		f.mem = []byte{}
	}
	return r, nil
}

// join appends what a file holds, but for blocks that were read before.
func (c *Chain) join(at int32, r *read, seen map[model.BlockHash]int32) error {
	c.bad.join(at, &r.bad)
	for i := range r.blocks {
		b := r.blocks[i]
		if first, ok := seen[b.hash]; ok {
			c.bad.add(at, Problem{Kind: Duplicate, Offset: b.off, Blocks: 1, Bytes: int64(b.size),
				Detail: fmt.Sprintf("block %v was read before, from %s", b.hash, c.files[c.blocks[first].file].name)})
			continue
		}
		seen[b.hash] = int32(len(c.blocks))
		from, to := b.txFrom, b.txFrom+b.txs
		outFrom, outTo := r.outFrom[from], uint32(len(r.outOff))
		if int(to) < len(r.outFrom) {
			outTo = r.outFrom[to]
		}
		if uint64(len(c.ids))+uint64(b.txs) > maxIndex || uint64(len(c.outOff))+uint64(outTo-outFrom) > maxIndex {
			return openError(c.files[at].name, sources.ErrUnavailable, errTooMany)
		}
		b.file, b.txFrom = at, uint32(len(c.ids))
		c.ids = append(c.ids, r.ids[from:to]...)
		c.txOff = append(c.txOff, r.txOff[from:to]...)
		for _, o := range r.outFrom[from:to] {
			c.outFrom = append(c.outFrom, o-outFrom+uint32(len(c.outOff)))
		}
		c.outOff = append(c.outOff, r.outOff[outFrom:outTo]...)
		c.blocks = append(c.blocks, b)
	}
	return nil
}

// Set returns the chain as a set of sources.
func (c *Chain) Set() sources.Set { return sources.Of(c) }

// Network returns the network of the chain.
func (c *Chain) Network() model.Network { return c.net }

// Close closes the files. Reading from the chain afterwards is an error; what it
// returned before stays valid. Closing twice is none.
func (c *Chain) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	for _, f := range c.files {
		errs = append(errs, f.close())
	}
	return errors.Join(errs...)
}

// use keeps the files open until done is called.
func (c *Chain) use(op string) (done func(), err error) {
	c.mu.RLock()
	if c.closed {
		c.mu.RUnlock()
		return nil, &sources.Error{Source: "blockfile", Op: op, Err: fmt.Errorf("%w: %w", sources.ErrUnavailable, os.ErrClosed)}
	}
	return c.unlock, nil
}

// Problems returns what was dropped or could not be read, in the order of the
// files and their offsets. At most 64 of a kind in one file are told one by
// one, and the rest counted together. The slice is the caller's.
func (c *Chain) Problems() []Problem {
	return c.bad.sorted(func(i int32) string { return c.files[i].name })
}

// Segments returns the parts of the chain in its order: by height, and those of
// unknown height last, in the order of reading. A complete chain has one. The
// slice is the caller's.
func (c *Chain) Segments() []Segment {
	out := make([]Segment, len(c.segments))
	for i, s := range c.segments {
		out[i] = Segment{
			First:  c.ref(&c.blocks[c.chain[s.from]]),
			Last:   c.ref(&c.blocks[c.chain[s.to-1]]),
			Blocks: int(s.to - s.from),
		}
	}
	return out
}

// Provenance names every file with the digest of its bytes on disk and counts
// the blocks that were read from it, then the companions.
func (c *Chain) Provenance() []sources.Provenance {
	out := make([]sources.Provenance, 0, len(c.files)+len(c.spent))
	for _, f := range c.files {
		note := fmt.Sprintf("%d blocks of %v", f.blocks, c.net)
		if f.key != [8]byte{} {
			note += fmt.Sprintf(", obfuscated with %x", f.key)
		}
		out = append(out, sources.Provenance{Provider: "blockfile", Name: f.name, Digest: f.digest, Note: note})
	}
	return append(out, c.spent...)
}
