package taint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// Reader is what [Forward] reads: a [*heuristics.Pass], [*heuristics.Totals] or
// [*heuristics.Scan], or whatever answers as they do.
type Reader interface {
	Txs(context.Context, ...model.TxID) ([]*model.Tx, error)
	Spenders(context.Context, ...model.Outpoint) ([]model.Spend, error)
}

// Limits bound [Forward].
type Limits struct {
	// Hops is how many transactions may lie between a seed and an output that
	// is still followed.
	Hops int
	// Txs is how many transactions are read, those of the seeds included.
	Txs int
	// Spends is how many outputs are looked up; 0 means any number. Those with
	// the most taint are looked up first, and their spenders read first.
	Spends int
}

// Reason says why nothing is known of what comes next.
type Reason uint8

// Reasons for what is unknown.
const (
	None      Reason = iota
	NoValue          // the value of an input is unknown, so that nothing can be divided
	NoTx             // the source does not know the transaction
	NoSpend          // the source cannot say whether the output is spent
	NoHops           // it is further than the hops reach
	NoBudget         // the look-ups are spent
	NoColours        // more origins than are kept apart
	NoSources        // the sources have no such capability
	Disorder         // the sources contradict themselves
)

var reasons = [...]string{
	"", "value of an input unknown", "transaction not in the source", "spending not known", "further than the hops reach",
	"look-ups spent", "more origins than are kept apart", "sources lack the capability", "sources contradict themselves",
}

// String returns the reason in words; nothing for None.
func (r Reason) String() string {
	if int(r) >= len(reasons) {
		return "invalid"
	}
	return reasons[r]
}

// Trace is what one policy says of seeds, with Reasons for what is held and not
// known to be unspent, in the order of Arrivals.
type Trace struct {
	Policy     Policy
	Accounts   []Account
	Arrivals   []Arrival
	Collisions []Collision
	// Capped and Lost are as in [Splitter].
	Capped, Lost int
	// Open says, for each arrival that is held, why it was not followed; None
	// where it is known to be unspent. It is as long as Arrivals.
	Open []Reason
}

// Unspent reports whether the i-th arrival is on an output known to be unspent.
func (t *Trace) Unspent(i int) bool { return t.Arrivals[i].End == Held && t.Open[i] == None }

// Flow is what [Forward] found.
type Flow struct {
	Traces []Trace // in the order of the rules
	Txs    []*model.Tx
	// Cut tells that a budget of the evaluation ended the search.
	Cut bool
}

// Forward follows seeds through what look-ups show, under several rules at once.
// It goes in rounds: each looks up at one go what became of every output that is
// tainted under any of the rules, and then divides all transactions anew, in
// ledger order, because one may turn out to spend two tainted outputs. What was
// not followed is held, and the reason is told.
//
// Fees end where they are, since blocks are not read: rules with TaintFees need a
// [Tracer] that is fed whole blocks. Where the budget does not reach for the
// transactions of the seeds, the error is [heuristics.ErrEvaluationBudget].
func Forward(ctx context.Context, r Reader, seeds []Seed, rules []Rules, b Boundary, lim Limits) (*Flow, error) {
	w := &way{reader: r, rules: rules, boundary: b, seeds: seeds, lim: lim, at: map[model.TxID]int{}, open: map[model.Outpoint]Reason{}}
	var ids []model.TxID
	seen := map[model.TxID]bool{}
	for _, s := range seeds {
		if !seen[s.Out.Tx] {
			seen[s.Out.Tx] = true
			ids = append(ids, s.Out.Tx)
		}
	}
	if len(ids) > lim.Txs {
		return nil, fmt.Errorf("taint: the seeds are in %d transactions, and the bound is %d", len(ids), lim.Txs)
	}
	if err := w.read(ctx, ids); err != nil {
		return nil, err
	}
	if w.cut { // of nothing is anything known
		return nil, heuristics.ErrEvaluationBudget
	}
	for _, s := range seeds {
		if _, ok := w.at[s.Out.Tx]; !ok {
			return nil, errors.New("taint: the transaction of seed " + s.Out.String() + " is not in the source")
		}
	}
	for {
		ts, err := w.divide()
		if err != nil {
			return nil, err
		}
		front := w.front(ts)
		if len(front) == 0 || w.cut {
			return w.flow(ts), nil
		}
		if err := w.follow(ctx, front); err != nil {
			return nil, err
		}
	}
}

// way is a search on its way.
type way struct {
	reader   Reader
	rules    []Rules
	boundary Boundary
	seeds    []Seed
	lim      Limits
	txs      []*model.Tx
	at       map[model.TxID]int
	open     map[model.Outpoint]Reason // of outputs that were looked up, or will not be
	asked    int
	cut      bool
}

// read gathers transactions that are not there yet, as far as the bound goes.
func (w *way) read(ctx context.Context, ids []model.TxID) error {
	var need []model.TxID
	seen := map[model.TxID]bool{}
	for _, id := range ids {
		if _, ok := w.at[id]; !ok && !seen[id] && len(w.txs)+len(need) < w.lim.Txs {
			seen[id] = true
			need = append(need, id)
		}
	}
	txs, err := w.reader.Txs(ctx, need...)
	if errors.Is(err, heuristics.ErrEvaluationBudget) {
		w.cut = true
		return nil
	}
	if err != nil {
		return err
	}
	for _, tx := range txs {
		if tx != nil {
			w.at[tx.ID] = len(w.txs)
			w.txs = append(w.txs, tx)
		}
	}
	return nil
}

