package cluster

import (
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// Reason says why the addresses that a transaction spends together were not
// joined.
type Reason string

// Reasons for which a union is not done.
const (
	// Signatures: a signature leaves part of the transaction for another
	// party to fill in, as in a sale by partially signed transactions.
	Signatures Reason = "multiparty_signature"
	// Collaborative: the transaction has the shape of a CoinJoin, of its
	// preparation or of what may be either.
	Collaborative Reason = "coinjoin"
	// Payjoin: the payee may have added a coin of his own.
	Payjoin Reason = "possible_payjoin"
	// LabelConflict: labels name different parties for two of the addresses,
	// or for clusters that they belong to.
	LabelConflict Reason = "label_conflict"
)

// Veto says why the shape and the signatures of a transaction forbid to take its
// inputs for one party's, with a detail such as the protocol; the empty reason
// says that they do not. It looks at the transaction alone: labels are for the
// index. A coinbase has no veto.
func Veto(tx *model.Tx, p Params, rules shape.Params) (r Reason, detail string) {
	if tx.Coinbase() {
		return "", ""
	}
	for i := range tx.Inputs {
		if s := tx.Inputs[i].SigHash; s.MultiParty() {
			return Signatures, s.String()
		}
	}
	if v := shape.Classify(tx, rules); v.SkipUnion {
		return Collaborative, v.Kind.String()
	}
	if payjoin(tx, &p) {
		return Payjoin, ""
	}
	return "", ""
}

// payjoin reports whether a payment has the shape of a payjoin (BIP 78): two
// outputs, and among the inputs an owner whose coins neither output needed, but
// with whom all becomes plain if he is the payee. In a payjoin the payee adds a
// coin and gets it back with the payment, so that his output is above all his
// inputs; and the payer, who chose his before, spends none in vain, so that his
// change is below each of his inputs.
//
// Payments that return change to an address they spend are left out, because
// wallets that know payjoin do not reuse addresses; so are coins of dust, which
// no payee adds, inputs of different forms, which BIP 78 forbids, and of forms
// without segwit, and payments of before there were such wallets. Ordinary
// wallets do add inputs without need, and are stopped by mistake: 15 of 158
// joint payments of block 300025 and 106 of 356 of block 367891, which are older
// than payjoin, would be if they were of today. A payjoin whose inputs are all
// necessary looks like any payment and is not found.
func payjoin(tx *model.Tx, p *Params) bool {
	if n := len(tx.Inputs); n < 2 || n > p.PayjoinInputs || !tx.Resolved() {
		return false
	}
	if b := tx.Block; b.Has(model.KnownHeight) && b.Height < p.PayjoinFrom && mainnet(tx) {
		return false
	}
	var out [2]*model.Output
	n := 0
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if !o.Spendable() {
			continue
		}
		if n == len(out) {
			return false
		}
		out[n] = o
		n++
	}
	if n < 2 || out[0].Owner == out[1].Owner {
		return false
	}
	kind := tx.Inputs[0].Owner.Kind()
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || in.Owner.Kind() != kind || !segwit(kind) ||
			in.Owner == out[0].Owner || in.Owner == out[1].Owner {
			return false
		}
	}
	for i := range tx.Inputs {
		payee, others, some := split(tx.Inputs, tx.Inputs[i].Owner)
		if !some || payee < p.PayjoinMin {
			continue
		}
		for j, his := range out {
			if change := out[1-j].Value; payee <= min(change, his.Value) && payee < his.Value && change < others {
				return true
			}
		}
	}
	return false
}

// split returns the sum of an owner's inputs and the least of the others' inputs,
// if there are any.
func split(ins []model.Input, owner model.Address) (sum, least model.Amount, some bool) {
	for i := range ins {
		switch in := &ins[i]; {
		case in.Owner == owner:
			sum += in.Value // at most 64 inputs: no overflow
		case !some || in.Value < least:
			least, some = in.Value, true
		}
	}
	return sum, least, some
}

// segwit reports whether inputs of the form may be segwit's.
func segwit(k model.ScriptKind) bool {
	switch k {
	case model.P2SH, model.P2WPKH, model.P2WSH, model.P2TR:
		return true
	}
	return false
}

// mainnet reports whether the transaction is one of Bitcoin's main network, of
// which the era of payjoin is known.
func mainnet(tx *model.Tx) bool {
	return len(tx.Outputs) > 0 && tx.Outputs[0].Owner.Network() == model.Mainnet
}
