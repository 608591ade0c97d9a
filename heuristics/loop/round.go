package loop

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/model"
)

// paidIn is one deposit as a round counts it.
type paidIn struct {
	deposit.Deposit
	block model.BlockRef
	tx    *model.Tx
	at    int64
	net   model.Amount // less what came back of it
	value int64        // of net, in what the field counts
	// unvalued is true where the price at its time is unknown.
	unvalued bool
	// seed is the confidence that the payee is the service by a label from
	// outside; way is what the inference of the payee, and the way of the coins
	// from the payer, leave of the rest.
	seed, way model.Probability
	label     model.Label // that the payee rests on
	returns   []deposit.Return
}

// Round is what one actor paid to one service without a longer pause.
type Round struct {
	Deposits []model.Outpoint
	Start    model.BlockRef // of the first deposit
	End      model.BlockRef // of the last
	Gross    model.Amount
	Returned model.Amount // to the payer, or as idle funds, each payment counted once
	ins      []*paidIn
	number   int // from 1, among those of the actor and the service
	window   window
	seed     model.Probability
	way      model.Probability
	unvalued bool // its amount in currency is unknown
}

// Net is what stayed with the service.
func (r *Round) Net() model.Amount { return r.Gross - r.Returned }

// party is an actor with a service: a search of its own.
type party struct {
	actor, service string // as first spelled
	category       model.Category
	ins            []*paidIn
}

// gathering is what a run gives to the search.
type gathering struct {
	parties []*party
	known   map[string]*party
	// taken are the addresses that actors paid to services, by entity, and
	// strangers the transactions by which others paid
	// such addresses.
	taken     map[model.Address][]*paidIn
	strangers map[model.Address][]model.TxID
	left      int // deposits left out by the caller
}

