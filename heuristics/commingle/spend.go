package commingle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/heuristics/payout"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/heuristics/trail"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// transaction looks at what one transaction spends together: C1 and received
// coins. It also asks for the addresses that it touches and that a pass of their
// own is to be about.
func (r *rule) transaction(ctx context.Context, pass *heuristics.Pass, x *Index) (*Commingling, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	r.visit(pass, x, tx)
	if known, ok := x.alike[tx.ID]; ok {
		pass.Note("dust paid by a "+lookAlike(known), 1)
	}
	if tx.Coinbase() || len(tx.Inputs) < 2 || r.plain(pass, x, tx) {
		return nil, heuristics.ErrSkip
	}
	c := &Commingling{Kind: Kind, Tx: tx.ID, Coins: make([]Coin, len(tx.Inputs))}
	r.inputs(pass, x, tx, c)
	// The actor's own coins are found by address alone, so they come first:
	// few transactions have any.
	own, err := r.own(ctx, pass, tx, c)
	switch {
	case err != nil:
		return nil, err
	case own:
		err = r.together(ctx, pass, tx, c)
	default:
		c.Kind = KindReceived
		err = r.received(ctx, pass, x, tx, c)
	}
	if err != nil {
		return nil, err
	}
	f, err := r.spent(ctx, pass, tx, c)
	if err != nil {
		return nil, err
	}
	c.complete(&f)
	pass.Grade(&f, r.grounds(pass, c))
	pass.Report(f)
	return c, nil
}

// plain reports whether the scope shows that a transaction spends nothing of an
// actor's: nearly all end here, before anything is made of them.
func (r *rule) plain(pass *heuristics.Pass, x *Index, tx *model.Tx) bool {
	if !x.holds(pass.Scope(), tx.Block) {
		return false
	}
	actors := actor.Of(pass)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if _, reached := x.reach[in.Prev.Tx]; reached {
			return false
		}
		if in.ValueKnown && in.Value < r.MinSat {
			if _, ok := x.alike[in.Prev.Tx]; ok {
				return false // to be noted
			}
		}
		if in.OwnerBy != model.OwnerUnknown {
			if _, own := actors.Own(in.Owner, tx.Block); own {
				return false
			}
		}
	}
	return true
}

// visit asks for passes about the addresses that a transaction pays or spends,
// where both classes of coins may be. Where the scope does not hold the
// transaction, it asks for those that an actor pays from its own address.
func (r *rule) visit(pass *heuristics.Pass, x *Index, tx *model.Tx) {
	look := func(a model.Address) {
		if g, on := x.subject(a); g != nil {
			pass.Visit(model.RefAddress(on))
		}
	}
	if x.holds(pass.Scope(), tx.Block) {
		if len(x.groups) == 0 {
			return
		}
		for _, g := range x.places[tx.ID] {
			look(x.clusters.At(x.groups[g].id))
		}
		for i := range tx.Outputs {
			look(tx.Outputs[i].Owner)
		}
		for i := range tx.Inputs {
			if tx.Inputs[i].OwnerBy != model.OwnerUnknown {
				look(tx.Inputs[i].Owner)
			}
		}
		return
	}
	if tx.Coinbase() || !pass.Can(sources.History) {
		return
	}
	own := actor.Of(pass)
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown {
			continue
		}
		if a, ok := own.Own(in.Owner, tx.Block); !ok || a.Via != actor.ByLabel {
			continue
		}
		for j := range tx.Outputs {
			if o := &tx.Outputs[j]; o.Owner.Ownable() && o.Value > 0 {
				pass.Visit(model.RefAddress(o.Owner))
			}
		}
		return
	}
}

// inputs lists the coins that a transaction spends.
func (r *rule) inputs(pass *heuristics.Pass, x *Index, tx *model.Tx, c *Commingling) {
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		coin := &c.Coins[i]
		*coin = Coin{Vin: i, By: tx.ID, Source: in.Prev, Value: in.Value, Known: in.ValueKnown, Block: tx.Block}
		if in.OwnerBy != model.OwnerUnknown {
			coin.Address = in.Owner
		}
		if in.ValueKnown && in.Value < r.MinSat {
			coin.Class, coin.Alike = Dust, x.alike[in.Prev.Tx]
			if !coin.Alike.IsZero() {
				pass.Note("dust spent that was paid by a "+lookAlike(coin.Alike), 1)
			}
		}
	}
}

