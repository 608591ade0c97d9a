package sourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

func TestLedger(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set { return l.Set() }, sourcetest.Options{})
}

// recorder takes the complaints of the suite.
type recorder struct{ complaints []string }

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

const text = `
label L: addr(bob) category=exchange
label M: addr(bob) category=exchange confidence=0.4
label N: addr(alice) category=actor
tag "/A/" A
tag "/B/" B
price 2023-07-24 USD 29176.91
book H: deposit account=1 time=2023-07-24 amount=0.2 on=out(c.0) address=addr(alice)
book H: order account=1 time=2023-07-25 pool=A worker=addr(bob).x
coinbase cb: tag="/A/" => alice 6.25
tx a: new 1 => alice 0.4, bob 0.6
tx b: a.0 unknown => bob 0.3, data "x"
tx c: a.1 new(alice) 1 => alice 0.2, alice 0.2, carol rest
tx d: b.0 c.0..1 => alice 0.7
tx e: unknown(alice) => carol 5
tx f: e.0 => alice 1, bob rest
`

func parse(t testing.TB, text string) *ledger.Ledger {
	t.Helper()
	f, err := ledger.Parse("test", text)
	if err != nil {
		t.Fatal(err)
	}
	return f.Ledger
}

// check runs the suite on a set that wrap changes and returns its complaints.
func check(t testing.TB, o sourcetest.Options, text string, wrap func(sources.Set) sources.Set) []string {
	t.Helper()
	l := parse(t, text)
	var r recorder
	sourcetest.Check(&r, l, wrap(l.Set()), o)
	return r.complaints
}

// Functions as readers, so that a test can change one answer.
type (
	txs     func(context.Context, []model.TxID) ([]*model.Tx, error)
	spends  func(context.Context, []model.Outpoint) ([]model.Spend, error)
	history func(context.Context, model.Address, sources.Range) iter.Seq2[*model.Tx, error]
	tags    func(context.Context) iter.Seq2[model.Tag, error]
	prices  func(context.Context, model.Network, string, []time.Time) ([]model.Price, error)
	pick    func(context.Context, []model.Filter, sources.Range) iter.Seq2[*model.Tx, error]
	chain   struct {
		tip    func(context.Context) (model.BlockRef, error)
		blocks func(context.Context, sources.Range) iter.Seq2[*model.Block, error]
	}
	labels struct {
		labels func(context.Context, []model.Ref) ([][]model.Label, error)
		find   func(context.Context, model.Category) iter.Seq2[model.Label, error]
	}
)

func (f txs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) { return f(ctx, ids) }
func (f spends) Spenders(ctx context.Context, o []model.Outpoint) ([]model.Spend, error) {
	return f(ctx, o)
}
func (f history) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	return f(ctx, a, r)
}
func (f tags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] { return f(ctx) }
func (f prices) Prices(ctx context.Context, net model.Network, c string, at []time.Time) ([]model.Price, error) {
	return f(ctx, net, c, at)
}
func (f pick) Select(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
	return f(ctx, fs, r)
}
func (c chain) Tip(ctx context.Context) (model.BlockRef, error) { return c.tip(ctx) }
func (c chain) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return c.blocks(ctx, r)
}
func (l labels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return l.labels(ctx, on)
}
func (l labels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return l.find(ctx, c)
}

// Each of the following changes one capability.

func withTxs(change func(in txs) txs) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set { s.Txs = change(s.Txs.Txs); return s }
}
func withSpends(change func(in spends) spends) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set { s.Spends = change(s.Spends.Spenders); return s }
}
func withHistory(change func(in history) history) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set { s.History = change(s.History.History); return s }
}
func withBlocks(change func(c *chain)) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set {
		c := chain{s.Blocks.Tip, s.Blocks.Blocks}
		change(&c)
		s.Blocks = c
		return s
	}
}
func withLabels(change func(l *labels)) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set {
		l := labels{s.Labels.Labels, s.Labels.Find}
		change(&l)
		s.Labels = l
		return s
	}
}
func withTags(change func(in tags) tags) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set { s.Tags = change(s.Tags.Tags); return s }
}
func withPrices(change func(in prices) prices) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set { s.Prices = change(s.Prices.Prices); return s }
}
func withSelect(change func(in pick) pick) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set { s.Select = change(s.Select.Select); return s }
}

// answers changes what a transaction reader returns.
func answers(change func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error)) func(sources.Set) sources.Set {
	return withTxs(func(in txs) txs {
		return func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
			got, err := in(ctx, ids)
			if err != nil {
				return nil, err
			}
			return change(ids, got)
		}
	})
}

