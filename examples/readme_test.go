// Package examples holds programs that embed goldwash. This test keeps what the
// README shows of them true.
package examples

import (
	"os"
	"strings"
	"testing"
)

func TestREADMEShowsTheExamples(t *testing.T) {
	readme := read(t, "../README.md")
	for _, part := range []struct{ file, from string }{
		{"quickstart/main.go", "const text"},
		{"custom/roundfee.go", "// RoundFee reports"},
		{"custom/testdata/round.ledger", ""},
	} {
		text := read(t, part.file)
		at := strings.Index(text, part.from)
		if at < 0 {
			t.Fatalf("%s has no %q", part.file, part.from)
		}
		if !strings.Contains(readme, strings.TrimSpace(text[at:])) {
			t.Errorf("the README does not show %s from %q on as it is", part.file, part.from)
		}
	}
	for _, command := range []string{"go run ./examples/investigate ", "go test ./... "} {
		if !strings.Contains(readme, "\n"+command) {
			t.Errorf("the README does not give the command %q", command)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
