package depaddr

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// minted stands for whoever mines among the payers of an address.
const minted = none - 1

// sender is a cluster of nobody known that sweeps to an operator's destinations.
type sender struct{ op, cluster uint32 }

// senders returns the clusters that pay an operator's destinations by a sweep,
// sorted.
func (b *builder) senders() []sender {
	var cs []sender
	dest := b.destinations()
	if len(dest) == 0 {
		return nil
	}
	for m := range b.f.moves {
		v := &b.f.moves[m]
		if v.payer == none || v.unowned || b.insideOf[v.payer] != none {
			continue
		}
		for _, o := range b.f.outsOf(uint32(m)) {
			if i, ok := dest[o.id]; ok && b.ends(b.ops[i], uint32(m)) {
				cs = append(cs, sender{i, v.payer})
				break
			}
		}
	}
	slices.SortFunc(cs, func(a, b sender) int { return cmp.Or(cmp.Compare(a.op, b.op), cmp.Compare(a.cluster, b.cluster)) })
	return slices.Compact(cs)
}

// destinations returns the operator of each address at which sweeps may end.
func (b *builder) destinations() map[uint32]uint32 {
	dest := map[uint32]uint32{}
	for i, op := range b.ops {
		for id := range op.dest {
			b.read(op, id)
			dest[id] = uint32(i)
		}
	}
	return dest
}

// ends reports whether a move pays nothing but an operator's destinations, at a
// time at which the labels hold, but for the leak.
func (b *builder) ends(op *custody, m uint32) bool {
	v := &b.f.moves[m]
	var away model.Amount
	for _, o := range b.f.outsOf(m) {
		if d, ok := op.dest[o.id]; !ok || !valid(&d.seed, v) {
			away = plus(away, o.value)
		}
	}
	return v.total > 0 && within(away, v.total, b.p.Leak)
}

// behaving infers the addresses that are swept to an operator's destinations and
// sign with none of its own.
func (b *builder) behaving() {
	for _, s := range b.senders() {
		op := b.ops[s.op]
		g := b.group(s.op, op, s.cluster)
		if g == nil {
			continue
		}
		for _, id := range g.ids {
			if f, ok := b.judge(op, g, id); ok {
				op.found = append(op.found, f)
			}
		}
	}
}

// group is a cluster that does nothing but sweep to one operator.
type group struct {
	ids      []uint32
	moves    []uint32 // the sweeps
	payers   int      // unrelated ones
	funded   map[uint32]bool
	together map[uint32]int // by sweep: funded addresses that it spends
	soon     int            // receipts that were swept in time, of those for which it is known
	timed    int
	kept     bool // some sweep has another output
}

// group looks at all that a cluster ever did; nil where it did anything else.
func (b *builder) group(i uint32, op *custody, c uint32) *group {
	for _, l := range b.x.LabelsOf(c) {
		if b.names(&l) {
			return nil // somebody has a name for it
		}
	}
	g := &group{ids: b.f.members(c), funded: map[uint32]bool{}, together: map[uint32]int{}}
	if len(g.ids) < 2 {
		return nil // never swept with others
	}
	for _, id := range g.ids {
		for _, pair := range b.f.spendsOf(id) {
			g.moves = append(g.moves, uint32(pair))
		}
	}
	slices.Sort(g.moves)
	g.moves = slices.Compact(g.moves)
	swept := map[model.Outpoint]uint32{}
	for _, m := range g.moves {
		v := &b.f.moves[m]
		if v.payer != c || v.unowned || !b.ends(op, m) {
			return nil
		}
		g.kept = g.kept || len(b.f.outsOf(m)) > 1
		for _, t := range b.f.insOf(m) {
			swept[t.prev] = m
		}
	}
	complete := true
	for _, id := range g.ids {
		complete = b.read(op, id) && complete
	}
	if !complete {
		b.out.counts.unconfirmed++
		return nil
	}
	var payers []uint32
	late := 0
	for _, id := range g.ids {
		for _, pair := range b.f.paysTo(id) {
			m := uint32(pair)
			v := &b.f.moves[m]
			if b.value(m, id) < b.p.MinSat {
				continue
			}
			switch {
			case v.mint:
				payers = append(payers, minted)
				g.funded[id] = true
			case v.payer == none:
			case b.insideOf[v.payer] == i:
				return nil // a customer whom the service pays
			default:
				payers = append(payers, v.payer)
				g.funded[id] = true
			}
			for _, o := range b.f.outsOf(m) {
				if o.id != id {
					continue
				}
				switch in, known := b.rested(v, model.Outpoint{Tx: v.tx, Vout: o.vout}, swept); {
				case !known:
				case in > b.p.Dwell:
					late++
					g.timed++
				default:
					g.soon++
					g.timed++
				}
			}
		}
	}
	if !within(model.Amount(late), model.Amount(g.timed), model.Certain-b.p.DwellShare) {
		return nil
	}
	for _, m := range g.moves {
		for _, o := range b.f.owners(m) {
			if g.funded[o] {
				g.together[m]++
			}
		}
	}
	slices.Sort(payers)
	g.payers = len(slices.Compact(payers))
	if g.payers < b.p.FewPayers {
		return nil
	}
	return g
}