// own marks the coins at addresses that a label gives to an actor as its own.
// An address that is the actor's only by co-spending does not count here: this
// very transaction may be what joins it.
func (r *rule) own(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) (bool, error) {
	actors := actor.Of(pass)
	found := false
	for i := range c.Coins {
		coin := &c.Coins[i]
		if coin.Class == Dust || coin.Address.IsZero() {
			continue
		}
		a, ok := actors.Own(coin.Address, tx.Block)
		if !ok || a.Via != actor.ByLabel {
			continue
		}
		dust, err := r.dusting(ctx, pass, coin)
		if err != nil {
			return false, err
		}
		if dust {
			coin.Class = Dust
			continue
		}
		coin.Class, coin.Actor, found = Own, a, true
	}
	return found, nil
}

// together judges a transaction that spends an actor's own coins.
func (r *rule) together(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) error {
	why, err := r.guard(ctx, pass, tx, c)
	if err != nil {
		return err
	}
	if why != "" {
		pass.Note("attributed coins spent with others, left out: "+why, 1)
		return heuristics.ErrSkip
	}
	judged := slices.Clone(c.Coins)
	for i := range judged {
		if judged[i].Class == Own {
			judged[i].Class = Other
		}
	}
	if _, err := r.mined(ctx, pass, judged); err != nil {
		return err
	}
	kept := r.receipts(c.Coins, judged)
	pass.Note("receipt of mining at an actor's own address, spent with no other coins of the actor: counted as the actor's, not as mined", kept)
	if c.count(Mined) == 0 || !c.settle(&r.Params) || !r.material(c) {
		return heuristics.ErrSkip
	}
	return nil
}

// receipts marks the mined coins, given what each coin is if labels of actors are
// left out of account. An actor's own coin that is a receipt of mining is mined
// where one transaction spends it with enough of the same actor's that are none;
// otherwise it is the actor's, and counted in what is returned.
func (r *rule) receipts(coins, judged []Coin) (kept int) {
	type side struct {
		tx    model.TxID
		actor string
	}
	plain, whole := map[side]model.Amount{}, map[model.TxID]model.Amount{}
	add := func(v, w model.Amount) model.Amount {
		if sum, fits := v.Add(w); fits {
			return sum
		}
		return v
	}
	of := func(c *Coin) side { return side{c.By, model.EntityKey(c.Actor.Entity)} }
	for i := range coins {
		c := &coins[i]
		whole[c.By] = add(whole[c.By], c.Value)
		if c.Class == Own && judged[i].Class != Mined {
			plain[of(c)] = add(plain[of(c)], c.Value)
		}
	}
	for i := range coins {
		c, j := &coins[i], &judged[i]
		if j.Class != Mined {
			continue
		}
		if c.Class == Own && !r.enough(plain[of(c)], whole[c.By]) {
			kept++
			continue
		}
		c.Class, c.Pool, c.Mining, c.Payout = Mined, j.Pool, j.Mining, j.Payout
	}
	return kept
}

