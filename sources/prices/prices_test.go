package prices_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/prices"
)

func read(t testing.TB, text string) *prices.Set {
	t.Helper()
	s, err := prices.Read(strings.NewReader(text), "rates.csv")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rate(t testing.TB, s *prices.Set, net model.Network, currency, at string) model.Price {
	t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	ps, err := s.Prices(context.Background(), net, currency, []time.Time{when})
	if err != nil || len(ps) != 1 {
		t.Fatalf("%v, %v", ps, err)
	}
	return ps[0]
}

func TestBothShapesReadTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"long":       "date,currency,rate\n2022-08-18,USD,23212.74\n2022-08-18,EUR,22997.1\n2022-08-19,USD,21277.58\n",
		"wide":       "date,USD,EUR\n2022-08-18,23212.74,22997.1\n2022-08-19,21277.58,\n",
		"reordered":  "# rates\nRate;Day;Currency\n23212.74;2022-08-18;USD\n22997.10;2022-08-18;EUR\n\n21277.58;2022-08-19;USD\n",
		"tabs":       "EUR\tdate\tUSD\n22997.1\t2022-08-18\t23212.74\n\t2022-08-19\t21277.58\n",
		"duplicates": "date,currency,price\n2022-08-18,USD,23212.74\n2022-08-18,USD,23212.740\n2022-08-18,EUR,22997.1\n2022-08-19,USD,21277.58\n",
	} {
		s := read(t, text)
		if s.Len() != 3 {
			t.Errorf("%s: %d rates, want 3", name, s.Len())
		}
		got := rate(t, s, model.Mainnet, "EUR", "2022-08-18T12:00:00Z")
		want := model.Price{Currency: "EUR", Day: time.Date(2022, 8, 18, 0, 0, 0, 0, time.UTC), Rate: decimal.RequireFromString("22997.1"), Source: "rates.csv"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if note := s.Provenance()[0].Note; note != "2 days of USD from 2022-08-18 to 2022-08-19; 1 days of EUR from 2022-08-18 to 2022-08-18" {
			t.Errorf("%s: note %q", name, note)
		}
	}
}

func TestARateHoldsForItsDayInUTCAndNoOther(t *testing.T) {
	s := read(t, "date,USD\n2022-08-18,23212.74\n1969-12-31,1\n")
	for at, known := range map[string]bool{
		"2022-08-18T00:00:00Z": true, "2022-08-18T23:59:59Z": true, "2022-08-19T01:59:59+02:00": true, "2022-08-17T20:00:00-04:00": true,
		"2022-08-17T23:59:59Z": false, "2022-08-19T00:00:00Z": false, "2022-08-18T00:00:00+02:00": false,
		"1969-12-31T00:00:00Z": true, "1969-12-31T23:59:59Z": true, "1970-01-01T00:00:00Z": false, "1969-12-30T23:59:59Z": false,
		"0001-01-01T00:00:00Z": false,
	} {
		if p := rate(t, s, model.Mainnet, "USD", at); p.IsZero() == known {
			t.Errorf("%s: %+v, want it known: %t", at, p, known)
		}
	}
	for _, none := range []model.Price{
		rate(t, s, model.Mainnet, "EUR", "2022-08-18T12:00:00Z"),
		rate(t, s, model.Mainnet, "usd", "2022-08-18T12:00:00Z"),
		rate(t, s, model.Regtest, "USD", "2022-08-18T12:00:00Z"),
	} {
		if none != (model.Price{}) {
			t.Errorf("got %+v, want the zero price", none)
		}
	}
	stated := read(t, "date,currency,rate,network,source\n2022-08-18,USD,1.5,regtest,made up\n2022-08-18,USD,23212.74,,\n")
	if p := rate(t, stated, model.Regtest, "USD", "2022-08-18T12:00:00Z"); p.Rate.String() != "1.5" || p.Source != "made up" || p.Network != model.Regtest {
		t.Errorf("%+v", p)
	}
	if p := rate(t, stated, model.Mainnet, "USD", "2022-08-18T12:00:00Z"); p.Rate.String() != "23212.74" || p.Source != "rates.csv" {
		t.Errorf("%+v", p)
	}
}