// altered changes a copy of each transaction that a transaction reader returns.
func altered(change func(t *model.Tx)) func(sources.Set) sources.Set {
	return answers(func(_ []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
		for i, t := range got {
			if t == nil {
				continue
			}
			own := *t
			own.Inputs, own.Outputs = slices.Clone(t.Inputs), slices.Clone(t.Outputs)
			change(&own)
			got[i] = &own
		}
		return got, nil
	})
}

// listed changes the elements of a sequence, errors apart.
func listed[T any](seq iter.Seq2[T, error], change func([]T) []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var vs []T
		for v, err := range seq {
			if err != nil {
				yield(v, err)
				return
			}
			vs = append(vs, v)
		}
		for _, v := range change(vs) {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func inHistory(change func([]*model.Tx) []*model.Tx) func(sources.Set) sources.Set {
	return withHistory(func(in history) history {
		return func(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
			return watchful(ctx, listed(in(ctx, a, r), change))
		}
	})
}

func inBlocks(change func([]*model.Block) []*model.Block) func(sources.Set) sources.Set {
	return withBlocks(func(c *chain) {
		in := c.blocks
		c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
			return watchful(ctx, listed(in(ctx, r), change))
		}
	})
}

// watchful looks at the context before each element.
func watchful[T any](ctx context.Context, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if err == nil && ctx.Err() != nil {
				var zero T
				v, err = zero, ctx.Err()
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func dropSecond[T any](vs []T) []T {
	if len(vs) < 2 {
		return vs
	}
	return slices.Delete(slices.Clone(vs), 1, 2)
}

func backwards[T any](vs []T) []T {
	vs = slices.Clone(vs)
	slices.Reverse(vs)
	return vs
}

func repeatFirst[T any](vs []T) []T { return append(slices.Clone(vs[:min(1, len(vs))]), vs...) }

// Every way in which a provider may be wrong that the suite knows of is caught.
func TestWrongProviders(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	never := make(chan struct{})
	defer close(never)
	for name, c := range map[string]struct {
		want string // that a complaint says
		wrap func(sources.Set) sources.Set
	}{
		// Transactions.
		"misaligned": {"Txs of all: answer 0 of", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			return append(got[min(1, len(got)):], got[:min(1, len(got))]...), nil
		})},
		"short answer": {"answers to", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			return slices.DeleteFunc(got, func(t *model.Tx) bool { return t == nil }), nil
		})},
		"repeated ids once": {"no transaction, want", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			seen := map[model.TxID]bool{}
			for i, id := range ids {
				if seen[id] {
					got[i] = nil
				}
				seen[id] = true
			}
			return got, nil
		})},
		"unknown id is an error": {"not found", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			if slices.Contains(got, nil) {
				return nil, sources.ErrNotFound
			}
			return got, nil
		})},
		"unknown id is a transaction": {"want none", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			for i := range got {
				if got[i] == nil {
					got[i] = &model.Tx{ID: ids[i]}
				}
			}
			return got, nil
		})},
		"sorts what it is asked with": {"changes the slice", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			slices.SortFunc(ids, func(a, b model.TxID) int { return slices.Compare(a[:], b[:]) })
			return got, nil
		})},
		"empty batch is an error": {"nothing asked", answers(func(ids []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
			if len(ids) == 0 {
				return nil, errors.New("nothing asked")
			}
			return got, nil
		})},
		"invents a value of 0": {"which nobody can know", altered(func(t *model.Tx) {
			for i := range t.Inputs {
				t.Inputs[i].ValueKnown = true
			}
		})},
		"hides a value": {"value unknown, want", altered(func(t *model.Tx) {
			for i := range t.Inputs {
				t.Inputs[i].Value, t.Inputs[i].ValueKnown = 0, false
			}
		})},
		"leaves a value that it does not know": {"marked as unknown", altered(func(t *model.Tx) {
			for i := range t.Inputs {
				t.Inputs[i].ValueKnown = false
			}
		})},
		"invents an owner": {"which nobody can know", altered(func(t *model.Tx) {
			for i := range t.Inputs {
				t.Inputs[i].OwnerBy = model.OwnerPrevout
			}
		})},
		"calls an inference a fact": {"by prevout, want", altered(func(t *model.Tx) {
			for i := range t.Inputs {
				if t.Inputs[i].OwnerBy == model.OwnerUnlocking {
					t.Inputs[i].OwnerBy = model.OwnerPrevout
				}
			}
		})},
		"wrong owner of an output": {"output 0: owner", altered(func(t *model.Tx) { t.Outputs[0].Owner = model.Address{} })},
		"wrong value of an output": {"output 0: value", altered(func(t *model.Tx) { t.Outputs[0].Value++ })},
		"wrong position":           {"position", altered(func(t *model.Tx) { t.Block.Pos++ })},
		"wrong median time":        {"median time", altered(func(t *model.Tx) { t.Block.Median++ })},
		"unknown height":           {"are unknown", altered(func(t *model.Tx) { t.Block.Known &^= model.KnownHeight })},
		"no weight":                {"weight 0", altered(func(t *model.Tx) { t.Weight = 0 })},
		"no witness":               {"witness", altered(func(t *model.Tx) { t.Inputs[0].Witness = nil })},
		"no signature type":        {"signature types", altered(func(t *model.Tx) { t.Inputs[0].SigHash = 0 })},
		"panics":                   {"panic: no such", answers(func([]model.TxID, []*model.Tx) ([]*model.Tx, error) { panic("no such") })},
		"changes its answers": {"after more was asked", func() func(sources.Set) sources.Set {
			var shared [1000]*model.Tx
			var calls atomic.Int32
			return answers(func(_ []model.TxID, got []*model.Tx) ([]*model.Tx, error) {
				if calls.Add(1) > oneByOne {
					return got, nil
				}
				return shared[:copy(shared[:], got)], nil
			})
		}()},
		"one goroutine only": {"several goroutines at once: ", withTxs(func(in txs) txs {
			// Each caller lets all others run before it goes on.
			var busy atomic.Int32
			return func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
				defer busy.Add(-1)
				if busy.Add(1) > 1 {
					return nil, errors.New("busy")
				}
				for range 100 {
					runtime.Gosched()
				}
				return in(ctx, ids)
			}
		})},
		"deaf batch": {"with a context that has ended: no error", withTxs(func(in txs) txs {
			return func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
				return in(context.WithoutCancel(ctx), ids)
			}
		})},
		"another error for a cancelled context": {"does not wrap", withTxs(func(in txs) txs {
			return func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
				if ctx.Err() != nil {
					return nil, sources.ErrUnavailable
				}
				return in(ctx, ids)
			}
		})},
		"hangs when cancelled": {"has not returned after", withTxs(func(in txs) txs {
			return func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
				if ctx.Err() != nil {
					<-hang
				}
				return in(ctx, ids)
			}
		})},
		"goroutine left by a batch": {"leaves 1 goroutines", withTxs(func(in txs) txs {
			return func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
				go func() { <-never }()
				return in(ctx, ids)
			}
		})},

		// What became of outputs.
		"unknown output is unspent": {"unspent, want unknown", withSpends(func(in spends) spends {
			return func(ctx context.Context, os []model.Outpoint) ([]model.Spend, error) {
				got, err := in(ctx, os)
				for i := range got {
					if got[i].State == model.SpendUnknown {
						got[i].State = model.Unspent
					}
				}
				return got, err
			}
		})},
		"spent by another input": {"spent by", withSpends(func(in spends) spends {
			return func(ctx context.Context, os []model.Outpoint) ([]model.Spend, error) {
				got, err := in(ctx, os)
				for i := range got {
					got[i].By.Vin = 0
				}
				return got, err
			}
		})},
		"stale height of the unspent": {"as of height", withSpends(func(in spends) spends {
			return func(ctx context.Context, os []model.Outpoint) ([]model.Spend, error) {
				got, err := in(ctx, os)
				for i := range got {
					got[i].AsOf = 1
				}
				return got, err
			}
		})},

		// Histories.
		"history lacks one":      {"History", inHistory(dropSecond)},
		"history backwards":      {"want", inHistory(backwards)},
		"history repeats one":    {"History", inHistory(repeatFirst)},
		"history of the outputs": {"History", historyOfOutputs()},
		"history without its range": {" from ", withHistory(func(in history) history {
			return func(ctx context.Context, a model.Address, _ sources.Range) iter.Seq2[*model.Tx, error] {
				return in(ctx, a, sources.Range{})
			}
		})},
		"history yields nil": {"no transaction, want", inHistory(func(ts []*model.Tx) []*model.Tx {
			ts = slices.Clone(ts)
			for i := range ts {
				ts[i] = nil
			}
			return ts
		})},
		"history stops before the end of its range": {"History", withHistory(func(in history) history {
			return func(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
				if r.To > 1 {
					r.To--
				}
				return in(ctx, a, r)
			}
		})},
		"every address has the same history": {"more than the 0 elements", withHistory(func(in history) history {
			return func(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
				script, _ := a.Script()
				return in(ctx, model.AddressOf(script, model.Mainnet), r) // without the network
			}
		})},

		// Chains.
		"blocks lack one":  {"Blocks", inBlocks(dropSecond)},
		"blocks backwards": {"Blocks", inBlocks(backwards)},
		"a block twice":    {"Blocks", inBlocks(repeatFirst)},
		"block without its coinbase": {"transactions, want", inBlocks(func(bs []*model.Block) []*model.Block {
			var out []*model.Block
			for _, b := range bs {
				own := *b
				own.Txs = b.Txs[1:]
				out = append(out, &own)
			}
			return out
		})},
		"blocks without headers": {"header", inBlocks(func(bs []*model.Block) []*model.Block {
			var out []*model.Block
			for _, b := range bs {
				own := *b
				own.Header = model.BlockHeader{}
				out = append(out, &own)
			}
			return out
		})},
		"one block, again and again": {"after more was asked", sameBlock()},
		"stale tip": {"Tip: ", withBlocks(func(c *chain) {
			in := c.tip
			c.tip = func(ctx context.Context) (model.BlockRef, error) {
				ref, err := in(ctx)
				ref.Height--
				return ref, err
			}
		})},
		"value with the error": {"a value comes with the error", withBlocks(func(c *chain) {
			in := c.blocks
			c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
				return func(yield func(*model.Block, error) bool) {
					var last *model.Block
					for b, err := range in(ctx, r) {
						if err != nil {
							yield(last, err)
							return
						}
						if last = b; !yield(b, nil) {
							return
						}
					}
				}
			}
		})},
		"goes on after its error": {"goes on after its error", withBlocks(func(c *chain) {
			in := c.blocks
			c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
				return func(yield func(*model.Block, error) bool) {
					for b, err := range in(context.WithoutCancel(ctx), r) {
						if ctx.Err() != nil && !yield(nil, ctx.Err()) {
							return
						}
						if !yield(b, err) {
							return
						}
					}
				}
			}
		})},
		"goes on after a break": {"goes on after its reader broke out", withBlocks(func(c *chain) {
			in := c.blocks
			c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
				return func(yield func(*model.Block, error) bool) {
					for b, err := range in(ctx, r) {
						yield(b, err)
					}
				}
			}
		})},
		"ends quietly when cancelled": {"no error, want context canceled", withBlocks(func(c *chain) {
			in := c.blocks
			c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
				return func(yield func(*model.Block, error) bool) {
					for b, err := range in(ctx, r) {
						if err != nil || !yield(b, nil) {
							return
						}
					}
				}
			}
		})},
		"looks at its context once": {"cancelled at the first element: no error", withBlocks(func(c *chain) {
			in := c.blocks
			c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
				return func(yield func(*model.Block, error) bool) {
					if ctx.Err() != nil {
						yield(nil, ctx.Err())
						return
					}
					in(context.WithoutCancel(ctx), r)(yield)
				}
			}
		})},
		"goroutine left by a break": {"leaves 1 goroutines", withBlocks(func(c *chain) {
			in := c.blocks
			c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
				return func(yield func(*model.Block, error) bool) {
					ch, through := make(chan *model.Block), make(chan error, 1)
					go func() {
						defer close(ch)
						for b, err := range in(ctx, r) {
							if err != nil {
								through <- err
								return
							}
							select {
							case ch <- b:
							case <-never:
								return
							}
						}
					}()
					for b := range ch {
						if !yield(b, nil) {
							return
						}
					}
					select {
					case err := <-through:
						yield(nil, err)
					default:
					}
				}
			}
		})},
		"no sequence": {"the sequence is nil", withBlocks(func(c *chain) {
			c.blocks = func(context.Context, sources.Range) iter.Seq2[*model.Block, error] { return nil }
		})},

		// Labels, tags, prices.
		"conflicts dropped": {"1 labels, want 2", withLabels(func(l *labels) {
			in := l.labels
			l.labels = func(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
				got, err := in(ctx, on)
				for i := range got {
					got[i] = got[i][:min(1, len(got[i]))]
				}
				return got, err
			}
		})},
		"labels unsorted": {"label 0", withLabels(func(l *labels) {
			in := l.labels
			l.labels = func(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
				got, err := in(ctx, on)
				for i := range got {
					got[i] = backwards(got[i])
				}
				return got, err
			}
		})},
		"find unsorted": {"Find", withLabels(func(l *labels) {
			in := l.find
			l.find = func(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
				return watchful(ctx, listed(in(ctx, c), backwards))
			}
		})},
		"find without a category finds nothing": {`Find "": 0 elements, want 3`, withLabels(func(l *labels) {
			in := l.find
			l.find = func(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
				return watchful(ctx, listed(in(ctx, c), func(ls []model.Label) []model.Label {
					return slices.DeleteFunc(ls, func(b model.Label) bool { return b.Category != c })
				}))
			}
		})},
		"tags unsorted": {"Tags", withTags(func(in tags) tags {
			return func(ctx context.Context) iter.Seq2[model.Tag, error] {
				return watchful(ctx, listed(in(ctx), backwards))
			}
		})},
		"price carried over": {"want none", withPrices(func(in prices) prices {
			return func(ctx context.Context, net model.Network, c string, at []time.Time) ([]model.Price, error) {
				got, err := in(ctx, net, c, at)
				before := slices.Clone(at)
				for i := range before {
					before[i] = at[i].AddDate(0, 0, -1)
				}
				carried, _ := in(ctx, net, c, before)
				for i := range got {
					if got[i].IsZero() && err == nil {
						got[i] = carried[i]
					}
				}
				return got, err
			}
		})},
		"price of the local day": {"rate", withPrices(func(in prices) prices {
			return func(ctx context.Context, net model.Network, c string, at []time.Time) ([]model.Price, error) {
				at = slices.Clone(at)
				for i := range at {
					y, m, d := at[i].Date()
					at[i] = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
				}
				return in(ctx, net, c, at)
			}
		})},
		"price in another currency": {`in "XXX"`, withPrices(func(in prices) prices {
			return func(ctx context.Context, net model.Network, c string, at []time.Time) ([]model.Price, error) {
				return in(ctx, net, "USD", at)
			}
		})},
		"price of another network": {"Prices on testnet3", withPrices(func(in prices) prices {
			return func(ctx context.Context, net model.Network, c string, at []time.Time) ([]model.Price, error) {
				return in(ctx, model.Mainnet, c, at)
			}
		})},

		// Selections.
		"selects by all of the filters": {"Select any of two", withSelect(func(in pick) pick {
			return func(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
				return watchful(ctx, listed(in(ctx, fs[:min(1, len(fs))], r), func(ts []*model.Tx) []*model.Tx { return ts }))
			}
		})},
		"selects everything": {"Select coinbases", withSelect(func(in pick) pick {
			return func(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
				return in(ctx, nil, r)
			}
		})},
		"selects without its range": {"Select everything from", withSelect(func(in pick) pick {
			return func(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
				return in(ctx, fs, sources.Range{})
			}
		})},
		"knows no label": {`Select payments to "exchange"`, withSelect(func(in pick) pick {
			return func(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
				if len(fs) > 0 && fs[0].ByLabel() {
					fs = []model.Filter{{MinInputs: 1 << 20}}
				}
				return in(ctx, fs, r)
			}
		})},
		"nothing at all": {"no capability", func(sources.Set) sources.Set { return sources.Set{} }},
		// Books.
		"an entry is missing": {"Entries", withBooks(func(_ sources.EntryQuery, es []sources.Entry) []sources.Entry { return es[:max(0, len(es)-1)] })},
		"entries of one kind are withheld": {"Entries", withBooks(func(q sources.EntryQuery, es []sources.Entry) []sources.Entry {
			return slices.DeleteFunc(es, func(e sources.Entry) bool { return q.Account == "" && q.Kind != 0 })
		})},
		"entries backwards": {"Entries", withBooks(func(_ sources.EntryQuery, es []sources.Entry) []sources.Entry {
			slices.Reverse(es)
			return es
		})},
		"an amount that nobody wrote": {"entry {", withBooks(func(_ sources.EntryQuery, es []sources.Entry) []sources.Entry {
			for i := range es {
				es[i].AmountKnown = true
			}
			return es
		})},
	} {
		t.Run(name, func(t *testing.T) {
			got := check(t, sourcetest.Options{Patience: 200 * time.Millisecond}, text, c.wrap)
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("no complaint says %q; %d complaints:\n%s", c.want, len(got), strings.Join(got[:min(5, len(got))], "\n"))
			}
		})
	}
}

