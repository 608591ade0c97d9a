package esplora

import (
	"math"

	"github.com/goldwash/goldwash/model"
)

// A block of the most weight is filled by so much; what would pass it is not
// kept in memory (BIP 141).
const (
	maxWeight    = model.MaxBlockSize
	inputWeight  = 4 * (36 + 1 + 4)
	outputWeight = 4 * (8 + 1)
)

var (
	txFields      = fields{"txid", "version", "locktime", "vin", "vout", "status"}
	inputFields   = fields{"txid", "vout", "scriptsig", "sequence", "prevout", "witness"}
	outputFields  = fields{"scriptpubkey", "value"}
	statusFields  = fields{"confirmed", "block_height", "block_hash", "block_time"}
	needOfTx      = 5
	needOfInput   = 4
	needOfOutput  = 2
	needConfirmed = 3
)

// txReader reads one transaction.
type txReader struct {
	*scanner
	net  model.Network
	left int // of the weight that a block has
}

// take uses up weight.
func (r *txReader) take(weight int) error {
	if r.left -= weight; r.left < 0 {
		return r.fail("a transaction of more than %d weight units, which no block holds", maxWeight)
	}
	return nil
}

// script reads a script, each byte of which weighs four units.
func (r *txReader) script() ([]byte, error) {
	b, err := r.hex(r.left/4 + 1)
	if err != nil {
		return nil, err
	}
	return b, r.take(4 * len(b))
}

// tx reads a transaction whose id is that of its content.
func (s *scanner) tx(net model.Network) (*model.Tx, error) {
	r := &txReader{scanner: s, net: net, left: maxWeight}
	t := &model.Tx{}
	var id model.TxID
	var got seen
	err := s.object(func(key []byte) error {
		i, err := s.field(txFields, &got, key)
		if err != nil || i < 0 {
			return err
		}
		var n int64
		switch i {
		case 0:
			id, err = s.hash()
		case 1: // signed in some versions of the servers, unsigned in others
			n, err = s.whole(math.MinInt32, math.MaxUint32)
			t.Version = int32(n)
		case 2:
			n, err = s.whole(0, math.MaxUint32)
			t.LockTime = uint32(n)
		case 3:
			err = s.array(func() error { return r.input(t) })
		case 4:
			err = s.array(func() error { return r.output(t) })
		case 5:
			t.Block, err = s.status()
		}
		return err
	})
	if err == nil {
		err = s.need(txFields, got, needOfTx)
	}
	if err != nil {
		return nil, err
	}
	return t, r.finish(t, id)
}

