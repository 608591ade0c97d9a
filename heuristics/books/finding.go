package books

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const capReason = "a record is one custodian's word"

// report writes the finding of one record.
func (p *rule) report(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, r *Recorded) error {
	paid, err := pass.Money(ctx, r.Amount, tx.Block)
	if err != nil {
		return err
	}
	service := r.Deposit.Service
	out := &tx.Outputs[r.Out.Vout]
	f := model.Finding{
		Kind: KindLoop, Subject: model.RefOutpoint(r.Out), Block: tx.Block,
		Score:   model.Product(p.Cap, capReason, p.factors(r)...),
		Amounts: []model.Figure{{Role: "paid", Money: paid}},
		Facts: []model.Fact{
			{Name: "service", Value: service}, {Name: "pool", Value: orNone(r.Pool)}, {Name: "orders", Value: fmt.Sprint(len(r.Orders))},
			{Name: "recorded by", Value: keepers(r)}, {Name: "row means the output by", Value: matchedBy(r)},
		},
		ErrorRates: []model.ErrorRate{model.NotMeasured("how often books of this custodian are wrong")},
		RefutedBy: []string{
			"the book of " + orPool(r.Pool) + " naming another payout address for the worker of the order",
			"the accounts of " + service + " showing that the order was paid for by another deposit, or by another account",
			"the same book, exported by the custodian again, with other rows",
		},
	}
	if r.Address.IsZero() {
		f.Kind = KindDeposit
		f.Claim = fmt.Sprintf("By the book of %s, the account that was credited with output %s (%s BTC) ordered hash power for %s; which address is paid, no book at hand says.",
			service, r.Out, r.Amount, orPool(r.Pool))
		f.RefutedBy = f.RefutedBy[1:]
	} else {
		f.Related = []model.Ref{model.RefAddress(r.Address)}
		f.Claim = fmt.Sprintf("By the book of %s, the account that was credited with output %s (%s BTC) ordered hash power that works for address %s at %s.",
			service, r.Out, r.Amount, r.Address, orPool(r.Pool))
		if r.Namesakes > 1 {
			f.Claim = strings.TrimSuffix(f.Claim, ".") + fmt.Sprintf(", if the worker is that of the account that is paid there, one of %d accounts with a worker of the name.", r.Namesakes)
		}
	}
	var ordered model.Amount
	known := true
	for i := range r.Orders {
		sum, ok := ordered.Add(r.Orders[i].Amount)
		known = known && ok && r.Orders[i].AmountKnown
		if ok {
			ordered = sum
		}
	}
	if known {
		m, err := pass.Money(ctx, ordered, tx.Block)
		if err != nil {
			return err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: "ordered, by the book", Money: m})
	}
	if r.Payouts > 0 {
		m, err := pass.Money(ctx, r.Received, tx.Block)
		if err != nil {
			return err
		}
		f.Amounts = append(f.Amounts, model.Figure{Role: "paid out to the address after the order", Money: m})
	}
	p.rows(&f, r, out, tx.Block)
	for i := range r.Checks {
		c := &r.Checks[i]
		switch {
		case r.ByAmount && (c.Of == "amount" || c.Of == "address" || c.Of == "time"):
			// The row was matched by them: that they agree is no check.
			f.Evidence = append(f.Evidence, model.Evidence{Family: "ledger", Text: "The row was matched to the output by the " + c.Of + ", which is therefore no check. " + c.String(), Items: c.Items})
		case c.State == Agrees:
			f.Evidence = append(f.Evidence, model.Evidence{Family: "ledger", Text: "Of the " + c.Of + ", record and ledger agree. " + c.String(), Items: c.Items})
			f.Counter = append(f.Counter, model.Counter{Text: "a ledger that contradicts the record on the " + c.Of})
		case c.State == Differs:
			f.Counter = append(f.Counter, model.Counter{Text: "On the " + c.Of + ": " + c.String(), Found: true, Items: c.Items})
		default:
			f.Unseen = append(f.Unseen, fmt.Sprintf("The %s could not be compared: %s", c.Of, c.String()))
		}
	}
	f.Labels = append([]model.Label(nil), r.labels...)
	if l, ok := cluster.Of(pass).Custodian(r.Address, tx.Block); ok && !r.Address.IsZero() {
		f.Labels = append(f.Labels, l)
		f.Facts = append(f.Facts, model.Fact{Name: "payee", Value: "a customer of " + l.Entity + ", given the label; what becomes of the coins there is not followed"})
	}
	p.reasoning(&f, r)
	pass.Grade(&f, model.Grounds{Rounds: 1, CoverageUnknown: true, Notes: []string{"it rests on a service's own book, which this library cannot check beyond the ledger"}})
	pass.Report(f)
	return nil
}

