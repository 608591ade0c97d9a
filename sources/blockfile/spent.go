package blockfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Limits on companions. No block has more inputs than maxSpent, and no output
// with a longer script than maxScript can be spent (MAX_SCRIPT_SIZE of Bitcoin
// Core).
const (
	maxCompanion = 64 << 20
	maxSpent     = model.MaxBlockSize / 41
	maxScript    = 10_000
)

// companion holds the outputs that a block spends, in the order of its inputs.
type companion struct {
	name    string
	digest  model.Digest
	values  []model.Amount
	ends    []uint32 // where each script ends in scripts
	scripts []byte

	// inFrom is the number of inputs before each transaction of the block
	// that it belongs to, but for the coinbase's.
	inFrom []uint32
}

func (p *companion) add(value model.Amount, script []byte) error {
	switch {
	case len(p.values) == maxSpent:
		return fmt.Errorf("more than %d spent outputs, which no block has", maxSpent)
	case value < 0 || value > model.MaxMoney:
		return fmt.Errorf("spent output %d: the value %d is not within 0 to %d", len(p.values), int64(value), int64(model.MaxMoney))
	case len(script) > maxScript:
		return fmt.Errorf("spent output %d: a script of %d bytes, more than the %d of any that can be spent", len(p.values), len(script), maxScript)
	}
	p.values = append(p.values, value)
	p.scripts = append(p.scripts, script...)
	p.ends = append(p.ends, uint32(len(p.scripts)))
	return nil
}

// at returns the k-th spent output.
func (p *companion) at(k int) (model.Amount, []byte) {
	from := uint32(0)
	if k > 0 {
		from = p.ends[k-1]
	}
	return p.values[k], p.scripts[from:p.ends[k]]
}

// output returns what the j-th input of the i-th transaction spends.
func (p *companion) output(i, j int) (model.Amount, []byte) { return p.at(int(p.inFrom[i]) + j) }

// parseSpent reads a companion in either format: the one that is not JSON has
// a zero byte at offset 7, because no value is above 2^56.
func parseSpent(b []byte) (*companion, error) {
	p := &companion{}
	if len(b) >= 8 && b[7] == 0 || len(b) == 0 {
		return p, p.parseUndo(b)
	}
	return p, p.parseJSON(b)
}

// parseUndo reads, for each input, the value as eight bytes, the least
// significant first, and the script after its length in compact form.
func (p *companion) parseUndo(b []byte) error {
	for at := 0; at < len(b); {
		left := b[at:]
		wrong := func(err error) error {
			return fmt.Errorf("offset %d: spent output %d: %w", at, len(p.values), err)
		}
		if len(left) < 9 {
			return wrong(io.ErrUnexpectedEOF)
		}
		n, size := uint64(left[8]), 1
		switch {
		case n == 0xfd && len(left) >= 11:
			n, size = uint64(binary.LittleEndian.Uint16(left[9:])), 3
		case n == 0xfe && len(left) >= 13:
			n, size = uint64(binary.LittleEndian.Uint32(left[9:])), 5
		case n >= 0xfd && n != 0xff:
			return wrong(io.ErrUnexpectedEOF)
		}
		if n == 0xff || size != lenSize(uint32(n)) {
			return wrong(errors.New("the length of the script is not in its shortest form"))
		}
		if uint64(len(left)-8-size) < n {
			return wrong(io.ErrUnexpectedEOF)
		}
		if err := p.add(model.Amount(binary.LittleEndian.Uint64(left)), left[8+size:8+size+int(n)]); err != nil {
			return fmt.Errorf("offset %d: %w", at, err)
		}
		at += 8 + size + int(n)
	}
	return nil
}

// parseJSON reads an array of objects with {"txout":{"value","script_pubkey"}}.
func (p *companion) parseJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	open, err := d.Token()
	if err != nil {
		return fmt.Errorf("offset %d: %w", d.InputOffset(), err)
	}
	if open != json.Delim('[') {
		return errors.New("neither a JSON array nor values and scripts")
	}
	for d.More() {
		var e struct {
			TxOut *struct {
				Value  *int64  `json:"value"`
				Script *string `json:"script_pubkey"`
			} `json:"txout"`
		}
		at := d.InputOffset()
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("offset %d: spent output %d: %w", at, len(p.values), err)
		}
		if e.TxOut == nil || e.TxOut.Value == nil || e.TxOut.Script == nil {
			return fmt.Errorf("offset %d: spent output %d: no txout with value and script_pubkey", at, len(p.values))
		}
		script, err := hex.DecodeString(*e.TxOut.Script)
		if err != nil {
			return fmt.Errorf("offset %d: spent output %d: script_pubkey: %w", at, len(p.values), err)
		}
		if err := p.add(model.Amount(*e.TxOut.Value), script); err != nil {
			return fmt.Errorf("offset %d: %w", at, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("offset %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("offset %d: more after the end of the array", d.InputOffset())
	}
	return nil
}

// readCompanion reads the file of one.
func readCompanion(ctx context.Context, name string) (*companion, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, openError(name, sources.ErrUnavailable, err)
	}
	if !info.Mode().IsRegular() {
		return nil, openError(name, sources.ErrUnavailable, errors.New("not a regular file"))
	}
	r, err := os.Open(name)
	if err != nil {
		return nil, openError(name, sources.ErrUnavailable, err)
	}
	defer r.Close()
	b, err := readMost(reader(ctx, r, info.Size()))
	if err != nil {
		return nil, fail(ctx, name, err)
	}
	sum, err := digest(ctx, bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fail(ctx, name, err)
	}
	// A first value may begin with the bytes of a gzip stream.
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b, 8}) && !undo(b) {
		z, err := gzip.NewReader(&readerOf{ctx, bytes.NewReader(b)})
		if err == nil {
			b, err = readMost(z)
		}
		if err != nil {
			return nil, fail(ctx, name, fmt.Errorf("%w: gzip: %w", sources.ErrMalformed, err))
		}
	}
	p, err := parseSpent(b)
	if err != nil {
		return nil, openError(name, sources.ErrMalformed, err)
	}
	p.name, p.digest = name, sum
	return p, nil
}

