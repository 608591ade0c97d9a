package esplora

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strconv"
)

// scanner reads JSON from a stream, value by value as its caller asks for them,
// so that nothing is kept but what is wanted: an explorer's answer is for the
// larger part text that repeats its scripts for people to read. What a stranger
// can make it hold is bounded by its callers, and its depth here.
type scanner struct {
	r     *bufio.Reader
	at    int64 // bytes read
	depth int
	buf   []byte // of the last string or number
}

const (
	maxDepth  = 16
	maxNumber = 32
	maxKey    = 64
)

// badJSON says that an answer is not what the API promises.
type badJSON struct {
	at  int64
	msg string
}

func (e *badJSON) Error() string { return fmt.Sprintf("byte %d: %s", e.at, e.msg) }

// errCut says that an answer ends before its value does.
var errCut = errors.New("the answer ends in the middle")

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, 16<<10)} }

func (s *scanner) fail(format string, args ...any) error {
	return &badJSON{s.at, fmt.Sprintf(format, args...)}
}

func (s *scanner) next() (byte, error) {
	c, err := s.r.ReadByte()
	if err == io.EOF {
		return 0, errCut
	}
	s.at++
	return c, err
}

func (s *scanner) back() {
	s.at--
	s.r.UnreadByte() // cannot fail after a ReadByte
}

// token returns the next byte that is no blank.
func (s *scanner) token() (byte, error) {
	for {
		c, err := s.next()
		if err != nil || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, err
		}
	}
}

func (s *scanner) want(c byte) error {
	got, err := s.token()
	if err == nil && got != c {
		err = s.fail("%q, want %q", got, c)
	}
	return err
}

// end checks that nothing but blanks is left.
func (s *scanner) end() error {
	c, err := s.token()
	switch {
	case err == errCut:
		return nil
	case err != nil:
		return err
	}
	return s.fail("%q after the end", c)
}

// object calls field for each key, which must read the value. The key is valid
// until then.
func (s *scanner) object(field func(key []byte) error) error {
	return s.nested('{', '}', func() error {
		if err := s.want('"'); err != nil {
			return err
		}
		if err := s.text(maxKey); err != nil {
			return err
		}
		if err := s.want(':'); err != nil {
			return err
		}
		return field(s.buf)
	})
}

// array calls element for each element, which must read it.
func (s *scanner) array(element func() error) error { return s.nested('[', ']', element) }

func (s *scanner) nested(open, shut byte, element func() error) error {
	if err := s.want(open); err != nil {
		return err
	}
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested deeper than %d", maxDepth)
	}
	c, err := s.token()
	if err != nil {
		return err
	}
	for first := true; c != shut || !first; first = false {
		if first {
			s.back()
		} else if c != ',' {
			return s.fail("%q, want %q or %q", c, ',', shut)
		}
		if err := element(); err != nil {
			return err
		}
		if c, err = s.token(); err != nil {
			return err
		}
		if c == shut {
			break
		}
	}
	s.depth--
	return nil
}

// null reads a null; ok is false, and nothing read, where there is another
// value.
func (s *scanner) null() (ok bool, err error) {
	c, err := s.token()
	if err != nil {
		return false, err
	}
	if c != 'n' {
		s.back()
		return false, nil
	}
	return true, s.word("ull")
}

func (s *scanner) word(rest string) error {
	for i := range len(rest) {
		c, err := s.next()
		if err != nil {
			return err
		}
		if c != rest[i] {
			return s.fail("%q in a word", c)
		}
	}
	return nil
}

func (s *scanner) boolean() (bool, error) {
	c, err := s.token()
	switch {
	case err != nil:
		return false, err
	case c == 't':
		return true, s.word("rue")
	case c == 'f':
		return false, s.word("alse")
	}
	return false, s.fail("%q, want true or false", c)
}

// whole reads a whole number within bounds.
func (s *scanner) whole(least, most int64) (int64, error) {
	c, err := s.token()
	if err != nil {
		return 0, err
	}
	if err := s.number(c); err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(s.buf), 10, 64)
	if err != nil || n < least || n > most {
		return 0, s.fail("%s, want a whole number from %d to %d", s.buf, least, most)
	}
	return n, nil
}

