package blockfile_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

type spentOutput struct {
	value  model.Amount
	script []byte
}

// undo writes spent outputs in the format of .undo files.
func undo(outs ...spentOutput) []byte {
	var b []byte
	for _, o := range outs {
		b = binary.LittleEndian.AppendUint64(b, uint64(o.value))
		if n := len(o.script); n < 0xfd {
			b = append(b, byte(n))
		} else {
			b = binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
		}
		b = append(b, o.script...)
	}
	return b
}

// asJSON writes them in the format of .spent files.
func asJSON(outs ...spentOutput) []byte {
	var s []string
	for _, o := range outs {
		s = append(s, fmt.Sprintf(`{"txout":{"value":%d,"script_pubkey":%q},"is_coinbase":false,"creation_height":7}`, int64(o.value), hex.EncodeToString(o.script)))
	}
	return []byte("[" + strings.Join(s, ",\n") + "]\n")
}

// spending is a block whose transactions spend n outputs that were not read.
func spending(parent, salt byte, n int) *model.Block {
	var outs []model.Outpoint
	for i := range n {
		outs = append(outs, model.Outpoint{Tx: model.TxID{salt, byte(i)}})
	}
	return mine(model.BlockHash{parent}, -1, salt, outs[:n/2], outs[n/2:])
}

func values(t testing.TB, b *model.Block) string {
	t.Helper()
	var s []string
	for _, x := range b.Txs[1:] {
		for _, in := range x.Inputs {
			switch {
			case !in.ValueKnown:
				s = append(s, "?")
			case in.OwnerBy != model.OwnerPrevout:
				t.Errorf("a value without the owner: %+v", in)
			default:
				s = append(s, in.Value.String()[:1])
			}
		}
	}
	return strings.Join(s, "")
}

func TestCompanions(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string { return write(t, dir, name, b) }
	long := make([]byte, 300)
	outs := func(from int, n int) (s []spentOutput) {
		for i := range n {
			s = append(s, spentOutput{model.Amount(from+i) * model.Coin, long[:i*70]})
		}
		return s
	}
	a, b := spending(1, 1, 5), spending(2, 2, 5)
	small := spending(3, 3, 2)
	pa, pb := put("a.raw", model.AppendBlock(nil, a)), put("b.raw.gz", gzipped(t, model.AppendBlock(nil, b)))
	ps := put("small.raw", model.AppendBlock(nil, small))
	// In a block file names tell nothing.
	file := put("blk.dat", records(a, b, small))
	tests := []struct {
		name  string
		paths []string
		spent []string
		want  string // values of a, b, small
	}{
		{"none", []string{pa, pb, ps}, nil, "????? ????? ??"},
		{"one, by count", []string{pa, pb, ps}, []string{put("x", undo(outs(1, 2)...))}, "????? ????? 12"},
		{"in order", []string{pa, pb, ps}, []string{put("x1", undo(outs(1, 5)...)), put("x2", asJSON(outs(3, 5)...)), put("x3", gzipped(t, asJSON(outs(4, 2)...)))}, "12345 34567 45"},
		{"by name", []string{pa, pb, ps}, []string{put("b.undo", undo(outs(1, 5)...)), put("a.spent.gz", gzipped(t, asJSON(outs(3, 5)...)))}, "34567 12345 ??"},
		{"a name goes before order", []string{pa, pb, ps}, []string{put("y", undo(outs(1, 5)...)), put("a.undo.gz", gzipped(t, undo(outs(3, 5)...)))}, "34567 12345 ??"},
		{"for a block file", []string{file}, []string{put("z", undo(outs(1, 5)...)), put("z2", undo(outs(2, 5)...))}, "12345 23456 ??"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := open(t, blockfile.Options{Network: model.Regtest, Spent: test.spent}, test.paths...)
			var got []string
			for _, blk := range all(t, c) {
				got = append(got, values(t, blk))
				for _, x := range blk.Txs {
					one, err := c.Txs(t.Context(), []model.TxID{x.ID})
					if err != nil {
						t.Fatal(err)
					}
					for i := range x.Inputs {
						if one[0].Inputs[i].Value != x.Inputs[i].Value || one[0].Inputs[i].Owner != x.Inputs[i].Owner {
							t.Errorf("%v: input %d is %+v alone and %+v in its block", x.ID, i, one[0].Inputs[i], x.Inputs[i])
						}
					}
				}
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("values %q, want %q", s, test.want)
			}
			if p := c.Provenance(); len(p) != len(test.paths)+len(test.spent) {
				t.Errorf("provenance of %d files: %v", len(p), p)
			}
		})
	}
}

