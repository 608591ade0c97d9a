package payout

import (
	"context"
	"errors"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Candidate recognises payouts by what came before them, with the default
// parameters. It reports nothing; its result is a [*Candidacy].
var Candidate = NewCandidate(DefaultParams())

const candidateDoc = `recognition of mining pool payouts

A transaction is a candidate if it has the outputs of a payout and its money comes from a pool: a label names an input's
cluster as a pool's payer; or at least half of the coins are freshly mined, four fifths of those by one pool; or it spends
the largest output of a candidate, in as many outputs (a chain, at most 30 links). It needs 31 outputs that hold a value,
or 5 where a label names the payer; a median output below 2 coins and 16 percent of the subsidy; at most 30 percent of
round values and no custodian's label on the payer, unless the payer pays members by its label or at least 30 percent of
the payees were paid by it before; and it must not be collaborative, by its shape or by signatures that leave part of it to
others. Token traffic is left out. A pool that cuts its funds into equal pieces on its own addresses makes no payout. A
coinbase that pays two or more whom nobody lists as a pool's is a candidate; it is accepted where it pays ten or more at
most a tenth each, or five or more and three tenths of the payees were paid so before by the same pool. One beside a small
fee to a listed address is a solo finder's. Labels name a payer only where they are known to hold at the time.

The score adds log likelihood ratios to a prior of 0.05. It is wrong where a label is; where an unlabelled exchange or an
employer pays with freshly mined coins of one pool; and where a large miner splits a payout among many others. Pools that
pay with bought coins and have no label are missed.

References: Romiti et al. 2019 (31 outputs, 2 coins, 30 links); the other numbers are chosen.`

// NewCandidate returns the heuristic with the given parameters.
func NewCandidate(params Params) *heuristics.Heuristic {
	r := &rule{p: params}
	h := &heuristics.Heuristic{
		Name:     "payout.candidate",
		Doc:      candidateDoc,
		Version:  1,
		Subjects: []model.RefKind{model.KindTx},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, pool.Heuristic, fresh.Heuristic},
		Select:   filters(&params),
		Params:   params.Parameters(),
		Horizon:  heuristics.Past,
		MaxHops:  MaxHops,
		Index:    r.index,
		Run:      r.run,
	}
	r.self = h
	return h
}

// filters let through what can be a payout at all.
func filters(p *Params) []model.Filter {
	return []model.Filter{{Coinbase: true}, {MinOutputs: min(p.MinOutputs, p.MinLabelled)}}
}

// rule is an instance.
type rule struct {
	p    Params
	self *heuristics.Heuristic
}

// weight is a log likelihood ratio, if the labels are true and with their doubt.
type weight struct{ given, discounted model.MicroNats }

// notes are what a finding says beyond the score.
type notes struct {
	labels     []model.Label // that receipts rest on
	habits     habits
	verdict    *shape.Verdict // where it is not plainly ordinary
	custodian  model.Label    // of the payer, the best; zero where there is none
	exempt     string         // why a custodian or round values do not exclude it
	solo       model.Amount   // fee of a solo finder's block
	listed     model.Label    // that names the fee's address
	senders    []int32        // inputs whose address a label names
	mined      fresh.PoolShare
	hasMined   bool
	tagged     *pool.Attribution
	apart      bool           // labels name different parties for addresses that it spends
	undated    int            // labels of the payer that hold for a time, where that of the block is unknown
	received   model.Outpoint // a member's receipt of a payout that it spends
	noParent   bool           // the hops for the link before were spent
	cutFresh   bool           // the budget ended the search for fresh coins
	cutChain   bool           // and for the link before
	unlabelled bool           // no label names the payer
}

