package heuristics_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// runFunc is the Run of a heuristic.
type runFunc = func(context.Context, *heuristics.Pass) (any, error)

// make1 returns a heuristic on transactions that requires others.
func make1(name string, run runFunc, requires ...*heuristics.Heuristic) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: name, Version: 1, Doc: "a test",
		Kinds:    []heuristics.Kind{{Name: "test", Doc: "never wrong"}, {Name: "test/total", Doc: "never wrong"}},
		Subjects: []model.RefKind{model.KindTx},
		Run:      run, Requires: requires,
	}
}

// finding is the least that is valid.
func finding(kind string, on model.Ref, claim string) model.Finding {
	return model.Finding{
		Kind: kind, Subject: on, Claim: claim,
		Score:      model.Product(0, "", model.Factor{Name: "half", Given: model.Percent(50), Probability: model.Percent(50)}),
		Confidence: model.AnalyticConfidence{Level: model.Low, Reasons: []string{"a test"}},
	}
}

// reports returns a Run that reports the subject and returns its text.
func reports(format string) runFunc {
	return func(_ context.Context, p *heuristics.Pass) (any, error) {
		p.Report(finding("test", p.Subject, fmt.Sprintf(format, p.Subject)))
		return p.Subject.String(), nil
	}
}

// parents is a Run that asks the same heuristic about every parent, and returns
// how many generations it saw.
func parents(name string) *heuristics.Heuristic {
	h := make1(name, nil)
	h.MaxHops = 6
	h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
		tx, err := p.Tx(ctx)
		if err != nil {
			return nil, err
		}
		deepest := 0
		if p.Hops > 0 && !tx.Coinbase() {
			for i := range tx.Inputs {
				ids := []model.TxID{tx.Inputs[i].Prev.Tx}
				switch txs, err := p.Txs(ctx, ids...); {
				case err != nil:
					return nil, err
				case txs[0] == nil:
					p.Note("parent is not known", 1)
					continue
				}
				n, err := heuristics.Ask[int](ctx, p, h, model.RefTx(ids[0]), p.Hops-1)
				if err != nil {
					return nil, err
				}
				deepest = max(deepest, n)
			}
		}
		p.Report(finding("test", p.Subject, fmt.Sprintf("It has %d generations before it.", deepest)))
		return deepest + 1, nil
	}
	return h
}

// chain is a ledger in which everything descends from everything.
const chain = `
tx a: new => a 1
tx b: a.0 new => b 1, b2 1
tx c: b.0 b.1 => c 1, c2 1
tx d: c.0 new => d 1, d2 0.5
tx e: d.0 c.1 => e 1, e2 1
tx f: e.0 d.1 => f 1.5
tx g: f.0 e.1 new => g 2.5
tx h: g.0 unknown => h 1
`

// session opens a session on a ledger with options.
func session(t testing.TB, f *ledger.File, o heuristics.Options, hs ...*heuristics.Heuristic) *heuristics.Session {
	t.Helper()
	return open(t, f.Ledger.Set(), o, heuristics.Scope{}, hs...)
}

func open(t testing.TB, src sources.Set, o heuristics.Options, scope heuristics.Scope, hs ...*heuristics.Heuristic) *heuristics.Session {
	t.Helper()
	e, err := heuristics.New(src, hs, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(context.Background(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// txs names transactions of a ledger as subjects.
func txs(t testing.TB, f *ledger.File, names ...string) iter.Seq2[heuristics.Subject, error] {
	t.Helper()
	return heuristics.Refs(refs(t, f, names...)...)
}

func refs(t testing.TB, f *ledger.File, names ...string) []model.Ref {
	t.Helper()
	var rs []model.Ref
	for _, n := range names {
		id, ok := f.Tx(n)
		if !ok {
			t.Fatalf("no transaction %q", n)
		}
		rs = append(rs, model.RefTx(id))
	}
	return rs
}

// say renders a sequence of findings and errors: "heuristic name claim" with
// references by their names in the ledger.
func say(f *ledger.File, seq iter.Seq2[model.Finding, error]) (said []string) {
	for finding, err := range seq {
		if err != nil {
			said = append(said, plain(f, err.Error()))
			continue
		}
		said = append(said, plain(f, finding.Heuristic+" "+finding.Claim))
	}
	return said
}

// plain writes names of the ledger in place of txids and addresses.
func plain(f *ledger.File, s string) string {
	for b, err := range f.Ledger.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			return err.Error()
		}
		for _, tx := range b.Txs {
			if name, ok := f.TxName(tx.ID); ok {
				s = strings.ReplaceAll(s, tx.ID.String(), name)
			}
			for i := range tx.Outputs {
				if name, ok := f.Owner(tx.Outputs[i].Owner); ok {
					s = strings.ReplaceAll(s, tx.Outputs[i].Owner.String(), name)
				}
			}
		}
	}
	return s
}

// subjectsOf lists the transactions of a session's scope, in an order that
// depends on the seed; 0 is ledger order.
func subjectsOf(t testing.TB, s *heuristics.Session, seed uint64) iter.Seq2[heuristics.Subject, error] {
	t.Helper()
	var subs []heuristics.Subject
	for sub, err := range s.Sweep(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	if seed != 0 {
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(subs), func(i, j int) { subs[i], subs[j] = subs[j], subs[i] })
	}
	return func(yield func(heuristics.Subject, error) bool) {
		for _, sub := range subs {
			if !yield(sub, nil) {
				return
			}
		}
	}
}

// bytesOf runs a session and returns its findings, sorted by ID, and its
// coverage as JSON.
func bytesOf(t testing.TB, s *heuristics.Session, subs iter.Seq2[heuristics.Subject, error]) (findings, coverage string) {
	t.Helper()
	var fs []model.Finding
	for f, err := range s.Run(context.Background(), subs) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	slices.SortFunc(fs, func(a, b model.Finding) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return encode(t, fs), encode(t, s.Coverage())
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// coverageOf returns the counts of one heuristic.
func coverageOf(t testing.TB, s *heuristics.Session, name string) heuristics.HeuristicCoverage {
	t.Helper()
	for _, c := range s.Coverage().Heuristics {
		if c.Heuristic == name {
			return c
		}
	}
	t.Fatalf("no coverage of %q", name)
	return heuristics.HeuristicCoverage{}
}

// txReader is a source of transactions that calls a function first.
type txReader struct {
	sources.TxReader
	before func(ids []model.TxID) error
}

func (r txReader) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	if err := r.before(ids); err != nil {
		return nil, err
	}
	return r.TxReader.Txs(ctx, ids)
}

// lookingUp returns the ledger's sources with a function before each look-up of
// transactions.
func lookingUp(f *ledger.File, before func([]model.TxID) error) sources.Set {
	src := f.Ledger.Set()
	src.Txs = txReader{src.Txs, before}
	return src
}

// away is an error of a source that cannot be asked.
var away = &sources.Error{Source: "test", Op: "Txs", Err: sources.ErrUnavailable}

func parse(t testing.TB, text string) *ledger.File {
	t.Helper()
	return heuristictest.Ledger(t, text)
}

// passErrors collects the failures of passes and the last other error.
func passErrors(seq iter.Seq2[model.Finding, error]) (fs []model.Finding, failed []*heuristics.PassError, last error) {
	for f, err := range seq {
		var pass *heuristics.PassError
		switch {
		case err == nil:
			fs = append(fs, f)
		case errors.As(err, &pass):
			failed = append(failed, pass)
		default:
			last = err
		}
	}
	return fs, failed, last
}
