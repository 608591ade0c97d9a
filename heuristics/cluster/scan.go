package cluster

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// maxFirst bounds the transactions that a conflict keeps, and maxNames the labels
// of each of its two addresses.
const (
	maxFirst = 16
	maxNames = 64
)

// builder reads a scope in ledger order.
type builder struct {
	p        Params
	rules    shape.Params
	x        *Index
	trees    forest
	labelled map[model.Address]*holder // by label alone
	holders  map[uint32]*holder        // by root
	owners   []uint32                  // of the transaction at hand; reused
	before   uint32                    // the first id that its outputs may have made
	refused  map[[2]uint32]*Conflict   // by the ids of the two addresses
}

func build(ctx context.Context, s *heuristics.Scan, p Params) (*Index, error) {
	b := &builder{
		p: p, rules: shape.ParamsOf(s), x: &Index{p: p, addrs: newTable()},
		labelled: map[model.Address]*holder{}, holders: map[uint32]*holder{}, refused: map[[2]uint32]*Conflict{},
	}
	for l, err := range s.Find(ctx, "") {
		if err != nil {
			return nil, err
		}
		b.label(l)
	}
	slices.SortStableFunc(b.x.labels, func(a, b model.Label) int { return a.Compare(&b) })
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return nil, err
		}
		if err := b.add(tx); err != nil {
			return nil, err
		}
	}
	if p.Change {
		if err := b.follow(ctx, s); err != nil {
			return nil, err
		}
	}
	b.conflicts()
	b.x.freeze(&b.trees)
	b.note(s)
	return b.x, nil
}

// label keeps a label of an address.
func (b *builder) label(l model.Label) {
	a, ok := l.On.Address()
	if !ok {
		return
	}
	b.x.labels = append(b.x.labels, l)
	if !b.p.names(&l) {
		return
	}
	h := b.labelled[a]
	if h == nil {
		h = &holder{}
		b.labelled[a] = h
	}
	h.add(&l)
}

// see returns the id of an address of the scope.
func (b *builder) see(a model.Address) (uint32, error) {
	id, fresh, err := b.x.addrs.put(a)
	if err != nil || !fresh {
		return id, err
	}
	b.trees.add()
	if len(b.labelled) > 0 {
		if h := b.labelled[a]; h != nil {
			b.holders[id] = &holder{h.names, id}
		}
	}
	return id, nil
}

// links reports whether equal scripts of the address speak of one owner.
func (b *builder) links(a model.Address) bool { return b.p.LinkAnyScript || a.Ownable() }

// add reads one transaction.
func (b *builder) add(tx *model.Tx) error {
	n := &b.x.counts
	n.Txs++
	b.owners = b.owners[:0]
	joint, known := false, 0
	ids := &b.x.walked.ids
	b.x.walked.marks = append(b.x.walked.marks, mark(tx))
	if tx.Coinbase() {
		*ids = append(*ids, None)
	} else {
		for i := range tx.Inputs {
			in := &tx.Inputs[i]
			if in.OwnerBy == model.OwnerUnknown || in.Owner.IsZero() {
				*ids = append(*ids, None)
				n.Unowned++
				continue
			}
			if in.OwnerBy == model.OwnerUnlocking {
				n.Inferred++
			}
			id, err := b.see(in.Owner)
			if err != nil {
				return err
			}
			*ids = append(*ids, id)
			if !b.links(in.Owner) {
				n.Unownable++
				continue
			}
			known++
			if k := len(b.owners); k > 0 && b.owners[k-1] == id {
				continue
			}
			b.owners = append(b.owners, id)
			joint = joint || id != b.owners[0]
		}
	}
	b.before = uint32(len(b.x.addrs.addrs))
	for i := range tx.Outputs {
		id := uint32(None)
		if o := &tx.Outputs[i]; o.Spendable() && !o.Owner.IsZero() {
			var err error
			if id, err = b.see(o.Owner); err != nil {
				return err
			}
		}
		*ids = append(*ids, id)
	}
	switch {
	case joint:
		b.join(tx)
	case known < len(tx.Inputs) && len(tx.Inputs) > 1:
		// Nobody to join, but others may ask whether one party signed.
		b.veto(tx)
	}
	return nil
}