func TestValuationIsExactAndRoundsOnceHalfUp(t *testing.T) {
	for _, c := range []struct {
		rate   string
		amount string
		places int32
		want   string
	}{
		{"23212.74", "0.35", 2, "8124.46 USD"}, // 8,124.459
		{"21277.58", "0.25", 2, "5319.40 USD"}, // 5,319.395
		{"19947.65", "0.1", 2, "1994.77 USD"},  // 1,994.765: the half goes away from zero
		{"0.01", "0.5", 2, "0.01 USD"},         // 0.005
		{"0.03", "0.5", 2, "0.02 USD"},         // 0.015
		{"0.01", "0.50000001", 2, "0.01 USD"},  // just above the half
		{"123456789012.123456789012", "20999999.99999999", 18, "2592592569254591358.001361878765432110 USD"},
		{"0.000000000001", "0.00000001", 20, "0.00000000000000000001 USD"},
		{"23212.74", "0", 2, "0.00 USD"},
		{"23212.74", "1", 0, "23213 USD"},
	} {
		s := read(t, "date,USD\n2022-08-18,"+c.rate+"\n")
		a, err := model.ParseAmount(c.amount)
		if err != nil {
			t.Fatal(err)
		}
		if got := rate(t, s, model.Mainnet, "USD", "2022-08-18T11:45:00Z").Of(a, c.places).String(); got != c.want {
			t.Errorf("%s at %s: got %s, want %s", c.amount, c.rate, got, c.want)
		}
	}
}

