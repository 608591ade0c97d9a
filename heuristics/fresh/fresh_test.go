package fresh

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, Heuristic, "testdata/*.ledger") }

func TestShareSumsToWhole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var m mixture
		for range 1 + rnd.IntN(6) {
			v := model.Amount(1 + rnd.Int64N(int64(model.MaxMoney)))
			switch rnd.IntN(4) {
			case 0:
				m.gap(Reason(rnd.IntN(4)), v)
			case 1:
				m.stop(v)
			default:
				c := uint32(rnd.Uint64())
				a := uint32(rnd.Uint64N(uint64(c) + 1))
				m.mix(&Share{Coinbase: c, Unknown: Whole - c, Pools: []PoolShare{{Entity: "a", Share: a}, {Entity: "b", Share: c - a}}, Gaps: []Gap{{NoHops, Whole - c, 1}}}, v)
			}
		}
		s := m.share(0)
		if got := uint64(s.Coinbase) + uint64(s.Unknown) + uint64(s.Stopped); got != Whole {
			t.Fatalf("%+v: parts sum to %d, want %d", s, got, uint64(Whole))
		}
		var pools, gaps uint64
		for _, p := range s.Pools {
			pools += uint64(p.Share)
		}
		for _, g := range s.Gaps {
			gaps += uint64(g.Share)
		}
		if pools != uint64(s.Coinbase) || gaps != uint64(s.Unknown) {
			t.Fatalf("%+v: pools sum to %d, gaps to %d", s, pools, gaps)
		}
	}
}

func TestShareOfExtremes(t *testing.T) {
	all := &Share{Coinbase: Whole, Pools: []PoolShare{{Entity: "a", Share: Whole, Confidence: model.Certain}}}
	var m mixture
	for range 1000 {
		m.mix(all, model.MaxMoney)
	}
	if s := m.share(7); s.Coinbase != Whole || s.Lookups != 7 {
		t.Errorf("a thousand fresh inputs of 21 million coins: %+v", s)
	}
	var none mixture
	none.mix(all, 0)
	if s := none.share(0); s.Unknown != Whole || s.Gaps[0].Reason != NoValue {
		t.Errorf("inputs without value: %+v", s)
	}
}

