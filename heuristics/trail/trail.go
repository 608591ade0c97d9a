package trail

import (
	"context"
	"fmt"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const doc = `whose coins a transaction spends

A transaction spends an actor's coins where an input is in the actor's own wallet, or
where every input that is not dust was paid by transactions that did, through a few
addresses. Each of those is nobody else's by a label and no service's, labelled or by
its behaviour, and spends nearly all of what it received within the dwell bound. A
label of a service or of an account ends a trail at whatever time: an account passes
to others, and its key stays the custodian's. Every transaction on the way has one
signer: none is collaborative by shape, by signature-hash type or as a payjoin. The
confidence is the actor label's, times a constant for each address that did not sign
together with its payer.

It is wrong where the coins changed hands on the way, which a ledger does not show: a
merchant who passes a whole payment on looks like the payer's next address.

References: section 8.2 of the heuristics reference.`

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the parameters. It reports nothing; its results
// are read with [Of] and [SearchOf].
func New(p Params) *heuristics.Heuristic {
	w := &walk{params: p}
	w.self = &heuristics.Heuristic{
		Name:     "trail",
		Doc:      doc,
		Version:  1,
		Subjects: []model.RefKind{model.KindTx},
		Needs:    sources.Txs,
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic, service.Heuristic, actor.Heuristic, depaddr.Heuristic},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		MaxHops:  p.Hops,
		Index:    func(ctx context.Context, s *heuristics.Scan) (any, error) { return anyActor(ctx, s) },
		Run:      w.run,
	}
	return w.self
}

// Trail is the way of coins from an actor's own wallet to the transaction that
// spends them. It is immutable.
type Trail struct {
	Entity string
	// Confidence is that of the attribution at the trail's beginning times
	// Way, which is what the addresses on the way leave of it.
	Confidence, Way model.Probability
	// Hops counts the addresses on the way: 0 where an input of the transaction
	// is in the actor's own wallet. Self counts those of them that signed
	// together with an address that paid them.
	Hops, Self int
	// Start is the transaction that spends from the actor's own wallet, and
	// Attribution says why the wallet is the actor's.
	Start       model.TxID
	Attribution actor.Attribution
	// Steps are the addresses on the way, from the actor's on; Vin is the input
	// that spends from the last of them, or the actor's own.
	Steps []Step
	Vin   int
	Share Share
}

// Step is one coin on the way: an output that the transaction before paid, and
// the next one spends.
type Step struct {
	Coin    model.Outpoint
	Address model.Address
	Value   model.Amount // where Valued
	Valued  bool
	Paid    model.BlockRef // where the transaction stands that pays it
	Spent   model.BlockRef // and the one that spends it
	By      model.TxID     // the one that spends it
	// Dwell is the time from Paid to Spent, where Timed.
	Dwell time.Duration
	Timed bool
	// Forward is the share of what the address had received that it spent
	// within the dwell bound; 0 where Unknown says that it was not seen.
	Forward model.Probability
	// SameSource is the share of what the address had received that came from
	// the wallet which paid this coin, or from the actor's own; 0 where
	// Unknown says that it was not seen.
	SameSource model.Probability
	// Self is true where the address signed together with one that paid it.
	Self bool
	// Unknown says what of the conditions could not be tested, and why.
	Unknown []string
}

// Days returns the whole days of the dwell.
func (s *Step) Days() int { return int(s.Dwell / (24 * time.Hour)) }

// Share says how much of a transaction's inputs is the actor's, every coin on a
// trail being his in the proportion in which the inputs that paid it were
// ("haircut"), each rounded down.
type Share struct {
	Attributed, Of model.Amount
	// Unknown counts the inputs of unknown value. If there are any, the amounts
	// say nothing.
	Unknown int
}

// Known reports whether the share could be computed.
func (s Share) Known() bool { return s.Unknown == 0 && s.Of > 0 }

// Fraction returns the share in parts per million, rounded down; ok is false
// where it is not known.
func (s Share) Fraction() (f model.Probability, ok bool) {
	if !s.Known() {
		return 0, false
	}
	v, ok := s.Attributed.Share(int64(model.Certain), int64(s.Of))
	return model.Probability(v), ok
}

// Part returns the part of an amount that is the actor's, rounded down.
func (s Share) Part(a model.Amount) (part model.Amount, ok bool) {
	if !s.Known() {
		return 0, false
	}
	return a.Share(int64(s.Attributed), int64(s.Of))
}

