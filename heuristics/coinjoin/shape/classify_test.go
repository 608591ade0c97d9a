package shape_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// script makes a P2WPKH script of a made-up owner.
func script(owner string) []byte {
	h := sha256.Sum256([]byte(owner))
	return append([]byte{0x00, 20}, h[:20]...)
}

func input(owner string, v model.Amount) model.Input {
	return model.Input{Prev: model.Outpoint{Tx: model.TxID(sha256.Sum256([]byte(owner))), Vout: 1},
		Value: v, ValueKnown: true, Owner: model.AddressOf(script(owner), model.Mainnet), OwnerBy: model.OwnerPrevout}
}

func output(owner string, v model.Amount) model.Output {
	s := script(owner)
	return model.Output{Value: v, Script: s, Owner: model.AddressOf(s, model.Mainnet)}
}

// tx makes a transaction whose inputs and outputs have P2WPKH scripts, all
// different, at the height.
func tx(height int32, in, out []model.Amount) *model.Tx {
	t := &model.Tx{Block: model.BlockRef{Height: height, Known: model.KnownHeight}}
	for i, v := range in {
		t.Inputs = append(t.Inputs, input(fmt.Sprintf("in%d", i), v))
	}
	for i, v := range out {
		t.Outputs = append(t.Outputs, output(fmt.Sprintf("out%d", i), v))
	}
	return t
}

func repeat(n int, v model.Amount, more ...model.Amount) []model.Amount {
	var vs []model.Amount
	for range n {
		vs = append(vs, v)
	}
	return append(vs, more...)
}

const (
	samouraiTime = 700_000 // Whirlpool and Wasabi 1 were in use, Wasabi 2 not yet
	wasabi2Time  = 800_000
	earlyTime    = 300_000 // before all of them
)

func classify(t *model.Tx) shape.Verdict { return shape.Classify(t, shape.DefaultParams()) }

// facts drops the words of a verdict.
func facts(v shape.Verdict) shape.Verdict {
	v.Reasons = nil
	return v
}

