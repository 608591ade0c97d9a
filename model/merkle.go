package model

import "slices"

// MerkleRoot computes the Merkle root that a header commits to from the ids of
// the block's transactions; zero for none. A root proves the list only up to
// the repetition of its end (CVE-2012-2459): the caller who needs more checks
// that no id occurs twice.
func MerkleRoot(ids []TxID) [32]byte {
	if len(ids) == 0 {
		return [32]byte{}
	}
	level := slices.Clone(ids)
	var pair [64]byte
	for len(level) > 1 {
		next := level[:(len(level)+1)/2]
		for i := range next {
			left, right := level[2*i], level[min(2*i+1, len(level)-1)]
			copy(pair[:32], left[:])
			copy(pair[32:], right[:])
			next[i] = doubleSHA256(pair[:])
		}
		level = next
	}
	return level[0]
}
