package depaddr_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
)

// TestLedgers compares what is inferred with what the ledgers say in the lines
// "// inferred:", and the findings with their wants.
func TestLedgers(t *testing.T) {
	heuristictest.Run(t, depaddr.Heuristic, "testdata/*.ledger")
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ledger")+"/inferred", func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			if diff := cmp.Diff(wanted(t, string(text)), lines(f, index(t, f).All())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func wanted(t *testing.T, text string) []string {
	t.Helper()
	for l := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), "// inferred:"); ok {
			out := []string{}
			for part := range strings.SplitSeq(v, ",") {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, part)
				}
			}
			slices.Sort(out)
			return out
		}
	}
	t.Fatal("the ledger does not say what is inferred")
	return nil
}

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, depaddr.Heuristic) }
