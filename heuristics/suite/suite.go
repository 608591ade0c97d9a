// Package suite holds lists of heuristics, for [heuristics.New].
package suite

import (
	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/books"
	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/heuristics/exposure"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/loop"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/peel"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/heuristics/screen"
)

// Mining lists what finds laundering through mining: deposits to marketplaces,
// pools and their payouts, who is paid, commingling, the loop, and what keeps
// those honest: clusters with their conflicts, actors, coinjoins, addresses
// inferred to be a service's. The list is new each time, so it may be changed; an
// instance with other parameters replaces the default wherever others require
// it.
func Mining() []*heuristics.Heuristic {
	return []*heuristics.Heuristic{
		pool.Heuristic, coinjoin.Heuristic, cluster.Heuristic, actor.Heuristic, depaddr.Heuristic,
		payout.Heuristic, deposit.Heuristic, commingle.Heuristic, beneficiary.Heuristic, loop.Heuristic,
	}
}

// All lists every heuristic there is that reports findings: those of [Mining], and
// those that describe what lies on the way or what the scope names: peeling chains,
// change, how fresh coins are, exposure, what a service's own books say, whether
// an output is mining income. The list is new each time.
func All() []*heuristics.Heuristic {
	return append(Mining(), peel.Heuristic, fresh.Output, change.Heuristic, books.Heuristic, exposure.Heuristic, screen.Heuristic)
}
