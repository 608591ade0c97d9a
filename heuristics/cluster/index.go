package cluster

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// Index holds the clusters of a scope. It does not change once built and is safe
// for concurrent use. Slices that it returns are shared unless a method says
// otherwise, and must not be changed.
type Index struct {
	p         Params
	addrs     *table
	walked    walked
	cluster   []uint32 // by id
	least     []uint32 // by cluster: the id of its least member
	start     []uint32 // by cluster, one more at the end: where its members begin
	members   []uint32 // ids, cluster by cluster
	largest   int
	labels    []model.Label // on addresses, sorted
	ofCluster map[uint32][]model.Label
	// custodians are, by cluster, the labels that Custodian chooses from.
	custodians map[uint32][]model.Label
	joints     joints
	cuts       func() *cuts // made when first asked for
	linkCuts   func() *cuts // the same by link
	graph      func() *graph
	weak       []weak // the predictions of change that join, in ledger order
	refusals   []Refusal
	skips      []Skip
	owners     []uint32 // ids of the addresses that the skipped transactions spend
	ownersEnd  []int    // by skip: where its owners end
	byTx       []uint32 // places in skips, sorted by transaction
	conflicts  []Conflict
	counts     Counts
}

// Counts tell what the scan saw.
type Counts struct {
	Txs int64 `json:"txs"` // transactions, coinbases included
	// Joint transactions spend outputs of two or more addresses that can have
	// an owner; Joined are those of them that joined what was not yet one.
	Joint  int64 `json:"joint"`
	Joined int64 `json:"joined"`
	// Inferred inputs have an owner that is known from what unlocks them
	// alone, Unowned ones none that is known, and Unownable ones a script
	// that anybody may use.
	Inferred  int64 `json:"inferred"`
	Unowned   int64 `json:"unowned"`
	Unownable int64 `json:"unownable"`
	// Untested are joint transactions with two outputs that were not tested
	// for the shape of a payjoin, because the value of an input is unknown.
	Untested int64 `json:"untested"`
	// UntestedContracts are joint transactions that were not tested for a
	// contract of two parties, for the same reason.
	UntestedContracts int64 `json:"untested_contracts"`
	// Predicted are transactions with a prediction of change, where those are
	// followed ([Params.Change]); Refused are those of them that a guard kept
	// from joining, and Retracted those among Refused that had joined before
	// a joint signature contradicted them.
	Predicted int64 `json:"predicted,omitzero"`
	Refused   int64 `json:"refused,omitzero"`
	Retracted int64 `json:"retracted,omitzero"`
}

// Skip is a transaction whose addresses were not joined.
type Skip struct {
	Tx     model.TxID
	Block  model.BlockRef
	Reason Reason
	Detail string // the protocol or the signatures' flags
}

// Conflict is a disagreement of labels on who holds keys: on one address, where
// B is the zero Address, or between two addresses that were signed for together
// or belong to clusters that were.
type Conflict struct {
	A, B model.Address
	// Labels of either that name a holder of the key, sorted; of an address
	// with very many, the most confident ones.
	Labels []model.Label
	// Txs counts the transactions that were not used for the conflict, and
	// First are the first of them.
	Txs   int
	First []Skip
	// Changes counts the predictions of change that would have joined them,
	// where those are followed.
	Changes int
}

// Of returns the index that was built in the session of r.
func Of(r heuristics.Reader) *Index { return heuristics.IndexOf[*Index](r, Heuristic) }

// Root returns the address that stands for a's cluster: its least member by
// [model.Address.Compare], and a itself where a is alone or was not seen.
func (x *Index) Root(a model.Address) model.Address {
	id, ok := x.addrs.id(a)
	if !ok {
		return a
	}
	return x.addrs.addrs[x.least[x.cluster[id]]]
}

// Same reports whether two addresses are in one cluster. An address is always in
// one with itself.
func (x *Index) Same(a, b model.Address) bool {
	if a == b {
		return true
	}
	i, ok := x.addrs.id(a)
	j, also := x.addrs.id(b)
	return ok && also && x.cluster[i] == x.cluster[j]
}

// Members returns the addresses of a's cluster, sorted: a alone where it was not
// seen. The slice is the caller's.
func (x *Index) Members(a model.Address) []model.Address {
	id, ok := x.addrs.id(a)
	if !ok {
		return []model.Address{a}
	}
	ids := x.ids(x.cluster[id])
	as := make([]model.Address, len(ids))
	for i, id := range ids {
		as[i] = x.addrs.addrs[id]
	}
	slices.SortFunc(as, model.Address.Compare)
	return as
}

// ids returns the members of a cluster by their ids.
func (x *Index) ids(cluster uint32) []uint32 {
	return x.members[x.start[cluster]:x.start[cluster+1]]
}

// Size returns the number of addresses in a's cluster, at least 1.
func (x *Index) Size(a model.Address) int {
	id, ok := x.addrs.id(a)
	if !ok {
		return 1
	}
	return len(x.ids(x.cluster[id]))
}

// Clusters returns the number of clusters, those of one address included.
func (x *Index) Clusters() int { return len(x.least) }

// Addresses returns the number of different scripts that the scope pays or
// spends, null data left out.
func (x *Index) Addresses() int { return len(x.addrs.addrs) }

// Largest returns the number of addresses in the largest cluster.
func (x *Index) Largest() int { return x.largest }

// Counts tells what the scan saw.
func (x *Index) Counts() Counts { return x.counts }

