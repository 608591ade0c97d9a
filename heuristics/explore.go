package heuristics

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// ExploreOptions bound what [Explore] gathers. A zero field means its default.
type ExploreOptions struct {
	Network model.Network
	// Forward is how many transactions away from a seed coins are followed
	// onward; Back is how many transactions a receipt is followed to where it
	// comes from.
	Forward, Back int
	// MinValue is the least output that is followed.
	MinValue model.Amount
	// FanOut is the most outputs, and FanIn the most inputs, of a transaction
	// behind which the search goes on. What has more is gathered all the same.
	FanOut, FanIn int
	// History is the most transactions of one address that are read; a
	// busier address is cut there.
	History int
	// Range bounds heights. Transactions outside are not gathered.
	Range sources.Range
	// Lookups is the budget: each transaction, spend and element of a history
	// that is asked for counts one.
	Lookups int64
	// Stop says why the search should not go on behind a transaction, such as
	// that it is a coinjoin; "" lets it go on. Nil means that nothing else
	// stops it.
	Stop func(*model.Tx) string
	// Progress is called after each step; nil is allowed.
	Progress func(ExploreProgress)
}

// ExploreProgress says how far an exploration is.
type ExploreProgress struct {
	Txs     int   `json:"txs"`
	Waiting int   `json:"waiting"` // coins that are still to be followed
	Lookups int64 `json:"lookups"`
	Budget  int64 `json:"budget"`
}

// Defaults of [ExploreOptions].
const (
	DefaultForward  = 5
	DefaultBack     = 2
	DefaultMinValue = 20_001
	DefaultFanOut   = 30
	DefaultFanIn    = 50
	DefaultHistory  = 200
	DefaultExplore  = 2_000
)

func (o ExploreOptions) withDefaults() ExploreOptions {
	o.Forward = cmp.Or(o.Forward, DefaultForward)
	o.Back = cmp.Or(o.Back, DefaultBack)
	o.MinValue = cmp.Or(o.MinValue, DefaultMinValue)
	o.FanOut = cmp.Or(o.FanOut, DefaultFanOut)
	o.FanIn = cmp.Or(o.FanIn, DefaultFanIn)
	o.History = cmp.Or(o.History, DefaultHistory)
	o.Lookups = cmp.Or(o.Lookups, DefaultExplore)
	return o
}

// Explored is what [Explore] gathered: a scope without blocks. It is immutable
// and may be shared.
type Explored struct {
	// Txs are in ledger order, each once.
	Txs []*model.Tx
	// Cut lists where the search stopped short, in the order in which it did.
	Cut     []Cut
	Lookups int64
	// Failed counts the look-ups that the sources could not answer, but for
	// histories of busy addresses near the seeds. Each stands among the cuts;
	// coverage is incomplete where there are any.
	Failed int64
}

// Cut is a place behind which the search did not go.
type Cut struct {
	On  model.Ref `json:"on"`
	Why string    `json:"why"`
}

// Explore gathers the transactions around seeds: addresses, transactions or
// outputs. It reads the history of each seed, of the addresses that were spent
// together with one, and then follows coins best first, those of the largest
// value before others: onward, to where they were paid, for deposits, and back,
// to where they came from, for freshness. It does not go on behind labelled
// services, transactions with many outputs or inputs, or whatever Stop says; what
// was cut, by those or by the budget, stands in the result. The same sources and
// options give the same result.
//
// It needs Txs, and uses History and Spends where the sources have them; without
// History, seeds that are addresses cannot be explored and are cut.
func Explore(ctx context.Context, src sources.Set, seeds []model.Ref, o ExploreOptions) (*Explored, error) {
	if src.Txs == nil {
		return nil, &sources.Error{Source: "sources", Op: "Txs", Key: "no provider has this capability", Err: sources.ErrUnavailable}
	}
	x := &explorer{src: src, o: o.withDefaults(), got: map[model.TxID]*model.Tx{}, seen: map[step]bool{}, near: map[model.Address]bool{}}
	seeds = slices.Clone(seeds)
	slices.SortFunc(seeds, model.Ref.Compare)
	for _, s := range slices.Compact(seeds) {
		if err := x.seed(ctx, s); err != nil {
			return nil, err
		}
	}
	for x.queue.Len() > 0 {
		it := heap.Pop(&x.queue).(step)
		if err := x.told(ctx, model.RefOutpoint(it.out), x.follow(ctx, it)); err != nil {
			if !errors.Is(err, errExplored) {
				return nil, err
			}
			x.cutRest(it)
			break
		}
		if f := x.o.Progress; f != nil {
			f(ExploreProgress{len(x.got), x.queue.Len(), x.spent, x.o.Lookups})
		}
	}
	out := &Explored{Cut: x.cuts, Lookups: x.spent, Failed: x.failed}
	for _, tx := range x.got {
		out.Txs = append(out.Txs, tx)
	}
	ledgerOrder(out.Txs)
	return out, nil
}

