package change

import (
	"bytes"
	"cmp"

	"github.com/goldwash/goldwash/model"
)

// Known is the answer to a question that may have none.
type Known uint8

// Answers.
const (
	Unknown Known = iota
	No
	Yes
)

// String returns "unknown", "no" or "yes".
func (k Known) String() string { return [...]string{"unknown", "no", "yes", "invalid"}[min(k, 3)] }

func known(b bool) Known {
	if b {
		return Yes
	}
	return No
}

// Output is what the rules must know of an output beside the transaction itself.
// The zero value says that nothing is known.
type Output struct {
	// Fresh is Yes where the transaction is the first on the chain in which
	// the script of the output appears.
	Fresh Known
	// Reused is Yes where a later transaction pays the same script again.
	Reused Known
	// Clustered is Yes where the address is in the cluster of an input, by a
	// clustering that does not itself rest on predictions of change.
	Clustered Known
	// Spend says what became of the output, as of the tip.
	Spend model.SpendState
	// By is the fingerprint of the transaction that spends it, where Spend is
	// Spent and Read is true.
	By   Fingerprint
	Read bool
	// Hops is for how many transactions the chain that begins with the
	// spender shares the features of the transaction, where HopsKnown.
	Hops      int
	HopsKnown bool
}

// Facts are what the rules must know beside the transaction.
type Facts struct {
	// Outputs are by output; of those beyond its length nothing is known.
	Outputs []Output
	// Collaborative says why the inputs may be several parties', as "wasabi1"
	// or "multiparty_signature"; empty where nothing says so.
	Collaborative string
}

func (f *Facts) of(i int) Output {
	if i < len(f.Outputs) {
		return f.Outputs[i]
	}
	return Output{}
}

// Fingerprint is how the software that made a transaction shows in it.
type Fingerprint struct {
	Version   int32
	Kinds     uint16 // the forms of the inputs' scripts, one bit for each
	Multisig  uint16 // signatures needed times 256 plus keys, the same for all inputs; else 0
	Ins, Outs uint8  // 1, 2, or 3 for more
	Traits    Traits
}

// Traits is a set of flags of a [Fingerprint].
type Traits uint8

// Flags of [Traits].
const (
	LockTimed   Traits = 1 << iota // the lock time is not 0
	Replaceable                    // an input signals that it may be replaced (BIP 125)
	Witnessed                      // an input has a witness
	Sorted                         // inputs and outputs have the order of BIP 69
	KnownUnlock                    // what unlocks the inputs was told, without which Witnessed and Multisig mean nothing
	KnownKinds                     // the owners of all inputs are known
)

// FingerprintOf reads the fingerprint of a transaction.
func FingerprintOf(tx *model.Tx) Fingerprint {
	f := Fingerprint{
		Version: tx.Version, Traits: KnownUnlock | KnownKinds,
		Ins: uint8(min(len(tx.Inputs), 3)), Outs: uint8(min(len(tx.Outputs), 3)),
	}
	if tx.LockTime != 0 {
		f.Traits |= LockTimed
	}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.Sequence < 0xfffffffe {
			f.Traits |= Replaceable
		}
		if len(in.Witness) > 0 {
			f.Traits |= Witnessed
		}
		if len(in.Script) == 0 && len(in.Witness) == 0 {
			f.Traits &^= KnownUnlock
		}
		if in.OwnerBy == model.OwnerUnknown {
			f.Traits &^= KnownKinds
		}
		f.Kinds |= 1 << in.Owner.Kind()
		switch m := multisig(in); {
		case i == 0:
			f.Multisig = m
		case f.Multisig != m:
			f.Multisig = 0
		}
	}
	if sorted(tx) {
		f.Traits |= Sorted
	}
	return f
}

// bare stands for bare multisig, whose numbers are not in what unlocks it.
const bare = 0xff

// multisig reads the kind of multisig off what unlocks an input, 0 for none.
func multisig(in *model.Input) uint16 {
	script := lastPush(in.Script)
	if n := len(in.Witness); n > 0 {
		script = in.Witness[n-1]
	}
	if in.Owner.Kind() == model.Multisig {
		return bare
	}
	if len(script) < 3 || script[len(script)-1] != 0xae { // OP_CHECKMULTISIG
		return 0
	}
	s := model.Classify(script)
	if s.Kind != model.Multisig {
		return 0
	}
	return uint16(s.M)<<8 | uint16(s.N)
}

// lastPush returns the last item that an unlocking script pushes, nil where it
// does not end in a push.
func lastPush(s []byte) []byte {
	var last []byte
	for len(s) > 0 {
		op := s[0]
		n, head := int(op), 1
		switch {
		case op > 78:
			s, last = s[1:], nil
			continue
		case op == 76 && len(s) > 1:
			n, head = int(s[1]), 2
		case op == 77 && len(s) > 2:
			n, head = int(s[1])|int(s[2])<<8, 3
		case op > 75:
			return nil // longer than any standard script, or cut off
		}
		if len(s) < head+n {
			return nil
		}
		last, s = s[head:head+n], s[head+n:]
	}
	return last
}

// sorted reports whether inputs and outputs have the order of BIP 69: inputs by
// the text of the transaction id and by index, outputs by value and script.
func sorted(tx *model.Tx) bool {
	for i := 1; i < len(tx.Inputs); i++ {
		a, b := &tx.Inputs[i-1].Prev, &tx.Inputs[i].Prev
		if cmp.Or(compareText(a.Tx, b.Tx), cmp.Compare(a.Vout, b.Vout)) > 0 {
			return false
		}
	}
	for i := 1; i < len(tx.Outputs); i++ {
		a, b := &tx.Outputs[i-1], &tx.Outputs[i]
		if cmp.Or(cmp.Compare(a.Value, b.Value), bytes.Compare(a.Script, b.Script)) > 0 {
			return false
		}
	}
	return true
}

// compareText compares the texts of two ids, which have the last byte first.
func compareText(a, b model.TxID) int {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i])
		}
	}
	return 0
}

// alike reports whether two transactions share what a wallet does not change on
// the way: version, lock time, replacement, witnesses and forms of script.
func (f *Fingerprint) alike(o *Fingerprint) bool {
	const of = LockTimed | Replaceable | Witnessed
	return f.Version == o.Version && f.Kinds == o.Kinds && f.Traits&of == o.Traits&of
}

// peels reports whether a transaction has the form of a peeling one.
func (f *Fingerprint) peels() bool { return f.Ins == 1 && f.Outs == 2 }

// maxFan bounds the outputs of a transaction that a chain is followed through.
const maxFan = 16

// graph tells which transaction spends an output; state is Spent only where the
// spender is at hand.
type graph[N any] interface {
	outputs(N) int
	spender(n N, out int) (by N, print Fingerprint, state model.SpendState)
}

// hops returns for how many transactions, at most most, the chain that begins with
// the spender of an output is like the transaction, each time through the one
// output whose spender is. known is false where the output's own spender is not.
func hops[N any](g graph[N], like *Fingerprint, n N, out, most int) (k int, known bool) {
	by, print, state := g.spender(n, out)
	if state != model.Spent {
		return 0, false
	}
	for k < most && like.alike(&print) {
		if k++; k == most || g.outputs(by) > maxFan {
			break
		}
		next, found := by, 0
		for i := range g.outputs(by) {
			if b, p, s := g.spender(by, i); s == model.Spent && like.alike(&p) {
				next, print = b, p
				found++
			}
		}
		if found != 1 {
			break
		}
		by = next
	}
	return k, true
}
