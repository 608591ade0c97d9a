package taint

import (
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// Policy is a rule by which taint passes from the inputs of a transaction to its
// outputs and its fee. No policy is a fact about coins: a ledger of transactions
// does not say which input paid which output, so that each of them is a
// convention of bookkeeping, and they disagree.
type Policy uint8

// Policies. Under each but Poison, what is tainted in the inputs is tainted in
// the outputs and the fee together, to the unit.
const (
	// Haircut gives every output and the fee the same share of taint, that of
	// the inputs. Units that division leaves over go to the largest
	// remainders, of equal ones to the first.
	Haircut Policy = iota
	// FIFO queues the inputs' value in order and cuts it along the outputs in
	// order; the fee is what remains (Clayton's case; Anderson et al. 2018).
	FIFO
	// LIFO is FIFO with the queue reversed.
	LIFO
	// Seniority lays all taint on the outputs in order, and what they cannot
	// hold on the fee.
	Seniority
	// TIHO lays taint on the largest output first, then on the next, of equal
	// ones on the first (taint in, highest out).
	TIHO
	// TILO lays taint on the smallest output first. It is TIHO's opposite, to
	// compare with.
	TILO
	// Poison taints every output and the fee wholly where any input has
	// taint. It makes taint out of nothing.
	Poison
)

var policies = [...]string{"haircut", "fifo", "lifo", "seniority", "tiho", "tilo", "poison"}

// Policies returns all of them, in the order of their constants.
func Policies() []Policy { return []Policy{Haircut, FIFO, LIFO, Seniority, TIHO, TILO, Poison} }

// String returns the policy's name in lower case, such as "haircut".
func (p Policy) String() string {
	if int(p) >= len(policies) {
		return fmt.Sprintf("policy(%d)", uint8(p))
	}
	return policies[p]
}

// MarshalText writes the policy's name.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ParsePolicy reads what [Policy.String] writes.
func ParsePolicy(s string) (Policy, error) {
	if i := slices.Index(policies[:], s); i >= 0 {
		return Policy(i), nil
	}
	return 0, fmt.Errorf("taint: policy %.40q: want one of %v", s, policies)
}

// Segment is a part of an output's value that has one colour.
type Segment struct {
	Value  model.Amount
	Colour uint32
}

// Colours. Every other number is a source of taint, such as a theft; the lower
// one is the earlier. Numbers with the bit UnknownBit are of value whose taint
// cannot be told, which is neither clean nor tainted: what they add says why.
const (
	Clean      uint32 = 0
	UnknownBit uint32 = 1 << 31
	Unknown           = UnknownBit
)

// Tainted reports whether the segment is of a known source of taint.
func (s Segment) Tainted() bool { return s.Colour != Clean && s.Colour&UnknownBit == 0 }

// Unknown reports whether it cannot be told if the segment is tainted.
func (s Segment) Unknown() bool { return s.Colour&UnknownBit != 0 }

// Sum adds up segments: all of their value, the tainted part, and the part of
// which it is unknown.
func Sum(segs []Segment) (value, tainted, unknown model.Amount) {
	for _, s := range segs {
		value += s.Value
		switch {
		case s.Unknown():
			unknown += s.Value
		case s.Tainted():
			tainted += s.Value
		}
	}
	return value, tainted, unknown
}

// Of returns the value that has the colour.
func Of(segs []Segment, colour uint32) (v model.Amount) {
	for _, s := range segs {
		if s.Colour == colour {
			v += s.Value
		}
	}
	return v
}

// PurityThreshold is the usual threshold of [Pure].
const PurityThreshold = model.Certain / 2

// Pure reports whether the tainted part is at least a share of the value, which
// must be positive. Purity is a view of what a policy gives, usually Haircut, and
// no policy: the taint of outputs that are not pure goes on all the same.
func Pure(segs []Segment, least model.Probability) bool {
	value, tainted, _ := Sum(segs)
	share, ok := value.Share(int64(least), int64(model.Certain))
	if !ok || value <= 0 {
		return false
	}
	// Rounded up, so that the share is reached and not nearly.
	if exact, fits := share.Share(int64(model.Certain), int64(max(least, 1))); fits && exact != value && least > 0 {
		share++
	}
	return tainted >= min(share, value)
}
