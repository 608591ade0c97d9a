package change_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A payment of a round amount, and what the rules say of its two outputs.
func Example() {
	f, err := ledger.Parse("example", `
height 0
tx pay:  new(alice) 1 fee=0.00001234 => shop 0.3, alice#2 rest
tx on:   pay.1 => shop#2 0.2, alice#3 rest
tx bank: pay.0 version=1 locktime=2 => vault 0.3`)
	if err != nil {
		panic(err)
	}
	// What the rules must know beside the transaction comes from the chain.
	book := change.NewBook(false)
	p := change.DefaultParams()
	for blk, err := range f.Ledger.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			panic(err)
		}
		for _, tx := range blk.Txs {
			if err := book.Add(tx); err != nil {
				panic(err)
			}
		}
	}
	id, _ := f.Tx("pay")
	txs, _ := f.Ledger.Txs(context.Background(), []model.TxID{id})
	facts, _ := book.Facts(txs[0], p, nil)
	r := change.Predict(txs[0], &facts, p)
	fmt.Println(r.String())
	for _, rule := range []change.Rule{change.Power3, change.Meiklejohn, change.LockTime} {
		v := r.Votes[rule]
		fmt.Println(strings.TrimSpace(fmt.Sprint(rule, " ", v.Out, " ", v.Why)))
	}
	// Output:
	// output 1 is change: 11 votes, 11 more than the next
	// power_of_ten_3 1
	// meiklejohn -1 more than one output remains
	// lock_time 1
}
