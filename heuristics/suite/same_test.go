package suite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/labels"
)

// world is data to run the whole suite on.
type world struct {
	name     string
	open     func(*testing.T) sources.Set
	scope    []string // addresses stated as an actor's
	findings int      // at least
	short    bool     // also with -short
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
		{name: "kestrel", short: true, findings: 1000, open: func(t *testing.T) sources.Set {
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
				t.Skip("runs in the full tests")
			}
			set := w.open(t)
			first := w.session(t, set, heuristics.Options{Workers: 1})
			want := collect(t, first, first.Sweep(t.Context()))
			if len(want) < w.findings {
				t.Fatalf("%d findings, want at least %d, or nothing is compared", len(want), w.findings)
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
