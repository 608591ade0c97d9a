package model_test

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/model"
)

var update = flag.Bool("update", false, "write the golden files")

// sameAddress lets go-cmp compare addresses, which have no exported fields.
var sameAddress = cmp.Comparer(func(a, b model.Address) bool { return a == b })

// full is a finding in which every field is set.
func full(t testing.TB, net model.Network) model.Finding {
	t.Helper()
	order, deposit := model.TxID{1, 2, 3}, model.Outpoint{Tx: model.TxID{1, 2, 3}, Vout: 1}
	shop := model.AddressOf(unhex(t, "0014"+keyHash), net)
	thief := model.AddressOf(unhex(t, "76a914"+keyHash+"88ac"), net)
	odd := model.AddressOf([]byte{0x51, 0x52}, net) // has no address of its own
	block := model.BlockRef{Hash: model.BlockHash{4}, Height: 749_000, Pos: 7, Time: 1_660_554_600, Median: 1_660_552_000,
		Known: model.KnownHash | model.KnownHeight | model.KnownPos | model.KnownTime | model.KnownMedian}
	money := func(a model.Amount, fiat string) *model.Money {
		return &model.Money{Amount: a, Unit: "sat", Fiat: &model.Fiat{Currency: "USD", Amount: decimal.RequireFromString(fiat), Places: 2}}
	}
	recognition, ownership := model.LnRatio(200, 1), model.LnRatio(1, 3)
	evidence := []model.Evidence{
		{Family: "recognition", Text: "the address is labelled", Weight: recognition, Discounted: recognition.Discount(model.Percent(90)),
			Items: []model.Item{{On: model.RefOutpoint(deposit), Role: "deposit", Address: shop, Value: money(35_000_000, "8124.46"), Block: block, Note: "paid once"}}},
		{Family: "ownership", Text: "the change is not recognised", Weight: ownership, Discounted: ownership,
			Items: []model.Item{{On: model.RefInpoint(model.Inpoint{Tx: order, Vin: 0}), Role: "input", Value: nil}}},
		{Family: "context", Text: "it is the first payment"},
	}
	f := model.Finding{
		Network: net, Heuristic: "deposit", Version: 1, Kind: "deposit/unattributed",
		Subject:    model.RefOutpoint(deposit),
		Related:    []model.Ref{model.RefAddress(thief), model.RefTx(order), model.RefAddress(odd), model.RefBlock(block.Hash)},
		Claim:      fmt.Sprintf("Transaction %v pays 0.35000000 BTC to %v, given the label.", order, shop),
		Score:      model.Combine(model.Percent(10), "a payment to a labelled address", evidence, model.Percent(95), "ownership is not shown"),
		Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{"error rates are not measured"}},
		Block:      block,
		Amounts:    []model.Figure{{Role: "paid", Money: *money(35_000_000, "8124.40")}, {Role: "change", Money: model.Money{Amount: 9_007_199_254_740_993, Unit: "sat"}}},
		Facts:      []model.Fact{{Name: "entity", Value: "<HashBazaar> & sons"}},
		Evidence:   evidence,
		Parts:      []model.Item{{On: model.RefOutpoint(deposit), Role: "deposit", Address: odd}},
		Labels: []model.Label{{On: model.RefAddress(shop), Entity: "HashBazaar", Category: model.HashMarketplace, Role: model.RoleDeposit, Method: model.MethodTestPayment,
			Confidence: model.Percent(90), Source: "own", Detail: "a test payment", Asserted: time.Date(2022, 7, 30, 0, 0, 0, 0, time.UTC),
			Retrieved: time.Date(2022, 8, 1, 12, 0, 0, 5, time.UTC), From: time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC),
			Derivation: []string{"cluster"}}},
		Premises:         []model.Premise{{Text: "the label holds", Question: "is it in force at the time?", Answer: "yes: from 2022-01-01"}},
		Alternatives:     []model.Alternative{{Text: "a customer pays a merchant", WhyNot: "nothing speaks against it"}},
		Counter:          []model.Counter{{Text: "the sender has paid before", Found: true, Items: []model.Item{{On: model.RefAddress(thief), Role: "sender", Address: thief}}}},
		RefutedBy:        []string{"the marketplace says the account is not that of the sender"},
		Unseen:           []string{"one prevout is not known"},
		Search:           []model.Fact{{Name: "hops", Value: "3"}},
		Chance:           &model.Chance{P: 4_000, Corrected: 16_000, Correction: "times 4 searches", Shifts: 999, AsGood: 3, Seed: 1, Fit: 11, Of: 212, Text: "by amount"},
		Without:          []model.LeftOut{{Text: "item 1", Kind: "deposit", Probability: model.Percent(44)}},
		Sensitivity:      []model.Sensitivity{{Parameter: "p", Value: "0.5", From: "0.2", To: "0.8", OpenTo: true, Text: "stands"}},
		ErrorRates:       []model.ErrorRate{model.NotMeasured("deposits"), {Of: "labels", Measured: true, Population: "test payments", Simulated: true, N: 20, FalsePos: 1, FalseNeg: 2, Reference: "x"}},
		Parameters:       []model.Parameter{{Name: "threshold", Value: "5", Origin: model.Published, Source: "section 3"}},
		Rules:            model.Digest{9},
		Data:             model.Digest{7},
		Replay:           "goldwash -case kestrel",
		AsOf:             model.BlockRef{Height: 750_000, Known: model.KnownHeight},
		Partial:          true,
		Supersedes:       model.Digest{8},
		WithdrawnBecause: "the label was withdrawn",
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	return f
}

