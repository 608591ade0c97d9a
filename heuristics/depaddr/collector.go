package depaddr

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// candidate is an address to which an operator's deposit addresses are swept.
type candidate struct {
	id    uint32
	seed  int      // place in the operator's seeds: the best one that links a swept address
	moves []uint32 // the sweeps
	swept int      // different addresses
}

// movesOf lists the moves that spend the operator's addresses, also those that
// several parties may have signed.
func (b *builder) movesOf(op *custody) []uint32 {
	var ms []uint32
	for id := range op.deposits {
		for _, pair := range b.f.spendsOf(id) {
			ms = append(ms, uint32(pair))
		}
	}
	slices.Sort(ms)
	return slices.Compact(ms)
}

// collected returns the addresses outside the operator's clusters that enough of
// its deposit addresses are swept to, by id. Their other sources are not looked
// at.
func (b *builder) collected(i uint32, op *custody) []candidate {
	var flows []uint64 // address and move
	var away model.Amount
	for _, m := range b.movesOf(op) {
		for _, o := range b.f.outsOf(m) {
			if o.id == none || b.opOf[b.x.ClusterOf(o.id)] != i {
				away = plus(away, o.value)
			}
		}
		if z := b.f.single(m); z != none && b.opOf[b.x.ClusterOf(z)] != i && b.fromDeposits(i, op, m) {
			flows = append(flows, uint64(z)<<32|uint64(m))
		}
	}
	slices.Sort(flows)
	// What a share is of must be all there is, lest a lack of look-ups make a
	// collector of a customer.
	whole := true
	if b.view != nil {
		for id := range op.reached {
			whole = b.read(op, id) && whole
		}
	}
	var found []candidate
	for len(flows) > 0 {
		z := uint32(flows[0] >> 32)
		c := candidate{id: z, seed: len(op.seeds)}
		var ids []uint32
		var value model.Amount
		many := 0
		for ; len(flows) > 0 && uint32(flows[0]>>32) == z; flows = flows[1:] {
			m := uint32(flows[0])
			owners := b.f.owners(m)
			if len(owners) > 1 {
				many++
			}
			for _, o := range owners {
				c.seed = min(c.seed, op.reached[o].seed)
			}
			ids = append(ids, owners...)
			c.moves = append(c.moves, m)
			value = plus(value, b.value(m, z))
		}
		slices.Sort(ids)
		c.swept = len(slices.Compact(ids))
		enough := c.swept >= b.p.CollectorAddresses ||
			whole && many >= b.p.CollectorSweeps && atLeast(value, away, b.p.CollectorShare)
		if len(c.moves) >= 2 && enough {
			found = append(found, c)
		}
	}
	return found
}

// fromDeposits reports whether a move spends nothing but deposit addresses, at a
// time at which the labels that link them hold.
func (b *builder) fromDeposits(i uint32, op *custody, m uint32) bool {
	v := &b.f.moves[m]
	if v.payer == none || v.unowned {
		return false
	}
	for _, o := range b.f.owners(m) {
		if !op.deposits[o] || !valid(&op.seeds[op.reached[o].seed].Label, v) {
			return false
		}
	}
	return true
}

// claim is a candidate with what would be inferred of it.
type claim struct {
	op uint32
	candidate
	f Inference
}

// claims takes what was collected for collectors, until [builder.settle] says
// otherwise: where no label gives it to somebody, and one operator alone sweeps
// to it.
func (b *builder) claims() []claim {
	var all, taken []claim
	for i, op := range b.ops {
		for _, c := range b.collected(uint32(i), op) {
			all = append(all, claim{op: uint32(i), candidate: c})
		}
	}
	of := func(c *claim) uint32 { return b.x.ClusterOf(c.id) }
	slices.SortStableFunc(all, func(a, c claim) int { return cmp.Or(cmp.Compare(of(&a), of(&c)), cmp.Compare(a.id, c.id)) })
	for j := range all {
		c := &all[j]
		if slices.ContainsFunc(all, func(o claim) bool { return o.op != c.op && of(&o) == of(c) }) {
			continue // two operators sweep there: it is neither's, or both are one
		}
		if b.opOf[of(c)] != none || slices.ContainsFunc(b.x.LabelsOf(of(c)), func(l model.Label) bool { return b.names(&l) }) {
			continue
		}
		b.infer(c)
		b.insideOf[of(c)] = c.op
		b.ops[c.op].dest[c.id] = destination{seed: c.f.Seed, confidence: c.f.Label.Confidence, inferred: true}
		taken = append(taken, *c)
	}
	return taken
}

