package blockfile

import (
	"cmp"
	"fmt"
	"slices"
)

// Problem is something of the input that was dropped, could not be read, or
// limits what the chain can tell. A problem is not an error: what is whole is
// kept, and the problems say what is missing.
type Problem struct {
	Kind ProblemKind
	File string // the path of the file that it is about
	// Offset is where it begins, in bytes from the start of the file's
	// content: after unpacking, where the file is gzipped.
	Offset int64
	Blocks int   // how many blocks it concerns: dropped, or for Gap missing
	Bytes  int64 // how many bytes were passed over
	Detail string
}

// String returns "file: offset N: kind: detail".
func (p Problem) String() string {
	return fmt.Sprintf("%s: offset %d: %v: %s", p.File, p.Offset, p.Kind, p.Detail)
}

// ProblemKind says what kind of [Problem] one is.
type ProblemKind uint8

// Kinds of [Problem].
const (
	_ ProblemKind = iota
	// Truncated: the file ends within a block or a gzip stream.
	Truncated
	// Garbage: bytes between blocks that are neither a block nor padding.
	Garbage
	// Malformed: a block that does not parse.
	Malformed
	// Forged: a block whose transactions are not those that its header or
	// coinbase commits to, or, with Options.CheckWork, without the work that
	// its header claims.
	Forged
	// Duplicate: blocks that were read before, from this file or another.
	Duplicate
	// Stale: a branch with less work than the one that was kept.
	Stale
	// Gap: blocks are missing between two segments of the chain.
	Gap
	// Height: coinbases that declare another height than the links tell.
	Height
	// Unplaced: a segment of the chain whose height is not known.
	Unplaced
	// Repeated: transactions that stand in two blocks (before BIP 30); the
	// later one is kept, as a node does.
	Repeated
	// Overspent: inputs that spend an output that an earlier input spends, or
	// one that its transaction does not have. No valid chain has any.
	Overspent
	kinds
)

var kindNames = [kinds]string{
	"invalid", "truncated", "garbage", "malformed", "forged", "duplicate",
	"stale", "gap", "height", "unplaced", "repeated", "overspent",
}

// String returns the kind's name in lower case, such as "truncated".
func (k ProblemKind) String() string {
	if k >= kinds {
		return kindNames[0]
	}
	return kindNames[k]
}

// maxProblems bounds the problems of one kind in one file that are told one by
// one. Those beyond are counted together in the last of them.
const maxProblems = 64

// problems collects and bounds them.
type problems struct {
	list  []problemAt
	count map[problemOf]int
	rest  map[problemOf]int // index into list of the one that counts what is beyond
}

type problemOf struct {
	file int32
	kind ProblemKind
}

type problemAt struct {
	Problem
	file int32
	more int
}

func (ps *problems) add(file int32, p Problem) {
	of := problemOf{file, p.Kind}
	if ps.count == nil {
		ps.count, ps.rest = make(map[problemOf]int), make(map[problemOf]int)
	}
	if ps.count[of]++; ps.count[of] < maxProblems {
		ps.list = append(ps.list, problemAt{Problem: p, file: file})
		return
	}
	at, ok := ps.rest[of]
	if !ok {
		ps.rest[of] = len(ps.list)
		ps.list = append(ps.list, problemAt{Problem: p, file: file})
		return
	}
	q := &ps.list[at]
	q.more++
	q.Blocks += p.Blocks
	q.Bytes += p.Bytes
	q.Offset = min(q.Offset, p.Offset)
}

// join appends the problems of one file, whose kinds no other part of the
// package reports.
func (ps *problems) join(file int32, of *problems) {
	for _, p := range of.list {
		p.file = file
		ps.list = append(ps.list, p)
	}
}

// sorted returns the problems by file, in the order of reading, then offset
// and kind. names are the files' paths.
func (ps *problems) sorted(names func(file int32) string) []Problem {
	list := slices.Clone(ps.list)
	slices.SortStableFunc(list, func(a, b problemAt) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Kind, b.Kind))
	})
	out := make([]Problem, len(list))
	for i := range list {
		out[i] = list[i].Problem
		out[i].File = names(list[i].file)
		if n := list[i].more; n > 0 {
			out[i].Detail += fmt.Sprintf(" (and %d more problems of this kind, counted together)", n)
		}
	}
	return out
}
