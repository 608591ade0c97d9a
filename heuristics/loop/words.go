package loop

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
)

// compact sorts texts and drops what is there twice.
func compact(ss []string) []string {
	slices.Sort(ss)
	return slices.Compact(ss)
}

// list joins up to a few texts, the rest as a count.
func list(ss []string) string {
	const most = 6
	if n := len(ss); n > most {
		return strings.Join(ss[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	if n := len(ss); n > 1 {
		return strings.Join(ss[:n-1], ", ") + " and " + ss[n-1]
	}
	return strings.Join(ss, "")
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "beneficiary"):
		noun = noun[:len(noun)-1] + "ies"
	case strings.HasSuffix(noun, "series"):
	case strings.HasSuffix(noun, "ch") || strings.HasSuffix(noun, "ss"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// hours writes a time in hours up to three days, else in days.
func hours(seconds int64) string {
	if h := (seconds + 1799) / 3600; h <= 72 {
		return plural(int(h), "hour")
	}
	return plural(int((seconds+43_200)/86_400), "day")
}

func date(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.DateOnly) }

// ratio writes a part of a whole with four decimals.
func ratio(part, whole int64) string {
	if whole <= 0 {
		return "unknown"
	}
	v, ok := model.Amount(part).Share(100_000, whole)
	if !ok {
		return "unknown"
	}
	v = (v + 5) / 10
	return fmt.Sprintf("%d.%04d", int64(v)/10_000, int64(v)%10_000)
}

// thousandths writes a probability with three decimals, rounded up, as a p that is
// too large for a bound should not look as if it were within it.
func thousandths(p model.Probability) string {
	n := (p + 999) / 1_000
	return fmt.Sprintf("%d.%03d", n/1_000, n%1_000)
}

// tenths writes a number given in tenths.
func tenths(v int64) string { return fmt.Sprintf("%d.%d", v/10, v%10) }

func sortRivals(rs []rival) {
	slices.SortStableFunc(rs, func(a, b rival) int { return cmp.Compare(b.weight, a.weight) })
}
