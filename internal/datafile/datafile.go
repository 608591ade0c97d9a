// Package datafile reads the files of labels and prices that users bring: whole,
// within bounds, gzipped or not.
package datafile

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// MaxSize bounds a file, both as it lies on disk and unpacked.
const MaxSize = 256 << 20

// MaxLine bounds a line of the formats that are made of lines.
const MaxLine = 1 << 20

// File is the content of a file of text.
type File struct {
	// Name is the last element of the path, so that a record of a run does not
	// tell where on a machine its data lay.
	Name string
	// Text is the unpacked content without a byte order mark: valid UTF-8
	// without zero bytes.
	Text []byte
	// Digest is the SHA-256 of the file as it lies on disk, packed where it
	// is, so that it is what other tools print for the same file.
	Digest model.Digest
}

// Error is a fault of a file's content.
type Error struct {
	Line int // from 1; 0 where the whole file is meant
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the fault.
func (e *Error) Unwrap() error { return e.Err }

// Open reads the file of that path. A fault of the content is an *[Error]; every
// other error is of the file system.
func Open(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads to the end of r. The name says what the content is called; only
// its last element is kept.
func Read(r io.Reader, name string) (File, error) { return read(r, name, MaxSize) }

func read(r io.Reader, name string, limit int64) (File, error) {
	f := File{Name: filepath.Base(name)}
	digest := sha256.New()
	in := bufio.NewReader(io.TeeReader(&bounded{r: r, left: limit, limit: limit}, digest))
	var err error
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		var z *gzip.Reader
		if z, err = gzip.NewReader(in); err == nil {
			f.Text, err = io.ReadAll(&bounded{r: z, left: limit, limit: limit, unpacked: true})
		}
		var corrupt flate.CorruptInputError
		if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) {
			err = &Error{Err: fmt.Errorf("gzip: %w", err)}
		}
	} else {
		f.Text, err = io.ReadAll(in)
	}
	if err != nil {
		return File{}, err
	}
	digest.Sum(f.Digest[:0])
	f.Text = bytes.TrimPrefix(f.Text, []byte("\xef\xbb\xbf"))
	if i := notText(f.Text); i >= 0 {
		return File{}, &Error{Line: Line(f.Text, i), Err: errors.New("not text in UTF-8")}
	}
	return f, nil
}

// Stem returns the name without the ending that says it is packed.
func (f *File) Stem() string { return strings.TrimSuffix(f.Name, ".gz") }

// LongLine returns an *[Error] for the first line of more than [MaxLine] bytes.
func (f *File) LongLine() error {
	line := 1
	for rest := f.Text; len(rest) > MaxLine; line++ {
		i := bytes.IndexByte(rest[:MaxLine+1], '\n')
		if i < 0 {
			return &Error{Line: line, Err: fmt.Errorf("a line of more than %d bytes", MaxLine)}
		}
		rest = rest[i+1:]
	}
	return nil
}

// Line returns the number, from 1, of the line that holds the byte at the offset.
func Line(text []byte, offset int) int {
	return 1 + bytes.Count(text[:min(max(offset, 0), len(text))], []byte("\n"))
}

// notText returns the offset of the first zero byte or byte that is not UTF-8,
// or -1.
func notText(b []byte) int {
	zero := bytes.IndexByte(b, 0)
	if utf8.Valid(b) {
		return zero
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || b[i] == 0 {
			return i
		}
		i += n
	}
	return zero
}

// bounded fails where its reader has more than a number of bytes.
type bounded struct {
	r           io.Reader
	left, limit int64
	unpacked    bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		what := "more than %d bytes"
		if b.unpacked {
			what += " unpacked"
		}
		return 0, &Error{Err: fmt.Errorf(what, b.limit)}
	}
	return n, err
}

// Delimiter returns what parts the columns of a table: the one of comma, semicolon
// and tab that occurs most in the first line that is neither blank nor a comment;
// commas win ties.
func (f *File) Delimiter() rune {
	var first []byte
	for text := f.Text; len(text) > 0; {
		first, text, _ = bytes.Cut(text, []byte("\n"))
		if l := bytes.TrimSpace(first); len(l) > 0 && l[0] != '#' {
			break
		}
	}
	best, most := ',', bytes.Count(first, []byte(","))
	for _, c := range []rune{';', '\t'} {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// SourceError returns the error of a provider that could not read a file: that it
// is unavailable, or malformed with the line where it is.
func SourceError(provider, op, name string, err error) error {
	kind := sources.ErrUnavailable
	var bad *Error
	if errors.As(err, &bad) {
		kind = sources.ErrMalformed
		if bad.Line > 0 {
			name = fmt.Sprintf("%s:%d", name, bad.Line)
		}
	}
	return &sources.Error{Source: provider, Op: op, Key: name, Err: fmt.Errorf("%w: %w", kind, err)}
}