// What was read goes before a companion, which must agree with it.
func TestCompanionAgainstChain(t *testing.T) {
	first := mine(model.BlockHash{}, 0, 1)
	coin := first.Txs[0].Outpoint(0)
	second := mine(first.Ref.Hash, 1, 2, []model.Outpoint{coin, {Tx: model.TxID{9}}})
	dir := t.TempDir()
	path := write(t, dir, "blk.dat", records(first, second))
	script := first.Txs[0].Outputs[0].Script
	right := write(t, dir, "right", undo(spentOutput{50 * model.Coin, script}, spentOutput{7, nil}))
	c := open(t, blockfile.Options{Network: model.Regtest, Spent: []string{right}}, path)
	x := all(t, c)[1].Txs[1]
	if x.Inputs[0].Value != 50*model.Coin || x.Inputs[1].Value != 7 || x.Inputs[1].Owner.Kind() != model.ScriptEmpty {
		t.Errorf("inputs %+v", x.Inputs)
	}
	wrong := write(t, dir, "wrong", undo(spentOutput{51 * model.Coin, script}, spentOutput{7, nil}))
	_, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{Network: model.Regtest, Spent: []string{wrong}})
	if err == nil || !strings.Contains(err.Error(), "spends another output") {
		t.Errorf("got %v", err)
	}
}

func TestCompanionErrors(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "b.raw", model.AppendBlock(nil, spending(1, 1, 3)))
	ok := []spentOutput{{2 * model.Coin, nil}, {2 * model.Coin, nil}, {2 * model.Coin, nil}}
	tests := []struct {
		name  string
		spent []byte
		want  string
	}{
		{"too few", undo(ok[:2]...), "2 spent outputs belong to no block: block "},
		{"too many, JSON", asJSON(append(ok, ok...)...), "6 spent outputs belong to no block: block "},
		{"empty", nil, "0 spent outputs belong to no block"},
		{"a payment of more than it spends", undo(ok[0], spentOutput{1, nil}, ok[2]), ""},
		{"negative fee", undo(spentOutput{1, nil}, ok[1], ok[2]), "would pay"},
		{"cut in a value", undo(ok...)[:22], "offset 18: spent output 2: unexpected EOF"},
		{"cut in a script", undo(ok[0], ok[1], spentOutput{1, []byte{1, 2, 3}})[:28], "offset 18: spent output 2: unexpected EOF"},
		{"a length that is too long", append(undo(ok[:2]...), 1, 0, 0, 0, 0, 0, 0, 0, 0xfd, 1, 0, 0), "shortest form"},
		{"a length of 64 bits", append(undo(ok[:2]...), 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 1, 0, 0, 0, 0, 0, 0, 0), "shortest form"},
		{"a value beyond all money", undo(ok[0], spentOutput{model.MaxMoney + 1, nil}), "not within"},
		{"a negative value", asJSON(spentOutput{-1, nil}), "not within"},
		{"a script beyond what can be spent", asJSON(spentOutput{1, make([]byte, 10_001)}), "10001 bytes"},
		{"text", []byte("these are no spent outputs"), "offset"},
		{"a JSON object", []byte(`{"txout":{}}`), "neither a JSON array"},
		{"an entry without script", []byte(`[{"txout":{"value":1}}]`), "offset 1: spent output 0: no txout"},
		{"an entry without value", []byte(`[{"txout":{"script_pubkey":""}}]`), "no txout"},
		{"a value that is no whole number", []byte(`[{"txout":{"value":0.5,"script_pubkey":""}}]`), "spent output 0"},
		{"a script that is no hexadecimal", []byte(`[{"txout":{"value":1,"script_pubkey":"xy"}}]`), "script_pubkey"},
		{"JSON cut", asJSON(ok...)[:100], "spent output 1"},
		{"JSON without its end", asJSON(ok...)[:len(asJSON(ok...))-2], "offset"},
		{"more after JSON", append(asJSON(ok...), '1'), "more after the end"},
		{"gzip cut", gzipped(t, undo(ok...))[:20], "gzip"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := write(t, t.TempDir(), "spent", test.spent)
			c, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{Network: model.Regtest, Spent: []string{name}})
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				return
			}
			var e *sources.Error
			if !errors.As(err, &e) || !errors.Is(err, sources.ErrMalformed) || e.Key != name || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("absent", func(t *testing.T) {
		_, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{Network: model.Regtest, Spent: []string{dir + "/absent"}})
		if !errors.Is(err, sources.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("twice", func(t *testing.T) {
		name := write(t, dir, "ok", undo(ok...))
		_, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{Network: model.Regtest, Spent: []string{name, name}})
		if !errors.Is(err, sources.ErrMalformed) {
			t.Errorf("got %v", err)
		}
	})
}

// Another block's spent outputs are refused even where the counts agree.
func TestCompanionOfAnotherBlock(t *testing.T) {
	raw := realdata.Path(t, "blocks/mainnet-300025.raw.gz")
	b := realdata.Read(t, "blocks/mainnet-300025.undo.gz")
	// The first goes last, so that nearly every owner is another.
	first := 8 + 1 + int(b[8])
	moved := append(append([]byte(nil), b[first:]...), b[:first]...)
	_, err := blockfile.Open(t.Context(), []string{raw}, blockfile.Options{Spent: []string{write(t, t.TempDir(), "x", moved)}})
	if !errors.Is(err, sources.ErrMalformed) || !strings.Contains(err.Error(), "1427 spent outputs") {
		t.Errorf("got %v", err)
	}
}
