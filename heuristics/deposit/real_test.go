package deposit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/labels"
)

const eobot = "1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne"

// findings runs the heuristic over one real block with the labels of the curated
// set, the list of pools and the TagPack of miners.
func findings(t *testing.T, block, spent string, actors ...model.Label) []model.Finding {
	t.Helper()
	o := blockfile.Options{}
	if spent != "" {
		o.Spent = []string{realdata.Path(t, spent)}
	}
	chain, err := blockfile.Open(t.Context(), []string{realdata.Path(t, block)}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer chain.Close()
	known, err := labels.Open(model.Mainnet, realdata.Path(t, "labels/pools/mempool-pools-v2.json"), realdata.Path(t, "labels/tagpacks/miners.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := heuristics.New(sources.Of(chain, labels.Curated(model.Mainnet), known), []*heuristics.Heuristic{deposit.Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{Actors: actors})
	if err != nil {
		t.Fatal(err)
	}
	var fs []model.Finding
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

func TestEobotInBlock363703(t *testing.T) {
	fs := findings(t, "blocks/mainnet-363703.raw.gz", "")
	if len(fs) != 5 {
		t.Errorf("%d findings, want the five payments to Eobot", len(fs))
	}
	to, err := model.ParseAddress(eobot, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	var payer model.Address
	txs := map[string]bool{}
	for _, f := range fs {
		if f.Kind != deposit.KindUnattributed || !strings.Contains(f.Claim, eobot) || !slices.Contains(f.Related, model.RefAddress(to)) {
			t.Errorf("finding %s %q, want an unattributed deposit to %s", f.Kind, f.Claim, eobot)
		}
		id, _ := f.Subject.Tx()
		txs[id.String()] = true
		unknown := 0
		for _, it := range f.Evidence[1].Items {
			if it.Value == nil {
				unknown++
			}
			payer = it.Address
		}
		// Values are known only of outputs of the same block.
		if unknown == 0 {
			t.Errorf("%v: every input has a value, which a raw block does not tell", f.Subject)
		}
	}
	if len(txs) != 5 || !txs["ece98044645318d3cfc42016aade266b4af9f66a80144f81c3d18d44334ef95e"] {
		t.Errorf("transactions %v", txs)
	}

	// With one payer stated as the actor's, that payment is attributed, the
	// others are not.
	fs = findings(t, "blocks/mainnet-363703.raw.gz", "", model.Label{On: model.RefAddress(payer), Entity: "Subject", Role: model.RoleKey, Confidence: model.Percent(90)})
	kinds := map[string]int{}
	for _, f := range fs {
		kinds[f.Kind]++
		if f.Kind == deposit.Kind && !slices.Contains(f.Related, model.RefAddress(payer)) {
			t.Errorf("attributed %q, which %v did not pay", f.Claim, payer)
		}
	}
	if kinds[deposit.Kind] == 0 || kinds[deposit.Kind]+kinds[deposit.KindUnattributed] != 5 {
		t.Errorf("kinds %v, want five with the payer's own attributed", kinds)
	}
}

// In block 300025 Eobot spends to itself, in block 514485 a pool pays itself
// (transaction acc623c4...). Neither is a deposit.
func TestServiceThatPaysItself(t *testing.T) {
	for _, b := range []struct{ block, spent string }{
		{"blocks/mainnet-300025.raw.gz", "blocks/mainnet-300025.undo.gz"},
		{"blocks/mainnet-514485.raw.gz", ""},
	} {
		for _, f := range findings(t, b.block, b.spent) {
			t.Errorf("%s: %s %q", b.block, f.Kind, f.Claim)
		}
	}
}
