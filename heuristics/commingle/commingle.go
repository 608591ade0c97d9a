// Package commingle finds mined coins and an actor's coins that come under one
// control.
//
// A finding of kind "commingling" at level C1 says that one transaction signs
// for both: for receipts of mining, paid by a pool or by a coinbase, and for coins
// in an actor's own wallet. It is the strongest sign that payouts are the
// actor's, because it takes the keys of both.
//
// The rule is that of section 10 of the heuristics reference, with the
// corrections that practice demands. Two signatures are not one owner: a
// transaction that looks collaborative, or whose signatures leave part of it to
// others, says nothing. Receiving is not controlling: coins that merely came
// from an actor do not count, only coins at an address that a label gives to the
// actor as its own. And a cluster that behaves like a service, labelled or not,
// holds coins for many, so nothing that it spends together has one owner.
package commingle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Kind is the kind of finding.
const Kind = "commingling"

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// MinSat and MinShare are what each class of coins must at least
	// contribute to the transaction; inputs below MinSat are dust and
	// belong to neither class.
	MinSat   model.Amount
	MinShare model.Probability
	// MinPayout is the least probability of a payout whose receipts count as
	// mined.
	MinPayout model.Probability
	// Ratio is the likelihood ratio of one transaction that signs for both.
	Ratio int64
	// Prior is the probability that two classes of coins under one key-set
	// in an ordinary transaction have one owner.
	Prior model.Probability
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{MinSat: 10_000, MinShare: model.Percent(1), MinPayout: model.Percent(80), Ratio: 200, Prior: model.Percent(10)}
}

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	return []model.Parameter{
		{Name: "commingle.min_sat", Value: fmt.Sprint(int64(p.MinSat)), Origin: model.Chosen},
		{Name: "commingle.min_share", Value: p.MinShare.String(), Origin: model.Chosen},
		{Name: "commingle.min_payout", Value: p.MinPayout.String(), Origin: model.Chosen},
		{Name: "commingle.ratio", Value: fmt.Sprint(p.Ratio), Origin: model.Chosen},
		{Name: "commingle.prior", Value: p.Prior.String(), Origin: model.Chosen},
	}
}

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the given parameters.
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: "commingle",
		Doc: `mined coins and an actor's coins spent together

Level C1: one transaction spends at least one receipt of mining (a member's output of a
recognised payout, or a coinbase output) and at least one coin at an address that a label
gives to an actor as its own, each class material. Silent where the transaction may be
collaborative (by shape, by signature-hash type, by the shape of a payjoin), where a
custodian's label or a service-like cluster is among the inputs, and where the actor's
coins are not the actor's own but came from the actor, or lie in its account at a custodian.

It is wrong where an unlabelled custodian is too small to show, where two parties sign
everything together (a batch service, a channel funded by two), and where a label is.`,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: Kind, Doc: "one transaction signs for mined coins and for an actor's own; wrong where two parties signed together"},
		},
		Subjects: []model.RefKind{model.KindTx},
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, service.Heuristic, actor.Heuristic, payout.Candidate},
		Select:   []model.Filter{{NotCoinbase: true, MinInputs: 2}},
		Params:   p.Parameters(),
		Run:      p.run,
	}
}

// Class is what a coin is.
type Class uint8

// Classes of coins among the inputs of a transaction.
const (
	Other Class = iota
	Mined       // received for mining
	Own         // in an actor's own wallet
	Dust        // too small to say anything
)

// String returns the class as findings write it.
func (c Class) String() string { return [...]string{"other", "mined", "attributed", "dust"}[c] }

// Coin is one input with its class.
type Coin struct {
	Vin    int
	Class  Class
	Pool   string            // of a mined coin, where known
	Source model.Outpoint    // the spent output
	Mining model.Probability // that a mined coin is one
	Actor  actor.Attribution // of an attributed coin
	Payout *payout.Candidacy // of a mined coin, unless a coinbase paid it
	Value  model.Amount      // where Known
	Known  bool
}

// Commingling is what the heuristic found in a transaction.
type Commingling struct {
	Tx    model.TxID
	Coins []Coin
	// Sums by class of the inputs of known value. Other includes dust.
	Mined, Own, Other model.Amount
	Confidence        model.Probability // of the labels that both classes rest on
}

// Balance is twice the lesser of the classes over their sum, in parts per
// million: 0 where one side is nothing, 1,000,000 where they are even.
func (c *Commingling) Balance() model.Probability {
	least := min(c.Mined, c.Own)
	sum, ok := c.Mined.Add(c.Own)
	if !ok || sum <= 0 {
		return 0
	}
	v, _ := least.Share(2*int64(model.Certain), int64(sum))
	return model.Probability(v)
}

// weight returns the weight of a transaction that signs for both classes, given
// the labels, and with their doubt.
func (p Params) weight(c model.Probability) (given, discounted model.MicroNats) {
	given = model.LnRatio(p.Ratio, 1)
	return given, given.Discount(c)
}

