package calibration_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/model"
)

// cal1 is vector CAL-1 of the heuristics reference, section 13.2.
func cal1() []calibration.Sample {
	var out []calibration.Sample
	for i, f := range []string{"0.95", "0.8", "0.7", "0.4", "0.3", "0.1", "0.9", "0.6", "0.2", "0.05"} {
		p, err := model.ParseProbability(f)
		if err != nil {
			panic(err)
		}
		out = append(out, calibration.Sample{Forecast: p, Outcome: []int{1, 1, 0, 0, 1, 0, 1, 1, 0, 0}[i] == 1})
	}
	return out
}

func TestCAL1(t *testing.T) {
	s := calibration.Score(cal1(), calibration.FewBins)
	for _, c := range []struct {
		name         string
		got          float64
		want, within float64
	}{
		{"Brier", float64(s.Brier) / 1e6, 0.1405, 0},
		{"log loss", float64(s.LogLoss) / 1e6, 0.41892, 0.000005},
		{"ECE", float64(s.ECE) / 1e6, 0.17, 0},
		{"base rate", float64(s.Base) / 1e6, 0.5, 0},
		{"skill", float64(s.Skill) / 1e6, 0.438, 0},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s is %.6f, want %v", c.name, c.got, c.want)
		}
	}
	if !s.SkillKnown || s.N != 10 {
		t.Errorf("n %d, skill known %v", s.N, s.SkillKnown)
	}
	type row struct {
		From, To, Mean, Observed string
		N                        int
	}
	var got []row
	for _, b := range s.Bins {
		got = append(got, row{b.From.String(), b.To.String(), b.Mean.String(), b.Observed.String(), b.N})
	}
	want := []row{
		{"0.00", "0.20", "0.075", "0.00", 2},
		{"0.20", "0.40", "0.25", "0.50", 2},
		{"0.40", "0.60", "0.40", "0.00", 1},
		{"0.60", "0.80", "0.65", "0.50", 2},
		{"0.80", "1.00", "0.883333", "1.00", 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reliability (-want +got):\n%s", diff)
	}
	for i, b := range s.Bins {
		if low, high := calibration.Wilson(int(b.Observed)*b.N/1_000_000, b.N); b.Low != low || b.High != high {
			t.Errorf("bin %d: %v to %v, want %v to %v", i, b.Low, b.High, low, high)
		}
	}
}

// The intervals that section 13.2 of the heuristics reference states, and the ends.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64 // percent
	}{
		{0, 300, 0, 1.26}, {3, 300, 0.34, 2.90}, {95, 100, 88.8, 97.8}, {300, 300, 98.74, 100}, {1, 2, 9.45, 90.55},
		{0, 0, 0, 100}, {5, 3, 0, 100}, {-1, 3, 0, 100},
	} {
		low, high := calibration.Wilson(c.k, c.n)
		within := 0.005
		if c.low == 88.8 {
			within = 0.05
		}
		if l, h := float64(low)/1e4, float64(high)/1e4; math.Abs(l-c.low) > within || math.Abs(h-c.high) > within {
			t.Errorf("%d of %d: %.4f to %.4f %%, want %v to %v", c.k, c.n, l, h, c.low, c.high)
		}
	}
	// A share lies within its interval, and more cases narrow it.
	for n := 1; n <= 200; n++ {
		for k := 0; k <= n; k++ {
			low, high := calibration.Wilson(k, n)
			p := model.Probability(k * 1_000_000 / n)
			if low > p+1 || high < p || high > model.Certain {
				t.Fatalf("%d of %d: %v to %v", k, n, low, high)
			}
			if l, h := calibration.Wilson(10*k, 10*n); h-l >= high-low {
				t.Fatalf("%d of %d is not narrower than a tenth of it", 10*k, 10*n)
			}
		}
	}
}

func TestScoreOfNothing(t *testing.T) {
	s := calibration.Score(nil, 0)
	if s.N != 0 || s.SkillKnown || len(s.Bins) != calibration.FewBins || s.Bins[4].To != model.Certain {
		t.Errorf("%+v", s)
	}
	for _, one := range []bool{true, false} {
		s := calibration.Score([]calibration.Sample{{Forecast: model.Certain, Outcome: one}}, 0)
		if s.SkillKnown {
			t.Errorf("outcomes that are all %v: a skill of %d", one, s.Skill)
		}
		if one && (s.Brier != 0 || s.LogLoss > 1) || !one && (s.Brier != model.Certain || s.LogLoss < 13*model.Nat) {
			t.Errorf("certain, and %v: %+v", one, s)
		}
	}
}

