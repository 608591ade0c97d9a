package depaddr

import (
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// view is what an expansion without a scan sees: histories of some addresses,
// and of others only what they have in common with those. What depends on a
// history that was not read is not inferred; wants says which would decide.
type view struct {
	read  func(model.Address) bool
	wants map[model.Address]bool
	only  string // key of the entity whose addresses are wanted
	index *Index
}

// builder infers addresses operator by operator.
type builder struct {
	p    Params
	x    *cluster.Index
	f    *facts
	view *view
	tip  model.BlockRef
	out  *Index

	ops       []*custody
	opOf      []uint32 // by cluster: place in ops of the operator whose labels it carries
	insideOf  []uint32 // by cluster: the same, and clusters of inferred collectors
	conflicts int
}

// custody is one operator, as labels name it.
type custody struct {
	key      string
	seeds    []seed // the best first
	clusters []uint32
	reached  map[uint32]reach       // by address: which seed its cluster links it with
	deposits map[uint32]bool        // addresses that customers fund and only sweeps spend
	dest     map[uint32]destination // where sweeps may end
	found    []Inference
}

// seed is a label from which addresses may be inferred.
type seed struct {
	model.Label
	id     uint32
	grows  bool // by co-spending
	sweeps bool // customers do not pay here: sweeps may end here
}

// reach says how a seed's cluster links an address with it.
type reach struct {
	seed int
	hops int
}

// destination is an address of an operator to which it sweeps.
type destination struct {
	seed       model.Label
	confidence model.Probability // that it is the operator's
	inferred   bool
}

func build(ctx context.Context, s *heuristics.Scan, p Params, v *view) (*Index, error) {
	x := cluster.Of(s)
	b := &builder{
		p: p, x: x, f: newFacts(x), view: v, tip: s.Tip(),
		out:  &Index{p: p},
		opOf: make([]uint32, x.Clusters()),
	}
	if err := b.readLabels(ctx, s); err != nil {
		return nil, err
	}
	b.insideOf = slices.Clone(b.opOf)
	var own []uint32
	for _, op := range b.ops {
		own = append(own, op.clusters...)
	}
	if err := b.f.gather(ctx, s, own); err != nil {
		return nil, err
	}
	// What is inferred of one operator may not depend on the order of all, so
	// each step is done for all before the next.
	for i, op := range b.ops {
		b.reach(op)
		b.depositsOf(uint32(i), op)
	}
	next := clusters(b.senders())
	for i, op := range b.ops {
		for _, c := range b.collected(uint32(i), op) {
			next = append(next, b.x.ClusterOf(c.id))
		}
	}
	if err := b.f.gather(ctx, s, next); err != nil {
		return nil, err
	}
	claims := b.claims()
	if err := b.f.gather(ctx, s, clusters(b.senders())); err != nil {
		return nil, err
	}
	b.settle(claims)
	for i, op := range b.ops {
		b.cospent(uint32(i), op)
	}
	b.behaving()
	b.finish(s)
	return b.out, nil
}

func clusters(ss []sender) []uint32 {
	var cs []uint32
	for _, s := range ss {
		cs = append(cs, s.cluster)
	}
	return cs
}

// usable reports whether a label names the operator of an address: one that
// holds coins for customers and whose addresses the rules are about.
func (b *builder) usable(l *model.Label) bool {
	return l.Category.Custodial() && l.Role != model.RoleAccount && l.Confidence >= b.p.LabelConfidence &&
		len(l.Derivation) == 0 && (l.Category != model.MiningPool || l.Role == model.RoleDeposit)
}

// names reports whether a label says who holds the key, so that it may
// contradict another.
func (b *builder) names(l *model.Label) bool {
	return (l.Category.Custodial() || l.Category == model.Actor) && l.Role != model.RoleAccount && l.Confidence >= b.p.LabelConfidence
}

// holder returns the key of the one entity that the labels name; agreed is
// false where they name several, or an actor.
func (b *builder) holder(ls []model.Label) (key string, agreed bool) {
	for i := range ls {
		if !b.names(&ls[i]) {
			continue
		}
		k := model.EntityKey(ls[i].Entity)
		if ls[i].Category == model.Actor || key != "" && k != key {
			return "", false
		}
		key = k
	}
	return key, true
}

// readLabels finds the operators, their seeds, and the clusters that carry their
// labels.
func (b *builder) readLabels(ctx context.Context, s *heuristics.Scan) error {
	for c := range b.opOf {
		b.opOf[c] = none
	}
	byKey := map[string]*custody{}
	for l, err := range s.Find(ctx, "") {
		if err != nil {
			return err
		}
		a, ok := l.On.Address()
		if !ok || !b.usable(&l) {
			continue
		}
		id, seen := b.x.ID(a)
		if !seen || !a.Ownable() {
			continue // nothing can be inferred from an address that the scope does not show
		}
		c := b.x.ClusterOf(id)
		if _, agreed := b.holder(b.x.LabelsOf(c)); !agreed {
			b.conflicts++
			continue
		}
		key := model.EntityKey(l.Entity)
		op := byKey[key]
		if op == nil {
			op = &custody{
				key: key, reached: map[uint32]reach{}, deposits: map[uint32]bool{},
				dest: map[uint32]destination{},
			}
			byKey[key] = op
			b.ops = append(b.ops, op)
		}
		op.seeds = append(op.seeds, seed{Label: l, id: id, grows: grows(l.Role), sweeps: gathers(l.Role)})
		op.clusters = append(op.clusters, c)
	}
	slices.SortFunc(b.ops, func(a, b *custody) int { return cmp.Compare(a.key, b.key) })
	for i, op := range b.ops {
		slices.SortStableFunc(op.seeds, func(a, b seed) int {
			return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), a.Label.Compare(&b.Label))
		})
		slices.Sort(op.clusters)
		op.clusters = slices.Compact(op.clusters)
		for _, c := range op.clusters {
			b.opOf[c] = uint32(i)
		}
		b.out.counts.seeds += len(op.seeds)
		for _, d := range op.seeds {
			if _, ok := op.dest[d.id]; !ok && d.sweeps && !b.takes(d.id) {
				op.dest[d.id] = destination{seed: d.Label, confidence: d.Confidence}
			}
		}
	}
	return nil
}

