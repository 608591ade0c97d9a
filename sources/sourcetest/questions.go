package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// facts are what a ledger holds, in ledger order.
type facts struct {
	ledger    sources.Set
	net       model.Network
	blocks    []*model.Block
	txs       []*model.Tx
	ids       []model.TxID
	byID      map[model.TxID]*model.Tx
	addresses []model.Address // in the order of their first appearance
	outpoints []model.Outpoint
	labels    []model.Label
	tags      []model.Tag
	entries   []sources.Entry
}

func factsOf(l *ledger.Ledger) (*facts, error) {
	ctx := context.Background()
	f := &facts{ledger: l.Set(), net: l.Network(), byID: make(map[model.TxID]*model.Tx)}
	var err error
	if f.blocks, err = all(f.ledger.Blocks.Blocks(ctx, sources.Range{})); err != nil {
		return nil, err
	}
	if f.labels, err = all(f.ledger.Labels.Find(ctx, "")); err != nil {
		return nil, err
	}
	if f.tags, err = all(f.ledger.Tags.Tags(ctx)); err != nil {
		return nil, err
	}
	if f.entries, err = all(f.ledger.Books.Entries(ctx, sources.EntryQuery{})); err != nil {
		return nil, err
	}
	seen := make(map[model.Address]bool)
	add := func(a model.Address) {
		if !a.IsZero() && !seen[a] {
			seen[a] = true
			f.addresses = append(f.addresses, a)
		}
	}
	for _, b := range f.blocks {
		for _, t := range b.Txs {
			f.txs, f.ids, f.byID[t.ID] = append(f.txs, t), append(f.ids, t.ID), t
			for i := range t.Inputs {
				add(t.Inputs[i].Owner)
				if !t.Coinbase() {
					f.outpoints = append(f.outpoints, t.Inputs[i].Prev)
				}
			}
			for i := range t.Outputs {
				add(t.Outputs[i].Owner)
				f.outpoints = append(f.outpoints, t.Outpoint(i))
			}
		}
	}
	return f, nil
}

// outside reports whether an output was made outside of the ledger.
func (f *facts) outside(o model.Outpoint) bool { return f.byID[o.Tx] == nil }

func all[T any](seq iter.Seq2[T, error]) (vs []T, err error) {
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		vs = append(vs, v)
	}
	return vs, nil
}

// asker makes up the questions.
type asker struct {
	*facts
	set       sources.Set
	o         Options
	questions []question
	err       error // of the ledger
}

func (q *asker) all() {
	if q.set.Txs != nil {
		q.txBatches()
	}
	if q.set.Spends != nil {
		q.spendBatches()
	}
	if q.set.Blocks != nil {
		q.chain()
	}
	if q.set.History != nil {
		q.histories()
	}
	if q.set.Labels != nil {
		q.labelBatches()
	}
	if q.set.Tags != nil {
		sequence(q, "Tags", q.set.Tags.Tags, q.tags, q.o.tag, nil)
	}
	if q.set.Prices != nil {
		q.priceBatches()
	}
	if q.set.Select != nil {
		q.selections()
	}
	if q.set.Books != nil {
		q.books()
	}
}

// batch adds a question that is answered by a slice aligned with it.
func batch[K comparable, V any](q *asker, what string, call func(context.Context, []K) ([]V, error), keys []K,
	right func(context.Context, []K) ([]V, error), compare func(i int, want, got V) string) {
	want, err := right(context.Background(), keys)
	if err != nil {
		q.err = errors.Join(q.err, err)
		return
	}
	ask := func(ctx context.Context) (func() string, error) {
		asked := slices.Clone(keys)
		got, err := call(ctx, asked)
		switch {
		case !slices.Equal(asked, keys):
			return nil, violation("the call changes the slice that it is asked with")
		case err != nil:
			return nil, err
		case len(got) != len(keys):
			return nil, violation(fmt.Sprintf("%d answers to %d questions", len(got), len(keys)))
		}
		return func() string {
			for i := range got {
				if bad := compare(i, want[i], got[i]); bad != "" {
					return fmt.Sprintf("answer %d of %d, to %v: %s", i, len(got), keys[i], bad)
				}
			}
			return ""
		}, nil
	}
	q.questions = append(q.questions, question{what: what, ask: ask, empty: len(keys) == 0})
}

