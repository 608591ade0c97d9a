package loop

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// compact sorts texts and drops what is there twice.
func compact(ss []string) []string {
	slices.Sort(ss)
	return slices.Compact(ss)
}

// list joins up to a few texts, the rest as a count.
func list(ss []string) string { return words.List(ss, 6) }

// hours writes a time in hours up to three days, else in days.
func hours(seconds int64) string {
	if h := (seconds + 1799) / 3600; h <= 72 {
		return words.Plural(int(h), "hour")
	}
	return words.Plural(int((seconds+43_200)/86_400), "day")
}

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
