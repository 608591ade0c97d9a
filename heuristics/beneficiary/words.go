package beneficiary

import (
	"fmt"
	"time"

	"github.com/goldwash/goldwash/internal/words"
)

// maxNamed bounds the names of each sort in a claim.
const maxNamed = 8

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

func poolName(entity string) string {
	if p := words.Line(entity); p != "" {
		return p
	}
	return "a pool that nothing names"
}