// batches asks for the keys in the ways that go wrong: all of them, none, one,
// and backwards with every one twice and unknown ones between.
func batches[K comparable, V any](q *asker, what string, call func(context.Context, []K) ([]V, error), keys, unknown []K,
	right func(context.Context, []K) ([]V, error), compare func(keys []K) func(i int, want, got V) string) {
	mixed := slices.Clone(unknown)
	for i, k := range slices.Backward(keys) {
		mixed = append(mixed, k, keys[len(keys)-1-i])
		if len(unknown) > 0 {
			mixed = append(mixed, unknown[i%len(unknown)])
		}
	}
	for _, b := range []struct {
		name string
		keys []K
	}{
		{"all", keys}, {"nil", nil}, {"none", []K{}}, {"the last", keys[max(0, len(keys)-1):]},
		{"unknown ones", unknown}, {"with repeated and unknown ones", mixed},
	} {
		batch(q, what+" of "+b.name, call, b.keys, right, compare(b.keys))
	}
}

func (q *asker) txBatches() {
	// The id of a block is not that of a transaction.
	unknown := []model.TxID{{}, {0xff, 1}, {31: 0xff}}
	for _, b := range q.blocks {
		unknown = append(unknown, model.TxID(b.Ref.Hash))
	}
	batches(q, "Txs", q.set.Txs.Txs, q.ids, unknown, q.ledger.Txs.Txs, func([]model.TxID) func(int, *model.Tx, *model.Tx) string {
		return func(_ int, want, got *model.Tx) string { return q.o.tx(q.outside, want, got) }
	})
}

func (q *asker) spendBatches() {
	unknown := []model.Outpoint{{}, {Vout: 1<<32 - 1}, {Tx: model.TxID{1, 2, 3}}}
	for _, t := range q.txs {
		// One beyond the last output of a transaction that is there.
		unknown = append(unknown, t.Outpoint(len(t.Outputs)))
	}
	batches(q, "Spenders", q.set.Spends.Spenders, q.outpoints, unknown, q.ledger.Spends.Spenders, func(keys []model.Outpoint) func(int, model.Spend, model.Spend) string {
		return func(i int, want, got model.Spend) string {
			var made *model.Output
			if t := q.byID[keys[i].Tx]; t != nil && int(keys[i].Vout) < len(t.Outputs) {
				made = &t.Outputs[keys[i].Vout]
			}
			return q.o.spend(made, want, got)
		}
	})
}

func (q *asker) chain() {
	want, wantErr := q.ledger.Blocks.Tip(context.Background())
	q.questions = append(q.questions, question{what: "Tip", ask: func(ctx context.Context) (func() string, error) {
		got, err := q.set.Blocks.Tip(ctx)
		if wantErr != nil && ctx.Err() == nil {
			switch {
			case err == nil:
				return nil, violation(fmt.Sprintf("the tip %v at height %d of a chain without blocks", got.Hash, got.Height))
			case !errors.Is(err, sources.ErrNotFound):
				return nil, violation(fmt.Sprintf("the error %q is not of kind ErrNotFound", err))
			case got != model.BlockRef{}:
				return nil, violation("a tip beside the error")
			}
			return func() string { return "" }, nil
		}
		if err != nil {
			return nil, err
		}
		return func() string { return q.o.place(want, got) }, nil
	}})
	for _, r := range q.ranges() {
		sequence(q, "Blocks"+rangeText(r), func(ctx context.Context) iter.Seq2[*model.Block, error] {
			return q.set.Blocks.Blocks(ctx, r)
		}, within(q.blocks, r, func(b *model.Block) model.BlockRef { return b.Ref }), func(want, got *model.Block) string {
			return q.o.block(q.outside, want, got)
		}, nil)
	}
}

// ranges are those that every reader of ranges is asked for.
func (q *asker) ranges() []sources.Range {
	rs := []sources.Range{{}}
	if len(q.blocks) == 0 || q.o.Place&model.KnownHeight != 0 {
		return rs
	}
	first, tip := q.blocks[0].Ref.Height, q.blocks[len(q.blocks)-1].Ref.Height
	mid := first + (tip-first)/2
	return append(rs,
		sources.Range{From: first, To: tip},
		sources.Range{From: mid},
		sources.Range{To: mid},
		sources.Range{From: mid, To: mid},
		sources.Range{From: mid - 1, To: mid + 1},
		sources.Range{From: tip, To: tip + 1000},
		sources.Range{From: tip + 1},
		sources.Range{From: tip + 1, To: tip + 1000},
		sources.Range{From: mid + 1, To: mid}, // empty
		sources.Range{From: 1, To: first - 1}, // empty, and below
	)
}

