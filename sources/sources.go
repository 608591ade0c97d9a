package sources

import (
	"context"
	"iter"
	"time"

	"github.com/goldwash/goldwash/model"
)

// TxReader looks transactions up by id.
type TxReader interface {
	// Txs returns the transactions in the order of the ids, nil where the
	// source does not know one. Inputs carry the value and owner of their
	// prevouts as far as the source can tell.
	Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error)
}

// SpendReader looks up what became of outputs.
type SpendReader interface {
	// Spenders returns, in the order of the outpoints, whether and by which
	// input each was spent, as of the source's tip. The zero Spend says that
	// the source does not know.
	Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error)
}

// HistoryReader lists the transactions of an address.
type HistoryReader interface {
	// History yields every transaction that pays or spends the address
	// within the range, once each, in ledger order.
	History(ctx context.Context, a model.Address, r Range) iter.Seq2[*model.Tx, error]
}

// BlockReader reads the chain in order.
type BlockReader interface {
	// Tip returns the last block of the chain that the source follows, or an
	// error of kind ErrNotFound where it has none.
	Tip(ctx context.Context) (model.BlockRef, error)
	// Blocks yields the blocks of the range in chain order. Blocks of
	// unknown height come last, and only where the range is everything.
	Blocks(ctx context.Context, r Range) iter.Seq2[*model.Block, error]
}

// LabelReader reads attributions.
type LabelReader interface {
	// Labels returns, in the order of the references, every label of each,
	// conflicts included, sorted by [model.Label.Compare].
	Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error)
	// Find yields every label of a category, or all for the empty category,
	// sorted by [model.Label.Compare].
	Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error]
}

// TagReader reads the marks of mining pools.
type TagReader interface {
	// Tags yields the coinbase tags sorted by bytes, then entity.
	Tags(ctx context.Context) iter.Seq2[model.Tag, error]
}

// PriceReader reads exchange rates.
type PriceReader interface {
	// Prices returns, in the order of the times, the rate of one coin of the
	// network in the currency at each time; the zero Price where none is
	// known. A rate is never carried over from another day.
	Prices(ctx context.Context, net model.Network, currency string, at []time.Time) ([]model.Price, error)
}

// Selector answers filters natively, by an index or a query.
type Selector interface {
	// Select yields the transactions of the range that pass any of the
	// filters, in ledger order; no filters let everything through.
	Select(ctx context.Context, fs []model.Filter, r Range) iter.Seq2[*model.Tx, error]
}

// Range is a range of heights, both included. To 0 means up to the tip, so the
// zero Range is everything.
type Range struct{ From, To int32 }

// Contains reports whether a height is in the range.
func (r Range) Contains(height int32) bool {
	return height >= r.From && (r.To == 0 || height <= r.To)
}

// All reports whether the range is everything.
func (r Range) All() bool { return r == Range{} }

// Provenance says what a provider's data is and where it came from, for the
// record of a run.
type Provenance struct {
	Provider string       `json:"provider"` // the package's name, such as "blockfile"
	Name     string       `json:"name"`     // the file or server, without credentials
	Digest   model.Digest `json:"digest,omitzero"`
	Note     string       `json:"note,omitempty"` // what it holds, as counts
}

// Provenancer is implemented by providers that tell their [Provenance].
type Provenancer interface{ Provenance() []Provenance }
