package sourcetest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// The functions below return how an answer differs from the right one, and
// nothing where it does not.

func (o Options) tx(outside func(model.Outpoint) bool, want, got *model.Tx) string {
	switch {
	case want == nil && got == nil:
		return ""
	case want == nil:
		return fmt.Sprintf("transaction %v, want none", got.ID)
	case got == nil:
		return fmt.Sprintf("no transaction, want %v", want.ID)
	case want.ID != got.ID:
		return fmt.Sprintf("transaction %v, want %v", got.ID, want.ID)
	}
	at := fmt.Sprintf("transaction %v: ", want.ID)
	if s := o.place(want.Block, got.Block); s != "" {
		return at + s
	}
	if want.Version != got.Version || want.LockTime != got.LockTime {
		return at + fmt.Sprintf("version and lock time %d, %d, want %d, %d", got.Version, got.LockTime, want.Version, want.LockTime)
	}
	for _, s := range [...]struct {
		what      string
		want, got int32
	}{{"size", want.Size, got.Size}, {"weight", want.Weight, got.Weight}} {
		if s.want != s.got && (s.got != 0 || !o.lacks(Sizes)) {
			return at + fmt.Sprintf("%s %d, want %d", s.what, s.got, s.want)
		}
	}
	if len(want.Inputs) != len(got.Inputs) || len(want.Outputs) != len(got.Outputs) {
		return at + fmt.Sprintf("%d inputs and %d outputs, want %d and %d", len(got.Inputs), len(got.Outputs), len(want.Inputs), len(want.Outputs))
	}
	for i := range want.Inputs {
		w, g := &want.Inputs[i], &got.Inputs[i]
		hidden := o.lacks(Prevouts) || o.lacks(OutsidePrevouts) && outside(w.Prev)
		if s := o.input(hidden, w, g); s != "" {
			return at + fmt.Sprintf("input %d: %s", i, s)
		}
	}
	for i := range want.Outputs {
		w, g := &want.Outputs[i], &got.Outputs[i]
		switch {
		case w.Value != g.Value:
			return at + fmt.Sprintf("output %d: value %v, want %v", i, g.Value, w.Value)
		case w.Owner != g.Owner:
			return at + fmt.Sprintf("output %d: owner %q, want %q", i, g.Owner, w.Owner)
		case !bytes.Equal(w.Script, g.Script) && (len(g.Script) != 0 || !o.lacks(Locking)):
			return at + fmt.Sprintf("output %d: script %x, want %x", i, g.Script, w.Script)
		}
	}
	return ""
}

func (o Options) input(hidden bool, want, got *model.Input) string {
	if want.Prev != got.Prev {
		return fmt.Sprintf("spends %v, want %v", got.Prev, want.Prev)
	}
	if want.Sequence != got.Sequence {
		return fmt.Sprintf("sequence %#x, want %#x", got.Sequence, want.Sequence)
	}
	switch {
	case !got.ValueKnown && got.Value != 0:
		return fmt.Sprintf("value %v, but marked as unknown", got.Value)
	case got.ValueKnown && !want.ValueKnown:
		return fmt.Sprintf("value %v, which nobody can know", got.Value)
	case got.ValueKnown && got.Value != want.Value:
		return fmt.Sprintf("value %v, want %v", got.Value, want.Value)
	case !got.ValueKnown && want.ValueKnown && !hidden:
		return fmt.Sprintf("value unknown, want %v", want.Value)
	}
	switch known := got.OwnerBy != model.OwnerUnknown; {
	case !known && !got.Owner.IsZero():
		return fmt.Sprintf("owner %q, but marked as unknown", got.Owner)
	case known && want.OwnerBy == model.OwnerUnknown:
		return fmt.Sprintf("owner %q by %v, which nobody can know", got.Owner, got.OwnerBy)
	case known && got.Owner != want.Owner:
		return fmt.Sprintf("owner %q, want %q", got.Owner, want.Owner)
	case got.OwnerBy == want.OwnerBy:
	case got.OwnerBy == model.OwnerUnlocking && hidden:
	case !known && (hidden || want.OwnerBy == model.OwnerUnlocking && o.lacks(Unlocking)):
	default:
		return fmt.Sprintf("owner %q by %v, want %q by %v", got.Owner, got.OwnerBy, want.Owner, want.OwnerBy)
	}
	if o.lacks(Unlocking) && len(got.Script) == 0 && len(got.Witness) == 0 && got.SigHash == 0 {
		return ""
	}
	switch {
	case !bytes.Equal(want.Script, got.Script):
		return fmt.Sprintf("unlocking script %x, want %x", got.Script, want.Script)
	case !slices.EqualFunc(want.Witness, got.Witness, bytes.Equal):
		return fmt.Sprintf("witness %x, want %x", got.Witness, want.Witness)
	case want.SigHash != got.SigHash:
		return fmt.Sprintf("signature types %v, want %v", got.SigHash, want.SigHash)
	}
	return ""
}

