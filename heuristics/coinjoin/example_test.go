package coinjoin_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

func Example() {
	f, err := ledger.Parse("mix", `
		height 700000
		tx mix: new(a) 0.05 new(b) 0.05 new(c) 0.05000302 new(d) 0.05000302 new(e) 0.05000302 => m#1..5 0.05
		tx pay: mix.0 => shop 0.01, change rest`)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, src := context.Background(), f.Ledger.Set()
	eng, err := heuristics.New(src, []*heuristics.Heuristic{coinjoin.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for finding, err := range s.Run(ctx, heuristics.InBlocks(ctx, src.Blocks, sources.Range{})) {
		if err != nil {
			fmt.Println(err)
			return
		}
		_, what, _ := strings.Cut(finding.Claim, " is ")
		fmt.Println(finding.Kind, finding.Score.Probability.Short(), what)
	}
	// Output: coinjoin/whirlpool 0.60 a Whirlpool mix of 5 outputs of 0.05000000 BTC.
}