// errExplored says that the budget of an exploration is spent.
var errExplored = errors.New("the budget of the exploration is spent")

// step is a coin to be followed.
type step struct {
	value model.Amount
	out   model.Outpoint
	hops  int  // that are left
	back  bool // to where it comes from; else to where it goes
}

// steps is a heap: the largest value first, then in the order of the outpoints.
type steps []step

func (s steps) Len() int      { return len(s) }
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s steps) Less(i, j int) bool {
	a, b := s[i], s[j]
	if a.value != b.value {
		return a.value > b.value
	}
	if a.hops != b.hops {
		return a.hops > b.hops
	}
	if a.back != b.back {
		return !a.back
	}
	return model.RefOutpoint(a.out).Compare(model.RefOutpoint(b.out)) < 0
}
func (s *steps) Push(v any) { *s = append(*s, v.(step)) }
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

type explorer struct {
	src   sources.Set
	o     ExploreOptions
	got   map[model.TxID]*model.Tx
	near  map[model.Address]bool // whose histories were read
	seen  map[step]bool          // steps taken, without value
	queue steps
	cuts  []Cut
	spent int64
	// failed counts questions that the sources could not answer.
	failed int64
}

// told turns the failure of one question into a cut: a server that refuses one
// question is no reason to ask no other. What ends the whole search stays an
// error.
func (x *explorer) told(ctx context.Context, on model.Ref, err error) error {
	if err == nil || ctx.Err() != nil || !errors.Is(err, sources.ErrUnavailable) {
		return err
	}
	x.failed++
	x.cut(on, "%v", err)
	return nil
}

func (x *explorer) cut(on model.Ref, format string, args ...any) {
	x.cuts = append(x.cuts, Cut{on, fmt.Sprintf(format, args...)})
}

// cutRest says what the budget left undone.
func (x *explorer) cutRest(it step) {
	x.cut(model.RefOutpoint(it.out), "%v after %d look-ups; %d more coins were waiting, of at most %v BTC", errExplored, x.spent, x.queue.Len(), it.value)
}

func (x *explorer) charge(n int) error {
	if x.spent+int64(n) > x.o.Lookups {
		return errExplored
	}
	x.spent += int64(n)
	return nil
}

// seed gathers around one seed.
func (x *explorer) seed(ctx context.Context, s model.Ref) error {
	switch s.Kind() {
	case model.KindAddress:
		a, _ := s.Address()
		return x.budgeted(s, x.address(ctx, a, true))
	case model.KindTx, model.KindOutpoint, model.KindInpoint:
		id, _ := s.Tx()
		tx, err := x.tx(ctx, id)
		if err != nil || tx == nil {
			return x.budgeted(s, x.told(ctx, s, err))
		}
		x.onward(ctx, tx, x.o.Forward)
		x.origins(tx, x.o.Back)
		return nil
	}
	x.cut(s, "a %v cannot be explored", s.Kind())
	return nil
}

// budgeted turns a spent budget into a cut.
func (x *explorer) budgeted(on model.Ref, err error) error {
	if errors.Is(err, errExplored) {
		x.cut(on, "%v", err)
		return nil
	}
	return err
}

