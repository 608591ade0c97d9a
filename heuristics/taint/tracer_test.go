package taint

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// reader answers from a ledger, and counts.
type reader struct {
	l     *ledger.Ledger
	calls int
}

func (r *reader) Txs(ctx context.Context, ids ...model.TxID) ([]*model.Tx, error) {
	r.calls++
	return r.l.Set().Txs.Txs(ctx, ids)
}

func (r *reader) Spenders(ctx context.Context, outs ...model.Outpoint) ([]model.Spend, error) {
	r.calls++
	return r.l.Set().Spends.Spenders(ctx, outs)
}

func blocks(t testing.TB, l *ledger.Ledger) (bs []*model.Block) {
	t.Helper()
	for b, err := range l.Set().Blocks.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		bs = append(bs, b)
	}
	return bs
}

func out(t testing.TB, f *ledger.File, tx string, vout uint32) model.Outpoint {
	t.Helper()
	id, ok := f.Tx(tx)
	if !ok {
		t.Fatalf("no transaction %s", tx)
	}
	return model.Outpoint{Tx: id, Vout: vout}
}

func sweep(t testing.TB, f *ledger.File, r Rules, b Boundary, seeds ...Seed) *Tracer {
	t.Helper()
	tr, err := NewTracer(r, b, seeds...)
	if err != nil {
		t.Fatal(err)
	}
	for _, blk := range blocks(t, f.Ledger) {
		if err := tr.Block(blk); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

// pays stops taint at the addresses of owners.
func pays(t testing.TB, f *ledger.File, owners ...string) func(*model.Tx, int) bool {
	t.Helper()
	var as []model.Address
	for _, o := range owners {
		a, err := f.Address(o)
		if err != nil {
			t.Fatal(err)
		}
		as = append(as, a)
	}
	return func(tx *model.Tx, i int) bool { return slices.Contains(as, tx.Outputs[i].Owner) }
}

// A marketplace pays its sellers with what its customers paid in: none of them
// received stolen coins.
func TestTaintStopsAtServices(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx theft: new(victim) 0.9 => thief 0.9
tx order: theft.0 fee=1000sat => market 0.3, thief#2 rest
tx pay: order.0 new(other) 0.5 fee=1000sat => seller 0.4, market rest
tx on: order.1 fee=1000sat => somebody rest
`)
	for _, p := range Policies() {
		tr := sweep(t, f, Rules{Policy: p}, Boundary{Stops: pays(t, f, "market")}, Seed{out(t, f, "theft", 0), red})
		if segs := tr.Output(out(t, f, "pay", 0)); segs != nil {
			t.Errorf("%v: the seller holds %v", p, segs)
		}
		i := slices.IndexFunc(tr.Arrivals(), func(a Arrival) bool { return a.End == Service })
		if i < 0 {
			t.Fatalf("%v: nothing is booked to the service", p)
		}
		if a := tr.Arrivals()[i]; a.Amount != 30_000_000 || a.Out != out(t, f, "order", 0) || a.Hops != 1 {
			t.Errorf("%v: the service is booked %+v", p, a)
		}
	}
}

func TestTaintStopsInMixes(t *testing.T) {
	f := heuristictest.Ledger(t, `
time 2022-09-22 09:30
tx theft: new(victim) => thief 5_000_302sat
time 2022-09-22 18:50
tx mix: new(p#1) 5_000_000sat new(p#2) 5_000_000sat theft.0 new(p#3) 5_000_302sat new(p#4) 5_000_302sat => o#1 5_000_000sat, o#2 5_000_000sat, o#3 5_000_000sat, o#4 5_000_000sat, o#5 5_000_000sat
`)
	seed := Seed{out(t, f, "theft", 0), red}
	tr := sweep(t, f, Rules{}, Boundary{}, seed)
	if diff := cmp.Diff([]Account{{Colour: red, Seeded: 5_000_302, Mix: 5_000_302}}, tr.Accounts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	through := sweep(t, f, Rules{}, Boundary{Mixes: func(*model.Tx) bool { return false }}, seed)
	if got := through.Accounts()[0]; got.Mix != 0 || got.Held+got.Fee != 5_000_302 {
		t.Errorf("through the mix: %+v", got)
	}
}

// Nobody knows what an input is worth, so that the outputs can be divided under no
// policy: they are unknown, not clean. That they are poisoned is known.
func TestUnknownValueIsUnknown(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx theft: new(victim) 0.9 => thief 0.9
tx join: theft.0 unknown => a 0.7, b 0.8
tx on: join.0 => c 0.6, d rest
`)
	for _, p := range Policies() {
		tr := sweep(t, f, Rules{Policy: p}, Boundary{}, Seed{out(t, f, "theft", 0), red})
		v, tainted, unknown := Sum(tr.Output(out(t, f, "on", 0)))
		if p == Poison {
			if tainted != v || v != 60_000_000 {
				t.Errorf("poison: %v of %v", tainted, v)
			}
			continue
		}
		if tainted != 0 || unknown != 60_000_000 {
			t.Errorf("%v: %v tainted, %v unknown of %v", p, tainted, unknown, v)
		}
		if got := tr.Accounts(); len(got) != 2 || got[0].Lost != 90_000_000 || got[1].Seeded != got[1].Held+got[1].Fee {
			t.Errorf("%v: %+v", p, got)
		}
	}
}

// The second thief steals what was stolen before: the first victim keeps the claim.
func TestCollision(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx theft: new(victim) 0.9 => thief 0.9
tx robbed: theft.0 new(merchant) 0.1 => rogue 1
tx on: robbed.0 => c 0.5, d 0.5
`)
	tr := sweep(t, f, Rules{}, Boundary{}, Seed{out(t, f, "theft", 0), 1}, Seed{out(t, f, "robbed", 0), 2})
	if diff := cmp.Diff([]Segment{{45_000_000, 1}, {5_000_000, 2}}, tr.Output(out(t, f, "on", 0))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]Collision{{out(t, f, "robbed", 0), 1, 2, 90_000_000}}, tr.Collisions()); diff != "" {
		t.Errorf("collisions (-want +got)\n%s", diff)
	}
}

// A tainted fee ends in the fee, unless the books are asked for; then it goes to
// whoever mined the block.
func TestFees(t *testing.T) {
	const text = `
tx theft: new(victim) 1 => thief 1
time 2023-07-25 00:00
coinbase cb: tag="/Northpool/" => pool 6.35
time 2023-07-25 00:00
tx pay: theft.0 fee=0.1 => a 0.9
time 2023-07-25 00:00
tx clean: new(x) 1 fee=0.2 => b 0.8
height 800400
tx out: cb.0 => miner 6.35
`
	f := heuristictest.Ledger(t, text)
	seed := Seed{out(t, f, "theft", 0), red}
	off := sweep(t, f, Rules{Policy: FIFO}, Boundary{}, seed)
	if diff := cmp.Diff([]Account{{Colour: red, Seeded: model.Coin, Held: 90_000_000, Fee: 10_000_000}}, off.Accounts()); diff != "" {
		t.Errorf("off (-want +got)\n%s", diff)
	}
	on := sweep(t, f, Rules{Policy: FIFO, TaintFees: true}, Boundary{}, seed)
	if diff := cmp.Diff([]Account{{Colour: red, Seeded: model.Coin, Held: model.Coin}}, on.Accounts()); diff != "" {
		t.Errorf("on (-want +got)\n%s", diff)
	}
	if got := on.Output(out(t, f, "out", 0)); Of(got, red) != 10_000_000 {
		t.Errorf("the miner holds %v", got)
	}
	// The miner claims 0.2 less than there is: with the new coins last in the
	// queue, that is what he leaves.
	first := sweep(t, f, Rules{Policy: LIFO, TaintFees: true, FeesFirst: true}, Boundary{}, seed)
	if got := first.Accounts()[0]; got.Burned != 10_000_000 {
		t.Errorf("fees first, from the back: %+v", got)
	}
}

// random makes a ledger of payments among twenty wallets, which spend whatever
// they have, with some values unknown.
func random(t testing.TB, seed uint64, txs int, unknowns bool) []*model.Block {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	type coin struct {
		out   model.Outpoint
		value model.Amount
	}
	var coins []coin
	var bs []*model.Block
	id := func(n int) (id model.TxID) {
		id[0], id[1], id[2], id[31] = byte(n), byte(n>>8), byte(n>>16), byte(seed)
		return id
	}
	for n := 0; n < txs; {
		height := int32(len(bs))
		ref := model.BlockRef{Height: height, Known: model.KnownHeight | model.KnownPos}
		b := &model.Block{Ref: ref}
		var fees model.Amount
		blind := false
		for range 1 + r.IntN(4) {
			tx := &model.Tx{ID: id(n), Block: ref}
			tx.Block.Pos = int32(len(b.Txs)) + 1
			n++
			var in model.Amount
			for range 1 + r.IntN(4) {
				c := coin{model.Outpoint{Tx: id(1 << 20), Vout: uint32(r.Uint32())}, model.Amount(1 + r.Int64N(1e9))}
				if len(coins) > 0 && r.IntN(5) > 0 {
					k := r.IntN(len(coins))
					c = coins[k]
					coins = slices.Delete(coins, k, k+1)
				}
				known := !unknowns || r.IntN(12) > 0
				blind = blind || !known
				tx.Inputs = append(tx.Inputs, model.Input{Prev: c.out, Value: c.value, ValueKnown: known})
				in += c.value
			}
			for v := range 1 + r.IntN(4) {
				o := model.Amount(r.Int64N(int64(in) + 1))
				in -= o
				tx.Outputs = append(tx.Outputs, model.Output{Value: o})
				coins = append(coins, coin{tx.Outpoint(v), o})
			}
			fees += in
			b.Txs = append(b.Txs, tx)
		}
		cb := &model.Tx{ID: id(n), Block: ref, Inputs: []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}}}}
		n++
		claim := model.Amount(r.Int64N(int64(model.Mainnet.Subsidy(height)+fees) + 1))
		cb.Outputs = []model.Output{{Value: claim / 3}, {Value: claim - claim/3}}
		if !cb.Coinbase() {
			t.Fatal("no coinbase")
		}
		b.Txs = append([]*model.Tx{cb}, b.Txs...)
		coins = append(coins, coin{cb.Outpoint(0), claim / 3}, coin{cb.Outpoint(1), claim - claim/3})
		bs = append(bs, b)
		_ = blind
	}
	return bs
}

// Over random ledgers with many thefts, every unit of every colour ends somewhere,
// once, under every policy but poison, with and without fees; and every held
// output's segments sum to its value.
func TestTracerConserves(t *testing.T) {
	for seed := range uint64(60) {
		bs := random(t, seed, 150, seed%3 == 0)
		r := rand.New(rand.NewPCG(seed, 9))
		var seeds []Seed
		for c := range uint32(12) {
			b := bs[r.IntN(len(bs))]
			tx := b.Txs[r.IntN(len(b.Txs))]
			seeds = append(seeds, Seed{tx.Outpoint(r.IntN(len(tx.Outputs))), c/2 + 1})
		}
		values := map[model.Outpoint]model.Amount{}
		for _, b := range bs {
			for _, tx := range b.Txs {
				for i := range tx.Outputs {
					values[tx.Outpoint(i)] = tx.Outputs[i].Value
				}
			}
		}
		for _, p := range Policies() {
			for _, fees := range []bool{false, true} {
				stops := func(tx *model.Tx, i int) bool { return (int(tx.ID[0])+i)%17 == 0 }
				tr, err := NewTracer(Rules{Policy: p, TaintFees: fees, FeesFirst: seed%2 == 0}, Boundary{Stops: stops, Mixes: func(tx *model.Tx) bool { return tx.ID[0] == 77 }}, seeds...)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range bs {
					if err := tr.Block(b); err != nil {
						t.Fatal(err)
					}
				}
				for _, a := range tr.Arrivals() {
					if v, _, _ := Sum(tr.Output(a.Out)); a.End == Held && v != values[a.Out] {
						t.Fatalf("ledger %d, %v: %v holds %v of %v", seed, p, a.Out, v, values[a.Out])
					}
				}
				if p == Poison {
					continue
				}
				for _, a := range tr.Accounts() {
					if sum := a.Held + a.Service + a.Mix + a.Fee + a.Burned + a.Lost + a.Cut; sum != a.Seeded {
						t.Fatalf("ledger %d, %v, fees %v: colour %d began with %v and ended as %v: %+v", seed, p, fees, a.Colour, a.Seeded, sum, a)
					}
				}
			}
		}
	}
}

// Look-ups find what a sweep finds, in as many rounds as there are hops.
func TestForwardFindsWhatASweepFinds(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx theft: new(victim) 0.9 => thief 0.9
tx t1: theft.0 fee=1000sat => a 0.4, b rest
tx t2: t1.0 new(x) 0.3 fee=1000sat => c 0.1, market 0.2, d rest
tx t3: t1.1 t2.2 fee=1000sat => e 0.5, g rest
tx t4: t3.0 t2.0 fee=1000sat => h rest
tx bystander: new(y) 1 => z 1
`)
	seed := Seed{out(t, f, "theft", 0), red}
	b := Boundary{Stops: pays(t, f, "market")}
	var rules []Rules
	for _, p := range Policies() {
		rules = append(rules, Rules{Policy: p})
	}
	r := &reader{l: f.Ledger}
	flow, err := Forward(t.Context(), r, []Seed{seed}, rules, b, Limits{Hops: 10, Txs: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i, tr := range flow.Traces {
		want := sweep(t, f, rules[i], b, seed)
		if diff := cmp.Diff(want.Arrivals(), tr.Arrivals, cmp.AllowUnexported(model.Address{})); diff != "" {
			t.Errorf("%v (-sweep +forward)\n%s", tr.Policy, diff)
		}
		if diff := cmp.Diff(want.Accounts(), tr.Accounts); diff != "" {
			t.Errorf("%v (-sweep +forward)\n%s", tr.Policy, diff)
		}
		for j := range tr.Open {
			if tr.Open[j] != None {
				t.Errorf("%v: %v is open: %v", tr.Policy, tr.Arrivals[j].Out, tr.Open[j])
			}
		}
	}
	if r.calls > 2+2*5 {
		t.Errorf("%d calls for five hops", r.calls)
	}
}

func TestForwardSaysWhereItStops(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx theft: new(victim) 0.9 => thief 0.9
tx t1: theft.0 fee=1000sat => a rest
tx t2: t1.0 fee=1000sat => b rest
tx t3: t2.0 fee=1000sat => c rest
`)
	seeds := []Seed{{out(t, f, "theft", 0), red}}
	at := func(lim Limits) (model.Outpoint, Reason) {
		flow, err := Forward(t.Context(), &reader{l: f.Ledger}, seeds, []Rules{{Policy: FIFO}}, Boundary{}, lim)
		if err != nil {
			t.Fatal(err)
		}
		tr := flow.Traces[0]
		i := slices.IndexFunc(tr.Arrivals, func(a Arrival) bool { return a.End == Held })
		return tr.Arrivals[i].Out, tr.Open[i]
	}
	if o, why := at(Limits{Hops: 2, Txs: 100}); o != out(t, f, "t2", 0) || why != NoHops {
		t.Errorf("two hops end at %v: %v", o, why)
	}
	if o, why := at(Limits{Hops: 9, Txs: 2}); o != out(t, f, "t1", 0) || why != NoBudget {
		t.Errorf("two transactions end at %v: %v", o, why)
	}
	if o, why := at(Limits{Hops: 9, Txs: 9}); o != out(t, f, "t3", 0) || why != None {
		t.Errorf("the whole way ends at %v: %v", o, why)
	}
}

// Where look-ups are few, they go to where most of the taint is.
func TestForwardFollowsTheLargestFirst(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx theft: new(victim) 0.9 => thief 0.9
tx t1: theft.0 => d#1..30 0.001, a 0.8, e#1..30 0.001, b 0.04
tx t2: t1.30 => c 0.8
tx t3: t1.0 => z 0.001
`)
	flow, err := Forward(t.Context(), &reader{l: f.Ledger}, []Seed{{out(t, f, "theft", 0), red}}, []Rules{{}}, Boundary{}, Limits{Hops: 9, Txs: 9, Spends: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr, open := flow.Traces[0], 0
	for i, a := range tr.Arrivals {
		switch {
		case a.Out == out(t, f, "t2", 0) && a.Amount != 80_000_000, a.Out == out(t, f, "t3", 0):
			t.Errorf("%v", a)
		case a.End == Held && tr.Open[i] == NoBudget:
			open++
		}
	}
	// Looked up are the seed, the largest output, and the change of it; not the
	// sixty small ones, nor the output of t2.
	if len(flow.Txs) != 3 || open != 61 {
		t.Errorf("%d transactions, %d outputs not looked up", len(flow.Txs), open)
	}
}

// A bound that the seeds alone exceed is told as that, and a budget that does not
// reach for them is no answer that nothing is there.
func TestForwardBoundedBelowItsSeeds(t *testing.T) {
	f := heuristictest.Ledger(t, "tx f1: new(a) 1 => A 1\ntx f2: new(b) 1 => B 1\n")
	seeds := []Seed{{out(t, f, "f1", 0), red}, {out(t, f, "f2", 0), red}}
	_, err := Forward(t.Context(), &reader{l: f.Ledger}, seeds, []Rules{{}}, Boundary{}, Limits{Hops: 3, Txs: 1})
	if err == nil || strings.Contains(err.Error(), "not in the source") {
		t.Errorf("error %v, want one about the bound", err)
	}
	flow, err := Forward(t.Context(), spent{}, seeds, []Rules{{}}, Boundary{}, Limits{Hops: 3, Txs: 10})
	if !errors.Is(err, heuristics.ErrEvaluationBudget) {
		t.Errorf("%+v, error %v, want that the budget is spent", flow, err)
	}
}

// spent has no budget left.
type spent struct{}

func (spent) Txs(context.Context, ...model.TxID) ([]*model.Tx, error) {
	return nil, heuristics.ErrEvaluationBudget
}

func (spent) Spenders(context.Context, ...model.Outpoint) ([]model.Spend, error) {
	return nil, heuristics.ErrEvaluationBudget
}

// Colours that the bound on segments has made unknown are booked as lost, so that
// what was seeded is where it ended, of every colour.
func TestLostColoursAreBooked(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx f1: new(a) 1 => A 1
tx f2: new(b) 1 => B 1
tx f3: new(c) 1 => C 1
tx f4: new(d) 1 => D 1
tx t1: f1.0 f2.0 f3.0 f4.0 fee=1000sat => E 3, F rest
tx t2: t1.0 fee=1000sat => G rest
`)
	var seeds []Seed
	for i, name := range []string{"f1", "f2", "f3"} {
		seeds = append(seeds, Seed{out(t, f, name, 0), uint32(i + 1)})
	}
	for _, p := range Policies()[:Poison] {
		for most := 1; most < 4; most++ {
			tr := sweep(t, f, Rules{Policy: p, Segments: most}, Boundary{}, seeds...)
			for _, a := range tr.Accounts() {
				if sum := a.Held + a.Service + a.Mix + a.Fee + a.Burned + a.Lost + a.Cut; sum != a.Seeded {
					t.Errorf("%v, %d segments, colour %#x: seeded %v, and its ends come to %v", p, most, a.Colour, a.Seeded, sum)
				}
			}
			if _, lost := tr.Capped(); lost == 0 && most == 1 {
				t.Errorf("%v: nothing was lost to the bound", p)
			}
		}
	}
}

func TestForwardNeedsItsSeed(t *testing.T) {
	f := heuristictest.Ledger(t, "tx theft: new(victim) 0.9 => thief 0.9\n")
	if _, err := Forward(t.Context(), &reader{l: f.Ledger}, []Seed{{model.Outpoint{Tx: model.TxID{1}}, red}}, []Rules{{}}, Boundary{}, Limits{Hops: 9, Txs: 9}); err == nil {
		t.Error("a seed that the source does not know traces nothing, and says so")
	}
}

func TestBadRules(t *testing.T) {
	if _, err := NewTracer(Rules{Policy: 99}, Boundary{}); err == nil {
		t.Error("no such policy")
	}
	for _, c := range []uint32{Clean, Unknown, Unknown | 4} {
		if _, err := NewTracer(Rules{}, Boundary{}, Seed{Colour: c}); err == nil {
			t.Errorf("colour %#x is no source of taint", c)
		}
	}
	tr, err := NewTracer(Rules{}, Boundary{}, Seed{Colour: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Tx(&model.Tx{Outputs: []model.Output{{Value: 5}}}); err != nil {
		t.Error(err)
	}
	bad := &model.Tx{ID: model.TxID{2}, Inputs: []model.Input{{Prev: model.Outpoint{}}}, Outputs: []model.Output{{Value: 9}}}
	if err := tr.Tx(bad); !errors.Is(err, ErrUnbalanced) {
		t.Errorf("5 pays 9: %v", err)
	}
}