func rangeText(r sources.Range) string {
	if r.All() {
		return ""
	}
	return fmt.Sprintf(" from %d to %d", r.From, r.To)
}

// within filters by the meaning of a range, not by its method, which is the
// provider's too.
func within[T any](vs []T, r sources.Range, place func(T) model.BlockRef) (in []T) {
	for _, v := range vs {
		if h := place(v).Height; h >= r.From && (r.To == 0 || h <= r.To) {
			in = append(in, v)
		}
	}
	return in
}

func placeOfTx(t *model.Tx) model.BlockRef { return t.Block }

func (q *asker) histories() {
	compare := func(want, got *model.Tx) string { return q.o.tx(q.outside, want, got) }
	// Addresses without a history: one of another script, one of another
	// network, and none.
	absent := []model.Address{{}, model.AddressOf([]byte{0x51, 0x20, 31 + 2: 7}, q.net)}
	if len(q.addresses) > 0 {
		if script, ok := q.addresses[0].Script(); ok {
			absent = append(absent, model.AddressOf(script, (q.net+1)%model.Network(len(model.Networks()))))
		}
	}
	for i, a := range append(slices.Clone(q.addresses), absent...) {
		var touched []*model.Tx
		for _, t := range q.txs {
			if q.touches(t, a, func(*model.Input) bool { return true }) {
				touched = append(touched, t)
			}
		}
		// A provider that cannot know the owner of an input may miss what
		// touches the address by such inputs alone.
		optional := func(t *model.Tx) bool {
			return !q.touches(t, a, func(in *model.Input) bool {
				hidden := q.o.lacks(Prevouts) || q.o.lacks(OutsidePrevouts) && q.outside(in.Prev) ||
					in.OwnerBy == model.OwnerUnlocking && q.o.lacks(Unlocking)
				return !hidden
			})
		}
		ranges := q.ranges()
		if len(touched) < 3 && i > 0 {
			ranges = ranges[:1] // the others would say nothing new
		}
		for _, r := range ranges {
			sequence(q, fmt.Sprintf("History of %q%s", a, rangeText(r)), func(ctx context.Context) iter.Seq2[*model.Tx, error] {
				return q.set.History.History(ctx, a, r)
			}, within(touched, r, placeOfTx), compare, optional)
		}
	}
}

// touches reports whether t pays the address, or spends from it by an input
// that counts.
func (q *asker) touches(t *model.Tx, a model.Address, counts func(*model.Input) bool) bool {
	if a.IsZero() {
		return false
	}
	for i := range t.Outputs {
		if t.Outputs[i].Owner == a {
			return true
		}
	}
	for i := range t.Inputs {
		if in := &t.Inputs[i]; in.OwnerBy != model.OwnerUnknown && in.Owner == a && counts(in) {
			return true
		}
	}
	return false
}

func (q *asker) labelBatches() {
	var on, unknown []model.Ref
	for i := range q.labels {
		if i == 0 || q.labels[i].On != q.labels[i-1].On {
			on = append(on, q.labels[i].On)
		}
	}
	labelled := func(r model.Ref) bool { return slices.Contains(on, r) }
	unknown = append(unknown, model.Ref{}, model.RefTx(model.TxID{9}), model.RefOutpoint(model.Outpoint{}), model.RefBlock(model.BlockHash{}))
	for _, t := range q.txs {
		// The same bytes as another kind of entity are another entity.
		for _, r := range []model.Ref{model.RefTx(t.ID), model.RefBlock(model.BlockHash(t.ID)), model.RefOutpoint(t.Outpoint(0)), model.RefInpoint(t.Inpoint(0))} {
			if !labelled(r) {
				unknown = append(unknown, r)
			}
		}
	}
	for _, a := range q.addresses {
		if r := model.RefAddress(a); !labelled(r) {
			unknown = append(unknown, r)
		}
	}
	batches(q, "Labels", q.set.Labels.Labels, on, unknown, q.ledger.Labels.Labels, func([]model.Ref) func(int, []model.Label, []model.Label) string {
		return func(_ int, want, got []model.Label) string { return compareLabels(want, got) }
	})
	categories := []model.Category{"", "no such category"}
	for i := range q.labels {
		if c := q.labels[i].Category; !slices.Contains(categories, c) {
			categories = append(categories, c)
		}
	}
	for _, c := range categories {
		var want []model.Label
		for _, b := range q.labels {
			if c == "" || b.Category == c {
				want = append(want, b)
			}
		}
		sequence(q, fmt.Sprintf("Find %q", c), func(ctx context.Context) iter.Seq2[model.Label, error] {
			return q.set.Labels.Find(ctx, c)
		}, want, compareLabel, nil)
	}
}

