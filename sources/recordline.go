package sources

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
)

// recordFormat is the version of the file.
const recordFormat = 1

// recordLine is one line of a recording. The first is a header, then come the
// transactions, the blocks, the answers, and the digest of all that.
type recordLine struct {
	// Header.
	Recording  int          `json:"goldwash_recording,omitempty"`
	Has        []string     `json:"has,omitempty"`
	Provenance []Provenance `json:"provenance,omitempty"`

	// What answers refer to, by txid or block hash. The n-th of those with the
	// same id, counted from 0, has the name "id#n" where n is not 0.
	Tx    *txLine    `json:"tx,omitempty"`
	Block *blockLine `json:"block,omitempty"`

	// An answer: the method, what it was asked, and one of the fields below.
	Op   string   `json:"op,omitempty"`
	Key  string   `json:"key,omitempty"`
	Keys []string `json:"keys,omitempty"` // of a batch that failed

	None    bool        `json:"none,omitempty"` // the source knows of nothing
	Spend   *spendLine  `json:"spend,omitempty"`
	Tip     *placeLine  `json:"tip,omitempty"`
	Price   *priceLine  `json:"price,omitempty"`
	Txs     []string    `json:"txs,omitempty"`
	Blocks  []string    `json:"blocks,omitempty"`
	Labels  []labelLine `json:"labels,omitempty"`
	Tags    []model.Tag `json:"tags,omitempty"`
	Entries []entryLine `json:"entries,omitempty"`
	Error   *errorLine  `json:"error,omitempty"`

	// A sequence stands in pages. The last says how it ended: complete, read no
	// further, or with an error.
	Page int    `json:"page,omitempty"`
	End  string `json:"end,omitempty"`

	// Last line: the number of lines before it, and the SHA-256 of their bytes.
	Lines  int          `json:"lines,omitempty"`
	SHA256 model.Digest `json:"sha256,omitzero"`
}

// Ends of a sequence.
const (
	endComplete = "complete"
	endUnread   = "read no further"
	endError    = "error"
)

// pageSize is the number of elements of a sequence in one line.
const pageSize = 1000

type txLine struct {
	ID    model.TxID    `json:"id"`
	Net   model.Network `json:"net,omitempty"`
	Block placeLine     `json:"block,omitzero"`
	// Raw is the serialisation, from which comes all that the fields below do
	// not say otherwise.
	Raw string `json:"raw"`
	// Unhashed says that the source does not tell enough for the bytes to hash
	// to the id.
	Unhashed bool         `json:"unhashed,omitempty"`
	Size     *int32       `json:"size,omitempty"`
	Weight   *int32       `json:"weight,omitempty"`
	In       []*inputLine `json:"in,omitempty"`  // null: nothing else is known than the bytes tell
	Out      []*string    `json:"out,omitempty"` // owners; null: the one of the script
}

type inputLine struct {
	Value   *model.Amount  `json:"value,omitempty"`
	Owner   string         `json:"owner,omitempty"`
	By      string         `json:"by,omitempty"`
	SigHash *model.SigHash `json:"sighash,omitempty"` // where the bytes say otherwise
}

// network tells to which one the addresses of a transaction belong.
func network(t *model.Tx) model.Network {
	for i := range t.Outputs {
		if a := t.Outputs[i].Owner; !a.IsZero() {
			return a.Network()
		}
	}
	for i := range t.Inputs {
		if a := t.Inputs[i].Owner; !a.IsZero() {
			return a.Network()
		}
	}
	return model.Mainnet
}

