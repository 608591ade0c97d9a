package blockfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/ledger"
)

func Example() {
	// A tiny chain, as a node would write it, and cut at its end.
	f, err := ledger.Parse("example", `
		network regtest
		height 0
		coinbase reward: tag="/Northpool/" => pool rest
		tx payout: reward.0 fee=0.001 => alice 20, bob 15, pool rest
		tx order: payout.0 => hashbazaar 12, alice rest
		tx late: payout.1 => carol 15
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "blocks")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	blocks := f.Ledger.AppendBlocks(nil)
	if err := os.WriteFile(filepath.Join(dir, "blk00000.dat"), blocks[:len(blocks)-100], 0o600); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	c, err := blockfile.Open(ctx, []string{dir}, blockfile.Options{Network: model.Regtest})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	for b, err := range c.Blocks(ctx, sources.Range{From: 1}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, tx := range b.Txs[1:] {
			fee, _ := tx.Fee()
			fmt.Printf("height %d: %d outputs, fee %v\n", b.Ref.Height, len(tx.Outputs), fee)
		}
	}
	payout, _ := f.Tx("payout")
	spends, err := c.Spenders(ctx, []model.Outpoint{{Tx: payout, Vout: 0}, {Tx: payout, Vout: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(spends[0].State, "and", spends[1].State, "as of height", spends[1].AsOf)
	for _, p := range c.Problems() {
		fmt.Println(filepath.Base(p.File), p.Kind, p.Detail)
	}
	// Output:
	// height 1: 3 outputs, fee 0.00100000
	// height 2: 2 outputs, fee 0.00000000
	// spent and unspent as of height 2
	// blk00000.dat truncated a block of 356 bytes, of which the file holds 256
}
