package heuristics_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

const labelled = `
label Bazaar: addr(shop) category=hash_marketplace role=deposit confidence=0.8
label Bazaar: addr(shop#2) category=hash_marketplace role=deposit
label Northpool: addr(pool) category=mining_pool
tag "/North/" Northpool
price 2023-07-24 USD 29176.91
tx a: new(client) 1 => shop 0.5, client rest
tx b: a.0 unknown => pool 0.7
tx c: unknown(client) => shop 0.7, shop#2 0.1
`

// Actors that the scope states stand beside the labels of the sources, sorted
// among them.
func TestStatedActors(t *testing.T) {
	f := parse(t, labelled)
	shop, _ := f.Address("shop")
	client, _ := f.Address("client")
	scope := heuristics.Scope{
		Seeds: []model.Ref{model.RefAddress(shop), model.RefAddress(client)},
		Actors: []model.Label{
			{On: model.RefAddress(shop), Entity: "X", Category: model.Exchange, Confidence: model.Percent(10), Source: "the desk"},
			{On: model.RefAddress(client), Entity: "thief", Confidence: model.Percent(90)},
		},
	}
	before := slices.Clone(scope.Actors)
	h := make1("h", nil)
	h.Run = func(ctx context.Context, p *heuristics.Pass) (any, error) {
		line := func(l model.Label) string {
			return plain(f, fmt.Sprintf("%v %s %s %s %s %v", l.On, l.Category, l.Entity, l.Source, l.Method, l.Confidence))
		}
		var got []string
		ls, err := p.Labels(ctx, model.RefAddress(client), model.RefTx(model.TxID{1}), model.RefAddress(shop))
		if err != nil || len(ls) != 3 {
			return nil, fmt.Errorf("%d answers, %v", len(ls), err)
		}
		for i := range ls {
			if !slices.IsSortedFunc(ls[i], func(a, b model.Label) int { return a.Compare(&b) }) {
				t.Errorf("labels are not sorted: %v", ls[i])
			}
			for _, l := range ls[i] {
				got = append(got, fmt.Sprint(i, " ", line(l)))
			}
		}
		wantLines(t, []string{
			"0 address:client actor thief stated stated 0.90",
			"2 address:shop exchange X the desk stated 0.10",
			"2 address:shop hash_marketplace Bazaar ledger  0.80",
		}, got)
		for c, want := range map[model.Category]int{"": 5, model.Actor: 1, model.HashMarketplace: 2, model.Exchange: 1, model.Mixer: 0} {
			var found []model.Label
			for l, err := range p.Find(ctx, c) {
				if err != nil {
					return nil, err
				}
				found = append(found, l)
			}
			if len(found) != want || !slices.IsSortedFunc(found, func(a, b model.Label) int { return a.Compare(&b) }) {
				t.Errorf("Find(%q) gives %d labels, want %d, sorted: %v", c, len(found), want, found)
			}
			for range p.Find(ctx, c) {
				break // it stops when asked to
			}
		}
		return nil, nil
	}
	s := open(t, f.Ledger.Set(), heuristics.Options{}, scope, h)
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "a"))))
	if diff := cmp.Diff(before[0].Source+before[1].Source, scope.Actors[0].Source+scope.Actors[1].Source); diff != "" {
		t.Errorf("Open changes the caller's scope:\n%s", diff)
	}
	got := s.Scope()
	slices.Reverse(scope.Seeds)
	slices.Reverse(scope.Actors)
	again := open(t, f.Ledger.Set(), heuristics.Options{}, scope, h).Scope()
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("the order in which seeds and actors are stated matters:\n%s", diff)
	}
	if got.Seeds[0].Compare(got.Seeds[1]) >= 0 || got.Actors[0].Compare(&got.Actors[1]) >= 0 {
		t.Error("the scope is not sorted")
	}
	// Without a source of labels, what is stated is all there is.
	src := f.Ledger.Set()
	src.Labels = nil
	s = open(t, src, heuristics.Options{}, scope, make1("only", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		ls, err := p.Labels(ctx, model.RefAddress(client), model.RefAddress(shop))
		if err != nil || len(ls[0]) != 1 || len(ls[1]) != 1 {
			t.Errorf("labels %v, %v", ls, err)
		}
		return nil, nil
	}))
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "a"))))
}

