package report_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	p := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(p, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if it should, write it anew with -update (-want +got):\n%s", p, diff)
	}
}

func text(t *testing.T, f *model.Finding, about func(model.Address) bool) string {
	t.Helper()
	var b strings.Builder
	if err := report.Text(&b, f, about); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestText shows every field that a finding can have.
func TestText(t *testing.T) { golden(t, "finding.golden", text(t, sealed(t), nil)) }

func TestRunText(t *testing.T) {
	var b strings.Builder
	if err := report.RunText(&b, messages(t)[0].Run); err != nil {
		t.Fatal(err)
	}
	want := `goldwash v1.2.3 on signet, up to block 7
  from ledger case.ledger: 4 blocks
  stated: ` + test + ` is an address of Subject, 0.80

`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFailureText(t *testing.T) {
	for _, m := range []struct {
		report.Failure
		want string
	}{
		{report.Failure{Heuristic: "pool", Subject: model.RefTx(txid(t, someTx)), Error: "away"}, "FAILED  pool on tx " + someTx + ": away\n"},
		{report.Failure{Heuristic: "run", Error: "two\nlines"}, "FAILED  run: two lines\n"},
	} {
		var b strings.Builder
		if err := report.FailureText(&b, &m.Failure); err != nil || b.String() != m.want {
			t.Errorf("%q, %v, want %q", b.String(), err, m.want)
		}
	}
}

// An address or id is longer than a line may be at the indent of an item; it
// stands whole all the same, however narrow.
func TestTextShortensNothing(t *testing.T) {
	f := sealed(t, func(f *model.Finding) {
		a := address(t, long, model.Mainnet)
		f.Claim = "The outputs " + someTx + ":4294967295 and " + someTx + ":0 pay " + long + "."
		f.Evidence[0].Items = append(f.Evidence[0].Items, model.Item{
			On: model.RefOutpoint(model.Outpoint{Tx: model.TxID{1}, Vout: math.MaxUint32}), Role: strings.Repeat("very ", 12) + "long role", Address: a,
		})
	})
	out := text(t, f, nil)
	for _, want := range []string{
		someTx + ":4294967295", someTx + ":0", long, alice, bob, f.ID.String(), f.Digest.String(), f.Rules.String(),
		model.RefOutpoint(model.Outpoint{Tx: model.TxID{1}, Vout: math.MaxUint32}).ID(),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not there in full:\n%s", want, out)
		}
	}
	if strings.Contains(out, "...") || strings.Contains(out, "…") {
		t.Error("something is shortened")
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > 78 && len(strings.Fields(line)) > 2 {
			t.Errorf("a line of %d characters that could be broken: %q", utf8.RuneCountInString(line), line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("spaces at the end of %q", line)
		}
	}
}

// Of a subject with many parts those are listed that somebody is interested in.
func TestTextManyParts(t *testing.T) {
	many := func(f *model.Finding) {
		f.Parts = nil
		for i := range 40 {
			it := model.Item{On: model.RefOutpoint(model.Outpoint{Tx: txid(t, someTx), Vout: uint32(i)}), Role: "member", Note: "no sign of another"}
			it.Address = address(t, alice, model.Mainnet)
			if i%20 == 7 {
				it.Address = address(t, bob, model.Mainnet)
			}
			if i == 39 {
				it.Role = "pool_internal"
			}
			if i != 3 {
				it.Value = &model.Money{Amount: 1_000_000, Unit: "sat"}
			}
			f.Parts = append(f.Parts, it)
		}
	}
	f := sealed(t, many)
	out := text(t, f, func(a model.Address) bool { return a.String() == bob })
	for _, want := range []string{
		"Parts       39 member (0.38000000 BTC), 1 pool internal (0.01000000 BTC)\n",
		"\n              member output 7 at " + bob, "\n              member output 27 at " + bob, "Each of the 40 with its reason is in the JSON form.",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("does not hold %q:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "member output "); n != 2 {
		t.Errorf("%d parts are listed, want 2", n)
	}
	if n := strings.Count(text(t, f, nil), "member output "); n != 0 {
		t.Errorf("%d parts are listed where nobody is of interest", n)
	}
	all := text(t, f, func(model.Address) bool { return true })
	if n := strings.Count(all, "member output "); n == 0 || n > 12 {
		t.Errorf("%d parts are listed where everybody is of interest", n)
	}
}

// A finding may come from a file that a stranger wrote.
func TestTextOfAnything(t *testing.T) {
	evil := "x\x1b[2J\r\n\t\u202e\u2028\u200b\u009b\xff\x00y"
	f := sealed(t, func(f *model.Finding) {
		f.Kind, f.Claim, f.Heuristic, f.Score.Likelihood, f.Confidence.Level = evil, evil, evil, evil, evil
		f.Labels[0].Entity, f.Labels[0].Source, f.Labels[0].Role, f.Labels[0].Method = evil, evil, model.Role(evil), model.Method(evil)
		f.Amounts[0].Role, f.Amounts[0].Unit, f.Amounts[0].Fiat = evil, evil, &model.Fiat{Currency: evil}
		f.Facts[0], f.Parts[0].Role, f.Parts[0].Note, f.Unseen = model.Fact{Name: evil, Value: evil}, evil, evil, []string{evil}
		f.Evidence[0].Text, f.Evidence[0].Family, f.Evidence[0].Items[0].Role = evil, evil, evil
		f.Chance = &model.Chance{Correction: evil, Text: evil}
		f.Without, f.Sensitivity = []model.LeftOut{{Text: evil, Kind: evil}}, []model.Sensitivity{{Parameter: evil, Value: evil, From: evil, To: evil, Text: evil}}
		f.Score.RangeOver, f.Replay, f.Search = evil, evil, []model.Fact{{Name: evil, Value: evil}}
	})
	if out := brief(t, f); strings.ContainsAny(out, "\x1b\r\t\x00") || !utf8.ValidString(out) {
		t.Errorf("%q", out)
	}
	out := show(t, report.Message{Finding: f})
	if strings.ContainsAny(out, "\x1b\r\t\x00") || !utf8.ValidString(out) {
		t.Errorf("%q", out)
	}
	show(t, report.Message{Run: &report.Run{Tool: evil, Version: evil, Replay: evil}})
	show(t, report.Message{Failure: &report.Failure{Heuristic: evil, Error: evil}})
	show(t, report.Message{Coverage: &heuristics.Coverage{
		Labels: []model.Fact{{Name: evil, Value: evil}}, Lacks: evil,
		Heuristics: []heuristics.HeuristicCoverage{{Heuristic: evil, Offered: 1, Notes: []heuristics.Note{{Text: evil}}}},
	}})
	// Nothing at all is shown as nothing.
	if out := show(t, report.Message{Finding: &model.Finding{
		Amounts: []model.Figure{{}}, Premises: []model.Premise{{}}, Alternatives: []model.Alternative{{}}, Facts: []model.Fact{{}}, Parts: []model.Item{{}},
		Evidence: []model.Evidence{{Items: []model.Item{{}}}}, Counter: []model.Counter{{}, {Found: true}}, Labels: []model.Label{{}},
		Chance: &model.Chance{}, Without: []model.LeftOut{{}}, Sensitivity: []model.Sensitivity{{}}, ErrorRates: []model.ErrorRate{{Measured: true}},
	}}); strings.ContainsRune(out, utf8.RuneError) {
		t.Errorf("empty texts become something:\n%s", out)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Hash Bazaar": "Hash Bazaar", "Größe 算力 ⛏": "Größe 算力 ⛏",
		"a\x1b[31mb": "a [31mb", "a\r\n\tb": "a   b", "a\u202eb\u2066c": "a b c", "a\u009bb": "a b", "a\x9bb": "a\ufffdb", "\u200f\ufeff\u00ad": "   ",
	} {
		if got := report.Printable(in); got != want {
			t.Errorf("Printable(%q) = %q, want %q", in, got, want)
		}
	}
}

// broken fails at the n-th write.
type broken struct{ n int }

var errBroken = errors.New("broken pipe")

func (b *broken) Write(p []byte) (int, error) {
	if b.n--; b.n < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestTextReturnsTheWritersError(t *testing.T) {
	var totals report.Totals
	totals.Add(sealed(t))
	ms := messages(t)
	for name, write := range map[string]func(io.Writer) error{
		"Text":         func(w io.Writer) error { return report.Text(w, sealed(t), nil) },
		"Brief":        func(w io.Writer) error { return report.Brief(w, loop(t)) },
		"Text, a loop": func(w io.Writer) error { return report.Text(w, loop(t), nil) },
		"Totals.Text":  totals.Text,
		"RunText":      func(w io.Writer) error { return report.RunText(w, ms[0].Run) },
		"FailureText":  func(w io.Writer) error { return report.FailureText(w, ms[4].Failure) },
		"CoverageText": func(w io.Writer) error { return report.CoverageText(w, *ms[len(ms)-1].Coverage) },
	} {
		b := &broken{}
		if err := write(b); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
		if b.n < -1 {
			t.Errorf("%s writes on after an error", name)
		}
	}
}

// figure returns a finding of a kind with an amount, and perhaps what it was
// worth: "" for nothing, "12.50 USD".
func figure(kind string, sat model.Amount, worth string) *model.Finding {
	f := &model.Finding{Kind: kind, Amounts: []model.Figure{{Role: "paid_in", Money: model.Money{Amount: sat, Unit: "sat"}}, {Role: "other", Money: model.Money{Amount: 99, Unit: "sat"}}}}
	if amount, currency, ok := strings.Cut(worth, " "); ok {
		f.Amounts[0].Fiat = &model.Fiat{Currency: currency, Amount: decimal.RequireFromString(amount), Places: 2}
	}
	return f
}

func TestTotals(t *testing.T) {
	totals := func(fs ...*model.Finding) string {
		var sum report.Totals
		for _, f := range fs {
			sum.Add(f)
		}
		var b strings.Builder
		if err := sum.Text(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	bare := &model.Finding{Kind: "cluster/conflict"}
	signet := figure("deposit", 5, "")
	signet.Network = model.Signet
	for _, test := range []struct {
		name string
		in   []*model.Finding
		want string
	}{
		{"none", nil, "No findings. The coverage below says what was looked at.\n"},
		{"kinds in their order, whatever the order of the findings", []*model.Finding{figure("payout", 3, ""), bare, figure("deposit", 1, ""), figure("payout", 4, "")},
			"TOTALS\n  cluster/conflict                 1\n  deposit                          1   paid in 0.00000001 BTC\n  payout                           2   paid in 0.00000007 BTC\n"},
		{"worth", []*model.Finding{figure("deposit", 35_000_000, "8124.46 USD"), figure("deposit", 40_000_000, "8140.18 USD")},
			"TOTALS\n  deposit                          2   paid in 0.75000000 BTC  $16,264.64\n"},
		{"without a price", []*model.Finding{figure("deposit", 1, ""), figure("deposit", 1, "1.10 USD"), figure("deposit", 1, "")},
			"TOTALS\n  deposit                          3   paid in 0.00000003 BTC  $1.10 (2 without a price)\n"},
		{"two currencies are not added", []*model.Finding{figure("deposit", 1, "2.20 EUR"), figure("deposit", 1, "1.10 USD")},
			"TOTALS\n  deposit                          2   paid in 0.00000002 BTC  2.20 EUR (1 without a price)\n"},
		{"more than can be counted", []*model.Finding{figure("deposit", math.MaxInt64, "1.00 USD"), figure("deposit", 1, "1.00 USD"), figure("deposit", 5, "")},
			"TOTALS\n  deposit                          3   paid in: the sum is more than can be counted\n"},
		{"large, negative, grouped", []*model.Finding{figure("deposit", -1, "-1234567.895 USD")},
			"TOTALS\n  deposit                          1   paid in -0.00000001 BTC  $-1,234,567.90\n"},
		{"another network's coin", []*model.Finding{signet},
			"TOTALS\n  deposit                          1   paid in 0.00000005 tBTC\n"},
	} {
		if diff := cmp.Diff(test.want, totals(test.in...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestCoverageText(t *testing.T) {
	cover := func(c heuristics.Coverage) string {
		var b strings.Builder
		if err := report.CoverageText(&b, c); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	whole := heuristics.Coverage{
		Lacks: "Prices|Select", From: 3, To: 9, Tip: model.BlockRef{Known: model.KnownHeight, Height: 12}, Blocks: 4, Txs: 8, Inputs: 20,
		UnresolvedInputs: 5, UnownedInputs: 2, Labels: []model.Fact{{Name: "actor", Value: "1"}, {Name: "hash_marketplace", Value: "0"}},
		Heuristics: []heuristics.HeuristicCoverage{
			{Heuristic: "deposit", Offered: 8, Filtered: 5, Ran: 1, Skipped: 1, Partial: 1, Failed: 1, Findings: 1, Lookups: 3,
				Notes: []heuristics.Note{{Text: "inputs without owner", Count: 2}}},
			{Heuristic: "service"}, // was not asked, and has nothing to say
		},
		Failures: 1, Incomplete: true,
	}
	want := `COVERAGE
Scope       heights 3 to 9
Tip         block 12
Looked at   4 blocks, 8 transactions, 20 inputs
Unknown     the value of 5 inputs and the owner of 2: what they spend was not
            loaded
Labels      1 actor, 0 hash marketplace
            No label of a hash marketplace is loaded: silence about deposits
            to them means nothing.
Without     the sources lack Prices|Select
  deposit           8 offered, 5 filtered, 1 ran, 1 not applicable, 1 partial,
                    1 FAILED, 1 findings, 3 look-ups
                      2: inputs without owner
INCOMPLETE  1 failures; what would have been said without them is not known.
`
	if diff := cmp.Diff(want, cover(whole)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	bare := heuristics.Coverage{Lacks: "none", From: 7, Labels: []model.Fact{{Name: "hash_marketplace", Value: "2"}}}
	want = `COVERAGE
Scope       heights from 7
Looked at   0 blocks, 0 transactions, 0 inputs
Labels      2 hash marketplace
`
	if diff := cmp.Diff(want, cover(bare)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := cover(heuristics.Coverage{Lacks: "none"}); !strings.Contains(got, "Scope       everything that the sources have\n") {
		t.Errorf("a scope without bounds:\n%s", got)
	}
}

func ExampleTotals() {
	var sum report.Totals
	for _, sat := range []model.Amount{35_000_000, 40_000_000} {
		sum.Add(&model.Finding{Kind: "deposit", Amounts: []model.Figure{{Role: "paid", Money: model.Money{Amount: sat, Unit: "sat"}}}})
	}
	if err := sum.Text(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// TOTALS
	//   deposit                          2   paid 0.75000000 BTC
}
