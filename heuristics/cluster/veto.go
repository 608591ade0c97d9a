package cluster

import (
	"slices"

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
	// Contract: two parties may have paid into a contract of theirs, and each
	// taken its change.
	Contract Reason = "possible_contract"
	// LabelConflict: labels name different parties for two of the addresses,
	// or for clusters that they belong to.
	LabelConflict Reason = "label_conflict"
	// Listed: the caller's list of transactions to skip names it.
	Listed Reason = "listed"
)

// Veto says why the shape and the signatures of a transaction forbid to take its
// inputs for one party's, with a detail such as the protocol; the empty reason
// says that they do not. It looks at the transaction alone, and is for those outside
// the scope: labels, and whether a contract's script was seen before, are for the
// index, whose [Index.Skipped] decides about those within. A coinbase has no veto.
func Veto(tx *model.Tx, p Params, rules shape.Params) (r Reason, detail string) {
	return veto(tx, &p, rules, nil)
}

func veto(tx *model.Tx, p *Params, rules shape.Params, x *Index) (r Reason, detail string) {
	if tx.Coinbase() {
		return "", ""
	}
	if slices.Contains(p.Skip, tx.ID) {
		return Listed, ""
	}
	for i := range tx.Inputs {
		if s := tx.Inputs[i].SigHash; s.MultiParty() {
			return Signatures, s.String()
		}
	}
	if v := shape.Classify(tx, rules); v.SkipUnion {
		return Collaborative, v.Kind.String()
	}
	if payjoin(tx, p, x).Possible {
		return Payjoin, ""
	}
	return "", ""
}
