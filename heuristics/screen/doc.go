// Package screen answers the question of a compliance desk: a customer pays coins in
// and says that they are income from mining; does the ledger bear that out?
//
//	answer, err := screen.Deposit(ctx, session, outpoint, screen.Claim{Pool: "Northpool"})
//	switch answer.Verdict {
//	case screen.Supports: ...
//
// The answer is that the ledger supports it, contradicts it, or cannot say, with
// reasons in a fixed order:
//
//	origin       how much of the coins is newly mined, and through which pools
//	payouts      whether the depositor's addresses are paid by pools
//	series       for how long, and whether like a resident or like rented machines
//	hash_rate    what hash rate the payouts imply, against the one stated
//	commingling  how much of the coins comes from an actor's own wallet
//	mixing       whether a CoinJoin or a mixer stands between
//	custodian    whether they come out of a service that holds coins for many
//	pool         the pool stated against those seen
//	since        the date stated against the first payout seen
//
// What is unknown never supports. Supported is a deposit whose coins are known to be
// newly mined, at addresses that pools have paid for long, with nothing against it.
// Coins that are newly mined, but paid for a few days only, may come from rented
// machines, paid for with any money: that is neither support nor contradiction, and
// the reason says what to ask for. The same holds of payouts over months that come in
// runs with pauses between, as of machines that are rented anew. A contradiction is about what was stated: coins
// that are not mined, that are an actor's, of another pool, or more than the stated
// machines can earn. It is no accusation.
//
// An output of a payout itself, as where the pool pays straight to the customer's
// deposit address, speaks for that address. Else the depositor is who signed, unless
// more than one party may have: then nobody is taken for him. Books
// of one's own deposits (see package sources/records) add the customer's other
// deposit addresses, and the cluster adds addresses that sign together.
package screen

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Kind is the kind of the findings.
const Kind = "screen"

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// Mined is the least share of newly mined coins that supports, and Unmined
	// the most, with what is unknown, of coins that are not; in hundredths.
	Mined, Unmined int
	// A resident is paid for ResidentDays, by ResidentPayouts payouts, without
	// a gap of more than Gap, to within Gap of the deposit.
	ResidentDays, ResidentPayouts int
	Gap                           time.Duration
	// Steady is how much of the time from the first payout to the last must be
	// without pauses, for a resident. A pause is an interval of more than twice
	// the usual one and a quarter, and longer than after which rented machines
	// count as having ended.
	Steady model.Probability
	// Actor is the share of an actor's coins that contradicts. Trust is the least
	// confidence of a label, or of the name of a pool, that does.
	Actor, Trust model.Probability
	// Hash power of HashFactor times the stated one contradicts it.
	HashFactor int
	// Around is how far the first payout may be from the date stated.
	Around time.Duration
	// MinSat is the least payment that counts.
	MinSat model.Amount
	// Hops is how many transactions back an actor's coins and mixes are looked
	// for, and MaxParents bounds those. MaxAddresses bounds the depositor's
	// addresses, MaxHistory the transactions of each that are read, and
	// MaxItems what a finding lists.
	Hops, MaxParents, MaxAddresses, MaxHistory, MaxItems int
	// Prior is the probability that a deposit which its customer calls mining
	// income is that. Weights of the reasons follow.
	Prior                                       model.Probability
	WeighMined, WeighUnmined, WeighResident     model.MicroNats
	WeighTrain, WeighNone, WeighActor, WeighMix model.MicroNats
	// Cap bounds the probability.
	Cap model.Probability
	// Renter are the parameters of the test for rented machines.
	Renter beneficiary.Params
}

