package sources_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

func TestRecordKeepsTheContract(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		rec := sources.Record(io.Discard, sources.RecordOptions{})
		t.Cleanup(func() {
			if err := rec.Close(); err != nil {
				t.Error(err)
			}
		})
		return l.Set().Wrap(rec.Middleware)
	}, sourcetest.Options{})
}

// A recorder that has given up, or was closed, is not in the way.
func TestRecordKeepsTheContractWhenItIsOver(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		rec := sources.Record(io.Discard, sources.RecordOptions{MaxBytes: 20_000})
		return l.Set().Wrap(rec.Middleware)
	}, sourcetest.Options{})
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		rec := sources.Record(io.Discard, sources.RecordOptions{})
		set := l.Set().Wrap(rec.Middleware)
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
		return set
	}, sourcetest.Options{})
}

// A session that asked everything is repeated from its recording alone, and two
// such sessions give the same file.
func TestReplayAnswersWhatWasRecorded(t *testing.T) {
	for name, ms := range map[string][]sources.Middleware{
		"alone":                 nil,
		"a cache inside":        {sources.Cache(sources.CacheOptions{})},
		"a small cache inside":  {sources.Cache(sources.CacheOptions{Bytes: 2000})},
		"what others put there": {sources.RateLimit(1e12, 1), sources.Retry(sources.RetryOptions{}), sources.Limit(1 << 40)},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
				var files [2][]byte
				for i := range files {
					files[i] = recorded(t, l.Set().Wrap(ms...), func(s sources.Set) { sourcetest.Check(t, l, s, sourcetest.Options{}) })
				}
				if !bytes.Equal(files[0], files[1]) {
					t.Errorf("two recordings of the same differ (-first +second)\n%s", cmp.Diff(string(files[0]), string(files[1])))
				}
				set := replayed(t, files[0])
				if diff := cmp.Diff(l.Set().Provenance, set.Provenance); diff != "" {
					t.Errorf("provenance (-want +got)\n%s", diff)
				}
				return set
			}, sourcetest.Options{})
		})
	}
}

