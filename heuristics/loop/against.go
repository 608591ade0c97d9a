package loop

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/commingle"
	"github.com/goldwash/goldwash/heuristics/deposit"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// nearGate is how far the time of a block is from that of a payment, at most. That of
// a deposit may be off one way and that of a payout the other.
const nearGate = 2 * 3600

// crowd is who else fits a round.
type crowd struct {
	amount, start int // others that fit by amount, and of those also by start
	part          int // that would fit by amount if the window ended early
	of            int // observed in the window
	starts        int // series of others that begin soon after the deposits
	expect, both  int64
}

func (w *telling) crowd(r int) crowd {
	x := crowd{of: int(w.a.usual[r].density.n)}
	for i := range w.a.fitted {
		g := &w.a.fitted[i]
		if g.b == w.f.b || !g.fits[r].ok {
			continue
		}
		if g.fits[r].cut {
			x.part++
		} else {
			x.amount++
		}
		if g.fits[r].early {
			x.start++
		}
	}
	win := w.a.ws[r]
	i := sort.Search(len(w.people.starts), func(i int) bool { return w.people.starts[i] >= win.start })
	j := sort.Search(len(w.people.starts), func(i int) bool { return w.people.starts[i] > win.end+secs(w.Start) })
	x.starts = j - i
	if w.f.fits[r].early {
		x.starts--
	}
	d := &w.a.usual[r].density
	x.expect, x.both = expected(x.of, w.a.p, d.min, d.max, w.a.usual[r].start)
	return x
}

// against states what was looked for against the claim, found or not, and what
// else would explain the facts.
func (w *telling) against(ctx context.Context) error {
	count := func(found bool, text string, items ...model.Item) {
		w.Counter = append(w.Counter, model.Counter{Text: text, Found: found, Items: items})
	}
	residents, starts := map[int]bool{}, 0
	for _, r := range w.counts {
		x := w.crowd(r)
		text := fmt.Sprintf("%d of %d other beneficiaries fit round %d by amount, %d more if its window is ended early; %d of all these by start too", x.amount, max(x.of-1, 0), w.rounds[r].number, x.part, x.start)
		if x.expect > 0 && !w.rounds[r].window.cloud {
			text += fmt.Sprintf("; %s and %s are expected were amounts uniform in the logarithm", tenths(x.expect), tenths(x.both))
		}
		starts = max(starts, x.starts)
		for i := range w.a.fitted {
			if g := &w.a.fitted[i]; g.b != w.f.b && g.fits[r].ok && !g.fits[r].started {
				residents[g.b] = true
			}
		}
		if w.Chance != nil && r == w.f.base {
			c := *w.Chance
			c.Fit, c.Of, c.Text = x.amount, max(x.of-1, 0), fmt.Sprintf("round %d by amount; %d by start too", w.rounds[r].number, x.start)
			w.Chance = &c
		}
		count(x.amount > 0, text)
		if it, text, ok := w.nearest(r); ok {
			count(true, text, it)
		}
	}
	if w.Chance == nil {
		w.Facts = append(w.Facts, model.Fact{Name: "chance", Value: "not computed: the data have too little room around the deposits to shift them"})
	}

	var back model.Amount
	var came []model.Item
	paidBack := false
	for _, r := range w.counts {
		back += w.rounds[r].Returned
		for _, in := range w.rounds[r].ins {
			for _, q := range in.returns {
				came = append(came, model.Item{On: model.RefOutpoint(q.Out), Role: "paid back", Address: q.Address, Block: q.Block,
					Value: &model.Money{Amount: q.Amount, Unit: w.t.Network().Unit()}})
			}
		}
	}
	for _, in := range w.party.ins {
		paidBack = paidBack || slices.ContainsFunc(in.Returns, func(q deposit.Return) bool { return q.ToPayer })
	}
	text := "deposits that came back"
	if back > 0 {
		text += fmt.Sprintf(": %s BTC, which is taken from what was paid in", back)
	}
	if n := w.unsearched(); back > 0 || n == 0 {
		count(back > 0, text, clip(came, w.MaxParts)...)
	} else {
		w.Unseen = append(w.Unseen, fmt.Sprintf("Deposits that came back: not looked for, for %d of those that count.", n))
	}
	w.others(count)

	resident, goes, cut, late, outside := false, false, false, false, 0
	var flips []string
	for _, r := range w.counts {
		f := &w.f.fits[r]
		resident, goes, cut = resident || f.resident, goes || f.continues, cut || f.cut
		late = late || f.started && !f.early
		flips = append(flips, w.flips(r)...)
	}
	// What the data do not reach is not looked for.
	look := func(found, seen bool, text string) {
		if found || seen {
			count(found, text)
			return
		}
		w.Unseen = append(w.Unseen, strings.ToUpper(text[:1])+text[1:]+": the data do not reach that far.")
	}
	before, after := true, true
	for _, r := range w.counts {
		before = before && w.a.ws[r].start-w.people.first >= secs(w.Resident)
		after = after && w.people.last-w.people.at[w.f.fits[r].to-1] >= secs(w.Continue)
	}
	look(resident, before, "payouts to the beneficiary before the deposits, at half the rate or more, for "+hours(secs(w.Resident)))
	look(goes, after, "payouts that go on after the money is exhausted")
	count(cut, "payouts in the window beyond what the deposits can have bought")
	service := slices.ContainsFunc(w.extra[w.f.b], func(e model.Evidence) bool {
		return e.Family == contraryFamily && !strings.HasPrefix(e.Text, "Of round")
	})
	count(service || w.v.account, "a custodian, a farm or a seller of hash power behind the beneficiary, by label or behaviour")
	if len(flips) > 0 {
		count(true, "gates that flip if times of blocks are off by up to 2 hours: "+strings.Join(flips, "; "))
	} else {
		count(false, "gates that flip if times of blocks are off by up to 2 hours, by which they may differ from times of payments")
	}
	w.rivals()

	// Trains that answer no round of this party.
	lo, hi := w.people.of(w.f.b)
	for i := lo; i < hi; i++ {
		answers := slices.ContainsFunc(w.counts, func(r int) bool { return i >= w.f.fits[r].from && i < w.f.fits[r].to })
		if !answers && w.people.begins(lo, i, secs(w.Quiet)) {
			outside++
		}
	}
	w.alternatives(len(residents), starts, outside, paidBack, late || len(flips) > 0)
	return w.unseen(ctx)
}

