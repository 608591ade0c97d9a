package beneficiary_test

import (
	"context"
	"fmt"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
)

// Who is paid like rented hash power, in the embedded case.
func Example() {
	ctx := context.Background()
	f, err := kestrel.Ledger()
	if err != nil {
		panic(err)
	}
	engine, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{beneficiary.Heuristic}, heuristics.Options{})
	if err != nil {
		panic(err)
	}
	session, err := engine.Open(ctx, heuristics.Scope{})
	if err != nil {
		panic(err)
	}
	for finding, err := range session.Run(ctx, session.Sweep(ctx)) {
		if err != nil {
			panic(err)
		}
		fmt.Println(finding.Claim)
	}
	x, ok := heuristics.Finished[*beneficiary.Index](session, beneficiary.Heuristic)
	fmt.Println(x.Len(), "beneficiaries", ok)
	// Output:
	// Address bc1qaffq36mxyxklq83x86j8flnxdp7lc72rh4vx3e was paid 0.90990000 BTC in 12 payouts of Northpool, with 2 trains as of rented hash power: 21 PH/s for six days from 2022-08-20 and 19 PH/s for five days from 2022-10-05.
	// Address bc1qvpwufknswe6gkh5mpa396larsu60cdumw5jtqm was paid 0.47500000 BTC in 4 payouts of Tidewater, with 1 train as of rented hash power: 18 PH/s for eight days from 2022-11-16.
	// Address bc1qaxqcf05f7ljy29nvsz0c5taz43phlljxzguq7k, an account at Portmere, was paid 0.05482000 BTC in 2 payouts of Northpool, with 1 train as of rented hash power: 3.8 PH/s for four days from 2022-12-24; payee is a customer of Portmere; the library stops here.
	// 252 beneficiaries true
}

// Seven payouts, one a day, of which nothing else is known.
func ExampleSeen_Test() {
	var train []beneficiary.Receipt
	for i, sat := range []model.Amount{7_950_000, 9_310_000, 9_275_000, 9_280_000, 9_260_000, 9_295_000, 1_480_000} {
		day := time.Date(2022, 8, 20+i, 2, 10, 0, 0, time.UTC)
		train = append(train, beneficiary.Receipt{
			Out: model.Outpoint{Tx: model.TxID{byte(i)}}, Amount: sat,
			Block: model.BlockRef{Time: day.Unix(), Known: model.KnownTime},
		})
	}
	t := beneficiary.Seen{}.Test(nil, train, nil, 0, beneficiary.DefaultParams())
	fmt.Println(t.Passed, t.Mean, t)
	for _, reason := range t.Reasons {
		fmt.Println("-", reason)
	}
	// Output:
	// true 0.09012000 7 payouts over six days from 2022-08-20, hash rate unknown
	// - 7 payouts, of 2 at least
	// - the middle 80 % of the amounts vary by 0.0589, of 0.1500 at most
	// - six days from first to last, of 13 days at most
	// - no payout in the 30 days before
}
