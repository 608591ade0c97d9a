package exposure

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/taint"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// everybody reports on every address, so that the ledgers say of each who is
// named and who is not.
func everybody() *heuristics.Heuristic {
	p := DefaultParams()
	p.Any = true
	return New(p)
}

func TestLedgers(t *testing.T) { heuristictest.Run(t, everybody(), "testdata/*.ledger") }

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, everybody()) }

func address(t testing.TB, f *ledger.File, owner string) model.Ref {
	t.Helper()
	a, err := f.Address(owner)
	if err != nil {
		t.Fatal(err)
	}
	return model.RefAddress(a)
}

func look(t testing.TB, s *heuristics.Session, on model.Ref) *Exposure {
	t.Helper()
	x, fs, err := heuristics.Eval[*Exposure](t.Context(), s, Search, on)
	if err != nil {
		t.Fatal(err)
	}
	if len(fs) > 0 {
		t.Errorf("a search reports %d findings", len(fs))
	}
	balanced(t, x)
	return x
}

// balanced checks that nothing is missing from either side.
func balanced(t testing.TB, x *Exposure) {
	t.Helper()
	for _, s := range []*Side{&x.Received, &x.Sent} {
		for k, p := range s.Policies {
			if sum := s.Of(p, func(*Row) bool { return true }); p != taint.Poison && sum != s.Values[k] {
				t.Errorf("%v, %v: rows sum to %v of %v: %v", x.Subject, p, sum, s.Values[k], s)
			}
		}
	}
}

func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	px9, q := address(t, f, "PX9"), address(t, f, "Q")
	s := heuristictest.Open(t, f, heuristics.Scope{Seeds: []model.Ref{px9, q}}, Heuristic)

	// Both payouts to the deposit address descend from Northpool's coinbases, and
	// the exchange sweeps them.
	x := look(t, s, px9)
	for _, p := range []taint.Policy{taint.Haircut, taint.FIFO, taint.LIFO} {
		if got := x.Received.Category(model.MiningPool, p); got != 5_482_000 || x.Received.Value != 5_482_000 || x.Received.Coins != 2 {
			t.Errorf("%v: PX9 received %v", p, &x.Received)
		}
	}
	if got := x.Sent.Category(model.Exchange, taint.FIFO); got != 5_482_000 {
		t.Errorf("PX9 sent %v", &x.Sent)
	}
	// The cloud miner's customer: nine payouts whose origin the ledger does not
	// hold, so that none of it is known to be mined.
	y := look(t, s, q)
	if y.Received.Value != 8_100_000 || y.Received.Coins != 9 || y.Received.Untold(taint.Haircut) != 8_100_000 {
		t.Errorf("Q received %v", &y.Received)
	}

	var got []string
	for fd, err := range s.Run(t.Context(), heuristics.Refs(px9, q)) {
		if err != nil {
			t.Fatal(err)
		}
		a, _ := fd.Subject.Address()
		who, _ := f.Owner(a)
		got = append(got, who+" "+fd.Kind+" "+fd.Score.Probability.String())
	}
	want := []string{
		"PX9 exposure/mined 0.97", "PX9 exposure/sent 0.90", "PX9 exposure/summary 0.99", "Q exposure/summary 0.99",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A run over everything says nothing of anybody who was not named.
func TestOnlySeedsAreReported(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)) {
		t.Errorf("%s: %s", fd.Kind, fd.Claim)
	}
}

// Every address, output and transaction of the case can be asked about, and of
// each every coin is somewhere.
func TestKestrelBalances(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
	for _, owner := range []string{"K1", "K2", "P1", "P2", "X1", "X2", "X4", "X5", "X8", "MIA", "MIA#2", "RITA", "SAM", "DORA", "D1", "H", "BR7", "BRZ", "c3", "c6", "w1", "wo#1"} {
		look(t, s, address(t, f, owner))
	}
	for _, name := range []string{"t4", "t7", "t13", "t16", "t17", "t22"} {
		id, ok := f.Tx(name)
		if !ok {
			t.Fatalf("no transaction %s", name)
		}
		look(t, s, model.RefTx(id))
		look(t, s, model.RefOutpoint(model.Outpoint{Tx: id}))
	}
}

// The seller was paid by the marketplace, whatever was paid into it.
func TestKestrelSellerIsClean(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	x := look(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic), address(t, f, "SAM"))
	for _, p := range x.Received.Policies {
		if v := x.Received.Category(model.Actor, p); v != 0 {
			t.Errorf("%v: %v of the seller's coins are charged to the actor: %v", p, v, &x.Received)
		}
	}
}

