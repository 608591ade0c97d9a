package cluster

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/model"
)

// Guard is what keeps a prediction of change from joining addresses.
type Guard string

// Guards, in the order in which they are asked.
const (
	// NegativeEdge: an output that a prediction takes for the payment would be
	// in the payer's cluster.
	NegativeEdge Guard = "negative_edge"
	// Labelled: labels name different holders of the two clusters.
	Labelled Guard = "label_conflict"
	// Big: both clusters are large, and a mistake would be too.
	Big Guard = "big_with_big"
	// Late: too few blocks have followed, or the address was paid again before
	// they did, or may have been in blocks that the scope lacks.
	Late Guard = "late_merge"
	// Custody: a label gives a key of either cluster to a custodian.
	Custody Guard = "custodian"
)

// Refusal is a prediction of change that does not join addresses.
type Refusal struct {
	Link  Link
	Guard Guard
	// Retracted says that the prediction had joined them before a joint
	// signature contradicted it.
	Retracted bool
	// By is the transaction that speaks against it: the joint signature or the
	// prediction that makes the contradiction complete, or what pays the
	// address again. It is zero for guards that no single one sets off.
	By model.TxID
	// Of a negative edge, Constraint is the transaction that takes Payment for
	// a payment by Payer.
	Constraint     model.TxID
	Payer, Payment model.Address
	Detail         string
}

// weak is a prediction of change.
type weak struct {
	tx          model.TxID
	out         uint32
	height      int32  // -1 where unknown
	payer, owns uint32 // ids: an owner of inputs, and that of the change
	rules       uint32 // those that named it, one bit for each
	votes, lead uint8
	from, to    int // its payments
	dead        bool
}

// follower folds predictions of change into the clusters of joint signatures.
type follower struct {
	*builder
	book     *change.Book
	preds    []weak
	payments []uint32 // ids of the owners of outputs that are taken for payments
	tip      int32
	size     []uint32 // by id, meant for roots
	when     timed
	apart    map[[2]uint32]constraint // by the names of two clusters, the lesser first
	others   map[uint32][]uint32      // by name: for each of these pairs an address of the other
	named    map[uint32]uint32        // by root: the cluster's name, where it is not the root
	custody  map[uint32]bool          // by root
}

// constraint says that two are not one party, by a prediction.
type constraint struct {
	payer, payment uint32
	by             int // the prediction
}

// follow joins what predictions of change link, after all joint signatures of the
// scope have joined theirs.
//
// A joint signature outranks a prediction, whenever it was made; that is why all
// of them come first, and why the clusters do not depend on how the two are
// mixed. Among predictions the earlier one stands: they are taken in ledger
// order, each when ChangeDelay blocks have followed it, and one that contradicts
// what stands by then is refused. What a prediction takes for a payment is kept
// apart from the payer from the prediction's own block on.
func (b *builder) follow(ctx context.Context, s *heuristics.Scan) error {
	f := &follower{
		builder: b, book: change.NewBook(s.Scope().Explored != nil), tip: -1,
		apart: map[[2]uint32]constraint{}, others: map[uint32][]uint32{}, named: map[uint32]uint32{}, custody: map[uint32]bool{},
	}
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return err
		}
		if err := f.book.Add(tx); err != nil {
			return err
		}
		if tx.Block.Has(model.KnownHeight) {
			f.tip = max(f.tip, tx.Block.Height)
		}
	}
	skipped := make(map[model.TxID]struct{}, len(b.x.skips)+len(b.p.Skip))
	for _, id := range b.p.Skip { // among the skips are only those of several inputs
		skipped[id] = struct{}{}
	}
	for i := range b.x.skips {
		skipped[b.x.skips[i].Tx] = struct{}{}
	}
	var room []change.Output
	for tx, err := range s.Txs(ctx) {
		if err != nil {
			return err
		}
		if tx.Coinbase() || len(tx.Outputs) > b.p.Votes.Outputs {
			continue
		}
		if _, ok := skipped[tx.ID]; ok {
			continue
		}
		facts, ok := f.book.Facts(tx, b.p.Votes, room)
		if !ok {
			continue
		}
		room = facts.Outputs
		f.predict(tx, facts)
	}
	b.x.counts.Predicted = int64(len(f.preds))
	f.prepare()
	next := 0
	for i := range f.preds {
		for ; next < len(f.preds) && (next <= i || f.preds[next].height <= f.matures(&f.preds[i])); next++ {
			f.forbid(next)
		}
		if !f.preds[i].dead {
			f.fold(i)
		}
	}
	return nil
}

// matures returns the height at which a prediction joins.
func (f *follower) matures(w *weak) int32 {
	if w.height < 0 {
		return -1
	}
	return int32(min(int64(w.height)+int64(f.p.ChangeDelay), math.MaxInt32))
}

