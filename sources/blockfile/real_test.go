package blockfile_test

import (
	"context"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

// open opens a chain for the length of a test.
func open(t testing.TB, o blockfile.Options, paths ...string) *blockfile.Chain {
	t.Helper()
	c, err := blockfile.Open(t.Context(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// all reads every block.
func all(t testing.TB, c *blockfile.Chain) []*model.Block {
	t.Helper()
	var out []*model.Block
	for b, err := range c.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func kinds(ps []blockfile.Problem) string {
	var s []string
	for _, p := range ps {
		s = append(s, p.Kind.String())
	}
	return strings.Join(s, " ")
}

func TestRealChain(t *testing.T) {
	c := open(t, blockfile.Options{}, realdata.Path(t, "blocks/mainnet-0-14131.blk.dat.gz"))
	if ps := c.Problems(); len(ps) > 0 {
		t.Errorf("problems: %v", ps)
	}
	blocks := all(t, c)
	txs, outs, ins, resolved, multi, unspent := 0, 0, 0, 0, 0, 0
	for h, b := range blocks {
		if !b.Ref.Has(model.KnownHeight|model.KnownMedian|model.KnownHash|model.KnownTime) || int(b.Ref.Height) != h {
			t.Fatalf("block %d stands at %+v", h, b.Ref)
		}
		for i, x := range b.Txs {
			txs++
			if int(x.Block.Pos) != i || !x.Block.Has(model.KnownPos) || x.Block.Hash != b.Ref.Hash {
				t.Fatalf("transaction %v stands at %+v", x.ID, x.Block)
			}
			points := make([]model.Outpoint, len(x.Outputs))
			for k := range points {
				points[k] = x.Outpoint(k)
			}
			spends, err := c.Spenders(t.Context(), points)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range spends {
				outs++
				switch s.State {
				case model.Unspent:
					unspent++
					if !s.AsOfKnown || s.AsOf != 14131 {
						t.Fatalf("unspent as of %+v", s)
					}
				case model.SpendUnknown:
					t.Fatalf("an output of %v is not known to be spent or unspent", x.ID)
				}
			}
			if i == 0 {
				continue
			}
			if len(x.Inputs) > 1 {
				multi++
			}
			for k := range x.Inputs {
				ins++
				if x.Inputs[k].ValueKnown && x.Inputs[k].OwnerBy == model.OwnerPrevout {
					resolved++
				}
			}
			if _, ok := x.Fee(); !ok {
				t.Errorf("transaction %v has no fee", x.ID)
			}
		}
	}
	type counts struct{ blocks, txs, outs, ins, resolved, multi, unspent int }
	got := counts{len(blocks), txs, outs, ins, resolved, multi, unspent}
	if want := (counts{14132, 14247, 14282, 865, 865, 72, 13417}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	// The first payment of all, from block 9's coinbase to Hal Finney.
	id, _ := model.ParseTxID("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")
	x, err := c.Txs(t.Context(), []model.TxID{{1}, id})
	if err != nil {
		t.Fatal(err)
	}
	if x[0] != nil || x[1] == nil || x[1].Block.Height != 170 || x[1].Inputs[0].Value != 50*model.Coin {
		t.Errorf("the first payment is %+v", x)
	}
	first := 0
	for h, err := range c.History(t.Context(), x[1].Inputs[0].Owner, sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		first++
		if first == 1 && h.Block.Height != 9 {
			t.Errorf("the history of its payer begins at height %d, want 9", h.Block.Height)
		}
	}
	if first < 6 {
		t.Errorf("the history of its payer has %d transactions, want at least 6", first)
	}
}

// The same chain, read in place: in two files, obfuscated, cut between and
// within blocks.
func TestRealChainOnDisk(t *testing.T) {
	raw := realdata.Read(t, "blocks/mainnet-0-14131.blk.dat.gz")
	key := []byte{0x5c, 0, 0xf9, 0x11, 0x80, 0xff, 0x07, 0x33}
	const cut = 1_500_000
	dir := t.TempDir()
	write(t, dir, "xor.dat", key)
	write(t, dir, "blk00000.dat", xored(key, raw[:cut]))
	write(t, dir, "blk00001.dat", xored(key, raw))
	c := open(t, blockfile.Options{CheckWork: true}, dir)
	if s := c.Segments(); len(s) != 1 || s[0].Blocks != 14132 || s[0].Last.Height != 14131 {
		t.Errorf("segments %+v", s)
	}
	ps := c.Problems()
	duplicates := 0
	for _, p := range ps {
		if p.Kind == blockfile.Duplicate {
			duplicates += p.Blocks
		}
	}
	if ps[0].Kind != blockfile.Truncated || ps[0].Offset+ps[0].Bytes != cut || duplicates < 5000 {
		t.Errorf("%d duplicates; problems begin with %v", duplicates, ps[0])
	}
	resolved := 0
	for b, err := range c.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range b.Txs[1:] {
			resolved += len(x.Inputs) - x.Unresolved()
		}
	}
	if resolved != 865 {
		t.Errorf("%d inputs resolved, want 865", resolved)
	}
}

func TestRealSpentOutputs(t *testing.T) {
	tests := []struct {
		name, spent string
		net         model.Network
		height      int32
		inputs      int
		fees        model.Amount // 0 where only their sign is known
	}{
		{"mainnet-300025", ".undo.gz", model.Mainnet, 300025, 1427, 7_773_345},
		{"mainnet-367891", ".spent.gz", model.Mainnet, 367891, 20817, 14_001_930},
		{"testnet3-928816", ".undo.gz", model.Testnet3, 928816, 0, 0},
		{"testnet3-928849", ".undo.gz", model.Testnet3, 928849, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := open(t, blockfile.Options{
				Network: test.net,
				Spent:   []string{realdata.Path(t, "blocks/"+test.name+test.spent)},
			}, realdata.Path(t, "blocks/"+test.name+".raw.gz"))
			blocks := all(t, c)
			if len(blocks) != 1 || blocks[0].Ref.Height != test.height || blocks[0].Ref.Has(model.KnownMedian) {
				t.Fatalf("%d blocks, the first %+v", len(blocks), blocks[0].Ref)
			}
			var fees model.Amount
			ins := 0
			for _, x := range blocks[0].Txs[1:] {
				fee, ok := x.Fee()
				if !ok {
					t.Fatalf("transaction %v has no fee that is not negative", x.ID)
				}
				fees += fee
				ins += len(x.Inputs)
				one, err := c.Txs(t.Context(), []model.TxID{x.ID})
				if err != nil {
					t.Fatal(err)
				}
				if again, ok := one[0].Fee(); !ok || again != fee {
					t.Errorf("transaction %v: fee %v in its block, %v alone", x.ID, fee, again)
				}
			}
			if test.inputs != 0 && ins != test.inputs {
				t.Errorf("%d inputs, want %d", ins, test.inputs)
			}
			if test.fees != 0 && fees != test.fees {
				t.Errorf("fees %d, want %d", int64(fees), int64(test.fees))
			}
			minted, _ := blocks[0].Txs[0].OutputValue()
			if most := test.net.Subsidy(test.height) + fees; test.name == "mainnet-300025" && minted != most || minted > most {
				t.Errorf("the coinbase pays %d, subsidy and fees are %d", int64(minted), int64(most))
			}
		})
	}
}

func TestRealBlockAlone(t *testing.T) {
	c := open(t, blockfile.Options{}, realdata.Path(t, "blocks/mainnet-514485.raw.gz"))
	blocks := all(t, c)
	if len(blocks) != 1 || !blocks[0].Ref.Has(model.KnownHeight) || blocks[0].Ref.Height != 514485 {
		t.Fatalf("%d blocks, the first %+v", len(blocks), blocks[0].Ref)
	}
	inferred, within := 0, make(map[model.TxID]bool)
	for _, x := range blocks[0].Txs {
		within[x.ID] = true
	}
	for _, x := range blocks[0].Txs[1:] {
		for i := range x.Inputs {
			in := &x.Inputs[i]
			if in.ValueKnown != within[in.Prev.Tx] {
				t.Fatalf("input %d of %v: value known %v, spends this block %v", i, x.ID, in.ValueKnown, within[in.Prev.Tx])
			}
			if !in.ValueKnown && in.OwnerBy == model.OwnerPrevout {
				t.Fatalf("input %d of %v: an owner by a prevout that was not read", i, x.ID)
			}
			if in.OwnerBy == model.OwnerUnlocking {
				inferred++
			}
		}
	}
	if inferred == 0 {
		t.Error("no owner was inferred")
	}
	// An output that was not read is known to be spent where its spender was.
	x := blocks[0].Txs[len(blocks[0].Txs)-1]
	s, err := c.Spenders(context.Background(), []model.Outpoint{x.Inputs[0].Prev, {Tx: model.TxID{1}}})
	if err != nil {
		t.Fatal(err)
	}
	if s[0].State != model.Spent || s[0].By != x.Inpoint(0) || s[1] != (model.Spend{}) {
		t.Errorf("spends %+v", s)
	}
}

// Every block of the collection together: segments by height, with gaps.
func TestRealBlocksTogether(t *testing.T) {
	var paths []string
	for _, n := range []string{"951658.raw", "702861.raw", "514485.raw", "481829.raw", "413567.raw", "367891.raw", "363703.raw", "300025.raw", "0-14131.blk.dat"} {
		paths = append(paths, realdata.Path(t, "blocks/mainnet-"+n+".gz"))
	}
	c := open(t, blockfile.Options{
		CheckWork: true,
		Spent:     []string{realdata.Path(t, "blocks/mainnet-367891.spent.gz"), realdata.Path(t, "blocks/mainnet-300025.undo.gz")},
	}, paths...)
	var heights []int32
	for _, s := range c.Segments() {
		heights = append(heights, s.First.Height)
	}
	want := []int32{0, 300025, 363703, 367891, 413567, 481829, 514485, 702861, 951658}
	if len(heights) != len(want) {
		t.Fatalf("segments at %v, want %v", heights, want)
	}
	for i := range want {
		if heights[i] != want[i] {
			t.Fatalf("segments at %v, want %v", heights, want)
		}
	}
	if k := kinds(c.Problems()); k != "gap gap gap gap gap gap gap gap" {
		t.Errorf("problems: %s", k)
	}
	tip, err := c.Tip(t.Context())
	if err != nil || tip.Height != 951658 {
		t.Errorf("tip %+v, %v", tip, err)
	}
	// The chain of 2009 does not reach the tip.
	n := 0
	for b, err := range c.Blocks(t.Context(), sources.Range{From: 100, To: 363703}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		s, err := c.Spenders(t.Context(), []model.Outpoint{b.Txs[0].Outpoint(0)})
		if err != nil {
			t.Fatal(err)
		}
		if s[0].State == model.Unspent {
			t.Fatalf("block at height %d: unspent across gaps", b.Ref.Height)
		}
	}
	if n != 14132-100+2 {
		t.Errorf("%d blocks in range, want %d", n, 14132-100+2)
	}
}

func BenchmarkOpenRealChain(b *testing.B) {
	path := realdata.Path(b, "blocks/mainnet-0-14131.blk.dat.gz")
	b.ReportAllocs()
	for b.Loop() {
		c, err := blockfile.Open(b.Context(), []string{path}, blockfile.Options{})
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
