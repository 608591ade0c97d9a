package loop

import (
	"math/bits"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// field holds the receipts of all beneficiaries as columns. Values are satoshis,
// or hundredths of a currency where several ledgers are compared.
type field struct {
	at    []int64 // Unix seconds, for each beneficiary in order
	value []int64
	sum   []int64  // of the values before, over all
	blind []uint32 // how many of those before have no value, as their price is unknown
	from  []uint32 // by beneficiary, one more at the end
	// starts are the times of all receipts that begin a series, sorted.
	starts []int64
	// The receipts were looked for in this time.
	first, last int64
}

// add appends a beneficiary with its receipts, which must be in order. The value of
// one whose price is unknown is 0.
func (f *field) add(at, value []int64) {
	if len(f.from) == 0 {
		f.from, f.sum, f.blind = []uint32{0}, []int64{0}, []uint32{0}
	}
	f.at, f.value = append(f.at, at...), append(f.value, value...)
	for _, v := range value {
		// Wraps rather than overflows: differences stay right.
		f.sum = append(f.sum, f.sum[len(f.sum)-1]+v)
		n := f.blind[len(f.blind)-1]
		if v == 0 {
			n++
		}
		f.blind = append(f.blind, n)
	}
	f.from = append(f.from, uint32(len(f.at)))
}

// close makes the field ready once every beneficiary is in.
func (f *field) close(first, last int64, quiet int64) {
	f.first, f.last = first, last
	for b := range f.len() {
		lo, hi := f.of(b)
		for i := lo; i < hi; i++ {
			if f.begins(lo, i, quiet) {
				f.starts = append(f.starts, f.at[i])
			}
		}
	}
	slices.Sort(f.starts)
}

// begins reports whether a receipt begins a series: none came for so long before,
// and that long was looked at.
func (f *field) begins(lo, i int, quiet int64) bool {
	return f.at[i]-quiet >= f.first && (i == lo || f.at[i-1] < f.at[i]-quiet)
}

func (f *field) len() int { return max(len(f.from)-1, 0) }

// of returns the bounds of a beneficiary's receipts.
func (f *field) of(b int) (lo, hi int) { return int(f.from[b]), int(f.from[b+1]) }

// after returns the first receipt of lo to hi that is not before the time.
func (f *field) after(lo, hi int, t int64) int {
	for lo < hi {
		m := int(uint(lo+hi) / 2)
		if f.at[m] < t {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// total returns what the receipts from lo to hi, hi left out, come to.
func (f *field) total(lo, hi int) int64 { return f.sum[hi] - f.sum[lo] }

// between returns what a beneficiary received from a time to another, the latter
// included.
func (f *field) between(b int, from, to int64) int64 {
	lo, hi := f.of(b)
	return f.total(f.after(lo, hi, from), f.after(lo, hi, to+1))
}

// Densities are counted in bins of a quarter of an octave, so that no logarithm
// is needed to find one.
const (
	binsPerOctave = 4
	bins          = 64 * binsPerOctave
)

// binNats is the width of a bin: a quarter of ln 2.
const binNats = model.MicroNats(173_287)

// quarters are 2^(1/4), 2^(1/2) and 2^(3/4) times 2^31.
var quarters = [...]uint64{2553802834, 3037000500, 3611622603}

// bin returns the bin of a positive value.
func bin(v int64) int {
	e := bits.Len64(uint64(v)) - 1
	var m uint64 // scaled to 2^31 and more
	if e >= 31 {
		m = uint64(v) >> (e - 31)
	} else {
		m = uint64(v) << (31 - e)
	}
	q := 0
	for q < len(quarters) && m >= quarters[q] {
		q++
	}
	return e*binsPerOctave + q
}

// density counts what beneficiaries received in a window.
type density struct {
	n        int32
	min, max int64
	count    [bins]int32
}

func (d *density) add(v int64) {
	if v <= 0 {
		return
	}
	if d.n == 0 || v < d.min {
		d.min = v
	}
	d.max = max(d.max, v)
	d.n++
	d.count[bin(v)]++
}

// near returns how many are in the bin of v or in those beside it.
func (d *density) near(v int64) int32 {
	k := bin(v)
	n := d.count[k]
	if k > 0 {
		n += d.count[k-1]
	}
	if k+1 < bins {
		n += d.count[k+1]
	}
	return n
}

// ln returns the logarithm of the density of ln v among beneficiaries, per nat: by
// counting the three bins around v where there are samples enough, else as if
// uniform over the observed range. The count is never below 1: the density of
// nothing is that of the one who is looked at.
func (d *density) ln(v int64, p *Params, l *logs) model.MicroNats {
	if int(d.n) >= p.Samples && p.Samples > 0 {
		return l.ln(int64(max(d.near(v), 1))) - l.ln(int64(d.n)) - l.bin3
	}
	width := p.Range
	if d.n > 0 && d.min > 0 {
		width = max(width, model.LnRatio(d.max, d.min))
	}
	return -l.ln(int64(width)) + l.nat
}

// logs remembers logarithms of small numbers.
type logs struct {
	small     []model.MicroNats
	bin3, nat model.MicroNats
}

func newLogs(n int) *logs {
	l := &logs{small: make([]model.MicroNats, n+1)}
	for i := 1; i <= n; i++ {
		l.small[i] = model.LnRatio(int64(i), 1)
	}
	l.bin3, l.nat = model.LnRatio(3*int64(binNats), int64(model.Nat)), model.LnRatio(int64(model.Nat), 1)
	return l
}

func (l *logs) ln(n int64) model.MicroNats {
	if n < int64(len(l.small)) {
		return l.small[n]
	}
	return model.LnRatio(n, 1)
}
