package shape

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// Heuristic is the shape with the default parameters.
var Heuristic = New(DefaultParams())

const doc = `CoinJoins by their shape

A transaction is compared with the published rules for Whirlpool, Wasabi 1, Wasabi 2 and JoinMarket, each within the
protocol's era, then with the Stonewall shape and BlockSci's basic rule. The result says which rule holds, and whether the
inputs may be taken for one owner's. It reads no labels and reports nothing; the heuristic coinjoin makes the claim.

It is wrong where a batch of equal payments has the shape of a round, where a protocol is unknown to it or was changed, and
where inputs whose values or scripts are unknown hide the difference: then it says ambiguous.

References: Schnoering and Vazirgiannis 2023; Stuetz et al. 2022; the rules of BlockSci, Dumplings and GraphSense.`

// New returns the heuristic with the given parameters. It gives a [*Verdict] for
// every transaction.
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:    "coinjoin.shape",
		Doc:     doc,
		Version: 1,
		Params:  p.Parameters(),
		Index:   func(context.Context, *heuristics.Scan) (any, error) { return p, nil },
		Run: func(ctx context.Context, pass *heuristics.Pass) (any, error) {
			tx, err := pass.Tx(ctx)
			if err != nil {
				return nil, err
			}
			v := Classify(tx, p)
			return &v, nil
		},
	}
}

// Of returns the shape of a transaction inside a pass of a heuristic that
// requires [Heuristic]. The result is shared and must not be changed.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) (*Verdict, error) {
	return heuristics.Ask[*Verdict](ctx, p, Heuristic, model.RefTx(tx), 0)
}

// ParamsOf returns the parameters with which a session judges shapes, for a
// heuristic that requires [Heuristic] and calls [Classify] itself, such as in its
// own index.
func ParamsOf(r heuristics.Reader) Params { return heuristics.IndexOf[Params](r, Heuristic) }
