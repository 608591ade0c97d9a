package model_test

import (
	"fmt"

	"github.com/goldwash/goldwash/model"
)

// The analytic confidence says how well founded a number is, with the reasons.
func ExampleGrade() {
	c := model.Grade(model.Grounds{
		Ownership: true, Rounds: 2,
		Labels: []model.Label{{Entity: "HashBazaar", Confidence: model.Percent(90), Source: "own test deposit", Method: model.MethodTestPayment}},
		Rates:  []model.ErrorRate{{Of: "loops", Measured: true, Simulated: true, Population: "planted loops", N: 1000}},
	})
	fmt.Println(c.Level)
	for _, r := range c.Reasons {
		fmt.Println("-", r)
	}
	// Output:
	// moderate
	// - ownership: evidence on the ledger that one party signs for both sides
	// - rounds: 2
	// - the weakest label that it rests on is held to be right with 0.90
	// - independent sources of its labels: 1
	// - the rate of error is measured, but not on a population like this one
}

func ExampleProbability_Admiralty() {
	p := model.Percent(87)
	alone, words := p.Admiralty(false)
	corroborated, _ := p.Admiralty(true)
	fmt.Println(p.Likelihood(), p.STIX(), alone, words, corroborated)
	// Output: very likely 85 2 probably true 1
}
