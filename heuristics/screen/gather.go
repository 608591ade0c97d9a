package screen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/fresh"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func (p *rule) run(ctx context.Context, pass *heuristics.Pass) (any, error) {
	out, ok := pass.Subject.Outpoint()
	if !ok {
		return nil, heuristics.ErrSkip
	}
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	if uint64(out.Vout) >= uint64(len(tx.Outputs)) {
		return nil, fmt.Errorf("transaction %v has %d outputs, there is no %d", tx.ID, len(tx.Outputs), out.Vout)
	}
	o := &tx.Outputs[out.Vout]
	if !o.Owner.Ownable() || !o.Spendable() {
		return nil, heuristics.ErrSkip
	}
	g := &gathering{Params: p.Params, pass: pass, tx: tx, parents: map[model.TxID]known{}}
	g.from = heuristics.IndexOf[int64](pass, p.self)
	g.seen.Block = tx.Block
	for _, step := range [...]func(context.Context, model.Outpoint) error{g.direct, g.origin, g.addresses, g.receipts, g.behind} {
		err := step(ctx, out)
		switch {
		case errors.Is(err, heuristics.ErrEvaluationBudget):
			g.cut = true
			pass.Partial("the budget is spent")
		case err != nil:
			return nil, err
		}
	}
	if g.cut {
		g.seen.Whole = false
	}
	g.series()
	a := &Answer{On: out, Value: o.Value, Seen: g.seen, params: p.Params}
	a.judge(Claim{})
	if err := p.report(ctx, pass, tx, a); err != nil {
		return nil, err
	}
	return a, nil
}

// gathering is what is found while it is looked for.
type gathering struct {
	Params
	pass    *heuristics.Pass
	tx      *model.Tx
	seen    Seen
	cut     bool  // a budget ended the search
	from    int64 // from when on the sources see payouts; 0 for all time
	rs      []receipt
	after   []receipt // of those after the deposit
	parents map[model.TxID]known
}

// receipt is a payout to the depositor with the name of the pool.
type receipt struct {
	beneficiary.Receipt
	pool  string
	named model.Probability // that the payer is it
}

// paid returns what of a transaction's outputs to the addresses is a pool's payout.
func (g *gathering) paid(ctx context.Context, tx *model.Tx, vouts []int) (rs []receipt, err error) {
	t, vouts, err := payout.Paid(ctx, g.pass, tx.ID, vouts)
	for _, v := range vouts {
		rs = append(rs, receipt{beneficiary.Receipt{
			Out: tx.Outpoint(v), Address: tx.Outputs[v].Owner, Amount: tx.Outputs[v].Value, Block: tx.Block,
			Coinbase: tx.Coinbase(), Confidence: t.Score.Probability,
		}, t.Payer.Pool, t.Payer.Confidence})
	}
	return rs, err
}

func (g *gathering) direct(ctx context.Context, out model.Outpoint) error {
	rs, err := g.paid(ctx, g.tx, []int{int(out.Vout)})
	g.seen.Direct = len(rs) > 0
	return err
}

func (g *gathering) origin(ctx context.Context, _ model.Outpoint) error {
	s, err := fresh.Of(ctx, g.pass, g.tx.ID, fresh.MaxHops)
	if err == nil {
		g.seen.Fresh = s
	}
	if errors.Is(err, heuristics.ErrSkip) {
		return nil
	}
	return err
}

