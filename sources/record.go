package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/goldwash/goldwash/model"
)

// RecordOptions bounds a recording.
type RecordOptions struct {
	// MaxBytes bounds the memory of what is recorded, by a count of the values'
	// own sizes; 0 means 1 GiB. The file is of about the same size.
	MaxBytes int64
}

// Recorder keeps every question that is asked through a set, with its whole
// answer, and writes them to one evidence file from which [Replay] answers the
// same. Apply [Recorder.Middleware] to the set, and call [Recorder.Close] when
// the run is over:
//
//	rec := sources.Record(file, sources.RecordOptions{})
//	set = set.Wrap(sources.Cache(sources.CacheOptions{}), rec.Middleware)
//	... // the run
//	if err := rec.Close(); err != nil {
//
// A recording is a function from questions to answers, of one run at one tip. So
// that the run is that same function, a question that was answered is not
// asked on again: it gets the recorded answer, errors included, and a sequence
// is read on from where the recording ends. Put it outermost, outside [Retry]
// above all, and use a new Recorder for the next run.
//
// Batches are kept item by item, so a replay may ask in other batches, with
// other workers, another order or cache. An error is of a whole batch: a replay
// that asks for its items in other batches gets answers where the recorded run
// got them in another batch too, and else the error. A sequence whose reader
// broke out is kept as far as any reader read it. Not recorded are the errors
// of a caller's own context, and providers reached by [As].
//
// Where the run read a service's own books, the file holds what it read of them,
// and so data about customers: keep it as the books are kept.
//
// The same run gives the same file, byte for byte, whatever its concurrency. The
// file holds no credentials: questions are about entities of the ledger, and
// from the URLs in the texts of errors and of the [Provenance] everything before
// an @ and after a ? or # is taken out, for the recorded run too.
//
// Recording changes no answer. What it cannot hold ends the recording and not
// the run: see [Recorder.Err]. It is safe for concurrent use.
type Recorder struct {
	w   io.Writer
	max int64

	mu      sync.Mutex
	used    bool
	c       *recording // nil once it is closed or given up
	size    int64
	err     error
	txs     map[model.TxID][]*model.Tx         // in c, those that differ one by one
	blocks  map[model.BlockHash][]*model.Block // the same
	closing sync.Once
}

// Record returns a recorder that writes to w when it is closed. w is not
// closed.
func Record(w io.Writer, o RecordOptions) *Recorder {
	r := &Recorder{
		w: w, max: o.MaxBytes, c: newRecording(),
		txs: map[model.TxID][]*model.Tx{}, blocks: map[model.BlockHash][]*model.Block{},
	}
	if r.max <= 0 {
		r.max = 1 << 30
	}
	return r
}

// Middleware is a [Middleware] that records. It panics when it is applied to a
// second set: a recording is of one.
func (r *Recorder) Middleware(s Set) Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used {
		panic("sources: Recorder: applied to a second set; use a Recorder for each")
	}
	r.used = true
	s.Provenance = redactProvenance(s.Provenance)
	if r.c != nil {
		r.c.has, r.c.provenance = s.Has(), s.Provenance
	}
	if s.Txs != nil {
		s.Txs = recordTxs{s.Txs, r}
	}
	if s.Spends != nil {
		s.Spends = recordSpends{s.Spends, r}
	}
	if s.History != nil {
		s.History = recordHistory{s.History, r}
	}
	if s.Blocks != nil {
		s.Blocks = recordBlocks{s.Blocks, r}
	}
	if s.Labels != nil {
		s.Labels = recordLabels{s.Labels, r}
	}
	if s.Tags != nil {
		s.Tags = recordTags{s.Tags, r}
	}
	if s.Prices != nil {
		s.Prices = recordPrices{s.Prices, r}
	}
	if s.Select != nil {
		s.Select = recordSelect{s.Select, r}
	}
	if s.Books != nil {
		s.Books = recordBooks{s.Books, r}
	}
	return s
}

// Err returns why there will be no recording, and nil as long as there will: it
// grew beyond its bound, or a source answered something that the file cannot
// hold, such as a transaction without outputs. From then on the set answers as
// it would without the recorder.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close writes the file and returns what Err does or the error of the writer;
// where Err is not nil, nothing is written. The set can still be asked, and
// nothing of that is recorded. A second Close does nothing and returns the
// same.
func (r *Recorder) Close() error {
	r.closing.Do(func() {
		r.mu.Lock()
		c := r.c
		if r.err == nil && !r.used {
			r.err = errors.New("record: the recorder was applied to no set")
		}
		err := r.err
		r.c = nil
		r.mu.Unlock()
		if err != nil {
			return
		}
		// From here on nobody changes what was recorded.
		if err := r.write(c); err != nil {
			r.mu.Lock()
			r.err = fmt.Errorf("record: %w", err)
			r.mu.Unlock()
		}
	})
	return r.Err()
}

