// Package books reads what services wrote down about their customers, and says
// where a marketplace's own book closes the loop that a ledger leaves open.
//
// A marketplace knows which of its customers paid in a coin, what hash power he
// ordered, for which pool, and under which name at the pool. Where that name is an
// address, as at pools that know their users by address, the book names the
// address that the pool pays: a finding of the kind "loop/recorded". Where it is
// another name, the pool's own book may tell the address. Where neither does, a
// finding of the kind "deposit/recorded" says which pool to ask. A pool's list of
// payouts also says which addresses it paid for one account: "beneficiary/recorded",
// for addresses that were asked about or that a book named before.
//
// A record is evidence of a kind of its own. It is what its custodian says, and it
// may be careless or forged, so each finding names the custodian, the day of the
// export, the file, the line and the SHA-256 of the row, and compares the record
// with the ledger: that the output exists and holds the amount, that the address is
// the service's, that payouts of the pool reached the address after the order and not
// before it, as they reach a member of long standing. What agrees raises the probability; a contradiction is stated, "the record says X,
// the ledger says Y", and lowers it. Where books say nothing, so does this package.
//
// That an account ordered hash power for an address is not that its holder owns the
// address: anybody can have a pool pay anybody. Customers' accounts and user names
// are not printed; who may see them finds them by file and line.
package books

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/model"
)

// Kinds of finding.
const (
	KindLoop        = "loop/recorded"
	KindDeposit     = "deposit/recorded"
	KindBeneficiary = "beneficiary/recorded"
)

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// Confidence is that of a book for which nobody stated one.
	Confidence model.Probability
	// ByAmount is the probability that a row which names no transaction means
	// the output that has its address, amount and time.
	ByAmount model.Probability
	// AddressPools are pools that know their users by address. At others, Named
	// is the probability that a user's name which is an address is the one that
	// is paid, until a payout of the pool reached it.
	AddressPools []string
	Named        model.Probability
	// Unchecked and Contradicted are the factors where the ledger could not be
	// asked about deposit and payouts, and where it differs from the record.
	Unchecked, Contradicted model.Probability
	// Cap bounds the probability: a record is one custodian's word.
	Cap model.Probability
	// A deposit is credited between CreditBefore before its block's time and
	// CreditAfter after it. An order is placed within OrderWithin of a deposit,
	// lasts OrderLast where its end is not stated, and is paid for by the pool
	// within Settlement of its end.
	CreditBefore, CreditAfter          time.Duration
	OrderWithin, OrderLast, Settlement time.Duration
	// Payouts that come within Before of the order as well confirm nothing, nor
	// do more than MaxRatio of what was ordered.
	Before   time.Duration
	MaxRatio model.Probability
	// MinSat is the least receipt at an address that counts.
	MinSat model.Amount
	// MaxEntries bounds the entries that are kept, MaxOrders those that are
	// looked at for one deposit, MaxPayees the addresses that it may lead to,
	// MaxHistory the transactions of an address that are read, MaxItems what a
	// finding lists, and MaxAddresses the addresses of an account.
	MaxEntries, MaxOrders, MaxPayees, MaxHistory, MaxItems, MaxAddresses int
}

const day = 24 * time.Hour

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		Confidence: model.Percent(90), ByAmount: model.Percent(90),
		AddressPools: []string{"OCEAN", "P2Pool", "Solo CK", "CKPool", "Public Pool"}, Named: model.Percent(60),
		Unchecked: model.Percent(90), Contradicted: model.Percent(25), Cap: model.Percent(95),
		CreditBefore: 3 * time.Hour, CreditAfter: 3 * day, OrderWithin: 60 * day, OrderLast: 10 * day, Settlement: 14 * day,
		Before: 30 * day, MaxRatio: model.Percent(115),
		MinSat: 20_001, MaxEntries: 2_000_000, MaxOrders: 500, MaxPayees: 20, MaxHistory: 1_000, MaxItems: 20, MaxAddresses: 200,
	}
}

