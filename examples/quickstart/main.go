// Quickstart is the smallest program that embeds goldwash: a ledger, labels, a
// suite of heuristics, findings.
//
// The ledger is written as text here, in the language of package ledger. A program
// with a node's block files opens them with package blockfile instead, and label
// files with package labels; sources.Of joins what there is, and the rest stays
// as it is.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/sources/ledger"
)

const text = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
label Thief:      addr(k1) category=actor role=key confidence=0.8
tx theft:   new(victim) 0.9 => k1 0.9
tx deposit: theft.0 fee=0.0001 => d1 0.35, change rest
`

func main() {
	chain, err := ledger.Parse("quickstart", text)
	if err != nil {
		log.Fatal(err)
	}
	engine, err := heuristics.New(chain.Ledger.Set(), suite.Mining(), heuristics.Options{})
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
		fmt.Printf("%s, %s: %s\n", f.Score.Likelihood, f.Score.Probability.Short(), f.Claim)
	}
}
