package commingle

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// One key-set for both classes is founded on joint signatures. What was received or
// sent is not, and what lies at a service is never more than lowly founded.
func TestGrade(t *testing.T) {
	const (
		signed     = "ownership: evidence on the ledger that one party signs for both sides"
		unsigned   = "no evidence of ownership, and no repetition"
		matching   = "the rate of error is measured on a population like this one"
		unmeasured = "the rate of error is not measured"
		coverage   = "how many of the service's addresses are labelled is not known"
		weakest    = "the weakest label that it rests on is held to be right with 0.90"
	)
	sources := func(n string) string { return "independent sources of its labels: " + n }
	kinds := []string{Kind, KindCluster, KindReceipt, KindFlow, KindService, KindReceived}
	for _, c := range []struct {
		ledger, kind, level string
		want                []string
	}{
		{"c1_slip", Kind, model.Moderate, []string{signed, weakest, sources("1"), matching, coverage,
			"two parties or a custodian can sign one transaction, and the ledger does not tell"}},
		{"c1_input_of_unknown_owner", Kind, model.Low, []string{signed, weakest, sources("1"), matching, coverage,
			"at most low: the owner of an input is unknown, so that it is not known whether a custodian or another party signs",
			"two parties or a custodian can sign one transaction, and the ledger does not tell"}},
		{"c2_cluster_spends_both_separately", KindCluster, model.Moderate, []string{signed, weakest, sources("1"), matching, coverage,
			"it rests on co-spends, each of which may be two parties'"}},
		{"c2_weak_label_of_a_custodian", KindCluster, model.Moderate, nil},
		{"c3_receipt_of_both", KindReceipt, model.Low, []string{unsigned, weakest, sources("1"), matching, coverage,
			"at most low: nobody signed for the coins", "anyone can have an address paid"}},
		{"c4_both_reach_one_address", KindFlow, model.Low, []string{unsigned, weakest, sources("1"), matching, coverage,
			"at most low: two parties can pay one address", "the coins may have changed hands on the way"}},
		{"c5_deposit_address", KindService, model.Low, []string{unsigned, weakest, sources("1"), matching, coverage,
			"at most low: a service holds coins for many customers"}},
		{"wrong_accusation_2_unlabelled_custodian", KindService, model.Low, nil},
		{"received_through_addresses_in_between", KindReceived, model.Low, []string{unsigned, weakest, sources("1"), matching, coverage,
			"at most low: receiving is not controlling"}},
	} {
		text, err := os.ReadFile("testdata/" + c.ledger + ".ledger")
		if err != nil {
			t.Fatal(err)
		}
		f := heuristictest.Ledger(t, string(text))
		for _, measured := range []bool{true, false} {
			want := model.AnalyticConfidence{Level: c.level, Reasons: append([]string(nil), c.want...)}
			table := kinds
			if !measured {
				want.Level, table = model.Low, nil
				for i, r := range want.Reasons {
					if r == matching {
						want.Reasons[i] = unmeasured
					}
				}
			}
			n := 0
			for _, fd := range heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, heuristictest.GradedPopulation, table...) {
				if fd.Kind != c.kind {
					continue
				}
				n++
				if c.want == nil {
					want.Reasons = fd.Confidence.Reasons
				}
				if diff := cmp.Diff(want, fd.Confidence); diff != "" {
					t.Errorf("%s, measured %v (-want +got)\n%s", c.ledger, measured, diff)
				}
			}
			if n != 1 {
				t.Errorf("%s, measured %v: %d findings", c.ledger, measured, n)
			}
		}
	}
}

// Labels from two sources make the slip as well founded as anything that rests on
// unlabelled custodians' not being there can be. A weak label makes it less.
func TestGradeOfLabels(t *testing.T) {
	const rest = `
tx fund: new(np) => np 6.25
tx pay: fund.0 fee=31000sat => P 9_280_000sat, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, np rest
tx k: new(victim) => K 35_000_000sat
tx slip: pay.0 k.0 fee=10000sat => X 44_000_000sat, X2 rest
`
	for _, c := range []struct{ name, labels, level string }{
		{"two sources", "label Northpool: addr(np) category=mining_pool role=payout confidence=0.97 source=\"pool list\"\nlabel Kestrel: addr(K) category=actor role=key confidence=0.9 source=\"seizure\"\n", model.Moderate},
		{"a weak label", "label Northpool: addr(np) category=mining_pool role=payout confidence=0.97\nlabel Kestrel: addr(K) category=actor role=key confidence=0.4\n", model.Low},
	} {
		fs := heuristictest.Graded(t, heuristictest.Ledger(t, c.labels+rest), Heuristic, heuristics.Scope{}, heuristictest.GradedPopulation, Kind)
		if len(fs) != 1 || fs[0].Kind != Kind || fs[0].Confidence.Level != c.level {
			t.Errorf("%s: want one %s finding: %v", c.name, c.level, fs)
		}
	}
}
