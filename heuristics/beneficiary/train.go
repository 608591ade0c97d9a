package beneficiary

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// Train is the outcome of the test whether payouts look like those of rented
// hash power: an abrupt start, near-constant amounts, an abrupt end.
type Train struct {
	Passed bool
	// Unknown is true where what would decide was not seen; then the test is
	// not passed.
	Unknown bool
	Pool    uint16 // index into [Index.Pools]
	Payouts int
	// Start and End are the times of the first and the last payout, in Unix
	// seconds, and Length is the time between them.
	Start, End int64
	Length     time.Duration
	Total      model.Amount
	// Mean and Deviation are of the middle 80 percent of the amounts:
	// Deviation is the standard deviation of the population in tenths of a
	// satoshi. CV is the deviation over the mean in parts per million, of the
	// amounts at one difficulty where that is known.
	Mean      model.Amount
	Deviation int64
	CV        int64
	// HashRate is the median implied hash rate, 0 where it is unknown, and
	// Equivalent for how long it would have run for Total.
	HashRate   HashRate
	Equivalent time.Duration
	// EarlierDays says for how many days before the beneficiary was paid at
	// the share of the train's rate that makes a resident of it.
	EarlierDays int
	Resident    bool
	// Weight is the log likelihood ratio of rented hash power, to be used where
	// a train is compared with a deposit.
	Weight model.MicroNats
	// Reasons say how each part of the test went.
	Reasons []string
}

// Seen is the time in which a run saw the payouts of a pool, in Unix seconds: from
// From, to To where they are not 0, but for the moments of Lost, sorted, at which a
// transaction that may be a payout could not be judged. The zero value is all time.
type Seen struct {
	From, To int64
	Lost     []int64
}

