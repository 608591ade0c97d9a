package loop_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/loop"
	"github.com/goldwash/goldwash/internal/kestrel"
)

// An actor paid a hash marketplace three times before he spent payouts of a pool
// together with stolen coins. What would be left without that, the finding says.
func Example() {
	f, err := kestrel.Ledger()
	if err != nil {
		panic(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{loop.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	s, err := e.Open(ctx, heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	for g, err := range s.Run(ctx, s.Sweep(ctx)) {
		if err != nil {
			panic(err)
		}
		a, _ := g.Subject.Address()
		name, _ := f.Owner(a)
		fmt.Println(g.Kind, name, g.Score.Probability.Short(), g.Score.Likelihood)
		for _, w := range g.Without {
			if len(w.Text) < 20 {
				fmt.Println(" ", w.Text+":", w.Kind, w.Probability.Short())
			}
		}
	}
	// Output:
	// loop P1 0.89 very likely
	//   without round 1: loop 0.89
	//   without round 2: loop_lead 0.89
	//   round 1 alone: loop_lead 0.33
	//   round 2 alone: loop_lead 0.69
	// loop_lead P2 0.60 likely
	// loop_lead PX9 0.34 unlikely
}
