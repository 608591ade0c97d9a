package taint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/internal/prevouts"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Origin is a party that coins come from, and how many transactions lie between:
// 0 where the transaction itself spends the party's coins.
type Origin struct {
	Party
	Hops int
}

// Origins says where the coins that a transaction spends come from, under each
// policy: [Origins.Output] divides them among its outputs. It is immutable.
type Origins struct {
	// List are the origins reached, in the order in which the inputs show
	// them. The colour of the i-th is i+1; with UnknownBit where it is Untold.
	// Under Poison every output is tainted by each.
	List []Origin
	// Lookups is how many transactions were looked up for this answer, those
	// of the answers that it rests on included.
	Lookups int
	// Capped counts outputs, here and before, with more segments than are
	// kept apart, and what could be told of the order of their coins is lost.
	Capped int
	// Exact is false where the transaction could not be divided, because the
	// value of an input is unknown: then all is Untold.
	Exact bool
	// Several tells that several parties signed the transaction, or one of
	// those before that the search went through, by its signatures or its
	// shape ([Several]): coins of one may pass for another's.
	Several bool

	policies []Policy
	in       [][]Segment // by policy: what the inputs hold, in order
	outs     []model.Amount
	most     int
}

// Output returns where the coins of an output come from under a policy: segments
// with colours of List. A policy that was not among the parameters, and an output
// that the transaction does not have, give none.
func (o *Origins) Output(p Policy, vout int) []Segment {
	parts, ok := o.Parts(p)
	if !ok || vout < 0 || vout >= len(o.outs) {
		return nil
	}
	return slices.Clone(parts.Output(vout))
}

// Parts divides the coins among all outputs and the fee under a policy, which is
// what to ask for where many outputs are wanted; ok is false of a policy that was
// not among the parameters, and where the values contradict each other. The result
// is the caller's.
func (o *Origins) Parts(p Policy) (parts Parts, ok bool) {
	i := slices.Index(o.policies, p)
	if i < 0 {
		return Parts{}, false
	}
	s := Splitter{Most: o.most}
	parts, err := s.Split(p, o.in[i], o.outs)
	return parts, err == nil
}

// Fee returns where the coins of the fee come from.
func (o *Origins) Fee(p Policy) []Segment {
	parts, ok := o.Parts(p)
	if !ok {
		return nil
	}
	return slices.Clone(parts.Fee())
}

// Inputs returns where the coins of all inputs come from. The slice is shared.
func (o *Origins) Inputs(p Policy) []Segment {
	if i := slices.Index(o.policies, p); i >= 0 {
		return o.in[i]
	}
	return nil
}

// Policies lists those that the coins were divided by.
func (o *Origins) Policies() []Policy { return slices.Clone(o.policies) }

// At returns the origin of a colour.
func (o *Origins) At(colour uint32) (Origin, bool) {
	i := int(colour &^ UnknownBit)
	if i < 1 || i > len(o.List) {
		return Origin{}, false
	}
	return o.List[i-1], true
}

// Poisoned reports whether any coin comes from an origin that the function
// accepts: under Poison, every output then does.
func (o *Origins) Poisoned(by func(Origin) bool) bool { return slices.ContainsFunc(o.List, by) }

// String lists the origins of the inputs under each policy, as "fifo, actor Kestrel
// hops 1 0.40000000".
func (o *Origins) String() string {
	var b strings.Builder
	for i, p := range o.policies {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%v", p)
		for k := range o.List {
			if v := Of(o.in[i], o.colour(k)); v > 0 {
				fmt.Fprintf(&b, ", %v hops %d %v", o.List[k].Party, o.List[k].Hops, v)
			}
		}
	}
	return b.String()
}

// Size returns about how many bytes it holds.
func (o *Origins) Size() int {
	n := 160 + 500*len(o.List) + 8*len(o.outs)
	for _, s := range o.in {
		n += 16 * len(s)
	}
	return n
}

func (o *Origins) colour(i int) uint32 {
	if o.List[i].Kind == Untold {
		return uint32(i+1) | UnknownBit
	}
	return uint32(i + 1)
}

// Heuristic is the instance with default parameters.
var Heuristic = New(DefaultParams())

