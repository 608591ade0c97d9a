package beneficiary

import (
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Series describes the payouts of one pool to a beneficiary. Unknown is 0.
type Series struct {
	// Receipts counts outputs, and Payouts transactions: what one transaction
	// pays to several addresses of a beneficiary is one payout.
	Receipts, Payouts int
	Total             model.Amount
	// Start and End are the times of the first and the last payout, in Unix
	// seconds, as their blocks state them. Where a time is unknown, Timed is false, and what follows is 0
	// but for CV.
	Start, End int64
	Timed      bool
	// Cadence is the usual time between two payouts: that of the pool, or the
	// median of the series where that is longer.
	Cadence time.Duration
	// Gaps counts the intervals of more than twice Cadence.
	Gaps int
	// Daily is the median over the payouts of the amount for a day since the
	// one before. The first, and those after a gap, do not count, as it is not
	// known what they pay for; where there is no other, Cadence is taken for
	// the time.
	Daily model.Amount
	// CV is the coefficient of variation of the amounts, in parts per million:
	// the standard deviation of the population over the mean.
	CV int64
	// Rates are the implied hash rates of the payouts, in their order, each
	// over the time since the one before, or over Cadence for those that Daily
	// does not count. HashRate is the median of those that it counts. See
	// [Implied].
	Rates    []HashRate
	HashRate HashRate
}

// Equivalent returns for how long a rig that earns Daily works for Total; 0 where
// that is unknown.
func (s Series) Equivalent() time.Duration {
	if s.Daily <= 0 {
		return 0
	}
	sec, ok := s.Total.Share(int64(day/time.Second), int64(s.Daily))
	if !ok || sec > 1<<32 {
		return 0
	}
	return time.Duration(sec) * time.Second
}

// SeriesOf describes receipts, which must be of one pool and in ledger order.
// Cadence is the pool's.
func SeriesOf(rs []Receipt, cadence time.Duration) Series {
	ps := payouts(rs)
	s := Series{Receipts: len(rs), Payouts: len(ps), Rates: make([]HashRate, len(ps))}
	if len(ps) == 0 {
		return s
	}
	amounts := make([]model.Amount, len(ps))
	times := make([]int64, len(ps))
	s.Timed = true
	for i := range ps {
		amounts[i] = ps[i].Amount
		s.Total = add(s.Total, ps[i].Amount)
		t, ok := clock(ps[i].Block)
		s.Timed = s.Timed && ok
		times[i] = t
		if i > 0 {
			times[i] = max(t, times[i-1])
		}
	}
	_, _, s.CV = variation(amounts)
	if !s.Timed {
		return s
	}
	s.Start, s.End = times[0], times[len(times)-1]
	p := paceOf(times, amounts, cadence)
	s.Cadence, s.Gaps, s.Daily = p.cadence, p.gaps, p.daily
	net := ps[0].Address.Network()
	usual := int64(p.cadence / time.Second)
	var counted []HashRate
	for i := range ps {
		since, known := p.since(times, i)
		if !known {
			since = usual
		}
		s.Rates[i] = Implied(ps[i].Amount, since, ps[i].Block, net)
		if known {
			counted = append(counted, s.Rates[i])
		}
	}
	if len(counted) == 0 {
		counted = slices.Clone(s.Rates)
	}
	if !slices.Contains(counted, 0) {
		s.HashRate = median(counted)
	}
	return s
}

// clock is when a block was made, in Unix seconds. Rates need the time that the
// block states: the median time past lags behind, by how much depends on luck. The
// stated time may run back by two hours, which callers allow for.
func clock(at model.BlockRef) (unix int64, known bool) {
	t, ok := at.Clock()
	if !ok {
		return 0, false
	}
	return t.Unix(), true
}

// payouts adds up what one transaction pays. It keeps the order.
func payouts(rs []Receipt) []Receipt {
	out := make([]Receipt, 0, len(rs))
	for i := range rs {
		if n := len(out); n > 0 && out[n-1].Out.Tx == rs[i].Out.Tx {
			out[n-1].Amount = add(out[n-1].Amount, rs[i].Amount)
			continue
		}
		out = append(out, rs[i])
	}
	return out
}

// add adds amounts; a sum that no ledger holds stays what it was.
func add(a, b model.Amount) model.Amount {
	if sum, ok := a.Add(b); ok {
		return sum
	}
	return a
}

// gap is the longest interval, in seconds, that is none: twice the cadence, and a
// quarter more, as no pool keeps the minute.
func gap(cadence time.Duration) int64 { return int64((2*cadence + cadence/4) / time.Second) }

// pace is how payouts follow each other.
type pace struct {
	cadence time.Duration
	gaps    int
	daily   model.Amount
}

// since returns how long before the payout at i the one before it was; it is
// false for the first, after a gap, and where no time passed.
func (p pace) since(times []int64, i int) (seconds int64, known bool) {
	if i == 0 {
		return 0, false
	}
	d := times[i] - times[i-1]
	return d, d > 0 && d <= gap(p.cadence)
}

// paceOf measures payouts of one pool, whose cadence is given. Times do not go
// back.
func paceOf(times []int64, amounts []model.Amount, cadence time.Duration) pace {
	p := pace{cadence: cadence}
	steps := make([]int64, 0, len(times))
	for i := 1; i < len(times); i++ {
		if d := times[i] - times[i-1]; d > 0 {
			steps = append(steps, d)
		}
	}
	if len(steps) > 0 {
		slices.Sort(steps)
		// The lower median: a quiet time between two trains is no cadence.
		p.cadence = max(p.cadence, time.Duration(steps[(len(steps)-1)/2])*time.Second)
	}
	daily := make([]model.Amount, 0, len(times))
	for i := range times {
		since, known := p.since(times, i)
		if known {
			daily = append(daily, perDay(amounts[i], since))
		} else if since > 0 {
			p.gaps++
		}
	}
	if usual := int64(p.cadence / time.Second); len(daily) == 0 && usual > 0 {
		for _, a := range amounts {
			daily = append(daily, perDay(a, usual))
		}
	}
	p.daily = median(daily)
	return p
}

func perDay(a model.Amount, seconds int64) model.Amount {
	v, ok := a.Share(int64(day/time.Second), seconds)
	if !ok {
		return 0
	}
	return v
}

// median returns the middle of the values, of an even number the mean of the two
// in the middle, rounded down; 0 of none. It sorts its argument.
func median[T ~int64 | ~uint64](vs []T) T {
	n := len(vs)
	if n == 0 {
		return 0
	}
	slices.Sort(vs)
	if n%2 == 1 {
		return vs[n/2]
	}
	a, b := vs[n/2-1], vs[n/2]
	return a + (b-a)/2
}
