package blockfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"

	"github.com/goldwash/goldwash/model"
)

const (
	recordHead = 8                 // magic and size before each block
	minBlock   = 80 + 1 + 60       // header, count, the least transaction
	window     = 8 << 20           // bytes of a file read at once
	noHeight   = int32(-1)         // of a block whose height is not known
	noBlock    = int32(-1)         // the index of no block
	maxIndex   = uint64(1)<<32 - 2 // transactions and outputs are counted in 32 bits
)

// block is what is kept of each block that was read: where it is, what links
// it, and where its transactions begin in the flat slices of index.
type block struct {
	hash, prev model.BlockHash
	off        int64 // of the block in the file's content
	file       int32
	size       uint32
	time, bits uint32
	declared   int32 // height by its coinbase, noHeight where that binds nobody
	txFrom     uint32
	txs        uint32
	ins        uint32 // inputs, but for the coinbase's
	prevFrom   uint32 // place in index.prev of the first of these; set where the block is on the chain
	sum        uint64 // a keyed checksum of its bytes

	// What linking found out.
	parent      int32 // index of the block before, or noBlock
	pos         int32 // place in the chain, noBlock where it was dropped
	height      int32
	median      uint32
	medianKnown bool
}

// read is what one file was found to hold. Transactions and outputs are
// numbered from zero, in the order of the file.
type read struct {
	blocks  []block
	ids     []model.TxID
	txOff   []uint32 // offset of each transaction in its block
	outFrom []uint32 // first output of each transaction
	outOff  []uint32 // offset of each output in its block
	bad     problems
}

type scanner struct {
	ctx   context.Context
	f     *file
	o     *Options
	magic [4]byte
	out   *read

	view   model.BlockView
	ids    []model.TxID // of the block at hand
	leaves []model.TxID // of the tree that commits to its witnesses

	buf []byte // a window on the file
	at  int64  // its offset

	// work bounds the bytes parsed in vain: a file may be made so that each
	// of its bytes is parsed again and again.
	work  int64
	spent bool // and told
}

// scan reads a file from end to end and closes no file. Errors are those of
// reading and of the context; what is wrong with the data is a problem.
func scan(ctx context.Context, f *file, o *Options) (*read, error) {
	s := &scanner{ctx: ctx, f: f, o: o, magic: o.Network.Magic(), out: &read{}, work: 8*f.size + 64<<20}
	var err error
	if f.form == formBlock {
		err = s.single()
	} else {
		err = s.records()
	}
	if err != nil {
		return nil, err
	}
	if f.cut != nil {
		s.bad(Problem{Kind: Truncated, Offset: f.size, Detail: fmt.Sprintf("the gzip stream ends early: %v", f.cut)})
	}
	return s.out, nil
}

// single reads a file that is one block, and reports what follows it, but for
// padding and line ends, which tools add.
func (s *scanner) single() error {
	if bad, err := s.block(0, s.f.block); err != nil {
		return err
	} else if bad != nil {
		return bad
	}
	rest, err := s.bytes(int64(s.f.block), int(s.f.size)-s.f.block)
	if err == nil && len(bytes.Trim(rest, "\x00 \t\r\n")) > 0 {
		s.bad(Problem{Kind: Garbage, Offset: int64(s.f.block), Bytes: int64(len(rest)), Detail: "bytes after the block"})
	}
	return err
}

func (s *scanner) bad(p Problem) { s.out.bad.add(0, p) }

// bytes returns a part of the content, valid until the next call.
func (s *scanner) bytes(off int64, n int) ([]byte, error) {
	if s.f.mem != nil {
		return s.f.bytes(off, n, nil)
	}
	if off < s.at || off+int64(n) > s.at+int64(len(s.buf)) {
		size := int(min(max(int64(n), window), s.f.size-off))
		b, err := s.f.bytes(off, max(size, n), s.buf[:0])
		if err != nil {
			return nil, err
		}
		s.buf, s.at = b, off
	}
	i := int(off - s.at)
	return s.buf[i : i+n : i+n], nil
}

