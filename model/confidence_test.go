package model_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

func labelled(source string, percent int, change ...func(*model.Label)) model.Label {
	l := model.Label{Entity: "HashBazaar", Category: model.HashMarketplace, Confidence: model.Percent(percent), Source: source, Method: model.MethodTestPayment}
	for _, c := range change {
		c(&l)
	}
	return l
}

var (
	clustered = func(l *model.Label) { l.Method = model.MethodClustering }
	stated    = func(l *model.Label) { l.Method = model.MethodStated }
	inferred  = func(l *model.Label) { l.Derivation = []string{"depaddr"} }
)

// The grade of each of the worked grounds: one thing is taken away at a time.
func TestGrade(t *testing.T) {
	const here = "payouts of 2022, all pools"
	measured := model.ErrorRate{Of: "loops", Measured: true, Population: here, N: 300}
	simulated := measured
	simulated.Simulated = true
	elsewhere := measured
	elsewhere.Population = "payouts of 2013"
	two := []model.Label{labelled("own test deposit", 90), labelled("seizure list", 90)}
	high := model.Grounds{Ownership: true, Rounds: 2, Labels: two, Rates: []model.ErrorRate{measured}, Population: here}
	for _, c := range []struct {
		name   string
		change func(*model.Grounds)
		want   string
	}{
		{"everything", func(*model.Grounds) {}, model.High},
		{"one source", func(g *model.Grounds) { g.Labels = two[:1] }, model.Moderate},
		{"two labels of one source", func(g *model.Grounds) { g.Labels = []model.Label{two[0], two[0]} }, model.Moderate},
		{"one source under two spellings", func(g *model.Grounds) { g.Labels = []model.Label{labelled("Own list", 90), labelled("own-list", 90)} }, model.Moderate},
		{"the second source clusters as we do", func(g *model.Grounds) { g.Labels = []model.Label{two[0], labelled("vendor", 90, clustered)} }, model.Moderate},
		{"the second label is inferred from the first", func(g *model.Grounds) { g.Labels = []model.Label{two[0], labelled("depaddr", 90, inferred)} }, model.Moderate},
		{"the second label is the question", func(g *model.Grounds) { g.Labels = []model.Label{two[0], labelled("stated", 90, stated)} }, model.Moderate},
		{"a weak label", func(g *model.Grounds) { g.Labels = append(slices.Clone(two), labelled("web", 49)) }, model.Low},
		{"labels of a half", func(g *model.Grounds) { g.Labels = []model.Label{labelled("a", 50), labelled("b", 50)} }, model.High},
		{"no label is needed", func(g *model.Grounds) { g.Labels = nil }, model.High},
		{"measured elsewhere", func(g *model.Grounds) { g.Rates = []model.ErrorRate{elsewhere} }, model.Moderate},
		{"measured on a simulation of the same name", func(g *model.Grounds) { g.Rates = []model.ErrorRate{simulated} }, model.Moderate},
		{"nobody says what the data are of", func(g *model.Grounds) { g.Population = "" }, model.Moderate},
		{"not measured", func(g *model.Grounds) { g.Rates = []model.ErrorRate{model.NotMeasured("loops")} }, model.Low},
		{"measured on nothing", func(g *model.Grounds) { g.Rates = []model.ErrorRate{{Measured: true, Population: here}} }, model.Low},
		{"measured on one population of two", func(g *model.Grounds) { g.Rates = []model.ErrorRate{model.NotMeasured("loops"), measured} }, model.High},
		{"no ownership and two rounds", func(g *model.Grounds) { g.Ownership = false }, model.Low},
		{"no ownership and three rounds", func(g *model.Grounds) { g.Ownership, g.Rounds = false, 3 }, model.Moderate},
		{"coverage not known", func(g *model.Grounds) { g.CoverageUnknown = true }, model.Moderate},
		{"a ceiling", func(g *model.Grounds) {
			g.Ceilings = []model.Ceiling{{Level: model.Low, Because: "the cluster is service-like"}}
		}, model.Low},
		{"a ceiling above", func(g *model.Grounds) { g.Ceilings = []model.Ceiling{{Level: model.High, Because: "none"}} }, model.High},
		{"a ceiling that is no level", func(g *model.Grounds) { g.Ceilings = []model.Ceiling{{Level: "splendid", Because: "none"}} }, model.Low},
		{"nothing", func(g *model.Grounds) { *g = model.Grounds{} }, model.Low},
	} {
		g := high
		c.change(&g)
		if got := model.Grade(g); got.Level != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got.Level, c.want, strings.Join(got.Reasons, "; "))
		}
	}
}

