package sources_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// Whatever stands between a set and its reader, the reader sees the same.
func TestMiddlewareKeepsTheContract(t *testing.T) {
	quiet := func(string, string) error { return nil }
	for name, ms := range map[string][]sources.Middleware{
		"Cache":       {sources.Cache(sources.CacheOptions{})},
		"Cache small": {sources.Cache(sources.CacheOptions{Bytes: 2000})},
		"Limit":       {sources.Limit(1 << 40)},
		"Observe":     {sources.Observe(func(sources.Lookup) {})},
		"Inject":      {sources.Inject(quiet)},
		"nil":         {sources.Observe(nil), sources.Inject(nil)},
		"all": {sources.Inject(quiet), sources.Observe(func(sources.Lookup) {}), sources.Cache(sources.CacheOptions{}),
			sources.Limit(1 << 40), sources.Cache(sources.CacheOptions{Bytes: 5000})},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set { return l.Set().Wrap(ms...) }, sourcetest.Options{})
		})
	}
}

func TestMiddlewareKeepsCapabilitiesAndProviders(t *testing.T) {
	all := []sources.Middleware{
		sources.Cache(sources.CacheOptions{}), sources.Limit(10), sources.Observe(func(sources.Lookup) {}),
		sources.Inject(func(string, string) error { return nil }),
	}
	full := sources.Of(&source{tip: 10}).Wrap(all...)
	if got, want := full.Has().String(), "Txs|Spends|History|Blocks|Labels|Tags|Prices|Select|Books"; got != want {
		t.Errorf("has %s, want %s", got, want)
	}
	if p, ok := sources.As[*source](full); !ok || p.tip != 10 {
		t.Errorf("the provider is lost: %v, %t", p, ok)
	}
	if len(full.Provenance) != 1 {
		t.Errorf("provenance %+v", full.Provenance)
	}
	if none := (sources.Set{}).Wrap(all...); none.Has() != 0 {
		t.Errorf("a set without capabilities has %v", none.Has())
	}
	one := sources.Set{Tags: full.Tags}
	if got := one.Wrap(all...).Has(); got != sources.Tags {
		t.Errorf("has %v, want Tags", got)
	}
}

// source is a provider whose answers a test can see and change. Transaction n is
// in block n, and the output n:0 is spent by transaction n+1.
type source struct {
	mu    sync.Mutex
	tip   int32
	asked []string
	fail  error
	wait  chan struct{}
}

func id(n int) model.TxID { return model.TxID{byte(n), byte(n >> 8), 1} }

func number(id model.TxID) int { return int(id[0]) | int(id[1])<<8 }

func (s *source) ask(ctx context.Context, op string, keys ...any) (tip int32, err error) {
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(op+" "+strings.Trim(fmt.Sprint(keys...), "[]")))
	wait, tip, err := s.wait, s.tip, s.fail
	s.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return tip, err
}

// since returns what was asked since the last time.
func (s *source) since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *source) set(f func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func transaction(n int, tip int32) *model.Tx {
	if int32(n) > tip+1 {
		return nil
	}
	t := &model.Tx{ID: id(n), Inputs: []model.Input{{Prev: model.Outpoint{Tx: id(n - 1)}, Value: 5, ValueKnown: n%2 == 0}}, Outputs: []model.Output{{Value: 5}}}
	if int32(n) <= tip { // the one above is unconfirmed
		t.Block = model.BlockRef{Height: int32(n), Known: model.KnownHeight}
	}
	return t
}

func (s *source) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	var ns []int
	for _, id := range ids {
		ns = append(ns, number(id))
	}
	tip, err := s.ask(ctx, "Txs", ns)
	if err != nil {
		return nil, err
	}
	out := make([]*model.Tx, len(ids))
	for i := range ids {
		out[i] = transaction(ns[i], tip)
	}
	return out, nil
}

func (s *source) Spenders(ctx context.Context, outs []model.Outpoint) ([]model.Spend, error) {
	var ns []int
	for _, o := range outs {
		ns = append(ns, number(o.Tx))
	}
	tip, err := s.ask(ctx, "Spenders", ns)
	if err != nil {
		return nil, err
	}
	out := make([]model.Spend, len(outs))
	for i, n := range ns {
		if int32(n) > tip {
			out[i] = model.Spend{State: model.Unspent, AsOf: tip, AsOfKnown: true}
		} else {
			out[i] = model.Spend{State: model.Spent, By: model.Inpoint{Tx: id(n + 1)}}
		}
	}
	return out, nil
}

