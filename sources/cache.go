package sources

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/goldwash/goldwash/model"
)

// CacheOptions bounds a cache.
type CacheOptions struct {
	// Bytes bounds the memory of what is kept, by a count of the values' own
	// sizes; 0 means 64 MiB. A transaction whose bytes alias a larger buffer
	// of its source keeps all of that alive.
	Bytes int64
}

// Confirmed is the number of blocks above a transaction from which on [Cache]
// takes it for settled.
const Confirmed = 6

// Cache keeps what the source answered about settled things, so that no answer
// differs from what the source would say:
//
//   - transactions with every prevout known, in blocks with at least [Confirmed]
//     blocks above them. Nothing is kept about unconfirmed and recent ones, and
//     "not found" never.
//   - that an output is spent, once the spending transaction is kept itself.
//     "Unspent" and "unknown" never.
//   - the labels of a reference that has any.
//
// How high the chain is it learns from the answers that pass through it, Tip
// among them. A tip that has gone down, or an error of kind [ErrReorg], empties
// the cache. Errors are not kept. What was used longest ago goes first.
//
// Of a batch only what is missing is asked on, once each and in one batch, and
// of identical items that several callers want at once one asks and all receive;
// where that one fails, the others ask for themselves. It is safe for
// concurrent use. Each set that the middleware is applied to has a cache of its
// own.
func Cache(o CacheOptions) Middleware {
	return func(s Set) Set {
		c := newCache(o)
		if s.Txs != nil {
			s.Txs = cachedTxs{s.Txs, c, &flights[model.TxID, *model.Tx]{}}
		}
		if s.Spends != nil {
			s.Spends = cachedSpends{s.Spends, c, &flights[model.Outpoint, model.Spend]{}}
		}
		if s.Labels != nil {
			s.Labels = cachedLabels{s.Labels, c, &flights[model.Ref, []model.Label]{}}
		}
		if s.Blocks != nil {
			s.Blocks = cachedBlocks{s.Blocks, c}
		}
		return s
	}
}

// cache is a map whose entries form a ring in the order of their use.
type cache struct {
	mu   sync.Mutex
	max  int64
	size int64
	m    map[cacheKey]*entry
	ring entry // ring.next is the entry used last, ring.prev the one used first
	// height is the greatest of which the source told, or -1.
	height int32
	// generation changes where the cache is emptied, so that what was asked
	// before is not kept after.
	generation uint64
}

type cacheKey struct {
	what Capability
	ref  model.Ref
}

type entry struct {
	key        cacheKey
	value      any
	size       int64
	prev, next *entry
}

func newCache(o CacheOptions) *cache {
	c := &cache{max: o.Bytes, height: -1, m: map[cacheKey]*entry{}}
	if c.max <= 0 {
		c.max = 64 << 20
	}
	c.ring.prev, c.ring.next = &c.ring, &c.ring
	return c
}

// get returns what is kept. The caller holds the lock.
func (c *cache) get(k cacheKey) (any, bool) {
	e := c.m[k]
	if e == nil {
		return nil, false
	}
	e.unlink()
	c.front(e)
	return e.value, true
}

// put keeps a value and lets go of others. The caller holds the lock.
func (c *cache) put(k cacheKey, v any, size int64) {
	size += entrySize
	if size > c.max {
		return
	}
	if e := c.m[k]; e != nil {
		c.drop(e)
	}
	e := &entry{key: k, value: v, size: size}
	c.m[k] = e
	c.front(e)
	for c.size += size; c.size > c.max; {
		c.drop(c.ring.prev)
	}
}

// entrySize is what an entry and its place in the map take, roughly.
const entrySize = 256

func (c *cache) front(e *entry) {
	e.prev, e.next = &c.ring, c.ring.next
	e.prev.next, e.next.prev = e, e
}

func (e *entry) unlink() { e.prev.next, e.next.prev = e.next, e.prev }

func (c *cache) drop(e *entry) {
	e.unlink()
	delete(c.m, e.key)
	c.size -= e.size
}

