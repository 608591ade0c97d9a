package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// The defaults of a transaction: what Bitcoin Core's wallet writes, without a
// lock time.
const (
	defaultVersion  = 2
	defaultSequence = 0xfffffffd
)

// payment is one output as the text has it.
type payment struct {
	place
	value model.Amount
	rest  bool
}

// spend is one input as the text has it.
type spend struct {
	word    word
	input   model.Input
	balance bool // "new" without an amount
}

// txDraft is a transaction line in the making.
type txDraft struct {
	spends   []spend
	payments []payment
	fee      model.Amount
	feeWord  word // where fee= is stated
	version  int32
	lockTime uint32
	sequence uint32
	broken   bool // it spends an output of a broken line
}

// header reads "NAME:" and makes the entry of the transaction, which stays
// broken until its line is through. It also moves the clock, whatever the line
// is worth, so that one broken line does not move those after it.
func (p *parser) header(args []word, at word) (e *entry, rest []word) {
	same, err := p.clock.next()
	if err != nil {
		p.fail(at, "%v", err)
	}
	if !same {
		p.closeBlock()
		p.fillTo(p.clock.height, p.clock.time/slot*slot, at)
		p.draft = &draft{height: p.clock.height, time: p.clock.time / slot * slot, bits: p.bits}
	}
	e = &entry{line: p.line, broken: true, draft: p.draft}
	p.byLine[p.line] = e
	if len(args) > 1 && args[1].text == ":" {
		args = append([]word{{args[0].text + ":", args[0].col}}, args[2:]...)
	}
	if len(args) == 0 || !strings.HasSuffix(args[0].text, ":") {
		p.fail(at, "%s: want a name with a colon after it", at.text)
		return nil, nil
	}
	name := strings.TrimSuffix(args[0].text, ":")
	if !isName(name) {
		p.fail(args[0], "%q is not a name: want letters, digits, _ and -", clip(name))
		return nil, nil
	}
	if other, ok := p.byName[name]; ok {
		p.fail(args[0], "the name %s is taken on line %d", clip(name), other.line)
		return nil, nil
	}
	e.name = name
	p.byName[name] = e
	return e, args[1:]
}

// sides splits the words at "=>".
func (p *parser) sides(words []word, at word) (left, right []word, ok bool) {
	i := slices.IndexFunc(words, func(w word) bool { return w.text == "=>" })
	if i < 0 {
		p.fail(at, "no => between inputs and outputs")
		return nil, nil, false
	}
	return words[:i], words[i+1:], true
}

func (p *parser) readTx(args []word, at word) {
	e, words := p.header(args, at)
	if e == nil {
		return
	}
	left, right, ok := p.sides(words, at)
	if !ok {
		return
	}
	d := &txDraft{version: defaultVersion, sequence: defaultSequence}
	okIn := p.readInputs(e, d, left)
	okOut := false
	if d.payments, okOut = p.readOutputs(right, at); !okIn || !okOut {
		return
	}
	if len(d.spends) == 0 && !d.broken {
		p.fail(at, "%s has no inputs", e.name)
		return
	}
	if d.broken || !p.balance(e, d, at) {
		return
	}
	t := &model.Tx{Version: d.version, LockTime: d.lockTime, Outputs: outputs(d.payments)}
	for _, s := range d.spends {
		s.input.Sequence = d.sequence
		t.Inputs = append(t.Inputs, s.input)
	}
	p.finish(e, t)
	p.draft.txs = append(p.draft.txs, t)
}

// finish computes what follows from a transaction's fields.
func (p *parser) finish(e *entry, t *model.Tx) {
	t.ID = model.HashTx(t)
	t.Size, t.Weight = size(t)
	if e != nil {
		e.tx, e.spent, e.broken = t, make([]int, len(t.Outputs)), false
	}
}

func size(t *model.Tx) (size, weight int32) {
	bare := *t
	bare.Inputs = slices.Clone(t.Inputs)
	for i := range bare.Inputs {
		bare.Inputs[i].Witness = nil
	}
	full, base := len(model.AppendTx(nil, t)), len(model.AppendTx(nil, &bare))
	return int32(full), int32(3*base + full)
}

func outputs(ps []payment) []model.Output {
	outs := make([]model.Output, len(ps))
	for i, o := range ps {
		outs[i] = model.Output{Value: o.value, Owner: o.address, Script: o.script}
	}
	return outs
}

