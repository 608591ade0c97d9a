package payout

import (
	"context"
	"errors"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Heuristic reports payouts and tells members from the pool's own addresses,
// with the default parameters. Its result is a [*Payout].
var Heuristic = newHeuristic(DefaultParams(), Candidate)

const membersDoc = `mining pool payouts and who was paid

Every accepted payout.candidate is reported, with each output as member, pool-internal, service or too small, and the
reason. An output is the pool's own if its address is an input's, in a cluster with one, or listed for a pool; if it is
later spent by a payout itself; or if it pays for the next link of a chain. The largest output of the last link that is
recognised may be the pool's change and names nobody. An output at a labelled exchange, custodian or processor is a
receipt of that service's customer, and nothing beyond it is followed. All others are members'.

It is wrong where candidates are, and where an address of the pool is neither listed nor clustered and does not pay
members in its turn: then it passes for a member's. A member at an unlabelled service passes for an owner of the
address. Payment says that a member named the address, not that it is the member's.

References: Romiti et al. 2019.`

// New returns the heuristic with the given parameters, for it and for the
// candidates it asks for. Where other heuristics of the list require
// [Candidate], list NewCandidate of the same parameters too.
func New(params Params) *heuristics.Heuristic { return newHeuristic(params, NewCandidate(params)) }

func newHeuristic(params Params, candidate *heuristics.Heuristic) *heuristics.Heuristic {
	m := &members{p: params, candidate: candidate}
	return &heuristics.Heuristic{
		Name:     "payout",
		Doc:      membersDoc,
		Version:  1,
		Kinds:    kinds,
		Subjects: []model.RefKind{model.KindTx},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{candidate, cluster.Heuristic, shape.Heuristic},
		Select:   filters(&params),
		Params:   params.Parameters(),
		Horizon:  heuristics.Tip,
		Run:      m.run,
	}
}

var kinds = []heuristics.Kind{
	{Name: "payout", Doc: "a pool pays many members at once; wrong for an unlabelled custodian's batch paid with fresh coins"},
	{Name: "payout/coinbase", Doc: "a generation transaction pays members; wrong for a pool that splits its reward among many addresses nobody lists"},
	{Name: "payout/chain", Doc: "a link of a chain of payouts; wrong where a member spends the largest output in as many outputs"},
	{Name: "payout/custody", Doc: "a custodian's address pays a pool's members, perhaps mixed with withdrawals of others"},
	{Name: "payout/solo", Doc: "a generation transaction pays one finder and a listed fee; wrong for a pool's unlisted address beside a listed one"},
}

// Payout is the result of [Heuristic]. It is immutable.
type Payout struct {
	*Candidacy
	// Receipts classifies each output, in order, as of the tip: those of the
	// Candidacy, corrected by what became of the outputs.
	Receipts []Receipt
	// Spends is how many outputs are known to be spent; SpendsKnown is false
	// where the sources cannot tell of any.
	Spends      int
	SpendsKnown bool
	cut         bool // the budget ended the look at later spends
}

// Size returns about how many bytes the result holds beyond the Candidacy.
func (p *Payout) Size() int { return 64 + 48*len(p.Receipts) }

// Count returns how many outputs have the class, as of the tip.
func (p *Payout) Count(class Class) int { return count(p.Receipts, class) }

// Of asks for a payout with its members, inside a pass of a heuristic that
// requires [Heuristic]. The error is [heuristics.ErrSkip] where the transaction is
// no candidate.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) (*Payout, error) {
	return heuristics.Ask[*Payout](ctx, p, Heuristic, model.RefTx(tx), 0)
}

// Paid asks which of a transaction's outputs an accepted payout pays to members or to
// customers of a service, inside a pass of a heuristic that requires [Heuristic]. It
// returns the payout with those of vouts, in their order; nothing where there is no
// accepted payout.
func Paid(ctx context.Context, p *heuristics.Pass, tx model.TxID, vouts []int) (out *Payout, paid []int, err error) {
	out, err = Of(ctx, p, tx)
	switch {
	case errors.Is(err, heuristics.ErrSkip):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case !out.Accepted:
		return nil, nil, nil
	}
	for _, v := range vouts {
		if v < len(out.Receipts) && (out.Receipts[v].Class == Member || out.Receipts[v].Class == Service) {
			paid = append(paid, v)
		}
	}
	return out, paid, nil
}

// members is an instance.
type members struct {
	p         Params
	candidate *heuristics.Heuristic
}