// undo reports whether b reads whole as values and scripts.
func undo(b []byte) bool { return new(companion).parseUndo(b) == nil }

func readMost(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxCompanion+1))
	if err == nil && len(b) > maxCompanion {
		err = fmt.Errorf("%w: more than %d bytes", sources.ErrMalformed, maxCompanion)
	}
	return b, err
}

// readCompanions reads the companions and finds the block of each: first those
// whose file name, up to its first extension, is that of a block's file, then
// in the order given, each with the first block that it fits.
func (c *Chain) readCompanions(ctx context.Context, o *Options) error {
	if len(o.Spent) == 0 {
		return nil
	}
	ps := make([]*companion, len(o.Spent))
	for i, name := range o.Spent {
		var err error
		if ps[i], err = readCompanion(ctx, name); err != nil {
			return err
		}
		c.spent = append(c.spent, sources.Provenance{Provider: "blockfile", Name: name, Digest: ps[i].digest,
			Note: fmt.Sprintf("%d spent outputs", len(ps[i].values))})
	}
	c.companions = make(map[int32]*companion, len(ps))
	byCount := make(map[uint32][]int32)
	for i := range c.blocks {
		if b := &c.blocks[i]; b.pos != noBlock {
			byCount[b.ins] = append(byCount[b.ins], int32(i))
		}
	}
	done := make([]bool, len(ps))
	why := make([]string, len(ps)) // how the first candidate contradicts
	for _, byName := range []bool{true, false} {
		for k, p := range ps {
			if done[k] {
				continue
			}
			for _, i := range byCount[uint32(len(p.values))] {
				b := &c.blocks[i]
				if c.companions[i] != nil || byName && stem(c.files[b.file].name) != stem(p.name) {
					continue
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				wrong, err := c.fits(p, b)
				if err != nil {
					return fail(ctx, p.name, err)
				}
				if wrong == "" {
					c.companions[i], done[k] = p, true
					c.spent[k].Note += " of block " + b.hash.String()
					break
				}
				if why[k] == "" {
					why[k] = fmt.Sprintf("block %v has as many inputs, but %s", b.hash, wrong)
				}
			}
		}
	}
	for k, p := range ps {
		if done[k] {
			continue
		}
		if why[k] == "" {
			why[k] = fmt.Sprintf("none of the %d blocks read has as many inputs", len(c.chain))
			if len(c.chain) <= 3 {
				var counts []string
				for _, i := range c.chain {
					counts = append(counts, fmt.Sprintf("block %v has %d inputs", c.blocks[i].hash, c.blocks[i].ins))
				}
				why[k] = strings.Join(counts, ", ")
			} else if len(byCount[uint32(len(p.values))]) > 0 {
				why[k] = "every block with as many inputs has a companion already"
			}
		}
		return openError(p.name, sources.ErrMalformed, fmt.Errorf("%d spent outputs belong to no block: %s", len(p.values), why[k]))
	}
	return nil
}

// stem returns a file's name up to its first dot.
func stem(name string) string {
	s, _, _ := strings.Cut(filepath.Base(name), ".")
	return s
}

// fits tells how a companion, which has as many outputs as the block has
// inputs, contradicts the block; "" where it does not. It notes where each
// transaction's inputs begin.
func (c *Chain) fits(p *companion, b *block) (wrong string, err error) {
	raw, err := c.files[b.file].bytes(b.off, int(b.size), nil)
	if err != nil {
		return "", err
	}
	var view model.BlockView
	if err := view.Decode(raw); err != nil || view.Hash() != b.hash {
		return "", fmt.Errorf("%w: %w", sources.ErrUnavailable, errChanged)
	}
	inFrom := make([]uint32, len(view.Txs))
	inferred, other := 0, 0
	var witness [][]byte
	var buf [64]byte
	k := 0
	for i := 1; i < len(view.Txs); i++ {
		tx := &view.Txs[i]
		inFrom[i] = uint32(k)
		var in, out model.Amount
		for j := tx.InFrom; j < tx.InTo; j++ {
			value, script := p.at(k)
			k++
			if in += value; in > model.MaxMoney {
				return fmt.Sprintf("transaction %v would spend more than there is", view.TxID(i)), nil
			}
			owner := model.AddressOf(script, c.net)
			if _, o, _, ok := c.output(view.Prev(int(j))); ok {
				v, s, err := c.readOutput(o, c.chain[b.pos], buf[:])
				if err != nil {
					return "", err
				}
				if v != value || !bytes.Equal(s, script) {
					return fmt.Sprintf("input %d of transaction %v spends another output", j-tx.InFrom, view.TxID(i)), nil
				}
				continue
			}
			witness = view.AppendWitness(witness[:0], int(j))
			if a, ok := model.UnlockingOwner(view.InScript(int(j)), witness, c.net); ok {
				if inferred++; a != owner {
					other++
				}
			}
		}
		for o := tx.OutFrom; o < tx.OutTo; o++ {
			out += view.Outs[o].Value
		}
		if in < out {
			return fmt.Sprintf("transaction %v would pay %v, more than the %v that it spends", view.TxID(i), out, in), nil
		}
	}
	// An inference may be wrong, so a few that differ do not speak against it.
	if 10*other > inferred {
		return fmt.Sprintf("%d of the %d owners inferred from its unlocking scripts are others", other, inferred), nil
	}
	p.inFrom = inFrom
	return "", nil
}