// received judges a transaction without such coins: whether it spends coins that
// came from an actor.
func (r *rule) received(ctx context.Context, pass *heuristics.Pass, x *Index, tx *model.Tx, c *Commingling) error {
	held := x.holds(pass.Scope(), tx.Block)
	may := func(coin *Coin) bool {
		if coin.Class != Other || coin.Address.IsZero() {
			return false
		}
		_, reached := x.reach[coin.Source.Tx]
		return reached || !held
	}
	if !slices.ContainsFunc(c.Coins, func(coin Coin) bool { return may(&coin) }) {
		return heuristics.ErrSkip
	}
	mined, err := r.mined(ctx, pass, c.Coins)
	if err != nil {
		return err
	}
	if !mined {
		return heuristics.ErrSkip
	}
	actors := actor.Of(pass)
	found := false
	for i := range c.Coins {
		coin := &c.Coins[i]
		if !may(coin) {
			continue
		}
		_, own := actors.Own(coin.Address, tx.Block)
		if own || labelledActor(cluster.Of(pass).Labels(coin.Address)) {
			// Joined to the actor's own by other co-spends, which is a matter
			// of C2, or by a label that does not count as one of a key.
			pass.Note("coins at an address that labels or co-spends join to an actor, spent with mined ones: not counted as received", 1)
			return heuristics.ErrSkip
		}
		ok, err := r.came(ctx, pass, coin)
		if err != nil {
			return err
		}
		found = found || ok
	}
	if !found {
		return heuristics.ErrSkip
	}
	why, err := r.guard(ctx, pass, tx, c)
	if err != nil {
		return err
	}
	if why != "" {
		pass.Note("coins from an actor spent with mined ones, left out: "+why, 1)
		return heuristics.ErrSkip
	}
	if !c.settle(&r.Params) || !r.material(c) {
		return heuristics.ErrSkip
	}
	return nil
}

// labelledActor reports whether a label is an actor's, whatever it is worth.
func labelledActor(ls []model.Label) bool {
	return slices.ContainsFunc(ls, func(l model.Label) bool { return l.Category == model.Actor })
}

// came marks a coin that came from an actor, or that is dust.
func (r *rule) came(ctx context.Context, pass *heuristics.Pass, coin *Coin) (bool, error) {
	t, err := trail.Of(ctx, pass, coin.Source.Tx, r.Hops)
	switch {
	case errors.Is(err, heuristics.ErrSkip), errors.Is(err, sources.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	dust, err := r.dusting(ctx, pass, coin)
	if err != nil {
		return false, err
	}
	if dust || coin.Known && coin.Value < r.MinSat {
		coin.Class, coin.Trail = Dust, t
		return false, nil
	}
	coin.Class, coin.Trail = Received, t
	return true, nil
}

// guard says why nothing may be concluded from the transaction, if so, and keeps
// what only makes it less sure.
func (r *rule) guard(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Commingling) (why string, err error) {
	v, err := shape.Of(ctx, pass, tx.ID)
	if err != nil {
		return "", err
	}
	if v.SkipUnion {
		return "may be a coinjoin", nil
	}
	clusters := cluster.Of(pass)
	if skip, ok := clusters.Skipped(tx.ID); ok {
		return fmt.Sprint(skip.Reason), nil
	}
	if tx.SignedInParts() {
		return "signed in parts, as two parties do", nil
	}
	// The scope of the clusters may not hold the transaction.
	if why, _ := cluster.Veto(tx, cluster.DefaultParams(), shape.ParamsOf(pass)); why != "" {
		return fmt.Sprint(why), nil
	}
	var as []model.Address
	listed := map[model.Address]bool{}
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && !listed[in.Owner] {
			listed[in.Owner] = true
			as = append(as, in.Owner)
		}
	}
	// Whether a cluster behaves like a service is not known where the scope does
	// not hold it. Then the form of a sweep is reason enough.
	if len(tx.Outputs) == 1 && untested(clusters, as) > 0 {
		swept, err := r.swept(ctx, pass, tx, len(as))
		if err != nil {
			return "", err
		}
		if swept {
			return "has the form of a service's sweep, and the scope does not tell whether it is one", nil
		}
	}
	why, c.doubts, err = r.custody(ctx, pass, as, tx.Block)
	return why, err
}

// swept reports whether a transaction of one output, which spends so many
// addresses, has the form of a sweep: by their number, or because the output is a
// custodian's own wallet by label.
func (r *rule) swept(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, addresses int) (bool, error) {
	if addresses >= r.Sweep {
		return true, nil
	}
	ls, err := pass.Labels(ctx, model.RefAddress(tx.Outputs[0].Owner))
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(ls[0], func(l model.Label) bool {
		return cluster.Custodial(&l, r.Custodian, tx.Block) && ownWallet(l.Role)
	}), nil
}

// ownWallet reports whether a custodian's address of the role is not a customer's.
func ownWallet(role model.Role) bool {
	switch role {
	case model.RoleHot, model.RoleCold, model.RolePayout, model.RoleCollector, model.RoleCoinbase:
		return true
	}
	return false
}

// untested counts the addresses that the scope does not hold, so that it is not
// known how their clusters behave.
func untested(clusters *cluster.Index, as []model.Address) int {
	n := 0
	for _, a := range as {
		if _, ok := clusters.ID(a); !ok && !a.IsZero() {
			n++
		}
	}
	return n
}

// custody says why the keys of addresses, or of their clusters, may be held for
// others; empty where nothing says so. Labels that say so with less confidence than
// counts are the doubts.
func (r *rule) custody(ctx context.Context, pass *heuristics.Pass, as []model.Address, at model.BlockRef) (why string, doubts []model.Label, err error) {
	refs := make([]model.Ref, len(as))
	for i, a := range as {
		refs[i] = model.RefAddress(a)
	}
	// Labels that indexes derived are on addresses only.
	direct, err := pass.Labels(ctx, refs...)
	if err != nil {
		return "", nil, err
	}
	judge := func(ls []model.Label) string {
		for i := range ls {
			switch l := &ls[i]; {
			case l.Role == model.RoleAccount && l.Confidence >= r.Custodian:
				return "an address is in a wallet that holds an account, by label"
			case cluster.Custodial(l, r.Custodian, at):
				return "an address is a custodian's by label"
			case l.Role == model.RoleAccount || cluster.Custodial(l, 0, at):
				doubts = append(doubts, *l)
			}
		}
		return ""
	}
	services, clusters := service.Of(pass), cluster.Of(pass)
	seen := map[uint32]bool{}
	for i, a := range as {
		if why := judge(direct[i]); why != "" {
			return why, nil, nil
		}
		// The labels of a cluster are those of all its addresses.
		if id, ok := clusters.ID(a); ok {
			c := clusters.ClusterOf(id)
			if seen[c] {
				continue
			}
			seen[c] = true
			if why := judge(clusters.LabelsOf(c)); why != "" {
				return why, nil, nil
			}
		}
		if services.Like(a) {
			return "an address is of a cluster that behaves like a service", nil, nil
		}
	}
	slices.SortFunc(doubts, func(a, b model.Label) int { return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), a.Compare(&b)) })
	doubts = slices.CompactFunc(doubts, model.Label.Equal)
	return "", doubts[:min(len(doubts), maxLabels)], nil
}

