package payout

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/labels"
)

// realFindings runs the heuristic over a real block, with labels loaded.
func realFindings(t *testing.T, ls *labels.Set, block, companion string) []model.Finding {
	t.Helper()
	ctx := context.Background()
	var o blockfile.Options
	if companion != "" {
		o.Spent = []string{realdata.Path(t, "blocks/"+companion)}
	}
	chain, err := blockfile.Open(ctx, []string{realdata.Path(t, "blocks/"+block)}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
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
	return fs
}

// poolLabels loads the two public lists of pool addresses.
func poolLabels(t *testing.T) *labels.Set {
	t.Helper()
	ls, err := labels.Open(model.Mainnet, realdata.Path(t, "labels/pools/mempool-pools-v2.json"), realdata.Path(t, "labels/tagpacks/miners.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return ls
}

const (
	braiinsPayout = "491b65e2d4d3f3b17c590ac5e54e1542439c5e10da5c7bb26f060f36728b79ec" // height 413567
	btctopPayout  = "b554d76738f9d0dcfbd23623d165ecb1bbca981a9d383acc36fb5792bef9aef2" // height 514485
)

// Of the supplied blocks two hold a payout, one each, and nothing else in any of
// them is taken for one: not the fan-outs of 304 outputs at height 481829 and of
// 272 at 702861, nor the token traffic at 951658.
func TestRealBlocks(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 9 blocks")
	}
	ls := poolLabels(t)
	for _, c := range []struct {
		block, companion string
		want             []string
	}{
		{"mainnet-300025.raw.gz", "mainnet-300025.undo.gz", nil},
		{"mainnet-363703.raw.gz", "", nil},
		{"mainnet-367891.raw.gz", "mainnet-367891.spent.gz", nil},
		{"mainnet-413567.raw.gz", "", []string{braiinsPayout}},
		{"mainnet-481829.raw.gz", "", nil},
		{"mainnet-514485.raw.gz", "", []string{btctopPayout}},
		{"mainnet-702861.raw.gz", "", nil},
		{"mainnet-951658.raw.gz", "", nil},
	} {
		t.Run(c.block, func(t *testing.T) {
			var got []string
			for _, f := range realFindings(t, ls, c.block, c.companion) {
				got = append(got, f.Subject.ID())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("payouts (-want +got)\n%s", diff)
			}
		})
	}
}

func fact(f *model.Finding, name string) string {
	for _, x := range f.Facts {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}

// The payout at height 514485 spends fourteen outputs of five addresses, which
// public lists give to three pools; no block at hand tells their values.
func TestRealPayoutWithConflict(t *testing.T) {
	fs := realFindings(t, poolLabels(t), "mainnet-514485.raw.gz", "")
	if len(fs) != 1 {
		t.Fatalf("%d findings, want 1", len(fs))
	}
	f := &fs[0]
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"pool": "conflict: 1THash, BTC.TOP, Canoe", "inputs": "14", "outputs": "1469", "fresh": "unknown",
		"outputs_member": "1468", "outputs_pool_internal": "1", "published_rule": "true",
	} {
		if got := fact(f, name); got != want {
			t.Errorf("fact %s is %q, want %q", name, got, want)
		}
	}
	var alternatives []string
	for _, a := range f.Alternatives {
		alternatives = append(alternatives, a.Text)
	}
	for _, entity := range []string{"1THash", "BTC.TOP", "Canoe"} {
		if !strings.Contains(f.Claim, entity) {
			t.Errorf("claim does not name %s: %s", entity, f.Claim)
		}
		if !strings.Contains(strings.Join(alternatives, "\n"), "The payer is "+entity+",") {
			t.Errorf("no alternative that %s pays: %q", entity, alternatives)
		}
		named := false
		for _, l := range f.Labels {
			named = named || model.SameEntity(l.Entity, entity) && l.On.ID() == "147SwRQdpCfj5p8PnfsXV2SsVVpVcz3aPq"
		}
		if !named {
			t.Errorf("no label that gives 147SwRQdpCfj5p8PnfsXV2SsVVpVcz3aPq to %s among those used", entity)
		}
	}

	// Every output is classified with a reason, and the values are those of the
	// block.
	if len(f.Parts) != 1469 {
		t.Fatalf("%d parts, want 1469", len(f.Parts))
	}
	var total model.Amount
	for _, p := range f.Parts {
		if p.Note == "" || p.Role != "member" && p.Role != "pool_internal" && p.Role != "service" {
			t.Errorf("%v is %q for the reason %q", p.On, p.Role, p.Note)
		}
		total += p.Value.Amount
	}
	if want := model.Amount(20_401_696_712); total != want {
		t.Errorf("outputs sum to %v, want %v", total, want)
	}
	for _, p := range f.Parts {
		// One output goes back to an address that an input spends.
		if own := p.Address.String() == "1BMjmWXy7hnYnJwCY1GYUsL9Ya9WdVZyTW"; own != (p.Role == "pool_internal") {
			t.Errorf("output to %v is %s: %s", p.Address, p.Role, p.Note)
		}
	}

	// No value of a spent output is made up, and what that costs is said.
	for _, e := range f.Evidence {
		for _, it := range e.Items {
			if it.On.Kind() == model.KindInpoint && it.Value != nil {
				t.Errorf("%v has the value %v, which no source tells", it.On, it.Value)
			}
		}
	}
	if all := strings.Join(f.Unseen, "\n"); !strings.Contains(all, "the values of 14 of the 14 outputs that it spends") || !strings.Contains(all, "inferred from what unlocks them") {
		t.Errorf("unseen: %q", f.Unseen)
	}
	if f.Confidence.Level != model.Low {
		t.Errorf("analytic confidence %q, want low", f.Confidence.Level)
	}
}

// The payout at height 413567 is of one pool, which the lists know by two names.
func TestRealPayoutOfRenamedPool(t *testing.T) {
	fs := realFindings(t, poolLabels(t), "mainnet-413567.raw.gz", "")
	if len(fs) != 1 {
		t.Fatalf("%d findings, want 1", len(fs))
	}
	f := &fs[0]
	for name, want := range map[string]string{"pool": "Braiins Pool", "shape": "fanout", "outputs": "149", "outputs_member": "149", "fresh": "unknown"} {
		if got := fact(f, name); got != want {
			t.Errorf("fact %s is %q, want %q", name, got, want)
		}
	}
}

// Without labels nothing in a block by itself tells a payout from any other
// fan-out.
func TestRealPayoutsNeedLabels(t *testing.T) {
	none := labels.Of("none", nil, nil)
	for _, block := range []string{"mainnet-413567.raw.gz", "mainnet-514485.raw.gz"} {
		if fs := realFindings(t, none, block, ""); len(fs) != 0 {
			t.Errorf("%s: %s", block, fs[0].Claim)
		}
	}
}
