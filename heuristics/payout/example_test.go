package payout_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A pool's collector pays five members, one of them at an exchange.
func Example() {
	f, err := ledger.Parse("example", `
label Northpool: addr(np) category=mining_pool role=payout confidence=0.95
label Portmere: addr(px) category=exchange role=deposit
tx pay: new(np) 10 fee=0.0003 => ann 0.0411, bob 0.0523, px 0.0634, cid 0.0745, dan 0.0856, np rest
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{payout.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for found, err := range s.Run(ctx, s.Sweep(ctx)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(found.Kind, found.Score.Likelihood, found.Score.Probability.Short())
		for _, out := range found.Parts {
			fmt.Println(out.Value.Amount, out.Role)
		}
	}
	// Output:
	// payout very likely 0.88
	// 0.04110000 member
	// 0.05230000 member
	// 0.06340000 service
	// 0.07450000 member
	// 0.08560000 member
	// 9.68280000 pool_internal
}
