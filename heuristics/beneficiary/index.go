package beneficiary

import (
	"cmp"
	"slices"

	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// Index holds the beneficiaries of a run, as columns. It does not change once
// built and is safe for concurrent use.
type Index struct {
	clusters *cluster.Index
	pools    []Pool
	lost     []int64 // times of what could not be judged, sorted
	txs      []paid  // accepted payouts, in ledger order
	recs     []entry // their receipts, in ledger order
	addrs    []place // addresses paid, in the order of their first receipt
	byID     map[uint32]uint32
	foreign  map[model.Address]uint32 // those that the scope does not hold
	// Beneficiaries are in the order of their first receipts. Number g has the
	// addresses members[from[g]:from[g+1]], sorted, and the receipts
	// order[first[g]:first[g+1]].
	from, members []uint32
	first, order  []uint32
	edges         []Edge     // by beneficiary, then by addresses
	edgesFrom     []uint32   // by beneficiary
	related       []Relation // by address, then by rule and other
	relatedFrom   []uint32   // by address
	labels        []model.Label
	labelsFrom    []uint32 // by address
	// read has, for the beneficiaries whose histories were read, the times of
	// payments that are no receipts.
	read map[int][]int64
}

// paid is an accepted payout.
type paid struct {
	id                       model.TxID
	block                    model.BlockRef
	given, confidence, named model.Probability
	pool                     uint16
	coinbase                 bool
}

// entry is a receipt.
type entry struct {
	amount model.Amount
	tx     uint32 // in Index.txs
	vout   uint32
	addr   uint32 // in Index.addrs
}

// place is an address that was paid.
type place struct {
	address   model.Address
	group     uint32
	first     uint32 // payouts to it, in Index.txs
	last      uint32
	custodian string
	trust     model.Probability
	by        model.Label // what names the custodian
	account   bool
	service   bool
}

// apart reports whether nothing may join the address with another.
func (p *place) apart() bool { return p.account || p.service }

// group numbers the beneficiaries as the build joined them.
func (x *Index) group(b *build) {
	n := uint32(0)
	for i := range x.addrs {
		if root := b.root(uint32(i)); root == uint32(i) {
			x.addrs[i].group = n // the least is the root, so it comes first
			n++
		} else {
			x.addrs[i].group = x.addrs[root].group
		}
	}
	x.from, x.first = make([]uint32, n+1), make([]uint32, n+1)
	for i := range x.addrs {
		x.from[x.addrs[i].group+1]++
	}
	for i := range x.recs {
		x.first[x.addrs[x.recs[i].addr].group+1]++
	}
	sums(x.from)
	sums(x.first)
	x.members, x.order = make([]uint32, len(x.addrs)), make([]uint32, len(x.recs))
	next := slices.Clone(x.from)
	for i := range x.addrs {
		g := x.addrs[i].group
		x.members[next[g]] = uint32(i)
		next[g]++
	}
	for g := range n {
		slices.SortFunc(x.members[x.from[g]:x.from[g+1]], func(p, q uint32) int { return x.addrs[p].address.Compare(x.addrs[q].address) })
	}
	copy(next, x.first)
	for i := range x.recs {
		g := x.addrs[x.recs[i].addr].group
		x.order[next[g]] = uint32(i)
		next[g]++
	}
}

// Len returns the number of beneficiaries, accounts at custodians included.
func (x *Index) Len() int { return max(len(x.from)-1, 0) }

// Pools returns the pools of which the run saw payouts or blocks, sorted by name,
// payouts of unnamed pools first. The slice is shared and must not be changed.
func (x *Index) Pools() []Pool { return x.pools }

// Find returns the number of the beneficiary that an address belongs to; ok is
// false where no payout of the run pays it.
func (x *Index) Find(a model.Address) (i int, ok bool) {
	var n uint32
	if id, known := x.clusters.ID(a); known && id != none {
		n, ok = x.byID[id]
	} else {
		n, ok = x.foreign[a]
	}
	if !ok {
		return 0, false
	}
	return int(x.addrs[n].group), true
}

// seen is as Seen, for one beneficiary: where its histories were read, they tell
// all, but that a payment which was not judged may be a payout.
func (x *Index) seen(i int, pool uint16) Seen {
	if other, ok := x.read[i]; ok {
		lost := slices.Concat(x.lost, other)
		slices.Sort(lost)
		return Seen{Lost: lost}
	}
	return x.Seen(pool)
}

func (x *Index) places(i int) []uint32 { return x.members[x.from[i]:x.from[i+1]] }

// Head returns the least address of a beneficiary, which names it.
func (x *Index) Head(i int) model.Address { return x.addrs[x.places(i)[0]].address }

// Seen returns in which time the run saw payouts of a pool. Before and after it
// there may be more of them. The value is shared and must not be changed.
func (x *Index) Seen(pool uint16) Seen {
	return Seen{From: x.pools[pool].First, To: x.pools[pool].Last, Lost: x.lost}
}

// At returns a beneficiary, in the order of their first receipts. The value is
// made for the caller, from columns: who needs many of them again and again
// keeps of it what matters.
func (x *Index) At(i int) *Beneficiary {
	ids := x.places(i)
	b := &Beneficiary{Head: x.addrs[ids[0]].address, Addresses: make([]model.Address, len(ids)), Receipts: x.receipts(i)}
	for k, id := range ids {
		p := &x.addrs[id]
		b.Addresses[k] = p.address
		if p.account {
			b.Kind, b.Custodian, b.CustodianConfidence = Account, p.custodian, p.trust
		}
		b.ServiceLike = b.ServiceLike || p.service
		b.Labels = append(b.Labels, x.labels[x.labelsFrom[id]:x.labelsFrom[id+1]]...)
		if p.by.Category != "" && !slices.ContainsFunc(b.Labels, p.by.Equal) {
			b.Labels = append(b.Labels, p.by)
		}
		if x.relatedFrom != nil {
			b.Related = append(b.Related, x.related[x.relatedFrom[id]:x.relatedFrom[id+1]]...)
		}
	}
	slices.SortFunc(b.Labels, func(a, c model.Label) int { return a.Compare(&c) })
	if x.edgesFrom != nil {
		b.Edges = slices.Clone(x.edges[x.edgesFrom[i]:x.edgesFrom[i+1]])
		x.explain(b.Edges)
	}
	return b
}

// maxExplained bounds the co-spends of a beneficiary for which the transactions are
// looked up.
const maxExplained = 200

// explain adds to co-spends the transactions that link the two addresses.
func (x *Index) explain(edges []Edge) {
	for i := range edges[:min(len(edges), maxExplained)] {
		if e := &edges[i]; e.Rule == CoSpend {
			for _, l := range x.clusters.Explain(e.A, e.B) {
				e.Tx = append(e.Tx, l.Tx)
			}
		}
	}
}

func (x *Index) receipts(i int) []Receipt {
	at := x.order[x.first[i]:x.first[i+1]]
	rs := make([]Receipt, len(at))
	for k, n := range at {
		e := &x.recs[n]
		t := &x.txs[e.tx]
		rs[k] = Receipt{
			Out: model.Outpoint{Tx: t.id, Vout: e.vout}, Address: x.addrs[e.addr].address, Pool: t.pool,
			Amount: e.amount, Block: t.block, Coinbase: t.coinbase, Confidence: t.confidence,
		}
	}
	return rs
}

// Trains tests each run of a beneficiary's payouts by one pool in which no two are
// more than twice the pool's cadence apart, by pool and in order.
func (x *Index) Trains(i int, p Params) []Train {
	rs := x.byPool(i)
	var out []Train
	for len(rs) > 0 {
		var of []Receipt
		of, rs = cut(rs)
		pool := of[0].Pool
		for _, g := range segments(of, x.pools[pool].Cadence) {
			out = append(out, x.seen(i, pool).Test(of[:g.from], of[g.from:g.to], of[g.to:], x.pools[pool].Cadence, p))
		}
	}
	return out
}

// eachTrain is as Trains, without those that cannot pass.
func (x *Index) eachTrain(i int, p *Params, found func(Train)) {
	if int(x.first[i+1]-x.first[i]) < p.TrainMin {
		return
	}
	rs := x.byPool(i)
	for len(rs) > 0 {
		var of []Receipt
		of, rs = cut(rs)
		pool := of[0].Pool
		for _, g := range segments(of, x.pools[pool].Cadence) {
			if !g.hopeless(of, p) {
				found(x.seen(i, pool).Test(of[:g.from], of[g.from:g.to], of[g.to:], x.pools[pool].Cadence, *p))
			}
		}
	}
}

// byPool returns the receipts of a beneficiary by pool, of each in ledger order.
func (x *Index) byPool(i int) []Receipt {
	rs := x.receipts(i)
	for k := 1; k < len(rs); k++ {
		if rs[k].Pool != rs[0].Pool {
			slices.SortStableFunc(rs, func(a, b Receipt) int { return cmp.Compare(a.Pool, b.Pool) })
			break
		}
	}
	return rs
}

// cut splits receipts by pool after those of the first.
func cut(rs []Receipt) (of, rest []Receipt) {
	k := 1
	for k < len(rs) && rs[k].Pool == rs[0].Pool {
		k++
	}
	return rs[:k], rs[k:]
}
