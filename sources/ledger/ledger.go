package ledger

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Ledger is a chain of blocks in memory with labels, tags, prices and books. It has
// every capability of [sources.Set]. It is made by [New] or [Parse], does not
// change afterwards and is safe for concurrent use; what it returns is shared
// and read-only. The zero value is an empty ledger of mainnet.
type Ledger struct {
	net    model.Network
	blocks []*model.Block
	txs    []*model.Tx // in ledger order

	byID    map[model.TxID]int32 // index into txs
	spent   map[model.Outpoint]model.Inpoint
	history map[model.Address][]int32 // indexes into txs, ascending

	labels     []model.Label
	labelsOn   map[model.Ref][]model.Label // parts of labels
	categories map[model.Address][]model.Category
	tags       []model.Tag
	prices     map[priceKey]model.Price
	books      []sources.Entry // sorted

	name   string
	digest model.Digest
}

// Contents is what a ledger knows beside its chain. [New] copies the slices.
type Contents struct {
	Labels []model.Label
	Tags   []model.Tag
	Prices []model.Price
	Books  []sources.Entry
}

type priceKey struct {
	net      model.Network
	currency string
	day      int64 // days since 1970
}

// maxErrors bounds how many problems one error tells.
const maxErrors = 20

// New makes a ledger of blocks in chain order. It neither changes nor keeps
// the slices; transactions whose inputs lack what the ledger knows of their
// prevouts, or whose Block is not that of their block, are copied and
// completed, the others are kept.
//
// Every block must have a known height, above that of the one before, and a
// coinbase at its first place and nowhere else; ids, hashes and Merkle roots
// must be those of the content, and blocks of consecutive heights must be
// linked by their headers. A transaction may stand once, an output be spent
// once and only after it was made; a known value or owner of an input must be
// that of the prevout; where all values are known no transaction pays more than
// it takes, and no coinbase more than the subsidy and the fees. The ledgers of
// tests are short, so coinbase outputs may be spent from the next transaction
// on. Scripts, signatures and proofs of work are not checked.
//
// The error joins the problems, at most the first 20.
func New(net model.Network, blocks []*model.Block, c Contents) (*Ledger, error) {
	n := 0
	for _, b := range blocks {
		n += len(b.Txs)
	}
	l := &Ledger{
		net:     net,
		blocks:  make([]*model.Block, 0, len(blocks)),
		txs:     make([]*model.Tx, 0, n),
		byID:    make(map[model.TxID]int32, n),
		spent:   make(map[model.Outpoint]model.Inpoint, n),
		history: make(map[model.Address][]int32, n),
	}
	var bad problems
	for _, b := range blocks {
		l.addBlock(b, &bad)
		if bad.full() {
			break
		}
	}
	l.addLabels(c.Labels, &bad)
	l.addTags(c.Tags, &bad)
	l.addPrices(c.Prices, &bad)
	l.addBooks(c.Books, &bad)
	if err := bad.err(); err != nil {
		return nil, err
	}
	return l, nil
}

// Set returns the ledger as a set of sources with every capability.
func (l *Ledger) Set() sources.Set { return sources.Of(l) }

// Network returns the network of the chain.
func (l *Ledger) Network() model.Network { return l.net }

// AppendBlocks appends the chain as it stands in a node's block files: for
// each block the network's magic, the size as four bytes, the least significant
// first, and the block.
func (l *Ledger) AppendBlocks(b []byte) []byte {
	magic := l.net.Magic()
	for _, blk := range l.blocks {
		b = append(b, magic[:]...)
		at := len(b)
		b = model.AppendBlock(append(b, 0, 0, 0, 0), blk)
		binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	}
	return b
}

// Provenance tells the name and digest of the text that a parsed ledger comes
// from, and counts what it holds.
func (l *Ledger) Provenance() []sources.Provenance {
	return []sources.Provenance{{
		Provider: "ledger", Name: l.name, Digest: l.digest,
		Note: fmt.Sprintf("%d blocks, %d transactions, %d labels, %d tags, %d prices",
			len(l.blocks), len(l.txs), len(l.labels), len(l.tags), len(l.prices)),
	}}
}