// recorded returns the file of a run.
func recorded(t testing.TB, s sources.Set, run func(sources.Set)) []byte {
	t.Helper()
	var file bytes.Buffer
	rec := sources.Record(&file, sources.RecordOptions{})
	run(s.Wrap(rec.Middleware))
	if err := rec.Err(); err != nil {
		t.Fatal(err)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func replayed(t testing.TB, file []byte) sources.Set {
	t.Helper()
	set, err := sources.Replay(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The same questions, in any order, batches and number of goroutines, give the
// same file; and a file answers them in any other.
func TestTheFileDoesNotDependOnTheWayOfAsking(t *testing.T) {
	l := parsed(t)
	txids, outs, on, times := everything(t, l)
	ask := func(set sources.Set, seed uint64, workers, batch int) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var calls []func() error
		for part := range slices.Chunk(shuffled(rng, txids), batch) {
			calls = append(calls, func() error { return same(set.Txs.Txs, l.Txs, part) })
		}
		for part := range slices.Chunk(shuffled(rng, outs), batch) {
			calls = append(calls, func() error { return same(set.Spends.Spenders, l.Spenders, part) })
		}
		for part := range slices.Chunk(shuffled(rng, on), batch) {
			calls = append(calls, func() error { return same(set.Labels.Labels, l.Labels, part) })
		}
		for part := range slices.Chunk(shuffled(rng, times), batch) {
			usd := func(of sources.PriceReader) func(context.Context, []time.Time) ([]model.Price, error) {
				return func(ctx context.Context, at []time.Time) ([]model.Price, error) {
					return of.Prices(ctx, model.Mainnet, "USD", at)
				}
			}
			calls = append(calls, func() error { return same(usd(set.Prices), usd(l), part) })
		}
		for range 3 {
			calls = append(calls, func() error { return last(set.Blocks.Blocks(context.Background(), sources.Range{})) })
		}
		calls = shuffled(rng, calls)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(calls); i += workers {
					if err := calls[i](); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	var first []byte
	for i, way := range []struct {
		seed           uint64
		workers, batch int
	}{{1, 1, 1000}, {2, 1, 1}, {3, 8, 1}, {4, 8, 7}, {5, 3, 1000}} {
		file := recorded(t, l.Set(), func(s sources.Set) { ask(s, way.seed, way.workers, way.batch) })
		if i == 0 {
			first = file
		} else if !bytes.Equal(first, file) {
			t.Errorf("way %d: the file differs (-first +this)\n%s", i, cmp.Diff(string(first), string(file)))
		}
		ask(replayed(t, first), way.seed+100, way.workers, way.batch)
	}
}

func same[K, V any](got, want func(context.Context, []K) ([]V, error), keys []K) error {
	g, err := got(context.Background(), keys)
	if err != nil {
		return err
	}
	w, err := want(context.Background(), keys)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(fmt.Sprintf("%+v", w), fmt.Sprintf("%+v", g)); diff != "" {
		// Pointers print as such.
		if ts, ok := any(g).([]*model.Tx); ok {
			return sameTxs(any(w).([]*model.Tx), ts)
		}
		return errors.New("(-want +got)\n" + diff)
	}
	return nil
}

func sameTxs(want, got []*model.Tx) error {
	if diff := cmp.Diff(want, got, emptyIsNil); diff != "" {
		return errors.New("(-want +got)\n" + diff)
	}
	return nil
}

func shuffled[T any](rng *rand.Rand, in []T) []T {
	out := slices.Clone(in)
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

const recordText = `
time 2023-07-24 22:00
label L: addr(bob) category=exchange confidence=0.7 source="a <list> & more" asserted=2022-07-30 from=2022-01-01
label M: addr(bob) category=exchange confidence=0.4
label N: tx(d) category=actor
tag "/A/" A
tag "\x00\xff" B
price 2023-07-24 USD 29176.90
coinbase cb: tag="/A/" => alice 6.25
tx a: new 1 => alice 0.4, bob 0.6
tx b: a.0 unknown => bob 0.3, data "x"
tx c: a.1 new(alice) 1 => alice 0.2, alice:p2tr 0.2, carol:multisig rest
tx d: b.0 c.0..1 => alice 0.7
tx e: unknown(alice) => carol 5
tx f: e.0 => alice 1, bob rest
`

func parsed(t testing.TB) *ledger.Ledger {
	t.Helper()
	f, err := ledger.Parse("test", recordText)
	if err != nil {
		t.Fatal(err)
	}
	return f.Ledger
}

// everything that can be asked about a ledger in batches, and some that nobody
// knows of.
func everything(t testing.TB, l *ledger.Ledger) (txids []model.TxID, outs []model.Outpoint, on []model.Ref, times []time.Time) {
	t.Helper()
	txids = append(txids, model.TxID{1})
	outs = append(outs, model.Outpoint{Vout: 7})
	on = append(on, model.Ref{}, model.RefBlock(model.BlockHash{5}))
	times = append(times, time.Time{})
	for b, err := range l.Blocks(t.Context(), sources.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Unix(b.Ref.Time, 0))
		for _, tx := range b.Txs {
			txids, on = append(txids, tx.ID), append(on, model.RefTx(tx.ID))
			for i := range tx.Outputs {
				outs, on = append(outs, tx.Outpoint(i)), append(on, model.RefAddress(tx.Outputs[i].Owner))
			}
		}
	}
	return txids, outs, on, times
}

// An error is replayed with its text, its kind and where it happened.
func TestErrorsAreReplayed(t *testing.T) {
	at := func(kind error) error {
		return &sources.Error{Source: "esplora", Op: "Txs", Key: "some txid", RetryAfter: 3 * time.Second, Err: fmt.Errorf("%w: 429 from host", kind)}
	}
	for name, err := range map[string]error{
		"not found":          at(sources.ErrNotFound),
		"unavailable":        at(sources.ErrUnavailable),
		"budget":             at(sources.ErrBudget),
		"reorg":              at(sources.ErrReorg),
		"malformed":          at(sources.ErrMalformed),
		"no kind":            at(errors.New("what is this")),
		"kind alone":         sources.ErrNotFound,
		"neither":            errors.New("odd"),
		"wrapped":            fmt.Errorf("tip: %w", at(sources.ErrUnavailable)),
		"two kinds":          errors.Join(at(sources.ErrUnavailable), sources.ErrMalformed),
		"the source's clock": at(context.DeadlineExceeded),
	} {
		t.Run(name, func(t *testing.T) {
			for op, ask := range everyMethod() {
				var got error
				file := recorded(t, sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(string, string) error { return err })), func(s sources.Set) {
					if got := ask(t.Context(), s); got != err {
						t.Errorf("%s: the recorded run gets %v, want %v as it is", op, got, err)
					}
					got = ask(t.Context(), s)
				})
				if got != err {
					t.Errorf("%s: asked again, the recorded run gets %v, want %v", op, got, err)
				}
				got = ask(t.Context(), replayed(t, file))
				if got == nil || got.Error() != err.Error() {
					t.Errorf("%s: error %q, want %q", op, got, err)
					continue
				}
				for _, kind := range []error{sources.ErrNotFound, sources.ErrUnavailable, sources.ErrBudget, sources.ErrReorg, sources.ErrMalformed, context.DeadlineExceeded, context.Canceled} {
					if errors.Is(got, kind) != errors.Is(err, kind) {
						t.Errorf("%s: is %v: %t, want %t", op, kind, errors.Is(got, kind), errors.Is(err, kind))
					}
				}
				var g, w *sources.Error
				if errors.As(got, &g) != errors.As(err, &w) {
					t.Errorf("%s: has a *sources.Error: %t, want %t", op, g != nil, w != nil)
				} else if w != nil && (g.Source != w.Source || g.Op != w.Op || g.Key != w.Key || g.RetryAfter != w.RetryAfter || g.Err.Error() != w.Err.Error()) {
					t.Errorf("%s: %+v, want %+v", op, *g, *w)
				}
			}
		})
	}
}

// Which item an error is about, only the source knows. The batch that failed
// fails again; others succeed where they did, or where all their items were
// answered.
func TestABatchThatFailed(t *testing.T) {
	bad := true
	set := sources.Of(&source{tip: 9}).Wrap(sources.Inject(func(_, key string) error {
		if bad && key == id(3).String() {
			return away(0)
		}
		return nil
	}))
	file := recorded(t, set, func(s sources.Set) {
		for _, c := range []struct {
			ns  []int
			err error
		}{
			{[]int{1, 2, 3, 4}, sources.ErrUnavailable},
			{[]int{1, 2}, nil}, // asked apart
			{[]int{3}, sources.ErrUnavailable},
			{[]int{2, 5}, nil},
		} {
			if _, err := s.Txs.Txs(t.Context(), ids(c.ns...)); !errors.Is(err, c.err) {
				t.Errorf("%v: error %v, want %v", c.ns, err, c.err)
			}
		}
		bad = false
		if _, err := s.Txs.Txs(t.Context(), ids(4, 3, 2, 1, 1)); !errors.Is(err, sources.ErrUnavailable) {
			t.Errorf("the same batch in another order: error %v, want the recorded one", err)
		}
	})
	s := replayed(t, file)
	for _, c := range []struct {
		ns  []int
		err string
	}{
		{[]int{1, 2, 3, 4}, "test: any: unavailable: 503"},
		{[]int{4, 3, 2, 1}, "test: any: unavailable: 503"},
		{[]int{1, 2}, ""},
		{[]int{1, 5, 2}, ""},
		{[]int{3}, "test: any: unavailable: 503"},
		{[]int{5, 4}, "test: any: unavailable: 503"}, // 4 was asked in the first batch only
		{[]int{6, 4}, "test: any: unavailable: 503"},
		{[]int{1, 6}, "replay: Txs " + id(6).String() + ": unavailable: not in the recording"},
	} {
		_, err := s.Txs.Txs(t.Context(), ids(c.ns...))
		if got := fmt.Sprint(err); c.err == "" && err != nil || c.err != "" && got != c.err {
			t.Errorf("%v: error %q, want %q", c.ns, got, c.err)
		}
	}
}

// The run sees what the recording holds, also where the source has changed its
// mind, so that a replay sees nothing else.
func TestAQuestionHasOneAnswer(t *testing.T) {
	src := &source{tip: 3}
	count := func(s sources.Set) int {
		n := 0
		for range s.Select.Select(context.Background(), nil, sources.Range{}) {
			n++
		}
		return n
	}
	look := func(s sources.Set) string {
		tip, _ := s.Blocks.Tip(t.Context())
		spend, _ := s.Spends.Spenders(t.Context(), outpoints(5))
		tx, _ := s.Txs.Txs(t.Context(), ids(8))
		return fmt.Sprint(tip.Height, spend, tx[0] == nil, count(s))
	}
	file := recorded(t, sources.Of(src), func(s sources.Set) {
		before := look(s)
		src.since()
		src.set(func(s *source) { s.tip = 20 })
		if after := look(s); after != before {
			t.Errorf("first %s, then %s", before, after)
		}
		wantAsked(t, src)
	})
	src.set(func(s *source) { s.tip = 3 })
	if want, got := look(sources.Of(src)), look(replayed(t, file)); want != got {
		t.Errorf("replayed %s, want %s", got, want)
	}
	wantAsked(t, src, "Tip", "Spenders 5", "Txs 8", "Select")
}

// A sequence is kept as far as somebody read it.
func TestASequenceThatItsReaderBrokeOutOf(t *testing.T) {
	read := func(s sources.Set, n int) (got []int, err error) {
		if n == 0 {
			return nil, nil
		}
		for tx, e := range s.Select.Select(context.Background(), nil, sources.Range{}) {
			if e != nil {
				return got, e
			}
			if got = append(got, number(tx.ID)); len(got) == n {
				break
			}
		}
		return got, nil
	}
	src := &source{tip: 6}
	var part, whole []byte
	part = recorded(t, sources.Of(src), func(s sources.Set) {
		for _, n := range []int{2, 1, 4, 3} {
			if got, err := read(s, n); err != nil || len(got) != n {
				t.Errorf("read %v, error %v, want %d", got, err, n)
			}
		}
		wantAsked(t, src, "Select", "Select") // for 2, and again for 4
	})
	whole = recorded(t, sources.Of(src), func(s sources.Set) {
		for _, n := range []int{2, 100, 100} {
			if got, err := read(s, n); err != nil || len(got) != min(n, 6) {
				t.Errorf("read %v, error %v, want %d", got, err, min(n, 6))
			}
		}
	})
	s := replayed(t, part)
	for n := range 5 {
		if got, err := read(s, n); err != nil || len(got) != n {
			t.Errorf("replayed %v, error %v, want %d", got, err, n)
		}
	}
	got, err := read(s, 5)
	if diff := cmp.Diff([]int{0, 1, 2, 3}, got); diff != "" {
		t.Errorf("elements (-want +got)\n%s", diff)
	}
	want := "replay: Select [] 0-0: unavailable: not in the recording, whose run read 4 elements and no further"
	if fmt.Sprint(err) != want || !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("error %q, want %q", err, want)
	}
	if got, err := read(replayed(t, whole), 100); err != nil || len(got) != 6 {
		t.Errorf("replayed %v, error %v, want all 6", got, err)
	}
}

// Readers of one sequence at a time get one answer, though the source gives each
// another.
func TestReadersOfOneSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		src := sources.Set{Tags: tagsFunc(func(context.Context) iter.Seq2[model.Tag, error] {
			n++
			mine := n
			return func(yield func(model.Tag, error) bool) {
				for i := range 4 + mine { // more for each, and in its own spelling
					time.Sleep(time.Second)
					if !yield(model.Tag{Bytes: []byte{byte(i)}, Entity: fmt.Sprint("reader ", mine)}, nil) {
						return
					}
				}
			}
		})}
		readers := make([][]model.Tag, 5)
		file := recorded(t, src, func(s sources.Set) {
			var wg sync.WaitGroup
			for i := range readers {
				seq := s.Tags.Tags(t.Context())
				time.Sleep(time.Duration(i) * 300 * time.Millisecond)
				wg.Go(func() {
					for v, err := range seq {
						if err != nil {
							t.Error(err)
						}
						readers[i] = append(readers[i], v)
					}
				})
			}
			wg.Wait()
		})
		var again []model.Tag
		for v, err := range replayed(t, file).Tags.Tags(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, v)
		}
		for i, got := range readers {
			if diff := cmp.Diff(again, got); diff != "" {
				t.Errorf("reader %d (-replayed +got)\n%s", i, diff)
			}
		}
	})
}