// others states which rounds of the party are not answered, and whether the same
// payouts answer those of another.
func (w *telling) others(count func(bool, string, ...model.Item)) {
	var open []string
	if w.flow == nil {
		for r, x := range w.rounds {
			if !slices.Contains(w.counts, r) {
				open = append(open, fmt.Sprintf("round %d", x.number))
			}
		}
		text := fmt.Sprintf("rounds of deposits of %s to %s that these payouts do not answer", w.party.actor, w.party.service)
		if len(open) > 0 {
			text += ": " + list(open)
		}
		count(len(open) > 0, text)
	}
	var also []string
	for _, g := range w.elsewhere(w.f, func(r int) bool { return slices.Contains(w.counts, r) }) {
		also = append(also, fmt.Sprintf("round %d of %s to %s", g.round, g.party.actor, g.party.service))
	}
	text := "deposits of another actor, or to another service, that the same payouts answer"
	if len(also) > 0 {
		text += ": " + list(also)
		w.Alternatives = append(w.Alternatives, model.Alternative{
			Text: "The payouts answer deposits of another.", WhyNot: "they fit " + list(also) + " too."})
	}
	count(len(also) > 0, text)
}

func clip[T any](ts []T, n int) []T { return ts[:min(len(ts), n)] }

// nearest finds the other beneficiary whose payouts in the time of the candidate's
// come nearest in amount.
func (w *telling) nearest(r int) (model.Item, string, bool) {
	f := &w.f.fits[r]
	from, to := w.people.at[f.from], w.people.at[f.to-1]
	best, diff := -1, int64(0)
	for b := range w.people.len() {
		if b == w.f.b {
			continue
		}
		got := w.people.between(b, from, to)
		d := max(got-f.got, f.got-got)
		if got > 0 && (best < 0 || d < diff) {
			best, diff = b, d
		}
	}
	// Within a tenth, or it is no likeness.
	if best < 0 || diff > f.got/10 {
		return model.Item{}, "", false
	}
	a := w.people.beneficiaries(best)[0].Head
	got := w.people.between(best, from, to)
	lo, _ := w.people.of(best)
	text := fmt.Sprintf("the nearest by amount in the time of round %d is %s, with %s, %s %% off", w.rounds[r].number, a, w.units(got), percent(diff, f.got))
	if before := (w.a.ws[r].start - w.people.at[lo]); before > 0 {
		text += fmt.Sprintf("; it was paid for %s before, so nothing starts with the deposits", hours(before))
	}
	text += "; it stands here for comparison, and nothing is claimed of it"
	return model.Item{On: model.RefAddress(a), Role: "bystander", Address: a}, text, true
}

