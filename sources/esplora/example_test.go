package esplora_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

func Example() {
	// A server on this machine, with a small chain.
	f, err := ledger.Parse("example", `
		coinbase reward: tag="/Northpool/" => pool rest
		tx payout: reward.0 fee=0.001 => alice 2, bob 1.5, pool rest
		tx order: payout.0 => hashbazaar 1.2, alice rest
		tx late: payout.1 => alice 1.5
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(esploratest.Serve(f.Ledger, esploratest.Options{}))
	defer server.Close()

	ctx := context.Background()
	c, err := esplora.New(server.URL, esplora.Options{Client: server.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	alice, _ := f.Address("alice")
	for tx, err := range c.History(ctx, alice, sources.Range{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fee, _ := tx.Fee()
		fmt.Printf("height %d: %d outputs, fee %v\n", tx.Block.Height, len(tx.Outputs), fee)
	}
	order, _ := f.Tx("order")
	spends, err := c.Spenders(ctx, []model.Outpoint{{Tx: order, Vout: 0}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(spends[0].State, "as of height", spends[0].AsOf)
	fmt.Println(c.Requests(), "requests")
	// Output:
	// height 800001: 3 outputs, fee 0.00100000
	// height 800002: 2 outputs, fee 0.00000000
	// height 800003: 1 outputs, fee 0.00000000
	// unspent as of height 800003
	// 4 requests
}
