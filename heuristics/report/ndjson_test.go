package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/report"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func address(t testing.TB, s string, net model.Network) model.Address {
	t.Helper()
	a, err := model.ParseAddress(s, net)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	alice = "1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne"
	bob   = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
	test  = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"
	long  = "bc1p5d7rjq7g6rdk2yhzks9smlaqtedr4dekq08ge8ztwac72sfr9rusxg3297"
)

func txid(t testing.TB, hex string) model.TxID {
	t.Helper()
	id, err := model.ParseTxID(hex)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

const someTx = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"

// sealed returns a valid finding with something in every field that the text
// shows.
func sealed(t testing.TB, change ...func(*model.Finding)) *model.Finding {
	t.Helper()
	tx := txid(t, someTx)
	a, b := address(t, alice, model.Mainnet), address(t, bob, model.Mainnet)
	paid := model.Money{Amount: 35_000_000, Unit: "sat", Fiat: &model.Fiat{Currency: "USD", Amount: decimal.RequireFromString("8124.46"), Places: 2}}
	ev := []model.Evidence{
		{Family: "recognition", Text: "It looks the part.", Weight: 3 * model.Nat, Discounted: 2 * model.Nat, Items: []model.Item{
			{On: model.RefInpoint(model.Inpoint{Tx: tx, Vin: 1}), Role: "payer", Address: b, Note: "owner by unlocking"},
			{On: model.RefOutpoint(model.Outpoint{Tx: tx, Vout: 0}), Role: "payee_output", Address: a, Value: &paid},
		}},
		{Family: "timing", Text: "It came a day late.", Weight: -model.Nat, Discounted: -model.Nat},
		{Family: "context", Text: "Nothing follows from this."},
	}
	f := &model.Finding{
		Network: model.Mainnet, Heuristic: "example", Version: 3, Kind: "deposit/unattributed", Subject: model.RefTx(tx),
		Related: []model.Ref{model.RefAddress(a)}, Claim: "Somebody paid 0.35000000 BTC to " + alice + ".",
		Score:      model.Combine(model.Percent(50), "a payment is a deposit", ev, model.Percent(90), "a label is not a proof"),
		Confidence: model.AnalyticConfidence{Level: model.Moderate, Reasons: []string{"one label", "no rates"}},
		Block: model.BlockRef{
			Known:  model.KnownHeight | model.KnownTime | model.KnownMedian,
			Height: 170, Time: time.Date(2009, 1, 12, 3, 30, 25, 0, time.UTC).Unix(), Median: time.Date(2009, 1, 12, 2, 0, 0, 0, time.UTC).Unix(),
		},
		Amounts:  []model.Figure{{Role: "paid", Money: paid}, {Role: "kept_back", Money: model.Money{Unit: "sat"}}},
		Facts:    []model.Fact{{Name: "pays_to", Value: "HashBazaar"}},
		Evidence: ev,
		Parts: []model.Item{
			{On: model.RefOutpoint(model.Outpoint{Tx: tx, Vout: 0}), Role: "member", Address: a, Value: &paid, Note: "no sign of the pool"},
			{On: model.RefOutpoint(model.Outpoint{Tx: tx, Vout: 1}), Role: "pool_internal", Address: b},
		},
		Labels: []model.Label{{
			On: model.RefAddress(a), Entity: "HashBazaar", Category: model.HashMarketplace, Role: model.RoleDeposit, Method: model.MethodTestPayment,
			Confidence: model.Percent(90), Source: "own test", Asserted: time.Date(2009, 1, 10, 0, 0, 0, 0, time.UTC),
		}},
		Premises:     []model.Premise{{Text: "the label holds", Question: "Was it current?", Answer: "unknown: it has no bounds."}},
		Alternatives: []model.Alternative{{Text: "somebody else's account", WhyNot: "the ledger does not show accounts."}},
		Counter:      []model.Counter{{Text: "a refund"}, {Text: "It was paid twice.", Found: true}},
		RefutedBy:    []string{"The service's books."}, Unseen: []string{"Lightning."},
		ErrorRates: []model.ErrorRate{
			model.NotMeasured("deposits"),
			{Of: "deposits", Measured: true, Population: "block 363703", N: 5, FalsePos: 1, Reference: "data page"},
		},
		Partial: true,
	}
	for _, c := range change {
		c(f)
	}
	if err := f.Seal(); err != nil {
		t.Fatal(err)
	}
	return f
}

// one of each message.
func messages(t testing.TB) []report.Message {
	on := address(t, test, model.Signet)
	tip := model.BlockRef{Known: model.KnownHeight, Height: 7}
	return []report.Message{
		{Run: &report.Run{
			Protocol: report.Protocol, Tool: "goldwash", Version: "v1.2.3", Network: model.Signet, Operator: "desk 4",
			At: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), Tip: tip, Lookups: 20_000, Currency: "USD",
			Scope: heuristics.Scope{From: 3, To: 9, Seeds: []model.Ref{model.RefAddress(on)}, Actors: []model.Label{
				{On: model.RefAddress(on), Entity: "Subject", Category: model.Actor, Confidence: model.Percent(80), Source: "stated"},
			}},
			Sources: []sources.Provenance{{Provider: "ledger", Name: "case.ledger", Note: "4 blocks"}}, Replay: "go run ./x",
			Data: model.Digest{3}, Population: "payouts of 2022",
		}},
		{Heuristic: &report.Heuristic{
			Name: "example", Version: 3, Title: "an example", Doc: "an example\n\nWrong at times.", Listed: true, Horizon: "past",
			Kinds: []model.Fact{{Name: "deposit", Value: "wrong at times"}}, Requires: []string{"pool"},
			Parameters: []model.Parameter{{Name: "p", Value: "1", Origin: model.Chosen}},
		}},
		{Finding: sealed(t)},
		{Finding: sealed(t, func(f *model.Finding) {
			f.Network, f.Labels, f.Evidence, f.Parts = model.Signet, nil, nil, nil
			f.Related, f.Score = []model.Ref{model.RefAddress(on)}, model.Product(0, "", model.Factor{Name: "label", Given: model.Certain, Probability: model.Percent(70)})
		})},
		{Failure: &report.Failure{Heuristic: "example", Subject: model.RefAddress(on), Error: "look-ups: <away> & \"gone\""}},
		{Failure: &report.Failure{Heuristic: "run", Error: "interrupted"}},
		{Progress: &heuristics.Progress{Stage: "subjects", Subjects: 512, Findings: 3, Failures: 1, At: tip}},
		{Withdrawn: &report.Withdrawn{ID: sealed(t).ID, Because: "the label was withdrawn"}},
		{Coverage: &heuristics.Coverage{
			Has: "Txs", Lacks: "Prices", From: 3, To: 9, Tip: tip, Blocks: 4, Txs: 8, Labels: []model.Fact{{Name: "actor", Value: "1"}},
			Heuristics: []heuristics.HeuristicCoverage{{Heuristic: "example", Version: 3, Offered: 8, Notes: []heuristics.Note{{Text: "blind", Count: 2}}}},
			Failures:   2, Incomplete: true,
		}},
	}
}