type books func(context.Context, sources.EntryQuery) iter.Seq2[sources.Entry, error]

func (f books) Entries(ctx context.Context, q sources.EntryQuery) iter.Seq2[sources.Entry, error] {
	return f(ctx, q)
}

// withBooks changes what a query is answered.
func withBooks(change func(sources.EntryQuery, []sources.Entry) []sources.Entry) func(sources.Set) sources.Set {
	return func(s sources.Set) sources.Set {
		in := s.Books
		s.Books = books(func(ctx context.Context, q sources.EntryQuery) iter.Seq2[sources.Entry, error] {
			return watchful(ctx, listed(in.Entries(ctx, q), func(es []sources.Entry) []sources.Entry { return change(q, es) }))
		})
		return s
	}
}

// historyOfOutputs yields what pays an address only.
func historyOfOutputs() func(sources.Set) sources.Set {
	return withHistory(func(in history) history {
		return func(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
			return watchful(ctx, listed(in(ctx, a, r), func(ts []*model.Tx) []*model.Tx {
				return slices.DeleteFunc(ts, func(t *model.Tx) bool {
					return !slices.ContainsFunc(t.Outputs, func(o model.Output) bool { return o.Owner == a })
				})
			}))
		}
	})
}

// oneByOne is a number of calls that the suite makes one after the other. What
// is wrong in a way that the race detector would see is so for these calls only.
const oneByOne = 16

