package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/internal/realdata"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestTables runs the program on the data and compares what it prints.
func TestTables(t *testing.T) {
	dir := filepath.Dir(filepath.Dir(realdata.Path(t, "wasabi2-regtest/blocks.tar.gz")))
	realdata.Path(t, "blocks/mainnet-0-14131.blk.dat.gz")
	var got bytes.Buffer
	if err := run(context.Background(), &got, dir); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "tables.golden")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("tables (-want +got)\n%s", diff)
	}
	for table := range strings.SplitSeq(got.String(), "Population: ") {
		if table != "" && !strings.HasPrefix(table, "regtest") && !strings.HasPrefix(table, "real") {
			t.Errorf("a table's first line does not say what it is of: %.80q", table)
		}
	}
}

// TestWithoutData: who runs it without the data is told what is missing.
func TestWithoutData(t *testing.T) {
	err := run(context.Background(), &bytes.Buffer{}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "GOLDWASH_DATA") || !strings.Contains(err.Error(), "wasabi2-regtest") {
		t.Errorf("error %v, want one that says what to state", err)
	}
}
