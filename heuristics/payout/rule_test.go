package payout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const fortyFive = "m#1..9 0.04113207, m#10..18 0.05234119, m#19..27 0.06345231, m#28..36 0.07456343, m#37..45 0.08567457"

// roles returns the roles and reasons of a finding's parts, one a line.
func roles(f *model.Finding) []string {
	var out []string
	for _, p := range f.Parts {
		out = append(out, p.Role+": "+p.Note)
	}
	return out
}

// Every output is classified, and says why.
func TestEveryOutputHasAReason(t *testing.T) {
	_, _, found := payouts(t, `
label Northpool: addr(np) category=mining_pool role=payout confidence=0.95
label Northpool: addr(cold) category=mining_pool role=collector source="list"
label Southpool: addr(sp) category=mining_pool source="list"
label Portmere: addr(px) category=exchange role=deposit source="list"
label Portmere: addr(px2) category=exchange role=hot source="list"
label Kay: addr(acc) category=actor role=account source="list"
tx portmere: new(px2) 1 new(px3) 1 => px2 rest
tx joined: new(np) 3 new(np2) 12 => np2 rest
tx pay: joined.0 => m#1 0.0411, m#2 0.0523, np 1.10001, np2 0.60001, cold 0.22001, sp 0.30001, px 0.03101, px3 0.02901, acc 0.02701, m#3 20_000sat, m#4 10_000sat, m#5 546sat, data "hello", m#6 0sat, m#7 12.00001
`)
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	want := []string{
		"member: no sign of the pool's own wallet or of a service",
		"member: no sign of the pool's own wallet or of a service",
		"pool_internal: its address is in a cluster with an input's",
		"pool_internal: its address is that of an input",
		"pool_internal: listed address of Northpool (mining_pool, by list)",
		"pool_internal: listed address of Southpool (mining_pool, by list)",
		"service: labelled Portmere (exchange, by list): the payee is a customer of it, and nothing beyond is followed",
		"service: in a cluster labelled Portmere (exchange, by list): the payee is a customer of it, and nothing beyond is followed",
		"service: labelled as an account of Kay (actor, by list) at a custodian, who holds the key",
		"small: too small to be evidence of a member",
		"small: exactly the value that token wallets send",
		"small: exactly the value that token wallets send",
		"unspendable: null data: nobody can spend it",
		"unspendable: holds no value",
		"pool_internal_candidate: the largest output by far: it may be the pool's change",
	}
	if diff := cmp.Diff(want, roles(&found[0])); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var labels []string
	for _, l := range found[0].Labels {
		labels = append(labels, l.Entity)
	}
	if diff := cmp.Diff(6, len(labels)); diff != "" {
		t.Errorf("labels used %q (-want +got)\n%s", labels, diff)
	}
}

// A payee that pays members in its turn is the pool's, as of the tip; before
// that it is what it looks like.
func TestPayeeThatPays(t *testing.T) {
	text := `
tag "/Northpool/" Northpool
label Northpool: addr(np) category=mining_pool role=payout confidence=0.95
coinbase one: tag="/Northpool/" => x 6.25
coinbase two: tag="/Northpool/" => np 6.25
height 800200
tx before: one.0 => ` + fortyFive + `, x rest
tx pay: two.0 => y#1 0.5113, y#2 0.4224, y#3 0.3335, y#4 0.2446, x rest
tx after: pay.4 => ` + fortyFive + `, x rest
`
	_, rs, found := payouts(t, text)
	if len(found) != 2 {
		t.Fatalf("%d findings, want 2", len(found))
	}
	past, tip := rs["pay"].Candidacy.Receipts[4], rs["pay"].Receipts[4]
	if past.Class != InternalMaybe || tip.Class != Internal || tip.why != sends || tip.tx != rs["after"].Tx {
		t.Errorf("before %v, as of the tip %v (%s), want pool_internal_candidate and pool_internal", past.Class, tip.Class, tip.text(nil))
	}
	if rs["pay"].Count(Member) != 4 {
		t.Errorf("%d members, want 4", rs["pay"].Count(Member))
	}
}

