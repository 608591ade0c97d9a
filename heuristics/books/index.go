package books

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// index holds the entries of all books, in the order of [sources.Entry.Compare],
// and where to find them.
type index struct {
	entries []sources.Entry

	deposits map[model.TxID][]int32    // deposits, and orders that name what paid for them
	paidIn   map[model.Address][]int32 // deposits that name no transaction, by address
	credits  map[key][]int32           // deposits by service and account
	orders   map[key][]int32           // by service and account
	numbered map[key][]int32           // orders by service and number
	workers  map[key][]int32           // workers by pool and name
	payouts  map[key][]int32           // payouts by the service whose account it is, and account, with an address
	named    map[key][]int32           // payouts by pool and worker, with an address
	paid     map[model.Address][]int32 // payouts by address
}

// key is an entity in the form that spellings share, and an id of its own.
type key struct{ entity, id string }

func keyOf(entity, id string) key { return key{model.EntityKey(entity), id} }

func (p *rule) index(ctx context.Context, s *heuristics.Scan) (any, error) {
	x := &index{}
	if !s.Can(sources.Books) {
		return x, nil
	}
	other, more := 0, 0
	for e, err := range s.Entries(ctx, sources.EntryQuery{}) {
		switch {
		case err != nil:
			return nil, err
		case e.Network != s.Network():
			other++
		case len(x.entries) >= p.MaxEntries:
			more++
		default:
			x.entries = append(x.entries, e)
		}
	}
	s.Note("entry of a book of another network, left out", other)
	s.Note("partial: entry of a book beyond the bound, left out", more)
	if len(x.entries) > 0 {
		x.link()
	}
	return x, nil
}

func (x *index) link() {
	x.deposits, x.paidIn, x.paid = map[model.TxID][]int32{}, map[model.Address][]int32{}, map[model.Address][]int32{}
	x.credits, x.orders, x.numbered = map[key][]int32{}, map[key][]int32{}, map[key][]int32{}
	x.workers, x.payouts, x.named = map[key][]int32{}, map[key][]int32{}, map[key][]int32{}
	put := func(m map[key][]int32, entity, id string, i int32) {
		if entity != "" && id != "" {
			k := keyOf(entity, id)
			m[k] = append(m[k], i)
		}
	}
	for n := range x.entries {
		e, i := &x.entries[n], int32(n)
		tx, onLedger := e.On.Tx()
		switch e.Kind {
		case sources.EntryDeposit:
			put(x.credits, e.Service, e.Account, i)
			if onLedger {
				x.deposits[tx] = append(x.deposits[tx], i)
			} else if !e.Address.IsZero() && e.AmountKnown && !e.Time.IsZero() {
				x.paidIn[e.Address] = append(x.paidIn[e.Address], i)
			}
		case sources.EntryOrder:
			if onLedger {
				x.deposits[tx] = append(x.deposits[tx], i)
			}
			put(x.orders, e.Service, e.Account, i)
			put(x.numbered, e.Service, e.Order, i)
		case sources.EntryWorker:
			put(x.workers, poolOf(e), e.Worker, i)
		case sources.EntryPayout:
			if e.Address.IsZero() {
				continue
			}
			put(x.payouts, e.Service, e.Account, i)
			put(x.named, poolOf(e), e.Worker, i)
			x.paid[e.Address] = append(x.paid[e.Address], i)
		}
	}
}

// poolOf returns the pool that an entry of workers or payouts is about. Whose book it
// is, and whose accounts it has, says Service: ids of accounts mean nothing elsewhere.
func poolOf(e *sources.Entry) string {
	if e.Pool != "" {
		return e.Pool
	}
	return e.Service
}

// addressOf returns the address that the name of a worker begins with. No address
// has a character that is neither letter nor digit, so whatever follows one is the
// user's own: addr.rig, addr_rig, addr+difficulty, addr/difficulty.
func addressOf(worker string, net model.Network) (model.Address, bool) {
	name := worker
	if end := strings.IndexFunc(worker, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}); end >= 0 {
		name = worker[:end]
	}
	a, err := model.ParseAddress(name, net)
	return a, err == nil && a.Ownable()
}

// user returns the name of a worker without that of the machine.
func user(worker string) string {
	name, _, _ := strings.Cut(worker, ".")
	return name
}

// maxRows bounds the rows of a pool's book that are looked at for one order.
const maxRows = 50_000

// tie is what a pool's books say of the name of a worker.
type tie struct {
	as   []model.Address // sorted
	rows map[model.Address][]int32
	// accounts counts those that had a worker of the name. Machines are called
	// alike in many accounts, and at most one of them is meant.
	accounts int
	cut      bool // the bound on rows was reached
}

// accounts returns what a pool's books tie to the name of a worker in a time. Rows
// that say that they are of another time are of somebody else, or of an address that
// was given up; of an end that is zero nothing is known. At most limit rows are kept
// of an address.
func (x *index) accounts(pool, worker string, work, paid span, limit int) tie {
	t := tie{rows: map[model.Address][]int32{}}
	as, rows := t.as, t.rows
	left := maxRows
	holders, looked := map[key]bool{}, map[key]bool{}
	folded := map[string]string{} // a book names few services many times
	fold := func(name string) string {
		k, ok := folded[name]
		if !ok {
			k = model.EntityKey(name)
			folded[name] = k
		}
		return k
	}
	add := func(a model.Address, is ...int32) {
		if _, ok := rows[a]; !ok {
			as = append(as, a)
		}
		for _, i := range is {
			if !slices.Contains(rows[a], i) && len(rows[a]) < limit {
				rows[a] = append(rows[a], i)
			}
		}
	}
	names := []string{worker}
	if u := user(worker); u != worker && u != "" {
		names = append(names, u)
	}
	for _, name := range names {
		for _, i := range x.named[keyOf(pool, name)] {
			if left--; left < 0 {
				break
			}
			if e := &x.entries[i]; paid.has(e.Time, e.Time) {
				holders[key{fold(e.Service), e.Account}] = true
				add(e.Address, i)
			}
		}
		for _, w := range x.workers[keyOf(pool, name)] {
			e := &x.entries[w]
			if left--; left < 0 {
				break
			}
			if !work.has(e.Time, e.Until) {
				continue
			}
			who := key{fold(e.Service), e.Account}
			holders[who] = true
			if !e.Address.IsZero() {
				add(e.Address, w)
			}
			if e.Account == "" || looked[who] {
				continue
			}
			looked[who] = true
			for _, i := range x.payouts[who] {
				if left--; left < 0 {
					break
				}
				if o := &x.entries[i]; paid.has(o.Time, o.Time) && fold(poolOf(o)) == fold(pool) {
					add(o.Address, w, i)
				}
			}
		}
		if len(as) > 0 {
			break // the whole name says more than a part of it
		}
	}
	slices.SortFunc(as, model.Address.Compare)
	// A marketplace's account and a pool's may be one customer's, so that each
	// service's are counted by themselves.
	per := map[string]int{}
	for h := range holders {
		if h.id != "" {
			per[h.entity]++
			t.accounts = max(t.accounts, per[h.entity])
		}
	}
	if len(as) > 0 {
		t.accounts = max(t.accounts, 1)
	}
	t.as, t.cut = as, left < 0
	return t
}

// span is a time from one to another, both included; an end that is zero is open.
type span struct{ from, to time.Time }

// has reports whether what began and ended at two times, where they are known,
// may be of the time.
func (s span) has(began, ended time.Time) bool {
	return (s.to.IsZero() || began.IsZero() || !began.After(s.to)) && (s.from.IsZero() || ended.IsZero() || !ended.Before(s.from))
}
