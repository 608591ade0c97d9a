package coinjoin

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// Parameters lists every field with its value and origin, in a fixed order.
func (p Params) Parameters() []model.Parameter {
	names := make([]string, len(p.Veto))
	for i, c := range p.Veto {
		names[i] = string(c)
	}
	return []model.Parameter{
		{Name: "veto", Value: strings.Join(names, " "), Origin: model.Chosen},
		{Name: "max_items", Value: strconv.Itoa(p.MaxItems), Origin: model.Chosen},
	}
}

// protocolNames are the protocols as people write them.
var protocolNames = map[string]string{"whirlpool": "Whirlpool", "wasabi1": "Wasabi 1", "wasabi2": "Wasabi 2", "joinmarket": "JoinMarket"}

// sentence is the claim.
func sentence(tx *model.Tx, c *Claim) string {
	names := make([]string, len(c.Protocols))
	for i, p := range c.Protocols {
		names[i] = protocolNames[p]
	}
	who := strings.Join(names, " or ")
	switch c.Kind {
	case shape.Premix:
		return fmt.Sprintf("Transaction %v prepares %d outputs of %v BTC for Whirlpool mixes of %v BTC; it is a preparation, not a mix.", tx.ID, c.Equal, c.Denomination, c.Pool)
	case shape.Whirlpool:
		return fmt.Sprintf("Transaction %v is a Whirlpool mix of %d outputs of %v BTC.", tx.ID, c.Equal, c.Denomination)
	case shape.JoinMarket:
		return fmt.Sprintf("Transaction %v is possibly a JoinMarket CoinJoin with %d outputs of %v BTC.", tx.ID, c.Equal, c.Denomination)
	}
	return fmt.Sprintf("Transaction %v is a CoinJoin round of %s with %d outputs of %v BTC.", tx.ID, who, c.Equal, c.Denomination)
}

// finding makes the finding of a claim that names a protocol.
func finding(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Claim, p Params) (model.Finding, error) {
	each, err := pass.Money(ctx, c.Denomination, tx.Block)
	if err != nil {
		return model.Finding{}, err
	}
	f := model.Finding{
		Kind:    "coinjoin/" + c.Kind.String(),
		Subject: model.RefTx(tx.ID),
		Claim:   sentence(tx, c),
		Block:   tx.Block,
		Amounts: []model.Figure{{Role: "each equal output", Money: each}},
		Facts: []model.Fact{
			{Name: "protocols", Value: strings.Join(c.Protocols, " ")},
			{Name: "equal_outputs", Value: strconv.Itoa(c.Equal)},
			{Name: "inputs", Value: strconv.Itoa(len(tx.Inputs))},
			{Name: "outputs", Value: strconv.Itoa(len(tx.Outputs))},
		},
		ErrorRates: []model.ErrorRate{model.NotMeasured("coinjoin.shape " + c.Kind.String())},
		Unseen:     unseen(tx, c),
	}
	factor := model.Factor{Name: "published confidence of the rule for " + c.Kind.String(), Given: c.Confidence, Probability: c.Confidence}
	switch c.Kind {
	case shape.JoinMarket:
		f.Score = model.Product(shape.MaxJoinMarket, "the shape of JoinMarket transactions is common: never more than possible", factor)
	default:
		f.Score = model.Product(0, "", factor)
	}
	if c.Kind == shape.Whirlpool {
		f.Facts = append(f.Facts, model.Fact{Name: "remixers", Value: strconv.Itoa(c.Remixers)}, model.Fact{Name: "entrants", Value: strconv.Itoa(c.Entrants)})
	}
	total, ok := c.Denomination.Share(int64(c.Equal), 1)
	if ok {
		sum, err := pass.Money(ctx, total, tx.Block)
		if err != nil {
			return f, err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: "equal outputs together", Money: sum})
	}
	if f.Evidence, err = evidence(ctx, pass, tx, c, p); err != nil {
		return f, err
	}
	argue(&f, tx, c, p)
	// One transaction repeats nothing, and who signed it is not known.
	g := model.Grounds{Notes: []string{"the shape alone is judged: nobody who took part has confirmed it"}}
	if imitated(c.Kind) {
		g.Notes = append(g.Notes, "batches of payments have the shape too, and how many of those who make them are labelled is not known")
	}
	pass.Grade(&f, g)
	return f, nil
}

