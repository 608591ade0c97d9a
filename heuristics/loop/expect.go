package loop

import "github.com/goldwash/goldwash/model"

// expected returns how many of n beneficiaries pass the gates of a round by chance,
// in tenths: by amount, where amounts are uniform in the logarithm between least
// and most, and by amount and start, where starts are as rare as a weight says.
func expected(n int, p *Params, least, most int64, start model.MicroNats) (amount, both int64) {
	if n <= 0 || least <= 0 || most <= least {
		return 0, 0
	}
	width := int64(max(model.LnRatio(most, least), p.Range))
	gate := int64(max(model.LnRatio(int64(max(p.RatioMax, 1)), int64(max(p.RatioMin, 1))), 0))
	part, ok := model.Amount(10*int64(n)).Share(2*min(gate, width), width)
	if !ok {
		return 0, 0
	}
	amount = int64(part+1) / 2
	// Divided by e^start, which Logistic has: 1/(1+e^s) over 1/(1+e^-s).
	num, den := int64(model.Logistic(-start)), int64(model.Logistic(start))
	if den > 0 {
		v, ok := model.Amount(amount).Share(2*num, den)
		if ok {
			both = int64(v+1) / 2
		}
	}
	return amount, both
}
