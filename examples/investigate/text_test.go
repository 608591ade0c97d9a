package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/sources/ledger"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	p := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(p, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if it should, write it anew with -update (-want +got):\n%s", p, diff)
	}
}

// What a golden text does not hold: what a build calls itself, and the digests
// that change with every parameter of a rule.
var (
	version = regexp.MustCompile(`(?m)^goldwash \S+ on `)
	digests = regexp.MustCompile(`(?m)^(Body +|Rules .*,\n +)[0-9a-f]{64}$`)
)

// TestText shows the text form whole, of a ledger with one deposit that is
// somebody's and one that is nobody's.
func TestText(t *testing.T) {
	out, errs := investigate(t, exitOK, "-ledger", filepath.Join("testdata", "small.ledger"))
	if errs != "" {
		t.Errorf("wrote to standard error: %s", errs)
	}
	out = version.ReplaceAllString(out, "goldwash VERSION on ")
	golden(t, "small.golden", digests.ReplaceAllString(out, "${1}DIGEST"))
}

func TestProgress(t *testing.T) {
	args := []string{"-ledger", filepath.Join("testdata", "small.ledger")}
	quiet, _ := investigate(t, exitOK, args...)
	out, errs := investigate(t, exitOK, append(args, "-progress")...)
	if out != quiet {
		t.Errorf("the text differs with -progress (-want +got):\n%s", cmp.Diff(quiet, out))
	}
	for _, want := range []string{"cluster: index of ", "subjects: ", "finish: ", " findings, 0 failures\n"} {
		if !strings.Contains(errs, want) {
			t.Errorf("progress does not tell %q:\n%s", want, errs)
		}
	}
	args = append(args, "-format", "json")
	quiet, _ = investigate(t, exitOK, args...)
	out, _ = investigate(t, exitOK, append(args, "-progress")...)
	checkForm(t, out)
	if len(lines(out, "progress")) == 0 || len(lines(quiet, "progress")) != 0 {
		t.Error("progress messages are not as asked for")
	}
	if diff := cmp.Diff(lines(quiet, "finding", "heuristic", "failure", "coverage"), lines(out, "finding", "heuristic", "failure", "coverage")); diff != "" {
		t.Errorf("messages differ with -progress (-want +got):\n%s", diff)
	}
}

func TestPrices(t *testing.T) {
	small := filepath.Join("testdata", "small.ledger")
	// The ledger's own price comes first; the file fills in the other day.
	p := file(t, "usd.csv", "date,currency,rate\n2021-06-03,USD,40000\n2021-06-05,USD,36841.50\n")
	fs := findings(messages(t, "-ledger", small, "-prices", p))
	got := map[string]string{}
	for _, f := range fs {
		if family(f.Kind) == "deposit" {
			got[f.Kind] = figures(f)["paid"]
		}
	}
	want := map[string]string{"deposit": "0.35000000 13714.65 USD", "deposit/unattributed": "0.12000000 4420.98 USD"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("worth (-want +got):\n%s", diff)
	}
	out, _ := investigate(t, exitOK, "-ledger", small)
	if !strings.Contains(out, "paid 0.12000000 BTC\n") {
		t.Error("without a price for the day an amount is not written without its worth")
	}
}

// TestLabels loads one file of each form. What they say is another package's
// matter; here they must be told apart and count.
func TestLabels(t *testing.T) {
	small := filepath.Join("testdata", "small.ledger")
	const rival = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
	csv := file(t, "mine.csv", "address,entity,category,confidence\n"+rival+",Elsewhere,hash_marketplace,0.7\n")
	own := file(t, "mine.json", `[{"on":{"address":"`+rival+`"},"entity":"Nowhere","category":"exchange","confidence":0.4,"source":"me"}]`)
	ms := messages(t, "-ledger", small, "-labels", csv, "-labels", own)
	counts := map[string]string{}
	for _, l := range ms[len(ms)-1].Coverage.Labels {
		counts[l.Name] = l.Value
	}
	// Six of the curated set, one of the ledger and those of the files.
	want := map[string]string{"actor": "1", "cloud_mining": "6", "exchange": "1", "hash_marketplace": "2", "mining_pool": "0"}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	names := map[string]bool{}
	for _, s := range ms[0].Run.Sources {
		names[s.Name] = true
	}
	for _, want := range []string{small, "mine.csv", "mine.json", "goldwash curated set"} {
		if !names[want] {
			t.Errorf("the run does not say that it read %s: %v", want, names)
		}
	}
	// Nobody's labels: the coverage says that silence means nothing.
	out, _ := investigate(t, exitOK, "-ledger", file(t, "bare.ledger", "tx f1: new(alice) 1 => bob rest\n"))
	if !strings.Contains(out, "No label of a hash marketplace is loaded") || !strings.Contains(out, "No findings.") {
		t.Errorf("a ledger without labels:\n%s", out)
	}
}

// TestControlCharacters writes labels as an attacker would, who wants the
// terminal to hide a finding or the report to read otherwise.
func TestControlCharacters(t *testing.T) {
	small, err := os.ReadFile(filepath.Join("testdata", "small.ledger"))
	if err != nil {
		t.Fatal(err)
	}
	// Without the ledger's own label that of the file alone makes the deposits.
	text := strings.Replace(string(small), "label HashBazaar", "// label HashBazaar", 1)
	chain, err := ledger.Parse("small.ledger", text)
	if err != nil {
		t.Fatal(err)
	}
	d1, err := chain.Address("d1")
	if err != nil {
		t.Fatal(err)
	}
	label := func(entity string) string {
		return file(t, "labels.json", `[{"on":{"address":"`+d1.String()+`"},"entity":"`+entity+
			`","category":"hash_marketplace","role":"deposit","confidence":0.9,"source":"`+entity+`"}]`)
	}
	path := file(t, "small\x1b[31m\r\u202e.ledger", text)

	// What is not refused is cleaned.
	out, errs := investigate(t, exitOK, "-ledger", path, "-labels", label(`Haus\u200f\u2028DEPOSIT  none\u200b\u061c\ufeff`), "-progress")
	if !strings.Contains(out, "DEPOSIT  likely") || !strings.Contains(out, "Haus DEPOSIT none") {
		t.Fatalf("the label has no effect, so that nothing is tested:\n%s", out)
	}
	plainText(t, out)
	plainText(t, errs)

	// What is refused is not echoed.
	for _, args := range [][]string{
		{"-ledger", path, "-labels", label(`Haus\u001b[2J\u001b]0;owned\u0007`)},
		{"-ledger", path, "-labels", label(`Haus\u202egro\u2066`)},
		{"-ledger", path, "-labels", label(`Haus\u009b1m`)},
		{"-ledger", file(t, "evil.ledger", strings.Replace(string(small), "HashBazaar:", "\"Hash\x1b[2J\": ", 1)+"\x1b[2J oops\n")},
		{"-ledger", "absent\x1b[2J"},
		{"-format", "\x1b[2J"},
		{"-subject", "\x1b[2J"},
		{"\x1b[2J"},
		{"-\x1b[2J"},
		{"-workers", "\x1b[2J"},
	} {
		out, errs := investigate(t, exitUsage, args...)
		if out != "" || errs == "" {
			t.Errorf("%q: writes %q and says %q", args, out, errs)
		}
		plainText(t, errs)
	}
}

// plainText wants nothing but characters that show, spaces and line ends.
func plainText(t *testing.T, s string) {
	t.Helper()
	for i, r := range s {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) || r == utf8.RuneError {
			t.Fatalf("U+%04X at byte %d: %q", r, i, s[max(0, i-40):min(len(s), i+40)])
		}
	}
}
