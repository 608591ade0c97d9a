package prices_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/prices"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

// The prices of a ledger by way of CSV.
func TestContract(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		var days []time.Time
		for d := time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2030; d = d.AddDate(0, 0, 1) {
			days = append(days, d)
		}
		var b strings.Builder
		b.WriteString("date,currency,rate,source,network\n")
		for _, currency := range []string{"USD", "EUR", "GBP", "JPY"} {
			ps, err := l.Prices(t.Context(), l.Network(), currency, days)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				if !p.IsZero() {
					fmt.Fprintf(&b, "%s,%s,%s,%q,%s\n", p.Day.Format(time.DateOnly), p.Currency, p.Rate, p.Source, p.Network)
				}
			}
		}
		s, err := prices.Read(strings.NewReader(b.String()), "ledger.csv")
		if err != nil {
			t.Fatal(err)
		}
		return sources.Of(s)
	}, sourcetest.Options{})
}