// run is a stretch of bytes that are no block.
type run struct {
	from int64
	why  Problem // what was wrong at its start
}

// records reads the blocks of a block file.
func (s *scanner) records() error {
	var open *run
	for off := int64(0); off < s.f.size; {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if open == nil {
			next, err := s.skipPadding(off)
			if err != nil {
				return err
			}
			if off = next; off == s.f.size {
				break
			}
		}
		next, why, err := s.record(off)
		if err != nil {
			return err
		}
		if why == nil {
			if open != nil {
				s.flush(open, off)
				open = nil
			}
			off = next
			continue
		}
		if open == nil {
			why.Offset = off
			open = &run{off, *why}
		}
		if off, err = s.find(next); err != nil {
			return err
		}
	}
	if open == nil {
		return nil
	}
	if open.why.Kind == Truncated {
		open.why.Bytes = s.f.size - open.from
		s.bad(open.why)
		return nil
	}
	end, err := s.trimPadding(open.from)
	if err != nil {
		return err
	}
	s.flush(open, end)
	return nil
}

// flush reports a stretch of bytes that are no block, and ends at end.
func (s *scanner) flush(r *run, end int64) {
	p := r.why
	p.Bytes = end - r.from
	if p.Kind == Truncated {
		p.Kind = Malformed // something follows
	}
	s.bad(p)
}

// record reads the block at an offset and returns where the next one may
// begin. Where there is no block, why says so, and what lies before next need
// not be looked at again.
func (s *scanner) record(off int64) (next int64, why *Problem, err error) {
	left := s.f.size - off
	head, err := s.bytes(off, int(min(left, recordHead)))
	if err != nil {
		return 0, nil, err
	}
	if n := min(len(head), len(s.magic)); !bytes.Equal(head[:n], s.magic[:n]) {
		return off + 1, &Problem{Kind: Garbage, Detail: "bytes that are no block"}, nil
	}
	if left < recordHead {
		return off + 1, &Problem{Kind: Truncated, Detail: fmt.Sprintf("the file ends %d bytes into the head of a block", left)}, nil
	}
	size := int64(binary.LittleEndian.Uint32(head[4:]))
	if size < minBlock || size > model.MaxBlockSize {
		return off + 4, &Problem{Kind: Garbage, Detail: fmt.Sprintf("the head of a block declares %d bytes, which no block has", size)}, nil
	}
	if size > left-recordHead {
		return off + 4, &Problem{Kind: Truncated, Blocks: 1, Detail: fmt.Sprintf("a block of %d bytes, of which the file holds %d", size, left-recordHead)}, nil
	}
	bad, err := s.block(off+recordHead, int(size))
	if err != nil {
		return 0, nil, err
	}
	if bad == nil {
		return off + recordHead + size, nil, nil
	}
	// The block, or its length, is damaged. What it covers may hold others.
	s.work -= int64(bad.Offset) + 256
	end := off + recordHead + size
	why = &Problem{Kind: Malformed, Blocks: 1, Detail: bad.Error()}
	if s.work < 0 {
		if !s.spent {
			s.spent = true
			s.bad(Problem{Kind: Malformed, Offset: off, Detail: "so many bytes were parsed in vain that blocks within what damaged ones cover are no longer looked for"})
		}
		return end, why, nil
	}
	return off + 4, why, nil
}

// find returns where the magic next occurs, or the size of the file.
func (s *scanner) find(off int64) (int64, error) {
	for off < s.f.size {
		if err := s.ctx.Err(); err != nil {
			return 0, err
		}
		n := int(min(s.f.size-off, 1<<20))
		b, err := s.bytes(off, n)
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(b, s.magic[:]); i >= 0 {
			return off + int64(i), nil
		}
		if int64(n) == s.f.size-off {
			return s.f.size, nil
		}
		off += int64(n - len(s.magic) + 1)
	}
	return s.f.size, nil
}

