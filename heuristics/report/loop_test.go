package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/model"
)

// loop returns a finding with everything that one about a closed loop can have.
// The figures are made up.
func loop(t testing.TB) *model.Finding {
	t.Helper()
	spend := txid(t, someTx)
	d1, p1 := address(t, alice, model.Mainnet), address(t, bob, model.Mainnet)
	usd := func(sat model.Amount, s string) model.Money {
		return model.Money{Amount: sat, Unit: "sat", Fiat: &model.Fiat{Currency: "USD", Amount: decimal.RequireFromString(s), Places: 2}}
	}
	weigh := func(family, text string, nats int64, on ...model.Item) model.Evidence {
		w := model.MicroNats(nats) * model.Nat / 10
		return model.Evidence{Family: family, Text: text, Weight: w, Discounted: w.Discount(model.Percent(90)), Items: on}
	}
	ev := []model.Evidence{
		weigh("ownership", "One transaction signs for 0.35140000 BTC mined and 0.38805398 BTC from the actor. All inputs SIGHASH_ALL; no payjoin shape; cluster not service-like.", 53,
			model.Item{On: model.RefTx(spend), Role: "spend"}),
		weigh("quantity", "Round 1: payouts start 38 h after payment; 21 PH/s for six days; none before.", 38),
		weigh("repetition", "Round 2: start after 16 h; 19 PH/s for five days; then stop.", 30),
		weigh("timing", "Payouts of round 1 go on for two hours after the order could have ended.", -3),
		{Family: "context", Text: "The pool's cadence is one day."},
	}
	score := model.OpenWorld(model.Open{N: 212, Pi0: model.Percent(50), HasRivals: true, Rivals: model.LnRatio(4_000, 1), RivalsGiven: model.LnRatio(4_000, 1)}, ev, model.Percent(87), "no more is claimed from one pool")
	score.Low, score.High, score.RangeOver = model.Percent(81), model.Percent(89), "pi0 from 0.20 to 0.80"
	f := &model.Finding{
		Network: model.Mainnet, Heuristic: "loop", Version: 1, Kind: "loop", Subject: model.RefAddress(p1), Related: []model.Ref{model.RefAddress(d1)},
		Claim: "One party funds " + alice + " (HashBazaar) and controls " + bob + " (Northpool).",
		Score: score,
		Confidence: model.Grade(model.Grounds{Ownership: true, Rounds: 2, CoverageUnknown: true,
			Rates: []model.ErrorRate{{Measured: true, Simulated: true, Population: "planted", N: 1}}}),
		Amounts: []model.Figure{{Role: "paid_in", Money: usd(100_000_000, "21584.04")}, {Role: "paid_out", Money: usd(90_990_000, "19102.44")}},
		Facts: []model.Fact{
			{Name: "deposits", Value: "3"}, {Name: "rounds", Value: "2"}, {Name: "payouts", Value: "12"}, {Name: "R", Value: "0.9308, 0.8785"},
			{Name: "given the label", Value: alice + " is HashBazaar's: 0.90, own test deposit, 2022-07-30"},
			{Name: "who the party is", Value: "a label of the actor, not scored"},
			{Name: "round_1", Value: "in 0.60000000 BTC; out 0.55850000 BTC"},
			{Name: "path", Value: "None on the ledger joins the two sides. That is inherent."}, {Name: "pool", Value: "Northpool"},
		},
		Evidence: ev,
		Labels: []model.Label{{
			On: model.RefAddress(d1), Entity: "HashBazaar", Category: model.HashMarketplace, Role: model.RoleDeposit, Method: model.MethodTestPayment,
			Confidence: model.Percent(90), Source: "own test deposit", Asserted: time.Date(2022, 7, 30, 0, 0, 0, 0, time.UTC),
		}},
		Alternatives: []model.Alternative{{Text: "a resident miner's fortnight matches by chance", WhyNot: "11 of 212 beneficiaries fit round 1 by amount."}},
		Counter:      []model.Counter{{Text: "returned deposits"}, {Text: "a custodian behind the payee"}, {Text: "11 of 212 beneficiaries fit round 1 by amount.", Found: true}},
		Premises:     []model.Premise{{Text: "The deposits bought hash power.", Question: "Was the balance withdrawn instead?", Answer: "no: none came back."}},
		Unseen:       []string{"Lightning, internal transfers, other coins."},
		Without:      []model.LeftOut{{Text: "without item 1", Kind: "loop", Probability: model.Percent(72)}, {Text: "round 2", Kind: "loop_lead", Probability: model.Percent(44)}, {Text: "the label of the deposit address"}},
		Chance:       &model.Chance{P: 4_000, Corrected: 16_000, Correction: "for 1 subject, 2 services and 2 pools, by Bonferroni", Shifts: 999, AsGood: 3, Seed: 7, Fit: 11, Of: 212},
		Sensitivity: []model.Sensitivity{
			{Parameter: "ratio_mode", Value: "0.93", From: "0.78", To: "1.04"},
			{Parameter: "window_days", Value: "21", From: "7", To: "60", OpenTo: true, Text: "more was not tried"},
		},
		Search: []model.Fact{{Name: "subjects", Value: "1"}, {Name: "services", Value: "2"}, {Name: "pools", Value: "2"}},
		ErrorRates: []model.ErrorRate{
			model.NotMeasured("closed loops"),
			{Of: "closed loops", Measured: true, Simulated: true, Population: "planted loops, seed 7", N: 1000, FalsePos: 4, FalseNeg: 312, Reference: "table goldwash 1, row 9"},
		},
		RefutedBy: []string{"HashBazaar's order book naming another pool account."},
		AsOf:      model.BlockRef{Known: model.KnownHeight, Height: 777_000},
		Data:      model.Digest{1}, Rules: model.Digest{2}, Replay: "go run github.com/goldwash/goldwash/examples/investigate -ledger kestrel.ledger",
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	return f
}

// The text of a loop has every line that a reader in court asks for.
func TestLoopText(t *testing.T) {
	out := text(t, loop(t), nil)
	golden(t, "loop.golden", out)
	at := 0
	for _, name := range []string{
		"LOOP  ", "Claim ", "Given ", "Were the labels certain:", "Paid in ", "Paid out ", "Path ", "For ", "Against ", "Looked for, not found:", "Or else ",
		"Without ", "Chance ", "Stands ", "Unseen ", "Errors ", "Refuted by ", "Replay ",
	} {
		i := strings.Index(out[at:], name)
		if i < 0 {
			t.Fatalf("no line %q where it should stand", name)
		}
		at += i
	}
}

func TestLoopThroughTheWire(t *testing.T) {
	want := loop(t)
	var b bytes.Buffer
	if err := report.NewEncoder(&b).Encode(report.Message{Finding: want}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for m, err := range report.Decode(&b) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if diff := cmp.Diff(want, m.Finding); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := m.Finding.Validate(); err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d messages", n)
	}
}

func brief(t *testing.T, f *model.Finding) string {
	t.Helper()
	var b strings.Builder
	if err := report.Brief(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The claim, the three strongest items, the strongest thing against it, the number.
func TestBrief(t *testing.T) {
	want := `Claim       One party funds 1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne (HashBazaar)
            and controls bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq
            (Northpool).
            An investigative lead, not an identification.
For       1 One transaction signs for 0.35140000 BTC mined and 0.38805398 BTC
            from the actor. All inputs SIGHASH_ALL; no payjoin shape; cluster
            not service-like.
              spend
              f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16
          2 Round 1: payouts start 38 h after payment; 21 PH/s for six days;
            none before.
          3 Round 2: start after 16 h; 19 PH/s for five days; then stop.
            Weaker items, or context: 1.
Against     Payouts of round 1 go on for two hours after the order could have
            ended.
Number      very likely, 0.87 (0.81-0.89); given the labels, 0.87. Analytic
            confidence: moderate.
`
	got, _, _ := strings.Cut(brief(t, loop(t)), "Statement")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The strongest thing against a finding is what was found before what may be, and
// what may be before what was not found.
func TestBriefSaysWhatIsAgainst(t *testing.T) {
	f := loop(t)
	for _, c := range []struct {
		want   string
		remove func()
	}{
		{"Against     Payouts of round 1 go on", func() { f.Evidence = f.Evidence[:3] }},
		{"Against     11 of 212 beneficiaries fit", func() { f.Counter = f.Counter[:2] }},
		{"Against     It may be otherwise: a resident", func() { f.Alternatives = nil }},
		{"Against     Looked for, not found: returned deposits.", func() { f.Counter = nil }},
		{"Number      very likely", func() {}},
	} {
		out := brief(t, f)
		if !strings.Contains(out, c.want) {
			t.Errorf("does not say %q:\n%s", c.want, out)
		}
		if n := strings.Count(out, "\n"); n > 40 {
			t.Errorf("%d lines", n)
		}
		c.remove()
	}
	if out := brief(t, f); strings.Contains(out, "Against") {
		t.Errorf("nothing is against it:\n%s", out)
	}
}

// Vector STIX-1 of the heuristics reference, section 14. The second text has a
// wrong checksum in the reference too; its id is that of the text.
func TestSTIX1(t *testing.T) {
	for in, want := range map[string]string{
		"1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY":         "cryptocurrency-wallet--27fadc91-1e1c-5474-988f-07a16840be45",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080": "cryptocurrency-wallet--6732574c-b829-52d1-a508-b460ad38acd0",
	} {
		if got := report.STIXWallet(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