func (s *source) sequence(ctx context.Context, op string) iter.Seq2[*model.Tx, error] {
	return func(yield func(*model.Tx, error) bool) {
		tip, err := s.ask(ctx, op)
		if err != nil {
			yield(nil, err)
			return
		}
		for n := range int(tip) {
			if !yield(transaction(n, tip), nil) {
				return
			}
		}
	}
}

func (s *source) History(ctx context.Context, _ model.Address, _ sources.Range) iter.Seq2[*model.Tx, error] {
	return s.sequence(ctx, "History")
}

func (s *source) Select(ctx context.Context, _ []model.Filter, _ sources.Range) iter.Seq2[*model.Tx, error] {
	return s.sequence(ctx, "Select")
}

func (s *source) Tip(ctx context.Context) (model.BlockRef, error) {
	tip, err := s.ask(ctx, "Tip")
	if err != nil {
		return model.BlockRef{}, err
	}
	return model.BlockRef{Height: tip, Known: model.KnownHeight}, nil
}

func (s *source) Blocks(ctx context.Context, _ sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		tip, err := s.ask(ctx, "Blocks")
		if err != nil {
			yield(nil, err)
			return
		}
		for n := range tip + 1 {
			if !yield(&model.Block{Ref: model.BlockRef{Height: n, Known: model.KnownHeight, Hash: model.BlockHash(id(int(n)))}}, nil) {
				return
			}
		}
	}
}

func (s *source) Labels(ctx context.Context, on []model.Ref) ([][]model.Label, error) {
	var ns []int
	for _, r := range on {
		id, _ := r.Tx()
		ns = append(ns, number(id))
	}
	if _, err := s.ask(ctx, "Labels", ns); err != nil {
		return nil, err
	}
	out := make([][]model.Label, len(on))
	for i, n := range ns {
		if n%2 == 0 {
			out[i] = []model.Label{{On: on[i], Entity: fmt.Sprint(n)}}
		}
	}
	return out, nil
}

func (s *source) Find(ctx context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) {
		if _, err := s.ask(ctx, "Find", c); err != nil {
			yield(model.Label{}, err)
			return
		}
		_ = yield(model.Label{On: model.RefTx(id(1))}, nil) && yield(model.Label{On: model.RefTx(id(2))}, nil)
	}
}

func (s *source) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return func(yield func(model.Tag, error) bool) {
		if _, err := s.ask(ctx, "Tags"); err != nil {
			yield(model.Tag{}, err)
			return
		}
		_ = yield(model.Tag{Bytes: []byte("/a/")}, nil) && yield(model.Tag{Bytes: []byte("/b/")}, nil)
	}
}

func (s *source) Prices(ctx context.Context, _ model.Network, currency string, at []time.Time) ([]model.Price, error) {
	if _, err := s.ask(ctx, "Prices", currency, len(at)); err != nil {
		return nil, err
	}
	return make([]model.Price, len(at)), nil
}

func (s *source) Entries(ctx context.Context, q sources.EntryQuery) iter.Seq2[sources.Entry, error] {
	return func(yield func(sources.Entry, error) bool) {
		if _, err := s.ask(ctx, "Entries", q.Account); err != nil {
			yield(sources.Entry{}, err)
			return
		}
		for n := range 2 {
			if !yield(sources.Entry{Kind: sources.EntryOrder, Service: "S", Account: q.Account, Source: "book.csv", Line: n + 2}, nil) {
				return
			}
		}
	}
}

func (s *source) Provenance() []sources.Provenance { return []sources.Provenance{{Provider: "test"}} }

func ids(ns ...int) []model.TxID {
	var out []model.TxID
	for _, n := range ns {
		out = append(out, id(n))
	}
	return out
}

func outpoints(ns ...int) []model.Outpoint {
	var out []model.Outpoint
	for _, n := range ns {
		out = append(out, model.Outpoint{Tx: id(n)})
	}
	return out
}

