package shape

import (
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// Classify judges a transaction by its shape alone: the number, values and
// scripts of its inputs and outputs, and its height. It reads no labels and
// nothing but tx. It does not allocate for a transaction of at most 64 outputs
// and inputs that is ordinary, nor for one that pays many outputs from few
// inputs.
//
// The rules are tested in this order, and the first that holds decides:
// coinbase; Whirlpool preparation; one input script; Whirlpool mix; Wasabi 2;
// Wasabi 1; the Stonewall shape; JoinMarket; BlockSci's basic rule.
func Classify(tx *model.Tx, p Params) Verdict {
	if len(tx.Inputs) == 0 || len(tx.Outputs) == 0 || tx.Coinbase() {
		return Verdict{}
	}
	s := side{tx: tx}
	for i := range tx.Outputs {
		if tx.Outputs[i].Spendable() {
			s.outs++
		} else {
			s.nulls, s.null = s.nulls+1, i
		}
	}
	if s.nulls == 1 {
		if v, ok := premix(&s, &p); ok {
			return v
		}
	}
	ins := len(tx.Inputs)
	if ins < 2 || s.outs < 3 || oneScript(tx) {
		return Verdict{}
	}
	// Every rule below wants as many inputs as half the outputs, except those
	// of Wasabi, which want many of them, and the one of Stonewall.
	if s.outs > 4 && 2*ins < s.outs && ins < min(p.Wasabi1.MinEqual, p.Wasabi2.MinInputs, p.Wasabi2.MinInputsSmall, p.Wasabi2.MinInputsDoubt) {
		return Verdict{}
	}
	if v, ok := whirlpool(&s, &p); ok {
		return v
	}
	s.count(&p)
	return wasabi(&s, &p)
}

// side is a transaction with what several rules count in it.
type side struct {
	tx          *model.Tx
	outs        int // outputs that can be spent
	nulls, null int // null-data outputs, and the index of the last

	// Of the values of the spendable outputs, token values left out: the most
	// frequent one (of several the largest) and how often it occurs; values
	// that occur once; values that occur more than once, and their outputs.
	mode                     model.Amount
	equal                    int
	singles, repeated, twins int
	outScripts               int // distinct scripts of the spendable outputs

	inScripts int // distinct scripts among the inputs whose owner is known
	unowned   int // inputs whose owner is unknown
	topInputs int // inputs of the most frequent script
	topOuts   int // outputs of the most frequent script
}

func (s *side) count(p *Params) {
	var vbuf [64]model.Amount
	var abuf [64]model.Address
	vals, addrs := vbuf[:0], abuf[:0]
	for i := range s.tx.Outputs {
		o := &s.tx.Outputs[i]
		if !o.Spendable() {
			continue
		}
		addrs = append(addrs, o.Owner)
		if !slices.Contains(p.TokenValues, o.Value) {
			vals = append(vals, o.Value)
		}
	}
	slices.Sort(vals)
	for i := 0; i < len(vals); {
		j := i + 1
		for j < len(vals) && vals[j] == vals[i] {
			j++
		}
		n := j - i
		if n >= s.equal {
			s.mode, s.equal = vals[i], n
		}
		if n == 1 {
			s.singles++
		} else {
			s.repeated, s.twins = s.repeated+1, s.twins+n
		}
		i = j
	}
	s.outScripts, s.topOuts = distinct(addrs)
	addrs = addrs[:0]
	for i := range s.tx.Inputs {
		if in := &s.tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown {
			addrs = append(addrs, in.Owner)
		} else {
			s.unowned++
		}
	}
	s.inScripts, s.topInputs = distinct(addrs)
}

// distinct sorts addresses and counts the different ones and the repetitions of
// the most frequent.
func distinct(as []model.Address) (n, top int) {
	slices.SortFunc(as, model.Address.Compare)
	for i := 0; i < len(as); {
		j := i + 1
		for j < len(as) && as[j] == as[i] {
			j++
		}
		n, top = n+1, max(top, j-i)
		i = j
	}
	return n, top
}

// oneScript reports whether all inputs are known to spend one script.
func oneScript(tx *model.Tx) bool {
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || in.Owner != tx.Inputs[0].Owner {
			return false
		}
	}
	return true
}

