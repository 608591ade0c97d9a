package payout

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// outputs is a transaction that pays these values to different addresses.
func outputs(values ...model.Amount) *model.Tx {
	tx := &model.Tx{Inputs: []model.Input{{Prev: model.Outpoint{Tx: model.TxID{9}}}}}
	for i, v := range values {
		script := append([]byte{0, 20}, make([]byte, 20)...)
		script[2], script[3] = byte(i), byte(i>>8)
		tx.Outputs = append(tx.Outputs, model.Output{Value: v, Script: script, Owner: model.AddressOf(script, model.Mainnet)})
	}
	return tx
}

// around returns n values with the given median, at most two of them equal.
func around(n int, median model.Amount) []model.Amount {
	vs := make([]model.Amount, n)
	for i := range vs {
		vs[i] = median + model.Amount(i-n/2)*1_001
		if n%2 == 0 && i == n/2-1 {
			vs[i] = median
		}
	}
	return vs
}

// list writes values as outputs of the ledger language.
func list(owner string, values []model.Amount) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s#%d %dsat", owner, i+1, int64(v))
	}
	return b.String()
}

// payouts runs the heuristic over a ledger and returns the results by the names
// of the transactions, and how many findings there were.
func payouts(t *testing.T, text string) (*ledger.File, map[string]*Payout, []model.Finding) {
	t.Helper()
	f := heuristictest.Ledger(t, text)
	s := heuristictest.Open(t, f, heuristics.Scope{}, Heuristic)
	out := map[string]*Payout{}
	var found []model.Finding
	ctx := context.Background()
	for sub, err := range s.Sweep(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		r, fs, err := heuristics.Eval[*Payout](ctx, s, Heuristic, sub.Ref)
		if err == heuristics.ErrSkip {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		name, _ := f.TxName(sub.Tx.ID)
		out[name] = r
		found = append(found, fs...)
	}
	return f, out, found
}

func txOf(t *testing.T, f *ledger.File, name string) *model.Tx {
	t.Helper()
	id, ok := f.Tx(name)
	if !ok {
		t.Fatalf("no transaction %s", name)
	}
	txs, err := f.Ledger.Set().Txs.Txs(context.Background(), []model.TxID{id})
	if err != nil || txs[0] == nil {
		t.Fatalf("transaction %s: %v", name, err)
	}
	return txs[0]
}

const labelNorthpool = "label Northpool: addr(np) category=mining_pool role=payout confidence=0.95\n"

// 31 outputs with a median of 0.042 BTC are a payout by the published rule,
// whoever pays; by ours where a pool does.
func TestPAY1(t *testing.T) {
	values := around(31, 4_200_000)
	if !Published(outputs(values...), DefaultPublishedParams()) {
		t.Error("published rule: not a payout")
	}
	pay := "tx pay: new(np) 10 => " + list("m", values) + "\n"
	if _, _, found := payouts(t, pay); len(found) != 0 {
		t.Errorf("nobody knows who pays: %v", found[0].Claim)
	}
	_, rs, found := payouts(t, labelNorthpool+pay)
	if len(found) != 1 || rs["pay"].Count(Member) != 31 {
		t.Errorf("a labelled pool pays: %d findings, %v", len(found), rs["pay"])
	}
}

// 30 outputs are none by the published rule, nor by ours where no label names
// the payer, however fresh the coins.
func TestPAY2(t *testing.T) {
	if Published(outputs(around(30, 4_200_000)...), DefaultPublishedParams()) {
		t.Error("published rule: a payout")
	}
	text := func(n int) string {
		return "tag \"/Northpool/\" Northpool\ncoinbase cb: tag=\"/Northpool/\" => np 6.25\nheight 800200\n" +
			"tx pay: cb.0 => " + list("m", around(n, 4_200_000)) + "\n"
	}
	if _, rs, _ := payouts(t, text(30)); rs["pay"] != nil {
		t.Errorf("30 outputs: %v", rs["pay"])
	}
	if _, rs, _ := payouts(t, text(31)); rs["pay"] == nil {
		t.Error("31 outputs are no candidate")
	}
}

// A median of 2 BTC is not below 2 BTC.
func TestPAY3(t *testing.T) {
	values := around(120, 200_000_000)
	for i := range values {
		values[i] = max(values[i], 200_000_000) // the median stays where it is
	}
	if Published(outputs(values...), DefaultPublishedParams()) {
		t.Error("published rule: a payout")
	}
	below := slices.Clone(values)
	for i := range 60 {
		below[i] = 199_999_999
	}
	if !Published(outputs(below...), DefaultPublishedParams()) {
		t.Error("published rule: half a satoshi below is no payout")
	}
	if _, rs, _ := payouts(t, labelNorthpool+"tx pay: new(np) 900 => "+list("m", values)+"\n"); rs["pay"] != nil {
		t.Errorf("library: %v", rs["pay"])
	}
}

// chain is PAY-4: two links of 101 outputs whose largest output pays for the
// next, and a transaction of 100 outputs that spends that of the second.
func chain() string {
	link := func(payees, change string, n int, largest model.Amount) string {
		vs := make([]model.Amount, n)
		for i := range vs {
			vs[i] = 4_811_111 + model.Amount(i%20)*50_011
		}
		return list(payees, vs) + ", " + fmt.Sprintf("%s %dsat", change, int64(largest))
	}
	return labelNorthpool +
		"tx L1: new(np) 100 => " + link("a", "c1", 100, 8_720_000_000) + "\n" +
		"tx L2: L1.100 => " + link("b", "c2", 100, 8_190_000_000) + "\n" +
		"tx L3: L2.100 => " + link("d", "c3", 99, 7_600_000_000) + "\n"
}

// A chain: the published rule takes the last link's change for a member, ours
// leaves it out.
func TestPAY4(t *testing.T) {
	f, rs, found := payouts(t, chain())
	p := DefaultPublishedParams()
	spenders := map[model.Outpoint]*model.Tx{}
	for _, name := range []string{"L1", "L2", "L3"} {
		tx := txOf(t, f, name)
		spenders[tx.Inputs[0].Prev] = tx
	}
	got := FollowPublished(txOf(t, f, "L1"), p, func(o model.Outpoint) *model.Tx { return spenders[o] })
	if want := []model.TxID{txOf(t, f, "L1").ID, txOf(t, f, "L2").ID}; !cmp.Equal(want, got.Links) || len(got.Members) != 201 {
		t.Errorf("published rule: %d links, %d members, want 2 and 201", len(got.Links), len(got.Members))
	}

	if len(found) != 2 || rs["L1"] == nil || rs["L2"] == nil || rs["L3"] != nil {
		t.Fatalf("library: %d findings, results %v; want L1 and L2", len(found), rs)
	}
	if n := rs["L1"].Count(Member) + rs["L2"].Count(Member); n != 200 {
		t.Errorf("library: %d receipts, want 200", n)
	}
	if n := rs["L1"].Count(InternalMaybe) + rs["L2"].Count(InternalMaybe); n != 1 || rs["L2"].Receipts[100].Class != InternalMaybe {
		t.Errorf("library: %d outputs that may be the pool's, want 1, the largest of L2", n)
	}
	if r := rs["L1"].Receipts[100]; r.Class != Internal || r.why != continues {
		t.Errorf("library: the largest output of L1 is %v: %s", r.Class, r.text(nil))
	}
	if c := rs["L2"]; c.Shape != Chain || c.Parent != txOf(t, f, "L1").ID || c.Links != 1 || c.Payer.Pool != "Northpool" {
		t.Errorf("library: L2 is %v after %v", c, c.Parent)
	}
	if ok, _, _ := rs["L2"].MemberReceipt(100); ok {
		t.Error("library: the change of L2 is a member's receipt")
	}
	if ok, pool, _ := rs["L2"].MemberReceipt(0); !ok || pool != "Northpool" {
		t.Errorf("library: the first output of L2: %v %q", ok, pool)
	}
}

// A pool that cuts its funds into pieces of 10 BTC pays nobody, and mixes
// nothing.
func TestPAY5(t *testing.T) {
	values := make([]model.Amount, 15)
	for i := range values {
		values[i] = 1_000_000_000
	}
	values[14] = 999_980_000
	text := labelNorthpool + "tx split: new(np) 150 => " + list("v", values) + "\n"
	f, rs, found := payouts(t, text)
	tx := txOf(t, f, "split")
	if Published(tx, DefaultPublishedParams()) {
		t.Error("published rule: a payout")
	}
	if v := shape.Classify(tx, shape.DefaultParams()); v.Kind != shape.None || v.SkipUnion {
		t.Errorf("coinjoin: %v", v)
	}
	r := rs["split"]
	if len(found) != 0 || r == nil || r.Accepted || r.Shape.String() != "pool_split" {
		t.Fatalf("library: %d findings, %v", len(found), r)
	}
	if ok, _, _ := r.MemberReceipt(0); ok || r.Count(Member) != 0 {
		t.Error("library: a piece is a member's receipt")
	}
}

// At a subsidy of 3.125 BTC the median must be below 0.5 BTC.
func TestPAY6(t *testing.T) {
	p := DefaultParams()
	c := capAt(model.Mainnet, model.BlockRef{Height: 840_000, Known: model.KnownHeight}, &p)
	if want := (medianCap{50_000_000, true}); c != want {
		t.Errorf("cap %v, want %v", c, want)
	}
	for median, want := range map[model.Amount]bool{60_000_000: false, 50_000_000: false, 49_900_000: true} {
		values := around(35, median)
		if !Published(outputs(values...), DefaultPublishedParams()) {
			t.Errorf("published rule, median %v: not a payout", median)
		}
		_, _, found := payouts(t, labelNorthpool+"height 840001\ntx pay: new(np) 100 => "+list("m", values)+"\n")
		if got := len(found) == 1; got != want {
			t.Errorf("library, median %v: payout %v, want %v", median, got, want)
		}
	}
	if c := capAt(model.Mainnet, model.BlockRef{}, &p); c != (medianCap{200_000_000, false}) || !regexp.MustCompile("unknown").MatchString(c.String()) {
		t.Errorf("unknown height: %v", c)
	}
}
