package books

import (
	"context"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// account reports the accounts that pools' books pay at an address and at others.
// What it reports of an account does not depend on which of its addresses it was
// asked about.
func (p *rule) account(ctx context.Context, pass *heuristics.Pass, x *index, a model.Address) (any, error) {
	var done []key
	for _, i := range x.paid[a] {
		e := &x.entries[i]
		if e.Account == "" {
			continue
		}
		k := keyOf(e.Service, e.Account)
		if slices.Contains(done, k) {
			continue
		}
		done = append(done, k)
		if err := p.reportAccount(ctx, pass, x, x.payouts[k]); err != nil {
			return nil, err
		}
	}
	if len(done) == 0 {
		return nil, heuristics.ErrSkip
	}
	return nil, nil
}

func (p *rule) reportAccount(ctx context.Context, pass *heuristics.Pass, x *index, rows []int32) error {
	var as []model.Address
	trust := model.Certain
	for _, i := range rows {
		as = append(as, x.entries[i].Address)
		trust = min(trust, p.trust(&x.entries[i]))
	}
	slices.SortFunc(as, model.Address.Compare)
	if as = slices.Compact(as); len(as) < 2 {
		return nil
	}
	pool := x.entries[rows[0]].Service
	if len(as) > p.MaxAddresses {
		pass.Note("an account of a pool's book with more addresses than one party has, left out", 1)
		return nil
	}
	c, err := p.listed(ctx, pass, x, rows)
	if err != nil {
		return err
	}
	ledger := p.Unchecked
	switch c.State {
	case Agrees:
		ledger = model.Certain
	case Differs:
		ledger = p.Contradicted
	}
	f := model.Finding{
		Kind: KindBeneficiary, Subject: model.RefAddress(as[0]),
		Claim: fmt.Sprintf("By the book of %s, one account was paid at %d addresses, %s and %s among them.", pool, len(as), as[0], as[1]),
		Score: model.Product(p.Cap, capReason,
			model.Factor{Name: "the book of " + pool + " is right", Given: trust, Probability: trust},
			model.Factor{Name: "the ledger bears the record out", Given: ledger, Probability: ledger}),
		Facts:      []model.Fact{{Name: "book of", Value: pool}, {Name: "pool", Value: poolOf(&x.entries[rows[0]])}, {Name: "addresses", Value: fmt.Sprint(len(as))}, {Name: "rows", Value: fmt.Sprint(len(rows))}},
		ErrorRates: []model.ErrorRate{model.NotMeasured("how often books of this custodian are wrong")},
		Premises: []model.Premise{{
			Text: "One party uses the account.", Question: "Does the pool let an account be shared, or its rewards be split?",
			Answer: "unknown: some pools split the rewards of one account among several people",
		}},
		Alternatives: []model.Alternative{
			{Text: "The account's rewards are split among several people, as between a host and its client.", WhyNot: "The book shows where rewards went, not whose the addresses are."},
			{Text: "The account's holder has coins paid to addresses that others own, such as a custodian's.", WhyNot: "Anybody can have a pool pay anybody."},
			{Text: "The rows are forged, or written down wrongly.", WhyNot: "The ledger can contradict them and cannot prove them."},
		},
		RefutedBy: []string{"the pool's records of whom each address of the account was for"},
	}
	for _, b := range as[1:] {
		f.Related = append(f.Related, model.RefAddress(b))
	}
	for n, i := range rows {
		e := &x.entries[i]
		if n == p.MaxItems {
			f.Evidence = append(f.Evidence, model.Evidence{Family: "record", Text: fmt.Sprintf("%s more are not listed.", words.Plural(len(rows)-n, "row"))})
			break
		}
		f.Evidence = append(f.Evidence, model.Evidence{
			Family: "record", Text: fmt.Sprintf("%s has a payout for the account%s.", row(e), detail(e)),
			Items: []model.Item{{On: model.RefAddress(e.Address), Role: "recorded", Address: e.Address, Note: digest(e)}},
		})
	}
	switch c.State {
	case Agrees:
		f.Evidence = append(f.Evidence, model.Evidence{Family: "ledger", Text: "Record and ledger agree. " + c.String(), Items: c.Items})
		f.Counter = append(f.Counter, model.Counter{Text: "a ledger that contradicts the record on the payouts"})
	case Differs:
		f.Counter = append(f.Counter, model.Counter{Text: c.String(), Found: true, Items: c.Items})
	default:
		f.Unseen = append(f.Unseen, "The payouts could not be compared: "+c.String())
	}
	pass.Grade(&f, model.Grounds{CoverageUnknown: true, Notes: []string{"it rests on a pool's own book, which this library cannot check beyond the ledger"}})
	pass.Report(f)
	return nil
}

// listed compares the payouts of an account that name a transaction with the
// ledger.
func (p *rule) listed(ctx context.Context, pass *heuristics.Pass, x *index, rows []int32) (Check, error) {
	c := Check{Of: "payouts", Record: "no transaction", Ledger: "nothing"}
	var named []int32
	var ids []model.TxID
	for _, i := range rows {
		if id, ok := x.entries[i].On.Tx(); ok && len(named) < p.MaxItems {
			named, ids = append(named, i), append(ids, id)
		}
	}
	if len(named) == 0 {
		return c, nil
	}
	c.Record = words.Plural(len(named), "payout") + " of the account with its transaction"
	if !pass.Can(sources.Txs) {
		return c, nil
	}
	txs, err := pass.Txs(ctx, ids...)
	if err != nil {
		return c, err
	}
	good, bad, absent := 0, 0, 0
	for n, i := range named {
		switch tx := txs[n]; {
		case tx == nil:
			absent++
		case pays(tx, &x.entries[i]):
			good++
		default:
			bad++
			c.Items = append(c.Items, model.Item{On: model.RefTx(tx.ID), Role: "contradicts", Block: tx.Block, Note: row(&x.entries[i])})
		}
	}
	c.Ledger = fmt.Sprintf("%d of them as recorded, %d otherwise, and nothing of %d", good, bad, absent)
	switch {
	case bad > 0:
		c.State = Differs
	case good > 0 && absent == 0:
		c.State = Agrees
	}
	return c, nil
}

// pays reports whether a transaction pays what a row says where it says.
func pays(tx *model.Tx, e *sources.Entry) bool {
	at, numbered := e.On.Outpoint()
	var sum model.Amount
	found := false
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Owner == e.Address && (!numbered || at.Vout == uint32(i)) {
			found = true
			sum += o.Value
		}
	}
	return found && (!e.AmountKnown || sum == e.Amount)
}
