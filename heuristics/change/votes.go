package change

import (
	"slices"

	"github.com/goldwash/goldwash/model"
)

// Vote is what one rule says of a transaction.
type Vote struct {
	Rule Rule
	// Out is the output that the rule names as change, or -1 where it
	// abstains.
	Out int
	// Why is the reason for which it abstains.
	Why string
}

// Abstains reports whether the rule names no output.
func (v Vote) Abstains() bool { return v.Out < 0 }

// Prediction is the outcome of the vote on one transaction.
type Prediction struct {
	Tx    model.TxID
	Block model.BlockRef
	// Votes are those of every rule, by rule.
	Votes [Count]Vote
	// Out is the output that is taken for change, -1 for none; then Why says
	// for what reason.
	Out int
	Why string
	// Self is true where the change goes back to the address of an input: no
	// prediction but a fact, which links no address.
	Self bool
	// First is the output with the most votes, -1 where all rules abstained,
	// For how many it has, and Lead by how many it leads over the next.
	First, For, Lead int
}

// Accepted reports whether an output is taken for change.
func (p *Prediction) Accepted() bool { return p.Out >= 0 }

// Reasons for which rules abstain.
const (
	whyCoinbase   = "a coinbase has no payer"
	whyOne        = "fewer than two outputs can be spent"
	whySelf       = "an output goes back to the address of an input"
	whyOwner      = "the owner of an input is unknown"
	whyValue      = "the value of an input is unknown"
	whyFee        = "the fee is unknown, or below zero"
	whyFresh      = "it is unknown whether the script of an output appeared before"
	whyTwo        = "there are not exactly two outputs"
	whyTen        = "there are not two to ten outputs"
	whyNone       = "no output remains"
	whyMore       = "more than one output remains"
	whyForms      = "the inputs have several forms of script"
	whyUnspent    = "an output is unspent: nothing can be compared before all are spent"
	whySpender    = "the spender of an output is unknown"
	whyUnlock     = "what unlocks the inputs was not told"
	whyPeel       = "it does not have one input and two outputs"
	whyCluster    = "no clustering was consulted"
	whyCollab     = "several parties may have signed, by its signatures or its shape"
	whySelfNone   = "no output goes back to the address of an input"
	whyNoVotes    = "no rule names an output"
	whyThreshold  = "the lead over the next output is below the threshold"
	whyNoStrong   = "none of the rules that a prediction may rest on names the output"
	whyDifferents = "several outputs go back to addresses of inputs"
)

// caseOf is a transaction with what the rules read of it.
type caseOf struct {
	tx    *model.Tx
	f     *Facts
	print Fingerprint
	outs  []int // those that can be spent
	self  bool  // one goes back to the address of an input
}

// Predict lets every rule vote on a transaction and counts the votes. It reads
// nothing but its arguments, and is safe for concurrent use.
//
// A rule that could not see what it compares abstains: whether an output is change
// follows from what sets it apart from the others, so that where one of them is
// unknown nothing is known.
func Predict(tx *model.Tx, f *Facts, p Params) Prediction {
	r := Prediction{Tx: tx.ID, Block: tx.Block, Out: -1, First: -1}
	var buf [16]int
	c := caseOf{tx: tx, f: f, outs: buf[:0]}
	for i := range tx.Outputs {
		if tx.Outputs[i].Spendable() {
			c.outs = append(c.outs, i)
		}
	}
	for i := range r.Votes {
		r.Votes[i] = Vote{Rule(i), -1, whyNone}
	}
	all := func(why string) {
		for i := range r.Votes {
			if v := &r.Votes[i]; v.Abstains() && v.Rule != SelfChange {
				v.Why = why
			}
		}
		r.Why = why
	}
	if tx.Coinbase() {
		r.Votes[SelfChange].Why = whyCoinbase
		all(whyCoinbase)
		return r
	}
	self, selves := c.selfChange()
	c.self = selves > 0
	switch {
	case selves == 1:
		r.Votes[SelfChange].Out, r.Votes[SelfChange].Why = self, ""
	case selves > 1:
		r.Votes[SelfChange].Why = whyDifferents
	case !c.owned():
		r.Votes[SelfChange].Why = whyOwner
	default:
		r.Votes[SelfChange].Why = whySelfNone
	}
	switch {
	case selves > 0 && !p.Blind:
		all(whySelf)
		r.Why = r.Votes[SelfChange].Why
		if selves == 1 && f.Collaborative == "" {
			r.Out, r.First, r.Self = self, self, true
		}
		if f.Collaborative != "" {
			r.Why = whyCollab
		}
		return r
	case len(c.outs) < 2:
		all(whyOne)
		return r
	}
	c.print = FingerprintOf(tx)
	for i := range r.Votes {
		if v := &r.Votes[i]; v.Rule != SelfChange {
			v.Out, v.Why = c.cast(v.Rule, &p)
		}
	}
	r.count(&p)
	if f.Collaborative != "" {
		r.Out, r.Why = -1, whyCollab
	}
	return r
}

