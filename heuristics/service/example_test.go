package service_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/sources/ledger"
)

// An exchange whose hot wallet is labelled, and what the votes say of it.
func Example() {
	f, err := ledger.Parse("example", `
label Portmere: addr(hot) category=exchange role=hot confidence=0.9
tx deposit: new(alice) 1 => d1 1
tx sweep: deposit.0 new(hot) 5 => hot 6`)
	if err != nil {
		panic(err)
	}
	d1, _ := f.Address("d1")
	ask := &heuristics.Heuristic{
		Name: "ask", Doc: "asks about one address", Version: 1, Requires: []*heuristics.Heuristic{service.Heuristic},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			v := service.Of(s).Verdict(d1)
			fmt.Println(v.Like, v.Why)
			for _, vote := range v.Votes[:3] {
				fmt.Printf("%s: %s, needed %s: %v\n", vote.Name, vote.Value, vote.Threshold, vote.Yes)
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
	// true labelled
	// labelled: Portmere (exchange, 0.90), needed 0.50: true
	// single_use_addresses: 0, needed 50: false
	// swept_addresses: 0 from 1 payers, needed 10 from 3 payers: false
}
