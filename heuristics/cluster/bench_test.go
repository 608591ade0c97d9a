package cluster_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// naive is union-find as one would write it first: a map from address to parent.
type naive map[model.Address]model.Address

func (n naive) root(a model.Address) model.Address {
	for {
		p, ok := n[a]
		if !ok || p == a {
			n[a] = a
			return a
		}
		n[a] = n[p]
		a = p
	}
}

func (n naive) add(tx *model.Tx) {
	var first model.Address
	for i := range tx.Inputs {
		if in := &tx.Inputs[i]; in.OwnerBy != model.OwnerUnknown {
			r := n.root(in.Owner)
			if first.IsZero() {
				first = r
			} else if r != first {
				n[r] = first
			}
		}
	}
	for i := range tx.Outputs {
		n.root(tx.Outputs[i].Owner)
	}
}

// economy makes transactions whose owners are spread by a power law: few spend
// often, most once.
func economy(n int) blocks {
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.2, 8, uint64(n))
	owner := func() model.Address {
		script := make([]byte, 22)
		script[1] = 20
		binary.LittleEndian.PutUint64(script[2:], zipf.Uint64()*0x9e3779b97f4a7c15)
		return model.AddressOf(script, model.Mainnet)
	}
	blk := &model.Block{}
	var out blocks
	for i := range n {
		tx := &model.Tx{ID: model.TxID{byte(i), byte(i >> 8), byte(i >> 16), 1}}
		for j := range 1 + r.IntN(3) {
			tx.Inputs = append(tx.Inputs, model.Input{Prev: model.Outpoint{Tx: tx.ID, Vout: uint32(j)}, Owner: owner(), OwnerBy: model.OwnerPrevout})
		}
		for range 2 + r.IntN(2) {
			tx.Outputs = append(tx.Outputs, model.Output{Value: model.Amount(r.IntN(1 << 30)), Owner: owner()})
		}
		if blk.Txs = append(blk.Txs, tx); len(blk.Txs) == 2000 || i == n-1 {
			out, blk = append(out, blk), &model.Block{}
		}
	}
	return out
}

// BenchmarkClustering compares the index, guards and members included, with
// bare union-find over maps, on transactions in memory.
func BenchmarkClustering(b *testing.B) {
	const n = 200_000
	chain := economy(n)
	b.Run("index", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			indexOf(b, sources.Set{Blocks: chain}, heuristics.Options{}, cluster.Heuristic)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tx")
	})
	b.Run("change", func(b *testing.B) {
		b.ReportAllocs()
		// Every second payment is round.
		paid := make(blocks, len(chain))
		for i, blk := range chain {
			next := &model.Block{Ref: model.BlockRef{Height: int32(i), Known: model.KnownHeight}}
			for _, tx := range blk.Txs {
				c := *tx
				c.Block, c.Outputs = next.Ref, append([]model.Output(nil), tx.Outputs...)
				c.Outputs[0].Value = 1e9
				next.Txs = append(next.Txs, &c)
			}
			paid[i] = next
		}
		p := cluster.DefaultParams()
		p.Change, p.ChangeDelay = true, 0
		for b.Loop() {
			x := indexOf(b, sources.Set{Blocks: paid}, heuristics.Options{}, cluster.New(p))
			b.ReportMetric(float64(x.Counts().Predicted), "predictions")
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tx")
	})
	b.Run("maps", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f := naive{}
			for _, blk := range chain {
				for _, tx := range blk.Txs {
					f.add(tx)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tx")
	})
}
