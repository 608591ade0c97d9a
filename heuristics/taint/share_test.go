package taint_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, taint.Heuristic, "testdata/*.ledger") }

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, taint.Heuristic) }

func from(t testing.TB, s *heuristics.Session, f *ledger.File, tx string) *taint.Origins {
	t.Helper()
	id, ok := f.Tx(tx)
	if !ok {
		t.Fatalf("no transaction %s", tx)
	}
	o, _, err := heuristics.Eval[*taint.Origins](t.Context(), s, taint.Heuristic, model.RefTx(id))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// actors sums what of an output comes from actors.
func actors(o *taint.Origins, p taint.Policy, vout int) (v model.Amount) {
	for _, seg := range o.Output(p, vout) {
		if at, ok := o.At(seg.Colour); ok && at.Kind == taint.Actor {
			v += seg.Value
		}
	}
	return v
}

// The lesson of the case: of 50,000,000 sat that t17 deposits, three conventions
// give three amounts of stolen coins, and the order of inputs in t16 decides.
func TestKestrelT17(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	o := from(t, heuristictest.Open(t, f, heuristics.Scope{}, taint.Heuristic), f, "t17")
	got := map[taint.Policy]model.Amount{}
	for _, p := range o.Policies() {
		got[p] = actors(o, p, 0)
	}
	want := map[taint.Policy]model.Amount{taint.Haircut: 26_239_225, taint.FIFO: 14_860_000, taint.LIFO: 14_869_200}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backward (-want +got)\n%s", diff)
	}

	// Forward from K2's coin, by the same division; and with K2's input first.
	t14, _ := f.Tx("t14")
	t16, t17 := tx(t, f, "t16"), tx(t, f, "t17")
	first := *t16
	first.Inputs = slices.Clone(t16.Inputs)
	slices.Reverse(first.Inputs)
	for _, c := range []struct {
		policy taint.Policy
		t16    *model.Tx
		want   model.Amount
	}{
		{taint.Haircut, t16, 26_239_225}, {taint.FIFO, t16, 14_860_000}, {taint.FIFO, &first, 38_805_398}, {taint.Haircut, &first, 26_239_225},
	} {
		tr, err := taint.NewTracer(taint.Rules{Policy: c.policy}, taint.Boundary{}, taint.Seed{Out: model.Outpoint{Tx: t14, Vout: 1}, Colour: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []*model.Tx{tx(t, f, "t14"), c.t16, t17} {
			if err := tr.Tx(x); err != nil {
				t.Fatal(err)
			}
		}
		if got := taint.Of(tr.Output(t17.Outpoint(0)), 1); got != c.want {
			t.Errorf("%v forward: %v, want %v", c.policy, got, c.want)
		}
	}
}

func tx(t testing.TB, f *ledger.File, name string) *model.Tx {
	t.Helper()
	id, _ := f.Tx(name)
	txs, err := f.Ledger.Set().Txs.Txs(t.Context(), []model.TxID{id})
	if err != nil || txs[0] == nil {
		t.Fatalf("no transaction %s: %v", name, err)
	}
	return txs[0]
}

// Forward and backward are one arithmetic: what of each output of a chain comes
// from the seed is the same from either side.
func TestBackwardIsForward(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
tx g1: new(a) 0.13 => a1 0.13
tx g2: new(b) 0.29 => b1 0.29
tx theft: new(victim) 0.777 => K 0.777
tx t1: g1.0 theft.0 fee=1003sat => p 0.31, q 0.2, r rest
tx t2: t1.1 g2.0 fee=777sat => s 0.17, u rest
tx t3: t2.1 t1.0 t1.2 fee=555sat => v 0.33, w 0.21, x rest
`)
	s := heuristictest.Open(t, f, heuristics.Scope{}, taint.Heuristic)
	id, _ := f.Tx("theft")
	for _, p := range []taint.Policy{taint.Haircut, taint.FIFO, taint.LIFO} {
		tr, err := taint.NewTracer(taint.Rules{Policy: p}, taint.Boundary{}, taint.Seed{Out: model.Outpoint{Tx: id}, Colour: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"theft", "t1", "t2", "t3"} {
			if err := tr.Tx(tx(t, f, name)); err != nil {
				t.Fatal(err)
			}
		}
		t3 := tx(t, f, "t3")
		for i := range t3.Outputs {
			ahead, back := taint.Of(tr.Output(t3.Outpoint(i)), 1), actors(from(t, s, f, "t3"), p, i)
			// Haircut rounds each origin by itself, at every distance.
			if d := ahead - back; d > 3 || d < -3 || p != taint.Haircut && d != 0 {
				t.Errorf("%v, output %d: %v forward, %v backward", p, i, ahead, back)
			}
		}
	}
}

// Whatever the origins, those of an output sum to its value, and those of all
// outputs and the fee to what the inputs hold.
func TestOriginsConserve(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, taint.Heuristic)
	for _, name := range []string{"t4", "t6", "t7", "t8", "t14", "t16", "t17", "t19b", "np20221009", "px2", "t22"} {
		o, x := from(t, s, f, name), tx(t, f, name)
		for _, p := range o.Policies() {
			var sum model.Amount
			for i := range x.Outputs {
				v, _, _ := taint.Sum(o.Output(p, i))
				if v != x.Outputs[i].Value {
					t.Errorf("%s, %v: output %d of %v holds %v", name, p, i, x.Outputs[i].Value, v)
				}
				sum += v
			}
			fee, _, _ := taint.Sum(o.Fee(p))
			in, _, _ := taint.Sum(o.Inputs(p))
			if sum+fee != in || !o.Exact {
				t.Errorf("%s, %v: %v and a fee of %v of %v", name, p, sum, fee, in)
			}
		}
	}
}

// Under Poison every output is tainted by whatever any input is.
func TestPoisoned(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
tx theft: new(victim) 0.5 => K 0.5
tx g: new(b) 0.5 => b 0.5
tx t1: g.0 theft.0 fee=1000sat => clean 0.5, other rest
tx t2: t1.0 fee=1000sat => x rest
`)
	o := from(t, heuristictest.Open(t, f, heuristics.Scope{}, taint.Heuristic), f, "t2")
	actor := func(o taint.Origin) bool { return o.Kind == taint.Actor }
	if actors(o, taint.FIFO, 0) != 0 || !o.Poisoned(actor) {
		t.Errorf("%v", o)
	}
}

// Origins that are too many are unknown, and nothing is lost of them; segments that
// are too many lose their order first.
func TestManyOrigins(t *testing.T) {
	const text = `
label One: addr(a1) category=actor confidence=0.9
label Two: addr(a2) category=merchant confidence=0.9
label Three: addr(a3) category=merchant confidence=0.9
label Four: addr(a4) category=merchant confidence=0.9
tx f: new(x) 4 => a1 1, a2 1, a3 1, a4 1
tx t: f.0 f.1 f.2 f.3 => b 4
tx u: t.0 => c 4
`
	for _, c := range []struct{ origins, segments int }{{3, 100}, {100, 3}, {2, 2}} {
		p := taint.DefaultParams()
		p.Origins, p.Segments = c.origins, c.segments
		h := taint.New(p)
		f := heuristictest.Ledger(t, text)
		s := heuristictest.Open(t, f, heuristics.Scope{}, h)
		id, _ := f.Tx("u")
		o, _, err := heuristics.Eval[*taint.Origins](t.Context(), s, h, model.RefTx(id))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range o.Policies() {
			v, _, unknown := taint.Sum(o.Output(p, 0))
			if v != 4*model.Coin || unknown == 0 {
				t.Errorf("%+v, %v: %v, of it %v unknown: %v", c, p, v, unknown, o)
			}
		}
		if c.segments < 4 && o.Capped == 0 {
			t.Errorf("%+v: capped outputs are not told", c)
		}
	}
}

// A transaction with many inputs from one costs one look at it, and no more.
func TestManyInputsOfOneTransaction(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
tx f: new(v) 30 => K 30
tx fan: f.0 => m#1..2000 0.015
tx join: fan.0..1999 => x 30
`)
	s := heuristictest.Open(t, f, heuristics.Scope{}, taint.Heuristic)
	o := from(t, s, f, "join")
	for _, p := range o.Policies() {
		if got := actors(o, p, 0); got != 30*model.Coin {
			t.Errorf("%v: %v", p, got)
		}
	}
	if o.Lookups > 3 {
		t.Errorf("%d look-ups", o.Lookups)
	}
}

// Transactions that several parties signed are told of, here and after, as far as
// the search went through them; mixes, where it ends, and others are not.
func TestSeveralSigned(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
time 2022-09-22 18:50
tx f: new(victim) 1 => K 1
tx r: new(mint) 10_000sat => rita 10_000sat
tx trade: r.0!SINGLE|ANYONECANPAY f.0 => r2 600_000sat, token 546sat, K rest
tx on: trade.0 => shop rest
tx own: trade.2 => K#2 rest
tx plain: new(a) 1 => b 1
tx mix: new(p#1) 5_000_000sat new(p#2) 5_000_000sat new(p#3) 5_000_302sat new(p#4) 5_000_302sat new(p#5) 5_000_302sat => o#1..5 5_000_000sat
`)
	s := heuristictest.Open(t, f, heuristics.Scope{}, taint.Heuristic)
	for name, want := range map[string]bool{
		"trade": true, "on": true, "plain": false, "mix": false,
		"own": false, // its coins are the actor's by a label, whatever came before
	} {
		if o := from(t, s, f, name); o.Several != want {
			t.Errorf("%s: several %v, want %v", name, o.Several, want)
		}
	}
	// All outputs at once are what each is by itself.
	o := from(t, s, f, "on")
	for _, p := range o.Policies() {
		parts, ok := o.Parts(p)
		if diff := cmp.Diff(o.Output(p, 0), slices.Clone(parts.Output(0))); !ok || diff != "" {
			t.Errorf("%v: %v\n%s", p, ok, diff)
		}
	}
	if _, ok := o.Parts(taint.TIHO); ok {
		t.Error("divided by a policy that is not among the parameters")
	}
}
