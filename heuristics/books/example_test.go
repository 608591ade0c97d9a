package books_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/books"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/records"
)

// A marketplace's book names the address for which a deposit bought hash power, and
// the ledger shows what the pool paid there.
func Example() {
	f, err := ledger.Parse("example.ledger", `
label Northpool: addr(np) category=mining_pool role=payout
time 2023-07-24 12:00
tx cb: new(np) => np 6.25
tx deposit: new(somebody) 0.4 fee=0.0001 => d1 0.35, somebody rest
time 2023-07-25 02:10
tx payout: cb.0 fee=31000sat => p1 8_012_345sat, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, np rest
time 2023-09-01
tx later: new => x 1
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	tx, _ := f.Tx("deposit")
	p1, _ := f.Address("p1")
	o := records.Options{Service: "HashBazaar", Confidence: model.Percent(90)}
	book, err := records.Read(strings.NewReader(`kind,account,time,amount,outpoint,order,pool,worker
deposit,17,2023-07-24 13:00:00,0.35,`+tx.String()+`:0,,,
order,17,2023-07-24 13:05:00,0.3,,r-77,Northpool,`+p1.String()+`.rig7
`), "book.csv", o, f.Ledger.Network())
	if err != nil {
		fmt.Println(err)
		return
	}
	set := f.Ledger.Set()
	set.Books = nil // the ledger's own, which is empty
	ctx := context.Background()
	eng, err := heuristics.New(sources.Of(set, book), []*heuristics.Heuristic{books.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	rs, fs, err := heuristics.Eval[[]books.Recorded](ctx, s, books.Heuristic, model.RefTx(tx))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fs[0].Kind, fs[0].Score.Probability.Short())
	for _, c := range rs[0].Checks {
		fmt.Println(c.Of, c.State)
	}
	fmt.Println("paid to", rs[0].Address, "after the order:", rs[0].Received)
	// Output:
	// loop/recorded 0.90
	// amount agrees
	// address unknown
	// time agrees
	// label unknown
	// order agrees
	// payouts agrees
	// paid to bc1q557kc03y80u59zce0mckwwhshfpu3hu30ampxq after the order: 0.08012345
}
