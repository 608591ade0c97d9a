package pool_test

import (
	"context"
	"encoding/hex"
	"errors"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/heuristics/pool"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/labels"
)

func TestLedgers(t *testing.T) { heuristictest.Run(t, pool.Heuristic, "testdata/*.ledger") }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// coinbase makes a coinbase at the height with one output.
func coinbase(script []byte, height int32) *model.Tx {
	pay := append([]byte{0x00, 20}, make([]byte, 20)...)
	return &model.Tx{
		Inputs:  []model.Input{{Prev: model.Outpoint{Vout: 0xffffffff}, Script: script}},
		Outputs: []model.Output{{Value: 625_000_000, Script: pay, Owner: model.AddressOf(pay, model.Mainnet)}},
		Block:   model.BlockRef{Height: height, Known: model.KnownHeight},
	}
}

func tags(ts ...string) *pool.Tags {
	var all []model.Tag
	for i := 0; i+1 < len(ts); i += 2 {
		all = append(all, model.Tag{Bytes: []byte(ts[i]), Entity: ts[i+1], Confidence: model.Percent(97), Source: "list"})
	}
	return pool.NewTags(all, pool.DefaultParams())
}

func attribute(tx *model.Tx, ts *pool.Tags, labels ...[]model.Label) *pool.Attribution {
	return pool.Attribute(tx, ts, labels, pool.DefaultParams(), model.Mainnet)
}

func named(entity string) []model.Label {
	return []model.Label{{Entity: entity, Category: model.MiningPool, Confidence: model.Percent(95)}}
}

func TestPOOL1(t *testing.T) {
	tx := coinbase(unhex(t, "0300350c082f5669614254432fdeadbeef00000001"), 800_000)
	if h, ok := model.CoinbaseHeight(tx.Inputs[0].Script); !ok || h != 800_000 {
		t.Errorf("height %d, %v", h, ok)
	}
	a := attribute(tx, tags("/ViaBTC/", "ViaBTC"))
	if a == nil || a.Entity != "ViaBTC" || a.Via != pool.ByTag || a.Candidates[0].Tags[0].Offset != 5 || a.Probability != model.Percent(97) {
		t.Errorf("got %+v", a)
	}
}

func TestPOOL2(t *testing.T) {
	a := attribute(coinbase(unhex(t, "0300350c04665a1e65e4b883e5bda9e7a59ee4bb99e9b1bc0001"), 800_000), tags("七彩神仙鱼", "F2Pool"))
	if a == nil || a.Entity != "F2Pool" || a.Via != pool.ByTag {
		t.Errorf("got %+v", a)
	}
}

func TestPOOL3(t *testing.T) {
	tx := coinbase([]byte("\x03\x00\x35\x0c/ViaBTC/"), 800_000)
	a := attribute(tx, tags("/ViaBTC/", "ViaBTC"), named("Northpool"))
	if a == nil || !a.Conflict || a.Entity != "" || len(a.Candidates) != 2 || a.Probability != model.Percent(50) || a.Candidates[0].Entity != "ViaBTC" {
		t.Errorf("got %+v", a)
	}
}

func TestFind(t *testing.T) {
	ts := tags("/ViaBTC/", "ViaBTC", "/ViaBTC/TATMAS Pool/", "TATMAS", "Kano", "KanoPool", "\U0001F41F", "F2Pool", "F2Pool", "F2Pool", "EMC ", "EclipseMC", "5\fab", "Height")
	for _, c := range []struct {
		name, script string
		at           model.BlockRef
		want         []string
	}{
		{"tag after the height", "\x03\x00\x35\x0c/ViaBTC/x", at(800_000), []string{"ViaBTC@4"}},
		{"long tag in another case", "\x03\x00\x35\x0c/VIAbtc/", at(800_000), []string{"ViaBTC@4"}},
		{"longer tag of another pool around it", "\x03\x00\x35\x0c/ViaBTC/TATMAS Pool/", at(800_000), []string{"TATMAS@4"}},
		{"and once more beside it", "\x03\x00\x35\x0c/ViaBTC/TATMAS Pool/ /ViaBTC/", at(800_000), []string{"TATMAS@4", "ViaBTC@25"}},
		{"short tag that stands apart", "\x03\x00\x35\x0c/Kano/", at(800_000), []string{"KanoPool@5"}},
		{"short tag at the end", "\x03\x00\x35\x0c Kano", at(800_000), []string{"KanoPool@5"}},
		{"short tag at the beginning of what follows the height", "\x03\x00\x35\x0cKano ", at(800_000), []string{"KanoPool@4"}},
		{"short tag in a word", "\x03\x00\x35\x0cxKano ", at(800_000), nil},
		{"short tag with a digit behind", "\x03\x00\x35\x0c Kano7", at(800_000), nil},
		{"short tag in a word, then apart", "\x03\x00\x35\x0cxKano Kano", at(800_000), []string{"KanoPool@10"}},
		{"short tag in another case", "\x03\x00\x35\x0c/kano/", at(800_000), nil},
		{"bytes that are no text", "\x03\x00\x35\x0c\x01\xf0\x9f\x90\x9f\x02F2Pool", at(800_000), []string{"F2Pool@10", "F2Pool@5"}},
		{"tag that reaches into the height", "\x03\x00\x35\x0cab/", at(800_000), nil},
		{"tag that reaches into the height, height unknown", "\x03\x00\x35\x0cab/", model.BlockRef{}, nil},
		{"the same bytes where the height is another", "\x03\x00\x35\x0cab/", at(700_000), []string{"Height@2"}},
		{"before heights stood in scripts", "\x03\x00\x35\x0cab/", at(200_000), []string{"Height@2"}},
		{"nothing", "", at(800_000), nil},
		{"random bytes", "\x03\x00\x35\x0c\x9a\x11\x82", at(800_000), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, m := range ts.Find([]byte(c.script), c.at, model.Mainnet) {
				got = append(got, m.Entity+"@"+itoa(m.Offset))
				if !strings.EqualFold(string(m.Found), string(m.Bytes)) || c.script[m.Offset:m.Offset+len(m.Found)] != string(m.Found) {
					t.Errorf("found %q for %q", m.Found, m.Bytes)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("matches (-want +got):\n%s", diff)
			}
		})
	}
}

