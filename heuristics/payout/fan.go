package payout

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// fan is what the outputs of a transaction look like, apart from who they pay.
// It counts outputs that hold a value and can be spent.
type fan struct {
	outputs     int
	twiceMedian model.Amount
	total       model.Amount
	round       int // multiples of the round unit
	equal       int // the most outputs of one value
	equalValue  model.Amount
	largest     int // index of the largest output; of equal ones the first
}

func measure(tx *model.Tx, p *Params) fan {
	var f fan
	values := make([]model.Amount, 0, len(tx.Outputs))
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !payable(o) {
			continue
		}
		values = append(values, o.Value)
		if sum, ok := f.total.Add(o.Value); ok {
			f.total = sum
		}
		if o.Value%p.RoundUnit == 0 {
			f.round++
		}
	}
	f.outputs = len(values)
	f.largest = largest(tx)
	if f.outputs == 0 {
		return f
	}
	f.twiceMedian = twiceMedian(values) // sorts
	for i, run := 0, 0; i < len(values); i++ {
		if i > 0 && values[i] == values[i-1] {
			run++
		} else {
			run = 1
		}
		if run > f.equal {
			f.equal, f.equalValue = run, values[i]
		}
	}
	return f
}

// payables counts the outputs that pay somebody.
func payables(tx *model.Tx) int {
	n := 0
	for i := range tx.Outputs {
		if payable(&tx.Outputs[i]) {
			n++
		}
	}
	return n
}

// payable reports whether an output pays somebody: it holds a value, and its
// script can be spent, and not by anyone.
func payable(o *model.Output) bool { return o.Value > 0 && o.Owner.Ownable() }

// median is for display: rounded down to whole base units.
func (f *fan) median() model.Amount { return f.twiceMedian / 2 }

// over reports whether n is more than percent of the outputs.
func (f *fan) over(n, percent int) bool { return n*100 > f.outputs*percent }

// medianCap is the amount that the median output must be below.
type medianCap struct {
	amount   model.Amount
	relative bool // to the subsidy, as the height is known
}

// capAt returns the cap for a transaction: a fixed amount, and a part of the
// subsidy where the height tells it. The published 2 coins were 16 percent of
// the subsidy of the time.
func capAt(net model.Network, at model.BlockRef, p *Params) medianCap {
	if !at.Has(model.KnownHeight) {
		return medianCap{p.MedianCap, false}
	}
	part, ok := net.Subsidy(at.Height).Share(int64(p.MedianSubsidy), 100)
	if !ok {
		return medianCap{p.MedianCap, false}
	}
	return medianCap{min(p.MedianCap, part), true}
}

func (c medianCap) holds(f *fan) bool { return f.twiceMedian < 2*c.amount }

func (c medianCap) String() string {
	if c.relative {
		return fmt.Sprintf("%v BTC, the lesser of the fixed limit and the share of the subsidy", c.amount)
	}
	return fmt.Sprintf("%v BTC, for the height and with it the subsidy is unknown", c.amount)
}

// splits reports whether a transaction cuts coins of one address into equal
// pieces: how some pools fund their payouts, and no payout itself. A CoinJoin has
// equal outputs too, but never one input address.
func splits(tx *model.Tx, f *fan, p *Params) bool {
	if tx.Coinbase() || f.equal < 2 || f.equal*100 < f.outputs*p.SplitMin {
		return false
	}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown {
			// One input has one owner, known or not.
			return len(tx.Inputs) == 1
		}
		if in.Owner != tx.Inputs[0].Owner {
			return false
		}
	}
	return true
}

// runestone begins a null-data output that moves runes.
var runestone = []byte{0x6a, 0x5d} // OP_RETURN OP_13

// envelope begins an inscription in a tapscript: OP_FALSE OP_IF "ord".
var envelope = []byte{0x00, 0x63, 0x03, 'o', 'r', 'd'}

// tokens reports whether the transaction carries a runestone or an inscription:
// its outputs move tokens, and their values say nothing.
func tokens(tx *model.Tx) bool {
	for i := range tx.Outputs {
		if bytes.HasPrefix(tx.Outputs[i].Script, runestone) {
			return true
		}
	}
	for i := range tx.Inputs {
		for _, item := range tx.Inputs[i].Witness {
			if bytes.Contains(item, envelope) {
				return true
			}
		}
	}
	return false
}

// tokenValue reports whether an amount is one that token wallets send.
func (p *Params) tokenValue(v model.Amount) bool { return slices.Contains(p.TokenValues, v) }
