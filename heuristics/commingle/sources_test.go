package commingle_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// An explorer has transactions and histories and no blocks, so there is no scope
// to read: what an address received comes from its history. A file of blocks has
// no histories. Either way the same is said of what does not take clusters.
func TestWithoutBlocksOrHistories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			whole := claims(t, f, f.Ledger.Set())
			files := f.Ledger.Set()
			files.History = nil
			if diff := cmp.Diff(whole, claims(t, f, files)); diff != "" {
				t.Errorf("without histories (-with +without)\n%s", diff)
			}
			explorer := f.Ledger.Set()
			explorer.Blocks = nil
			kinds := needsScope[filepath.Base(file)]
			want := slices.DeleteFunc(slices.Clone(whole), func(s string) bool {
				kind, _, _ := strings.Cut(s, ": ")
				return slices.Contains(kinds, kind)
			})
			if diff := cmp.Diff(want, claims(t, f, explorer), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("without blocks (-with +without)\n%s", diff)
			}
		})
	}
}

// needsScope are kinds of finding that take a scope to read: those about clusters,
// and those about addresses that nothing leads to.
var needsScope = map[string][]string{
	"c2_cluster_spends_both_separately.ledger":        {commingle.KindCluster},
	"c2_joined_through_a_third_address.ledger":        {commingle.KindCluster},
	"c2_weak_label_of_a_custodian.ledger":             {commingle.KindCluster},
	"c2_beside_the_slip.ledger":                       {commingle.KindCluster},
	"c3_receipt_through_an_address_in_between.ledger": {commingle.KindReceipt},
	"c4_through_addresses_in_between.ledger":          {commingle.KindFlow},
	"c5_inferred_deposit_address.ledger":              {commingle.KindService},
	"wrong_accusation_2_unlabelled_custodian.ledger":  {commingle.KindService},
}

// claims runs over every transaction of the ledger and what its passes visit.
func claims(t *testing.T, f *ledger.File, set sources.Set) []string {
	t.Helper()
	e, err := heuristics.New(set, []*heuristics.Heuristic{commingle.Heuristic}, heuristics.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var refs []model.Ref
	for b, err := range f.Ledger.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			refs = append(refs, model.RefTx(tx.ID))
		}
	}
	var out []string
	for f, err := range s.Run(t.Context(), heuristics.Refs(refs...)) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f.Kind+": "+f.Claim)
	}
	slices.Sort(out)
	return out
}

// Where the scope does not hold the addresses, their behaviour was not tested:
// a sweep of many says nothing, and the strongest finding says less.
func TestOutsideTheScope(t *testing.T) {
	for _, c := range []struct {
		file, subject string
		want          []string
	}{
		{"c1_slip", "slip", []string{commingle.Kind}},
		{"wrong_accusation_1_merchant", "rent", []string{commingle.KindReceived}},
		{"wrong_accusation_2_unlabelled_custodian", "sweep", nil},
		{"c3_receipt_of_both", "Z", []string{commingle.KindReceipt}},
		{"c3_silent_spent_since", "Z", nil},
		{"c5_deposit_address", "E", []string{commingle.KindService}},
		{"c5_silent_exchange_wallet", "E", nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile("testdata/" + c.file + ".ledger")
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			// A scope of the time after, in which nothing happens.
			s := heuristictest.Open(t, f, heuristics.Scope{From: 900_000}, commingle.Heuristic)
			var on model.Ref
			if id, ok := f.Tx(c.subject); ok {
				on = model.RefTx(id)
			} else {
				on = model.RefAddress(address(t, f, c.subject))
			}
			var kinds []string
			for f, err := range s.Run(t.Context(), heuristics.Refs(on)) {
				if err != nil {
					t.Fatal(err)
				}
				kinds = append(kinds, f.Kind)
				if f.Kind == commingle.Kind && f.Score.Probability != model.Percent(80) {
					t.Errorf("probability %v, want 0.80, because nobody knows whether the cluster behaves like a service", f.Score.Probability)
				}
				if strings.Contains(strings.ToLower(strings.Join(f.Unseen, " ")), "within the scope") {
					t.Errorf("%q", f.Unseen)
				}
				for _, p := range f.Premises {
					if strings.Contains(p.Answer, "within the scope") {
						t.Errorf("says of a scope that does not hold the subject: %q", p.Answer)
					}
				}
			}
			if diff := cmp.Diff(c.want, kinds); diff != "" {
				t.Errorf("kinds (-want +got)\n%s", diff)
			}
		})
	}
}
