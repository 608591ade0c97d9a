package taint

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// Rules say how a [Tracer] works. The zero value follows taint by haircut, lets
// what is in fees end there, and has the usual bounds.
type Rules struct {
	Policy Policy
	// TaintFees lets fees taint the coinbase outputs of their block, for
	// accounting. For attribution it stays off: a tainted fee that reaches a
	// pool says nothing about who controls what.
	TaintFees bool
	// FeesFirst puts the new coins after the fees among what a coinbase
	// spends, where TaintFees is on.
	FeesFirst bool
	// Segments bounds the segments of one output; 0 means [MaxSegments].
	Segments int
	// Outputs bounds the tainted outputs that are held at once; 0 means
	// [MaxOutputs]. What comes beyond it is [Cut].
	Outputs int
}

// MaxOutputs is how many tainted outputs a [Tracer] holds unless its rules say
// otherwise.
const MaxOutputs = 1_000_000

// Seed is an output where taint begins, such as one of a theft. Colours are
// numbered in the order of the thefts.
type Seed struct {
	Out    model.Outpoint
	Colour uint32
}

// Boundary says where taint is not followed further. Nil functions stop nothing,
// but for Mixes, whose absence means [Mixes].
type Boundary struct {
	// Stops reports whether taint stops at an output, for instance because
	// its owner holds coins for many customers: what such a service pays with
	// is not what it was paid.
	Stops func(tx *model.Tx, vout int) bool
	// Mixes reports whether a transaction mixes the coins of several parties,
	// so that no policy says anything about who got whose.
	Mixes func(tx *model.Tx) bool
}

// Mixes reports whether a transaction has the shape of a mix, or may be one. A
// preparation for a mix has one party and is none.
func Mixes(tx *model.Tx) bool {
	if tx.Coinbase() {
		return false
	}
	v := shape.Classify(tx, shapes)
	return v.SkipUnion && v.Kind != shape.Premix
}

var shapes = shape.DefaultParams()

// End is where taint ends up.
type End uint8

// Ends of taint.
const (
	Held    End = iota // on an output that no transaction seen so far spends
	Service            // at an output where the boundary stops it
	Mix                // in a mix
	Fee                // in a fee, which taints nothing further
	Burned             // on an output that nobody can spend, or in what a coinbase did not claim
	Lost               // where a value is unknown, or colours are more than are kept apart: what comes after is unknown
	Cut                // beyond the bound on outputs
)

var ends = [...]string{"held", "service", "mix", "fee", "burned", "lost", "cut"}

// String returns the end in one word.
func (e End) String() string {
	if int(e) >= len(ends) {
		return fmt.Sprintf("end(%d)", uint8(e))
	}
	return ends[e]
}

// Arrival is taint of one colour that came to an end. Out is the output where it
// did; for a mix, a fee, and what was lost, only its transaction counts. Hops is
// how many transactions lie between the seed and it at least.
type Arrival struct {
	Out    model.Outpoint
	Block  model.BlockRef
	Owner  model.Address // of the output
	Colour uint32
	Amount model.Amount
	End    End
	Hops   int
}

// Collision is a seed on coins that were tainted already: the earlier colour
// keeps them, since whoever was robbed second did not own them.
type Collision struct {
	Out            model.Outpoint
	Earlier, Later uint32
	Amount         model.Amount
}

// Account is what became of one colour. Seeded is the sum of all the rest, under
// every policy but Poison.
type Account struct {
	Colour                                     uint32
	Seeded                                     model.Amount
	Held, Service, Mix, Fee, Burned, Lost, Cut model.Amount
}

// Tracer follows taint forward through a ledger. It is fed every transaction in
// ledger order, by [Tracer.Block] or [Tracer.Tx], or those that matter
// ([Forward] finds them). It is not safe for concurrent use.
type Tracer struct {
	rules    Rules
	boundary Boundary
	split    Splitter
	seeds    map[model.Outpoint][]uint32
	held     map[model.Outpoint]place
	arena    []Segment
	garbage  int

	accounts   []Account
	arrivals   []Arrival
	collisions []Collision

	in   []Segment
	outs []model.Amount
	mark []Segment // an output with seeds
	// of a block
	fees    []Segment
	dirty   bool
	blind   bool
	inBlock bool
}

