package labels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/internal/datafile"
	"github.com/goldwash/goldwash/model"
)

// json reads any of the JSON formats, told apart by the keys of the first
// object.
func (p *part) json() error {
	dec := json.NewDecoder(bytes.NewReader(p.file.Text))
	if firstByte(p.file.Text) == '[' {
		dec.Token()
		if !dec.More() {
			p.format = "json"
			return p.end(dec, true)
		}
	}
	keys, err := p.keys(dec)
	if err != nil {
		return err
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(keys, n) })
	}
	switch array := firstByte(p.file.Text) == '['; {
	case has("on"):
		return p.labelJSON(array)
	case array && has("name") && has("addresses", "tags"):
		return p.pools()
	case !array && has("coinbase_tags", "payout_addresses"):
		return p.poolsByKey()
	}
	return p.errorf(p.line(dec), 0,
		"an object of the keys %s is neither a label (on, entity, category, confidence, ...) nor a list of mining pools", clip(strings.Join(keys, ", ")))
}

// keys returns the keys of the object that comes next.
func (p *part) keys(dec *json.Decoder) ([]string, error) {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		if err == nil {
			err = errors.New("want an object")
		}
		return nil, p.jsonError(dec, err)
	}
	var keys []string
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, p.jsonError(dec, err)
		}
		key, _ := t.(string)
		keys = append(keys, key)
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			return nil, p.jsonError(dec, err)
		}
	}
	return keys, nil
}

// line returns the line that the decoder has come to.
func (p *part) line(dec *json.Decoder) int {
	at := int(dec.InputOffset())
	// The next value begins after white space and punctuation.
	for at < len(p.file.Text) && strings.IndexByte(" \t\r\n,:", p.file.Text[at]) >= 0 {
		at++
	}
	return p.lineAt(at)
}

// lineAt is [datafile.Line] that goes on from where it was asked last, so that
// reading a file to its end counts its lines once.
func (p *part) lineAt(offset int) int {
	if offset < p.counted.offset || p.counted.line == 0 {
		p.counted.offset, p.counted.line = 0, 1
	}
	p.counted.line += bytes.Count(p.file.Text[p.counted.offset:offset], []byte("\n"))
	p.counted.offset = offset
	return p.counted.line
}

func (p *part) jsonError(dec *json.Decoder, err error) error {
	line := p.line(dec) // where the value begins that is at fault
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		line, err = datafile.Line(p.file.Text, len(p.file.Text)), errors.New("the text ends early")
	}
	return p.errorf(line, 0, "json: %w", err)
}

// end checks that nothing follows an array.
func (p *part) end(dec *json.Decoder, array bool) error {
	if array {
		if _, err := dec.Token(); err != nil {
			return p.jsonError(dec, err)
		}
	}
	line := p.line(dec)
	if _, err := dec.Token(); err != io.EOF {
		return p.errorf(line, 0, "json: something follows the end")
	}
	return nil
}

// labelJSON reads labels as package model writes them.
func (p *part) labelJSON(array bool) error {
	p.format = "json"
	dec := json.NewDecoder(bytes.NewReader(p.file.Text))
	dec.DisallowUnknownFields()
	if array {
		dec.Token()
	}
	for dec.More() {
		line := p.line(dec)
		// The pointer tells a confidence of 0 from one that is not stated.
		var in struct {
			model.Label
			Confidence *model.Probability `json:"confidence"`
		}
		if err := dec.Decode(&in); err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
				return p.jsonError(dec, err)
			}
			return p.errorf(line, 0, "the label that begins there: %w", err)
		}
		l := in.Label
		l.Confidence = defaultConfidence
		if p.o.Confidence != 0 {
			l.Confidence = p.o.Confidence
		}
		if in.Confidence != nil {
			l.Confidence = *in.Confidence
		}
		orElse(&l.Source, p.file.Stem())
		if err := p.check(&l); err != nil {
			return p.errorf(line, 0, "the label that begins there: %w", err)
		}
		p.labels = append(p.labels, l)
	}
	return p.end(dec, array)
}

// check holds a label that was read whole to the bounds of the others, and
// puts its address on the network.
func (p *part) check(l *model.Label) (err error) {
	switch a, isAddress := l.On.Address(); {
	case l.On.IsZero():
		return errors.New("on: names nothing")
	case isAddress:
		if a, err = model.ParseAddress(a.String(), p.net); err != nil {
			return fmt.Errorf("on: %w", err)
		}
		l.On = model.RefAddress(a)
	}
	if l.Entity, err = line(l.Entity, maxEntity); err == nil && l.Entity == "" {
		err = errors.New("empty")
	}
	if err != nil {
		return fmt.Errorf("entity: %w", err)
	}
	for _, w := range [...]struct{ field, word string }{
		{"category", string(l.Category)}, {"role", string(l.Role)}, {"method", string(l.Method)},
	} {
		if !isSlug(w.word) && (w.word != "" || w.field == "category") {
			return fmt.Errorf("%s: %w", w.field, errNoSlug(w.word))
		}
	}
	if l.Source, err = line(l.Source, maxSource); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if l.Detail, err = prose(l.Detail, maxDetail); err != nil {
		return fmt.Errorf("detail: %w", err)
	}
	if len(l.Derivation) > maxDerivation {
		return fmt.Errorf("derivation: %d entries, more than %d", len(l.Derivation), maxDerivation)
	}
	for i := range l.Derivation {
		if l.Derivation[i], err = line(l.Derivation[i], maxEntity); err != nil {
			return fmt.Errorf("derivation: %w", err)
		}
	}
	for _, t := range [...]*time.Time{&l.Asserted, &l.Retrieved, &l.From, &l.To} {
		*t = t.UTC()
	}
	if !l.From.IsZero() && !l.To.IsZero() && !l.From.Before(l.To) {
		return errors.New("to: not after from")
	}
	return nil
}

const maxDerivation = 64