// Search is what a search for trails found, and what ended it elsewhere. It is
// immutable.
type Search struct {
	Trail *Trail // nil where there is none
	// Holdings are what each actor among the owners of the inputs has of them,
	// in the order of inputs. Counted inputs are all but dust; Value is the sum
	// of those of known value, Unvalued and Unowned count those without a known
	// value and owner.
	Holdings                   []Holding
	Counted, Unvalued, Unowned int
	Value                      model.Amount
	whose                      []string // of each input
	material                   model.Probability
	Payers                     Payers
	// Refused counts what trails were not followed for, on the transaction
	// itself and behind it; the search ends at the first reason that it meets
	// on each transaction.
	Refused []Refusal
	// Lookups is how many transactions were looked up.
	Lookups int
}

// Refusal is a reason not to follow a trail, with how often it was met.
type Refusal struct {
	Reason Reason
	N      int
}

// Reason says why a trail was not followed.
type Reason string

// Reasons not to follow a trail.
const (
	Stranger   Reason = "a coin comes from nobody in particular"
	Hops       Reason = "more addresses on the way than the bound"
	SeveralTx  Reason = "several parties may have signed a transaction on the way"
	AtService  Reason = "an address on the way is a service's"
	SomebodyS  Reason = "a label gives an address on the way to somebody else"
	AtAccount  Reason = "the coins lay in an account at a custodian"
	Mixed      Reason = "coins on a trail are spent together with others"
	Rested     Reason = "coins rested for longer than the dwell bound"
	Kept       Reason = "an address on the way kept more than the bound of what it received"
	Gathers    Reason = "an address on the way receives from others as well, more than the bound"
	ManyPayees Reason = "a transaction on the way pays more addresses than the bound"
	Busy       Reason = "an address on the way has more transactions than the bound"
	NoOrigin   Reason = "the sources do not know the transaction that paid a coin"
	NoOwner    Reason = "the owner of a coin is not known"
	NoLookups  Reason = "the look-ups of the search were spent"
	OnlyDust   Reason = "every coin is dust"
	OnlyMinted Reason = "a coin was minted"
	Minor      Reason = "the actor's coins are too little of what a transaction spends"
)

// Unseen reports whether the reason is a lack of knowledge, so that there may be
// a trail that was not seen.
func (r Reason) Unseen() bool { return r == NoOrigin || r == NoOwner || r == NoLookups }

// Of returns the trail of the coins that a transaction spends, inside a pass of a
// heuristic that requires [Heuristic]: at most so many hops long, and not longer
// than the parameters allow. The error is [heuristics.ErrSkip] where there is
// none.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID, hops int) (*Trail, error) {
	s, err := SearchOf(ctx, p, tx, hops)
	if err != nil {
		return nil, err
	}
	if s.Trail == nil {
		return nil, heuristics.ErrSkip
	}
	return s.Trail, nil
}

// SearchOf is [Of] with what was refused. It never returns nil without an error;
// the error is [heuristics.ErrSkip] for a coinbase, which spends nothing.
func SearchOf(ctx context.Context, p *heuristics.Pass, tx model.TxID, hops int) (*Search, error) {
	return heuristics.Ask[*Search](ctx, p, Heuristic, model.RefTx(tx), hops)
}

// String returns the trail's actor with its confidence and hops, or why there is
// no trail.
func (s *Search) String() string {
	if t := s.Trail; t != nil {
		return fmt.Sprintf("%s %s, %d hops", t.Entity, t.Confidence, t.Hops)
	}
	if len(s.Payers.Actors) > 0 && s.Payers.Several != "" {
		return fmt.Sprintf("none, though %s signs: %s", s.Payers.Actors[0].Entity, s.Payers.Several)
	}
	text := "none"
	for i, r := range s.Refused {
		text += [...]string{": ", "; "}[min(i, 1)] + string(r.Reason)
	}
	return text
}

// Size estimates the memory that the search holds, in bytes.
func (s *Search) Size() int {
	n := 512 + 24*len(s.Refused) + 800*len(s.Holdings) + 16*len(s.whose) + 400*(len(s.Payers.By)+len(s.Payers.Actors))
	if s.Trail != nil {
		n += 600 + 300*len(s.Trail.Steps)
	}
	return n
}

// anyActor reports whether any label names an actor. Without one nobody has a
// trail, and nothing need be looked up.
func anyActor(ctx context.Context, s *heuristics.Scan) (bool, error) {
	for _, err := range s.Find(ctx, model.Actor) {
		return err == nil, err
	}
	return false, nil
}
