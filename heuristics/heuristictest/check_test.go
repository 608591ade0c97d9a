package heuristictest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// recorder keeps the complaints of a check.
type recorder struct{ msgs []string }

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.msgs = append(r.msgs, fmt.Sprintf(format, args...))
}

// complaints checks a heuristic against a text and returns the first line of
// each complaint.
func complaints(t *testing.T, h *heuristics.Heuristic, text string) []string {
	t.Helper()
	var r recorder
	check(&r, h, Ledger(t, text))
	var first []string
	for _, m := range r.msgs {
		line, _, _ := strings.Cut(m, "\n")
		first = append(first, line)
	}
	return first
}

// expect checks that there is one complaint for each pattern, in that order,
// which holds every part of it that stands between "*".
func expect(t *testing.T, got []string, patterns ...string) {
	t.Helper()
	if len(got) != len(patterns) {
		t.Fatalf("%d complaints, want %d:\n%s", len(got), len(patterns), strings.Join(got, "\n"))
	}
	for i, p := range patterns {
		rest := got[i]
		for n, part := range strings.Split(p, "*") {
			at := strings.Index(rest, part)
			if at < 0 || n == 0 && at > 0 {
				t.Errorf("complaint %d is\n\t%s\nwant\n\t%s", i, got[i], p)
				break
			}
			rest = rest[at+len(part):]
		}
	}
}

func TestMetWantsAreNoComplaint(t *testing.T) {
	expect(t, complaints(t, payments(), `
tx a: new => alice 2, bob 0.5             // want payment:"2.00000000 coins to bc1q" >=0.6 <=0.7
tx b: new => alice 1, bob 1               // want payment:"" ~0.5 payment:"" @1
tx c: new => alice 0.1                    // want result:"^0$"
coinbase d: => miner 6.25                 // want skip
// want payment:"pays 3" +1
tx e: new => carol 3
// want payment:"9.00000000"
tx f: new => carol 9
`))
}

// Two wants on one line, of which the first could take either finding and the
// second one alone.
func TestEachWantGetsAFindingOfItsOwn(t *testing.T) {
	for _, wants := range []string{`payment:"coins" payment:"pays 2"`, `payment:"pays 2" payment:"coins"`} {
		expect(t, complaints(t, payments(), "tx a: new => alice 2, bob 3 // want "+wants))
	}
}

func TestWrongWants(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"unmet", `tx a: new => alice 0.5 // want payment:"alice"`, []string{`ledger:1: no finding payment matching "alice" on transaction a`}},
		{"another text", `tx a: new => alice 2 // want payment:"pays 3"`, []string{
			`ledger:1: no finding payment matching "pays 3" on transaction a`,
			`ledger:1: unexpected finding payment on output a.0, probability 0.666667: "Transaction `}},
		{"unexpected", "\n\ntx a: new => bob 0.5, alice 2", []string{`ledger:3: unexpected finding payment on output a.1, probability 0.666667`}},
		{"one too many", `tx a: new => alice 2, bob 2 // want payment:""`, []string{`ledger:1: unexpected finding payment on output a.`}},
		{"one too few", `tx a: new => alice 2 // want payment:"" payment:""`, []string{`ledger:1: no finding payment matching "" on transaction a`}},
		{"another output", `tx a: new => alice 2, bob 0.5 // want payment:"" @1`, []string{
			`ledger:1: no finding payment matching "" on output a.1`, `ledger:1: unexpected finding payment on output a.0`}},
		{"another transaction", "tx a: new => alice 2\ntx b: new => bob 0.5 // want payment:\"\"", []string{
			`ledger:2: no finding payment matching "" on transaction b`, `ledger:1: unexpected finding payment on output a.0`}},
		{"an address that no finding is about", `tx a: new => alice 2 // want payment:"" @addr alice`, []string{
			`ledger:1: no finding payment matching "" on address alice`, `ledger:1: unexpected finding`}},
		{"too low", `tx a: new => alice 2 // want payment:"" >=0.7`, []string{`ledger:1: the finding payment on output a.0 has probability 0.666667, want >=0.70: "Transaction`}},
		{"too high", `tx a: new => alice 2 // want payment:"" <=0.6`, []string{`ledger:1: the finding payment on output a.0 has probability 0.666667, want <=0.60`}},
		{"not near", `tx a: new => alice 2 // want payment:"" ~0.6`, []string{`ledger:1: the finding payment on output a.0 has probability 0.666667, want 0.55 to 0.65`}},
		{"a kind that is not reported", `tx a: new => alice 0.5 // want deposit:""`, []string{`ledger:1: want deposit: payment reports no such kind`}},
		{"a variant of the kind", `tx a: new => alice 2 // want payment/large:""`, []string{
			`ledger:1: want payment/large: payment reports no such kind`, `ledger:1: unexpected finding`}},
		{"the run", `// want payment:""`, []string{`ledger:1: no finding payment matching "" in the run`}},
		{"another result", `tx a: new => alice 0.5 // want result:"^1$"`, []string{`ledger:1: the result for transaction a is 0, want a match of "^1$"`}},
		{"not skipped", `tx a: new => alice 0.5 // want skip`, []string{`ledger:1: transaction a is not skipped, the result is 0`}},
		{"skipped", `coinbase a: => alice 0.5 // want result:"0"`, []string{`ledger:1: transaction a is skipped, want a result matching "0"`}},
		{"a result of the run", `// want result:"0"`, []string{`ledger:1: want result: payment gives no result there`}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, complaints(t, payments(), c.text), c.want...) })
	}
}

