package beneficiary_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

// The train of the reference's vector PC-1.
var pc1 = []model.Amount{7_950_000, 9_310_000, 9_275_000, 9_280_000, 9_260_000, 9_295_000, 1_480_000}

// bits of a difficulty of about 28.35e12.
const bits = 0x1709edac

var start = time.Date(2022, 8, 20, 2, 10, 0, 0, time.UTC)

// receipts are paid once a day from a time on.
func receipts(from time.Time, withBits bool, as ...model.Amount) []beneficiary.Receipt {
	rs := make([]beneficiary.Receipt, len(as))
	for i, a := range as {
		at := from.AddDate(0, 0, i)
		rs[i] = beneficiary.Receipt{
			Out: model.Outpoint{Tx: model.TxID{byte(at.Unix()), byte(at.Unix() >> 8), byte(at.Unix() >> 16), byte(at.Unix() >> 24)}}, Amount: a,
			Block: model.BlockRef{Height: 750_000, Time: at.Unix(), Known: model.KnownHeight | model.KnownTime},
		}
		if withBits {
			rs[i].Block.Bits = bits
			rs[i].Block.Known |= model.KnownBits
		}
	}
	return rs
}

func same(a model.Amount, n int) []model.Amount {
	out := make([]model.Amount, n)
	for i := range out {
		out[i] = a
	}
	return out
}

// PC-1: of seven payouts of 55,850,000 sat, the middle five have a mean of
// 9,012,000, a standard deviation of the population of 531,117.7, and a coefficient
// of variation of 0.0589; the train passes.
func TestPC1(t *testing.T) {
	tr := testTrain(receipts(start, false, pc1...))
	got := []any{tr.Passed, tr.Payouts, tr.Total, tr.Mean, tr.Deviation, tr.CV, tr.Length, tr.HashRate, tr.EarlierDays, tr.Weight}
	want := []any{true, 7, model.Amount(55_850_000), model.Amount(9_012_000), int64(5_311_177), int64(58_934), 6 * 24 * time.Hour, beneficiary.HashRate(0), 0, 3 * model.Nat / 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, strings.Join(tr.Reasons, "\n"))
	}
}

// With the difficulty the same train is that of 21 PH/s for six days.
func TestPC1HashRate(t *testing.T) {
	tr := testTrain(receipts(start, true, pc1...))
	if got, want := tr.String(), "21 PH/s for six days from 2022-08-20"; got != want || tr.CV != 58_934 {
		t.Errorf("%q with variation %d, want %q", got, tr.CV, want)
	}
}

