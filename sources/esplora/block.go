package esplora

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"math"
	"sort"
	"strconv"
	"sync"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// blockInfo is what the server tells of a block beside its transactions. The
// header is that of the hash, the height and the median are the server's word.
type blockInfo struct {
	header model.BlockHeader
	ref    model.BlockRef
	count  int // of transactions
}

// blockInfos keeps what is known of blocks. It is emptied when it is full:
// what is asked for again costs a request and changes no answer.
type blockInfos struct {
	mu sync.Mutex
	m  map[model.BlockHash]*flight
}

// flight is one request for a block, for which others may wait.
type flight struct {
	done chan struct{}
	info *blockInfo // nil where it failed or there is none
	err  error
}

// block returns what is known of the block, asking for it once.
func (c *Client) block(ctx context.Context, q call, hash model.BlockHash) (*blockInfo, error) {
	for {
		c.blocks.mu.Lock()
		f := c.blocks.m[hash]
		if f == nil {
			if len(c.blocks.m) >= maxBlockInfos {
				c.blocks.m = nil
			}
			if c.blocks.m == nil {
				c.blocks.m = make(map[model.BlockHash]*flight)
			}
			f = &flight{done: make(chan struct{})}
			c.blocks.m[hash] = f
			c.blocks.mu.Unlock()
			f.info, f.err = c.askBlock(ctx, q, hash)
			if f.info == nil {
				c.blocks.mu.Lock()
				if c.blocks.m[hash] == f {
					delete(c.blocks.m, hash)
				}
				c.blocks.mu.Unlock()
			}
			close(f.done)
			return f.info, f.err
		}
		c.blocks.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if f.info != nil {
			return f.info, nil
		}
		// Who asked gave up or failed: ask for oneself.
	}
}