func TestNearMissesAreShown(t *testing.T) {
	var r recorder
	check(&r, payments(), Ledger(t, `tx a: new => alice 2 // want payment:"pays 3"`))
	if len(r.msgs) == 0 || !strings.Contains(r.msgs[0], "\n\tthere is payment, probability 0.666667: \"Transaction") {
		t.Errorf("the complaint does not show what was found:\n%s", strings.Join(r.msgs, "\n"))
	}
}

// The text of these has nothing wrong in it; the heuristics have.
func TestWrongHeuristics(t *testing.T) {
	const one = "tx a: new => alice 0.1\ntx b: new => alice 2 // want payment:\"\"\n"
	report := func(change func(*model.Finding, *model.Tx)) *heuristics.Heuristic {
		return with(payments(), func(h *heuristics.Heuristic) {
			h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
				tx, err := p.Tx(ctx)
				if err != nil || tx.Coinbase() || tx.Outputs[0].Value < large {
					return nil, err
				}
				f := payment(tx, 0)
				change(&f, tx)
				p.Report(f)
				return nil, nil
			}
		})
	}
	for _, c := range []struct {
		name string
		h    *heuristics.Heuristic
		text string
		want []string
	}{
		{"it cannot be run", with(payments(), func(h *heuristics.Heuristic) { h.Version = 0 }), one, []string{`ledger: heuristic "payment": version must be at least 1`}},
		{"an error", counting(func(_ int64, tx *model.Tx, p *heuristics.Pass) (any, error) {
			if tx.Outputs[0].Value < large {
				return nil, fmt.Errorf("too small")
			}
			p.Report(payment(tx, 0))
			return nil, nil
		}), one, []string{`ledger:1: payment fails on transaction a: too small`}},
		{"a panic", counting(func(_ int64, tx *model.Tx, p *heuristics.Pass) (any, error) {
			if tx.Outputs[0].Value < large {
				return nil, fmt.Errorf("%v", tx.Outputs[len(tx.Outputs)].Value)
			}
			p.Report(payment(tx, 0))
			return nil, nil
		}), one, []string{`ledger:1: payment fails on transaction a: panic: runtime error: index out of range`}},
		{"an index that fails", with(payments(), func(h *heuristics.Heuristic) {
			h.Index = func(context.Context, *heuristics.Scan) (any, error) { return nil, fmt.Errorf("no disk") }
		}), one, []string{`ledger: Open: payment: index: no disk`}},
		{"totals that fail", with(payments(), func(h *heuristics.Heuristic) {
			h.Finish = func(context.Context, *heuristics.Totals) (any, error) { return nil, fmt.Errorf("no end") }
		}), one, []string{`ledger: payment: finish: no end`}},
		{"a kind that it does not declare", report(func(f *model.Finding, _ *model.Tx) { f.Kind = "payment/odd" }), one, []string{
			`ledger:2: payment fails on transaction b: reports kind "payment/odd", which is not among its Kinds`,
			`ledger:2: no finding payment`}},
		{"a score that its evidence does not give", report(func(f *model.Finding, _ *model.Tx) { f.Score.Probability++ }), one, []string{
			`ledger:2: payment fails on transaction b: finding of kind "payment": score says`, `ledger:2: no finding payment`}},
		{"a shortened address", report(func(f *model.Finding, tx *model.Tx) {
			f.Claim = "It pays " + tx.Outputs[0].Owner.String()[:12] + "."
		}), one, []string{`ledger:2: the finding payment on output b.0 shortens bc1q*in its claim: "It pays bc1q`}},
		{"a shortened txid", report(func(f *model.Finding, tx *model.Tx) { f.Claim = "It is ..." + tx.ID.String()[56:] }), one, []string{
			`ledger:2: the finding payment on output b.0 leaves something out of its claim`, `ledger:2: the finding payment on output b.0 shortens`}},
		{"an address that the claim does not name", report(func(f *model.Finding, tx *model.Tx) {
			f.Subject, f.Claim = model.RefAddress(tx.Outputs[0].Owner), "It pays somebody."
		}), "tx b: new => alice 2\n// want payment:\"\"", []string{`ledger:1: the finding payment on address alice does not name its address bc1q`}},
		{"an address of another network", report(func(f *model.Finding, tx *model.Tx) {
			f.Parts = []model.Item{{On: model.RefTx(tx.ID), Role: "paid", Address: model.AddressOf(tx.Outputs[0].Script, model.Regtest)}}
		}), one, []string{`ledger:2: the finding payment on output b.0 is not valid once read back from JSON`,
			`ledger:2: the finding payment on output b.0 has another JSON form once read back`}},
		{"it counts its calls", counting(func(n int64, tx *model.Tx, p *heuristics.Pass) (any, error) {
			if tx.Outputs[0].Value >= large {
				f := payment(tx, 0)
				f.Claim = fmt.Sprintf("%s This is call %d.", f.Claim, n)
				p.Report(f)
			}
			return nil, nil
		}), one, []string{
			`ledger:2: run once more in the same order, the finding on output b.0 differs: the same run gives other findings each time`,
		}},
		{"filters that are too narrow", with(payments(), func(h *heuristics.Heuristic) { h.Select = []model.Filter{{MinOutputs: 2}} }),
			"tx a: new => alice 2, bob 0.1 // want payment:\"\"\ntx b: new => alice 2", []string{
				`ledger:2: without the filters of Select, the finding on output b.0 differs: Select stops transactions that Run reports on`}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, complaints(t, c.h, c.text), c.want...) })
	}
}

