package fresh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Kind is the kind of the findings of [Output].
const Kind = "fresh"

// OutputParams are the parameters of [Output]. Those of the share itself are
// [Params]. Make them with [DefaultOutputParams].
type OutputParams struct {
	// Receipts bounds the outputs of an address that are looked into, and
	// History the transactions that are read of it. What is beyond is unknown.
	Receipts, History int
	// Listed bounds the receipts and the pools that a finding lists.
	Listed int
	// Labelled is the most that is said where labels name services among the
	// origins: the shares do not carry the labels' own confidence.
	Labelled model.Probability
}

// DefaultOutputParams returns the parameters of [Output].
func DefaultOutputParams() OutputParams {
	return OutputParams{Receipts: 200, History: 2000, Listed: 50, Labelled: model.Percent(90)}
}

// Parameters lists every field.
func (p OutputParams) Parameters() []model.Parameter {
	return []model.Parameter{
		{Name: "fresh.output.receipts", Value: strconv.Itoa(p.Receipts), Origin: model.Chosen},
		{Name: "fresh.output.history", Value: strconv.Itoa(p.History), Origin: model.Chosen},
		{Name: "fresh.output.listed", Value: strconv.Itoa(p.Listed), Origin: model.Chosen},
		{Name: "fresh.output.labelled", Value: p.Labelled.String(), Origin: model.Chosen, Source: "the usual confidence of a label"},
	}
}

const outputDoc = `how much of an output is newly mined, and by which pools

An output carries the share of newly mined coins of the transaction that pays it, by the
haircut rule of the heuristic fresh; an output of a coinbase transaction is wholly newly
mined. An address has the shares of all that it received, by value, but for what it paid
itself. What cannot be told, and what came out of services other than pools, is kept
apart from what is not newly mined.

Findings are made for outputs that are subjects, and for addresses that are both subjects
and seeds of the scope. A sweep of transactions makes none.

The fees of a block are in its coinbase outputs, and count as newly mined with them.

It is wrong where a pool's block is attributed wrongly. It never says who holds the coins,
nor that the holder mined them: newly mined coins are bought and sold like others. By the
haircut rule a share is an amount of account, not certain coins.`

// Output reports how much of a named output, or of what an address received, is
// newly mined. It has the default parameters.
var Output = NewOutput(DefaultOutputParams())

// NewOutput returns the heuristic with the parameters. It gives an [*Origin].
func NewOutput(p OutputParams) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:     "fresh.output",
		Doc:      outputDoc,
		Version:  1,
		Kinds:    []heuristics.Kind{{Name: Kind, Doc: "a share of an output, or of an address's receipts, is newly mined, by pool; wrong where a pool's block is attributed wrongly"}},
		Subjects: []model.RefKind{model.KindOutpoint, model.KindAddress},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{Heuristic},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip, // an address receives more
		Run:      func(ctx context.Context, pass *heuristics.Pass) (any, error) { return p.run(ctx, pass) },
	}
}

// OutputOf asks for the origin of an output, inside a pass of a heuristic that
// requires [Output].
func OutputOf(ctx context.Context, p *heuristics.Pass, o model.Outpoint) (*Origin, error) {
	return heuristics.Ask[*Origin](ctx, p, Output, model.RefOutpoint(o), 0)
}

// Origin is how much of an output, or of what an address received, is newly
// mined. It is immutable.
type Origin struct {
	On      model.Ref
	Address model.Address
	// Value is that of the output, or the sum of the receipts, and Receipts
	// are what it is made of, in ledger order: the output itself, or what the
	// address received, as far as it was looked into; More counts the rest,
	// which is unknown.
	Value    model.Amount
	Receipts []Receipt
	More     int
	// Cut is true where not all that the address received was read, so that
	// Value is less than that.
	Cut bool
	// Share is of the whole value.
	Share *Share
}

// Receipt is an output with its share.
type Receipt struct {
	Out   model.Outpoint
	Value model.Amount
	Block model.BlockRef
	Share *Share
}

// String returns the value and the share: "0.02750000: fresh 50.0 % ...".
func (o *Origin) String() string { return o.Value.String() + ": " + o.Share.String() }

// Size returns about how many bytes the origin holds.
func (o *Origin) Size() int {
	n := 256 + o.Share.Size()
	for i := range o.Receipts {
		n += 128 + o.Receipts[i].Share.Size()
	}
	return n
}

