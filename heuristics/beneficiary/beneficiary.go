package beneficiary

import (
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Kind says what the addresses of a beneficiary are.
type Kind uint8

// Kinds of beneficiary.
const (
	// Wallet: nothing says that a custodian holds the keys.
	Wallet Kind = iota
	// Account: the address is a custodian's, and whoever is paid there is a
	// customer of it. It is one address, and nothing behind it is followed.
	Account
)

// String returns "wallet" or "account".
func (k Kind) String() string {
	if k == Account {
		return "account"
	}
	return "wallet"
}

// Receipt is an output of an accepted payout that pays a beneficiary.
type Receipt struct {
	Out     model.Outpoint
	Address model.Address
	Pool    uint16 // index into [Index.Pools]
	Amount  model.Amount
	Block   model.BlockRef // with the target where the sources tell it
	// Coinbase is true where a generation transaction pays.
	Coinbase bool
	// Confidence is the probability that the transaction is a payout of the
	// pool.
	Confidence model.Probability
}

// Rules by which addresses are related.
const (
	CoSpend       = "co_spend"      // one cluster of addresses that sign together
	Consolidation = "consolidation" // both forward to one address
	Change        = "change"        // a prediction of change links them, where the clusters follow those
	Handover      = "handover"      // payouts to one stop where those to the other start
	RevenueShare  = "revenue_share" // paid together in a constant ratio: no sign of one owner
)

// Edge says why two addresses are taken for one beneficiary's.
type Edge struct {
	A, B model.Address // A is less than B
	Rule string        // CoSpend, Consolidation or Handover
	// Tx are the transactions that show it: for CoSpend those that link A with
	// B, step by step; for more than the first 200 edges of a beneficiary they
	// are left out.
	Tx     []model.TxID
	Weight model.MicroNats
}

// Relation is what links an address of a beneficiary with one that is not taken
// for its own.
type Relation struct {
	Address model.Address // of the beneficiary
	Other   model.Address
	Rule    string // RevenueShare, Change, Handover or Consolidation
	// Weight is that for one owner; 0 for RevenueShare, which is none.
	Weight model.MicroNats
	Tx     []model.TxID
}

// Beneficiary is who payouts go to: one or more addresses that are taken for one
// party's. It is no identification, and anybody can order a pool to pay an
// address that is not his.
type Beneficiary struct {
	Head      model.Address // the least of Addresses
	Addresses []model.Address
	Kind      Kind
	// Custodian names who holds the keys of an account, "" where that is not
	// known; CustodianConfidence is that of the label.
	Custodian           string
	CustodianConfidence model.Probability
	Receipts            []Receipt // in ledger order
	Edges               []Edge    // sorted by their addresses
	Related             []Relation
	// ServiceLike is true where the cluster of the address behaves like that
	// of a service which holds coins for many customers.
	ServiceLike bool
	Labels      []model.Label // on the addresses, sorted
}

// Of returns the receipts of one pool, in ledger order.
func (b *Beneficiary) Of(pool uint16) []Receipt {
	var rs []Receipt
	for i := range b.Receipts {
		if b.Receipts[i].Pool == pool {
			rs = append(rs, b.Receipts[i])
		}
	}
	return rs
}

// Pools returns the pools that pay the beneficiary, as indexes into
// [Index.Pools], sorted.
func (b *Beneficiary) Pools() []uint16 {
	var ps []uint16
	for i := range b.Receipts {
		ps = append(ps, b.Receipts[i].Pool)
	}
	slices.Sort(ps)
	return slices.Compact(ps)
}

// Pool is a pool of which the run saw payouts or blocks.
type Pool struct {
	// Entity is its name, "" for payouts of pools that nothing names.
	Entity string
	// Payouts counts the accepted payouts, and Paid is what their receipts
	// hold.
	Payouts int
	Paid    model.Amount
	// Blocks counts the blocks attributed to the pool among the subjects of
	// the run, and Mined is what their generation transactions pay.
	Blocks int
	Mined  model.Amount
	// Cadence is the usual time between payouts, the median; 0 where fewer
	// than two with known times were seen.
	Cadence time.Duration
	// First and Last are the times of the first and the last payout seen, in
	// Unix seconds; 0 where none is known.
	First, Last int64
}

// Coverage returns which share of what the pool mined its recognised payouts
// hold. It is false where no block of the pool was seen, and where the payouts
// hold more than its blocks minted: then blocks are missing, or others' coins are
// paid out, and the share is not known.
func (p Pool) Coverage() (model.Probability, bool) {
	if p.Mined <= 0 {
		return 0, false
	}
	part, ok := p.Paid.Share(int64(model.Certain), int64(p.Mined))
	if !ok || part > model.Amount(model.Certain) {
		return 0, false
	}
	return model.Probability(max(part, 0)), true
}
