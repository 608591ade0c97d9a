package service_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/ledger"
)

// indexes opens a session and returns the clusters and what they look like.
func indexes(t testing.TB, src sources.Set, net model.Network) (*cluster.Index, *service.Index) {
	t.Helper()
	var c *cluster.Index
	var x *service.Index
	reader := &heuristics.Heuristic{
		Name: "reader", Doc: "hands the index to a test", Version: 1,
		Requires: []*heuristics.Heuristic{cluster.Heuristic, service.Heuristic},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			c, x = cluster.Of(s), service.Of(s)
			return nil, nil
		},
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{reader}, heuristics.Options{Network: net})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(context.Background(), heuristics.Scope{}); err != nil {
		t.Fatal(err)
	}
	return c, x
}

// TestLedgers compares the clusters that look like a service's, and the votes of
// some, with what the ledgers say in the lines "// like:", which names one
// address of each such cluster, and "// votes OWNER:". The heuristic reports
// nothing, so the ledgers want nothing.
func TestLedgers(t *testing.T) {
	heuristictest.Run(t, service.Heuristic, "testdata/*.ledger")
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ledger")+"/verdicts", func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			verdicts(t, heuristictest.Ledger(t, string(text)), string(text))
		})
	}
}

func verdicts(t *testing.T, f *ledger.File, text string) {
	t.Helper()
	c, x := indexes(t, f.Ledger.Set(), f.Ledger.Network())
	address := func(owner string) model.Address {
		a, err := f.Address(owner)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	told := false
	want := map[model.Address]bool{}
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if owners, ok := strings.CutPrefix(l, "// like:"); ok {
			told = true
			for _, o := range strings.Fields(owners) {
				want[c.Root(address(o))] = true
			}
		}
		if rest, ok := strings.CutPrefix(l, "// votes "); ok {
			owner, votes, _ := strings.Cut(rest, ":")
			var got []string
			for _, v := range x.Verdict(address(owner)).Votes {
				if v.Yes {
					got = append(got, v.Name)
				}
			}
			if diff := cmp.Diff(strings.Fields(votes), append([]string{}, got...)); diff != "" {
				t.Errorf("votes on %s (-want +got)\n%s%+v", owner, diff, x.Verdict(address(owner)))
			}
		}
	}
	if !told {
		t.Fatal("the ledger does not say what looks like a service")
	}
	for k := range c.Clusters() {
		head := c.Head(uint32(k))
		name, _ := f.Owner(head)
		v := x.Verdict(head)
		if v.Like != want[head] {
			t.Errorf("the cluster of %s: like a service %v, want %v: %+v", name, v.Like, want[head], v.Votes)
		}
		if v.Like != x.Like(head) || v.Like != (v.Why != "") {
			t.Errorf("the cluster of %s: Verdict says %v for %q, Like says %v", name, v.Like, v.Why, x.Like(head))
		}
	}
	if x.Likes() != len(want) {
		t.Errorf("%d clusters look like a service's, want %d", x.Likes(), len(want))
	}
}

// TestKestrel: in the embedded case the broker's cluster, row t19b, looks like a
// service's, and neither the actor's nor any bystander's does.
func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	c, x := indexes(t, f.Ledger.Set(), f.Ledger.Network())
	for owner, like := range map[string]bool{
		"BR#1": true, "BR7": true, "D1": true, "D2": true, "PH": true,
		"K1": false, "K2": false, "P1": false, "P2": false, "X1": false, "RITA": false, "MIA": false, "DORA": false, "SAM": false,
	} {
		a, err := f.Address(owner)
		if err != nil {
			t.Fatal(err)
		}
		if v := x.Verdict(a); v.Like != like {
			t.Errorf("%s, in a cluster of %d: like a service %v, want %v: %+v", owner, c.Size(a), v.Like, like, v.Votes)
		}
	}
}