// predict keeps the prediction for a transaction, if there is one.
func (f *follower) predict(tx *model.Tx, facts change.Facts) {
	payer, found := uint32(0), false
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || !f.links(in.Owner) {
			continue
		}
		if id, ok := f.x.addrs.id(in.Owner); ok {
			payer, found = id, true
			break
		}
	}
	if !found {
		return
	}
	facts.Collaborative = change.Collaborative(tx, f.rules)
	root := f.trees.root(payer)
	for i := range tx.Outputs {
		facts.Outputs[i].Clustered = change.No
		if id, ok := f.payee(tx, i); ok && f.trees.root(id) == root {
			facts.Outputs[i].Clustered = change.Yes
		}
	}
	r := change.Predict(tx, &facts, f.p.Votes)
	if !r.Accepted() || r.Self {
		return
	}
	owns, ok := f.payee(tx, r.Out)
	if !ok {
		return
	}
	w := weak{
		tx: tx.ID, out: uint32(r.Out), height: -1, payer: payer, owns: owns,
		votes: uint8(r.For), lead: uint8(r.Lead), from: len(f.payments),
	}
	if tx.Block.Has(model.KnownHeight) {
		w.height = tx.Block.Height
	}
	for _, v := range r.Votes {
		if v.Out == r.Out {
			w.rules |= 1 << v.Rule
		}
	}
	for i := range tx.Outputs {
		if id, ok := f.payee(tx, i); ok && i != r.Out && id != owns {
			f.payments = append(f.payments, id)
		}
	}
	w.to = len(f.payments)
	f.preds = append(f.preds, w)
}

// payee returns the owner of an output whose script may be one party's.
func (f *follower) payee(tx *model.Tx, i int) (uint32, bool) {
	o := &tx.Outputs[i]
	if !o.Spendable() || !f.links(o.Owner) {
		return 0, false
	}
	return f.x.addrs.id(o.Owner)
}

// prepare counts the clusters of joint signatures, and when they came to be.
func (f *follower) prepare() {
	n := len(f.trees.parent)
	f.size = make([]uint32, n)
	for id := range n {
		f.size[f.trees.root(uint32(id))]++
	}
	f.when = newTimed(n)
	for i := range f.x.joints.ends {
		of := f.x.joints.of(i)
		for _, id := range of[1:] {
			f.when.union(of[0], id, i)
		}
	}
	for i := range f.x.labels {
		if !Custodial(&f.x.labels[i], f.p.LabelConfidence, model.BlockRef{}) {
			continue
		}
		a, _ := f.x.labels[i].On.Address()
		if id, ok := f.x.addrs.id(a); ok {
			f.custody[f.trees.root(id)] = true
		}
	}
}

// forbid puts in force that the payments of a prediction are not the payer's. A
// prediction of which one already is contradicts what stands, and falls.
func (f *follower) forbid(i int) {
	w := &f.preds[i]
	payer := f.trees.root(w.payer)
	for _, q := range f.payments[w.from:w.to] {
		if f.trees.root(q) == payer {
			f.reject(i, NegativeEdge, constraint{w.payer, q, i}, f.when.path(w.payer, q))
			w.dead = true
			return
		}
	}
	p := f.name(payer)
	for _, q := range f.payments[w.from:w.to] {
		r := f.name(f.trees.root(q))
		k := pairOf(p, r)
		if _, ok := f.apart[k]; ok {
			continue
		}
		f.apart[k] = constraint{w.payer, q, i}
		f.others[p], f.others[r] = append(f.others[p], q), append(f.others[r], w.payer)
	}
}

// name returns what the constraints call the cluster of a root.
func (f *follower) name(root uint32) uint32 {
	if n, ok := f.named[root]; ok {
		return n
	}
	return root
}

func pairOf(a, b uint32) [2]uint32 { return [2]uint32{min(a, b), max(a, b)} }

// merge gives the constraints on two clusters to their union, whose root is r: the
// name that fewer know gives way. Of two constraints on one pair the earlier stays.
func (f *follower) merge(x, y, r uint32) {
	long, short := f.name(x), f.name(y)
	if len(f.others[long]) < len(f.others[short]) {
		long, short = short, long
	}
	for _, o := range f.others[short] {
		z := f.name(f.trees.root(o))
		from, to := pairOf(short, z), pairOf(long, z)
		c, ok := f.apart[from]
		if !ok {
			continue
		}
		delete(f.apart, from)
		old, ok := f.apart[to]
		if !ok {
			f.others[long] = append(f.others[long], o)
		}
		if !ok || cmp.Or(cmp.Compare(c.by, old.by), cmp.Compare(c.payment, old.payment)) < 0 {
			f.apart[to] = c
		}
	}
	delete(f.others, short)
	delete(f.named, x)
	delete(f.named, y)
	if long != r {
		f.named[r] = long
	}
}

