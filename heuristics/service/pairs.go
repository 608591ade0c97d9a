package service

import "slices"

// pairs is a set of pairs of numbers, kept as a flat slice that is sorted and
// rid of doubles whenever it has doubled.
type pairs struct {
	v    []uint64
	next int // length at which to tidy up
}

// add puts a pair in; adding one twice changes nothing.
func (s *pairs) add(a, b uint32) {
	s.v = append(s.v, uint64(a)<<32|uint64(b))
	if len(s.v) >= max(s.next, 1<<12) {
		s.tidy()
		s.next = 2 * len(s.v)
	}
}

func (s *pairs) tidy() {
	slices.Sort(s.v)
	s.v = slices.Compact(s.v)
}

// counts returns how many different pairs there are of each first number below
// n, and drops the set.
func (s *pairs) counts(n int) []uint32 {
	s.tidy()
	out := make([]uint32, n)
	for _, v := range s.v {
		out[v>>32]++
	}
	s.v = nil
	return out
}
