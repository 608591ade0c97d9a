package commingle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Flow is the way of mined coins from payouts to an address that was not paid by
// them.
type Flow struct {
	// Receipts are the outputs of payouts that the way begins with, in the order
	// of inputs.
	Receipts []FlowReceipt
	// Hops is how many transactions are on the way, at most. Share is that of
	// mined coins in what the last of them spends.
	Hops  int
	Share model.Probability

	sure   model.Probability
	payout *payout.Candidacy // the least sure
}

// FlowReceipt is an output of a payout, and the transaction that sends it on.
type FlowReceipt struct {
	Out     model.Outpoint
	Address model.Address
	Value   model.Amount
	Pool    string
	Mining  model.Probability
	By      model.TxID
}

// flow looks at an address that no payout paid: whether its receivers sent mined
// coins there, and an actor his own (C4).
func (r *rule) flow(ctx context.Context, pass *heuristics.Pass, h *holder) (*Commingling, error) {
	if !h.listed && len(h.coins) > r.FlowCoins {
		pass.Note("address with more receipts than the bound, not searched for coins that reached it", 1)
		return nil, heuristics.ErrSkip
	}
	c := &Commingling{Kind: KindFlow, Address: h.address, doubts: h.doubts}
	plain := slices.Clone(h.plain)
	own := false
	for i := range h.coins {
		coin := h.coins[i]
		coin.Class = Other
		if coin.Value < r.MinSat {
			continue
		}
		if h.came[i] {
			if _, err := r.came(ctx, pass, &coin); err != nil {
				return nil, err
			}
		}
		switch t := coin.Trail; {
		case coin.Class == Dust:
			c.Coins = append(c.Coins, coin)
		case t == nil:
			plain = append(plain, coin)
		case t.Hops < r.FlowHops && t.Attribution.Via == actor.ByLabel:
			c.Coins = append(c.Coins, coin)
			own = true
		}
	}
	if !own {
		return nil, heuristics.ErrSkip
	}
	slices.SortStableFunc(plain, func(a, b Coin) int { return a.Block.Compare(b.Block) })
	if n := len(plain) - r.FlowCoins; n > 0 {
		h.dropped += n
		plain = plain[:r.FlowCoins]
	}
	w := &way{rule: r, pass: pass, to: h, left: r.FlowTxs}
	found := false
	for _, coin := range plain {
		m, err := w.mined(ctx, coin.Source.Tx, 1)
		if err != nil {
			return nil, err
		}
		if m == nil {
			continue
		}
		coin.Class, coin.Mining, coin.Payout, coin.Flow, coin.Pool = Mined, m.sure, m.payout, m, m.pools()
		c.Coins = append(c.Coins, coin)
		found = true
	}
	if w.left < 0 {
		pass.Partial("way of coins to an address that an actor paid: transactions of the search spent")
	}
	if !found || !c.settle(&r.Params) || c.count(Mined) == 0 || c.count(Received) == 0 {
		return nil, heuristics.ErrSkip
	}
	rest, ok := h.received.Add(-c.Mined - c.Own)
	if !ok || rest < 0 {
		return nil, heuristics.ErrSkip
	}
	c.Other = rest
	both, _ := c.Mined.Add(c.Own)
	if part, fits := both.Share(int64(model.Certain), int64(h.received)); !r.material(c) || !fits || model.Probability(part) < r.Gathered {
		pass.Note("address that mined coins and an actor's reached, beside many others: suppressed", 1)
		return nil, heuristics.ErrSkip
	}
	c.Coins = slices.DeleteFunc(c.Coins, func(coin Coin) bool { return coin.Class == Other && coin.Left == "" })
	f, err := r.arrived(ctx, pass, h, c)
	if err != nil {
		return nil, err
	}
	r.receiptsOf(ctx, pass, &f, c)
	c.complete(&f)
	pass.Grade(&f, r.grounds(pass, c))
	pass.Report(f)
	return c, nil
}

// way searches backwards for payouts.
type way struct {
	rule *rule
	pass *heuristics.Pass
	to   *holder
	left int // transactions that may be looked at
}