const day = 24 * time.Hour

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		Mined: 80, Unmined: 5, ResidentDays: 60, ResidentPayouts: 8, Gap: 45 * day, Steady: model.Percent(50), Trust: model.Percent(60), Actor: model.Percent(5), HashFactor: 2, Around: 45 * day,
		MinSat: 20_001, Hops: 3, MaxParents: 200, MaxAddresses: 32, MaxHistory: 1_000, MaxItems: 20,
		Prior: model.Percent(50), WeighMined: 2 * model.Nat, WeighUnmined: -4 * model.Nat, WeighResident: 2 * model.Nat,
		WeighTrain: -3 * model.Nat / 2, WeighNone: -model.Nat, WeighActor: -4 * model.Nat, WeighMix: -model.Nat, Cap: model.Percent(95),
		Renter: beneficiary.DefaultParams(),
	}
}

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	var out []model.Parameter
	add := func(name, value, source string) {
		out = append(out, model.Parameter{Name: "screen." + name, Value: value, Origin: model.Chosen, Source: source})
	}
	num := func(name string, v int, source string) { add(name, strconv.Itoa(v), source) }
	seconds := func(name string, v time.Duration) {
		add(name, strconv.FormatInt(int64(v/time.Second), 10), "seconds")
	}
	nats := func(name string, v model.MicroNats) {
		add("weight."+name, strconv.FormatInt(int64(v), 10), "micro-nats")
	}
	num("mined", p.Mined, "percent")
	num("unmined", p.Unmined, "percent")
	num("resident_days", p.ResidentDays, "")
	num("resident_payouts", p.ResidentPayouts, "")
	seconds("gap", p.Gap)
	add("steady", p.Steady.String(), "")
	add("actor", p.Actor.String(), "")
	add("trust", p.Trust.String(), "more than an even chance")
	num("hash_factor", p.HashFactor, "")
	seconds("around", p.Around)
	add("min_sat", strconv.FormatInt(int64(p.MinSat), 10), "above twice the 10,000 sat that token wallets put in each output")
	num("hops", p.Hops, "")
	num("max_parents", p.MaxParents, "")
	num("max_addresses", p.MaxAddresses, "")
	num("max_history", p.MaxHistory, "")
	num("max_items", p.MaxItems, "")
	add("prior", p.Prior.String(), "")
	nats("mined", p.WeighMined)
	nats("unmined", p.WeighUnmined)
	nats("resident", p.WeighResident)
	nats("train", p.WeighTrain)
	nats("no_payout", p.WeighNone)
	nats("actor", p.WeighActor)
	nats("mix", p.WeighMix)
	add("cap", p.Cap.String(), "")
	return append(out, p.Renter.Parameters()...)
}

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the parameters. It gives an [*Answer] about what
// no more is stated of than that it is income from mining.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	r.self = &heuristics.Heuristic{
		Name: "screen",
		Doc: `whether a deposit is income from mining

For an output, the newly mined share of what its transaction spends, the payouts of
pools to the addresses that signed, or to the address itself where the transaction is a
payout, how long they go on and whether they have the shape of rented machines, the share
of an actor's coins within a few transactions, CoinJoins, and custodians on the way. The
answer is supports, contradicts or cannot say, and what is unknown never supports.

It is wrong where payouts are not recognised, where the depositor's other addresses are
not known, where coins were bought from a miner, and where labels are.`,
		Version:  1,
		Kinds:    []heuristics.Kind{{Name: Kind, Doc: "an output is its depositor's income from mining; wrong where payouts are not recognised, where coins were bought from a miner, or where a label is"}},
		Subjects: []model.RefKind{model.KindOutpoint},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, service.Heuristic, actor.Heuristic, coinjoin.Heuristic, fresh.Heuristic, payout.Candidate, payout.Heuristic},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Index:    r.index,
		Run:      r.run,
	}
	return r.self
}

type rule struct {
	Params
	self *heuristics.Heuristic
}

// index returns from when on the sources see payouts, in Unix seconds: blocks begin
// somewhere, and so do histories made of them. It is 0 where nothing bounds them.
func (p *rule) index(ctx context.Context, s *heuristics.Scan) (any, error) {
	if !s.Can(sources.Blocks) || s.Scope().Explored != nil {
		return int64(0), nil
	}
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		if at, ok := tx.Block.Clock(); ok {
			return at.Unix(), nil
		}
	}
	return int64(0), nil
}

// Claim is what the customer states. A field that he does not state holds its zero
// value.
type Claim struct {
	Pool     string               // that pays him
	HashRate beneficiary.HashRate // of his machines
	Since    time.Time            // when he began
}

// Verdict is what the ledger says to a claim.
type Verdict uint8

// Verdicts.
const (
	CannotSay Verdict = iota
	Supports
	Contradicts
)

// String returns "cannot say", "supports" or "contradicts".
func (v Verdict) String() string {
	switch v {
	case Supports:
		return "supports"
	case Contradicts:
		return "contradicts"
	}
	return "cannot say"
}