// readInputs reads inputs and options, all that stands before "=>".
func (p *parser) readInputs(e *entry, d *txDraft, words []word) bool {
	ok := true
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w.text == "," {
			p.fail(w, "inputs are separated by blanks")
			return false
		}
		if strings.Contains(w.text, "=") {
			ok = p.readTxOption(d, w) && ok
			continue
		}
		what, flags, flagged := w.cut("!")
		sig := sigUnstated
		if flagged {
			var err error
			if sig, err = parseSigType(flags.text); err != nil {
				p.fail(flags, "%v", err)
				ok = false
			}
		}
		_, isNew := what.call("new")
		_, isUnknown := what.call("unknown")
		switch {
		case what.text == "new" || isNew:
			var amount word
			if i+1 < len(words) && words[i+1].text[0] >= '0' && words[i+1].text[0] <= '9' {
				i++
				amount = words[i]
			}
			ok = p.readOutside(e, d, what, amount, sig) && ok
		case what.text == "unknown" || isUnknown:
			ok = p.readOutside(e, d, what, word{}, sig) && ok
		default:
			ok = p.readSpends(e, d, what, sig) && ok
		}
	}
	return ok
}

func (p *parser) readTxOption(d *txDraft, w word) bool {
	key, value, err := option(w)
	var n uint32
	switch {
	case err != nil:
	case key == "fee":
		d.feeWord = w
		d.fee, err = parseAmount(value)
	case key == "version":
		n, err = parseUint32(value)
		d.version = int32(n)
	case key == "locktime":
		d.lockTime, err = parseUint32(value)
	case key == "sequence":
		d.sequence, err = parseUint32(value)
	default:
		err = fmt.Errorf("unknown option %q: want fee, version, locktime or sequence", clip(key))
	}
	if err != nil {
		p.fail(w, "%v", err)
	}
	return err == nil
}

// readOutside reads new, new(OWNER) [AMOUNT], unknown or unknown(OWNER): inputs
// that spend outputs of transactions which are not in the ledger.
func (p *parser) readOutside(e *entry, d *txDraft, w, amount word, sig sigType) bool {
	s := spend{word: w, input: model.Input{Prev: outsidePrev(e.name, len(d.spends)), SigHash: sig.flags()}}
	in := &s.input
	arg, owned := w.call("new")
	known := owned || w.text == "new"
	if !known {
		arg, owned = w.call("unknown")
	}
	var by owner
	var literal bool
	switch {
	case owned:
		var at place
		var ok bool
		if by, at, literal, ok = p.readOwner(arg); !ok {
			return false
		}
		in.Owner = at.address
	case known:
		by = owner{outside, defaultKind}
		in.Owner = p.use(by).address
	}
	switch {
	case known:
		in.OwnerBy, in.ValueKnown = model.OwnerPrevout, true
		if amount.text == "" {
			s.balance = true
		} else {
			v, err := parseAmount(amount.text)
			if err != nil {
				p.fail(amount, "%v", err)
				return false
			}
			in.Value = v
		}
	case owned:
		if !literal && !by.tells() {
			p.fail(arg, "nothing that unlocks an output of %s tells its owner", by)
			return false
		}
		in.OwnerBy = model.OwnerUnlocking
	default:
		// An owner that the unlocking data does not tell: taproot.
		by = owner{outside, model.P2TR}
	}
	if !literal && !p.unlock(in, by, sig, w) {
		return false
	}
	d.spends = append(d.spends, s)
	return p.count(w, 1)
}

// outsidePrev is an output that no ledger has.
func outsidePrev(tx string, input int) model.Outpoint {
	b := binary.BigEndian.AppendUint32([]byte("goldwash ledger outside "), uint32(input))
	return model.Outpoint{Tx: sha256.Sum256(append(b, tx...))}
}

