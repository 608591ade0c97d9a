package main

import (
	"context"
	"fmt"
	"io"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// around reports whether the search is around the subjects, rather than over
// blocks: so it is with an explorer and no range, and where such a run is
// replayed.
func (c *config) around(in *input) bool {
	asked := c.esplora != ""
	for _, p := range in.Provenance {
		asked = asked || c.replayFile != "" && p.Provider == "esplora"
	}
	return asked && c.to == 0
}

// remoteLookups is the budget of each evaluation where a look-up is a request to
// a server; see heuristics.DefaultLookups for the other.
const remoteLookups = 400

// budget returns the look-ups that each evaluation may take; 0 means the
// engine's default.
func (c *config) budget(in *input) int64 {
	if c.lookups == 0 && c.around(in) {
		return remoteLookups
	}
	return c.lookups
}

// scope says what is looked at: the blocks of the range, or what lies around the
// subjects.
func (c *config) scope(ctx context.Context, in *input, stderr io.Writer) (heuristics.Scope, error) {
	s := heuristics.Scope{From: int32(c.from), To: int32(c.to), Actors: c.actors}
	for _, a := range c.actors {
		s.Seeds = append(s.Seeds, a.On)
	}
	s.Seeds = append(s.Seeds, c.asked...)
	if !c.around(in) {
		return s, nil
	}
	x, err := heuristics.Explore(ctx, in.Set, s.Seeds, c.exploreOptions(stderr))
	if err != nil {
		return s, fmt.Errorf("exploring: %w", err)
	}
	s.Explored = x
	return s, nil
}

func (c *config) exploreOptions(stderr io.Writer) heuristics.ExploreOptions {
	o := heuristics.ExploreOptions{
		Network: c.net, Forward: c.explore.Forward, Back: c.explore.Back, MinValue: model.Amount(c.explore.MinSat),
		FanOut: c.explore.FanOut, FanIn: c.explore.FanIn, History: c.explore.History, Lookups: c.explore.Lookups,
		Range: sources.Range{From: int32(c.from), To: int32(c.to)},
		// Behind a coinjoin the coins are others' as well.
		Stop: func(tx *model.Tx) string {
			if v := shape.Classify(tx, shape.DefaultParams()); v.SkipUnion {
				return "may be collaborative: " + v.Kind.String()
			}
			return ""
		},
	}
	if c.progress {
		o.Progress = func(p heuristics.ExploreProgress) {
			fmt.Fprintf(stderr, "explore: %d transactions, %d coins to follow, %d of %d look-ups\n", p.Txs, p.Waiting, p.Lookups, p.Budget)
		}
	}
	return o
}
