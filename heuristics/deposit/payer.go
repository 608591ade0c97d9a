package deposit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// payer is what is known of who paid. It is made once for a transaction, however
// many outputs that has.
type payer struct {
	*trail.Search
	Claim trail.Claim
	tx    *model.Tx
	lacks string       // why the search for trails was cut short; empty if it was not
	paid  model.Amount // what the transaction pays to services

	addresses []model.Address            // of the inputs, sorted
	wallets   map[model.Address]struct{} // the clusters of those
	entities  map[string]struct{}        // that labels name as holders of inputs
	many      bool                       // an input is of a cluster that looks like a service's

	clusters []uint32            // numbers of the wallets; nil until asked for
	receipts map[string][]Return // by the service's and the payer's keys
	items    []model.Item        // the inputs, as evidence; nil until asked for
	money    map[model.Amount]model.Money
}

func (p *rule) payer(ctx context.Context, pass *heuristics.Pass, tx *model.Tx) (*payer, error) {
	r := &payer{
		tx: tx, wallets: map[model.Address]struct{}{}, entities: map[string]struct{}{},
		receipts: map[string][]Return{}, money: map[model.Amount]model.Money{},
	}
	var err error
	if r.Search, err = trail.SearchOf(ctx, pass, tx.ID, p.Hops); errors.Is(err, sources.ErrUnavailable) {
		// The inputs alone tell more than nothing.
		if r.Search, err = trail.SearchOf(ctx, pass, tx.ID, 0); err == nil {
			r.lack(pass)
		}
	}
	if err != nil {
		return nil, err
	}
	for i := range tx.Inputs {
		if tx.Inputs[i].OwnerBy != model.OwnerUnknown {
			r.addresses = append(r.addresses, tx.Inputs[i].Owner)
		}
	}
	slices.SortFunc(r.addresses, model.Address.Compare)
	r.addresses = slices.Compact(r.addresses)
	refs := make([]model.Ref, len(r.addresses))
	for i, a := range r.addresses {
		refs[i] = model.RefAddress(a)
	}
	labels, err := pass.Labels(ctx, refs...)
	if err != nil {
		return nil, err
	}
	clusters, services := cluster.Of(pass), service.Of(pass)
	for i, a := range r.addresses {
		r.many = r.many || services.Like(a)
		r.holds(labels[i])
		root := clusters.Root(a)
		if _, seen := r.wallets[root]; !seen {
			r.wallets[root] = struct{}{}
			r.holds(clusters.Labels(a))
		}
	}
	return r, nil
}

// holds keeps who holds an address by its labels. Whose account it is says nothing
// about that.
func (r *payer) holds(ls []model.Label) {
	for i := range ls {
		if ls[i].Role != model.RoleAccount {
			r.entities[model.EntityKey(ls[i].Entity)] = struct{}{}
		}
	}
}

// is reports whether an input belongs to the payee: by cluster, or by entity.
func (r *payer) is(pass *heuristics.Pass, payee model.Address, ls []model.Label) bool {
	if _, ok := r.wallets[cluster.Of(pass).Root(payee)]; ok {
		return true
	}
	return slices.ContainsFunc(ls, func(l model.Label) bool {
		_, ok := r.entities[model.EntityKey(l.Entity)]
		return ok && l.Role != model.RoleAccount
	})
}

func (r *payer) lack(pass *heuristics.Pass) {
	r.lacks = "a source could not be asked for the transactions that paid the inputs"
	pass.Note("where the inputs come from: "+r.lacks, 1)
}

// claim says who may be said to have paid the amount, which is that of all outputs
// to services: coins that cover each alone may not cover two. In a payjoin the
// payee spends as well, and the other output is the payer's change. The payees here
// spend nothing, and a service's address is nobody's change.
func (r *payer) claim(ctx context.Context, pass *heuristics.Pass, hops int, v model.Amount) (trail.Claim, error) {
	r.Claim = r.Search.Payer(v)
	if len(r.Holdings) == 0 || r.Claim.Trail != nil && !r.Claim.Partly && !r.Claim.Unvalued || r.lacks != "" {
		return r.Claim, nil
	}
	s, err := trail.Beside(ctx, pass, r.tx, r.Search, hops)
	switch {
	case errors.Is(err, sources.ErrUnavailable):
		r.lack(pass)
		return r.Claim, nil
	case err != nil:
		return r.Claim, err
	}
	r.Search = s
	r.Claim = s.Payer(v)
	return r.Claim, nil
}

// worth returns an amount at the time of the transaction.
func (f *found) worth(ctx context.Context, v model.Amount) (model.Money, error) {
	m, ok := f.r.money[v]
	if ok {
		return m, nil
	}
	m, err := f.pass.Money(ctx, v, f.tx.Block)
	if err == nil {
		f.r.money[v] = m
	}
	return m, err
}

// inputs lists the first inputs, those of actors before the others.
func (f *found) inputs(ctx context.Context) ([]model.Item, error) {
	r, tx := f.r, f.tx
	if r.items != nil {
		return r.items, nil
	}
	var order []int
	for _, named := range [...]bool{true, false} {
		for i := 0; i < len(tx.Inputs) && len(order) < f.MaxInputs; i++ {
			if (r.Payers.Is(i) || r.Whose(i) != "") == named {
				order = append(order, i)
			}
		}
	}
	slices.Sort(order)
	for _, i := range order {
		in := &tx.Inputs[i]
		it := model.Item{On: model.RefInpoint(tx.Inpoint(i)), Role: "input", Address: in.Owner, Block: tx.Block}
		dust := in.ValueKnown && in.Value < f.MinSat
		switch {
		case in.OwnerBy == model.OwnerUnknown:
			it.Note = "owner unknown"
		case r.Payers.Is(i):
			it.Role = "payer"
			it.Note = fmt.Sprintf("of %s, by %s", r.Payers.By[i].Entity, r.Payers.By[i].Via)
			if dust {
				it.Role, it.Note = "input", it.Note+"; dust, which says nothing about who paid"
			}
		case r.Whose(i) != "":
			it.Role = "payer"
			it.Note = fmt.Sprintf("holds coins on a trail from %s's own", r.Whose(i))
		case f.d.Hops() > 0 && !dust:
			it.Role = "payer"
			it.Note = fmt.Sprintf("holds coins on a trail from %s's own", f.d.Payer.Entity)
		}
		if in.OwnerBy == model.OwnerUnlocking {
			it.Note = strings.TrimPrefix(it.Note+"; owner inferred from what unlocks the input", "; ")
		}
		if in.ValueKnown {
			m, err := f.worth(ctx, in.Value)
			if err != nil {
				return nil, err
			}
			it.Value = &m
		}
		r.items = append(r.items, it)
	}
	return r.items, nil
}
