package depaddr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// ExpandOptions are the settings of [Expand]. The zero value is useful.
type ExpandOptions struct {
	// Params are the numbers of the inference; nil means [DefaultParams].
	Params *Params
	// Label says what is known of the seed, beside what the sources' labels
	// say. Only Entity need be set: the category is custodian, the role
	// deposit, the method stated and the confidence 0.9 if not. Without any
	// label for the seed, it is taken for a deposit address of an operator
	// without a name.
	Label model.Label
	// Lookups bounds the transactions that are read, Addresses the addresses
	// whose histories are, and History the transactions of one address; 0
	// means the defaults.
	Lookups   int64
	Addresses int
	History   int
	// Depth bounds the rounds: the first reads the seed, each further one what
	// the last showed to matter. 0 means DefaultDepth.
	Depth int
}

// Defaults of [ExpandOptions].
const (
	DefaultLookups   = 5_000
	DefaultAddresses = 1_000
	DefaultHistory   = 1_000
	DefaultDepth     = 16
)

// Expansion is what one address shows of its operator.
type Expansion struct {
	Seed model.Label `json:"seed"`
	// Inferred are the addresses inferred to be the operator's, sorted, the
	// collectors among them. Those by behaviour and the collectors are there
	// only where the histories that decide were read to the end; an address
	// by co-spending of which that is not so has no role.
	Inferred []Inference `json:"inferred"`
	// Cut lists the addresses whose histories would have mattered and were
	// not read to the end, with the reason, sorted.
	Cut []Cut `json:"cut,omitempty"`
	// Unseen says what else was not seen, and what that costs.
	Unseen []string `json:"unseen"`
	// What was read, and in how many rounds: the addresses whose histories were
	// asked for, the different transactions in them, and the look-ups, which
	// count a transaction each time that a history shows it, and a history
	// without any once.
	Addresses int   `json:"addresses"`
	Txs       int   `json:"txs"`
	Lookups   int64 `json:"lookups"`
	Rounds    int   `json:"rounds"`
}

// Cut is an address whose history was not read to the end.
type Cut struct {
	Address model.Address `json:"address"`
	Why     string        `json:"why"`
}

// Collectors returns the inferences of collectors, sorted by address.
func (e *Expansion) Collectors() []Inference {
	var out []Inference
	for i := range e.Inferred {
		if e.Inferred[i].Route == Collection {
			out = append(out, e.Inferred[i])
		}
	}
	return out
}

// Expand infers the addresses of an operator from one confirmed address, without
// a scan of the chain: it reads the history of the seed, then those of the
// addresses that sign with it, of what they are swept to, of what else is swept
// there, and so on, breadth first and in the order of the addresses, within the
// budgets. The rules are those of the index: on the transactions that both see,
// both infer the same.
//
// The sources must have histories; without them the error is of kind
// [sources.ErrUnavailable]. Labels are asked for where the sources have them, and
// transactions where a history leaves the owner of an input open. A history that
// cannot be read is no error unless it is the seed's; the result says so. A
// budget of the sources' own ends the expansion likewise, with what was found.
// The same sources and options give the same result.
func Expand(ctx context.Context, src sources.Set, net model.Network, seed model.Address, o ExpandOptions) (Expansion, error) {
	if src.History == nil {
		return Expansion{}, &sources.Error{Source: "depaddr", Op: "Expand", Key: "histories of addresses", Err: sources.ErrUnavailable}
	}
	if o.Lookups < 0 || o.Addresses < 0 || o.History < 0 || o.Depth < 0 {
		return Expansion{}, errors.New("depaddr: options must not be negative")
	}
	if seed.IsZero() || seed.Network() != net {
		return Expansion{}, fmt.Errorf("depaddr: seed %v is no address of %v", seed, net)
	}
	o.Lookups, o.Addresses = cmp.Or(o.Lookups, DefaultLookups), cmp.Or(o.Addresses, DefaultAddresses)
	o.History, o.Depth = cmp.Or(o.History, DefaultHistory), cmp.Or(o.Depth, DefaultDepth)
	e := &expander{
		src: src, net: net, o: o, p: DefaultParams(), chain: chain{txs: map[model.TxID]*model.Tx{}, known: map[model.Ref]bool{}},
		read: map[model.Address]bool{}, cut: map[model.Address]string{},
	}
	if o.Params != nil {
		e.p = *o.Params
	}
	if src.Blocks != nil {
		tip, err := src.Blocks.Tip(ctx)
		if err != nil && !errors.Is(err, sources.ErrNotFound) {
			return Expansion{}, fmt.Errorf("depaddr: tip of the chain: %w", err)
		}
		e.chain.tip = tip
	}
	if err := e.label(ctx, seed); err != nil {
		return Expansion{}, err
	}
	return e.run(ctx, seed)
}