// Sequences longer than a page of the file.
func TestLongSequences(t *testing.T) {
	for _, n := range []int32{0, 1, 999, 1000, 1001, 2000, 3500} {
		src := sources.Of(&source{tip: n})
		file := recorded(t, src, func(s sources.Set) {
			if err := last(s.Select.Select(t.Context(), nil, sources.Range{})); err != nil {
				t.Fatal(err)
			}
		})
		i := 0
		for tx, err := range replayed(t, file).Select.Select(t.Context(), nil, sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			if number(tx.ID) != i {
				t.Fatalf("%d of %d: transaction %d", i, n, number(tx.ID))
			}
			i++
		}
		if i != int(n) {
			t.Errorf("%d elements, want %d", i, n)
		}
	}
}

// A caller who has gone is no fact about the source.
func TestTheCallersContextIsNotRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for op, ask := range everyMethod() {
			src := &source{tip: 3, wait: make(chan struct{})}
			file := recorded(t, sources.Of(src), func(s sources.Set) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := ask(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: error %v", op, err)
				}
				src.set(func(s *source) { s.wait = nil })
				if err := ask(t.Context(), s); err != nil {
					t.Errorf("%s: asked again: %v", op, err)
				}
			})
			if err := ask(t.Context(), replayed(t, file)); err != nil {
				t.Errorf("%s: replayed: %v", op, err)
			}
		}
	})
}

