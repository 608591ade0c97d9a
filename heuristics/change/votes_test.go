package change_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// bookOf reads a ledger.
func bookOf(t testing.TB, f *ledger.File) (*change.Book, map[string]*model.Tx) {
	t.Helper()
	b, txs := change.NewBook(false), map[string]*model.Tx{}
	for blk, err := range f.Ledger.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range blk.Txs {
			if err := b.Add(tx); err != nil {
				t.Fatal(err)
			}
			if name, ok := f.TxName(tx.ID); ok {
				txs[name] = tx
			}
		}
	}
	return b, txs
}

// TestRules: what each rule says of the transaction t of a ledger. A want is the
// output that it names, or what its reason to abstain contains.
func TestRules(t *testing.T) {
	for _, v := range []struct {
		name, text string
		want       map[change.Rule]string
	}{
		{"change to oneself", "tx t: new(a) 1 => b 0.4, a 0.6", map[change.Rule]string{
			change.SelfChange: "1", change.Meiklejohn: "address of an input", change.Power3: "address of an input",
		}},
		{"two ways to oneself", "tx t: new(a) 1 new(b) 1 => a 0.4, b 1.6", map[change.Rule]string{change.SelfChange: "several"}},
		{"an owner unknown", "tx t: unknown new(b) 1 => x 0.4, y 0.6", map[change.Rule]string{
			change.SelfChange: "owner of an input is unknown", change.Meiklejohn: "owner", change.AddressType: "owner", change.Optimal: "value",
		}},
		{"one output", "tx t: new(a) 1 => b 1", map[change.Rule]string{change.Power2: "fewer than two", change.SelfChange: "no output goes back"}},
		{"null data is no output", "tx t: new(a) 1 => b 1, data \"x\"", map[change.Rule]string{change.Power2: "fewer than two"}},
		{"coinbase", "coinbase t: => a 1, b rest", map[change.Rule]string{change.SelfChange: "coinbase", change.Power2: "coinbase"}},

		{"one new script", "height 0\ntx old: new(z) 1 => b 1\ntx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Meiklejohn: "1", change.Shadow: "1"}},
		{"two new scripts", "height 0\ntx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Meiklejohn: "more than one", change.Shadow: "more than one"}},
		{"no new script", "height 0\ntx old: new(z) 2 => b 1, c 1\ntx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Meiklejohn: "no output"}},
		{"one new script of three", "height 0\ntx old: new(z) 2 => b 1, c 1\ntx t: new(a) 1 => b 0.4, c 0.5, d 0.1", map[change.Rule]string{change.Meiklejohn: "2", change.Shadow: "not exactly two"}},
		{"a script that was only spent before is old", "height 0\ntx old: new(b) 1 => z 1\ntx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Meiklejohn: "1"}},
		{"the chain's beginning was not seen", "tx old: new(z) 1 => b 1\ntx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Meiklejohn: "unknown whether", change.Shadow: "unknown whether"}},
		{"a gap before", "height 0\ntx old: new(z) 1 => b 1\nheight 9\ntx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Meiklejohn: "unknown whether"}},
		{"a gap after leaves it known", "height 0\ntx old: new(z) 1 => b 1\ntx t: new(a) 1 => b 0.4, c 0.6\nheight 9\ntx e: new(k) 1 => l 1", map[change.Rule]string{change.Meiklejohn: "1"}},

		{"smaller than every input", "tx t: new(a) 1 new(b) 2 => x 2.5, y 0.5", map[change.Rule]string{change.Optimal: "1", change.OptimalFee: "1"}},
		{"not with the fee", "tx t: new(a) 1 new(b) 2 fee=0.1 => x rest, y 0.95", map[change.Rule]string{change.Optimal: "1", change.OptimalFee: "no output"}},
		{"equal is not smaller", "tx t: new(a) 1 new(b) 2 => x 2, y 1", map[change.Rule]string{change.Optimal: "no output"}},
		{"one input tells nothing", "tx t: new(a) 1 => x 0.5, y 0.5", map[change.Rule]string{change.Optimal: "more than one"}},

		{"form of the inputs", "tx t: new(a:p2pkh) 1 => x 0.5, y:p2pkh 0.5", map[change.Rule]string{change.AddressType: "1"}},
		{"both of that form", "tx t: new(a) 1 => x 0.5, y 0.5", map[change.Rule]string{change.AddressType: "more than one"}},
		{"inputs of two forms", "tx t: new(a:p2pkh) 1 new(b) 1 => x 0.5, y:p2pkh 1.5", map[change.Rule]string{change.AddressType: "several forms"}},

		{"round to 10^2 alone", "tx t: new(a) 1 => x 12_300sat, y 12_345sat", map[change.Rule]string{change.Power2: "1", change.Power3: "more than one"}},
		{"round to 10^7", "tx t: new(a) 1.1 => x 0.1, y 10_000_001sat", map[change.Rule]string{
			change.Power2: "1", change.Power3: "1", change.Power4: "1", change.Power5: "1", change.Power6: "1", change.Power7: "1",
		}},
		{"both round", "tx t: new(a) 1 => x 0.5, y 0.5", map[change.Rule]string{change.Power2: "no output", change.Power7: "no output"}},

		{"fingerprints of one spender", `
tx t: new(a) 1 version=2 locktime=5 sequence=0xfffffffd => x 0.5, y 0.5
tx p: t.0 version=1 sequence=0xffffffff => z 0.5
tx q: t.1 version=2 locktime=6 sequence=0xfffffffd => u 0.2, v 0.3`, map[change.Rule]string{
			change.Version: "1", change.LockTime: "1", change.Replace: "1", change.InOut: "1", change.SegWit: "more than one",
			change.Peeling: "1", change.PeelChain: "hops",
		}},
		{"an output unspent", "tx t: new(a) 1 version=2 => x 0.5, y 0.5\ntx q: t.1 version=2 => u 0.2, v 0.3", map[change.Rule]string{
			change.Version: "unspent", change.InOut: "unspent", change.Peeling: "unspent", change.PeelChain: "unspent",
		}},
		{"a gap hides spenders", "tx t: new(a) 1 => x 0.5, y 0.5\ntx q: t.1 => u 0.2, v 0.3\nheight 900000\ntx e: new(k) 1 => l 1", map[change.Rule]string{
			change.Version: "spender of an output is unknown",
		}},
		{"witnesses", "tx t: new(a) 1 => x 0.5, y:p2pkh 0.5\ntx p: t.0 => z 0.5\ntx q: t.1 => u 0.5", map[change.Rule]string{change.SegWit: "0"}},
		{"multisig", "tx t: new(a:multisig) 1 => x 0.5, y:multisig 0.5\ntx p: t.0 => z 0.5\ntx q: t.1 => u 0.5", map[change.Rule]string{change.Multisig: "1"}},
		{"order of BIP 69", "tx t: new(a) 1.1 => x 0.5, y 0.6\ntx p: t.0 => z 0.3, zz 0.2\ntx q: t.1 => u 0.2, v 0.4", map[change.Rule]string{change.Ordered: "1"}},
		{"no peel of three", "tx t: new(a) 1 => x 0.5, y 0.3, z 0.2", map[change.Rule]string{change.Peeling: "one input and two outputs"}},

		{"GraphSense", "height 0\ntx t: new(a) 1 => b 0.4, c 59_999_999sat", map[change.Rule]string{change.OneTime: "1"}},
		{"GraphSense: seen before", "height 0\ntx o: new(z) 1 => c 1\ntx t: new(a) 1 => b 0.4, c 59_999_999sat", map[change.Rule]string{change.OneTime: "no output"}},
		{"GraphSense: paid again", "height 0\ntx t: new(a) 1 => b 0.4, c 59_999_999sat\ntx o: new(z) 1 => c 1", map[change.Rule]string{change.OneTime: "no output"}},
		{"GraphSense: another form", "height 0\ntx t: new(a) 1 => b 0.4, c:p2pkh 59_999_999sat", map[change.Rule]string{change.OneTime: "no output"}},
		{"GraphSense: two candidates", "height 0\ntx t: new(a) 1 => b 40_000_001sat, c 59_999_999sat", map[change.Rule]string{change.OneTime: "more than one"}},
		{"GraphSense: eleven outputs", "height 0\ntx t: new(a) 2 => b#1..10 0.1, c 59_999_999sat", map[change.Rule]string{change.OneTime: "two to ten"}},
		{"GraphSense: a script twice", "height 0\ntx t: new(a) 2 => b 0.1, c 59_999_999sat, c 1.3", map[change.Rule]string{change.OneTime: "no output"}},
		{"no clustering", "tx t: new(a) 1 => b 0.4, c 0.6", map[change.Rule]string{change.Clustered: "no clustering"}},

		{"a peel chain", `
tx t: new(a) 5 => x 1, y 4
tx s: t.0 => z:p2pkh 1
tx u: s.0 => w 1
tx q: t.1 => x#1 1, y#1 3
tx r: q.1 => x#2 1, y#2 2
tx v: r.1 => x#3 1, y#3 1
tx g: new(k) 2 version=7 => k2 1, k3 1`, map[change.Rule]string{change.PeelChain: "more than one"}}, // s is like it, too
		{"a peel chain beside an exchange", `
tx t: new(a) 5 => x 1, y 4
tx s: t.0 version=1 locktime=9 => z 1
tx q: t.1 => x#1 1, y#1 3
tx q2: q.0 version=1 => z#1 1
tx r: q.1 => x#2 1, y#2 2
tx r2: r.0 version=1 => z#2 1
tx v: r.1 => x#3 1, y#3 1`, map[change.Rule]string{change.PeelChain: "1", change.Version: "1"}},
		{"a peel chain that forks", `
tx t: new(a) 5 => x 1, y 4
tx s: t.0 version=1 locktime=9 => z 1
tx q: t.1 => x#1 1, y#1 3
tx q2: q.0 => z#1 1
tx r: q.1 => x#2 1, y#2 2`, map[change.Rule]string{change.PeelChain: "hops"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			f := heuristictest.Ledger(t, v.text)
			book, txs := bookOf(t, f)
			p := change.DefaultParams()
			facts, ok := book.Facts(txs["t"], p, nil)
			if !ok {
				t.Fatal("the book does not have the transaction")
			}
			r := change.Predict(txs["t"], &facts, p)
			for rule, want := range v.want {
				switch got := r.Votes[rule]; {
				case got.Rule != rule:
					t.Errorf("the vote of %v is one of %v", rule, got.Rule)
				case got.Abstains() == (got.Why == ""):
					t.Errorf("%v: output %d, reason %q", rule, got.Out, got.Why)
				case len(want) == 1 && fmt.Sprint(got.Out) != want, len(want) > 1 && (!got.Abstains() || !strings.Contains(got.Why, want)):
					t.Errorf("%v: output %d, reason %q; want %s", rule, got.Out, got.Why, want)
				}
			}
		})
	}
}

// TestVote: an output is taken for change by a lead, by one of the rules that it may
// rest on, and never where several parties may have signed.
func TestVote(t *testing.T) {
	for _, v := range []struct {
		name, text, want string
		lead             int
	}{
		{"six votes for one odd value", "tx t: new(a) 10.12345678 => b 1, c rest", "output 1 is change: 6 votes, 6 more than the next", 6},
		{"two do not suffice", "tx t: new(a) 10.123 => b 1, c rest", "no change: the lead over the next output is below the threshold (output 1 has 2 votes, 2 more than the next)", 6},
		{"a vote against", "height 0\ntx old: new(z) 1 => c 1\ntx t: new(a) 10.12345678 => b 1, c rest", "no change: the lead over the next output is below the threshold (output 1 has 6 votes, 4 more than the next)", 6},
		{"none that it may rest on", "tx t: new(a:p2pkh) 1 new(b:p2pkh) 2 => x 2.5, y:p2pkh 0.5", "no change: none of the rules that a prediction may rest on names the output (output 1 has 3 votes, 3 more than the next)", 3},
		{"nothing sets them apart", "tx t: new(a) 2 => b 1, c 1", "no change: no rule names an output", 6},
		{"a sale", "tx t: new(a)!SINGLE|ANYONECANPAY 10.12345678 => b 1, c rest", "no change: several parties may have signed, by its signatures or its shape (output 1 has 6 votes, 6 more than the next)", 6},
		{"oneself", "tx t: new(a) 2 => b 1, a 1", "output 1 goes back to the address of an input", 6},
		{"a coinbase", "coinbase t: => a 1, b rest", "no change: a coinbase has no payer", 6},
	} {
		t.Run(v.name, func(t *testing.T) {
			f := heuristictest.Ledger(t, v.text)
			book, txs := bookOf(t, f)
			p := change.DefaultParams()
			p.Lead = v.lead
			facts, _ := book.Facts(txs["t"], p, nil)
			facts.Collaborative = change.Collaborative(txs["t"], shape.DefaultParams())
			r := change.Predict(txs["t"], &facts, p)
			if got := r.String(); got != v.want {
				t.Errorf("%q, want %q", got, v.want)
			}
			if r.Accepted() != strings.HasPrefix(v.want, "output") || r.Accepted() != (r.Why == "" || r.Self) {
				t.Errorf("accepted %v, why %q", r.Accepted(), r.Why)
			}
		})
	}
}

// TestEngineAndBookAgree: what the heuristic looks up in a source makes the same
// votes as a book of the whole chain.
func TestEngineAndBookAgree(t *testing.T) {
	f := heuristictest.Ledger(t, `
height 0
tx old: new(z) 1 => b 1
tx t: new(a) 9.12345678 fee=0.0001 => b 1, y rest
tx s: t.0 version=1 => z#9 1
tx q: t.1 fee=0.0001 => x#1 1, y#1 rest
tx q2: q.0 version=1 => z#1 1
tx r: q.1 fee=0.0001 => x#2 1, y#2 rest
tx r2: r.0 version=1 => z#2 1
tx v: r.1 fee=0.0001 => x#3 1, y#3 rest
tx again: new(w) 3 => y#3 3
tx sale: new(a)!SINGLE 3.12345 => y#4 rest, k 1
tx mine: new(a) 3 => a 2, k 1`)
	book, txs := bookOf(t, f)
	got := map[string]*change.Prediction{}
	ask := &heuristics.Heuristic{
		Name: "ask", Doc: "asks for change", Version: 1, Subjects: []model.RefKind{model.KindTx}, Requires: []*heuristics.Heuristic{change.Heuristic},
		Run: func(ctx context.Context, p *heuristics.Pass) (any, error) {
			id, _ := p.Subject.Tx()
			r, err := change.Of(ctx, p, id)
			if name, ok := f.TxName(id); ok && err == nil {
				got[name] = r
			}
			return r, err
		},
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{ask}, heuristics.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(context.Background(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Run(context.Background(), s.Sweep(context.Background())) {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := change.DefaultParams()
	for name, tx := range txs {
		facts, _ := book.Facts(tx, p, nil)
		facts.Collaborative = change.Collaborative(tx, shape.DefaultParams())
		want := change.Predict(tx, &facts, p)
		if diff := cmp.Diff(&want, got[name]); diff != "" {
			t.Errorf("%s (-book +engine)\n%s", name, diff)
		}
	}
	if r := got["t"]; r == nil || !r.Accepted() || r.Votes[change.Meiklejohn].Out != 1 || r.Votes[change.PeelChain].Out != 1 {
		t.Errorf("%+v: want output 1 by every kind of fact", r)
	}
}

// TestPoorSources: without histories and spenders the rules that need them abstain,
// and the others vote.
func TestPoorSources(t *testing.T) {
	f := heuristictest.Ledger(t, "height 0\ntx t: new(a) 10.12345678 => b 1, c rest\ntx u: t.0 => x 1\ntx v: t.1 => y rest")
	src := f.Ledger.Set()
	src.History, src.Spends = nil, nil
	id, _ := f.Tx("t")
	e, err := heuristics.New(src, []*heuristics.Heuristic{change.Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(context.Background(), heuristics.Scope{Seeds: []model.Ref{model.RefTx(id), model.RefTx(id)}})
	if err != nil {
		t.Fatal(err)
	}
	var found []model.Finding
	for f, err := range s.Run(context.Background(), heuristics.Refs()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, f)
	}
	if len(found) != 1 {
		t.Fatalf("%d findings, want one", len(found))
	}
	got := found[0]
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if got.Kind != "change" || got.Subject != model.RefOutpoint(model.Outpoint{Tx: id, Vout: 1}) || got.Score.Probability != change.DefaultParams().Right {
		t.Errorf("%s on %v, %v", got.Kind, got.Subject, got.Score.Probability)
	}
	if got := got.Premises[0].Answer; got != "unknown: neither its signatures nor its shape say so" {
		t.Errorf("answer %q", got)
	}
	silent := got.Counter[1].Text
	for _, want := range []string{"meiklejohn: it is unknown", "version: the spender of an output is unknown", "clustered: no clustering"} {
		if !strings.Contains(silent, want) {
			t.Errorf("what abstained is told as %q, without %q", silent, want)
		}
	}
	if !slices.ContainsFunc(got.ErrorRates, func(e model.ErrorRate) bool { return strings.Contains(e.Population, "Moeser") && !e.Measured }) {
		t.Errorf("published figures must name their population, and not pass for measured: %+v", got.ErrorRates)
	}
}

// TestUnseenSignatures: where no signature was found, the finding does not say that
// signatures speak for one party.
func TestUnseenSignatures(t *testing.T) {
	f := heuristictest.Ledger(t, "tx t: new(a) 10.12345678 new(b) 1 => b#2 1, c rest")
	src := f.Ledger.Set()
	id, _ := f.Tx("t")
	txs, err := src.Txs.Txs(context.Background(), []model.TxID{id})
	if err != nil {
		t.Fatal(err)
	}
	bare := *txs[0]
	bare.Inputs = slices.Clone(bare.Inputs)
	bare.Inputs[1].SigHash, bare.Inputs[1].Witness = 0, nil
	src.Txs = one{&bare}
	src.History, src.Spends = nil, nil
	e, err := heuristics.New(src, []*heuristics.Heuristic{change.Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(context.Background(), heuristics.Scope{Seeds: []model.Ref{model.RefTx(id)}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for fd, err := range s.Run(context.Background(), heuristics.Refs()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if got := fd.Premises[0].Answer; got != "unknown: its shape does not say so, and not every signature was seen" {
			t.Errorf("answer %q", got)
		}
	}
	if n != 1 {
		t.Errorf("%d findings, want one", n)
	}
}

// one is a source of one transaction.
type one struct{ tx *model.Tx }

func (o one) Txs(_ context.Context, ids []model.TxID) ([]*model.Tx, error) {
	txs := make([]*model.Tx, len(ids))
	for i, id := range ids {
		if id == o.tx.ID {
			txs[i] = o.tx
		}
	}
	return txs, nil
}

// TestSeeds: findings are about what the scope names, and nothing else; what has no
// prediction is told.
func TestSeeds(t *testing.T) {
	f := heuristictest.Ledger(t, "tx t: new(a) 10.12345678 => b 1, c rest\ntx u: new(a) 2 => b 1, c 1\ntx w: new(a) 2 => b 1, a 1")
	ref := func(name string) model.Ref { id, _ := f.Tx(name); return model.RefTx(id) }
	scope := heuristics.Scope{Seeds: []model.Ref{ref("u"), ref("w"), model.RefTx(model.TxID{1})}}
	s := heuristictest.Open(t, f, scope, change.Heuristic)
	fs := heuristictest.Findings(t, s)
	if len(fs) != 1 || !strings.Contains(fs[0].Claim, "which the transaction spends") || fs[0].Score.Given < model.Percent(99) {
		t.Fatalf("findings %+v, want the one of change to oneself", fs)
	}
	var notes []string
	for _, h := range s.Coverage().Heuristics {
		for _, n := range h.Notes {
			notes = append(notes, n.Text)
		}
	}
	for _, want := range []string{"without a prediction of change: no rule names an output", "no source has it"} {
		if !slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("notes %q, want one with %q", notes, want)
		}
	}
}

func TestLedgers(t *testing.T) { heuristictest.Run(t, change.Heuristic, "testdata/*.ledger") }

// TestPublished: the table is complete, and the published shares fit one another:
// precision is the right ones among those named.
func TestPublished(t *testing.T) {
	n := 0
	for _, r := range change.Rules() {
		a, ok := r.Published()
		if !ok {
			continue
		}
		n++
		made := float64(a.TPR) / float64(a.TPR+a.FPR)
		if d := made - float64(a.Precision)/float64(model.Certain); d < -0.002 || d > 0.002 {
			t.Errorf("%v: precision %v, but TPR %v and FPR %v make %.4f", r, a.Precision, a.TPR, a.FPR, made)
		}
	}
	if n != 18 {
		t.Errorf("%d rules have published figures, want 18", n)
	}
	if a, ok := change.PublishedVote(6); !ok || a.TPR.String() != "0.4592" || a.FPR.String() != "0.0018" || a.Precision < model.Percent(99) {
		t.Errorf("the vote with a lead of six: %+v", a)
	}
	if _, ok := change.PublishedVote(11); ok {
		t.Error("a lead of eleven was not published")
	}
	for _, r := range change.Rules() {
		if r.String() == "" || strings.Contains(r.String(), "invalid") {
			t.Errorf("rule %d has no name", r)
		}
	}
}

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, change.Heuristic) }

// FuzzFingerprint: whatever unlocks an input, its fingerprint can be read.
func FuzzFingerprint(f *testing.F) {
	f.Add([]byte{0, 3, 1, 2, 3}, []byte{0x51, 0xae}, []byte{})
	f.Add([]byte{76, 2, 1}, []byte(nil), []byte{1})
	f.Add([]byte{77, 255, 255, 1}, []byte{0x52, 0x51, 0xae}, []byte{0x4e})
	f.Fuzz(func(t *testing.T, script, witness, id []byte) {
		tx := &model.Tx{Inputs: []model.Input{{Script: script, Witness: [][]byte{witness}}, {Script: witness}}, Outputs: []model.Output{{Script: id}, {}}}
		copy(tx.ID[:], id)
		copy(tx.Inputs[0].Prev.Tx[:], id)
		if got, again := change.FingerprintOf(tx), change.FingerprintOf(tx); got != again {
			t.Errorf("%+v, then %+v", got, again)
		}
		b := change.NewBook(false)
		for range 2 {
			if err := b.Add(tx); err != nil {
				t.Fatal(err)
			}
		}
		p := change.DefaultParams()
		facts, _ := b.Facts(tx, p, nil)
		change.Predict(tx, &facts, p)
	})
}

// TestWhole: a book knows which heights it has seen.
func TestWhole(t *testing.T) {
	f := heuristictest.Ledger(t, "height 5\ntx a: new(a) 1 => b 1\ntx c: new(c) 1 => d 1\nheight 9\ntx e: new(e) 1 => f 1\ntx g: new(g) 1 => h 1")
	b, _ := bookOf(t, f)
	for _, v := range []struct {
		from, to int32
		want     bool
	}{
		{5, 6, true}, {6, 6, true}, {9, 10, true}, {10, 10, true},
		{4, 6, false}, {5, 9, false}, {6, 7, false}, {8, 9, false}, {9, 11, false}, {0, 3, false},
	} {
		if got := b.Whole(v.from, v.to); got != v.want {
			t.Errorf("every height from %d to %d: %v, want %v", v.from, v.to, got, v.want)
		}
	}
	part := change.NewBook(true)
	if part.Whole(0, 0) {
		t.Error("a choice of transactions has every one of a height")
	}
}
