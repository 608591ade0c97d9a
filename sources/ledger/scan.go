package ledger

import (
	"strconv"
	"strings"
)

// word is a part of a line: what stands between blanks, or one of "," and "=>".
// A quoted string belongs to the word that it stands in, quotes and all.
type word struct {
	text string
	col  int // of its first byte, from 1
}

// scanLine splits a line into words and the comment, which begins with // where
// a word could begin. bad is not empty where a string does not end.
func scanLine(line string) (words []word, comment word, bad word) {
	for i := 0; i < len(line); {
		switch {
		case line[i] == ' ' || line[i] == '\t':
			i++
			continue
		case strings.HasPrefix(line[i:], "//"):
			return words, word{line[i:], i + 1}, bad
		case line[i] == ',':
			words = append(words, word{",", i + 1})
			i++
			continue
		case strings.HasPrefix(line[i:], "=>"):
			words = append(words, word{"=>", i + 1})
			i += 2
			continue
		}
		from := i
		for i < len(line) && line[i] != ' ' && line[i] != '\t' && line[i] != ',' && !strings.HasPrefix(line[i:], "=>") {
			if line[i] != '"' {
				i++
				continue
			}
			quoted, err := strconv.QuotedPrefix(line[i:])
			if err != nil {
				return words, comment, word{line[i:], i + 1}
			}
			i += len(quoted)
		}
		words = append(words, word{line[from:i], from + 1})
	}
	return words, comment, bad
}

// from returns the word without its first n bytes.
func (w word) from(n int) word { return word{w.text[n:], w.col + n} }

// cut splits a word around the first sep.
func (w word) cut(sep string) (before, after word, ok bool) {
	i := strings.Index(w.text, sep)
	if i < 0 {
		return w, word{col: w.col + len(w.text)}, false
	}
	return word{w.text[:i], w.col}, w.from(i + len(sep)), true
}

// call takes a word of the form name(argument) apart.
func (w word) call(name string) (arg word, ok bool) {
	if !strings.HasPrefix(w.text, name+"(") || !strings.HasSuffix(w.text, ")") {
		return word{}, false
	}
	arg = w.from(len(name) + 1)
	arg.text = arg.text[:len(arg.text)-1]
	return arg, true
}

// unquote returns the text of a word that may be a quoted string.
func (w word) unquote() (string, bool) {
	if !strings.HasPrefix(w.text, `"`) {
		return w.text, !strings.Contains(w.text, `"`)
	}
	s, err := strconv.Unquote(w.text)
	return s, err == nil
}
