package actor_test

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
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// indexes opens a session and returns the clusters and the attributions.
func indexes(t testing.TB, f *ledger.File, scope heuristics.Scope) (*cluster.Index, *actor.Index) {
	t.Helper()
	var c *cluster.Index
	var x *actor.Index
	reader := &heuristics.Heuristic{
		Name: "reader", Doc: "hands the index to a test", Version: 1,
		Requires: []*heuristics.Heuristic{cluster.Heuristic, actor.Heuristic},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			c, x = cluster.Of(s), actor.Of(s)
			return nil, nil
		},
	}
	heuristictest.Open(t, f, scope, reader)
	return c, x
}

var now = model.BlockRef{Time: time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC).Unix(), Known: model.KnownTime}

// TestLedgers compares the attribution of every address with what the ledgers
// say in the lines "// own:" and "// account:", and the findings with their wants.
func TestLedgers(t *testing.T) {
	heuristictest.Run(t, actor.Heuristic, "testdata/*.ledger")
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ledger")+"/attributions", func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			c, x := indexes(t, f, heuristics.Scope{})
			for key, ask := range map[string]func(model.Address, model.BlockRef) (actor.Attribution, bool){"own": x.Own, "account": x.Account} {
				if diff := cmp.Diff(want(t, string(text), key), attributions(f, c, ask)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", key, diff)
				}
			}
		})
	}
}

func want(t *testing.T, text, key string) []string {
	t.Helper()
	for l := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), "// "+key+":"); ok {
			out := []string{}
			for _, part := range strings.Split(v, ",") {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, part)
				}
			}
			slices.Sort(out)
			return out
		}
	}
	t.Fatalf("the ledger does not say %q", key)
	return nil
}

