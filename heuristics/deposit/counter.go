package deposit

import (
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// counter states what was looked for against the deposit, found or not, and what
// is left of it.
func (f *found) counter(ctx context.Context, g *model.Finding) error {
	d := f.d
	where := ""
	if f.r.Payers.Unowned > 0 {
		where = " among the inputs of known owner"
	}
	g.Counter = append(g.Counter, model.Counter{Text: "an input of the service itself" + where + ", which would make it a transfer of its own"})
	g.Unseen = append(g.Unseen, f.unseen...)
	g.Unseen = append(g.Unseen, "That hash power was bought, and by whom: that is in the service's books only.")
	if f.r.Payers.Unowned > 0 {
		g.Unseen = append(g.Unseen, fmt.Sprintf("The owner of %d inputs.", f.r.Payers.Unowned))
	}
	f.untraced(g)
	if !d.Searched {
		g.Facts = append(g.Facts, model.Fact{Name: "returned", Value: "not looked for"})
		return nil
	}
	var back, soon []Return
	var all, within model.Amount
	for _, r := range d.Returns {
		if r.ToPayer {
			soon = append(soon, r)
			within += r.Amount // payments of one chain: no overflow
		} else {
			back = append(back, r)
		}
	}
	if f.lookedAtPayer() {
		for _, r := range f.receipts {
			all += r.Amount
		}
		text := fmt.Sprintf("payments by %s to addresses of the payer, as to a seller of hash power, in %s", d.Payee.Entity, f.where)
		if n := len(f.receipts); n > 0 {
			text += fmt.Sprintf(": %s of together %s BTC", words.Plural(n, "payment"), all)
		}
		if err := f.count(ctx, g, f.receipts, len(f.receipts) > 0, text); err != nil {
			return err
		}
		least, _ := d.Amount.Share(int64(f.ReturnShare), int64(model.Certain))
		text = fmt.Sprintf("withdrawals to addresses of the payer, within %s, of at least %s of the deposit, in %s", words.Plural(f.ReturnDays, "day"), f.ReturnShare, f.where)
		if within > 0 {
			text += fmt.Sprintf(": %s BTC", within)
		}
		if err := f.count(ctx, g, soon, within >= least, text); err != nil {
			return err
		}
	}
	if f.idle {
		var idle []Return
		for _, r := range d.Returns {
			if r.Fits > 0 {
				idle = append(idle, r)
			}
		}
		if err := f.count(ctx, g, idle, len(idle) > 0, fmt.Sprintf(
			"a payment by %s to anybody of exactly the deposit less %s BTC, %d to %d days later, as idle funds are returned, in %s",
			d.Payee.Entity, f.IdleFee, f.IdleFrom, f.IdleTo, f.where)); err != nil {
			return err
		}
	}
	return f.net(ctx, g, back)
}

// lookedAtPayer reports whether payments to the payer were looked for.
func (f *found) lookedAtPayer() bool { return f.d.Searched && !f.many() }

// count adds one search with the first payments that it found.
func (f *found) count(ctx context.Context, g *model.Finding, rs []Return, found bool, text string) error {
	c := model.Counter{Text: text, Found: found}
	for i := range rs[:min(len(rs), f.MaxItems)] {
		it, err := f.item(ctx, &rs[i])
		if err != nil {
			return err
		}
		c.Items = append(c.Items, it)
	}
	g.Counter = append(g.Counter, c)
	return nil
}

func (f *found) item(ctx context.Context, r *Return) (model.Item, error) {
	m, err := f.pass.Money(ctx, r.Amount, r.Block)
	it := model.Item{On: model.RefOutpoint(r.Out), Role: "paid back", Address: r.Address, Value: &m, Block: r.Block}
	if _, after := f.days(r.Block); after {
		it.Note = words.Plural(r.Days, "day") + " after the deposit"
	} else {
		it.Role, it.Note = "paid", "before the deposit"
	}
	return it, err
}

// net states what came back, and what is left.
func (f *found) net(ctx context.Context, g *model.Finding, elsewhere []Return) error {
	d := f.d
	if len(d.Returns) == 0 {
		g.Facts = append(g.Facts, model.Fact{Name: "returned", Value: "none found in " + f.where})
		return nil
	}
	unsure := slices.ContainsFunc(elsewhere, func(r Return) bool { return r.Fits > 1 })
	net := d.Net()
	last := "the last after "
	if len(d.Returns) == 1 {
		last = "after "
	}
	text := fmt.Sprintf("%s BTC in %s, %s", d.Amount-net, words.Plural(len(d.Returns), "payment"), last+words.Plural(d.Returns[len(d.Returns)-1].Days, "day"))
	if unsure {
		text += "; which of several deposits some of them belong to is not known, and those are left out of the net amount"
	}
	g.Facts = append(g.Facts, model.Fact{Name: "returned", Value: text})
	m, err := f.worth(ctx, net)
	if err != nil {
		return err
	}
	g.Amounts = append(g.Amounts, model.Figure{Role: "net of returns", Money: m})
	if len(elsewhere) < len(d.Returns) {
		g.Unseen = append(g.Unseen, "Whether what the service paid to the payer is of this deposit or of another of the same payer, or for hash power that the payer sold.")
	}
	return nil
}

// untraced says where the search for a payer behind the inputs ended.
func (f *found) untraced(g *model.Finding) {
	if f.d.Attributed() {
		if f.r.lacks != "" {
			g.Unseen = append(g.Unseen, "Where the inputs come from: "+f.r.lacks+".")
		}
		return
	}
	for _, r := range f.r.Refused {
		g.Search = append(g.Search, model.Fact{Name: "trail of an actor not followed: " + string(r.Reason), Value: fmt.Sprint(r.N)})
		if r.Reason.Unseen() {
			g.Unseen = append(g.Unseen, "Whether an actor's coins paid: "+string(r.Reason)+".")
		}
	}
	if f.r.lacks != "" {
		g.Unseen = append(g.Unseen, "Whether an actor's coins paid: "+f.r.lacks+".")
	}
}

// premises states what the claim rests on, and what else would explain it.
func (f *found) premises(g *model.Finding) {
	d, r := f.d, f.r
	f.payeePremises(g)
	if d.Attributed() {
		f.payerPremises(g)
		if r.Payers.Payjoin {
			g.Alternatives = append(g.Alternatives, model.Alternative{
				Text:   "The transaction is a payjoin of two parties, and the other one paid.",
				WhyNot: fmt.Sprintf("its amounts fit that; then %s would be somebody's change or one that signs, which its label contradicts and does not exclude.", d.Address)})
		}
		g.Alternatives = append(g.Alternatives, model.Alternative{Text: "The payer paid into somebody else's account.", WhyNot: "the ledger does not show whose account is credited."})
	}
	f.rivals(g)
	for _, a := range r.Payers.Accounts {
		if !d.Attributed() || !model.SameEntity(a.Entity, d.Payer.Entity) {
			g.Alternatives = append(g.Alternatives, model.Alternative{
				Text:   fmt.Sprintf("%s had a custodian pay: a label gives an input to %s as an account.", a.Entity, a.Entity),
				WhyNot: "the custodian holds the key and pays from there for any of its customers."})
			g.Labels = append(g.Labels, a.Label)
		}
	}
	if f.many() {
		g.Alternatives = append(g.Alternatives, model.Alternative{
			Text: "A service paid for one of its customers.", WhyNot: "an input is of a cluster that is a service's or looks like one; who ordered the payment is in its books only."})
	}
	why := "whether the service also pays the payer was not looked for."
	switch {
	case !f.lookedAtPayer():
	case len(f.receipts) > 0:
		why = fmt.Sprintf("the service does pay addresses of the payer: %s, in %s.", words.Plural(len(f.receipts), "payment"), f.where)
	default:
		why = fmt.Sprintf("no payment by the service to an address of the payer was found in %s, but sellers can be paid elsewhere.", f.where)
	}
	g.Alternatives = append(g.Alternatives, model.Alternative{Text: "The payer sells hash power there and tops up a balance or pays a fee.", WhyNot: why})
	if len(d.Returns) > 0 {
		g.Alternatives = append(g.Alternatives, model.Alternative{
			Text: "The money was not spent on hash power, or not all of it.", WhyNot: fmt.Sprintf("the service seems to have paid back %s BTC.", d.Amount-d.Net())})
	}
}

func (f *found) payeePremises(g *model.Finding) {
	d := f.d
	inf, inferred := depaddr.Of(f.pass).Inferred(d.Address)
	inferred = inferred && d.Inferred()
	label, at, what := f.payeeLabel()
	answer := current(label, at, what)
	if _, known := label.HoldsAt(at); !known {
		g.Unseen = append(g.Unseen, "Whether the payee's label held at the time of the payment.")
	}
	g.Premises = append(g.Premises, model.Premise{Text: fmt.Sprintf("%s is an address of %s.", d.Address, d.Payee.Entity), Question: "Was the label current at that height?", Answer: answer})
	if d.Inferred() {
		answer := "unknown: the label was derived by " + d.Payee.Source + "."
		if inferred {
			answer = "inferred: " + sentence(inf.Reason)
		}
		g.Premises = append(g.Premises, model.Premise{
			Text: fmt.Sprintf("Whoever operates the labelled address of %s operates %s too.", d.Payee.Entity, d.Address), Question: "Does anybody but the service sign for this address?", Answer: answer})
		g.Alternatives = append(g.Alternatives, model.Alternative{
			Text:   "The address is that of a customer, who gathers coins at the service, or of another service that shares its wallet.",
			WhyNot: "the inference rests on what is spent together and where it goes; the service itself has not confirmed the address."})
	}
	for _, l := range f.t.all {
		if !model.SameEntity(l.Entity, d.Payee.Entity) {
			g.Alternatives = append(g.Alternatives, model.Alternative{
				Text:   fmt.Sprintf("The address is %s's, as %s says.", l.Entity, l.Source),
				WhyNot: fmt.Sprintf("two labels conflict, with confidence %s against %s.", l.Confidence.Short(), d.Payee.Confidence.Short())})
		}
	}
}

// payeeLabel returns the label from outside that the payee rests on, the block of
// the payment, and what to call the label.
func (f *found) payeeLabel() (l *model.Label, at model.BlockRef, what string) {
	if inf, ok := depaddr.Of(f.pass).Inferred(f.d.Address); ok && f.d.Inferred() {
		return &inf.Seed, f.tx.Block, "the label that it is inferred from"
	}
	return &f.d.Payee, f.tx.Block, "the label"
}

// current answers whether a label held at the time of a payment.
func current(l *model.Label, at model.BlockRef, what string) string {
	if _, known := l.HoldsAt(at); !known {
		return "unknown: " + what + " is bounded in time, and the time of the block is not known."
	}
	when, ok := at.Clock()
	switch {
	case !ok:
		return "unknown: the time of the block is not known."
	case !l.From.IsZero() || !l.To.IsZero():
		return "yes: the block's time is within the bounds of " + what + "."
	case !l.Asserted.IsZero():
		return fmt.Sprintf("unknown: %s has no bounds; it was asserted on %s, the payment was on %s.", what, day(l.Asserted), day(when))
	}
	return fmt.Sprintf("unknown: %s has neither bounds nor a date.", what)
}

func (f *found) payerPremises(g *model.Finding) {
	d := f.d
	answer := "unknown: the label does not say whether it is a key or an account."
	where := "among the inputs."
	if d.Hops() > 0 {
		where = "among the inputs of the transaction that the coins come from."
	}
	switch held := key(&d.Payer.Label); {
	case d.Payer.Via != actor.ByLabel && held:
		answer = "inferred: by co-spending, in transactions without a sign of several parties, with an address of which the label says that the payer holds the key."
	case d.Payer.Via != actor.ByLabel:
		answer = "unknown: joined by co-spending, in transactions without a sign of several parties, to an address of which the label does not say whether it is a key or an account."
	case held:
		answer = "yes: the label says so, and the labelled address itself is " + where
	}
	g.Premises = append(g.Premises, model.Premise{Text: fmt.Sprintf("%s controls what was spent.", d.Payer.Entity), Question: "Does the payer hold the key?", Answer: answer})
	f.cover(g)
	if d.Hops() == 0 {
		return
	}
	t := d.Trail
	answer = "unknown: a ledger does not show where coins change hands."
	if t.Self == t.Hops {
		answer = "inferred: every address on the way signed together with the one before."
	} else if t.Self > 0 {
		answer = fmt.Sprintf("unknown for %d of them, inferred for the others, which signed together with the one before.", t.Hops-t.Self)
	}
	g.Premises = append(g.Premises, model.Premise{
		Text:     fmt.Sprintf("%s still held the coins after %s.", d.Payer.Entity, words.Plural(t.Hops, "address")),
		Question: "Did the coins keep their holder on the way?", Answer: answer})
	if t.Self < t.Hops {
		g.Alternatives = append(g.Alternatives, model.Alternative{
			Text: "The coins changed hands on the way.",
			WhyNot: fmt.Sprintf("a payment to somebody who passes all of it on looks like a transfer to an address of one's own; each such address leaves a part of the confidence, together %s.",
				t.Way)})
	}
}

// rivals names the actors to whom inputs belong and who are not said to have paid,
// and whoever else labels name for the addresses of any of them.
func (f *found) rivals(g *model.Finding) {
	d, r := f.d, f.r
	for i := range r.Payers.Actors {
		a := &r.Payers.Actors[i]
		if d.Attributed() && model.SameEntity(a.Entity, d.Payer.Entity) {
			continue
		}
		g.Alternatives = append(g.Alternatives, model.Alternative{Text: fmt.Sprintf("%s paid: some inputs are its own.", a.Entity), WhyNot: r.whyNot(a.Entity)})
	}
	for i := range d.Payers {
		a := &d.Payers[i]
		for _, l := range a.Others {
			g.Alternatives = append(g.Alternatives, model.Alternative{
				Text:   fmt.Sprintf("What is said to be %s's is %s's, as %s says.", a.Entity, l.Entity, l.Source),
				WhyNot: fmt.Sprintf("two labels conflict, with confidence %s against %s; the former's is lowered for it.", l.Confidence.Short(), a.Label.Confidence.Short())})
		}
		if a.Omitted > 0 {
			g.Unseen = append(g.Unseen, fmt.Sprintf("%d more entities that labels name for %s's addresses: not listed.", a.Omitted, a.Entity))
		}
	}
}

// whyNot says why an actor whose inputs are among those spent is not named.
func (r *payer) whyNot(entity string) string {
	var h *trail.Holding
	for i := range r.Holdings {
		if model.SameEntity(r.Holdings[i].Trail.Entity, entity) {
			h = &r.Holdings[i]
		}
	}
	switch {
	case h != nil && r.Claim.Stated > 0:
		return "the name is merely stated, and may be another of the one who is named."
	case h == nil:
		return "they are dust, which anybody may send to anybody."
	case r.Payers.Several != "" && (!r.Payers.Payjoin || h.Value >= r.paid):
		return fmt.Sprintf("several parties may have signed the transaction (%s), so which of them paid this output is not known.", r.Payers.Several)
	case h.Unvalued > 0 || r.Search.Unvalued > 0:
		return "values of inputs are not known, and others' are among them."
	case h.Value >= r.paid && r.Claim.Trail == nil:
		return "another actor's inputs come to the amount as well, so which of them paid is not known."
	}
	return fmt.Sprintf("they come to %s BTC of %s BTC that is spent; %s BTC was paid to services, and that the inputs were spent together is no proof of one holder here.", h.Value, r.Value, r.paid)
}

// key reports whether a label says that its entity holds a key.
func key(l *model.Label) bool {
	return l.Role == model.RoleKey || l.Method == model.MethodSeizedKey || l.Method == model.MethodTestPayment || l.Method == model.MethodDisclosed
}

// cover states whether the payer's inputs come to what was paid.
func (f *found) cover(g *model.Finding) {
	d, r := f.d, f.r
	c := &r.Claim
	if c.Inputs == 0 || c.Inputs == r.Counted && c.Traced+c.Stated == 0 {
		return
	}
	var answer string
	switch {
	case r.Claim.Jointly:
		answer = "unknown: values of inputs are not known, and some inputs are the payer's only by being signed for together with his, in this transaction."
	case r.Claim.Unvalued:
		answer = "unknown: values of inputs are not known. Every input of known owner is the payer's."
	case d.Partly:
		answer = fmt.Sprintf("no: they come to %s BTC, which is %s of what is spent; %s BTC was paid.", d.AtMost, r.Claim.Share, r.paid)
	default:
		answer = fmt.Sprintf("yes: they come to %s BTC; %s BTC was paid.", c.Value, r.paid)
	}
	if n := r.Claim.Traced; n > 0 {
		answer += fmt.Sprintf(" Of them %s by a trail of coins, not by the owner.", words.Plural(n, "input"))
	}
	if n := c.Stated; n > 0 {
		answer += fmt.Sprintf(" Of them %s of somebody who is stated to be under investigation under another name.", words.Plural(n, "input"))
	}
	g.Premises = append(g.Premises, model.Premise{
		Text: fmt.Sprintf("What %s controls of the inputs paid.", d.Payer.Entity), Question: "Do the payer's inputs, apart from what this transaction joins, come to what was paid?", Answer: answer})
	if !d.Partly {
		g.Alternatives = append(g.Alternatives, model.Alternative{
			Text: "The other inputs are somebody else's, who paid.", WhyNot: "the payer's inputs suffice for the payment; a ledger does not say which coin pays for which output."})
		return
	}
	g.Alternatives = append(g.Alternatives, model.Alternative{
		Text: "The other inputs are somebody else's, who paid a part or all of it.", WhyNot: "the payer's are the greater part, and nothing but that speaks for one holder."})
}
