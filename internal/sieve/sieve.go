// Package sieve tells most addresses that are not of a set from those that may be,
// at less cost than looking for them.
package sieve

import (
	"hash/maphash"

	"github.com/goldwash/goldwash/model"
)

// Sieve is a Bloom filter in which all bits of an address stand in one word, so
// that a question waits for memory once at most. It takes two bytes for each
// address, and lets less than one in a hundred of the others pass. The zero value
// lets none pass and takes none. Once filled it is safe for concurrent use.
type Sieve struct {
	seed  maphash.Seed
	words []uint64
}

// New returns an empty sieve for about n addresses.
func New(n int) Sieve {
	size := 8
	for size < n/4 {
		size *= 2
	}
	return Sieve{maphash.MakeSeed(), make([]uint64, size)}
}

// Add adds an address.
func (s *Sieve) Add(a model.Address) {
	at, bits := s.of(a)
	s.words[at] |= bits
}

// May reports whether an address may have been added. It is never wrong where it
// says no.
func (s *Sieve) May(a model.Address) bool {
	if len(s.words) == 0 {
		return false
	}
	at, bits := s.of(a)
	return s.words[at]&bits == bits
}

func (s *Sieve) of(a model.Address) (at int, bits uint64) {
	h := maphash.Comparable(s.seed, a)
	return int(h>>24) & (len(s.words) - 1), 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}
