package blockfile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

// chainOf opens one file with the blocks in this order.
func chainOf(t testing.TB, blocks ...*model.Block) *blockfile.Chain {
	t.Helper()
	return open(t, regtest, write(t, t.TempDir(), "blk00000.dat", records(blocks...)))
}

// check compares a chain with blocks at heights, -1 for an unknown one, and
// with the kinds of its problems.
func check(t testing.TB, c *blockfile.Chain, want []*model.Block, from []int32, problems string) {
	t.Helper()
	var got, expect []string
	for _, b := range all(t, c) {
		h := b.Ref.Height
		if !b.Ref.Has(model.KnownHeight) {
			h = -1
		}
		got = append(got, fmt.Sprintf("%d %v", h, b.Ref.Hash))
	}
	for i, b := range want {
		expect = append(expect, fmt.Sprintf("%d %v", from[i], b.Ref.Hash))
	}
	if diff := cmp.Diff(expect, got); diff != "" {
		t.Errorf("blocks (-want +got)\n%s", diff)
	}
	if k := kinds(c.Problems()); k != problems {
		t.Errorf("problems %q, want %q: %v", k, problems, c.Problems())
	}
}

func heights(from int32, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = from + int32(i)
	}
	return out
}

var elsewhere = model.BlockHash{0xee}

func TestStaleBranch(t *testing.T) {
	main := grow(model.BlockHash{}, 0, 1, 6)
	stale := grow(main[2].Ref.Hash, 3, 2, 2)
	for _, order := range [][]*model.Block{
		slices.Concat(main, stale),
		slices.Concat(stale, main),
		slices.Concat(main[:4], stale, main[4:]),
	} {
		c := chainOf(t, order...)
		check(t, c, main, heights(0, 6), "stale")
		p := c.Problems()[0]
		if p.Blocks != 2 {
			t.Errorf("problem %+v, want two blocks", p)
		}
		// A stale transaction is not on the chain.
		xs, err := c.Txs(t.Context(), []model.TxID{stale[0].Txs[0].ID, main[3].Txs[0].ID})
		if err != nil || xs[0] != nil || xs[1] == nil {
			t.Errorf("got %v, %v", xs, err)
		}
		s, err := c.Spenders(t.Context(), []model.Outpoint{stale[0].Txs[0].Outpoint(0), main[3].Txs[0].Outpoint(0)})
		if err != nil || s[0] != (model.Spend{}) || s[1] != (model.Spend{State: model.Unspent, AsOf: 5, AsOfKnown: true}) {
			t.Errorf("got %v, %v", s, err)
		}
	}
}

// Work counts, not length; among equals the branch that was read first.
func TestMostWork(t *testing.T) {
	root := grow(model.BlockHash{}, 0, 1, 2)
	long := grow(root[1].Ref.Hash, 2, 2, 3)
	heavy := mine(root[1].Ref.Hash, 2, 3)
	heavy.Header.Bits = 0x1f00ffff
	heavy.Ref.Hash = hashOf(heavy)
	check(t, chainOf(t, slices.Concat(root, long, []*model.Block{heavy})...), append(slices.Clone(root), heavy), heights(0, 3), "stale")

	a, b := mine(root[1].Ref.Hash, 2, 4), mine(root[1].Ref.Hash, 2, 5)
	check(t, chainOf(t, append(slices.Clone(root), a, b)...), append(slices.Clone(root), a), heights(0, 3), "stale")
	check(t, chainOf(t, append(slices.Clone(root), b, a)...), append(slices.Clone(root), b), heights(0, 3), "stale")

	// A header with an absurd difficulty has no work at all.
	none := mine(root[1].Ref.Hash, 2, 6)
	none.Header.Bits = 0x01800001
	none.Ref.Hash = hashOf(none)
	check(t, chainOf(t, append(slices.Clone(root), none, a)...), append(slices.Clone(root), a), heights(0, 3), "stale")
}