func refs(ns ...int) []model.Ref {
	var out []model.Ref
	for _, n := range ns {
		out = append(out, model.RefTx(id(n)))
	}
	return out
}

// txs asks and checks that the answers are those of the bare source.
func txs(t *testing.T, set sources.Set, s *source, ns ...int) {
	t.Helper()
	got, err := set.Txs.Txs(t.Context(), ids(ns...))
	if err != nil || len(got) != len(ns) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	for i, n := range ns {
		if diff := cmp.Diff(transaction(n, s.tip), got[i], cmp.Comparer(func(a, b model.Address) bool { return a == b })); diff != "" {
			t.Errorf("transaction %d (-want +got)\n%s", n, diff)
		}
	}
}

func spends(t *testing.T, set sources.Set, ns ...int) []model.Spend {
	t.Helper()
	got, err := set.Spends.Spenders(t.Context(), outpoints(ns...))
	if err != nil || len(got) != len(ns) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	return got
}

func wantAsked(t *testing.T, s *source, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.since()); diff != "" {
		t.Errorf("asked of the source (-want +got)\n%s", diff)
	}
}

func tip(t *testing.T, set sources.Set) {
	t.Helper()
	if _, err := set.Blocks.Tip(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCacheKeepsWhatIsSettled(t *testing.T) {
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
	tip(t, set)
	// 94 has six blocks above it and 96 has four; 93 has an input of unknown
	// value; 101 is unconfirmed; 102 is not known.
	txs(t, set, s, 94, 96, 93, 101, 102, 94)
	wantAsked(t, s, "Tip", "Txs 94 96 93 101 102")
	txs(t, set, s, 102, 101, 93, 96, 94, 94, 50)
	wantAsked(t, s, "Txs 102 101 93 96 50")
	txs(t, set, s, 94, 50)
	wantAsked(t, s)
	// What was recent is settled when the chain has grown, and is then kept.
	s.set(func(s *source) { s.tip = 102 })
	tip(t, set)
	txs(t, set, s, 96)
	txs(t, set, s, 96)
	wantAsked(t, s, "Tip", "Txs 96")
}

func TestCacheLearnsTheHeightFromAnyAnswer(t *testing.T) {
	for name, learn := range map[string]func(sources.Set){
		"a transaction": func(set sources.Set) { txs(t, set, &source{tip: 100}, 100) },
		"an unspent output": func(set sources.Set) {
			if got := spends(t, set, 101); got[0].AsOf != 100 {
				t.Errorf("%+v", got)
			}
		},
		"blocks": func(set sources.Set) {
			for _, err := range set.Blocks.Blocks(t.Context(), sources.Range{}) {
				if err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		s := &source{tip: 100}
		set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
		txs(t, set, s, 90)
		txs(t, set, s, 90)
		wantAsked(t, s, "Txs 90", "Txs 90")
		learn(set)
		txs(t, set, s, 90)
		s.since()
		txs(t, set, s, 90)
		if asked := s.since(); asked != nil {
			t.Errorf("%s: asked %q", name, asked)
		}
	}
}

func TestCacheNeverKeepsUnspent(t *testing.T) {
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
	tip(t, set)
	// Spent by the settled 94, by the recent 100, by an unconfirmed one, and
	// unspent. Who spends is known to be settled once that is kept.
	spends(t, set, 93, 99, 100, 101)
	spends(t, set, 93, 99, 100, 101)
	wantAsked(t, s, "Tip", "Spenders 93 99 100 101", "Spenders 93 99 100 101")
	txs(t, set, s, 94, 100, 101)
	spends(t, set, 93, 99, 100, 101)
	s.since()
	got := spends(t, set, 93, 99, 100, 101, 93)
	wantAsked(t, s, "Spenders 99 100 101")
	if got[0].By.Tx != id(94) || got[3].State != model.Unspent || got[4] != got[0] {
		t.Errorf("%+v", got)
	}
}

func TestCacheKeepsLabelsButNotTheirAbsence(t *testing.T) {
	s := &source{}
	set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
	for range 2 {
		ls, err := set.Labels.Labels(t.Context(), refs(1, 2, 3, 4, 2))
		if err != nil || len(ls) != 5 || ls[0] != nil || ls[1][0].Entity != "2" || ls[3][0].Entity != "4" || ls[4][0].Entity != "2" {
			t.Errorf("%+v, %v", ls, err)
		}
	}
	wantAsked(t, s, "Labels 1 2 3 4", "Labels 1 3")
}

func TestCacheForgetsAChainThatWasReorganised(t *testing.T) {
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
	tip(t, set)
	txs(t, set, s, 50)
	s.set(func(s *source) { s.tip = 99 })
	tip(t, set)
	txs(t, set, s, 50)
	txs(t, set, s, 50)
	wantAsked(t, s, "Tip", "Txs 50", "Tip", "Txs 50")
	s.set(func(s *source) { s.fail = &sources.Error{Source: "test", Op: "Txs", Err: sources.ErrReorg} })
	if _, err := set.Txs.Txs(t.Context(), ids(60)); !errors.Is(err, sources.ErrReorg) {
		t.Errorf("got %v", err)
	}
	s.set(func(s *source) { s.fail = nil })
	s.since()
	txs(t, set, s, 50)
	wantAsked(t, s, "Txs 50")
}

func TestCacheDoesNotKeepWhatWasAskedBeforeAReorganisation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{tip: 100}
		set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
		tip(t, set)
		s.set(func(s *source) { s.wait = make(chan struct{}) })
		before := s.wait
		var wg sync.WaitGroup
		wg.Go(func() { txs(t, set, s, 50) })
		synctest.Wait()
		s.set(func(s *source) { s.tip, s.wait = 99, nil })
		tip(t, set)
		close(before)
		wg.Wait()
		s.since()
		txs(t, set, s, 50)
		wantAsked(t, s, "Txs 50")
	})
}

func TestCacheNeverKeepsErrors(t *testing.T) {
	s := &source{tip: 100, fail: sources.ErrUnavailable}
	set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
	for range 2 {
		if _, err := set.Txs.Txs(t.Context(), ids(2)); !errors.Is(err, sources.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
	wantAsked(t, s, "Txs 2", "Txs 2")
	s.set(func(s *source) { s.fail = nil })
	txs(t, set, s, 2)
}

func TestCacheLetsGoOfWhatWasUsedLongestAgo(t *testing.T) {
	s := &source{tip: 1000}
	// One transaction with one input and one output takes 656 bytes.
	set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{Bytes: 3 * 656}))
	tip(t, set)
	txs(t, set, s, 2, 4, 6)
	txs(t, set, s, 2)
	txs(t, set, s, 8) // 4 goes
	s.since()
	txs(t, set, s, 2, 6, 8)
	wantAsked(t, s)
	txs(t, set, s, 4)
	wantAsked(t, s, "Txs 4")
	small := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{Bytes: 10}))
	txs(t, small, s, 2)
	txs(t, small, s, 2)
	wantAsked(t, s, "Txs 2", "Txs 2")
}

func TestCallersWhoWantTheSameAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{tip: 100, wait: make(chan struct{})}
		set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
		var wg sync.WaitGroup
		for _, ns := range [][]int{{2, 4}, {4, 2}, {2, 2}} {
			wg.Go(func() { txs(t, set, s, ns...) })
			synctest.Wait()
		}
		wg.Go(func() { txs(t, set, s, 6, 4) })
		synctest.Wait()
		wantAsked(t, s, "Txs 2 4", "Txs 6")
		close(s.wait)
		wg.Wait()
		if asked := s.since(); asked != nil {
			t.Errorf("asked again: %q", asked)
		}
	})
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{tip: 100, wait: make(chan struct{})}
		set := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := set.Txs.Txs(ctx, ids(2)); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { txs(t, set, s, 2) })
		waiting, stop := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := set.Txs.Txs(waiting, ids(2)); !errors.Is(err, context.Canceled) {
				t.Errorf("one who waits: %v", err)
			}
		})
		synctest.Wait()
		stop()
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(s.wait)
		wg.Wait()
		wantAsked(t, s, "Txs 2", "Txs 2")
	})
}

// short answers fewer than it was asked, or panics.
type short struct{ panics bool }

func (s short) Txs(context.Context, []model.TxID) ([]*model.Tx, error) {
	if s.panics {
		panic("broken")
	}
	return nil, nil
}

