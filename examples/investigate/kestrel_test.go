package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	Tx, Kind, Paid, Service, Payer string
}

func TestKestrelDeposits(t *testing.T) {
	e := embeddedCase(t)
	var got []told
	for _, f := range e.found {
		if family(f.Kind) != "deposit" {
			continue
		}
		d := told{e.tx(f), f.Kind, figures(f)["paid"], fact(f, "service"), ""}
		d.Payer, _, _ = strings.Cut(f.Claim, " paid ")
		got = append(got, d)
	}
	want := []told{
		{"t4", "deposit", "0.35000000 8124.46 USD", "HashBazaar", "Kestrel"},
		// Exactly 1,994.765, rounded away from zero.
		{"t10", "deposit/unattributed", "0.10000000 1994.77 USD", "Skarn Cloud", "Somebody"},
		{"t14", "deposit", "0.40000000 8140.18 USD", "HashBazaar", "Kestrel"},
		{"t21", "deposit/unattributed", "0.05927300 996.69 USD", "HashBazaar", "Somebody"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deposits (-want +got):\n%s", diff)
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

// innocent are the owners whom the case keeps beside the actor: a seller paid
// with the actor's coins, a resident miner who receives as much in the same
// week, a shopkeeper, the owner of a published address, a farm and its client,
// the marketplace's other customers, the broker and its clients, the staff of a
// payroll, an exchange and its customers.
var innocent = []string{
	"SAM", "RITA", "MIA", "MIA#2", "DORA", "HAL", "FARMHAND", "olga", "olga-wallet", "pete", "pete-wallet", "ruth", "sven", "H",
	"seller#1", "seller#10", "cloud#1", "SKH", "BR7", "BR#1", "BR#4", "BR#5", "BR#22", "BRZ", "client#5", "staff#1", "staff#45",
	"employer", "cust#1", "cust#60", "PH", "PX2", "rig-shop", "m#1", "t#1", "NP", "wp#1", "wo#1",
}

// wallets are the actor's own addresses, but for those that are labelled.
var wallets = []string{"c1", "c2", "c3", "c4", "c5", "c6", "w1", "X1", "X2", "X4", "X5", "X6"}

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
			if testing.Short() && stated != nil && len(stated) < 10 {
				t.Skip("runs in the full tests")
			}
			e := embedded{T: t}
			var err error
			if e.File, err = kestrel.Ledger(); err != nil {
				t.Fatal(err)
			}
			var args []string
			for _, owner := range stated {
				args = append(args, "-subject", e.addr(owner).String())
			}
			e.found = findings(messages(t, args...))
			own := map[string][]string{
				"deposit":     append([]string{"K1", "K2", "P1", "D1", "SK"}, wallets...),
				"commingling": append([]string{"K2", "P1"}, wallets...),
			}
			for _, f := range e.found {
				allowed, about := own[family(f.Kind)]
				if !about || f.Kind == "deposit/unattributed" {
					continue
				}
				for _, who := range e.owners(f) {
					if !slices.Contains(allowed, who) || slices.Contains(innocent, who) {
						t.Errorf("%s of %s names %s: %s", f.Kind, e.tx(f), who, f.Claim)
					}
				}
				for _, who := range innocent {
					if strings.Contains(f.Claim, e.addr(who).String()) {
						t.Errorf("the claim names %s: %s", who, f.Claim)
					}
				}
				if slices.Contains(tempting, e.tx(f)) {
					t.Errorf("%s of %s: %s", f.Kind, e.tx(f), f.Claim)
				}
			}
			// A custodian's key is no actor's, whatever a label says.
			conflicts := ofKind(e.found, "cluster/label_role_conflict")
			if slices.Contains(stated, "BR7") != (len(conflicts) == 1) {
				t.Errorf("%d conflicts of roles are reported: %q", len(conflicts), claims(conflicts))
			}
		})
	}
}

// With the actor's wallets stated, what the actor paid from them is attributed.
func TestKestrelStatedWallets(t *testing.T) {
	e := embedded{T: t}
	var err error
	if e.File, err = kestrel.Ledger(); err != nil {
		t.Fatal(err)
	}
	e.found = findings(messages(t, "-subject", e.addr("c3").String()+"=0.8", "-subject", e.addr("X5").String()))
	got := map[string]string{}
	for _, f := range e.found {
		if family(f.Kind) == "deposit" {
			who, _, _ := strings.Cut(f.Claim, " paid ")
			got[e.tx(f)] = f.Kind + " by " + who + ", " + f.Score.Probability.Short()
		}
	}
	want := map[string]string{
		"t4": "deposit by Kestrel, 0.81", "t10": "deposit by Subject, 0.40", "t14": "deposit by Kestrel, 0.81", "t21": "deposit by Subject, 0.81",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deposits (-want +got):\n%s", diff)
	}
}

// tempting are the transactions that look like something and are nothing: the
// marketplace's sweeps and payments to sellers, dust, a cloud miner's payments, a
// merchant's co-spend, a broker's sweep, a payroll, an exchange's batch and sweep,
// a trade that two parties sign.
var tempting = []string{
	"olga1", "pete1", "t7", "t8", "dust", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "mia1", "t18a", "t18", "t19b", "t21a", "t21b",
	"payroll", "batch", "px1", "px2", "rita0", "t22",
}

// TestKestrelSilence wants nothing to be said about those, and nothing about the
// steps of the actor that pay no labelled service.
func TestKestrelSilence(t *testing.T) {
	silent := append([]string{"t1", "t2", "t3", "t5", "t6", "t11", "t17", "t19", "t20", "t20r"}, tempting...)
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
	e := embedded{T: t}
	e.File, _ = kestrel.Ledger()
	out, errs := investigate(t, exitOK)
	if errs != "" {
		t.Errorf("wrote to standard error: %s", errs)
	}
	p1 := e.addr("P1").String()
	shown := 0
	for part := range strings.SplitSeq(out, "\n\n") {
		if strings.HasPrefix(part, "PAYOUT  ") {
			shown++
			if !strings.Contains(part, p1) {
				t.Errorf("a payout that does not pay P1 is shown among the findings of interest:\n%s", part)
			}
		}
	}
	if shown != 12 {
		t.Errorf("%d payouts are shown, want the 12 that pay P1", shown)
	}
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{
		"goldwash ", "up to block 777064",
		"DEPOSIT very likely, 0.81 analytic confidence: low Claim Kestrel paid 0.35000000 BTC to " + e.addr("D1").String(),
		model.Disclaimer,
		"Paid 0.35000000 BTC $8,124.46",
		"COMMINGLING almost certain, 0.95",
		"Mined 0.35140000 BTC $6,810.94 Attributed 0.38805398 BTC $7,521.37",
		"deposit 2 paid 0.75000000 BTC $16,264.64",
		"deposit/unattributed 2 paid 0.15927300 BTC $2,991.45",
		"PAYOUT/COINBASE: 166 more that touch nobody named above",
		"Scope everything that the sources have",
		"Labels 2 actor, 1 cloud mining, 1 exchange, 1 hash marketplace, 0 mining pool",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("the text does not hold %q", want)
		}
	}
	// Everything that it names stands there in full.
	for _, f := range ofKind(embeddedCase(t).found, "deposit", "deposit/unattributed", "commingling") {
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
