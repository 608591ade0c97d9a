package records

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Set is a list of entries in memory. It implements [sources.BookReader] and
// [sources.Provenancer]. It is read-only and safe for concurrent use; the zero
// value is empty.
type Set struct {
	entries []sources.Entry // sorted
	// Where an address and an account stand among them, ascending, so that a
	// question about one customer does not read all.
	addresses map[model.Address][]int32
	accounts  map[string][]int32
	skipped   []Skip
	origin    []sources.Provenance
}

var _ interface {
	sources.BookReader
	sources.Provenancer
} = (*Set)(nil)

// Skip is a sort of rows that were left out of a file.
type Skip struct {
	File   string
	Reason string
	Count  int
	Line   int // of the first
}

// String returns "file: 3 of other currencies, the first in line 7".
func (s Skip) String() string {
	return fmt.Sprintf("%s: %d %s, the first in line %d", s.File, s.Count, s.Reason, s.Line)
}

// Entries implements [sources.BookReader].
func (s *Set) Entries(ctx context.Context, q sources.EntryQuery) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		n, at := len(s.entries), func(i int) int { return i }
		if of, ok := s.narrowed(&q); ok {
			n, at = len(of), func(i int) int { return int(of[i]) }
		}
		for i := range n {
			if err := ctx.Err(); err != nil {
				yield(sources.Entry{}, err)
				return
			}
			if e := &s.entries[at(i)]; q.Matches(e) && !yield(*e, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(sources.Entry{}, err)
		}
	}
}

// narrowed returns the places of all entries that can match, where less than all
// can.
func (s *Set) narrowed(q *sources.EntryQuery) ([]int32, bool) {
	switch {
	case !q.Address.IsZero():
		return s.addresses[q.Address], true
	case q.Account != "":
		return s.accounts[q.Account], true
	}
	return nil, false
}

// Len returns the number of entries.
func (s *Set) Len() int { return len(s.entries) }

// Skipped lists what was left out, in the order of the files.
func (s *Set) Skipped() []Skip { return slices.Clone(s.skipped) }

// Provenance implements [sources.Provenancer]: one record a file.
func (s *Set) Provenance() []sources.Provenance { return slices.Clone(s.origin) }

func join(files []*file) *Set {
	s := &Set{}
	for _, f := range files {
		s.entries = append(s.entries, f.entries...)
		s.skipped = append(s.skipped, f.skipped...)
		s.origin = append(s.origin, sources.Provenance{Provider: provider, Name: f.Name, Digest: f.Digest, Note: f.note()})
	}
	slices.SortFunc(s.entries, func(a, b sources.Entry) int { return a.Compare(&b) })
	s.addresses, s.accounts = map[model.Address][]int32{}, map[string][]int32{}
	for i := range s.entries {
		if e := &s.entries[i]; !e.Address.IsZero() {
			s.addresses[e.Address] = append(s.addresses[e.Address], int32(i))
		}
		if e := &s.entries[i]; e.Account != "" {
			s.accounts[e.Account] = append(s.accounts[e.Account], int32(i))
		}
	}
	return s
}

// note says what a file holds, as counts.
func (f *file) note() string {
	var n [sources.EntryPayout + 1]int
	var first, last time.Time
	for i := range f.entries {
		e := &f.entries[i]
		n[e.Kind]++
		if e.Time.IsZero() {
			continue
		}
		if first.IsZero() || e.Time.Before(first) {
			first = e.Time
		}
		if e.Time.After(last) {
			last = e.Time
		}
	}
	parts := []string{f.format, words.Plural(len(f.entries), "entry")}
	for k := sources.EntryDeposit; k <= sources.EntryPayout; k++ {
		if n[k] > 0 {
			parts = append(parts, words.Plural(n[k], k.String()))
		}
	}
	if !first.IsZero() {
		parts = append(parts, first.Format(time.DateOnly)+" to "+last.Format(time.DateOnly))
	}
	slices.SortStableFunc(f.skipped, func(a, b Skip) int { return cmp.Compare(a.Line, b.Line) })
	for _, s := range f.skipped {
		parts = append(parts, fmt.Sprintf("left out %d %s", s.Count, s.Reason))
	}
	if len(f.unused) > 0 {
		parts = append(parts, "columns not read: "+strings.Join(f.unused, ", "))
	}
	return strings.Join(parts, "; ")
}