// giveUp ends the recording. The caller holds the lock.
func (r *Recorder) giveUp(err error) {
	if r.c != nil {
		r.c, r.txs, r.blocks, r.err = nil, nil, nil, err
	}
}

func (r *Recorder) cannotHold(op, key string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.giveUp(&Error{Source: "record", Op: op, Key: key, Err: fmt.Errorf("%w: the answer cannot be recorded: %w", ErrMalformed, err)})
}

// grow counts what is recorded. The caller holds the lock.
func (r *Recorder) grow(n int64) {
	if r.size += n; r.size > r.max {
		r.giveUp(&Error{Source: "record", Op: "Record", Err: fmt.Errorf("%w: the recording passes %d bytes", ErrBudget, r.max)})
	}
}

// Sizes that are counted beside those of values: an item with its place in a
// map, and an element of a sequence.
const (
	itemSize = 160
	elemSize = 16
)

// recordBatch answers a batch from the recording, and for the rest from the
// source. own makes the recording's copy of an answer and tells its size.
func recordBatch[K, V any](ctx context.Context, r *Recorder, op string, in func(*recording) *batches[V], items []K, key func(K) string,
	ask func(context.Context, []K) ([]V, error), own func(V) (V, int64, error)) ([]V, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = key(items[i])
	}
	r.mu.Lock()
	c := r.c
	if c == nil {
		r.mu.Unlock()
		return ask(ctx, items)
	}
	b := in(c)
	vs, missing, err := b.answer(keys)
	r.mu.Unlock()
	if err != nil || len(missing) == 0 {
		return vs, err
	}

	seen := make(map[string]bool, len(missing))
	var todo []K
	var todoKeys []string
	for _, i := range missing {
		if k := keys[i]; !seen[k] {
			seen[k] = true
			todo, todoKeys = append(todo, items[i]), append(todoKeys, k)
		}
	}
	got, err := ask(ctx, todo)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err // the caller's own affair
	case err == nil && len(got) != len(todo):
		err = &Error{Source: "record", Op: op, Err: fmt.Errorf("%w: %d answers to %d questions", ErrMalformed, len(got), len(todo))}
	}
	owned := make([]V, len(got))
	size := int64(0)
	if err == nil {
		for i := range got {
			v, n, bad := own(got[i])
			if bad != nil {
				r.cannotHold(op, todoKeys[i], bad)
				break
			}
			owned[i], size = v, size+n+itemSize+int64(len(todoKeys[i]))
		}
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c != c {
		// The recording has ended meanwhile.
		if err != nil {
			return nil, err
		}
		for j, k := range todoKeys {
			for _, i := range missing {
				if keys[i] == k {
					vs[i] = got[j]
				}
			}
		}
		return vs, nil
	}
	// Others may have been faster, and then theirs is the answer.
	if vs, missing, failed := b.answer(keys); failed != nil || len(missing) == 0 {
		return vs, failed
	}
	if err != nil {
		f := &failedBatch{distinct(keys), failureOf(err)}
		joined := joinKeys(keys)
		b.failed[joined] = f
		r.grow(itemSize + 2*int64(len(joined)) + int64(len(f.line.Text)))
		return nil, f.err
	}
	for i, k := range todoKeys {
		if _, ok := b.items[k]; !ok {
			b.items[k] = owned[i]
		}
	}
	vs, _, _ = b.answer(keys)
	r.grow(size)
	return vs, nil
}

// reading is one reading of a sequence, of which there may be several at a time.
type reading[T any] struct {
	r       *Recorder
	c       *recording
	s       *sequence[T]
	own     func(T) (T, int64, error)
	op, key string
}

// at returns element n as it is recorded; where there is none, whether the
// sequence ended there, and with which error.
func (d *reading[T]) at(n int) (v T, ok, ended bool, err error) {
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	switch {
	case n < len(d.s.elems):
		return d.s.elems[n], true, false, nil
	case d.s.fail != nil:
		return v, false, true, d.s.fail.err
	}
	return v, false, d.s.ended, nil
}

// put records element n, unless another reader did.
func (d *reading[T]) put(n int, v T) {
	own, size, err := d.own(v)
	if err != nil {
		d.r.cannotHold(d.op, d.key, err)
		return
	}
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	if d.r.c == d.c && n == len(d.s.elems) && !d.s.ended {
		d.s.elems = append(d.s.elems, own)
		d.r.grow(size + elemSize)
	}
}

