package taint_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

func early(t testing.TB) *blockfile.Chain {
	t.Helper()
	c, err := blockfile.Open(t.Context(), []string{realdata.Path(t, "blocks/mainnet-0-14131.blk.dat.gz")}, blockfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func id(t testing.TB, s string) model.TxID {
	t.Helper()
	id, err := model.ParseTxID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The coinbase of block 9 and what became of it. Every link has one input and no
// fee, so that by hand, from 50 coins on:
//
//	height 170  f4184fc5  50 -> 10 to a payee, 40 kept
//	height 181  a16f3ce4  40 -> 10, 30
//	height 182  591e91f8  30 -> 1, 29
//	height 183  12b5633b  29 -> 1, 28
//	height 187  4385fcf8  the 1 of 183 -> 1
//	height 221  298ca204  the 1 of 182 -> 1
//	height 248  828ef3b0  28 -> 10, 18
//	height 496  a3b0e9e7  50 of another coinbase, the 1 of 187, the 10 of 248 -> 61
//
// Up to height 248 the whole of each link descends from the coinbase under every
// policy: 10 + 10 + 1 + 1 + 10 + 18 = 50. Where the payee of two links joins what
// he has with 50 coins of another block, 11 of 61 descend from it by haircut; by
// FIFO they are the last 11 and by LIFO the first 11; poison makes 61 of them.
func TestPeelingChainOf2009(t *testing.T) {
	c := early(t)
	const (
		f4184 = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
		a16f  = "a16f3ce4dd5deb92d98ef5cf8afeaf0775ebca408f708b2146c4fb42b41e14be"
		t591e = "591e91f809d716912ca1d4a9295e70c3e78bab077683f79350f101da64588073"
		t12b5 = "12b5633bad1f9c167d523ad1aa1947b2732a865bf5414eab2f9e5ae5d5c191ba"
		t828e = "828ef3b079f9c23829c56fe86e85b4a69d9e06e5b54ea597eef5fb3ffef509fe"
		a3b0  = "a3b0e9e7cddbbe78270fa4182a7675ff00b92872d8df7d14265a2b1e379a9d33"
	)
	coinbase := id(t, "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9")
	chain := []struct {
		tx         string
		paid, kept model.Amount
	}{{f4184, 10, 40}, {a16f, 10, 30}, {t591e, 1, 29}, {t12b5, 1, 28}, {t828e, 10, 18}}
	joined := map[taint.Policy][]taint.Segment{
		taint.Haircut: {{Value: 11 * model.Coin, Colour: 1}, {Value: 50 * model.Coin}},
		taint.FIFO:    {{Value: 50 * model.Coin}, {Value: 11 * model.Coin, Colour: 1}},
		taint.LIFO:    {{Value: 11 * model.Coin, Colour: 1}, {Value: 50 * model.Coin}},
		taint.Poison:  {{Value: 61 * model.Coin, Colour: 1}},
	}
	for p, want := range joined {
		tr, err := taint.NewTracer(taint.Rules{Policy: p}, taint.Boundary{}, taint.Seed{Out: model.Outpoint{Tx: coinbase}, Colour: 1})
		if err != nil {
			t.Fatal(err)
		}
		links := map[model.TxID][2]model.Amount{}
		for b, err := range c.Set().Blocks.Blocks(t.Context(), sources.Range{To: 496}) {
			if err != nil {
				t.Fatal(err)
			}
			if err := tr.Block(b); err != nil {
				t.Fatal(err)
			}
			for _, tx := range b.Txs {
				paid, kept := taint.Of(tr.Output(tx.Outpoint(0)), 1), taint.Of(tr.Output(tx.Outpoint(1)), 1)
				links[tx.ID] = [2]model.Amount{paid, kept}
			}
		}
		for _, l := range chain {
			if got := links[id(t, l.tx)]; got != [2]model.Amount{l.paid * model.Coin, l.kept * model.Coin} {
				t.Errorf("%v: of %s descend %v", p, l.tx, got)
			}
		}
		if diff := cmp.Diff(want, tr.Output(model.Outpoint{Tx: id(t, a3b0)})); diff != "" {
			t.Errorf("%v at height 496 (-want +got)\n%s", p, diff)
		}
		a := tr.Accounts()[0]
		if p != taint.Poison && (a.Seeded != 50*model.Coin || a.Held != 50*model.Coin) {
			t.Errorf("%v: %+v", p, a)
		}
	}
}

// To the end of the file nothing is lost, and look-ups find what the sweep does.
func TestEarlyChainConserves(t *testing.T) {
	c := early(t)
	seed := taint.Seed{Out: model.Outpoint{Tx: id(t, "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9")}, Colour: 1}
	var rules []taint.Rules
	var sweeps []*taint.Tracer
	for _, p := range taint.Policies() {
		rules = append(rules, taint.Rules{Policy: p})
		tr, err := taint.NewTracer(rules[len(rules)-1], taint.Boundary{}, seed)
		if err != nil {
			t.Fatal(err)
		}
		sweeps = append(sweeps, tr)
	}
	for b, err := range c.Set().Blocks.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range sweeps {
			if err := tr.Block(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	flow, err := taint.Forward(t.Context(), set{c.Set()}, []taint.Seed{seed}, rules, taint.Boundary{}, taint.Limits{Hops: 64, Txs: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for i, tr := range sweeps {
		a := tr.Accounts()[0]
		if rules[i].Policy != taint.Poison && (a.Seeded != 50*model.Coin || a.Held+a.Mix+a.Fee != a.Seeded) {
			t.Errorf("%v: %+v", rules[i].Policy, a)
		}
		if diff := cmp.Diff(tr.Accounts(), flow.Traces[i].Accounts); diff != "" {
			t.Errorf("%v (-sweep +forward)\n%s", rules[i].Policy, diff)
		}
		t.Logf("%v: %d transactions, %d ends, %+v", rules[i].Policy, len(flow.Txs), len(flow.Traces[i].Arrivals), a)
	}
}

type set struct{ s sources.Set }

func (s set) Txs(ctx context.Context, ids ...model.TxID) ([]*model.Tx, error) {
	return s.s.Txs.Txs(ctx, ids)
}

func (s set) Spenders(ctx context.Context, outs ...model.Outpoint) ([]model.Spend, error) {
	return s.s.Spends.Spenders(ctx, outs)
}

func BenchmarkSweep(b *testing.B) {
	c := early(b)
	var bs []*model.Block
	n := 0
	for blk, err := range c.Set().Blocks.Blocks(b.Context(), sources.Range{}) {
		if err != nil {
			b.Fatal(err)
		}
		bs = append(bs, blk)
		for _, tx := range blk.Txs {
			n += len(tx.Inputs) + len(tx.Outputs)
		}
	}
	seed := taint.Seed{Out: model.Outpoint{Tx: id(b, "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9")}, Colour: 1}
	b.ReportAllocs()
	for b.Loop() {
		tr, err := taint.NewTracer(taint.Rules{}, taint.Boundary{}, seed)
		if err != nil {
			b.Fatal(err)
		}
		for _, blk := range bs {
			if err := tr.Block(blk); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/part")
}