func (q *asker) priceBatches() {
	// The days of the blocks, the edges of each, and days far from any.
	unknown := []time.Time{{}, time.Unix(0, 0), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	var times []time.Time
	for _, b := range q.blocks {
		day := time.Unix(b.Ref.Time, 0).UTC().Truncate(24 * time.Hour)
		if len(times) > 0 && !day.After(times[len(times)-1]) {
			continue
		}
		elsewhere := time.FixedZone("elsewhere", 13*3600)
		times = append(times, day.Add(-time.Second), day, day.Add(time.Second), day.Add(12*time.Hour).In(elsewhere), day.Add(24*time.Hour-1),
			day.Add(24*time.Hour))
	}
	other := (q.net + 1) % model.Network(len(model.Networks()))
	for _, of := range []struct {
		net      model.Network
		currency string
	}{{q.net, "USD"}, {q.net, "EUR"}, {q.net, "XXX"}, {q.net, ""}, {other, "USD"}} {
		batches(q, fmt.Sprintf("Prices on %v in %q", of.net, of.currency), func(ctx context.Context, at []time.Time) ([]model.Price, error) {
			return q.set.Prices.Prices(ctx, of.net, of.currency, at)
		}, times, unknown, func(ctx context.Context, at []time.Time) ([]model.Price, error) {
			return q.ledger.Prices.Prices(ctx, of.net, of.currency, at)
		}, func([]time.Time) func(int, model.Price, model.Price) string {
			return func(_ int, want, got model.Price) string { return comparePrice(want, got) }
		})
	}
}

func (q *asker) books() {
	queries := []sources.EntryQuery{
		{}, {Service: "no such service"}, {Account: "no such account"}, {Order: "no such order"}, {Address: model.AddressOf([]byte{0x51, 0x20, 31 + 2: 7}, q.net)},
		{Tx: model.TxID{0xff, 1}},
	}
	for k := sources.EntryDeposit; k <= sources.EntryPayout; k++ {
		queries = append(queries, sources.EntryQuery{Kind: k})
	}
	for i := range q.entries {
		e := &q.entries[i]
		tx, _ := e.On.Tx()
		queries = append(queries,
			// Who wrote a name otherwise means the same service.
			sources.EntryQuery{Service: strings.ToUpper(e.Service) + "."}, sources.EntryQuery{Account: e.Account}, sources.EntryQuery{Order: e.Order},
			sources.EntryQuery{Address: e.Address}, sources.EntryQuery{Tx: tx},
			sources.EntryQuery{Kind: e.Kind, Service: e.Service, Account: e.Account, Order: e.Order, Address: e.Address, Tx: tx},
			sources.EntryQuery{Kind: e.Kind%sources.EntryPayout + 1, Account: e.Account, Address: e.Address})
	}
	asked := map[sources.EntryQuery]bool{}
	for _, of := range queries {
		if asked[of] {
			continue
		}
		asked[of] = true
		var want []sources.Entry
		for i := range q.entries {
			if of.Matches(&q.entries[i]) {
				want = append(want, q.entries[i])
			}
		}
		sequence(q, fmt.Sprintf("Entries %+v", of), func(ctx context.Context) iter.Seq2[sources.Entry, error] {
			return q.set.Books.Entries(ctx, of)
		}, want, compareEntry, nil)
	}
}

func (q *asker) selections() {
	filters := []struct {
		name string
		fs   []model.Filter
	}{
		{"everything", nil},
		{"the zero filter", []model.Filter{{}}},
		{"coinbases", []model.Filter{{Coinbase: true}}},
		{"no coinbases", []model.Filter{{NotCoinbase: true}}},
		{"two inputs", []model.Filter{{MinInputs: 2}}},
		{"three outputs", []model.Filter{{MinOutputs: 3}}},
		{"two equal outputs", []model.Filter{{MinEqual: 2}}},
		{"null data", []model.Filter{{NullData: true}}},
		{"two conditions at once", []model.Filter{{MinInputs: 2, MinOutputs: 2}}},
		{"any of two filters", []model.Filter{{Coinbase: true}, {MinInputs: 2}}},
		{"what no transaction is", []model.Filter{{MinInputs: 1 << 20}}},
	}
	if n := len(q.blocks); n > 0 && q.o.Place&model.KnownHeight == 0 {
		mid := q.blocks[n/2].Ref.Height
		filters = append(filters, struct {
			name string
			fs   []model.Filter
		}{"heights", []model.Filter{{From: mid, To: mid + 1}}})
	}
	if q.set.Labels != nil && !q.o.lacks(LabelFilters) {
		var categories []model.Category
		for i := range q.labels {
			if c := q.labels[i].Category; !slices.Contains(categories, c) {
				categories = append(categories, c)
			}
		}
		for _, c := range append(categories, "no such category") {
			one := []model.Category{c}
			filters = append(filters, struct {
				name string
				fs   []model.Filter
			}{fmt.Sprintf("payments to %q", c), []model.Filter{{Pays: one}}})
			if q.o.Lacks&(Prevouts|OutsidePrevouts|Unlocking) == 0 {
				filters = append(filters, struct {
					name string
					fs   []model.Filter
				}{fmt.Sprintf("payments by %q", c), []model.Filter{{Spends: one}}})
			}
		}
	}
	categoriesOf := func(a model.Address) (cs []model.Category) {
		for i := range q.labels {
			if on, ok := q.labels[i].On.Address(); ok && on == a {
				cs = append(cs, q.labels[i].Category)
			}
		}
		return cs
	}
	for i, f := range filters {
		var want []*model.Tx
		for _, t := range q.txs {
			if model.MatchAny(f.fs, t, categoriesOf) {
				want = append(want, t)
			}
		}
		ranges := q.ranges()
		if i > 2 {
			ranges = ranges[:min(3, len(ranges))]
		}
		for _, r := range ranges {
			sequence(q, "Select "+f.name+rangeText(r), func(ctx context.Context) iter.Seq2[*model.Tx, error] {
				return q.set.Select.Select(ctx, f.fs, r)
			}, within(want, r, placeOfTx), func(want, got *model.Tx) string { return q.o.tx(q.outside, want, got) }, nil)
		}
	}
}

// sequence adds a question that is answered by a sequence. An element that is
// optional may be left out; nil means none is.
func sequence[T any](q *asker, what string, call func(context.Context) iter.Seq2[T, error], want []T, compare func(want, got T) string, optional func(T) bool) {
	ask := func(ctx context.Context) (func() string, error) {
		got, err := collect(call(ctx), func(int) bool { return true })
		if err != nil {
			return nil, err
		}
		return func() string { return align(want, got, compare, optional) }, nil
	}
	walk := func(ctx context.Context, visit func(int) bool) (int, error) {
		got, err := collect(call(ctx), visit)
		return len(got), err
	}
	q.questions = append(q.questions, question{what: what, ask: ask, walk: walk})
}

func align[T any](want, got []T, compare func(want, got T) string, optional func(T) bool) string {
	i := 0
	for n, g := range got {
		for i < len(want) && optional != nil && optional(want[i]) && compare(want[i], g) != "" {
			i++
		}
		if i == len(want) {
			return fmt.Sprintf("more than the %d elements that there are", len(want))
		}
		if bad := compare(want[i], g); bad != "" {
			return fmt.Sprintf("element %d: %s", n, bad)
		}
		i++
	}
	for ; i < len(want); i++ {
		if optional == nil || !optional(want[i]) {
			return fmt.Sprintf("%d elements, want %d", len(got), len(want))
		}
	}
	return ""
}

// collect reads a sequence by hand, so that it sees what a range statement
// hides. It stops where visit returns false.
func collect[T any](seq iter.Seq2[T, error], visit func(i int) bool) (got []T, err error) {
	if seq == nil {
		return nil, violation("the sequence is nil")
	}
	var broken error
	stopped := false
	seq(func(v T, e error) bool {
		switch {
		case stopped && err != nil:
			broken = violation(fmt.Sprintf("goes on after its error %q", err))
			return false
		case stopped:
			broken = violation("goes on after its reader broke out")
			return false
		case e != nil:
			if !reflect.ValueOf(&v).Elem().IsZero() {
				broken = violation(fmt.Sprintf("a value comes with the error %q", e))
			}
			stopped, err = true, e
			return true // a reader need not break out at an error: it is the last element
		}
		got = append(got, v)
		if !visit(len(got) - 1) {
			stopped = true
			return false
		}
		return true
	})
	if broken != nil {
		return got, broken
	}
	return got, err
}