func TestOpenRefuses(t *testing.T) {
	f := parse(t, labelled)
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		scope heuristics.Scope
		src   func(*sources.Set)
		index func(context.Context, *heuristics.Scan) (any, error)
		want  string
	}{
		{name: "an empty scope", scope: heuristics.Scope{From: 5, To: 4}, want: "heuristics: scope from height 5 to 4 holds nothing"},
		{name: "an actor without address", scope: heuristics.Scope{Actors: []model.Label{{Entity: "thief"}}}, want: `heuristics: actor "thief" of the scope names no address`},
		{name: "a tip that cannot be had", src: func(s *sources.Set) { s.Blocks = failing{broken} }, want: "tip of the chain: broken"},
		{name: "labels that cannot be had", src: func(s *sources.Set) { s.Labels = failing{broken} }, want: "labels: broken"},
		{name: "an index that fails", index: func(context.Context, *heuristics.Scan) (any, error) { return nil, broken }, want: "h: index: broken"},
		{name: "an index that panics", index: func(context.Context, *heuristics.Scan) (any, error) { panic("broken") }, want: "h: index: panic: broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := f.Ledger.Set()
			if c.src != nil {
				c.src(&src)
			}
			h := make1("h", reports("%s"))
			h.Index = c.index
			e, err := heuristics.New(src, []*heuristics.Heuristic{h}, heuristics.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Open(bg, c.scope); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	src := f.Ledger.Set()
	src.Blocks = failing{sources.ErrNotFound}
	if s := open(t, src, heuristics.Options{}, heuristics.Scope{}, make1("h", reports("%s"))); !s.Tip().IsZero() {
		t.Errorf("a chain without blocks has the tip %v", s.Tip())
	}
}

// failing is a source that gives an error alone.
type failing struct{ err error }

func (f failing) Tip(context.Context) (model.BlockRef, error) { return model.BlockRef{}, f.err }
func (f failing) Blocks(context.Context, sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) { yield(nil, f.err) }
}
func (f failing) Labels(context.Context, []model.Ref) ([][]model.Label, error) { return nil, f.err }
func (f failing) Find(context.Context, model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) { yield(model.Label{}, f.err) }
}

// Indexes are built once, in the order of requirements, over the scope alone.
func TestIndexes(t *testing.T) {
	f := parse(t, chain)
	var built []string
	names := func(ctx context.Context, s *heuristics.Scan) (got []string, err error) {
		for tx, err := range s.Txs(ctx) {
			if err != nil {
				return nil, err
			}
			if name, ok := f.TxName(tx.ID); ok {
				got = append(got, name)
			}
		}
		return got, nil
	}
	base := make1("base", nil)
	base.Run, base.Subjects = nil, nil
	base.Index = func(ctx context.Context, s *heuristics.Scan) (any, error) {
		built = append(built, "base")
		s.Note("read twice", 1)
		for range s.Txs(ctx) {
			break // reading stops when asked to, and may begin again
		}
		return names(ctx, s)
	}
	top := make1("top", nil, base)
	top.Index = func(ctx context.Context, s *heuristics.Scan) (any, error) {
		built = append(built, "top")
		return append([]string{"and"}, heuristics.IndexOf[[]string](s, base)...), nil
	}
	top.Run = func(_ context.Context, p *heuristics.Pass) (any, error) {
		return heuristics.IndexOf[[]string](p, top), nil
	}
	s := open(t, f.Ledger.Set(), heuristics.Options{}, heuristics.Scope{From: 800002, To: 800004}, top)
	for range 2 {
		got, _, err := heuristics.Eval[[]string](bg, s, top, refs(t, f, "a")[0])
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, []string{"and", "c", "d", "e"}, got)
	}
	wantLines(t, []string{"base", "top"}, built)
	if notes := coverageOf(t, s, "base").Notes; len(notes) != 1 || notes[0].Text != "read twice" {
		t.Errorf("notes %v", notes)
	}
}

