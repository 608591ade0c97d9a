package pool

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// Tags are coinbase tags made ready for matching. They are made once a session,
// and are safe for concurrent use.
type Tags struct {
	tags []tag
}

type tag struct {
	model.Tag
	key    string // of the entity
	folded []byte // the bytes in lower case, where case does not matter; nil else
}

// Match is a tag that stands in a coinbase script.
type Match struct {
	model.Tag
	// Found are the bytes of the script that match; they differ from the
	// tag's in the case of letters at most.
	Found []byte
	// Offset counts from the first byte of the script.
	Offset int
}

// NewTags prepares tags. Those without bytes or entity are left out.
func NewTags(tags []model.Tag, p Params) *Tags {
	ts := &Tags{}
	for _, t := range tags {
		if len(t.Bytes) == 0 || t.Entity == "" {
			continue
		}
		c := tag{Tag: t, key: key(t.Entity)}
		if len(t.Bytes) >= p.MinTagFold {
			c.folded = lower(t.Bytes)
		}
		ts.tags = append(ts.tags, c)
	}
	slices.SortStableFunc(ts.tags, func(a, b tag) int {
		if c := cmp.Compare(len(b.Bytes), len(a.Bytes)); c != 0 {
			return c
		}
		if c := bytes.Compare(a.Bytes, b.Bytes); c != 0 {
			return c
		}
		if c := cmp.Compare(a.Entity, b.Entity); c != 0 {
			return c
		}
		if c := cmp.Compare(b.Confidence, a.Confidence); c != 0 {
			return c
		}
		return cmp.Compare(a.Source, b.Source)
	})
	return ts
}

// Len returns the number of tags.
func (ts *Tags) Len() int { return len(ts.tags) }

// Find returns the tags that stand in a coinbase script of a block, the longest
// first, of one length the one of the lower bytes. The push of the height, by
// which consensus makes the script begin, is left out: a tag that lies in it or
// reaches into it is not found.
//
// Bytes are compared, not text. A tag of fewer than MinTagFold bytes must match
// exactly and be bounded on both sides by a byte that is neither letter nor
// digit, or by an end, because random bytes next to it spell four letters now
// and then; of a longer one the case of ASCII letters does not matter. A tag of
// which every occurrence lies within one of a longer tag of another entity is
// not found: the longer one says more.
func (ts *Tags) Find(script []byte, at model.BlockRef, net model.Network) []Match {
	rest, offset := body(script, at, net)
	var ms []Match
	var keys []string // of the matches' entities
	var folded []byte
	for i := range ts.tags {
		t := &ts.tags[i]
		text, want := rest, t.Bytes
		if t.folded != nil {
			if folded == nil {
				folded = lower(rest)
			}
			text, want = folded, t.folded
		}
		for from := 0; ; {
			k := bytes.Index(text[from:], want)
			if k < 0 {
				break
			}
			k += from
			from = k + 1
			if t.folded == nil && !bounded(rest, k, k+len(want)) || within(ms, keys, t.key, offset+k, offset+k+len(want)) {
				continue
			}
			ms = append(ms, Match{t.Tag, rest[k : k+len(want) : k+len(want)], offset + k})
			keys = append(keys, t.key)
			break
		}
	}
	return ms
}

// body cuts the push of the height off a script: the one of this height, and
// where the height is unknown one of any height from which on consensus demands
// it.
func body(script []byte, at model.BlockRef, net model.Network) (rest []byte, offset int) {
	height, known := at.Height, at.Has(model.KnownHeight)
	if !known {
		height, known = model.CoinbaseHeight(script)
	}
	if !known || height < net.BIP34Height() {
		return script, 0
	}
	return model.CoinbaseTag(script, height, true)
}

// within reports whether a longer match of another entity covers the bytes.
func within(ms []Match, keys []string, entity string, from, to int) bool {
	for i := range ms {
		m := &ms[i]
		if from >= m.Offset && to <= m.Offset+len(m.Found) && to-from < len(m.Found) && keys[i] != entity {
			return true
		}
	}
	return false
}

func bounded(b []byte, from, to int) bool {
	return (from == 0 || !alphanumeric(b[from-1])) && (to == len(b) || !alphanumeric(b[to]))
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// lower folds ASCII letters and leaves every other byte, so that offsets stay.
func lower(b []byte) []byte {
	l := make([]byte, len(b))
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		l[i] = c
	}
	return l
}

// key is equal for the spellings of one entity's name.
func key(entity string) string {
	if k := model.EntityKey(entity); k != "" {
		return k
	}
	return entity
}

// TagsOf returns the tags of the session, for a heuristic that requires
// [Heuristic].
func TagsOf(r heuristics.Reader) *Tags { return heuristics.IndexOf[*Tags](r, Heuristic) }

// index reads the tags once a session.
func index(ctx context.Context, s *heuristics.Scan, p Params) (*Tags, error) {
	all, err := s.Tags(ctx)
	if err != nil {
		return nil, err
	}
	ts := NewTags(all, p)
	s.Note("coinbase tags loaded", ts.Len())
	return ts, nil
}
