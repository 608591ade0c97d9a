package payout

import (
	"context"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/model"
)

// Candidacy is the result of [Candidate]: how a transaction qualifies as a
// payout, as far as what came before it tells. It is immutable.
type Candidacy struct {
	Tx    model.TxID
	Shape Shape
	Payer Payer
	// Score is that of the statement that the transaction is a payout of a
	// pool; Evidence is what it is made of.
	Score    model.Score
	Evidence []model.Evidence
	// Accepted is true where the score's probability is at least the
	// parameter Accept, and the shape is one that pays.
	Accepted bool
	// Receipts classifies each output, in order, by what came before.
	Receipts []Receipt
	// Invalid says why the data about the transaction cannot be right, where
	// they cannot; then it is judged no further, and nothing else is set but Tx
	// and Fresh.
	Invalid error
	// Fresh is the share of freshly mined coins; nil where it was not asked.
	Fresh *fresh.Share
	// Parent is the link before this one, and Links how many links were
	// followed back; zero for shapes other than Chain.
	Parent model.TxID
	Links  int

	fan   fan
	cap   medianCap
	more  notes
	carry weight // what provenance weighs for the next link of a chain
}

// Payer is who pays, by labels or by the coins.
type Payer struct {
	// Pool is the entity; empty where it is unknown or labels conflict.
	Pool string
	// Names lists every entity that labels give the payer, sorted: more than
	// one is a conflict.
	Names []string
	// Confidence is the chance that the payer is the pool named, from labels
	// or from the tags of the blocks that the coins come from. In a conflict
	// it is the chance that the payer is a pool at all.
	Confidence model.Probability
	// Via says how the payer is known: "label", "cluster" (a label on another
	// address of its cluster), "coins", "chain" or "coinbase".
	Via string
	// Labels are those that name the payer, or contradict that it is a pool.
	Labels []model.Label
}

// Conflict reports whether labels name the payer differently.
func (p *Payer) Conflict() bool { return len(p.Names) > 1 }

// Receipt is what one output of a payout is.
type Receipt struct {
	Class   Class
	why     reason
	undated bool       // the label holds for a time, and that of the block is unknown
	label   int32      // index in the labels of the receipts, or -1
	tx      model.TxID // that the reason speaks of
}

// MemberReceipt reports whether an output is a receipt of a member in an
// accepted payout, of which pool ("" where that is unknown or labels conflict),
// and how probable the payout is. Receipts that pay a custodian's customer, the
// pool itself or next to nothing are not: nothing may be concluded about a
// beneficiary from them.
func (c *Candidacy) MemberReceipt(vout uint32) (ok bool, pool string, p model.Probability) {
	if c == nil || !c.Accepted || uint64(vout) >= uint64(len(c.Receipts)) || c.Receipts[vout].Class != Member {
		return false, "", 0
	}
	return true, c.Payer.Pool, c.Score.Probability
}

// Count returns how many outputs have the class.
func (c *Candidacy) Count(class Class) int { return count(c.Receipts, class) }

func count(rs []Receipt, class Class) int {
	n := 0
	for i := range rs {
		if rs[i].Class == class {
			n++
		}
	}
	return n
}

// Size returns about how many bytes the result holds, for the engine's memory.
func (c *Candidacy) Size() int {
	return 1024 + 48*len(c.Receipts) + 512*len(c.Evidence) + 256*(len(c.Payer.Labels)+len(c.more.labels))
}

// String returns the shape, the pool and the score in one line.
func (c *Candidacy) String() string {
	pool := c.Payer.Pool
	switch {
	case c.Invalid != nil:
		return "invalid: " + c.Invalid.Error()
	case c.Payer.Conflict():
		pool = "conflict"
	case pool == "":
		pool = "unknown"
	}
	s := c.Shape.String() + " of " + pool + " " + c.Score.Probability.Short()
	if !c.Accepted {
		s += " not accepted"
	}
	return s
}

// CandidateOf asks whether a transaction is a candidate, inside a pass of a
// heuristic that requires [Candidate]. The error is [heuristics.ErrSkip] where it
// is none. Hops is how many links of a chain may be followed back; MaxHops is a
// good answer.
func CandidateOf(ctx context.Context, p *heuristics.Pass, tx model.TxID, hops int) (*Candidacy, error) {
	return heuristics.Ask[*Candidacy](ctx, p, Candidate, model.RefTx(tx), hops)
}
