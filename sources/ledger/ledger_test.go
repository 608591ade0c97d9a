package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const chainText = `
tx f1: new(alice) 1 => bob 0.5, alice rest
tx f2: f1.0 f1.1 => carol 0.4, carol 0.6
tx f3: f2.1 new(bob) 1 => dave 1
`

// decoded returns the chain as it comes off a node's disk: inputs without
// values, with heights.
func decoded(t *testing.T, f *File) []*model.Block {
	t.Helper()
	var blocks []*model.Block
	for _, b := range f.Ledger.blocks {
		d, err := model.DecodeBlock(model.AppendBlock(nil, b), f.Ledger.net)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, d)
	}
	return blocks
}

func TestNewResolvesPrevouts(t *testing.T) {
	f := mustParse(t, chainText)
	blocks := decoded(t, f)
	before := *blocks[1].Txs[1]
	beforeInputs := slices.Clone(before.Inputs)
	l, err := New(model.Mainnet, blocks, Contents{})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := f.Tx("f2")
	got, err := l.Txs(context.Background(), []model.TxID{id})
	if err != nil {
		t.Fatal(err)
	}
	want := tx(t, f, "f2")
	check(t, "resolved inputs", want.Inputs, got[0].Inputs, cmpopts.EquateEmpty())
	check(t, "the caller's transaction", beforeInputs, blocks[1].Txs[1].Inputs, cmpopts.EquateEmpty())

	id, _ = f.Tx("f3")
	got, _ = l.Txs(context.Background(), []model.TxID{id})
	in := got[0].Inputs
	check(t, "first input", "true prevout", fmt.Sprint(in[0].ValueKnown, " ", in[0].OwnerBy))
	check(t, "input from outside", "false unlocking", fmt.Sprint(in[1].ValueKnown, " ", in[1].OwnerBy))
}