// expander reads histories round by round.
type expander struct {
	src   sources.Set
	net   model.Network
	o     ExpandOptions
	p     Params
	chain chain
	seed  model.Label
	read  map[model.Address]bool   // to the end
	cut   map[model.Address]string // why not
	spent int64
	asked int    // histories
	ended string // why nothing more is read
	open  int    // inputs without a known owner
}

// label decides what the seed is: the best of the sources' labels that can serve,
// and what the caller states.
func (e *expander) label(ctx context.Context, seed model.Address) error {
	on := model.RefAddress(seed)
	l := e.o.Label
	if l.Entity != "" {
		l.On = on
		l.Category = cmp.Or(l.Category, model.Custodian)
		l.Role = cmp.Or(l.Role, model.RoleDeposit)
		l.Confidence = cmp.Or(l.Confidence, model.Percent(90))
		l.Method = cmp.Or(l.Method, model.MethodStated)
		l.Source = cmp.Or(l.Source, "stated")
		e.chain.labels = append(e.chain.labels, l)
	}
	if err := e.askLabels(ctx, []model.Ref{on}); err != nil {
		return err
	}
	b := builder{p: e.p}
	for i := range e.chain.labels {
		k := &e.chain.labels[i]
		if b.usable(k) && grows(k.Role) && (e.seed.On.IsZero() || k.Confidence > e.seed.Confidence) {
			e.seed = *k
		}
	}
	switch {
	case !e.seed.On.IsZero():
	case len(e.chain.labels) > 0:
		return fmt.Errorf("depaddr: no label of %s can serve as a seed: it must be a custodian's, not of the role account, with a confidence of %v or more", seed, e.p.LabelConfidence)
	default:
		e.seed = model.Label{
			On: on, Entity: "operator of " + seed.String(), Category: model.Custodian, Role: model.RoleDeposit,
			Method: model.MethodStated, Confidence: max(model.Percent(90), e.p.LabelConfidence), Source: "stated",
		}
		e.chain.labels = append(e.chain.labels, e.seed)
	}
	return nil
}

// askLabels asks the sources for the labels of references not yet known.
func (e *expander) askLabels(ctx context.Context, refs []model.Ref) error {
	var on []model.Ref
	for _, r := range refs {
		if !e.chain.known[r] {
			e.chain.known[r] = true
			on = append(on, r)
		}
	}
	if e.src.Labels == nil || len(on) == 0 {
		return nil
	}
	slices.SortFunc(on, model.Ref.Compare)
	lists, err := e.src.Labels.Labels(ctx, on)
	if err != nil {
		return fmt.Errorf("depaddr: labels: %w", err)
	}
	for _, ls := range lists {
		for _, l := range ls {
			if len(l.Derivation) == 0 {
				e.chain.labels = append(e.chain.labels, l)
			}
		}
	}
	slices.SortFunc(e.chain.labels, func(a, b model.Label) int { return a.Compare(&b) })
	e.chain.labels = slices.CompactFunc(e.chain.labels, model.Label.Equal)
	return nil
}

func (e *expander) run(ctx context.Context, seed model.Address) (Expansion, error) {
	next := []model.Address{seed}
	var x *Index
	rounds := 0
	for {
		rounds++
		for _, a := range next {
			if err := e.history(ctx, a); err != nil {
				return Expansion{}, err
			}
			if e.cut[a] != "" && a == seed && e.ended == "" && len(e.chain.txs) == 0 {
				return Expansion{}, fmt.Errorf("depaddr: history of the seed %s: %s", seed, e.cut[a])
			}
		}
		v, err := e.infer(ctx)
		if err != nil {
			return Expansion{}, err
		}
		x = v.index
		next = slices.SortedFunc(maps.Keys(v.wants), model.Address.Compare)
		next = slices.DeleteFunc(next, func(a model.Address) bool { return e.cut[a] != "" })
		if len(next) == 0 || e.ended != "" {
			break
		}
		if rounds == e.o.Depth {
			e.ended = "budget of rounds spent"
			break
		}
	}
	for _, a := range next {
		e.cut[a] = cmp.Or(e.cut[a], e.ended)
	}
	return e.expansion(x, rounds), nil
}

