package labels

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// field is a field of a label that a column of a CSV can hold.
type field int

const (
	fAddress field = iota
	fScript
	fTx
	fEntity
	fCategory
	fRole
	fMethod
	fConfidence
	fSource
	fDetail
	fAsserted
	fRetrieved
	fFrom
	fTo
	fCurrency
	fields // count
)

// headers holds, for each field, its own name and then the folded headers under
// which other tools write it, in order of preference.
var headers = [fields][]string{
	fAddress:    {"address", "addr", "bitcoinaddress", "btcaddress", "walletaddress", "cryptoaddress", "cryptoassetaddress"},
	fScript:     {"script", "scriptpubkey", "lockingscript", "scripthex"},
	fTx:         {"tx", "txid", "txhash", "transaction", "transactionid", "transactionhash"},
	fEntity:     {"entity", "entityname", "name", "owner", "label", "clustername", "walletname", "servicename", "service", "attribution", "actor"},
	fCategory:   {"category", "entitycategory", "clustercategory", "categoryname", "entitytype", "servicetype", "type"},
	fRole:       {"role"},
	fMethod:     {"method"},
	fConfidence: {"confidence", "probability"},
	fSource:     {"source"},
	fDetail:     {"detail", "details", "note", "notes", "comment", "description", "context", "link", "url"},
	fAsserted:   {"asserted", "lastmod"},
	fRetrieved:  {"retrieved"},
	fFrom:       {"from", "validfrom"},
	fTo:         {"to", "validto", "validuntil"},
	fCurrency:   {"currency", "asset", "coin", "ticker"},
}

func (f field) String() string { return headers[f][0] }

// isCSV reports whether the first line is a header: it has several fields, or
// one that names what the column holds.
func isCSV(text []byte) bool {
	first, _ := firstLine(text)
	if bytes.ContainsAny(first, ",;\t") {
		return true
	}
	h := model.EntityKey(string(first))
	return slices.Contains(headers[fAddress], h) || slices.Contains(headers[fTx], h) || slices.Contains(headers[fScript], h)
}

// table is a CSV whose header was understood.
type table struct {
	p      *part
	r      *csv.Reader
	column [fields]int // -1 where the file has none
	// own says that the header is the library's own, whose categories are
	// taken as they stand.
	own    bool
	source string
}

func (p *part) csv() error {
	p.format = "csv"
	if err := p.longLine(); err != nil {
		return err
	}
	t := &table{p: p, r: csv.NewReader(bytes.NewReader(p.file.Text)), source: p.file.Stem()}
	t.r.Comment, t.r.Comma, t.r.ReuseRecord = '#', p.file.Delimiter(), true
	// Where white space divides, leading space would be empty fields.
	t.r.TrimLeadingSpace = t.r.Comma != '\t'
	header, err := t.r.Read()
	if err != nil {
		return p.csvError(err)
	}
	if err := t.header(header); err != nil {
		return err
	}
	for {
		row, err := t.r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return p.csvError(err)
		}
		if err := t.row(row); err != nil {
			return err
		}
	}
}

func (p *part) csvError(err error) error {
	var e *csv.ParseError
	if errors.As(err, &e) {
		return p.errorf(e.Line, e.Column, "csv: %w", e.Err)
	}
	return p.errorf(0, 0, "csv: %w", err)
}

const maxColumns = 1000

// header finds the columns.
func (t *table) header(names []string) error {
	p := t.p
	if len(names) > maxColumns {
		line, _ := t.r.FieldPos(0)
		return p.errorf(line, 0, "%d columns, more than %d", len(names), maxColumns)
	}
	at := map[string]int{}
	t.own = p.o.Columns == nil
	for i, name := range names {
		line, col := t.r.FieldPos(i)
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice && name != "" {
			return p.errorf(line, col, "the column %q stands there twice", clip(name))
		}
		at[name] = i
		t.own = t.own && slices.ContainsFunc(headers[:], func(names []string) bool { return names[0] == name })
	}
	if p.o.Columns != nil {
		return t.mapped(at)
	}
	used := make([]bool, len(names))
	for f, known := range headers {
		t.column[f] = -1
	search:
		for _, want := range known {
			for i, name := range names {
				if !used[i] && model.EntityKey(name) == want {
					t.column[f], used[i] = i, true
					break search
				}
			}
		}
	}
	var unused []string
	for i, name := range names {
		if !used[i] {
			unused = append(unused, fmt.Sprintf("%q", clip(strings.TrimSpace(name))))
		}
	}
	if len(unused) > 0 {
		more := ""
		if len(unused) > 10 {
			unused, more = unused[:10], " and more"
		}
		p.remarks = append(p.remarks, "columns not read: "+strings.Join(unused, ", ")+more)
	}
	return t.complete(names)
}