// Test tests payouts of one pool, in ledger order, for the shape of rented hash power
// (heuristics reference, section 9). Before and after are the pool's other payouts to
// the beneficiary within the time that was seen. Cadence is the pool's, 0 where it is
// unknown.
func (s Seen) Test(before, train, after []Receipt, cadence time.Duration, p Params) Train {
	sum := SeriesOf(train, cadence)
	t := Train{
		Payouts: sum.Payouts, Start: sum.Start, End: sum.End, Total: sum.Total,
		HashRate: sum.HashRate, Equivalent: sum.Equivalent(),
	}
	ok := true
	say := func(pass bool, format string, args ...any) {
		ok = ok && pass
		t.Reasons = append(t.Reasons, fmt.Sprintf(format, args...))
	}
	if len(train) > 0 {
		t.Pool = train[0].Pool
	}
	say(t.Payouts >= p.TrainMin, "%s, of %d at least", words.Plural(t.Payouts, "payout"), p.TrainMin)
	if !sum.Timed {
		t.Unknown = ok && len(train) > 0
		say(false, "the time of a payout is unknown")
		return t
	}
	ps := payouts(train)
	t.Length = time.Duration(t.End-t.Start) * time.Second
	limit, luck := p.Variation, ""
	if coinbases(ps)*2 > len(ps) {
		limit, luck = p.VariationLuck, ", as the pool pays in its coinbases"
	}
	t.Mean, t.Deviation, t.CV = variation(middle(amounts(ps)))
	even := "amounts"
	if rates := atOneDifficulty(ps); rates != nil {
		_, _, t.CV = variation(middle(rates))
		even = "amounts, taken to one difficulty,"
	}
	say(t.CV <= int64(limit), "the middle 80 %% of the %s vary by %s, of %s at most%s", even, ppm(t.CV), ppm(int64(limit)), luck)
	longest := p.OrderMax + p.Settlement
	say(t.Length <= longest, "%s from first to last, of %s at most", days(t.Length), days(longest))

	quiet := int64(p.Quiet / time.Second)
	last, known := int64(0), true
	if len(before) > 0 {
		last, known = clock(before[len(before)-1].Block)
	}
	next, known2 := int64(0), true
	if len(after) > 0 {
		next, known2 = clock(after[0].Block)
	}
	switch {
	case !known:
		t.Unknown = true
		say(true, "the time of the payout before is unknown")
	case len(before) > 0 && t.Start-last < quiet:
		say(false, "the payout before is %s earlier, less than %s", days(time.Duration(max(t.Start-last, 0))*time.Second), days(p.Quiet))
	case s.From != 0 && t.Start-s.From < quiet:
		t.Unknown = true
		say(true, "no payout in the %s before, but the pool's payouts are not seen further back than that, and %s are needed", days(time.Duration(max(t.Start-s.From, 0))*time.Second), days(p.Quiet))
	default:
		say(true, "no payout in the %s before", days(p.Quiet))
	}
	still := int64(p.QuietAfter / time.Second)
	switch {
	case !known2:
		t.Unknown = true
		say(true, "the time of the payout after is unknown")
	case len(after) > 0 && next-t.End < still:
		say(false, "payouts go on %s later", days(time.Duration(max(next-t.End, 0))*time.Second))
	case s.To != 0 && s.To-t.End <= gap(max(sum.Cadence, cadence)):
		t.Unknown = true
		say(true, "whether it ended is unknown: the pool's payouts are seen for %s after it", days(time.Duration(max(s.To-t.End, 0))*time.Second))
	case s.To != 0 && s.To-t.End < still:
		say(true, "no payout after it, seen for %s", days(time.Duration(s.To-t.End)*time.Second))
	case s.To != 0 || len(after) > 0:
		say(true, "no payout in the %s after", days(p.QuietAfter))
	}
	if n, _ := slices.BinarySearch(s.Lost, t.Start-quiet); n < len(s.Lost) && s.Lost[n] <= t.End+still {
		t.Unknown = true
		say(true, "a transaction of these days that may be a payout could not be judged")
	}
	t.EarlierDays = earlier(before, cadence, sum.Daily, p.ResidentRate)
	if t.EarlierDays >= p.ResidentDays {
		t.Resident = true
		t.Reasons = append(t.Reasons, fmt.Sprintf("a resident: paid for %d days before at %s of this rate at least", t.EarlierDays, p.ResidentRate.Short()))
		t.Weight += p.Resident
	}
	t.Unknown = t.Unknown && ok
	t.Passed = ok && !t.Unknown
	if t.Passed {
		t.Weight += p.Train
	}
	return t
}

// earlier returns for how many days earlier payouts of one pool were at a share of
// a rate at least.
func earlier(before []Receipt, cadence time.Duration, daily model.Amount, share model.Probability) int {
	ps := payouts(before)
	times := make([]int64, len(ps))
	for i := range ps {
		t, ok := clock(ps[i].Block)
		if !ok {
			return 0
		}
		if times[i] = t; i > 0 {
			times[i] = max(t, times[i-1])
		}
	}
	least, ok := daily.Share(int64(share), int64(model.Certain))
	if !ok || least <= 0 {
		return 0
	}
	as := amounts(ps)
	p := paceOf(times, as, cadence)
	sum := int64(0)
	for i := range ps {
		since, known := p.since(times, i)
		if !known {
			since = int64(p.cadence / time.Second)
		}
		if since > 0 && perDay(as[i], since) >= least {
			sum += since
		}
	}
	return int(sum / int64(day/time.Second))
}

// segment is a run of receipts: those from From to To-1.
type segment struct{ from, to int }

// segments cuts payouts where more than twice the cadence passes between two.
// Without a cadence there is one.
func segments(rs []Receipt, cadence time.Duration) []segment {
	if len(rs) == 0 {
		return nil
	}
	out := []segment{{0, len(rs)}}
	if cadence <= 0 {
		return out
	}
	most := gap(cadence)
	prev, known := clock(rs[0].Block)
	for i := 1; i < len(rs); i++ {
		t, ok := clock(rs[i].Block)
		if ok && known && t-prev > most {
			out[len(out)-1].to = i
			out = append(out, segment{i, len(rs)})
		}
		prev, known = t, ok
	}
	return out
}