// The order of samples does not matter, and a forecaster who always says the base
// rate has no skill.
func TestScoreProperties(t *testing.T) {
	x := uint64(7)
	var samples []calibration.Sample
	for range 5000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		samples = append(samples, calibration.Sample{Forecast: model.Probability(x % 1_000_001), Outcome: x>>32%3 == 0})
	}
	want := calibration.Score(samples, 0)
	if len(want.Bins) != calibration.ManyBins {
		t.Errorf("%d bins", len(want.Bins))
	}
	turned := slices.Clone(samples)
	slices.Reverse(turned)
	if diff := cmp.Diff(want, calibration.Score(turned, 0)); diff != "" {
		t.Errorf("in another order:\n%s", diff)
	}
	for i := range turned {
		turned[i].Forecast = want.Base
	}
	if s := calibration.Score(turned, 0); s.Skill < -5 || s.Skill > 5 || s.ECE > 1 {
		t.Errorf("always the base rate: skill %d, ECE %v", s.Skill, s.ECE)
	}
}

func TestHoldOut(t *testing.T) {
	var samples []calibration.Sample
	for i := range 1000 {
		samples = append(samples, calibration.Sample{Forecast: model.Probability(i), Entity: fmt.Sprintf("party %d", i%50)})
	}
	seen := 0
	for part := range 5 {
		fit, held := calibration.HoldOut(samples, part, 5)
		seen += len(held)
		if len(fit)+len(held) != len(samples) || len(held) == 0 {
			t.Fatalf("part %d: %d and %d", part, len(fit), len(held))
		}
		in := map[string]bool{}
		for _, s := range held {
			in[s.Entity] = true
		}
		for _, s := range fit {
			if in[s.Entity] {
				t.Fatalf("%s is learned from and tested on", s.Entity)
			}
		}
	}
	if seen != len(samples) {
		t.Errorf("%d of %d samples are held out once", seen, len(samples))
	}
	// Without entities, parts go by place.
	if _, held := calibration.HoldOut(make([]calibration.Sample, 10), 1, 5); len(held) != 2 {
		t.Errorf("%d held out of 10", len(held))
	}
}

func TestIsotonic(t *testing.T) {
	m, err := calibration.Isotonic(cal1())
	if err != nil {
		t.Fatal(err)
	}
	// 0.05 to 0.2 never; 0.3 to 0.7 twice in four; 0.8 and above always.
	want := []calibration.Step{{0, 10_000, 3}, {300_000, 500_000, 4}, {800_000, 990_000, 3}}
	if diff := cmp.Diff(want, m.Steps); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for in, out := range map[int]int{0: 1, 29: 1, 30: 50, 79: 50, 80: 99, 100: 99} {
		if got := m.Apply(model.Percent(in)); got != model.Percent(out) {
			t.Errorf("%d %% becomes %v, want %d %%", in, got, out)
		}
	}
	if (calibration.Map{}).Apply(123) != 123 {
		t.Error("no map changes something")
	}
	if _, err := calibration.Isotonic(nil); err == nil {
		t.Error("a map of nothing")
	}
}

// A fit is monotone, keeps the mean, and is no worse on what it was fitted on.
func TestIsotonicProperties(t *testing.T) {
	x := uint64(3)
	for range 50 {
		var samples []calibration.Sample
		for range 200 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			p := x % 1001 * 1000
			// Overconfident, and with both outcomes everywhere.
			samples = append(samples, calibration.Sample{Forecast: model.Probability(p), Outcome: x>>20%1_000_000 < 300_000+p*4/10})
		}
		m, err := calibration.Isotonic(samples)
		if err != nil {
			t.Fatal(err)
		}
		m.Name, m.Version, m.Population = "test", 1, "made"
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, s := range m.Steps {
			n += s.N
		}
		after := slices.Clone(samples)
		for i := range after {
			after[i].Forecast = m.Apply(after[i].Forecast)
		}
		if a, b := calibration.Score(samples, 10).Brier, calibration.Score(after, 10).Brier; n != len(samples) || b > a {
			t.Fatalf("%d samples; Brier %v becomes %v", n, a, b)
		}
	}
}

