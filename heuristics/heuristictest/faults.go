package heuristictest

import (
	"encoding/json"
	"hash/fnv"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// away fails every third look-up of transactions, spends and histories, always
// the same ones, as a source does that cannot be reached.
func away(op, key string) error {
	switch op {
	case "Txs", "Spenders", "History":
	default:
		return nil // without these no session opens, which says enough
	}
	h := fnv.New32a()
	h.Write([]byte(op + " " + key))
	if h.Sum32()%3 != 0 {
		return nil
	}
	return &sources.Error{Source: "heuristictest", Op: op, Key: key, Err: sources.ErrUnavailable}
}

// silent checks a run in which look-ups failed: what was not seen must be told,
// by a failure, a partial pass, a note, or in the finding that it concerns. A
// heuristic that takes the lack of an answer for an answer says less, or other
// things, without a word.
func (c *checker) silent(s setting, want, got *outcome) {
	c.Helper()
	if got.err != nil || len(got.failures) > 0 {
		return
	}
	a, b := want.session.Coverage(), got.session.Coverage()
	for i := range a.Heuristics {
		if x, y := a.Heuristics[i], b.Heuristics[i]; y.Partial > x.Partial || y.Failed > x.Failed || !slices.Equal(x.Notes, y.Notes) {
			return
		}
	}
	before, after := encoded(want.findings), encoded(got.findings)
	for _, id := range ids(before, after) {
		x, y := before[id], after[id]
		if x.text == y.text || tells(x.text, y.text) {
			continue
		}
		on := x.subject
		if x.text == "" {
			on = y.subject
		}
		c.Errorf("%s: %s, the finding on %s differs, and nothing says why: a look-up that fails must show, as an error of Run, by Partial or Note, or in Unseen (-first run +this run)\n%s",
			c.position(on), s.name, c.describe(on), cmp.Diff(tree(x.text), tree(y.text)))
		return
	}
}

// tells reports whether a finding itself says that something was not seen which
// was seen before.
func tells(before, after string) bool {
	var a, b model.Finding
	if json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(after), &b) != nil {
		return false
	}
	return b.Partial && !a.Partial || !slices.Equal(a.Unseen, b.Unseen)
}

func faultSetting() setting {
	return setting{name: "with look-ups that fail", options: heuristics.Options{Workers: 1}, wrap: sources.Inject(away), faults: true}
}
