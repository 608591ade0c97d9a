package loop

import (
	"context"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// random is the generator SplitMix64 (Steele, Lea and Flood 2014): small, and the
// same everywhere. It is no secret: whoever repeats the test gets the same shifts.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1, each as likely but for one part in 2^64/n.
func (r *random) below(n int64) int64 { return int64(r.next() % uint64(n)) }

// shifts draws the times by which deposits are moved together: all of them stay
// inside the data, with as much before them as tells a start. It returns nil
// where the data have too little room, and else how many seconds there are to
// choose from.
func (n *bench) shifts(ws []window) (out []int64, room int64) {
	p := n.p
	if len(ws) == 0 || p.Shifts <= 0 {
		return nil, 0
	}
	first, last := ws[0].start, ws[0].end
	for i := range ws {
		first = min(first, ws[i].start)
		_, end := ws[i].bounds(p)
		last = max(last, end)
	}
	least, most := secs(p.ShiftMin), secs(p.ShiftMax)
	back := min(first-secs(p.Quiet)-n.first, most)
	ahead := min(n.last-last, most)
	// How many whole seconds there are to choose from on either side.
	before, after := max(back-least+1, 0), max(ahead-least+1, 0)
	if before+after < max(secs(p.Room), 1) {
		return nil, 0
	}
	r := random(p.Seed)
	out = make([]int64, min(p.Shifts, max(fewest, work/max(len(ws)*n.len(), 1))))
	for i := range out {
		if k := r.below(before + after); k < before {
			out[i] = -least - k
		} else {
			out[i] = least + k - before
		}
	}
	slices.Sort(out)
	return out, before + after
}

// alike returns how far a shift must be from another for its outcome to be one of
// its own: within that, the same payouts start as these do, in all rounds that count.
func (c *cause) alike(f *fitted) int64 {
	width := int64(0)
	for r := range f.fits {
		if !f.counts(c.a.p, r) {
			continue
		}
		w, fit := c.a.ws[r], &f.fits[r]
		long := w.end - w.start + secs(c.StartWithin)
		switch {
		case c.flow != nil && fit.early:
			long = secs(c.Start)
		case c.flow != nil:
			long = week
		case fit.early:
			long = w.end - w.start + secs(c.Start)
		}
		if width == 0 || long < width {
			width = long
		}
	}
	return max(width, 1)
}

// Where there are very many rounds and beneficiaries, shifts are fewer, which a
// finding says: work is for how many windows of beneficiaries there is time.
const (
	work   = 200_000_000
	fewest = 99
)

// least is less than any score.
const least = -1 << 40

// atOnce is for how many shifts densities are kept at a time: each takes a
// kilobyte for every round.
const atOnce = 64

// best returns, by shift, the best score of any beneficiary; least where none fits.
// The rounds are shifted together, so that habits of the actor, such as days of
// the week, do not count for him.
func (n *bench) best(ctx context.Context, ws []window, shifts []int64) ([]model.MicroNats, error) {
	var best []model.MicroNats
	for part := range slices.Chunk(shifts, atOnce) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		best = append(best, n.bestOf(ws, part)...)
	}
	return best, nil
}

func (n *bench) bestOf(ws []window, shifts []int64) []model.MicroNats {
	rounds := make([][]*background, len(ws))
	for r := range ws {
		rounds[r] = n.backgrounds(ws[r], shifts)
	}
	best := make([]model.MicroNats, len(shifts))
	for s := range best {
		best[s] = least
	}
	sums := make([]tally, len(shifts))
	fits := make([]fit, len(ws))
	for b := range n.len() {
		clear(sums)
		lo, hi := n.of(b)
		for r := range ws {
			// Shifts are sorted, so the first receipt only moves ahead.
			i := n.after(lo, hi, ws[r].start+shifts[0])
			for s, by := range shifts {
				w := ws[r].shifted(by)
				for i < hi && n.at[i] < w.start {
					i++
				}
				if i == hi {
					break
				}
				f := n.gateAt(lo, hi, i, w)
				if !f.ok {
					continue
				}
				n.weigh(b, w, rounds[r][s], &f)
				sums[s].add(&f, n)
			}
		}
		for s := range sums {
			if sums[s].n == 0 || sums[s].most(n) <= best[s] {
				continue
			}
			// Near enough to look at everything.
			for r := range ws {
				fits[r] = n.fit(b, ws[r].shifted(shifts[s]), rounds[r][s])
			}
			if total, base := combine(n.p, fits); base >= 0 {
				best[s] = max(best[s], total)
			}
		}
	}
	return best
}

// asGood counts the scores that are no less than one.
func asGood(scores []model.MicroNats, score model.MicroNats) (k int) {
	for _, s := range scores {
		if s >= score {
			k++
		}
	}
	return k
}

// tally bounds the weight of a beneficiary's fits from above.
type tally struct {
	n           int32
	alone, more model.MicroNats
}

func (t *tally) add(f *fit, n *bench) {
	t.n++
	g := *f
	if f.started {
		g.shape = n.most
	}
	t.alone = max(t.alone, g.alone())
	t.more += f.again(n.p)
}

func (t *tally) most(n *bench) model.MicroNats { return t.alone + min(t.more, model.FamilyCap) }

// backgrounds returns what is usual in a round's window, by shift.
func (n *bench) backgrounds(w window, shifts []int64) []*background {
	out := make([]*background, len(shifts))
	for s := range out {
		out[s] = &background{}
	}
	_, last := w.bounds(n.p)
	length := last - w.start
	for b := range n.len() {
		lo, hi := n.of(b)
		i := n.after(lo, hi, w.start+shifts[0])
		j := i
		for s, by := range shifts {
			from := w.start + by
			for i < hi && n.at[i] < from {
				i++
			}
			if i == hi {
				break
			}
			for j = max(i, j); j < hi && n.at[j] <= from+length; {
				j++
			}
			out[s].density.add(n.total(i, j))
		}
	}
	for s, by := range shifts {
		out[s].start = n.startWeight(w.shifted(by), int64(out[s].density.n))
	}
	return out
}
