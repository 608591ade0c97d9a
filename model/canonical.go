package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// canonical rewrites JSON that package json has written, which has no white space
// and no mistakes, into its canonical form: keys sorted, no HTML escapes.
type canonical struct {
	src []byte
	p   int
	dst []byte
}

func canonicalJSON(src []byte) ([]byte, error) {
	c := canonical{src: src, dst: make([]byte, 0, len(src))}
	if err := c.value(); err != nil {
		return nil, err
	}
	if c.p != len(src) {
		return nil, c.bad()
	}
	return c.dst, nil
}

func (c *canonical) bad() error { return fmt.Errorf("json at %d: not what was written", c.p) }

// peek returns the next byte; 0 at the end.
func (c *canonical) peek() byte {
	if c.p < len(c.src) {
		return c.src[c.p]
	}
	return 0
}

func (c *canonical) value() error {
	switch b := c.peek(); b {
	case '{':
		return c.object()
	case '[':
		return c.array()
	case '"':
		s, err := c.text()
		c.dst = append(c.dst, s...)
		return err
	case 0, ',', ':', '}', ']':
		return c.bad()
	}
	// A number, or true, false, null.
	end := bytes.IndexAny(c.src[c.p:], ",}]")
	if end < 0 {
		end = len(c.src) - c.p
	}
	c.dst = append(c.dst, c.src[c.p:c.p+end]...)
	c.p += end
	return nil
}

func (c *canonical) array() error {
	c.dst = append(c.dst, '[')
	for c.p++; c.peek() != ']'; {
		if err := c.value(); err != nil {
			return err
		}
		if c.peek() == ',' {
			c.p++
			c.dst = append(c.dst, ',')
		} else if c.peek() != ']' {
			return c.bad()
		}
	}
	c.p++
	c.dst = append(c.dst, ']')
	return nil
}

// member is a key with its value, as written.
type member struct {
	key      []byte // between the quotes, without escapes
	from, to int    // in dst
}

func (c *canonical) object() error {
	var room [16]member
	ms := room[:0]
	c.dst = append(c.dst, '{')
	from := len(c.dst)
	sorted := true
	for c.p++; c.peek() != '}'; {
		at := len(c.dst)
		if c.peek() != '"' {
			return c.bad()
		}
		text, err := c.text()
		if err != nil {
			return err
		}
		var key string
		if bytes.IndexByte(text, '\\') < 0 {
			key = string(text[1 : len(text)-1])
		} else if err := json.Unmarshal(text, &key); err != nil {
			return err
		}
		if c.peek() != ':' {
			return c.bad()
		}
		c.p++
		c.dst = append(append(c.dst, text...), ':')
		if err := c.value(); err != nil {
			return err
		}
		m := member{[]byte(key), at, len(c.dst)}
		if n := len(ms); n > 0 && bytes.Compare(ms[n-1].key, m.key) >= 0 {
			sorted = false
		}
		ms = append(ms, m)
		if c.peek() == ',' {
			c.p++
			c.dst = append(c.dst, ',')
		} else if c.peek() != '}' {
			return c.bad()
		}
	}
	c.p++
	if !sorted {
		slices.SortStableFunc(ms, func(a, b member) int { return bytes.Compare(a.key, b.key) })
		body := slices.Clone(c.dst[from:])
		c.dst = c.dst[:from]
		for i, m := range ms {
			if i > 0 {
				c.dst = append(c.dst, ',')
			}
			c.dst = append(c.dst, body[m.from-from:m.to-from]...)
		}
	}
	c.dst = append(c.dst, '}')
	return nil
}

// text reads a text and returns it as it is to be written, quotes and all.
func (c *canonical) text() ([]byte, error) {
	from := c.p
	for i := from + 1; i < len(c.src); i++ {
		switch c.src[i] {
		case '"':
			c.p = i + 1
			return c.src[from:c.p], nil
		case '\\':
			return c.escaped(from)
		}
	}
	return nil, c.bad()
}

// escaped reads a text that has escapes: among them may be those of HTML.
func (c *canonical) escaped(from int) ([]byte, error) {
	i := from + 1
	for i < len(c.src) && c.src[i] != '"' {
		if c.src[i] == '\\' {
			i++
		}
		i++
	}
	if i >= len(c.src) {
		return nil, c.bad()
	}
	c.p = i + 1
	var s string
	if err := json.Unmarshal(c.src[from:c.p], &s); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
