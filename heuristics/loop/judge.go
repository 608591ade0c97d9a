package loop

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// cause is the search for the buyer of one party's rounds.
type cause struct {
	*search
	party  *party
	rounds []*Round
	a      *analysis
	// extra is the evidence beside times and amounts, by beneficiary:
	// ownership, and what speaks against the beneficiary as such.
	extra map[int][]model.Evidence
	owner map[int]owned
	// null are the best scores of the shifts, nil before they are computed and
	// where the data have no room for them; room is how many seconds there
	// are to choose from.
	null []model.MicroNats
	room int64
	done bool
	// flow is set where payouts that keep pace are looked for.
	flow *flow
	// seed, where not 0, is what the label of the service is taken to be worth.
	seed model.Probability
}

// verdict is what is concluded of one beneficiary.
type verdict struct {
	kind    string // "" where nothing is worth reporting
	why     string // why it is not more
	score   model.Score
	seen    int // beneficiaries that were paid in the windows
	n       int // candidates: those, and more where it is not measured who is not seen
	seed    model.Probability
	rounds  int // that count
	owned   bool
	account bool
	p       *model.Chance
	rivals  []rival // sorted by weight, the strongest first
}

// rival is another beneficiary, weighed on the same rounds.
type rival struct {
	b             int
	weight, given model.MicroNats
	started       bool
}

// worth reports whether a beneficiary may be spoken of at all: its payouts start
// when a buyer's would and come to no more than he can have bought, or something
// shows one owner. What merely matches in amount is a stranger's income.
func (c *cause) worth(f *fitted) bool {
	if c.owns(c.extra[f.b]) {
		return true
	}
	for _, e := range c.extra[f.b] {
		if e.Family == contraryFamily && e.Weight == c.Labelled {
			return false // it has an owner already, who is paid for work of his own
		}
	}
	for r := range f.fits {
		if f.counts(c.a.p, r) && f.fits[r].early && !f.fits[r].cut {
			return f.total > 0
		}
	}
	return false
}

func (c *cause) owns(extra []model.Evidence) bool {
	for i := range extra {
		if extra[i].Family == ownershipFamily && extra[i].Discounted > 0 {
			return true
		}
	}
	return false
}

// judge compares a beneficiary with everybody else on the rounds that it answers.
// Without leaves ownership out.
func (c *cause) judge(a *analysis, f *fitted, extra []model.Evidence, pi0 model.Probability, without bool) *verdict {
	in := func(r int) bool { return f.counts(a.p, r) }
	v := &verdict{seen: max(a.observed(in), 1), seed: cmp.Or(c.seed, a.seed(f)), owned: !without && c.owns(extra)}
	if v.n = v.seen; !c.people.covered {
		v.n = max(v.n, a.p.Unmeasured)
	}
	for r := range f.fits {
		if in(r) {
			v.rounds++
		}
	}
	v.account = c.account(f.b)
	var doubted, given []model.MicroNats
	for i := range a.fitted {
		g := &a.fitted[i]
		if g.b == f.b {
			continue
		}
		part, ok := a.only(g, in)
		if !ok {
			continue
		}
		ev := a.terms(&part, c.extra[g.b], false)
		x := rival{b: g.b, weight: model.Weigh(ev, false), given: model.Weigh(ev, true), started: part.fits[part.base].started}
		v.rivals = append(v.rivals, x)
		doubted, given = append(doubted, x.weight), append(given, x.given)
	}
	sortRivals(v.rivals)
	// Payouts that answer deposits of others are those of at most one of them.
	for _, x := range c.elsewhere(f, in) {
		doubted, given = append(doubted, x.doubts), append(given, x.weight)
	}
	ev := a.terms(f, extra, without)
	v.score = posterior(a.p, ev, v.n, pi0, v.seed, doubted, given, v.owned)
	v.score.Low = posterior(a.p, ev, v.n, max(pi0, a.p.Pi0High), v.seed, doubted, given, v.owned).Probability
	// No less than what was measured not to be seen.
	low := min(pi0, max(a.p.Pi0Low, c.people.floor))
	v.score.High = posterior(a.p, ev, v.n, low, v.seed, doubted, given, v.owned).Probability
	v.score.PriorOf = "each beneficiary that was paid in the windows: (1 - pi0) / N"
	if v.n > v.seen {
		v.score.PriorOf += fmt.Sprintf(", where %d were seen and N is %d, the least that is believed where nothing tells how many were not", v.seen, v.n)
	}
	v.score.RangeOver = fmt.Sprintf("pi0 from %s to %s", low.Short(), max(pi0, a.p.Pi0High).Short())
	if v.score.Low == v.score.High && v.score.Probability == v.score.Low {
		v.score.RangeOver += ", throughout which the cap holds"
	}
	c.label(a, f, v)
	return v
}

