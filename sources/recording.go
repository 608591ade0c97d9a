package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goldwash/goldwash/model"
)

// recording is what [Record] keeps and [Replay] answers from: a function from
// questions to answers. Batches are kept item by item, so that the same
// questions in other batches have the same answers.
type recording struct {
	has        Capability
	provenance []Provenance

	txs    batches[*model.Tx]
	spends batches[model.Spend]
	tip    batches[model.BlockRef] // of the one key ""
	labels batches[[]model.Label]
	prices batches[model.Price]

	history  sequences[*model.Tx]
	blocks   sequences[*model.Block]
	found    sequences[model.Label]
	tags     sequences[model.Tag]
	selected sequences[*model.Tx]
	entries  sequences[Entry]
}

func newRecording() *recording {
	return &recording{
		txs: newBatches[*model.Tx](), spends: newBatches[model.Spend](), tip: newBatches[model.BlockRef](),
		labels: newBatches[[]model.Label](), prices: newBatches[model.Price](),
		history: sequences[*model.Tx]{}, blocks: sequences[*model.Block]{}, found: sequences[model.Label]{},
		tags: sequences[model.Tag]{}, selected: sequences[*model.Tx]{}, entries: sequences[Entry]{},
	}
}

// batches holds the answers of a method that answers batches.
type batches[V any] struct {
	items map[string]V
	// failed holds the batches that got an error, by the joined keys of their
	// items. An error is of the whole batch: which item it is about, only the
	// source knows, and another batch with some of the items may succeed.
	failed map[string]*failedBatch
}

type failedBatch struct {
	keys []string // sorted, once each
	failure
}

func newBatches[V any]() batches[V] {
	return batches[V]{items: map[string]V{}, failed: map[string]*failedBatch{}}
}

// answer returns the error of exactly this batch, or the answers of its items
// with the places of those that have none.
func (b *batches[V]) answer(keys []string) (vs []V, missing []int, err error) {
	if len(b.failed) > 0 {
		if f := b.failed[joinKeys(keys)]; f != nil {
			return nil, nil, f.err
		}
	}
	vs = make([]V, len(keys))
	for i, k := range keys {
		v, ok := b.items[k]
		if !ok {
			missing = append(missing, i)
		}
		vs[i] = v
	}
	return vs, missing, nil
}