const doc = `where a transaction's coins come from, by policies of bookkeeping

For each input the labelled party that its coins come from: the owner of the spent
output, or of one that was spent for it up to six transactions before. Coins are
divided at each transaction by haircut, first in first out, and last in first
out, exactly in integers. The search ends at an address that a label gives to
anybody, at a cluster that behaves like a service, because a service does not
pay with what it was paid, at a transaction of the shape of a mix, and at a
coinbase, which is attributed to the pool that mined it.

What cannot be told is kept apart with the reason and never counted as clean: a
transaction that the source does not know, hops or look-ups that are spent, and
everything that comes out of a transaction of which the value of an input is
unknown, since that cannot be divided exactly.

It is wrong where a label is, where an unlabelled service passes for an ordinary
wallet, and where several parties sign a transaction that has not the shape of a
mix. No policy is a fact about coins, they disagree, and none says who controls
anything.

References: Moeser, Boehme and Breuker 2014; Anderson, Shumailov and Ahmed 2018;
Clayton's case (1816).`

// New returns an instance with other parameters. Policies other than Haircut,
// FIFO and LIFO are left out.
func New(params Params) *heuristics.Heuristic {
	params.Policies = slices.DeleteFunc(slices.Clone(params.Policies), func(p Policy) bool { return p > LIFO })
	w := &walk{Params: params}
	h := &heuristics.Heuristic{
		Name:     "taint",
		Doc:      doc,
		Version:  1,
		Subjects: []model.RefKind{model.KindTx},
		Needs:    sources.Txs,
		Requires: append(Requires(), pool.Heuristic),
		Params:   params.Parameters(),
		Horizon:  heuristics.Tip, // later blocks change clusters, and what behaves like a service
		MaxHops:  params.Hops,
		Run:      w.run,
	}
	w.self = h
	return h
}

// Several reports whether a transaction shows that several parties signed it,
// though it is not of the shape of a mix: by signatures that leave parts of it to
// others, as in a trade, by the shape of a payjoin, or by that of a contract of two
// parties. Its coins are divided like any other's, since no other way is better
// founded, and whoever reports what descends from whom says so. It is for passes of
// heuristics that require [Requires].
func Several(r heuristics.Reader, tx *model.Tx) bool {
	return !tx.Coinbase() && !Mixes(tx) && several(r, tx)
}

// several is [Several] of a transaction that is known to be no mix.
func several(r heuristics.Reader, tx *model.Tx) bool {
	if tx.SignedInParts() {
		return true
	}
	skip, _ := cluster.Of(r).Skipped(tx.ID)
	switch skip.Reason {
	case cluster.Signatures, cluster.Payjoin, cluster.Contract:
		return true
	}
	return false
}

// FromTx asks where a transaction's coins come from, inside a pass of a heuristic
// that requires [Heuristic].
func FromTx(ctx context.Context, p *heuristics.Pass, tx model.TxID, hops int) (*Origins, error) {
	return heuristics.Ask[*Origins](ctx, p, Heuristic, model.RefTx(tx), hops)
}

// walk is an instance.
type walk struct {
	Params
	self *heuristics.Heuristic
}

// limit is how many look-ups a step with so many hops left may cost.
func (w *walk) limit(hops int) int { return w.Lookups >> max(0, w.Hops-hops) }

func (w *walk) run(ctx context.Context, p *heuristics.Pass) (any, error) {
	tx, err := p.Tx(ctx)
	if err != nil {
		return nil, err
	}
	g := w.gather(tx)
	switch {
	case tx.Coinbase():
		err = g.minted(ctx, p, tx)
	case Mixes(tx):
		g.mixed(tx)
	default:
		g.Several = several(p, tx)
		err = g.spent(ctx, p, tx)
	}
	if err != nil {
		return nil, err
	}
	return g.origins(tx), nil
}

// gathering collects the origins of one transaction.
type gathering struct {
	w *walk
	Origins
	places  map[originKey]int
	parents map[model.TxID]*parent // asked already
}

// parent is a spent transaction whose origins are known, with its coins divided
// once for all the inputs that spend them.
type parent struct {
	origins *Origins
	further []uint32 // the colours here of its origins
	parts   []Parts  // by policy
	exact   []bool
}

type originKey struct {
	key
	hops int
}