func check(t *testing.T, tx *model.Tx, want shape.Verdict, basic bool) {
	t.Helper()
	if diff := cmp.Diff(want, facts(classify(tx)), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	if got := shape.BlockSciBasic(tx); got != basic {
		t.Errorf("BlockSciBasic = %v, want %v", got, basic)
	}
}

func fee(t *testing.T, tx *model.Tx, want model.Amount) {
	t.Helper()
	if got, ok := tx.Fee(); !ok || got != want {
		t.Errorf("fee = %d, %v, want %d", got, ok, want)
	}
}

func TestCJ1(t *testing.T) {
	check(t, tx(samouraiTime, []model.Amount{5000000, 5000000, 5000302, 5000302, 5000302}, repeat(5, 5000000)),
		shape.Verdict{Kind: shape.Whirlpool, Denomination: 5000000, Pool: 5000000, Equal: 5, Remixers: 2, Entrants: 3,
			Confidence: model.Percent(60), Named: true, SkipUnion: true, EraKnown: true, Protocols: []string{"whirlpool"}}, false)
}

func TestCJ2(t *testing.T) {
	round := tx(samouraiTime, repeat(12, 12180000), repeat(12, 10013000, 1234567, 2345678, 345678, 4567890, 567891, 6789012, 789013, 8901234, 360468))
	fee(t, round, 102569)
	check(t, round, shape.Verdict{Kind: shape.Wasabi1, Denomination: 10013000, Equal: 12,
		Confidence: model.Percent(70), Named: true, SkipUnion: true, EraKnown: true, Protocols: []string{"wasabi1"}}, false)
}

func TestCJ3(t *testing.T) {
	join := tx(samouraiTime, []model.Amount{21500000, 20100000, 30250000, 12000000, 9000000, 7500000},
		[]model.Amount{20000000, 20000000, 20000000, 20000000, 1503000, 103200, 10253100, 8439000})
	fee(t, join, 51700)
	check(t, join, shape.Verdict{Kind: shape.JoinMarket, Denomination: 20000000, Equal: 4,
		Confidence: model.Percent(49), Named: true, SkipUnion: true, EraKnown: true, Protocols: []string{"joinmarket"}}, true)
}

func TestCJ4(t *testing.T) {
	join := tx(samouraiTime, []model.Amount{21500000, 20100000, 30250000, 12000000, 8020000},
		[]model.Amount{20000000, 20000000, 20000000, 20000000, 1503000, 103200, 10253100})
	fee(t, join, 10700)
	check(t, join, shape.Verdict{Kind: shape.JoinMarket, Denomination: 20000000, Equal: 4,
		Confidence: model.Percent(49), Named: true, SkipUnion: true, EraKnown: true, Protocols: []string{"joinmarket"}}, true)
}

func TestCJ5(t *testing.T) {
	stonewall := tx(samouraiTime, []model.Amount{1500000, 1350000, 2000000}, []model.Amount{1000000, 1000000, 730000, 2110000})
	fee(t, stonewall, 10000)
	check(t, stonewall, shape.Verdict{Kind: shape.Ambiguous, Denomination: 1000000, Equal: 2, SkipUnion: true, EraKnown: true}, true)
}

func TestCJ6(t *testing.T) {
	check(t, tx(samouraiTime, []model.Amount{15000000000}, repeat(14, 1000000000, 999980000)), shape.Verdict{}, false)
}

// change returns a copy of tx that f has changed.
func change(t *model.Tx, f func(*model.Tx)) *model.Tx {
	c := *t
	c.Inputs = append([]model.Input(nil), t.Inputs...)
	c.Outputs = append([]model.Output(nil), t.Outputs...)
	f(&c)
	return &c
}

func p2pkh(a *model.Output) {
	s := append(append([]byte{0x76, 0xa9, 20}, a.Script[2:22]...), 0x88, 0xac)
	a.Script, a.Owner = s, model.AddressOf(s, model.Mainnet)
}

func p2wsh(a *model.Output) {
	h := sha256.Sum256(a.Script)
	s := append([]byte{0x00, 32}, h[:]...)
	a.Script, a.Owner = s, model.AddressOf(s, model.Mainnet)
}

func nullData(n int) model.Output {
	s := []byte{0x6a, byte(n)}
	if n > 75 {
		s = []byte{0x6a, 0x4c, byte(n)}
	}
	s = append(s, make([]byte, n)...)
	return model.Output{Script: s, Owner: model.AddressOf(s, model.Mainnet)}
}

func TestKind(t *testing.T) {
	mix := tx(samouraiTime, []model.Amount{5000000, 5000000, 5000302, 5000302, 5000302}, repeat(5, 5000000))
	round := tx(samouraiTime, repeat(12, 12180000), repeat(12, 10013000, 1234567, 2345678, 345678))
	join := tx(samouraiTime, []model.Amount{21500000, 20100000, 30250000, 12000000, 8020000},
		[]model.Amount{20000000, 20000000, 20000000, 20000000, 1503000, 103200, 10253100})
	tx0 := change(tx(samouraiTime, []model.Amount{81987700}, []model.Amount{5000302, 175000, 76808798}), func(c *model.Tx) {
		c.Outputs = append(c.Outputs, nullData(64))
	})
	round2 := tx(wasabi2Time, repeat(60, 1<<20), wasabi2Outputs())

	for _, c := range []struct {
		name string
		tx   *model.Tx
		want shape.Kind
	}{
		{"mix", mix, shape.Whirlpool},
		{"mix before there was Whirlpool", at(mix, earlyTime), shape.None},
		{"mix with an input of unknown value", change(mix, func(c *model.Tx) { c.Inputs[3].ValueKnown = false }), shape.Ambiguous},
		{"mix with an input of unknown owner", change(mix, func(c *model.Tx) { c.Inputs[3].OwnerBy = model.OwnerUnknown }), shape.Ambiguous},
		{"mix that pays one of its inputs", change(mix, func(c *model.Tx) { c.Outputs[0] = output("in0", 5000000) }), shape.Ambiguous},
		{"mix that pays a multi-signature wallet", change(mix, func(c *model.Tx) { p2wsh(&c.Outputs[0]) }), shape.Whirlpool},
		{"mix that pays a P2PKH script", change(mix, func(c *model.Tx) { p2pkh(&c.Outputs[0]) }), shape.Ambiguous},
		{"mix with an input far above", change(mix, func(c *model.Tx) { c.Inputs[0].Value = 9000000 }), shape.Ambiguous},
		{"mix without entrant", tx(samouraiTime, repeat(5, 5000000), repeat(5, 5000000)), shape.Ambiguous},
		{"mix of the pool of 2025", tx(910_000, repeat(4, 2500000, 2500400), repeat(5, 2500000)), shape.Whirlpool},
		{"mix of the pool of 2025, before", tx(samouraiTime, repeat(4, 2500000, 2500400), repeat(5, 2500000)), shape.None},
		{"five equal outputs of no pool", tx(samouraiTime, repeat(4, 4000000, 4000302), repeat(5, 4000000)), shape.None},

		{"preparation", tx0, shape.Premix},
		{"preparation with 80 bytes of data", change(tx0, func(c *model.Tx) { c.Outputs[3] = nullData(80) }), shape.Premix},
		{"preparation with change that looks like a fee", change(tx0, func(c *model.Tx) { c.Outputs[2].Value = 200000 }), shape.Premix},
		{"payment with null data of another length", change(tx0, func(c *model.Tx) { c.Outputs[3] = nullData(20) }), shape.None},
		{"payment without fee output", change(tx0, func(c *model.Tx) { c.Outputs[1].Value = 20000 }), shape.None},
		{"preparation before there was Whirlpool", at(tx0, earlyTime), shape.None},

		{"round", round, shape.Wasabi1},
		{"round of 2014", at(round, earlyTime), shape.None},
		{"round with a P2PKH output", change(round, func(c *model.Tx) { p2pkh(&c.Outputs[13]) }), shape.Ambiguous},
		{"round with an input of unknown script", change(round, func(c *model.Tx) { c.Inputs[3].OwnerBy = model.OwnerUnknown }), shape.Ambiguous},
		{"round without a known value", change(round, func(c *model.Tx) {
			for i := range c.Inputs {
				c.Inputs[i].ValueKnown = false
			}
		}), shape.Wasabi1},
		{"twelve equal payments from two scripts", change(round, func(c *model.Tx) {
			for i := range c.Inputs {
				c.Inputs[i].Owner = c.Inputs[i%2].Owner
			}
		}), shape.None},
		{"nine equal payments", tx(samouraiTime, repeat(12, 12180000), repeat(9, 10013000, 1234567, 2345678, 345678, 4567890, 567891, 6789012, 789013, 8901234, 360468, 11)), shape.None},

		{"round of Wasabi 2", round2, shape.Wasabi2},
		{"round of Wasabi 2 before its time", at(round2, samouraiTime), shape.None},
		{"round of Wasabi 2 of 30 inputs in 2023", change(round2, func(c *model.Tx) { c.Inputs = c.Inputs[:30] }), shape.Ambiguous},
		{"round of Wasabi 2 of 30 inputs in 2025", at(change(round2, func(c *model.Tx) { c.Inputs = c.Inputs[:30] }), 880_000), shape.Wasabi2},
		{"round of Wasabi 2 of 9 inputs", at(change(round2, func(c *model.Tx) { c.Inputs = c.Inputs[:9] }), 880_000), shape.None},
		{"round of Wasabi 2, outputs not sorted", change(round2, func(c *model.Tx) { c.Outputs[0], c.Outputs[20] = c.Outputs[20], c.Outputs[0] }), shape.None},

		{"possible JoinMarket", join, shape.JoinMarket},
		{"possible JoinMarket with null data", change(join, func(c *model.Tx) { c.Outputs = append(c.Outputs, nullData(20)) }), shape.Ambiguous},
		{"possible JoinMarket before its time", at(join, earlyTime), shape.EqualOutput},
		{"possible JoinMarket, most inputs of one script", change(join, func(c *model.Tx) { c.Inputs = append(c.Inputs, c.Inputs[0], c.Inputs[0]) }), shape.Ambiguous},
		{"possible JoinMarket from inputs that are unknown", change(join, func(c *model.Tx) {
			for i := range c.Inputs {
				c.Inputs[i].OwnerBy = model.OwnerUnknown
			}
		}), shape.Ambiguous},

		{"two inputs, two outputs", tx(samouraiTime, []model.Amount{5, 6}, []model.Amount{5, 6}), shape.None},
		{"payment of two with change", tx(samouraiTime, []model.Amount{5000000, 6000000}, []model.Amount{4000000, 5000000, 1000}), shape.None},
		{"inscriptions of 10,000 sat", tx(samouraiTime, repeat(5, 20000), repeat(4, 10000, 30000, 1000, 7000)), shape.None},
		{"tokens of 546 sat", tx(samouraiTime, repeat(5, 20000), repeat(4, 546, 30000, 1000, 7000)), shape.None},
		{"tokens of 330 sat", tx(samouraiTime, repeat(5, 20000), repeat(2, 330, 30000, 7000)), shape.None},
		{"payroll of 45", tx(samouraiTime, []model.Amount{2e8, 3e8}, repeat(45, 1000000, 5000)), shape.None},
		{"sweep", tx(samouraiTime, repeat(40, 1000000), []model.Amount{39990000}), shape.None},
		{"coinbase", change(tx(samouraiTime, []model.Amount{0}, repeat(20, 10000000, 5, 6)), func(c *model.Tx) {
			c.Inputs[0].Prev = model.Outpoint{Vout: 0xffffffff}
		}), shape.None},
		{"nothing", &model.Tx{}, shape.None},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := classify(c.tx); got.Kind != c.want {
				t.Errorf("kind = %v, want %v; %v", got.Kind, c.want, got.Reasons)
			} else if skip := c.want != shape.None; got.SkipUnion != skip || len(got.Reasons) == 0 && skip {
				t.Errorf("SkipUnion = %v, reasons %q", got.SkipUnion, got.Reasons)
			}
		})
	}
}

