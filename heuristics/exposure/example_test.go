package exposure_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/exposure"
	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A desk asks about an address that was paid by a thief and by nobody knows whom,
// and paid a marketplace.
func Example() {
	f, err := ledger.Parse("example", `
label Kestrel: addr(thief) category=actor confidence=0.9
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
tx theft: new(victim) 0.9 => thief 0.9
tx peel: theft.0 fee=1000sat => b 0.3, c rest
tx in: peel.0 => a 0.3
tx more: new(somebody) 0.5 => a 0.5
tx order: in.0 fee=1000sat => d1 0.2, a rest
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	engine, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{exposure.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	address, err := f.Address("a")
	if err != nil {
		fmt.Println(err)
		return
	}
	a := model.RefAddress(address)
	s, err := engine.Open(ctx, heuristics.Scope{Seeds: []model.Ref{a}})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, _, err := heuristics.Eval[*exposure.Exposure](ctx, s, exposure.Search, a)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("received", x.Received.Value)
	for i := range x.Received.Rows {
		row := &x.Received.Rows[i]
		fmt.Println(" ", row.Party, x.Received.Amount(row, taint.Haircut), "hops", row.Near)
	}
	fmt.Println("to marketplaces", x.Sent.Category(model.HashMarketplace, taint.FIFO))
	for found, err := range s.Run(ctx, heuristics.Refs(a)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(found.Kind, found.Score.Probability)
	}
	// Output:
	// received 0.80000000
	//   actor Kestrel 0.30000000 hops 1
	//   untold: transaction not in the source 0.50000000 hops 0
	// to marketplaces 0.20000000
	// exposure 0.90
	// exposure/sent 0.90
	// exposure/summary 0.99
}