// percent writes a part of a whole in percent with one decimal, at least 0.1 where
// it is anything.
func percent(part, whole int64) string {
	v, ok := model.Amount(part).Share(2000, whole)
	if !ok {
		return "?"
	}
	n := int64(v+1) / 2
	if part > 0 {
		n = max(n, 1)
	}
	return tenths(n)
}

// flips says which gates of a round would fall out otherwise if deposits and payouts
// were up to two hours earlier or later, each its own way.
func (w *telling) flips(r int) []string {
	f := &w.f.fits[r]
	var out []string
	if w.flow != nil {
		return nil // weeks are not decided by hours
	}
	for _, by := range []int64{-2 * nearGate, -nearGate, nearGate, 2 * nearGate} {
		win := w.a.ws[r].shifted(by)
		g := w.a.gate(w.f.b, win)
		if g.ok {
			w.a.weigh(w.f.b, win, w.a.usual[r], &g)
		}
		switch {
		case g.ok != f.ok:
			out = append(out, fmt.Sprintf("round %d would not fit", w.rounds[r].number))
		case g.from != f.from:
			out = append(out, fmt.Sprintf("round %d would begin with another payout", w.rounds[r].number))
		case g.to != f.to:
			out = append(out, fmt.Sprintf("round %d would end with another payout", w.rounds[r].number))
		case g.early != f.early:
			out = append(out, fmt.Sprintf("the start of round %d would count otherwise", w.rounds[r].number))
		case g.resident != f.resident || g.continues != f.continues || g.stops != f.stops:
			out = append(out, fmt.Sprintf("what came before or after round %d would count otherwise", w.rounds[r].number))
		}
	}
	// Which deposits make one round is a gate too.
	var last int64
	for i, in := range w.party.ins {
		if gap := in.at - last; i > 0 && max(gap-secs(w.RoundGap), secs(w.RoundGap)-gap) <= 2*nearGate &&
			(slices.Contains(w.rounds[r].ins, in) || slices.Contains(w.rounds[r].ins, w.party.ins[i-1])) {
			out = append(out, fmt.Sprintf("the deposits of round %d would make other rounds", w.rounds[r].number))
		}
		last = in.at
	}
	return compact(out)
}

// rivals lists everybody who is nearly as likely.
func (w *telling) rivals() {
	self := model.Weigh(w.Evidence, false)
	n, more := 0, 0
	for _, x := range w.v.rivals {
		if x.weight < self-w.RivalNats {
			break
		}
		if n == w.MaxParts {
			more++
			continue
		}
		n++
		a := w.people.beneficiaries(x.b)[0].Head
		w.Counter = append(w.Counter, model.Counter{
			Text:  fmt.Sprintf("%s is within %s nats on the same rounds: %s against %s", a, w.RivalNats, x.weight, self),
			Found: true, Items: []model.Item{{On: model.RefAddress(a), Role: "rival", Address: a}}})
		w.Alternatives = append(w.Alternatives, model.Alternative{
			Text: fmt.Sprintf("The buyer is paid at %s.", a), WhyNot: "its payouts answer the same rounds nearly as well."})
	}
	if n == 0 {
		w.Counter = append(w.Counter, model.Counter{Text: fmt.Sprintf("another beneficiary within %s nats on the same rounds", w.RivalNats)})
	}
	if more > 0 {
		w.Unseen = append(w.Unseen, fmt.Sprintf("%d more beneficiaries that are nearly as likely: not listed.", more))
	}
}