// The actor's own address reaches the marketplace directly and through others.
func TestKestrelDeposits(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	x := look(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic), address(t, f, "K1"))
	i := slices.IndexFunc(x.Sent.Rows, func(r Row) bool { return r.Party.Entity == "HashBazaar" })
	if i < 0 {
		t.Fatalf("K1 sent %v", &x.Sent)
	}
	// t4 pays 35,000,000 directly, t6 25,000,000, and t14 40,000,000 of what c6
	// had; what is left goes to K2, which is labelled, so that it ends there.
	m := &x.Sent.Rows[i]
	fifo := slices.Index(x.Sent.Policies, taint.FIFO)
	if m.Direct[fifo] != 35_000_000 || m.Near != 0 || x.Sent.Amount(m, taint.FIFO) != 100_000_000 {
		t.Errorf("K1 sent %v", &x.Sent)
	}
}

// Amounts are valued on the day of each payment, and summed.
func TestMoney(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
price 2023-07-24 USD 20000
price 2023-07-26 USD 30000
time 2023-07-24 10:00
tx f: new(v) 2 => K 2
tx t1: f.0 => A 1, K 1
time 2023-07-26 10:00
tx t2: t1.1 => A 0.5, K 0.5
`)
	a := address(t, f, "A")
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{Heuristic}, heuristics.Options{Network: f.Ledger.Network(), Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{Seeds: []model.Ref{a}})
	if err != nil {
		t.Fatal(err)
	}
	for fd, err := range s.Run(t.Context(), heuristics.Refs(a)) {
		if err != nil {
			t.Fatal(err)
		}
		if fd.Kind != Kind {
			continue
		}
		if m := fd.Amounts[0]; m.Amount != 150_000_000 || m.Fiat == nil || m.Fiat.String() != "35000.00 USD" {
			t.Errorf("%s: %v %v", m.Role, m.Amount, m.Fiat)
		}
		return
	}
	t.Error("no finding")
}

// A wallet is looked at as one: its own change is neither received nor sent.
func TestWallet(t *testing.T) {
	p := DefaultParams()
	p.Wallet = true
	h := NewSearch(p)
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(D1) category=hash_marketplace confidence=0.9
tx f: new(x) 1 => A 1
tx g: new(y) 0.5 => B 0.5
tx t0: f.0 g.0 => B 1.2, D1 0.3
tx t1: t0.0 => D1 1, B 0.2
`)
	s := heuristictest.Open(t, f, heuristics.Scope{}, h)
	x, _, err := heuristics.Eval[*Exposure](t.Context(), s, h, address(t, f, "A"))
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, x)
	if len(x.Addresses) != 2 || x.Received.Value != 150_000_000 || x.Sent.Value != 150_000_000 || x.Sent.Category(model.HashMarketplace, taint.FIFO) != 130_000_000 {
		t.Errorf("%v: %v", x.Addresses, x)
	}
}

// Without a source of spends nothing is known of where coins went, and that is
// what is said.
func TestWithoutSpends(t *testing.T) {
	f := heuristictest.Ledger(t, "tx f: new(x) 1 => A 1\ntx g: f.0 => B 1\n")
	src := f.Ledger.Set()
	src.Spends = nil
	e, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, heuristics.Options{Network: f.Ledger.Network()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	x := look(t, s, address(t, f, "A"))
	if x.Sent.Untold(taint.Haircut) != model.Coin || !strings.Contains(x.Sent.String(), taint.NoSources.String()) {
		t.Errorf("sent %v", &x.Sent)
	}
}

// A budget or a bound cuts the search visibly.
func TestCutIsVisible(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
tx f1: new(v) 1 => K 1
tx f2: new(v) 1 => K 1
tx f3: new(v) 1 => K 1
tx t1: f1.0 => A 1
tx t2: f2.0 => A 1
tx t3: f3.0 => A 1
`)
	p := DefaultParams()
	p.Txs = 2
	h := New(p)
	a := address(t, f, "A")
	s := heuristictest.Open(t, f, heuristics.Scope{Seeds: []model.Ref{a}}, h)
	for fd, err := range s.Run(t.Context(), heuristics.Refs(a)) {
		if err != nil {
			t.Fatal(err)
		}
		if !fd.Partial || fd.Kind == Kind && !strings.HasPrefix(fd.Claim, "Of 2.00000000 BTC") {
			t.Errorf("%s: partial %v: %s", fd.Kind, fd.Partial, fd.Claim)
		}
	}
}