// address reads the history of an address near the seeds. Where it is a seed,
// the addresses that were spent together with it are read as well.
func (x *explorer) address(ctx context.Context, a model.Address, seed bool) error {
	if x.near[a] || !a.Ownable() {
		return nil
	}
	x.near[a] = true
	if x.src.History == nil {
		x.cut(model.RefAddress(a), "no source has histories of addresses")
		return nil
	}
	if !seed {
		if who, err := x.service(ctx, a); err != nil || who != "" {
			if err == nil {
				x.cut(model.RefAddress(a), "an address of %s", who)
			}
			return err
		}
	}
	var txs []*model.Tx
	for tx, err := range x.src.History.History(ctx, a, x.o.Range) {
		if err != nil {
			// A server refuses busy addresses; that is no reason to stop, and
			// no failure either, unless the address is a seed.
			failed := x.failed
			if err := x.told(ctx, model.RefAddress(a), err); err != nil {
				return err
			}
			if !seed {
				x.failed = failed
			}
			break
		}
		if len(txs) == x.o.History {
			x.cut(model.RefAddress(a), "more than %d transactions", x.o.History)
			break
		}
		if err := x.charge(1); err != nil {
			return err
		}
		txs = append(txs, tx)
	}
	var together []model.Address
	for _, tx := range txs {
		x.got[tx.ID] = tx
		spends := false
		for i := range tx.Inputs {
			in := &tx.Inputs[i]
			spends = spends || in.OwnerBy != model.OwnerUnknown && in.Owner == a
		}
		if spends && x.why(tx) == "" {
			for i := range tx.Inputs {
				if in := &tx.Inputs[i]; seed && in.OwnerBy != model.OwnerUnknown && in.Owner != a {
					together = append(together, in.Owner)
				}
			}
		}
		if spends {
			x.onward(ctx, tx, x.o.Forward)
			continue
		}
		x.origins(tx, x.o.Back)
	}
	slices.SortFunc(together, model.Address.Compare)
	for _, b := range slices.Compact(together) {
		if err := x.address(ctx, b, false); err != nil {
			return err
		}
	}
	return nil
}

// why says why the search does not go on behind a transaction.
func (x *explorer) why(tx *model.Tx) string {
	switch {
	case len(tx.Outputs) > x.o.FanOut:
		return fmt.Sprintf("%d outputs", len(tx.Outputs))
	case len(tx.Inputs) > x.o.FanIn:
		return fmt.Sprintf("%d inputs", len(tx.Inputs))
	case x.o.Stop != nil:
		return x.o.Stop(tx)
	}
	return ""
}

// service returns the name of a custodial party that a label gives an address.
func (x *explorer) service(ctx context.Context, a model.Address) (string, error) {
	if x.src.Labels == nil {
		return "", nil
	}
	ls, err := x.src.Labels.Labels(ctx, []model.Ref{model.RefAddress(a)})
	if err != nil || len(ls) != 1 {
		return "", err
	}
	for _, l := range ls[0] {
		if l.Category.Custodial() {
			return l.Entity, nil
		}
	}
	return "", nil
}

// onward puts the outputs of a transaction on the queue.
func (x *explorer) onward(_ context.Context, tx *model.Tx, hops int) {
	if hops <= 0 {
		x.cut(model.RefTx(tx.ID), "%d transactions away from a seed", x.o.Forward)
		return
	}
	if why := x.why(tx); why != "" {
		x.cut(model.RefTx(tx.ID), "%s", why)
		return
	}
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Spendable() && o.Value >= x.o.MinValue {
			x.push(step{value: o.Value, out: tx.Outpoint(i), hops: hops})
		}
	}
}

// origins puts the inputs of a transaction on the queue.
func (x *explorer) origins(tx *model.Tx, hops int) {
	if hops <= 0 || tx.Coinbase() {
		return
	}
	if why := x.why(tx); why != "" && len(tx.Inputs) > x.o.FanIn {
		x.cut(model.RefTx(tx.ID), "%s", why)
		return
	}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.ValueKnown && in.Value < x.o.MinValue {
			continue
		}
		x.push(step{value: in.Value, out: in.Prev, hops: hops, back: true})
	}
}

func (x *explorer) push(s step) {
	key := step{out: s.out, back: s.back}
	if x.seen[key] {
		return
	}
	x.seen[key] = true
	heap.Push(&x.queue, s)
}

