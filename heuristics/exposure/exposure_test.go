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
	// The cloud miner's customer: nine payouts from the service's wallet, and none
	// of it is known to be mined.
	y := look(t, s, q)
	if y.Received.Value != 8_100_000 || y.Received.Coins != 9 || y.Received.Category(model.CloudMining, taint.Haircut) != 8_100_000 {
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
		"PX9 exposure/mined 0.97", "PX9 exposure/sent 0.90", "PX9 exposure/summary 0.99", "Q exposure 0.50", "Q exposure/summary 0.99",
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
	found, summary := false, false
	for fd, err := range s.Run(t.Context(), heuristics.Refs(a)) {
		if err != nil {
			t.Fatal(err)
		}
		if fd.Kind == KindSummary {
			// Not at the price of the last day, which the other findings do not use.
			if m := fd.Amounts[0]; m.Amount != 150_000_000 || m.Fiat != nil {
				t.Errorf("%s: %v %v, want coins of several days without a price", m.Role, m.Amount, m.Fiat)
			}
			summary = true
			continue
		}
		if m := fd.Amounts[0]; m.Amount != 150_000_000 || m.Fiat == nil || m.Fiat.String() != "35000.00 USD" {
			t.Errorf("%s: %v %v", m.Role, m.Amount, m.Fiat)
		}
		found = true
	}
	if !found || !summary {
		t.Errorf("exposure found %v, summary %v", found, summary)
	}
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

// What an address sends itself as change it had before: without a source of spends
// it still counts once.
func TestWithoutSpendsChangeCountsOnce(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx f: new(x) 1 => A 1
tx g: f.0 => A 0.9, B 0.1
tx h: g.0 new(y) 0.5 => A 1.3, B 0.1
`)
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
	// 1 received, and 0.4 gained in a transaction that it signed with another.
	if x := look(t, s, address(t, f, "A")); x.Sent.Value != 140_000_000 || x.Sent.Untold(taint.FIFO) != 140_000_000 {
		t.Errorf("sent %v", &x.Sent)
	}
}

// offers reports whether a finding offers an alternative.
func offers(fd *model.Finding, text string) bool {
	return slices.ContainsFunc(fd.Alternatives, func(a model.Alternative) bool { return strings.Contains(a.Text, text) })
}

func findings(t *testing.T, f *ledger.File, who ...string) map[string]*model.Finding {
	t.Helper()
	var seeds []model.Ref
	for _, w := range who {
		seeds = append(seeds, address(t, f, w))
	}
	out := map[string]*model.Finding{}
	for _, fd := range heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{Seeds: seeds}, Heuristic)) {
		a, _ := fd.Subject.Address()
		name, _ := f.Owner(a)
		out[name+" "+fd.Kind] = &fd
	}
	return out
}

// Whoever paid an actor may have been robbed by him, and the finding says so first
// of all. Who paid a marketplace was not.
func TestAVictimPaidToo(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
label Bazaar: addr(D) category=hash_marketplace role=deposit confidence=0.9
tx f: new(x) 2 => victim 1, buyer 1
tx s: f.0 => K 1
tx b: f.1 => D 1
`)
	fs := findings(t, f, "victim", "buyer")
	for who, want := range map[string]bool{"victim exposure/sent": true, "buyer exposure/sent": false} {
		fd := fs[who]
		if fd == nil {
			t.Fatalf("no %s", who)
		}
		if offers(fd, "which is a victim") != want {
			t.Errorf("%s: alternatives %+v", who, fd.Alternatives)
		}
	}
}

