package depaddr_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// reader hands the index to a test.
func reader(h *heuristics.Heuristic, x **depaddr.Index) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name: "reader", Doc: "hands the index to a test", Version: 1, Requires: []*heuristics.Heuristic{h},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			*x = depaddr.Of(s)
			return nil, nil
		},
	}
}

func index(t testing.TB, f *ledger.File) *depaddr.Index {
	t.Helper()
	var x *depaddr.Index
	heuristictest.Open(t, f, heuristics.Scope{}, reader(depaddr.Heuristic, &x))
	return x
}

// lines says of each inference what a ledger's author would.
func lines(f *ledger.File, all []depaddr.Inference) []string {
	out := []string{}
	for i := range all {
		a := &all[i]
		name, _ := f.Owner(a.Address)
		role := string(a.Label.Role)
		if role == "" {
			role = "-"
		}
		out = append(out, fmt.Sprintf("%s %s %s %s %s", name, a.Label.Entity, a.Route, role, strings.TrimRight(a.Label.Confidence.String(), "0")))
	}
	slices.Sort(out)
	return out
}

func TestKestrel(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	x := index(t, f)
	want := []string{
		"D2 HashBazaar co-spend deposit 0.81",
		"D7 HashBazaar co-spend deposit 0.81",
		"H HashBazaar collector collector 0.729",
		"PX2 Portmere behaviour deposit 0.695649",
		"PX9 Portmere behaviour deposit 0.695649",
		"olga HashBazaar co-spend deposit 0.81",
		"pete HashBazaar co-spend deposit 0.81",
		"ruth HashBazaar co-spend deposit 0.81",
		"sven HashBazaar co-spend deposit 0.81",
	}
	if diff := cmp.Diff(want, lines(f, x.All())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, a := range x.All() {
		got, ok := x.Inferred(a.Address)
		if diff := cmp.Diff(a, got, cmp.Comparer(model.Address.Equal), cmp.Comparer(model.Ref.Equal)); !ok || diff != "" {
			t.Errorf("Inferred(%s) is not what All has\n%s", a.Address, diff)
		}
	}
	for _, innocent := range []string{
		"SAM", "MIA", "MIA#2", "RITA", "DORA", "HAL", "FARMHAND", "rig-shop", "olga-wallet", "pete-wallet", "ruth-wallet", "sven-wallet",
		"ulla-wallet", "K1", "K2", "P1", "P2", "X1", "X6", "c2", "BR7", "BRZ", "client#5", "employer", "NP", "seller#1", "seller#11", "cust#1", "cust#60", "staff#1", "D1", "PH", "SK",
	} {
		a, err := f.Address(innocent)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := x.Inferred(a); ok {
			t.Errorf("%s is inferred: %s", innocent, got.Reason)
		}
	}
}
