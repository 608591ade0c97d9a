package beneficiary_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Around an explored address only some of a pool's payouts are gathered. The
// address's own history tells whether it was paid before.
func TestExplored(t *testing.T) {
	ctx := context.Background()
	for name, want := range map[string]string{
		"testdata/fires_on_a_train.ledger": " was paid 0.55850000 BTC in 7 payouts of Northpool, with 1 train as of rented hash power: 21 PH/s for six days from 2022-08-20.",
		"paid_a_month_before":              " was paid 0.65850000 BTC in 8 payouts of Northpool, with 1 train as of rented hash power: 21 PH/s for six days from 2022-08-20.",
		"bought_a_week_before":             " was paid 0.55850000 BTC in 7 payouts of Northpool from 2022-08-20 to 2022-08-26; whether with a train as of rented hash power is not known.",
	} {
		f := explored(t, name)
		src := f.Ledger.Set()
		src.Blocks = nil
		p := model.RefAddress(address(t, f, "p"))
		x, err := heuristics.Explore(ctx, src, []model.Ref{p}, heuristics.ExploreOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := heuristics.New(src, []*heuristics.Heuristic{beneficiary.Heuristic}, heuristics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Open(ctx, heuristics.Scope{Seeds: []model.Ref{p}, Explored: x})
		if err != nil {
			t.Fatal(err)
		}
		fs := swept(t, s)
		if len(fs) != 1 {
			t.Errorf("%s: %d findings, want the seed's", name, len(fs))
			continue
		}
		if got := strings.TrimPrefix(fs[0].Claim, "Address "+address(t, f, "p").String()); got != want {
			t.Errorf("%s: claim ends %q, want %q", name, got, want)
		}
	}
}

// explored returns the ledger of a train, with a payment before it.
func explored(t testing.TB, name string) *ledger.File {
	t.Helper()
	text, err := os.ReadFile("testdata/fires_on_a_train.ledger")
	if err != nil {
		t.Fatal(err)
	}
	s := string(text)
	switch filepath.Base(name) {
	case "paid_a_month_before":
		s = strings.Replace(s, "=> m#1", "=> p 10_000_000sat, m#1", 1)
	case "bought_a_week_before":
		s = strings.Replace(s, "time 2022-08-15", "time 2022-08-13 10:00\ntx bought: new(friend) fee=300sat => p 3_000_000sat, friend 500_000sat\ntime 2022-08-15", 1)
	}
	f, err := ledger.Parse(name, s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
