package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The finding that the README shows is what the program prints, but for the
// inputs that it says it leaves out.
func TestREADMEShowsAFinding(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "```\nCOMMINGLING")
	shown, _, closed := strings.Cut(rest, "\n```")
	if !ok || !closed {
		t.Fatal("the README shows no commingling finding")
	}
	out, msg, status := runCase(t)
	if status != exitOK {
		t.Fatal(msg)
	}
	_, rest, ok = strings.Cut(out, "\nCOMMINGLING  ")
	printed, _, _ := strings.Cut(rest, "\n\n")
	if !ok {
		t.Fatal("the program prints no commingling finding")
	}
	// Everything between the first mined input and the attributed one.
	left := regexp.MustCompile(`(?s)(\n              mined input 0 .*?)\n              mined input 1 .*?(\n              attributed input)`)
	want := left.ReplaceAllString("  "+printed, "$1\n              ... (four more, left out on this page)$2")
	if shown != want {
		t.Errorf("the README shows\n%s\nthe program prints\n%s", shown, want)
	}
}