// rows lists the rows that the finding rests on: by file, line and digest, not by
// whom they are about.
func (p *rule) rows(f *model.Finding, r *Recorded, out *model.Output, at model.BlockRef) {
	e := model.Evidence{Family: "record", Text: fmt.Sprintf("%s has the output as %s of an account.", row(&r.Deposit), what(&r.Deposit))}
	paid := f.Amounts[0].Money
	e.Items = []model.Item{{On: model.RefOutpoint(r.Out), Role: "recorded", Address: out.Owner, Value: &paid, Block: at, Note: digest(&r.Deposit)}}
	f.Evidence = append(f.Evidence, e)
	list := func(es []sources.Entry, role, text string) {
		more := 0
		for i := range es {
			e := &es[i]
			if e.Compare(&r.Deposit) == 0 {
				continue
			}
			if i >= p.MaxItems {
				more++
				continue
			}
			ev := model.Evidence{Family: "record", Text: fmt.Sprintf("%s %s", row(e), fmt.Sprintf(text, detail(e)))}
			on := model.RefOutpoint(r.Out)
			it := model.Item{On: on, Role: role, Note: digest(e)}
			if !r.Address.IsZero() {
				it.On, it.Address = model.RefAddress(r.Address), r.Address
			}
			ev.Items = []model.Item{it}
			f.Evidence = append(f.Evidence, ev)
		}
		if more > 0 {
			f.Evidence = append(f.Evidence, model.Evidence{Family: "record", Text: fmt.Sprintf("%s more are not listed.", words.Plural(more, "row"))})
		}
	}
	list(r.Orders, "order", "has an order of the account%s.")
	list(r.PoolRows, "pool row", "ties the worker of the order to the address%s.")
}

// row names a row for whoever has the paper.
func row(e *sources.Entry) string {
	s := "Line " + fmt.Sprint(e.Line) + " of " + e.Source
	if e.Line == 0 {
		s = e.Source
	}
	s += ", kept by " + e.Keeper()
	if !e.Dated.IsZero() {
		return s + " and exported on " + e.Dated.Format(time.DateOnly) + ","
	}
	return s + " and exported on an unknown day,"
}

func digest(e *sources.Entry) string { return "SHA-256 of the row " + e.Digest.String() }

func what(e *sources.Entry) string {
	if e.Kind == sources.EntryOrder {
		return "what paid for an order"
	}
	if e.Time.IsZero() {
		return "a deposit"
	}
	return "a deposit, credited at " + e.Time.Format(time.RFC3339) + ","
}

// detail says of an order what a reader needs to find it at the custodian.
func detail(e *sources.Entry) string {
	s := ""
	if e.Order != "" {
		s += ", number " + e.Order
	}
	if !e.Time.IsZero() {
		s += ", of " + e.Time.Format(time.RFC3339)
	}
	if e.AmountKnown {
		s += ", for " + e.Amount.String() + " BTC"
	}
	if e.Pool != "" {
		s += ", at " + e.Pool
	}
	return s
}

func orNone(s string) string {
	if s == "" {
		return "not stated"
	}
	return s
}

func orPool(s string) string {
	if s == "" {
		return "a pool that it does not name"
	}
	return s
}

func keepers(r *Recorded) string {
	s := r.Deposit.Keeper()
	if len(r.PoolRows) > 0 {
		if k := r.PoolRows[0].Keeper(); k != s {
			s += "; " + k
		}
	}
	return s
}