func TestASourceThatBreaksTheContractHurtsNobodyElse(t *testing.T) {
	set := sources.Of(short{}).Wrap(sources.Cache(sources.CacheOptions{}))
	if _, err := set.Txs.Txs(t.Context(), ids(1)); !errors.Is(err, sources.ErrMalformed) {
		t.Errorf("got %v", err)
	}
	set = sources.Of(short{panics: true}).Wrap(sources.Cache(sources.CacheOptions{}))
	for range 2 { // the second would wait for ever for the first
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			set.Txs.Txs(t.Context(), ids(1))
		}()
	}
}

func TestAnswersWithAndWithoutCacheAreTheSame(t *testing.T) {
	s := &source{tip: 60}
	cached := sources.Of(s).Wrap(sources.Cache(sources.CacheOptions{Bytes: 20_000}))
	var wg sync.WaitGroup
	for seed := range uint32(8) {
		wg.Go(func() {
			x := seed*2654435761 + 1
			next := func(n int) int { x = x*1664525 + 1013904223; return int(x>>16) % n }
			for range 200 {
				ns := make([]int, next(6))
				for i := range ns {
					ns[i] = 1 + next(70)
				}
				switch next(4) {
				case 0:
					tip(t, cached)
				case 1:
					want, _ := s.Spenders(t.Context(), outpoints(ns...))
					if got := spends(t, cached, ns...); !slices.Equal(want, got) {
						t.Errorf("spends of %v: got %+v, want %+v", ns, got, want)
					}
				default:
					txs(t, cached, s, ns...)
				}
			}
		})
	}
	wg.Wait()
}

func TestLimitEndsARun(t *testing.T) {
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Limit(10))
	txs(t, set, s, 1, 2, 2)
	spends(t, set, 1, 1000)
	tip(t, set)
	if _, err := set.Labels.Labels(t.Context(), refs(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Prices.Prices(t.Context(), model.Mainnet, "USD", make([]time.Time, 1)); err != nil {
		t.Fatal(err)
	}
	s.since()
	// Eight are used. A sequence yields two and then says that it is the end.
	n := 0
	var end error
	for tx, err := range set.History.History(t.Context(), model.Address{}, sources.Range{}) {
		if end != nil {
			t.Fatal("an element after the error")
		}
		if end = err; err == nil {
			n++
		} else if tx != nil {
			t.Error("an error with a value")
		}
	}
	if n != 2 || !errors.Is(end, sources.ErrBudget) {
		t.Errorf("%d elements, then %v", n, end)
	}
	var e *sources.Error
	if !errors.As(end, &e) || e.Source != "limit" || e.Op != "History" {
		t.Errorf("%v", end)
	}
	s.since()
	// From then on everything fails, and nothing is asked.
	for op, err := range spent(t, set) {
		if !errors.Is(err, sources.ErrBudget) {
			t.Errorf("%s: %v", op, err)
		}
	}
	wantAsked(t, s)
}

// spent makes every call that a set has.
func spent(t *testing.T, set sources.Set) map[string]error {
	ctx := t.Context()
	errs := map[string]error{}
	_, errs["Txs"] = set.Txs.Txs(ctx, ids(2))
	_, errs["Txs of nothing"] = set.Txs.Txs(ctx, nil)
	_, errs["Spenders"] = set.Spends.Spenders(ctx, outpoints(2))
	_, errs["Tip"] = set.Blocks.Tip(ctx)
	_, errs["Labels"] = set.Labels.Labels(ctx, refs(2))
	_, errs["Prices"] = set.Prices.Prices(ctx, model.Mainnet, "USD", make([]time.Time, 1))
	errs["History"] = last(set.History.History(ctx, model.Address{}, sources.Range{}))
	errs["Blocks"] = last(set.Blocks.Blocks(ctx, sources.Range{}))
	errs["Find"] = last(set.Labels.Find(ctx, "exchange"))
	errs["Tags"] = last(set.Tags.Tags(ctx))
	errs["Select"] = last(set.Select.Select(ctx, nil, sources.Range{From: 3, To: 7}))
	errs["Entries"] = last(set.Books.Entries(ctx, sources.EntryQuery{}))
	return errs
}

func last[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
	}
	return err
}

