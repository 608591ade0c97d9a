package trail

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

// Payers is what is known of who signs a transaction.
type Payers struct {
	// By says for each input whose it is, without what the transaction itself
	// would join; the zero value where it is no actor's. It is nil where none
	// is.
	By []actor.Attribution
	// Actors holds every actor among the inputs once, with the most confident
	// attribution, the most confident first.
	Actors []actor.Attribution
	// Accounts holds the actors to whom labels give inputs without giving them
	// the key, each once: a custodian may have paid for anybody.
	Accounts []actor.Attribution
	// Several says why several parties may have signed; empty where nothing
	// speaks for that. Payjoin is true where the only reason is the shape of a
	// payjoin.
	Several string
	Payjoin bool
	// Unowned counts the inputs without a known owner.
	Unowned int
}

// Is reports whether an input is the actor's.
func (r *Payers) Is(vin int) bool { return r.By != nil && r.By[vin].Entity != "" }

func payers(ctx context.Context, pass *heuristics.Pass, tx *model.Tx) (Payers, error) {
	var r Payers
	own := actor.Of(pass)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown {
			r.Unowned++
			continue
		}
		a, ok := own.OwnWithout(tx.ID, in.Owner, tx.Block)
		if !ok {
			if a, ok := own.Account(in.Owner, tx.Block); ok {
				r.Accounts = each(r.Accounts, a)
			}
			continue
		}
		if r.By == nil {
			r.By = make([]actor.Attribution, len(tx.Inputs))
		}
		r.By[i] = a
		r.Actors = each(r.Actors, a)
	}
	for _, as := range [...][]actor.Attribution{r.Actors, r.Accounts} {
		slices.SortStableFunc(as, func(a, b actor.Attribution) int {
			return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), strings.Compare(a.Entity, b.Entity))
		})
	}
	v, err := shape.Of(ctx, pass, tx.ID)
	if err != nil {
		return r, err
	}
	switch skip, skipped := cluster.Of(pass).Skipped(tx.ID); {
	case v.Kind == shape.Premix && len(tx.Inputs) == 1 && !tx.SignedInParts():
		// The preparation of a CoinJoin, by whoever holds the one coin.
	case v.SkipUnion:
		r.Several = "it may be collaborative: " + v.Kind.String()
	case skipped:
		r.Several, r.Payjoin = text(skip.Reason), skip.Reason == cluster.Payjoin
	case tx.SignedInParts():
		r.Several = text(cluster.Signatures)
	case len(tx.Inputs) > 1:
		// The scope of the clusters may not hold the transaction.
		if why, _ := cluster.Veto(tx, cluster.DefaultParams(), shape.ParamsOf(pass)); why != "" {
			r.Several, r.Payjoin = text(why), why == cluster.Payjoin
		}
	}
	return r, nil
}

// each adds an attribution, once for each entity: the most confident one.
func each(as []actor.Attribution, a actor.Attribution) []actor.Attribution {
	i := slices.IndexFunc(as, func(b actor.Attribution) bool { return model.SameEntity(a.Entity, b.Entity) })
	switch {
	case i < 0:
		return append(as, a)
	case a.Confidence > as[i].Confidence:
		as[i] = a
	}
	return as
}

// text says a reason not to join inputs as a reader would.
func text(r cluster.Reason) string {
	switch r {
	case cluster.Signatures:
		return "a signature leaves part of it to others"
	case cluster.Payjoin:
		return "it may be a payjoin"
	case cluster.LabelConflict:
		return "labels give its inputs to different holders"
	}
	return "it may be of several parties: " + words.Slug(r)
}
