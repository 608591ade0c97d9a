package peel

import (
	"time"

	"github.com/goldwash/goldwash/model"
)

// Link is a transaction of a chain. It is immutable.
type Link struct {
	Tx    model.TxID
	Block model.BlockRef
	// Inputs is how many coins it spends, all of one address: Payer, which is
	// the zero value where it is not known. Vin is the greatest of them: what
	// the link before carried on.
	Inputs int
	Vin    uint32
	Payer  model.Address
	// Peeled is the lesser output, to Payee; Carried the greater, to Onward.
	Peeled, Carried           model.Outpoint
	Payee, Onward             model.Address
	PeeledValue, CarriedValue model.Amount
	// SelfChange is true where Onward is Payer, so that the remainder stayed
	// with the payer for certain.
	SelfChange bool
	// Dwell is how long the coin had rested, where Timed; of the first link
	// only where the transaction before it is known. Header times run
	// backwards now and then, and so may Dwell.
	Dwell time.Duration
	Timed bool
	// Label names the payee as a service's, where a label does.
	Label model.Label

	blind bool // an input has no signature that is recognised
}

// features are what the transactions of one wallet have in common.
type features struct {
	version     int32
	lock, final bool
	kind        model.ScriptKind // of the carried output
}

func featuresOf(tx *model.Tx, l *Link) features {
	f := features{version: tx.Version, lock: tx.LockTime != 0, final: true, kind: l.Onward.Kind()}
	for i := range tx.Inputs {
		// BIP 125: a lower sequence number signals that the transaction may be
		// replaced.
		f.final = f.final && tx.Inputs[i].Sequence >= 0xffff_fffe
	}
	return f
}

// link returns a transaction as a link, if it has the form of one. It reads
// nothing but the transaction.
func (p *Params) link(tx *model.Tx) (l Link, ok bool) {
	if len(tx.Outputs) != 2 || len(tx.Inputs) == 0 || len(tx.Inputs) > p.MaxInputs || tx.Coinbase() {
		return l, false
	}
	a, b := &tx.Outputs[0], &tx.Outputs[1]
	if a.Value == b.Value || min(a.Value, b.Value) < p.MinPeel || !a.Owner.Ownable() || !b.Owner.Ownable() || a.Owner == b.Owner {
		return l, false // pieces, dust, or one payee
	}
	peeled, carried := 0, 1
	if a.Value > b.Value {
		peeled, carried = 1, 0
	}
	l = Link{
		Tx: tx.ID, Block: tx.Block, Inputs: len(tx.Inputs),
		Peeled: tx.Outpoint(peeled), Payee: tx.Outputs[peeled].Owner, PeeledValue: tx.Outputs[peeled].Value,
		Carried: tx.Outpoint(carried), Onward: tx.Outputs[carried].Owner, CarriedValue: tx.Outputs[carried].Value,
	}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.SigHash.MultiParty() {
			return l, false
		}
		l.blind = l.blind || in.SigHash == 0
		if len(tx.Inputs) > 1 && (in.OwnerBy == model.OwnerUnknown || !in.ValueKnown || in.Owner != tx.Inputs[0].Owner) {
			return l, false // perhaps several parties'
		}
		if i > 0 && in.Value > tx.Inputs[l.Vin].Value {
			l.Vin = uint32(i)
		}
	}
	if in := &tx.Inputs[0]; in.OwnerBy != model.OwnerUnknown {
		if !in.Owner.Ownable() || in.Owner.Kind() != l.Onward.Kind() || in.Owner == l.Payee {
			return l, false // the remainder is another's, or the lesser
		}
		l.Payer, l.SelfChange = in.Owner, in.Owner == l.Onward
	}
	return l, true
}

// follows reports whether a transaction that has the form of a link carries on
// what another carried.
func (l *Link) follows(tx *model.Tx, before *Link, beforeTx *model.Tx) bool {
	return tx.Inputs[l.Vin].Prev == before.Carried && featuresOf(tx, l) == featuresOf(beforeTx, before)
}
