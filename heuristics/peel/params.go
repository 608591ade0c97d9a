package peel

import (
	"fmt"

	"github.com/goldwash/goldwash/model"
)

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// MinLinks is how many transactions make a chain, MaxLinks how many are
	// followed.
	MinLinks, MaxLinks int
	// MaxInputs is how many coins of one address a link may spend.
	MaxInputs int
	// MinPeel is the least that a link pays off. Less is what token wallets and
	// those who send dust put in outputs.
	MinPeel model.Amount
	// Custodian is the least confidence of a label that gives an address to a
	// service, at which a chain ends.
	Custodian model.Probability
	// Prior is the probability that a chain of this form is one party's.
	Prior model.Probability
	// Link is the weight of each carried coin that was spent in the same form,
	// Links the most that all of them weigh. Features is the weight of the
	// features that the links share. SelfChange is the weight where every
	// remainder returned to the address that paid; of some, it is their part.
	Link, Links, Features, SelfChange model.MicroNats
	// Rejoined is the weight where the payee of a link is in one cluster with
	// an address of the chain: then nobody was paid.
	Rejoined model.MicroNats
	// Most is the most that is reported: that a remainder stayed with the payer
	// is inferred.
	Most model.Probability
	// Listed bounds the links that a finding lists in full.
	Listed int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		MinLinks: 4, MaxLinks: 250, MaxInputs: 3, MinPeel: 20_001, Custodian: model.Percent(50),
		Prior: model.Percent(20), Link: model.Nat / 2, Links: 3 * model.Nat, Features: model.Nat, SelfChange: 4 * model.Nat,
		Rejoined: -2 * model.Nat, Most: model.Percent(95), Listed: 100,
	}
}

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name string, value any, source string) model.Parameter {
		return model.Parameter{Name: "peel." + name, Value: fmt.Sprint(value), Origin: model.Chosen, Source: source}
	}
	return []model.Parameter{
		chosen("min_links", p.MinLinks, ""),
		chosen("max_links", p.MaxLinks, ""),
		chosen("max_inputs", p.MaxInputs, ""),
		chosen("min_peel", int64(p.MinPeel), "above twice the 10,000 sat that token wallets put in each output"),
		chosen("custodian", p.Custodian, "as in package cluster"),
		chosen("prior", p.Prior, ""),
		chosen("link_nats", p.Link, ""),
		chosen("links_nats", p.Links, ""),
		chosen("features_nats", p.Features, ""),
		chosen("self_change_nats", p.SelfChange, ""),
		chosen("rejoined_nats", p.Rejoined, ""),
		chosen("most", p.Most, ""),
		chosen("listed", p.Listed, ""),
	}
}
