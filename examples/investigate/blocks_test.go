package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
)

// publicLabels are the flags that load the pool lists of the two commands for
// real blocks.
func publicLabels(t *testing.T) []string {
	return []string{
		"-labels", realdata.Path(t, "labels/pools/mempool-pools-v2.json"),
		"-labels", realdata.Path(t, "labels/tagpacks/miners.yaml.gz"),
	}
}

func TestBlock514485(t *testing.T) {
	args := append([]string{"-blocks", block(t, "514485.raw.gz"), "-format", "json"}, publicLabels(t)...)
	out, errs := investigate(t, exitOK, args...)
	if errs != "" {
		t.Errorf("wrote to standard error: %s", errs)
	}
	checkForm(t, out)
	fs := findings(decode(t, out))
	payouts := ofKind(fs, "payout", "payout/coinbase", "payout/chain", "payout/custody", "payout/solo")
	if len(payouts) != 1 {
		t.Fatalf("%d payouts, want one", len(payouts))
	}
	f := payouts[0]
	if got := f.Subject.ID(); got != "b554d76738f9d0dcfbd23623d165ecb1bbca981a9d383acc36fb5792bef9aef2" {
		t.Errorf("the payout is %s", got)
	}
	if fact(f, "inputs") != "14" || fact(f, "outputs") != "1469" || figures(f)["all outputs"] != "204.01696712" {
		t.Errorf("facts %v, amounts %v", f.Facts, figures(f))
	}
	// Every output has one class, and the reason.
	if len(f.Parts) != 1469 {
		t.Errorf("%d of 1469 outputs are classified", len(f.Parts))
	}
	var sum model.Amount
	vouts := map[uint32]bool{}
	for _, it := range f.Parts {
		o, ok := it.On.Outpoint()
		if !ok || vouts[o.Vout] {
			t.Fatalf("part %v is no output, or one twice", it.On)
		}
		vouts[o.Vout] = true
		sum += it.Value.Amount
		if !slices.Contains([]string{"member", "pool_internal", "service", "too_small"}, it.Role) || it.Note == "" {
			t.Errorf("output %d is %q, because %q", o.Vout, it.Role, it.Note)
		}
	}
	if sum.String() != "204.01696712" {
		t.Errorf("the outputs sum to %v", sum)
	}
	// Three lists, three names for one payer.
	const payer = "147SwRQdpCfj5p8PnfsXV2SsVVpVcz3aPq"
	names := map[string]bool{}
	for _, l := range f.Labels {
		if l.On.ID() == payer {
			names[l.Entity] = true
		}
	}
	if diff := cmp.Diff(map[string]bool{"1THash": true, "Btc.top": true, "Canoe": true}, names); diff != "" {
		t.Errorf("names of the payer (-want +got):\n%s", diff)
	}
	if !strings.Contains(fact(f, "pool"), "conflict") {
		t.Errorf("pool %q, want a conflict", fact(f, "pool"))
	}
	i := slices.IndexFunc(fs, func(f *model.Finding) bool { return f.Kind == "cluster/conflict" && f.Subject.ID() == payer })
	if i < 0 || !strings.Contains(fs[i].Claim, "1THash") || !strings.Contains(fs[i].Claim, "Btc.top") || !strings.Contains(fs[i].Claim, "Canoe") {
		t.Error("the conflict of the three is not reported")
	}
	// A raw block does not hold what its inputs were worth.
	for _, ev := range f.Evidence {
		for _, it := range ev.Items {
			if _, in := it.On.Inpoint(); in && it.Value != nil {
				t.Errorf("%v has the value %v, which the block does not hold", it.On, it.Value.Amount)
			}
		}
	}
	if !slices.ContainsFunc(f.Unseen, func(s string) bool { return strings.Contains(s, "values of 14 of the 14") }) {
		t.Errorf("does not say what it costs that values are unknown: %q", f.Unseen)
	}
	// A service that pays itself makes no deposit.
	for _, f := range fs {
		if family(f.Kind) == "deposit" || family(f.Kind) == "commingling" || family(f.Kind) == "coinjoin" {
			t.Errorf("%s: %s", f.Kind, f.Claim)
		}
	}
}

// eobotDeposits are the payments of block 363703 to Eobot's address, in their
// order.
var eobotDeposits = []string{
	"ece98044645318d3cfc42016aade266b4af9f66a80144f81c3d18d44334ef95e:0",
	"32722c3093e226b981658d98661fc2c126c866000e2344cac401f5515438865d:0",
	"d5c347852f0a38a552cf02571d9e345fff4576b4a46a1d0f878b8cda77be555c:0",
	"826a20406343c754751a7b1f1947bc1641c10c750866dfe76086775d2e71bc25:0",
	"abba88244cf8eee834ff90efbe1ce93e4510c9f77e2391e6bfdd2e66df805289:0",
}

