package shape_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func ExampleClassify() {
	f, err := ledger.Parse("mix", `
		height 700000
		tx mix: new(a) 0.05 new(b) 0.05 new(c) 0.05000302 new(d) 0.05000302 new(e) 0.05000302 => m#1..5 0.05`)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, _ := f.Tx("mix")
	txs, err := f.Ledger.Set().Txs.Txs(context.Background(), []model.TxID{id})
	if err != nil {
		fmt.Println(err)
		return
	}
	v := shape.Classify(txs[0], shape.DefaultParams())
	fmt.Println(v)
	fmt.Println("take the inputs for one owner's:", !v.SkipUnion)
	fmt.Println(v.Reasons[0])
	// Output:
	// whirlpool: 5 outputs of 0.05000000 BTC
	// take the inputs for one owner's: false
	// 5 outputs, all of 0.05000000 BTC, from 2 inputs of that value and 3 a little above it, every script another
}