// skipPadding returns the first offset from off on that holds something.
func (s *scanner) skipPadding(off int64) (int64, error) {
	from := off
	for off < s.f.size {
		if err := s.ctx.Err(); err != nil {
			return 0, err
		}
		b, err := s.bytes(off, int(min(s.f.size-off, 1<<20)))
		if err != nil {
			return 0, err
		}
		n := 0
		for n < len(b) && s.f.padding(b[n], off+int64(n)) {
			n++
		}
		off += int64(n)
		if n < len(b) {
			break
		}
	}
	// A magic may begin with bytes that look like padding under the key.
	for back := min(off-from, recordHead-1); back > 0; back-- {
		if off-back+4 > s.f.size {
			continue
		}
		b, err := s.bytes(off-back, 4)
		if err != nil {
			return 0, err
		}
		if [4]byte(b) == s.magic {
			return off - back, nil
		}
	}
	return off, nil
}

// trimPadding returns the end of the last byte from an offset on that is not
// padding.
func (s *scanner) trimPadding(from int64) (int64, error) {
	end := s.f.size
	for end > from {
		n := int(min(end-from, 1<<16))
		at := end - int64(n)
		b, err := s.f.bytes(at, n, nil)
		if err != nil {
			return 0, err
		}
		for n > 0 && s.f.padding(b[n-1], at+int64(n-1)) {
			n--
		}
		if end = at + int64(n); n > 0 {
			break
		}
	}
	return end, nil
}

// block reads one block and keeps what the index needs. bad says why it does
// not parse; a block that parses but is not what its header commits to is
// dropped here, with a problem, and is no error.
func (s *scanner) block(off int64, size int) (bad *model.DecodeError, err error) {
	raw, err := s.bytes(off, size)
	if err != nil {
		return nil, err
	}
	v := &s.view
	if err := v.Decode(raw); err != nil {
		if errors.As(err, &bad) {
			return bad, nil
		}
		return &model.DecodeError{What: "block", Err: err}, nil
	}
	s.ids = s.ids[:0]
	for i := range v.Txs {
		s.ids = append(s.ids, v.TxID(i))
	}
	hash := v.Hash()
	if why := s.forged(raw, hash); why != "" {
		s.bad(Problem{Kind: Forged, Offset: off, Blocks: 1, Bytes: int64(size), Detail: fmt.Sprintf("block %v: %s", hash, why)})
		return nil, nil
	}

	r := s.out
	b := block{
		hash: hash, prev: v.Header.Prev, off: off, size: uint32(size),
		time: v.Header.Time, bits: v.Header.Bits, declared: noHeight,
		txFrom: uint32(len(r.ids)), txs: uint32(len(v.Txs)), ins: uint32(len(v.Ins) - 1),
		parent: noBlock, pos: noBlock, height: noHeight, sum: maphash.Bytes(s.f.seed, raw),
	}
	if ref := v.Ref(s.o.Network); ref.Has(model.KnownHeight) {
		b.declared = ref.Height
	}
	if uint64(len(r.outOff))+uint64(len(v.Outs)) > maxIndex {
		return nil, errTooMany
	}
	r.blocks = append(r.blocks, b)
	r.ids = append(r.ids, s.ids...)
	for i := range v.Txs {
		r.txOff = append(r.txOff, v.Txs[i].Start)
		r.outFrom = append(r.outFrom, uint32(len(r.outOff))+v.Txs[i].OutFrom)
	}
	for i := range v.Outs {
		o := &v.Outs[i]
		r.outOff = append(r.outOff, o.Script-uint32(lenSize(o.ScriptLen))-8)
	}
	return nil, nil
}

var errTooMany = errors.New("more transactions or outputs than an index of 32 bits can number")

// lenSize is the size of a length in its shortest form, which Decode demands.
func lenSize(n uint32) int {
	switch {
	case n < 0xfd:
		return 1
	case n < 1<<16:
		return 3
	}
	return 5
}

