package heuristics

import (
	"strings"
	"unicode"

	"github.com/goldwash/goldwash/model"
)

// Labels and tags are written by strangers, and what they say reaches claims,
// terminals and pages. Whatever their source, they lose what is not text here,
// at the one door through which heuristics see them.

// clean returns s with every character that does not print in its place, such
// as a line break or one that reorders text, replaced by a blank.
func clean(s string) string {
	if printable(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// printable reports whether clean would change nothing, for the common case.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return strings.IndexFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) < 0
		}
	}
	return true
}

// cleanLabels cleans labels, in place only where they are the caller's own.
func cleanLabels(ls []model.Label) []model.Label {
	for i := range ls {
		l := &ls[i]
		if printable(l.Entity) && printable(l.Source) && printable(l.Detail) && printable(string(l.Category)) && printable(string(l.Role)) && printable(string(l.Method)) {
			continue
		}
		out := append([]model.Label(nil), ls...)
		for j := range out {
			cleanLabel(&out[j])
		}
		return out
	}
	return ls
}

func cleanLabel(l *model.Label) {
	l.Entity, l.Source, l.Detail = clean(l.Entity), clean(l.Source), clean(l.Detail)
	l.Category, l.Role, l.Method = model.Category(clean(string(l.Category))), model.Role(clean(string(l.Role))), model.Method(clean(string(l.Method)))
}
