package prices

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/internal/datafile"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const provider = "prices"

// Set is a list of daily rates in memory. It implements [sources.PriceReader]
// and [sources.Provenancer]. It is read-only and safe for concurrent use; the
// zero value is empty.
type Set struct {
	at     map[key]rate
	origin []sources.Provenance
}

var _ interface {
	sources.PriceReader
	sources.Provenancer
} = (*Set)(nil)

// key is a day's rate: days are counted from 1970-01-01 UTC.
type key struct {
	net      model.Network
	currency string
	day      int64
}

type rate struct {
	price model.Price
	where string // file and line
}

func dayOf(t time.Time) int64 {
	s := t.Unix()
	d := s / 86400
	if s%86400 < 0 {
		d--
	}
	return d
}

// Open reads the files as one set.
func Open(paths ...string) (*Set, error) {
	s := &Set{at: map[key]rate{}}
	for _, path := range paths {
		f, err := datafile.Open(path)
		if err != nil {
			return nil, datafile.SourceError(provider, "Open", path, err)
		}
		if err := s.add(f); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Read reads rates from r to its end, at most 256 MiB unpacked. The last element
// of the name is the source of rates that state none.
func Read(r io.Reader, name string) (*Set, error) {
	f, err := datafile.Read(r, name)
	if err != nil {
		return nil, datafile.SourceError(provider, "Read", name, err)
	}
	s := &Set{at: map[key]rate{}}
	if err := s.add(f); err != nil {
		return nil, err
	}
	return s, nil
}

// Prices implements [sources.PriceReader]: the rate of the day, in UTC, that
// holds each time, and the zero Price where the files have none.
func (s *Set) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]model.Price, len(at))
	for i, t := range at {
		out[i] = s.at[key{net, currency, dayOf(t)}].price
	}
	return out, nil
}

// Len returns the number of rates.
func (s *Set) Len() int { return len(s.at) }

// Provenance implements [sources.Provenancer]: one record a file.
func (s *Set) Provenance() []sources.Provenance { return slices.Clone(s.origin) }

const (
	maxColumns = 200
	maxSource  = 1024
)

// table is a file while it is read.
type table struct {
	set  *Set
	file *datafile.File
	r    *csv.Reader
	// date and, in the long shape, the others are columns; -1 where the file
	// has none.
	date, currency, rate, source, network int
	wide                                  []string // currency by column, in the wide shape
	span                                  map[string]*span
}

// span is what a file has of one currency.
type span struct {
	n           int
	first, last time.Time
}

func (s *Set) add(f datafile.File) error {
	t := &table{set: s, file: &f, r: csv.NewReader(bytes.NewReader(f.Text)), span: map[string]*span{}}
	if err := f.LongLine(); err != nil {
		var e *datafile.Error
		errors.As(err, &e)
		return t.errorf(e.Line, 0, "%w", e.Err)
	}
	t.r.Comment, t.r.Comma, t.r.ReuseRecord = '#', f.Delimiter(), true
	t.r.TrimLeadingSpace = t.r.Comma != '\t' // else empty fields are leading space
	header, err := t.r.Read()
	if err == io.EOF {
		return t.errorf(0, 0, "no header: want date,currency,rate or date,USD")
	}
	if err != nil {
		return t.csvError(err)
	}
	if err := t.header(header); err != nil {
		return err
	}
	for {
		row, err := t.r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return t.csvError(err)
		}
		if err := t.row(row); err != nil {
			return err
		}
	}
	s.origin = append(s.origin, sources.Provenance{Provider: provider, Name: f.Name, Digest: f.Digest, Note: t.note()})
	return nil
}

func (t *table) errorf(line, column int, format string, args ...any) error {
	k := t.file.Name
	if line > 0 {
		k = fmt.Sprintf("%s:%d", k, line)
		if column > 0 {
			k = fmt.Sprintf("%s:%d", k, column)
		}
	}
	return &sources.Error{Source: provider, Op: "Read", Key: k,
		Err: fmt.Errorf("%w: %w", sources.ErrMalformed, fmt.Errorf(format, args...))}
}

func (t *table) csvError(err error) error {
	var e *csv.ParseError
	if errors.As(err, &e) {
		return t.errorf(e.Line, e.Column, "csv: %w", e.Err)
	}
	return t.errorf(0, 0, "csv: %w", err)
}

