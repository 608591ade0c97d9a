// Package realdata finds the real blocks, label sets and fixtures that tests
// check the library against. They are not part of the project: tests read them
// from the folder that GOLDWASH_DATA names, by default shared/data beside the
// checkout, and skip where it is absent.
package realdata

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// maxFile bounds what Read returns, unpacked.
const maxFile = 256 << 20

// Path returns the path of a file of the data folder, named with slashes. It
// skips the test where the folder is absent, and fails it where GOLDWASH_DATA
// is set but the file is missing.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, set := os.LookupEnv("GOLDWASH_DATA")
	if !set || dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
		set = false
	}
	p := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		if set {
			t.Fatalf("GOLDWASH_DATA is set, but %v", err)
		}
		t.Skipf("real data not present (set GOLDWASH_DATA to the folder that holds %s)", name)
	}
	return p
}

// Read returns the content of a file of the data folder, unpacked where its
// name ends in .gz. It skips and fails like [Path].
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxFile+1))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(out) > maxFile {
		t.Fatalf("%s: more than %d bytes unpacked", name, maxFile)
	}
	return out
}
