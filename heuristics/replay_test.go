package heuristics_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/heuristics/suite"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// investigation is a whole run, whose every byte a replay must give again.
type investigation struct {
	name     string
	seeds    []string
	explore  bool // around the seeds, in place of blocks
	from, to int32
	faults   bool // look-ups fail here and there
	findings int  // at least
}

// tell makes the run and returns all that it tells: findings in their order,
// failures, what was run on what, and the coverage.
func (v investigation) tell(t *testing.T, src sources.Set, seeds []model.Ref, o heuristics.Options) (out string, failures int64) {
	t.Helper()
	e, err := heuristics.New(src, suite.Mining(), o)
	if err != nil {
		t.Fatal(err)
	}
	scope := heuristics.Scope{From: v.from, To: v.to, Seeds: seeds}
	if v.explore {
		if scope.Explored, err = heuristics.Explore(t.Context(), src, seeds, heuristics.ExploreOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := e.Open(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	tell := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for f, err := range s.Run(t.Context(), s.Sweep(t.Context())) {
		var failed *heuristics.PassError
		switch {
		case errors.As(err, &failed):
			tell(err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			n++
			tell(f)
		}
	}
	tell(report.NewRun(s, src))
	c := s.Coverage()
	tell(c)
	if n < v.findings {
		t.Fatalf("%d findings, want at least %d, or the run proves little", n, v.findings)
	}
	return b.String(), c.Failures
}

// A run that was recorded is repeated from the evidence file alone, without any
// source, and says the same byte for byte, however many workers make it; and
// recording it changes nothing.
func TestARecordedRunIsReplayed(t *testing.T) {
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []investigation{
		{name: "around the actor", seeds: []string{"K1", "K2"}, explore: true, findings: 10},
		{name: "two weeks of blocks, of a source that fails", from: 749_300, to: 751_300, faults: true, findings: 1},
		{name: "all blocks", findings: 1000},
	} {
		t.Run(v.name, func(t *testing.T) {
			if testing.Short() && v.findings >= 1000 {
				t.Skip("a sweep of the whole case takes too long under -short")
			}
			var seeds []model.Ref
			for _, name := range v.seeds {
				a, err := f.Address(name)
				if err != nil {
					t.Fatal(err)
				}
				seeds = append(seeds, model.RefAddress(a))
			}
			src := f.Ledger.Set()
			if v.faults {
				src = src.Wrap(sources.Inject(func(op, key string) error {
					h := fnv.New32a()
					fmt.Fprint(h, op, key)
					if (op == "Spenders" || op == "Txs") && h.Sum32()%5 == 0 {
						return &sources.Error{Source: "test", Op: op, Key: key, Err: sources.ErrUnavailable}
					}
					return nil
				}))
			}
			record := func(o heuristics.Options) (file []byte, told string) {
				var b bytes.Buffer
				rec := sources.Record(&b, sources.RecordOptions{})
				told, failures := v.tell(t, src.Wrap(rec.Middleware), seeds, o)
				if err := rec.Close(); err != nil {
					t.Fatal(err)
				}
				if (failures > 0) != v.faults {
					t.Fatalf("%d failures", failures)
				}
				return b.Bytes(), told
			}
			want, _ := v.tell(t, src, seeds, heuristics.Options{Workers: 2})
			file, told := record(heuristics.Options{Workers: 1})
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("recording changes what the run says (-want +got)\n%s", diff)
			}
			if again, _ := record(heuristics.Options{Workers: 8}); !bytes.Equal(file, again) {
				t.Error("another number of workers gives another file")
			}
			t.Logf("%d bytes of findings and coverage, %d of recording", len(want), len(file))
			for _, way := range []struct {
				name  string
				opt   heuristics.Options
				cache bool
			}{
				{"one worker", heuristics.Options{Workers: 1}, false},
				{"eight workers", heuristics.Options{Workers: 8}, false},
				{"no memory to speak of, through a cache", heuristics.Options{Workers: 3, Memory: 1 << 10}, true},
			} {
				set, err := sources.Replay(bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				if way.cache {
					set = set.Wrap(sources.Cache(sources.CacheOptions{}))
				}
				if got, _ := v.tell(t, set, seeds, way.opt); got != want {
					t.Errorf("%s: the replay differs (-want +got)\n%s", way.name, cmp.Diff(want, got))
				}
			}
		})
	}
}