// addresses finds the depositor's: those that signed, and others of theirs.
func (g *gathering) addresses(ctx context.Context, out model.Outpoint) error {
	clusters := cluster.Of(g.pass)
	services := service.Of(g.pass)
	var as []model.Address
	if g.seen.Direct {
		as = append(as, g.tx.Outputs[out.Vout].Owner)
	} else {
		for i := range g.tx.Inputs {
			if in := &g.tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner.Ownable() {
				as = append(as, in.Owner)
			}
		}
		slices.SortFunc(as, model.Address.Compare)
		as = slices.Compact(as)
		if g.several(as) {
			g.seen.Several, as = true, nil
		}
		for _, a := range as {
			l, held := clusters.Custodian(a, g.tx.Block)
			if !held && !services.Like(a) {
				continue
			}
			if !slices.Contains(g.seen.Custodians, l.Entity) {
				g.seen.Custodians = append(g.seen.Custodians, l.Entity)
				if held {
					g.seen.Held = append(g.seen.Held, l)
				}
			}
		}
		slices.Sort(g.seen.Custodians)
		if len(g.seen.Custodians) == 0 {
			for _, a := range slices.Clone(as) {
				for _, b := range clusters.Members(a) {
					if len(as) > g.MaxAddresses {
						break
					}
					if !slices.Contains(as, b) {
						as = append(as, b)
					}
				}
			}
		}
	}
	more, err := g.booked(ctx, g.tx.Outputs[out.Vout].Owner, as)
	if err != nil {
		return err
	}
	as = append(as, more...)
	g.seen.Whole, g.seen.Booked = !g.seen.Several, len(more) > 0
	if len(as) > g.MaxAddresses {
		g.pass.Note("address of the depositor beyond the bound", len(as)-g.MaxAddresses)
		as, g.seen.Whole = as[:g.MaxAddresses], false
	}
	slices.SortFunc(as, model.Address.Compare)
	g.seen.Addresses = slices.Compact(as)
	return nil
}

// several reports whether the owners who signed the deposit may be several parties.
func (g *gathering) several(as []model.Address) bool {
	unknown := slices.ContainsFunc(g.tx.Inputs, func(in model.Input) bool { return in.OwnerBy == model.OwnerUnknown })
	if g.tx.Coinbase() || len(as) < 2 && !(unknown && len(as) > 0) {
		return false
	}
	clusters := cluster.Of(g.pass)
	if _, skipped := clusters.Skipped(g.tx.ID); skipped {
		return true
	}
	why, _ := cluster.Veto(g.tx, cluster.DefaultParams(), shape.ParamsOf(g.pass))
	return why != "" || clusters.Payjoin(g.tx).Possible
}

// booked returns the addresses, beside some, at which a book has deposits of the
// account that it has at the address that was paid.
func (g *gathering) booked(ctx context.Context, at model.Address, as []model.Address) (more []model.Address, err error) {
	if !g.pass.Can(sources.Books) {
		return nil, nil
	}
	type account struct{ service, id string }
	var done []account
	for e, err := range g.pass.Entries(ctx, sources.EntryQuery{Kind: sources.EntryDeposit, Address: at}) {
		if err != nil {
			return nil, err
		}
		k := account{e.Service, e.Account}
		if e.Account == "" || slices.Contains(done, k) {
			continue
		}
		done = append(done, k)
		for o, err := range g.pass.Entries(ctx, sources.EntryQuery{Kind: sources.EntryDeposit, Service: e.Service, Account: e.Account}) {
			if err != nil {
				return nil, err
			}
			if b := o.Address; !b.IsZero() && b.Network() == at.Network() && !slices.Contains(as, b) && !slices.Contains(more, b) {
				more = append(more, b)
			}
			if len(more) > g.MaxAddresses {
				return more, nil
			}
		}
	}
	if len(done) > 1 {
		// A deposit address of two accounts is none of one customer's.
		g.pass.Note("deposit address that a book gives to several accounts: their other addresses are not taken for the depositor's", 1)
		return nil, nil
	}
	return more, nil
}

