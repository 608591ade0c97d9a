package depaddr

import (
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// Route says how an address was inferred.
type Route string

// Routes.
const (
	// CoSpend: one transaction, or a chain of them, spends the address
	// together with the seed.
	CoSpend Route = "co-spend"
	// Behaviour: all that the address receives is swept, with what strangers
	// paid to others, to the operator's own wallet.
	Behaviour Route = "behaviour"
	// Collection: the operator's deposit addresses are swept to it.
	Collection Route = "collector"
)

// Inference says that an address is inferred to belong to the operator of a
// labelled one.
type Inference struct {
	Address model.Address `json:"address"`
	// Label is the label that is derived for the address. It has the entity,
	// the category and the bounds in time of Seed, a confidence of its own,
	// and the role deposit, collector or none.
	Label model.Label `json:"label"`
	Route Route       `json:"route"`
	// Seed is the label from which all of this follows.
	Seed model.Label `json:"seed"`
	// Through is the inferred collector to which the address is swept, where
	// it is not the seed itself; else the zero Address.
	Through model.Address `json:"through,omitzero"`
	// Hops is how many transactions, each with an address of the next, link
	// the address with the seed, where Route is CoSpend.
	Hops int `json:"hops,omitempty"`
	// Score holds the factors that make the confidence of Label.
	Score model.Score `json:"score"`
	// Behaviour is the score by log-odds of the second route, and Evidence
	// what it is made of; empty for the others.
	Behaviour model.Score      `json:"behaviour,omitzero"`
	Evidence  []model.Evidence `json:"evidence,omitempty"`
	// Sweeps counts the transactions that link the address with the operator,
	// and First are the first of them.
	Sweeps int     `json:"sweeps"`
	First  []Sweep `json:"first"`
	// Swept counts the deposit addresses that were swept to a collector, and
	// Payers the unrelated payers of what is swept together.
	Swept  int `json:"swept,omitempty"`
	Payers int `json:"payers,omitempty"`
	// Reason says in words why.
	Reason string `json:"reason"`
}

// Sweep is a transaction by which an address is linked with its operator.
type Sweep struct {
	Tx        model.TxID     `json:"tx"`
	Block     model.BlockRef `json:"block,omitzero"`
	Addresses int            `json:"addresses"`   // different ones that it spends
	To        model.Address  `json:"to,omitzero"` // its single output, if it has one
}

// Index holds the inferences of a scope. It does not change once built and is
// safe for concurrent use. Slices that it returns are shared and must not be
// changed.
type Index struct {
	p         Params
	all       []Inference // sorted by address
	operators []operator  // with inferences; sorted by the seed's label
	counts    counts
}

// operator is a service with what was inferred of it.
type operator struct {
	seed model.Label // the best one
	all  []int       // places in Index.all
}

// counts tell what was looked at and left out.
type counts struct {
	seeds       int // labels that are seeds
	conflicts   int // clusters whose labels name several
	unconfirmed int // addresses whose history was not read
	txs         int // transactions that were kept
}

// Of returns the index that was built in the session of r.
func Of(r heuristics.Reader) *Index { return heuristics.IndexOf[*Index](r, Heuristic) }

// Inferred returns what was inferred of an address; ok is false where nothing
// was. An address that carries a label of its own that says the same with at
// least the confidence is not inferred.
func (x *Index) Inferred(a model.Address) (Inference, bool) {
	i, ok := slices.BinarySearchFunc(x.all, a, func(f Inference, a model.Address) int { return f.Address.Compare(a) })
	if !ok {
		return Inference{}, false
	}
	return x.all[i], true
}

// All returns every inference, sorted by address. An address has one at most:
// the most confident, of equally confident ones that of the first seed.
func (x *Index) All() []Inference { return x.all }
