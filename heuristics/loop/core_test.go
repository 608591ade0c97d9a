package loop

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

const dayS = 86_400

// t0 is when the data of these tests begin.
var t0 = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// world is a field in the making, in days after its beginning.
type world struct{ f field }

func (w *world) add(rs ...[2]int64) int {
	var at, value []int64
	for _, r := range rs {
		at, value = append(at, t0+r[0]), append(value, r[1])
	}
	w.f.add(at, value)
	return w.f.len() - 1
}

// residents adds miners that are paid daily, of incomes spread over two decades.
func (w *world) residents(n int, days int64) {
	v := int64(100_000)
	for i := range n {
		v = v*1_047/1_000 + 1
		if v > 10_000_000 {
			v = 100_000
		}
		var rs [][2]int64
		for d := int64(0); d < days; d += 1 + int64(i%5) {
			rs = append(rs, [2]int64{d*dayS + int64(i%23)*600, v})
		}
		w.add(rs...)
	}
}

func (w *world) bench(t testing.TB, days int64) *bench {
	t.Helper()
	p := DefaultParams()
	w.f.close(t0, t0+days*dayS, secs(p.Quiet))
	return &bench{field: &w.f, p: &p, l: newLogs(w.f.len()), k: newKernel(p.Ratio, p.Sigma)}
}

// train are the payouts of PC-1, the first at 38 hours after the deposit.
func train(start int64) [][2]int64 {
	var rs [][2]int64
	for i, v := range []int64{7_950_000, 9_310_000, 9_275_000, 9_280_000, 9_260_000, 9_295_000, 1_480_000} {
		rs = append(rs, [2]int64{start + 38*3_600 + int64(i)*dayS, v})
	}
	return rs
}

func round1(start int64) window {
	return window{start: t0 + start, end: t0 + start + 33*3_600, paid: 60_000_000, orders: 2}
}

// The worked example of section 12.6, as practice amends it: no cap on the sum of
// weights among many candidates, but one on what is reported.
func TestLOOP1(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	const n = 10_083
	// Four decades of log-uniform background.
	quantity := newKernel(p.Ratio, p.Sigma).weigh(55_850_000, 60_000_000) + lnOf(t, 9_210_340)
	near(t, "quantity", quantity, math.Log(45.927), 5e-5)
	// One start in ninety days for each beneficiary, nothing nearer.
	b := &bench{field: &field{first: t0, last: t0 + 400*dayS}, p: &p}
	start := b.startWeight(window{start: t0 + 200*dayS}, n)
	near(t, "start", start, math.Log(30), 1e-6)

	amount, both := expected(n, &p, 10_000, 100_000_000, start)
	if amount != 5_435 || both != 181 {
		t.Errorf("expected by chance: %d tenths by amount, %d with start; want 543.5 and 18.1", amount, both)
	}

	ev := func(family string, w model.MicroNats) model.Evidence {
		return model.Evidence{Family: family, Weight: w, Discounted: w}
	}
	rivals := model.LnSum(repeat(model.LnRatio(400, 1), 17)...)
	open := model.Open{N: n, Pi0: p.Pi0, HasRivals: true, Rivals: rivals, RivalsGiven: rivals}
	near(t, "one round", quantity+start, math.Log(1_377.8), 5e-5)
	// The vector rounds the joint ratio to 1,378.
	one := []model.Evidence{ev("quantity", quantity), ev("timing", model.LnRatio(1_378, 1)-quantity)}
	signed := append(one[:2:2], ev("ownership", model.LnRatio(180, 1)))
	two := append(one[:2:2], ev("repetition", model.LnRatio(300, 1)))
	for _, c := range []struct {
		name                    string
		ev                      []model.Evidence
		cap                     model.Probability
		posterior, none, report float64
	}{
		{"one round", one, p.CapUnowned, 0.07546, 0.55216, 0.07546},
		{"two rounds", two, p.CapUnowned, 0.96076, 0.02343, 0.80},
		{"one round and a co-spend", signed, p.Cap, 0.93627, 0.03806, 0.93627},
	} {
		s := model.OpenWorld(open, c.ev, 0, "")
		five(t, c.name, s.Probability, c.posterior)
		five(t, c.name+", nobody observed", s.None, c.none)
		five(t, c.name+", reported", model.OpenWorld(open, c.ev, c.cap, "cap").Probability, c.report)
	}
}