// alternatives lists other explanations, each where its precondition is met.
func (w *telling) alternatives(residents, starts, outside int, paidBack, late bool) {
	add := func(text, why string) {
		w.Alternatives = append(w.Alternatives, model.Alternative{Text: text, WhyNot: why})
	}
	head := w.parts[0].Head
	if residents > 0 {
		add("A regular miner's income happens to match.",
			fmt.Sprintf("%d that were paid before fit by amount; %s", residents, w.newcomer()))
	}
	if starts > 0 {
		add("A promotion of a host or a pool made many begin at that time.",
			fmt.Sprintf("%s of others also begin between the deposits and %s after.", words.Plural(starts, "payout series"), hours(secs(w.Start))))
	}
	if outside > 0 {
		add("The beneficiary resells hash power, or rents it for others.",
			fmt.Sprintf("of its series of payouts, %d answer no deposit of this actor.", outside))
	}
	if w.v.account {
		add("Another customer of the custodian, or of a broker that has its account there, is paid at the address.", "the holder of the account is known to the custodian only.")
	} else if slices.ContainsFunc(w.parts, func(b *beneficiary.Beneficiary) bool { return b.ServiceLike }) {
		add("Customers of one broker are paid at the address.", "its cluster behaves like that of a service which holds coins for many.")
	}
	if paidBack {
		add("The actor sells hash power there and rents his own machines.", "the service also pays addresses of the payer.")
	}
	if late {
		add("A pool paid late, so that the payouts are for work done before the deposits.", "the payouts start late, or a time is near the bound of a gate.")
	}
	if !w.v.owned {
		add("The actor has the pool pay a stranger, or a stranger rents through the actor's account.", fmt.Sprintf("nothing on the ledger shows that the keys of %s are the payer's.", head))
		return
	}
	o := w.owner[w.f.b]
	switch o.what {
	case "C1":
		add("Two parties signed one transaction.", "signatures that commit to everything can be two parties', and the ledger does not tell.")
	case "own account":
		add("Another customer of the service has the address now.", "the actor paid it before, but the service decides whose account it credits.")
	case "forwarded":
		add("The payouts were sent on to pay the actor.", "the deposit address was used before by the actor only, as far as the run saw.")
	default:
		add("A co-spend on the way joined two parties.", "each transaction that signs for several addresses has to be one party's.")
	}
}

// unsearched counts the deposits for which nobody looked whether they came back.
func (w *telling) unsearched() (n int) {
	for _, r := range w.counts {
		for _, in := range w.rounds[r].ins {
			if !in.Searched {
				n++
			}
		}
	}
	return n
}

// newcomer says how the candidate differs from those who were paid before.
func (w *telling) newcomer() string {
	for _, r := range w.counts {
		if !w.f.fits[r].started {
			return "the candidate was paid before too, or it is not seen whether it was."
		}
	}
	return fmt.Sprintf("the candidate was not paid in the %s before, which such a miner would have been unless he began just then.", hours(secs(w.Quiet)))
}