// divide runs every tracer over what was gathered.
func (w *way) divide() ([]*Tracer, error) {
	txs := inOrder(w.txs, w.at)
	ts := make([]*Tracer, len(w.rules))
	for i, r := range w.rules {
		r.TaintFees = false
		t, err := NewTracer(r, w.boundary, w.seeds...)
		if err != nil {
			return nil, err
		}
		for _, tx := range txs {
			if err := t.Tx(tx); err != nil {
				return nil, err
			}
		}
		ts[i] = t
	}
	return ts, nil
}

// front lists the tainted outputs whose spending is to be looked up, those with
// the most taint under any of the rules first.
func (w *way) front(ts []*Tracer) []model.Outpoint {
	type output struct {
		out    model.Outpoint
		amount model.Amount
	}
	var front []output
	at := map[model.Outpoint]int{}
	for _, t := range ts {
		sum := map[model.Outpoint]model.Amount{} // of all colours
		for _, a := range t.Arrivals() {
			if _, known := w.open[a.Out]; a.End != Held || known || a.Hops >= w.lim.Hops {
				continue
			}
			sum[a.Out] += a.Amount
			i, ok := at[a.Out]
			if !ok {
				i = len(front)
				at[a.Out] = i
				front = append(front, output{out: a.Out})
			}
			front[i].amount = max(front[i].amount, sum[a.Out])
		}
	}
	slices.SortFunc(front, func(a, b output) int {
		return cmp.Or(cmp.Compare(b.amount, a.amount), model.RefOutpoint(a.out).Compare(model.RefOutpoint(b.out)))
	})
	var outs []model.Outpoint
	for _, o := range front {
		if w.lim.Spends > 0 && w.asked >= w.lim.Spends {
			w.open[o.out] = NoBudget
			continue
		}
		w.asked++
		outs = append(outs, o.out)
	}
	return outs
}

// follow looks up what became of outputs, and the transactions that spend them.
func (w *way) follow(ctx context.Context, front []model.Outpoint) error {
	spends, err := w.reader.Spenders(ctx, front...)
	if errors.Is(err, heuristics.ErrEvaluationBudget) {
		w.cut = true
		return nil
	}
	if err != nil {
		return err
	}
	var ids []model.TxID
	for i, s := range spends {
		switch s.State {
		case model.Unspent:
			w.open[front[i]] = None
		case model.Spent:
			w.open[front[i]] = NoTx // until it is there
			ids = append(ids, s.By.Tx)
		default:
			w.open[front[i]] = NoSpend
		}
	}
	if err := w.read(ctx, ids); err != nil {
		return err
	}
	for i, s := range spends {
		if s.State != model.Spent {
			continue
		}
		k, ok := w.at[s.By.Tx]
		switch {
		case !ok && (w.cut || len(w.txs) >= w.lim.Txs):
			w.open[front[i]] = NoBudget
		case ok && !slices.ContainsFunc(w.txs[k].Inputs, func(in model.Input) bool { return in.Prev == front[i] }):
			w.open[front[i]] = Disorder
		}
	}
	return nil
}

// flow puts the result together.
func (w *way) flow(ts []*Tracer) *Flow {
	f := &Flow{Txs: inOrder(w.txs, w.at), Cut: w.cut}
	for i, t := range ts {
		tr := Trace{Policy: w.rules[i].Policy, Accounts: t.Accounts(), Arrivals: t.Arrivals(), Collisions: t.Collisions()}
		tr.Capped, tr.Lost = t.Capped()
		tr.Open = make([]Reason, len(tr.Arrivals))
		for j, a := range tr.Arrivals {
			if a.End != Held {
				continue
			}
			why, known := w.open[a.Out]
			switch {
			case known:
				tr.Open[j] = why
			case w.cut:
				tr.Open[j] = NoBudget
			default:
				tr.Open[j] = NoHops
			}
		}
		f.Traces = append(f.Traces, tr)
	}
	return f
}

// inOrder sorts transactions by ledger order. Where that is not known of two, or
// is wrong, one that spends another still comes after it.
func inOrder(txs []*model.Tx, at map[model.TxID]int) []*model.Tx {
	sorted := slices.Clone(txs)
	slices.SortFunc(sorted, func(a, b *model.Tx) int {
		if c := a.Block.Compare(b.Block); c != 0 {
			return c
		}
		return model.RefTx(a.ID).Compare(model.RefTx(b.ID))
	})
	out := make([]*model.Tx, 0, len(txs))
	state := make([]uint8, len(txs)) // by place in txs: new, open, done
	// Depth first, without recursion, because chains within a block are long.
	type frame struct {
		tx *model.Tx
		in int
	}
	var stack []frame
	for _, tx := range sorted {
		if state[at[tx.ID]] == 0 {
			state[at[tx.ID]] = 1
			stack = append(stack[:0], frame{tx: tx})
		}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.in == len(f.tx.Inputs) {
				state[at[f.tx.ID]] = 2
				out = append(out, f.tx)
				stack = stack[:len(stack)-1]
				continue
			}
			f.in++
			if k, ok := at[f.tx.Inputs[f.in-1].Prev.Tx]; ok && state[k] == 0 {
				state[k] = 1
				stack = append(stack, frame{tx: txs[k]})
			}
		}
	}
	return out
}