// empty forgets everything. The caller holds the lock.
func (c *cache) empty() {
	clear(c.m)
	c.ring.prev, c.ring.next = &c.ring, &c.ring
	c.size, c.height = 0, -1
	c.generation++
}

// failed looks at an error of the source.
func (c *cache) failed(err error) {
	if errors.Is(err, ErrReorg) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.empty()
	}
}

// seen takes note of a block that the source knows. The caller holds the lock.
func (c *cache) seen(r model.BlockRef) {
	if r.Has(model.KnownHeight) {
		c.height = max(c.height, r.Height)
	}
}

// settled reports whether a transaction stands deep enough. The caller holds the
// lock.
func (c *cache) settled(t *model.Tx) bool {
	return t.Block.Has(model.KnownHeight) && c.height-t.Block.Height >= Confirmed
}

// flights are the items that are being asked for.
type flights[K comparable, V any] struct{ m map[K]*flight[V] }

// flight is one of them. Value and ok are set before done is closed.
type flight[V any] struct {
	done  chan struct{}
	value V
	ok    bool // false where the one who asked got an error
}

// lookup answers a batch from the cache, from the flights of others, and from
// the source for the rest.
func lookup[K comparable, V any](ctx context.Context, c *cache, f *flights[K, V], op string, keys []K,
	cached func(K) (V, bool), ask func([]K) ([]V, error), keep func(K, V)) ([]V, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]V, len(keys))
	todo := make([]int, len(keys)) // places without an answer
	for i := range todo {
		todo[i] = i
	}
	for len(todo) > 0 {
		var mine []K
		var own []*flight[V]
		wait := make([]*flight[V], len(todo))
		c.mu.Lock()
		generation := c.generation
		if f.m == nil {
			f.m = map[K]*flight[V]{}
		}
		missing := todo[:0]
		for _, i := range todo {
			k := keys[i]
			if v, ok := cached(k); ok {
				out[i] = v
				continue
			}
			fl := f.m[k]
			if fl == nil {
				fl = &flight[V]{done: make(chan struct{})}
				f.m[k] = fl
				mine, own = append(mine, k), append(own, fl)
			}
			wait[len(missing)] = fl
			missing = append(missing, i)
		}
		c.mu.Unlock()
		if len(mine) > 0 {
			if err := fly(c, f, op, mine, own, generation, ask, keep); err != nil {
				return nil, err
			}
		}
		// What others asked for and did not get is asked for in the next round.
		todo = missing[:0]
		for j, i := range missing {
			select {
			case <-wait[j].done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if wait[j].ok {
				out[i] = wait[j].value
			} else {
				todo = append(todo, i)
			}
		}
	}
	return out, nil
}

// fly asks the source and lets those who wait know, whatever happens.
func fly[K comparable, V any](c *cache, f *flights[K, V], op string, keys []K, own []*flight[V], generation uint64,
	ask func([]K) ([]V, error), keep func(K, V)) error {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, k := range keys {
			delete(f.m, k)
			close(own[i].done)
		}
	}()
	vs, err := ask(keys)
	if err != nil {
		c.failed(err)
		return err
	}
	if len(vs) != len(keys) {
		return &Error{Source: "cache", Op: op, Err: fmt.Errorf("%w: %d answers to %d questions", ErrMalformed, len(vs), len(keys))}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, k := range keys {
		own[i].value, own[i].ok = vs[i], true
		if c.generation == generation {
			keep(k, vs[i])
		}
	}
	return nil
}

type cachedTxs struct {
	next TxReader
	c    *cache
	f    *flights[model.TxID, *model.Tx]
}

