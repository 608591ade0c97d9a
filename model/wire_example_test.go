package model_test

import (
	"encoding/hex"
	"fmt"

	"github.com/goldwash/goldwash/model"
)

// The first block of mainnet.
func ExampleDecodeBlock() {
	raw, err := hex.DecodeString(genesis)
	if err != nil {
		fmt.Println(err)
		return
	}
	blk, err := model.DecodeBlock(raw, model.Mainnet)
	if err != nil {
		fmt.Println(err)
		return
	}
	at, _ := blk.Ref.When()
	fmt.Println(blk.Ref.Hash, at.Format("2006-01-02"))
	for _, tx := range blk.Txs {
		fmt.Println(tx.ID)
		for i, out := range tx.Outputs {
			fmt.Println(tx.Outpoint(i).Vout, out.Value, out.Owner.Kind())
		}
	}
	// Output:
	// 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f 2009-01-03
	// 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b
	// 0 50.00000000 p2pk
}

// A sweep reads block after block into one view and builds nothing that it does
// not need.
func ExampleBlockView() {
	raw, _ := hex.DecodeString(genesis)
	var view model.BlockView
	for _, raw := range [][]byte{raw, raw[:100]} {
		if err := view.Decode(raw); err != nil {
			fmt.Println(err)
			continue
		}
		for i, tx := range view.Txs {
			fmt.Println(view.TxID(i), tx.InTo-tx.InFrom, "input")
			for o := tx.OutFrom; o < tx.OutTo; o++ {
				fmt.Println(view.Outs[o].Value, model.AddressOf(view.OutScript(int(o)), model.Mainnet))
			}
		}
	}
	// Output:
	// 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b 1 input
	// 50.00000000 script:02003318537dfb3135df9f3d950dbdf8a7ae68dd7c7dfef61ed17963ff80f3850474
	// offset 80: reading transaction count: 1 cannot fit in the 19 bytes left
}
