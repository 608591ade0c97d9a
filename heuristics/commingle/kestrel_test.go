package commingle_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// The embedded case: one transaction signs for both, a merchant who mines spends
// what he received, and a broker that nobody has labelled sweeps its clients.
// Nobody else is spoken of.
func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, commingle.Heuristic)
	fs := swept(t, s)
	var kinds []string
	by := map[string]model.Finding{}
	for _, f := range fs {
		kinds = append(kinds, f.Kind)
		by[f.Kind] = f
	}
	slices.Sort(kinds)
	if diff := cmp.Diff([]string{"commingling", "commingling/received", "commingling/service"}, kinds); diff != "" {
		for _, f := range fs {
			t.Logf("%s on %v: %s", f.Kind, f.Subject, f.Claim)
		}
		t.Fatalf("kinds of findings (-want +got)\n%s", diff)
	}

	c1 := by[commingle.Kind]
	if want := model.RefTx(tx(t, f, "t16")); c1.Subject != want {
		t.Errorf("C1 is on %v, want the slip, %v", c1.Subject, want)
	}
	facts(t, c1, map[string]string{"level": "C1", "mined share": "0.4752", "attributed share": "0.5248", "balance": "0.950431"})

	received := by[commingle.KindReceived]
	if want := model.RefTx(tx(t, f, "mia1")); received.Subject != want {
		t.Errorf("received is on %v, want %v", received.Subject, want)
	}
	if want := "The miner paid at " + address(t, f, "MIA").String() + " received money from Kestrel and spent both together"; !strings.HasPrefix(received.Claim, want) {
		t.Errorf("claim %q, want it to begin with %q", received.Claim, want)
	}
	if received.Score.Probability > model.Percent(16) {
		t.Errorf("receiving says %v", received.Score.Probability)
	}

	c5 := by[commingle.KindService]
	if c5.Confidence.Level != model.Low || !strings.Contains(c5.Claim, "consistent with a service that holds coins for many customers") {
		t.Errorf("%s: %q", c5.Confidence.Level, c5.Claim)
	}
	if want := []model.Ref{model.RefAddress(address(t, f, "BR7"))}; !slices.Equal(c5.Related, want) {
		t.Errorf("C5 speaks of %v, want the broker's address that the actor paid and no other client's", c5.Related)
	}
	facts(t, c5, map[string]string{"level": "C5"})
	if got := c5.Amounts[0].Amount; got != 4_120_577+2_906_331+8_871_200+12_030_950 {
		t.Errorf("mined %v", got)
	}
	if got := c5.Amounts[1].Amount; got != 3_000_000 {
		t.Errorf("from the actor %v", got)
	}

	// Those who must not be named as the actor appear where they received, or
	// not at all.
	for owner, allowed := range map[string][]string{
		"MIA": {commingle.KindReceived}, "BR7": {commingle.KindService}, "BR#1": nil, "BR#2": nil, "BR#3": nil, "BR#4": nil, "BR#5": nil,
		"SAM": nil, "RITA": nil, "DORA": nil, "HAL": nil, "FARMHAND": nil, "PH": nil, "PX9": nil, "staff#1": nil, "cust#1": nil, "m#1": nil, "t#1": nil,
	} {
		a := address(t, f, owner)
		for _, f := range fs {
			if speaksOf(&f, a) && !slices.Contains(allowed, f.Kind) {
				t.Errorf("%s speaks of %s: %q", f.Kind, owner, f.Claim)
			}
		}
	}

	// Every address as a subject gives no more than the sweep with its visits.
	all := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, commingle.Heuristic))
	if diff := cmp.Diff(digests(fs), digests(all)); diff != "" {
		t.Errorf("every address as a subject gives other findings (-sweep +all)\n%s", diff)
	}
}

func digests(fs []model.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Digest.String())
	}
	slices.Sort(out)
	return out
}

// swept runs over the transactions of the scope, and what passes about them ask
// to visit.
func swept(t *testing.T, s *heuristics.Session) []model.Finding {
	t.Helper()
	var fs []model.Finding
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

func speaksOf(f *model.Finding, a model.Address) bool {
	r := model.RefAddress(a)
	return f.Subject == r || slices.Contains(f.Related, r) || strings.Contains(f.Claim, a.String())
}

func facts(t *testing.T, f model.Finding, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, x := range f.Facts {
		if _, ok := want[x.Name]; ok {
			got[x.Name] = x.Value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts of %s (-want +got)\n%s", f.Kind, diff)
	}
}

func tx(t *testing.T, f *ledger.File, name string) model.TxID {
	t.Helper()
	id, ok := f.Tx(name)
	if !ok {
		t.Fatalf("no transaction %s", name)
	}
	return id
}

func address(t *testing.T, f *ledger.File, owner string) model.Address {
	t.Helper()
	a, err := f.Address(owner)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
