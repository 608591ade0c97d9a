package service

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
)

// Heuristic tells services from wallets, with the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the parameters. Its Index is read with [Of].
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:     "service",
		Doc:      doc,
		Version:  1,
		Horizon:  heuristics.Tip, // later blocks change clusters and what labels reach
		Requires: []*heuristics.Heuristic{cluster.Heuristic},
		Params:   p.Parameters(),
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			return build(ctx, s, p)
		},
	}
}

const doc = `clusters that hold coins for many customers

Public labels cover few services. An exchange, a broker or a pool that nobody
has labelled still signs for its customers, and what its cluster spends together
need not be one owner's. A cluster looks like a service's where a label of a
custodial category gives it to one; where it swept so many addresses of different
payers, one of them paid by a fan-out such as a pool's payout, or in one sweep
fewer, each with one receipt, two of them paid so; or where signs of
two families agree: many addresses that are swept and never spent otherwise;
batched withdrawals to new scripts; payers that are labelled services, or pools
that pay several of its addresses; signing round the clock; many payers and many
payees. Every vote is told with its value and its threshold, all of them chosen,
not measured. Labels of actors, and of the role account, are no votes.

Looking like a service is a reason for silence: it withholds claims that coins
under one cluster have one owner. It is wrong for owners who gather from many
payers to many addresses, as big merchants do, for wallets that sweep what
several exchanges paid in batches, and for miners who give out a new address for
each receipt and sweep two payouts with what six others paid. It misses services of which the scope shows
too little; receipts of unknown payers count for nothing.

References: the practice of the second wrong accusation (unlabelled custodians).`