// history reads the history of one address. The errors it returns end the
// expansion; others are kept as the reason why the address is cut.
func (e *expander) history(ctx context.Context, a model.Address) error {
	switch {
	case e.ended != "":
		e.cut[a] = e.ended
		return nil
	case e.asked == e.o.Addresses:
		e.ended = "budget of addresses spent"
		e.cut[a] = e.ended
		return nil
	}
	e.asked++
	n := 0
	for tx, err := range e.src.History.History(ctx, a, sources.Range{}) {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, sources.ErrReorg):
			return fmt.Errorf("depaddr: history of %s: %w", a, err)
		case errors.Is(err, sources.ErrBudget):
			e.ended = "budget of the sources spent"
			e.cut[a] = e.ended
			return nil
		case err != nil:
			e.spent++
			e.cut[a] = err.Error()
			return nil
		case n == e.o.History:
			e.cut[a] = fmt.Sprintf("its history has more than %d transactions", n)
			return nil
		case e.spent >= e.o.Lookups:
			e.ended = "budget of look-ups spent"
			e.cut[a] = e.ended
			return nil
		}
		n++
		e.spent++
		if tx == nil {
			e.cut[a] = "its history holds a transaction that is none"
			return nil
		}
		if e.chain.txs[tx.ID] != nil {
			continue
		}
		if tx, err = e.resolve(ctx, tx); err != nil {
			return err
		}
		e.chain.txs[tx.ID] = tx
	}
	if n == 0 {
		e.spent++
	}
	e.read[a] = true
	return nil
}

// resolve looks up the owners of inputs that a history leaves open, as far as
// the budget goes.
func (e *expander) resolve(ctx context.Context, tx *model.Tx) (*model.Tx, error) {
	var at []int
	var ids []model.TxID
	if !tx.Coinbase() {
		for i := range tx.Inputs {
			if tx.Inputs[i].OwnerBy == model.OwnerUnknown {
				at = append(at, i)
				ids = append(ids, tx.Inputs[i].Prev.Tx)
			}
		}
	}
	if len(at) == 0 || e.src.Txs == nil || e.spent+int64(len(ids)) > e.o.Lookups {
		e.open += len(at)
		return tx, nil
	}
	e.spent += int64(len(ids))
	prevs, err := e.src.Txs.Txs(ctx, ids)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if errors.Is(err, sources.ErrReorg) {
		return nil, fmt.Errorf("depaddr: spent transactions of %s: %w", tx.ID, err)
	}
	if err != nil || len(prevs) != len(ids) {
		e.open += len(at)
		return tx, nil
	}
	full := *tx
	full.Inputs = slices.Clone(tx.Inputs)
	for k, i := range at {
		in := &full.Inputs[i]
		if prevs[k] == nil || int(in.Prev.Vout) >= len(prevs[k].Outputs) || prevs[k].ID != in.Prev.Tx {
			e.open++
			continue
		}
		o := &prevs[k].Outputs[in.Prev.Vout]
		in.Value, in.ValueKnown, in.Owner, in.OwnerBy = o.Value, true, o.Owner, model.OwnerPrevout
	}
	return &full, nil
}

// infer builds the index of what was read.
func (e *expander) infer(ctx context.Context) (*view, error) {
	e.chain.order()
	if err := e.askLabels(ctx, e.chain.addresses()); err != nil {
		return nil, err
	}
	v := &view{
		read:  func(a model.Address) bool { return e.read[a] },
		wants: map[model.Address]bool{}, only: model.EntityKey(e.seed.Entity),
	}
	set := sources.Set{Blocks: &e.chain, Labels: &e.chain}
	eng, err := heuristics.New(set, []*heuristics.Heuristic{newHeuristic(e.p, v)}, heuristics.Options{Network: e.net, Workers: 1})
	if err != nil {
		return nil, err
	}
	_, err = eng.Open(ctx, heuristics.Scope{})
	return v, err
}

