package sources_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

// session is a recording of a bit of everything.
func session(t testing.TB) []byte {
	t.Helper()
	l := parsed(t)
	txids, outs, on, times := everything(t, l)
	bob := on[3]
	for _, r := range on {
		if ls, err := l.Labels(t.Context(), []model.Ref{r}); err == nil && len(ls[0]) > 1 {
			bob = r
		}
	}
	owner, ok := bob.Address()
	if !ok {
		t.Fatal("nobody has two labels")
	}
	fails := sources.Inject(func(op, key string) error {
		if op == "Labels" && key == model.RefTx(txids[2]).String() || op == "Select" && key == txids[3].String() {
			return away(time.Second)
		}
		return nil
	})
	return recorded(t, l.Set().Wrap(fails), func(s sources.Set) {
		ctx := t.Context()
		_, _ = s.Txs.Txs(ctx, txids[:4])
		_, _ = s.Spends.Spenders(ctx, outs[:4])
		_, _ = s.Labels.Labels(ctx, []model.Ref{bob, on[0], on[1]})
		_, _ = s.Labels.Labels(ctx, []model.Ref{bob, model.RefTx(txids[2])})
		_, _ = s.Prices.Prices(ctx, model.Mainnet, "USD", times[:2])
		_, _ = s.Blocks.Tip(ctx)
		for range s.History.History(ctx, owner, sources.Range{}) {
		}
		for range s.Blocks.Blocks(ctx, sources.Range{}) {
			break
		}
		for range s.Labels.Find(ctx, "") {
		}
		for range s.Tags.Tags(ctx) {
		}
		for range s.Select.Select(ctx, []model.Filter{{MinInputs: 1, Pays: []model.Category{model.Exchange}}, {}}, sources.Range{}) {
		}
	})
}