// lineOfTx writes a transaction down as its bytes and what they do not tell.
func lineOfTx(t *model.Tx) (*txLine, error) {
	raw := model.AppendTx(nil, t)
	l := &txLine{ID: t.ID, Net: network(t), Block: placeLine{t.Block}, Raw: hex.EncodeToString(raw)}
	told, err := model.DecodeTx(raw, l.Net)
	if err != nil {
		return nil, err
	}
	l.Unhashed = told.ID != t.ID
	if told.Size != t.Size {
		l.Size = &t.Size
	}
	if told.Weight != t.Weight {
		l.Weight = &t.Weight
	}
	for i := range t.Inputs {
		in, raw := &t.Inputs[i], &told.Inputs[i]
		sig := in.SigHash != raw.SigHash
		if !in.ValueKnown && sameOwner(in, raw) && !sig {
			continue
		}
		if l.In == nil {
			l.In = make([]*inputLine, len(t.Inputs))
		}
		n := &inputLine{}
		if in.ValueKnown {
			n.Value = &in.Value
		}
		if in.OwnerBy != model.OwnerUnknown {
			n.Owner, n.By = in.Owner.String(), in.OwnerBy.String()
		}
		if sig {
			n.SigHash = &in.SigHash
		}
		l.In[i] = n
	}
	for i := range t.Outputs {
		if owner := t.Outputs[i].Owner; owner != told.Outputs[i].Owner {
			if l.Out == nil {
				l.Out = make([]*string, len(t.Outputs))
			}
			text := owner.String()
			l.Out[i] = &text
		}
	}
	return l, nil
}

// tx reads what lineOfTx wrote.
func (l *txLine) tx() (*model.Tx, error) {
	raw, err := hex.DecodeString(l.Raw)
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	t, err := model.DecodeTx(raw, l.Net)
	if err != nil {
		return nil, fmt.Errorf("raw: %w", err)
	}
	if hashed := t.ID == l.ID; hashed == l.Unhashed {
		return nil, fmt.Errorf("the bytes hash to %v", t.ID)
	}
	t.ID, t.Block = l.ID, l.Block.at
	if l.Size != nil {
		t.Size = *l.Size
	}
	if l.Weight != nil {
		t.Weight = *l.Weight
	}
	if l.In != nil && len(l.In) != len(t.Inputs) {
		return nil, fmt.Errorf("in: %d of %d inputs", len(l.In), len(t.Inputs))
	}
	for i, n := range l.In {
		if n == nil {
			continue
		}
		in := &t.Inputs[i]
		if n.Value != nil {
			in.Value, in.ValueKnown = *n.Value, true
		}
		if in.Owner, err = readAddress(n.Owner, l.Net); err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		switch n.By {
		case "":
			in.OwnerBy = model.OwnerUnknown
		case model.OwnerPrevout.String():
			in.OwnerBy = model.OwnerPrevout
		case model.OwnerUnlocking.String():
			in.OwnerBy = model.OwnerUnlocking
		default:
			return nil, fmt.Errorf("input %d: owner by %q", i, n.By)
		}
		if n.SigHash != nil {
			in.SigHash = *n.SigHash
		}
	}
	if l.Out != nil && len(l.Out) != len(t.Outputs) {
		return nil, fmt.Errorf("out: %d of %d outputs", len(l.Out), len(t.Outputs))
	}
	for i, text := range l.Out {
		if text == nil {
			continue
		}
		if t.Outputs[i].Owner, err = readAddress(*text, l.Net); err != nil {
			return nil, fmt.Errorf("output %d: %w", i, err)
		}
	}
	return t, nil
}

func readAddress(s string, net model.Network) (model.Address, error) {
	if s == "" {
		return model.Address{}, nil
	}
	return model.ParseAddress(s, net)
}

// sameOwner reports whether two inputs say the same about their owner.
func sameOwner(a, b *model.Input) bool {
	return a.OwnerBy == b.OwnerBy && (a.Owner == b.Owner || a.OwnerBy == model.OwnerUnknown)
}

// sameTx reports whether two transactions are the same in everything they say;
// what stands in a field that is marked as unknown says nothing.
func sameTx(a, b *model.Tx) bool {
	return a.ID == b.ID && a.Version == b.Version && a.LockTime == b.LockTime && a.Size == b.Size && a.Weight == b.Weight &&
		sameRef(a.Block, b.Block) &&
		slices.EqualFunc(a.Inputs, b.Inputs, func(a, b model.Input) bool {
			return a.Prev == b.Prev && a.ValueKnown == b.ValueKnown && (a.Value == b.Value || !a.ValueKnown) &&
				sameOwner(&a, &b) && a.Sequence == b.Sequence && a.SigHash == b.SigHash &&
				bytes.Equal(a.Script, b.Script) && slices.EqualFunc(a.Witness, b.Witness, bytes.Equal)
		}) &&
		slices.EqualFunc(a.Outputs, b.Outputs, func(a, b model.Output) bool {
			return a.Value == b.Value && a.Owner == b.Owner && bytes.Equal(a.Script, b.Script)
		})
}

