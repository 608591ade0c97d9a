package exposure

import (
	"context"
	"errors"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Search gives the exposure of an address, an output or a transaction, as an
// [*Exposure], and reports nothing. Ask it by [Of], or from outside a pass:
//
//	x, _, err := heuristics.Eval[*exposure.Exposure](ctx, session, exposure.Search, model.RefAddress(a))
var Search = NewSearch(DefaultParams())

const searchDoc = `where the coins of a subject come from, and where they went

For each coin that an address received, by transactions that it did not sign, the
labelled party that it comes from, as the heuristic "taint" tells; and for all
coins that it had, the labelled parties that they reached, by the same division
carried forward through what look-ups show. Both directions end at a labelled
address, at a cluster that behaves like a service, and in a mix. What cannot be
told is kept apart: the rows of a direction sum to the whole.

It is wrong where a label is, and where an unlabelled service passes for an
ordinary wallet: then it charges one customer with another's coins.

References: as of "taint".`

// NewSearch returns an instance of [Search] with other parameters.
func NewSearch(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:     "exposure.search",
		Doc:      searchDoc,
		Version:  1,
		Needs:    sources.Txs,
		Requires: append(taint.Requires(), taint.Heuristic),
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Run: func(ctx context.Context, pass *heuristics.Pass) (any, error) {
			s := &search{Params: p, pass: pass, policies: []taint.Policy{taint.Haircut, taint.FIFO, taint.LIFO, taint.Poison}}
			return s.run(ctx)
		},
	}
}

// Of asks for the exposure of an address, an output or a transaction, inside a
// pass of a heuristic that requires [Search].
func Of(ctx context.Context, p *heuristics.Pass, on model.Ref) (*Exposure, error) {
	return heuristics.Ask[*Exposure](ctx, p, Search, on, 0)
}

// search is one evaluation.
type search struct {
	Params
	pass     *heuristics.Pass
	policies []taint.Policy
	x        Exposure
	own      map[model.Address]bool
	receipts []receipt
	seeds    []taint.Seed
	had      model.Amount // what was paid to the subject, and gained by it
}

// receipt is a transaction that pays the subject, with the outputs that do.
type receipt struct {
	tx    *model.Tx
	vouts []int
}

const colour = 1 // of the subject's coins

func (s *search) run(ctx context.Context) (any, error) {
	s.x.Subject = s.pass.Subject
	var err error
	switch s.pass.Subject.Kind() {
	case model.KindAddress:
		err = s.address(ctx)
	case model.KindOutpoint, model.KindTx:
		err = s.output(ctx)
	default:
		return nil, heuristics.ErrSkip
	}
	if err != nil {
		return nil, err
	}
	if err := s.received(ctx); err != nil {
		return nil, err
	}
	if err := s.sent(ctx); err != nil {
		return nil, err
	}
	return &s.x, nil
}

// output takes one output of a transaction, or all, for the subject.
func (s *search) output(ctx context.Context) error {
	tx, err := s.pass.Tx(ctx)
	if err != nil {
		return err
	}
	r := receipt{tx: tx}
	out, one := s.pass.Subject.Outpoint()
	if one && uint64(out.Vout) >= uint64(len(tx.Outputs)) {
		return heuristics.ErrSkip
	}
	for i := range tx.Outputs {
		if !one || i == int(out.Vout) {
			r.vouts = append(r.vouts, i)
			s.seed(tx, i)
			s.had += tx.Outputs[i].Value
		}
	}
	s.receipts, s.x.Last = []receipt{r}, tx.Block
	if one {
		ps, held, err := s.Holders.Parties(ctx, s.pass, tx.Block, []model.Address{tx.Outputs[out.Vout].Owner})
		if err != nil {
			return err
		}
		s.x.Holder, s.x.Held = ps[0], held[0]
	}
	return nil
}

