package sources

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Set joins capabilities. A nil field means that the capability is absent. A
// Set is copied freely; its fields are not changed after it is in use.
type Set struct {
	Txs     TxReader
	Spends  SpendReader
	History HistoryReader
	Blocks  BlockReader
	Labels  LabelReader
	Tags    TagReader
	Prices  PriceReader
	Select  Selector
	Books   BookReader
	// Provenance says where the data came from, provider by provider.
	Provenance []Provenance

	providers []any
}

// Of joins providers. For each capability of the ledger the first provider that
// has it serves it. Labels, tags and books of all providers are joined, conflicts
// included, and a price comes from the first provider that knows one. It panics
// on a nil provider, which is a mistake of the programmer. A provider may itself be a Set.
func Of(providers ...any) Set {
	var s Set
	var labels []LabelReader
	var tags []TagReader
	var prices []PriceReader
	var books []BookReader
	for _, p := range providers {
		if p == nil {
			panic("sources: Of: nil provider")
		}
		if t, ok := p.(Set); ok {
			first(&s.Txs, t.Txs)
			first(&s.Spends, t.Spends)
			first(&s.History, t.History)
			first(&s.Blocks, t.Blocks)
			first(&s.Select, t.Select)
			labels, tags, prices, books = add(labels, t.Labels), add(tags, t.Tags), add(prices, t.Prices), add(books, t.Books)
			s.Provenance = append(s.Provenance, t.Provenance...)
			s.providers = append(s.providers, t.providers...)
			continue
		}
		firstOf(&s.Txs, p)
		firstOf(&s.Spends, p)
		firstOf(&s.History, p)
		firstOf(&s.Blocks, p)
		firstOf(&s.Select, p)
		labels, tags, prices, books = addOf(labels, p), addOf(tags, p), addOf(prices, p), addOf(books, p)
		if v, ok := p.(Provenancer); ok {
			s.Provenance = append(s.Provenance, v.Provenance()...)
		}
		s.providers = append(s.providers, p)
	}
	switch len(labels) {
	case 0:
	case 1:
		s.Labels = labels[0]
	default:
		s.Labels = joinedLabels(labels)
	}
	switch len(tags) {
	case 0:
	case 1:
		s.Tags = tags[0]
	default:
		s.Tags = joinedTags(tags)
	}
	switch len(prices) {
	case 0:
	case 1:
		s.Prices = prices[0]
	default:
		s.Prices = joinedPrices(prices)
	}
	switch len(books) {
	case 0:
	case 1:
		s.Books = books[0]
	default:
		s.Books = joinedBooks(books)
	}
	return s
}

func first[T comparable](to *T, v T) {
	var none T
	if *to == none {
		*to = v
	}
}

func firstOf[T comparable](to *T, p any) {
	if v, ok := p.(T); ok {
		first(to, v)
	}
}

func add[T comparable](to []T, v T) []T {
	var none T
	if v == none {
		return to
	}
	return append(to, v)
}

func addOf[T any](to []T, p any) []T {
	if v, ok := p.(T); ok {
		return append(to, v)
	}
	return to
}

// As returns the first provider of the set that is a T: a capability that this
// package does not know.
func As[T any](s Set) (v T, ok bool) {
	for _, p := range s.providers {
		if v, ok = p.(T); ok {
			return v, true
		}
	}
	return v, false
}

// Capability is a set of flags, one for each field of a [Set].
type Capability uint32

// Flags of [Capability].
const (
	Txs Capability = 1 << iota
	Spends
	History
	Blocks
	Labels
	Tags
	Prices
	Select
	Books
)

var capabilityNames = [...]string{"Txs", "Spends", "History", "Blocks", "Labels", "Tags", "Prices", "Select", "Books"}

// String returns the flags joined by "|", and "none" for no flag.
func (c Capability) String() string {
	var names []string
	for i, n := range capabilityNames {
		if c&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}

// Has returns the capabilities that the set has.
func (s Set) Has() (c Capability) {
	for i, present := range [...]bool{s.Txs != nil, s.Spends != nil, s.History != nil, s.Blocks != nil,
		s.Labels != nil, s.Tags != nil, s.Prices != nil, s.Select != nil, s.Books != nil} {
		if present {
			c |= 1 << i
		}
	}
	return c
}

// Middleware maps a set to one that behaves otherwise and has the same
// capabilities.
type Middleware func(Set) Set

// Wrap applies middleware; the last is outermost, the first to be asked.
func (s Set) Wrap(ms ...Middleware) Set {
	for _, m := range ms {
		s = m(s)
	}
	return s
}

type joinedLabels []LabelReader

func (j joinedLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for _, r := range j {
		ls, err := r.Labels(ctx, on)
		if err != nil {
			return nil, err
		}
		for i := range ls {
			switch {
			case len(ls[i]) == 0:
			case len(out[i]) == 0:
				out[i] = ls[i]
			default:
				// A new slice: those of the providers are shared.
				out[i] = slices.Concat(out[i], ls[i])
				slices.SortStableFunc(out[i], func(a, b model.Label) int { return a.Compare(&b) })
			}
		}
	}
	return out, nil
}

func (j joinedLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	seqs := make([]iter.Seq2[model.Label, error], len(j))
	for i, r := range j {
		seqs[i] = r.Find(ctx, c)
	}
	return merge(seqs, func(a, b model.Label) int { return a.Compare(&b) })
}

type joinedTags []TagReader

func (j joinedTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	seqs := make([]iter.Seq2[model.Tag, error], len(j))
	for i, r := range j {
		seqs[i] = r.Tags(ctx)
	}
	return merge(seqs, func(a, b model.Tag) int {
		if c := slices.Compare(a.Bytes, b.Bytes); c != 0 {
			return c
		}
		return strings.Compare(a.Entity, b.Entity)
	})
}

// merge joins sorted sequences into one. Ties keep the order of the sequences.
func merge[T any](seqs []iter.Seq2[T, error], compare func(a, b T) int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		type head struct {
			next func() (T, error, bool)
			v    T
		}
		var heads []*head
		for _, seq := range seqs {
			next, stop := iter.Pull2(seq)
			defer stop()
			v, err, ok := next()
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			if ok {
				heads = append(heads, &head{next, v})
			}
		}
		for len(heads) > 0 {
			least := 0
			for i := 1; i < len(heads); i++ {
				if compare(heads[i].v, heads[least].v) < 0 {
					least = i
				}
			}
			h := heads[least]
			if !yield(h.v, nil) {
				return
			}
			v, err, ok := h.next()
			switch {
			case err != nil:
				var zero T
				yield(zero, err)
				return
			case !ok:
				heads = slices.Delete(heads, least, least+1)
			default:
				h.v = v
			}
		}
	}
}

type joinedPrices []PriceReader

func (j joinedPrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	var out []model.Price
	for _, r := range j {
		ps, err := r.Prices(ctx, net, currency, at)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = slices.Clone(ps)
			continue
		}
		for i := range ps {
			if out[i].IsZero() {
				out[i] = ps[i]
			}
		}
	}
	return out, nil
}