func TestABatchThatDoesNotFitEndsTheRun(t *testing.T) {
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Limit(3))
	txs(t, set, s, 1, 2)
	if _, err := set.Txs.Txs(t.Context(), ids(3, 4)); !errors.Is(err, sources.ErrBudget) {
		t.Errorf("got %v", err)
	}
	if _, err := set.Txs.Txs(t.Context(), ids(3)); !errors.Is(err, sources.ErrBudget) {
		t.Errorf("a smaller one after it: %v", err)
	}
	wantAsked(t, s, "Txs 1 2")
	exact := sources.Of(s).Wrap(sources.Limit(2))
	txs(t, exact, s, 1, 2)
	none := sources.Of(s).Wrap(sources.Limit(0))
	if _, err := none.Blocks.Tip(t.Context()); !errors.Is(err, sources.ErrBudget) {
		t.Errorf("a limit of nothing: %v", err)
	}
}

func TestLimitInsideACacheCountsWhatIsAskedOfTheSource(t *testing.T) {
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Limit(2), sources.Cache(sources.CacheOptions{}))
	tip(t, set)
	txs(t, set, s, 2)
	for range 10 {
		txs(t, set, s, 2)
	}
	if _, err := set.Txs.Txs(t.Context(), ids(4)); !errors.Is(err, sources.ErrBudget) {
		t.Errorf("got %v", err)
	}
}

// slow takes a second a call, and a second before each element.
type slow struct{ source }

func (s *slow) Tip(ctx context.Context) (model.BlockRef, error) {
	time.Sleep(time.Second)
	return s.source.Tip(ctx)
}

func (s *slow) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	return func(yield func(model.Tag, error) bool) {
		for tag, err := range s.source.Tags(ctx) {
			time.Sleep(time.Second)
			if !yield(tag, err) {
				return
			}
		}
	}
}

func TestObserveTellsOfEveryCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{source{tip: 3}}
		var got []sources.Lookup
		set := sources.Of(s).Wrap(sources.Observe(func(l sources.Lookup) { got = append(got, l) }))
		want := func(ls ...sources.Lookup) {
			t.Helper()
			if diff := cmp.Diff(ls, got, cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || errors.Is(b, a) })); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			got = nil
		}
		tip(t, set)
		txs(t, set, &s.source, 1, 2, 3)
		spends(t, set, 1, 1)
		want(sources.Lookup{Op: "Tip", Items: 1, Duration: time.Second}, sources.Lookup{Op: "Txs", Items: 3}, sources.Lookup{Op: "Spenders", Items: 2})
		// The hour that the reader takes is not the source's.
		for range set.Tags.Tags(t.Context()) {
			time.Sleep(time.Hour)
		}
		want(sources.Lookup{Op: "Tags", Items: 2, Duration: 2 * time.Second})
		for range set.Tags.Tags(t.Context()) {
			break
		}
		want(sources.Lookup{Op: "Tags", Items: 1, Duration: time.Second})
		s.set(func(s *source) { s.fail = sources.ErrUnavailable })
		for range set.Blocks.Blocks(t.Context(), sources.Range{}) {
		}
		if _, err := set.Labels.Labels(t.Context(), refs(1, 2)); err == nil {
			t.Error("the error is lost")
		}
		want(sources.Lookup{Op: "Blocks", Err: sources.ErrUnavailable}, sources.Lookup{Op: "Labels", Items: 2, Err: sources.ErrUnavailable})
		s.set(func(s *source) { s.fail = nil })
		spent(t, set)
		ops := map[string]int{}
		for _, l := range got {
			ops[l.Op] = l.Items
		}
		if diff := cmp.Diff(map[string]int{"Txs": 0, "Spenders": 1, "Tip": 1, "Labels": 1, "Prices": 1, "History": 3, "Blocks": 4, "Find": 2, "Tags": 2, "Select": 3, "Entries": 2}, ops); diff != "" {
			t.Errorf("items (-want +got)\n%s", diff)
		}
	})
}

