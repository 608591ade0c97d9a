package heuristictest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// reporter is what a check needs of a test.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// checker checks one heuristic against one ledger.
type checker struct {
	reporter
	h *heuristics.Heuristic
	f *ledger.File

	names []string // addresses and txids of the ledger; see shortened
}

// setting is one way to run; none of them may change the findings.
type setting struct {
	name    string
	blame   string // what a difference means
	options heuristics.Options
	order   uint64 // seed of the order of subjects; 0 leaves them in ledger order
	wrap    sources.Middleware
	plain   bool // without the filters of Select
	breaks  bool // stop at the first element
	faults  bool // some look-ups fail
	poor    bool // the budget is half of what an evaluation takes
}

// outcome is what one run gave.
type outcome struct {
	session  *heuristics.Session
	findings []model.Finding
	failures []*heuristics.PassError
	results  map[model.Ref]result
	err      error // what kept the run from its end
}

type result struct {
	value any
	err   error
}

func check(r reporter, h *heuristics.Heuristic, f *ledger.File) {
	r.Helper()
	c := &checker{reporter: r, h: h, f: f}
	base, left := c.watched(setting{options: heuristics.Options{Workers: 1}})
	if base.err != nil {
		c.Errorf("%s: %v", f.Name, base.err)
		return
	}
	for _, e := range base.failures {
		c.failure(e)
	}
	c.wants(&base)
	for i := range base.findings {
		c.form(&base.findings[i])
	}
	if left != "" {
		c.Errorf("%s: a run leaves goroutines behind:\n%s", f.Name, left)
		return
	}
	if len(base.failures) > 0 {
		return // what follows would say the same again
	}
	for _, s := range slices.Concat(c.settings(), c.faults(), c.poor()) {
		o, left := c.watched(s)
		if left != "" {
			c.Errorf("%s: %s, goroutines are left behind:\n%s", f.Name, s.name, left)
		}
		switch {
		case s.breaks:
		case s.faults:
			if !c.tells(s, &base, &o) {
				return
			}
		case s.poor:
			c.invents(s, &base, &o)
		case o.err != nil:
			c.Errorf("%s: %s, the run ends: %v", f.Name, s.name, o.err)
		case !c.same(s, &base, &o):
			return // one difference is enough to look for
		}
	}
}

func (c *checker) settings() []setting {
	const hardly = 1 // byte of memory for results
	s := []setting{
		{name: "stopped at its first finding", breaks: true, options: heuristics.Options{Workers: 8}},
		{name: "run once more in the same order", blame: "the same run gives other findings each time", options: heuristics.Options{Workers: 1}},
		{name: "with subjects in another order", blame: "findings depend on the order of subjects", order: 1, options: heuristics.Options{Workers: 1}},
		{name: "with many workers and no memory for results", blame: "findings depend on the order or number of evaluations", order: 2,
			options: heuristics.Options{Workers: 8, Memory: hardly}},
	}
	for _, bytes := range []int64{0, 4096} {
		s = append(s, setting{name: "through a cache", blame: "findings depend on what was looked up before", order: 3,
			options: heuristics.Options{Workers: 8}, wrap: sources.Cache(sources.CacheOptions{Bytes: bytes})})
	}
	if c.h.Select != nil {
		s = append(s, setting{name: "without the filters of Select", blame: "Select stops transactions that Run reports on", plain: true,
			options: heuristics.Options{Workers: 1}})
	}
	return s
}

// watched runs in a goroutine of its own and tells which goroutines, started by
// it, were still there at the end.
func (c *checker) watched(s setting) (o outcome, left string) {
	left = watch(func() { o = c.run(s) })
	return o, left
}

