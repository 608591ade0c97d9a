package fresh_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Three quarters of the money that a transaction spends was mined two hops
// before.
func Example() {
	f, err := ledger.Parse("example", `
tag "/Northpool/" Northpool
coinbase cb: tag="/Northpool/" => np 6.25
height 800200
tx gather: cb.0 => np 6, x rest
tx pay: gather.0 new(stranger) 2 => ann 5, bob 3
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{fresh.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	pay, _ := f.Tx("pay")
	share, _, err := heuristics.Eval[*fresh.Share](ctx, s, fresh.Heuristic, model.RefTx(pay))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(share)
	fmt.Println(fresh.AtLeast(share.Coinbase, 50))
	// Output:
	// fresh 75.0 % (Northpool 75.0 %), unknown 25.0 %, services 0.0 %; spent transaction not in the source: 1
	// true
}
