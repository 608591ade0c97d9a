package shape

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// Era bounds a protocol in time, by heights of Bitcoin's main network. From and
// To are included; To 0 leaves the end open. On other networks, and where the
// height of a transaction is unknown, an era says nothing.
type Era struct{ From, To int32 }

// String returns "530500-" or "530500-741212".
func (e Era) String() string {
	if e.To == 0 {
		return fmt.Sprintf("%d-", e.From)
	}
	return fmt.Sprintf("%d-%d", e.From, e.To)
}

// Pool is one of the pools of a Whirlpool coordinator: the value of every
// output of its mixes, the fee that a preparation pays, 0 where unknown, and
// since when there is such a pool.
type Pool struct {
	Denomination model.Amount
	Fee          model.Amount
	Era          Era
}

// Params are the rules' public numbers. Make them with [DefaultParams] and
// change what is to differ: the zero value recognises nothing.
type Params struct {
	Whirlpool  WhirlpoolRule
	Wasabi1    Wasabi1Rule
	Wasabi2    Wasabi2Rule
	JoinMarket JoinMarketRule
	// TokenValues are the values that token and inscription wallets give to
	// every output; outputs of such a value are no evidence, however many
	// there are.
	TokenValues []model.Amount
	// DustMax is the largest value whose repetition JoinMarket's rule takes
	// for dust.
	DustMax model.Amount
	// StonewallMin is the least value of the pair of outputs in the
	// Stonewall shape.
	StonewallMin model.Amount
}

// WhirlpoolRule holds the numbers of Whirlpool mixes and of their preparations.
type WhirlpoolRule struct {
	Pools []Pool
	// MinInputs and MaxInputs bound the participants of a mix.
	MinInputs, MaxInputs int
	// MinPremium and MaxPremium bound what an entrant's input, and so an
	// output of a preparation, holds above the denomination.
	MinPremium, MaxPremium model.Amount
	// MinEntrants and MaxEntrants bound the inputs above the denomination.
	MinEntrants, MaxEntrants int
	// MaxPremix bounds the equal outputs of a preparation, MaxOther the
	// outputs beside them and beside the null data.
	MaxPremix, MaxOther int
	Confidence          model.Probability
}

// Wasabi1Rule holds the numbers of Wasabi 1 rounds.
type Wasabi1Rule struct {
	Era        Era
	Base       model.Amount // the denomination, about
	Tolerance  model.Amount // how far from it a round's may be
	MinEqual   int          // equal outputs
	MinSingles int          // output values that occur once
	Confidence model.Probability
}

// Wasabi2Rule holds the numbers of Wasabi 2 rounds.
type Wasabi2Rule struct {
	Era Era
	// MinInputs holds up to the height SmallFrom, MinInputsSmall from it on,
	// and where the height is unknown.
	MinInputs, MinInputsSmall int
	SmallFrom                 int32
	// MinInputsDoubt is from how many inputs on a transaction that meets all
	// other conditions is ambiguous.
	MinInputsDoubt  int
	MinOutput       model.Amount
	MaxDenomination model.Amount
	MinRepeated     int // distinct values that occur more than once
	StandardPercent int // so many outputs of a hundred, and more, hold a standard denomination
	TopInputPercent int // no script holds more of a hundred inputs
	Confidence      model.Probability
}

// JoinMarketRule holds the numbers of JoinMarket transactions.
type JoinMarketRule struct {
	Era      Era
	MinEqual int
	// MaxSide bounds the inputs and the outputs, TopPercent the share of
	// either that one script may have, MaxRatio the ratio of the one to the
	// other.
	MaxSide, TopPercent, MaxRatio int
	// Confidence is the chance that the rule is right. It is held at 0.49.
	Confidence model.Probability
}

// MaxJoinMarket is the most that the rule for JoinMarket is ever trusted: the
// shape is only ever possible, never likely.
const MaxJoinMarket = model.Probability(490_000)

const coin = model.Coin

// DefaultParams returns the published numbers, and those chosen where none are
// published; [Params.Parameters] says which is which.
func DefaultParams() Params {
	samourai, ashigaru := Era{From: 570_000}, Era{From: 900_000}
	return Params{
		Whirlpool: WhirlpoolRule{
			Pools: []Pool{
				{100_000, 5_000, samourai},
				{1_000_000, 50_000, samourai},
				{5_000_000, 175_000, samourai},
				{50_000_000, 1_750_000, samourai},
				{2_500_000, 0, ashigaru},
				{25_000_000, 0, ashigaru},
			},
			MinInputs: 5, MaxInputs: 10,
			MinPremium: 100, MaxPremium: 110_000,
			MinEntrants: 1, MaxEntrants: 4,
			MaxPremix: 70, MaxOther: 2,
			Confidence: model.Percent(60),
		},
		Wasabi1: Wasabi1Rule{
			Era:  Era{From: 530_500},
			Base: coin / 10, Tolerance: coin / 50,
			MinEqual: 10, MinSingles: 2,
			Confidence: model.Percent(70),
		},
		Wasabi2: Wasabi2Rule{
			Era:       Era{From: 741_213},
			MinInputs: 50, MinInputsSmall: 20, SmallFrom: 846_000, MinInputsDoubt: 10,
			MinOutput: 5_000, MaxDenomination: 134_375_000_000,
			MinRepeated: 3, StandardPercent: 80, TopInputPercent: 10,
			Confidence: model.Percent(60),
		},
		JoinMarket: JoinMarketRule{
			Era:      Era{From: 336_861},
			MinEqual: 3, MaxSide: 100, TopPercent: 34, MaxRatio: 4,
			Confidence: MaxJoinMarket,
		},
		TokenValues:  []model.Amount{294, 330, 546, 10_000},
		DustMax:      2_730,
		StonewallMin: 5_000,
	}
}

