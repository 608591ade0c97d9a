package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/model"
)

// Exposure says from whom the coins of a subject come and to whom they went. It
// is immutable.
type Exposure struct {
	Subject model.Ref
	// Addresses are those whose coins were looked at: of a transaction or an
	// output none, of an address itself or its cluster.
	Addresses []model.Address
	// Holder is who labels or behaviour say holds the address; Held is false
	// where nobody is known to. What a service received is its customers'.
	Holder taint.Party
	Held   bool
	// Received is about what was paid to the subject by transactions that it
	// did not sign, Sent about all coins that it ever had. What it gained by
	// transactions that it signed together with others is among those, and not
	// among what it received: Gained is how much, in so many transactions.
	Received, Sent Side
	Gained         model.Amount
	Joint          int
	// Last is the block of the last transaction that was looked at.
	Last model.BlockRef
}

// Side is one direction. Under every policy but Poison, the rows sum exactly to
// what Values says of the policy.
type Side struct {
	// Value is what the rows sum to under the first policy. Values is by
	// policy: of Sent, where the subject signed with others, policies differ
	// about how much of its change was others' before, and so new to it; where
	// nothing could be followed, what it gained counts.
	Value    model.Amount
	Values   []model.Amount
	Coins    int            // outputs that Value is the sum of
	Policies []taint.Policy // Poison last
	Rows     []Row          // parties first, by kind and name, then what is not any party's
	// Beyond counts transactions of the subject that were not looked at,
	// because they are more than the bound or the look-ups; More tells that
	// there are others besides.
	Beyond int
	More   bool
	// Capped counts outputs of which the order of coins was lost; see
	// [taint.Splitter].
	Capped int
	// Inexact counts transactions that could not be divided, because the value
	// of an input is unknown.
	Inexact int
}

// Rest is where coins are that no party has.
type Rest uint8

// Values of Rest.
const (
	WithParty Rest = iota // with the party of the row
	AtSubject             // unspent, or not followed, on the subject's own addresses
	Unspent               // unspent on others' addresses
	InFees
	Destroyed
)

var rests = [...]string{"", "still the subject's", "unspent elsewhere", "fees", "destroyed"}

// String returns the rest in words; nothing for WithParty.
func (r Rest) String() string {
	if int(r) >= len(rests) {
		return "invalid"
	}
	return rests[r]
}

// Row is what one party has to do with the subject's coins.
type Row struct {
	Party taint.Party
	Rest  Rest
	// Direct and Indirect are by policy. Direct coins passed between the party
	// and the subject in one transaction.
	Direct, Indirect []model.Amount
	// Near and Far are the least and the most transactions between the party
	// and the subject; 0 is direct.
	Near, Far int
	// Addresses are the labelled ones, with their labels, sorted.
	Addresses []model.Address
	Labels    []model.Label
	// Least is the lowest confidence with which one of them is the party's.
	Least model.Probability
	// Several tells that several parties signed a transaction on the way, by
	// its signatures or its shape; see [taint.Several]. Of Sent that holds for
	// all rows or for none.
	Several bool
	// Places are the outputs that show it: of Received the subject's receipts,
	// of Sent the outputs of the party; in ledger order.
	Places []Place
}

// Place is one output with what of it counts, by policy.
type Place struct {
	Out     model.Outpoint
	Address model.Address
	Block   model.BlockRef
	Amounts []model.Amount
}

// Amount returns what the row comes to under a policy.
func (s *Side) Amount(r *Row, p taint.Policy) model.Amount {
	i := slices.Index(s.Policies, p)
	if i < 0 {
		return 0
	}
	return r.Direct[i] + r.Indirect[i]
}

// Of sums the rows that the function accepts under a policy. Under Poison a coin
// may count several times.
func (s *Side) Of(p taint.Policy, accept func(*Row) bool) (sum model.Amount) {
	for i := range s.Rows {
		if accept(&s.Rows[i]) {
			sum += s.Amount(&s.Rows[i], p)
		}
	}
	return sum
}

// Category sums what comes from or went to parties of a category under a policy.
func (s *Side) Category(c model.Category, p taint.Policy) model.Amount {
	return s.Of(p, func(r *Row) bool { return r.Party.Category == c && r.Rest == WithParty })
}

// Untold sums what cannot be told under a policy.
func (s *Side) Untold(p taint.Policy) model.Amount {
	return s.Of(p, func(r *Row) bool { return r.Rest == WithParty && r.Party.Kind == taint.Untold })
}

