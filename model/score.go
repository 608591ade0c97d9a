package model

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Probability is a chance in parts per million, from 0 to 1,000,000. Integers
// make every score bit-identical on every platform. In JSON it is a number
// between 0 and 1 with at most six decimals.
type Probability uint32

// Certain is the probability 1.
const Certain Probability = 1_000_000

// Percent returns the probability of so many hundredths.
func Percent(n int) Probability { return Probability(n) * 10_000 }

// String returns the exact value with as many decimals as it needs, at least
// two: "0.35", "0.873".
func (p Probability) String() string {
	s := fmt.Sprintf("%d.%06d", p/Certain, p%Certain)
	for strings.HasSuffix(s, "0") && len(s) > 4 {
		s = s[:len(s)-1]
	}
	return s
}

// Short returns two digits, as a reader should see them: "0.87"; below 0.01 and
// above 0.99 it says so with a sign rather than claim 0 or 1.
func (p Probability) Short() string {
	switch {
	case p > 990_000:
		return ">0.99"
	case p < 10_000:
		return "<0.01"
	}
	return fmt.Sprintf("0.%02d", min(99, (p+5_000)/10_000))
}

// ParseProbability reads a decimal from 0 to 1 with at most six decimals.
func ParseProbability(s string) (Probability, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) <= 6 && (whole == "0" || whole == "1") {
		n, err := strconv.ParseUint(whole+(frac + "000000")[:6], 10, 32)
		if err == nil && n <= uint64(Certain) && !strings.HasSuffix(s, ".") {
			return Probability(n), nil
		}
	}
	return 0, fmt.Errorf("probability %q: want a decimal from 0 to 1 with at most six decimals", clip(s))
}

// MarshalJSON writes a number: 0.35.
func (p Probability) MarshalJSON() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalJSON reads a number from 0 to 1 with at most six decimals.
func (p *Probability) UnmarshalJSON(b []byte) (err error) {
	*p, err = ParseProbability(string(b))
	return err
}

// Times returns the product, rounded to the nearest millionth.
func (p Probability) Times(q Probability) Probability {
	return Probability((uint64(p)*uint64(q) + uint64(Certain)/2) / uint64(Certain))
}

// Likelihood returns the word that ICD 203 has for the probability, from
// "almost no chance" to "almost certain".
func (p Probability) Likelihood() string {
	switch {
	case p < 50_000:
		return "almost no chance"
	case p < 200_000:
		return "very unlikely"
	case p < 450_000:
		return "unlikely"
	case p <= 550_000:
		return "roughly even chance"
	case p <= 800_000:
		return "likely"
	case p <= 950_000:
		return "very likely"
	}
	return "almost certain"
}

// MicroNats is a weight of evidence: the natural logarithm of a likelihood
// ratio or of odds, in millionths. Positive speaks for a statement, negative
// against it.
type MicroNats int64

// Nat is a weight of one: a likelihood ratio of 2.718.
const Nat MicroNats = 1_000_000

// String returns the weight in nats with a sign and two decimals: "+5.30".
func (w MicroNats) String() string {
	sign := "+"
	if w < 0 {
		sign = "-"
	}
	u := (magnitude(int64(w)) + 5_000) / 10_000
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}

// LnRatio returns the natural logarithm of num/den, both positive, as the weight
// of a likelihood ratio. It panics on arguments that are not positive, which
// are a mistake of the programmer.
func LnRatio(num, den int64) MicroNats {
	if num <= 0 || den <= 0 {
		panic("model: LnRatio of a number that is not positive")
	}
	return roundNats(lnInt(uint64(num)) - lnInt(uint64(den)))
}

// LogOdds returns ln(p/(1-p)). It is held within ln(10^-6) and ln(10^6).
func (p Probability) LogOdds() MicroNats {
	p = min(max(p, 1), Certain-1)
	return LnRatio(int64(p), int64(Certain-p))
}

// Logistic returns the probability that has the log-odds.
func Logistic(w MicroNats) Probability {
	if w > 0 {
		return Certain - Logistic(-w)
	}
	e := expQ48(max(w, -40*Nat))
	hi, lo := bits.Mul64(e, uint64(Certain))
	q, r := bits.Div64(hi, lo, oneQ48+e)
	if r >= (oneQ48+e)/2 {
		q++
	}
	return Probability(q)
}

