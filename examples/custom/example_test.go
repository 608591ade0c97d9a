package custom_test

import (
	"context"
	"fmt"
	"log"

	"github.com/goldwash/goldwash/examples/custom"
	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A heuristic of one's own is listed beside those of the library and has the same
// standing.
func Example() {
	chain, err := ledger.Parse("example", `
		label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
		tx pay: new(alice) 1.5 fee=2_000sat => d1 0.4, alice#2 rest
	`)
	if err != nil {
		log.Fatal(err)
	}
	engine, err := heuristics.New(chain.Ledger.Set(), append(suite.Mining(), custom.RoundFee), heuristics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	session, err := engine.Open(ctx, heuristics.Scope{})
	if err != nil {
		log.Fatal(err)
	}
	for f, err := range session.Run(ctx, session.Sweep(ctx)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s, %s\n", f.Kind, f.Score.Likelihood, f.Evidence[0].Text)
	}
	// Output:
	// deposit/unattributed: very likely, Output 0 of the transaction pays the labelled address.
	// habit/round_fee: likely, The fee is 2000 sat.
}
