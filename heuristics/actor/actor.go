package actor

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
)

// Heuristic attributes addresses with the default parameters.
var Heuristic = New(DefaultParams())

const doc = `wallets of the parties under investigation

An address is an actor's own where a label of category actor says so of it, or
of an address that it signed together with. A label of the role account is
about coins that a custodian holds: it never makes an address the actor's own,
and no cluster grows from it. So is a label of any other role but that of a
key; whatever its role, a label in a cluster that looks like a service's; and,
unless its role is key, a label on an address that signed together with a
labelled custodian's, or whose cluster holds an account. These are reported.
Where labels name several actors, each loses confidence to the others.

It is wrong where a label is, where several parties sign together, and where
the actor's own wallet looks like a service's: then it is silent.

References: practice of sanction and seizure lists, which name addresses that
are a person's account at an exchange.`

// New returns the heuristic with the parameters. Its index is read with [Of].
func New(p Params) *heuristics.Heuristic {
	h := &heuristics.Heuristic{
		Name:    "actor",
		Doc:     doc,
		Version: 1,
		Horizon: heuristics.Tip, // later blocks change clusters and what labels reach
		Kinds: []heuristics.Kind{{
			Name: "cluster/label_role_conflict",
			Doc:  "a label gives an address to an actor, and the ledger its key to a custodian; wrong where the actor's own wallet looks like a service's",
		}},
		Requires: []*heuristics.Heuristic{cluster.Heuristic, service.Heuristic},
		Params:   p.Parameters(),
		Index:    func(ctx context.Context, s *heuristics.Scan) (any, error) { return build(ctx, s, p) },
	}
	h.Finish = func(_ context.Context, t *heuristics.Totals) (any, error) {
		x := heuristics.IndexOf[*Index](t, h)
		known := map[custodyKey]custody{}
		for i := range x.demoted {
			f, g := x.finding(&x.demoted[i], known)
			t.Grade(&f, g)
			t.Report(f)
		}
		return nil, nil
	}
	return h
}
