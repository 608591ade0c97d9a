package sources

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
)

// BookReader reads a service's own books: what a marketplace or a pool wrote down
// about its customers, beside what the ledger shows.
type BookReader interface {
	// Entries yields every entry that matches the query, sorted by
	// [Entry.Compare], conflicts included.
	Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error]
}

// EntryKind is what an entry of a book is about.
type EntryKind uint8

// Kinds of [Entry]. The zero value is none.
const (
	_ EntryKind = iota
	// EntryDeposit: coins were credited to an account.
	EntryDeposit
	// EntryOrder: an account bought hash power, to work for a pool under the
	// name of a worker.
	EntryOrder
	// EntryWorker: a worker at a pool belongs to an account of that pool.
	EntryWorker
	// EntryPayout: coins were paid out to an account's address.
	EntryPayout
)

var entryKinds = [...]string{"none", "deposit", "order", "worker", "payout"}

// String returns "deposit", "order", "worker" or "payout".
func (k EntryKind) String() string {
	if int(k) >= len(entryKinds) {
		return fmt.Sprintf("entrykind(%d)", uint8(k))
	}
	return entryKinds[k]
}

// ParseEntryKind reads what String writes.
func ParseEntryKind(s string) (EntryKind, error) {
	for k := EntryDeposit; int(k) < len(entryKinds); k++ {
		if entryKinds[k] == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("kind of entry %q: want deposit, order, worker or payout", clipped(s))
}

// Entry is one row of a service's own books. It is not a fact of the ledger: it
// is what its custodian says, and it is evidence as far as the custodian and the
// way from him are. A field that the book does not have holds its zero value.
//
// Account, Worker and Order are about a customer. They are opaque here, compared
// and never interpreted but for a worker's name that is an address, and they
// are personal data: what shows an entry to a reader shows no more of it than he
// needs.
type Entry struct {
	Kind    EntryKind
	Service string // entity that ran the business, as labels name it
	Account string // the service's id of its customer
	Time    time.Time
	Until   time.Time // when an order or a worker ended
	// Amount is what was credited, ordered or paid, in base units of Network;
	// nothing is known of it where AmountKnown is false.
	Amount      model.Amount
	AmountKnown bool
	Network     model.Network
	Order       string        // the service's id of an order
	Pool        string        // entity for which the hash power worked
	Worker      string        // user name or worker that the pool was given
	Address     model.Address // that was paid
	On          model.Ref     // the transaction or output on the ledger

	Custodian string    // who kept the book and handed it over; the service where it is empty
	Dated     time.Time // when it was exported
	// Confidence is that of the book, as whoever loads it states it; 0 where
	// nobody did.
	Confidence model.Probability
	Source     string       // the file
	Line       int          // in the file, from 1; 0 where there are none
	Digest     model.Digest // SHA-256 of the row as it stands in the file
}

// Keeper returns who kept the book.
func (e *Entry) Keeper() string { return cmp.Or(e.Custodian, e.Service) }

// Compare orders entries by time, kind, service, account, and then by all else;
// it returns -1, 0 or +1. Entries of unknown time come first.
func (e *Entry) Compare(o *Entry) int {
	known := 0
	if e.AmountKnown != o.AmountKnown {
		known = -1
		if e.AmountKnown {
			known = 1
		}
	}
	return cmp.Or(
		e.Time.Compare(o.Time), cmp.Compare(e.Kind, o.Kind),
		strings.Compare(e.Service, o.Service), strings.Compare(e.Account, o.Account), strings.Compare(e.Order, o.Order),
		cmp.Compare(e.Network, o.Network), e.On.Compare(o.On), e.Address.Compare(o.Address),
		known, cmp.Compare(e.Amount, o.Amount), strings.Compare(e.Pool, o.Pool), strings.Compare(e.Worker, o.Worker),
		e.Until.Compare(o.Until), strings.Compare(e.Custodian, o.Custodian), e.Dated.Compare(o.Dated), cmp.Compare(e.Confidence, o.Confidence),
		strings.Compare(e.Source, o.Source), cmp.Compare(e.Line, o.Line), bytes.Compare(e.Digest[:], o.Digest[:]),
	)
}

// EntryQuery says which entries are wanted: those that match every field that is
// not its zero value, so that the zero query is everything.
type EntryQuery struct {
	Kind    EntryKind
	Service string // in any spelling; see [model.SameEntity]
	Account string
	Order   string
	Address model.Address
	Tx      model.TxID // that the entry names, or one of whose outputs it names
}

// Matches reports whether an entry is wanted.
func (q *EntryQuery) Matches(e *Entry) bool {
	tx, _ := e.On.Tx()
	return (q.Kind == 0 || q.Kind == e.Kind) &&
		(q.Service == "" || model.SameEntity(q.Service, e.Service)) &&
		(q.Account == "" || q.Account == e.Account) &&
		(q.Order == "" || q.Order == e.Order) &&
		(q.Address.IsZero() || q.Address == e.Address) &&
		(q.Tx == model.TxID{} || q.Tx == tx)
}

// key names the query in recordings and faults: the fields that are set, one
// after the other.
func (q EntryQuery) key() string {
	var parts []string
	add := func(name, value string) { parts = append(parts, name+"="+value) }
	if q.Kind != 0 {
		add("kind", q.Kind.String())
	}
	for _, f := range [...]struct{ name, value string }{{"service", q.Service}, {"account", q.Account}, {"order", q.Order}} {
		if f.value != "" {
			add(f.name, fmt.Sprintf("%+q", f.value))
		}
	}
	if !q.Address.IsZero() {
		add("address", addressKey(q.Address))
	}
	if q.Tx != (model.TxID{}) {
		add("tx", q.Tx.String())
	}
	return strings.Join(parts, " ")
}

// place names an entry in faults: by where it stands, for what it says is about
// a customer.
func (e *Entry) place() string { return fmt.Sprintf("%s:%d", e.Source, e.Line) }

type joinedBooks []BookReader

func (j joinedBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	seqs := make([]iter.Seq2[Entry, error], len(j))
	for i, r := range j {
		seqs[i] = r.Entries(ctx, q)
	}
	return merge(seqs, func(a, b Entry) int { return a.Compare(&b) })
}