func attributions(f *ledger.File, c *cluster.Index, ask func(model.Address, model.BlockRef) (actor.Attribution, bool)) []string {
	out := []string{}
	for id := range c.Addresses() {
		a := c.At(uint32(id))
		got, ok := ask(a, now)
		if !ok {
			continue
		}
		name, _ := f.Owner(a)
		s := fmt.Sprintf("%s %s %s", name, got.Via, strings.TrimRight(got.Confidence.String(), "0"))
		if got.Account {
			s += " account"
		}
		for _, o := range got.Others {
			s += " not " + o.Entity
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func address(t testing.TB, f *ledger.File, owner string) model.Address {
	t.Helper()
	a, err := f.Address(owner)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestLabelsHoldForTheirTime: a label with bounds counts within them alone, and
// not at all where the time is unknown.
func TestLabelsHoldForTheirTime(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Thief: addr(K) category=actor confidence=0.9 from=2022-01-01 to=2023-01-01
label Other: addr(K) category=actor confidence=0.5 from=2023-01-01
label Third: addr(L) category=actor confidence=0.4
tx t: new(K) 1 new(L) 1 => x 2`)
	_, x := indexes(t, f, heuristics.Scope{})
	at := func(year int) model.BlockRef {
		return model.BlockRef{Median: time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).Unix(), Known: model.KnownMedian}
	}
	for _, v := range []struct {
		owner string
		at    model.BlockRef
		want  string
	}{
		{"K", at(2021), "Third cluster"},
		{"K", at(2022), "Thief label"},
		{"K", at(2023), "Other label"},
		{"L", at(2022), "Third label"},
		{"K", model.BlockRef{}, "Third cluster"},
		{"L", model.BlockRef{}, "Third label"},
	} {
		got, ok := x.Own(address(t, f, v.owner), v.at)
		if s := got.Entity + " " + got.Via; !ok || s != v.want {
			t.Errorf("%s at %v: %q, %v; want %q", v.owner, v.at, s, ok, v.want)
		}
	}
}

// TestStatedActors: who is stated in the scope is an actor like a labelled one,
// also where the scope's blocks do not show him.
func TestStatedActors(t *testing.T) {
	f := heuristictest.Ledger(t, "tx t: new(K) 1 new(L) 1 => x 2")
	unseen, err := model.ParseAddress("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	k := address(t, f, "K")
	_, x := indexes(t, f, heuristics.Scope{Actors: []model.Label{
		{On: model.RefAddress(k), Entity: "subject", Confidence: model.Percent(90)},
		{On: model.RefAddress(unseen), Entity: "subject", Confidence: model.Percent(80)},
	}})
	for a, want := range map[model.Address]model.Probability{k: 900_000, address(t, f, "L"): 855_000, unseen: 800_000} {
		got, ok := x.Own(a, now)
		if !ok || got.Confidence != want || got.Label.Method != model.MethodStated {
			t.Errorf("%v: %+v, %v; want %v", a, got, ok, want)
		}
	}
	if _, ok := x.Own(address(t, f, "x"), now); ok {
		t.Error("who is paid by an actor is taken for him")
	}
}

// TestTheFindingTellsItsReasons: the votes with their values, the label of the
// custodian, what was looked for.
func TestTheFindingTellsItsReasons(t *testing.T) {
	text, err := os.ReadFile("testdata/key_label_in_a_cluster_like_a_service.ledger")
	if err != nil {
		t.Fatal(err)
	}
	f := heuristictest.Ledger(t, string(text))
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, actor.Heuristic))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	facts := map[string]string{}
	for _, v := range fs[0].Facts {
		facts[v.Name] = v.Value
	}
	for name, want := range map[string]string{
		"reason": "service_like", "cluster_size": "22",
		"vote_swept_addresses": "yes: 22 from 22 payers, needed 10 from 3 payers",
		"vote_labelled":        "no: none, needed any custodial category",
	} {
		if facts[name] != want {
			t.Errorf("fact %s is %q, want %q", name, facts[name], want)
		}
	}
	if c := fs[0].Counter; len(c) != 1 || !c[0].Found {
		t.Errorf("counter-evidence %+v, want the label of role key as found", c)
	}

	text, err = os.ReadFile("testdata/signed_together_with_a_custodian.ledger")
	if err != nil {
		t.Fatal(err)
	}
	f = heuristictest.Ledger(t, string(text))
	fs = heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, actor.Heuristic))
	if len(fs) != 1 || !slices.ContainsFunc(fs[0].Labels, func(l model.Label) bool { return l.Entity == "Portmere" }) {
		t.Errorf("the custodian's label is not among those used: %+v", fs)
	}
}

// TestKestrel: the actor's own wallet in the embedded case, and nobody else's.
func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	c, x := indexes(t, f, heuristics.Scope{})
	want := []string{"K1 label 0.9", "K2 label 0.9", "P1 cluster 0.855", "c6 cluster 0.855"}
	if diff := cmp.Diff(want, attributions(f, c, x.Own)); diff != "" {
		t.Errorf("own (-want +got)\n%s", diff)
	}
	if len(x.Demoted()) != 0 {
		t.Errorf("taken for accounts: %+v", x.Demoted())
	}
}

// TestOwnWithout: what a transaction shows about who signed it does not rest on
// their having signed it; what others show stays.
func TestOwnWithout(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9
label Thief: addr(k) category=actor confidence=0.9
label Thief: addr(k#2) category=actor confidence=0.6
tx f1: new(v1) => k 0.00000700
tx f2: new(v2) => s#2 1.1
tx f3: new(v3) => s#3 1.2
tx f4: new(v4) => s#4 1.3
tx own: new(k) 1 new(k#3) 1 => z 2
tx two: new(k#3) 1 new(k#4) 1 => z 2
tx also: new(k#2) 1 new(s#4) 1 => z 2
tx wd: f1.0 f2.0 f3.0 f4.0 fee=2000sat => d1 3.3, s#9 rest`)
	_, x := indexes(t, f, heuristics.Scope{})
	tx := func(name string) model.TxID {
		id, ok := f.Tx(name)
		if !ok {
			t.Fatalf("no transaction %s", name)
		}
		return id
	}
	for _, v := range []struct {
		owner, without string
		want           model.Probability
		via            string
	}{
		{"k", "wd", 900_000, actor.ByLabel},
		{"k#3", "wd", 855_000, actor.ByCluster},
		{"k#4", "wd", 855_000, actor.ByCluster},
		{"s#2", "wd", 0, ""},
		{"s#3", "wd", 0, ""},
		{"s#4", "wd", 570_000, actor.ByCluster}, // by the other label
		{"d1", "wd", 0, ""},
		{"s#2", "own", 855_000, actor.ByCluster},
		{"k#3", "own", 0, ""},
		{"k#4", "own", 0, ""},
		{"k#4", "two", 0, ""},
		{"k#3", "two", 855_000, actor.ByCluster},
		{"s#4", "also", 855_000, actor.ByCluster},
		{"k#2", "also", 600_000, actor.ByLabel},
		{"s#2", "f1", 855_000, actor.ByCluster},
	} {
		got, ok := x.OwnWithout(tx(v.without), address(t, f, v.owner), now)
		if ok != (v.via != "") || got.Confidence != v.want || got.Via != v.via {
			t.Errorf("%s without %s: %v by %q, %v; want %v by %q", v.owner, v.without, got.Confidence, got.Via, ok, v.want, v.via)
		}
	}
}

// TestManyNames: thousands of labels of one cluster are weighed once, not for each
// of its thousands of addresses, and an attribution lists few of them.
func TestManyNames(t *testing.T) {
	const labels, inputs = 2_000, 4_000
	var b strings.Builder
	for i := range labels {
		fmt.Fprintf(&b, "label Thief%d: addr(K) category=actor role=key confidence=0.9 from=20%02d-01-01\n", i, 9+i%14)
	}
	b.WriteString("tx t: new(K) 1")
	for i := range inputs {
		fmt.Fprintf(&b, " new(k#%d) 1", i)
	}
	fmt.Fprintf(&b, " => x %d\n", inputs+1)
	f := heuristictest.Ledger(t, b.String())
	c, x := indexes(t, f, heuristics.Scope{})
	var as []model.Address
	for id := range c.Addresses() {
		as = append(as, c.At(uint32(id)))
	}
	own := 0
	tx, _ := f.Tx("t")
	ask := func() {
		own = 0
		for _, a := range as {
			if got, ok := x.Own(a, now); ok {
				own++
				if n := len(got.Others); n != 16 || got.Omitted != labels-1-n || got.Confidence > 450 {
					t.Fatalf("%d others, %d omitted, confidence %v", n, got.Omitted, got.Confidence)
				}
			}
			x.OwnWithout(tx, a, now)
		}
	}
	ask()
	if own != inputs+1 {
		t.Fatalf("%d addresses are the actor's, want %d", own, inputs+1)
	}
	if n := testing.AllocsPerRun(1, ask); n > 10 {
		t.Errorf("%v allocations for %d questions that were asked before", n, 2*len(as))
	}
}
