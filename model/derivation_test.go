package model_test

import (
	"testing"

	"github.com/goldwash/goldwash/model"
)

func TestRefBinaryTellsReferencesApart(t *testing.T) {
	id := model.TxID{1}
	a := model.AddressOf([]byte{0x51, 0x20, 33: 1}, model.Mainnet)
	b := model.AddressOf([]byte{0x51, 0x20, 33: 1}, model.Signet)
	seen := map[string]model.Ref{}
	for _, r := range []model.Ref{
		{}, model.RefTx(id), model.RefBlock(model.BlockHash(id)), model.RefOutpoint(model.Outpoint{Tx: id}), model.RefInpoint(model.Inpoint{Tx: id}),
		model.RefOutpoint(model.Outpoint{Tx: id, Vout: 1}), model.RefAddress(a), model.RefAddress(b),
	} {
		bin, err := r.AppendBinary([]byte("x"))
		if err != nil || len(bin) != 38 || bin[0] != 'x' {
			t.Errorf("%v: %x, %v", r, bin, err)
		}
		if old, ok := seen[string(bin)]; ok {
			t.Errorf("%v and %v have the same bytes", old, r)
		}
		seen[string(bin)] = r
	}
}