// Sources of the published numbers.
const (
	srcDumplings  = "Dumplings, scanning rules and heights"
	srcGraphSense = "GraphSense library, CoinJoin detectors"
	srcBlockSci   = "BlockSci, CoinJoin heuristics"
	srcFilter     = "coinjoin-analysis, false-positive filters"
	srcOrd        = "ord, postage of an inscription; dust limits of Bitcoin Core"
)

// Parameters lists every field with its value and where it comes from, in a
// fixed order.
func (p Params) Parameters() []model.Parameter {
	var ps []model.Parameter
	add := func(origin model.Origin, source, name string, value any) {
		ps = append(ps, model.Parameter{Name: name, Value: text(value), Origin: origin, Source: source})
	}
	w := p.Whirlpool
	pools := make([]string, len(w.Pools))
	for i, q := range w.Pools {
		pools[i] = fmt.Sprintf("%d sat fee %d sat height %v", q.Denomination, q.Fee, q.Era)
	}
	add(model.Published, srcGraphSense+"; "+srcDumplings, "whirlpool.pools", strings.Join(pools, "; "))
	add(model.Published, srcGraphSense, "whirlpool.min_inputs", w.MinInputs)
	add(model.Published, srcDumplings, "whirlpool.max_inputs", w.MaxInputs)
	add(model.Published, srcGraphSense, "whirlpool.min_premium_sat", w.MinPremium)
	add(model.Published, srcGraphSense, "whirlpool.max_premium_sat", w.MaxPremium)
	add(model.Published, srcGraphSense, "whirlpool.min_entrants", w.MinEntrants)
	add(model.Published, srcGraphSense, "whirlpool.max_entrants", w.MaxEntrants)
	add(model.Published, srcGraphSense, "whirlpool.max_premix", w.MaxPremix)
	add(model.Published, srcGraphSense, "whirlpool.max_other", w.MaxOther)
	add(model.Published, srcGraphSense, "whirlpool.confidence", w.Confidence)
	a := p.Wasabi1
	add(model.Published, srcDumplings, "wasabi1.era", a.Era)
	add(model.Published, srcDumplings, "wasabi1.base_sat", a.Base)
	add(model.Published, srcDumplings, "wasabi1.tolerance_sat", a.Tolerance)
	add(model.Published, srcDumplings, "wasabi1.min_equal", a.MinEqual)
	add(model.Published, srcDumplings, "wasabi1.min_singles", a.MinSingles)
	add(model.Published, srcGraphSense, "wasabi1.confidence", a.Confidence)
	b := p.Wasabi2
	add(model.Published, srcDumplings, "wasabi2.era", b.Era)
	add(model.Published, srcDumplings, "wasabi2.min_inputs", b.MinInputs)
	add(model.Published, srcGraphSense, "wasabi2.min_inputs_small", b.MinInputsSmall)
	add(model.Chosen, "about 1 June 2024", "wasabi2.small_from", int(b.SmallFrom))
	add(model.Chosen, "", "wasabi2.min_inputs_doubt", b.MinInputsDoubt)
	add(model.Published, srcGraphSense, "wasabi2.min_output_sat", b.MinOutput)
	add(model.Published, srcDumplings, "wasabi2.max_denomination_sat", b.MaxDenomination)
	add(model.Published, srcGraphSense, "wasabi2.min_repeated", b.MinRepeated)
	add(model.Published, srcDumplings, "wasabi2.standard_percent", b.StandardPercent)
	add(model.Published, srcGraphSense, "wasabi2.top_input_percent", b.TopInputPercent)
	add(model.Published, srcGraphSense, "wasabi2.confidence", b.Confidence)
	j := p.JoinMarket
	add(model.Published, srcDumplings, "joinmarket.era", j.Era)
	add(model.Published, srcGraphSense, "joinmarket.min_equal", j.MinEqual)
	add(model.Published, srcFilter, "joinmarket.max_side", j.MaxSide)
	add(model.Published, srcFilter, "joinmarket.top_percent", j.TopPercent)
	add(model.Published, srcFilter, "joinmarket.max_ratio", j.MaxRatio)
	add(model.Published, srcGraphSense, "joinmarket.confidence", j.Confidence)
	token := make([]string, len(p.TokenValues))
	for i, v := range p.TokenValues {
		token[i] = strconv.FormatInt(int64(v), 10)
	}
	add(model.Published, srcOrd, "token_values_sat", strings.Join(token, " "))
	add(model.Published, srcBlockSci+"; "+srcGraphSense, "dust_max_sat", p.DustMax)
	add(model.Published, srcGraphSense, "stonewall.min_sat", p.StonewallMin)
	return ps
}

// text writes a parameter's value; amounts in base units, as the names say.
func text(v any) string {
	if a, ok := v.(model.Amount); ok {
		return strconv.FormatInt(int64(a), 10)
	}
	return fmt.Sprint(v)
}
