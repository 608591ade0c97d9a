package depaddr

import (
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// cospent infers the addresses that sign together with a seed.
func (b *builder) cospent(i uint32, op *custody) {
	b.depositsOf(i, op) // again: what a collector pays comes from the operator
	ids := make([]uint32, 0, len(op.reached))
	for id := range op.reached {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		r := op.reached[id]
		if r.hops == 0 {
			continue
		}
		seed := op.seeds[r.seed].Label
		a := b.x.At(id)
		f := Inference{
			Address: a, Route: CoSpend, Seed: seed, Hops: r.hops,
			Score: model.Product(0, "", labelFactor(&seed),
				model.Factor{Name: "an address that signs together with the labelled one, directly or through others, is the same operator's", Given: b.p.Inferred, Probability: b.p.Inferred}),
		}
		if b.says(a, &f) {
			continue
		}
		var links []uint32
		for _, pair := range b.f.spendsOf(id) {
			m := uint32(pair)
			if v := &b.f.moves[m]; v.payer == b.x.ClusterOf(id) && valid(&seed, v) && v.signers > 1 {
				links = append(links, m)
			}
		}
		b.sweeps(&f, links)
		role := model.Role("")
		f.Reason = "signs together with the labelled address"
		if r.hops > 1 {
			f.Reason = fmt.Sprintf("signs together with the labelled address through %d transactions", r.hops)
		}
		if op.deposits[id] {
			role = model.RoleDeposit
			f.Reason += "; paid from outside the service and spent by sweeps alone"
		}
		f.Label = b.derive(&f, role)
		op.found = append(op.found, f)
	}
}

// says reports whether a label on the address says as much already.
func (b *builder) says(a model.Address, f *Inference) bool {
	for _, l := range b.x.LabelsOn(a) {
		if l.Category.Custodial() && l.Role != model.RoleAccount && model.SameEntity(l.Entity, f.Seed.Entity) && l.Confidence >= f.Score.Probability {
			return true
		}
	}
	return false
}

// sweeps counts the transactions that link the address and keeps the first.
func (b *builder) sweeps(f *Inference, ms []uint32) {
	f.Sweeps = len(ms)
	for _, m := range ms[:min(len(ms), b.p.MaxSweeps)] {
		s := Sweep{Tx: b.f.moves[m].tx, Block: b.f.moves[m].block, Addresses: b.f.moves[m].signers}
		if z := b.f.single(m); z != none {
			s.To = b.x.At(z)
		}
		f.First = append(f.First, s)
	}
}

// derive makes the label of an inference.
func (b *builder) derive(f *Inference, role model.Role) model.Label {
	l := model.Label{
		On: model.RefAddress(f.Address), Entity: f.Seed.Entity, Category: f.Seed.Category, Role: role,
		Confidence: f.Score.Probability, Source: "depaddr",
		Detail: fmt.Sprintf("same operator as %s: %s", f.Seed.On, f.Reason),
		From:   f.Seed.From, To: f.Seed.To,
		Derivation: []string{
			"depaddr", "route: " + string(f.Route),
			fmt.Sprintf("label: %s %q %s %s %s %q", f.Seed.On, f.Seed.Entity, f.Seed.Category, f.Seed.Role, f.Seed.Confidence, f.Seed.Source),
		},
	}
	if !f.Through.IsZero() {
		l.Derivation = append(l.Derivation, model.RefAddress(f.Through).String())
	}
	for _, s := range f.First {
		l.Derivation = append(l.Derivation, model.RefTx(s.Tx).String())
	}
	if n := f.Sweeps - len(f.First); n > 0 {
		l.Derivation = append(l.Derivation, fmt.Sprintf("and %s not listed", words.Plural(n, "transaction")))
	}
	return l
}

func labelFactor(l *model.Label) model.Factor {
	return model.Factor{Name: "the label of the seed is right", Given: model.Certain, Probability: l.Confidence}
}
