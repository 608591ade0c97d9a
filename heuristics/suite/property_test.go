package suite_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// What holds for every heuristic, whatever it finds, is tested here on every
// ledger that a heuristic of the suite is tested with.

// small returns the texts of the ledgers of all heuristics, by name, and those of
// whole cases where they are asked for.
func texts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, glob := range []string{"../*/testdata/*.ledger", "../*/*/testdata/*.ledger", "testdata/*/*.ledger"} {
		paths, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			out[strings.TrimPrefix(p, "../")] = string(b)
		}
	}
	if len(out) < 100 {
		t.Fatalf("%d ledgers, want all that the heuristics are tested with", len(out))
	}
	return out
}

// each calls f with each of the ledgers, sorted by name; with -short with some.
func each(t *testing.T, f func(t *testing.T, name, text string)) {
	t.Helper()
	all := texts(t)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if testing.Short() && i%8 != 0 {
			continue
		}
		f(t, name, all[name])
	}
}

func read(t *testing.T, name, text string) *ledger.File {
	t.Helper()
	f, err := ledger.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// begin opens a session with the whole suite.
func begin(t *testing.T, set sources.Set, net model.Network) *heuristics.Session {
	t.Helper()
	engine, err := heuristics.New(set, suite.All(), heuristics.Options{Network: net, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// findingsOf returns the findings about subjects of a session; nil are all.
func findingsOf(t *testing.T, s *heuristics.Session, subjects iter.Seq2[heuristics.Subject, error]) []model.Finding {
	t.Helper()
	if subjects == nil {
		subjects = s.Sweep(t.Context())
	}
	var out []model.Finding
	for f, err := range s.Run(t.Context(), subjects) {
		if pass := (*heuristics.PassError)(nil); errors.As(err, &pass) {
			continue // some ledgers are of what no chain has
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// labelled is a list of labels as a source.
type labelled []model.Label

func (l labelled) sorted() []model.Label {
	out := slices.Clone(l)
	slices.SortFunc(out, func(a, b model.Label) int { return a.Compare(&b) })
	return out
}

func (l labelled) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for i, r := range on {
		for _, x := range l.sorted() {
			if x.On == r {
				out[i] = append(out[i], x)
			}
		}
	}
	return out, nil
}

func (l labelled) Find(_ context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) {
		for _, x := range l.sorted() {
			if (c == "" || x.Category == c) && !yield(x, nil) {
				return
			}
		}
	}
}

func labelsOf(t *testing.T, f *ledger.File) labelled {
	t.Helper()
	var out labelled
	for l, err := range f.Ledger.Find(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

// bodies returns findings as JSON without what follows from the digest of the
// data, sorted.
func bodies(t *testing.T, fs []model.Finding) []string {
	t.Helper()
	var out []string
	for _, f := range fs {
		f.Data, f.Digest = model.Digest{}, model.Digest{}
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	slices.Sort(out)
	return out
}

// In whatever order labels are listed, the findings are the same.
func TestOrderOfLabelsDoesNotMatter(t *testing.T) {
	each(t, func(t *testing.T, name, text string) {
		f := read(t, name, text)
		labels := labelsOf(t, f)
		if len(labels) < 2 {
			return
		}
		var blocks []*model.Block
		for b, err := range f.Ledger.Blocks(t.Context(), sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			blocks = append(blocks, b)
		}
		want := bodies(t, findingsOf(t, begin(t, f.Ledger.Set(), f.Ledger.Network()), nil))
		for turn := range min(len(labels), 3) {
			turned := slices.Concat(labels[turn:], labels[:turn])
			slices.Reverse(turned)
			l, err := ledger.New(f.Ledger.Network(), blocks, ledger.Contents{Labels: turned})
			if err != nil {
				t.Fatal(err)
			}
			set := f.Ledger.Set()
			set.Labels = l
			same(t, name+" with its labels turned", want, bodies(t, findingsOf(t, begin(t, set, f.Ledger.Network()), nil)))
		}
	})
}

// A run that is split in two finds the same, where the rule is local: what Run
// reports depends on the subject and the session, and not on the other subjects.
func TestSplitRunFindsTheSame(t *testing.T) {
	compared := map[string]int{}
	check := func(t *testing.T, name string, f *ledger.File) {
		s := begin(t, f.Ledger.Set(), f.Ledger.Network())
		local := map[string]bool{}
		for _, h := range s.Engine().Heuristics() {
			local[h.Name] = h.Finish == nil
		}
		keep := func(fs []model.Finding) []model.Finding {
			return slices.DeleteFunc(fs, func(f model.Finding) bool { return !local[f.Heuristic] })
		}
		var subjects []heuristics.Subject
		for sub, err := range s.Sweep(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			subjects = append(subjects, sub)
		}
		whole := keep(findingsOf(t, s, nil))
		for _, f := range whole {
			compared[f.Heuristic]++
		}
		for _, at := range []int{len(subjects) / 2} {
			// Each part in a session of its own, and the later part first.
			var parts []model.Finding
			for _, part := range [][]heuristics.Subject{subjects[at:], subjects[:at]} {
				parts = append(parts, keep(findingsOf(t, begin(t, f.Ledger.Set(), f.Ledger.Network()), func(yield func(heuristics.Subject, error) bool) {
					for _, sub := range part {
						if !yield(sub, nil) {
							return
						}
					}
				}))...)
			}
			// What both parts visit is said in both.
			same(t, name+" in two parts", slices.Compact(bodies(t, whole)), slices.Compact(bodies(t, parts)))
		}
	}
	each(t, func(t *testing.T, name, text string) { check(t, name, read(t, name, text)) })
	if !testing.Short() {
		f, err := kestrel.Ledger()
		if err != nil {
			t.Fatal(err)
		}
		check(t, "kestrel", f)
	}
	for _, want := range []string{"pool", "coinjoin", "deposit"} {
		if compared[want] == 0 {
			t.Errorf("nothing that %s finds is compared: %v", want, compared)
		}
	}
}

// Owners' names stand in brackets, and at the head of each output.
var (
	bracketed = regexp.MustCompile(`\b(new|unknown|addr)\(([\w-]+)`)
	outputs   = regexp.MustCompile(`(=>|,)(\s*)([A-Za-z_][\w-]*)((?:#[\d.]+)?(?::\w+)?\s+(?:rest|\d))`)
)

// rename gives every owner of a ledger text another name, and so another address.
// It reports whether it could: a text may hold addresses as they are.
func rename(text string) (string, bool) {
	const suffix = "-by-another-name"
	var b strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "//")
		for _, m := range bracketed.FindAllStringSubmatch(code, -1) {
			if _, err := model.ParseAddress(m[2], model.Mainnet); err == nil {
				return "", false
			}
		}
		code = bracketed.ReplaceAllString(code, "$1($2"+suffix)
		code = outputs.ReplaceAllString(code, "$1$2$3"+suffix+"$4")
		b.WriteString(strings.ReplaceAll(strings.TrimRight(code, "\n"), "data"+suffix, "data") + "\n")
	}
	return b.String(), true
}

// likeness is what a finding says apart from names: addresses, ids of
// transactions, and what is ordered by them.
type likeness struct {
	Kind, Subject      string
	Probability, Given model.Probability
	Confidence         string
	Height             int32
	Amounts            string
	Evidence           string
	Parts, Labels      int
}

// like returns the likenesses of findings, sorted.
func like(f *ledger.File, fs []model.Finding) []likeness {
	var out []likeness
	for i := range fs {
		x := &fs[i]
		l := likeness{
			Kind: x.Kind, Subject: x.Subject.Kind().String(), Probability: x.Score.Probability, Given: x.Score.Given, Confidence: x.Confidence.Level,
			Height: x.Block.Height, Parts: len(x.Parts), Labels: len(x.Labels),
		}
		if id, ok := x.Subject.Tx(); ok {
			name, _ := f.TxName(id)
			l.Subject += " " + name
			if o, ok := x.Subject.Outpoint(); ok {
				l.Subject += fmt.Sprint(".", o.Vout)
			}
		}
		for _, a := range x.Amounts {
			l.Amounts += fmt.Sprint(a.Role, " ", a.Amount, " ")
		}
		var ev []string
		for _, e := range x.Evidence {
			ev = append(ev, fmt.Sprint(e.Family, " ", e.Weight, " ", e.Discounted))
		}
		slices.Sort(ev)
		l.Evidence = strings.Join(ev, ", ")
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b likeness) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}

// Addresses are names. With others, the findings are the same but for them.
func TestOtherAddressesChangeNamesAlone(t *testing.T) {
	found := 0
	check := func(t *testing.T, name, text string) {
		other, ok := rename(text)
		if !ok {
			return
		}
		f := read(t, name, text)
		g, err := ledger.Parse(name, other)
		if err != nil {
			t.Errorf("%s with other names: %v", name, err)
			return
		}
		want := like(f, findingsOf(t, begin(t, f.Ledger.Set(), f.Ledger.Network()), nil))
		got := like(g, findingsOf(t, begin(t, g.Ledger.Set(), g.Ledger.Network()), nil))
		found += len(want)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s with other names (-want +got):\n%s", name, diff)
		}
	}
	each(t, check)
	if !testing.Short() {
		check(t, "kestrel", kestrel.Text())
	}
	if found < 20 {
		t.Errorf("%d findings are compared", found)
	}
}

// strengths are the confidences that a label is given, in percent; -1 is a label
// that is not there.
var strengths = []int{-1, 30, 60, 90}

// supportive reports whether labels of a category speak for claims: they name the
// actor, a service that is paid, or a pool. A custodian's label speaks for one
// owner's many customers, and so against most claims.
func supportive(c model.Category) bool {
	switch c {
	case model.Actor, model.MiningPool, model.HashMarketplace, model.CloudMining:
		return true
	}
	return false
}

// supports reports whether a label that a finding uses speaks for it: no other
// label gives its address to somebody else, whom the finding may be about, and it
// does not name a service where both coins went to, which is no one party.
func supports(l *model.Label, f *model.Finding) bool {
	if !supportive(l.Category) || l.Category.Custodial() && l.Category != model.MiningPool && strings.HasPrefix(f.Kind, "commingling") {
		return false
	}
	return slices.ContainsFunc(f.Labels, l.Equal) && !slices.ContainsFunc(f.Labels, func(o model.Label) bool {
		return o.On == l.On && !model.SameEntity(o.Entity, l.Entity)
	})
}

// adds reports whether a label adds support to what was said without it. It does
// not where it makes two actors of one, where a pool's label takes the place of
// what its tags said, or where the number is that of the weakest of several
// inferences, of which a new seed makes others.
func adds(l *model.Label, with *model.Finding) bool {
	return l.Category != model.MiningPool && with.Kind != "cluster/deposit_addresses" &&
		!slices.ContainsFunc(with.Labels, func(o model.Label) bool {
			return o.Category == l.Category && !model.SameEntity(o.Entity, l.Entity)
		})
}

// A label that supports a finding never lowers it when it becomes stronger, nor
// raises it when it goes. What is claimed must be the same: a label by which more
// coins are known to be mined makes another claim.
func TestStrongerSupportNeverLowers(t *testing.T) {
	compared, without := 0, 0
	check := func(t *testing.T, name string, f *ledger.File, strengths []int) {
		labels := labelsOf(t, f)
		for at := range labels {
			if !supportive(labels[at].Category) {
				continue
			}
			type state struct {
				strength int
				model.Finding
			}
			last := map[model.Digest]state{}
			for _, c := range strengths {
				changed := slices.Clone(labels)
				if c < 0 {
					changed = slices.Delete(changed, at, at+1)
				} else {
					changed[at].Confidence = model.Percent(c)
				}
				set := f.Ledger.Set()
				set.Labels = changed
				for _, x := range findingsOf(t, begin(t, set, f.Ledger.Network()), nil) {
					if c >= 0 && !supports(&changed[at], &x) {
						continue
					}
					if b, ok := last[x.ID]; ok && b.Claim == x.Claim && (b.strength >= 0 || adds(&changed[at], &x)) {
						compared++
						if b.strength < 0 {
							without++
						}
						if x.Score.Probability < b.Score.Probability {
							t.Errorf("%s: %s\nWith the label of %v (%s, %s) at %d %% instead of %d %%: %v instead of %v",
								name, x.Claim, labels[at].On.ID(), labels[at].Category, labels[at].Entity, c, b.strength, x.Score.Probability, b.Score.Probability)
						}
					}
					last[x.ID] = state{c, x}
				}
			}
		}
	}
	each(t, func(t *testing.T, name, text string) {
		// Small ledgers have what there is to see, and there are many runs of each.
		if f := read(t, name, text); len(text) < 4<<10 && len(labelsOf(t, f)) <= 12 {
			check(t, name, f, strengths)
		}
	})
	if !testing.Short() {
		f, err := kestrel.Ledger()
		if err != nil {
			t.Fatal(err)
		}
		check(t, "kestrel", f, []int{60, 90})
	}
	t.Logf("%d pairs are compared, %d of them with a label that is not there", compared, without)
	if compared < 20 {
		t.Error("too few to say anything")
	}
}

// Taking evidence for a claim away never raises its number, by any rule of
// scoring, on anything that the suite finds.
func TestLessEvidenceNeverRaises(t *testing.T) {
	tried := map[model.ScoreRule]int{}
	each(t, func(t *testing.T, name, text string) {
		f := read(t, name, text)
		for _, x := range findingsOf(t, begin(t, f.Ledger.Set(), f.Ledger.Network()), nil) {
			for i, e := range x.Evidence {
				if e.Weight <= 0 {
					continue
				}
				less := slices.Delete(slices.Clone(x.Evidence), i, i+1)
				var s model.Score
				switch x.Score.Rule {
				case model.ByLogOdds:
					s = model.Combine(x.Score.Prior, x.Score.PriorOf, less, x.Score.Cap, x.Score.CapReason)
				case model.ByOpenWorld:
					s = model.OpenWorld(*x.Score.Open, less, x.Score.Cap, x.Score.CapReason)
				default:
					continue
				}
				tried[x.Score.Rule]++
				if s.Probability > x.Score.Probability || s.Given > x.Score.Given {
					t.Errorf("%s: %s\nWithout %q: %v (%v given) instead of %v (%v)", name, x.Claim, e.Text, s.Probability, s.Given, x.Score.Probability, x.Score.Given)
				}
			}
		}
	})
	if tried[model.ByLogOdds] < 10 || !testing.Short() && tried[model.ByOpenWorld] < 10 {
		t.Errorf("items taken away: %v", tried)
	}
}

// No heuristic of the suite rests on a label that it made from what it says: the
// engine has nothing to withhold.
func TestNothingIsWithheld(t *testing.T) {
	check := func(t *testing.T, name string, f *ledger.File) {
		s := begin(t, f.Ledger.Set(), f.Ledger.Network())
		findingsOf(t, s, nil)
		for _, h := range s.Coverage().Heuristics {
			for _, n := range h.Notes {
				if strings.Contains(n.Text, "withheld") {
					t.Errorf("%s: %s: %d %s", name, h.Heuristic, n.Count, n.Text)
				}
			}
		}
	}
	each(t, func(t *testing.T, name, text string) { check(t, name, read(t, name, text)) })
	if !testing.Short() {
		f, err := kestrel.Ledger()
		if err != nil {
			t.Fatal(err)
		}
		check(t, "kestrel", f)
	}
}
