// Package words writes what findings and summaries say alike: counts with their
// nouns, lists, names and dates.
package words

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plural writes a count with its noun, which is given in the singular: "1 deposit",
// "2 addresses", "3 entries", "2 payout series". What follows "of" stays as it is:
// "2 transactions of a CoinJoin".
func Plural(n int, noun string) string {
	if n != 1 {
		head, of, cut := strings.Cut(noun, " of ")
		if noun = many(head); cut {
			noun += " of " + of
		}
	}
	return strconv.Itoa(n) + " " + noun
}

func many(noun string) string {
	switch {
	case strings.HasSuffix(noun, "series"):
		return noun
	case strings.HasSuffix(noun, "ch"), strings.HasSuffix(noun, "ss"):
		return noun + "es"
	case strings.HasSuffix(noun, "ry"):
		return noun[:len(noun)-1] + "ies"
	}
	return noun + "s"
}

// List joins texts: "A", "A and B", "A, B and C". Of more than most it tells the
// number left: "A, B and 7 more".
func List(texts []string, most int) string {
	if n := len(texts) - most; n > 0 {
		texts = append(slices.Clone(texts[:most]), fmt.Sprintf("%d more", n))
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// Line writes a name on one line. Names are data from outside, and a claim is one
// line.
func Line(name string) string { return strings.Join(strings.Fields(name), " ") }

// Slug writes a slug, such as a category, as a reader says it: "cloud mining".
func Slug[S ~string](slug S) string { return strings.ReplaceAll(string(slug), "_", " ") }

// Date writes the day of a time in Unix seconds, in UTC: "2022-08-20".
func Date(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.DateOnly) }
