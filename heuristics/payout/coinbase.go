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
// so one alone says nothing, and outputs of one cluster count as one.
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
	roots := map[model.Address]bool{}
	var listed model.Amount
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		rc := s.class(o)
		switch rc.Class {
		case Member, Service:
			roots[x.Root(o.Owner)] = true
		case Internal:
			listed += o.Value
			if rc.label >= 0 && s.labels[rc.label].Confidence > c.more.listed.Confidence {
				c.more.listed = s.labels[rc.label]
			}
		}
		c.Receipts[i] = rc
	}
	c.more.labels = s.labels
	var ev []model.Evidence
	switch n := len(roots); {
	case n >= 2:
		c.Shape = Coinbase
		c.more.listed = model.Label{}
		ev = r.coinbaseEvidence(tx, c, n)
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
