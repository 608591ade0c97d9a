package cluster

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
)

// Heuristic clusters with the default parameters.
var Heuristic = New(DefaultParams())

const doc = `addresses that sign together have one controller

Every transaction of the scope that spends outputs of several addresses joins
them, in ledger order (multi-input or co-spend clustering). It joins nobody
where a signature leaves part of the transaction to another party, where its
shape is that of a CoinJoin, a payjoin or the funding of a contract by two, and
where labels name different holders of the keys; and nobody is joined by a
script that anybody may use. Labels of the role account, and of an actor in any
but that of a key, name no holder of a key. Findings are made for the
seeds of the scope and for labels that disagree.

With the parameter change, predictions of change join too, as a weaker link: behind
all joint signatures, in ledger order, a week of blocks after they were made, and
not where they contradict a joint signature, an earlier prediction or labels, join
two large clusters, or touch a custodian's. Off unless asked for.

It is wrong where several parties sign what looks like an ordinary transaction,
and where keys are imported from one wallet into another. The cluster of a
custodian, who signs for many customers, is the custodian's. It misses
addresses that never sign together.

References: Nick 2015 (68.59 % of a wallet's addresses recovered on average);
Lubbertsen et al. 2025; on payjoin BIP 78 and Ghesmi et al. 2021; on
super-clusters heuristics reference 6.3.`

// New returns the heuristic with the parameters. Its index is read with [Of].
func New(p Params) *heuristics.Heuristic {
	h := &heuristics.Heuristic{
		Name:    "cluster",
		Doc:     doc,
		Version: 1,
		Horizon: heuristics.Tip, // later blocks change clusters and what labels reach
		Kinds: []heuristics.Kind{
			{Name: "cluster", Doc: "addresses that signed together with a named one; wrong where several parties signed, and a custodian's where one did"},
			{Name: "cluster/conflict", Doc: "labels name different holders of one key, or of keys that signed together; wrong where the names mean one party"},
		},
		Requires: []*heuristics.Heuristic{shape.Heuristic},
		Params:   p.Parameters(),
		Index:    func(ctx context.Context, s *heuristics.Scan) (any, error) { return build(ctx, s, p) },
	}
	h.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		report(t, heuristics.IndexOf[*Index](t, h), &p)
		return nil, nil
	}
	return h
}
