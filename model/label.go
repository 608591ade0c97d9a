package model

import (
	"slices"
	"strings"
	"time"
)

// Label is somebody's statement about who controls an entity of the ledger.
// Labels are claims, not facts: they conflict, age and err. Conflicting labels
// are kept side by side, never overwritten, and every finding lists those it
// rests on.
type Label struct {
	On       Ref      `json:"on"`
	Entity   string   `json:"entity"` // who, as the source spells it; see [SameEntity]
	Category Category `json:"category"`
	Role     Role     `json:"role,omitempty"`
	Method   Method   `json:"method,omitempty"` // how the source came to know
	// Confidence is the probability that the statement is true.
	Confidence Probability `json:"confidence"`
	Source     string      `json:"source"`           // the list, file or person
	Detail     string      `json:"detail,omitempty"` // the source's own words, a link
	Asserted   time.Time   `json:"asserted,omitzero"`
	Retrieved  time.Time   `json:"retrieved,omitzero"`
	// From and To bound the time for which the statement holds, From
	// included and To not; a zero time leaves that end open.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Derivation names the heuristics and evidence that a derived label
	// comes from; it is empty for labels from outside. A finding may not use
	// a label whose derivation holds the finding's own evidence.
	Derivation []string `json:"derivation,omitempty"`
}

// Category is what kind of party a label names. Sources may use others than
// the constants; heuristics give meaning to these only.
type Category string

// Categories that heuristics know.
const (
	HashMarketplace  Category = "hash_marketplace"  // rents out mining power
	CloudMining      Category = "cloud_mining"      // sells mining contracts
	MiningPool       Category = "mining_pool"       // joins miners and pays them
	Exchange         Category = "exchange"          // custodial exchange
	Custodian        Category = "custodian"         // holds coins for others
	Mixer            Category = "mixer"             // custodial mixing service
	PaymentProcessor Category = "payment_processor" // takes payments for merchants
	Gambling         Category = "gambling"          // custodial betting service
	Actor            Category = "actor"             // the party under investigation, or a known thief
)

// Custodial reports whether parties of the category hold coins for many
// customers, so that two coins under one of its keys need not have one owner.
func (c Category) Custodial() bool {
	switch c {
	case HashMarketplace, CloudMining, MiningPool, Exchange, Custodian, Mixer, PaymentProcessor, Gambling:
		return true
	}
	return false
}

// Role is what an address does for the party that a label names.
type Role string

// Roles that heuristics know. The empty role says nothing.
const (
	RoleDeposit   Role = "deposit"   // takes a customer's payments
	RoleHot       Role = "hot"       // pays customers
	RoleCold      Role = "cold"      // reserve
	RolePayout    Role = "payout"    // pays a pool's members
	RoleCollector Role = "collector" // gathers coinbase outputs or deposits
	RoleCoinbase  Role = "coinbase"  // is paid by coinbase transactions
	RoleKey       Role = "key"       // the party holds the key
	RoleAccount   Role = "account"   // the party holds an account at a custodian, who holds the key
)

// Method is how the source of a label came to know.
type Method string

// Methods that heuristics know. The empty method says that the source does not
// tell.
const (
	MethodSeizedKey   Method = "seized_key"
	MethodTestPayment Method = "test_payment"
	MethodDisclosed   Method = "self_disclosed"
	MethodAuthority   Method = "authority"         // published by a court or an agency
	MethodReport      Method = "report"            // published research
	MethodClustering  Method = "vendor_clustering" // not independent of our own co-spend
	MethodTag         Method = "tag"               // coinbase tag or list of pools
	MethodBridge      Method = "bridge"            // origin on another ledger, asserted by the source
	MethodStated      Method = "stated"            // stated by the operator of the run
)

// ValidAt reports whether the label's bounds include the time.
func (l *Label) ValidAt(t time.Time) bool {
	return (l.From.IsZero() || !t.Before(l.From)) && (l.To.IsZero() || t.Before(l.To))
}

// HoldsAt reports whether the label's bounds include the time of a block, by its
// median time past where known. Known is false where the label has bounds and
// the time is not known: then holds is true, because nothing says otherwise. A
// label that would accuse somebody should count only where both are; one that
// protects somebody wherever it holds.
func (l *Label) HoldsAt(b BlockRef) (holds, known bool) {
	if l.From.IsZero() && l.To.IsZero() {
		return true, true
	}
	t, ok := b.When()
	return !ok || l.ValidAt(t), ok
}

// Compare orders labels by every field that tells them apart, so that a list
// can be sorted the same way everywhere. It returns -1, 0 or +1.
func (l *Label) Compare(o *Label) int {
	if c := l.On.Compare(o.On); c != 0 {
		return c
	}
	for _, p := range [...][2]string{
		{string(l.Category), string(o.Category)}, {l.Entity, o.Entity}, {string(l.Role), string(o.Role)},
		{l.Source, o.Source}, {string(l.Method), string(o.Method)}, {l.Detail, o.Detail},
	} {
		if c := strings.Compare(p[0], p[1]); c != 0 {
			return c
		}
	}
	if c := slices.Compare(l.Derivation, o.Derivation); c != 0 {
		return c
	}
	if l.Confidence != o.Confidence {
		if l.Confidence < o.Confidence {
			return -1
		}
		return 1
	}
	for _, p := range [...][2]time.Time{{l.From, o.From}, {l.To, o.To}, {l.Asserted, o.Asserted}, {l.Retrieved, o.Retrieved}} {
		if c := p[0].Compare(p[1]); c != 0 {
			return c
		}
	}
	return 0
}

// Equal reports whether two labels say the same in every field.
func (l Label) Equal(o Label) bool { return l.Compare(&o) == 0 }

// Tag is a byte string by which a mining pool marks the coinbase scripts of its
// blocks.
type Tag struct {
	Bytes      []byte      `json:"bytes"`
	Entity     string      `json:"entity"`
	Confidence Probability `json:"confidence"`
	Source     string      `json:"source"`
}