func at(h int32) model.BlockRef { return model.BlockRef{Height: h, Known: model.KnownHeight} }

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + itoa(n%10)
	}
	return string(rune('0' + n))
}

func TestAttribute(t *testing.T) {
	script := []byte("\x03\x00\x35\x0c/ViaBTC/ okminer")
	list := tags("/ViaBTC/", "ViaBTC", "okminer", "okminer")
	one := tags("/ViaBTC/", "ViaBTC")
	weak := pool.NewTags([]model.Tag{{Bytes: []byte("/ViaBTC/"), Entity: "ViaBTC", Confidence: model.Percent(40)}}, pool.DefaultParams())
	for _, c := range []struct {
		name   string
		tags   *pool.Tags
		labels []model.Label
		want   string
		p      model.Probability
	}{
		{"tag alone", one, nil, "ViaBTC by tag", 970_000},
		{"address alone", tags(), named("Northpool"), "Northpool by address", 950_000},
		{"tag and address, spelt otherwise", one, named("via.btc"), "ViaBTC by tag and address", 990_000},
		{"two tags, one with address", list, named("ViaBTC"), "ViaBTC by tag and address", 990_000},
		{"two tags, the shorter with address", list, named("okminer"), "okminer by tag and address", 990_000},
		{"two tags", list, nil, "conflict: ViaBTC, okminer", 500_000},
		{"two tags, both with addresses", list, append(named("okminer"), named("ViaBTC")...), "conflict: ViaBTC, okminer", 500_000},
		{"a tag and two other addresses", one, append(named("Zed"), named("Able")...), "conflict: ViaBTC, Able, Zed", 333_333},
		{"a tag that is hardly trusted", weak, nil, "ViaBTC by tag", 400_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := attribute(coinbase(script, 800_000), c.tags, c.labels)
			if a == nil {
				t.Fatal("nothing")
			}
			if a.String() != c.want || a.Probability != c.p {
				t.Errorf("got %v at %v, want %s at %v", a, a.Probability, c.want, c.p)
			}
		})
	}
	if a := attribute(coinbase(script, 800_000), tags()); a != nil {
		t.Errorf("got %v of no list", a)
	}
}

// transactions serves single transactions, of no chain.
type transactions map[model.TxID]*model.Tx

func (m transactions) Txs(_ context.Context, ids []model.TxID) ([]*model.Tx, error) {
	txs := make([]*model.Tx, len(ids))
	for i, id := range ids {
		txs[i] = m[id]
	}
	return txs, nil
}

