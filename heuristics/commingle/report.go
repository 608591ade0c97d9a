package commingle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// priors say what the prior is a probability of.
var priors = map[string]string{
	Kind:         "the keys of two classes of coins that one ordinary transaction spends having one holder",
	KindCluster:  "the keys of two classes of coins that one cluster of addresses spends having one holder",
	KindReceived: "whoever spends mined coins and coins from the actor together being the actor",
	KindReceipt:  "two classes of coins that one address received having one owner",
	KindFlow:     "two classes of coins that reached one address having one owner",
	KindService:  "two classes of coins that one service received having one owner",
}

var evidenceTexts = map[string]string{
	Kind:         "One transaction signs for mined and for attributed coins.",
	KindCluster:  "Transactions of one cluster sign for mined coins, and others for attributed ones.",
	KindReceived: "One transaction signs for mined coins and for coins that came from the actor.",
	KindReceipt:  "One address received mined coins and coins that came from the actor.",
	KindFlow:     "One address received mined coins that their receiver sent there, and coins that came from the actor.",
	KindService:  "One service received mined coins and coins that came from the actor.",
}

// levels of the heuristics reference.
var levels = map[string]string{Kind: "C1", KindCluster: "C2", KindReceipt: "C3", KindFlow: "C4", KindService: "C5", KindReceived: "none: receiving is not controlling"}

// start makes a finding with what all kinds have: amounts, score, evidence,
// labels, and no claim.
func (r *rule) start(ctx context.Context, pass *heuristics.Pass, c *Commingling, on model.Ref, at model.BlockRef) (model.Finding, error) {
	f := model.Finding{Kind: c.Kind, Subject: on, Block: at}
	side := "attributed"
	if c.Kind != Kind && c.Kind != KindCluster {
		side = "from the actor"
	}
	for _, s := range [...]struct {
		role string
		sat  model.Amount
	}{{"mined", c.Mined}, {side, c.Own}, {"other", c.Other}} {
		m, err := pass.Money(ctx, s.sat, at)
		if err != nil {
			return f, err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: s.role, Money: m})
	}
	items, err := r.items(ctx, pass, &f, c)
	if err != nil {
		return f, err
	}
	given, discounted := r.weightOf(c.Kind, c.Confidence)
	f.Evidence = []model.Evidence{{Family: "ownership", Text: evidenceTexts[c.Kind], Weight: given, Discounted: discounted, Items: items}}
	if err := r.way(ctx, pass, &f, c); err != nil {
		return f, err
	}
	most, why := model.Probability(0), ""
	switch c.Kind {
	case Kind:
		if unseenBehaviour(pass, c) > 0 {
			most, why = r.Untested, "whether the addresses' clusters behave like a service was not tested"
		}
		if slices.ContainsFunc(c.Coins, func(coin Coin) bool { return coin.Address.IsZero() }) && (most == 0 || r.Unowned < most) {
			most, why = r.Unowned, "the owner of an input is unknown, so that it is not known whether a custodian or another party signs"
		}
	case KindReceived:
		most, why = r.ReceivedCap, "receiving is not controlling"
	case KindReceipt:
		most, why = r.Possible, "nobody signed for the coins, and anyone can have an address paid"
	case KindFlow:
		most, why = r.Possible, "two parties can pay one address"
	case KindService:
		most, why = r.Possible, "a service holds coins for many customers"
	}
	f.Score = model.Combine(r.Prior, priors[c.Kind], f.Evidence, most, why)
	whole := c.Mined + c.Own + c.Other
	f.Facts = []model.Fact{
		{Name: "level", Value: levels[c.Kind]},
		{Name: "mined share", Value: c.bound(0) + share(c.Mined, whole)},
		{Name: side + " share", Value: c.bound(1) + share(c.Own, whole)},
		{Name: "other share", Value: c.bound(2) + share(c.Other, whole)},
		{Name: "balance", Value: c.Balance().String()},
	}
	for i := range f.Facts {
		// The bound is before a number that says nothing, or it is not.
		if strings.HasPrefix(f.Facts[i].Value, unknown) || f.Facts[i].Name == "balance" && c.unvalued[0]+c.unvalued[1] > 0 {
			f.Facts[i].Value = unknown
		}
	}
	if n := c.count(Dust); n > 0 {
		what := "dust inputs"
		if c.Tx == (model.TxID{}) {
			what = "dust coins"
		}
		f.Facts = append(f.Facts, model.Fact{Name: "dust", Value: fmt.Sprintf("includes %d %s, ignored", n, what)})
	}
	labelsUsed(&f, c)
	related := map[model.Ref]bool{}
	for i := range c.Coins {
		coin := &c.Coins[i]
		if coin.Class != Mined && coin.Class != Own && coin.Class != Received || coin.Address.IsZero() {
			continue
		}
		if c.Kind == KindService && coin.Class == Mined {
			continue // other customers of the service are nobody's business here
		}
		if r := model.RefAddress(coin.Address); r != on && !related[r] {
			related[r] = true
			f.Related = append(f.Related, r)
		}
	}
	if c.Tx == (model.TxID{}) {
		f.Facts = append(f.Facts, model.Fact{Name: "valued", Value: "as of the last of the coins"})
	}
	f.ErrorRates = []model.ErrorRate{model.NotMeasured("findings of kind " + c.Kind)}
	f.Unseen = append(f.Unseen, "Who the party is: the label names it, the ledger does not.")
	return f, nil
}