// String lists the rows with their amounts by policy and distances, as "actor
// Kestrel 0.40000000/0.00000000/0.50000000/1.00000000 (0-1)".
func (s *Side) String() string {
	var parts []string
	for i := range s.Rows {
		r := &s.Rows[i]
		name := r.Rest.String()
		if r.Rest == WithParty {
			name = r.Party.String()
		}
		var vs []string
		for k := range s.Policies {
			vs = append(vs, (r.Direct[k] + r.Indirect[k]).String())
		}
		parts = append(parts, fmt.Sprintf("%s %s (%d-%d)", name, strings.Join(vs, "/"), r.Near, r.Far))
	}
	return fmt.Sprintf("%v of %d: %s", s.Value, s.Coins, strings.Join(parts, ", "))
}

// String writes both sides in two lines.
func (x *Exposure) String() string {
	return "received " + x.Received.String() + "\nsent " + x.Sent.String()
}

// Size returns about how many bytes it holds.
func (x *Exposure) Size() int {
	n := 1200 + 60*len(x.Addresses)
	for _, s := range []*Side{&x.Received, &x.Sent} {
		for i := range s.Rows {
			r := &s.Rows[i]
			n += 700 + 400*len(r.Labels) + 60*len(r.Addresses) + 200*len(r.Places)
		}
	}
	return n
}

// table gathers the rows of a side.
type table struct {
	*Side
	at map[rowKey]int
}

type rowKey struct {
	kind    taint.Kind
	entity  string
	cat     model.Category
	address model.Address
	why     taint.Reason
	rest    Rest
}

// row returns the place of a party's row, a new one where there is none.
func (t *table) row(p taint.Party, rest Rest) int {
	k := rowKey{kind: p.Kind, entity: model.EntityKey(p.Entity), cat: p.Category, why: p.Why, rest: rest}
	if p.Kind == taint.Like {
		k.address = p.Address
	}
	i, ok := t.at[k]
	if !ok {
		i = len(t.Rows)
		t.at[k] = i
		n := len(t.Policies)
		t.Rows = append(t.Rows, Row{Party: p, Rest: rest, Near: -1, Direct: make([]model.Amount, n), Indirect: make([]model.Amount, n), Least: p.Confidence})
	}
	r := &t.Rows[i]
	r.Least = min(r.Least, p.Confidence)
	if !p.Address.IsZero() && !slices.Contains(r.Addresses, p.Address) {
		r.Addresses = append(r.Addresses, p.Address)
	}
	for _, l := range append([]model.Label{p.Label}, p.Also...) {
		if !l.On.IsZero() && !slices.ContainsFunc(r.Labels, l.Equal) {
			r.Labels = append(r.Labels, l)
		}
	}
	return i
}

// add books an amount at a place.
func (t *table) add(row, policy, hops int, v model.Amount, at Place) {
	if v <= 0 {
		return
	}
	r := &t.Rows[row]
	if r.Near < 0 || hops < r.Near {
		r.Near = hops
	}
	r.Far = max(r.Far, hops)
	if hops == 0 {
		r.Direct[policy] += v
	} else {
		r.Indirect[policy] += v
	}
	if n := len(r.Places); n == 0 || r.Places[n-1].Out != at.Out {
		at.Amounts = make([]model.Amount, len(t.Policies))
		r.Places = append(r.Places, at)
	}
	r.Places[len(r.Places)-1].Amounts[policy] += v
}

// settle drops empty rows and sorts.
func (t *table) settle() {
	t.Rows = slices.DeleteFunc(t.Rows, func(r Row) bool { return r.Near < 0 })
	for i := range t.Rows {
		r := &t.Rows[i]
		slices.SortFunc(r.Addresses, model.Address.Compare)
		slices.SortFunc(r.Labels, func(a, b model.Label) int { return a.Compare(&b) })
		slices.SortStableFunc(r.Places, func(a, b Place) int {
			return cmp.Or(a.Block.Compare(b.Block), model.RefOutpoint(a.Out).Compare(model.RefOutpoint(b.Out)))
		})
		merged := r.Places[:0]
		for _, p := range r.Places {
			if n := len(merged); n > 0 && merged[n-1].Out == p.Out {
				for k, v := range p.Amounts {
					merged[n-1].Amounts[k] += v
				}
				continue
			}
			merged = append(merged, p)
		}
		r.Places = merged
	}
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Rest, b.Rest), cmp.Compare(order(a.Party.Kind), order(b.Party.Kind)),
			cmp.Compare(a.Party.Entity, b.Party.Entity), cmp.Compare(a.Party.Category, b.Party.Category),
			a.Party.Address.Compare(b.Party.Address), cmp.Compare(a.Party.Why, b.Party.Why))
	})
}

// order puts what is unknown last.
func order(k taint.Kind) int {
	if k == taint.Untold {
		return 1 << 8
	}
	return int(k)
}