// elsewhere returns what other parties' deposits are answered by the payouts that
// count for this one's, the best answer for each party.
func (c *cause) elsewhere(f *fitted, in func(r int) bool) []answer {
	var out []answer
	for _, g := range c.answers[f.b] {
		if g.party == c.party {
			continue
		}
		meets := false
		for r := range f.fits {
			meets = meets || in(r) && f.fits[r].from < g.to && g.from < f.fits[r].to
		}
		if !meets {
			continue
		}
		i := slices.IndexFunc(out, func(x answer) bool { return x.party == g.party })
		switch {
		case i < 0:
			out = append(out, g)
		case g.doubts > out[i].doubts:
			out[i] = g
		}
	}
	return out
}

// posterior is the score of a candidate with the weight of its evidence. The claim
// presumes that the label of the service is right, with confidence seed.
func posterior(p *Params, ev []model.Evidence, n int, pi0, seed model.Probability, doubted, given []model.MicroNats, owned bool) model.Score {
	pi0 = min(max(pi0, 1), model.Certain-1)
	o := model.Open{N: n, Pi0: pi0, Premise: max(seed, 1)}
	if len(doubted) > 0 {
		o.HasRivals, o.Rivals, o.RivalsGiven = true, model.LnSum(doubted...), model.LnSum(given...)
	}
	most, why := p.CapUnowned, "no evidence of one owner"
	if owned {
		most, why = p.Cap, "nothing that rests on a ledger and a label is certain"
	}
	return model.OpenWorld(o, ev, most, why)
}

// label names what is concluded.
func (c *cause) label(a *analysis, f *fitted, v *verdict) {
	if v.score.Probability < a.p.MinLead {
		return
	}
	v.kind = KindLead
	switch {
	case v.account:
		v.why = "the payouts go to an account at a custodian, who knows the holder"
	case !v.owned && v.rounds < 2 && c.flow == nil:
		v.why = "one round, and no evidence of one owner"
	case v.score.Probability < model.Percent(50):
		v.why = "it is not more likely than not"
	default:
		v.p = c.chance(f)
		switch {
		case v.p == nil && !v.owned:
			v.why = "how often chance does as well was not computed, and there is no evidence of one owner"
		case v.p != nil && v.p.Corrected > a.p.Significance:
			v.why = fmt.Sprintf("chance does as well with p %s, corrected", thousandths(v.p.Corrected))
		default:
			v.kind = Kind
			if c.flow != nil {
				v.kind = KindSteady
			}
		}
	}
	if v.p == nil {
		v.p = c.chance(f)
	}
}

// shift computes what anybody scores when the deposits are shifted. All rounds of
// the party are shifted, also where a candidate answers some of them, because those
// could have been any.
func (c *cause) shift(ctx context.Context) (err error) {
	if c.done {
		return nil
	}
	c.done = true
	shifts, room := c.a.shifts(c.a.ws)
	if shifts == nil {
		return nil
	}
	c.room = room
	if c.flow != nil {
		c.null, err = c.steadyNull(ctx, shifts)
		return err
	}
	c.null, err = c.a.best(ctx, c.a.ws, shifts)
	return err
}

// chance says how often anybody does as well when the deposits are shifted; nil
// where that is not computed, as the data have no room for shifts. Shifts by less
// than the time in which the same payouts answer have one outcome, so that no more
// is believed than their number without those would tell.
func (c *cause) chance(f *fitted) *model.Chance {
	if c.null == nil {
		return nil
	}
	k, n := asGood(c.null, f.total), len(c.null)
	p := portion(1+k, 1+n)
	of := fmt.Sprintf("times %s, one for each actor and service, and another where deposits are steady (Bonferroni); all beneficiaries of all pools are in each shift", words.Plural(c.searches, "search"))
	width := c.alike(f)
	if finest := portion(1, int(c.room/width)+1); p < finest {
		p = finest
		of = fmt.Sprintf("p is no less than 1 in %d: the data have room for shifts over %s, and within %s of another a shift may have the same outcome; %s", c.room/width+1, hours(c.room), hours(width), of)
	}
	return &model.Chance{
		P: p, Corrected: model.Probability(min(uint64(p)*uint64(c.searches), uint64(model.Certain))),
		Correction: of, Shifts: n, AsGood: k, Seed: c.Seed,
	}
}

// portion returns k of n.
func portion(k, n int) model.Probability {
	return model.Probability((uint64(k)*uint64(model.Certain) + uint64(n)/2) / uint64(n))
}

// account reports whether a candidate is an account at a custodian, or behaves
// like a service.
func (c *cause) account(b int) bool {
	for _, x := range c.people.beneficiaries(b) {
		if x.Kind == beneficiary.Account {
			return true
		}
	}
	return false
}
