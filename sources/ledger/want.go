package ledger

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// readComment keeps the comments that begin with "want".
func (p *parser) readComment(comment word, words []word) {
	text := strings.TrimLeft(comment.text, "/ \t")
	comment = comment.from(len(comment.text) - len(text))
	if text != "want" && !strings.HasPrefix(text, "want ") && !strings.HasPrefix(text, "want\t") {
		if strings.Contains(text, "// want ") {
			p.fail(comment, "a want stands at the beginning of a comment")
		}
		return
	}
	p.onWants = append(p.onWants, pending{line: p.line, words: words, text: comment.from(len("want"))})
}

// readWants reads the expectations of one comment. alone says that nothing else
// stands on the line.
func (p *parser) readWants(w word, alone bool) {
	var cur *wantDraft
	n := 0
	for {
		rest := strings.TrimLeft(w.text, " \t")
		w = w.from(len(w.text) - len(rest))
		if w.text == "" {
			break
		}
		var item word
		item, w = nextItem(w)
		var err error
		switch first := item.text[0]; {
		case first == '>' || first == '<' || first == '~' || first == '@' || first == '+':
			if cur == nil {
				err = fmt.Errorf("%q stands before any want", clip(item.text))
			} else if item.text == "@addr" {
				rest := strings.TrimLeft(w.text, " \t")
				w = w.from(len(w.text) - len(rest))
				cur.addr, w = nextItem(w)
				if cur.addr.text == "" {
					err = fmt.Errorf("@addr: want an owner after it")
				}
			} else {
				err = cur.modify(item)
			}
		default:
			if n++; n > 1 {
				p.addWant(cur, alone)
			}
			cur, err = newWant(item)
		}
		if err != nil {
			p.fail(item, "want: %v", err)
			return
		}
	}
	if cur == nil {
		p.fail(w, `want: nothing after it: want KIND:"regexp" or skip`)
		return
	}
	p.addWant(cur, alone)
}

// nextItem takes one item off: text up to a blank outside of quotes.
func nextItem(w word) (item, rest word) {
	i := 0
	for i < len(w.text) && w.text[i] != ' ' && w.text[i] != '\t' {
		if c := w.text[i]; c == '"' || c == '`' {
			if quoted, err := strconv.QuotedPrefix(w.text[i:]); err == nil {
				i += len(quoted)
				continue
			}
		}
		i++
	}
	return word{w.text[:i], w.col}, w.from(i)
}

type wantDraft struct {
	Want
	at   word
	out  int // number of an output, or -1
	addr word
	down int
}

func newWant(item word) (*wantDraft, error) {
	d := &wantDraft{at: item, out: -1}
	if item.text == "skip" {
		d.Kind = "skip"
		return d, nil
	}
	kind, pattern, ok := strings.Cut(item.text, ":")
	if !ok || !isKind(kind) {
		return nil, fmt.Errorf(`%q is neither KIND:"regexp" nor skip`, clip(item.text))
	}
	text, err := strconv.Unquote(pattern)
	if err != nil || pattern[0] == '\'' {
		return nil, fmt.Errorf("%s: %s is not a Go string", kind, clip(pattern))
	}
	if d.Kind, d.Claim, err = kind, nil, nil; kind == "skip" {
		return nil, fmt.Errorf("skip takes no regexp")
	}
	d.Claim, err = regexp.Compile(text)
	return d, err
}

// isKind reports whether s is a kind of finding: lower-case words with _, and
// slashes between them.
func isKind(s string) bool {
	for _, part := range strings.Split(s, "/") {
		if !isName(part) || strings.ToLower(part) != part {
			return false
		}
	}
	return true
}

func (d *wantDraft) modify(item word) (err error) {
	s := item.text
	if d.Kind == "skip" && s[0] != '+' {
		return fmt.Errorf("skip takes no %q", clip(s))
	}
	switch {
	case strings.HasPrefix(s, ">="):
		d.Min, err = model.ParseProbability(s[2:])
		d.HasMin = true
	case strings.HasPrefix(s, "<="):
		d.Max, err = model.ParseProbability(s[2:])
		d.HasMax = true
	case s[0] == '~':
		const within = model.Certain / 20
		var mid model.Probability
		mid, err = model.ParseProbability(s[1:])
		d.Min, d.Max = mid-min(mid, within), min(mid+within, model.Certain)
		d.HasMin, d.HasMax = true, true
	case s[0] == '@':
		if d.out, err = strconv.Atoi(s[1:]); err != nil || d.out < 0 {
			err = fmt.Errorf("%q is neither @N, an output, nor @addr OWNER", clip(s))
		}
	case s[0] == '+':
		if d.down, err = strconv.Atoi(s[1:]); err != nil || d.down < 1 || d.down > 1<<20 {
			err = fmt.Errorf("%q is not +N, a number of lines", clip(s))
		}
	default:
		err = fmt.Errorf("%q is not >=, <=, ~, @ or + with a value", clip(s))
	}
	return err
}

func (p *parser) addWant(d *wantDraft, alone bool) {
	w := d.Want
	w.File, w.Line = p.name, p.line
	if w.HasMin && w.HasMax && w.Min > w.Max {
		p.fail(d.at, "want: no probability is >=%v and <=%v", w.Min, w.Max)
		return
	}
	if e, ok := p.byLine[p.line+d.down]; ok {
		if e.broken {
			return
		}
		w.On = model.RefTx(e.tx.ID)
		if d.out >= len(e.tx.Outputs) {
			p.fail(d.at, "want: %s has %d outputs, there is no @%d", e.name, len(e.tx.Outputs), d.out)
			return
		}
		if d.out >= 0 {
			w.On = model.RefOutpoint(e.tx.Outpoint(d.out))
		}
	} else if d.down > 0 || !alone || d.out >= 0 || w.Kind == "skip" {
		p.fail(d.at, "want: there is no transaction on line %d", p.line+d.down)
		return
	}
	if d.addr.text != "" {
		if d.out >= 0 {
			p.fail(d.addr, "want: both an output and an address")
			return
		}
		a, ok := p.knownAddress(d.addr)
		if !ok {
			return
		}
		w.On = model.RefAddress(a)
	}
	p.wants = append(p.wants, w)
}