func (e *expander) expansion(x *Index, rounds int) Expansion {
	out := Expansion{
		Seed: e.seed, Inferred: []Inference{},
		Addresses: e.asked, Txs: len(e.chain.txs), Lookups: e.spent, Rounds: rounds,
		Unseen: []string{"addresses of the operator that neither sign with these, directly or through others, nor are swept where these are"},
	}
	for i := range x.all {
		if model.SameEntity(x.all[i].Seed.Entity, e.seed.Entity) {
			out.Inferred = append(out.Inferred, x.all[i])
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(e.cut), model.Address.Compare) {
		out.Cut = append(out.Cut, Cut{a, e.cut[a]})
	}
	add := func(n int, format string) {
		if n > 0 {
			out.Unseen = append(out.Unseen, fmt.Sprintf(format, n))
		}
	}
	add(len(e.cut), "histories that would matter and were not read to the end: %d; what they show may add addresses, and roles")
	add(x.counts.unconfirmed, "addresses or groups that may be the operator's, of which a history was not read: %d; they are not inferred")
	add(x.counts.conflicts, "labels from which nothing is inferred, because labels of their clusters name several parties: %d")
	add(e.open, "inputs of which the owner is not known: %d; they join nobody, and what spends them is no sweep")
	if x.counts.seeds == 0 && x.counts.conflicts == 0 {
		out.Unseen = append(out.Unseen, "any transaction of the seed: its history is empty")
	}
	out.Unseen = append(out.Unseen, "the histories of those who pay the addresses: two of them may be one party")
	return out
}

// chain serves the transactions that were read as if they were all there is.
type chain struct {
	txs     map[model.TxID]*model.Tx
	ordered []*model.Tx
	labels  []model.Label // sorted
	known   map[model.Ref]bool
	tip     model.BlockRef
}

// order sorts the transactions as on the ledger.
func (c *chain) order() {
	c.ordered = slices.SortedFunc(maps.Values(c.txs), func(a, b *model.Tx) int {
		return cmp.Or(a.Block.Compare(b.Block), slices.Compare(a.ID[:], b.ID[:]))
	})
}

// addresses lists what the transactions pay and spend.
func (c *chain) addresses() []model.Ref {
	var refs []model.Ref
	for _, tx := range c.ordered {
		for i := range tx.Inputs {
			if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown && !in.Owner.IsZero() {
				refs = append(refs, model.RefAddress(in.Owner))
			}
		}
		for i := range tx.Outputs {
			if o := &tx.Outputs[i]; o.Spendable() && !o.Owner.IsZero() {
				refs = append(refs, model.RefAddress(o.Owner))
			}
		}
	}
	return refs
}

// Tip returns the last block: that of the sources, else the last that was read.
func (c *chain) Tip(context.Context) (model.BlockRef, error) {
	if c.tip.Known != 0 {
		return c.tip, nil
	}
	for _, tx := range slices.Backward(c.ordered) {
		if tx.Block.Known != 0 {
			return tx.Block, nil
		}
	}
	return model.BlockRef{}, &sources.Error{Source: "depaddr", Op: "Tip", Err: sources.ErrNotFound}
}

// Blocks yields the transactions, each in a block of its own.
func (c *chain) Blocks(context.Context, sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		for _, tx := range c.ordered {
			ref := tx.Block
			ref.Pos, ref.Known = 0, ref.Known&^model.KnownPos
			if !yield(&model.Block{Ref: ref, Txs: []*model.Tx{tx}}, nil) {
				return
			}
		}
	}
}

// Labels returns the labels that are known of what was read.
func (c *chain) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for i, r := range on {
		for _, l := range c.labels {
			if l.On == r {
				out[i] = append(out[i], l)
			}
		}
	}
	return out, nil
}

// Find yields them by category.
func (c *chain) Find(_ context.Context, k model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) {
		for _, l := range c.labels {
			if (k == "" || l.Category == k) && !yield(l, nil) {
				return
			}
		}
	}
}