func (l *Ledger) addBlock(b *model.Block, bad *problems) {
	place := fmt.Sprintf("block %d", len(l.blocks))
	if b.Ref.Has(model.KnownHeight) {
		place = fmt.Sprintf("block at height %d", b.Ref.Height)
	} else {
		bad.add("%s: the height is not known", place)
	}
	if hash := hashHeader(&b.Header); !b.Ref.Has(model.KnownHash) || b.Ref.Hash != hash {
		bad.add("%s: its hash is %v, not that of the header, %v", place, b.Ref.Hash, hash)
	}
	if len(l.blocks) > 0 {
		prev := l.blocks[len(l.blocks)-1].Ref
		switch {
		case b.Ref.Height <= prev.Height:
			bad.add("%s: comes after the block at height %d", place, prev.Height)
		case b.Ref.Height == prev.Height+1 && b.Header.Prev != prev.Hash:
			bad.add("%s: its parent is %v, not the block before, %v", place, b.Header.Prev, prev.Hash)
		}
	}
	ids := make([]model.TxID, len(b.Txs))
	for i, t := range b.Txs {
		ids[i] = t.ID
	}
	if root := model.MerkleRoot(ids); root != b.Header.MerkleRoot {
		bad.add("%s: the Merkle root is not of its transactions", place)
	}
	if len(b.Txs) == 0 {
		bad.add("%s: no coinbase", place)
	}
	ref := b.Ref
	ref.Bits, ref.Known = b.Header.Bits, ref.Known|model.KnownBits
	own := &model.Block{Header: b.Header, Ref: ref, Txs: make([]*model.Tx, len(b.Txs))}
	fees, feesKnown := model.Amount(0), true
	for i, t := range b.Txs {
		if t.Coinbase() != (i == 0) {
			bad.add("%s: transaction %d, %v: a coinbase stands first and nowhere else", place, i, t.ID)
		}
		t = l.addTx(t, ref, int32(i), bad)
		own.Txs[i] = t
		if fee, ok := t.Fee(); !ok {
			feesKnown = feesKnown && i == 0
		} else if fees += fee; fees > model.MaxMoney {
			bad.add("%s: the fees pass 21 million coins", place)
			fees = 0
		}
	}
	if len(own.Txs) > 0 && feesKnown && b.Ref.Has(model.KnownHeight) {
		minted, ok := own.Txs[0].OutputValue()
		if most := l.net.Subsidy(b.Ref.Height) + fees; !ok || minted > most {
			bad.add("%s: the coinbase pays %v, more than subsidy and fees of %v", place, minted, most)
		}
	}
	l.blocks = append(l.blocks, own)
}

// addTx checks a transaction, completes it, and enters it in the indexes.
func (l *Ledger) addTx(t *model.Tx, ref model.BlockRef, pos int32, bad *problems) *model.Tx {
	if id := model.HashTx(t); id != t.ID {
		bad.add("transaction %v: its fields hash to %v", t.ID, id)
	}
	if _, ok := l.byID[t.ID]; ok {
		bad.add("transaction %v stands twice", t.ID)
	}
	for i := range t.Outputs {
		o := &t.Outputs[i]
		if o.Value < 0 || o.Value > model.MaxMoney {
			bad.add("transaction %v: output %d of %v is out of range", t.ID, i, o.Value)
		}
		if want := model.AddressOf(o.Script, l.net); o.Owner != want {
			bad.add("transaction %v: output %d is owned by %q, but its script says %q", t.ID, i, o.Owner, want)
		}
	}

	ref.Pos, ref.Known = pos, ref.Known|model.KnownPos
	changed := t.Block != ref
	inputs := t.Inputs
	for i := range t.Inputs {
		in := &t.Inputs[i]
		if in.Prev.Null() {
			continue
		}
		if by, ok := l.spent[in.Prev]; ok {
			bad.add("transaction %v: input %d spends %v, which %v spends", t.ID, i, in.Prev, by)
		}
		l.spent[in.Prev] = t.Inpoint(i)
		if in.ValueKnown && (in.Value < 0 || in.Value > model.MaxMoney) {
			bad.add("transaction %v: input %d of %v is out of range", t.ID, i, in.Value)
		}
		from, ok := l.byID[in.Prev.Tx]
		if !ok {
			continue // from outside the ledger, or after: completed below
		}
		prev := l.txs[from]
		if int(in.Prev.Vout) >= len(prev.Outputs) {
			bad.add("transaction %v: input %d spends %v, but there are %d outputs", t.ID, i, in.Prev, len(prev.Outputs))
			continue
		}
		o := &prev.Outputs[in.Prev.Vout]
		if in.ValueKnown && in.Value != o.Value {
			bad.add("transaction %v: input %d has the value %v, its prevout %v", t.ID, i, in.Value, o.Value)
		}
		if in.OwnerBy != model.OwnerUnknown && in.Owner != o.Owner {
			bad.add("transaction %v: input %d is owned by %q, its prevout by %q", t.ID, i, in.Owner, o.Owner)
		}
		if !in.ValueKnown || in.OwnerBy != model.OwnerPrevout {
			if &inputs[0] == &t.Inputs[0] {
				inputs, changed = slices.Clone(inputs), true
			}
			inputs[i].Value, inputs[i].ValueKnown = o.Value, true
			inputs[i].Owner, inputs[i].OwnerBy = o.Owner, model.OwnerPrevout
		}
	}
	// A transaction may spend an output that this one makes only after it.
	for i := range t.Outputs {
		if by, ok := l.spent[t.Outpoint(i)]; ok {
			bad.add("transaction %v: its output %d is spent before it is made, by %v", t.ID, i, by)
		}
	}
	if changed {
		own := *t
		own.Inputs, own.Block = inputs, ref
		t = &own
	}
	if in, ok := t.InputValue(); ok {
		if out, ok := t.OutputValue(); !ok || out > in {
			bad.add("transaction %v: pays %v, more than the %v that it takes", t.ID, out, in)
		}
	}

	at := int32(len(l.txs))
	l.txs = append(l.txs, t)
	l.byID[t.ID] = at
	for i := range t.Outputs {
		l.touch(t.Outputs[i].Owner, at)
	}
	for i := range t.Inputs {
		if t.Inputs[i].OwnerBy != model.OwnerUnknown {
			l.touch(t.Inputs[i].Owner, at)
		}
	}
	return t
}

