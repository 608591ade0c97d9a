package loop_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func of(t *testing.T, name string, p loop.Params) (*ledger.File, []model.Finding) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".ledger")
	if err != nil {
		t.Fatal(err)
	}
	f := heuristictest.Ledger(t, string(text))
	return f, heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, loop.New(p)))
}

func says(g *model.Finding, text string) bool {
	for _, a := range g.Alternatives {
		if strings.Contains(a.Text, text) {
			return true
		}
	}
	return false
}

// Other explanations stand in a finding where their preconditions are met, and not
// elsewhere.
func TestAlternatives(t *testing.T) {
	t.Parallel()
	const promotion, miner, stranger = "A promotion", "A regular miner", "The actor has the pool pay a stranger"
	const signers, sentOn, wash, customer = "Two parties signed one transaction", "sent on to pay the actor", "rents his own machines", "Another customer of the custodian"
	all := []string{promotion, miner, stranger, signers, sentOn, wash, customer}
	for _, c := range []struct {
		ledger string
		want   []string
	}{
		{"lead_one_round", []string{stranger}},
		{"lead_two_that_fit_alike", []string{promotion, stranger}},
		{"loop_one_round_and_one_signer_of_both", []string{signers}},
		{"loop_payouts_forwarded_to_the_actors_own_account", []string{sentOn}},
		{"lead_account_at_an_exchange", []string{customer, stranger}},
		{"lead_after_a_partial_return", []string{stranger, wash}},
	} {
		_, fs := of(t, c.ledger, loop.DefaultParams())
		if len(fs) == 0 {
			t.Errorf("%s: no finding", c.ledger)
		}
		for i := range fs {
			for _, text := range all {
				if text != miner && says(&fs[i], text) != slices.Contains(c.want, text) {
					t.Errorf("%s: %q is %v", c.ledger, text, says(&fs[i], text))
				}
			}
		}
	}
	// In the embedded case residents fit by amount.
	_, fs := kestrelRun(t)
	if !says(&fs[0], miner) {
		t.Errorf("no regular miner among %v", fs[0].Alternatives)
	}
}

// Each of two that fit alike names the other, in full.
func TestRivalsAreNamed(t *testing.T) {
	t.Parallel()
	f, fs := of(t, "lead_two_that_fit_alike", loop.DefaultParams())
	if len(fs) != 2 {
		t.Fatalf("%d findings", len(fs))
	}
	for i := range fs {
		other := map[string]string{"p": "q", "q": "p"}[owner(f, fs[i].Subject)]
		if !says(&fs[i], "The buyer is paid at "+address(t, f, other).String()) {
			t.Errorf("%s does not name %s: %v", owner(f, fs[i].Subject), other, fs[i].Alternatives)
		}
	}
}

// What the same payouts answer beside, and what they do not answer, stands against.
func TestOtherRounds(t *testing.T) {
	t.Parallel()
	counter := func(g *model.Finding, text string) (found, looked bool) {
		for _, c := range g.Counter {
			if strings.Contains(c.Text, text) {
				return c.Found, true
			}
		}
		return false, false
	}
	const another, open = "that the same payouts answer", "that these payouts do not answer"
	_, alone := of(t, "lead_one_round", loop.DefaultParams())
	_, fs := of(t, "lead_deposits_of_another_answered_alike", loop.DefaultParams())
	for i := range fs {
		t.Logf("%v, of one actor alone %v", fs[i].Score.Probability, alone[0].Score.Probability)
		if fs[i].Score.Probability >= alone[0].Score.Probability*4/5 {
			t.Errorf("%v where the same payouts answer another, %v where they do not", fs[i].Score.Probability, alone[0].Score.Probability)
		}
		if found, _ := counter(&fs[i], another); !found || !says(&fs[i], "The payouts answer deposits of another") {
			t.Errorf("it does not say who else: %v", fs[i].Counter)
		}
		if found, looked := counter(&fs[i], open); found || !looked {
			t.Errorf("rounds without an answer: %v", fs[i].Counter)
		}
	}
	_, fs = kestrelRun(t)
	found, _ := counter(&fs[0], open+": round 3 and round 5")
	if also, looked := counter(&fs[0], another); !found || also || !looked || says(&fs[0], "The payouts answer deposits of another") {
		t.Errorf("the embedded case: %v", fs[0].Counter)
	}
}

