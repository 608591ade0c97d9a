package labels

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Set is a list of labels and coinbase tags in memory. It implements
// [sources.LabelReader], [sources.TagReader] and [sources.Provenancer]. It is
// read-only and safe for concurrent use; the zero value is empty. Join several
// by [sources.Of].
type Set struct {
	labels  []model.Label // sorted by Compare
	on      map[model.Ref]span
	tags    []model.Tag // sorted by compareTags
	origin  []sources.Provenance
	skipped []Skip
}

// span is a range of labels.
type span struct{ from, to int32 }

// Skip counts the entries of a file that were left out for one reason.
type Skip struct {
	File   string `json:"file"`
	Reason string `json:"reason"` // such as "of other currencies"
	Count  int    `json:"count"`
	Line   int    `json:"line"` // of the first; 0 where not known
}

// String returns "pools.json: 7 whose address is not of mainnet, the first in line 12".
func (s Skip) String() string {
	text := fmt.Sprintf("%s: %d %s", s.File, s.Count, s.Reason)
	if s.Line > 0 {
		text += fmt.Sprintf(", the first in line %d", s.Line)
	}
	return text
}

var _ interface {
	sources.LabelReader
	sources.TagReader
	sources.Provenancer
} = (*Set)(nil)

// Of returns a set of labels and tags that a program has at hand, such as those
// that an operator states. The name stands in the provenance; its digest is of
// the labels and tags, one JSON object a line, sorted.
func Of(name string, ls []model.Label, tags []model.Tag) *Set {
	s := newSet(slices.Clone(ls), slices.Clone(tags))
	digest := sha256.New()
	enc := json.NewEncoder(digest)
	for i := range s.labels {
		enc.Encode(&s.labels[i]) // neither the values nor the hash can fail
	}
	for i := range s.tags {
		enc.Encode(&s.tags[i])
	}
	p := sources.Provenance{Provider: provider, Name: name, Note: note("", s.labels, s.tags, nil, nil)}
	digest.Sum(p.Digest[:0])
	s.origin = []sources.Provenance{p}
	return s
}

// newSet sorts and indexes the labels and tags, whose slices it takes over, and
// drops exact duplicates.
func newSet(ls []model.Label, tags []model.Tag) *Set {
	s := &Set{labels: sorted(ls)}
	s.on = make(map[model.Ref]span, len(s.labels))
	for i := 0; i < len(s.labels); {
		j := i + 1
		for j < len(s.labels) && s.labels[j].On == s.labels[i].On {
			j++
		}
		s.on[s.labels[i].On] = span{int32(i), int32(j)}
		i = j
	}
	slices.SortFunc(tags, compareTags)
	s.tags = slices.CompactFunc(tags, func(a, b model.Tag) bool { return compareTags(a, b) == 0 })
	return s
}

// sorted sorts in place and drops labels that agree in every field.
func sorted(ls []model.Label) []model.Label {
	slices.SortFunc(ls, func(a, b model.Label) int { return a.Compare(&b) })
	return slices.CompactFunc(ls, model.Label.Equal)
}

func compareTags(a, b model.Tag) int {
	return cmp.Or(
		bytes.Compare(a.Bytes, b.Bytes),
		strings.Compare(a.Entity, b.Entity),
		strings.Compare(a.Source, b.Source),
		cmp.Compare(a.Confidence, b.Confidence),
	)
}

// Len returns the number of labels.
func (s *Set) Len() int { return len(s.labels) }

// Labels implements [sources.LabelReader]. It allocates only the outer slice.
func (s *Set) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([][]model.Label, len(on))
	for i, r := range on {
		if at, ok := s.on[r]; ok {
			out[i] = s.labels[at.from:at.to:at.to]
		}
	}
	return out, nil
}

// Find implements [sources.LabelReader].
func (s *Set) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return each(ctx, s.labels, func(l *model.Label) bool { return c == "" || l.Category == c })
}

// Tags implements [sources.TagReader].
func (s *Set) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return each(ctx, s.tags, func(*model.Tag) bool { return true })
}

// each yields the values that are wanted until the context ends; one that has
// ended already is told even where there is nothing to yield.
func each[T any](ctx context.Context, values []T, wanted func(*T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := ctx.Err()
		for i := 0; err == nil && i < len(values); i++ {
			if !wanted(&values[i]) {
				continue
			}
			if !yield(values[i], nil) {
				return
			}
			err = ctx.Err()
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// Provenance implements [sources.Provenancer]: one record a file, in the order
// in which the files were given, with the digest of the file as it lies on disk
// and a note of what was read and what was left out.
func (s *Set) Provenance() []sources.Provenance { return slices.Clone(s.origin) }

// Skipped lists what was left out, file by file, by reason.
func (s *Set) Skipped() []Skip { return slices.Clone(s.skipped) }

// note says what a file holds, as counts.
func note(format string, ls []model.Label, tags []model.Tag, skipped []Skip, remarks []string) string {
	var parts []string
	if format != "" {
		parts = append(parts, format)
	}
	count := map[model.Category]int{}
	for i := range ls {
		count[ls[i].Category]++
	}
	var categories []model.Category
	for c := range count {
		categories = append(categories, c)
	}
	slices.SortFunc(categories, func(a, b model.Category) int {
		return cmp.Or(count[b]-count[a], strings.Compare(string(a), string(b)))
	})
	text := fmt.Sprintf("%d labels", len(ls))
	for i, c := range categories {
		if i == 10 {
			text += fmt.Sprintf(", %d categories more", len(categories)-i)
			break
		}
		text += fmt.Sprintf(", %d %s", count[c], c)
	}
	parts = append(parts, text)
	if len(tags) > 0 {
		parts = append(parts, fmt.Sprintf("%d tags", len(tags)))
	}
	for _, s := range skipped {
		parts = append(parts, fmt.Sprintf("skipped %d %s", s.Count, s.Reason))
	}
	return strings.Join(append(parts, remarks...), "; ")
}
