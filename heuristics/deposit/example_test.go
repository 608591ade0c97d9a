package deposit_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Stolen coins reach a marketplace at once, and by way of an address that nobody
// has labelled.
func Example() {
	f, err := ledger.Parse("example", `
label Kestrel: addr(thief) category=actor confidence=0.9
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
tx theft: new(victim) 0.9 => thief 0.9
tx order: theft.0 fee=2400sat => d1 0.35, change rest
tx again: order.1 fee=2400sat => d1 0.25, more rest
`)
	if err != nil {
		panic(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{deposit.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	s, err := e.Open(ctx, heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	for found, err := range s.Run(ctx, s.Sweep(ctx)) {
		if err != nil {
			panic(err)
		}
		fmt.Println(found.Kind, found.Amounts[0].Amount, found.Score.Probability)
		for _, x := range found.Score.Factors {
			fmt.Println("  ", x.Name, x.Probability)
		}
	}
	// Output:
	// deposit 0.35000000 0.81
	//    payee is HashBazaar 0.90
	//    payer is Kestrel 0.90
	// deposit 0.25000000 0.648
	//    payee is HashBazaar 0.90
	//    payer is Kestrel, 1 address before 0.72
}
