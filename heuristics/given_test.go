package heuristics_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const given = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit
tag "/Northpool/" Northpool
price 2023-07-24 USD 29176.91
tx a: new => d1 1
`

// The digest of the data is that of what the run was given: the same for the same,
// another for anything else.
func TestDataDigest(t *testing.T) {
	f := parse(t, given)
	h := make1("h", reports("It is %s."))
	data := func(src sources.Set, o heuristics.Options, scope heuristics.Scope) model.Digest {
		t.Helper()
		s := open(t, src, o, scope, h)
		for f, err := range s.Run(bg, txs(t, f, "a")) {
			if err != nil || f.Data != s.Data() {
				t.Errorf("finding says %v, %v; session %v", f.Data, err, s.Data())
			}
		}
		return s.Data()
	}
	set := f.Ledger.Set()
	want := data(set, heuristics.Options{}, heuristics.Scope{})
	if want == (model.Digest{}) {
		t.Fatal("no digest")
	}
	address, _ := refs(t, f, "a")[0].Tx()
	tx, _ := f.Ledger.Txs(bg, []model.TxID{address})
	actor := model.Label{On: model.RefAddress(tx[0].Outputs[0].Owner), Entity: "Subject", Confidence: model.Percent(80)}
	with := func(change func(*sources.Set)) sources.Set {
		s := set
		change(&s)
		return s
	}
	relabelled := func(text string) sources.Set {
		return with(func(s *sources.Set) {
			o := parse(t, text).Ledger.Set()
			s.Labels, s.Tags = o.Labels, o.Tags
		})
	}
	for _, c := range []struct {
		name  string
		src   sources.Set
		opt   heuristics.Options
		scope heuristics.Scope
		same  bool
	}{
		{"again", set, heuristics.Options{}, heuristics.Scope{}, true},
		{"more workers, less memory", set, heuristics.Options{Workers: 8, Memory: 1}, heuristics.Scope{}, true},
		{"through a cache", set.Wrap(sources.Cache(sources.CacheOptions{})), heuristics.Options{}, heuristics.Scope{}, true},
		{"the default currency by name", set, heuristics.Options{Currency: "USD"}, heuristics.Scope{}, true},
		{"another currency", set, heuristics.Options{Currency: "EUR"}, heuristics.Scope{}, false},
		{"an actor is stated", set, heuristics.Options{}, heuristics.Scope{Actors: []model.Label{actor}}, false},
		{"no labels at all", with(func(s *sources.Set) { s.Labels = nil }), heuristics.Options{}, heuristics.Scope{}, false},
		{"an empty list of labels", relabelled("tag \"/Northpool/\" Northpool\ntx a: new => d1 1\n"), heuristics.Options{}, heuristics.Scope{}, false},
		{"no tags at all", with(func(s *sources.Set) { s.Tags = nil }), heuristics.Options{}, heuristics.Scope{}, false},
		{"no prices at all", with(func(s *sources.Set) { s.Prices = nil }), heuristics.Options{}, heuristics.Scope{}, false},
		{"another confidence", relabelled("label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.8\ntag \"/Northpool/\" Northpool\ntx a: new => d1 1\n"), heuristics.Options{}, heuristics.Scope{}, false},
		{"another tag", relabelled("label HashBazaar: addr(d1) category=hash_marketplace role=deposit\ntag \"/Westpool/\" Northpool\ntx a: new => d1 1\n"), heuristics.Options{}, heuristics.Scope{}, false},
	} {
		if got := data(c.src, c.opt, c.scope); (got == want) != c.same {
			t.Errorf("%s: same digest %v, want %v", c.name, got == want, c.same)
		}
	}
	empty, none := parse(t, "tx a: new => d1 1\n").Ledger.Set(), sources.Set{}
	if a, b := data(with(func(s *sources.Set) { s.Labels, s.Tags = empty.Labels, empty.Tags }), heuristics.Options{}, heuristics.Scope{}),
		data(with(func(s *sources.Set) { s.Labels, s.Tags = none.Labels, none.Tags }), heuristics.Options{}, heuristics.Scope{}); a == b {
		t.Error("an empty list and no list are the same")
	}
}

// What an index derives is made from what was given, and no part of it.
func TestDataDigestLeavesDerivedLabelsOut(t *testing.T) {
	f := parse(t, given)
	plain := open(t, f.Ledger.Set(), heuristics.Options{}, heuristics.Scope{}, make1("h", reports("It is %s."))).Data()
	h := make1("h", reports("It is %s."))
	h.Index = func(_ context.Context, s *heuristics.Scan) (any, error) {
		s.Derive(model.Label{On: refs(t, f, "a")[0], Entity: "X", Category: model.Exchange, Source: "h", Derivation: []string{"h"}})
		return nil, nil
	}
	if got := open(t, f.Ledger.Set(), heuristics.Options{}, heuristics.Scope{}, h).Data(); got != plain {
		t.Error("a derived label changes the digest of the data")
	}
}

func TestReplayIsOnEveryFinding(t *testing.T) {
	f := parse(t, given)
	h := make1("h", reports("It is %s."))
	h.Finish = func(_ context.Context, tt *heuristics.Totals) (any, error) {
		tt.Report(finding("test/total", refs(t, f, "a")[0], "That is all."))
		return nil, nil
	}
	n := 0
	for f, err := range session(t, f, heuristics.Options{Replay: "investigate -case kestrel"}, h).Run(bg, txs(t, f, "a")) {
		if n++; err != nil || f.Replay != "investigate -case kestrel" {
			t.Errorf("replay %q, %v", f.Replay, err)
		}
	}
	if n != 2 {
		t.Errorf("%d findings, want 2", n)
	}
}

// uses returns a Run that reports the subject and rests on every label of its
// first output.
func uses(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	ls, err := p.Labels(ctx, model.RefAddress(tx.Outputs[0].Owner))
	if err != nil {
		return nil, err
	}
	f := finding("test", p.Subject, "It is paid.")
	f.Labels = ls[0]
	p.Report(f)
	p.Report(finding("test/total", p.Subject, "It is there."))
	return nil, nil
}

// A label that is derived from a transaction supports what is said of others, and
// not what is said of that transaction. Nothing fails: the finding alone is
// withheld, and the coverage says so.
func TestFindingsDoNotSupportThemselves(t *testing.T) {
	f := parse(t, `
		tx a: new => shop 1
		tx b: new => shop 2
	`)
	a, b := refs(t, f, "a")[0], refs(t, f, "b")[0]
	id, _ := a.Tx()
	tx, err := f.Ledger.Txs(bg, []model.TxID{id})
	if err != nil {
		t.Fatal(err)
	}
	shop := model.RefAddress(tx[0].Outputs[0].Owner)
	derived := func(from ...string) *heuristics.Heuristic {
		h := make1("h", uses)
		h.Index = func(_ context.Context, s *heuristics.Scan) (any, error) {
			s.Derive(model.Label{On: shop, Entity: "X", Category: model.Exchange, Confidence: model.Percent(80), Source: "h", Derivation: from})
			return nil, nil
		}
		return h
	}
	for _, c := range []struct {
		name string
		h    *heuristics.Heuristic
		want []model.Ref // said to be paid
	}{
		{"from something else", derived("h", model.RefTx(model.TxID{9}).String()), []model.Ref{a, b}},
		{"from a", derived("h", a.String()), []model.Ref{b}},
		{"from both", derived("h", "swept in "+a.ID(), "and in "+b.ID()), nil},
	} {
		s := session(t, f, heuristics.Options{}, c.h)
		var got, others []model.Ref
		for f, err := range s.Run(bg, txs(t, f, "a", "b")) {
			switch {
			case err != nil:
				t.Errorf("%s: %v", c.name, err)
			case f.Kind == "test":
				got = append(got, f.Subject)
			default:
				others = append(others, f.Subject)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", c.name, diff)
		}
		if !slices.Equal(others, []model.Ref{a, b}) {
			t.Errorf("%s: findings without the label: %v", c.name, others)
		}
		withheld := int64(0)
		for _, n := range coverageOf(t, s, "h").Notes {
			withheld += n.Count
		}
		if withheld != int64(2-len(c.want)) {
			t.Errorf("%s: %d withheld by the coverage, want %d", c.name, withheld, 2-len(c.want))
		}
		if _, fs, err := heuristics.Eval[any](bg, s, c.h, b); err != nil || len(fs) != 1+min(1, len(c.want)) {
			t.Errorf("%s: alone: %d findings, %v", c.name, len(fs), err)
		}
	}
}

// The same guard holds for what Finish reports.
func TestTotalsDoNotSupportThemselves(t *testing.T) {
	f := parse(t, "tx a: new => shop 1\n")
	a := refs(t, f, "a")[0]
	h := make1("h", nil)
	h.Subjects, h.Run = nil, nil
	h.Finish = func(_ context.Context, tt *heuristics.Totals) (any, error) {
		g := finding("test", a, "It is paid.")
		g.Labels = []model.Label{{Entity: "X", Source: "list", Asserted: time.Unix(0, 0), Derivation: []string{a.String()}}}
		tt.Report(g)
		tt.Report(finding("test/total", a, "It is there."))
		return nil, nil
	}
	s := session(t, f, heuristics.Options{}, h)
	var kinds []string
	for f, err := range s.Run(bg, txs(t, f)) {
		if err != nil {
			t.Error(err)
		}
		kinds = append(kinds, f.Kind)
	}
	if !slices.Equal(kinds, []string{"test/total"}) || len(coverageOf(t, s, "h").Notes) != 1 {
		t.Errorf("%v, %v", kinds, coverageOf(t, s, "h").Notes)
	}
}

// A measured rate takes the place of one that is not, and founds a finding
// better; a simulated one stands beside it.
func TestErrorRates(t *testing.T) {
	f := parse(t, given)
	real := model.ErrorRate{Of: "payments", Measured: true, Population: "2022", N: 300, FalsePos: 3}
	simulated := model.ErrorRate{Of: "payments", Measured: true, Population: "planted", Simulated: true, N: 1000}
	none := model.NotMeasured("payments")
	for _, c := range []struct {
		name       string
		rates      []model.ErrorRate
		population string
		want       []model.ErrorRate
		level      string
	}{
		{"no table", nil, "2022", []model.ErrorRate{none}, model.Low},
		{"real", []model.ErrorRate{real}, "2022", []model.ErrorRate{real}, model.High},
		{"real, of another population", []model.ErrorRate{real}, "2023", []model.ErrorRate{real}, model.Moderate},
		{"simulated", []model.ErrorRate{simulated}, "planted", []model.ErrorRate{none, simulated}, model.Moderate},
		{"both", []model.ErrorRate{real, simulated}, "2022", []model.ErrorRate{real, simulated}, model.High},
		{"a table that says not measured", []model.ErrorRate{none}, "2022", []model.ErrorRate{none}, model.Low},
	} {
		for _, graded := range []bool{true, false} {
			h := make1("h", func(_ context.Context, p *heuristics.Pass) (any, error) {
				g := finding("test", p.Subject, "It is paid.")
				g.ErrorRates = []model.ErrorRate{none}
				if graded {
					p.Grade(&g, model.Grounds{Ownership: true})
				}
				p.Report(g)
				return nil, nil
			})
			o := heuristics.Options{Population: c.population, ErrorRates: func(name string, version int, kind string) []model.ErrorRate {
				if name != "h" || version != 1 || kind != "test" {
					t.Errorf("asked for %s %d %s", name, version, kind)
				}
				return c.rates
			}}
			for f, err := range session(t, f, o, h).Run(bg, txs(t, f, "a")) {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, f.ErrorRates); diff != "" {
					t.Errorf("%s: (-want +got):\n%s", c.name, diff)
				}
				if graded && f.Confidence.Level != c.level {
					t.Errorf("%s: %v, want %s", c.name, f.Confidence, c.level)
				}
			}
		}
	}
}