func (r *rule) run(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	var c *Candidacy
	if tx.Coinbase() {
		c, err = r.coinbase(ctx, p, tx)
	} else {
		c, err = r.fanout(ctx, p, tx)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// fanout judges a transaction that is no coinbase.
func (r *rule) fanout(ctx context.Context, p *heuristics.Pass, tx *model.Tx) (*Candidacy, error) {
	x, past := cluster.Of(p), indexOf(p, r)
	// Most transactions end here, so this takes no memory.
	n := payables(tx)
	if n < min(r.p.MinLabelled, r.p.MinOutputs) {
		return nil, heuristics.ErrSkip
	}
	if n < r.p.MinOutputs {
		if _, listed := past.payers(x, tx, false); !listed {
			return nil, heuristics.ErrSkip
		}
	}
	from := senderOf(x, tx, &r.p)
	p.Note("labels of payers not counted: they hold for a time, and that of the block is unknown", from.undated)
	labelled := len(from.Names) > 0
	if n < r.least(labelled) {
		return nil, heuristics.ErrSkip
	}
	f := measure(tx, &r.p)
	c := &Candidacy{Tx: tx.ID, fan: f, cap: capAt(p.Network(), tx.Block, &r.p)}
	split := splits(tx, &f, &r.p)
	if !split && !c.cap.holds(&f) {
		return nil, heuristics.ErrSkip
	}
	if tokens(tx) {
		p.Note("fan-outs that carry a runestone or an inscription", 1)
		return nil, heuristics.ErrSkip
	}
	// Nobody can say that who pays chose who is paid.
	if tx.SignedInParts() {
		p.Note("fan-outs whose signatures leave part of them to others", 1)
		return nil, heuristics.ErrSkip
	}
	verdict, err := shape.Of(ctx, p, tx.ID)
	if err != nil {
		return nil, err
	}
	if collaborative(verdict, labelled) {
		p.Note("fan-outs that may be collaborative", 1)
		return nil, heuristics.ErrSkip
	}
	if verdict.Kind != shape.None {
		c.more.verdict = verdict
	}
	if skip, ok := cluster.Of(p).Skipped(tx.ID); ok && skip.Reason == cluster.LabelConflict {
		c.more.apart = true
	}
	c.more.undated = from.undated
	if err := r.origin(ctx, p, tx, c); err != nil || c.Invalid != nil {
		return c, err
	}
	if err := r.provenance(ctx, p, tx, c, from); err != nil {
		return nil, err
	}
	s := r.sorter(x, tx)
	c.more.unlabelled = !labelled
	c.more.habits = past.habits(x, tx, &f, s.own, &r.p)
	if !split && !r.ordinary(c, from) {
		p.Note("fan-outs of pools that look like a custodian's batch", 1)
		return nil, heuristics.ErrSkip
	}
	c.Receipts = make([]Receipt, len(tx.Outputs))
	payees := 0
	for i := range tx.Outputs {
		rc := s.class(&tx.Outputs[i])
		if rc.Class == Member || rc.Class == Service || rc.Class == Small {
			payees++
		}
		c.Receipts[i] = rc
	}
	// One output may be change; the others must pay somebody.
	if !split && payees < r.least(labelled)-1 {
		p.Note("fan-outs of pools to themselves", 1)
		return nil, heuristics.ErrSkip
	}
	r.change(tx, c, split)
	c.more.labels = s.labels
	switch {
	case split:
		c.Shape = Split
	case c.Shape == Chain:
	case c.more.custodian.Category != "":
		c.Shape = Custody
	default:
		c.Shape = Fanout
	}
	c.Evidence = r.evidence(p.Network(), tx, c, from)
	r.score(c)
	return c, nil
}

// least is the number of outputs that a payout needs.
func (r *rule) least(labelled bool) int {
	if labelled {
		return r.p.MinLabelled
	}
	return r.p.MinOutputs
}

// collaborative reports whether a shape excludes a payout: a mix of a known
// protocol always, a shape that only may be one where no label names the payer.
func collaborative(v *shape.Verdict, labelled bool) bool {
	switch v.Kind {
	case shape.Whirlpool, shape.Wasabi1, shape.Wasabi2:
		return true
	}
	return v.SkipUnion && !labelled
}

// origin asks how much of the coins is freshly mined. A transaction that spends
// a coinbase before its time cannot exist; it is judged no further, but that is
// no failure here, because others ask about what descends from it.
func (r *rule) origin(ctx context.Context, p *heuristics.Pass, tx *model.Tx, c *Candidacy) error {
	share, err := fresh.Of(ctx, p, tx.ID, fresh.MaxHops)
	switch {
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		p.Partial("origin of a payout's coins: budget spent")
		c.more.cutFresh = true
		return nil
	case err != nil:
		return err
	}
	c.Fresh = share
	if n := share.Immature; n > 0 {
		*c = Candidacy{Tx: tx.ID, Fresh: share, Invalid: &sources.Error{Source: "payout", Op: "Txs", Key: tx.ID.String(),
			Err: fmt.Errorf("%w: %d inputs spend coinbase outputs less than %d blocks deep", sources.ErrMalformed, n, fresh.Maturity)}}
		return nil
	}
	c.more.mined, c.more.hasMined = share.Main()
	return nil
}

// provenance finds out whether a pool pays, by labels, by coins or by the link
// of a chain before, and gives up where none of them says so.
func (r *rule) provenance(ctx context.Context, p *heuristics.Pass, tx *model.Tx, c *Candidacy, from sender) error {
	labelled := len(from.Names) > 0
	if labelled {
		c.Payer = from.Payer
		if from.doubt > 0 {
			c.more.custodian = from.custodian
		}
		named := map[model.Ref]bool{}
		for i := range from.Labels {
			if from.Labels[i].Category == model.MiningPool {
				named[from.Labels[i].On] = true
			}
		}
		for i := range tx.Inputs {
			if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && named[model.RefAddress(in.Owner)] {
				c.more.senders = append(c.more.senders, int32(i))
			}
		}
		return nil
	}
	if c.Fresh != nil && fresh.AtLeast(c.Fresh.Coinbase, r.p.FreshMin) && c.more.hasMined &&
		uint64(c.more.mined.Share)*100 >= uint64(c.Fresh.Coinbase)*uint64(r.p.OnePoolMin) {
		c.Payer = Payer{Pool: model.EntityName(c.more.mined.Entity), Names: []string{model.EntityName(c.more.mined.Entity)}, Confidence: c.more.mined.Confidence, Via: "coins"}
	}
	parent, err := r.before(ctx, p, tx, c)
	switch {
	case err != nil:
		return err
	case parent != nil:
		c.more.received = model.Outpoint{}
		c.Shape, c.Parent, c.Links = Chain, parent.Tx, parent.Links+1
		c.carry = weight{max(0, parent.carry.given+r.p.Weights.PerLink), max(0, parent.carry.discounted+r.p.Weights.PerLink)}
		if c.Payer.Via == "" {
			c.Payer = parent.Payer
			c.Payer.Via = "chain"
		}
	case c.Payer.Via == "" && from.payout && from.doubt > 0:
		// A custodian whose label says that it pays a pool's members.
		c.Payer = Payer{Confidence: from.doubt, Via: "label", Labels: from.Labels}
	case c.Payer.Via == "":
		if c.Fresh == nil || c.Fresh.Unknown > 0 {
			p.Note("fan-outs of unlabelled payers whose coins could not all be traced", 1)
		}
		return heuristics.ErrSkip
	}
	if from.doubt > 0 {
		c.more.custodian = from.custodian
		c.Payer.Labels = append(c.Payer.Labels[:len(c.Payer.Labels):len(c.Payer.Labels)], from.Labels...)
	}
	return nil
}

// before returns the candidate whose chain the transaction continues: one whose
// largest output it spends, and that has as many outputs. Nil means none. Where
// only the coins speak for a pool, it also notes if they are a member's receipts.
func (r *rule) before(ctx context.Context, p *heuristics.Pass, tx *model.Tx, c *Candidacy) (*Candidacy, error) {
	if p.Hops == 0 {
		c.more.noParent = true
		return nil, nil
	}
	var ids []model.TxID
	var vouts []uint32
	for i := range tx.Inputs {
		if len(ids) == r.p.ChainParents {
			break
		}
		ids = append(ids, tx.Inputs[i].Prev.Tx)
		vouts = append(vouts, tx.Inputs[i].Prev.Vout)
	}
	txs, err := p.Txs(ctx, ids...)
	if errors.Is(err, heuristics.ErrEvaluationBudget) {
		p.Partial("link of a chain before: budget spent")
		c.more.cutChain = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for i, prev := range txs {
		if prev == nil || prev.Coinbase() {
			continue
		}
		n := measure(prev, &r.p).outputs
		link := uint64(vouts[i]) == uint64(largest(prev)) && n == c.fan.outputs
		if !link && (c.Payer.Via != "coins" || n < r.least(true)) {
			continue
		}
		parent, err := heuristics.Ask[*Candidacy](ctx, p, r.self, model.RefTx(prev.ID), p.Hops-1)
		switch {
		case errors.Is(err, heuristics.ErrSkip):
			continue
		case errors.Is(err, heuristics.ErrEvaluationBudget):
			p.Partial("link of a chain before: budget spent")
			c.more.cutChain = true
			return nil, nil
		case err != nil:
			return nil, err
		}
		if parent.Invalid != nil {
			continue
		}
		if link && parent.Shape != Split {
			return parent, nil
		}
		if ok, _, _ := parent.MemberReceipt(vouts[i]); ok && c.more.received == (model.Outpoint{}) {
			c.more.received = model.Outpoint{Tx: prev.ID, Vout: vouts[i]}
		}
	}
	return nil, nil
}

// ordinary applies the test against custodians' batches, and says why it does
// not count where it does not.
func (r *rule) ordinary(c *Candidacy, from sender) bool {
	custodian := from.doubt >= r.p.ServiceMin
	round := c.fan.over(c.fan.round, r.p.RoundMax)
	if !custodian && !round {
		return true
	}
	switch h := &c.more.habits; {
	case from.payout:
		c.more.exempt = "a label says that the payer pays a pool's members"
	case h.payees > 0 && h.returning*100 >= h.payees*r.p.ReturningMin:
		c.more.exempt = fmt.Sprintf("%d of %d payees were paid by the payer before", h.returning, h.payees)
	}
	return c.more.exempt != ""
}

func (r *rule) sorter(x *cluster.Index, tx *model.Tx) *sorter {
	s := &sorter{p: &r.p, x: x, roots: map[model.Address]bool{}, owners: map[model.Address]bool{}, at: tx.Block, kept: map[*model.Label]int32{},
		clusters: map[model.Address][labelKinds]*model.Label{}}
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner.Ownable() {
			s.owners[in.Owner] = true
			s.roots[x.Root(in.Owner)] = true
		}
	}
	return s
}

// change marks the outputs that the pool may keep: the pieces of a split, the
// largest output of a chain's link, or one that is large by far.
func (r *rule) change(tx *model.Tx, c *Candidacy, split bool) {
	if split {
		for i := range c.Receipts {
			if rc := &c.Receipts[i]; rc.Class == Member {
				rc.Class, rc.why = InternalMaybe, isPiece
			}
		}
		return
	}
	rc := &c.Receipts[c.fan.largest]
	switch {
	case rc.Class != Member:
	case c.Shape == Chain:
		rc.Class, rc.why = InternalMaybe, isChainEnd
	case c.more.share(tx.Outputs[c.fan.largest].Value, c.fan.total) >= r.p.ChangeMin:
		rc.Class, rc.why = InternalMaybe, isChange
	}
}

// share returns a part of a total in whole percent, rounded down.
func (notes) share(part, total model.Amount) int {
	p, ok := part.Share(100, int64(max(total, 1)))
	if !ok {
		return 0
	}
	return int(p)
}

func (r *rule) score(c *Candidacy) {
	c.Score = model.Combine(r.p.Prior, priorOf, c.Evidence, 0, "")
	c.Accepted = c.Score.Probability >= r.p.Accept && c.Shape != Split
}

const priorOf = "a transaction of the required fan-out that is not collaborative is a pool's payout"

func indexOf(p *heuristics.Pass, r *rule) *history { return heuristics.IndexOf[*history](p, r.self) }
