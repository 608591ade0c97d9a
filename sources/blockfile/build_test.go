package blockfile_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// economy is a chain of regtest from its first block on, with spends within a
// block, across blocks, of several outputs at once, and outputs of every form.
const economy = `
	network regtest
	height 0
	coinbase c0: tag="/Northpool/" => miner rest
	coinbase c1: => miner rest
	tx a: c0.0 => alice 20, bob:p2pkh 29, data "note"
	tx b: a.0 => carol:p2tr 12, alice rest
	tx c: a.1 b.1 => dave:p2sh 30, erin:multisig 5, frank:p2pk rest
	tx d: b.0 => m#1..260 0.03
`

// parse reads a ledger in the ledger language.
func parse(t testing.TB, text string) *ledger.File {
	t.Helper()
	f, err := ledger.Parse("test", text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// split cuts a block file into its records: head and block each.
func split(t testing.TB, b []byte) [][]byte {
	t.Helper()
	var out [][]byte
	for len(b) > 0 {
		n := 8 + int(binary.LittleEndian.Uint32(b[4:]))
		out = append(out, b[:n:n])
		b = b[n:]
	}
	return out
}

// record puts the magic and size before a block.
func record(net model.Network, raw []byte) []byte {
	magic := net.Magic()
	b := binary.LittleEndian.AppendUint32(magic[:], uint32(len(raw)))
	return append(b, raw...)
}

func hashOf(b *model.Block) model.BlockHash {
	h := sha256.Sum256(model.AppendBlock(nil, &model.Block{Header: b.Header})[:80])
	return sha256.Sum256(h[:])
}

// mine makes a block on a parent. Its coinbase declares the height where that
// is not negative, and the salt makes it another block than its like. Its
// transactions spend what is told, each to one output.
func mine(prev model.BlockHash, height int32, salt byte, spends ...[]model.Outpoint) *model.Block {
	script := []byte{salt, salt}
	version := int32(1)
	if height >= 0 {
		version = 4
		var num []byte
		for v := uint32(height); v > 0; v >>= 8 {
			num = append(num, byte(v))
		}
		if len(num) > 0 && num[len(num)-1]&0x80 != 0 {
			num = append(num, 0)
		}
		switch {
		case height == 0:
			script = []byte{0, salt}
		case height <= 16:
			script = []byte{0x50 + byte(height), salt}
		default:
			script = append(append([]byte{byte(len(num))}, num...), salt)
		}
	}
	key := append([]byte{0x00, 0x14}, bytes.Repeat([]byte{salt}, 20)...)
	b := &model.Block{Header: model.BlockHeader{Version: version, Prev: prev, Time: 1_600_000_000 + 600*uint32(max(height, 0)), Bits: 0x207fffff}}
	b.Txs = append(b.Txs, &model.Tx{
		Version: 1,
		Inputs:  []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}, Script: script}},
		Outputs: []model.Output{{Value: 50 * model.Coin, Script: key}},
	})
	for _, s := range spends {
		x := &model.Tx{Version: 2, Outputs: []model.Output{{Value: model.Coin, Script: key}}}
		for _, o := range s {
			x.Inputs = append(x.Inputs, model.Input{Prev: o, Script: []byte{0x51}})
		}
		b.Txs = append(b.Txs, x)
	}
	ids := make([]model.TxID, len(b.Txs))
	for i, x := range b.Txs {
		x.ID = model.HashTx(x)
		ids[i] = x.ID
	}
	b.Header.MerkleRoot = model.MerkleRoot(ids)
	b.Ref.Hash = hashOf(b)
	return b
}

// grow mines blocks one upon the other. The first declares the height and the
// others what follows; none does where the height is negative.
func grow(prev model.BlockHash, height int32, salt byte, n int) []*model.Block {
	var out []*model.Block
	for i := range n {
		if height >= 0 {
			out = append(out, mine(prev, height+int32(i), salt))
		} else {
			out = append(out, mine(prev, height, salt+byte(i)))
		}
		prev = out[i].Ref.Hash
	}
	return out
}

// records joins blocks as they stand in a block file of regtest.
func records(blocks ...*model.Block) []byte {
	var b []byte
	for _, blk := range blocks {
		b = append(b, record(model.Regtest, model.AppendBlock(nil, blk))...)
	}
	return b
}

// write puts a file into a folder and returns its path.
func write(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func xored(key, b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = b[i] ^ key[i%len(key)]
	}
	return out
}

func hashes(blocks []*model.Block) []string {
	var out []string
	for _, b := range blocks {
		out = append(out, fmt.Sprintf("%d %v", b.Ref.Height, b.Ref.Hash))
	}
	return out
}
