package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
)

// investigate runs the program and wants an exit status.
func investigate(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(t.Context(), args, &out, &errs); got != status {
		t.Fatalf("investigate %s: exit status %d, want %d\n%s", strings.Join(args, " "), got, status, errs.String())
	}
	return out.String(), errs.String()
}

// messages runs the program with -format json and decodes what it writes.
func messages(t *testing.T, args ...string) []report.Message {
	t.Helper()
	if len(args) == 0 {
		ms := plainMessages()
		if len(ms) == 0 {
			t.Fatal("the program without flags fails, or writes what cannot be decoded")
		}
		return ms
	}
	out, _ := investigate(t, exitOK, append([]string{"-format", "json"}, args...)...)
	return decode(t, out)
}

// plain is what the program writes without any flag but -format json. Many tests
// read it, and none changes it.
var plain = sync.OnceValue(func() string {
	var out, errs bytes.Buffer
	if status := run(context.Background(), []string{"-format", "json"}, &out, &errs); status != exitOK || errs.Len() > 0 {
		return ""
	}
	return out.String()
})

// plainMessages is plain, decoded; nil where it cannot be.
var plainMessages = sync.OnceValue(func() []report.Message {
	var ms []report.Message
	for m, err := range report.Decode(strings.NewReader(plain())) {
		if err != nil {
			return nil
		}
		ms = append(ms, m)
	}
	return ms
})

func decode(t *testing.T, ndjson string) []report.Message {
	t.Helper()
	var ms []report.Message
	for m, err := range report.Decode(strings.NewReader(ndjson)) {
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, m)
	}
	return ms
}

func findings(ms []report.Message) []*model.Finding {
	var fs []*model.Finding
	for _, m := range ms {
		if m.Finding != nil {
			fs = append(fs, m.Finding)
		}
	}
	return fs
}

// ofKind returns the findings of the kinds.
func ofKind(fs []*model.Finding, kinds ...string) []*model.Finding {
	var out []*model.Finding
	for _, f := range fs {
		if slices.Contains(kinds, f.Kind) {
			out = append(out, f)
		}
	}
	return out
}

func kinds(fs []*model.Finding) map[string]int {
	n := map[string]int{}
	for _, f := range fs {
		n[f.Kind]++
	}
	return n
}

func family(kind string) string {
	f, _, _ := strings.Cut(kind, "/")
	return f
}

// lines returns the lines of NDJSON whose key is one of those named, as they
// are.
func lines(ndjson string, keys ...string) []string {
	var out []string
	for line := range strings.Lines(ndjson) {
		for _, k := range keys {
			if strings.HasPrefix(line, `{"`+k+`":`) {
				out = append(out, line)
			}
		}
	}
	return out
}

// file writes a file for a test and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func block(t *testing.T, name string) string { return realdata.Path(t, "blocks/mainnet-"+name) }

