package commingle

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, Heuristic, "testdata/*.ledger") }

// COM-1 of the heuristics reference, section 10: 9,280,000 sat from a pool
// (attribution 0.97), 35,000,000 sat of an actor (label 0.9), 500 sat of dust.
func TestCOM1(t *testing.T) {
	p := DefaultParams()
	c := &Commingling{Coins: []Coin{
		{Class: Mined, Mining: model.Percent(97), Value: 9_280_000, Known: true},
		{Class: Own, Value: 35_000_000, Known: true},
		{Class: Dust, Value: 500, Known: true},
	}}
	c.Coins[1].Actor.Confidence = model.Percent(90)
	if !c.sum() || !p.material(c) {
		t.Fatal("not material")
	}
	if c.Mined != 9_280_000 || c.Own != 35_000_000 || c.Other != 500 {
		t.Errorf("x, y, z = %d, %d, %d", c.Mined, c.Own, c.Other)
	}
	whole := c.Mined + c.Own + c.Other
	if a, b, z := share(c.Mined, whole), share(c.Own, whole), share(c.Other, whole); a != "0.2096" || b != "0.7904" || z != "0.0000" {
		t.Errorf("shares %s, %s, %s", a, b, z)
	}
	if got := c.Balance(); got/100 != 4191 {
		t.Errorf("balance %v, want 0.4191", got)
	}
	if c.Confidence != 873_000 {
		t.Errorf("confidence of the labels %v, want 0.873", c.Confidence)
	}
	given, discounted := p.weight(c.Confidence)
	if math.Abs(float64(given)/1e6-math.Log(200)) > 1e-6 || math.Abs(float64(discounted)/1e6-5.163) > 6e-4 {
		t.Errorf("weights %v, %v, want ln 200 and 5.163", given, discounted)
	}
}