// The form of the file is a promise to those who keep one.
func TestTheFormOfTheFile(t *testing.T) {
	f, err := ledger.Parse("small", `
label "A <b>": addr(alice) category=exchange confidence=0.5 source=list
tag "/A/" A confidence=0.9
coinbase cb: => alice 6.25
`)
	if err != nil {
		t.Fatal(err)
	}
	src := sources.Set{Txs: f.Ledger, Blocks: f.Ledger, Labels: f.Ledger, Tags: f.Ledger, Provenance: []sources.Provenance{{Provider: "ledger", Name: "small"}}}
	file := recorded(t, src, func(s sources.Set) {
		var cb *model.Tx
		for b := range s.Blocks.Blocks(t.Context(), sources.Range{}) {
			cb = b.Txs[0]
		}
		_, _ = s.Txs.Txs(t.Context(), []model.TxID{cb.ID, {}})
		_, _ = s.Labels.Labels(t.Context(), []model.Ref{model.RefAddress(cb.Outputs[0].Owner)})
		for range s.Tags.Tags(t.Context()) {
			break
		}
	})
	want := `{"goldwash_recording":1,"has":["Txs","Blocks","Labels","Tags"],"provenance":[{"provider":"ledger","name":"small"}]}
{"tx":{"id":"CB","block":{"hash":"BLOCK","height":800000,"position":0,"time":TIME,"median_time":TIME,"bits":545259519},"raw":"RAW"}}
{"block":{"ref":{"hash":"BLOCK","height":800000,"time":TIME,"median_time":TIME,"bits":545259519},"header":"HEADER","txs":["CB"]}}
{"op":"Txs","key":"0000000000000000000000000000000000000000000000000000000000000000","none":true}
{"op":"Txs","key":"CB","txs":["CB"]}
{"op":"Blocks","key":"0-0","blocks":["BLOCK"],"end":"complete"}
{"op":"Labels","key":"mainnet address:ALICE","labels":[{"on":{"address":"ALICE"},"entity":"A <b>","category":"exchange","confidence":0.50,"source":"list"}]}
{"op":"Tags","tags":[{"bytes":"L0Ev","entity":"A","confidence":0.90,"source":"TAGSOURCE"}],"end":"read no further"}
`
	var block *model.Block
	for b := range f.Ledger.Blocks(t.Context(), sources.Range{}) {
		block = b
	}
	var tag model.Tag
	for v := range f.Ledger.Tags(t.Context()) {
		tag = v
	}
	want = strings.NewReplacer(
		"CB", block.Txs[0].ID.String(), "BLOCK", block.Ref.Hash.String(), "TIME", fmt.Sprint(block.Ref.Time), "TAGSOURCE", tag.Source,
		"RAW", fmt.Sprintf("%x", model.AppendTx(nil, block.Txs[0])), "HEADER", fmt.Sprintf("%x", model.AppendBlock(nil, block)[:80]),
		"ALICE", block.Txs[0].Outputs[0].Owner.String(),
	).Replace(want)
	want += fmt.Sprintf("{\"lines\":8,\"sha256\":\"%x\"}\n", sha256.Sum256([]byte(want)))
	if diff := cmp.Diff(want, string(file)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever is changed, wherever the file is cut off: it is refused.
func TestAChangedFileIsRefused(t *testing.T) {
	file := session(t)
	if _, err := sources.Replay(iotest.OneByteReader(bytes.NewReader(file))); err != nil {
		t.Fatal(err)
	}
	refused := func(what string, b []byte) {
		t.Helper()
		set, err := sources.Replay(bytes.NewReader(b))
		if err == nil || !errors.Is(err, sources.ErrMalformed) || set.Has() != 0 {
			t.Errorf("%s: error %v, capabilities %v", what, err, set.Has())
		}
	}
	for i := 0; i < len(file); i += 3 {
		for _, to := range []byte{file[i] ^ 1, file[i] ^ 0x20, '0'} {
			if to != file[i] {
				b := bytes.Clone(file)
				b[i] = to
				refused(fmt.Sprintf("byte %d changed from %q to %q", i, file[i], to), b)
			}
		}
		refused(fmt.Sprintf("cut off after %d bytes", i), file[:i])
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	lines = lines[:len(lines)-1]
	for i := range lines {
		refused(fmt.Sprintf("without line %d", i+1), bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil))
		refused(fmt.Sprintf("with line %d twice", i+1), bytes.Join(slices.Insert(slices.Clone(lines), i, lines[i]), nil))
	}
	for i := 2; i < len(lines); i++ {
		swapped := slices.Clone(lines)
		swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
		refused(fmt.Sprintf("with lines %d and %d swapped", i, i+1), bytes.Join(swapped, nil))
	}
}

// signed puts the digest of its lines under a file, as a forger would.
func signed(lines ...string) string {
	s := strings.Join(lines, "\n") + "\n"
	return s + fmt.Sprintf("{\"lines\":%d,\"sha256\":\"%x\"}\n", len(lines), sha256.Sum256([]byte(s)))
}

const header = `{"goldwash_recording":1,"has":["Txs","Spends","History","Blocks","Labels","Tags","Prices","Select"]}`

// A file is refused with what is wrong in which line.
func TestReplaySaysWhatIsWrong(t *testing.T) {
	file := string(session(t))
	first, rest, _ := strings.Cut(file, "\n")
	raw := "02000000" + "01" + strings.Repeat("00", 32) + "ffffffff" + "00" + "ffffffff" + "01" + strings.Repeat("00", 8) + "00" + "00000000"
	l, err := model.DecodeTx(unhex(t, raw), model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	tx := fmt.Sprintf(`{"tx":{"id":"%v","raw":"%s"`, l.ID, raw)
	other := strings.Repeat("ab", 32)
	for _, c := range []struct{ name, file, want string }{
		{"nothing", "", "line 1: malformed data: the file is empty"},
		{"text", "hello\n", "line 1: malformed data: not a recording: invalid character 'h'"},
		{"another JSON", "{\"run\":{}}\n", `line 1: malformed data: not a recording: json: unknown field "run"`},
		{"an empty object", "{}\n", "line 1: malformed data: not a recording: the first line is no header"},
		{"the future", "{\"goldwash_recording\":2}\n", "line 1: malformed data: format 2; this version reads 1"},
		{"an unknown capability", signed(`{"goldwash_recording":1,"has":["Magic"]}`), `line 1: malformed data: has: "Magic" is no capability`},
		{"a header alone", header + "\n", "line 2: malformed data: the file ends without its digest: it was cut off"},
		{"cut off in a line", file[:len(file)/2], "the file ends without its digest: it was cut off"},
		{"cut off in the last line", file[:len(file)-1], "the file ends without its digest: it was cut off"},
		{"another header", strings.Replace(first, "Txs", "Tags", 1) + "\n" + rest, "the digest is of something else than the lines before: they were changed"},
		{"more", file + "\n", "malformed data: more follows the digest"},
		{"two files", file + file, "malformed data: more follows the digest"},
		{"two values in a line", signed(header, `{"op":"Tip","tip":{}} {}`), "line 2: malformed data: more than one value in one line"},
		{"a wrong count", strings.Replace(signed(header), `"lines":1`, `"lines":2`, 1), "line 2: malformed data: 1 lines before the last, want 2"},
		{"the last line in another spelling", strings.Replace(signed(header), `"lines"`, ` "Lines"`, 1), "line 2: malformed data: the last line was changed"},
		{"an unknown method", signed(header, `{"op":"Steal","key":"x"}`), "line 2: malformed data: Steal x: no such method"},
		{"no method", signed(header, `{}`), "line 2: malformed data:  : no such method"},
		{"no answer", signed(header, `{"op":"Spenders","key":"x"}`), "line 2: malformed data: Spenders x: no answer, or more than one"},
		{"no transaction", signed(header, `{"op":"Txs","key":"x"}`), "Txs x: no answer, or more than one"},
		{"no label", signed(header, `{"op":"Labels","key":"x"}`), "Labels x: no answer, or more than one"},
		{"no price", signed(header, `{"op":"Prices","key":"x"}`), "Prices x: no answer, or more than one"},
		{"no tip", signed(header, `{"op":"Tip","key":""}`), "no answer, or more than one"},
		{"an answer twice", signed(header, `{"op":"Tip","tip":{}}`, `{"op":"Tip","tip":{}}`), "line 3: malformed data: Tip : stands twice"},
		{"an error twice", signed(header, `{"op":"Tip","keys":[""],"error":{"text":"x"}}`, `{"op":"Tip","keys":[""],"error":{"text":"y"}}`), "line 3: malformed data: Tip : stands twice"},
		{"an error of nothing", signed(header, `{"op":"Tip","error":{"text":"x"}}`), "no answer, or more than one"},
		{"an unknown state", signed(header, `{"op":"Spenders","key":"x","spend":{"state":"gone"}}`), `spend: state "gone"`},
		{"a bad rate", signed(header, `{"op":"Prices","key":"x","price":{"currency":"USD","day":"2022-01-01T00:00:00Z","rate":"1e9999"}}`), "want a plain decimal"},
		{"an unknown transaction", signed(header, `{"op":"Txs","key":"x","txs":["y"]}`), `Txs x: "y" does not stand in a line before`},
		{"an unknown block", signed(header, `{"op":"Blocks","key":"0-0","blocks":["y"],"end":"complete"}`), `"y" does not stand in a line before`},
		{"a sequence without end", signed(header, `{"op":"Tags","tags":[]}`), "page 0 of 0 elements, want 1000"},
		{"an end of another kind", signed(header, `{"op":"Tags","end":"soon"}`), `end: "soon"`},
		{"an error without text", signed(header, `{"op":"Tags","end":"error"}`), "no answer, or more than one"},
		{"a page too many", signed(header, `{"op":"Tags","end":"complete"}`, `{"op":"Tags","page":1,"end":"complete"}`), "line 3: malformed data: Tags : stands twice"},
		{"a page that is not the next", signed(header, `{"op":"Tags","page":3,"end":"complete"}`), "page 3 after 0 elements"},
		{"the last page missing", signed(header, `{"op":"Tags","tags":[`+strings.Repeat(`{},`, 999)+`{}]}`), "line 3: malformed data: a sequence lacks its last page"},
		{"a forged transaction", signed(header, strings.Replace(tx, l.ID.String(), other, 1)+`}}`), "transaction " + other + ": the bytes hash to " + l.ID.String()},
		{"bytes said not to hash", signed(header, tx+`,"unhashed":true}}`), "the bytes hash to " + l.ID.String()},
		{"half a transaction", signed(header, strings.Replace(tx, raw, raw[:40], 1)+`}}`), "raw: "},
		{"no hexadecimal", signed(header, strings.Replace(tx, raw, "zz", 1)+`}}`), "raw: encoding/hex"},
		{"too many inputs", signed(header, tx+`,"in":[null,null]}}`), "in: 2 of 1 inputs"},
		{"too many outputs", signed(header, tx+`,"out":[null,null]}}`), "out: 2 of 1 outputs"},
		{"an owner of no network", signed(header, tx+`,"out":["bc1nobody"]}}`), "output 0: "},
		{"an owner by hearsay", signed(header, tx+`,"in":[{"by":"hearsay"}]}}`), `input 0: owner by "hearsay"`},
		{"a forged header", signed(header, fmt.Sprintf(`{"block":{"ref":{"hash":"%s"},"header":"%s"}}`, other, strings.Repeat("00", 80))), "block " + other + ": the header hashes to "},
		{"half a header", signed(header, `{"block":{"ref":{},"header":"00"}}`), "header: want 80 bytes"},
		{"a label of nothing", signed(header, `{"op":"Labels","key":"x","labels":[{"on":{"address":"bc1nobody"}}]}`), "line 2: malformed data: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sources.Replay(strings.NewReader(c.file))
			if err == nil || !strings.HasPrefix(err.Error(), "replay: Replay line ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if !errors.Is(err, sources.ErrMalformed) {
				t.Errorf("error %v is not of kind ErrMalformed", err)
			}
		})
	}
	if _, err := sources.Replay(strings.NewReader(signed(header, tx+`}}`))); err != nil {
		t.Errorf("the transaction that the others change: %v", err)
	}
}

func unhex(t testing.TB, s string) (b []byte) {
	t.Helper()
	if _, err := fmt.Sscanf(s, "%x", &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReplayTellsOfItsReader(t *testing.T) {
	file := session(t)
	disk := errors.New("disk on fire")
	_, err := sources.Replay(io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(disk)))
	if !errors.Is(err, disk) || !errors.Is(err, sources.ErrUnavailable) || errors.Is(err, sources.ErrMalformed) {
		t.Errorf("error %v", err)
	}
}

// A line without end is not read to the end of memory.
func TestReplayIsBounded(t *testing.T) {
	_, err := sources.Replay(io.MultiReader(strings.NewReader(header+"\n"), endless{}))
	if err == nil || err.Error() != "replay: Replay line 2: malformed data: more than 67108864 bytes in one line" {
		t.Errorf("error %v", err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// What was never asked is not answered, least of all with "there is none".
func TestReplayOfWhatWasNotAsked(t *testing.T) {
	file := recorded(t, sources.Of(&source{tip: 3}), func(sources.Set) {})
	s := replayed(t, file)
	if got, want := s.Has().String(), "Txs|Spends|History|Blocks|Labels|Tags|Prices|Select|Books"; got != want {
		t.Errorf("has %s, want %s", got, want)
	}
	for op, ask := range everyMethod() {
		err := ask(t.Context(), s)
		var e *sources.Error
		if !errors.Is(err, sources.ErrUnavailable) || errors.Is(err, sources.ErrNotFound) || !errors.As(err, &e) || e.Op != op ||
			!strings.HasSuffix(err.Error(), "unavailable: not in the recording") {
			t.Errorf("%s: error %v", op, err)
		}
	}
	for op, ask := range everyMethod() {
		file := recorded(t, sources.Of(&source{tip: 3}), func(s sources.Set) {
			if err := ask(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
		for other, ask := range everyMethod() {
			if err := ask(t.Context(), replayed(t, file)); (err == nil) != (op == other) {
				t.Errorf("%s was asked; %s: error %v", op, other, err)
			}
		}
	}
}

func TestReplayHasTheCapabilitiesOfTheRecordedSet(t *testing.T) {
	full := sources.Of(&source{tip: 3})
	for _, s := range []sources.Set{{}, full, {Txs: full.Txs, Blocks: full.Blocks}, {Labels: full.Labels}, {Prices: full.Prices, Select: full.Select, Spends: full.Spends},
		{Tags: full.Tags, History: full.History}, {Books: full.Books}} {
		if got := replayed(t, recorded(t, s, func(sources.Set) {})).Has(); got != s.Has() {
			t.Errorf("has %v, want %v", got, s.Has())
		}
	}
}

// The same text can be an address of several networks, and the same filters can
// be written in several ways; what differs is told apart.
func TestQuestionsAreToldApart(t *testing.T) {
	net := func(n model.Network) model.Address { return model.AddressOf([]byte{0x51, 0x20, 33: 7}, n) }
	src := sources.Of(&source{tip: 4})
	history := func(a model.Address, r sources.Range) func(sources.Set) error {
		return func(s sources.Set) error { return last(s.History.History(context.Background(), a, r)) }
	}
	label := func(r model.Ref) func(sources.Set) error {
		return func(s sources.Set) error {
			_, err := s.Labels.Labels(context.Background(), []model.Ref{r})
			return err
		}
	}
	pick := func(r sources.Range, fs ...model.Filter) func(sources.Set) error {
		return func(s sources.Set) error { return last(s.Select.Select(context.Background(), fs, r)) }
	}
	price := func(n model.Network, currency string, at time.Time) func(sources.Set) error {
		return func(s sources.Set) error {
			_, err := s.Prices.Prices(context.Background(), n, currency, []time.Time{at})
			return err
		}
	}
	find := func(c model.Category) func(sources.Set) error {
		return func(s sources.Set) error { return last(s.Labels.Find(context.Background(), c)) }
	}
	entries := func(q sources.EntryQuery) func(sources.Set) error {
		return func(s sources.Set) error { return last(s.Books.Entries(context.Background(), q)) }
	}
	noon := time.Date(2022, 8, 18, 12, 0, 0, 0, time.UTC)
	questions := []func(sources.Set) error{
		history(net(model.Testnet3), sources.Range{}), history(net(model.Signet), sources.Range{}), history(net(model.Signet), sources.Range{From: 1}),
		history(net(model.Signet), sources.Range{To: 1}), history(model.Address{}, sources.Range{}),
		history(net(model.Signet), sources.Range{From: 1, To: -2}), history(net(model.Signet), sources.Range{From: -1, To: 2}),
		label(model.RefAddress(net(model.Testnet3))), label(model.RefAddress(net(model.Testnet4))), label(model.RefTx(id(1))), label(model.RefBlock(model.BlockHash(id(1)))),
		label(model.Ref{}), label(model.RefOutpoint(model.Outpoint{Tx: id(1)})), label(model.RefInpoint(model.Inpoint{Tx: id(1)})),
		pick(sources.Range{}), pick(sources.Range{}, model.Filter{}), pick(sources.Range{}, model.Filter{}, model.Filter{}),
		pick(sources.Range{}, model.Filter{MinInputs: 2}), pick(sources.Range{}, model.Filter{MinOutputs: 2}), pick(sources.Range{}, model.Filter{MinEqual: 2}),
		pick(sources.Range{}, model.Filter{Coinbase: true}), pick(sources.Range{}, model.Filter{NotCoinbase: true}), pick(sources.Range{}, model.Filter{NullData: true}),
		pick(sources.Range{}, model.Filter{Pays: []model.Category{"a"}}), pick(sources.Range{}, model.Filter{Spends: []model.Category{"a"}}),
		pick(sources.Range{}, model.Filter{Pays: []model.Category{"a", "b"}}), pick(sources.Range{}, model.Filter{Pays: []model.Category{"a\",\"b"}}),
		pick(sources.Range{}, model.Filter{From: 1}), pick(sources.Range{}, model.Filter{To: 1}), pick(sources.Range{From: 1}),
		price(model.Mainnet, "USD", noon), price(model.Mainnet, "EUR", noon), price(model.Signet, "USD", noon), price(model.Mainnet, "USD", noon.Add(1)),
		price(model.Mainnet, "", noon), price(model.Mainnet, "USD\n", noon), price(model.Mainnet, "\xff", noon), price(model.Mainnet, "\xfe", noon),
		price(model.Mainnet, "USD", time.Time{}),
		entries(sources.EntryQuery{}), entries(sources.EntryQuery{Kind: sources.EntryOrder}), entries(sources.EntryQuery{Service: "a"}), entries(sources.EntryQuery{Account: "a"}),
		entries(sources.EntryQuery{Order: "a"}), entries(sources.EntryQuery{Account: `a" order="b`}), entries(sources.EntryQuery{Account: "a", Order: "b"}),
		entries(sources.EntryQuery{Account: "\n"}), entries(sources.EntryQuery{Tx: id(1)}),
		entries(sources.EntryQuery{Address: net(model.Testnet3)}), entries(sources.EntryQuery{Address: net(model.Signet)}),
		find(""), find("a"), find("\""), find("\xff"), find("\xfe"), find("\n"),
	}
	for i, q := range questions {
		s := replayed(t, recorded(t, src, func(s sources.Set) {
			if err := q(s); err != nil {
				t.Error(err)
			}
		}))
		for j, other := range questions {
			if err := other(s); (err == nil) != (i == j) {
				t.Errorf("question %d was asked; question %d: error %v", i, j, err)
			}
		}
	}
	// And what is the same is the same.
	s := replayed(t, recorded(t, src, func(s sources.Set) {
		_ = price(model.Mainnet, "USD", noon)(s)
		_ = pick(sources.Range{}, model.Filter{Pays: []model.Category{}})(s)
	}))
	for _, q := range []func(sources.Set) error{
		price(model.Mainnet, "USD", noon.In(time.FixedZone("elsewhere", 3600))), pick(sources.Range{}, model.Filter{}),
	} {
		if err := q(s); err != nil {
			t.Error(err)
		}
	}
}

// The addresses of every network come back as they were.
func TestReplayOnEveryNetwork(t *testing.T) {
	for _, net := range model.Networks() {
		f, err := ledger.Parse("test", "network "+net.String()+`
label Portmere: addr(x) category=exchange
label Portmere: addr(bare:multisig) category=exchange
price 2023-07-24 USD 1.50
tx only: new(z) 1 => x:p2pkh 0.1, y:p2tr 0.2, bare:multisig 0.2, s:p2sh rest
tx next: only.0..3 => x 0.3
`)
		if err != nil {
			t.Fatal(err)
		}
		file := recorded(t, f.Ledger.Set(), func(s sources.Set) { sourcetest.Check(t, f.Ledger, s, sourcetest.Options{}) })
		sourcetest.Check(t, f.Ledger, replayed(t, file), sourcetest.Options{})
	}
}

// FuzzReplay checks that no file brings the reader down, and that a file which is
// accepted is one that a replay of it answers from.
func FuzzReplay(f *testing.F) {
	file := session(f)
	f.Add(string(file))
	lines := strings.SplitAfter(string(file), "\n")
	for i := 1; i+2 < len(lines); i++ {
		f.Add(header + "\n" + lines[i])
	}
	f.Add(header + "\n" + `{"op":"Tags","tags":[{}],"end":"complete"}`)
	f.Fuzz(func(t *testing.T, s string) {
		// The digest is put right, or nothing behind it would be reached.
		s = strings.TrimSuffix(s, "\n")
		body := strings.Split(s, "\n")
		if n := len(body); n > 1 && strings.HasPrefix(body[n-1], `{"lines":`) {
			body = body[:n-1]
		}
		for _, file := range []string{s, signed(body...)} {
			set, err := sources.Replay(strings.NewReader(file))
			if err != nil {
				if !errors.Is(err, sources.ErrMalformed) {
					t.Fatalf("error %v is not of kind ErrMalformed", err)
				}
				continue
			}
			// What was read can be asked, recorded and read again.
			again := recordedOrNot(t, set, func(s sources.Set) {
				if s.Has() != sources.Books<<1-1 {
					return
				}
				methods := everyMethod()
				for _, op := range slices.Sorted(maps.Keys(methods)) {
					_ = methods[op](t.Context(), s)
				}
			})
			if again == nil {
				continue
			}
			if _, err := sources.Replay(bytes.NewReader(again)); err != nil {
				t.Fatalf("recorded again: %v\n%s", err, again)
			}
		}
	})
}

// recordedOrNot is recorded for sets whose answers may be beyond recording.
func recordedOrNot(t testing.TB, s sources.Set, run func(sources.Set)) []byte {
	t.Helper()
	var file bytes.Buffer
	rec := sources.Record(&file, sources.RecordOptions{})
	run(s.Wrap(rec.Middleware))
	if err := rec.Close(); err != nil {
		if !errors.Is(err, sources.ErrMalformed) {
			t.Fatal(err)
		}
		return nil
	}
	return file.Bytes()
}

func ExampleRecord() {
	f, err := ledger.Parse("example", "tx a: new => alice 1")
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer // in earnest, a file
	rec := sources.Record(&file, sources.RecordOptions{})
	set := f.Ledger.Set().Wrap(rec.Middleware)
	tip, err := set.Blocks.Tip(context.Background())
	fmt.Println("recorded:", tip.Height, err)
	if err := rec.Close(); err != nil {
		fmt.Println(err)
		return
	}

	set, err = sources.Replay(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	tip, err = set.Blocks.Tip(context.Background())
	fmt.Println("replayed:", tip.Height, err)
	_, err = set.Txs.Txs(context.Background(), []model.TxID{{}})
	fmt.Println(errors.Is(err, sources.ErrUnavailable))
	// Output:
	// recorded: 800000 <nil>
	// replayed: 800000 <nil>
	// true
}