// ordered gives the second large payment that it sees in a session another
// claim than the first. Its memory belongs to the session, so running it again
// in the same order gives the same.
func ordered(result bool) *heuristics.Heuristic {
	type memory struct {
		mu  sync.Mutex
		on  model.TxID
		set bool
	}
	return with(payments(), func(h *heuristics.Heuristic) {
		h.Index = func(context.Context, *heuristics.Scan) (any, error) { return &memory{}, nil }
		h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
			tx, err := p.Tx(ctx)
			if err != nil || tx.Coinbase() || tx.Outputs[0].Value < large {
				return nil, err
			}
			m := heuristics.IndexOf[*memory](p, h)
			m.mu.Lock()
			defer m.mu.Unlock()
			if !m.set {
				m.set, m.on = true, tx.ID
			}
			if result {
				return m.on == tx.ID, nil
			}
			f := payment(tx, 0)
			if m.on == tx.ID {
				f.Claim += " It is the first."
			}
			p.Report(f)
			return nil, nil
		}
	})
}

const many = `
tx a: new => alice 2 // want payment:""
tx b: new => alice 3 // want payment:""
tx c: new => alice 4 // want payment:""
tx d: new => alice 5 // want payment:""
tx e: new => alice 6 // want payment:""
tx f: new => alice 7 // want payment:""
`

func TestOrderMatters(t *testing.T) {
	got := complaints(t, ordered(false), many)
	if len(got) == 0 || !strings.HasPrefix(got[0], "ledger:") || !strings.Contains(got[0], "with subjects in another order, the finding on output ") {
		t.Errorf("order dependence of findings is not told:\n%s", strings.Join(got, "\n"))
	}
	got = complaints(t, ordered(true), strings.ReplaceAll(many, "// want payment:\"\"", ""))
	if len(got) == 0 || !strings.Contains(got[0], "with subjects in another order, the result for transaction ") {
		t.Errorf("order dependence of results is not told:\n%s", strings.Join(got, "\n"))
	}
}

