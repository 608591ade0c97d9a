package main

import (
	"os"
	"strings"
	"testing"
)

// What the README shows of the embedded case is what the program prints.
func TestREADMEShowsTheLoop(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	printed, _ := investigate(t, exitOK, "-brief")
	for _, c := range []struct{ from, to string }{
		{"LOOP\n", "\n\n"},
		// The side by side, as far as the first beneficiary.
		{"WITHOUT\n", "\n\nbc1qvp"},
	} {
		_, rest, ok := strings.Cut(string(b), "```\n"+c.from)
		shown, _, closed := strings.Cut(rest, "\n```")
		if !ok || !closed {
			t.Errorf("the README has no block that begins with %q", c.from)
			continue
		}
		_, rest, ok = strings.Cut(printed, "\n"+c.from)
		want, _, _ := strings.Cut(rest, c.to)
		if !ok {
			t.Errorf("the program prints nothing that begins with %q", c.from)
		}
		if shown != want {
			t.Errorf("the README shows\n%s\nthe program prints\n%s", shown, want)
		}
	}
}
