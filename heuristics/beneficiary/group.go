package beneficiary

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func compact(vs []uint32) []uint32 {
	slices.Sort(vs)
	return slices.Compact(vs)
}

// build makes the index at the end of a run.
type build struct {
	*rule
	t        *heuristics.Totals
	clusters *cluster.Index
	x        *Index
	ids      []uint32        // by place: in the index of clusters, or none
	internal map[uint32]bool // clusters that pools use
	up       []uint32        // union-find over places, the least is the root
	size     []uint32        // by root
	lines    []line
	held     []uint32 // receipts by place, then by pool, then in ledger order
	bonds    []bond   // between two places
	shares   []bond   // constant ratios
	lost     int      // transactions that could not be judged
}

// line is the payouts of one pool to one address: held[from:to].
type line struct {
	place      uint32
	from, to   uint32
	pool       uint16
	timed      bool
	start, end int64
	usual      int64 // seconds between two payouts
	daily      model.Amount
}

// bond is what links two places.
type bond struct {
	a, b   uint32 // a before b, by address
	rule   string
	weight model.MicroNats
	txs    []model.TxID
}

func (r *rule) finish(ctx context.Context, t *heuristics.Totals) (any, error) {
	b := &build{rule: r, t: t, clusters: cluster.Of(t), internal: map[uint32]bool{}}
	b.x = &Index{clusters: b.clusters, byID: map[uint32]uint32{}, foreign: map[model.Address]uint32{}}
	b.read()
	b.classify()
	b.cospend()
	b.x.group(b)
	b.line()
	b.handovers()
	b.splits()
	named := b.named()
	if err := b.forwards(ctx, named); err != nil {
		return nil, err
	}
	if b.join() {
		b.x.group(b)
	}
	b.relate()
	named = b.named()
	for i := range b.x.Len() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if named[b.x.Head(i)] {
			if err := b.whole(ctx, i); err != nil {
				return nil, err
			}
		}
		trains := b.trains(i)
		if len(trains) == 0 && !named[b.x.Head(i)] {
			continue
		}
		f, err := b.finding(ctx, i, trains)
		if err != nil {
			return nil, err
		}
		t.Report(f)
	}
	return b.x, nil
}

// whole reads the histories of a beneficiary that the scope names, where the scope
// is what was explored around it: then the pool's payouts are those that the
// exploration met, and only the histories tell whether there are others.
func (b *build) whole(ctx context.Context, i int) error {
	if b.t.Can(sources.Blocks) || !b.t.Can(sources.History) {
		return nil // blocks begin somewhere, and so do histories made of them
	}
	rs := b.x.receipts(i)
	known := map[model.Outpoint]bool{}
	for k := range rs {
		known[rs[k].Out] = true
	}
	var other []int64 // times of other payments to it
	for _, n := range b.x.places(i) {
		a, read := b.x.addrs[n].address, 0
		for tx, err := range b.t.History(ctx, a, sources.Range{}) {
			if err != nil {
				return err
			}
			if read++; read > b.MaxHistory {
				b.t.Note("addresses that the scope names whose histories are too long to be read", 1)
				return nil
			}
			for vout := range tx.Outputs {
				if tx.Outputs[vout].Owner != a || known[tx.Outpoint(vout)] {
					continue
				}
				t, ok := clock(tx.Block)
				if !ok {
					return nil
				}
				other = append(other, t)
			}
		}
	}
	slices.Sort(other)
	if b.x.read == nil {
		b.x.read = map[int][]int64{}
	}
	b.x.read[i] = other
	return nil
}

// named returns the addresses of the beneficiaries of which the scope names one.
func (b *build) named() map[model.Address]bool {
	out := map[model.Address]bool{}
	add := func(on model.Ref) {
		a, ok := on.Address()
		if !ok {
			return
		}
		if i, ok := b.x.Find(a); ok {
			for _, id := range b.x.places(i) {
				out[b.x.addrs[id].address] = true
			}
		}
	}
	s := b.t.Scope()
	for i := range s.Seeds {
		add(s.Seeds[i])
	}
	for i := range s.Actors {
		add(s.Actors[i].On)
	}
	return out
}

