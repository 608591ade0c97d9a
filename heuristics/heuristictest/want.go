package heuristictest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// wants compares what a run gave with what the text wants, both ways.
func (c *checker) wants(o *outcome) {
	c.Helper()
	var open []*ledger.Want
	for i := range c.f.Wants {
		switch w := &c.f.Wants[i]; w.Kind {
		case "result", "skip":
			c.result(o, w)
		default:
			if !slices.ContainsFunc(c.h.Kinds, func(k heuristics.Kind) bool { return k.Name == w.Kind }) {
				c.Errorf("%s:%d: want %s: %s reports no such kind", w.File, w.Line, w.Kind, c.h.Name)
				continue
			}
			open = append(open, w)
		}
	}
	var rest []*model.Finding
	for i := range o.findings {
		rest = append(rest, &o.findings[i])
	}
	_, open, rest = match(open, rest, func(w *ledger.Want, f *model.Finding) bool { return speaks(w, f) && within(w, f) })
	// A finding that misses its want by its probability alone is told as one
	// error, not as two.
	near, open, rest := match(open, rest, speaks)
	for _, n := range near {
		c.Errorf("%s:%d: the finding %s on %s has probability %v, want %s: %q",
			n.want.File, n.want.Line, n.finding.Kind, c.describe(n.finding.Subject), n.finding.Score.Probability, bounds(n.want), n.finding.Claim)
	}
	for _, w := range open {
		c.unmet(o, w)
	}
	for _, f := range rest {
		c.Errorf("%s: unexpected finding %s on %s, probability %v: %q", c.position(f.Subject), f.Kind, c.describe(f.Subject), f.Score.Probability, f.Claim)
	}
}

// unmet reports a want for which there is no finding, with those that come
// near.
func (c *checker) unmet(o *outcome, w *ledger.Want) {
	c.Helper()
	where := "in the run"
	if !w.On.IsZero() {
		where = "on " + c.describe(w.On)
	}
	near := ""
	for i := range o.findings {
		if f := &o.findings[i]; about(w, f) {
			near += fmt.Sprintf("\n\tthere is %s, probability %v: %q", f.Kind, f.Score.Probability, f.Claim)
		}
	}
	c.Errorf("%s:%d: no finding %s matching %q %s%s", w.File, w.Line, w.Kind, w.Claim, where, near)
}

// about reports whether a finding is about what a want stands on.
func about(w *ledger.Want, f *model.Finding) bool {
	if w.On.IsZero() || w.On == f.Subject {
		return true
	}
	if w.On.Kind() != model.KindTx {
		return false
	}
	want, _ := w.On.Tx()
	got, ok := f.Subject.Tx()
	return ok && got == want
}

func speaks(w *ledger.Want, f *model.Finding) bool {
	return f.Kind == w.Kind && about(w, f) && w.Claim.MatchString(f.Claim)
}

func within(w *ledger.Want, f *model.Finding) bool {
	p := f.Score.Probability
	return (!w.HasMin || p >= w.Min) && (!w.HasMax || p <= w.Max)
}

func bounds(w *ledger.Want) string {
	switch {
	case w.HasMin && w.HasMax:
		return fmt.Sprintf("%v to %v", w.Min, w.Max)
	case w.HasMin:
		return fmt.Sprintf(">=%v", w.Min)
	}
	return fmt.Sprintf("<=%v", w.Max)
}

// pair is a want and the finding that meets it.
type pair struct {
	want    *ledger.Want
	finding *model.Finding
}

// match gives each want a finding of its own, as many as can be, and returns
// the pairs and what is left of both. How many are left does not depend on which
// of several wants comes first.
func match(ws []*ledger.Want, fs []*model.Finding, fits func(*ledger.Want, *model.Finding) bool) (pairs []pair, wants []*ledger.Want, findings []*model.Finding) {
	taken := make([]int, len(fs)) // want of each finding, from 1
	var place func(w int, tried []bool) bool
	place = func(w int, tried []bool) bool {
		for j, f := range fs {
			if tried[j] || !fits(ws[w], f) {
				continue
			}
			tried[j] = true
			if taken[j] == 0 || place(taken[j]-1, tried) {
				taken[j] = w + 1
				return true
			}
		}
		return false
	}
	for i := range ws {
		if !place(i, make([]bool, len(fs))) {
			wants = append(wants, ws[i])
		}
	}
	for j, w := range taken {
		if w == 0 {
			findings = append(findings, fs[j])
			continue
		}
		pairs = append(pairs, pair{ws[w-1], fs[j]})
	}
	return pairs, wants, findings
}

// result checks a want about a result.
func (c *checker) result(o *outcome, w *ledger.Want) {
	c.Helper()
	if w.On.IsZero() || c.h.Run == nil {
		c.Errorf("%s:%d: want %s: %s gives no result there; results are for the transaction of a line, or @N or @addr", w.File, w.Line, w.Kind, c.h.Name)
		return
	}
	v, _, err := heuristics.Eval[any](context.Background(), o.session, c.h, w.On)
	on := c.describe(w.On)
	switch {
	case w.Kind == "skip" && err == nil:
		c.Errorf("%s:%d: %s is not skipped, the result is %s", w.File, w.Line, on, fmt.Sprint(v))
	case w.Kind == "skip" && errors.Is(err, heuristics.ErrSkip):
	case errors.Is(err, heuristics.ErrSkip):
		c.Errorf("%s:%d: %s is skipped, want a result matching %q", w.File, w.Line, on, w.Claim)
	case err != nil:
		c.Errorf("%s:%d: want %s: %s fails on %s: %v", w.File, w.Line, w.Kind, c.h.Name, on, err)
	case !w.Claim.MatchString(fmt.Sprint(v)):
		c.Errorf("%s:%d: the result for %s is %s, want a match of %q", w.File, w.Line, on, fmt.Sprint(v), w.Claim)
	}
}
