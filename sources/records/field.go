package records

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goldwash/goldwash/model"
)

// maxText bounds the texts of an entry, in bytes.
const maxText = 256

// line checks a text that is shown in one line. Control characters and those
// that turn the direction of writing could make a report show what it does not
// say.
func line(s string) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxText {
		return "", fmt.Errorf("%d bytes, more than %d", len(s), maxText)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return "", fmt.Errorf("the character %U is not allowed", r)
		}
	}
	return s, nil
}

// instant reads a time: RFC 3339, a day or a time of day in the zone, or Unix
// time in seconds or milliseconds.
func instant(s string, zone *time.Location) (time.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	bad := fmt.Errorf("%q is not a time as in 2022-08-18, 2022-08-18T11:50:00Z or 1660823400", clip(s))
	if n := len(s); n >= 9 && n <= 14 && strings.Trim(s, "0123456789") == "" {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return time.Time{}, bad
		}
		if n >= 12 {
			return time.UnixMilli(v).UTC(), nil
		}
		return time.Unix(v, 0).UTC(), nil
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			continue
		}
		if y := t.UTC().Year(); y < 1 || y > 9999 {
			return time.Time{}, bad
		}
		return t.UTC(), nil
	}
	return time.Time{}, bad
}

// share reads a decimal from 0 to 1, or whole percents as in "85%".
func share(s string) (model.Probability, error) {
	digits, percent := strings.CutSuffix(s, "%")
	if !percent {
		return model.ParseProbability(s)
	}
	n, err := strconv.ParseUint(digits, 10, 8)
	if err != nil || n > 100 {
		return 0, fmt.Errorf("percentage %q: want 0%% to 100%%", clip(s))
	}
	return model.Percent(int(n)), nil
}

// coins reads an amount in coins. Trailing zeros beyond the eighth decimal, as
// some exports have them, say nothing.
func coins(s string) (model.Amount, error) {
	if whole, frac, point := strings.Cut(s, "."); point && len(frac) > 8 && len(frac) <= 32 && strings.Trim(frac[8:], "0") == "" {
		s = whole + "." + frac[:8]
	}
	return inMoney(model.ParseAmount(s))
}

func sats(s string) (model.Amount, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number of base units", clip(s))
	}
	return inMoney(model.Amount(n), nil)
}

func inMoney(a model.Amount, err error) (model.Amount, error) {
	if err == nil && (a < 0 || a > model.MaxMoney) {
		err = fmt.Errorf("%v is not from 0 to 21 million coins", a)
	}
	return a, err
}

// isBitcoin reports whether a currency is the one whose amounts this library
// reads.
func isBitcoin(s string) bool {
	switch model.EntityKey(s) {
	case "btc", "xbt", "bitcoin":
		return true
	}
	return false
}

// host returns the host of a server's URL, and any other text as it is.
func host(s string) string {
	_, rest, url := strings.Cut(s, "://")
	if !url {
		return s
	}
	rest, _, _ = strings.Cut(rest, "/")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if h, port, ok := strings.Cut(rest, ":"); ok && strings.Trim(port, "0123456789") == "" {
		return h
	}
	return rest
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:97], "") + "..."
	}
	return s
}
