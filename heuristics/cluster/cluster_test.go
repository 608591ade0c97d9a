package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
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
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// indexOf opens a session and returns the index that it built.
func indexOf(t testing.TB, src sources.Set, o heuristics.Options, h *heuristics.Heuristic) *cluster.Index {
	t.Helper()
	var x *cluster.Index
	reader := &heuristics.Heuristic{
		Name: "reader", Doc: "hands the index to a test", Version: 1, Requires: []*heuristics.Heuristic{h},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			x = cluster.Of(s)
			return nil, nil
		},
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{reader}, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(context.Background(), heuristics.Scope{}); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestLedgers(t *testing.T) { heuristictest.Run(t, cluster.Heuristic, "testdata/*.ledger") }

// TestClusters compares every cluster of two addresses or more, and every
// transaction that joined nobody, with what the ledgers say in the lines
// "// clusters:" and "// skips:".
func TestClusters(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil || len(files) == 0 {
		t.Fatalf("no ledgers: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ledger"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := heuristictest.Ledger(t, string(text))
			x := indexOf(t, f.Ledger.Set(), heuristics.Options{Network: f.Ledger.Network()}, cluster.Heuristic)
			want, ok := line(string(text), "clusters")
			if !ok {
				t.Fatal("the ledger does not say which clusters it makes")
			}
			if diff := cmp.Diff(sorted(want, "|"), partition(f, x)); diff != "" {
				t.Errorf("clusters (-want +got)\n%s", diff)
			}
			want, _ = line(string(text), "skips")
			var skips []string
			for _, s := range x.Skips() {
				tx, _ := f.TxName(s.Tx)
				skips = append(skips, tx+" "+string(s.Reason))
			}
			slices.Sort(skips)
			if diff := cmp.Diff(sorted(want, ","), skips); diff != "" {
				t.Errorf("skips (-want +got)\n%s", diff)
			}
		})
	}
}

// line returns what follows "// key:" in a ledger.
func line(text, key string) (string, bool) {
	for l := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(l, "// "+key+":"); ok {
			return strings.TrimSpace(v), true
		}
	}
	return "", false
}

// sorted splits at the separator and sorts the parts, and the words of clusters.
func sorted(s, sep string) []string {
	var out []string
	for _, part := range strings.Split(s, sep) {
		words := strings.Fields(part)
		if sep == "|" {
			slices.Sort(words)
		}
		if len(words) > 0 {
			out = append(out, strings.Join(words, " "))
		}
	}
	slices.Sort(out)
	return out
}