func TestNewRefuses(t *testing.T) {
	f := mustParse(t, chainText)
	day := time.Date(2022, 8, 18, 0, 0, 0, 0, time.UTC)
	a, _ := f.Address("alice")
	price := model.Price{Currency: "USD", Day: day, Rate: decimal.NewFromInt(1)}
	// seal makes ids, hashes and links right again after a change.
	seal := func(bs []*model.Block) {
		for i, b := range bs {
			var ids []model.TxID
			for _, t := range b.Txs {
				t.ID = model.HashTx(t)
				ids = append(ids, t.ID)
			}
			b.Header.MerkleRoot = model.MerkleRoot(ids)
			if i > 0 {
				b.Header.Prev = bs[i-1].Ref.Hash
			}
			b.Ref.Hash = hashHeader(&b.Header)
		}
	}
	for _, c := range []struct {
		want   string
		change func(bs []*model.Block, c *Contents) []*model.Block
	}{
		{"the height is not known", func(bs []*model.Block, c *Contents) []*model.Block { bs[0].Ref.Known &^= model.KnownHeight; return bs }},
		{"not that of the header", func(bs []*model.Block, c *Contents) []*model.Block { bs[0].Header.Nonce++; return bs }},
		{"comes after the block at height 800001", func(bs []*model.Block, c *Contents) []*model.Block { bs[0], bs[1] = bs[1], bs[0]; return bs }},
		{"its parent is", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Header.Prev = model.BlockHash{1}
			bs[1].Ref.Hash = hashHeader(&bs[1].Header)
			return bs
		}},
		{"Merkle root", func(bs []*model.Block, c *Contents) []*model.Block { bs[0].Txs = bs[0].Txs[:1]; return bs }},
		{"no coinbase", func(bs []*model.Block, c *Contents) []*model.Block { bs[0].Txs = nil; return bs }},
		{"stands first", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[0].Txs[0], bs[0].Txs[1] = bs[0].Txs[1], bs[0].Txs[0]
			seal(bs)
			return bs
		}},
		{"its fields hash to", func(bs []*model.Block, c *Contents) []*model.Block { bs[0].Txs[1].Version++; return bs }},
		{"stands twice", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[1] = bs[0].Txs[1]
			seal(bs)
			return bs
		}},
		{"which", func(bs []*model.Block, c *Contents) []*model.Block { // a double spend
			bs[2].Txs[1].Inputs[0].Prev = bs[1].Txs[1].Inputs[0].Prev
			seal(bs)
			return bs
		}},
		{"but there are 2 outputs", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[1].Inputs[0].Prev.Vout = 7
			seal(bs)
			return bs
		}},
		{"is spent before it is made", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[0].Txs[1].Inputs[0].Prev = bs[2].Txs[1].Outpoint(0)
			return bs
		}},
		{"has the value", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[1].Inputs[0].Value, bs[1].Txs[1].Inputs[0].ValueKnown = 7, true
			return bs
		}},
		{"is owned by", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[1].Inputs[0].Owner, bs[1].Txs[1].Inputs[0].OwnerBy = a, model.OwnerPrevout
			return bs
		}},
		{"but its script says", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[1].Outputs[0].Owner = a
			return bs
		}},
		{"more than the", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[1].Outputs[0].Value *= 3
			seal(bs)
			return bs
		}},
		{"is out of range", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[2].Txs[1].Outputs[0].Value = -1
			seal(bs)
			return bs
		}},
		{"more than subsidy and fees", func(bs []*model.Block, c *Contents) []*model.Block {
			bs[1].Txs[0].Outputs[0].Value++
			seal(bs)
			return bs
		}},
		{"is on nothing", func(bs []*model.Block, c *Contents) []*model.Block {
			c.Labels = []model.Label{{Entity: "x"}}
			return bs
		}},
		{"confidence 2.00 is more than 1", func(bs []*model.Block, c *Contents) []*model.Block {
			c.Labels = []model.Label{{On: model.RefAddress(a), Confidence: 2 * model.Certain}}
			return bs
		}},
		{"an address of signet", func(bs []*model.Block, c *Contents) []*model.Block {
			s, _ := a.Script()
			c.Labels = []model.Label{{On: model.RefAddress(model.AddressOf(s, model.Signet))}}
			return bs
		}},
		{"no bytes", func(bs []*model.Block, c *Contents) []*model.Block { c.Tags = []model.Tag{{Entity: "x"}}; return bs }},
		{"stands twice", func(bs []*model.Block, c *Contents) []*model.Block { c.Prices = []model.Price{price, price}; return bs }},
		{"not midnight", func(bs []*model.Block, c *Contents) []*model.Block {
			p := price
			p.Day = p.Day.Add(time.Hour)
			c.Prices = []model.Price{p}
			return bs
		}},
		{"is not positive", func(bs []*model.Block, c *Contents) []*model.Block {
			p := price
			p.Rate = decimal.Zero
			c.Prices = []model.Price{p}
			return bs
		}},
	} {
		var contents Contents
		l, err := New(model.Mainnet, c.change(decoded(t, f), &contents), contents)
		if err == nil || l != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if _, err := New(model.Mainnet, decoded(t, f), Contents{Prices: []model.Price{price}}); err != nil {
		t.Errorf("the chain without a change: %v", err)
	}
}

