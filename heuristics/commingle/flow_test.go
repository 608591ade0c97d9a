package commingle

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func file(t *testing.T, name string) *ledger.File {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return heuristictest.Ledger(t, string(text))
}

// C4 says where coins of both classes went, and who sent them in the evidence
// alone: a miner who paid an address is nobody that the statement is about.
func TestFlowNamesThePlaceAlone(t *testing.T) {
	fs := sweep(t, session(t, "testdata/c4_both_reach_one_address.ledger"))
	if len(fs) != 1 || fs[0].Kind != KindFlow {
		t.Fatalf("%d findings", len(fs))
	}
	f := fs[0]
	if len(f.Related) != 0 {
		t.Errorf("related %v", f.Related)
	}
	if f.Score.Cap != DefaultParams().Possible || f.Confidence.Level != model.Low {
		t.Errorf("cap %v, analytic confidence %s", f.Score.Cap, f.Confidence.Level)
	}
	if !slices.ContainsFunc(f.Premises, func(p model.Premise) bool {
		return p.Question == "Could a third party make it look so?" && strings.HasPrefix(p.Answer, "partly")
	}) {
		t.Errorf("that it is spoofable in part is not said: %v", f.Premises)
	}
	if !slices.ContainsFunc(f.Facts, func(x model.Fact) bool { return x.Name == "scored" && strings.Contains(x.Value, "one owner") }) {
		t.Errorf("what the number is of is not said: %v", f.Facts)
	}
	level := slices.Contains(f.Facts, model.Fact{Name: "level", Value: "C4"})
	roles := map[string]int{}
	for _, e := range f.Evidence {
		for _, it := range e.Items {
			roles[it.Role]++
		}
	}
	if !level || roles["receipt of mining"] != 1 || roles["mined"] != 1 || roles["received"] != 1 {
		t.Errorf("facts %v, roles %v", f.Facts, roles)
	}
}

// The search behind an address ends with its bound, and says so.
func TestFlowIsBounded(t *testing.T) {
	p := DefaultParams()
	p.FlowTxs = 2
	s := heuristictest.Open(t, file(t, "testdata/c4_through_addresses_in_between.ledger"), heuristics.Scope{}, New(p))
	if fs := sweep(t, s); len(fs) != 0 {
		t.Errorf("%d findings with two transactions to look at", len(fs))
	}
	if n := notes(s)["partial: way of coins to an address that an actor paid: transactions of the search spent"]; n == 0 {
		t.Errorf("not told: %v", notes(s))
	}
}

// Around one address, without a scope, the history says the same.
func TestFlowByHistory(t *testing.T) {
	f := file(t, "testdata/c4_both_reach_one_address.ledger")
	s := heuristictest.Open(t, f, heuristics.Scope{From: 900_000}, Heuristic)
	z, err := f.Address("Z")
	if err != nil {
		t.Fatal(err)
	}
	c, fs, err := heuristics.Eval[*Commingling](t.Context(), s, Heuristic, model.RefAddress(z))
	if err != nil || len(fs) != 1 || c.Kind != KindFlow || c.Mined != 9_277_600 || c.Own != 20_000_000 {
		t.Errorf("%v, %d findings, %v", c, len(fs), err)
	}
}

// Each ledger on which C4 is silent is so for the reason in its name: with one thing
// changed, the coins meet.
func TestFlowIsSilentForTheReason(t *testing.T) {
	for _, c := range []struct {
		file   string
		change []string // pairs of old and new
	}{
		{"a_payer_of_many", []string{", y#3 1_857_000sat", ""}},
		{"at_a_service", []string{"category=exchange role=deposit", "category=shop"}},
		{"beyond_a_service", []string{"category=exchange role=deposit", "category=shop"}},
		{"four_transactions", []string{"=> b2 rest", "=> Z rest", "tx on4: on3.0 fee=2400sat => Z rest", ""}},
		{"immaterial", []string{"Z 546sat", "Z 5_460_000sat"}},
		{"miner_pays_the_actor", []string{"=> K rest", "=> K#2 rest"}},
		{"miners_own_wallet", []string{"g.0 h.0", "g.0"}},
		{"mixed_with_others", []string{" other.0", ""}},
		{"paid_straight_by_the_pool", []string{"tx on: pay.1", "tx on: pay.0", "=> P rest", "=> Z rest", "=> P 0.2", "=> Z 0.2"}},
		{"received_coins", []string{"=> M 3", "=> other 3", "m1.0 buys.0", "buys.0", "Z 0.2, M", "Z 0.1, W"}},
		{"shop_of_many", []string{"=> Z 0.3", "=> shop 0.3"}},
		{"signed_in_parts", []string{"!SINGLE|ANYONECANPAY", ""}},
		{"through_a_coinjoin", []string{"o#2 4_100_000sat, o#3 4_100_000sat, o#4", "o#2 4_107_000sat, o#3"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile("testdata/c4_silent_" + c.file + ".ledger")
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(c.change); i += 2 {
				if !strings.Contains(string(text), c.change[i]) {
					t.Fatalf("%q is not in the ledger", c.change[i])
				}
			}
			changed := strings.NewReplacer(c.change...).Replace(string(text))
			s := heuristictest.Open(t, heuristictest.Ledger(t, changed), heuristics.Scope{}, Heuristic)
			fs := sweep(t, s)
			if !slices.ContainsFunc(fs, func(f model.Finding) bool { return f.Kind == KindFlow }) {
				t.Errorf("%d findings, none of kind %s; %v", len(fs), KindFlow, notes(s))
			}
		})
	}
}
