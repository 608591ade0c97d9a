package beneficiary

import (
	"fmt"
	"strings"
	"time"
)

// maxNamed bounds the names of each sort in a claim.
const maxNamed = 8

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

var numbers = [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// days writes a duration in days, rounded to the nearest, short ones in hours.
func days(d time.Duration) string {
	if d < 2*day {
		return counted(int((d+time.Hour/2)/time.Hour), "hour")
	}
	return counted(int((d+day/2)/day), "day")
}

func counted(n int, what string) string {
	s := fmt.Sprint(n)
	if n < len(numbers) {
		s = numbers[n]
	}
	if n != 1 {
		what += "s"
	}
	return s + " " + what
}

// ppm writes parts per million with four decimals.
func ppm(v int64) string {
	v = (v + 50) / 100
	return fmt.Sprintf("%d.%04d", v/10_000, v%10_000)
}

func date(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.DateOnly) }

// party writes an entity's name. Names are data from outside, and a claim is one
// line.
func party(entity string) string { return strings.Join(strings.Fields(entity), " ") }

func poolName(entity string) string {
	if p := party(entity); p != "" {
		return p
	}
	return "a pool that nothing names"
}

// list joins names: "A", "A and B", "A, B and C". Of very many it tells the
// number left.
func list(names []string) string {
	if n := len(names); n > maxNamed {
		names = append(names[:maxNamed:maxNamed], fmt.Sprintf("%d more", n-maxNamed))
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