// The secrets of a URL do not reach the file, wherever they stand.
func TestCredentialsAreNotRecorded(t *testing.T) {
	for text, want := range map[string]string{
		"https://user:hunter2@host/api":                                    "https://host/api",
		"https://host/api/tx/abc?apikey=hunter2":                           "https://host/api/tx/abc",
		"http://host#hunter2":                                              "http://host",
		`Get "https://u:hunter2@host:8332/x?y=hunter2": dial: no`:          `Get "https://host:8332/x": dial: no`,
		"two: https://a:hunter2@b/c and tcp://hunter2@d:50002, then":       "two: https://b/c and tcp://d:50002, then",
		"https://user:hun@ter2?hunter2@host/api":                           "https://host/api",
		"https://user:http://hunter2@host":                                 "https://host",
		"nothing to hide: 50 % of user@host, key=value":                    "nothing to hide: 50 % of user@host, key=value",
		"https://host/block/000000000000000000024bead8df69990852c202db0e0": "https://host/block/000000000000000000024bead8df69990852c202db0e0",
		"ends in ://":    "ends in ://",
		"not text: \xff": "not text: \uFFFD",
	} {
		err := &sources.Error{Source: text, Op: "Tip", Key: text, Err: fmt.Errorf("%w: %s", sources.ErrUnavailable, text)}
		src := sources.Of(&source{tip: 3}).Wrap(sources.Inject(func(string, string) error { return err }))
		src.Provenance = []sources.Provenance{{Provider: "p", Name: text, Note: text}}
		var told error
		file := recorded(t, src, func(s sources.Set) {
			_, told = s.Blocks.Tip(t.Context())
			if got := s.Provenance[0].Name; got != want {
				t.Errorf("the run's provenance is %q, want %q", got, want)
			}
		})
		if src.Provenance[0].Name != text {
			t.Error("the provenance of the set inside was changed")
		}
		if strings.Contains(string(file), "hunter2") || strings.Contains(told.Error(), "hunter2") {
			t.Errorf("the password is there:\n%v\n%s", told, file)
		}
		s := replayed(t, file)
		_, again := s.Blocks.Tip(t.Context())
		wantErr := want + ": Tip " + want + ": unavailable: " + want
		if told.Error() != wantErr || again.Error() != wantErr || !errors.Is(told, sources.ErrUnavailable) {
			t.Errorf("error of the run %q, replayed %q, want %q", told, again, wantErr)
		}
		if s.Provenance[0].Name != want || s.Provenance[0].Note != want {
			t.Errorf("provenance %+v, want %q", s.Provenance[0], want)
		}
	}
}