// end records that the sequence ends after n elements, unless another reader got
// further. It returns false where the recording is over.
func (d *reading[T]) end(n int, err error) bool {
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	if d.r.c != d.c {
		return false
	}
	if n == len(d.s.elems) && !d.s.ended {
		d.s.ended = true
		if err != nil {
			f := failureOf(err)
			d.s.fail = &f
			d.r.grow(int64(len(f.line.Text)))
		}
	}
	return true
}

// recordSequence yields what is recorded of a sequence, and from where that ends
// what the source yields.
func recordSequence[T any](ctx context.Context, r *Recorder, op string, in func(*recording) sequences[T], key string,
	seq iter.Seq2[T, error], own func(T) (T, int64, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := ctx.Err(); err != nil {
			yield(zero, err)
			return
		}
		r.mu.Lock()
		c := r.c
		if c == nil {
			r.mu.Unlock()
			seq(yield)
			return
		}
		s := in(c)[key]
		if s == nil {
			s = &sequence[T]{}
			in(c)[key] = s
			r.grow(itemSize + int64(len(key)))
		}
		r.mu.Unlock()
		d := &reading[T]{r, c, s, own, op, key}

		n := 0 // elements that the reader has
		// recorded yields what is recorded beyond those, and reports whether the
		// reader wants more than that.
		recorded := func() bool {
			for {
				v, ok, ended, err := d.at(n)
				switch ctxErr := ctx.Err(); {
				case ctxErr != nil:
					yield(zero, ctxErr)
					return false
				case !ok:
					if err != nil {
						yield(zero, err)
					}
					return !ended
				}
				n++
				if !yield(v, nil) {
					return false
				}
			}
		}
		if !recorded() {
			return
		}
		read := 0 // elements that the source has yielded
		var failed error
		for v, err := range seq {
			if err != nil {
				failed = err
				break
			}
			if read++; read <= n {
				continue // the reader has what is recorded in its place
			}
			own, ok, ended, err := d.at(n)
			if !ok && !ended {
				d.put(n, v)
				own, ok, ended, err = d.at(n)
			}
			switch {
			case ok:
				v = own
			case ended:
				// Another reader was told so.
				if err != nil {
					yield(zero, err)
				}
				return
			}
			n++
			if !yield(v, nil) {
				return
			}
		}
		if failed != nil && ctx.Err() != nil {
			yield(zero, failed) // the caller's own affair
			return
		}
		// Another reader may have got further, and then so does this one.
		for recorded() {
			if !d.end(n, failed) {
				if failed != nil {
					yield(zero, failed)
				}
				return
			}
		}
	}
}