func encode(t testing.TB, ms ...report.Message) string {
	t.Helper()
	var b bytes.Buffer
	enc := report.NewEncoder(&b)
	for _, m := range ms {
		if err := enc.Encode(m); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func decode(r io.Reader) (ms []report.Message, err error) {
	for m, e := range report.Decode(r) {
		if err != nil {
			return ms, errors.New("an element after an error")
		}
		if e != nil {
			err = e
			continue
		}
		ms = append(ms, m)
	}
	return ms, err
}

func TestRoundTrip(t *testing.T) {
	want := messages(t)
	text := encode(t, want...)
	if n := strings.Count(text, "\n"); n != len(want) {
		t.Errorf("%d lines for %d messages", n, len(want))
	}
	if strings.Contains(text, `\u003c`) || !strings.Contains(text, "<away> &") {
		t.Error("characters are escaped for HTML, which nobody asked for")
	}
	got, err := decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if again := encode(t, got...); again != text {
		t.Errorf("encoding again differs (-want +got):\n%s", cmp.Diff(text, again))
	}
	for _, m := range got {
		if m.Finding != nil {
			if err := m.Finding.Validate(); err != nil {
				t.Error(err)
			}
		}
	}
}

// The test networks write their addresses alike. Those of a run are of its
// network, and those of a finding of its own.
func TestAddressesKeepTheirNetwork(t *testing.T) {
	got, err := decode(strings.NewReader(encode(t, messages(t)...)))
	if err != nil {
		t.Fatal(err)
	}
	want := model.RefAddress(address(t, test, model.Signet))
	for _, r := range []model.Ref{
		got[0].Run.Scope.Seeds[0], got[0].Run.Scope.Actors[0].On, got[3].Finding.Related[0], got[4].Failure.Subject,
	} {
		if r != want {
			a, _ := r.Address()
			t.Errorf("%v is read as one of %v", r, a.Network())
		}
	}
}

func TestEncodeWantsOneField(t *testing.T) {
	f := sealed(t)
	for _, m := range []report.Message{{}, {Finding: f, Withdrawn: &report.Withdrawn{}}} {
		var b bytes.Buffer
		if err := report.NewEncoder(&b).Encode(m); err == nil || b.Len() > 0 {
			t.Errorf("wrote %q, error %v", b.String(), err)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (failing) Read([]byte) (int, error)  { return 0, io.ErrClosedPipe }

func TestErrorsOfStreams(t *testing.T) {
	if err := report.NewEncoder(failing{}).Encode(messages(t)[0]); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("encoding to a closed pipe: %v", err)
	}
	ms, err := decode(io.MultiReader(strings.NewReader(encode(t, messages(t)[:2]...)), failing{}))
	if len(ms) != 2 || !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(fmt.Sprint(err), "line 3") {
		t.Errorf("%d messages before %v", len(ms), err)
	}
}

func TestDecode(t *testing.T) {
	withdrawn := `{"withdrawn":{"id":"` + strings.Repeat("ab", 32) + `","because":"x"}}`
	for _, test := range []struct {
		name, text string
		n          int    // messages
		err        string // what the error holds; "" for none
	}{
		{"nothing", "", 0, ""},
		{"empty lines", "\n \n" + withdrawn + "\n\n", 1, ""},
		{"no newline at the end", withdrawn, 1, ""},
		{"carriage returns", withdrawn + "\r\n" + withdrawn + "\r\n", 2, ""},
		{"a key from the future inside", `{"withdrawn":{"because":"x","colour":"red"}}`, 1, ""},
		{"a key from the future beside", `{"withdrawn":{},"colour":"red"}`, 1, ""},
		{"no known key", withdrawn + "\n" + `{"colour":"red"}` + "\n" + withdrawn, 1, "line 2: 0 known keys, want one"},
		{"two known keys", `{"withdrawn":{},"coverage":{}}`, 0, "line 1: 2 known keys"},
		{"null", `{"finding":null}`, 0, "line 1: 0 known keys"},
		{"no object", `[]`, 0, "line 1: "},
		{"two objects", withdrawn + withdrawn, 0, "line 1: "},
		{"cut short", "\n" + withdrawn[:20], 0, "line 2: unexpected end"},
		{"not text", "\xff\xfe\x00", 0, "line 1: "},
		{"a number for an amount", `{"finding":{"amounts":[{"role":"paid","amount":35,"unit":"sat"}]}}`, 0, "line 1: "},
		{"a reference to two things", `{"failure":{"subject":{"tx":"` + someTx + `","block":"` + someTx + `"}}}`, 0, "line 1: "},
		{"an address that is none", `{"failure":{"subject":{"address":"nobody"}}}`, 0, "line 1: "},
		{"an unknown network", `{"run":{"network":"moonnet"}}`, 0, "line 1: "},
		{"nested without end", strings.Repeat(`{"run":`, 20_000), 0, "line 1: "},
	} {
		ms, err := decode(strings.NewReader(test.text))
		if len(ms) != test.n || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %d messages and the error %v, want %d and %q", test.name, len(ms), err, test.n, test.err)
		}
	}
}

// endless yields one line without an end.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestDecodeIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MiB")
	}
	var in endless
	ms, err := decode(&in)
	if len(ms) != 0 || err == nil || !strings.Contains(err.Error(), "line 1: longer than") {
		t.Errorf("%d messages, %v", len(ms), err)
	}
	if in.read > 130<<20 {
		t.Errorf("read %d bytes of one line", in.read)
	}
}

func TestDecodeStops(t *testing.T) {
	n := 0
	for range report.Decode(strings.NewReader(encode(t, messages(t)...))) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d messages after a break at the second", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages(f) {
		f.Add([]byte(encode(f, m)))
	}
	f.Add([]byte(encode(f, messages(f)...)))
	f.Add([]byte("{\"run\":{}}\n{\"colour\":1}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		ms, err := decode(bytes.NewReader(b))
		if len(ms) > bytes.Count(b, []byte("\n"))+1 {
			t.Errorf("%d messages in %d bytes", len(ms), len(b))
		}
		if err != nil && !strings.HasPrefix(err.Error(), "report: line ") {
			t.Errorf("error %v does not name the line", err)
		}
		for _, m := range ms {
			// What was read can be written, read again and shown.
			text := encode(t, m)
			again, err := decode(strings.NewReader(text))
			if err != nil || len(again) != 1 {
				t.Fatalf("%d messages and %v of what was encoded:\n%s", len(again), err, text)
			}
			if m.Failure == nil && encode(t, again...) != text {
				t.Errorf("encoding is not stable:\n%s\n%s", text, encode(t, again...))
			}
			show(t, m)
		}
	})
}

// show writes a message as text, and wants no character that a terminal obeys.
func show(t *testing.T, m report.Message) string {
	t.Helper()
	var b strings.Builder
	var err error
	switch {
	case m.Run != nil:
		err = report.RunText(&b, m.Run)
	case m.Finding != nil:
		_ = m.Finding.Validate()
		var totals report.Totals
		totals.Add(m.Finding)
		err = errors.Join(report.Text(&b, m.Finding, nil), totals.Text(&b))
	case m.Failure != nil:
		err = report.FailureText(&b, m.Failure)
	case m.Coverage != nil:
		err = report.CoverageText(&b, *m.Coverage)
	}
	if err != nil {
		t.Errorf("writing text: %v", err)
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		if line != report.Printable(line) {
			t.Errorf("control characters in %q", line)
		}
	}
	return b.String()
}
