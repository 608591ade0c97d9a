package model

import (
	"fmt"
	"slices"
)

// Grounds are what the analytic confidence of a finding rests on. The zero value
// has none, and grades as low.
type Grounds struct {
	// Ownership says that evidence of the family "ownership" speaks for the
	// claim: one party signs for both sides.
	Ownership bool
	// Rounds is how often the pattern was seen, apart from each other.
	Rounds int
	// Labels are those that the claim rests on. Where there are none, nothing
	// is asked of them.
	Labels []Label
	// Rates are the rates of error of the rule, and Population names the one
	// that the data at hand is of. A rate matches where it was measured on that
	// population, and not on a simulated one.
	Rates      []ErrorRate
	Population string
	// CoverageUnknown says that nobody knows how many of the service's
	// addresses are labelled, so that what is silent here means little.
	CoverageUnknown bool
	// Ceilings hold the level down for reasons of the rule's own.
	Ceilings []Ceiling
	// Notes are reasons that change no level. They stand last.
	Notes []string
}

// Ceiling is the highest level that a finding may have, and why.
type Ceiling struct {
	Level   string
	Because string
}

// enough is the least confidence of the labels under a finding of moderate
// analytic confidence.
const enough = Certain / 2

// Grade says how well founded a finding is, apart from its probability, with the
// reasons (heuristics reference, section 13.4, after ICD 203: assumptions, quality
// and independence of sources, strength of inference).
//
//   - High: ownership, labels of at least two independent sources, each at least
//     0.5, and a rate of error measured on a matching population.
//   - Moderate: ownership or at least three rounds, labels of at least 0.5, and
//     a rate of error measured somewhere. Where the coverage of the service's
//     addresses is not known, no finding is more.
//   - Low: all else.
//
// A claim that rests on no label meets what is asked of labels. A ceiling holds
// whatever the rest says.
func Grade(g Grounds) AnalyticConfidence {
	var a AnalyticConfidence
	because := func(format string, args ...any) { a.Reasons = append(a.Reasons, fmt.Sprintf(format, args...)) }

	inference := g.Ownership || g.Rounds >= 3
	switch {
	case g.Ownership:
		because("ownership: evidence on the ledger that one party signs for both sides")
	case g.Rounds > 0:
		because("no evidence of ownership; rounds: %d", g.Rounds)
	default:
		because("no evidence of ownership, and no repetition")
	}
	if g.Ownership && g.Rounds > 1 {
		because("rounds: %d", g.Rounds)
	}

	n, least := LabelSources(g.Labels), leastLabel(g.Labels)
	if len(g.Labels) == 0 {
		because("rests on no label")
	} else {
		because("the weakest label that it rests on is held to be right with %s", least.Short())
		because("independent sources of its labels: %d", n)
	}

	measured, matching := false, false
	for _, r := range g.Rates {
		if r.Measured && r.N > 0 {
			measured = true
			matching = matching || g.Population != "" && !r.Simulated && r.Population == g.Population
		}
	}
	switch {
	case matching:
		because("the rate of error is measured on a population like this one")
	case measured:
		because("the rate of error is measured, but not on a population like this one")
	default:
		because("the rate of error is not measured")
	}

	sure := len(g.Labels) == 0 || least >= enough
	switch {
	case inference && sure && g.Ownership && matching && (len(g.Labels) == 0 || n >= 2):
		a.Level = High
	case inference && sure && measured:
		a.Level = Moderate
	default:
		a.Level = Low
	}
	if g.CoverageUnknown {
		a.Level = lower(a.Level, Moderate)
		because("how many of the service's addresses are labelled is not known")
	}
	for _, c := range g.Ceilings {
		a.Level = lower(a.Level, c.Level)
		because("at most %s: %s", c.Level, c.Because)
	}
	a.Reasons = append(a.Reasons, g.Notes...)
	return a
}

// LabelSources counts the independent sources among labels, each by its name. No
// source is counted for a label that this library derived, because it says what
// another one says; for one that its source made by clustering, because that is
// the same inference as our own co-spend; and for one that the operator of the
// run stated, because it is the question and not an answer.
func LabelSources(ls []Label) int {
	var names []string
	for i := range ls {
		l := &ls[i]
		if len(l.Derivation) > 0 || l.Method == MethodClustering || l.Method == MethodStated {
			continue
		}
		if key := fold(l.Source); !slices.Contains(names, key) {
			names = append(names, key)
		}
	}
	return len(names)
}

// leastLabel is the confidence of the weakest label; Certain where there is none.
func leastLabel(ls []Label) Probability {
	least := Certain
	for i := range ls {
		least = min(least, ls[i].Confidence)
	}
	return least
}

// levels of analytic confidence from the lowest to the highest.
var levels = [...]string{Low, Moderate, High}

// AtLeast reports whether the level is the one named or a higher one. A level
// that is not known is below all others.
func (a AnalyticConfidence) AtLeast(level string) bool {
	return slices.Index(levels[:], a.Level) >= slices.Index(levels[:], level)
}

// lower returns the lower of two levels; one that is not known is the lowest.
func lower(a, b string) string {
	if i := min(slices.Index(levels[:], a), slices.Index(levels[:], b)); i >= 0 {
		return levels[i]
	}
	return Low
}

// STIX returns the value of the STIX property "confidence" for the probability's
// word, on the scale of the Director of National Intelligence in Appendix A of
// STIX 2.1: 5, 15, 30, 50, 70, 85 or 95.
func (p Probability) STIX() int {
	switch {
	case p < 50_000:
		return 5
	case p < 200_000:
		return 15
	case p < 450_000:
		return 30
	case p <= 550_000:
		return 50
	case p <= 800_000:
		return 70
	case p <= 950_000:
		return 85
	}
	return 95
}

// Admiralty returns the credibility on the Admiralty scale, from 1 to 5, with its
// words. Confirmed, which is 1, takes what is independent of the claim's own
// sources to corroborate it, whatever the number (heuristics reference, section
// 13.4).
func (p Probability) Admiralty(corroborated bool) (credibility int, words string) {
	switch {
	case p < 200_000:
		return 5, "improbable"
	case p < 450_000:
		return 4, "doubtful"
	case p <= 550_000:
		return 3, "possibly true"
	case p <= 800_000 || !corroborated:
		return 2, "probably true"
	}
	return 1, "confirmed"
}
