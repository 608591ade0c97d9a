package heuristics

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// dataDigest digests what a run is given beside the chain: every label, those
// stated in the scope included, every coinbase tag, every entry of books, all
// sorted, and then the currency in which amounts are valued. What the sources lack stands as lacking,
// which is another digest than that of an empty list. Rates are not in it: no
// source lists them, and each that a finding uses stands in the finding, as what
// an amount was worth.
type dataDigest struct {
	h hash.Hash
	b []byte
}

func newDataDigest() *dataDigest {
	d := &dataDigest{h: sha256.New()}
	d.text("goldwash data 1")
	return d
}

// text adds a text with its length, so that no two lists of texts are the same
// bytes.
func (d *dataDigest) text(s string) {
	d.b = binary.AppendUvarint(d.b, uint64(len(s)))
	d.b = append(d.b, s...)
	if len(d.b) > 1<<14 {
		d.flush()
	}
}

func (d *dataDigest) flush() {
	d.h.Write(d.b)
	d.b = d.b[:0]
}

func (d *dataDigest) number(n int64) {
	d.b = binary.AppendVarint(d.b, n)
}

func (d *dataDigest) times(ts ...time.Time) {
	for _, t := range ts {
		if t.IsZero() {
			d.b = append(d.b, 0)
			continue
		}
		d.b = append(d.b, 1)
		d.number(t.Unix())
		d.number(int64(t.Nanosecond()))
	}
}

func (d *dataDigest) ref(r model.Ref) {
	d.b, _ = r.AppendBinary(d.b) // it never fails
}

func (d *dataDigest) label(l *model.Label) {
	d.text("label")
	d.ref(l.On)
	for _, s := range [...]string{l.Entity, string(l.Category), string(l.Role), string(l.Method), l.Source, l.Detail} {
		d.text(s)
	}
	d.number(int64(l.Confidence))
	d.number(int64(len(l.Derivation)))
	for _, s := range l.Derivation {
		d.text(s)
	}
	d.times(l.Asserted, l.Retrieved, l.From, l.To)
}

func (d *dataDigest) tag(t *model.Tag) {
	d.text("tag")
	d.text(string(t.Bytes))
	d.text(t.Entity)
	d.number(int64(t.Confidence))
	d.text(t.Source)
}

// entry adds a row of a book: what it says, and the digest of the row as its
// custodian wrote it.
func (d *dataDigest) entry(e *sources.Entry) {
	d.text("entry")
	d.number(int64(e.Kind))
	for _, s := range [...]string{e.Service, e.Account, e.Order, e.Pool, e.Worker, e.Custodian, e.Source} {
		d.text(s)
	}
	d.number(int64(e.Network))
	d.ref(model.RefAddress(e.Address))
	d.ref(e.On)
	d.number(int64(e.Amount))
	d.text(strconv.FormatBool(e.AmountKnown))
	d.number(int64(e.Confidence))
	d.text(string(e.Digest[:]))
	d.times(e.Time, e.Until, e.Dated)
}

// has adds that the sources have a capability, or lack it.
func (d *dataDigest) has(what string, present bool) {
	if present {
		d.text("has " + what)
	} else {
		d.text("lacks " + what)
	}
}

func (d *dataDigest) sum() model.Digest {
	d.flush()
	return model.Digest(d.h.Sum(nil))
}

// given reads labels, tags and books, counts the labels of each category and digests
// all of it. It is called before the indexes, so that what they derive is no part.
func (s *Session) given(ctx context.Context) error {
	d := newDataDigest()
	d.has("labels", s.e.src.Labels != nil)
	if err := s.countLabels(ctx, d.label); err != nil {
		return err
	}
	d.has("tags", s.e.src.Tags != nil)
	if s.e.src.Tags != nil {
		for t, err := range s.e.src.Tags.Tags(ctx) {
			if err != nil {
				return fmt.Errorf("tags: %w", err)
			}
			t.Entity, t.Source = clean(t.Entity), clean(t.Source)
			s.tags = append(s.tags, t)
			d.tag(&t)
		}
	}
	// Most sources have none, which is the same as to have empty ones.
	if s.e.src.Books != nil {
		for e, err := range s.e.src.Books.Entries(ctx, sources.EntryQuery{}) {
			if err != nil {
				return fmt.Errorf("books: %w", err)
			}
			d.entry(&e)
		}
	}
	d.has("prices", s.e.src.Prices != nil)
	d.text(s.e.opt.Currency)
	s.data = d.sum()
	return nil
}

// Data returns the digest of the labels, tags and entries of books that the run
// was given, labels stated in the scope included, and of the currency; [model.Finding.Data] of every
// finding of the session is the same.
func (s *Session) Data() model.Digest { return s.data }

// errCircular says that a finding rests on a label that is derived from its own
// evidence. It is withheld: the label may come from a file that a stranger wrote,
// which is no failure of the heuristic, and without it nothing is known of what
// the finding would say.
var errCircular = errors.New("withheld: rests on a label that is derived from the finding's own evidence")

// circular reports whether an error of stamp says that the finding is withheld,
// and notes it.
func (l *Lookups) circular(err error) bool {
	if !errors.Is(err, errCircular) {
		return false
	}
	l.Note(err.Error(), 1)
	return true
}

// Grade completes a finding before it is reported: measured rates of error take
// the place of those that are not, as [Options] tells them, and its analytic
// confidence follows from the grounds by [model.Grade]. Labels of the grounds are
// those of the finding where none are given, rates are always those of the
// finding, and the population is that of the options.
func (l *Lookups) Grade(f *model.Finding, g model.Grounds) {
	e := l.s.e
	f.ErrorRates = e.measured(l.h, f)
	if g.Labels == nil {
		g.Labels = f.Labels
	}
	g.Rates, g.Population = f.ErrorRates, e.opt.Population
	f.Confidence = model.Grade(g)
}

// measured returns the error rates of a finding with those that somebody has
// measured in place of those that nobody has. A simulated rate takes nobody's
// place: it stands beside what is not measured on real cases.
func (e *Engine) measured(i int, f *model.Finding) []model.ErrorRate {
	if e.opt.ErrorRates == nil {
		return f.ErrorRates
	}
	h := e.hs[i]
	var rates []model.ErrorRate
	real := false
	for _, r := range e.opt.ErrorRates(h.Name, h.Version, f.Kind) {
		if r.Measured {
			rates = append(rates, r)
			real = real || !r.Simulated
		}
	}
	if len(rates) == 0 {
		return f.ErrorRates
	}
	out := make([]model.ErrorRate, 0, len(f.ErrorRates)+len(rates))
	placed := false
	for _, r := range f.ErrorRates {
		switch {
		case r.Measured:
			out = append(out, r)
			placed = placed || r == rates[0] // by Grade, before
		case !real:
			out = append(out, r)
		}
	}
	if !placed {
		out = append(out, rates...)
	}
	return out
}