func (w *telling) unseen(context.Context) error {
	pi0 := w.v.score.Open.Pi0
	text := fmt.Sprintf("Payouts by Lightning or by internal transfer, in other coins and by other pools: they count as pi0 %s", pi0.Short())
	if w.people.covered {
		text += fmt.Sprintf(", of which the least is %s and what the pools mined without its being seen in payouts the rest", w.Pi0)
		if w.people.partly {
			text += fmt.Sprintf("; of the pools of which no block was seen, %s is taken not to be", w.Pi0Unmeasured)
		}
	} else {
		text += "; how much of what the pools mined is seen in payouts was not measured, as no block of theirs was"
	}
	w.Unseen = append(w.Unseen, text+".",
		"That hash power was bought, and by whom: that is in the service's books only.",
		"When payments were made: times are those of blocks, by the median of the eleven before, and by the header where that is unknown or more than six hours behind; items give both.")
	if w.v.p == nil {
		w.Unseen = append(w.Unseen, "How often chance does as well: the data have too little room around the deposits to shift them.")
	}
	if !w.people.abroad {
		w.Unseen = append(w.Unseen, "Payouts of the same work in merged-mined coins: no other ledger was given.")
	}
	if n := len(w.LeaveOut); n > 0 {
		ids := make([]string, n)
		for i, id := range w.LeaveOut {
			ids[i] = id.String()
		}
		w.Unseen = append(w.Unseen, "By the caller's wish these transactions are not used as evidence: "+strings.Join(ids, " ")+".")
	}
	return nil
}

// premises answers the critical questions.
func (w *telling) premises(context.Context) error {
	add := func(text, question, answer string) {
		w.Premises = append(w.Premises, model.Premise{Text: text, Question: question, Answer: answer})
	}
	l := &w.seed
	answer := "unknown: the label has neither bounds nor a date."
	if holds, known := l.HoldsAt(w.rounds[w.counts[0]].Start); !l.From.IsZero() || !l.To.IsZero() {
		answer = "unknown: the time of the block is not known."
		if known && holds {
			answer = "yes: the block's time is within its bounds."
		}
	} else if !l.Asserted.IsZero() {
		answer = fmt.Sprintf("unknown: the label has no bounds; it was asserted on %s.", words.Date(l.Asserted.Unix()))
	}
	add(fmt.Sprintf("%s is an address of %s.", l.On.ID(), w.party.service), "Is the label current at that height?", answer)
	inferred, hops := 0, 0
	for _, r := range w.counts {
		for _, in := range w.rounds[r].ins {
			if in.Inferred() {
				inferred++
			}
			hops += in.Hops()
		}
	}
	if inferred > 0 {
		add("Addresses that are swept with the labelled one are the service's too.", "Does anybody but the service sign for them?",
			fmt.Sprintf("inferred for %s: see the finding of each deposit.", words.Plural(inferred, "deposit")))
	}
	if hops > 0 {
		add("The coins kept their holder on the way to the service.", "Did they change hands?",
			fmt.Sprintf("unknown: %s between the payer's own and the payments; a ledger does not show where coins change hands.", words.Plural(hops, "address")))
	}
	least := model.Certain
	for _, r := range w.counts {
		for _, rc := range w.people.counted(w.f.b, w.f.fits[r].from, w.f.fits[r].to) {
			least = min(least, rc.Confidence)
		}
	}
	add(fmt.Sprintf("What %s received are payouts of %s.", w.parts[0].Head, w.pools), "Could this be an exchange's batch? Is the pool's tag corroborated?",
		fmt.Sprintf("the least sure of them is one with probability %s: see the finding of each payout.", least.Short()))
	if o, ok := w.owner[w.f.b]; ok && o.joint != nil && o.joint.Kind == commingle.Kind {
		add(fmt.Sprintf("Transaction %s has one signer.", o.tx), "Could the transaction be collaborative? Could a custodian hold both keys?",
			"no sign of either: every signature whose type is seen commits to everything, it has neither the shape of a coinjoin nor that of a payjoin, no label of a custodian is on its inputs, and their cluster does not behave like a service; see the finding on it for what was not tested. Two parties can still sign one transaction.")
	}
	fits := 0
	for _, r := range w.counts {
		fits += w.crowd(r).start
	}
	add("The payouts answer the deposits.", "How many unrelated members fit as well?", fmt.Sprintf("%d by amount and start; see the counts by round.", fits))
	back := "no: nothing that came back was seen."
	if w.unsearched() > 0 {
		back = "unknown: what came back was not looked for everywhere."
	}
	for _, r := range w.counts {
		if w.rounds[r].Returned > 0 {
			back = "in part: what came back is taken off."
		}
	}
	add("The deposits were spent on hash power.", "Was the balance withdrawn instead?", back+" Internal transfers are not seen.")
	return nil
}
