package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// strongest is how many items of evidence [Brief] shows.
const strongest = 3

// Brief writes a finding in plain words on less than a page: the claim, the three
// strongest items for it with what they point at, the strongest thing against it,
// and the number (heuristics reference, section 13.6). [Text] writes all of it. It
// returns the first error of w.
func Brief(w io.Writer, f *model.Finding) error {
	p := &printer{w: w, coin: f.Network.Symbol()}
	p.field("Claim", f.Claim)
	p.field("", model.Disclaimer)
	order := order(f.Evidence)
	for i, at := range order[:min(len(order), strongest)] {
		e := &f.Evidence[at]
		p.hang(pad(once(i, "For"), indent-3)+fmt.Sprintf("%2d", i+1), indent, e.Text)
		for j, it := range e.Items {
			if j == strongest {
				p.hang("", indent+2, fmt.Sprintf("and %d more", len(e.Items)-j))
				break
			}
			p.hang("", indent+2, p.itemText(f, it))
		}
	}
	if n := len(order) - strongest; n > 0 {
		p.field("", fmt.Sprintf("Weaker items, or context: %d.", n))
	}
	if s := counter(f); s != "" {
		p.field("Against", s)
	}
	number := fmt.Sprintf("%s, %s", f.Score.Likelihood, f.Score.Probability.Short())
	if f.Score.RangeOver != "" {
		number += fmt.Sprintf(" (%s-%s)", f.Score.Low.Short(), f.Score.High.Short())
	}
	if len(f.Labels) > 0 {
		number += fmt.Sprintf("; given the labels, %s", f.Score.Given.Short())
	}
	p.field("Number", number+fmt.Sprintf(". Analytic confidence: %s.", f.Confidence.Level))
	p.field("Statement", f.ID.String())
	p.line("")
	return p.err
}

// order returns the indexes of the evidence that speaks for a claim or is context,
// the heaviest first, else as they stand.
func order(ev []model.Evidence) []int {
	var out []int
	for i := range ev {
		if ev[i].Weight >= 0 {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(ev[b].Discounted, ev[a].Discounted) })
	return out
}

// counter returns the strongest thing against a finding: evidence that weighs
// against it, else what was looked for and found, else another explanation that is
// not excluded, else what was looked for and not found.
func counter(f *model.Finding) string {
	var worst *model.Evidence
	for i := range f.Evidence {
		if e := &f.Evidence[i]; e.Weight < 0 && (worst == nil || e.Discounted < worst.Discounted) {
			worst = e
		}
	}
	if worst != nil {
		return worst.Text
	}
	for _, c := range f.Counter {
		if c.Found {
			return c.Text
		}
	}
	for _, a := range f.Alternatives {
		return "It may be otherwise: " + stop(a.Text) + " Not excluded: " + a.WhyNot
	}
	for _, c := range f.Counter {
		return "Looked for, not found: " + stop(c.Text)
	}
	return ""
}