// unseenBehaviour counts the coins at addresses that the scope does not hold.
func unseenBehaviour(pass *heuristics.Pass, c *Commingling) int {
	var as []model.Address
	for i := range c.Coins {
		as = append(as, c.Coins[i].Address)
	}
	return untested(cluster.Of(pass), as)
}

// items lists the coins with their class.
func (r *rule) items(ctx context.Context, pass *heuristics.Pass, f *model.Finding, c *Commingling) ([]model.Item, error) {
	var items []model.Item
	listed := map[Class]int{}
	for i := range c.Coins {
		coin := &c.Coins[i]
		listed[coin.Class]++
		if c.Kind != Kind && listed[coin.Class] > r.MaxParts {
			continue
		}
		it := model.Item{On: model.RefOutpoint(coin.Source), Role: coin.Class.String(), Address: coin.Address, Block: coin.Block}
		verb := "paid by"
		if coin.Vin >= 0 && c.Kind != KindService {
			it.On = model.RefInpoint(model.Inpoint{Tx: coin.By, Vin: uint32(coin.Vin)})
			verb = fmt.Sprintf("spends %s, paid by", coin.Source)
		}
		if coin.Known {
			m, err := pass.Money(ctx, coin.Value, coin.Block)
			if err != nil {
				return nil, err
			}
			it.Value = &m
		}
		switch coin.Class {
		case Mined:
			it.Note = fmt.Sprintf("%s %s, probability %s", verb, pool(coin.Pool), coin.Mining.Short())
			if w := coin.Flow; w != nil {
				it.Note = fmt.Sprintf("paid by transactions, %d on the way, that spend what was paid by %s: %s of it mined, probability %s", w.Hops, pool(coin.Pool), w.Share.Short(), coin.Mining.Short())
			}
			if coin.Actor.Entity != "" {
				it.Note += fmt.Sprintf("; %s's address by label, confidence %s", words.Line(coin.Actor.Entity), coin.Actor.Confidence.Short())
			}
		case Own:
			it.Note = fmt.Sprintf("spends %s; %s by label, confidence %s", coin.Source, words.Line(coin.Actor.Entity), coin.Actor.Confidence.Short())
		case Received:
			it.Note = fmt.Sprintf("%s %s through %d addresses in between, confidence %s", verb, words.Line(coin.Trail.Entity), coin.Trail.Hops, coin.Trail.Confidence.Short())
			switch part, ok := coin.Trail.Share.Fraction(); {
			case !ok:
				it.Note += "; what share of the payment is the actor's is not known"
			case part < model.Certain:
				it.Note += fmt.Sprintf("; of the coins that paid it %s are the actor's, it counts in full", part.Short())
			}
		case Dust:
			it.Note = "dust, ignored"
			if !coin.Alike.IsZero() {
				it.Note = "dust; its payer is a " + lookAlike(coin.Alike)
			}
		}
		if coin.Left != "" {
			it.Note = coin.Left
		}
		items = append(items, it)
	}
	for class := Mined; class <= Received; class++ {
		if n := listed[class]; c.Kind != Kind && n > r.MaxParts {
			f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d coins of the class %q are not listed here; they count in the sums.", n-r.MaxParts, n, class))
		}
	}
	return items, nil
}