// Coverage tells what was looked at, so that "clean" is told from "not looked".
func TestCoverage(t *testing.T) {
	f := parse(t, labelled)
	h := make1("h", func(_ context.Context, p *heuristics.Pass) (any, error) {
		p.Note("the value of an input is not known", 2)
		p.Note("nothing of the kind", 0)
		p.Note("another", 1)
		return nil, nil
	})
	h.Select = []model.Filter{{NotCoinbase: true, Spends: []model.Category{model.Mixer}}, {NotCoinbase: true}}
	s := open(t, f.Ledger.Set(), heuristics.Options{}, heuristics.Scope{From: 800000, To: 800001}, h)
	for _, err := range s.Run(bg, subjectsOf(t, s, 1)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := heuristics.Coverage{
		Has: "Txs|Spends|History|Blocks|Labels|Tags|Prices|Select|Books", Lacks: "none", From: 800000, To: 800001, Tip: s.Tip(),
		Blocks: 2, Txs: 4, Inputs: 5, UnresolvedInputs: 1, UnownedInputs: 1,
		Labels: []model.Fact{{Name: "actor", Value: "0"}, {Name: "cloud_mining", Value: "0"}, {Name: "exchange", Value: "0"},
			{Name: "hash_marketplace", Value: "2"}, {Name: "mining_pool", Value: "1"}, {Name: "mixer", Value: "0"}},
		Heuristics: []heuristics.HeuristicCoverage{{Heuristic: "h", Version: 1, Offered: 4, Filtered: 2, Ran: 2,
			Notes: []heuristics.Note{{Text: "another", Count: 2}, {Text: "the value of an input is not known", Count: 4}}}},
	}
	if diff := cmp.Diff(want, s.Coverage()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// An owner that is inferred counts as one, and a value that is not known
	// does not.
	s = open(t, f.Ledger.Set(), heuristics.Options{}, heuristics.Scope{}, h)
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "c"))))
	if c := s.Coverage(); c.Txs != 1 || c.Inputs != 1 || c.UnresolvedInputs != 1 || c.UnownedInputs != 0 {
		t.Errorf("coverage %+v", c)
	}
}

// Findings carry what the engine knows and no heuristic has to say.
func TestFindingsAreStamped(t *testing.T) {
	f := parse(t, "network regtest\n"+"tx a: new => alice 1")
	h := make1("h", reports("It is %s."))
	h.Version, h.Params = 3, []model.Parameter{{Name: "p", Value: "1", Origin: model.Chosen}}
	s := session(t, f, heuristics.Options{Network: model.Regtest}, h)
	fs, _, _ := passErrors(s.Run(bg, txs(t, f, "a")))
	if len(fs) != 1 {
		t.Fatalf("%d findings", len(fs))
	}
	got := fs[0]
	if got.Heuristic != "h" || got.Version != 3 || got.Network != model.Regtest || got.Rules != s.Engine().Rules("h") || got.AsOf != s.Tip() || got.Schema != model.Schema ||
		len(got.Parameters) != 1 || got.Partial || got.ID == (model.Digest{}) || got.Validate() != nil {
		t.Errorf("finding %+v", got)
	}
}

