package suite_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/esplora/esploratest"
	"github.com/goldwash/goldwash/sources/ledger"
)

// The ledgers of testdata/attacks are what an actor does to be missed or to have
// somebody else accused, and what simply looks bad. The whole suite runs over each.
// Beside wants, which every finding that accuses somebody must meet, they say:
//
//	// bystander NAMES [: KINDS]   nobody says anything about these, but for the kinds
//	// maybe KIND <=P              such a finding may be there, and is no surer
//	// says KIND "regexp"          every finding of the kind says this somewhere
type attack struct {
	*ledger.File
	bystanders map[string][]string
	maybe      []allowance
	says       []saying
}

type allowance struct {
	kind string
	most model.Probability
}

type saying struct {
	kind string
	text *regexp.Regexp
}

func readAttack(t *testing.T, name string) *attack {
	t.Helper()
	path := filepath.Join("testdata", "attacks", name+".ledger")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ledger.Parse(filepath.ToSlash(path), string(b))
	if err != nil {
		t.Fatal(err)
	}
	a := &attack{File: f, bystanders: map[string][]string{}}
	for line := range strings.SplitSeq(string(b), "\n") {
		text, ok := strings.CutPrefix(line, "// ")
		word, rest, _ := strings.Cut(text, " ")
		if !ok {
			continue
		}
		switch word {
		case "bystander":
			names, kinds, _ := strings.Cut(rest, ":")
			for _, n := range strings.Fields(names) {
				a.bystanders[n] = append(a.bystanders[n], strings.Fields(kinds)...)
			}
		case "maybe":
			kind, most, _ := strings.Cut(rest, " <=")
			p, err := model.ParseProbability(most)
			if err != nil {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			a.maybe = append(a.maybe, allowance{kind, p})
		case "says":
			kind, pattern, _ := strings.Cut(rest, " ")
			a.says = append(a.says, saying{kind, regexp.MustCompile(strings.Trim(pattern, `"`))})
		}
	}
	return a
}

// accuses reports whether a kind of finding speaks of what somebody did or holds.
func accuses(kind string) bool {
	family, _, _ := strings.Cut(kind, "/")
	return kind != "deposit/unattributed" && slices.Contains([]string{"deposit", "commingling", "beneficiary", "loop", "loop_lead", "exposure"}, family)
}

// swept runs the suite over a source.
func swept(t *testing.T, src sources.Set, scope heuristics.Scope) []model.Finding {
	t.Helper()
	e, err := heuristics.New(src, suite.All(), heuristics.Options{Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var fs []model.Finding
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

// check compares findings with what the ledger wants and allows.
func (a *attack) check(t *testing.T, fs []model.Finding) {
	t.Helper()
	met := make([]bool, len(a.Wants))
	for i := range fs {
		f := &fs[i]
		wanted := false
		for k := range a.Wants {
			if w := &a.Wants[k]; !met[k] && !wanted && meets(w, f) {
				met[k], wanted = true, true
			}
		}
		for _, m := range a.maybe {
			wanted = wanted || f.Kind == m.kind && f.Score.Probability <= m.most
		}
		if accuses(f.Kind) && !wanted {
			t.Errorf("%s: unexpected finding %s on %v, probability %v: %q", a.Name, f.Kind, f.Subject, f.Score.Probability, f.Claim)
		}
		for _, s := range a.says {
			if s.kind == f.Kind && !s.text.MatchString(allText(t, f)) {
				t.Errorf("%s: the finding %s, %q, does not say %q", a.Name, f.Kind, f.Claim, s.text)
			}
		}
	}
	for k := range a.Wants {
		if w := &a.Wants[k]; !met[k] {
			t.Errorf("%s:%d: no finding %s matching %q", w.File, w.Line, w.Kind, w.Claim)
		}
	}
	for owner, allowed := range a.bystanders {
		addr, err := a.Address(owner)
		if err != nil {
			t.Fatal(err)
		}
		for i := range fs {
			f := &fs[i]
			if names(f, addr) && accuses(f.Kind) && !slices.Contains(allowed, f.Kind) {
				t.Errorf("%s: %s names %s, a bystander: %q", a.Name, f.Kind, owner, f.Claim)
			}
		}
	}
}

func meets(w *ledger.Want, f *model.Finding) bool {
	on := w.On.IsZero() || w.On == f.Subject
	if want, ok := w.On.Tx(); ok && w.On.Kind() == model.KindTx {
		got, is := f.Subject.Tx()
		on = on || is && got == want
	}
	p := f.Score.Probability
	return on && w.Kind == f.Kind && w.Claim.MatchString(f.Claim) && (!w.HasMin || p >= w.Min) && (!w.HasMax || p <= w.Max)
}

// names reports whether the statement is about an address, or names it.
func names(f *model.Finding, a model.Address) bool {
	r := model.RefAddress(a)
	return f.Subject == r || slices.Contains(f.Related, r) || strings.Contains(f.Claim, a.String())
}

// allText is what a reader may find in a finding.
func allText(t *testing.T, f *model.Finding) string {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// attacked runs one of the ledgers.
func attacked(t *testing.T, name string) {
	t.Helper()
	a := readAttack(t, name)
	a.check(t, swept(t, a.Ledger.Set(), heuristics.Scope{}))
}

func TestDustFromTheActorToAVictim(t *testing.T) { attacked(t, "dust_from_the_actor_to_a_victim") }

func TestVictimsAddressNamedAsPayoutAddress(t *testing.T) {
	attacked(t, "victims_address_named_as_payout_address")
}

func TestActorRentsHisOwnMachines(t *testing.T) { attacked(t, "actor_rents_his_own_machines") }

func TestTwoMinersBehindOneDepositAddress(t *testing.T) {
	attacked(t, "two_miners_behind_one_deposit_address")
}

func TestBrokersNestedAccount(t *testing.T) { attacked(t, "brokers_nested_account") }

func TestInnocentSellerPaidWithTaintedCoins(t *testing.T) {
	attacked(t, "innocent_seller_paid_with_tainted_coins")
}

func TestMembersPaidFromAPoolThatTheActorPaid(t *testing.T) {
	attacked(t, "members_paid_from_a_pool_that_the_actor_paid")
}

func TestRegularMinerWhoseFortnightMatches(t *testing.T) {
	attacked(t, "regular_miner_whose_fortnight_matches")
}

func TestCustodianServingTwoPools(t *testing.T) { attacked(t, "custodian_serving_two_pools") }

func TestShopPaidByTheActorAndByAMiner(t *testing.T) {
	attacked(t, "shop_paid_by_the_actor_and_by_a_miner")
}

func TestLabelsOutOfDate(t *testing.T) { attacked(t, "labels_out_of_date") }

// Each attack fails for the reason that its name says: with one thing changed, the
// same ledger is reported on.
func TestAttacksFailForTheirReason(t *testing.T) {
	in := func(old, with string) func(string) string {
		return func(text string) string { return strings.ReplaceAll(text, old, with) }
	}
	for _, c := range []struct {
		attack, changed string
		change          func(string) string
		kind, on        string
	}{
		{"dust_from_the_actor_to_a_victim", "the dust is a payment", in("V 546sat", "V 5_000_000sat"), commingle.KindReceived, "V"},
		{"innocent_seller_paid_with_tainted_coins", "the actor pays him without the marketplace", in("sellers: sweep.0", "sellers: order.1"), commingle.KindReceived, "SAM"},
		{"two_miners_behind_one_deposit_address", "nobody says that the address is an exchange's", in("label Portmere: addr(E)", "// label Portmere: addr(E)"), commingle.KindReceived, "E"},
		{"labels_out_of_date", "the labels still hold", in("to=2021-06-01", "to=2025-06-01"), commingle.Kind, "K"},
		{"labels_out_of_date", "the labels still hold", in("to=2021-06-01", "to=2025-06-01"), "deposit", "K"},
		{"actor_rents_his_own_machines", "the marketplace pays somebody else", in("=> K 6", "=> S 6"), "loop_lead", "P"},
		{"regular_miner_whose_fortnight_matches", "she mined in that week alone", func(text string) string {
			lines := strings.Split(text, "\n")
			for i, l := range lines {
				if !regexp.MustCompile(`^tx np22082[0-6]:`).MatchString(l) {
					lines[i] = regexp.MustCompile(`RITA \d+sat, `).ReplaceAllString(l, "")
				}
			}
			return strings.Join(lines, "\n")
		}, "loop_lead", "RITA"},
	} {
		t.Run(c.attack+" but "+c.changed, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", "attacks", c.attack+".ledger"))
			if err != nil {
				t.Fatal(err)
			}
			f, err := ledger.Parse(c.attack, c.change(string(b)))
			if err != nil {
				t.Fatal(err)
			}
			on, err := f.Address(c.on)
			if err != nil {
				t.Fatal(err)
			}
			fs := swept(t, f.Ledger.Set(), heuristics.Scope{})
			if !slices.ContainsFunc(fs, func(f model.Finding) bool { return f.Kind == c.kind && names(&f, on) }) {
				t.Errorf("no finding %s names %s", c.kind, c.on)
				for i := range fs {
					if accuses(fs[i].Kind) {
						t.Logf("%s: %q", fs[i].Kind, fs[i].Claim)
					}
				}
			}
		})
	}
}

// Every ledger of the folder is the subject of a test.
func TestEveryAttackIsRun(t *testing.T) {
	files, err := filepath.Glob("testdata/attacks/*.ledger")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("attacks_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".ledger"); !strings.Contains(string(b), `"`+name+`"`) {
			t.Errorf("%s is not run by any test", f)
		}
	}
}

// The same attacks, seen through an explorer that knows no blocks, address by
// address, accuse nobody either.
func TestBystandersWithoutAScope(t *testing.T) {
	for _, name := range []string{
		"dust_from_the_actor_to_a_victim", "two_miners_behind_one_deposit_address", "innocent_seller_paid_with_tainted_coins",
		"members_paid_from_a_pool_that_the_actor_paid", "custodian_serving_two_pools", "labels_out_of_date", "brokers_nested_account",
	} {
		t.Run(name, func(t *testing.T) {
			a := readAttack(t, name)
			src := a.Ledger.Set()
			src.Blocks = nil
			e, err := heuristics.New(src, suite.All(), heuristics.Options{Currency: "USD"})
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.Open(t.Context(), heuristics.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			var refs []model.Ref
			seen := map[model.Ref]bool{}
			for b, err := range a.Ledger.Blocks(t.Context(), sources.Range{}) {
				if err != nil {
					t.Fatal(err)
				}
				for _, tx := range b.Txs {
					refs = append(refs, model.RefTx(tx.ID))
					for i := range tx.Outputs {
						if r := model.RefAddress(tx.Outputs[i].Owner); !seen[r] {
							seen[r] = true
							refs = append(refs, r)
						}
					}
				}
			}
			for f, err := range s.Run(t.Context(), heuristics.Refs(refs...)) {
				if err != nil {
					t.Fatal(err)
				}
				for owner := range a.bystanders {
					addr, err := a.Address(owner)
					if err != nil {
						t.Fatal(err)
					}
					if names(&f, addr) && accuses(f.Kind) {
						t.Errorf("%s names %s, a bystander: %q", f.Kind, owner, f.Claim)
					}
				}
			}
		})
	}
}

// A label that was made from a finding does not prove that finding again. Another
// list, which knows of its own, still does.
func TestLabelDerivedFromAFinding(t *testing.T) {
	a := readAttack(t, "label_derived_from_a_finding")
	fs := swept(t, a.Ledger.Set(), heuristics.Scope{})
	a.check(t, fs)
	at := slices.IndexFunc(fs, func(f model.Finding) bool { return f.Kind == commingle.Kind })
	if at < 0 {
		t.FailNow()
	}
	found := fs[at]
	k, err := a.Address("K")
	if err != nil {
		t.Fatal(err)
	}
	slip, _ := a.Tx("slip")
	for name, derived := range map[string]string{"from the finding": found.ID.String(), "from its transaction": slip.String()} {
		t.Run(name, func(t *testing.T) {
			var blocks []*model.Block
			for b, err := range a.Ledger.Blocks(t.Context(), sources.Range{}) {
				if err != nil {
					t.Fatal(err)
				}
				blocks = append(blocks, b)
			}
			var c ledger.Contents
			for l, err := range a.Ledger.Find(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				if l.On == model.RefAddress(k) {
					l.Source, l.Derivation = "a list made from findings", []string{"commingle", derived}
				}
				c.Labels = append(c.Labels, l)
			}
			again, err := ledger.New(a.Ledger.Network(), blocks, c)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range swept(t, again.Set(), heuristics.Scope{}) {
				if f.Kind == commingle.Kind {
					t.Errorf("proved by a label that was made from it: %q, %v", f.Claim, f.Labels)
				}
			}
		})
	}
}

// A reorganisation takes away the transaction that a finding is about. The finding
// says in which block it stood; who looks again with what was remembered of the old
// chain is told of the reorganisation, and a new session finds nothing.
func TestReorganisation(t *testing.T) {
	before, after := readAttack(t, "reorganisation"), readAttack(t, "reorganisation_after")
	var chain atomic.Pointer[http.Handler]
	follow := func(l *ledger.Ledger) {
		h := esploratest.Serve(l, esploratest.Options{})
		chain.Store(&h)
	}
	follow(before.Ledger)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*chain.Load()).ServeHTTP(w, r) }))
	defer server.Close()
	open := func() *heuristics.Session {
		c, err := esplora.New(server.URL, esplora.Options{})
		if err != nil {
			t.Fatal(err)
		}
		src := c.Set()
		src.Labels = before.Ledger.Set().Labels
		e, err := heuristics.New(src, suite.All(), heuristics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Open(t.Context(), heuristics.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	slip, _ := before.Tx("slip")
	block := blockOf(t, before, slip)
	run := func(s *heuristics.Session, on ...model.Ref) (fs []model.Finding, failed error) {
		for f, err := range s.Run(t.Context(), heuristics.Refs(on...)) {
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			fs = append(fs, f)
		}
		return fs, failed
	}

	old := open()
	fs, err := run(old, model.RefTx(slip))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(fs, func(f model.Finding) bool { return f.Kind == commingle.Kind })
	if at < 0 {
		t.Fatalf("no finding on the slip: %v", fs)
	}
	if fs[at].Block.Hash != block.Hash || !fs[at].Block.Has(model.KnownHash) || !strings.Contains(allText(t, &fs[at]), block.Hash.String()) {
		t.Errorf("the finding stands in block %v, want %v", fs[at].Block.Hash, block.Hash)
	}

	follow(after.Ledger)
	gone, _ := after.Tx("gone")
	if blockOf(t, after, gone).Hash == block.Hash {
		t.Fatal("the chains do not differ")
	}
	// A finding about what is no longer there is not made anew.
	fresh := open()
	fs, _ = run(fresh, model.RefTx(slip), model.RefTx(gone))
	for _, f := range fs {
		if f.Kind == commingle.Kind {
			t.Errorf("found on the new chain: %q", f.Claim)
		}
		if f.Block.Has(model.KnownHash) && f.Block.Hash == block.Hash {
			t.Errorf("stands in a block that is gone: %q", f.Claim)
		}
	}
	// The old session holds what it knew, in the block where it was; what it has to
	// look up again is gone, and that is an error, not silence.
	fs, err = run(old, model.RefTx(slip))
	if !errors.Is(err, sources.ErrNotFound) && !errors.Is(err, sources.ErrReorg) {
		t.Errorf("looking again at what is gone gives %v", err)
	}
	for _, f := range fs {
		if f.Kind == commingle.Kind && f.Block.Hash != block.Hash {
			t.Errorf("an old finding in a new block: %v", f.Block)
		}
	}
}

// The same under a session whose blocks change: its indexes are of the old chain, and
// so is the tip that its findings are pinned to. It accuses nobody of what stands in a
// block of the new one.
func TestReorganisationUnderASession(t *testing.T) {
	before, after := readAttack(t, "reorganisation"), readAttack(t, "reorganisation_after")
	f := &follower{}
	f.Store(before.Ledger)
	src := sources.Set{Txs: f, Spends: f, Blocks: f, Labels: before.Ledger}
	e, err := heuristics.New(src, suite.All(), heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	f.Store(after.Ledger)
	gone, _ := after.Tx("gone")
	block := blockOf(t, after, gone)
	var last error
	for found, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if last = err; err != nil {
			continue
		}
		if found.Block.Hash == block.Hash && found.AsOf.Hash != block.Hash && accuses(found.Kind) {
			t.Errorf("as of the old tip, in a new block: %q", found.Claim)
		}
	}
	if !errors.Is(last, sources.ErrReorg) {
		t.Errorf("the run ends with %v, want an error of kind %v", last, sources.ErrReorg)
	}
}

// follower is a source that follows one chain after the other.
type follower struct{ atomic.Pointer[ledger.Ledger] }

func (f *follower) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return f.Load().Txs(ctx, ids)
}

func (f *follower) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return f.Load().Spenders(ctx, outs)
}

func (f *follower) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return f.Load().Blocks(ctx, r)
}

func (f *follower) Tip(ctx context.Context) (model.BlockRef, error) { return f.Load().Tip(ctx) }

func blockOf(t *testing.T, a *attack, id model.TxID) model.BlockRef {
	t.Helper()
	txs, err := a.Ledger.Txs(t.Context(), []model.TxID{id})
	if err != nil || txs[0] == nil {
		t.Fatal(err)
	}
	return txs[0].Block
}