// receipts reads what the addresses were paid until the deposit.
func (g *gathering) receipts(ctx context.Context, _ model.Outpoint) error {
	if !g.pass.Can(sources.History) {
		g.seen.Whole = false
		if g.seen.Direct {
			rs, err := g.paid(ctx, g.tx, g.to(g.tx))
			g.rs, g.seen.Payments = rs, 1
			return err
		}
		return nil
	}
	// Whether payouts go on or end tells what came later, for as long as it takes
	// to count as an end.
	var rg sources.Range
	if g.tx.Block.Has(model.KnownHeight) {
		rg.To = max(g.tx.Block.Height, 1) + int32(min(2*g.Renter.QuietAfter/(10*time.Minute), 1<<20))
	}
	done := map[model.TxID]bool{}
	for _, a := range g.seen.Addresses {
		read := 0
		for tx, err := range g.pass.History(ctx, a, rg) {
			if err != nil {
				return err
			}
			if read++; read > g.MaxHistory {
				g.pass.Note("transaction of an address of the depositor beyond the bound", 1)
				g.seen.Whole = false
				break
			}
			if done[tx.ID] || tx.ID == g.tx.ID && !g.seen.Direct {
				continue
			}
			vouts := g.to(tx)
			if len(vouts) == 0 {
				continue
			}
			done[tx.ID] = true
			later := tx.Block.Compare(g.tx.Block) > 0
			if !later {
				g.seen.Payments++
			}
			rs, err := g.paid(ctx, tx, vouts)
			if err != nil {
				return err
			}
			switch {
			case later:
				g.after = append(g.after, rs...)
			case len(rs) == 0:
				g.seen.Unrecognised++
			default:
				g.rs = append(g.rs, rs...)
			}
		}
	}
	return nil
}

// to returns the outputs of a transaction that pay the depositor enough to count.
func (g *gathering) to(tx *model.Tx) (vouts []int) {
	for i := range tx.Outputs {
		o := &tx.Outputs[i]
		if o.Value < g.MinSat {
			continue
		}
		if _, ok := slices.BinarySearchFunc(g.seen.Addresses, o.Owner, model.Address.Compare); ok {
			vouts = append(vouts, i)
		}
	}
	// Change to oneself is no payment.
	for i := range tx.Inputs {
		if _, ok := slices.BinarySearchFunc(g.seen.Addresses, tx.Inputs[i].Owner, model.Address.Compare); ok && tx.Inputs[i].OwnerBy != model.OwnerUnknown {
			return nil
		}
	}
	return vouts
}

// inOrder sorts receipts as the ledger has them.
func inOrder(a, b receipt) int {
	if c := a.Block.Compare(b.Block); c != 0 {
		return c
	}
	return model.RefOutpoint(a.Out).Compare(model.RefOutpoint(b.Out))
}

// series finds the main pool and its payouts from the last gap on.
func (g *gathering) series() {
	slices.SortStableFunc(g.rs, inOrder)
	slices.SortStableFunc(g.after, inOrder)
	s := &g.seen
	n := map[string]int{}
	for i := range g.rs {
		n[g.rs[i].pool]++
		if !slices.Contains(s.Pools, g.rs[i].pool) {
			s.Pools = append(s.Pools, g.rs[i].pool)
		}
	}
	slices.Sort(s.Pools)
	s.Named = make([]model.Probability, len(s.Pools))
	for i := range g.rs {
		k := slices.Index(s.Pools, g.rs[i].pool)
		s.Named[k] = max(s.Named[k], g.rs[i].named)
	}
	var rs, after []beneficiary.Receipt
	for _, pool := range s.Pools {
		if n[pool] > n[s.Main] || n[s.Main] == 0 {
			s.Main = pool
		}
	}
	for i := range g.rs {
		r := g.rs[i].Receipt
		r.Pool = uint16(slices.Index(s.Pools, g.rs[i].pool))
		s.Receipts = append(s.Receipts, r)
		if g.rs[i].pool == s.Main {
			rs = append(rs, r)
		}
	}
	if len(rs) == 0 {
		return
	}
	for i := range g.after {
		if g.after[i].pool == s.Main {
			after = append(after, g.after[i].Receipt)
		}
	}
	from := len(rs) - 1
	for ; from > 0; from-- {
		a, ok := rs[from-1].Block.Clock()
		b, ok2 := rs[from].Block.Clock()
		if ok && ok2 && b.Sub(a) > g.Gap {
			break
		}
	}
	s.Series = beneficiary.SeriesOf(rs[from:], 0)
	s.Steady = g.steady(rs[from:], s.Series.Cadence)
	seen := beneficiary.Seen{From: g.from}
	if tip, ok := g.pass.Tip().Clock(); ok {
		seen.To = tip.Unix()
	} else if at, ok := g.tx.Block.Clock(); ok {
		seen.To = at.Unix()
	}
	if at, ok := rs[from].Block.Clock(); ok && !s.Whole {
		seen.Lost = []int64{at.Unix()} // there may be payouts that were not read
	}
	s.Train = seen.Test(rs[:from], rs[from:], after, 0, g.Renter)
}