func (t *table) header(names []string) error {
	line, _ := t.r.FieldPos(0)
	if len(names) > maxColumns {
		return t.errorf(line, 0, "%d columns, more than %d", len(names), maxColumns)
	}
	t.date, t.currency, t.rate, t.source, t.network = -1, -1, -1, -1, -1
	t.wide = make([]string, len(names))
	currencies, other := 0, ""
	for i, name := range names {
		name = strings.TrimSpace(name)
		var to *int
		switch strings.ToLower(name) {
		case "date", "day":
			to = &t.date
		case "currency":
			to = &t.currency
		case "rate", "price":
			to = &t.rate
		case "source":
			to = &t.source
		case "network":
			to = &t.network
		default:
			if !isCurrency(name) || slices.Contains(t.wide, name) {
				_, col := t.r.FieldPos(i)
				return t.errorf(line, col, "column %q: want date, currency, rate, source and network, or date and a column for each currency, such as USD", clip(name))
			}
			t.wide[i], other = name, name
			currencies++
			continue
		}
		if *to >= 0 {
			_, col := t.r.FieldPos(i)
			return t.errorf(line, col, "the column %q stands there twice", name)
		}
		*to = i
	}
	long := t.currency >= 0 && t.rate >= 0
	switch {
	case t.date < 0:
		return t.errorf(line, 0, "no column date")
	case long && currencies > 0:
		return t.errorf(line, 0, "both the columns currency and rate, and a column %s", other)
	case !long && (currencies == 0 || t.currency >= 0 || t.rate >= 0):
		return t.errorf(line, 0, "want the columns date, currency and rate, or date and a column for each currency, such as USD")
	case long:
		t.wide = nil
	}
	return nil
}

func isCurrency(s string) bool {
	for _, c := range []byte(s) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(s) == 3
}

func (t *table) row(row []string) error {
	line, _ := t.r.FieldPos(0)
	fail := func(i int, what string, err error) error {
		at, col := t.r.FieldPos(i)
		return t.errorf(at, col, "%s: %w", what, err)
	}
	get := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	day, err := time.Parse(time.DateOnly, get(t.date))
	if err != nil {
		return fail(t.date, "date", fmt.Errorf("%q is not a day as in 2022-08-18", clip(get(t.date))))
	}
	p := model.Price{Day: day, Source: t.file.Stem()}
	if s := get(t.network); s != "" {
		if p.Network, err = model.ParseNetwork(s); err != nil {
			return fail(t.network, "network", err)
		}
	}
	if s := get(t.source); s != "" {
		if len(s) > maxSource {
			return fail(t.source, "source", fmt.Errorf("%d bytes, more than %d", len(s), maxSource))
		}
		p.Source = s
	}
	if t.wide == nil {
		if p.Currency = get(t.currency); !isCurrency(p.Currency) {
			return fail(t.currency, "currency", fmt.Errorf("%q is not three capital letters, such as USD", clip(p.Currency)))
		}
		if p.Rate, err = parseRate(get(t.rate)); err != nil {
			return fail(t.rate, "rate", err)
		}
		return t.put(p, line)
	}
	for i, currency := range t.wide {
		s := get(i)
		if currency == "" || s == "" {
			continue
		}
		p.Currency = currency
		if p.Rate, err = parseRate(s); err != nil {
			return fail(i, currency, err)
		}
		if err := t.put(p, line); err != nil {
			return err
		}
	}
	return nil
}

// put adds a rate, unless it is known already.
func (t *table) put(p model.Price, line int) error {
	k := key{p.Network, p.Currency, dayOf(p.Day)}
	if had, ok := t.set.at[k]; ok {
		if !had.price.Rate.Equal(p.Rate) {
			return t.errorf(line, 0, "%s of %s is %s here and %s at %s",
				p.Currency, p.Day.Format(time.DateOnly), p.Rate, had.price.Rate, had.where)
		}
		return nil
	}
	t.set.at[k] = rate{p, fmt.Sprintf("%s:%d", t.file.Name, line)}
	s := t.span[p.Currency]
	if s == nil {
		s = &span{first: p.Day, last: p.Day}
		t.span[p.Currency] = s
	}
	s.n++
	if p.Day.Before(s.first) {
		s.first = p.Day
	}
	if p.Day.After(s.last) {
		s.last = p.Day
	}
	return nil
}

// note says what the file holds.
func (t *table) note() string {
	var names []string
	for c := range t.span {
		names = append(names, c)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(t.span[b].n-t.span[a].n, strings.Compare(a, b))
	})
	var parts []string
	for i, c := range names {
		if i == 10 {
			parts = append(parts, fmt.Sprintf("%d currencies more", len(names)-i))
			break
		}
		s := t.span[c]
		parts = append(parts, fmt.Sprintf("%d days of %s from %s to %s", s.n, c, s.first.Format(time.DateOnly), s.last.Format(time.DateOnly)))
	}
	if parts == nil {
		return "no rates"
	}
	return strings.Join(parts, "; ")
}

// maxDigits bounds a rate on either side of its point.
const maxDigits = 12

// parseRate reads a rate exactly.
func parseRate(s string) (decimal.Decimal, error) {
	whole, frac, point := strings.Cut(s, ".")
	fail := func(why string) (decimal.Decimal, error) {
		return decimal.Decimal{}, fmt.Errorf("%q %s", clip(s), why)
	}
	if whole == "" || point && frac == "" {
		return fail("is not a number as in 23212.74")
	}
	positive := false
	for _, c := range []byte(whole + frac) {
		if c < '0' || c > '9' {
			return fail("is not a number as in 23212.74, without sign, exponent or separators of thousands")
		}
		positive = positive || c != '0'
	}
	if len(whole) > maxDigits || len(frac) > maxDigits {
		return fail("has more than twelve digits on one side of the point")
	}
	if !positive {
		return fail("is no rate: leave out what is not known")
	}
	return decimal.NewFromString(s)
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}
