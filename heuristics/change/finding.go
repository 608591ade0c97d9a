package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// report tells of the transactions that the scope names as seeds, or of which it
// names an output.
func report(ctx context.Context, t *heuristics.Totals, p Params) error {
	var ids []model.TxID
	seen := map[model.TxID]bool{}
	for _, r := range t.Scope().Seeds {
		if id, ok := r.Tx(); ok && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	txs, err := t.Txs(ctx, ids...)
	switch {
	case errors.Is(err, sources.ErrUnavailable):
		t.Note("named transaction whose change was not sought: no source has it", len(ids))
		return nil
	case err != nil:
		return err
	}
	for _, tx := range txs {
		if tx == nil {
			t.Note("named transaction whose change was not sought: no source has it", 1)
			continue
		}
		g := gatherer{ctx: ctx, l: t.Lookups, p: p, rules: shape.ParamsOf(t)}
		r, err := g.predict(tx)
		if err != nil {
			return err
		}
		if !r.Accepted() {
			t.Note("named transaction without a prediction of change: "+r.Why, 1)
			continue
		}
		m, err := t.Money(ctx, tx.Outputs[r.Out].Value, tx.Block)
		if err != nil {
			return err
		}
		f := r.finding(tx, &p, m)
		t.Grade(&f, r.grounds())
		t.Report(f)
	}
	return nil
}

// finding is the finding about the output that is taken for change.
func (p *Prediction) finding(tx *model.Tx, by *Params, value model.Money) model.Finding {
	out := tx.Outpoint(p.Out)
	owner := tx.Outputs[p.Out].Owner
	item := model.Item{On: model.RefOutpoint(out), Role: "change", Address: owner, Value: &value, Block: tx.Block}
	f := model.Finding{
		Kind: "change", Subject: model.RefOutpoint(out), Related: []model.Ref{model.RefTx(tx.ID)},
		Parts: []model.Item{item},
		Facts: []model.Fact{
			{Name: "votes_for", Value: strconv.Itoa(p.For)}, {Name: "lead", Value: strconv.Itoa(p.Lead)},
		},
		Alternatives: []model.Alternative{
			{Text: "The output is the payment, and another is the change.", WhyNot: "the votes are for this one; a payment may look like change"},
			{Text: "Every output is a payment, to several payees or to the payer himself.", WhyNot: "the ledger does not tell a transaction without change from one with"},
		},
		RefutedBy: []string{
			"a transaction that spends another output of this transaction together with an address of its inputs",
			"records of the payer or the payee",
		},
		Unseen: []string{"who holds the key of the output", "what later blocks show of how the outputs are spent"},
	}
	if p.Self {
		f.Claim = fmt.Sprintf("Output %s goes back to address %s, which the transaction spends.", out, owner)
		f.Score = model.Product(0, "", model.Factor{Name: "read, not inferred", Given: model.Certain, Probability: model.Certain})
		f.Evidence = []model.Evidence{{Family: "ownership", Text: "The address of the output is that of an input.", Items: []model.Item{item}}}
		f.Alternatives = f.Alternatives[1:]
		f.RefutedBy = f.RefutedBy[1:]
		f.ErrorRates = []model.ErrorRate{model.NotMeasured("an output to the address of an input is no change")}
		return f
	}
	f.Claim = fmt.Sprintf("Output %s to address %s is likely the change of whoever signed the transaction: %d of %d rules name it, %d more than name the next.",
		out, owner, p.For, Count-1, p.Lead)
	f.Score = model.Product(0, "", model.Factor{
		Name: "a prediction of the vote is right; chosen well below the published figure, which is of another population", Given: by.Right, Probability: by.Right,
	})
	e := model.Evidence{Family: "recognition", Items: []model.Item{item}}
	var named, others, silent []string
	for _, v := range p.Votes {
		switch {
		case v.Rule == SelfChange:
		case v.Out == p.Out:
			s := v.Rule.String()
			if a, ok := v.Rule.Published(); ok {
				s += " (published precision " + a.Precision.String() + ")"
			}
			named = append(named, s)
		case !v.Abstains():
			others = append(others, fmt.Sprintf("%s names output %d", v.Rule, v.Out))
		default:
			silent = append(silent, v.Rule.String()+": "+v.Why)
		}
	}
	e.Text = "Rules that name it: " + strings.Join(named, ", ") + "."
	f.Evidence = []model.Evidence{e}
	f.Counter = []model.Counter{
		{Text: "Looked for: rules that name another output." + list(" Found: ", others), Found: len(others) > 0},
		{Text: "Rules that abstained." + list(" ", silent), Found: len(silent) > 0},
	}
	f.Premises = []model.Premise{
		{Text: "One party signed all inputs.", Question: "Could the transaction be collaborative?", Answer: several(tx)},
		{Text: "Rules that share what they look at are not counted as independent evidence.", Question: "Do several votes come from one property?", Answer: "yes: one value that is not round gives up to six, and one new script up to three"},
	}
	rate := model.NotMeasured("the output named is not the change, on this ledger")
	f.ErrorRates = []model.ErrorRate{rate}
	if a, ok := PublishedVote(min(p.Lead, 10)); ok {
		f.ErrorRates = append(f.ErrorRates, model.ErrorRate{
			Of:         fmt.Sprintf("a vote of 26 rules with a lead of %d names another output than the change: %s of all transactions, against %s with the right one", min(p.Lead, 10), a.FPR, a.TPR),
			Population: "34.4 million of " + Population, Reference: "published, not measured here; " + Shift,
		})
	}
	return f
}

// grounds are that one address signs and is paid, where the change goes back. Votes
// are no evidence of ownership, and one transaction repeats nothing. Neither rests
// on a label.
func (p *Prediction) grounds() model.Grounds {
	if p.Self {
		return model.Grounds{Ownership: true, Notes: []string{"it is read, and who holds the key of the address is not asked"}}
	}
	return model.Grounds{Notes: []string{"the rules' published figures are of another population than this ledger"}}
}

// several says whether several parties may have signed a transaction that does not
// look like it.
func several(tx *model.Tx) string {
	if slices.ContainsFunc(tx.Inputs, func(in model.Input) bool { return in.SigHash == 0 }) {
		return "unknown: its shape does not say so, and not every signature was seen"
	}
	return "unknown: neither its signatures nor its shape say so"
}

func list(head string, s []string) string {
	if len(s) == 0 {
		return ""
	}
	return head + strings.Join(s, "; ") + "."
}
