package oracle

import (
	"bytes"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/goldwash/goldwash/model"
)

// The work that is measured: a block parsed; and its txids; and the address of
// every output. The sums keep the compiler from dropping it.
var work = []struct {
	name   string
	ours   func(*model.BlockView, []byte) (byte, error)
	theirs func([]byte) (byte, error)
}{
	{"parse", ours(false, false), theirs(false, false)},
	{"parse+txids", ours(true, false), theirs(true, false)},
	{"parse+txids+addresses", ours(true, true), theirs(true, true)},
}

func ours(txids, addresses bool) func(*model.BlockView, []byte) (byte, error) {
	return func(v *model.BlockView, raw []byte) (sum byte, err error) {
		if err := v.Decode(raw); err != nil {
			return 0, err
		}
		if txids {
			for i := range v.Txs {
				id := v.TxID(i)
				sum += id[0]
			}
		}
		if addresses {
			for o := range v.Outs {
				sum += byte(model.AddressOf(v.OutScript(o), model.Mainnet).Kind())
			}
		}
		return sum, nil
	}
}

func theirs(txids, addresses bool) func([]byte) (byte, error) {
	return func(raw []byte) (sum byte, err error) {
		var blk wire.MsgBlock
		if err := blk.Deserialize(bytes.NewReader(raw)); err != nil {
			return 0, err
		}
		for _, tx := range blk.Transactions {
			if txids {
				id := tx.TxHash()
				sum += id[0]
			}
			if addresses {
				for _, out := range tx.TxOut {
					class, _, _, err := txscript.ExtractPkScriptAddrs(out.PkScript, &chaincfg.MainNetParams)
					if err != nil {
						return 0, err
					}
					sum += byte(class)
				}
			}
		}
		return sum, nil
	}
}

// The blocks that are measured: of 2016, before segwit; of 2021; of 2026, with
// runestones.
var measured = []string{"mainnet-413567", "mainnet-702861", "mainnet-951658"}

func BenchmarkBlock(b *testing.B) {
	for _, file := range measured {
		raw := readBlock(b, file)
		for _, w := range work {
			b.Run(file+"/"+w.name+"/goldwash", func(b *testing.B) {
				var v model.BlockView
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := w.ours(&v, raw); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(file+"/"+w.name+"/btcd", func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := w.theirs(raw); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestRatio prints how many times faster the view is than btcd: the ratio of
// the medians of interleaved rounds, in CPU seconds of the process, garbage
// collection included. It fails only where btcd is faster, for a shared machine
// is no place to assert more.
func TestRatio(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for some seconds")
	}
	type sweep struct {
		name string
		raws [][]byte
	}
	all := sweep{name: "all real blocks"}
	for _, file := range blockFiles {
		all.raws = append(all.raws, readBlock(t, file))
	}
	sweeps := []sweep{all}
	for _, file := range measured {
		sweeps = append(sweeps, sweep{file, [][]byte{readBlock(t, file)}})
	}
	for _, s := range sweeps {
		for _, w := range work {
			var v model.BlockView
			var a, b []float64
			for range 9 {
				a = append(a, perByte(t, s.raws, func(raw []byte) error { _, err := w.ours(&v, raw); return err }))
				b = append(b, perByte(t, s.raws, func(raw []byte) error { _, err := w.theirs(raw); return err }))
			}
			slices.Sort(a)
			slices.Sort(b)
			x, y := a[len(a)/2], b[len(b)/2]
			t.Logf("%-15s %-22s goldwash %6.0f MB/s, btcd %4.0f MB/s, ratio %4.1f", s.name, w.name, 1e3/x, 1e3/y, y/x)
			if x >= y {
				t.Errorf("%s, %s: btcd is faster", s.name, w.name)
			}
		}
	}
}

// perByte reads the blocks again and again for at least 100 ms of CPU time, well
// above the grain of the clock, and returns nanoseconds per byte.
func perByte(t *testing.T, raws [][]byte, read func([]byte) error) float64 {
	t.Helper()
	bytes, start := 0, cpuTime(t)
	for {
		for _, raw := range raws {
			if err := read(raw); err != nil {
				t.Fatal(err)
			}
			bytes += len(raw)
		}
		if d := cpuTime(t) - start; d >= 100*time.Millisecond {
			return float64(d.Nanoseconds()) / float64(bytes)
		}
	}
}

// cpuTime is the user and system time of the process.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
