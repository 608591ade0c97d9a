package loop_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
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

// Where chance is not computed, that is said, and no number stands for it.
func TestChanceNotComputed(t *testing.T) {
	_, fs := of(t, "lead_where_chance_cannot_be_computed", loop.DefaultParams())
	if len(fs) != 1 || fs[0].Chance != nil || !strings.HasPrefix(fact(&fs[0], "chance"), "not computed") ||
		!strings.Contains(fact(&fs[0], "a lead because"), "was not computed") {
		t.Errorf("chance: %+v", fs)
	}
}

// What chance does as well blocks the stronger kind, and another seed gives other
// shifts.
func TestChanceBlocks(t *testing.T) {
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