func TestTrains(t *testing.T) {
	p := beneficiary.DefaultParams()
	month := func(n int) time.Time { return start.AddDate(0, 0, -n) }
	train := receipts(start, true, pc1...)
	tests := []struct {
		name          string
		seen          beneficiary.Seen
		before, train []beneficiary.Receipt
		after         []beneficiary.Receipt
		passed        bool
		unknown       bool
		weight        model.MicroNats
		earlier       int
		reason        string
	}{
		{name: "nothing else", train: train, passed: true, weight: p.Train},
		{name: "paid 31 days before", before: receipts(month(40), true, same(9e6, 10)...), train: train, passed: true, weight: p.Train, earlier: 10},
		{name: "paid 29 days before", before: receipts(month(38), true, same(9e6, 10)...), train: train, earlier: 10, reason: "the payout before is 29 days earlier, less than 30 days"},
		{name: "resident until the day before", before: receipts(month(190), true, same(9e6, 190)...), train: train, weight: p.Resident, earlier: 190, reason: "a resident: paid for 190 days before at 0.50 of this rate at least"},
		{name: "resident of old, back after a pause", before: receipts(month(160), true, same(9e6, 100)...), train: train, passed: true, weight: p.Train + p.Resident, earlier: 100},
		{name: "resident at a tenth of the rate", before: receipts(month(160), true, same(9e5, 100)...), train: train, passed: true, weight: p.Train},
		{name: "59 days are no resident's", before: receipts(month(100), true, same(9e6, 59)...), train: train, passed: true, weight: p.Train, earlier: 59},
		{name: "thirteen days", train: receipts(start, true, same(9e6, 14)...), passed: true, weight: p.Train},
		{name: "fourteen days", train: receipts(start, true, same(9e6, 15)...), reason: "14 days from first to last, of 13 days at most"},
		{name: "one payout", train: receipts(start, true, 9e6), reason: "1 payout, of 2 at least"},
		{name: "no payout", reason: "0 payouts, of 2 at least"},
		{name: "amounts that vary", train: receipts(start, true, 9e6, 4e6, 12e6, 2e6, 8e6), reason: "the middle 80 % of the amounts, taken to one difficulty, vary by 0.3086, of 0.1500 at most"},
		{name: "goes on after three days", train: train, after: receipts(start.AddDate(0, 0, 9), true, 9e6), reason: "payouts go on three days later"},
		{name: "paid again two months later", train: train, after: receipts(start.AddDate(0, 0, 66), true, 9e6), passed: true, weight: p.Train},
		{name: "seen for three weeks before", seen: beneficiary.Seen{From: month(21).Unix()}, train: train, unknown: true, reason: "no payout in the 21 days before, but the pool's payouts are not seen further back than that, and 30 days are needed"},
		{name: "seen for a month before", seen: beneficiary.Seen{From: month(30).Unix()}, train: train, passed: true, weight: p.Train},
		{name: "the end is not seen", seen: beneficiary.Seen{To: start.AddDate(0, 0, 7).Unix()}, train: train, unknown: true, reason: "whether it ended is unknown: the pool's payouts are seen for 24 hours after it"},
		{name: "seen for five days after", seen: beneficiary.Seen{To: start.AddDate(0, 0, 11).Unix()}, train: train, passed: true, weight: p.Train, reason: "no payout after it, seen for five days"},
		{name: "a possible payout could not be judged", seen: beneficiary.Seen{Lost: []int64{month(3).Unix()}}, train: train, unknown: true, reason: "a transaction of these days that may be a payout could not be judged"},
		{name: "one long before could not be judged", seen: beneficiary.Seen{Lost: []int64{month(90).Unix()}}, train: train, passed: true, weight: p.Train},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := tt.seen.Test(tt.before, tt.train, tt.after, 24*time.Hour, p)
			got := []any{tr.Passed, tr.Unknown, tr.Weight, tr.EarlierDays}
			if diff := cmp.Diff([]any{tt.passed, tt.unknown, tt.weight, tt.earlier}, got); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, strings.Join(tr.Reasons, "\n"))
			}
			if !strings.Contains(strings.Join(tr.Reasons, "; "), tt.reason) {
				t.Errorf("reasons %q, want %q among them", tr.Reasons, tt.reason)
			}
		})
	}
}

// A block of unknown time lets nothing be said, and passes nothing.
func TestTrainOfUnknownTime(t *testing.T) {
	rs := receipts(start, false, pc1...)
	rs[3].Block.Known = model.KnownHeight
	if tr := testTrain(rs); tr.Passed || !tr.Unknown {
		t.Errorf("passed %t, unknown %t", tr.Passed, tr.Unknown)
	}
}

// The difficulty rises by a tenth in the middle of a train: the amounts fall, the
// work is the same.
func TestTrainAcrossAnAdjustment(t *testing.T) {
	rs := receipts(start, true, 10_000_000, 10_010_000, 9_990_000, 7_000_000, 7_010_000, 6_990_000)
	for i := range rs[3:] {
		rs[3+i].Block.Bits = 0x1706f279 // harder by 10/7
	}
	tr := testTrain(rs)
	if !tr.Passed || tr.CV > 5_000 {
		t.Errorf("passed %t, variation %d: %q", tr.Passed, tr.CV, tr.Reasons)
	}
	for i := range rs {
		rs[i].Block.Known &^= model.KnownBits
	}
	if tr := testTrain(rs); tr.Passed || tr.CV < 150_000 {
		t.Errorf("without the difficulty: passed %t, variation %d", tr.Passed, tr.CV)
	}
}

