package change

import (
	"context"
	"errors"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Heuristic votes with the default parameters.
var Heuristic = New(DefaultParams())

const doc = `which output of a payment is the payer's change

Each of the published rules votes for one output or abstains with a reason:
change that goes back to an input's address, the one new script, the output
smaller than every input, the inputs' form of script, values that are not round,
the fingerprint of what spends an output, peeling, GraphSense's one-time change and
the tracking of peel chains. An output is taken for change where it leads over the
next by six votes, and one of them is that of a rule that was hardly ever wrong:
values not round to 1,000 satoshi or more, lock time, version, or multisig.
Findings are made for the transactions and outputs that the scope names as seeds.

It is wrong where a payment looks like change: paid in a round amount of another
currency from a wallet of another make, to a new address, and spent by software like
the payer's. Votes for round values count up to six from one amount, and those by
fingerprints hold as of the tip only. What may be collaborative has no prediction.
The published figures are of one population, and were not confirmed on others.

References: Meiklejohn et al. 2013; Androulaki et al. 2013; Moeser and Narayanan
2022, whose table of accuracy the rules carry; GraphSense; Kappos et al. 2022.`

// New returns the heuristic with the parameters.
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:    "change",
		Doc:     doc,
		Version: 1,
		Horizon: heuristics.Tip, // what spends an output, and whether its script is paid again
		Kinds: []heuristics.Kind{
			{Name: "change", Doc: "an output of a named transaction is the payer's change; wrong where the payment looks like change"},
		},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{shape.Heuristic},
		Params:   p.Parameters(),
		Run: func(ctx context.Context, s *heuristics.Pass) (any, error) {
			tx, err := s.Tx(ctx)
			if err != nil {
				return nil, err
			}
			g := gatherer{ctx: ctx, l: s.Lookups, p: p, rules: shape.ParamsOf(s)}
			r, err := g.predict(tx)
			if err != nil {
				return nil, err
			}
			if g.cut != "" {
				s.Partial(g.cut)
			}
			return r, nil
		},
		Finish: func(ctx context.Context, t *heuristics.Totals) (any, error) {
			return nil, report(ctx, t, p)
		},
	}
}

// Of returns the prediction for a transaction: heuristics.Ask for [Heuristic].
// Coinbases have one too, that says so.
func Of(ctx context.Context, s *heuristics.Pass, tx model.TxID) (*Prediction, error) {
	return heuristics.Ask[*Prediction](ctx, s, Heuristic, model.RefTx(tx), 0)
}

// gatherer looks up what the rules must know.
type gatherer struct {
	ctx   context.Context
	l     *heuristics.Lookups
	p     Params
	rules shape.Params
	read  map[model.TxID]*model.Tx
	cut   string // why the look-ups ended early
}

func (g *gatherer) predict(tx *model.Tx) (*Prediction, error) {
	f := Facts{Collaborative: Collaborative(tx, g.rules)}
	if !tx.Coinbase() && len(tx.Outputs) <= g.p.Outputs {
		var err error
		if f.Outputs, err = g.outputs(tx); err != nil {
			return nil, err
		}
	}
	r := Predict(tx, &f, g.p)
	return &r, nil
}

// Collaborative says why the inputs of a transaction may be several parties': what
// its signatures leave to others, or the shape that it has. It is empty where
// neither says so, and for a coinbase.
func Collaborative(tx *model.Tx, rules shape.Params) string {
	if tx.Coinbase() {
		return ""
	}
	if tx.SignedInParts() {
		return "multiparty_signature"
	}
	if v := shape.Classify(tx, rules); v.SkipUnion {
		return v.Kind.String()
	}
	return ""
}

// lost reports whether an error means that the answer is not to be had, so that
// the rules that need it abstain, rather than that the run must end.
func (g *gatherer) lost(err error) bool {
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		g.cut = "the look-ups for the vote on change are spent"
		return true
	case errors.Is(err, sources.ErrUnavailable), errors.Is(err, sources.ErrNotFound):
		g.l.Note("facts for the vote on change that no source tells", 1)
		return true
	}
	return false
}