// count finds the output with the most votes, and whether they suffice.
func (r *Prediction) count(p *Params) {
	var n [Count]int // by rule that names an output first: how many name it
	var strong [Count]bool
	best, next := -1, 0
	for i := range r.Votes {
		v := &r.Votes[i]
		if v.Abstains() || v.Rule == SelfChange {
			continue
		}
		first := slices.IndexFunc(r.Votes[:i+1], func(o Vote) bool { return o.Out == v.Out })
		n[first]++
		strong[first] = strong[first] || v.Rule.Strong()
	}
	for i := range n {
		switch {
		case n[i] == 0:
		case best < 0 || n[i] > n[best]:
			if best >= 0 {
				next = max(next, n[best])
			}
			best = i
		default:
			next = max(next, n[i])
		}
	}
	if best < 0 {
		r.Why = whyNoVotes
		return
	}
	r.First, r.For, r.Lead = r.Votes[best].Out, n[best], n[best]-next
	switch {
	case r.Lead < p.Lead:
		r.Why = whyThreshold
	case !strong[best]:
		r.Why = whyNoStrong
	default:
		r.Out = r.First
	}
}

// selfChange returns an output that goes back to the address of an input, and how many
// do. Scripts that anybody may use are nobody's.
func (c *caseOf) selfChange() (out, n int) {
	out = -1
	for _, i := range c.outs {
		o := c.tx.Outputs[i].Owner
		if !o.Ownable() {
			continue
		}
		for j := range c.tx.Inputs {
			if in := &c.tx.Inputs[j]; in.OwnerBy != model.OwnerUnknown && in.Owner == o {
				out, n = i, n+1
				break
			}
		}
	}
	return out, n
}

func (c *caseOf) owned() bool {
	for i := range c.tx.Inputs {
		if c.tx.Inputs[i].OwnerBy == model.OwnerUnknown {
			return false
		}
	}
	return true
}

// only returns the one output for which is holds. unknown is the reason where it
// gives none, which a second one that holds does not need.
func (c *caseOf) only(unknown string, is func(i int) Known) (int, string) {
	out, n, asked := -1, 0, false
	for _, i := range c.outs {
		switch is(i) {
		case Yes:
			out, n = i, n+1
		case Unknown:
			asked = true
		}
	}
	switch {
	case n > 1:
		return -1, whyMore
	case asked:
		return -1, unknown
	case n == 0:
		return -1, whyNone
	}
	return out, ""
}

// cast is the vote of one rule on a transaction of which no output goes back to
// the address of an input and two can be spent.
func (c *caseOf) cast(r Rule, p *Params) (int, string) {
	tx := c.tx
	switch r {
	case Meiklejohn, Shadow:
		if r == Shadow && len(c.outs) != 2 {
			return -1, whyTwo
		}
		if c.self {
			return -1, whySelf
		}
		if !c.owned() {
			return -1, whyOwner
		}
		return c.only(whyFresh, func(i int) Known { return c.f.of(i).Fresh })
	case Optimal, OptimalFee:
		if !tx.Resolved() {
			return -1, whyValue
		}
		least := c.least()
		var fee model.Amount
		if r == OptimalFee {
			var ok bool
			if fee, ok = tx.Fee(); !ok {
				return -1, whyFee
			}
		}
		return c.only("", func(i int) Known {
			v := tx.Outputs[i].Value
			return known(v < least && v < least-fee)
		})
	case AddressType:
		kind, why := c.kind()
		if why != "" {
			return -1, why
		}
		return c.only("", func(i int) Known { return known(tx.Outputs[i].Owner.Kind() == kind) })
	case Power2, Power3, Power4, Power5, Power6, Power7:
		ten := [...]model.Amount{100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000}[r-Power2]
		return c.only("", func(i int) Known { return known(tx.Outputs[i].Value%ten != 0) })
	case Version:
		return c.spender(0, func(o *Fingerprint) bool { return o.Version == c.print.Version })
	case LockTime:
		return c.trait(0, LockTimed)
	case Replace:
		return c.trait(0, Replaceable)
	case SegWit:
		return c.trait(KnownUnlock, Witnessed)
	case Ordered:
		return c.trait(0, Sorted)
	case InOut:
		return c.spender(0, func(o *Fingerprint) bool { return o.Ins == c.print.Ins && o.Outs == c.print.Outs })
	case Multisig:
		return c.spender(KnownUnlock, func(o *Fingerprint) bool { return o.Multisig == c.print.Multisig })
	case Peeling:
		if !c.print.peels() || len(c.outs) != 2 {
			return -1, whyPeel
		}
		return c.spender(0, func(o *Fingerprint) bool { return o.peels() })
	case OneTime:
		return c.oneTime()
	case Clustered:
		return c.only(whyCluster, func(i int) Known { return c.f.of(i).Clustered })
	case PeelChain:
		return c.peelChain(p.PeelHops)
	}
	return -1, whyNone
}