// infer says what is inferred of a candidate.
func (b *builder) infer(c *claim) {
	seed := b.ops[c.op].seeds[c.seed].Label
	pay := "pay"
	if len(c.moves) == 1 {
		pay = "pays"
	}
	c.f = Inference{
		Address: b.x.At(c.id), Route: Collection, Seed: seed, Swept: c.swept,
		Score: model.Product(0, "",
			labelFactor(&seed),
			model.Factor{Name: "the addresses that are swept to it are the operator's, inferred by co-spending", Given: b.p.Inferred, Probability: b.p.Inferred},
			model.Factor{Name: "the single output of their sweeps is the operator's", Given: b.p.Collector, Probability: b.p.Collector}),
		Reason: fmt.Sprintf("%s %s it alone, from %s of the operator; nothing pays it that is no sweep",
			words.Plural(len(c.moves), "sweep"), pay, words.Plural(c.swept, "deposit address")),
	}
	b.sweeps(&c.f, c.moves)
	c.f.Label = b.derive(&c.f, model.RoleCollector)
}

// settle keeps the claims for which nothing but sweeps pays the address. One may
// rest on another, so that they are weighed until all that are left stand.
func (b *builder) settle(cs []claim) {
	for {
		var kept []claim
		for j := range cs {
			if c := &cs[j]; b.onlySource(c.op, c.id) {
				kept = append(kept, *c)
			}
		}
		if len(kept) == len(cs) {
			break
		}
		for j := range cs {
			b.insideOf[b.x.ClusterOf(cs[j].id)] = none
			delete(b.ops[cs[j].op].dest, cs[j].id)
		}
		for j := range kept {
			c := &kept[j]
			b.insideOf[b.x.ClusterOf(c.id)] = c.op
			b.ops[c.op].dest[c.id] = destination{seed: c.f.Seed, confidence: c.f.Label.Confidence, inferred: true}
		}
		cs = kept
	}
	for j := range cs {
		op := b.ops[cs[j].op]
		op.found = append(op.found, cs[j].f)
	}
}

// onlySource reports whether sweeps are all that pays an address and its
// cluster, but for its own change and a remainder that anybody may have sent:
// sweeps of the operator's deposit addresses, and of groups of addresses that do
// nothing but sweep there and that enough strangers fund.
func (b *builder) onlySource(i uint32, z uint32) bool {
	c := b.x.ClusterOf(z)
	groups := map[uint32]bool{}
	var all, other model.Amount
	for _, id := range b.f.members(c) {
		if !b.read(b.ops[i], id) {
			b.out.counts.unconfirmed++
			return false
		}
		for _, pair := range b.f.paysTo(id) {
			m := uint32(pair)
			v := &b.f.moves[m]
			if v.payer == c {
				continue
			}
			paid := b.value(m, id)
			all = plus(all, paid)
			sweep := v.payer != none && b.keeps(i, c, m)
			if sweep && b.opOf[v.payer] != i {
				ok, known := groups[v.payer]
				if !known {
					g := b.group(i, b.ops[i], v.payer)
					ok = g != nil && g.payers >= b.p.ManyPayers
					groups[v.payer] = ok
				}
				sweep = ok
			}
			if !sweep {
				other = plus(other, paid)
			}
		}
	}
	return within(other, all, b.p.Leak)
}

// keeps reports whether a move pays nobody but the operator and a cluster.
func (b *builder) keeps(i, c, m uint32) bool {
	var away model.Amount
	for _, o := range b.f.outsOf(m) {
		if o.id == none {
			away = plus(away, o.value)
		} else if k := b.x.ClusterOf(o.id); k != c && b.opOf[k] != i {
			away = plus(away, o.value)
		}
	}
	return within(away, b.f.moves[m].total, b.p.Leak)
}