func (g *gatherer) outputs(tx *model.Tx) ([]Output, error) {
	outs := make([]Output, len(tx.Outputs))
	for i := range tx.Outputs {
		if !tx.Outputs[i].Spendable() {
			continue
		}
		var err error
		if outs[i].Fresh, outs[i].Reused, err = g.history(tx, tx.Outputs[i].Owner); err != nil && !g.lost(err) {
			return nil, err
		}
	}
	spends, err := g.spenders(tx)
	if err != nil {
		if !g.lost(err) {
			return nil, err
		}
		return outs, nil
	}
	print := FingerprintOf(tx)
	for i := range outs {
		o := &outs[i]
		o.Spend = spends[i].State
		by := g.read[spends[i].By.Tx]
		if o.Spend != model.Spent || by == nil {
			continue
		}
		o.Read, o.By = true, FingerprintOf(by)
		if o.Hops, o.HopsKnown, err = g.follow(&print, by); err != nil && !g.lost(err) {
			return nil, err
		}
	}
	return outs, nil
}

// history tells whether a transaction is the first that pays or spends an address,
// and whether a later one pays it.
func (g *gatherer) history(tx *model.Tx, a model.Address) (fresh, reused Known, err error) {
	if !g.l.Can(sources.History) {
		return Unknown, Unknown, nil
	}
	if a.IsZero() {
		return Unknown, Unknown, nil
	}
	n, met := 0, false
	for t, err := range g.l.History(g.ctx, a, sources.Range{}) {
		if err != nil {
			return fresh, reused, err
		}
		switch {
		case t.ID == tx.ID:
			if met = true; fresh == Unknown {
				fresh = Yes
			}
		case !met:
			fresh = No
		default:
			for i := range t.Outputs {
				if t.Outputs[i].Owner == a {
					return fresh, Yes, nil
				}
			}
		}
		if n++; n >= g.p.History {
			return fresh, reused, nil
		}
	}
	if !met { // a history without the transaction is none
		return Unknown, Unknown, nil
	}
	return fresh, No, nil
}

// spenders reads what became of the outputs of a transaction, and the spenders.
func (g *gatherer) spenders(tx *model.Tx) ([]model.Spend, error) {
	if !g.l.Can(sources.Spends) {
		return make([]model.Spend, len(tx.Outputs)), nil
	}
	outs := make([]model.Outpoint, len(tx.Outputs))
	for i := range outs {
		outs[i] = tx.Outpoint(i)
	}
	spends, err := g.l.Spenders(g.ctx, outs...)
	if err != nil {
		return nil, err
	}
	var ids []model.TxID
	for _, s := range spends {
		if s.State == model.Spent && g.read[s.By.Tx] == nil {
			ids = append(ids, s.By.Tx)
		}
	}
	txs, err := g.l.Txs(g.ctx, ids...)
	if err != nil {
		return nil, err
	}
	if g.read == nil {
		g.read = map[model.TxID]*model.Tx{}
	}
	for i, t := range txs {
		if t != nil {
			g.read[ids[i]] = t
		}
	}
	return spends, nil
}

// follow counts for how many transactions the features go on, from a spender.
func (g *gatherer) follow(like *Fingerprint, by *model.Tx) (n int, known bool, err error) {
	for n < g.p.PeelHops {
		print := FingerprintOf(by)
		if !like.alike(&print) {
			break
		}
		if n++; n == g.p.PeelHops || len(by.Outputs) > maxFan {
			break
		}
		spends, err := g.spenders(by)
		if err != nil {
			return n, false, err
		}
		var next *model.Tx
		found := 0
		for _, s := range spends {
			if t := g.read[s.By.Tx]; s.State == model.Spent && t != nil {
				if p := FingerprintOf(t); like.alike(&p) {
					next, found = t, found+1
				}
			}
		}
		if found != 1 {
			break
		}
		by = next
	}
	return n, true, nil
}

// String says what is predicted, in words.
func (p *Prediction) String() string {
	switch {
	case p.Self:
		return fmt.Sprintf("output %d goes back to the address of an input", p.Out)
	case p.Accepted():
		return fmt.Sprintf("output %d is change: %d votes, %d more than the next", p.Out, p.For, p.Lead)
	case p.First >= 0:
		return fmt.Sprintf("no change: %s (output %d has %d votes, %d more than the next)", p.Why, p.First, p.For, p.Lead)
	}
	return "no change: " + p.Why
}