// at returns a copy at another height.
func at(t *model.Tx, height int32) *model.Tx {
	return change(t, func(c *model.Tx) { c.Block.Height = height })
}

// wasabi2Outputs are 40 outputs of standard denominations, sorted, and one
// change.
func wasabi2Outputs() []model.Amount {
	var vs []model.Amount
	for _, v := range []model.Amount{2_000_000, 1 << 20, 1_000_000, 531_441, 500_000, 354_294, 1 << 18, 200_000} {
		vs = append(vs, repeat(5, v)...)
	}
	return append(vs, 5_123)
}

// Where the height is unknown, every era fits, and a transaction that meets two
// protocols' rules is given both.
func TestUnknownHeight(t *testing.T) {
	both := change(tx(0, repeat(60, 12_000_000), append(repeat(2, 20_000_000), repeat(12, 10_000_000, 5_000_000, 5_000_000, 2_000_000, 2_000_000, 1_000_000, 500_000)...)), func(c *model.Tx) {
		c.Block = model.BlockRef{}
	})
	got := classify(both)
	want := shape.Verdict{Kind: shape.Wasabi2, Denomination: 10_000_000, Equal: 12, Confidence: model.Percent(60), Named: true, SkipUnion: true,
		Protocols: []string{"wasabi2", "wasabi1"}}
	if diff := cmp.Diff(want, facts(got)); diff != "" {
		t.Errorf("height unknown (-want +got):\n%s", diff)
	}
	if got := classify(change(both, func(c *model.Tx) { c.Block.Known, c.Block.Height = model.KnownHeight, samouraiTime })); got.Kind != shape.Wasabi1 || len(got.Protocols) != 1 {
		t.Errorf("in the time of Wasabi 1: %v %v", got.Kind, got.Protocols)
	}
}