// mined returns the way of the mined coins that a transaction spends, if nearly all
// are mined and one holder seems to send them on; nil else.
func (w *way) mined(ctx context.Context, id model.TxID, hop int) (*Flow, error) {
	if w.left--; w.left < 0 || hop > w.rule.FlowHops {
		return nil, nil
	}
	txs, err := w.pass.Txs(ctx, id)
	if err != nil {
		return nil, err
	}
	tx := txs[0]
	if tx == nil {
		w.pass.Note("where a payment to an address that an actor paid comes from is not known", 1)
		return nil, nil
	}
	if tx.Coinbase() {
		return nil, nil
	}
	if ok, err := w.alone(ctx, tx); !ok || err != nil {
		return nil, err
	}
	total, ok := tx.InputValue()
	if !ok || total <= 0 {
		return nil, nil // without values nobody knows the share
	}
	m := &Flow{Hops: 1, sure: model.Certain}
	var mined model.Amount
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		cand, err := payout.CandidateOf(ctx, w.pass, in.Prev.Tx, payout.MaxHops)
		if err != nil && !errors.Is(err, heuristics.ErrSkip) && !errors.Is(err, sources.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			if ok, pool, p := cand.MemberReceipt(in.Prev.Vout); ok && p >= w.rule.MinPayout {
				m.add(FlowReceipt{in.Prev, in.Owner, in.Value, pool, p, tx.ID}, cand)
				mined += in.Value // of inputs that were summed: no overflow
				continue
			}
		}
		before, err := w.mined(ctx, in.Prev.Tx, hop+1)
		if err != nil {
			return nil, err
		}
		if before == nil {
			continue
		}
		part, _ := in.Value.Share(int64(before.Share), int64(model.Certain))
		mined += part
		m.join(before)
	}
	share, ok := mined.Share(int64(model.Certain), int64(total))
	if m.Share = model.Probability(share); !ok || m.Share < w.rule.FlowMined {
		return nil, nil
	}
	m.sure = m.sure.Times(w.rule.FlowStep)
	return m, nil
}

// alone reports whether one holder who is no service, nor the actor, nor whoever
// holds the address in question, seems to sign a transaction and to pass coins on.
func (w *way) alone(ctx context.Context, tx *model.Tx) (bool, error) {
	payable := 0
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Value > 0 && o.Owner.Ownable() {
			payable++
		}
	}
	if payable >= w.rule.FanOut || len(tx.Inputs) > w.rule.MaxParts {
		return false, nil
	}
	clusters := cluster.Of(w.pass)
	var as []model.Address
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown || in.SigHash.MultiParty() || in.Owner == w.to.address || clusters.Same(in.Owner, w.to.address) || w.to.signed[in.Owner] ||
			labelledActor(clusters.Labels(in.Owner)) {
			return false, nil
		}
		if !slices.Contains(as, in.Owner) {
			as = append(as, in.Owner)
		}
	}
	v, err := shape.Of(ctx, w.pass, tx.ID)
	if err != nil || v.Kind != shape.None {
		return false, err
	}
	if _, skipped := clusters.Skipped(tx.ID); skipped {
		return false, nil
	}
	if why, _ := cluster.Veto(tx, cluster.DefaultParams(), shape.ParamsOf(w.pass)); why != "" {
		return false, nil
	}
	why, _, err := w.rule.custody(ctx, w.pass, as, tx.Block)
	return why == "", err
}

func (m *Flow) add(r FlowReceipt, c *payout.Candidacy) {
	m.Receipts = append(m.Receipts, r)
	if m.payout == nil || r.Mining < m.sure {
		m.payout = c
	}
	m.sure = min(m.sure, r.Mining)
}

func (m *Flow) join(o *Flow) {
	m.Receipts = append(m.Receipts, o.Receipts...)
	m.Hops = max(m.Hops, o.Hops+1)
	if m.payout == nil || o.sure < m.sure {
		m.payout = o.payout
	}
	m.sure = min(m.sure, o.sure)
}

