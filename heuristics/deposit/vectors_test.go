package deposit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// dep1 is the vector DEP-1. The sweep t3 shows that Y is X's operator's.
const dep1 = `
label Kestrel: addr(A) category=actor confidence=0.7
label HashBazaar: addr(X) category=hash_marketplace role=deposit confidence=0.5
time 2023-07-23 10:00
tx f: new(victim) 60_015_000sat => A 60_015_000sat
time 2023-07-24 10:00
tx t1: f.0 fee=10_000sat => X 35_000_000sat, B 25_005_000sat   // want deposit:"Kestrel paid 0.35000000 BTC to \\S+, an address of the hash marketplace HashBazaar\\.$" >=0.35 <=0.35 @0
time 2023-07-26 10:00
tx t2: t1.1 fee=5_000sat => Y 25_000_000sat                    // want deposit:"Kestrel paid 0.25000000 BTC to \\S+, an address inferred to be of the hash marketplace HashBazaar, by way of 1 other address\\.$" >=0.252 <=0.252 @0
time 2023-07-27 03:00
tx t3: t1.0 t2.0 fee=2_000sat => H rest
`

func TestDEP1(t *testing.T) {
	t.Run("as published", func(t *testing.T) {
		heuristictest.RunText(t, Heuristic, dep1)
		f := heuristictest.Ledger(t, dep1)
		fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
		want := []row{
			{"t1", Kind, "Kestrel", "0.35000000", "X", "labelled", "0, direct", "0.35"},
			{"t2", Kind, "Kestrel", "0.25000000", "Y", "inferred", "1", "0.252"},
		}
		if diff := cmp.Diff(want, rows(t, f, fs)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		factors := func(i int) (ps []string) {
			for _, x := range fs[i].Score.Factors {
				ps = append(ps, x.Probability.String())
			}
			return ps
		}
		if diff := cmp.Diff([][]string{{"0.50", "0.70"}, {"0.45", "0.56"}}, [][]string{factors(0), factors(1)}); diff != "" {
			t.Errorf("factors (-want +got)\n%s", diff)
		}
		sum := model.Amount(0)
		for i := range fs {
			sum += fs[i].Amounts[0].Amount
			for _, x := range fs[i].Facts {
				if x.Name == "attributed share of inputs" && x.Value != "1.00" {
					t.Errorf("%s: attributed share %s, want all of it", fs[i].Claim, x.Value)
				}
			}
		}
		if sum != 60_000_000 {
			t.Errorf("deposits of %d sat, want 60,000,000", sum)
		}
	})
	t.Run("change that signs with the payer", func(t *testing.T) {
		f := heuristictest.Ledger(t, dep1+`
tx g: new => A 0.2
tx h: new => B 0.3
tx join: g.0 h.0 fee=1000sat => elsewhere rest
`)
		fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
		want := []row{
			{"t1", Kind, "Kestrel", "0.35000000", "X", "labelled", "0, direct", "0.35"},
			{"t2", Kind, "Kestrel", "0.25000000", "Y", "inferred", "1, of which 1 in the payer's own wallet", "0.315"},
		}
		if diff := cmp.Diff(want, rows(t, f, fs)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