func (w *walk) gather(tx *model.Tx) *gathering {
	g := &gathering{w: w, places: map[originKey]int{}, parents: map[model.TxID]*parent{}}
	g.policies, g.most, g.Exact = w.Policies, w.Segments, true
	g.in = make([][]Segment, len(w.Policies))
	for i := range tx.Outputs {
		g.outs = append(g.outs, tx.Outputs[i].Value)
	}
	return g
}

// colourOf returns the colour of an origin, a new one where it was not met.
func (g *gathering) colourOf(o Origin) uint32 {
	k := originKey{o.key(), o.Hops}
	i, ok := g.places[k]
	if !ok {
		if len(g.List) >= max(g.w.Params.Origins, 1) && o.Why != NoColours {
			return g.colourOf(Origin{Party: Party{Why: NoColours}})
		}
		i = len(g.List)
		g.places[k] = i
		g.List = append(g.List, o)
	} else if o.Confidence < g.List[i].Confidence {
		g.List[i].Confidence = o.Confidence
	}
	return g.colour(i)
}

// add queues a value of one origin under every policy.
func (g *gathering) add(v model.Amount, o Origin) {
	c := g.colourOf(o)
	for i := range g.in {
		g.in[i] = join(g.in[i], Segment{v, c})
	}
}

func join(q []Segment, s Segment) []Segment {
	if n := len(q); n > 0 && q[n-1].Colour == s.Colour {
		q[n-1].Value += s.Value
		return q
	}
	if s.Value <= 0 {
		return q
	}
	return append(q, s)
}

func untold(why Reason) Origin { return Origin{Party: Party{Why: why}} }

// origins makes the result. Where the values of the inputs are not known, or
// contradict those of the outputs, all is unknown.
func (g *gathering) origins(tx *model.Tx) *Origins {
	o := g.Origins
	if g.Exact {
		for i := range o.in {
			s := Splitter{Most: o.most}
			if _, err := s.Split(o.policies[i], o.in[i], o.outs); err != nil {
				g.Exact = false
			}
			o.Capped += s.Capped
		}
	}
	if g.Exact {
		return &o
	}
	why := Disorder
	for i := range tx.Inputs {
		if !tx.Inputs[i].ValueKnown {
			why = NoValue
		}
	}
	c := g.colourOf(untold(why))
	o = g.Origins
	var total model.Amount
	for _, v := range o.outs {
		total += max(v, 0)
	}
	for i := range o.in {
		o.in[i] = []Segment{{max(total, 0), c}}
	}
	o.Exact = false
	return &o
}

// minted is the origin of a coinbase: whoever mined it.
func (g *gathering) minted(ctx context.Context, p *heuristics.Pass, tx *model.Tx) error {
	party, err := miner(ctx, p, tx.ID)
	if err != nil {
		return err
	}
	total, ok := tx.OutputValue()
	if !ok {
		g.Exact = false
		return nil
	}
	g.add(total, Origin{Party: party})
	return nil
}

// mixed is the origin of a mix: whoever took part.
func (g *gathering) mixed(tx *model.Tx) {
	total, ok := tx.OutputValue()
	if fee, known := tx.Fee(); known {
		total, ok = total.Add(fee)
	}
	if !ok {
		g.Exact = false
		return
	}
	g.add(total, Origin{Party: Party{Kind: Mixed}})
}

// miner tells who mined a coinbase transaction, as a party.
func miner(ctx context.Context, p *heuristics.Pass, id model.TxID) (Party, error) {
	party := Party{Kind: Mined}
	a, err := pool.Of(ctx, p, id)
	switch {
	case errors.Is(err, heuristics.ErrSkip):
	case errors.Is(err, heuristics.ErrEvaluationBudget):
		p.Partial("miner of a block not looked up: budget spent")
	case err != nil:
		return party, err
	case !a.Conflict:
		// Where two pools claim the block, nobody is said to have mined it.
		party.Entity, party.Category, party.Confidence = a.Entity, model.MiningPool, a.Probability
	}
	return party, nil
}

