package payout

import "fmt"

// Shape is the form in which a pool pays, or moves, its coins.
type Shape uint8

// Shapes of a [Candidacy].
const (
	None     Shape = iota
	Coinbase       // members are outputs of a generation transaction
	Solo           // a generation transaction pays one finder, and a listed address the fee
	Fanout         // an address of the pool pays many members at once
	Chain          // a link of a chain: the largest output of the link before it pays, in as many outputs
	Custody        // an address of a custodian pays for a pool
	Split          // the pool cuts its funds into equal pieces on addresses of its own: no payout
)

var shapeNames = [...]string{"none", "coinbase", "solo", "fanout", "chain", "custody", "pool_split"}

// String returns the name that findings use, such as "fanout".
func (s Shape) String() string {
	if int(s) >= len(shapeNames) {
		return fmt.Sprintf("shape(%d)", uint8(s))
	}
	return shapeNames[s]
}

// Class is what an output of a payout is.
type Class uint8

// Classes of a [Receipt].
const (
	Unspendable   Class = iota // nobody is paid: null data, no value, or a script that anyone may spend
	Member                     // a member of the pool is paid
	Internal                   // the pool keeps it
	InternalMaybe              // the pool may keep it: nobody is named by it
	Service                    // paid to an account at a custodian: the payee is a customer of it
	Small                      // too small to be evidence of anything
)

var classNames = [...]string{"unspendable", "member", "pool_internal", "pool_internal_candidate", "service", "small"}

// String returns the name that findings use, such as "pool_internal".
func (c Class) String() string {
	if int(c) >= len(classNames) {
		return fmt.Sprintf("class(%d)", uint8(c))
	}
	return classNames[c]
}
