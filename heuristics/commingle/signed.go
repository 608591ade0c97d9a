package commingle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// spent writes the finding about a transaction that signs for both classes.
func (r *rule) spent(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) (model.Finding, error) {
	f, err := r.start(ctx, pass, c, model.RefTx(tx.ID), tx.Block)
	if err != nil {
		return f, err
	}
	actors, _, mined, paid := names(c)
	joint := cluster.Of(pass).Payjoin(tx)
	outside, unowned := unseenBehaviour(pass, c), unowned(tx)
	signers(&f, tx, outside, joint)
	if c.Kind == KindReceived {
		at := ""
		if !slices.Equal(mined, paid) {
			at = " at " + list(paid)
		}
		who := "The miner"
		if len(mined) > 1 {
			// Addresses that sign together can be a custodian's customers'.
			who = "Whoever signs for the miners, one or several,"
		}
		f.Claim = fmt.Sprintf("%s paid at %s received money from %s%s and spent both together in transaction %s; receiving is not controlling.",
			who, list(mined), list(actors), at, tx.ID)
		payee(&f, actors)
	} else {
		f.Claim = fmt.Sprintf("One party holds the keys of %s: transaction %s signs for both.", keys(paid, mined), tx.ID)
		c.attributed(&f)
		f.Alternatives = []model.Alternative{
			{Text: "Two parties signed one transaction: a batch service, a swap, a channel funded by both.", WhyNot: "signatures that commit to everything can be two parties'."},
			{Text: "A custodian too small to show in the scope holds both.", WhyNot: "its cluster may be larger than what was scanned."},
		}
		f.RefutedBy = []string{
			"A custodian's or a counterparty's record that it signed for some of the inputs.",
			"Proof that the label on the attributed address is wrong.",
		}
	}
	behaviour := "a custodian's or an account's label, or the behaviour of a service, on the inputs' clusters"
	if outside > 0 {
		behaviour = "a custodian's or an account's label on the inputs' addresses"
	}
	if unowned > 0 {
		behaviour += fmt.Sprintf(", of those %d of %d whose owner is known", len(tx.Inputs)-unowned, len(tx.Inputs))
		f.Unseen = append(f.Unseen, fmt.Sprintf("Who signs for %d of %d inputs: their owner is unknown, so that labels and behaviour were not tested for them.", unowned, len(tx.Inputs)))
	}
	f.Counter = append(f.Counter,
		model.Counter{Text: "signatures that leave part of the transaction to others"},
		model.Counter{Text: "the shape of a coinjoin"})
	if joint.Tested() {
		f.Counter = append(f.Counter, model.Counter{Text: "the shape of a payjoin"})
	} else {
		f.Unseen = append(f.Unseen, "Whether it is a payjoin: not tested, as "+joint.Untested+".")
	}
	f.Counter = append(f.Counter, model.Counter{Text: behaviour + ", of at least even confidence"})
	if n := tx.Unresolved(); n > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The value of %d inputs; they count as nothing in the sums, and shares are bounds.", n))
	}
	return f, nil
}

// unowned counts the inputs whose owner is unknown.
func unowned(tx *model.Tx) int {
	n := 0
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy == model.OwnerUnknown {
			n++
		}
	}
	return n
}

// keys names the addresses of the two sides, or the one side that they are.
func keys(paid, mined []string) string {
	if slices.Equal(paid, mined) {
		return list(paid) + ", where coins of both classes lay"
	}
	return list(paid) + " and of " + list(mined)
}

// signers answers what counsel would ask about the signatures. Of so many inputs
// the scope does not hold the address.
func signers(f *model.Finding, tx *model.Tx, outside int, joint cluster.PayjoinTest) {
	onlyAll, none, unowned := true, 0, unowned(tx)
	for i := range tx.Inputs {
		switch s := tx.Inputs[i].SigHash; {
		case s == 0:
			none++
		default:
			onlyAll = onlyAll && s.OnlyAll()
		}
	}
	signed := "yes: a signature was found on every input, and each commits to the whole transaction."
	switch {
	case none == len(tx.Inputs):
		signed = "unknown: no signature was found on any input."
	case none > 0:
		signed = fmt.Sprintf("unknown: no signature was found on %d of %d inputs; the others commit to the whole transaction.", none, len(tx.Inputs))
	}
	if !onlyAll {
		signed = "no."
	}
	custodian := "no: no label of a custodian or of an account is on the inputs' clusters, and none behaves like a service within the scope."
	if unowned > 0 {
		custodian = fmt.Sprintf("not tested for %d of %d inputs, whose owner is unknown; no for the others: no label of a custodian or of an account is on their clusters, and none behaves like a service within the scope.", unowned, len(tx.Inputs))
	}
	if outside > 0 {
		custodian = fmt.Sprintf("not tested in full: no label of a custodian or of an account was seen on the inputs' addresses, but whether their clusters behave like a service was not tested for %d of %d inputs, whose addresses the scope does not hold.", outside, len(tx.Inputs))
	}
	if outside > 0 && unowned > 0 {
		custodian = fmt.Sprintf("%s Nor was anything tested for %d inputs, whose owner is unknown.", custodian, unowned)
	}
	mix := "no: its outputs and signatures have not the shape of one."
	if tx.Unresolved() > 0 {
		mix = "no by its outputs and signatures; rules that need the values of all inputs were not tested."
	}
	payjoin := "no: the amounts do not fit two parties."
	if !joint.Tested() {
		payjoin = "not tested: " + joint.Untested + "."
	}
	f.Premises = append(f.Premises,
		model.Premise{Text: "Whoever signs for both coins controls both.", Question: "Does the transaction have the shape of a coinjoin?", Answer: mix},
		model.Premise{Text: "No payee added a coin of his own.", Question: "Does the transaction have the shape of a payjoin?", Answer: payjoin},
		model.Premise{Text: "The signatures are of one signer.", Question: "Does every signature commit to the whole transaction?", Answer: signed},
		model.Premise{Text: "No custodian holds the keys.", Question: "Could a custodian hold both keys?", Answer: custodian},
	)
}

