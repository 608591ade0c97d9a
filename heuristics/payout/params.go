package payout

import (
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/model"
)

// MaxHops is how many links of a chain the default instance follows back.
const MaxHops = 30

// Params are the public parameters of [Candidate] and [Heuristic].
// [DefaultParams] returns the defaults; change what should differ. Percentages
// are whole hundredths.
type Params struct {
	// Prior is the probability, before any evidence, that a transaction of the
	// required fan-out that is not collaborative is a pool's payout. Accept is
	// the probability from which one is claimed.
	Prior, Accept model.Probability
	// Doubt is the probability from which a payee's own candidate makes him
	// nobody that can be named.
	Doubt model.Probability
	// MinOutputs is the least number of outputs of a payout by an unlabelled
	// payer, MinLabelled by a labelled one.
	MinOutputs, MinLabelled int
	// In a coinbase ManyMin payees speak for a payout, if each of them has at
	// most PayeeMax percent of all that it pays; a pool that keeps its reward
	// at a few addresses of its own pays few, and each of them much. Of fewer
	// than ManyMin, MinLabelled such payees are enough where returning payees
	// speak for a payout too.
	ManyMin, PayeeMax int
	// MedianCap is what the median output must be below, and so is
	// MedianSubsidy percent of the subsidy where the height is known.
	MedianCap     model.Amount
	MedianSubsidy int
	// A value is round if it is a multiple of RoundUnit. More than RoundMax
	// percent of round values are an exchange's batch.
	RoundUnit model.Amount
	RoundMax  int
	// More than EqualMax percent of equal values speak against a payout, and
	// SplitMin percent, from one address, are the pool's cutting of its funds.
	EqualMax, SplitMin int
	// FreshMin percent of the coins must be freshly mined where no label names
	// the payer, and OnePoolMin percent of those by one pool. From FreshHigh
	// percent they weigh more.
	FreshMin, FreshHigh, OnePoolMin int
	// ReturningMin percent of outputs paid before by the same payer are a
	// pool's pattern.
	ReturningMin int
	// ChainParents is how many spent transactions are looked at for the link
	// before.
	ChainParents int
	// A largest output of ChangeMin percent or more of all that is paid may be
	// the pool's change.
	ChangeMin int
	// SoloFeeMax is how many percent of a coinbase a listed address may take
	// as the fee of a solo finder's block.
	SoloFeeMax int
	// ServiceMin is the confidence from which a label that names the payer as
	// a custodian counts as a fact, and not as evidence.
	ServiceMin model.Probability
	// ByCluster is how far a label is trusted that is on another address of a
	// cluster.
	ByCluster model.Probability
	// Outputs of at most MinMember are no evidence of a member, nor are those
	// of exactly one of TokenValues, which token wallets send.
	MinMember   model.Amount
	TokenValues []model.Amount
	// Floors are the least amounts that pools pay in a coinbase.
	Floors []Floor
	// A payout within HourBand minutes of the time of day of HourShare percent
	// of the earlier ones, of which there must be HourMin, keeps the pool's
	// hour.
	HourBand, HourMin, HourShare int
	// Fan-outs of a payer that lie RoundApart blocks apart, and pay some of the
	// same, are rounds of one pattern, on which analytic confidence rests.
	RoundApart int
	// Receipts bounds how many pairs of payer and payee the index of earlier
	// payouts holds; one takes 48 bytes.
	Receipts int
	Weights  Weights
}

// Floor is the least that a pool pays in its coinbases.
type Floor struct {
	Entity string
	Amount model.Amount
}

// Weights are log likelihood ratios.
type Weights struct {
	Labelled model.MicroNats // a label names the payer as a pool's
	// Few counts against a payout of fewer than MinOutputs outputs, unless the
	// label says that its address pays members: a handful of payees by
	// itself is what any wallet's spending looks like.
	Few       model.MicroNats
	FreshHigh model.MicroNats // at least FreshHigh percent freshly mined
	FreshMin  model.MicroNats // at least FreshMin percent
	Returning model.MicroNats // payees were paid before by the payer
	SameHour  model.MicroNats
	SameCount model.MicroNats // as many outputs as the payout before
	Equal     model.MicroNats
	Round     model.MicroNats
	Received  model.MicroNats // it spends what a payout paid to a member
	Service   model.MicroNats // a doubtful label names the payer as a custodian
	PerLink   model.MicroNats // what provenance loses from link to link of a chain
	Minted    model.MicroNats // the outputs are those of a generation transaction
	ManyPaid  model.MicroNats // a generation transaction pays ManyMin small payees or more
	FewPaid   model.MicroNats // it pays fewer
	SoloFee   model.MicroNats // it pays one, and the fee to a listed address
}

