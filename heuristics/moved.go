package heuristics

import (
	"context"
	"fmt"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// moved reports whether the chain that the sources follow no longer has the block
// that the session was pinned to: then what was found may be of neither chain.
// Sources without blocks cannot tell. A chain that cannot be asked any more is no
// news about it.
func (s *Session) moved(ctx context.Context) error {
	if s.e.src.Blocks == nil || !s.tip.Has(model.KnownHash|model.KnownHeight) {
		return nil
	}
	now, err := s.e.src.Blocks.Tip(ctx)
	if err != nil || !now.Has(model.KnownHash|model.KnownHeight) || now.Hash == s.tip.Hash {
		return nil
	}
	if now.Height > s.tip.Height {
		// It has grown, or grown from an earlier block.
		now = model.BlockRef{}
		for b, err := range s.e.src.Blocks.Blocks(ctx, sources.Range{From: s.tip.Height, To: s.tip.Height}) {
			if err != nil {
				return nil
			}
			now = b.Ref
		}
		if now.IsZero() || now.Hash == s.tip.Hash {
			return nil
		}
	}
	return &sources.Error{Source: "sources", Op: "Tip", Key: s.tip.Hash.String(),
		Err: fmt.Errorf("%w: the session is of block %v at height %d, the chain now has %v at height %d", sources.ErrReorg, s.tip.Hash, s.tip.Height, now.Hash, now.Height)}
}