// rested returns how long an output lay before it was swept. One that is not
// swept counts only once it has lain too long.
func (b *builder) rested(v *move, o model.Outpoint, swept map[model.Outpoint]uint32) (time.Duration, bool) {
	from, ok := v.block.When()
	until, known := b.tip.When()
	m, spent := swept[o]
	if spent {
		until, known = b.f.moves[m].block.When()
	}
	if !ok || !known {
		return 0, false
	}
	if rest := until.Sub(from); spent || rest > b.p.Dwell {
		return rest, true
	}
	return 0, false
}

// judge weighs what speaks for one address of a group.
func (b *builder) judge(op *custody, g *group, id uint32) (Inference, bool) {
	p := &b.p
	if !g.funded[id] {
		return Inference{}, false
	}
	var moves []uint32
	others := 0
	got := map[uint32]model.Amount{}
	for _, pair := range b.f.spendsOf(id) {
		m := uint32(pair)
		moves = append(moves, m)
		others = max(others, g.together[m]-1) // the address itself is funded
		for _, o := range b.f.outsOf(m) {
			if _, ok := op.dest[o.id]; ok {
				got[o.id] = plus(got[o.id], o.value)
			}
		}
	}
	if others < 1 {
		return Inference{}, false
	}
	to, most := uint32(none), model.Amount(-1)
	for z, v := range got {
		if v > most || v == most && b.x.At(z).Compare(b.x.At(to)) < 0 {
			to, most = z, v
		}
	}
	d := op.dest[to]
	z := b.x.At(to)
	f := Inference{Address: b.x.At(id), Route: Behaviour, Seed: d.seed, Payers: g.payers}
	if d.inferred {
		f.Through = z
	}
	b.sweeps(&f, moves)
	var items []model.Item
	for _, s := range f.First {
		items = append(items, model.Item{On: model.RefTx(s.Tx), Role: "sweep", Block: s.Block, Note: words.Plural(s.Addresses, "address")})
	}
	add := func(family, text string, w model.MicroNats, items ...model.Item) {
		f.Evidence = append(f.Evidence, model.Evidence{Family: family, Text: text, Weight: w, Discounted: w, Items: items})
	}
	if d.inferred {
		add("destination", fmt.Sprintf("All that it spends goes to %s, an inferred collector, where customers do not pay.", z), p.ToCollector, items...)
	} else {
		add("destination", fmt.Sprintf("All that it spends goes to %s, labelled %s, where customers do not pay.", z, d.seed.Role), p.ToLabelled, items...)
	}
	w := p.PaidByFew
	if g.payers >= p.ManyPayers {
		w = p.PaidByMany
	}
	add("fan-in", fmt.Sprintf("The addresses that are swept together have %d unrelated payers.", g.payers), w)
	w = p.SweptByFew
	if others >= p.Others {
		w = p.SweptByMany
	}
	add("sweep", fmt.Sprintf("One sweep also spends %s that somebody outside funded.", words.Plural(others, "other address")), w)
	if g.timed > 0 {
		add("timing", fmt.Sprintf("%d of %d receipts were swept within %v days.", g.soon, g.timed, p.Dwell.Hours()/24), p.SweptSoon)
	}
	if !g.kept {
		add("whole", "No sweep has another output.", p.NothingKept)
	}
	f.Behaviour = model.Combine(p.Prior, "an address that is swept together with others belongs to the operator of where it is swept to", f.Evidence, 0, "")
	if f.Behaviour.Probability < p.Least {
		return Inference{}, false
	}
	fs := []model.Factor{labelFactor(&d.seed)}
	if d.inferred {
		fs = append(fs, model.Factor{Name: "the collector that it is swept to is the operator's, inferred", Given: p.Inferred.Times(p.Collector), Probability: p.Inferred.Times(p.Collector)})
	}
	f.Score = model.Product(0, "", append(fs,
		model.Factor{Name: "its behaviour is that of a deposit address there", Given: f.Behaviour.Given, Probability: f.Behaviour.Probability},
		model.Factor{Name: "an address inferred by behaviour is the operator's", Given: p.Inferred, Probability: p.Inferred})...)
	f.Reason = fmt.Sprintf("swept to %s alone, together with %s; %d unrelated payers; behaviour %s", z,
		words.Plural(others, "other address"), g.payers, f.Behaviour.Probability.Short())
	f.Label = b.derive(&f, model.RoleDeposit)
	return f, true
}