// read fills the columns of the index from the results of the run.
func (b *build) read() {
	x := b.x
	names := map[string]string{} // by key: the least spelling
	spell := func(entity string) {
		k := model.EntityKey(entity)
		if old, ok := names[k]; !ok || entity < old {
			names[k] = entity
		}
	}
	receipts := 0
	for _, c := range heuristics.Results[*columns](b.t, b.self) {
		receipts += len(c.vouts)
		if c.paid {
			spell(c.pool)
		}
		if c.minted > 0 {
			spell(c.miner)
		}
	}
	keys := make([]string, 0, len(names))
	for k := range names {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	at := map[string]uint16{}
	const most = 1 << 16
	if len(keys) > most {
		b.t.Note("pools beyond the first 65,536, not told apart from those that nothing names", len(keys)-most)
	}
	for i, k := range keys[:min(len(keys), most)] {
		at[k] = uint16(i)
		x.pools = append(x.pools, Pool{Entity: names[k]})
	}
	times := make([][]int64, len(x.pools))
	x.recs = make([]entry, 0, receipts)
	for ref, c := range heuristics.Results[*columns](b.t, b.self) {
		if c.minted > 0 {
			p := &x.pools[at[model.EntityKey(c.miner)]]
			p.Blocks++
			p.Mined = add(p.Mined, c.minted)
		}
		if c.lost {
			b.t.Note("transactions that may be payouts and could not be judged: no train near them passes", 1)
			if t, ok := clock(c.block); ok {
				x.lost = append(x.lost, t)
			}
			b.lost++
		}
		if !c.paid {
			continue
		}
		id, _ := ref.Tx()
		n := at[model.EntityKey(c.pool)]
		p := &x.pools[n]
		p.Payouts++
		if t, ok := clock(c.block); ok {
			if k := len(times[n]); k > 0 {
				t = max(t, times[n][k-1])
			}
			times[n] = append(times[n], t)
		} else {
			b.t.Note("payouts of unknown time: no interval, rate or train is known of them", 1)
		}
		foreign := c.foreign
		for k := range c.vouts {
			place := uint32(0)
			if c.ids[k] == none {
				place = b.place(none, foreign[0])
				foreign = foreign[1:]
			} else {
				place = b.place(c.ids[k], model.Address{})
			}
			if c.service[k] {
				x.addrs[place].account = true
			}
			x.addrs[place].last = uint32(len(x.txs))
			p.Paid = add(p.Paid, c.amounts[k])
			x.recs = append(x.recs, entry{amount: c.amounts[k], tx: uint32(len(x.txs)), vout: c.vouts[k], addr: place})
		}
		x.txs = append(x.txs, paid{id: id, block: c.block, given: c.given, confidence: c.sure, named: c.named, pool: n, coinbase: c.coinbase})
		for _, cl := range c.internal {
			b.internal[cl] = true
		}
	}
	slices.Sort(x.lost)
	for i := range x.pools {
		x.pools[i].pace(times[i])
	}
}

// place returns the number of an address in the index.
func (b *build) place(id uint32, a model.Address) uint32 {
	x := b.x
	n := uint32(len(x.addrs))
	if id == none {
		if old, ok := x.foreign[a]; ok {
			return old
		}
		x.foreign[a] = n
	} else {
		if old, ok := x.byID[id]; ok {
			return old
		}
		x.byID[id] = n
		a = b.clusters.At(id)
	}
	x.addrs = append(x.addrs, place{address: a, first: uint32(len(x.txs))})
	b.ids = append(b.ids, id)
	return n
}

// batch is how long after each other payouts are of one batch.
const batch = int64(3 * time.Hour / time.Second)

// pace sets the cadence and the span of a pool from the times of its payouts, which
// do not go back. A pool pays in batches: of many transactions at once.
func (p *Pool) pace(times []int64) {
	if len(times) == 0 {
		return
	}
	p.First, p.Last = times[0], times[len(times)-1]
	var batches, all []int64
	since := times[0]
	for i := 1; i < len(times); i++ {
		d := times[i] - times[i-1]
		if d > 0 {
			all = append(all, d)
		}
		if d >= batch {
			batches = append(batches, times[i]-since)
			since = times[i]
		}
	}
	if len(batches) == 0 {
		batches = all
	}
	p.Cadence = time.Duration(median(batches)) * time.Second
}

// classify tells accounts at custodians from wallets, and keeps the labels.
func (b *build) classify() {
	x := b.x
	inferred := depaddr.Of(b.t)
	services := service.Of(b.t)
	x.labelsFrom = make([]uint32, 1, len(x.addrs)+1)
	for n := range x.addrs {
		p := &x.addrs[n]
		own := b.clusters.LabelsOn(p.address)
		x.labels = append(x.labels, own...)
		i, ok := inferred.Inferred(p.address)
		if ok {
			x.labels = append(x.labels, i.Label)
		}
		x.labelsFrom = append(x.labelsFrom, uint32(len(x.labels)))

		at, to := x.txs[p.first].block, x.txs[p.last].block
		// A label that did not hold at the first payout nor at the last names
		// somebody who has gone.
		holds := func(l *model.Label) bool {
			early, _ := l.HoldsAt(at)
			late, _ := l.HoldsAt(to)
			return early || late
		}
		name := func(l *model.Label, trust model.Probability) {
			p.account = true
			if p.custodian == "" || trust > p.trust {
				p.custodian, p.trust, p.by = l.Entity, trust, *l
			}
		}
		for k := range own {
			switch l := &own[k]; {
			case !holds(l):
			case l.Role == model.RoleAccount:
				// Who holds the account is named, and not who holds the key.
				p.account = true
			case custodial(l):
				name(l, l.Confidence)
			}
		}
		if ok && custodial(&i.Label) && holds(&i.Label) {
			name(&i.Label, i.Label.Confidence)
		}
		p.service = services.Like(p.address)
		l, ok := b.clusters.Custodian(p.address, at)
		if !ok {
			l, ok = b.clusters.Custodian(p.address, to)
		}
		if ok && l.On != model.RefAddress(p.address) {
			if custodial(&l) && p.custodian == "" {
				name(&l, l.Confidence.Times(b.Cospend))
			}
			p.account = true
		}
		if p.service && services.Verdict(p.address).Why != service.Labelled {
			// A label that does not hold is no reason to call it an account.
			p.account = true
		}
		if p.account && p.custodian == "" {
			// What made a payee a service's receipt may be a weak label of
			// its cluster.
			all := b.clusters.Labels(p.address)
			for k := range all {
				if custodial(&all[k]) && holds(&all[k]) {
					name(&all[k], all[k].Confidence.Times(b.Cospend))
				}
			}
		}
	}
}

// custodial reports whether a label names who holds coins for customers. A pool's
// addresses are the pool's, and were left out of the receipts.
func custodial(l *model.Label) bool {
	return l.Category.Custodial() && l.Category != model.MiningPool && l.Role != model.RoleAccount
}

// cospend joins the wallets of each cluster.
func (b *build) cospend() {
	x := b.x
	b.up, b.size = make([]uint32, len(x.addrs)), make([]uint32, len(x.addrs))
	var in []uint32
	for n := range x.addrs {
		b.up[n], b.size[n] = uint32(n), 1
		if b.ids[n] != none && !x.addrs[n].apart() {
			in = append(in, uint32(n))
		}
	}
	number := func(n uint32) uint32 { return b.clusters.ClusterOf(b.ids[n]) }
	slices.SortFunc(in, func(p, q uint32) int {
		return cmp.Or(cmp.Compare(number(p), number(q)), x.addrs[p].address.Compare(x.addrs[q].address))
	})
	changes := len(b.clusters.Changes()) > 0
	for len(in) > 0 {
		k := 1
		for k < len(in) && number(in[k]) == number(in[0]) {
			k++
		}
		same := in[:k]
		in = in[k:]
		switch {
		case k == 1:
			continue
		case b.internal[number(same[0])]:
			b.t.Note("addresses that sign together and that a pool uses: not joined", k)
			continue
		case k > b.MaxAddresses:
			b.t.Note("addresses that sign together, too many for one beneficiary: not joined, pending review", k)
			continue
		}
		b.signing(same, changes)
	}
}

// signing links the places of one cluster, which are sorted. Where predictions of
// change join addresses too, those that signatures link are told from those that
// such a prediction links.
func (b *build) signing(same []uint32, changes bool) {
	heads := same[:1:1] // the least place of each part that signatures join
	for _, n := range same[1:] {
		k := 0
		for changes && k < len(heads) && b.predicted(heads[k], n) {
			k++
		}
		if k == len(heads) {
			heads = append(heads, n)
			b.bonds = append(b.bonds, bond{a: same[0], b: n, rule: Change, weight: b.Change})
			continue
		}
		b.bonds = append(b.bonds, bond{a: heads[k], b: n, rule: CoSpend, weight: b.CoSpend})
		if b.CoSpend >= b.Union {
			b.union(heads[k], n)
		}
	}
}

// predicted reports whether two places of one cluster are linked through a
// prediction of change only.
func (b *build) predicted(p, q uint32) bool {
	return slices.ContainsFunc(b.clusters.Explain(b.x.addrs[p].address, b.x.addrs[q].address), func(l cluster.Link) bool { return l.Type == cluster.Change })
}

func (b *build) root(n uint32) uint32 {
	for b.up[n] != n {
		b.up[n] = b.up[b.up[n]]
		n = b.up[n]
	}
	return n
}

// union joins two places, unless that made too many one beneficiary's.
func (b *build) union(p, q uint32) bool {
	p, q = b.root(p), b.root(q)
	if p == q {
		return true
	}
	if int(b.size[p])+int(b.size[q]) > b.MaxAddresses {
		return false
	}
	if q < p {
		p, q = q, p
	}
	b.up[q] = p
	b.size[p] += b.size[q]
	return true
}

// line cuts the receipts by address and pool.
func (b *build) line() {
	x := b.x
	b.held = make([]uint32, len(x.recs))
	for i := range b.held {
		b.held[i] = uint32(i)
	}
	key := func(n uint32) (uint32, uint16) { e := &x.recs[n]; return e.addr, x.txs[e.tx].pool }
	slices.SortFunc(b.held, func(p, q uint32) int {
		a, k := key(p)
		c, l := key(q)
		return cmp.Or(cmp.Compare(a, c), cmp.Compare(k, l), cmp.Compare(p, q))
	})
	var times []int64
	var sums []model.Amount
	for from := 0; from < len(b.held); {
		addr, pool := key(b.held[from])
		l := line{place: addr, pool: pool, from: uint32(from), timed: true}
		times, sums = times[:0], sums[:0]
		to := from
		for ; to < len(b.held); to++ {
			if a, p := key(b.held[to]); a != addr || p != pool {
				break
			}
			e := &x.recs[b.held[to]]
			t, ok := clock(x.txs[e.tx].block)
			l.timed = l.timed && ok
			if k := len(times); k > 0 {
				t = max(t, times[k-1])
			}
			times, sums = append(times, t), append(sums, e.amount)
		}
		l.to = uint32(to)
		if l.timed {
			l.start, l.end = times[0], times[len(times)-1]
			p := paceOf(times, sums, x.pools[pool].Cadence)
			l.usual, l.daily = int64(p.cadence/time.Second), p.daily
		}
		b.lines = append(b.lines, l)
		from = to
	}
}

// join unites pairs of addresses whose weak edges reach the sum, and reports
// whether there were any.
func (b *build) join() bool {
	shared := map[[2]uint32]bool{}
	for _, s := range b.shares {
		shared[[2]uint32{s.a, s.b}] = true
	}
	slices.SortStableFunc(b.bonds, func(p, q bond) int {
		return cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b), cmp.Compare(p.rule, q.rule))
	})
	b.bonds = slices.CompactFunc(b.bonds, func(p, q bond) bool { return p.a == q.a && p.b == q.b && p.rule == q.rule })
	any := false
	for rest := b.bonds; len(rest) > 0; {
		k := 1
		for k < len(rest) && rest[k].a == rest[0].a && rest[k].b == rest[0].b {
			k++
		}
		pair := rest[:k]
		rest = rest[k:]
		sum := model.MicroNats(0)
		for i := range pair {
			sum += pair[i].weight
		}
		p, q := pair[0].a, pair[0].b
		if sum < b.Union || b.root(p) == b.root(q) || shared[[2]uint32{p, q}] {
			continue
		}
		if !b.union(p, q) {
			b.t.Note("addresses that edges join, too many for one beneficiary: not joined, pending review", 2)
			continue
		}
		any = true
	}
	return any
}

