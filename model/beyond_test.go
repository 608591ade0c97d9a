package model_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

// twoPayments is a block with a coinbase, a payment with two inputs and one with
// one input and a witness.
func twoPayments(t *testing.T) (raw []byte) {
	t.Helper()
	key := append([]byte{0x00, 0x14}, make([]byte, 20)...)
	out := []model.Output{{Value: 7, Script: key}}
	b := &model.Block{Txs: []*model.Tx{
		{Version: 1, Inputs: []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}, Script: []byte{1, 2}}}, Outputs: out},
		{Version: 2, Inputs: []model.Input{{Prev: model.Outpoint{Vout: 5}}, {Prev: model.Outpoint{Vout: 6}}}, Outputs: append(out, out...)},
		{Version: 2, Inputs: []model.Input{{Prev: model.Outpoint{Vout: 7}, Witness: [][]byte{{1}, {2, 3}}}}, Outputs: out},
	}}
	return model.AppendBlock(nil, b)
}

// With nothing known beyond it a block is built as one transaction at a time is.
func TestBlockIsItsTransactions(t *testing.T) {
	var v model.BlockView
	if err := v.Decode(twoPayments(t)); err != nil {
		t.Fatal(err)
	}
	b := v.Block(model.Mainnet)
	for i, got := range b.Txs {
		if diff := cmp.Diff(v.Tx(i, model.Mainnet, v.Ref(model.Mainnet)), got); diff != "" {
			t.Errorf("transaction %d (-want +got)\n%s", i, diff)
		}
	}
	if n := cap(b.Txs[1].Inputs) + cap(b.Txs[1].Outputs); n != 4 {
		t.Errorf("an append to one transaction's inputs or outputs would write into another's: capacity %d", n)
	}
}

// What a source knows beyond the bytes of a block stands in its transactions, and
// is asked for once for each input that spends something.
func TestBlockWith(t *testing.T) {
	var v model.BlockView
	if err := v.Decode(twoPayments(t)); err != nil {
		t.Fatal(err)
	}
	owner := model.AddressOf([]byte{0x51}, model.Mainnet)
	var asked []uint32
	ids := []model.TxID{{1}, {2}, {3}}
	b, err := v.BlockWith(model.Mainnet, model.BlockRef{Height: 9, Known: model.KnownHeight}, model.Beyond{
		IDs: ids,
		Spent: func(in int, prev *model.Outpoint) (model.Amount, model.Address, bool, error) {
			asked = append(asked, uint32(in), prev.Vout)
			return 100, owner, prev.Vout != 6, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{1, 5, 2, 6, 3, 7}, asked); diff != "" {
		t.Errorf("asked (-want +got)\n%s", diff)
	}
	for i, tx := range b.Txs {
		if tx.ID != ids[i] || tx.Block.Height != 9 || tx.Block.Pos != int32(i) || !tx.Block.Has(model.KnownHeight|model.KnownPos) {
			t.Errorf("transaction %d: %v in %+v", i, tx.ID, tx.Block)
		}
	}
	in := b.Txs[1].Inputs
	if !in[0].ValueKnown || in[0].Value != 100 || in[0].Owner != owner || in[0].OwnerBy != model.OwnerPrevout {
		t.Errorf("known input: %+v", in[0])
	}
	if in[1].ValueKnown || in[1].OwnerBy == model.OwnerPrevout {
		t.Errorf("unknown input: %+v", in[1])
	}
	failed := errors.New("on purpose")
	fails := model.Beyond{Spent: func(int, *model.Outpoint) (model.Amount, model.Address, bool, error) {
		return 0, model.Address{}, false, failed
	}}
	if _, err := v.BlockWith(model.Mainnet, model.BlockRef{}, fails); !errors.Is(err, failed) {
		t.Error(err)
	}
	one, err := v.TxWith(2, model.Mainnet, model.BlockRef{}, model.Beyond{IDs: ids, Spent: func(in int, _ *model.Outpoint) (model.Amount, model.Address, bool, error) {
		return model.Amount(in), owner, true, nil
	}})
	if err != nil || one.ID != ids[2] || one.Inputs[0].Value != 3 || one.Block.Known != 0 {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := v.TxWith(1, model.Mainnet, model.BlockRef{}, fails); !errors.Is(err, failed) {
		t.Error(err)
	}
	if _, err := v.TxWith(0, model.Mainnet, model.BlockRef{}, fails); err != nil {
		t.Errorf("a coinbase spends nothing: %v", err)
	}
}

// A view is used again for one transaction after the other, and is empty after an
// error.
func TestViewOfOneTransaction(t *testing.T) {
	var block, v model.BlockView
	if err := block.Decode(twoPayments(t)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i := range block.Txs {
			want := block.Tx(i, model.Mainnet, model.BlockRef{})
			want.Block = model.BlockRef{}
			raw := model.AppendTx(nil, want)
			if err := v.DecodeTx(raw); err != nil {
				t.Fatal(err)
			}
			got, err := v.TxWith(0, model.Mainnet, model.BlockRef{}, model.Beyond{})
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("transaction %d: %v (-want +got)\n%s", i, err, diff)
			}
			if err := v.DecodeTx(raw[:len(raw)-1]); err == nil || len(v.Txs)+len(v.Ins)+len(v.Outs) != 0 {
				t.Errorf("truncated: %v, and the view holds something", err)
			}
		}
	}
}