// The eras are those of the main network: heights of others say nothing.
func TestOtherNetwork(t *testing.T) {
	mix := tx(5, []model.Amount{5000000, 5000000, 5000302, 5000302, 5000302}, repeat(5, 5000000))
	for i := range mix.Outputs {
		mix.Outputs[i].Owner = model.AddressOf(mix.Outputs[i].Script, model.Regtest)
		mix.Inputs[i].Owner = model.AddressOf(script(fmt.Sprintf("in%d", i)), model.Regtest)
	}
	if got := classify(mix); got.Kind != shape.Whirlpool || got.EraKnown {
		t.Errorf("got %v, era known %v; want a Whirlpool mix of unknown era", got.Kind, got.EraKnown)
	}
}

// The list that was published has 78 values.
func TestStandard(t *testing.T) {
	const least, most = 5_000, 134_375_000_000
	seen := map[model.Amount]bool{}
	for _, f := range []struct{ first, times model.Amount }{{1, 2}, {1, 3}, {2, 3}, {1, 10}, {2, 10}, {5, 10}} {
		for v := f.first; v <= most; v *= f.times {
			if v >= least {
				seen[v] = true
			}
		}
	}
	if len(seen) != 78 {
		t.Fatalf("%d values, want 78", len(seen))
	}
	for v := range seen {
		for d := model.Amount(-1); d <= 1; d++ {
			if got := shape.Standard(v+d, least, most); got != seen[v+d] {
				t.Errorf("Standard(%d) = %v", v+d, got)
			}
		}
	}
	for _, v := range []model.Amount{-8192, 0, 1, 4096, 3 * 8192, 4 * 6561, 1 << 37} {
		if shape.Standard(v, least, most) {
			t.Errorf("Standard(%d) = true", v)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	p := shape.DefaultParams()
	for name, tx := range map[string]*model.Tx{
		"payment":       tx(samouraiTime, []model.Amount{500}, []model.Amount{300, 199}),
		"two inputs":    tx(samouraiTime, []model.Amount{5000000, 6000000}, []model.Amount{4000000, 5000000, 1000}),
		"sweep":         tx(samouraiTime, repeat(60, 1000000), []model.Amount{39990000}),
		"fan-out":       tx(samouraiTime, []model.Amount{2e8, 3e8}, repeat(1000, 1000000, 5000)),
		"many to many":  tx(samouraiTime, repeat(30, 1000000), []model.Amount{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}),
		"with nulldata": change(tx(samouraiTime, []model.Amount{500}, []model.Amount{300, 199}), func(c *model.Tx) { c.Outputs = append(c.Outputs, nullData(64)) }),
	} {
		if n := testing.AllocsPerRun(100, func() { shape.Classify(tx, p) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	p := shape.DefaultParams()
	for _, c := range []struct {
		name string
		tx   *model.Tx
	}{
		{"payment", tx(samouraiTime, []model.Amount{500}, []model.Amount{300, 199})},
		{"two-to-three", tx(samouraiTime, []model.Amount{5000000, 6000000}, []model.Amount{4000000, 5000000, 1000})},
		{"fan-out", tx(samouraiTime, []model.Amount{2e8, 3e8}, repeat(1000, 1000000, 5000))},
		{"wasabi2", tx(wasabi2Time, repeat(60, 1<<20), wasabi2Outputs())},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				shape.Classify(c.tx, p)
			}
		})
	}
}
