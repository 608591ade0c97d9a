// Package custom shows a heuristic of one's own, and its test.
//
// It looks for payments whose fee is a round number of satoshi per transaction,
// a habit of some wallets, and reports the transaction. It is an example, not
// evidence. What to look at, in this order:
//
//   - [RoundFee] is a value that describes the heuristic: its name, its version,
//     the kinds of findings that it may report, what it requires, and filters that
//     spare it the transactions about which it has nothing to say. An engine
//     checks the description before anything runs.
//   - roundFee, below it, is asked about one transaction at a time, from many
//     goroutines and in any order. It says what it could not see with a note, skips
//     what it has nothing to say about, and reads another heuristic's verdict.
//   - The finding carries its evidence with weights, and the score is computed
//     from those, so that a reader can redo it.
//   - testdata holds small ledgers, in which each line says what is expected of
//     it: as many that must stay silent as that must not. The test is one line,
//     and it also checks that findings do not depend on order, workers or caches.
//
// To run it, list it beside others, as the example does.
package custom

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// RoundFee reports transactions whose fee is a multiple of 1,000 sat.
var RoundFee = &heuristics.Heuristic{
	Name: "roundfee",
	Doc: `fees of a round number of satoshi

A wallet with a fixed fee pays a multiple of 1,000 sat whatever the size. About one fee
in a thousand is round by chance.`,
	Version:  1,
	Kinds:    []heuristics.Kind{{Name: "habit/round_fee", Doc: "the fee is a multiple of 1,000 sat; wrong by chance once in a thousand"}},
	Subjects: []model.RefKind{model.KindTx},
	Requires: []*heuristics.Heuristic{shape.Heuristic},
	Select:   []model.Filter{{NotCoinbase: true}},
	Run:      roundFee,
}

func roundFee(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	fee, ok := tx.Fee()
	if !ok {
		// Unknown is not zero: say what could not be seen.
		p.Note("fee unknown, because the value of an input is", 1)
		return nil, heuristics.ErrSkip
	}
	if fee == 0 || fee%1000 != 0 {
		return nil, heuristics.ErrSkip
	}
	// The fee of a coinjoin is no wallet's habit.
	switch v, err := shape.Of(ctx, p, tx.ID); {
	case err != nil:
		return nil, err
	case v.SkipUnion:
		return nil, heuristics.ErrSkip
	}
	weight := model.LnRatio(50, 1)
	evidence := []model.Evidence{{Family: "habit", Text: fmt.Sprintf("The fee is %d sat.", fee), Weight: weight, Discounted: weight}}
	p.Report(model.Finding{
		Kind: "habit/round_fee", Subject: model.RefTx(tx.ID), Block: tx.Block,
		Claim:        fmt.Sprintf("The wallet that made transaction %s sets a fixed fee.", tx.ID),
		Evidence:     evidence,
		Score:        model.Combine(model.Percent(5), "a wallet with a fixed fee", evidence, 0, ""),
		Confidence:   model.AnalyticConfidence{Level: model.Low, Reasons: []string{"one transaction shows no habit"}},
		Alternatives: []model.Alternative{{Text: "The fee is round by chance.", WhyNot: "one in a thousand is."}},
		ErrorRates:   []model.ErrorRate{model.NotMeasured("round fees")},
	})
	return fee, nil
}