func fact(f *model.Finding, name string) string {
	for _, d := range f.Facts {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

func TestBadUse(t *testing.T) {
	const addr = "1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne"
	notALedger := file(t, "not.ledger", "tx f1: nobody => nowhere\n")
	notLabels := file(t, "not-labels.txt", "these are not labels\n")
	notPrices := file(t, "not-prices.csv", "a,b\n1,2\n")
	notBlocks := file(t, "not-blocks.dat", strings.Repeat("x", 4096))
	absent := filepath.Join(t.TempDir(), "absent")
	for _, test := range []struct {
		args string // split at spaces; a dash-dot is the empty argument
		says string
	}{
		{"-nope", "-nope"},
		{"extra", `unexpected argument "extra"`},
		{"-from x", "-from"},
		{"-from 5 -to 3", "-from 5 -to 3"},
		{"-from -1", "-from -1"},
		{"-to 1073741825", "-to 1073741825"},
		{"-workers -1", "-workers -1"},
		{"-format xml", `-format "xml": want text or json`},
		{"-network moonnet", `"moonnet"`},
		{"-network testnet3", "the ledger is on mainnet; say -network mainnet"},
		{"-ledger a -blocks b", "-ledger, -blocks, -esplora and -replay exclude each other"},
		{"-ledger a -esplora http://localhost", "-ledger, -blocks, -esplora and -replay exclude each other"},
		{"-esplora http://localhost -replay a", "-ledger, -blocks, -esplora and -replay exclude each other"},
		{"-esplora http://localhost", "-esplora needs a -subject or an -about to look around, or -from and -to"},
		{"-esplora http://localhost -from 5", "-esplora needs a -subject or an -about to look around, or -from and -to"},
		{"-esplora gopher://localhost -subject " + addr, "esplora: the base URL is not of the form"},
		{"-replay a -record b", "-replay reads everything from the recording, and excludes -record, -labels and -prices"},
		{"-replay a -labels b", "-replay reads everything from the recording"},
		{"-replay a -prices b", "-replay reads everything from the recording"},
		{"-ledger a -ledger b", "given twice"},
		{"-esplora a -esplora b", "given twice"},
		{"-case a -case b", "given twice"},
		{"-ledger -.", "must not be empty"},
		{"-blocks -.", "must not be empty"},
		{"-esplora -.", "must not be empty"},
		{"-replay -.", "must not be empty"},
		{"-record -.", "must not be empty"},
		{"-case -.", "must not be empty"},
		{"-init -.", "must not be empty"},
		{"-spent x", "-spent goes with -blocks"},
		{"-subject nobody", `"nobody"`},
		{"-about nobody", "nor is it an output, txid:vout, or a txid"},
		{"-without nobody", `-without: `},
		{"-subject tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "testnet3"},
		{"-subject " + addr + "=2", `probability "2"`},
		{"-subject " + addr + "=0", "states nothing"},
		{"-subject " + addr + "=", `probability ""`},
		{"-subject " + addr + " -subject " + addr + "=0.5", "stated twice"},
		{"-ledger " + absent, absent},
		{"-blocks " + absent, absent},
		{"-replay " + absent, absent},
		{"-case " + absent, absent},
		{"-record " + filepath.Join(absent, "x"), absent},
		{"-init " + filepath.Join(absent, "x"), absent},
		{"-labels " + absent, absent},
		{"-prices " + absent, absent},
		{"-ledger " + notALedger, notALedger + ":1:"},
		{"-replay " + notALedger, notALedger},
		{"-case " + notBlocks, notBlocks},
		{"-labels " + notLabels, filepath.Base(notLabels)},
		{"-prices " + notPrices, filepath.Base(notPrices)},
		{"-blocks " + notBlocks, notBlocks},
	} {
		args := strings.Split(test.args, " ")
		for i, a := range args {
			if a == "-." {
				args[i] = ""
			}
		}
		out, errs := investigate(t, exitUsage, args...)
		if out != "" {
			t.Errorf("%s: wrote findings:\n%.300s", test.args, out)
		}
		if !strings.Contains(errs, test.says) {
			t.Errorf("%s: says\n%swant it to hold %q", test.args, errs, test.says)
		}
	}
}

func TestEveryContradictionIsToldAtOnce(t *testing.T) {
	_, errs := investigate(t, exitUsage, "-format", "xml", "-workers", "-1", "-spent", "x", "-network", "moonnet")
	for _, want := range []string{"-format", "-workers", "-spent", "-network"} {
		if !strings.Contains(errs, "investigate: "+want) {
			t.Errorf("says nothing of %s:\n%s", want, errs)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	out, errs := investigate(t, exitOK, "-h")
	if out != "" || !strings.Contains(errs, "usage: investigate") || !strings.Contains(errs, "-subject ADDRESS[=confidence]") {
		t.Errorf("-h writes %q and %q", out, errs)
	}
}

// brokenPipe fails after some bytes.
type brokenPipe struct{ left int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

func TestWritingFails(t *testing.T) {
	small := filepath.Join("testdata", "small.ledger")
	for _, test := range []struct {
		args  []string
		after int
	}{
		{[]string{"-ledger", small}, 0},
		{[]string{"-ledger", small}, 1000},
		{[]string{"-ledger", small, "-format", "json"}, 0},
		{[]string{"-format", "json"}, 100_000}, // on the way
	} {
		var errs bytes.Buffer
		if got := run(t.Context(), test.args, &brokenPipe{test.after}, &errs); got != exitIncomplete {
			t.Errorf("%v, pipe broken after %d bytes: exit status %d, want %d", test.args, test.after, got, exitIncomplete)
		}
		if !strings.Contains(errs.String(), "writing: ") {
			t.Errorf("%v, pipe broken after %d bytes: says %q", test.args, test.after, errs.String())
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, errs bytes.Buffer
	if got := run(ctx, nil, &out, &errs); got != exitIncomplete {
		t.Errorf("exit status %d, want %d: %s", got, exitIncomplete, errs.String())
	}
	if !strings.Contains(errs.String(), context.Canceled.Error()) {
		t.Errorf("says %q", errs.String())
	}
}

// stopAt cancels a context when the program first writes that it progresses, so
// that it is interrupted on the way.
type stopAt struct{ cancel context.CancelFunc }

func (s stopAt) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("subjects:")) {
		s.cancel()
	}
	return len(p), nil
}

func TestInterruptedOnTheWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	if got := run(ctx, []string{"-format", "json", "-progress"}, &out, stopAt{cancel}); got != exitIncomplete {
		t.Errorf("exit status %d, want %d", got, exitIncomplete)
	}
	ms := decode(t, out.String())
	last := ms[len(ms)-1]
	if last.Coverage == nil || !last.Coverage.Incomplete || last.Coverage.Failures == 0 {
		t.Errorf("ends with %+v, want a coverage that is incomplete", last)
	}
	if n := len(lines(out.String(), "failure")); n != 1 {
		t.Errorf("%d failures, want the interrupt alone", n)
	}
	if len(findings(ms)) == 0 {
		t.Error("nothing of what was found before the interrupt")
	}
}

func TestReplayIsACommand(t *testing.T) {
	p := file(t, "it's $HOME.ledger", "tx f1: new(alice) 1 => bob rest\n")
	m := messages(t, "-ledger", p)
	want := `go run github.com/goldwash/goldwash/examples/investigate -format json -ledger '` + strings.ReplaceAll(p, "'", `'\''`) + `'`
	if got := m[0].Run.Replay; got != want {
		t.Errorf("replay\n%s\nwant\n%s", got, want)
	}
}
