package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// Against returns the answer to what a customer states more. What the ledger shows
// stays the same, and so does the probability.
func (a *Answer) Against(c Claim) Answer {
	b := *a
	b.judge(c)
	return b
}

// judge sets the reasons and the verdict.
func (a *Answer) judge(c Claim) {
	a.Reasons = []Reason{
		a.origin(), a.payouts(), a.series(), a.hashRate(c), a.commingling(), a.mixing(), a.custodian(), a.pool(c), a.since(c),
	}
	a.Verdict = Supports
	for i := range a.Reasons {
		switch r := &a.Reasons[i]; {
		case r.Says == Contradicts:
			a.Verdict = Contradicts
			return
		case r.Blocks:
			a.Verdict = CannotSay
		}
	}
}

func (a *Answer) origin() Reason {
	p, s := &a.params, a.Seen.Fresh
	r := Reason{Name: "origin", family: "provenance", Blocks: true, Text: "Where the coins come from could not be asked."}
	if s == nil {
		return r
	}
	r.Text = fmt.Sprintf("Of the coins %s is known to be newly mined, and of %s it is unknown", fresh.Percent(s.Coinbase), fresh.Percent(s.Unknown))
	var pools []string
	for _, of := range s.Pools {
		name := of.Entity
		if name == "" {
			name = "unknown miners"
		}
		pools = append(pools, name+" "+fresh.Percent(of.Share))
	}
	if len(pools) > 0 {
		r.Text += ": " + strings.Join(pools, ", ")
	}
	r.Text += "."
	switch {
	case fresh.AtLeast(s.Coinbase, p.Mined):
		r.Says, r.Blocks, r.weight, r.trust = Supports, false, p.WeighMined, model.Certain
		if main, ok := s.Main(); ok {
			r.trust = main.Confidence
		}
	case s.Immature == 0 && !fresh.AtLeast(s.Coinbase+s.Unknown, p.Unmined):
		// Out of a service that holds coins for many. Income may be kept there,
		// and a marketplace pays those who sell it hash power; a cloud miner
		// claims to mine.
		r.Text += " They come out of a service, and are not newly mined as they came."
		for i := range a.Seen.Held {
			if l := &a.Seen.Held[i]; l.Category == model.CloudMining && l.Confidence >= p.Trust && !a.Seen.Direct {
				r.Says, r.Blocks, r.weight, r.trust = Contradicts, false, p.WeighUnmined, l.Confidence
				r.labelled = append(r.labelled, *l)
				r.Text = fmt.Sprintf("Given the label, they come from the cloud miner %s, and %s is newly mined: no mining that the ledger shows stands behind them.", l.Entity, fresh.Percent(s.Coinbase))
				break
			}
		}
	}
	return r
}

func (a *Answer) payouts() Reason {
	s := &a.Seen
	r := Reason{Name: "payouts", family: "recognition"}
	addresses := words.Plural(len(s.Addresses), "address")
	switch {
	case s.Several:
		r.Blocks = true
		r.Text = "More than one party may have signed the deposit, so that no address is taken for the depositor's."
		return r
	case len(s.Addresses) == 0:
		r.Blocks = true
		r.Text = "Who signed the deposit is not known, so that no address is taken for the depositor's."
		return r
	case len(s.Receipts) == 0 && !s.Whole:
		// What was not read is not missing.
		r.Blocks = true
		r.Text = fmt.Sprintf("What was paid to %s that are taken for the depositor's could not be read to the end; of %s that were, none is recognised as a pool's payout.", addresses, words.Plural(s.Payments, "payment"))
		return r
	case s.Direct:
		r.Says = Supports
		r.Text = fmt.Sprintf("The output is one of a payout of %s; the address has %s of pools.", pool(s.Main), words.Plural(len(s.Receipts), "payout"))
	case len(s.Receipts) > 0:
		r.Says = Supports
		r.Text = fmt.Sprintf("Of %s to %s that are taken for the depositor's, pools paid by %s.", words.Plural(s.Payments, "payment"), addresses, words.Plural(len(s.Receipts), "output"))
	default:
		r.Blocks, r.weight, r.trust = true, a.params.WeighNone, model.Certain
		r.Text = fmt.Sprintf("Of %s to %s that are taken for the depositor's, none is recognised as a pool's payout.", words.Plural(s.Payments, "payment"), addresses)
	}
	if !s.Whole {
		r.Text += " More may have been paid than was read."
	}
	for i := range s.Receipts {
		if i >= a.params.MaxItems {
			break
		}
		q := &s.Receipts[i]
		r.items = append(r.items, model.Item{On: model.RefOutpoint(q.Out), Role: "payout", Address: q.Address, Block: q.Block, Note: pool(s.Pools[q.Pool])})
	}
	return r
}

