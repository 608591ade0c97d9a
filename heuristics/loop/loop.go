// Package loop asks which beneficiary of a mining pool is probably the one who
// bought the hash power that an actor paid for.
//
// An actor pays a hash marketplace; rented machines mine at the pool that the
// buyer names; the pool pays the buyer's address with new coins. No path on the
// ledger joins the two sides, and none is claimed. What can be said is that the
// times and amounts of payouts answer those of deposits, how many strangers
// answer them as well by chance, and whether anything shows one owner. So a
// finding is a hypothesis about common control, with its chance, and never an
// identification.
//
// The deposits of an actor to one service are grouped into rounds. Every
// beneficiary that was paid in the windows of the rounds is a candidate, custodial
// accounts included. Who passes the gates of section 12.2 of the heuristics
// reference is weighed by section 12.3: whether payouts make up the usual share of
// the deposits, as against what is usual among the others in that window; whether
// they start when a buyer's would; whether they have the form of rented hash power
// and stop; whether it happens again; whether one owner shows; and what speaks
// against. The posterior of section 12.4 compares the candidate with all others and
// with the chance that the buyer is paid where nobody looked, which is at least
// what the pools' blocks hold and their payouts do not show. Where no block of theirs
// was seen, the few beneficiaries that were are not taken to be all.
//
// Nothing counts twice. A payout answers one round, though it lies in the windows of
// several; deposits of others that the same payouts answer are rivals; what came back
// was not spent.
//
// Kinds of finding:
//
//   - "loop": probable, not explained by chance, and resting on evidence of one
//     owner or on several rounds.
//   - "loop/steady": payouts that follow deposits for weeks, without rounds.
//   - "loop_lead": anything less that is worth asking about. What is paid to an
//     account at a custodian is always a lead: the custodian knows the holder.
//
// Chance is measured: all deposits are shifted in time together, many times, and
// the best score of anybody is compared with the candidate's. The number is then
// multiplied by how many searches were made. It is no finer than the room for shifts
// allows, as shifts that are near one another have one outcome. Where the data have too little room
// for shifts, it is not computed, which is said, and then repetition alone makes
// no loop.
//
// Without evidence of one owner no more than 0.80 is reported, however good the
// arithmetic. Nor is more than the probability that the label of the service is
// right, as the claim presumes it: the doubt of that label multiplies what remains after the cap.
// Who the actor is does not count: the claim is that one party does both.
//
// Where payouts come in several coins, or on other ledgers, [Params.Abroad] takes
// the beneficiaries that sessions on those found, and everything is compared by
// value at the time of each transaction.
package loop

import (
	"cmp"
	"context"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
)

// Kinds of finding.
const (
	Kind       = "loop"
	KindSteady = "loop/steady"
	KindLead   = "loop_lead"
)

// Heuristic has the default parameters.
var Heuristic = New(DefaultParams())

// New returns the heuristic with the given parameters.
func New(p Params) *heuristics.Heuristic {
	r := &rule{Params: p}
	return &heuristics.Heuristic{
		Name: "loop",
		Doc: `which beneficiary of a pool is probably the buyer of hash power

Attributed deposits to one hash marketplace or cloud miner are grouped into rounds, net
of what came back. Every beneficiary paid in the windows of the rounds is a candidate.
Those that pass the gates of time and ratio are weighed by the ratio of payouts to
deposits against the density of payouts among all, by a start soon after the deposits,
by the form of a rental and its stop, by repetition, and by evidence of one owner: one
cluster, one transaction that signs for both sides, a cluster that spends both, payouts
forwarded to the actor's own deposit address, change of a deposit spent with payouts.
Where deposits are steady, payouts that keep pace with
them for weeks are looked for in place of rounds.
Residents, payouts that go on, returned deposits and labels of services speak against.
The posterior counts all beneficiaries and an open world. Chance is what the best
beneficiary scores when the deposits are shifted in time, corrected for the number of
searches.

No path on the ledger joins a deposit to a payout. It is wrong where a stranger's income
matches, by chance or because a promotion made many start at once; where somebody else
uses the actor's account, or the actor has a stranger's address paid; where a label is
wrong; and blind where the buyer is paid off the ledger or in coins that were not looked
at.

References: section 12 of the heuristics reference.`,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: Kind, Doc: "one party pays a service for hash power and controls the beneficiary of payouts; wrong where a stranger's payouts match by chance, or a label is"},
			{Name: KindSteady, Doc: "the same, as payouts follow deposits for weeks; wrong where a miner's income happens to keep pace with somebody's payments"},
			{Name: KindLead, Doc: "a beneficiary that may be the buyer, to be asked about; as often wrong as its number says, and more where its label is"},
		},
		Requires: []*heuristics.Heuristic{
			cluster.Heuristic, service.Heuristic, actor.Heuristic, depaddr.Heuristic,
			deposit.Heuristic, commingle.Heuristic, beneficiary.Heuristic,
		},
		Params:  p.Parameters(),
		Horizon: heuristics.Tip,
		Finish:  r.finish,
	}
}

// rule is an instance.
type rule struct{ Params }

