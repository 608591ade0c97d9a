package esplora

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// History implements [sources.HistoryReader] for confirmed transactions. The API
// tells the newest first, so that all of them are read before the first is
// yielded: one request for the number of transactions, unless the range has a
// beginning, one for each 25, and one for each block that has several of them,
// for their order. What the server lists must be as many as it counts.
//
// An address with more than [Options.MaxPages] pages, and one that the server
// refuses, is an error of kind [sources.ErrUnavailable] that names it, and the
// number of transactions where the server told it: nothing of the history is
// yielded then.
func (c *Client) History(ctx context.Context, a model.Address, r sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		txs, err := c.history(ctx, a, r)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, t := range txs {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(t, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

func (c *Client) history(ctx context.Context, a model.Address, r sources.Range) ([]*model.Tx, error) {
	if err := ctx.Err(); err != nil || a.IsZero() || a.Network() != c.o.Network {
		return nil, err
	}
	q := call{"History", a.String()}
	l := &listing{c: c, q: q, a: a, r: r, path: pathOf(a), seen: make(map[model.TxID]bool)}
	if err := l.read(ctx); err != nil {
		return nil, err
	}
	txs := slices.DeleteFunc(l.txs, func(t *model.Tx) bool { return !r.Contains(t.Block.Height) })
	slices.Reverse(txs) // oldest first, but for the order within a block
	if c.o.Prove {
		err := c.each(ctx, len(txs), func(ctx context.Context, i int) error { return c.prove(ctx, q, txs[i]) })
		if err != nil {
			return nil, err
		}
		slices.SortFunc(txs, func(a, b *model.Tx) int { return a.Block.Compare(b.Block) })
		return txs, nil
	}
	return txs, c.order(ctx, q, txs)
}

// pathOf returns where the API tells of an address: scripts without an address
// go by their hash.
func pathOf(a model.Address) string {
	switch a.Kind() {
	case model.P2PKH, model.P2SH, model.P2WPKH, model.P2WSH, model.P2TR:
		return "/address/" + a.String()
	}
	if script, ok := a.Script(); ok {
		h := sha256.Sum256(script)
		return "/scripthash/" + hex.EncodeToString(h[:])
	}
	text := a.String() // "script:", kind and version, and the hash
	return "/scripthash/" + text[len(text)-64:]
}

// listing reads a history, newest first.
type listing struct {
	c    *Client
	q    call
	a    model.Address
	r    sources.Range
	path string
	txs  []*model.Tx
	seen map[model.TxID]bool
	size int64 // of all answers
}

func (l *listing) read(ctx context.Context) error {
	count := -1 // not told
	if l.r.From <= 0 {
		var err error
		if count, err = l.count(ctx); err != nil {
			return err
		}
		switch {
		case count == 0:
			return l.none()
		case count > l.c.o.MaxPages*pageSize:
			return l.busy(count)
		}
	}
	last := ""
	for n := 0; ; n++ {
		if n > l.c.o.MaxPages || len(l.txs) > l.c.o.MaxPages*pageSize || l.size/4 > l.c.o.MaxBody {
			return l.busy(count)
		}
		p, err := l.c.page(ctx, l.q, l.path+"/txs/chain"+last)
		if err != nil {
			return err
		}
		l.size += p.size
		for _, t := range p.txs {
			if err := l.add(t); err != nil {
				return err
			}
		}
		if len(p.txs) == 0 {
			break
		}
		oldest := l.txs[len(l.txs)-1]
		if oldest.Block.Height < l.r.From {
			return nil
		}
		// A full last page may hide that a new block has come since the
		// transactions were counted, with one more of them.
		if len(l.txs) == count && len(p.txs)%pageSize != 0 {
			return nil
		}
		last = "/" + oldest.ID.String()
	}
	if count > len(l.txs) {
		// Blocks may have gone since.
		now, err := l.count(ctx)
		if err != nil {
			return err
		}
		if now > len(l.txs) {
			return l.bad("the server counts %d transactions and lists %d", now, len(l.txs))
		}
	}
	if len(l.txs) == 0 {
		return l.none()
	}
	return nil
}

// none is the error of an empty history, where that says nothing: servers leave
// out of their index what nobody can spend.
func (l *listing) none() error {
	if l.a.Kind() != model.NullData {
		return nil
	}
	return l.q.error(fmt.Errorf("%w: the server may not index null data", sources.ErrUnavailable))
}

// add checks a transaction and keeps it.
func (l *listing) add(t *model.Tx) error {
	switch {
	case !t.Block.Has(model.KnownHeight | model.KnownHash):
		return l.bad("transaction %v is listed among the confirmed ones and is not", t.ID)
	case l.seen[t.ID]:
		return l.bad("transaction %v is listed twice", t.ID)
	case !touches(t, l.a):
		return l.bad("transaction %v does not touch the address", t.ID)
	}
	if n := len(l.txs); n > 0 {
		newer := &l.txs[n-1].Block
		switch {
		case newer.Height < t.Block.Height:
			return l.bad("transaction %v at height %d is listed after one at height %d", t.ID, t.Block.Height, newer.Height)
		case newer.Height == t.Block.Height && newer.Hash != t.Block.Hash:
			return l.q.error(fmt.Errorf("%w: two blocks at height %d, %v and %v", sources.ErrReorg, newer.Height, newer.Hash, t.Block.Hash))
		}
	}
	l.seen[t.ID] = true
	l.txs = append(l.txs, t)
	return nil
}

func (l *listing) bad(format string, args ...any) error {
	return l.q.error(fmt.Errorf("%w: %s", sources.ErrMalformed, fmt.Sprintf(format, args...)))
}

// busy is the error of a history that is too long. It is not of kind ErrBudget,
// which would say that no other address is worth asking for.
func (l *listing) busy(count int) error {
	most := l.c.o.MaxPages * pageSize
	if count >= 0 {
		return l.q.error(fmt.Errorf("%w: a busy address of %d transactions, more than the %d of Options.MaxPages", sources.ErrUnavailable, count, most))
	}
	return l.q.error(fmt.Errorf("%w: a busy address: after %d transactions from the tip down to height %d there are more, and Options.MaxPages allows %d",
		sources.ErrUnavailable, len(l.txs), l.txs[len(l.txs)-1].Block.Height, most))
}

var (
	statsFields = fields{"chain_stats"}
	countFields = fields{"tx_count"}
)

// count asks how many confirmed transactions there are.
func (l *listing) count(ctx context.Context) (n int, err error) {
	found, err := l.c.get(ctx, l.q, l.path, func(s *scanner) error {
		var got seen
		err := s.object(func(key []byte) error {
			i, err := s.field(statsFields, &got, key)
			if err != nil || i < 0 {
				return err
			}
			var got seen
			err = s.object(func(key []byte) error {
				i, err := s.field(countFields, &got, key)
				if err != nil || i < 0 {
					return err
				}
				v, err := s.whole(0, math.MaxInt32)
				n = int(v)
				return err
			})
			if err == nil {
				err = s.need(countFields, got, len(countFields))
			}
			return err
		})
		if err == nil {
			err = s.need(statsFields, got, len(statsFields))
		}
		return err
	})
	if err != nil || !found {
		return 0, err
	}
	return n, nil
}

// order puts the transactions of one block, which the API lists by their ids or
// not at all in order, into the order of the block.
func (c *Client) order(ctx context.Context, q call, txs []*model.Tx) error {
	var shared [][]*model.Tx
	for from := 0; from < len(txs); {
		to := from + 1
		for to < len(txs) && txs[to].Block.Hash == txs[from].Block.Hash {
			to++
		}
		if to-from > 1 {
			shared = append(shared, txs[from:to])
		}
		from = to
	}
	return c.each(ctx, len(shared), func(ctx context.Context, i int) error {
		hash := shared[i][0].Block.Hash
		place := make(map[model.TxID]int, len(shared[i]))
		for _, t := range shared[i] {
			place[t.ID] = -1
		}
		found, err := c.get(ctx, q, "/block/"+hash.String()+"/txids", func(s *scanner) error {
			n := 0
			return s.array(func() error {
				id, err := s.hash()
				if _, wanted := place[id]; wanted {
					place[id] = n
				}
				n++
				return err
			})
		})
		if err != nil {
			return err
		}
		if !found {
			return q.lacks("block " + hash.String())
		}
		for _, t := range shared[i] {
			if place[t.ID] < 0 {
				return q.error(fmt.Errorf("%w: transaction %v is not among those of its block %v", sources.ErrMalformed, t.ID, hash))
			}
		}
		slices.SortFunc(shared[i], func(a, b *model.Tx) int { return cmp.Compare(place[a.ID], place[b.ID]) })
		return nil
	})
}
