package change

import "github.com/goldwash/goldwash/model"

// Rule is one of the rules that may name an output as change.
type Rule uint8

// Rules, in the order of the votes of a [Prediction]. The numbers are stable.
const (
	// SelfChange names the output whose script is that of an input. It is a
	// fact of the transaction, and links no new address.
	SelfChange Rule = iota
	// Meiklejohn names the one output whose script never appeared before,
	// where all others did (Meiklejohn et al. 2013).
	Meiklejohn
	// Shadow is the same for exactly two outputs (Androulaki et al. 2013).
	Shadow
	// Optimal names the one output that is smaller than every input: had the
	// payment been it, an input would have been needless.
	Optimal
	// OptimalFee is Optimal with the fee charged to the candidate.
	OptimalFee
	// AddressType names the one output with the form of script that all
	// inputs have.
	AddressType
	// Power2 to Power7 name the one output that is no multiple of 10^k
	// satoshi, k from 2 to 7: people pay round amounts.
	Power2
	Power3
	Power4
	Power5
	Power6
	Power7
	// Version to Multisig name the one output that is spent by a transaction
	// with the same version, the same use of the lock time, of replacement
	// (BIP 125), of witnesses, of the order of BIP 69, the same number of
	// inputs and outputs (one, two, more), or the same kind of multisig.
	Version
	LockTime
	Replace
	SegWit
	Ordered
	InOut
	Multisig
	// Peeling names, in a transaction of one input and two outputs, the one
	// output whose spender has that form too.
	Peeling
	// OneTime is the rule of GraphSense: two to ten outputs, and one
	// candidate among them that has the inputs' form of script, a value not
	// divisible by 1,000 and below the least input, and an address that
	// appears here only.
	OneTime
	// Clustered is GraphSense's second: the one output whose address is in
	// the cluster of an input.
	Clustered
	// PeelChain names the one output whose spender, and its spender after
	// that, share the features of this transaction for several hops, as in
	// a chain that one wallet peels (Kappos et al. 2022).
	PeelChain

	// Count is the number of rules.
	Count = int(PeelChain) + 1
)

var names = [Count]string{
	"self_change", "meiklejohn", "shadow", "optimal", "optimal_fee", "address_type",
	"power_of_ten_2", "power_of_ten_3", "power_of_ten_4", "power_of_ten_5", "power_of_ten_6", "power_of_ten_7",
	"version", "lock_time", "replace", "segwit", "ordered", "in_out", "multisig",
	"peeling", "one_time", "clustered", "peel_chain",
}

// String returns the rule's name in lower case, such as "power_of_ten_3".
func (r Rule) String() string {
	if int(r) < Count {
		return names[r]
	}
	return "invalid"
}

// Rules returns all rules in their order. The slice is the caller's.
func Rules() []Rule {
	rs := make([]Rule, Count)
	for i := range rs {
		rs[i] = Rule(i)
	}
	return rs
}

// Strong reports whether a prediction may rest on the rule: it was wrong for less
// than 0.7 of 100 transactions of the published population. Without the vote of
// one of them there is no prediction.
func (r Rule) Strong() bool {
	switch r {
	case Power3, Power4, Power5, Power6, Power7, LockTime, Version, Multisig:
		return true
	}
	return false
}

// Population is the one that [Rule.Published] and [PublishedVote] speak of.
const Population = "35,257,428 transactions of two outputs on Bitcoin's main network whose change is known because a later transaction spends it together with an input's address (Moeser and Narayanan, Resurrecting Address Clustering in Bitcoin, 2022, and the notebooks of Moeser's thesis); real"

// Shift says why published figures are not those of the ledger at hand.
const Shift = "the same authors' model finds 87.3 % of change at 0.1 % false positives among held-out transactions of its own population and 30.9 % among transactions between tagged services: figures of one population do not carry over to another"

// Accuracy is how a rule did on a population: Precision is the share of correct
// ones among the transactions of which it named an output, and TPR and FPR are
// the shares of all transactions of which it named the right and a wrong one.
type Accuracy struct{ Precision, TPR, FPR model.Probability }

// published in parts of 10,000; a precision of 0 was not published.
var published = [Count][3]model.Probability{
	Meiklejohn:  {9598, 5496, 230},
	Shadow:      {9598, 5496, 230},
	Optimal:     {9208, 3060, 263},
	OptimalFee:  {9220, 2391, 202},
	AddressType: {8858, 2369, 305},
	Power2:      {9755, 4670, 117},
	Power3:      {9855, 4200, 62},
	Power4:      {9867, 3748, 51},
	Power5:      {9819, 3023, 56},
	Power6:      {9770, 2111, 50},
	Power7:      {9953, 1068, 5},
	LockTime:    {9905, 3065, 29},
	Version:     {9849, 2453, 38},
	Multisig:    {9960, 1398, 6},
	Replace:     {9654, 753, 27},
	SegWit:      {9012, 1907, 209},
	Ordered:     {8320, 2620, 529},
	InOut:       {7100, 2631, 1070},
}

const perTenThousand = model.Certain / 10_000

// Published returns the rule's accuracy on [Population]; ok is false where none
// was published for it. Of Meiklejohn a second row was published, for freshness
// on the whole chain: 94.85 %, 56.15 % and 3.05 %. The precisions of Multisig and InOut are computed from
// the other two figures and rounded. [Shift] says what the figures are worth elsewhere.
func (r Rule) Published() (a Accuracy, ok bool) {
	if int(r) >= Count || published[r][0] == 0 {
		return a, false
	}
	p := published[r]
	return Accuracy{p[0] * perTenThousand, p[1] * perTenThousand, p[2] * perTenThousand}, true
}

// votes are the published shares of the vote of all, by lead, in parts of
// 1,000,000, over 34.4 million of the transactions.
var votes = [...][2]model.Probability{
	1: {904_300, 60_600}, {825_700, 30_600}, {727_200, 16_300}, {636_100, 7_500}, {544_600, 4_000},
	{459_200, 1_800}, {370_500, 700}, {288_100, 250}, {213_100, 80}, {152_000, 30},
}

// PublishedVote returns the accuracy on 34.4 million transactions of [Population]
// of a vote of 26 rules, most of which are those here, for a lead of 1 to 10; its
// precision is TPR / (TPR + FPR). ok is false for other leads.
func PublishedVote(lead int) (a Accuracy, ok bool) {
	if lead < 1 || lead >= len(votes) {
		return a, false
	}
	t, f := votes[lead][0], votes[lead][1]
	precision := uint64(t) * uint64(model.Certain) / uint64(t+f)
	scale := model.Certain / 1_000_000
	return Accuracy{model.Probability(precision), t * scale, f * scale}, true
}
