package beneficiary

import (
	"context"
	"errors"
	"math"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
)

// Heuristic groups payouts by beneficiary with the default parameters.
var Heuristic = New(DefaultParams())

// FindingKind is the kind of its findings.
const FindingKind = "beneficiary"

const doc = `who payouts of mining pools go to

The receipts of accepted payouts, those in generation transactions too, are grouped into beneficiaries. Receipts of one
script are one beneficiary's. Addresses are joined where the weights of the edges between two of them reach 5 nats: one
cluster of addresses that sign together (+5), both forwarding at least 95 percent within 30 days to one address of no service
with at most 50 sources (+3), payouts to one stopping where those to the other start, at the same rate, with no other
address of the pool that fits (+2). Addresses that are paid in a constant ratio share a revenue, as a host and its client do:
that joins nobody. An address of a custodian is an account, one beneficiary by itself: whoever is paid there is a customer.
Nothing is joined through addresses that a pool uses, through clusters that behave like a service's, or to more than 5,000
addresses.

Payouts of rented hash power come in a train: nothing for 30 days, near-constant amounts for at most 13 days, and an end.
What was not seen passes no test. Beneficiaries are reported where a train passes, or where the scope names one of their
addresses. Amounts are normalised to the hash rate that they imply at the difficulty and the subsidy of the block.

It is wrong where two parties sign together, where a beneficiary has addresses that nothing joins, and where payouts are not
recognised. Who mines for a week at home has a train as well. Anybody can order a pool to pay an address that is not
his.

References: section 9 of the heuristics reference; Romiti et al. 2019.`

// New returns the heuristic with the parameters. Its result is an [*Index], which
// [Of] reads.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	r.self = &heuristics.Heuristic{
		Name:    "beneficiary",
		Doc:     doc,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: FindingKind, Doc: "payouts to one beneficiary, with trains as of rented hash power; wrong where addresses are joined that two parties hold"},
		},
		Subjects: []model.RefKind{model.KindTx},
		Requires: []*heuristics.Heuristic{payout.Heuristic, payout.Candidate, pool.Heuristic, cluster.Heuristic, service.Heuristic, depaddr.Heuristic},
		Select:   payout.Heuristic.Select,
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Run:      r.run,
		Finish:   r.finish,
	}
	return r.self
}

// Of returns the index of the run, for Finish of a heuristic that requires
// [Heuristic]. Programs that embed the library read it by [heuristics.Finished].
func Of(t *heuristics.Totals) *Index { return heuristics.FinishOf[*Index](t, Heuristic) }

// rule is an instance.
type rule struct {
	Params
	self *heuristics.Heuristic
}

// none stands for an address that the scope does not hold.
const none = math.MaxUint32

// columns are what one transaction adds: its receipts, and what it mints.
type columns struct {
	block    model.BlockRef
	coinbase bool
	lost     bool // a budget ended before it was judged

	// Of a coinbase that is attributed to a pool.
	miner  string
	minted model.Amount

	// Of an accepted payout.
	paid        bool
	pool        string
	given, sure model.Probability // that it is one, given the labels and with their doubt
	named       model.Probability // that the payer is the pool
	vouts       []uint32
	amounts     []model.Amount
	ids         []uint32 // in the index of clusters, or none
	service     []bool
	foreign     []model.Address // those of none, in order
	internal    []uint32        // clusters of the payer and of what the pool keeps
}

// Size returns about how many bytes the result holds.
func (c *columns) Size() int {
	return 256 + 17*len(c.vouts) + 36*len(c.foreign) + 4*len(c.internal)
}

func (r *rule) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	c := &columns{block: tx.Block, coinbase: tx.Coinbase()}
	found := false
	if c.coinbase {
		a, err := pool.Of(ctx, pass, tx.ID)
		switch {
		case errors.Is(err, heuristics.ErrSkip):
		case errors.Is(err, heuristics.ErrEvaluationBudget):
			return c.lose(pass), nil
		case err != nil:
			return nil, err
		case !a.Conflict:
			found = true
			c.miner = a.Entity
			for i := range tx.Outputs {
				c.minted = add(c.minted, tx.Outputs[i].Value)
			}
		}
	}
	// A candidate of impossible data is an error of the payout, said there.
	cand, err := payout.CandidateOf(ctx, pass, tx.ID, payout.MaxHops)
	switch {
	case errors.Is(err, heuristics.ErrSkip):
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		return c.lose(pass), nil
	case err != nil:
		return nil, err
	case cand.Invalid == nil && cand.Accepted:
		out, err := payout.Of(ctx, pass, tx.ID)
		if errors.Is(err, heuristics.ErrEvaluationBudget) {
			return c.lose(pass), nil
		}
		if err != nil {
			return nil, err
		}
		c.fill(cluster.Of(pass), tx, out)
		found = found || c.paid
	}
	if !found {
		return nil, heuristics.ErrSkip
	}
	return c, nil
}

// lose marks a transaction as one that could not be judged.
func (c *columns) lose(pass *heuristics.Pass) *columns {
	pass.Partial("whether a transaction is a payout: budget spent")
	c.lost = true
	return c
}

// fill reads the receipts of an accepted payout.
func (c *columns) fill(clusters *cluster.Index, tx *model.Tx, out *payout.Payout) {
	inside := func(a model.Address) {
		if id, ok := clusters.ID(a); ok {
			c.internal = append(c.internal, clusters.ClusterOf(id))
		}
	}
	for i := range out.Receipts {
		o := &tx.Outputs[i]
		switch out.Receipts[i].Class {
		case payout.Internal, payout.InternalMaybe:
			if o.Owner.Ownable() {
				inside(o.Owner)
			}
		case payout.Member, payout.Service:
			if o.Value <= 0 || !o.Owner.Ownable() {
				continue
			}
			id, ok := clusters.ID(o.Owner)
			if !ok || id == none {
				id = none
				c.foreign = append(c.foreign, o.Owner)
			}
			c.vouts = append(c.vouts, uint32(i))
			c.amounts = append(c.amounts, o.Value)
			c.ids = append(c.ids, id)
			c.service = append(c.service, out.Receipts[i].Class == payout.Service)
		}
	}
	if len(c.vouts) == 0 {
		c.internal = nil
		return
	}
	if !tx.Coinbase() {
		for i := range tx.Inputs {
			if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner.Ownable() {
				inside(in.Owner)
			}
		}
	}
	c.internal = compact(c.internal)
	c.paid, c.given, c.sure = true, out.Score.Given, out.Score.Probability
	if !out.Payer.Conflict() {
		c.pool, c.named = out.Payer.Pool, out.Payer.Confidence
	}
}