// place is where the segments of a held output stand.
type place struct {
	start, n uint32
	hops     uint32
	owner    model.Address
	block    model.BlockRef
}

// NewTracer returns a tracer of seeds. A colour of a seed must be a source of
// taint: neither Clean nor unknown.
func NewTracer(r Rules, b Boundary, seeds ...Seed) (*Tracer, error) {
	if b.Mixes == nil {
		b.Mixes = Mixes
	}
	if r.Outputs <= 0 {
		r.Outputs = MaxOutputs
	}
	t := &Tracer{rules: r, boundary: b, seeds: map[model.Outpoint][]uint32{}, held: map[model.Outpoint]place{}}
	t.split.Most = r.Segments
	if int(r.Policy) >= len(policies) {
		return nil, fmt.Errorf("taint: %v is none", r.Policy)
	}
	for _, s := range seeds {
		if !(Segment{Colour: s.Colour}).Tainted() {
			return nil, fmt.Errorf("taint: seed %v has the colour %#x, which is no source of taint", s.Out, s.Colour)
		}
		if cs := t.seeds[s.Out]; !slices.Contains(cs, s.Colour) {
			cs = append(cs, s.Colour)
			slices.Sort(cs)
			t.seeds[s.Out] = cs
		}
	}
	return t, nil
}

// Block follows taint through a block: through its transactions in order, and
// then through the coinbase, which spends their fees.
func (t *Tracer) Block(b *model.Block) error {
	t.fees, t.dirty, t.blind, t.inBlock = t.fees[:0], false, false, t.rules.TaintFees
	defer func() { t.inBlock = false }()
	var coinbase *model.Tx
	for _, tx := range b.Txs {
		if tx.Coinbase() {
			coinbase = tx
			continue
		}
		if err := t.Tx(tx); err != nil {
			return err
		}
	}
	if coinbase == nil {
		t.spill()
		return nil
	}
	if !t.dirty {
		return t.Tx(coinbase)
	}
	return t.coinbase(coinbase)
}

// coinbase divides new coins and fees, of which some are tainted.
func (t *Tracer) coinbase(tx *model.Tx) error {
	if !tx.Block.Has(model.KnownHeight) {
		t.blind = true // the subsidy is unknown
	}
	t.in = t.in[:0]
	if !t.blind {
		t.in = Coinbase(t.in, networkOf(tx).Subsidy(tx.Block.Height), t.fees, t.rules.FeesFirst)
	} else {
		t.in = append(t.in, t.fees...)
	}
	return t.pass(tx, 0, t.blind)
}

// networkOf tells the network of a transaction by the owner of an output.
func networkOf(tx *model.Tx) model.Network {
	for i := range tx.Outputs {
		if a := tx.Outputs[i].Owner; !a.IsZero() {
			return a.Network()
		}
	}
	return model.Mainnet
}

// spill books what is in the fees of a block without a coinbase.
func (t *Tracer) spill() {
	for _, g := range t.fees {
		if g.Colour != Clean {
			t.account(g.Colour).Fee += g.Value
		}
	}
}

