package loop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
	"github.com/goldwash/goldwash/model"
)

// paidAbroad is a beneficiary on another ledger that is paid daily.
func paidAbroad(name byte, first time.Time, amounts ...model.Amount) *beneficiary.Beneficiary {
	a := model.AddressOf(append([]byte{0, 20}, strings.Repeat(string(name), 20)...), model.Testnet4)
	b := &beneficiary.Beneficiary{Head: a, Addresses: []model.Address{a}}
	for i, v := range amounts {
		at := first.AddDate(0, 0, i).Unix()
		b.Receipts = append(b.Receipts, beneficiary.Receipt{
			Out: model.Outpoint{Tx: model.TxID{name, byte(i)}}, Address: a, Amount: v, Confidence: model.Percent(95),
			Block: model.BlockRef{Time: at, Median: at - 3600, Known: model.KnownTime | model.KnownMedian},
		})
	}
	return b
}

// rented is a deposit worth 12,000.00, among miners who are paid every other week.
func rented(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`label Northpool: addr(np) category=mining_pool role=payout confidence=0.95
label Kestrel: addr(K) category=actor confidence=0.9
label HashBazaar: addr(D1) category=hash_marketplace role=deposit confidence=0.9
`)
	day := time.Date(2022, 1, 3, 2, 10, 0, 0, time.UTC)
	deposit := time.Date(2022, 8, 18, 11, 45, 0, 0, time.UTC)
	var lines strings.Builder
	for i := 0; day.Year() < 2023; i, day = i+1, day.AddDate(0, 0, 14) {
		fmt.Fprintf(&b, "price %s USD 20000\n", day.Format(time.DateOnly))
		if day.After(deposit) && day.AddDate(0, 0, -14).Before(deposit) {
			fmt.Fprintf(&b, "price %s USD 20000\n", deposit.Format(time.DateOnly))
			fmt.Fprintf(&lines, "time %s\ntx d1: new(K) 0.8 fee=2_000sat => D1 0.6, x rest\n", deposit.Format("2006-01-02 15:04"))
		}
		fmt.Fprintf(&lines, "time %s\n", day.Format("2006-01-02 15:04"))
		if i == 0 {
			lines.WriteString("height 735000\n")
		}
		fmt.Fprintf(&lines, "tx np%d: new(np) 20 fee=31_000sat => m#1 51%d233sat, m#2 112%d901sat, m#3 203%d114sat, m#4 305%d777sat, m#5 71%d431sat, m#6 161%d090sat, np rest\n", i, i%10, i%7, i%9, i%10, i%8, i%6)
	}
	return b.String() + lines.String()
}

// One rental pays in two coins on another ledger. Their values add up to what the
// deposit was worth, neither does alone.
func TestRoundPaidInSeveralCoins(t *testing.T) {
	t.Parallel()
	f := heuristictest.Ledger(t, rented(t))
	first := time.Date(2022, 8, 20, 6, 0, 0, 0, time.UTC)
	litecoin := paidAbroad(1, first, 700, 810, 805, 808, 803, 811, 210)
	dogecoin := paidAbroad(2, first, 71_000, 81_000, 80_000, 80_500, 81_100, 80_100, 21_000)
	values := func(part int64) []int64 {
		var out []int64
		for _, v := range []int64{159_000, 186_200, 185_500, 185_600, 185_200, 185_900, 29_600} {
			out = append(out, v*part/100)
		}
		return out
	}
	run := func(abroad ...loop.Abroad) []model.Finding {
		p := loop.DefaultParams()
		p.Abroad = abroad
		s := heuristictest.Open(t, f, heuristics.Scope{}, loop.New(p))
		return heuristictest.Findings(t, s)
	}
	fs := run(
		loop.Abroad{Party: "worker 7", Beneficiary: litecoin, Values: values(60)},
		loop.Abroad{Party: "worker 7", Beneficiary: dogecoin, Values: values(40)})
	if len(fs) != 1 || fs[0].Kind != loop.KindLead {
		t.Fatalf("%d findings, want one lead: %v", len(fs), fs)
	}
	g := &fs[0]
	if !strings.Contains(fact(g, "round 1"), "14 payouts from 2022-08-20 to 2022-08-26, R 0.93") {
		t.Errorf("round: %s", fact(g, "round 1"))
	}
	for _, b := range []*beneficiary.Beneficiary{litecoin, dogecoin} {
		if !strings.Contains(g.Claim, b.Head.String()) {
			t.Errorf("claim %q lacks %v", g.Claim, b.Head)
		}
	}
	// Alone, neither comes to enough.
	for _, part := range []int64{60, 40} {
		if fs := run(loop.Abroad{Beneficiary: litecoin, Values: values(part)}); len(fs) != 0 {
			t.Errorf("%d %% of the value: %v", part, fs[0].Claim)
		}
	}
	// Values that are not known are not nothing: there is no finding, and it is
	// said.
	p := loop.DefaultParams()
	p.Abroad = []loop.Abroad{{Beneficiary: litecoin, Values: []int64{-1, -1}}}
	s := heuristictest.Open(t, f, heuristics.Scope{}, loop.New(p))
	if fs := heuristictest.Findings(t, s); len(fs) != 0 {
		t.Errorf("without values: %v", fs[0].Claim)
	}
	if !strings.Contains(fmt.Sprint(s.Coverage()), "payout without a price at its time") {
		t.Error("coverage does not say that values are missing")
	}
}
