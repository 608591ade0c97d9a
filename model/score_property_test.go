package model_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/goldwash/goldwash/model"
)

var families = []string{"provenance", "recognition", "ownership", "quantity", "timing", "repetition"}

// randomEvidence is some evidence, for and against, with doubts of labels.
func randomEvidence(r *rand.Rand) []model.Evidence {
	ev := make([]model.Evidence, r.IntN(8))
	for i := range ev {
		w := model.MicroNats(r.Int64N(24e6) - 10e6)
		ev[i] = model.Evidence{Family: families[r.IntN(len(families))], Weight: w, Discounted: w.Discount(confidence(r))}
	}
	return ev
}

func confidence(r *rand.Rand) model.Probability { return model.Probability(r.Uint32N(1_000_001)) }

func combined(prior model.Probability, ev []model.Evidence) model.Score {
	return model.Combine(prior, "a test", ev, 0, "")
}

// Less that speaks for a statement never makes it likelier; neither does more
// that speaks against it. The properties hold for both numbers of a score.
func TestScoresAreMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		prior, ev := confidence(r), randomEvidence(r)
		whole := combined(prior, ev)
		for i, e := range ev {
			rest := combined(prior, slices.Delete(slices.Clone(ev), i, i+1))
			if e.Weight >= 0 && (rest.Given > whole.Given || rest.Probability > whole.Probability) ||
				e.Weight <= 0 && (rest.Given < whole.Given || rest.Probability < whole.Probability) {
				t.Fatalf("without %+v %v becomes %v; evidence %+v", e, whole.Probability, rest.Probability, ev)
			}
			other := slices.Clone(ev)
			other[i].Weight = e.Weight + model.MicroNats(r.Int64N(3e6))
			if s := combined(prior, other); s.Given < whole.Given {
				t.Fatalf("more weight on %+v lowers %v to %v", e, whole.Given, s.Given)
			}
		}
		if s := combined(min(prior+model.Percent(1), model.Certain), ev); s.Probability < whole.Probability {
			t.Fatalf("a higher prior lowers %v to %v", whole.Probability, s.Probability)
		}
	}
}

// The order of evidence within a finding has no influence.
func TestScoresDoNotDependOnOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		prior, ev := confidence(r), randomEvidence(r)
		want := combined(prior, ev)
		r.Shuffle(len(ev), func(i, j int) { ev[i], ev[j] = ev[j], ev[i] })
		if got := combined(prior, ev); got.Probability != want.Probability || got.Given != want.Given {
			t.Fatalf("%v in one order, %v in another: %+v", want.Probability, got.Probability, ev)
		}
	}
}

// A stronger label never weakens what rests on it, a label without confidence
// makes evidence worth nothing, and doubt never adds weight or turns it.
func TestDiscount(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		w := model.MicroNats(r.Int64N(40e6) - 20e6)
		c, d := confidence(r), confidence(r)
		if c > d {
			c, d = d, c
		}
		weak, strong := w.Discount(c), w.Discount(d)
		if w >= 0 && (weak > strong || weak < 0 || strong > w+1) || w <= 0 && (weak < strong || weak > 0 || strong < w-1) {
			t.Fatalf("weight %d: %d at %v, %d at %v", w, weak, c, strong, d)
		}
	}
	for _, w := range []model.MicroNats{0, 5, -5, model.Nat, -model.Nat, 9 * model.Nat} {
		if got := w.Discount(0); got != 0 {
			t.Errorf("%d at no confidence is %d", w, got)
		}
		if got := w.Discount(model.Certain); got < w-1 || got > w+1 {
			t.Errorf("%d at certainty is %d", w, got)
		}
	}
	// More than certain, which only a mistake can make, is certain.
	for _, w := range []model.MicroNats{9 * model.Nat, -9 * model.Nat, math.MaxInt64, math.MinInt64} {
		if a, b := w.Discount(math.MaxUint32), w.Discount(model.Certain); a != b {
			t.Errorf("%d: %d at more than certainty, %d at certainty", w, a, b)
		}
	}
}

