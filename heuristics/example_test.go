package heuristics_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// roundPayment is a heuristic of one's own: a payment of whole coins beside
// change that is not.
var roundPayment = &heuristics.Heuristic{
	Name:    "roundpayment",
	Version: 1,
	Doc: `finds payments of round amounts

Of two outputs, one of a whole number of coins and one not, the round one is
likelier the payment. It is wrong where the price is in another currency.`,
	Kinds:    []heuristics.Kind{{Name: "payment", Doc: "an output is the payment; wrong where the change happens to be round"}},
	Subjects: []model.RefKind{model.KindTx},
	Select:   []model.Filter{{MinOutputs: 2, NotCoinbase: true}},
	Run:      findRoundPayment,
}

func findRoundPayment(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	if len(tx.Outputs) != 2 {
		return nil, heuristics.ErrSkip
	}
	payment, change := 0, 1
	if tx.Outputs[change].Value%model.Coin == 0 {
		payment, change = 1, 0
	}
	if tx.Outputs[payment].Value%model.Coin != 0 || tx.Outputs[change].Value%model.Coin == 0 {
		return nil, heuristics.ErrSkip
	}
	out := tx.Outputs[payment]
	weight := model.LnRatio(4, 1) // four times as likely for a payment as for change
	evidence := []model.Evidence{{Family: "quantity", Text: "a whole number of coins", Weight: weight, Discounted: weight}}
	p.Report(model.Finding{
		Kind:       "payment",
		Subject:    model.RefOutpoint(tx.Outpoint(payment)),
		Claim:      fmt.Sprintf("The payment is %v BTC to %v.", out.Value, out.Owner),
		Evidence:   evidence,
		Score:      model.Combine(model.Percent(50), "one of two outputs", evidence, 0, ""),
		Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{"the error rate has not been measured"}},
		Block:      tx.Block,
	})
	return payment, nil
}

// A heuristic of one's own, on a ledger that is written as text.
func Example() {
	chain, err := ledger.Parse("example", `
		tx salary: new => alice 2.5
		tx rent: salary.0 fee=0.0001 => landlord 2, alice rest
		tx gift: rent.1 => bob 0.1, carol 0.2
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	engine, err := heuristics.New(chain.Ledger.Set(), []*heuristics.Heuristic{roundPayment}, heuristics.Options{})
	if err != nil {
		fmt.Println(err) // everything that is wrong with the list
		return
	}
	ctx := context.Background()
	session, err := engine.Open(ctx, heuristics.Scope{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for f, err := range session.Run(ctx, session.Sweep(ctx)) {
		if err != nil {
			fmt.Println(err) // a *PassError is one failed evaluation; any other error is the last
			continue
		}
		fmt.Println(f.Claim)
		fmt.Println(f.Score.Likelihood, f.Score.Probability.Short())
	}
	for _, c := range session.Coverage().Heuristics {
		fmt.Printf("%s: of %d transactions %d filtered, %d skipped, %d failed\n", c.Heuristic, c.Offered, c.Filtered, c.Skipped, c.Failed)
	}
	// Output:
	// The payment is 2.00000000 BTC to bc1qh5s60er8wm6e8ccft9uckh5kdx6zgtfx9nwgh7.
	// likely 0.80
	// roundpayment: of 6 transactions 4 filtered, 1 skipped, 0 failed
}