// gather reads the deposits of the run.
func (r *rule) gather(ctx context.Context, t *heuristics.Totals) (*gathering, error) {
	g := &gathering{known: map[string]*party{}, taken: map[model.Address][]*paidIn{}, strangers: map[model.Address][]model.TxID{}}
	var all []*paidIn
	var ids []model.TxID
	for ref, ds := range heuristics.Results[[]deposit.Deposit](t, deposit.Heuristic) {
		id, _ := ref.Tx()
		for _, d := range ds {
			switch {
			case !d.Attributed():
				g.strangers[d.Address] = append(g.strangers[d.Address], id)
				continue
			case d.Payee.Category != model.HashMarketplace && d.Payee.Category != model.CloudMining:
				continue
			case slices.Contains(r.LeaveOut, id):
				g.left++
				continue
			}
			all, ids = append(all, &paidIn{Deposit: d}), append(ids, id)
		}
	}
	txs, err := t.Txs(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i, in := range all {
		if txs[i] == nil {
			t.Note("deposit of which the transaction is not known, left out of rounds", 1)
			continue
		}
		in.tx, in.block = txs[i], txs[i].Block
		when, ok := clock(in.block)
		if !ok {
			t.Note("deposit at an unknown time, left out of rounds", 1)
			continue
		}
		in.at, in.net = when, in.Amount
		in.trust(t)
		g.taken[in.Address] = append(g.taken[in.Address], in)
		g.party(in).ins = append(g.party(in).ins, in)
	}
	for _, p := range g.parties {
		slices.SortStableFunc(p.ins, func(a, b *paidIn) int { return cmp.Compare(a.at, b.at) })
		p.net()
	}
	slices.SortStableFunc(g.parties, func(a, b *party) int {
		return cmp.Or(cmp.Compare(model.EntityKey(a.actor), model.EntityKey(b.actor)), cmp.Compare(model.EntityKey(a.service), model.EntityKey(b.service)))
	})
	return g, nil
}

func (g *gathering) party(in *paidIn) *party {
	key := fmt.Sprintf("%q %q %q", model.EntityKey(in.Payer.Entity), model.EntityKey(in.Payee.Entity), in.Payee.Category)
	p, ok := g.known[key]
	if !ok {
		p = &party{actor: in.Payer.Entity, service: in.Payee.Entity, category: in.Payee.Category}
		g.parties, g.known[key] = append(g.parties, p), p
	}
	return p
}

// trust splits the confidence of a deposit into that of the label which it rests on
// and what is inferred from there. Who the payer is does not count: what is paid
// must be one party's, whoever that is.
func (in *paidIn) trust(t *heuristics.Totals) {
	in.label, in.seed, in.way = in.Payee, in.Payee.Confidence, model.Certain
	if inf, ok := depaddr.Of(t).Inferred(in.Address); ok && in.Inferred() {
		in.label, in.seed = inf.Seed, inf.Seed.Confidence
		in.way = share(in.Payee.Confidence, in.seed)
	}
	in.way = in.way.Times(share(in.Confidence, in.Payer.Label.Confidence))
}

// share returns a as a part of b, at most all.
func share(a, b model.Probability) model.Probability {
	if a >= b || b == 0 {
		return model.Certain
	}
	return model.Probability(uint64(a) * uint64(model.Certain) / uint64(b))
}

// net takes from the deposits what came back, each payment once: a return of idle
// funds from the one deposit that it fits, a withdrawal from the latest deposits
// before it.
func (p *party) net() {
	done := map[model.Outpoint]bool{}
	for _, idle := range []bool{true, false} {
		for i := len(p.ins) - 1; i >= 0; i-- {
			for _, r := range p.ins[i].Returns {
				if done[r.Out] || idle && r.Fits != 1 || !idle && !r.ToPayer {
					continue
				}
				done[r.Out] = true
				p.ins[i].returns = append(p.ins[i].returns, r)
				rest := r.Amount
				for k := i; k >= 0 && rest > 0; k-- {
					part := min(rest, p.ins[k].net)
					p.ins[k].net -= part
					rest -= part
				}
			}
		}
	}
}

// rounds groups the deposits of a party; what came back whole makes none, and is
// no part of the time of one.
func (r *rule) rounds(t *heuristics.Totals, p *party) []*Round {
	var out []*Round
	var cur *Round
	n := 0
	for i, in := range p.ins {
		if i == 0 || in.at-p.ins[i-1].at >= secs(r.RoundGap) {
			n++
			cur = &Round{Start: in.block, number: n, seed: in.seed, way: model.Certain}
			cur.window = window{start: in.at, end: in.at, cloud: p.category == model.CloudMining}
			out = append(out, cur)
		}
		cur.ins = append(cur.ins, in)
		cur.Deposits = append(cur.Deposits, in.Out)
		cur.End = in.block
		if in.net > 0 {
			if cur.window.orders == 0 {
				cur.window.start = in.at
			}
			cur.window.end = in.at
			cur.window.orders++
		}
		cur.window.paid += in.value
		cur.unvalued = cur.unvalued || in.unvalued
		cur.Gross += in.Amount
		cur.Returned += in.Amount - in.net
		cur.seed, cur.way = min(cur.seed, in.seed), min(cur.way, in.way)
	}
	return slices.DeleteFunc(out, func(x *Round) bool {
		if x.unvalued {
			if t != nil {
				t.Note(fmt.Sprintf("round of deposits to %s with one whose price is unknown, left out", p.service), 1)
			}
			return true
		}
		if x.Net() >= r.MinSat && x.window.paid > 0 {
			return false
		}
		if t != nil {
			t.Note(fmt.Sprintf("round of deposits to %s of which nothing is left after returns", p.service), 1)
		}
		return true
	})
}

// withdrawn reports whether the service paid back so much of a round that it
// speaks against hash power having been bought.
func (r *rule) withdrawn(x *Round) bool {
	part, ok := x.Gross.Share(int64(r.WithdrawnShare), int64(model.Certain))
	return ok && x.Returned >= part && x.Returned > 0
}
