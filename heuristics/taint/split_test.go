package taint

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

const red = 1

// shares returns the tainted part of each output and, last, of the fee.
func shares(t *testing.T, p Policy, in []Segment, outs ...model.Amount) []model.Amount {
	t.Helper()
	var s Splitter
	parts, err := s.Split(p, in, outs)
	if err != nil {
		t.Fatal(err)
	}
	var got []model.Amount
	for i := range len(outs) + 1 {
		got = append(got, Of(parts.Output(i), red))
	}
	return got
}

// The vectors of the heuristics reference, 11.4: for each policy the tainted
// parts of two outputs and the fee.
func vector(t *testing.T, in []Segment, outs []model.Amount, want map[Policy][]model.Amount) {
	t.Helper()
	for _, p := range Policies() {
		if w, ok := want[p]; ok {
			if diff := cmp.Diff(w, shares(t, p, in, outs...)); diff != "" {
				t.Errorf("%v (-want +got)\n%s", p, diff)
			}
		}
	}
}

func TestTaintA(t *testing.T) {
	vector(t, []Segment{{300_000_000, red}, {700_000_000, Clean}}, []model.Amount{400_000_000, 590_000_000}, map[Policy][]model.Amount{
		Poison: {400_000_000, 590_000_000, 10_000_000}, Haircut: {120_000_000, 177_000_000, 3_000_000}, FIFO: {300_000_000, 0, 0},
		LIFO: {0, 290_000_000, 10_000_000}, Seniority: {300_000_000, 0, 0}, TIHO: {0, 300_000_000, 0}, TILO: {300_000_000, 0, 0},
	})
}

func TestTaintB(t *testing.T) {
	vector(t, []Segment{{200_000_000, Clean}, {300_000_000, red}, {500_000_000, Clean}}, []model.Amount{400_000_000, 590_000_000}, map[Policy][]model.Amount{
		Poison: {400_000_000, 590_000_000, 10_000_000}, Haircut: {120_000_000, 177_000_000, 3_000_000}, FIFO: {200_000_000, 100_000_000, 0},
		LIFO: {0, 300_000_000, 0}, Seniority: {300_000_000, 0, 0}, TIHO: {0, 300_000_000, 0}, TILO: {300_000_000, 0, 0},
	})
}

func TestTaintC(t *testing.T) {
	vector(t, []Segment{{700_000_000, Clean}, {300_000_000, red}}, []model.Amount{400_000_000, 590_000_000}, map[Policy][]model.Amount{
		Poison: {400_000_000, 590_000_000, 10_000_000}, Haircut: {120_000_000, 177_000_000, 3_000_000}, FIFO: {0, 290_000_000, 10_000_000},
		LIFO: {300_000_000, 0, 0}, Seniority: {300_000_000, 0, 0}, TIHO: {0, 300_000_000, 0}, TILO: {300_000_000, 0, 0},
	})
}

func TestTaintD(t *testing.T) {
	vector(t, []Segment{{333, red}, {667, Clean}}, []model.Amount{500, 400}, map[Policy][]model.Amount{
		Poison: {500, 400, 100}, Haircut: {167, 133, 33}, FIFO: {333, 0, 0},
		LIFO: {0, 233, 100}, Seniority: {333, 0, 0}, TIHO: {333, 0, 0}, TILO: {0, 333, 0},
	})
}

