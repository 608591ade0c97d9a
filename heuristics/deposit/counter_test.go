package deposit

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

func read(t *testing.T, name string) *ledger.File {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".ledger")
	if err != nil {
		t.Fatal(err)
	}
	return heuristictest.Ledger(t, string(text))
}

// about returns the findings on a transaction of the ledger.
func about(f *ledger.File, fs []model.Finding, tx string) []model.Finding {
	var out []model.Finding
	for _, g := range fs {
		id, _ := g.Subject.Tx()
		if name, _ := f.TxName(id); name == tx {
			out = append(out, g)
		}
	}
	return out
}

func fact(g *model.Finding, name string) string {
	for _, v := range g.Facts {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func figure(g *model.Finding, role string) string {
	for _, v := range g.Amounts {
		if v.Role == role {
			return v.Amount.String()
		}
	}
	return ""
}

// counters lists the beginnings of what was looked for, each with whether it was
// found and in how many payments.
func counters(g *model.Finding) []string {
	var out []string
	for _, c := range g.Counter {
		out = append(out, fmt.Sprintf("%s: %v, %d", strings.Join(strings.Fields(c.Text)[:3], " "), c.Found, len(c.Items)))
	}
	return out
}

func one(t *testing.T, f *ledger.File, fs []model.Finding, tx string) *model.Finding {
	t.Helper()
	gs := about(f, fs, tx)
	if len(gs) != 1 {
		t.Fatalf("%d findings on %s, want one", len(gs), tx)
	}
	return &gs[0]
}

func TestWithdrawals(t *testing.T) {
	f := read(t, "returned_to_the_payer")
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
	g := one(t, f, fs, "pay")
	if diff := cmp.Diff([]string{
		"an input of: false, 0", "payments by HashBazaar: true, 1", "withdrawals to addresses: true, 1", "a payment by: false, 0",
	}, counters(g)); diff != "" {
		t.Errorf("counter-evidence (-want +got)\n%s", diff)
	}
	if got := fact(g, "returned"); got != "0.30000000 BTC in 1 payment, after 29 days" || figure(g, "net of returns") != "0.10000000" {
		t.Errorf("returned %q, net %s", got, figure(g, "net of returns"))
	}
	// A tenth that comes back is no sign that nothing was bought; the net amount
	// counts it all the same.
	g = one(t, f, fs, "pay2")
	if diff := cmp.Diff([]string{
		"an input of: false, 0", "payments by HashBazaar: true, 1", "withdrawals to addresses: false, 1", "a payment by: false, 0",
	}, counters(g)); diff != "" {
		t.Errorf("counter-evidence (-want +got)\n%s", diff)
	}
	if figure(g, "net of returns") != "0.18000000" {
		t.Errorf("net %s", figure(g, "net of returns"))
	}
}

func TestSellerIsSaidToBePaid(t *testing.T) {
	f := read(t, "seller_who_tops_up")
	g := one(t, f, heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)), "pay")
	if got := counters(g)[1]; got != "payments by HashBazaar: true, 2" {
		t.Errorf("%s, want two payments found", got)
	}
	if fact(g, "returned") != "none found in the scope" || figure(g, "net of returns") != "" {
		t.Errorf("what was paid before is said to be returned: %q", fact(g, "returned"))
	}
	said := slices.ContainsFunc(g.Alternatives, func(a model.Alternative) bool {
		return strings.Contains(a.Text, "sells hash power") && strings.Contains(a.WhyNot, "does pay addresses of the payer: 2 payments")
	})
	if !said {
		t.Errorf("alternatives %q", g.Alternatives)
	}
	if !slices.ContainsFunc(g.Unseen, func(s string) bool { return strings.Contains(s, "the scope ends") }) {
		t.Errorf("unseen %q, want that the scope ends on the day of the payment", g.Unseen)
	}
}

func TestOneReturnOfThree(t *testing.T) {
	f := read(t, "returned_to_one_of_many")
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
	for _, tx := range []string{"p1", "p2", "p3"} {
		g := one(t, f, fs, tx)
		if figure(g, "net of returns") != "0.10000000" || !strings.Contains(fact(g, "returned"), "not known") {
			t.Errorf("%s: net %s, returned %q: a return that may be of three deposits is taken from one", tx, figure(g, "net of returns"), fact(g, "returned"))
		}
	}
}