func TestEmptyLedger(t *testing.T) {
	l, err := New(model.Mainnet, nil, Contents{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*Ledger{l, new(Ledger), mustParse(t, "").Ledger} {
		_, err = l.Tip(context.Background())
		var se *sources.Error
		if !errors.Is(err, sources.ErrNotFound) || !errors.As(err, &se) {
			t.Errorf("tip of an empty ledger: %v", err)
		}
		for range l.Blocks(context.Background(), sources.Range{}) {
			t.Error("an empty ledger has a block")
		}
	}
}

func TestSpenders(t *testing.T) {
	f := mustParse(t, chainText)
	f1, f3 := tx(t, f, "f1"), tx(t, f, "f3")
	f2 := tx(t, f, "f2")
	got, err := f.Ledger.Spenders(context.Background(), []model.Outpoint{
		f1.Outpoint(0), f3.Outpoint(0), f3.Inputs[1].Prev, f3.Outpoint(1), {Vout: 1<<32 - 1}, f1.Outpoint(1),
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "spends", []model.Spend{
		{State: model.Spent, By: f2.Inpoint(0)},
		{State: model.Unspent, AsOf: 800002, AsOfKnown: true},
		{State: model.Spent, By: f3.Inpoint(1)}, // from outside, spent inside
		{}, {},                                  // no such output
		{State: model.Spent, By: f2.Inpoint(1)},
	}, got)
}

func TestHistory(t *testing.T) {
	f := mustParse(t, chainText)
	names := func(owner string, r sources.Range) string {
		a, err := f.Address(owner)
		if err != nil {
			t.Fatal(err)
		}
		var s []string
		for tx, err := range f.Ledger.History(context.Background(), a, r) {
			if err != nil {
				t.Fatal(err)
			}
			name, _ := f.TxName(tx.ID)
			s = append(s, name)
		}
		return strings.Join(s, " ")
	}
	check(t, "alice", "f1 f2", names("alice", sources.Range{}))
	check(t, "bob", "f1 f2 f3", names("bob", sources.Range{}))
	check(t, "carol, paid twice at once", "f2 f3", names("carol", sources.Range{}))
	check(t, "bob in the middle", "f2", names("bob", sources.Range{From: 800001, To: 800001}))
	check(t, "nobody", "", names("nobody", sources.Range{}))
	check(t, "the second form of bob", "", names("bob:p2tr", sources.Range{}))
	for range f.Ledger.History(context.Background(), model.Address{}, sources.Range{}) {
		t.Error("the zero address has a history")
	}
}

func TestSelect(t *testing.T) {
	f := mustParse(t, chainText+"label L: addr(carol) category=exchange from=2030-01-01")
	count := func(fs []model.Filter, r sources.Range) (n int) {
		for _, err := range f.Ledger.Select(context.Background(), fs, r) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	check(t, "no filter", 6, count(nil, sources.Range{}))
	check(t, "a range", 2, count(nil, sources.Range{From: 800002}))
	check(t, "coinbases", 3, count([]model.Filter{{Coinbase: true}}, sources.Range{}))
	check(t, "any of two", 5, count([]model.Filter{{Coinbase: true}, {MinInputs: 2}}, sources.Range{}))
	check(t, "pays an exchange", 1, count([]model.Filter{{Pays: []model.Category{"exchange"}}}, sources.Range{}))
	check(t, "spends of an exchange", 1, count([]model.Filter{{Spends: []model.Category{"exchange"}}}, sources.Range{}))
	check(t, "pays a pool", 0, count([]model.Filter{{Pays: []model.Category{"mining_pool"}}}, sources.Range{}))
}

func TestAllCapabilities(t *testing.T) {
	has := mustParse(t, chainText).Ledger.Set().Has()
	check(t, "capabilities", sources.Books<<1-1, has)
}

func TestFill(t *testing.T) {
	text := "time 2023-07-24 00:00\ntx a: new => alice 1\ntime 2023-07-24 02:05\ntx b: a.0 => bob 1\nheight 800020\ntx c: b.0 => carol 1\n"
	plain, err := Parse("plain", text)
	if err != nil {
		t.Fatal(err)
	}
	filled, err := Parse("filled", "fill\n"+text)
	if err != nil {
		t.Fatal(err)
	}
	blocks := func(f *File) (out []*model.Block) {
		for b, err := range f.Ledger.Blocks(t.Context(), sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b)
		}
		return out
	}
	if n := len(blocks(plain)); n != 3 {
		t.Errorf("%d blocks without fill, want 3", n)
	}
	bs := blocks(filled)
	if len(bs) != 21 {
		t.Fatalf("%d blocks with fill, want heights 800000 to 800020", len(bs))
	}
	for i, b := range bs {
		if want := int32(800_000 + i); b.Ref.Height != want {
			t.Errorf("block %d has height %d, want %d", i, b.Ref.Height, want)
		}
		if i > 0 && (b.Header.Prev != bs[i-1].Ref.Hash || b.Ref.Time < bs[i-1].Ref.Time) {
			t.Errorf("block at %d is not linked to the one before, or earlier", b.Ref.Height)
		}
	}
	// Filling changes no transaction.
	for _, name := range []string{"a", "b", "c"} {
		x, _ := plain.Tx(name)
		y, _ := filled.Tx(name)
		if x != y {
			t.Errorf("%s has another id", name)
		}
	}
	for _, bad := range []string{"tx a: new => alice 1\nfill\n", "fill 3\n", "fill\ntx a: new => alice 1\nheight 9000000\ntx b: a.0 => bob 1\n"} {
		if _, err := Parse("bad", bad); err == nil {
			t.Errorf("%q parses", bad)
		}
	}
}