// tx returns the recording's own copy of a transaction, one for all that say the
// same.
func (r *Recorder) tx(t *model.Tx) (*model.Tx, int64, error) {
	if t == nil {
		return nil, 0, errors.New("no transaction")
	}
	find := func() (own *model.Tx) {
		for _, own := range r.txs[t.ID] {
			if sameTx(own, t) {
				return own
			}
		}
		return nil
	}
	r.mu.Lock()
	own := find()
	r.mu.Unlock()
	if own != nil {
		return own, 0, nil
	}
	fresh, err := copiedTx(t)
	if err != nil {
		return nil, 0, fmt.Errorf("transaction %v: %w", t.ID, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if own := find(); own != nil || r.c == nil {
		return cmp.Or(own, fresh), 0, nil
	}
	r.txs[t.ID] = append(r.txs[t.ID], fresh)
	r.grow(itemSize + txSize(fresh))
	return fresh, 0, nil
}

// txOrNone is tx for the answers of batches, where none says that the source
// does not know.
func (r *Recorder) txOrNone(t *model.Tx) (*model.Tx, int64, error) {
	if t == nil {
		return nil, 0, nil
	}
	return r.tx(t)
}

// block is tx for blocks.
func (r *Recorder) block(b *model.Block) (*model.Block, int64, error) {
	if b == nil {
		return nil, 0, errors.New("no block")
	}
	ref, err := copiedRef(b.Ref)
	if err != nil {
		return nil, 0, err
	}
	own := &model.Block{Header: b.Header, Ref: ref}
	for _, t := range b.Txs {
		t, _, err := r.tx(t)
		if err != nil {
			return nil, 0, err
		}
		own.Txs = append(own.Txs, t)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range r.blocks[ref.Hash] {
		if sameBlock(o, own) {
			return o, 0, nil
		}
	}
	if r.c != nil {
		r.blocks[ref.Hash] = append(r.blocks[ref.Hash], own)
		r.grow(itemSize + 80 + elemSize*int64(len(own.Txs)))
	}
	return own, 0, nil
}

func ownLabel(l model.Label) (model.Label, int64, error) {
	ls, size, err := ownLabels([]model.Label{l})
	if err != nil {
		return model.Label{}, 0, err
	}
	return ls[0], size, nil
}

func ownLabels(ls []model.Label) ([]model.Label, int64, error) {
	own, err := copiedLabels(ls)
	return own, labelsSize(own), err
}

func ownTag(t model.Tag) (model.Tag, int64, error) {
	own, err := copiedTag(t)
	return own, int64(64 + len(t.Bytes) + len(t.Entity) + len(t.Source)), err
}

func ownSpend(s model.Spend) (model.Spend, int64, error) {
	own, err := copiedSpend(s)
	return own, 48, err
}

func ownPrice(p model.Price) (model.Price, int64, error) {
	own, err := copiedPrice(p)
	return own, int64(128 + len(p.Source)), err
}

func ownRef(b model.BlockRef) (model.BlockRef, int64, error) {
	own, err := copiedRef(b)
	return own, 64, err
}

type recordTxs struct {
	next TxReader
	r    *Recorder
}

func (r recordTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return recordBatch(ctx, r.r, "Txs", func(c *recording) *batches[*model.Tx] { return &c.txs }, ids, model.TxID.String,
		r.next.Txs, r.r.txOrNone)
}

type recordSpends struct {
	next SpendReader
	r    *Recorder
}

func (r recordSpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return recordBatch(ctx, r.r, "Spenders", func(c *recording) *batches[model.Spend] { return &c.spends }, outs, model.Outpoint.String,
		r.next.Spenders, ownSpend)
}

type recordHistory struct {
	next HistoryReader
	r    *Recorder
}

func (r recordHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return recordSequence(ctx, r.r, "History", func(c *recording) sequences[*model.Tx] { return c.history }, historyKey(a, rg),
		r.next.History(ctx, a, rg), r.r.tx)
}

type recordBlocks struct {
	next BlockReader
	r    *Recorder
}

func (r recordBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	// A batch of one.
	tips, err := recordBatch(ctx, r.r, "Tip", func(c *recording) *batches[model.BlockRef] { return &c.tip }, []struct{}{{}},
		func(struct{}) string { return "" },
		func(ctx context.Context, _ []struct{}) ([]model.BlockRef, error) {
			tip, err := r.next.Tip(ctx)
			if err != nil {
				return nil, err
			}
			return []model.BlockRef{tip}, nil
		}, ownRef)
	if err != nil {
		return model.BlockRef{}, err
	}
	return tips[0], nil
}

func (r recordBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return recordSequence(ctx, r.r, "Blocks", func(c *recording) sequences[*model.Block] { return c.blocks }, rg.key(),
		r.next.Blocks(ctx, rg), r.r.block)
}

type recordLabels struct {
	next LabelReader
	r    *Recorder
}

func (r recordLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return recordBatch(ctx, r.r, "Labels", func(c *recording) *batches[[]model.Label] { return &c.labels }, on, refKey,
		r.next.Labels, ownLabels)
}

func (r recordLabels) Find(ctx context.Context, cat model.Category) iter.Seq2[model.Label, error] {
	return recordSequence(ctx, r.r, "Find", func(c *recording) sequences[model.Label] { return c.found }, findKey(cat),
		r.next.Find(ctx, cat), ownLabel)
}

type recordTags struct {
	next TagReader
	r    *Recorder
}

func (r recordTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return recordSequence(ctx, r.r, "Tags", func(c *recording) sequences[model.Tag] { return c.tags }, "", r.next.Tags(ctx), ownTag)
}

type recordPrices struct {
	next PriceReader
	r    *Recorder
}

func (r recordPrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	return recordBatch(ctx, r.r, "Prices", func(c *recording) *batches[model.Price] { return &c.prices }, at, priceKey(net, currency),
		func(ctx context.Context, at []time.Time) ([]model.Price, error) {
			return r.next.Prices(ctx, net, currency, at)
		}, ownPrice)
}

type recordSelect struct {
	next Selector
	r    *Recorder
}

func (r recordSelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return recordSequence(ctx, r.r, "Select", func(c *recording) sequences[*model.Tx] { return c.selected }, selectKey(fs, rg),
		r.next.Select(ctx, fs, rg), r.r.tx)
}

func ownEntry(e Entry) (Entry, int64, error) {
	own, err := copiedEntry(e)
	return own, int64(400 + len(e.Service) + len(e.Account) + len(e.Order) + len(e.Pool) + len(e.Worker) + len(e.Custodian) + len(e.Source)), err
}

type recordBooks struct {
	next BookReader
	r    *Recorder
}

func (r recordBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return recordSequence(ctx, r.r, "Entries", func(c *recording) sequences[Entry] { return c.entries }, q.key(), r.next.Entries(ctx, q), ownEntry)
}