func (g *gathering) spent(ctx context.Context, p *heuristics.Pass, tx *model.Tx) error {
	limit, spent := g.w.limit(p.Hops), false
	parties := make([]Party, len(tx.Inputs))
	list, lookups, err := prevouts.Search{
		By: "taint", Name: "search", Limit: max(limit, 1),
		Settle: func(list []prevouts.Input) error { return g.holders(ctx, p, tx, list, parties) },
	}.Inputs(ctx, p, tx)
	if err != nil {
		return err
	}
	g.Lookups = lookups
	for i := range list {
		s := &list[i]
		if !s.Known {
			g.Exact = false
		}
		switch {
		case s.Settled:
			g.add(s.Value, Origin{Party: parties[i]})
			continue
		case s.Unread:
			g.add(s.Value, untold(NoBudget))
			continue
		case s.Parent == nil:
			g.add(s.Value, untold(NoTx))
			continue
		case !s.Parent.Coinbase() && Mixes(s.Parent):
			g.add(s.Value, Origin{Party: Party{Kind: Mixed}})
			continue
		case spent && !s.Parent.Coinbase() && g.parents[s.Parent.ID] == nil:
			g.add(s.Value, untold(NoBudget))
			continue
		case p.Hops == 0 && s.Parent.Coinbase():
			party, err := miner(ctx, p, s.Parent.ID)
			if err != nil {
				return err
			}
			g.add(s.Value, Origin{Party: party})
			continue
		case p.Hops == 0:
			g.add(s.Value, untold(NoHops))
			continue
		}
		before := g.parents[s.Parent.ID]
		if before == nil {
			o, err := heuristics.Ask[*Origins](ctx, p, g.w.self, model.RefTx(s.Parent.ID), p.Hops-1)
			switch {
			case errors.Is(err, heuristics.ErrEvaluationBudget):
				p.Partial("origin of coins: budget spent")
				g.add(s.Value, untold(NoBudget))
				spent = true
				continue
			case err != nil:
				return err
			}
			before = g.ask(o, s.Parent)
			if g.Lookups += o.Lookups; g.Lookups >= limit && !spent {
				spent = true
				if i+1 < len(list) {
					p.Partial("origin of coins: look-ups of the search spent")
				}
			}
		}
		g.through(before, int(tx.Inputs[i].Prev.Vout), s.Value)
	}
	return nil
}

// ask takes over the origins of a spent transaction, one transaction further
// away, all of them, for Poison.
func (g *gathering) ask(o *Origins, tx *model.Tx) *parent {
	f := &parent{origins: o, further: make([]uint32, len(o.List)), parts: make([]Parts, len(g.policies)), exact: make([]bool, len(g.policies))}
	g.parents[tx.ID] = f
	g.Capped += o.Capped
	g.Several = g.Several || o.Several
	for k, from := range o.List {
		if from.Kind != Untold && !tx.Coinbase() {
			from.Hops++
		}
		f.further[k] = g.colourOf(from)
	}
	for i, policy := range g.policies {
		f.parts[i], f.exact[i] = o.Parts(policy)
	}
	return f
}

// through queues what an input spends of a transaction whose origins are known.
func (g *gathering) through(f *parent, vout int, value model.Amount) {
	for i := range g.policies {
		var segs []Segment
		if f.exact[i] && vout < f.parts[i].Outputs() {
			segs = f.parts[i].Output(vout)
		}
		if segs == nil && value > 0 {
			g.Exact = false // another value than the source says
			continue
		}
		for _, seg := range segs {
			var c uint32
			if k := int(seg.Colour &^ UnknownBit); k > 0 {
				c = f.further[k-1]
			} else {
				c = g.colourOf(untold(NoColours)) // lost to the bound on segments
			}
			g.in[i] = join(g.in[i], Segment{seg.Value, c})
		}
	}
}

// holders finds out who held the spent outputs, where that is not known yet.
func (g *gathering) holders(ctx context.Context, p *heuristics.Pass, tx *model.Tx, list []prevouts.Input, held []Party) error {
	at := map[model.Address]int{}
	var as []model.Address
	for i := range list {
		if a := list[i].Owner; !list[i].Settled && a.Ownable() {
			if _, ok := at[a]; !ok {
				at[a] = len(as)
				as = append(as, a)
			}
		}
	}
	parties, named, err := g.w.Parties(ctx, p, tx.Block, as)
	if err != nil {
		return err
	}
	for i := range list {
		if k, ok := at[list[i].Owner]; ok && !list[i].Settled {
			held[i], list[i].Settled = parties[k], named[k]
		}
	}
	return nil
}
