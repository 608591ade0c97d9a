package suite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/labels"
	"github.com/goldwash/goldwash/sources/ledger"
)

// world is data to run the whole suite on.
type world struct {
	name     string
	open     func(*testing.T) sources.Set
	scope    []string // addresses stated as an actor's
	findings int      // at least
	short    bool     // also with -short
	// With -short, the heights looked at and the least number of findings.
	within heuristics.Scope
	few    int
}

func worlds() []world {
	block := func(raw string, spent ...string) func(*testing.T) sources.Set {
		return func(t *testing.T) sources.Set {
			var companions []string
			for _, s := range spent {
				companions = append(companions, realdata.Path(t, "blocks/mainnet-"+s))
			}
			chain, err := blockfile.Open(t.Context(), []string{realdata.Path(t, "blocks/mainnet-"+raw)}, blockfile.Options{Spent: companions})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { chain.Close() })
			return sources.Of(chain, labels.Curated(model.Mainnet), publicLabels(t))
		}
	}
	return []world{
		// The weeks around the second deposit and the slip are enough for a look.
		{name: "kestrel", short: true, findings: 1000, within: heuristics.Scope{From: 755_000, To: 758_200}, few: 50, open: func(t *testing.T) sources.Set {
			f, err := kestrel.Ledger()
			if err != nil {
				t.Fatal(err)
			}
			return f.Ledger.Set()
		}},
		{name: "363703", short: true, open: block("363703.raw.gz"), scope: []string{"1FvuBRzrU3UZJ7gpEYJjChrFo6MPAHxChE"}, findings: 6},
		{name: "300025 with spent outputs", open: block("300025.raw.gz", "300025.undo.gz"), findings: 1},
		{name: "514485", open: block("514485.raw.gz"), scope: []string{"1Hz96kJKF2HLPGY15JWLB5m9qGNxvt8tHJ"}, findings: 4},
		{name: "702861", open: block("702861.raw.gz"), findings: 2},
	}
}