func TestSeries(t *testing.T) {
	rs := append(receipts(start, true, 9e6, 9e6, 9e6), receipts(start.AddDate(0, 0, 10), true, 9e6, 18e6)...)
	s := beneficiary.SeriesOf(rs, 24*time.Hour)
	got := []any{s.Receipts, s.Payouts, s.Total, s.Gaps, s.Daily, s.Cadence, s.Start, s.End, s.HashRate.String(), s.Rates[4].String(), s.Equivalent()}
	want := []any{5, 5, model.Amount(54e6), 1, model.Amount(9e6), 24 * time.Hour, start.Unix(), start.AddDate(0, 0, 11).Unix(), "20 PH/s", "41 PH/s", 6 * 24 * time.Hour}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What one transaction pays to two addresses of a beneficiary is one payout.
func TestSeriesOfTwoAddresses(t *testing.T) {
	rs := receipts(start, true, 9e6, 9e6)
	twice := []beneficiary.Receipt{rs[0], rs[0], rs[1], rs[1]}
	s := beneficiary.SeriesOf(twice, 24*time.Hour)
	if s.Receipts != 4 || s.Payouts != 2 || s.Daily != 18e6 || s.HashRate.String() != "41 PH/s" {
		t.Errorf("%+v", s)
	}
}

// A miner who is paid each week by a pool that pays each day has a week's cadence.
func TestSeriesOfRarePayouts(t *testing.T) {
	var rs []beneficiary.Receipt
	for i := range 8 {
		rs = append(rs, receipts(start.AddDate(0, 0, 7*i), true, 7_000_000)...)
	}
	if s := beneficiary.SeriesOf(rs, 24*time.Hour); s.Gaps != 0 || s.Daily != 1_000_000 || s.Cadence != 7*24*time.Hour {
		t.Errorf("%+v", s)
	}
}

func TestImplied(t *testing.T) {
	at := model.BlockRef{Height: 750_000, Bits: bits, Known: model.KnownHeight | model.KnownBits}
	first := model.BlockRef{Height: 1, Bits: 0x1d00ffff, Known: model.KnownHeight | model.KnownBits}
	tests := []struct {
		name    string
		amount  model.Amount
		seconds int64
		at      model.BlockRef
		want    beneficiary.HashRate
	}{
		// A petahash a second is 10^15 x 86,400 hashes a day, and a subsidy of
		// 6.25 coins takes 28.35e12 x 2^32.
		{"a petahash for a day", 443_486, 86_400, at, 1_000_000},
		{"one subsidy in ten minutes", 625_000_000, 600, at, 202_937_477_558},
		{"the first difficulty", 50 * model.Coin, 600, first, 0}, // 7 MH/s
		{"unknown difficulty", 443_486, 86_400, model.BlockRef{Height: 750_000, Known: model.KnownHeight}, 0},
		{"unknown height", 443_486, 86_400, model.BlockRef{Bits: bits, Known: model.KnownBits}, 0},
		{"no time", 443_486, 0, at, 0},
		{"nothing", 0, 86_400, at, 0},
		{"after the last subsidy", 443_486, 86_400, model.BlockRef{Height: 7_000_000, Bits: bits, Known: model.KnownHeight | model.KnownBits}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := beneficiary.Implied(tt.amount, tt.seconds, tt.at, model.Mainnet)
			if d := int64(got) - int64(tt.want); d*d > int64(tt.want/100_000)*int64(tt.want/100_000) {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestHashRateString(t *testing.T) {
	for h, want := range map[beneficiary.HashRate]string{
		0: "unknown", 1: "1 GH/s", 999: "999 GH/s", 1_000: "1.0 TH/s", 4_249: "4.2 TH/s", 9_960: "10 TH/s", 21_499_999: "21 PH/s",
		999_499: "999 TH/s", 999_600: "1.0 PH/s", 5_000_000_000_000: "5.0 ZH/s", 5_000_000_000_000_000: "5000 ZH/s",
	} {
		if got := h.String(); got != want {
			t.Errorf("%d GH/s is %q, want %q", h, got, want)
		}
	}
}

func TestCoverage(t *testing.T) {
	for _, tt := range []struct {
		paid, mined model.Amount
		want        model.Probability
		known       bool
	}{
		{1_074_75000000, 7_887_13000000, 136_266, true}, // AntPool 2018
		{10, 10, model.Certain, true},
		{12, 10, 0, false}, // blocks are missing
		{0, 10, 0, true},
		{12, 0, 0, false},
	} {
		if got, ok := (beneficiary.Pool{Paid: tt.paid, Mined: tt.mined}).Coverage(); got != tt.want || ok != tt.known {
			t.Errorf("%v of %v: %v %t, want %v %t", tt.paid, tt.mined, got, ok, tt.want, tt.known)
		}
	}
}

// testTrain tests payouts beside which there are no others, at whatever time.
func testTrain(rs []beneficiary.Receipt) beneficiary.Train {
	return beneficiary.Seen{}.Test(nil, rs, nil, 0, beneficiary.DefaultParams())
}