// Tx follows taint through a transaction, which must come after those whose
// outputs it spends. A coinbase spends nothing here; [Tracer.Block] knows what.
func (t *Tracer) Tx(tx *model.Tx) error {
	t.in = t.in[:0]
	if tx.Coinbase() {
		return t.begin(tx)
	}
	tainted, unknown := false, false
	hops := uint32(math.MaxUint32)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if p, ok := t.held[in.Prev]; ok {
			segs := t.arena[p.start : p.start+p.n]
			t.in = append(t.in, segs...)
			tainted, hops = true, min(hops, p.hops)
			t.drop(in.Prev) // at once: a source that lists an input twice adds nothing
			continue
		}
		if !in.ValueKnown {
			unknown = true
			continue
		}
		t.in = append(t.in, Segment{Value: in.Value})
	}
	if !tainted {
		t.fee(tx, unknown)
		return t.begin(tx)
	}
	if t.boundary.Mixes(tx) {
		for _, g := range t.in {
			if g.Colour != Clean {
				t.end(Arrival{Out: tx.Outpoint(0), Block: tx.Block, Colour: g.Colour, Amount: g.Value, End: Mix, Hops: int(hops)})
			}
		}
		t.fee(tx, unknown)
		return t.begin(tx)
	}
	return t.pass(tx, hops+1, unknown)
}

// fee notes the fee of a transaction without taint, for the coinbase.
func (t *Tracer) fee(tx *model.Tx, unknown bool) {
	if !t.inBlock {
		return
	}
	v, ok := tx.Fee()
	if !ok || unknown {
		t.blind = true
		return
	}
	t.fees = append(t.fees, Segment{Value: v})
}

// begin starts the taint of seeds among the outputs of a transaction that passes
// on none.
func (t *Tracer) begin(tx *model.Tx) error {
	if len(t.seeds) == 0 {
		return nil
	}
	for i := range tx.Outputs {
		if cs := t.seeds[tx.Outpoint(i)]; len(cs) > 0 {
			t.hold(tx, i, t.seed(tx, i, cs, append(t.mark[:0], Segment{Value: tx.Outputs[i].Value})), 0)
		}
	}
	return nil
}

// seed colours what is clean or unknown of an output.
func (t *Tracer) seed(tx *model.Tx, i int, colours []uint32, segs []Segment) []Segment {
	t.mark = segs
	first := colours[0]
	for j := range segs {
		g := &segs[j]
		switch {
		case g.Tainted() && g.Colour != first:
			t.collide(tx.Outpoint(i), g.Colour, first, g.Value)
		case !g.Tainted():
			if g.Unknown() {
				a := t.account(g.Colour)
				a.Seeded -= g.Value // it is known now
			}
			t.account(first).Seeded += g.Value
			g.Colour = first
		}
		for _, later := range colours[1:] {
			t.collide(tx.Outpoint(i), g.Colour, later, g.Value)
		}
	}
	return segs
}

func (t *Tracer) collide(out model.Outpoint, earlier, later uint32, v model.Amount) {
	if earlier == later || v == 0 {
		return
	}
	if n := len(t.collisions); n > 0 {
		if c := &t.collisions[n-1]; c.Out == out && c.Earlier == earlier && c.Later == later {
			c.Amount += v
			return
		}
	}
	t.collisions = append(t.collisions, Collision{out, earlier, later, v})
}

// pass divides what a transaction spends among its outputs.
func (t *Tracer) pass(tx *model.Tx, hops uint32, unknown bool) error {
	if unknown && !(t.rules.Policy == Poison && slices.ContainsFunc(t.in, Segment.Tainted)) {
		t.lose(tx, hops)
		return nil
	}
	t.outs = t.outs[:0]
	var total model.Amount
	for i := range tx.Outputs {
		t.outs = append(t.outs, tx.Outputs[i].Value)
		total += tx.Outputs[i].Value
	}
	if unknown {
		// What is poisoned is so whatever the rest is worth: the rest only has
		// to be enough.
		t.in = append(t.in, Segment{Value: max(total, 0)})
	}
	lost := t.split.Lost
	parts, err := t.split.Split(t.rules.Policy, t.in, t.outs)
	if err != nil {
		return fmt.Errorf("transaction %v: %w", tx.ID, err)
	}
	if t.split.Lost > lost && t.rules.Policy != Poison {
		t.forget(tx, parts, hops)
	}
	for i := range tx.Outputs {
		t.place(tx, i, parts.Output(i), hops)
	}
	end := Fee
	switch {
	case tx.Coinbase():
		end = Burned
	case unknown:
		t.blind, t.dirty = true, true // nobody knows what the fee is worth
		return nil
	case t.inBlock:
		t.fees, t.dirty = append(t.fees, parts.Fee()...), true
		return nil
	}
	for _, g := range parts.Fee() {
		if g.Colour != Clean {
			t.end(Arrival{Out: tx.Outpoint(0), Block: tx.Block, Colour: g.Colour, Amount: g.Value, End: end, Hops: int(hops)})
		}
	}
	return nil
}

