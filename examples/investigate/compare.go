package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/heuristics/loop"
	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/model"
)

// without returns the suite as it is when transactions do not count as evidence:
// they join no addresses, and no deposit or ownership in them closes a loop.
func without(ids []model.TxID) []*heuristics.Heuristic {
	all := suite.All()
	if len(ids) == 0 {
		return all
	}
	cp, lp := cluster.DefaultParams(), loop.DefaultParams()
	cp.Skip, lp.LeaveOut = ids, ids
	for i, h := range all {
		switch h.Name {
		case cluster.Heuristic.Name:
			all[i] = cluster.New(cp)
		case loop.Heuristic.Name:
			all[i] = loop.New(lp)
		}
	}
	return all
}

// comparison is what several runs over the same data say about loops.
type comparison struct {
	runs []comparedRun
}

type comparedRun struct {
	without  []model.TxID
	deposits int              // attributed to an actor
	found    []*model.Finding // loops and leads
}

// add takes a finding of the run, where it matters here.
func (r *comparedRun) add(f *model.Finding) {
	switch family, _, _ := strings.Cut(f.Kind, "/"); {
	case f.Kind == deposit.Kind:
		r.deposits++
	case family == loop.Kind, family == loop.KindLead:
		r.found = append(r.found, f)
	}
}

// compare runs the search again for each list of transactions to leave out.
func (c *config) compare(ctx context.Context, in *input, scope heuristics.Scope, first comparedRun, left [][]model.TxID) (*comparison, error) {
	out := &comparison{runs: []comparedRun{first}}
	for _, ids := range left {
		engine, err := heuristics.New(in.Set, without(ids), c.options(in))
		if err != nil {
			return nil, err
		}
		session, err := engine.Open(ctx, scope)
		if err != nil {
			return nil, err
		}
		run := comparedRun{without: ids}
		for f, err := range session.Run(ctx, session.Sweep(ctx)) {
			if err != nil {
				return nil, err
			}
			run.add(&f)
		}
		out.runs = append(out.runs, run)
	}
	return out, nil
}

// write prints the runs side by side: for each beneficiary what each run says.
func (c *comparison) write(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\nWITHOUT\nThe same search, with transactions left out as evidence:\n")
	for i, r := range c.runs {
		fmt.Fprintf(&b, "  %d  %s: %d deposits are attributed\n", i+1, leftOut(r.without), r.deposits)
	}
	for _, on := range c.subjects() {
		fmt.Fprintf(&b, "\n%s\n", report.Printable(on.ID()))
		for i, r := range c.runs {
			var said []string
			for _, f := range r.found {
				if f.Subject == on {
					said = append(said, number(f))
				}
			}
			if len(said) == 0 {
				said = []string{"nothing"}
			}
			fmt.Fprintf(&b, "  %d  %s\n", i+1, strings.Join(said, "\n     "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func leftOut(ids []model.TxID) string {
	if len(ids) == 0 {
		return "as it is"
	}
	var s []string
	for _, id := range ids {
		s = append(s, id.String())
	}
	return "without " + strings.Join(s, "\n     and     ")
}

// subjects lists who is named, in the order of the first run that names each.
func (c *comparison) subjects() []model.Ref {
	var on []model.Ref
	for _, r := range c.runs {
		for _, f := range r.found {
			if !slices.Contains(on, f.Subject) {
				on = append(on, f.Subject)
			}
		}
	}
	return on
}

// number is a finding in a line: its kind, the word, the number with its range,
// and what chance does.
func number(f *model.Finding) string {
	s := fmt.Sprintf("%-10s %-17s %s", f.Kind, f.Score.Likelihood, f.Score.Probability.Short())
	if f.Score.RangeOver != "" {
		s += fmt.Sprintf(" (%s to %s)", f.Score.Low.Short(), f.Score.High.Short())
	}
	if f.Chance != nil {
		s += fmt.Sprintf(", p %d.%03d by chance", (f.Chance.Corrected+999)/model.Certain, (f.Chance.Corrected+999)%model.Certain/1000)
	}
	for _, fact := range f.Facts {
		if fact.Name == "rounds" {
			s += ", rounds: " + fact.Value
		}
	}
	return s
}