func sameRef(a, b model.BlockRef) bool { return known(a) == known(b) }

// known returns a reference without what it does not know.
func known(r model.BlockRef) model.BlockRef {
	out := model.BlockRef{Known: r.Known}
	if r.Has(model.KnownHash) {
		out.Hash = r.Hash
	}
	if r.Has(model.KnownHeight) {
		out.Height = r.Height
	}
	if r.Has(model.KnownPos) {
		out.Pos = r.Pos
	}
	if r.Has(model.KnownTime) {
		out.Time = r.Time
	}
	if r.Has(model.KnownMedian) {
		out.Median = r.Median
	}
	if r.Has(model.KnownBits) {
		out.Bits = r.Bits
	}
	return out
}

// placeLine is a place with the target, which findings do without.
type placeLine struct{ at model.BlockRef }

// IsZero reports whether nothing is known.
func (l placeLine) IsZero() bool { return l.at.IsZero() }

func (l placeLine) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(l.at)
	if err != nil || !l.at.Has(model.KnownBits) {
		return b, err
	}
	b = b[:len(b)-1]
	if len(b) > 1 {
		b = append(b, ',')
	}
	return fmt.Appendf(b, `"bits":%d}`, l.at.Bits), nil
}

func (l *placeLine) UnmarshalJSON(b []byte) error {
	var more struct{ Bits *uint32 }
	if err := errors.Join(json.Unmarshal(b, &l.at), json.Unmarshal(b, &more)); err != nil {
		return err
	}
	if more.Bits != nil {
		l.at.Bits, l.at.Known = *more.Bits, l.at.Known|model.KnownBits
	}
	return nil
}

type blockLine struct {
	Ref    placeLine `json:"ref"`
	Header string    `json:"header,omitempty"` // the 80 bytes; nothing where the source has none
	Txs    []string  `json:"txs,omitempty"`
}

func lineOfBlock(b *model.Block, name func(*model.Tx) string) *blockLine {
	l := &blockLine{Ref: placeLine{b.Ref}}
	if b.Header != (model.BlockHeader{}) {
		l.Header = hex.EncodeToString(model.AppendBlock(nil, &model.Block{Header: b.Header})[:80])
	}
	for _, t := range b.Txs {
		l.Txs = append(l.Txs, name(t))
	}
	return l
}

func (l *blockLine) block(txs map[string]*model.Tx) (*model.Block, error) {
	b := &model.Block{Ref: l.Ref.at}
	if l.Header != "" {
		h, err := hex.DecodeString(l.Header)
		if err != nil || len(h) != 80 {
			return nil, errors.New("header: want 80 bytes in hexadecimal")
		}
		b.Header = model.BlockHeader{
			Version: int32(binary.LittleEndian.Uint32(h)), Prev: model.BlockHash(h[4:36]), MerkleRoot: [32]byte(h[36:68]),
			Time: binary.LittleEndian.Uint32(h[68:]), Bits: binary.LittleEndian.Uint32(h[72:]), Nonce: binary.LittleEndian.Uint32(h[76:]),
		}
		once := sha256.Sum256(h)
		if hash := model.BlockHash(sha256.Sum256(once[:])); l.Ref.at.Has(model.KnownHash) && hash != l.Ref.at.Hash {
			return nil, fmt.Errorf("the header hashes to %v", hash)
		}
	}
	var err error
	b.Txs, err = named(l.Txs, txs)
	return b, err
}

// named returns what names stand for.
func named[T any](names []string, of map[string]*T) ([]*T, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out := make([]*T, len(names))
	for i, n := range names {
		if out[i] = of[n]; out[i] == nil {
			return nil, fmt.Errorf("%q does not stand in a line before", clipped(n))
		}
	}
	return out, nil
}

func sameBlock(a, b *model.Block) bool {
	return sameRef(a.Ref, b.Ref) && a.Header == b.Header && slices.Equal(a.Txs, b.Txs)
}

type spendLine struct {
	State string         `json:"state"`
	By    *model.Inpoint `json:"by,omitempty"`
	AsOf  *int32         `json:"as_of,omitempty"`
}

func lineOfSpend(s model.Spend) *spendLine {
	l := &spendLine{State: s.State.String()}
	if s.By != (model.Inpoint{}) {
		l.By = &s.By
	}
	if s.AsOfKnown {
		l.AsOf = &s.AsOf
	}
	return l
}

