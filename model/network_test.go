package model_test

import (
	"testing"

	"github.com/goldwash/goldwash/model"
)

func TestNetworks(t *testing.T) {
	seen := map[model.BlockHash]bool{}
	for _, n := range model.Networks() {
		back, err := model.ParseNetwork(n.String())
		if err != nil || back != n {
			t.Errorf("%s reads as %s, %v", n, back, err)
		}
		if seen[n.Genesis()] {
			t.Errorf("%s shares the first block %s", n, n.Genesis())
		}
		seen[n.Genesis()] = true
		if (n.Symbol() == "BTC") != (n == model.Mainnet) || n.Unit() != "sat" {
			t.Errorf("%s: %s, %s", n, n.Symbol(), n.Unit())
		}
	}
	for _, s := range []string{"", "main", "Mainnet", "testnet"} {
		if n, err := model.ParseNetwork(s); err == nil {
			t.Errorf("%q is %s", s, n)
		}
	}
	if model.Mainnet != 0 {
		t.Error("the zero value is not mainnet")
	}
}

func TestSubsidy(t *testing.T) {
	for _, c := range []struct {
		net    model.Network
		height int32
		want   string
	}{
		{model.Mainnet, 0, "50.00000000"},
		{model.Mainnet, 209_999, "50.00000000"},
		{model.Mainnet, 210_000, "25.00000000"},
		{model.Mainnet, 630_000, "6.25000000"},
		{model.Mainnet, 32 * 210_000, "0.00000001"},
		{model.Mainnet, 33 * 210_000, "0.00000000"},
		{model.Mainnet, 1<<31 - 1, "0.00000000"},
		{model.Mainnet, -1, "0.00000000"},
		{model.Regtest, 150, "25.00000000"},
		{model.Regtest, 150 * 64, "0.00000000"},
	} {
		if got := c.net.Subsidy(c.height).String(); got != c.want {
			t.Errorf("%s at %d: %s, want %s", c.net, c.height, got, c.want)
		}
	}
	// All that will ever be mined is a little less than the limit.
	var all model.Amount
	for h := int32(0); h < 34*210_000; h += 210_000 {
		all += model.Mainnet.Subsidy(h) * 210_000
	}
	if all.String() != "20999999.97690000" {
		t.Errorf("%s in all", all)
	}
}