// The JSON form is an interface: a change of it is a change of model.Schema.
func TestFindingGolden(t *testing.T) {
	f := full(t, model.Mainnet)
	// A field that is added must be set above, or the golden file misses it.
	for i, v := 0, reflect.ValueOf(f); i < v.NumField(); i++ {
		if v.Field(i).IsZero() && v.Type().Field(i).Name != "Network" {
			t.Errorf("field %s is not set", v.Type().Field(i).Name)
		}
	}
	got, err := json.MarshalIndent(&f, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	name := filepath.Join("testdata", "finding.golden.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("run with -update if this is meant (-want +got)\n%s", diff)
	}
	var read model.Finding
	if err := json.Unmarshal(want, &read); err != nil {
		t.Fatal(err)
	}
	if err := read.Validate(); err != nil {
		t.Errorf("the golden file is not valid: %v", err)
	}
}

// Every network's addresses come back on their own network, those too whose text
// does not say which it is.
func TestFindingRoundTrip(t *testing.T) {
	for _, net := range model.Networks() {
		want := full(t, net)
		b, err := json.Marshal(&want)
		if err != nil {
			t.Fatal(err)
		}
		var got model.Finding
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v: %v", net, err)
		}
		if diff := cmp.Diff(want, got, sameAddress, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%v (-want +got)\n%s", net, diff)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%v: %v", net, err)
		}
		again, err := json.Marshal(&got)
		if err != nil || string(again) != string(b) {
			t.Errorf("%v: another text the second time (%v)", net, err)
		}
	}
}

