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
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{reader}, heuristics.Options{Network: f.Ledger.Network()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(context.Background(), scope); err != nil {
		t.Fatal(err)
	}
	return c, x
}

var now = model.BlockRef{Time: time.Date(2023, 8, 1, 0, 0, 0, 0, time.UTC).Unix(), Known: model.KnownTime}

// TestLedgers compares the attribution of every address with what the ledgers
// say in the lines "// own:" and "// payer:", and the findings with their wants.
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
			for key, ask := range map[string]func(model.Address, model.BlockRef) (actor.Attribution, bool){"own": x.Own, "payer": x.Payer} {
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
	if _, ok := x.Payer(address(t, f, "x"), now); ok {
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