// Spellings of one pool differ between lists, and do not make two.
func TestSpellings(t *testing.T) {
	var m mixture
	m.mix(&Share{Coinbase: Whole, Pools: []PoolShare{{"BTC.TOP", Whole, 900_000, []model.TxID{{1}}}}}, 10)
	m.mix(&Share{Coinbase: Whole, Pools: []PoolShare{{"Btc.top", Whole, 800_000, []model.TxID{{2}, {1}, {3}}}}}, 10)
	want := []PoolShare{{"BTC.TOP", Whole, 800_000, []model.TxID{{1}, {2}, {3}}}}
	if diff := cmp.Diff(want, m.share(0).Pools); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAtLeastForgivesRemainders(t *testing.T) {
	for _, c := range []struct {
		share   uint32
		percent int
		want    bool
	}{
		{Whole, 100, true}, {Whole / 2, 50, true}, {Whole/2 - 1000, 50, false}, {Whole - 6, 100, true}, {0, 0, true}, {0, 1, false},
	} {
		if got := AtLeast(c.share, c.percent); got != c.want {
			t.Errorf("AtLeast(%d, %d) = %v, want %v", c.share, c.percent, got, c.want)
		}
	}
}

// Data that cannot be right make the origin of coins unknown, and say where, but
// nothing that descends from them fails.
func TestImmatureSpend(t *testing.T) {
	for _, c := range []struct {
		height string
		bad    bool
	}{{"800099", true}, {"800100", false}} {
		f := heuristictest.Ledger(t, "coinbase cb: => np 6.25\nheight "+c.height+"\ntx early: cb.0 => a 1, b rest\ntx onward: early.0 => c rest\n")
		s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
		for name, direct := range map[string]bool{"early": true, "onward": false} {
			id, _ := f.Tx(name)
			got, _, err := heuristics.Eval[*Share](context.Background(), s, Heuristic, model.RefTx(id))
			if err != nil {
				t.Fatalf("%s at height %s: %v", name, c.height, err)
			}
			want := &Share{Coinbase: Whole, Pools: []PoolShare{{Share: Whole, Coinbases: got.coinbases()}}, Lookups: got.Lookups}
			if c.bad {
				want = &Share{Unknown: Whole, Gaps: []Gap{{Immature, Whole, 1}}, Lookups: got.Lookups}
				if direct {
					want.Immature = 1
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s at height %s (-want +got)\n%s", name, c.height, diff)
			}
		}
	}
}

// coinbases are those of the first pool.
func (s *Share) coinbases() []model.TxID {
	if len(s.Pools) == 0 {
		return nil
	}
	return s.Pools[0].Coinbases
}

// A walk that is too wide ends with what it has, and says so.
func TestLookupsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("tag \"/Northpool/\" Northpool\n")
	for i := range 8 {
		b.WriteString("coinbase cb" + string(rune('0'+i)) + ": tag=\"/Northpool/\" => np 6.25\n")
	}
	b.WriteString("height 800200\ntx all: cb0.0 cb1.0 cb2.0 cb3.0 cb4.0 cb5.0 cb6.0 cb7.0 => x rest\ntx deep: all.0 => y rest\n")
	f := heuristictest.Ledger(t, b.String())
	h := New(Params{Hops: MaxHops, Lookups: 6})
	s := heuristictest.Open(t, f, heuristics.Scope{}, h)
	share := func(name string) *Share {
		t.Helper()
		id, _ := f.Tx(name)
		got, _, err := heuristics.Eval[*Share](context.Background(), s, h, model.RefTx(id))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if s := share("all"); Percent(s.Coinbase) != "75.0 %" || s.Gaps[0].Reason != NoBudget || s.Gaps[0].Inputs != 2 {
		t.Errorf("six of eight parents: %v", s)
	}
	if s := share("deep"); Percent(s.Coinbase) != "37.5 %" || s.Gaps[0].Reason != NoBudget {
		t.Errorf("one step further, with half the look-ups: %v", s)
	}
}

// The engine's budget ends a walk too, and what was found stands.
func TestBudget(t *testing.T) {
	f := heuristictest.Ledger(t, "coinbase cb: => np 6.25\nheight 800200\ntx a: cb.0 => x rest\ntx b: a.0 => y rest\ntx c: b.0 => z rest\n")
	eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{Heuristic}, heuristics.Options{Lookups: 2})
	if err != nil {
		t.Fatal(err)
	}
	s, err := eng.Open(context.Background(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := f.Tx("c")
	got, _, err := heuristics.Eval[*Share](context.Background(), s, Heuristic, model.RefTx(id))
	if err != nil {
		t.Fatal(err)
	}
	if got.Unknown != Whole || got.Gaps[0].Reason != NoBudget {
		t.Errorf("three transactions with two look-ups: %v", got)
	}
}

// Coins of many pools in many inputs are mixed in a moment: names are folded
// once each.
func TestManyInputsOfManyPools(t *testing.T) {
	took := func(inputs int) time.Duration {
		var m mixture
		start := time.Now()
		for i := range inputs {
			m.mix(&Share{Coinbase: Whole, Pools: []PoolShare{{Entity: "Pool " + strconv.Itoa(i%300), Share: Whole, Confidence: model.Certain}}}, 1)
		}
		if got := len(m.share(0).Pools); got != 300 {
			t.Fatalf("%d pools, want 300", got)
		}
		return time.Since(start)
	}
	small, big := took(2_000), took(20_000)
	if big > 50*small+time.Second {
		t.Errorf("ten times the inputs take %v, and %v before", big, small)
	}
}
