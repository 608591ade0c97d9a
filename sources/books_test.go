package sources_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

func book(t *testing.T, text string) sources.Set {
	t.Helper()
	f, err := ledger.Parse("book", text)
	if err != nil {
		t.Fatal(err)
	}
	return f.Ledger.Set()
}

func entries(t *testing.T, s sources.Set, q sources.EntryQuery) (out []string) {
	t.Helper()
	for e, err := range s.Books.Entries(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Kind.String()+" "+e.Account)
	}
	return out
}

// Two services' books are one list, in the order of time, whichever came first.
func TestBooksOfSeveralProvidersAreJoined(t *testing.T) {
	a := book(t, "book H: deposit account=h1 time=2022-08-18\nbook H: order account=h1 time=2022-08-20\n")
	b := book(t, "book N: worker account=n1\nbook N: payout account=n1 time=2022-08-19\n")
	want := []string{"worker n1", "deposit h1", "payout n1", "order h1"}
	for name, s := range map[string]sources.Set{"a b": sources.Of(a, b), "b a": sources.Of(b, a), "providers": sources.Of(a, sources.Of(b))} {
		if diff := cmp.Diff(want, entries(t, s, sources.EntryQuery{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{"worker n1", "payout n1"}, entries(t, s, sources.EntryQuery{Service: "n."})); diff != "" {
			t.Errorf("%s, of one service (-want +got)\n%s", name, diff)
		}
	}
	// One that fails, fails the answer.
	away := errors.New("away")
	s := sources.Of(a, b.Wrap(sources.Inject(func(op, _ string) error { return away })))
	if err := last(s.Books.Entries(t.Context(), sources.EntryQuery{})); err != away {
		t.Errorf("error %v", err)
	}
}

// Every field takes part in the order, so that entries which differ are never
// taken for one.
func TestEntriesThatDifferCompareApart(t *testing.T) {
	at := time.Date(2022, 8, 18, 0, 0, 0, 0, time.UTC)
	a := model.AddressOf([]byte{0x51, 0x20, 33: 7}, model.Mainnet)
	all := []sources.Entry{
		{}, {Kind: sources.EntryOrder}, {Service: "s"}, {Account: "a"}, {Time: at}, {Until: at}, {AmountKnown: true}, {AmountKnown: true, Amount: 1},
		{Network: model.Signet}, {Order: "o"}, {Pool: "p"}, {Worker: "w"}, {Address: a}, {On: model.RefTx(id(1))}, {Custodian: "c"}, {Dated: at},
		{Confidence: 1}, {Source: "f"}, {Line: 1}, {Digest: model.Digest{1}},
	}
	for i := range all {
		for j := range all {
			got := all[i].Compare(&all[j])
			if got != -all[j].Compare(&all[i]) || (got == 0) != (i == j) {
				t.Errorf("%+v and %+v compare as %d", all[i], all[j], got)
			}
		}
	}
}

func TestParseEntryKind(t *testing.T) {
	for k := sources.EntryDeposit; k <= sources.EntryPayout; k++ {
		if got, err := sources.ParseEntryKind(k.String()); err != nil || got != k {
			t.Errorf("%v reads as %v, %v", k, got, err)
		}
	}
	for _, s := range []string{"", "none", "Deposit", "entrykind(9)"} {
		if k, err := sources.ParseEntryKind(s); err == nil {
			t.Errorf("%q reads as %v", s, k)
		}
	}
}

// The service keeps its own book unless somebody else is named.
func TestKeeper(t *testing.T) {
	e := sources.Entry{Service: "HashBazaar"}
	if got := e.Keeper(); got != "HashBazaar" {
		t.Errorf("kept by %q", got)
	}
	e.Custodian = "Receiver of HashBazaar"
	if got := e.Keeper(); got != e.Custodian {
		t.Errorf("kept by %q", got)
	}
}
