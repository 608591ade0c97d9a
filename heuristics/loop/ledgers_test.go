package loop_test

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, loop.Heuristic, "testdata/*.ledger") }