// DefaultParams returns the parameters of [Candidate] and [Heuristic].
func DefaultParams() Params {
	return Params{
		Prior: model.Percent(5), Accept: model.Percent(80), Doubt: model.Percent(50),
		MinOutputs: 31, MinLabelled: 5,
		ManyMin: 10, PayeeMax: 10,
		MedianCap: 2 * model.Coin, MedianSubsidy: 16,
		RoundUnit: 100_000, RoundMax: 30,
		EqualMax: 25, SplitMin: 80,
		FreshMin: 50, FreshHigh: 90, OnePoolMin: 80,
		ReturningMin: 30,
		ChainParents: 8,
		ChangeMin:    50,
		SoloFeeMax:   10,
		ServiceMin:   model.Percent(50),
		ByCluster:    model.Percent(90),
		MinMember:    20_000,
		TokenValues:  []model.Amount{294, 330, 546, 10_000},
		Floors:       []Floor{{"OCEAN", 1_048_576}},
		HourBand:     120, HourMin: 5, HourShare: 60,
		RoundApart: 72,
		Receipts:   4_000_000,
		Weights: Weights{
			Labelled: 5 * model.Nat, Few: -2 * model.Nat, FreshHigh: 3 * model.Nat, FreshMin: 3 * model.Nat / 2,
			Returning: 3 * model.Nat, SameHour: model.Nat, SameCount: model.Nat,
			Equal: -2 * model.Nat, Round: -2 * model.Nat, Service: -4 * model.Nat, Received: -4 * model.Nat,
			PerLink: -model.Nat / 20,
			Minted:  3 * model.Nat, ManyPaid: 3 * model.Nat, FewPaid: model.Nat / 2, SoloFee: 3 * model.Nat,
		},
	}
}

// Parameters lists every field.
func (p Params) Parameters() []model.Parameter {
	var out []model.Parameter
	add := func(name, value string, origin model.Origin, source string) {
		out = append(out, model.Parameter{Name: "payout." + name, Value: value, Origin: origin, Source: source})
	}
	num := func(name string, v int) { add(name, strconv.Itoa(v), model.Chosen, "") }
	sat := func(name string, v model.Amount) { add(name, strconv.FormatInt(int64(v), 10), model.Chosen, "") }
	nat := func(name string, v model.MicroNats) {
		add("weight."+name, strconv.FormatInt(int64(v), 10), model.Chosen, "micro-nats")
	}
	add("prior", p.Prior.String(), model.Chosen, "")
	add("accept", p.Accept.String(), model.Chosen, "")
	add("min_outputs_unlabelled", strconv.Itoa(p.MinOutputs), model.Published, romiti)
	add("doubt", p.Doubt.String(), model.Chosen, "")
	num("min_outputs_labelled", p.MinLabelled)
	num("coinbase_min_payees", p.ManyMin)
	num("coinbase_payee_max_percent", p.PayeeMax)
	add("median_cap_sat", strconv.FormatInt(int64(p.MedianCap), 10), model.Published, romiti)
	num("median_cap_percent_of_subsidy", p.MedianSubsidy)
	sat("round_unit_sat", p.RoundUnit)
	num("round_max_percent", p.RoundMax)
	num("equal_max_percent", p.EqualMax)
	num("split_min_percent", p.SplitMin)
	num("fresh_min_percent", p.FreshMin)
	num("fresh_high_percent", p.FreshHigh)
	num("one_pool_min_percent", p.OnePoolMin)
	num("fresh_hops", fresh.MaxHops)
	num("returning_min_percent", p.ReturningMin)
	add("chain_max_links", strconv.Itoa(MaxHops), model.Published, romiti)
	num("chain_parents", p.ChainParents)
	num("change_min_percent", p.ChangeMin)
	num("solo_fee_max_percent", p.SoloFeeMax)
	add("service_label_min", p.ServiceMin.String(), model.Chosen, "")
	add("cluster_label_factor", p.ByCluster.String(), model.Chosen, "")
	sat("member_above_sat", p.MinMember)
	var tokens, floors []string
	for _, v := range p.TokenValues {
		tokens = append(tokens, strconv.FormatInt(int64(v), 10))
	}
	for _, f := range p.Floors {
		floors = append(floors, f.Entity+" "+strconv.FormatInt(int64(f.Amount), 10))
	}
	add("token_values_sat", strings.Join(tokens, " "), model.Published, "dust limits of Bitcoin Core; postage of ord")
	add("coinbase_floors_sat", strings.Join(floors, ", "), model.Published, "the operators' own pages")
	num("hour_band_minutes", p.HourBand)
	num("hour_min_payouts", p.HourMin)
	num("hour_min_percent", p.HourShare)
	num("round_apart_blocks", p.RoundApart)
	num("index_receipts", p.Receipts)
	w := p.Weights
	nat("labelled", w.Labelled)
	nat("few", w.Few)
	nat("fresh_high", w.FreshHigh)
	nat("fresh_min", w.FreshMin)
	nat("returning", w.Returning)
	nat("same_hour", w.SameHour)
	nat("same_count", w.SameCount)
	nat("equal", w.Equal)
	nat("round", w.Round)
	nat("service", w.Service)
	nat("received", w.Received)
	nat("per_link", w.PerLink)
	nat("minted", w.Minted)
	nat("many_paid", w.ManyPaid)
	nat("few_paid", w.FewPaid)
	nat("solo_fee", w.SoloFee)
	return out
}
