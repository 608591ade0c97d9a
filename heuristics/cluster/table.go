package cluster

import (
	"errors"
	"hash/maphash"
	"math"

	"github.com/goldwash/goldwash/model"
)

// errFull says that a scope holds more scripts than ids.
var errFull = errors.New("cluster: more than 2^32-2 scripts in one scope")

// table numbers addresses in the order in which they are first put in. It holds
// each address once, and beside it slots of 8 bytes: half of the address's hash,
// and its number plus one. It is not safe for concurrent use while it grows.
type table struct {
	seed  maphash.Seed
	addrs []model.Address
	slots []uint64
}

func newTable() *table {
	return &table{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)}
}

// find returns the address's number, or where its slot would be.
func (t *table) find(a model.Address) (id uint32, slot int, tag uint64, ok bool) {
	h := maphash.Comparable(t.seed, a)
	tag = h &^ math.MaxUint32
	mask := len(t.slots) - 1
	for slot = int(uint32(h)) & mask; ; slot = (slot + 1) & mask {
		s := t.slots[slot]
		if s == 0 {
			return 0, slot, tag, false
		}
		if s&^math.MaxUint32 == tag && t.addrs[uint32(s)-1] == a {
			return uint32(s) - 1, slot, tag, true
		}
	}
}

// id returns the address's number.
func (t *table) id(a model.Address) (uint32, bool) {
	id, _, _, ok := t.find(a)
	return id, ok
}

// put returns the address's number, a new one where it has none yet.
func (t *table) put(a model.Address) (id uint32, fresh bool, err error) {
	id, slot, tag, ok := t.find(a)
	if ok {
		return id, false, nil
	}
	if uint64(len(t.addrs)) >= math.MaxUint32-1 {
		return 0, false, errFull
	}
	id = uint32(len(t.addrs))
	t.addrs = append(t.addrs, a)
	t.slots[slot] = tag | uint64(id+1)
	if len(t.addrs) > len(t.slots)/4*3 {
		t.grow()
	}
	return id, true, nil
}

func (t *table) grow() {
	t.slots = make([]uint64, 2*len(t.slots))
	mask := len(t.slots) - 1
	for id := range t.addrs {
		h := maphash.Comparable(t.seed, t.addrs[id])
		slot := int(uint32(h)) & mask
		for t.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		t.slots[slot] = h&^math.MaxUint32 | uint64(id+1)
	}
}
