// Package commingle finds mined coins and an actor's coins that come under one
// control.
//
// There are six kinds of finding, by how much they show. Three are about coins
// that somebody signed for:
//
//   - "commingling" (level C1) says that one transaction signs for both: for
//     receipts of mining, paid by a pool or by a coinbase, and for coins in an
//     actor's own wallet. It is the strongest sign that payouts are the actor's,
//     because it takes the keys of both.
//   - "commingling/cluster" (C2) says that one cluster of addresses spent both, in
//     separate transactions. It is only as good as the co-spends that join the
//     two sides, which the finding lists.
//   - "commingling/received" says that a miner was paid by the actor and spent
//     what he received together with mined coins. Receiving is not controlling:
//     a merchant who mines does just that. It weighs next to nothing, and no
//     other heuristic may build on it.
//
// Three are about coins that merely arrived:
//
//   - "commingling/receipt" (C3) says that an address received both and spent
//     nothing. Anyone can order a pool to pay this address, and anyone can pay it.
//   - "commingling/flow" (C4) says that both reached one address through a few
//     transactions, which somebody signed, but perhaps two parties who pay a third.
//   - "commingling/service" (C5) says that both went to an address of a service,
//     or to a cluster that behaves like one. Whoever runs it, an exchange or a
//     broker, holds coins for many customers.
//
// The rule is that of section 10 of the heuristics reference, with the
// corrections that practice demands. Two signatures are not one owner: a
// transaction that looks collaborative, or whose signatures leave part of it to
// others, says nothing. Receiving is not controlling: coins that merely came
// from an actor do not count for C1 and C2, only coins at an address that a label
// gives to the actor as its own. And a cluster that behaves like a service,
// labelled or not, holds coins for many, so nothing that it spends together has
// one owner.
//
// The number of a finding about who signed (C1, C2) is that one party holds the keys
// of the addresses that the claim names. Whose the addresses are, by label, and that
// a payout paid them, are statements of their own with numbers of their own; the
// least sure of those that the claim names weaken the evidence. The claim names one
// actor's coins; another's, if they matter, are told as an alternative and weaken it
// further. What a claim can do without, and is less sure, it does without. A receipt
// of mining at an address that is labelled as the actor's counts as mined where it is
// spent with other coins of the actor's.
//
// Labels of custodians prevent a finding from an even confidence on, the one from
// which package cluster believes them. Weaker ones are told as evidence against, and
// weaken it. Where the owner of an input is unknown, nobody knows who signed for it,
// and no more is said than "possible".
//
// Dust is left out everywhere: small coins, coins of a size that token wallets
// send, small payments of one value to many addresses. Addresses are compared by
// their full scripts; dust from an address that looks like an actor's is noted as
// "look-alike of ..., ignored".
//
// "commingling" and "commingling/received" come from passes about transactions, the
// others from passes about addresses: a run that sweeps the scope visits those
// where an actor's coins and a possible payout met. What they received is read from
// an index of the scope. An address that the scope does not hold, or not with all
// its past, is read from its history. A finding about a cluster is made on the
// address that stands for it, and there is none without a scope.
package commingle

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/model"
)

// Kinds of finding.
const (
	Kind         = "commingling"          // C1
	KindCluster  = "commingling/cluster"  // C2
	KindReceipt  = "commingling/receipt"  // C3
	KindFlow     = "commingling/flow"     // C4
	KindService  = "commingling/service"  // C5
	KindReceived = "commingling/received" // no level
)

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the given parameters.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	r.self = &heuristics.Heuristic{
		Name: "commingle",
		Doc: `mined coins and an actor's coins under one control

Level C1: one transaction spends at least one receipt of mining (a member's output of a
recognised payout, or a coinbase output) and at least one coin at an address that a label
gives to an actor as its own, each class material. Silent where the transaction may be
collaborative (by shape, by signature-hash type, by the shape of a payjoin), where a
custodian's label, an account's, of even confidence at least, or a service-like cluster is
among the inputs, and where
the actor's coins lie in its account at a custodian. Level C2: one cluster, for which the
same holds, spends both in separate transactions, and co-spends other than those of C1
join the two sides. Where the coins only came from the actor, to an address that is not
its own, and are spent together with mined ones, the payee received money: that is told,
and weighs almost nothing. Level C3: one address received both and spent nothing. Level
C4: what one address received is for the most part mined coins that their receiver sent
there, and an actor's, each through at most three transactions; not beyond services,
collaborative transactions and fan-outs, and not at an address that was paid by mining
itself. Level C5: both went to one address of a service, or to a cluster that behaves like one.

Coins below the floor, and small payments of one value to many addresses, are dust.

It is wrong where an unlabelled custodian is too small to show, where two parties sign
everything together (a batch service, a channel funded by two), and where a label is.
C2 is wrong where co-spends are. C4 is wrong where two parties pay a third, such as two
customers of a shop, or where a miner is paid by the actor. C3 is wrong whenever somebody has a pool pay a stranger.

References: section 10 of the heuristics reference.`,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: Kind, Doc: "one party holds the keys of mined coins and of an actor's own, as one transaction signs for both; wrong where two parties signed together"},
			{Name: KindCluster, Doc: "one party holds the keys of mined coins and of an actor's own, as one cluster spends both separately; wrong where a co-spend that joins it was two parties'"},
			{Name: KindReceipt, Doc: "one address received mined coins and an actor's, and spent nothing; says little, as anyone can have it paid"},
			{Name: KindFlow, Doc: "mined coins and an actor's reached one address through a few transactions, and little else did; wrong where two parties paid a third"},
			{Name: KindService, Doc: "mined coins and an actor's went to one service; wrong to read as one owner, as it holds coins for many"},
			{Name: KindReceived, Doc: "a miner received money from an actor and spent both together; wrong to read as control of the actor's coins"},
		},
		Subjects: []model.RefKind{model.KindTx, model.KindAddress},
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, service.Heuristic, actor.Heuristic, depaddr.Heuristic, payout.Candidate, trail.Heuristic},
		// The index goes by clusters, services and actors, to which derived labels add nothing.
		Later: []*heuristics.Heuristic{depaddr.Heuristic, payout.Candidate, trail.Heuristic},
		Select: []model.Filter{
			{NotCoinbase: true, MinInputs: 2}, {Coinbase: true}, {MinOutputs: p.FanOut},
			{NotCoinbase: true, Spends: []model.Category{model.Actor}},
		},
		Params:  p.Parameters(),
		Horizon: heuristics.Tip,
		Index:   func(ctx context.Context, s *heuristics.Scan) (any, error) { return build(ctx, s, &r.Params) },
		Run:     r.run,
	}
	return r.self
}

// rule is an instance.
type rule struct {
	Params
	self *heuristics.Heuristic
}

func (r *rule) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	x := heuristics.IndexOf[*Index](pass, r.self)
	var c *Commingling
	var err error
	if a, ok := pass.Subject.Address(); ok {
		c, err = r.address(ctx, pass, x, a)
	} else {
		c, err = r.transaction(ctx, pass, x)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}