// input reads an input and appends it.
func (r *txReader) input(t *model.Tx) error {
	if err := r.take(inputWeight); err != nil {
		return err
	}
	t.Inputs = append(t.Inputs, model.Input{})
	in := &t.Inputs[len(t.Inputs)-1]
	var got seen
	err := r.object(func(key []byte) error {
		i, err := r.field(inputFields, &got, key)
		if err != nil || i < 0 {
			return err
		}
		var n int64
		switch i {
		case 0:
			in.Prev.Tx, err = r.hash()
		case 1:
			n, err = r.whole(0, math.MaxUint32)
			in.Prev.Vout = uint32(n)
		case 2:
			in.Script, err = r.script()
		case 3:
			n, err = r.whole(0, math.MaxUint32)
			in.Sequence = uint32(n)
		case 4:
			err = r.prevout(in)
		case 5:
			err = r.witness(in)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.need(inputFields, got, needOfInput)
}

// prevout reads the output that an input spends, where the server tells it.
func (r *txReader) prevout(in *model.Input) error {
	if none, err := r.null(); none || err != nil {
		return err
	}
	// It is no part of the transaction, but one like it was.
	left := r.left
	r.left = maxWeight
	out, err := r.readOutput()
	r.left = left
	if err != nil {
		return err
	}
	in.Value, in.ValueKnown = out.Value, true
	in.Owner, in.OwnerBy = out.Owner, model.OwnerPrevout
	return nil
}

func (r *txReader) witness(in *model.Input) error {
	if none, err := r.null(); none || err != nil {
		return err
	}
	return r.array(func() error {
		item, err := r.hex(r.left)
		if err != nil {
			return err
		}
		if item == nil {
			item = []byte{}
		}
		in.Witness = append(in.Witness, item)
		return r.take(1 + len(item))
	})
}

func (r *txReader) output(t *model.Tx) error {
	if err := r.take(outputWeight); err != nil {
		return err
	}
	out, err := r.readOutput()
	t.Outputs = append(t.Outputs, out)
	return err
}

func (r *txReader) readOutput() (out model.Output, err error) {
	var got seen
	err = r.object(func(key []byte) error {
		i, err := r.field(outputFields, &got, key)
		if err != nil || i < 0 {
			return err
		}
		switch i {
		case 0:
			out.Script, err = r.script()
		case 1:
			var n int64
			n, err = r.whole(0, int64(model.MaxMoney))
			out.Value = model.Amount(n)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	out.Owner = model.AddressOf(out.Script, r.net)
	return out, r.need(outputFields, got, needOfOutput)
}

// status reads where a transaction stands: nowhere while it is not confirmed.
func (s *scanner) status() (ref model.BlockRef, err error) {
	if none, err := s.null(); none || err != nil {
		return ref, err
	}
	var got seen
	confirmed := false
	err = s.object(func(key []byte) error {
		i, err := s.field(statusFields, &got, key)
		if err != nil || i < 0 {
			return err
		}
		if i > 0 {
			if none, err := s.null(); none || err != nil {
				got &^= 1 << i
				return err
			}
		}
		switch i {
		case 0:
			confirmed, err = s.boolean()
		case 1:
			var n int64
			n, err = s.whole(0, math.MaxInt32)
			ref.Height, ref.Known = int32(n), ref.Known|model.KnownHeight
		case 2:
			ref.Hash, err = s.hash()
			ref.Known |= model.KnownHash
		case 3:
			ref.Time, err = s.whole(0, math.MaxUint32)
			ref.Known |= model.KnownTime
		}
		return err
	})
	switch {
	case err != nil:
		return model.BlockRef{}, err
	case !confirmed:
		return model.BlockRef{}, s.need(statusFields, got, 1)
	}
	return ref, s.need(statusFields, got, needConfirmed)
}

// finish derives what the transaction tells of itself and checks what the
// server tells of it.
func (r *txReader) finish(t *model.Tx, id model.TxID) error {
	if t.ID = model.HashTx(t); t.ID != id {
		return r.fail("the transaction said to be %v is %v", id, t.ID)
	}
	size := len(model.AppendTx(nil, t))
	weight := 4*size - 3*witnessSize(t)
	if weight > maxWeight {
		return r.fail("transaction %v weighs %d units, which no block holds", id, weight)
	}
	t.Size, t.Weight = int32(size), int32(weight)
	for i := range t.Inputs {
		in := &t.Inputs[i]
		if in.Prev.Null() {
			in.Value, in.ValueKnown, in.Owner, in.OwnerBy = 0, false, model.Address{}, model.OwnerUnknown
			continue
		}
		in.SigHash = model.SigHashOf(in.Script, in.Witness)
		owner, ok := model.UnlockingOwner(in.Script, in.Witness, r.net)
		switch {
		case !ok:
		case in.OwnerBy == model.OwnerUnknown:
			in.Owner, in.OwnerBy = owner, model.OwnerUnlocking
		case in.Owner.Kind() == owner.Kind() && in.Owner != owner:
			// The form commits to what unlocks it, and the network
			// accepted what stands here.
			return r.fail("transaction %v: input %d is said to spend from %v, but unlocks %v", id, i, in.Owner, owner)
		}
	}
	paid, ok := t.OutputValue()
	if !ok || paid > model.MaxMoney {
		return r.fail("transaction %v pays more than there can be", id)
	}
	if t.Resolved() && !t.Coinbase() {
		if spent, ok := t.InputValue(); !ok || paid > spent {
			return r.fail("transaction %v pays %v, more than the %v that it is said to spend", id, paid, spent)
		}
	}
	return nil
}

// witnessSize is how much shorter a transaction is without its witnesses.
func witnessSize(t *model.Tx) (n int) {
	any := false
	for i := range t.Inputs {
		w := t.Inputs[i].Witness
		any = any || len(w) > 0
		n += compactSize(len(w))
		for _, item := range w {
			n += compactSize(len(item)) + len(item)
		}
	}
	if !any {
		return 0
	}
	return 2 + n
}

// compactSize is the length of a count as Bitcoin writes it.
func compactSize(n int) int {
	switch {
	case n < 0xfd:
		return 1
	case n < 1<<16:
		return 3
	}
	return 5
}

// touches reports whether a transaction pays or spends an address.
func touches(t *model.Tx, a model.Address) bool {
	for i := range t.Outputs {
		if t.Outputs[i].Owner == a {
			return true
		}
	}
	for i := range t.Inputs {
		if t.Inputs[i].OwnerBy != model.OwnerUnknown && t.Inputs[i].Owner == a {
			return true
		}
	}
	return false
}