// hopeless reports without effort that a segment of a series is no train that
// passes.
func (g segment) hopeless(rs []Receipt, p *Params) bool {
	if g.to-g.from < p.TrainMin {
		return true
	}
	sec := func(d time.Duration) int64 { return int64(d / time.Second) }
	start, ok := clock(rs[g.from].Block)
	end, ok2 := clock(rs[g.to-1].Block)
	if !ok || !ok2 || end-start > sec(p.OrderMax+p.Settlement) {
		return true
	}
	if g.from > 0 {
		if t, ok := clock(rs[g.from-1].Block); ok && start-t < sec(p.Quiet) {
			return true
		}
	}
	if g.to < len(rs) {
		if t, ok := clock(rs[g.to].Block); ok && t-end < sec(p.QuietAfter) {
			return true
		}
	}
	return false
}

func coinbases(rs []Receipt) int {
	n := 0
	for i := range rs {
		if rs[i].Coinbase {
			n++
		}
	}
	return n
}

func amounts(rs []Receipt) []model.Amount {
	as := make([]model.Amount, len(rs))
	for i := range rs {
		as[i] = rs[i].Amount
	}
	return as
}

// atOneDifficulty returns in proportion to what work the amounts are the reward:
// the hash rate that each is a day's reward of. It is nil where a difficulty is
// unknown.
func atOneDifficulty(rs []Receipt) []model.Amount {
	as := make([]model.Amount, len(rs))
	for i := range rs {
		h := Implied(rs[i].Amount, int64(day/time.Second), rs[i].Block, rs[i].Address.Network())
		if h == 0 || h > 1<<62 {
			return nil
		}
		as[i] = model.Amount(h)
	}
	return as
}

// middle returns the middle 80 percent of the amounts: a tenth of their number is
// left out on each side, rounded to the nearest. It sorts its argument.
func middle(as []model.Amount) []model.Amount {
	slices.Sort(as)
	k := (len(as) + 5) / 10
	return as[k : len(as)-k]
}

// variation returns mean, standard deviation of the population in tenths, and
// coefficient of variation in parts per million, all rounded to the nearest.
func variation(as []model.Amount) (mean model.Amount, deviation, cv int64) {
	n := int64(len(as))
	if n == 0 {
		return 0, 0, 0
	}
	sum, squares, v := new(big.Int), new(big.Int), new(big.Int)
	for _, a := range as {
		v.SetInt64(int64(a))
		sum.Add(sum, v)
		squares.Add(squares, v.Mul(v, v))
	}
	if sum.Sign() <= 0 {
		return 0, 0, 0
	}
	// The variance is (n squares - sum^2) / n^2.
	d := squares.Mul(squares, big.NewInt(n))
	d.Sub(d, v.Mul(sum, sum))
	return model.Amount(round(sum, big.NewInt(n))),
		roundSqrt(d, 10, big.NewInt(n)),
		roundSqrt(d, int64(model.Certain), sum)
}

// round returns a/b to the nearest, 0 where it does not fit.
func round(a, b *big.Int) int64 {
	q := new(big.Int).Lsh(a, 1)
	q.Add(q, b).Quo(q, new(big.Int).Lsh(b, 1))
	if !q.IsInt64() {
		return 0
	}
	return q.Int64()
}

// roundSqrt returns scale sqrt(v) / by to the nearest.
func roundSqrt(v *big.Int, scale int64, by *big.Int) int64 {
	const guard = 1_000_000
	s := big.NewInt(scale * guard)
	s.Mul(s, s).Mul(s, v)
	return round(s.Sqrt(s), new(big.Int).Mul(by, big.NewInt(guard)))
}
