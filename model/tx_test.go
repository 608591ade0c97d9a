package model_test

import (
	"math"
	"testing"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Unknown is not zero: a sum, a fee or a coinbase's inputs are told only where
// they are known.
func TestTxValues(t *testing.T) {
	known := func(v model.Amount) model.Input { return model.Input{Value: v, ValueKnown: true} }
	out := func(v model.Amount) model.Output { return model.Output{Value: v} }
	for _, c := range []struct {
		name       string
		tx         model.Tx
		resolved   bool
		unresolved int
		in, fee    string // empty where not told
	}{
		{"resolved", model.Tx{Inputs: []model.Input{known(5), known(7)}, Outputs: []model.Output{out(10)}}, true, 0, "0.00000012", "0.00000002"},
		{"no fee", model.Tx{Inputs: []model.Input{known(5)}, Outputs: []model.Output{out(5)}}, true, 0, "0.00000005", "0.00000000"},
		{"one value unknown", model.Tx{Inputs: []model.Input{known(5), {Value: 7}}, Outputs: []model.Output{out(1)}}, false, 1, "", ""},
		{"coinbase", model.Tx{Inputs: []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}}}, Outputs: []model.Output{out(50)}}, true, 0, "", ""},
		{"outputs above inputs", model.Tx{Inputs: []model.Input{known(5)}, Outputs: []model.Output{out(6)}}, true, 0, "0.00000005", ""},
		{"inputs overflow", model.Tx{Inputs: []model.Input{known(math.MaxInt64), known(1)}}, true, 0, "", ""},
		{"outputs overflow", model.Tx{Inputs: []model.Input{known(1)}, Outputs: []model.Output{out(math.MaxInt64), out(1)}}, true, 0, "0.00000001", ""},
		{"nothing at all", model.Tx{}, true, 0, "", ""},
	} {
		text := func(a model.Amount, ok bool) string {
			if !ok {
				return ""
			}
			return a.String()
		}
		in, fee := text(c.tx.InputValue()), text(c.tx.Fee())
		if c.tx.Resolved() != c.resolved || c.tx.Unresolved() != c.unresolved || in != c.in || fee != c.fee {
			t.Errorf("%s: resolved %v, unresolved %d, in %q, fee %q", c.name, c.tx.Resolved(), c.tx.Unresolved(), in, fee)
		}
	}
}

// One signature that leaves something to others is enough, on whichever input; one
// that was not seen says nothing.
func TestTxSignedInParts(t *testing.T) {
	for _, c := range []struct {
		name  string
		signs []model.SigHash
		want  bool
	}{
		{"no inputs", nil, false},
		{"no signature seen", []model.SigHash{0, 0}, false},
		{"each signs all", []model.SigHash{model.SigAll, model.SigAll}, false},
		{"one signs all, one was not seen", []model.SigHash{model.SigAll, 0}, false},
		{"a sale: the first leaves the other inputs and outputs to the buyer", []model.SigHash{model.SigSingle | model.SigAnyoneCanPay, model.SigAll}, true},
		{"the last leaves the outputs to others", []model.SigHash{model.SigAll, 0, model.SigNone}, true},
		{"two signatures of one input, one of which leaves inputs to others", []model.SigHash{model.SigAll | model.SigAnyoneCanPay}, true},
	} {
		var tx model.Tx
		for _, s := range c.signs {
			tx.Inputs = append(tx.Inputs, model.Input{SigHash: s})
		}
		if got := tx.SignedInParts(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestBlockRefOrder(t *testing.T) {
	at := func(height, pos int32) model.BlockRef {
		return model.BlockRef{Height: height, Pos: pos, Known: model.KnownHeight | model.KnownPos}
	}
	order := []model.BlockRef{at(0, 0), at(0, 1), {Known: model.KnownHeight}, at(1, 0), {Pos: 1, Known: model.KnownPos}, {}}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("%+v against %+v: %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestBlockRefWhen(t *testing.T) {
	ref := model.BlockRef{Time: 100, Median: 50}
	if _, ok := ref.When(); ok {
		t.Error("a time that is not known is told")
	}
	ref.Known = model.KnownTime
	if at, ok := ref.When(); !ok || !at.Equal(time.Unix(100, 0)) {
		t.Errorf("header time: %v, %v", at, ok)
	}
	ref.Known |= model.KnownMedian
	if at, ok := ref.When(); !ok || !at.Equal(time.Unix(50, 0)) {
		t.Errorf("median time: %v, %v", at, ok)
	}
}

// The compact targets of mainnet's first block, of block 750,000, and of what is
// no target.
func TestDifficulty(t *testing.T) {
	for _, c := range []struct {
		bits uint32
		want uint64
		ok   bool
	}{
		{0x1d00ffff, 1, true},
		{0x1b0404cb, 16_307, true}, // the worked example of the developer reference: 16307.42
		{0x170901ba, 31_251_101_365_711, true},
		{0x207fffff, 0, false},
		{0x1d80ffff, 0, false},
		{0, 0, false},
		{0x01010000, 0, false},
	} {
		d, ok := model.BlockRef{Bits: c.bits, Known: model.KnownBits}.Difficulty()
		if d != c.want || ok != c.ok {
			t.Errorf("%#08x: difficulty %d, %v, want %d, %v", c.bits, d, ok, c.want, c.ok)
		}
	}
	if _, ok := (model.BlockRef{Bits: 0x1d00ffff}).Difficulty(); ok {
		t.Error("a target that is not known has a difficulty")
	}
}