// What the data do not reach is not said to have been looked for.
func TestNotReached(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/lead_one_round.ledger")
	if err != nil {
		t.Fatal(err)
	}
	short := string(text)[:strings.Index(string(text), "time 2022-09-12")]
	for _, c := range []struct {
		text   string
		unseen bool
	}{{string(text), false}, {short[:strings.Index(short, "time 2022-08-29")], true}} {
		fs := heuristictest.Findings(t, heuristictest.Open(t, heuristictest.Ledger(t, c.text), heuristics.Scope{}, loop.Heuristic))
		if len(fs) != 1 {
			t.Fatalf("%d findings", len(fs))
		}
		const what = "ayouts that go on after the money is exhausted"
		looked := slices.ContainsFunc(fs[0].Counter, func(x model.Counter) bool { return strings.Contains(x.Text, what) })
		unseen := slices.ContainsFunc(fs[0].Unseen, func(x string) bool { return strings.Contains(x, what) })
		if looked == c.unseen || unseen != c.unseen {
			t.Errorf("looked for %v, unseen %v, want unseen %v", looked, unseen, c.unseen)
		}
	}
}

// Times of a deposit and of a payout may be off by two hours each, and which deposits
// make a round is a gate too.
func TestFlips(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/lead_one_round.ledger")
	if err != nil {
		t.Fatal(err)
	}
	const second = "\ntime 2022-08-18 11:45\ntx d1: new(K) 70000000sat fee=2_000sat => D1 60000000sat, change-d1 rest\n"
	if !strings.Contains(string(text), second) {
		t.Fatal("the ledger has another deposit")
	}
	const flips = "gates that flip if times of blocks are off by up to 2 hours"
	for _, c := range []struct{ name, deposits, want string }{
		{"as it is", second, ""},
		{"three hours before the first payout", strings.Replace(second, "2022-08-18 11:45", "2022-08-19 23:10", 1), flips + ": round 1 would begin with another payout"},
		{"five hours before it", strings.Replace(second, "2022-08-18 11:45", "2022-08-19 21:00", 1), ""},
		{"two deposits, 70 hours apart", "\ntime 2022-08-16 23:00\ntx d0: new(K) 70000000sat fee=2_000sat => D1 30000000sat, change-d0 rest\ntime 2022-08-19 21:00\ntx d1: new(K) 70000000sat fee=2_000sat => D1 30000000sat, change-d1 rest\n",
			flips + ": the deposits of round 1 would make other rounds"},
		{"two deposits, 50 hours apart", "\ntime 2022-08-16 23:00\ntx d0: new(K) 70000000sat fee=2_000sat => D1 30000000sat, change-d0 rest\ntime 2022-08-19 01:00\ntx d1: new(K) 70000000sat fee=2_000sat => D1 30000000sat, change-d1 rest\n", ""},
	} {
		l := heuristictest.Ledger(t, strings.Replace(string(text), second, c.deposits, 1))
		fs := heuristictest.Findings(t, heuristictest.Open(t, l, heuristics.Scope{}, loop.Heuristic))
		if len(fs) != 1 {
			t.Errorf("%s: %d findings", c.name, len(fs))
			continue
		}
		i := slices.IndexFunc(fs[0].Counter, func(x model.Counter) bool { return strings.HasPrefix(x.Text, flips) })
		if i < 0 || fs[0].Counter[i].Found != (c.want != "") || c.want != "" && fs[0].Counter[i].Text != c.want {
			t.Errorf("%s: %+v, want %q", c.name, fs[0].Counter, c.want)
		}
	}
}

// Where chance is not computed, that is said, and no number stands for it.
func TestChanceNotComputed(t *testing.T) {
	t.Parallel()
	_, fs := of(t, "lead_where_chance_cannot_be_computed", loop.DefaultParams())
	if len(fs) != 1 || fs[0].Chance != nil || !strings.HasPrefix(fact(&fs[0], "chance"), "not computed") ||
		!strings.Contains(fact(&fs[0], "a lead because"), "was not computed") {
		t.Errorf("chance: %+v", fs)
	}
}

// What chance does as well blocks the stronger kind, and another seed gives other
// shifts.
func TestChanceBlocks(t *testing.T) {
	t.Parallel()
	p := loop.DefaultParams()
	p.Significance = 0
	_, fs := of(t, "loop_one_round_and_one_signer_of_both", p)
	if len(fs) != 1 || fs[0].Kind != loop.KindLead || !strings.Contains(fact(&fs[0], "a lead because"), "chance does as well") {
		t.Errorf("%v", fs)
	}
	p = loop.DefaultParams()
	p.Seed = 99
	_, fs = of(t, "loop_one_round_and_one_signer_of_both", p)
	if len(fs) != 1 || fs[0].Chance.Seed != 99 {
		t.Errorf("seed: %+v", fs[0].Chance)
	}
}

