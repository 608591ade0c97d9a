package pool

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// sentence is the claim.
func sentence(tx *model.Tx, a *Attribution) string {
	block := "The block"
	if tx.Block.Has(model.KnownHeight) {
		block = fmt.Sprintf("Block %d", tx.Block.Height)
	}
	if tx.Block.Has(model.KnownHash) {
		block += fmt.Sprintf(" (%v)", tx.Block.Hash)
	}
	if a.Conflict {
		names := make([]string, len(a.Candidates))
		for i := range a.Candidates {
			names[i] = a.Candidates[i].Entity
		}
		return fmt.Sprintf("%s of coinbase %v was mined by one of %d pools that lists name, or by none: %s.", block, tx.ID, len(names), strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s of coinbase %v was mined by %s, by %s.", block, tx.ID, a.Entity, a.Via)
}

func finding(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, a *Attribution, undated int, p Params) (model.Finding, error) {
	f := model.Finding{
		Kind:       "pool",
		Subject:    model.RefTx(tx.ID),
		Claim:      sentence(tx, a),
		Block:      tx.Block,
		Facts:      []model.Fact{{Name: "pool", Value: a.Entity}, {Name: "via", Value: string(a.Via)}},
		Score:      model.Product(p.Agree, "a tag is self-declared, and lists err", model.Factor{Name: "pool by " + string(a.Via), Given: a.Given, Probability: a.Probability}),
		ErrorRates: []model.ErrorRate{model.NotMeasured("pool by " + string(a.Via))},
		Unseen:     unseen(tx, a, undated),
	}
	if tx.Block.Has(model.KnownHash) {
		f.Related = []model.Ref{model.RefBlock(tx.Block.Hash)}
	}
	if a.Conflict {
		f.Kind = "pool/conflict"
		f.Facts = []model.Fact{{Name: "flag", Value: "pool_conflict"}}
		for i := range a.Candidates {
			f.Facts = append(f.Facts, model.Fact{Name: "candidate", Value: a.Candidates[i].Entity})
		}
		f.Score = model.Product(0, "", model.Factor{Name: fmt.Sprintf("each of %d candidates has an equal share", len(a.Candidates)), Given: a.Given, Probability: a.Probability})
		f.ErrorRates = []model.ErrorRate{model.NotMeasured("pool conflict")}
	}
	if sum, ok := tx.OutputValue(); ok {
		m, err := pass.Money(ctx, sum, tx.Block)
		if err != nil {
			return f, err
		}
		f.Amounts = []model.Figure{{Role: "paid by the coinbase", Money: m}}
	}
	for i := range a.Candidates {
		ev, err := evidence(ctx, pass, tx, &a.Candidates[i])
		if err != nil {
			return f, err
		}
		if i > 0 && !a.Conflict {
			items := []model.Item{}
			for _, e := range ev {
				items = append(items, e.Items...)
			}
			f.Counter = append(f.Counter, model.Counter{Text: "a list names " + a.Candidates[i].Entity + ", by a tag or an address alone", Found: true, Items: items})
		} else {
			f.Evidence = append(f.Evidence, ev...)
		}
		for _, o := range a.Candidates[i].Outputs {
			f.Labels = append(f.Labels, o.Labels...)
		}
	}
	argue(&f, a)
	pass.Grade(&f, grounds(a))
	return f, nil
}

// grounds are those of one block, which nothing repeats. Tags count as labels:
// they stand in lists as labels do, and may be as wrong.
func grounds(a *Attribution) model.Grounds {
	g := model.Grounds{Labels: a.Labels()}
	if slices.ContainsFunc(a.named(), func(c Candidate) bool { return len(c.Tags) > 0 }) {
		g.Notes = append(g.Notes, "the tag is the miner's own word; tags are counted as labels here")
	}
	if a.Conflict {
		g.Notes = append(g.Notes, "lists contradict each other")
	}
	return g
}

// evidence shows each tag and each output that names a pool. The weights are 0:
// the score is a table of outcomes.
func evidence(ctx context.Context, pass *heuristics.Pass, tx *model.Tx, c *Candidate) ([]model.Evidence, error) {
	var ev []model.Evidence
	for i := range c.Tags {
		m := &c.Tags[i]
		ev = append(ev, model.Evidence{
			Family: "provenance",
			Text: fmt.Sprintf("the coinbase script holds the tag of %s: bytes %s, %s, at offset %d; list %s, confidence %v",
				m.Entity, hex.EncodeToString(m.Found), strconv.Quote(string(m.Found)), m.Offset, m.Source, m.Confidence),
			Items: []model.Item{{On: model.RefInpoint(tx.Inpoint(0)), Role: "coinbase script", Block: tx.Block, Note: hex.EncodeToString(tx.Inputs[0].Script)}},
		})
	}
	for _, o := range c.Outputs {
		out := &tx.Outputs[o.Vout]
		m, err := pass.Money(ctx, out.Value, tx.Block)
		if err != nil {
			return nil, err
		}
		for i := range o.Labels {
			l := &o.Labels[i]
			ev = append(ev, model.Evidence{
				Family: "provenance",
				Text:   fmt.Sprintf("output %d pays %v, which list %s names for %s, confidence %v", o.Vout, out.Owner, l.Source, l.Entity, l.Confidence),
				Items: []model.Item{{On: model.RefOutpoint(tx.Outpoint(o.Vout)), Role: "coinbase output", Address: out.Owner, Value: &m, Block: tx.Block,
					Note: "script " + hex.EncodeToString(out.Script)}},
			})
		}
	}
	return ev, nil
}

func argue(f *model.Finding, a *Attribution) {
	if a.Via != ByAddress {
		f.Premises = append(f.Premises, model.Premise{
			Text: "the tag is its miner's own", Question: "Could another miner have written it?", Answer: "unknown: anybody who mines a block may write any tag, but gains nothing by it"})
	}
	f.Premises = append(f.Premises,
		model.Premise{Text: "tag and reward are of one pool", Question: "Is the pool's tag corroborated by an address?", Answer: corroborated(a)},
		model.Premise{Text: "the lists are right for the time of the block", Question: "Do the lists say from when to when an address or tag was used?", Answer: bounds(a)},
	)
	f.Alternatives = []model.Alternative{
		{Text: "a solo miner used the pool's software unchanged", WhyNot: "the script alone does not tell them apart"},
		{Text: "the pool built the block for another that pays the miners", WhyNot: "the coinbase names the builder; contracts between pools are not on the ledger"},
	}
	if a.Conflict {
		f.Alternatives = append(f.Alternatives, model.Alternative{Text: "the names are of one operator, or of one after another", WhyNot: "the lists do not tell"})
	} else if len(a.Candidates) == 1 {
		f.Counter = append(f.Counter, model.Counter{Text: "tags and addresses of other pools"})
	}
	f.RefutedBy = []string{"the pool's own list of blocks lacks this one", "another party shows that it built the block"}
}

// corroborated answers whether what the coinbase pays agrees with its tag.
func corroborated(a *Attribution) string {
	switch {
	case a.Conflict:
		return "no: the lists name several pools"
	case a.Via == ByBoth:
		return "yes: a label names the same pool for an address that the coinbase pays"
	case a.Via == ByAddress:
		return "unknown: no list knows a tag of it; the address stands alone"
	}
	return "no: no list names an address that the coinbase pays for the pool"
}

// bounds answers whether the labels and tags are bounded in time.
func bounds(a *Attribution) string {
	for i := range a.Candidates {
		for _, o := range a.Candidates[i].Outputs {
			for j := range o.Labels {
				if l := &o.Labels[j]; !l.From.IsZero() || !l.To.IsZero() {
					return "some labels do, and hold at the time of the block; the others, and tags, are taken as valid at any time"
				}
			}
		}
	}
	return "no: they are taken as valid at any time"
}

func unseen(tx *model.Tx, a *Attribution, undated int) []string {
	var us []string
	if undated > 0 {
		us = append(us, fmt.Sprintf("whether %d more labels of pools held at the time of the block, which is unknown: they hold for a time, and were not counted", undated))
	}
	if !tx.Block.Has(model.KnownHeight) {
		us = append(us, "the height of the block: where the script begins with a height, that one was taken")
	}
	if !tx.Block.Has(model.KnownHash) {
		us = append(us, "the hash of the block")
	}
	switch {
	case a.Conflict:
	case a.Via == ByTag:
		us = append(us, "an address of the pool: no list names one among the outputs, so the tag stands alone")
	case a.Via == ByAddress:
		us = append(us, "a tag of the pool: the script holds none that is known")
	}
	return append(us, "who pays the miners, and whether miners are paid at all: the coinbase does not tell")
}
