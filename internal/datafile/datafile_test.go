package datafile

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
)

func pack(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPlainAndPackedReadTheSameTextAndKeepTheirOwnDigest(t *testing.T) {
	const text = "a,b\n1,2\n"
	packed := pack(t, text)
	for _, raw := range [][]byte{[]byte(text), packed, append([]byte("\xef\xbb\xbf"), text...)} {
		f, err := Read(bytes.NewReader(raw), "/some/where/list.csv.gz")
		if err != nil {
			t.Fatal(err)
		}
		if string(f.Text) != text {
			t.Errorf("text %q, want %q", f.Text, text)
		}
		if want := model.Digest(sha256.Sum256(raw)); f.Digest != want {
			t.Errorf("digest %v, want that of the file as it is, %v", f.Digest, want)
		}
		if f.Name != "list.csv.gz" || f.Stem() != "list.csv" {
			t.Errorf("name %q, stem %q", f.Name, f.Stem())
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil || string(f.Text) != "x\n" || f.Name != "x.txt" {
		t.Errorf("got %+v, %v", f, err)
	}
	if _, err := Open(path + ".absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want a file that does not exist", err)
	}
}

func TestWhatIsTooLargeIsAnError(t *testing.T) {
	const limit = 1000
	fits := strings.Repeat("x", limit)
	for _, raw := range [][]byte{[]byte(fits), pack(t, fits)} {
		if f, err := read(bytes.NewReader(raw), "x", limit); err != nil || len(f.Text) != limit {
			t.Errorf("%d bytes: %v", len(f.Text), err)
		}
	}
	for want, raw := range map[string][]byte{
		"more than 1000 bytes":          []byte(fits + "x"),
		"more than 1000 bytes unpacked": pack(t, fits+"x"),
	} {
		_, err := read(bytes.NewReader(raw), "x", limit)
		var e *Error
		if !errors.As(err, &e) || e.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWhatIsNotTextIsAnErrorWithItsLine(t *testing.T) {
	packed := pack(t, strings.Repeat("some text that takes room ", 100))
	for _, c := range []struct {
		name string
		raw  []byte
		line int
	}{
		{"zero byte", []byte("a\nb\x00\n"), 2},
		{"not UTF-8", []byte("a\nb\nc\xff\n"), 3},
		{"zero byte before what is not UTF-8", []byte("a\x00\nb\xff"), 1},
		{"packed and cut short", packed[:len(packed)-9], 0},
		{"packed with a wrong checksum", append(packed[:len(packed)-8:len(packed)-8], 1, 2, 3, 4, 5, 6, 7, 8), 0},
		{"only the magic of gzip", []byte{0x1f, 0x8b}, 0},
	} {
		_, err := Read(bytes.NewReader(c.raw), "x")
		var e *Error
		if !errors.As(err, &e) || e.Line != c.line {
			t.Errorf("%s: got %v, want an error in line %d", c.name, err, c.line)
		}
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	for text, want := range map[string]int{
		"":                      0,
		"a\nb":                  0,
		"a\n" + long + "\nb":    0,
		"a\n" + long:            0,
		"a\n" + long + "x":      2,
		"a\nb\n" + long + "x\n": 3,
	} {
		f := File{Text: []byte(text)}
		err := f.LongLine()
		var e *Error
		if got := errors.As(err, &e); got != (want > 0) || got && e.Line != want {
			t.Errorf("%d bytes: got %v, want line %d", len(text), err, want)
		}
	}
}
