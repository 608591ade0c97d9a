package loop_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/loop"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// kestrelRun runs the embedded case without the transactions of the given names.
func kestrelRun(t *testing.T, without ...string) (*ledger.File, []model.Finding) {
	t.Helper()
	if len(without) > 0 {
		return kestrelCase(t, without)
	}
	whole.Do(func() { whole.file, whole.findings = kestrelCase(t, nil) })
	if whole.file == nil {
		t.Fatal("the case could not be run")
	}
	return whole.file, whole.findings
}

// whole is the case as it is, which several tests look at.
var whole struct {
	sync.Once
	file     *ledger.File
	findings []model.Finding
}

func kestrelCase(t *testing.T, without []string) (*ledger.File, []model.Finding) {
	t.Helper()
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	p, c := loop.DefaultParams(), cluster.DefaultParams()
	for _, name := range without {
		id, ok := f.Tx(name)
		if !ok {
			t.Fatalf("no transaction %s", name)
		}
		p.LeaveOut, c.Skip = append(p.LeaveOut, id), append(c.Skip, id)
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, loop.New(p), cluster.New(c))
	var out []model.Finding
	for _, g := range heuristictest.Findings(t, s) {
		if g.Heuristic == "loop" {
			out = append(out, g)
		}
	}
	return f, out
}

func owner(f *ledger.File, r model.Ref) string {
	a, _ := r.Address()
	name, _ := f.Owner(a)
	return name
}

func fact(f *model.Finding, name string) string {
	for _, x := range f.Facts {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}

func TestKestrel(t *testing.T) {
	t.Parallel()
	f, fs := kestrelRun(t)
	got := map[string]string{}
	for i := range fs {
		got[owner(f, fs[i].Subject)] = fs[i].Kind
	}
	if diff := cmp.Diff(map[string]string{"P1": loop.Kind, "P2": loop.KindLead, "PX9": loop.KindLead}, got); diff != "" {
		t.Fatalf("findings (-want +got)\n%s", diff)
	}
	for i := range fs {
		g := &fs[i]
		if ls := g.Circular(); len(ls) > 0 {
			t.Errorf("%s rests on labels derived from its own evidence: %v", owner(f, g.Subject), ls)
		}
		switch owner(f, g.Subject) {
		case "P1":
			if g.Score.Probability < model.Percent(85) || g.Score.Given != model.Percent(99) {
				t.Errorf("loop: %v, given the label %v", g.Score.Probability, g.Score.Given)
			}
			if paid := g.Amounts[0]; paid.Amount != 100_000_000 || paid.Fiat == nil || paid.Fiat.String() != "21584.04 USD" {
				t.Errorf("paid in: %v %v", paid.Amount, paid.Fiat)
			}
			if paid := g.Amounts[1]; paid.Amount != 90_990_000 {
				t.Errorf("paid out: %v", paid.Amount)
			}
			for name, want := range map[string]string{
				"ownership": "C1", "rounds": "2", "deposits": "3", "payouts": "12",
				"round 1":         "R 0.9308, starting 38 hours after the first deposit; as of 21 PH/s for 6 days",
				"round 2":         "R 0.8785, starting 16 hours after the first deposit; as of 19 PH/s for 5 days",
				"given the label": "HashBazaar's: 0.90, own test deposit, 2022-07-30; were that certain: 0.99",
			} {
				if !strings.Contains(fact(g, name), want) {
					t.Errorf("%s: %q, want %q in it", name, fact(g, name), want)
				}
			}
			slip, _ := f.Tx("t16")
			if !strings.Contains(g.Evidence[0].Text, "Transaction "+slip.String()+" signs for 0.35140000 BTC mined at ") {
				t.Errorf("evidence: %s", g.Evidence[0].Text)
			}
			if g.Chance == nil || g.Chance.Corrected > model.Percent(5) || g.Chance.AsGood != 0 || g.Chance.Shifts != 999 {
				t.Errorf("chance: %+v", g.Chance)
			}
			rita := address(t, f, "RITA").String()
			if !slices.ContainsFunc(g.Counter, func(c model.Counter) bool {
				return c.Found && strings.Contains(c.Text, rita+", with 0.55810000 BTC, 0.1 % off; it was paid for 18")
			}) {
				t.Errorf("the miner whose week is within 0.1 %% is not named: %v", g.Counter)
			}
		case "P2":
			if !strings.Contains(fact(g, "round 3"), "paid in coinbase transactions themselves") || fact(g, "ownership") != "no evidence" {
				t.Errorf("P2: %v", g.Facts)
			}
		case "PX9":
			if !strings.Contains(g.Claim, "customer of Portmere") || !strings.Contains(fact(g, "round 5"), "R 0.9249") {
				t.Errorf("PX9: %s %v", g.Claim, g.Facts)
			}
		}
		// Nobody else is named in a claim, or as a subject.
		for _, name := range []string{"RITA", "MIA", "DORA", "SAM", "HAL", "FARMHAND", "BR#1", "BR#2", "BR#3", "BR#4", "BR7", "Q", "olga", "pete"} {
			a := address(t, f, name)
			if strings.Contains(g.Claim, a.String()) || slices.Contains(g.Related, model.RefAddress(a)) || g.Subject == model.RefAddress(a) {
				t.Errorf("the claim about %s names %s", owner(f, g.Subject), name)
			}
		}
	}
}

// The same case without the transaction that signs for both, and without the
// second round too: the number falls, and so does the kind.
func TestKestrelFalls(t *testing.T) {
	t.Parallel()
	var last model.Probability = model.Certain
	for _, c := range []struct {
		without []string
		kind    string
		most    model.Probability
		rounds  string
	}{
		{nil, loop.Kind, model.Percent(99), "2"},
		{[]string{"t16"}, loop.Kind, model.Percent(80), "2"},
		{[]string{"t16", "t14"}, loop.KindLead, model.Percent(60), "1"},
	} {
		f, fs := kestrelRun(t, c.without...)
		i := slices.IndexFunc(fs, func(g model.Finding) bool { return owner(f, g.Subject) == "P1" })
		if i < 0 {
			t.Errorf("without %v: P1 is not found", c.without)
			continue
		}
		g := &fs[i]
		if g.Kind != c.kind || g.Score.Probability > c.most || g.Score.Probability >= last || fact(g, "rounds") != c.rounds {
			t.Errorf("without %v: %s %v in %s rounds, want %s of at most %v, below %v, in %s", c.without, g.Kind, g.Score.Probability, fact(g, "rounds"), c.kind, c.most, last, c.rounds)
		}
		last = g.Score.Probability
		for _, name := range c.without {
			id, _ := f.Tx(name)
			for _, e := range g.Evidence {
				if strings.Contains(fmt.Sprint(e.Text, e.Items), id.String()) {
					t.Errorf("without %v: evidence rests on %s", c.without, name)
				}
			}
			if !slices.ContainsFunc(g.Unseen, func(s string) bool { return strings.Contains(s, id.String()) }) {
				t.Errorf("the finding does not say that %s is left out", name)
			}
		}
		t.Logf("without %v: %s %v (%v to %v), given the label %v, p %v", c.without, g.Kind, g.Score.Probability, g.Score.Low, g.Score.High, g.Score.Given, g.Chance)
	}
}

func address(t *testing.T, f *ledger.File, name string) model.Address {
	t.Helper()
	a, err := f.Address(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
