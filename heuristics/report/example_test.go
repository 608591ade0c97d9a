package report_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/sources/ledger"
)

const exampleLedger = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
tx funds: new(somebody) 0.9 => k1 rest
tx order: funds.0 fee=0.0001 => d1 0.35, k2 rest
`

// A run is written message by message, and read back by whoever wants to know.
func Example() {
	chain, err := ledger.Parse("example", exampleLedger)
	if err != nil {
		log.Fatal(err)
	}
	set := chain.Ledger.Set()
	engine, err := heuristics.New(set, suite.Mining(), heuristics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	session, err := engine.Open(ctx, heuristics.Scope{})
	if err != nil {
		log.Fatal(err)
	}

	var file bytes.Buffer
	enc := report.NewEncoder(&file)
	write := func(m report.Message) {
		if err := enc.Encode(m); err != nil {
			log.Fatal(err)
		}
	}
	write(report.Message{Run: report.NewRun(session, set)})
	for _, h := range report.NewHeuristics(engine) {
		write(report.Message{Heuristic: h})
	}
	for f, err := range session.Run(ctx, session.Sweep(ctx)) {
		if err != nil {
			log.Fatal(err) // or, for a *heuristics.PassError, a failure message
		}
		write(report.Message{Finding: &f})
	}
	coverage := session.Coverage()
	write(report.Message{Coverage: &coverage})

	for m, err := range report.Decode(&file) {
		switch {
		case err != nil:
			log.Fatal(err)
		case m.Run != nil:
			fmt.Println("run on", m.Run.Network)
		case m.Finding != nil:
			fmt.Printf("%s: %s, %v\n", m.Finding.Kind, m.Finding.Score.Likelihood, m.Finding.Validate())
		case m.Coverage != nil:
			fmt.Printf("%d transactions, incomplete: %v\n", m.Coverage.Txs, m.Coverage.Incomplete)
		}
	}
	// Output:
	// run on mainnet
	// deposit/unattributed: very likely, <nil>
	// 4 transactions, incomplete: false
}

// The text form, of which this prints the first lines.
func ExampleText() {
	chain, err := ledger.Parse("example", exampleLedger)
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
		var b strings.Builder
		if err := report.Text(&b, &f, nil); err != nil {
			log.Fatal(err)
		}
		fmt.Println(strings.Join(strings.SplitAfterN(b.String(), "\n", 9)[:8], ""))
	}
	// Output:
	// DEPOSIT/UNATTRIBUTED  very likely, 0.90   analytic confidence: low
	// Claim       Somebody paid 0.35000000 BTC to
	//             bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3, an address of the hash
	//             marketplace HashBazaar.
	//             An investigative lead, not an identification.
	// Given       bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3 is labelled HashBazaar,
	//             hash marketplace, deposit: 0.90, ledger.
	//             Were the labels certain: 0.99.
}

func ExampleFailureText() {
	f := report.NewFailure(&heuristics.PassError{Heuristic: "payout", Err: context.DeadlineExceeded})
	if err := report.FailureText(os.Stdout, f); err != nil {
		log.Fatal(err)
	}
	// Output: FAILED  payout: context deadline exceeded
}

// What a reader sees first of a finding.
func ExampleBrief() {
	chain, err := ledger.Parse("example", exampleLedger)
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
		var b strings.Builder
		if err := report.Brief(&b, &f); err != nil {
			log.Fatal(err)
		}
		head, _, _ := strings.Cut(b.String(), "\nFor ")
		fmt.Println(head)
	}
	// Output:
	// Claim       Somebody paid 0.35000000 BTC to
	//             bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3, an address of the hash
	//             marketplace HashBazaar.
	//             An investigative lead, not an identification.
}

// The same address has the same STIX id in every report.
func ExampleSTIXWallet() {
	fmt.Println(report.STIXWallet("1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY"))
	// Output: cryptocurrency-wallet--27fadc91-1e1c-5474-988f-07a16840be45
}
