package cluster

import (
	"fmt"

	"github.com/goldwash/goldwash/model"
)

// PayjoinTest says whether a transaction has the shape of a payjoin (BIP 78), in
// which the payee adds a coin of his own. Its zero value says that it was tested
// and shows no sign. That is no proof: a payjoin whose inputs are all necessary
// looks like any payment.
type PayjoinTest struct {
	// Possible is true where the amounts fit two parties.
	Possible bool
	// Untested says why the test was not made, or why a transaction whose
	// amounts fit two parties is taken for an ordinary one all the same; it
	// is empty where Possible is true or the amounts do not fit. Who rests a
	// claim on the inputs of the transaction being one party's should tell.
	Untested string
}

// Tested reports whether the test was made: then Possible is its answer.
func (t PayjoinTest) Tested() bool { return t.Untested == "" }

// Payjoin tests a transaction for the shape of a payjoin, with the parameters and
// the labels of the index: two outputs, and among the inputs an owner whose coins
// neither output needed, but with whom all becomes plain if he is the payee. In a
// payjoin the payee adds a coin and gets it back with the payment, so that his
// output is above all his inputs; and the payer, who chose his before, spends none
// in vain, so that his change is below each of his inputs. An output to an address
// that is spent belongs to who spends it. Otherwise the reuse of an address proves
// nothing, because either party may do it, and the payer so as to pass for the
// owner of the payee's coin.
//
// Not stopped, though the amounts fit two parties, are payments of before there
// were such wallets, coins of dust, which no payee adds, inputs of different
// forms, which BIP 78 forbids, or of forms without segwit, and a payee who is paid
// to the address that he spends where the payer's change would be a labelled
// custodian's. They are told as untested, as are transactions of other than two
// outputs, of too many inputs, or of inputs whose owner or value is unknown.
//
// Ordinary wallets do add inputs without need, and are stopped by mistake: 17 of
// 158 joint payments of block 300025 and 106 of 356 of block 367891, which are
// older than payjoin, would be if they were of today.
func (x *Index) Payjoin(tx *model.Tx) PayjoinTest { return payjoin(tx, &x.p, x) }

// TestedForPayjoin is as [Index.Payjoin] without labels. Of a payee who is paid to
// the address that he spends they may have to tell, and it says that it was not
// tested.
func TestedForPayjoin(tx *model.Tx, p Params) PayjoinTest { return payjoin(tx, &p, nil) }

func payjoin(tx *model.Tx, p *Params, x *Index) PayjoinTest {
	n := len(tx.Inputs)
	if tx.Coinbase() || n < 2 {
		return PayjoinTest{}
	}
	one, known := true, tx.Resolved()
	for i := range tx.Inputs {
		one = one && tx.Inputs[i].Owner == tx.Inputs[0].Owner
		known = known && tx.Inputs[i].OwnerBy != model.OwnerUnknown
	}
	if one && tx.Inputs[0].OwnerBy != model.OwnerUnknown {
		return PayjoinTest{}
	}
	if n > p.PayjoinInputs {
		return PayjoinTest{Untested: fmt.Sprintf("it has more than %d inputs", p.PayjoinInputs)}
	}
	var out [3]*model.Output
	if spendable(tx, &out) != 2 {
		return PayjoinTest{Untested: "it does not have two outputs, as a payment with change has"}
	}
	if !known {
		return PayjoinTest{Untested: "the owner or the value of an input is unknown"}
	}
	if fits, but := twoParties(tx.Inputs, out[0], out[1], p, x); !fits {
		return PayjoinTest{Untested: but}
	}
	kind := tx.Inputs[0].Owner.Kind()
	for i := range tx.Inputs {
		if k := tx.Inputs[i].Owner.Kind(); k != kind || !segwit(k) {
			return PayjoinTest{Untested: "its inputs are of different forms or of one without segwit, which wallets that do payjoins avoid"}
		}
	}
	if b := tx.Block; b.Has(model.KnownHeight) && b.Height < p.PayjoinFrom && mainnet(tx) {
		return PayjoinTest{Untested: "it is older than the first wallets that do payjoins"}
	}
	return PayjoinTest{Possible: true}
}

// twoParties reports whether the amounts of a payment of two outputs fit a payee
// who added a coin. Where they would, but the payee is one who is not taken to,
// it says why.
func twoParties(ins []model.Input, a, b *model.Output, p *Params, x *Index) (fits bool, but string) {
	if a.Owner == b.Owner {
		return false, ""
	}
	spends := func(o *model.Output) bool {
		for i := range ins {
			if ins[i].Owner == o.Owner {
				return true
			}
		}
		return false
	}
	out, spent := [2]*model.Output{a, b}, [2]bool{spends(a), spends(b)}
	for i := range ins {
		payee := ins[i].Owner
		his, others, some := split(ins, payee)
		if !some {
			continue
		}
		for j, gets := range out {
			change := out[1-j]
			same := gets.Owner == payee
			if change.Owner == payee || spent[j] && !same {
				continue
			}
			if his > min(change.Value, gets.Value) || his == gets.Value || change.Value >= others {
				continue
			}
			switch {
			case his < p.PayjoinMin:
				but = "the coin that was not needed is so small that no payee is taken to add it"
			case same && x == nil:
				but = "the payee would be paid to an address that he spends, and labels were not consulted"
			case same && x.custodianOf(change.Owner):
				but = "the payee would be paid to an address that he spends, and the payer's change to a labelled custodian"
			default:
				return true, ""
			}
		}
	}
	return false, but
}

// custodianOf reports whether a label on the address itself gives it to a
// custodian.
func (x *Index) custodianOf(a model.Address) bool {
	ls := x.LabelsOn(a)
	for i := range ls {
		if Custodial(&ls[i], x.p.LabelConfidence, model.BlockRef{}) {
			return true
		}
	}
	return false
}

// spendable puts the first outputs that can be spent into out and returns how
// many there are, at most one more than fit.
func spendable(tx *model.Tx, out *[3]*model.Output) int {
	n := 0
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Spendable() {
			if n == len(out) {
				return n + 1
			}
			out[n] = o
			n++
		}
	}
	return n
}

// split returns the sum of an owner's inputs and the least of the others' inputs,
// if there are any.
func split(ins []model.Input, owner model.Address) (sum, least model.Amount, some bool) {
	for i := range ins {
		switch in := &ins[i]; {
		case in.Owner == owner:
			sum += in.Value // bounded by PayjoinInputs: no overflow
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
