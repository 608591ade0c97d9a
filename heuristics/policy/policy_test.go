package policy_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/policy"
	"github.com/goldwash/goldwash/model"
)

func address(n byte) model.Ref {
	return model.RefAddress(model.AddressOf(append([]byte{0x00, 0x14}, append(make([]byte, 19), n)...), model.Mainnet))
}

// ev is evidence of a family with a weight, in transactions by number.
func ev(family string, nats int, txs ...byte) model.Evidence {
	e := model.Evidence{Family: family, Text: family, Weight: model.MicroNats(nats) * model.Nat, Discounted: model.MicroNats(nats) * model.Nat}
	for i, n := range txs {
		e.Items = append(e.Items, model.Item{On: model.RefInpoint(model.Inpoint{Tx: model.TxID{n}, Vin: uint32(i)})})
	}
	return e
}

func finding(t *testing.T, kind string, on model.Ref, percent int, change ...func(*model.Finding)) model.Finding {
	t.Helper()
	f := model.Finding{
		Heuristic: "example", Version: 1, Kind: kind, Subject: on, Claim: "It is " + kind + ".",
		Score:      model.Product(0, "", model.Factor{Name: "x", Given: model.Percent(percent), Probability: model.Percent(percent)}),
		Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{"a test"}},
	}
	for _, c := range change {
		c(&f)
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	return f
}

func evidence(es ...model.Evidence) func(*model.Finding) {
	return func(f *model.Finding) { f.Evidence = es }
}

func level(l string) func(*model.Finding) {
	return func(f *model.Finding) { f.Confidence.Level = l }
}

// desk is the policy of a desk that holds, reviews or notes.
var desk = policy.Policy{
	Actions: []policy.Action{"note", "review", "hold"},
	Rules: []policy.Rule{
		{Kind: "loop", Least: model.Percent(80), Confidence: model.Moderate, Action: "hold", Points: 100, Why: "instructed by counsel"},
		{Kind: "loop", Action: "review", Points: 100},
		{Kind: "deposit/returned", Action: "note"},
		{Kind: "deposit", Least: model.Percent(50), Action: "note", Points: 40},
		{Kind: "commingling", Action: "note", Points: 50},
	},
	Levels: []policy.Level{{Least: 60, Action: "review"}, {Least: 120, Action: "hold"}},
}