// veto keeps the transaction at hand if its shape or its signatures forbid to
// take its inputs for one party's.
func (b *builder) veto(tx *model.Tx) bool {
	r, detail := veto(tx, &b.p, b.rules, b.x)
	if r != "" {
		b.skip(tx, r, detail)
	}
	return r != ""
}

// join unites the owners of a transaction that spends those of two or more,
// unless something speaks against it.
func (b *builder) join(tx *model.Tx) {
	b.x.counts.Joint++
	if len(tx.Outputs) == 2 && !tx.Resolved() {
		b.x.counts.Untested++
	}
	if b.veto(tx) {
		return
	}
	switch possible, tested := b.contract(tx); {
	case possible:
		b.skip(tx, Contract, "")
		return
	case !tested:
		b.x.counts.UntestedContracts++
	}
	h, ok := b.consistent(tx)
	if !ok {
		return
	}
	height := int32(-1)
	if tx.Block.Has(model.KnownHeight) {
		height = tx.Block.Height
	}
	b.x.joints.add(tx.ID, height, b.owners)
	root := b.trees.root(b.owners[0])
	joined := false
	for _, id := range b.owners[1:] {
		if r := b.trees.root(id); r != root {
			delete(b.holders, r)
			delete(b.holders, root)
			root, joined = b.trees.union(root, r), true
		}
	}
	if joined {
		b.x.counts.Joined++
	}
	if h != nil {
		b.holders[root] = h
	}
}

// consistent returns who labels say holds the keys of the transaction at hand,
// nil where none says so. Where they contradict each other it keeps the
// conflict and refuses: then two parties signed, or a label is wrong, and
// nobody knows which inputs are whose.
func (b *builder) consistent(tx *model.Tx) (*holder, bool) {
	if len(b.holders) == 0 {
		return nil, true
	}
	var all *holder
	for _, id := range b.owners {
		h := b.holders[b.trees.root(id)]
		switch {
		case h == nil, h == all:
		case all == nil:
			all = h
		default:
			both := agree(all, h)
			if both == nil {
				b.refuse(tx, all.from, h.from)
				return nil, false
			}
			all = both
		}
	}
	return all, true
}

// skip keeps a transaction that joins nobody.
func (b *builder) skip(tx *model.Tx, r Reason, detail string) Skip {
	s := Skip{tx.ID, tx.Block, r, detail}
	b.x.skips = append(b.x.skips, s)
	b.x.owners = append(b.x.owners, b.owners...)
	b.x.ownersEnd = append(b.x.ownersEnd, len(b.x.owners))
	return s
}

// refuse keeps the conflict of the labels of two addresses.
func (b *builder) refuse(tx *model.Tx, i, j uint32) {
	s := b.skip(tx, LabelConflict, "")
	c := b.between(i, j)
	c.Txs++
	if len(c.First) < maxFirst {
		c.First = append(c.First, s)
	}
}

// between returns the conflict of two addresses, a new one where there is none.
func (b *builder) between(i, j uint32) *Conflict {
	if b.x.At(i).Compare(b.x.At(j)) > 0 {
		i, j = j, i
	}
	c := b.refused[[2]uint32{i, j}]
	if c == nil {
		c = &Conflict{A: b.x.At(i), B: b.x.At(j)}
		b.refused[[2]uint32{i, j}] = c
	}
	return c
}

