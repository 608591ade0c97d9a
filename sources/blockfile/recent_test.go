package blockfile

import (
	"sync"
	"sync/atomic"
	"testing"
)

// The blocks held are the last ones added, and never more than the bound.
func TestRecentIsBounded(t *testing.T) {
	const size = maxRecent / 10
	r := recent{by: make([]atomic.Pointer[[]byte], 100)}
	var group sync.WaitGroup
	for part := range 4 {
		group.Go(func() {
			for i := range int32(25) {
				raw := make([]byte, size)
				r.add(int32(part)*25+i, raw)
				r.add(int32(part)*25+i, raw) // again, by another reader
			}
		})
	}
	group.Wait()
	held := 0
	for i := range r.by {
		if b := r.get(int32(i)); b != nil {
			held++
		}
	}
	if held != 10 || r.bytes != 10*size || len(r.queue) != 10 {
		t.Errorf("%d blocks held, %d in the queue, %d bytes", held, len(r.queue), r.bytes)
	}
	r.add(0, make([]byte, maxRecent+1))
	if r.bytes != 0 {
		t.Errorf("a block beyond the bound is held: %d bytes", r.bytes)
	}
}
