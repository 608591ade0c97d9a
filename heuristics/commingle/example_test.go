package commingle_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A transaction that signs for a payout and for the actor's own coin, and a
// merchant who mines and was paid by the actor.
func Example() {
	f, err := ledger.Parse("example", `
label Northpool: addr(np) category=mining_pool role=payout confidence=0.97
label Kestrel: addr(K) category=actor role=key confidence=0.9
tx fund: new(np) => np 6.25
tx pay: fund.0 fee=31000sat => P 9_280_000sat, MIA 1_100_000sat, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, np rest
tx k: new(victim) => K 0.9
tx bought: k.0 fee=2400sat => MIA 0.08, K rest
tx slip: pay.0 bought.1 fee=10000sat => X rest
tx rent: pay.1 bought.0 fee=1000sat => landlord rest`)
	if err != nil {
		panic(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{commingle.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	s, err := e.Open(ctx, heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	for f, err := range s.Run(ctx, s.Sweep(ctx)) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s, %s (%s)\n", f.Kind, f.Score.Likelihood, f.Score.Probability.Short())
	}
	// Output:
	// commingling, very likely (0.95)
	// commingling/received, very unlikely (0.14)
}