// Whatever of a sealed finding is changed, Validate tells.
func TestValidateFindsTampering(t *testing.T) {
	for name, change := range map[string]func(*model.Finding){
		"claim":            func(f *model.Finding) { f.Claim = strings.Replace(f.Claim, "0.35", "0.36", 1) },
		"subject":          func(f *model.Finding) { f.Subject = model.RefTx(model.TxID{5}) },
		"related":          func(f *model.Finding) { f.Related = f.Related[1:] },
		"kind":             func(f *model.Finding) { f.Kind = "deposit" },
		"heuristic":        func(f *model.Finding) { f.Heuristic = "payout" },
		"version":          func(f *model.Finding) { f.Version++ },
		"schema":           func(f *model.Finding) { f.Schema++ },
		"id":               func(f *model.Finding) { f.ID[0]++ },
		"digest":           func(f *model.Finding) { f.Digest[31]++ },
		"rules":            func(f *model.Finding) { f.Rules[0]++ },
		"parameter":        func(f *model.Finding) { f.Parameters[0].Value = "6" },
		"probability":      func(f *model.Finding) { f.Score.Probability++ },
		"given":            func(f *model.Finding) { f.Score.Given-- },
		"likelihood":       func(f *model.Finding) { f.Score.Likelihood = "almost certain" },
		"cap":              func(f *model.Finding) { f.Score.Cap = 0 },
		"prior":            func(f *model.Finding) { f.Score.Prior += model.Percent(10) },
		"rule":             func(f *model.Finding) { f.Score.Rule = "average" },
		"weight":           func(f *model.Finding) { f.Evidence[0].Weight += model.Nat },
		"discount":         func(f *model.Finding) { f.Evidence[0].Discounted += model.Nat },
		"evidence":         func(f *model.Finding) { f.Evidence = f.Evidence[:1] },
		"evidence's place": func(f *model.Finding) { f.Evidence[0].Items[0].On = model.RefTx(model.TxID{5}) },
		"unknown value":    func(f *model.Finding) { f.Evidence[1].Items[0].Value = &model.Money{Unit: "sat"} },
		"amount":           func(f *model.Finding) { f.Amounts[0].Amount++ },
		"fiat":             func(f *model.Finding) { f.Amounts[0].Fiat.Amount = decimal.RequireFromString("9124.40") },
		"label":            func(f *model.Finding) { f.Labels[0].Entity = "Innocent" },
		"label's doubt":    func(f *model.Finding) { f.Labels[0].Confidence = model.Certain },
		"counter-evidence": func(f *model.Finding) { f.Counter[0].Found = false },
		"what was unseen":  func(f *model.Finding) { f.Unseen = nil },
		"partial":          func(f *model.Finding) { f.Partial = false },
		"network":          func(f *model.Finding) { f.Network = model.Signet },
		"tip":              func(f *model.Finding) { f.AsOf.Height++ },
		"confidence":       func(f *model.Finding) { f.Confidence.Level = model.High },
	} {
		f := full(t, model.Mainnet)
		if err := f.Validate(); err != nil {
			t.Fatalf("before any change: %v", err)
		}
		change(&f)
		if f.Validate() == nil {
			t.Errorf("%s: the change is not told", name)
		}
	}
}

