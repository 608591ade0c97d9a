package model_test

import (
	"encoding/hex"
	"testing"

	"github.com/goldwash/goldwash/model"
)

// unhex reads hexadecimal that a test is written in.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Parts of transactions that many tests use. The key is the generator of the
// curve, whose addresses are in BIP 173 and in every wallet's tests.
const (
	keyHex       = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	keyHash      = "751e76e8199196d454941c45d1b3a323f1433bd6"
	longKeyHex   = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	keyP2PKH     = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
	longKeyP2PKH = "1EHNa6Q4Jz2uvNExL497mE43ikXhwF6kZm"
	keyP2WPKH    = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
	keyNested    = "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
)

// der is a signature in strict DER form with the type byte.
func der(sigHash byte) []byte { return append(derBody(), sigHash) }

func derBody() []byte { return []byte{0x30, 6, 2, 1, 0x11, 2, 1, 0x22} }

// pushed is a script that pushes each of the items directly.
func pushed(items ...[]byte) []byte {
	var s []byte
	for _, item := range items {
		if len(item) > 75 {
			s = append(s, 0x4c, byte(len(item)))
		} else {
			s = append(s, byte(len(item)))
		}
		s = append(s, item...)
	}
	return s
}

// genesis is the first block of mainnet.
const genesis = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c" +
	"0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff" +
	"0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"

// smallBlock is a made-up block at height 500,000 with a coinbase, a payment
// without witnesses and one with two inputs of which the second has a witness.
func smallBlock(t testing.TB) *model.Block {
	t.Helper()
	key := unhex(t, keyHex)
	p2wpkh := unhex(t, "0014"+keyHash)
	coinbase := &model.Tx{
		Version: 1,
		Inputs: []model.Input{{
			Prev: model.Outpoint{Vout: 1<<32 - 1}, Sequence: 1<<32 - 1,
			Script:  append(unhex(t, "0320a107"), "/tag/"...),
			Witness: [][]byte{make([]byte, 32)},
		}},
		Outputs: []model.Output{{Value: 12*model.Coin + model.Coin/2, Script: unhex(t, "76a914"+keyHash+"88ac")}, {Script: unhex(t, "6a24aa21a9ed")}},
	}
	plain := &model.Tx{
		Version: 2, LockTime: 499_999,
		Inputs:  []model.Input{{Prev: model.Outpoint{Tx: model.TxID{1}, Vout: 7}, Sequence: 1<<32 - 2, Script: pushed(der(1), key)}},
		Outputs: []model.Output{{Value: 1, Script: p2wpkh}},
	}
	mixed := &model.Tx{
		Version: -1,
		Inputs: []model.Input{
			{Prev: model.Outpoint{Tx: model.TxID{2}}, Script: pushed(der(1), key)},
			{Prev: model.Outpoint{Tx: model.TxID{3}}, Script: []byte{}, Witness: [][]byte{der(0x83), key}},
		},
		Outputs: []model.Output{{Value: model.MaxMoney - 5, Script: []byte{}}, {Value: 5, Script: make([]byte, 300)}},
	}
	b := &model.Block{Header: model.BlockHeader{Version: 0x20000000, Prev: model.BlockHash{9}, Time: 1_513_622_125, Bits: 0x207fffff, Nonce: 1}, Txs: []*model.Tx{coinbase, plain, mixed}}
	var ids []model.TxID
	for _, tx := range b.Txs {
		tx.ID = model.HashTx(tx)
		ids = append(ids, tx.ID)
	}
	b.Header.MerkleRoot = model.MerkleRoot(ids)
	return b
}
