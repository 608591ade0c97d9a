package suite_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/exposure"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/heuristics/taint"
)

var update = flag.Bool("update", false, "write the golden file anew")

// all returns every heuristic that there is, requirements first: those of the
// suite, what they require, and those that are there to be asked.
func all(t *testing.T) []*heuristics.Heuristic {
	t.Helper()
	f := heuristictest.Ledger(t, "tx f1: new(alice) 1 => bob rest\n")
	engine, err := heuristics.New(f.Ledger.Set(), append(suite.All(), taint.Heuristic, exposure.Search), heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return engine.Heuristics()
}

// TestHeuristicsGolden lists everything of the suite that is part of its
// interface, so that a change of a name, a version, a kind or a parameter is a
// line in a review.
func TestHeuristicsGolden(t *testing.T) {
	listed := map[string]string{}
	for _, h := range suite.All() {
		listed[h.Name] = "  in suite.All\n"
	}
	for _, h := range suite.Mining() {
		listed[h.Name] = "  in suite.Mining\n"
	}
	var b strings.Builder
	for _, h := range all(t) {
		fmt.Fprintf(&b, "%s %d: %s\n", h.Name, h.Version, h.Title())
		b.WriteString(cmp.Or(listed[h.Name], "  not listed: others require it, or ask it\n"))
		fmt.Fprintf(&b, "  horizon %v\n", h.Horizon)
		for _, r := range h.Requires {
			fmt.Fprintf(&b, "  requires %s\n", r.Name)
		}
		for _, s := range h.Subjects {
			fmt.Fprintf(&b, "  subject %v\n", s)
		}
		for _, k := range h.Kinds {
			fmt.Fprintf(&b, "  kind %s: %s\n", k.Name, k.Doc)
		}
		for _, p := range h.Params {
			fmt.Fprintf(&b, "  parameter %s = %s, %s", p.Name, p.Value, p.Origin)
			if p.Source != "" {
				fmt.Fprintf(&b, ": %s", p.Source)
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	path := filepath.Join("testdata", "heuristics.golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s differs; if findings may differ, the version grows and CHANGELOG.md says why; then write it anew with -update (-want +got):\n%s", path, diff)
	}
}

func TestChangelogNamesEveryHeuristic(t *testing.T) {
	_, file, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range all(t) {
		if !strings.Contains(string(b), "`"+h.Name+"`") {
			t.Errorf("CHANGELOG.md does not name `%s`", h.Name)
		}
	}
}

// families are the first parts of kinds. Consumers switch on them, so a new one
// is a change of the interface.
var families = []string{
	"deposit", "payout", "beneficiary", "commingling", "loop", "loop_lead", "pool", "coinjoin", "cluster", "exposure",
	"change", "fresh", "peel", "screen",
}

// Every rule says when it is wrong, and where its kinds and parameters come
// from.
func TestHeuristicsSayWhenTheyAreWrong(t *testing.T) {
	kinds := map[string]string{}
	for _, h := range all(t) {
		if !strings.Contains(strings.ToLower(h.Doc), "wrong") {
			t.Errorf("the doc of %s does not say when it is wrong:\n%s", h.Name, h.Doc)
		}
		if strings.TrimSpace(strings.TrimPrefix(h.Doc, h.Title())) == "" {
			t.Errorf("the doc of %s is a title alone", h.Name)
		}
		for _, k := range h.Kinds {
			family, _, _ := strings.Cut(k.Name, "/")
			if !slices.Contains(families, family) {
				t.Errorf("%s reports %s, which is of no family that consumers know", h.Name, k.Name)
			}
			if old, ok := kinds[k.Name]; ok {
				t.Errorf("%s and %s both report %s", old, h.Name, k.Name)
			}
			kinds[k.Name] = h.Name
		}
		for _, p := range h.Params {
			if p.Origin == "published" && p.Source == "" {
				t.Errorf("%s: %s is said to be published, but not where", h.Name, p.Name)
			}
			if p.Value == "" {
				t.Errorf("%s: %s has no value", h.Name, p.Name)
			}
		}
	}
}

// The list is the caller's to change.
func TestMiningIsNewEachTime(t *testing.T) {
	suite.Mining()[0] = nil
	if slices.Contains(suite.Mining(), nil) {
		t.Error("a change of one list shows in the next")
	}
}