// A member who pays many is a member all the same.
func TestMemberWhoPaysMany(t *testing.T) {
	_, rs, _ := payouts(t, `
tag "/Northpool/" Northpool
label Northpool: addr(np) category=mining_pool role=payout confidence=0.95
coinbase two: tag="/Northpool/" => np 6.25
height 800200
tx pay: two.0 => y#1 0.5113, y#2 0.4224, y#3 0.3335, y#4 0.2446, big 2.9, np rest
tx after: pay.4 => `+strings.ReplaceAll(fortyFive, "0.08567457", "0.01567457")+`
`)
	if r := rs["pay"].Receipts[4]; r.Class != Member {
		t.Errorf("class %v: %s", r.Class, r.text(nil))
	}
	if rs["after"].Accepted {
		t.Errorf("his payments: %v", rs["after"])
	}
}

// A spent budget leaves a payout without the look at later spends, and says so.
func TestBudgetForLaterSpends(t *testing.T) {
	f := heuristictest.Ledger(t, labelNorthpool+"tx pay: new(np) 10 => "+fortyFive+", np rest\n")
	eng, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{Heuristic}, heuristics.Options{Lookups: 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := f.Tx("pay")
	_, fs, err := heuristics.Eval[*Payout](ctx, s, Heuristic, model.RefTx(id))
	if err != nil || len(fs) != 1 {
		t.Fatalf("%d findings, %v", len(fs), err)
	}
	if !fs[0].Partial || !strings.Contains(strings.Join(fs[0].Unseen, "\n"), "what became of some outputs: the budget of look-ups is spent") {
		t.Errorf("partial %v, unseen %q", fs[0].Partial, fs[0].Unseen)
	}
}

// Sources that do not tell of later spends are no reason for silence.
func TestWithoutSpends(t *testing.T) {
	f := heuristictest.Ledger(t, labelNorthpool+"tx pay: new(np) 10 => "+fortyFive+", np rest\n")
	src := f.Ledger.Set()
	src.Spends = nil
	eng, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s, err := eng.Open(ctx, heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := f.Tx("pay")
	r, fs, err := heuristics.Eval[*Payout](ctx, s, Heuristic, model.RefTx(id))
	if err != nil || len(fs) != 1 || r.SpendsKnown {
		t.Fatalf("%d findings, %v", len(fs), err)
	}
	if !strings.Contains(strings.Join(fs[0].Unseen, "\n"), "what became of the outputs") {
		t.Errorf("unseen %q", fs[0].Unseen)
	}
}

// A coinbase that is spent too young is an error of the data where the
// transaction that does so is asked about, whoever pays, and of no other: what
// descends from it is judged, and says that the origin of its coins is unknown.
func TestImmatureCoinbase(t *testing.T) {
	f := heuristictest.Ledger(t, labelNorthpool+"coinbase cb: => np 6.25\nheight 800050\ntx pay: cb.0 => "+fortyFive+", np rest\n"+
		"tx next: pay.45 => "+strings.ReplaceAll(fortyFive, "m#", "n#")+", np rest\n")
	s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
	id, _ := f.Tx("pay")
	_, fs, err := heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(id))
	if !errors.Is(err, sources.ErrMalformed) || !strings.Contains(err.Error(), "1 inputs spend coinbase outputs less than 100 blocks deep") || len(fs) != 0 {
		t.Errorf("the spend itself: %d findings, error %v", len(fs), err)
	}
	c, _, err := heuristics.Eval[*Candidacy](context.Background(), s, Candidate, model.RefTx(id))
	if err != nil || c.Invalid == nil || c.Accepted {
		t.Errorf("its candidate: %v, %v; want one that is invalid and no failure", c, err)
	}
	if ok, _, _ := c.MemberReceipt(0); ok {
		t.Error("a receipt of a transaction that cannot be")
	}
	id, _ = f.Tx("next")
	_, fs, err = heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(id))
	if err != nil || len(fs) != 1 {
		t.Fatalf("the next: %d findings, error %v", len(fs), err)
	}
	if all := strings.Join(fs[0].Unseen, "\n"); !strings.Contains(all, "the origin of 100.0 % of the coins: immature coinbase, at 1 inputs") {
		t.Errorf("the next: unseen %q", fs[0].Unseen)
	}
}

