package beneficiary_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// paying is a source of payouts: one a day by a labelled pool, each to a part of its
// members. A tenth of the members sign together with the next one.
type paying struct {
	blocks []*model.Block
	by     map[model.TxID]*model.Tx
	label  model.Label
}

func script(n uint64) []byte {
	s := make([]byte, 22)
	s[1] = 20
	binary.LittleEndian.PutUint64(s[2:], n*0x9e3779b97f4a7c15)
	return s
}

func owner(n uint64) model.Address { return model.AddressOf(script(n), model.Mainnet) }

func newPaying(days, members, each int) *paying {
	r := rand.New(rand.NewPCG(1, 2))
	p := &paying{by: map[model.TxID]*model.Tx{}, label: model.Label{
		On: model.RefAddress(owner(0)), Entity: "Northpool", Category: model.MiningPool, Role: model.RolePayout, Confidence: model.Percent(95), Source: "list",
	}}
	rate := make([]int, members)
	for i := range rate {
		rate[i] = 100_000 << r.IntN(6)
	}
	n := uint64(0)
	add := func(tx *model.Tx, day int) {
		n++
		binary.LittleEndian.PutUint64(tx.ID[:], n)
		at := int64(1_640_995_200 + day*86_400)
		tx.Block = model.BlockRef{Height: int32(716_000 + day*144), Time: at, Median: at, Bits: bits, Known: model.KnownHeight | model.KnownTime | model.KnownMedian | model.KnownPos | model.KnownBits}
		b := &model.Block{Txs: []*model.Tx{tx}}
		p.blocks = append(p.blocks, b)
		p.by[tx.ID] = tx
	}
	for d := range days {
		tx := &model.Tx{Inputs: []model.Input{{Prev: model.Outpoint{Tx: model.TxID{31: 1}, Vout: uint32(d)}, Value: 1 << 40, ValueKnown: true, Owner: owner(0), OwnerBy: model.OwnerPrevout, SigHash: model.SigAll}}}
		for k := range each {
			m := (d*each + k) % members
			tx.Outputs = append(tx.Outputs, model.Output{Value: model.Amount(rate[m] + r.IntN(rate[m]/5)), Owner: owner(uint64(m + 1)), Script: script(uint64(m + 1))})
		}
		add(tx, d)
	}
	for m := 0; m+1 < members; m += 10 {
		tx := &model.Tx{Outputs: []model.Output{{Value: 900, Owner: owner(uint64(1<<40 + m)), Script: script(uint64(1<<40 + m))}}}
		for k := range 2 {
			tx.Inputs = append(tx.Inputs, model.Input{Prev: model.Outpoint{Tx: model.TxID{31: 2}, Vout: uint32(m + k)}, Value: 500, ValueKnown: true, Owner: owner(uint64(m + k + 1)), OwnerBy: model.OwnerPrevout, SigHash: model.SigAll})
		}
		add(tx, days)
	}
	return p
}

func (p *paying) Blocks(_ context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		for _, b := range p.blocks {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func (p *paying) Tip(context.Context) (model.BlockRef, error) {
	return p.blocks[len(p.blocks)-1].Txs[0].Block, nil
}

func (p *paying) Txs(_ context.Context, ids []model.TxID) ([]*model.Tx, error) {
	out := make([]*model.Tx, len(ids))
	for i, id := range ids {
		out[i] = p.by[id]
	}
	return out, nil
}

func (p *paying) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for i, r := range on {
		if r == p.label.On {
			out[i] = []model.Label{p.label}
		}
	}
	return out, nil
}

func (p *paying) Find(_ context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) {
		if c == "" || c == p.label.Category {
			yield(p.label, nil)
		}
	}
}

// BenchmarkFinish measures the grouping at the end of a run, for each receipt: it
// grows hardly faster than their number.
func BenchmarkFinish(b *testing.B) {
	for _, size := range []struct{ days, members, each int }{{100, 4_000, 1_000}, {200, 20_000, 5_000}} {
		receipts := size.days * size.each
		b.Run(fmt.Sprint(receipts), func(b *testing.B) {
			p := newPaying(size.days, size.members, size.each)
			var subjects time.Time
			opt := heuristics.Options{Lookups: 1 << 30, Observer: heuristics.Observer{Progress: func(h heuristics.Progress) {
				if h.Stage == "subjects" {
					subjects = time.Now()
				}
			}}}
			e, err := heuristics.New(sources.Of(p), []*heuristics.Heuristic{beneficiary.Heuristic}, opt)
			if err != nil {
				b.Fatal(err)
			}
			s, err := e.Open(context.Background(), heuristics.Scope{})
			if err != nil {
				b.Fatal(err)
			}
			var spent time.Duration
			for b.Loop() {
				for _, err := range s.Run(context.Background(), s.Sweep(context.Background())) {
					if err != nil {
						b.Fatal(err)
					}
				}
				spent += time.Since(subjects)
			}
			x, ok := heuristics.Finished[*beneficiary.Index](s, beneficiary.Heuristic)
			if !ok || x.Len() < size.members/2 {
				b.Fatal("no beneficiaries")
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/float64(receipts), "finish-ns/receipt")
			b.ReportMetric(float64(x.Len()), "beneficiaries")
		})
	}
}