// Mined returns what the share is of the value, rounded down.
func (o *Origin) Mined() model.Amount { return o.part(o.Share.Coinbase) }

func (o *Origin) part(share uint32) model.Amount {
	v, _ := o.Value.Share(int64(share), Whole)
	return v
}

func (p OutputParams) run(ctx context.Context, pass *heuristics.Pass) (*Origin, error) {
	o := &Origin{On: pass.Subject}
	var err error
	if a, ok := pass.Subject.Address(); ok {
		o.Address = a
		err = p.address(ctx, pass, o)
	} else {
		err = p.output(ctx, pass, o)
	}
	if err != nil {
		return nil, err
	}
	if pass.Subject.Kind() == model.KindAddress && !slices.Contains(pass.Scope().Seeds, pass.Subject) {
		return o, nil // somebody asked to look at it; nobody named it
	}
	f, err := p.finding(ctx, pass, o)
	if err != nil {
		return nil, err
	}
	pass.Grade(&f, o.grounds())
	pass.Report(f)
	return o, nil
}

// output looks into one output.
func (p OutputParams) output(ctx context.Context, pass *heuristics.Pass, o *Origin) error {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return err
	}
	out, ok := pass.Subject.Outpoint()
	if !ok || uint64(out.Vout) >= uint64(len(tx.Outputs)) {
		return &sources.Error{Source: "fresh", Op: "output", Key: pass.Subject.String(), Err: fmt.Errorf("%w: the transaction has %d outputs", sources.ErrNotFound, len(tx.Outputs))}
	}
	if !tx.Outputs[out.Vout].Spendable() || tx.Outputs[out.Vout].Value <= 0 {
		return heuristics.ErrSkip
	}
	o.Address, o.Value = tx.Outputs[out.Vout].Owner, tx.Outputs[out.Vout].Value
	s, err := heuristics.Ask[*Share](ctx, pass, Heuristic, model.RefTx(tx.ID), MaxHops)
	if err != nil {
		return err
	}
	o.Share = s
	o.Receipts = []Receipt{{out, o.Value, tx.Block, s}}
	return nil
}

// address looks into all that an address received from others.
func (p OutputParams) address(ctx context.Context, pass *heuristics.Pass, o *Origin) error {
	if !pass.Can(sources.History) {
		pass.Note("address whose receipts are not known: no source has histories", 1)
		return heuristics.ErrSkip
	}
	var m mixture
	n, lookups := 0, 0
	for tx, err := range pass.History(ctx, o.Address, sources.Range{}) {
		if errors.Is(err, heuristics.ErrEvaluationBudget) {
			pass.Partial("receipts of an address not all looked into: budget spent")
			o.Cut = true
			break
		}
		if err != nil {
			return err
		}
		if n++; n > p.History {
			pass.Partial("receipts of an address not all looked into: more transactions than the bound")
			o.Cut = true
			break
		}
		if spends(tx, o.Address) {
			continue // what it pays itself came before
		}
		for i := range tx.Outputs {
			out := &tx.Outputs[i]
			if out.Owner != o.Address || out.Value <= 0 {
				continue
			}
			sum, ok := o.Value.Add(out.Value)
			if !ok {
				return malformed(tx, "address %v received more than there is", o.Address)
			}
			o.Value = sum
			if len(o.Receipts) >= p.Receipts {
				o.More++
				m.gap(NoBudget, out.Value)
				continue
			}
			s, err := heuristics.Ask[*Share](ctx, pass, Heuristic, model.RefTx(tx.ID), MaxHops)
			switch {
			case errors.Is(err, heuristics.ErrEvaluationBudget):
				pass.Partial("receipts of an address not all looked into: budget spent")
				s = unknown(NoBudget, 1, 0)
			case err != nil:
				return err
			}
			lookups += s.Lookups
			m.mix(s, out.Value)
			o.Receipts = append(o.Receipts, Receipt{tx.Outpoint(i), out.Value, tx.Block, s})
		}
	}
	if len(o.Receipts) == 0 {
		return heuristics.ErrSkip
	}
	o.Share = m.share(lookups)
	return nil
}

func spends(tx *model.Tx, a model.Address) bool {
	if tx.Coinbase() {
		return false
	}
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner == a {
			return true
		}
	}
	return false
}

