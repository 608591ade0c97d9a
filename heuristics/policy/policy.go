package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// Action is what the embedder does: "hold", "review", "note". This package gives
// no meaning to it. The empty action is nothing.
type Action string

// Policy says what to do about findings. It is a value, and read-only while in use.
type Policy struct {
	// Actions lists every action from the least to the most; of two that are
	// due, the later in the list is taken.
	Actions []Action
	// Rules are tried in order; the first that takes a finding decides about it.
	// A finding that none takes is listed and has no effect.
	Rules []Rule
	// Levels give an action to the points of a subject.
	Levels []Level
	// By returns what a finding is counted for; nil means its subject alone. A
	// finding about a payment is related to the payee too, who is most often
	// nobody to suspect: [Touching] counts for everybody a finding names, and is
	// for those who want that.
	By func(*model.Finding) []model.Ref
}

// Rule takes findings.
type Rule struct {
	// Kind is a family such as "deposit", which takes its variants too, or a
	// family and variant such as "deposit/returned". The empty kind takes all.
	Kind string
	// Least is the least probability, and Confidence the least analytic
	// confidence, of the findings that the rule takes.
	Least      model.Probability
	Confidence string
	Action     Action
	// Points is what a certain finding would bring; a finding brings its
	// probability's part of it.
	Points int
	// Why is for those who read the result.
	Why string
}

// Level gives an action from so many points on.
type Level struct {
	Least  int
	Action Action
}

// Assessment is what follows for one subject.
type Assessment struct {
	Subject model.Ref
	Action  Action
	// Points is the sum over the findings, rounded down.
	Points int
	// Findings about the subject, those that bring most first.
	Findings []Weighed
	// Why says in words what the action comes from.
	Why []string
}

// Weighed is what one finding brought.
type Weighed struct {
	Finding *model.Finding // as given; not a copy
	Rule    int            // index of the rule that took it, or -1
	Action  Action
	// Brought is in thousandths of a point.
	Brought int
	// Counted is the part of its evidence that no finding before it has, and
	// Shared are the findings that have the rest.
	Counted model.Probability
	Shared  []model.Digest
}

// Validate reports what is wrong with a policy: actions that are not in the list,
// rules that can take nothing, and no rule at all.
func (p Policy) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, a := range p.Actions {
		if a == "" || slices.Index(p.Actions, a) != i {
			bad("action %d, %q: must have a name of its own", i, a)
		}
	}
	known := func(a Action) bool { return a == "" || slices.Contains(p.Actions, a) }
	if len(p.Rules) == 0 {
		bad("no rules")
	}
	for i, r := range p.Rules {
		if !known(r.Action) {
			bad("rule %d: action %q is not in the list", i, r.Action)
		}
		if r.Least > model.Certain || r.Points < 0 {
			bad("rule %d: a probability of more than 1, or points of less than 0", i)
		}
		switch r.Confidence {
		case "", model.Low, model.Moderate, model.High:
		default:
			bad("rule %d: analytic confidence %q is not low, moderate or high", i, r.Confidence)
		}
	}
	for i, l := range p.Levels {
		if !known(l.Action) || l.Action == "" || l.Least <= 0 {
			bad("level %d: from %d points, %q", i, l.Least, l.Action)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("policy: %w", errors.Join(errs...))
	}
	return nil
}

// Touching returns the subject of a finding and everything that it is related to.
func Touching(f *model.Finding) []model.Ref {
	return append([]model.Ref{f.Subject}, f.Related...)
}

// Assess says what follows from findings, subject by subject in the order of their
// references. A finding that was withdrawn, or that another one supersedes, is
// left out, and one that stands twice counts once. The error is that of Validate.
func (p Policy) Assess(fs []model.Finding) ([]Assessment, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	by := p.By
	if by == nil {
		by = func(f *model.Finding) []model.Ref { return []model.Ref{f.Subject} }
	}
	gone := map[model.Digest]bool{}
	for i := range fs {
		if fs[i].Supersedes != (model.Digest{}) {
			gone[fs[i].Supersedes] = true
		}
	}
	about := map[model.Ref][]*model.Finding{}
	var subjects []model.Ref
	for i := range fs {
		f := &fs[i]
		if f.WithdrawnBecause != "" || gone[f.Digest] || gone[f.ID] && f.Supersedes != f.ID {
			continue
		}
		for _, r := range by(f) {
			of, seen := about[r]
			if !seen {
				subjects = append(subjects, r)
			}
			if !slices.ContainsFunc(of, func(g *model.Finding) bool { return g.Digest == f.Digest }) {
				about[r] = append(of, f)
			}
		}
	}
	slices.SortFunc(subjects, model.Ref.Compare)
	out := make([]Assessment, 0, len(subjects))
	for _, r := range subjects {
		out = append(out, p.assess(r, about[r]))
	}
	return out, nil
}