// readSpends reads NAME.N or NAME.N..M.
func (p *parser) readSpends(e *entry, d *txDraft, w word, sig sigType) bool {
	name, index, dotted := w.cut(".")
	if !dotted {
		p.fail(w, "%q is not an input: want NAME.N, NAME.N..M, new or unknown", clip(w.text))
		return false
	}
	if name.text == e.name {
		p.fail(w, "%s spends itself", e.name)
		return false
	}
	from := p.find(name)
	if from == nil {
		d.broken = true
		return p.byName[name.text] != nil
	}
	if from.tx.Coinbase() && from.draft == p.draft {
		p.fail(w, "%s is the coinbase of the same block", from.name)
		return false
	}
	lo, hi, ranged := index.cut("..")
	first, ok := p.index(from, lo)
	if !ok {
		return false
	}
	last := first
	if ranged {
		if last, ok = p.index(from, hi); !ok {
			return false
		}
		if last < first {
			p.fail(index, "the range %s runs backwards", index.text)
			return false
		}
	}
	if !p.count(w, last-first+1) {
		return false
	}
	for n := first; n <= last; n++ {
		if line := from.spent[n]; line != 0 {
			p.fail(w, "%s.%d is already spent on line %d", from.name, n, line)
			return false
		}
		o := &from.tx.Outputs[n]
		if !o.Spendable() {
			p.fail(w, "%s.%d is null data, which nobody can spend", from.name, n)
			return false
		}
		from.spent[n] = p.line
		in := model.Input{
			Prev: from.tx.Outpoint(n), Value: o.Value, Owner: o.Owner, ValueKnown: true, OwnerBy: model.OwnerPrevout, SigHash: sig.flags(),
		}
		if by, ok := p.owners[o.Owner]; ok && !p.unlock(&in, by, sig, w) {
			return false
		}
		d.spends = append(d.spends, spend{word: w, input: in})
	}
	return true
}

func (p *parser) unlock(in *model.Input, by owner, sig sigType, w word) bool {
	if sig == sigDefault && by.kind != model.P2TR {
		p.fail(w, "signature type DEFAULT is for p2tr, %s is %v", by.name, by.kind)
		return false
	}
	in.Script, in.Witness = by.unlock(in.Prev, sig)
	return true
}

// count bounds inputs and outputs.
func (p *parser) count(w word, n int) bool {
	if p.points += n; p.points <= MaxPoints {
		return true
	}
	p.fail(w, "more than %d inputs and outputs", MaxPoints)
	return false
}

// readOwner reads an owner, or addr(ADDRESS), in a transaction.
func (p *parser) readOwner(w word) (o owner, at place, literal, ok bool) {
	if text, is := w.call("addr"); is {
		a, err := model.ParseAddress(text.text, p.net)
		if err != nil {
			p.fail(text, "%v", err)
			return o, at, true, false
		}
		script, ok := a.Script()
		if !ok {
			p.fail(text, "the address %s tells only the hash of its script", clip(text.text))
		}
		return o, place{a, script}, true, ok
	}
	o, err := parseOwner(w.text)
	if err == nil && o.name == outside {
		err = fmt.Errorf("the owner %q is reserved for new", outside)
	}
	if err != nil {
		p.fail(w, "%v", err)
		return o, at, false, false
	}
	return o, p.use(o), false, true
}

// readOutputs reads all that stands after "=>".
func (p *parser) readOutputs(words []word, at word) (ps []payment, ok bool) {
	if len(words) == 0 {
		p.fail(at, "no outputs")
		return nil, false
	}
	rests := 0
	for len(words) > 0 {
		end := slices.IndexFunc(words, func(w word) bool { return w.text == "," })
		var one []word
		if end < 0 {
			one, words = words, nil
		} else {
			one = words[:end]
			if words = words[end+1:]; len(words) == 0 {
				p.fail(at, "a comma after the last output")
				return nil, false
			}
		}
		if len(one) != 2 {
			w := at
			if len(one) > 0 {
				w = one[0]
			}
			p.fail(w, "want OWNER AMOUNT, OWNER rest or data PAYLOAD for an output")
			return nil, false
		}
		if ps, ok = p.readOutput(ps, one[0], one[1]); !ok {
			return nil, false
		}
		if ps[len(ps)-1].rest {
			if rests++; rests > 1 {
				p.fail(one[1], "a second rest")
				return nil, false
			}
		}
	}
	return ps, true
}

