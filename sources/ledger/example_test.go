package ledger_test

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

func ExampleParse() {
	f, err := ledger.Parse("example", `
		label HashBazaar: addr(d1) category=hash_marketplace role=deposit
		tx theft: new(victim) 0.9 => thief 0.9
		tx order: theft.0 fee=0.000024 => d1 0.35, change rest
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	order, _ := f.Tx("order")
	txs, err := f.Ledger.Set().Txs.Txs(context.Background(), []model.TxID{order})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, out := range txs[0].Outputs {
		owner, _ := f.Owner(out.Owner)
		fmt.Println(owner, out.Value, out.Owner)
	}
	fee, _ := txs[0].Fee()
	fmt.Println("fee", fee, "at height", txs[0].Block.Height)

	_, err = ledger.Parse("example", "tx a: b.0 => carol 1")
	fmt.Println(err)
	// Output:
	// d1 0.35000000 bc1q24cw437hewla6ydezpjn0gdywjj43u02gdrjj3
	// change 0.54997600 bc1qr0tpayqkgh3vvkn97txwqjvmy472xs6newa8nm
	// fee 0.00002400 at height 800001
	// example:1:7: unknown transaction "b"
}