// Silence about a fan-out whose coins cannot be traced is counted.
func TestUntracedFanoutIsCounted(t *testing.T) {
	f := heuristictest.Ledger(t, "tx blind: unknown(np) => "+fortyFive+"\n")
	s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
	for _, err := range s.Run(context.Background(), s.Sweep(context.Background())) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var notes []heuristics.Note
	for _, h := range s.Coverage().Heuristics {
		if h.Heuristic == "payout" {
			notes = h.Notes
		}
	}
	if len(notes) != 1 || notes[0].Count != 1 || !strings.Contains(notes[0].Text, "without knowing the values") {
		t.Errorf("notes %+v", notes)
	}
}

// A label that comes from a payout is no evidence of one.
func TestDerivedLabelsDoNotCount(t *testing.T) {
	text := "tx pay: new(np) 10 => " + fortyFive + ", np rest\n"
	f := heuristictest.Ledger(t, text)
	np, err := f.Address("np")
	if err != nil {
		t.Fatal(err)
	}
	l := model.Label{On: model.RefAddress(np), Entity: "Northpool", Category: model.MiningPool, Role: model.RolePayout, Confidence: model.Percent(95), Source: "run"}
	for _, c := range []struct {
		derivation []string
		want       int
	}{{nil, 1}, {[]string{"payout"}, 0}, {[]string{"cluster"}, 1}} {
		l.Derivation = c.derivation
		s := heuristictest.Open(t, f, heuristics.Scope{Actors: []model.Label{l}}, Heuristic)
		id, _ := f.Tx("pay")
		_, fs, err := heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(id))
		if err != nil && !errors.Is(err, heuristics.ErrSkip) || len(fs) != c.want {
			t.Errorf("derivation %q: %d findings (%v), want %d", c.derivation, len(fs), err, c.want)
		}
	}
}

// Earlier payouts count where they are earlier, by the same payer, and have room
// in the index.
func TestReturningPayees(t *testing.T) {
	text := "tag \"/Northpool/\" Northpool\ncoinbase a: tag=\"/Northpool/\" => np 6.25\ncoinbase b: tag=\"/Northpool/\" => np 6.25\ncoinbase c: tag=\"/Northpool/\" => other 6.25\nheight 800200\n" +
		"tx first: a.0 => " + fortyFive + ", np rest\ntx second: b.0 => " + fortyFive + ", np rest\ntx stranger: c.0 => " + fortyFive + ", other rest\n"
	_, rs, _ := payouts(t, text)
	for name, want := range map[string]int{"first": 0, "second": 45, "stranger": 0} {
		if h := rs[name].more.habits; h.payees != 45 || h.returning != want {
			t.Errorf("%s: %d of %d returning, want %d of 45", name, h.returning, h.payees, want)
		}
	}

	p := DefaultParams()
	p.Receipts = 40
	f := heuristictest.Ledger(t, text)
	s := heuristictest.Open(t, f, heuristics.Scope{}, New(p))
	noted := false
	for _, h := range s.Coverage().Heuristics {
		for _, n := range h.Notes {
			noted = noted || strings.Contains(n.Text, "found no room in the index") && n.Count > 0
		}
	}
	if !noted {
		t.Error("an index that is full does not say so")
	}
}