func partition(f *ledger.File, x *cluster.Index) []string {
	var out []string
	for c := range x.Clusters() {
		members := x.Members(x.Head(uint32(c)))
		if len(members) < 2 {
			continue
		}
		var names []string
		for _, a := range members {
			n, _ := f.Owner(a)
			names = append(names, n)
		}
		slices.Sort(names)
		out = append(out, strings.Join(names, " "))
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

func TestIndexAnswers(t *testing.T) {
	unseen, err := model.ParseAddress("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	f := heuristictest.Ledger(t, `
label One: addr(a) category=exchange
label Two: addr(b) category=organization
label Three: addr(`+unseen.String()+`) category=exchange
label Four: tx(s) category=exchange
tx f: new(x) 3 => a 1, b 1, c 1
tx s: f.0 f.1 => d 2`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.Heuristic)
	a, b, c := address(t, f, "a"), address(t, f, "b"), address(t, f, "c")

	least := a
	if b.Compare(a) < 0 {
		least = b
	}
	for _, v := range []struct {
		of   model.Address
		root model.Address
		size int
		same bool // as a
		says string
	}{
		{a, least, 2, true, "One Two"},
		{b, least, 2, true, "One Two"},
		{c, c, 1, false, ""},
		{unseen, unseen, 1, false, "Three"},
	} {
		if got := x.Root(v.of); got != v.root {
			t.Errorf("Root(%v) = %v, want %v", v.of, got, v.root)
		}
		if got := x.Size(v.of); got != v.size {
			t.Errorf("Size(%v) = %d, want %d", v.of, got, v.size)
		}
		if got := x.Same(a, v.of); got != v.same {
			t.Errorf("Same(%v, %v) = %v, want %v", a, v.of, got, v.same)
		}
		if !x.Same(v.of, v.of) {
			t.Errorf("%v is not in one cluster with itself", v.of)
		}
		members := x.Members(v.of)
		if len(members) != v.size || !slices.Contains(members, v.of) || !slices.IsSortedFunc(members, model.Address.Compare) {
			t.Errorf("Members(%v) = %v, want %d sorted addresses with itself", v.of, members, v.size)
		}
		var says []string
		ls := x.Labels(v.of)
		if !slices.IsSortedFunc(ls, func(a, b model.Label) int { return a.Compare(&b) }) {
			t.Errorf("Labels(%v) are not sorted", v.of)
		}
		for _, l := range ls {
			says = append(says, l.Entity)
		}
		slices.Sort(says)
		if got := strings.Join(says, " "); got != v.says {
			t.Errorf("Labels(%v) are of %q, want %q", v.of, got, v.says)
		}
	}
	// x, a, b, c, d and the miner of the blocks.
	if x.Addresses() != 6 || x.Clusters() != 5 || x.Largest() != 2 {
		t.Errorf("%d addresses, %d clusters, the largest of %d; want 6, 5, 2", x.Addresses(), x.Clusters(), x.Largest())
	}
	for id := range x.Addresses() {
		a := x.At(uint32(id))
		got, ok := x.ID(a)
		if !ok || got != uint32(id) {
			t.Errorf("ID(At(%d)) = %d, %v", id, got, ok)
		}
		if head := x.Head(x.ClusterOf(got)); head != x.Root(a) {
			t.Errorf("Head of the cluster of %v = %v, Root = %v", a, head, x.Root(a))
		}
	}
}

// TestTheRootDoesNotDependOnTheScope: whatever the scan begins with, a cluster
// is named by the same address.
func TestTheRootDoesNotDependOnTheScope(t *testing.T) {
	text := "tx t1: new(a) 1 new(b) 1 => x 2\ntx t2: new(b) 1 new(c) 1 => x 2\ntx t3: new(c) 1 new(d) 1 => x 2\n"
	back := "tx t1: new(d) 1 new(c) 1 => x 2\ntx t2: new(c) 1 new(b) 1 => x 2\ntx t3: new(b) 1 new(a) 1 => x 2\n"
	f, g := heuristictest.Ledger(t, text), heuristictest.Ledger(t, back)
	x, y := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.Heuristic), indexOf(t, g.Ledger.Set(), heuristics.Options{}, cluster.Heuristic)
	for _, owner := range []string{"a", "b", "c", "d", "x"} {
		a := address(t, f, owner)
		if x.Root(a) != y.Root(a) {
			t.Errorf("the root of %s is %v in one order and %v in the other", owner, x.Root(a), y.Root(a))
		}
	}
}

// blocks is a chain of blocks as they are.
type blocks []*model.Block

func (b blocks) Tip(context.Context) (model.BlockRef, error) { return b[len(b)-1].Ref, nil }

func (b blocks) Blocks(context.Context, sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		for _, blk := range b {
			if !yield(blk, nil) {
				return
			}
		}
	}
}

// TestEqualScriptsOfNobody: an empty script, one of no standard form, and
// pay-to-anchor link nobody unless it is asked for.
func TestEqualScriptsOfNobody(t *testing.T) {
	keyed := func(n byte) model.Address {
		return model.AddressOf(append([]byte{0, 20}, bytes.Repeat([]byte{n}, 20)...), model.Mainnet)
	}
	for _, script := range [][]byte{{}, {0x51}, {0x51, 0x02, 0x4e, 0x73}} {
		anyone := model.AddressOf(script, model.Mainnet)
		spend := func(n byte, owners ...model.Address) *model.Tx {
			tx := &model.Tx{ID: model.TxID{n}, Outputs: []model.Output{{Owner: keyed(99)}}}
			for i, a := range owners {
				tx.Inputs = append(tx.Inputs, model.Input{Prev: model.Outpoint{Tx: model.TxID{n, 1}, Vout: uint32(i)}, Owner: a, OwnerBy: model.OwnerPrevout})
			}
			return tx
		}
		src := sources.Set{Blocks: blocks{{Txs: []*model.Tx{spend(1, keyed(1), anyone), spend(2, keyed(2), anyone)}}}}
		x := indexOf(t, src, heuristics.Options{}, cluster.Heuristic)
		if x.Same(keyed(1), keyed(2)) || x.Same(keyed(1), anyone) {
			t.Errorf("script %x links strangers", script)
		}
		if n := x.Counts(); n.Unownable != 2 || n.Joint != 0 {
			t.Errorf("script %x: %+v, want 2 unownable inputs and no joint transaction", script, n)
		}
		p := cluster.DefaultParams()
		p.LinkAnyScript = true
		if x := indexOf(t, src, heuristics.Options{}, cluster.New(p)); !x.Same(keyed(1), keyed(2)) {
			t.Errorf("script %x does not link where that is asked for", script)
		}
	}
}

func TestFindingsAboutSeeds(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Portmere: addr(b) category=exchange confidence=0.9
tx t1: new(a) 1 new(b) 1 new(c) 1 => x 3
tx t2: new(a)!SINGLE 1 new(v) 1 => y 2`)
	a, x, unseen := address(t, f, "a"), address(t, f, "x"), address(t, f, "unseen")
	p := cluster.DefaultParams()
	p.MaxParts = 2
	tx, _ := f.Tx("t2")
	scope := heuristics.Scope{Seeds: []model.Ref{model.RefAddress(x), model.RefAddress(a), model.RefAddress(unseen), model.RefAddress(a), model.RefTx(tx)}}
	s := heuristictest.Open(t, f, scope, cluster.New(p))
	fs := heuristictest.Findings(t, s)
	if len(fs) != 1 {
		t.Fatalf("%d findings, want one: the others signed with nobody", len(fs))
	}
	got := &fs[0]
	want := fmt.Sprintf("Address %s signed with 2 other addresses, directly or through others; one party controls the keys, or a custodian does for its customers.", a)
	if got.Kind != "cluster" || got.Subject != model.RefAddress(a) || got.Claim != want {
		t.Errorf("finding %s on %v: %q", got.Kind, got.Subject, got.Claim)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if got.Score.Probability != p.Cospend {
		t.Errorf("probability %v, want that of one joint signature, %v", got.Score.Probability, p.Cospend)
	}
	if len(got.Parts) != 2 || !slices.ContainsFunc(got.Unseen, func(s string) bool { return strings.HasPrefix(s, "1 of 3 members are not listed") }) {
		t.Errorf("%d members listed of 3, and it is told: %q", len(got.Parts), got.Unseen)
	}
	if len(got.Labels) != 1 || !strings.HasPrefix(got.Premises[1].Answer, "yes, if the label Portmere") {
		t.Errorf("the label of a member is not told: %v, %q", got.Labels, got.Premises[1].Answer)
	}
	signed := got.Counter[0]
	if !signed.Found || len(signed.Items) != 1 || signed.Items[0].On != model.RefTx(tx) {
		t.Errorf("counter-evidence %+v, want the transaction of two signers", signed)
	}
	for _, c := range got.Counter[1:] {
		if c.Found {
			t.Errorf("found without being there: %+v", c)
		}
	}
	for _, h := range s.Coverage().Heuristics {
		if h.Heuristic == "cluster" && !slices.Contains(h.Notes, heuristics.Note{Text: "named address that signed with no other in the scope", Count: 2}) {
			t.Errorf("the coverage does not tell of the two addresses without a cluster: %v", h.Notes)
		}
	}
}

// TestWithoutBlocks: without a chain to scan every address is alone, and the
// coverage tells.
func TestWithoutBlocks(t *testing.T) {
	f := heuristictest.Ledger(t, "label One: addr(a) category=exchange\ntx t: new(a) 1 new(b) 1 => x 2")
	src := f.Ledger.Set()
	src.Blocks = nil
	x := indexOf(t, src, heuristics.Options{}, cluster.Heuristic)
	a := address(t, f, "a")
	if x.Root(a) != a || x.Same(a, address(t, f, "b")) || x.Clusters() != 0 || len(x.Labels(a)) != 1 {
		t.Errorf("root %v, %d clusters, labels %v", x.Root(a), x.Clusters(), x.Labels(a))
	}
}

// TestLinkedWithout: what a transaction joined falls away, and nothing else does.
func TestLinkedWithout(t *testing.T) {
	f := heuristictest.Ledger(t, `
tx ab: new(a) 1 new(b) 1 => x 2
tx bc: new(b) 1 new(c) 1 => x 2
tx ca: new(c) 1 new(a) 1 => x 2
tx cd: new(c) 1 new(d) 1 => x 2
tx pj: new(d) 1 new(e) 1 new(f) 1 => x 3
tx no: new(a)!SINGLE 1 new(g) 1 => y 2`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.Heuristic)
	for _, v := range []struct {
		tx, a, b string
		want     bool
	}{
		{"ab", "a", "b", true}, // by bc and ca
		{"cd", "a", "b", true},
		{"cd", "c", "d", false},
		{"cd", "a", "e", false},
		{"cd", "d", "e", true},
		{"pj", "e", "f", false},
		{"pj", "d", "e", false},
		{"pj", "a", "d", true},
		{"pj", "a", "a", true},
		{"no", "a", "b", true},
		{"no", "a", "g", false},
		{"ab", "a", "x", false},
		{"ab", "unseen", "a", false},
		{"ab", "unseen", "unseen", true},
	} {
		tx, ok := f.Tx(v.tx)
		if !ok {
			t.Fatal(v.tx)
		}
		a, b := address(t, f, v.a), address(t, f, v.b)
		if got, back := x.LinkedWithout(tx, a, b), x.LinkedWithout(tx, b, a); got != v.want || back != v.want {
			t.Errorf("%s and %s without %s: linked %v, and %v the other way, want %v", v.a, v.b, v.tx, got, back, v.want)
		}
	}
	if !x.LinkedWithout(model.TxID{1}, address(t, f, "a"), address(t, f, "f")) {
		t.Error("a transaction that is not in the scope parts a cluster")
	}
}

// TestCustodian: a label protects the cluster of what it is on, if it is likely
// enough and nothing says that it does not hold.
func TestCustodian(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Portmere: addr(a) category=exchange confidence=0.6
label PORTMERE: addr(b) category=exchange confidence=0.9 to=2020-01-01
label Weak: addr(w) category=exchange confidence=0.49
label Account: addr(acc) category=exchange role=account confidence=0.9
label Thief: addr(k) category=actor confidence=0.9
label Unseen: addr(1BoatSLRHtKNngkdXEeobR76b53LETtpyT) category=mixer confidence=0.5
tx t: new(a) 1 new(b) 1 new(c) 1 => d 3
tx u: new(w) 1 new(acc) 1 new(k) 1 => d 3`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.Heuristic)
	at := func(year int) model.BlockRef {
		return model.BlockRef{Median: time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).Unix(), Known: model.KnownMedian}
	}
	unseen, err := model.ParseAddress("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := x.Custodian(unseen, at(2019)); !ok || l.Entity != "Unseen" {
		t.Errorf("an address outside the scope: %q, %v", l.Entity, ok)
	}
	for _, v := range []struct {
		owner string
		at    model.BlockRef
		want  string
	}{
		{"c", at(2019), "PORTMERE"},
		{"c", at(2021), "Portmere"},
		{"c", model.BlockRef{}, "PORTMERE"}, // it may hold
		{"b", at(2021), "Portmere"},
		{"d", at(2019), ""},
		{"w", at(2019), ""},
		{"acc", at(2019), ""},
		{"k", at(2019), ""},
		{"nobody", at(2019), ""},
	} {
		if l, ok := x.Custodian(address(t, f, v.owner), v.at); l.Entity != v.want || ok != (v.want != "") {
			t.Errorf("%s at %v: %q, %v; want %q", v.owner, v.at, l.Entity, ok, v.want)
		}
	}
}

// TestPayjoinIsTestedOrNot: each reason for which a transaction is not tested, or
// let pass, is told.
func TestPayjoinIsTestedOrNot(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(dep) category=hash_marketplace confidence=0.9
height 500000
tx old: new(a) 1 new(b) 0.3 fee=0.0001 => s#1 0.8, c#1 rest
height 800000
tx found: new(a) 1 new(b) 0.3 fee=0.0001 => s#2 0.8, c#2 rest
tx necessary: new(a) 1 new(b) 0.3 fee=0.0001 => s#3 1.2, c#3 rest
tx one: new(a) 1 new(a) 0.3 fee=0.0001 => s#4 0.8, c#4 rest
tx single: new(a) 1 fee=0.0001 => s#5 0.8, c#5 rest
tx sweep: new(a) 1 new(b) 0.3 => s#6 1.3
tx three: new(a) 1 new(b) 0.3 fee=0.0001 => s#7 0.8, s#8 0.1, c#7 rest
tx values: unknown(a) new(b) 0.3 => s#9 0.8, c#9 0.1
tx legacy: new(a:p2pkh) 1 new(b:p2pkh) 0.3 fee=0.0001 => s#10 0.8, c#10 rest
tx forms: new(a) 1 new(b:p2tr) 0.3 fee=0.0001 => s#11 0.8, c#11 rest
tx dust: new(a) 1 new(b) 500sat fee=0.0001 => s#12 0.8, c#12 rest
tx deposit: new(a) 1 new(b) 0.3 fee=0.0001 => dep 0.8, b rest
tx reuse: new(a) 1 new(b) 0.3 fee=0.0001 => s#13 0.8, b rest
`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.Heuristic)
	want := map[string][2]string{ // with the labels of the index, and without any
		"old": {"older"}, "found": {"possible"}, "necessary": {""}, "one": {""}, "single": {""},
		"sweep": {"two outputs"}, "three": {"two outputs"}, "values": {"unknown"}, "legacy": {"segwit"}, "forms": {"forms"},
		"dust": {"small"}, "deposit": {"labelled custodian", "not consulted"}, "reuse": {"possible", "not consulted"},
	}
	for blk, err := range f.Ledger.Set().Blocks.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range blk.Txs {
			name, _ := f.TxName(tx.ID)
			says := want[name]
			if says[1] == "" {
				says[1] = says[0]
			}
			for i, got := range []cluster.PayjoinTest{x.Payjoin(tx), cluster.TestedForPayjoin(tx, cluster.DefaultParams())} {
				switch s := says[i]; {
				case got.Possible != (s == "possible"), got.Tested() != (s == "" || s == "possible"), !got.Tested() && !strings.Contains(got.Untested, s):
					t.Errorf("%s (%d): %+v, want %q", name, i, got, s)
				}
			}
			if s, skipped := x.Skipped(tx.ID); skipped && s.Reason == cluster.Payjoin != x.Payjoin(tx).Possible {
				t.Errorf("%s: skipped for %s, and the test says %v", name, s.Reason, x.Payjoin(tx).Possible)
			}
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not seen: %v", want)
	}
}

// TestManyLabelsAndSeeds: thousands of labels on one address that agree, and
// thousands of seeds in one cluster with thousands of transactions that were not
// joined, are read once each.
func TestManyLabelsAndSeeds(t *testing.T) {
	const n = 3_000
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "label Portmere: addr(s#0) category=exchange confidence=0.9 source=\"s%d\"\n", i)
	}
	b.WriteString("label Ostbank: addr(s#0) category=exchange confidence=0.3\ntx join:")
	for i := range n {
		fmt.Fprintf(&b, " new(s#%d) 1", i)
	}
	fmt.Fprintf(&b, " => x %d\n", n)
	for i := range n {
		fmt.Fprintf(&b, "tx t%d: new(s#%d)!SINGLE 1 new(v) 1 => y 2\n", i, i)
	}
	f := heuristictest.Ledger(t, b.String())
	var seeds []model.Ref
	for i := range n {
		seeds = append(seeds, model.RefAddress(address(t, f, fmt.Sprintf("s#%d", i))))
	}
	p := cluster.DefaultParams()
	p.MaxParts = 3
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{Seeds: seeds}, cluster.New(p)))
	clusters := 0
	for i := range fs {
		switch got := &fs[i]; got.Kind {
		case "cluster":
			clusters++
			c := got.Counter[0]
			if !c.Found || len(c.Items) != 3 || !strings.HasSuffix(c.Text, fmt.Sprintf("Found %d, of which the first 3 are listed.", n)) {
				t.Fatalf("counter-evidence %+v, want %d transactions, the first 3 of them listed", c, n)
			}
		case "cluster/conflict":
			if len(got.Labels) != n+1 {
				t.Errorf("%d labels conflict, want %d", len(got.Labels), n+1)
			}
		}
	}
	if clusters != n || len(fs) != n+1 {
		t.Errorf("%d findings, %d of them on clusters; want %d and %d", len(fs), clusters, n+1, n)
	}
}