// forged says how the block at hand fails to be what its header commits to.
func (s *scanner) forged(raw []byte, hash model.BlockHash) string {
	v := &s.view
	if model.MerkleRoot(s.ids) != v.Header.MerkleRoot {
		return "the Merkle root is not of its transactions"
	}
	// A list whose end is repeated has the same root (CVE-2012-2459). Where
	// the last 2^k transactions are repeated, so is the last one.
	last := len(s.ids) - 1
	for k := 1; k <= last; k *= 2 {
		if s.ids[last] == s.ids[last-k] {
			return "its last transactions are repeated"
		}
	}
	if !s.witnesses(raw) {
		return "the witnesses are not those that the coinbase commits to"
	}
	if s.o.CheckWork {
		target, ok := targetOf(v.Header.Bits)
		if !ok || workLimit(s.o.Network).less(target) {
			return fmt.Sprintf("the difficulty %#08x is below what %v allows", v.Header.Bits, s.o.Network)
		}
		if target.less(u256FromHash(hash)) {
			return "the hash does not have the work that the header claims"
		}
	}
	return ""
}

// commitment precedes the hash of the witnesses in an output of the coinbase
// (BIP 141).
var commitment = []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}

// witnesses reports whether the witnesses are those that the coinbase commits
// to. There is nothing to check in a block without any, or without a
// commitment.
func (s *scanner) witnesses(raw []byte) bool {
	v := &s.view
	any := false
	for i := range v.Txs {
		any = any || v.Txs[i].WitFrom != 0
	}
	if !any {
		return true
	}
	var want []byte
	for o := v.Txs[0].OutFrom; o < v.Txs[0].OutTo; o++ {
		if script := v.OutScript(int(o)); len(script) >= 38 && bytes.HasPrefix(script, commitment) {
			want = script[6:38] // the last one counts
		}
	}
	if want == nil {
		return true
	}
	nonce := v.AppendWitness(nil, 0)
	if len(nonce) != 1 || len(nonce[0]) != 32 {
		return false
	}
	// The leaves are the hashes with witnesses; zero stands for the coinbase.
	leaves := append(s.leaves[:0], model.TxID{})
	for i := 1; i < len(v.Txs); i++ {
		if tx := &v.Txs[i]; tx.WitFrom == 0 {
			leaves = append(leaves, s.ids[i])
		} else {
			h := sha256.Sum256(raw[tx.Start:tx.End])
			leaves = append(leaves, sha256.Sum256(h[:]))
		}
	}
	s.leaves = leaves
	root := model.MerkleRoot(leaves)
	h := sha256.Sum256(append(root[:], nonce[0]...))
	h = sha256.Sum256(h[:])
	return bytes.Equal(h[:], want)
}

// u256 is an unsigned number of 256 bits, the most significant word first.
type u256 [4]uint64

func (a u256) less(b u256) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// add returns the sum, or the largest number where it overflows.
func (a u256) add(b u256) u256 {
	var carry uint64
	for i := len(a) - 1; i >= 0; i-- {
		a[i], carry = bits.Add64(a[i], b[i], carry)
	}
	if carry != 0 {
		return u256{1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1}
	}
	return a
}

// u256FromHash reads a hash as the number that proofs of work compare.
func u256FromHash(h model.BlockHash) (a u256) {
	for i := range a {
		a[i] = binary.LittleEndian.Uint64(h[24-8*i:])
	}
	return a
}

// targetOf reads the compact form of a target; ok is false where it is zero,
// negative or too large, by the rules of Bitcoin Core.
func targetOf(compact uint32) (t u256, ok bool) {
	size, word := int(compact>>24), compact&0x7fffff
	if compact&0x800000 != 0 || word == 0 {
		return t, false
	}
	if size > 34 || word > 0xff && size > 33 || word > 0xffff && size > 32 {
		return t, false
	}
	var b [32]byte // the least significant byte first
	any := false
	for i := range 3 {
		if at := size - 3 + i; at >= 0 && at < len(b) {
			b[at] = byte(word >> (8 * i))
			any = any || b[at] != 0
		}
	}
	return u256FromHash(b), any
}

// workLimit is the easiest target that a network's rules allow.
func workLimit(net model.Network) u256 {
	compact := uint32(0x1d00ffff)
	switch net {
	case model.Signet:
		compact = 0x1e0377ae
	case model.Regtest:
		compact = 0x207fffff
	}
	t, _ := targetOf(compact)
	return t
}