// mined marks the coins that a pool or a coinbase paid to a miner: to anybody, be
// it a service's customer. Whether a service holds the key is for [rule.custody] to
// say: a payout takes a payee for a service's by labels of any confidence.
func (r *rule) mined(ctx context.Context, pass *heuristics.Pass, coins []Coin) (bool, error) {
	var ids []model.TxID
	seen := map[model.TxID]bool{}
	for i := range coins {
		if id := coins[i].Source.Tx; coins[i].Class == Other && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	paid := map[model.TxID]*payout.Candidacy{}
	for _, id := range ids {
		cand, err := payout.CandidateOf(ctx, pass, id, payout.MaxHops)
		switch {
		case errors.Is(err, heuristics.ErrSkip):
		case errors.Is(err, sources.ErrNotFound):
			pass.Note("where an input comes from is not known", 1)
		case err != nil:
			return false, err
		default:
			paid[id] = cand
		}
	}
	found := false
	for i := range coins {
		coin := &coins[i]
		cand := paid[coin.Source.Tx]
		if cand == nil || coin.Class != Other {
			continue
		}
		ok, pool, prob := cand.MemberReceipt(coin.Source.Vout)
		if v := coin.Source.Vout; !ok && cand.Accepted && uint64(v) < uint64(len(cand.Receipts)) && cand.Receipts[v].Class == payout.Service {
			ok, pool, prob = true, cand.Payer.Pool, cand.Score.Probability
		}
		if !ok || prob < r.MinPayout {
			continue
		}
		coin.Class, coin.Pool, coin.Mining, coin.Payout, found = Mined, pool, prob, cand, true
	}
	return found, nil
}
