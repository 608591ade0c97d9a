package calibration_test

import (
	"fmt"
	"log"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/model"
)

func ExampleScore() {
	samples := []calibration.Sample{
		{Forecast: model.Percent(90), Outcome: true}, {Forecast: model.Percent(85), Outcome: true},
		{Forecast: model.Percent(80), Outcome: false}, {Forecast: model.Percent(15), Outcome: false},
	}
	s := calibration.Score(samples, calibration.FewBins)
	fmt.Printf("Brier %v, base rate %v\n", s.Brier, s.Base)
	for _, b := range s.Bins {
		if b.N > 0 {
			fmt.Printf("%v to %v: n %d, forecast %v, observed %v (%v to %v)\n", b.From, b.To, b.N, b.Mean.Short(), b.Observed.Short(), b.Low.Short(), b.High.Short())
		}
	}
	// Output:
	// Brier 0.17375, base rate 0.50
	// 0.00 to 0.20: n 1, forecast 0.15, observed <0.01 (<0.01 to 0.79)
	// 0.80 to 1.00: n 3, forecast 0.85, observed 0.67 (0.21 to 0.94)
}

// A table of error rates makes findings say how often their rule was wrong.
func ExampleTable() {
	table := calibration.Table{Name: "own cases", Version: 1, Rows: []calibration.Row{
		{Population: "orders of our customers, 2025", Heuristic: "deposit", Version: 1, Of: "deposits", Measured: true, N: 300, FalsePos: 3},
	}}
	if err := table.Validate(); err != nil {
		log.Fatal(err)
	}
	options := heuristics.Options{ErrorRates: table.Rates, Population: "orders of our customers, 2025"}
	for _, r := range options.ErrorRates("deposit", 1, "deposit") {
		fmt.Println(r.Population+":", calibration.Share("false positives", r.FalsePos, r.N))
	}
	// Output: orders of our customers, 2025: 3 false positives, 1.00 % (0.34-2.90 %)
}
