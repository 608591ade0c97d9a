package taint_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Ten coins, three of them stolen, pay four and 5.9; 0.1 is the fee.
func ExampleSplitter_Split() {
	const stolen = 1
	in := []taint.Segment{{Value: 3 * model.Coin, Colour: stolen}, {Value: 7 * model.Coin, Colour: taint.Clean}}
	outs := []model.Amount{4 * model.Coin, 5_90_000_000}
	var s taint.Splitter
	for _, p := range []taint.Policy{taint.Haircut, taint.FIFO, taint.LIFO, taint.TIHO} {
		parts, err := s.Split(p, in, outs)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p, taint.Of(parts.Output(0), stolen), taint.Of(parts.Output(1), stolen), taint.Of(parts.Fee(), stolen))
	}
	// Output:
	// haircut 1.20000000 1.77000000 0.03000000
	// fifo 3.00000000 0.00000000 0.00000000
	// lifo 0.00000000 2.90000000 0.10000000
	// tiho 0.00000000 3.00000000 0.00000000
}

// Where the coins of a payment come from, and how far back.
func Example() {
	f, err := ledger.Parse("example", `
label Kestrel: addr(thief) category=actor confidence=0.9
tx theft: new(victim) 0.9 => thief 0.9
tx peel: theft.0 fee=1000sat => a 0.3, b rest
tx gift: new(friend) 0.2 => a 0.2
tx pay: peel.0 gift.0 => shop 0.4, a 0.1
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	engine, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{taint.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := engine.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	pay, _ := f.Tx("pay")
	o, _, err := heuristics.Eval[*taint.Origins](ctx, s, taint.Heuristic, model.RefTx(pay))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range o.Policies() {
		for _, seg := range o.Output(p, 0) {
			from, _ := o.At(seg.Colour)
			fmt.Println(p, seg.Value, from.Party, from.Hops)
		}
	}
	// Output:
	// haircut 0.24000000 actor Kestrel 1
	// haircut 0.16000000 untold: transaction not in the source 0
	// fifo 0.30000000 actor Kestrel 1
	// fifo 0.10000000 untold: transaction not in the source 0
	// lifo 0.20000000 untold: transaction not in the source 0
	// lifo 0.20000000 actor Kestrel 1
}
