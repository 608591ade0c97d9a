package beneficiary

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/goldwash/goldwash/heuristics/depaddr"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func compareTx(a, b model.TxID) int { return bytes.Compare(a[:], b[:]) }

// lookup is how many outputs or transactions are asked for at a time.
const lookup = 1_000

// forward says that an address sends its receipts on to another.
type forward struct {
	place uint32
	to    model.Address
	txs   []model.TxID // the first that do
}

// forwards finds pairs of wallets that send their receipts to one address. It
// looks first at those that a hand-over links, which it may join, then at those
// that are reported, then at the others in the order of their first receipts, until
// the number of receipts is reached.
func (b *build) forwards(ctx context.Context, named map[model.Address]bool) error {
	x := b.x
	if !b.t.Can(sources.Spends | sources.Txs) {
		b.t.Note("what became of receipts: the sources cannot tell, so that no joint consolidation was looked for", 1)
		return nil
	}
	todo := b.inOrder(named)
	held := make([][]uint32, len(x.addrs))
	for i := range b.lines {
		l := &b.lines[i]
		held[l.place] = append(held[l.place], b.held[l.from:l.to]...)
	}
	var found []forward
	left := b.MaxForwards
	for len(todo) > 0 {
		k, n := 0, 0
		for k < len(todo) && (n == 0 || n < lookup) && n+len(held[todo[k]]) <= left {
			n += len(held[todo[k]])
			k++
		}
		if k == 0 {
			break
		}
		part := todo[:k]
		todo = todo[k:]
		left -= n
		fs, err := b.forward(ctx, part, held)
		if err != nil {
			return err
		}
		found = append(found, fs...)
	}
	b.t.Note("addresses beyond the number of receipts whose spending is looked at: no joint consolidation was looked for", len(todo))
	slices.SortFunc(found, func(p, q forward) int {
		return cmp.Or(p.to.Compare(q.to), x.addrs[p.place].address.Compare(x.addrs[q.place].address))
	})
	for len(found) > 0 {
		k := 1
		for k < len(found) && found[k].to == found[0].to {
			k++
		}
		same := found[:k]
		found = found[k:]
		if k == 1 || k > b.MaxSources {
			continue
		}
		few, err := b.fewSources(ctx, same[0].to)
		if err != nil {
			return err
		}
		if !few {
			continue
		}
		for n := range same {
			for m := n + 1; m < k; m++ {
				p, q := &same[n], &same[m]
				txs := slices.Clone(p.txs)
				for _, id := range q.txs {
					if !slices.Contains(p.txs, id) {
						txs = append(txs, id)
					}
				}
				b.bond(p.place, q.place, Consolidation, b.Consolidation, txs)
			}
		}
	}
	return nil
}

// inOrder lists the wallets whose spending is looked at.
func (b *build) inOrder(named map[model.Address]bool) []uint32 {
	x := b.x
	did := make([]bool, len(x.addrs))
	var out []uint32
	add := func(n uint32) {
		if !did[n] && !x.addrs[n].apart() && !b.used(n) {
			out = append(out, n)
		}
		did[n] = true
	}
	for i := range b.bonds {
		if b.bonds[i].rule == Handover {
			add(b.bonds[i].a)
			add(b.bonds[i].b)
		}
	}
	for i := range x.Len() {
		if named[x.Head(i)] || len(b.trains(i)) > 0 {
			for _, n := range x.places(i) {
				add(n)
			}
		}
	}
	for n := range x.addrs {
		add(uint32(n))
	}
	return out
}

// forward tells of each wallet where its receipts went, if to one address.
func (b *build) forward(ctx context.Context, places []uint32, held [][]uint32) ([]forward, error) {
	x := b.x
	var outs []model.Outpoint
	for _, n := range places {
		for _, k := range held[n] {
			e := &x.recs[k]
			outs = append(outs, model.Outpoint{Tx: x.txs[e.tx].id, Vout: e.vout})
		}
	}
	spends := make([]model.Spend, 0, len(outs))
	for part := range slices.Chunk(outs, lookup) {
		ss, err := b.t.Spenders(ctx, part...)
		if err != nil {
			return nil, err
		}
		spends = append(spends, ss...)
	}
	var ids []model.TxID
	for _, s := range spends {
		if s.State == model.Spent {
			ids = append(ids, s.By.Tx)
		}
	}
	slices.SortFunc(ids, compareTx)
	ids = slices.Compact(ids)
	by := map[model.TxID]*model.Tx{}
	for part := range slices.Chunk(ids, lookup) {
		txs, err := b.t.Txs(ctx, part...)
		if err != nil {
			return nil, err
		}
		for i, tx := range txs {
			by[part[i]] = tx
		}
	}
	var out []forward
	for _, n := range places {
		ss := spends[:len(held[n])]
		spends = spends[len(held[n]):]
		if f, ok := b.sent(n, held[n], ss, by); ok {
			out = append(out, f)
		}
	}
	return out, nil
}