func TestMapIsStored(t *testing.T) {
	m, err := calibration.Isotonic(cal1())
	if err != nil {
		t.Fatal(err)
	}
	m.Name, m.Version, m.Population, m.Heuristic = "loop-2026", 1, "CAL-1", "loop"
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := calibration.ReadMap(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, again); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{
		"no name":        `{"version":1,"population":"x","n":1,"steps":[{"from":0.00,"value":0.50,"n":1}]}`,
		"no steps":       `{"name":"a","version":1,"population":"x","steps":[]}`,
		"not from 0":     `{"name":"a","version":1,"population":"x","steps":[{"from":0.10,"value":0.50,"n":1}]}`,
		"falls":          `{"name":"a","version":1,"population":"x","steps":[{"from":0.00,"value":0.50,"n":1},{"from":0.10,"value":0.40,"n":1}]}`,
		"out of order":   `{"name":"a","version":1,"population":"x","steps":[{"from":0.00,"value":0.50,"n":1},{"from":0.00,"value":0.60,"n":1}]}`,
		"more than 1":    `{"name":"a","version":1,"population":"x","steps":[{"from":0.00,"value":1.50,"n":1}]}`,
		"unknown key":    strings.Replace(string(b), `"name"`, `"alias":"x","name"`, 1),
		"two of them":    string(b) + string(b),
		"not JSON":       "steps",
		"nothing":        "",
		"cut":            string(b[:len(b)-3]),
		"too much of it": string(b) + strings.Repeat(" ", 16<<20),
	} {
		if _, err := calibration.ReadMap(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func table() calibration.Table {
	return calibration.Table{Name: "goldwash", Version: 1, Rows: []calibration.Row{
		{Population: "planted loops, seed 7", Simulated: true, Heuristic: "loop", Version: 1, Kind: "loop", Of: "closed loops", Measured: true, N: 1000, FalsePos: 4, FalseNeg: 312},
		{Population: "own orders of 2025", Heuristic: "loop", Version: 1, Kind: "loop", Of: "closed loops", Measured: true, N: 300, FalsePos: 3, Reference: "notes of March 2026"},
		{Population: "planted loops, seed 7", Simulated: true, Heuristic: "loop", Version: 1, Of: "all that loop claims", Measured: true, N: 2000},
		{Heuristic: "payout", Version: 2, Of: "payouts"},
		{Population: "block 514485", Heuristic: "payout", Version: 1, Of: "payouts", Measured: true, N: 50},
	}}
}

func TestTableRates(t *testing.T) {
	tab := table()
	if err := tab.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		heuristic string
		version   int
		kind      string
		want      []string
	}{
		{"loop", 1, "loop", []string{"own orders of 2025", "planted loops, seed 7"}},
		{"loop", 1, "loop_lead", []string{"planted loops, seed 7"}},
		{"loop", 2, "loop", nil},
		{"payout", 2, "payout", nil},
		{"payout", 1, "payout", []string{"block 514485"}},
		{"", 0, "", nil},
	} {
		var got []string
		for _, r := range tab.Rates(c.heuristic, c.version, c.kind) {
			if !r.Measured {
				t.Errorf("%+v", r)
			}
			got = append(got, r.Population)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %d %s (-want +got):\n%s", c.heuristic, c.version, c.kind, diff)
		}
	}
	if got := tab.Rates("loop", 1, "loop")[0].Reference; got != "table goldwash 1, row 2, notes of March 2026" {
		t.Errorf("reference %q", got)
	}
}

func TestTableIsStored(t *testing.T) {
	b, err := json.Marshal(table())
	if err != nil {
		t.Fatal(err)
	}
	again, err := calibration.ReadTable(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table(), again); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, change := range map[string]func(*calibration.Table){
		"no version":                    func(t *calibration.Table) { t.Version = 0 },
		"no population":                 func(t *calibration.Table) { t.Rows[0].Population = "" },
		"no rule":                       func(t *calibration.Table) { t.Rows[0].Heuristic = "" },
		"no cases":                      func(t *calibration.Table) { t.Rows[0].N = 0 },
		"more wrong than there are":     func(t *calibration.Table) { t.Rows[0].FalsePos = 1001 },
		"less than none":                func(t *calibration.Table) { t.Rows[0].FalseNeg = -1 },
		"counts that nobody counted":    func(t *calibration.Table) { t.Rows[3].N = 3 },
		"two measurements of one thing": func(t *calibration.Table) { t.Rows = append(t.Rows, t.Rows[0]) },
	} {
		tab := table()
		change(&tab)
		if tab.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := calibration.ReadTable(strings.NewReader(`{"name":"a","version":1,"rows":[{"popluation":"x"}]}`)); err == nil {
		t.Error("a misspelt key is taken")
	}
}

// What is simulated never stands beside what is real without a word.
func TestTableText(t *testing.T) {
	want := `goldwash 1
Real cases
  own orders of 2025: loop 1, loop: closed loops: 3 false positives, 1.00 % (0.34-2.90 %); 0 false negatives, 0.00 % (0.00-1.26 %); n 300
  block 514485: payout 1: payouts: 0 false positives, 0.00 % (0.00-7.13 %); 0 false negatives, 0.00 % (0.00-7.13 %); n 50
Simulated cases
  planted loops, seed 7: loop 1, loop: closed loops: 4 false positives, 0.40 % (0.16-1.02 %); 312 false negatives, 31.20 % (28.41-34.14 %); n 1000
  planted loops, seed 7: loop 1: all that loop claims: 0 false positives, 0.00 % (0.00-0.19 %); 0 false negatives, 0.00 % (0.00-0.19 %); n 2000
Not measured
  payout 2: payouts
`
	if diff := cmp.Diff(want, table().String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
