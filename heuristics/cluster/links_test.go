package cluster

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/goldwash/goldwash/model"
)

// TestCuts compares the parts that each joint transaction leaves with clusters
// made anew without it, on random transactions: sparse ones, of which most hold
// something together alone, up to dense ones; some of which come twice.
func TestCuts(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for trial := range 300 {
		n := 2 + r.IntN(24)
		x := &Index{addrs: newTable()}
		var all forest
		for i := range n {
			if _, _, err := x.addrs.put(model.AddressOf([]byte{0, 20, byte(i), 21: 0}, model.Mainnet)); err != nil {
				t.Fatal(err)
			}
			all.add()
		}
		var spends [][]uint32
		var txs []model.TxID
		for k := range 1 + r.IntN(n+trial%7) {
			var owners []uint32
			for range 2 + r.IntN(3) {
				owners = append(owners, uint32(r.IntN(n)))
			}
			tx := model.TxID{byte(k * 37)}
			if k > 0 && r.IntN(8) == 0 {
				tx, owners = txs[k-1], spends[k-1]
			}
			x.joints.add(tx, owners)
			spends, txs = append(spends, owners), append(txs, tx)
			for _, o := range owners[1:] {
				all.union(owners[0], o)
			}
		}
		c := x.newCuts()
		asked := append(slices.Clone(txs), model.TxID{255, 1})
		for _, tx := range asked {
			var f forest
			for range n {
				f.add()
			}
			for k, owners := range spends {
				if txs[k] == tx {
					continue
				}
				for _, o := range owners[1:] {
					f.union(owners[0], o)
				}
			}
			for i := range uint32(n) {
				for j := range i {
					if all.root(i) != all.root(j) {
						continue
					}
					if got, want := c.part(tx, i) == c.part(tx, j), f.root(i) == f.root(j); got != want {
						t.Fatalf("trial %d: %d and %d linked without %v: %v, want %v; of %v", trial, i, j, tx[:1], got, want, spends)
					}
				}
			}
		}
	}
}

// BenchmarkCuts makes the cuts of a cluster that many transactions join.
func BenchmarkCuts(b *testing.B) {
	const n = 200_000
	x := &Index{addrs: &table{addrs: make([]model.Address, n)}}
	for i, e := range edges(n) {
		x.joints.add(model.TxID{byte(i), byte(i >> 8), byte(i >> 16)}, []uint32{e[0], e[1]})
	}
	for b.Loop() {
		x.newCuts()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tx")
}
