package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"

	"github.com/goldwash/goldwash/model"
)

// File is a parsed ledger text. It is read-only and safe for concurrent use.
type File struct {
	Name   string
	Ledger *Ledger
	Wants  []Want // in the order of the text

	byName map[string]*entry
	byID   map[model.TxID]*entry
	owners map[model.Address]owner
}

// Want is an expectation that stands in a comment of a ledger text.
type Want struct {
	File string
	Line int // on which the want stands
	// On is the transaction of the line, or the output or address that the
	// want names; zero where it is about the whole run.
	On model.Ref
	// Kind is the kind of the finding that is expected, "result" for the
	// text of a result, or "skip" for a transaction that is passed over.
	Kind  string
	Claim *regexp.Regexp // what the claim or result must match; nil for skip
	// Min and Max bound the finding's probability, both included, where
	// HasMin and HasMax are set.
	Min, Max       model.Probability
	HasMin, HasMax bool
}

// String returns where the want stands and what it wants.
func (w Want) String() string {
	s := fmt.Sprintf("%s:%d: want %s", w.File, w.Line, w.Kind)
	if w.Claim != nil {
		s += fmt.Sprintf(":%q", w.Claim)
	}
	if w.HasMin {
		s += " >=" + w.Min.String()
	}
	if w.HasMax {
		s += " <=" + w.Max.String()
	}
	if !w.On.IsZero() {
		s += " on " + w.On.String()
	}
	return s
}

// Tx returns the transaction that has the name in the text.
func (f *File) Tx(name string) (model.TxID, bool) {
	e, ok := f.byName[name]
	if !ok {
		return model.TxID{}, false
	}
	return e.tx.ID, true
}

// TxName returns the name that a transaction has in the text. Coinbases that
// the ledger adds have none.
func (f *File) TxName(id model.TxID) (string, bool) {
	e, ok := f.byID[id]
	if !ok {
		return "", false
	}
	return e.name, true
}

// Line returns the line of the text that a transaction stands on.
func (f *File) Line(id model.TxID) (int, bool) {
	e, ok := f.byID[id]
	if !ok {
		return 0, false
	}
	return e.line, true
}

// Address returns the address of an owner on the ledger's network: "alice",
// "alice:p2tr", "alice#2" or "alice#2:p2tr". The owner need not occur in the
// text.
func (f *File) Address(name string) (model.Address, error) {
	o, err := parseOwner(name)
	if err != nil {
		return model.Address{}, fmt.Errorf("ledger: %w", err)
	}
	return model.AddressOf(o.script(), f.Ledger.net), nil
}

// Owner returns the owner of an address as the language writes it, such as
// "alice" or "alice#2:p2tr"; ok is false for addresses of no owner in the text.
func (f *File) Owner(a model.Address) (name string, ok bool) {
	o, ok := f.owners[a]
	if !ok {
		return "", false
	}
	return o.String(), true
}

// ParseError is a problem of a ledger text.
type ParseError struct {
	File   string
	Line   int // from 1
	Column int // of the offending word, in bytes from 1; 0 for the whole line
	Msg    string
}

// Error returns "file:line:column: message".
func (e *ParseError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// Limits on what Parse reads, so that no text makes it use memory or time out
// of proportion.
const (
	MaxFile = 16 << 20 // bytes of a text
	MaxLine = 64 << 10 // bytes of a line
	// MaxPoints is how many inputs and outputs a text may have, since a range
	// such as m#1..1000 is shorter than what it stands for.
	MaxPoints = 250_000
)

// Parse reads a ledger text; the package documentation describes the language.
// The name stands in errors and in the record of a run. The error joins a
// [*ParseError] for every problem, at most the first 20.
func Parse(name, text string) (*File, error) {
	if len(text) > MaxFile {
		return nil, &ParseError{name, 1, 0, fmt.Sprintf("the text has %d bytes, at most %d are read", len(text), MaxFile)}
	}
	p := newParser(name)
	p.text(text)
	if err := p.bad.err(); err != nil {
		if p.bad.more > 0 {
			err = errors.Join(err, &ParseError{name, p.line, 0, "too many problems"})
		}
		return nil, err
	}
	l, err := New(p.net, p.blocks, Contents{Labels: p.labels, Tags: p.tags, Prices: p.prices, Books: p.books})
	if err != nil {
		// The checks of the parser are meant to find all that New finds.
		return nil, errors.Join(&ParseError{name, p.line, 0, "the ledger is not consistent"}, err)
	}
	l.name, l.digest = name, sha256.Sum256([]byte(text))
	f := &File{Name: name, Ledger: l, Wants: p.wants, byName: p.byName, byID: make(map[model.TxID]*entry, len(p.byName)), owners: p.owners}
	for _, e := range p.byName {
		f.byID[e.tx.ID] = e
	}
	return f, nil
}
