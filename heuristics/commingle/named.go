package commingle

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// party is what labels give to one actor among the coins of a finding.
type party struct {
	key   string // of the name, as names are compared
	value model.Amount
	sure  model.Probability // the most
	fits  bool
}

// settle decides what the claim names, and adds up: coins of one actor alone, and
// of both classes none that the claim can do without and that would make it less
// sure. What it leaves out becomes Other, and says why. It reports false where
// there is not enough of any one actor, or the sums do not fit.
func (c *Commingling) settle(p *Params) bool {
	if !c.sum() {
		return false
	}
	whole, ok := model.Sum(c.Mined, c.Own, c.Other)
	if !ok {
		return false
	}
	if !c.oneActor(p, whole) {
		return false
	}
	c.thin(p, whole, func(coin *Coin) bool { return coin.Class == Mined }, func(coin *Coin) model.Probability { return coin.Mining },
		"mined, but of a payout that is less sure")
	c.thin(p, whole, c.actors, func(coin *Coin) model.Probability { _, p := coin.attribution(); return p },
		"the actor's, but less surely")
	return c.sum()
}

// oneActor leaves the coins of the most probable actor of whom there are enough
// on the actor's side. Another with enough is kept as a rival.
func (c *Commingling) oneActor(p *Params, whole model.Amount) bool {
	at := map[string]int{}
	var parties []party
	for i := range c.Coins {
		coin := &c.Coins[i]
		if !c.actors(coin) {
			continue
		}
		a, sure := coin.attribution()
		key := model.EntityKey(a.Entity)
		n, ok := at[key]
		if !ok {
			n = len(parties)
			at[key] = n
			parties = append(parties, party{key: key, fits: true})
		}
		y := &parties[n]
		y.sure = max(y.sure, sure)
		if sum, fits := y.value.Add(coin.Value); fits {
			y.value = sum
		} else {
			y.fits = false
		}
	}
	if len(parties) < 2 {
		return true
	}
	slices.SortStableFunc(parties, func(a, b party) int {
		return cmp.Or(-cmp.Compare(a.sure, b.sure), -cmp.Compare(a.value, b.value), cmp.Compare(a.key, b.key))
	})
	lead := slices.IndexFunc(parties, func(y party) bool { return y.fits && p.enough(y.value, whole) })
	if lead < 0 {
		return false
	}
	rival := map[string]bool{}
	for _, y := range parties {
		rival[y.key] = y.key != parties[lead].key && p.enough(y.value, whole)
	}
	for i := range c.Coins {
		coin := &c.Coins[i]
		if !c.actors(coin) {
			continue
		}
		a, sure := coin.attribution()
		key := model.EntityKey(a.Entity)
		if key == parties[lead].key {
			continue
		}
		if rival[key] {
			c.rivals = append(c.rivals, *coin)
		}
		coin.Left = "attributed to " + words.Line(a.Entity) + ", confidence " + sure.Short() + ": another actor's, not counted as attributed"
		coin.Class = Other
	}
	return true
}

// thin leaves out the less sure coins of a class where what is left is material,
// and they are not, or are less likely of the class than not.
func (c *Commingling) thin(p *Params, whole model.Amount, in func(*Coin) bool, sure func(*Coin) model.Probability, why string) {
	type level struct {
		sure  model.Probability
		value model.Amount
	}
	at := map[model.Probability]int{}
	var levels []level
	for i := range c.Coins {
		if coin := &c.Coins[i]; in(coin) {
			n, ok := at[sure(coin)]
			if !ok {
				n = len(levels)
				at[sure(coin)] = n
				levels = append(levels, level{sure: sure(coin)})
			}
			// The whole fits, so its parts do.
			levels[n].value, _ = levels[n].value.Add(coin.Value)
		}
	}
	slices.SortFunc(levels, func(a, b level) int { return cmp.Compare(b.sure, a.sure) })
	// From the surest on; the least sure that is material, or is needed for the
	// class to be so, is the last that counts.
	var sum model.Amount
	last := -1
	for i, l := range levels {
		needed := !p.enough(sum, whole)
		sum, _ = sum.Add(l.value)
		if needed || l.sure >= model.Certain/2 && p.enough(l.value, whole) {
			last = i
		}
	}
	if last < 0 {
		return
	}
	for i := range c.Coins {
		if coin := &c.Coins[i]; in(coin) && sure(coin) < levels[last].sure {
			coin.Class, coin.Left = Other, why+": not needed, not counted"
		}
	}
}

// enough reports whether an amount is material in a whole.
func (p *Params) enough(part, whole model.Amount) bool {
	share, ok := part.Share(int64(model.Certain), int64(whole))
	return part >= p.MinSat && ok && model.Probability(share) >= p.MinShare
}

// maxStated bounds the statements about single addresses in a finding.
const maxStated = 16

// attributed states apart from the claim, which is about keys, whose the addresses
// are by label and what paid them, each with its own number.
func (c *Commingling) attributed(f *model.Finding) {
	f.Facts = append(f.Facts, model.Fact{Name: "the probability is", Value: "that one party holds the keys; whose addresses they are, and what paid them, are statements of their own, with their own numbers"})
	seen := map[string]bool{}
	told := map[Class]int{}
	for i := range c.Coins {
		coin := &c.Coins[i]
		at := "an address that is not known"
		if !coin.Address.IsZero() {
			at = coin.Address.String()
		}
		text := ""
		switch coin.Class {
		case Own:
			text = fmt.Sprintf("%s is %s's: %s by label", at, words.Line(coin.Actor.Entity), coin.Actor.Confidence.Short())
		case Mined:
			text = fmt.Sprintf("%s was paid by mining, by %s: %s", at, pool(coin.Pool), coin.Mining.Short())
			if coin.Actor.Entity != "" {
				text += fmt.Sprintf("; it is %s's too: %s by label", words.Line(coin.Actor.Entity), coin.Actor.Confidence.Short())
			}
		default:
			continue
		}
		if seen[text] {
			continue
		}
		seen[text] = true
		if told[coin.Class]++; told[coin.Class] <= maxStated {
			f.Facts = append(f.Facts, model.Fact{Name: coin.Class.String(), Value: text})
		}
	}
	for class := Mined; class <= Own; class++ {
		if n := told[class]; n > maxStated {
			f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d statements about addresses of the class %q are not listed here.", n-maxStated, n, class))
		}
	}
	f.Premises = append(f.Premises, model.Premise{Text: "The attributed coins are the actor's own.", Question: "Did the actor hold them, or only pay them?", Answer: c.held()})
}

