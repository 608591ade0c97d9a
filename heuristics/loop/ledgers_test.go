package loop_test

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
)

// Runs over small ledgers leave much behind and keep little: collecting it less often
// takes a third of the time off.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

func TestLedgers(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil || len(files) == 0 {
		t.Fatalf("no ledgers: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			heuristictest.Run(t, loop.Heuristic, name)
		})
	}
}
