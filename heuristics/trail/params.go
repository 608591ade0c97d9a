package trail

import (
	"strconv"

	"github.com/goldwash/goldwash/model"
)

// Params are the parameters. Make them with [DefaultParams] and change what is to
// differ.
type Params struct {
	// Hops is how many addresses the coins may pass through.
	Hops int
	// Forward is the least share of what such an address received that it
	// spends within Dwell days of the receipt.
	Forward model.Probability
	Dwell   int
	// SameSource is the least share of what such an address received that comes
	// from the wallet that paid the coin, or from the actor's own.
	SameSource model.Probability
	// Payees is how many addresses a transaction on the way may pay. One that
	// pays more pays others.
	Payees int
	// Material is the least share of a transaction's inputs for which an actor
	// who cannot have paid all of an output may be named.
	Material model.Probability
	// PerHop is what is left of the confidence after each address that is not
	// of the wallet that paid it.
	PerHop model.Probability
	// MinSat is the least coin that carries a trail or breaks one.
	MinSat model.Amount
	// OtherLabel is what a label must have at least to say that an address is
	// somebody else's. Labels of custodians always count.
	OtherLabel model.Probability
	// History bounds the transactions of an address on the way. One with more
	// is no address that coins merely pass through.
	History int
	// Lookups bounds the transactions that the search for one trail may look
	// up; a step with one hop less may look up half.
	Lookups int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		Hops: 4, Forward: model.Percent(90), Dwell: 60, SameSource: model.Percent(50), Payees: 10, Material: model.Percent(50), PerHop: model.Percent(80), MinSat: 20_001,
		OtherLabel: model.Percent(50), History: 200, Lookups: 1024,
	}
}

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name, value, source string) model.Parameter {
		return model.Parameter{Name: name, Value: value, Origin: model.Chosen, Source: source}
	}
	return []model.Parameter{
		chosen("trail.hops", strconv.Itoa(p.Hops), "three transactions strictly between the actor's own and the last one, so four addresses"),
		chosen("trail.forward", p.Forward.String(), ""),
		chosen("trail.dwell_days", strconv.Itoa(p.Dwell), "twice the 30 days of section 8.2 of the heuristics reference: coins wait for a buyer's next order, in the embedded case for 32 days"),
		chosen("trail.same_source", p.SameSource.String(), ""),
		chosen("trail.payees", strconv.Itoa(p.Payees), ""),
		chosen("trail.material", p.Material.String(), ""),
		chosen("trail.per_hop", p.PerHop.String(), ""),
		chosen("trail.min_sat", strconv.FormatInt(int64(p.MinSat), 10), "above twice the 10,000 sat that token wallets put in each output"),
		chosen("trail.other_label", p.OtherLabel.String(), ""),
		chosen("trail.history", strconv.Itoa(p.History), ""),
		chosen("trail.lookups", strconv.Itoa(p.Lookups), ""),
	}
}
