package taint

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// MaxSegments is how many segments an output has at most, unless a [Splitter]
// says otherwise.
const MaxSegments = 10_000

// ErrUnbalanced says that outputs come to more than inputs, or that a value is
// negative or the sum of them more than an amount holds.
var ErrUnbalanced = errors.New("taint: values of inputs and outputs do not balance")

// Splitter applies policies to transactions, and reuses its memory from one to
// the next. Its zero value is ready; it is not safe for concurrent use.
type Splitter struct {
	// Most bounds the segments of one output; 0 means MaxSegments. An output
	// with more of them is sorted by colour and equal ones joined, which loses
	// the order that FIFO and LIFO go by but no value; if colours are still
	// too many, the last of them become Unknown.
	Most int
	// Capped counts the outputs to which that happened, Lost those of them in
	// which colours became Unknown.
	Capped, Lost int

	seg      []Segment
	from, to []int
	queue    []Segment
	sizes    []uint64 // of the outputs and the fee
	order    []int32

	colours []uint32
	totals  []uint64 // by colour
	got     []uint64 // by colour and part
	room    []uint64 // by part
	rest    []uint64 // remainders, by part
	ranks   []int32
}

// Parts are the outputs of a transaction and its fee, each with its segments.
// They are valid until the next use of the Splitter that made them.
type Parts struct {
	seg      []Segment
	from, to []int
}

// Outputs returns the number of outputs.
func (p Parts) Outputs() int { return max(len(p.from)-1, 0) }

// Output returns the segments of an output; none of an output without value.
func (p Parts) Output(i int) []Segment { return p.seg[p.from[i]:p.to[i]:p.to[i]] }

// Fee returns the segments of what no output holds: the fee, and of a coinbase
// what its miner did not claim.
func (p Parts) Fee() []Segment { return p.Output(len(p.from) - 1) }

// Split divides the segments of a transaction's inputs, all of them in the order
// of the inputs, among its outputs and the fee, which is what the inputs have
// more. Clean inputs must be among them: left out, they would shift whatever
// comes after. Neighbours of one colour come out as one segment.
//
// Under Haircut the segments of an output are in the order of their colours, the
// clean one last. Under Poison the lowest colour of the inputs is that of
// everything. Seniority, TIHO and TILO lay what is tainted in the order of the
// inputs, then what is unknown, then what is clean.
func (s *Splitter) Split(p Policy, in []Segment, outs []model.Amount) (Parts, error) {
	if err := s.measure(in, outs); err != nil {
		return Parts{}, err
	}
	s.seg = s.seg[:0]
	switch p {
	case Haircut:
		s.haircut(in)
	case FIFO:
		s.pour(in)
	case LIFO:
		s.queue = append(s.queue[:0], in...)
		slices.Reverse(s.queue)
		s.pour(s.queue)
	case Seniority:
		s.pour(s.senior(in))
	case TIHO:
		s.arrange(func(a, b uint64) int { return cmp.Compare(b, a) })
		s.pour(s.senior(in))
	case TILO:
		s.arrange(func(a, b uint64) int { return cmp.Compare(a, b) })
		s.pour(s.senior(in))
	case Poison:
		s.poison(in)
	default:
		return Parts{}, errors.New("taint: no policy has the number of " + p.String())
	}
	return Parts{s.seg, s.from, s.to}, nil
}

// measure checks the values and notes the sizes of the parts, in their order.
func (s *Splitter) measure(in []Segment, outs []model.Amount) error {
	var have, want uint64
	for _, g := range in {
		if g.Value < 0 {
			return ErrUnbalanced
		}
		if have += uint64(g.Value); have > math.MaxInt64 {
			return ErrUnbalanced
		}
	}
	n := len(outs) + 1
	s.sizes, s.order = slices.Grow(s.sizes[:0], n), slices.Grow(s.order[:0], n)
	s.from, s.to = slices.Grow(s.from[:0], n)[:n], slices.Grow(s.to[:0], n)[:n]
	for i, v := range outs {
		if v < 0 {
			return ErrUnbalanced
		}
		if want += uint64(v); want > have {
			return ErrUnbalanced
		}
		s.sizes = append(s.sizes, uint64(v))
		s.order = append(s.order, int32(i))
	}
	s.sizes = append(s.sizes, have-want)
	s.order = append(s.order, int32(len(outs)))
	return nil
}

// arrange orders the outputs by value, and leaves the fee last.
func (s *Splitter) arrange(by func(a, b uint64) int) {
	slices.SortStableFunc(s.order[:len(s.order)-1], func(a, b int32) int { return by(s.sizes[a], s.sizes[b]) })
}

// senior returns the segments with the tainted ones first and the clean ones
// last.
func (s *Splitter) senior(in []Segment) []Segment {
	s.queue = s.queue[:0]
	for _, g := range in {
		if g.Tainted() {
			s.queue = append(s.queue, g)
		}
	}
	for _, g := range in {
		if g.Unknown() {
			s.queue = append(s.queue, g)
		}
	}
	for _, g := range in {
		if g.Colour == Clean {
			s.queue = append(s.queue, g)
		}
	}
	return s.queue
}

// pour cuts a queue along the parts in their order.
func (s *Splitter) pour(queue []Segment) {
	i, used := 0, uint64(0)
	for _, p := range s.order {
		s.from[p] = len(s.seg)
		for left := s.sizes[p]; left > 0; {
			g := queue[i]
			v := min(uint64(g.Value)-used, left)
			s.add(int(p), v, g.Colour)
			left -= v
			if used += v; used == uint64(g.Value) {
				i, used = i+1, 0
			}
		}
		s.end(int(p))
	}
}

// add appends to the part that is being made.
func (s *Splitter) add(p int, v uint64, colour uint32) {
	if v == 0 {
		return
	}
	if n := len(s.seg); n > s.from[p] && s.seg[n-1].Colour == colour {
		s.seg[n-1].Value += model.Amount(v)
		return
	}
	s.seg = append(s.seg, Segment{model.Amount(v), colour})
}

// end closes the part that is being made.
func (s *Splitter) end(p int) {
	most := s.Most
	if most <= 0 {
		most = MaxSegments
	}
	if part := s.seg[s.from[p]:]; len(part) > most {
		n, lost := regroup(part, most)
		s.seg = s.seg[:s.from[p]+n]
		s.Capped++
		if lost {
			s.Lost++
		}
	}
	s.to[p] = len(s.seg)
}

// regroup joins segments of one colour, and returns how many are left.
func regroup(part []Segment, most int) (n int, lost bool) {
	// Colours in order, the clean one last as Haircut has it.
	slices.SortStableFunc(part, func(a, b Segment) int { return cmp.Compare(a.Colour-1, b.Colour-1) })
	for _, g := range part {
		switch {
		case n > 0 && part[n-1].Colour == g.Colour:
			part[n-1].Value += g.Value
		case n == most:
			part[n-1].Value += g.Value
			part[n-1].Colour, lost = Unknown, true
		default:
			part[n] = g
			n++
		}
	}
	return n, lost
}

func (s *Splitter) poison(in []Segment) {
	colour := Clean
	for _, g := range in {
		// The unknown ones are above all others, and the clean one is below.
		if g.Value > 0 && g.Colour != Clean && (colour == Clean || g.Colour < colour) {
			colour = g.Colour
		}
	}
	for p, v := range s.sizes {
		s.from[p] = len(s.seg)
		s.add(p, v, colour)
		s.end(p)
	}
}