// distinct returns the keys sorted, once each.
func distinct(keys []string) []string {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// joinKeys names a batch, whatever the order of its items. No key holds a line
// feed.
func joinKeys(keys []string) string { return strings.Join(distinct(keys), "\n") }

// sequences holds the answers of a method that answers with sequences, by key.
type sequences[T any] map[string]*sequence[T]

// sequence is as much of a sequence as was read.
type sequence[T any] struct {
	elems []T
	ended bool     // the source said so; else every reader broke out before
	fail  *failure // the error that ended it
}

// failure is an error that was recorded: its form in the file, and the error
// itself.
type failure struct {
	line errorLine
	err  error
}

// kinds are the errors that a recording knows apart.
var kinds = [...]struct {
	name string
	err  error
}{
	{"not_found", ErrNotFound}, {"unavailable", ErrUnavailable}, {"budget", ErrBudget}, {"reorg", ErrReorg}, {"malformed", ErrMalformed},
	// Those of a source's own clock; a caller's context is not recorded.
	{"timeout", context.DeadlineExceeded}, {"cancelled", context.Canceled},
}

// errorLine is an error in the file.
type errorLine struct {
	Kinds []string `json:"kinds,omitempty"`
	Text  string   `json:"text"`
	// At is the [Error] in the chain, where there is one.
	At *errorAt `json:"at,omitempty"`
}

type errorAt struct {
	Source     string `json:"source,omitempty"`
	Op         string `json:"op,omitempty"`
	Key        string `json:"key,omitempty"`
	RetryAfter int64  `json:"retry_after_ns,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// failureOf makes what is recorded of an error. Its err is what the recorded
// run sees as well: the error as it is, or, where something had to be taken out
// of its text, what a replay will see.
func failureOf(err error) failure {
	l, whole := errorLine{Text: redact(err.Error())}, err.Error()
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			l.Kinds = append(l.Kinds, k.name)
		}
	}
	var at *Error
	clean := l.Text == whole
	if errors.As(err, &at) {
		l.At = &errorAt{
			Source: redact(at.Source), Op: redact(at.Op), Key: redact(at.Key),
			RetryAfter: int64(at.RetryAfter), Reason: redact(at.Err.Error()),
		}
		clean = clean && l.At.Source == at.Source && l.At.Op == at.Op && l.At.Key == at.Key && l.At.Reason == at.Err.Error()
	}
	if clean {
		return failure{l, err}
	}
	return failure{l, l.error()}
}

// error returns an error with the text, kinds and [Error] of the one that was
// recorded.
func (l *errorLine) error() error {
	var is []error
	for _, name := range l.Kinds {
		for _, k := range kinds {
			if k.name == name {
				is = append(is, k.err)
			}
		}
	}
	if l.At == nil {
		return &toldError{l.Text, is}
	}
	e := &Error{
		Source: l.At.Source, Op: l.At.Op, Key: l.At.Key, RetryAfter: time.Duration(l.At.RetryAfter),
		Err: &toldError{l.At.Reason, is},
	}
	if e.Error() == l.Text {
		return e
	}
	return &toldError{l.Text, []error{e}}
}

// toldError is an error with the text of another.
type toldError struct {
	text string
	is   []error
}

func (e *toldError) Error() string   { return e.text }
func (e *toldError) Unwrap() []error { return e.is }

// redact takes from the URLs of a text what may be a secret: names and passwords,
// queries and fragments. Secrets elsewhere, such as in a path, it cannot know.
func redact(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(s, "://")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		out.WriteString("://")
		end := strings.IndexAny(after, " \t\r\n\"'<>`")
		if end < 0 {
			end = len(after)
		}
		// What ends a word of the text ends no URL.
		end = len(strings.TrimRight(after[:end], ".,:;!)]}"))
		url, rest := after[:end], after[end:]
		// A password may hold anything, so all before the last @ goes, even
		// where it is part of a path.
		if at := strings.LastIndexByte(url, '@'); at >= 0 {
			url = url[at+1:]
		}
		if q := strings.IndexAny(url, "?#"); q >= 0 {
			url = url[:q]
		}
		out.WriteString(url)
		s = rest
	}
}

func redactProvenance(ps []Provenance) []Provenance {
	ps = slices.Clone(ps)
	for i := range ps {
		p := &ps[i]
		p.Provider, p.Name, p.Note = redact(p.Provider), redact(p.Name), redact(p.Note)
	}
	return ps
}

// The texts of questions. They are injective, and the same for questions that
// must have the same answer.

func addressKey(a model.Address) string { return a.Network().String() + " " + a.String() }

func historyKey(a model.Address, r Range) string { return addressKey(a) + " " + r.key() }

// refKey is [model.Ref.String] with the network of an address, of which its text
// does not always tell.
func refKey(r model.Ref) string {
	if a, ok := r.Address(); ok {
		return a.Network().String() + " " + r.String()
	}
	return r.String()
}

func priceKey(net model.Network, currency string) func(time.Time) string {
	of := net.String() + " " + strconv.QuoteToASCII(currency) + " "
	return func(t time.Time) string { return of + t.UTC().Format(time.RFC3339Nano) }
}

// filterKey holds the fields of a [model.Filter], without those that are not
// set.
type filterKey struct {
	MinInputs   int              `json:"min_inputs,omitempty"`
	MinOutputs  int              `json:"min_outputs,omitempty"`
	MinEqual    int              `json:"min_equal,omitempty"`
	Coinbase    bool             `json:"coinbase,omitempty"`
	NotCoinbase bool             `json:"not_coinbase,omitempty"`
	NullData    bool             `json:"null_data,omitempty"`
	Pays        []model.Category `json:"pays,omitempty"`
	Spends      []model.Category `json:"spends,omitempty"`
	From        int32            `json:"from,omitempty"`
	To          int32            `json:"to,omitempty"`
}

func selectKey(fs []model.Filter, r Range) string {
	keys := make([]filterKey, len(fs))
	for i := range fs {
		keys[i] = filterKey(fs[i])
	}
	b, err := json.Marshal(keys)
	if err != nil {
		panic(fmt.Sprintf("sources: filters cannot be written: %v", err)) // numbers, flags and texts always can
	}
	return string(b) + " " + r.key()
}

func findKey(c model.Category) string { return strconv.QuoteToASCII(string(c)) }
