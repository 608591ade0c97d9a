package taint

import (
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// Params are the public parameters of the heuristic. Make them with
// [DefaultParams].
type Params struct {
	// Policies are what a transaction's coins are divided by: of Haircut, FIFO
	// and LIFO, those that need not know beforehand which coins are taint.
	// Poison is known beside them; see [Origins.Poisoned].
	Policies []Policy
	// Hops is how many transactions back the search goes.
	Hops int
	// Lookups bounds how many transactions one search reads: the first step
	// may read so many, each step back half of the one before.
	Lookups int
	// LabelConfidence is what a label must have at least to say who holds an
	// address.
	LabelConfidence model.Probability
	// Cospend is what is left of a custodian's label's confidence on another
	// address of its cluster.
	Cospend model.Probability
	// Origins bounds how many origins of one transaction are kept apart, each
	// at its distance.
	Origins int
	// Segments bounds the segments of one output.
	Segments int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		Policies: []Policy{Haircut, FIFO, LIFO}, Hops: 6, Lookups: 4000,
		LabelConfidence: model.Percent(50), Cospend: model.Percent(95), Origins: 256, Segments: MaxSegments,
	}
}

// Parameters lists every field.
func (p Params) Parameters() []model.Parameter {
	var names []string
	for _, q := range p.Policies {
		names = append(names, q.String())
	}
	chosen := func(name, value string) model.Parameter {
		return model.Parameter{Name: "taint." + name, Value: value, Origin: model.Chosen}
	}
	return []model.Parameter{
		chosen("policies", strings.Join(names, " ")),
		chosen("hops", strconv.Itoa(p.Hops)),
		chosen("lookups", strconv.Itoa(p.Lookups)),
		chosen("label_confidence", p.LabelConfidence.String()),
		chosen("cospend", p.Cospend.String()),
		chosen("origins", strconv.Itoa(p.Origins)),
		chosen("segments", strconv.Itoa(p.Segments)),
	}
}