// follow takes one step.
func (x *explorer) follow(ctx context.Context, s step) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if s.back {
		tx, err := x.tx(ctx, s.out.Tx)
		if err == nil && tx != nil {
			x.origins(tx, s.hops-1)
		}
		return err
	}
	if x.src.Spends == nil {
		return nil
	}
	if err := x.charge(1); err != nil {
		return err
	}
	sp, err := x.src.Spends.Spenders(ctx, []model.Outpoint{s.out})
	if err != nil {
		return err
	}
	if len(sp) != 1 || sp[0].State == model.SpendUnknown {
		x.cut(model.RefOutpoint(s.out), "whether it was spent is not known")
		return nil
	}
	if sp[0].State != model.Spent {
		return nil
	}
	tx, err := x.tx(ctx, sp[0].By.Tx)
	if err != nil || tx == nil {
		return err
	}
	// A payment to a service ends there; the transaction by which the service
	// spends it is gathered, because a sweep tells whose address it was.
	if from := x.got[s.out.Tx]; from != nil && int(s.out.Vout) < len(from.Outputs) {
		who, err := x.service(ctx, from.Outputs[s.out.Vout].Owner)
		if err != nil {
			return err
		}
		if who != "" {
			x.cut(model.RefOutpoint(s.out), "paid to %s", who)
			return nil
		}
	}
	x.onward(ctx, tx, s.hops-1)
	return nil
}

// tx gathers one transaction; nil where the source does not know it or it is
// out of range.
func (x *explorer) tx(ctx context.Context, id model.TxID) (*model.Tx, error) {
	if tx, ok := x.got[id]; ok {
		return tx, nil
	}
	if err := x.charge(1); err != nil {
		return nil, err
	}
	txs, err := x.src.Txs.Txs(ctx, []model.TxID{id})
	if err != nil {
		return nil, err
	}
	if len(txs) != 1 || txs[0] == nil {
		x.cut(model.RefTx(id), "no source knows it")
		return nil, nil
	}
	if b := txs[0].Block; !x.o.Range.All() && (!b.Has(model.KnownHeight) || !x.o.Range.Contains(b.Height)) {
		x.cut(model.RefTx(id), "outside the heights looked at")
		return nil, nil
	}
	x.got[id] = txs[0]
	return txs[0], nil
}

// ledgerOrder sorts transactions by height and position; where positions are not
// known, what is spent comes before what spends it, and the order is that of
// the ids otherwise.
func ledgerOrder(txs []*model.Tx) {
	slices.SortFunc(txs, func(a, b *model.Tx) int {
		if c := a.Block.Compare(b.Block); c != 0 {
			return c
		}
		return model.RefTx(a.ID).Compare(model.RefTx(b.ID))
	})
	for from := 0; from < len(txs); {
		to := from + 1
		for to < len(txs) && txs[to].Block.Compare(txs[from].Block) == 0 {
			to++
		}
		parentsFirst(txs[from:to])
		from = to
	}
}

// parentsFirst orders transactions of one place so that none spends a later one.
func parentsFirst(txs []*model.Tx) {
	if len(txs) < 2 {
		return
	}
	at := make(map[model.TxID]int, len(txs))
	for i, tx := range txs {
		at[tx.ID] = i
	}
	out := make([]*model.Tx, 0, len(txs))
	done := make([]bool, len(txs))
	// Chains within a block can be long, so no recursion.
	for i := range txs {
		stack := []int{i}
		for len(stack) > 0 {
			k := stack[len(stack)-1]
			if done[k] {
				stack = stack[:len(stack)-1]
				continue
			}
			waiting := false
			for j := range txs[k].Inputs {
				if p, ok := at[txs[k].Inputs[j].Prev.Tx]; ok && !done[p] && p != k && len(stack) <= len(txs) {
					stack = append(stack, p)
					waiting = true
					break
				}
			}
			if !waiting {
				done[k] = true
				out = append(out, txs[k])
				stack = stack[:len(stack)-1]
			}
		}
	}
	copy(txs, out)
}

// subjects yields what was gathered.
func (x *Explored) subjects() iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		for _, tx := range x.Txs {
			if !yield(Subject{model.RefTx(tx.ID), tx}, nil) {
				return
			}
		}
	}
}