// height returns the height where the eras apply to it: known, and of the main
// network.
func height(tx *model.Tx) (int32, bool) {
	return tx.Block.Height, tx.Block.Has(model.KnownHeight) && tx.Outputs[0].Owner.Network() == model.Mainnet
}

// allows reports whether the era does not rule the transaction out.
func (e Era) allows(tx *model.Tx) bool {
	h, ok := height(tx)
	return !ok || h >= e.From && (e.To == 0 || h <= e.To)
}

// named completes a verdict that names a protocol.
func named(s *side, v Verdict, c model.Probability) Verdict {
	_, v.EraKnown = height(s.tx)
	v.Confidence, v.SkipUnion, v.Named = c, true, v.Kind != Premix
	if !v.EraKnown {
		v.Reasons = append(v.Reasons, "height unknown or of another network: the protocol's era was not tested")
	}
	return v
}

// ambiguous makes a verdict that claims nothing.
func ambiguous(s *side, may string, reason string) Verdict {
	_, known := height(s.tx)
	v := Verdict{Kind: Ambiguous, Denomination: s.mode, Equal: s.equal, SkipUnion: true, EraKnown: known, Reasons: []string{reason}}
	if may != "" {
		v.Protocols = []string{may}
	}
	return v
}

// premix tests for a TX0: null data of 64 or 80 bytes, equal outputs a little
// above a pool's denomination, and at most a few more, one of them of the size
// of the pool's fee. The change may happen to have that size too, so there may
// be two.
func premix(s *side, p *Params) (Verdict, bool) {
	w := &p.Whirlpool
	if s.outs < 2 || s.outs > w.MaxPremix+w.MaxOther || !premixData(s.tx.Outputs[s.null].Script) {
		return Verdict{}, false
	}
	best := Verdict{}
	for i := range w.Pools {
		q := &w.Pools[i]
		if q.Fee == 0 || !q.Era.allows(s.tx) {
			continue
		}
		for j := range s.tx.Outputs {
			v := s.tx.Outputs[j].Value
			if v < q.Denomination+w.MinPremium || v > q.Denomination+w.MaxPremium || v == best.Denomination {
				continue
			}
			equal, other, fees := 0, 0, 0
			for k := range s.tx.Outputs {
				switch u := s.tx.Outputs[k].Value; {
				case k == s.null:
				case u == v:
					equal++
				default:
					other++
					if 2*u >= q.Fee && u <= 3*q.Fee {
						fees++
					}
				}
			}
			if equal <= w.MaxPremix && other <= w.MaxOther && fees > 0 && equal > best.Equal {
				best = Verdict{Kind: Premix, Denomination: v, Equal: equal, Pool: q.Denomination}
			}
		}
	}
	if best.Kind == None {
		return best, false
	}
	best.Protocols = []string{"whirlpool"}
	best.Reasons = []string{fmt.Sprintf("%d outputs of %v BTC, which is %d sat above a pool's %v BTC, an output of the size of that pool's fee, and null data of 64 or 80 bytes",
		best.Equal, best.Denomination, best.Denomination-best.Pool, best.Pool)}
	return named(s, best, w.Confidence), true
}

// premixData reports whether a null-data script pushes 64 or 80 bytes, as every
// preparation does: what the coordinator needs to find its fee, encrypted.
func premixData(script []byte) bool {
	return len(script) == 66 && script[1] == 64 || len(script) == 83 && script[1] == 0x4c && script[2] == 80
}

