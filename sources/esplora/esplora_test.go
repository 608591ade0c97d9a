package esplora_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

func parse(t testing.TB, text string) *ledger.File {
	t.Helper()
	f, err := ledger.Parse(t.Name(), text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func txid(t testing.TB, f *ledger.File, name string) model.TxID {
	t.Helper()
	id, ok := f.Tx(name)
	if !ok {
		t.Fatalf("no transaction %s", name)
	}
	return id
}

func address(t testing.TB, f *ledger.File, name string) model.Address {
	t.Helper()
	a, err := f.Address(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func client(t testing.TB, url string, o esplora.Options) *esplora.Client {
	t.Helper()
	c, err := esplora.New(url, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// direct returns a client of a handler, without a network between them.
func direct(t testing.TB, h http.Handler, o esplora.Options) *esplora.Client {
	t.Helper()
	o.Client = &http.Client{Transport: esploratest.Transport(h)}
	return client(t, "http://localhost", o)
}

func all[T any](seq iter.Seq2[T, error]) (vs []T, err error) {
	for v, err := range seq {
		if err != nil {
			return vs, err
		}
		vs = append(vs, v)
	}
	return vs, nil
}

func ids(txs []*model.Tx) (ids []string) {
	for _, t := range txs {
		ids = append(ids, t.ID.String())
	}
	return ids
}

// wantError checks the kind of an error, that it says where it happened, and its
// words.
func wantError(t *testing.T, err, kind error, op string, words ...string) {
	t.Helper()
	var e *sources.Error
	switch {
	case err == nil:
		t.Fatalf("no error, want one of kind %q", kind)
	case !errors.Is(err, kind):
		t.Fatalf("the error %q is not of kind %q", err, kind)
	case !errors.As(err, &e) || e.Source != "esplora" || e.Op != op:
		t.Fatalf("the error %q does not say that it is of %s", err, op)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error %q does not say %q", err, w)
		}
	}
}

// always is a fault of every answer whose path contains part; first is one of the
// first answer for each path only.
func always(part string, fault esploratest.Fault) func(string, int) esploratest.Fault {
	return func(path string, n int) esploratest.Fault {
		if strings.Contains(path, part) {
			return fault
		}
		return esploratest.None
	}
}

func first(part string, fault esploratest.Fault) func(string, int) esploratest.Fault {
	return func(path string, n int) esploratest.Fault {
		if strings.Contains(path, part) && n == 0 {
			return fault
		}
		return esploratest.None
	}
}

const small = `
	tx a: new(victim) 2 => alice 1, bob 0.9
	tx b: a.0 => carol:p2pkh 0.5, alice rest
	tx c: b.0 a.1 => dave:p2tr 1
`

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault esploratest.Fault
		kind  error
		words string
		again bool // is asked for again
	}{
		"lie":           {esploratest.Lie, sources.ErrMalformed, "the transaction said to be", false},
		"stolen inputs": {esploratest.Steal, sources.ErrMalformed, "but unlocks", false},
		"garbage":       {esploratest.Garbage, sources.ErrMalformed, "byte 1", false},
		"a web page":    {esploratest.Page, sources.ErrMalformed, `'<'`, false},
		"cut":           {esploratest.Cut, sources.ErrMalformed, "ends in the middle", true},
		"dropped":       {esploratest.Drop, sources.ErrUnavailable, "unexpected EOF", true},
		"stalled":       {esploratest.Stall, sources.ErrUnavailable, "no whole answer within the 10s", true},
		"stalled later": {esploratest.StallMid, sources.ErrUnavailable, "no whole answer within the 10s", true},
		"500":           {esploratest.Broken, sources.ErrUnavailable, `500: {"error":"failed to read"}`, true},
		"429":           {esploratest.Slow, sources.ErrUnavailable, "429", true},
		"503":           {esploratest.Down, sources.ErrUnavailable, "503", true},
		"wrong URL":     {esploratest.Missing, sources.ErrUnavailable, "is the base URL that of the API?", false},
		"huge":          {esploratest.Huge, sources.ErrUnavailable, "more than the 100000 bytes", false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.fault == esploratest.Huge || c.fault == esploratest.StallMid {
				// What is endless needs a server of its own.
				f := parse(t, small)
				server := httptest.NewServer(esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/tx/", c.fault)}))
				defer server.Close()
				words, timeout := c.words, time.Minute
				if c.fault == esploratest.StallMid {
					words, timeout = "no whole answer within the 100ms", 100*time.Millisecond
				}
				x := client(t, server.URL, esplora.Options{Client: server.Client(), MaxBody: 100_000, Retries: -1, Timeout: timeout})
				_, err := x.Txs(t.Context(), []model.TxID{txid(t, f, "a")})
				wantError(t, err, c.kind, "Txs", words, txid(t, f, "a").String())
				return
			}
			synctest.Test(t, func(t *testing.T) {
				f := parse(t, small)
				id := txid(t, f, "b")
				h := esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/tx/", c.fault)})
				x := direct(t, h, esplora.Options{Retries: 2, Timeout: 10 * time.Second})
				_, err := x.Txs(t.Context(), []model.TxID{id})
				wantError(t, err, c.kind, "Txs", c.words, id.String())
				want := int64(1)
				if c.again {
					want = 3
				}
				if got := x.Requests(); got != want {
					t.Errorf("%d requests, want %d", got, want)
				}
				if !c.again {
					return
				}
				// The failure passes.
				h = esploratest.Serve(f.Ledger, esploratest.Options{Fault: first("/", c.fault)})
				x = direct(t, h, esplora.Options{Timeout: 10 * time.Second})
				txs, err := x.Txs(t.Context(), []model.TxID{id, {7}})
				if err != nil {
					t.Fatal(err)
				}
				if txs[0] == nil || txs[0].ID != id || txs[1] != nil {
					t.Errorf("answers %v", txs)
				}
			})
		})
	}
}

func TestLiesNameBothIDs(t *testing.T) {
	f := parse(t, small)
	a, b := txid(t, f, "a"), txid(t, f, "b")
	good := esploratest.Serve(f.Ledger, esploratest.Options{})
	// Another transaction, in itself in order.
	other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.Replace(r.URL.Path, a.String(), b.String(), 1)
		good.ServeHTTP(w, r)
	})
	_, err := direct(t, other, esplora.Options{}).Txs(t.Context(), []model.TxID{a})
	wantError(t, err, sources.ErrMalformed, "Txs", a.String(), b.String())

	lie := esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/tx/", esploratest.Lie)})
	_, err = direct(t, lie, esplora.Options{}).Txs(t.Context(), []model.TxID{a})
	made := *mustTx(t, f, "a")
	made.LockTime++
	wantError(t, err, sources.ErrMalformed, "Txs", a.String(), model.HashTx(&made).String())
}

func mustTx(t *testing.T, f *ledger.File, name string) *model.Tx {
	t.Helper()
	txs, err := f.Ledger.Txs(t.Context(), []model.TxID{txid(t, f, name)})
	if err != nil || txs[0] == nil {
		t.Fatal(txs, err)
	}
	return txs[0]
}

// rewrite changes the answers to a path.
func rewrite(h http.Handler, part, old, new string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		b := rec.Body.Bytes()
		if strings.Contains(r.URL.Path, part) {
			b = bytes.Replace(b, []byte(old), []byte(new), 1)
		}
		w.WriteHeader(rec.Code)
		w.Write(b)
	})
}

