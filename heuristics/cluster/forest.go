package cluster

// forest is a union-find over ids that are given out one after the other. The
// smaller id becomes the root, so that the trees depend on the order of the
// ledger alone, and paths are halved as they are walked.
type forest struct{ parent []uint32 }

// add makes the next id, alone in its tree.
func (f *forest) add() { f.parent = append(f.parent, uint32(len(f.parent))) }

// root returns the root of the id's tree.
func (f *forest) root(id uint32) uint32 {
	p := f.parent
	for p[id] != id {
		p[id] = p[p[id]]
		id = p[id]
	}
	return id
}

// union joins two trees and returns the root of both.
func (f *forest) union(a, b uint32) uint32 {
	a, b = f.root(a), f.root(b)
	if a > b {
		a, b = b, a
	}
	f.parent[b] = a
	return a
}
