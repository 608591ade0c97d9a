package fresh_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
)

func TestOutputLedgers(t *testing.T) {
	heuristictest.Run(t, fresh.Output, "testdata/output/*.ledger")
}

func FuzzOutput(f *testing.F) { heuristictest.Fuzz(f, fresh.Output) }

// The embedded case: what the exchange's customer received is a pool's, and what
// the cloud miner paid is not known to be anybody's.
func TestOutputsOfKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	at := func(owner string) model.Ref {
		a, err := f.Address(owner)
		if err != nil {
			t.Fatal(err)
		}
		return model.RefAddress(a)
	}
	px, q, sam := at("PX9"), at("Q"), at("SAM")
	s := heuristictest.Open(t, f, heuristics.Scope{Seeds: []model.Ref{px, q}}, fresh.Output)

	o, fs, err := heuristics.Eval[*fresh.Origin](t.Context(), s, fresh.Output, px)
	if err != nil || len(fs) != 1 {
		t.Fatalf("%d findings, %v", len(fs), err)
	}
	if p, ok := o.Share.Main(); !ok || p.Entity != "Northpool" || !fresh.AtLeast(p.Share, 99) || o.Value != 2_750_000+2_732_000 || len(o.Receipts) != 2 {
		t.Errorf("PX9: %v of %d receipts", o, len(o.Receipts))
	}
	if fs[0].Kind != fresh.Kind || fs[0].Subject != px || fs[0].Score.Probability != model.Percent(97) {
		t.Errorf("%s, %v: %q", fs[0].Kind, fs[0].Score.Probability, fs[0].Claim)
	}

	o, fs, err = heuristics.Eval[*fresh.Origin](t.Context(), s, fresh.Output, q)
	if err != nil || len(fs) != 1 {
		t.Fatalf("%d findings, %v", len(fs), err)
	}
	if o.Share.Coinbase != 0 || o.Mined() != 0 || len(o.Share.Pools) != 0 || o.Value != 8_100_000 {
		t.Errorf("Q: %v", o)
	}
	if want := "0.0 % is newly mined; of 0.0 % it is unknown, and 100.0 % came out of services other than pools, given the labels."; !strings.Contains(fs[0].Claim, want) {
		t.Errorf("claim %q, want it to say %q", fs[0].Claim, want)
	}

	// Whom nobody named is not reported on, though an answer can be had.
	o, fs, err = heuristics.Eval[*fresh.Origin](t.Context(), s, fresh.Output, sam)
	if err != nil || o == nil || len(fs) != 0 {
		t.Errorf("SAM: %v, %d findings, %v", o, len(fs), err)
	}
}

// A sweep of transactions says nothing new.
func TestSweepNamesNoOutput(t *testing.T) {
	f := heuristictest.Ledger(t, "coinbase cb: => a 6.25\nheight 800200\ntx b: cb.0 => c rest\n")
	s := heuristictest.Open(t, f, heuristics.Scope{}, fresh.Output, fresh.Heuristic)
	for found, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		t.Errorf("%q %v", found.Claim, err)
	}
}

// The parts of an address are those of its receipts by value; what it pays itself
// is not received again; what is beyond the bound is unknown.
func TestAddress(t *testing.T) {
	text := "tag \"/Northpool/\" Northpool\ncoinbase cb: tag=\"/Northpool/\" => a 3, b rest\nheight 800200\ntx g: new(x) => a 1\ntx self: cb.0 => a 2, c rest\ntx again: self.0 => d 1, a rest\n"
	f := heuristictest.Ledger(t, text)
	a, err := f.Address("a")
	if err != nil {
		t.Fatal(err)
	}
	on := model.RefAddress(a)
	p := fresh.DefaultOutputParams()
	p.Receipts = 1
	for _, c := range []struct {
		h        *heuristics.Heuristic
		want     string
		more     int
		mustTell string
	}{
		{fresh.Output, "4.00000000: fresh 75.0 % (Northpool 75.0 %), unknown 25.0 %, services 0.0 %; spent transaction not in the source: 1", 0, "The origin of 25.0 % of the value: spent transaction not in the source (1 inputs); it may be newly mined or not."},
		{fresh.NewOutput(p), "4.00000000: fresh 75.0 % (Northpool 75.0 %), unknown 25.0 %, services 0.0 %; budget of look-ups spent: 1", 1, "1 more receipts: beyond the bound, they count as unknown."},
	} {
		s := heuristictest.Open(t, f, heuristics.Scope{Seeds: []model.Ref{on}}, c.h)
		o, fs, err := heuristics.Eval[*fresh.Origin](t.Context(), s, c.h, on)
		if err != nil || len(fs) != 1 {
			t.Fatalf("%d findings, %v", len(fs), err)
		}
		if fmt.Sprint(o) != c.want || o.More != c.more {
			t.Errorf("got %v, and %d more, want %s", o, o.More, c.want)
		}
		if !slices.Contains(fs[0].Unseen, c.mustTell) {
			t.Errorf("unseen %q, want %q", fs[0].Unseen, c.mustTell)
		}
	}
}

// A part of what an address received is not said to be all, and what rests on labels
// is never certain.
func TestOutputClaimsNoMoreThanWasRead(t *testing.T) {
	f := heuristictest.Ledger(t, "label Exchange: addr(e) category=exchange confidence=0.3\ntx one: new(e) 1 => a 1\ntx two: new(e) 1 => a 1\ntx three: new(e) 1 => a 1\n")
	a, err := f.Address("a")
	if err != nil {
		t.Fatal(err)
	}
	on := model.RefAddress(a)
	p := fresh.DefaultOutputParams()
	p.History = 2
	for _, c := range []struct {
		h    *heuristics.Heuristic
		want string
		cut  bool
	}{
		{fresh.Output, "Of the 3.00000000 BTC that ", false},
		{fresh.NewOutput(p), "Of the first 2.00000000 BTC that ", true},
	} {
		s := heuristictest.Open(t, f, heuristics.Scope{Seeds: []model.Ref{on}}, c.h)
		o, fs, err := heuristics.Eval[*fresh.Origin](t.Context(), s, c.h, on)
		if err != nil || len(fs) != 1 {
			t.Fatalf("%d findings, %v", len(fs), err)
		}
		if !strings.HasPrefix(fs[0].Claim, c.want) || !strings.Contains(fs[0].Claim, "given the labels") || o.Cut != c.cut {
			t.Errorf("%q, cut %v", fs[0].Claim, o.Cut)
		}
		if got := fs[0].Score.Probability; got > model.Percent(90) {
			t.Errorf("probability %v rests on a label of 0.3", got)
		}
		said := slices.ContainsFunc(fs[0].Unseen, func(s string) bool { return strings.HasPrefix(s, "What the address received later") })
		if said != c.cut {
			t.Errorf("unseen %q", fs[0].Unseen)
		}
	}
}

// That fees are in a coinbase output is said.
func TestFeesAreSaid(t *testing.T) {
	f := heuristictest.Ledger(t, "coinbase cb: => a 6.25\n")
	id, _ := f.Tx("cb")
	s := heuristictest.Open(t, f, heuristics.Scope{}, fresh.Output)
	_, fs, err := heuristics.Eval[*fresh.Origin](t.Context(), s, fresh.Output, model.RefOutpoint(model.Outpoint{Tx: id}))
	if err != nil || len(fs) != 1 {
		t.Fatalf("%d findings, %v", len(fs), err)
	}
	if !slices.ContainsFunc(fs[0].Premises, func(p model.Premise) bool { return p.Question == "Are the fees in it new coins?" }) {
		t.Errorf("premises %v", fs[0].Premises)
	}
}