func (r cachedTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return lookup(ctx, r.c, r.f, "Txs", ids,
		func(id model.TxID) (*model.Tx, bool) {
			v, ok := r.c.get(cacheKey{Txs, model.RefTx(id)})
			if !ok {
				return nil, false
			}
			return v.(*model.Tx), true
		},
		func(ids []model.TxID) ([]*model.Tx, error) {
			ts, err := r.next.Txs(ctx, ids)
			if err == nil {
				r.c.mu.Lock()
				defer r.c.mu.Unlock()
				for _, t := range ts {
					if t != nil {
						r.c.seen(t.Block)
					}
				}
			}
			return ts, err
		},
		func(id model.TxID, t *model.Tx) {
			if t != nil && t.Resolved() && r.c.settled(t) {
				r.c.put(cacheKey{Txs, model.RefTx(id)}, t, txSize(t))
			}
		})
}

type cachedSpends struct {
	next SpendReader
	c    *cache
	f    *flights[model.Outpoint, model.Spend]
}

func (r cachedSpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return lookup(ctx, r.c, r.f, "Spenders", outs,
		func(o model.Outpoint) (model.Spend, bool) {
			v, ok := r.c.get(cacheKey{Spends, model.RefOutpoint(o)})
			if !ok {
				return model.Spend{}, false
			}
			return v.(model.Spend), true
		},
		func(outs []model.Outpoint) ([]model.Spend, error) {
			ss, err := r.next.Spenders(ctx, outs)
			if err == nil {
				r.c.mu.Lock()
				defer r.c.mu.Unlock()
				for i := range ss {
					if ss[i].AsOfKnown {
						r.c.height = max(r.c.height, ss[i].AsOf)
					}
				}
			}
			return ss, err
		},
		func(o model.Outpoint, s model.Spend) {
			// The block of the spending transaction is not told here.
			if s.State == model.Spent && r.c.m[cacheKey{Txs, model.RefTx(s.By.Tx)}] != nil {
				r.c.put(cacheKey{Spends, model.RefOutpoint(o)}, s, 64)
			}
		})
}

type cachedLabels struct {
	next LabelReader
	c    *cache
	f    *flights[model.Ref, []model.Label]
}

func (r cachedLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return lookup(ctx, r.c, r.f, "Labels", on,
		func(ref model.Ref) ([]model.Label, bool) {
			v, ok := r.c.get(cacheKey{Labels, ref})
			if !ok {
				return nil, false
			}
			return v.([]model.Label), true
		},
		func(on []model.Ref) ([][]model.Label, error) { return r.next.Labels(ctx, on) },
		func(ref model.Ref, ls []model.Label) {
			if len(ls) > 0 {
				r.c.put(cacheKey{Labels, ref}, ls, labelsSize(ls))
			}
		})
}

func (r cachedLabels) Find(ctx context.Context, cat model.Category) iter.Seq2[model.Label, error] {
	return r.next.Find(ctx, cat)
}

// cachedBlocks keeps nothing. It learns how high the chain is.
type cachedBlocks struct {
	next BlockReader
	c    *cache
}

func (r cachedBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	tip, err := r.next.Tip(ctx)
	if err != nil {
		r.c.failed(err)
		return tip, err
	}
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if tip.Has(model.KnownHeight) && tip.Height < r.c.height {
		r.c.empty()
	}
	r.c.seen(tip)
	return tip, nil
}

func (r cachedBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		for b, err := range r.next.Blocks(ctx, rg) {
			if err != nil {
				r.c.failed(err)
			} else {
				r.c.mu.Lock()
				r.c.seen(b.Ref)
				r.c.mu.Unlock()
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// txSize is the memory of a transaction, roughly.
func txSize(t *model.Tx) int64 {
	n := int64(160 + 160*len(t.Inputs) + 80*len(t.Outputs))
	for i := range t.Inputs {
		n += int64(len(t.Inputs[i].Script))
		for _, w := range t.Inputs[i].Witness {
			n += int64(24 + len(w))
		}
	}
	for i := range t.Outputs {
		n += int64(len(t.Outputs[i].Script))
	}
	return n
}

func labelsSize(ls []model.Label) int64 {
	n := int64(0)
	for i := range ls {
		l := &ls[i]
		n += int64(300 + len(l.Entity) + len(l.Source) + len(l.Detail))
		for _, d := range l.Derivation {
			n += int64(16 + len(d))
		}
	}
	return n
}