func (s *search) seed(tx *model.Tx, i int) {
	if tx.Outputs[i].Value > 0 {
		s.seeds = append(s.seeds, taint.Seed{Out: tx.Outpoint(i), Colour: colour})
	}
}

// address reads the history of the subject's addresses.
func (s *search) address(ctx context.Context) error {
	a, _ := s.pass.Subject.Address()
	if !a.Ownable() || !s.pass.Can(sources.History) {
		if a.Ownable() {
			s.pass.Note("address not looked at: the sources have no histories", 1)
		}
		return heuristics.ErrSkip
	}
	s.x.Addresses = []model.Address{a}
	if s.Wallet {
		s.x.Addresses = cluster.Of(s.pass).Members(a)
	}
	s.own = map[model.Address]bool{}
	for _, o := range s.x.Addresses {
		s.own[o] = true
	}
	seen := map[model.TxID]bool{}
	var txs []*model.Tx
read:
	for _, o := range s.x.Addresses {
		for tx, err := range s.pass.History(ctx, o, sources.Range{}) {
			if errors.Is(err, heuristics.ErrEvaluationBudget) {
				s.pass.Partial("history of the subject: budget spent")
				s.x.Received.More, s.x.Sent.More = true, true
				break read
			}
			if err != nil {
				return err
			}
			if seen[tx.ID] {
				continue
			}
			if len(txs) >= s.Txs {
				s.pass.Partial("history of the subject: more transactions than the bound")
				s.x.Received.More, s.x.Sent.More = true, true
				break read
			}
			seen[tx.ID] = true
			txs = append(txs, tx)
		}
	}
	if len(txs) == 0 {
		return heuristics.ErrSkip
	}
	slices.SortStableFunc(txs, func(a, b *model.Tx) int { return a.Block.Compare(b.Block) })
	s.x.Last = txs[len(txs)-1].Block
	for _, tx := range txs {
		s.history(tx)
	}
	ps, held, err := s.Holders.Parties(ctx, s.pass, s.x.Last, []model.Address{a})
	if err != nil {
		return err
	}
	s.x.Holder, s.x.Held = ps[0], held[0]
	return nil
}

// history sorts a transaction of the subject: what it signed pays it change.
func (s *search) history(tx *model.Tx) {
	signed := !tx.Coinbase() && slices.ContainsFunc(tx.Inputs, func(in model.Input) bool {
		return in.OwnerBy != model.OwnerUnknown && s.own[in.Owner]
	})
	r := receipt{tx: tx}
	for i := range tx.Outputs {
		if s.own[tx.Outputs[i].Owner] && tx.Outputs[i].Value > 0 {
			r.vouts = append(r.vouts, i)
			s.seed(tx, i)
		}
	}
	switch {
	case len(r.vouts) == 0:
	case !signed:
		s.receipts = append(s.receipts, r)
		for _, i := range r.vouts {
			s.had += tx.Outputs[i].Value
		}
	default:
		s.gained(tx, r.vouts)
	}
}

// gained notes what a transaction that the subject signed paid it beyond what it
// spent.
func (s *search) gained(tx *model.Tx, vouts []int) {
	var gain model.Amount
	for _, i := range vouts {
		gain += tx.Outputs[i].Value
	}
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.ValueKnown && in.OwnerBy != model.OwnerUnknown && s.own[in.Owner] {
			gain -= in.Value
		}
	}
	if gain > 0 {
		s.x.Gained += gain
		s.x.Joint++
		s.had += gain
	}
}

