package sourcetest

import (
	"time"

	"github.com/goldwash/goldwash/model"
)

// Options says what a provider cannot know. The zero value asks for everything
// that the ledger knows.
type Options struct {
	Lacks Lack
	// Place holds the fields of [model.BlockRef] that the provider may leave
	// unknown. Without heights, only ranges of everything are asked for.
	Place model.BlockKnown
	// Patience is how long a call may take before it counts as hanging;
	// 0 means 30 seconds.
	Patience time.Duration
}

// Lack is a set of things that a provider may leave unknown.
type Lack uint32

// Flags of [Lack].
const (
	// OutsidePrevouts: values and owners of outputs that are spent in the
	// ledger but were made outside of it. An owner may then be unknown or an
	// inference, and a history may lack transactions that touch the address
	// by such an input alone.
	OutsidePrevouts Lack = 1 << iota
	// Prevouts: the same of every input.
	Prevouts
	// OutsideSpends: the spending of outputs that were made outside.
	OutsideSpends
	// Unspent: that an output is unspent.
	Unspent
	// UnspentAsOf: the height up to which an output is unspent.
	UnspentAsOf
	// Sizes: size and weight of transactions.
	Sizes
	// Unlocking: unlocking scripts and witnesses, with the signature types
	// and owners that they tell.
	Unlocking
	// Locking: locking scripts, though not the addresses that they make.
	Locking
	// Headers: the headers of blocks.
	Headers
	// LabelFilters: filters by label.
	LabelFilters
	// TagDetails: confidence and source of tags.
	TagDetails
	// NoChain: an empty chain; the provider is not opened without blocks.
	NoChain
)

func (o Options) lacks(l Lack) bool { return o.Lacks&l != 0 }

func (o Options) patience() time.Duration {
	if o.Patience == 0 {
		return 30 * time.Second
	}
	return o.Patience
}
