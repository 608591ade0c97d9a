package heuristics

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Pass is one evaluation of a heuristic on one subject. It is not safe for
// concurrent use, and it ends with Run.
type Pass struct {
	*Lookups
	// Subject is what the pass is about.
	Subject model.Ref
	// Hops is how many more times the heuristic may ask itself about a
	// parent.
	Hops int

	tx       *model.Tx
	read     bool // the transaction was asked for
	findings []model.Finding
	visits   []model.Ref
	partial  bool
}

// Tx returns the subject's transaction: the subject itself, or the one that
// holds the output or input that the subject names. A transaction that the
// sources do not know is an error of kind [sources.ErrNotFound].
func (p *Pass) Tx(ctx context.Context) (*model.Tx, error) {
	p.read = true
	if p.tx != nil {
		return p.tx, nil
	}
	// The subject itself is free, so that results do not depend on whether
	// the generator had it at hand.
	tx, err := p.s.fetch(ctx, p.Subject)
	if err != nil {
		return nil, err
	}
	p.tx = tx
	return tx, nil
}

// fetch looks up the transaction of a subject.
func (s *Session) fetch(ctx context.Context, on model.Ref) (*model.Tx, error) {
	id, ok := on.Tx()
	if !ok {
		return nil, fmt.Errorf("subject %v has no transaction", on)
	}
	if s.e.src.Txs == nil {
		return nil, lacks("Txs")
	}
	txs, err := s.e.src.Txs.Txs(ctx, []model.TxID{id})
	if err != nil {
		return nil, err
	}
	if err := aligned("Txs", 1, len(txs)); err != nil {
		return nil, err
	}
	if txs[0] == nil {
		return nil, &sources.Error{Source: "sources", Op: "Txs", Key: id.String(), Err: sources.ErrNotFound}
	}
	return txs[0], nil
}

// Report adds a finding. The engine sets its heuristic, version, network,
// parameters, rules, data, replay and tip, puts measured rates of error in the
// place of those that are not, marks it partial where the pass is, and seals it;
// the caller sets the rest.
//
// A finding that uses a label derived from its own evidence, as
// [model.Finding.Circular] tells, is withheld with a note in the coverage: a
// heuristic that has other labels leaves such a one out itself, by
// [model.Label.DerivesFrom].
func (p *Pass) Report(f model.Finding) { p.findings = append(p.findings, f) }

// Visit asks for a subject to be run after those of the run, by every listed
// heuristic that accepts it. Each is run once; the order does not depend on
// who asked first.
func (p *Pass) Visit(r model.Ref) { p.visits = append(p.visits, r) }

// Partial says that the search for evidence was not finished, and why. The
// findings of the pass are marked.
func (p *Pass) Partial(why string) {
	p.partial = true
	p.Note("partial: "+why, 1)
}

// Ask evaluates a required heuristic on a subject, once per session, and
// returns its result. Hops is how often that heuristic may in turn ask itself;
// more than its MaxHops means MaxHops. A heuristic may ask itself only with
// fewer hops than it has. What the evaluation cost is charged to the asker,
// whether it was remembered or not. Where the heuristic skipped the subject, the
// error is ErrSkip.
func Ask[R any](ctx context.Context, p *Pass, h *Heuristic, on model.Ref, hops int) (R, error) {
	var none R
	i := p.require(h, "result")
	h = p.s.e.hs[i]
	hops = min(hops, h.MaxHops)
	switch {
	case h.Run == nil:
		panic(fmt.Sprintf("heuristics: %s asks %s, which has no Run", p.s.e.hs[p.h].Name, h.Name))
	case hops < 0:
		panic(fmt.Sprintf("heuristics: %s asks %s with %d hops; stop before", p.s.e.hs[p.h].Name, h.Name, hops))
	case i == p.h && hops >= p.Hops:
		panic(fmt.Sprintf("heuristics: %s asks itself with %d hops and has %d; ask a parent, with fewer", h.Name, hops, p.Hops))
	}
	var tx *model.Tx
	if on == p.Subject {
		tx = p.tx
	}
	ev := p.s.evaluate(ctx, i, on, hops, tx)
	if err := p.charge("Ask "+h.Name, int(ev.cost)); err != nil {
		return none, err
	}
	switch {
	case ev.err == nil:
	case errors.Is(ev.err, ErrSkip):
		return none, ErrSkip
	default:
		return none, fmt.Errorf("%s on %v: %w", h.Name, on, ev.err)
	}
	if ev.partial {
		p.partial = true
	}
	return typed[R](ev.result, p.Lookups, h, "result"), nil
}