// Result is what a run concluded, for those who go on from there.
type Result struct {
	// Candidates are those of which a finding speaks, in the order of the
	// findings.
	Candidates []Candidate
}

// Candidate is a beneficiary that may be the buyer.
type Candidate struct {
	Kind           string
	Actor, Service string
	Head           model.Address // of the beneficiary
	Rounds         []Round       // that its payouts answer
	Probability    model.Probability
}

// Of returns the result of the run, for Finish of a heuristic that requires
// [Heuristic]. Programs that embed the library read it by [heuristics.Finished].
func Of(t *heuristics.Totals) *Result { return heuristics.FinishOf[*Result](t, Heuristic) }

// search is all that a run looked at.
type search struct {
	*rule
	t        *heuristics.Totals
	people   *people
	gathered *gathering
	searches int // what chance is corrected for: one by rounds for each party, one by weeks where it pays steadily
	deposits int
	tried    int // rounds
	// answers are the rounds that start beneficiaries' payouts, by beneficiary.
	answers map[int][]answer
	result  Result
}

// answer says that a beneficiary's receipts fit a round and start as a buyer's would.
type answer struct {
	party          *party
	round          int // its number
	from, to       int
	weight, doubts model.MicroNats // of all that speaks for it, given the labels and with their doubt
}

func (r *rule) finish(ctx context.Context, t *heuristics.Totals) (any, error) {
	g, err := r.gather(ctx, t)
	if err != nil {
		return nil, err
	}
	s := &search{rule: r, t: t, gathered: g, answers: map[int][]answer{}}
	if len(g.parties) == 0 {
		return &s.result, nil
	}
	if s.people, err = r.people(ctx, t); err != nil {
		return nil, err
	}
	if s.people.len() == 0 {
		t.Note("deposits, and no payout to compare them with", len(g.parties))
		return &s.result, nil
	}
	rounds := make([][]*Round, len(g.parties))
	for i, p := range g.parties {
		if err := s.people.value(ctx, t, p.ins); err != nil {
			return nil, err
		}
		rounds[i] = r.rounds(t, p)
		s.deposits += len(p.ins)
		if len(rounds[i]) > 0 {
			s.searches++
			s.tried += len(r.largest(rounds[i]))
			if _, _, ok := r.flow(rounds[i]); ok {
				s.searches++
			}
		}
	}
	// Everybody is fitted into everything first: payouts may answer several.
	for i, p := range g.parties {
		if len(rounds[i]) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.note(p, s.analyse(s.people, s.largest(rounds[i]), &s.Params))
	}
	for i, p := range g.parties {
		if len(rounds[i]) == 0 {
			continue
		}
		steady, err := s.steady(ctx, p, rounds[i])
		if err != nil {
			return nil, err
		}
		c := &cause{search: s, party: p, rounds: s.largest(rounds[i])}
		if n := len(rounds[i]) - len(c.rounds); n > 0 {
			t.Note("round beyond the largest ones of its actor and service, not looked at", n)
		}
		if err := c.look(ctx, steady); err != nil {
			return nil, err
		}
	}
	return &s.result, nil
}

// note keeps which payouts start as those of a party's buyer would.
func (s *search) note(p *party, a *analysis) {
	for i := range a.fitted {
		f := &a.fitted[i]
		for r := range f.fits {
			if g := &f.fits[r]; f.counts(a.p, r) && g.early && !g.cut && f.total > 0 {
				x := a.rounds[r]
				s.answers[f.b] = append(s.answers[f.b], answer{p, x.number, g.from, g.to, f.total, f.total.Discount(x.seed.Times(x.way))})
			}
		}
	}
}

// largest returns the rounds with most paid, as many as are looked at, in order.
func (r *rule) largest(rounds []*Round) []*Round {
	if r.MaxRounds <= 0 || len(rounds) <= r.MaxRounds {
		return rounds
	}
	out := slices.Clone(rounds)
	slices.SortStableFunc(out, func(a, b *Round) int { return cmp.Compare(b.window.paid, a.window.paid) })
	out = out[:r.MaxRounds]
	slices.SortStableFunc(out, func(a, b *Round) int { return cmp.Compare(a.number, b.number) })
	return out
}

// look looks for the buyer of one party's rounds. Whoever keeps pace with its
// deposits is told of already.
func (c *cause) look(ctx context.Context, steady map[int]bool) error {
	c.a = c.analyse(c.people, c.rounds, &c.Params)
	if len(c.a.fitted) == 0 {
		return nil
	}
	if err := c.evidence(ctx); err != nil {
		return err
	}
	for i := range c.a.fitted {
		f := &c.a.fitted[i]
		if steady[f.b] || !c.worth(f) {
			continue
		}
		v := c.judge(c.a, f, c.extra[f.b], c.people.pi0, false)
		if v.kind == "" {
			continue
		}
		if !c.done {
			if err := c.shift(ctx); err != nil {
				return err
			}
			v = c.judge(c.a, f, c.extra[f.b], c.people.pi0, false)
		}
		if err := c.report(ctx, f, v); err != nil {
			return err
		}
	}
	return nil
}