func (c *Client) askBlock(ctx context.Context, q call, hash model.BlockHash) (b *blockInfo, err error) {
	found, err := c.get(ctx, q, "/block/"+hash.String(), func(s *scanner) (err error) {
		b, err = s.block(hash)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, q.lacks("block " + hash.String())
	}
	return b, nil
}

var blockFields = fields{"id", "height", "version", "timestamp", "bits", "nonce", "merkle_root", "tx_count", "mediantime", "previousblockhash"}

const needOfBlock = 8

// block reads the description of a block, whose header must be that of the hash.
func (s *scanner) block(hash model.BlockHash) (*blockInfo, error) {
	b := &blockInfo{ref: model.BlockRef{Hash: hash, Known: model.KnownHash | model.KnownHeight | model.KnownTime | model.KnownBits}}
	h := &b.header
	var got seen
	err := s.object(func(key []byte) error {
		i, err := s.field(blockFields, &got, key)
		if err != nil || i < 0 {
			return err
		}
		if i >= needOfBlock { // older servers do not tell, and the first block has no parent
			if none, err := s.null(); none || err != nil {
				return err
			}
		}
		var n int64
		switch i {
		case 0:
			_, err = s.hash()
		case 1:
			n, err = s.whole(0, math.MaxInt32)
			b.ref.Height = int32(n)
		case 2:
			n, err = s.whole(math.MinInt32, math.MaxUint32)
			h.Version = int32(n)
		case 3:
			n, err = s.whole(0, math.MaxUint32)
			h.Time, b.ref.Time = uint32(n), n
		case 4:
			n, err = s.whole(0, math.MaxUint32)
			h.Bits, b.ref.Bits = uint32(n), uint32(n)
		case 5:
			n, err = s.whole(0, math.MaxUint32)
			h.Nonce = uint32(n)
		case 6:
			h.MerkleRoot, err = s.hash()
		case 7:
			n, err = s.whole(1, maxWeight/(inputWeight+outputWeight))
			b.count = int(n)
		case 8:
			b.ref.Median, err = s.whole(0, math.MaxUint32)
			b.ref.Known |= model.KnownMedian
		case 9:
			h.Prev, err = s.hash()
		}
		return err
	})
	if err == nil {
		err = s.need(blockFields, got, needOfBlock)
	}
	if err != nil {
		return nil, err
	}
	if is := hashOf(h); is != hash {
		return nil, s.fail("the header said to be of block %v is of %v", hash, is)
	}
	return b, nil
}

func hashOf(h *model.BlockHeader) model.BlockHash {
	once := sha256.Sum256(model.AppendBlock(make([]byte, 0, 96), &model.Block{Header: *h})[:80])
	return sha256.Sum256(once[:])
}

// Tip implements [sources.BlockReader] with two requests.
func (c *Client) Tip(ctx context.Context) (model.BlockRef, error) {
	q := call{op: "Tip"}
	hash, found, err := c.hash(ctx, q, "/blocks/tip/hash")
	switch {
	case err != nil:
		return model.BlockRef{}, err
	case !found:
		return model.BlockRef{}, q.error(sources.ErrNotFound)
	}
	b, err := c.block(ctx, q, hash)
	if err != nil {
		return model.BlockRef{}, err
	}
	return b.ref, nil
}

// Blocks implements [sources.BlockReader] with two requests for each block, and
// one for each 25 of its transactions or, with [Options.RawBlocks], one for all of
// them. The range ends at the tip as it is at the beginning. A chain that the
// server has from some height on only begins there. The transactions must be
// those of the header's Merkle root, and each block the parent of the next; a
// chain that changes meanwhile is an error of kind [sources.ErrReorg].
func (c *Client) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		from, to, err := c.span(ctx, r)
		if err != nil {
			yield(nil, err)
			return
		}
		var last model.BlockHash
		for h := int64(from); h <= int64(to); h++ {
			b, err := c.blockAt(ctx, int32(h))
			if err == nil && h > int64(from) && b.Header.Prev != last {
				err = call{"Blocks", strconv.FormatInt(h, 10)}.error(fmt.Errorf("%w: the parent of block %v is not %v", sources.ErrReorg, b.Ref.Hash, last))
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			last = b.Ref.Hash
			if !yield(b, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// span returns the first and last height of the range that the server has.
func (c *Client) span(ctx context.Context, r sources.Range) (from, to int32, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	q := call{op: "Blocks"}
	tip, err := c.tipHeight(ctx, q, 0)
	if err != nil || !tip.known {
		return 1, 0, err
	}
	from, to = max(r.From, 0), tip.height
	if r.To != 0 {
		to = min(to, r.To)
	}
	if from > to {
		return 1, 0, nil
	}
	has := func(i int) bool {
		if err != nil {
			return true
		}
		var found bool
		_, found, err = c.hashAt(ctx, q, from+int32(i))
		return found
	}
	if !has(0) {
		from += int32(sort.Search(int(to-from)+1, has))
	}
	return from, to, err
}

func (c *Client) blockAt(ctx context.Context, height int32) (*model.Block, error) {
	q := call{"Blocks", strconv.Itoa(int(height))}
	hash, found, err := c.hashAt(ctx, q, height)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, q.lacks("the block at this height")
	}
	info, err := c.block(ctx, q, hash)
	if err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) error {
		return q.error(fmt.Errorf("%w: block %v: %s", sources.ErrMalformed, hash, fmt.Sprintf(format, args...)))
	}
	if info.ref.Height != height {
		return nil, bad("the server says that it is at height %d", info.ref.Height)
	}
	b := &model.Block{Header: info.header, Ref: info.ref}
	if c.o.RawBlocks {
		b.Txs, err = c.rawTxs(ctx, q, hash)
	} else {
		b.Txs, err = c.pagedTxs(ctx, q, info)
	}
	if err != nil {
		return nil, err
	}
	ids := make([]model.TxID, len(b.Txs))
	once := make(map[model.TxID]bool, len(b.Txs))
	for i, t := range b.Txs {
		if t.Coinbase() != (i == 0) {
			return nil, bad("transaction %d, %v: a coinbase stands first and nowhere else", i, t.ID)
		}
		if once[t.ID] {
			return nil, bad("transaction %v stands twice", t.ID)
		}
		ids[i], once[t.ID] = t.ID, true
		t.Block = info.ref
		t.Block.Pos, t.Block.Known = int32(i), t.Block.Known|model.KnownPos
	}
	if model.MerkleRoot(ids) != b.Header.MerkleRoot {
		return nil, bad("its %d transactions are not those of its header", len(ids))
	}
	if h, ok := model.CoinbaseHeight(b.Txs[0].Inputs[0].Script); b.Header.Version >= 2 && height >= c.o.Network.BIP34Height() && (!ok || h != height) {
		return nil, bad("its coinbase does not tell the height %d", height)
	}
	return b, nil
}

func (c *Client) rawTxs(ctx context.Context, q call, hash model.BlockHash) (txs []*model.Tx, err error) {
	found, err := c.get(ctx, q, "/block/"+hash.String()+"/raw", func(s *scanner) error {
		raw, err := io.ReadAll(io.LimitReader(s.r, model.MaxBlockSize+1))
		if err != nil {
			return err
		}
		b, err := model.DecodeBlock(raw, c.o.Network)
		if err != nil {
			return &badJSON{int64(len(raw)), err.Error()}
		}
		txs = b.Txs
		return nil
	})
	if err == nil && !found {
		err = q.lacks("block " + hash.String())
	}
	return txs, err
}

// pagedTxs reads the transactions of a block page by page: the first tells how
// many the others have.
func (c *Client) pagedTxs(ctx context.Context, q call, b *blockInfo) ([]*model.Tx, error) {
	path := "/block/" + b.ref.Hash.String() + "/txs/"
	page := func(ctx context.Context, from int) ([]*model.Tx, error) {
		p, err := c.page(ctx, q, path+strconv.Itoa(from))
		if err == nil && (len(p.txs) == 0 || from+len(p.txs) > b.count) {
			err = q.error(fmt.Errorf("%w: block %v of %d transactions: %d of them from index %d", sources.ErrMalformed, b.ref.Hash, b.count, len(p.txs), from))
		}
		return p.txs, err
	}
	txs, err := page(ctx, 0)
	if err != nil {
		return nil, err
	}
	size := len(txs)
	pages := make([][]*model.Tx, (b.count-1)/size)
	err = c.each(ctx, len(pages), func(ctx context.Context, i int) (err error) {
		pages[i], err = page(ctx, (i+1)*size)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		txs = append(txs, p...)
	}
	return txs, nil
}

// page is one answer of several transactions.
type page struct {
	txs  []*model.Tx
	size int64 // of the answer
}

func (c *Client) page(ctx context.Context, q call, path string) (p page, err error) {
	found, err := c.get(ctx, q, path, func(s *scanner) error {
		p = page{}
		err := s.array(func() error {
			t, err := s.tx(c.o.Network)
			p.txs = append(p.txs, t)
			return err
		})
		p.size = s.at
		return err
	})
	if err != nil || !found {
		return page{}, err
	}
	return p, nil
}

var proofFields = fields{"block_height", "merkle", "pos"}

// prove completes the place of a confirmed transaction, with
// [Options.Prove], and checks it.
func (c *Client) prove(ctx context.Context, q call, t *model.Tx) error {
	if !c.o.Prove || !t.Block.Has(model.KnownHash) {
		return nil
	}
	b, err := c.block(ctx, q, t.Block.Hash)
	if err != nil {
		return err
	}
	var height int32
	var pos int64
	var branch [][32]byte
	found, err := c.get(ctx, q, "/tx/"+t.ID.String()+"/merkle-proof", func(s *scanner) error {
		var got seen
		branch = nil
		err := s.object(func(key []byte) error {
			i, err := s.field(proofFields, &got, key)
			if err != nil || i < 0 {
				return err
			}
			switch i {
			case 0:
				var n int64
				n, err = s.whole(0, math.MaxInt32)
				height = int32(n)
			case 1:
				err = s.array(func() error {
					if len(branch) == 32 {
						return s.fail("a branch of more than 32 hashes")
					}
					h, err := s.hash()
					branch = append(branch, h)
					return err
				})
			case 2:
				pos, err = s.whole(0, int64(b.count)-1)
			}
			return err
		})
		if err == nil {
			err = s.need(proofFields, got, len(proofFields))
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !found || height != t.Block.Height:
		return q.lacks(fmt.Sprintf("transaction %v in block %v", t.ID, t.Block.Hash))
	case b.ref.Height != t.Block.Height:
		return q.error(fmt.Errorf("%w: transaction %v is said to be at height %d, its block %v at %d", sources.ErrMalformed, t.ID, t.Block.Height, b.ref.Hash, b.ref.Height))
	case !inBlock(t.ID, pos, branch, b):
		return q.error(fmt.Errorf("%w: transaction %v is not proved to be at place %d of block %v", sources.ErrMalformed, t.ID, pos, b.ref.Hash))
	}
	t.Block = b.ref
	t.Block.Pos, t.Block.Known = int32(pos), t.Block.Known|model.KnownPos
	return nil
}

// inBlock reports whether the branch leads from the transaction at the position
// to the Merkle root of the block.
func inBlock(id model.TxID, pos int64, branch [][32]byte, b *blockInfo) bool {
	node, width := [32]byte(id), int64(b.count)
	for _, other := range branch {
		// The last node of an odd level is paired with itself, on the left.
		alone := pos == width-1 && pos%2 == 0
		if width == 1 || alone != (other == node) {
			return false
		}
		pair := append(append(make([]byte, 0, 64), node[:]...), other[:]...)
		if pos%2 == 1 {
			pair = append(append(pair[:0], other[:]...), node[:]...)
		}
		once := sha256.Sum256(pair)
		node, pos, width = sha256.Sum256(once[:]), pos/2, (width+1)/2
	}
	return width == 1 && node == b.header.MerkleRoot
}
