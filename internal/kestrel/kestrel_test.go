package kestrel

import (
	"testing"
	"time"

	"github.com/goldwash/goldwash/model"
)

func TestLedgerParses(t *testing.T) {
	start := time.Now()
	f, err := Ledger()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of text, parsed in %v", len(Text()), time.Since(start))
	sum := func(owner string) (sum model.Amount, n int) {
		a, err := f.Address(owner)
		if err != nil {
			t.Fatal(err)
		}
		for tx, err := range f.Ledger.History(t.Context(), a, struct{ From, To int32 }{}) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range tx.Outputs {
				if tx.Outputs[i].Owner == a {
					sum += tx.Outputs[i].Value
					n++
				}
			}
		}
		return sum, n
	}
	for _, want := range []struct {
		owner string
		sat   model.Amount
		n     int
	}{
		{"P1", 90_990_000, 12},
		{"P2", 47_500_000, 4},
		{"PX9", 5_482_000, 2},
		{"D1", 80_927_300, 3},
		{"D2", 40_000_000, 2},
		{"D7", 50_000_000, 1},
		{"Q", 8_100_000, 9},
	} {
		if sat, n := sum(want.owner); sat != want.sat || n != want.n {
			t.Errorf("%s received %d sat in %d outputs, want %d in %d", want.owner, sat, n, want.sat, want.n)
		}
	}
}