func (a *Answer) series() Reason {
	p, s := &a.params, &a.Seen
	r := Reason{Name: "series", family: "repetition", Blocks: true, Text: "There is no series of payouts."}
	if s.Series.Payouts == 0 {
		return r
	}
	if !s.Series.Timed {
		r.Text = "The time of a payout is unknown, and with it how long the series is."
		return r
	}
	long := time.Duration(s.Series.End-s.Series.Start) * time.Second
	r.Text = fmt.Sprintf("%s of %s from %s to %s, over %d days.", words.Plural(s.Series.Payouts, "payout"), pool(s.Main), words.Date(s.Series.Start), words.Date(s.Series.End), int(long/day))
	at, ok := s.Block.Clock()
	late := time.Duration(0)
	if ok {
		late = at.Sub(time.Unix(s.Series.End, 0))
	}
	resident := long >= time.Duration(p.ResidentDays)*day && s.Series.Payouts >= p.ResidentPayouts && ok && late <= p.Gap
	switch {
	case resident && s.Steady < p.Steady:
		r.Text += " They come in runs with pauses between, as those of machines do that are rented anew, which any money can pay for: ask for the invoices, and for what paid them."
	case resident:
		r.Says, r.Blocks, r.weight, r.trust = Supports, false, p.WeighResident, model.Certain
		r.Text += " That is how a resident miner is paid."
	case s.Train.Passed:
		r.weight, r.trust = p.WeighTrain, model.Certain
		r.Text += " That is the shape of rented machines, which any money can pay for: ask for the invoice of the machines or of the rental, and for what paid it."
	case ok && late > p.Gap:
		r.Text += " It ended long before the deposit."
	default:
		r.Text += " That is too short to tell a miner from a renter."
	}
	return r
}

func (a *Answer) hashRate(c Claim) Reason {
	s := &a.Seen
	r := Reason{Name: "hash_rate", Text: fmt.Sprintf("The payouts imply %s.", s.Series.HashRate)}
	if s.Series.HashRate == 0 {
		r.Text = "What hash rate the payouts imply is unknown."
	}
	if c.HashRate == 0 {
		return r
	}
	r.Text += fmt.Sprintf(" Stated is %s.", c.HashRate)
	if a.lucky() {
		r.Text += " The pool pays out of its own blocks, whose number is luck, so that this says little."
		return r
	}
	limit := uint64(c.HashRate) * uint64(a.params.HashFactor)
	switch seen := uint64(s.Series.HashRate); {
	case seen == 0:
	case limit/uint64(max(a.params.HashFactor, 1)) == uint64(c.HashRate) && seen > limit:
		r.Says = Contradicts
		r.Text += fmt.Sprintf(" That is more than %d times as much, and the fees of blocks are not enough to make it up as a rule.", max(a.params.HashFactor, 1))
	case seen >= uint64(c.HashRate)/uint64(max(a.params.HashFactor, 1)):
		r.Says = Supports
	default:
		r.Text += " What the other machines earned was not seen."
	}
	return r
}

// lucky reports whether most payouts of the main pool are in generation
// transactions.
func (a *Answer) lucky() bool {
	s, in, all := &a.Seen, 0, 0
	for i := range s.Receipts {
		if s.Pools[s.Receipts[i].Pool] != s.Main {
			continue
		}
		if all++; s.Receipts[i].Coinbase {
			in++
		}
	}
	return 2*in > all
}

func (a *Answer) commingling() Reason {
	s := &a.Seen
	r := Reason{Name: "commingling", family: "ownership"}
	var names []string
	for i := range s.Actors {
		names = append(names, s.Actors[i].Entity)
		r.labelled = append(r.labelled, s.Actors[i].Label)
	}
	switch {
	case s.Direct && len(s.Actors) > 0:
		r.Blocks = true
		r.Text = fmt.Sprintf("A pool paid it. Given the label, the address is one of %s.", strings.Join(names, ", "))
	case s.Direct:
		r.Text = "A pool paid it: no coins of the depositor's are among what it spends."
	case s.Actor >= a.params.Actor:
		r.Says, r.weight, r.trust = Contradicts, a.params.WeighActor, model.Certain
		for i := range s.Actors {
			r.trust = min(r.trust, s.Actors[i].Confidence)
		}
		r.Text = fmt.Sprintf("Given the label, %s of the coins comes from wallets of %s.", percent(s.Actor), strings.Join(names, ", "))
	case s.Actor > 0:
		r.Blocks = true
		r.Text = fmt.Sprintf("Given the label, %s of the coins comes from wallets of %s.", percent(s.Actor), strings.Join(names, ", "))
	default:
		r.Text = fmt.Sprintf("No coins from an actor's wallet were seen within %s, which means little where few actors are labelled.", words.Plural(a.params.Hops, "transaction"))
	}
	if len(s.Doubted) > 0 {
		r.Blocks = r.Says != Contradicts
		r.Text += fmt.Sprintf(" A label of too little confidence gives a wallet to %s.", s.Doubted[0].Entity)
	}
	if s.ActorUnknown > 0 {
		r.Text += fmt.Sprintf(" Of %s it is unknown.", percent(s.ActorUnknown))
	}
	return r
}

