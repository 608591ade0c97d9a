package beneficiary_test

import (
	"testing"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, beneficiary.Heuristic, "testdata/*.ledger") }
