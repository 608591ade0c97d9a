package records

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/internal/datafile"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const provider = "records"

// Bounds on a file.
const (
	maxEntries = 2_000_000
	maxColumns = 1000
	maxSkips   = 32 // sorts of rows left out that are told apart
	maxUnused  = 10 // names of columns that a note lists
)

// Open reads the files as one set, on a network that holds for entries which
// state none.
func Open(o Options, net model.Network, paths ...string) (*Set, error) {
	var files []*file
	for _, path := range paths {
		d, err := datafile.Open(path)
		if err != nil {
			return nil, datafile.SourceError(provider, "Open", path, err)
		}
		f, err := readFile(d, o, net)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return join(files), nil
}

// Read reads entries from r to its end, at most 256 MiB unpacked. The name says
// where they are from; only its last element is kept.
func Read(r io.Reader, name string, o Options, net model.Network) (*Set, error) {
	d, err := datafile.Read(r, name)
	if err != nil {
		return nil, datafile.SourceError(provider, "Read", name, err)
	}
	f, err := readFile(d, o, net)
	if err != nil {
		return nil, err
	}
	return join([]*file{f}), nil
}

// file is what one file yields while it is read.
type file struct {
	datafile.File
	o       Options
	net     model.Network
	format  string
	entries []sources.Entry
	skipped []Skip
	unused  []string // columns that no field has
}

func readFile(d datafile.File, o Options, net model.Network) (*file, error) {
	f := &file{File: d, o: o, net: net}
	if err := o.check(); err != nil {
		return nil, &sources.Error{Source: provider, Op: "Read", Key: f.Name, Err: err}
	}
	if err := f.LongLine(); err != nil {
		var e *datafile.Error
		errors.As(err, &e)
		return nil, f.errorf(e.Line, 0, "%w", e.Err)
	}
	read := f.csv
	// Without a line, only the name tells the two apart.
	stem := f.Stem()
	if first := bytes.TrimLeft(f.Text, " \t\r\n"); len(first) > 0 && first[0] == '{' ||
		len(first) == 0 && (strings.HasSuffix(stem, ".jsonl") || strings.HasSuffix(stem, ".ndjson")) {
		read = f.jsonLines
	}
	if err := read(); err != nil {
		return nil, err
	}
	f.Text = nil
	return f, nil
}

// errorf returns an error of the file's content. A line or column of 0 is not
// known.
func (f *file) errorf(line, column int, format string, args ...any) error {
	key := f.Name
	if line > 0 {
		key = fmt.Sprintf("%s:%d", key, line)
		if column > 0 {
			key = fmt.Sprintf("%s:%d", key, column)
		}
	}
	return &sources.Error{Source: provider, Op: "Read", Key: key,
		Err: fmt.Errorf("%w: %w", sources.ErrMalformed, fmt.Errorf(format, args...))}
}

// skip counts a row that is left out.
func (f *file) skip(line int, reason string) {
	for i := range f.skipped {
		if f.skipped[i].Reason == reason {
			f.skipped[i].Count++
			return
		}
	}
	if len(f.skipped) >= maxSkips {
		reason = "for other reasons"
		for i := range f.skipped {
			if f.skipped[i].Reason == reason {
				f.skipped[i].Count++
				return
			}
		}
	}
	f.skipped = append(f.skipped, Skip{File: f.Name, Reason: reason, Count: 1, Line: line})
}

func (f *file) csv() error {
	f.format = "csv"
	r := csv.NewReader(bytes.NewReader(f.Text))
	r.Comment, r.Comma, r.ReuseRecord = '#', f.Delimiter(), true
	// Where white space divides, leading space would be empty fields.
	r.TrimLeadingSpace = r.Comma != '\t'
	failed := func(err error) error {
		var e *csv.ParseError
		if errors.As(err, &e) {
			return f.errorf(e.Line, e.Column, "csv: %w", e.Err)
		}
		return f.errorf(0, 0, "csv: %w", err)
	}
	header, err := r.Read()
	switch {
	case err == io.EOF:
		return f.errorf(0, 0, "no header: want the names of the columns, such as kind,account,time,amount")
	case err != nil:
		return failed(err)
	}
	top, _ := r.FieldPos(0)
	if len(header) > maxColumns {
		return f.errorf(top, 0, "%d columns, more than %d", len(header), maxColumns)
	}
	names := make([]string, len(header))
	seen := map[string]bool{}
	for i, n := range header {
		names[i] = strings.TrimSpace(n)
		if names[i] != "" && seen[names[i]] {
			_, col := r.FieldPos(i)
			return f.errorf(top, col, "the column %q stands there twice", clip(names[i]))
		}
		seen[names[i]] = true
	}
	at, unused, err := f.o.columns(names)
	if err != nil {
		return f.errorf(top, 0, "%w", err)
	}
	f.leave(unused)
	if at[fKind] < 0 && f.o.Kind == 0 {
		return f.errorf(top, 0, "no column for the kind of entry: map one by Options.Columns or give Options.Kind")
	}
	if at[fService] < 0 && f.o.Service == "" {
		return f.errorf(top, 0, "no column for the service: map one by Options.Columns or give Options.Service")
	}
	for {
		from := r.InputOffset()
		row, err := r.Read()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return failed(err)
		}
		line, _ := r.FieldPos(0)
		err = f.entry(line, rowBytes(f.Text[from:r.InputOffset()]), func(g field) (string, int, int) {
			if at[g] < 0 {
				return "", line, 0
			}
			l, c := r.FieldPos(at[g])
			return strings.TrimSpace(row[at[g]]), l, c
		})
		if err != nil {
			return err
		}
	}
}

