package screen_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/screen"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
)

// paid is a ledger in which the days of a member's payouts are given, and then he
// deposits the last two.
func paid(days []int, deposit string, after ...int) string {
	var b strings.Builder
	b.WriteString("tag \"/Northpool/\" Northpool\nlabel Northpool: addr(np) category=mining_pool role=payout confidence=0.97\ndifficulty 37590000000000\n")
	at := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	fmt.Fprintf(&b, "time %s\ntx first: new(x) 1 => y 1\n", at.AddDate(0, 0, -60).Format(time.DateOnly))
	// A coinbase may be spent a hundred blocks later.
	fmt.Fprintf(&b, "time %s\n", at.AddDate(0, 0, -3).Format(time.DateOnly))
	for w := range len(days) + len(after) {
		fmt.Fprintf(&b, "coinbase cb%d: tag=\"/Northpool/\" => np rest\n", w)
	}
	pay := func(w, d int) {
		fmt.Fprintf(&b, "time %s 02:10\ntx pay%d: cb%d.0 fee=31000sat => ada %dsat, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, np rest\n",
			at.AddDate(0, 0, d).Format(time.DateOnly), w, w, 9_000_000+w*1111)
	}
	for w, d := range days {
		pay(w, d)
	}
	last := days[len(days)-1]
	fmt.Fprintf(&b, "time %s\n%s\n", at.AddDate(0, 0, last+1).Format(time.DateOnly), deposit)
	for i, d := range after {
		pay(len(days)+i, d)
	}
	return b.String()
}

func deposited(t *testing.T, text string) (screen.Answer, []model.Finding) {
	t.Helper()
	f := heuristictest.Ledger(t, text)
	s := heuristictest.Open(t, f, heuristics.Scope{}, screen.Heuristic)
	o := output(t, f, "d", 0)
	_, fs, err := heuristics.Eval[*screen.Answer](t.Context(), s, screen.Heuristic, model.RefOutpoint(o))
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, s, o, screen.Claim{}), fs
}

// Machines rented anew each month are paid over many months as well.
func TestRentedEachMonthIsNoResident(t *testing.T) {
	var days []int
	for m := range 4 {
		for d := range 4 {
			days = append(days, m*42+3*d)
		}
	}
	a, _ := deposited(t, paid(days, "tx d: pay14.0 pay15.0 => dep 0.17"))
	says(t, a, screen.CannotSay, map[string]string{"series": "cannot say, in the way"})
}

// Payouts that end are of rented machines perhaps; whether they ended shows later.
func TestAnEndThatIsNotSeenIsNoTrain(t *testing.T) {
	days := []int{0, 1, 2, 3, 4, 5}
	const d = "tx d: pay4.0 pay5.0 => dep 0.17"
	for name, c := range map[string]struct {
		text   string
		passed bool
	}{
		"the deposit is the last that is seen": {paid(days, d), false},
		"nothing for weeks after":              {paid(days, d) + "time 2023-03-01\ntx e: d.0 => x 0.1\n", true},
		"they go on":                           {paid(days, d, 8, 9, 10, 11) + "time 2023-03-01\ntx e: d.0 => x 0.1\n", false},
		"nothing is seen of the month before":  {strings.Replace(paid(days, d), "time 2022-11-02\ntx first: new(x) 1 => y 1\n", "", 1) + "time 2023-03-01\ntx e: d.0 => x 0.1\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := deposited(t, c.text)
			says(t, a, screen.CannotSay, nil)
			if a.Seen.Train.Passed != c.passed || a.Seen.Series.Payouts != 6 {
				t.Errorf("train %v of %d payouts, %q", a.Seen.Train.Passed, a.Seen.Series.Payouts, a.Seen.Train.Reasons)
			}
		})
	}
}

func weekly(deposit string) string { return months(12, deposit) }

// What a miner was paid does not speak for whoever signs together with him.
func TestTwoWhoSignAreNotOneDepositor(t *testing.T) {
	for name, d := range map[string]string{
		"a trade signed in parts": "tx d: pay10.0!SINGLE|ANYONECANPAY pay10.1 => dep 0.13",
		"one signer is unknown":   "tx d: pay10.0 unknown(nobody) => dep 0.09",
	} {
		t.Run(name, func(t *testing.T) {
			a, fs := deposited(t, weekly(d))
			if a.Verdict == screen.Supports {
				t.Errorf("%s", a.String())
			}
			if name == "a trade signed in parts" {
				if !a.Seen.Several || len(a.Seen.Addresses) != 0 {
					t.Errorf("taken for one depositor's: %v", a.Seen.Addresses)
				}
				if q := fs[0].Premises[0].Answer; !strings.HasPrefix(q, "unknown") {
					t.Errorf("whose the addresses are: %q", q)
				}
			}
		})
	}
}