// received asks where each receipt comes from.
func (s *search) received(ctx context.Context) error {
	side := &s.x.Received
	side.Policies = s.policies
	t := &table{Side: side, at: map[rowKey]int{}}
	spent := false
	for _, r := range s.receipts {
		var d *division
		if !spent {
			o, err := taint.FromTx(ctx, s.pass, r.tx.ID, 1<<10)
			switch {
			case errors.Is(err, heuristics.ErrEvaluationBudget):
				s.pass.Partial("origin of what the subject received: budget spent")
				spent = true
			case err != nil:
				return err
			default:
				d = s.divide(t, o)
			}
		}
		if spent {
			side.Beyond++
		}
		for _, i := range r.vouts {
			v := r.tx.Outputs[i].Value
			side.Value += v
			side.Coins++
			at := Place{Out: r.tx.Outpoint(i), Address: r.tx.Outputs[i].Owner, Block: r.tx.Block}
			if spent {
				row := t.row(taint.Party{Why: taint.NoBudget}, WithParty)
				for k := range s.policies {
					t.add(row, k, 0, v, at)
				}
				continue
			}
			d.book(t, i, v, at)
		}
		if d != nil {
			side.Capped += d.Capped
			if !d.Exact {
				side.Inexact++
			}
		}
	}
	t.settle()
	side.Values = make([]model.Amount, len(s.policies))
	for k := range side.Values {
		side.Values[k] = side.Value
	}
	return nil
}

// division is where the coins of one transaction come from, divided once for all
// of its outputs.
type division struct {
	*taint.Origins
	rows  []int         // by origin
	parts []taint.Parts // by policy; none of Poison
	near  []nearest     // each row once
}

// nearest is a row with the least distance of its origins.
type nearest struct{ row, hops int }

func (s *search) divide(t *table, o *taint.Origins) *division {
	d := &division{Origins: o, parts: make([]taint.Parts, len(s.policies))}
	at := map[int]int{}
	for i := range o.List {
		row, hops := t.row(o.List[i].Party, WithParty), o.List[i].Hops
		d.rows = append(d.rows, row)
		if k, seen := at[row]; seen {
			d.near[k].hops = min(d.near[k].hops, hops)
			continue
		}
		at[row] = len(d.near)
		d.near = append(d.near, nearest{row, hops})
		t.Rows[row].Several = t.Rows[row].Several || o.Several
	}
	for k, p := range s.policies {
		d.parts[k], _ = o.Parts(p)
	}
	return d
}

// book books where one output comes from.
func (d *division) book(t *table, vout int, v model.Amount, at Place) {
	for k, p := range t.Policies {
		if p == taint.Poison {
			for _, n := range d.near {
				t.add(n.row, k, n.hops, v, at)
			}
			continue
		}
		if vout >= d.parts[k].Outputs() {
			continue
		}
		for _, seg := range d.parts[k].Output(vout) {
			i := int(seg.Colour&^taint.UnknownBit) - 1
			if i < 0 { // lost to the bound on segments
				t.add(t.row(taint.Party{Why: taint.NoColours}, WithParty), k, 0, seg.Value, at)
				continue
			}
			t.add(d.rows[i], k, d.List[i].Hops, seg.Value, at)
		}
	}
}

// sent follows all coins that the subject had.
func (s *search) sent(ctx context.Context) error {
	side := &s.x.Sent
	side.Policies, side.Coins = s.policies, len(s.seeds)
	side.Values = make([]model.Amount, len(s.policies))
	t := &table{Side: side, at: map[rowKey]int{}}
	if len(s.seeds) == 0 {
		return nil
	}
	if !s.pass.Can(sources.Spends) {
		side.Value = s.had
		s.untold(t, taint.NoSources)
		return nil
	}
	b := boundary{s: s, ctx: ctx, known: map[model.TxID][]stop{}}
	var rules []taint.Rules
	for _, p := range s.policies {
		rules = append(rules, taint.Rules{Policy: p})
	}
	flow, err := taint.Forward(ctx, s.pass, s.seeds, rules, taint.Boundary{Stops: b.stops}, taint.Limits{Hops: s.Hops + 1, Txs: s.Follow + len(s.seeds), Spends: s.Spends + len(s.seeds)})
	switch {
	case b.err != nil:
		return b.err
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		s.pass.Partial("where the subject's coins went: budget spent")
		side.Value = s.had
		s.untold(t, taint.NoBudget)
		return nil
	case err != nil:
		return err
	}
	if flow.Cut {
		s.pass.Partial("where the subject's coins went: budget spent")
	}
	for k := range flow.Traces {
		tr := &flow.Traces[k]
		side.Capped += tr.Capped
		for _, a := range tr.Accounts {
			if a.Colour == colour {
				side.Values[k] = a.Seeded
			}
		}
		for j := range tr.Arrivals {
			if a := &tr.Arrivals[j]; a.Colour == colour {
				s.arrived(t, &b, k, a, tr.Open[j])
			}
		}
	}
	side.Value = side.Values[0]
	if joint(s.pass, flow.Txs) {
		for i := range t.Rows {
			t.Rows[i].Several = true
		}
	}
	t.settle()
	return nil
}