func TestMateriality(t *testing.T) {
	p := DefaultParams()
	for _, c := range []struct {
		name              string
		mined, own, other model.Amount
		want              bool
	}{
		{"both large", 1_000_000, 1_000_000, 0, true},
		{"mined below the floor", 9_999, 100_000, 0, false},
		{"attributed below one in a hundred", 10_000_000, 99_000, 0, false},
		{"mined below one in a hundred of the whole", 100_000, 1_000_000, 20_000_000, false},
		{"nothing", 0, 0, 0, false},
		{"more than an amount holds", math.MaxInt64, math.MaxInt64, 0, false},
	} {
		if got := p.material(&Commingling{Mined: c.mined, Own: c.own, Other: c.other}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// COM-2: an address receives 9,280,000 sat from a pool and 546 sat from the actor;
// nothing is spent. It fails materiality, and is a matter of record only.
func TestCOM2(t *testing.T) {
	p := DefaultParams()
	c := &Commingling{Kind: KindReceipt, Coins: []Coin{
		{Class: Mined, Mining: model.Percent(97), Value: 9_280_000, Known: true},
		{Class: Received, Value: 546, Known: true},
	}}
	if !c.sum() || p.material(c) {
		t.Errorf("mined %d and 546 sat are material", c.Mined)
	}
	s := session(t, "testdata/c3_silent_dust.ledger")
	if fs := sweep(t, s); len(fs) != 0 {
		t.Errorf("%d findings, the first %q", len(fs), fs[0].Claim)
	}
	if n := notes(s)["address or service that received mined coins and an actor's, not material: suppressed"]; n != 1 {
		t.Errorf("recorded %d times: %v", n, notes(s))
	}
}

// COM-3: 1,910 units from ransomware, 1,410 from pools, 6,100 others to a deposit
// address: C5 with shares 0.2028, 0.1497, 0.6476 and a balance of 0.8494.
func TestCOM3(t *testing.T) {
	c := &Commingling{Kind: KindService, Mined: 1_410, Own: 1_910, Other: 6_100}
	whole := c.Mined + c.Own + c.Other
	if a, m, z := share(c.Own, whole), share(c.Mined, whole), share(c.Other, whole); a != "0.2028" || m != "0.1497" || z != "0.6476" {
		t.Errorf("shares %s, %s, %s", a, m, z)
	}
	if got := c.Balance(); (got+50)/100 != 8494 {
		t.Errorf("balance %v, want 0.8494", got)
	}
	fs := sweep(t, session(t, "testdata/c5_deposit_address.ledger"))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	want := map[string]string{"level": "C5", "mined share": "0.1497", "from the actor share": "0.2028", "other share": "0.6476", "balance": "0.849397"}
	for _, f := range fs[0].Facts {
		if w, ok := want[f.Name]; ok && w != f.Value {
			t.Errorf("%s is %s, want %s", f.Name, f.Value, w)
		}
		delete(want, f.Name)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
}

func TestOwnChangeIsNoReceipt(t *testing.T) {
	fs := sweep(t, session(t, "testdata/c5_own_change_is_no_receipt.ledger"))
	if len(fs) != 1 || fs[0].Amounts[2].Amount != 0 {
		t.Errorf("%d findings, other %v", len(fs), fs[0].Amounts[2].Amount)
	}
}

// No kind says more than it may, whatever the coins.
func TestWeights(t *testing.T) {
	p := DefaultParams()
	for _, c := range []struct {
		kind string
		most model.MicroNats
	}{{KindCluster, 4 * model.Nat}, {KindReceipt, model.Nat}, {KindService, 2 * model.Nat}, {KindReceived, model.Nat / 2}} {
		given, discounted := p.weightOf(c.kind, model.Percent(90))
		if given != c.most || discounted >= given || discounted <= 0 {
			t.Errorf("%s weighs %v, and %v with its labels' doubt; want %v", c.kind, given, discounted, c.most)
		}
	}
	if given, _ := p.weightOf(Kind, model.Certain); given != model.LnRatio(200, 1) {
		t.Errorf("C1 weighs %v", given)
	}
}

// Dust is counted and told, and so is whose look-alike sent it.
func TestDustIsTold(t *testing.T) {
	fs := sweep(t, session(t, "testdata/c1_with_dust.ledger"))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	if !slices.Contains(fs[0].Facts, model.Fact{Name: "dust", Value: "includes 2 dust inputs, ignored"}) {
		t.Errorf("facts %v", fs[0].Facts)
	}
	var got []string
	for _, it := range fs[0].Evidence[0].Items {
		if it.Role == "dust" {
			got = append(got, it.Note)
		}
	}
	want := []string{"dust, ignored", "dust; its payer is a look-alike of bc1q59s6yryuy36ge9pt4davwtenh6adpdt9k703zc, ignored"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notes on dust (-want +got)\n%s", diff)
	}
	if m, a := fs[0].Amounts[0].Amount, fs[0].Amounts[1].Amount; m != 9_280_000 || a != 35_000_000 {
		t.Errorf("mined %v, attributed %v", m, a)
	}
}

// The finding about a cluster names the transactions that join its two sides, and
// not those that merely spend.
func TestWhatJoinsIsListed(t *testing.T) {
	text, err := os.ReadFile("testdata/c2_joined_through_a_third_address.ledger")
	if err != nil {
		t.Fatal(err)
	}
	l := heuristictest.Ledger(t, string(text))
	fs := sweep(t, heuristictest.Open(t, l, heuristics.Scope{}, Heuristic))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	var joins, sides []string
	for _, e := range fs[0].Evidence {
		for _, it := range e.Items {
			id, _ := it.On.Tx()
			name, _ := l.TxName(id)
			if e.Family == "co-spend" {
				joins = append(joins, name)
			} else {
				sides = append(sides, it.Role+" in "+name)
			}
		}
	}
	if diff := cmp.Diff([]string{"one", "two"}, joins); diff != "" {
		t.Errorf("what joins (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"attributed in two", "mined in sold", "attributed in paid"}, sides); diff != "" {
		t.Errorf("the two sides (-want +got)\n%s", diff)
	}
}

func TestFaces(t *testing.T) {
	parse := func(s string) model.Address {
		a, err := model.ParseAddress(s, model.Mainnet)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	known, like := parse("bc1q59s6yryuy36ge9pt4davwtenh6adpdt9k703zc"), parse("bc1q59s6yryuy36ge9ptw76ecyk04lm8hdt9dr03zc")
	f := faces{}
	f.add(known)
	if got, ok := f.like(like); !ok || got != known {
		t.Errorf("%v looks like %v, got %v %v", like, known, got, ok)
	}
	for _, a := range []model.Address{known, parse("1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), parse("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"), {}} {
		if got, ok := f.like(a); ok {
			t.Errorf("%v looks like %v", a, got)
		}
	}
}

// A reason not to conclude anything is counted, so that silence can be read.
func TestSilenceIsCounted(t *testing.T) {
	like := "look-alike of bc1q59s6yryuy36ge9pt4davwtenh6adpdt9k703zc, ignored"
	for _, c := range []struct{ file, note string }{
		{"c2_silent_account_in_the_cluster", "cluster that spends mined coins and an actor's, left out: an address is in a wallet that holds an account, by label"},
		{"c2_silent_immaterial", "cluster that spends mined coins and an actor's, not material: suppressed"},
		{"c2_silent_joined_by_the_slip_alone", "mined coins that only a transaction which spends both classes joins to an actor's: left to what that transaction shows"},
		{"c2_silent_joined_by_two_signers", "attributed coins spent with others, left out: multiparty_signature"},
		{"c2_silent_label_conflict", "cluster that spends mined coins and an actor's, left out: labels name different holders of its keys, or of keys that signed with them"},
		{"c2_silent_two_names", "cluster that spends mined coins and an actor's, left out: labels name different holders of its keys, or of keys that signed with them"},
		{"c3_silent_equal_dusting", "coin of many small payments of one value, which are dust, ignored"},
		{"c3_silent_look_alike", "dust spent that was paid by a " + like},
		{"c3_silent_spent_since", "address that received mined coins and an actor's, and has spent: not reported"},
		{"c3_silent_token_postage", "address or service that received mined coins and an actor's, not material: suppressed"},
		{"c5_silent_expired_label", "address with a service's label that was not valid at the time, left out"},
		{"c5_silent_immaterial", "address or service that received mined coins and an actor's, not material: suppressed"},
		{"received_silent_coinjoin", "coins from an actor spent with mined ones, left out: may be a coinjoin"},
		{"received_silent_payjoin", "attributed coins spent with others, left out: possible_payjoin"},
		{"received_silent_token_trade", "coins from an actor spent with mined ones, left out: multiparty_signature"},
		{"wrong_accusation_2_unlabelled_custodian", "coins at an address that labels or co-spends join to an actor, spent with mined ones: not counted as received"},
	} {
		s := session(t, "testdata/"+c.file+".ledger")
		sweep(t, s)
		if notes(s)[c.note] == 0 {
			t.Errorf("%s: no note %q, there are %q", c.file, c.note, notes(s))
		}
	}
}

func session(t *testing.T, file string) *heuristics.Session {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return heuristictest.Open(t, heuristictest.Ledger(t, string(text)), heuristics.Scope{}, Heuristic)
}

// sweep runs over the transactions of the scope, and what passes about them ask to
// visit.
func sweep(t *testing.T, s *heuristics.Session) (fs []model.Finding) {
	t.Helper()
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

func notes(s *heuristics.Session) map[string]int64 {
	m := map[string]int64{}
	for _, h := range s.Coverage().Heuristics {
		if h.Heuristic == "commingle" {
			for _, n := range h.Notes {
				m[n.Text] = n.Count
			}
		}
	}
	return m
}

func FuzzLedgers(f *testing.F) { heuristictest.Fuzz(f, Heuristic) }
