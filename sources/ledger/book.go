package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Entries implements [sources.BookReader].
func (l *Ledger) Entries(ctx context.Context, q sources.EntryQuery) iter.Seq2[sources.Entry, error] {
	return each(ctx, l.books, q.Matches)
}

func (l *Ledger) addBooks(entries []sources.Entry, bad *problems) {
	l.books = slices.Clone(entries)
	slices.SortStableFunc(l.books, func(a, b sources.Entry) int { return a.Compare(&b) })
	for i := range l.books {
		e := &l.books[i]
		at := fmt.Sprintf("book of %q, line %d", e.Service, e.Line)
		switch {
		case e.Kind < sources.EntryDeposit || e.Kind > sources.EntryPayout:
			bad.add("%s: an entry of no kind", at)
		case e.Service == "":
			bad.add("%s: an entry of no service", at)
		case e.Confidence > model.Certain:
			bad.add("%s: confidence %v is more than 1", at, e.Confidence)
		case !e.Address.IsZero() && e.Address.Network() != l.net:
			bad.add("%s: an address of %v", at, e.Address.Network())
		}
	}
}

// readBook reads an entry of a service's book, when all transactions are known.
func (p *parser) readBook(words []word) {
	at, args := words[0], words[1:]
	if len(args) > 1 && args[1].text == ":" {
		args = append([]word{{args[0].text + ":", args[0].col}}, args[2:]...)
	}
	if len(args) < 2 || !strings.HasSuffix(args[0].text, ":") {
		p.fail(at, "book: want a service with a colon and a kind of entry: book HashBazaar: deposit account=17 amount=0.35 on=out(t4.0)")
		return
	}
	e := sources.Entry{Network: p.net, Source: "ledger", Line: p.line}
	service := args[0]
	service.text = strings.TrimSuffix(service.text, ":")
	ok := false
	if e.Service, ok = service.unquote(); !ok || e.Service == "" {
		p.fail(service, "book: %s is not a service", clip(args[0].text))
		return
	}
	var err error
	if e.Kind, err = sources.ParseEntryKind(args[1].text); err != nil {
		p.fail(args[1], "book: %v", err)
		return
	}
	var row []string
	for _, w := range args[1:] {
		row = append(row, w.text)
	}
	e.Digest = sha256.Sum256([]byte(strings.Join(row, " ")))
	for _, w := range args[2:] {
		ok = p.entryField(&e, w) && ok
	}
	if ok {
		p.books = append(p.books, e)
	}
}

// entryField reads one option of an entry. It is false where that is wrong, which
// is reported, or names a transaction whose line is broken.
func (p *parser) entryField(e *sources.Entry, w word) bool {
	key, value, err := option(w)
	_, arg, _ := w.cut("=")
	when := func() (t time.Time) {
		if t, err = parseTime(value); err != nil {
			return time.Time{}
		}
		return t
	}
	good := true
	switch {
	case err != nil:
	case key == "account":
		e.Account = value
	case key == "time":
		e.Time = when()
	case key == "until":
		e.Until = when()
	case key == "amount":
		e.Amount, err = parseAmount(value)
		e.AmountKnown = err == nil
	case key == "order":
		e.Order = value
	case key == "pool":
		e.Pool = value
	case key == "worker":
		e.Worker, good = p.worker(arg, value)
	case key == "address":
		var name word
		if name, good = arg.call("addr"); !good {
			err = fmt.Errorf("address: %q is not addr(OWNER) or addr(ADDRESS)", clip(value))
			break
		}
		e.Address, good = p.knownAddress(name)
	case key == "on":
		e.On, good = p.labelled(arg)
	case key == "custodian":
		e.Custodian = value
	case key == "dated":
		e.Dated = when()
	case key == "confidence":
		e.Confidence, err = model.ParseProbability(value)
	default:
		err = fmt.Errorf("unknown option %q of an entry", clip(key))
	}
	if err != nil {
		p.fail(w, "%v", err)
	}
	return good && err == nil
}

// worker reads the name of a worker, which may be addr(OWNER) with something
// after it.
func (p *parser) worker(w word, value string) (string, bool) {
	end := strings.Index(w.text, ")")
	if end < 0 || !strings.HasPrefix(w.text, "addr(") {
		return value, true
	}
	call, suffix := w, w.text[end+1:]
	call.text = w.text[:end+1]
	name, _ := call.call("addr")
	a, ok := p.knownAddress(name)
	return a.String() + suffix, ok
}