// least returns the least input value.
func (c *caseOf) least() model.Amount {
	least := c.tx.Inputs[0].Value
	for i := range c.tx.Inputs {
		least = min(least, c.tx.Inputs[i].Value)
	}
	return least
}

// kind returns the form of script that all inputs have.
func (c *caseOf) kind() (model.ScriptKind, string) {
	if !c.owned() {
		return 0, whyOwner
	}
	k := c.tx.Inputs[0].Owner.Kind()
	for i := range c.tx.Inputs {
		if c.tx.Inputs[i].Owner.Kind() != k {
			return 0, whyForms
		}
	}
	return k, ""
}

func (c *caseOf) trait(needs, t Traits) (int, string) {
	return c.spender(needs, func(o *Fingerprint) bool { return o.Traits&t == c.print.Traits&t })
}

// spender returns the one output whose spender is like the transaction. Where one
// of them is not spent yet it may still turn out to be so.
func (c *caseOf) spender(needs Traits, like func(*Fingerprint) bool) (int, string) {
	if c.print.Traits&needs != needs {
		return -1, whyUnlock
	}
	why := ""
	for _, i := range c.outs {
		switch o := c.f.of(i); {
		case o.Spend == model.Unspent:
			why = whyUnspent
		case o.Spend != model.Spent || !o.Read:
			return -1, whySpender
		case o.By.Traits&needs != needs:
			return -1, whyUnlock
		}
	}
	if why != "" {
		return -1, why
	}
	return c.only("", func(i int) Known {
		by := c.f.of(i).By
		return known(like(&by))
	})
}

func (c *caseOf) oneTime() (int, string) {
	if c.f.Collaborative != "" {
		return -1, whyCollab
	}
	if c.self {
		return -1, whySelf
	}
	if len(c.outs) > 10 {
		return -1, whyTen
	}
	kind, why := c.kind()
	if why != "" {
		return -1, why
	}
	if !c.tx.Resolved() {
		return -1, whyValue
	}
	least := c.least()
	return c.only(whyFresh+", or is paid again", func(i int) Known {
		o := &c.tx.Outputs[i]
		if o.Owner.Kind() != kind || o.Value%1_000 == 0 || o.Value >= least {
			return No
		}
		for _, j := range c.outs {
			if j != i && c.tx.Outputs[j].Owner == o.Owner {
				return No
			}
		}
		switch f := c.f.of(i); {
		case f.Fresh == No || f.Reused == Yes:
			return No
		case f.Fresh == Unknown || f.Reused == Unknown:
			return Unknown
		}
		return Yes
	})
}

// peelChain returns the one output from which the chain goes on for some hops,
// where the spenders of all others are known and of another kind.
func (c *caseOf) peelChain(least int) (int, string) {
	for _, i := range c.outs {
		switch o := c.f.of(i); {
		case o.Spend == model.Unspent:
			return -1, whyUnspent
		case !o.HopsKnown:
			return -1, whySpender
		}
	}
	out, why := c.only("", func(i int) Known { return known(c.f.of(i).Hops > 0) })
	if out >= 0 && c.f.of(out).Hops < least {
		return -1, "the chain ends, or forks, before that many hops"
	}
	return out, why
}
