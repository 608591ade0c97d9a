package esplora_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

// busy is a chain on which alice is paid n times, three times in each block, and
// another is in between.
func busy(t testing.TB, n int) *ledger.File {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "height %d\ntx t%d: new 1 => alice 0.4, bob 0.5\n", 800000+i/3, i)
		if i%3 == 1 {
			fmt.Fprintf(&text, "height %d\ntx o%d: new 1 => carol 1\n", 800000+i/3, i)
		}
	}
	return parse(t, text.String())
}

func inOrder(t testing.TB, f *ledger.File, n int) (want []string) {
	for i := range n {
		want = append(want, txid(t, f, fmt.Sprintf("t%d", i)).String())
	}
	return want
}

func TestHistoryIsWholeAndInLedgerOrder(t *testing.T) {
	for _, n := range []int{1, 24, 25, 26, 50, 75, 76} {
		f := busy(t, n)
		want := inOrder(t, f, n)
		alice := address(t, f, "alice")
		for _, size := range []int{1, 10, 25, 50} {
			for _, prove := range []bool{false, true} {
				h := esploratest.Serve(f.Ledger, esploratest.Options{PageSize: size})
				x := direct(t, h, esplora.Options{Prove: prove, MaxPages: 80})
				got, err := all(x.History(t.Context(), alice, sources.Range{}))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(ids(got), want) {
					t.Errorf("%d transactions in pages of %d: not in ledger order, or not all: %d", n, size, len(got))
				}
			}
		}
	}
}

func TestHistoryCostsAsFewRequests(t *testing.T) {
	for _, c := range []struct {
		n    int
		r    sources.Range
		want int64
	}{
		{24, sources.Range{}, 1 + 1 + 8},
		{75, sources.Range{}, 1 + 3 + 1 + 25},                // a full last page may hide another
		{74, sources.Range{}, 1 + 3 + 25},                    // the last block has two
		{74, sources.Range{From: 800020}, 1 + 5},             // ends on the way
		{74, sources.Range{From: 800000}, 3 + 1 + 25},        // without a count
		{74, sources.Range{From: 800010, To: 800010}, 2 + 1}, // one block
		{74, sources.Range{From: 900000}, 1},                 // above the tip
		{74, sources.Range{To: 800000}, 1 + 3 + 1},           // the API lists from its end
	} {
		f := busy(t, c.n)
		x := direct(t, esploratest.Serve(f.Ledger, esploratest.Options{}), esplora.Options{})
		got, err := all(x.History(t.Context(), address(t, f, "alice"), c.r))
		if err != nil {
			t.Fatal(err)
		}
		if x.Requests() != c.want {
			t.Errorf("%d requests for a history of %d within %+v, want %d", x.Requests(), c.n, c.r, c.want)
		}
		for _, tx := range got {
			if !c.r.Contains(tx.Block.Height) {
				t.Errorf("height %d within %+v", tx.Block.Height, c.r)
			}
		}
	}
	f := busy(t, 3)
	x := direct(t, esploratest.Serve(f.Ledger, esploratest.Options{}), esplora.Options{})
	if got, err := all(x.History(t.Context(), address(t, f, "nobody"), sources.Range{})); len(got) != 0 || err != nil || x.Requests() != 1 {
		t.Errorf("an address without history: %v, %v, %d requests", ids(got), err, x.Requests())
	}
}

func TestBusyAddresses(t *testing.T) {
	f := busy(t, 60)
	alice := address(t, f, "alice")
	for _, c := range []struct {
		name     string
		o        esplora.Options
		s        esploratest.Options
		r        sources.Range
		words    string
		requests int64
	}{
		{"refused", esplora.Options{}, esploratest.Options{Busy: 59}, sources.Range{}, "Too many history entries", 1},
		{"beyond our bound", esplora.Options{MaxPages: 2}, esploratest.Options{}, sources.Range{}, "a busy address of 60 transactions, more than the 50", 1},
		{"beyond our bound on the way", esplora.Options{MaxPages: 1}, esploratest.Options{}, sources.Range{From: 800000}, "after 50 transactions from the tip down to height 80000", 2},
		{"beyond the bytes", esplora.Options{MaxBody: 30_000}, esploratest.Options{}, sources.Range{}, "more than the 30000 bytes of Options.MaxBody", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := direct(t, esploratest.Serve(f.Ledger, c.s), c.o)
			got, err := all(x.History(t.Context(), alice, c.r))
			// Not ErrBudget, which would end a run for one address.
			wantError(t, err, sources.ErrUnavailable, "History", c.words, alice.String())
			if len(got) != 0 {
				t.Errorf("%d transactions of a part of the history", len(got))
			}
			if x.Requests() != c.requests {
				t.Errorf("%d requests, want %d", x.Requests(), c.requests)
			}
		})
	}
	// A part of it may be had.
	x := direct(t, esploratest.Serve(f.Ledger, esploratest.Options{}), esplora.Options{MaxPages: 1})
	got, err := all(x.History(t.Context(), alice, sources.Range{From: 800015}))
	if want := inOrder(t, f, 60)[45:]; err != nil || !slices.Equal(ids(got), want) {
		t.Errorf("%d transactions, %v, want %d", len(got), err, len(want))
	}
}

