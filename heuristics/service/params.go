package service

import (
	"strconv"

	"github.com/goldwash/goldwash/model"
)

// Params are the thresholds of the votes. All are engineering defaults, to be
// replaced by calibration. Make them with [DefaultParams] and change what is to
// differ.
type Params struct {
	// LabelConfidence is what a label must have at least to count.
	LabelConfidence model.Probability
	// SingleUse is how many addresses with one receipt and one spend, a
	// sweep, make the vote of that name.
	SingleUse int
	// A sweep spends from so many different addresses to a single output.
	Sweep int
	// Swept addresses were only ever spent by sweeps; so many of them, paid by
	// so many different payers, make the vote.
	Swept, SweptPayers int
	// SweptStrong of them, one at least paid by a fan-out, decide alone.
	SweptStrong int
	// A single sweep of so many addresses with one receipt each, of so many
	// different payers, so many of them paid by fan-outs, decides alone.
	MixedSweep, MixedPayers, MixedFanOuts int
	// FreshOutputs is how many scripts that were never seen before a
	// withdrawal pays; Withdrawals how many of these make the vote.
	FreshOutputs, Withdrawals int
	// Services is how many labelled services must pay into the cluster.
	Services int
	// FanOut is how many outputs a transaction has, and CoinbaseFanOut how
	// many a coinbase has, that may be a pool's payout; PoolAddresses is how
	// many addresses must be paid by such, and Pools by how many payers.
	FanOut, CoinbaseFanOut, PoolAddresses, Pools int
	// Signed is how many transactions the cluster must sign, in each of the
	// 24 hours of the day.
	Signed int
	// FanIn is how many other clusters must pay it, and Payees how many
	// scripts it must pay.
	FanIn, Payees int
	// Votes of so many different families make a cluster service-like.
	Families int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		LabelConfidence: model.Percent(50),
		SingleUse:       50,
		Sweep:           10,
		Swept:           10, SweptPayers: 3, SweptStrong: 20,
		MixedSweep: 8, MixedPayers: 5, MixedFanOuts: 2,
		FreshOutputs: 10, Withdrawals: 3,
		Services: 3,
		FanOut:   31, CoinbaseFanOut: 3, PoolAddresses: 3, Pools: 2,
		Signed: 100,
		FanIn:  20, Payees: 20,
		Families: 2,
	}
}

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	ps := []model.Parameter{{Name: "label_confidence", Value: p.LabelConfidence.String(), Origin: model.Chosen}}
	for _, v := range []struct {
		name  string
		value int
	}{
		{"single_use", p.SingleUse}, {"sweep", p.Sweep},
		{"swept", p.Swept}, {"swept_payers", p.SweptPayers}, {"swept_strong", p.SweptStrong},
		{"mixed_sweep", p.MixedSweep}, {"mixed_payers", p.MixedPayers}, {"mixed_fan_outs", p.MixedFanOuts},
		{"fresh_outputs", p.FreshOutputs}, {"withdrawals", p.Withdrawals}, {"services", p.Services},
		{"fan_out", p.FanOut}, {"coinbase_fan_out", p.CoinbaseFanOut}, {"pool_addresses", p.PoolAddresses}, {"pools", p.Pools},
		{"signed", p.Signed}, {"fan_in", p.FanIn}, {"payees", p.Payees}, {"families", p.Families},
	} {
		ps = append(ps, model.Parameter{Name: v.name, Value: strconv.Itoa(v.value), Origin: model.Chosen})
	}
	return ps
}
