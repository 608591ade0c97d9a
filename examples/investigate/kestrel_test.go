package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// embedded is the embedded case with its names, and what the program finds in it
// without flags.
type embedded struct {
	*testing.T
	*ledger.File
	found []*model.Finding
}

func embeddedCase(t *testing.T) embedded {
	t.Helper()
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	return embedded{t, f, findings(messages(t))}
}

func (e embedded) addr(owner string) model.Address {
	e.Helper()
	a, err := e.Address(owner)
	if err != nil {
		e.Fatal(err)
	}
	return a
}

// tx returns the name in the ledger of the transaction that a finding is about.
func (e embedded) tx(f *model.Finding) string {
	id, _ := f.Subject.Tx()
	name, _ := e.TxName(id)
	return name
}

// owners lists by name everybody whose address stands anywhere in a finding, and
// the owners of the inputs and outputs that it points at.
func (e embedded) owners(f *model.Finding) []string {
	e.Helper()
	seen := map[model.Address]bool{}
	add := func(a model.Address) {
		if !a.IsZero() {
			seen[a] = true
		}
	}
	ref := func(r model.Ref) {
		if a, ok := r.Address(); ok {
			add(a)
		}
		id, ok := r.Tx()
		if !ok {
			return
		}
		txs, err := e.Ledger.Txs(e.Context(), []model.TxID{id})
		if err != nil || txs[0] == nil {
			e.Fatalf("transaction %v of a finding: %v", id, err)
		}
		if o, ok := r.Outpoint(); ok {
			add(txs[0].Outputs[o.Vout].Owner)
		}
		if i, ok := r.Inpoint(); ok {
			add(txs[0].Inputs[i.Vin].Owner)
		}
	}
	items := func(is []model.Item) {
		for _, it := range is {
			ref(it.On)
			add(it.Address)
		}
	}
	ref(f.Subject)
	for _, r := range f.Related {
		ref(r)
	}
	for _, l := range f.Labels {
		ref(l.On)
	}
	for _, ev := range f.Evidence {
		items(ev.Items)
	}
	for _, c := range f.Counter {
		items(c.Items)
	}
	items(f.Parts)
	var names []string
	for a := range seen {
		name, ok := e.Owner(a)
		if !ok {
			e.Errorf("%s of %s names %v, which is nobody's", f.Kind, e.tx(f), a)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// figures are the amounts of a finding as they are written.
func figures(f *model.Finding) map[string]string {
	m := map[string]string{}
	for _, a := range f.Amounts {
		s := a.Amount.String()
		if a.Fiat != nil {
			s += " " + a.Fiat.String()
		}
		m[a.Role] = s
	}
	return m
}

// told is what a test wants of one deposit.
type told struct {
	Tx, Kind, Paid, Service, Payee, Hops, Payer string
}

// TestKestrelDeposits wants all that the case says was paid to a marketplace or
// a cloud miner: by the actor seven, at labelled addresses and at such as a sweep
// shows to be the marketplace's; by others four, and nobody named.
func TestKestrelDeposits(t *testing.T) {
	e := embeddedCase(t)
	var got []told
	sums := map[string]decimal.Decimal{}
	for _, f := range ofKind(e.found, "deposit", "deposit/unattributed") {
		d := told{e.tx(f), f.Kind, figures(f)["paid"], fact(f, "service"), fact(f, "payee"), fact(f, "hops"), ""}
		d.Payer, _, _ = strings.Cut(f.Claim, " paid ")
		got = append(got, d)
		if f.Kind == "deposit" {
			sums[d.Service] = sums[d.Service].Add(paidIn(t, f))
		}
	}
	want := []told{
		{"t4", "deposit", "0.35000000 8124.46 USD", "HashBazaar", "labelled", "0, direct", "Kestrel"},
		{"t6", "deposit", "0.25000000 5319.40 USD", "HashBazaar", "inferred", "2", "Kestrel"},
		{"olga1", "deposit/unattributed", "0.12000000 2553.31 USD", "HashBazaar", "inferred", "0, direct", "Somebody"},
		{"pete1", "deposit/unattributed", "0.08000000 1702.21 USD", "HashBazaar", "inferred", "0, direct", "Somebody"},
		// Exactly 1,994.765, rounded away from zero.
		{"t10", "deposit", "0.10000000 1994.77 USD", "Skarn Cloud", "labelled", "2", "Kestrel"},
		{"t14", "deposit", "0.40000000 8140.18 USD", "HashBazaar", "labelled", "0, direct", "Kestrel"},
		{"t17", "deposit", "0.50000000 8309.10 USD", "HashBazaar", "inferred", "1", "Kestrel"},
		// No price of those days is known.
		{"t18a", "deposit/unattributed", "0.04300000", "HashBazaar", "inferred", "0, direct", "Somebody"},
		{"t20", "deposit", "0.15000000 2664.65 USD", "HashBazaar", "inferred", "3", "Kestrel"},
		{"t21", "deposit", "0.05927300 996.69 USD", "HashBazaar", "labelled", "4", "Kestrel"},
		{"t21a", "deposit/unattributed", "0.09150000", "HashBazaar", "inferred", "0, direct", "Somebody"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deposits (-want +got):\n%s", diff)
	}
	// What the case states: six to the marketplace, one to the cloud miner.
	for service, usd := range map[string]string{"HashBazaar": "33554.48", "Skarn Cloud": "1994.77"} {
		if got := sums[service].StringFixed(2); got != usd {
			t.Errorf("the actor paid %s USD to %s, want %s", got, service, usd)
		}
	}
}

// paidIn is what a deposit was worth.
func paidIn(t *testing.T, f *model.Finding) decimal.Decimal {
	t.Helper()
	for _, a := range f.Amounts {
		if a.Role == "paid" && a.Fiat != nil {
			return a.Fiat.Amount
		}
	}
	t.Errorf("%s %s is not valued", f.Kind, f.ID)
	return decimal.Decimal{}
}

// A deposit is the less sure the more addresses its coins passed, and one at an
// inferred address less than one at a labelled.
func TestKestrelDepositsByHops(t *testing.T) {
	e := embeddedCase(t)
	got := map[string]string{}
	for _, f := range ofKind(e.found, "deposit") {
		got[e.tx(f)] = f.Score.Probability.Short()
	}
	want := map[string]string{
		"t4": "0.81", "t14": "0.81", // direct, to a labelled address
		"t17": "0.58", "t6": "0.47", "t20": "0.37", // 1, 2 and 3 hops, to an inferred one
		"t21": "0.33", // 4 hops, to a labelled one
		"t10": "0.29", // 2 hops, to one with a doubtful label
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("probabilities (-want +got):\n%s", diff)
	}
}

// The marketplace returns a deposit on day 58: so much less was paid in, and
// whose the address is to which it is returned is not said.
func TestKestrelReturned(t *testing.T) {
	e := embeddedCase(t)
	found := ofKind(e.found, "deposit/returned")
	if len(found) != 1 || e.tx(found[0]) != "t20r" {
		t.Fatalf("%d deposits are returned, want one, by t20r", len(found))
	}
	f := found[0]
	if diff := cmp.Diff(map[string]string{"paid": "0.15000000 2664.65 USD", "returned": "0.14990000 3273.99 USD"}, figures(f)); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
	if got := fact(f, "days"); got != "58" {
		t.Errorf("after %q days, want 58", got)
	}
	if !strings.HasPrefix(f.Claim, "HashBazaar returned ") || strings.Contains(f.Claim, "Kestrel") {
		t.Errorf("claims %q", f.Claim)
	}
	for _, d := range ofKind(e.found, "deposit") {
		net := figures(d)["net of returns"]
		if want := map[bool]string{true: "0.00010000 1.78 USD"}[e.tx(d) == "t20"]; net != want {
			t.Errorf("%s: net of returns %q, want %q", e.tx(d), net, want)
		}
	}
}

// TestKestrelReceived wants of the merchant who mines at home, and was paid with
// the actor's coins, that she received them and nothing more.
func TestKestrelReceived(t *testing.T) {
	e := embeddedCase(t)
	found := ofKind(e.found, "commingling/received")
	if len(found) != 1 || e.tx(found[0]) != "mia1" {
		t.Fatalf("%d findings of coins received, want that of mia1", len(found))
	}
	f := found[0]
	checkReceived(t, f)
	if diff := cmp.Diff([]string{"K1", "MIA", "c1", "c3", "c4"}, e.owners(f)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"mined": "0.05500000", "from the actor": "0.08000000", "other": "0.00000000"}, figures(f)); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
	// It joins nobody: nothing else says anything of her but what a pool paid.
	mia := e.addr("MIA").String()
	for _, o := range e.found {
		if o != f && !background(o) && (strings.Contains(o.Claim, mia) || slices.Contains(e.owners(o), "MIA")) {
			t.Errorf("%s of %s names MIA: %s", o.Kind, e.tx(o), o.Claim)
		}
	}
}

// receivedOnly is how a claim begins of somebody who received the actor's coins:
// before it says what became of them it says that they were received.
var receivedOnly = regexp.MustCompile(`^[^:;]*\breceived money from (Kestrel|Subject)\b`)

// checkReceived wants a claim that nobody can take for an accusation.
func checkReceived(t *testing.T, f *model.Finding) {
	t.Helper()
	if !receivedOnly.MatchString(f.Claim) || !strings.Contains(strings.ToLower(f.Claim), "receiving is not controlling") {
		t.Errorf("does not say that receiving is not controlling: %s", f.Claim)
	}
	if !strings.HasPrefix(fact(f, "level"), "none") || f.Score.Probability > model.Percent(20) || f.Score.Given > model.Percent(20) {
		t.Errorf("level %q, probability %v, given %v", fact(f, "level"), f.Score.Probability, f.Score.Given)
	}
	for _, word := range []string{"controls", "one party", "One party", "owns", "launder"} {
		if strings.Contains(f.Claim, word) {
			t.Errorf("claims %q: %s", word, f.Claim)
		}
	}
}

// brokers are the owners that stand in a finding about the broker: its own
// addresses, of which one stands for the others, and those at which pools paid
// clients of it.
var brokers = []string{"BR7", "BR#1", "BR#2", "BR#3", "BR#4", "BR#19"}

// TestKestrelBroker wants the sweep of a broker that nobody has labelled to be
// told as a service's, and no client to be told as anything.
func TestKestrelBroker(t *testing.T) {
	e := embeddedCase(t)
	found := ofKind(e.found, "commingling/service")
	if len(found) != 1 {
		t.Fatalf("%d findings of services, want that of the broker", len(found))
	}
	f := found[0]
	e.checkBroker(f)
	if diff := cmp.Diff([]string{"BR#1", "BR#19", "BR#2", "BR#3", "BR#4", "BR7", "K2", "X1", "X2"}, e.owners(f)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{
		"mined": "0.27929058 4357.59 USD", "from the actor": "0.03000000 468.07 USD", "other": "1.03087252 16084.05 USD",
	}, figures(f)); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
}

// checkBroker wants the claim to name the address that the actor paid and the one
// that stands for the cluster, and no client's where a pool paid him; those are
// evidence of what came in, and of nothing else.
func (e embedded) checkBroker(f *model.Finding) {
	e.Helper()
	if !strings.Contains(f.Claim, "consistent with a service that holds coins for many customers") || fact(f, "level") != "C5" {
		e.Errorf("level %s: %s", fact(f, "level"), f.Claim)
	}
	if f.Score.Probability >= model.Percent(50) || f.Score.Given >= model.Percent(50) {
		e.Errorf("probability %v, given the labels %v, want less than even", f.Score.Probability, f.Score.Given)
	}
	head, _ := f.Subject.Address()
	for _, who := range brokers {
		a := e.addr(who)
		if named := strings.Contains(f.Claim, a.String()); named != (who == "BR7" || a == head) {
			e.Errorf("the claim names %s: %t: %s", who, named, f.Claim)
		}
	}
	for _, ev := range f.Evidence {
		for _, it := range ev.Items {
			if who, _ := e.Owner(it.Address); strings.HasPrefix(who, "BR#") && it.Role != "mined" {
				e.Errorf("%s stands as %q in the evidence", who, it.Role)
			}
		}
	}
}

func TestKestrelSlip(t *testing.T) {
	e := embeddedCase(t)
	found := ofKind(e.found, "commingling")
	if len(found) != 1 || e.tx(found[0]) != "t16" {
		t.Fatalf("%d findings of commingling, want the slip, t16", len(found))
	}
	f := found[0]
	if diff := cmp.Diff(map[string]string{
		"mined": "0.35140000 6810.94 USD", "attributed": "0.38805398 7521.37 USD", "other": "0.00000000 0.00 USD",
	}, figures(f)); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"level": "C1", "mined share": "0.4752", "attributed share": "0.5248"} {
		if got := fact(f, name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if b := fact(f, "balance"); !strings.HasPrefix(b, "0.9504") {
		t.Errorf("balance %s, want 0.9504", b)
	}
	if got := e.owners(f); !slices.Equal(got, []string{"K2", "P1"}) {
		t.Errorf("names %v, want K2 and P1", got)
	}
	if f.Score.Probability < model.Percent(90) || f.Score.Probability >= f.Score.Given {
		t.Errorf("probability %v, given the labels %v", f.Score.Probability, f.Score.Given)
	}
}

func TestKestrelCoinjoin(t *testing.T) {
	e := embeddedCase(t)
	got := map[string]string{}
	for _, f := range e.found {
		if family(f.Kind) == "coinjoin" {
			got[e.tx(f)] = f.Kind
		}
	}
	if diff := cmp.Diff(map[string]string{"t12": "coinjoin/premix", "t13": "coinjoin/whirlpool"}, got); diff != "" {
		t.Errorf("coinjoins (-want +got):\n%s", diff)
	}
}

// receipts returns what payouts of a kind pay an owner as a member, in the order
// of the findings.
func (e embedded) receipts(kind, owner string) []model.Amount {
	e.Helper()
	a := e.addr(owner)
	var out []model.Amount
	for _, f := range ofKind(e.found, kind) {
		for _, it := range f.Parts {
			if it.Address == a && it.Role == "member" {
				out = append(out, it.Value.Amount)
			}
		}
	}
	return out
}

func TestKestrelPayouts(t *testing.T) {
	e := embeddedCase(t)
	for _, test := range []struct {
		kind, owner string
		want        []model.Amount
	}{
		{"payout", "P1", []model.Amount{
			7_950_000, 9_310_000, 9_275_000, 9_280_000, 9_260_000, 9_295_000, 1_480_000,
			6_550_000, 7_480_000, 7_420_000, 7_510_000, 6_180_000,
		}},
		{"payout/coinbase", "P2", []model.Amount{11_200_000, 12_150_000, 11_900_000, 12_250_000}},
		{"payout", "PX9", []model.Amount{2_750_000, 2_732_000}},
		{"payout", "DORA", []model.Amount{1_480_000}},
		{"payout/coinbase", "P1", nil},
		{"payout", "P2", nil},
	} {
		if diff := cmp.Diff(test.want, e.receipts(test.kind, test.owner)); diff != "" {
			t.Errorf("%s to %s (-want +got):\n%s", test.kind, test.owner, diff)
		}
	}
	// One a night from the third day on; for the first few there is not yet
	// enough to tell them from an exchange's batch.
	n := kinds(e.found)
	if n["payout"] < 375 || n["payout"] > 385 {
		t.Errorf("%d payouts in 385 nights", n["payout"])
	}
	if n["payout/coinbase"] != 166 || n["pool"] != 387+166 {
		t.Errorf("%d payouts in coinbases and %d blocks with a pool, want 166 and 553", n["payout/coinbase"], n["pool"])
	}
	for _, f := range ofKind(e.found, "payout", "payout/coinbase") {
		pool := map[string]string{"payout": "Northpool", "payout/coinbase": "Tidewater"}[f.Kind]
		prefix := map[string]string{"payout": "np20", "payout/coinbase": "twcb20"}[f.Kind]
		if name := e.tx(f); !strings.HasPrefix(name, prefix) || fact(f, "pool") != pool {
			t.Errorf("%s %s of %q, want one of %s", f.Kind, name, fact(f, "pool"), pool)
		}
	}
}

// innocent are the owners whom the case keeps beside the actor and of whom no
// finding about the actor may say anything: a seller paid with the actor's coins,
// a resident miner who receives as much in the same week, the owner of a
// published address, a farm and its client, the marketplace's and the exchange's
// other customers, the broker's clients, the staff of a payroll.
var innocent = []string{
	"SAM", "RITA", "MIA#2", "DORA", "HAL", "FARMHAND", "olga", "olga-wallet", "pete", "pete-wallet", "ruth", "ruth-wallet", "sven", "sven-wallet",
	"seller#1", "seller#10", "cloud#1", "SKH", "BR#5", "BR#22", "BRZ", "client#5", "staff#1", "staff#45",
	"employer", "cust#1", "cust#60", "PH", "PX2", "PX9", "ulla-wallet", "rig-shop", "m#1", "t#1", "NP", "wp#1", "wo#1", "rita-tokens",
}

// wallets are the actor's own addresses, but for those that are labelled.
var wallets = []string{"c1", "c2", "c3", "c4", "c5", "c6", "w1", "X1", "X2", "X4", "X5", "X6"}

// about lists the transactions of which each kind of finding that names the actor
// may speak, and who beside the actor stands in each: the payees and the address
// whose label they are inferred from, the marketplace's own address that returned
// a deposit, the merchant who received. What speaks of no transaction speaks of
// the broker.
var about = map[string]map[string][]string{
	"deposit": {
		"t4": {"D1"}, "t6": {"D1", "D2"}, "t10": {"SK"}, "t14": {"D1"}, "t17": {"D1", "D7"}, "t20": {"D1", "D2"}, "t21": {"D1"},
	},
	"deposit/returned":     {"t20r": {"D1", "D2", "H"}},
	"commingling":          {"t16": nil},
	"commingling/received": {"mia1": {"MIA"}},
	"commingling/service":  {"": brokers},
}

// TestKestrelAccusesNobodyElse is the test that matters most: what says that the
// actor did something points at the actor's own addresses, at the services that
// it paid and at the payouts that it received, and at nobody else. So it is when
// an investigator states more of the actor's addresses, and when one is stated
// that is no key but an account at a custodian whom nobody has labelled.
func TestKestrelAccusesNobodyElse(t *testing.T) {
	for name, stated := range map[string][]string{
		"as it is":                      nil,
		"with the payout address":       {"P1"},
		"with every wallet":             wallets,
		"with the account at a broker":  {"BR7"},
		"with everything that is known": append([]string{"P1", "P2", "PX9", "BR7"}, wallets...),
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && stated != nil && len(stated) != len(wallets)+4 {
				t.Skip("runs the whole case several times, which takes too long under -short; the full tests do")
			}
			e := embeddedWith(t, stated...)
			own := append([]string{"K1", "K2", "P1"}, wallets...)
			for _, f := range e.found {
				if f.Kind == "deposit/unattributed" {
					e.nobody(f, own)
					continue
				}
				if family(f.Kind) != "deposit" && family(f.Kind) != "commingling" {
					continue
				}
				beside, expected := about[f.Kind][e.tx(f)]
				if !expected {
					t.Errorf("%s of %q: %s", f.Kind, e.tx(f), f.Claim)
					continue
				}
				for _, who := range e.owners(f) {
					if !slices.Contains(own, who) && !slices.Contains(beside, who) || slices.Contains(innocent, who) {
						t.Errorf("%s of %s names %s: %s", f.Kind, e.tx(f), who, f.Claim)
					}
				}
				for _, who := range innocent {
					if strings.Contains(f.Claim, e.addr(who).String()) {
						t.Errorf("the claim names %s: %s", who, f.Claim)
					}
				}
				switch f.Kind {
				case "commingling/received":
					checkReceived(t, f)
				case "commingling/service":
					e.checkBroker(f)
				default:
					for _, who := range []string{"MIA", "BR7", "BR#1", "BR#4"} {
						if strings.Contains(f.Claim, e.addr(who).String()) {
							t.Errorf("the claim names %s: %s", who, f.Claim)
						}
					}
				}
			}
			// A custodian's key is no actor's, whatever a label says.
			conflicts := ofKind(e.found, "cluster/label_role_conflict")
			if slices.Contains(stated, "BR7") != (len(conflicts) == 1) {
				t.Errorf("%d conflicts of roles are reported: %q", len(conflicts), claims(conflicts))
			}
			e.operators(slices.Contains(stated, "PX9"))
		})
	}
}

// embeddedWith runs the embedded case with owners stated as the actor's.
func embeddedWith(t *testing.T, stated ...string) embedded {
	t.Helper()
	if len(stated) == 0 {
		return embeddedCase(t)
	}
	e := embedded{T: t}
	var err error
	if e.File, err = kestrel.Ledger(); err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, who := range stated {
		owner, confidence, given := strings.Cut(who, "=")
		if arg := e.addr(owner).String(); given {
			args = append(args, "-subject", arg+"="+confidence)
		} else {
			args = append(args, "-subject", arg)
		}
	}
	e.found = findings(messages(t, args...))
	return e
}

// nobody wants a deposit of somebody to name neither the actor nor, in its
// claim, anybody but the payee.
func (e embedded) nobody(f *model.Finding, own []string) {
	e.Helper()
	if !strings.HasPrefix(f.Claim, "Somebody paid ") {
		e.Errorf("%s of %s: %s", f.Kind, e.tx(f), f.Claim)
	}
	for _, who := range e.owners(f) {
		if slices.Contains(own, who) {
			e.Errorf("%s of %s, which is somebody's, names %s", f.Kind, e.tx(f), who)
		}
		if a := e.addr(who).String(); strings.Contains(f.Claim, a) && strings.HasSuffix(who, "-wallet") {
			e.Errorf("the claim names %s: %s", who, f.Claim)
		}
	}
}

// operators wants the addresses that are inferred to be a service's to be its
// customers' deposit addresses and what gathers them, and nobody's own wallet.
// Where the actor's account at the exchange is stated to be his own key, labels
// contradict each other on what is swept with it, and nothing is inferred.
func (e embedded) operators(contradicted bool) {
	e.Helper()
	got := map[string][]string{}
	for _, f := range ofKind(e.found, "cluster/deposit_addresses") {
		got[fact(f, "entity")] = e.owners(f)
	}
	want := map[string][]string{
		"HashBazaar": {"D1", "D2", "D7", "H", "olga", "pete", "ruth", "sven"},
		"Portmere":   {"PH", "PX2", "PX9"},
	}
	if contradicted {
		delete(want, "Portmere")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		e.Errorf("addresses of services (-want +got):\n%s", diff)
	}
}

// With the actor's wallets stated, what the actor paid from them is nearer.
func TestKestrelStatedWallets(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole case several times, which takes too long under -short; the full tests do")
	}
	e := embeddedWith(t, "c3=0.8", "X5")
	got := map[string]string{}
	for _, f := range ofKind(e.found, "deposit", "deposit/unattributed") {
		who, _, _ := strings.Cut(f.Claim, " paid ")
		got[e.tx(f)] = f.Kind + " by " + who + ", " + f.Score.Probability.Short()
	}
	want := map[string]string{
		"t4": "deposit by Kestrel, 0.81", "t6": "deposit by Kestrel, 0.47", "t14": "deposit by Kestrel, 0.81",
		"t17": "deposit by Kestrel, 0.58", "t20": "deposit by Kestrel, 0.37",
		// At the addresses that are stated.
		"t10": "deposit by Subject, 0.40", "t21": "deposit by Subject, 0.81",
		// Others' stay nobody's.
		"olga1": "deposit/unattributed by Somebody, 0.81", "pete1": "deposit/unattributed by Somebody, 0.81",
		"t18a": "deposit/unattributed by Somebody, 0.81", "t21a": "deposit/unattributed by Somebody, 0.81",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deposits (-want +got):\n%s", diff)
	}
}

// silent are the transactions that look like something and are nothing: the
// marketplace's sweeps and payments to sellers, dust, a cloud miner's payments, a
// merchant's purchase, a broker's sweep, a payroll, an exchange's batch and sweep,
// a trade that two parties sign; and the steps of the actor that pay no service.
var silent = []string{
	"t7", "t8", "dust", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "t18", "t19b", "t21b",
	"payroll", "batch", "px1", "px2", "rita0", "t22",
	"t1", "t2", "t3", "t5", "t11", "t19",
}

// TestKestrelSilence wants nothing to be said about those.
func TestKestrelSilence(t *testing.T) {
	e := embeddedCase(t)
	for _, name := range silent {
		if _, ok := e.Tx(name); !ok {
			t.Errorf("the case has no transaction %s", name)
		}
	}
	for _, f := range e.found {
		if name := e.tx(f); slices.Contains(silent, name) {
			t.Errorf("%s of %s: %s", f.Kind, name, f.Claim)
		}
	}
}

// TestKestrelText reads the text form as an analyst does.
func TestKestrelText(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole case several times, which takes too long under -short; the full tests do")
	}
	e := embedded{T: t}
	e.File, _ = kestrel.Ledger()
	out, errs := investigate(t, exitOK)
	if errs != "" {
		t.Errorf("wrote to standard error: %s", errs)
	}
	p1 := e.addr("P1").String()
	// Payouts are shown that pay somebody whom a finding names: the actor, the
	// merchant who received, the broker's clients, the account at the exchange.
	named := []string{"P1", "MIA", "BR#1", "BR#2", "PX9"}
	shown := 0
	for part := range strings.SplitSeq(out, "\n\n") {
		if !strings.HasPrefix(part, "PAYOUT  ") {
			continue
		}
		if strings.Contains(part, p1) {
			shown++
		}
		if !slices.ContainsFunc(named, func(who string) bool { return strings.Contains(part, e.addr(who).String()) }) {
			t.Errorf("a payout that pays nobody of interest is shown among the findings of interest:\n%s", part)
		}
	}
	if shown != 12 {
		t.Errorf("%d payouts to P1 are shown, want the 12 that pay it", shown)
	}
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{
		"goldwash ", "up to block 777064",
		"DEPOSIT very likely, 0.81 analytic confidence: low Claim Kestrel paid 0.35000000 BTC to " + e.addr("D1").String(),
		model.Disclaimer,
		"Paid 0.35000000 BTC $8,124.46",
		"COMMINGLING almost certain, 0.95",
		"Mined 0.35140000 BTC $6,810.94 Attributed 0.38805398 BTC $7,521.37",
		"deposit 7 paid 1.80927300 BTC $35,549.25",
		"deposit/returned 1",
		"deposit/unattributed 4 paid 0.33450000 BTC $4,255.52 (2 without a price)",
		"COMMINGLING/RECEIVED very unlikely, 0.13",
		"COMMINGLING/SERVICE unlikely, 0.34",
		"PAYOUT/COINBASE: 162 more that touch nobody named above",
		"Scope everything that the sources have",
		"Labels 2 actor, 2 cloud mining, 1 exchange, 1 hash marketplace, 0 mining pool",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("the text does not hold %q", want)
		}
	}
	// Everything that it names stands there in full.
	for _, f := range ofKind(embeddedCase(t).found, "deposit", "deposit/unattributed", "deposit/returned", "commingling", "commingling/received", "commingling/service") {
		for _, owner := range e.owners(f) {
			if !strings.Contains(out, e.addr(owner).String()) {
				t.Errorf("the address of %s is not there in full", owner)
			}
		}
		if id := f.Subject.ID(); !strings.Contains(out, id) || !strings.Contains(out, f.ID.String()) {
			t.Errorf("%s or its statement is not there in full", id)
		}
	}
	if strings.ContainsAny(out, "\x1b\r\t") || strings.Contains(out, "...") || strings.Contains(out, "…") {
		t.Error("the text holds control characters or something shortened")
	}
}
