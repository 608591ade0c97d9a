package payout

import (
	"slices"
	"strconv"

	"github.com/goldwash/goldwash/model"
)

// PublishedParams are the numbers of the published rule.
type PublishedParams struct {
	// MoreThan is how many outputs a payout has more than.
	MoreThan int
	// MedianBelow is what its median output is less than.
	MedianBelow model.Amount
	// ChainOutputs is how many outputs each link of a chain has, exactly, and
	// ChainSteps how many times the largest output is followed.
	ChainOutputs, ChainSteps int
}

// DefaultPublishedParams returns the published numbers: more than 30 outputs,
// a median below 2 coins; chains of exactly 101 outputs, at most 30 steps.
func DefaultPublishedParams() PublishedParams {
	return PublishedParams{MoreThan: 30, MedianBelow: 2 * model.Coin, ChainOutputs: 101, ChainSteps: 30}
}

const romiti = "Romiti, Judmayer, Zamyatin and Haslhofer, A Deep Dive into Bitcoin Mining Pools, WEIS 2019"

// Parameters lists every field.
func (p PublishedParams) Parameters() []model.Parameter {
	n := func(name string, v int64) model.Parameter {
		return model.Parameter{Name: name, Value: strconv.FormatInt(v, 10), Origin: model.Published, Source: romiti}
	}
	return []model.Parameter{
		n("published.more_than_outputs", int64(p.MoreThan)),
		n("published.median_below_sat", int64(p.MedianBelow)),
		n("published.chain_outputs", int64(p.ChainOutputs)),
		n("published.chain_steps", int64(p.ChainSteps)),
	}
}

// Published is the rule of Romiti et al. 2019 for transactions that a pool's
// collector sends: a payout has more than 30 outputs, and their median is below
// 2 coins. All outputs count. The rule asks nothing of who pays, so by itself it
// takes an exchange's batch for a payout; [Heuristic] is the library's own.
func Published(tx *model.Tx, p PublishedParams) bool {
	return len(tx.Outputs) > p.MoreThan && medianBelow(outputValues(tx), p.MedianBelow)
}

// PublishedChain is the result of [FollowPublished].
type PublishedChain struct {
	// Links are the payouts recognised, in order.
	Links []model.TxID
	// Members are the addresses that they pay, without those that turned out
	// to send one of them, sorted. By the rule's weakness the change of the
	// last link is among them.
	Members []model.Address
}

// FollowPublished is the rule of Romiti et al. 2019 for pools that pay in
// chains. From the first link it follows the largest output, of equal ones the
// first; a link is a payout if it has exactly 101 outputs and passes the test of
// the median. It ends at the first transaction that fails, or after 30 steps.
// Next returns the transaction that spends an output, nil where there is none.
func FollowPublished(first *model.Tx, p PublishedParams, next func(model.Outpoint) *model.Tx) PublishedChain {
	var c PublishedChain
	senders := map[model.Address]bool{}
	seen := map[model.Address]bool{}
	var followed model.Address
	for tx, steps := first, 0; tx != nil && steps <= p.ChainSteps; steps++ {
		if len(tx.Outputs) != p.ChainOutputs || !medianBelow(outputValues(tx), p.MedianBelow) {
			break
		}
		c.Links = append(c.Links, tx.ID)
		for i := range tx.Inputs {
			if tx.Inputs[i].OwnerBy != model.OwnerUnknown {
				senders[tx.Inputs[i].Owner] = true
			}
		}
		// The sender is known by the output followed, even where the source
		// does not tell the input's owner.
		senders[followed] = true
		for i := range tx.Outputs {
			if a := tx.Outputs[i].Owner; a.Ownable() && !seen[a] {
				seen[a] = true
				c.Members = append(c.Members, a)
			}
		}
		at := largest(tx)
		followed, tx = tx.Outputs[at].Owner, next(tx.Outpoint(at))
	}
	c.Members = slices.DeleteFunc(c.Members, func(a model.Address) bool { return senders[a] })
	slices.SortFunc(c.Members, model.Address.Compare)
	return c
}

func outputValues(tx *model.Tx) []model.Amount {
	vs := make([]model.Amount, len(tx.Outputs))
	for i := range tx.Outputs {
		vs[i] = tx.Outputs[i].Value
	}
	return vs
}

// medianBelow reports whether the median is below the limit. The median of an
// even number of values is the mean of the two in the middle. It sorts vs.
func medianBelow(vs []model.Amount, limit model.Amount) bool {
	return len(vs) > 0 && twiceMedian(vs) < 2*limit
}

// twiceMedian returns the median times two, so that it is whole. It sorts vs,
// which must not be empty.
func twiceMedian(vs []model.Amount) model.Amount {
	slices.Sort(vs)
	return vs[len(vs)/2] + vs[(len(vs)-1)/2]
}

// largest returns the index of the largest output, of equal ones the first; 0
// where there is none.
func largest(tx *model.Tx) int {
	at := 0
	for i := range tx.Outputs {
		if tx.Outputs[i].Value > tx.Outputs[at].Value {
			at = i
		}
	}
	return at
}