// finding writes what is newly mined of an output or of an address's receipts.
func (p OutputParams) finding(ctx context.Context, pass *heuristics.Pass, o *Origin) (model.Finding, error) {
	s := o.Share
	at := o.Receipts[len(o.Receipts)-1].Block
	f := model.Finding{Kind: Kind, Subject: o.On, Block: at, Claim: o.claim()}
	add := func(role string, share uint32) error {
		m, err := pass.Money(ctx, o.part(share), at)
		f.Amounts = append(f.Amounts, model.Figure{Role: role, Money: m})
		return err
	}
	for _, a := range [...]struct {
		role  string
		share uint32
	}{{"value", Whole}, {"newly mined", s.Coinbase}, {"unknown", s.Unknown}, {"out of services", s.Stopped}} {
		if err := add(a.role, a.share); err != nil {
			return f, err
		}
	}
	f.Facts = []model.Fact{
		{Name: "newly mined", Value: Percent(s.Coinbase)},
		{Name: "unknown", Value: Percent(s.Unknown)},
		{Name: "out of services other than pools", Value: Percent(s.Stopped)},
		{Name: "hops", Value: fmt.Sprintf("at most %d", MaxHops)},
		{Name: "policy", Value: "haircut"},
		{Name: "receipts", Value: strconv.Itoa(len(o.Receipts) + o.More)},
	}
	least := model.Certain
	origin := model.Evidence{Family: "provenance", Text: "Coinbase transactions from which the coins descend."}
	for i, q := range s.Pools {
		who := "unknown miners"
		if q.Entity != "" {
			who = words.Line(q.Entity)
			least = min(least, q.Confidence)
		}
		if i >= p.Listed {
			f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d pools are not listed here.", len(s.Pools)-p.Listed, len(s.Pools)))
			break
		}
		f.Facts = append(f.Facts, model.Fact{Name: "mined by", Value: who + " " + Percent(q.Share)})
		for _, id := range q.Coinbases {
			note := "mined by " + who
			if q.Entity != "" {
				note += ", confidence " + q.Confidence.Short()
			}
			origin.Items = append(origin.Items, model.Item{On: model.RefTx(id), Role: "coinbase", Note: note})
		}
		if len(q.Coinbases) == maxCoinbases {
			f.Unseen = append(f.Unseen, fmt.Sprintf("Of the coinbase transactions of %s perhaps more than the first %d, which are listed.", who, maxCoinbases))
		}
	}
	if len(origin.Items) > 0 {
		f.Evidence = append(f.Evidence, origin)
	}
	if err := p.receipts(ctx, pass, &f, o); err != nil {
		return f, err
	}
	factor := model.Factor{Name: "the shares follow from the transactions", Given: model.Certain, Probability: model.Certain}
	if least < model.Certain {
		factor = model.Factor{Name: "the pools named mined the blocks", Given: least, Probability: least}
	}
	most, why := model.Probability(0), ""
	if s.Stopped > 0 {
		most, why = p.Labelled, "labels name the services, and their confidence is not in the number"
	}
	f.Score = model.Product(most, why, factor)
	o.argue(&f)
	return f, nil
}

// receipts lists what the value is made of.
func (p OutputParams) receipts(ctx context.Context, pass *heuristics.Pass, f *model.Finding, o *Origin) error {
	e := model.Evidence{Family: "provenance", Text: "What was received, with its share."}
	for i := range o.Receipts {
		r := &o.Receipts[i]
		if i >= p.Listed {
			f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d receipts are not listed here; they count in the shares.", len(o.Receipts)-p.Listed, len(o.Receipts)))
			break
		}
		m, err := pass.Money(ctx, r.Value, r.Block)
		if err != nil {
			return err
		}
		e.Items = append(e.Items, model.Item{On: model.RefOutpoint(r.Out), Role: "received", Address: o.Address, Value: &m, Block: r.Block, Note: words.Line(r.Share.String())})
	}
	f.Evidence = append(f.Evidence, e)
	return nil
}