// sent tells where the receipts of one wallet went.
func (b *build) sent(n uint32, recs []uint32, spends []model.Spend, by map[model.TxID]*model.Tx) (f forward, ok bool) {
	x := b.x
	f.place = n
	var all, sent model.Amount
	for i, k := range recs {
		e := &x.recs[k]
		all = add(all, e.amount)
		tx := by[spends[i].By.Tx]
		if spends[i].State != model.Spent || tx == nil {
			continue
		}
		if _, skipped := b.clusters.Skipped(tx.ID); skipped {
			continue // several parties may have signed
		}
		came, ok1 := clock(x.txs[e.tx].block)
		went, ok2 := clock(tx.Block)
		if !ok1 || !ok2 || went-came > int64(b.ForwardWithin/time.Second) {
			continue
		}
		to, part := largest(tx)
		if to.IsZero() || to == x.addrs[n].address || !f.to.IsZero() && to != f.to {
			continue
		}
		v, fits := e.amount.Share(int64(part), int64(model.Certain))
		if !fits {
			continue
		}
		f.to, sent = to, add(sent, v)
		if len(f.txs) < maxShown/2 && !slices.Contains(f.txs, tx.ID) {
			f.txs = append(f.txs, tx.ID)
		}
	}
	least, fits := all.Share(int64(b.Forward), int64(model.Certain))
	return f, fits && !f.to.IsZero() && sent >= least
}

// largest returns the address that a transaction pays most, and what share of all
// it pays.
func largest(tx *model.Tx) (model.Address, model.Probability) {
	var total model.Amount
	at := -1
	for i := range tx.Outputs {
		total = add(total, tx.Outputs[i].Value)
		if at < 0 || tx.Outputs[i].Value > tx.Outputs[at].Value {
			at = i
		}
	}
	if at < 0 || total <= 0 || !tx.Outputs[at].Owner.Ownable() {
		return model.Address{}, 0
	}
	part, ok := tx.Outputs[at].Value.Share(int64(model.Certain), int64(total))
	if !ok {
		return model.Address{}, 0
	}
	return tx.Outputs[at].Owner, model.Probability(part)
}

// fewSources reports whether an address is no service's or pool's, and few pay it.
// Where that cannot be told it is false.
func (b *build) fewSources(ctx context.Context, a model.Address) (bool, error) {
	if service.Of(b.t).Like(a) {
		return false, nil
	}
	if _, ok := b.clusters.Custodian(a, model.BlockRef{}); ok {
		return false, nil
	}
	if _, ok := depaddr.Of(b.t).Inferred(a); ok {
		return false, nil
	}
	for _, l := range b.clusters.LabelsOn(a) {
		if l.Category.Custodial() || l.Role == model.RoleAccount {
			return false, nil
		}
	}
	if id, ok := b.clusters.ID(a); ok && b.internal[b.clusters.ClusterOf(id)] {
		return false, nil
	}
	if !b.t.Can(sources.History) {
		b.t.Note("addresses that several wallets forward to: without histories it is not known how many sources they have, so that nobody is joined by them", 1)
		return false, nil
	}
	from := map[model.Address]bool{}
	unknown, read := 0, 0
	for tx, err := range b.t.History(ctx, a, sources.Range{}) {
		switch {
		case errors.Is(err, sources.ErrNotFound):
			continue
		case err != nil:
			return false, err
		}
		if read++; read > b.MaxHistory {
			return false, nil
		}
		if !slices.ContainsFunc(tx.Outputs, func(o model.Output) bool { return o.Owner == a }) {
			continue
		}
		for i := range tx.Inputs {
			if in := &tx.Inputs[i]; in.OwnerBy == model.OwnerUnknown {
				unknown++
			} else {
				from[in.Owner] = true
			}
		}
		if len(from)+unknown > b.MaxSources {
			return false, nil
		}
	}
	return true, nil
}