// steady returns how much of the time of payouts is without pauses.
func (g *gathering) steady(rs []beneficiary.Receipt, cadence time.Duration) model.Probability {
	pause := max(2*cadence+cadence/4, g.Renter.QuietAfter)
	var all, on time.Duration
	for i := 1; i < len(rs); i++ {
		a, ok := rs[i-1].Block.Clock()
		b, ok2 := rs[i].Block.Clock()
		if !ok || !ok2 || !b.After(a) {
			continue
		}
		d := b.Sub(a)
		if all += d; d <= pause {
			on += d
		}
	}
	if all <= 0 {
		return 0
	}
	return model.Probability(int64(on/time.Second) * int64(model.Certain) / max(int64(all/time.Second), 1))
}

// part is what of a transaction's inputs is an actor's: at least actor, and perhaps
// unknown more, in parts per million.
type part struct{ actor, unknown model.Probability }

// behind looks for an actor's coins and for mixes among what the transaction spends
// and a few transactions before it.
func (g *gathering) behind(ctx context.Context, out model.Outpoint) error {
	if g.seen.Direct || g.tx.Coinbase() {
		// Nothing of a pool's funds is the member's; but he may be an actor.
		actors, a := actor.Of(g.pass), g.tx.Outputs[out.Vout].Owner
		for _, whose := range [...]func(model.Address, model.BlockRef) (actor.Attribution, bool){actors.Own, actors.Account} {
			if by, ok := whose(a, g.tx.Block); ok {
				g.seen.Actors = named(g.seen.Actors, by)
			}
		}
		return nil
	}
	at, err := g.part(ctx, g.tx, g.Hops)
	g.seen.Actor, g.seen.ActorUnknown = at.actor, at.unknown
	if err != nil {
		g.seen.ActorUnknown = model.Certain - at.actor
	}
	for _, as := range [...][]actor.Attribution{g.seen.Actors, g.seen.Doubted} {
		slices.SortFunc(as, func(a, b actor.Attribution) int { return a.Label.Compare(&b.Label) })
	}
	slices.SortFunc(g.seen.Mixes, func(a, b model.TxID) int { return model.RefTx(a).Compare(model.RefTx(b)) })
	return err
}

