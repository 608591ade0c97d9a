package cluster

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/model"
)

// Params are the public numbers of the clustering. Make them with
// [DefaultParams] and change what is to differ.
type Params struct {
	// LinkAnyScript makes every script that is equal one node, also the empty
	// script and scripts of no standard form, which anybody may use. It merges
	// strangers, and is there to compare with figures that were made so.
	LinkAnyScript bool
	// Skip lists transactions whose addresses are not to be joined, and whose
	// change is not to be predicted, for those who know more of them than their
	// shape tells.
	Skip []model.TxID
	// LabelConfidence is what a label must have at least to refuse a union.
	LabelConfidence model.Probability
	// PayjoinFrom is the height of the main network from which payments are
	// tested for the shape of a payjoin. On other networks, and where the
	// height is unknown, they always are.
	PayjoinFrom int32
	// PayjoinMin is the least value of a coin that a payee would add.
	PayjoinMin model.Amount
	// PayjoinInputs bounds the inputs of a payment that is tested: with more
	// it is a consolidation.
	PayjoinInputs int
	// Cospend is the probability that two addresses which one transaction
	// joins have one controller. It is the score of findings of kind
	// "cluster", and decides nothing.
	Cospend model.Probability
	// Change makes predictions of change join addresses too, as links of a
	// weaker type behind guards; see [Change]. It reads the scope twice more
	// and keeps a few hundred bytes in memory for each transaction of it.
	Change bool
	// Votes are the numbers of the vote on change.
	Votes change.Params
	// ChangeDelay is how many blocks must follow a prediction before it joins,
	// without a payment to the address that it takes for new.
	ChangeDelay int32
	// ChangeSmaller is how many addresses the smaller of two clusters may have
	// at most for a prediction to join them.
	ChangeSmaller int
	// MaxParts bounds the members, the labels, and the transactions of each
	// reason that a finding lists.
	MaxParts int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		LabelConfidence: model.Percent(50),
		PayjoinFrom:     535_000,
		PayjoinMin:      20_000,
		PayjoinInputs:   64,
		Cospend:         model.Percent(90),
		Votes:           change.DefaultParams(),
		ChangeDelay:     1_008,
		ChangeSmaller:   1_000,
		MaxParts:        100,
	}
}

// Parameters lists the parameters with their origins.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name, value string) model.Parameter {
		return model.Parameter{Name: name, Value: value, Origin: model.Chosen}
	}
	skip := make([]string, len(p.Skip))
	for i, id := range p.Skip {
		skip[i] = id.String()
	}
	ps := []model.Parameter{
		chosen("link_any_script", strconv.FormatBool(p.LinkAnyScript)),
		chosen("skip", cmp.Or(strings.Join(skip, " "), "none")),
		chosen("label_confidence", p.LabelConfidence.String()),
		{
			Name: "payjoin_from", Value: strconv.Itoa(int(p.PayjoinFrom)), Origin: model.Chosen,
			Source: "August 2018, when pay-to-endpoint and Bustapay (BIP 79) were proposed",
		},
		chosen("payjoin_min", strconv.FormatInt(int64(p.PayjoinMin), 10)),
		chosen("payjoin_inputs", strconv.Itoa(p.PayjoinInputs)),
		chosen("cospend", p.Cospend.String()),
		chosen("max_parts", strconv.Itoa(p.MaxParts)),
		chosen("change", strconv.FormatBool(p.Change)),
	}
	if !p.Change {
		return ps
	}
	ps = append(ps,
		chosen("change_delay", strconv.Itoa(int(p.ChangeDelay))),
		model.Parameter{
			Name: "change_smaller", Value: strconv.Itoa(p.ChangeSmaller), Origin: model.Chosen,
			Source: "of 155.5 million merges in Moeser and Narayanan 2022, 99.999 % have a smaller side of at most 578 to 1,696 addresses",
		},
	)
	for _, v := range p.Votes.Parameters() {
		v.Name = "change." + v.Name
		ps = append(ps, v)
	}
	return ps
}