// way lists the addresses that coins from an actor passed through.
func (r *rule) way(ctx context.Context, pass *heuristics.Pass, f *model.Finding, c *Commingling) error {
	e := model.Evidence{Family: "provenance", Text: "The way of the coins from the actor's own wallet."}
	seen := map[model.Ref]bool{}
	add := func(it model.Item) {
		if !seen[it.On] && len(e.Items) < r.MaxParts {
			seen[it.On] = true
			e.Items = append(e.Items, it)
		}
	}
	for i := range c.Coins {
		t := c.Coins[i].Trail
		if t == nil || c.Coins[i].Class != Received {
			continue
		}
		add(model.Item{On: model.RefTx(t.Start), Role: "start", Note: fmt.Sprintf("spends from %s's own wallet, by %s", words.Line(t.Attribution.Entity), t.Attribution.Via)})
		for j := range t.Steps {
			s := &t.Steps[j]
			it := model.Item{On: model.RefOutpoint(s.Coin), Role: "step", Address: s.Address, Block: s.Spent, Note: fmt.Sprintf("spent by %s", s.By)}
			if s.Timed {
				it.Note += fmt.Sprintf(", after %d days", s.Days())
			}
			if len(s.Unknown) > 0 {
				it.Note += "; not tested: " + strings.Join(s.Unknown, "; ")
				unseen := fmt.Sprintf("On the way of the coins from the actor, at %s: %s.", s.Address, strings.Join(s.Unknown, "; "))
				if len(f.Unseen) < r.MaxParts && !slices.Contains(f.Unseen, unseen) {
					f.Unseen = append(f.Unseen, unseen)
				}
			}
			if s.Valued {
				m, err := pass.Money(ctx, s.Value, s.Spent)
				if err != nil {
					return err
				}
				it.Value = &m
			}
			add(it)
		}
	}
	if len(e.Items) > 0 {
		f.Evidence = append(f.Evidence, e)
	}
	return nil
}

// maxLabels bounds the labels of pools that a finding lists.
const maxLabels = 16

// labelsUsed lists the labels of the actors and of the pools.
func labelsUsed(f *model.Finding, c *Commingling) {
	add := func(l model.Label) {
		if !l.On.IsZero() && !slices.ContainsFunc(f.Labels, l.Equal) {
			f.Labels = append(f.Labels, l)
		}
	}
	did := map[model.Ref]bool{}
	paid := map[*payout.Candidacy]bool{}
	for i := range c.Coins {
		if c.Coins[i].Class == Own || c.Coins[i].Class == Received {
			if a, _ := c.Coins[i].attribution(); a != nil && !did[a.Label.On] {
				did[a.Label.On] = true
				add(a.Label)
			}
		}
	}
	actors := len(f.Labels)
	for i := range c.Coins {
		if c.Coins[i].Class != Mined || c.Coins[i].Payout == nil || paid[c.Coins[i].Payout] {
			continue
		}
		paid[c.Coins[i].Payout] = true
		for _, l := range c.Coins[i].Payout.Payer.Labels {
			if len(f.Labels) < actors+maxLabels {
				add(l)
			}
		}
	}
}

func pool(entity string) string {
	if entity == "" {
		return "a pool of unknown name"
	}
	return words.Line(entity)
}

// maxNamed bounds the names and addresses of each sort in a claim.
const maxNamed = 8

// list joins names: "A", "A and B". Of very many it tells the number left.
func list(names []string) string {
	if n := len(names); n > maxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], " and "), n-maxNamed)
	}
	return strings.Join(names, " and ")
}

// names lists the actors, the pools, and the addresses that received mined coins
// and the actor's, each once, in the order of the coins.
func names(c *Commingling) (actors, pools, mined, paid []string) {
	type named struct {
		in *[]string
		s  string
	}
	seen := map[named]bool{}
	add := func(to *[]string, s string) {
		if n := (named{to, s}); !seen[n] {
			seen[n] = true
			*to = append(*to, s)
		}
	}
	for i := range c.Coins {
		switch coin := &c.Coins[i]; coin.Class {
		case Mined:
			add(&pools, pool(coin.Pool))
			if !coin.Address.IsZero() {
				add(&mined, coin.Address.String())
			}
		case Own, Received:
			if coin.Class == Received && c.Kind == Kind {
				continue
			}
			if a, _ := coin.attribution(); a != nil {
				add(&actors, words.Line(a.Entity))
			}
			add(&paid, coin.Address.String())
		}
	}
	if len(mined) == 0 {
		mined = []string{"an address that is not known"}
	}
	return actors, pools, mined, paid
}

const unknown = "unknown"

// bound says in which direction the share of a side is a bound, as coins are of
// unknown value: those of the side itself make its share greater, the others less.
func (c *Commingling) bound(side int) string {
	mine, all := c.unvalued[side], c.unvalued[0]+c.unvalued[1]+c.unvalued[2]
	switch {
	case all == 0:
		return ""
	case mine == 0:
		return "at most "
	case mine == all:
		return "at least "
	}
	return unknown
}

// share writes part/whole with four decimals.
func share(part, whole model.Amount) string {
	v, ok := part.Share(10_000, int64(whole))
	if r, _ := part.Share(20_000, int64(whole)); r%2 == 1 {
		v++ // to the nearest
	}
	if !ok {
		return "unknown"
	}
	return fmt.Sprintf("%d.%04d", v/10_000, v%10_000)
}
