package pool_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func Example() {
	f, err := ledger.Parse("block", `
		tag "/Northpool/" Northpool
		label Northpool: addr(collector) category=mining_pool role=coinbase confidence=0.95
		coinbase cb: tag="/Northpool/" => collector rest`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{pool.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	cb, _ := f.Tx("cb")
	a, findings, err := heuristics.Eval[*pool.Attribution](ctx, s, pool.Heuristic, model.RefTx(cb))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a, a.Probability)
	fmt.Println(len(findings), findings[0].Kind)
	// Output:
	// Northpool by tag and address 0.99
	// 1 pool
}