// Clean inputs are queued: an early implementation skipped them, which shifts
// every segment that comes later.
func TestTaintBSegments(t *testing.T) {
	var s Splitter
	parts, err := s.Split(FIFO, []Segment{{200_000_000, Clean}, {300_000_000, red}, {500_000_000, Clean}}, []model.Amount{400_000_000, 590_000_000})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]Segment{
		{{200_000_000, Clean}, {200_000_000, red}}, {{100_000_000, red}, {490_000_000, Clean}}, {{10_000_000, Clean}},
	}
	if diff := cmp.Diff(want, [][]Segment{parts.Output(0), parts.Output(1), parts.Fee()}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// minted divides 6.25 new coins and two fees, of which the first has the given
// segments, between the outputs of a coinbase.
func minted(t *testing.T, p Policy, fee []Segment, outs ...model.Amount) (tainted []model.Amount, burned []Segment) {
	t.Helper()
	in := Coinbase(nil, 625_000_000, append(append([]Segment(nil), fee...), Segment{5_000_000, Clean}), false)
	var s Splitter
	parts, err := s.Split(p, in, outs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range outs {
		tainted = append(tainted, Of(parts.Output(i), red))
	}
	return tainted, parts.Fee()
}

func TestCB1(t *testing.T) {
	// The fee of A under haircut; LIFO reads its segments from the back.
	fee := []Segment{{3_000_000, red}, {7_000_000, Clean}}
	for p, want := range map[Policy][]model.Amount{Haircut: {2_812_500, 187_500}, FIFO: {0, 3_000_000}, LIFO: {3_000_000, 0}, TIHO: {3_000_000, 0}} {
		got, burned := minted(t, p, fee, 600_000_000, 40_000_000)
		if diff := cmp.Diff(want, got); diff != "" || len(burned) > 0 {
			t.Errorf("%v, burned %v (-want +got)\n%s", p, burned, diff)
		}
	}
}

func TestCB2(t *testing.T) {
	fee := []Segment{{10_000_000, red}}
	for p, want := range map[Policy][]model.Amount{Haircut: {9_375_000, 625_000}, FIFO: {0, 10_000_000}, LIFO: {10_000_000, 0}, TIHO: {10_000_000, 0}} {
		if got, _ := minted(t, p, fee, 600_000_000, 40_000_000); !cmp.Equal(want, got) {
			t.Errorf("%v gives %v, want %v", p, got, want)
		}
	}
}

func TestCB3(t *testing.T) {
	got, burned := minted(t, FIFO, []Segment{{10_000_000, red}}, 600_000_000, 39_000_000)
	if diff := cmp.Diff([]model.Amount{0, 10_000_000}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]Segment{{1_000_000, Clean}}, burned); diff != "" {
		t.Errorf("burned (-want +got)\n%s", diff)
	}
}

// Output 0 of A under FIFO is spent on.
func TestMultiHop(t *testing.T) {
	var a, e Splitter
	parts, err := a.Split(FIFO, []Segment{{300_000_000, red}, {700_000_000, Clean}}, []model.Amount{400_000_000, 590_000_000})
	if err != nil {
		t.Fatal(err)
	}
	next, err := e.Split(FIFO, parts.Output(0), []model.Amount{150_000_000, 249_000_000})
	if err != nil {
		t.Fatal(err)
	}
	got := []model.Amount{Of(next.Output(0), red), Of(next.Output(1), red), Of(next.Fee(), red)}
	if diff := cmp.Diff([]model.Amount{150_000_000, 150_000_000, 0}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever goes in comes out, colour by colour, to the unit; every part holds
// what it is worth; no two neighbours are of one colour; and under haircut each
// part has its exact share, give or take less than a unit for each colour.
func TestConservation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 4))
	var s Splitter
	for round := range 4000 {
		in, outs := randomTx(rnd)
		want, total := map[uint32]model.Amount{}, model.Amount(0)
		for _, g := range in {
			want[g.Colour] += g.Value
			total += g.Value
		}
		for _, p := range Policies() {
			parts, err := s.Split(p, in, outs)
			if err != nil {
				t.Fatal(err)
			}
			got, fee := map[uint32]model.Amount{}, total
			for _, v := range outs {
				fee -= v
			}
			for i := range len(outs) + 1 {
				size := fee
				if i < len(outs) {
					size = outs[i]
				}
				segs := parts.Output(i)
				var sum model.Amount
				for j, g := range segs {
					got[g.Colour] += g.Value
					sum += g.Value
					if g.Value <= 0 || j > 0 && segs[j-1].Colour == g.Colour {
						t.Fatalf("round %d, %v: part %d is %v", round, p, i, segs)
					}
				}
				if sum != size {
					t.Fatalf("round %d, %v: part %d holds %v of %v", round, p, i, sum, size)
				}
				if p == Haircut {
					near(t, segs, want, total, size)
				}
			}
			if p == Poison {
				if len(got) > 1 || want[Clean] == total != (got[Clean] == total) {
					t.Fatalf("round %d: poison makes %v of %v", round, got, want)
				}
				continue
			}
			for c, v := range want {
				if v == 0 {
					delete(want, c)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("round %d, %v: colours (-in +out)\n%s", round, p, diff)
			}
		}
	}
}

// near checks the haircut of one part. The amounts are small enough for float64
// to tell units apart.
func near(t *testing.T, segs []Segment, want map[uint32]model.Amount, total, size model.Amount) {
	t.Helper()
	if total > 1<<40 {
		return
	}
	for c, v := range want {
		exact := float64(v) / float64(total) * float64(size)
		off := float64(Of(segs, c)) - exact
		if limit := float64(len(want)); off >= limit || off <= -limit {
			t.Fatalf("colour %d: %v of a part of %v, want about %f", c, Of(segs, c), size, exact)
		}
	}
}

// randomTx makes up to nine inputs of up to five segments of up to seven colours,
// and outputs that leave a fee, or none.
func randomTx(r *rand.Rand) (in []Segment, outs []model.Amount) {
	most := []int64{1, 7, 1000, 1e9, int64(model.MaxMoney)}[r.IntN(5)]
	var total model.Amount
	for range 1 + r.IntN(9*(1+r.IntN(5))) {
		g := Segment{model.Amount(r.Int64N(most + 1)), []uint32{Clean, Clean, 1, 2, 3, 9, Unknown, Unknown | 5}[r.IntN(8)]}
		in = append(in, g)
		total += g.Value
	}
	for range r.IntN(12) {
		v := model.Amount(r.Int64N(int64(total)/2 + 1))
		if r.IntN(4) == 0 {
			v = total
		}
		outs = append(outs, v)
		total -= v
	}
	return in, outs
}

func TestUnbalanced(t *testing.T) {
	var s Splitter
	for _, c := range []struct {
		in   []Segment
		outs []model.Amount
	}{
		{[]Segment{{9, red}}, []model.Amount{10}},
		{[]Segment{{9, red}}, []model.Amount{-1}},
		{[]Segment{{-9, red}}, nil},
		{[]Segment{{1 << 62, red}, {1 << 62, Clean}}, nil},
		{[]Segment{{9, red}}, []model.Amount{1<<63 - 1, 1<<63 - 1}},
	} {
		for _, p := range Policies() {
			if _, err := s.Split(p, c.in, c.outs); !errors.Is(err, ErrUnbalanced) {
				t.Errorf("%v of %v to %v: %v", p, c.in, c.outs, err)
			}
		}
	}
}

// What is unknown is neither clean nor tainted: where taint goes first it comes
// after the taint and before the clean.
func TestUnknownIsKeptApart(t *testing.T) {
	var s Splitter
	parts, err := s.Split(Seniority, []Segment{{5, Clean}, {3, Unknown}, {4, red}}, []model.Amount{6, 3})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]Segment{{{4, red}, {2, Unknown}}, {{1, Unknown}, {2, Clean}}, {{3, Clean}}}
	if diff := cmp.Diff(want, [][]Segment{parts.Output(0), parts.Output(1), parts.Fee()}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCap(t *testing.T) {
	s := Splitter{Most: 3}
	var in []Segment
	for range 5 {
		in = append(in, Segment{1, red}, Segment{1, 2}, Segment{1, Clean})
	}
	parts, err := s.Split(FIFO, in, []model.Amount{15})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Segment{{5, red}, {5, 2}, {5, Clean}}, parts.Output(0)); diff != "" || s.Capped != 1 || s.Lost != 0 {
		t.Errorf("capped %d, lost %d (-want +got)\n%s", s.Capped, s.Lost, diff)
	}
	for i := range in {
		in[i].Colour = uint32(i + 1)
	}
	parts, err = s.Split(FIFO, in, []model.Amount{15})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Segment{{1, 1}, {1, 2}, {13, Unknown}}, parts.Output(0)); diff != "" || s.Capped != 2 || s.Lost != 1 {
		t.Errorf("capped %d, lost %d (-want +got)\n%s", s.Capped, s.Lost, diff)
	}
}

