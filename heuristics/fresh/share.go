package fresh

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// Whole is the share of everything. Shares count in parts of it, that is in
// 2^-32 but for a difference below 10^-9.
const Whole = math.MaxUint32

// Share says where the value of a transaction's inputs comes from, by the
// haircut rule: Coinbase, Unknown and Stopped sum to Whole exactly. What is
// unknown may be freshly mined or not, so the fresh share lies between Coinbase
// and Coinbase plus Unknown. A Share is immutable.
type Share struct {
	// Coinbase descends from coinbase outputs within the hops.
	Coinbase uint32
	// Unknown cannot be told; Gaps says why.
	Unknown uint32
	// Stopped came out of a labelled service other than a pool. Whatever was
	// paid into the service, its coins count as not fresh.
	Stopped uint32
	// Pools divides Coinbase by who mined it, sorted by entity; the entity is
	// empty for coins of unknown miners. The shares sum to Coinbase.
	Pools []PoolShare
	// Gaps divides Unknown, sorted by reason. The shares sum to Unknown.
	Gaps []Gap
	// Lookups is how many transactions were looked up for this answer, those
	// of the answers that it rests on included.
	Lookups int
	// Immature is how many inputs of the transaction itself spend a coinbase
	// output before consensus lets them: then the data are wrong.
	Immature int
}

// PoolShare is the part of the value that one pool mined.
type PoolShare struct {
	Entity string
	Share  uint32
	// Confidence is the least with which a coinbase transaction was
	// attributed to the pool; 0 for unknown miners.
	Confidence model.Probability
	// Coinbases are the first few coinbase transactions reached, in the order
	// of the inputs.
	Coinbases []model.TxID
}

// maxCoinbases bounds the coinbase transactions that a [PoolShare] names.
const maxCoinbases = 4

// Gap is the part of the value whose origin cannot be told for one reason.
type Gap struct {
	Reason Reason
	Share  uint32
	// Inputs is how many inputs were met for which the reason holds, here and
	// in the transactions before.
	Inputs int
}

// Reason says why the origin of coins cannot be told.
type Reason uint8

// Reasons of a [Gap].
const (
	NoValue  Reason = iota // the value of an input is unknown, and with it every weight
	NoParent               // the source does not know the transaction that is spent
	NoHops                 // the coins are older than the hops reach
	NoBudget               // the budget of look-ups is spent
	Immature               // a coinbase output is spent less than [Maturity] blocks deep: the data are wrong
)

var reasons = [...]string{
	"value of a spent output unknown", "spent transaction not in the source", "further back than the hops reach", "budget of look-ups spent", "immature coinbase",
}

// String returns the reason in words.
func (r Reason) String() string {
	if int(r) >= len(reasons) {
		return fmt.Sprintf("reason(%d)", uint8(r))
	}
	return reasons[r]
}

// AtLeast reports whether the share is num hundredths or more. What the
// remainders of six divisions can take away does not count.
func AtLeast(share uint32, percent int) bool {
	return uint64(share)+8 >= uint64(percent)*Whole/100
}

// Percent returns a share in words, rounded down to a tenth of a percent.
func Percent(share uint32) string {
	t := (uint64(share) + 8) * 1000 / Whole
	t = min(t, 1000)
	return fmt.Sprintf("%d.%d %%", t/10, t%10)
}

// Main returns the pool that mined most of the coins, leaving unknown miners
// out; ok is false where no named pool mined any. Of equal shares the first by
// name counts.
func (s *Share) Main() (p PoolShare, ok bool) {
	for _, q := range s.Pools {
		if q.Entity != "" && q.Share > p.Share {
			p, ok = q, true
		}
	}
	return p, ok
}

// Size returns about how many bytes the share holds.
func (s *Share) Size() int { return 96 + (64+32*maxCoinbases)*len(s.Pools) + 24*len(s.Gaps) }

// String returns the shares in one line: "fresh 50.0 % (Northpool 50.0 %),
// unknown 50.0 %, services 0.0 %".
func (s *Share) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "fresh %s", Percent(s.Coinbase))
	for i, p := range s.Pools {
		sep, name := " (", p.Entity
		if i > 0 {
			sep = ", "
		}
		if name == "" {
			name = "unknown miners"
		}
		fmt.Fprintf(&b, "%s%s %s", sep, name, Percent(p.Share))
	}
	if len(s.Pools) > 0 {
		b.WriteByte(')')
	}
	fmt.Fprintf(&b, ", unknown %s, services %s", Percent(s.Unknown), Percent(s.Stopped))
	for _, g := range s.Gaps {
		fmt.Fprintf(&b, "; %s: %d", g.Reason, g.Inputs)
	}
	return b.String()
}

// mixture adds up where weighted parts come from. Sums have 128 bits: a value
// has at most 51 bits and a share 32, so even a million inputs stay below 2^104.
type mixture struct {
	parts []part
	pools map[string]int // places in parts of the pools met, by each spelling of their names
	total uint64         // weights
}