func (c *checker) run(s setting) (o outcome) {
	ctx := context.Background()
	h := c.h
	if s.plain {
		all := *h
		all.Select = nil
		h = &all
	}
	src := c.f.Ledger.Set()
	if s.wrap != nil {
		src = src.Wrap(s.wrap)
	}
	s.options.Network = c.f.Ledger.Network()
	eng, err := heuristics.New(src, []*heuristics.Heuristic{h}, s.options)
	if err != nil {
		return outcome{err: err}
	}
	if o.session, err = eng.Open(ctx, heuristics.Scope{}); err != nil {
		return outcome{err: fmt.Errorf("Open: %w", err)}
	}
	var asked []model.Ref
	for _, w := range c.f.Wants {
		if !w.On.IsZero() {
			asked = append(asked, w.On)
		}
	}
	subs, err := subjects(ctx, o.session, asked...)
	if err != nil {
		return outcome{err: err}
	}
	if s.order != 0 {
		r := rand.New(rand.NewPCG(s.order, uint64(len(subs))))
		r.Shuffle(len(subs), func(i, j int) { subs[i], subs[j] = subs[j], subs[i] })
	}
	for f, err := range o.session.Run(ctx, list(subs)) {
		var pass *heuristics.PassError
		switch {
		case err == nil:
			o.findings = append(o.findings, f)
		case errors.As(err, &pass):
			o.failures = append(o.failures, pass)
		default:
			o.err = err
		}
		if s.breaks {
			return o
		}
	}
	o.results = map[model.Ref]result{}
	if h.Run == nil {
		return o
	}
	for _, sub := range subs {
		if !slices.Contains(h.Subjects, sub.Ref.Kind()) {
			continue
		}
		v, _, err := heuristics.Eval[any](ctx, o.session, h, sub.Ref)
		o.results[sub.Ref] = result{v, err}
	}
	return o
}

// same reports whether a run gave what the first one did: findings byte for
// byte, no failures, and results that agree in every field.
func (c *checker) same(s setting, want, got *outcome) bool {
	c.Helper()
	for _, e := range got.failures {
		c.Errorf("%s: %s: %v\n%s", c.position(e.Subject), s.name, e, e.Stack)
		return false
	}
	a, b := encoded(want.findings), encoded(got.findings)
	for _, id := range ids(a, b) {
		if a[id].text == b[id].text {
			continue
		}
		on := a[id].subject
		if a[id].text == "" {
			on = b[id].subject
		}
		c.Errorf("%s: %s, the finding on %s differs: %s (-first run +this run)\n%s",
			c.position(on), s.name, c.describe(on), s.blame, cmp.Diff(tree(a[id].text), tree(b[id].text)))
		return false
	}
	refs := slices.SortedFunc(maps.Keys(want.results), model.Ref.Compare)
	for _, r := range refs {
		a, b := want.results[r], got.results[r]
		if fmt.Sprint(a.err) != fmt.Sprint(b.err) || !reflect.DeepEqual(a.value, b.value) {
			c.Errorf("%s: %s, the result for %s differs: %s\nfirst run: %+v %v\n this run: %+v %v",
				c.position(r), s.name, c.describe(r), s.blame, a.value, errText(a.err), b.value, errText(b.err))
			return false
		}
	}
	return true
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return "(" + err.Error() + ")"
}

type form struct {
	subject model.Ref
	text    string
}

func encoded(fs []model.Finding) map[string]form {
	m := make(map[string]form, len(fs))
	for i := range fs {
		b, err := json.Marshal(&fs[i])
		if err != nil {
			b = []byte(err.Error())
		}
		m[fs[i].ID.String()] = form{fs[i].Subject, string(b)}
	}
	return m
}