// forget books what of each colour the bound on segments has made unknown.
func (t *Tracer) forget(tx *model.Tx, parts Parts, hops uint32) {
	left := map[uint32]model.Amount{}
	for _, g := range t.in {
		left[g.Colour] += g.Value
	}
	for i := range parts.Outputs() + 1 {
		for _, g := range parts.Output(i) { // the last is the fee
			left[g.Colour] -= g.Value
		}
	}
	for _, c := range slices.Sorted(maps.Keys(left)) {
		switch v := left[c]; {
		case c == Unknown:
			t.account(c).Seeded -= v
		case c != Clean && v > 0:
			t.end(Arrival{Out: tx.Outpoint(0), Block: tx.Block, Colour: c, Amount: v, End: Lost, Hops: int(hops)})
		}
	}
}

// place decides what becomes of the segments of one output.
func (t *Tracer) place(tx *model.Tx, i int, segs []Segment, hops uint32) {
	seeds := t.seeds[tx.Outpoint(i)]
	if !slices.ContainsFunc(segs, func(g Segment) bool { return g.Colour != Clean }) && seeds == nil {
		return
	}
	if seeds != nil {
		segs = t.seed(tx, i, seeds, append(t.mark[:0], segs...))
		hops = 0
	}
	end := Held
	switch o := &tx.Outputs[i]; {
	case !o.Spendable():
		end = Burned
	case seeds == nil && t.boundary.Stops != nil && t.boundary.Stops(tx, i):
		end = Service
	case len(t.held) >= t.rules.Outputs:
		end = Cut
	}
	if end == Held {
		t.hold(tx, i, segs, hops)
		return
	}
	for _, g := range segs {
		if g.Colour != Clean {
			t.end(Arrival{Out: tx.Outpoint(i), Block: tx.Block, Owner: tx.Outputs[i].Owner, Colour: g.Colour, Amount: g.Value, End: end, Hops: int(hops)})
		}
	}
}

// lose makes all outputs of a transaction unknown, because what it spends is.
func (t *Tracer) lose(tx *model.Tx, hops uint32) {
	for _, g := range t.in {
		if g.Colour != Clean {
			t.end(Arrival{Out: tx.Outpoint(0), Block: tx.Block, Colour: g.Colour, Amount: g.Value, End: Lost, Hops: int(hops)})
		}
	}
	t.blind, t.dirty = true, true
	for i := range tx.Outputs {
		if v := tx.Outputs[i].Value; v > 0 {
			t.account(Unknown).Seeded += v
			t.place(tx, i, append(t.mark[:0], Segment{v, Unknown}), hops)
		}
	}
}

// hold keeps the segments of an output until it is spent.
func (t *Tracer) hold(tx *model.Tx, i int, segs []Segment, hops uint32) {
	if len(segs) == 0 {
		return
	}
	if t.garbage > 1<<16 && t.garbage > len(t.arena)/2 {
		t.compact()
	}
	t.held[tx.Outpoint(i)] = place{uint32(len(t.arena)), uint32(len(segs)), hops, tx.Outputs[i].Owner, tx.Block}
	t.arena = append(t.arena, segs...)
}

func (t *Tracer) drop(o model.Outpoint) {
	if p, ok := t.held[o]; ok {
		t.garbage += int(p.n)
		delete(t.held, o)
	}
}

