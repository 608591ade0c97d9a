package labels_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/labels"
)

// Labels from a file of one's own, beside those that come with the library.
func Example() {
	own, err := labels.Read(strings.NewReader(`address,entity,category,role,method,confidence,detail
1BoatSLRHtKNngkdXEeobR76b53LETtpyT,HashBazaar,hash_marketplace,deposit,test_payment,0.9,own deposit of 2022-07-30
1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne,Somebody Else,exchange,,,,
`), "mine.csv", model.Mainnet, labels.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	src := sources.Of(own, labels.Curated(model.Mainnet))

	a, err := model.ParseAddress("1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne", model.Mainnet)
	if err != nil {
		fmt.Println(err)
		return
	}
	ls, err := src.Labels.Labels(context.Background(), []model.Ref{model.RefAddress(a)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range ls[0] {
		fmt.Printf("%s is a %s by %s, %s\n", l.Entity, l.Category, l.Source, l.Confidence)
	}
	fmt.Println("entities:", model.Entities(ls[0]))
	fmt.Println(src.Provenance[0].Note)
	// Output:
	// Eobot is a cloud_mining by goldwash curated set, 0.90
	// Somebody Else is a exchange by mine.csv, 0.50
	// entities: [Eobot Somebody Else]
	// csv; 2 labels, 1 exchange, 1 hash_marketplace
}

// The export of another tool, whose headers and categories are its own.
func ExampleOptions() {
	s, err := labels.Read(strings.NewReader(`Coin;Wallet;Party;Risk group
BTC;1BoatSLRHtKNngkdXEeobR76b53LETtpyT;HashBazaar;Rental of hash power
LTC;LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb;HashBazaar;Rental of hash power
`), "export.csv", model.Mainnet, labels.Options{
		Columns:    map[string]string{"currency": "Coin", "address": "Wallet", "entity": "Party", "category": "Risk group"},
		Categories: map[string]model.Category{"Rental of hash power": model.HashMarketplace},
		Method:     model.MethodClustering,
		Confidence: model.Percent(60),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for l, err := range s.Find(context.Background(), model.HashMarketplace) {
		fmt.Println(l.On.ID(), l.Entity, l.Confidence, err)
	}
	fmt.Println(s.Skipped()[0])
	// Output:
	// 1BoatSLRHtKNngkdXEeobR76b53LETtpyT HashBazaar 0.60 <nil>
	// export.csv: 1 of other currencies, the first in line 3
}
