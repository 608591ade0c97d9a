package labels

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// sanctioned is the name of a list of sanctioned addresses of one asset, as
// extracted from OFAC's list of specially designated nationals.
var sanctioned = regexp.MustCompile(`^sanctioned_addresses_([A-Z0-9]{1,12})\.txt$`)

// list reads one address a line.
func (p *part) list() error {
	p.format = "list"
	if err := p.longLine(); err != nil {
		return err
	}
	l := model.Label{
		Entity: p.o.Entity, Category: p.o.Category, Role: p.o.Role, Method: p.o.Method,
		Confidence: p.o.Confidence, Source: p.file.Stem(),
	}
	asset := ""
	if m := sanctioned.FindStringSubmatch(p.file.Stem()); m != nil {
		p.format = "list of sanctioned addresses"
		asset = m[1]
		orElse(&l.Entity, "OFAC SDN ("+asset+")")
		orElse(&l.Category, model.Actor)
		if l.Category == model.Actor {
			orElse(&l.Role, model.RoleAccount)
		}
		orElse(&l.Method, model.MethodAuthority)
		orElse(&l.Confidence, 600_000)
	}
	orElse(&l.Confidence, defaultConfidence)
	if l.Entity == "" || l.Category == "" {
		first, n := firstLine(p.file.Text)
		what := "an empty file"
		if len(first) > 0 {
			what = fmt.Sprintf("a list that begins %q", clip(string(first)))
		}
		return p.errorf(n, 0, "%s does not say whose addresses it holds: give Options.Entity and Options.Category, or write a CSV with the header address,entity,category", what)
	}
	text := p.file.Text
	for n := 1; len(text) > 0; n++ {
		var row []byte
		row, text, _ = bytes.Cut(text, []byte("\n"))
		s := strings.TrimSpace(string(row))
		if s == "" || s[0] == '#' {
			continue
		}
		if asset != "" && !isBitcoin(asset) {
			p.skip(n, otherCurrency)
			continue
		}
		a, err := model.ParseAddress(s, p.net)
		switch {
		case err == nil:
			l.On = model.RefAddress(a)
			p.labels = append(p.labels, l)
		case asset != "":
			p.skip(n, p.otherNetwork())
		default:
			return p.errorf(n, 1, "%w", err)
		}
	}
	return nil
}

// orElse sets what is not set.
func orElse[T comparable](to *T, v T) {
	var none T
	if *to == none {
		*to = v
	}
}
