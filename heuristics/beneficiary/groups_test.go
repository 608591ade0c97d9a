package beneficiary_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// grouped runs over a ledger and returns the index.
func grouped(t testing.TB, f *ledger.File, h *heuristics.Heuristic, scope heuristics.Scope) (*beneficiary.Index, []model.Finding) {
	t.Helper()
	s := heuristictest.Open(t, f, scope, h)
	fs := swept(t, s)
	x, ok := heuristics.Finished[*beneficiary.Index](s, h)
	if !ok {
		t.Fatal("the run has no index")
	}
	return x, fs
}

// told says of each beneficiary what a ledger's author would, without the extras
// m and n.
func told(f *ledger.File, x *beneficiary.Index) []string {
	owner := func(a model.Address) string { s, _ := f.Owner(a); return s }
	txs := func(ids []model.TxID) string {
		var s []string
		for _, id := range ids[:min(len(ids), 2)] {
			name, _ := f.TxName(id)
			s = append(s, name)
		}
		return strings.Join(s, " ")
	}
	out := []string{}
	for i := range x.Len() {
		b := x.At(i)
		var names []string
		for _, a := range b.Addresses {
			names = append(names, owner(a))
		}
		if strings.HasPrefix(names[0], "m#") || strings.HasPrefix(names[0], "n#") {
			continue
		}
		slices.Sort(names)
		s := fmt.Sprintf("%s: %s", strings.Join(names, " "), b.Kind)
		if b.Kind == beneficiary.Account {
			s += fmt.Sprintf(" at %q %s", b.Custodian, b.CustodianConfidence)
		}
		if n := len(b.Pools()); n > 1 {
			s += fmt.Sprintf(" of %d pools", n)
		}
		var edges []string
		for _, e := range b.Edges {
			ends := []string{owner(e.A), owner(e.B)}
			slices.Sort(ends)
			edges = append(edges, fmt.Sprintf("; %s-%s %s %v by %s", ends[0], ends[1], e.Rule, e.Weight, txs(e.Tx)))
		}
		slices.Sort(edges)
		s += strings.Join(edges, "")
		for _, r := range b.Related {
			s += fmt.Sprintf("; %s %s %v", r.Rule, owner(r.Other), r.Weight)
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// Who is taken for one party and who is not, with the reason.
func TestGroups(t *testing.T) {
	apart := []string{"a: wallet", "b: wallet"}
	tests := map[string][]string{
		"sign_together":                 {"a b: wallet; a-b co_spend +5.00 by both"},
		"sign_together_through_a_third": {"a b: wallet; a-b co_spend +5.00 by ac bc"},
		"two_pools_pay_one_owner":       {"a b: wallet of 2 pools; a-b co_spend +5.00 by both"},
		"handover_and_forward":          {"a b: wallet; a-b consolidation +3.00 by zx0 zx1; a-b handover +2.00 by np220810 np220811"},
		"handover":                      {"a: wallet; handover b +2.00", "b: wallet; handover a +2.00"},
		"forward_to_one_wallet":         {"a: wallet; consolidation b +3.00", "b: wallet; consolidation a +3.00"},
		"host_and_client":               {"farmhand: wallet; revenue_share hal +0.00", "hal: wallet; revenue_share farmhand +0.00"},

		"two_accounts_at_one_exchange": {`px1: account at "Portmere" 0.90`, `px2: account at "Portmere" 0.85`},
		"labels_of_another_time":       {"a: wallet", "b: wallet", `c: account at "Portmere" 0.90`},
		"handover_to_one_of_two":       {"a: wallet", "b: wallet", "c: wallet"},
		"handover_at_another_rate":     apart,
		"forward_to_an_exchange":       apart,
		"forward_to_a_shop":            apart,
		"forward_too_late":             apart,
		"forward_in_part":              apart,
		"coinjoin":                     apart,
		"addresses_of_a_pools_cluster": apart,
		"addresses_that_a_pool_uses":   {},
		"four_payouts_in_one_ratio":    {"farmhand: wallet", "hal: wallet"},
		"two_steady_miners":            {"steady: wallet", "still: wallet"},
		"luck_moves_all_alike":         {"luck#1: wallet", "luck#2: wallet", "luck#3: wallet", "luck#4: wallet", "luck#5: wallet", "luck#6: wallet", "luck#7: wallet", "luck#8: wallet", "luck#9: wallet"},
	}
	files, err := filepath.Glob("testdata/groups/*.ledger")
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d ledgers and %d expectations (%v)", len(files), len(tests), err)
	}
	for _, name := range files {
		base := strings.TrimSuffix(filepath.Base(name), ".ledger")
		t.Run(base, func(t *testing.T) {
			f := read(t, name)
			x, fs := grouped(t, f, beneficiary.Heuristic, heuristics.Scope{})
			if diff := cmp.Diff(tests[base], told(f, x)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for i := range fs {
				t.Errorf("unexpected finding: %s", fs[i].Claim)
			}
			if diff := cmp.Diff(tests[base], told(f, backwards(t, f))); diff != "" {
				t.Errorf("by many workers, the last subject first (-want +got)\n%s", diff)
			}
		})
	}
}

// backwards runs over a ledger with the last subject first, by many workers.
func backwards(t testing.TB, f *ledger.File) *beneficiary.Index {
	t.Helper()
	ctx := context.Background()
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{beneficiary.Heuristic}, heuristics.Options{Network: f.Ledger.Network(), Workers: 8, Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(ctx, heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var refs []model.Ref
	for sub, err := range s.Sweep(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, sub.Ref)
	}
	slices.Reverse(refs)
	for _, err := range s.Run(ctx, heuristics.Refs(refs...)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x, _ := heuristics.Finished[*beneficiary.Index](s, beneficiary.Heuristic)
	return x
}

// Beneficiaries that the scope names are reported without a train, and all others
// are not; what relates them to others stands among the alternatives.
func TestNamedByTheScope(t *testing.T) {
	f := read(t, "testdata/groups/host_and_client.ledger")
	hal, farmhand := address(t, f, "hal"), address(t, f, "farmhand")
	for name, scope := range map[string]heuristics.Scope{
		"seed":  {Seeds: []model.Ref{model.RefAddress(hal), model.RefAddress(address(t, f, "nobody"))}},
		"actor": {Actors: []model.Label{{On: model.RefAddress(hal), Entity: "Kestrel", Confidence: model.Percent(90)}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, fs := grouped(t, f, beneficiary.Heuristic, scope)
			if len(fs) != 1 || fs[0].Subject != model.RefAddress(hal) {
				t.Fatalf("%d findings, want one on hal", len(fs))
			}
			want := "Address " + hal.String() + " was paid 3.68244000 BTC in 20 payouts of Northpool from 2022-08-01 to 2022-08-20, with no train as of rented hash power."
			if got := fs[0].Claim; got != want {
				t.Errorf("claim %q, want %q", got, want)
			}
			if text := "The revenue of " + hal.String() + " is shared with " + farmhand.String() + ", as a host and its client do."; !slices.ContainsFunc(fs[0].Alternatives, func(a model.Alternative) bool { return a.Text == text }) {
				t.Errorf("alternatives %v, want %q", fs[0].Alternatives, text)
			}
		})
	}
}

// A train of which the end, or the month before, is not seen is not said to be none;
// and of one who has no train nothing is said to have been looked for beside it.
func TestNamedWhereATrainIsNotKnown(t *testing.T) {
	for _, name := range []string{"silent_where_the_end_is_not_seen", "silent_where_the_month_before_is_not_seen"} {
		f := read(t, "testdata/"+name+".ledger")
		_, fs := grouped(t, f, beneficiary.Heuristic, heuristics.Scope{Seeds: []model.Ref{model.RefAddress(address(t, f, "p"))}})
		if len(fs) != 1 {
			t.Fatalf("%s: %d findings", name, len(fs))
		}
		if c := fs[0].Claim; strings.Contains(c, "no train") || !strings.Contains(c, "is not known") {
			t.Errorf("%s: %q", name, c)
		}
		if !slices.ContainsFunc(fs[0].Unseen, func(s string) bool { return strings.HasPrefix(s, "Whether the payouts from ") }) {
			t.Errorf("%s: unseen %q", name, fs[0].Unseen)
		}
	}
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	_, fs := grouped(t, f, beneficiary.Heuristic, heuristics.Scope{Seeds: []model.Ref{model.RefAddress(address(t, f, "RITA"))}})
	for _, found := range fs {
		if found.Subject != model.RefAddress(address(t, f, "RITA")) {
			continue
		}
		for _, c := range found.Counter {
			if strings.Contains(c.Text, "resident") {
				t.Errorf("190 days of payouts, and %q is not found", c.Text)
			}
		}
		return
	}
	t.Error("no finding on who is named")
}

// What would be too large is left apart, and the coverage says so.
func TestTooManyAddresses(t *testing.T) {
	for _, name := range []string{"sign_together", "handover_and_forward"} {
		p := beneficiary.DefaultParams()
		p.MaxAddresses = 1
		f := read(t, "testdata/groups/"+name+".ledger")
		s := heuristictest.Open(t, f, heuristics.Scope{}, beneficiary.New(p))
		swept(t, s)
		x, _ := heuristics.Finished[*beneficiary.Index](s, beneficiary.Heuristic)
		for _, who := range []string{"a", "b"} {
			if b := x.At(mustFind(t, x, address(t, f, who))); len(b.Addresses) != 1 {
				t.Errorf("%s: %s has %d addresses", name, who, len(b.Addresses))
			}
		}
		said := false
		for _, h := range s.Coverage().Heuristics {
			for _, n := range h.Notes {
				said = said || strings.Contains(n.Text, "pending review")
			}
		}
		if !said {
			t.Errorf("%s: nothing says that addresses were left apart", name)
		}
	}
}

// Heuristics that require the grouping read it when they finish.
func TestOf(t *testing.T) {
	f := read(t, "testdata/groups/sign_together.ledger")
	n := 0
	reader := &heuristics.Heuristic{
		Name: "reader", Version: 1, Doc: "reads the beneficiaries", Requires: []*heuristics.Heuristic{beneficiary.Heuristic},
		Finish: func(_ context.Context, t *heuristics.Totals) (any, error) {
			n = beneficiary.Of(t).Len()
			return n, nil
		},
	}
	if fs := swept(t, heuristictest.Open(t, f, heuristics.Scope{}, reader)); len(fs) != 0 || n != 7 {
		t.Errorf("%d findings, %d beneficiaries", len(fs), n)
	}
}

// Where clusters follow predictions of change too, those join no beneficiaries.
func TestPredictionsOfChange(t *testing.T) {
	p := cluster.DefaultParams()
	p.Change = true
	for _, name := range []string{"sign_together", "sign_together_through_a_third", "coinjoin"} {
		f := read(t, "testdata/groups/"+name+".ledger")
		plain, _ := grouped(t, f, beneficiary.Heuristic, heuristics.Scope{})
		s := heuristictest.Open(t, f, heuristics.Scope{}, beneficiary.Heuristic, cluster.New(p))
		swept(t, s)
		x, _ := heuristics.Finished[*beneficiary.Index](s, beneficiary.Heuristic)
		if diff := cmp.Diff(told(f, plain), told(f, x)); diff != "" {
			t.Errorf("%s (-without +with)\n%s", name, diff)
		}
	}
}

func TestParameters(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range beneficiary.DefaultParams().Parameters() {
		if p.Value == "" || p.Origin == "" || seen[p.Name] {
			t.Errorf("parameter %+v", p)
		}
		seen[p.Name] = true
	}
	if n := reflect.TypeFor[beneficiary.Params]().NumField(); len(seen) != n {
		t.Errorf("%d parameters of %d fields", len(seen), n)
	}
}

func read(t testing.TB, name string) *ledger.File {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ledger.Parse(name, string(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
