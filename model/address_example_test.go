package model_test

import (
	"encoding/hex"
	"fmt"

	"github.com/goldwash/goldwash/model"
)

func ExampleParseAddress() {
	a, err := model.ParseAddress("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", model.Mainnet)
	if err != nil {
		fmt.Println(err)
		return
	}
	script, ok := a.Script()
	fmt.Println(a.Kind(), a.Ownable(), ok, hex.EncodeToString(script))

	_, err = model.ParseAddress("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", model.Signet)
	fmt.Println(err)
	// Output:
	// p2wpkh true true 0014751e76e8199196d454941c45d1b3a323f1433bd6
	// address "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" on signet: prefix "bc" belongs to mainnet
}

func ExampleClassify() {
	for _, s := range []string{
		"76a914751e76e8199196d454941c45d1b3a323f1433bd688ac",
		"51024e73",
		"6a0548656c6c6f",
	} {
		script, _ := hex.DecodeString(s)
		form := model.Classify(script)
		fmt.Printf("%s: %d bytes of payload\n", form.Kind, len(form.Payload))
	}
	// Output:
	// p2pkh: 20 bytes of payload
	// p2a: 2 bytes of payload
	// nulldata: 0 bytes of payload
}
