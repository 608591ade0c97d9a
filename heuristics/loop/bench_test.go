package loop

import (
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

// invent adds a beneficiary with the given payouts: seconds after t0, and satoshis.
func (p *people) invent(rs [][2]int64) {
	at, value := make([]int64, len(rs)), make([]int64, len(rs))
	a := &Abroad{Beneficiary: &beneficiary.Beneficiary{}}
	for i, x := range rs {
		at[i], value[i] = t0+x[0], x[1]
		a.Beneficiary.Receipts = append(a.Beneficiary.Receipts, beneficiary.Receipt{
			Amount: model.Amount(x[1]), Confidence: model.Percent(95), Block: model.BlockRef{Median: t0 + x[0], Known: model.KnownMedian}})
		p.receipts = append(p.receipts, receiptAt{0, int32(i), model.Percent(95)})
	}
	p.who = append(p.who, who{index: -1, more: []*Abroad{a}})
	p.add(at, value)
}

// BenchmarkJudge is the search for one candidate among ten thousand, with its
// sensitivities.
func BenchmarkJudge(b *testing.B) {
	r := &rule{Params: DefaultParams()}
	p := &people{x: &beneficiary.Index{}, pi0: r.Pi0}
	add := p.invent
	add(append(train(150*dayS), train(200*dayS)...))
	v := int64(100_000)
	for k := range 10_000 {
		if v = v*1_047/1_000 + 1; v > 10_000_000 {
			v = 100_000
		}
		var rs [][2]int64
		for d := int64(k % 5); d < 420; d += 1 + int64(k%5) {
			rs = append(rs, [2]int64{d*dayS + int64(k%23)*600, v + int64(k%977)*d})
		}
		add(rs)
	}
	p.close(t0, t0+420*dayS, secs(r.Quiet))
	var rounds []*Round
	for i, at := range []int64{150, 200, 230, 260, 290} {
		rounds = append(rounds, &Round{number: i + 1, window: round1(at * dayS), seed: model.Percent(90), way: model.Certain})
	}
	s := &search{rule: r, people: p, searches: 1}
	b.ResetTimer()
	for b.Loop() {
		at := time.Now()
		c := &cause{search: s, party: &party{}, rounds: rounds, a: r.analyse(p, rounds, &r.Params), extra: map[int][]model.Evidence{}, owner: map[int]owned{}}
		f := &c.a.fitted[c.a.at[0]]
		b.Logf("analysed in %v, %d fit", time.Since(at), len(c.a.fitted))
		at = time.Now()
		if err := c.shift(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.Logf("shifted in %v", time.Since(at))
		w := c.judge(c.a, f, nil, p.pi0, false)
		b.Logf("judged in %v: %s %v", time.Since(at), w.kind, w.score.Probability)
		at = time.Now()
		n := len(c.sensitivity(f, w))
		b.Logf("%d sensitivities in %v", n, time.Since(at))
	}
}

// BenchmarkHuge is the search among twenty thousand beneficiaries for the buyer of
// five thousand deposits.
func BenchmarkHuge(b *testing.B) {
	if testing.Short() {
		b.Skip("5,000 deposits and 20,000 beneficiaries take too long under -short")
	}
	const days = 4_000
	r := random(5)
	p := &people{x: &beneficiary.Index{}, pi0: model.Percent(50)}
	for k := range 20_000 {
		var rs [][2]int64
		v := 20_000 + r.below(4_000_000)
		from := r.below(days - 200)
		for d := from; d < min(from+40+r.below(800), days); d += 1 + int64(k%9) {
			rs = append(rs, [2]int64{d*dayS + r.below(dayS), v + r.below(v/4+1)})
		}
		p.invent(rs)
	}
	rule := &rule{Params: DefaultParams()}
	p.close(t0, t0+days*dayS, secs(rule.Quiet))
	who := &party{}
	at := t0 + 100*dayS
	for range 5_000 {
		at += r.below(dayS * 3 / 2)
		v := 100_000 + r.below(20_000_000)
		in := &paidIn{at: at, net: model.Amount(v), value: v, seed: model.Percent(90), way: model.Certain}
		in.Amount = model.Amount(v)
		who.ins = append(who.ins, in)
	}
	rule.RoundGap = 30 * time.Hour
	b.ResetTimer()
	for b.Loop() {
		began := time.Now()
		rounds := rule.rounds(nil, who)
		b.Logf("%d rounds", len(rounds))
		s := &search{rule: rule, people: p, searches: 1}
		c := &cause{search: s, party: who, rounds: rule.largest(rounds)}
		c.a = rule.analyse(p, c.rounds, &rule.Params)
		b.Logf("analysed %v, %d fit", time.Since(began), len(c.a.fitted))
		if err := c.shift(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.Logf("shifted %v, %d", time.Since(began), len(c.null))
		c.extra, c.owner = map[int][]model.Evidence{}, map[int]owned{}
		n, told := 0, 0
		for i := range c.a.fitted {
			f := &c.a.fitted[i]
			if !c.worth(f) {
				continue
			}
			n++
			v := c.judge(c.a, f, nil, p.pi0, false)
			if v.kind != "" {
				told++
				if told < 3 {
					c.sensitivity(f, v)
				}
			}
		}
		b.Logf("judged %d in %v, %d told of, two with sensitivities", n, time.Since(began), told)
	}
}
