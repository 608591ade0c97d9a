package suite_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func ExampleMining() {
	for _, h := range suite.Mining() {
		var kinds []string
		for _, k := range h.Kinds {
			kinds = append(kinds, k.Name)
		}
		fmt.Printf("%s reports %s\n", h.Name, strings.Join(kinds, ", "))
	}
	// Output:
	// pool reports pool, pool/conflict
	// coinjoin reports coinjoin/whirlpool, coinjoin/wasabi1, coinjoin/wasabi2, coinjoin/joinmarket, coinjoin/premix
	// cluster reports cluster, cluster/conflict
	// actor reports cluster/label_role_conflict
	// depaddr reports cluster/deposit_addresses
	// payout reports payout, payout/coinbase, payout/chain, payout/custody, payout/solo
	// deposit reports deposit, deposit/pool, deposit/unattributed, deposit/returned
	// commingle reports commingling, commingling/cluster, commingling/receipt, commingling/flow, commingling/service, commingling/received
	// beneficiary reports beneficiary
	// loop reports loop, loop/steady, loop_lead
}

// A heuristic with other parameters takes the place of the default, wherever
// others require it too.
func ExampleMining_parameters() {
	chain, err := ledger.Parse("example", `
		label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
		tx small: new(alice) 0.5 => d1 0.0004, alice#2 rest
		tx large: new(bob) 0.5   => d1 0.3, bob#2 rest
	`)
	if err != nil {
		log.Fatal(err)
	}
	p := deposit.DefaultParams()
	p.MinSat = 100_000
	hs := suite.Mining()
	for i, h := range hs {
		if h.Name == deposit.Heuristic.Name {
			hs[i] = deposit.New(p)
		}
	}
	engine, err := heuristics.New(chain.Ledger.Set(), hs, heuristics.Options{Network: model.Mainnet})
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
		id, _ := f.Subject.Tx()
		name, _ := chain.TxName(id)
		fmt.Printf("%s: %s of %v\n", name, f.Kind, f.Amounts[0].Amount)
	}
	// Output: large: deposit/unattributed of 0.30000000
}