func (a *Answer) mixing() Reason {
	r := Reason{Name: "mixing", family: "mixing", Text: fmt.Sprintf("No CoinJoin and no mixer was seen within %s.", words.Plural(a.params.Hops, "transaction"))}
	if n := len(a.Seen.Mixes); n > 0 {
		r.Blocks, r.weight, r.trust = true, a.params.WeighMix, model.Certain
		r.Text = fmt.Sprintf("The coins came through %s or of a mixer, behind which they cannot be followed.", words.Plural(n, "transaction of a CoinJoin"))
		for i, id := range a.Seen.Mixes {
			if i < a.params.MaxItems {
				r.items = append(r.items, model.Item{On: model.RefTx(id), Role: "mix"})
			}
		}
	}
	return r
}

func (a *Answer) custodian() Reason {
	r := Reason{Name: "custodian", Text: "Nothing shows that they come out of a service that holds coins for many."}
	if a.Seen.Direct {
		r.Text = "A pool paid it."
	}
	if len(a.Seen.Custodians) > 0 {
		r.Blocks = true
		var names []string
		for _, n := range a.Seen.Custodians {
			if n == "" {
				n = "a service that no label names"
			}
			names = append(names, n)
		}
		r.Text = fmt.Sprintf("They come from %s, which holds coins for many: whose they were does not show.", strings.Join(names, ", "))
	}
	return r
}

func (a *Answer) pool(c Claim) Reason {
	s := &a.Seen
	r := Reason{Name: "pool", Text: "No pool is stated."}
	if len(s.Pools) > 0 {
		var names []string
		for _, n := range s.Pools {
			names = append(names, pool(n))
		}
		r.Text = "Paid by " + strings.Join(names, ", ") + "."
	}
	if c.Pool == "" {
		return r
	}
	// Another pool is one that is named with confidence, and nothing else that was
	// paid may be the stated one's.
	named := len(s.Pools) > 0
	for i, n := range s.Pools {
		named = named && n != "" && s.Named[i] >= a.params.Trust
	}
	of := 0
	for i := range s.Receipts {
		if model.SameEntity(s.Pools[s.Receipts[i].Pool], c.Pool) {
			of++
		}
	}
	count := fmt.Sprintf("%d of %s", of, words.Plural(len(s.Receipts), "payout"))
	mined := s.Fresh != nil && slices.ContainsFunc(s.Fresh.Pools, func(q fresh.PoolShare) bool { return model.SameEntity(q.Entity, c.Pool) })
	switch {
	case s.Main != "" && model.SameEntity(s.Main, c.Pool):
		r.Says, r.Text = Supports, fmt.Sprintf("Of %s, as stated, are %s; no pool has more.", s.Main, count)
	case of > 0 || mined:
		r.Blocks, r.Text = true, fmt.Sprintf("Of %s, as stated, are %s; it is not the pool that paid most often.", c.Pool, count)
		if mined {
			r.Text += " Its blocks are among those that the coins descend from."
		}
	case named && s.Whole && (s.Direct || s.Unrecognised == 0):
		r.Says = Contradicts
		r.Text = fmt.Sprintf("Stated is %s. %s None was by %s.", c.Pool, r.Text, c.Pool)
	default:
		r.Blocks = true
		r.Text = fmt.Sprintf("Stated is %s, of which nothing was seen; what was seen does not rule it out.", c.Pool)
	}
	return r
}

func (a *Answer) since(c Claim) Reason {
	s := &a.Seen
	r := Reason{Name: "since", Text: "No payout was seen."}
	first, ok := time.Time{}, false
	if len(s.Receipts) > 0 {
		first, ok = s.Receipts[0].Block.Clock()
		r.Text = "The time of the first payout seen is unknown."
		if ok {
			r.Text = fmt.Sprintf("The first payout seen is of %s.", first.UTC().Format(time.DateOnly))
		}
	}
	if c.Since.IsZero() || !ok {
		return r
	}
	r.Text += fmt.Sprintf(" Stated is %s.", c.Since.UTC().Format(time.DateOnly))
	switch diff := first.Sub(c.Since); {
	case diff < -a.params.Around:
		r.Says = Contradicts
		r.Text += " Payouts began before that."
	case diff <= a.params.Around:
		r.Says = Supports
	default:
		r.Text += " What was earned before that was not seen."
	}
	return r
}

func pool(name string) string {
	if name == "" {
		return "a pool that nothing names"
	}
	return name
}

func percent(p model.Probability) string {
	return fmt.Sprintf("%d.%d %%", p/10_000, p/1_000%10)
}
