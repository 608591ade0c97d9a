package depaddr

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
)

// Heuristic infers addresses with the default parameters.
var Heuristic = New(DefaultParams())

// Kind is the kind of its findings: addresses inferred to belong to the operator
// of a labelled one.
const Kind = "cluster/deposit_addresses"

const doc = `addresses inferred to belong to a labelled custodian

A custodian gives each customer an address and sweeps them into its own wallet.
From the labels of custodians (of mining pools only where the role is deposit)
it derives labels for other addresses of the same operator, never with a name of
its own. Co-spend: every address of the cluster of a seed whose role is deposit,
collector, hot or unstated, where the cluster's labels agree on one entity.
Behaviour: an address all of whose coins go, together with coins that strangers
paid to other addresses, whole and soon to a labelled hot, cold or collector
address or to an inferred collector. Collector: the single output of sweeps of
the operator's deposit addresses, with no other source of coins.

It is wrong where a seed's label is: stale, or of somebody's account; where
somebody gathers his own coins at a custodian's hot wallet, or at an address
that is wrongly labelled as one; where an operator's collector is its account at
another custodian. Who merely pays a deposit address, or is paid by the service,
is never inferred to belong to it. It misses services that pay customers from
deposit addresses, addresses that are always swept alone, and collectors of which
the scope shows one sweep only.

References: heuristics reference 8.1, after Victor 2020 for the idea, and 8.2 for
the confidence. Three guards differ from 8.1: the payers are counted among the
addresses that are swept together, not in the whole deposit set, and two are
enough at a lower weight; sweeps must end where customers do not pay; and a
collector needs two sweeps from addresses that sign with a seed.`

// New returns the heuristic with the parameters. Its index is read with [Of].
func New(p Params) *heuristics.Heuristic {
	h := newHeuristic(p, nil)
	h.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		report(t, heuristics.IndexOf[*Index](t, h))
		return nil, nil
	}
	return h
}

func newHeuristic(p Params, view *view) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:     "depaddr",
		Doc:      doc,
		Version:  1,
		Horizon:  heuristics.Tip, // later blocks change clusters and what labels reach
		Kinds:    []heuristics.Kind{{Name: Kind, Doc: "addresses inferred to belong to the operator of a labelled address; wrong where the label is, or where a customer gathers coins at the operator's own wallet"}},
		Requires: []*heuristics.Heuristic{cluster.Heuristic, service.Heuristic},
		Later:    []*heuristics.Heuristic{service.Heuristic}, // its verdict is told in findings only
		Params:   p.Parameters(),
		Index:    func(ctx context.Context, s *heuristics.Scan) (any, error) { return build(ctx, s, p, view) },
	}
}