// A transaction that the caller leaves out is not evidence: as a deposit, as a
// payout, or as a sign of one owner.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	f, _ := of(t, "loop_one_round_and_one_signer_of_both", loop.DefaultParams())
	for _, c := range []struct{ tx, kind string }{{"slip", loop.KindLead}, {"d1", ""}} {
		id, ok := f.Tx(c.tx)
		if !ok {
			t.Fatal(c.tx)
		}
		p := loop.DefaultParams()
		p.LeaveOut = []model.TxID{id}
		_, fs := of(t, "loop_one_round_and_one_signer_of_both", p)
		kind := ""
		if len(fs) > 0 {
			kind = fs[0].Kind
		}
		if kind != c.kind {
			t.Errorf("without %s: %q, want %q", c.tx, kind, c.kind)
		}
	}
}

// Every line that counsel attacks is answered by a field of the finding.
func TestAnswersCounsel(t *testing.T) {
	t.Parallel()
	_, fs := kestrelRun(t)
	g := &fs[0]
	search := map[string]string{}
	for _, s := range g.Search {
		search[s.Name] = s.Value
	}
	for name, want := range map[string]string{"subjects": "1", "services": "2", "pools": "2", "beneficiaries": "252", "rounds": "5", "deposits": "7"} {
		if search[name] != want {
			t.Errorf("search: %s %q, want %q", name, search[name], want)
		}
	}
	if want := "so fixed before these data were seen"; !strings.Contains(search["parameters of the loop"], want) {
		t.Errorf("parameters: %q, want %q", search["parameters of the loop"], want)
	}
	if len(g.Labels) < 3 || g.Score.Given <= g.Score.Probability || fact(g, "given the label") == "" {
		t.Errorf("label: %v given %v, %d labels", g.Score.Probability, g.Score.Given, len(g.Labels))
	}
	if len(g.Sensitivity) < 10 || len(g.Without) < 3 || len(g.RefutedBy) < 3 || len(g.Unseen) < 3 || len(g.ErrorRates) == 0 || g.ErrorRates[0].Measured {
		t.Errorf("%d sensitivities, %d left out, %d refuting, %d unseen, %v", len(g.Sensitivity), len(g.Without), len(g.RefutedBy), len(g.Unseen), g.ErrorRates)
	}
	for _, q := range []string{"collaborative", "How many unrelated members fit as well?", "withdrawn instead?", "current at that height?", "pool's tag corroborated?"} {
		if !slices.ContainsFunc(g.Premises, func(p model.Premise) bool { return strings.Contains(p.Question, q) && p.Answer != "" }) {
			t.Errorf("no answer to %q", q)
		}
	}
	for _, text := range []string{"up to 2 hours", "came back", "custodian", "nearest by amount", "other beneficiaries fit round 1"} {
		if !slices.ContainsFunc(g.Counter, func(c model.Counter) bool { return strings.Contains(c.Text, text) }) {
			t.Errorf("nothing was looked for about %q", text)
		}
	}
	if g.Score.Low > g.Score.Probability || g.Score.High < g.Score.Probability || g.Score.RangeOver == "" {
		t.Errorf("range %v to %v over %q", g.Score.Low, g.Score.High, g.Score.RangeOver)
	}
}

// Parameters that say nothing are no reason to fail.
func TestZeroParams(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"loop_two_rounds", "steady_standing_order", "lead_cloud_contract"} {
		text, err := os.ReadFile("testdata/" + name + ".ledger")
		if err != nil {
			t.Fatal(err)
		}
		s := heuristictest.Open(t, heuristictest.Ledger(t, string(text)), heuristics.Scope{}, loop.New(loop.Params{}))
		for _, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A loop with evidence of one owner is moderately founded where somebody has
// measured the rule, and no better for a rate of a simulation beside the data.
func TestMeasuredElsewhere(t *testing.T) {
	t.Parallel()
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	rate := model.ErrorRate{Of: "loops", Measured: true, Population: "closed cases of one desk", N: 40, FalsePos: 2}
	p := loop.DefaultParams()
	p.Seed++
	engine, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{loop.New(p)}, heuristics.Options{
		ErrorRates: func(heuristic string, _ int, kind string) []model.ErrorRate {
			if heuristic == "loop" && kind == loop.Kind {
				return []model.ErrorRate{rate}
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	levels := map[string]string{}
	for g, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		levels[g.Kind] = g.Confidence.Level
		for _, fact := range g.Search {
			if fact.Name == "parameters of the loop" && !strings.Contains(fact.Value, "but for loop.seed, set by the caller") {
				t.Errorf("parameters: %q", fact.Value)
			}
		}
	}
	if levels[loop.Kind] != model.Moderate || levels[loop.KindLead] != model.Low {
		t.Errorf("levels %v", levels)
	}
}
