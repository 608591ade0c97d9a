package model_test

import (
	"testing"

	"github.com/goldwash/goldwash/model"
)

func TestFilters(t *testing.T) {
	owner := func(b byte) model.Address {
		return model.AddressOf(unhex(t, "0014"+keyHash[:38]+string("0123456789"[b])+"0"), model.Mainnet)
	}
	shop, bob, data := owner(1), owner(2), model.AddressOf([]byte{0x6a, 1, 2}, model.Mainnet)
	categories := func(a model.Address) []model.Category {
		switch a {
		case shop:
			return []model.Category{model.HashMarketplace, model.Exchange}
		case model.Address{}:
			return []model.Category{model.Mixer} // nobody may be found under no address
		}
		return nil
	}
	coinbase := &model.Tx{Inputs: []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}}}, Outputs: []model.Output{{Value: 5, Owner: bob}}}
	pays := &model.Tx{
		Inputs:  []model.Input{{Prev: model.Outpoint{Tx: model.TxID{1}}, Owner: bob, OwnerBy: model.OwnerPrevout}, {Prev: model.Outpoint{Tx: model.TxID{2}}}},
		Outputs: []model.Output{{Value: 5, Owner: shop}, {Value: 7, Owner: bob}, {Value: 5, Owner: bob}, {Owner: data}},
		Block:   model.BlockRef{Height: 100, Known: model.KnownHeight},
	}
	takes := &model.Tx{
		Inputs:  []model.Input{{Prev: model.Outpoint{Tx: model.TxID{3}}, Owner: shop, OwnerBy: model.OwnerUnlocking}},
		Outputs: []model.Output{{Value: 5, Owner: bob}},
		Block:   model.BlockRef{Known: model.KnownHeight},
	}
	all := map[string]*model.Tx{"coinbase": coinbase, "pays": pays, "takes": takes}
	for _, c := range []struct {
		name string
		f    model.Filter
		want string
	}{
		{"everything", model.Filter{}, "coinbase pays takes"},
		{"two inputs", model.Filter{MinInputs: 2}, "pays"},
		{"four outputs", model.Filter{MinOutputs: 4}, "pays"},
		{"five outputs", model.Filter{MinOutputs: 5}, ""},
		{"coinbase", model.Filter{Coinbase: true}, "coinbase"},
		{"not coinbase", model.Filter{NotCoinbase: true}, "pays takes"},
		{"both", model.Filter{Coinbase: true, NotCoinbase: true}, ""},
		{"two equal", model.Filter{MinEqual: 2}, "pays"},
		{"three equal", model.Filter{MinEqual: 3}, ""},
		{"one equal", model.Filter{MinEqual: 1}, "coinbase pays takes"},
		{"null data", model.Filter{NullData: true}, "pays"},
		{"pays a marketplace", model.Filter{Pays: []model.Category{model.HashMarketplace}}, "pays"},
		{"pays one of two", model.Filter{Pays: []model.Category{model.Gambling, model.Exchange}}, "pays"},
		{"pays a mixer", model.Filter{Pays: []model.Category{model.Mixer}}, ""},
		{"spends a marketplace's", model.Filter{Spends: []model.Category{model.HashMarketplace}}, "takes"},
		{"spends a mixer's, whose owner is not known", model.Filter{Spends: []model.Category{model.Mixer}}, ""},
		{"both conditions", model.Filter{Pays: []model.Category{model.Exchange}, MinInputs: 3}, ""},
		{"up to 100", model.Filter{To: 100}, "pays takes"},
		{"up to 99", model.Filter{To: 99}, "takes"},
		{"from 1 to 100", model.Filter{From: 1, To: 100}, "pays"},
		{"from 101 to 200", model.Filter{From: 101, To: 200}, ""},
		{"from without to", model.Filter{From: 101}, "coinbase pays takes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			for _, name := range []string{"coinbase", "pays", "takes"} {
				if c.f.Match(all[name], categories) {
					if got != "" {
						got += " "
					}
					got += name
				}
			}
			if got != c.want {
				t.Errorf("lets %q through, want %q", got, c.want)
			}
			if c.f.ByLabel() && c.f.Match(pays, nil) {
				t.Error("something is labelled although there are no labels")
			}
		})
	}
	one, other := model.Filter{Coinbase: true}, model.Filter{MinOutputs: 4}
	if !model.MatchAny(nil, takes, nil) || model.MatchAny([]model.Filter{one, other}, takes, nil) || !model.MatchAny([]model.Filter{one, other}, pays, nil) {
		t.Error("a list lets through what any of it does, and an empty one everything")
	}
}