// touch notes that the last transaction pays or spends an address.
func (l *Ledger) touch(a model.Address, at int32) {
	if a.IsZero() {
		return
	}
	h := l.history[a]
	if len(h) == 0 || h[len(h)-1] != at {
		l.history[a] = append(h, at)
	}
}

func (l *Ledger) addLabels(labels []model.Label, bad *problems) {
	l.labels = slices.Clone(labels)
	slices.SortStableFunc(l.labels, func(a, b model.Label) int { return a.Compare(&b) })
	l.labelsOn = make(map[model.Ref][]model.Label)
	l.categories = make(map[model.Address][]model.Category)
	for from := 0; from < len(l.labels); {
		on := l.labels[from].On
		to := from + 1
		for to < len(l.labels) && l.labels[to].On == on {
			to++
		}
		l.labelsOn[on] = l.labels[from:to:to]
		a, isAddress := on.Address()
		for i := from; i < to; i++ {
			b := &l.labels[i]
			switch {
			case on.IsZero():
				bad.add("label %q: is on nothing", b.Entity)
			case isAddress && a.Network() != l.net:
				bad.add("label %q: is on an address of %v", b.Entity, a.Network())
			case b.Confidence > model.Certain:
				bad.add("label %q: confidence %v is more than 1", b.Entity, b.Confidence)
			}
			if isAddress && !slices.Contains(l.categories[a], b.Category) {
				l.categories[a] = append(l.categories[a], b.Category)
			}
		}
		from = to
	}
}

func (l *Ledger) addTags(tags []model.Tag, bad *problems) {
	l.tags = slices.Clone(tags)
	slices.SortStableFunc(l.tags, func(a, b model.Tag) int {
		return cmp.Or(bytes.Compare(a.Bytes, b.Bytes), strings.Compare(a.Entity, b.Entity),
			strings.Compare(a.Source, b.Source), cmp.Compare(a.Confidence, b.Confidence))
	})
	for i := range l.tags {
		if len(l.tags[i].Bytes) == 0 {
			bad.add("tag of %q: no bytes", l.tags[i].Entity)
		}
		if l.tags[i].Confidence > model.Certain {
			bad.add("tag of %q: confidence %v is more than 1", l.tags[i].Entity, l.tags[i].Confidence)
		}
	}
}

func (l *Ledger) addPrices(prices []model.Price, bad *problems) {
	l.prices = make(map[priceKey]model.Price, len(prices))
	for _, p := range prices {
		if p.IsZero() {
			bad.add("price of %s: no currency", p.Day.UTC().Format(time.DateOnly))
			continue
		}
		if !p.Day.Equal(p.Day.UTC().Truncate(24 * time.Hour)) {
			bad.add("price in %s: its day %v is not midnight UTC", p.Currency, p.Day)
		}
		if !p.Rate.IsPositive() {
			bad.add("price in %s of %s: the rate %v is not positive", p.Currency, p.Day.UTC().Format(time.DateOnly), p.Rate)
		}
		key := keyOfPrice(p.Network, p.Currency, p.Day)
		if _, ok := l.prices[key]; ok {
			bad.add("price in %s of %s stands twice", p.Currency, p.Day.UTC().Format(time.DateOnly))
		}
		l.prices[key] = p
	}
}

func keyOfPrice(net model.Network, currency string, at time.Time) priceKey {
	const day = 24 * 60 * 60
	sec := at.Unix()
	d := sec / day
	if sec%day < 0 {
		d--
	}
	return priceKey{net, currency, d}
}

func hashHeader(h *model.BlockHeader) model.BlockHash {
	raw := model.AppendBlock(make([]byte, 0, 96), &model.Block{Header: *h})[:80]
	once := sha256.Sum256(raw)
	return sha256.Sum256(once[:])
}

// problems collects errors up to maxErrors.
type problems struct {
	errs []error
	more int
}

func (p *problems) add(format string, args ...any) { p.addErr(fmt.Errorf(format, args...)) }

func (p *problems) addErr(err error) {
	if p.full() {
		p.more++
		return
	}
	p.errs = append(p.errs, err)
}

func (p *problems) full() bool { return len(p.errs) >= maxErrors }

func (p *problems) err() error { return errors.Join(p.errs...) }