// relate sorts what links addresses into edges of one beneficiary and relations
// of two.
func (b *build) relate() {
	x := b.x
	type of struct {
		n uint32
		e Edge
	}
	var edges []of
	type rel struct {
		n uint32
		r Relation
	}
	var rels []rel
	both := func(d *bond) {
		p, q := x.addrs[d.a].address, x.addrs[d.b].address
		rels = append(rels,
			rel{d.a, Relation{Address: p, Other: q, Rule: d.rule, Weight: d.weight, Tx: d.txs}},
			rel{d.b, Relation{Address: q, Other: p, Rule: d.rule, Weight: d.weight, Tx: d.txs}})
	}
	for i := range b.bonds {
		d := &b.bonds[i]
		if x.addrs[d.a].group != x.addrs[d.b].group {
			both(d)
			continue
		}
		edges = append(edges, of{x.addrs[d.a].group, Edge{A: x.addrs[d.a].address, B: x.addrs[d.b].address, Rule: d.rule, Weight: d.weight, Tx: d.txs}})
	}
	for i := range b.shares {
		both(&b.shares[i])
	}
	slices.SortStableFunc(edges, func(p, q of) int {
		return cmp.Or(cmp.Compare(p.n, q.n), p.e.A.Compare(q.e.A), p.e.B.Compare(q.e.B), cmp.Compare(p.e.Rule, q.e.Rule))
	})
	slices.SortStableFunc(rels, func(p, q rel) int {
		return cmp.Or(cmp.Compare(p.n, q.n), cmp.Compare(p.r.Rule, q.r.Rule), p.r.Other.Compare(q.r.Other))
	})
	x.edgesFrom = make([]uint32, x.Len()+1)
	for i := range edges {
		x.edges = append(x.edges, edges[i].e)
		x.edgesFrom[edges[i].n+1]++
	}
	x.relatedFrom = make([]uint32, len(x.addrs)+1)
	for i := range rels {
		x.related = append(x.related, rels[i].r)
		x.relatedFrom[rels[i].n+1]++
	}
	sums(x.edgesFrom)
	sums(x.relatedFrom)
}

// sums turns counts, each one place later, into where each begins.
func sums(ns []uint32) {
	for i := 1; i < len(ns); i++ {
		ns[i] += ns[i-1]
	}
}

// trains returns the trains of a beneficiary that pass, by pool and in order.
func (b *build) trains(i int) []Train {
	var out []Train
	b.x.eachTrain(i, &b.Params, func(t Train) {
		if t.Passed {
			out = append(out, t)
		}
	})
	return out
}
