package heuristics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Scope is what a session is about: the heights that indexes read, and what the
// operator of the run states.
type Scope struct {
	// From and To bound the heights, both included; To 0 means up to the tip.
	From int32 `json:"from"`
	To   int32 `json:"to"`
	// Seeds are entities of special interest. Heuristics about clusters report
	// on those of seeds.
	Seeds []model.Ref `json:"seeds,omitempty"`
	// Actors are labels that state who is under investigation. Stating an
	// actor does not narrow what is looked at.
	Actors []model.Label `json:"actors,omitempty"`
	// Explored, where not nil, is the scope in place of the blocks of the
	// sources: what [Explore] gathered around seeds.
	Explored *Explored `json:"-"`
}

func (s Scope) heights() sources.Range { return sources.Range{From: s.From, To: s.To} }

// Session is an engine at work on one scope, with the tip of the chain pinned.
// It remembers results, so many runs and questions may share it. It is safe for
// concurrent use.
type Session struct {
	e       *Engine
	scope   Scope
	tip     model.BlockRef
	overlay *overlay     // what the scope states; once the session is open, what indexes derive too
	counts  []model.Fact // labels by category
	marked  marked
	data    model.Digest // of what the run was given
	indexes []any
	memo    memo
	kept    kept
	tallies []tally

	tags  []model.Tag
	mu    sync.Mutex
	seen  looked
	ended *totals // of the last run that came to its end
}

// looked counts what went by as subjects.
type looked struct {
	txs, inputs, unresolved, unowned, failures int64
	blocks                                     map[model.BlockHash]struct{}
	last                                       model.BlockHash // the usual case, without a look into the map
}

