package coinjoin

import (
	"context"
	"errors"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/model"
)

// Heuristic claims CoinJoins with the default parameters.
var Heuristic = New(DefaultParams())

// Params are the public parameters of the claim. Those of the shapes are
// [shape.Params]. Make them with [DefaultParams].
type Params struct {
	// Veto lists the categories of labels on an input's cluster with which
	// the shapes that batches of payments imitate are claimed no more.
	Veto []model.Category
	// MaxItems bounds the outputs that a finding lists.
	MaxItems int
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{Veto: []model.Category{model.Exchange, model.MiningPool, model.Custodian}, MaxItems: 20}
}

const doc = `CoinJoins

A transaction whose shape is that of a Whirlpool mix, a Wasabi round or, at most possibly, a JoinMarket transaction is said
to mix coins of several parties; one that prepares coins for Whirlpool is said to do that, and not to mix. The shape is that
of the heuristic coinjoin.shape. Where the cluster of an input is labelled as an exchange's, a mining pool's or a
custodian's, the shapes of Wasabi 1 and JoinMarket are claimed no more, because batches of payments imitate them.

The claim is about the transaction. It does not say who took part, which output belongs to which input, or that anybody did
wrong: CoinJoins are used by many people who wish for privacy.

It is wrong where one party builds such a transaction alone, and it is silent where a protocol is unknown to it or where the
values or scripts of inputs are unknown and the rule needs them.

References: heuristics reference 7; Stuetz et al. 2022; the rules of BlockSci, Dumplings and GraphSense.`

// New returns the heuristic with the parameters. It gives a [*Claim] for every
// transaction whose shape is not ordinary.
func New(p Params) *heuristics.Heuristic {
	return &heuristics.Heuristic{
		Name:    "coinjoin",
		Doc:     doc,
		Version: 1,
		Horizon: heuristics.Tip, // later blocks change clusters and what labels reach
		Kinds: []heuristics.Kind{
			{Name: "coinjoin/whirlpool", Doc: "a Whirlpool mix; wrong where one party imitates one"},
			{Name: "coinjoin/wasabi1", Doc: "a Wasabi 1 round; wrong where a batch of equal payments has its shape"},
			{Name: "coinjoin/wasabi2", Doc: "a Wasabi 2 round; wrong where one party imitates one"},
			{Name: "coinjoin/joinmarket", Doc: "possibly a JoinMarket transaction, never more; often wrong, as the shape is common"},
			{Name: "coinjoin/premix", Doc: "a preparation for Whirlpool mixes, not a mix; wrong where an ordinary payment has its shape"},
		},
		Subjects: []model.RefKind{model.KindTx},
		Requires: []*heuristics.Heuristic{shape.Heuristic, cluster.Heuristic},
		// Every rule wants three outputs, and two equal ones, from two inputs;
		// a preparation wants null data instead.
		Select: []model.Filter{
			{NotCoinbase: true, MinInputs: 2, MinOutputs: 3, MinEqual: 2},
			{NotCoinbase: true, MinOutputs: 3, NullData: true},
		},
		Params: p.Parameters(),
		Run: func(ctx context.Context, pass *heuristics.Pass) (any, error) {
			return run(ctx, pass, p)
		},
	}
}

// Claim is what is claimed of a transaction: its shape, and what labels leave of
// it. The zero value claims nothing.
type Claim struct {
	shape.Verdict
	// Vetoed is true where a label turned the verdict into an ambiguous one;
	// Shape is the kind that it was, and Labels are those labels.
	Vetoed bool
	Shape  shape.Kind
	Labels []model.Label
}

// String returns the verdict, and what a veto made of it:
// "ambiguous: 12 outputs of 0.10013000 BTC (wasabi1 by shape, vetoed by a label)".
func (c *Claim) String() string {
	if c.Vetoed {
		return c.Verdict.String() + " (" + c.Shape.String() + " by shape, vetoed by a label)"
	}
	return c.Verdict.String()
}

// Mixed reports whether a protocol is named that mixes coins.
func (c *Claim) Mixed() bool { return c.Named }

// Of returns the claim about a transaction inside a pass of a heuristic that
// requires [Heuristic]: an empty one where its shape is ordinary. The result is
// shared and must not be changed.
func Of(ctx context.Context, p *heuristics.Pass, tx model.TxID) (*Claim, error) {
	c, err := heuristics.Ask[*Claim](ctx, p, Heuristic, model.RefTx(tx), 0)
	if errors.Is(err, heuristics.ErrSkip) {
		return &Claim{}, nil
	}
	return c, err
}

func run(ctx context.Context, pass *heuristics.Pass, p Params) (*Claim, error) {
	tx, err := pass.Tx(ctx)
	if err != nil {
		return nil, err
	}
	v, err := shape.Of(ctx, pass, tx.ID)
	if err != nil {
		return nil, err
	}
	if v.Kind == shape.None {
		return nil, heuristics.ErrSkip
	}
	c := &Claim{Verdict: *v, Shape: v.Kind}
	if imitated(v.Kind) {
		c.Labels = vetoes(cluster.Of(pass), tx, p.Veto)
	}
	switch {
	case len(c.Labels) > 0:
		c.Vetoed, c.Kind, c.Named, c.Confidence = true, shape.Ambiguous, false, 0
		pass.Note("shape "+c.Shape.String()+" not claimed: an input is labelled as a custodian's", 1)
	case c.Named || c.Kind == shape.Premix:
		f, err := finding(ctx, pass, tx, c, p)
		if err != nil {
			return nil, err
		}
		pass.Report(f)
	}
	return c, nil
}

// imitated reports whether batches of payments have the shape too.
func imitated(k shape.Kind) bool {
	return k == shape.Wasabi1 || k == shape.JoinMarket || k == shape.EqualOutput
}

// vetoes returns the labels of the categories on the clusters of the inputs,
// each once: those of which nothing says that they did not hold at the time, as a
// veto makes no claim about anybody.
func vetoes(x *cluster.Index, tx *model.Tx, categories []model.Category) []model.Label {
	var ls []model.Label
	seen := map[model.Address]bool{}
	for i := range tx.Inputs {
		in := &tx.Inputs[i]
		if in.OwnerBy == model.OwnerUnknown {
			continue
		}
		root := x.Root(in.Owner)
		if seen[root] {
			continue
		}
		seen[root] = true
		for _, l := range x.Labels(in.Owner) {
			if holds, _ := l.HoldsAt(tx.Block); holds && among(categories, l.Category) {
				ls = append(ls, l)
			}
		}
	}
	return ls
}

func among(cs []model.Category, c model.Category) bool {
	for _, x := range cs {
		if x == c {
			return true
		}
	}
	return false
}
