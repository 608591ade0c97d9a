package payout

import (
	"context"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/labels"
)

// realFindings runs the heuristic over a real block, with the two public lists
// of pools loaded.
func realFindings(t *testing.T, block string) ([]model.Finding, heuristics.Coverage) {
	t.Helper()
	ctx := context.Background()
	chain, err := blockfile.Open(ctx, []string{realdata.Path(t, "blocks/"+block)}, blockfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	ls, err := labels.Open(model.Mainnet, realdata.Path(t, "labels/pools/mempool-pools-v2.json"), realdata.Path(t, "labels/tagpacks/miners.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	eng, err := heuristics.New(sources.Of(chain, ls), []*heuristics.Heuristic{Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var fs []model.Finding
	for f, err := range s.Run(ctx, s.Sweep(ctx)) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs, s.Coverage()
}

func TestExplore(t *testing.T) {
	for _, b := range []string{"mainnet-300025.raw.gz", "mainnet-363703.raw.gz", "mainnet-367891.raw.gz", "mainnet-413567.raw.gz", "mainnet-481829.raw.gz", "mainnet-514485.raw.gz", "mainnet-702861.raw.gz", "mainnet-951658.raw.gz", "mainnet-0-14131.blk.dat.gz"} {
		fs, cov := realFindings(t, b)
		t.Logf("%s: %d findings", b, len(fs))
		for _, f := range fs {
			t.Logf("  %s %v given %v: %s %v", f.Kind, f.Score.Probability, f.Score.Given, f.Claim, f.Facts)
		}
		for _, h := range cov.Heuristics {
			if h.Heuristic == "payout" {
				t.Logf("  notes %+v", h)
			}
		}
	}
}
