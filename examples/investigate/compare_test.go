package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

// TestKestrelEveryRow wants what the case's design says must be found, and no
// more of a kind that accuses.
func TestKestrelEveryRow(t *testing.T) {
	e := embeddedCase(t)
	want := map[string]int{
		"deposit": 7, "deposit/returned": 1, "coinjoin/whirlpool": 1, "coinjoin/premix": 1, "peel": 1, "beneficiary": 3,
		"commingling": 1, "commingling/service": 1, "commingling/received": 1, "loop": 1, "loop_lead": 2, "fresh": 2,
	}
	got := kinds(e.found)
	for kind := range got {
		if _, ok := want[kind]; !ok && !slices.Contains([]string{"payout", "pool", "cluster", "exposure"}, family(kind)) && kind != "deposit/unattributed" {
			t.Errorf("%d findings of kind %s", got[kind], kind)
		}
	}
	for kind, n := range want {
		if got[kind] != n {
			t.Errorf("%d findings of kind %s, want %d", got[kind], kind, n)
		}
	}
	if got["payout"] < 14 || got["payout/coinbase"] < 4 || got["pool"] < 2 {
		t.Errorf("payouts %d and %d, pools %d", got["payout"], got["payout/coinbase"], got["pool"])
	}
	named := func(kind string) []string {
		var names []string
		for _, f := range ofKind(e.found, kind) {
			a, _ := f.Subject.Address()
			name, _ := e.Owner(a)
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	for kind, want := range map[string][]string{
		"loop": {"P1"}, "loop_lead": {"P2", "PX9"}, "beneficiary": {"P1", "P2", "PX9"}, "fresh": {"PX9", "Q"}, "exposure/summary": {"PX9", "Q"},
	} {
		if diff := cmp.Diff(want, named(kind)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// What hangs on the slip, and what on the second round.
func TestKestrelSideBySide(t *testing.T) {
	e := embeddedCase(t)
	slip, _ := e.Tx("t16")
	second, _ := e.Tx("t14")
	p1 := model.RefAddress(e.addr("P1"))
	about := func(args ...string) *model.Finding {
		for _, f := range ofKind(findings(messages(t, args...)), "loop", "loop_lead") {
			if f.Subject == p1 {
				return f
			}
		}
		t.Fatalf("%v: nothing about P1", args)
		return nil
	}
	whole, without, alone := about(), about("-without", slip.String()), about("-without", slip.String(), "-without", second.String())
	if whole.Kind != "loop" || without.Kind != "loop" || alone.Kind != "loop_lead" {
		t.Errorf("kinds %s, %s, %s", whole.Kind, without.Kind, alone.Kind)
	}
	a, b, c := whole.Score.Probability, without.Score.Probability, alone.Score.Probability
	if a < model.Percent(80) || a > model.Percent(90) || b > model.Percent(72) || c >= model.Percent(50) || a <= b || b <= c {
		t.Errorf("%v, %v without the co-spend, %v without it and the second round", a, b, c)
	}
	text, _ := investigate(t, exitOK, "-brief")
	_, table, _ := strings.Cut(text, "\nWITHOUT\n")
	for _, want := range []string{slip.String(), second.String(), p1.ID(), a.Short(), b.Short(), c.Short()} {
		if !strings.Contains(table, want) {
			t.Errorf("the runs set side by side do not hold %s:\n%s", want, table)
		}
	}
}

// What is asked about in a ledger of one's own is answered, and nothing else is
// changed by asking.
func TestAbout(t *testing.T) {
	p := file(t, "a.ledger", "tag \"/Northpool/\" Northpool\ncoinbase cb: tag=\"/Northpool/\" => alice rest\ntime 2023-07-26\ntx f1: cb.0 => bob 1, alice rest\n")
	e, err := (&config{ledger: once(p)}).openLedger()
	if err != nil {
		t.Fatal(err)
	}
	bob, _ := e.Address("bob")
	id, _ := e.Tx("f1")
	plain := findings(messages(t, "-ledger", p))
	for _, ref := range []string{bob.String(), id.String() + ":0"} {
		asked := findings(messages(t, "-ledger", p, "-about", ref))
		if len(ofKind(asked, "fresh")) != 1 {
			t.Errorf("-about %s: %v", ref, kinds(asked))
		}
		if len(asked) <= len(plain) {
			t.Errorf("-about %s adds nothing", ref)
		}
	}
}