// In a trade each party signs for its own. The coins are divided like any others,
// and every finding that rests on that says that they may be somebody else's.
func TestSeveralPartiesSigned(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Kestrel: addr(K) category=actor confidence=0.9
label Bazaar: addr(D) category=hash_marketplace role=deposit confidence=0.9
label Kestrel: addr(K#2) category=actor confidence=0.9
tx f: new(victim) 2 => K 1, K#2 1
tx r: new(mint) 10_000sat => rita 10_000sat
tx trade: r.0!SINGLE|ANYONECANPAY f.0 => r2 600_000sat, token 546sat, D rest
tx on: trade.0 => shop rest
tx plain: f.1 => merchant 0.5, c rest
tx next: plain.0 => landlord rest
`)
	fs := findings(t, f, "shop", "landlord", "rita", "K")
	const text = "several parties signed"
	for who, want := range map[string]bool{"shop exposure": true, "landlord exposure": false, "K exposure/sent": true} {
		fd := fs[who]
		if fd == nil {
			t.Errorf("no %s", who)
			continue
		}
		if offers(fd, text) != want {
			t.Errorf("%s: alternatives %+v", who, fd.Alternatives)
		}
	}
	// What the seller got for her token she got by signing herself: no receipt.
	if fd := fs["rita exposure"]; fd != nil {
		t.Errorf("the seller: %s", fd.Claim)
	}
}

// A service's label that has ended stops coins all the same, from either side:
// whoever is paid with what was paid in is not paid by the thief.
func TestALabelThatEndedStops(t *testing.T) {
	for _, role := range []string{"deposit", "account"} {
		f := heuristictest.Ledger(t, `
fill
label Kestrel: addr(K) category=actor confidence=0.9
label Bazaar: addr(D) category=hash_marketplace role=`+role+` confidence=0.9 to=2023-01-01
time 2022-12-01 00:00
tx f: new(victim) 1 => K 1
tx t0: f.0 => D 1
time 2023-02-01 00:00
tx pay: t0.0 => seller 1
`)
		s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
		for _, p := range []taint.Policy{taint.Haircut, taint.FIFO, taint.LIFO, taint.Poison} {
			if x := look(t, s, address(t, f, "seller")); x.Received.Category(model.Actor, p) != 0 || x.Received.Untold(p) != 0 {
				t.Errorf("%s, %v: the seller received %v", role, p, &x.Received)
			}
			if x := look(t, s, address(t, f, "K")); x.Sent.Category(model.HashMarketplace, p) != model.Coin {
				t.Errorf("%s, %v: the actor sent %v", role, p, &x.Sent)
			}
		}
	}
}

// So does an actor's account that is labelled as his deposit address.
func TestAnAccountThatEndedStops(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
label Kestrel: addr(K) category=actor confidence=0.9
label Kestrel: addr(D) category=actor role=deposit confidence=0.9 to=2023-01-01
time 2022-12-01 00:00
tx f: new(victim) 1 => K 1
tx t0: f.0 => D 1
time 2023-02-01 00:00
tx pay: t0.0 => seller 1
`)
	s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
	if x := look(t, s, address(t, f, "seller")); x.Received.Category(model.Actor, taint.Haircut) != 0 {
		t.Errorf("the seller received %v", &x.Received)
	}
}

// Labels that give one address to two holders are told, whatever kind they are of;
// and an account is at a custodian where the label names that, and of a customer
// where it names him.
func TestLabelsThatDisagree(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Portmere: addr(hot) category=exchange confidence=0.9
label Ostbank: addr(hot) category=exchange confidence=0.6
label "A rumour": addr(calm) category=gambling confidence=0.2
label Portmere: addr(calm) category=exchange confidence=0.9
label Portmere: addr(acct) category=exchange role=account confidence=0.9
tx f: new(x) 4 => hot 1, calm 1, acct 1, E 1
tx a: f.0 => A 1
tx b: f.1 => B 1
tx c: f.2 => C 1
`)
	fs := findings(t, f, "A", "B", "C")
	for who, want := range map[string]bool{"A exposure": true, "B exposure": false} {
		fd := fs[who]
		if fd == nil {
			t.Fatalf("no %s", who)
		}
		i := slices.IndexFunc(fd.Counter, func(c model.Counter) bool { return strings.Contains(c.Text, "to somebody else") })
		if i < 0 || fd.Counter[i].Found != want {
			t.Errorf("%s: counter-evidence %+v, want found %v", who, fd.Counter, want)
		}
	}
	if fd := fs["C exposure"]; fd == nil || !strings.Contains(fd.Claim, "descend from an account at Portmere (exchange)") {
		t.Errorf("%+v", fd)
	}
}