// evidence shows the equal outputs and what else the rule saw. Its weights are
// 0: the score is the rule's published confidence.
func evidence(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Claim, p Params) ([]model.Evidence, error) {
	ev := make([]model.Evidence, len(c.Reasons))
	for i, r := range c.Reasons {
		ev[i] = model.Evidence{Family: "recognition", Text: r}
	}
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if o.Value != c.Denomination || len(ev[0].Items) == p.MaxItems {
			continue
		}
		m, err := pass.Money(ctx, o.Value, tx.Block)
		if err != nil {
			return nil, err
		}
		ev[0].Items = append(ev[0].Items, model.Item{On: model.RefOutpoint(tx.Outpoint(i)), Role: "equal output", Address: o.Owner, Value: &m, Block: tx.Block})
	}
	if n := c.Equal - len(ev[0].Items); n > 0 {
		ev[0].Text += fmt.Sprintf("; %d more such outputs are not listed", n)
	}
	return ev, nil
}

// argue fills in what the claim rests on, what else could explain it, and what
// would refute it.
func argue(f *model.Finding, tx *model.Tx, c *Claim, p Params) {
	era := model.Premise{
		Text: "the protocol was in use", Question: "Does the height of the block fall in the protocol's time?",
		Answer: "yes: height " + strconv.Itoa(int(tx.Block.Height)),
	}
	if !c.EraKnown {
		era.Answer = "unknown: the height is unknown or the network is not the main one, so every protocol whose rule is met is named"
	}
	f.Premises = append(f.Premises, era)
	if c.Kind == shape.Premix {
		f.Premises = append(f.Premises, model.Premise{
			Text: "the equal outputs are meant for a mix", Question: "Are they spent by a Whirlpool mix of the same pool?", Answer: "unknown: what became of them was not looked up",
		})
		f.Alternatives = []model.Alternative{{Text: "a payment to several receivers that carries data of the same length", WhyNot: "the data is encrypted and cannot be told from other data"}}
		f.RefutedBy = []string{"the equal outputs are spent other than by a mix of the pool", "the coordinator's record shows no fee for the preparation"}
		return
	}
	f.Premises = append(f.Premises, model.Premise{
		Text: "several parties signed, each for its own inputs", Question: "Could one party have built the transaction alone?", Answer: "unknown: the ledger does not show who signed",
	})
	f.Alternatives = []model.Alternative{{Text: "one party imitates the protocol", WhyNot: "nothing on the ledger forbids it; it costs the party a fee and its own privacy"}}
	if imitated(c.Kind) {
		f.Premises = append(f.Premises, model.Premise{
			Text: "no input is a custodian's, who pays customers in batches", Question: "Is the cluster of any input labelled as one?", Answer: custodians(tx, p),
		})
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "a batch of equal payments, such as a custodian's or an employer's", WhyNot: "most payers of batches carry no label"})
		f.Counter = append(f.Counter, model.Counter{Text: "labels of the categories " + categories(p) + " on the clusters of the inputs"})
	}
	f.Counter = append(f.Counter, model.Counter{Text: "signatures that leave part of the transaction to others, as trades have and these protocols do not", Found: tx.SignedInParts()})
	f.RefutedBy = []string{"the coordinator's or the makers' record shows no such transaction", "one party proves that it held the keys of every input"}
}

func custodians(tx *model.Tx, p Params) string {
	if n := unowned(tx); n > 0 {
		return fmt.Sprintf("not as far as known: the owners of %d inputs are unknown", n)
	}
	return "no label of the categories " + categories(p) + " says so"
}

func categories(p Params) string {
	names := make([]string, len(p.Veto))
	for i, v := range p.Veto {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

func unowned(tx *model.Tx) (n int) {
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy == model.OwnerUnknown {
			n++
		}
	}
	return n
}

// unseen lists what was not seen, and what that costs.
func unseen(tx *model.Tx, c *Claim) []string {
	var us []string
	inferred := 0
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy == model.OwnerUnlocking {
			inferred++
		}
	}
	if n := tx.Unresolved(); n > 0 {
		us = append(us, fmt.Sprintf("the values of %d of %d inputs: the fee and the participants' change cannot be checked", n, len(tx.Inputs)))
	}
	if inferred > 0 {
		us = append(us, fmt.Sprintf("the locking scripts of %d inputs, inferred from what unlocks them", inferred))
	}
	if c.Kind == shape.Premix {
		return append(us, "what became of the outputs")
	}
	return append(us, "who took part, and which output belongs to which input", "where the inputs come from: remixes and preparations were not looked up")
}