func TestGradeSaysWhy(t *testing.T) {
	got := model.Grade(model.Grounds{
		Ownership: true, Rounds: 2, Labels: []model.Label{labelled("own test deposit", 90)},
		Rates: []model.ErrorRate{model.NotMeasured("loops")}, CoverageUnknown: true,
		Ceilings: []model.Ceiling{{Level: model.Low, Because: "one party of the two is a custodian"}},
		Notes:    []string{"block times are by the median"},
	})
	want := model.AnalyticConfidence{Level: model.Low, Reasons: []string{
		"ownership: evidence on the ledger that one party signs for both sides",
		"rounds: 2",
		"the weakest label that it rests on is held to be right with 0.90",
		"independent sources of its labels: 1",
		"the rate of error is not measured",
		"how many of the service's addresses are labelled is not known",
		"at most low: one party of the two is a custodian",
		"block times are by the median",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAtLeast(t *testing.T) {
	for _, c := range []struct {
		has, least string
		want       bool
	}{{model.High, model.Moderate, true}, {model.Moderate, model.Moderate, true}, {model.Low, model.Moderate, false}, {"splendid", model.Low, false}} {
		if got := (model.AnalyticConfidence{Level: c.has}).AtLeast(c.least); got != c.want {
			t.Errorf("%s is at least %s: %v", c.has, c.least, got)
		}
	}
}

// The table of section 13.4 of the heuristics reference, at both ends of each row.
func TestWords(t *testing.T) {
	type row struct {
		word         string
		stix         int
		digit        int
		words        string
		corroborated int
	}
	rows := []row{
		{"almost no chance", 5, 5, "improbable", 5},
		{"very unlikely", 15, 5, "improbable", 5},
		{"unlikely", 30, 4, "doubtful", 4},
		{"roughly even chance", 50, 3, "possibly true", 3},
		{"likely", 70, 2, "probably true", 2},
		{"very likely", 85, 2, "probably true", 1},
		{"almost certain", 95, 2, "probably true", 1},
	}
	for ppm, i := range map[model.Probability]int{
		0: 0, 10_000: 0, 49_999: 0, 50_000: 1, 199_999: 1, 200_000: 2, 449_999: 2, 450_000: 3, 550_000: 3,
		550_001: 4, 800_000: 4, 800_001: 5, 950_000: 5, 950_001: 6, model.Certain: 6,
	} {
		var got row
		got.word, got.stix = ppm.Likelihood(), ppm.STIX()
		got.digit, got.words = ppm.Admiralty(false)
		got.corroborated, _ = ppm.Admiralty(true)
		if got != rows[i] {
			t.Errorf("%v: %+v, want %+v", ppm, got, rows[i])
		}
	}
}

func TestDerivesFrom(t *testing.T) {
	id := model.TxID{1, 2, 3}
	a := model.AddressOf([]byte{0x51, 0x20, 31: 9, 33: 1}, model.Mainnet)
	out := model.RefOutpoint(model.Outpoint{Tx: id, Vout: 1})
	for _, c := range []struct {
		entry string
		on    model.Ref
		want  bool
	}{
		{model.RefTx(id).String(), model.RefTx(id), true},
		{model.RefTx(id).String(), out, true},
		{"swept by " + id.String() + ", twice", out, true},
		{out.String(), model.RefTx(id), true},
		{out.String(), model.RefInpoint(model.Inpoint{Tx: id}), true},
		{"x" + id.String(), model.RefTx(id), false},
		{id.String()[:63], model.RefTx(id), false},
		{model.RefTx(model.TxID{1, 2, 4}).String(), model.RefTx(id), false},
		{model.RefAddress(a).String(), model.RefAddress(a), true},
		{a.String() + "q " + a.String(), model.RefAddress(a), true},
		{a.String() + "q", model.RefAddress(a), false},
		{"anything", model.Ref{}, false},
	} {
		l := model.Label{Derivation: []string{"depaddr", c.entry}}
		if got := l.DerivesFrom(c.on); got != c.want {
			t.Errorf("%q derives from %v: %v", c.entry, c.on, got)
		}
	}
	if (&model.Label{}).DerivesFrom(model.RefTx(id)) {
		t.Error("a label from outside derives from something")
	}
}

// A finding may not rest on a label that rests on the finding (section 3.3).
func TestCircular(t *testing.T) {
	own, other, context := model.TxID{1}, model.TxID{2}, model.TxID{3}
	finding := func(derivation ...string) *model.Finding {
		f := &model.Finding{
			Heuristic: "example", Kind: "deposit", Subject: model.RefOutpoint(model.Outpoint{Tx: own}), Claim: "Somebody paid.",
			Evidence: []model.Evidence{
				{Family: "ownership", Weight: model.Nat, Discounted: model.Nat, Items: []model.Item{{On: model.RefInpoint(model.Inpoint{Tx: other})}}},
				{Family: "context", Items: []model.Item{{On: model.RefTx(context)}}},
			},
			Labels: []model.Label{labelled("list", 90), labelled("depaddr", 80, func(l *model.Label) { l.Derivation = derivation })},
		}
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		return f
	}
	statement := finding().ID
	for name, c := range map[string]struct {
		derivation []string
		want       int
	}{
		"a label from outside":                   {nil, 0},
		"derived from something else":            {[]string{"depaddr", model.RefTx(model.TxID{9}).String()}, 0},
		"derived from the subject's transaction": {[]string{"depaddr", model.RefTx(own).String()}, 1},
		"derived from evidence with weight":      {[]string{"depaddr", model.RefTx(other).String()}, 1},
		"derived from what is context alone":     {[]string{"depaddr", model.RefTx(context).String()}, 0},
		"exported from the finding and loaded":   {[]string{"finding:" + statement.String()}, 1},
	} {
		got := finding(c.derivation...).Circular()
		if len(got) != c.want {
			t.Errorf("%s: %d circular labels, want %d", name, len(got), c.want)
		}
	}
}

// The worked examples of section 13.1 of the heuristics reference.

func TestLabelDiscount(t *testing.T) {
	w := model.LnRatio(200, 1).Discount(model.Percent(90))
	if got := math.Exp(float64(w) / 1e6); math.Abs(got-180.1) > 0.001 || math.Abs(float64(w)/1e6-5.194) > 0.0005 {
		t.Errorf("LR 200 at 0.9 is %.3f, %v; want 180.1, +5.194", got, w)
	}
}

func TestDependence(t *testing.T) {
	ln := func(n int64) model.Evidence {
		return model.Evidence{Family: "timing", Weight: model.LnRatio(n, 1), Discounted: model.LnRatio(n, 1)}
	}
	if got := float64(model.Weigh([]model.Evidence{ln(12), ln(30)}, true)) / 1e6; math.Abs(got-4.644) > 0.0005 {
		t.Errorf("ln 12 and ln 30 of one family are %.4f, want 4.644", got)
	}
}

func TestThreeSteps(t *testing.T) {
	prior := model.Probability(1_000)
	if got := float64(prior.LogOdds()) / 1e6; math.Abs(got+6.9068) > 0.00005 {
		t.Errorf("log-odds of 0.001 are %.4f, want -6.9068", got)
	}
	quantity := model.Evidence{Family: "quantity", Weight: model.LnRatio(12, 1), Discounted: model.LnRatio(12, 1)}
	timing := model.Evidence{Family: "timing", Weight: model.LnRatio(30, 1), Discounted: model.LnRatio(30, 1)}
	spend := model.Evidence{Family: "ownership", Weight: model.LnRatio(200, 1), Discounted: model.LnRatio(200, 1).Discount(model.Percent(90))}
	for _, step := range []struct {
		ev   []model.Evidence
		want float64
	}{{[]model.Evidence{quantity}, 0.0119}, {[]model.Evidence{quantity, timing}, 0.2649}, {[]model.Evidence{quantity, timing, spend}, 0.9848}} {
		s := model.Combine(prior, "a worked example", step.ev, 0, "")
		if got := float64(s.Probability) / 1e6; math.Abs(got-step.want) > 0.00005 {
			t.Errorf("%d items: %.4f, want %.4f", len(step.ev), got, step.want)
		}
	}
}

// For comparison only: the library scores by log-odds. A noisy-OR cannot say what
// speaks against, and Dempster-Shafer has no theory of calibration.

func TestNoisyOR(t *testing.T) {
	noisyOR := func(leak float64, causes ...[2]float64) float64 {
		not := 1 - leak
		for _, c := range causes {
			not *= 1 - c[0]*c[1]
		}
		return 1 - not
	}
	causes := [][2]float64{{0.6, 0.9}, {0.3, 1}, {0.2, 0.5}}
	for leak, want := range map[float64]float64{0: 0.7102, 0.01: 0.7131} {
		if got := noisyOR(leak, causes...); math.Abs(got-want) > 0.00005 {
			t.Errorf("leak %v: %.4f, want %.4f", leak, got, want)
		}
	}
}

func TestDempsterShafer(t *testing.T) {
	type mass struct{ linked, not, unknown float64 }
	a, b := mass{linked: 0.6, unknown: 0.4}, mass{0.3, 0.2, 0.5}
	conflict := a.linked*b.not + a.not*b.linked
	got := mass{
		linked:  (a.linked*b.linked + a.linked*b.unknown + a.unknown*b.linked) / (1 - conflict),
		not:     (a.not*b.not + a.not*b.unknown + a.unknown*b.not) / (1 - conflict),
		unknown: a.unknown * b.unknown / (1 - conflict),
	}
	for name, v := range map[string][2]float64{
		"conflict": {conflict, 0.12}, "linked": {got.linked, 0.6818}, "not": {got.not, 0.0909}, "unknown": {got.unknown, 0.2273},
	} {
		if math.Abs(v[0]-v[1]) > 0.00005 {
			t.Errorf("%s: %.4f, want %.4f", name, v[0], v[1])
		}
	}
}
