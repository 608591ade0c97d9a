package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/model"
)

// writer is one of the two forms of output.
type writer interface {
	begin(*report.Run, []*report.Heuristic)
	finding(*model.Finding)
	failure(*heuristics.PassError)
	progress(heuristics.Progress)
	end(heuristics.Coverage)
	err() error
}

func (c *config) writer(w io.Writer) writer {
	if c.format == "json" {
		return &jsonWriter{enc: report.NewEncoder(w)}
	}
	return &textWriter{w: w, all: c.all, brief: c.brief}
}

// jsonWriter writes messages as they come.
type jsonWriter struct {
	enc  *report.Encoder
	fail error
}

func (j *jsonWriter) put(m report.Message) {
	if j.fail == nil {
		j.fail = j.enc.Encode(m)
	}
}

func (j *jsonWriter) begin(r *report.Run, hs []*report.Heuristic) {
	j.put(report.Message{Run: r})
	for _, h := range hs {
		j.put(report.Message{Heuristic: h})
	}
}
func (j *jsonWriter) finding(f *model.Finding) { j.put(report.Message{Finding: f}) }
func (j *jsonWriter) failure(e *heuristics.PassError) {
	j.put(report.Message{Failure: report.NewFailure(e)})
}
func (j *jsonWriter) progress(p heuristics.Progress) { j.put(report.Message{Progress: &p}) }
func (j *jsonWriter) end(c heuristics.Coverage)      { j.put(report.Message{Coverage: &c}) }
func (j *jsonWriter) err() error                     { return j.fail }

// textWriter keeps the findings until the end: which payouts concern anybody of
// interest is known only then.
type textWriter struct {
	w        io.Writer
	all      bool
	brief    bool
	found    []*model.Finding
	failures []*heuristics.PassError
	totals   report.Totals
	fail     error
}

func (t *textWriter) printf(format string, args ...any) {
	if t.fail == nil {
		_, t.fail = fmt.Fprintf(t.w, format, args...)
	}
}

func (t *textWriter) begin(r *report.Run, _ []*report.Heuristic) { t.fail = report.RunText(t.w, r) }

func (t *textWriter) write(f *model.Finding, about func(model.Address) bool) error {
	if t.brief {
		_, err := fmt.Fprintf(t.w, "\n%s\n", strings.ToUpper(f.Kind))
		return errors.Join(err, report.Brief(t.w, f))
	}
	return report.Text(t.w, f, about)
}

func (t *textWriter) finding(f *model.Finding) {
	kept := *f
	t.found = append(t.found, &kept)
	t.totals.Add(f)
}
func (t *textWriter) failure(e *heuristics.PassError) { t.failures = append(t.failures, e) }
func (t *textWriter) progress(heuristics.Progress)    {}
func (t *textWriter) err() error                      { return t.fail }

// background reports whether a finding is of a kind that every block has, and
// that speaks of nobody in particular.
func background(f *model.Finding) bool {
	family, _, _ := strings.Cut(f.Kind, "/")
	return family == "pool" || family == "payout" || family == "peel"
}

// limit is how many background findings are printed where nobody is of interest.
const limit = 10

func (t *textWriter) end(c heuristics.Coverage) {
	interest := map[model.Ref]bool{}
	for _, f := range t.found {
		if !background(f) {
			interest[f.Subject] = true
			for _, r := range f.Related {
				interest[r] = true
			}
		}
	}
	left, shown := map[string]int{}, 0
	var kinds []string
	for _, f := range t.found {
		few := len(interest) == 0 && shown < limit
		if background(f) && !t.all && !few && !concerns(f, interest) {
			if left[f.Kind] == 0 {
				kinds = append(kinds, f.Kind)
			}
			left[f.Kind]++
			continue
		}
		shown++
		if t.fail == nil {
			t.fail = t.write(f, func(a model.Address) bool { return interest[model.RefAddress(a)] })
		}
	}
	for _, k := range kinds {
		t.printf("%s: %d more that touch nobody named above; -all prints them, -format json has them.\n", strings.ToUpper(k), left[k])
	}
	if len(kinds) > 0 {
		t.printf("\n")
	}
	for _, e := range t.failures {
		if t.fail == nil {
			t.fail = report.FailureText(t.w, report.NewFailure(e))
		}
	}
	if len(t.failures) > 0 {
		t.printf("\n")
	}
	if t.fail == nil {
		t.fail = t.totals.Text(t.w)
	}
	t.printf("\n")
	if t.fail == nil {
		t.fail = report.CoverageText(t.w, c)
	}
}

// concerns reports whether a finding is about an entity of interest, or has a
// part that is.
func concerns(f *model.Finding, interest map[model.Ref]bool) bool {
	if interest[f.Subject] {
		return true
	}
	for _, it := range f.Parts {
		if interest[it.On] || !it.Address.IsZero() && interest[model.RefAddress(it.Address)] {
			return true
		}
	}
	return false
}
