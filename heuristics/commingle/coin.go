package commingle

import (
	"fmt"

	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/model"
)

// Class is what a coin is.
type Class uint8

// Classes of coins.
const (
	Other    Class = iota
	Mined          // received for mining
	Own            // in an actor's own wallet
	Dust           // too small to say anything
	Received       // came from an actor, to an address that is not its own
)

// String returns the class as findings write it.
func (c Class) String() string {
	return [...]string{"other", "mined", "attributed", "dust", "received"}[c]
}

// Coin is one coin with its class.
type Coin struct {
	Source  model.Outpoint // the output
	Address model.Address  // that held it; the zero value where unknown
	Vin     int            // the input that spends it; -1 where none does or none was seen
	By      model.TxID     // of this transaction
	Class   Class
	Left    string            // why the claim does without a coin of a class, which is then Other
	Pool    string            // of a mined coin, where known
	Mining  model.Probability // that a mined coin is one
	Payout  *payout.Candidacy // that paid a mined coin, or the least sure of those that it came from
	Flow    *Flow             // of a mined coin that its receiver sent on: the way
	Actor   actor.Attribution // of a coin in an actor's own wallet, which may be mined
	Trail   *trail.Trail      // of a received coin: of the transaction that paid it
	Alike   model.Address     // the actor's address that the payer of dust looks like
	Value   model.Amount      // where Known
	Known   bool
	Block   model.BlockRef // where the coin is spent, or else was paid
}

// attribution returns who the actor is whose coin it is or was, and how sure that
// is; nil where it is nobody's.
func (c *Coin) attribution() (a *actor.Attribution, p model.Probability) {
	switch {
	case c.Class == Own:
		return &c.Actor, c.Actor.Confidence
	case c.Class == Received && c.Trail != nil:
		return &c.Trail.Attribution, c.Trail.Confidence
	}
	return nil, 0
}

// Commingling is what the heuristic found about a transaction, an address or a
// cluster. It is immutable.
type Commingling struct {
	Kind    string
	Tx      model.TxID    // of C1 and received coins
	Address model.Address // of the other kinds: the address, or the one that stands for the cluster
	Coins   []Coin
	// Sums by class of the coins of known value. Own is the actor's side: for
	// kinds other than C1 and C2 what came from the actor. Other includes dust.
	Mined, Own, Other model.Amount
	// Confidence is of what both classes rest on: of each the least of all that
	// the claim names, times what doubtful labels of custodians leave.
	Confidence model.Probability
	rivals     []Coin        // material coins that labels give to another actor
	doubts     []model.Label // of custodians or accounts, of too little confidence to prevent the claim
	unvalued   [3]int        // coins of unknown value: mined, the actor's, others
}

// String returns the kind and the sums in one line.
func (c *Commingling) String() string {
	return fmt.Sprintf("%s mined %v attributed %v other %v", c.Kind, c.Mined, c.Own, c.Other)
}

// Size returns about how many bytes the result holds, for the engine's memory.
func (c *Commingling) Size() int { return 256 + 512*len(c.Coins) }

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

// sum adds the values up by class; it reports false where they do not fit. Coins
// that came from an actor are on the actor's side only where the kind is about
// such. A statement about several coins is no surer than about the least sure of
// them.
func (c *Commingling) sum() bool {
	c.Mined, c.Own, c.Other, c.unvalued = 0, 0, 0, [3]int{}
	ok := true
	add := func(to *model.Amount, v model.Amount) {
		var fits bool
		*to, fits = to.Add(v)
		ok = ok && fits
	}
	mining, owner := model.Certain, model.Certain
	for i := range c.Coins {
		coin := &c.Coins[i]
		side := 2
		switch {
		case coin.Class == Mined:
			side = 0
			add(&c.Mined, coin.Value)
			mining = min(mining, coin.Mining)
		case c.actors(coin):
			side = 1
			add(&c.Own, coin.Value)
			_, p := coin.attribution()
			owner = min(owner, p)
		default:
			add(&c.Other, coin.Value)
		}
		if !coin.Known {
			c.unvalued[side]++
		}
	}
	for i := range c.rivals {
		_, p := c.rivals[i].attribution()
		owner = min(owner, p)
	}
	c.Confidence = mining.Times(owner)
	for i := range c.doubts {
		c.Confidence = min(c.Confidence, mining.Times(owner).Times(model.Certain-c.doubts[i].Confidence))
	}
	return ok
}

// actors reports whether a coin is on the actor's side.
func (c *Commingling) actors(coin *Coin) bool {
	if c.Kind == KindReceived || c.Kind == KindReceipt || c.Kind == KindFlow || c.Kind == KindService {
		return coin.Class == Received
	}
	return coin.Class == Own
}

// count returns how many coins have the class.
func (c *Commingling) count(class Class) int {
	n := 0
	for i := range c.Coins {
		if c.Coins[i].Class == class {
			n++
		}
	}
	return n
}

// material reports whether both classes contribute enough.
func (p Params) material(c *Commingling) bool {
	whole, ok := model.Sum(c.Mined, c.Own, c.Other)
	if !ok || whole <= 0 {
		return false
	}
	return p.enough(c.Mined, whole) && p.enough(c.Own, whole)
}

// weight returns the weight of a transaction that signs for both classes, given
// the labels, and with their doubt.
func (p Params) weight(c model.Probability) (given, discounted model.MicroNats) {
	given = model.LnRatio(p.Ratio, 1)
	return given, given.Discount(c)
}

// weightOf returns the weight of what a kind of finding says.
func (p Params) weightOf(kind string, c model.Probability) (given, discounted model.MicroNats) {
	switch kind {
	case KindCluster:
		given = p.Cluster
	case KindReceipt:
		given = p.Receipt
	case KindFlow:
		given = p.Flow
	case KindService:
		given = p.Service
	case KindReceived:
		given = p.Received
	default:
		return p.weight(c)
	}
	return given, given.Discount(c)
}
