package heuristictest

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// maxFaults is how many look-ups fail one by one, shortFaults how many under
// -short; where a run makes more, every so many of them.
const (
	maxFaults   = 32
	shortFaults = 4
)

// faults lists runs in which look-ups fail: each by itself, and a third of them
// together.
func (c *checker) faults() []setting {
	var asked []fault
	c.run(setting{options: heuristics.Options{Workers: 1}, wrap: sources.Inject(func(op, key string) error {
		if f := (fault{op, key}); f.fails() && !slices.Contains(asked, f) {
			asked = append(asked, f)
		}
		return nil
	})})
	slices.SortFunc(asked, func(a, b fault) int { return cmp.Or(strings.Compare(a.op, b.op), strings.Compare(a.key, b.key)) })
	most := maxFaults
	if testing.Short() {
		most = shortFaults
	}
	step := (len(asked) + most - 1) / most
	out := []setting{{name: "with a third of the look-ups failing", options: heuristics.Options{Workers: 1}, wrap: sources.Inject(third), faults: true}}
	for i := 0; i < len(asked); i += step {
		f := asked[i]
		out = append(out, setting{name: "with one look-up failing, " + f.op + " of " + f.key, options: heuristics.Options{Workers: 1},
			wrap: sources.Inject(f.inject), faults: true})
	}
	return out
}

// fault is a look-up that fails as it does where a source cannot be reached.
type fault struct{ op, key string }

// fails reports whether look-ups of the kind fail at all: without blocks or
// labels no session opens, which says enough.
func (f fault) fails() bool { return f.op == "Txs" || f.op == "Spenders" || f.op == "History" }

func (f fault) error() error {
	return &sources.Error{Source: "heuristictest", Op: f.op, Key: f.key, Err: sources.ErrUnavailable}
}

func (f fault) inject(op, key string) error {
	if op == f.op && key == f.key {
		return f.error()
	}
	return nil
}

// third fails every third look-up, always the same ones.
func third(op, key string) error {
	f := fault{op, key}
	h := fnv.New32a()
	h.Write([]byte(op + " " + key))
	if !f.fails() || h.Sum32()%3 != 0 {
		return nil
	}
	return f.error()
}

// poor lists a run with half the budget that the dearest evaluation takes.
func (c *checker) poor() []setting {
	var most atomic.Int64
	c.run(setting{options: heuristics.Options{Workers: 1, Observer: heuristics.Observer{Pass: func(p heuristics.PassInfo) {
		most.Store(max(most.Load(), p.Lookups))
	}}}})
	if most.Load() < 2 {
		return nil
	}
	return []setting{{name: "with half the budget", options: heuristics.Options{Workers: 1, Lookups: most.Load() / 2}, poor: true}}
}

// invents checks a run with less budget: what it finds stands in the first run
// as it is, or is marked as partial.
func (c *checker) invents(s setting, want, got *outcome) {
	c.Helper()
	if got.err != nil {
		c.Errorf("%s: %s, the run ends: %v", c.f.Name, s.name, got.err)
		return
	}
	before := encoded(want.findings)
	for i := range got.findings {
		f := &got.findings[i]
		if id := f.ID.String(); f.Partial || before[id].text == encoded(got.findings[i : i+1])[id].text {
			continue
		}
		c.Errorf("%s: %s, the finding %s on %s is new or another, and not partial: what a spent budget kept from being seen must show by Partial: %q",
			c.position(f.Subject), s.name, f.Kind, c.describe(f.Subject), f.Claim)
	}
}

// tells checks a run in which look-ups failed: what was not seen must be told,
// by a failure, a partial pass, a note, or in the finding that it concerns. A
// heuristic that takes the lack of an answer for an answer says less, or other
// things, without a word.
func (c *checker) tells(s setting, want, got *outcome) bool {
	c.Helper()
	if got.err != nil || len(got.failures) > 0 {
		return true
	}
	a, b := want.session.Coverage(), got.session.Coverage()
	for i := range a.Heuristics {
		if x, y := a.Heuristics[i], b.Heuristics[i]; y.Partial > x.Partial || y.Failed > x.Failed || !slices.Equal(x.Notes, y.Notes) {
			return true
		}
	}
	before, after := encoded(want.findings), encoded(got.findings)
	for _, id := range ids(before, after) {
		x, y := before[id], after[id]
		if x.text == y.text || saysMore(x.text, y.text) {
			continue
		}
		on := x.subject
		if x.text == "" {
			on = y.subject
		}
		c.Errorf("%s: %s, the finding on %s differs, and nothing says why: a look-up that fails must show, as an error of Run, by Partial or Note, or in Unseen (-first run +this run)\n%s",
			c.position(on), s.name, c.describe(on), gocmp.Diff(tree(x.text), tree(y.text)))
		return false
	}
	return true
}

// saysMore reports whether a finding itself says that something was not seen which
// was seen before.
func saysMore(before, after string) bool {
	var a, b model.Finding
	if json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(after), &b) != nil {
		return false
	}
	return b.Partial && !a.Partial || !slices.Equal(a.Unseen, b.Unseen)
}
