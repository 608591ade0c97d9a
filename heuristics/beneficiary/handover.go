package beneficiary

import (
	"cmp"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// maxWindow bounds how many series may start in the time in which a hand-over
// could be: with more, none of them is told from the others.
const maxWindow = 1_000

// handovers finds pairs of wallets of which payouts of one pool to the first stop
// where those to the second start, at the same rate, and no other address of the
// pool fits either.
func (b *build) handovers() {
	x := b.x
	fits := make([][]uint32, len(b.lines)) // by line that stops: those that start
	claims := make([]int, len(b.lines))    // by line that starts: how many stop for it
	byPool := make([][]uint32, len(x.pools))
	for i := range b.lines {
		l := &b.lines[i]
		if l.timed && l.daily > 0 && int(l.to-l.from) >= b.HandoverMin {
			byPool[l.pool] = append(byPool[l.pool], uint32(i))
		}
	}
	for pool, lines := range byPool {
		slices.SortFunc(lines, func(p, q uint32) int {
			return cmp.Or(cmp.Compare(b.lines[p].start, b.lines[q].start), cmp.Compare(p, q))
		})
		crowd := make([]int, len(lines)+1)
		for _, i := range lines {
			a := &b.lines[i]
			// Half an interval more, as no pool keeps the minute.
			within := a.usual + a.usual/2
			if a.end+within >= x.pools[pool].Last {
				continue // whether it stopped is not seen
			}
			from, _ := slices.BinarySearchFunc(lines, a.end+1, func(k uint32, t int64) int { return cmp.Compare(b.lines[k].start, t) })
			to, _ := slices.BinarySearchFunc(lines, a.end+within+1, func(k uint32, t int64) int { return cmp.Compare(b.lines[k].start, t) })
			if to-from > maxWindow {
				crowd[from]++
				crowd[to]--
				b.t.Note("payouts that stop where those to very many start: no hand-over looked for", 1)
				continue
			}
			for _, k := range lines[from:to] {
				if c := &b.lines[k]; c.place != a.place && near(a.daily, c.daily, b.HandoverRate) {
					fits[i] = append(fits[i], k)
					claims[k]++
				}
			}
		}
		deep := 0
		for n, k := range lines {
			if deep += crowd[n]; deep > 0 {
				claims[k] += 2
			}
		}
	}
	for i := range b.lines {
		if len(fits[i]) != 1 || claims[fits[i][0]] != 1 {
			continue
		}
		a, c := &b.lines[i], &b.lines[fits[i][0]]
		if x.addrs[a.place].apart() || x.addrs[c.place].apart() || b.used(a.place) || b.used(c.place) {
			continue
		}
		b.bond(a.place, c.place, Handover, b.Handover, []model.TxID{
			x.txs[x.recs[b.held[a.to-1]].tx].id, x.txs[x.recs[b.held[c.from]].tx].id,
		})
	}
}

// near reports whether a rate differs from another by a share of it at most.
func near(rate, other model.Amount, share model.Probability) bool {
	most, ok := rate.Share(int64(share), int64(model.Certain))
	return ok && max(rate-other, other-rate) <= most
}

// used reports whether the cluster of a place is one that a pool uses.
func (b *build) used(n uint32) bool {
	return b.ids[n] != none && b.internal[b.clusters.ClusterOf(b.ids[n])]
}

// bond links two places once by a rule.
func (b *build) bond(p, q uint32, rule string, w model.MicroNats, txs []model.TxID) {
	p, q = b.ordered(p, q)
	b.bonds = append(b.bonds, bond{a: p, b: q, rule: rule, weight: w, txs: txs})
}

// ordered returns two places by their addresses.
func (b *build) ordered(p, q uint32) (uint32, uint32) {
	if b.x.addrs[q].address.Compare(b.x.addrs[p].address) < 0 {
		return q, p
	}
	return p, q
}