func (g *gathering) part(ctx context.Context, tx *model.Tx, hops int) (sum part, err error) {
	// What a mix pays is not what the same place of it took.
	claim, err := coinjoin.Of(ctx, g.pass, tx.ID)
	if err != nil && !errors.Is(err, heuristics.ErrSkip) {
		return part{unknown: model.Certain}, err
	}
	if claim.Mixed() || g.mixer(tx) {
		if !slices.Contains(g.seen.Mixes, tx.ID) {
			g.seen.Mixes = append(g.seen.Mixes, tx.ID)
		}
		return part{unknown: model.Certain}, nil
	}
	total, ok := tx.InputValue()
	if !ok || total <= 0 {
		return part{unknown: model.Certain}, nil
	}
	clusters, actors, services := cluster.Of(g.pass), actor.Of(g.pass), service.Of(g.pass)
	var own model.Amount
	var ids []model.TxID
	var rest []int
	unknown := make([]model.Amount, 0, 2)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy != model.OwnerUnknown {
			if a, ok := actors.OwnWithout(tx.ID, in.Owner, tx.Block); ok {
				if a.Confidence < g.Trust {
					g.seen.Doubted = named(g.seen.Doubted, a)
					unknown = append(unknown, in.Value)
					continue
				}
				own += in.Value
				g.seen.Actors = named(g.seen.Actors, a)
				continue
			}
			if _, held := clusters.Custodian(in.Owner, tx.Block); held || services.Like(in.Owner) {
				continue // a custodian pays with whose coins it likes
			}
		}
		if hops == 0 {
			unknown = append(unknown, in.Value)
			continue
		}
		if !slices.Contains(ids, in.Prev.Tx) {
			ids = append(ids, in.Prev.Tx)
		}
		rest = append(rest, i)
	}
	if len(g.parents)+len(ids) > g.MaxParents {
		g.pass.Note("transaction behind a deposit beyond the bound", len(ids))
		for _, i := range rest {
			unknown = append(unknown, tx.Inputs[i].Value)
		}
		rest = nil
	}
	parts := map[model.TxID]part{}
	if len(rest) > 0 {
		txs, err := g.pass.Txs(ctx, ids...)
		if err != nil {
			return part{unknown: model.Certain}, err
		}
		for n, id := range ids {
			if parts[id], err = g.parent(ctx, txs[n], id, hops-1); err != nil {
				return part{unknown: model.Certain}, err
			}
		}
	}
	ppm := func(v model.Amount, p model.Probability) model.Amount {
		s, _ := v.Share(int64(p), int64(model.Certain))
		return s
	}
	var open model.Amount
	for _, v := range unknown {
		open += v
	}
	for _, i := range rest {
		v, p := tx.Inputs[i].Value, parts[tx.Inputs[i].Prev.Tx]
		own += ppm(v, p.actor)
		open += ppm(v, p.unknown)
	}
	return part{share(own, total), share(open, total)}, nil
}

func share(v, of model.Amount) model.Probability {
	s, ok := v.Share(int64(model.Certain), int64(of))
	if !ok || s > model.Amount(model.Certain) {
		return model.Certain
	}
	return model.Probability(max(s, 0))
}

// known is what was found of a transaction with so many hops left.
type known struct {
	part
	hops int
}

// parent judges one transaction before. With fewer hops left it knows no more, so an
// answer stands for as many hops.
func (g *gathering) parent(ctx context.Context, tx *model.Tx, id model.TxID, hops int) (part, error) {
	if tx == nil {
		return part{unknown: model.Certain}, nil
	}
	if p, ok := g.parents[id]; ok && p.hops >= hops {
		return p.part, nil
	}
	g.parents[id] = known{part{unknown: model.Certain}, hops} // counts against the bound
	if tx.Coinbase() {
		g.parents[id] = known{part{}, g.Hops}
		return part{}, nil
	}
	t, err := payout.CandidateOf(ctx, g.pass, id, payout.MaxHops)
	if err != nil && !errors.Is(err, heuristics.ErrSkip) {
		return part{unknown: model.Certain}, err
	}
	if err == nil && t.Accepted {
		g.parents[id] = known{part{}, g.Hops}
		return part{}, nil
	}
	p, err := g.part(ctx, tx, hops)
	if err == nil {
		g.parents[id] = known{p, hops}
	}
	return p, err
}

// mixer reports whether a label gives an input to a custodial mixer.
func (g *gathering) mixer(tx *model.Tx) bool {
	clusters := cluster.Of(g.pass)
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy == model.OwnerUnknown {
			continue
		}
		for _, l := range clusters.Labels(tx.Inputs[i].Owner) {
			if holds, _ := l.HoldsAt(tx.Block); holds && l.Category == model.Mixer {
				return true
			}
		}
	}
	return false
}

// named adds who is not among some.
func named(as []actor.Attribution, a actor.Attribution) []actor.Attribution {
	if slices.ContainsFunc(as, func(b actor.Attribution) bool { return model.SameEntity(a.Entity, b.Entity) }) {
		return as
	}
	return append(as, a)
}