// fold joins what a prediction links, if no guard refuses.
func (f *follower) fold(i int) {
	w := &f.preds[i]
	x, y := f.trees.root(w.payer), f.trees.root(w.owns)
	none := constraint{by: -1}
	if x != y {
		if c, ok := f.apart[pairOf(f.name(x), f.name(y))]; ok {
			// What has put the two into the clusters that would be joined.
			p, q := c.payer, c.payment
			if f.trees.root(p) != x {
				p, q = q, p
			}
			f.reject(i, NegativeEdge, c, max(f.when.path(w.payer, p), f.when.path(w.owns, q)))
			return
		}
	}
	h, g := f.holders[x], f.holders[y]
	both := h
	switch {
	case x == y:
	case h == nil:
		both = g
	case g != nil:
		if both = agree(h, g); both == nil {
			f.conflict(h.from, g.from)
			f.reject(i, Labelled, none, -1)
			return
		}
	}
	if least := min(f.size[x], f.size[y]); x != y && uint64(least) > uint64(max(f.p.ChangeSmaller, 0)) {
		f.reject(i, Big, none, -1)
		f.last().Detail = fmt.Sprintf("the smaller cluster has %d addresses", least)
		return
	}
	if f.early(i) {
		return
	}
	if x != y && (f.custody[x] || f.custody[y]) {
		f.reject(i, Custody, none, -1)
		return
	}
	f.x.weak = append(f.x.weak, *w)
	if x == y {
		return
	}
	f.when.union(w.payer, w.owns, len(f.x.joints.ends)+i)
	r := f.trees.union(x, y)
	f.merge(x, y, r)
	f.size[r] = f.size[x] + f.size[y]
	delete(f.holders, x)
	delete(f.holders, y)
	if both != nil {
		f.holders[r] = both
	}
}

// early refuses a prediction that is too young, or of an address that was paid
// again while it was.
func (f *follower) early(i int) bool {
	w := &f.preds[i]
	none := constraint{by: -1}
	if w.height < 0 {
		f.reject(i, Late, none, -1)
		f.last().Detail = "its height is unknown"
		return true
	}
	due := f.matures(w)
	if by, h, ok := f.book.Again(model.Outpoint{Tx: w.tx, Vout: w.out}); ok && h <= due {
		f.reject(i, Late, none, -1)
		f.last().By, f.last().Detail = by, "the address was paid again"
		return true
	}
	if f.tip < due {
		f.reject(i, Late, none, -1)
		f.last().Detail = fmt.Sprintf("fewer than %d blocks have followed", f.p.ChangeDelay)
		return true
	}
	if !f.book.Whole(w.height, due) {
		f.reject(i, Late, none, -1)
		f.last().Detail = "the scope lacks blocks in which the address may have been paid again"
		return true
	}
	return false
}

// reject keeps a refusal. What is the step that made the contradiction complete: a
// joint transaction, or after these a prediction; -1 for the constraint itself.
func (f *follower) reject(i int, g Guard, c constraint, what int) {
	w := &f.preds[i]
	r := Refusal{Link: f.x.changeLink(w), Guard: g}
	if c.by >= 0 {
		r.Constraint, r.Payer, r.Payment = f.preds[c.by].tx, f.x.At(c.payer), f.x.At(c.payment)
		r.By = r.Constraint
	}
	switch joints := len(f.x.joints.ends); {
	case what >= joints:
		r.By = f.preds[what-joints].tx
		r.Detail = "an earlier prediction stands"
	case what >= 0:
		r.By = f.x.joints.tx(what)
		r.Detail = "a joint signature outranks a prediction"
		if h := f.x.joints.height[what]; w.height >= 0 && h > f.matures(w) {
			r.Retracted = true
			f.x.counts.Retracted++
		}
	case c.by >= 0:
		r.Detail = "another prediction takes the address for a payment"
	}
	f.x.counts.Refused++
	f.x.refusals = append(f.x.refusals, r)
}

func (f *follower) last() *Refusal { return &f.x.refusals[len(f.x.refusals)-1] }

// conflict counts a prediction that labels refuse.
func (f *follower) conflict(i, j uint32) { f.between(i, j).Changes++ }

// timed is a union-find that tells which union joined two. The smaller tree goes
// below the larger, and paths are not shortened, so that each is of logarithmic
// length and the steps along it only grow.
type timed struct {
	parent []uint32
	size   []uint32
	step   []int // of the union that put an id below its parent
}

func newTimed(n int) timed {
	t := timed{make([]uint32, n), make([]uint32, n), make([]int, n)}
	for i := range n {
		t.parent[i], t.size[i] = uint32(i), 1
	}
	return t
}

func (t *timed) root(a uint32) uint32 {
	for t.parent[a] != a {
		a = t.parent[a]
	}
	return a
}

func (t *timed) union(a, b uint32, step int) {
	a, b = t.root(a), t.root(b)
	if a == b {
		return
	}
	if t.size[a] < t.size[b] {
		a, b = b, a
	}
	t.parent[b], t.step[b] = a, step
	t.size[a] += t.size[b]
}

// path returns the step that joined two ids; -1 where they are one, or were never
// joined.
func (t *timed) path(a, b uint32) int {
	last := -1
	for a != b {
		// The one whose next step is earlier goes on.
		atop, btop := t.parent[a] == a, t.parent[b] == b
		switch {
		case atop && btop:
			return -1
		case btop || !atop && t.step[a] <= t.step[b]:
			last, a = t.step[a], t.parent[a]
		default:
			last, b = t.step[b], t.parent[b]
		}
	}
	return last
}
