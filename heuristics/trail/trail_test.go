package trail

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/heuristictest"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, Heuristic, "testdata/*.ledger") }