// mapped finds the columns by Options.Columns.
func (t *table) mapped(at map[string]int) error {
	p := t.p
	for f := range fields {
		t.column[f] = -1
	}
	var keys []string
	for key := range p.o.Columns {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f := slices.IndexFunc(headers[:], func(names []string) bool { return names[0] == key })
		if f < 0 {
			return p.errorf(0, 0, "options: Columns: %q is no field of a label; the fields are %s", key, fieldNames())
		}
		i, ok := at[strings.TrimSpace(p.o.Columns[key])]
		if !ok {
			_, line := firstLine(p.file.Text)
			return p.errorf(line, 0, "options: Columns: no column %q for the field %s", clip(p.o.Columns[key]), key)
		}
		t.column[f] = i
	}
	return t.complete(nil)
}

func fieldNames() string {
	var names []string
	for f := range fields {
		names = append(names, f.String())
	}
	return strings.Join(names, ", ")
}

// complete checks that a label can be made of what the columns and options say.
func (t *table) complete(names []string) error {
	_, line := firstLine(t.p.file.Text)
	missing := func(what, option string) error {
		seen := ""
		if names != nil {
			seen = fmt.Sprintf(" among %q", clip(strings.Join(names, ",")))
		}
		return t.p.errorf(line, 0, "no column for %s%s: map one by Options.Columns%s", what, seen, option)
	}
	switch {
	case t.column[fAddress] < 0 && t.column[fScript] < 0 && t.column[fTx] < 0:
		return missing("the address, script or tx", "")
	case t.column[fEntity] < 0 && t.p.o.Entity == "":
		return missing("the entity", " or give Options.Entity")
	case t.column[fCategory] < 0 && t.p.o.Category == "":
		return missing("the category", " or give Options.Category")
	}
	return nil
}

func (t *table) row(row []string) error {
	p := t.p
	line, _ := t.r.FieldPos(0)
	get := func(f field) string {
		if t.column[f] < 0 {
			return ""
		}
		return strings.TrimSpace(row[t.column[f]])
	}
	fail := func(f field, err error) error {
		at, col := line, 0
		if t.column[f] >= 0 {
			at, col = t.r.FieldPos(t.column[f])
		}
		return p.errorf(at, col, "%s: %w", f, err)
	}
	if c := get(fCurrency); c != "" && !isBitcoin(c) {
		p.skip(line, otherCurrency)
		return nil
	}
	l := model.Label{
		Entity: p.o.Entity, Category: p.o.Category, Role: p.o.Role, Method: p.o.Method,
		Confidence: p.o.Confidence, Source: t.source,
	}
	if l.Confidence == 0 {
		l.Confidence = defaultConfidence
	}
	subjects := 0
	for f := fAddress; f <= fTx; f++ {
		s := get(f)
		if s == "" {
			continue
		}
		subjects++
		on, err := p.subject(f, s)
		if err != nil {
			return fail(f, err)
		}
		l.On = on
	}
	if subjects != 1 {
		return p.errorf(line, 0, "%d of address, script and tx are filled, want one", subjects)
	}
	for f := fEntity; f <= fTo; f++ {
		if s := get(f); s != "" {
			if err := t.set(&l, f, s); err != nil {
				return fail(f, err)
			}
		}
	}
	switch {
	case l.Entity == "":
		return fail(fEntity, errors.New("empty, and Options.Entity is too"))
	case l.Category == "":
		return fail(fCategory, errors.New("empty, and Options.Category is too"))
	case !l.From.IsZero() && !l.To.IsZero() && !l.From.Before(l.To):
		return fail(fTo, errors.New("not after from"))
	}
	p.labels = append(p.labels, l)
	return nil
}

const defaultConfidence = model.Probability(500_000)

// subject reads what a label is on.
func (p *part) subject(f field, s string) (model.Ref, error) {
	switch f {
	case fScript:
		script, err := hex.DecodeString(s)
		if err != nil {
			return model.Ref{}, fmt.Errorf("%q: %w", clip(s), err)
		}
		return model.RefAddress(model.AddressOf(script, p.net)), nil
	case fTx:
		id, err := model.ParseTxID(s)
		return model.RefTx(id), err
	}
	a, err := model.ParseAddress(s, p.net)
	return model.RefAddress(a), err
}

func (t *table) set(l *model.Label, f field, s string) (err error) {
	word := func() string {
		if err == nil && !isSlug(s) {
			err = errNoSlug(s)
		}
		return s
	}
	switch f {
	case fEntity:
		l.Entity, err = line(s, maxEntity)
	case fCategory:
		if _, mapped := t.p.o.Categories[s]; t.own && !mapped {
			l.Category = model.Category(word())
			break
		}
		var role model.Role
		if l.Category, role = classify(t.p.o.Categories, []string{s}); l.Role == "" {
			l.Role = role
		}
	case fRole:
		l.Role = model.Role(word())
	case fMethod:
		l.Method = model.Method(word())
	case fConfidence:
		l.Confidence, err = share(s)
	case fSource:
		l.Source, err = line(s, maxSource)
	case fDetail:
		l.Detail, err = prose(s, maxDetail)
	case fAsserted:
		l.Asserted, err = instant(s)
	case fRetrieved:
		l.Retrieved, err = instant(s)
	case fFrom:
		l.From, err = instant(s)
	case fTo:
		l.To, err = instant(s)
	}
	return err
}