// ids lists the keys of both maps in a fixed order.
func ids(a, b map[string]form) []string {
	all := slices.Collect(maps.Keys(a))
	for id := range b {
		if _, ok := a[id]; !ok {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

func tree(text string) (v any) {
	if text != "" && json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}

// failure reports a pass that failed.
func (c *checker) failure(e *heuristics.PassError) {
	c.Helper()
	if e.Subject.IsZero() {
		c.Errorf("%s: %v\n%s", c.f.Name, e, e.Stack)
		return
	}
	c.Errorf("%s: %s fails on %s: %v\n%s", c.position(e.Subject), e.Heuristic, c.describe(e.Subject), e.Err, e.Stack)
}

// form checks a finding by itself.
func (c *checker) form(f *model.Finding) {
	c.Helper()
	at := c.position(f.Subject)
	bad := func(format string, args ...any) {
		c.Helper()
		c.Errorf("%s: the finding %s on %s %s", at, f.Kind, c.describe(f.Subject), fmt.Sprintf(format, args...))
	}
	if err := f.Validate(); err != nil {
		bad("is not valid: %v", err)
	}
	if !slices.ContainsFunc(c.h.Kinds, func(k heuristics.Kind) bool { return k.Name == f.Kind }) {
		bad("is of a kind that Kinds does not list")
	}
	c.roundTrip(f, bad)
	if a, ok := f.Subject.Address(); ok && !strings.Contains(f.Claim, a.String()) {
		bad("does not name its address %s in the claim: %q", a, f.Claim)
	}
	if i := strings.IndexAny(f.Claim, "…"); i >= 0 || strings.Contains(f.Claim, "...") {
		bad("leaves something out of its claim: %q", f.Claim)
	}
	for _, w := range idForm.FindAllString(f.Claim, -1) {
		if full, cut := c.shortened(w); cut {
			bad("shortens %s to %s in its claim: %q", full, w, f.Claim)
		}
	}
}

// idForm is what an address or txid, or a part of one, looks like.
var idForm = regexp.MustCompile(`(?:script:)?[0-9A-Za-z]{7,}`)

// shortened reports whether a word is the beginning or end of an address or
// txid of the ledger, and of which.
func (c *checker) shortened(word string) (full string, ok bool) {
	if c.names == nil {
		c.names = names(c.f.Ledger)
	}
	for _, n := range c.names {
		if len(word) < len(n) && (strings.HasPrefix(n, word) || strings.HasSuffix(n, word)) {
			return n, true
		}
	}
	return "", false
}

// names lists the addresses and txids of a ledger.
func names(l *ledger.Ledger) []string {
	seen := map[string]bool{}
	for b, err := range l.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			break
		}
		for _, tx := range b.Txs {
			seen[tx.ID.String()] = true
			for i := range tx.Outputs {
				seen[tx.Outputs[i].Owner.String()] = true
			}
			for i := range tx.Inputs {
				if in := &tx.Inputs[i]; !in.Prev.Null() {
					seen[in.Owner.String()], seen[in.Prev.Tx.String()] = true, true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// written is what of a place on the chain has a JSON form: all but the target.
func written(r model.BlockRef) blockRef {
	r.Bits, r.Known = 0, r.Known&^model.KnownBits
	return blockRef(r)
}

type blockRef model.BlockRef

// roundTrip checks that a finding is the same after its JSON form.
func (c *checker) roundTrip(f *model.Finding, bad func(string, ...any)) {
	c.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		bad("has no JSON form: %v", err)
		return
	}
	var g model.Finding
	if err := json.Unmarshal(b, &g); err != nil {
		bad("cannot be read back from JSON: %v", err)
		return
	}
	if err := g.Validate(); err != nil {
		bad("is not valid once read back from JSON: %v", err)
	}
	again, err := json.Marshal(&g)
	if err != nil || !bytes.Equal(b, again) {
		bad("has another JSON form once read back (%v):\n%s\n%s", err, b, again)
		return
	}
	if diff := cmp.Diff(f, &g, cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b model.Address) bool { return a == b }),
		cmp.Comparer(func(a, b model.Ref) bool { return a == b }),
		cmp.Transformer("read", written)); diff != "" {
		bad("differs once read back from JSON (-reported +read):\n%s", diff)
	}
}

// position tells where in the text a subject stands: the line of its
// transaction, or of the first one that pays or spends an address.
func (c *checker) position(on model.Ref) string {
	id, ok := on.Tx()
	if a, isAddress := on.Address(); isAddress {
		for tx, err := range c.f.Ledger.History(context.Background(), a, sources.Range{}) {
			if err != nil {
				break
			}
			if _, named := c.f.Line(tx.ID); named {
				id, ok = tx.ID, true
				break
			}
		}
	}
	if ok {
		if line, ok := c.f.Line(id); ok {
			return fmt.Sprintf("%s:%d", c.f.Name, line)
		}
	}
	return c.f.Name
}

// describe names a subject as the text does.
func (c *checker) describe(on model.Ref) string {
	if a, ok := on.Address(); ok {
		if name, ok := c.f.Owner(a); ok {
			return "address " + name
		}
	}
	id, ok := on.Tx()
	if !ok {
		return on.String()
	}
	name, ok := c.f.TxName(id)
	if !ok {
		return on.String()
	}
	if o, ok := on.Outpoint(); ok {
		return fmt.Sprintf("output %s.%d", name, o.Vout)
	}
	if i, ok := on.Inpoint(); ok {
		return fmt.Sprintf("input %d of %s", i.Vin, name)
	}
	return "transaction " + name
}
