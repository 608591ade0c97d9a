package screen_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/screen"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, screen.Heuristic, "testdata/*.ledger") }

func FuzzScreen(f *testing.F) { heuristictest.Fuzz(f, screen.Heuristic) }

// last returns the last output of the ledger that pays an owner.
func last(t testing.TB, f *ledger.File, owner string) model.Outpoint {
	t.Helper()
	a, err := f.Address(owner)
	if err != nil {
		t.Fatal(err)
	}
	var out model.Outpoint
	found := false
	for b, err := range f.Ledger.Set().Blocks.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			for i := range tx.Outputs {
				if tx.Outputs[i].Owner == a {
					out, found = tx.Outpoint(i), true
				}
			}
		}
	}
	if !found {
		t.Fatalf("nothing pays %s", owner)
	}
	return out
}

func output(t testing.TB, f *ledger.File, tx string, vout uint32) model.Outpoint {
	t.Helper()
	id, ok := f.Tx(tx)
	if !ok {
		t.Fatalf("no transaction %s", tx)
	}
	return model.Outpoint{Tx: id, Vout: vout}
}

func ask(t testing.TB, s *heuristics.Session, o model.Outpoint, c screen.Claim) screen.Answer {
	t.Helper()
	a, err := screen.Deposit(context.Background(), s, o, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// reasons returns what each reason says.
func reasons(a screen.Answer) map[string]string {
	m := map[string]string{}
	for _, r := range a.Reasons {
		m[r.Name] = r.Says.String()
		if r.Blocks {
			m[r.Name] += ", in the way"
		}
	}
	return m
}

func says(t *testing.T, a screen.Answer, v screen.Verdict, want map[string]string) {
	t.Helper()
	if a.Verdict != v {
		t.Errorf("verdict %v, want %v", a.Verdict, v)
	}
	got := reasons(a)
	for name, s := range want {
		if got[name] != s {
			t.Errorf("%s %s, want %s", name, got[name], s)
		}
	}
	if t.Failed() {
		for _, r := range a.Reasons {
			t.Logf("%s: %v: %s", r.Name, r.Says, r.Text)
		}
	}
}

// The embedded case, as the exchange's desk would ask.
func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, screen.Heuristic)

	t.Run("a resident is supported", func(t *testing.T) {
		o := output(t, f, "np20220826", 1)
		a := ask(t, s, o, screen.Claim{Pool: "Northpool"})
		says(t, a, screen.Supports, map[string]string{"origin": "supports", "payouts": "supports", "series": "supports", "pool": "supports"})
		if a.Seen.Series.HashRate == 0 {
			t.Error("no hash rate")
		}
		// The same against other words of hers.
		says(t, a.Against(screen.Claim{Pool: "Tidewater"}), screen.Contradicts, map[string]string{"pool": "contradicts"})
		says(t, a.Against(screen.Claim{HashRate: a.Seen.Series.HashRate}), screen.Supports, map[string]string{"hash_rate": "supports"})
		says(t, a.Against(screen.Claim{HashRate: a.Seen.Series.HashRate / 10}), screen.Contradicts, map[string]string{"hash_rate": "contradicts"})
		says(t, a.Against(screen.Claim{HashRate: a.Seen.Series.HashRate * 10}), screen.Supports, map[string]string{"hash_rate": "cannot say"})
		says(t, a.Against(screen.Claim{Since: day(t, "2022-02-11")}), screen.Supports, map[string]string{"since": "supports"})
		says(t, a.Against(screen.Claim{Since: day(t, "2022-06-11")}), screen.Contradicts, map[string]string{"since": "contradicts"})
		says(t, a.Against(screen.Claim{Since: day(t, "2020-06-11")}), screen.Supports, map[string]string{"since": "cannot say"})
	})
	t.Run("two payments to an account are mined coins, and perhaps of rented machines", func(t *testing.T) {
		a := ask(t, s, last(t, f, "PX9"), screen.Claim{Pool: "Northpool"})
		says(t, a, screen.CannotSay, map[string]string{"origin": "supports", "payouts": "supports", "series": "cannot say, in the way", "pool": "supports"})
		if !a.Seen.Direct || len(a.Seen.Receipts) != 2 || a.Seen.Main != "Northpool" {
			t.Errorf("%+v", a.Seen)
		}
		var text string
		for _, r := range a.Reasons {
			if r.Name == "series" {
				text = r.Text
			}
		}
		if !a.Seen.Train.Passed || !strings.Contains(text, "rented machines") {
			t.Errorf("the series is no train: %q, %q", text, a.Seen.Train.Reasons)
		}
	})
	t.Run("the actor's first round is a train", func(t *testing.T) {
		a := ask(t, s, output(t, f, "np20220826", 0), screen.Claim{})
		says(t, a, screen.CannotSay, map[string]string{"origin": "supports", "payouts": "supports", "series": "cannot say, in the way"})
		if !a.Seen.Train.Passed || len(a.Seen.Receipts) != 7 {
			t.Errorf("%d receipts, %q", len(a.Seen.Receipts), a.Seen.Train.Reasons)
		}
	})
	t.Run("what a cloud miner paid is of no pool", func(t *testing.T) {
		// That the payer is a cloud miner is as likely as not, and contradicts
		// nothing.
		a := ask(t, s, last(t, f, "Q"), screen.Claim{Pool: "Northpool"})
		says(t, a, screen.CannotSay, map[string]string{"origin": "cannot say, in the way", "payouts": "cannot say, in the way", "pool": "cannot say, in the way"})
		// A surer label does.
		g := heuristictest.Ledger(t, "label \"Skarn Cloud\": addr(SKH) category=cloud_mining role=hot confidence=0.6\n"+kestrel.Text())
		a = ask(t, heuristictest.Open(t, g, heuristics.Scope{}, screen.Heuristic), last(t, g, "Q"), screen.Claim{})
		says(t, a, screen.Contradicts, map[string]string{"origin": "contradicts", "custodian": "cannot say, in the way"})
	})
	t.Run("mined coins with an actor's are not income from mining", func(t *testing.T) {
		a := ask(t, s, last(t, f, "X1"), screen.Claim{Pool: "Northpool"})
		says(t, a, screen.Contradicts, map[string]string{"commingling": "contradicts"})
		if p := a.Seen.Actor; p < 520_000 || p > 530_000 {
			t.Errorf("an actor's share of %v, want 0.5248", p)
		}
		// Nor are they a step later.
		says(t, ask(t, s, last(t, f, "X2"), screen.Claim{}), screen.Contradicts, map[string]string{"commingling": "contradicts"})
		if a.Probability >= ask(t, s, output(t, f, "np20220826", 1), screen.Claim{}).Probability {
			t.Error("as probable as a resident's")
		}
	})
	t.Run("after a CoinJoin nothing is known", func(t *testing.T) {
		a := ask(t, s, output(t, f, "t13", 0), screen.Claim{})
		says(t, a, screen.CannotSay, map[string]string{"mixing": "cannot say, in the way"})
	})
	t.Run("an exchange pays many", func(t *testing.T) {
		a := ask(t, s, output(t, f, "batch", 3), screen.Claim{})
		says(t, a, screen.CannotSay, map[string]string{"custodian": "cannot say, in the way", "payouts": "cannot say, in the way"})
	})
}

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const actor = "label Kestrel: addr(K) category=actor role=key confidence=0.9\n"

// months is a ledger in which a member is paid each week, and then deposits.
func months(weeks int, deposit string) string {
	var b strings.Builder
	b.WriteString("tag \"/Northpool/\" Northpool\nlabel Northpool: addr(np) category=mining_pool role=payout confidence=0.97\ndifficulty 37590000000000\n")
	at := time.Date(2023, 1, 4, 0, 0, 0, 0, time.UTC)
	for w := range weeks {
		fmt.Fprintf(&b, "time %s 01:00\ncoinbase cb%d: tag=\"/Northpool/\" => np rest\n", at.Format(time.DateOnly), w)
		fmt.Fprintf(&b, "time %s 02:10\ntx pay%d: cb%d.0 fee=31000sat => ada %dsat, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, np rest\n",
			at.AddDate(0, 0, 2).Format(time.DateOnly), w, w, 9_000_000+w*1111)
		at = at.AddDate(0, 0, 7)
	}
	fmt.Fprintf(&b, "time %s\n%s\n", at.Format(time.DateOnly), deposit)
	return b.String()
}

// Who signed for what a pool paid him for long is supported, and not where
// anything of it is unknown.
func TestDepositsOfAMiner(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		verdict screen.Verdict
		want    map[string]string
	}{
		"long": {months(12, "tx d: pay10.0 pay11.0 => dep 0.18"), screen.Supports,
			map[string]string{"origin": "supports", "payouts": "supports", "series": "supports", "commingling": "cannot say"}},
		"short": {months(4, "tx d: pay2.0 pay3.0 => dep 0.18"), screen.CannotSay,
			map[string]string{"origin": "supports", "payouts": "supports", "series": "cannot say, in the way"}},
		"to an actor's account": {"label Kestrel: addr(ada) category=actor role=account confidence=0.6\n" + months(12, "tx d: new(x) 1 => dep 1"), screen.CannotSay,
			map[string]string{"commingling": "cannot say, in the way", "series": "supports"}},
		"long ago": {months(12, "tx d: pay10.0 pay11.0 => dep 0.18") + "time 2023-10-01\ntx e: d.0 => x 0.18\n", screen.Supports, nil},
		"with coins of unknown origin": {months(12, "tx d: pay11.0 new(other) 1 => dep 1.09"), screen.CannotSay,
			map[string]string{"origin": "cannot say, in the way"}},
		"with coins of unknown value": {months(12, "tx d: pay11.0 unknown(other) => dep 0.09"), screen.CannotSay,
			map[string]string{"origin": "cannot say, in the way"}},
		"with an actor's": {actor + months(12, "tx k: new(K) 0.1 => K 0.1\ntx d: pay10.0 pay11.0 k.0 => dep 0.28"), screen.Contradicts,
			map[string]string{"commingling": "contradicts"}},
		"with an actor's, a step before": {actor + months(12, "tx k: new(K) 0.1 => step 0.1\ntx d: pay10.0 pay11.0 k.0 => dep 0.28"), screen.Contradicts,
			map[string]string{"commingling": "contradicts"}},
		"long after the last": {months(12, "time 2023-12-01\ntx d: pay10.0 pay11.0 => dep 0.18"), screen.CannotSay,
			map[string]string{"series": "cannot say, in the way"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := heuristictest.Ledger(t, c.text)
			s := heuristictest.Open(t, f, heuristics.Scope{}, screen.Heuristic)
			o := output(t, f, "d", 0)
			if name == "to an actor's account" {
				o = output(t, f, "pay11", 0)
			}
			says(t, ask(t, s, o, screen.Claim{}), c.verdict, c.want)
		})
	}
}

// The customer's other deposit addresses, by the exchange's own book, make one
// series of what each alone would be too short for.
func TestOwnBookNamesOtherAddresses(t *testing.T) {
	text := months(12, "tx d: new(x) 1 => y 1")
	half := strings.Replace(text, "ada", "half", 6)
	book := "book Exchange: deposit account=c1 address=addr(half)\nbook Exchange: deposit account=c1 address=addr(ada)\nbook Exchange: deposit account=c2 address=addr(m#3)\n"
	two := book + "book Exchange: deposit account=c2 address=addr(ada)\n"
	// What he forwards to his deposit address is his by the same book.
	forwarded := strings.Replace(half, "tx d: new(x) 1 => y 1", "tx d: pay10.0 pay11.0 => dep 0.18", 1)
	other := "book Exchange: deposit account=c1 address=addr(half)\nbook Exchange: deposit account=c1 address=addr(dep)\n"
	for _, c := range []struct {
		text, tx string
		verdict  screen.Verdict
		n        int
	}{
		{half, "pay11", screen.CannotSay, 6}, {book + half, "pay11", screen.Supports, 12}, {two + half, "pay11", screen.CannotSay, 6},
		{forwarded, "d", screen.CannotSay, 6}, {other + forwarded, "d", screen.Supports, 12},
	} {
		f := heuristictest.Ledger(t, c.text)
		s := heuristictest.Open(t, f, heuristics.Scope{}, screen.Heuristic)
		a := ask(t, s, output(t, f, c.tx, 0), screen.Claim{})
		says(t, a, c.verdict, nil)
		if len(a.Seen.Receipts) != c.n {
			t.Errorf("%d receipts, want %d", len(a.Seen.Receipts), c.n)
		}
	}
}

// The order of the reasons is part of the answer.
func TestReasonsAreAlwaysAllOfThem(t *testing.T) {
	f := heuristictest.Ledger(t, "tx d: unknown unknown(a) => dep 1, data \"x\"")
	s := heuristictest.Open(t, f, heuristics.Scope{}, screen.Heuristic)
	a := ask(t, s, output(t, f, "d", 0), screen.Claim{Pool: "P", HashRate: 1, Since: time.Unix(0, 0)})
	var names []string
	for _, r := range a.Reasons {
		names = append(names, r.Name)
		if r.Text == "" || r.Says == screen.Supports {
			t.Errorf("%s %v: %q", r.Name, r.Says, r.Text)
		}
	}
	if diff := cmp.Diff([]string{"origin", "payouts", "series", "hash_rate", "commingling", "mixing", "custodian", "pool", "since"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if a.Verdict != screen.CannotSay {
		t.Errorf("verdict %v of nothing", a.Verdict)
	}
	for out, want := range map[uint32]error{1: heuristics.ErrSkip, 7: nil} {
		_, err := screen.Deposit(t.Context(), s, output(t, f, "d", out), screen.Claim{})
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("output %d: error %v", out, err)
		}
	}
}

// A budget that ends the search never makes support of less.
func TestLittleBudgetNeverSupports(t *testing.T) {
	f := heuristictest.Ledger(t, months(12, "tx d: pay10.0 pay11.0 => dep 0.18"))
	supported := false
	for _, n := range []int64{1, 2, 5, 10, 20, 50, 100, 1000, 20000} {
		eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{screen.Heuristic}, heuristics.Options{Network: f.Ledger.Network(), Lookups: n})
		if err != nil {
			t.Fatal(err)
		}
		s, err := eng.Open(t.Context(), heuristics.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		a := ask(t, s, output(t, f, "d", 0), screen.Claim{Pool: "Tidewater"})
		if a.Verdict == screen.Supports {
			t.Errorf("budget %d: supports another pool", n)
		}
		b := a.Against(screen.Claim{})
		if supported && b.Verdict != screen.Supports {
			t.Errorf("budget %d: %v, though less was enough", n, b.Verdict)
		}
		supported = supported || b.Verdict == screen.Supports
		if b.Verdict == screen.Contradicts {
			t.Errorf("budget %d contradicts: %s", n, b.String())
		}
	}
	if !supported {
		t.Error("never supported")
	}
}
