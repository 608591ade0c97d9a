package commingle

import (
	"fmt"

	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// MinSat and MinShare are what each class of coins must at least
	// contribute; coins below MinSat are dust and belong to neither class.
	MinSat   model.Amount
	MinShare model.Probability
	// A payment of at most DustingSat is dust too if its transaction pays so
	// much to DustingOutputs outputs or more.
	DustingSat     model.Amount
	DustingOutputs int
	// MinPayout is the least probability of a payout whose receipts count as
	// mined.
	MinPayout model.Probability
	// Custodian is the least confidence of a label that gives keys to a
	// custodian, or to an account at one, and so prevents a finding about who
	// holds them. A label of less makes the finding less sure.
	Custodian model.Probability
	// Ratio is the likelihood ratio of one transaction that signs for both.
	Ratio int64
	// The log likelihood ratios of one cluster that spends both separately, of
	// one address that received both, of one that both reached through other
	// addresses, of a service's address that both flow to, and of a payee of the
	// actor who spends both together.
	Cluster, Receipt, Flow, Service, Received model.MicroNats
	// FlowHops is how many transactions either class may pass through to one
	// address, FlowMined the least share of mined coins in what such a
	// transaction spends, and FlowStep what each leaves of the confidence.
	// Gathered is the least share of both classes in all that the address
	// received: less, and it is paid by many. FlowCoins bounds the receipts that
	// are looked at, and FlowTxs the transactions behind them.
	FlowHops                      int
	FlowMined, FlowStep, Gathered model.Probability
	FlowCoins, FlowTxs            int
	// Possible is the most that is said of coins for which nobody signed, or a
	// service did; ReceivedCap the most that is said of a payee.
	Possible, ReceivedCap model.Probability
	// Untested is the most that is said of one transaction that signs for both
	// where the scope does not hold its addresses, so that it is not known
	// whether their cluster behaves like a service. Unowned is the most that is
	// said of one of whose inputs the owner of any is unknown. Sweep is how many addresses
	// such a transaction may spend to one output before nothing is said.
	Untested, Unowned model.Probability
	Sweep             int
	// Prior is the probability that two classes of coins under one key-set
	// in an ordinary transaction have one owner.
	Prior model.Probability
	// Hops is how many addresses coins may pass through that come from an
	// actor.
	Hops int
	// FanOut is how many outputs a transaction has, unless it is a coinbase,
	// that may be a payout.
	FanOut int
	// Coins bounds the coins that are looked at of one address or cluster,
	// Reach the transactions that are kept as reached by an actor's coins,
	// History the transactions that are read of one address where no index was
	// built, and MaxParts the coins and transactions of each sort that a
	// finding lists.
	Coins, Reach, History, MaxParts int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		MinSat: 20_001, MinShare: model.Percent(1), DustingSat: 100_000, DustingOutputs: 10,
		MinPayout: model.Percent(80), Custodian: cluster.DefaultParams().LabelConfidence,
		Ratio: 200, Cluster: 4 * model.Nat, Receipt: model.Nat, Flow: 3 * model.Nat / 2, Service: 2 * model.Nat, Received: model.Nat / 2,
		Possible: model.Percent(49), ReceivedCap: model.Percent(20), Prior: model.Percent(10),
		Untested: model.Percent(80), Unowned: model.Percent(49), Sweep: 10,
		Hops: 4, FanOut: 5,
		FlowHops: 3, FlowMined: model.Percent(90), FlowStep: model.Percent(80), Gathered: model.Percent(50), FlowCoins: 20, FlowTxs: 60,
		Coins: 2_000, Reach: 1 << 20, History: 2_000, MaxParts: 100,
	}
}

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name string, value any, source string) model.Parameter {
		return model.Parameter{Name: "commingle." + name, Value: fmt.Sprint(value), Origin: model.Chosen, Source: source}
	}
	return []model.Parameter{
		chosen("min_sat", int64(p.MinSat), "above twice the 10,000 sat that token wallets put in each output"),
		chosen("min_share", p.MinShare, ""),
		chosen("dusting_sat", int64(p.DustingSat), ""),
		chosen("dusting_outputs", p.DustingOutputs, ""),
		chosen("min_payout", p.MinPayout, ""),
		chosen("custodian", p.Custodian, "as in package cluster"),
		chosen("ratio", p.Ratio, "section 10 of the heuristics reference"),
		chosen("cluster_nats", p.Cluster, "section 10 of the heuristics reference"),
		chosen("receipt_nats", p.Receipt, "section 10 of the heuristics reference"),
		chosen("flow_nats", p.Flow, "section 10 of the heuristics reference"),
		chosen("service_nats", p.Service, "section 10 of the heuristics reference"),
		chosen("received_nats", p.Received, "the most that practice allows for receiving"),
		chosen("possible", p.Possible, "never more than possible"),
		chosen("received_cap", p.ReceivedCap, ""),
		chosen("untested", p.Untested, "never more than likely"),
		chosen("unowned", p.Unowned, "never more than possible"),
		chosen("sweep", p.Sweep, "as in package service"),
		chosen("prior", p.Prior, ""),
		chosen("hops", p.Hops, "as far as package trail follows"),
		chosen("fan_out", p.FanOut, "the least outputs of a payout by a labelled payer"),
		chosen("flow_hops", p.FlowHops, "section 10 of the heuristics reference"),
		chosen("flow_mined", p.FlowMined, "section 10 of the heuristics reference"),
		chosen("flow_step", p.FlowStep, "as in package trail"),
		chosen("gathered", p.Gathered, ""),
		chosen("flow_coins", p.FlowCoins, ""),
		chosen("flow_txs", p.FlowTxs, ""),
		chosen("coins", p.Coins, ""),
		chosen("reach", p.Reach, ""),
		chosen("history", p.History, ""),
		chosen("max_parts", p.MaxParts, ""),
	}
}