// Labels returns the labels on any address of a's cluster, sorted by
// [model.Label.Compare]; those on a itself where it was not seen.
func (x *Index) Labels(a model.Address) []model.Label {
	if len(x.labels) == 0 {
		return nil
	}
	if id, ok := x.addrs.id(a); ok {
		return x.ofCluster[x.cluster[id]]
	}
	return x.LabelsOn(a)
}

// LabelsOn returns the labels on the address itself, sorted.
func (x *Index) LabelsOn(a model.Address) []model.Label {
	on := model.RefAddress(a)
	i, ok := slices.BinarySearchFunc(x.labels, on, func(l model.Label, r model.Ref) int { return l.On.Compare(r) })
	if !ok {
		return nil
	}
	j := i
	for j < len(x.labels) && x.labels[j].On == on {
		j++
	}
	return x.labels[i:j:j]
}

// Skips returns the transactions of the scope whose addresses were not joined
// though they spend those of two or more, or may do so, as an owner is unknown;
// in ledger order.
func (x *Index) Skips() []Skip { return x.skips }

// Skipped tells why a transaction of the scope joined nobody; ok is false where
// it did, or had nobody to join, or is outside the scope.
func (x *Index) Skipped(tx model.TxID) (Skip, bool) {
	i, ok := slices.BinarySearchFunc(x.byTx, tx, func(n uint32, id model.TxID) int { return compareTx(x.skips[n].Tx, id) })
	if !ok {
		return Skip{}, false
	}
	return x.skips[x.byTx[i]], true
}

// Conflicts returns the disagreements of labels that the scope shows, sorted by
// their addresses.
func (x *Index) Conflicts() []Conflict { return x.conflicts }

// ID returns the number of an address, in the order of first appearance in the
// scope from 0 on: of a transaction the owners of inputs first, then those of
// outputs. With [Index.ClusterOf] it serves heuristics that keep columns for
// addresses and clusters instead of maps.
func (x *Index) ID(a model.Address) (id uint32, ok bool) { return x.addrs.id(a) }

// At returns the address of an id.
func (x *Index) At(id uint32) model.Address { return x.addrs.addrs[id] }

// ClusterOf returns the number, from 0 to [Index.Clusters] less one, of the
// cluster that the address of an id is in.
func (x *Index) ClusterOf(id uint32) uint32 { return x.cluster[id] }

// Head returns the address that stands for the cluster of a number that
// [Index.ClusterOf] gave: what [Index.Root] returns for each of its members.
func (x *Index) Head(cluster uint32) model.Address { return x.addrs.addrs[x.least[cluster]] }

// LabelsOf returns the labels on any address of the cluster of a number, as
// [Index.Labels] does.
func (x *Index) LabelsOf(cluster uint32) []model.Label { return x.ofCluster[cluster] }

// freeze makes the index of what the scan left: it numbers the clusters in the
// order of their first addresses, finds their least members and sorts the
// members by cluster.
func (x *Index) freeze(f *forest) {
	n := len(f.parent)
	x.cluster = f.parent // overwritten from the front: a root comes before all that it stands for
	for id := range x.cluster {
		if p := x.cluster[id]; p == uint32(id) {
			x.cluster[id] = uint32(len(x.least))
			x.least = append(x.least, uint32(id))
		} else {
			x.cluster[id] = x.cluster[p]
		}
	}
	x.start = make([]uint32, len(x.least)+1)
	for id, c := range x.cluster {
		x.start[c+1]++
		if least := &x.least[c]; x.addrs.addrs[id].Compare(x.addrs.addrs[*least]) < 0 {
			*least = uint32(id)
		}
	}
	for c := range x.least {
		x.largest = max(x.largest, int(x.start[c+1]))
		x.start[c+1] += x.start[c]
	}
	x.members = make([]uint32, n)
	for id := n - 1; id >= 0; id-- { // from the back, so that start ends where it should
		c := x.cluster[id] + 1
		x.start[c]--
		x.members[x.start[c]] = uint32(id)
	}
	// start[c+1] now is where cluster c begins.
	copy(x.start, x.start[1:])
	x.start[len(x.start)-1] = uint32(n)

	x.byTx = make([]uint32, len(x.skips))
	for i := range x.byTx {
		x.byTx[i] = uint32(i)
	}
	slices.SortFunc(x.byTx, func(a, b uint32) int {
		return cmp.Or(compareTx(x.skips[a].Tx, x.skips[b].Tx), cmp.Compare(a, b))
	})
	x.groupLabels()
	x.cuts, x.linkCuts, x.graph = lazyCuts(x, false), lazyCuts(x, true), lazyGraph(x)
}

// groupLabels gathers the labels of each cluster that has any.
func (x *Index) groupLabels() {
	x.ofCluster, x.custodians = map[uint32][]model.Label{}, map[uint32][]model.Label{}
	for i := range x.labels {
		a, _ := x.labels[i].On.Address()
		if id, ok := x.addrs.id(a); ok {
			c := x.cluster[id]
			x.ofCluster[c] = append(x.ofCluster[c], x.labels[i])
		}
	}
	for c, ls := range x.ofCluster {
		x.ofCluster[c] = slices.Clip(ls)
		if cs := x.custodial(ls); cs != nil {
			x.custodians[c] = cs
		}
	}
}

func compareTx(a, b model.TxID) int { return bytes.Compare(a[:], b[:]) }