// joint reports whether several parties signed one of the transactions that spend
// what another of them pays.
func joint(p *heuristics.Pass, txs []*model.Tx) bool {
	paying := map[model.TxID]bool{}
	for _, tx := range txs {
		paying[tx.ID] = true
	}
	spends := func(in model.Input) bool { return paying[in.Prev.Tx] }
	return slices.ContainsFunc(txs, func(tx *model.Tx) bool {
		return slices.ContainsFunc(tx.Inputs, spends) && taint.Several(p, tx)
	})
}

// untold says of everything that nothing is known.
func (s *search) untold(t *table, why taint.Reason) {
	row := t.row(taint.Party{Why: why}, WithParty)
	for k := range s.policies {
		t.Values[k] = s.had
		t.add(row, k, 0, s.had, Place{Out: s.seeds[0].Out, Block: s.x.Last})
	}
	t.settle()
}

// arrived books one end of the way.
func (s *search) arrived(t *table, b *boundary, policy int, a *taint.Arrival, open taint.Reason) {
	hops := max(a.Hops-1, 0) // the spending transaction is direct
	at := Place{Out: a.Out, Address: a.Owner, Block: a.Block}
	party, rest := taint.Party{}, WithParty
	switch a.End {
	case taint.Held:
		switch {
		case a.Hops == 0 && (open == taint.None || open == taint.NoHops):
			rest = AtSubject
		case open == taint.None:
			rest = Unspent
		default:
			party.Why = open
		}
	case taint.Service:
		party = b.known[a.Out.Tx][a.Out.Vout].party
	case taint.Mix:
		party.Kind = taint.Mixed
	case taint.Fee:
		rest = InFees
	case taint.Burned:
		rest = Destroyed
	case taint.Lost:
		party.Why = taint.NoValue
	default:
		party.Why = taint.NoBudget
	}
	t.add(t.row(party, rest), policy, hops, a.Amount, at)
}

// boundary asks who holds outputs, once for each transaction.
type boundary struct {
	s     *search
	ctx   context.Context
	known map[model.TxID][]stop
	err   error
}

type stop struct {
	party taint.Party
	yes   bool
}

// stops reports whether somebody is known to hold an output who is not the
// subject.
func (b *boundary) stops(tx *model.Tx, vout int) bool {
	if b.s.own[tx.Outputs[vout].Owner] {
		return false
	}
	ss, ok := b.known[tx.ID]
	if !ok {
		ss = make([]stop, len(tx.Outputs))
		b.known[tx.ID] = ss
		if b.err != nil {
			return false
		}
		as := make([]model.Address, len(tx.Outputs))
		for i := range as {
			as[i] = tx.Outputs[i].Owner
		}
		ps, held, err := b.s.Holders.Parties(b.ctx, b.s.pass, tx.Block, as)
		if err != nil {
			b.err = err
			return false
		}
		for i := range ss {
			ss[i] = stop{ps[i], held[i]}
		}
	}
	return ss[vout].yes
}
