package model_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/goldwash/goldwash/model"
)

func TestAmountText(t *testing.T) {
	for _, c := range []struct {
		a    model.Amount
		text string
	}{
		{0, "0.00000000"},
		{1, "0.00000001"},
		{-1, "-0.00000001"},
		{35_000_000, "0.35000000"},
		{model.MaxMoney, "21000000.00000000"},
		{math.MaxInt64, "92233720368.54775807"},
		{math.MinInt64, "-92233720368.54775808"},
	} {
		if c.a.String() != c.text {
			t.Errorf("%d is %s, want %s", int64(c.a), c.a, c.text)
		}
		if a, err := model.ParseAmount(c.text); err != nil || a != c.a {
			t.Errorf("ParseAmount(%s) = %d, %v", c.text, int64(a), err)
		}
	}
	for text, want := range map[string]model.Amount{"1": model.Coin, "0.5": model.Coin / 2, "-2.25": -225_000_000} {
		if a, err := model.ParseAmount(text); err != nil || a != want {
			t.Errorf("ParseAmount(%s) = %d, %v", text, int64(a), err)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "+1", "--1", "1e8", "1,5", " 1", "0.123456780", "92233720368.54775808", "-92233720368.54775809", "0x1", "1.2.3", "٣"} {
		if a, err := model.ParseAmount(text); err == nil || a != 0 {
			t.Errorf("ParseAmount(%q) = %d, %v", text, int64(a), err)
		}
	}
}

func TestAmountInJSON(t *testing.T) {
	b, err := json.Marshal(model.Amount(9_007_199_254_740_993)) // beyond 2^53
	if err != nil || string(b) != `"9007199254740993"` {
		t.Errorf("%s, %v", b, err)
	}
	var a model.Amount
	if err := json.Unmarshal(b, &a); err != nil || a != 9_007_199_254_740_993 {
		t.Errorf("%d, %v", int64(a), err)
	}
	for _, s := range []string{`1`, `"01"`, `"1.0"`, `""`, `"+1"`, `"9223372036854775808"`, `null0`} {
		if err := json.Unmarshal([]byte(s), &a); err == nil {
			t.Errorf("%s reads as %d", s, int64(a))
		}
	}
}

func TestAmountSums(t *testing.T) {
	const top, bottom = model.Amount(math.MaxInt64), model.Amount(math.MinInt64)
	for _, c := range []struct {
		a, b, sum model.Amount
		ok        bool
	}{
		{1, 2, 3, true}, {1, -2, -1, true}, {5, 0, 5, true}, {top, 0, top, true}, {top, -1, top - 1, true}, {bottom, top, -1, true},
		{top, 1, 0, false}, {bottom, -1, 0, false}, {bottom, bottom, 0, false}, {top, top, 0, false},
	} {
		if sum, ok := c.a.Add(c.b); sum != c.sum || ok != c.ok {
			t.Errorf("%d + %d = %d, %v", int64(c.a), int64(c.b), int64(sum), ok)
		}
	}
	if sum, ok := model.Sum(top, 1, -1); ok || sum != 0 {
		t.Errorf("a sum that overflows on the way is %d", int64(sum))
	}
	if sum, ok := model.Sum(); !ok || sum != 0 {
		t.Errorf("the sum of nothing is %d, %v", int64(sum), ok)
	}
}

func TestAmountShare(t *testing.T) {
	for _, c := range []struct {
		a        model.Amount
		num, den int64
		want     model.Amount
		ok       bool
	}{
		{100, 1, 3, 33, true},
		{model.MaxMoney, 1 << 32, 1 << 32, model.MaxMoney, true}, // the product needs 128 bits
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, true},
		{math.MaxInt64, 2, 1, 0, false},
		{math.MaxInt64, math.MaxInt64, 1, 0, false},
		{-1, 1, 2, 0, false},
		{1, -1, 2, 0, false},
		{1, 1, 0, 0, false},
		{0, 0, 1, 0, true},
	} {
		if got, ok := c.a.Share(c.num, c.den); got != c.want || ok != c.ok {
			t.Errorf("%d * %d / %d = %d, %v", int64(c.a), c.num, c.den, int64(got), ok)
		}
	}
}
