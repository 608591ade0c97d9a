package custom

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/heuristictest"
)

func TestRoundFee(t *testing.T) { heuristictest.Run(t, RoundFee, "testdata/*.ledger") }
