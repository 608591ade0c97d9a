package shape

import (
	"fmt"

	"github.com/goldwash/goldwash/model"
)

// Kind is what a transaction's shape says of it.
type Kind uint8

// Kinds of a [Verdict].
const (
	None        Kind = iota // ordinary, as far as its shape tells
	Whirlpool               // a Whirlpool mix
	Premix                  // one party's preparation for Whirlpool mixes (TX0); not a mix
	Wasabi1                 // a Wasabi 1 round
	Wasabi2                 // a Wasabi 2 round
	JoinMarket              // possibly a JoinMarket transaction, never more
	EqualOutput             // equal outputs as a CoinJoin has them, of no known protocol
	Ambiguous               // collaborative or not: nothing is claimed and nobody united
)

var kindNames = [...]string{"none", "whirlpool", "premix", "wasabi1", "wasabi2", "joinmarket", "equal_output", "ambiguous"}

// String returns the kind's name, such as "equal_output".
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Verdict is what the shape of a transaction says. The zero value says that it
// is ordinary.
type Verdict struct {
	Kind Kind
	// Denomination is the value that Equal outputs share: the pool's for a
	// Whirlpool mix, what an output of a preparation holds for Premix, the
	// most frequent one else. Token values are left out.
	Denomination model.Amount
	Equal        int
	// Pool is the denomination of the mixes that a preparation is for.
	Pool model.Amount
	// Remixers and Entrants are the inputs of a Whirlpool mix at and above
	// its denomination.
	Remixers, Entrants int
	// Confidence is how far the rule is trusted by those who published it; 0
	// where no protocol is named.
	Confidence model.Probability
	// Named is true where the kind is a mix of a known protocol: Whirlpool,
	// Wasabi1, Wasabi2, JoinMarket. Only such a verdict supports saying that
	// coins were mixed, and JoinMarket's only that they may have been.
	Named bool
	// SkipUnion is true where the inputs must not be taken for one owner's.
	SkipUnion bool
	// EraKnown is true where the height was known and tested.
	EraKnown bool
	// Protocols are those whose rules the transaction meets, in the order in
	// which they are tested: more than one where the height does not decide.
	// Of an Ambiguous verdict they are those that it may be.
	Protocols []string
	// Reasons say what was decisive, and what could not be tested.
	Reasons []string
}

// String returns the kind with the equal outputs, such as
// "whirlpool: 5 outputs of 0.05000000 BTC"; "none" for an ordinary transaction.
func (v Verdict) String() string {
	if v.Kind == None {
		return v.Kind.String()
	}
	return fmt.Sprintf("%v: %d outputs of %v BTC", v.Kind, v.Equal, v.Denomination)
}

// Size estimates the memory that the verdict holds, in bytes.
func (v *Verdict) Size() int {
	n := 128 + 16*len(v.Protocols)
	for _, r := range v.Reasons {
		n += 16 + len(r)
	}
	return n
}
