package sources

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/goldwash/goldwash/model"
)

// Bounds on a file, which may be a stranger's. What is read takes memory in
// proportion to the file.
const (
	maxRecording = 8 << 30
	maxLine      = 64 << 20
)

// ops are the methods in the order in which their answers stand in the file.
var ops = [...]string{"Txs", "Spenders", "History", "Tip", "Blocks", "Labels", "Find", "Tags", "Prices", "Select", "Entries"}

// recordWriter writes lines, sums them up, and keeps the first error.
type recordWriter struct {
	out   *bufio.Writer
	lines int
	err   error

	txs    map[*model.Tx]string // names
	blocks map[*model.Block]string
}

func (w *recordWriter) line(l *recordLine) {
	if w.err != nil {
		return
	}
	b, err := encodeLine(l)
	if err != nil {
		w.err = err
		return
	}
	if len(b) > maxLine {
		w.err = fmt.Errorf("a line of %d bytes, more than %d: %s", len(b), maxLine, clipped(string(b)))
		return
	}
	_, w.err = w.out.Write(b)
	w.lines++
}

func encodeLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// write writes the file, sorted, so that it does not depend on the order in
// which things were asked.
func (r *Recorder) write(c *recording) error {
	sum := sha256.New()
	w := &recordWriter{out: bufio.NewWriter(io.MultiWriter(r.w, sum)), txs: map[*model.Tx]string{}, blocks: map[*model.Block]string{}}
	head := &recordLine{Recording: recordFormat, Provenance: c.provenance}
	for i, n := range capabilityNames {
		if c.has&(1<<i) != 0 {
			head.Has = append(head.Has, n)
		}
	}
	w.line(head)
	for _, id := range slices.SortedFunc(maps.Keys(r.txs), func(a, b model.TxID) int { return bytes.Compare(a[:], b[:]) }) {
		w.variants(id.String(), len(r.txs[id]), func(i int) *recordLine {
			l, err := lineOfTx(r.txs[id][i])
			if err != nil && w.err == nil {
				w.err = err // it was written before
			}
			return &recordLine{Tx: l}
		}, func(i int, name string) { w.txs[r.txs[id][i]] = name })
	}
	txName := func(t *model.Tx) string { return w.txs[t] }
	for _, h := range slices.SortedFunc(maps.Keys(r.blocks), func(a, b model.BlockHash) int { return bytes.Compare(a[:], b[:]) }) {
		w.variants(h.String(), len(r.blocks[h]), func(i int) *recordLine {
			return &recordLine{Block: lineOfBlock(r.blocks[h][i], txName)}
		}, func(i int, name string) { w.blocks[r.blocks[h][i]] = name })
	}
	for _, op := range ops {
		w.answers(c, op)
	}
	if w.err != nil {
		return w.err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	w.line(&recordLine{Lines: w.lines, SHA256: model.Digest(sum.Sum(nil))})
	if w.err != nil {
		return w.err
	}
	return w.out.Flush()
}

// variants writes the lines of things with one id, sorted, and names them.
func (w *recordWriter) variants(id string, n int, line func(i int) *recordLine, name func(i int, name string)) {
	if n == 1 {
		name(0, id)
		w.line(line(0))
		return
	}
	type variant struct {
		i    int
		line *recordLine
		text []byte
	}
	all := make([]variant, n)
	for i := range all {
		l := line(i)
		b, err := encodeLine(l)
		if err != nil && w.err == nil {
			w.err = err
		}
		all[i] = variant{i, l, b}
	}
	slices.SortFunc(all, func(a, b variant) int { return bytes.Compare(a.text, b.text) })
	for i, v := range all {
		name(v.i, variantName(id, i))
		w.line(v.line)
	}
}

func variantName(id string, i int) string {
	if i == 0 {
		return id
	}
	return id + "#" + strconv.Itoa(i)
}

func (w *recordWriter) answers(c *recording, op string) {
	txs := func(l *recordLine, ts []*model.Tx) {
		for _, t := range ts {
			l.Txs = append(l.Txs, w.txs[t])
		}
	}
	switch op {
	case "Txs":
		writeBatches(w, op, &c.txs, func(l *recordLine, t *model.Tx) error {
			if l.None = t == nil; !l.None {
				txs(l, []*model.Tx{t})
			}
			return nil
		})
	case "Spenders":
		writeBatches(w, op, &c.spends, func(l *recordLine, s model.Spend) error {
			l.Spend = lineOfSpend(s)
			return nil
		})
	case "Tip":
		writeBatches(w, op, &c.tip, func(l *recordLine, b model.BlockRef) error {
			l.Tip = &placeLine{b}
			return nil
		})
	case "Labels":
		writeBatches(w, op, &c.labels, func(l *recordLine, ls []model.Label) error {
			l.Labels, l.None = linesOfLabels(ls), len(ls) == 0
			return nil
		})
	case "Prices":
		writeBatches(w, op, &c.prices, func(l *recordLine, p model.Price) (err error) {
			if l.None = p.IsZero(); !l.None {
				l.Price, err = lineOfPrice(p)
			}
			return err
		})
	case "History":
		writeSequences(w, op, c.history, txs)
	case "Blocks":
		writeSequences(w, op, c.blocks, func(l *recordLine, bs []*model.Block) {
			for _, b := range bs {
				l.Blocks = append(l.Blocks, w.blocks[b])
			}
		})
	case "Find":
		writeSequences(w, op, c.found, func(l *recordLine, ls []model.Label) { l.Labels = linesOfLabels(ls) })
	case "Tags":
		writeSequences(w, op, c.tags, func(l *recordLine, ts []model.Tag) { l.Tags = ts })
	case "Select":
		writeSequences(w, op, c.selected, txs)
	case "Entries":
		writeSequences(w, op, c.entries, func(l *recordLine, es []Entry) {
			for i := range es {
				l.Entries = append(l.Entries, lineOfEntry(es[i]))
			}
		})
	}
}

func writeBatches[V any](w *recordWriter, op string, b *batches[V], put func(*recordLine, V) error) {
	for _, k := range slices.Sorted(maps.Keys(b.items)) {
		l := &recordLine{Op: op, Key: k}
		if err := put(l, b.items[k]); err != nil && w.err == nil {
			w.err = err
		}
		w.line(l)
	}
	for _, k := range slices.Sorted(maps.Keys(b.failed)) {
		f := b.failed[k]
		w.line(&recordLine{Op: op, Keys: f.keys, Error: &f.line})
	}
}

func writeSequences[T any](w *recordWriter, op string, ss sequences[T], put func(*recordLine, []T)) {
	for _, k := range slices.Sorted(maps.Keys(ss)) {
		s := ss[k]
		for page := 0; ; page++ {
			l := &recordLine{Op: op, Key: k, Page: page}
			from := page * pageSize
			to := min(from+pageSize, len(s.elems))
			put(l, s.elems[from:to])
			if to < len(s.elems) {
				w.line(l)
				continue
			}
			switch {
			case s.fail != nil:
				l.End, l.Error = endError, &s.fail.line
			case s.ended:
				l.End = endComplete
			default:
				l.End = endUnread
			}
			w.line(l)
			break
		}
	}
}

// recordReader reads the lines of a file.
type recordReader struct {
	lines  int // read so far
	c      *recording
	txs    map[string]*model.Tx
	blocks map[string]*model.Block
	// seenTxs and seenBlocks count those of one id.
	seenTxs    map[model.TxID]int
	seenBlocks map[model.BlockHash]int
	// done holds the sequences whose last page was read.
	done map[string]bool
}

// read reads a whole file. Its errors are of kind [ErrMalformed], but for those
// of the reader.
func (r *recordReader) read(in io.Reader) error {
	in = io.LimitReader(in, maxRecording+1)
	buf := bufio.NewReaderSize(in, 1<<16)
	sum := sha256.New()
	size := int64(0)
	var line []byte
	for {
		line = line[:0]
		for {
			part, err := buf.ReadSlice('\n')
			line = append(line, part...)
			size += int64(len(part))
			if len(line) > maxLine {
				return r.bad(fmt.Errorf("more than %d bytes in one line", maxLine))
			}
			if size > maxRecording {
				return r.bad(fmt.Errorf("more than %d bytes", int64(maxRecording)))
			}
			if err == nil {
				break
			}
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				continue
			case !errors.Is(err, io.EOF):
				return &Error{Source: "replay", Op: "Replay", Key: r.at(), Err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
			case r.lines == 0 && len(line) == 0:
				return r.bad(errors.New("the file is empty"))
			}
			return r.bad(errors.New("the file ends without its digest: it was cut off"))
		}
		l := &recordLine{}
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(l); err != nil {
			if r.lines == 0 {
				return r.bad(fmt.Errorf("not a recording: %w", err))
			}
			return r.bad(err)
		}
		if dec.InputOffset() != int64(len(line)-1) {
			return r.bad(errors.New("more than one value in one line"))
		}
		if r.lines > 0 && l.SHA256 != (model.Digest{}) {
			if err := r.last(l, line, model.Digest(sum.Sum(nil))); err != nil {
				return r.bad(err)
			}
			if _, err := buf.ReadByte(); !errors.Is(err, io.EOF) {
				r.lines++
				return r.bad(errors.New("more follows the digest"))
			}
			return nil
		}
		var err error
		if r.lines == 0 {
			err = r.header(l)
		} else {
			err = r.line(l)
		}
		if err != nil {
			return r.bad(err)
		}
		sum.Write(line)
		r.lines++
	}
}

// at names the line that is being read.
func (r *recordReader) at() string { return "line " + strconv.Itoa(r.lines+1) }

func (r *recordReader) bad(err error) error {
	return &Error{Source: "replay", Op: "Replay", Key: r.at(), Err: fmt.Errorf("%w: %w", ErrMalformed, err)}
}

func (r *recordReader) header(l *recordLine) error {
	if l.Recording == 0 {
		return errors.New("not a recording: the first line is no header")
	}
	if l.Recording != recordFormat {
		return fmt.Errorf("format %d; this version reads %d", l.Recording, recordFormat)
	}
	for _, name := range l.Has {
		i := slices.Index(capabilityNames[:], name)
		if i < 0 {
			return fmt.Errorf("has: %q is no capability", clipped(name))
		}
		r.c.has |= 1 << i
	}
	r.c.provenance = l.Provenance
	return nil
}

func (r *recordReader) last(l *recordLine, line []byte, sum model.Digest) error {
	if l.SHA256 != sum {
		return fmt.Errorf("the digest is of something else than the lines before: they were changed (SHA-256 %v, want %v)", sum, l.SHA256)
	}
	if l.Lines != r.lines {
		return fmt.Errorf("%d lines before the last, want %d", r.lines, l.Lines)
	}
	// No digest is of this line, so it may be written in one way only.
	if want, err := encodeLine(&recordLine{Lines: l.Lines, SHA256: sum}); err != nil || !bytes.Equal(line, want) {
		return errors.New("the last line was changed")
	}
	for _, unread := range []bool{
		pagesMissing(r, "History", r.c.history), pagesMissing(r, "Blocks", r.c.blocks), pagesMissing(r, "Find", r.c.found),
		pagesMissing(r, "Tags", r.c.tags), pagesMissing(r, "Select", r.c.selected), pagesMissing(r, "Entries", r.c.entries),
	} {
		if unread {
			return errors.New("a sequence lacks its last page")
		}
	}
	return nil
}

func pagesMissing[T any](r *recordReader, op string, ss sequences[T]) bool {
	for k := range ss {
		if !r.done[op+" "+k] {
			return true
		}
	}
	return false
}

func (r *recordReader) line(l *recordLine) error {
	switch {
	case l.Tx != nil:
		t, err := l.Tx.tx()
		if err != nil {
			return fmt.Errorf("transaction %v: %w", l.Tx.ID, err)
		}
		r.txs[variantName(t.ID.String(), r.seenTxs[t.ID])] = t
		r.seenTxs[t.ID]++
		return nil
	case l.Block != nil:
		b, err := l.Block.block(r.txs)
		if err != nil {
			return fmt.Errorf("block %v: %w", l.Block.Ref.at.Hash, err)
		}
		r.blocks[variantName(b.Ref.Hash.String(), r.seenBlocks[b.Ref.Hash])] = b
		r.seenBlocks[b.Ref.Hash]++
		return nil
	}
	if err := r.answer(l); err != nil {
		return fmt.Errorf("%s %s: %w", clipped(l.Op), clipped(l.Key), err)
	}
	return nil
}

func (r *recordReader) answer(l *recordLine) error {
	switch l.Op {
	case "Txs":
		return readBatch(l, &r.c.txs, func() (*model.Tx, bool, error) {
			if l.None {
				return nil, len(l.Txs) == 0, nil
			}
			ts, err := named(l.Txs, r.txs)
			if err != nil || len(ts) != 1 {
				return nil, false, err
			}
			return ts[0], true, nil
		})
	case "Spenders":
		return readBatch(l, &r.c.spends, func() (s model.Spend, ok bool, err error) {
			if l.Spend == nil {
				return s, false, nil
			}
			s, err = l.Spend.spend()
			return s, true, err
		})
	case "Tip":
		return readBatch(l, &r.c.tip, func() (b model.BlockRef, ok bool, err error) {
			if l.Tip == nil {
				return b, false, nil
			}
			return l.Tip.at, true, nil
		})
	case "Labels":
		return readBatch(l, &r.c.labels, func() ([]model.Label, bool, error) {
			ls, err := readLabels(l.Labels)
			return ls, l.None == (len(ls) == 0), err
		})
	case "Prices":
		return readBatch(l, &r.c.prices, func() (p model.Price, ok bool, err error) {
			if l.Price == nil {
				return p, l.None, nil
			}
			p, err = l.Price.price()
			return p, !l.None, err
		})
	case "History":
		return readPage(r, l, r.c.history, func() ([]*model.Tx, error) { return named(l.Txs, r.txs) })
	case "Blocks":
		return readPage(r, l, r.c.blocks, func() ([]*model.Block, error) { return named(l.Blocks, r.blocks) })
	case "Find":
		return readPage(r, l, r.c.found, func() ([]model.Label, error) { return readLabels(l.Labels) })
	case "Tags":
		return readPage(r, l, r.c.tags, func() ([]model.Tag, error) { return l.Tags, nil })
	case "Select":
		return readPage(r, l, r.c.selected, func() ([]*model.Tx, error) { return named(l.Txs, r.txs) })
	case "Entries":
		return readPage(r, l, r.c.entries, func() ([]Entry, error) { return readEntries(l.Entries) })
	}
	return errors.New("no such method")
}

var (
	errNoAnswer = errors.New("no answer, or more than one")
	errTwice    = errors.New("stands twice")
)

func readBatch[V any](l *recordLine, b *batches[V], value func() (v V, ok bool, err error)) error {
	if l.Error != nil {
		keys := distinct(l.Keys)
		if l.None || len(keys) == 0 || len(keys) != len(l.Keys) || l.Key != "" {
			return errNoAnswer
		}
		joined := joinKeys(keys)
		if b.failed[joined] != nil {
			return errTwice
		}
		b.failed[joined] = &failedBatch{keys, failure{*l.Error, l.Error.error()}}
		return nil
	}
	if len(l.Keys) != 0 {
		return errNoAnswer
	}
	v, ok, err := value()
	switch {
	case err != nil:
		return err
	case !ok:
		return errNoAnswer
	}
	if _, twice := b.items[l.Key]; twice {
		return errTwice
	}
	b.items[l.Key] = v
	return nil
}

func readPage[T any](r *recordReader, l *recordLine, ss sequences[T], elems func() ([]T, error)) error {
	s, name := ss[l.Key], l.Op+" "+l.Key
	if s == nil {
		s = &sequence[T]{}
		ss[l.Key] = s
	}
	if r.done[name] {
		return errTwice
	}
	if l.Page*pageSize != len(s.elems) {
		return fmt.Errorf("page %d after %d elements", l.Page, len(s.elems))
	}
	vs, err := elems()
	if err != nil {
		return err
	}
	s.elems = append(s.elems, vs...)
	switch l.End {
	case "":
		if len(vs) != pageSize {
			return fmt.Errorf("page %d of %d elements, want %d", l.Page, len(vs), pageSize)
		}
		return nil
	case endComplete:
		s.ended = true
	case endUnread:
	case endError:
		if l.Error == nil {
			return errNoAnswer
		}
		s.ended, s.fail = true, &failure{*l.Error, l.Error.error()}
	default:
		return fmt.Errorf("end: %q", clipped(l.End))
	}
	r.done[name] = true
	return nil
}