func TestHourOfDay(t *testing.T) {
	at := func(s string) int16 {
		c, err := time.Parse("15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return int16(c.Hour()*60 + c.Minute())
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{"02:10", "02:10", true}, {"02:10", "04:10", true}, {"02:10", "04:11", false}, {"23:30", "01:30", true}, {"00:10", "22:09", false}, {"00:00", "12:00", false}} {
		if got := near(at(c.a), at(c.b), 120); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if near(-1, 10, 120) {
		t.Error("an unknown time is near another")
	}
}

// Outputs of token traffic pay nobody, whoever signs.
func TestTokenTraffic(t *testing.T) {
	stone := outputs(around(40, 5_000_000)...)
	stone.Outputs = append(stone.Outputs, model.Output{Script: []byte{0x6a, 0x5d, 0x04, 1, 2, 3, 4}})
	inscription := outputs(around(40, 5_000_000)...)
	inscription.Inputs[0].Witness = [][]byte{make([]byte, 64), append([]byte{0x20, 1, 2, 0xac}, envelope...), make([]byte, 33)}
	plain := outputs(around(40, 5_000_000)...)
	plain.Outputs = append(plain.Outputs, model.Output{Script: []byte{0x6a, 0x04, 1, 2, 3, 4}})
	for _, c := range []struct {
		name string
		tx   *model.Tx
		want bool
	}{{"runestone", stone, true}, {"inscription", inscription, true}, {"other null data", plain, false}} {
		if got := tokens(c.tx); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMeasure(t *testing.T) {
	tx := outputs(100_000, 300_000, 300_000, 250_001, 0)
	tx.Outputs = append(tx.Outputs, model.Output{Value: 5, Owner: model.AddressOf(nil, model.Mainnet)})
	p := DefaultParams()
	got := measure(tx, &p)
	want := fan{outputs: 4, twiceMedian: 550_001, total: 950_001, round: 3, equal: 2, equalValue: 300_000, largest: 1}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if empty := measure(outputs(), &p); empty.outputs != 0 || empty.over(1, 0) != true {
		t.Errorf("no outputs: %+v", empty)
	}
}

// A split has one input address, and nearly all of its outputs hold one value.
func TestSplits(t *testing.T) {
	p := DefaultParams()
	same := func(n int, v model.Amount, more ...model.Amount) []model.Amount {
		vs := make([]model.Amount, n)
		for i := range vs {
			vs[i] = v
		}
		return append(vs, more...)
	}
	a, b := outputs(1).Outputs[0].Owner, outputs(1, 2).Outputs[1].Owner
	for _, c := range []struct {
		name   string
		tx     *model.Tx
		owners []model.Address
		want   bool
	}{
		{"fourteen of fifteen", outputs(same(14, 100, 99)...), []model.Address{a}, true},
		{"two inputs of one address", outputs(same(14, 100, 99)...), []model.Address{a, a}, true},
		{"two owners", outputs(same(14, 100, 99)...), []model.Address{a, b}, false},
		{"one unknown owner", outputs(same(14, 100, 99)...), []model.Address{{}}, true},
		{"one of two owners unknown", outputs(same(14, 100, 99)...), []model.Address{a, {}}, false},
		{"half of the outputs", outputs(same(5, 100, 1, 2, 3, 4, 5)...), []model.Address{a}, false},
	} {
		c.tx.Inputs = nil
		for i, o := range c.owners {
			in := model.Input{Prev: model.Outpoint{Tx: model.TxID{1}, Vout: uint32(i)}, Owner: o}
			if !o.IsZero() {
				in.OwnerBy = model.OwnerPrevout
			}
			c.tx.Inputs = append(c.tx.Inputs, in)
		}
		f := measure(c.tx, &p)
		if got := splits(c.tx, &f, &p); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMemberReceiptOutOfRange(t *testing.T) {
	var none *Candidacy
	for name, c := range map[string]*Candidacy{
		"nil": none, "no outputs": {Accepted: true}, "not accepted": {Receipts: []Receipt{{Class: Member}}},
	} {
		if ok, _, _ := c.MemberReceipt(0); ok {
			t.Errorf("%s: a receipt", name)
		}
	}
}

// Every parameter is listed once.
func TestParameters(t *testing.T) {
	for name, ps := range map[string][]model.Parameter{"own": DefaultParams().Parameters(), "published": DefaultPublishedParams().Parameters()} {
		seen := map[string]bool{}
		for _, p := range ps {
			if seen[p.Name] || p.Value == "" || p.Origin == "" || p.Origin == model.Published && p.Source == "" {
				t.Errorf("%s: %+v", name, p)
			}
			seen[p.Name] = true
		}
	}
}

// The chain is followed 30 links back and no further.
func TestLongChain(t *testing.T) {
	var b strings.Builder
	b.WriteString(labelNorthpool + "tx L0: new(np) 300 => " + fortyFive + ", c#0 rest\n")
	for i := 1; i <= 32; i++ {
		fmt.Fprintf(&b, "tx L%d: L%d.45 => %s, c#%d rest\n", i, i-1, strings.ReplaceAll(fortyFive, "m#", fmt.Sprintf("m%d#", i)), i)
	}
	_, rs, _ := payouts(t, b.String())
	if c := rs["L30"]; c == nil || !c.Accepted || c.Links != 30 || c.Payer.Pool != "Northpool" {
		t.Errorf("link 30: %v", c)
	}
	if c := rs["L31"]; c != nil {
		t.Errorf("link 31: %v", c)
	}
}