// Every sentence of a finding must be true of the sources at hand.
func TestWithoutBlocks(t *testing.T) {
	f := read(t, "returned_to_the_payer")
	for _, test := range []struct {
		name     string
		without  func(*sources.Set)
		searched bool
		returned string
	}{
		{"histories only", func(s *sources.Set) { s.Blocks = nil }, true, "0.30000000 BTC in 1 payment, after 29 days"},
		{"neither", func(s *sources.Set) { s.Blocks, s.History = nil, nil }, false, "not looked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := f.Ledger.Set()
			test.without(&src)
			e, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, heuristics.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.Open(t.Context(), heuristics.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			id, _ := f.Tx("pay")
			ds, fs, err := heuristics.Eval[[]Deposit](t.Context(), s, Heuristic, model.RefTx(id))
			if err != nil || len(ds) != 1 || len(fs) != 1 {
				t.Fatalf("%d deposits, %d findings, %v", len(ds), len(fs), err)
			}
			if ds[0].Searched != test.searched || fact(&fs[0], "returned") != test.returned {
				t.Errorf("searched %v, returned %q", ds[0].Searched, fact(&fs[0], "returned"))
			}
			not := slices.ContainsFunc(fs[0].Unseen, func(s string) bool { return strings.Contains(s, "not looked for") })
			if !not {
				t.Errorf("unseen %q, want what was not looked for", fs[0].Unseen)
			}
			if got := len(fs[0].Counter); got != map[bool]int{true: 3, false: 1}[test.searched] {
				t.Errorf("%d items of counter-evidence: %v", got, counters(&fs[0]))
			}
		})
	}
}

// A service that pays for its customers receives for them too.
func TestServiceThatPays(t *testing.T) {
	f := heuristictest.Ledger(t, `
label HashBazaar: addr(X) category=hash_marketplace role=deposit confidence=0.9
label Portmere: addr(px) category=exchange confidence=0.9
tx w: new(X) 1 fee=1000sat => px 0.5, seller rest
tx pay: new(px) 2 fee=1000sat => X 0.3, px rest
`)
	g := one(t, f, heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)), "pay")
	if diff := cmp.Diff([]string{"an input of: false, 0", "a payment by: false, 0"}, counters(g)); diff != "" {
		t.Errorf("counter-evidence (-want +got)\n%s", diff)
	}
	if !slices.ContainsFunc(g.Alternatives, func(a model.Alternative) bool {
		return strings.HasPrefix(a.Text, "A service paid for one of its customers")
	}) {
		t.Errorf("alternatives %q", g.Alternatives)
	}
}

// The finding of a trail shows every step, and says what it may be instead.
func TestPathOfATrail(t *testing.T) {
	f, fs := kestrelFindings(t)
	g := one(t, f, fs, "t21")
	i := slices.IndexFunc(g.Evidence, func(e model.Evidence) bool { return e.Family == "path" })
	if i < 0 {
		t.Fatal("no path")
	}
	var got []string
	for _, it := range g.Evidence[i].Items {
		if it.Role == "step" {
			who, _ := f.Owner(it.Address)
			rest, _, _ := strings.Cut(it.Note, ";")
			got = append(got, fmt.Sprintf("%s %v %s", who, it.Value.Amount, rest))
		}
	}
	want := []string{"X1 0.73936198 rested 31 days", "X2 0.23933798 rested 6 days", "X4 0.20931398 rested 22 days", "X5 0.05928998 rested 9 days"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}
	hands := func(a model.Alternative) bool { return a.Text == "The coins changed hands on the way." }
	if !slices.ContainsFunc(g.Alternatives, hands) {
		t.Errorf("alternatives %q", g.Alternatives)
	}
	if g := one(t, f, fs, "t4"); slices.ContainsFunc(g.Alternatives, hands) {
		t.Error("a direct payment is said to have changed hands")
	}
}

// Nobody who stands beside the actor in the case is named in a finding that is
// attributed, but for those that the marketplace itself pays from.
func TestKestrelNamesNobodyElse(t *testing.T) {
	f, fs := kestrelFindings(t)
	allowed := map[string]bool{}
	for _, who := range []string{"K1", "K2", "P1", "D1", "D2", "D7", "SK", "c1", "c2", "c3", "c4", "c5", "c6", "X1", "X2", "X4", "X5", "X6"} {
		allowed[who] = true
	}
	for i := range fs {
		g := &fs[i]
		if g.Kind == KindUnattributed {
			continue
		}
		check := func(a model.Address) {
			if who, ok := f.Owner(a); ok && !allowed[who] {
				t.Errorf("%s names %s: %s", g.Kind, who, g.Claim)
			}
		}
		for _, r := range g.Related {
			if a, ok := r.Address(); ok {
				check(a)
			}
		}
		for _, e := range g.Evidence {
			for _, it := range e.Items {
				check(it.Address)
			}
		}
		for _, c := range g.Counter {
			for _, it := range c.Items {
				check(it.Address)
			}
		}
	}
}

