package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

// explorer serves the embedded case as a block explorer does, and writes its
// labels to a file, since an explorer has none.
func explorer(t testing.TB) (url string, labels []string, f *ledger.File) {
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
	// An investigation by hand must not take a public server's patience.
	var requests int
	if _, err := fmt.Sscanf(msg, "%d requests\n", &requests); err != nil || requests == 0 || requests > 300 {
		t.Errorf("the number of requests is not told, or more than 300: %q", msg)
	}
	t.Log(strings.TrimSpace(msg))
	e := embedded{t, f, findings(decode(t, out))}
	checkForm(t, out)
	got := map[string]bool{}
	for _, x := range e.found {
		if !background(x) {
			t.Logf("%s %s %v: %s", x.Kind, e.tx(x), x.Score.Probability, x.Claim)
		}
		got[x.Kind+" "+e.tx(x)] = true
	}
	// What K2 did and what followed, as far as coins were followed from it. Of
	// what t14 pays K2 had a fortieth: without the label of K1, from which the rest
	// came, the payment is attributed to nobody.
	for _, want := range []string{"deposit/unattributed t14", "commingling t16", "payout np20221005", "payout np20221009", "deposit t17", "deposit t20", "deposit t21"} {
		if !got[want] {
			t.Errorf("no %s", want)
		}
	}
	// Whoever is beside the actor is accused of nothing here either.
	own := append([]string{"K1", "K2", "P1"}, wallets...)
	for _, x := range e.found {
		switch x.Kind {
		case "commingling/received":
			checkReceived(t, x)
		case "deposit/unattributed":
			if e.tx(x) != "t14" { // there K2 stands among the alternatives
				e.nobody(x, []string{"K2"})
			}
		case "deposit", "deposit/returned", "commingling":
			for _, who := range e.owners(x) {
				if beside, ok := about[x.Kind][e.tx(x)]; !ok || !slices.Contains(own, who) && !slices.Contains(beside, who) {
					t.Errorf("%s of %s names %s: %s", x.Kind, e.tx(x), who, x.Claim)
				}
			}
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
