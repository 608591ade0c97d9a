package taint

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// haircut divides each colour among the parts in proportion to their sizes. Each
// gets the whole units of its share; the missing ones go to the parts with the
// largest remainders, of equal ones to the first, one to each, and never more to
// a part than it holds. What the colours leave is clean. With several colours a
// part may already be full by the remainders of a lower one: then the unit goes to
// the next.
func (s *Splitter) haircut(in []Segment) {
	s.tally(in)
	n := len(s.sizes)
	switch len(s.colours) {
	case 0:
		for p, v := range s.sizes {
			s.from[p] = len(s.seg)
			s.add(p, v, Clean)
			s.end(p)
		}
		return
	}
	var whole uint64
	for _, v := range s.sizes {
		whole += v
	}
	k := len(s.colours)
	s.got = slices.Grow(s.got[:0], k*n)[:k*n]
	s.room = append(s.room[:0], s.sizes...)
	s.rest = slices.Grow(s.rest[:0], n)[:n]
	for c, t := range s.totals {
		got := s.got[c*n : (c+1)*n]
		for p, v := range s.sizes {
			hi, lo := bits.Mul64(t, v)
			q, _ := bits.Div64(hi, lo, whole) // t is at most the whole, and v too
			got[p] = q
			s.room[p] -= q
		}
	}
	for c, t := range s.totals {
		got := s.got[c*n : (c+1)*n]
		missing := t
		for _, q := range got {
			missing -= q
		}
		if missing > 0 {
			s.remainders(t, whole)
			s.give(got, missing)
		}
	}
	for p := range s.sizes {
		s.from[p] = len(s.seg)
		for c, colour := range s.colours {
			s.add(p, s.got[c*n+p], colour)
		}
		s.add(p, s.room[p], Clean)
		s.end(p)
	}
}

// tally sums the inputs by colour, clean ones apart, in the order of colours.
func (s *Splitter) tally(in []Segment) {
	s.colours, s.totals = s.colours[:0], s.totals[:0]
	for _, g := range in {
		if g.Colour == Clean || g.Value == 0 {
			continue
		}
		i, ok := slices.BinarySearch(s.colours, g.Colour)
		if !ok {
			s.colours, s.totals = slices.Insert(s.colours, i, g.Colour), slices.Insert(s.totals, i, 0)
		}
		s.totals[i] += uint64(g.Value)
	}
}

// remainders ranks the parts by what division leaves of their shares.
func (s *Splitter) remainders(t, whole uint64) {
	s.ranks = s.ranks[:0]
	for p, v := range s.sizes {
		hi, lo := bits.Mul64(t, v)
		_, s.rest[p] = bits.Div64(hi, lo, whole)
		s.ranks = append(s.ranks, int32(p))
	}
	slices.SortFunc(s.ranks, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.rest[b], s.rest[a]), cmp.Compare(a, b))
	})
}

// give hands out units by rank. There is room for all of them, because the parts
// together hold what the colours sum to, and more.
func (s *Splitter) give(got []uint64, missing uint64) {
	for missing > 0 {
		for _, p := range s.ranks {
			if missing > 0 && s.room[p] > 0 {
				got[p]++
				s.room[p]--
				missing--
			}
		}
	}
}

// Coinbase lays out what a coinbase transaction spends: the new coins, which are
// clean, and the fees of the block's other transactions in their order, each with
// its segments. [Splitter.Split] then divides them among the outputs; what the
// miner did not claim comes out as the fee, and is burned. Where feesFirst is set,
// the new coins are last.
func Coinbase(dst []Segment, subsidy model.Amount, fees []Segment, feesFirst bool) []Segment {
	minted := Segment{Value: subsidy}
	if feesFirst {
		return append(append(dst, fees...), minted)
	}
	return append(append(dst, minted), fees...)
}