func (o Options) place(want, got model.BlockRef) string {
	if more := got.Known &^ want.Known; more != 0 {
		return fmt.Sprintf("fields %06b of its place are known, which cannot be", more)
	}
	if less := want.Known &^ got.Known &^ o.Place; less != 0 {
		return fmt.Sprintf("fields %06b of its place are unknown", less)
	}
	switch {
	case got.Has(model.KnownHeight) && got.Height != want.Height:
		return fmt.Sprintf("height %d, want %d", got.Height, want.Height)
	case got.Has(model.KnownHash) && got.Hash != want.Hash:
		return fmt.Sprintf("block %v, want %v", got.Hash, want.Hash)
	case got.Has(model.KnownPos) && got.Pos != want.Pos:
		return fmt.Sprintf("position %d, want %d", got.Pos, want.Pos)
	case got.Has(model.KnownTime) && got.Time != want.Time:
		return fmt.Sprintf("header time %d, want %d", got.Time, want.Time)
	case got.Has(model.KnownBits) && got.Bits != want.Bits:
		return fmt.Sprintf("target %#08x, want %#08x", got.Bits, want.Bits)
	case got.Has(model.KnownMedian) && got.Median != want.Median:
		return fmt.Sprintf("median time %d, want %d", got.Median, want.Median)
	}
	return ""
}

func (o Options) block(outside func(model.Outpoint) bool, want, got *model.Block) string {
	if got == nil {
		return "no block"
	}
	if s := o.place(want.Ref, got.Ref); s != "" {
		return fmt.Sprintf("block %v: %s", want.Ref.Hash, s)
	}
	if want.Header != got.Header && (got.Header != model.BlockHeader{} || !o.lacks(Headers)) {
		return fmt.Sprintf("block %v: header %+v, want %+v", want.Ref.Hash, got.Header, want.Header)
	}
	if len(want.Txs) != len(got.Txs) {
		return fmt.Sprintf("block %v: %d transactions, want %d", want.Ref.Hash, len(got.Txs), len(want.Txs))
	}
	for i := range want.Txs {
		if s := o.tx(outside, want.Txs[i], got.Txs[i]); s != "" {
			return fmt.Sprintf("block %v, place %d: %s", want.Ref.Hash, i, s)
		}
	}
	return ""
}

// spend compares what became of an output. made is nil for an output that the
// ledger did not make.
func (o Options) spend(made *model.Output, want, got model.Spend) string {
	switch {
	case want == got:
		return ""
	case got == model.Spend{} && made == nil && o.lacks(OutsideSpends):
		return ""
	case got == model.Spend{} && want.State == model.Unspent && (o.lacks(Unspent) || !made.Spendable()):
		return "" // sources that keep the unspent outputs do not keep null data
	case got == model.Spend{State: model.Unspent} && want.State == model.Unspent && o.lacks(UnspentAsOf):
		return ""
	}
	return fmt.Sprintf("%s, want %s", spendText(got), spendText(want))
}

func spendText(s model.Spend) string {
	switch {
	case s.State == model.Spent:
		return "spent by " + s.By.String()
	case s.AsOfKnown:
		return fmt.Sprintf("%v as of height %d", s.State, s.AsOf)
	}
	return s.State.String()
}

func compareLabel(want, got model.Label) string {
	if want.Equal(got) {
		return ""
	}
	return fmt.Sprintf("label %+v, want %+v", got, want)
}

func compareLabels(want, got []model.Label) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d labels, want %d", len(got), len(want))
	}
	for i := range want {
		if s := compareLabel(want[i], got[i]); s != "" {
			return fmt.Sprintf("label %d: %s", i, s)
		}
	}
	return ""
}

func (o Options) tag(want, got model.Tag) string {
	if bytes.Equal(want.Bytes, got.Bytes) && want.Entity == got.Entity &&
		(o.lacks(TagDetails) || want.Confidence == got.Confidence && want.Source == got.Source) {
		return ""
	}
	return fmt.Sprintf("tag %+v, want %+v", got, want)
}

// compareEntry leaves out where the entry stands: that is the provider's own.
func compareEntry(want, got sources.Entry) string {
	got.Source, got.Line, got.Digest = want.Source, want.Line, want.Digest
	if want.Compare(&got) == 0 {
		return ""
	}
	return fmt.Sprintf("entry %+v, want %+v", got, want)
}

// comparePrice leaves the source out: it is the provider's own.
func comparePrice(want, got model.Price) string {
	switch {
	case want.IsZero() && got.IsZero():
		return ""
	case want.IsZero():
		return fmt.Sprintf("the rate %v of %v, want none", got.Rate, got.Day)
	case got.IsZero():
		return fmt.Sprintf("no rate, want %v", want.Rate)
	case want.Network != got.Network || want.Currency != got.Currency || !want.Day.Equal(got.Day) || !want.Rate.Equal(got.Rate):
		return fmt.Sprintf("price %+v, want %+v", got, want)
	}
	return ""
}