// A spend on a stale branch does not count.
func TestStaleSpend(t *testing.T) {
	main := grow(model.BlockHash{}, 0, 1, 2)
	coin := main[0].Txs[0].Outpoint(0)
	spend := mine(main[1].Ref.Hash, 2, 9, []model.Outpoint{coin})
	c := chainOf(t, main[0], main[1], spend)
	s, err := c.Spenders(t.Context(), []model.Outpoint{coin})
	if err != nil || s[0].State != model.Spent || s[0].By != spend.Txs[1].Inpoint(0) {
		t.Fatalf("got %v, %v", s, err)
	}
	longer := grow(main[1].Ref.Hash, 2, 3, 2)
	c = chainOf(t, slices.Concat(main, []*model.Block{spend}, longer)...)
	s, err = c.Spenders(t.Context(), []model.Outpoint{coin})
	if err != nil || s[0].State != model.Unspent || s[0].AsOf != 3 {
		t.Fatalf("got %v, %v", s, err)
	}
}

func TestSegments(t *testing.T) {
	low := grow(model.BlockHash{}, 0, 1, 3)
	mid := grow(model.BlockHash{0xaa}, 20, 2, 12)
	high := grow(model.BlockHash{0xbb}, 70, 3, 2)
	lost := grow(model.BlockHash{0xcc}, -1, 4, 2)
	lone := grow(model.BlockHash{0xdd}, -1, 40, 1)
	c := chainOf(t, slices.Concat(lost, high, mid, low, lone)...)
	check(t, c, slices.Concat(low, mid, high, lost, lone),
		slices.Concat(heights(0, 3), heights(20, 12), heights(70, 2), []int32{-1, -1, -1}), "unplaced gap gap unplaced")
	gaps := map[int]bool{}
	for _, p := range c.Problems() {
		if p.Kind == blockfile.Gap {
			gaps[p.Blocks] = true
		}
	}
	if !gaps[17] || !gaps[38] {
		t.Errorf("gaps %v, want 17 and 38", gaps)
	}

	// Medians: all back to genesis, or eleven blocks.
	var known []bool
	for _, b := range all(t, c) {
		known = append(known, b.Ref.Has(model.KnownMedian))
	}
	want := slices.Repeat([]bool{false}, len(known))
	want[0], want[1], want[2], want[3+10], want[3+11] = true, true, true, true, true
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("medians known (-want +got)\n%s", diff)
	}

	// Ranges: unknown heights only in everything.
	for _, test := range []struct {
		r    sources.Range
		want int
	}{
		{sources.Range{}, 20}, {sources.Range{From: 1}, 16}, {sources.Range{To: 1}, 2}, {sources.Range{From: 3, To: 19}, 0},
		{sources.Range{From: 25, To: 70}, 8}, {sources.Range{From: 71, To: 1 << 30}, 1}, {sources.Range{From: 5, To: 2}, 0}, {sources.Range{From: 1000}, 0},
	} {
		n := 0
		for b, err := range c.Blocks(t.Context(), test.r) {
			if err != nil {
				t.Fatal(err)
			}
			if !test.r.All() && !test.r.Contains(b.Ref.Height) {
				t.Errorf("range %v yields height %d", test.r, b.Ref.Height)
			}
			n++
		}
		if n != test.want {
			t.Errorf("range %v: %d blocks, want %d", test.r, n, test.want)
		}
	}

	tip, err := c.Tip(t.Context())
	if err != nil || tip.Hash != high[1].Ref.Hash {
		t.Errorf("tip %v, %v", tip, err)
	}
	// Only what reaches the tip without gaps is known to be unspent.
	s, err := c.Spenders(t.Context(), []model.Outpoint{
		low[0].Txs[0].Outpoint(0), mid[0].Txs[0].Outpoint(0), high[0].Txs[0].Outpoint(0), lost[0].Txs[0].Outpoint(0),
		high[0].Txs[0].Outpoint(1), {Vout: 1<<32 - 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantSpends := make([]model.Spend, 6)
	wantSpends[2] = model.Spend{State: model.Unspent, AsOf: 71, AsOfKnown: true}
	if diff := cmp.Diff(wantSpends, s); diff != "" {
		t.Errorf("spends (-want +got)\n%s", diff)
	}
}

// A spend across a gap is known, in both directions, and resolves.
func TestSpendAcrossGap(t *testing.T) {
	low := grow(model.BlockHash{}, 0, 1, 1)
	coin := low[0].Txs[0].Outpoint(0)
	unread := model.Outpoint{Tx: model.TxID{7}, Vout: 3}
	high := mine(elsewhere, 50, 2, []model.Outpoint{coin, unread})
	for _, order := range [][]*model.Block{{low[0], high}, {high, low[0]}} {
		c := chainOf(t, order...)
		s, err := c.Spenders(t.Context(), []model.Outpoint{coin, unread, {Tx: model.TxID{7}, Vout: 2}})
		if err != nil {
			t.Fatal(err)
		}
		x := high.Txs[1]
		if diff := cmp.Diff([]model.Spend{{State: model.Spent, By: x.Inpoint(0)}, {State: model.Spent, By: x.Inpoint(1)}, {}}, s); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		xs, err := c.Txs(t.Context(), []model.TxID{x.ID})
		if err != nil {
			t.Fatal(err)
		}
		a, b := xs[0].Inputs[0], xs[0].Inputs[1]
		if !a.ValueKnown || a.Value != 50*model.Coin || a.OwnerBy != model.OwnerPrevout || b.ValueKnown || b.OwnerBy != model.OwnerUnknown {
			t.Errorf("inputs %+v and %+v", a, b)
		}
	}
}

func TestHeights(t *testing.T) {
	t.Run("of a chain without parent", func(t *testing.T) {
		b := grow(model.BlockHash{}, -1, 1, 3)
		check(t, chainOf(t, b...), b, heights(0, 3), "")
	})
	t.Run("backwards through links", func(t *testing.T) {
		b := grow(elsewhere, -1, 1, 3)
		b = append(b, mine(b[2].Ref.Hash, 40, 9))
		check(t, chainOf(t, b...), b, heights(37, 4), "")
	})
	t.Run("after the genesis block of the network", func(t *testing.T) {
		b := grow(model.Regtest.Genesis(), -1, 1, 2)
		check(t, chainOf(t, b...), b, heights(1, 2), "")
	})
	t.Run("links win over one coinbase", func(t *testing.T) {
		b := grow(elsewhere, 30, 1, 2)
		b = append(b, mine(b[1].Ref.Hash, 99, 1))
		b = append(b, mine(b[2].Ref.Hash, 33, 1))
		check(t, chainOf(t, b...), b, heights(30, 4), "height")
	})
	t.Run("genesis wins over every coinbase", func(t *testing.T) {
		b := grow(model.Regtest.Genesis(), 30, 1, 3)
		c := chainOf(t, b...)
		check(t, c, b, heights(1, 3), "height")
		if p := c.Problems()[0]; p.Blocks != 3 {
			t.Errorf("problem %+v, want three blocks", p)
		}
	})
	t.Run("that cannot be", func(t *testing.T) {
		b := grow(elsewhere, -1, 1, 5)
		b = append(b, mine(b[4].Ref.Hash, 2, 9)) // its first ancestor would be below 0
		check(t, chainOf(t, b...), b, []int32{-1, -1, -1, -1, -1, -1}, "unplaced")
		b = grow(elsewhere, 1<<31-2, 1, 1)
		b = append(b, grow(b[0].Ref.Hash, -1, 2, 3)...)
		check(t, chainOf(t, b...), b, []int32{-1, -1, -1, -1}, "unplaced")
	})
}

// Blocks that cannot be on one chain, although no link was read that says so.
func TestConflictingSegments(t *testing.T) {
	t.Run("the same parent, not read", func(t *testing.T) {
		a, b := mine(elsewhere, -1, 1), mine(elsewhere, -1, 2)
		check(t, chainOf(t, a, b), []*model.Block{a}, []int32{-1}, "unplaced stale")
	})
	t.Run("the same height", func(t *testing.T) {
		a, b := grow(elsewhere, 50, 1, 3), grow(model.BlockHash{0xaa}, 51, 2, 1)
		check(t, chainOf(t, slices.Concat(b, a)...), a, heights(50, 3), "stale")
	})
	t.Run("overlapping", func(t *testing.T) {
		a, b := grow(elsewhere, 50, 1, 3), grow(model.BlockHash{0xaa}, 52, 2, 9)
		// The parent of the first of b is another block at height 51.
		check(t, chainOf(t, slices.Concat(a, b)...), slices.Concat(a[:1], b), append([]int32{50}, heights(52, 9)...), "stale gap")
	})
	t.Run("adjacent but not linked", func(t *testing.T) {
		a, b := grow(elsewhere, 50, 1, 3), grow(model.BlockHash{0xaa}, 53, 2, 2)
		check(t, chainOf(t, slices.Concat(a, b)...), a, heights(50, 3), "stale")
	})
	t.Run("two first blocks", func(t *testing.T) {
		a, b := grow(model.BlockHash{}, 0, 1, 2), grow(model.BlockHash{}, 0, 2, 3)
		check(t, chainOf(t, slices.Concat(a, b)...), b, heights(0, 3), "stale")
	})
}

func TestTipWithoutHeights(t *testing.T) {
	a, b := grow(elsewhere, -1, 1, 2), grow(model.BlockHash{0xaa}, -1, 7, 3)
	c := chainOf(t, slices.Concat(a, b)...)
	tip, err := c.Tip(t.Context())
	if err != nil || tip.Hash != b[2].Ref.Hash || tip.Has(model.KnownHeight) {
		t.Errorf("tip %+v, %v", tip, err)
	}
	s, err := c.Spenders(t.Context(), []model.Outpoint{a[0].Txs[0].Outpoint(0), b[0].Txs[0].Outpoint(0)})
	if err != nil || s[0] != (model.Spend{}) || s[1] != (model.Spend{State: model.Unspent}) {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestImpossibleSpends(t *testing.T) {
	main := grow(model.BlockHash{}, 0, 1, 1)
	coin := main[0].Txs[0].Outpoint(0)
	first := mine(main[0].Ref.Hash, 1, 2, []model.Outpoint{coin}, []model.Outpoint{{Tx: coin.Tx, Vout: 1}})
	second := mine(first.Ref.Hash, 2, 3, []model.Outpoint{coin})
	// The order of reading does not matter, that on the chain does.
	c := chainOf(t, second, first, main[0])
	check(t, c, []*model.Block{main[0], first, second}, heights(0, 3), "overspent overspent")
	s, err := c.Spenders(t.Context(), []model.Outpoint{coin})
	if err != nil || s[0].By != first.Txs[1].Inpoint(0) {
		t.Errorf("got %v, %v", s, err)
	}
	xs, err := c.Txs(t.Context(), []model.TxID{first.Txs[2].ID})
	if err != nil || xs[0].Inputs[0].ValueKnown {
		t.Errorf("an output that does not exist has a value: %+v, %v", xs[0], err)
	}
}

// An output that was not read can be spent once as well.
func TestUnreadOutputSpentTwice(t *testing.T) {
	unread := []model.Outpoint{{Tx: model.TxID{7}}}
	main := grow(model.BlockHash{}, 0, 1, 1)
	first := mine(main[0].Ref.Hash, 1, 2, unread)
	second := mine(first.Ref.Hash, 2, 3, unread, []model.Outpoint{{Tx: model.TxID{7}, Vout: 1}})
	c := chainOf(t, second, main[0], first)
	check(t, c, []*model.Block{main[0], first, second}, heights(0, 3), "overspent")
	s, err := c.Spenders(t.Context(), []model.Outpoint{unread[0], {Tx: model.TxID{7}, Vout: 1}})
	if err != nil || s[0].By != first.Txs[1].Inpoint(0) || s[1].By != second.Txs[2].Inpoint(0) {
		t.Errorf("got %v, %v", s, err)
	}
}

// Before BIP 30 a coinbase could be repeated, and two were.
func TestRepeatedTransaction(t *testing.T) {
	a := grow(model.BlockHash{}, -1, 1, 1)
	b := mine(a[0].Ref.Hash, -1, 1)
	c := chainOf(t, a[0], b)
	check(t, c, []*model.Block{a[0], b}, heights(0, 2), "repeated")
	xs, err := c.Txs(t.Context(), []model.TxID{b.Txs[0].ID})
	if err != nil || xs[0].Block.Height != 1 {
		t.Errorf("got %+v, %v", xs[0], err)
	}
}

// A list of transactions whose end is repeated has the same Merkle root.
func TestRepeatedEndOfBlock(t *testing.T) {
	main := grow(model.BlockHash{}, 0, 1, 2)
	coin := func(i int) []model.Outpoint { return []model.Outpoint{{Tx: model.TxID{1, byte(i)}}} }
	// The root takes the last one twice wherever a level has an odd number.
	for _, test := range []struct{ spends, tail int }{{2, 1}, {4, 1}, {5, 2}, {6, 1}, {11, 4}} {
		var spends [][]model.Outpoint
		for i := range test.spends {
			spends = append(spends, coin(i))
		}
		good := mine(main[1].Ref.Hash, 2, 1, spends...)
		bad := *good
		bad.Txs = append(slices.Clone(good.Txs), good.Txs[len(good.Txs)-test.tail:]...)
		c := chainOf(t, main[0], main[1], &bad, good)
		check(t, c, append(slices.Clone(main), good), heights(0, 3), "forged")
		if p := c.Problems()[0]; !strings.Contains(p.Detail, "repeated") {
			t.Errorf("%d spends: %v", test.spends, p)
		}
	}
}

func TestWitnessCommitment(t *testing.T) {
	raw := realdata.Read(t, "blocks/mainnet-702861.raw.gz")
	blk, err := model.DecodeBlock(raw, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	// A bit of the first signature of a witness: no id and no root changes.
	var sig []byte
	for _, x := range blk.Txs[1:] {
		if len(x.Inputs[0].Witness) > 0 && len(x.Inputs[0].Witness[0]) > 60 {
			sig = x.Inputs[0].Witness[0]
			break
		}
	}
	sig[20] ^= 1 // aliases raw
	_, err = blockfile.Open(t.Context(), []string{write(t, t.TempDir(), "x", raw)}, blockfile.Options{})
	if err == nil || !strings.Contains(err.Error(), "witnesses") {
		t.Errorf("got %v", err)
	}
}

func TestCheckWork(t *testing.T) {
	raw := realdata.Read(t, "blocks/mainnet-300025.raw.gz")
	raw[79] ^= 1 // the nonce
	path := write(t, t.TempDir(), "x", raw)
	open(t, blockfile.Options{}, path)
	if _, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{CheckWork: true}); err == nil {
		t.Error("a block without work passes")
	}
	// Work that no network would take for enough.
	easy := mine(elsewhere, 5, 1)
	easy.Header.Bits = 0x2100ffff
	path = write(t, t.TempDir(), "x", records(easy))
	if _, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{Network: model.Regtest, CheckWork: true}); err == nil {
		t.Error("a block with too little difficulty passes")
	}
}