// grows reports whether other addresses are inferred from an address of the role
// by co-spending.
func grows(r model.Role) bool {
	switch r {
	case model.RoleDeposit, model.RoleCollector, model.RoleHot, "":
		return true
	}
	return false
}

// gathers reports whether customers do not pay to addresses of the role, so that
// what ends there was swept.
func gathers(r model.Role) bool {
	return r == model.RoleHot || r == model.RoleCold || r == model.RoleCollector
}

// takes reports whether a label says that customers pay to the address.
func (b *builder) takes(id uint32) bool {
	return slices.ContainsFunc(b.x.LabelsOn(b.x.At(id)), func(l model.Label) bool { return l.Role == model.RoleDeposit })
}

// read reports whether the whole history of an address was seen, as far as the
// scope goes. Where it was not, it is wanted.
func (b *builder) read(op *custody, id uint32) bool {
	if b.view == nil {
		return true
	}
	a := b.x.At(id)
	if b.view.read(a) {
		return true
	}
	if op.key == b.view.only {
		b.view.wants[a] = true
	}
	return false
}

// valid reports whether a label holds at the time of a move. One without bounds
// always does.
func valid(l *model.Label, m *move) bool {
	if l.From.IsZero() && l.To.IsZero() {
		return true
	}
	t, ok := m.block.When()
	return ok && l.ValidAt(t)
}

// reach follows the transactions that spend several addresses from each seed
// that grows, within the bounds of its label. An address is reached from the
// best seed that links it.
func (b *builder) reach(op *custody) {
	for i := range op.seeds {
		s := &op.seeds[i]
		if !s.grows {
			continue
		}
		c := b.x.ClusterOf(s.id)
		if r, ok := op.reached[s.id]; ok && covers(&op.seeds[r.seed].Label, &s.Label) {
			continue // a better seed reached all that this one could
		}
		mine := map[uint32]int{s.id: 0}
		used := map[uint32]bool{}
		for queue := []uint32{s.id}; len(queue) > 0; queue = queue[1:] {
			id := queue[0]
			if _, ok := op.reached[id]; !ok {
				op.reached[id] = reach{i, mine[id]}
			}
			for _, pair := range b.f.spendsOf(id) {
				m := uint32(pair)
				if used[m] || b.f.moves[m].payer != c || !valid(&s.Label, &b.f.moves[m]) {
					continue
				}
				used[m] = true
				for _, o := range b.f.owners(m) {
					if _, ok := mine[o]; !ok {
						mine[o] = mine[id] + 1
						queue = append(queue, o)
					}
				}
			}
		}
	}
	if b.view != nil {
		for id := range op.reached {
			b.read(op, id)
		}
	}
}

// covers reports whether a label holds whenever another does.
func covers(a, b *model.Label) bool {
	return (a.From.IsZero() || !b.From.IsZero() && !b.From.Before(a.From)) && (a.To.IsZero() || !b.To.IsZero() && !b.To.After(a.To))
}

// funded says who pays an address: whether somebody outside the operator does,
// and whether the operator does. Small payments do not count, and those of
// unknown payers say nothing.
func (b *builder) funded(op, id uint32) (outside, inside bool) {
	for _, pair := range b.f.paysTo(id) {
		m := &b.f.moves[uint32(pair)]
		if b.value(uint32(pair), id) < b.p.MinSat {
			continue
		}
		switch {
		case m.mint:
			outside = true
		case m.payer == none:
		case b.insideOf[m.payer] == op:
			inside = true
		default:
			outside = true
		}
	}
	return outside, inside
}

// value returns what a move pays to an address.
func (b *builder) value(m, id uint32) (sum model.Amount) {
	for _, o := range b.f.outsOf(m) {
		if o.id == id {
			sum = plus(sum, o.value)
		}
	}
	return sum
}

// sweep reports whether a move spends an operator's addresses alone and pays
// nobody else, or one address alone.
func (b *builder) sweep(op, m uint32) bool {
	v := &b.f.moves[m]
	if v.payer == none || v.unowned || b.opOf[v.payer] != op {
		return false
	}
	if b.f.single(m) != none {
		return true
	}
	var away model.Amount
	for _, o := range b.f.outsOf(m) {
		if o.id == none || b.insideOf[b.x.ClusterOf(o.id)] != op {
			away = plus(away, o.value)
		}
	}
	return within(away, v.total, b.p.Leak)
}

// deposit reports whether an address behaves like one that the operator gave to
// a customer: funded from outside and spent by sweeps alone.
func (b *builder) deposit(op, id uint32) bool {
	if !b.read(b.ops[op], id) {
		return false
	}
	outside, inside := b.funded(op, id)
	if !outside || inside {
		return false
	}
	spends := b.f.spendsOf(id)
	for _, pair := range spends {
		if !b.sweep(op, uint32(pair)) {
			return false
		}
	}
	return len(spends) > 0
}

// depositsOf finds the deposit addresses among those that are reached.
func (b *builder) depositsOf(i uint32, op *custody) {
	clear(op.deposits)
	for id := range op.reached {
		if b.deposit(i, id) {
			op.deposits[id] = true
		}
	}
}