// number reads a number of which c is the first byte.
func (s *scanner) number(c byte) error {
	s.buf = s.buf[:0]
	var err error
	digits := func() bool {
		from := len(s.buf)
		for err == nil && c >= '0' && c <= '9' && len(s.buf) <= maxNumber {
			s.buf = append(s.buf, c)
			c, err = s.next()
		}
		return len(s.buf) > from
	}
	take := func() {
		s.buf = append(s.buf, c)
		c, err = s.next()
	}
	if c == '-' {
		take()
	}
	zero := c == '0'
	from := len(s.buf)
	ok := digits() && (!zero || len(s.buf) == from+1)
	if ok && err == nil && c == '.' {
		take()
		ok = digits()
	}
	if ok && err == nil && (c == 'e' || c == 'E') {
		if take(); err == nil && (c == '+' || c == '-') {
			take()
		}
		ok = digits()
	}
	switch {
	case err != nil && (err != errCut || !ok):
		return err
	case !ok || len(s.buf) > maxNumber:
		return s.fail("%q does not begin a number, or one of at most %d digits", c, maxNumber)
	case err == nil:
		s.back()
	}
	return nil
}

// text reads a string after its opening quote into buf; of max < 0, which skips
// it, nothing is kept.
func (s *scanner) text(max int) error {
	s.buf = s.buf[:0]
	for {
		c, err := s.next()
		switch {
		case err != nil:
			return err
		case c == '"':
			return nil
		case c < ' ':
			return s.fail("%q in a string", c)
		case c == '\\':
			if c, err = s.escape(); err != nil {
				return err
			}
		}
		if max < 0 {
			continue
		}
		if len(s.buf) == max {
			return s.fail("a string of more than %d bytes", max)
		}
		s.buf = append(s.buf, c)
	}
}

// escape reads what follows a backslash. Nothing that this package keeps needs
// more than ASCII; other characters become one that no wanted text has.
func (s *scanner) escape() (byte, error) {
	c, err := s.next()
	if err != nil {
		return 0, err
	}
	switch c {
	case '"', '\\', '/':
		return c, nil
	case 'b', 'f', 'n', 'r', 't':
		return '\n', nil
	case 'u':
		var four [4]byte
		for i := range four {
			if four[i], err = s.next(); err != nil {
				return 0, err
			}
		}
		n, err := strconv.ParseUint(string(four[:]), 16, 16)
		if err != nil || four[0] == '+' || four[0] == '_' {
			return 0, s.fail("%q is not a character", four)
		}
		if n < 0x80 {
			return byte(n), nil
		}
		return 0xff, nil
	}
	return 0, s.fail("%q is escaped", c)
}

// str reads a string into buf.
func (s *scanner) str(max int) error {
	if err := s.want('"'); err != nil {
		return err
	}
	return s.text(max)
}

// hex reads a string of hexadecimal of at most max bytes.
func (s *scanner) hex(max int) ([]byte, error) {
	if err := s.str(2 * max); err != nil {
		return nil, err
	}
	if len(s.buf) == 0 {
		return nil, nil
	}
	b := make([]byte, hex.DecodedLen(len(s.buf)))
	if _, err := hex.Decode(b, s.buf); err != nil {
		return nil, s.fail("a string that is not hexadecimal")
	}
	return b, nil
}

// hash reads the reversed hexadecimal of a hash.
func (s *scanner) hash() (h [32]byte, err error) {
	if err := s.str(64); err != nil {
		return h, err
	}
	if len(s.buf) != 64 {
		return h, s.fail("a hash of %d digits", len(s.buf))
	}
	if _, err := hex.Decode(h[:], s.buf); err != nil {
		return h, s.fail("a hash that is not hexadecimal")
	}
	slices.Reverse(h[:])
	return h, nil
}

// skip reads a value and forgets it.
func (s *scanner) skip() error {
	c, err := s.token()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		s.back()
		return s.object(func([]byte) error { return s.skip() })
	case '[':
		s.back()
		return s.array(s.skip)
	case '"':
		return s.text(-1)
	case 't':
		return s.word("rue")
	case 'f':
		return s.word("alse")
	case 'n':
		return s.word("ull")
	}
	return s.number(c)
}

// fields are the keys of an object that are wanted.
type fields []string

// seen is a set of indexes into fields.
type seen uint32

// field looks a key up. Other keys are skipped, and a second value of one is an
// error, lest two readers of one answer see two things.
func (s *scanner) field(f fields, got *seen, key []byte) (i int, err error) {
	i = slices.IndexFunc(f, func(name string) bool { return name == string(key) })
	switch {
	case i < 0:
		return i, s.skip()
	case *got&(1<<i) != 0:
		return i, s.fail("a second %q", f[i])
	}
	*got |= 1 << i
	return i, nil
}

// need checks that the first n of the fields were there.
func (s *scanner) need(f fields, got seen, n int) error {
	if i := bits.TrailingZeros32(^uint32(got)); i < n {
		return s.fail("an object without %q", f[i])
	}
	return nil
}