// rule returns the first rule that takes a finding, or -1.
func (p *Policy) rule(f *model.Finding) int {
	return slices.IndexFunc(p.Rules, func(r Rule) bool {
		return (r.Kind == "" || f.Kind == r.Kind || strings.HasPrefix(f.Kind, r.Kind+"/")) &&
			f.Score.Probability >= r.Least && (r.Confidence == "" || f.Confidence.AtLeast(r.Confidence))
	})
}

// most returns the later of two actions in the list.
func (p *Policy) most(a, b Action) Action {
	if slices.Index(p.Actions, b) > slices.Index(p.Actions, a) {
		return b
	}
	return a
}

func (p *Policy) assess(on model.Ref, fs []*model.Finding) Assessment {
	a := Assessment{Subject: on}
	for _, f := range fs {
		w := Weighed{Finding: f, Rule: p.rule(f), Counted: model.Certain}
		if w.Rule >= 0 {
			r := &p.Rules[w.Rule]
			w.Action = r.Action
			w.Brought = int(int64(r.Points) * int64(f.Score.Probability) / (int64(model.Certain) / 1000))
		}
		a.Findings = append(a.Findings, w)
	}
	slices.SortFunc(a.Findings, func(x, y Weighed) int {
		return cmp.Or(cmp.Compare(y.Brought, x.Brought), bytes.Compare(x.Finding.ID[:], y.Finding.ID[:]), bytes.Compare(x.Finding.Digest[:], y.Finding.Digest[:]))
	})
	has := map[item]model.Digest{}
	total := 0
	for i := range a.Findings {
		w := &a.Findings[i]
		if w.Rule < 0 {
			continue
		}
		r := &p.Rules[w.Rule]
		w.count(has)
		w.Brought = int(int64(w.Brought) * int64(w.Counted) / int64(model.Certain))
		total += w.Brought
		a.Action = p.most(a.Action, w.Action)
		a.Why = append(a.Why, w.why(r))
	}
	a.Points = total / 1000
	for _, l := range p.Levels {
		if a.Points >= l.Least {
			if next := p.most(a.Action, l.Action); next != a.Action {
				a.Action = next
				a.Why = append(a.Why, fmt.Sprintf("%d points of all findings reach the %d of %q", a.Points, l.Least, l.Action))
			}
		}
	}
	return a
}

func (w *Weighed) why(r *Rule) string {
	f := w.Finding
	s := fmt.Sprintf("%s %s, %s, analytic confidence %s: %d.%03d points", f.Kind, f.Score.Likelihood, f.Score.Probability.Short(), f.Confidence.Level, w.Brought/1000, w.Brought%1000)
	if len(w.Shared) > 0 {
		s += fmt.Sprintf(", for %s of its evidence; the rest counts with a finding before it", w.Counted.Short())
	}
	if r.Action != "" {
		s += fmt.Sprintf("; by itself %q", r.Action)
	}
	if r.Why != "" {
		s += " (" + r.Why + ")"
	}
	return s
}

// item is a place on the ledger as evidence of one family. An input or output
// stands for its transaction: what two findings read from one transaction in one
// family is one observation.
type item struct {
	family string
	on     model.Ref
}

// count finds the part of the finding's evidence that no finding before it has, and
// adds all of it to what is had. An evidence that shares a place with one of the
// same family before is the same observation told again, however much else it lists:
// it has been counted. Evidence counts by its weight with the labels' doubt; where
// none has weight, as under the rule "product", each counts the same. Evidence that
// points at nothing is the finding's own.
func (w *Weighed) count(has map[item]model.Digest) {
	f := w.Finding
	weighs := slices.ContainsFunc(f.Evidence, func(e model.Evidence) bool { return e.Discounted > 0 })
	var all, fresh int64
	var own []item
	for i := range f.Evidence {
		e := &f.Evidence[i]
		weight := int64(model.Nat)
		if weighs {
			if weight = int64(e.Discounted); weight <= 0 {
				continue // what speaks against is no ground
			}
		}
		its, shared := items(e), false
		for _, it := range its {
			if of, ok := has[it]; ok {
				shared = true
				if !slices.Contains(w.Shared, of) {
					w.Shared = append(w.Shared, of)
				}
			}
		}
		all += weight
		if !shared {
			fresh += weight
		}
		own = append(own, its...)
	}
	for _, it := range own {
		if _, ok := has[it]; !ok {
			has[it] = f.ID
		}
	}
	if all > 0 {
		w.Counted = model.Probability(fresh * int64(model.Certain) / all)
	}
	slices.SortFunc(w.Shared, func(a, b model.Digest) int { return bytes.Compare(a[:], b[:]) })
}

// items returns the places of an evidence, each once.
func items(e *model.Evidence) []item {
	var out []item
	for i := range e.Items {
		on := e.Items[i].On
		if id, ok := on.Tx(); ok {
			on = model.RefTx(id)
		}
		if it := (item{e.Family, on}); !on.IsZero() && !slices.Contains(out, it) {
			out = append(out, it)
		}
	}
	return out
}