// claim is the sentence.
func (o *Origin) claim() string {
	s := o.Share
	of := fmt.Sprintf("the %s BTC that %s received", o.Value, o.Address)
	if o.Cut {
		of = fmt.Sprintf("the first %s BTC that %s received, as far as was read", o.Value, o.Address)
	}
	if out, ok := o.On.Outpoint(); ok {
		of = fmt.Sprintf("the %s BTC of output %s", o.Value, out)
		if !o.Address.IsZero() {
			of += " at " + o.Address.String()
		}
	}
	var b strings.Builder
	known := "is"
	if s.Unknown > 0 {
		known = "is known to be"
	}
	fmt.Fprintf(&b, "Of %s, %s %s newly mined", of, Percent(s.Coinbase), known)
	if len(s.Pools) > 0 {
		b.WriteString(", by ")
	}
	// The largest first; a claim is one line.
	ps := slices.Clone(s.Pools)
	slices.SortStableFunc(ps, func(a, b PoolShare) int { return int(int64(b.Share) - int64(a.Share)) })
	for i, q := range ps {
		if i == maxNamed {
			fmt.Fprintf(&b, " and %d more", len(ps)-maxNamed)
			break
		}
		who := "unknown miners"
		if q.Entity != "" {
			who = words.Line(q.Entity)
		}
		if i > 0 {
			b.WriteString(" and ")
		}
		fmt.Fprintf(&b, "%s (%s)", who, Percent(q.Share))
	}
	fmt.Fprintf(&b, "; of %s it is unknown, and %s came out of services other than pools", Percent(s.Unknown), Percent(s.Stopped))
	if s.Stopped > 0 {
		b.WriteString(", given the labels")
	}
	return b.String() + "."
}

// maxNamed bounds the pools in a claim.
const maxNamed = 4

// argue adds what the shares rest on, what they do not say, and what was not seen.
func (o *Origin) argue(f *model.Finding) {
	s := o.Share
	named := "no pool is named."
	if _, ok := s.Main(); ok {
		named = "by tag or address of the coinbase transactions, with the confidence of each; none was asked."
	}
	f.Premises = []model.Premise{
		{Text: "Coins that are mixed are each output's in proportion.", Question: "Would another rule give other shares?",
			Answer: "yes: the haircut rule is one of several; the ledger does not tell one coin from another."},
		{Text: "A coinbase output is newly mined.", Question: "Are the fees in it new coins?",
			Answer: "no: they are other people's coins, and count as newly mined with the rest of the output."},
		{Text: "The pools named mined the blocks.", Question: "How is that known?", Answer: named},
	}
	if s.Stopped > 0 {
		f.Premises = append(f.Premises, model.Premise{Text: "The services are who labels say.", Question: "Who says so, and did the labels hold?",
			Answer: "labels that name them or accounts there, held to the time or not, as keys stay where they are; they are not listed here, and were not asked for their confidence."})
	}
	f.Alternatives = []model.Alternative{
		{Text: "The holder bought newly mined coins, or was paid with them.", WhyNot: "the share says where coins come from, not for what they were paid."},
	}
	if s.Coinbase < Whole {
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: fmt.Sprintf("More of it was mined, further back than %d transactions or out of what is unknown.", MaxHops),
			WhyNot: "that far was looked, and no further."})
	}
	f.Counter = []model.Counter{{Text: "coins that came out of services other than pools", Found: s.Stopped > 0}}
	f.RefutedBy = []string{"A pool's record that it did not mine one of the blocks."}
	for _, g := range s.Gaps {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The origin of %s of the value: %s (%d inputs); it may be newly mined or not.", Percent(g.Share), g.Reason, g.Inputs))
	}
	if o.Cut {
		f.Unseen = append(f.Unseen, "What the address received later: it was not read, and no share counts it.")
	}
	if o.More > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d more receipts: beyond the bound, they count as unknown.", o.More))
	}
	f.ErrorRates = []model.ErrorRate{model.NotMeasured("findings of kind " + Kind)}
}

// grounds are what names the pools, each as a label. Where coins come from is no
// evidence of who controls anything, and nothing is counted for repetition. A service
// that is not labelled, and passes for a wallet on the way, makes the shares wrong.
func (o *Origin) grounds() model.Grounds {
	g := model.Grounds{CoverageUnknown: true, Labels: []model.Label{}, Notes: []string{"the haircut rule is a convention"}}
	for _, q := range o.Share.Pools {
		if q.Entity != "" {
			g.Labels = append(g.Labels, model.Label{Entity: q.Entity, Category: model.MiningPool, Role: model.RoleCoinbase, Confidence: q.Confidence, Source: "what attributes the coins' blocks"})
		}
	}
	if o.Share.Stopped > 0 {
		g.Notes = append(g.Notes, "it rests on labels of services too, which are not counted here")
	}
	return g
}
