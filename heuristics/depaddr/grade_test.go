package depaddr

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// Inferred addresses are moderately founded where the rule's errors were measured
// and the seed's label is good, if co-spending alone decides, or behaviour that was
// seen three times.
func TestGrade(t *testing.T) {
	const cospend = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=%s
tx f1: new(ann) 1 => d1 0.35, ann 0.65
tx f2: new(bea) 1 => d2 0.25, bea 0.75
tx sweep: f1.0 f2.0 => hot 0.6
`
	const hot = `
label Portmere: addr(hot) category=exchange role=hot confidence=0.9
`
	round := func(n int) string {
		return fmt.Sprintf(`
tx a%[1]d: new(ann) 1 => p1 0.35, ann 0.65
tx b%[1]d: new(bea) 1 => p2 0.25, bea 0.75
tx c%[1]d: new(cyd) 1 => p3 0.10, cyd 0.90
tx sweep%[1]d: a%[1]d.0 b%[1]d.0 c%[1]d.0 => hot 0.7
`, n)
	}
	for _, c := range []struct {
		name, ledger, level, first string
	}{
		{"co-spending", fmt.Sprintf(cospend, "0.9"), model.Moderate, "ownership: evidence on the ledger that one party signs for both sides"},
		{"behaviour in one sweep", hot + round(1), model.Low, "no evidence of ownership; rounds: 1"},
		{"behaviour in two sweeps", hot + round(1) + round(2), model.Low, "no evidence of ownership; rounds: 2"},
		{"behaviour in three sweeps", hot + round(1) + round(2) + round(3), model.Moderate, "no evidence of ownership; rounds: 3"},
	} {
		f := heuristictest.Ledger(t, c.ledger)
		for _, kinds := range [][]string{{Kind}, nil} {
			want := c.level
			if kinds == nil {
				want = model.Low
			}
			fs := heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, "", kinds...)
			if len(fs) != 1 {
				t.Fatalf("%s: %d findings", c.name, len(fs))
			}
			for question, asked := range map[string]bool{
				"Was the label current when the addresses were swept?": true,
				"Could one of them be collaborative?":                  strings.HasPrefix(c.name, "co-"),
				"Could another custodian hold both keys?":              strings.HasPrefix(c.name, "co-"),
				"Is it a deposit address that is labelled otherwise?":  !strings.HasPrefix(c.name, "co-"),
			} {
				if slices.ContainsFunc(fs[0].Premises, func(p model.Premise) bool { return p.Question == question && p.Answer != "" }) != asked {
					t.Errorf("%s: %q asked is %v, want %v", c.name, question, !asked, asked)
				}
			}
			if got := fs[0].Confidence; got.Level != want || got.Reasons[0] != c.first {
				t.Errorf("%s: %v, want %s, %q", c.name, got, want, c.first)
			}
		}
	}
}
