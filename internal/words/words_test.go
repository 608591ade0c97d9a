package words_test

import (
	"slices"
	"testing"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

func TestPlural(t *testing.T) {
	for _, c := range []struct {
		n          int
		noun, want string
	}{
		{0, "deposit", "0 deposits"},
		{1, "deposit", "1 deposit"},
		{2, "day", "2 days"},
		{1, "address", "1 address"},
		{21, "other address", "21 other addresses"},
		{2, "search", "2 searches"},
		{1, "entry", "1 entry"},
		{3, "entry", "3 entries"},
		{2, "beneficiary", "2 beneficiaries"},
		{1, "payout series", "1 payout series"},
		{2, "payout series", "2 payout series"},
		{1, "transaction of a CoinJoin", "1 transaction of a CoinJoin"},
		{2, "transaction of a CoinJoin", "2 transactions of a CoinJoin"},
	} {
		if got := words.Plural(c.n, c.noun); got != c.want {
			t.Errorf("Plural(%d, %q) = %q, want %q", c.n, c.noun, got, c.want)
		}
	}
}

func TestList(t *testing.T) {
	texts := []string{"A", "B", "C", "D"}
	for _, c := range []struct {
		n, most int
		want    string
	}{
		{0, 3, ""},
		{1, 3, "A"},
		{2, 3, "A and B"},
		{3, 3, "A, B and C"},
		{4, 3, "A, B, C and 1 more"},
		{4, 1, "A and 3 more"},
	} {
		if got := words.List(texts[:c.n], c.most); got != c.want {
			t.Errorf("List of %d, at most %d = %q, want %q", c.n, c.most, got, c.want)
		}
	}
	if want := []string{"A", "B", "C", "D"}; !slices.Equal(texts, want) {
		t.Errorf("List changed what it was given to %q", texts)
	}
}

func TestNames(t *testing.T) {
	if got := words.Line(" Port\n\tmere  Ltd "); got != "Port mere Ltd" {
		t.Errorf("Line = %q", got)
	}
	if got := words.Slug(model.CloudMining); got != "cloud mining" {
		t.Errorf("Slug = %q", got)
	}
	if got := words.Date(1_660_953_599); got != "2022-08-19" {
		t.Errorf("Date = %q, want that of UTC", got)
	}
}