// Reason is one thing that was looked at.
type Reason struct {
	Name string // as in the package comment
	Says Verdict
	// Blocks is true where a verdict of Supports is impossible for this
	// reason, though it contradicts nothing.
	Blocks bool
	Text   string // a sentence or two

	weight   model.MicroNats
	trust    model.Probability
	family   string
	items    []model.Item
	labelled []model.Label
}

// Answer is the answer, with its reasons in a fixed order, always all of them. It
// is immutable.
type Answer struct {
	On      model.Outpoint
	Value   model.Amount
	Verdict Verdict
	Reasons []Reason
	Seen    Seen
	// Probability that the output is its depositor's income from mining, by
	// what the ledger shows of it and without what the customer states more.
	Probability model.Probability

	params Params
}

// Seen is what was found, for those who decide by rules of their own.
type Seen struct {
	// Direct is true where the output is one of a pool's payout.
	Direct bool
	Block  model.BlockRef
	// Fresh is where the coins come from; nil where it could not be asked.
	Fresh *fresh.Share
	// Addresses are those taken for the depositor's, and Payments counts the
	// transactions that paid them until the deposit, Unrecognised those of them
	// that are no recognised payout. Whole is false where more may have.
	Addresses              []model.Address
	Payments, Unrecognised int
	Whole                  bool
	// Several is true where more than one party may have signed the deposit, so
	// that nobody's addresses are taken for the depositor's, and Booked where a
	// book names some of Addresses.
	Several, Booked bool
	// Pools are those of the recognised payouts, sorted by name, "" for those
	// of unknown pools, Named the greatest confidence with which each is named
	// as payer, and Receipts the payouts, with the index of the pool.
	Pools    []string
	Named    []model.Probability
	Receipts []beneficiary.Receipt
	// Main is the pool of most receipts, Series its payouts from the last gap
	// on until the deposit, and Train what the test for rented machines says
	// of them, with those that came after the deposit. Steady is how much of the
	// time of Series is without pauses.
	Main   string
	Series beneficiary.Series
	Train  beneficiary.Train
	Steady model.Probability
	// Actor is the least share of the coins that comes from actors' own
	// wallets, and ActorUnknown the share of which that is unknown.
	Actor, ActorUnknown model.Probability
	// Actors are who they are, by label, and Doubted whom labels of too little
	// confidence name; coins from those count as unknown.
	Actors, Doubted []actor.Attribution
	// Mixes are CoinJoins and mixers' transactions that the coins came through.
	Mixes []model.TxID
	// Custodians are names of services that the coins came out of, "" for one
	// that no label names, and Held the labels that name them.
	Custodians []string
	Held       []model.Label
}

// String returns the verdict and the reasons by name: "supports: origin supports,
// ...".
func (a *Answer) String() string {
	s := a.Verdict.String()
	sep := ": "
	for i := range a.Reasons {
		s += sep + a.Reasons[i].Name + " " + a.Reasons[i].Says.String()
		sep = ", "
	}
	return s
}

// Size returns about how many bytes the answer holds.
func (a *Answer) Size() int {
	n := 2048 + 128*len(a.Seen.Receipts) + 40*len(a.Seen.Addresses) + 512*len(a.Reasons)
	if a.Seen.Fresh != nil {
		n += a.Seen.Fresh.Size()
	}
	return n
}

// Of returns the answer about an output, inside a pass of a heuristic that requires
// Heuristic.
func Of(ctx context.Context, p *heuristics.Pass, o model.Outpoint) (*Answer, error) {
	return heuristics.Ask[*Answer](ctx, p, Heuristic, model.RefOutpoint(o), 0)
}

// Deposit answers whether the ledger supports what a customer states of an output.
// The engine of the session must list [Heuristic], or one made by [New]. The error
// is [heuristics.ErrSkip] for an output that nobody can own. For the finding, which
// has the evidence in the form of all findings, use [heuristics.Eval].
func Deposit(ctx context.Context, s *heuristics.Session, o model.Outpoint, c Claim) (Answer, error) {
	a, _, err := heuristics.Eval[*Answer](ctx, s, Heuristic, model.RefOutpoint(o))
	if err != nil {
		return Answer{}, fmt.Errorf("screen %v: %w", o, err)
	}
	return a.Against(c), nil
}