func TestBlock363703(t *testing.T) {
	args := append([]string{"-blocks", block(t, "363703.raw.gz"), "-format", "json"}, publicLabels(t)...)
	out, _ := investigate(t, exitOK, args...)
	checkForm(t, out)
	fs := findings(decode(t, out))
	var got []string
	for _, f := range fs {
		if family(f.Kind) != "deposit" {
			continue
		}
		got = append(got, f.Subject.ID())
		if f.Kind != "deposit/unattributed" || fact(f, "service") != "Eobot" || !strings.Contains(f.Claim, "Somebody paid") {
			t.Errorf("%s to %s: %s", f.Kind, fact(f, "service"), f.Claim)
		}
	}
	if diff := cmp.Diff(eobotDeposits, got); diff != "" {
		t.Errorf("deposits (-want +got):\n%s", diff)
	}
	if n := kinds(fs)["commingling"] + kinds(fs)["payout"]; n > 0 {
		t.Errorf("kinds %v", kinds(fs))
	}
}

// With a payer's address as subject, that one of the five is attributed and the
// others are as they were.
func TestBlock363703WithASubject(t *testing.T) {
	const payer = "1FvuBRzrU3UZJ7gpEYJjChrFo6MPAHxChE" // of the second input of the first
	args := []string{"-blocks", block(t, "363703.raw.gz"), "-subject", payer + "=0.8"}
	ms := messages(t, args...)
	var got []string
	for _, f := range findings(ms) {
		switch f.Kind {
		case "deposit":
			if !strings.HasPrefix(f.Claim, "Subject paid") || f.Score.Probability > model.Percent(80) {
				t.Errorf("%v: %s", f.Score.Probability, f.Claim)
			}
			fallthrough
		case "deposit/unattributed":
			got = append(got, f.Kind+" "+f.Subject.ID())
		}
	}
	want := []string{"deposit " + eobotDeposits[0]}
	for _, d := range eobotDeposits[1:] {
		want = append(want, "deposit/unattributed "+d)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deposits (-want +got):\n%s", diff)
	}
	if s := ms[0].Run.Scope; len(s.Actors) != 1 || s.Actors[0].On.ID() != payer || s.Actors[0].Confidence != model.Percent(80) {
		t.Errorf("the run states %+v", s.Actors)
	}
}

func TestSpentOutputs(t *testing.T) {
	raw, undo := block(t, "300025.raw.gz"), block(t, "300025.undo.gz")
	pools := realdata.Path(t, "labels/pools/mempool-pools-v2.json")
	with := messages(t, "-blocks", raw, "-spent", undo, "-labels", pools)
	without := messages(t, "-blocks", raw, "-labels", pools)
	if c := with[len(with)-1].Coverage; c.UnresolvedInputs != 0 || c.UnownedInputs != 0 || c.Txs != 461 || c.Inputs != 1428 {
		t.Errorf("with the spent outputs %d inputs of %d are unresolved, and %d unowned", c.UnresolvedInputs, c.Inputs, c.UnownedInputs)
	}
	if c := without[len(without)-1].Coverage; c.UnresolvedInputs == 0 || c.UnownedInputs == 0 {
		t.Errorf("without the spent outputs %d inputs are unresolved and %d unowned", c.UnresolvedInputs, c.UnownedInputs)
	}
	mined := func(ms []report.Message) []string { return claims(ofKind(findings(ms), "pool")) }
	for name, ms := range map[string][]string{"with": mined(with), "without": mined(without)} {
		if len(ms) != 1 || !strings.Contains(ms[0], "was mined by F2Pool") {
			t.Errorf("%s the spent outputs: %q", name, ms)
		}
	}
	_, errs := investigate(t, exitUsage, "-blocks", raw, "-spent", block(t, "367891.spent.gz"))
	if !strings.Contains(errs, "367891.spent.gz") {
		t.Errorf("spent outputs of another block: says %q", errs)
	}
}

func claims(fs []*model.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Claim)
	}
	return out
}