// Open pins the tip, scans the scope for the indexes that the heuristics build,
// and returns the session. Where an index fails, so does Open: what builds on
// it would be silent for the wrong reason.
func (e *Engine) Open(ctx context.Context, scope Scope) (*Session, error) {
	s := &Session{
		e: e, indexes: make([]any, len(e.hs)), tallies: make([]tally, len(e.hs)),
		memo: memo{max: e.opt.Memory, by: map[memoKey]*memoEntry{}},
		kept: kept{max: e.opt.Memory / 2},
		seen: looked{blocks: map[model.BlockHash]struct{}{}},
	}
	s.scope = Scope{From: scope.From, To: scope.To, Seeds: slices.Clone(scope.Seeds), Actors: slices.Clone(scope.Actors), Explored: scope.Explored}
	slices.SortFunc(s.scope.Seeds, model.Ref.Compare)
	if scope.To != 0 && scope.From > scope.To {
		return nil, fmt.Errorf("heuristics: scope from height %d to %d holds nothing", scope.From, scope.To)
	}
	for i := range s.scope.Actors {
		a := &s.scope.Actors[i]
		if a.On.IsZero() {
			return nil, fmt.Errorf("heuristics: actor %q of the scope names no address", a.Entity)
		}
		cleanLabel(a)
		a.Category = cmp.Or(a.Category, model.Actor)
		a.Source = cmp.Or(a.Source, "stated")
		a.Method = cmp.Or(a.Method, model.MethodStated)
	}
	slices.SortFunc(s.scope.Actors, func(a, b model.Label) int { return a.Compare(&b) })
	s.overlay = new(overlay).with(s.scope.Actors)
	if e.src.Blocks != nil {
		tip, err := e.src.Blocks.Tip(ctx)
		if err != nil && !errors.Is(err, sources.ErrNotFound) {
			return nil, fmt.Errorf("tip of the chain: %w", err)
		}
		s.tip = tip
	}
	if err := s.given(ctx); err != nil {
		return nil, err
	}
	for i, h := range e.hs {
		s.tallies[i].c.Heuristic, s.tallies[i].c.Version = h.Name, h.Version
	}
	if err := newIndexes(s).build(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// free returns look-ups without a budget.
func (s *Session) free(i int) *Lookups { return &Lookups{s: s, h: i, left: 1 << 62, over: s.overlay} }

// Scope returns the scope, sorted and with defaults filled in.
func (s *Session) Scope() Scope { return s.scope }

// Tip returns the last block of the chain as pinned.
func (s *Session) Tip() model.BlockRef { return s.tip }

// Engine returns the engine that opened the session.
func (s *Session) Engine() *Engine { return s.e }

// Sweep yields every transaction of the scope in ledger order, as subjects.
func (s *Session) Sweep(ctx context.Context) iter.Seq2[Subject, error] {
	if s.scope.Explored != nil {
		return s.scope.Explored.subjects()
	}
	if s.e.src.Blocks == nil {
		return func(yield func(Subject, error) bool) {
			yield(Subject{}, &sources.Error{Source: "sources", Op: "Blocks", Key: "no provider has this capability", Err: sources.ErrUnavailable})
		}
	}
	return inBlocks(s.blocks(ctx))
}

// blocks yields the blocks of the scope.
func (s *Session) blocks(ctx context.Context) iter.Seq2[*model.Block, error] {
	return s.kept.read(ctx, s.e.src.Blocks, s.scope.heights())
}

// labels joins the labels of the sources with those of an overlay.
func (s *Session) labels(ctx context.Context, over *overlay, on []model.Ref) ([][]model.Label, error) {
	out := make([][]model.Label, len(on))
	if s.e.src.Labels != nil && len(on) > 0 {
		ls, err := s.e.src.Labels.Labels(ctx, on)
		if err != nil {
			return nil, err
		}
		if len(ls) != len(on) {
			return nil, &sources.Error{Source: "sources", Op: "Labels", Key: fmt.Sprintf("%d answers to %d questions", len(ls), len(on)), Err: sources.ErrMalformed}
		}
		for i := range ls {
			out[i] = cleanLabels(ls[i])
		}
	}
	if len(over.all) == 0 {
		return out, nil
	}
	for i, r := range on {
		if more := over.by[r]; len(more) > 0 {
			out[i] = slices.Concat(out[i], more)
			slices.SortStableFunc(out[i], func(a, b model.Label) int { return a.Compare(&b) })
		}
	}
	return out, nil
}

// find yields labels by category, those of an overlay included.
func (s *Session) find(ctx context.Context, over *overlay, c model.Category) iter.Seq2[model.Label, error] {
	return func(yield func(model.Label, error) bool) {
		stated := over.all
		next := 0
		if s.e.src.Labels != nil {
			for l, err := range s.e.src.Labels.Find(ctx, c) {
				if err != nil {
					yield(model.Label{}, err)
					return
				}
				for ; next < len(stated) && stated[next].Compare(&l) < 0; next++ {
					if (c == "" || stated[next].Category == c) && !yield(stated[next], nil) {
						return
					}
				}
				cleanLabel(&l)
				if !yield(l, nil) {
					return
				}
			}
		}
		for ; next < len(stated); next++ {
			if (c == "" || stated[next].Category == c) && !yield(stated[next], nil) {
				return
			}
		}
	}
}

// countLabels counts the labels of each category, with zeros for those that
// heuristics give meaning to or filter by, and shows each to see.
func (s *Session) countLabels(ctx context.Context, see func(*model.Label)) error {
	n := map[model.Category]int{
		model.HashMarketplace: 0, model.CloudMining: 0, model.MiningPool: 0, model.Exchange: 0, model.Actor: 0,
	}
	s.marked = newMarked(s.e.hs)
	for c := range s.marked.wanted {
		n[c] = 0
	}
	for l, err := range s.find(ctx, s.overlay, "") {
		if err != nil {
			return fmt.Errorf("labels: %w", err)
		}
		n[l.Category]++
		s.marked.add(&l)
		see(&l)
	}
	for c, k := range n {
		s.counts = append(s.counts, model.Fact{Name: string(c), Value: strconv.Itoa(k)})
	}
	slices.SortFunc(s.counts, func(a, b model.Fact) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// Coverage tells what the session looked at so far and what it could not see.
func (s *Session) Coverage() Coverage {
	s.mu.Lock()
	n, blocks := s.seen, int64(len(s.seen.blocks))
	s.mu.Unlock()
	c := Coverage{
		Has: s.e.has.String(), Lacks: (allCapabilities &^ s.e.has).String(),
		From: s.scope.From, To: s.scope.To, Tip: s.tip,
		Blocks: blocks, Txs: n.txs, Inputs: n.inputs, UnresolvedInputs: n.unresolved, UnownedInputs: n.unowned,
		Labels: s.counts, Failures: n.failures, Incomplete: n.failures > 0,
	}
	if x := s.scope.Explored; x != nil {
		c.Explored = &ExploreCoverage{len(x.Txs), x.Lookups, x.Cut}
		c.Failures += x.Failed
		c.Incomplete = c.Failures > 0
	}
	for i := range s.tallies {
		c.Heuristics = append(c.Heuristics, s.tallies[i].coverage())
	}
	return c
}

// Eval evaluates a heuristic on one subject outside a run, as a screening desk
// does: it returns the typed result and the findings. The heuristic must be one
// that the engine lists or requires. Where it does not apply, the error is
// ErrSkip.
func Eval[R any](ctx context.Context, s *Session, h *Heuristic, on model.Ref) (R, []model.Finding, error) {
	var none R
	i, ok := s.e.byName[h.Name]
	if !ok {
		return none, nil, fmt.Errorf("heuristic %q is not in the engine", h.Name)
	}
	if s.e.hs[i].Run == nil {
		return none, nil, fmt.Errorf("heuristic %q has no Run", h.Name)
	}
	ev := s.evaluate(ctx, i, on, s.e.hs[i].MaxHops, nil)
	if ev.err != nil {
		return none, cloned(ev.findings), s.failure(i, on, ev)
	}
	r, ok := ev.result.(R)
	if !ok && ev.result != nil {
		return none, cloned(ev.findings), fmt.Errorf("heuristic %q gives %T, not %T", h.Name, ev.result, none)
	}
	return r, cloned(ev.findings), nil
}

// cloned copies findings, because remembered ones are shared.
func cloned(fs []model.Finding) []model.Finding {
	var out []model.Finding
	for i := range fs {
		out = append(out, fs[i].Clone())
	}
	return out
}

// failure wraps the error of an evaluation, but for ErrSkip.
func (s *Session) failure(i int, on model.Ref, ev *evaluation) error {
	if errors.Is(ev.err, ErrSkip) {
		return ErrSkip
	}
	return &PassError{Heuristic: s.e.hs[i].Name, Subject: on, Err: ev.err, Stack: ev.stack}
}
