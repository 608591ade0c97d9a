package model

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Price is the rate of one whole coin in a currency. A daily rate says so by
// its Day; the time of the quote within the day is the source's affair.
type Price struct {
	Network  Network         `json:"network"`
	Currency string          `json:"currency"` // ISO 4217, such as "USD"
	Day      time.Time       `json:"day"`      // midnight UTC of the day for which it holds
	Rate     decimal.Decimal `json:"rate"`
	Source   string          `json:"source,omitempty"`
}

// IsZero reports whether p is no price.
func (p Price) IsZero() bool { return p.Currency == "" }

// Of values an amount: exactly rate times amount, rounded once, half away from
// zero as money is, to the given places.
func (p Price) Of(a Amount, places int32) Fiat {
	// Shift is exact; no division takes place, so the process-wide division
	// precision of the decimal package plays no part.
	return Fiat{Currency: p.Currency, Amount: p.Rate.Mul(decimal.New(int64(a), -8)).Round(places), Places: places}
}

// Fiat is an amount of money in a currency, exact. Its JSON does not follow the
// process-wide switches of the decimal package.
type Fiat struct {
	Currency string
	Amount   decimal.Decimal
	Places   int32 // decimals that its text shows
}

// String returns the amount with its places and the currency: "8124.46 USD".
func (f Fiat) String() string { return f.Amount.StringFixed(f.Places) + " " + f.Currency }

// Equal reports whether currency, places and value agree.
func (f Fiat) Equal(g Fiat) bool {
	return f.Currency == g.Currency && f.Places == g.Places && f.Amount.Equal(g.Amount)
}

type fiatJSON struct {
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
}

// MarshalJSON writes {"currency":"USD","amount":"8124.46"}.
func (f Fiat) MarshalJSON() ([]byte, error) {
	return json.Marshal(fiatJSON{f.Currency, f.Amount.StringFixed(f.Places)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Fiat) UnmarshalJSON(b []byte) error {
	var j fiatJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("fiat: %w", err)
	}
	if !plainDecimal(j.Amount) {
		return fmt.Errorf("fiat: amount %q: want a plain decimal of at most 64 characters", clip(j.Amount))
	}
	d, err := decimal.NewFromString(j.Amount)
	if err != nil {
		return fmt.Errorf("fiat: amount %q: %w", clip(j.Amount), err)
	}
	*f = Fiat{Currency: j.Currency, Amount: d, Places: max(0, -d.Exponent())}
	return nil
}

// plainDecimal reports whether s is digits, with a point and more digits or
// without, perhaps after a minus: no exponent, which would make much of little.
func plainDecimal(s string) bool {
	if len(s) > 64 {
		return false
	}
	whole, frac, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	digits := func(s string) bool {
		return s != "" && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole) && (!point || digits(frac))
}

// Money is an amount of coins with its unit, and what it was worth at the time
// of the transaction where a price for that day was loaded.
type Money struct {
	Amount Amount `json:"amount"`
	Unit   string `json:"unit"` // base unit, such as "sat"
	Fiat   *Fiat  `json:"fiat,omitempty"`
}
