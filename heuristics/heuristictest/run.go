package heuristictest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Run checks the heuristic against every ledger file that the pattern matches,
// each as a subtest with the name of the file. The pattern is one of
// [filepath.Glob], relative to the folder of the package under test. It is an
// error if it matches nothing.
func Run(t *testing.T, h *heuristics.Heuristic, glob string) {
	t.Helper()
	files, err := filesOf(glob)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			check(t, h, parse(t, filepath.ToSlash(name), string(text)))
		})
	}
}

// filesOf lists the files that match; none is an error, since a test that runs
// over nothing passes for the wrong reason.
func filesOf(glob string) ([]string, error) {
	files, err := filepath.Glob(glob)
	if err == nil && len(files) == 0 {
		err = errors.New("no file matches")
	}
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", glob, err)
	}
	return files, nil
}

// RunText checks the heuristic against one ledger text. Messages call its lines
// ledger:1 and so on.
func RunText(t testing.TB, h *heuristics.Heuristic, text string) {
	t.Helper()
	check(t, h, Ledger(t, text))
}

// Ledger parses a ledger text; a problem of the text ends the test.
func Ledger(t testing.TB, text string) *ledger.File {
	t.Helper()
	return parse(t, "ledger", text)
}

func parse(t testing.TB, name, text string) *ledger.File {
	t.Helper()
	f, err := ledger.Parse(name, text)
	if err != nil {
		t.Fatalf("not a ledger:\n%v", err)
	}
	return f
}

// Open opens a session on a ledger with one worker; an error ends the test.
// Findings that are yielded are those of the listed heuristics.
func Open(t testing.TB, f *ledger.File, scope heuristics.Scope, hs ...*heuristics.Heuristic) *heuristics.Session {
	t.Helper()
	eng, err := heuristics.New(f.Ledger.Set(), hs, heuristics.Options{Network: f.Ledger.Network(), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := eng.Open(context.Background(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Findings runs a session over every subject in its scope and returns the
// findings; an error of the run or of a pass fails the test. The subjects are
// the transactions and, where a heuristic accepts them, their blocks, outputs,
// inputs and addresses.
func Findings(t testing.TB, s *heuristics.Session) []model.Finding {
	t.Helper()
	ctx := context.Background()
	subs, err := subjects(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	var fs []model.Finding
	for f, err := range s.Run(ctx, list(subs)) {
		var pass *heuristics.PassError
		switch {
		case err == nil:
			fs = append(fs, f)
		case errors.As(err, &pass):
			t.Errorf("%v\n%s", err, pass.Stack)
		default:
			t.Fatal(err)
		}
	}
	return fs
}
