package commingle_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// An explorer has transactions and histories and no blocks, so there is no scope
// to read: what an address received comes from its history. A file of blocks has
// no histories. Either way the same is said of what does not take clusters.
func TestWithoutBlocksOrHistories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			whole := claims(t, f, f.Ledger.Set())
			files := f.Ledger.Set()
			files.History = nil
			if diff := cmp.Diff(whole, claims(t, f, files)); diff != "" {
				t.Errorf("without histories (-with +without)\n%s", diff)
			}
			explorer := f.Ledger.Set()
			explorer.Blocks = nil
			want := slices.DeleteFunc(slices.Clone(whole), func(s string) bool { return needsClusters[filepath.Base(file)] })
			if diff := cmp.Diff(want, claims(t, f, explorer)); diff != "" {
				t.Errorf("without blocks (-with +without)\n%s", diff)
			}
		})
	}
}

// needsClusters are the cases whose findings take clusters.
var needsClusters = map[string]bool{}

// claims runs over every transaction of the ledger and what its passes visit.
func claims(t *testing.T, f *ledger.File, set sources.Set) []string {
	t.Helper()
	e, err := heuristics.New(set, []*heuristics.Heuristic{commingle.Heuristic}, heuristics.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var refs []model.Ref
	for b, err := range f.Ledger.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			refs = append(refs, model.RefTx(tx.ID))
		}
	}
	var out []string
	for f, err := range s.Run(t.Context(), heuristics.Refs(refs...)) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f.Kind+": "+f.Claim)
	}
	slices.Sort(out)
	return out
}