// payee says what it means, and what not, that a miner was paid by an actor.
func payee(f *model.Finding, actors []string) {
	f.Facts = append(f.Facts, model.Fact{Name: "the probability is", Value: "that the payee is the actor, which receiving money hardly tells"})
	f.Premises = append(f.Premises, model.Premise{Text: "The coins came from the actor.", Question: "Did the actor hold them when they were spent, or had the actor paid them away?",
		Answer: fmt.Sprintf("unknown: they came from %s to an address that no label and no co-spend of the scope gives to the actor.", list(actors))})
	f.Alternatives = []model.Alternative{
		{Text: "The payee is a merchant, a landlord or a seller whom the actor paid, and who mines.", WhyNot: "it is the ordinary explanation; nothing on the ledger speaks against it."},
		{Text: "The coins had changed hands before they were paid to the miner.", WhyNot: "a ledger does not show where coins change hands."},
		{Text: "Two parties signed one transaction: a batch service, a swap, a channel funded by both.", WhyNot: "signatures that commit to everything can be two parties'."},
	}
	f.RefutedBy = []string{
		"The payee's books showing what was sold to the actor.",
		"Proof that the label that names the actor is wrong.",
	}
}

// joined writes the finding about a cluster that spends both classes separately.
func (r *rule) joined(ctx context.Context, pass *heuristics.Pass, x *Index, g *group, c *Commingling, path []uint32) (model.Finding, error) {
	last := c.Coins[len(c.Coins)-1].Block
	f, err := r.start(ctx, pass, c, model.RefAddress(c.Address), last)
	if err != nil {
		return f, err
	}
	_, _, mined, paid := names(c)
	f.Claim = fmt.Sprintf("One party holds the keys of %s: co-spends join the addresses, and each class was spent in transactions of its own.", keys(paid, mined))
	if on := c.Address.String(); !strings.Contains(f.Claim, on) {
		f.Claim = strings.TrimSuffix(f.Claim, ".") + fmt.Sprintf("; %s stands for their cluster.", on)
	}
	e := model.Evidence{Family: "co-spend", Text: fmt.Sprintf("%d transactions spend addresses together and so join the two sides.", len(path))}
	for _, n := range path {
		if len(e.Items) == r.MaxParts {
			f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d transactions that join the two sides are not listed here.", len(path)-r.MaxParts, len(path)))
			break
		}
		t := &g.joint[n]
		var as []string
		for _, id := range t.ids {
			as = append(as, x.clusters.At(id).String())
		}
		at := x.txs[t.tx]
		e.Items = append(e.Items, model.Item{On: model.RefTx(at.id), Role: "joins", Block: at.block, Note: "spends " + list(as)})
	}
	f.Evidence = append(f.Evidence, e)
	f.Facts = append(f.Facts,
		model.Fact{Name: "counted", Value: "coins that the cluster spent within the scope, but for transactions that spend both classes"},
		model.Fact{Name: "addresses of the cluster", Value: fmt.Sprint(x.clusters.Size(c.Address))})
	f.Premises = []model.Premise{
		{Text: "The transactions that join the addresses were each signed by one party.", Question: "Could one of them be collaborative?",
			Answer: "no sign of it: those with the shape of a coinjoin or, where it could be tested, of a payjoin, with signatures that leave part to others, and with labels of different holders join nobody."},
		{Text: "What joins the two sides is not what C1 counts.", Question: "Does a transaction that spends both classes join them?",
			Answer: "the transactions listed do so without any that spends both."},
		{Text: "No custodian holds the keys.", Question: "Could a custodian hold both keys?",
			Answer: "no label of a custodian or of an account is on the cluster, and it does not behave like a service within the scope."},
	}
	c.attributed(&f)
	f.Alternatives = []model.Alternative{
		{Text: "Two parties signed one of the transactions that join the addresses.", WhyNot: "signatures that commit to everything can be two parties'."},
		{Text: "A key was handed over or imported from one wallet into another.", WhyNot: "that leaves no trace on the ledger."},
		{Text: "A custodian too small to show in the scope holds both.", WhyNot: "its cluster may be larger than what was scanned."},
	}
	f.Counter = []model.Counter{
		{Text: "transactions that spend addresses of both sides and were refused as several parties'"},
		{Text: "labels that name different holders of the cluster's keys"},
		{Text: "a custodian's or an account's label, or the behaviour of a service, on the cluster"},
	}
	f.RefutedBy = []string{
		"Records or keys that show different owners of two addresses that one of the listed transactions spends together.",
		"Proof that the label on the attributed address is wrong.",
	}
	f.Unseen = append(f.Unseen, "What was spent outside the scope of the run.")
	if n := c.unvalued[0] + c.unvalued[1] + c.unvalued[2]; n > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("The value of %d coins; they count as nothing in the sums, and shares are bounds.", n))
	}
	if g.dropped > 0 {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d coins of the cluster beyond the bound.", g.dropped))
	}
	return f, nil
}