// pools names the pools, each once.
func (m *Flow) pools() string {
	var names []string
	for i := range m.Receipts {
		if n := pool(m.Receipts[i].Pool); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return list(names)
}

// receiptsOf lists the payouts that the mined coins came from.
func (r *rule) receiptsOf(ctx context.Context, pass *heuristics.Pass, f *model.Finding, c *Commingling) {
	e := model.Evidence{Family: "provenance", Text: "Receipts of mining that were sent on to the address."}
	n := 0
	for i := range c.Coins {
		m := c.Coins[i].Flow
		if m == nil || c.Coins[i].Class != Mined {
			continue
		}
		for j := range m.Receipts {
			if n++; n > r.MaxParts {
				continue
			}
			x := &m.Receipts[j]
			v := model.Money{Amount: x.Value, Unit: pass.Network().Unit()}
			e.Items = append(e.Items, model.Item{On: model.RefOutpoint(x.Out), Role: "receipt of mining", Address: x.Address, Value: &v,
				Note: fmt.Sprintf("paid by %s, probability %s; spent by %s", pool(x.Pool), x.Mining.Short(), x.By)})
		}
	}
	if n > r.MaxParts {
		f.Unseen = append(f.Unseen, fmt.Sprintf("%d of %d receipts of mining are not listed here.", n-r.MaxParts, n))
	}
	f.Evidence = append(f.Evidence, e)
}

// flowText is about an address that both classes of coins reached.
func (r *rule) flowText(f *model.Finding, h *holder, c *Commingling) {
	actors, pools, _, _ := names(c)
	f.Claim = fmt.Sprintf("Address %s received %s BTC that receivers of payouts of %s sent on, and %s BTC from %s, each through at most %d transactions; two parties may have paid it.",
		h.address, c.Mined, list(pools), c.Own, list(actors), r.FlowHops)
	custodian := "unknown: no label seen says so, and its cluster does not behave like a service within the scope."
	if !h.listed {
		custodian = "unknown: no label seen says so, and whether its cluster behaves like a service was not tested."
	}
	f.Premises = []model.Premise{
		{Text: "Whoever sent the mined coins on is who sent the actor's.", Question: "Could two parties have paid a third, or a miner have been paid by the actor?",
			Answer: "unknown: the ledger does not show for what an address is paid; receiving is not controlling."},
		{Text: "The flows were not arranged by others.", Question: "Could a third party make it look so?",
			Answer: "partly: nobody moves coins of either side without its keys, but whoever holds mined coins can pay an address that the actor pays."},
		{Text: "The coins did not change hands on the way.", Question: "Do addresses in between belong to others?",
			Answer: "unknown: each step costs confidence, and no step is a service's, collaborative or a payment to many."},
		{Text: "The address is no service's.", Question: "Could it be an account at a custodian?", Answer: custodian},
	}
	f.Alternatives = []model.Alternative{
		{Text: "A shop or a broker was paid by two customers.", WhyNot: "little else was received; a small or new one looks the same."},
		{Text: "A miner was paid by the actor for goods, and keeps both at one address.", WhyNot: "nothing tells it apart."},
	}
	f.Counter = []model.Counter{
		{Text: "receipts of the address from others", Found: c.Other > 0},
		{Text: "payouts straight to the address"},
		{Text: "services, coinjoins, signatures in parts and payments to many on the way"},
	}
	f.RefutedBy = []string{"The records of whoever holds the address, showing two payers.", "The pool's record of who owns the account that was paid."}
	hops := []string{}
	for i := range c.Coins {
		if m := c.Coins[i].Flow; m != nil && c.Coins[i].Class == Mined {
			hops = append(hops, fmt.Sprint(m.Hops))
		}
	}
	f.Facts = append(f.Facts, model.Fact{Name: "scored", Value: "that both classes of coins have one owner; the flows are facts of the ledger, given the labels and the payouts"})
	f.Facts = append(f.Facts, model.Fact{Name: "transactions on the way of mined coins", Value: strings.Join(hops, ", ")})
}
