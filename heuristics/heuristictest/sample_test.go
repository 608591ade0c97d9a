package heuristictest

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// large is the amount from which the heuristics of these tests report.
const large = model.Coin

// payments is a heuristic for the tests of this package: it reports each output
// of a coin or more that a transaction pays, and its result is their number.
func payments() *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: "payment", Version: 1,
		Doc:      "finds large outputs\n\nAn output of a coin or more is large.",
		Kinds:    []heuristics.Kind{{Name: "payment", Doc: "wrong where a coin is not much"}},
		Subjects: []model.RefKind{model.KindTx},
		Select:   []model.Filter{{NotCoinbase: true}},
		Run: func(ctx context.Context, p *heuristics.Pass) (any, error) {
			tx, err := p.Tx(ctx)
			if err != nil {
				return nil, err
			}
			if tx.Coinbase() {
				return nil, heuristics.ErrSkip
			}
			n := 0
			for i := range tx.Outputs {
				if tx.Outputs[i].Value >= large {
					n++
					p.Report(payment(tx, i))
				}
			}
			return n, nil
		},
	}
}

// payment is the finding on an output: 0.5 for one coin, more for more.
func payment(tx *model.Tx, i int) model.Finding {
	out := &tx.Outputs[i]
	return model.Finding{
		Kind: "payment", Subject: model.RefOutpoint(tx.Outpoint(i)),
		Claim:      fmt.Sprintf("Transaction %s pays %s coins to %s.", tx.ID, out.Value, out.Owner),
		Score:      model.Combine(model.Percent(50), "a large output", evidence(out.Value), 0, ""),
		Evidence:   evidence(out.Value),
		Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{"a test"}},
	}
}

func evidence(v model.Amount) []model.Evidence {
	w := model.LnRatio(int64(v), int64(large))
	return []model.Evidence{{Family: "quantity", Text: "how much", Weight: w, Discounted: w}}
}

// with returns the heuristic after a change.
func with(h *heuristics.Heuristic, change func(*heuristics.Heuristic)) *heuristics.Heuristic {
	change(h)
	return h
}

// counting returns a heuristic whose Run is given how often it was called
// before.
func counting(run func(n int64, tx *model.Tx, p *heuristics.Pass) (any, error)) *heuristics.Heuristic {
	var calls atomic.Int64
	return with(payments(), func(h *heuristics.Heuristic) {
		h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
			tx, err := p.Tx(ctx)
			if err != nil {
				return nil, err
			}
			if tx.Coinbase() {
				return nil, heuristics.ErrSkip
			}
			return run(calls.Add(1)-1, tx, p)
		}
	})
}

// panicsWithoutSpends takes the lack of an answer for an answer.
func panicsWithoutSpends(ctx context.Context, p *heuristics.Pass) (any, error) {
	id, _ := p.Subject.Tx()
	ss, _ := p.Spenders(ctx, model.Outpoint{Tx: id})
	return ss[0].State, nil
}