// Discount returns the weight that evidence keeps if it rests on a label of
// the given confidence: ln(c*LR + 1-c). A wrong label makes evidence
// uninformative, not contrary. The weight is first held within 9 nats.
func (w MicroNats) Discount(c Probability) MicroNats {
	w, c = min(max(w, -9*Nat), 9*Nat), min(c, Certain)
	hi, lo := bits.Mul64(expQ48(w), uint64(c))
	hi2, lo2 := bits.Mul64(oneQ48, uint64(Certain-c))
	lo, carry := bits.Add64(lo, lo2, 0)
	hi, _ = bits.Add64(hi, hi2, carry)
	v, _ := bits.Div64(hi, lo, uint64(Certain))
	return roundNats(lnInt(max(v, 1)) - 48*ln2Q56)
}

// The arithmetic below is fixed point, because the functions of package math
// differ in their last bits between processors.

const (
	oneQ48  = 1 << 48
	oneQ56  = 1 << 56
	ln2Q56  = 49946518145322874 // ln 2 times 2^56
	natQ56  = oneQ56
	maxTerm = 40
)

// expQ48 returns e^w times 2^48, for w of at most 10 nats.
func expQ48(w MicroNats) uint64 {
	// w = k ln 2 + r with |r| <= ln 2 / 2.
	x := mulDiv(int64(w), natQ56, int64(Nat))
	k := x / ln2Q56
	r := x - k*ln2Q56
	if r > ln2Q56/2 {
		k, r = k+1, r-ln2Q56
	} else if r < -ln2Q56/2 {
		k, r = k-1, r+ln2Q56
	}
	sum, term := int64(oneQ56), int64(oneQ56)
	for i := int64(1); i < maxTerm && term != 0; i++ {
		term = mulDiv(term, r, oneQ56) / i
		sum += term
	}
	// sum is e^r times 2^56, between 0.7 and 1.42; shift by k-8.
	switch s := k - 8; {
	case s >= 0:
		return uint64(sum) << s
	case s > -63:
		return (uint64(sum) + 1<<(-s-1)) >> -s
	}
	return 0
}

// lnInt returns the natural logarithm of v > 0, times 2^56.
func lnInt(v uint64) int64 {
	e := bits.Len64(v) - 1
	// m is v scaled into [1, 2), times 2^56; t = (m-1)/(m+1), at most 1/3.
	var m int64
	if e >= 56 {
		m = int64(v >> (e - 56))
	} else {
		m = int64(v << (56 - e))
	}
	t := mulDiv(m-oneQ56, oneQ56, m+oneQ56)
	t2 := mulDiv(t, t, oneQ56)
	sum, pow := int64(0), t
	for i := int64(1); i < 2*maxTerm && pow != 0; i += 2 {
		sum += pow / i
		pow = mulDiv(pow, t2, oneQ56)
	}
	return 2*sum + int64(e)*ln2Q56
}