func matchedBy(r *Recorded) string {
	if r.ByAmount {
		return "address, amount and time"
	}
	return "the transaction that it names"
}

func (p *rule) reasoning(f *model.Finding, r *Recorded) {
	seen := map[string]State{}
	for i := range r.Checks {
		seen[r.Checks[i].Of] = r.Checks[i].State
	}
	answer := func(s State, yes, no, unknown string) string {
		switch s {
		case Agrees:
			return "yes: " + yes
		case Differs:
			return "no: " + no
		}
		return "unknown: " + unknown
	}
	f.Premises = append(f.Premises,
		model.Premise{
			Text:     "The rows are those of the custodian, unchanged.",
			Question: "Did the custodian confirm the file by its digest, and does the ledger bear the rows out?",
			Answer: "unknown whether confirmed; " + answer(seen["amount"], "the output holds what the row says", "the output holds another amount than the row says",
				"the row states no amount"),
		},
		model.Premise{
			Text:     "The account that was credited is the one that ordered.",
			Question: "Does the book tie the order to this deposit?",
			Answer:   tied(r),
		})
	if r.Address.IsZero() {
		f.Unseen = append(f.Unseen, "Which address the worker of the order is paid at: the book of "+orPool(r.Pool)+" would tell.")
	} else {
		q := model.Premise{
			Text:     "The worker of the order is paid at the address.",
			Question: "Does the pool know its users by address, or does its own book tie the two?",
			Answer:   "unknown: the worker's name is an address, and " + orPool(r.Pool) + " is not known to pay users at their names",
		}
		switch {
		case len(r.PoolRows) > 0:
			q.Answer = "yes: by the book of " + r.PoolRows[0].Service
		case p.byAddress(r.Pool):
			q.Answer = "yes: at this pool the name is the payout address"
		case seen["payouts"] == Agrees:
			q.Answer = "yes: the pool paid that address after the order"
		}
		f.Premises = append(f.Premises, q)
		f.Alternatives = append(f.Alternatives, model.Alternative{
			Text:   "The customer ordered for an address that is not his own: anybody can have a pool pay anybody.",
			WhyNot: "The record ties an account to an address, not the address to a person; who holds its key the record does not say.",
		})
		if r.Namesakes > 1 {
			f.Alternatives = append(f.Alternatives, model.Alternative{
				Text:   "The worker of the order is another account's: " + fmt.Sprintf("%d accounts of the pool have one of the name.", r.Namesakes),
				WhyNot: "Machines are called alike in many accounts; the pool's log of logins would tell which is meant.",
			})
		}
		if r.Payouts > 0 {
			f.Alternatives = append(f.Alternatives, model.Alternative{
				Text:   "The address was paid for other machines as well, as that of a miner who rents hash power besides.",
				WhyNot: fmt.Sprintf("Of the %s BTC that it was paid after the order, the record does not say which part the order earned.", r.Received),
			})
		}
	}
	f.Alternatives = append(f.Alternatives,
		model.Alternative{Text: "Several people use the account, or it orders for others, as a broker does.", WhyNot: "The book shows one account, not who uses it."},
		model.Alternative{Text: "The rows are forged, or written down wrongly.", WhyNot: "The ledger can contradict them and cannot prove them; what was compared is listed."},
	)
	if r.others > 0 {
		f.Alternatives = append(f.Alternatives, model.Alternative{
			Text:   fmt.Sprintf("Another of the account's deposits paid for the order; the book has %s besides that may have.", words.Plural(r.others, "deposit")),
			WhyNot: "An account has one balance, and the book does not say which deposit paid for what.",
		})
	}
}

func tied(r *Recorded) string {
	switch {
	case r.Deposit.Kind == sources.EntryOrder:
		return "yes: the row of the order names the output"
	case r.Deposit.Order != "":
		return "yes: the row of the deposit names the order"
	}
	return "in part: both rows name the same account, and the order came after; that this deposit paid for it follows from the balance alone"
}