// keyLabel reports whether a label says that the party holds the key.
func keyLabel(l *model.Label) bool {
	switch l.Method {
	case model.MethodSeizedKey, model.MethodTestPayment, model.MethodDisclosed:
		return true
	}
	return l.Role == model.RoleKey
}

// held answers whether the actor held the attributed coins.
func (c *Commingling) held() string {
	unsaid, n := map[model.Address]bool{}, map[model.Address]bool{}
	for i := range c.Coins {
		if coin := &c.Coins[i]; coin.Class == Own {
			n[coin.Address] = true
			if !keyLabel(&coin.Actor.Label) {
				unsaid[coin.Address] = true
			}
		}
	}
	switch {
	case len(unsaid) == 0:
		return "held: they lie at an address whose key the label gives to the actor, and they did not merely come from one."
	case len(unsaid) < len(n):
		return fmt.Sprintf("unknown for %d of %d addresses: the label does not say whether it is a key or an account; held for the others, whose keys the label gives to the actor.", len(unsaid), len(n))
	}
	return "unknown: the label does not say whether it is a key or an account."
}

// complete adds what every kind of finding tells of the payouts, of labels that
// disagree, and of labels too weak to prevent it.
func (c *Commingling) complete(f *model.Finding) {
	least, how := model.Certain, ""
	unsaid := false
	for i := range c.Coins {
		coin := &c.Coins[i]
		if coin.Class == Mined && coin.Payout != nil && (how == "" || coin.Mining < least) {
			least, how = coin.Mining, words.Line(coin.Payout.String())
			if via := coin.Payout.Payer.Via; via != "" {
				how += ", whose payer is known by the " + via
			}
		}
		unsaid = unsaid || coin.Class == Own && !keyLabel(&coin.Actor.Label)
	}
	if how != "" {
		f.Premises = append(f.Premises, model.Premise{Text: "The coins of the class mined were mined, and what paid them was a payout.", Question: "Were the coins mined, and was this a payout?",
			Answer: fmt.Sprintf("not known for certain: probability %s where it is least sure, as %s.", least.Short(), how)})
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "What paid the coins of the class mined was no payout: another fan-out of the same payer, or a payment for something else than mining.",
			WhyNot: fmt.Sprintf("a payout is recognised by its payer, its shape and its coins, with probability %s.", least.Short())})
		f.RefutedBy = append(f.RefutedBy, "The pool's record that it made no such payout, or paid for something else than mining.")
	}
	if unsaid {
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "The attributed address is the actor's account at a custodian, who holds the key.", WhyNot: "the label does not say whether it is a key or an account."})
	}
	use := labels{f: f}
	seen := map[string]bool{}
	say := func(text, why string) {
		if !seen[text] && len(seen) < maxStated {
			seen[text] = true
			f.Alternatives = append(f.Alternatives, model.Alternative{Text: text, WhyNot: why})
		}
	}
	for i := range c.rivals {
		coin := &c.rivals[i]
		a, sure := coin.attribution()
		use.add(a.Label)
		say(fmt.Sprintf("Two parties signed: %s is %s's by a label with confidence %s.", coin.Address, words.Line(a.Entity), sure.Short()),
			"labels name two actors among the coins; the score rests on the least sure of them.")
	}
	for i := range c.Coins {
		coin := &c.Coins[i]
		a, _ := coin.attribution()
		if a == nil && coin.Class == Mined && coin.Actor.Entity != "" {
			a = &coin.Actor
			use.add(a.Label)
		}
		if a == nil {
			continue
		}
		for j := range a.Others {
			o := &a.Others[j]
			use.add(*o)
			say(fmt.Sprintf("%s is %s's and not %s's, by a label with confidence %s.", o.On, words.Line(o.Entity), words.Line(a.Entity), o.Confidence.Short()),
				"labels disagree; the confidence of the first is reduced for it.")
		}
		if a.Omitted > 0 {
			say(fmt.Sprintf("One of %d more names that labels give to %s is right.", a.Omitted, a.Label.On), "labels disagree; the confidence of the first is reduced for it.")
		}
	}
	for i := range c.doubts {
		l := &c.doubts[i]
		use.add(*l)
		what := "a custodian's"
		if l.Role == model.RoleAccount {
			what = "an account's"
		}
		f.Counter = append(f.Counter, model.Counter{Found: true, Text: fmt.Sprintf("a label with less than even confidence, %s, that %s is %s: %s", l.Confidence.Short(), l.On, what, words.Line(l.Entity))})
	}
}

// labels adds labels to a finding, each once and few in all.
type labels struct {
	f *model.Finding
	n int
}

func (u *labels) add(l model.Label) {
	if u.n < 4*maxLabels && !l.On.IsZero() && !slices.ContainsFunc(u.f.Labels, l.Equal) {
		u.n++
		u.f.Labels = append(u.f.Labels, l)
	}
}