// No evidence, however it is made up, gives more than the caps allow, and none
// makes the sum overflow.
func TestCaps(t *testing.T) {
	huge := func(w model.MicroNats, family string) model.Evidence {
		return model.Evidence{Family: family, Weight: w, Discounted: w}
	}
	even := model.Percent(50)
	var all []model.Evidence
	for _, f := range families {
		all = append(all, huge(math.MaxInt64, f), huge(math.MaxInt64, f), huge(math.MaxInt64, f))
	}
	for _, c := range []struct {
		name string
		ev   []model.Evidence
		want model.MicroNats
	}{
		{"nothing", nil, 0},
		{"one family", all[:3], model.FamilyCap},
		{"all families", all, model.TotalCap},
		{"against", []model.Evidence{huge(math.MinInt64, "a"), huge(math.MinInt64, "a"), huge(math.MinInt64, "b")}, -model.TotalCap},
		{"for and against", []model.Evidence{huge(math.MaxInt64, "a"), huge(math.MinInt64, "b")}, 0},
		{"within one family", []model.Evidence{huge(math.MaxInt64, "a"), huge(-math.MaxInt64, "a")}, 0},
		{"the second by half, the third not", []model.Evidence{huge(2e6, "a"), huge(1e6, "a"), huge(1e6, "a")}, 2_500_000},
	} {
		if got, want := combined(even, c.ev).Probability, model.Logistic(c.want); got != want {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
	capped := model.Combine(even, "", all, model.Percent(80), "no ownership")
	if capped.Probability != model.Percent(80) || capped.Given != model.Percent(80) || capped.Likelihood != "likely" {
		t.Errorf("capped: %+v", capped)
	}
	if got := model.Combine(model.Percent(10), "", nil, model.Percent(80), "x"); got.Probability != model.Percent(10) {
		t.Errorf("a cap raises to %v", got.Probability)
	}
}

func TestProduct(t *testing.T) {
	f := func(given, p int) model.Factor {
		return model.Factor{Given: model.Percent(given), Probability: model.Percent(p)}
	}
	s := model.Product(0, "", f(90, 80), f(50, 50))
	if s.Given != model.Percent(45) || s.Probability != model.Percent(40) || s.Likelihood != "unlikely" || s.Rule != model.ByProduct {
		t.Errorf("%+v", s)
	}
	if s := model.Product(0, ""); s.Probability != model.MaxReported {
		t.Errorf("no factors give %v", s.Probability)
	}
	if s := model.Product(model.Percent(30), "x", f(90, 80)); s.Probability != model.Percent(30) || s.Given != model.Percent(30) {
		t.Errorf("capped: %+v", s)
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 5_000 {
		fs := make([]model.Factor, 1+r.IntN(4))
		for i := range fs {
			fs[i].Probability = confidence(r)
		}
		low := model.Product(0, "", fs...).Probability
		i := r.IntN(len(fs))
		fs[i].Probability += model.Probability(r.Uint32N(uint32(model.Certain-fs[i].Probability) + 1))
		if high := model.Product(0, "", fs...).Probability; high < low {
			t.Fatalf("a likelier factor lowers %v to %v", low, high)
		}
	}
}

func TestProbabilityText(t *testing.T) {
	for p, want := range map[model.Probability][2]string{
		0: {"0.00", "<0.01"}, 1: {"0.000001", "<0.01"}, 9_999: {"0.009999", "<0.01"}, 10_000: {"0.01", "0.01"}, 350_000: {"0.35", "0.35"},
		873_000: {"0.873", "0.87"}, 875_000: {"0.875", "0.88"}, 990_000: {"0.99", "0.99"}, 990_001: {"0.990001", ">0.99"}, model.Certain: {"1.00", ">0.99"},
	} {
		if got := [2]string{p.String(), p.Short()}; got != want {
			t.Errorf("%d: %q, want %q", uint32(p), got, want)
		}
		if got, err := model.ParseProbability(p.String()); got != p || err != nil {
			t.Errorf("%v is read as %v, %v", p, got, err)
		}
		b, err := json.Marshal(p)
		var back model.Probability
		if err != nil || json.Unmarshal(b, &back) != nil || back != p {
			t.Errorf("%v: JSON %s is read as %v", p, b, back)
		}
	}
	for s, want := range map[string]model.Probability{"0": 0, "1": model.Certain, "0.5": 500_000, "1.000000": model.Certain} {
		if got, err := model.ParseProbability(s); got != want || err != nil {
			t.Errorf("%q is read as %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", ".5", "0.", "1.", "1.000001", "2", "-0.5", "+0.5", "0.1234567", "0.5e1", "1e-1", "0,5", " 0.5", "00.5", "0x1", "NaN", "0.-5", "0.+5", "0.1_0"} {
		if got, err := model.ParseProbability(s); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	if err := json.Unmarshal([]byte(`"0.5"`), new(model.Probability)); err == nil {
		t.Error("a string is read as a probability")
	}
}

func TestLikelihoodWords(t *testing.T) {
	for p, want := range map[model.Probability]string{
		0: "almost no chance", 49_999: "almost no chance", 50_000: "very unlikely", 199_999: "very unlikely", 200_000: "unlikely", 449_999: "unlikely",
		450_000: "roughly even chance", 550_000: "roughly even chance", 550_001: "likely", 800_000: "likely", 800_001: "very likely", 950_000: "very likely",
		950_001: "almost certain", model.Certain: "almost certain",
	} {
		if got := p.Likelihood(); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
}

func TestMicroNatsText(t *testing.T) {
	for w, want := range map[model.MicroNats]string{
		0: "+0.00", 5_298_317: "+5.30", -5_298_317: "-5.30", 4_999: "+0.00", 5_000: "+0.01", -1_098_612: "-1.10", math.MinInt64: "-9223372036854.78", math.MaxInt64: "+9223372036854.78",
	} {
		if got := w.String(); got != want {
			t.Errorf("%d: %q, want %q", int64(w), got, want)
		}
	}
}

// The two are inverse, as far as millionths allow.
func TestLogisticOfLogOdds(t *testing.T) {
	for p := model.Probability(1); p < model.Certain; p += 997 {
		if got := model.Logistic(p.LogOdds()); got+1 < p || got > p+1 {
			t.Errorf("%v comes back as %v", p, got)
		}
	}
	if a, b := model.Probability(0).LogOdds(), model.Certain.LogOdds(); a != -b || a > -13*model.Nat {
		t.Errorf("log-odds of 0 and 1 are %v and %v", a, b)
	}
	defer func() {
		if recover() == nil {
			t.Error("the logarithm of 0 is one")
		}
	}()
	model.LnRatio(0, 1)
}
