package peel_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/peel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A wallet that holds one coin pays four times, a day apart.
func Example() {
	f, err := ledger.Parse("example", `
time 2023-07-24 10:00
tx fund: new(somebody) => a 10
time 2023-07-25 10:00
tx first: fund.0 fee=2400sat => rent 0.7, b rest
time 2023-07-26 10:00
tx second: first.1 fee=2400sat => car 0.6, c rest
time 2023-07-27 10:00
tx third: second.1 fee=2400sat => bread 0.001, d rest
time 2023-07-28 10:00
tx fourth: third.1 fee=2400sat => rent 0.7, e rest
`)
	if err != nil {
		panic(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{peel.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	s, err := e.Open(ctx, heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	first, _ := f.Tx("first")
	c, _, err := heuristics.Eval[*peel.Chain](ctx, s, peel.Heuristic, model.RefTx(first))
	if err != nil {
		panic(err)
	}
	fmt.Println(c)
	for _, l := range c.Links {
		payee, _ := f.Owner(l.Payee)
		fmt.Println(payee, l.PeeledValue, l.Dwell)
	}
	// Output:
	// 4 links, 2.00100000 peeled, 7.99890400 carried on; unspent
	// rent 0.70000000 24h0m0s
	// car 0.60000000 24h0m0s
	// bread 0.00100000 24h0m0s
	// rent 0.70000000 24h0m0s
}
