package sources

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
)

// Replay reads a file that a [Recorder] wrote, and returns a set that answers
// from it: with the capabilities, the provenance, the answers and the errors of
// the set that was recorded, without any source. What the recorded run never
// asked is an [Error] of kind [ErrUnavailable] that says so; so is what follows
// where every reader of a sequence broke out of it.
//
// The file is checked whole before anything is answered: every transaction must
// hash to its txid, every header to its block's hash, and the digest in the last
// line must be of all lines before. A file that was cut off or changed is an
// Error of kind [ErrMalformed] with the line. The digest tells accident from
// truth and not who wrote the file: keep it, or the file's own, apart where
// that matters. What is read takes memory in proportion to the file, which may
// have 8 GiB with lines of up to 64 MiB.
//
// The set is safe for concurrent use. It has no providers for [As].
func Replay(r io.Reader) (Set, error) {
	rd := &recordReader{
		c: newRecording(), txs: map[string]*model.Tx{}, blocks: map[string]*model.Block{},
		seenTxs: map[model.TxID]int{}, seenBlocks: map[model.BlockHash]int{}, done: map[string]bool{},
	}
	if err := rd.read(r); err != nil {
		return Set{}, err
	}
	p := &replay{
		recording: rd.c,
		txs:       byItem(&rd.c.txs), spends: byItem(&rd.c.spends), tip: byItem(&rd.c.tip), labels: byItem(&rd.c.labels), prices: byItem(&rd.c.prices),
	}
	s := Set{Provenance: p.provenance}
	for i, set := range [...]func(){
		func() { s.Txs = replayTxs{p} }, func() { s.Spends = replaySpends{p} }, func() { s.History = replayHistory{p} },
		func() { s.Blocks = replayBlocks{p} }, func() { s.Labels = replayLabels{p} }, func() { s.Tags = replayTags{p} },
		func() { s.Prices = replayPrices{p} }, func() { s.Select = replaySelect{p} }, func() { s.Books = replayBooks{p} },
	} {
		if p.has&(1<<i) != 0 {
			set()
		}
	}
	return s, nil
}

// replay answers from a recording that does not change any more.
type replay struct {
	*recording
	txs, spends, tip, labels, prices failedItems
}

// failedItems holds, for each item of a batch that failed, the error of the
// first such batch in the file.
type failedItems map[string]error

func byItem[V any](b *batches[V]) failedItems {
	out := failedItems{}
	for _, joined := range slices.Sorted(maps.Keys(b.failed)) {
		f := b.failed[joined]
		for _, k := range f.keys {
			if out[k] == nil {
				out[k] = f.err
			}
		}
	}
	return out
}

func notRecorded(op, key, why string) error {
	return &Error{Source: "replay", Op: op, Key: key, Err: fmt.Errorf("%w: %s", ErrUnavailable, why)}
}

func replayBatch[K, V any](ctx context.Context, op string, b *batches[V], failed failedItems, items []K, key func(K) string) ([]V, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = key(items[i])
	}
	vs, missing, err := b.answer(keys)
	if err != nil || len(missing) == 0 {
		return vs, err
	}
	// Asked in another batch than it was.
	for _, i := range missing {
		if err := failed[keys[i]]; err != nil {
			return nil, err
		}
	}
	return nil, notRecorded(op, keys[missing[0]], "not in the recording")
}

func replaySequence[T any](ctx context.Context, op string, ss sequences[T], key string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := ctx.Err(); err != nil {
			yield(zero, err)
			return
		}
		s := ss[key]
		if s == nil {
			yield(zero, notRecorded(op, key, "not in the recording"))
			return
		}
		for _, v := range s.elems {
			if err := ctx.Err(); err != nil {
				yield(zero, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		switch {
		case s.fail != nil:
			yield(zero, s.fail.err)
		case !s.ended:
			yield(zero, notRecorded(op, key, fmt.Sprintf("not in the recording, whose run read %d elements and no further", len(s.elems))))
		}
	}
}

type replayTxs struct{ p *replay }

func (r replayTxs) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	return replayBatch(ctx, "Txs", &r.p.recording.txs, r.p.txs, ids, model.TxID.String)
}

type replaySpends struct{ p *replay }

func (r replaySpends) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	return replayBatch(ctx, "Spenders", &r.p.recording.spends, r.p.spends, outs, model.Outpoint.String)
}

type replayHistory struct{ p *replay }

func (r replayHistory) History(ctx context.Context, a model.Address, rg Range) iter.Seq2[*model.Tx, error] {
	return replaySequence(ctx, "History", r.p.history, historyKey(a, rg))
}

type replayBlocks struct{ p *replay }

func (r replayBlocks) Tip(ctx context.Context) (model.BlockRef, error) {
	tips, err := replayBatch(ctx, "Tip", &r.p.recording.tip, r.p.tip, []struct{}{{}}, func(struct{}) string { return "" })
	if err != nil {
		return model.BlockRef{}, err
	}
	return tips[0], nil
}

func (r replayBlocks) Blocks(ctx context.Context, rg Range) iter.Seq2[*model.Block, error] {
	return replaySequence(ctx, "Blocks", r.p.blocks, rg.key())
}

type replayLabels struct{ p *replay }

func (r replayLabels) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	return replayBatch(ctx, "Labels", &r.p.recording.labels, r.p.labels, on, refKey)
}

func (r replayLabels) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return replaySequence(ctx, "Find", r.p.found, findKey(c))
}

type replayTags struct{ p *replay }

func (r replayTags) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return replaySequence(ctx, "Tags", r.p.tags, "")
}

type replayPrices struct{ p *replay }

func (r replayPrices) Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error) {
	return replayBatch(ctx, "Prices", &r.p.recording.prices, r.p.prices, at, priceKey(net, currency))
}

type replaySelect struct{ p *replay }

func (r replaySelect) Select(ctx context.Context, fs []model.Filter, rg Range) iter.Seq2[*model.Tx, error] {
	return replaySequence(ctx, "Select", r.p.selected, selectKey(fs, rg))
}

type replayBooks struct{ p *replay }

func (r replayBooks) Entries(ctx context.Context, q EntryQuery) iter.Seq2[Entry, error] {
	return replaySequence(ctx, "Entries", r.p.entries, q.key())
}
