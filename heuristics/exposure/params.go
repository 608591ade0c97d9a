package exposure

import (
	"strconv"

	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/model"
)

// Params are the public parameters. Make them with [DefaultParams].
type Params struct {
	// Txs is how many transactions of the subject are looked at, the first
	// ones of its history.
	Txs int
	// Hops is how many transactions sent coins are followed; how far received
	// ones are is a parameter of [taint.Params]. Follow is how many
	// transactions are read for it, and Spends how many outputs are looked up,
	// beside the subject's own.
	Hops, Follow, Spends int
	// Wallet takes an address for its whole cluster.
	Wallet bool
	// Cospend is the probability that the addresses of a cluster have one
	// holder, where Wallet is on.
	Cospend model.Probability
	// MinSat is what must come from or reach a party under one policy at
	// least, for a finding. Less is dust.
	MinSat model.Amount
	// Any reports on every address that a run has for a subject. Without it a
	// run reports on the seeds of its scope alone.
	Any bool
	// MaxItems bounds the transactions, addresses and labels that a finding
	// lists.
	MaxItems int
	// Holders says who holds addresses that coins are sent to: its
	// LabelConfidence and Cospend count, and nothing else of it.
	Holders taint.Params
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{Txs: 500, Hops: 6, Follow: 500, Spends: 4000, Cospend: model.Percent(90), MinSat: 20_000, MaxItems: 20, Holders: taint.DefaultParams()}
}

// Parameters lists every field.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name, value string) model.Parameter {
		return model.Parameter{Name: "exposure." + name, Value: value, Origin: model.Chosen}
	}
	return []model.Parameter{
		chosen("txs", strconv.Itoa(p.Txs)),
		chosen("hops", strconv.Itoa(p.Hops)),
		chosen("follow", strconv.Itoa(p.Follow)),
		chosen("spends", strconv.Itoa(p.Spends)),
		chosen("wallet", strconv.FormatBool(p.Wallet)),
		chosen("cospend", p.Cospend.String()),
		chosen("min_sat", strconv.FormatInt(int64(p.MinSat), 10)),
		chosen("any", strconv.FormatBool(p.Any)),
		chosen("max_items", strconv.Itoa(p.MaxItems)),
		chosen("label_confidence", p.Holders.LabelConfidence.String()),
		chosen("label_cospend", p.Holders.Cospend.String()),
	}
}
