package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

// explorer serves the embedded case as a block explorer does, and writes its
// labels to a file, since an explorer has none.
func explorer(t *testing.T) (url string, labels []string, f *ledger.File) {
	t.Helper()
	f, err := ledger.Parse("kestrel", kestrel.Filled())
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(esploratest.Serve(f.Ledger, esploratest.Options{Genesis: true}))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	pools := writeFile(t, dir, "pools.json", `[{"id":1,"name":"Northpool","addresses":[],"tags":["/Northpool/"]},{"id":2,"name":"Tidewater","addresses":[],"tags":["/Tidewater/"]}]`)
	labels = []string{"-labels", pools, "-labels", filepath.Join(dir, "labels.json")}
	out, err := os.Create(labels[3])
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	enc := json.NewEncoder(out)
	for l, err := range f.Ledger.Set().Labels.Find(t.Context(), model.Category("")) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Category == model.Actor {
			continue // stated on the command line
		}
		if err := enc.Encode(l); err != nil {
			t.Fatal(err)
		}
	}
	return s.URL + "/api", labels, f
}

// A complete investigation around one address, with an explorer's URL and
// nothing else but labels.
func TestInvestigateAroundAnAddress(t *testing.T) {
	url, labels, f := explorer(t)
	k2, err := f.Address("K2")
	if err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(t.TempDir(), "run.evidence")
	args := append(labels, "-subject", k2.String(), "-format", "json")
	out, msg, status := runCase(t, append([]string{"-esplora", url, "-record", record}, args...)...)
	if status != exitOK {
		t.Fatalf("status %d, %s", status, msg)
	}
	if !strings.Contains(msg, " requests") {
		t.Errorf("the number of requests is not told: %q", msg)
	}
	t.Log(strings.TrimSpace(msg))
	name := func(s string) string {
		id, ok := f.Tx(s)
		if !ok {
			t.Fatalf("no transaction %s", s)
		}
		return id.String()
	}
	said := statements(t, out)
	t.Log(said)
	for tx, kind := range map[string]string{"t14": `"kind":"deposit"`, "t16": `"kind":"commingling"`} {
		found := false
		for line := range strings.SplitSeq(out, "\n") {
			found = found || strings.Contains(line, kind) && strings.Contains(line, name(tx))
		}
		if !found {
			t.Errorf("no finding with %s about %s", kind, tx)
		}
	}
	if !strings.Contains(out, `"explored":{`) {
		t.Error("the coverage does not say what was explored")
	}
	// The recording gives the same bytes without any source.
	again, msg, status := runCase(t, "-replay", record, "-subject", k2.String(), "-format", "json")
	if status != exitOK {
		t.Fatalf("replay: status %d, %s", status, msg)
	}
	if a, b := findingLines(out), findingLines(again); a != b {
		t.Errorf("the replay differs:\n%s\n%s", a, b)
	}
}

// findingLines keeps the lines of findings and coverage.
func findingLines(out string) string {
	var s []string
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, `{"finding"`) || strings.HasPrefix(line, `{"coverage"`) {
			s = append(s, line)
		}
	}
	return strings.Join(s, "\n")
}
