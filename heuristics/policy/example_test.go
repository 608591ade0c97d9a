package policy_test

import (
	"context"
	"fmt"
	"log"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/policy"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A desk that looks at what likely went to a marketplace, and notes the rest.
func ExamplePolicy() {
	chain, err := ledger.Parse("example", `
		label Thief: addr(k1) category=actor role=key confidence=0.9
		label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
		tx theft: new(victim) 0.9 => k1 0.9
		tx order: theft.0 => d1 0.35, k1 rest
		tx other: new(somebody) 1 => d1 0.2, somebody rest
	`)
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
	var found []model.Finding
	for f, err := range session.Run(ctx, session.Sweep(ctx)) {
		if err != nil {
			log.Fatal(err)
		}
		found = append(found, f)
	}
	desk := policy.Policy{
		Actions: []policy.Action{"note", "review"},
		Rules: []policy.Rule{
			{Kind: "deposit/unattributed", Action: "note"},
			{Kind: "deposit", Least: model.Percent(75), Action: "review", Points: 50},
		},
	}
	assessments, err := desk.Assess(found)
	if err != nil {
		log.Fatal(err)
	}
	said := map[string]policy.Assessment{}
	for _, a := range assessments {
		id, _ := a.Subject.Tx()
		name, _ := chain.TxName(id)
		said[name] = a
	}
	for _, name := range []string{"order", "other"} {
		fmt.Printf("%s: %s, because %s\n", name, said[name].Action, said[name].Why[0])
	}
	// Output:
	// order: review, because deposit very likely, 0.81, analytic confidence low: 40.500 points; by itself "review"
	// other: note, because deposit/unattributed very likely, 0.90, analytic confidence low: 0.000 points; by itself "note"
}