// The decimal package has process-wide settings that an embedding program may
// change. None may reach a value.
func TestSettingsOfTheEmbeddingProgramChangeNothing(t *testing.T) {
	value := func() string {
		s := read(t, "date,USD\n2022-08-18,23212.74\n")
		f := rate(t, s, model.Mainnet, "USD", "2022-08-18T11:45:00Z").Of(35_000_000, 2)
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		return f.String() + " " + string(b)
	}
	want := value()
	precision, power, quotes, exact := decimal.DivisionPrecision, decimal.PowPrecisionNegativeExponent, decimal.MarshalJSONWithoutQuotes, decimal.TrimTrailingZeros
	defer func() {
		decimal.DivisionPrecision, decimal.PowPrecisionNegativeExponent, decimal.MarshalJSONWithoutQuotes, decimal.TrimTrailingZeros = precision, power, quotes, exact
	}()
	decimal.DivisionPrecision, decimal.PowPrecisionNegativeExponent, decimal.MarshalJSONWithoutQuotes, decimal.TrimTrailingZeros = 0, 0, true, !exact
	if got := value(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRatesThatDisagreeAreAnErrorWithBothLines(t *testing.T) {
	_, err := prices.Read(strings.NewReader("date,USD\n2022-08-18,23212.74\n2022-08-19,21277.58\n2022-08-18,23212.75\n"), "rates.csv")
	want := "prices: Read rates.csv:4: malformed data: USD of 2022-08-18 is 23212.75 here and 23212.74 at rates.csv:2"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"a.csv": "date,USD\n2022-08-18,1\n", "b.csv": "date,currency,rate\n2022-08-18,USD,2\n", "c.csv": "date,EUR\n2022-08-18,2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "c.csv")
	if _, err := prices.Open(a, b); err == nil || !strings.Contains(err.Error(), "b.csv:2") || !strings.Contains(err.Error(), "a.csv:2") {
		t.Errorf("two files: %v", err)
	}
	if s, err := prices.Open(a, c, a); err != nil || s.Len() != 2 {
		t.Errorf("files that agree: %v", err)
	}
}

func TestErrorsNameTheirPlace(t *testing.T) {
	for _, c := range []struct{ text, key, words string }{
		{"", "rates.csv", "no header"},
		{"# nothing\n", "rates.csv", "no header"},
		{"day,rate\n", "rates.csv:1", "want the columns date, currency and rate"},
		{"currency,rate\n", "rates.csv:1", "no column date"},
		{"date\n", "rates.csv:1", "want the columns"},
		{"date,usd\n", "rates.csv:1:6", `column "usd"`},
		{"date,USD,USD\n", "rates.csv:1:10", `column "USD"`},
		{"date,day,USD\n", "rates.csv:1:6", "twice"},
		{"date,currency,rate,EUR\n", "rates.csv:1", "and a column EUR"},
		{"date" + strings.Repeat(",x", 200) + "\n", "rates.csv:1", "201 columns"},
		{"date,USD\n18.08.2022,1\n", "rates.csv:2:1", "is not a day"},
		{"date,USD\n2022-08-18T00:00:00Z,1\n", "rates.csv:2:1", "is not a day"},
		{"date,USD\n2022-02-30,1\n", "rates.csv:2:1", "is not a day"},
		{"date,USD\n2022-08-18,\"23,212.74\"\n", "rates.csv:2:12", "separators of thousands"},
		{"date,USD\n2022-08-18,-1\n", "rates.csv:2:12", "without sign"},
		{"date,USD\n2022-08-18,1e5\n", "rates.csv:2:12", "exponent"},
		{"date,USD\n2022-08-18,NaN\n", "rates.csv:2:12", "is not a number"},
		{"date,USD\n2022-08-18,.5\n", "rates.csv:2:12", "is not a number"},
		{"date,USD\n2022-08-18,5.\n", "rates.csv:2:12", "is not a number"},
		{"date,USD\n2022-08-18,0.00\n", "rates.csv:2:12", "is no rate"},
		{"date,USD\n2022-08-18,1234567890123\n", "rates.csv:2:12", "twelve digits"},
		{"date,USD\n2022-08-18,1.1234567890123\n", "rates.csv:2:12", "twelve digits"},
		{"date,currency,rate\n2022-08-18,,1\n", "rates.csv:2:12", "three capital letters"},
		{"date,currency,rate\n2022-08-18,USD,\n", "rates.csv:2:16", "is not a number"},
		{"date,currency,rate,network\n2022-08-18,USD,1,moon\n", "rates.csv:2:18", "network"},
		{"date,currency,rate,source\n2022-08-18,USD,1," + strings.Repeat("x", 1025) + "\n", "rates.csv:2:18", "1025 bytes"},
		{"date,USD\n2022-08-18\n", "rates.csv:2:1", "wrong number of fields"},
		{"date,USD\n2022-08-18," + strings.Repeat("1", 1<<20) + "\n", "rates.csv:2", "a line of more than"},
		{"date,USD\n\x00", "rates.csv:2", "not text"},
	} {
		_, err := prices.Read(strings.NewReader(c.text), "rates.csv")
		var e *sources.Error
		if !errors.As(err, &e) || e.Source != "prices" || e.Key != c.key || !strings.Contains(e.Error(), c.words) || !errors.Is(err, sources.ErrMalformed) {
			t.Errorf("%.60q: got %v, want it at %s with %q", c.text, err, c.key, c.words)
		}
	}
}

func TestOpenReadsPackedFiles(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, "date,USD\n2022-08-18,23212.74\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rates.csv.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := prices.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if p := rate(t, s, model.Mainnet, "USD", "2022-08-18T00:00:00Z"); p.Source != "rates.csv" {
		t.Errorf("%+v", p)
	}
	p := s.Provenance()
	if len(p) != 1 || p[0].Provider != "prices" || p[0].Name != "rates.csv.gz" || p[0].Digest == (model.Digest{}) {
		t.Errorf("%+v", p)
	}
	_, err = prices.Open(path + ".absent")
	if !errors.Is(err, os.ErrNotExist) || !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if has := sources.Of(s).Has(); has != sources.Prices {
		t.Errorf("capabilities %v", has)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Prices(ctx, model.Mainnet, "USD", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	var none prices.Set
	if ps, err := none.Prices(context.Background(), model.Mainnet, "USD", make([]time.Time, 2)); err != nil || len(ps) != 2 || !ps[0].IsZero() {
		t.Errorf("the zero value: %v, %v", ps, err)
	}
}

func FuzzPrices(f *testing.F) {
	f.Add("date,currency,rate,source,network\n2022-08-18,USD,23212.74,s,regtest\n")
	f.Add("date;USD;EUR\n2022-08-18;1;\n# c\n2022-08-19;;0.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := prices.Read(strings.NewReader(text), "rates.csv")
		if err != nil {
			var e *sources.Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.Key, "rates.csv") || len(e.Error()) > 2000 {
				t.Fatalf("error %#v", err)
			}
			return
		}
		again, err := prices.Read(strings.NewReader(text+"\n"), "rates.csv")
		if err != nil || again.Len() != s.Len() {
			t.Fatalf("%v; %d rates and then %d", err, s.Len(), again.Len())
		}
	})
}

func Example() {
	s, err := prices.Read(strings.NewReader("date,USD\n2022-08-18,23212.74\n"), "rates.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	at := []time.Time{time.Date(2022, 8, 18, 11, 45, 0, 0, time.UTC), time.Date(2022, 8, 19, 9, 40, 0, 0, time.UTC)}
	ps, err := s.Prices(context.Background(), model.Mainnet, "USD", at)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range ps {
		if p.IsZero() {
			fmt.Println("no rate for that day")
			continue
		}
		fmt.Println(p.Of(35_000_000, 2))
	}
	// Output:
	// 8124.46 USD
	// no rate for that day
}
