package cluster

import (
	"encoding/binary"
	"fmt"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// None stands for no address in what [Walk.Next] returns.
const None = 1<<32 - 1

// walked is the ids of the addresses of every transaction of the scope, as the
// index read them.
type walked struct {
	ids   []uint32 // of each input, then of each output; None where there is no owner
	marks []uint32 // by transaction: the first bytes of its id
}

// mark is enough of a transaction's id to tell it from another that stands in its
// place.
func mark(tx *model.Tx) uint32 { return binary.LittleEndian.Uint32(tx.ID[:]) }

// Walk goes through the transactions of the scope in ledger order, beside a
// [heuristics.Scan] that reads them, and tells the ids of their addresses. Looking
// each of them up by [Index.ID] would cost more than all else that most scans do.
// It is not safe for concurrent use.
type Walk struct {
	p      *walked
	tx, id int
}

// WalkOf returns a walk from the first transaction of the scope, for the index of a
// heuristic that requires [Heuristic].
func WalkOf(r heuristics.Reader) *Walk { return &Walk{p: &Of(r).walked} }

// Next returns the ids of the next transaction's addresses, by input and by output:
// None for a coinbase's input, where the owner is not known or is no address, and
// for null data. It is an error if the transaction is not the one that the index
// saw there. The slices are shared and must not be changed.
func (w *Walk) Next(tx *model.Tx) (ins, outs []uint32, err error) {
	n, m := len(tx.Inputs), len(tx.Outputs)
	if w.tx >= len(w.p.marks) || w.p.marks[w.tx] != mark(tx) || w.id+n+m > len(w.p.ids) {
		return nil, nil, fmt.Errorf("transaction %v was not there, or elsewhere, when the clusters were built: the source has changed", tx.ID)
	}
	ids := w.p.ids[w.id : w.id+n+m : w.id+n+m]
	w.tx++
	w.id += n + m
	return ids[:n:n], ids[n:], nil
}