func assess(t *testing.T, p policy.Policy, fs ...model.Finding) []policy.Assessment {
	t.Helper()
	out, err := p.Assess(fs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRules(t *testing.T) {
	on := address(1)
	for _, c := range []struct {
		name string
		f    model.Finding
		want policy.Action
		rule int
	}{
		{"likely and well founded", finding(t, "loop", on, 90, level(model.Moderate)), "hold", 0},
		{"likely and badly founded", finding(t, "loop", on, 90), "review", 1},
		{"less likely", finding(t, "loop", on, 79, level(model.High)), "review", 1},
		{"a variant", finding(t, "loop/steady", on, 90, level(model.High)), "hold", 0},
		{"another family of like name", finding(t, "loop_lead", on, 90, level(model.High)), "", -1},
		{"a variant with a rule of its own", finding(t, "deposit/returned", on, 90), "note", 2},
		{"its family", finding(t, "deposit", on, 90), "note", 3},
		{"too weak for any rule", finding(t, "deposit", on, 49), "", -1},
	} {
		as := assess(t, desk, c.f)
		if len(as) != 1 || as[0].Action != c.want || as[0].Findings[0].Rule != c.rule || as[0].Subject != on {
			t.Errorf("%s: %+v, want %q by rule %d", c.name, as, c.want, c.rule)
		}
		if (c.rule < 0) != (len(as[0].Why) == 0) {
			t.Errorf("%s: because %q", c.name, as[0].Why)
		}
	}
}

// The transaction in which coins were spent together speaks once.
func TestSharedEvidenceCountsOnce(t *testing.T) {
	on := address(1)
	loop := finding(t, "loop", on, 80, evidence(ev("ownership", 4, 16), ev("quantity", 3, 20, 21), ev("timing", 1)))
	for _, c := range []struct {
		name    string
		other   model.Finding
		counted int // percent of the other's evidence
		points  int
	}{
		{"all of it is shared", finding(t, "commingling", on, 60, evidence(ev("ownership", 5, 16))), 0, 80},
		{"none of it is", finding(t, "commingling", on, 60, evidence(ev("ownership", 5, 17))), 100, 110},
		{"the same transaction, of another family", finding(t, "commingling", on, 60, evidence(ev("provenance", 5, 16))), 100, 110},
		{"a quarter is shared", finding(t, "commingling", on, 60, evidence(ev("ownership", 1, 16), ev("provenance", 3, 9))), 75, 102},
		{"one place of two is", finding(t, "commingling", on, 60, evidence(ev("ownership", 2, 17, 16))), 0, 80},
		{"what speaks against is no ground", finding(t, "commingling", on, 60, evidence(ev("ownership", -3, 30), ev("ownership", 5, 16))), 0, 80},
		{"without weights each counts alike", finding(t, "commingling", on, 60, evidence(ev("ownership", 0, 16), ev("ownership", 0, 40))), 50, 95},
		{"without evidence it is its own", finding(t, "commingling", on, 60), 100, 110},
	} {
		a := assess(t, desk, c.other, loop)[0]
		second := a.Findings[1]
		if a.Findings[0].Finding.Kind != "loop" || a.Findings[0].Counted != model.Certain {
			t.Errorf("%s: the stronger finding does not come first and whole: %+v", c.name, a.Findings[0])
		}
		if second.Counted != model.Percent(c.counted) || a.Points != c.points {
			t.Errorf("%s: %v of it counts, %d points in all; want %d %%, %d", c.name, second.Counted, a.Points, c.counted, c.points)
		}
		var want []model.Digest
		if c.counted < 100 {
			want = []model.Digest{loop.ID}
		}
		if diff := cmp.Diff(want, second.Shared); diff != "" {
			t.Errorf("%s: shared (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestLevels(t *testing.T) {
	on := address(1)
	for _, c := range []struct {
		name string
		fs   []model.Finding
		want policy.Action
	}{
		{"below", []model.Finding{finding(t, "commingling", on, 90)}, "note"},
		{"two together", []model.Finding{finding(t, "commingling", on, 90), finding(t, "deposit", on, 90)}, "review"},
		{"two that rest on one transaction", []model.Finding{
			finding(t, "commingling", on, 90, evidence(ev("ownership", 3, 1))), finding(t, "deposit", on, 90, evidence(ev("ownership", 3, 1)))}, "note"},
		{"many", []model.Finding{finding(t, "loop", on, 79), finding(t, "commingling", on, 90)}, "hold"},
	} {
		if a := assess(t, desk, c.fs...)[0]; a.Action != c.want {
			t.Errorf("%s: %q with %d points, want %q", c.name, a.Action, a.Points, c.want)
		}
	}
}

// Each subject stands for itself, and the order of findings does not matter.
func TestSubjects(t *testing.T) {
	fs := []model.Finding{
		finding(t, "loop", address(2), 90), finding(t, "deposit", address(1), 90), finding(t, "commingling", address(2), 90),
		finding(t, "deposit", address(3), 60, func(f *model.Finding) { f.Related = []model.Ref{address(1)} }),
	}
	want := assess(t, desk, fs...)
	if len(want) != 3 || !slices.IsSortedFunc(want, func(a, b policy.Assessment) int { return a.Subject.Compare(b.Subject) }) {
		t.Fatalf("%+v", want)
	}
	fs = slices.Clone(fs) // results point at what was given
	slices.Reverse(fs)
	if diff := cmp.Diff(want, assess(t, desk, fs...)); diff != "" {
		t.Errorf("in another order (-want +got):\n%s", diff)
	}
	wide := desk
	wide.By = policy.Touching
	for _, a := range assess(t, wide, fs...) {
		if a.Subject == address(1) && len(a.Findings) != 2 {
			t.Errorf("what is related does not count: %+v", a)
		}
	}
}

func TestGoneFindings(t *testing.T) {
	on := address(1)
	old := finding(t, "loop", on, 90)
	now := finding(t, "loop", on, 60, func(f *model.Finding) { f.Supersedes = old.Digest })
	withdrawn := finding(t, "commingling", on, 90, func(f *model.Finding) { f.WithdrawnBecause = "reorganised" })
	as := assess(t, desk, old, now, withdrawn, now)
	if len(as) != 1 || len(as[0].Findings) != 1 || as[0].Points != 60 {
		t.Errorf("%+v", as)
	}
	if as := assess(t, desk); len(as) != 0 {
		t.Errorf("of nothing follows %+v", as)
	}
	if as := assess(t, desk, withdrawn); len(as) != 0 {
		t.Errorf("of what is withdrawn follows %+v", as)
	}
}

func TestWhy(t *testing.T) {
	on := address(1)
	a := assess(t, desk, finding(t, "loop", on, 90, level(model.Moderate), evidence(ev("ownership", 3, 1))), finding(t, "commingling", on, 60, evidence(ev("ownership", 3, 1))))[0]
	want := []string{
		`loop very likely, 0.90, analytic confidence moderate: 90.000 points; by itself "hold" (instructed by counsel)`,
		`commingling likely, 0.60, analytic confidence low: 0.000 points, for <0.01 of its evidence; the rest counts with a finding before it; by itself "note"`,
	}
	if diff := cmp.Diff(want, a.Why); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	if err := desk.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*policy.Policy){
		"no rules":              func(p *policy.Policy) { p.Rules = nil },
		"an action twice":       func(p *policy.Policy) { p.Actions = append(slices.Clone(p.Actions), "note") },
		"an action of no name":  func(p *policy.Policy) { p.Actions = append(slices.Clone(p.Actions), "") },
		"an unknown action":     func(p *policy.Policy) { p.Rules = []policy.Rule{{Action: "shout"}} },
		"an unknown level":      func(p *policy.Policy) { p.Rules = []policy.Rule{{Confidence: "splendid"}} },
		"more than certain":     func(p *policy.Policy) { p.Rules = []policy.Rule{{Least: math.MaxUint32}} },
		"points of less than 0": func(p *policy.Policy) { p.Rules = []policy.Rule{{Points: -1}} },
		"a level from nothing":  func(p *policy.Policy) { p.Levels = []policy.Level{{Least: 0, Action: "hold"}} },
		"a level to nothing":    func(p *policy.Policy) { p.Levels = []policy.Level{{Least: 5}} },
	} {
		p := desk
		change(&p)
		if _, err := p.Assess(nil); err == nil || !strings.HasPrefix(err.Error(), "policy: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
