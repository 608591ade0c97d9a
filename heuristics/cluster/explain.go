package cluster

import (
	"container/heap"
	"slices"
	"sync"

	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/model"
)

// LinkType is the kind of a link between two addresses.
type LinkType uint8

// Types of links.
const (
	// Cospend links the addresses that one transaction spends together.
	Cospend LinkType = iota
	// Change links the payer of a transaction with the address that the vote
	// of package change takes for his change. It is weaker than a joint
	// signature, which at least shows that the holders of the keys worked
	// together, and is there only where it was asked for ([Params.Change]).
	Change
)

// String returns "cospend" or "change".
func (t LinkType) String() string { return [...]string{"cospend", "change", "invalid"}[min(t, 2)] }

// Link is one step between two addresses: a transaction that spends both, or one
// that spends the one and whose change goes to the other.
type Link struct {
	Type LinkType
	Tx   model.TxID
	// Block has the height, where it is known.
	Block model.BlockRef
	// A and B are the addresses that the step leads from and to. Of a
	// refusal, and of what [Index.Changes] returns, A is the payer's.
	A, B model.Address
	// Rule names the rule that made the link.
	Rule string
	// Votes are the rules that named the change, For is their number, and
	// Lead by how many they lead over those for the next output.
	Votes     []change.Rule
	For, Lead int
}

// Explain returns the transactions that link two addresses of one cluster, step by
// step from a to b: of all ways the one with the fewest predictions of change,
// of these one with the fewest steps. It is empty where the two are not in one
// cluster or are one address. For the same scope it is always the same, and from b
// to a it is the same backwards.
//
// That a cluster holds two addresses is no evidence anybody can check; these
// transactions are. The first call reads all links of the scope once.
func (x *Index) Explain(a, b model.Address) []Link {
	if a == b || !x.Same(a, b) {
		return nil
	}
	from, _ := x.addrs.id(a)
	to, _ := x.addrs.id(b)
	back := a.Compare(b) > 0
	if back {
		from, to = to, from
	}
	path := x.path(from, to)
	if back {
		slices.Reverse(path)
		for i := range path {
			path[i].A, path[i].B = path[i].B, path[i].A
		}
	}
	return path
}

// Changes returns the predictions of change that join addresses, in ledger order;
// none where they are not followed. The slice is the caller's.
func (x *Index) Changes() []Link {
	ls := make([]Link, len(x.weak))
	for i := range x.weak {
		ls[i] = x.changeLink(&x.weak[i])
	}
	return ls
}

// Refusals returns the predictions of change that guards kept from joining
// addresses, in the order in which they were refused; none where predictions are
// not followed.
func (x *Index) Refusals() []Refusal { return x.refusals }

// graph lists the links of each address: joint transactions by their places, and
// after them the predictions of change.
type graph struct {
	start []int // by id, one more at the end
	links []uint32
}

func lazyGraph(x *Index) func() *graph { return sync.OnceValue(x.newGraph) }

func (x *Index) newGraph() *graph {
	n := len(x.joints.ends) + len(x.weak)
	g := &graph{start: make([]int, len(x.addrs.addrs)+1)}
	for i := range n {
		for _, o := range x.linked(i) {
			g.start[o+1]++
		}
	}
	for i := range g.start[1:] {
		g.start[i+1] += g.start[i]
	}
	g.links = make([]uint32, g.start[len(g.start)-1])
	fill := slices.Clone(g.start)
	for i := range n {
		for _, o := range x.linked(i) {
			g.links[fill[o]] = uint32(i)
			fill[o]++
		}
	}
	return g
}

// linked returns the ids that a link joins.
func (x *Index) linked(i int) []uint32 {
	if n := len(x.joints.ends); i >= n {
		w := &x.weak[i-n]
		return []uint32{w.payer, w.owns}
	}
	return x.joints.of(i)
}

// reached is an address that a search has come to.
type reached struct {
	id, from uint32
	by       int // the link, -1 at the start
	changes  int
	steps    int
	order    int
}

type frontier []reached

func (f frontier) Len() int      { return len(f) }
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(v any)   { *f = append(*f, v.(reached)) }
func (f *frontier) Pop() any {
	old := *f
	v := old[len(old)-1]
	*f = old[:len(old)-1]
	return v
}

func (f frontier) Less(i, j int) bool {
	a, b := &f[i], &f[j]
	if a.changes != b.changes {
		return a.changes < b.changes
	}
	if a.steps != b.steps {
		return a.steps < b.steps
	}
	return a.order < b.order
}

// path searches by the cost of changes, then steps; of equal ways the one that was
// found first, and links are tried in ledger order.
func (x *Index) path(from, to uint32) []Link {
	g := x.graph()
	done := map[uint32]reached{}
	used := map[uint32]bool{}
	f := &frontier{{id: from, by: -1}}
	order := 0
	for f.Len() > 0 {
		at := heap.Pop(f).(reached)
		if _, ok := done[at.id]; ok {
			continue
		}
		done[at.id] = at
		if at.id == to {
			break
		}
		for _, l := range g.links[g.start[at.id]:g.start[at.id+1]] {
			// Who comes to a link first passes it at the least cost.
			if used[l] {
				continue
			}
			used[l] = true
			next := reached{from: at.id, by: int(l), changes: at.changes, steps: at.steps + 1}
			if int(l) >= len(x.joints.ends) {
				next.changes++
			}
			for _, o := range x.linked(int(l)) {
				if _, ok := done[o]; ok {
					continue
				}
				order++
				next.id, next.order = o, order
				heap.Push(f, next)
			}
		}
	}
	var path []Link
	for at := done[to]; at.by >= 0; at = done[at.from] {
		l := x.link(at.by)
		l.A, l.B = x.At(at.from), x.At(at.id)
		path = append(path, l)
	}
	slices.Reverse(path)
	return path
}

// link tells of a link, but for the addresses of the step.
func (x *Index) link(i int) Link {
	if n := len(x.joints.ends); i >= n {
		return x.changeLink(&x.weak[i-n])
	}
	return Link{Type: Cospend, Tx: x.joints.tx(i), Block: atHeight(x.joints.height[i]), Rule: "one transaction spends both"}
}

func (x *Index) changeLink(w *weak) Link {
	l := Link{
		Type: Change, Tx: w.tx, Block: atHeight(w.height), A: x.At(w.payer), B: x.At(w.owns),
		Rule: "the vote on change", For: int(w.votes), Lead: int(w.lead),
	}
	for _, r := range change.Rules() {
		if w.rules>>r&1 == 1 {
			l.Votes = append(l.Votes, r)
		}
	}
	return l
}

func atHeight(h int32) model.BlockRef {
	if h < 0 {
		return model.BlockRef{}
	}
	return model.BlockRef{Height: h, Known: model.KnownHeight}
}

// tx returns the id of a joint transaction.
func (j *joints) tx(i int) model.TxID {
	for _, piece := range j.txs {
		if i < len(piece) {
			return piece[i]
		}
		i -= len(piece)
	}
	panic("cluster: no such joint transaction")
}
