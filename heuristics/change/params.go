package change

import (
	"strconv"

	"github.com/goldwash/goldwash/model"
)

// Params are the public numbers of the vote. Make them with [DefaultParams].
type Params struct {
	// Lead is by how many votes an output must lead over the next.
	Lead int
	// PeelHops is for how many transactions the features must go on for the
	// rule PeelChain.
	PeelHops int
	// History bounds the transactions of an address that are read to learn
	// whether an output is its first.
	History int
	// Outputs bounds the outputs of a transaction that is looked at: what has
	// more is no payment with change.
	Outputs int
	// Blind lets the rules vote on payments whose change goes back to the
	// address of an input too, as if they did not see it. What the change is
	// is known there, so that rules can be measured; rules about new scripts
	// still abstain.
	Blind bool
	// Right is the probability that a prediction is right. It is the score of
	// findings, and decides nothing.
	Right model.Probability
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{Lead: 6, PeelHops: 3, History: 8, Outputs: 16, Right: model.Percent(80)}
}

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name, value string) model.Parameter {
		return model.Parameter{Name: name, Value: value, Origin: model.Chosen}
	}
	return []model.Parameter{
		chosen("lead", strconv.Itoa(p.Lead)),
		chosen("peel_hops", strconv.Itoa(p.PeelHops)),
		chosen("history", strconv.Itoa(p.History)),
		chosen("outputs", strconv.Itoa(p.Outputs)),
		chosen("blind", strconv.FormatBool(p.Blind)),
		chosen("right", p.Right.String()),
	}
}
