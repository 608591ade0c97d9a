package pool

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// Heuristic attributes blocks with the default parameters.
var Heuristic = New(DefaultParams())

// Params are the public parameters. Make them with [DefaultParams].
type Params struct {
	// MinTagFold is from how many bytes on the case of a tag's letters does
	// not matter, and it need not stand apart.
	MinTagFold int
	// MinLabel is the least confidence of a tag or label that counts: weaker
	// ones make no attribution and no conflict.
	MinLabel model.Probability
	// Agree, TagOnly and AddressOnly are the probabilities of the outcomes
	// if the lists are right.
	Agree, TagOnly, AddressOnly model.Probability
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		MinTagFold: 6, MinLabel: model.Percent(20),
		Agree: model.Percent(99), TagOnly: model.Percent(97), AddressOnly: model.Percent(95),
	}
}

// Parameters lists every field with its value and origin, in a fixed order.
func (p Params) Parameters() []model.Parameter {
	chosen := func(name, value string) model.Parameter {
		return model.Parameter{Name: name, Value: value, Origin: model.Chosen}
	}
	return []model.Parameter{
		chosen("min_tag_fold", strconv.Itoa(p.MinTagFold)),
		chosen("min_label", p.MinLabel.String()),
		chosen("agree", p.Agree.String()),
		chosen("tag_only", p.TagOnly.String()),
		chosen("address_only", p.AddressOnly.String()),
	}
}

const doc = `Which pool mined a block

A coinbase is attributed to the mining pool whose tag stands in its script, or that a list names for the script of one of
its outputs. Where tag and address name one pool, that is it; where the lists name several and none by both, all are
reported as a conflict, each with an equal share of the probability.

It is wrong where a miner writes another pool's tag (trying it costs a block, so it is rare), where solo miners use a pool's
software unchanged, where a list errs or is out of date, and where pools share an address. The tag names who
built the block, which since 2023 need not be who pays the miners.

References: heuristics reference 4; Romiti et al. 2019; the pool lists of mempool.space and bitcoin-data.`

// New returns the heuristic with the parameters. It gives an [*Attribution] for
// every coinbase that a list knows.
func New(p Params) *heuristics.Heuristic {
	h := &heuristics.Heuristic{
		Name:    "pool",
		Doc:     doc,
		Version: 1,
		Kinds: []heuristics.Kind{
			{Name: "pool", Doc: "the pool that mined a block; wrong where a tag is borrowed or a list errs"},
			{Name: "pool/conflict", Doc: "the lists name several pools for a block; at most one of them is right"},
		},
		Subjects: []model.RefKind{model.KindTx},
		Select:   []model.Filter{{Coinbase: true}},
		Params:   p.Parameters(),
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			return index(ctx, s, p)
		},
	}
	h.Run = func(ctx context.Context, pass *heuristics.Pass) (any, error) {
		return run(ctx, pass, heuristics.IndexOf[*Tags](pass, h), p)
	}
	return h
}

// Attribution says which pool mined a block.
type Attribution struct {
	// Entity is the pool, as the list spells it; empty in a conflict.
	Entity string
	// Probability is that of Entity, or of each candidate of a conflict,
	// counting the lists' own doubt; Given is the same if the lists are right.
	Probability, Given model.Probability
	Via                Via
	Conflict           bool
	// Candidates are all the pools that a tag or an address names, those with
	// the longest tag first, those without one last by name. Entity's comes
	// first.
	Candidates []Candidate
}

// Via says by what a pool is known.
type Via string

// Ways in which a pool is known.
const (
	ByBoth    Via = "tag and address"
	ByTag     Via = "tag"
	ByAddress Via = "address"
)

// Candidate is a pool that the lists name for a coinbase.
type Candidate struct {
	Entity string
	// Tags are its tags in the script, the longest first.
	Tags []Match
	// Outputs are those that a list names for it, with the labels.
	Outputs []Output
}

// Output is an output of a coinbase with the labels that name its pool.
type Output struct {
	Vout   int
	Labels []model.Label
}

// String returns the pool and how it is known, such as "ViaBTC by tag", or the
// candidates of a conflict.
func (a *Attribution) String() string {
	if !a.Conflict {
		return a.Entity + " by " + string(a.Via)
	}
	names := make([]string, len(a.Candidates))
	for i := range a.Candidates {
		names[i] = a.Candidates[i].Entity
	}
	return "conflict: " + strings.Join(names, ", ")
}

// Labels returns what the attribution rests on: the labels of outputs that name the
// pool, or in a conflict any of the candidates, and each tag as a label of its
// list's confidence and source, on nothing.
func (a *Attribution) Labels() []model.Label {
	ls := []model.Label{}
	for _, c := range a.named() {
		for i := range c.Tags {
			t := &c.Tags[i]
			ls = append(ls, model.Label{Entity: t.Entity, Category: model.MiningPool, Role: model.RoleCoinbase, Confidence: t.Confidence, Source: t.Source})
		}
		for i := range c.Outputs {
			ls = append(ls, c.Outputs[i].Labels...)
		}
	}
	return ls
}

// named are the candidates that are claimed.
func (a *Attribution) named() []Candidate {
	if a.Conflict {
		return a.Candidates
	}
	return a.Candidates[:min(1, len(a.Candidates))]
}

// Size estimates the memory that the attribution holds, in bytes.
func (a *Attribution) Size() int {
	n := 128
	for i := range a.Candidates {
		c := &a.Candidates[i]
		n += 96 + 160*len(c.Tags)
		for j := range c.Outputs {
			n += 32 + 320*len(c.Outputs[j].Labels)
		}
	}
	return n
}

