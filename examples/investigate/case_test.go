package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/sources/ledger"
)

const caseLedger = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
tx theft: new(victim) 0.9 => k1 0.9
tx deposit: theft.0 fee=0.0001 => d1 0.35, change rest
`

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// addressOf returns the address of an owner of a ledger file.
func addressOf(t *testing.T, file, owner string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ledger.Parse(file, string(text))
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Address(owner)
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}

// runCase runs the program and returns what it wrote and its status.
func runCase(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, msg bytes.Buffer
	status = run(t.Context(), args, &out, &msg)
	return out.String(), msg.String(), status
}

// A case file says what flags say: the findings are the same, whether it is YAML
// or JSON, and wherever the program is started.
func TestCaseFileIsTheFlags(t *testing.T) {
	dir := t.TempDir()
	ledgerFile := writeFile(t, dir, "small.ledger", caseLedger)
	addr := addressOf(t, ledgerFile, "k1")
	want, msg, status := runCase(t, "-ledger", ledgerFile, "-subject", addr+"=0.8", "-format", "json")
	if status != exitOK || !strings.Contains(want, `"kind":"deposit"`) {
		t.Fatalf("status %d, %s", status, msg)
	}
	yamlCase := writeFile(t, dir, "case.yaml", "goldwash_case: 1\nname: small\nnotes: a test\nsources:\n  ledger: small.ledger\nsubjects:\n- address: "+addr+"\n  confidence: 0.8\n  entity: Subject\n  notes: stated by a test\n")
	jsonCase := writeFile(t, dir, "case.json", `{"goldwash_case": 1, "sources": {"ledger": "small.ledger"}, "subjects": [{"address": "`+addr+`", "confidence": "0.8"}]}`)
	for _, name := range []string{yamlCase, jsonCase} {
		got, msg, status := runCase(t, "-case", name, "-format", "json")
		if status != exitOK {
			t.Fatalf("%s: status %d, %s", name, status, msg)
		}
		if diff := statements(t, want) != statements(t, got); diff {
			t.Errorf("%s gives other statements than the flags:\n%s\n%s", name, statements(t, want), statements(t, got))
		}
	}
	// The notes reach the labels that findings use.
	if got, _, _ := runCase(t, "-case", yamlCase, "-format", "json"); !strings.Contains(got, "stated by a test") {
		t.Error("the notes of a subject are lost")
	}
}

// statements lists the ids of the findings, sorted.
func statements(t *testing.T, out string) string {
	t.Helper()
	var ids []string
	for line := range strings.SplitSeq(strings.TrimSpace(out), "\n") {
		var m struct {
			Finding *struct {
				ID   string
				Kind string
			}
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m.Finding != nil {
			ids = append(ids, m.Finding.Kind+" "+m.Finding.ID)
		}
	}
	sort.Strings(ids)
	return strings.Join(ids, "\n")
}

// -init writes a case that runs and says the same.
func TestInitWritesACaseThatRuns(t *testing.T) {
	dir := t.TempDir()
	ledgerFile := writeFile(t, dir, "small.ledger", caseLedger)
	addr := addressOf(t, ledgerFile, "k1")
	name := filepath.Join(dir, "new.yaml")
	flags := []string{"-ledger", ledgerFile, "-subject", addr + "=0.8"}
	if out, msg, status := runCase(t, append(flags, "-init", name)...); status != exitOK || out != "" {
		t.Fatalf("status %d, %q %s", status, out, msg)
	}
	want, _, _ := runCase(t, append(flags, "-format", "json")...)
	got, msg, status := runCase(t, "-case", name, "-format", "json")
	if status != exitOK || statements(t, got) != statements(t, want) {
		t.Errorf("status %d, %s", status, msg)
	}
	if _, msg, status := runCase(t, append(flags, "-init", name)...); status != exitUsage {
		t.Errorf("-init overwrites a case: status %d, %s", status, msg)
	}
	// The embedded case, too.
	if testing.Short() {
		return
	}
	name = filepath.Join(dir, "embedded.yaml")
	if _, msg, status := runCase(t, "-init", name); status != exitOK {
		t.Fatal(msg)
	}
	if _, msg, status := runCase(t, "-case", name, "-format", "json"); status != exitOK {
		t.Errorf("the embedded case by its file: status %d, %s", status, msg)
	}
}

func TestBadCases(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "empty"},
		{"version", "goldwash_case: 7\nsources: {embedded: true}\n", "goldwash_case is 7, want 1"},
		{"unknown key", "goldwash_case: 1\nsources: {embedded: true}\nsubjcts: []\n", "subjcts"},
		{"no source", "goldwash_case: 1\nsources: {}\n", "name one of"},
		{"two sources", "goldwash_case: 1\nsources: {ledger: a, replay: b}\n", "exclude each other"},
		{"bad address", "goldwash_case: 1\nsources: {embedded: true}\nsubjects: [{address: nonsense}]\n", "nonsense"},
		{"bad confidence", "goldwash_case: 1\nsources: {embedded: true}\nsubjects: [{address: 1BoatSLRHtKNngkdXEeobR76b53LETtpyT, confidence: 7}]\n", "7"},
		{"wrong type", "goldwash_case: 1\nsources: 7\n", "line 2"},
		{"missing file", "goldwash_case: 1\nsources: {ledger: nowhere.ledger}\n", "nowhere.ledger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := writeFile(t, dir, strings.ReplaceAll(c.name, " ", "_")+".yaml", c.text)
			_, msg, status := runCase(t, "-case", name)
			if status != exitUsage || !strings.Contains(msg, c.want) {
				t.Errorf("status %d, %q does not say %q", status, msg, c.want)
			}
		})
	}
	name := writeFile(t, dir, "good.yaml", "goldwash_case: 1\nsources: {embedded: true}\n")
	if _, msg, status := runCase(t, "-case", name, "-ledger", "x"); status != exitUsage || !strings.Contains(msg, "-case says what is looked at") {
		t.Errorf("a flag that contradicts the case: status %d, %s", status, msg)
	}
}

//go:embed case.schema.json
var caseSchema []byte

// The schema and the decoder know the same keys.
func TestSchemaIsTheDecoder(t *testing.T) {
	type node struct {
		Properties map[string]*node
		Items      *node
	}
	var schema node
	if err := json.Unmarshal(caseSchema, &schema); err != nil {
		t.Fatal(err)
	}
	var compare func(path string, n *node, typ reflect.Type)
	compare = func(path string, n *node, typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			if typ.Kind() == reflect.Slice {
				n = n.Items
			}
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		var keys, want []string
		for i := range typ.NumField() {
			key, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ",")
			keys = append(keys, key)
			if sub := n.Properties[key]; sub != nil {
				compare(path+"."+key, sub, typ.Field(i).Type)
			}
		}
		for key := range n.Properties {
			want = append(want, key)
		}
		slices.Sort(keys)
		slices.Sort(want)
		if !slices.Equal(keys, want) {
			t.Errorf("%s: the decoder knows %v, the schema %v", path, keys, want)
		}
	}
	compare("case", &schema, reflect.TypeFor[caseFile]())
}

func FuzzDecodeCase(f *testing.F) {
	f.Add([]byte("goldwash_case: 1\nsources: {embedded: true}\nsubjects:\n- address: x\n"))
	f.Add([]byte(`{"goldwash_case": 1, "sources": {"blocks": ["a"]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeCase(b)
		if err == nil && c.Version != caseVersion {
			t.Errorf("accepts version %d", c.Version)
		}
	})
}