// Parameters lists them with their values and where those come from.
func (p Params) Parameters() []model.Parameter {
	var out []model.Parameter
	add := func(name, value string, origin model.Origin, source string) {
		out = append(out, model.Parameter{Name: "books." + name, Value: value, Origin: origin, Source: source})
	}
	share := func(name string, v model.Probability) { add(name, v.String(), model.Chosen, "") }
	seconds := func(name string, v time.Duration, source string) {
		origin := model.Chosen
		if strings.Contains(source, "publish") {
			origin = model.Published
		}
		add(name, strconv.FormatInt(int64(v/time.Second), 10), origin, source)
	}
	num := func(name string, v int) { add(name, strconv.Itoa(v), model.Chosen, "") }
	share("confidence", p.Confidence)
	share("by_amount", p.ByAmount)
	add("address_pools", strings.Join(p.AddressPools, ", "), model.Published, "the pools' own instructions: the user name is the payout address")
	share("named", p.Named)
	share("unchecked", p.Unchecked)
	share("contradicted", p.Contradicted)
	share("cap", p.Cap)
	seconds("credit_before", p.CreditBefore, "seconds; header times may run two hours ahead")
	seconds("credit_after", p.CreditAfter, "seconds")
	seconds("order_within", p.OrderWithin, "seconds; marketplaces return what lies idle for longer")
	seconds("order_last", p.OrderLast, "seconds; as published by NiceHash for STANDARD orders")
	seconds("settlement", p.Settlement, "seconds")
	seconds("before", p.Before, "seconds")
	share("max_ratio", p.MaxRatio)
	add("min_sat", strconv.FormatInt(int64(p.MinSat), 10), model.Chosen, "above twice the 10,000 sat that token wallets put in each output")
	num("max_entries", p.MaxEntries)
	num("max_orders", p.MaxOrders)
	num("max_payees", p.MaxPayees)
	num("max_history", p.MaxHistory)
	num("max_items", p.MaxItems)
	num("max_addresses", p.MaxAddresses)
	return out
}

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the parameters.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	r.self = &heuristics.Heuristic{
		Name: "books",
		Doc: `what services' own books say about deposits and payouts

An output that a service's book lists as a deposit, by outpoint or by address, amount and
time, is tied to the orders of the same account, by the order that the row names or by
those placed after it. The worker of an order is an address where it begins with a valid
one, perhaps with a suffix after a character that no address has; another name is looked up
in the books of the pool, in what they say of the time of the order. Where several accounts
had a worker of the name, at most one is meant, and the probability is shared. Each address that an order leads to makes one finding, with what
the ledger shows of deposit and payouts. The probability is the product of the confidence
in each book, of how the row was matched, of how the address follows from the worker's
name, and of how the ledger compares.

It is wrong where the book is careless or forged, where several people use an account, and
where somebody ordered for an address that is not his own.`,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: KindLoop, Doc: "a service's book ties a deposit to an order that worked for an address; wrong where the book is, or where the address is not the customer's"},
			{Name: KindDeposit, Doc: "a service's book ties a deposit to an order at a pool, whose payee no book names; wrong where the book is"},
			{Name: KindBeneficiary, Doc: "a pool's book lists payouts to several addresses for one account; wrong where the book is, or where several people use an account"},
		},
		Subjects: []model.RefKind{model.KindTx, model.KindAddress},
		Requires: []*heuristics.Heuristic{cluster.Heuristic, payout.Heuristic},
		Params:   p.Parameters(),
		Horizon:  heuristics.Tip,
		Index:    r.index,
		Run:      r.run,
	}
	return r.self
}

// rule is an instance.
type rule struct {
	Params
	self *heuristics.Heuristic
}

// State is how a record compares with the ledger in one respect.
type State uint8

// States of a [Check].
const (
	Unknown State = iota // the ledger could not be asked, or does not tell
	Agrees
	Differs
)

// String returns "unknown", "agrees" or "differs".
func (s State) String() string {
	switch s {
	case Agrees:
		return "agrees"
	case Differs:
		return "differs"
	}
	return "unknown"
}

// Check is one comparison of a record with the ledger, or of its rows with each
// other.
type Check struct {
	Of     string // "amount", "address", "time", "label", "order", "payouts"
	State  State
	Record string // what the record says
	Ledger string // what the ledger says, or why it says nothing
	Items  []model.Item
}

func (c *Check) String() string {
	return fmt.Sprintf("The record says %s, the ledger says %s.", c.Record, c.Ledger)
}
