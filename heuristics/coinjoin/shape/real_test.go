package shape_test

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics/coinjoin/internal/mixtest"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/google/go-cmp/cmp"
)

// tally counts the kinds of transactions, and what else a line is for.
func tally(txs []*model.Tx, class func(*model.Tx) string) map[string]int {
	n := map[string]int{}
	for _, tx := range txs {
		n[class(tx)+classify(tx).Kind.String()]++
	}
	return n
}

func plain(*model.Tx) string { return "" }

func nullDataOrNot(tx *model.Tx) string {
	for i := range tx.Outputs {
		if !tx.Outputs[i].Spendable() {
			return "null data: "
		}
	}
	return "no null data: "
}

// Counts of real transactions, heights unknown.
func TestRealCoinJoins(t *testing.T) {
	for _, c := range []struct {
		file  string
		class func(*model.Tx) string
		want  map[string]int
	}{
		{"whirlpool-2024-03.txt.gz", plain, map[string]int{"whirlpool": 1403}},
		{"whirlpool-tx0-2024-03.txt.gz", nullDataOrNot, map[string]int{"null data: premix": 749, "no null data: whirlpool": 151}},
		// The 251 have a participant whose mixes pay a P2WSH wallet.
		{"whirlpool-postmix-2024-03.txt.gz", plain, map[string]int{"whirlpool": 251, "premix": 3, "joinmarket": 2, "equal_output": 76, "ambiguous": 170, "none": 2134}},
		{"wasabi1.txt.gz", plain, map[string]int{"wasabi1": 196}},
		{"wasabi1-postmix.txt.gz", plain, map[string]int{"joinmarket": 10, "ambiguous": 2, "none": 342}},
		{"joinmarket-false-positives.txt.gz", plain, map[string]int{"joinmarket": 6, "equal_output": 3, "ambiguous": 6, "none": 5}},
	} {
		t.Run(c.file, func(t *testing.T) {
			if diff := cmp.Diff(c.want, tally(mixtest.Read(t, c.file), c.class)); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
		})
	}
}

func block(t *testing.T, name string) *model.Block {
	t.Helper()
	raw := realdata.Read(t, "blocks/"+name)
	blk, err := model.DecodeBlock(raw, model.Mainnet)
	if bad := (*model.DecodeError)(nil); errors.Is(err, model.ErrTrailing) && errors.As(err, &bad) {
		blk, err = model.DecodeBlock(raw[:bad.Offset], model.Mainnet)
	}
	if err != nil {
		t.Fatal(err)
	}
	return blk
}

// Blocks without prevouts: input values are unknown, so that a Whirlpool mix
// stays ambiguous. Everything that is not listed is ordinary.
func TestRealBlocks(t *testing.T) {
	stonewall, whirlpool := "ambiguous []", "ambiguous [whirlpool]"
	for _, c := range []struct {
		name string
		want map[string]int
	}{
		// 2014: one of the two transactions that meet the rule for Wasabi 1
		// but for the height and the scripts.
		{"300025", map[string]int{stonewall: 1, "equal_output []": 1, "none []": 459}},
		{"363703", map[string]int{stonewall: 1, "none []": 586}},
		{"367891", map[string]int{"none []": 420}},
		{"413567", map[string]int{stonewall: 4, "joinmarket [joinmarket]": 2, "none []": 1551}},
		{"481829", map[string]int{stonewall: 1, "none []": 2019}},
		{"514485", map[string]int{stonewall: 4, "none []": 2161}},
		{"702861", map[string]int{stonewall: 2, whirlpool: 7, "equal_output []": 1, "wasabi1 [wasabi1]": 1, "none []": 2489}},
		{"951658", map[string]int{"none []": 374}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]int{}
			for _, tx := range block(t, "mainnet-"+c.name+".raw.gz").Txs {
				v := classify(tx)
				got[fmt.Sprintf("%v %v", v.Kind, v.Protocols)]++
				if isRound := tx.ID.String() == "5c2f55fc17854a18f447d74e32356c9ff6faf43bf937ed13611857b2bb3fef3a"; isRound != (v.Kind == shape.Wasabi1) {
					t.Errorf("%v is %v", tx.ID, v.Kind)
				}
				// Payouts and other fan-outs are no CoinJoins by name.
				if len(tx.Outputs) >= 100 && len(tx.Inputs) < 100 && v.Kind != shape.None {
					t.Errorf("fan-out %v is %v: %q", tx.ID, v.Kind, v.Reasons)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
		})
	}
}

// A test network's heights say nothing of eras, so that the smaller minimum
// holds; two of the six rounds are below even that.
func TestRealRegtest(t *testing.T) {
	coinjoins := strings.Fields(string(realdata.Read(t, "wasabi2-regtest/coinjoin-txids.txt")))
	got, other := map[string]int{}, map[string]int{}
	r := tar.NewReader(bytes.NewReader(realdata.Read(t, "wasabi2-regtest/blocks.tar.gz")))
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		var blk struct {
			Height int32
			Tx     []struct{ Txid, Hex string }
		}
		if err := json.NewDecoder(r).Decode(&blk); err != nil {
			t.Fatal(err)
		}
		for _, f := range blk.Tx {
			raw, err := hex.DecodeString(f.Hex)
			if err != nil {
				t.Fatal(err)
			}
			tx, err := model.DecodeTx(raw, model.Regtest)
			if err != nil {
				t.Fatal(f.Txid, err)
			}
			tx.Block = model.BlockRef{Height: blk.Height, Known: model.KnownHeight}
			v := classify(tx)
			if slices.Contains(coinjoins, f.Txid) {
				got[fmt.Sprintf("%d inputs: %v %v", len(tx.Inputs), v.Kind, v.Protocols)]++
			} else {
				other[v.Kind.String()]++
			}
		}
	}
	want := map[string]int{
		"13 inputs: ambiguous [wasabi2]": 1, "18 inputs: ambiguous [wasabi2]": 1, "24 inputs: wasabi2 [wasabi2]": 1,
		"29 inputs: wasabi2 [wasabi2]": 1, "30 inputs: wasabi2 [wasabi2]": 1, "31 inputs: wasabi2 [wasabi2]": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("coinjoins (-want +got):\n%s", diff)
	}
	if len(other) != 1 || other["none"] == 0 {
		t.Errorf("other transactions: %v, want none of a shape", other)
	}
}