func (m *members) ask(ctx context.Context, p *heuristics.Pass, tx model.TxID) (*Candidacy, error) {
	return heuristics.Ask[*Candidacy](ctx, p, m.candidate, model.RefTx(tx), MaxHops)
}

func (m *members) run(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	c, err := m.ask(ctx, p, tx.ID)
	if errors.Is(err, heuristics.ErrSkip) && payables(tx) >= m.p.MinOutputs {
		// The candidate's own notes are not seen where it is only asked.
		switch {
		case tx.SignedInParts():
			p.Note("fan-outs passed over whose signatures leave part of them to others", 1)
		case tx.Unresolved() > 0:
			p.Note("fan-outs passed over without knowing the values that they spend, and with them the share of fresh coins", 1)
		}
	}
	if _, timed := tx.Block.When(); errors.Is(err, heuristics.ErrSkip) && !timed && payables(tx) >= m.p.MinLabelled {
		p.Note("labels of payers not counted: they hold for a time, and that of the block is unknown", senderOf(cluster.Of(p), tx, &m.p).undated)
	}
	if err != nil {
		return nil, err
	}
	if c.Invalid != nil {
		return nil, c.Invalid
	}
	out := &Payout{Candidacy: c, Receipts: slices.Clone(c.Receipts)}
	if !c.Accepted {
		if c.Shape == Split {
			p.Note("transactions in which a pool cuts its funds into equal pieces", 1)
		} else {
			p.Note("candidates below the probability from which a payout is claimed", 1)
		}
		return out, nil
	}
	if err := m.later(ctx, p, tx, out); err != nil {
		return nil, err
	}
	if out.Count(Member)+out.Count(Service) == 0 {
		p.Note("candidates without a member among their payees", 1)
		return out, nil
	}
	f, err := m.finding(ctx, p, tx, out)
	if err != nil {
		return nil, err
	}
	p.Report(f)
	return out, nil
}

// later corrects the classes by what became of the outputs.
func (m *members) later(ctx context.Context, p *heuristics.Pass, tx *model.Tx, out *Payout) error {
	if !p.Can(sources.Spends) {
		return nil
	}
	var at []int
	var outs []model.Outpoint
	for i := range out.Receipts {
		if c := out.Receipts[i].Class; c == Member || c == InternalMaybe {
			at = append(at, i)
			outs = append(outs, tx.Outpoint(i))
		}
	}
	spends, err := p.Spenders(ctx, outs...)
	if err != nil {
		return m.cut(p, out, err)
	}
	var ids []model.TxID
	place := map[model.TxID]int{}
	for _, s := range spends {
		if s.State != model.SpendUnknown {
			out.SpendsKnown = true
		}
		if s.State != model.Spent {
			continue
		}
		out.Spends++
		if _, ok := place[s.By.Tx]; !ok {
			place[s.By.Tx] = len(ids)
			ids = append(ids, s.By.Tx)
		}
	}
	txs, err := p.Txs(ctx, ids...)
	if err != nil {
		return m.cut(p, out, err)
	}
	asked := make([]*Candidacy, len(ids))
	for i, by := range txs {
		if by == nil || len(by.Outputs) < m.p.MinOutputs {
			continue
		}
		asked[i], err = m.ask(ctx, p, by.ID)
		switch {
		case errors.Is(err, heuristics.ErrSkip):
			asked[i] = nil
		case err != nil:
			return m.cut(p, out, err)
		}
	}
	for k, s := range spends {
		if s.State != model.Spent {
			continue
		}
		c := asked[place[s.By.Tx]]
		if c == nil || c.Invalid != nil {
			continue
		}
		rc := &out.Receipts[at[k]]
		switch {
		case c.Shape == Chain && c.Parent == tx.ID && at[k] == out.fan.largest:
			rc.Class, rc.why, rc.tx = Internal, continues, c.Tx
		case c.Accepted:
			rc.Class, rc.why, rc.tx = Internal, sends, c.Tx
		case c.Score.Probability >= m.p.Doubt:
			rc.Class, rc.why, rc.tx = InternalMaybe, maySend, c.Tx
		}
	}
	return nil
}

// cut says that the budget of the evaluation ended the look at later spends;
// other errors stand, those of a budget of the sources too.
func (m *members) cut(p *heuristics.Pass, out *Payout, err error) error {
	if !errors.Is(err, heuristics.ErrEvaluationBudget) {
		return err
	}
	out.cut = true
	p.Partial("later spends of a payout's outputs: budget spent")
	return nil
}