// whirlpool tests for a mix: as many outputs as inputs, all of a pool's
// denomination, every script another, every input P2WPKH with the denomination
// or a little more. An output may be P2WSH, because participants let mixes pay
// their multi-signature wallets.
func whirlpool(s *side, p *Params) (Verdict, bool) {
	w, tx := &p.Whirlpool, s.tx
	n := len(tx.Inputs)
	if n != len(tx.Outputs) || n < w.MinInputs || n > w.MaxInputs {
		return Verdict{}, false
	}
	d := tx.Outputs[0].Value
	for i := range tx.Outputs {
		if tx.Outputs[i].Value != d {
			return Verdict{}, false
		}
	}
	at := slices.IndexFunc(w.Pools, func(q Pool) bool { return q.Denomination == d })
	if at < 0 || !w.Pools[at].Era.allows(tx) {
		return Verdict{}, false
	}
	s.mode, s.equal = d, n
	if !differentSegwit(tx) {
		return ambiguous(s, "whirlpool", "outputs as of a Whirlpool mix, but an input's script is unknown or not P2WPKH, an output's not native segwit, or one repeats"), true
	}
	v := Verdict{Kind: Whirlpool, Denomination: d, Equal: n, Pool: d, Protocols: []string{"whirlpool"}}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		switch above := in.Value - d; {
		case !in.ValueKnown:
			return ambiguous(s, "whirlpool", "outputs and scripts as of a Whirlpool mix, but the value of an input is unknown, and the rule is about the inputs' values"), true
		case above == 0:
			v.Remixers++
		case above >= w.MinPremium && above <= w.MaxPremium:
			v.Entrants++
		default:
			return ambiguous(s, "whirlpool", fmt.Sprintf("outputs and scripts as of a Whirlpool mix, but input %d holds %v BTC", i, in.Value)), true
		}
	}
	if v.Entrants < w.MinEntrants || v.Entrants > w.MaxEntrants {
		return ambiguous(s, "whirlpool", fmt.Sprintf("outputs and scripts as of a Whirlpool mix, but %d inputs are above the denomination", v.Entrants)), true
	}
	v.Reasons = []string{fmt.Sprintf("%d outputs, all of %v BTC, from %d inputs of that value and %d a little above it, every script another", n, d, v.Remixers, v.Entrants)}
	return named(s, v, w.Confidence), true
}

// differentSegwit reports whether every input has a P2WPKH script and every
// output a native segwit one, each its own. It is for few inputs and outputs.
func differentSegwit(tx *model.Tx) bool {
	for i := range tx.Outputs {
		a := tx.Outputs[i].Owner
		if k := a.Kind(); k != model.P2WPKH && k != model.P2WSH && k != model.P2TR {
			return false
		}
		for j := range i {
			if tx.Outputs[j].Owner == a {
				return false
			}
		}
	}
	for i := range tx.Inputs {
		a := tx.Inputs[i].Owner
		if tx.Inputs[i].OwnerBy == model.OwnerUnknown || a.Kind() != model.P2WPKH {
			return false
		}
		for j := range i {
			if tx.Inputs[j].Owner == a {
				return false
			}
		}
		for j := range tx.Outputs {
			if tx.Outputs[j].Owner == a {
				return false
			}
		}
	}
	return true
}

// wasabi tests for rounds of both Wasabi protocols, then goes on.
func wasabi(s *side, p *Params) Verdict {
	two, why2 := s.wasabi2(p)
	one, why1 := s.wasabi1(p)
	v := Verdict{Denomination: s.mode, Equal: s.equal}
	if two == yes {
		v.Kind = Wasabi2
		v.Protocols, v.Reasons = append(v.Protocols, "wasabi2"), append(v.Reasons, why2)
	}
	if one == yes {
		v.Protocols, v.Reasons = append(v.Protocols, "wasabi1"), append(v.Reasons, why1)
		if v.Kind == None {
			v.Kind = Wasabi1
		}
	}
	switch {
	case v.Kind == Wasabi2:
		return named(s, v, p.Wasabi2.Confidence)
	case v.Kind == Wasabi1:
		return named(s, v, p.Wasabi1.Confidence)
	case two == unknown:
		return ambiguous(s, "wasabi2", why2)
	case one == unknown:
		return ambiguous(s, "wasabi1", why1)
	}
	return equalOutputs(s, p)
}

// answer is that of a rule: no, yes, or that it cannot tell.
type answer uint8

const (
	no answer = iota
	yes
	unknown
)

const unowned = "shape of a %s round, but the scripts of %d inputs are unknown"

