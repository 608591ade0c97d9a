package beneficiary_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// swept runs a session over its scope.
func swept(t testing.TB, s *heuristics.Session) []model.Finding {
	t.Helper()
	var fs []model.Finding
	for f, err := range s.Run(context.Background(), s.Sweep(context.Background())) {
		var pass *heuristics.PassError
		if errors.As(err, &pass) {
			t.Fatalf("%v\n%s", err, pass.Stack)
		}
		if err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

func address(t testing.TB, f *ledger.File, name string) model.Address {
	t.Helper()
	a, err := f.Address(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The embedded case: the actor's two payout addresses and its account at an
// exchange are paid like rented hash power, and nobody else's.
func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	x, fs := grouped(t, f, beneficiary.Heuristic, heuristics.Scope{})
	claims := map[string]string{}
	for _, fd := range fs {
		a, _ := fd.Subject.Address()
		name, _ := f.Owner(a)
		if fd.Kind != beneficiary.FindingKind || claims[name] != "" {
			t.Errorf("unexpected %s on %s", fd.Kind, name)
		}
		claims[name] = strings.ReplaceAll(fd.Claim, a.String(), name)
	}
	want := map[string]string{
		"P1":  "Address P1 was paid 0.90990000 BTC in 12 payouts of Northpool, with 2 trains as of rented hash power: 21 PH/s for six days from 2022-08-20 and 19 PH/s for five days from 2022-10-05.",
		"P2":  "Address P2 was paid 0.47500000 BTC in 4 payouts of Tidewater, with 1 train as of rented hash power: 18 PH/s for eight days from 2022-11-16.",
		"PX9": "Address PX9, an account at Portmere, was paid 0.05482000 BTC in 2 payouts of Northpool, with 1 train as of rented hash power: 3.8 PH/s for four days from 2022-12-24; payee is a customer of Portmere; the library stops here.",
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got)\n%s", diff)
	}
	at := func(name string) *beneficiary.Beneficiary {
		t.Helper()
		i, ok := x.Find(address(t, f, name))
		if !ok {
			t.Fatalf("no payout pays %s", name)
		}
		return x.At(i)
	}
	for _, name := range []string{"P1", "P2", "PX9", "RITA", "MIA", "DORA", "HAL", "FARMHAND", "BR#1", "BR#2", "BR#3", "BR#4"} {
		if b := at(name); len(b.Addresses) != 1 || len(b.Edges) != 0 {
			t.Errorf("%s is joined with others: %v", name, b.Addresses)
		}
	}
	if b := at("HAL"); len(b.Related) != 1 || b.Related[0].Rule != beneficiary.RevenueShare || b.Related[0].Other != address(t, f, "FARMHAND") || b.Related[0].Weight != 0 {
		t.Errorf("HAL is related to %v, want a revenue share with FARMHAND", b.Related)
	}
	if b := at("PX9"); b.Kind != beneficiary.Account || b.Custodian != "Portmere" || b.CustodianConfidence != 695_649 || len(b.Labels) == 0 {
		t.Errorf("PX9 is %v at %q with %v", b.Kind, b.Custodian, b.CustodianConfidence)
	}
	// The broker has no label, and behaves like what it is.
	for _, name := range []string{"BR#1", "BR#2", "BR#3", "BR#4"} {
		if b := at(name); b.Kind != beneficiary.Account || b.Custodian != "" || !b.ServiceLike {
			t.Errorf("%s is %v at %q", name, b.Kind, b.Custodian)
		}
	}
	if b := at("P1"); b.Kind != beneficiary.Wallet || b.ServiceLike || len(b.Related) != 0 {
		t.Errorf("P1 is %v, related to %v", b.Kind, b.Related)
	}
	// Rita mines for 190 days before the week in which she receives what the
	// actor does.
	for _, tr := range x.Trains(mustFind(t, x, address(t, f, "RITA")), beneficiary.DefaultParams()) {
		if tr.Passed {
			t.Errorf("Rita has a train: %v", tr)
		}
	}
	for _, p := range x.Pools() {
		share, ok := p.Coverage()
		if !ok || p.Cadence != map[string]time.Duration{"Northpool": 24 * time.Hour, "Tidewater": 48 * time.Hour}[p.Entity] {
			t.Errorf("%s: coverage %v %t, cadence %v", p.Entity, share, ok, p.Cadence)
		}
	}
}

func mustFind(t testing.TB, x *beneficiary.Index, a model.Address) int {
	t.Helper()
	i, ok := x.Find(a)
	if !ok {
		t.Fatalf("no payout pays %v", a)
	}
	return i
}
