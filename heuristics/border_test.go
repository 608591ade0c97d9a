package heuristics_test

import (
	"context"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// named reports every label of the outputs of a transaction, by name.
var named = &heuristics.Heuristic{
	Name: "named", Doc: "names\n\nIt is never wrong, and says nothing.", Version: 1, Subjects: []model.RefKind{model.KindTx},
	Kinds:  []heuristics.Kind{{Name: "cluster/named", Doc: "a name"}},
	Params: []model.Parameter{{Name: "named.p", Value: "1", Origin: model.Chosen}},
	Run: func(ctx context.Context, p *heuristics.Pass) (any, error) {
		tx, err := p.Tx(ctx)
		if err != nil {
			return nil, err
		}
		for i := range tx.Outputs {
			ls, err := p.Labels(ctx, model.RefAddress(tx.Outputs[i].Owner))
			if err != nil {
				return nil, err
			}
			for _, l := range ls[0] {
				p.Report(model.Finding{
					Kind: "cluster/named", Subject: model.RefOutpoint(tx.Outpoint(i)), Claim: "It is " + l.Entity + ".", Labels: ls[0],
					Score:      model.Product(0, "", model.Factor{Name: l.Entity, Given: model.Certain, Probability: l.Confidence}),
					Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{"a test"}},
					Parts:      []model.Item{{On: model.RefTx(tx.ID), Role: "part"}},
				})
			}
		}
		return len(tx.Outputs), nil
	},
}

// Names that strangers wrote lose what does not print before a heuristic sees
// them, from every source and from the scope.
func TestLabelsArePrintable(t *testing.T) {
	f, err := ledger.Parse("odd", "tx a: new => x 1\ntx b: new => y 1\n")
	if err != nil {
		t.Fatal(err)
	}
	x, _ := f.Address("x")
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{named}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{Actors: []model.Label{{On: model.RefAddress(x), Entity: "Kes\ntrel\u202e\x1b[31m", Confidence: model.Percent(50)}}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if strings.ContainsAny(f.Claim+f.Labels[0].Entity, "\n\x1b\u202e") || !strings.Contains(f.Claim, "Kes trel") {
			t.Errorf("claim %q", f.Claim)
		}
	}
	if n != 1 {
		t.Errorf("%d findings", n)
	}
}

// What a reader does to a finding reaches neither the session nor the heuristic.
func TestFindingsAreTheReadersOwn(t *testing.T) {
	f, err := ledger.Parse("own", "label Kestrel: addr(x) category=actor\ntx a: new => x 1\n")
	if err != nil {
		t.Fatal(err)
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{named}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := f.Tx("a")
	spoil := func(f *model.Finding) {
		if err := f.Validate(); err != nil {
			t.Error(err)
		}
		f.Parameters[0].Value, f.Labels[0].Entity, f.Parts[0].Role, f.Score.Factors[0].Name = "-", "-", "-", "-"
	}
	for range 2 {
		for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
			if err != nil {
				t.Fatal(err)
			}
			spoil(&f)
		}
		_, fs, err := heuristics.Eval[int](t.Context(), s, named, model.RefTx(id))
		if err != nil || len(fs) != 1 {
			t.Fatal(fs, err)
		}
		spoil(&fs[0])
	}
	if named.Params[0].Value != "1" {
		t.Error("a reader changed the heuristic's parameters")
	}
}