func TestInjectAsksForEveryItem(t *testing.T) {
	s := &source{tip: 2}
	var keys []string
	set := sources.Of(s).Wrap(sources.Inject(func(op, key string) error {
		keys = append(keys, op+" "+key)
		return nil
	}))
	want := func(ks ...string) {
		t.Helper()
		if diff := cmp.Diff(ks, keys); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		keys = nil
	}
	ctx := t.Context()
	txs(t, set, s, 1, 2)
	want("Txs "+id(1).String(), "Txs "+id(2).String())
	spends(t, set, 1)
	want("Spenders " + id(1).String() + ":0")
	tip(t, set)
	want("Tip ")
	if _, err := set.Labels.Labels(ctx, refs(1)); err != nil {
		t.Fatal(err)
	}
	want("Labels tx:" + id(1).String())
	if _, err := set.Prices.Prices(ctx, model.Mainnet, "USD", []time.Time{time.Date(2022, 8, 18, 23, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	want("Prices USD 2022-08-18")
	a, err := model.ParseAddress("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	last(set.History.History(ctx, a, sources.Range{}))
	want("History 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "History "+id(0).String(), "History "+id(1).String())
	last(set.Blocks.Blocks(ctx, sources.Range{From: 1, To: 2}))
	want("Blocks 1-2", "Blocks "+model.BlockHash(id(0)).String(), "Blocks "+model.BlockHash(id(1)).String(), "Blocks "+model.BlockHash(id(2)).String())
	last(set.Labels.Find(ctx, "exchange"))
	want("Find exchange", "Find tx:"+id(1).String(), "Find tx:"+id(2).String())
	last(set.Tags.Tags(ctx))
	want("Tags ", "Tags 2f612f", "Tags 2f622f")
	last(set.Select.Select(ctx, nil, sources.Range{}))
	want("Select 0-0", "Select "+id(0).String(), "Select "+id(1).String())
	last(set.Books.Entries(ctx, sources.EntryQuery{}))
	want("Entries ", "Entries book.csv:2", "Entries book.csv:3")
	last(set.Books.Entries(ctx, sources.EntryQuery{Kind: sources.EntryOrder, Service: "Hash\nBazaar", Account: "é", Address: a, Tx: id(1)}))
	want(`Entries kind=order service="Hash\nBazaar" account="\u00e9" address=mainnet 1BoatSLRHtKNngkdXEeobR76b53LETtpyT tx=`+id(1).String(), "Entries book.csv:2", "Entries book.csv:3")
}

func TestInjectedFaultsReachTheReaderAsTheyAre(t *testing.T) {
	fault := errors.New("the fault")
	s := &source{tip: 100}
	set := sources.Of(s).Wrap(sources.Inject(func(string, string) error { return fault }))
	for op, err := range spent(t, set) {
		if want := fault; op == "Txs of nothing" && err != nil || op != "Txs of nothing" && err != want {
			t.Errorf("%s: %v", op, err)
		}
	}
	wantAsked(t, s, "Txs")
	// Amid a sequence the fault ends it.
	bad := id(2).String()
	set = sources.Of(s).Wrap(sources.Inject(func(_, key string) error {
		if key == bad {
			return fault
		}
		return nil
	}))
	var got []string
	for tx, err := range set.Select.Select(t.Context(), nil, sources.Range{}) {
		if err != nil {
			got = append(got, fmt.Sprint(tx == nil, err))
			continue
		}
		got = append(got, fmt.Sprint(number(tx.ID)))
	}
	if diff := cmp.Diff([]string{"0", "1", "true the fault"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := set.Txs.Txs(t.Context(), ids(1, 2)); err != fault {
		t.Errorf("got %v", err)
	}
}

// A cache answers settled questions while the source is away.
func ExampleCache() {
	f, err := ledger.Parse("example.ledger", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	away := false
	src := f.Ledger.Set().Wrap(
		sources.Inject(func(op, key string) error {
			if away {
				return sources.ErrUnavailable
			}
			return nil
		}),
		sources.Cache(sources.CacheOptions{Bytes: 1 << 20}),
		sources.Limit(1000),
	)
	fmt.Println(src.Has())
	away = true
	_, err = src.Txs.Txs(context.Background(), []model.TxID{{1}})
	fmt.Println(err)
	// Output:
	// Txs|Spends|History|Blocks|Labels|Tags|Prices|Select|Books
	// unavailable
}
