package books_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/books"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, books.Heuristic, "testdata/*.ledger") }

func FuzzBooks(f *testing.F) { heuristictest.Fuzz(f, books.Heuristic) }

func findings(t *testing.T, text string) []model.Finding {
	t.Helper()
	f := heuristictest.Ledger(t, text)
	return heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, books.Heuristic))
}

const loop = `
label Northpool: addr(npc) category=mining_pool role=payout confidence=0.97
label HashBazaar: addr(d1) category=hash_marketplace role=deposit
book HashBazaar: deposit account=private-17 time="2023-07-24 13:00" amount=0.35 on=out(t.0) address=addr(d1) custodian="HashBazaar Ltd." dated=2023-12-01
book HashBazaar: deposit account=private-17 time="2023-07-24 13:30" amount=0.1
book HashBazaar: order account=private-17 time="2023-07-24 14:00" amount=0.3 order=r-77 pool=Northpool worker=private-user
book Northpool: worker account=private-n4 worker=private-user
book Northpool: payout account=private-n4 time="2023-07-25 02:10" amount=8_012_345sat on=tx(pay) address=addr(p1)
time 2023-07-23 01:00
tx cb: new(npc) => npc 6.25
time 2023-07-24 12:00
tx t: new(actor) 0.4 fee=0.0001 => d1 0.35, actor rest
time 2023-07-25 02:10
tx pay: cb.0 fee=31000sat => p1 8_012_345sat, m#1..8 4_112_007sat, m#9..16 1_931_244sat, m#17..24 7_700_913sat, m#25..32 2_210_377sat, m#33..40 900_112sat, npc rest
time 2023-08-20
tx late: new(x) 1 => y 1
`

// A finding names custodian, day, file, line and digest, and nothing by which a
// customer is known to the service.
func TestAFindingShowsNoCustomer(t *testing.T) {
	fs := findings(t, loop)
	if len(fs) != 1 || fs[0].Kind != books.KindLoop {
		t.Fatalf("%d findings", len(fs))
	}
	b, err := json.Marshal(fs[0])
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.Contains(text, "private") {
		t.Errorf("the finding shows what is the customer's own:\n%s", text)
	}
	for _, want := range []string{"HashBazaar Ltd.", "exported on 2023-12-01", "Line 4 of ledger", "SHA-256 of the row ", "number r-77", "Another of the account's deposits paid for the order; the book has 1 deposit besides"} {
		if !strings.Contains(text, want) {
			t.Errorf("the finding does not say %q:\n%s", want, text)
		}
	}
}

// What differs is stated with both sides.
func TestAContradictionIsStated(t *testing.T) {
	fs := findings(t, strings.Replace(loop, "amount=0.35", "amount=0.36", 1))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	found := 0
	for _, c := range fs[0].Counter {
		if c.Found {
			found++
			if want := "On the amount: The record says 0.36000000 BTC, the ledger says 0.35000000 BTC."; c.Text != want {
				t.Errorf("%q, want %q", c.Text, want)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d contradictions, want 1", found)
	}
}

// What a row was matched by is no check of it: it could not have differed.
func TestWhatMatchedIsNoCheck(t *testing.T) {
	b, err := os.ReadFile("testdata/deposit_by_address_amount_and_time.ledger")
	if err != nil {
		t.Fatal(err)
	}
	fs := findings(t, string(b))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	for _, c := range fs[0].Counter {
		for _, of := range []string{"amount", "address", "time"} {
			if strings.HasSuffix(c.Text, "on the "+of) {
				t.Errorf("looked for and not found: %q", c.Text)
			}
		}
	}
}

// Less trust in the book is never more in what it says.
func TestProbabilityFollowsTheBook(t *testing.T) {
	last := model.Probability(0)
	for _, c := range []string{"0.1", "0.5", "0.9", "1"} {
		fs := findings(t, strings.Replace(loop, "dated=2023-12-01", "dated=2023-12-01 confidence="+c, 1))
		if p := fs[0].Score.Probability; p < last || p > books.DefaultParams().Cap {
			t.Errorf("confidence %s gives %v after %v", c, p, last)
		} else {
			last = p
		}
	}
}

// The embedded case: the marketplace's book closes the loop of the first round, and
// a book that names a resident of the pool instead is not confirmed by what she is
// paid as ever.
func TestKestrel(t *testing.T) {
	book := func(name, worker string) string {
		return fmt.Sprintf(`book HashBazaar: deposit account=17 time="2022-08-18 12:40" amount=0.35 on=out(t4.0) address=addr(D1)
book HashBazaar: deposit account=17 time="2022-08-19 22:10" amount=0.25 on=out(t6.0) address=addr(D2)
book HashBazaar: order account=17 time="2022-08-19 22:40" until="2022-08-26 00:00" amount=0.6 order=r-%s pool=Northpool worker=%s
`, name, worker)
	}
	for _, c := range []struct {
		name, worker  string
		payouts       books.State
		received      model.Amount
		least, atMost model.Probability
	}{
		{"P1", "addr(P1).rig", books.Agrees, 55_850_000, model.Percent(85), model.Percent(95)},
		{"RITA", "addr(RITA)", books.Unknown, 0, 0, model.Percent(55)},
		{"SAM", "addr(SAM)", books.Unknown, 0, 0, model.Percent(55)}, // paid, and by no pool
	} {
		t.Run(c.name, func(t *testing.T) {
			f := heuristictest.Ledger(t, book(c.name, c.worker)+kestrel.Text())
			s := heuristictest.Open(t, f, heuristics.Scope{}, books.Heuristic)
			want, err := f.Address(c.name)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"t4", "t6"} {
				id, _ := f.Tx(name)
				rs, fs, err := heuristics.Eval[[]books.Recorded](t.Context(), s, books.Heuristic, model.RefTx(id))
				if err != nil || len(rs) != 1 || len(fs) != 1 {
					t.Fatalf("%s: %d records, %d findings, %v", name, len(rs), len(fs), err)
				}
				r := rs[0]
				paid := r.Checks[len(r.Checks)-1]
				if r.Address != want || paid.State != c.payouts || c.received != 0 && r.Received != c.received {
					t.Errorf("%s: %v, %s", name, r.Address, paid.String())
				}
				if p := fs[0].Score.Probability; p < c.least || p > c.atMost || p != r.Probability {
					t.Errorf("%s: probability %v (%v)", name, p, r.Probability)
				}
			}
		})
	}
}

// A typed answer for those who ask about one transaction.
func TestOf(t *testing.T) {
	f := heuristictest.Ledger(t, loop)
	s := heuristictest.Open(t, f, heuristics.Scope{}, books.Heuristic)
	id, _ := f.Tx("t")
	rs, _, err := heuristics.Eval[[]books.Recorded](t.Context(), s, books.Heuristic, model.RefTx(id))
	if err != nil || len(rs) != 1 {
		t.Fatalf("%d records, %v", len(rs), err)
	}
	p1, _ := f.Address("p1")
	r := rs[0]
	if r.Address != p1 || r.Pool != "Northpool" || r.Received != 8_012_345 || r.Payouts != 1 || len(r.Orders) != 1 || len(r.PoolRows) != 2 {
		t.Errorf("%+v", r)
	}
	want := map[string]books.State{"amount": books.Agrees, "address": books.Agrees, "time": books.Agrees, "label": books.Agrees, "order": books.Agrees, "payouts": books.Agrees}
	for _, c := range r.Checks {
		if want[c.Of] != c.State {
			t.Errorf("%s %v: %s", c.Of, c.State, c.String())
		}
	}
}