// unpacked writes the first n bytes of a gzipped file, unpacked; all for 0.
func unpacked(t *testing.T, path string, n int64) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if n == 0 {
		n = 64 << 20
	}
	if _, err := io.CopyN(&b, z, n); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "blk00000.dat")
	if err := os.WriteFile(p, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// What is missing from a file that is cut is a failure: silence means less.
func TestDamagedBlocks(t *testing.T) {
	p := unpacked(t, block(t, "0-14131.blk.dat.gz"), 100_000)
	out, errs := investigate(t, exitIncomplete, "-blocks", p, "-format", "json")
	if !strings.Contains(errs, "truncated") || !strings.Contains(errs, p) {
		t.Errorf("says %q", errs)
	}
	ms := decode(t, out)
	c := ms[len(ms)-1].Coverage
	if c == nil || !c.Incomplete || c.Failures != 1 || c.Blocks < 400 {
		t.Errorf("coverage %+v", c)
	}
	if fails := lines(out, "failure"); len(fails) != 1 || !strings.Contains(fails[0], "truncated") {
		t.Errorf("failures %q", fails)
	}
	text, _ := investigate(t, exitIncomplete, "-blocks", p)
	if !strings.Contains(text, "FAILED  blockfile: ") || !strings.Contains(text, "INCOMPLETE") {
		t.Errorf("the text does not say so:\n%s", text)
	}
}

func TestFromTo(t *testing.T) {
	p := unpacked(t, block(t, "0-14131.blk.dat.gz"), 0)
	ms := messages(t, "-blocks", p, "-from", "100", "-to", "299")
	if c := ms[len(ms)-1].Coverage; c.Blocks != 200 || c.From != 100 || c.To != 299 {
		t.Errorf("%d blocks from %d to %d", c.Blocks, c.From, c.To)
	}
	if r := ms[0].Run; r.Tip.Height != 14131 || r.Scope.From != 100 || r.Scope.To != 299 {
		t.Errorf("run up to %d with the scope %+v", r.Tip.Height, r.Scope)
	}
	ms = messages(t, "-blocks", p, "-from", "14000")
	if c := ms[len(ms)-1].Coverage; c.Blocks != 132 {
		t.Errorf("%d blocks from 14000 on, want 132", c.Blocks)
	}
}

// The same blocks as a folder, a file, a gzipped file and with the network said.
func TestWaysToNameBlocks(t *testing.T) {
	raw := block(t, "363703.raw.gz")
	want := lines(jsonOf(t, "-blocks", raw), "finding")
	dir := t.TempDir()
	b := unpacked(t, raw, 0)
	if err := os.Rename(b, filepath.Join(dir, "blk00000.dat")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-blocks", dir},
		{"-blocks", filepath.Join(dir, "blk00000.dat")},
		{"-blocks", raw, "-network", "mainnet"},
		{"-blocks", raw, "-blocks", raw},
	} {
		if diff := cmp.Diff(want, lines(jsonOf(t, args...), "finding")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", args, diff)
		}
	}
	// On another network nothing of it is known, and the coverage says so.
	_, errs := investigate(t, exitUsage, "-blocks", block(t, "0-14131.blk.dat.gz"), "-network", "signet")
	if !strings.Contains(errs, "signet") || !strings.Contains(errs, "mainnet") {
		t.Errorf("blocks of another network: says %q", errs)
	}
}

func jsonOf(t *testing.T, args ...string) string {
	t.Helper()
	out, _ := investigate(t, exitOK, append([]string{"-format", "json"}, args...)...)
	return out
}

// What may not change a finding: workers, the order of subjects.
func TestSameBytes(t *testing.T) {
	subjects := []string{
		"1FvuBRzrU3UZJ7gpEYJjChrFo6MPAHxChE=0.8", "1APfdfL5QL8fyqS1bgZiPV1AD4SwhRxNvG", "1Hz96kJKF2HLPGY15JWLB5m9qGNxvt8tHJ=0.4",
		"193isn3g2mgT32Wcy4EKqa6W6oKqdc92kZ=0.7",
	}
	flags := func(order ...int) []string {
		var out []string
		for _, i := range order {
			out = append(out, "-subject", subjects[i])
		}
		return out
	}
	cases := map[string][]string{"a small ledger": {"-ledger", filepath.Join("testdata", "small.ledger")}}
	if !testing.Short() {
		cases["the embedded case"] = nil
		cases["block 363703"] = append([]string{"-blocks", block(t, "363703.raw.gz")}, publicLabels(t)...)
		cases["block 514485"] = append([]string{"-blocks", block(t, "514485.raw.gz")}, publicLabels(t)...)
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			want := jsonOf(t, append(append(slices.Clone(args), "-workers", "1"), flags(0, 1, 2, 3)...)...)
			if len(lines(want, "finding")) == 0 {
				t.Fatal("no findings to compare")
			}
			other := append(append(slices.Clone(args), "-workers", "8"), flags(3, 1, 0, 2)...)
			got := jsonOf(t, other...)
			// The run message holds the command, which is another.
			if a, b := lines(want, keys[1:]...), lines(got, keys[1:]...); !slices.Equal(a, b) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(a, b))
			}
			if len(args) > 2 {
				return // the text of the first two is enough
			}
			text, _ := investigate(t, exitOK, append(append(slices.Clone(args), "-workers", "1"), flags(0, 1, 2, 3)...)...)
			again, _ := investigate(t, exitOK, other...)
			if text != again {
				t.Errorf("text (-want +got):\n%s", cmp.Diff(text, again))
			}
		})
	}
}
