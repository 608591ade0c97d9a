package cluster

import (
	"math/rand/v2"
	"testing"

	"github.com/goldwash/goldwash/model"
)

// TestForest compares the trees with sets that are merged by renaming every
// member.
func TestForest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n = 300
	var f forest
	set := make([]int, n)
	for i := range n {
		f.add()
		set[i] = i
	}
	for range 400 {
		a, b := r.IntN(n), r.IntN(n)
		f.union(uint32(a), uint32(b))
		if from, to := set[a], set[b]; from != to {
			for i := range set {
				if set[i] == from {
					set[i] = to
				}
			}
		}
		for i := range n {
			j := r.IntN(n)
			if got, want := f.root(uint32(i)) == f.root(uint32(j)), set[i] == set[j]; got != want {
				t.Fatalf("%d and %d in one tree: %v, want %v", i, j, got, want)
			}
			if root := f.root(uint32(i)); root > uint32(i) {
				t.Fatalf("the root of %d is %d, which is not the smallest", i, root)
			}
		}
	}
}

// TestTable compares the numbers of addresses with a map's, over several times
// of growth.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	tab, want := newTable(), map[model.Address]uint32{}
	for range 50_000 {
		script := []byte{0, 20, 19 + 2: 0}
		n := r.IntN(20_000)
		script[2], script[3], script[4] = byte(n), byte(n>>8), byte(r.IntN(2))
		a := model.AddressOf(script, model.Network(n&1))
		before, known := want[a]
		if id, ok := tab.id(a); ok != known || id != before {
			t.Fatalf("id(%v) = %d, %v, want %d, %v", a, id, ok, before, known)
		}
		id, fresh, err := tab.put(a)
		if err != nil || fresh == known || known && id != before || !known && int(id) != len(want) {
			t.Fatalf("put(%v) = %d, %v, %v; known %v as %d of %d", a, id, fresh, err, known, before, len(want))
		}
		want[a] = id
		if tab.addrs[id] != a {
			t.Fatalf("address %d is %v, want %v", id, tab.addrs[id], a)
		}
	}
}

// edges joins ids by a power law, as addresses are joined.
func edges(n int) [][2]uint32 {
	r := rand.New(rand.NewPCG(7, 8))
	zipf := rand.NewZipf(r, 1.1, 16, uint64(n-1))
	es := make([][2]uint32, n)
	for i := range es {
		es[i] = [2]uint32{uint32(r.IntN(n)), uint32(zipf.Uint64())}
	}
	return es
}

// BenchmarkUnionFind compares the flat forest with one in a map.
func BenchmarkUnionFind(b *testing.B) {
	const n = 1_000_000
	es := edges(n)
	rate := func(b *testing.B) {
		b.ReportMetric(float64(b.N)*n/1e6/b.Elapsed().Seconds(), "Medges/s")
	}
	b.Run("flat", func(b *testing.B) {
		for b.Loop() {
			f := forest{make([]uint32, 0, n)}
			for range n {
				f.add()
			}
			for _, e := range es {
				f.union(e[0], e[1])
			}
		}
		rate(b)
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			parent := map[uint32]uint32{}
			root := func(a uint32) uint32 {
				for {
					p, ok := parent[a]
					if !ok || p == a {
						return a
					}
					if g, ok := parent[p]; ok {
						parent[a] = g
					}
					a = p
				}
			}
			for _, e := range es {
				if x, y := root(e[0]), root(e[1]); x < y {
					parent[y] = x
				} else if y < x {
					parent[x] = y
				}
			}
		}
		rate(b)
	})
}