// mulDiv returns a*b/c, truncated towards zero, by 128-bit arithmetic. The
// quotient must fit.
func mulDiv(a, b, c int64) int64 {
	neg := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	if neg {
		return -int64(q)
	}
	return int64(q)
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// roundNats turns nats times 2^56 into micro-nats, to the nearest.
func roundNats(x int64) MicroNats {
	hi, lo := bits.Mul64(magnitude(x), uint64(Nat))
	lo, carry := bits.Add64(lo, oneQ56/2, 0)
	hi += carry
	v := MicroNats(hi<<8 | lo>>56)
	if x < 0 {
		return -v
	}
	return v
}

// Score is how sure a finding is, as one number with what it is made of.
//
// Under the rule "log-odds" the prior's log-odds and the weights of the
// evidence add up, family by family, as [Combine] does; under "product" the
// factors multiply. Either way a reader can redo the sum from the finding alone,
// and leave an item out; [Finding.Validate] does so.
type Score struct {
	Rule  ScoreRule   `json:"rule"`
	Prior Probability `json:"prior,omitempty"`
	// PriorOf says what the prior is a probability of.
	PriorOf string   `json:"prior_of,omitempty"`
	Factors []Factor `json:"factors,omitempty"`
	// Given is the probability of the statement if every label is true;
	// Probability counts the labels' own doubt, and is the finding's number.
	Given       Probability `json:"given_labels"`
	Probability Probability `json:"probability"`
	// Cap is the most that either number may be; 0 means no cap. CapReason
	// says why.
	Cap       Probability `json:"cap,omitempty"`
	CapReason string      `json:"cap_reason,omitempty"`
	// Open and None belong to the rule "open-world": what the candidate is
	// compared with, and the probability that no observed candidate is the one,
	// which counts the doubt of the labels.
	Open *Open       `json:"open,omitempty"`
	None Probability `json:"none,omitempty"`
	// Low and High bound Probability over what RangeOver says; both 0 where no
	// range was computed.
	Low       Probability `json:"low,omitempty"`
	High      Probability `json:"high,omitempty"`
	RangeOver string      `json:"range_over,omitempty"`
	// Likelihood is the word for Probability.
	Likelihood string `json:"likelihood"`
}

// ScoreRule is how a score comes about.
type ScoreRule string

// Rules of [Score].
const (
	ByLogOdds ScoreRule = "log-odds"
	ByProduct ScoreRule = "product"
	// ByOpenWorld is the posterior of one of many candidates, see [OpenWorld].
	ByOpenWorld ScoreRule = "open-world"
)

// Open is the world that a candidate is compared with: N candidates observed, of
// whom each is the one with the same prior probability, and Pi0, the prior
// probability that the one is none of them.
type Open struct {
	N   int         `json:"candidates"`
	Pi0 Probability `json:"pi0"`
	// Rivals is the logarithm of the sum of the likelihood ratios of all other
	// candidates, with the doubt of labels, and RivalsGiven without. HasRivals
	// is false where every other candidate is ruled out.
	HasRivals   bool      `json:"has_rivals"`
	Rivals      MicroNats `json:"rivals_micronats,omitempty"`
	RivalsGiven MicroNats `json:"rivals_given_micronats,omitempty"`
	// Premise is the probability of what the statement presumes of every
	// candidate alike, as that a label is right; 0 means that it presumes
	// nothing. It multiplies what remains after the cap.
	Premise Probability `json:"premise,omitempty"`
}

// Factor is one factor of a score under the rule "product".
type Factor struct {
	Name        string      `json:"name"`
	Given       Probability `json:"given_labels"` // if the labels are true
	Probability Probability `json:"probability"`
}

// Caps on weights, so that no single kind of evidence and no sum of it claims
// more than method can carry (heuristics reference, section 13.1).
const (
	FamilyCap = 6 * Nat
	TotalCap  = 9 * Nat

	maxWeight = 1_000_000 * Nat
)

// MaxReported is the highest probability that a finding reports under the rule
// "product": nothing that rests on a ledger and a label is certain.
const MaxReported = Probability(990_000)

// Combine scores a statement by log-odds. Evidence is grouped by family. Within
// a family the strongest weight on each side counts in full, the next on that
// side by half, and no other, because evidence of one family is not
// independent; a family's sum is held within FamilyCap, and the prior's log-odds
// plus all families within TotalCap. capAt, where not 0, caps the probability
// for the reason given.
func Combine(prior Probability, of string, ev []Evidence, capAt Probability, capReason string) Score {
	s := Score{Rule: ByLogOdds, Prior: prior, PriorOf: of, Cap: capAt, CapReason: capReason}
	s.Given = posterior(prior, ev, func(e *Evidence) MicroNats { return e.Weight })
	s.Probability = posterior(prior, ev, func(e *Evidence) MicroNats { return e.Discounted })
	return s.finish()
}

func posterior(prior Probability, ev []Evidence, weight func(*Evidence) MicroNats) Probability {
	return Logistic(min(max(prior.LogOdds()+total(ev, weight), -TotalCap), TotalCap))
}

// Product scores a statement by the product of its factors.
func Product(capAt Probability, capReason string, fs ...Factor) Score {
	s := Score{Rule: ByProduct, Factors: fs, Given: Certain, Probability: Certain, Cap: capAt, CapReason: capReason}
	for _, f := range fs {
		s.Given, s.Probability = s.Given.Times(f.Given), s.Probability.Times(f.Probability)
	}
	s.Given, s.Probability = min(s.Given, MaxReported), min(s.Probability, MaxReported)
	return s.finish()
}

// OpenWorld scores that a candidate is the one that is looked for, among o.N and a
// remainder outside the data (heuristics reference, section 12.4):
//
//	w = (1-Pi0)/N    P = w LR / (Pi0 + w (LR + rivals))    None = Pi0 / (the same)
//
// where ln LR is [Weigh] of the evidence. Families are capped as in [Combine];
// the total is not, because N enters through the prior. capAt, where not 0, caps
// P, which is then multiplied by the premise: where that fails, the one is none
// of the candidates. It panics unless N is positive and Pi0 is within 0 and 1,
// bounds left out.
func OpenWorld(o Open, ev []Evidence, capAt Probability, capReason string) Score {
	if o.N <= 0 || o.Pi0 == 0 || o.Pi0 >= Certain {
		panic("model: OpenWorld without candidates, or with a remainder that is nothing or everything")
	}
	s := Score{Rule: ByOpenWorld, Open: &o, Cap: capAt, CapReason: capReason}
	// The odds of the candidate against the remainder and the rivals.
	outside := LnRatio(int64(o.Pi0), int64(Certain-o.Pi0)) + LnRatio(int64(o.N), 1)
	against := func(rivals MicroNats) MicroNats {
		if !o.HasRivals {
			return outside
		}
		return LnSum(outside, rivals)
	}
	lr := Weigh(ev, false)
	s.Given = Logistic(Weigh(ev, true) - against(o.RivalsGiven))
	s.Probability = Logistic(lr - against(o.Rivals))
	inside := lr
	if o.HasRivals {
		inside = LnSum(lr, o.Rivals)
	}
	s.None = Logistic(outside - inside)
	if o.Premise == 0 || o.Premise >= Certain {
		return s.finish()
	}
	s = s.finish()
	s.Probability = s.Probability.Times(o.Premise)
	s.None = s.None.Times(o.Premise) + Certain - o.Premise
	s.Likelihood = s.Probability.Likelihood()
	return s
}

// Weigh returns the sum of the weights of evidence as [Combine] and [OpenWorld]
// count it, family by family: if the labels are true where given is set, else
// with their doubt.
func Weigh(ev []Evidence, given bool) MicroNats {
	if given {
		return total(ev, func(e *Evidence) MicroNats { return e.Weight })
	}
	return total(ev, func(e *Evidence) MicroNats { return e.Discounted })
}

// LnSum returns the logarithm of the sum of the likelihood ratios with the given
// logarithms. The order of the arguments does not matter. It panics without
// any.
func LnSum(ws ...MicroNats) MicroNats {
	most := slices.Max(ws)
	var sum uint64 // in units of e^most / 2^32
	for _, w := range ws {
		// Each term is at most 2^32, so that 2^31 of them fit.
		if d := min(max(w, -maxWeight), maxWeight) - min(max(most, -maxWeight), maxWeight); d > -40*Nat {
			sum += expQ48(d) >> 16
		}
	}
	return most + roundNats(lnInt(sum)-32*ln2Q56)
}

func (s Score) finish() Score {
	if s.Cap != 0 {
		s.Given, s.Probability = min(s.Given, s.Cap), min(s.Probability, s.Cap)
	}
	s.Likelihood = s.Probability.Likelihood()
	return s
}

// inRange reports whether every probability is at most 1.
func (s *Score) inRange() bool {
	for _, f := range s.Factors {
		if f.Given > Certain || f.Probability > Certain {
			return false
		}
	}
	return max(s.Prior, s.Given, s.Probability, s.Cap, s.None, s.High) <= Certain && s.Low <= s.High
}

// total sums weights by family. Families are few, so a scan for each beats a
// map, and its order is the order of the evidence.
func total(ev []Evidence, weight func(*Evidence) MicroNats) MicroNats {
	var sum MicroNats
	for i := range ev {
		if !firstOfFamily(ev, i) {
			continue
		}
		var f extremes
		for j := i; j < len(ev); j++ {
			if ev[j].Family == ev[i].Family {
				f.add(weight(&ev[j]))
			}
		}
		sum += f.sum()
	}
	return sum
}

// WeighFamily adds weights that are not independent, as [Weigh] does with those of a
// family.
func WeighFamily(ws ...MicroNats) MicroNats {
	var f extremes
	for _, w := range ws {
		f.add(w)
	}
	return f.sum()
}

// extremes are the two weights of a family that say most for a claim, and the two
// that say most against it.
type extremes struct{ best, next, worst, less MicroNats }

func (f *extremes) add(w MicroNats) {
	// No weight is near the bound, which keeps the sum from overflowing.
	switch w = min(max(w, -maxWeight), maxWeight); {
	case w > f.best:
		f.best, f.next = w, f.best
	case w > f.next:
		f.next = w
	case w < f.worst:
		f.worst, f.less = w, f.worst
	case w < f.less:
		f.less = w
	}
}

func (f *extremes) sum() MicroNats {
	return min(max(f.best+f.next/2+f.worst+f.less/2, -FamilyCap), FamilyCap)
}

func firstOfFamily(ev []Evidence, i int) bool {
	for j := range ev[:i] {
		if ev[j].Family == ev[i].Family {
			return false
		}
	}
	return true
}