// sameBlock gives the first blocks that it yields other contents later.
func sameBlock() func(sources.Set) sources.Set {
	return withBlocks(func(c *chain) {
		in := c.blocks
		var calls atomic.Int32
		var given []*model.Block
		c.blocks = func(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
			if calls.Add(1) > oneByOne {
				return in(ctx, r)
			}
			return listed(in(ctx, r), func(bs []*model.Block) (out []*model.Block) {
				for _, b := range given {
					*b = model.Block{}
				}
				for _, b := range bs {
					own := *b
					out = append(out, &own)
				}
				given = append(given, out...)
				return out
			})
		}
	})
}

// A chain without blocks has no tip, and says so.
func TestTipOfNothing(t *testing.T) {
	for name, tip := range map[string]func(context.Context) (model.BlockRef, error){
		"a tip of a chain without blocks": func(ctx context.Context) (model.BlockRef, error) { return model.BlockRef{}, ctx.Err() },
		"is not of kind ErrNotFound":      func(ctx context.Context) (model.BlockRef, error) { return model.BlockRef{}, errors.New("none") },
		"a tip beside the error": func(ctx context.Context) (model.BlockRef, error) {
			return model.BlockRef{Height: 1}, sources.ErrNotFound
		},
	} {
		got := check(t, sourcetest.Options{}, "", withBlocks(func(c *chain) { c.tip = tip }))
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, name[6:]) }) {
			t.Errorf("no complaint says %q: %q", name, got)
		}
	}
}

