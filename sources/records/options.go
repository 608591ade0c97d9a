package records

import (
	"fmt"
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Options says what a file does not say itself. The zero value is right for one
// that says everything.
type Options struct {
	// Columns maps the fields of an entry (see the package comment) to the
	// headers or keys under which the file has them. With a nil map they are
	// recognised by name; otherwise those that are not mapped are not read.
	Columns map[string]string
	// Kinds maps the words that a file has for kinds of entries to those of
	// package sources, beside those that the package knows.
	Kinds map[string]sources.EntryKind
	// Pools maps what a file has for a pool, such as the host of its server, to
	// the entity that labels name.
	Pools map[string]string
	// Zone is that of times that state none; nil means UTC.
	Zone *time.Location

	// The rest is for entries that do not state it.
	Kind       sources.EntryKind
	Service    string
	Pool       string
	Custodian  string
	Dated      time.Time
	Confidence model.Probability // of the book; 0 leaves it unstated
}

// Deposits returns the options for a list of what customers paid in to a service.
func Deposits(service string) Options {
	return Options{Kind: sources.EntryDeposit, Service: service}
}

// Orders returns the options for a marketplace's order book.
func Orders(service string) Options {
	return Options{Kind: sources.EntryOrder, Service: service}
}

// Workers returns the options for a pool's list of workers.
func Workers(pool string) Options {
	return Options{Kind: sources.EntryWorker, Service: pool, Pool: pool}
}

// Payouts returns the options for a pool's list of payouts.
func Payouts(pool string) Options {
	return Options{Kind: sources.EntryPayout, Service: pool, Pool: pool}
}

// field is a field of an entry that a column can hold.
type field int

const (
	fKind field = iota
	fService
	fAccount
	fTime
	fUntil
	fAmount
	fSat
	fNetwork
	fCurrency
	fOrder
	fPool
	fWorker
	fAddress
	fOutpoint
	fTx
	fVout
	fCustodian
	fDated
	fConfidence
	fields // count
)

// headers holds, for each field, its own name and then the folded names under
// which services write it, in order of preference.
var headers = [fields][]string{
	fKind:       {"kind", "type", "entrytype", "recordtype", "transactiontype"},
	fService:    {"service", "marketplace", "platform"},
	fAccount:    {"account", "accountid", "userid", "user", "customerid", "customer", "memberid", "member", "clientid", "client", "buyerid", "buyer", "minerid", "subaccount"},
	fTime:       {"time", "timestamp", "datetime", "date", "createdat", "created", "creditedat", "paidat", "starttime", "startedat", "start"},
	fUntil:      {"until", "endtime", "endedat", "end", "completedat", "finishedat"},
	fAmount:     {"amount", "amountbtc", "btcamount", "btc", "value", "paid", "total"},
	fSat:        {"amount_sat", "amountsat", "amountsats", "satoshis", "sats"},
	fNetwork:    {"network"},
	fCurrency:   {"currency", "coin", "asset"},
	fOrder:      {"order", "orderid", "ordernumber", "rentalid", "bidid", "contractid"},
	fPool:       {"pool", "poolname", "poolurl", "poolhost", "stratumurl", "stratumhost", "target"},
	fWorker:     {"worker", "workername", "username", "poolusername", "pooluser", "poollogin"},
	fAddress:    {"address", "payoutaddress", "depositaddress", "walletaddress", "wallet", "btcaddress", "bitcoinaddress"},
	fOutpoint:   {"outpoint", "output"},
	fTx:         {"tx", "txid", "txhash", "transactionid", "transactionhash", "transaction"},
	fVout:       {"vout", "outputindex"},
	fCustodian:  {"custodian"},
	fDated:      {"dated", "exportedat", "exported"},
	fConfidence: {"confidence"},
}

func (f field) String() string { return headers[f][0] }

func fieldNames() (names []string) {
	for f := range fields {
		names = append(names, f.String())
	}
	return names
}

// kinds are the words that services have for kinds of entries, folded.
var kinds = map[string]sources.EntryKind{
	"deposit": sources.EntryDeposit, "credit": sources.EntryDeposit, "topup": sources.EntryDeposit,
	"order": sources.EntryOrder, "rental": sources.EntryOrder, "bid": sources.EntryOrder,
	"worker": sources.EntryWorker,
	"payout": sources.EntryPayout, "payment": sources.EntryPayout, "reward": sources.EntryPayout,
}

// columns finds, for each field, the place of its name; -1 where there is none.
// unused are the names that no field has.
func (o *Options) columns(names []string) (at [fields]int, unused []string, err error) {
	used := make([]bool, len(names))
	for f := range fields {
		at[f] = -1
	}
	take := func(f field, is func(string) bool) bool {
		for i, n := range names {
			if !used[i] && is(n) {
				at[f], used[i] = i, true
				return true
			}
		}
		return false
	}
	if o.Columns != nil {
		var keys []string
		for k := range o.Columns {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			f := slices.Index(fieldNames(), k)
			if f < 0 {
				return at, nil, fmt.Errorf("options: Columns: %q is no field of an entry; the fields are %q", clip(k), fieldNames())
			}
			if !take(field(f), func(n string) bool { return n == o.Columns[k] }) {
				return at, nil, fmt.Errorf("options: Columns: no column %q for the field %s", clip(o.Columns[k]), k)
			}
		}
		return at, nil, nil
	}
	folded := make([]string, len(names))
	for i, n := range names {
		folded[i] = model.EntityKey(n)
	}
	for f, known := range headers {
		for _, want := range known {
			want = model.EntityKey(want)
			i := 0
			for i < len(folded) && (used[i] || folded[i] != want) {
				i++
			}
			if i < len(folded) {
				at[f], used[i] = i, true
				break
			}
		}
	}
	for i, n := range names {
		if !used[i] {
			unused = append(unused, n)
		}
	}
	return at, unused, nil
}

func (o *Options) check() error {
	for _, s := range [...]struct{ field, text string }{{"Service", o.Service}, {"Pool", o.Pool}, {"Custodian", o.Custodian}} {
		if _, err := line(s.text); err != nil {
			return fmt.Errorf("options: %s: %w", s.field, err)
		}
	}
	for word, pool := range o.Pools {
		if _, err := line(pool); err != nil || pool == "" {
			return fmt.Errorf("options: Pools[%q]: %q is not an entity", clip(word), clip(pool))
		}
	}
	for word, k := range o.Kinds {
		if k < sources.EntryDeposit || k > sources.EntryPayout {
			return fmt.Errorf("options: Kinds[%q]: %v is no kind of entry", clip(word), k)
		}
	}
	if o.Kind > sources.EntryPayout {
		return fmt.Errorf("options: Kind: %v is no kind of entry", o.Kind)
	}
	if o.Confidence > model.Certain {
		return fmt.Errorf("options: Confidence: %d is more than 1,000,000 millionths", o.Confidence)
	}
	return nil
}
