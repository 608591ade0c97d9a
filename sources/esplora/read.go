package esplora

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Txs implements [sources.TxReader] with one request for each transaction. One
// that the server has but is not in a block yet has the zero Block.
func (c *Client) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]*model.Tx, len(ids))
	once := make(map[model.TxID]int, len(ids))
	var ask []model.TxID
	for _, id := range ids {
		if _, ok := once[id]; !ok && id != (model.TxID{}) {
			once[id] = len(ask)
			ask = append(ask, id)
		}
	}
	got := make([]*model.Tx, len(ask))
	err := c.each(ctx, len(ask), func(ctx context.Context, i int) (err error) {
		got[i], err = c.tx(ctx, ask[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if at, ok := once[id]; ok {
			out[i] = got[at]
		}
	}
	return out, nil
}

func (c *Client) tx(ctx context.Context, id model.TxID) (t *model.Tx, err error) {
	q := call{"Txs", id.String()}
	found, err := c.get(ctx, q, "/tx/"+id.String(), func(s *scanner) (err error) {
		if t, err = s.tx(c.o.Network); err == nil && t.ID != id {
			err = s.fail("the answer is transaction %v, not %v", t.ID, id)
		}
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return t, c.prove(ctx, q, t)
}

// Spenders implements [sources.SpendReader] with one request for each
// transaction among the outpoints, and one for the height of the tip, unless it
// was asked for less than ten seconds ago. What only an unconfirmed transaction
// spends is unspent as of the tip.
func (c *Client) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answer := make([]model.Spend, len(outs))
	once := make(map[model.TxID]int, len(outs))
	var ask []model.TxID
	for _, o := range outs {
		if _, ok := once[o.Tx]; !ok && o.Tx != (model.TxID{}) {
			once[o.Tx] = len(ask)
			ask = append(ask, o.Tx)
		}
	}
	if len(ask) == 0 {
		return answer, nil
	}
	// First the tip: what is unspent later was so then.
	tip, err := c.tipHeight(ctx, call{"Spenders", ask[0].String()}, tipAge)
	if err != nil {
		return nil, err
	}
	got := make([][]model.Spend, len(ask))
	err = c.each(ctx, len(ask), func(ctx context.Context, i int) error {
		var spends []model.Spend
		found, err := c.get(ctx, call{"Spenders", ask[i].String()}, "/tx/"+ask[i].String()+"/outspends", func(s *scanner) (err error) {
			spends, err = s.outspends(ask[i])
			return err
		})
		if found {
			got[i] = spends
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, o := range outs {
		at, ok := once[o.Tx]
		if !ok || int64(o.Vout) >= int64(len(got[at])) {
			continue
		}
		answer[i] = got[at][o.Vout]
		if answer[i].State == model.Unspent && tip.known {
			answer[i].AsOf, answer[i].AsOfKnown = tip.height, true
		}
	}
	return answer, nil
}

var spendFields = fields{"spent", "txid", "vin", "status"}

// outspends reads what became of the outputs of a transaction.
func (s *scanner) outspends(of model.TxID) (spends []model.Spend, err error) {
	err = s.array(func() error {
		if len(spends) == maxWeight/outputWeight {
			return s.fail("more outputs than a transaction has")
		}
		var got seen
		spend := model.Spend{State: model.Unspent}
		spent := false
		var ref model.BlockRef
		err := s.object(func(key []byte) error {
			i, err := s.field(spendFields, &got, key)
			if err != nil || i < 0 {
				return err
			}
			if i > 0 {
				if none, err := s.null(); none || err != nil {
					got &^= 1 << i
					return err
				}
			}
			switch i {
			case 0:
				spent, err = s.boolean()
			case 1:
				spend.By.Tx, err = s.hash()
			case 2:
				var n int64
				n, err = s.whole(0, maxWeight/inputWeight)
				spend.By.Vin = uint32(n)
			case 3:
				ref, err = s.status()
			}
			return err
		})
		switch {
		case err != nil:
		case !spent:
			err = s.need(spendFields, got, 1)
		default:
			if err = s.need(spendFields, got, len(spendFields)); err == nil && spend.By.Tx == of {
				err = s.fail("transaction %v is said to spend its own output", of)
			}
			spend.State = model.Spent
		}
		if err != nil {
			return err
		}
		if spend.State != model.Spent || !ref.Has(model.KnownHeight) {
			spend = model.Spend{State: model.Unspent}
		}
		spends = append(spends, spend)
		return nil
	})
	return spends, err
}

// tip is what was last heard of the chain's end.
type tip struct {
	mu sync.Mutex
	tipHeight
	at time.Time
}

type tipHeight struct {
	height int32
	known  bool // false for a chain without blocks
}

// tipHeight returns the height of the tip, which may be as old as that.
func (c *Client) tipHeight(ctx context.Context, q call, age time.Duration) (tipHeight, error) {
	c.tip.mu.Lock()
	last, at := c.tip.tipHeight, c.tip.at
	c.tip.mu.Unlock()
	if !at.IsZero() && time.Since(at) < age {
		return last, nil
	}
	asked := time.Now()
	var now tipHeight
	found, err := c.get(ctx, q, "/blocks/tip/height", func(s *scanner) error {
		n, err := s.whole(0, math.MaxInt32)
		now.height = int32(n)
		return err
	})
	if err != nil {
		return tipHeight{}, err
	}
	now.known = found
	c.tip.mu.Lock()
	defer c.tip.mu.Unlock()
	if asked.After(c.tip.at) {
		c.tip.tipHeight, c.tip.at = now, asked
	}
	return now, nil
}

// hashAt returns the hash of the block at a height.
func (c *Client) hashAt(ctx context.Context, q call, height int32) (model.BlockHash, bool, error) {
	return c.hash(ctx, q, "/block-height/"+strconv.Itoa(int(height)))
}

// hash reads an answer that is a hash.
func (c *Client) hash(ctx context.Context, q call, path string) (h model.BlockHash, found bool, err error) {
	found, err = c.get(ctx, q, path, func(s *scanner) error {
		word, err := s.line(256)
		if err != nil {
			return err
		}
		if h, err = model.ParseBlockHash(word); err != nil {
			return &badJSON{0, err.Error()}
		}
		return nil
	})
	return h, found && err == nil, err
}

// lacks says that the server does not have what it spoke of.
func (q call) lacks(what string) error {
	return q.error(fmt.Errorf("%w: %s is gone from the server's chain", sources.ErrReorg, what))
}
