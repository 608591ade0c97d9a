package actor

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/goldwash/goldwash/model"
)

// maxOthers bounds the labels of other entities that an attribution lists.
const maxOthers = 16

// claims are the labels among which one attribution chooses. Which of them hold
// depends on the time alone, so that the choice is made once for each stretch of
// time between two bounds, and shared by all who ask.
type claims struct {
	labels []*label    // the most confident ones first
	bounds []time.Time // sorted: when a label begins or ceases to hold

	mu     sync.Mutex
	chosen map[int]*Attribution // by stretch; nil where no label holds
}

// newClaims returns nil without labels.
func newClaims(ls []*label) *claims {
	if len(ls) == 0 {
		return nil
	}
	c := &claims{labels: ls, chosen: map[int]*Attribution{}}
	for _, l := range ls {
		for _, t := range [2]time.Time{l.From, l.To} {
			if !t.IsZero() {
				c.bounds = append(c.bounds, t)
			}
		}
	}
	slices.SortFunc(c.bounds, time.Time.Compare)
	return c
}

// at chooses at the time of a block. A label that accuses counts only where it is
// known to hold.
func (c *claims) at(b model.BlockRef) (Attribution, bool) {
	if c == nil {
		return Attribution{}, false
	}
	stretch := 0
	if len(c.bounds) > 0 {
		when, known := b.When()
		if stretch = -1; known {
			stretch = sort.Search(len(c.bounds), func(i int) bool { return c.bounds[i].After(when) })
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.chosen[stretch]
	if !ok {
		t = c.choose(b)
		c.chosen[stretch] = t
	}
	if t == nil {
		return Attribution{}, false
	}
	return *t, true
}

// choose weighs the entities that the labels name against each other. They cannot
// all be right, so the best label keeps of its confidence the share that it has of
// the sum of the most confident labels of each entity. Who is merely stated to be
// under investigation may have any name: such labels weigh against each other
// only, and named ones against named ones; the sort that is left with more wins.
func (c *claims) choose(b model.BlockRef) *Attribution {
	type claim struct {
		key    string
		stated bool
	}
	seen := map[claim]bool{}
	var best [2]*label // of those named, and of those stated
	var sum [2]uint64
	var each []*label // the most confident of each entity
	keys := map[string]bool{}
	for _, l := range c.labels {
		if holds, known := l.HoldsAt(b); !holds || !known {
			continue
		}
		sort := 0
		if l.Method == model.MethodStated {
			sort = 1
		}
		if k := (claim{l.key, sort == 1}); !seen[k] {
			seen[k] = true
			sum[sort] += uint64(l.Confidence)
			if best[sort] == nil {
				best[sort] = l
			}
		}
		if !keys[l.key] {
			keys[l.key] = true
			each = append(each, l)
		}
	}
	var by *label
	var left model.Probability
	for sort, l := range best {
		if l == nil {
			continue
		}
		if p := share(l.Confidence, sum[sort]); by == nil || p > left {
			by, left = l, p
		}
	}
	if by == nil {
		return nil
	}
	t := &Attribution{Entity: by.Entity, Confidence: left, Label: by.Label, Account: by.why != ""}
	for _, l := range each {
		switch {
		case l.key == by.key:
		case len(t.Others) < maxOthers:
			t.Others = append(t.Others, l.Label)
		default:
			t.Omitted++
		}
	}
	return t
}

// share returns c times its share of the sum, rounded.
func share(c model.Probability, sum uint64) model.Probability {
	if sum == 0 {
		return 0
	}
	return model.Probability((uint64(c)*uint64(c) + sum/2) / sum)
}