// What Seal cannot put right, Validate tells, all of it at once.
func TestValidateTellsEverything(t *testing.T) {
	f := model.Finding{
		Claim:    "two\nlines",
		Evidence: []model.Evidence{{Text: "doubt that adds", Weight: 5, Discounted: 9}, {Text: "doubt that turns", Weight: -5, Discounted: 4}},
		Labels:   []model.Label{{Entity: "sure", Confidence: model.Certain + 1}},
		Score:    model.Score{Prior: model.Certain + 1},
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	err := f.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{
		"heuristic, kind, subject and claim must be set", "claim is more than one line", `analytic confidence "" is not low, moderate or high`,
		`score rule "" is not known`, "score holds a probability of more than 1", `label "sure" has a confidence of more than 1`,
		`evidence "doubt that adds"`, `evidence "doubt that turns"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n"); n != 7 {
		t.Errorf("%d problems are told, want 8:\n%v", n+1, err)
	}
}

// The ID is that of the statement: it stays when numbers change, and is another
// for another statement.
func TestIDNamesTheStatement(t *testing.T) {
	base := full(t, model.Mainnet)
	sealed := func(change func(*model.Finding)) model.Finding {
		f := full(t, model.Mainnet)
		change(&f)
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := sealed(func(f *model.Finding) {
		f.Claim, f.Version, f.Evidence, f.AsOf = "other", 2, nil, model.BlockRef{}
		f.Score = model.Combine(model.Percent(20), "x", nil, 0, "")
	})
	if f.ID != base.ID || f.Digest == base.Digest {
		t.Error("the same statement with other numbers must have the ID and another digest")
	}
	f = sealed(func(f *model.Finding) { f.Related[0], f.Related[3] = f.Related[3], f.Related[0] })
	if f.ID != base.ID || f.Digest != base.Digest {
		t.Error("the order in which related entities are named must not matter")
	}
	for name, change := range map[string]func(*model.Finding){
		"kind":      func(f *model.Finding) { f.Kind = "deposit" },
		"heuristic": func(f *model.Finding) { f.Heuristic = "payout" },
		"subject":   func(f *model.Finding) { f.Subject = f.Related[0] },
		"related":   func(f *model.Finding) { f.Related = f.Related[:3] },
	} {
		if sealed(change).ID == base.ID {
			t.Errorf("another %s has the same ID", name)
		}
	}
}

// The slice of related entities may be part of a result that others read.
func TestSealLeavesTheCallersSliceAlone(t *testing.T) {
	a, b := model.RefTx(model.TxID{1}), model.RefTx(model.TxID{2})
	shared := []model.Ref{b, a}
	f := model.Finding{Related: shared}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	if shared[0] != b || shared[1] != a || f.Related[0] != a {
		t.Errorf("the caller has %v, the finding %v", shared, f.Related)
	}
}

func TestCanonicalDigest(t *testing.T) {
	type pair struct {
		B string `json:"b"`
		A any    `json:"a"`
	}
	type swapped struct {
		A any    `json:"a"`
		B string `json:"b"`
	}
	digest := func(v any) model.Digest {
		t.Helper()
		d, err := model.CanonicalDigest(v)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// Keys are sorted, numbers as they are, and nothing is escaped for HTML.
	want := model.Digest(sha256.Sum256([]byte(`{"a":12345678901234567890,"b":"<&>"}`)))
	got := digest(pair{"<&>", json.Number("12345678901234567890")})
	if got != want {
		t.Errorf("digest %v, want %v", got, want)
	}
	if got != digest(swapped{json.Number("12345678901234567890"), "<&>"}) {
		t.Error("the order of fields matters")
	}
	if got == digest(pair{"<&>", json.Number("12345678901234567891")}) {
		t.Error("the last digit of a large number does not matter")
	}
	if _, err := model.CanonicalDigest(func() {}); err == nil {
		t.Error("a function has a digest")
	}
}

func TestBlockRefJSON(t *testing.T) {
	for _, c := range []struct {
		ref  model.BlockRef
		want string
	}{
		{model.BlockRef{}, `{}`},
		{model.BlockRef{Height: 5, Pos: 3}, `{}`}, // what is not known is not written
		{model.BlockRef{Known: model.KnownHeight | model.KnownPos}, `{"height":0,"position":0}`},
		{model.BlockRef{Time: -5, Median: 7, Known: model.KnownTime | model.KnownMedian}, `{"time":-5,"median_time":7}`},
		{model.BlockRef{Hash: model.BlockHash{1}, Known: model.KnownHash}, `{"hash":"` + strings.Repeat("0", 62) + `01"}`},
	} {
		b, err := json.Marshal(c.ref)
		if err != nil || string(b) != c.want {
			t.Errorf("%+v: %s, %v, want %s", c.ref, b, err, c.want)
		}
		got := model.BlockRef{Height: 99, Known: model.KnownHeight}
		if err := json.Unmarshal(b, &got); err != nil || got.Known != c.ref.Known {
			t.Errorf("%s is read as %+v, %v", b, got, err)
		}
	}
	for _, bad := range []string{`5`, `{"height":"5"}`, `{"height":3000000000}`, `{"hash":"12"}`} {
		if err := json.Unmarshal([]byte(bad), new(model.BlockRef)); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