func (l *spendLine) spend() (s model.Spend, err error) {
	switch l.State {
	case model.SpendUnknown.String():
	case model.Unspent.String():
		s.State = model.Unspent
	case model.Spent.String():
		s.State = model.Spent
	default:
		return model.Spend{}, fmt.Errorf("spend: state %q", clipped(l.State))
	}
	if l.By != nil {
		s.By = *l.By
	}
	if l.AsOf != nil {
		s.AsOf, s.AsOfKnown = *l.AsOf, true
	}
	return s, nil
}

// labelLine is a label with the network of its address, of which the text does
// not always tell.
type labelLine struct {
	model.Label
	Net model.Network `json:"net,omitempty"`
}

func lineOfLabel(l model.Label) labelLine {
	out := labelLine{Label: l}
	if a, ok := l.On.Address(); ok {
		out.Net = a.Network()
	}
	return out
}

func (l labelLine) label() (model.Label, error) {
	on, err := model.ParseRef(l.On.String(), l.Net)
	l.On = on
	return l.Label, err
}

func linesOfLabels(ls []model.Label) []labelLine {
	var out []labelLine
	for i := range ls {
		out = append(out, lineOfLabel(ls[i]))
	}
	return out
}

func readLabels(ls []labelLine) (out []model.Label, err error) {
	for i := range ls {
		l, err := ls[i].label()
		if err != nil {
			return nil, fmt.Errorf("label %d: %w", i, err)
		}
		out = append(out, l)
	}
	return out, nil
}

type priceLine struct {
	Net      model.Network `json:"net,omitempty"`
	Currency string        `json:"currency"`
	Day      time.Time     `json:"day"`
	Rate     string        `json:"rate"`
	Source   string        `json:"source,omitempty"`
}

// maxRate bounds the digits of a rate.
const maxRate = 64

func lineOfPrice(p model.Price) (*priceLine, error) {
	// A text with all its places; an exponent could make much of little.
	exp := p.Rate.Exponent()
	if exp > maxRate || exp < -maxRate {
		return nil, fmt.Errorf("the rate has the exponent %d", exp)
	}
	return &priceLine{p.Network, p.Currency, p.Day, p.Rate.StringFixed(max(0, -exp)), p.Source}, nil
}

func (l *priceLine) price() (p model.Price, err error) {
	if len(l.Rate) > maxRate || strings.Trim(l.Rate, "-.0123456789") != "" {
		return p, fmt.Errorf("price: rate %q: want a plain decimal of at most %d characters", clipped(l.Rate), maxRate)
	}
	p = model.Price{Network: l.Net, Currency: l.Currency, Day: l.Day, Source: l.Source}
	if err := p.Rate.UnmarshalText([]byte(l.Rate)); err != nil {
		return model.Price{}, fmt.Errorf("price: rate: %w", err)
	}
	return p, nil
}

// entryLine is an entry of a book. Its times are in UTC.
type entryLine struct {
	Kind       string            `json:"kind"`
	Service    string            `json:"service,omitempty"`
	Account    string            `json:"account,omitempty"`
	Time       time.Time         `json:"time,omitzero"`
	Until      time.Time         `json:"until,omitzero"`
	Amount     *model.Amount     `json:"amount,omitempty"`
	Net        model.Network     `json:"net,omitempty"`
	Order      string            `json:"order,omitempty"`
	Pool       string            `json:"pool,omitempty"`
	Worker     string            `json:"worker,omitempty"`
	Address    string            `json:"address,omitempty"`
	AddressNet *model.Network    `json:"address_net,omitempty"` // where it is not Net
	On         string            `json:"on,omitempty"`
	Custodian  string            `json:"custodian,omitempty"`
	Dated      time.Time         `json:"dated,omitzero"`
	Confidence model.Probability `json:"confidence,omitempty"`
	Source     string            `json:"source,omitempty"`
	Line       int               `json:"line,omitempty"`
	Digest     model.Digest      `json:"digest,omitzero"`
}

