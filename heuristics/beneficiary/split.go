package beneficiary

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// widths are how coarse the steps are, in millionths of the amount, between which
// payouts that follow each other are compared: those of shares that the pool
// computes, which agree to a satoshi, and those of shares that agree to the
// tolerance.
var widths = [...]model.MicroNats{400, 40_000}

// splits finds pairs of addresses that one payout after the other pays in a
// constant ratio.
//
// To compare every two payees of a payout would take the square of their number.
// Two with a constant ratio grow and shrink alike from each payout to the next,
// so only those that do are compared: for each two payouts in a row of an address,
// the change is rounded, in steps twice, so that what is near shares a step.
func (b *build) splits() {
	type step struct {
		prev, tx, line uint32
		change, cell   int64
	}
	byPool := make([][]uint32, len(b.x.pools))
	for i := range b.lines {
		if l := &b.lines[i]; int(l.to-l.from) >= max(b.SplitMin, 2) {
			byPool[l.pool] = append(byPool[l.pool], uint32(i))
		}
	}
	partners := map[uint32][]uint32{} // by line
	crowded := 0
	var steps []step
	for _, lines := range byPool {
		hits := map[[2]uint32]int{}
		steps = steps[:0]
		for _, i := range lines {
			l := &b.lines[i]
			for k := l.from + 1; k < l.to; k++ {
				a, c := &b.x.recs[b.held[k-1]], &b.x.recs[b.held[k]]
				steps = append(steps, step{prev: a.tx, tx: c.tx, line: i, change: int64(model.LnRatio(int64(c.amount), int64(a.amount)))})
			}
		}
		for _, width := range widths {
			for half := range int64(2) {
				for k := range steps {
					steps[k].cell = floor(steps[k].change+half*int64(width)/2, int64(width))
				}
				slices.SortFunc(steps, func(p, q step) int {
					return cmp.Or(cmp.Compare(p.tx, q.tx), cmp.Compare(p.prev, q.prev), cmp.Compare(p.cell, q.cell), cmp.Compare(p.line, q.line))
				})
				for rest := steps; len(rest) > 0; {
					k := 1
					for k < len(rest) && rest[k].tx == rest[0].tx && rest[k].prev == rest[0].prev && rest[k].cell == rest[0].cell {
						k++
					}
					same := rest[:k]
					rest = rest[k:]
					if k > b.SplitPartners+1 {
						crowded++
						continue
					}
					for n := range same {
						for m := n + 1; m < k; m++ {
							hits[[2]uint32{same[n].line, same[m].line}]++
						}
					}
				}
			}
		}
		var pairs [][2]uint32
		for p, n := range hits {
			if n >= 2 {
				pairs = append(pairs, p)
			}
		}
		slices.SortFunc(pairs, func(p, q [2]uint32) int { return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1])) })
		for _, p := range pairs {
			if b.constant(&b.lines[p[0]], &b.lines[p[1]]) != nil {
				partners[p[0]] = append(partners[p[0]], p[1])
				partners[p[1]] = append(partners[p[1]], p[0])
			}
		}
	}
	b.t.Note("changes from payout to payout that more addresses share than a split has: not compared", crowded)
	many := 0
	for i := range b.lines {
		of := partners[uint32(i)]
		if len(of) > b.SplitPartners {
			many++
			continue
		}
		for _, k := range of {
			if k <= uint32(i) || len(partners[k]) > b.SplitPartners {
				continue
			}
			l, m := &b.lines[i], &b.lines[k]
			if l.place == m.place {
				continue
			}
			p, q := b.ordered(l.place, m.place)
			b.shares = append(b.shares, bond{a: p, b: q, rule: RevenueShare, txs: b.constant(l, m)})
		}
	}
	b.t.Note("addresses paid in a constant ratio with too many others to be a split", many)
	slices.SortStableFunc(b.shares, func(p, q bond) int { return cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b)) })
	b.shares = slices.CompactFunc(b.shares, func(p, q bond) bool { return p.a == q.a && p.b == q.b })
}

// floor divides and rounds down.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// maxShown bounds the transactions that a relation lists.
const maxShown = 8

// constant returns the first payouts that pay both, where the ratio of what they
// pay is constant and says something: it is thrice as steady as the amounts
// themselves, which for two miners who never change are steady too. It returns nil
// where it is not.
func (b *build) constant(l, m *line) []model.TxID {
	var txs []model.TxID
	n := 0
	var loA, loC, hiA, hiC, least, most model.Amount
	for i, k := l.from, m.from; i < l.to && k < m.to; {
		a, c := &b.x.recs[b.held[i]], &b.x.recs[b.held[k]]
		switch {
		case a.tx < c.tx:
			i++
			continue
		case a.tx > c.tx:
			k++
			continue
		}
		if n == 0 || less(a.amount, c.amount, loA, loC) {
			loA, loC = a.amount, c.amount
		}
		if n == 0 || less(hiA, hiC, a.amount, c.amount) {
			hiA, hiC = a.amount, c.amount
		}
		if n == 0 {
			least, most = a.amount, a.amount
		}
		least, most = min(least, a.amount), max(most, a.amount)
		if n++; n <= maxShown {
			txs = append(txs, b.x.txs[a.tx].id)
		}
		i, k = i+1, k+1
	}
	if n < b.SplitMin {
		return nil
	}
	ratio := model.LnRatio(int64(hiA), int64(hiC)) - model.LnRatio(int64(loA), int64(loC))
	if ratio > model.LnRatio(int64(model.Certain+b.SplitTolerance), int64(model.Certain)) {
		return nil
	}
	if spread := model.LnRatio(int64(most), int64(least)); spread < 3*ratio || spread < model.LnRatio(int64(model.Certain+b.SplitTolerance), int64(model.Certain)) {
		return nil
	}
	return txs
}

// less reports whether a/b < c/d, of positive amounts.
func less(a, b, c, d model.Amount) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(d))
	h2, l2 := bits.Mul64(uint64(c), uint64(b))
	return h1 < h2 || h1 == h2 && l1 < l2
}