// evaluation is a remembered pass. It is immutable once done.
type evaluation struct {
	result   any
	err      error
	stack    []byte
	findings []model.Finding
	visits   []model.Ref
	notes    map[string]int64
	cost     int64
	bytes    int64 // what it holds, roughly
	partial  bool
	budget   bool // its own budget ended it, not the sources' limit
	cut      bool // its context ended it, so that it says nothing
}

// skipped is the evaluation of a subject about which a heuristic has nothing to
// say, and which took nothing to find that out.
var skipped = &evaluation{err: ErrSkip, bytes: 160}

// size estimates what an evaluation holds, for the memo.
func (ev *evaluation) size() int64 {
	n := int64(256 + 40*len(ev.visits) + 64*len(ev.notes))
	for i := range ev.findings {
		f := &ev.findings[i]
		n += 2048 + 256*int64(len(f.Parts)+len(f.Evidence)+len(f.Labels))
	}
	if s, ok := ev.result.(Sized); ok {
		n += int64(s.Size())
	}
	return n
}

// Sized is implemented by results that hold more than a few hundred bytes, so
// that the memory for remembered results is bounded. Size is in bytes.
type Sized interface{ Size() int }

// run evaluates, catching panics.
func (s *Session) run(ctx context.Context, i int, on model.Ref, hops int, tx *model.Tx) (ev *evaluation, handed bool) {
	h := s.e.hs[i]
	both := &struct {
		p Pass
		l Lookups
	}{Pass{Subject: on, Hops: hops, tx: tx}, Lookups{s: s, h: i, left: s.e.opt.Lookups, over: s.overlay}}
	p := &both.p
	p.Lookups = &both.l
	defer func() {
		handed = p.read && tx != nil
		if r := recover(); r != nil {
			ev = &evaluation{err: fmt.Errorf("panic: %v", r), stack: debug.Stack(), cost: p.spent, bytes: 4096}
		}
		if ctx.Err() != nil {
			if ev == skipped {
				ev = &evaluation{err: ErrSkip, bytes: skipped.bytes}
			}
			ev.cut = true
		}
		if f := s.e.opt.Observer.Pass; f != nil {
			f(PassInfo{h.Name, on, ev.cost, len(ev.findings), errors.Is(ev.err, ErrSkip), ev.partial, ev.err})
		}
	}()
	result, err := h.Run(ctx, p)
	if p.spent == 0 && p.notes == nil && p.visits == nil && !p.partial && errors.Is(err, ErrSkip) {
		return skipped, false
	}
	ev = &evaluation{}
	ev.cost, ev.notes, ev.visits, ev.partial = p.spent, p.notes, p.visits, p.partial
	switch {
	case err == nil:
		ev.result = result
	case errors.Is(err, ErrSkip):
		ev.err = ErrSkip
		ev.bytes = ev.size()
		return ev, false
	case errors.Is(err, ErrEvaluationBudget):
		// The findings so far stand, marked; there is no result.
		ev.err, ev.partial, ev.budget = err, true, true
	default:
		ev.err = err
		ev.bytes = ev.size()
		return ev, false
	}
	for _, f := range p.findings {
		if err := s.stamp(i, &f, ev.partial); p.circular(err) {
			ev.notes = p.notes
			continue
		} else if err != nil {
			ev.err, ev.result, ev.findings = err, nil, nil
			ev.budget = false
			break
		}
		ev.findings = append(ev.findings, f)
	}
	ev.bytes = ev.size()
	return ev, false
}

// stamp completes and seals a finding.
func (s *Session) stamp(i int, f *model.Finding, partial bool) error {
	h := s.e.hs[i]
	if !h.allows(f.Kind) {
		return fmt.Errorf("reports kind %q, which is not among its Kinds", f.Kind)
	}
	f.Heuristic, f.Version, f.Network = h.Name, h.Version, s.e.opt.Network
	f.Parameters, f.Rules, f.AsOf = h.Params, s.e.rules[i], s.tip
	f.Data, f.Replay, f.ErrorRates = s.data, s.e.opt.Replay, s.e.measured(i, f)
	f.Partial = f.Partial || partial
	if err := f.Seal(); err != nil {
		return err
	}
	if err := f.Check(); err != nil {
		return fmt.Errorf("finding of kind %q: %w", f.Kind, err)
	}
	if len(f.Circular()) > 0 {
		return errCircular
	}
	return nil
}