// publicLabels are two lists of pools that contradict each other here and there.
func publicLabels(t *testing.T) *labels.Set {
	t.Helper()
	l, err := labels.Open(model.Mainnet,
		realdata.Path(t, "labels/pools/mempool-pools-v2.json"), realdata.Path(t, "labels/tagpacks/miners.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// variant is a way to run that may not change a finding.
type variant struct {
	name     string
	opt      heuristics.Options
	cache    bool
	shuffled bool // subjects in another order: the same findings, in another
}

// small is a memory for results, or a cache, that holds next to nothing.
const small = 1 << 10

var variants = []variant{
	{name: "8 workers", opt: heuristics.Options{Workers: 8}},
	{name: "8 workers, cache", opt: heuristics.Options{Workers: 8}, cache: true},
	{name: "1 worker, no memory to speak of", opt: heuristics.Options{Workers: 1, Memory: small}},
	{name: "8 workers, shuffled, cache, no memory to speak of", opt: heuristics.Options{Workers: 8, Memory: small}, cache: true, shuffled: true},
}

func (w world) session(t *testing.T, set sources.Set, o heuristics.Options) *heuristics.Session {
	t.Helper()
	var scope heuristics.Scope
	if testing.Short() {
		scope = w.within
	}
	for _, s := range w.scope {
		a, err := model.ParseAddress(s, model.Mainnet)
		if err != nil {
			t.Fatal(err)
		}
		scope.Seeds = append(scope.Seeds, model.RefAddress(a))
		scope.Actors = append(scope.Actors, model.Label{On: model.RefAddress(a), Entity: "Subject", Role: model.RoleKey, Confidence: model.Percent(80)})
	}
	engine, err := heuristics.New(set, suite.Mining(), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// collect runs a session and returns each finding as JSON, bytes and all.
func collect(t *testing.T, s *heuristics.Session, subjects iter.Seq2[heuristics.Subject, error]) []string {
	t.Helper()
	var out []string
	for f, err := range s.Run(t.Context(), subjects) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

// shuffle yields the subjects of a sweep in an order of its own, which is the
// same each time.
func shuffle(ctx context.Context, s *heuristics.Session) iter.Seq2[heuristics.Subject, error] {
	return func(yield func(heuristics.Subject, error) bool) {
		var all []heuristics.Subject
		for sub, err := range s.Sweep(ctx) {
			if err != nil {
				yield(sub, err)
				return
			}
			all = append(all, sub)
		}
		x := uint64(1)
		for i := len(all) - 1; i > 0; i-- {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			j := int(x % uint64(i+1))
			all[i], all[j] = all[j], all[i]
		}
		for _, sub := range all {
			if !yield(sub, nil) {
				return
			}
		}
	}
}

// TestSameFindings is the promise that a finding depends on the data and the
// parameters, and on nothing else.
func TestSameFindings(t *testing.T) {
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) {
			if testing.Short() && !w.short {
				t.Skip("runs the whole case several times, which takes too long under -short; the full tests do")
			}
			set := w.open(t)
			first := w.session(t, set, heuristics.Options{Workers: 1})
			want := collect(t, first, first.Sweep(t.Context()))
			least := w.findings
			if testing.Short() && w.few > 0 {
				least = w.few
			}
			if len(want) < least {
				t.Fatalf("%d findings, want at least %d, or nothing is compared", len(want), least)
			}
			same(t, "twice in one session", want, collect(t, first, first.Sweep(t.Context())))
			same(t, "shuffled in one session", sorted(want), sorted(collect(t, first, shuffle(t.Context(), first))))
			for _, v := range variants {
				set := set
				if v.cache {
					set = set.Wrap(sources.Cache(sources.CacheOptions{}))
				}
				s := w.session(t, set, v.opt)
				if v.shuffled {
					same(t, v.name, sorted(want), sorted(collect(t, s, shuffle(t.Context(), s))))
					continue
				}
				same(t, v.name, want, collect(t, s, s.Sweep(t.Context())))
			}
		})
	}
}

// same compares bytes, and shows in which fields they differ.
func same(t *testing.T, how string, want, got []string) {
	t.Helper()
	if slices.Equal(want, got) {
		return
	}
	if len(want) != len(got) {
		t.Errorf("%s: %d findings, want %d", how, len(got), len(want))
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			var a, b any
			if err := errors.Join(json.Unmarshal([]byte(want[i]), &a), json.Unmarshal([]byte(got[i]), &b)); err != nil {
				t.Fatal(err)
			}
			t.Errorf("%s: finding %d (-want +got):\n%s", how, i, cmp.Diff(a, b))
			return
		}
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// A subset of the subjects gives the findings of that subset: nothing depends on
// what else was asked.
func TestOneSubjectAlone(t *testing.T) {
	w := worlds()[0]
	set := w.open(t)
	s := w.session(t, set, heuristics.Options{})
	byTx := map[model.TxID][]string{}
	n := 0
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := f.Subject.Tx(); ok {
			byTx[id] = append(byTx[id], fmt.Sprint(f.Kind, f.Digest))
		}
	}
	for sub, err := range s.Sweep(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		id, _ := sub.Ref.Tx()
		if n++; n%97 != 0 && len(byTx[id]) < 2 {
			continue // a few of the many, and all about which several things are said
		}
		alone := w.session(t, set, heuristics.Options{Workers: 1})
		var got []string
		for f, err := range alone.Run(t.Context(), one(sub)) {
			if err != nil {
				t.Fatal(err)
			}
			if at, _ := f.Subject.Tx(); at == id {
				got = append(got, fmt.Sprint(f.Kind, f.Digest))
			}
		}
		if diff := cmp.Diff(byTx[id], got); diff != "" {
			t.Errorf("%v (-in a sweep +alone):\n%s", sub.Ref, diff)
		}
		if n > 1000 {
			break
		}
	}
}

func one(sub heuristics.Subject) iter.Seq2[heuristics.Subject, error] {
	return func(yield func(heuristics.Subject, error) bool) { yield(sub, nil) }
}

// source is one way to read a chain.
type source struct {
	name string
	open func(*testing.T, *ledger.Ledger) sources.Set
}

// ways are the providers of a chain: the ledger that was written, the files of a
// node that hold it, and an explorer that serves it.
var ways = []source{
	{"ledger", func(_ *testing.T, l *ledger.Ledger) sources.Set { return l.Set() }},
	{"block files", func(t *testing.T, l *ledger.Ledger) sources.Set {
		p := filepath.Join(t.TempDir(), "blk00000.dat")
		if err := os.WriteFile(p, l.AppendBlocks(nil), 0o600); err != nil {
			t.Fatal(err)
		}
		chain, err := blockfile.Open(t.Context(), []string{p}, blockfile.Options{Network: l.Network()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { chain.Close() })
		for _, p := range chain.Problems() {
			t.Errorf("block files: %v", p)
		}
		return sources.Of(chain)
	}},
	{"explorer", func(t *testing.T, l *ledger.Ledger) sources.Set {
		server := httptest.NewServer(esploratest.Serve(l, esploratest.Options{Genesis: true}))
		t.Cleanup(server.Close)
		// Without proofs the places of transactions in their blocks are not known.
		client, err := esplora.New(server.URL+"/api", esplora.Options{Network: l.Network(), Prove: true, Rate: -1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { t.Logf("%d requests", client.Requests()) })
		return sources.Of(client).Wrap(sources.Cache(sources.CacheOptions{}))
	}},
}

// aware gives a chain the labels, tags and prices of another.
func aware(set, of sources.Set) sources.Set {
	set.Labels, set.Tags, set.Prices = of.Labels, of.Tags, of.Prices
	return set
}

// raw returns the chain of a ledger as it stands in raw blocks. The case writes
// coins whose past nobody looks at as inputs with a value and an owner, but
// without the transaction that made them. No chain has such inputs, so what they
// spend stands in no block file, and what unlocks them is all that tells their
// owner there. To compare what the providers make of one and the same chain, it
// is forgotten for all of them. So are the median times past of the first ten
// blocks, which those before the case's would tell.
func raw(t *testing.T, l *ledger.Ledger) *ledger.Ledger {
	t.Helper()
	var blocks []*model.Block
	for b, err := range l.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		again, err := model.DecodeBlock(model.AppendBlock(nil, b), l.Network())
		if err != nil {
			t.Fatal(err)
		}
		again.Ref = b.Ref
		if len(blocks) < 10 {
			again.Ref.Median, again.Ref.Known = 0, b.Ref.Known&^model.KnownMedian
		}
		for i, tx := range again.Txs {
			tx.Block = again.Ref
			tx.Block.Pos, tx.Block.Known = int32(i), again.Ref.Known|model.KnownPos
		}
		blocks = append(blocks, again)
	}
	out, err := ledger.New(l.Network(), blocks, ledger.Contents{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// heights returns those of the blocks between two days, both included.
func heights(t *testing.T, l *ledger.Ledger, first, last string) heuristics.Scope {
	t.Helper()
	var from, to time.Time
	for day, at := range map[string]*time.Time{first: &from, last: &to} {
		var err error
		if *at, err = time.Parse(time.DateOnly, day); err != nil {
			t.Fatal(err)
		}
	}
	var s heuristics.Scope
	for b, err := range l.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if at := time.Unix(b.Ref.Time, 0); !at.Before(from) && at.Before(to.AddDate(0, 0, 1)) {
			if s.From == 0 {
				s.From = b.Ref.Height
			}
			s.To = b.Ref.Height
		}
	}
	return s
}

// TestSameCaseThroughEverySource is the promise that a finding depends on the
// chain, and not on who tells it: the embedded case from the ledger, from block
// files and from an explorer gives the same bytes.
func TestSameCaseThroughEverySource(t *testing.T) {
	f, err := ledger.Parse("kestrel", kestrel.Filled())
	if err != nil {
		t.Fatal(err)
	}
	chain := raw(t, f.Ledger)
	// The second deposit, the five payouts after it, and the slip.
	fortnight := heights(t, chain, "2022-10-01", "2022-10-14")
	for _, test := range []struct {
		name  string
		chain *ledger.Ledger
		scope heuristics.Scope
		ways  []source
		short bool
		has   []string // kinds and transactions that must be found, or little is compared
	}{
		{name: "a fortnight", chain: chain, scope: fortnight, ways: ways, short: true,
			has: []string{"deposit t14", "payout np20221005", "payout np20221009", "commingling t16"}},
		{name: "a fortnight, with what the coins were that came from outside", chain: f.Ledger, scope: fortnight, ways: []source{ways[0], ways[2]},
			has: []string{"deposit t14", "payout np20221005", "payout np20221009", "commingling t16"}},
		{name: "the whole case", chain: chain, ways: ways[:2],
			has: []string{"deposit t4", "deposit t21", "deposit/returned t20r", "commingling t16", "commingling/received mia1", "commingling/service "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && !test.short {
				t.Skip("runs the whole case several times, which takes too long under -short; the full tests do")
			}
			var want []string
			for i, way := range test.ways {
				if testing.Short() && way.name == "explorer" {
					continue // tens of thousands of requests
				}
				set := aware(way.open(t, test.chain), f.Ledger.Set())
				engine, err := heuristics.New(set, suite.Mining(), heuristics.Options{})
				if err != nil {
					t.Fatal(err)
				}
				s, err := engine.Open(t.Context(), test.scope)
				if err != nil {
					t.Fatal(err)
				}
				got := collect(t, s, s.Sweep(t.Context()))
				if i > 0 {
					same(t, way.name+" and "+test.ways[0].name, want, got)
					continue
				}
				want = got
				said := map[string]bool{}
				for _, text := range got {
					var x model.Finding
					if err := json.Unmarshal([]byte(text), &x); err != nil {
						t.Fatal(err)
					}
					id, _ := x.Subject.Tx()
					name, _ := f.TxName(id)
					said[x.Kind+" "+name] = true
				}
				for _, h := range test.has {
					if !said[h] {
						t.Errorf("nothing is found of %q", h)
					}
				}
			}
		})
	}
}
