package calibration

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"

	"github.com/goldwash/goldwash/model"
)

// Sample is a forecast whose outcome is known.
type Sample struct {
	Forecast model.Probability
	Outcome  bool
	// Entity is whose sample it is. Samples of one entity stay together in
	// [HoldOut]; without an entity each stands for itself.
	Entity string
}

// Bin is one row of a reliability table: the forecasts from From up to To, To left
// out but for the last bin.
type Bin struct {
	From, To model.Probability
	N        int
	// Mean is the mean forecast, Observed the share that came true, and Low
	// and High bound that share with 95 % confidence, by Wilson. All are 0 where
	// N is 0, and nothing is known.
	Mean, Observed, Low, High model.Probability
}

// Scores are how good a set of forecasts was.
type Scores struct {
	N int
	// Base is the share of outcomes that came true.
	Base model.Probability
	// Brier is the mean squared distance of forecast and outcome, from 0, the
	// best, to 1.
	Brier model.Probability
	// LogLoss is the mean of -ln of what the forecast gave to what happened. A
	// forecast of 0 or 1 counts as one in a million off, so that one error does
	// not make the mean infinite.
	LogLoss model.MicroNats
	// Skill is 1 - Brier/(Brier of always saying Base), in millionths: 1,000,000
	// is perfect, 0 is no better than the base rate, and less is worse. SkillKnown
	// is false where all outcomes are alike, so that there is nothing to compare
	// with.
	Skill      int64
	SkillKnown bool
	// ECE is the expected calibration error: the mean over the bins of the
	// distance of Mean and Observed, weighted by N.
	ECE  model.Probability
	Bins []Bin
}

// Bins of equal width that are usual: five for samples below a thousand, ten
// otherwise.
const (
	FewBins  = 5
	ManyBins = 10
)

// Score scores samples, with a reliability table of so many bins of equal width;
// 0 means [FewBins] for samples below a thousand and [ManyBins] otherwise. Order
// does not matter. Without samples, N is 0 and nothing else says anything. More
// than a million bins are a million, as forecasts have no more values.
func Score(samples []Sample, bins int) Scores {
	if bins <= 0 {
		bins = FewBins
		if len(samples) >= 1000 {
			bins = ManyBins
		}
	}
	bins = min(bins, int(model.Certain))
	s := Scores{N: len(samples), Bins: make([]Bin, bins)}
	sums, hits := make([]uint64, bins), make([]int, bins)
	var brier, logs big.Int
	all := 0
	for _, x := range samples {
		p := min(x.Forecast, model.Certain)
		at := min(int(uint64(p)*uint64(bins)/uint64(model.Certain)), bins-1)
		s.Bins[at].N++
		sums[at] += uint64(p)
		said := model.Certain - p // given to what did not happen
		if !x.Outcome {
			said = p
		} else {
			hits[at]++
			all++
		}
		brier.Add(&brier, new(big.Int).SetUint64(uint64(said)*uint64(said)))
		right := max(model.Certain-said, 1)
		if right == model.Certain {
			right--
		}
		logs.Add(&logs, big.NewInt(int64(model.LnRatio(int64(model.Certain), int64(right)))))
	}
	n := int64(s.N)
	if n == 0 {
		for i := range s.Bins {
			s.Bins[i].From, s.Bins[i].To = edges(i, bins)
		}
		return s
	}
	s.Base = share(all, s.N)
	s.Brier = model.Probability(round(&brier, new(big.Int).SetInt64(n*int64(model.Certain))))
	s.LogLoss = model.MicroNats(round(&logs, big.NewInt(n)))
	// The Brier score of the base rate is k(n-k)/n^2; so skill is
	// 1 - brier n / (10^12 k(n-k)).
	if other := int64(all) * (n - int64(all)); other > 0 {
		num := new(big.Int).Mul(&brier, big.NewInt(n))
		den := new(big.Int).Mul(big.NewInt(other), big.NewInt(int64(model.Certain)))
		s.Skill, s.SkillKnown = int64(model.Certain)-round(num, den), true
	}
	var ece uint64 // sum over bins of |sum of forecasts - hits|
	for i := range s.Bins {
		b := &s.Bins[i]
		b.From, b.To = edges(i, bins)
		if b.N == 0 {
			continue
		}
		b.Mean = model.Probability((sums[i] + uint64(b.N)/2) / uint64(b.N))
		b.Observed = share(hits[i], b.N)
		b.Low, b.High = Wilson(hits[i], b.N)
		if h := uint64(hits[i]) * uint64(model.Certain); h > sums[i] {
			ece += h - sums[i]
		} else {
			ece += sums[i] - h
		}
	}
	s.ECE = model.Probability((ece + uint64(n)/2) / uint64(n))
	return s
}

