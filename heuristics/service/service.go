package service

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
)

// Heuristic tells services from wallets with the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the parameters. Its Index is read with [Of].
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:     "service",
		Doc:      doc,
		Version:  1,
		Requires: []*heuristics.Heuristic{cluster.Heuristic},
		Params:   p.Parameters(),
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			return build(ctx, s, p)
		},
	}
}

const doc = `clusters that hold coins for many customers

`