// One transaction may be known in more than one way.
func TestTransactionsThatSayDifferentThings(t *testing.T) {
	l := parsed(t)
	forget := func(tx *model.Tx) *model.Tx {
		c := *tx
		c.Inputs = slices.Clone(tx.Inputs)
		for i := range c.Inputs {
			c.Inputs[i].Value, c.Inputs[i].ValueKnown, c.Inputs[i].Owner, c.Inputs[i].OwnerBy = 0, false, model.Address{}, model.OwnerUnknown
			c.Inputs[i].Script, c.Inputs[i].Witness, c.Inputs[i].SigHash = nil, nil, 0
		}
		c.Outputs = slices.Clone(tx.Outputs)
		for i := range c.Outputs {
			c.Outputs[i].Script = nil // an export with addresses alone
		}
		c.Size, c.Weight, c.Block = 0, 0, model.BlockRef{Height: 5, Known: model.KnownHeight}
		return &c
	}
	src := l.Set()
	src.Txs = txsFunc(func(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
		ts, err := l.Txs(ctx, ids)
		for i := range ts {
			if ts[i] != nil {
				ts[i] = forget(ts[i])
			}
		}
		return ts, err
	})
	txids, _, _, _ := everything(t, l)
	run := func(s sources.Set) {
		ts, err := s.Txs.Txs(t.Context(), txids)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := src.Txs.Txs(t.Context(), txids)
		if diff := cmp.Diff(want, ts, emptyIsNil); diff != "" {
			t.Errorf("Txs (-want +got)\n%s", diff)
		}
		var got, wantBlocks []*model.Block
		for b, err := range s.Blocks.Blocks(t.Context(), sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b)
		}
		for b := range l.Blocks(t.Context(), sources.Range{}) {
			wantBlocks = append(wantBlocks, b)
		}
		if diff := cmp.Diff(wantBlocks, got, emptyIsNil); diff != "" {
			t.Errorf("Blocks (-want +got)\n%s", diff)
		}
	}
	run(replayed(t, recorded(t, src, run)))
}