// conflicts gathers what was refused, and the addresses of the scope whose own
// labels disagree.
func (b *builder) conflicts() {
	x := b.x
	named := map[model.Address][]model.Label{}
	for _, c := range b.refused {
		for _, a := range [2]model.Address{c.A, c.B} {
			ls, ok := named[a]
			if !ok {
				ls = b.naming(a)
				named[a] = ls
			}
			c.Labels = append(c.Labels, ls...)
		}
		x.conflicts = append(x.conflicts, *c)
	}
	for i := 0; i < len(x.labels); {
		a, _ := x.labels[i].On.Address()
		on := x.LabelsOn(a)
		i += len(on)
		if _, seen := x.addrs.id(a); !seen {
			continue
		}
		if ls := disagreeing(on); ls != nil {
			x.conflicts = append(x.conflicts, Conflict{A: a, Labels: ls})
		}
	}
	slices.SortFunc(x.conflicts, func(a, b Conflict) int {
		return cmp.Or(a.A.Compare(b.A), a.B.Compare(b.B))
	})
}

// naming returns the labels of an address that name a holder of its key, sorted:
// the most confident ones where there are many.
func (b *builder) naming(a model.Address) []model.Label {
	var ls []model.Label
	for _, l := range b.x.LabelsOn(a) {
		if b.p.names(&l) {
			ls = append(ls, l)
		}
	}
	if len(ls) > maxNames {
		slices.SortStableFunc(ls, func(a, b model.Label) int { return cmp.Compare(b.Confidence, a.Confidence) })
		ls = slices.Clone(ls[:maxNames])
		slices.SortStableFunc(ls, func(a, b model.Label) int { return a.Compare(&b) })
	}
	return ls
}

// disagreeing returns the labels of one address that name different holders of
// its key for the same time; nil where none do. What an actor is called is no
// matter of the holder where he is merely stated to be under investigation.
func disagreeing(on []model.Label) []model.Label {
	// Thousands of labels may say the same.
	type says struct {
		name
		from, to time.Time
	}
	var all []says
	number := map[says]int{}
	which := make([]int, len(on))
	for i := range on {
		l := &on[i]
		which[i] = -1
		if !keyHolder(l) {
			continue
		}
		s := says{nameOf(l), l.From.UTC(), l.To.UTC()}
		n, ok := number[s]
		if !ok {
			n = len(all)
			number[s] = n
			all = append(all, s)
		}
		which[i] = n
	}
	conflict := make([]bool, len(all))
	for i := range all {
		for j := 0; j < len(all) && !conflict[i]; j++ {
			a, b := &all[i], &all[j]
			conflict[i] = a.name.contradicts(&b.name) && overlap(a.from, a.to, b.from, b.to)
		}
	}
	var out []model.Label
	for i := range on {
		if n := which[i]; n >= 0 && conflict[n] {
			out = append(out, on[i])
		}
	}
	return out
}

// overlap reports whether there is a time within both bounds.
func overlap(from, to, from2, to2 time.Time) bool {
	before := func(to, from time.Time) bool { return !to.IsZero() && !from.IsZero() && !from.Before(to) }
	return !before(to, from2) && !before(to2, from)
}

// note tells the coverage what was not seen and not joined.
func (b *builder) note(s *heuristics.Scan) {
	n := b.x.counts
	if n.Txs == 0 {
		s.Note("no transaction in the scope: every address is alone", 1)
	}
	s.Note("input without a known owner, which joins nobody", int(n.Unowned))
	s.Note("input whose owner is inferred from what unlocks it", int(n.Inferred))
	s.Note("input of a script that anybody may use, which joins nobody", int(n.Unownable))
	s.Note("payment of several addresses to two, not tested for the shape of a payjoin: an input's value is unknown", int(n.Untested))
	s.Note("payment of several addresses to three, not tested for a contract of two parties: an input's value is unknown", int(n.UntestedContracts))
	s.Note("prediction of change that a guard kept from joining", int(n.Refused))
	for i := range b.x.skips {
		s.Note("addresses not joined: "+string(b.x.skips[i].Reason), 1)
	}
}
