package depaddr

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Params are the public numbers of the inference. Make them with
// [DefaultParams] and change what is to differ.
type Params struct {
	// LabelConfidence is what a label must have at least to be a seed, or to
	// contradict one.
	LabelConfidence model.Probability
	// Inferred is what is left of the seed's confidence for an address that is
	// inferred from it, by either route.
	Inferred model.Probability
	// Collector is what is left, beyond that, for a collector.
	Collector model.Probability

	// Leak is the most that a sweep may pay elsewhere, as a share of what it
	// pays.
	Leak model.Probability
	// MinSat is the least payment that says who funds an address. What is
	// smaller anybody may send to confuse.
	MinSat model.Amount

	// CollectorAddresses is how many different addresses must be swept to an
	// address, by two transactions at least, to make it a collector.
	CollectorAddresses int
	// CollectorSweeps is how many sweeps of two or more addresses each make
	// it one as well, where at least CollectorShare of all that the deposit
	// addresses ever paid out of the service went there.
	CollectorSweeps int
	CollectorShare  model.Probability

	// Prior is the probability that an address swept with strangers belongs
	// to the service, before its behaviour is looked at, and Least the
	// probability at which it is said to.
	Prior, Least model.Probability
	// ManyPayers unrelated payers of the addresses that are swept together
	// count in full, and fewer than FewPayers for nothing at all.
	FewPayers, ManyPayers int
	// Others is how many other addresses, funded from outside, one sweep must
	// spend to count in full.
	Others int
	// Dwell is how long coins may rest before they are swept, and DwellShare
	// the share of receipts for which that must hold.
	Dwell      time.Duration
	DwellShare model.Probability

	// Weights of evidence for the second route.
	ToLabelled  model.MicroNats // every spend goes whole to a labelled address where customers do not pay
	ToCollector model.MicroNats // to an inferred collector
	PaidByMany  model.MicroNats
	PaidByFew   model.MicroNats
	SweptByMany model.MicroNats // with Others other addresses
	SweptByFew  model.MicroNats // with fewer
	SweptSoon   model.MicroNats
	NothingKept model.MicroNats // every sweep has a single output

	// MaxSweeps bounds the sweeps that an inference lists, and MaxParts the
	// addresses that a finding lists.
	MaxSweeps, MaxParts int
}

// DefaultParams returns the defaults. All but those that heuristics reference
// 8.1 publishes are engineering defaults, to be replaced by calibration.
func DefaultParams() Params {
	return Params{
		LabelConfidence: model.Percent(50),
		Inferred:        model.Percent(90),
		Collector:       model.Percent(90),
		Leak:            5_000,
		MinSat:          20_001,

		CollectorAddresses: 20,
		CollectorSweeps:    2,
		CollectorShare:     model.Percent(50),

		Prior: model.Percent(5), Least: model.Percent(80),
		FewPayers: 2, ManyPayers: 3, Others: 2,
		Dwell: 30 * 24 * time.Hour, DwellShare: model.Percent(90),

		ToLabelled: 2_750_000, ToCollector: 2_000_000,
		PaidByMany: 2_000_000, PaidByFew: 750_000,
		SweptByMany: 1_000_000, SweptByFew: 250_000,
		SweptSoon: 500_000, NothingKept: 500_000,

		MaxSweeps: 5, MaxParts: 100,
	}
}

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	const reference = "heuristics reference 8.1"
	num := func(n int) string { return strconv.Itoa(n) }
	nats := func(w model.MicroNats) string { return strconv.FormatInt(int64(w), 10) }
	ps := []model.Parameter{}
	for _, v := range [...]struct{ name, value, source string }{
		{"depaddr.label_confidence", p.LabelConfidence.String(), ""},
		{"depaddr.inferred", p.Inferred.String(), "heuristics reference 8.2"},
		{"depaddr.collector", p.Collector.String(), ""},
		{"depaddr.sweep_leak_max", p.Leak.String(), reference},
		{"depaddr.min_sat", num(int(p.MinSat)), "above twice the 10,000 sat that token wallets put in each output"},
		{"depaddr.collector_addresses", num(p.CollectorAddresses), reference},
		{"depaddr.collector_sweeps", num(p.CollectorSweeps), ""},
		{"depaddr.collector_share", p.CollectorShare.String(), ""},
		{"depaddr.prior", p.Prior.String(), ""},
		{"depaddr.least", p.Least.String(), ""},
		{"depaddr.few_payers", num(p.FewPayers), ""},
		{"depaddr.many_payers", num(p.ManyPayers), reference},
		{"depaddr.others", num(p.Others), reference},
		{"depaddr.dwell_days", fmt.Sprint(p.Dwell.Hours() / 24), reference},
		{"depaddr.dwell_share", p.DwellShare.String(), reference},
		{"depaddr.to_labelled_micronats", nats(p.ToLabelled), ""},
		{"depaddr.to_collector_micronats", nats(p.ToCollector), ""},
		{"depaddr.paid_by_many_micronats", nats(p.PaidByMany), ""},
		{"depaddr.paid_by_few_micronats", nats(p.PaidByFew), ""},
		{"depaddr.swept_by_many_micronats", nats(p.SweptByMany), ""},
		{"depaddr.swept_by_few_micronats", nats(p.SweptByFew), ""},
		{"depaddr.swept_soon_micronats", nats(p.SweptSoon), ""},
		{"depaddr.nothing_kept_micronats", nats(p.NothingKept), ""},
		{"depaddr.max_sweeps", num(p.MaxSweeps), ""},
		{"depaddr.max_parts", num(p.MaxParts), ""},
	} {
		ps = append(ps, model.Parameter{Name: v.name, Value: v.value, Origin: model.Chosen, Source: v.source})
	}
	return ps
}