// The quantity ratios that the reference tabulates, with four decades of
// log-uniform background.
func TestQuantityRatios(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	for _, c := range []struct {
		ratio int64
		want  float64
		tol   float64
	}{{93, 45.9, .05}, {90, 42.2, .05}, {85, 24.4, .05}, {96, 42.5, .05}, {100, 30.4, .05}, {105, 14.5, .05}, {80, 7.8, .05}, {70, 0.08, .005}} {
		w := newKernel(p.Ratio, p.Sigma).weigh(c.ratio, 100) + lnOf(t, 9_210_340)
		if got := math.Exp(float64(w) / 1e6); math.Abs(got-c.want) > c.tol {
			t.Errorf("R %d %%: %.3f, want %v", c.ratio, got, c.want)
		}
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	const at = 100 * dayS
	for _, c := range []struct {
		name string
		rs   [][2]int64
		want fit
	}{
		{"the train of the example", train(at), fit{ok: true, got: 55_850_000, started: true, early: true}},
		{"nothing", nil, fit{}},
		{"payouts before the deposit do not count", shift(train(at), -9*dayS), fit{}},
		{"a start six days late", shift(train(at), 6*dayS), fit{}},
		{"four days late: within the gate, no sign of a buyer", shift(train(at), 3*dayS), fit{ok: true, got: 55_850_000, started: true}},
		{"too little", train(at)[:4], fit{got: 35_815_000}},
		{"one payment of too much", [][2]int64{{at + dayS, 80_000_000}}, fit{cut: true, excess: 80_000_000}},
		{"a payment more than the gate allows is other money", append(train(at), [2]int64{at + 20*dayS, 30_000_000}), fit{ok: true, got: 55_850_000, cut: true, excess: 30_000_000, started: true, early: true}},
		{"and one after the window does not count", append(train(at), [2]int64{at + 30*dayS, 30_000_000}), fit{ok: true, got: 55_850_000, started: true, early: true}},
		{"paid five days before too", append([][2]int64{{at - 5*dayS, 9_000_000}}, train(at)...), fit{ok: true, got: 55_850_000}},
	} {
		var w world
		b := w.add(c.rs...)
		n := w.bench(t, 400)
		f := n.gate(b, round1(at))
		f.from, f.to, f.end = 0, 0, 0
		if diff := cmp.Diff(c.want, f, cmp.AllowUnexported(fit{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestResidentsWeighLess(t *testing.T) {
	t.Parallel()
	const at = 200 * dayS
	var w world
	buyer := w.add(train(at)...)
	var rs [][2]int64
	for d := int64(5); d < 390; d++ {
		rs = append(rs, [2]int64{d*dayS + 7_800, 7_973_000})
	}
	rita := w.add(rs...)
	n := w.bench(t, 400)
	r := round1(at)
	g := n.background(r)
	a, b := n.fit(buyer, r, g), n.fit(rita, r, g)
	if !a.ok || !a.stops || a.resident || a.start <= 0 {
		t.Errorf("buyer: %+v", a)
	}
	if !b.ok || !b.cut || !b.resident || !b.continues || b.quantity != 0 || b.start != 0 || b.alone() >= 0 {
		t.Errorf("resident: %+v", b)
	}
}

// The density is counted where there are samples enough, and not otherwise.
func TestDensity(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	l := newLogs(1_000)
	var many, few density
	for i := range 1_000 {
		many.add(1_000_000 + int64(i))
	}
	// All in one bin, or at most two: three bins hold everything.
	near(t, "crowded", many.ln(1_000_500, &p, l), -math.Log(3*math.Ln2/4), 1e-5)
	near(t, "empty place", many.ln(50_000_000, &p, l), math.Log(1./1_000)-math.Log(3*math.Ln2/4), 1e-5)
	few.add(1_000)
	few.add(1_000_000)
	near(t, "few", few.ln(30_000, &p, l), -math.Log(math.Log(1_000)), 1e-5)
	var one density
	one.add(5)
	near(t, "one", one.ln(5, &p, l), 0, 1e-5)
	for _, v := range []int64{1, 2, 3, 1000, 1189, 1190, 1414, 1415, 1 << 40, 3 << 60} {
		if got, want := float64(bin(v)), math.Floor(math.Log2(float64(v))*4+1e-9); got != want {
			t.Errorf("bin of %d is %v, want %v", v, got, want)
		}
	}
}

// Two planted rounds stand out from what chance does, what residents do by chance
// does not, and the test agrees with the search itself.
func TestPermutation(t *testing.T) {
	t.Parallel()
	const days = 420
	at := []int64{150 * dayS, 200 * dayS}
	build := func(paid bool) (*bench, []window) {
		var w world
		w.residents(260, days)
		if paid {
			w.add(append(train(at[0]), train(at[1])...)...)
		}
		return w.bench(t, days), []window{round1(at[0]), round1(at[1])}
	}
	score := func(n *bench, ws []window) (best model.MicroNats) {
		best = -100 * model.Nat
		for b := range n.len() {
			fits := make([]fit, len(ws))
			for r := range ws {
				fits[r] = n.fit(b, ws[r], n.background(ws[r]))
			}
			if s, base := combine(n.p, fits); base >= 0 {
				best = max(best, s)
			}
		}
		return best
	}
	n, ws := build(true)
	shifts, _ := n.shifts(ws)
	if len(shifts) != 999 {
		t.Fatalf("%d shifts", len(shifts))
	}
	for _, s := range shifts {
		if a := max(s, -s); a < 30*dayS || a > 365*dayS || t0+at[0]+s < t0+30*dayS || t0+at[1]+s > t0+days*dayS {
			t.Fatalf("shift by %d days leaves the bounds", s/dayS)
		}
	}
	planted := score(n, ws)
	if k := asGood(bestOf(t, n, ws, shifts), planted); k > 9 {
		t.Errorf("%d of 999 shifts do as well as two planted rounds, %v", k, planted)
	}
	n, ws = build(false)
	usual := score(n, ws)
	if k := asGood(bestOf(t, n, ws, shiftsOf(n, ws)), usual); k < 100 {
		t.Errorf("%d of 999 shifts do as well as what residents do by chance, %v", k, usual)
	}
	// By hand, for some shifts.
	n, ws = build(true)
	for _, s := range []int64{shifts[0], shifts[400], shifts[998]} {
		moved := []window{ws[0].shifted(s), ws[1].shifted(s)}
		best := score(n, moved)
		if got := bestOf(t, n, ws, []int64{s}); got[0] != best {
			t.Errorf("shift by %d: the best is %v, want %v", s, got[0], best)
		}
	}
	// Another seed, other shifts; the same, the same.
	other := *n.p
	other.Seed = 2
	m := &bench{field: n.field, p: &other, l: n.l}
	if cmp.Equal(shiftsOf(n, ws), shiftsOf(m, ws)) || !cmp.Equal(shiftsOf(n, ws), shiftsOf(n, ws)) {
		t.Error("shifts do not follow from the seed")
	}
}

func TestNoRoomForShifts(t *testing.T) {
	t.Parallel()
	var w world
	w.add(train(40 * dayS)...)
	n := w.bench(t, 100)
	if s := shiftsOf(n, []window{round1(40 * dayS)}); s != nil {
		t.Errorf("%d shifts within a hundred days", len(s))
	}
}

// More evidence never makes a score smaller.
func TestMoreRoundsNeverWeighLess(t *testing.T) {
	t.Parallel()
	p := DefaultParams()
	r := random(7)
	for range 2_000 {
		fits := make([]fit, 1+r.below(5))
		for i := range fits {
			w := func() model.MicroNats { return model.MicroNats(r.below(8_000_000)) - 3*model.Nat }
			fits[i] = fit{ok: r.below(4) > 0, quantity: w(), start: max(w(), 0), shape: w(), stay: min(w(), 0)}
		}
		whole, base := combine(&p, fits)
		if base < 0 {
			continue
		}
		for i := range fits {
			if !fits[i].ok {
				continue
			}
			fewer := append([]fit(nil), fits...)
			fewer[i].ok = false
			if less, b := combine(&p, fewer); b >= 0 && less > whole {
				t.Fatalf("without round %d %v, with it %v: %+v", i, less, whole, fits)
			}
		}
	}
}

func BenchmarkPermutation(b *testing.B) {
	const days = 420
	var w world
	w.residents(10_000, days)
	w.add(append(train(150*dayS), train(200*dayS)...)...)
	n := w.bench(b, days)
	var ws []window
	for _, at := range []int64{150, 200, 230, 260, 290} {
		ws = append(ws, round1(at*dayS))
	}
	shifts, _ := n.shifts(ws)
	b.ResetTimer()
	for b.Loop() {
		bestOf(b, n, ws, shifts)
	}
}

func shiftsOf(n *bench, ws []window) []int64 {
	out, _ := n.shifts(ws)
	return out
}

func bestOf(t testing.TB, n *bench, ws []window, shifts []int64) []model.MicroNats {
	t.Helper()
	best, err := n.best(t.Context(), ws, shifts)
	if err != nil {
		t.Fatal(err)
	}
	return best
}

func shift(rs [][2]int64, by int64) [][2]int64 {
	out := append([][2]int64(nil), rs...)
	for i := range out {
		out[i][0] += by
	}
	return out
}

func repeat(w model.MicroNats, n int) []model.MicroNats {
	out := make([]model.MicroNats, n)
	for i := range out {
		out[i] = w
	}
	return out
}

// lnOf returns the logarithm of a number given in millionths.
func lnOf(t *testing.T, millionths int64) model.MicroNats {
	t.Helper()
	return model.LnRatio(millionths, 1_000_000)
}

func near(t *testing.T, what string, got model.MicroNats, want, tolerance float64) {
	t.Helper()
	if math.Abs(float64(got)/1e6-want) > tolerance {
		t.Errorf("%s: %v nats, want %v", what, float64(got)/1e6, want)
	}
}

func five(t *testing.T, what string, got model.Probability, want float64) {
	t.Helper()
	if math.Abs(float64(got)/1e6-want) > 0.000005 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