func (p Params) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	if tx.Coinbase() || len(tx.Inputs) < 2 {
		return nil, heuristics.ErrSkip
	}
	// The actor's own coins are found by address alone, so they come first:
	// few transactions have any.
	c := &Commingling{Tx: tx.ID, Coins: make([]Coin, len(tx.Inputs))}
	if !p.own(pass, tx, c) {
		return nil, heuristics.ErrSkip
	}
	if why, err := p.guard(ctx, pass, tx); err != nil || why != "" {
		if err != nil {
			return nil, err
		}
		pass.Note("attributed coins spent with others, left out: "+why, 1)
		return nil, heuristics.ErrSkip
	}
	mined, err := p.mined(ctx, pass, tx, c)
	if err != nil {
		return nil, err
	}
	if !mined || !c.sum(tx) || !p.material(c) {
		return nil, heuristics.ErrSkip
	}
	f, err := p.report(ctx, pass, tx, c)
	if err != nil {
		return nil, err
	}
	pass.Report(f)
	return c, nil
}

// own marks the coins at addresses that a label gives to an actor as its own.
// An address that is the actor's only by co-spending does not count here: this
// very transaction may be what joins it.
func (p Params) own(pass *heuristics.Pass, tx *model.Tx, c *Commingling) bool {
	actors := actor.Of(pass)
	found := false
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		coin := &c.Coins[i]
		*coin = Coin{Vin: i, Source: in.Prev, Value: in.Value, Known: in.ValueKnown}
		if in.ValueKnown && in.Value < p.MinSat {
			coin.Class = Dust
			continue
		}
		if in.OwnerBy == model.OwnerUnknown {
			continue
		}
		if a, ok := actors.Own(in.Owner, tx.Block); ok && a.Via == "label" {
			coin.Class, coin.Actor, found = Own, a, true
		}
	}
	return found
}

// guard says why nothing may be concluded from the transaction, if so.
func (p Params) guard(ctx context.Context, pass *heuristics.Pass, tx *model.Tx) (string, error) {
	v, err := shape.Of(ctx, pass, tx.ID)
	if err != nil {
		return "", err
	}
	if v.SkipUnion {
		return "may be a coinjoin", nil
	}
	if skip, ok := cluster.Of(pass).Skipped(tx.ID); ok {
		return fmt.Sprint(skip.Reason), nil
	}
	all := model.SigHash(0)
	for i := range tx.Inputs {
		all |= tx.Inputs[i].SigHash
	}
	if all.MultiParty() {
		return "signed in parts, as two parties do", nil
	}
	services, clusters := service.Of(pass), cluster.Of(pass)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown {
			continue
		}
		for _, l := range clusters.Labels(in.Owner) {
			if l.Category.Custodial() {
				return "an input is a custodian's by label", nil
			}
		}
		if services.Verdict(in.Owner).Like {
			return "an input is of a cluster that behaves like a service", nil
		}
	}
	return "", nil
}

// mined marks the coins that a pool or a coinbase paid to a miner.
func (p Params) mined(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) (bool, error) {
	var ids []model.TxID
	for i := range tx.Inputs {
		if c.Coins[i].Class == Other && !slices.Contains(ids, tx.Inputs[i].Prev.Tx) {
			ids = append(ids, tx.Inputs[i].Prev.Tx)
		}
	}
	found := false
	for _, id := range ids {
		cand, err := payout.CandidateOf(ctx, pass, id, 30)
		switch {
		case errors.Is(err, heuristics.ErrSkip):
			continue
		case errors.Is(err, sources.ErrNotFound):
			pass.Note("where an input comes from is not known", 1)
			continue
		case err != nil:
			return false, err
		}
		for i := range tx.Inputs {
			coin := &c.Coins[i]
			if tx.Inputs[i].Prev.Tx != id || coin.Class != Other {
				continue
			}
			ok, pool, prob := cand.MemberReceipt(tx.Inputs[i].Prev.Vout)
			if !ok || prob < p.MinPayout {
				continue
			}
			coin.Class, coin.Pool, coin.Mining, coin.Payout, found = Mined, pool, prob, cand, true
		}
	}
	return found, nil
}

// sum adds the values up by class; it reports false where they do not fit.
func (c *Commingling) sum(tx *model.Tx) bool {
	ok := true
	add := func(to *model.Amount, v model.Amount) {
		var fits bool
		*to, fits = to.Add(v)
		ok = ok && fits
	}
	mining, owner := model.Probability(0), model.Probability(0)
	for i := range c.Coins {
		coin := &c.Coins[i]
		switch coin.Class {
		case Mined:
			add(&c.Mined, coin.Value)
			mining = max(mining, coin.Mining)
		case Own:
			add(&c.Own, coin.Value)
			owner = max(owner, coin.Actor.Confidence)
		default:
			add(&c.Other, coin.Value)
		}
	}
	c.Confidence = mining.Times(owner)
	return ok
}

// material reports whether both classes contribute enough.
func (p Params) material(c *Commingling) bool {
	whole, ok := model.Sum(c.Mined, c.Own, c.Other)
	if !ok || whole <= 0 {
		return false
	}
	for _, part := range [...]model.Amount{c.Mined, c.Own} {
		share, ok := part.Share(int64(model.Certain), int64(whole))
		if part < p.MinSat || !ok || model.Probability(share) < p.MinShare {
			return false
		}
	}
	return true
}
