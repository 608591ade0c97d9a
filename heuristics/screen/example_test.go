package screen_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/screen"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// A customer pays coins in and says that Northpool paid them to him.
func ExampleDeposit() {
	// Twelve weeks of payouts, and a deposit of the last two.
	var b strings.Builder
	b.WriteString("tag \"/Northpool/\" Northpool\nlabel Northpool: addr(np) category=mining_pool role=payout confidence=0.97\ndifficulty 37590000000000\n")
	for w := range 12 {
		fmt.Fprintf(&b, "time 2023-%02d-%02d 01:00\n", 1+w/4, 1+w%4*7)
		fmt.Fprintf(&b, "coinbase cb%d: tag=\"/Northpool/\" => np rest\n", w)
		fmt.Fprintf(&b, "time 2023-%02d-%02d 02:10\n", 1+w/4, 3+w%4*7)
		fmt.Fprintf(&b, "tx pay%d: cb%d.0 fee=31000sat => ada 0.0901%d, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, np rest\n", w, w, w)
	}
	b.WriteString("time 2023-04-01 12:00\ntx deposit: pay10.0 pay11.0 fee=0.0001 => exchange rest\n")
	f, err := ledger.Parse("example.ledger", b.String())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{screen.Heuristic}, heuristics.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tx, _ := f.Tx("deposit")
	answer, err := screen.Deposit(ctx, session, model.Outpoint{Tx: tx}, screen.Claim{Pool: "Northpool"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the ledger", answer.Verdict)
	for _, r := range answer.Reasons {
		fmt.Printf("%-11s %-10s  %s\n", r.Name, r.Says, r.Text)
	}
	// Output:
	// the ledger supports
	// origin      supports    Of the coins 100.0 % is known to be newly mined, and of 0.0 % it is unknown: Northpool 100.0 %.
	// payouts     supports    Of 12 payments to 1 address that are taken for the depositor's, pools paid by 12 outputs.
	// series      supports    12 payouts of Northpool from 2023-01-03 to 2023-03-24, over 80 days. That is how a resident miner is paid.
	// hash_rate   cannot say  The payouts imply 3.8 PH/s.
	// commingling cannot say  No coins from an actor's wallet were seen within 3 transactions, which means little where few actors are labelled.
	// mixing      cannot say  No CoinJoin and no mixer was seen within 3 transactions.
	// custodian   cannot say  Nothing shows that they come out of a service that holds coins for many.
	// pool        supports    Of Northpool, as stated, are 12 of 12 payouts; no pool has more.
	// since       cannot say  The first payout seen is of 2023-01-03.
}