func FuzzHeuristic(f *testing.F) { heuristictest.Fuzz(f, Heuristic) }

func TestAccountIsNamedAsAnAlternative(t *testing.T) {
	f := read(t, "wrong_accusation_account_alone")
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
	g := one(t, f, fs, "pay")
	if !slices.ContainsFunc(g.Alternatives, func(a model.Alternative) bool { return strings.HasPrefix(a.Text, "Kestrel had a custodian pay") }) {
		t.Errorf("alternatives %q", g.Alternatives)
	}
}

// The search for a payer ends with the budget, and says so.
func TestBudgetOfTheSearch(t *testing.T) {
	f := read(t, "hops_four_addresses")
	for _, n := range []int64{4, 8, 16, 32, 10_000} {
		e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{Heuristic}, heuristics.Options{Lookups: n})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Open(t.Context(), heuristics.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		id, _ := f.Tx("t4")
		_, fs, _ := heuristics.Eval[[]Deposit](t.Context(), s, Heuristic, model.RefTx(id))
		for i := range fs {
			whole := fs[i].Kind == Kind
			if fs[i].Partial == whole {
				t.Errorf("%d look-ups: %s, partial %v", n, fs[i].Kind, fs[i].Partial)
			}
		}
		if n == 10_000 && (len(fs) != 1 || fs[0].Kind != Kind) {
			t.Errorf("with a large budget: %d findings", len(fs))
		}
	}
}

// Who is not said to have paid is named as an alternative only, and nobody else
// than the labels name.
func TestWhoElseMayHavePaid(t *testing.T) {
	for _, test := range []struct{ ledger, tx, text, why string }{
		{"wrong_accusation_exchange_pays_most", "wd", "Kestrel paid: some inputs are its own.", "0.01000000 BTC of 3.11000000 BTC"},
		{"wrong_accusation_dust_of_the_actor", "wd", "Kestrel paid: some inputs are its own.", "dust"},
		{"two_actors", "dep", "Alpha paid: some inputs are its own.", "0.00100000 BTC"},
		{"two_actors", "both", "Alpha paid: some inputs are its own.", "labels give its inputs to different holders"},
		{"two_actors", "both", "Beta paid: some inputs are its own.", "labels give its inputs to different holders"},
		{"two_names_of_one_key", "pay", "What is said to be Alpha's is Beta's, as ", "two labels conflict"},
	} {
		f := read(t, test.ledger)
		g := one(t, f, heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)), test.tx)
		if !slices.ContainsFunc(g.Alternatives, func(a model.Alternative) bool {
			return strings.HasPrefix(a.Text, test.text) && strings.Contains(a.WhyNot, test.why)
		}) {
			t.Errorf("%s, %s: alternatives %q", test.ledger, test.tx, g.Alternatives)
		}
		who, _, _ := strings.Cut(test.text, " paid")
		if test.ledger == "two_names_of_one_key" {
			who = "Beta"
		}
		if !slices.ContainsFunc(g.Labels, func(l model.Label) bool { return l.Entity == who }) {
			t.Errorf("%s, %s: no label of %s", test.ledger, test.tx, who)
		}
	}
}

// A transaction of very many inputs and outputs costs what it has of them, and not
// their product.
func TestManyInputsAndOutputs(t *testing.T) {
	const n = 400
	var b strings.Builder
	b.WriteString("label HashBazaar: addr(d1) category=hash_marketplace role=deposit confidence=0.9\ntx t:")
	for i := range n {
		fmt.Fprintf(&b, " new(u#%d) 1", i+1)
	}
	b.WriteString(" => d1 0.01")
	for range n - 1 {
		b.WriteString(", d1 0.01")
	}
	b.WriteString(", u#9999 rest\n")
	f := heuristictest.Ledger(t, b.String())
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
	if len(fs) != 101 {
		t.Fatalf("%d findings, want one for each of 100 outputs and one for the others", len(fs))
	}
	var sum model.Amount
	folded := 0
	for i := range fs {
		sum += fs[i].Amounts[0].Amount
		if len(fs[i].Parts) == n-100 {
			folded++
		}
		e := fs[i].Evidence[1]
		if len(e.Items) != 50 || len(fs[i].Related) > 51 || !strings.Contains(e.Text, "350 more are not") {
			t.Fatalf("%d inputs are listed, %d related: %s", len(e.Items), len(fs[i].Related), e.Text)
		}
	}
	if sum != n*model.Coin/100 || folded != 1 {
		t.Errorf("findings of together %v BTC, %d of several outputs", sum, folded)
	}
}
