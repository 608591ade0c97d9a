package actor

import (
	"github.com/goldwash/goldwash/model"
)

// Params are the public numbers of the attribution. Make them with
// [DefaultParams] and change what is to differ.
type Params struct {
	// Cospend is what is left of a label's confidence for the other addresses
	// of its cluster.
	Cospend model.Probability
	// Structural is the probability that a cluster is a custodian's where its
	// behaviour alone says so.
	Structural model.Probability
	// AccountCap is the most that the findings of this heuristic say.
	AccountCap model.Probability
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{Cospend: model.Percent(95), Structural: model.Percent(70), AccountCap: model.Percent(95)}
}

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	return []model.Parameter{
		{Name: "cospend", Value: p.Cospend.String(), Origin: model.Chosen},
		{Name: "structural", Value: p.Structural.String(), Origin: model.Chosen},
		{Name: "account_cap", Value: p.AccountCap.String(), Origin: model.Chosen},
	}
}
