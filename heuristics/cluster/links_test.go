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
			x.joints.add(tx, -1, owners)
			spends, txs = append(spends, owners), append(txs, tx)
			for _, o := range owners[1:] {
				all.union(owners[0], o)
			}
		}
		c := x.newCuts(false)
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
					if got, want := c.part(tx, Cospend, i) == c.part(tx, Cospend, j), f.root(i) == f.root(j); got != want {
						t.Fatalf("trial %d: %d and %d linked without %v: %v, want %v; of %v", trial, i, j, tx[:1], got, want, spends)
					}
				}
			}
		}
	}
}

// TestLinks compares, on random joint transactions and predictions, the parts that
// each link leaves with clusters made anew without it, and the way between two
// addresses with the shortest of all.
func TestLinks(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for trial := range 200 {
		n := 2 + r.IntN(16)
		x := &Index{addrs: newTable()}
		for i := range n {
			if _, _, err := x.addrs.put(model.AddressOf([]byte{0, 20, byte(i), 21: 0}, model.Mainnet)); err != nil {
				t.Fatal(err)
			}
		}
		joint, pays := r.IntN(n+2), 1+r.IntN(n)
		for k := range joint {
			x.joints.add(model.TxID{byte(k)}, int32(k), []uint32{uint32(r.IntN(n)), uint32(r.IntN(n)), uint32(r.IntN(n))})
		}
		for k := range pays {
			// Some are of transactions that join, too: their payers sign.
			w := weak{tx: model.TxID{byte(k * 2)}, payer: uint32(r.IntN(n)), owns: uint32(r.IntN(n))}
			if k*2 < joint {
				w.payer = x.joints.of(k * 2)[0]
			}
			x.weak = append(x.weak, w)
		}
		x.cuts, x.linkCuts, x.graph = lazyCuts(x, false), lazyCuts(x, true), lazyGraph(x)
		typeOf := func(l int) (LinkType, model.TxID) {
			if l >= joint {
				return Change, x.weak[l-joint].tx
			}
			return Cospend, x.joints.tx(l)
		}
		trees := func(leave func(LinkType, model.TxID) bool) *forest {
			var f forest
			for range n {
				f.add()
			}
			for l := range joint + pays {
				if typ, tx := typeOf(l); !leave(typ, tx) {
					for _, o := range x.linked(l) {
						f.union(x.linked(l)[0], o)
					}
				}
			}
			return &f
		}
		all := trees(func(LinkType, model.TxID) bool { return false })
		x.cluster = make([]uint32, n)
		for i := range x.cluster {
			x.cluster[i] = all.root(uint32(i))
		}
		for l := range joint + pays {
			typ, tx := typeOf(l)
			link := trees(func(y LinkType, id model.TxID) bool { return y == typ && id == tx })
			whole := trees(func(_ LinkType, id model.TxID) bool { return id == tx })
			for i := range uint32(n) {
				for j := range i {
					a, b := x.At(i), x.At(j)
					if got, want := x.LinkedWithoutLink(typ, tx, a, b), link.root(i) == link.root(j); got != want {
						t.Fatalf("trial %d: %d and %d without the %v of %v: %v, want %v", trial, i, j, typ, tx[:1], got, want)
					}
					if got, want := x.LinkedWithout(tx, a, b), whole.root(i) == whole.root(j); got != want {
						t.Fatalf("trial %d: %d and %d without %v: %v, want %v", trial, i, j, tx[:1], got, want)
					}
				}
			}
		}
		// All costs by relaxing until nothing changes: a prediction costs more than
		// all joint signatures.
		for i := range uint32(n) {
			const far = 1 << 30
			cost := make([]int, n)
			for j := range cost {
				cost[j] = far
			}
			cost[i] = 0
			for changed := true; changed; {
				changed = false
				for l := range joint + pays {
					step := 1
					if l >= joint {
						step = 1000 + 1
					}
					for _, a := range x.linked(l) {
						for _, b := range x.linked(l) {
							if c := cost[a] + step; c < cost[b] && a != b {
								cost[b], changed = c, true
							}
						}
					}
				}
			}
			for j := range uint32(n) {
				path := x.Explain(x.At(i), x.At(j))
				got, at := 0, x.At(i)
				for _, s := range path {
					if got++; s.Type == Change {
						got += 1000
					}
					if s.A != at {
						t.Fatalf("trial %d: %+v does not go on from %v", trial, s, at)
					}
					at = s.B
				}
				if want := cost[j]; i != j && (want == far) != (path == nil) || want < far && (got != want || at != x.At(j)) {
					t.Fatalf("trial %d: from %d to %d the way costs %d, want %d", trial, i, j, got, want)
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
		x.joints.add(model.TxID{byte(i), byte(i >> 8), byte(i >> 16)}, -1, []uint32{e[0], e[1]})
	}
	for b.Loop() {
		x.newCuts(false)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/tx")
}
