package trail_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A transaction spends coins that left an actor's address a day before.
func Example() {
	f, err := ledger.Parse("example", `
label Kestrel: addr(thief) category=actor confidence=0.9
time 2023-07-24 10:00
tx theft: new(victim) 0.9 => thief 0.9
time 2023-07-25 10:00
tx move: theft.0 fee=2400sat => change 0.5, other rest
time 2023-07-27 12:00
tx pay: move.0 fee=2400sat => shop rest
`)
	if err != nil {
		panic(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{trail.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	s, err := e.Open(ctx, heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	pay, _ := f.Tx("pay")
	found, _, err := heuristics.Eval[*trail.Search](ctx, s, trail.Heuristic, model.RefTx(pay))
	if err != nil {
		panic(err)
	}
	fmt.Println(found)
	for _, step := range found.Trail.Steps {
		who, _ := f.Owner(step.Address)
		fmt.Println(who, step.Value, step.Days(), "days")
	}
	// Output:
	// Kestrel 0.72, 1 hops
	// change 0.50000000 2 days
}