// leave notes columns that are not read.
func (f *file) leave(unused []string) {
	for _, n := range unused {
		if q := fmt.Sprintf("%q", clip(n)); len(f.unused) < maxUnused && !slices.Contains(f.unused, q) {
			f.unused = append(f.unused, q)
		}
	}
}

// rowBytes returns a row without the blank lines and comments before it and the
// end of the line.
func rowBytes(b []byte) []byte {
	for {
		first, rest, more := bytes.Cut(b, []byte("\n"))
		if t := bytes.TrimRight(first, "\r"); !more || len(t) > 0 && t[0] != '#' {
			return bytes.TrimRight(b, "\r\n")
		}
		b = rest
	}
}

// jsonLines reads one object a line. Each may have other keys.
func (f *file) jsonLines() error {
	f.format = "json lines"
	number := 0
	// Lines have the same keys as a rule, and telling what they mean is most of
	// the work.
	var last, unused []string
	var at [fields]int
	for text := f.Text; len(text) > 0; {
		var row []byte
		row, text, _ = bytes.Cut(text, []byte("\n"))
		number++
		if row = bytes.TrimRight(row, "\r"); len(bytes.TrimSpace(row)) == 0 {
			continue
		}
		names, values, cols, err := f.object(number, row)
		if err != nil {
			return err
		}
		if last == nil || !slices.Equal(names, last) {
			if f.o.Columns != nil {
				// A key that a line does not have is a field that is not known there.
				at, err = f.mapped(names)
			} else {
				at, unused, err = f.o.columns(names)
			}
			if err != nil {
				return f.errorf(number, 0, "%w", err)
			}
			last = names
		}
		f.leave(unused)
		err = f.entry(number, row, func(g field) (string, int, int) {
			if at[g] < 0 {
				return "", number, 0
			}
			return strings.TrimSpace(values[at[g]]), number, cols[at[g]]
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mapped finds the fields of a line of JSON by Options.Columns.
func (f *file) mapped(names []string) (at [fields]int, err error) {
	known := fieldNames()
	for g := range fields {
		at[g] = -1
		if n, ok := f.o.Columns[known[g]]; ok {
			at[g] = slices.Index(names, n)
		}
	}
	var unknown []string
	for k := range f.o.Columns {
		if !slices.Contains(known, k) {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) > 0 {
		return at, fmt.Errorf("options: Columns: %q is no field of an entry; the fields are %q", clip(slices.Min(unknown)), known)
	}
	return at, nil
}

// object reads an object whose values are texts, numbers, true, false or null, as
// texts with their columns.
func (f *file) object(number int, row []byte) (names, values []string, cols []int, err error) {
	dec := json.NewDecoder(bytes.NewReader(row))
	dec.UseNumber()
	bad := func(err error) error {
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the line ends early")
		}
		return f.errorf(number, int(dec.InputOffset())+1, "json: %w", err)
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		if err == nil {
			err = errors.New("want an object in each line")
		}
		return nil, nil, nil, bad(err)
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, nil, bad(err)
		}
		name, _ := key.(string)
		switch {
		case seen[name]:
			return nil, nil, nil, bad(fmt.Errorf("the key %q stands there twice", clip(name)))
		case len(names) == maxColumns:
			return nil, nil, nil, bad(fmt.Errorf("more than %d keys", maxColumns))
		}
		seen[name] = true
		v, err := dec.Token()
		if err != nil {
			return nil, nil, nil, bad(err)
		}
		text := ""
		switch v := v.(type) {
		case string:
			text = v
		case json.Number:
			text = v.String()
		case bool:
			text = strconv.FormatBool(v)
		case nil:
		default:
			return nil, nil, nil, bad(fmt.Errorf("the value of %q is neither a text nor a number", clip(name)))
		}
		// The column is where the value ends less its length: good enough to
		// find it, and right for texts without escapes.
		col := int(dec.InputOffset()) - len(text) + 1
		if _, quoted := v.(string); quoted {
			col--
		}
		names, values, cols = append(names, name), append(values, text), append(cols, max(col, 1))
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, nil, bad(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, nil, bad(errors.New("something follows the object"))
	}
	return names, values, cols, nil
}

// entry makes an entry of a row. get returns what a field holds, "" where it is
// not there, with line and column.
func (f *file) entry(number int, row []byte, get func(field) (string, int, int)) error {
	e := sources.Entry{
		Kind: f.o.Kind, Service: f.o.Service, Pool: f.o.Pool, Custodian: f.o.Custodian, Dated: f.o.Dated.UTC(), Confidence: f.o.Confidence,
		Network: f.net, Source: f.Stem(), Line: number, Digest: model.Digest(sha256.Sum256(row)),
	}
	var failed error
	fail := func(g field, err error) {
		if failed == nil && err != nil {
			_, l, c := get(g)
			failed = f.errorf(l, c, "%s: %w", g, err)
		}
	}
	has := func(g field) (string, bool) {
		s, _, _ := get(g)
		return s, s != "" && failed == nil
	}
	if s, ok := has(fCurrency); ok && !isBitcoin(s) {
		f.skip(number, "of other currencies")
		return nil
	}
	if s, ok := has(fKind); ok {
		k, known := f.o.Kinds[s]
		if !known {
			k, known = kinds[model.EntityKey(s)]
		}
		if !known {
			word, err := line(s)
			if err != nil {
				fail(fKind, err)
				return failed
			}
			f.skip(number, fmt.Sprintf("of the kind %q", clip(word)))
			return nil
		}
		e.Kind = k
	}
	if e.Kind == 0 {
		fail(fKind, errors.New("empty, and Options.Kind is too"))
	}
	if s, ok := has(fNetwork); ok {
		net, err := model.ParseNetwork(s)
		fail(fNetwork, err)
		e.Network = net
	}
	for _, t := range [...]struct {
		f  field
		to *string
	}{{fService, &e.Service}, {fAccount, &e.Account}, {fOrder, &e.Order}, {fPool, &e.Pool}, {fWorker, &e.Worker}, {fCustodian, &e.Custodian}} {
		if s, ok := has(t.f); ok {
			text, err := line(s)
			fail(t.f, err)
			*t.to = text
		}
	}
	if e.Service == "" {
		fail(fService, errors.New("empty, and Options.Service is too"))
	}
	e.Pool = f.pool(e.Pool)
	if s, ok := has(fTime); ok {
		t, err := instant(s, f.o.Zone)
		fail(fTime, err)
		e.Time = t
	}
	if s, ok := has(fUntil); ok {
		t, err := instant(s, f.o.Zone)
		fail(fUntil, err)
		e.Until = t
	}
	if s, ok := has(fDated); ok {
		t, err := instant(s, f.o.Zone)
		fail(fDated, err)
		e.Dated = t
	}
	if !e.Until.IsZero() && !e.Time.IsZero() && e.Until.Before(e.Time) {
		fail(fUntil, errors.New("before time"))
	}
	f.amount(&e, has, fail)
	f.place(&e, has, fail)
	if s, ok := has(fConfidence); ok {
		c, err := share(s)
		if err == nil && c == 0 {
			// Zero is what an entry has for which nobody stated one.
			err = errors.New("0 leaves nothing of the row: leave the row out, or the field empty where it is not known")
		}
		fail(fConfidence, err)
		e.Confidence = c
	}
	if failed != nil {
		return failed
	}
	if len(f.entries) == maxEntries {
		return f.errorf(number, 0, "more than %d entries", maxEntries)
	}
	f.entries = append(f.entries, e)
	return nil
}

// pool returns the entity that a text in the column of pools stands for.
func (f *file) pool(s string) string {
	for _, word := range [...]string{s, host(s)} {
		if p, ok := f.o.Pools[word]; ok {
			return p
		}
	}
	return host(s)
}

func (f *file) amount(e *sources.Entry, has func(field) (string, bool), fail func(field, error)) {
	c, inCoins := has(fAmount)
	b, inBase := has(fSat)
	switch {
	case inCoins && inBase:
		fail(fSat, errors.New("both an amount in coins and one in base units"))
	case inCoins:
		v, err := coins(c)
		fail(fAmount, err)
		e.Amount, e.AmountKnown = v, true
	case inBase:
		v, err := sats(b)
		fail(fSat, err)
		e.Amount, e.AmountKnown = v, true
	}
}

// place reads the address and the place on the ledger.
func (f *file) place(e *sources.Entry, has func(field) (string, bool), fail func(field, error)) {
	if s, ok := has(fAddress); ok {
		a, err := model.ParseAddress(s, e.Network)
		fail(fAddress, err)
		e.Address = a
	}
	out, isOut := has(fOutpoint)
	tx, isTx := has(fTx)
	n, numbered := has(fVout)
	switch {
	case isOut && isTx:
		fail(fOutpoint, errors.New("both an outpoint and a txid"))
	case isOut:
		o, err := model.ParseOutpoint(out)
		fail(fOutpoint, err)
		e.On = model.RefOutpoint(o)
	case isTx:
		id, err := model.ParseTxID(tx)
		fail(fTx, err)
		e.On = model.RefTx(id)
		if numbered {
			v, err := strconv.ParseUint(n, 10, 32)
			if err != nil {
				fail(fVout, fmt.Errorf("%q is not the number of an output", clip(n)))
			}
			e.On = model.RefOutpoint(model.Outpoint{Tx: id, Vout: uint32(v)})
		}
	case numbered:
		fail(fVout, errors.New("the number of an output without a txid"))
	}
}