type part struct {
	kind   partKind
	entity string
	reason Reason
	least  model.Probability
	inputs int
	from   []model.TxID
	hi, lo uint64
	share  uint32
	rest   uint64 // remainder of the division
}

type partKind uint8

const (
	partPool partKind = iota
	partGap
	partStop
)

func (m *mixture) at(k partKind, entity string, r Reason) *part {
	if k == partPool {
		if i, ok := m.pools[entity]; ok {
			return &m.parts[i]
		}
	}
	for i := range m.parts {
		p := &m.parts[i]
		if p.kind == k && p.reason == r && (p.entity == entity || entity != "" && p.entity != "" && model.SameEntity(p.entity, entity)) {
			// Spellings differ between lists: the least stands for all.
			p.entity = min(p.entity, entity)
			m.spelled(k, entity, i)
			return p
		}
	}
	m.spelled(k, entity, len(m.parts))
	m.parts = append(m.parts, part{kind: k, entity: entity, reason: r, least: model.Certain})
	return &m.parts[len(m.parts)-1]
}

// spelled remembers the place of a pool, because folding names is slow.
func (m *mixture) spelled(k partKind, entity string, at int) {
	if k != partPool {
		return
	}
	if m.pools == nil {
		m.pools = map[string]int{}
	}
	m.pools[entity] = at
}

func (p *part) add(share uint32, weight model.Amount) {
	hi, lo := bits.Mul64(uint64(share), uint64(weight))
	var carry uint64
	p.lo, carry = bits.Add64(p.lo, lo, 0)
	p.hi += hi + carry
}

// gap counts an input whose origin is unknown.
func (m *mixture) gap(r Reason, weight model.Amount) {
	p := m.at(partGap, "", r)
	p.add(Whole, weight)
	p.inputs++
	m.total += uint64(weight)
}

// stop counts an input that a service paid.
func (m *mixture) stop(weight model.Amount) {
	m.at(partStop, "", 0).add(Whole, weight)
	m.total += uint64(weight)
}

// mix counts an input whose origin is a share.
func (m *mixture) mix(s *Share, weight model.Amount) {
	for _, q := range s.Pools {
		p := m.at(partPool, q.Entity, 0)
		p.add(q.Share, weight)
		p.least = min(p.least, q.Confidence)
		for _, id := range q.Coinbases {
			if len(p.from) < maxCoinbases && !slices.Contains(p.from, id) {
				p.from = append(p.from, id)
			}
		}
	}
	for _, g := range s.Gaps {
		p := m.at(partGap, "", g.Reason)
		p.add(g.Share, weight)
		p.inputs += g.Inputs
	}
	if s.Stopped > 0 {
		m.at(partStop, "", 0).add(s.Stopped, weight)
	}
	m.total += uint64(weight)
}

// share divides by the largest remainder, so that the parts sum to Whole: each
// quotient rounded down, and what is missing one by one to the parts with the
// largest remainders, of equal remainders to the first.
func (m *mixture) share(lookups int) *Share {
	s := &Share{Lookups: lookups}
	if m.total == 0 {
		n := 0
		for i := range m.parts {
			n += m.parts[i].inputs
		}
		return unknown(NoValue, max(n, 1), lookups)
	}
	slices.SortFunc(m.parts, func(a, b part) int {
		if a.kind != b.kind {
			return int(a.kind) - int(b.kind)
		}
		if a.reason != b.reason {
			return int(a.reason) - int(b.reason)
		}
		return strings.Compare(a.entity, b.entity)
	})
	missing := uint64(Whole)
	order := make([]int, len(m.parts))
	for i := range m.parts {
		p := &m.parts[i]
		q, r := bits.Div64(p.hi, p.lo, m.total) // below 2^32, for no share is more than Whole
		p.share, p.rest = uint32(q), r
		missing -= q
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := m.parts[a].rest, m.parts[b].rest; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for _, i := range order {
		if missing == 0 {
			break
		}
		m.parts[i].share++
		missing--
	}
	for i := range m.parts {
		switch p := &m.parts[i]; {
		case p.kind == partPool && p.share > 0:
			if p.entity == "" {
				p.least = 0
			}
			s.Coinbase += p.share
			s.Pools = append(s.Pools, PoolShare{p.entity, p.share, p.least, p.from})
		case p.kind == partGap && p.inputs > 0:
			s.Unknown += p.share
			s.Gaps = append(s.Gaps, Gap{p.reason, p.share, p.inputs})
		case p.kind == partStop:
			s.Stopped += p.share
		}
	}
	return s
}

// unknown is the share of which nothing can be told.
func unknown(r Reason, inputs, lookups int) *Share {
	return &Share{Unknown: Whole, Gaps: []Gap{{r, Whole, inputs}}, Lookups: lookups}
}
