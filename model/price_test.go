package model_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/model"
)

func usd(rate string) model.Price {
	return model.Price{Currency: "USD", Rate: decimal.RequireFromString(rate)}
}

// The product is exact and rounded once, half away from zero.
func TestPriceOf(t *testing.T) {
	for _, c := range []struct {
		rate   string
		amount model.Amount
		places int32
		want   string
	}{
		{"23212.74", 35_000_000, 2, "8124.46 USD"}, // 8124.459
		{"23212.74", 1, 2, "0.00 USD"},
		{"23212.74", 1, 8, "0.00023213 USD"}, // 0.0002321274
		{"100000000", 1, 2, "1.00 USD"},
		{"0.005", model.Coin, 2, "0.01 USD"},
		{"0.015", model.Coin, 2, "0.02 USD"},
		{"0.025", model.Coin, 2, "0.03 USD"},
		{"0.0251", model.Coin, 2, "0.03 USD"},
		{"0.025", -model.Coin, 2, "-0.03 USD"},
		{"1", math.MaxInt64, 8, "92233720368.54775807 USD"},
		{"1", math.MinInt64, 8, "-92233720368.54775808 USD"},
		{"64000", model.Coin, 0, "64000 USD"},
	} {
		if got := usd(c.rate).Of(c.amount, c.places).String(); got != c.want {
			t.Errorf("%v at %s: %s, want %s", c.amount, c.rate, got, c.want)
		}
	}
	if !(model.Price{}).IsZero() || usd("1").IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestFiatJSON(t *testing.T) {
	for _, c := range []struct{ amount, places, want string }{
		{"8124.4", "2", `{"currency":"USD","amount":"8124.40"}`},
		{"0", "2", `{"currency":"USD","amount":"0.00"}`},
		{"-5", "0", `{"currency":"USD","amount":"-5"}`},
		{"123456789012345678901234567890.12", "2", `{"currency":"USD","amount":"123456789012345678901234567890.12"}`},
	} {
		f := model.Fiat{Currency: "USD", Amount: decimal.RequireFromString(c.amount), Places: int32(c.places[0] - '0')}
		b, err := json.Marshal(f)
		if err != nil || string(b) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.amount, b, err, c.want)
		}
		var got model.Fiat
		if err := json.Unmarshal(b, &got); err != nil || !got.Equal(f) {
			t.Errorf("%s is read as %v, %v", b, got, err)
		}
	}
	// Whatever the program around it does to the decimal package.
	before := decimal.MarshalJSONWithoutQuotes
	decimal.MarshalJSONWithoutQuotes = true
	defer func() { decimal.MarshalJSONWithoutQuotes = before }()
	if b, err := json.Marshal(usd("2").Of(model.Coin, 2)); err != nil || string(b) != `{"currency":"USD","amount":"2.00"}` {
		t.Errorf("got %s, %v", b, err)
	}
}

// A few characters may not stand for gigabytes.
func TestFiatReadsPlainDecimalsOnly(t *testing.T) {
	for _, s := range []string{`"1e9999"`, `"1e-9999"`, `"1E2"`, `""`, `"-"`, `"."`, `"5."`, `".5"`, `"+5"`, `"1_000"`, `"1,5"`, `"NaN"`, `"Inf"`, `" 5"`, `5`, `null`, `"` + strings.Repeat("9", 65) + `"`} {
		var f model.Fiat
		if err := json.Unmarshal([]byte(`{"currency":"USD","amount":`+s+`}`), &f); err == nil {
			t.Errorf("%s is read as %v", s, f)
		}
	}
}

func TestMoneyJSON(t *testing.T) {
	f := usd("2").Of(model.Coin, 2)
	for _, c := range []struct {
		m    model.Money
		want string
	}{
		{model.Money{Amount: 35_000_000, Unit: "sat"}, `{"amount":"35000000","unit":"sat"}`}, // no price is not a price of 0
		{model.Money{Amount: model.Coin, Unit: "sat", Fiat: &f}, `{"amount":"100000000","unit":"sat","fiat":{"currency":"USD","amount":"2.00"}}`},
	} {
		if b, err := json.Marshal(c.m); err != nil || string(b) != c.want {
			t.Errorf("got %s, %v, want %s", b, err, c.want)
		}
	}
}