func TestRealBlocks(t *testing.T) {
	list, err := labels.Open(model.Mainnet, realdata.Path(t, "labels/pools/mempool-pools-v2.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ block, want string }{
		{"300025", "F2Pool"},
		{"413567", "F2Pool"},
		{"702861", "Binance Pool"},
		{"951658", "SBI Crypto by tag"},
	} {
		t.Run(c.block, func(t *testing.T) {
			raw := realdata.Read(t, "blocks/mainnet-"+c.block+".raw.gz")
			blk, err := model.DecodeBlock(raw, model.Mainnet)
			if bad := (*model.DecodeError)(nil); errors.Is(err, model.ErrTrailing) && errors.As(err, &bad) {
				blk, err = model.DecodeBlock(raw[:bad.Offset], model.Mainnet)
			}
			if err != nil {
				t.Fatal(err)
			}
			tx := blk.Txs[0]
			eng, err := heuristics.New(sources.Of(transactions{tx.ID: tx}, list), []*heuristics.Heuristic{pool.Heuristic}, heuristics.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := eng.Open(t.Context(), heuristics.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			a, fs, err := heuristics.Eval[*pool.Attribution](t.Context(), s, pool.Heuristic, model.RefTx(tx.ID))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(a.String(), c.want) || len(fs) != 1 || fs[0].Kind != "pool" || !strings.Contains(fs[0].Claim, a.Entity) {
				t.Errorf("got %v, %d findings", a, len(fs))
			}
			t.Log(fs[0].Claim, fs[0].Score.Probability, fs[0].Evidence[0].Text)
		})
	}
}

func FuzzFind(f *testing.F) {
	ts := tags("/ViaBTC/", "ViaBTC", "/ViaBTC/TATMAS Pool/", "TATMAS", "Kano", "KanoPool", "\U0001F41F", "F2Pool")
	f.Add([]byte("\x03\x00\x35\x0c/ViaBTC/x"), int32(800_000), true)
	f.Add([]byte("\x03\x00\x35\x0c/Kano/\xf0\x9f\x90\x9f"), int32(-1), false)
	f.Fuzz(func(t *testing.T, script []byte, height int32, known bool) {
		at := model.BlockRef{Height: height}
		if known {
			at.Known = model.KnownHeight
		}
		for _, m := range ts.Find(script, at, model.Mainnet) {
			if string(script[m.Offset:m.Offset+len(m.Found)]) != string(m.Found) || len(m.Found) != len(m.Bytes) {
				t.Errorf("%q at %d is not in %q", m.Found, m.Offset, script)
			}
		}
	})
}

// untimed is a source that knows one coinbase without a time, and a label.
type untimed struct {
	tx     *model.Tx
	labels []model.Label
}

func (s untimed) Network() model.Network { return model.Mainnet }

func (s untimed) Txs(_ context.Context, ids []model.TxID) ([]*model.Tx, error) {
	out := make([]*model.Tx, len(ids))
	for i := range ids {
		out[i] = s.tx
	}
	return out, nil
}

func (s untimed) Labels(_ context.Context, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	for i, r := range on {
		for _, l := range s.labels {
			if l.On == r {
				out[i] = append(out[i], l)
			}
		}
	}
	return out, nil
}

func (s untimed) Find(_ context.Context, c model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) {
		for _, l := range s.labels {
			if (c == "" || l.Category == c) && !yield(l, nil) {
				return
			}
		}
	}
}

// A label that holds for a time attributes no block of unknown time; where
// another does, the finding tells of it.
func TestLabelWithBoundsAtUnknownTime(t *testing.T) {
	tx := coinbase(nil, 800_000)
	tx.ID = model.TxID{1}
	bounded := model.Label{On: model.RefAddress(tx.Outputs[0].Owner), Entity: "Northpool", Category: model.MiningPool, Confidence: model.Percent(95), Source: "list",
		From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	always := bounded
	always.Entity, always.From = "Southpool", time.Time{}
	timed := *tx
	timed.Block.Time, timed.Block.Known = 1_690_000_000, tx.Block.Known|model.KnownTime
	eval := func(tx *model.Tx, ls ...model.Label) (*pool.Attribution, []model.Finding, error) {
		t.Helper()
		e, err := heuristics.New(sources.Of(untimed{tx, ls}), []*heuristics.Heuristic{pool.Heuristic}, heuristics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Open(context.Background(), heuristics.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		return heuristics.Eval[*pool.Attribution](context.Background(), s, pool.Heuristic, model.RefTx(tx.ID))
	}
	if a, _, err := eval(&timed, bounded); err != nil || a.Entity != "Northpool" {
		t.Errorf("time known: %v, %v", a, err)
	}
	if a, _, err := eval(tx, bounded); !errors.Is(err, heuristics.ErrSkip) {
		t.Errorf("time unknown: %v, %v", a, err)
	}
	a, fs, err := eval(tx, bounded, always)
	if err != nil || a.Entity != "Southpool" || a.Conflict || len(fs) != 1 {
		t.Fatalf("another label: %v, %v", a, err)
	}
	if !strings.Contains(strings.Join(fs[0].Unseen, "\n"), "whether 1 more labels of pools held at the time of the block") {
		t.Errorf("unseen: %q", fs[0].Unseen)
	}
}

// A coinbase of twenty thousand outputs, each listed for another pool, is judged
// in a moment.
func TestManyNames(t *testing.T) {
	took := func(n int) time.Duration {
		tx := coinbase(nil, 800_000)
		tx.Outputs = make([]model.Output, n)
		labels := make([][]model.Label, n)
		for i := range labels {
			labels[i] = named("Pool " + strconv.Itoa(i))
		}
		start := time.Now()
		if a := attribute(tx, tags(), labels...); !a.Conflict || len(a.Candidates) != n {
			t.Fatalf("%d candidates, want %d", len(a.Candidates), n)
		}
		return time.Since(start)
	}
	small, big := took(2_000), took(20_000)
	if big > 50*small+time.Second {
		t.Errorf("ten times the outputs take %v, and %v before", big, small)
	}
}