var emptyIsNil = cmp.Transformer("emptyIsNil", func(b []byte) string { return string(b) })

type txsFunc func(context.Context, []model.TxID) ([]*model.Tx, error)

func (f txsFunc) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) { return f(ctx, ids) }

func TestARecordingThatGrowsTooLarge(t *testing.T) {
	src := sources.Of(&source{tip: 500})
	var file bytes.Buffer
	rec := sources.Record(&file, sources.RecordOptions{MaxBytes: 50_000})
	set := src.Wrap(rec.Middleware)
	if _, err := set.Txs.Txs(t.Context(), ids(1, 2)); err != nil || rec.Err() != nil {
		t.Fatal(err, rec.Err())
	}
	for range 2 {
		n := 0
		for _, err := range set.Select.Select(t.Context(), nil, sources.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 500 {
			t.Errorf("the run sees %d elements, want 500", n)
		}
	}
	for range 2 {
		if err := rec.Close(); !errors.Is(err, sources.ErrBudget) || err.Error() != "record: Record: budget spent: the recording passes 50000 bytes" {
			t.Errorf("closed with %v", err)
		}
	}
	if rec.Err() == nil || file.Len() != 0 {
		t.Errorf("%d bytes were written, error %v", file.Len(), rec.Err())
	}
}

// What the file cannot hold is an error of the recording, and none of the run.
func TestAnswersThatCannotBeRecorded(t *testing.T) {
	label := model.Label{On: model.RefTx(id(1)), Entity: "not text \xff"}
	entry := sources.Entry{Kind: 77}
	late := model.Label{On: model.RefTx(id(1)), Asserted: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)}
	none := &model.Tx{ID: id(1)}
	for name, c := range map[string]struct {
		set sources.Set
		ask func(sources.Set) bool
	}{
		"a transaction without inputs": {
			sources.Set{Txs: txsFunc(func(context.Context, []model.TxID) ([]*model.Tx, error) { return []*model.Tx{none}, nil })},
			func(s sources.Set) bool {
				ts, err := s.Txs.Txs(t.Context(), ids(1))
				return err == nil && ts[0] == none
			},
		},
		"a label that is no text": {
			sources.Set{Labels: labelsFunc{label}},
			func(s sources.Set) bool {
				ls, err := s.Labels.Labels(t.Context(), refs(1, 1))
				return err == nil && ls[1][0].Entity == label.Entity
			},
		},
		"a date that no text holds": {
			sources.Set{Labels: labelsFunc{late}},
			func(s sources.Set) bool {
				for l, err := range s.Labels.Find(t.Context(), "") {
					return err == nil && l.Asserted.Equal(late.Asserted)
				}
				return false
			},
		},
		"an entry of no kind": {
			sources.Set{Books: booksFunc{entry}},
			func(s sources.Set) bool {
				for e, err := range s.Books.Entries(t.Context(), sources.EntryQuery{}) {
					return err == nil && e == entry
				}
				return false
			},
		},
		"no element": {
			sources.Set{Select: selectNil{}},
			func(s sources.Set) bool { return last(s.Select.Select(t.Context(), nil, sources.Range{})) == nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec := sources.Record(io.Discard, sources.RecordOptions{})
			s := c.set.Wrap(rec.Middleware)
			for range 2 {
				if !c.ask(s) {
					t.Error("the run gets another answer")
				}
			}
			if err := rec.Close(); !errors.Is(err, sources.ErrMalformed) || !strings.Contains(err.Error(), "cannot be recorded") {
				t.Errorf("closed with %v", err)
			}
		})
	}
}

