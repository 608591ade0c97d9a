// Package suite holds lists of heuristics, for [heuristics.New].
package suite

import (
	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/pool"
)

// Mining lists what finds laundering through mining: deposits to marketplaces,
// pools and their payouts, commingling, and what keeps those honest: clusters
// with their conflicts, actors, coinjoins, addresses inferred to be a service's. The list is new each time, so it may
// be changed; an instance with other parameters replaces the default wherever
// others require it.
func Mining() []*heuristics.Heuristic {
	return []*heuristics.Heuristic{
		pool.Heuristic, coinjoin.Heuristic, cluster.Heuristic, actor.Heuristic, depaddr.Heuristic,
		payout.Heuristic, deposit.Heuristic, commingle.Heuristic,
	}
}