// compact moves the segments of what is held together. Where they stand shows
// nowhere, so that the order does not matter.
func (t *Tracer) compact() {
	arena := make([]Segment, 0, len(t.arena)-t.garbage)
	for o, p := range t.held {
		segs := t.arena[p.start : p.start+p.n]
		p.start = uint32(len(arena))
		arena = append(arena, segs...)
		t.held[o] = p
	}
	t.arena, t.garbage = arena, 0
}

// end books an arrival; several of one colour at one place are one.
func (t *Tracer) end(a Arrival) {
	acc := t.account(a.Colour)
	*acc.of(a.End) += a.Amount
	for i := len(t.arrivals) - 1; i >= 0 && t.arrivals[i].Out == a.Out && t.arrivals[i].End == a.End; i-- {
		if b := &t.arrivals[i]; b.Colour == a.Colour {
			b.Amount += a.Amount
			return
		}
	}
	t.arrivals = append(t.arrivals, a)
}

func (a *Account) of(e End) *model.Amount {
	return [...]*model.Amount{&a.Held, &a.Service, &a.Mix, &a.Fee, &a.Burned, &a.Lost, &a.Cut}[e]
}

// account returns the account of a colour, a new one where there is none.
func (t *Tracer) account(colour uint32) *Account {
	i, ok := slices.BinarySearchFunc(t.accounts, colour, func(a Account, c uint32) int { return cmp.Compare(a.Colour, c) })
	if !ok {
		t.accounts = slices.Insert(t.accounts, i, Account{Colour: colour})
	}
	return &t.accounts[i]
}

// Output returns the segments of a held output; none of one that has no taint, or
// was spent. The slice is valid until the next transaction.
func (t *Tracer) Output(o model.Outpoint) []Segment {
	p, ok := t.held[o]
	if !ok {
		return nil
	}
	return t.arena[p.start : p.start+p.n : p.start+p.n]
}

// Arrivals returns where taint ended, in ledger order, and after that where it is
// held, sorted by block, outpoint and colour. The slice is the caller's.
func (t *Tracer) Arrivals() []Arrival {
	out := slices.Clone(t.arrivals)
	n := len(out)
	for o, p := range t.held {
		for _, g := range t.arena[p.start : p.start+p.n] {
			if g.Colour == Clean {
				continue
			}
			out = append(out, Arrival{Out: o, Block: p.block, Owner: p.owner, Colour: g.Colour, Amount: g.Value, End: Held, Hops: int(p.hops)})
		}
	}
	slices.SortFunc(out[n:], func(a, b Arrival) int {
		return cmp.Or(a.Block.Compare(b.Block), model.RefOutpoint(a.Out).Compare(model.RefOutpoint(b.Out)), cmp.Compare(a.Colour, b.Colour))
	})
	held := out[n:]
	k := 0
	for _, a := range held {
		if k > 0 && held[k-1].Out == a.Out && held[k-1].Colour == a.Colour {
			held[k-1].Amount += a.Amount
			continue
		}
		held[k] = a
		k++
	}
	return out[:n+k]
}

// Accounts returns what became of each colour, those of unknown value included,
// sorted by colour. The slice is the caller's.
func (t *Tracer) Accounts() []Account {
	out := slices.Clone(t.accounts)
	for _, p := range t.held {
		for _, g := range t.arena[p.start : p.start+p.n] {
			if g.Colour == Clean {
				continue
			}
			if i, ok := slices.BinarySearchFunc(out, g.Colour, func(a Account, c uint32) int { return cmp.Compare(a.Colour, c) }); ok {
				out[i].Held += g.Value
			}
		}
	}
	return out
}

// Collisions returns the seeds on coins that were tainted already, in ledger
// order. The slice is shared.
func (t *Tracer) Collisions() []Collision { return t.collisions }

// Capped tells how many outputs had too many segments; see [Splitter.Capped].
func (t *Tracer) Capped() (capped, lost int) { return t.split.Capped, t.split.Lost }
