package depaddr_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

const bazaar = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9 method=test_payment
tx f1: new(ann) 1 => d1 0.35, ann 0.65
tx f2: new(bea) 1 => d2 0.25, bea 0.75
tx sweep1: f1.0 f2.0 => col 0.6
tx f3: new(cyd) 1 => d3 0.10, cyd 0.90
tx f4: new(dee) 1 => d1 0.40, dee 0.60
tx sweep2: f3.0 f4.0 => col 0.5
tx pay: sweep1.0 sweep2.0 => seller 0.3, col rest`

// A marketplace sweeps its customers' deposit addresses, of which one has a
// label, to its collector, and pays a seller from there.
func Example() {
	f, err := ledger.Parse("example", bazaar)
	if err != nil {
		panic(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{depaddr.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	s, err := e.Open(context.Background(), heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	for finding, err := range s.Run(context.Background(), s.Sweep(context.Background())) {
		if err != nil {
			panic(err)
		}
		fmt.Println(finding.Claim)
		for _, part := range finding.Parts {
			owner, _ := f.Owner(part.Address)
			fmt.Printf("%s: %s, %s\n", owner, part.Role, part.Note)
		}
	}
	// Output:
	// 3 addresses belong to the operator of bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3, given that its label, HashBazaar (hash_marketplace), is right: inferred 2 by co-spending, 0 by behaviour, 1 as a collector.
	// col: collector, collector, 0.73: 2 sweeps pay it alone, from 3 deposit addresses of the operator; nothing pays it that is no sweep
	// d3: deposit, co-spend, 0.81: signs together with the labelled address; paid from outside the service and spent by sweeps alone
	// d2: deposit, co-spend, 0.81: signs together with the labelled address; paid from outside the service and spent by sweeps alone
}

// An explorer and one deposit address, known from a payment of one's own, are
// enough.
func ExampleExpand() {
	f, err := ledger.Parse("example", bazaar)
	if err != nil {
		panic(err)
	}
	explorer := sources.Set{History: f.Ledger}
	seed, _ := f.Address("d1")
	x, err := depaddr.Expand(context.Background(), explorer, model.Mainnet, seed, depaddr.ExpandOptions{
		Label: model.Label{Entity: "HashBazaar", Category: model.HashMarketplace, Method: model.MethodTestPayment, Source: "own test deposit"},
	})
	if err != nil {
		panic(err)
	}
	for _, a := range x.Inferred {
		owner, _ := f.Owner(a.Address)
		fmt.Println(owner, a.Route, a.Label.Role, a.Label.Confidence)
	}
	fmt.Println(x.Addresses, "histories,", x.Lookups, "look-ups,", len(x.Cut), "cut")
	// Output:
	// col collector collector 0.729
	// d3 co-spend deposit 0.81
	// d2 co-spend deposit 0.81
	// 4 histories, 11 look-ups, 0 cut
}