// What a provider cannot know it may leave out, and without the option it may
// not; and what it says must be right all the same.
func TestLacks(t *testing.T) {
	everywhere := func(change func(t *model.Tx), header func(b *model.Block)) func(sources.Set) sources.Set {
		alter := func(t *model.Tx) *model.Tx {
			own := *t
			own.Inputs, own.Outputs = slices.Clone(t.Inputs), slices.Clone(t.Outputs)
			change(&own)
			return &own
		}
		each := func(ts []*model.Tx) []*model.Tx {
			out := make([]*model.Tx, len(ts))
			for i, t := range ts {
				out[i] = alter(t)
			}
			return out
		}
		return func(s sources.Set) sources.Set {
			s = altered(change)(s)
			s = inHistory(each)(s)
			s = inBlocks(func(bs []*model.Block) (out []*model.Block) {
				for _, b := range bs {
					own := *b
					own.Txs = each(b.Txs)
					header(&own)
					out = append(out, &own)
				}
				return out
			})(s)
			return withSelect(func(in pick) pick {
				return func(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
					return watchful(ctx, listed(in(ctx, fs, r), each))
				}
			})(s)
		}
	}
	onTx := func(change func(*model.Tx)) func(sources.Set) sources.Set {
		return everywhere(change, func(*model.Block) {})
	}
	ids := map[model.TxID]bool{}
	for b, err := range parse(t, text).Set().Blocks.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			ids[tx.ID] = true
		}
	}
	unresolved := func(inside bool) func(*model.Tx) {
		return func(t *model.Tx) {
			for i := range t.Inputs {
				if in := &t.Inputs[i]; inside || !ids[in.Prev.Tx] {
					in.Value, in.ValueKnown, in.Owner, in.OwnerBy = 0, false, model.Address{}, model.OwnerUnknown
				}
			}
		}
	}
	unspent := func(change func(*model.Spend)) func(sources.Set) sources.Set {
		return withSpends(func(in spends) spends {
			return func(ctx context.Context, os []model.Outpoint) ([]model.Spend, error) {
				got, err := in(ctx, os)
				for i := range got {
					if got[i].State == model.Unspent {
						change(&got[i])
					}
				}
				return got, err
			}
		})
	}
	forget := func(k model.BlockKnown) func(sources.Set) sources.Set {
		place := func(r *model.BlockRef) { r.Known &^= k }
		set := everywhere(func(t *model.Tx) { place(&t.Block) }, func(b *model.Block) { place(&b.Ref) })
		return func(s sources.Set) sources.Set {
			return withBlocks(func(c *chain) {
				in := c.tip
				c.tip = func(ctx context.Context) (model.BlockRef, error) { r, err := in(ctx); place(&r); return r, err }
			})(set(s))
		}
	}
	type lack struct {
		o            sourcetest.Options
		right, wrong func(sources.Set) sources.Set
	}
	wrongValue := onTx(func(t *model.Tx) { t.Inputs[0].Value, t.Inputs[0].ValueKnown = 7, true })
	cases := map[string]lack{
		"prevouts from outside": {sourcetest.Options{Lacks: sourcetest.OutsidePrevouts}, onTx(unresolved(false)), wrongValue},
		"prevouts":              {sourcetest.Options{Lacks: sourcetest.Prevouts}, onTx(unresolved(true)), wrongValue},
		"inferred owners": {sourcetest.Options{Lacks: sourcetest.Prevouts}, onTx(func(t *model.Tx) {
			for i := range t.Inputs {
				if t.Inputs[i].OwnerBy == model.OwnerPrevout {
					t.Inputs[i].OwnerBy = model.OwnerUnlocking
				}
			}
		}), onTx(func(t *model.Tx) {
			for i := range t.Inputs {
				if t.Inputs[i].OwnerBy == model.OwnerPrevout {
					t.Inputs[i].OwnerBy, t.Inputs[i].Owner = model.OwnerUnlocking, t.Outputs[0].Owner
				}
			}
		})},
		"sizes": {sourcetest.Options{Lacks: sourcetest.Sizes}, onTx(func(t *model.Tx) { t.Size, t.Weight = 0, 0 }), onTx(func(t *model.Tx) { t.Size = 1 })},
		"unlocking": {sourcetest.Options{Lacks: sourcetest.Unlocking}, onTx(func(t *model.Tx) {
			for i := range t.Inputs {
				in := &t.Inputs[i]
				in.Script, in.Witness, in.SigHash = nil, nil, 0
				if in.OwnerBy == model.OwnerUnlocking {
					in.Owner, in.OwnerBy = model.Address{}, model.OwnerUnknown
				}
			}
		}), onTx(func(t *model.Tx) {
			for i := range t.Inputs {
				t.Inputs[i].SigHash = model.SigNone
			}
		})},
		"locking": {sourcetest.Options{Lacks: sourcetest.Locking}, onTx(func(t *model.Tx) {
			for i := range t.Outputs {
				t.Outputs[i].Script = nil
			}
		}), onTx(func(t *model.Tx) { t.Outputs[0].Script = []byte{1} })},
		"headers": {sourcetest.Options{Lacks: sourcetest.Headers}, everywhere(func(*model.Tx) {}, func(b *model.Block) { b.Header = model.BlockHeader{} }),
			everywhere(func(*model.Tx) {}, func(b *model.Block) { b.Header.Nonce++ })},
		"unspent": {sourcetest.Options{Lacks: sourcetest.Unspent}, unspent(func(s *model.Spend) { *s = model.Spend{} }),
			unspent(func(s *model.Spend) { *s = model.Spend{State: model.Spent} })},
		"as of": {sourcetest.Options{Lacks: sourcetest.UnspentAsOf}, unspent(func(s *model.Spend) { s.AsOf, s.AsOfKnown = 0, false }),
			unspent(func(s *model.Spend) { s.AsOf-- })},
		"outside spends": {sourcetest.Options{Lacks: sourcetest.OutsideSpends}, withSpends(func(in spends) spends {
			return func(ctx context.Context, os []model.Outpoint) ([]model.Spend, error) {
				got, err := in(ctx, os)
				for i := range got {
					if !ids[os[i].Tx] {
						got[i] = model.Spend{}
					}
				}
				return got, err
			}
		}), withSpends(func(in spends) spends {
			return func(ctx context.Context, os []model.Outpoint) ([]model.Spend, error) {
				got, err := in(ctx, os)
				for i := range got {
					if !ids[os[i].Tx] {
						got[i].State = model.Unspent
					}
				}
				return got, err
			}
		})},
		"tag details": {sourcetest.Options{Lacks: sourcetest.TagDetails}, withTags(func(in tags) tags {
			return func(ctx context.Context) iter.Seq2[model.Tag, error] {
				return watchful(ctx, listed(in(ctx), func(ts []model.Tag) []model.Tag {
					for i := range ts {
						ts[i].Confidence, ts[i].Source = 0, "pools.json"
					}
					return ts
				}))
			}
		}), withTags(func(in tags) tags {
			return func(ctx context.Context) iter.Seq2[model.Tag, error] {
				return watchful(ctx, listed(in(ctx), func(ts []model.Tag) []model.Tag {
					for i := range ts {
						ts[i].Entity = "Z"
					}
					return ts
				}))
			}
		})},
		"label filters": {sourcetest.Options{Lacks: sourcetest.LabelFilters}, withSelect(func(in pick) pick {
			return func(ctx context.Context, fs []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
				if len(fs) > 0 && fs[0].ByLabel() {
					fs = nil
				}
				return in(ctx, fs, r)
			}
		}), withSelect(func(in pick) pick {
			return func(ctx context.Context, _ []model.Filter, r sources.Range) iter.Seq2[*model.Tx, error] {
				return in(ctx, nil, r)
			}
		})},
	}
	for k, name := range map[model.BlockKnown]string{model.KnownHash: "hash", model.KnownHeight: "height", model.KnownPos: "position",
		model.KnownTime: "header time", model.KnownMedian: "median time"} {
		if k == model.KnownPos {
			continue // below: a block has none
		}
		cases[name] = lack{sourcetest.Options{Place: k}, forget(k), onTx(func(t *model.Tx) { t.Block.Median++; t.Block.Hash[0]++; t.Block.Height++; t.Block.Time++ })}
	}
	cases["position"] = lack{sourcetest.Options{Place: model.KnownPos}, onTx(func(t *model.Tx) { t.Block.Known &^= model.KnownPos }), onTx(func(t *model.Tx) { t.Block.Pos++ })}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		t.Run(name, func(t *testing.T) {
			if got := check(t, c.o, text, c.right); len(got) != 0 {
				t.Errorf("with the option: %d complaints, the first: %s", len(got), got[0])
			}
			if got := check(t, sourcetest.Options{}, text, c.right); len(got) == 0 {
				t.Error("without the option: no complaint")
			}
			if got := check(t, c.o, text, c.wrong); len(got) == 0 {
				t.Error("wrong in spite of the option: no complaint")
			}
		})
	}
}

// A capability that is absent is not asked for.
func TestPartOfACapability(t *testing.T) {
	for _, part := range []func(sources.Set) sources.Set{
		func(s sources.Set) sources.Set { return sources.Set{Txs: s.Txs} },
		func(s sources.Set) sources.Set { return sources.Set{Labels: s.Labels, Tags: s.Tags} },
		func(s sources.Set) sources.Set { return sources.Set{Prices: s.Prices} },
		func(s sources.Set) sources.Set { return sources.Set{Select: s.Select} },
	} {
		if got := check(t, sourcetest.Options{}, text, part); len(got) != 0 {
			t.Errorf("%d complaints, the first: %s", len(got), got[0])
		}
	}
}

type printer struct{}

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func ExampleCheck() {
	f, err := ledger.Parse("example", "tx a: new => alice 1")
	if err != nil {
		fmt.Println(err)
		return
	}
	// The ledger in memory keeps the contract.
	sourcetest.Check(printer{}, f.Ledger, f.Ledger.Set(), sourcetest.Options{})

	// A set without any capability is of no use.
	sourcetest.Check(printer{}, f.Ledger, sources.Set{}, sourcetest.Options{})
	// Output:
	// sourcetest: the set has no capability
}
