package payout

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// timeless is a chain whose blocks have no known time.
type timeless struct{ *ledger.Ledger }

func (s timeless) tx(tx *model.Tx) *model.Tx {
	if tx == nil {
		return nil
	}
	c := *tx
	c.Block.Known &^= model.KnownTime | model.KnownMedian
	return &c
}

func (s timeless) Txs(ctx context.Context, ids []model.TxID) ([]*model.Tx, error) {
	txs, err := s.Ledger.Txs(ctx, ids)
	txs = slices.Clone(txs)
	for i := range txs {
		txs[i] = s.tx(txs[i])
	}
	return txs, err
}

func (s timeless) Blocks(ctx context.Context, r sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) {
		for b, err := range s.Ledger.Blocks(ctx, r) {
			if err == nil {
				c := *b
				c.Txs = slices.Clone(b.Txs)
				for i := range c.Txs {
					c.Txs[i] = s.tx(c.Txs[i])
				}
				b = &c
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// evalPayout runs the heuristic on the transaction "pay" of a ledger over sources.
func evalPayout(t *testing.T, f *ledger.File, src sources.Set, opt heuristics.Options) (*Payout, []model.Finding, error) {
	t.Helper()
	eng, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, opt)
	if err != nil {
		t.Fatal(err)
	}
	s, err := eng.Open(context.Background(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	id, ok := f.Tx("pay")
	if !ok {
		t.Fatal("no transaction pay")
	}
	return heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(id))
}

// Where the time of a block is unknown, a label with bounds names no payer, and
// the finding that other labels make says so; it protects a payee all the same.
func TestLabelsWithBoundsAtUnknownTime(t *testing.T) {
	pay := "tx pay: new(np) 10 => " + fortyFive + ", px 0.1234567, np rest\n"
	bounded := "label Northpool: addr(np) category=mining_pool role=payout confidence=0.95 from=2020-01-01\n"
	exchange := "label Portmere: addr(px) category=exchange confidence=0.9 from=2020-01-01 source=\"list\"\n"

	f := heuristictest.Ledger(t, bounded+exchange+pay)
	_, fs, err := evalPayout(t, f, f.Ledger.Set(), heuristics.Options{})
	if err != nil || len(fs) != 1 {
		t.Fatalf("time known: %d findings, %v", len(fs), err)
	}
	if got := answer(&fs[0], "Is the label current at the time?"); got != "yes, within the bounds that the labels state" {
		t.Errorf("time known: the label is current: %q", got)
	}
	if _, fs, err := evalPayout(t, f, sources.Of(timeless{f.Ledger}), heuristics.Options{}); !errors.Is(err, heuristics.ErrSkip) || len(fs) != 0 {
		t.Errorf("time unknown: %d findings, %v", len(fs), err)
	}

	if n := noted(t, sources.Of(timeless{f.Ledger}), "labels of payers not counted"); n != 1 {
		t.Errorf("time unknown: %d labels noted, want 1", n)
	}

	f = heuristictest.Ledger(t, bounded+strings.ReplaceAll(labelNorthpool, "0.95", "0.9")+exchange+pay)
	_, fs, err = evalPayout(t, f, sources.Of(timeless{f.Ledger}), heuristics.Options{})
	if err != nil || len(fs) != 1 {
		t.Fatalf("two labels: %d findings, %v", len(fs), err)
	}
	if got := answer(&fs[0], "Is the label current at the time?"); !strings.HasPrefix(got, "unknown") {
		t.Errorf("two labels: the label is current: %q", got)
	}
	if want := "service: labelled Portmere (exchange, by list) for a time, which may not be that of the block: the payee"; !strings.Contains(strings.Join(roles(&fs[0]), "\n"), want) {
		t.Errorf("payee at the exchange: no %q in\n%s", want, strings.Join(roles(&fs[0]), "\n"))
	}
	all := strings.Join(fs[0].Unseen, "\n")
	for _, want := range []string{"whether 1 more labels that name the payer held at the time", "whether the labels of 1 outputs held at the time"} {
		if !strings.Contains(all, want) {
			t.Errorf("unseen lacks %q: %s", want, all)
		}
	}
}

// noted returns the count of a note that the heuristic leaves in the coverage of
// a run.
func noted(t *testing.T, src sources.Set, text string) (n int64) {
	t.Helper()
	eng, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, heuristics.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := eng.Open(context.Background(), heuristics.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Run(context.Background(), s.Sweep(context.Background())) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range s.Coverage().Heuristics {
		for _, x := range h.Notes {
			if h.Heuristic == "payout" && strings.HasPrefix(x.Text, text) {
				n += x.Count
			}
		}
	}
	return n
}

func answer(f *model.Finding, question string) string {
	for _, p := range f.Premises {
		if p.Question == question {
			return p.Answer
		}
	}
	return ""
}

// The answer about one party says what was looked at, and no more.
func TestOnePartyPays(t *testing.T) {
	const question = "Could the transaction be collaborative?"
	for _, c := range []struct{ name, text, want string }{
		{"plain", labelNorthpool + "tx pay: new(np) 10 => " + fortyFive + ", np rest\n",
			"no sign of it in its shape, which is that of an ordinary transaction; its signatures leave nothing to others"},
		{"labels of two parties", labelNorthpool + "label Southpool: addr(sp) category=mining_pool role=payout confidence=0.9\ntx pay: new(np) 10 new(sp) 10 => " + fortyFive + ", np rest\n",
			"no sign of it in its shape, which is that of an ordinary transaction; its signatures leave nothing to others; labels name different parties for the addresses that it spends, so that these were not taken for one party's"},
	} {
		f := heuristictest.Ledger(t, c.text)
		_, fs, err := evalPayout(t, f, f.Ledger.Set(), heuristics.Options{})
		if err != nil || len(fs) != 1 {
			t.Fatalf("%s: %d findings, %v", c.name, len(fs), err)
		}
		if got := answer(&fs[0], question); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
	unread := outputs(around(40, 5_000_000)...)
	if got := collaborativeText(unread, &Payout{Candidacy: &Candidacy{}}); !strings.HasSuffix(got, "; no signature could be read") {
		t.Errorf("no signature: %q", got)
	}
	unread.Inputs = append(unread.Inputs, model.Input{SigHash: model.SigAll})
	if got := collaborativeText(unread, &Payout{Candidacy: &Candidacy{}}); !strings.HasSuffix(got, "; the signatures, which could be read at 1 of 2 inputs, leave nothing to others") {
		t.Errorf("one signature: %q", got)
	}
}

// A budget of the sources ends the evaluation; only its own lets it go on.
func TestBudgetOfTheSources(t *testing.T) {
	f := heuristictest.Ledger(t, labelNorthpool+"tx pay: new(np) 10 => "+fortyFive+", np rest\n")
	for limit, done := int64(1), false; !done; limit++ {
		if limit > 1000 {
			t.Fatal("a thousand look-ups are not enough")
		}
		src := sources.Limit(limit)(f.Ledger.Set())
		eng, err := heuristics.New(src, []*heuristics.Heuristic{Heuristic}, heuristics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := eng.Open(context.Background(), heuristics.Scope{})
		if err != nil {
			continue // too few to begin
		}
		id, _ := f.Tx("pay")
		_, fs, err := heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(id))
		switch {
		case err == nil:
			done = true
			if fs[0].Partial {
				t.Errorf("limit %d: a partial finding: %q", limit, fs[0].Unseen)
			}
		case !errors.Is(err, sources.ErrBudget) || errors.Is(err, heuristics.ErrEvaluationBudget):
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// Three of 198 earlier fan-outs at the same hour are what chance gives; so are
// three of four, being few. Three of five are a habit.
func TestHourCountsByShare(t *testing.T) {
	h := func(same, others int) []model.Evidence {
		r := &rule{p: DefaultParams()}
		hist := &history{names: map[string]uint32{}, roots: map[model.Address]uint32{}, pools: map[model.Address][]listing{}}
		tx := outputs(around(40, 5_000_000)...)
		tx.Inputs[0].Owner, tx.Inputs[0].OwnerBy = outputs(1).Outputs[0].Owner, model.OwnerPrevout
		tx.Block = model.BlockRef{Height: 1000, Known: model.KnownHeight | model.KnownPos | model.KnownTime, Time: time.Date(2023, 1, 1, 2, 10, 0, 0, time.UTC).Unix()}
		x := indexOfNothing(t)
		hist.roots[x.Root(tx.Inputs[0].Owner)] = 0
		for i := range same + others {
			minute := int16(130)
			if i >= same {
				minute = 900
			}
			hist.fans = append(hist.fans, past{0, place{int32(i), 1}, minute, 50})
		}
		f := measure(tx, &r.p)
		c := &Candidacy{fan: f}
		c.more.habits = hist.habits(x, tx, &f, func(model.Address) bool { return false }, &r.p)
		return r.evidence(model.Mainnet, tx, c, sender{})
	}
	for _, c := range []struct {
		same, others int
		want         string
	}{
		{3, 195, ""}, {3, 1, ""}, {3, 0, ""}, {59, 41, ""},
		{3, 2, "3 of the payer's 5 earlier fan-outs whose time is known (60 percent) lie within 120 minutes of the same time of day, UTC; spread evenly over the day 16 percent would"},
	} {
		got := ""
		for _, e := range h(c.same, c.others) {
			if e.Family == timing {
				got = e.Text
				if e.Weight != model.Nat {
					t.Errorf("%d and %d: weight %v", c.same, c.others, e.Weight)
				}
			}
		}
		if got != c.want {
			t.Errorf("%d at the hour and %d not:\n got %q\nwant %q", c.same, c.others, got, c.want)
		}
	}
}

// A label that comes from other labels says that it is inferred.
func TestInferredLabelsSaySo(t *testing.T) {
	r := Receipt{Class: Service, why: isService}
	l := model.Label{Entity: "Portmere", Category: model.Exchange, Source: "depaddr", Derivation: []string{"depaddr"}}
	if got, want := r.text([]model.Label{l}), "labelled Portmere (exchange, inferred by depaddr): the payee is a customer of it, and nothing beyond is followed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f := heuristictest.Ledger(t, "tx pay: new(np) 10 => "+fortyFive+", np rest\n")
	np, err := f.Address("np")
	if err != nil {
		t.Fatal(err)
	}
	l = model.Label{On: model.RefAddress(np), Entity: "Northpool", Category: model.MiningPool, Role: model.RolePayout, Confidence: model.Percent(95), Source: "run", Derivation: []string{"other"}}
	s := heuristictest.Open(t, f, heuristics.Scope{Actors: []model.Label{l}}, Heuristic)
	id, _ := f.Tx("pay")
	_, fs, err := heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(id))
	if err != nil || len(fs) != 1 || !strings.HasPrefix(fs[0].Evidence[0].Text, "inferred labels on the address of an input name the payer as Northpool") {
		t.Errorf("%d findings, %v", len(fs), err)
	}
}

// Names are what strangers wrote: none of them breaks a finding.
func TestOddNames(t *testing.T) {
	for _, name := range []string{"", " ", "!!!", "%d %s", "A\nB", "\x1b[31m", "\u202eevil", "\xff\xfe", strings.Repeat("x", 5000)} {
		for _, text := range []string{
			"tx pay: new(np) 10 => " + fortyFive + ", px 0.1234567, np rest\n",
			"coinbase pay: => px 6.125, np 0.125\n",
		} {
			f := heuristictest.Ledger(t, text)
			var ls []model.Label
			for _, on := range []struct {
				owner string
				c     model.Category
				conf  model.Probability
			}{{"np", model.MiningPool, model.Percent(95)}, {"np", model.Exchange, model.Percent(30)}, {"px", model.Exchange, model.Percent(90)}} {
				a, err := f.Address(on.owner)
				if err != nil {
					t.Fatal(err)
				}
				ls = append(ls, model.Label{On: model.RefAddress(a), Entity: name, Category: on.c, Confidence: on.conf, Source: "list"})
			}
			src := f.Ledger.Set()
			src.Labels = listed(ls)
			r, fs, err := evalPayout(t, f, src, heuristics.Options{})
			if err != nil && !errors.Is(err, heuristics.ErrSkip) {
				t.Errorf("%q: %v", name, err)
				continue
			}
			if strings.HasPrefix(text, "tx") && (r.Shape != Custody || len(fs) != 0 && !fs[0].Counter[0].Found) {
				t.Errorf("%q: the label of a custodian is not seen: %v", name, r)
			}
			for i := range fs {
				if strings.ContainsAny(fs[i].Claim, "\n\x1b") || strings.Contains(fs[i].Claim, "%!") {
					t.Errorf("%q: claim %q", name, fs[i].Claim)
				}
			}
		}
	}
}

// listed are labels as a source.
type listed []model.Label

func (ls listed) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for i, r := range on {
		for _, l := range ls {
			if l.On == r {
				out[i] = append(out[i], l)
			}
		}
		slices.SortFunc(out[i], func(a, b model.Label) int { return a.Compare(&b) })
	}
	return out, nil
}

func (ls listed) Find(_ context.Context, c model.Category) iter.Seq2[model.Label, error] {
	sorted := slices.Clone(ls)
	slices.SortFunc(sorted, func(a, b model.Label) int { return a.Compare(&b) })
	return func(yield func(model.Label, error) bool) {
		for _, l := range sorted {
			if (c == "" || l.Category == c) && !yield(l, nil) {
				return
			}
		}
	}
}

// indexOfNothing is the index of clusters of an empty scope.
func indexOfNothing(t *testing.T) *cluster.Index {
	t.Helper()
	reader := &heuristics.Heuristic{
		Name: "reader", Version: 1, Doc: "reads the clusters", Requires: []*heuristics.Heuristic{cluster.Heuristic}, Subjects: []model.RefKind{model.KindTx},
		Run: func(_ context.Context, p *heuristics.Pass) (any, error) { return cluster.Of(p), nil },
	}
	f := heuristictest.Ledger(t, "tx one: new => a 1\n")
	s := heuristictest.Open(t, f, heuristics.Scope{}, reader)
	id, _ := f.Tx("one")
	x, _, err := heuristics.Eval[*cluster.Index](context.Background(), s, reader, model.RefTx(id))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// block is a chain of one block, with labels.
type block struct {
	listed
	txs  []*model.Tx
	byID map[model.TxID]*model.Tx
	on   map[model.Ref][]model.Label
}

func (s *block) Network() model.Network { return model.Mainnet }

func (s *block) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for i, r := range on {
		out[i] = s.on[r]
	}
	return out, nil
}

func (s *block) Txs(_ context.Context, ids []model.TxID) ([]*model.Tx, error) {
	out := make([]*model.Tx, len(ids))
	for i, id := range ids {
		out[i] = s.byID[id]
	}
	return out, nil
}

func (s *block) Tip(context.Context) (model.BlockRef, error) { return s.txs[0].Block, nil }

func (s *block) Blocks(context.Context, sources.Range) iter.Seq2[*model.Block, error] {
	return func(yield func(*model.Block, error) bool) { yield(&model.Block{Ref: s.txs[0].Block, Txs: s.txs}, nil) }
}

// large is a payout with n inputs of n addresses, which all are labelled for a
// pool, and n outputs, each with the label of another exchange.
func large(n int) *block {
	s := &block{byID: map[model.TxID]*model.Tx{}, on: map[model.Ref][]model.Label{}}
	owner := func(kind byte, i int) (model.Address, []byte) {
		script := append([]byte{0, 20, kind, byte(i), byte(i >> 8), byte(i >> 16)}, make([]byte, 16)...)
		return model.AddressOf(script, model.Mainnet), script
	}
	label := func(a model.Address, entity string, c model.Category) {
		l := model.Label{On: model.RefAddress(a), Entity: entity, Category: c, Confidence: model.Percent(90), Source: "list"}
		s.on[l.On], s.listed = []model.Label{l}, append(s.listed, l)
	}
	at := func(pos int32) model.BlockRef {
		return model.BlockRef{Height: 800_000, Pos: pos, Time: 1_690_000_000, Known: model.KnownHeight | model.KnownPos | model.KnownTime}
	}
	fund := &model.Tx{ID: model.TxID{1}, Block: at(1), Inputs: []model.Input{{Prev: model.Outpoint{Tx: model.TxID{9}}}}}
	pay := &model.Tx{ID: model.TxID{2}, Block: at(2)}
	for i := range n {
		a, script := owner(1, i)
		label(a, "Northpool", model.MiningPool)
		v := model.Amount(2_000_000 + i)
		fund.Outputs = append(fund.Outputs, model.Output{Value: v, Owner: a, Script: script})
		pay.Inputs = append(pay.Inputs, model.Input{Prev: model.Outpoint{Tx: fund.ID, Vout: uint32(i)}, Value: v, ValueKnown: true, Owner: a, OwnerBy: model.OwnerPrevout, SigHash: model.SigAll})
		a, script = owner(2, i)
		label(a, fmt.Sprintf("Exchange %d", i), model.Exchange)
		pay.Outputs = append(pay.Outputs, model.Output{Value: v - 7, Owner: a, Script: script})
	}
	s.txs = []*model.Tx{fund, pay}
	for _, tx := range s.txs {
		s.byID[tx.ID] = tx
	}
	return s
}

// A payout with twenty thousand inputs and outputs takes no more than a multiple
// of what one with a tenth takes.
func TestLargePayouts(t *testing.T) {
	if testing.Short() {
		t.Skip("a payout of 20,000 inputs and outputs takes too long under -short")
	}
	took := func(n int) time.Duration {
		eng, err := heuristics.New(sources.Of(large(n)), []*heuristics.Heuristic{Heuristic}, heuristics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := eng.Open(context.Background(), heuristics.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		r, fs, err := heuristics.Eval[*Payout](context.Background(), s, Heuristic, model.RefTx(model.TxID{2}))
		d := time.Since(start)
		if err != nil || len(fs) != 1 || r.Count(Service) != n || len(fs[0].Labels) < n {
			t.Fatalf("%d: %v, %d findings, %v", n, r, len(fs), err)
		}
		t.Logf("%d inputs and outputs: %v", n, d)
		return d
	}
	small, big := took(2_000), took(20_000)
	if big > 50*small+time.Second {
		t.Errorf("ten times the outputs take %v, and %v before", big, small)
	}
}