// TestRoundTheClock: a wallet that pays a hundred times, at every hour, to ever
// other payees, and is paid by twenty others.
func TestRoundTheClock(t *testing.T) {
	text := func(payments, payers int, step time.Duration) string {
		var b strings.Builder
		at := time.Date(2022, 8, 1, 0, 0, 0, 0, time.UTC)
		tick := func() {
			fmt.Fprintf(&b, "time %s\n", at.Format("2006-01-02 15:04"))
			at = at.Add(step)
		}
		for i := range payments {
			tick()
			fmt.Fprintf(&b, "tx f%d: new(u#%d) => hot 1\n", i, i%payers)
			tick()
			fmt.Fprintf(&b, "tx p%d: f%d.0 => v#%d 1\n", i, i, i)
		}
		return b.String()
	}
	for _, v := range []struct {
		name             string
		payments, payers int
		step             time.Duration
		like             bool
		votes            []string
	}{
		{"a service", 100, 20, 31 * time.Minute, true, []string{"round_the_clock", "fan_in_and_out"}},
		{"in office hours", 100, 20, 12 * time.Hour, false, []string{"fan_in_and_out"}},
		{"not often", 99, 20, 31 * time.Minute, false, []string{"fan_in_and_out"}},
		{"of few payers", 100, 19, 31 * time.Minute, false, []string{"round_the_clock"}},
	} {
		f := heuristictest.Ledger(t, text(v.payments, v.payers, v.step))
		_, x := indexes(t, f.Ledger.Set(), f.Ledger.Network())
		a, err := f.Address("hot")
		if err != nil {
			t.Fatal(err)
		}
		got := x.Verdict(a)
		var yes []string
		for _, vote := range got.Votes {
			if vote.Yes {
				yes = append(yes, vote.Name)
			}
		}
		if got.Like != v.like || !slices.Equal(yes, v.votes) {
			t.Errorf("%s: like a service %v by %v, want %v by %v: %+v", v.name, got.Like, yes, v.like, v.votes, got.Votes)
		}
	}
}

// TestEveryVoteIsToldOfEveryAddress: also of one that the scope does not show,
// of which labels alone can tell.
func TestEveryVoteIsToldOfEveryAddress(t *testing.T) {
	seen, err := model.ParseAddress("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	f := heuristictest.Ledger(t, "label Portmere: addr("+seen.String()+") category=exchange confidence=0.9\ntx t: new(a) 1 => b 1")
	_, x := indexes(t, f.Ledger.Set(), model.Mainnet)
	a, err := f.Address("a")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range x.Verdict(a).Votes {
		names = append(names, v.Name)
		if v.Value == "" || v.Threshold == "" || v.Family == "" || v.Yes {
			t.Errorf("vote %+v on an address that was spent once", v)
		}
	}
	want := []string{
		"labelled", "single_use_addresses", "swept_addresses", "mixed_sweep", "batched_withdrawals", "labelled_payers",
		"pool_paid_addresses", "round_the_clock", "fan_in_and_out",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("votes (-want +got)\n%s", diff)
	}
	if v := x.Verdict(seen); !v.Like || v.Why != service.Labelled || len(v.Votes) != len(want) || !x.Like(seen) {
		t.Errorf("a labelled address outside the scope: %+v", v)
	}
	if x.Likes() != 0 {
		t.Errorf("%d clusters of the scope look like a service's, want none", x.Likes())
	}
}

// TestNobodyInRealBlocks: without labels nobody of 2009 looks like a service,
// though some mined to dozens of addresses and swept them together; and nobody
// in a single block does, where receipts and spends seldom meet.
func TestNobodyInRealBlocks(t *testing.T) {
	for _, name := range []string{
		"0-14131.blk.dat", "300025.raw", "363703.raw", "413567.raw", "481829.raw", "514485.raw", "702861.raw", "951658.raw",
	} {
		c, err := blockfile.Open(context.Background(), []string{realdata.Path(t, "blocks/mainnet-"+name+".gz")}, blockfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		clusters, x := indexes(t, c.Set(), model.Mainnet)
		for k := range clusters.Clusters() {
			if v := x.Verdict(clusters.Head(uint32(k))); v.Like {
				t.Errorf("%s: the cluster of %v looks like a service's: %+v", name, clusters.Head(uint32(k)), v)
			}
		}
		c.Close()
	}
}

func BenchmarkIndex(b *testing.B) {
	f, err := kestrel.Ledger()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		indexes(b, f.Ledger.Set(), f.Ledger.Network())
	}
}

// TestLikeCostsNothing: asking of every input allocates nothing.
func TestLikeCostsNothing(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	c, x := indexes(t, f.Ledger.Set(), f.Ledger.Network())
	unseen, err := model.ParseAddress("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	as := []model.Address{unseen}
	for id := range c.Addresses() {
		as = append(as, c.At(uint32(id)))
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, a := range as {
			x.Like(a)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d questions", n, len(as))
	}
}
