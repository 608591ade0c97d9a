package heuristictest

import (
	"context"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// GradedPopulation is the population of which [Graded] has rates of error.
const GradedPopulation = "cases of 2022"

// Graded returns the findings of a heuristic on a ledger as they are where
// somebody has measured its rate of error for some kinds: 4 of 200 claims wrong in
// [GradedPopulation]. The population is that of the run; empty where it is of
// none. It shows how well founded findings can be, see [model.Grade].
func Graded(t testing.TB, f *ledger.File, h *heuristics.Heuristic, scope heuristics.Scope, population string, kinds ...string) []model.Finding {
	t.Helper()
	table := calibration.Table{Name: "cases", Version: 1}
	for _, k := range kinds {
		table.Rows = append(table.Rows, calibration.Row{Population: GradedPopulation, Heuristic: h.Name, Version: h.Version, Kind: k, Of: "claims", Measured: true, N: 200, FalsePos: 4})
	}
	if err := table.Validate(); err != nil {
		t.Fatal(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{h}, heuristics.Options{Network: f.Ledger.Network(), Workers: 1, ErrorRates: table.Rates, Population: population})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(context.Background(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return Findings(t, s)
}