func TestMoney(t *testing.T) {
	f := parse(t, labelled)
	tx := refs(t, f, "a")[0]
	for currency, want := range map[string]string{"": "0.50000000 sat 14588.46 USD", "-": "0.50000000 sat", "EUR": "0.50000000 sat"} {
		h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
			tx, err := p.Tx(ctx)
			if err != nil {
				return nil, err
			}
			m, err := p.Money(ctx, tx.Outputs[0].Value, tx.Block)
			if err != nil {
				return nil, err
			}
			s := fmt.Sprint(m.Amount, " ", m.Unit)
			if m.Fiat != nil {
				s += " " + m.Fiat.String()
			}
			// A block of which no time is known has no price.
			if m, err := p.Money(ctx, model.Coin, model.BlockRef{}); err != nil || m.Fiat != nil {
				t.Errorf("without a time: %v, %v", m, err)
			}
			return s, nil
		})
		got, _, err := heuristics.Eval[string](bg, session(t, f, heuristics.Options{Currency: currency}, h), h, tx)
		if err != nil || got != want {
			t.Errorf("currency %q: %s, %v, want %s", currency, got, err, want)
		}
	}
}

// Look-ups are charged one for each thing asked for, labels, tags and prices
// not at all.
func TestWhatLookupsCost(t *testing.T) {
	f := parse(t, labelled)
	shop, _ := f.Address("shop")
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		if _, err := p.Tx(ctx); err != nil { // free
			return nil, err
		}
		if ids, err := p.Txs(ctx); ids != nil || err != nil { // free
			return nil, errors.New("an answer to no question")
		}
		if ss, err := p.Spenders(ctx); ss != nil || err != nil { // free
			return nil, errors.New("an answer to no question")
		}
		id, _ := p.Subject.Tx()
		ss, err := p.Spenders(ctx, model.Outpoint{Tx: id}, model.Outpoint{Tx: id, Vout: 1}) // 2
		if err != nil || ss[0].State != model.Spent || ss[1].State != model.Unspent {
			return nil, fmt.Errorf("spends %v, %v", ss, err)
		}
		if _, err := p.Txs(ctx, id, id, id); err != nil { // 3
			return nil, err
		}
		n := 0
		for _, err := range p.History(ctx, shop, sources.Range{}) { // 3: a, b and c
			if err != nil {
				return nil, err
			}
			n++
		}
		for range p.History(ctx, shop, sources.Range{}) { // 1
			break
		}
		if _, err := p.Labels(ctx, model.RefAddress(shop)); err != nil {
			return nil, err
		}
		tags, err := p.Tags(ctx)
		if err != nil || len(tags) != 1 {
			return nil, fmt.Errorf("tags %v, %v", tags, err)
		}
		return n, nil
	})
	s := session(t, f, heuristics.Options{}, h)
	if n, _, err := heuristics.Eval[int](bg, s, h, refs(t, f, "a")[0]); n != 3 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	wantLines(t, nil, say(f, s.Run(bg, txs(t, f, "a"))))
	if c := coverageOf(t, s, "h"); c.Lookups != 9 {
		t.Errorf("%d look-ups are charged, want 9", c.Lookups)
	}
}

// flaky yields tags, but an error at the first time.
type flaky struct {
	sources.TagReader
	times *int
}

func (r flaky) Tags(ctx context.Context) iter.Seq2[model.Tag, error] {
	if *r.times++; *r.times > 1 {
		return r.TagReader.Tags(ctx)
	}
	return func(yield func(model.Tag, error) bool) { yield(model.Tag{}, away) }
}

// Tags are read once, when the session opens; a failure to do so opens none.
func TestTagsAreReadOnce(t *testing.T) {
	f := parse(t, labelled)
	src, times := f.Ledger.Set(), 0
	src.Tags = flaky{src.Tags, &times}
	h := make1("h", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		tags, err := p.Tags(ctx)
		return len(tags), err
	})
	e, err := heuristics.New(src, []*heuristics.Heuristic{h}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Open(bg, heuristics.Scope{}); !errors.Is(err, sources.ErrUnavailable) {
		t.Errorf("first: %v", err)
	}
	s := open(t, src, heuristics.Options{}, heuristics.Scope{}, h)
	for _, name := range []string{"a", "b", "c"} {
		if n, _, err := heuristics.Eval[int](bg, s, h, refs(t, f, name)[0]); n != 1 || err != nil {
			t.Errorf("%s: %d tags, %v", name, n, err)
		}
	}
	if times != 2 {
		t.Errorf("read %d times, want 2", times)
	}
}