// What fails to be looked up must show; here a parent that cannot be read is
// taken for one that does not exist.
func TestFaultsThatAreKeptSilent(t *testing.T) {
	const text = many + `
tx g: a.0 => alice 2 // want payment:""
tx h: b.0 => alice 2 // want payment:""
tx i: c.0 => alice 2 // want payment:""
tx j: d.0 => alice 2 // want payment:""
tx k: e.0 => alice 2 // want payment:""
`
	h := func(fails func(p *heuristics.Pass, f *model.Finding, err error) error) *heuristics.Heuristic {
		return with(payments(), func(h *heuristics.Heuristic) {
			h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
				tx, err := p.Tx(ctx)
				if err != nil || tx.Coinbase() {
					return nil, err
				}
				f := payment(tx, 0)
				parents, err := p.Txs(ctx, tx.Inputs[0].Prev.Tx)
				switch {
				case err != nil:
					if err := fails(p, &f, err); err != nil {
						return nil, err
					}
				case parents[0] != nil:
					f.Claim += " It has a parent."
				}
				p.Report(f)
				return nil, nil
			}
		})
	}
	got := complaints(t, h(func(*heuristics.Pass, *model.Finding, error) error { return nil }), text)
	if len(got) != 1 || !strings.HasPrefix(got[0], "ledger:") || !strings.Contains(got[0], ": with a third of the look-ups failing, the finding on output ") {
		t.Errorf("silence about a fault is not told:\n%s", strings.Join(got, "\n"))
	}
	for name, fails := range map[string]func(p *heuristics.Pass, f *model.Finding, err error) error{
		"an error": func(_ *heuristics.Pass, _ *model.Finding, err error) error { return err },
		"partial":  func(p *heuristics.Pass, _ *model.Finding, err error) error { p.Partial("the parent"); return nil },
		"a note":   func(p *heuristics.Pass, _ *model.Finding, err error) error { p.Note("the parent", 1); return nil },
		"unseen": func(_ *heuristics.Pass, f *model.Finding, err error) error {
			f.Unseen = []string{"The parent could not be read."}
			return nil
		},
	} {
		if got := complaints(t, h(fails), text); len(got) != 0 {
			t.Errorf("%s is not taken for a word about the fault:\n%s", name, strings.Join(got, "\n"))
		}
	}
}

// A heuristic that takes a spent budget for an answer invents a finding; one that
// says partial does not.
func TestFindingsThatABudgetInvents(t *testing.T) {
	h := func(partial bool) *heuristics.Heuristic {
		return with(payments(), func(h *heuristics.Heuristic) {
			h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
				tx, err := p.Tx(ctx)
				if err != nil || tx.Coinbase() {
					return nil, err
				}
				f := payment(tx, 0)
				for range 4 {
					if _, err := p.Txs(ctx, tx.Inputs[0].Prev.Tx); errors.Is(err, heuristics.ErrEvaluationBudget) {
						f.Claim += " It has no parent."
						if partial {
							p.Partial("the parent was not looked up")
						}
						break
					} else if err != nil {
						return nil, err
					}
				}
				p.Report(f)
				return nil, nil
			}
		})
	}
	const text = `tx a: new => alice 2
tx b: a.0 => bob 2 // want payment:""`
	if got := complaints(t, h(true), strings.ReplaceAll(text, "alice 2", `alice 2 // want payment:""`)); len(got) != 0 {
		t.Errorf("a partial finding is taken for an invented one:\n%s", strings.Join(got, "\n"))
	}
	got := complaints(t, h(false), strings.ReplaceAll(text, "alice 2", `alice 2 // want payment:""`))
	if len(got) == 0 || !strings.Contains(got[0], "with half the budget, the finding payment on output ") {
		t.Errorf("an invented finding is not told:\n%s", strings.Join(got, "\n"))
	}
}

func TestGoroutinesLeftBehind(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	h := counting(func(_ int64, tx *model.Tx, p *heuristics.Pass) (any, error) {
		go func() { <-stop }()
		return nil, nil
	})
	expect(t, complaints(t, h, `tx a: new => alice 0.5`), `ledger: a run leaves goroutines behind:`)
}

