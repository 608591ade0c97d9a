package exposure

import (
	"context"
	"errors"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Kinds of findings.
const (
	Kind        = "exposure"
	KindSent    = "exposure/sent"
	KindMined   = "exposure/mined"
	KindSummary = "exposure/summary"
)

const doc = `what a named address has to do with labelled parties

For an address that is a seed of the scope: of the coins that it received, how much
descends from the coins of each labelled party, and of those that it had, how much
reached each; directly or through up to six transactions, by haircut, first in
first out, last in first out, and poison. One finding for each party and direction,
one for what pools mined, and one that sums everything up, what cannot be told
included.

The statement is one of arithmetic: by the policies named, coins descend from
others. Its probability is that of the labels, the lowest of those that the
amounts rest on; no policy makes it more likely that somebody controls anything.
Fees are no evidence. Nothing is followed through a service, an account at one, a
cluster that behaves like a service, or a mix.

It is wrong where a label is, and where an unlabelled service or several signers on
the way pass for an ordinary wallet.

References: Moeser, Boehme and Breuker 2014; Anderson, Shumailov and Ahmed 2018.`

// Heuristic reports with the default parameters. [Search] gives the numbers of
// any address, without findings.
var Heuristic = reporting(DefaultParams(), Search)

// New returns the heuristic with other parameters, and with a search of the same
// ones.
func New(p Params) *heuristics.Heuristic { return reporting(p, NewSearch(p)) }

func reporting(p Params, search *heuristics.Heuristic) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:    "exposure",
		Doc:     doc,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: Kind, Doc: "coins that an address received descend from a labelled party's; wrong where the label is, or a service on the way is unlabelled"},
			{Name: KindSent, Doc: "coins that an address had reached a labelled party; wrong where the label is, or a service on the way is unlabelled"},
			{Name: KindMined, Doc: "coins that an address received descend from coinbases; wrong where a service on the way is unlabelled, or a block is attributed wrongly"},
			{Name: KindSummary, Doc: "where an address's coins come from and went, and what cannot be told; it accuses nobody"},
		},
		Subjects: []model.RefKind{model.KindAddress},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{search},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Run: func(ctx context.Context, pass *heuristics.Pass) (any, error) {
			named := slices.Contains(pass.Scope().Seeds, pass.Subject)
			if !named && !p.Any {
				return nil, heuristics.ErrSkip
			}
			x, err := Of(ctx, pass, pass.Subject)
			switch {
			case errors.Is(err, heuristics.ErrEvaluationBudget):
				pass.Partial("exposure not looked for: budget spent")
				return nil, heuristics.ErrSkip
			case err != nil:
				return nil, err
			}
			r := &reporter{Params: p, ctx: ctx, pass: pass, x: x}
			return x, r.report(named)
		},
	}
}

// reporter writes the findings of one subject.
type reporter struct {
	Params
	ctx  context.Context
	pass *heuristics.Pass
	x    *Exposure
}

func (r *reporter) report(summary bool) error {
	seen := map[string]bool{}
	for _, sent := range []bool{false, true} {
		side := r.side(sent)
		var mined []*Row
		for i := range side.Rows {
			row := &side.Rows[i]
			switch {
			case row.Rest != WithParty || !r.material(side, row):
			case row.Party.Kind == taint.Mined:
				mined = append(mined, row)
			case row.Party.Entity == "" || r.self(row):
			default:
				f, err := r.party(side, row, sent)
				if err != nil {
					return err
				}
				// An address may be one party's and later another's.
				if id := statement(&f); seen[id] {
					r.pass.Note("exposure to a second party at the same addresses: in the summary only", 1)
					continue
				} else {
					seen[id] = true
				}
				r.pass.Grade(&f, r.grounds(row))
				r.pass.Report(f)
			}
		}
		// That somebody mined a coin says nothing; all coins were mined once.
		if slices.ContainsFunc(mined, func(row *Row) bool { return row.Party.Entity != "" }) {
			f, err := r.mined(side, mined)
			if err != nil {
				return err
			}
			r.pass.Grade(&f, r.grounds(mined...))
			r.pass.Report(f)
		}
	}
	if summary {
		f := r.summary()
		r.pass.Grade(&f, r.summaryGrounds())
		r.pass.Report(f)
	}
	return nil
}

func (r *reporter) side(sent bool) *Side {
	if sent {
		return &r.x.Sent
	}
	return &r.x.Received
}

// self reports whether the party holds the subject as well: then its coins moved
// from one of its addresses to another.
func (r *reporter) self(row *Row) bool {
	h := &r.x.Holder
	return r.x.Held && h.Entity != "" && h.Kind != taint.Customer && row.Party.Kind != taint.Customer &&
		model.EntityKey(h.Entity) == model.EntityKey(row.Party.Entity)
}

// material reports whether a row is more than dust under a policy that divides.
func (r *reporter) material(side *Side, row *Row) bool {
	for k, p := range side.Policies {
		if p != taint.Poison && row.Direct[k]+row.Indirect[k] >= r.MinSat {
			return true
		}
	}
	return false
}

// statement is what a finding's identity is made of, its heuristic aside.
func statement(f *model.Finding) string {
	s := f.Kind
	for _, r := range f.Related {
		s += " " + r.String()
	}
	return s
}
