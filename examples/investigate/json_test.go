package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/model"
)

var (
	keys     = []string{"run", "heuristic", "finding", "failure", "progress", "withdrawn", "coverage"}
	families = []string{"deposit", "payout", "beneficiary", "commingling", "loop", "loop_lead", "pool", "coinjoin", "cluster", "exposure",
		"change", "fresh", "peel", "screen"}
	hex64    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	decimals = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
)

// TestJSONForm reads the JSON form with nothing but a JSON decoder, as a program
// in another language does.
func TestJSONForm(t *testing.T) {
	checkForm(t, plain())
}

func checkForm(t *testing.T, out string) {
	t.Helper()
	if !strings.HasSuffix(out, "\n") {
		t.Error("the last line has no end")
	}
	var seen []string
	for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		var m map[string]any
		if err := dec.Decode(&m); err != nil || len(m) != 1 {
			t.Fatalf("line %d is no object with one key: %v\n%.200s", i+1, err, line)
		}
		for key, body := range m {
			if !slices.Contains(keys, key) {
				t.Fatalf("line %d has the key %q", i+1, key)
			}
			seen = append(seen, key)
			if key == "finding" {
				kind := body.(map[string]any)["kind"].(string)
				if !slices.Contains(families, family(kind)) {
					t.Errorf("line %d is of kind %q, of no known family", i+1, kind)
				}
			}
			walk(t, i+1, body)
		}
	}
	if seen[0] != "run" || seen[len(seen)-1] != "coverage" {
		t.Errorf("begins with %s and ends with %s, want run and coverage", seen[0], seen[len(seen)-1])
	}
	n := map[string]int{}
	for _, key := range seen {
		n[key]++
	}
	if n["run"] != 1 || n["coverage"] != 1 || n["heuristic"] == 0 {
		t.Errorf("messages: %v", n)
	}
	if i := slices.Index(seen, "finding"); i >= 0 && slices.Contains(seen[i:], "heuristic") {
		t.Error("a heuristic is described after a finding")
	}
}

// walk checks values wherever they stand.
func walk(t *testing.T, line int, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(t, line, e)
		}
	case map[string]any:
		if a, ok := v["amount"]; ok {
			s, isString := a.(string)
			unit, _ := v["unit"].(string)
			currency, _ := v["currency"].(string)
			switch {
			case !isString || !decimals.MatchString(s):
				t.Errorf("line %d: amount %v is no string of decimals", line, a)
			case unit == "" && currency == "":
				t.Errorf("line %d: amount %s beside neither unit nor currency", line, s)
			case unit != "" && strings.Contains(s, "."):
				t.Errorf("line %d: %s is no whole number of base units", line, s)
			}
		}
		for _, key := range []string{"tx", "id", "digest", "hash", "rules"} {
			if s, ok := v[key]; ok {
				if s, ok := s.(string); !ok || !hex64.MatchString(s) {
					t.Errorf("line %d: %s is %v, want 64 hexadecimal digits", line, key, v[key])
				}
			}
		}
		if a, ok := v["address"]; ok {
			if s, ok := a.(string); !ok || s == "" || strings.Contains(s, ":") && !strings.HasPrefix(s, "script:") {
				t.Errorf("line %d: address %v is no plain string", line, a)
			}
		}
		for _, e := range v {
			walk(t, line, e)
		}
	}
}

func TestJSONDecodes(t *testing.T) {
	args := []string{"-format", "json", "-progress"}
	if testing.Short() {
		args = append(args, "-ledger", filepath.Join("testdata", "small.ledger"))
	}
	out, _ := investigate(t, exitOK, args...)
	var again bytes.Buffer
	enc := report.NewEncoder(&again)
	for _, m := range decode(t, out) {
		if m.Finding != nil {
			if err := m.Finding.Validate(); err != nil {
				t.Errorf("a decoded finding is not valid: %v", err)
			}
		}
		if err := enc.Encode(m); err != nil {
			t.Fatal(err)
		}
	}
	if again.String() != out {
		a, b := strings.Split(out, "\n"), strings.Split(again.String(), "\n")
		for i := range a {
			if i >= len(b) || a[i] != b[i] {
				t.Fatalf("line %d changes by decoding and encoding:\n%.600s\n%.600s", i+1, a[i], b[min(i, len(b)-1)])
			}
		}
	}
}

// Every finding names a heuristic that was described, by its rules too.
func TestJSONDescribesWhatRan(t *testing.T) {
	ms := messages(t)
	described := map[string]*report.Heuristic{}
	for _, m := range ms {
		if h := m.Heuristic; h != nil {
			for _, r := range h.Requires {
				if described[r] == nil {
					t.Errorf("%s comes before %s, which it requires", h.Name, r)
				}
			}
			described[h.Name] = h
		}
	}
	for _, f := range findings(ms) {
		h := described[f.Heuristic]
		if h == nil || h.Version != f.Version || h.Rules != f.Rules || !h.Listed {
			t.Fatalf("%s by %s %d, which is not described as listed", f.Kind, f.Heuristic, f.Version)
		}
		if !slices.ContainsFunc(h.Kinds, func(k model.Fact) bool { return k.Name == f.Kind }) {
			t.Errorf("%s does not declare the kind %s", f.Heuristic, f.Kind)
		}
	}
}