// One that ends when the run does is not left behind.
func TestGoroutinesThatEndInTime(t *testing.T) {
	h := with(payments(), func(h *heuristics.Heuristic) {
		h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
			go func() { <-ctx.Done() }()
			return nil, nil
		}
	})
	// Eval has no end of its own, so nothing may be asked for after the run.
	h.Subjects = nil
	h.Name = "waits"
	outer := payments()
	outer.Requires = []*heuristics.Heuristic{h}
	outer.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) { return nil, heuristics.ErrSkip }
	expect(t, complaints(t, outer, `tx a: new => alice 0.5`))
}

func TestLedgerFiles(t *testing.T) {
	Run(t, payments(), "testdata/*.ledger")
}

func TestRunText(t *testing.T) {
	RunText(t, payments(), many)
}

// fatal stands for a test, and keeps what ends it.
type fatal struct {
	testing.TB
	msg string
}

func (f *fatal) Helper() {}

func (f *fatal) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

func (f *fatal) Fatalf(format string, args ...any) {
	f.msg = fmt.Sprintf(format, args...)
	panic(f)
}

func (f *fatal) run(test func()) (msg string) {
	defer func() {
		if r := recover(); r != nil && r != any(f) {
			panic(r)
		}
		msg = f.msg
	}()
	test()
	return ""
}

func TestTextThatIsNoLedger(t *testing.T) {
	f := &fatal{TB: t}
	got := f.run(func() { RunText(f, payments(), "tx a: b.0 => carol 1") })
	if want := "not a ledger:\nledger:1:7: unknown transaction \"b\""; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOpenAndFindings(t *testing.T) {
	f := Ledger(t, "coinbase m: => miner 2\ntx a: new => alice 2, bob 3\ntx b: new => carol 1")
	s := Open(t, f, heuristics.Scope{}, payments())
	var got []string
	for _, finding := range Findings(t, s) {
		o, _ := finding.Subject.Outpoint()
		name, _ := f.TxName(o.Tx)
		got = append(got, fmt.Sprint(name, ".", o.Vout))
	}
	if diff := cmp.Diff([]string{"a.0", "a.1", "b.0"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	tb := &fatal{TB: t}
	broken := with(payments(), func(h *heuristics.Heuristic) { h.Version = 0 })
	if got := tb.run(func() { Open(tb, f, heuristics.Scope{}, broken) }); !strings.Contains(got, "version must be at least 1") {
		t.Errorf("Open with a heuristic that is not valid says %q", got)
	}
	if got := tb.run(func() { Open(tb, f, heuristics.Scope{From: 9, To: 8}, payments()) }); !strings.Contains(got, "holds nothing") {
		t.Errorf("Open with an empty scope says %q", got)
	}
}

// Blocks, outputs, inputs and addresses are subjects where they are accepted.
func TestSubjectsOfEveryKind(t *testing.T) {
	f := Ledger(t, "tx a: new(bob) => alice 2, alice 1")
	count := map[model.RefKind]int{}
	h := with(payments(), func(h *heuristics.Heuristic) {
		h.Select = nil
		h.Subjects = []model.RefKind{model.KindTx, model.KindBlock, model.KindOutpoint, model.KindInpoint, model.KindAddress}
		h.Run = func(_ context.Context, p *heuristics.Pass) (any, error) {
			count[p.Subject.Kind()]++
			return nil, nil
		}
	})
	Findings(t, Open(t, f, heuristics.Scope{}, h))
	// The block, which has a coinbase of the ledger, and a: three outputs, two
	// inputs, and miner, bob and alice.
	want := map[model.RefKind]int{model.KindTx: 2, model.KindBlock: 1, model.KindOutpoint: 3, model.KindInpoint: 2, model.KindAddress: 3}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("subjects (-want +got)\n%s", diff)
	}
}

func TestPatternThatMatchesNothing(t *testing.T) {
	if files, err := filesOf("testdata/*.ledger"); len(files) < 2 || err != nil {
		t.Errorf("testdata: %q, %v", files, err)
	}
	for _, glob := range []string{"testdata/*.legder", "["} {
		if files, err := filesOf(glob); err == nil {
			t.Errorf("%q gives %q and no error", glob, files)
		}
	}
}