func TestNonsenseIsRefused(t *testing.T) {
	f := parse(t, small)
	a := txid(t, f, "a")
	b := txid(t, f, "b")
	good := esploratest.Serve(f.Ledger, esploratest.Options{})
	txs := func(c *esplora.Client) error { _, err := c.Txs(t.Context(), []model.TxID{b}); return err }
	spends := func(c *esplora.Client) error {
		_, err := c.Spenders(t.Context(), []model.Outpoint{{Tx: a}})
		return err
	}
	for _, c := range []struct {
		name, part, old, new string
		op                   string
		ask                  func(*esplora.Client) error
		words                string
	}{
		{"a value that the prevout cannot have", "/tx/", `"value":100000000`, `"value":2100000000000001`, "Txs", txs, "want a whole number from 0 to 2100000000000000"},
		{"a negative value", "/tx/", `"value":100000000`, `"value":-1`, "Txs", txs, "-1"},
		{"a fraction", "/tx/", `"value":100000000`, `"value":1e8`, "Txs", txs, "1e8"},
		{"a prevout that is worth too little", "/tx/", `"value":100000000`, `"value":100`, "Txs", txs, "more than the 0.00000100"},
		{"a second prevout", "/tx/", `"prevout":`, `"prevout":null,"prevout":`, "Txs", txs, `a second "prevout"`},
		{"no inputs", "/tx/", `"vin":`, `"win":`, "Txs", txs, `without "vin"`},
		{"confirmed nowhere", "/tx/", `"block_hash":`, `"block_has":`, "Txs", txs, `without "block_hash"`},
		{"a short hash", "/tx/", `"txid":"`, `"txid":"00","x":"`, "Txs", txs, "a hash of 2 digits"},
		{"deep", "/tx/", `"locktime"`, `"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `,"locktime"`, "Txs", txs, "nested deeper"},
		{"a second value", "/tx/", `{`, `{}{`, "Txs", txs, "without"},
		{"spent by itself", "outspends", b.String(), a.String(), "Spenders", spends, "its own output"},
		{"spent by nobody", "outspends", `"txid"`, `"no"`, "Spenders", spends, `without "txid"`},
		{"a tip below everything", "tip", "8", "-8", "Spenders", spends, "from 0 to"},
		{"another block's header", "/block/", `"nonce":0`, `"nonce":1`, "Blocks", func(c *esplora.Client) error {
			_, err := all(c.Blocks(t.Context(), sources.Range{From: 800000}))
			return err
		}, "the header said to be of block"},
		{"another height", "/block/", `"height":800001`, `"height":800000`, "Blocks", func(c *esplora.Client) error {
			_, err := all(c.Blocks(t.Context(), sources.Range{From: 800000}))
			return err
		}, "says that it is at height 800000"},
		{"a block without its last transaction", "/block/", `"tx_count":2`, `"tx_count":1`, "Blocks", func(c *esplora.Client) error {
			_, err := all(c.Blocks(t.Context(), sources.Range{From: 800000}))
			return err
		}, "of 1 transactions: 2 of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.ask(direct(t, rewrite(good, c.part, c.old, c.new), esplora.Options{}))
			wantError(t, err, sources.ErrMalformed, c.op, c.words)
		})
	}
}

// shared is a chain of one block with n transactions beside the coinbase.
func shared(t testing.TB, n int) *ledger.File {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "height 800000\ntx x%d: new 1 => alice 1\n", i)
	}
	return parse(t, text.String())
}

func TestProofs(t *testing.T) {
	for n := range 9 {
		f := shared(t, n+1)
		good := esploratest.Serve(f.Ledger, esploratest.Options{})
		x := direct(t, good, esplora.Options{Prove: true})
		var want []int32
		var asked []model.TxID
		for i := range n + 1 {
			want, asked = append(want, int32(i)+1), append(asked, txid(t, f, fmt.Sprintf("x%d", i)))
		}
		txs, err := x.Txs(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		var got []int32
		for _, x := range txs {
			if !x.Block.Has(model.KnownPos | model.KnownMedian) {
				t.Fatalf("%+v", x.Block)
			}
			got = append(got, x.Block.Pos)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("positions in a block of %d (-want +got):\n%s", n+2, d)
		}
		// One request for each and its proof, one for the block.
		if got, want := x.Requests(), int64(2*(n+1)+1); got != want {
			t.Errorf("%d requests, want %d", got, want)
		}
		last := asked[n]
		for _, lie := range []struct{ old, new string }{
			{fmt.Sprintf(`"pos":%d`, n+1), fmt.Sprintf(`"pos":%d`, n)},
			{fmt.Sprintf(`"pos":%d`, n+1), `"pos":0`},
			{`"merkle":["`, `"merkle":["` + last.String() + `","`},
			{`"merkle":[`, `"merkle":["` + strings.Repeat("00", 32) + `"],"x":[`},
			{fmt.Sprintf(`"pos":%d`, n+1), fmt.Sprintf(`"pos":%d`, n+2)},
		} {
			x := direct(t, rewrite(good, "merkle-proof", lie.old, lie.new), esplora.Options{Prove: true})
			_, err := x.Txs(t.Context(), []model.TxID{last})
			wantError(t, err, sources.ErrMalformed, "Txs", last.String())
		}
	}
}

func TestProofOfAnotherBlock(t *testing.T) {
	f := parse(t, small)
	good := esploratest.Serve(f.Ledger, esploratest.Options{})
	a, b := mustTx(t, f, "a"), mustTx(t, f, "b")
	// The server says that a is in the block of b.
	x := direct(t, rewrite(good, "/tx/"+a.ID.String(), a.Block.Hash.String(), b.Block.Hash.String()), esplora.Options{Prove: true})
	_, err := x.Txs(t.Context(), []model.TxID{a.ID})
	wantError(t, err, sources.ErrMalformed, "Txs", "is said to be at height")
	// The transaction has gone from the chain since.
	gone := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "merkle-proof") {
			http.Error(w, "Transaction not found or is unconfirmed", http.StatusNotFound)
			return
		}
		good.ServeHTTP(w, r)
	})
	x = direct(t, gone, esplora.Options{Prove: true})
	_, err = x.Txs(t.Context(), []model.TxID{a.ID})
	wantError(t, err, sources.ErrReorg, "Txs", a.ID.String())
}

func TestUnconfirmed(t *testing.T) {
	f := parse(t, small)
	tip := mustTx(t, f, "b").Block.Height
	h := esploratest.Serve(f.Ledger, esploratest.Options{Tip: tip})
	for _, prove := range []bool{false, true} {
		x := direct(t, h, esplora.Options{Prove: prove})
		txs, err := x.Txs(t.Context(), []model.TxID{txid(t, f, "c")})
		if err != nil {
			t.Fatal(err)
		}
		if txs[0] == nil || txs[0].Block != (model.BlockRef{}) || !txs[0].Resolved() {
			t.Errorf("an unconfirmed transaction is %+v", txs[0])
		}
		got, err := all(x.History(t.Context(), address(t, f, "dave:p2tr"), sources.Range{}))
		if err != nil || len(got) != 0 {
			t.Errorf("history of an address that was paid in the mempool alone: %v, %v", ids(got), err)
		}
		got, err = all(x.History(t.Context(), address(t, f, "bob"), sources.Range{}))
		if want := []string{txid(t, f, "a").String()}; err != nil || !slices.Equal(ids(got), want) {
			t.Errorf("history %v, %v, want %v", ids(got), err, want)
		}
		spends, err := x.Spenders(t.Context(), []model.Outpoint{{Tx: txid(t, f, "a"), Vout: 1}, {Tx: txid(t, f, "a")}})
		want := []model.Spend{{State: model.Unspent, AsOf: tip, AsOfKnown: true}, {State: model.Spent, By: model.Inpoint{Tx: txid(t, f, "b")}}}
		if d := cmp.Diff(want, spends); d != "" || err != nil {
			t.Errorf("spends: %v (-want +got):\n%s", err, d)
		}
	}
}

func TestSpendersAsksOnceForEachTransaction(t *testing.T) {
	f := parse(t, small)
	x := direct(t, esploratest.Serve(f.Ledger, esploratest.Options{}), esplora.Options{})
	a := txid(t, f, "a")
	outs := []model.Outpoint{{Tx: a}, {Tx: a, Vout: 1}, {Tx: a, Vout: 2}, {Tx: txid(t, f, "b")}, {Tx: a}, {}}
	for want := int64(3); want <= 5; want += 2 { // the tip is not asked for again so soon
		if _, err := x.Spenders(t.Context(), outs); err != nil {
			t.Fatal(err)
		}
		if got := x.Requests(); got != want {
			t.Errorf("%d requests, want %d", got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	f := parse(t, "network signet\n"+small)
	h := esploratest.Serve(f.Ledger, esploratest.Options{Genesis: true})
	if err := direct(t, h, esplora.Options{Network: model.Signet}).Check(t.Context()); err != nil {
		t.Error(err)
	}
	err := direct(t, h, esplora.Options{Network: model.Testnet3}).Check(t.Context())
	wantError(t, err, sources.ErrMalformed, "Check", "another network", model.Signet.Genesis().String())
	err = direct(t, http.NotFoundHandler(), esplora.Options{}).Check(t.Context())
	wantError(t, err, sources.ErrUnavailable, "Check", "no first block")
	h = esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("", esploratest.Page)})
	wantError(t, direct(t, h, esplora.Options{}).Check(t.Context()), sources.ErrMalformed, "Check")
}

func TestNewRefuses(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct {
		url, words string
		o          esplora.Options
	}{
		{"", "not of the form", esplora.Options{}},
		{"localhost:3000", "not of the form", esplora.Options{}},
		{"ftp://me:" + secret + "@host", "not of the form", esplora.Options{}},
		{"http://me:" + secret + "@ho st/", "malformed", esplora.Options{}},
		{"http://me:" + secret + "@host:port/", "malformed", esplora.Options{}},
		{"https://host/api?key=" + secret, "query", esplora.Options{}},
		{"https://host/api", "unknown network", esplora.Options{Network: 99}},
		{"https://host/api", "Parallel is negative", esplora.Options{Parallel: -1}},
		{"https://host/api", "MaxBody is negative", esplora.Options{MaxBody: -1}},
	} {
		_, err := esplora.New(c.url, c.o)
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), secret) {
			t.Errorf("New(%q): %v, want %q", c.url, err, c.words)
		}
	}
}

func TestCredentialsAreNotShown(t *testing.T) {
	const user, password, key = "trader", "hunter2", "0123456789abcdef0123"
	f := parse(t, small)
	var sent atomic.Int64
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		if u == user && p == password && strings.HasPrefix(r.URL.Path, "/v1/"+key+"/tx/") {
			sent.Add(1)
		}
		http.Error(w, fmt.Sprint("no: ", u, " ", p, " ", r.URL.Path, " \x1b[31m", strings.Repeat("x", 1000)), http.StatusBadRequest)
	})
	server := httptest.NewServer(echo)
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	base := "http://" + user + ":" + password + "@" + host + "/v1/" + key + "/"
	broken := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("cannot reach %s", r.URL)
	})}
	for name, h := range map[string]*http.Client{"an answer": server.Client(), "a failure": broken} {
		x := client(t, base, esplora.Options{Client: h, Retries: -1})
		_, err := x.Txs(t.Context(), []model.TxID{txid(t, f, "a")})
		wantError(t, err, sources.ErrUnavailable, "Txs", txid(t, f, "a").String())
		said := err.Error() + fmt.Sprint(x.Provenance())
		for _, s := range []string{user, password, key, "\x1b"} {
			if strings.Contains(said, s) {
				t.Errorf("%s shows %q: %s", name, s, said)
			}
		}
		if len(err.Error()) > 500 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		if got, want := x.Provenance()[0].Name, "http://"+host+"/v1/***"; got != want {
			t.Errorf("the server's name is %q, want %q", got, want)
		}
	}
	if sent.Load() != 1 {
		t.Error("the credentials were not sent")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRealBlock(t *testing.T) {
	raw := realdata.Read(t, "blocks/mainnet-514485.raw.gz")
	b, err := model.DecodeBlock(raw, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(model.Mainnet, []*model.Block{b}, ledger.Contents{})
	if err != nil {
		t.Fatal(err)
	}
	x := direct(t, esploratest.Serve(l, esploratest.Options{}), esplora.Options{})
	got, err := all(x.Blocks(t.Context(), sources.Range{From: b.Ref.Height}))
	if err != nil || len(got) != 1 {
		t.Fatal(len(got), err)
	}
	want, _ := all(l.Blocks(t.Context(), sources.Range{}))
	equal := cmp.Comparer(func(a, b model.Address) bool { return a == b })
	for i, tx := range got[0].Txs {
		w := *want[0].Txs[i]
		w.Block.Known |= model.KnownMedian // which the loopback server tells as 0
		for k := range w.Inputs {
			if len(w.Inputs[k].Script) == 0 {
				w.Inputs = slices.Clone(w.Inputs)
				w.Inputs[k].Script = nil
			}
		}
		if d := cmp.Diff(&w, tx, equal, cmp.Comparer(bytes.Equal)); d != "" {
			t.Fatalf("transaction %d (-want +got):\n%s", i, d)
		}
	}
	if len(got[0].Txs) != len(b.Txs) {
		t.Errorf("%d transactions, want %d", len(got[0].Txs), len(b.Txs))
	}
}

func TestCancelledBatchEndsAllRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := parse(t, small)
		h := esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/", esploratest.Stall)})
		x := direct(t, h, esplora.Options{Parallel: 3})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		from := time.Now()
		_, err := x.Txs(ctx, []model.TxID{{1}, {2}, {3}, {4}, {5}, {6}})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(from) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(from), err)
		}
		if x.Requests() != 3 {
			t.Errorf("%d requests, want 3", x.Requests())
		}
	}) // which fails where a goroutine is left
}

func TestFirstFailureEndsTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := parse(t, small)
		h := esploratest.Serve(f.Ledger, esploratest.Options{Fault: func(path string, n int) esploratest.Fault {
			if strings.HasSuffix(path, "02") {
				return esploratest.Garbage
			}
			return esploratest.Stall
		}})
		x := direct(t, h, esplora.Options{Parallel: 3})
		_, err := x.Txs(t.Context(), []model.TxID{{1}, {2}, {3}, {4}, {5}, {6}})
		wantError(t, err, sources.ErrMalformed, "Txs", model.TxID{2}.String())
	})
}

func TestBlocksOfAnotherChain(t *testing.T) {
	f, other := parse(t, small), parse(t, strings.ReplaceAll(small, "0.5", "0.6"))
	good, bad := esploratest.Serve(f.Ledger, esploratest.Options{}), esploratest.Serve(other.Ledger, esploratest.Options{})
	last, _ := f.Ledger.Tip(t.Context())
	last2, _ := other.Ledger.Tip(t.Context())
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; strings.HasSuffix(p, fmt.Sprint("/", last.Height)) || strings.Contains(p, last2.Hash.String()) {
			bad.ServeHTTP(w, r)
			return
		}
		good.ServeHTTP(w, r)
	})
	for _, raw := range []bool{false, true} {
		got, err := all(direct(t, h, esplora.Options{RawBlocks: raw}).Blocks(t.Context(), sources.Range{From: 800000}))
		wantError(t, err, sources.ErrReorg, "Blocks", "the parent of block "+last2.Hash.String())
		if len(got) != 2 {
			t.Errorf("%d blocks before the error, want 2", len(got))
		}
	}
	// A whole block is not that of the header.
	h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/raw") {
			r.URL.Path = strings.Replace(r.URL.Path, last.Hash.String(), mustTx(t, f, "a").Block.Hash.String(), 1)
		}
		good.ServeHTTP(w, r)
	})
	_, err := all(direct(t, h, esplora.Options{RawBlocks: true}).Blocks(t.Context(), sources.Range{From: last.Height}))
	wantError(t, err, sources.ErrMalformed, "Blocks", "are not those of its header")
	h = esploratest.Serve(f.Ledger, esploratest.Options{Fault: always("/raw", esploratest.Cut)})
	_, err = all(direct(t, h, esplora.Options{RawBlocks: true}).Blocks(t.Context(), sources.Range{From: last.Height}))
	wantError(t, err, sources.ErrMalformed, "Blocks")
}