type labelsFunc struct{ l model.Label }

func (f labelsFunc) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	return slices.Repeat([][]model.Label{{f.l}}, len(on)), nil
}

func (f labelsFunc) Find(context.Context, model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) { yield(f.l, nil) }
}

type booksFunc struct{ e sources.Entry }

func (f booksFunc) Entries(context.Context, sources.EntryQuery) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) { yield(f.e, nil) }
}

type selectNil struct{}

func (selectNil) Select(context.Context, []model.Filter, sources.Range) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) { yield(nil, nil) }
}

// A source that breaks the contract does not break the recording.
func TestRecordOfASourceThatAnswersTooLittle(t *testing.T) {
	rec := sources.Record(io.Discard, sources.RecordOptions{})
	s := sources.Set{Txs: short{}}.Wrap(rec.Middleware)
	if _, err := s.Txs.Txs(t.Context(), ids(1, 2)); !errors.Is(err, sources.ErrMalformed) {
		t.Errorf("error %v, want ErrMalformed", err)
	}
	if err := rec.Close(); err != nil {
		t.Error(err)
	}
}

type brokenWriter struct{ n int }

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

func TestCloseTellsOfTheWriter(t *testing.T) {
	for _, n := range []int{0, 100, 6000} {
		rec := sources.Record(&brokenWriter{n}, sources.RecordOptions{})
		s := sources.Of(&source{tip: 40}).Wrap(rec.Middleware)
		if err := last(s.Select.Select(t.Context(), nil, sources.Range{})); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := rec.Close(); err == nil || err.Error() != "record: disk full" {
				t.Errorf("%d bytes: closed with %v", n, err)
			}
		}
	}
}

func TestARecorderIsOfOneSet(t *testing.T) {
	rec := sources.Record(io.Discard, sources.RecordOptions{})
	if err := rec.Close(); err == nil {
		t.Error("a recorder of nothing closes without an error")
	}
	rec = sources.Record(io.Discard, sources.RecordOptions{})
	sources.Set{}.Wrap(rec.Middleware)
	defer func() {
		if recover() == nil {
			t.Error("applied twice without a panic")
		}
	}()
	sources.Set{}.Wrap(rec.Middleware)
}
