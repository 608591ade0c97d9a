package cluster_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Three addresses that sign together, and a sale that joins nobody.
func Example() {
	f, err := ledger.Parse("example", `
tx t1: new(a) 1 new(b) 1 => shop 2
tx t2: new(b) 1 new(c) 1 => shop 2
tx t3: new(seller)!SINGLE|ANYONECANPAY 0.1 new(c) 1 => seller 0.6, c#2 0.5`)
	if err != nil {
		panic(err)
	}
	ask := &heuristics.Heuristic{
		Name: "ask", Doc: "asks about clusters", Version: 1, Requires: []*heuristics.Heuristic{cluster.Heuristic},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			x := cluster.Of(s)
			a, _ := f.Address("a")
			c, _ := f.Address("c")
			seller, _ := f.Address("seller")
			fmt.Println(x.Same(a, c), x.Size(a), x.Same(c, seller))
			for _, skip := range x.Skips() {
				name, _ := f.TxName(skip.Tx)
				fmt.Println(name, skip.Reason, skip.Detail)
			}
			return nil, nil
		},
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{ask}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	if _, err := e.Open(context.Background(), heuristics.Scope{}); err != nil {
		panic(err)
	}
	// Output:
	// true 3 false
	// t3 multiparty_signature SINGLE|ANYONECANPAY
}

// What links two addresses: a joint signature, and a prediction of change, which is
// followed because the program asks for it.
func ExampleIndex_Explain() {
	f, err := ledger.Parse("example", `
fill
tx joint: new(a) 1 new(b) 1 => shop 2
tx pay:   new(b) 10.12345678 => shop 1, c rest
height 802000
tx later: new(x) 1 => y 1`)
	if err != nil {
		panic(err)
	}
	p := cluster.DefaultParams()
	p.Change = true
	ask := &heuristics.Heuristic{
		Name: "ask", Doc: "asks what links two addresses", Version: 1, Requires: []*heuristics.Heuristic{cluster.New(p)},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			a, _ := f.Address("a")
			c, _ := f.Address("c")
			for _, l := range cluster.Of(s).Explain(a, c) {
				tx, _ := f.TxName(l.Tx)
				from, _ := f.Owner(l.A)
				to, _ := f.Owner(l.B)
				fmt.Printf("%s to %s: %s, transaction %s at height %d, %d votes\n", from, to, l.Type, tx, l.Block.Height, l.For)
			}
			return nil, nil
		},
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{ask}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	if _, err := e.Open(context.Background(), heuristics.Scope{}); err != nil {
		panic(err)
	}
	// Output:
	// a to b: cospend, transaction joint at height 800000, 0 votes
	// b to c: change, transaction pay at height 800001, 6 votes
}
