package blockfile

import (
	"sync"
	"sync/atomic"
)

// maxRecent bounds the bytes of the blocks that a chain keeps in memory for the
// outputs in them: those that were read last, because most outputs are spent soon.
const maxRecent = 64 << 20

// recent holds the bytes of blocks that were read and checked. It is safe for
// concurrent use.
type recent struct {
	by []atomic.Pointer[[]byte] // by index of the block

	mu    sync.Mutex
	queue []int32 // of the blocks held, the first one longest
	bytes int
}

// get returns the bytes of a block, nil where they are not held.
func (r *recent) get(block int32) []byte {
	if b := r.by[block].Load(); b != nil {
		return *b
	}
	return nil
}

// add holds the bytes of a block and lets go of those held longest.
func (r *recent) add(block int32, raw []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.by[block].CompareAndSwap(nil, &raw) {
		return
	}
	r.queue = append(r.queue, block)
	r.bytes += len(raw)
	for r.bytes > maxRecent {
		old := r.by[r.queue[0]].Swap(nil)
		r.queue = r.queue[1:]
		r.bytes -= len(*old)
	}
}