// readOutput reads one output, or a range of them.
func (p *parser) readOutput(ps []payment, who, what word) ([]payment, bool) {
	if who.text == "data" {
		script, err := dataScript(what.text)
		if err != nil {
			p.fail(what, "%v", err)
			return ps, false
		}
		return append(ps, payment{place: place{model.AddressOf(script, p.net), script}}), p.count(who, 1)
	}
	var pay payment
	if what.text == "rest" {
		pay.rest = true
	} else {
		var err error
		if pay.value, err = parseAmount(what.text); err != nil {
			p.fail(what, "%v", err)
			return ps, false
		}
	}
	lo, hi, ranged := who.cut("..")
	if !ranged || strings.HasPrefix(who.text, "addr(") {
		var ok bool
		if _, pay.place, _, ok = p.readOwner(who); !ok {
			return ps, false
		}
		return append(ps, pay), p.count(who, 1)
	}

	// NAME#N..M, perhaps with :KIND at its end.
	end, kind, hasKind := hi.cut(":")
	base, number, numbered := lo.cut("#")
	first, err := parseOwnerNumber(number.text)
	last, err2 := parseOwnerNumber(end.text)
	if !numbered || err != nil || err2 != nil || last < first {
		p.fail(who, "the range %q: want NAME#FIRST..LAST", clip(who.text))
		return ps, false
	}
	if pay.rest {
		p.fail(what, "rest goes to one owner, not to a range")
		return ps, false
	}
	if !p.count(who, last-first+1) {
		return ps, false
	}
	for n := first; n <= last; n++ {
		text := base.text + "#" + strconv.Itoa(n)
		if hasKind {
			text += ":" + kind.text
		}
		var ok bool
		if _, pay.place, _, ok = p.readOwner(word{text, who.col}); !ok {
			return ps, false
		}
		ps = append(ps, pay)
	}
	return ps, true
}

// dataScript returns the null-data script of "text" or 0xhex.
func dataScript(s string) ([]byte, error) {
	var data []byte
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		var err error
		if data, err = parseHex(digits); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
	} else {
		text, err := strconv.Unquote(s)
		if err != nil {
			return nil, fmt.Errorf("data: %q is neither a string in quotes nor 0x and hexadecimal", clip(s))
		}
		data = []byte(text)
	}
	return push([]byte{opReturn}, data), nil
}

// balance computes what the text leaves open, "rest" or the value of "new", and
// checks that values are conserved.
func (p *parser) balance(e *entry, d *txDraft, at word) bool {
	in, out, known := model.Amount(0), model.Amount(0), true
	var open *spend
	for i := range d.spends {
		s := &d.spends[i]
		switch {
		case s.balance && open != nil:
			p.fail(s.word, "a second new without an amount")
			return false
		case s.balance:
			open = s
		case !s.input.ValueKnown:
			known = false
		default:
			// Sums stay below int64: at most MaxPoints amounts of MaxMoney
			// could pass it, so each step is checked.
			if in += s.input.Value; in > model.MaxMoney {
				p.fail(at, "the inputs of %s pass 21 million coins", e.name)
				return false
			}
		}
	}
	var rest *payment
	for i := range d.payments {
		pay := &d.payments[i]
		if pay.rest {
			rest = pay
		}
		if out += pay.value; out > model.MaxMoney {
			p.fail(at, "the outputs of %s pass 21 million coins", e.name)
			return false
		}
	}
	stated := d.feeWord.text != ""
	switch {
	case !known && rest != nil:
		p.fail(at, "%s has inputs of unknown value, so there is no rest", e.name)
	case !known && open != nil:
		p.fail(open.word, "%s has inputs of unknown value, so new needs an amount", e.name)
	case !known && stated:
		p.fail(d.feeWord, "%s has inputs of unknown value, so there is no fee", e.name)
	case !known:
		return true
	case open != nil && rest != nil:
		p.fail(open.word, "both new and rest are open: new needs an amount")
	case open != nil:
		need := out + d.fee
		if need < in || need > model.MaxMoney {
			p.fail(open.word, "outputs and fee of %v leave nothing for new beside the other inputs of %v", need, in)
			return false
		}
		open.input.Value = need - in
		return true
	case rest != nil:
		if in < out+d.fee {
			p.fail(at, "%s takes %v and pays %v with a fee of %v: nothing is left for rest", e.name, in, out, d.fee)
			return false
		}
		rest.value = in - out - d.fee
		return true
	case in < out:
		p.fail(at, "%s pays %v, more than the %v that it takes", e.name, out, in)
	case stated && in-out != d.fee:
		p.fail(d.feeWord, "%s takes %v and pays %v: the fee is %v, not %v", e.name, in, out, in-out, d.fee)
	default:
		return true
	}
	return false
}
