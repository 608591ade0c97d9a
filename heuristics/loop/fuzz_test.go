package loop_test

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
)

func FuzzLoop(f *testing.F) { heuristictest.Fuzz(f, loop.Heuristic) }
