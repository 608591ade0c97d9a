package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// maxRead bounds what is read of a file, unpacked.
const maxRead = 64 << 20

// regtest is the chain of a test network, and who owns what on it.
type regtest struct {
	blocks   chain
	wallet   map[model.Address]string // by address
	internal map[model.Address]bool   // made by the wallet for change
	mixes    map[model.TxID]bool      // the coinjoins that the coordinator made
}

// chain is a source of blocks in memory.
type chain []*model.Block

// Tip returns the last block.
func (c chain) Tip(context.Context) (model.BlockRef, error) {
	if len(c) == 0 {
		return model.BlockRef{}, nil
	}
	return c[len(c)-1].Ref, nil
}

// Blocks yields the blocks of a range.
func (c chain) Blocks(_ context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		for _, b := range c {
			if (r.All() || r.Contains(b.Ref.Height)) && !yield(b, nil) {
				return
			}
		}
	}
}

// readRegtest reads the folder with the answers of the nodes and of the wallets.
func readRegtest(dir string) (*regtest, error) {
	r := &regtest{wallet: map[model.Address]string{}, internal: map[model.Address]bool{}, mixes: map[model.TxID]bool{}}
	for _, read := range []struct {
		name string
		into func(io.Reader) error
	}{
		{"wallets_info.json.gz", r.readWallets}, {"coinjoin-txids.txt", r.readMixes}, {"blocks.tar.gz", r.readBlocks},
	} {
		if err := readFile(filepath.Join(dir, read.name), read.into); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, read.name), err)
		}
	}
	return r, nil
}

func readFile(name string, into func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	return into(io.LimitReader(in, maxRead))
}

func (r *regtest) readWallets(in io.Reader) error {
	var wallets map[string]map[string]struct{ Internal bool }
	if err := json.NewDecoder(in).Decode(&wallets); err != nil {
		return err
	}
	for name, as := range wallets {
		for text, says := range as {
			a, err := model.ParseAddress(text, model.Regtest)
			if err != nil {
				return err
			}
			r.wallet[a], r.internal[a] = name, says.Internal
		}
	}
	return nil
}

func (r *regtest) readMixes(in io.Reader) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		id, err := model.ParseTxID(strings.TrimSpace(lines.Text()))
		if err != nil {
			return err
		}
		r.mixes[id] = true
	}
	return lines.Err()
}

// readBlocks reads the answers to getblock, and completes each input with the
// output that it spends.
func (r *regtest) readBlocks(in io.Reader) error {
	files := tar.NewReader(in)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		b, err := readBlock(files)
		if err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
		r.blocks = append(r.blocks, b)
	}
	slices.SortFunc(r.blocks, func(a, b *model.Block) int { return int(a.Ref.Height) - int(b.Ref.Height) })
	outs := map[model.Outpoint]model.Output{}
	for _, b := range r.blocks {
		for _, tx := range b.Txs {
			for i := range tx.Inputs {
				in := &tx.Inputs[i]
				if o, ok := outs[in.Prev]; ok {
					in.Value, in.ValueKnown, in.Owner, in.OwnerBy = o.Value, true, o.Owner, model.OwnerPrevout
				}
			}
			for i, o := range tx.Outputs {
				outs[tx.Outpoint(i)] = o
			}
		}
	}
	return nil
}

func readBlock(in io.Reader) (*model.Block, error) {
	var says struct {
		Hash   model.BlockHash
		Height int32
		Time   int64
		Tx     []struct{ Hex string }
	}
	if err := json.NewDecoder(in).Decode(&says); err != nil {
		return nil, err
	}
	b := &model.Block{Ref: model.BlockRef{
		Hash: says.Hash, Height: says.Height, Time: says.Time, Known: model.KnownHash | model.KnownHeight | model.KnownTime,
	}}
	for i, t := range says.Tx {
		raw, err := hex.DecodeString(t.Hex)
		if err != nil {
			return nil, err
		}
		tx, err := model.DecodeTx(raw, model.Regtest)
		if err != nil {
			return nil, err
		}
		tx.Block = b.Ref
		tx.Block.Pos, tx.Block.Known = int32(i), tx.Block.Known|model.KnownPos
		b.Txs = append(b.Txs, tx)
	}
	return b, nil
}
