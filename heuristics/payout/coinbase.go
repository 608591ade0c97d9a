package payout

import (
	"context"
	"errors"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/model"
)

// coinbase judges a generation transaction: whether it pays members, or one
// finder, or only the pool. An output that nobody lists may be the pool's own,
// so one alone says nothing, a few that hold much each say little, and outputs of
// one cluster count as one.
func (r *rule) coinbase(ctx context.Context, p *heuristics.Pass, tx *model.Tx) (*Candidacy, error) {
	f := measure(tx, &r.p)
	if f.outputs < 2 {
		return nil, heuristics.ErrSkip
	}
	c := &Candidacy{Tx: tx.ID, fan: f, cap: capAt(p.Network(), tx.Block, &r.p)}
	a, err := pool.Of(ctx, p, tx.ID)
	switch {
	case errors.Is(err, heuristics.ErrSkip):
	case err != nil:
		return nil, err
	default:
		c.Payer = r.mined(a)
		c.more.tagged = a
	}
	x := cluster.Of(p)
	s := r.sorter(x, tx)
	for _, fl := range r.p.Floors {
		if c.Payer.Pool != "" && model.SameEntity(fl.Entity, c.Payer.Pool) {
			s.floor = fl.Amount
		}
	}
	c.Receipts = make([]Receipt, len(tx.Outputs))
	payees := map[model.Address]*payee{}
	ids, at, placed := indexOf(p, r).payerIn(&c.Payer, tx)
	var listed model.Amount
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		rc := s.class(o)
		switch rc.Class {
		case Member, Service:
			root := x.Root(o.Owner)
			if payees[root] == nil {
				payees[root] = &payee{}
			}
			payees[root].add(o.Value)
			payees[root].returning = payees[root].returning || placed && indexOf(p, r).returning(ids, o.Owner, at)
		case Internal:
			// Who keeps the fee is said by the label, which must be known to
			// hold.
			if rc.undated {
				break
			}
			if sum, ok := listed.Add(o.Value); ok {
				listed = sum
			}
			if rc.label >= 0 && s.labels[rc.label].Confidence > c.more.listed.Confidence {
				c.more.listed = s.labels[rc.label]
			}
		}
		c.Receipts[i] = rc
	}
	c.more.labels = s.labels
	var ev []model.Evidence
	switch n := len(payees); {
	case n >= 2:
		c.Shape = Coinbase
		c.more.listed = model.Label{}
		pt, most := parties{all: n}, r.p.mostOf(f.total)
		for _, q := range payees {
			if q.paid <= most {
				pt.small++
			}
			if q.returning {
				pt.returning++
			}
		}
		c.more.habits = habits{known: placed, payees: pt.all, returning: pt.returning}
		ev = r.coinbaseEvidence(tx, c, pt)
	case n == 1 && listed > 0 && c.more.share(listed, f.total) < r.p.SoloFeeMax:
		c.Shape = Solo
		c.more.solo = listed
		if c.Payer.Pool == "" && !c.Payer.Conflict() {
			l := c.more.listed
			c.Payer = Payer{Pool: l.Entity, Names: []string{l.Entity}, Confidence: l.Confidence, Via: "label", Labels: []model.Label{l}}
		}
		ev = r.soloEvidence(tx, c)
	default:
		return nil, heuristics.ErrSkip
	}
	c.Evidence = ev
	r.score(c)
	return c, nil
}

// payee is who is paid by outputs of one cluster.
type payee struct {
	paid      model.Amount
	returning bool // the pool paid one of the addresses before
}

func (q *payee) add(v model.Amount) {
	if sum, ok := q.paid.Add(v); ok {
		q.paid = sum
	}
}

// mostOf is the most that a payee of a coinbase may have to count as one of many.
func (p *Params) mostOf(total model.Amount) model.Amount {
	most, _ := total.Share(int64(p.PayeeMax), 100)
	return most
}

// parties counts whom a coinbase pays.
type parties struct{ all, small, returning int }