func lineOfEntry(e Entry) entryLine {
	l := entryLine{
		Kind: e.Kind.String(), Service: e.Service, Account: e.Account, Time: e.Time, Until: e.Until, Net: e.Network,
		Order: e.Order, Pool: e.Pool, Worker: e.Worker, Address: e.Address.String(),
		Custodian: e.Custodian, Dated: e.Dated, Confidence: e.Confidence, Source: e.Source, Line: e.Line, Digest: e.Digest,
	}
	if e.AmountKnown {
		l.Amount = &e.Amount
	}
	if net := e.Address.Network(); !e.Address.IsZero() && net != e.Network {
		l.AddressNet = &net
	}
	if !e.On.IsZero() {
		l.On = e.On.String()
	}
	return l
}

func (l *entryLine) entry() (e Entry, err error) {
	e = Entry{
		Service: l.Service, Account: l.Account, Time: l.Time, Until: l.Until, Network: l.Net,
		Order: l.Order, Pool: l.Pool, Worker: l.Worker,
		Custodian: l.Custodian, Dated: l.Dated, Confidence: l.Confidence, Source: l.Source, Line: l.Line, Digest: l.Digest,
	}
	if e.Kind, err = ParseEntryKind(l.Kind); err != nil {
		return Entry{}, err
	}
	if l.Amount != nil {
		e.Amount, e.AmountKnown = *l.Amount, true
	}
	net := l.Net
	if l.AddressNet != nil {
		net = *l.AddressNet
	}
	if e.Address, err = readAddress(l.Address, net); err == nil && l.On != "" {
		e.On, err = model.ParseRef(l.On, l.Net)
	}
	return e, err
}

func readEntries(ls []entryLine) (out []Entry, err error) {
	for i := range ls {
		e, err := ls[i].entry()
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func copiedEntry(e Entry) (Entry, error) {
	return copied(e, func(e Entry) (*entryLine, error) { l := lineOfEntry(e); return &l, nil }, (*entryLine).entry,
		func(a, b Entry) bool { return a.Compare(&b) == 0 })
}

func samePrice(a, b model.Price) bool {
	return a.Network == b.Network && a.Currency == b.Currency && a.Day.Equal(b.Day) && a.Rate.Equal(b.Rate) && a.Source == b.Source
}

func sameTag(a, b model.Tag) bool {
	return bytes.Equal(a.Bytes, b.Bytes) && a.Entity == b.Entity && a.Confidence == b.Confidence && a.Source == b.Source
}

var errNotHeld = errors.New("the file would not hold it as it is")

// copied returns what a replay will read of a value, which shares no memory with
// it, and an error where that is not the same.
func copied[V, L any](v V, write func(V) (L, error), read func(L) (V, error), same func(a, b V) bool) (out V, err error) {
	l, err := write(v)
	if err != nil {
		return out, err
	}
	b, err := json.Marshal(l)
	if err != nil {
		return out, err
	}
	var again L
	if err := json.Unmarshal(b, &again); err != nil {
		return out, err
	}
	if out, err = read(again); err == nil && !same(v, out) {
		err = errNotHeld
	}
	return out, err
}

func copiedTx(t *model.Tx) (*model.Tx, error) {
	return copied(t, lineOfTx, (*txLine).tx, sameTx)
}

func copiedSpend(s model.Spend) (model.Spend, error) {
	return copied(s, func(s model.Spend) (*spendLine, error) { return lineOfSpend(s), nil }, (*spendLine).spend,
		func(a, b model.Spend) bool { return a == b })
}

func copiedRef(r model.BlockRef) (model.BlockRef, error) {
	return copied(r, func(r model.BlockRef) (placeLine, error) { return placeLine{r}, nil },
		func(l placeLine) (model.BlockRef, error) { return l.at, nil }, sameRef)
}

func copiedLabels(ls []model.Label) ([]model.Label, error) {
	return copied(ls, func(ls []model.Label) ([]labelLine, error) { return linesOfLabels(ls), nil }, readLabels,
		func(a, b []model.Label) bool { return slices.EqualFunc(a, b, model.Label.Equal) })
}

func copiedTag(t model.Tag) (model.Tag, error) {
	self := func(t model.Tag) (model.Tag, error) { return t, nil }
	return copied(t, self, self, sameTag)
}

func copiedPrice(p model.Price) (model.Price, error) {
	if p.IsZero() {
		return model.Price{}, nil
	}
	return copied(p, lineOfPrice, (*priceLine).price, samePrice)
}

// clipped bounds what an error repeats of its input.
func clipped(s string) string {
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}