// A label that is as likely wrong as right makes nobody's coins an actor's.
func TestDoubtfulLabelsDoNotContradict(t *testing.T) {
	const d = "tx k: new(K) 0.1 => K 0.1\ntx d: pay10.0 pay11.0 k.0 => dep 0.28"
	for _, c := range []struct {
		confidence string
		verdict    screen.Verdict
	}{{"0.1", screen.CannotSay}, {"0.5", screen.CannotSay}, {"0.6", screen.Contradicts}} {
		a, _ := deposited(t, "label Kestrel: addr(K) category=actor role=key confidence="+c.confidence+"\n"+weekly(d))
		if a.Verdict != c.verdict {
			t.Errorf("label of %s: %s", c.confidence, a.String())
		}
		if (c.verdict == screen.CannotSay) != (len(a.Seen.Doubted) == 1) {
			t.Errorf("label of %s: doubted %v", c.confidence, a.Seen.Doubted)
		}
	}
}

// Another pool is contradicted only where all that was paid is known to be of others,
// whose names are sure.
func TestAnotherPoolIsContradictedWhereItIsRuledOut(t *testing.T) {
	const d = "tx d: pay10.0 pay11.0 => dep 0.18"
	for name, c := range map[string]struct {
		text string
		want screen.Verdict
	}{
		"all is Northpool's":                 {weekly(d), screen.Contradicts},
		"a payment is of nobody knows whom":  {strings.Replace(weekly(d), "\n"+d, "\ntx who: new(w) 1 => ada 0.3, w rest\n"+d, 1), screen.CannotSay},
		"that it is Northpool's is not sure": {strings.ReplaceAll(strings.Replace(weekly(d), "tag \"/Northpool/\" Northpool\n", "", 1), "confidence=0.97", "confidence=0.5"), screen.CannotSay},
		"what else he was paid was not read": {weekly(d), screen.CannotSay},
	} {
		t.Run(name, func(t *testing.T) {
			h := screen.Heuristic
			if name == "what else he was paid was not read" {
				p := screen.DefaultParams()
				p.MaxHistory = 8
				h = screen.New(p)
			}
			f := heuristictest.Ledger(t, c.text)
			s := heuristictest.Open(t, f, heuristics.Scope{}, h)
			v, _, err := heuristics.Eval[*screen.Answer](t.Context(), s, h, model.RefOutpoint(output(t, f, "d", 0)))
			if err != nil {
				t.Fatal(err)
			}
			got := v.Against(screen.Claim{Pool: "Tidewater"})
			if r := reasons(got)["pool"]; (r == "contradicts") != (c.want == screen.Contradicts) || len(v.Seen.Receipts) == 0 {
				t.Errorf("pool %s, %d receipts, named %v, %d unrecognised", r, len(v.Seen.Receipts), v.Seen.Named, v.Seen.Unrecognised)
			}
		})
	}
}

// Without histories nothing is missing: it was not read.
func TestWhatWasNotReadIsNotMissing(t *testing.T) {
	f := heuristictest.Ledger(t, weekly("tx d: pay10.0 pay11.0 => dep 0.18"))
	src := f.Ledger.Set()
	src.History, src.Blocks = nil, nil
	e, err := heuristics.New(src, []*heuristics.Heuristic{screen.Heuristic}, heuristics.Options{Network: f.Ledger.Network()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	_, fs, err := heuristics.Eval[*screen.Answer](t.Context(), s, screen.Heuristic, model.RefOutpoint(output(t, f, "d", 0)))
	if err != nil || len(fs) != 1 {
		t.Fatalf("%d findings, %v", len(fs), err)
	}
	for _, ev := range fs[0].Evidence {
		if ev.Family == "recognition" && (ev.Weight != 0 || !strings.Contains(ev.Text, "could not be read")) {
			t.Errorf("weight %v: %q", ev.Weight, ev.Text)
		}
	}
}

// What is said to be looked for and not found could have been found.
func TestCountersWereLookedFor(t *testing.T) {
	_, fs := deposited(t, weekly("tx d: pay10.0 pay11.0 => dep 0.18"))
	for _, c := range fs[0].Counter {
		for _, word := range []string{"hash rate", "since", "by pool"} {
			if strings.Contains(c.Text, word) {
				t.Errorf("%q, and nobody stated anything of it", c.Text)
			}
		}
	}
	if len(fs[0].Counter) < 4 {
		t.Errorf("%v", fs[0].Counter)
	}
}

// Where a pool pays out of its own blocks, what they imply is luck for the most part.
func TestLuckDoesNotContradict(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, screen.Heuristic)
	a := ask(t, s, last(t, f, "P2"), screen.Claim{})
	if !a.Seen.Direct || a.Seen.Series.HashRate == 0 || !a.Seen.Receipts[0].Coinbase {
		t.Fatalf("%+v", a.Seen)
	}
	says(t, a.Against(screen.Claim{HashRate: a.Seen.Series.HashRate / 10}), screen.CannotSay, map[string]string{"hash_rate": "cannot say"})
}