// wasabi1 is Dumplings' rule for rounds without a fixed coordinator address,
// with GraphSense's that every participant has a script of its own.
func (s *side) wasabi1(p *Params) (answer, string) {
	w := &p.Wasabi1
	off := s.mode - w.Base
	if s.equal < w.MinEqual || len(s.tx.Inputs) < s.equal || max(off, -off) > w.Tolerance || s.singles < w.MinSingles || !w.Era.allows(s.tx) {
		return no, ""
	}
	for i := range s.tx.Outputs {
		if s.tx.Outputs[i].Owner.Kind() != model.P2WPKH {
			return no, ""
		}
	}
	for i := range s.tx.Inputs {
		in := &s.tx.Inputs[i]
		if in.OwnerBy != model.OwnerUnknown && in.Owner.Kind() != model.P2WPKH {
			return no, ""
		}
	}
	if s.inScripts+s.unowned < s.equal || s.outScripts < s.outs {
		return no, ""
	}
	if s.unowned > 0 {
		return unknown, fmt.Sprintf(unowned, "Wasabi 1", s.unowned)
	}
	return yes, fmt.Sprintf("%d outputs of %v BTC, about 0.1 BTC, from %d inputs of %d scripts, %d output values that occur once, every script P2WPKH",
		s.equal, s.mode, len(s.tx.Inputs), s.inScripts, s.singles)
}

// wasabi2 holds where both Dumplings' and GraphSense's rules do: GraphSense's
// alone also takes nearly every round of Wasabi 1.
func (s *side) wasabi2(p *Params) (answer, string) {
	w, tx := &p.Wasabi2, s.tx
	least := w.MinInputsSmall
	if h, ok := height(tx); ok && h < w.SmallFrom {
		least = w.MinInputs
	}
	if len(tx.Inputs) < min(least, w.MinInputsDoubt) || s.outs != len(tx.Outputs) || s.repeated < w.MinRepeated || 2*s.twins < s.outs-1 || s.singles == 0 || !w.Era.allows(tx) {
		return no, ""
	}
	standard := 0
	for i := range tx.Outputs {
		v := tx.Outputs[i].Value
		if v < w.MinOutput || i > 0 && v > tx.Outputs[i-1].Value {
			return no, ""
		}
		if Standard(v, w.MinOutput, w.MaxDenomination) {
			standard++
		}
	}
	if 100*standard <= w.StandardPercent*s.outs || s.outScripts < s.outs {
		return no, ""
	}
	last, lastKnown := model.Amount(0), false
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if k := in.Owner.Kind(); in.OwnerBy != model.OwnerUnknown && k != model.P2WPKH && k != model.P2TR {
			return no, ""
		}
		if !in.ValueKnown {
			continue
		}
		if lastKnown && in.Value > last {
			return no, ""
		}
		last, lastKnown = in.Value, true
	}
	if 100*s.topInputs > w.TopInputPercent*len(tx.Inputs) {
		return no, ""
	}
	switch {
	case len(tx.Inputs) < least:
		return unknown, fmt.Sprintf("shape of a Wasabi 2 round, but with %d inputs, fewer than %d", len(tx.Inputs), least)
	case s.unowned > 0:
		return unknown, fmt.Sprintf(unowned, "Wasabi 2", s.unowned)
	}
	return yes, fmt.Sprintf("%d of %d outputs hold standard denominations, %d values occur more than once, inputs and outputs are sorted by value, %d inputs of %d scripts",
		standard, s.outs, s.repeated, len(tx.Inputs), s.inScripts)
}

// Standard reports whether v is a standard denomination of Wasabi 2 between the
// bounds: a power of 2, 3 or 10, twice a power of 3 or 10, or five times a power
// of 10.
func Standard(v, least, most model.Amount) bool {
	if v < max(least, 1) || v > most {
		return false
	}
	if v&(v-1) == 0 {
		return true
	}
	three := v
	if three%2 == 0 {
		three /= 2
	}
	for three%3 == 0 {
		three /= 3
	}
	if three == 1 {
		return true
	}
	for v%10 == 0 {
		v /= 10
	}
	return v == 1 || v == 2 || v == 5
}

