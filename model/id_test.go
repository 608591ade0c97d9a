package model_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
)

const firstPayment = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"

func TestTxIDText(t *testing.T) {
	id, err := model.ParseTxID(firstPayment)
	if err != nil {
		t.Fatal(err)
	}
	if id[31] != 0xf4 || id[0] != 0x16 {
		t.Errorf("the text is not reversed: %x", id[:])
	}
	upper, err := model.ParseTxID(strings.ToUpper(firstPayment))
	if err != nil || upper != id || id.String() != firstPayment {
		t.Errorf("%s, %s, %v", id, upper, err)
	}
	for _, s := range []string{"", firstPayment[:63], firstPayment + "0", "g" + firstPayment[1:], strings.Repeat("é", 32)} {
		if _, err := model.ParseTxID(s); err == nil {
			t.Errorf("ParseTxID(%q) succeeds", s)
		}
		if _, err := model.ParseBlockHash(s); err == nil {
			t.Errorf("ParseBlockHash(%q) succeeds", s)
		}
	}
}

func TestPointText(t *testing.T) {
	o, err := model.ParseOutpoint(firstPayment + ":1")
	if err != nil || o.Vout != 1 || o.String() != firstPayment+":1" {
		t.Errorf("%s, %v", o, err)
	}
	i, err := model.ParseInpoint(firstPayment + ":4294967295")
	if err != nil || i.Vin != 1<<32-1 || i.String() != firstPayment+":4294967295" {
		t.Errorf("%s, %v", i, err)
	}
	for _, s := range []string{"", firstPayment, firstPayment + ":", firstPayment + ":01", firstPayment + ":+1", firstPayment + ":-1",
		firstPayment + ":1_0", firstPayment + ":4294967296", firstPayment[1:] + ":1", firstPayment + ":1:1"} {
		if o, err := model.ParseOutpoint(s); err == nil || o != (model.Outpoint{}) {
			t.Errorf("ParseOutpoint(%q) = %s, %v", s, o, err)
		}
		if i, err := model.ParseInpoint(s); err == nil || i != (model.Inpoint{}) {
			t.Errorf("ParseInpoint(%q) = %s, %v", s, i, err)
		}
	}
}

func TestNullOutpoint(t *testing.T) {
	for o, want := range map[model.Outpoint]bool{
		{Vout: 1<<32 - 1}:                        true,
		{}:                                       false,
		{Tx: model.TxID{31: 1}, Vout: 1<<32 - 1}: false,
	} {
		if o.Null() != want {
			t.Errorf("%s: null %v", o, o.Null())
		}
	}
}

func TestIDsInJSON(t *testing.T) {
	type all struct {
		Tx    model.TxID
		Block model.BlockHash
		Out   model.Outpoint
		In    model.Inpoint
		D, No model.Digest
	}
	id, _ := model.ParseTxID(firstPayment)
	want := all{id, model.Mainnet.Genesis(), model.Outpoint{Tx: id, Vout: 2}, model.Inpoint{Tx: id, Vin: 3}, model.Digest{0xab}, model.Digest{}}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	text := `{"Tx":"` + firstPayment + `","Block":"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f","Out":"` + firstPayment + `:2","In":"` + firstPayment + `:3","D":"ab` + strings.Repeat("0", 62) + `","No":""}`
	if string(b) != text {
		t.Errorf("got  %s\nwant %s", b, text)
	}
	var got all
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