func TestPurity(t *testing.T) {
	half := []Segment{{50, red}, {50, Clean}}
	less := []Segment{{49, red}, {1, Unknown}, {50, Clean}}
	if !Pure(half, PurityThreshold) || Pure(less, PurityThreshold) || Pure(nil, PurityThreshold) {
		t.Error("a half is pure, less is not, and nor is nothing; what is unknown does not count")
	}
	if Pure([]Segment{{1, red}, {2, Clean}}, model.Percent(34)) || !Pure([]Segment{{1, red}, {2, Clean}}, model.Percent(33)) {
		t.Error("a third is 33 percent and not 34")
	}
}

func TestPolicyNames(t *testing.T) {
	for _, p := range Policies() {
		if q, err := ParsePolicy(p.String()); err != nil || q != p {
			t.Errorf("%v reads back as %v, %v", p, q, err)
		}
	}
	if _, err := ParsePolicy("average"); err == nil {
		t.Error("no policy is called average")
	}
}

func TestNoAllocation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var s Splitter
	in, outs := wide(rnd, 50, 50, 6)
	for _, p := range Policies() {
		split := func() {
			if _, err := s.Split(p, in, outs); err != nil {
				t.Fatal(err)
			}
		}
		split()
		if n := testing.AllocsPerRun(20, split); n != 0 {
			t.Errorf("%v allocates %v times", p, n)
		}
	}
}

func wide(r *rand.Rand, inputs, outputs, colours int) (in []Segment, outs []model.Amount) {
	var total model.Amount
	for range inputs {
		v := model.Amount(1 + r.Int64N(1e9))
		in = append(in, Segment{v, uint32(r.IntN(colours + 1))})
		total += v
	}
	for i := range outputs {
		v := model.Amount(r.Int64N(int64(total)/int64(outputs-i) + 1))
		outs = append(outs, v)
		total -= v
	}
	return in, outs
}

func BenchmarkSplit(b *testing.B) {
	for _, size := range []struct{ in, out, colours int }{{1, 2, 1}, {2, 2, 1}, {50, 50, 1}, {50, 50, 6}, {3, 1500, 1}} {
		in, outs := wide(rand.New(rand.NewPCG(7, 7)), size.in, size.out, size.colours)
		for _, p := range []Policy{Haircut, FIFO, TIHO} {
			b.Run(fmt.Sprintf("%v/%din_%dout_%dcolours", p, size.in, size.out, size.colours), func(b *testing.B) {
				var s Splitter
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Split(p, in, outs); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size.in+size.out), "ns/part")
			})
		}
	}
}