func edges(i, bins int) (from, to model.Probability) {
	at := func(i int) model.Probability {
		return model.Probability((uint64(i)*uint64(model.Certain) + uint64(bins) - 1) / uint64(bins))
	}
	return at(i), at(i + 1)
}

// share returns k of n, rounded to the nearest millionth; n is not 0.
func share(k, n int) model.Probability {
	return model.Probability(round(new(big.Int).Mul(big.NewInt(int64(k)), big.NewInt(int64(model.Certain))), big.NewInt(int64(n))))
}

// round returns a/b to the nearest, half up, for a of at least 0 and positive b.
func round(a, b *big.Int) int64 {
	twice := new(big.Int).Lsh(a, 1)
	twice.Add(twice, b)
	return twice.Quo(twice, new(big.Int).Lsh(b, 1)).Int64()
}

// z is the quantile of the normal distribution for two-sided 95 %, in millionths.
const z = 1_959_964

// Wilson returns the interval of 95 % confidence of a share of which k of n cases
// were seen (Wilson 1927). Without cases it is everything from 0 to 1, and so is
// what makes no sense.
func Wilson(k, n int) (low, high model.Probability) {
	if n <= 0 || k < 0 || k > n {
		return 0, model.Certain
	}
	// (2k + z² ± z sqrt(z² + 4k(n-k)/n)) / (2(n+z²)), all times 10^12.
	scale := big.NewInt(1_000_000)
	z1 := big.NewInt(z)
	z2 := new(big.Int).Mul(z1, z1) // z² times 10^12
	one := new(big.Int).Mul(scale, scale)
	spread := new(big.Int).Mul(big.NewInt(int64(k)), big.NewInt(int64(n-k)))
	spread.Mul(spread, one).Lsh(spread, 2).Quo(spread, big.NewInt(int64(n)))
	spread.Add(spread, z2)              // times 10^12
	spread.Mul(spread, one)             // times 10^24
	spread.Sqrt(spread).Mul(spread, z1) // times 10^18
	spread.Quo(spread, scale)           // times 10^12
	middle := new(big.Int).Mul(big.NewInt(2*int64(k)), one)
	middle.Add(middle, z2)
	den := new(big.Int).Mul(big.NewInt(int64(n)), one)
	den.Add(den, z2).Lsh(den, 1)
	at := func(num *big.Int) model.Probability {
		if num.Sign() <= 0 {
			return 0
		}
		return model.Probability(min(round(num.Mul(num, big.NewInt(int64(model.Certain))), den), int64(model.Certain)))
	}
	return at(new(big.Int).Sub(middle, spread)), at(new(big.Int).Add(middle, spread))
}

// HoldOut splits samples by entity into what to fit on and what to test on: of so
// many parts, the one of the given number is held out. The part of an entity
// depends on its name alone, so that it is the same for every set of samples; a
// sample without entity is given a part by its place. It panics unless part is
// within 0 to parts-1.
func HoldOut(samples []Sample, part, parts int) (fit, held []Sample) {
	if part < 0 || part >= parts {
		panic("calibration: HoldOut of a part that is none")
	}
	for i, s := range samples {
		at := i % parts
		if s.Entity != "" {
			sum := sha256.Sum256([]byte(s.Entity))
			at = int(binary.BigEndian.Uint64(sum[:]) % uint64(parts))
		}
		if at == part {
			held = append(held, s)
		} else {
			fit = append(fit, s)
		}
	}
	return fit, held
}
