package model

import (
	"slices"
	"strings"
)

// DerivesFrom reports whether the label's derivation names the transaction that
// r names or is part of, or the entity r itself. Such a label may not support a
// finding whose evidence r is: it would support itself.
func (l *Label) DerivesFrom(r Ref) bool {
	if len(l.Derivation) == 0 || r.IsZero() {
		return false
	}
	id, isTx := r.Tx()
	what := r.ID()
	if isTx {
		what = id.String() // of an output or input the derivation names that or its transaction
	}
	return l.derives(what)
}

// derives reports whether a text stands in the derivation as a word of its own.
func (l *Label) derives(what string) bool {
	return slices.ContainsFunc(l.Derivation, func(d string) bool {
		for rest := d; ; {
			i := strings.Index(rest, what)
			if i < 0 {
				return false
			}
			end := i + len(what)
			if (i == 0 || !wordByte(rest[i-1])) && (end == len(rest) || !wordByte(rest[end])) {
				return true
			}
			rest = rest[end:]
		}
	})
}

func wordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// Circular returns the labels that a finding uses although they are derived from
// it or from its own evidence: from its statement, by ID; from the transaction
// that is its subject or holds it; or from one that evidence with a weight points
// at. Evidence without weight is context, such as the transactions that explain
// how a label came about, and makes no circle. The finding must be sealed, or its
// ID says nothing.
func (f *Finding) Circular() []Label {
	var out []Label
	for i := range f.Labels {
		if l := &f.Labels[i]; len(l.Derivation) > 0 && f.feeds(l) {
			out = append(out, *l)
		}
	}
	return out
}

// feeds reports whether the finding's own evidence is in the label's derivation.
func (f *Finding) feeds(l *Label) bool {
	if l.derives(f.ID.String()) || f.Subject.isTx() && l.DerivesFrom(f.Subject) {
		return true
	}
	for i := range f.Evidence {
		e := &f.Evidence[i]
		if e.Weight == 0 && e.Discounted == 0 {
			continue
		}
		for j := range e.Items {
			if on := e.Items[j].On; on.isTx() && l.DerivesFrom(on) {
				return true
			}
		}
	}
	return false
}

// isTx reports whether r names a transaction or a part of one.
func (r Ref) isTx() bool {
	_, ok := r.Tx()
	return ok
}
