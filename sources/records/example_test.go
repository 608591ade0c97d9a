package records_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/records"
)

// A marketplace's order book, as a court ordered it.
func Example() {
	o := records.Orders("HashBazaar")
	o.Custodian, o.Dated = "HashBazaar Ltd., by court order", time.Date(2023, 3, 1, 0, 0, 0, 0, time.UTC)
	o.Confidence = model.Percent(90)
	o.Pools = map[string]string{"eu.northpool.example": "Northpool"}
	book, err := records.Read(strings.NewReader(`Start,Rental ID,Buyer,Amount (BTC),Stratum URL,Worker Name,Fee
2022-08-18 12:05:00,r-77,17,0.6,stratum+tcp://eu.northpool.example:3333,1BoatSLRHtKNngkdXEeobR76b53LETtpyT.rig7,0.018
2022-08-19 08:00:00,r-78,18,0.1,stratum+tcp://eu.northpool.example:3333,somebody.1,0.003
`), "orders.csv", o, model.Mainnet)
	if err != nil {
		fmt.Println(err)
		return
	}
	src := sources.Of(book)
	for e, err := range src.Books.Entries(context.Background(), sources.EntryQuery{Account: "17"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s:%d: %s of %s at %s, for %s as %s\n", e.Source, e.Line, e.Kind, e.Amount, e.Time.Format(time.RFC3339), e.Pool, e.Worker)
	}
	fmt.Println(src.Provenance[0].Note)
	// Output:
	// orders.csv:2: order of 0.60000000 at 2022-08-18T12:05:00Z, for Northpool as 1BoatSLRHtKNngkdXEeobR76b53LETtpyT.rig7
	// csv; 2 entries; 2 orders; 2022-08-18 to 2022-08-19; columns not read: "Fee"
}
