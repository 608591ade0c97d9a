package cluster_test

import (
	"context"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/labels"
)

// reader hands the index of a session to a test: a heuristic that requires the
// one under test.
func index(t testing.TB, src sources.Set, o heuristics.Options, scope heuristics.Scope, h *heuristics.Heuristic) *cluster.Index {
	t.Helper()
	var x *cluster.Index
	peek := &heuristics.Heuristic{
		Name: "peek", Doc: "hands the index to a test", Version: 1, Requires: []*heuristics.Heuristic{h},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			x = cluster.Of(s)
			return nil, nil
		},
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{peek}, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(context.Background(), scope); err != nil {
		t.Fatal(err)
	}
	return x
}

func chain(t testing.TB, o blockfile.Options, names ...string) *blockfile.Chain {
	t.Helper()
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = realdata.Path(t, n)
	}
	c, err := blockfile.Open(context.Background(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestProbe(t *testing.T) {
	for _, f := range []string{"mainnet-0-14131.blk.dat.gz", "mainnet-300025.raw.gz", "mainnet-367891.raw.gz", "mainnet-363703.raw.gz", "mainnet-514485.raw.gz", "mainnet-702861.raw.gz", "mainnet-951658.raw.gz", "testnet3-928816.raw.gz", "testnet3-928849.raw.gz"} {
		for _, any := range []bool{false, true} {
			p := cluster.DefaultParams()
			p.LinkAnyScript = any
			p.PayjoinFrom = 0
			o := blockfile.Options{}
			switch f {
			case "mainnet-300025.raw.gz":
				o.Spent = []string{realdata.Path(t, "blocks/mainnet-300025.undo.gz")}
			case "mainnet-367891.raw.gz":
				o.Spent = []string{realdata.Path(t, "blocks/mainnet-367891.spent.gz")}
			case "testnet3-928816.raw.gz":
				o.Network = model.Testnet3
				o.Spent = []string{realdata.Path(t, "blocks/testnet3-928816.undo.gz")}
			case "testnet3-928849.raw.gz":
				o.Network = model.Testnet3
				o.Spent = []string{realdata.Path(t, "blocks/testnet3-928849.undo.gz")}
			}
			c := chain(t, o, "blocks/"+f)
			x := index(t, c.Set(), heuristics.Options{Network: o.Network}, heuristics.Scope{}, cluster.New(p))
			t.Logf("%s any %v: %d scripts %d clusters largest %d %+v", f, any, x.Addresses(), x.Clusters(), x.Largest(), x.Counts())
			n := map[string]int{}
			for _, s := range x.Skips() {
				n[string(s.Reason)+" "+s.Detail]++
			}
			t.Log(n)
			if f[:9] == "mainnet-0" {
				for _, s := range x.Skips() {
					t.Log(s)
				}
			}
		}
	}
	_ = labels.Of
}
