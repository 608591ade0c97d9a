//go:build unix && !race

package suite_test

import (
	"context"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

// cpu returns the user time that the process has spent, in all its threads.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spent returns the CPU time of f, beginning with a heap that is swept.
func spent(t testing.TB, f func()) time.Duration {
	t.Helper()
	runtime.GC()
	from := cpu(t)
	f()
	return cpu(t) - from
}

func median(ds []time.Duration) time.Duration {
	ds = slices.Sorted(slices.Values(ds))
	return ds[len(ds)/2]
}

// sweep is one comparison of the work of reading blocks with that of looking at
// what they hold.
type sweep struct {
	chain *chain
	src   *blockfile.Chain
	set   sources.Set
}

func newSweep(t testing.TB, blocks, perBlock int) *sweep {
	t.Helper()
	s := &sweep{chain: newChain(blocks, perBlock)}
	var err error
	if s.src, err = blockfile.Open(t.Context(), []string{s.chain.write(t)}, blockfile.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.src.Close() })
	if ps := s.src.Problems(); len(ps) > 0 {
		t.Fatalf("%d problems, first: %v", len(ps), ps[0])
	}
	s.set = sources.Of(s.src, s.chain.labelSet())
	return s
}

// views parses the blocks in memory to views: neither ids nor addresses.
func (s *sweep) views(t testing.TB) {
	s.raw(t, func(*model.BlockView) {})
}

// txs parses the blocks in memory to transactions with ids, addresses of outputs
// and inferred owners of inputs.
func (s *sweep) txs(t testing.TB) {
	s.raw(t, func(v *model.BlockView) { v.Block(model.Mainnet) })
}

func (s *sweep) raw(t testing.TB, f func(*model.BlockView)) {
	t.Helper()
	var v model.BlockView
	for b := s.chain.raw; len(b) > 0; {
		n := 8 + int(uint32(b[4])|uint32(b[5])<<8|uint32(b[6])<<16|uint32(b[7])<<24)
		if err := v.Decode(b[8:n]); err != nil {
			t.Fatal(err)
		}
		f(&v)
		b = b[n:]
	}
}

// read reads the chain as an engine does: from the file, with ids, addresses, and
// the value and owner of every input whose output is on the chain.
func (s *sweep) read(t testing.TB) {
	t.Helper()
	for _, err := range s.src.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run sweeps the chain with heuristics, and returns the number of findings.
func (s *sweep) run(t testing.TB, hs []*heuristics.Heuristic, o heuristics.Options) (findings int, session *heuristics.Session) {
	t.Helper()
	e, err := heuristics.New(s.set, hs, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if session, err = e.Open(ctx, s.chain.scope); err != nil {
		t.Fatal(err)
	}
	for _, err := range session.Run(ctx, session.Sweep(ctx)) {
		if err != nil {
			t.Fatal(err)
		}
		findings++
	}
	return findings, session
}

// again are options under which a sweep keeps no block, as when the scope is too
// large: its blocks are read and parsed once for each round of indexes.
var again = heuristics.Options{Memory: 16 << 20}

// held returns what a session holds, in bytes, blocks left out.
func (s *sweep) held(t testing.TB, hs []*heuristics.Heuristic) int64 {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	_, session := s.run(t, hs, again)
	after := heap()
	runtime.KeepAlive(session)
	return after - before
}

// BenchmarkSweep compares, in one run, the CPU time of a sweep with that of
// reading the same blocks. Its metrics are medians, and ratios of them: to the bare
// parser (txs), which makes transactions with ids and addresses of blocks in memory,
// and to reading as an engine does (blocks).
func BenchmarkSweep(b *testing.B) {
	s := newSweep(b, 288, 240)
	findings := 0
	work := []struct {
		name string
		do   func()
		took []time.Duration
	}{
		{name: "views", do: func() { s.views(b) }},
		{name: "txs", do: func() { s.txs(b) }},
		{name: "blocks", do: func() { s.read(b) }},
		{name: "mining", do: func() { s.run(b, suite.Mining(), heuristics.Options{}) }},
		{name: "all", do: func() { findings, _ = s.run(b, suite.All(), heuristics.Options{}) }},
		{name: "again", do: func() { s.run(b, suite.All(), again) }},
	}
	for b.Loop() {
		for i := range work {
			w := &work[i]
			w.took = append(w.took, spent(b, w.do))
		}
	}
	txs := median(work[1].took)
	for _, w := range work {
		m := median(w.took)
		b.ReportMetric(float64(m.Microseconds())/1000, "ms-"+w.name)
		if m > txs {
			b.ReportMetric(float64(m)/float64(txs), w.name+"/txs")
		}
	}
	b.ReportMetric(float64(s.held(b, suite.All()))/float64(s.chain.txs), "B-held/tx")
	b.ReportMetric(float64(s.chain.txs), "txs")
	b.ReportMetric(float64(len(s.chain.raw))/1e6, "MB")
	b.ReportMetric(float64(findings), "findings")
}

// TestWhatASweepCosts is the promise that looking at blocks costs at most ten times
// the CPU time of parsing them, whole suite and all.
func TestWhatASweepCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("measures CPU time for some seconds; the full tests do")
	}
	s := newSweep(t, 144, 240)
	if n, _ := s.run(t, suite.All(), again); n < 100 {
		t.Fatalf("%d findings: the chain gives the suite no work", n)
	}
	var ratios []float64
	for range 5 {
		txs := spent(t, func() { s.txs(t); s.txs(t); s.txs(t) })
		all := spent(t, func() { s.run(t, suite.All(), heuristics.Options{}) })
		ratios = append(ratios, 3*float64(all)/float64(txs))
	}
	slices.Sort(ratios)
	t.Logf("%.1f times the bare parser, median of %.1f", ratios[2], ratios)
	if ratios[2] > 10 {
		t.Errorf("a sweep costs %.1f times the CPU time of the bare parser, want at most 10", ratios[2])
	}
}
