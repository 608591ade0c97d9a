package model_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

func someLabel() model.Label {
	day := func(d int) time.Time { return time.Date(2022, 8, d, 0, 0, 0, 0, time.UTC) }
	return model.Label{
		On: model.RefTx(model.TxID{1}), Entity: "HashBazaar", Category: model.HashMarketplace, Role: model.RoleDeposit, Method: model.MethodTestPayment,
		Confidence: model.Percent(90), Source: "own", Detail: "x", Asserted: day(1), Retrieved: day(2), From: day(3), To: day(4), Derivation: []string{"a", "b"},
	}
}

// Labels that differ in any field are two labels, in an order that does not
// depend on where they stood.
func TestLabelsCompareInEveryField(t *testing.T) {
	later := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	base := someLabel()
	for name, change := range map[string]func(*model.Label){
		"on":         func(l *model.Label) { l.On = model.RefTx(model.TxID{2}) },
		"entity":     func(l *model.Label) { l.Entity = "Zed" },
		"category":   func(l *model.Label) { l.Category = model.PaymentProcessor },
		"role":       func(l *model.Label) { l.Role = model.RolePayout },
		"method":     func(l *model.Label) { l.Method = "zzz" },
		"confidence": func(l *model.Label) { l.Confidence++ },
		"source":     func(l *model.Label) { l.Source = "pwn" },
		"detail":     func(l *model.Label) { l.Detail = "y" },
		"asserted":   func(l *model.Label) { l.Asserted = later },
		"retrieved":  func(l *model.Label) { l.Retrieved = later },
		"from":       func(l *model.Label) { l.From = later },
		"to":         func(l *model.Label) { l.To = later },
		"derivation": func(l *model.Label) { l.Derivation = []string{"a", "b", "c"} },
		"split":      func(l *model.Label) { l.Derivation = []string{"a\x00b"} },
	} {
		other := someLabel()
		change(&other)
		if a, b := base.Compare(&other), other.Compare(&base); a == 0 || a != -b || base.Equal(other) {
			t.Errorf("%s: compares as %d and %d", name, a, b)
		}
		if name != "split" && base.Compare(&other) != -1 {
			t.Errorf("%s: the greater one does not come later", name)
		}
	}
	same := someLabel()
	same.Asserted = same.Asserted.In(time.FixedZone("somewhere", 3600))
	if !base.Equal(same) || base.Compare(&same) != 0 {
		t.Error("the same time in another zone makes another label")
	}
	if n := len(label(base)); n != 13 {
		t.Errorf("a label has %d fields; Compare and this test know 13", n)
	}
}

// label returns a label's fields as JSON names them.
func label(l model.Label) map[string]any {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	return m
}

func TestLabelJSON(t *testing.T) {
	want := someLabel()
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got model.Label
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// What is not stated is not written: there is no time zero.
	if m := label(model.Label{Entity: "x"}); len(m) != 5 {
		t.Errorf("an empty label is written as %v", m)
	}
}

func TestLabelsHoldForATime(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2022, 8, 1, h, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		from, to time.Time
		want     []bool // at 1, 2, 3 and 4
	}{
		{time.Time{}, time.Time{}, []bool{true, true, true, true}},
		{at(2), time.Time{}, []bool{false, true, true, true}},
		{time.Time{}, at(3), []bool{true, true, false, false}},
		{at(2), at(3), []bool{false, true, false, false}},
		{at(3), at(2), []bool{false, false, false, false}},
	} {
		l := model.Label{From: c.from, To: c.to}
		var got []bool
		for h := 1; h <= 4; h++ {
			got = append(got, l.ValidAt(at(h)))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v to %v: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// Spelling does not make another entity, but a name without letters is not the
// same as any other such name.
func TestSameEntity(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"BTC.TOP", "Btc.top", true}, {"F2Pool", "f2 pool", true}, {"Slush-Pool", "SlushPool", true}, {"Ölpool", "öLPOOL", true},
		{"F2Pool", "F3Pool", false}, {"Pool", "Poolin", false}, {"", "", true}, {"", "x", false}, {"!!!", "???", false}, {"!!!", "!!!", true}, {"!!!", "", false}, {"鱼池", "魚池", false},
	} {
		if got := model.SameEntity(c.a, c.b); got != c.want || model.SameEntity(c.b, c.a) != c.want {
			t.Errorf("%q and %q: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestCustodialCategories(t *testing.T) {
	for c, want := range map[model.Category]bool{
		model.HashMarketplace: true, model.CloudMining: true, model.MiningPool: true, model.Exchange: true, model.Custodian: true, model.Mixer: true,
		model.PaymentProcessor: true, model.Gambling: true, model.Actor: false, "": false, "charity": false,
	} {
		if got := c.Custodial(); got != want {
			t.Errorf("%q: %v, want %v", c, got, want)
		}
	}
}

func TestEntityNamesThatChanged(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Slushpool", "Braiins Pool", true},
		{"Slush Pool (Braiins)", "braiins-pool", true},
		{"BTC.TOP", "Btc.top", true},
		{"Slushpool", "ViaBTC", false},
		{"Slushy", "Slush", false},
	} {
		if got := model.SameEntity(c.a, c.b); got != c.same {
			t.Errorf("SameEntity(%q, %q) = %v", c.a, c.b, got)
		}
	}
	if got := model.EntityName("SlushPool"); got != "Braiins Pool" {
		t.Errorf("EntityName = %q", got)
	}
	if got := model.EntityName("Kestrel"); got != "Kestrel" {
		t.Errorf("EntityName = %q", got)
	}
}

func TestLabelHoldsAt(t *testing.T) {
	at := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	in2022 := model.BlockRef{Median: at(2022).Unix(), Known: model.KnownMedian}
	for _, c := range []struct {
		name         string
		l            model.Label
		b            model.BlockRef
		holds, known bool
	}{
		{"no bounds", model.Label{}, model.BlockRef{}, true, true},
		{"within", model.Label{From: at(2021), To: at(2023)}, in2022, true, true},
		{"expired", model.Label{To: at(2022)}, in2022, false, true},
		{"not yet", model.Label{From: at(2023)}, in2022, false, true},
		{"bounds, and no time", model.Label{To: at(2022)}, model.BlockRef{}, true, false},
	} {
		if holds, known := c.l.HoldsAt(c.b); holds != c.holds || known != c.known {
			t.Errorf("%s: %v, %v", c.name, holds, known)
		}
	}
}
