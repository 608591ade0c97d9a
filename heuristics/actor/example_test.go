package actor_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A key, what it signed together with, and an account.
func Example() {
	f, err := ledger.Parse("example", `
label Thief: addr(key) category=actor role=key confidence=0.9
label Thief: addr(account) category=actor role=account confidence=0.6
tx t1: new(key) 1 new(other) 1 => shop 2
tx t2: new(account) 1 new(customer) 1 => exchange 2`)
	if err != nil {
		panic(err)
	}
	ask := &heuristics.Heuristic{
		Name: "ask", Doc: "asks about each address", Version: 1, Requires: []*heuristics.Heuristic{actor.Heuristic},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			for _, owner := range []string{"key", "other", "shop", "account", "customer"} {
				a, _ := f.Address(owner)
				own, mine := actor.Of(s).Own(a, model.BlockRef{})
				_, account := actor.Of(s).Account(a, model.BlockRef{})
				fmt.Printf("%s: own %v %q, account %v\n", owner, mine, own.Via, account)
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
	// key: own true "label", account false
	// other: own true "cluster", account false
	// shop: own false "", account false
	// account: own false "", account true
	// customer: own false "", account false
}
