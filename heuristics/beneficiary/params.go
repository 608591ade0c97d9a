package beneficiary

import (
	"strconv"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Params are the public numbers of the grouping. Make them with
// [DefaultParams] and change what is to differ.
type Params struct {
	// Weights of the edges between two addresses, and what they must sum to
	// for the two to be taken for one beneficiary's.
	CoSpend, Change, Consolidation, Handover, Union model.MicroNats
	// MaxAddresses is the most addresses of a beneficiary. What would be
	// larger is not joined, pending review.
	MaxAddresses int

	// Forward is how much of what an address spends must go to one other, at
	// least, within ForwardWithin of its arrival, for it to forward there.
	// That other may have at most MaxSources sources.
	Forward       model.Probability
	ForwardWithin time.Duration
	MaxSources    int
	// MaxForwards bounds the receipts whose spending is looked at, and
	// MaxHistory the transactions of one address that are read.
	MaxForwards, MaxHistory int

	// Two addresses have a constant ratio if SplitMin payouts at least paid
	// both and the ratios differ by at most SplitTolerance. Where more than
	// SplitPartners have one with an address, it says nothing.
	SplitMin, SplitPartners int
	SplitTolerance          model.Probability

	// A hand-over is between series of HandoverMin payouts at least whose
	// rates differ by at most HandoverRate.
	HandoverMin  int
	HandoverRate model.Probability

	// A train is at most OrderMax plus Settlement long, has TrainMin payouts at
	// least, and varies by at most Variation, or by VariationLuck where the
	// pool pays in its own coinbases, whose number is luck.
	TrainMin                 int
	OrderMax, Settlement     time.Duration
	Variation, VariationLuck model.Probability
	// Quiet is how long before the train the pool must not have paid the
	// beneficiary, and QuietAfter how long after it.
	Quiet, QuietAfter time.Duration
	// A resident was paid for ResidentDays before at ResidentRate of the
	// train's rate.
	ResidentDays int
	ResidentRate model.Probability
	// Weights of the test.
	Train, Resident model.MicroNats

	// Cospend is the probability that addresses which sign together are one
	// party's, and Joined the same of addresses that weaker edges join.
	Cospend, Joined model.Probability
	// MaxParts bounds the receipts, addresses and relations that a finding
	// lists.
	MaxParts int
}

const day = 24 * time.Hour

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		CoSpend: 5 * model.Nat, Change: 2 * model.Nat, Consolidation: 3 * model.Nat, Handover: 2 * model.Nat, Union: 5 * model.Nat,
		MaxAddresses: 5_000,
		Forward:      model.Percent(95), ForwardWithin: 30 * day, MaxSources: 50,
		MaxForwards: 100_000, MaxHistory: 1_000,
		SplitMin: 5, SplitPartners: 4, SplitTolerance: model.Percent(1),
		HandoverMin: 3, HandoverRate: model.Percent(15),
		TrainMin: 2, OrderMax: 10 * day, Settlement: 3 * day,
		Variation: model.Percent(15), VariationLuck: model.Percent(50),
		Quiet: 30 * day, QuietAfter: 14 * day,
		ResidentDays: 60, ResidentRate: model.Percent(50),
		Train: 3 * model.Nat / 2, Resident: -2 * model.Nat,
		Cospend: model.Percent(90), Joined: model.Percent(80),
		MaxParts: 40,
	}
}

const nicehash = "NiceHash: STANDARD orders last at most 10 days"

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	var out []model.Parameter
	add := func(name, value string, origin model.Origin, source string) {
		out = append(out, model.Parameter{Name: "beneficiary." + name, Value: value, Origin: origin, Source: source})
	}
	num := func(name string, v int) { add(name, strconv.Itoa(v), model.Chosen, "") }
	nat := func(name string, v model.MicroNats) {
		add("weight."+name, strconv.FormatInt(int64(v), 10), model.Chosen, "micro-nats")
	}
	days := func(name string, v time.Duration) {
		add(name, strconv.FormatInt(int64(v/time.Second), 10), model.Chosen, "seconds")
	}
	share := func(name string, v model.Probability) { add(name, v.String(), model.Chosen, "") }
	nat("co_spend", p.CoSpend)
	nat("change", p.Change)
	nat("consolidation", p.Consolidation)
	nat("handover", p.Handover)
	nat("union", p.Union)
	nat("train", p.Train)
	nat("resident", p.Resident)
	num("max_addresses", p.MaxAddresses)
	share("forward_min", p.Forward)
	days("forward_within", p.ForwardWithin)
	num("forward_max_sources", p.MaxSources)
	num("forward_max_receipts", p.MaxForwards)
	num("forward_max_history", p.MaxHistory)
	num("split_min_payouts", p.SplitMin)
	num("split_max_partners", p.SplitPartners)
	share("split_tolerance", p.SplitTolerance)
	num("handover_min_payouts", p.HandoverMin)
	share("handover_rate", p.HandoverRate)
	num("train_min_payouts", p.TrainMin)
	add("order_max", strconv.FormatInt(int64(p.OrderMax/time.Second), 10), model.Published, nicehash)
	days("settlement", p.Settlement)
	share("train_variation", p.Variation)
	share("train_variation_coinbase", p.VariationLuck)
	days("quiet_before", p.Quiet)
	days("quiet_after", p.QuietAfter)
	num("resident_days", p.ResidentDays)
	share("resident_rate", p.ResidentRate)
	share("cospend", p.Cospend)
	share("joined", p.Joined)
	num("max_parts", p.MaxParts)
	return out
}