func TestFalseHistories(t *testing.T) {
	f := busy(t, 60)
	alice, bob := address(t, f, "alice"), address(t, f, "bob")
	good := esploratest.Serve(f.Ledger, esploratest.Options{})
	elsewhere := func(to string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/txs/chain") {
				r.URL.Path = strings.Replace(r.URL.Path, alice.String(), to, 1)
			}
			good.ServeHTTP(w, r)
		})
	}
	for _, c := range []struct {
		name, words string
		h           http.Handler
	}{
		{"a page again", "is listed twice", esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/txs/chain", esploratest.Repeat)})},
		{"a transaction left out", "the server counts 60 transactions and lists 5", esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/txs/chain", esploratest.Skip)})},
		{"somebody else's", "does not touch the address", elsewhere(address(t, f, "carol").String())},
		{"a lie on a page", "the transaction said to be", esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/txs/chain/", esploratest.Lie)})},
		{"unconfirmed", "is listed among the confirmed ones", rewrite(good, "/txs/chain", `"confirmed":true`, `"confirmed":false`)},
		{"an order", "is listed after one", rewrite(good, "/txs/chain", `"block_height":8000`, `"block_height":1000`)},
		{"a block without it", "is not among those of its block", rewrite(good, "/txids", txid(t, f, "t4").String(), bobsID)},
		{"two blocks at one height", "two blocks", rewrite(good, "/txs/chain", mustTx(t, f, "t59").Block.Hash.String(), bobsID)},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := direct(t, c.h, esplora.Options{})
			got, err := all(x.History(t.Context(), alice, sources.Range{}))
			kind := sources.ErrMalformed
			if c.words == "two blocks" {
				kind = sources.ErrReorg
			}
			wantError(t, err, kind, "History", c.words, alice.String())
			if len(got) != 0 {
				t.Errorf("%d transactions before the error", len(got))
			}
		})
	}
	// bob has the same history as alice, so that nothing is wrong here.
	if got, err := all(direct(t, elsewhere(bob.String()), esplora.Options{}).History(t.Context(), alice, sources.Range{})); err != nil || len(got) != 60 {
		t.Errorf("%d, %v", len(got), err)
	}
}

const bobsID = "00000000000000000000000000000000000000000000000000000000000000ff"

// A block may come while a history is read.
func TestHistoryWhileTheChainGrows(t *testing.T) {
	for _, n := range []int{24, 25, 26, 50, 51} {
		f := busy(t, n+1)
		alice := address(t, f, "alice")
		// The last transaction comes after the count.
		before := esploratest.Serve(f.Ledger, esploratest.Options{Tip: 800000 + int32(n-1)/3})
		if n%3 != 0 {
			continue // it would share the block of another
		}
		after := esploratest.Serve(f.Ledger, esploratest.Options{})
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, alice.String()) {
				before.ServeHTTP(w, r)
				return
			}
			after.ServeHTTP(w, r)
		})
		got, err := all(direct(t, h, esplora.Options{}).History(t.Context(), alice, sources.Range{}))
		if err != nil {
			t.Fatal(err)
		}
		if want := inOrder(t, f, n+1); !slices.Equal(ids(got), want) {
			t.Errorf("%d transactions of %d", len(got), len(want))
		}
	}
}

func TestScriptsWithoutAnAddress(t *testing.T) {
	f := parse(t, `tx a: new 4 => alice:p2pk 1, alice:multisig 1, addr(bc1pfeessrawgf) 1, alice 0.5, data "hello"`)
	h := esploratest.Serve(f.Ledger, esploratest.Options{})
	anchor, err := model.ParseAddress("bc1pfeessrawgf", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []model.Address{address(t, f, "alice:p2pk"), address(t, f, "alice:multisig"), anchor} {
		got, err := all(direct(t, h, esplora.Options{}).History(t.Context(), a, sources.Range{}))
		if err != nil || len(got) != 1 {
			t.Errorf("history of %v: %d, %v", a, len(got), err)
		}
	}
	// A server that does not index what cannot be spent has not said that there is none.
	other := model.AddressOf([]byte{0x6a, 1, 2}, model.Mainnet)
	for _, r := range []sources.Range{{}, {From: 800000}} {
		_, err := all(direct(t, h, esplora.Options{}).History(t.Context(), other, r))
		wantError(t, err, sources.ErrUnavailable, "History", "null data")
	}
}
