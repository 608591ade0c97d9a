package peel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/peel"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/ledger"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, peel.Heuristic, "testdata/*.ledger") }

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, peel.Heuristic) }

// swept runs over a scope and returns findings by kind peel alone.
func swept(t *testing.T, src sources.Set, scope heuristics.Scope, h *heuristics.Heuristic) (*heuristics.Session, []model.Finding) {
	t.Helper()
	e, err := heuristics.New(src, []*heuristics.Heuristic{h}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var fs []model.Finding
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return s, fs
}

func chain(t *testing.T, s *heuristics.Session, head model.TxID) *peel.Chain {
	t.Helper()
	c, _, err := heuristics.Eval[*peel.Chain](t.Context(), s, peel.Heuristic, model.RefTx(head))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The embedded case: what is left of the first theft pays the marketplace, a way
// to it, a cloud miner and a merchant, and goes into the preparation of a
// coinjoin. No other chain is found: not the payouts, nor the marketplace.
func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	s, fs := swept(t, f.Ledger.Set(), heuristics.Scope{}, peel.Heuristic)
	if len(fs) != 1 {
		for _, f := range fs {
			t.Logf("%v", f.Claim)
		}
		t.Fatalf("%d findings, want one", len(fs))
	}
	if want := model.RefTx(tx(t, f, "t4")); fs[0].Subject != want || fs[0].Kind != peel.Kind {
		t.Errorf("%s on %v, want the first link, %v", fs[0].Kind, fs[0].Subject, want)
	}
	c := chain(t, s, tx(t, f, "t4"))
	var got []string
	for i := range c.Links {
		name, _ := f.TxName(c.Links[i].Tx)
		to, _ := f.Owner(c.Links[i].Payee)
		on, _ := f.Owner(c.Links[i].Onward)
		got = append(got, strings.Join([]string{name, to, on}, " "))
	}
	if diff := cmp.Diff([]string{"t4 D1 c1", "t5 c2 c3", "t10 SK c4", "t11 MIA c5"}, got); diff != "" {
		t.Errorf("links, payees and who carries on (-want +got)\n%s", diff)
	}
	if c.End != peel.CoinJoin || c.EndTx != tx(t, f, "t12") || c.Begins != peel.Seen {
		t.Errorf("ends %v with %v", c.End, c.EndTx)
	}
	if c.Links[0].Label.Entity != "HashBazaar" || c.Links[2].Label.Entity != "Skarn Cloud" {
		t.Errorf("payees by label: %q and %q", c.Links[0].Label.Entity, c.Links[2].Label.Entity)
	}
	if c.Peeled() != 78_001_700 || c.Last().CarriedValue != 81_987_700 {
		t.Errorf("peeled %v, carried on %v", c.Peeled(), c.Last().CarriedValue)
	}
	if h := int(c.Links[1].Dwell.Hours()); !c.Links[1].Timed || h < 21 || h > 22 {
		t.Errorf("the second coin rested for %d h", h)
	}
	if len(fs[0].Related) != 0 {
		t.Errorf("related %v: whoever was paid is not part of the statement", fs[0].Related)
	}

	// The first link is the same however the chain is cut off later.
	_, cut := swept(t, f.Ledger.Set(), heuristics.Scope{To: 0, From: 749_000}, peel.Heuristic)
	if len(cut) != 1 || cut[0].ID != fs[0].ID {
		t.Errorf("a scope that begins in August gives %d findings", len(cut))
	}
}

// The first payment that bitcoin ever made heads a chain of five: from the
// coinbase of block 9, through blocks 170, 181, 182, 183 and 248.
func TestChainOf2009(t *testing.T) {
	path := realdata.Path(t, "blocks/mainnet-0-14131.blk.dat.gz")
	b, err := blockfile.Open(t.Context(), []string{path}, blockfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, fs := swept(t, b.Set(), heuristics.Scope{}, peel.Heuristic)
	head, err := model.ParseTxID("f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(fs, func(f model.Finding) bool { return f.Subject == model.RefTx(head) })
	if at < 0 {
		t.Fatalf("%d findings, none on %v", len(fs), head)
	}
	c := chain(t, s, head)
	type link struct {
		Height          int32
		Peeled, Carried model.Amount
		Self            bool
	}
	var got []link
	for i := range c.Links {
		l := &c.Links[i]
		got = append(got, link{l.Block.Height, l.PeeledValue / model.Coin, l.CarriedValue / model.Coin, l.SelfChange})
	}
	if diff := cmp.Diff([]link{{170, 10, 40, true}, {181, 10, 30, true}, {182, 1, 29, true}, {183, 1, 28, true}, {248, 10, 18, true}}, got); diff != "" {
		t.Errorf("heights, BTC peeled and carried on, self-change (-want +got)\n%s", diff)
	}
	if c.Begins != peel.Minted || c.End != peel.Unspent {
		t.Errorf("begins %v, ends %v", c.Begins, c.End)
	}
	if p := fs[at].Score.Probability; p != model.Percent(95) {
		t.Errorf("probability %v, want the most that is reported", p)
	}
	seen := map[model.TxID]bool{}
	for _, f := range fs {
		id, _ := f.Subject.Tx()
		for _, l := range chain(t, s, id).Links {
			if seen[l.Tx] {
				t.Errorf("%v is in two chains", l.Tx)
			}
			seen[l.Tx] = true
		}
	}
	t.Logf("%d chains, %d transactions", len(fs), len(seen))
}

// Without the index of the scope, as around a few wallets, the same is found.
func TestSweepFindsWhatQuestionsFind(t *testing.T) {
	f := heuristictest.Ledger(t, long)
	all := heuristictest.Open(t, f, heuristics.Scope{}, peel.Heuristic)
	none := heuristictest.Open(t, f, heuristics.Scope{From: 900_000}, peel.Heuristic)
	for _, name := range []string{"f", "l1", "l2", "l3", "l4", "l5", "l6"} {
		on := model.RefTx(tx(t, f, name))
		a, _, errA := heuristics.Eval[*peel.Chain](t.Context(), all, peel.Heuristic, on)
		b, _, errB := heuristics.Eval[*peel.Chain](t.Context(), none, peel.Heuristic, on)
		if (errA == nil) != (errB == nil) || errA == nil && a.String() != b.String() || (errA == nil) != (name == "l1") {
			t.Errorf("%s: %v %v with the index, %v %v without", name, a, errA, b, errB)
		}
	}
	// A scope that ends in the middle of the chain holds its beginning.
	if _, fs := swept(t, f.Ledger.Set(), heuristics.Scope{To: 800_002}, peel.Heuristic); len(fs) != 1 {
		t.Errorf("%d findings in a scope that ends in the chain, want one", len(fs))
	}
}

const long = `
height 800000
tx f: new(w) => a 10
height 800001
tx l1: f.0 fee=2400sat => p#1 0.7, b rest
height 800002
tx l2: l1.1 fee=2400sat => p#2 0.7, c rest
height 800003
tx l3: l2.1 fee=2400sat => p#3 0.7, d rest
height 800004
tx l4: l3.1 fee=2400sat => p#4 0.7, e rest
height 800005
tx l5: l4.1 fee=2400sat => p#5 0.7, g rest
height 800006
tx l6: l5.1 fee=2400sat => p#6 0.7, h rest
`

// The bound on links, and a source that does not know what became of outputs, are
// told.
func TestUnseenIsTold(t *testing.T) {
	f := heuristictest.Ledger(t, long)
	p := peel.DefaultParams()
	p.MaxLinks = 4
	s, fs := swept(t, f.Ledger.Set(), heuristics.Scope{}, peel.New(p))
	if len(fs) != 1 || chain(t, s, tx(t, f, "l1")).End != peel.Bound {
		t.Fatalf("%d findings with a bound of four links", len(fs))
	}
	if !slices.Contains(fs[0].Unseen, "What came after the last transaction: the bound on links.") {
		t.Errorf("unseen: %q", fs[0].Unseen)
	}
	blind := f.Ledger.Set()
	blind.Spends = nil
	s, fs = swept(t, blind, heuristics.Scope{}, peel.Heuristic)
	if len(fs) != 0 {
		t.Errorf("%d findings without spends", len(fs))
	}
	told := false
	for _, h := range s.Coverage().Heuristics {
		for _, n := range h.Notes {
			told = told || strings.Contains(n.Text, "no source says how outputs are spent")
		}
	}
	if !told {
		t.Error("that nothing was followed is not told")
	}
	// The transaction before the chain is not in the source.
	g := heuristictest.Ledger(t, strings.ReplaceAll(strings.ReplaceAll(long, "tx f: new(w) => a 10", "tx z: new(w) => zz 10"), "f.0", "new(a) 10"))
	s, fs = swept(t, g.Ledger.Set(), heuristics.Scope{}, peel.Heuristic)
	if len(fs) != 1 || chain(t, s, tx(t, g, "l1")).Begins != peel.Missing || !strings.Contains(strings.Join(fs[0].Unseen, " "), "the chain may be longer") {
		t.Errorf("%d findings where the coin's origin is unknown", len(fs))
	}
}

func tx(t *testing.T, f *ledger.File, name string) model.TxID {
	t.Helper()
	id, ok := f.Tx(name)
	if !ok {
		t.Fatalf("no transaction %s", name)
	}
	return id
}

// What could not be looked for is not said to be absent.
func TestCountersWereLookedFor(t *testing.T) {
	f := heuristictest.Ledger(t, long)
	explorer := f.Ledger.Set()
	explorer.Blocks = nil
	for name, c := range map[string]struct {
		s      *heuristics.Session
		looked bool
	}{
		"in a scope":                        {heuristictest.Open(t, f, heuristics.Scope{}, peel.Heuristic), true},
		"address by address":                {opened(t, explorer), false},
		"of a chain that starts the scope":  {heuristictest.Open(t, f, heuristics.Scope{To: 1 << 30}, peel.Heuristic), true},
		"of a chain that the scope has not": {heuristictest.Open(t, f, heuristics.Scope{From: 900_000}, peel.Heuristic), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, fs, err := heuristics.Eval[*peel.Chain](t.Context(), c.s, peel.Heuristic, model.RefTx(tx(t, f, "l1")))
			if err != nil || len(fs) != 1 {
				t.Fatalf("%d findings, %v", len(fs), err)
			}
			got := slices.ContainsFunc(fs[0].Counter, func(c model.Counter) bool { return strings.HasPrefix(c.Text, "payees that sign together") })
			said := slices.ContainsFunc(fs[0].Unseen, func(s string) bool { return strings.HasPrefix(s, "Whether a payee signs together") })
			if got != c.looked || said == c.looked {
				t.Errorf("looked for %v, unseen %q", got, fs[0].Unseen)
			}
		})
	}
}

func opened(t *testing.T, src sources.Set) *heuristics.Session {
	t.Helper()
	e, err := heuristics.New(src, []*heuristics.Heuristic{peel.Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
