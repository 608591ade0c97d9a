package ledger

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	text.WriteString("tx t0: new => a#0 1000\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "tx t%d: t%d.0 fee=0.00001 => a#%d rest, b#%d 0.001\n", i+1, i, i+1, i)
	}
	s := text.String()
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("bench", s); err != nil {
			b.Fatal(err)
		}
	}
}
