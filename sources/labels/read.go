package labels

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goldwash/goldwash/internal/datafile"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const provider = "labels"

// Options says what a file does not say itself. The zero value is right for
// every format that tells all: the library's CSV and JSON, TagPacks, lists of
// pools and of sanctioned addresses.
type Options struct {
	// Columns maps the fields of a CSV (address, script, tx, entity, category,
	// role, method, confidence, source, detail, asserted, retrieved, from, to,
	// currency) to the headers under which the file has them. Columns that are
	// not mapped are not read; with a nil map headers are recognised by name.
	Columns map[string]string
	// Categories maps the words that a file has for categories to those of
	// package model. Words that it does not hold are read as the package
	// comment says.
	Categories map[string]model.Category

	// The rest is for entries that do not state it. Entity and Category are
	// demanded by plain lists of addresses. For lists of pools and TagPacks,
	// which state theirs, these are not used.
	Entity     string
	Category   model.Category
	Role       model.Role
	Method     model.Method
	Confidence model.Probability // 0 means the default of the format
}

// Open reads the files as one set; see [Read]. An address that is not of the
// network is an error or skipped, as the package comment says.
func Open(net model.Network, paths ...string) (*Set, error) {
	return OpenWith(Options{}, net, paths...)
}

// OpenWith is [Open] with what the files do not say themselves.
func OpenWith(o Options, net model.Network, paths ...string) (*Set, error) {
	var parts []*part
	for _, path := range paths {
		f, err := datafile.Open(path)
		if err != nil {
			return nil, datafile.SourceError(provider, "Open", path, err)
		}
		p, err := readFile(f, net, o)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return join(parts), nil
}

// Read reads labels from r to its end, at most 256 MiB unpacked. The format is
// found by the content; only lists of sanctioned addresses are known by their
// name, of which the last element counts.
func Read(r io.Reader, name string, net model.Network, o Options) (*Set, error) {
	f, err := datafile.Read(r, name)
	if err != nil {
		return nil, datafile.SourceError(provider, "Read", name, err)
	}
	p, err := readFile(f, net, o)
	if err != nil {
		return nil, err
	}
	return join([]*part{p}), nil
}

func join(parts []*part) *Set {
	var ls []model.Label
	var tags []model.Tag
	for _, p := range parts {
		ls, tags = append(ls, p.labels...), append(tags, p.tags...)
	}
	s := newSet(ls, tags)
	for _, p := range parts {
		s.origin = append(s.origin, sources.Provenance{
			Provider: provider, Name: p.file.Name, Digest: p.file.Digest,
			Note: note(p.format, p.labels, p.tags, p.skipped, p.remarks),
		})
		s.skipped = append(s.skipped, p.skipped...)
	}
	return s
}

// part is what one file yields while it is read.
type part struct {
	file    datafile.File
	net     model.Network
	o       Options
	format  string
	labels  []model.Label
	tags    []model.Tag
	skipped []Skip
	remarks []string
	counted struct{ offset, line int } // by lineAt
}

func readFile(f datafile.File, net model.Network, o Options) (*part, error) {
	p := &part{file: f, net: net, o: o}
	if err := p.checkOptions(); err != nil {
		return nil, err
	}
	var read func() error
	switch first := firstByte(f.Text); {
	case first == '[' || first == '{':
		read = p.json
	case isTagPack(f.Text):
		read = p.tagPack
	case isCSV(f.Text):
		read = p.csv
	default:
		read = p.list
	}
	if err := read(); err != nil {
		return nil, err
	}
	before := len(p.labels)
	p.labels = sorted(p.labels)
	if n := before - len(p.labels); n > 0 {
		p.remarks = append(p.remarks, fmt.Sprintf("%d duplicates", n))
	}
	p.file.Text = nil
	return p, nil
}

func (p *part) checkOptions() error {
	fail := func(err error) error {
		return &sources.Error{Source: provider, Op: "Read", Key: p.file.Name, Err: fmt.Errorf("options: %w", err)}
	}
	if _, err := line(p.o.Entity, maxEntity); err != nil {
		return fail(fmt.Errorf("field Entity: %w", err))
	}
	for _, s := range []string{string(p.o.Category), string(p.o.Role), string(p.o.Method)} {
		if s != "" && !isSlug(s) {
			return fail(errNoSlug(s))
		}
	}
	for word, c := range p.o.Categories {
		if !isSlug(string(c)) {
			return fail(fmt.Errorf("field Categories[%q]: %w", word, errNoSlug(string(c))))
		}
	}
	if p.o.Confidence > model.Certain {
		return fail(fmt.Errorf("field Confidence: %d is more than 1,000,000 millionths", p.o.Confidence))
	}
	return nil
}

// errorf returns an error of the file's content. A line or column of 0 is not
// known.
func (p *part) errorf(line, column int, format string, args ...any) error {
	key := p.file.Name
	if line > 0 {
		key = fmt.Sprintf("%s:%d", key, line)
		if column > 0 {
			key = fmt.Sprintf("%s:%d", key, column)
		}
	}
	return &sources.Error{Source: provider, Op: "Read", Key: key,
		Err: fmt.Errorf("%w: %w", sources.ErrMalformed, fmt.Errorf(format, args...))}
}

// skip counts an entry that is left out.
func (p *part) skip(line int, reason string) {
	for i := range p.skipped {
		if p.skipped[i].Reason == reason {
			p.skipped[i].Count++
			return
		}
	}
	p.skipped = append(p.skipped, Skip{File: p.file.Name, Reason: reason, Count: 1, Line: line})
}

const otherCurrency = "of other currencies"

func (p *part) otherNetwork() string { return "whose address is not one of " + p.net.String() }

// longLine checks the lines of formats that are made of them.
func (p *part) longLine() error {
	err := p.file.LongLine()
	var e *datafile.Error
	if errors.As(err, &e) {
		return p.errorf(e.Line, 0, "%w", e.Err)
	}
	return err
}

func firstByte(text []byte) byte {
	if t := bytes.TrimLeft(text, " \t\r\n"); len(t) > 0 {
		return t[0]
	}
	return 0
}

// firstLine returns the first line that is neither blank nor a comment, and its
// number.
func firstLine(text []byte) (line []byte, number int) {
	for number = 1; len(text) > 0; number++ {
		line, text, _ = bytes.Cut(text, []byte("\n"))
		if t := bytes.TrimSpace(line); len(t) > 0 && t[0] != '#' {
			return t, number
		}
	}
	return nil, number
}