// Of returns the pool of a coinbase inside a pass of a heuristic that requires
// [Heuristic]. The error is [heuristics.ErrSkip] where the transaction is no
// coinbase or no list knows its pool. The result is shared and must not be
// changed.
func Of(ctx context.Context, p *heuristics.Pass, coinbase model.TxID) (*Attribution, error) {
	return heuristics.Ask[*Attribution](ctx, p, Heuristic, model.RefTx(coinbase), 0)
}

func run(ctx context.Context, pass *heuristics.Pass, tags *Tags, p Params) (*Attribution, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	if !tx.Coinbase() {
		return nil, heuristics.ErrSkip
	}
	labels, undated, err := payees(ctx, pass, tx, p)
	if err != nil {
		return nil, err
	}
	a := Attribute(tx, tags, labels, p, pass.Network())
	if a == nil {
		pass.Note("coinbase of no known pool", 1)
		return nil, heuristics.ErrSkip
	}
	f, err := finding(ctx, pass, tx, a, undated, p)
	if err != nil {
		return nil, err
	}
	pass.Report(f)
	return a, nil
}

// payees returns the labels of each output that holds coins, in the order of the
// outputs: those of mining pools whose role fits, known to hold at the time of
// the block, and not derived by other heuristics. Undated counts those that hold
// for a time where that of the block is unknown: they are left out, because a
// label attributes.
func payees(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, p Params) (of [][]model.Label, undated int, err error) {
	var refs []model.Ref
	var vouts []int
	for i := range tx.Outputs {
		if o := &tx.Outputs[i]; o.Value > 0 && o.Spendable() && !o.Owner.IsZero() {
			refs, vouts = append(refs, model.RefAddress(o.Owner)), append(vouts, i)
		}
	}
	all, err := pass.Labels(ctx, refs...)
	if err != nil {
		return nil, 0, err
	}
	of = make([][]model.Label, len(tx.Outputs))
	for k, ls := range all {
		for i := range ls {
			l := &ls[i]
			holds, known := l.HoldsAt(tx.Block)
			switch {
			case l.Category != model.MiningPool || len(l.Derivation) > 0 || !holds || !receives(l.Role):
			case strings.TrimSpace(l.Entity) == "":
				pass.Note("label of a pool without a name", 1)
			case !known:
				undated++
			case l.Confidence < p.MinLabel:
				pass.Note("label of a pool too weak to count", 1)
			default:
				of[vouts[k]] = append(of[vouts[k]], *l)
			}
		}
	}
	pass.Note("label of a pool not counted: it holds for a time, and that of the block is unknown", undated)
	return of, undated, nil
}

// receives reports whether an address of the role may be paid by a coinbase.
func receives(r model.Role) bool {
	switch r {
	case "", model.RoleCoinbase, model.RolePayout, model.RoleCollector:
		return true
	}
	return false
}

// Attribute decides which pool a coinbase belongs to, by the tags in its script
// and the labels of its outputs, which stand in the order of the outputs and all
// count. It returns nil where there is none.
func Attribute(tx *model.Tx, tags *Tags, labels [][]model.Label, p Params, net model.Network) *Attribution {
	var cs []Candidate
	places := map[string]int{} // of the candidates, by key
	of := func(entity string) *Candidate {
		k := key(entity)
		i, ok := places[k]
		if !ok {
			i = len(cs)
			places[k] = i
			cs = append(cs, Candidate{Entity: entity})
		}
		return &cs[i]
	}
	for _, m := range tags.Find(tx.Inputs[0].Script, tx.Block, net) {
		if m.Confidence >= p.MinLabel {
			c := of(m.Entity)
			c.Tags = append(c.Tags, m)
		}
	}
	tagged := len(cs)
	for i, ls := range labels {
		for _, l := range ls {
			c := of(l.Entity)
			if n := len(c.Outputs); n == 0 || c.Outputs[n-1].Vout != i {
				c.Outputs = append(c.Outputs, Output{Vout: i})
			}
			o := &c.Outputs[len(c.Outputs)-1]
			o.Labels = append(o.Labels, l)
		}
	}
	if len(cs) == 0 {
		return nil
	}
	slices.SortStableFunc(cs[tagged:], func(a, b Candidate) int { return strings.Compare(key(a.Entity), key(b.Entity)) })

	both, at := 0, 0
	for i := range cs {
		if len(cs[i].Tags) > 0 && len(cs[i].Outputs) > 0 {
			both, at = both+1, i
		}
	}
	a := &Attribution{Candidates: cs}
	switch {
	case both == 1:
		// Others that only a tag or only an address names count less than
		// what two lists agree on.
		won := cs[at]
		copy(cs[1:at+1], cs[:at])
		cs[0] = won
		a.Via, a.Given = ByBoth, p.Agree
	case len(cs) == 1 && len(cs[0].Tags) > 0:
		a.Via, a.Given = ByTag, p.TagOnly
	case len(cs) == 1:
		a.Via, a.Given = ByAddress, p.AddressOnly
	default:
		a.Conflict = true
		a.Given = model.Certain / model.Probability(len(cs))
		a.Probability = a.Given
		return a
	}
	a.Entity = cs[0].Entity
	a.Probability = min(a.Given, doubt(&cs[0]))
	return a
}

// doubt returns the probability that one of the lists that name a pool is right:
// that of the best tag, and of the best label, as if they were independent.
func doubt(c *Candidate) model.Probability {
	var byTag, byLabel model.Probability
	for i := range c.Tags {
		byTag = max(byTag, c.Tags[i].Confidence)
	}
	for i := range c.Outputs {
		for j := range c.Outputs[i].Labels {
			byLabel = max(byLabel, c.Outputs[i].Labels[j].Confidence)
		}
	}
	return model.Certain - (model.Certain - byTag).Times(model.Certain-byLabel)
}