// equalOutputs tests the rules for transactions of few participants.
func equalOutputs(s *side, p *Params) Verdict {
	if s.stonewall(p) {
		return ambiguous(s, "", fmt.Sprintf("two outputs of %v BTC beside others, as a Stonewall payment has, of one party or two", s.mode))
	}
	if v, ok := s.joinMarket(p); ok {
		return v
	}
	if s.basic() {
		_, known := height(s.tx)
		return Verdict{Kind: EqualOutput, Denomination: s.mode, Equal: s.equal, SkipUnion: true, EraKnown: known,
			Reasons: []string{fmt.Sprintf("BlockSci's basic rule: half of %d outputs hold %v BTC, and there are as many inputs", s.outs, s.mode)}}
	}
	return Verdict{}
}

// stonewall is the shape of a payment that imitates a CoinJoin.
func (s *side) stonewall(p *Params) bool {
	return (s.outs == 3 || s.outs == 4) && s.equal == 2 && s.repeated == 1 && s.singles == s.outs-2 && s.mode >= p.StonewallMin && s.outScripts == s.outs
}

// joinMarket is GraphSense's rule; what the filter against false positives stops
// is ambiguous.
func (s *side) joinMarket(p *Params) (Verdict, bool) {
	j, ins := &p.JoinMarket, len(s.tx.Inputs)
	if s.equal < j.MinEqual || s.mode <= p.DustMax || 2*s.equal < s.outs || s.inScripts+s.unowned < s.equal ||
		s.outScripts < s.outs || s.equal == s.outs || !j.Era.allows(s.tx) {
		return Verdict{}, false
	}
	if ins >= 50 && (ins > 20*s.equal || 10*s.outs < 17*s.equal) {
		return Verdict{}, false
	}
	why := ""
	switch {
	case 2*s.equal != s.outs && 2*s.equal != s.outs+1:
		why = "the equal outputs are more than half of all"
	case s.nulls > 0:
		why = "there is null data"
	case s.repeated > 1:
		why = "more than one value repeats"
	case max(ins, s.outs) > j.MaxSide:
		why = fmt.Sprintf("there are %d inputs and %d outputs", ins, s.outs)
	case max(ins, s.outs) > j.MaxRatio*min(ins, s.outs):
		why = fmt.Sprintf("%d inputs and %d outputs are too unlike", ins, s.outs)
	case 100*s.topInputs > j.TopPercent*ins:
		why = fmt.Sprintf("one script has %d of %d inputs", s.topInputs, ins)
	case s.inScripts < s.equal:
		why = fmt.Sprintf("the scripts of %d inputs are unknown", s.unowned)
	}
	if why != "" {
		return ambiguous(s, "joinmarket", "shape of a JoinMarket transaction, but "+why), true
	}
	v := Verdict{Kind: JoinMarket, Denomination: s.mode, Equal: s.equal, Protocols: []string{"joinmarket"},
		Reasons: []string{fmt.Sprintf("%d of %d outputs hold %v BTC, from %d inputs of %d scripts", s.equal, s.outs, s.mode, ins, s.inScripts)}}
	return named(s, v, min(j.Confidence, MaxJoinMarket)), true
}

// basic is BlockSci's basic rule.
func (s *side) basic() bool {
	parties := (s.outs + 1) / 2
	return len(s.tx.Inputs) >= 2 && s.outs >= 3 && parties <= len(s.tx.Inputs) && parties <= s.inScripts+s.unowned &&
		s.equal == parties && s.mode != 546 && s.mode != 2_730
}

// BlockSciBasic is BlockSci's basic rule, as published: at least two inputs and
// three outputs; half of the outputs, rounded up, hold one value that is
// neither 546 nor 2,730 sat; and there are as many inputs and as many input
// scripts. It says no for a Whirlpool mix and most rounds of Wasabi, and yes for
// a Stonewall payment, so it must not be the only filter. An input of unknown
// owner counts as a script of its own.
func BlockSciBasic(tx *model.Tx) bool {
	if tx.Coinbase() {
		return false
	}
	s := side{tx: tx}
	for i := range tx.Outputs {
		if tx.Outputs[i].Spendable() {
			s.outs++
		}
	}
	s.count(&Params{})
	return s.basic()
}
