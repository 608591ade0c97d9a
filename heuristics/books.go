package heuristics

import (
	"context"
	"iter"

	"github.com/goldwash/goldwash/sources"
)

// Entries yields the entries of services' own books that match, sorted, and
// nothing without a source of books; [Lookups.Can] tells. They do not count
// against a budget. Accounts, orders and workers are personal data: a finding
// shows no more of an entry than its reader needs.
func (l *Lookups) Entries(ctx context.Context, q sources.EntryQuery) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		if l.s.e.src.Books == nil {
			return
		}
		for e, err := range l.s.e.src.Books.Entries(ctx, q) {
			if err != nil {
				yield(sources.Entry{}, err)
				return
			}
			for _, s := range [...]*string{&e.Service, &e.Account, &e.Order, &e.Pool, &e.Worker, &e.Custodian, &e.Source} {
				*s = clean(*s)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
